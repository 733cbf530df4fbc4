package connector

import (
	"fmt"
	"strings"

	"gcdiag/internal/record"
	"gcdiag/internal/spell"
)

// Error is one mistake in connectors.yaml. Line and Column are 1-based, 0 where
// not known.
type Error struct {
	File         string
	Line, Column int
	Reason       string
	Advice       string // what to do about it, or ""
	Cause        error  // nil, or what errors.Is looks for
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ": line %d", e.Line)
	}
	if e.Column > 0 {
		fmt.Fprintf(&b, ": column %d", e.Column)
	}
	b.WriteString(": ")
	b.WriteString(e.Reason)
	return b.String()
}

// Hint is what to do about the error, or "".
func (e *Error) Hint() string { return e.Advice }

// Unwrap is the error's cause.
func (e *Error) Unwrap() error { return e.Cause }

// hinted is an error outside the file that says what to do.
type hinted struct {
	error
	hint string
}

func (h hinted) Hint() string  { return h.hint }
func (h hinted) Unwrap() error { return h.error }

// meant is ` (did you mean "x"?)` for the word nearest to a wrong one, or "".
func meant(wrong string, words []string) string {
	if w := Nearest(wrong, words); w != "" {
		return fmt.Sprintf(" (did you mean %q?)", w)
	}
	return ""
}

// Nearest is the word that a wrong one was probably meant to be, or "": the same
// but for case, blanks, "_" and "-", or one or two slips away.
func Nearest(wrong string, words []string) string {
	wrong = record.Fold(wrong)
	if len(wrong) > 64 {
		return ""
	}
	best, least := "", 1+min(2, len(wrong)/3)
	for _, w := range words {
		if d := spell.Distance([]rune(wrong), []rune(record.Fold(w))); d < least {
			best, least = w, d
		}
	}
	return best
}
