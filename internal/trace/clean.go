package trace

import (
	"math"
	"slices"
	"time"

	"gcdiag/internal/casefile"
	"gcdiag/internal/crew"
	"gcdiag/internal/ident"
	"gcdiag/internal/money"
	"gcdiag/internal/record"
	"gcdiag/internal/shelf"
)

// The clean majority: events with exactly one delivery that got through, after as
// many tries as it took, and exactly one posting, which is right, on a card without
// any trouble. JoinLean recognises them by what a scout noted, before it links
// anything, and keeps of each no more than its place among all events and the event
// that it is like.
//
// What must hold so that nothing said of a case depends on it:
//
//  1. A clean event names no transfer, reversal, batch or shared document, and
//     its rows carry its own identifiers or none. Of its value, kind, account,
//     dates and state nothing is open to question.
//  2. Whatever names a key of an event without being its own row (a row that is
//     another's or nobody's, an exception, a reject) brings it in trouble, and so
//     does an event in trouble that it has a card, an order or a refund in common
//     with, until nothing more is reached. So no rung that goes by an identifier
//     leads from what is linked to a clean event, and the rungs that go without one
//     only see events that have no row yet. One event may be in trouble by itself:
//     where its rows name nothing but its own keys, and at most one posting with just
//     its worth is among them. Then clean events of its card are not linked if none of
//     them can follow from it, see cover. What is asked about a whole card all the
//     same is answered for such cards as for clean ones (a balance below zero), or
//     from their sums, see Apart.
//  3. Clean events are like each other if nothing that a verdict, a habit, a
//     mapping or a shared attribute goes by tells them apart. One of each sort,
//     with all that it touches, is linked and judged as any other event: its
//     exemplar. If an exemplar turns out not to pass without a word, the case has
//     to be judged without this shortcut.
//
// Cases to which this does not apply (an order view or a list of cards, damaged
// identifiers, masked cards, loads that owe the price paid) are linked in full, and
// so is a card with a running balance, a date of birth or a shared document.
//
// The work is done share by share: an event is looked for in the share of its id, a
// card or order in the share of its own, and what one share has to tell another is a
// list that is read when that one's turn comes. So nothing but a byte or two for each
// event and key has to be in memory at once, the rest lies in a store's lists. Several
// shares are done at a time; the result does not depend on how many.
type clean struct {
	c     *casefile.Case
	s     *Set
	scout *Scout

	relayed      bool // an integration stands between
	since, until int64
	on           []bool // by sort of posting: it stands on an account that is asked about

	// By share of the event's id.
	events [shares]shelf.List[event]
	keys   [shares]shelf.List[eventKeys]
	states [shares][]state
	sent   [shares]shelf.List[sentRow]
	booked [shares]shelf.List[bookedRow]

	nobodys struct{ sent, booked []uint32 } // rows that name no event
	odd     struct{ sent, booked []uint32 } // rows that are not an event's own, or name more than its keys

	// By share of the key.
	touched [shares][]uint64 // hashes of keys that something not clean names
	named   []outbox[mention]
	cards   [shares][]bool // by number of the key: it is in trouble
	others  [shares][]bool // orders, refunds, documents

	times     []int64 // of some of the events
	exemplars []exemplar
	like      map[likeness]uint32 // the exemplar's number
}

// eventAt says where an event stands: its share and its number there.
type eventAt uint32

// keyAt says where a key stands, in the same way, its number counted from one; 0: no key.
type keyAt uint32

const noEvent eventAt = math.MaxUint32

func eventIn(share, i int) eventAt { return eventAt(share<<24 | i) }
func (e eventAt) share() int       { return int(e >> 24) }
func (e eventAt) number() int      { return int(e & (1<<24 - 1)) }

func keyIn(share, i int) keyAt { return keyAt(share<<24 | (i + 1)) }
func (k keyAt) share() int     { return int(k >> 24) }
func (k keyAt) number() int    { return int(k&(1<<24-1)) - 1 }

// event is what is kept of an event.
type event struct {
	ns           int64
	amount       money.Amount
	row, sort    uint32
	sent, booked uint32 // what its first delivery and its posting are like, from one; 0: none
	tries        uint8  // deliveries
}

// eventKeys are where an event's keys stand.
type eventKeys struct{ card, order, refund keyAt }

// sentRow and bookedRow are rows of an event.
type sentRow struct {
	event eventAt
	row   uint32
	erp   uint64 // see sentNote
}

type bookedRow struct {
	event eventAt
	row   uint32
}

// state is what is found out about an event: its trouble, and more.
type state uint8

const (
	doubted state = 4 << iota // its id does not name it alone
	fresh                     // its keys have not been told that it is in trouble
	owing                     // it puts value on its card, and is in trouble by itself
)

func (s state) trouble() trouble { return trouble(s & 3) }

// trouble is why an event is linked.
type trouble uint8

const (
	noTrouble  trouble = iota // it is clean
	ownTrouble                // something is wrong with it that concerns no other event
	allTrouble                // what it has a key in common with is in trouble, too
)

func (q *clean) state(e eventAt) *state { return &q.states[e.share()][e.number()] }

// blame brings an event in trouble.
func (s *state) blame() {
	if s.trouble() != allTrouble {
		*s = *s&^3 | state(allTrouble) | fresh
	}
}

// linked reports whether an event is to be linked.
func (q *clean) linked(e eventAt) bool { return q.state(e).trouble() != noTrouble }

// outbox is what one worker has to tell the shares.
type outbox[T any] struct{ to []shelf.List[T] } // nil: nothing

// begin readies an outbox for its first use, and does nothing after that.
func (o *outbox[T]) begin(s *shelf.Store) {
	if o.to == nil {
		o.to = make([]shelf.List[T], shares)
		for k := range o.to {
			o.to[k] = shelf.In[T](s)
		}
	}
}

// told yields what all workers have to tell a share.
func told[T any](all []outbox[T], share int) func(yield func(*T) bool) {
	return func(yield func(*T) bool) {
		for _, w := range all {
			if w.to == nil {
				continue
			}
			for _, x := range w.to[share].All {
				if !yield(x) {
					return
				}
			}
		}
	}
}

// waiting counts what told yields.
func waiting[T any](all []outbox[T], share int) (n int) {
	for _, w := range all {
		if w.to != nil {
			n += w.to[share].Len()
		}
	}
	return n
}

// forget drops what all workers had to tell a share.
func forget[T any](all []outbox[T], share int) {
	for _, w := range all {
		if w.to != nil {
			w.to[share].Free()
		}
	}
}

// listed is all that told yields, which is dropped.
func listed[T any](all []outbox[T], share int) []T {
	list := make([]T, 0, waiting(all, share))
	for x := range told(all, share) {
		list = append(list, *x)
	}
	forget(all, share)
	return list
}

// recognise tells the clean events from the rest, or returns nil where the case
// has to be linked in full. A nil scout has seen nothing yet.
func recognise(s *Set, scout *Scout) *clean {
	c := s.Case
	platform, erp, relayed := false, false, false
	for i := range c.Systems {
		sys := &c.Systems[i]
		platform = platform || sys.Role == record.Platform
		erp = erp || sys.Role == record.ERP
		relayed = relayed || sys.Role == record.Integration
		for _, r := range sys.Reads {
			if len(r.Damaged) > 0 || r.Record == record.Orders && r.State != casefile.Absent {
				return nil
			}
		}
	}
	if !platform || !erp || c.Orders.Len() > 0 || c.Cards.Len() > 0 || c.Policy.PricePaid || c.Movements.Len() == 0 {
		return nil
	}
	if scout == nil {
		scout = scouted(c)
	}
	for x := range c.Exceptions.All() {
		if _, masked := maskTail(ident.Key(x.Card)); masked {
			return nil
		}
	}
	if scout.moves.masked || scout.sent.masked || scout.booked.masked {
		return nil
	}
	q := &clean{c: c, s: s, scout: scout, relayed: relayed, since: math.MinInt64, until: math.MaxInt64}
	if !c.Window.Since.IsZero() {
		q.since = c.Window.Since.UnixNano()
	}
	if !c.Window.Until.IsZero() {
		q.until = c.Window.Until.UnixNano()
	}
	moves := renew(&c.Movements, scout.movement, func(n *moveNote) uint64 { return n.id })
	sent := renew(&c.Deliveries, scout.delivery, func(n *sentNote) uint64 { return n.event })
	booked := renew(&c.Postings, scout.posting, func(n *bookNote) uint64 { return n.event })
	for _, b := range scout.booked.sorts.list {
		q.on = append(q.on, b.account != "" && s.Liability(b.account))
	}
	q.join(moves, sent, booked)
	q.touch()
	q.key()
	q.cover()
	q.spread()
	q.logged()
	q.spread()
	q.choose()
	q.spread()
	return q
}

// each does something for every share, several at a time, see crew.Each.
func each[W any](do func(w *W, share int)) []W { return crew.Each(shares, do) }

// renewal is what became of records that others took the place of: the notes of stale
// rows don't count any more, these do.
type renewal[N any] struct {
	stale casefile.RowSet
	notes [shares][]N
}

// renew notes a table's altered records once more.
func renew[T, N any](table *casefile.Table[T], note func(row int, r *T) N, key func(*N) uint64) *renewal[N] {
	a := &renewal[N]{stale: table.Stale()}
	rows := table.Altered()
	slices.Sort(rows)
	var r T
	for _, row := range rows {
		table.Read(row, &r)
		n := note(row, &r)
		k := share(key(&n))
		a.notes[k] = append(a.notes[k], n)
	}
	return a
}

// spend yields the notes of a share that count, and drops them.
func (a *renewal[N]) spend(list *shelf.List[N], share int, row func(*N) uint32) func(yield func(*N) bool) {
	return func(yield func(*N) bool) {
		defer list.Free()
		for _, n := range list.All {
			if !a.stale.Has(int(row(n))) && !yield(n) {
				return
			}
		}
		for i := range a.notes[share] {
			if !yield(&a.notes[share][i]) {
				return
			}
		}
	}
}

// candidate is an event whose rows are being looked at.
type candidate struct {
	note           moveNote
	sent, booked   uint32
	tries, through uint8 // deliveries, and those that were sent on and accepted
	trouble        trouble
	doubted        bool
}

// worsen says that an event is in trouble, if it is not in worse.
func (e *candidate) worsen(t trouble) { e.trouble = max(e.trouble, t) }

// joiner is what a worker of join has and finds.
type joiner struct {
	events      []candidate
	named       outbox[mention]
	sent, books []uint32 // nobody's rows
	odd         struct{ sent, books []uint32 }
	times       []int64
}

// join finds the deliveries and postings of each event.
func (q *clean) join(moves *renewal[moveNote], sent *renewal[sentNote], booked *renewal[bookNote]) {
	for _, w := range each(func(w *joiner, share int) { q.joinShare(w, share, moves, sent, booked) }) {
		q.odd.sent, q.odd.booked = append(q.odd.sent, w.odd.sent...), append(q.odd.booked, w.odd.books...)
		q.nobodys.sent, q.nobodys.booked = append(q.nobodys.sent, w.sent...), append(q.nobodys.booked, w.books...)
		q.times = append(q.times, w.times...)
		q.named = append(q.named, w.named)
	}
	for _, rows := range [...][]uint32{q.odd.sent, q.odd.booked} {
		slices.Sort(rows)
	}
}

// sampled is of how many events one's time is taken for a sample.
const sampled = 64

func (q *clean) joinShare(w *joiner, share int, moves *renewal[moveNote], sent *renewal[sentNote], booked *renewal[bookNote]) {
	w.named.begin(q.scout.store)
	w.events = w.events[:0]
	for n := range moves.spend(&q.scout.moves.notes[share], share, func(n *moveNote) uint32 { return n.row }) {
		w.events = append(w.events, candidate{note: *n})
	}
	events := w.events

	t := newTable(len(events))
	idOf := func(i int) uint64 { return events[i].note.id }
	for i := range events {
		e := &events[i]
		m := &e.note
		if m.id == 0 {
			e.trouble, e.doubted = allTrouble, true
			continue
		}
		if first, known := t.place(m.id, i, idOf); known {
			for _, twin := range [...]*candidate{e, &events[first]} {
				twin.trouble, twin.doubted = allTrouble, true
			}
		}
		if !q.scout.moves.sorts.list[m.sort].lawful || m.ns < q.since || m.ns >= q.until {
			e.trouble = allTrouble
		}
	}
	find := func(id uint64) (*candidate, eventAt) {
		if id != 0 {
			if i, known := t.find(id, idOf); known && !events[i].doubted {
				return &events[i], eventIn(share, i)
			}
		}
		return nil, noEvent
	}

	q.sent[share] = shelf.In[sentRow](q.scout.store)
	for n := range sent.spend(&q.scout.sent.notes[share], share, func(n *sentNote) uint32 { return n.row }) {
		e, at := find(n.event)
		if e == nil {
			w.sent = append(w.sent, n.row)
		} else {
			q.sent[share].Add(sentRow{at, n.row, n.erp})
		}
		if e == nil || q.see(n, e) {
			w.odd.sent = append(w.odd.sent, n.row)
		}
	}

	q.booked[share] = shelf.In[bookedRow](q.scout.store)
	for n := range booked.spend(&q.scout.booked.notes[share], share, func(n *bookNote) uint32 { return n.row }) {
		e, at := find(n.event)
		if e == nil {
			w.books = append(w.books, n.row)
		} else {
			q.booked[share].Add(bookedRow{at, n.row})
		}
		if e == nil || q.seeBooked(n, e) {
			w.odd.books = append(w.odd.books, n.row)
		}
		w.mention(n.document, at, isDocument, money.Currency{})
	}

	list, states := shelf.In[event](q.scout.store), make([]state, len(events))
	for i := range events {
		e := &events[i]
		m := &e.note
		if e.booked == 0 || (e.through == 1) != q.relayed || (e.tries > 0) != q.relayed {
			e.worsen(ownTrouble)
		}
		if e.trouble == ownTrouble && m.amount == 0 {
			e.trouble = allTrouble
		}
		states[i] = state(e.trouble)
		switch {
		case e.trouble == allTrouble:
			states[i] |= fresh
		case e.trouble == ownTrouble && m.amount > 0:
			states[i] |= owing
		}
		if e.doubted {
			states[i] |= doubted
		}
		list.Add(event{ns: m.ns, amount: m.amount, row: m.row, sort: m.sort, sent: e.sent, booked: e.booked, tries: e.tries})
		if i%sampled == 0 {
			w.times = append(w.times, m.ns)
		}
		at := eventIn(share, i)
		w.mention(m.id, at, isEvent, money.Currency{})
		w.mention(m.card, at, isCard, q.currency(&q.scout.moves.sorts.list[m.sort]))
		w.mention(m.order, at, isOrder, money.Currency{})
		w.mention(m.refund, at, isRefund, money.Currency{})
	}
	q.events[share], q.states[share] = list, states
}

// see sees whether a delivery can be one of a clean event, which else is none. It
// reports whether the delivery is odd.
func (q *clean) see(n *sentNote, e *candidate) (odd bool) {
	m := &e.note
	sort := &q.scout.sent.sorts.list[n.sort]
	if e.tries = min(e.tries, 200) + 1; e.tries == 1 {
		e.sent = sort.like
	}
	if sort.delivered {
		e.through = min(e.through, 200) + 1
	}
	own := n.keys == m.own(sort.keys)
	ok := own && sort.lawful && sort.like == e.sent && e.tries < 100 && e.through <= 1 &&
		(sort.kind == record.NoKind || sort.kind == q.scout.moves.sorts.list[m.sort].kind)
	if !ok {
		e.worsen(ownTrouble)
	}
	return !own || !ok && (sort.beside || n.sort == 0)
}

// seeBooked sees whether a posting can be the one of a clean event, which else is none:
// it is just what the event should have become. It reports whether the posting is odd.
func (q *clean) seeBooked(n *bookNote, e *candidate) (odd bool) {
	m := &e.note
	sort, of := &q.scout.booked.sorts.list[n.sort], &q.scout.moves.sorts.list[m.sort]
	own := n.keys == m.own(sort.keys)
	worth := n.amount == m.amount && sort.currency == q.currency(of) && e.booked == 0
	ok := own && worth && sort.lawful && q.on[n.sort] && (sort.kind == of.kind || sort.kind == record.NoKind) &&
		n.ns >= q.since && n.ns < q.until &&
		(sort.keys&hasCard != 0 || !q.scout.booked.cards) // a row without a card is odd where others have one
	if ok && of.span == 0 && sort.span != 0 {
		gap := at(n.ns, sort.span).Apart(at(m.ns, 0))
		ok = gap == 0 || gap >= 24*time.Hour
	}
	if e.booked == 0 {
		e.booked = sort.like
	}
	switch {
	case !worth: // it may be a sum of what happened on the card
		e.trouble = allTrouble
	case !ok:
		e.worsen(ownTrouble)
	}
	return !own || !ok && (sort.beside || n.sort == 0)
}

func (q *clean) currency(s *moveSort) money.Currency {
	if s.currency.Known() {
		return s.currency
	}
	return q.c.Currency
}

// touch makes trouble of every key that is named by what can't be clean.
func (q *clean) touch() {
	one := func(hash uint64) {
		if hash != 0 {
			q.touched[share(hash)] = append(q.touched[share(hash)], hash)
		}
	}
	name := func(ids ...string) {
		for _, id := range ids {
			one(q.scout.hash(id))
		}
	}
	for _, hash := range q.scout.moves.touched {
		one(hash)
	}
	for d := range read(&q.c.Deliveries, q.odd.sent) {
		name(d.Event, d.Card, d.Order, d.Refund, d.Notification, d.Batch)
	}
	for p := range read(&q.c.Postings, q.odd.booked) {
		name(p.Ref, p.Card, p.Order, p.Refund, p.Batch, p.Document)
	}
	for x := range q.c.Exceptions.All() {
		name(x.Ref, x.Order, x.Card)
	}
	for _, r := range q.c.Rejects {
		name(r.Keys...)
	}
}

// read yields the records of some rows, in their order. Each is valid until the next.
func read[T any](table *casefile.Table[T], rows []uint32) func(yield func(*T) bool) {
	return func(yield func(*T) bool) {
		var r T
		for _, row := range rows {
			table.Read(int(row), &r)
			if !yield(&r) {
				return
			}
		}
	}
}
