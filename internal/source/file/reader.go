package file

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"gcdiag/internal/casefile"
	"gcdiag/internal/money"
	"gcdiag/internal/record"
	"gcdiag/internal/redact"
)

// reader makes records of the rows of one grid.
type reader struct {
	ctx      context.Context
	spec     *Spec
	in       *input
	grid     *grid
	head     headRow
	sch      schema
	res      *Result
	progress Progress
	shown    time.Time

	columns []column
	col     [fieldCount]*column // nil: the file has no such column
	bound   []field             // fields with a column

	// the row at hand
	row    row
	cells  [fieldCount][]byte // nil: empty
	number [fieldCount]bool
	src    record.Source
	why    string // the first reason to refuse it
	fatal  error  // a reason to stop altogether
	made   made

	views    bool // texts are views of the cells, not copies
	unlisted int  // columns that are attributes
	keep     keeper
	attrs    []record.Attr
	cal      calendar

	totals, headers int    // lines passed over
	firstTotal      uint32 // the first of the former
}

// column is what is known of one column.
type column struct {
	field  field
	class  class
	filled bool
	few    *few   // nil: the column holds many different texts
	hit    *known // what is known of the cell at hand; nil: nothing
	days   *few   // of times: the texts that are no longer than a date
	header string
	words  map[string]string // values map; nil: none
	mapped map[string][]byte // words already looked up
	intern interner
	vocab  map[string]word

	mark    money.Mark // of amounts
	order   dateOrder  // of dates
	set     bool       // the spec gives it
	decided bool       // the whole column was asked
	shows   evidence
	unix    bool // Unix times were found
	ids     idShape
}

// word is a word of a vocabulary, or why a text is none.
type word struct {
	value uint16
	why   string
}

func newReader(ctx context.Context, spec *Spec, in *input, g *grid, head headRow, m *mapping, res *Result) *reader {
	r := &reader{ctx: ctx, spec: spec, in: in, grid: g, head: head, sch: schemas[spec.Record], res: res,
		columns: make([]column, len(m.fields)), cal: calendar{zone: spec.Zone}}
	switch spec.Record {
	case record.Movements, record.Deliveries, record.Postings:
		r.views = true
	}
	for i, f := range m.fields {
		c := &r.columns[i]
		c.header, c.field = strings.Clone(m.columns[i].Header), f
		if f == noField {
			if c.header == "" {
				c.header = fmt.Sprintf("column %d", i+1)
			}
			r.unlisted++
			continue
		}
		c.class = classOf(spec.Record, f)
		c.words = spec.words(f)
		if (c.class == other || c.words != nil) && !spec.slow {
			c.few = new(few)
		}
		if c.class == when && !spec.slow {
			c.days = new(few)
		}
		c.mark, c.order = money.NoMark, anyOrder
		if c.class == amount && spec.Decimal != "" {
			c.mark, c.set = money.Mark(spec.Decimal[0]), true
		}
		if c.class == when && spec.Dates != "" {
			c.order, c.set = spec.dateOrder(), true
		}
		r.col[f] = c
		r.bound = append(r.bound, f)
	}
	return r
}

// run reads all rows. What is known at the end is written down even where
// reading ends early.
func (r *reader) run(sink Sink) error {
	rs, err := r.grid.open(len(r.head.cells))
	if err != nil {
		return err
	}
	err = r.rows(rs, sink)
	r.tell(true)
	r.res.Input.Notes = append(r.res.Input.Notes, rs.notes()...)
	r.conclude()
	if err == nil {
		err = r.damage()
	}
	return err
}

// rows reads until the end, or until the context or the sink ends it.
func (r *reader) rows(rs rows, sink Sink) error {
	for n := 0; ; n++ {
		if n%256 == 0 {
			if err := r.ctx.Err(); err != nil {
				return err
			}
			r.tell(false)
		}
		switch err := rs.next(&r.row); {
		case r.in.over: // a row may be half of one
			return r.ctx.Err()
		case err == io.EOF:
			return nil
		case err != nil:
			r.res.Stopped = fmt.Sprintf("after row %d: %v", r.src.Row, err)
			return nil
		case !r.grid.keyed && r.row.n <= r.head.n:
			continue
		}
		r.src = record.Source{System: r.spec.System, Input: r.spec.Input, Row: r.row.n}
		if err := r.take(sink); err != nil {
			return err
		}
	}
}

// tell reports progress, at most every tenth of a second but at the end.
func (r *reader) tell(end bool) {
	if r.progress == nil {
		return
	}
	if now := time.Now(); end || now.Sub(r.shown) >= tellEvery {
		r.shown = now
		r.progress(r.in.done(), r.in.size, r.res.Rows)
	}
}

// take makes a record or a reject of the row at hand.
func (r *reader) take(sink Sink) error {
	r.why = ""
	if r.row.bad != "" {
		return r.reject(sink, casefile.Reject{Reason: r.row.bad})
	}
	if !r.fill() {
		return nil
	}
	if len(r.row.cells) > len(r.columns) && r.why != "" { // which cell is which can't be trusted
		return r.reject(sink, casefile.Reject{Reason: r.why})
	}
	for _, f := range r.sch.need {
		if r.cells[f] == nil && (f != fAmount || r.cells[fDebit] == nil && r.cells[fCredit] == nil) {
			r.refuse("has no %s", f)
		}
	}
	if r.spec.Record == record.Cards && totalLine(string(r.cells[fID])) {
		r.refuse("is a line of totals")
	}
	if r.why == "" {
		if err := r.build(sink); err != nil {
			return err
		}
	}
	if r.fatal != nil {
		return r.fatal
	}
	if r.why == "" {
		r.count()
		return nil
	}
	if r.passOver() {
		return nil
	}
	rej := casefile.Reject{Reason: r.why}
	for _, f := range keyFields {
		if c := r.cells[f]; c != nil && r.col[f].class == ident {
			if key := string(c); !slices.Contains(rej.Keys, key) {
				rej.Keys = append(rej.Keys, key)
			}
		}
	}
	if r.sch.when != noField {
		rej.At = r.time(r.sch.when)
	}
	return r.reject(sink, rej)
}

// keyFields are the identifiers that a reject still tells.
var keyFields = []field{fID, fEvent, fRef, fOrder, fCard, fRefund, fBatch, fNotification, fDocument, fERPRef, fReverses, fTransfer}

func (r *reader) reject(sink Sink, rej casefile.Reject) error {
	rej.Source, rej.Record, rej.Place = r.src, r.spec.Record, Place(r.res.Input.Name, r.row.n)
	rej.Reason = redact.Mask(rej.Reason)
	r.res.Rejected++
	return sink.Reject(rej)
}

// refuse notes why the row at hand is no record; the first reason stays.
func (r *reader) refuse(format string, args ...any) {
	if r.why == "" {
		r.why = fmt.Sprintf(format, args...)
	}
}

// fill sorts the row's cells by field. It is false for a blank row.
func (r *reader) fill() bool {
	cells, any := r.row.cells, false
	for i := range r.columns {
		col := &r.columns[i]
		if i >= len(cells) {
			r.cells[col.field] = nil
			continue
		}
		c := cells[i]
		if !bare(c) {
			c = trim(c)
			cells[i] = c
		}
		any = any || len(c) > 0
		if col.field == noField {
			continue
		}
		if len(c) > 0 {
			c = r.value(col, c)
		}
		if len(c) == 0 {
			r.cells[col.field] = nil
			continue
		}
		r.cells[col.field] = c
		r.number[col.field] = r.row.number != nil && r.row.number[i]
	}
	for i := len(r.columns); i < len(cells); i++ {
		if cells[i] = trim(cells[i]); len(cells[i]) > 0 {
			any = true
			r.refuse("has %d columns, the header has %d", len(cells), len(r.columns))
		}
	}
	return any
}

// value is what a cell stands for: what the values map makes of it, nothing where
// it holds a spreadsheet's error.
func (r *reader) value(col *column, c []byte) []byte {
	if col.few != nil {
		if col.hit = col.few.get(c); col.hit != nil {
			return col.hit.to
		}
	}
	cell := c
	if col.words != nil {
		if c = col.translate(c); len(c) == 0 {
			return nil
		}
	}
	if c[0] == '#' && col.class != text && sheetError(c) {
		r.refuse("%s holds the spreadsheet error %s", col.field, c)
		return nil
	}
	if col.few != nil {
		col.hit = col.few.put(cell, c)
	}
	return c
}

// bare reports whether trim has nothing to drop, for certain.
func bare(c []byte) bool {
	if len(c) == 0 {
		return true
	}
	a, z := c[0], c[len(c)-1]
	return a > ' ' && z > ' ' && a < 0x80 && z < 0x80 && a != '='
}

// trim drops blanks around a cell and the wrapping by which exports make
// spreadsheets leave text alone: ="0012".
func trim(c []byte) []byte {
	if bare(c) {
		return c
	}
	c = bytes.TrimSpace(c)
	if len(c) >= 3 && c[0] == '=' && c[1] == '"' && c[len(c)-1] == '"' {
		c = bytes.TrimSpace(c[2 : len(c)-1])
	}
	return c
}

// sheetError reports whether a cell holds what a spreadsheet shows for an error.
func sheetError(c []byte) bool {
	switch string(c) {
	case "#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!", "#NV", "#BEZUG!", "#WERT!":
		return true
	}
	return len(bytes.Trim(c, "#")) == 0 && len(c) > 2
}

// translate applies the values map to a cell.
func (c *column) translate(cell []byte) []byte {
	if to, ok := c.mapped[string(cell)]; ok {
		return to
	}
	to := bytes.Clone(cell)
	if ours, ok := c.words[wordKey(string(cell))]; ok {
		to = []byte(strings.TrimSpace(ours))
	}
	if c.mapped == nil {
		c.mapped = map[string][]byte{}
	}
	if len(c.mapped) < 1024 {
		c.mapped[string(cell)] = to
	}
	return to
}

// count notes what a record showed of its columns.
func (r *reader) count() {
	r.res.Rows++
	for _, f := range r.bound {
		c := r.cells[f]
		if c == nil {
			continue
		}
		col := r.col[f]
		col.filled = true
		if col.class == ident {
			col.ids.see(c)
		}
	}
}

// span widens the stretch of time that the records cover.
func (r *reader) span(t record.Time) {
	if !t.Known() {
		return
	}
	if !r.res.From.Known() || t.Compare(r.res.From) < 0 {
		r.res.From = t
	}
	if !r.res.To.Known() || t.Compare(r.res.To) > 0 {
		r.res.To = t
	}
}

// passOver reports whether a row that is no record is a line of totals or
// repeats the header; those are counted, not refused.
func (r *reader) passOver() bool {
	first, same := "", !r.grid.keyed
	for i, c := range r.row.cells {
		if first == "" {
			first = string(c)
		}
		same = same && i < len(r.columns) && (len(c) == 0 || headerText(c) == r.res.Input.Columns[i].Header)
	}
	if same {
		r.headers++
		return true
	}
	lacks := 0
	for _, f := range r.sch.need {
		if f != fAmount && r.cells[f] == nil {
			lacks++
		}
	}
	if !totalLine(first) || lacks == 0 && r.spec.Record != record.Cards {
		return false
	}
	if r.totals++; r.totals == 1 {
		r.firstTotal = r.row.n
	}
	return true
}

// totalLine reports whether a row that begins with this cell sums up others.
func totalLine(first string) bool {
	w, _, _ := strings.Cut(strings.ToLower(strings.TrimLeft(first, "*-= ")), " ")
	switch strings.TrimRight(w, ":.") {
	case "total", "totals", "subtotal", "sub-total", "sum", "gesamt", "gesamtsumme", "summe", "zwischensumme", "totaal", "totale", "totaux":
		return true
	}
	return strings.HasPrefix(strings.ToLower(first), "grand total") || strings.HasPrefix(strings.ToLower(first), "report total")
}

// conclude writes down what only all rows tell.
func (r *reader) conclude() {
	note := func(format string, args ...any) {
		r.res.Input.Notes = append(r.res.Input.Notes, fmt.Sprintf(format, args...))
	}
	if r.totals > 0 {
		note("lines of totals were passed over: %d, the first at %d", r.totals, r.firstTotal)
	}
	if r.headers > 0 {
		note("repeated headers were passed over: %d", r.headers)
	}
	if r.grid.format == "json" && r.res.Rejected > 0 {
		note("places in it count the records, not the lines")
	}
	for _, f := range r.sch.fields {
		c := r.col[f]
		if c == nil {
			continue
		}
		if c.filled {
			r.res.Filled = append(r.res.Filled, f.String())
		}
		if s := c.verdict(); s != "" {
			note("%s: %s", f, s)
		}
		if c.unix {
			note("%s: digits are read as Unix times", f)
		}
	}
}
