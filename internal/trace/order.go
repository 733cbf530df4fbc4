package trace

import (
	"cmp"
	"math"
	"runtime"
	"slices"
	"strings"

	"gcdiag/internal/casefile"
	"gcdiag/internal/crew"
	"gcdiag/internal/money"
	"gcdiag/internal/record"
)

// exemplar is an event that others are like.
type exemplar struct {
	event eventAt
	row   uint32
	alike int32 // clean events
	sum   money.Amount
	place uint32 // in the set's events
}

// likeness is what clean events have in common that are like each other.
type likeness struct{ move, sent, booked uint32 }

func (e *event) likeness() likeness { return likeness{e.sort, e.sent, e.booked} }

// choose takes one event of each likeness as an exemplar, to be linked with the
// troubled ones.
func (q *clean) choose() {
	first := map[likeness]exemplar{}
	see := func(all map[likeness]exemplar, s likeness, x exemplar) {
		if old, known := all[s]; !known || x.row < old.row {
			all[s] = x
		}
	}
	for _, w := range each(func(w *map[likeness]exemplar, share int) {
		if *w == nil {
			*w = map[likeness]exemplar{}
		}
		states := q.states[share]
		for i, e := range q.events[share].All {
			if states[i].trouble() == noTrouble {
				see(*w, e.likeness(), exemplar{event: eventIn(share, i), row: e.row})
			}
		}
	}) {
		for s, x := range w {
			see(first, s, x)
		}
	}
	q.like = make(map[likeness]uint32, len(first))
	for s, x := range first {
		q.like[s] = uint32(len(q.exemplars))
		q.exemplars = append(q.exemplars, x)
		q.state(x.event).blame()
	}
}

// timed is an event on its way into the order of time.
type timed struct {
	ns      int64
	amount  money.Amount
	row     uint32
	sort    uint32
	card    keyAt
	like    uint32 // the exemplar of a clean event
	trouble trouble
}

// stretches finds times that divide all events into about equal stretches of time,
// as many as there are shares.
func (q *clean) stretches() (ends []int64) {
	slices.Sort(q.times)
	for k := range shares - 1 {
		ends = append(ends, q.times[len(q.times)*(k+1)/shares])
	}
	return ends
}

// counted counts the clean events: those of each exemplar, and their rows that name a
// card, and hands every event on by its stretch of time.
func (q *clean) counted() (all []outbox[timed], named map[record.Type]int) {
	sent, booked := make([]bool, len(q.scout.sent.like.list)+1), make([]bool, len(q.scout.booked.like.list)+1)
	for _, s := range q.scout.sent.sorts.list {
		sent[s.like] = s.keys&hasCard != 0
	}
	for _, s := range q.scout.booked.sorts.list {
		booked[s.like] = s.keys&hasCard != 0
	}
	type counts struct {
		tell         outbox[timed]
		sent, booked int
		exemplars    []exemplar
	}
	ends := q.stretches()
	named = map[record.Type]int{}
	for _, w := range each(func(w *counts, share int) {
		if w.exemplars == nil {
			w.tell.begin(q.scout.store)
			w.exemplars = make([]exemplar, len(q.exemplars))
		}
		states := q.states[share]
		cards := make([]keyAt, 0, len(states))
		for _, k := range q.keys[share].All {
			cards = append(cards, k.card)
		}
		for i, e := range q.events[share].All {
			x := timed{ns: e.ns, amount: e.amount, row: e.row, sort: e.sort, card: cards[i], trouble: states[i].trouble()}
			if x.trouble == noTrouble {
				x.like = q.like[e.likeness()]
				w.exemplars[x.like].alike++
				w.exemplars[x.like].sum += e.amount
				if sent[e.sent] {
					w.sent += int(e.tries)
				}
				if booked[e.booked] {
					w.booked++
				}
			}
			stretch, _ := slices.BinarySearch(ends, e.ns+1)
			w.tell.to[stretch].Add(x)
		}
		q.events[share].Free()
		q.keys[share].Free()
	}) {
		all = append(all, w.tell)
		named[record.Deliveries] += w.sent
		named[record.Postings] += w.booked
		for i, x := range w.exemplars {
			q.exemplars[i].alike += x.alike
			q.exemplars[i].sum += x.sum
		}
	}
	return all, named
}

// inOrder yields all events in event order.
func (q *clean) inOrder(all []outbox[timed]) func(yield func(*timed) bool) {
	return func(yield func(*timed) bool) {
		cores := runtime.GOMAXPROCS(0)
		for from := 0; from < shares; from += cores {
			sorted := make([][]timed, min(cores, shares-from))
			crew.Each(len(sorted), func(_ *struct{}, i int) { sorted[i] = q.stretch(all, from+i) })
			for _, list := range sorted {
				for i := range list {
					if !yield(&list[i]) {
						return
					}
				}
			}
		}
	}
}

// stretch is one stretch of time in event order.
func (q *clean) stretch(all []outbox[timed], stretch int) []timed {
	list := byTime(listed(all, stretch))
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
			if b-a > 1 && nameable(list[a:b]) {
				asked = append(asked, tie{a, b})
			}
		}
	}
	q.settle(list, asked)
	return list
}

// tie is a stretch of the order: events of one moment.
type tie struct{ from, to int }

// nameable reports whether the order of events of one moment matters.
func nameable(list []timed) bool {
	if len(list) == 2 {
		a, b := &list[0], &list[1]
		return a.trouble|b.trouble != noTrouble || a.card == b.card
	}
	cards := make(map[keyAt]bool, len(list))
	for _, x := range list {
		if x.trouble != noTrouble || cards[x.card] {
			return true
		}
		cards[x.card] = true
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
			rows = append(rows, uint64(x.row)<<32|uint64(len(events)))
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

// Overdraft is the event with which a card went below zero that is not linked whole.
type Overdraft struct {
	ID     string
	At     record.Time
	Amount money.Amount
	Place  int  // in the set's events; of a clean event, its exemplar's
	Clean  bool // it is a clean event
	row    uint32
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
// exemplar's number. It returns what is known of the card before the event.
func (d *drawings) see(x *timed, place uint32) Apart {
	c := &d.cards[d.first[x.card.share()]+x.card.number()]
	sort := &d.q.scout.moves.sorts.list[x.sort]
	if !c.known {
		c.known = true
		c.whole = x.amount > 0 && (sort.kind == record.Load || sort.kind == record.TransferIn)
	}
	before := Apart{Sum: c.sum, Whole: c.whole}
	c.sum += x.amount
	if c.whole && !c.below && c.sum < 0 {
		c.below = true
		d.below = append(d.below, Overdraft{At: at(x.ns, sort.span), Amount: x.amount, Place: int(place), Clean: x.trouble == noTrouble, row: x.row})
	}
	return before
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

// deliveries lists the records of the deliveries that are not those of clean events.
func (q *clean) deliveries() []*Delivery {
	return records(&q.c.Deliveries, deliveries(), q.nobodys.sent, func(share int, add func(row uint32)) {
		for _, x := range q.sent[share].All {
			if q.linked(x.event) {
				add(x.row)
			}
		}
		q.sent[share].Free()
	})
}

// postings lists the postings that are not those of clean events.
func (q *clean) postings() []*Posting {
	return records(&q.c.Postings, postings(), q.nobodys.booked, func(share int, add func(row uint32)) {
		for _, x := range q.booked[share].All {
			if q.linked(x.event) {
				add(x.row)
			}
		}
		q.booked[share].Free()
	})
}

// records reads the records of rows, and of more that are found share by share.
func records[R, K any](table *casefile.Table[R], as func(*R) K, rows []uint32, find func(share int, add func(row uint32))) []*K {
	for _, w := range each(func(w *[]uint32, share int) {
		find(share, func(row uint32) { *w = append(*w, row) })
	}) {
		rows = append(rows, w...)
	}
	slices.Sort(rows)
	slab, out := written[K](len(rows)), make([]*K, len(rows))
	var r R
	for i, row := range rows {
		table.Read(int(row), &r)
		slab[i] = as(&r)
		out[i] = &slab[i]
	}
	return out
}
