package trace

import (
	"cmp"
	"strings"
	"time"

	"gcdiag/internal/casefile"
	"gcdiag/internal/ident"
	"gcdiag/internal/money"
	"gcdiag/internal/record"
)

// The clean majority: events with exactly one delivery, which got through, and
// exactly one posting, which is right, on a card without any trouble. JoinLean
// recognises them before it links anything, and keeps of each no more than its
// place among all events and the event that it is like.
//
// What must hold so that nothing said of a case depends on it:
//
//  1. A clean event names no transfer, reversal, batch or shared document, and
//     its rows carry its own identifiers or none. Of its value, kind, account,
//     dates and state nothing is open to question.
//  2. Troubled and clean events have no identifier in common: whatever names a
//     key of a clean event (a row that is not its own, an exception, a reject, an
//     event of the same card or order) makes it troubled, and trouble spreads
//     over cards, orders and refunds until nothing more is reached. So no rung
//     that goes by an identifier leads from what is linked to a clean event, and
//     the rungs that go without one only see events that have no row yet.
//  3. Clean events are like each other if nothing that a verdict, a habit, a
//     mapping or a shared attribute goes by tells them apart. One of each sort,
//     with all that it touches, is linked and judged as any other event: its
//     exemplar. If an exemplar turns out not to pass without a word, the case has
//     to be judged without this shortcut.
//
// Cases to which this does not apply (an order view or a list of cards, damaged
// identifiers, masked cards, loads that owe the price paid) are linked in full.
type clean struct {
	c     *casefile.Case
	s     *Set
	moves []*record.Movement // in event order
	keys  []eventKeys

	use     []uint8 // by number: what it is to events
	trouble []bool  // by number
	event   []int32 // by number: the event with this id
	bad     []bool  // by event: not clean
	queue   []int32 // bad events whose trouble has not spread yet
	sent    []*record.Delivery
	booked  []*record.Posting
	// by row, in the order of the tables: the event that it names
	ofSent, ofBooked []int32
	like             []int32             // by event: the exemplar of a clean one, or free
	cards            map[record.Type]int // rows of clean events that name a card

	liability map[string]bool // accounts asked about
	documents map[document]int32
	ids, refs map[string]bool // keys that only the integration's log can tell, see byIdentity
	masked    bool
}

// eventKeys are the numbers of an event's keys.
type eventKeys struct{ id, card, order, refund uint32 }

// What a key is to events.
const (
	isID = 1 << iota
	isCard
	isOrder
	isRefund
	isShared // an order of more than one event
)

type document struct {
	system uint16
	id     string
}

// Standing is one event in the order of all events.
type Standing struct {
	Movement *record.Movement
	Place    int32  // of the event in the set's events, or of its exemplar
	Card     uint32 // the number of its card
	Clean    bool   // it is not among the set's events
}

// sort is all that tells clean events apart for whoever looks at exemplars.
type sort struct {
	kind                                           record.Kind
	funding                                        record.Funding
	test                                           record.Bool
	sign                                           int8
	currency, written                              money.Currency
	shop, relay, books                             uint16
	noOrder, noRefund                              bool
	rowKind                                        record.Kind
	from                                           record.Feed
	rowOrder, rowCard, rowRule                     bool
	origin, issuer, channel, location, item, attrs string
	flow, account, rowType, rowItem, rowEntity     string
}

// recognise tells the clean events from the rest, or returns nil where the case
// has to be linked in full.
func recognise(s *Set, moves []*record.Movement) *clean {
	c := s.Case
	platform, erp, relays := false, false, 0
	for i := range c.Systems {
		sys := &c.Systems[i]
		platform = platform || sys.Role == record.Platform
		erp = erp || sys.Role == record.ERP
		if sys.Role == record.Integration {
			relays++
		}
		for _, r := range sys.Reads {
			if len(r.Damaged) > 0 || r.Record == record.Orders && r.State != casefile.Absent {
				return nil
			}
		}
	}
	if !platform || !erp || c.Orders.Len() > 0 || c.Cards.Len() > 0 || c.Policy.PricePaid || len(moves) == 0 {
		return nil
	}
	q := &clean{c: c, s: s, moves: moves, liability: map[string]bool{}, documents: map[document]int32{}, ids: map[string]bool{}, refs: map[string]bool{}, cards: map[record.Type]int{}}
	q.movements()
	q.deliveries()
	q.postings(relays > 0)
	q.others()
	q.spread()
	q.logged()
	q.spread()
	if q.masked {
		return nil
	}
	return q
}

// theirs lists the rows that are not those of clean events.
func theirs[T any](q *clean, table *casefile.Table[T], of func(*clean) []int32, t record.Type, card func(*T) string) []*T {
	out := make([]*T, 0, table.Len())
	row := -1
	for r := range table.All() {
		row++
		if q != nil {
			if i := of(q)[row]; i != free && q.like[i] != free {
				if card(r) != "" {
					q.cards[t]++
				}
				continue
			}
		}
		out = append(out, r)
	}
	return out
}

// blame makes an event troubled.
func (q *clean) blame(i int32) {
	if !q.bad[i] {
		q.bad[i] = true
		q.queue = append(q.queue, i)
	}
}

// touch makes trouble of every key that is named.
func (q *clean) touch(ids ...string) {
	for _, id := range ids {
		if id != "" {
			q.trouble[q.s.names.find(ident.Key(id))] = true
		}
	}
}

// spread carries trouble over everything that events have in common.
func (q *clean) spread() {
	q.trouble[0] = false
	for {
		for i := range q.bad {
			if k := &q.keys[i]; !q.bad[i] && (q.trouble[k.id] || q.trouble[k.card] || q.trouble[k.order] || q.trouble[k.refund]) {
				q.blame(int32(i))
			}
		}
		if len(q.queue) == 0 {
			return
		}
		for _, i := range q.queue {
			k := &q.keys[i]
			q.trouble[k.id], q.trouble[k.card], q.trouble[k.order], q.trouble[k.refund] = true, true, true, true
		}
		q.trouble[0] = false
		q.queue = q.queue[:0]
	}
}

// movements numbers the keys of all events and finds those that can't be clean
// whatever their rows are.
func (q *clean) movements() {
	n := newNames(2 * len(q.moves))
	q.s.names = n
	q.keys = make([]eventKeys, len(q.moves))
	q.bad = make([]bool, len(q.moves))
	for i, m := range q.moves {
		q.keys[i] = eventKeys{n.add(ident.Key(m.ID)), n.add(ident.Key(m.Card)), n.add(ident.Key(m.Order)), n.add(ident.Key(m.Refund))}
	}
	q.use = make([]uint8, len(n.keys))
	q.trouble = make([]bool, len(n.keys))
	q.event = make([]int32, len(n.keys))
	for i := range q.event {
		q.event[i] = free
	}
	first := make([]int32, len(n.keys)) // of a card: its first event, counted from one
	for i, m := range q.moves {
		k := q.keys[i]
		if q.use[k.id]&isID != 0 {
			q.trouble[k.id] = true
		}
		if q.use[k.order]&isOrder != 0 {
			q.use[k.order] |= isShared
		}
		if first[k.card] == 0 {
			first[k.card] = int32(i) + 1
			if _, masked := maskTail(n.keys[k.card]); masked {
				q.masked = true
			}
		} else if q.moves[first[k.card]-1].Currency != m.Currency {
			q.trouble[k.card] = true
		}
		q.use[k.id] |= isID
		q.use[k.card] |= isCard
		q.use[k.order] |= isOrder
		q.use[k.refund] |= isRefund
		q.event[k.id] = int32(i)
		if k.id == 0 || k.card == 0 || !q.lawful(m) {
			q.blame(int32(i))
			q.touch(m.Reverses, m.Transfer)
		}
	}
	q.use[0] = 0
	for k, use := range q.use {
		if use &^= isShared; use&(use-1) != 0 {
			q.trouble[k] = true // one text names different things
		}
		if q.trouble[k] {
			q.event[k] = free
		}
	}
	q.orders()
}

// lawful reports whether nothing about a movement alone needs a second look.
func (q *clean) lawful(m *record.Movement) bool {
	return m.At.Known() && q.c.Window.Has(m.At) && m.Status == record.Final && m.Test != record.Yes && !m.Points && !m.Contrary &&
		m.Funding != record.Promotional && m.Kind != record.NoKind && m.Kind != record.Reversal && m.Kind != record.Other &&
		(m.Kind != record.Redemption || m.Refund == "") && m.Entity == "" && m.Transfer == "" && m.Reverses == "" &&
		!m.BalanceAfter.Set && !m.CardCreatedAt.Known()
}

// orders finds orders that loaded a card twice or gave back more than was taken.
func (q *clean) orders() {
	type sums struct {
		loads       int
		used, given money.Amount
	}
	shared := map[uint32]*sums{}
	for i, m := range q.moves {
		k := q.keys[i].order
		if q.use[k]&isShared == 0 {
			continue
		}
		x := shared[k]
		if x == nil {
			x = new(sums)
			shared[k] = x
		}
		switch {
		case m.Kind == record.Load:
			x.loads++
		case m.Kind == record.Redemption && m.Amount < 0:
			x.used -= m.Amount
		case m.Kind == record.RefundToCard && m.Amount > 0:
			x.given += m.Amount
		}
		if x.loads > 1 {
			q.trouble[k] = true
		}
	}
	for k, x := range shared {
		if x.used > 0 && x.given > x.used {
			q.trouble[k] = true
		}
	}
}

// own reports whether an identifier of a row is that of its event, or empty.
func (q *clean) own(id string, number uint32, written string) bool {
	return id == "" || id == written || number != 0 && q.s.names.find(ident.Key(id)) == number
}

// card is own for a card; a masked one ends the recognition.
func (q *clean) card(id string, number uint32, written string) bool {
	if q.own(id, number, written) {
		return true
	}
	if _, masked := maskTail(ident.Key(id)); masked {
		q.masked = true
	}
	return false
}

func (q *clean) find(id string) int32 {
	if id == "" {
		return free
	}
	return q.event[q.s.names.find(ident.Key(id))]
}

// deliveries finds the one delivery of each clean event.
func (q *clean) deliveries() {
	q.sent = make([]*record.Delivery, len(q.moves))
	for d := range q.c.Deliveries.All() {
		i := q.find(d.Event)
		q.ofSent = append(q.ofSent, i)
		if i != free && q.sent[i] == nil {
			m, k := q.moves[i], &q.keys[i]
			q.sent[i] = d
			if d.Outcome == record.Delivered && (d.Kind == record.NoKind || d.Kind == m.Kind) && !d.Points && d.Batch == "" &&
				q.card(d.Card, k.card, m.Card) && q.own(d.Order, k.order, m.Order) && q.own(d.Refund, k.refund, m.Refund) {
				continue
			}
		}
		if i != free {
			q.blame(i)
		}
		q.card(d.Card, 0, "")
		q.touch(d.Event, d.Card, d.Order, d.Refund, d.ID, d.Notification, d.Batch)
	}
}

// postings finds the one posting of each clean event.
func (q *clean) postings(relayed bool) {
	q.booked = make([]*record.Posting, len(q.moves))
	carry := map[uint16]bool{} // systems whose rows name cards
	for p := range q.c.Postings.All() {
		if p.Card != "" && !carry[p.System] {
			carry[p.System] = true
		}
		i := q.find(p.Ref)
		q.ofBooked = append(q.ofBooked, i)
		if i != free && q.booked[i] == nil {
			q.booked[i] = p
			if q.right(p, i) {
				continue
			}
		}
		if i != free {
			q.blame(i)
		} else {
			q.want(q.ids, p.Ref)
			q.want(q.refs, p.ID)
			q.want(q.refs, p.Document)
		}
		q.card(p.Card, 0, "")
		q.touch(p.Ref, p.Card, p.Order, p.Refund, p.Batch, p.Document)
		if p.Document != "" {
			q.shareDocument(p, free)
		}
	}
	for i, p := range q.booked {
		if p == nil || (q.sent[i] != nil) != relayed || p.Card == "" && carry[p.System] {
			q.blame(int32(i))
		}
	}
}

// right reports whether a posting is just what its event should have become.
func (q *clean) right(p *record.Posting, i int32) bool {
	m, k := q.moves[i], &q.keys[i]
	if p.Amount != m.Amount || p.Kind != m.Kind && p.Kind != record.NoKind || !p.Status.Counts() || p.From == record.ByHand ||
		p.Batch != "" || !p.Dated.Known() || !q.c.Window.Has(p.Dated) || p.Currency != q.currency(m) {
		return false
	}
	if m.At.Exact() && !p.Dated.Exact() {
		if gap := p.Dated.Apart(m.At); gap > 0 && gap < 24*time.Hour {
			return false
		}
	}
	on, known := q.liability[p.Account]
	if !known {
		on = q.s.Liability(p.Account)
		q.liability[p.Account] = on
	}
	return on && q.card(p.Card, k.card, m.Card) && q.own(p.Order, k.order, m.Order) && q.own(p.Refund, k.refund, m.Refund) &&
		(p.Document == "" || q.shareDocument(p, i))
}

// shareDocument notes which event stands in a document; it is false, and that
// event is troubled, where another row stands in it, too.
func (q *clean) shareDocument(p *record.Posting, i int32) bool {
	d := document{p.System, p.Document}
	other, known := q.documents[d]
	if !known {
		q.documents[d] = i
		return true
	}
	if other != free {
		q.blame(other)
	}
	return false
}

func (q *clean) currency(m *record.Movement) money.Currency {
	if m.Currency.Known() {
		return m.Currency
	}
	return q.c.Currency
}

func (q *clean) want(keys map[string]bool, id string) {
	if k := ident.Key(id); k != "" {
		keys[k] = true
	}
}

// others touches what exceptions and rejects name.
func (q *clean) others() {
	for x := range q.c.Exceptions.All() {
		q.card(x.Card, 0, "")
		q.touch(x.Ref, x.Order, x.Card)
		q.want(q.ids, x.Ref)
		q.want(q.ids, x.Order)
	}
	for _, r := range q.c.Rejects {
		q.touch(r.Keys...)
	}
}

// logged finds events that a row can only reach by what the integration's log
// says of them.
func (q *clean) logged() {
	if len(q.ids) == 0 && len(q.refs) == 0 {
		return
	}
	for i, d := range q.sent {
		if q.bad[i] || d == nil {
			continue
		}
		if len(q.ids) > 0 && (q.ids[ident.Key(d.ID)] || q.ids[ident.Key(d.Notification)]) || d.ERPRef != "" && q.refs[ident.Key(d.ERPRef)] {
			q.blame(int32(i))
		}
	}
}

// sortOf is what an event has in common with others like it.
func (q *clean) sortOf(i int) sort {
	m, p := q.moves[i], q.booked[i]
	x := sort{kind: m.Kind, funding: m.Funding, test: m.Test, sign: int8(cmp.Compare(m.Amount, 0)), currency: q.currency(m), written: m.Currency,
		shop: m.System, books: p.System, noOrder: m.Order == "", noRefund: m.Refund == "", rowKind: p.Kind, from: p.From,
		rowOrder: p.Order != "", rowCard: p.Card != "", rowRule: p.Rule != "",
		origin: m.Origin, issuer: m.Issuer, channel: m.Channel, location: m.Location, item: m.Item, attrs: attrText(m.Attrs),
		account: p.Account, rowType: p.Type, rowItem: p.Item, rowEntity: p.Entity}
	if d := q.sent[i]; d != nil {
		x.relay, x.flow = d.System, d.Flow
	}
	return x
}

func attrText(attrs []record.Attr) string {
	if len(attrs) == 0 {
		return ""
	}
	var b strings.Builder
	for _, a := range attrs {
		b.WriteString(a.Name)
		b.WriteByte(0)
		b.WriteString(a.Value)
		b.WriteByte(0)
	}
	return b.String()
}

// exemplars keeps one event of each sort, and all that it touches, with the
// troubled ones. It returns, by event, the exemplar of a clean one, free for all
// others.
func (q *clean) exemplars() []int32 {
	known := map[sort]int32{}
	like := make([]int32, len(q.moves))
	for i := range q.moves {
		like[i] = free
		if q.bad[i] {
			continue
		}
		x := q.sortOf(i)
		first, seen := known[x]
		if !seen {
			first = int32(i)
			known[x] = first
		}
		like[i] = first
	}
	for _, i := range known {
		q.blame(i)
	}
	q.spread()
	for i := range like {
		if q.bad[i] {
			like[i] = free
		}
	}
	return like
}
