package file

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unsafe"

	"gcdiag/internal/money"
	"gcdiag/internal/record"
)

// text is a field's text: a view of the cell, or a copy that is shared with equal
// ones of the column.
func (r *reader) text(f field) string {
	if r.cells[f] == nil {
		return ""
	}
	return r.textOf(r.col[f], r.cells[f])
}

func (r *reader) textOf(col *column, c []byte) string {
	if r.views {
		return view(c)
	}
	return col.intern.get(c, &r.keep)
}

// id is an identifier as written, without the apostrophe by which spreadsheets
// mark digits as text.
func (r *reader) id(f field) string {
	if r.cells[f] == nil {
		return ""
	}
	return r.idOf(f, r.cells[f])
}

func (r *reader) idOf(f field, c []byte) string {
	if c[0] == '\'' {
		if _, ok := digits(c[1:]); ok {
			c = c[1:]
			r.cells[f] = c
		}
	}
	if r.views {
		return view(c)
	}
	return r.keep.keep(c)
}

// view is the text of bytes, valid as long as they are.
func view(c []byte) string { return unsafe.String(unsafe.SliceData(c), len(c)) }

// vocabulary reads a field whose words are a closed list, zero where it is empty.
func vocabulary[T ~uint8](r *reader, f field, parse func(string) (T, bool)) T {
	if r.cells[f] == nil {
		return 0
	}
	return listed(r, f, parse)
}

func listed[T ~uint8](r *reader, f field, parse func(string) (T, bool)) T {
	return T(r.lookup(f, r.cells[f], func(s string) word {
		v, ok := parse(s)
		if f == fKind && r.spec.Record == record.Movements && record.Kind(v) == record.Other {
			ok = false
		}
		if !ok {
			return word{why: r.foreign(f, s, record.Vocabulary(r.spec.Record, f.String()))}
		}
		return word{value: uint16(v)}
	}))
}

// lookup reads a word once and remembers it.
func (r *reader) lookup(f field, c []byte, read func(string) word) uint16 {
	col := r.col[f]
	if k := col.hit; k != nil && k.read {
		return k.value
	}
	w, ok := col.vocab[string(c)]
	if !ok {
		w = read(string(c))
		if col.vocab == nil {
			col.vocab = map[string]word{}
		}
		if len(col.vocab) < 1024 {
			col.vocab[string(c)] = w
		}
	}
	if w.why != "" {
		r.refuse("%s", w.why)
	} else if col.hit != nil {
		col.hit.value, col.hit.read = w.value, true
	}
	return w.value
}

// foreign says that a word is outside the vocabulary, and what can be done.
func (r *reader) foreign(f field, s string, vocabulary []string) string {
	advice := "values can map it"
	if !slices.Contains(r.sch.need, f) {
		advice += fmt.Sprintf(`, or columns can set the column aside (%s: "")`, f)
	}
	return fmt.Sprintf("%s: %s is none of %s%s; %s", f, quote(s), strings.Join(vocabulary, ", "), hint(nearest(s, vocabulary)), advice)
}

// yesNoWords are the words for yes, each before its no.
var yesNoWords = []string{"true", "false", "yes", "no", "1", "0", "t", "f", "y", "n"}

// yesNo reads a boolean.
func (r *reader) yesNo(f field) record.Bool {
	if r.cells[f] == nil {
		return record.Unknown
	}
	return r.yesNoOf(f)
}

func (r *reader) yesNoOf(f field) record.Bool {
	return record.Bool(r.lookup(f, r.cells[f], func(s string) word {
		switch i := slices.Index(yesNoWords, strings.ToLower(s)); {
		case i < 0:
			return word{why: r.foreign(f, s, yesNoWords)}
		case i%2 == 0:
			return word{value: uint16(record.Yes)}
		}
		return word{value: uint16(record.No)}
	}))
}

// points reads the unit.
func (r *reader) points() bool { return r.cells[fUnit] != nil && r.pointsOf() }

func (r *reader) pointsOf() bool {
	return listed(r, fUnit, func(s string) (uint8, bool) {
		switch record.Fold(s) {
		case "money":
			return 0, true
		case "points":
			return 1, true
		}
		return 0, false
	}) == 1
}

// kinds reads a list of kinds.
func (r *reader) kinds() record.Kinds {
	c := r.cells[fKinds]
	if c == nil {
		return 0
	}
	return record.Kinds(r.lookup(fKinds, c, func(s string) word {
		var set record.Kinds
		for _, part := range listParts(s) {
			if ours, ok := r.col[fKinds].words[wordKey(part)]; ok {
				if part = ours; strings.TrimSpace(part) == "" {
					continue
				}
			}
			k, ok := record.ParseKind(part)
			if !ok {
				return word{why: r.foreign(fKinds, part, record.Vocabulary(r.spec.Record, fKinds.String()))}
			}
			set = set.With(k)
		}
		return word{value: uint16(set)}
	}))
}

// listParts are the words of a list in one cell.
func listParts(s string) []string {
	return strings.FieldsFunc(s, func(c rune) bool { return strings.ContainsRune(",;|", c) || unicode.IsSpace(c) })
}

// integer reads a whole number that is not negative, unknown where it is empty.
func (r *reader) integer(f field, unknown int) int {
	if r.cells[f] == nil {
		return unknown
	}
	return r.integerOf(f, unknown)
}

func (r *reader) integerOf(f field, unknown int) int {
	c := r.cells[f]
	whole, zeros, _ := bytes.Cut(c, []byte{'.'})
	n, ok := digits(whole)
	if !ok || len(whole) > 9 || len(bytes.Trim(zeros, "0")) > 0 {
		r.refuse("%s: %s is not a whole number", f, quote(string(c)))
		return unknown
	}
	return n
}

// time reads a time or date, the zero time where the field is empty.
func (r *reader) time(f field) record.Time {
	if r.cells[f] == nil {
		return record.Time{}
	}
	return r.timeOf(f)
}

func (r *reader) timeOf(f field) record.Time {
	c, col := r.cells[f], r.col[f]
	var k *known
	if col.days != nil && !r.number[f] {
		if t, ok := r.cal.quick(c); ok {
			return t
		}
		if k = col.day(c); k != nil && k.read {
			return k.time
		}
	}
	s, err := r.stamp(col, f, c)
	if err == nil {
		col.unix = col.unix || s.epoch
		var t record.Time
		if t, err = r.cal.place(s); err == nil {
			if k != nil {
				k.time, k.read = t, true
			}
			return t
		}
	}
	advice := ""
	switch {
	case errors.Is(err, errUnsure) && col.decided && col.shows.dmy > 0:
		advice = fmt.Sprintf("; rows %d and %d of the column contradict each other; set dates", min(col.shows.dmy, col.shows.mdy), max(col.shows.dmy, col.shows.mdy))
	case errors.Is(err, errUnsure):
		advice = "; nothing in the column tells either; set dates to dmy or mdy"
	case errors.Is(err, errShortYear):
		advice = "; set dates to say in which order day, month and year stand"
	}
	r.refuse("%s: %v: %s%s", f, err, quote(string(c)), advice)
	return record.Time{}
}

// day is where a date is remembered, nil where it is none or its place is taken.
// What a text was read as holds whatever the column shows later on.
func (c *column) day(cell []byte) *known {
	if len(cell) > len("2026-10-24") {
		return nil
	}
	if k := c.days.get(cell); k != nil {
		return k
	}
	return c.days.put(cell, nil)
}

func (r *reader) stamp(col *column, f field, c []byte) (stamp, error) {
	if r.number[f] && r.grid.epoch != 0 {
		if s, err := r.grid.epoch.stamp(c); err == nil {
			return s, nil
		}
	}
	s, err := parseTime(c, col.order, col.set)
	if err == errUnsure && !col.decided && !col.set {
		r.ask()
		s, err = parseTime(c, col.order, col.set)
	}
	return s, err
}

// written is an amount as it stands in a cell.
type written struct {
	field field
	money.Written
	set bool
}

// names reports whether the amount says something about its currency.
func (w *written) names() bool { return w.set && (w.Currency.Known() || w.Symbol != "") }

// amount reads decimal text.
func (r *reader) amount(f field) written {
	if r.cells[f] == nil {
		return written{field: f}
	}
	return r.amountOf(f)
}

func (r *reader) amountOf(f field) written {
	c := r.cells[f]
	col := r.col[f]
	mark := col.mark
	if r.number[f] {
		c, mark = plainNumber(c), money.Point
	}
	w, err := money.Parse(c, mark)
	if err != nil && errors.Is(err, money.ErrUnsure) && !col.decided {
		r.ask()
		w, err = money.Parse(c, col.mark)
	}
	if err != nil {
		advice := ""
		switch {
		case !errors.Is(err, money.ErrUnsure):
		case col.shows.point > 0:
			advice = fmt.Sprintf("; rows %d and %d of the column contradict each other; set decimal", min(col.shows.point, col.shows.comma), max(col.shows.point, col.shows.comma))
		default:
			advice = `; nothing in the column tells either; set decimal to "." or ","`
		}
		r.refuse("%s: %v%s", f, err, advice)
		return written{field: f}
	}
	return written{f, w, true}
}

// plainNumber writes a spreadsheet's or JSON's number without an exponent and,
// where it has more digits than a binary number carries, rounds away those that
// only its binary form has: 50.099999999999994 is 50.1.
func plainNumber(c []byte) []byte {
	s, exp := string(c), 0
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		var err error
		if exp, err = strconv.Atoi(s[i+1:]); err != nil || exp > 30 || exp < -30 {
			return c
		}
		s = s[:i]
	}
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	whole, frac, _ := strings.Cut(s, ".")
	if strings.Trim(whole+frac, "0123456789") != "" || whole+frac == "" {
		return c
	}
	if exp == 0 && len(whole)+len(frac) <= 15 {
		return c
	}
	digits := whole + frac
	point := len(whole) + exp
	for point <= 0 {
		digits, point = "0"+digits, point+1
	}
	for point > len(digits) {
		digits += "0"
	}
	lead := len(digits) - len(strings.TrimLeft(digits, "0"))
	if cut := max(lead+15, point); cut < len(digits) {
		up := digits[cut] >= '5'
		b := []byte(digits[:cut])
		for i := len(b) - 1; up && i >= 0; i-- {
			if up = b[i] == '9'; up {
				b[i] = '0'
			} else {
				b[i]++
			}
		}
		if up {
			b = append([]byte{'1'}, b...)
			point++
		}
		digits = string(b)
	}
	whole, frac = digits[:point], strings.TrimRight(digits[point:], "0")
	if frac != "" {
		frac = "." + frac
	}
	if whole = strings.TrimLeft(whole, "0"); whole == "" {
		whole = "0"
	}
	return []byte(sign + whole + frac)
}

// currency is the one a record's amounts are in: the column's, else the one that
// an amount names, else what the spec gives to records that carry none. An
// amount that contradicts it is refused.
func (r *reader) currency(f field, fallback money.Currency, amounts ...*written) money.Currency {
	var cur money.Currency
	if c := r.cells[f]; c != nil {
		k := r.col[f].hit
		if k != nil && k.read {
			cur = k.currency
		} else {
			var ok bool
			if cur, ok = money.ParseCurrency(string(c)); !ok {
				r.refuse("%s: %s is not an ISO 4217 code; values can map it", f, quote(string(c)))
				return cur
			}
			if k != nil {
				k.currency, k.read = cur, true
			}
		}
	}
	set := false
	for _, a := range amounts {
		set = set || a.set
		if !cur.Known() {
			cur = a.Currency
		}
	}
	if !cur.Known() && set {
		cur = fallback
	}
	for _, a := range amounts {
		if a.names() && !a.Fits(cur) {
			r.refuse("%s: %s contradicts the currency %s", a.field, quote(string(r.cells[a.field])), cur)
		}
	}
	return cur
}

// minor is an amount in minor units of c; points are in hundredths.
func (r *reader) minor(a *written, c money.Currency, points bool) money.Amount {
	var m money.Amount
	var err error
	if points {
		m, err = a.Hundredths()
	} else {
		m, err = a.In(c)
	}
	if err != nil {
		unit := c.String()
		if points {
			unit = "points"
		}
		r.refuse("%s: %v %s", a.field, err, unit)
	}
	return m
}

// optional is minor for an amount that may be missing.
func (r *reader) optional(a *written, c money.Currency, points bool) money.Opt {
	if !a.set {
		return money.Opt{}
	}
	return money.Some(r.minor(a, c, points))
}

// attributes are the row's columns that the contract does not list.
func (r *reader) attributes() []record.Attr {
	if r.unlisted == 0 {
		return nil
	}
	return r.attributesOf()
}

func (r *reader) attributesOf() []record.Attr {
	if len(r.attrs) < r.unlisted {
		r.attrs = make([]record.Attr, max(r.unlisted, 256))
	}
	own := r.attrs[:0:r.unlisted]
	for i, c := range r.row.cells {
		if i < len(r.columns) && r.columns[i].field == noField && len(c) > 0 {
			own = append(own, record.Attr{Name: r.columns[i].header, Value: r.textOf(&r.columns[i], c)})
		}
	}
	if len(own) == 0 {
		return nil
	}
	if !r.views {
		r.attrs = r.attrs[len(own):]
	}
	return slices.Clip(own)
}
