package render

import (
	"io"
	"slices"
	"strings"

	"gcdiag/internal/finding"
)

// prose is the widest that running text is set.
const prose = 88

// Explain writes what the catalogue says of codes, in the order given.
func Explain(w io.Writer, o Options, entries ...finding.Entry) error {
	p := newPage(o)
	p.o.Width = min(p.o.Width, prose)
	for i, e := range entries {
		if i > 0 {
			p.blank()
			p.blank()
		}
		p.explain(e)
	}
	return p.writeTo(w)
}

func (p *page) explain(e finding.Entry) {
	what := string(e.Class)
	if len(e.Steps) > 0 {
		var names []string
		for _, s := range e.Steps {
			names = append(names, stepName(s))
		}
		what += " at " + strings.Join(names, ", or ")
	}
	p.raw(" ", p.paint(bold, p.clean(string(e.Code))), "  ", p.paint(dim, p.clean(what)))
	p.para(1, plain, e.Title+". "+e.Cause)
	for _, s := range []struct{ title, text string }{
		{"What it means", e.Meaning},
		{"How gcdiag knows", e.Basis},
		{"How to confirm it by hand", e.Confirm},
		{"How to put it right", e.Repair},
		{"Often confused with", e.Confused},
		{"In short", e.Hint},
	} {
		p.heading(s.title)
		for i, para := range strings.Split(s.text, "\n\n") {
			if i > 0 {
				p.blank()
			}
			for _, line := range perCode(strings.ReplaceAll(para, "\n", " ")) {
				p.para(3, plain, line)
			}
		}
	}
}

// perCode breaks a paragraph before each sentence that begins with a code and a
// colon.
func perCode(para string) []string {
	var lines []string
	for i, sentence := range strings.SplitAfter(para, ". ") {
		code, _, _ := strings.Cut(sentence, ":")
		if _, ok := finding.Lookup(finding.Code(code)); ok || i == 0 {
			lines = append(lines, "")
		}
		lines[len(lines)-1] += sentence
	}
	return lines
}

// Codes writes a list of codes with their titles, by class.
func Codes(w io.Writer, o Options, entries ...finding.Entry) error {
	p := newPage(o)
	longest := 0
	for _, e := range entries {
		longest = max(longest, len(e.Code))
	}
	var classes []finding.Class
	for _, e := range entries {
		if !slices.Contains(classes, e.Class) {
			classes = append(classes, e.Class)
		}
	}
	for i, c := range classes {
		if i > 0 {
			p.blank()
		}
		p.para(1, bold, string(c))
		for _, e := range entries {
			if e.Class != c {
				continue
			}
			head := left(p.clean(string(e.Code)), longest)
			for _, l := range p.wrap(e.Title, p.o.Width-5-longest) {
				p.raw("   ", head, "  ", l)
				head = strings.Repeat(" ", longest)
			}
		}
	}
	return p.writeTo(w)
}
