package render

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"gcdiag/internal/report"
)

// lanes are the three systems of a timeline and the stages that belong to each.
var lanes = [3]struct {
	name   string
	stages []string
}{
	{"platform", []string{"emit"}},
	{"integration", []string{"forward"}},
	{"ERP", []string{"arrive", "classify"}},
}

func laneOf(stage string) int {
	for i, l := range lanes {
		if slices.Contains(l.stages, stage) {
			return i
		}
	}
	return 0
}

// Trace writes traces, oldest first, each as a timeline: one lane per system,
// the time of each hop and what passed between hops, how the records were
// matched, and the hops at which nothing was found. Times stay in the zone they
// are written in. With Verbose the records follow, column by column.
func Trace(w io.Writer, traces []report.Trace, o Options) error {
	p := newPage(o)
	if len(traces) == 0 {
		p.para(1, plain, "No such event, order or card in these records.")
		return p.writeTo(w)
	}
	list := slices.Clone(traces)
	slices.SortStableFunc(list, func(a, b report.Trace) int {
		x, _, okx := p.when.parse(a.At)
		y, _, oky := p.when.parse(b.At)
		if !okx || !oky {
			return 0
		}
		return x.Compare(y)
	})
	if at, _, ok := p.when.parse(list[len(list)-1].At); ok {
		p.when.year = at.Year()
	}
	if len(list) > 1 {
		p.para(1, bold, plural(len(list), "transaction")+", oldest first")
		p.blank()
	}
	for i, t := range list {
		if i > 0 {
			p.blank()
		}
		p.timeline(t)
	}
	return p.writeTo(w)
}

// verdictOf is a trace's verdict as words.
func verdictOf(t report.Trace) string {
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
		text = "sound itself, stuck behind another event"
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

func (p *page) timeline(t report.Trace) {
	kind := kindName(t.Kind)
	if t.Origin != "" {
		kind += " (" + t.Origin + ")"
	}
	head := []string{t.Event, kind, amount(t.Amount, t.Currency, true, true), t.Card}
	if t.Order != "" {
		head = append(head, "order"+nbsp+t.Order)
	}
	head = slices.DeleteFunc(head, func(s string) bool { return s == "" })
	p.para(1, bold, strings.Join(head, " · "))
	p.para(1, marks[markOf(t.Verdict)].style, verdictOf(t))
	if !slices.ContainsFunc(t.Hops, func(h report.Hop) bool { return said(h.Note, t.Note) }) && t.Note != "" {
		p.para(1, plain, t.Note)
	}
	p.blank()

	gutter := len("23 Nov 09:12:05")
	for _, h := range t.Hops {
		gutter = max(gutter, width(p.clean(p.moment(h.At))))
	}
	gutter = min(gutter, 20)
	lane := (p.o.Width - 1 - gutter - 3*2) / 3
	at := func(gut string, st style, in int, text string) {
		line := " " + p.paint(dim, right(p.fit(gut, gutter), gutter))
		if text != "" {
			line += strings.Repeat(" ", 2+in*(lane+2)) + p.paint(st, text)
		}
		p.raw(line)
	}
	p.laneHeads(t, gutter, lane)

	var last time.Time
	lastLane, lastDate, known := 0, false, false
	for _, h := range t.Hops {
		in := laneOf(h.Stage)
		when, date, ok := p.when.parse(h.At)
		if ok && known {
			at(between(last, when, date || lastDate), dim, lastLane, p.clean("│"))
		}
		m := markOf(h.Status)
		gut := p.moment(h.At)
		if h.At == "" && h.Record != "" {
			gut = "no time"
		}
		var lines []string
		switch h.Status {
		case "not-reached":
			lines = p.wrap("not reached", lane-2)
		default:
			if h.Record != "" {
				lines = append(lines, p.wrap(h.Record, lane-2)...)
			} else if h.Status != "pass" {
				lines = append(lines, p.wrap("nothing found", lane-2)...)
			}
			if h.MatchedBy != "" {
				lines = append(lines, p.wrap("by "+h.MatchedBy, lane-2)...)
			}
		}
		if h.Note != "" {
			lines = append(lines, p.wrap(h.Note, lane-2)...)
		}
		st := marks[m].style
		at(gut, st, in, p.sign(m)+" "+p.fit(h.Stage, lane-2))
		for _, l := range lines {
			at("", plain, in, "  "+l)
		}
		if ok {
			last, lastDate, known, lastLane = when, date, true, in
		}
	}
	p.records(t)
}

// moment is a time to the second.
func (p *page) moment(s string) string { return p.when.moment(s) }

// laneHeads writes the lanes' names and the systems seen in each.
func (p *page) laneHeads(t report.Trace, gutter, lane int) {
	var names, systems, rules [3]string
	for i, l := range lanes {
		var seen []string
		for _, h := range t.Hops {
			if h.System != "" && laneOf(h.Stage) == i && !slices.Contains(seen, h.System) {
				seen = append(seen, h.System)
			}
		}
		names[i] = p.fit(strings.ToUpper(l.name), lane)
		systems[i] = p.fit(strings.Join(seen, ", "), lane)
		rules[i] = p.clean(strings.Repeat("─", lane))
	}
	for n, row := range [][3]string{names, systems, rules} {
		line := strings.Repeat(" ", 1+gutter)
		for _, cell := range row {
			line += "  " + left(cell, lane)
		}
		p.raw(p.paint([]style{bold, plain, dim}[n], strings.TrimRight(line, " ")))
	}
}

// records writes what a trace rests on.
func (p *page) records(t report.Trace) {
	if !p.o.Verbose || len(t.Records) == 0 {
		return
	}
	p.blank()
	for _, r := range t.Records {
		var fields []string
		for _, f := range r.Fields {
			value := f.Value
			if strings.ContainsAny(value, " \"=") {
				value = `"` + value + `"`
			}
			fields = append(fields, f.Name+"="+value)
		}
		p.para(1, dim, fmt.Sprintf("%s, %s, %s", r.Place, r.System, r.Record))
		p.para(3, plain, strings.Join(fields, "  "))
	}
}
