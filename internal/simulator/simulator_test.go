package simulator_test

import (
	"context"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"gcdiag/internal/casefile"
	"gcdiag/internal/connector"
	"gcdiag/internal/diagnosis"
	"gcdiag/internal/finding"
	"gcdiag/internal/gather"
	"gcdiag/internal/money"
	"gcdiag/internal/probe"
	"gcdiag/internal/sandbox"
	"gcdiag/internal/simulator"
	"gcdiag/internal/step"
	"gcdiag/internal/trace"
	"gcdiag/probes"
)

var (
	seeds  = flag.Int("seeds", 2, "seeds per scenario")
	only   = flag.String("scenario", "", "this scenario alone")
	size   = flag.Int("size", 300, "movements per month")
	places = flag.Int("places", 2, "places at which each fault is tried per scenario")
	tell   = flag.Bool("tell", false, "tell what was read")
)

// packs are the shipped ones, at the pace of a machine that asks itself.
var packs = func() map[string]*probe.Pack {
	all, err := probe.LoadFS(probes.FS, func(name string) bool { return slices.Contains(simulator.Packs, name) })
	if err != nil {
		panic(err)
	}
	out := map[string]*probe.Pack{}
	for _, k := range all {
		k.Limits.PerSecond = 0
		out[k.Name] = k
	}
	return out
}()

// live reads what is simulated, through the shipped packs.
func live(t *testing.T, s *simulator.Systems) *casefile.Case {
	t.Helper()
	o := connector.Options{AllowLiteralSecrets: true}
	for _, k := range packs {
		o.Probes = append(o.Probes, k.Probe())
	}
	cfg, err := connector.Parse("connectors.yaml", []byte(s.Config()), o)
	if err != nil {
		t.Fatalf("%v\n%s", err, s.Config())
	}
	c, err := gather.Run(context.Background(), cfg, gather.Options{Live: gather.Live{Packs: packs, Permit: o}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// files reads the exports of a folder.
func files(t *testing.T, dir string) *casefile.Case {
	t.Helper()
	cfg, err := connector.Load(filepath.Join(dir, "connectors.yaml"), connector.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := gather.Run(context.Background(), cfg, gather.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// said is what a diagnosis says of a month: the outcome, and per fault what it
// is about.
type said struct {
	outcome string
	faults  map[string]fault
	drift   map[string]string
	flying  string
}

type fault struct{ roots, downstream, drift string }

func ids(list []string) string {
	slices.Sort(list)
	return strings.Join(list, " ")
}

func sums(t money.Totals) string {
	var out []string
	for _, c := range t.Currencies() {
		if t[c] != 0 {
			out = append(out, t[c].Text(c)+" "+c.String())
		}
	}
	return strings.Join(out, ", ")
}

func outcome(status string, steps, undetermined []int) string {
	return fmt.Sprintf("%s at %v, undetermined %v", status, steps, undetermined)
}

func place(code string, step int) string {
	if step == 0 {
		code = ""
	}
	return fmt.Sprintf("%s/%d", code, step)
}

func bySaying(d *diagnosis.Diagnosis) said {
	s := said{outcome: outcome(d.Outcome.Status, d.Outcome.Steps, d.Outcome.Undetermined), faults: map[string]fault{}, drift: map[string]string{}}
	type sum struct {
		roots, down []string
		drift       money.Totals
	}
	at := map[string]*sum{}
	for _, f := range d.Findings {
		if f.Class() != finding.Fault {
			continue
		}
		k := place(string(f.Code), f.Step)
		x := at[k]
		if x == nil {
			x = &sum{drift: money.Totals{}}
			at[k] = x
		}
		for _, v := range f.Roots {
			x.roots = append(x.roots, v.Event.ID())
		}
		for _, p := range f.Postings {
			x.roots = append(x.roots, p.ID)
		}
		for _, e := range f.Candidates {
			x.roots = append(x.roots, e.ID()+"?")
		}
		for _, o := range f.Orders {
			x.roots = append(x.roots, o.ID)
		}
		for _, v := range f.Downstream {
			x.down = append(x.down, v.Event.ID())
		}
		x.drift.AddAll(f.Drift)
	}
	for k, x := range at {
		s.faults[k] = fault{ids(x.roots), ids(x.down), sums(x.drift)}
	}
	for _, x := range d.Drift {
		s.drift[x.Currency.String()] = "refused"
		if x.Known {
			s.drift[x.Currency.String()] = x.Total().Text(x.Currency)
			if x.Unexplained != 0 {
				s.drift[x.Currency.String()] += ", unexplained " + x.Unexplained.Text(x.Currency)
			}
		}
	}
	var flying []string
	for _, v := range d.Verdicts {
		if v.Status == step.InFlight && v.Event.Scope == trace.Countable {
			flying = append(flying, v.Event.ID())
		}
	}
	s.flying = ids(flying)
	return s
}

func byTruth(tr sandbox.Truth, currencies []string) said {
	s := said{outcome: outcome(tr.Status, tr.Steps, tr.Undetermined), faults: map[string]fault{}, drift: map[string]string{}}
	for _, f := range tr.Faults {
		s.faults[place(f.Problem, f.Step)] = fault{ids(slices.Concat(f.Events, f.Postings)), ids(f.Downstream), sums(f.Drift)}
	}
	for _, c := range currencies {
		cur := money.MustCurrency(c)
		s.drift[c] = tr.Drift[cur].Text(cur)
		if tr.Drift == nil {
			s.drift[c] = "refused"
		}
	}
	for _, y := range tr.Oddities {
		if y.Code == string(finding.InFlight) {
			s.flying = ids(slices.Clone(y.Events))
		}
	}
	return s
}

// differ lists where one saying is another than it should be.
func differ(got, want said) []string {
	var out []string
	bad := func(what, g, w string) {
		if g != w {
			out = append(out, fmt.Sprintf("%s: %s; want %s", what, g, w))
		}
	}
	bad("outcome", got.outcome, want.outcome)
	all := maps.Clone(got.faults)
	maps.Copy(all, want.faults)
	for _, k := range slices.Sorted(maps.Keys(all)) {
		g, w := got.faults[k], want.faults[k]
		bad(k+" roots", g.roots, w.roots)
		bad(k+" downstream", g.downstream, w.downstream)
		bad(k+" drift", g.drift, w.drift)
	}
	for _, k := range slices.Sorted(maps.Keys(want.drift)) {
		bad("drift "+k, got.drift[k], want.drift[k])
	}
	bad("in flight", got.flying, want.flying)
	return out
}

// TestServersAndFiles demands that a month is judged alike from its exports and
// from the simulated systems, and as it was made. Under -short (the race detector
// is several times slower) every fourth scenario has to do.
func TestServersAndFiles(t *testing.T) {
	n := *seeds
	if testing.Short() {
		n = 1
	}
	right, all := 0, 0
	for i, s := range sandbox.Scenarios() {
		if testing.Short() && i%4 != 1 {
			continue
		}
		if simulator.Untold(s.Name) != "" || *only != "" && s.Name != *only {
			continue
		}
		for seed := uint64(1); seed <= uint64(n); seed++ {
			all++
			t.Run(fmt.Sprintf("%s/%d", s.Name, seed), func(t *testing.T) {
				o := sandbox.Options{Movements: *size, Vendors: true, Yen: seed%2 == 0}
				dir := t.TempDir()
				tr, err := sandbox.Write(dir, s, seed, o)
				if err != nil {
					t.Fatal(err)
				}
				fromFiles := bySaying(diagnosis.Of(files(t, dir)))
				want := byTruth(tr, slices.Collect(maps.Keys(fromFiles.drift)))
				for _, x := range differ(fromFiles, want) {
					t.Errorf("files: %s", x)
				}
				made, _ := sandbox.Case(s, seed, o)
				systems, err := simulator.Start(made, simulator.Options{})
				if err != nil {
					t.Fatal(err)
				}
				defer systems.Close()
				c := live(t, systems)
				d := diagnosis.Of(c)
				for _, x := range differ(bySaying(d), want) {
					t.Errorf("servers: %s", x)
				}
				if t.Failed() || *tell {
					told(t, c, d)
				} else {
					right++
				}
			})
		}
	}
	t.Logf("%d of %d agree", right, all)
}

// faulty breaks one answer of a system.
var faulty = []struct {
	name     string
	recovers bool // it is asked again
	breaks   func(w http.ResponseWriter, r *http.Request, next http.Handler)
}{
	{"500", false, func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.WriteHeader(http.StatusInternalServerError)
	}},
	{"403", false, func(w http.ResponseWriter, _ *http.Request, _ http.Handler) { w.WriteHeader(http.StatusForbidden) }},
	{"login page", false, func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		io.WriteString(w, "<html>Please sign in</html>")
	}},
	{"empty object", false, func(w http.ResponseWriter, _ *http.Request, _ http.Handler) { io.WriteString(w, "{}") }},
	{"429", true, func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
	}},
	{"cut off", true, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		rec := httptest.NewRecorder()
		next.ServeHTTP(rec, r)
		body := rec.Body.Bytes()
		if rec.Code == http.StatusNoContent {
			w.WriteHeader(rec.Code)
			return
		}
		maps.Copy(w.Header(), rec.Header())
		w.Write(body[:len(body)*2/3])
	}},
	{"hung up", true, func(http.ResponseWriter, *http.Request, http.Handler) { panic(http.ErrAbortHandler) }},
}

// TestFaults breaks one answer somewhere and demands the same verdict, or one
// that claims less and says what is missing.
func TestFaults(t *testing.T) {
	r := rand.New(rand.NewPCG(uint64(*seeds), 7))
	for _, name := range []string{"healthy", "filtered", "outage", "lost", "wrong-account", "no-rule"} {
		s, _ := sandbox.Find(name)
		made, _ := sandbox.Case(s, 3, sandbox.Options{Movements: *size, Vendors: true})
		clean, answered := broken(t, made, "", 0, nil)
		want := bySaying(clean)
		for _, f := range faulty {
			for k := range *places {
				at := answered[r.IntN(len(answered))]
				nth := 1 + r.IntN(at.Requests)
				if testing.Short() && (name != "filtered" || k > 0) {
					continue
				}
				t.Run(fmt.Sprintf("%s/%s at %s %d", name, f.name, at.Title, nth), func(t *testing.T) {
					t.Parallel()
					d, _ := broken(t, made, at.Title, nth, f.breaks)
					got := bySaying(d)
					if f.recovers {
						for _, x := range differ(got, want) {
							t.Error(x)
						}
						return
					}
					if len(differ(got, want)) > 0 && !names(d) {
						t.Error("it differs and names no gap")
					}
					for k, x := range got.faults {
						_, known := want.faults[k]
						_, interrupted := want.faults[place("outage", step.Forward)]
						// Whether others came through while these did not may not be known any more.
						vaguer := k == place("", 0) || interrupted && k == place("not-received", step.Forward)
						if !known && !vaguer {
							t.Errorf("%s, which is another fault", k)
						}
						for _, id := range strings.Fields(x.roots) {
							if !strings.Contains(" "+all(want)+" ", " "+id+" ") {
								t.Errorf("%s has %s, which is no root", k, id)
							}
						}
					}
					if len(got.faults) == 0 && len(want.faults) > 0 && d.Outcome.Status != "inconclusive" {
						t.Errorf("it is %s all of a sudden", d.Outcome.Status)
					}
					if t.Failed() {
						told(t, d.Case, d)
					}
				})
			}
		}
	}
}

// all are the roots of all faults.
func all(s said) string {
	var out []string
	for _, f := range s.faults {
		out = append(out, f.roots)
	}
	return strings.Join(out, " ")
}

// names reports whether a diagnosis says of something that it is not whole.
func names(d *diagnosis.Diagnosis) bool {
	for _, s := range d.Case.Systems {
		for _, r := range s.Reads {
			if (r.State == casefile.Unread || r.State == casefile.Truncated) && r.Why != "" {
				return true
			}
		}
	}
	return false
}

// broken diagnoses a month, the nth answer of one of whose systems breaks.
func broken(t *testing.T, made *casefile.Case, system string, nth int, breaks func(http.ResponseWriter, *http.Request, http.Handler)) (*diagnosis.Diagnosis, []simulator.Count) {
	systems, err := simulator.Start(made, simulator.Options{Wrap: func(title string, next http.Handler) http.Handler {
		var n atomic.Int64
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if int(n.Add(1)) == nth && title == system {
				breaks(w, r, next)
				return
			}
			next.ServeHTTP(w, r)
		})
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer systems.Close()
	return diagnosis.Of(live(t, systems)), systems.Answered()
}

// told says what was read and found, to understand what differs.
func told(t *testing.T, c *casefile.Case, d *diagnosis.Diagnosis) {
	for _, s := range c.Systems {
		for _, r := range s.Reads {
			t.Logf("%s %s: %s, %d rows, %s, %s", s.Name, r.Record, r.State, r.Rows, r.Stated, r.Why)
		}
	}
	for i, r := range c.Rejects {
		if i < 5 {
			t.Logf("reject %s: %s", r.Place, r.Reason)
		}
	}
	for _, f := range d.Findings {
		first := ""
		if len(f.Roots) > 0 {
			v := f.Roots[0]
			first = fmt.Sprintf("%s %s: %q %q %q %q", v.Event.Movement.Kind, v.Event.ID(), v.Note(0), v.Note(1), v.Note(2), v.Note(3))
		}
		t.Logf("%s/%d %v %d roots %d downstream: %s %v; %s; %s", f.Code, f.Step, f.Undetermined, len(f.Roots), len(f.Downstream), f.Title, f.Cause, f.Note, first)
	}
}
