package cases

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"gcdiag/internal/casefile"
	"gcdiag/internal/connector"
	"gcdiag/internal/diagnosis"
	"gcdiag/internal/finding"
	"gcdiag/internal/gather"
	"gcdiag/internal/report"
)

var update = flag.Bool("update", false, "write TABLE.md anew")

// expectation is an expect.yaml; see README.md.
type expectation struct {
	Title    string
	Story    string
	Outcome  wantOutcome
	Findings []wantFinding
	// Drift per currency; nil means that the figure is refused.
	Drift       map[string]*string
	Unexplained map[string]string
	Clean       []string
	InFlight    []string `yaml:"in_flight"`
	Excluded    map[string]int
	Steps       map[string]string
	Never       []never
	Why         string
}

type wantOutcome struct {
	Status       string
	Step         *int
	Steps        []int
	Undetermined []int
	Problem      string
}

type wantFinding struct {
	Problem, Code, Class string
	Step                 *int
	Undetermined         []int
	Events               []string
	Downstream           []string
	Drift                map[string]string
	Shared               map[string]string
	Candidates           []string
	Orders               []string
	Postings             []string
}

type never struct {
	Problem, Class, Event, Status, Code string
	Step                                *int
}

func load(t *testing.T, dir string) expectation {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, "expect.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var x expectation
	d := yaml.NewDecoder(f)
	d.KnownFields(true)
	if err := d.Decode(&x); err != nil {
		t.Fatal(err)
	}
	return x
}

func diagnose(t *testing.T, dir string) report.Document {
	t.Helper()
	return report.New(diagnosis.Of(read(t, dir)), report.Options{AllEvents: true, Redact: true, Key: []byte("test")})
}

func read(t *testing.T, dir string) *casefile.Case {
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

func folders(t *testing.T) []string {
	t.Helper()
	dirs, err := filepath.Glob("testdata/*/connectors.yaml")
	if err != nil || len(dirs) == 0 {
		t.Fatal("no cases", err)
	}
	for i := range dirs {
		dirs[i] = filepath.Dir(dirs[i])
	}
	return dirs
}

// TestCases runs every story and compares what is said with what an expert says.
func TestCases(t *testing.T) {
	for _, dir := range folders(t) {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			x := load(t, dir)
			for _, complaint := range compare(x, diagnose(t, dir)) {
				t.Error(complaint)
			}
		})
	}
}

// compare lists what a document says otherwise than expected.
func compare(x expectation, d report.Document) []string {
	var out []string
	bad := func(format string, a ...any) { out = append(out, fmt.Sprintf(format, a...)) }
	o := d.Outcome
	if o.Status != x.Outcome.Status {
		bad("status %s, want %s (%s)", o.Status, x.Outcome.Status, o.Headline)
	}
	if x.Outcome.Step != nil && (o.Step == nil || *o.Step != *x.Outcome.Step) {
		bad("step %s, want %d", num(o.Step), *x.Outcome.Step)
	}
	if x.Outcome.Step == nil && o.Step != nil {
		bad("step %d, want none", *o.Step)
	}
	if x.Outcome.Steps != nil && !slices.Equal(x.Outcome.Steps, o.Steps) {
		bad("steps %v, want %v", o.Steps, x.Outcome.Steps)
	}
	if !slices.Equal(x.Outcome.Undetermined, o.Undetermined) {
		bad("undetermined %v, want %v", o.Undetermined, x.Outcome.Undetermined)
	}
	if x.Outcome.Problem != "" && (o.Problem == nil || *o.Problem != x.Outcome.Problem) {
		bad("problem %s, want %s", str(o.Problem), x.Outcome.Problem)
	}
	used := map[string]bool{}
	for _, w := range x.Findings {
		if w.Class == "" {
			w.Class = "fault"
		}
		var near []string
		found := false
		for _, f := range d.Findings {
			if used[f.ID] || f.Class != w.Class {
				continue
			}
			if why := w.differs(f); why != "" {
				near = append(near, fmt.Sprintf("%s %s/%s: %s", f.ID, f.Code, num(f.Step), why))
				continue
			}
			used[f.ID], found = true, true
			break
		}
		if !found {
			bad("no finding %s%s step %s events %v; have: %s", w.Problem, w.Code, num(w.Step), w.Events, strings.Join(near, " | "))
		}
	}
	for _, f := range d.Findings {
		if f.Class == "fault" && !used[f.ID] {
			bad("unexpected fault %s step %s %v events %v candidates %v orders %v postings %v downstream %v: %s", f.Code, num(f.Step), f.Undetermined, f.Events, f.Candidates, f.Orders, f.Postings, f.Downstream.Events, f.Title)
		}
	}
	drift := map[string]report.Drift{}
	for _, y := range d.Drift {
		drift[y.Currency] = y
	}
	if x.Drift != nil {
		for c, want := range x.Drift {
			y, ok := drift[c]
			switch {
			case want == nil && (!ok || y.Drift != nil):
				bad("drift %s is %s, want it refused", c, str(y.Drift))
			case want != nil && !ok && !zero(*want):
				bad("drift %s absent, want %s", c, *want)
			case want != nil && ok && (y.Drift == nil || !same(*y.Drift, *want)):
				bad("drift %s is %s (%s), want %s", c, str(y.Drift), y.Why, *want)
			}
		}
		for c, y := range drift {
			if _, ok := x.Drift[c]; !ok && y.Drift != nil && !zero(*y.Drift) {
				bad("drift %s is %s, want none", c, *y.Drift)
			}
		}
	}
	for c, y := range drift {
		if y.Unexplained == nil {
			continue
		}
		want := x.Unexplained[c]
		if want == "" {
			want = "0"
		}
		if !same(*y.Unexplained, want) {
			bad("unexplained %s is %s, want %s", c, *y.Unexplained, want)
		}
	}
	verdict := map[string]string{}
	for _, t := range d.Traces {
		verdict[t.Event] = t.Verdict
	}
	for _, id := range x.Clean {
		if v := verdict[id]; v != "" && v != "pass" {
			bad("%s is %s, want clean", id, v)
		}
	}
	if x.InFlight != nil {
		var have []string
		for id, v := range verdict {
			if v == "in-flight" {
				have = append(have, id)
			}
		}
		if !sameSet(have, x.InFlight) {
			bad("in flight %v, want %v", have, x.InFlight)
		}
	}
	for reason, n := range x.Excluded {
		have := 0
		for _, e := range d.Excluded {
			if e.Reason == reason {
				have = e.Count
			}
		}
		if have != n {
			bad("excluded %s: %d, want %d", reason, have, n)
		}
	}
	for stage, want := range x.Steps {
		for _, s := range d.Steps {
			if s.Stage == stage && s.Status != want {
				bad("step %s is %s, want %s", stage, s.Status, want)
			}
		}
	}
	for _, n := range x.Never {
		if n.Status != "" && o.Status == n.Status {
			bad("says %s, which it must never", n.Status)
		}
		for _, f := range d.Findings {
			if n.Status == "" && n.matches(f) {
				bad("says %s (class %s, step %s, %v), which it must never", f.Code, f.Class, num(f.Step), f.Events)
			}
		}
	}
	return out
}

func (w wantFinding) differs(f report.Finding) string {
	code := w.Code
	if code == "" {
		code = w.Problem
	}
	switch {
	case code != "" && code != f.Code:
		return "is another code"
	case w.Class == "fault" && w.Step != nil && num(w.Step) != num(f.Step):
		return "stands at step " + num(f.Step)
	case w.Undetermined != nil && !slices.Equal(w.Undetermined, f.Undetermined):
		return fmt.Sprint("undetermined ", f.Undetermined)
	case w.Events != nil && !sameSet(w.Events, f.Events):
		return fmt.Sprint("events ", f.Events)
	case w.Class == "fault" && !sameSet(w.Downstream, f.Downstream.Events):
		return fmt.Sprintf("downstream %v, want %v", f.Downstream.Events, w.Downstream)
	case w.Candidates != nil && !sameSet(w.Candidates, f.Candidates):
		return fmt.Sprint("candidates ", f.Candidates)
	case w.Orders != nil && !sameSet(w.Orders, f.Orders):
		return fmt.Sprint("orders ", f.Orders)
	case w.Postings != nil && !sameSet(w.Postings, f.Postings):
		return fmt.Sprint("postings ", f.Postings)
	}
	if w.Drift != nil {
		for c, a := range w.Drift {
			if !same(f.Drift[c], a) {
				return fmt.Sprintf("drift %v, want %v", f.Drift, w.Drift)
			}
		}
		for c, a := range f.Drift {
			if w.Drift[c] == "" && !zero(a) {
				return fmt.Sprintf("drift %v, want %v", f.Drift, w.Drift)
			}
		}
	}
	for a, v := range w.Shared {
		if !slices.ContainsFunc(f.Shared, func(s report.Shared) bool { return s.Attribute == a && s.Value == v }) {
			return fmt.Sprintf("shared %v, want %s = %s", f.Shared, a, v)
		}
	}
	return ""
}

func (n never) matches(f report.Finding) bool {
	if n.Step != nil && (f.Class != "fault" || f.Step == nil || *f.Step != *n.Step) {
		return false
	}
	if n.Problem != "" && f.Code != n.Problem || n.Code != "" && f.Code != n.Code || n.Class != "" && f.Class != n.Class {
		return false
	}
	if n.Event != "" && !slices.Contains(f.Events, n.Event) && !slices.Contains(f.Downstream.Events, n.Event) {
		return false
	}
	return true
}

func sameSet(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	sort.Strings(a)
	sort.Strings(b)
	return slices.Equal(a, b)
}

func zero(a string) bool { return strings.Trim(a, "-+0.") == "" }

// same compares decimal texts: "5" is "5.00".
func same(a, b string) bool {
	if zero(a) && zero(b) {
		return true
	}
	trim := func(s string) string {
		if strings.Contains(s, ".") {
			s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
		}
		return strings.TrimPrefix(s, "+")
	}
	return trim(a) == trim(b)
}

func num(n *int) string {
	if n == nil {
		return "null"
	}
	return fmt.Sprint(*n)
}

func str(s *string) string {
	if s == nil {
		return "null"
	}
	return *s
}

// TestTable keeps TABLE.md in step with the stories: case → verdict → code.
func TestTable(t *testing.T) {
	var b strings.Builder
	b.WriteString("# Field stories and their verdicts\n\nGenerated by `go test ./internal/cases -run TestTable -update`; don't edit.\n\n")
	b.WriteString("| story | what happened | verdict | findings |\n|---|---|---|---|\n")
	for _, dir := range folders(t) {
		x := load(t, dir)
		verdict := x.Outcome.Status
		if x.Outcome.Step != nil {
			verdict += fmt.Sprintf(", step %d", *x.Outcome.Step)
		} else if len(x.Outcome.Undetermined) > 0 {
			verdict += fmt.Sprintf(", step %d or %d", x.Outcome.Undetermined[0], x.Outcome.Undetermined[1])
		}
		var codes []string
		for _, f := range x.Findings {
			code := f.Code
			if code == "" {
				code = f.Problem
			}
			if code != "" && !slices.Contains(codes, code) {
				codes = append(codes, code)
			}
		}
		id, _, _ := strings.Cut(filepath.Base(dir), "-")
		fmt.Fprintf(&b, "| [%s](testdata/%s) | %s | %s | %s |\n", id, filepath.Base(dir), strings.ReplaceAll(x.Title, "|", "\\|"), verdict, strings.Join(codes, ", "))
	}
	if *update {
		if err := os.WriteFile("TABLE.md", []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	have, err := os.ReadFile("TABLE.md")
	if err != nil || string(have) != b.String() {
		t.Error("TABLE.md is out of date; run: go test ./internal/cases -run TestTable -update")
	}
}

// TestEveryFaultHasAStory demands a story or a sandbox month for every code of a fault.
func TestEveryFaultHasAStory(t *testing.T) {
	seen := map[string]bool{}
	for _, dir := range folders(t) {
		for _, f := range diagnose(t, dir).Findings {
			seen[f.Code] = true
		}
	}
	for _, e := range finding.All() {
		if !seen[string(e.Code)] {
			t.Errorf("no story shows %s (%s)", e.Code, e.Class)
		}
	}
}
