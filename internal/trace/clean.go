package trace

import (
	"cmp"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"gcdiag/internal/casefile"
	"gcdiag/internal/ident"
	"gcdiag/internal/money"
	"gcdiag/internal/record"
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
//     where its rows name nothing but its own keys, at most one posting with just
//     its worth among them, and it takes value off the card, so that nothing else on
//     the card follows from it. What is asked about its whole card all the same, a
//     balance below zero, is answered for such cards as for clean ones.
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
// card or order in the share of its own. Shares don't depend on each other but where
// the work says so, and the result does not depend on how many are done at a time.
type clean struct {
	c     *casefile.Case
	s     *Set
	scout *Scout

	relayed      bool // an integration stands between
	since, until int64
	on           []bool // by sort of posting: it stands on an account that is asked about
	events       [shares][]standing
	cards        [shares][]bool // by number of the key: it is in trouble
	others       [shares][]bool // orders, refunds, documents

	touched [shares][]uint64                // hashes of keys that something not clean names
	odd     struct{ sent, booked []uint32 } // rows that are not an event's own, or name more than its keys
	blamed  []eventAt                       // events found not to be clean, whose keys are not in trouble yet

	exemplars []exemplar
	named     map[record.Type]int // rows of clean events that name a card
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

// standing is what is found out about an event, beside the note of its movement.
type standing struct {
	card, order, refund keyAt
	sent, booked        uint32 // sorts of its first delivery and posting, from one; 0: none
	like                uint32 // the exemplar of a clean event
	tries, through      uint8  // deliveries, and those that were sent on and accepted
	trouble             trouble
	doubted             bool // its id does not name it alone
}

// trouble is why an event is linked.
type trouble uint8

const (
	noTrouble  trouble = iota // it is clean
	ownTrouble                // something is wrong with it that concerns no other event
	allTrouble                // what it has a key in common with is in trouble, too
)

// worsen says that an event is in trouble, if it is not in worse.
func (e *standing) worsen(t trouble) { e.trouble = max(e.trouble, t) }

// troubled reports whether a key, of cards or others, is in trouble.
func (k keyAt) troubled(in *[shares][]bool) bool { return k != 0 && in[k.share()][k.number()] }

// trouble says that it is.
func (k keyAt) trouble(in *[shares][]bool) {
	if k != 0 {
		in[k.share()][k.number()] = true
	}
}

func (q *clean) note(e eventAt) *moveNote     { return q.scout.moves.notes[e.share()].at(e.number()) }
func (q *clean) standing(e eventAt) *standing { return &q.events[e.share()][e.number()] }

// exemplar is an event that others are like.
type exemplar struct {
	event eventAt
	row   uint32
	alike int32 // clean events
	sum   money.Amount
	place uint32 // in the set's events
}

// Standing is one event in the order of all events.
type Standing struct {
	At        record.Time
	Place     uint32 // of the event in the set's events, or of its exemplar
	Kind      record.Kind
	Countable bool
	clean     bool
}

// Overdraft is the event with which a card went below zero that is not linked whole.
type Overdraft struct {
	ID     string
	At     record.Time
	Amount money.Amount
	Place  int  // in the set's events; of a clean event, its exemplar's
	Clean  bool // it is a clean event
	row    uint32
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
	for _, b := range scout.booked.sorts.list {
		q.on = append(q.on, b.account != "" && s.Liability(b.account))
	}
	q.renew()
	q.join()
	q.touch()
	q.key()
	q.spread()
	q.logged()
	q.spread()
	q.choose()
	q.spread()
	q.count()
	return q
}

// each does something for every share, several at a time. do may only write to what
// belongs to its share, and to the worker's own.
func each[W any](do func(w *W, share int)) []W {
	workers := make([]W, min(runtime.GOMAXPROCS(0), shares))
	var next atomic.Int32
	var all sync.WaitGroup
	for i := range workers {
		all.Go(func() {
			for k := next.Add(1) - 1; k < shares; k = next.Add(1) - 1 {
				do(&workers[i], int(k))
			}
		})
	}
	all.Wait()
	return workers
}

// renew puts right the notes of records that others took the place of. The id, by
// which a movement is found, is the same.
func (q *clean) renew() {
	notes := map[int]*moveNote{}
	replaced(&q.c.Movements, &q.scout.moves.notes, func(n *moveNote) int { return int(n.row) },
		func(row int, n *moveNote) { notes[row] = n },
		func(row int, m *record.Movement) { *notes[row] = q.scout.movement(row, m) })
	replaced(&q.c.Deliveries, &q.scout.sent.notes, func(n *sentNote) int { return int(n.row) },
		func(_ int, n *sentNote) { n.row = noRow }, q.scout.Delivery)
	replaced(&q.c.Postings, &q.scout.booked.notes, func(n *bookNote) int { return int(n.row) },
		func(_ int, n *bookNote) { n.row = noRow }, q.scout.Posting)
}

// replaced shows the notes of a table's altered records, and then what these have become.
func replaced[T, N any](table *casefile.Table[T], all *[shares]notes[N], rowOf func(*N) int, old func(row int, n *N), now func(row int, r *T)) {
	rows := table.Altered()
	if len(rows) == 0 {
		return
	}
	slices.Sort(rows)
	altered := make([]bool, table.Len())
	for _, row := range rows {
		altered[row] = true
	}
	for k := range all {
		for i := range all[k].n {
			if n := all[k].at(i); altered[rowOf(n)] {
				old(rowOf(n), n)
			}
		}
	}
	var r T
	for _, row := range rows {
		table.Read(row, &r)
		now(row, &r)
	}
}

// noRow is the row of a note that does not count any more.
const noRow = math.MaxUint32

// join finds the deliveries and postings of each event. What the notes of these say
// of the event becomes the event itself.
func (q *clean) join() {
	type found struct{ sent, booked []uint32 }
	for _, w := range each(func(w *found, share int) {
		l := &q.scout.moves.notes[share]
		events := written[standing](l.n)
		q.events[share] = events
		t := newTable(l.n)
		for i := range l.n {
			m, e := l.at(i), &events[i]
			if m.id == 0 {
				e.trouble, e.doubted = allTrouble, true
				continue
			}
			first, known := t.place(m.id, i, func(i int) uint64 { return l.at(i).id })
			if known {
				for _, twin := range [...]*standing{e, &events[first]} {
					twin.trouble, twin.doubted = allTrouble, true
				}
			}
			sort := &q.scout.moves.sorts.list[m.sort]
			if !sort.lawful || m.ns < q.since || m.ns >= q.until {
				e.trouble = allTrouble
			}
		}
		find := func(id uint64) (int, bool) {
			if id == 0 {
				return 0, false
			}
			i, known := t.find(id, func(i int) uint64 { return l.at(i).id })
			return i, known && !events[i].doubted
		}
		for sent, i := &q.scout.sent.notes[share], 0; i < sent.n; i++ {
			n := sent.at(i)
			at, known := find(n.event)
			if n.event = uint64(noEvent); known {
				n.event = uint64(eventIn(share, at))
			}
			if n.row != noRow && (!known || q.sent(n, l.at(at), &events[at])) {
				w.sent = append(w.sent, n.row)
			}
		}
		for booked, i := &q.scout.booked.notes[share], 0; i < booked.n; i++ {
			n := booked.at(i)
			at, known := find(n.event)
			if n.event = uint64(noEvent); known {
				n.event = uint64(eventIn(share, at))
			}
			if n.row != noRow && (!known || q.booked(n, l.at(at), &events[at])) {
				w.booked = append(w.booked, n.row)
			}
		}
		for i := range events {
			e := &events[i]
			if e.booked == 0 || (e.through == 1) != q.relayed || (e.tries > 0) != q.relayed {
				e.worsen(ownTrouble)
			}
			if e.trouble == ownTrouble && l.at(i).amount >= 0 { // what is spent of it later may fail for that
				e.trouble = allTrouble
			}
		}
	}) {
		q.odd.sent, q.odd.booked = append(q.odd.sent, w.sent...), append(q.odd.booked, w.booked...)
	}
	slices.Sort(q.odd.sent)
	slices.Sort(q.odd.booked)
}

// sent sees whether a delivery can be one of a clean event, which else is none. It
// reports whether the delivery is odd.
func (q *clean) sent(n *sentNote, m *moveNote, e *standing) (odd bool) {
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

// booked sees whether a posting can be the one of a clean event, which else is none:
// it is just what the event should have become. It reports whether the posting is odd.
func (q *clean) booked(n *bookNote, m *moveNote, e *standing) (odd bool) {
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

// mention is a key where it is named: what it is there, and by which event.
type mention struct {
	hash     uint64
	event    eventAt
	use      uint8
	currency money.Currency
}

// What a key is to an event.
const (
	isCard = 1 << iota
	isOrder
	isRefund
	isDocument
	isShared // named by more than one event, or row of a document
)

// key gives the keys of all events a place and finds trouble that keys alone can
// tell: one text that names different things, a card with two currencies, a
// document of two rows, an order that loaded a card twice or gave back more than was
// taken, and what is touched.
func (q *clean) key() {
	type mentions [shares]notes[mention]
	named := each(func(w *mentions, k int) {
		put := func(hash uint64, e eventAt, use uint8, c money.Currency) {
			if hash != 0 {
				*w[share(hash)].add() = mention{hash, e, use, c}
			}
		}
		moves := &q.scout.moves.notes[k]
		for i := range moves.n {
			m, e := moves.at(i), eventIn(k, i)
			put(m.card, e, isCard, q.currency(&q.scout.moves.sorts.list[m.sort]))
			put(m.order, e, isOrder, money.Currency{})
			put(m.refund, e, isRefund, money.Currency{})
		}
		booked := &q.scout.booked.notes[k]
		for i := range booked.n {
			if n := booked.at(i); n.row != noRow {
				put(n.document, eventAt(n.event), isDocument, money.Currency{})
			}
		}
	})
	for _, w := range each(func(w *[]eventAt, share int) {
		n := 0
		for i := range named {
			n += named[i][share].n
		}
		all := func(yield func(*mention) bool) {
			for i := range named {
				for l, k := &named[i][share], 0; k < l.n; k++ {
					if !yield(l.at(k)) {
						return
					}
				}
			}
		}
		*w = append(*w, q.keysOf(share, n, all)...)
	}) {
		for _, at := range w {
			q.standing(at).trouble = allTrouble
		}
	}
	for k := range q.events {
		for i := range q.events[k] {
			if q.events[k][i].trouble == allTrouble {
				q.blamed = append(q.blamed, eventIn(k, i))
			}
		}
	}
}

// keysOf is key for one share, of which all lists the n mentions. It returns the
// events that can't be clean.
func (q *clean) keysOf(share, n int, all func(yield func(*mention) bool)) []eventAt {
	type key struct {
		hash     uint64
		uses     uint8
		currency money.Currency
	}
	var bad []eventAt
	tables := [2]struct {
		t    table
		list []key
	}{{newTable(n), make([]key, 0, n/4)}, {newTable(n), make([]key, 0, n/2)}} // of cards, and of others
	for x := range all {
		t := &tables[1]
		if x.use == isCard {
			t = &tables[0]
		}
		i, known := t.t.place(x.hash, len(t.list), func(i int) uint64 { return t.list[i].hash })
		if !known {
			t.list = append(t.list, key{x.hash, x.use, x.currency})
		} else if k := &t.list[i]; x.use&k.uses&(isOrder|isDocument) != 0 {
			k.uses |= isShared
		} else {
			k.uses |= x.use
		}
		switch e, at := x.event, keyIn(share, i); x.use {
		case isCard:
			q.standing(e).card = at
		case isOrder:
			q.standing(e).order = at
		case isRefund:
			q.standing(e).refund = at
		}
	}
	cards, others := make([]bool, len(tables[0].list)), make([]bool, len(tables[1].list))
	q.cards[share], q.others[share] = cards, others
	trouble := [2][]bool{cards, others}
	find := func(i int, hash uint64) (int, bool) {
		t := &tables[i]
		return t.t.find(hash, func(i int) uint64 { return t.list[i].hash })
	}
	different := func(hash uint64) (found bool) {
		for i := range tables {
			if k, known := find(i, hash); known {
				trouble[i][k], found = true, true
			}
		}
		return found
	}
	for k := range tables[0].list {
		if i, known := find(1, tables[0].list[k].hash); known {
			cards[k], others[i] = true, true
		}
	}
	for k := range tables[1].list {
		if uses := tables[1].list[k].uses &^ isShared; uses&(uses-1) != 0 {
			others[k] = true
		}
	}
	touched := make(map[uint64]bool, len(q.touched[share]))
	for _, hash := range q.touched[share] {
		touched[hash] = true
		different(hash)
	}
	moves := &q.scout.moves.notes[share]
	for i := range moves.n {
		switch m := moves.at(i); {
		case m.id != 0 && different(m.id):
			q.events[share][i].doubted = true
			bad = append(bad, eventIn(share, i))
		case len(touched) > 0 && touched[m.id]:
			bad = append(bad, eventIn(share, i))
		}
	}
	type sums struct {
		loads       int
		used, given money.Amount
	}
	orders := map[int]*sums{}
	for x := range all {
		if x.use == isCard {
			if i, _ := find(0, x.hash); tables[0].list[i].currency != x.currency {
				cards[i] = true
			}
			continue
		}
		if x.use == isRefund {
			continue
		}
		i, _ := find(1, x.hash)
		if tables[1].list[i].uses&isShared == 0 {
			continue
		}
		if x.use == isDocument {
			if x.event != noEvent {
				bad = append(bad, x.event)
			}
			continue
		}
		o := orders[i]
		if o == nil {
			o = new(sums)
			orders[i] = o
		}
		switch m := q.note(x.event); q.scout.moves.sorts.list[m.sort].kind {
		case record.Load:
			o.loads++
		case record.Redemption:
			o.used += max(-m.amount, 0)
		case record.RefundToCard:
			o.given += max(m.amount, 0)
		}
	}
	for i, o := range orders {
		if o.loads > 1 || o.used > 0 && o.given > o.used {
			others[i] = true
		}
	}
	return bad
}

// blame brings an event in trouble.
func (q *clean) blame(at eventAt) {
	if e := q.standing(at); e.trouble != allTrouble {
		e.trouble = allTrouble
		q.blamed = append(q.blamed, at)
	}
}

// spread carries trouble over everything that events have in common.
func (q *clean) spread() {
	for first := true; first || len(q.blamed) > 0; first = false {
		for _, at := range q.blamed {
			e := q.standing(at)
			e.card.trouble(&q.cards)
			e.order.trouble(&q.others)
			e.refund.trouble(&q.others)
		}
		q.blamed = q.blamed[:0]
		for _, w := range each(func(w *[]eventAt, share int) {
			events := q.events[share]
			for i := range events {
				if e := &events[i]; e.trouble != allTrouble && (e.card.troubled(&q.cards) || e.order.troubled(&q.others) || e.refund.troubled(&q.others)) {
					e.trouble = allTrouble
					*w = append(*w, eventIn(share, i))
				}
			}
		}) {
			q.blamed = append(q.blamed, w...)
		}
	}
}

// logged finds events that a row can only reach by what the integration's log
// says of them.
func (q *clean) logged() {
	ids, refs := map[string]bool{}, map[string]bool{} // keys that only the log can tell, see byIdentity
	want := func(keys map[string]bool, id string) {
		if k := ident.Key(id); k != "" {
			keys[k] = true
		}
	}
	var rows []uint32
	for _, w := range each(func(w *[]uint32, share int) {
		for l, i := &q.scout.booked.notes[share], 0; i < l.n; i++ {
			if n := l.at(i); n.row != noRow && (eventAt(n.event) == noEvent || q.standing(eventAt(n.event)).doubted) {
				*w = append(*w, n.row)
			}
		}
	}) {
		rows = append(rows, w...)
	}
	slices.Sort(rows)
	for p := range read(&q.c.Postings, rows) {
		want(ids, p.Ref)
		want(refs, p.ID)
		want(refs, p.Document)
	}
	for x := range q.c.Exceptions.All() {
		want(ids, x.Ref)
		want(ids, x.Order)
	}
	places := false // some row names the place of a delivery
	for id := range ids {
		places = places || strings.Contains(id, ":")
	}
	asked := map[uint64]bool{}
	for ref := range refs {
		asked[q.scout.hashKey(ref)] = true
	}
	inLog := len(ids) > 0 && (places || q.scout.sent.named)
	var of []eventAt // by row
	if inLog {
		of = make([]eventAt, q.c.Deliveries.Len())
	}
	for _, w := range each(func(w *[]eventAt, share int) {
		for l, i := &q.scout.sent.notes[share], 0; i < l.n; i++ {
			n := l.at(i)
			if n.row == noRow {
				continue
			}
			if inLog {
				of[n.row] = eventAt(n.event)
			}
			if e := eventAt(n.event); e != noEvent && n.erp != 0 && asked[n.erp] {
				*w = append(*w, e)
			}
		}
	}) {
		for _, e := range w {
			q.blame(e)
		}
	}
	if !inLog {
		return
	}
	var whole record.Delivery
	for row, d := range q.c.Deliveries.Rows() {
		if of[row] == noEvent {
			continue
		}
		if places && d.ID == "" {
			q.c.Deliveries.Read(row, &whole)
			d = &whole
		}
		if ids[ident.Key(d.ID)] || d.Notification != "" && ids[ident.Key(d.Notification)] {
			q.blame(of[row])
		}
	}
}

// choose takes one event of each sort as an exemplar, to be linked with the
// troubled ones.
func (q *clean) choose() {
	type sort struct{ move, sent, booked uint32 }
	first := map[sort]exemplar{}
	see := func(all map[sort]exemplar, s sort, x exemplar) {
		if old, known := all[s]; !known || x.row < old.row {
			all[s] = x
		}
	}
	clean := func(share int, do func(i int, m *moveNote, e *standing, s sort)) {
		moves := &q.scout.moves.notes[share]
		for i := range q.events[share] {
			if e := &q.events[share][i]; e.trouble == noTrouble {
				m := moves.at(i)
				do(i, m, e, sort{m.sort, e.sent, e.booked})
			}
		}
	}
	for _, w := range each(func(w *map[sort]exemplar, share int) {
		if *w == nil {
			*w = map[sort]exemplar{}
		}
		clean(share, func(i int, m *moveNote, _ *standing, s sort) {
			see(*w, s, exemplar{event: eventIn(share, i), row: m.row})
		})
	}) {
		for s, x := range w {
			see(first, s, x)
		}
	}
	number := make(map[sort]uint32, len(first))
	for s, x := range first {
		number[s] = uint32(len(q.exemplars))
		q.exemplars = append(q.exemplars, x)
	}
	each(func(_ *struct{}, share int) {
		clean(share, func(_ int, _ *moveNote, e *standing, s sort) { e.like = number[s] })
	})
	for _, x := range q.exemplars {
		q.blame(x.event)
	}
}

// count counts the clean events: those of each exemplar, and their rows that name a card.
func (q *clean) count() {
	sent, booked := make([]bool, len(q.scout.sent.like.list)+1), make([]bool, len(q.scout.booked.like.list)+1)
	for _, s := range q.scout.sent.sorts.list {
		sent[s.like] = s.keys&hasCard != 0
	}
	for _, s := range q.scout.booked.sorts.list {
		booked[s.like] = s.keys&hasCard != 0
	}
	type counts struct {
		sent, booked int
		exemplars    []exemplar
	}
	q.named = map[record.Type]int{}
	for _, w := range each(func(w *counts, share int) {
		if w.exemplars == nil {
			w.exemplars = make([]exemplar, len(q.exemplars))
		}
		moves := &q.scout.moves.notes[share]
		for i := range q.events[share] {
			e := &q.events[share][i]
			if e.trouble != noTrouble {
				continue
			}
			w.exemplars[e.like].alike++
			w.exemplars[e.like].sum += moves.at(i).amount
			if sent[e.sent] {
				w.sent += int(e.tries)
			}
			if booked[e.booked] {
				w.booked++
			}
		}
	}) {
		q.named[record.Deliveries] += w.sent
		q.named[record.Postings] += w.booked
		for i, x := range w.exemplars {
			q.exemplars[i].alike += x.alike
			q.exemplars[i].sum += x.sum
		}
	}
}

// linked reports whether a row is to be linked: it is not that of a clean event.
func (q *clean) linked(n rowNote) bool {
	return n.row != noRow && (eventAt(n.event) == noEvent || q.standing(eventAt(n.event)).trouble != noTrouble)
}

// deliveries lists the records of the deliveries that are not those of clean events.
func (q *clean) deliveries() []*record.Delivery {
	return records(&q.c.Deliveries, func(share int, add func(row uint32)) {
		for l, i := &q.scout.sent.notes[share], 0; i < l.n; i++ {
			if n := l.at(i); q.linked(n.rowNote) {
				add(n.row)
			}
		}
	})
}

// postings lists the postings that are not those of clean events.
func (q *clean) postings() []*record.Posting {
	return records(&q.c.Postings, func(share int, add func(row uint32)) {
		for l, i := &q.scout.booked.notes[share], 0; i < l.n; i++ {
			if n := l.at(i); q.linked(n.rowNote) {
				add(n.row)
			}
		}
	})
}

// forget drops what is not wanted any more once the rest is read.
func (q *clean) forget() {
	for k := range shares {
		q.scout.moves.notes[k], q.scout.sent.notes[k], q.scout.booked.notes[k] = notes[moveNote]{}, notes[sentNote]{}, notes[bookNote]{}
		q.events[k], q.cards[k], q.others[k], q.touched[k] = nil, nil, nil, nil
	}
}

// records reads the records of rows that are found share by share.
func records[T any](table *casefile.Table[T], find func(share int, add func(row uint32))) []*T {
	var rows []uint32
	for _, w := range each(func(w *[]uint32, share int) {
		find(share, func(row uint32) { *w = append(*w, row) })
	}) {
		rows = append(rows, w...)
	}
	slices.Sort(rows)
	slab, out := written[T](len(rows)), make([]*T, len(rows))
	for i, row := range rows {
		table.Read(int(row), &slab[i])
		out[i] = &slab[i]
	}
	return out
}

// table finds numbers by the hash of what they stand for. It does not grow.
type table []uint32 // numbers, from one; 0: free

func newTable(n int) table {
	size := 16
	for size < 2*n {
		size *= 2
	}
	return table(written[uint32](size))
}

// find is the number whose hash is that one; hashOf tells the hash of a number.
func (t table) find(hash uint64, hashOf func(int) uint64) (int, bool) {
	mask := uint64(len(t) - 1)
	for at := hash & mask; t[at] != 0; at = (at + 1) & mask {
		if i := int(t[at] - 1); hashOf(i) == hash {
			return i, true
		}
	}
	return 0, false
}

// place is find, but i gets the hash where there is none with it.
func (t table) place(hash uint64, i int, hashOf func(int) uint64) (first int, known bool) {
	mask := uint64(len(t) - 1)
	at := hash & mask
	for ; t[at] != 0; at = (at + 1) & mask {
		if i := int(t[at] - 1); hashOf(i) == hash {
			return i, true
		}
	}
	t[at] = uint32(i + 1)
	return i, false
}

// timed is an event in the order of time.
type timed struct {
	ns    int64
	event eventAt
	sort  uint32
}

// inOrder lists all events in event order.
func (q *clean) inOrder() []timed {
	n := 0
	for k := range q.events {
		n += len(q.events[k])
	}
	list := make([]timed, 0, n)
	for k := range q.events {
		moves := &q.scout.moves.notes[k]
		for i := range q.events[k] {
			m := moves.at(i)
			list = append(list, timed{m.ns, eventIn(k, i), m.sort})
		}
	}
	list = byTime(list)
	sameTime := func(a, b timed) int {
		x, y := &q.scout.moves.sorts.list[a.sort], &q.scout.moves.sorts.list[b.sort]
		if d := cmp.Compare(x.span, y.span); d != 0 {
			return d
		}
		return int(x.rank) - int(y.rank)
	}
	// Of events of one moment, the ids decide; clean ones need no order among
	// themselves, unless they are of one card.
	var asked []tie
	for from, to := 0, 0; from < len(list); from = to {
		for to = from + 1; to < len(list) && list[to].ns == list[from].ns; to++ {
		}
		if to-from == 1 {
			continue
		}
		slices.SortFunc(list[from:to], sameTime)
		for a, b := from, 0; a < to; a = b {
			for b = a + 1; b < to && sameTime(list[a], list[b]) == 0; b++ {
			}
			if b-a > 1 && q.nameable(list[a:b]) {
				asked = append(asked, tie{a, b})
			}
		}
	}
	q.settle(list, asked)
	return list
}

// tie is a stretch of the order: events of one moment.
type tie struct{ from, to int }

// batch is how many events are brought into reach at a time.
const batch = 64

// near looks at events, so that what is done with them next does not wait for memory
// one by one. What it returns means nothing.
func (q *clean) near(list []timed) money.Amount {
	x := money.Amount(0)
	for _, e := range list {
		x += q.note(e.event).amount + money.Amount(q.standing(e.event).tries)
	}
	return x
}

// nameable reports whether the order of events of one moment matters.
func (q *clean) nameable(list []timed) bool {
	if len(list) == 2 {
		a, b := q.standing(list[0].event), q.standing(list[1].event)
		return a.trouble|b.trouble != noTrouble || a.card == b.card
	}
	cards := make(map[keyAt]bool, len(list))
	for _, x := range list {
		e := q.standing(x.event)
		if e.trouble != noTrouble || cards[e.card] {
			return true
		}
		cards[e.card] = true
	}
	return false
}

// settle puts events of one moment in the order of their names.
func (q *clean) settle(list []timed, ties []tie) {
	type named struct {
		event      timed
		id, system string
	}
	var events []named
	var rows []uint64 // with the index of the event
	for _, t := range ties {
		for _, x := range list[t.from:t.to] {
			rows = append(rows, uint64(q.note(x.event).row)<<32|uint64(len(events)))
			events = append(events, named{event: x})
		}
	}
	slices.Sort(rows)
	var m record.Movement
	for _, x := range rows {
		q.c.Movements.Read(int(x>>32), &m)
		e := &events[uint32(x)]
		e.id, e.system = m.ID, q.c.Systems[m.System].Name
	}
	for _, t := range ties {
		own := events[:t.to-t.from]
		events = events[len(own):]
		slices.SortFunc(own, func(a, b named) int {
			return cmp.Or(strings.Compare(a.id, b.id), strings.Compare(a.system, b.system))
		})
		for i := range own {
			list[t.from+i] = own[i].event
		}
	}
}

// byTime sorts by time: into stretches of equal length first, and then within these.
func byTime(list []timed) []timed {
	first, last := int64(math.MaxInt64), int64(math.MinInt64)
	for _, x := range list {
		if x.ns != math.MinInt64 {
			first, last = min(first, x.ns), max(last, x.ns)
		}
	}
	if len(list) < 1000 || last <= first {
		slices.SortFunc(list, func(a, b timed) int { return cmp.Compare(a.ns, b.ns) })
		return list
	}
	stretches := len(list) / 8
	width := uint64(last-first)/uint64(stretches) + 1
	of := func(x timed) int {
		if x.ns == math.MinInt64 {
			return 0
		}
		return 1 + int(uint64(x.ns-first)/width)
	}
	begin := make([]uint32, stretches+2)
	for _, x := range list {
		begin[of(x)+1]++
	}
	for i := range begin[1:] {
		begin[i+1] += begin[i]
	}
	out := make([]timed, len(list))
	next := slices.Clone(begin)
	for _, x := range list {
		k := of(x)
		out[next[k]] = x
		next[k]++
	}
	for k := range begin[:len(begin)-1] {
		if s := out[begin[k]:begin[k+1]]; len(s) > 1 {
			slices.SortFunc(s, func(a, b timed) int { return cmp.Compare(a.ns, b.ns) })
		}
	}
	return out
}

// drawings follows the balances of the cards that are not linked whole, of which
// nothing but the amounts of their movements is known, from a load onwards.
type drawings struct {
	q     *clean
	first [shares + 1]int // of a share, in cards
	cards []drawing
	below []Overdraft
}

type drawing struct {
	sum                 money.Amount
	known, whole, below bool
}

func (q *clean) newDrawings() *drawings {
	d := &drawings{q: q}
	for k := range q.cards {
		d.first[k+1] = d.first[k] + len(q.cards[k])
	}
	d.cards = written[drawing](d.first[shares])
	return d
}

// see is told of every event of such a card in order, and of its place, or its
// exemplar's number.
func (d *drawings) see(m *moveNote, e *standing, sort *moveSort, place uint32) {
	c := &d.cards[d.first[e.card.share()]+e.card.number()]
	if !c.known {
		c.known = true
		c.whole = m.amount > 0 && (sort.kind == record.Load || sort.kind == record.TransferIn)
	}
	c.sum += m.amount
	if c.whole && !c.below && c.sum < 0 {
		c.below = true
		d.below = append(d.below, Overdraft{At: at(m.ns, sort.span), Amount: m.amount, Place: int(place), Clean: e.trouble == noTrouble, row: m.row})
	}
}

// named lists the overdrafts once the exemplars have their places.
func (d *drawings) named() []Overdraft {
	list := d.below
	slices.SortFunc(list, func(a, b Overdraft) int { return cmp.Compare(a.row, b.row) })
	var m record.Movement
	for i := range list {
		d.q.c.Movements.Read(int(list[i].row), &m)
		list[i].ID = strings.Clone(m.ID)
		if list[i].Clean {
			list[i].Place = int(d.q.exemplars[list[i].Place].place)
		}
	}
	slices.SortFunc(list, func(a, b Overdraft) int { return cmp.Or(a.At.Compare(b.At), strings.Compare(a.ID, b.ID)) })
	return list
}
