package file

import (
	"fmt"
	"slices"
	"strings"

	"gcdiag/internal/casefile"
	"gcdiag/internal/record"
	"gcdiag/internal/redact"
	"gcdiag/internal/spell"
)

// mapping is how a header is understood.
type mapping struct {
	columns []casefile.Column
	fields  []field // per column; noField for an attribute
	notes   []string
	missing []field
	// candidates are the headers among which a field could not be chosen.
	candidates map[field][]string
	err        error // the header contradicts itself or the spec
	known      int   // columns that are fields
	exact      int   // of these, the ones that are not guessed
}

// ok reports whether the header is the one of the record type.
func (m *mapping) ok() bool { return m.err == nil && len(m.missing) == 0 }

// NoColumn is the error for a file that lacks a required column: it is found
// neither by name, nor in the columns map, nor by a single usual header.
type NoColumn struct {
	Record  record.Type
	Row     uint32   // where the headers stand; 0 in JSON
	Headers []string // the headers seen
	// Fields are the contract's columns that are missing. Candidates has, by
	// field, the headers that might be meant: several usual ones, or the nearest.
	Fields     []string
	Candidates map[string][]string
}

// Error names the columns, what might be meant, and the headers seen.
func (e *NoColumn) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "no column for ")
	for i, f := range e.Fields {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(f)
		if f == fAmount.String() && e.Record == record.Postings {
			b.WriteString(" (or debit and credit)")
		}
		switch c := e.Candidates[f]; len(c) {
		case 0:
		case 1:
			fmt.Fprintf(&b, " (is it %q?)", c[0])
		default:
			fmt.Fprintf(&b, " (one of %s?)", quotedList(c))
		}
	}
	fmt.Fprintf(&b, "; headers seen")
	if e.Row > 0 {
		fmt.Fprintf(&b, " in row %d", e.Row)
	}
	fmt.Fprintf(&b, ": %s; name the right one under columns", quotedList(e.Headers))
	return b.String()
}

func quotedList(list []string) string {
	var q []string
	for i, s := range list {
		if i == 40 {
			q = append(q, fmt.Sprintf("and %d more", len(list)-i))
			break
		}
		q = append(q, quote(s))
	}
	return strings.Join(q, ", ")
}

// understand finds the fields of the spec's record type in a header.
func understand(spec *Spec, header []string) *mapping {
	sch := schemas[spec.Record]
	m := &mapping{fields: make([]field, len(header)), candidates: map[field][]string{}}
	folded := make([]string, len(header))
	for i, h := range header {
		folded[i] = record.Fold(h)
	}
	taken := map[field]bool{} // fields that need no column any more
	named := map[field]bool{} // fields that the columns map speaks of
	guessed := make([]bool, len(header))

	for _, f := range sch.fields {
		want, ok := spec.column(f)
		if !ok {
			continue
		}
		taken[f], named[f] = true, true
		if want == "" {
			continue
		}
		at := positions(header, want)
		if len(at) == 0 {
			at = positions(folded, record.Fold(want))
		}
		switch {
		case len(at) == 0:
			m.err = fmt.Errorf("columns: %s is mapped to %s, which is not a header%s", f, quote(want), hint(nearest(want, header)))
			if slices.Contains(sch.need, f) {
				m.missing = append(m.missing, f)
			}
		case len(at) > 1:
			m.err = fmt.Errorf("columns: %s is mapped to %s, which is the header of columns %d and %d", f, quote(want), at[0]+1, at[1]+1)
		case m.fields[at[0]] != noField:
			m.err = fmt.Errorf("columns: %s and %s are both mapped to %s", m.fields[at[0]], f, quote(want))
		default:
			m.fields[at[0]] = f
		}
	}
	for _, f := range sch.fields {
		if taken[f] {
			continue
		}
		var at []int
		for _, i := range positions(folded, record.Fold(f.String())) {
			if m.fields[i] == noField {
				at = append(at, i)
			}
		}
		if len(at) > 1 {
			m.err = fmt.Errorf("columns %d (%s) and %d (%s) are both called %s", at[0]+1, quote(header[at[0]]), at[1]+1, quote(header[at[1]]), f)
		}
		if len(at) > 0 {
			m.fields[at[0]], taken[f] = f, true
		}
	}
	for _, f := range sch.fields {
		if taken[f] {
			continue
		}
		var at []int
		for i := range header {
			if m.fields[i] == noField && folded[i] != "" && usual[spec.Record][folded[i]] == f {
				at = append(at, i)
			}
		}
		switch len(at) {
		case 0:
		case 1:
			m.fields[at[0]], taken[f], guessed[at[0]] = f, true, true
		default:
			for _, i := range at {
				m.candidates[f] = append(m.candidates[f], header[i])
			}
		}
	}
	if spec.Record == record.Postings {
		m.pairWithAmount(header, guessed, named[fAmount])
	}
	m.finish(sch, header, guessed)
	return m
}

// pairWithAmount decides where debit and credit columns stand beside an amount:
// the pair's sign is certain, an amount's is what the ERP makes it.
func (m *mapping) pairWithAmount(header []string, guessed []bool, named bool) {
	a, d, c := slices.Index(m.fields, fAmount), slices.Index(m.fields, fDebit), slices.Index(m.fields, fCredit)
	drop := func(at ...int) {
		for _, i := range at {
			if i >= 0 {
				m.fields[i], guessed[i] = noField, false
			}
		}
	}
	switch {
	case a >= 0 && (named || d < 0 || c < 0):
		drop(d, c)
	case a >= 0:
		m.notes = append(m.notes, fmt.Sprintf("the amount is taken from debit and credit; the column %s is kept as an attribute", quote(header[a])))
		drop(a)
	}
}

func (m *mapping) finish(sch schema, header []string, guessed []bool) {
	for _, f := range sch.need {
		found := slices.Contains(m.fields, f)
		if f == fAmount && slices.Contains(m.fields, fDebit) && slices.Contains(m.fields, fCredit) {
			found = true
		}
		if !found && !slices.Contains(m.missing, f) {
			m.missing = append(m.missing, f)
		}
	}
	for i, f := range m.fields {
		c := casefile.Column{Header: header[i], Guessed: guessed[i]}
		if f != noField {
			c.Field = f.String()
			m.known++
			if !guessed[i] {
				m.exact++
			}
		}
		m.columns = append(m.columns, c)
	}
	for _, f := range sch.fields {
		if c := m.candidates[f]; len(c) > 0 && !slices.Contains(m.missing, f) {
			m.notes = append(m.notes, fmt.Sprintf("%s could be any of %s, so none of them is used; name one under columns", f, quotedList(c)))
		}
	}
}

// noColumn is the error for a header that lacks required columns.
func (m *mapping) noColumn(t record.Type, row uint32) *NoColumn {
	e := &NoColumn{Record: t, Row: row, Candidates: map[string][]string{}}
	var free []string
	for i, c := range m.columns {
		e.Headers = append(e.Headers, c.Header)
		if m.fields[i] == noField && c.Header != "" {
			free = append(free, c.Header)
		}
	}
	for _, f := range m.missing {
		e.Fields = append(e.Fields, f.String())
		c := m.candidates[f]
		if len(c) == 0 {
			c = nearest(f.String(), free)
		}
		e.Candidates[f.String()] = c
	}
	return e
}

func positions(list []string, s string) []int {
	var at []int
	for i, x := range list {
		if x == s {
			at = append(at, i)
		}
	}
	return at
}

// usual is aliases by folded header.
var usual = func() map[record.Type]map[string]field {
	all := map[record.Type]map[string]field{}
	for t, byField := range aliases {
		all[t] = map[string]field{}
		for f, headers := range byField {
			for _, h := range headers {
				all[t][record.Fold(h)] = f
			}
		}
	}
	return all
}()

// nearest lists the words of a list that somebody who wrote word may have meant:
// those that contain it or are contained, else the one with the fewest changed
// letters, if these are few.
func nearest(word string, list []string) []string {
	w := record.Fold(word)
	var part []string
	best, least := "", min(3, max(1, len(w)/2))+1
	for _, s := range list {
		x := record.Fold(s)
		if x == "" || w == "" || len(s) > 60 {
			continue
		}
		if strings.Contains(x, w) || strings.Contains(w, x) || common(x, w) >= 4 {
			part = append(part, s)
		}
		if len(w) <= 64 {
			if n := spell.Distance([]byte(w), []byte(x)); n < least {
				best, least = s, n
			}
		}
	}
	switch {
	case best != "":
		return []string{best}
	case len(part) <= 3:
		return part
	}
	return nil
}

// common is the length of the common start of two words.
func common(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// hint words a suggestion for the end of a message, "" for none.
func hint(words []string) string {
	switch len(words) {
	case 0:
		return ""
	case 1:
		return fmt.Sprintf("; did you mean %s?", quote(words[0]))
	}
	return fmt.Sprintf("; did you mean one of %s?", quotedList(words))
}

// quote shows outside text in a message: escaped, without card codes, and cut
// where it is long.
func quote(s string) string {
	s = redact.Mask(s)
	runes := 0
	for i := range s {
		if runes == 40 {
			return fmt.Sprintf("%q…", s[:i])
		}
		runes++
	}
	return fmt.Sprintf("%q", s)
}
