package trace

import (
	"cmp"
	"slices"
	"strings"

	"gcdiag/internal/ident"
	"gcdiag/internal/money"
	"gcdiag/internal/record"
	"gcdiag/internal/shelf"
)

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
	isEvent
	isShared // named by more than one event, or row of a document
)

// mention tells the share of a key where it is named.
func (w *joiner) mention(hash uint64, e eventAt, use uint8, c money.Currency) {
	if hash != 0 {
		w.named.to[share(hash)].Add(mention{hash, e, use, c})
	}
}

// answer tells an event where one of its keys stands, or what is wrong with it.
type answer struct {
	event eventAt
	key   keyAt
	use   uint8 // isCard, isOrder, isRefund; isDocument: it is in trouble; isEvent: and doubted
}

// dealing is a movement of an order that several events name.
type dealing struct {
	order  keyAt
	kind   record.Kind
	amount money.Amount
}

// key gives the keys of all events a place and finds trouble that keys alone can
// tell: one text that names different things, a card with two currencies, a
// document of two rows, an order that loaded a card twice or gave back more than was
// taken, and what is touched.
func (q *clean) key() {
	var shared [shares][]bool // of the others: orders that several events name
	answers := each(func(w *outbox[answer], share int) {
		w.begin(q.scout.store)
		shared[share] = q.keysOf(share, w)
		forget(q.named, share)
	})
	dealings := each(func(w *outbox[dealing], share int) {
		w.begin(q.scout.store)
		q.answered(share, answers, &shared, w)
		forget(answers, share)
	})
	each(func(_ *struct{}, share int) {
		q.balance(share, dealings)
		forget(dealings, share)
	})
}

// keysOf is key for one share of the keys. It returns which orders are shared.
func (q *clean) keysOf(share int, tell *outbox[answer]) (shared []bool) {
	type key struct {
		hash     uint64
		uses     uint8
		currency money.Currency
	}
	n := waiting(q.named, share)
	var tables [2]struct { // of cards, and of others
		t    table
		list []key
	}
	for i := range tables {
		tables[i].t, tables[i].list = newTable(n/2), make([]key, 0, n/4)
	}
	for x := range told(q.named, share) {
		if x.use == isEvent {
			continue
		}
		t := &tables[1]
		if x.use == isCard {
			t = &tables[0]
		}
		i, known := t.t.place(x.hash, len(t.list), func(i int) uint64 { return t.list[i].hash })
		if !known {
			t.list = append(t.list, key{x.hash, x.use, x.currency})
			if 2*len(t.list) > len(t.t) {
				t.t = newTable(len(t.t))
				for i := range t.list {
					t.t.place(t.list[i].hash, i, func(i int) uint64 { return t.list[i].hash })
				}
			}
		} else if k := &t.list[i]; x.use&k.uses&(isOrder|isDocument) != 0 {
			k.uses |= isShared
		} else {
			k.uses |= x.use
		}
		if x.use != isDocument {
			tell.to[x.event.share()].Add(answer{x.event, keyIn(share, i), x.use})
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
	shared = make([]bool, len(tables[1].list))
	for k := range tables[1].list {
		uses := tables[1].list[k].uses
		shared[k] = uses&isShared != 0
		if uses &^= isShared; uses&(uses-1) != 0 {
			others[k] = true
		}
	}
	touched := make(map[uint64]bool, len(q.touched[share]))
	for _, hash := range q.touched[share] {
		touched[hash] = true
		different(hash)
	}
	q.touched[share] = nil
	for x := range told(q.named, share) {
		switch x.use {
		case isEvent:
			if different(x.hash) {
				tell.to[x.event.share()].Add(answer{x.event, 0, isEvent})
			} else if len(touched) > 0 && touched[x.hash] {
				tell.to[x.event.share()].Add(answer{x.event, 0, isDocument})
			}
		case isCard:
			if i, _ := find(0, x.hash); tables[0].list[i].currency != x.currency {
				cards[i] = true
			}
		case isDocument:
			if i, _ := find(1, x.hash); shared[i] && x.event != noEvent {
				tell.to[x.event.share()].Add(answer{x.event, 0, isDocument})
			}
		}
	}
	return shared
}

// answered has the events of a share learn where their keys stand, and tells what
// those did that have an order in common with others.
func (q *clean) answered(share int, answers []outbox[answer], shared *[shares][]bool, tell *outbox[dealing]) {
	states := q.states[share]
	found := make([]eventKeys, len(states))
	for x := range told(answers, share) {
		i := x.event.number()
		switch x.use {
		case isCard:
			found[i].card = x.key
		case isOrder:
			found[i].order = x.key
		case isRefund:
			found[i].refund = x.key
		case isEvent:
			states[i] |= doubted
			states[i].blame()
		case isDocument:
			states[i].blame()
		}
	}
	list := shelf.In[eventKeys](q.scout.store)
	for i, e := range q.events[share].All {
		k := found[i]
		list.Add(k)
		if k.order != 0 && shared[k.order.share()][k.order.number()] {
			tell.to[k.order.share()].Add(dealing{k.order, q.scout.moves.sorts.list[e.sort].kind, e.amount})
		}
	}
	q.keys[share] = list
}

// balance finds the orders of a share that loaded a card twice, or gave back more
// than was taken.
func (q *clean) balance(share int, dealings []outbox[dealing]) {
	type sums struct {
		loads       int
		used, given money.Amount
	}
	orders := map[keyAt]*sums{}
	for x := range told(dealings, share) {
		o := orders[x.order]
		if o == nil {
			o = new(sums)
			orders[x.order] = o
		}
		switch x.kind {
		case record.Load:
			o.loads++
		case record.Redemption:
			o.used += max(-x.amount, 0)
		case record.RefundToCard:
			o.given += max(x.amount, 0)
		}
	}
	for k, o := range orders {
		if o.loads > 1 || o.used > 0 && o.given > o.used {
			q.others[share][k.number()] = true
		}
	}
}

// weighed is an event of a card on which value is in doubt.
type weighed struct {
	card    keyAt
	ns      int64
	amount  money.Amount
	trouble trouble
}

// cover finds the cards on which a clean event may follow from one in trouble, since
// the books may hold too little for it on the card: they are linked whole. What an
// event in trouble by itself has in the books is its worth or nothing.
func (q *clean) cover() {
	var doubtful [shares][]bool
	for k := range q.cards {
		doubtful[k] = make([]bool, len(q.cards[k]))
	}
	for _, w := range each(func(w *[]keyAt, share int) {
		states := q.states[share]
		for i, k := range q.keys[share].All {
			if states[i]&owing != 0 && states[i].trouble() == ownTrouble {
				*w = append(*w, k.card)
			}
		}
	}) {
		for _, k := range w {
			doubtful[k.share()][k.number()] = true
		}
	}
	all := each(func(w *outbox[weighed], share int) {
		w.begin(q.scout.store)
		states := q.states[share]
		cards := make([]keyAt, len(states))
		for i, k := range q.keys[share].All {
			if k.card.in(&doubtful) {
				cards[i] = k.card
			}
		}
		for i, e := range q.events[share].All {
			if k := cards[i]; k != 0 {
				w.to[k.share()].Add(weighed{k, e.ns, e.amount, states[i].trouble()})
			}
		}
	})
	each(func(_ *struct{}, share int) {
		list := listed(all, share)
		slices.SortFunc(list, func(a, b weighed) int { return cmp.Or(cmp.Compare(a.card, b.card), cmp.Compare(a.ns, b.ns)) })
		for from, to := 0, 0; from < len(list); from = to {
			for to = from + 1; to < len(list) && list[to].card == list[from].card; to++ {
			}
			if !covered(list[from:to]) {
				q.cards[share][list[from].card.number()] = true
			}
		}
	})
}

// covered reports whether the books certainly hold enough on a card for every clean
// event that takes value off it. The events of the card are in order of time.
func covered(card []weighed) bool {
	least, doubt := money.Amount(0), false
	for i, x := range card {
		if i > 0 && x.ns == card[i-1].ns { // which comes first depends on more
			return false
		}
		switch {
		case x.trouble == noTrouble:
			if doubt && x.amount < 0 && least+x.amount < 0 {
				return false
			}
			least += x.amount
		case x.amount > 0:
			doubt = true
		default:
			least += x.amount
		}
	}
	return true
}

// spread carries trouble over everything that events have in common.
func (q *clean) spread() {
	type reached struct{ cards, others []keyAt }
	for any := true; any; {
		all := each(func(w *reached, share int) {
			states := q.states[share]
			for i, k := range q.keys[share].All {
				s := &states[i]
				if s.trouble() != allTrouble && (k.card.in(&q.cards) || k.order.in(&q.others) || k.refund.in(&q.others)) {
					s.blame()
				}
				if *s&fresh == 0 {
					continue
				}
				*s &^= fresh
				if k.card != 0 && !k.card.in(&q.cards) {
					w.cards = append(w.cards, k.card)
				}
				for _, x := range [...]keyAt{k.order, k.refund} {
					if x != 0 && !x.in(&q.others) {
						w.others = append(w.others, x)
					}
				}
			}
		})
		any = false
		for _, w := range all {
			for _, k := range w.cards {
				q.cards[k.share()][k.number()] = true
			}
			for _, k := range w.others {
				q.others[k.share()][k.number()] = true
			}
			any = any || len(w.cards)+len(w.others) > 0
		}
	}
}

// in reports whether a key is one of those of which that is true; 0 is none.
func (k keyAt) in(set *[shares][]bool) bool { return k != 0 && set[k.share()][k.number()] }

// logged finds events that a row can only reach by what the integration's log
// says of them.
func (q *clean) logged() {
	ids, refs := map[string]bool{}, map[string]bool{} // keys that only the log can tell, see byIdentity
	want := func(keys map[string]bool, id string) {
		if k := ident.Key(id); k != "" {
			keys[k] = true
		}
	}
	rows := slices.Clone(q.nobodys.booked)
	for _, w := range each(func(w *[]uint32, share int) {
		for _, x := range q.booked[share].All {
			if *q.state(x.event)&doubted != 0 {
				*w = append(*w, x.row)
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
		of = make([]eventAt, q.c.Deliveries.End())
		for i := range of {
			of[i] = noEvent
		}
	}
	if !inLog && len(asked) == 0 {
		return
	}
	each(func(_ *struct{}, share int) {
		for _, x := range q.sent[share].All {
			if inLog {
				of[x.row] = x.event
			}
			if x.erp != 0 && asked[x.erp] {
				q.state(x.event).blame()
			}
		}
	})
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
			q.state(of[row]).blame()
		}
	}
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
