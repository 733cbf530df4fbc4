package wizard

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"gcdiag/internal/report"
	"gcdiag/internal/wording"
)

// findingsPage lists all findings, with the chosen one explained beside or below.
type findingsPage struct {
	at    list
	order int // 0 as ranked, 1 by step, 2 by events
	shown []int
	find  filter
}

var findingOrders = [...]string{"as ranked", "by step", "by number of events"}

func (p *findingsPage) title(m *model) string {
	n := len(m.book.d.Findings)
	if len(p.shown) < n && p.shown != nil {
		return fmt.Sprintf("Findings, %d of %d, %s", len(p.shown), n, findingOrders[p.order])
	}
	return fmt.Sprintf("Findings, %d, %s", n, findingOrders[p.order])
}

func (p *findingsPage) typing() bool { return p.find.on }

func (p *findingsPage) back(m *model) (bool, tea.Cmd) {
	if p.find.close() {
		p.choose(m)
		return true, nil
	}
	return false, nil
}

func (p *findingsPage) keys(*model) []key.Binding {
	if p.find.on {
		return p.find.keys()
	}
	return []key.Binding{arrows("choose"), as(keys.enter, "evidence"), keys.trace, keys.filter, keys.sort, keys.chart, keys.whatif, keys.save, keys.copy, keys.back}
}

// choose settles which findings are shown and in which order.
func (p *findingsPage) choose(m *model) {
	d := &m.book.d
	p.shown = p.shown[:0]
	for i := range d.Findings {
		f := &d.Findings[i]
		if p.find.takes(strings.Join([]string{f.ID, f.Code, f.Title, classText(f.Class), f.Class, where(f), f.Evidence}, " ")) {
			p.shown = append(p.shown, i)
		}
	}
	step := func(i int) int {
		f := &d.Findings[i]
		switch {
		case f.Step != nil:
			return *f.Step
		case len(f.Undetermined) > 0:
			return f.Undetermined[0]
		}
		return 9
	}
	switch p.order {
	case 1:
		slices.SortStableFunc(p.shown, func(a, b int) int { return cmp.Compare(step(a), step(b)) })
	case 2:
		slices.SortStableFunc(p.shown, func(a, b int) int { return cmp.Compare(d.Findings[b].Count, d.Findings[a].Count) })
	}
	p.at.clamp(len(p.shown))
}

func (p *findingsPage) update(m *model, msg tea.Msg) tea.Cmd {
	if p.shown == nil {
		p.choose(m)
	}
	if p.find.heeds(msg) {
		p.choose(m)
		return nil
	}
	switch {
	case p.at.move(msg, 10):
	case is(msg, keys.sort):
		p.order = (p.order + 1) % len(findingOrders)
		p.choose(m)
	case is(msg, keys.filter):
		p.find.open()
	case is(msg, keys.enter) && len(p.shown) > 0:
		return m.push(newFinding(m, p.shown[p.at.at]))
	case is(msg, keys.trace) && len(p.shown) > 0:
		return traceFinding(m, p.shown[p.at.at])
	case is(msg, keys.findings):
	default:
		return openFromResult(m, msg)
	}
	return nil
}

func (p *findingsPage) view(m *model, u ui) []string {
	if p.shown == nil {
		p.choose(m)
	}
	var out []string
	if l := p.find.line(u); l != "" {
		out = append(out, l)
	}
	if len(p.shown) == 0 {
		return append(out, " "+paint(u.st.dim, "No finding matches."))
	}
	rows := max(3, min(len(p.shown), (u.h-len(out))/2))
	from, to := p.at.window(rows)
	for i := from; i < to; i++ {
		out = append(out, findingLine(u, &m.book.d.Findings[p.shown[i]], i == p.at.at))
	}
	if rest := len(p.shown) - (to - from); rest > 0 {
		out = append(out, "   "+paint(u.st.dim, fmt.Sprintf("%d–%d of %d", from+1, to, len(p.shown))))
	}
	out = append(out, u.rule())
	return append(out, story(u, m.book, &m.book.d.Findings[p.shown[p.at.at]])...)
}

// findingLine is one finding in a list.
func findingLine(u ui, f *report.Finding, chosen bool) string {
	m := unknown
	switch f.Class {
	case "fault":
		m = failed
	case "benign-shape", "out-of-scope":
		m = passed
	case "timing":
		m = inFlight
	}
	money := ""
	if !wording.Zero(f.Drift) {
		money = u.fit(sums(f.Drift, true), 24)
	}
	n := ""
	if f.Count > 0 {
		n = wording.Count(f.Count)
	}
	spot := place(f)
	text := fmt.Sprintf("%s %s %s %s ", u.cell(f.ID, 4), u.sign(m), u.cell(spot, 10), right(n, 7))
	room := u.w - 5 - width(text) - 1
	if money != "" {
		room -= width(money) + 1
	}
	text += " " + left(u.fit(f.Title, room-1), room-1)
	if money != "" {
		text += " " + money
	}
	if chosen {
		return u.chosen(true, text)
	}
	return u.chosen(false, strings.Replace(text, " "+u.sign(m)+" ", " "+u.status(m)+" ", 1))
}

// story is all that a finding says.
func story(u ui, b *book, f *report.Finding) []string {
	const label = 11
	var out []string
	out = append(out, u.para(1, u.st.bold, f.ID+" "+f.Title)...)
	tags := []string{f.Code, classText(f.Class)}
	if w := where(f); w != "" {
		tags = append(tags, w)
	}
	if len(f.Systems) > 0 {
		tags = append(tags, strings.Join(f.Systems, ", "))
	}
	out = append(out, u.para(1, u.st.dim, strings.Join(tags, " · "))...)
	add := func(name, text string) { out = append(out, u.labelled(1, label, name, text, 30)...) }
	if !said(f.Title, f.Cause) {
		add("Cause", f.Cause)
	}
	add("Shared", shared(f))
	add("Since", b.when.since(f))
	add("Evidence", evidence(f.Evidence))
	if a := sums(f.Amount, true); a != "" && f.Count > 0 {
		add("Events", wording.Count(f.Count)+", owed "+a)
	}
	if n := f.Downstream.Count; n > 0 {
		text := wording.Plural(n, "movement") + " of the same cards"
		if a := sums(f.Downstream.Amount, true); a != "" {
			text += " (" + a + ")"
		}
		add("Follow", text)
	}
	if f.Class == "fault" || !wording.Zero(f.Drift) {
		add("Drift", sums(f.Drift, true))
	}
	if r := f.Remaining; r != nil {
		drift, open := "no drift", "no open exception"
		if !wording.Zero(r.Drift) {
			drift = "a drift of " + sums(r.Drift, true)
		}
		if r.Exceptions > 0 {
			open = wording.Plural(r.Exceptions, "open exception")
		}
		add("Repaired", "this alone leaves "+drift+" and "+open)
	}
	add("Next", f.Hint)
	if !strings.Contains(f.Hint, f.Settle) {
		add("Settled by", f.Settle)
	}
	for _, q := range b.d.Repair.Questions {
		if q.Finding == f.ID {
			add("Ask", q.Whom+": "+q.Ask)
		}
	}
	return out
}
