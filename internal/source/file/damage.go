package file

import (
	"bytes"

	"gcdiag/internal/casefile"
)

// How spreadsheets damage identifiers. They keep 15 digits of a number, show
// long ones in scientific notation, and drop leading zeros.
const (
	scientific = "scientific notation"
	zerosLost  = "leading zeros lost"
	digitsCut  = "cut after 15 digits"
)

const (
	exactDigits = 15
	longestID   = 40
)

// idShape is the shapes of a column's identifiers, counted.
type idShape struct {
	scientific int
	long, cut  int // of digits only and longer than 15; of these, zeros after the 15th
	cutDigits  int // how many such zeros in all
	digits     int // of digits only
	lengths    [longestID + 1]int
	zeros      [longestID + 1]int // of that length, with a leading zero
}

// see counts one identifier.
func (s *idShape) see(id []byte) {
	for i, c := range id {
		if c-'0' > 9 {
			if i > 0 && (c == '.' || c == ',' || c == 'E' || c == 'e') && isScientific(id) {
				s.scientific++
			}
			return
		}
	}
	n := len(id)
	if n > longestID {
		return
	}
	s.digits++
	s.lengths[n]++
	if id[0] == '0' {
		s.zeros[n]++
	}
	if n > exactDigits {
		s.long++
		if isCut(id) {
			s.cut++
			s.cutDigits += n - exactDigits
		}
	}
}

// isScientific reports whether an identifier is a number such as 1.23E+18.
func isScientific(id []byte) bool {
	mantissa, exp, ok := bytes.Cut(bytes.ToUpper(id), []byte("E+"))
	if !ok || len(exp) == 0 || len(exp) > 2 {
		return false
	}
	if len(mantissa) > 1 {
		if mantissa[1] != '.' && mantissa[1] != ',' {
			return false
		}
		if _, ok := digits(mantissa[2:]); !ok {
			return false
		}
	}
	_, one := digits(mantissa[:min(1, len(mantissa))])
	_, two := digits(exp)
	return one && two
}

func isCut(id []byte) bool {
	return len(bytes.Trim(id[exactDigits:], "0")) == 0
}

// fixedLength is the length that at least four of five identifiers have, where
// some of them begin with a zero and the shorter ones never do: there zeros were
// lost. It is 0 where nothing speaks for that.
func (s *idShape) fixedLength() int {
	for n := 2; n <= longestID; n++ {
		if s.lengths[n] == 0 || s.lengths[n]*5 < s.digits*4 || s.zeros[n] == 0 {
			continue
		}
		shorter := 0
		for l := 1; l < n; l++ {
			if s.zeros[l] > 0 && l > 1 {
				return 0
			}
			shorter += s.lengths[l]
		}
		if shorter > 0 {
			return n
		}
	}
	return 0
}

// wasCut reports whether most long identifiers end in zeros, and so many that
// chance cannot have made them.
func (s *idShape) wasCut() bool { return s.cut*5 >= s.long*4 && s.cutDigits >= 4 }

// damage finds the columns whose identifiers a spreadsheet has damaged, and
// collects those identifiers.
func (r *reader) damage() error {
	type suspect struct {
		column int
		how    string
		is     func(id []byte) bool
		seen   map[string]bool
	}
	var suspects []suspect
	for i := range r.columns {
		c := &r.columns[i]
		if c.field == noField || c.class != ident {
			continue
		}
		if c.ids.scientific > 0 {
			suspects = append(suspects, suspect{i, scientific, isScientific, map[string]bool{}})
		}
		if c.ids.wasCut() {
			suspects = append(suspects, suspect{i, digitsCut, func(id []byte) bool {
				_, ok := digits(id)
				return ok && len(id) > exactDigits && len(id) <= longestID && isCut(id)
			}, map[string]bool{}})
		}
		if n := c.ids.fixedLength(); n > 0 {
			suspects = append(suspects, suspect{i, zerosLost, func(id []byte) bool {
				_, ok := digits(id)
				return ok && len(id) < n
			}, map[string]bool{}})
		}
	}
	if len(suspects) == 0 {
		return nil
	}
	found := make([]casefile.Damage, len(suspects))
	err := r.scan(func(row *row) {
		for i, s := range suspects {
			if s.column >= len(row.cells) {
				continue
			}
			id := trim(row.cells[s.column])
			if len(id) == 0 || !s.is(id) {
				continue
			}
			found[i].Rows++
			if !s.seen[string(id)] {
				s.seen[string(id)] = true
				found[i].Values = append(found[i].Values, string(id))
			}
		}
	})
	for i, s := range suspects {
		if found[i].Rows > 0 {
			found[i].Column, found[i].How = r.columns[s.column].field.String(), s.how
			r.res.Damaged = append(r.res.Damaged, found[i])
		}
	}
	return err
}
