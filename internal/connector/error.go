package connector

import (
	"fmt"
	"strings"

	"gcdiag/internal/record"
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
		if d := slips(wrong, record.Fold(w)); d < least {
			best, least = w, d
		}
	}
	return best
}

// slips counts the letters to insert, drop, replace or swap with their neighbour
// to get from a to b.
func slips(a, b string) int {
	x, y := []rune(a), []rune(b)
	before, last, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(x); i++ {
		row[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(y)]
}
