package casefile

import (
	"encoding/binary"
	"slices"
	"strings"
	"time"

	"gcdiag/internal/money"
	"gcdiag/internal/record"
	"gcdiag/internal/shelf"
)

// Packed records take a tenth of the room: fields that hold nothing take none,
// numbers as many bytes as they need, and texts that recur stand in a list once.
// What is read back is equal to what was put in.

// pack is the records of one table, packed.
type pack[T any] struct {
	fields func(*coder, *T)
	words  words
	writer coder
	// full segments, and the one that is being filled; rows are where each record begins
	full    []segment
	filling []byte
	rows    []uint16
	size    int          // segments get full beyond it
	store   *shelf.Store // of the segments that do not stay in memory; nil: all do
	changed map[int]T    // records that were replaced
	fill    func(*T)     // what is put into every record read; nil: nothing
}

type segment struct {
	data  string // what is read from it shares this text; "": it is elsewhere
	rows  []uint16
	first int
	away  shelf.Extent // where it is in the store, if it has no data
}

// segmentSize makes segments fit into 64 KiB, as a rule. Where a record begins must
// fit into 16 bits.
const segmentSize = 63 << 10

// newPack is an empty pack, nil for records that are not packed.
func newPack[T any]() *pack[T] {
	var fields any
	switch any((*T)(nil)).(type) {
	case *record.Movement:
		fields = (*coder).movement
	case *record.Delivery:
		fields = (*coder).delivery
	case *record.Posting:
		fields = (*coder).posting
	default:
		return nil
	}
	return &pack[T]{fields: fields.(func(*coder, *T)), size: segmentSize}
}

// put appends a record. The error is that of the store.
func (p *pack[T]) put(r *T) error {
	if len(p.filling) > p.size {
		p.seal()
	}
	p.rows = append(p.rows, uint16(len(p.filling)))
	c := &p.writer
	*c = coder{words: &p.words, out: append(p.filling, 0, 0, 0, 0)}
	p.fields(c, r)
	binary.LittleEndian.PutUint32(c.out[len(p.filling):], c.mask)
	p.filling = c.out
	return p.store.Err()
}

// seal ends the segment that is being filled.
func (p *pack[T]) seal() {
	if len(p.rows) == 0 {
		return
	}
	first := 0
	if n := len(p.full); n > 0 {
		first = p.full[n-1].first + len(p.full[n-1].rows)
	}
	s := segment{rows: slices.Clone(p.rows), first: first}
	if p.store.Keeps(len(p.filling)) {
		s.data = string(p.filling)
	} else {
		s.away = p.store.Write(p.filling)
	}
	p.full = append(p.full, s)
	if cap(p.filling) < p.size {
		p.filling = make([]byte, 0, p.size+4096)
	}
	p.filling, p.rows = p.filling[:0], p.rows[:0]
}

// read fills r with the record of an index, which begins at a place of a segment.
// Of "", which is a segment that can't be read back, it is one that says nothing.
func (p *pack[T]) read(c *coder, i int, data string, r *T) {
	var zero T
	*r = zero
	if data != "" {
		*c = coder{words: &p.words, in: data[4:], reading: true}
		c.mask = uint32(data[0]) | uint32(data[1])<<8 | uint32(data[2])<<16 | uint32(data[3])<<24
		p.fields(c, r)
	}
	if p.changed != nil {
		if x, ok := p.changed[i]; ok {
			*r = x
		}
	}
}

// at fills r with the record of an index.
func (p *pack[T]) at(i int, r *T) {
	p.find(i, r)
	if p.fill != nil {
		p.fill(r)
	}
}

func (p *pack[T]) find(i int, r *T) {
	lo, hi := 0, len(p.full)
	for lo < hi {
		mid := (lo + hi) / 2
		if s := &p.full[mid]; i < s.first+len(s.rows) {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	if lo < len(p.full) {
		s := &p.full[lo]
		if s.data != "" {
			p.read(new(coder), i, s.data[s.rows[i-s.first]:], r)
		} else {
			p.fetch(s, i, r)
		}
		return
	}
	before := 0
	if lo > 0 {
		before = p.full[lo-1].first + len(p.full[lo-1].rows)
	}
	from, to := within(p.rows, i-before, len(p.filling))
	p.read(new(coder), i, string(p.filling[from:to]), r)
}

// within is where one of the records of a segment of so many bytes is.
func within(rows []uint16, k, size int) (from, to int) {
	if k+1 < len(rows) {
		size = int(rows[k+1])
	}
	return int(rows[k]), size
}

// fetch reads one record of a segment that is in the file: its bytes alone, so
// that a record that is kept keeps no others.
func (p *pack[T]) fetch(s *segment, i int, r *T) {
	from, to := within(s.rows, i-s.first, s.away.Size())
	defer func() {
		if recover() != nil { // no record was written like this
			p.store.Damaged()
			p.read(nil, i, "", r)
		}
	}()
	data := make([]byte, max(0, to-from))
	if !p.store.ReadPart(s.away, from, data) {
		data = nil
	}
	p.read(new(coder), i, string(data), r)
}

// batches yields all records but the dropped ones, so many at a time and always in
// the same place.
func (p *pack[T]) batches(size int, dropped RowSet, yield func([]T) bool) {
	p.seal() // so that texts of the last records share memory, too
	rows := make([]T, size)
	var c coder
	i, n := 0, 0
	var next chan string // will give the segment that comes next, if it is in the file
	for k := range p.full {
		s := &p.full[k]
		data := s.data
		if data == "" {
			if next == nil {
				next = p.ahead(k)
			}
			data = <-next
			next = p.ahead(k + 1)
		}
		for _, at := range s.rows {
			if dropped.Has(i) {
				i++
				continue
			}
			if data == "" {
				at = 0
			}
			p.read(&c, i, data[at:], &rows[n])
			i++
			if n++; n == size {
				if !yield(rows) {
					return
				}
				n = 0
			}
		}
	}
	if n > 0 {
		yield(rows[:n])
	}
}

// ahead begins to read a segment, nil where there is nothing to read.
func (p *pack[T]) ahead(k int) chan string {
	if k == len(p.full) || p.full[k].data != "" {
		return nil
	}
	out := make(chan string, 1)
	go func() {
		away := p.full[k].away
		data := make([]byte, away.Size())
		if !p.store.Read(away, data) {
			data = nil
		}
		out <- string(data)
	}()
	return out
}

// words lists texts that recur.
type words struct {
	list  []string // list[0] is not used
	index map[string]uint32
	last  [16]struct {
		text string
		n    uint32
	}
}

const mostWords = 1 << 16

// number is the number of a text, 0 where there are too many different ones.
func (w *words) number(slot int, s string) uint32 {
	l := &w.last[slot]
	if l.n != 0 && l.text == s {
		return l.n
	}
	n, known := w.index[s]
	if !known {
		if len(w.list) >= mostWords {
			return 0
		}
		if w.index == nil {
			w.index = map[string]uint32{}
			w.list = make([]string, 1)
		}
		s = strings.Clone(s)
		n = uint32(len(w.list))
		w.list = append(w.list, s)
		w.index[s] = n
	}
	l.text, l.n = w.list[n], n
	return n
}

// coder writes the fields of one record, or reads them: which of them hold
// something is told by one bit each, in the order in which they are named.
type coder struct {
	words   *words
	mask    uint32
	bit     uint32
	reading bool
	out     []byte
	in      string
}

// has begins a field: whether it is to be written or read.
func (c *coder) has(filled bool) bool {
	b := uint32(1) << c.bit
	c.bit++
	if c.reading {
		return c.mask&b != 0
	}
	if filled {
		c.mask |= b
	}
	return filled
}

func (c *coder) putUint(v uint64) { c.out = binary.AppendUvarint(c.out, v) }

func (c *coder) uint() uint64 {
	var v uint64
	for i := 0; ; i++ {
		b := c.in[i]
		v |= uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			c.in = c.in[i+1:]
			return v
		}
	}
}

func (c *coder) putInt(v int64) { c.putUint(uint64(v)<<1 ^ uint64(v>>63)) }

func (c *coder) int() int64 {
	v := c.uint()
	return int64(v>>1) ^ -int64(v&1)
}

func (c *coder) source(s *record.Source) {
	if c.reading {
		both := c.uint()
		s.System, s.Input, s.Row = uint16(both), uint16(both>>16), uint32(c.uint())
		return
	}
	c.putUint(uint64(s.System) | uint64(s.Input)<<16)
	c.putUint(uint64(s.Row))
}

// byte writes or reads one byte that is always there.
func (c *coder) byte(v byte) byte {
	if c.reading {
		v = c.in[0]
		c.in = c.in[1:]
		return v
	}
	c.out = append(c.out, v)
	return v
}

func (c *coder) string() string {
	n := c.uint()
	s := c.in[:n]
	c.in = c.in[n:]
	return s
}

func (c *coder) putString(s string) {
	c.putUint(uint64(len(s)))
	c.out = append(c.out, s...)
}

// id is a text that seldom recurs.
func (c *coder) id(s *string) {
	if !c.has(*s != "") {
		return
	}
	if c.reading {
		*s = c.string()
	} else {
		c.putString(*s)
	}
}

// text is a text that often recurs.
func (c *coder) text(s *string) {
	slot := int(c.bit) % len(c.words.last)
	if !c.has(*s != "") {
		return
	}
	if c.reading {
		if n := c.uint(); n != 0 {
			*s = c.words.list[n]
		} else {
			*s = c.string()
		}
		return
	}
	n := c.words.number(slot, *s)
	c.putUint(uint64(n))
	if n == 0 {
		c.putString(*s)
	}
}

func (c *coder) attrs(list *[]record.Attr) {
	if !c.has(len(*list) > 0) {
		return
	}
	if !c.reading {
		c.putUint(uint64(len(*list)))
		for _, a := range *list {
			n := c.words.number(0, a.Name)
			c.putUint(uint64(n))
			if n == 0 {
				c.putString(a.Name)
			}
			c.putString(a.Value)
		}
		return
	}
	*list = make([]record.Attr, c.uint())
	for i := range *list {
		a := &(*list)[i]
		if n := c.uint(); n != 0 {
			a.Name = c.words.list[n]
		} else {
			a.Name = c.string()
		}
		a.Value = c.string()
	}
}

func (c *coder) currency(x *money.Currency) {
	if !c.has(x.Known()) {
		return
	}
	if c.reading {
		copy(x[:], c.in)
		c.in = c.in[3:]
	} else {
		c.out = append(c.out, x[:]...)
	}
}

func (c *coder) amount(a *money.Amount) {
	if !c.has(*a != 0) {
		return
	}
	if c.reading {
		*a = money.Amount(c.int())
	} else {
		c.putInt(int64(*a))
	}
}

func (c *coder) opt(o *money.Opt) {
	if !c.has(o.Set) {
		return
	}
	if c.reading {
		*o = money.Some(money.Amount(c.int()))
	} else {
		c.putInt(int64(o.Amount))
	}
}

// Times are written as seconds from about now, what they have of a second, and
// their span.
const aroundNow = 1_790_000_000

func (c *coder) time(t *record.Time) {
	if !c.has(t.Known()) {
		return
	}
	if !c.reading {
		ns := t.Earliest().UnixNano()
		sec, rest, span := ns/1e9, ns%1e9, int64(t.Span()/time.Second)
		v := uint64((sec-aroundNow)<<1^(sec-aroundNow)>>63) << 2
		if rest != 0 {
			v |= 1
		}
		if span != 0 {
			v |= 2
		}
		c.putUint(v)
		if rest != 0 {
			c.putInt(rest)
		}
		if span != 0 {
			c.putInt(span)
		}
		return
	}
	v := c.uint()
	sec := int64(v>>3) ^ -int64(v>>2&1)
	var rest, span int64
	if v&1 != 0 {
		rest = c.int()
	}
	if v&2 != 0 {
		span = c.int()
	}
	*t = record.Spanning((sec+aroundNow)*1e9+rest, int32(span))
}

func (c *coder) whole(n *int) {
	if !c.has(*n != 0) {
		return
	}
	if c.reading {
		*n = int(c.int())
	} else {
		c.putInt(int64(*n))
	}
}

func flag(is bool, bit byte) byte {
	if is {
		return bit
	}
	return 0
}

func (c *coder) movement(m *record.Movement) {
	c.source(&m.Source)
	m.Kind = record.Kind(c.byte(byte(m.Kind)))
	x := c.byte(byte(m.Status) | byte(m.Test)<<2 | byte(m.Funding)<<4 | flag(m.Points, 64) | flag(m.Contrary, 128))
	m.Status, m.Test, m.Funding, m.Points, m.Contrary = record.Status(x&3), record.Bool(x>>2&3), record.Funding(x>>4&3), x&64 != 0, x&128 != 0
	c.id(&m.ID)
	c.id(&m.Card)
	c.currency(&m.Currency)
	c.amount(&m.Amount)
	c.time(&m.At)
	c.id(&m.Order)
	c.opt(&m.BalanceAfter)
	c.opt(&m.PricePaid)
	c.time(&m.CardCreatedAt)
	c.text(&m.Origin)
	c.id(&m.Refund)
	c.id(&m.Reverses)
	c.id(&m.Transfer)
	c.text(&m.Issuer)
	c.text(&m.Channel)
	c.text(&m.Location)
	c.text(&m.Item)
	c.text(&m.Entity)
	c.attrs(&m.Attrs)
}

func (c *coder) delivery(d *record.Delivery) {
	c.source(&d.Source)
	d.Kind = record.Kind(c.byte(byte(d.Kind)))
	d.SentKind = record.Kind(c.byte(byte(d.SentKind)))
	x := c.byte(byte(d.Outcome) | flag(d.Points, 128))
	d.Outcome, d.Points = record.Outcome(x&127), x&128 != 0
	c.id(&d.ID)
	c.id(&d.Event)
	c.id(&d.Notification)
	c.time(&d.ReceivedAt)
	c.id(&d.Order)
	c.id(&d.Card)
	c.id(&d.Refund)
	c.opt(&d.Amount)
	c.currency(&d.Currency)
	c.text(&d.Why)
	c.text(&d.Flow)
	c.text(&d.Subscription)
	c.whole(&d.Attempt)
	c.id(&d.Batch)
	c.opt(&d.SentAmount)
	c.currency(&d.SentCurrency)
	c.time(&d.SentAt)
	c.id(&d.ERPRef)
	c.attrs(&d.Attrs)
}

func (c *coder) posting(p *record.Posting) {
	c.source(&p.Source)
	p.Kind = record.Kind(c.byte(byte(p.Kind)))
	x := c.byte(byte(p.Status) | byte(p.From)<<4 | flag(p.ByKindSign, 128))
	p.Status, p.From, p.ByKindSign = record.PostingStatus(x&15), record.Feed(x>>4&7), x&128 != 0
	c.id(&p.ID)
	c.currency(&p.Currency)
	c.amount(&p.Amount)
	c.time(&p.Dated)
	c.time(&p.PostedAt)
	c.text(&p.Account)
	c.text(&p.Type)
	c.id(&p.Document)
	c.id(&p.Ref)
	c.id(&p.Order)
	c.id(&p.Card)
	c.id(&p.Refund)
	c.text(&p.Item)
	c.text(&p.Memo)
	c.text(&p.Rule)
	c.text(&p.Reason)
	c.id(&p.Batch)
	c.text(&p.Entity)
	c.attrs(&p.Attrs)
}
