package casefile

import (
	"bytes"
	"cmp"
	"fmt"
	"hash/maphash"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"

	"gcdiag/internal/ident"
	"gcdiag/internal/record"
	"gcdiag/internal/shelf"
)

// Watcher is shown every movement, delivery and posting that is given to a Builder,
// with its index in the table. What it is shown is valid during the call only. Only
// Finish finds out which of them take the place of others or are not in the table
// after all, see Table.Stale. Records of different types may be shown at the same time.
type Watcher interface {
	// Keep is called once, before anything is shown: what is noted of the records is
	// to be kept in lists of that store.
	Keep(*shelf.Store)
	Movement(row int, r *record.Movement)
	Delivery(row int, r *record.Delivery)
	Posting(row int, r *record.Posting)
}

// Watch shows w what is added from now on.
func (b *Builder) Watch(w Watcher) {
	w.Keep(b.c.notes)
	b.movements.watch, b.deliveries.watch, b.postings.watch = w.Movement, w.Delivery, w.Posting
}

// Builder fills a case with what the systems state, and sees to it that a system
// states each thing once:
//
//   - the same row twice is one record,
//   - a movement's later row is its new status: later by time; at one time final
//     after pending, and cancelled after both,
//   - any other row with an id that its system has used already is a reject that
//     names both places.
//
// Ids are compared by ident.Plain. What comes out does not depend on the order in
// which rows come in, but for the order of the tables and the rows that stand
// for several equal ones. Records of different types, and rejects, may be added at
// the same time; records of one type may not.
type Builder struct {
	c       *Case
	seed    maphash.Seed
	mask    uint64 // of the hashes that are used; tests narrow it
	rejects sync.Mutex

	movements     part[record.Movement]
	cards         part[record.Card]
	orders        part[record.Order]
	subscriptions part[record.Subscription]
	deliveries    part[record.Delivery]
	flows         part[record.Flow]
	postings      part[record.Posting]
	rules         part[record.Rule]
	exceptions    part[record.Exception]
}

// NewBuilder fills c, which must have no records yet. The systems of what is
// added, and their inputs, must be in the case when Finish is called.
func NewBuilder(c *Case) *Builder {
	b := &Builder{c: c, seed: maphash.MakeSeed(), mask: math.MaxUint64}
	c.Movements.usePack()
	c.Deliveries.usePack()
	c.Postings.usePack()
	b.movements = newPart(b, record.Movements, &c.Movements, func(r *record.Movement) row { return row{&r.Source, &r.ID, r.At} })
	b.movements.status = func(r *record.Movement) record.Status { return r.Status }
	b.cards = newPart(b, record.Cards, &c.Cards, func(r *record.Card) row { return row{&r.Source, &r.ID, r.CreatedAt} })
	b.orders = newPart(b, record.Orders, &c.Orders, func(r *record.Order) row { return row{&r.Source, &r.ID, r.At} })
	b.subscriptions = newPart(b, record.Subscriptions, &c.Subscriptions, func(r *record.Subscription) row { return row{&r.Source, &r.ID, r.CreatedAt} })
	b.deliveries = newPart(b, record.Deliveries, &c.Deliveries, func(r *record.Delivery) row { return row{&r.Source, &r.ID, r.ReceivedAt} })
	b.flows = newPart(b, record.Flows, &c.Flows, func(r *record.Flow) row { return row{&r.Source, &r.ID, r.LastRunAt} })
	b.postings = newPart(b, record.Postings, &c.Postings, func(r *record.Posting) row { return row{&r.Source, &r.ID, r.Dated} })
	b.rules = newPart(b, record.Rules, &c.Rules, func(r *record.Rule) row { return row{&r.Source, &r.ID, r.ChangedAt} })
	b.exceptions = newPart(b, record.Exceptions, &c.Exceptions, func(r *record.Exception) row { return row{&r.Source, &r.ID, r.OpenedAt} })
	return b
}

// Movement adds a movement. The error is that of Case.Err, here and below. Of a movement, a
// delivery or a posting nothing is kept but copies; of other records, the texts.
func (b *Builder) Movement(r *record.Movement) error { return b.movements.add(r) }

// Card adds a card.
func (b *Builder) Card(r *record.Card) error { return b.cards.add(r) }

// Order adds an order.
func (b *Builder) Order(r *record.Order) error { return b.orders.add(r) }

// Subscription adds a subscription.
func (b *Builder) Subscription(r *record.Subscription) error { return b.subscriptions.add(r) }

// Delivery adds a delivery. One without an id gets its place as one.
func (b *Builder) Delivery(r *record.Delivery) error { return b.deliveries.add(r) }

// Flow adds a flow.
func (b *Builder) Flow(r *record.Flow) error { return b.flows.add(r) }

// Posting adds a posting. Those without an id are all kept: nothing tells twins
// from repetitions.
func (b *Builder) Posting(r *record.Posting) error { return b.postings.add(r) }

// Rule adds a rule.
func (b *Builder) Rule(r *record.Rule) error { return b.rules.add(r) }

// Exception adds an exception.
func (b *Builder) Exception(r *record.Exception) error { return b.exceptions.add(r) }

// Reject adds a row that did not become a record. The error is always nil.
func (b *Builder) Reject(r Reject) error {
	b.rejects.Lock()
	defer b.rejects.Unlock()
	b.c.Rejects = append(b.c.Rejects, r)
	return nil
}

// Finish settles the repetitions, gives deliveries their ids, sorts the rejects
// by their place and fills in what the reads of the systems count: rows, rejects,
// repetitions, replacements, earliest and latest time. A read is added where a
// system has none for a record type; one that was Absent or Empty and has rows
// after all becomes HasRows, or Unread where every row was rejected. The builder
// must not be used afterwards.
func (b *Builder) Finish() *Case {
	b.movements.finish()
	b.cards.finish()
	b.orders.finish()
	b.subscriptions.finish()
	b.deliveries.finish()
	b.flows.finish()
	b.postings.finish()
	b.rules.finish()
	b.exceptions.finish()
	// a delivery without an id is called by its place
	b.c.Deliveries.complete(func(r *record.Delivery) {
		if r.ID == "" {
			r.ID = b.c.place(r.Source)
		}
	})
	slices.SortStableFunc(b.c.Rejects, func(x, y Reject) int {
		return cmp.Or(cmp.Compare(x.System, y.System), cmp.Compare(x.Record, y.Record), comparePlace(x.Source, y.Source))
	})
	for _, r := range b.c.Rejects {
		b.read(r.System, r.Record).Rejected++
	}
	for i := range b.c.Systems {
		for j := range b.c.Systems[i].Reads {
			r := &b.c.Systems[i].Reads[j]
			switch {
			case r.State != Absent && r.State != Empty:
			case r.Rows+r.Repeated > 0:
				r.State = HasRows
			case r.Rejected > 0:
				r.State = Unread
				r.Why = fmt.Sprintf("none of its %d rows could be read", r.Rejected)
			}
		}
	}
	return b.c
}

// read is the read of a record type of a system, made where there is none.
func (b *Builder) read(system uint16, t record.Type) *Read {
	s := &b.c.Systems[system]
	for i := range s.Reads {
		if s.Reads[i].Record == t {
			return &s.Reads[i]
		}
	}
	s.Reads = append(s.Reads, Read{Record: t})
	return &s.Reads[len(s.Reads)-1]
}

func comparePlace(a, b record.Source) int {
	return cmp.Or(cmp.Compare(a.Input, b.Input), cmp.Compare(a.Row, b.Row))
}

// place is where a row stands, as messages show it.
func (c *Case) place(s record.Source) string {
	name := c.Systems[s.System].Name
	if inputs := c.Systems[s.System].Inputs; int(s.Input) < len(inputs) {
		name = inputs[s.Input].Name
	}
	return name + ":" + strconv.FormatUint(uint64(s.Row), 10)
}

// row is what a builder needs to know of a record.
type row struct {
	*record.Source
	id *string
	at record.Time
}

// part is the records of one type.
type part[T any] struct {
	b      *Builder
	record record.Type
	rows   *Table[T]
	of     func(*T) row
	status func(*T) record.Status // nil: rows are never replaced
	watch  func(row int, r *T)    // nil: nobody watches
	plan   plan

	// noted lists the rows that have an id, in their order, by the first byte of its
	// hash: 32 further bits of it, and the row below them. nil: there are none.
	noted []shelf.List[uint64]
	reads []*Read // counts, by system; nil where it has no rows
}

// repetition is one of several rows with one id.
type repetition[T any] struct {
	r       T
	content []byte
}

func newPart[T any](b *Builder, t record.Type, rows *Table[T], of func(*T) row) part[T] {
	return part[T]{b: b, record: t, rows: rows, of: of, plan: planOf(reflect.TypeFor[T]())}
}

func (p *part[T]) add(r *T) error {
	is := p.of(r)
	p.see(is)
	if *is.id != "" {
		p.note(is)
	}
	if p.watch != nil {
		p.watch(p.rows.End(), r)
	}
	if err := p.rows.put(r); err != nil {
		return err
	}
	return p.b.c.notes.Err()
}

// repeat counts a row that says what another says. Of two forms of the id the
// lesser stays, so that the order of rows does not matter.
func (p *part[T]) repeat(kept, r *T) {
	k, is := p.of(kept), p.of(r)
	*k.id = min(*k.id, *is.id)
	p.count(is.System).Repeated++
}

// see counts a row that is kept.
func (p *part[T]) see(is row) {
	c := p.count(is.System)
	c.Rows++
	if is.at.Known() {
		if !c.From.Known() || is.at.Compare(c.From) < 0 {
			c.From = is.at
		}
		if is.at.Compare(c.To) > 0 {
			c.To = is.at
		}
	}
}

func (p *part[T]) count(system uint16) *Read {
	for int(system) >= len(p.reads) {
		p.reads = append(p.reads, nil)
	}
	if p.reads[system] == nil {
		p.reads[system] = new(Read)
	}
	return p.reads[system]
}

// content is all that a row says, whatever its place, the form of its id and the
// order of its attributes.
func (p *part[T]) content(r *T) []byte {
	v := p.comparable(r)
	var e encoder
	e.fields(p.plan, v, true)
	return e.b
}

func (p *part[T]) comparable(r *T) reflect.Value {
	c := *r
	is := p.of(&c)
	*is.Source = record.Source{}
	*is.id = ident.Plain(*is.id)
	v := reflect.ValueOf(&c).Elem()
	attrs := v.FieldByName("Attrs").Addr().Interface().(*[]record.Attr)
	*attrs = slices.SortedFunc(slices.Values(*attrs), func(x, y record.Attr) int {
		return cmp.Or(strings.Compare(x.Name, y.Name), strings.Compare(x.Value, y.Value))
	})
	return v
}

func (p *part[T]) finish() {
	p.watch = nil
	p.rows.seal()
	var others []uint64
	for _, w := range p.again() {
		p.rows.drop(w.dropped)
		for system, n := range w.repeated {
			if n > 0 {
				c := p.count(uint16(system))
				c.Rows, c.Repeated = c.Rows-n, c.Repeated+n
			}
		}
		for first, id := range w.ids {
			r := p.read(first).r
			*p.of(&r).id = id
			p.rows.set(int(first), r)
		}
		others = append(others, w.others...)
	}
	recount := len(others) > 0 // other rows stay than those that came first
	slices.Sort(others)
	for len(others) > 0 {
		first := uint32(others[0] >> 32)
		list := []repetition[T]{p.read(first)}
		for ; len(others) > 0 && uint32(others[0]>>32) == first; others = others[1:] {
			list = append(list, p.read(uint32(others[0])))
		}
		p.rows.set(int(first), p.settle(list))
	}
	if recount {
		for _, c := range p.reads {
			if c != nil {
				c.Rows, c.From, c.To = 0, record.Time{}, record.Time{}
			}
		}
		for r := range p.rows.Pass() {
			p.see(p.of(r))
		}
	}
	for system, c := range p.reads {
		if c == nil {
			continue
		}
		r := p.b.read(uint16(system), p.record)
		r.Rows, r.Repeated, r.Replaced, r.From, r.To = c.Rows, c.Repeated, c.Replaced, c.From, c.To
	}
}

// read reads a row.
func (p *part[T]) read(i uint32) (x repetition[T]) {
	p.rows.Read(int(i), &x.r)
	return x
}

// settle finds the row that stays of those with one id. The others repeat it,
// were replaced by it, or are rejects.
func (p *part[T]) settle(list []repetition[T]) T {
	for i := range list {
		list[i].content = p.content(&list[i].r)
	}
	slices.SortStableFunc(list, func(x, y repetition[T]) int {
		a, b := p.of(&x.r), p.of(&y.r)
		by := a.at.Compare(b.at)
		if by == 0 && p.status != nil {
			by = cmp.Compare(rank(p.status(&x.r)), rank(p.status(&y.r)))
		}
		return cmp.Or(by, bytes.Compare(x.content, y.content), comparePlace(*a.Source, *b.Source))
	})
	distinct := list[:1]
	for i := range list[1:] {
		last := &distinct[len(distinct)-1]
		if bytes.Equal(list[i+1].content, last.content) {
			p.repeat(&last.r, &list[i+1].r)
		} else {
			distinct = append(distinct, list[i+1])
		}
	}
	if p.status == nil {
		for i := range distinct[1:] {
			p.reject(&distinct[i+1].r, &distinct[0].r)
		}
		return distinct[0].r
	}
	last := len(distinct) - 1
	current := map[record.Status]*T{} // the row that has a status
	for i := last; i >= 0; i-- {
		r := &distinct[i].r
		switch status := p.status(r); {
		case current[status] != nil:
			p.reject(r, current[status])
		default:
			current[status] = r
			if i < last {
				p.count(p.of(r).System).Replaced++
			}
		}
	}
	return distinct[last].r
}

// rank orders the states that a movement has at one time: what is pending
// becomes final, and both can be cancelled.
func rank(s record.Status) int {
	return slices.Index([]record.Status{record.Pending, record.Final, record.Cancelled}, s)
}

// reject makes a reject of a row whose id another one has.
func (p *part[T]) reject(r, kept *T) {
	is := p.of(r)
	p.b.Reject(Reject{
		Source: *is.Source,
		Record: p.record,
		Place:  p.b.c.place(*is.Source),
		Reason: fmt.Sprintf("repeats %s with another %s", p.b.c.place(*p.of(kept).Source), strings.Join(p.differing(r, kept), ", ")),
		Keys:   keys(reflect.ValueOf(r).Elem()),
		At:     is.at,
	})
}

// differing names the columns in which two rows differ, three at most.
func (p *part[T]) differing(a, b *T) []string {
	x, y := p.comparable(a), p.comparable(b)
	var names []string
	for _, f := range p.plan {
		if f.name == "attrs" {
			continue
		}
		fx, fy := x.FieldByIndex(f.index), y.FieldByIndex(f.index)
		if fx.Interface() != fy.Interface() {
			names = append(names, columnName(f.name))
		}
	}
	attrs := func(v reflect.Value) []record.Attr { return v.FieldByName("Attrs").Interface().([]record.Attr) }
	for _, pair := range [][2][]record.Attr{{attrs(x), attrs(y)}, {attrs(y), attrs(x)}} {
		for _, at := range pair[0] {
			if !slices.Contains(pair[1], at) && !slices.Contains(names, at.Name) {
				names = append(names, at.Name)
			}
		}
	}
	names = slices.Compact(names)
	return names[:min(3, len(names))]
}

// columnName is the contract's column that a field of a record comes from.
func columnName(field string) string {
	switch field {
	case "points":
		return "unit"
	case "from":
		return "source"
	case "contrary", "by_kind_sign":
		return "sign"
	}
	return field
}

// keys lists the identifiers of a row, as written.
func keys(v reflect.Value) []string {
	var ks []string
	for _, name := range []string{"ID", "Event", "Ref", "Order", "Card", "Refund", "Batch"} {
		if f := v.FieldByName(name); f.IsValid() && f.Kind() == reflect.String && f.String() != "" {
			ks = append(ks, f.String())
		}
	}
	return ks
}
