package wizard

import (
	"fmt"
	"strings"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/lipgloss"

	"gcdiag/internal/report"
	"gcdiag/internal/wording"
)

// resultPage is the verdict on one screen: the pipeline, kinds by steps, and of
// one finding after the other why, how much and what next.
type resultPage struct {
	at  list
	top scroll
}

func (*resultPage) title(*model) string { return "" }

func (*resultPage) keys(m *model) []key.Binding {
	if len(m.book.d.Findings) == 0 {
		return []key.Binding{keys.save, keys.copy, keys.chart}
	}
	return []key.Binding{arrows("findings"), as(keys.enter, "evidence"), keys.trace, keys.save, keys.copy, keys.chart, keys.whatif, keys.findings,
		shownAs(keys.pageDown, "pgdn", "more")}
}

func (p *resultPage) update(m *model, msg tea.Msg) tea.Cmd {
	d := &m.book.d
	p.at.clamp(len(d.Findings))
	switch {
	case is(msg, keys.pageUp, keys.pageDown):
		p.top.move(msg, 8)
	case p.at.move(msg, 1):
		p.top.top = 0
	case is(msg, keys.enter) && len(d.Findings) > 0:
		return m.push(newFinding(m, p.at.at))
	case is(msg, keys.trace) && len(d.Findings) > 0:
		return traceFinding(m, p.at.at)
	default:
		return openFromResult(m, msg)
	}
	return nil
}

// openFromResult heeds the keys that the result and the findings share.
func openFromResult(m *model, msg tea.Msg) tea.Cmd {
	switch {
	case is(msg, keys.findings):
		return m.push(&findingsPage{})
	case is(msg, keys.save):
		return m.push(newSave(m))
	case is(msg, keys.copy):
		return m.copyText("summary", summary(&m.book.d))
	case is(msg, keys.chart):
		return m.push(newChart(m))
	case is(msg, keys.whatif):
		return m.push(newWhatif(m))
	}
	return nil
}

// traceFinding opens the first event of a finding that the report holds.
func traceFinding(m *model, finding int) tea.Cmd {
	items := m.book.itemsOf(&m.book.d.Findings[finding])
	for i := range min(items.n, 10_000) {
		if items.at(i).trace != nil {
			return m.push(newTrace(m, choice{of: items}, i))
		}
	}
	m.note = "The report holds no event of " + m.book.d.Findings[finding].ID + " to follow."
	return nil
}

// density is how much is said on the page.
type density struct {
	list   bool // all findings below
	all    bool // also the kinds that pass everywhere, each on its line, and a legend
	blanks int  // empty lines, the most useful first
	text   int  // lines of a text at most
	shared bool
	basis  bool // the evidence
	rows   int  // of the matrix at most; 0 for all
}

// densities are tried in turn until the page fits. What does not fit even then
// is scrolled to.
var densities = []density{
	{list: true, all: true, blanks: 4, text: 8, shared: true, basis: true}, {list: true, all: true, blanks: 4, text: 5, shared: true, basis: true},
	{all: true, blanks: 4, text: 8, shared: true, basis: true}, {blanks: 4, text: 8, shared: true, basis: true}, {blanks: 3, text: 6, shared: true, basis: true},
	{blanks: 3, text: 5, shared: true}, {blanks: 2, text: 4, shared: true}, {blanks: 1, text: 4, shared: true}, {blanks: 1, text: 3, shared: true},
	{text: 3, shared: true}, {text: 3}, {text: 2}, {text: 2, rows: 5}, {text: 2, rows: 3}, {text: 1, rows: 2},
}

func (p *resultPage) view(m *model, u ui) []string {
	p.at.clamp(len(m.book.d.Findings))
	var lines []string
	for _, y := range densities {
		if lines = p.layout(m, u, y); len(lines) <= u.h {
			p.top.top = 0
			return lines
		}
	}
	return p.top.view(u, lines, u.h)
}

func (p *resultPage) layout(m *model, u ui, y density) []string {
	b, st := m.book, u.st
	d := &b.d
	var out []string
	blank := func(rank int) {
		if rank <= y.blanks {
			out = append(out, "")
		}
	}
	note := basis(d.Run.Mode)
	if !d.Run.Complete {
		if note != "" {
			note += "; "
		}
		note += "PARTIAL: not all was read"
	}
	out = append(out, pipeline(u, b, note)...)
	blank(2)
	if len(b.rows) > 0 {
		out = append(out, matrix(u, b.rows, y.all, y.rows)...)
	} else {
		out = append(out, questions(u, d)...)
	}
	blank(1)
	out = append(out, headline(u, d)...)
	const label = 10
	if len(d.Findings) > 0 {
		blank(3)
		f := &d.Findings[p.at.at]
		out = append(out, cardHead(u, f, len(d.Findings)))
		if !said(d.Outcome.Headline, f.Title) {
			out = append(out, u.paraMost(1, min(2, y.text), st.bold, f.Title)...)
		}
		if !said(f.Title, f.Cause) {
			out = append(out, u.labelled(1, label, "Cause", f.Cause, y.text)...)
		}
		if y.shared {
			out = append(out, u.labelled(1, label, "Shared", shared(f), min(3, y.text-1))...)
			out = append(out, u.labelled(1, label, "Since", b.when.since(f), 1)...)
		}
		if y.basis {
			out = append(out, u.labelled(1, label, "Evidence", evidence(f.Evidence), 1)...)
		}
		blank(4)
	}
	for i, x := range d.Drift {
		name := ""
		if i == 0 {
			name = "Drift"
		}
		out = append(out, u.labelled(1, label, name, driftLine(x, y.text < 4), min(3, y.text))...)
	}
	next := d.Outcome.Next
	if len(d.Findings) > 0 && p.at.at > 0 {
		next = d.Findings[p.at.at].Hint
		if next == "" {
			next = d.Findings[p.at.at].Settle
		}
	}
	out = append(out, u.labelled(1, label, "Next", next, y.text)...)
	if y.list && len(d.Findings) > 1 {
		out = append(out, "")
		rows := max(3, min(len(d.Findings), u.h-len(out)-1))
		from, to := p.at.window(rows)
		for i := from; i < to; i++ {
			out = append(out, findingLine(u, &d.Findings[i], i == p.at.at))
		}
	}
	return out
}

// headline is the verdict and what it says, as one paragraph.
func headline(u ui, d *report.Document) []string {
	st := u.st.alarm
	switch d.Outcome.Status {
	case "sound":
		st = u.st.fine
	case "inconclusive":
		st = u.st.due
	}
	v := verdict(d.Outcome) + "."
	if d.Outcome.Status == "sound" {
		v = u.sign(passed) + " THE HANDOFF IS SOUND."
	}
	text := strings.TrimPrefix(d.Outcome.Headline, "The handoff is sound: ")
	if text == "" {
		return u.para(1, st, v)
	}
	rest := len(u.clean(v))
	var out []string
	for _, l := range u.wrap(v+" "+strings.ToUpper(text[:1])+text[1:], u.w-2) {
		n := min(rest, len(l))
		out = append(out, " "+paint(st, l[:n])+paint(u.st.bold, l[n:]))
		rest = max(0, rest-len(l)-1)
	}
	return out
}

// cardHead says which finding is shown.
func cardHead(u ui, f *report.Finding, n int) string {
	var parts []string
	if w := place(f); w != "" {
		parts = append(parts, w)
	}
	parts = append(parts, f.Code, f.Evidence)
	if f.Class != "fault" {
		parts = append(parts, classText(f.Class))
	}
	if f.Count > 0 {
		text := wording.Plural(f.Count, "event")
		if len(f.Events) == 0 {
			text = wording.Count(f.Count)
		}
		if k := f.Downstream.Count; k > 0 {
			text += ", " + wording.Count(k) + " " + u.sign(stuck)
		}
		parts = append(parts, text)
	}
	head := fmt.Sprintf("%s/%d", u.fit(f.ID, 8), n)
	text := " " + paint(u.st.key, head) + " "
	money := ""
	if !wording.Zero(f.Drift) {
		money = u.clean(sums(f.Drift, true))
	}
	room := u.w - width(head) - 4
	if money != "" && room-width(money)-2 > 30 {
		room -= width(money) + 2
	} else {
		money = ""
	}
	return u.ends(text+paint(u.st.dim, u.fit("· "+strings.Join(parts, " · "), room)), paint(u.st.bold, money))
}

// pipeline is the way of an event through the systems with the steps' marks on
// it, and the window to the right, or below with the note.
func pipeline(u ui, b *book, note string) []string {
	list := b.stations()
	step := func(n int) (text, painted string) {
		s := list[n-1].status
		return fmt.Sprintf("%d%s", n, u.sign(s)), paint(u.st.dim, fmt.Sprint(n)) + u.status(s)
	}
	period := u.clean(b.when.period(b.d.Window))
	lay := func(dash string, longest int) (string, int) {
		var line strings.Builder
		n := 0
		put := func(text, painted string) {
			n += width(text)
			line.WriteString(painted)
		}
		d := func(s string) { put(s, paint(u.st.dim, s)) }
		for i, s := range list {
			name := u.fit(s.name, longest)
			put(name, paint(u.st.bold, name))
			if i == 3 {
				break
			}
			d(" " + dash)
			put(step(i + 1))
			if i == 2 {
				d(dash[:len("─")])
				put(step(4))
			}
			d(dash + "▶ ")
		}
		return " " + line.String(), n + 1
	}
	var line string
	n := 0
	for _, try := range []struct {
		dash string
		most int
		with bool
	}{{"──", 26, true}, {"─", 26, true}, {"─", 20, true}, {"──", 26, false}, {"─", 20, false}, {"─", 14, false}, {"─", 10, false}, {"─", 7, false}} {
		line, n = lay(try.dash, try.most)
		if try.with && n+3+width(period) < u.w {
			out := []string{u.ends(line, paint(u.st.dim, period))}
			if note != "" {
				out = append(out, u.para(1, u.st.due, note)...)
			}
			return out
		}
		if !try.with && n < u.w {
			break
		}
	}
	below := paint(u.st.dim, period)
	switch {
	case period == "" && note == "":
		return []string{line}
	case note != "" && period != "":
		below += paint(u.st.dim, " · ") + paint(u.st.due, u.fit(note, u.w-width(period)-5))
	case note != "":
		below = paint(u.st.due, u.fit(note, u.w-2))
	}
	return []string{line, " " + below}
}

// widths are the columns that the numbers of each step and mark take.
type widths [4][len(marks)]int

func widthsOf(rows []row) widths {
	var w widths
	for _, r := range rows {
		for s, t := range r.steps {
			for m := range marks {
				if t.shows(mark(m)) {
					w[s][m] = max(w[s][m], width(wording.Count(t[m])))
				}
			}
		}
	}
	return w
}

// tallyCell is one tally in a step's columns: plain, and painted.
func (u ui) tallyCell(t tally, w [len(marks)]int) (text, painted string) {
	if t.shows(notReached) {
		sign := strings.Repeat(" ", w[passed]) + " " + u.sign(notReached)
		if w[passed] == 0 {
			sign = u.sign(notReached)
		}
		return sign, paint(u.st.dim, sign)
	}
	var a, b []string
	for m := passed; m < notReached; m++ {
		if w[m] == 0 {
			continue
		}
		n, sign := strings.Repeat(" ", w[m]+2), ""
		if t.shows(m) {
			n, sign = right(wording.Count(t[m]), w[m])+" ", u.sign(m)
		}
		a, b = append(a, n+sign), append(b, n+paint(u.st.of(m), sign))
	}
	text = strings.TrimRight(strings.Join(a, " "), " ")
	return text, strings.Join(b, " ")
}

// matrix is kinds by steps with their counts, and what failed in money. All
// gives clean rows their own lines; most cuts the number of rows, 0 for no cut.
func matrix(u ui, rows []row, all bool, most int) []string {
	shown, passing := rows, row{}
	if !all {
		shown = nil
		n := 0
		for _, r := range rows {
			if r.clean() {
				n++
				passing.add(r)
			} else {
				shown = append(shown, r)
			}
		}
		switch {
		case n == 1 && len(shown) < 4:
			shown, passing = rows, row{}
		case n > 0:
			passing.kind = "everything else"
			if len(shown) == 0 {
				passing.kind = "everything"
			}
			passing.origins = nil
			shown = append(shown, passing)
		}
	}
	if most > 0 && len(shown) > most {
		rest := row{kind: wording.Plural(len(shown)-most+1, "further row")}
		for _, r := range shown[most-1:] {
			rest.add(r)
		}
		rest.origins = nil
		shown = append(shown[:most-1:most-1], rest)
	}
	cols := widthsOf(shown)
	label, money := 0, 0
	amounts := make([]string, len(shown))
	for i, r := range shown {
		label = max(label, width(u.clean(r.label())))
		amounts[i] = u.clean(sums(r.failing, true))
		money = max(money, width(amounts[i]))
	}
	if money > 0 {
		money = max(money, len("failing"))
	}
	var heads [4]string
	var wide [4]int
	total := 0
	for s := range stages {
		heads[s] = fmt.Sprintf("%d %s", s+1, stages[s])
		wide[s] = len(heads[s])
		for _, r := range shown {
			text, _ := u.tallyCell(r.steps[s], cols[s])
			wide[s] = max(wide[s], width(text))
		}
		total += wide[s]
	}
	for _, try := range []struct{ gap, label, money int }{{4, 30, money}, {3, 30, money}, {2, 26, money}, {2, 22, money}, {3, 26, 0}, {2, 22, 0}, {1, 18, 0}, {1, 14, 0}} {
		l := min(label, try.label)
		need := 2 + l + total + 4*try.gap
		if try.money > 0 {
			need += try.gap + try.money
		}
		if need > u.w && !(try.gap == 1 && try.label == 14) {
			continue
		}
		space := strings.Repeat(" ", try.gap)
		head := " " + strings.Repeat(" ", l)
		for s, h := range heads {
			head += space + left(h, wide[s])
		}
		if try.money > 0 {
			head += space + right("failing", try.money)
		}
		if need > u.w { // too many numbers for a table: one block a kind
			return blocks(u, shown, cols, heads)
		}
		out := []string{paint(u.st.dim, strings.TrimRight(head, " "))}
		for i, r := range shown {
			line := " " + u.cell(r.label(), l)
			for s := range stages {
				text, painted := u.tallyCell(r.steps[s], cols[s])
				line += space + painted
				if short := wide[s] - width(text); short > 0 {
					line += strings.Repeat(" ", wide[s]-max(width(text), width(painted)))
				}
			}
			if try.money > 0 {
				line += space + right(amounts[i], try.money)
			}
			out = append(out, line)
		}
		if all {
			out = append(out, legend(u, shown)...)
		}
		return out
	}
	return nil
}

// blocks are the rows of a matrix below each other, for narrow screens.
func blocks(u ui, rows []row, cols widths, heads [4]string) []string {
	var out []string
	for _, r := range rows {
		out = append(out, " "+paint(u.st.bold, u.fit(r.label(), u.w-2)))
		for s := range stages {
			_, painted := u.tallyCell(r.steps[s], cols[s])
			out = append(out, "   "+left(heads[s], 12)+painted)
		}
	}
	return out
}

// legend explains the marks that are not read at a glance, where they occur.
func legend(u ui, rows []row) []string {
	var words []string
	for m := stuck; m <= notReached; m++ {
		for _, r := range rows {
			if r.steps[0].shows(m) || r.steps[1].shows(m) || r.steps[2].shows(m) || r.steps[3].shows(m) {
				words = append(words, u.sign(m)+" "+marks[m].word)
				break
			}
		}
	}
	if len(words) == 0 {
		return nil
	}
	return u.para(1, u.st.dim, strings.Join(words, "; "))
}

// questions are the four questions with their answers, for a report that counts
// no events.
func questions(u ui, d *report.Document) []string {
	var out []string
	for _, s := range d.Steps {
		answer := s.Answer
		if answer == "" {
			answer = s.Question
		}
		m := markOf(s.Status)
		head := fmt.Sprintf("%d %s", s.Step, s.Stage)
		v := u
		v.w = u.w - 16
		for i, l := range v.paraMost(0, 3, lipgloss.NewStyle(), answer) {
			if i == 0 {
				out = append(out, " "+u.status(m)+" "+paint(u.st.bold, left(head, 12))+" "+l)
			} else {
				out = append(out, strings.Repeat(" ", 16)+l)
			}
		}
	}
	return out
}
