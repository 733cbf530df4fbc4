package wizard

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"gcdiag/internal/report"
	"gcdiag/internal/wording"
)

// findingPage is one finding: what it says, and below the events it speaks of.
type findingPage struct {
	index int
	f     *report.Finding
	items *items
	found []int32 // of each item its trace, −1 for none; looked up when first needed
	shown choice
	order int
	find  filter
	at    list
	text  scroll
	upper bool // the keyboard moves the text above, not the list
	rows  int  // of the list, as last shown
}

var eventOrders = [...]string{"as listed", "by time", "by amount", "by kind"}

func newFinding(m *model, index int) *findingPage {
	p := &findingPage{index: index, f: &m.book.d.Findings[index], rows: 10}
	p.items, p.found = m.book.itemsOf(p.f), m.book.found[index]
	p.choose()
	return p
}

func (p *findingPage) title(*model) string {
	parts := []string{p.f.ID + " " + p.f.Code}
	if w := where(p.f); w != "" {
		parts = append(parts, w)
	}
	return strings.Join(append(parts, p.f.Evidence), " · ")
}

func (p *findingPage) typing() bool { return p.find.on }

func (p *findingPage) back(*model) (bool, tea.Cmd) {
	if p.find.close() {
		p.choose()
		return true, nil
	}
	return false, nil
}

func (p *findingPage) keys(*model) []key.Binding {
	switch {
	case p.find.on:
		return p.find.keys()
	case p.items.n == 0:
		return []key.Binding{arrows("scroll"), shownAs(keys.left, "←→", "finding"), keys.save, keys.copy, keys.back}
	case p.upper:
		return []key.Binding{arrows("scroll"), as(keys.tab, "events"), keys.save, keys.copy, keys.back}
	}
	return []key.Binding{arrows("events"), as(keys.enter, "trace"), keys.filter, keys.sort, as(keys.tab, "text"), shownAs(keys.left, "←→", "finding"), keys.chart, keys.save, keys.back}
}

// choose settles which events are listed and in which order.
func (p *findingPage) choose() {
	p.shown = choice{of: p.items}
	if p.find.text != "" || p.order != 0 {
		p.shown.shown = p.ordered()
	}
	p.at.clamp(p.shown.len())
}

func (p *findingPage) ordered() []int32 {
	if p.found == nil {
		p.found = p.items.traces()
	}
	b := p.items.b
	words := strings.Fields(strings.ToLower(p.find.text))
	takes := func(i int) bool {
		t := p.found[i]
		if t < 0 {
			return p.find.takes(p.items.at(i).id)
		}
		for _, w := range words {
			if !strings.Contains(b.sorts[t].text, w) {
				return false
			}
		}
		return true
	}
	out := make([]int32, 0, p.items.n)
	for i := range p.items.n {
		if takes(i) {
			out = append(out, int32(i))
		}
	}
	if p.order == 0 {
		return out
	}
	keys := make([]int64, p.items.n)
	for i, t := range p.found {
		switch {
		case t < 0:
			keys[i] = math.MaxInt64
		case p.order == 1:
			keys[i] = b.sorts[t].at
		case p.order == 2:
			keys[i] = -b.sorts[t].size
		default:
			keys[i] = int64(b.sorts[t].kind)
		}
	}
	slices.SortFunc(out, func(x, y int32) int { return cmp.Or(cmp.Compare(keys[x], keys[y]), cmp.Compare(x, y)) })
	return out
}

func (p *findingPage) update(m *model, msg tea.Msg) tea.Cmd {
	if p.find.heeds(msg) {
		p.choose()
		return nil
	}
	switch {
	case is(msg, keys.tab):
		p.upper = !p.upper
	case (p.upper || p.items.n == 0) && p.text.move(msg, 8):
	case !p.upper && p.at.move(msg, p.rows):
	case is(msg, keys.sort):
		p.order = (p.order + 1) % len(eventOrders)
		p.choose()
	case is(msg, keys.filter):
		p.upper = false
		p.find.open()
	case is(msg, keys.enter, keys.trace) && p.shown.len() > 0:
		return p.follow(m)
	case is(msg, keys.left, keys.right):
		n := len(m.book.d.Findings)
		d := 1
		if is(msg, keys.left) {
			d = n - 1
		}
		return m.replace(newFinding(m, (p.index+d)%n))
	case is(msg, keys.findings):
		return m.replace(&findingsPage{at: list{at: p.index}})
	default:
		return openFromResult(m, msg)
	}
	return nil
}

// follow opens the chosen event.
func (p *findingPage) follow(m *model) tea.Cmd {
	x := p.shown.at(p.at.at)
	if x.trace == nil {
		switch x.noun {
		case "order", "posting":
			m.note = "No event belongs to this " + x.noun + ": that is what the finding says."
		default:
			m.note = "This report was cut and does not hold the event. gcdiag trace " + quote(x.id) + " follows it; check --all-events keeps all."
		}
		return nil
	}
	return m.push(newTrace(m, p.shown, p.at.at))
}

func (p *findingPage) view(m *model, u ui) []string {
	text := story(u, m.book, p.f)
	most := max(5, min(len(text), u.h-8, u.h*3/5))
	if p.items.n == 0 {
		most = u.h
	}
	v := u
	out := p.text.view(v, text, most)
	if p.items.n == 0 {
		return out
	}
	out = append(out, u.rule(), p.head(u))
	if l := p.find.line(u); l != "" {
		out = append(out, l)
	}
	if p.shown.len() == 0 {
		return append(out, "   "+paint(u.st.dim, "Nothing matches."))
	}
	p.rows = max(1, u.h-len(out))
	from, to := p.at.window(p.rows)
	for i := from; i < to; i++ {
		out = append(out, eventLine(u, m.book, p.shown.at(i), i == p.at.at && !p.upper))
	}
	return out
}

func (p *findingPage) head(u ui) string {
	text := wording.Plural(max(p.f.Count, len(p.f.Events)), "event")
	if len(p.f.Events) == 0 && p.items.n > 0 {
		text = wording.Plural(max(p.f.Count, 1), p.items.at(0).noun)
	}
	if n := p.f.Downstream.Count; n > 0 {
		text += ", " + wording.Count(n) + " more follow " + u.sign(stuck)
	}
	if total := max(p.f.Count, len(p.f.Events)) + p.f.Downstream.Count; p.items.n < total && len(p.f.Events) > 0 {
		text += ", " + wording.Count(p.items.n) + " listed in this report"
	}
	if p.find.text != "" {
		text = wording.Count(p.shown.len()) + " of " + text
	}
	return u.ends(" "+paint(u.st.bold, u.fit(text, u.w-24)), paint(u.st.dim, fmt.Sprintf("%s, %s/%s", eventOrders[p.order], wording.Count(min(p.at.at+1, p.shown.len())), wording.Count(p.shown.len()))))
}

// eventLine is one event in a list.
func eventLine(u ui, b *book, x item, chosen bool) string {
	if x.trace == nil {
		text := u.cell(x.id, 26) + " "
		switch x.noun {
		case "order", "posting":
			text += x.noun
		default:
			text += x.noun + ", not in this report"
		}
		return u.chosen(chosen, text)
	}
	t := x.trace
	m := markOf(t.Verdict)
	id := min(26, max(14, u.w/5))
	kind := kindName(t.Kind)
	if t.Origin != "" {
		kind += ", " + t.Origin
	}
	kindWidth := min(26, max(16, u.w/5))
	text := u.sign(m) + " " + u.cell(t.Event, id) + " " + u.cell(kind, kindWidth) + " " + u.cellRight(amount(t.Amount, t.Currency, true), 14) + "  " + u.cell(b.when.at(t.At, false), 13)
	if room := u.w - 5 - width(text) - 1; room > 4 {
		rest := strings.TrimSpace(t.Order + " " + t.Card)
		text += " " + u.fit(rest, room)
	}
	if chosen {
		return u.chosen(true, text)
	}
	return u.chosen(false, u.status(m)+strings.TrimPrefix(text, u.sign(m)))
}
