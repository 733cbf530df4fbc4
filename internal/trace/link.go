package trace

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"gcdiag/internal/ident"
	"gcdiag/internal/money"
	"gcdiag/internal/record"
)

// linker holds the indexes and the links found so far.
type linker struct {
	s            *Set
	countedCards map[record.Type]int // rows of clean events that name a card
	byBatch      map[string][]*Event
	byHop        map[string]*Event      // ids the integration gave an event (delivery, notification), of those asked for
	byERPRef     map[string][]*Event    // ids of the ERP that the integration knows of an event, of those asked for
	ofERPRef     map[erpAmount][]*Event // those of byERPRef that have several events, by what these owe
	log          []*Delivery            // in canonical order
	sent         []int32                // per delivery: index of its event, or free
	rows         []*Posting             // in canonical order, with what a document's other lines tell filled in
	stated       []*Posting             // the same rows as the ERP states them
	owner        []int32                // per row: index of its event, or one of the marks below
	rung         []Rung
	taken        []uint8 // per event: links it has
	damaged      map[string]bool
	shapes       map[string]bool // of the platform's movement ids
	tails        map[string]bool // last four characters of the platform's card ids
	// foreign says of which record types the card ids are not the platform's own
	foreign map[record.Type]bool
}

// erpAmount is an id of the ERP and an amount.
type erpAmount struct {
	ref  string
	owed money.Amount
}

const (
	free    = -1
	batched = -2
	tied    = -3
)

func newLinker(s *Set) *linker {
	l := &linker{s: s, byBatch: map[string][]*Event{}, damaged: map[string]bool{}}
	for i := range s.Case.Systems {
		for _, r := range s.Case.Systems[i].Reads {
			for _, d := range r.Damaged {
				for _, v := range d.Values {
					l.damaged[ident.Key(v)] = true
				}
			}
		}
	}
	return l
}

// key is the comparable form of an identifier, or "" for one that a
// spreadsheet has damaged: it names nothing any more.
func (l *linker) key(id string) string {
	k := ident.Key(id)
	if len(l.damaged) > 0 && l.damaged[k] {
		return ""
	}
	return k
}

// find is the number of an identifier's key, 0 where no event has it.
func (l *linker) find(id string) uint32 { return l.s.names.find(l.key(id)) }

// takeLog brings the integration's log into canonical order.
func (l *linker) takeLog(log []*Delivery) {
	l.log = log
	sortByTime(l.log, func(d *Delivery) record.Time { return d.ReceivedAt }, func(a, b *Delivery) int {
		return cmp.Or(a.Attempt-b.Attempt, strings.Compare(a.ID, b.ID), strings.Compare(a.Event, b.Event), int(a.Outcome)-int(b.Outcome))
	})
}

// deliveries links the integration's log.
func (l *linker) deliveries() {
	l.sent = make([]int32, len(l.log))
	count := make([]int32, len(l.s.Events))
	linked := 0
	for i, d := range l.log {
		e := l.deliveryOf(d, count)
		if e == nil {
			l.sent[i] = free
			l.s.Strays = append(l.s.Strays, d)
			continue
		}
		l.sent[i] = e.place
		count[e.place]++
		linked++
		if k := l.key(d.Batch); k != "" {
			l.byBatch[k] = append(l.byBatch[k], e)
		}
	}
	l.once(l.byBatch)
	slab := make([]*Delivery, linked)
	for i, e := range l.s.Events {
		n := count[i]
		e.Deliveries, slab = slab[:0:n], slab[n:]
	}
	for i, d := range l.log {
		if at := l.sent[i]; at != free {
			e := l.s.Events[at]
			e.Deliveries = append(e.Deliveries, d)
		}
	}
}

// hops fills byHop, byERPRef and ofERPRef for the keys that rows and exceptions ask for.
func (l *linker) hops(ids, refs map[string]bool) {
	l.byHop, l.byERPRef, l.ofERPRef = map[string]*Event{}, map[string][]*Event{}, map[erpAmount][]*Event{}
	if len(ids) == 0 && len(refs) == 0 {
		return
	}
	for i, d := range l.log {
		if l.sent[i] == free {
			continue
		}
		e := l.s.Events[l.sent[i]]
		for _, id := range [...]string{d.ID, d.Notification} {
			if id == "" || len(ids) == 0 {
				continue
			}
			if k := l.key(id); ids[k] {
				l.byHop[k] = e
			}
		}
		if d.ERPRef != "" && len(refs) > 0 {
			if k := l.key(d.ERPRef); k != "" && refs[k] {
				l.byERPRef[k] = append(l.byERPRef[k], e)
			}
		}
	}
	l.once(l.byERPRef)
	for k, all := range l.byERPRef {
		if len(all) > 1 {
			for _, e := range all {
				part := erpAmount{k, e.Owed}
				l.ofERPRef[part] = append(l.ofERPRef[part], e)
			}
		}
	}
}

// once drops the repetitions of events in lists.
func (l *linker) once(lists map[string][]*Event) {
	if len(lists) == 0 {
		return
	}
	seen := make([]int, len(l.s.Events)) // by event: the last list that had it
	n := 0
	for k, list := range lists {
		n++
		lists[k] = slices.DeleteFunc(list, func(e *Event) bool {
			again := seen[e.place] == n
			seen[e.place] = n
			return again
		})
	}
}

// deliveryOf is the event that a delivery speaks of, or nil. sent counts the
// deliveries that events have already.
func (l *linker) deliveryOf(d *Delivery, sent []int32) *Event {
	event := l.find(d.Event)
	if e := l.named(l.s.byID.all(event), d.Event); e != nil {
		return e
	}
	fits := func(e *Event) bool {
		m := e.Movement
		if d.Kind != record.NoKind && d.Kind != record.Other && d.Kind != m.Kind {
			return false
		}
		return l.cardFits(record.Deliveries, d.Card, e)
	}
	for _, k := range [...]uint32{l.find(d.Refund), event} {
		if e := l.pick(l.s.byRefund.all(k), fits); e != nil {
			return e
		}
	}
	for _, k := range [...]uint32{l.find(d.Order), event} {
		all := l.s.byOrder.all(k)
		if len(all) == 0 {
			continue
		}
		if d.Amount.Set {
			equal := func(e *Event) bool { return fits(e) && d.Amount.Amount.Abs() == e.Movement.Amount.Abs() }
			if e := l.pick(all, equal); e != nil {
				return e
			}
			for _, i := range all { // twins of one order: one delivery each, in time order
				if e := l.s.Events[i]; equal(e) && sent[i] == 0 {
					return e
				}
			}
		}
		if e := l.pick(all, fits); e != nil {
			return e
		}
		if e := l.pick(all, func(e *Event) bool {
			return fits(e) && d.ReceivedAt.Known() && !e.Movement.At.Earliest().After(d.ReceivedAt.Latest())
		}); e != nil {
			return e
		}
	}
	if d.Event == "" && d.Order == "" && d.Card != "" && d.Amount.Set {
		return l.pick(l.s.byCard.all(l.find(d.Card)), func(e *Event) bool {
			return fits(e) && d.Amount.Amount.Abs() == e.Movement.Amount.Abs() && (!d.ReceivedAt.Known() || e.Movement.At.Apart(d.ReceivedAt) <= 48*time.Hour)
		})
	}
	return nil
}

// named is the only event of a list, or else the only one whose id is written
// just so: where the platform tells ids apart by case, so do we.
func (l *linker) named(all []int32, id string) *Event {
	if len(all) == 1 {
		return l.s.Events[all[0]]
	}
	return l.pick(all, func(e *Event) bool { return e.Movement.ID == id })
}

// pick is the only event of a list that fits, or nil.
func (l *linker) pick(all []int32, fits func(*Event) bool) *Event {
	var found *Event
	for _, i := range all {
		if e := l.s.Events[i]; fits(e) {
			if found != nil {
				return nil
			}
			found = e
		}
	}
	return found
}

// SameCard reports whether two card ids can mean one card: equal keys, or one
// of them masked down to a tail that the other ends with.
func SameCard(a, b string) bool {
	if a == b {
		return true
	}
	ka, kb := ident.Key(a), ident.Key(b)
	if ka == kb {
		return true
	}
	ta, ma := maskTail(ka)
	tb, mb := maskTail(kb)
	switch {
	case ma && mb:
		return ta == tb
	case ma:
		return ta != "" && strings.HasSuffix(kb, ta)
	case mb:
		return tb != "" && strings.HasSuffix(ka, tb)
	}
	return false
}

// maskTail is what follows the mask of a masked code, and whether it is masked.
func maskTail(k string) (string, bool) {
	masked := false
	for i := 0; i < len(k) && !masked; i++ {
		masked = k[i] == '*' || k[i] >= utf8.RuneSelf
	}
	if !masked {
		return k, false
	}
	i := strings.LastIndexAny(k, "•*●…")
	if i < 0 {
		return k, false
	}
	_, tail, _ := strings.Cut(k[i:], "")
	return strings.TrimLeft(tail, "•*●…- "), true
}

// takeRows brings the ERP's rows into canonical order and fills in what a document's
// other lines tell.
func (l *linker) takeRows(rows []*Posting) {
	l.rows = rows
	sortByTime(l.rows, func(p *Posting) record.Time { return p.Dated }, func(a, b *Posting) int {
		return cmp.Or(strings.Compare(a.ID, b.ID), cmp.Compare(a.Amount, b.Amount),
			strings.Compare(a.Account, b.Account), strings.Compare(l.s.system(a.System).Name, l.s.system(b.System).Name))
	})
	l.stated = slices.Clone(l.rows)
	l.fillDocuments()
}

// postings links the ERP's rows, from the strongest rung to the weakest. Each
// rung sees only what the stronger ones left.
func (l *linker) postings() {
	l.owner = make([]int32, len(l.rows))
	l.rung = make([]Rung, len(l.rows))
	for i := range l.owner {
		l.owner[i] = free
	}
	l.byIdentity()
	l.byOrders()
	l.byIDParts()
	l.byBatchKey()
	l.byCards()
	l.byBatchSums()
	l.byAmounts()
}

// fillDocuments gives the lines of a document what only another of its lines
// carries: a reference, an order, a refund or a card, if all lines that carry
// one agree.
func (l *linker) fillDocuments() {
	type identity struct{ ref, order, refund, card string }
	type document struct {
		system uint16
		id     string
	}
	const many = "\x00"
	docs := map[document]*identity{}
	lines := map[document]int{}
	join := func(have *string, more string) {
		switch {
		case more == "" || *have == more:
		case *have == "":
			*have = more
		default:
			*have = many
		}
	}
	for _, p := range l.rows {
		if p.Document == "" {
			continue
		}
		k := document{p.System, p.Document}
		d := docs[k]
		if d == nil {
			d = &identity{}
			docs[k] = d
		}
		lines[k]++
		join(&d.ref, p.Ref)
		join(&d.order, p.Order)
		join(&d.refund, p.Refund)
		join(&d.card, p.Card)
	}
	for row, p := range l.rows {
		k := document{p.System, p.Document}
		d := docs[k]
		if p.Document == "" || lines[k] < 2 {
			continue
		}
		filled := *p
		for _, x := range []struct {
			field *string
			from  string
		}{{&filled.Ref, d.ref}, {&filled.Order, d.order}, {&filled.Refund, d.refund}, {&filled.Card, d.card}} {
			if *x.field == "" && x.from != many {
				*x.field = x.from
			}
		}
		if filled.Ref != p.Ref || filled.Order != p.Order || filled.Refund != p.Refund || filled.Card != p.Card {
			l.rows[row] = &filled
		}
	}
}

func (l *linker) link(row int, e *Event, r Rung) {
	i := e.place
	l.owner[row], l.rung[row] = i, r
	if l.taken[i] < 255 {
		l.taken[i]++
	}
}

// byIdentity links rows that name the event itself, or what the integration or
// the ERP calls it.
func (l *linker) byIdentity() {
	var rest []int
	ids, refs := map[string]bool{}, map[string]bool{} // what only the integration's log can tell
	want := func(keys map[string]bool, id string) {
		if k := l.key(id); k != "" {
			keys[k] = true
		}
	}
	for row, p := range l.rows {
		if e, r := l.namedEvent(p); e != nil {
			l.link(row, e, r)
			continue
		}
		rest = append(rest, row)
		want(ids, p.Ref)
		want(refs, p.ID)
		want(refs, p.Document)
	}
	for x := range l.s.Case.Exceptions.All() {
		want(ids, x.Ref)
		want(ids, x.Order)
	}
	l.hops(ids, refs)
	for _, row := range rest {
		if e, r := l.loggedEvent(l.rows[row]); e != nil {
			l.link(row, e, r)
		}
	}
}

// namedEvent is the event whose own id or refund a row names.
func (l *linker) namedEvent(p *Posting) (*Event, Rung) {
	ref := l.find(p.Ref)
	all := l.s.byID.all(ref)
	if len(all) == 1 && l.confirmed(p, l.s.Events[all[0]]) {
		return l.s.Events[all[0]], ByEvent
	}
	fits := func(e *Event) bool { return l.fits(p, e) }
	if len(all) > 1 {
		e := l.named(all, p.Ref)
		if e == nil {
			e = l.pick(all, fits)
		}
		if e == nil {
			e = l.pick(all, func(e *Event) bool { return e.Owed == p.Amount && e.Currency == p.Currency })
		}
		if e != nil {
			return e, ByEvent
		}
	}
	refund := l.find(p.Refund)
	if e := l.pick(l.s.byID.all(refund), func(*Event) bool { return true }); e != nil {
		return e, ByEvent
	}
	if e := l.pick(l.s.byRefund.all(refund), fits); e != nil {
		return e, ByRefund
	}
	if e := l.pick(l.s.byRefund.all(refund), func(e *Event) bool { return e.Owed == p.Amount }); e != nil {
		return e, ByRefund
	}
	return l.pick(l.s.byRefund.all(ref), fits), ByRefund
}

// loggedEvent is the event that the integration's log connects with a row: by the
// id of a delivery that the row names, or by the row's own id.
func (l *linker) loggedEvent(p *Posting) (*Event, Rung) {
	if k := l.key(p.Ref); k != "" && l.byHop[k] != nil {
		return l.byHop[k], ByDelivery
	}
	var e *Event
	for _, k := range [...]string{l.key(p.ID), l.key(p.Document)} {
		if es := l.byERPRef[k]; k != "" && len(es) == 1 {
			return es[0], ByERPRef
		} else if len(es) > 1 {
			for _, x := range l.ofERPRef[erpAmount{k, p.Amount}] {
				if l.fits(p, x) {
					if e != nil {
						e = nil
						break
					}
					e = x
				}
			}
		}
	}
	return e, ByERPRef
}

// fits reports whether neither kind nor card of a row speak against an event.
func (l *linker) fits(p *Posting, e *Event) bool {
	return kindAgrees(p, e) && l.cardFits(record.Postings, p.Card, e)
}

// confirmed guards against a number that is one movement's id and another's
// order number: where the reference is both, the row's amount or kind decides.
func (l *linker) confirmed(p *Posting, e *Event) bool {
	if !l.s.byOrder.has(l.find(p.Ref)) {
		return true
	}
	m := e.Movement
	if ident.Key(m.Order) == l.key(p.Ref) {
		return true
	}
	return kindAgrees(p, e) && p.Amount == e.Owed
}

// kindAgrees reports whether a row's kind does not speak against an event.
func kindAgrees(p *Posting, e *Event) bool {
	return p.Kind == record.NoKind || p.Kind == record.Other || p.Kind == e.Movement.Kind ||
		e.Movement.Kind == record.Deactivation && p.Kind == record.SaleRefund // a sold card that was taken back
}

// byOrders links rows that name an order: within each order, from full
// agreement of card, kind and amount down to the only event that is left.
func (l *linker) byOrders() {
	groups := map[uint32][]int{}
	var keys []uint32
	for row, p := range l.rows {
		if l.owner[row] != free {
			continue
		}
		k := l.find(p.Order)
		if !l.s.byOrder.has(k) {
			if k = l.find(p.Ref); !l.s.byOrder.has(k) {
				continue
			}
		}
		if groups[k] == nil {
			keys = append(keys, k)
		}
		groups[k] = append(groups[k], row)
	}
	for _, k := range keys {
		events := l.s.byOrder.all(k)
		l.orderSums(groups[k], events)
		l.orderTwins(groups[k], events)
		l.assign(groups[k], events, ByOrderCard, ByOrder)
	}
}

// orderTwins links the rows of an order that has equal events: each day's rows
// to the day's events, and none where there are fewer rows than equal events.
func (l *linker) orderTwins(rows []int, events []int32) {
	alike := func(a, b *Event) bool {
		return a.Owed == b.Owed && a.Currency == b.Currency && a.Movement.Kind == b.Movement.Kind
	}
	var twins []int32
	for _, i := range events {
		for _, j := range events {
			if i != j && alike(l.s.Events[i], l.s.Events[j]) && l.taken[i] == 0 && l.s.Events[i].Batch == nil {
				twins = append(twins, i)
				break
			}
		}
	}
	if len(twins) == 0 {
		return
	}
	l.match(rows, lateMost, ByOrder, ByOrder, candidates{
		said:   saidBy,
		events: func(*Posting) []int32 { return twins },
		fit: func(p *Posting, e *Event) bool {
			return p.Amount == e.Owed && p.Currency == e.Currency && kindAgrees(p, e) && l.cardFits(record.Postings, p.Card, e) &&
				(p.Account == "" || l.s.Liability(p.Account) || !p.Status.Counts() || p.Kind == e.Movement.Kind)
		},
	})
}

// orderSums links a line that is the sum of several events of its order, where
// no single one has its amount.
func (l *linker) orderSums(rows []int, events []int32) {
	if len(events) < 2 {
		return
	}
	for _, row := range rows {
		p := l.rows[row]
		if l.owner[row] != free || p.Account != "" && !l.s.Liability(p.Account) || p.Card != "" && !l.foreign[record.Postings] {
			continue
		}
		var parts []*Event
		sum, single := money.Amount(0), false
		for _, i := range events {
			e := l.s.Events[i]
			if l.taken[i] != 0 || e.Batch != nil || !kindAgrees(p, e) || e.Currency != p.Currency || !l.batchable(e) || (e.Owed > 0) != (p.Amount > 0) {
				continue
			}
			single = single || e.Owed == p.Amount
			parts = append(parts, e)
			sum += e.Owed
		}
		if !single && len(parts) > 1 && sum == p.Amount {
			l.makeBatch([]int{row}, parts, ByOrder)
		}
	}
}

// assign gives rows to the events of one order or card, one pass per degree of
// agreement. In each pass events without a row come first; a row that agrees
// fully with an event that has one already is its second row.
func (l *linker) assign(rows []int, events []int32, full, part Rung) {
	type pass struct {
		rung Rung
		ok   func(*Posting, *Event) bool
		more bool // may add to an event that has a row
		rest bool // whatever the amount
	}
	card := func(p *Posting, e *Event) bool {
		return p.Card != "" && !l.foreign[record.Postings] && SameCard(p.Card, e.Movement.Card)
	}
	cardOK := func(p *Posting, e *Event) bool { return l.cardFits(record.Postings, p.Card, e) }
	kind := func(p *Posting, e *Event) bool { return p.Kind == e.Movement.Kind }
	amount := func(p *Posting, e *Event) bool { return p.Amount == e.Owed && p.Currency == e.Currency }
	size := func(p *Posting, e *Event) bool { return p.Amount.Abs() == e.Owed.Abs() }
	gcl := func(p *Posting) bool { return p.Account == "" || l.s.Liability(p.Account) || !p.Status.Counts() }
	alone := len(events) == 1
	passes := []pass{
		{full, func(p *Posting, e *Event) bool { return card(p, e) && kind(p, e) && amount(p, e) }, true, false},
		{part, func(p *Posting, e *Event) bool { return cardOK(p, e) && kind(p, e) && amount(p, e) }, true, false},
		{part, func(p *Posting, e *Event) bool {
			return cardOK(p, e) && gcl(p) && amount(p, e) && kindAgrees(p, e)
		}, true, false},
		{part, func(p *Posting, e *Event) bool { return cardOK(p, e) && amount(p, e) && kindAgrees(p, e) }, false, false},
		{full, func(p *Posting, e *Event) bool { return card(p, e) && kind(p, e) }, false, false},
		{part, func(p *Posting, e *Event) bool { return cardOK(p, e) && kind(p, e) }, false, false},
		{part, func(p *Posting, e *Event) bool { return cardOK(p, e) && gcl(p) && amount(p, e) }, false, false},
		{part, func(p *Posting, e *Event) bool { return cardOK(p, e) && gcl(p) && size(p, e) }, false, false},
		{part, func(p *Posting, e *Event) bool {
			return cardOK(p, e) && gcl(p) && (p.Amount > 0) == (e.Owed > 0) && kindAgrees(p, e)
		}, false, false},
		{part, func(p *Posting, e *Event) bool {
			return cardOK(p, e) && (p.Amount > 0) == (e.Owed > 0) && (p.Kind == record.Other || size(p, e))
		}, false, false},
		{part, func(p *Posting, e *Event) bool { return cardOK(p, e) && size(p, e) }, false, false},
		{full, func(p *Posting, e *Event) bool { return card(p, e) && kind(p, e) }, true, true},
		{part, func(p *Posting, e *Event) bool { return alone && cardOK(p, e) && gcl(p) }, false, false},
		{part, func(p *Posting, e *Event) bool {
			return alone && cardOK(p, e) && gcl(p) && kindAgrees(p, e)
		}, true, true},
	}
	for _, ps := range passes {
		for _, wantFree := range []bool{true, false} {
			if !wantFree && !ps.more {
				continue
			}
			for _, row := range rows {
				if l.owner[row] != free {
					continue
				}
				if !wantFree && ps.rest && l.awaited(l.rows[row]) {
					continue
				}
				var best *Event
				for _, i := range events {
					e := l.s.Events[i]
					if (l.taken[i] == 0) != wantFree || !ps.ok(l.rows[row], e) {
						continue
					}
					if best == nil || l.nearer(l.rows[row], e, best) {
						best = e
					}
				}
				if best != nil {
					l.link(row, best, ps.rung)
				}
			}
		}
	}
}

// awaited reports whether an event of the row's card that has no row yet is
// exactly what the row says.
func (l *linker) awaited(p *Posting) bool {
	if p.Card == "" {
		return false
	}
	for _, i := range l.s.byCard.all(l.find(p.Card)) {
		if e := l.s.Events[i]; l.taken[i] == 0 && e.Owed == p.Amount && e.Currency == p.Currency && kindAgrees(p, e) {
			return true
		}
	}
	return false
}

// nearer reports whether a row's time lies nearer to a than to b.
func (l *linker) nearer(p *Posting, a, b *Event) bool {
	t := p.When()
	return apart(t, a.Movement.At) < apart(t, b.Movement.At)
}

func apart(a, b record.Time) time.Duration {
	d := a.Earliest().Sub(b.Earliest())
	if d < 0 {
		return -d
	}
	return d
}

// foreignCards finds the record types whose card ids are not the platform's:
// where fewer than half of the rows that name a card name one of its cards (or
// the tail of one), their ids say nothing against a match.
func (l *linker) foreignCards() {
	l.foreign = map[record.Type]bool{}
	named, known := map[record.Type]int{}, map[record.Type]int{}
	count := func(t record.Type, card string) {
		if card == "" {
			return
		}
		k := l.key(card)
		named[t]++
		if l.s.byCard.has(l.s.names.find(k)) {
			known[t]++
		} else if tail, masked := maskTail(k); masked && len(tail) == 4 && l.cardTail(tail) {
			known[t]++
		}
	}
	for t, n := range l.countedCards {
		named[t], known[t] = n, n
	}
	for _, p := range l.stated {
		count(record.Postings, p.Card)
	}
	for _, d := range l.log {
		count(record.Deliveries, d.Card)
	}
	for x := range l.s.Case.Exceptions.All() {
		count(record.Exceptions, x.Card)
	}
	for t, n := range named {
		l.foreign[t] = known[t]*2 < n
	}
}

// cardTail reports whether some card's id ends with four characters.
func (l *linker) cardTail(tail string) bool {
	if l.tails == nil {
		l.tails = map[string]bool{}
		for _, e := range l.s.cards {
			l.tails[ident.LastFour(ident.Key(e.Movement.Card))] = true
		}
	}
	return l.tails[tail]
}

// cardFits reports whether the card that a row names does not speak against an event.
func (l *linker) cardFits(t record.Type, card string, e *Event) bool {
	return card == "" || l.foreign[t] || SameCard(card, e.Movement.Card)
}

// byIDParts links rows whose reference is an event's or order's identifier with
// something before or after it, where kind and amount confirm it and nothing else fits.
func (l *linker) byIDParts() {
	var rows []int
	for row, p := range l.rows {
		if l.owner[row] == free && (p.Ref != "" || p.Order != "") {
			rows = append(rows, row)
		}
	}
	if len(rows) == 0 {
		return
	}
	type tail struct {
		part string
		c    money.Currency
		owed money.Amount
	}
	tails := map[tail][]int32{} // what is left of events' own identifiers without a prefix
	for i, e := range l.s.Events {
		if l.taken[i] != 0 {
			continue
		}
		for _, k := range [...]string{ident.Key(e.Movement.ID), ident.Key(e.Movement.Order)} {
			if k == "" {
				continue
			}
			for _, part := range ident.Parts(k) {
				if len(part) >= 3 {
					t := tail{part, e.Currency, e.Owed}
					tails[t] = append(tails[t], int32(i))
				}
			}
		}
	}
	for _, row := range rows {
		p := l.rows[row]
		fits := func(e *Event) bool {
			return kindAgrees(p, e) && p.Amount == e.Owed && p.Currency == e.Currency && l.taken[e.place] == 0 &&
				l.cardFits(record.Postings, p.Card, e)
		}
		var found *Event
		several := false
		look := func(events []int32) {
			for n := 0; n < len(events) && !several; n++ {
				if e := l.s.Events[events[n]]; e != found && fits(e) {
					several = found != nil
					found = e
				}
			}
		}
		for _, ref := range []string{l.key(p.Ref), l.key(p.Order)} {
			if ref == "" {
				continue
			}
			look(tails[tail{ref, p.Currency, p.Amount}])
			for _, part := range ident.Parts(ref) {
				if len(part) < 3 {
					continue
				}
				k := l.s.names.find(part)
				look(l.s.byID.all(k))
				look(l.s.byOrder.all(k))
				look(l.s.byRefund.all(k))
			}
		}
		if found != nil && !several {
			l.link(row, found, ByIDPart)
		}
	}
}

// byCards links rows that name a card but neither event nor order: same kind
// and amount first, then the same kind alone if it is near in time.
func (l *linker) byCards() {
	var rows []int
	for row, p := range l.rows {
		if l.owner[row] == free && p.Card != "" && l.s.byCard.has(l.find(p.Card)) && !l.namesStranger(p) {
			rows = append(rows, row)
		}
	}
	l.match(rows, lateMost, ByCard, ByTwins, candidates{
		said:   saidBy,
		events: func(p *Posting) []int32 { return l.s.byCard.all(l.find(p.Card)) },
		fit: func(p *Posting, e *Event) bool {
			return p.Amount == e.Owed && p.Currency == e.Currency && kindAgrees(p, e) && l.unreferenced(p, e)
		},
	})
	for _, row := range rows {
		p := l.rows[row]
		if l.owner[row] != free || p.Kind == record.NoKind || p.Ref != "" || p.Order != "" {
			continue
		}
		if e := l.pick(l.s.byCard.all(l.find(p.Card)), func(e *Event) bool {
			return l.taken[e.place] == 0 && e.Batch == nil && e.Rivals == nil && p.Kind == e.Movement.Kind && near(p.Dated, e, dateSlack)
		}); e != nil {
			l.link(row, e, ByCard)
		}
	}
}

// match links rows to events that each row could stand for, nearest days first:
// those of the row's own day, then those within two days, then those as late as
// may be. Within a stretch, rows and events that could be exchanged for one
// another form a group: one row and one event are linked, as many rows as events
// are linked in any way, and fewer rows than events wait for the next stretch.
// What is left in the end is a tie.
func (l *linker) match(rows []int, latest time.Duration, one, many Rung, c candidates) {
	lates := []time.Duration{0, min(latest, dateSlack)} // 0: the same day
	if latest > dateSlack {
		lates = append(lates, latest)
	}
	for level, late := range lates {
		var all []*alike
		of := map[int32][]*alike{} // by event
		known := map[choice]*alike{}
		for _, row := range rows {
			if l.owner[row] != free {
				continue
			}
			p := l.rows[row]
			day := l.day(p)
			from, to := day, day.AddDate(0, 0, 1)
			if late > 0 {
				from, to = p.Dated.Earliest().Add(-late-l.s.widest), p.Dated.Latest().Add(early+1)
			}
			list := c.events(p)
			first, end := l.place(list, from), l.place(list, to)
			if first >= end {
				continue
			}
			k := choice{said: c.said(p), first: first, end: end}
			if late > 0 && l.s.uneven {
				k.dated = p.Dated
			}
			g := known[k]
			if g == nil {
				g = &alike{}
				known[k] = g
				for _, i := range list[first:end] {
					if e := l.s.Events[i]; l.taken[i] == 0 && e.Batch == nil && e.Rivals == nil && e.Scope != Cancelled &&
						(late == 0 || near(p.Dated, e, late)) && c.fit(p, e) {
						g.events = append(g.events, i)
						of[i] = append(of[i], g)
					}
				}
				if len(g.events) > 0 {
					all = append(all, g)
				}
			}
			g.rows = append(g.rows, row)
		}
		for _, g := range all {
			if g.seen {
				continue
			}
			group, events := g.exchangeable(of)
			switch {
			case len(group) == 1 && len(events) == 1:
				l.link(group[0], l.s.Events[events[0]], one)
			case len(group) >= len(events) && l.matchAll(events, of, many):
			case l.matchAll(l.delivered(events), of, many):
			case level == len(lates)-1:
				l.tie(group, events)
			}
		}
	}
}

// place is where in a list of events those begin that did not happen before a moment.
func (l *linker) place(events []int32, t time.Time) int {
	i, _ := slices.BinarySearchFunc(events, t, func(i int32, t time.Time) int { return l.s.Events[i].Movement.At.Earliest().Compare(t) })
	return i
}

// candidates says for which events a row could stand.
type candidates struct {
	events func(p *Posting) []int32 // those to look at, in order
	fit    func(p *Posting, e *Event) bool
	said   func(p *Posting) said // what of the row the other two depend on
}

// alike are rows, in order, that could stand for the same events.
type alike struct {
	rows   []int
	events []int32
	seen   bool
}

// choice is what rows that are alike have in common: what they say, the stretch of the
// events to look at, and the time where it depends on that which of these are near.
type choice struct {
	said
	first, end int
	dated      record.Time
}

// said is what a row says that tells for which events it could stand.
type said struct {
	currency                     money.Currency
	amount                       money.Amount
	kind                         record.Kind
	status                       record.PostingStatus
	card, order, refund, account string
}

func saidBy(p *Posting) said {
	return said{p.Currency, p.Amount, p.Kind, p.Status, p.Card, p.Order, p.Refund, p.Account}
}

// exchangeable is the group of rows and events that alike rows belong to.
func (g *alike) exchangeable(of map[int32][]*alike) (rows []int, events []int32) {
	g.seen = true
	group := []*alike{g}
	in := map[int32]bool{}
	for q := 0; q < len(group); q++ {
		rows = append(rows, group[q].rows...)
		for _, i := range group[q].events {
			if in[i] {
				continue
			}
			in[i] = true
			events = append(events, i)
			for _, o := range of[i] {
				if !o.seen {
					o.seen = true
					group = append(group, o)
				}
			}
		}
	}
	slices.Sort(rows)
	slices.Sort(events)
	return rows, events
}

// tie keeps rows and events that can't be told apart together.
func (l *linker) tie(rows []int, events []int32) {
	t := &Tie{}
	for _, r := range rows {
		l.owner[r] = tied
		t.Postings = append(t.Postings, l.stated[r])
	}
	for _, i := range events {
		e := l.s.Events[i]
		e.Rivals = t
		t.Events = append(t.Events, e)
	}
	l.s.Ties = append(l.s.Ties, t)
}

const (
	// dateSlack is how far a posting's date may lie from an event's without any
	// identifier in common: a day of zone offset and a day of lag.
	dateSlack = 48 * time.Hour
	// early is how long before the event a posting may be dated, because of zones.
	early = 24 * time.Hour
	// lateMost is how late a posting may be that names the card.
	lateMost = 45 * 24 * time.Hour
)

// near reports whether a row of a time can belong to an event: from early before it to
// so much after it.
func near(t record.Time, e *Event, late time.Duration) bool {
	if t.Latest().Before(e.Movement.At.Earliest().Add(-early)) {
		return false
	}
	return !t.Earliest().After(e.Movement.At.Latest().Add(late))
}

// unreferenced reports whether nothing in a row's card, order and refund speaks
// against an event: what the row names is unknown to the platform, and the event
// lacks what could contradict it. See namesStranger for the row's reference.
func (l *linker) unreferenced(p *Posting, e *Event) bool {
	m := e.Movement
	if !l.cardFits(record.Postings, p.Card, e) {
		return false
	}
	if k := l.key(p.Order); k != "" && m.Order != "" && k != ident.Key(m.Order) {
		return false
	}
	if k := l.key(p.Refund); k != "" && m.Refund != "" && k != ident.Key(m.Refund) {
		return false
	}
	return true
}

// namesStranger reports whether a row's reference looks like one of the platform's
// movement ids: what names no event that we know is no match for any.
func (l *linker) namesStranger(p *Posting) bool {
	k := l.key(p.Ref)
	return k != "" && l.shapedLikeEvent(k)
}

// shapedLikeEvent reports whether a reference looks like one of the platform's
// movement ids without being one: then it names an event that we do not know.
func (l *linker) shapedLikeEvent(k string) bool {
	if l.shapes == nil {
		if q := l.s.clean; q != nil {
			l.shapes = q.scout.moves.shapes
			return l.shapes[shape(k)]
		}
		l.shapes = map[string]bool{}
		last := ""
		for _, e := range l.s.Events {
			if x := shape(ident.Key(e.Movement.ID)); x != last {
				l.shapes[x] = true
				last = x
			}
		}
	}
	return l.shapes[shape(k)]
}

// shape is what identifiers of one series have in common: the text before the
// first digit, or the length where there is none ("m-17" and "m-204", "810034"
// and "810117").
func shape(k string) string {
	for i := range len(k) {
		if k[i]-'0' > 9 {
			continue
		}
		if i == 0 {
			break
		}
		return k[:i]
	}
	return strconv.Itoa(len(k))
}

// byAmounts links rows without any identifier to events without any row, by
// amount, currency, kind and day.
func (l *linker) byAmounts() {
	type bucket struct {
		c money.Currency
		a money.Amount
	}
	open := map[bucket][]int32{}
	for i, e := range l.s.Events {
		if l.taken[i] == 0 && e.Batch == nil && e.Rivals == nil {
			b := bucket{e.Currency, e.Owed}
			open[b] = append(open[b], int32(i))
		}
	}
	var rows, byHand []int
	for row, p := range l.rows {
		if l.owner[row] != free || p.Card != "" && l.s.byCard.has(l.find(p.Card)) && p.Ref != "" || !l.onLedger(p) || l.namesStranger(p) {
			continue
		}
		if p.From == record.ByHand {
			byHand = append(byHand, row)
		} else {
			rows = append(rows, row)
		}
	}
	what := func(p *Posting) said {
		k := saidBy(p)
		if l.foreign[record.Postings] {
			k.card = ""
		}
		return k
	}
	could := candidates{
		said:   what,
		events: func(p *Posting) []int32 { return open[bucket{p.Currency, p.Amount}] },
		fit:    func(p *Posting, e *Event) bool { return kindAgrees(p, e) && l.unreferenced(p, e) },
	}
	l.match(rows, dateSlack, ByAmount, ByTwins, could)
	l.match(byHand, lateMost, ByAmount, ByTwins, could)
}

// onLedger reports whether a row could stand for an event by its account alone.
func (l *linker) onLedger(p *Posting) bool {
	return p.Account == "" || l.s.Liability(p.Account) || p.Kind != record.NoKind && p.Kind != record.Other || !p.Status.Counts()
}

// delivered are the events that the integration's log says reached the ERP,
// or none if that does not set them apart.
func (l *linker) delivered(events []int32) []int32 {
	var out []int32
	for _, i := range events {
		if reached(l.s.Events[i]) {
			out = append(out, i)
		}
	}
	if len(out) == len(events) {
		return nil
	}
	return out
}

// matchAll gives every event of a group one row, if that can be done. Events and
// rows are in time order and every event's rows lie in a stretch of the same
// length, so that taking the first free row each time finds a full match where there is one.
func (l *linker) matchAll(events []int32, of map[int32][]*alike, many Rung) bool {
	if len(events) == 0 {
		return false
	}
	used := map[*alike]int{} // how many of the rows
	row := make([]int, len(events))
	for n, i := range events {
		var first *alike
		for _, g := range of[i] {
			if used[g] < len(g.rows) && (first == nil || g.rows[used[g]] < first.rows[used[first]]) {
				first = g
			}
		}
		if first == nil {
			return false
		}
		row[n] = first.rows[used[first]]
		used[first]++
	}
	t := &Tie{}
	for n, i := range events {
		e := l.s.Events[i]
		l.link(row[n], e, many)
		if len(events) > 1 {
			e.Twins = t
			t.Events = append(t.Events, e)
			t.Postings = append(t.Postings, l.stated[row[n]])
		}
	}
	return true
}

// finish hands the links to their events.
func (l *linker) finish() {
	n := make([]int32, len(l.s.Events))
	for _, o := range l.owner {
		if o >= 0 {
			n[o]++
		}
	}
	links := make([]Link, len(l.rows))
	at := 0
	for i, e := range l.s.Events {
		e.Postings = links[at : at : at+int(n[i])]
		at += int(n[i])
	}
	for row, o := range l.owner {
		switch {
		case o >= 0:
			e := l.s.Events[o]
			e.Postings = append(e.Postings, Link{l.stated[row], l.rung[row]})
		case o == free:
			l.s.Unlinked = append(l.s.Unlinked, l.stated[row])
		}
	}
	for _, e := range l.s.Events {
		if len(e.Postings) > 1 {
			slices.SortStableFunc(e.Postings, func(a, b Link) int { return int(a.Rung) - int(b.Rung) })
		}
	}
}

// exceptions links the ERP's matching queue.
func (l *linker) exceptions() {
	xs := make([]*record.Exception, 0, l.s.Case.Exceptions.Len())
	for x := range l.s.Case.Exceptions.All() {
		xs = append(xs, x)
	}
	slices.SortFunc(xs, func(a, b *record.Exception) int {
		return cmp.Or(a.OpenedAt.Compare(b.OpenedAt), strings.Compare(a.ID, b.ID))
	})
	for _, x := range xs {
		fits := func(e *Event) bool {
			m := e.Movement
			return (x.Kind == record.NoKind || x.Kind == record.Other || x.Kind == m.Kind) && l.cardFits(record.Exceptions, x.Card, e) &&
				(!x.Amount.Set || x.Amount.Amount.Abs() == e.Owed.Abs())
		}
		e := l.pick(l.s.byID.all(l.find(x.Ref)), func(*Event) bool { return true })
		for _, id := range [...]string{x.Ref, x.Order} {
			k := l.find(id)
			if e == nil {
				e = l.pick(l.s.byRefund.all(k), fits)
			}
			if e == nil {
				e = l.byHop[l.key(id)]
			}
			if e == nil {
				e = l.pick(l.s.byOrder.all(k), fits)
			}
		}
		if e == nil && x.Card != "" {
			e = l.pick(l.s.byCard.all(l.find(x.Card)), fits)
			if e == nil {
				e = l.pick(l.s.byCard.all(l.find(x.Card)), func(e *Event) bool {
					return fits(e) && e.Movement.At.Apart(x.OpenedAt) < dateSlack
				})
			}
		}
		if e == nil {
			l.s.LooseQueue = append(l.s.LooseQueue, x)
			continue
		}
		e.Exceptions = append(e.Exceptions, x)
	}
}

// SameID reports whether two identifiers are one: equal keys, or one is the
// other with something before or after it.
func SameID(a, b string) bool {
	if a == b {
		return true
	}
	ka, kb := ident.Key(a), ident.Key(b)
	if ka == kb {
		return true
	}
	return slices.Contains(ident.Parts(ka), kb) || slices.Contains(ident.Parts(kb), ka)
}
