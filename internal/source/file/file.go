// Package file reads the export files that people get out of their systems into
// records: CSV and its relatives, JSON, JSON lines and XLSX, whatever their
// extension says.
//
// What it promises:
//
//   - A row becomes one record or one reject; nothing is dropped in silence.
//     Only blank rows are passed over, and lines of totals and repeated headers,
//     which the input's notes count.
//   - What a value means never depends on the order of rows. Where texts like
//     "1,234" or "3/4/2026" can be read two ways, the whole column decides; where
//     it does not, these values are refused and everything else is kept.
//   - Memory does not grow with the file.
package file

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"gcdiag/internal/casefile"
	"gcdiag/internal/money"
	"gcdiag/internal/record"
)

// Spec says what a file holds and how to read it.
type Spec struct {
	Record record.Type
	Path   string // where the file is
	Name   string // as shown; default Path

	// Columns maps the contract's columns to headers; "" means that the file has
	// no such column, whatever a header is called.
	Columns map[string]string
	// Values maps, by column, words of the file to the contract's; "" means that
	// the word says nothing. The file's words are compared without regard to case.
	Values map[string]map[string]string

	Sign      string // "by_kind": postings' amounts are absolute; default "": as written
	Sheet     string // default: the first sheet whose header fits
	Encoding  string // default: UTF-8 or UTF-16 as found, Windows-1252 for rows that are neither
	Delimiter rune   // default: the one of comma, semicolon, tab and bar that makes a header
	HeaderRow int    // 1-based line or row; default: the first of 30 rows that fits
	Decimal   string // "." or ","; default: what each column shows
	Dates     string // "ymd", "dmy" or "mdy"; default: what each column shows
	// Beside are the paths of an export that came in several files, with or without
	// this one: their columns show how decimals and dates are written here, too.
	Beside []string
	// Surveys keeps what each file of the export proves, for specs that differ in
	// nothing but the file; nil keeps nothing.
	Surveys *Surveys

	Zone     *time.Location // of local times and dates; default UTC
	Currency money.Currency // of records that carry none

	System, Input uint16 // stamped on the records

	slow bool // without the quick ways for usual rows; tests compare both
}

// Sink takes what is read, in the file's order. An error ends the reading. A
// record is valid during the call only. So are the texts and attributes of
// movements, deliveries and postings, of which there can be very many: who keeps
// one of these keeps record.Clone of it. Texts of the other records stay valid.
type Sink interface {
	Movement(*record.Movement) error
	Card(*record.Card) error
	Order(*record.Order) error
	Subscription(*record.Subscription) error
	Delivery(*record.Delivery) error
	Flow(*record.Flow) error
	Posting(*record.Posting) error
	Rule(*record.Rule) error
	Exception(*record.Exception) error
	Reject(casefile.Reject) error
}

// Progress tells how far a file is read: bytes of the file, all of its bytes,
// and the records so far. It is called ten times a second at most.
type Progress func(read, total int64, rows int)

const tellEvery = time.Second / 10

// Result is what reading a file found beside the records.
type Result struct {
	Input    casefile.Input
	Rows     int // records
	Rejected int
	Damaged  []casefile.Damage
	Filled   []string    // the contract's columns that at least one record fills
	From, To record.Time // the earliest and latest time of the records
	// Stopped says why the file could not be read to its end; what stands before
	// is kept. "" means that it was read whole.
	Stopped string
}

// Read reads a file into a sink. A file without rows is no error. The error says
// why the whole file cannot be read (a *NoColumn where a required column is
// missing), or is the context's or the sink's; the result holds what was read until then.
func Read(ctx context.Context, spec Spec, sink Sink, progress Progress) (Result, error) {
	if spec.Name == "" {
		spec.Name = spec.Path
	}
	res := Result{Input: casefile.Input{Name: spec.Name, Record: spec.Record}}
	if err := spec.prepare(); err != nil {
		return res, fmt.Errorf("%s: %w", spec.Name, err)
	}
	in, grids, err := open(ctx, &spec, progress)
	if err != nil {
		return res, fmt.Errorf("%s: %w", spec.Name, err)
	}
	defer in.close()
	g, head, m, err := choose(&spec, grids)
	if g != nil {
		res.Input.Format = g.format
		if g.sheet != "" {
			res.Input.Name += ":" + g.sheet
		}
	}
	if err != nil {
		return res, fmt.Errorf("%s: %w", res.Input.Name, err)
	}
	if g == nil {
		res.Input.Notes = append(res.Input.Notes, "the file is empty")
		return res, nil
	}
	res.Input.Columns = m.columns
	res.Input.Notes = append(slices.Clone(g.notes), m.notes...)
	r := newReader(ctx, &spec, in, g, head, m, &res)
	r.progress = progress
	err = r.run(sink)
	if err != nil && res.Stopped == "" {
		res.Stopped = fmt.Sprintf("after row %d: %v", r.src.Row, err)
	}
	if err != nil && !errors.Is(err, ctx.Err()) {
		err = fmt.Errorf("%s: %w", res.Input.Name, err)
	}
	return res, err
}

// Place is where a row stands, as messages show it: "erp.csv:17",
// "erp.xlsx:Sheet1:17". name is that of the input.
func Place(name string, row uint32) string { return fmt.Sprintf("%s:%d", name, row) }

// prepare checks the spec's own words and sets defaults.
func (s *Spec) prepare() error {
	sch, ok := schemas[s.Record]
	if !ok {
		return errors.New("no record type is given")
	}
	if s.Zone == nil {
		s.Zone = time.UTC
	}
	for _, name := range slices.Sorted(maps.Keys(s.Columns)) {
		if _, ok := sch.lookup(name); !ok {
			return fmt.Errorf("columns: %s have no column %s%s", s.Record, quote(name), hint(nearest(name, sch.names())))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Values)) {
		f, ok := sch.lookup(name)
		if !ok {
			return fmt.Errorf("values: %s have no column %s%s", s.Record, quote(name), hint(nearest(name, sch.names())))
		}
		if err := checkWords(s.Record, f, s.Values[name]); err != nil {
			return err
		}
	}
	switch {
	case s.Sign != "" && s.Sign != "by_kind":
		return fmt.Errorf("sign: %s is not by_kind", quote(s.Sign))
	case s.Sign != "" && s.Record != record.Postings && s.Record != record.Movements: // a movement's kind gives the sign anyway
		return fmt.Errorf("sign: %s have none to give", s.Record)
	case s.Decimal != "" && s.Decimal != "." && s.Decimal != ",":
		return fmt.Errorf("decimal: %s is neither %q nor %q", quote(s.Decimal), ".", ",")
	case s.Dates != "" && s.dateOrder() == anyOrder:
		return fmt.Errorf("dates: %s is none of ymd, dmy, mdy", quote(s.Dates))
	case s.HeaderRow < 0:
		return fmt.Errorf("header_row: %d is not a row", s.HeaderRow)
	}
	return nil
}

// checkWords refuses a values map that contradicts itself or maps to no word.
func checkWords(t record.Type, f field, words map[string]string) error {
	vocabulary := record.Vocabulary(t, f.String())
	seen := map[string]string{}
	for _, theirs := range slices.Sorted(maps.Keys(words)) {
		ours := words[theirs]
		key := wordKey(theirs)
		if other, ok := seen[key]; ok && other != ours {
			return fmt.Errorf("values: %s: %s is mapped to both %s and %s", f, quote(theirs), quote(other), quote(ours))
		}
		seen[key] = ours
		if vocabulary == nil || ours == "" || f == fKinds {
			continue
		}
		if !slices.ContainsFunc(vocabulary, func(w string) bool { return record.Fold(w) == record.Fold(ours) }) {
			return fmt.Errorf("values: %s: %s is mapped to %s, which is none of %s%s", f, quote(theirs), quote(ours),
				strings.Join(vocabulary, ", "), hint(nearest(ours, vocabulary)))
		}
	}
	return nil
}

// wordKey is the form in which a file's words are compared with a values map.
func wordKey(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

func (s *Spec) dateOrder() dateOrder {
	return dateOrder(max(0, slices.Index(dateOrders[:], s.Dates)))
}

// column is the header that the columns map gives for a field.
func (s *Spec) column(f field) (header string, ok bool) {
	for name, header := range s.Columns {
		if record.Fold(name) == record.Fold(f.String()) {
			return header, true
		}
	}
	return "", false
}

// words is the values map of a field with comparable keys, nil for none.
func (s *Spec) words(f field) map[string]string {
	for name, words := range s.Values {
		if record.Fold(name) == record.Fold(f.String()) {
			folded := make(map[string]string, len(words))
			for theirs, ours := range words {
				folded[wordKey(theirs)] = ours
			}
			return folded
		}
	}
	return nil
}

// open opens a file and lists the grids in it; no grids mean an empty file. progress
// may be nil.
func open(ctx context.Context, spec *Spec, progress Progress) (*input, []grid, error) {
	in, zipped, err := openInput(ctx, spec.Path, spec.Encoding)
	if err != nil {
		return nil, nil, err
	}
	if progress != nil {
		shown := time.Now()
		in.opening = func() {
			if now := time.Now(); now.Sub(shown) >= tellEvery {
				shown = now
				progress(in.done(), in.size, 0)
			}
		}
		defer func() { in.opening = nil }()
	}
	var gs []grid
	switch {
	case zipped:
		var w *workbook
		if w, err = in.openWorkbook(); err == nil {
			gs, err = w.grids(spec.Sheet, spec.HeaderRow)
		}
	case in.text.empty:
	case in.text.json:
		gs, err = in.documents()
	default:
		in.text.slow = spec.slow
		gs, err = in.delimited(spec.Delimiter, spec.HeaderRow)
	}
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	if err != nil {
		in.close()
		return nil, nil, err
	}
	return in, gs, nil
}

// fit is a header row that has what a record type needs.
type fit struct {
	grid *grid
	head headRow
	how  *mapping
}

// choose finds the grid and the header row that fit the record type. Of several
// sheets the first counts; of delimiters the one that makes the most columns;
// two lists of a JSON document that both fit are refused. A nil grid without an
// error means that there is nothing in the file.
func choose(spec *Spec, grids []grid) (*grid, headRow, *mapping, error) {
	var fits []fit
	var near fit
	for i := range grids {
		g := &grids[i]
		for _, h := range g.heads(spec) {
			m := understand(spec, h.cells)
			if m.ok() {
				fits = append(fits, fit{g, h, m})
				break
			}
			if near.grid == nil || m.known > near.how.known || m.known == near.how.known && len(h.cells) > len(near.head.cells) {
				near = fit{g, h, m}
			}
		}
	}
	switch {
	case len(fits) > 0:
	case len(grids) == 0, nothingIn(grids) && (spec.HeaderRow == 0 || grids[0].keyed):
		return nil, headRow{}, nil, nil
	case near.grid == nil && grids[0].bad != "":
		return &grids[0], headRow{}, nil, errors.New(grids[0].bad)
	case near.grid == nil:
		return &grids[0], headRow{}, nil, fmt.Errorf("header_row: there is no row %d", spec.HeaderRow)
	case near.how.err != nil:
		return near.grid, near.head, nil, near.how.err
	default:
		return near.grid, near.head, nil, near.how.noColumn(spec.Record, near.head.n)
	}
	best := fits[0]
	switch {
	case best.grid.sheet != "":
		var others []string
		for _, f := range fits[1:] {
			others = append(others, f.grid.sheet)
		}
		if len(others) > 0 {
			best.how.notes = append(best.how.notes, fmt.Sprintf("the sheet %s is read; others would fit as well: %s", quote(best.grid.sheet), quotedList(others)))
		}
	case best.grid.keyed:
		if len(fits) > 1 && best.grid.list != "" && fits[1].grid.list != "" {
			return best.grid, headRow{}, nil, fmt.Errorf("holds two lists that could be meant, %s and %s; leave one in the file",
				quote(best.grid.list), quote(fits[1].grid.list))
		}
	default:
		for _, f := range fits[1:] {
			if f.how.known > best.how.known {
				best = f
			}
		}
	}
	return best.grid, best.head, best.how, nil
}

// heads lists the rows of a grid that may be its header.
func (g *grid) heads(spec *Spec) []headRow {
	if g.keyed {
		return []headRow{{cells: g.header}}
	}
	var hs []headRow
	for _, h := range g.first {
		if spec.HeaderRow > 0 && h.n != uint32(spec.HeaderRow) {
			continue
		}
		if slices.ContainsFunc(h.cells, func(s string) bool { return s != "" }) {
			hs = append(hs, h)
		}
	}
	return hs
}

// nothingIn reports whether a file holds no row at all: no text, blank sheets, or
// JSON without any object.
func nothingIn(grids []grid) bool {
	for i, g := range grids {
		top := i > 0 && g.keyed && g.list == ""
		if len(g.header) > 0 && !top || g.bad != "" || slices.ContainsFunc(g.first, func(h headRow) bool { return strings.Join(h.cells, "") != "" }) {
			return false
		}
	}
	return true
}
