package file

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"

	"gcdiag/internal/money"
)

// evidence is the first rows of a column that prove how it writes decimals or
// dates; where another file of the same export proves it first, that row's.
type evidence struct {
	point, comma uint32
	dmy, mdy     uint32

	// Single marks before exactly three digits can be read in two ways. They are
	// decimals all the same where the column writes thousands without a mark
	// ("15000"), or where all its texts look like that and the currency has three
	// decimals.
	bare                    uint32
	points, commas, amounts int
}

// mark is the decimal mark that a column shows, given the decimals of its
// currency, or NoMark.
func (e *evidence) mark(decimals int) money.Mark {
	switch {
	case e.point > 0 && e.comma > 0:
		return money.NoMark
	case e.point > 0:
		return money.Point
	case e.comma > 0:
		return money.Comma
	}
	threes := e.points + e.commas
	if threes == 0 || e.points > 0 && e.commas > 0 || e.bare == 0 && (decimals != 3 || threes < 3 || threes < e.amounts) {
		return money.NoMark
	}
	if e.points > 0 {
		return money.Point
	}
	return money.Comma
}

// join adds what the same column of another file of the export proves.
func (e *evidence) join(o evidence) {
	for _, x := range []struct{ have, more *uint32 }{{&e.point, &o.point}, {&e.comma, &o.comma}, {&e.dmy, &o.dmy}, {&e.mdy, &o.mdy}} {
		if *x.have == 0 {
			*x.have = *x.more
		}
	}
	if e.bare == 0 {
		e.bare = o.bare
	}
	e.points, e.commas, e.amounts = e.points+o.points, e.commas+o.commas, e.amounts+o.amounts
}

// verdict says how a column was read, where that had to be found out, else "".
func (c *column) verdict() string {
	e := c.shows
	switch {
	case !c.decided || c.set:
		return ""
	case e.point > 0 && e.comma > 0:
		return fmt.Sprintf("rows %d and %d contradict each other about the decimal mark; what reads both ways is refused", min(e.point, e.comma), max(e.point, e.comma))
	case e.point > 0:
		return fmt.Sprintf("decimal point, as row %d shows", e.point)
	case e.comma > 0:
		return fmt.Sprintf("decimal comma, as row %d shows", e.comma)
	case c.mark != money.NoMark && e.bare > 0:
		return fmt.Sprintf("decimal %q: row %d writes thousands without a mark", string(rune(c.mark)), e.bare)
	case c.mark != money.NoMark:
		return fmt.Sprintf("decimal %q: all amounts have the three decimals of the currency", string(rune(c.mark)))
	case e.dmy > 0 && e.mdy > 0:
		return fmt.Sprintf("rows %d and %d contradict each other about the order of day and month; what reads both ways is refused", min(e.dmy, e.mdy), max(e.dmy, e.mdy))
	case e.dmy > 0:
		return fmt.Sprintf("day before month, as row %d shows", e.dmy)
	case e.mdy > 0:
		return fmt.Sprintf("month before day, as row %d shows", e.mdy)
	}
	return ""
}

// ask reads all columns that can be read in two ways, in this file and in those
// beside it, and decides each. It runs once, when the first text turns up that
// can be read in two ways.
func (r *reader) ask() {
	if shows, known := r.spec.Surveys.get(r.spec.Path); known {
		for i := range r.columns {
			if c := &r.columns[i]; c.twoWays() {
				c.shows = shows[c.field]
			}
		}
	} else if err := r.survey(); err == nil {
		r.spec.Surveys.put(r.spec.Path, r.shows())
	} else if r.fatal == nil {
		r.fatal = err
	}
	for _, path := range r.spec.Beside {
		if path != r.spec.Path {
			r.askBeside(path)
		}
	}
	if err := r.ctx.Err(); err != nil && r.fatal == nil {
		r.fatal = err
	}
	for i := range r.columns {
		c := &r.columns[i]
		if !c.twoWays() {
			continue
		}
		e := c.shows
		c.decided = true
		if c.class == amount {
			c.mark = e.mark(r.spec.Currency.Exponent())
			continue
		}
		switch {
		case e.dmy > 0 && e.mdy == 0:
			c.order = dmy
		case e.mdy > 0 && e.dmy == 0:
			c.order = mdy
		}
	}
}

// askBeside joins what another file of the export proves about the columns. A
// file that cannot be read proves nothing here; its own reading tells why.
func (r *reader) askBeside(path string) {
	shows, known := r.spec.Surveys.get(path)
	if !known {
		shows = r.surveyOf(path)
		if r.ctx.Err() != nil {
			return
		}
		r.spec.Surveys.put(path, shows)
	}
	for i := range r.columns {
		if c := &r.columns[i]; c.twoWays() {
			c.shows.join(shows[c.field])
		}
	}
}

// surveyOf is what another file proves about its columns, nil where it cannot be read.
func (r *reader) surveyOf(path string) map[field]evidence {
	spec := *r.spec
	spec.Path, spec.Name, spec.Beside = path, path, nil
	in, grids, err := open(r.ctx, &spec, nil)
	if err != nil {
		return nil
	}
	defer in.close()
	g, head, m, err := choose(&spec, grids)
	if err != nil || g == nil {
		return nil
	}
	o := newReader(r.ctx, &spec, in, g, head, m, &Result{})
	if o.survey() != nil {
		return nil
	}
	return o.shows()
}

// shows is what the columns prove, by field.
func (r *reader) shows() map[field]evidence {
	shows := map[field]evidence{}
	for i := range r.columns {
		if c := &r.columns[i]; c.twoWays() {
			shows[c.field] = c.shows
		}
	}
	return shows
}

// Surveys is what the files of an export prove about how decimals and dates are
// written in it, so that each is surveyed once however many there are. The zero
// value knows nothing yet. It is safe for concurrent use.
type Surveys struct {
	mu sync.Mutex
	of map[string]map[field]evidence
}

func (s *Surveys) get(path string) (map[field]evidence, bool) {
	if s == nil {
		return nil, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	shows, known := s.of[path]
	return shows, known
}

func (s *Surveys) put(path string, shows map[field]evidence) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.of == nil {
		s.of = map[string]map[field]evidence{}
	}
	s.of[path] = shows
}

// twoWays reports whether a column may hold texts that can be read in two ways.
func (c *column) twoWays() bool { return (c.class == amount || c.class == when) && !c.set }

// survey notes what each column proves, over all rows.
func (r *reader) survey() error {
	return r.scan(func(row *row) {
		for i, cell := range row.cells {
			if i >= len(r.columns) {
				break
			}
			c := &r.columns[i]
			if !c.twoWays() || row.number != nil && row.number[i] {
				continue
			}
			if cell = trim(cell); len(cell) > 0 {
				c.shows.see(c.class, cell, row.n)
			}
		}
	})
}

// see notes what one cell proves.
func (e *evidence) see(class class, cell []byte, row uint32) {
	first := func(at *uint32) {
		if *at == 0 {
			*at = row
		}
	}
	if class == amount {
		w, err := money.Parse(cell, money.NoMark)
		e.amounts++
		switch {
		case errors.Is(err, money.ErrUnsure):
			if bytes.IndexByte(cell, '.') >= 0 {
				e.points++
			} else {
				e.commas++
			}
		case err != nil:
		case w.Mark == money.Point:
			first(&e.point)
		case w.Mark == money.Comma:
			first(&e.comma)
		case w.Scale == 0 && (w.Coef > 9999 || w.Coef < -9999):
			first(&e.bare)
		}
		return
	}
	s, err := parseTime(cell, anyOrder, false)
	switch {
	case err != nil:
	case s.shows == dmy:
		first(&e.dmy)
	case s.shows == mdy:
		first(&e.mdy)
	}
}

// scan reads the readable rows of the grid once more, beside the reading that is
// under way.
func (r *reader) scan(f func(*row)) error {
	read := r.in.read
	defer func() { r.in.read = read }()
	rs, err := r.grid.open(len(r.head.cells))
	if err != nil {
		return err
	}
	var row row
	for n := 0; ; n++ {
		if n%1024 == 0 {
			if err := r.ctx.Err(); err != nil {
				return err
			}
		}
		switch err := rs.next(&row); {
		case r.in.over:
			return r.ctx.Err()
		case err == io.EOF:
			return nil
		case err != nil:
			return nil // the reading under way will come upon it and tell
		case !r.grid.keyed && row.n <= r.head.n || row.bad != "":
		default:
			f(&row)
		}
	}
}
