package wizard

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"gcdiag/internal/report"
	"gcdiag/internal/wording"
)

// tracePage is one event on its way over the three systems, and the raw records
// it rests on beside each other.
type tracePage struct {
	items   choice // the events that ←→ go through
	at      int
	records bool // the records alone, where there is no room for all
	text    scroll
	rows    int
}

func newTrace(_ *model, items choice, at int) *tracePage {
	return &tracePage{items: items, at: at, rows: 10}
}

func (p *tracePage) trace() *report.Trace { return p.items.at(p.at).trace }

func (p *tracePage) title(*model) string {
	t := p.trace()
	kind := kindName(t.Kind)
	if t.Origin != "" {
		kind += " (" + t.Origin + ")"
	}
	parts := []string{t.Event, kind, amount(t.Amount, t.Currency, true), t.Card}
	if t.Order != "" {
		parts = append(parts, "order "+t.Order)
	}
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), " · ")
}

func (p *tracePage) keys(*model) []key.Binding {
	other := "raw records"
	if p.records {
		other = "timeline"
	}
	return []key.Binding{arrows("scroll"), shownAs(keys.left, "←→", "event"), as(keys.tab, other), keys.copy, keys.save, keys.back}
}

func (p *tracePage) update(m *model, msg tea.Msg) tea.Cmd {
	step := func(d int) {
		for i := p.at + d; i >= 0 && i < p.items.len(); i += d {
			if p.items.at(i).trace != nil {
				p.at = i
				p.text.top = 0
				return
			}
		}
		m.note = "There is no further event in this list."
	}
	switch {
	case is(msg, keys.left):
		step(-1)
	case is(msg, keys.right):
		step(1)
	case is(msg, keys.tab, keys.records):
		p.records = !p.records
		p.text.top = 0
	case p.text.move(msg, p.rows):
	case is(msg, keys.copy):
		v := ui{w: 100, h: 1 << 20, st: plainStyles(), ascii: m.o.ASCII}
		return m.copyText("event", strings.Join(append(append([]string{p.title(m)}, p.timeline(m.book, v)...), p.sideBySide(v)...), "\n")+"\n")
	case is(msg, keys.save):
		return m.push(newSave(m))
	}
	return nil
}

func (p *tracePage) view(m *model, u ui) []string {
	p.rows = u.h
	timeline, records := p.timeline(m.book, u), p.sideBySide(u)
	lines := append(append(timeline, ""), records...)
	if p.records && len(lines) > u.h {
		lines = records
	}
	return p.text.view(u, lines, u.h)
}

// lanes are the three systems of a timeline and the stages that belong to each.
var lanes = [3]struct {
	name, role string
	stages     []string
}{
	{"PLATFORM", "platform", []string{"emit"}},
	{"INTEGRATION", "integration", []string{"forward"}},
	{"ERP", "erp", []string{"arrive", "classify"}},
}

func laneOf(stage string) int {
	for i, l := range lanes {
		if slices.Contains(l.stages, stage) {
			return i
		}
	}
	return 0
}

// verdictOf is a trace's verdict as words.
func verdictOf(t *report.Trace) string {
	text := t.Verdict
	switch t.Verdict {
	case "pass":
		text = "passes all steps"
	case "fail":
		text = "FAILS"
		if t.Step != nil {
			text += " at " + stepName(*t.Step)
		}
	case "downstream":
		text = "sound itself, follows from another event"
	case "in-flight":
		text = "still on its way"
	case "inconclusive":
		text = "can't be told"
	case "excluded":
		text = "does not count"
	}
	if t.Finding != "" {
		text += " (" + t.Finding + ")"
	}
	return text
}

func (p *tracePage) timeline(b *book, u ui) []string {
	t := p.trace()
	head := u.sign(markOf(t.Verdict)) + " " + verdictOf(t)
	where := ""
	if n := p.items.len(); n > 1 {
		where = fmt.Sprintf("%s of %s", wording.Count(p.at+1), wording.Count(n))
	}
	out := []string{u.ends(" "+paint(u.st.of(markOf(t.Verdict)), u.fit(head, u.w-24)), paint(u.st.dim, where))}
	if t.Note != "" && !slices.ContainsFunc(t.Hops, func(h report.Hop) bool { return said(h.Note, t.Note) }) {
		out = append(out, u.para(1, u.st.plain, t.Note)...)
	}
	out = append(out, "")

	gutter := 15
	for _, h := range t.Hops {
		gutter = min(20, max(gutter, width(b.when.at(h.At, true))))
	}
	lane := (u.w - 2 - gutter - 3*2) / 3
	lane = min(lane, 44)
	var names, systems, rules string
	for i, l := range lanes {
		var seen []string
		for _, h := range t.Hops {
			if h.System != "" && laneOf(h.Stage) == i && !slices.Contains(seen, h.System) {
				seen = append(seen, h.System)
			}
		}
		if len(seen) == 0 {
			for _, s := range b.d.Systems {
				if s.Role == l.role {
					seen = append(seen, s.Name)
				}
			}
		}
		names += "  " + u.cell(l.name, lane)
		systems += "  " + u.cell(strings.Join(seen, ", "), lane)
		rules += "  " + strings.Repeat("─", lane)
	}
	pad := strings.Repeat(" ", 1+gutter)
	out = append(out, pad+paint(u.st.bold, names), pad+systems, pad+paint(u.st.dim, rules))

	at := func(gut string, in int, painted string) {
		out = append(out, " "+paint(u.st.dim, u.cellRight(gut, gutter))+strings.Repeat(" ", 2+in*(lane+2))+painted)
	}
	var last time.Time
	lastLane, lastDate, known := 0, false, false
	for _, h := range t.Hops {
		in := laneOf(h.Stage)
		when, date, ok := b.when.parse(h.At)
		if ok && known {
			gap := "same moment"
			switch d := when.Sub(last); {
			case date || lastDate:
				gap = days(last, when)
			case d > 0:
				gap = "+ " + wording.Elapsed(d)
			case d < 0:
				gap = wording.Elapsed(d)
			}
			at(gap, lastLane, paint(u.st.dim, "│"))
		}
		gut := b.when.at(h.At, true)
		if h.At == "" && h.Record != "" {
			gut = "no time"
		}
		m := markOf(h.Status)
		at(gut, in, u.status(m)+" "+paint(u.st.bold, u.fit(h.Stage, lane-2)))
		var notes []string
		switch {
		case h.Status == "not-reached":
			notes = append(notes, "not reached")
		case h.Record != "":
			notes = append(notes, h.Record)
		case h.Status != "pass":
			notes = append(notes, "nothing found")
		}
		if h.MatchedBy != "" && h.Status != "not-reached" {
			notes = append(notes, "by "+h.MatchedBy)
		}
		if h.Note != "" {
			notes = append(notes, h.Note)
		}
		for _, n := range notes {
			for _, l := range u.wrap(n, lane-2) {
				at("", in, "  "+l)
			}
		}
		if ok {
			last, lastDate, known, lastLane = when, date, true, in
		}
	}
	return out
}

// days is the distance of two times of which one is a bare date.
func days(a, b time.Time) string {
	day := func(t time.Time) time.Time { return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC) }
	switch n := int(day(b).Sub(day(a)) / (24 * time.Hour)); {
	case n == 0:
		return "same day"
	case n < 0:
		return "−" + wording.Plural(-n, "day")
	default:
		return "+ " + wording.Plural(n, "day")
	}
}

// line names by which the records of different systems are set beside each other.
var sameAs = map[string]map[string]string{
	"movements":  {"id": "event", "at": "time"},
	"deliveries": {"received_at": "time", "outcome": "status"},
	"postings":   {"dated": "time"},
	"exceptions": {"opened_at": "time"},
}

// lineOrder is the order of the lines; others follow as they come.
var lineOrder = []string{"event", "id", "time", "kind", "sent_kind", "type", "amount", "sent_amount", "currency", "order", "card", "refund", "ref", "status", "reason", "why", "account", "rule"}

// meaning is by which lines the systems can contradict each other, and as what
// a line is compared.
var meaning = map[string]string{"event": "event", "kind": "kind", "sent_kind": "kind", "amount": "amount", "sent_amount": "amount",
	"currency": "currency", "order": "order", "card": "card", "refund": "refund"}

// sideBySide sets the records in columns, the movement first; values that differ
// from the movement's are marked.
func (p *tracePage) sideBySide(u ui) []string {
	t := p.trace()
	if len(t.Records) == 0 {
		return []string{" " + paint(u.st.dim, "The report holds no records of this event.")}
	}
	const label = 15
	most := max(1, (u.w-1-label)/24)
	first := t.Records[0]
	var out []string
	rest := t.Records[1:]
	for {
		n := min(len(rest), max(1, most-1))
		group := append([]report.Record{first}, rest[:n]...)
		if most == 1 && n > 0 {
			group = rest[:n]
			if len(out) == 0 {
				group, n = []report.Record{first}, 0
			}
		}
		if len(out) > 0 {
			out = append(out, "")
		}
		out = append(out, recordTable(u, group, first, label)...)
		rest = rest[n:]
		if len(rest) == 0 {
			return out
		}
	}
}

func recordTable(u ui, group []report.Record, movement report.Record, label int) []string {
	values := func(r report.Record) (map[string]string, []string) {
		m := map[string]string{}
		var names []string
		for _, f := range r.Fields {
			name := f.Name
			if as, ok := sameAs[r.Record][name]; ok {
				name = as
			}
			m[name] = f.Value
			names = append(names, name)
		}
		return m, names
	}
	var names []string
	cells := make([]map[string]string, len(group))
	for i, r := range group {
		var own []string
		cells[i], own = values(r)
		for _, n := range own {
			if !slices.Contains(names, n) {
				names = append(names, n)
			}
		}
	}
	slices.SortStableFunc(names, func(a, b string) int {
		rank := func(s string) int {
			if i := slices.Index(lineOrder, s); i >= 0 {
				return i
			}
			return len(lineOrder)
		}
		return rank(a) - rank(b)
	})
	own, _ := values(movement)
	column := min(46, (u.w-1-label)/len(group)-2)
	line := func(name string, get func(i int) string) string {
		text := " " + paint(u.st.dim, u.cell(name, label))
		for i := range group {
			text += get(i) + "  "
		}
		return strings.TrimRight(text, " ")
	}
	out := []string{
		line("", func(i int) string { return paint(u.st.bold, u.cell(group[i].System+", "+group[i].Record, column)) }),
		line("", func(i int) string { return paint(u.st.dim, u.cell(group[i].Place, column)) }),
	}
	for _, name := range names {
		out = append(out, line(name, func(i int) string {
			v := cells[i][name]
			if v != "" && differs(name, v, own, group[i].Record) {
				sign := "≠"
				if u.ascii {
					sign = "!"
				}
				return paint(u.st.bad, sign+" "+u.cell(v, column-2))
			}
			return "  " + u.cell(v, column-2)
		}))
	}
	return out
}

// differs reports whether a value contradicts the movement's.
func differs(name, value string, movement map[string]string, recordType string) bool {
	as := meaning[name]
	want := movement[as]
	if as == "" || want == "" || recordType == "movements" {
		return false
	}
	if as == "amount" {
		a, _, ok1 := wording.Decimal(strings.Fields(want)[0])
		b, _, ok2 := wording.Decimal(strings.Fields(value)[0])
		if ok1 && ok2 {
			if recordType != "postings" {
				a, b = a.Abs(a), b.Abs(b)
			}
			return a.Cmp(b) != 0
		}
	}
	return !strings.EqualFold(strings.TrimPrefix(want, "#"), strings.TrimPrefix(value, "#"))
}
