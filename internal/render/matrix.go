package render

import (
	"fmt"
	"slices"
	"strings"

	"gcdiag/internal/report"
	"gcdiag/internal/wording"
)

// tally counts the events of one cell by what became of them, in the order in
// which they are shown.
type tally struct {
	n [len(marks)]int
}

// marks are the signs of a tally's counts: pass, fail, downstream,
// inconclusive, in flight, not reached.
var marks = [6]struct {
	sign  string
	style style
	word  string
}{
	{"✓", green, "pass"},
	{"✗", red, "fail"},
	{"↩", yellow, "stuck behind a failing event"},
	{"?", yellow, "can't be told"},
	{"…", cyan, "in flight"},
	{"·", dim, "not reached, or not checked"},
}

const (
	passed = iota
	failed
	downstream
	inconclusive
	inFlight
	notReached
)

// asciiSigns stand for marks where nothing beyond ASCII is allowed.
var asciiSigns = [len(marks)]string{"+", "x", "<", "?", "~", "-"}

func (p *page) sign(mark int) string {
	if p.o.ASCII {
		return asciiSigns[mark]
	}
	return marks[mark].sign
}

// markOf is the mark of a step's or hop's status.
func markOf(status string) int {
	switch status {
	case "pass":
		return passed
	case "fail":
		return failed
	case "downstream":
		return downstream
	case "in-flight":
		return inFlight
	case "not-checked", "not-reached", "excluded":
		return notReached
	}
	return inconclusive
}

func (t *tally) add(c report.Cell) {
	for i, n := range [len(marks)]int{c.Pass, c.Fail, c.Downstream, c.Inconclusive, c.InFlight, c.NotReached} {
		t.n[i] += n
	}
}

// differs reports whether two tallies amount to different verdicts.
func (t tally) differs(o tally) bool {
	for _, i := range []int{failed, downstream, inconclusive} {
		if t.n[i] > 0 != (o.n[i] > 0) {
			return true
		}
	}
	return false
}

// row is one kind, or some of its origins, over the four steps.
type row struct {
	kind    string
	origins []string // empty: all
	steps   [4]tally
	failing map[string]string // the failing events' money, all steps together
	money   [4]map[string]string
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

// perOrigin are the document's cells with one row for each kind and origin, in
// the usual order of kinds.
func perOrigin(d report.Document) []row {
	var all []row
	find := func(c report.Cell) *row {
		for i := range all {
			if all[i].kind == c.Kind && all[i].origins[0] == c.Origin {
				return &all[i]
			}
		}
		all = append(all, row{kind: c.Kind, origins: []string{c.Origin}})
		return &all[len(all)-1]
	}
	for _, s := range d.Steps {
		if s.Step < 1 || s.Step > 4 {
			continue
		}
		for _, c := range s.Cells {
			r := find(c)
			r.steps[s.Step-1].add(c)
			if c.Fail > 0 {
				r.failing = wording.Add(r.failing, c.Amount)
				r.money[s.Step-1] = wording.Add(r.money[s.Step-1], c.Amount)
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
	return all
}

// rows are the document's cells by kind, in the usual order of kinds. The
// origins of a kind share a row where their verdicts agree at every step.
func rows(d report.Document) []row {
	var out []row
	perKind := map[string]int{}
	for _, r := range perOrigin(d) {
		i := slices.IndexFunc(out, func(o row) bool {
			if o.kind != r.kind {
				return false
			}
			for s := range r.steps {
				if r.steps[s].differs(o.steps[s]) {
					return false
				}
			}
			return true
		})
		if i < 0 {
			out = append(out, r)
			perKind[r.kind]++
			continue
		}
		o := &out[i]
		o.origins = append(o.origins, r.origins...)
		for s := range r.steps {
			for m, n := range r.steps[s].n {
				o.steps[s].n[m] += n
			}
		}
		o.failing = wording.Add(o.failing, r.failing)
		for s := range r.money {
			o.money[s] = wording.Add(o.money[s], r.money[s])
		}
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

// shows reports whether a count takes part in a cell: zeros don't, and what was
// not reached only where there is nothing else to say.
func (t tally) shows(mark int) bool {
	if mark != notReached {
		return t.n[mark] > 0
	}
	return t.n == tally{}.n || t.n[notReached] > 0 && t.n == [len(marks)]int{notReached: t.n[notReached]}
}

// columns are the widths of the numbers of each step and mark; 0 where no row
// shows the mark.
type columns [4][len(marks)]int

func columnsOf(list []row) columns {
	var c columns
	for _, r := range list {
		for s, t := range r.steps {
			for m := range marks {
				if t.shows(m) {
					c[s][m] = max(c[s][m], width(wording.Count(t.n[m])))
				}
			}
		}
	}
	return c
}

// cell is one tally laid out in a step's columns: plain text, and painted.
func (p *page) cell(t tally, w [len(marks)]int) (text, painted string) {
	if t.shows(notReached) {
		return p.sign(notReached), p.paint(dim, p.sign(notReached))
	}
	var a, b []string
	for m := range notReached {
		n := strings.Repeat(" ", w[m]+2)
		sign := ""
		if t.shows(m) {
			n, sign = right(wording.Count(t.n[m]), w[m])+" ", p.sign(m)
		}
		if w[m] > 0 {
			a, b = append(a, n+sign), append(b, n+p.paint(marks[m].style, sign))
		}
	}
	return strings.Join(a, " "), strings.Join(b, " ")
}

// matrix writes kinds by steps, or one block per kind where the width does not
// allow a table.
func (p *page) matrix(d report.Document) {
	list := rows(d)
	if len(list) == 0 {
		return
	}
	p.blank()
	cols := columnsOf(list)
	label, money := 0, 0
	amounts := make([]string, len(list))
	for i, r := range list {
		label = max(label, width(p.clean(r.label())))
		amounts[i] = p.clean(sums(r.failing, true, true))
		money = max(money, width(amounts[i]))
	}
	if money > 0 {
		money = max(money, len("failing"))
	}
	heads := [4]string{}
	var widths [4]int
	total := 0
	for s, name := range stages {
		heads[s] = fmt.Sprintf("%d %s", s+1, name)
		widths[s] = len(heads[s])
		for _, r := range list {
			text, _ := p.cell(r.steps[s], cols[s])
			widths[s] = max(widths[s], width(text))
		}
		total += widths[s]
	}
	for _, try := range []struct{ gap, label, money int }{{3, 26, money}, {2, 26, money}, {2, 26, 0}, {2, 16, 0}, {1, 14, 0}} {
		l := min(label, try.label)
		need := 1 + l + total + 4*try.gap
		if try.money > 0 {
			need += try.gap + try.money
		}
		if need <= p.o.Width {
			p.table(list, amounts, heads, widths, cols, l, try.gap, try.money)
			p.legend(list)
			return
		}
	}
	for i, r := range list {
		cols := columnsOf([]row{r})
		const everywhere = " at all four steps"
		text, painted := p.cell(r.steps[0], cols[0])
		room := p.o.Width - len(" : ") - width(text) - len(everywhere)
		if r.steps == [4]tally{r.steps[0], r.steps[0], r.steps[0], r.steps[0]} && room >= 16 {
			p.raw(" ", p.paint(bold, p.fit(r.label(), room)), ": ", painted, everywhere)
			continue
		}
		p.raw(" ", p.paint(bold, p.fit(r.label(), p.o.Width-1)))
		for s := range stages {
			text, painted := p.cell(r.steps[s], cols[s])
			if 15+width(text) > p.o.Width {
				p.para(3, plain, heads[s]+" "+text)
				continue
			}
			p.raw("   ", left(heads[s], 12), painted)
		}
		if amounts[i] != "" {
			p.para(3, plain, "failing "+amounts[i])
		}
	}
	p.legend(list)
}

func (p *page) table(list []row, amounts []string, heads [4]string, widths [4]int, cols columns, label, gap, money int) {
	space := strings.Repeat(" ", gap)
	line := " " + strings.Repeat(" ", label)
	for s, h := range heads {
		line += space + left(h, widths[s])
	}
	if money > 0 {
		line += space + right("failing", money)
	}
	p.raw(p.paint(dim, line))
	for i, r := range list {
		line := " " + left(p.fit(r.label(), label), label)
		for s := range stages {
			text, painted := p.cell(r.steps[s], cols[s])
			line += space + painted + strings.Repeat(" ", widths[s]-width(text))
		}
		if money > 0 {
			line += space + right(amounts[i], money)
		}
		p.raw(line)
	}
}

// legend explains the marks that are not read at a glance, where they occur.
func (p *page) legend(list []row) {
	var words []string
	for m := downstream; m < len(marks); m++ {
		if slices.ContainsFunc(list, func(r row) bool {
			return slices.ContainsFunc(r.steps[:], func(t tally) bool { return t.shows(m) })
		}) {
			words = append(words, p.sign(m)+nbsp+glue(marks[m].word))
		}
	}
	if len(words) > 0 {
		p.para(1, dim, strings.Join(words, "; "))
	}
}
