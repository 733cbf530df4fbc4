package wizard

import (
	"slices"
	"strings"

	"gcdiag/internal/report"
	"gcdiag/internal/wording"
)

// book is a report with what the pages look up in it, worked out once. That
// takes a while where the report lists many events; pages then take none.
type book struct {
	d     report.Document
	when  calendar
	rows  []row          // kinds, the origins of a kind apart where they differ
	trace map[string]int // event → index in d.Traces
	sorts []sorts        // of each trace
	found [][]int32      // of findings with many items: see items.traces
	spans chart
}

// many is how many items a finding has whose traces are looked up beforehand.
const many = 2000

// sorts is what a trace is filtered and ordered by.
type sorts struct {
	text string // lower case
	at   int64
	size int64 // of the amount, in ten-thousandths
	kind int
}

func newBook(d report.Document) *book {
	b := &book{d: d, when: calendarOf(d.Window), trace: make(map[string]int, len(d.Traces)), sorts: make([]sorts, len(d.Traces))}
	for i := range d.Traces {
		t := &d.Traces[i]
		b.trace[t.Event] = i
		s := &b.sorts[i]
		s.text = strings.ToLower(strings.Join([]string{t.Event, kindName(t.Kind), t.Origin, t.Card, t.Order, t.At, t.Amount, t.Currency, t.Verdict}, " "))
		if at, _, ok := b.when.parse(t.At); ok {
			s.at = at.Unix()
		}
		s.size = size(t.Amount)
		if s.kind = slices.Index(kinds, t.Kind); s.kind < 0 {
			s.kind = len(kinds)
		}
	}
	b.found = make([][]int32, len(d.Findings))
	for i := range d.Findings {
		if l := b.itemsOf(&d.Findings[i]); l.n > many {
			b.found[i] = l.traces()
		}
	}
	b.rows = rowsOf(&b.d)
	b.spans = chartOf(b)
	return b
}

// size is how large an amount is, for ordering only.
func size(amount string) int64 {
	var n int64
	decimals := -1
	for _, c := range strings.TrimPrefix(amount, "-") {
		switch {
		case c == '.':
			decimals = 0
		case c >= '0' && c <= '9' && decimals < 4 && n < 1<<58:
			n = 10*n + int64(c-'0')
			if decimals >= 0 {
				decimals++
			}
		}
	}
	for ; max(decimals, 0) < 4 && n < 1<<58; decimals = max(decimals, 0) + 1 {
		n *= 10
	}
	return n
}

// traceOf is an event's trace, or nil where the report does not hold it.
func (b *book) traceOf(event string) *report.Trace {
	if i, ok := b.trace[event]; ok {
		return &b.d.Traces[i]
	}
	return nil
}

// tally counts events by what became of them.
type tally [len(marks)]int

// row is one kind, or some of its origins, over the four steps.
type row struct {
	kind    string
	origins []string // empty: all
	steps   [4]tally
	failing map[string]string
}

func (r row) label() string {
	if len(r.origins) == 0 {
		return kindName(r.kind)
	}
	text := kindName(r.kind) + ", " + strings.Join(r.origins[:min(3, len(r.origins))], "/")
	if more := len(r.origins) - 3; more > 0 {
		text += " and " + wording.Count(more) + " more"
	}
	return text
}

// clean reports whether all events of the row pass all steps.
func (r row) clean() bool {
	for _, t := range r.steps {
		if t[failed]+t[stuck]+t[unknown]+t[inFlight]+t[notReached] > 0 {
			return false
		}
	}
	return true
}

// shows reports whether a count takes part in a cell: zeros don't, and what was
// not reached only where there is nothing else to say.
func (t tally) shows(m mark) bool {
	if m != notReached {
		return t[m] > 0
	}
	return t == tally{} || t[notReached] > 0 && t == tally{notReached: t[notReached]}
}

// rowsOf are the document's cells by kind. The origins of a kind share a row
// where they fare alike at every step.
func rowsOf(d *report.Document) []row {
	type key struct{ kind, origin string }
	index := map[key]int{}
	var all []row
	for _, s := range d.Steps {
		if s.Step < 1 || s.Step > 4 {
			continue
		}
		for _, c := range s.Cells {
			k := key{c.Kind, c.Origin}
			i, ok := index[k]
			if !ok {
				i = len(all)
				index[k] = i
				all = append(all, row{kind: c.Kind, origins: []string{c.Origin}})
			}
			for m, n := range [len(marks)]int{c.Pass, c.Fail, c.Downstream, c.Inconclusive, c.InFlight, c.NotReached} {
				all[i].steps[s.Step-1][m] += n
			}
			if c.Fail > 0 {
				all[i].failing = wording.Add(all[i].failing, c.Amount)
			}
		}
	}
	rank := func(kind string) int {
		if i := slices.Index(kinds, kind); i >= 0 {
			return i
		}
		return len(kinds)
	}
	slices.SortStableFunc(all, func(a, b row) int { return rank(a.kind) - rank(b.kind) })
	alike := func(a, b row) bool {
		for s := range a.steps {
			for _, m := range []mark{failed, stuck, unknown} {
				if a.steps[s][m] > 0 != (b.steps[s][m] > 0) {
					return false
				}
			}
		}
		return true
	}
	var out []row
	perKind := map[string]int{}
	for _, r := range all {
		i := slices.IndexFunc(out, func(o row) bool { return o.kind == r.kind && alike(o, r) })
		if i < 0 {
			out = append(out, r)
			perKind[r.kind]++
			continue
		}
		out[i].add(r)
	}
	for i := range out {
		if perKind[out[i].kind] == 1 {
			out[i].origins = nil
			continue
		}
		for j, o := range out[i].origins {
			if o == "" {
				out[i].origins[j] = "origin not given"
			}
		}
	}
	return out
}

func (r *row) add(o row) {
	r.origins = append(r.origins, o.origins...)
	for s := range o.steps {
		for m, n := range o.steps[s] {
			r.steps[s][m] += n
		}
	}
	if len(o.failing) > 0 {
		r.failing = wording.Add(r.failing, o.failing)
	}
}

// station is one of the four places an event passes.
type station struct {
	name   string
	status mark
}

func (b *book) stations() [4]station {
	var s [4]station
	for i, role := range []string{"platform", "integration", "erp"} {
		var names []string
		for _, x := range b.d.Systems {
			if x.Role == role {
				names = append(names, x.Name)
			}
		}
		s[i].name = strings.Join(names, ", ")
		if s[i].name == "" {
			s[i].name = []string{"no platform", "no integration", "no ERP"}[i]
		}
	}
	s[3].name = strings.Join(b.d.Ledger.LiabilityAccounts, ", ")
	if s[3].name == "" {
		s[3].name = "liability"
	}
	for i := range s {
		s[i].status = notReached
	}
	for _, x := range b.d.Steps {
		if x.Step >= 1 && x.Step <= 4 {
			s[x.Step-1].status = markOf(x.Status)
		}
	}
	return s
}

// item is one thing that a finding speaks of.
type item struct {
	id    string
	noun  string // event, candidate, order, posting, or follows
	trace *report.Trace
}

// items are the things that a finding speaks of: its events first, then what
// follows from them. Nothing is looked up before it is asked for.
type items struct {
	b     *book
	lists []itemList
	n     int
}

type itemList struct {
	noun string
	ids  []string
}

func (b *book) itemsOf(f *report.Finding) *items {
	out := &items{b: b}
	for _, l := range []itemList{{"event", f.Events}, {"candidate", f.Candidates}, {"order", f.Orders}, {"posting", f.Postings}, {"follows", f.Downstream.Events}} {
		if len(l.ids) > 0 {
			out.lists = append(out.lists, l)
			out.n += len(l.ids)
		}
	}
	return out
}

// at is the item with an index.
func (s *items) at(i int) item {
	for _, l := range s.lists {
		if i < len(l.ids) {
			x := item{id: l.ids[i], noun: l.noun}
			if t := s.traceIndex(i, l); t >= 0 {
				x.trace = &s.b.d.Traces[t]
			}
			return x
		}
		i -= len(l.ids)
	}
	return item{}
}

// traceIndex is where the trace of an item of a list is, or −1.
func (s *items) traceIndex(i int, l itemList) int {
	if l.noun == "order" || l.noun == "posting" {
		return -1
	}
	if t, ok := s.b.trace[l.ids[i]]; ok {
		return t
	}
	return -1
}

// traces are the indices of all items' traces, −1 for those without one.
func (s *items) traces() []int32 {
	out := make([]int32, 0, s.n)
	for _, l := range s.lists {
		for i := range l.ids {
			out = append(out, int32(s.traceIndex(i, l)))
		}
	}
	return out
}

// choice is an order of some of the items.
type choice struct {
	of    *items
	shown []int32 // nil: all, as they come
}

func (c choice) len() int {
	if c.shown == nil {
		return c.of.n
	}
	return len(c.shown)
}

func (c choice) at(i int) item {
	if c.shown == nil {
		return c.of.at(i)
	}
	return c.of.at(int(c.shown[i]))
}
