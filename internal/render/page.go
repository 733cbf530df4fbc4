package render

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"

	"gcdiag/internal/report"
)

// Escape shows characters that would act on a terminal or show nothing
// (controls, bidi and zero-width marks, broken UTF-8) as backslash escapes.
// The result is one line.
func Escape(s string) string {
	if utf8.ValidString(s) && strings.IndexFunc(s, report.Unprintable) < 0 {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\ufffd"):
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\r':
			b.WriteString(`\r`)
		case report.Unprintable(r):
			b.WriteString(code(r))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func code(r rune) string {
	switch {
	case r < 0x80:
		return fmt.Sprintf(`\x%02x`, r)
	case r <= 0xffff:
		return fmt.Sprintf(`\u%04x`, r)
	}
	return fmt.Sprintf(`\U%08x`, r)
}

// nbsp glues words that a line must not part; it is written as a blank.
const nbsp = "\u00a0"

var asciiFor = strings.NewReplacer("›", ">",
	"✓", "+", "✗", "x", "·", "-", "↩", "<", "…", "...", "▶", ">", "─", "-", "│", "|",
	"−", "-", "–", "-", "—", "-", "≠", "!=", "≤", "<=", "≥", ">=", "×", "x", "→", "->", "←", "<-",
	"“", `"`, "”", `"`, "„", `"`, "«", `"`, "»", `"`, "‘", "'", "’", "'", "•", "*", "\u202f", " ", "\u2009", " ",
)

// ascii is s without anything beyond ASCII, nbsp excepted: punctuation as its
// nearest kin, all else escaped.
func ascii(s string) string {
	s = asciiFor.Replace(s)
	var b strings.Builder
	for _, r := range s {
		if r < utf8.RuneSelf || r == '\u00a0' {
			b.WriteRune(r)
		} else {
			b.WriteString(code(r))
		}
	}
	return b.String()
}

// cells measures text as a terminal does that takes ambiguous characters for
// narrow. It does not look at the environment.
var cells = &runewidth.Condition{StrictEmojiNeutral: true}

func width(s string) int { return cells.StringWidth(s) }

// style is how a piece of text stands out where colour is allowed.
type style string

const (
	plain  style = ""
	bold   style = "1"
	dim    style = "2"
	red    style = "31"
	green  style = "32"
	yellow style = "33"
	cyan   style = "36"
	alarm  style = "1;31"
	fine   style = "1;32"
	warn   style = "1;33"
)

// page collects lines. Its methods clean whatever text they are given.
type page struct {
	o    Options
	buf  bytes.Buffer
	when calendar
}

func newPage(o Options) *page {
	if o.Width == 0 {
		o.Width = 80
	}
	o.Width = min(max(o.Width, 60), 120)
	return &page{o: o}
}

// writeTo writes the page once, without blanks at the ends of lines.
func (p *page) writeTo(w io.Writer) error {
	text := strings.ReplaceAll(p.buf.String(), nbsp, " ")
	var out strings.Builder
	for line := range strings.Lines(text) {
		out.WriteString(strings.TrimRight(line, " \n"))
		out.WriteByte('\n')
	}
	_, err := io.WriteString(w, out.String())
	return err
}

func (p *page) clean(s string) string {
	s = Escape(s)
	if p.o.ASCII {
		s = ascii(s)
	}
	return s
}

func (p *page) paint(st style, s string) string {
	if !p.o.Color || st == plain || s == "" {
		return s
	}
	return "\x1b[" + string(st) + "m" + s + "\x1b[0m"
}

// raw writes a line of pieces that are clean and painted already.
func (p *page) raw(pieces ...string) {
	for _, s := range pieces {
		p.buf.WriteString(s)
	}
	p.buf.WriteByte('\n')
}

func (p *page) blank() { p.raw() }

// wrap cleans text and breaks it into lines of at most w columns, at blanks
// where it can. There is always at least one line.
func (p *page) wrap(text string, w int) []string {
	w = max(w, 8)
	var lines []string
	line := ""
	for _, word := range strings.FieldsFunc(p.clean(text), func(r rune) bool { return r == ' ' }) {
		if line != "" && width(line)+1+width(word) <= w {
			line += " " + word
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		for width(word) > w {
			head := cells.Truncate(word, w, "")
			if head == "" {
				break
			}
			lines, word = append(lines, head), word[len(head):]
		}
		line = word
	}
	return append(lines, line)
}

// fit cleans text and cuts it to w columns with an ellipsis where it is longer.
func (p *page) fit(text string, w int) string {
	s := p.clean(text)
	if width(s) <= w {
		return s
	}
	return cells.Truncate(s, w, p.clean("…"))
}

func left(s string, w int) string  { return s + strings.Repeat(" ", max(0, w-width(s))) }
func right(s string, w int) string { return strings.Repeat(" ", max(0, w-width(s))) + s }

// para writes text wrapped, each line indented.
func (p *page) para(indent int, st style, text string) {
	for _, l := range p.wrap(text, p.o.Width-indent) {
		p.raw(strings.Repeat(" ", indent), p.paint(st, l))
	}
}

// labelWidth is what labels take up before their text.
const labelWidth = 11

// field writes a label and text beside it; nothing where the text is empty.
func (p *page) field(indent int, label, text string) {
	if text == "" {
		return
	}
	head := left(p.fit(label, labelWidth-1), labelWidth)
	for _, l := range p.wrap(text, p.o.Width-indent-labelWidth) {
		p.raw(strings.Repeat(" ", indent), p.paint(dim, head), l)
		head = strings.Repeat(" ", labelWidth)
	}
}

// heading writes a section's title after an empty line.
func (p *page) heading(text string) {
	p.blank()
	p.para(1, bold, text)
}
