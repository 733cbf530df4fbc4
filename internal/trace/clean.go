package trace

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"gcdiag/internal/casefile"
	"gcdiag/internal/ident"
	"gcdiag/internal/money"
	"gcdiag/internal/record"
)

// The clean majority: events with exactly one delivery that got through, after as
// many tries as it took, and exactly one posting, which is right, on a card without
// any trouble. JoinLean
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
// identifiers, masked cards, loads that owe the price paid) are linked in full, and
// so is a card with a running balance, a date of birth or a shared document.
type clean struct {
	c     *casefile.Case
	s     *Set
	names *names
	look  []look // by event, as below: by the row of its movement

	use     []uint8 // by number: what it is to events
	trouble []bool  // by number
	event   []int32 // by number: the event with this id
	bad     []bool  // by event: not clean
	queue   []int32 // bad events whose trouble has not spread yet

	moveSorts   sorts[moveSort]
	sentSorts   sorts[sentSort]
	bookedSorts sorts[bookedSort]

	ofSent, ofBooked []int32             // by row of a delivery, of a posting: the event that it names
	like             []int32             // by event: the exemplar of a clean one, or free
	cards            map[record.Type]int // rows of clean events that name a card
	seen             money.Amount        // means nothing, see named

	shapes    map[string]bool // of all ids, see shapedLikeEvent
	liability map[string]bool // accounts asked about
	documents map[document]int32
	ids, refs map[string]bool // keys that only the integration's log can tell, see byIdentity
	masked    bool
}

// eventKeys are the numbers of an event's keys.
type eventKeys struct{ id, card, order, refund uint32 }

// look is what is compared with an event's rows, and what it, its delivery and
// its posting are like, counted from one. It fills a line of the cache.
type look struct {
	at       record.Time
	amount   money.Amount
	keys     eventKeys
	currency money.Currency
	kind     record.Kind
	tries    uint8 // deliveries
	sent     uint8 // of these, sent on and accepted

	moveSort, sentSort, bookedSort uint32
}

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
	At     record.Time
	Amount money.Amount
	Row    uint32 // of the movement in its table
	Place  int32  // of the event in the set's events, or of its exemplar
	Card   uint32 // the number of its card
	Kind   record.Kind
	Clean  bool // it is not among the set's events
}

// moveSort, sentSort and bookedSort are all that tells clean events, their
// deliveries and their postings apart for whoever looks at exemplars.
type moveSort struct {
	kind                                           record.Kind
	funding                                        record.Funding
	test                                           record.Bool
	sign                                           int8
	currency                                       money.Currency
	system                                         uint16
	noOrder, noRefund                              bool
	origin, issuer, channel, location, item, attrs string
}

type sentSort struct {
	system uint16
	card   bool
	flow   string
}

type bookedSort struct {
	system                      uint16
	kind                        record.Kind
	from                        record.Feed
	order, card, rule           bool
	account, what, item, entity string
}

// sorts numbers what is alike, from one.
type sorts[T comparable] struct {
	known map[T]uint32
	last  T
	n     uint32 // of the last one
}

func (s *sorts[T]) number(x T) uint32 {
	if s.n != 0 && x == s.last {
		return s.n
	}
	n := s.known[x]
	if n == 0 {
		if s.known == nil {
			s.known = map[T]uint32{}
		}
		n = uint32(len(s.known) + 1)
		s.known[x] = n
	}
	s.last, s.n = x, n
	return n
}

// recognise tells the clean events from the rest, or returns nil where the case
// has to be linked in full.
func recognise(s *Set) *clean {
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
	n := c.Movements.Len()
	if !platform || !erp || c.Orders.Len() > 0 || c.Cards.Len() > 0 || c.Policy.PricePaid || n == 0 {
		return nil
	}
	q := &clean{c: c, s: s, look: make([]look, 0, n), bad: make([]bool, n),
		shapes: map[string]bool{}, liability: map[string]bool{}, documents: map[document]int32{}, ids: map[string]bool{}, refs: map[string]bool{}}
	q.movements()
	q.deliveries()
	q.postings(relayed)
	q.others()
	q.spread()
	q.logged()
	q.spread()
	if q.masked {
		return nil
	}
	q.exemplars()
	q.countCards()
	return q
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
			q.trouble[q.names.find(ident.Key(id))] = true
		}
	}
}

// spread carries trouble over everything that events have in common.
func (q *clean) spread() {
	q.trouble[0] = false
	for {
		for i := range q.bad {
			if k := &q.look[i].keys; !q.bad[i] && (q.trouble[k.id] || q.trouble[k.card] || q.trouble[k.order] || q.trouble[k.refund]) {
				q.blame(int32(i))
			}
		}
		if len(q.queue) == 0 {
			return
		}
		for _, i := range q.queue {
			k := &q.look[i].keys
			q.trouble[k.id], q.trouble[k.card], q.trouble[k.order], q.trouble[k.refund] = true, true, true, true
		}
		q.trouble[0] = false
		q.queue = q.queue[:0]
	}
}

// movements numbers the keys of all events and finds those that can't be clean
// whatever their rows are.
func (q *clean) movements() {
	n := newNames(2*q.c.Movements.Len(), false)
	q.names = n
	last := ""
	var prints []fingerprint
	var named []string // by movements that can't be clean
	for rows := range q.c.Movements.Batches(batch) {
		prints = prints[:0]
		for i := range rows {
			m := &rows[i]
			prints = append(prints, n.fingerprint(ident.Key(m.Card)), n.fingerprint(ident.Key(m.ID)), n.fingerprint(ident.Key(m.Order)), n.fingerprint(ident.Key(m.Refund)))
		}
		n.near(prints)
		for r := range rows {
			m, p := &rows[r], prints[4*r:]
			i, before := len(q.look), n.count
			k := eventKeys{card: n.enter(p[0], ""), id: n.enter(p[1], ""), order: n.enter(p[2], ""), refund: n.enter(p[3], "")}
			if k.card >= before { // a new one
				if _, masked := maskTail(ident.Key(m.Card)); masked {
					q.masked = true
				}
			}
			if x := shape(ident.Key(m.ID)); x != last {
				last = strings.Clone(x)
				q.shapes[last] = true
			}
			q.look = append(q.look, look{at: m.At, amount: m.Amount, keys: k, currency: q.currency(m), kind: m.Kind})
			if k.id == 0 || k.card == 0 || !q.lawful(m) {
				q.blame(int32(i))
				named = append(named, m.Reverses, m.Transfer)
				continue
			}
			q.look[i].moveSort = q.moveSorts.number(moveSort{kind: m.Kind, funding: m.Funding, test: m.Test, sign: int8(cmp.Compare(m.Amount, 0)), currency: m.Currency,
				system: m.System, noOrder: m.Order == "", noRefund: m.Refund == "", origin: m.Origin, issuer: m.Issuer, channel: m.Channel, location: m.Location, item: m.Item, attrs: attrText(m.Attrs)})
		}
	}
	q.use = make([]uint8, n.count)
	q.trouble = make([]bool, n.count)
	q.event = make([]int32, n.count)
	for i := range q.event {
		q.event[i] = free
	}
	first := make([]int32, n.count) // of a card: its first event, counted from one
	for i := range q.look {
		k := &q.look[i].keys
		if q.use[k.id]&isID != 0 {
			q.trouble[k.id] = true
		}
		if q.use[k.order]&isOrder != 0 {
			q.use[k.order] |= isShared
		}
		if first[k.card] == 0 {
			first[k.card] = int32(i) + 1
		} else if q.look[first[k.card]-1].currency != q.look[i].currency {
			q.trouble[k.card] = true
		}
		q.use[k.id] |= isID
		q.use[k.card] |= isCard
		q.use[k.order] |= isOrder
		q.use[k.refund] |= isRefund
		q.event[k.id] = int32(i)
	}
	q.use[0] = 0
	q.event[0] = free
	for k, use := range q.use {
		if use &^= isShared; use&(use-1) != 0 {
			q.trouble[k] = true // one text names different things
		}
		if q.trouble[k] && use&isID != 0 {
			q.event[k] = free
		}
	}
	q.touch(named...)
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
	for i := range q.look {
		k := &q.look[i].keys
		if q.use[k.order]&isShared == 0 {
			continue
		}
		x := shared[k.order]
		if x == nil {
			x = new(sums)
			shared[k.order] = x
		}
		switch m := &q.look[i]; {
		case m.kind == record.Load:
			x.loads++
		case m.kind == record.Redemption && m.amount < 0:
			x.used -= m.amount
		case m.kind == record.RefundToCard && m.amount > 0:
			x.given += m.amount
		}
	}
	for k, x := range shared {
		if x.loads > 1 || x.used > 0 && x.given > x.used {
			q.trouble[k] = true
		}
	}
}

// own reports whether an identifier of a row is that of its event, or empty.
func (q *clean) own(id string, number uint32) bool {
	return id == "" || number != 0 && q.names.find(ident.Key(id)) == number
}

// card is own for a card, whose number is known; a masked one ends the recognition.
func (q *clean) card(id string, is, number uint32) bool {
	if id == "" || number != 0 && is == number {
		return true
	}
	if _, masked := maskTail(ident.Key(id)); masked {
		q.masked = true
	}
	return false
}

// batch is how many rows are looked at together.
const batch = 64

// named finds the events and the cards that rows name by their fingerprints, two
// for each row.
func (q *clean) named(prints []fingerprint, events []int32, cards []uint32) ([]int32, []uint32) {
	q.names.near(prints)
	events, cards = events[:0], cards[:0]
	for r := 0; r < len(prints); r += 2 {
		events = append(events, int32(q.names.at(prints[r])))
		cards = append(cards, q.names.at(prints[r+1]))
	}
	for r, number := range events {
		events[r] = q.event[number]
	}
	x := money.Amount(0) // the looks come into reach
	for _, i := range events {
		if i != free {
			x ^= q.look[i].amount
		}
	}
	q.seen = x
	return events, cards
}

// deliveries finds the deliveries of each clean event.
func (q *clean) deliveries() {
	q.ofSent = make([]int32, 0, q.c.Deliveries.Len())
	var prints []fingerprint
	var events []int32
	var cards []uint32
	for rows := range q.c.Deliveries.Batches(batch) {
		prints = prints[:0]
		for r := range rows {
			prints = append(prints, q.names.fingerprint(ident.Key(rows[r].Event)), q.names.fingerprint(ident.Key(rows[r].Card)))
		}
		events, cards = q.named(prints, events, cards)
		q.ofSent = append(q.ofSent, events...)
		for r := range rows {
			q.delivery(&rows[r], events[r], cards[r])
		}
	}
}

func (q *clean) delivery(d *record.Delivery, i int32, card uint32) {
	if i != free {
		m := &q.look[i]
		sort := q.sentSorts.number(sentSort{d.System, d.Card != "", d.Flow})
		if m.tries = min(m.tries, 200) + 1; m.tries == 1 {
			m.sentSort = sort
		}
		if d.Outcome == record.Delivered {
			m.sent = min(m.sent, 200) + 1
		}
		if sort == m.sentSort && m.tries < 100 && m.sent <= 1 && d.Outcome != record.UnknownOutcome && (d.Kind == record.NoKind || d.Kind == m.kind) && !d.Points && d.Batch == "" &&
			q.card(d.Card, card, m.keys.card) && q.own(d.Order, m.keys.order) && q.own(d.Refund, m.keys.refund) {
			return
		}
	}
	if i != free {
		q.blame(i)
	}
	q.card(d.Card, card, 0)
	q.touch(d.Event, d.Card, d.Order, d.Refund, d.Notification, d.Batch)
}

// postings finds the one posting of each clean event.
func (q *clean) postings(relayed bool) {
	q.ofBooked = make([]int32, 0, q.c.Postings.Len())
	carry := map[uint16]bool{} // systems whose rows name cards
	var cardless []int32
	var prints []fingerprint
	var events []int32
	var cards []uint32
	for rows := range q.c.Postings.Batches(batch) {
		prints = prints[:0]
		for r := range rows {
			prints = append(prints, q.names.fingerprint(ident.Key(rows[r].Ref)), q.names.fingerprint(ident.Key(rows[r].Card)))
		}
		events, cards = q.named(prints, events, cards)
		q.ofBooked = append(q.ofBooked, events...)
		for r := range rows {
			p, i := &rows[r], events[r]
			if p.Card != "" && !carry[p.System] {
				carry[p.System] = true
			}
			if q.posting(p, i, cards[r]) && p.Card == "" {
				cardless = append(cardless, i)
			}
		}
	}
	if len(carry) > 0 {
		for _, i := range cardless { // a row without a card is odd where others have one
			q.blame(i)
		}
	}
	for i := range q.bad {
		if m := &q.look[i]; m.bookedSort == 0 || (m.sent == 1) != relayed || (m.tries > 0) != relayed {
			q.blame(int32(i))
		}
	}
}

// posting reports whether a row can be the one posting of a clean event.
func (q *clean) posting(p *record.Posting, i int32, card uint32) bool {
	if i != free && q.look[i].bookedSort == 0 {
		q.look[i].bookedSort = q.bookedSorts.number(bookedSort{p.System, p.Kind, p.From, p.Order != "", p.Card != "", p.Rule != "", p.Account, p.Type, p.Item, p.Entity})
		if q.right(p, i, card) {
			return true
		}
	}
	if i != free {
		q.blame(i)
	} else {
		q.want(q.ids, p.Ref)
		q.want(q.refs, p.ID)
		q.want(q.refs, p.Document)
	}
	q.card(p.Card, card, 0)
	q.touch(p.Ref, p.Card, p.Order, p.Refund, p.Batch, p.Document)
	if p.Document != "" {
		q.shareDocument(p, free)
	}
	return false
}

// right reports whether a posting is just what its event should have become.
func (q *clean) right(p *record.Posting, i int32, card uint32) bool {
	m := &q.look[i]
	k := &m.keys
	if p.Amount != m.amount || p.Kind != m.kind && p.Kind != record.NoKind || !p.Status.Counts() || p.From == record.ByHand ||
		p.Batch != "" || !p.Dated.Known() || !q.c.Window.Has(p.Dated) || p.Currency != m.currency {
		return false
	}
	if m.at.Exact() && !p.Dated.Exact() {
		if gap := p.Dated.Apart(m.at); gap > 0 && gap < 24*time.Hour {
			return false
		}
	}
	on, known := q.liability[p.Account]
	if !known {
		on = q.s.Liability(p.Account)
		q.liability[strings.Clone(p.Account)] = on
	}
	return on && q.card(p.Card, card, k.card) && q.own(p.Order, k.order) && q.own(p.Refund, k.refund) &&
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
		q.card(x.Card, 0, 0)
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
	places := false // some row names the place of a delivery
	for id := range q.ids {
		places = places || strings.Contains(id, ":")
	}
	row := -1
	var whole record.Delivery
	for d := range q.c.Deliveries.Pass() {
		row++
		i := q.ofSent[row]
		if i == free || q.bad[i] {
			continue
		}
		if places && d.ID == "" {
			q.c.Deliveries.Read(row, &whole)
			d = &whole
		}
		if len(q.ids) > 0 && (q.ids[ident.Key(d.ID)] || d.Notification != "" && q.ids[ident.Key(d.Notification)]) || d.ERPRef != "" && q.refs[ident.Key(d.ERPRef)] {
			q.blame(i)
		}
	}
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
// troubled ones.
func (q *clean) exemplars() {
	known := map[[3]uint32]int32{}
	q.like = make([]int32, len(q.look))
	for i := range q.like {
		q.like[i] = free
		if q.bad[i] {
			continue
		}
		x := [3]uint32{q.look[i].moveSort, q.look[i].sentSort, q.look[i].bookedSort}
		first, seen := known[x]
		if !seen {
			first = int32(i)
			known[x] = first
		}
		q.like[i] = first
	}
	for _, i := range known {
		q.blame(i)
	}
	q.spread()
	for i := range q.like {
		if q.bad[i] {
			q.like[i] = free
		}
	}
}

// forget drops what is not wanted any more once all events have their place.
func (q *clean) forget() {
	q.names, q.look, q.use, q.trouble, q.event = nil, nil, nil, nil, nil
}

// order lists all events in event order.
func (q *clean) order() []uint32 {
	type timed struct {
		ns    int64
		event uint32
	}
	list := make([]timed, len(q.look))
	for i := range q.look {
		list[i] = timed{math.MinInt64, uint32(i)}
		if at := q.look[i].at; at.Known() {
			list[i].ns = at.Earliest().UnixNano()
		}
	}
	var x, y record.Movement
	slices.SortFunc(list, func(a, b timed) int {
		if a.ns != b.ns {
			return cmp.Compare(a.ns, b.ns)
		}
		if c := q.look[a.event].at.Compare(q.look[b.event].at); c != 0 {
			return c
		}
		if d := rankInMoment(q.look[a.event].amount) - rankInMoment(q.look[b.event].amount); d != 0 || a.event == b.event {
			return d
		}
		q.c.Movements.Read(int(a.event), &x)
		q.c.Movements.Read(int(b.event), &y)
		return q.s.byName(&x, &y)
	})
	order := make([]uint32, len(list))
	for i := range list {
		order[i] = list[i].event
	}
	return order
}

// countCards counts the rows of clean events that name a card.
func (q *clean) countCards() {
	sent, booked := make([]bool, len(q.sentSorts.known)+1), make([]bool, len(q.bookedSorts.known)+1)
	for x, n := range q.sentSorts.known {
		sent[n] = x.card
	}
	for x, n := range q.bookedSorts.known {
		booked[n] = x.card
	}
	q.cards = map[record.Type]int{}
	for i, like := range q.like {
		if like == free {
			continue
		}
		if sent[q.look[i].sentSort] {
			q.cards[record.Deliveries] += int(q.look[i].tries)
		}
		if booked[q.look[i].bookedSort] {
			q.cards[record.Postings]++
		}
	}
}

// theirs lists the rows that are not those of clean events; of says which event
// each row names.
func theirs[T any](q *clean, table *casefile.Table[T], of []int32) []*T {
	out := make([]*T, 0, table.Len()-len(of))
	if q == nil {
		for r := range table.All() {
			out = append(out, r)
		}
		return out
	}
	n := 0
	for _, i := range of {
		if i == free || q.like[i] == free {
			n++
		}
	}
	slab := make([]T, n)
	out = make([]*T, 0, n)
	for row, i := range of {
		if i == free || q.like[i] == free {
			r := &slab[len(out)]
			table.Read(row, r)
			out = append(out, r)
		}
	}
	return out
}
