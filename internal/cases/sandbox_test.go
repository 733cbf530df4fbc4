package cases

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"

	"gcdiag/internal/diagnosis"
	"gcdiag/internal/finding"
	"gcdiag/internal/money"
	"gcdiag/internal/report"
	"gcdiag/internal/sandbox"
	"gcdiag/internal/step"
	"gcdiag/internal/trace"
)

var (
	seeds = flag.Int("seeds", 6, "seeds per sandbox scenario")
	pairs = flag.Int("pairs", 60, "random pairs of simultaneous faults")
	size  = flag.Int("size", 400, "movements per sandbox month")
	table = flag.Bool("table", false, "print the table of scenarios")

	exportTo = flag.String("export", "", "write traffic for the bench script into this folder")
	exported = flag.Int("events", 1_000_000, "of about so many events")
)

// against lists where a diagnosis differs from what was done to the month: the
// outcome, the steps, the root events per problem and step, what follows from
// them, the drift per fault and in all, what is in flight or left out.
func against(d *diagnosis.Diagnosis, tr sandbox.Truth) []string {
	var out []string
	bad := func(format string, a ...any) { out = append(out, fmt.Sprintf(format, a...)) }
	o := d.Outcome
	if o.Status != tr.Status || o.Step != tr.Step || !slices.Equal(o.Steps, tr.Steps) || !slices.Equal(o.Undetermined, tr.Undetermined) {
		bad("outcome %s step %d of %v, undetermined %v; want %s %d of %v, %v", o.Status, o.Step, o.Steps, o.Undetermined, tr.Status, tr.Step, tr.Steps, tr.Undetermined)
	}
	type place struct {
		problem string
		step    int
	}
	type content struct {
		roots, down map[string]bool
		drift       money.Totals
	}
	at := map[place]*content{}
	get := func(p place) *content {
		if at[p] == nil {
			at[p] = &content{map[string]bool{}, map[string]bool{}, money.Totals{}}
		}
		return at[p]
	}
	for _, f := range d.Findings {
		if f.Class() != finding.Fault {
			continue
		}
		p := place{string(f.Code), f.Step}
		if len(f.Undetermined) > 0 {
			p.problem = ""
		}
		c := get(p)
		for _, v := range f.Roots {
			c.roots[v.Event.ID()] = true
		}
		for _, r := range f.Postings {
			c.roots[r.ID] = true
		}
		for _, v := range f.Downstream {
			c.down[v.Event.ID()] = true
		}
		c.drift.AddAll(f.Drift)
		for _, e := range f.Candidates {
			c.roots[e.ID()+" (candidate)"] = true
		}
	}
	for _, f := range tr.Faults {
		p := place{f.Problem, f.Step}
		c := get(p)
		for _, id := range slices.Concat(f.Events, f.Postings) {
			if !c.roots[id] {
				bad("%s/%d lacks root %s", p.problem, p.step, id)
			}
			delete(c.roots, id)
		}
		for _, id := range f.Downstream {
			if !c.down[id] {
				bad("%s/%d lacks downstream %s", p.problem, p.step, id)
			}
			delete(c.down, id)
		}
		for cur, a := range f.Drift {
			if tr.Drift != nil && c.drift[cur] != a {
				bad("%s/%d drift %s %s, want %s", p.problem, p.step, cur, c.drift[cur].Text(cur), a.Text(cur))
			}
		}
	}
	for p, c := range at {
		for id := range c.roots {
			bad("%s/%d has root %s too many", p.problem, p.step, id)
		}
		for id := range c.down {
			bad("%s/%d has downstream %s too many", p.problem, p.step, id)
		}
	}
	for _, x := range d.Drift {
		switch {
		case tr.Drift == nil:
			if x.Known {
				bad("drift %s is a figure, want it refused", x.Currency)
			}
		case !x.Known:
			bad("drift %s is refused: %s", x.Currency, x.Why)
		case x.Total() != tr.Drift[x.Currency] || x.Platform != tr.Platform[x.Currency] || x.ERP != tr.ERP[x.Currency]:
			bad("drift %s %s = %s − %s, want %s = %s − %s", x.Currency, x.Total().Text(x.Currency), x.ERP.Text(x.Currency), x.Platform.Text(x.Currency),
				tr.Drift[x.Currency].Text(x.Currency), tr.ERP[x.Currency].Text(x.Currency), tr.Platform[x.Currency].Text(x.Currency))
		case x.Unexplained != 0:
			bad("unexplained %s %s", x.Currency, x.Unexplained.Text(x.Currency))
		}
	}
	var flying, flown []string
	for _, v := range d.Verdicts {
		if v.Status == step.InFlight && v.Event.Scope == trace.Countable {
			flying = append(flying, v.Event.ID())
		}
	}
	for _, y := range tr.Oddities {
		if y.Code == string(finding.InFlight) {
			flown = y.Events
		}
	}
	if !sameSet(flying, flown) {
		bad("in flight %v, want %v", flying, flown)
	}
	for _, x := range d.Excluded {
		if tr.Excluded[x.Reason.String()] != x.Count {
			bad("excluded %s %d, want %d", x.Reason, x.Count, tr.Excluded[x.Reason.String()])
		}
	}
	if len(out) > 8 {
		out = append(out[:8], fmt.Sprintf("and %d more", len(out)-8))
	}
	return out
}

// TestSandbox reads every scenario's files, as a user's, and demands exactly the
// truth of what was done to them.
func TestSandbox(t *testing.T) {
	var rows strings.Builder
	w := tabwriter.NewWriter(&rows, 0, 0, 2, ' ', 0)
	for _, s := range sandbox.Scenarios() {
		right := 0
		t.Run(s.Name, func(t *testing.T) {
			for seed := uint64(1); seed <= uint64(many(*seeds)); seed++ {
				o := sandbox.Options{Yen: seed%3 == 0, Movements: *size}
				dir := t.TempDir()
				tr, err := sandbox.Write(dir, s, seed, o)
				if err != nil {
					t.Fatal(err)
				}
				c := read(t, dir)
				complaints := against(diagnosis.Of(c), tr)
				for _, complaint := range complaints {
					t.Errorf("seed %d: %s", seed, complaint)
				}
				if len(complaints) == 0 {
					right++
				}
			}
		})
		fmt.Fprintf(w, "%s\t%d/%d\n", s.Name, right, *seeds)
	}
	w.Flush()
	if *table {
		fmt.Fprint(os.Stderr, rows.String())
	}
}

// TestSandboxInMemory demands that a month played into memory is judged as the
// month read from its files.
func TestSandboxInMemory(t *testing.T) {
	for _, s := range sandbox.Scenarios() {
		dir := t.TempDir()
		if _, err := sandbox.Write(dir, s, 11, sandbox.Options{}); err != nil {
			t.Fatal(err)
		}
		c, tr := sandbox.Case(s, 11, sandbox.Options{})
		for _, complaint := range against(diagnosis.Of(c), tr) {
			t.Errorf("%s: %s", s.Name, complaint)
		}
	}
}

// TestSandboxPairs plays two faults at once.
func TestSandboxPairs(t *testing.T) {
	all := sandbox.Scenarios()
	var both []sandbox.Scenario
	for i, a := range all {
		for _, b := range all[i+1:] {
			if s, ok := sandbox.Combine(a, b); ok {
				both = append(both, s)
			}
		}
	}
	wrong := 0
	for n := range many(*pairs) {
		s := both[n*7919%len(both)]
		c, tr := sandbox.Case(s, uint64(n+1), sandbox.Options{Movements: *size})
		if complaints := against(diagnosis.Of(c), tr); len(complaints) > 0 {
			wrong++
			t.Errorf("%s seed %d: %s", s.Name, n+1, strings.Join(complaints, "; "))
		}
	}
	t.Logf("%d of %d pairs right", many(*pairs)-wrong, many(*pairs))
}

// many is how often to repeat: under -short (the race detector is ten times
// slower) a sixth of it.
func many(n int) int {
	if testing.Short() {
		return (n + 5) / 6
	}
	return n
}

func encode(t *testing.T, d *diagnosis.Diagnosis) string {
	t.Helper()
	var b bytes.Buffer
	if err := report.Encode(&b, report.New(d, report.Options{AllEvents: true, Redact: true, Key: []byte("test")})); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
