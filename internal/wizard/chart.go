package wizard

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"gcdiag/internal/wording"
)

// chart is when events failed, at which step.
type chart struct {
	points   []point // in order of time
	from, to time.Time
	failing  int // events that fail in all, listed or not
}

type point struct {
	at      time.Time
	step    int
	finding string
}

// open is the step of an event of which the evidence does not tell where it failed.
const open = 0

// chartOf is the chart of what a report lists.
func chartOf(b *book) chart {
	var c chart
	for _, s := range b.d.Steps {
		for _, x := range s.Cells {
			c.failing += x.Fail
		}
	}
	for i := range b.d.Traces {
		t := &b.d.Traces[i]
		if t.Verdict != "fail" {
			continue
		}
		at, _, ok := b.when.parse(t.At)
		if !ok {
			continue
		}
		step := open
		if t.Step != nil && *t.Step >= 1 && *t.Step <= 4 {
			step = *t.Step
		}
		c.points = append(c.points, point{at, step, t.Finding})
	}
	slices.SortStableFunc(c.points, func(a, b point) int { return a.at.Compare(b.at) })
	c.from, _, _ = b.when.parse(b.d.Window.Since)
	c.to, _, _ = b.when.parse(b.d.Window.Until)
	if n := len(c.points); n > 0 {
		if c.from.IsZero() || c.points[0].at.Before(c.from) {
			c.from = c.points[0].at
		}
		if last := c.points[n-1].at; !c.to.After(last) {
			c.to = last.Add(time.Second)
		}
	}
	return c
}

// scale is how time is divided into equal stretches.
type scale struct {
	from time.Time // of the first stretch
	size time.Duration
	n    int
}

// stretches are the lengths that people count in.
var stretches = []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour,
	24 * time.Hour, 2 * 24 * time.Hour, 7 * 24 * time.Hour, 14 * 24 * time.Hour, 28 * 24 * time.Hour, 91 * 24 * time.Hour, 364 * 24 * time.Hour}

// scaleOf divides the chart's time into at most some stretches, from midnight on.
func (c *chart) scaleOf(most int) scale {
	y, m, d := c.from.Date()
	s := scale{from: time.Date(y, m, d, 0, 0, 0, 0, c.from.Location())}
	for _, s.size = range stretches {
		if s.size < 24*time.Hour {
			s.from = c.from.Add(-c.from.Sub(s.from) % s.size)
		}
		if s.n = int((c.to.Sub(s.from) + s.size - 1) / s.size); s.n <= most {
			break
		}
		s.from = time.Date(y, m, d, 0, 0, 0, 0, c.from.Location())
	}
	s.n = max(1, min(s.n, most))
	return s
}

// start is when a stretch begins.
func (s scale) start(i int) time.Time { return s.from.Add(time.Duration(i) * s.size) }

// of is the stretch that a time lies in.
func (s scale) of(at time.Time) int { return max(0, min(s.n-1, int(at.Sub(s.from)/s.size))) }

// count counts the points by step and stretch.
func (c *chart) count(s scale) (counts [5][]int, most int) {
	for i := range counts {
		counts[i] = make([]int, s.n)
	}
	for _, p := range c.points {
		i := s.of(p.at)
		counts[p.step][i]++
		most = max(most, counts[p.step][i])
	}
	return counts, most
}

// chartPage shows failures over time, step by step.
type chartPage struct {
	at int // the stretch that is read out
	scale
	room   int // columns, as last shown
	counts [5][]int
	most   int
}

// fit divides the time into the columns there are, unless that is done.
func (p *chartPage) fit(c *chart, room int) {
	if room == p.room {
		return
	}
	was := p.start(p.at)
	p.scale = c.scaleOf(room)
	p.counts, p.most = c.count(p.scale)
	if p.room == 0 {
		p.at = -1
		p.next(0)
	} else {
		p.at = p.of(was)
	}
	p.room = room
}

// fails counts the failures of a stretch.
func (p *chartPage) fails(i int) int {
	n := 0
	for s := range p.counts {
		n += p.counts[s][i]
	}
	return n
}

// next goes to the next stretch with a failure after one, or stays.
func (p *chartPage) next(after int) {
	for k := range p.n {
		if i := (after + k) % p.n; p.fails(i) > 0 {
			p.at = i
			return
		}
	}
	p.at = max(0, p.at)
}

func newChart(*model) *chartPage { return &chartPage{} }

func (*chartPage) title(*model) string { return "Failures over time" }

func (p *chartPage) keys(m *model) []key.Binding {
	if len(m.book.spans.points) == 0 {
		return []key.Binding{keys.findings, keys.save, keys.back}
	}
	return []key.Binding{shownAs(keys.left, "←→", "read out"), shownAs(keys.top, "g G", "first, last"), as(keys.tab, "next failure"), keys.findings, keys.save, keys.back}
}

func (p *chartPage) update(m *model, msg tea.Msg) tea.Cmd {
	switch {
	case is(msg, keys.left, keys.up):
		p.at = max(0, p.at-1)
	case is(msg, keys.right, keys.down):
		p.at = min(p.n-1, p.at+1)
	case is(msg, keys.top):
		p.at = 0
	case is(msg, keys.bottom):
		p.at = p.n - 1
	case is(msg, keys.tab) && p.n > 0:
		p.next(p.at + 1)
	case is(msg, keys.chart):
	default:
		return openFromResult(m, msg)
	}
	return nil
}

var blocksOf = []rune(" ▁▂▃▄▅▆▇█")

func (p *chartPage) view(m *model, u ui) []string {
	c := &m.book.spans
	if len(c.points) == 0 {
		text := "No event fails in this report: there is nothing to draw."
		if c.failing > 0 {
			text = "This report does not list its failing events: there is nothing to draw."
		}
		return u.para(1, u.st.plain, text)
	}
	const label = 12
	p.fit(c, max(10, u.w-label-5))
	var out []string
	if len(c.points) < c.failing {
		out = append(out, u.para(1, u.st.due, fmt.Sprintf("Drawn from the %s events this report lists, of %s that fail.", wording.Count(len(c.points)), wording.Count(c.failing)))...)
	}
	var total [5]int
	drawn, flat := 0, 0
	for s := range total {
		for _, n := range p.counts[s] {
			total[s] += n
		}
		switch {
		case total[s] > 0:
			drawn++
		case s != open:
			flat++
		}
	}
	wide := max(1, p.room/p.n) // columns of one stretch
	height := max(1, min(8, (u.h-len(out)-8-2*flat)/max(1, drawn)-1))
	for _, s := range []int{1, 2, 3, 4, open} {
		name := "? not told"
		if s != open {
			name = fmt.Sprintf("%d %s", s, stages[s-1])
		}
		name = left(" "+name, label)
		if total[s] == 0 {
			if s != open {
				out = append(out, paint(u.st.bold, name)+paint(u.st.dim, strings.Repeat("·", p.at*wide)+"│"+strings.Repeat("·", p.n*wide-1-p.at*wide)))
				if height > 1 {
					out = append(out, "")
				}
			}
			continue
		}
		for line := height; line >= 1; line-- {
			head, tail := strings.Repeat(" ", label), ""
			switch line {
			case height:
				head = paint(u.st.bold, name)
				tail = " " + paint(u.st.dim, wording.Count(p.most))
				if height == 1 {
					tail = " " + paint(u.st.dim, wording.Count(total[s]))
				}
			case height - 1:
				head = paint(u.st.dim, left("   "+wording.Count(total[s]), label))
			}
			var bar strings.Builder
			for i, n := range p.counts[s] {
				c := p.block(u, n, p.most, line, height, i == p.at)
				bar.WriteRune(c)
				if c == '│' {
					c = ' '
				}
				bar.WriteString(strings.Repeat(string(c), wide-1))
			}
			out = append(out, head+paint(u.st.bad, bar.String())+tail)
		}
		if height > 1 {
			out = append(out, strings.Repeat(" ", label)+paint(u.st.dim, strings.Repeat("─", p.at*wide)+"┴"+strings.Repeat("─", p.n*wide-1-p.at*wide)))
		}
	}
	out = append(out, p.dates(u, label, wide)...)
	return append(out, p.readOut(m.book, u)...)
}

// block is one character of a bar.
func (p *chartPage) block(u ui, n, most, line, height int, here bool) rune {
	if n == 0 {
		if here {
			return '│'
		}
		if height == 1 {
			return '·'
		}
		return ' '
	}
	eighths := max(1, (n*height*8+most-1)/most) - (line-1)*8
	if u.ascii {
		if eighths > 0 {
			return '#'
		}
		return ' '
	}
	if eighths <= 0 && here {
		return '│'
	}
	return blocksOf[min(8, max(0, eighths))]
}

// dates are the days below the chart.
func (p *chartPage) dates(u ui, label, wide int) []string {
	line := []rune(strings.Repeat(" ", label+p.n*wide+8))
	free, last := 0, ""
	for i := range p.n {
		text := p.start(i).Format("2 Jan")
		if at := label + i*wide; at >= free && text != last && i*wide+len(text) <= p.n*wide+4 {
			copy(line[at:], []rune(text))
			free = at + 12
		}
		last = text
	}
	return []string{paint(u.st.dim, strings.TrimRight(string(line), " "))}
}

// readOut says what the chosen stretch holds, and since when findings differ.
func (p *chartPage) readOut(b *book, u ui) []string {
	from, to := p.start(p.at), p.start(p.at+1)
	var parts []string
	for s := 1; s <= 4; s++ {
		if n := p.counts[s][p.at]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s at step %d, %s", wording.Count(n), s, stages[s-1]))
		}
	}
	if n := p.counts[open][p.at]; n > 0 {
		parts = append(parts, wording.Count(n)+" at a step that can't be told")
	}
	text := "no failure"
	if len(parts) > 0 {
		var who []string
		points := b.spans.points
		first, _ := slices.BinarySearchFunc(points, from, func(x point, t time.Time) int { return x.at.Compare(t) })
		for _, x := range points[first:] {
			if !x.at.Before(to) || len(who) > 8 {
				break
			}
			if x.finding != "" && !slices.Contains(who, x.finding) {
				who = append(who, x.finding)
			}
		}
		text = strings.Join(parts, "; ") + " (" + strings.Join(who, ", ") + ")"
	}
	span := from.Format("2 Jan 15:04") + " – " + to.Format("2 Jan 15:04")
	switch {
	case p.size == 24*time.Hour:
		span = from.Format("Mon 2 Jan")
	case p.size > 24*time.Hour:
		span = from.Format("2 Jan") + " – " + to.AddDate(0, 0, -1).Format("2 Jan")
	case from.Format(time.DateOnly) == to.Add(-1).Format(time.DateOnly):
		span = from.Format("2 Jan 15:04") + " – " + to.Format("15:04")
	}
	out := []string{"", " " + paint(u.st.key, span) + "  " + u.fit(text, u.w-width(span)-5)}
	for i := range b.d.Findings {
		f := &b.d.Findings[i]
		if len(out) > 8 {
			break
		}
		if f.Change != nil && f.Class == "fault" {
			until := "to the end"
			if f.Change.Until != "" {
				until = "until " + b.when.at(f.Change.Until, false)
			}
			out = append(out, " "+paint(u.st.dim, u.fit(fmt.Sprintf("%s %s: since %s, %s", f.ID, f.Code, b.when.at(f.Change.Since, false), until), u.w-2)))
		}
	}
	return out
}
