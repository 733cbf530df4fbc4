package render

import (
	"io"

	"gcdiag/internal/report"
	"gcdiag/internal/wording"
)

// Diff writes what changed from one report to another, the verdict first.
func Diff(w io.Writer, d report.Difference, o Options) error {
	p := newPage(o)
	p.when = calendar{}
	if d.Same {
		p.para(1, fine, "SAME VERDICT")
	} else {
		p.para(1, alarm, "ANOTHER VERDICT")
	}
	if len(d.Notes) > 0 {
		p.heading("The two reports do not look at the same thing")
		for _, n := range d.Notes {
			p.para(3, plain, n)
		}
	}
	p.changes("Outcome", d.Outcome)
	p.changes("Steps", d.Steps)
	if len(d.Findings) > 0 {
		p.heading("Findings")
	}
	for _, f := range d.Findings {
		p.findingChange(f)
	}
	if len(d.Drift) > 0 {
		p.heading("Drift")
		for _, x := range d.Drift {
			text := figure(x.Was, x.Currency) + " → " + figure(x.Is, x.Currency)
			if figure(x.UnexplainedWas, x.Currency) != figure(x.UnexplainedIs, x.Currency) {
				text += "; unexplained " + figure(x.UnexplainedWas, x.Currency) + " → " + figure(x.UnexplainedIs, x.Currency)
			}
			p.field(3, x.Currency, text)
		}
	}
	if len(d.Outcome)+len(d.Steps)+len(d.Findings)+len(d.Drift)+len(d.Notes) == 0 {
		p.para(1, plain, "Nothing that counts has changed.")
	}
	return p.writeTo(w)
}

func figure(s *string, currency string) string {
	if s == nil {
		return "no figure"
	}
	return amount(*s, currency, true, true)
}

func word(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

func (p *page) changes(title string, list []report.Changed) {
	if len(list) == 0 {
		return
	}
	p.heading(title)
	for _, c := range list {
		head := p.fit(c.What, 14)
		for _, l := range p.wrap(word(c.Was)+" → "+word(c.Is), p.o.Width-19) {
			p.raw("   ", p.paint(dim, left(head, 14)), "  ", l)
			head = ""
		}
	}
}

func (p *page) findingChange(c report.FindingChange) {
	name := func(f report.Finding) string {
		text := f.Code
		if w := where(f); w != "" {
			text += ", " + w
		}
		return text + ": " + f.Title
	}
	switch {
	case c.Was == nil && c.Is == nil:
	case c.Was == nil:
		p.field(3, "new", name(*c.Is))
		p.field(3+labelWidth, "Events", figures(*c.Is))
	case c.Is == nil:
		p.field(3, "gone", name(*c.Was))
		p.field(3+labelWidth, "Events", figures(*c.Was))
	default:
		p.field(3, "changed", name(*c.Is))
		in := 3 + labelWidth
		if a, b := figures(*c.Was), figures(*c.Is); a != b {
			p.field(in, "Events", a+" → "+b)
		}
		if c.Was.Downstream.Count != c.Is.Downstream.Count {
			p.field(in, "Stuck", wording.Count(c.Was.Downstream.Count)+" → "+wording.Count(c.Is.Downstream.Count))
		}
		if c.Was.Evidence != c.Is.Evidence {
			p.field(in, "Evidence", word(c.Was.Evidence)+" → "+word(c.Is.Evidence))
		}
		if c.Was.Class != c.Is.Class {
			p.field(in, "Class", word(c.Was.Class)+" → "+word(c.Is.Class))
		}
		p.field(in, "Gained", ids(c.Gained, len(c.Gained), p.idsShown()))
		p.field(in, "Lost", ids(c.Lost, len(c.Lost), p.idsShown()))
		if c.Cut {
			p.field(in, "Note", "the lists of ids are cut; make both reports with --all-events to compare them")
		}
	}
}

// figures are a finding's count and its part of the drift, "" without either.
func figures(f report.Finding) string {
	if f.Count == 0 && wording.Zero(f.Drift) {
		return ""
	}
	text := wording.Count(f.Count)
	if d := sums(f.Drift, true, true); d != "" {
		text += " (drift " + d + ")"
	}
	return text
}
