// Package trace joins the hops of one transaction: it links every movement of
// the platform to its deliveries in the integration layer and its postings in
// the ERP, by a ladder of identities whose rung is kept. It links and never
// judges: a link says "these rows speak of one event", not that they are right.
//
// The result does not depend on the order in which records were read.
package trace

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"gcdiag/internal/casefile"
	"gcdiag/internal/crew"
	"gcdiag/internal/ident"
	"gcdiag/internal/money"
	"gcdiag/internal/record"
	"gcdiag/internal/shelf"
)

// Rung says by what two records were taken for one event, strongest first.
type Rung uint8

// The rungs of the identity ladder.
const (
	NoRung        Rung = iota
	ByEvent            // the platform's movement id
	ByERPRef           // the ERP's own id, as the integration's log gives it
	ByDelivery         // the delivery's or notification's id
	ByRefund           // the refund's own id
	ByOrderCard        // order, card and kind
	ByOrder            // order and kind or amount, unique
	ByIDPart           // an identifier without its prefix or suffix, confirmed by kind or amount
	ByCard             // card, kind and amount, near in time
	ByAmount           // amount, currency and time, the only possible match
	ByTwins            // as many equal rows as equal events: any assignment gives one verdict
	ByBatch            // a batch key shared with the deliveries
	ByBatchSum         // one line whose amount is the exact sum of the day's events
	ByBatchRemain      // a line that lacks exactly the events that are missing
)

var rungText = [...]string{"", "event id", "ERP reference", "delivery id", "refund id", "order, card and kind", "order", "part of the id",
	"card, amount and time", "amount and time", "equal twins", "batch key", "sum of the day", "rest of the day"}

// String is how a report names the rung.
func (r Rung) String() string { return rungText[r] }

// Weak reports whether the rung had to do without an identifier of the event or its order.
func (r Rung) Weak() bool { return r == ByCard || r == ByAmount || r == ByTwins }

// Scope says whether a movement counts, and if not, why.
type Scope uint8

// The scopes. Every value but Countable is a reason of the report's "excluded".
const (
	Countable Scope = iota
	Test
	Pending
	Cancelled
	Promotional
	Loyalty
	OtherEntity
	OutsideWindow
)

var scopeText = [...]string{"", "test", "pending", "cancelled", "promotional", "loyalty", "entity", "outside-window"}

// String is the report's word for the reason, "" for Countable.
func (s Scope) String() string { return scopeText[s] }

// Link is one ERP row that speaks of an event.
type Link struct {
	Posting *Posting
	Rung    Rung
}

// Event is one movement with everything that speaks of it.
type Event struct {
	Movement *Movement
	Order    *record.Order // where the order view knows it
	Owed     money.Amount  // minor units of Currency that the books should gain; + raises what is owed
	Currency money.Currency
	Scope    Scope
	place    int32  // in the set's events
	card     uint32 // numbers of keys
	order    uint32
	// Net is the group of movements that cancel out with this one, itself
	// included (a hold and its revert, the legs of a transfer), or nil.
	Net *Net
	// Batch is the ERP line that stands for this and other events, or nil.
	Batch      *Batch
	Deliveries []*Delivery // by time
	Postings   []Link      // strongest rung first
	Exceptions []*record.Exception
	// Rivals are events that could as well own the rows that might be this one's;
	// non-empty means that no row was chosen.
	Rivals *Tie
	// Apart is what is known of the event's card where that is not linked whole, or nil.
	Apart *Apart
	// Twins is the group of equal events whose rows could be exchanged, itself
	// included, or nil.
	Twins *Tie
}

// Place is where the event stands in the set's events.
func (e *Event) Place() int { return int(e.place) }

// ID is the platform's movement id, as written.
func (e *Event) ID() string { return e.Movement.ID }

// Apart is what is known of a card before one of its events, where some of its clean
// events are not linked. All events of such a card count.
type Apart struct {
	Sum   money.Amount // of all its movements before this one
	Whole bool         // its first movement put value on it
}

// Net is a group of movements that cancel out, wholly or (a hold captured for
// less) in part. Transfers are tied only if their legs add up to zero.
type Net struct {
	Transfer bool // legs of a move between cards; else a hold and its revert
	Events   []*Event
}

// Batch is one or more ERP lines that stand for many events.
type Batch struct {
	Postings []*Posting
	Events   []*Event
	Rung     Rung
	// Missing are events of the batch that the lines lack, where that is certain.
	// Candidates are events of which an unknown part is lacking.
	Missing    []*Event
	Candidates []*Event
	Rest       money.Amount // lines − events, after Missing is taken out
	Copies     int          // how many times the lines hold the events, where that is a whole number above one
}

// Tie is a set of events that share fewer possible rows than there are events.
type Tie struct {
	Events   []*Event
	Postings []*Posting
}

// Set is everything linked.
type Set struct {
	Case       *casefile.Case
	Events     []*Event // by time, then id
	Unlinked   []*Posting
	Strays     []*Delivery // deliveries that speak of no movement
	LooseQueue []*record.Exception
	Batches    []*Batch
	Ties       []*Tie
	Orders     map[string]*record.Order

	Crowd *Crowd // all events

	// Of a lean join only: what the clean events owe, and are booked with, in all,
	// and by time those with which cards that are not linked whole went below zero.
	Clean      money.Totals
	Overdrafts []Overdraft

	alike     []int32 // by event: the clean events that it is the exemplar of; nil: none
	liability map[string]bool
	cards     []*Event // card by card, as byCard has them
	byCard    index
	byOrder   index

	// While the rest is linked only:
	clean    *clean
	names    *names
	byID     index
	byRefund index
	widest   time.Duration // from the earliest to the latest moment at which an event can have happened, at most
	uneven   bool          // for some event it is less
}

// Cards lists the linked events of each card, in time order; cards come in the order
// of their keys.
func (s *Set) Cards() [][]*Event {
	keys := make([]string, s.byCard.len())
	var numbers []uint32
	for k := range keys {
		if card := s.card(uint32(k)); len(card) > 0 {
			numbers = append(numbers, uint32(k))
			keys[k] = ident.Key(card[0].Movement.Card)
		}
	}
	slices.SortFunc(numbers, func(a, b uint32) int { return strings.Compare(keys[a], keys[b]) })
	out := make([][]*Event, len(numbers))
	for i, k := range numbers {
		out[i] = s.card(k)
	}
	return out
}

// card lists the linked events of the card whose key has a number, in time order.
// Those that name no card are one card's, of the number 0.
func (s *Set) card(number uint32) []*Event {
	from, to := s.byCard.first[number], s.byCard.first[number+1]
	return s.cards[from:to:to]
}

// OfCard lists the linked events of an event's card, itself included, in time order.
func (s *Set) OfCard(e *Event) []*Event { return s.card(e.card) }

// OfOrder counts the events that name an event's order, itself included; 0 where
// it names none.
func (s *Set) OfOrder(e *Event) int {
	if e.order == 0 {
		return 0
	}
	return int(s.byOrder.first[e.order+1] - s.byOrder.first[e.order])
}

// Weight is the number of events that an event stands for: itself and, where it
// is an exemplar, the clean ones that are like it.
func (s *Set) Weight(e *Event) int {
	if s.alike == nil {
		return 1
	}
	return 1 + int(s.alike[e.place])
}

// Liability reports whether an account, as a posting writes it, is one of the
// gift card liability accounts: the same text, or the same code followed by a name.
func (s *Set) Liability(account string) bool {
	account = strings.TrimSpace(account)
	if account == "" {
		return false
	}
	if s.liability[account] {
		return true
	}
	if i := strings.IndexAny(account, " :·|"); i > 0 && s.liability[account[:i]] {
		return true
	}
	if i := strings.LastIndex(account, ":"); i > 0 { // NetSuite writes "Parent : 2400"
		return s.liability[strings.TrimSpace(account[i+1:])]
	}
	return false
}

func (s *Set) system(i uint16) *casefile.System { return &s.Case.Systems[i] }

// Join links all records of a case.
func Join(c *casefile.Case) *Set { return join(c, nil, false) }

// JoinLean links all but the clean events, of which it keeps exemplars, where the
// case is one to which that applies; see clean. Else it is Join. The scout has seen
// all records of the case and is used up; where it is nil, they are gone over once more.
func JoinLean(c *casefile.Case, scout *Scout) *Set { return join(c, scout, true) }

func join(c *casefile.Case, scout *Scout, lean bool) *Set {
	s := &Set{Case: c, liability: map[string]bool{}}
	for _, a := range c.Liability {
		s.liability[strings.TrimSpace(a)] = true
	}
	if lean {
		s.clean = recognise(s, scout)
	}
	l := newLinker(s)
	if q := s.clean; q != nil {
		all, named := q.counted()
		l.countedCards = named
		parts := [...]func(){
			func() { s.leanEvents(all) },
			func() { l.takeLog(q.deliveries()) },
			func() { l.takeRows(q.postings()) },
		}
		crew.Each(len(parts), func(_ *struct{}, part int) { parts[part]() })
	} else {
		s.events(s.inOrder())
		l.takeLog(keep(&c.Deliveries, deliveries()))
		l.takeRows(keep(&c.Postings, postings()))
	}
	l.taken = make([]uint8, len(s.Events))
	l.foreignCards()
	l.deliveries()
	l.postings()
	l.finish()
	l.exceptions()
	s.clean, s.names, s.byID, s.byRefund = nil, nil, index{}, index{}
	s.byCard.events, s.byOrder.events = nil, nil
	if s.Crowd == nil {
		s.Crowd = s.crowd()
	}
	s.Crowd.count()
	return s
}

// inOrder lists the movements in the order of events.
func (s *Set) inOrder() []*Movement {
	moves := keep(&s.Case.Movements, movements())
	sortByTime(moves, func(m *Movement) record.Time { return m.At }, func(a, b *Movement) int {
		if d := rankInMoment(a.Amount) - rankInMoment(b.Amount); d != 0 {
			return d
		}
		return s.byName(a, b)
	})
	return moves
}

// byName orders movements of one moment by id, then by system.
func (s *Set) byName(a, b *Movement) int {
	return cmp.Or(strings.Compare(a.ID, b.ID), strings.Compare(s.system(a.System).Name, s.system(b.System).Name))
}

// leanEvents makes the events that are not clean, and lists all of them in order.
func (s *Set) leanEvents(all []outbox[timed]) {
	q := s.clean
	chosen := map[uint32]int{} // by row
	for i, x := range q.exemplars {
		chosen[x.row] = i
	}
	type linked struct{ row, place uint32 }
	var rows []linked
	var apart []*Apart
	drawn := q.newDrawings()
	s.Crowd = &Crowd{set: s, marks: shelf.In[mark](q.scout.store), sorts: q.scout.moves.sorts.list, exemplars: q.exemplars}
	for x := range q.inOrder(all) {
		if x.trouble == noTrouble {
			s.Crowd.marks.Add(mark{x.ns, x.like, x.sort | isClean})
			drawn.see(x, x.like)
			continue
		}
		place := uint32(len(rows))
		s.Crowd.marks.Add(mark{x.ns, place, x.sort})
		rows = append(rows, linked{x.row, place})
		apart = append(apart, nil)
		if x.trouble == ownTrouble {
			known := drawn.see(x, place)
			apart[place] = &known
		}
		if i, is := chosen[x.row]; is {
			q.exemplars[i].place = place
		}
	}
	slab, as := written[Movement](len(rows)), movements()
	moves := make([]*Movement, len(rows))
	slices.SortFunc(rows, func(a, b linked) int { return cmp.Compare(a.row, b.row) })
	var m record.Movement
	for _, x := range rows {
		s.Case.Movements.Read(int(x.row), &m)
		slab[x.place] = as(&m)
		moves[x.place] = &slab[x.place]
	}
	s.events(moves)
	for i, a := range apart {
		s.Events[i].Apart = a
	}
	s.alike = make([]int32, len(rows))
	for _, x := range q.exemplars {
		s.alike[x.place] = x.alike
		s.Clean.Add(s.Events[x.place].Currency, x.sum)
	}
	s.Overdrafts = drawn.named()
}

// events makes the events of movements in their order, with scope and what each
// owes.
func (s *Set) events(moves []*Movement) {
	c := s.Case
	s.Orders = make(map[string]*record.Order, c.Orders.Len())
	for o := range c.Orders.All() {
		s.Orders[ident.Key(o.ID)] = o
	}
	evs := written[Event](len(moves))
	s.Events = make([]*Event, len(moves))
	for i, m := range moves {
		e := &evs[i]
		s.Events[i] = e
		e.place = int32(i)
		e.Movement = m
		e.Currency = m.Currency
		if !e.Currency.Known() {
			e.Currency = c.Currency
		}
		e.Owed = m.Amount
		if m.Points {
			e.Owed = pointsWorth(m.Amount, e.Currency, c.Policy.PointsPerUnit)
		}
		if m.Order != "" {
			e.Order = s.Orders[ident.Key(m.Order)]
		}
		s.widest = max(s.widest, m.At.Latest().Sub(m.At.Earliest()))
		s.uneven = s.uneven || m.At.Span() != moves[0].At.Span()
	}
	s.number()
	for k := range s.byCard.len() {
		card := s.card(uint32(k))
		funding := cardFunding(card)
		for _, e := range card {
			e.Scope = s.scope(e, funding)
		}
		if c.Policy.PricePaid {
			owePricePaid(card)
		}
	}
	s.net()
}

// number lists the events by their keys, of which it gives each a number.
func (s *Set) number() {
	s.names = newNames(2 * len(s.Events))
	var cards, orders []uint32
	s.byCard, cards = newIndex(s.names, s.Events, func(m *Movement) string { return m.Card })
	s.byOrder, orders = newIndex(s.names, s.Events, func(m *Movement) string { return m.Order })
	s.byRefund, _ = newIndex(s.names, s.Events, func(m *Movement) string { return m.Refund })
	s.byID, _ = newIndex(s.names, s.Events, func(m *Movement) string { return m.ID })
	s.cards = make([]*Event, len(s.Events))
	for i, e := range s.Events {
		e.card, e.order = cards[i], orders[i]
		s.cards[i] = s.Events[s.byCard.events[i]]
	}
}

// rankInMoment puts value on a card before it is taken off, among movements of one moment.
func rankInMoment(a money.Amount) int {
	if a > 0 {
		return 0
	}
	return 1
}

// pointsWorth is hundredths of a point in minor units, rounded half up.
func pointsWorth(hundredths money.Amount, c money.Currency, perUnit int64) money.Amount {
	unit := money.Amount(1)
	for range c.Exponent() {
		unit *= 10
	}
	return money.Prorate(hundredths, unit, money.Amount(perUnit*100))
}

// cardFunding is who paid for a card, if all its rows that say so agree.
func cardFunding(card []*Event) record.Funding {
	f := record.NoFunding
	for _, e := range card {
		switch x := e.Movement.Funding; {
		case x == record.NoFunding || x == f:
		case f != record.NoFunding:
			return record.NoFunding
		default:
			f = x
		}
	}
	return f
}

// scope says whether an event counts. A row that does not say who paid is
// funded as its card is.
func (s *Set) scope(e *Event, card record.Funding) Scope {
	m, p := e.Movement, s.Case.Policy
	funding := m.Funding
	if funding == record.NoFunding {
		funding = card
	}
	switch {
	case !s.Case.Window.Has(m.At):
		return OutsideWindow
	case m.Test == record.Yes, m.Test == record.Unknown && e.Order != nil && e.Order.Test == record.Yes:
		return Test
	case m.Status == record.Pending:
		return Pending
	case m.Status == record.Cancelled:
		return Cancelled
	case funding == record.Promotional && !p.Promotional:
		return Promotional
	case m.Points && !p.Loyalty:
		return Loyalty
	case !s.inEntities(m.Entity):
		return OtherEntity
	}
	return Countable
}

// inEntities reports whether some ledger holds the books of a company.
func (s *Set) inEntities(entity string) bool {
	if entity == "" {
		return true
	}
	ledgers := 0
	for i := range s.Case.Systems {
		sys := &s.Case.Systems[i]
		if sys.Role != record.ERP {
			continue
		}
		ledgers++
		if len(sys.Entities) == 0 {
			return true
		}
		for _, x := range sys.Entities {
			if record.Fold(x) == record.Fold(entity) {
				return true
			}
		}
	}
	return ledgers == 0
}

// owePricePaid sets what the events of one card owe where a load owes the price
// that was paid: value is used first in, first out, each use releases the load's
// price in proportion (rounded half up), and the use that empties a load
// releases what is left of its price.
func owePricePaid(card []*Event) {
	type layer struct{ face, left, price, owed money.Amount }
	var layers []layer
	released := map[string][2]money.Amount{} // by order: face and price given up by redemptions
	for _, e := range card {
		m := e.Movement
		if m.Status != record.Final {
			continue
		}
		if m.Amount >= 0 {
			owed := e.Owed
			switch {
			case m.Kind == record.Load && m.PricePaid.Set:
				owed = m.PricePaid.Amount
			case m.Kind == record.RefundToCard || m.Kind == record.Reversal:
				if r := released[ident.Key(m.Order)]; m.Order != "" && r[0] > 0 {
					owed = money.Prorate(e.Owed, r[1], r[0])
				}
			}
			layers = append(layers, layer{e.Owed, e.Owed, owed, owed})
			e.Owed = owed
			continue
		}
		use, out := -e.Owed, money.Amount(0)
		for i := range layers {
			l := &layers[i]
			if use == 0 {
				break
			}
			x := min(use, l.left)
			if x == 0 {
				continue
			}
			r := l.owed
			if x < l.left {
				r = min(l.owed, money.Prorate(l.price, x, l.face))
			}
			l.left -= x
			l.owed -= r
			use -= x
			out += r
		}
		out += use // older than the readable history: at face value
		if m.Order != "" {
			r := released[ident.Key(m.Order)]
			released[ident.Key(m.Order)] = [2]money.Amount{r[0] - e.Owed, r[1] + out}
		}
		e.Owed = -out
	}
}

// net finds the movements that cancel out: legs of one transfer, and a movement
// with the reversal that names it (or, unnamed, the only one it can mean).
func (s *Set) net() {
	transfers := map[string][]*Event{}
	var reversals []*Event
	for _, e := range s.Events {
		m := e.Movement
		if m.Transfer != "" {
			k := ident.Key(m.Transfer)
			transfers[k] = append(transfers[k], e)
		}
		if m.Reverses != "" || m.Kind == record.Reversal {
			reversals = append(reversals, e)
		}
	}
	for _, legs := range transfers {
		if len(legs) < 2 {
			continue
		}
		sum, same := money.Amount(0), true
		for _, e := range legs {
			sum += e.Owed
			same = same && e.Currency == legs[0].Currency && (e.Scope == legs[0].Scope || e.Scope == OutsideWindow || legs[0].Scope == OutsideWindow)
		}
		if sum == 0 && same {
			n := &Net{Transfer: true, Events: legs}
			for _, e := range legs {
				e.Net = n
			}
		}
	}
	if len(reversals) == 0 {
		return
	}
	group := map[*Event][]*Event{} // the reversed one → its reversals
	for _, r := range reversals {
		m := r.Movement
		var of *Event
		if m.Reverses != "" {
			if all := s.byID.all(s.names.find(ident.Key(m.Reverses))); len(all) > 0 {
				of = s.Events[all[len(all)-1]]
			}
		} else {
			of = s.reversed(r)
		}
		if of != nil && of != r && of.Currency == r.Currency {
			group[of] = append(group[of], r)
		}
	}
	for _, of := range s.Events {
		rs := group[of]
		if len(rs) == 0 || of.Net != nil {
			continue
		}
		all := append([]*Event{of}, rs...)
		n := &Net{Events: all}
		for _, e := range all {
			if e.Net == nil {
				e.Net = n
			}
		}
	}
}

// reversed is the one movement that an unnamed reversal takes back: the same
// card, the opposite amount, before it, of the same order where both name one.
// Nil where there is none or more than one.
func (s *Set) reversed(r *Event) *Event {
	var found *Event
	for _, e := range s.OfCard(r) {
		if e == r || e.Movement.Kind == record.Reversal || e.Movement.Amount != -r.Movement.Amount || e.Movement.At.Compare(r.Movement.At) > 0 {
			continue
		}
		if a, b := e.Movement.Order, r.Movement.Order; a != "" && b != "" && ident.Key(a) != ident.Key(b) {
			continue
		}
		if found != nil {
			return nil
		}
		found = e
	}
	return found
}
