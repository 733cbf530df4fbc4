package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"gcdiag/internal/redact"
	"gcdiag/internal/render"
	"gcdiag/internal/shelf"
)

// mistake is an error in what was asked for or configured; it ends with exit
// code 2.
type mistake struct {
	err  error
	hint string // what to do about it; "" where the error says so itself
}

func (m *mistake) Error() string { return m.err.Error() }
func (m *mistake) Hint() string  { return m.hint }
func (m *mistake) Unwrap() error { return m.err }

// wrong makes a mistake of a reason and a hint.
func wrong(hint, format string, a ...any) error {
	return &mistake{fmt.Errorf(format, a...), hint}
}

// misconfigured makes a mistake of an error of a configuration or an input,
// with the hints that it carries.
func misconfigured(err error) error {
	if err == nil {
		return nil
	}
	return &mistake{err: err}
}

// bug is a panic.
type bug struct{ what string }

func (b *bug) Error() string { return "internal error: " + redact.Mask(b.what) }

func (b *bug) Hint() string {
	return `this is a mistake in gcdiag: please report it with your command line and the output of "gcdiag version"; --log-level debug shows where it happened`
}

// codeOf is the exit code of an error.
func codeOf(err error) int {
	var m *mistake
	var full *shelf.Error
	if errors.As(err, &m) || errors.As(err, &full) {
		return codeUsage
	}
	return codeInternal
}

// shown is how many of joined errors are printed.
const shown = 20

// complain prints an error, each of several on lines of their own, with hints.
func (p *program) complain(err error) {
	list := separate(err)
	last := ""
	for i, e := range list {
		if i == shown {
			p.note(fmt.Sprintf("gcdiag: error: and %d more", len(list)-i))
			return
		}
		p.note("gcdiag: error: " + e.Error())
		if h := hintOf(e); h != "" && h != last {
			p.note("gcdiag: hint: " + h)
			last = h
		}
	}
}

// separate takes joined errors apart.
func separate(err error) []error {
	if m, ok := err.(*mistake); ok && m.hint == "" {
		return separate(m.err)
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var texts []string
	var list []error
	for _, e := range joined.Unwrap() {
		texts = append(texts, e.Error())
		list = append(list, separate(e)...)
	}
	if strings.Join(texts, "\n") != err.Error() {
		return []error{err}
	}
	return list
}

// hintOf is the first hint that an error or one of its causes carries.
func hintOf(err error) string {
	for err != nil {
		if h, ok := err.(interface{ Hint() string }); ok && h.Hint() != "" {
			return h.Hint()
		}
		err = errors.Unwrap(err)
	}
	return ""
}

// note writes a line to standard error, escaped. Where that is impossible there
// is nobody left to tell.
func (p *program) note(line string) {
	p.clearProgress()
	line = render.Escape(line)
	if p.errTerminal {
		line = strings.Join(wrap(line, p.errWidth(), "        "), "\n")
	}
	_, _ = io.WriteString(p.err, line+"\n")
}
