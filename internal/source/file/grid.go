package file

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// preface is how many rows may come before the header, with it included.
const preface = 30

// grid is one list of rows in a file: the file itself cut at some delimiter, a
// sheet, a list in a JSON document. It can be read any number of times.
type grid struct {
	format string
	sheet  string // "" outside workbooks
	list   string // where in a JSON document the rows stand
	// keyed grids name the columns in every row; header is all their names.
	keyed  bool
	header []string
	// first is the first rows of a grid that is not keyed.
	first []headRow
	bad   string // why one of the first rows cannot be read
	notes []string
	// open reads the rows from the start; want is the number of columns.
	open  func(want int) (rows, error)
	epoch serialEpoch
}

type headRow struct {
	n     uint32
	cells []string
}

// rows reads rows one by one.
type rows interface {
	// next reads a row, whose cells stay valid until the next call. Its error is
	// io.EOF at the end; with any other reading cannot go on.
	next(*row) error
	// notes are what is worth saying once all rows are read.
	notes() []string
}

// row is one row as it stands in the file.
type row struct {
	n      uint32 // physical line, sheet row, or element
	cells  [][]byte
	number []bool // the cell holds a number, not text that looks like one; nil: none does
	bad    string // why the row can't be read; cells are empty then
}

// peek reads the rows of a grid among which the header is: the first ones, or
// those up to the row that is known to be it.
func (g *grid) peek(header int) error {
	rs, err := g.open(0)
	if err != nil {
		return err
	}
	var r row
	for n := 0; header == 0 && n < preface || int(r.n) < header; n++ {
		if err := rs.next(&r); err == io.EOF {
			break
		} else if err != nil {
			if len(g.first) == 0 {
				return err
			}
			break
		}
		if g.bad == "" && r.bad != "" {
			g.bad = fmt.Sprintf("row %d: %s", r.n, r.bad)
		}
		if int(r.n) < header {
			continue
		}
		cells := make([]string, len(r.cells))
		for i, c := range r.cells {
			cells[i] = headerText(c)
		}
		g.first = append(g.first, headRow{r.n, cells})
	}
	return nil
}

// headerText is a header as shown: without line ends and doubled blanks.
func headerText(cell []byte) string {
	return strings.Join(strings.Fields(string(bytes.TrimPrefix(cell, []byte("\ufeff")))), " ")
}

// delimiters are tried in this order.
var delimiters = []byte{',', ';', '\t', '|'}

// delimited lists the grids that a text file may hold, one for each delimiter.
func (in *input) delimited(delim rune, header int) ([]grid, error) {
	tries := delimiters
	switch {
	case delim >= utf8.RuneSelf || delim == '"' || delim == '\n' || delim == '\r' || delim < 0:
		return nil, fmt.Errorf("delimiter %q is not possible", delim)
	case delim != 0:
		tries = []byte{byte(delim)}
	case in.text.sep != 0:
		tries = []byte{in.text.sep}
	}
	var gs []grid
	for _, d := range tries {
		g := grid{format: "csv", open: func(want int) (rows, error) {
			r, err := in.reader()
			if err != nil {
				return nil, err
			}
			s := newSplitter(r, d)
			s.want = want
			return &textRows{s: s, form: in.text}, nil
		}}
		if d == '\t' {
			g.format = "tsv"
		}
		if err := g.peek(header); err != nil {
			return nil, err
		}
		gs = append(gs, g)
	}
	return gs, nil
}

// textRows reads the rows of delimited text.
type textRows struct {
	s      *splitter
	form   textForm
	oldRow uint32 // first row read as Windows-1252
	old    int
}

func (t *textRows) next(r *row) error {
	for {
		at, bad, err := t.s.next()
		if err != nil {
			return err
		}
		*r = row{n: at, bad: bad}
		switch {
		case bad != "":
			return nil
		case t.form.sep != 0 && at == 1:
			continue
		case t.s.ascii && !t.form.slow:
			r.cells = t.s.fields
			return nil
		case bytes.IndexByte(t.s.raw, 0) >= 0:
			r.bad = "a NUL byte stands in the row"
			return nil
		}
		r.cells = t.s.fields
		if utf8.Valid(t.s.raw) {
			return nil
		}
		if !t.form.legacy {
			r.cells, r.bad = nil, "the row is not text in the given encoding"
			return nil
		}
		for i, c := range r.cells {
			if !utf8.Valid(c) {
				r.cells[i] = legacy(c)
			}
		}
		if t.old++; t.oldRow == 0 {
			t.oldRow = at
		}
		return nil
	}
}

func (t *textRows) notes() []string {
	if t.old == 0 {
		return nil
	}
	return []string{fmt.Sprintf("rows whose bytes are not UTF-8 were read as Windows-1252: %d, the first at %d", t.old, t.oldRow)}
}
