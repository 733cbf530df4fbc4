package file

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"gcdiag/internal/record"
)

// dateOrder is the order of day, month and year in dates made of numbers.
type dateOrder uint8

const (
	anyOrder dateOrder = iota
	ymd
	dmy
	mdy
)

var dateOrders = [...]string{"", "ymd", "dmy", "mdy"}

func (o dateOrder) String() string { return dateOrders[o] }

// Errors of parseTime.
var (
	errNotTime   = errors.New("not a time")
	errUnsure    = errors.New("day or month first, the text does not tell")
	errShortYear = errors.New("the year has two digits")
	errOrder     = errors.New("written in another order of day, month and year")
	errNoSuchDay = errors.New("no such day")
	errZoneName  = errors.New("a zone's short name does not say which zone")
	errYear      = errors.New("the year is out of range")
)

// stamp is a time as written, without a place yet.
type stamp struct {
	year, month, day int
	timed            bool // a time of day is written
	sec, ns          int  // of the day
	zoned            bool
	offset           int       // seconds east of UTC
	shows            dateOrder // the order that the text proves, if its column's dates can have several
	epoch            bool      // a Unix time; sec holds all of it
	never            bool      // a value by which systems mean "no date"
}

// parseTime reads a time. order is that of the column, set says that the user
// gave it (then two-digit years are allowed and points mean nothing). Where the
// order decides and is not known, the error is errUnsure.
func parseTime(b []byte, order dateOrder, set bool) (stamp, error) {
	var s stamp
	if ok := s.iso(b); !ok {
		var err error
		if s, ok, err = numericTime(b, order, set); !ok {
			s, err = looseTime(string(b), order, set)
		}
		if err != nil {
			return s, err
		}
	}
	if s.epoch {
		return s, nil
	}
	switch d := [3]int{s.year, s.month, s.day}; {
	case d == [3]int{0, 0, 0}, d == [3]int{1, 1, 1}, d == [3]int{1753, 1, 1}, d == [3]int{1899, 12, 30}, d == [3]int{1900, 1, 1},
		d == [3]int{1970, 1, 1}, d == [3]int{9999, 12, 31}:
		s.never = true
		return s, nil
	}
	if s.month < 1 || s.month > 12 || s.day < 1 || s.day > daysIn(s.year, s.month) {
		return s, errNoSuchDay
	}
	if !plausible(s.year) {
		return s, errYear
	}
	return s, nil
}

// iso reads RFC 3339 and its relatives: "2026-10-24", with "T" or a blank and
// a time, seconds optional, with or without an offset.
func (s *stamp) iso(b []byte) bool {
	if len(b) < 10 || b[4] != '-' || b[7] != '-' {
		return false
	}
	var ok [3]bool
	s.year, ok[0] = digits(b[0:4])
	s.month, ok[1] = digits(b[5:7])
	s.day, ok[2] = digits(b[8:10])
	if !ok[0] || !ok[1] || !ok[2] {
		return false
	}
	if len(b) == 10 {
		return true
	}
	if b[10] != 'T' && b[10] != 't' && b[10] != ' ' {
		return false
	}
	return s.clock(b[11:]) == nil
}

func digits(b []byte) (int, bool) {
	n := 0
	for _, c := range b {
		if c-'0' > 9 {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, len(b) > 0
}

// clock reads a time of day, with AM or PM and an offset where they are written.
func (s *stamp) clock(b []byte) error {
	n := 0
	for n < len(b) && b[n]-'0' <= 9 {
		n++
	}
	if n == 0 || n > 2 || len(b) < n+3 || b[n] != ':' {
		return errNotTime
	}
	h, _ := digits(b[:n])
	m, ok := digits(b[n+1 : n+3])
	b = b[n+3:]
	sec := 0
	if ok && len(b) >= 3 && b[0] == ':' {
		sec, ok = digits(b[1:3])
		b = b[3:]
		if len(b) > 1 && (b[0] == '.' || b[0] == ',') {
			n = 1
			for n < len(b) && b[n]-'0' <= 9 {
				n++
			}
			if n == 1 || n > 19 {
				return errNotTime
			}
			for i := 1; i <= 9; i++ {
				s.ns *= 10
				if i < n {
					s.ns += int(b[i] - '0')
				}
			}
			b = b[n:]
		}
	}
	if !ok || h > 23 || m > 59 || sec > 59 {
		return errNotTime
	}
	rest := bytes.TrimSpace(b)
	if half := meridiem(rest); half > 0 {
		if h < 1 || h > 12 {
			return errNotTime
		}
		if h %= 12; rest[0]|0x20 == 'p' {
			h += 12
		}
		rest = bytes.TrimSpace(rest[half:])
	}
	s.timed, s.sec = true, h*3600+m*60+sec
	return s.zone(rest)
}

// meridiem is the length of "AM", "p.m." and the like at the start of b, or 0.
func meridiem(b []byte) int {
	for _, w := range []string{"am", "pm", "a.m.", "p.m."} {
		if len(b) >= len(w) && strings.EqualFold(string(b[:len(w)]), w) {
			return len(w)
		}
	}
	return 0
}

// zone reads an offset: "Z", "UTC", "GMT", "+01:00", "-0500", "GMT+0100". A
// name in parentheses behind it only repeats it.
func (s *stamp) zone(b []byte) error {
	if i := bytes.IndexByte(b, '('); i > 0 && b[len(b)-1] == ')' {
		b = bytes.TrimSpace(b[:i])
	}
	if len(b) == 0 {
		return nil
	}
	named := false
	for _, w := range []string{"utc", "gmt", "z"} {
		if len(b) >= len(w) && strings.EqualFold(string(b[:len(w)]), w) {
			b, named = bytes.TrimSpace(b[len(w):]), true
			break
		}
	}
	s.zoned = true
	if len(b) == 0 {
		return nil
	}
	if b[0] != '+' && b[0] != '-' {
		if !named && letters(b) {
			return errZoneName
		}
		return errNotTime
	}
	sign := 1
	if b[0] == '-' {
		sign = -1
	}
	b = b[1:]
	var h, m int
	ok1, ok2 := false, true
	switch {
	case len(b) == 2:
		h, ok1 = digits(b)
	case len(b) == 4:
		h, ok1 = digits(b[:2])
		m, ok2 = digits(b[2:])
	case len(b) == 5 && b[2] == ':':
		h, ok1 = digits(b[:2])
		m, ok2 = digits(b[3:])
	}
	if !ok1 || !ok2 || h > 14 || m > 59 {
		return errNotTime
	}
	s.offset = sign * (h*3600 + m*60)
	return nil
}

func letters(b []byte) bool {
	for _, c := range b {
		if c |= 0x20; c < 'a' || c > 'z' {
			return false
		}
	}
	return true
}

// months and weekdays are their English names and short names, in lower case.
var (
	months = func() map[string]int {
		names := map[string]int{"sept": 9}
		for m := time.January; m <= time.December; m++ {
			name := strings.ToLower(m.String())
			names[name], names[name[:3]] = int(m), int(m)
		}
		return names
	}()
	weekdays = func() map[string]bool {
		names := map[string]bool{}
		for d := time.Sunday; d <= time.Saturday; d++ {
			name := strings.ToLower(d.String())
			names[name], names[name[:3]] = true, true
		}
		return names
	}()
)

// looseTime reads what is not ISO: spreadsheet dates, dates with a month's name,
// compact digits and Unix times.
func looseTime(text string, order dateOrder, set bool) (stamp, error) {
	var s stamp
	if n, ok := digits([]byte(text)); ok && len(text) <= 14 {
		return compact(text, n)
	}
	text = strings.Join(strings.Fields(text), " ")
	date, clock := text, ""
	if i := strings.IndexByte(text, ':'); i > 0 {
		at := strings.LastIndexAny(text[:i], " T")
		if at < 0 {
			return s, errNotTime
		}
		date, clock = text[:at], text[at+1:]
	}
	year := ""
	if clock != "" {
		if err := s.clock([]byte(clock)); err != nil {
			// "Mon Jan 2 15:04:05 2006": the year may stand last
			i := strings.LastIndexByte(clock, ' ')
			if i < 0 || len(clock)-i != 5 {
				return s, err
			}
			year = clock[i:]
			s = stamp{}
			if err2 := s.clock([]byte(clock[:i])); err2 != nil {
				return s, err
			}
		}
	}
	return s, s.date(date+year, order, set)
}

// compact reads digits alone: 20261024, 20261024130507, Unix seconds (10 digits) and
// milliseconds (13).
func compact(text string, n int) (stamp, error) {
	var s stamp
	switch len(text) {
	case 8, 14:
		s.year, _ = digits([]byte(text[0:4]))
		s.month, _ = digits([]byte(text[4:6]))
		s.day, _ = digits([]byte(text[6:8]))
		if len(text) == 14 {
			return s, s.clock([]byte(text[8:10] + ":" + text[10:12] + ":" + text[12:14]))
		}
		return s, nil
	case 10:
		s.sec = n
	case 13:
		s.sec, s.ns = n/1000, n%1000*1e6
	default:
		return s, errNotTime
	}
	s.epoch, s.timed, s.zoned = true, true, true
	if s.sec < 1e9 || s.sec >= 7e9 {
		return s, errYear
	}
	return s, nil
}

// date reads the part of a text that is not the time of day.
func (s *stamp) date(text string, order dateOrder, set bool) error {
	text = strings.TrimSuffix(strings.TrimRight(text, " ,"), " at")
	parts := strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == ',' })
	if len(parts) > 0 && weekdays[strings.ToLower(strings.TrimSuffix(parts[0], "."))] {
		parts = parts[1:]
	}
	if len(parts) == 1 {
		if n, ok := numbersOf([]byte(parts[0])); ok && n.end == len(parts[0]) {
			return s.numbers(n, order, set)
		}
		parts = strings.FieldsFunc(parts[0], func(r rune) bool { return r == '/' || r == '-' || r == '.' })
	}
	if len(parts) != 3 {
		return errNotTime
	}
	for i, p := range parts {
		if m, ok := months[strings.ToLower(strings.TrimSuffix(p, "."))]; ok {
			return s.named(m, i, parts)
		}
	}
	return errNotTime
}

// named reads a date whose month is written as a word, at place i of three.
func (s *stamp) named(month, i int, parts []string) error {
	day, year := parts[0], parts[2]
	if i == 0 {
		day = parts[1]
	} else if i == 2 {
		return errNotTime
	}
	for _, end := range []string{"st", "nd", "rd", "th", "."} {
		day = strings.TrimSuffix(day, end)
	}
	if len(day) == 4 && len(year) <= 2 {
		day, year = year, day
	}
	var ok1, ok2 bool
	s.month = month
	s.day, ok1 = digits([]byte(day))
	s.year, ok2 = digits([]byte(year))
	switch {
	case !ok1 || !ok2 || len(day) > 2:
		return errNotTime
	case len(year) == 2:
		return errShortYear
	case len(year) != 4:
		return errNotTime
	}
	return nil
}

// numeric is the start of a text: three numbers with the same mark between them.
type numeric struct {
	n, width [3]int
	mark     byte
	end      int
}

func numbersOf(b []byte) (numeric, bool) {
	var d numeric
	i := 0
	for part := range d.n {
		from := i
		for i < len(b) && b[i]-'0' <= 9 {
			i++
		}
		if d.width[part] = i - from; d.width[part] == 0 || d.width[part] == 3 || d.width[part] > 4 {
			return d, false
		}
		d.n[part], _ = digits(b[from:i])
		if part == 2 {
			break
		}
		if i == len(b) || b[i] != '/' && b[i] != '-' && b[i] != '.' || part == 1 && b[i] != d.mark {
			return d, false
		}
		d.mark = b[i]
		i++
	}
	d.end = i
	return d, true
}

// numericTime reads a date of three numbers, with a time of day behind it or
// not; ok is false for anything else.
func numericTime(b []byte, order dateOrder, set bool) (s stamp, ok bool, err error) {
	d, ok := numbersOf(b)
	if !ok {
		return s, false, nil
	}
	if rest := b[d.end:]; len(rest) > 0 && (rest[0] != ' ' && rest[0] != 'T' || s.clock(bytes.TrimSpace(rest[1:])) != nil) {
		return s, false, nil
	}
	return s, true, s.numbers(d, order, set)
}

// numbers reads a date of three numbers.
func (s *stamp) numbers(d numeric, order dateOrder, set bool) error {
	n := d.n
	if d.width[1] > 2 || d.width[0] == 4 && d.width[2] > 2 {
		return errNotTime
	}
	if d.width[0] == 4 {
		s.year, s.month, s.day = n[0], n[1], n[2]
		return nil
	}
	short := d.width[2] != 4
	if short && !set {
		return errShortYear
	}
	if short && order == ymd {
		s.year, s.month, s.day = 2000+n[0], n[1], n[2]
		return nil
	}
	if short {
		n[2] += 2000
	}
	s.year = n[2]
	if n[0] > 12 && n[1] > 12 || n[0] == 0 || n[1] == 0 {
		return errNoSuchDay
	}
	dots := d.mark == '.' && !set
	switch {
	case dots:
		order = dmy
	case n[0] > 12:
		s.shows = dmy
	case n[1] > 12:
		s.shows = mdy
	}
	switch {
	case s.shows != anyOrder && set && order != s.shows || order == ymd:
		return errOrder
	case s.shows != anyOrder:
		order = s.shows
	case n[0] == n[1]:
		order = dmy
	}
	switch order {
	case dmy:
		s.day, s.month = n[0], n[1]
	case mdy:
		s.month, s.day = n[0], n[1]
	default:
		if !plausible(s.year) {
			return errYear
		}
		return errUnsure
	}
	return nil
}

// plausible reports whether a record can be of a year.
func plausible(year int) bool { return year >= 1970 && year <= 2200 }

func daysIn(year, month int) int {
	if month == 2 && year%4 == 0 && (year%100 != 0 || year%400 == 0) {
		return 29
	}
	return [...]int{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}[month-1]
}

// days counts from 1970-01-01 in the Gregorian calendar.
func days(year, month, day int) int64 {
	if month <= 2 {
		year--
		month += 12
	}
	return int64(365*year + year/4 - year/100 + year/400 + (153*(month-3)+2)/5 + day - 1 - 719468)
}

const daySeconds = 24 * 60 * 60

// calendar places local times in a zone.
type calendar struct {
	zone *time.Location
	// days asked for lately
	recent [64]localDay
}

// localDay is a day in the calendar's zone.
type localDay struct {
	day    int64 // since 1970; 0 also where none has been asked for
	offset int64
	fixed  bool // the offset holds for all of the day
}

// offsetAt is the zone's offset at a moment.
func (c *calendar) offsetAt(unix int64) int64 {
	_, off := time.Unix(unix, 0).In(c.zone).Zone()
	return int64(off)
}

// locate finds the moments at which local time shows what would be wall seconds
// since 1970 in UTC: one as a rule, two where a clock is set back, none where it
// is set forward.
func (c *calendar) locate(wall int64) (first, second int64, n int) {
	day := floorDay(wall)
	d := &c.recent[uint64(day)%uint64(len(c.recent))]
	if !d.fixed || d.day != day {
		start := day * daySeconds
		before, after := c.offsetAt(start-15*3600), c.offsetAt(start+daySeconds+15*3600)
		*d = localDay{day, before, before == after && before == c.offsetAt(start+daySeconds/2)}
	}
	if d.fixed {
		return wall - d.offset, wall - d.offset, 1
	}
	early, late := c.offsetAt(wall-15*3600), c.offsetAt(wall+15*3600)
	for _, off := range [2]int64{max(early, late), min(early, late)} {
		at := wall - off
		if c.offsetAt(at) != off || n == 1 && at == first {
			continue
		}
		if n++; n == 1 {
			first = at
		}
		second = at
	}
	return first, second, n
}

func floorDay(sec int64) int64 {
	d := sec / daySeconds
	if sec%daySeconds < 0 {
		d--
	}
	return d
}

// midnight is the first moment of a day.
func (c *calendar) midnight(day int64) int64 {
	wall := day * daySeconds
	first, _, n := c.locate(wall)
	if n > 0 {
		return first
	}
	start, _ := time.Unix(wall-c.offsetAt(wall-15*3600), 0).In(c.zone).ZoneBounds()
	return start.Unix()
}

// place makes a record's time of a stamp. A local time that the zone's clocks
// showed twice is the stretch between both; one that they never showed is an error.
func (c *calendar) place(s stamp) (record.Time, error) {
	if s.never {
		return record.Time{}, nil
	}
	if s.epoch {
		return record.At(time.Unix(int64(s.sec), int64(s.ns))), nil
	}
	day := days(s.year, s.month, s.day)
	if !s.timed {
		return record.Within(time.Unix(c.midnight(day), 0), time.Unix(c.midnight(day+1), 0)), nil
	}
	wall := day*daySeconds + int64(s.sec)
	if s.zoned {
		return record.At(time.Unix(wall-int64(s.offset), int64(s.ns))), nil
	}
	first, second, n := c.locate(wall)
	switch n {
	case 0:
		return record.Time{}, fmt.Errorf("clocks in %s never showed this time", c.zone)
	case 1:
		return record.At(time.Unix(first, int64(s.ns))), nil
	}
	return record.Within(time.Unix(first, int64(s.ns)), time.Unix(second+1, int64(s.ns))), nil
}

// quick places what most exports write: "2026-10-24T13:05:07" with "T" or a blank,
// and with "Z", an offset such as "-04:00", or neither. It is false for anything
// else, for what is not on a clock or in the calendar, and where clocks change:
// parseTime and place say what these are, and say the same of what is read here.
func (c *calendar) quick(b []byte) (record.Time, bool) {
	if len(b) != 19 && len(b) != 20 && len(b) != 25 {
		return record.Time{}, false
	}
	if b[4] != '-' || b[7] != '-' || b[10] != 'T' && b[10] != ' ' || b[13] != ':' || b[16] != ':' {
		return record.Time{}, false
	}
	century, y, month, day := pair(b, 0), pair(b, 2), pair(b, 5), pair(b, 8)
	h, m, sec := pair(b, 11), pair(b, 14), pair(b, 17)
	year := century*100 + y
	// pair is noPair for what are no digits, which is out of every range
	if century > 99 || y > 99 || year <= 1970 || !plausible(year) || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) ||
		h > 23 || m > 59 || sec > 59 {
		return record.Time{}, false
	}
	wall := days(year, month, day)*daySeconds + int64(h*3600+m*60+sec)
	switch len(b) {
	case 20:
		if b[19] != 'Z' {
			return record.Time{}, false
		}
	case 25:
		h, m := pair(b, 20), pair(b, 23)
		if b[22] != ':' || h > 14 || m > 59 {
			return record.Time{}, false
		}
		switch off := int64(h*3600 + m*60); b[19] {
		case '+':
			wall -= off
		case '-':
			wall += off
		default:
			return record.Time{}, false
		}
	default:
		first, _, n := c.locate(wall)
		if n != 1 {
			return record.Time{}, false
		}
		wall = first
	}
	return record.Spanning(wall*1e9, 0), true
}

const noPair = 100

// pair reads two digits, noPair where they are none.
func pair(b []byte, at int) int {
	tens, ones := b[at]-'0', b[at+1]-'0'
	if tens > 9 || ones > 9 {
		return noPair
	}
	return int(tens)*10 + int(ones)
}

// serialEpoch is the day 0 of a workbook's serial dates, as days since 1970.
type serialEpoch int64

const (
	epoch1900 serialEpoch = -25569
	epoch1904 serialEpoch = -24107
)

// stamp reads a spreadsheet's date number: whole ones are days, others moments
// in local time, exact to the millisecond.
func (e serialEpoch) stamp(b []byte) (stamp, error) {
	f, err := strconv.ParseFloat(string(b), 64)
	if err != nil || !(f >= 20000 && f <= 120000) {
		return stamp{}, errNotTime
	}
	whole := int64(f)
	ms := int64((f-float64(whole))*daySeconds*1000 + 0.5)
	if ms >= daySeconds*1000 {
		whole, ms = whole+1, 0
	}
	t := time.Unix((whole+int64(e))*daySeconds, 0).UTC()
	s := stamp{year: t.Year(), month: int(t.Month()), day: t.Day()}
	if float64(int64(f)) != f {
		s.timed, s.sec, s.ns = true, int(ms/1000), int(ms%1000)*1e6
	}
	return s, nil
}
