package report

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Difference is what changed from one report to another. Lists are empty, not
// nil, where nothing changed.
type Difference struct {
	// Same reports whether both reports give the same verdict: status, step,
	// steps, undetermined steps and problem of the outcome, the status of each
	// step, and the set of faults by code, step and undetermined steps. Counts,
	// amounts, evidence and wording may differ.
	Same     bool            `json:"same"`
	Outcome  []Changed       `json:"outcome"`
	Steps    []Changed       `json:"steps"`
	Findings []FindingChange `json:"findings"`
	Drift    []DriftChange   `json:"drift"`
	// Notes say what else differs and makes the comparison weaker: another
	// window, other systems, another policy.
	Notes []string `json:"notes"`
}

// Changed is one word that differs; "" stands for none.
type Changed struct {
	What string `json:"what"`
	Was  string `json:"was"`
	Is   string `json:"is"`
}

// FindingChange is a finding that only one report has (the other side is nil),
// or that differs in events, count, evidence, class, drift or downstream.
type FindingChange struct {
	Was *Finding `json:"was"`
	Is  *Finding `json:"is"`
	// Gained and Lost are the ids (events, candidates, orders and postings)
	// that only the new or only the old one has. They are empty where Cut.
	Gained []string `json:"gained"`
	Lost   []string `json:"lost"`
	// Cut says that a list of ids was cut, so that only counts compare.
	Cut bool `json:"cut"`
}

// DriftChange is a currency whose drift or unexplained part differs; nil where
// a report gives no figure.
type DriftChange struct {
	Currency       string  `json:"currency"`
	Was            *string `json:"was"`
	Is             *string `json:"is"`
	UnexplainedWas *string `json:"unexplained_was"`
	UnexplainedIs  *string `json:"unexplained_is"`
}

// Diff tells what changed from a to b. Findings are paired by code, step and
// problem, and among several of those by the events they share.
func Diff(a, b Document) Difference {
	fill(reflect.ValueOf(&a).Elem())
	fill(reflect.ValueOf(&b).Elem())
	d := Difference{Outcome: []Changed{}, Steps: []Changed{}, Findings: findingChanges(a.Findings, b.Findings), Drift: driftChanges(a.Drift, b.Drift), Notes: []string{}}
	changed := func(list *[]Changed, what, was, is string) {
		if was != is {
			*list = append(*list, Changed{what, was, is})
		}
	}
	changed(&d.Outcome, "status", a.Outcome.Status, b.Outcome.Status)
	changed(&d.Outcome, "step", number(a.Outcome.Step), number(b.Outcome.Step))
	changed(&d.Outcome, "steps", numbers(a.Outcome.Steps), numbers(b.Outcome.Steps))
	changed(&d.Outcome, "undetermined", numbers(a.Outcome.Undetermined), numbers(b.Outcome.Undetermined))
	changed(&d.Outcome, "problem", text(a.Outcome.Problem), text(b.Outcome.Problem))
	verdict := len(d.Outcome) == 0
	changed(&d.Outcome, "evidence", text(a.Outcome.Evidence), text(b.Outcome.Evidence))

	stages := func(d Document) map[string]string {
		m := map[string]string{}
		for _, s := range d.Steps {
			m[fmt.Sprintf("%d %s", s.Step, s.Stage)] = s.Status
		}
		return m
	}
	was, is := stages(a), stages(b)
	for _, s := range union(was, is) {
		changed(&d.Steps, s, was[s], is[s])
	}
	d.Same = verdict && len(d.Steps) == 0 && slices.Equal(faults(a), faults(b))

	note := func(what, was, is string) {
		if was != is {
			d.Notes = append(d.Notes, fmt.Sprintf("%s: %s, was %s", what, cmp.Or(is, "none"), cmp.Or(was, "none")))
		}
	}
	note("window", window(a.Window), window(b.Window))
	note("timezone", a.Window.Timezone, b.Window.Timezone)
	note("systems", systems(a), systems(b))
	note("liability accounts", strings.Join(a.Ledger.LiabilityAccounts, ", "), strings.Join(b.Ledger.LiabilityAccounts, ", "))
	note("policy", policy(a.Policy), policy(b.Policy))
	return d
}

// key is what makes two findings the same statement.
func key(f Finding) string {
	return fmt.Sprintf("%s\x00%s\x00%s\x00%s", f.Code, number(f.Step), numbers(f.Undetermined), text(f.Problem))
}

func faults(d Document) []string {
	var keys []string
	for _, f := range d.Findings {
		if f.Class == "fault" {
			keys = append(keys, key(f))
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

func ids(f Finding) []string { return slices.Concat(f.Events, f.Candidates, f.Orders, f.Postings) }

// cut reports whether a finding names fewer ids than it counts.
func cut(f Finding) bool { return len(ids(f)) < f.Count }

func findingChanges(was, is []Finding) []FindingChange {
	out := []FindingChange{}
	old := map[string][]int{}
	for i, f := range was {
		old[key(f)] = append(old[key(f)], i)
	}
	pair := make([]int, len(is))
	for i := range pair {
		pair[i] = -1
	}
	taken := make([]bool, len(was))
	for _, share := range overlaps(was, is) {
		if pair[share.is] < 0 && !taken[share.was] {
			pair[share.is], taken[share.was] = share.was, true
		}
	}
	for i, f := range is {
		if pair[i] >= 0 {
			continue
		}
		free := old[key(f)]
		for len(free) > 0 && taken[free[0]] {
			free = free[1:]
		}
		if len(free) > 0 {
			pair[i], taken[free[0]] = free[0], true
		}
		old[key(f)] = free
	}
	for i := range is {
		if pair[i] < 0 {
			out = append(out, FindingChange{Is: &is[i], Gained: []string{}, Lost: []string{}})
		} else if c, ok := compare(&was[pair[i]], &is[i]); ok {
			out = append(out, c)
		}
	}
	for i := range was {
		if !taken[i] {
			out = append(out, FindingChange{Was: &was[i], Gained: []string{}, Lost: []string{}})
		}
	}
	return out
}

// overlap is how many ids two findings with one key share.
type overlap struct{ was, is, n int }

// overlaps lists the pairs with one key that share ids, most shared first.
func overlaps(was, is []Finding) []overlap {
	holders := map[string][]int{}
	for i, f := range was {
		for _, id := range ids(f) {
			holders[key(f)+"\x00"+id] = append(holders[key(f)+"\x00"+id], i)
		}
	}
	counts := map[[2]int]int{}
	for i, f := range is {
		for _, id := range ids(f) {
			for _, o := range holders[key(f)+"\x00"+id] {
				counts[[2]int{o, i}]++
			}
		}
	}
	list := make([]overlap, 0, len(counts))
	for p, n := range counts {
		list = append(list, overlap{p[0], p[1], n})
	}
	slices.SortFunc(list, func(a, b overlap) int {
		return cmp.Or(b.n-a.n, a.is-b.is, a.was-b.was)
	})
	return list
}

func compare(was, is *Finding) (FindingChange, bool) {
	c := FindingChange{Was: was, Is: is, Gained: []string{}, Lost: []string{}, Cut: cut(*was) || cut(*is)}
	if !c.Cut {
		c.Gained = without(ids(*is), ids(*was))
		c.Lost = without(ids(*was), ids(*is))
	}
	differs := len(c.Gained)+len(c.Lost) > 0 || was.Count != is.Count || was.Evidence != is.Evidence || was.Class != is.Class ||
		!maps.Equal(was.Drift, is.Drift) || was.Downstream.Count != is.Downstream.Count
	return c, differs
}

// without lists what a has and b lacks, in a's order.
func without(a, b []string) []string {
	has := map[string]bool{}
	for _, x := range b {
		has[x] = true
	}
	out := []string{}
	for _, x := range a {
		if !has[x] {
			out = append(out, x)
		}
	}
	return out
}

func driftChanges(was, is []Drift) []DriftChange {
	out := []DriftChange{}
	by := func(list []Drift) map[string]Drift {
		m := map[string]Drift{}
		for _, d := range list {
			m[d.Currency] = d
		}
		return m
	}
	a, b := by(was), by(is)
	for _, c := range union(a, b) {
		x, y := a[c], b[c]
		if !equal(x.Drift, y.Drift) || !equal(x.Unexplained, y.Unexplained) {
			out = append(out, DriftChange{c, x.Drift, y.Drift, x.Unexplained, y.Unexplained})
		}
	}
	return out
}

func equal(a, b *string) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

// union is the sorted keys of both maps.
func union[V any](a, b map[string]V) []string {
	keys := slices.AppendSeq(slices.Collect(maps.Keys(a)), maps.Keys(b))
	slices.Sort(keys)
	return slices.Compact(keys)
}

func number(n *int) string {
	if n == nil {
		return ""
	}
	return fmt.Sprint(*n)
}

func numbers(list []int) string {
	var b strings.Builder
	for i, n := range list {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprint(&b, n)
	}
	return b.String()
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func window(w Window) string { return w.Since + " to " + w.Until }

func systems(d Document) string {
	var list []string
	for _, s := range d.Systems {
		list = append(list, fmt.Sprintf("%s %q", s.Role, s.Name))
	}
	return strings.Join(list, ", ")
}

func policy(p Policy) string {
	if p == (Policy{}) {
		return ""
	}
	return fmt.Sprintf("grace %s, basis %s, promotional %s, loyalty %s, %d points per unit, tolerance %d", p.Grace, p.Basis, p.Promotional, p.Loyalty, p.PointsPerUnit, p.Tolerance)
}
