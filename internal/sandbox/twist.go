package sandbox

import (
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"time"

	"gcdiag/internal/casefile"
	"gcdiag/internal/money"
	"gcdiag/internal/record"
)

// hop is a place on the way of an event where something can happen to it.
type hop uint8

const (
	emit hop = iota
	forward
	receive
	classify
)

// twist is one thing that happens to some events at one hop: a fault, or with
// step 0 something lawful that is odd to look at.
type twist struct {
	name string
	code string // the problem, or the code of a lawful oddity
	step int
	hop  hop
	// pick chooses the events, looking at the whole month.
	pick func(*month, *rand.Rand) choice
	// strike does it to one event and reports whether it did. It is asked only for
	// chosen events that nothing has struck before.
	strike func(*run, *way) bool
	// configure leaves the traces in what the systems say of themselves.
	configure func(*setup, choice)
	// attribute and value are what the struck events share and their like do not.
	attribute, value string
	unseen           bool // the integration layer never saw the events
	checked          bool // the ERP has to look at what it has recorded for the card
}

// choice is the events of one twist.
type choice struct {
	has          []bool
	since, until int64 // unix seconds: what changed, and when it was put right; 0: not known
}

// few is how many of n candidates a twist strikes: enough to be seen, and a
// small part of a large month.
func few(n int) int { return min(n, max(10, n*3/100)) }

// candidates are the indexes of the events of the month that satisfy ok.
func (m *month) candidates(ok func(*event) bool) []int {
	var out []int
	for i := range m.events {
		if e := &m.events[i]; e.counts() && !e.hold && ok(e) {
			out = append(out, i)
		}
	}
	return out
}

// every strikes all of a sort.
func every(ok func(*event) bool) func(*month, *rand.Rand) choice {
	return func(m *month, _ *rand.Rand) choice {
		c := choice{has: make([]bool, len(m.events))}
		for i := range m.events {
			c.has[i] = ok(&m.events[i])
		}
		return c
	}
}

// fromSomeTime strikes all of a sort from some time on, the last few of the month.
func fromSomeTime(ok func(*event) bool) func(*month, *rand.Rand) choice {
	return func(m *month, _ *rand.Rand) choice {
		c := choice{has: make([]bool, len(m.events))}
		all := m.candidates(ok)
		if len(all) == 0 {
			return c
		}
		first := len(all) - few(len(all))
		c.since = m.events[all[first]].at - 600
		if first > 0 {
			c.since = max(c.since, m.events[all[first-1]].at+1)
		}
		for i := all[first]; i < len(m.events); i++ {
			c.has[i] = ok(&m.events[i])
		}
		return c
	}
}

// everySecond strikes every other one of a sort.
func everySecond(ok func(*event) bool) func(*month, *rand.Rand) choice {
	return func(m *month, _ *rand.Rand) choice {
		c := choice{has: make([]bool, len(m.events))}
		for k, i := range m.candidates(ok) {
			c.has[i] = k%2 == 0
		}
		return c
	}
}

// scattered strikes some of a sort that share nothing.
func scattered(ok func(*event) bool) func(*month, *rand.Rand) choice {
	return func(m *month, r *rand.Rand) choice {
		c := choice{has: make([]bool, len(m.events))}
		all := m.candidates(ok)
		for _, k := range r.Perm(len(all))[:few(len(all))] {
			c.has[all[k]] = true
		}
		return c
	}
}

// stretch strikes everything of a sort for a while in the middle of the month.
func stretch(ok func(*event) bool) func(*month, *rand.Rand) choice {
	return func(m *month, r *rand.Rand) choice {
		c := choice{has: make([]bool, len(m.events))}
		all := m.candidates(func(e *event) bool { return ok(e) && e.lawful() })
		n := min(len(all), few(len(all))+2)
		if n == 0 {
			return c
		}
		first := min(len(all)*3/10+r.IntN(max(1, len(all)*4/10-n)), len(all)-n)
		last := first + n - 1
		c.since, c.until = m.events[all[first]].at-1, m.events[all[last]].at+1
		for i := all[first]; i <= all[last]; i++ {
			c.has[i] = ok(&m.events[i])
		}
		return c
	}
}

func anything(*event) bool { return true }

func load(e *event) bool { return e.kind == record.Load }

// soldCard is a load that somebody paid for in the shop.
func soldCard(e *event) bool { return e.kind == record.Load && e.origin == sold && e.lawful() }

func isKind(k record.Kind) func(*event) bool {
	return func(e *event) bool { return e.kind == k && !e.points && e.lawful() }
}

// takenBack is a sold card that was given back.
func takenBack(e *event) bool {
	return isKind(record.SaleRefund)(e) || isKind(record.Deactivation)(e)
}

func from(o word) func(*event) bool {
	return func(e *event) bool { return e.kind == record.Load && e.origin == o }
}

func soldAs(item word) func(*event) bool {
	return func(e *event) bool { return soldCard(e) && e.item == item }
}

func soldAtTill(e *event) bool { return soldCard(e) && e.channel == pos }

func (m *month) inEuro(ok func(*event) bool) func(*event) bool {
	return func(e *event) bool { return m.cards[e.card].currency == eur && ok(e) }
}

// split is a redemption that paid only a part of its order.
func (m *month) split(e *event) bool {
	return e.kind == record.Redemption && e.order >= 0 && e.lawful() && !e.points && m.orders[e.order].amount > -e.amount
}

// twists is the catalogue, in the order in which an event meets them.
var twists = []twist{
	{name: "no-feed", code: "no-feed", step: 1, hop: emit, pick: every(from(manual)), attribute: "origin", value: "manual",
		strike:    func(_ *run, w *way) bool { w.emitted = false; return true },
		configure: func(s *setup, _ choice) { s.feed(record.Load, "manual", record.ViaNone) }},
	{name: "manual", code: "manual", step: 1, hop: emit, pick: every(from(manual)), attribute: "origin", value: "manual",
		strike: func(r *run, w *way) bool {
			w.emitted = false
			r.clerk++
			w.byHand = r.clerk%4 == 0
			return !w.byHand
		},
		configure: func(s *setup, _ choice) { s.feed(record.Load, "manual", record.ViaManual) }},
	{name: "batch", code: "batch", step: 1, hop: emit, pick: every(isKind(record.Expiry)), attribute: "kind", value: "expiry",
		strike:    func(_ *run, w *way) bool { w.emitted = false; return true },
		configure: func(s *setup, _ choice) { s.feed(record.Expiry, "", record.ViaReport) }},

	{name: "outage", code: "outage", step: 2, hop: forward, pick: stretch(anything), strike: unheard, unseen: true,
		configure: func(s *setup, c choice) { s.subscribed = c.until }},
	{name: "outage-of-loads", code: "outage", step: 2, hop: forward, pick: stretch(load), strike: unheard, unseen: true, attribute: "kind", value: "load"},
	{name: "not-received", code: "not-received", step: 2, hop: forward, pick: fromSomeTime(soldAtTill), strike: unheard, unseen: true, attribute: "channel", value: "pos"},
	{name: "filtered", code: "filtered", step: 2, hop: forward, pick: fromSomeTime(soldAtTill), attribute: "channel", value: "pos",
		strike: func(_ *run, w *way) bool { return w.stop(record.Filtered, "filter: channel is pos") },
		configure: func(s *setup, c choice) {
			s.filter, s.changed = "not (kind = load and channel = pos)", c.since
		}},
	{name: "app-issued", code: "filtered", step: 2, hop: forward, pick: every(from(app)), attribute: "issuer", value: "Return Helper",
		strike: func(_ *run, w *way) bool {
			return w.stop(record.Filtered, "filter: issuer Return Helper is not in the list")
		},
		configure: func(s *setup, _ choice) {
			s.filter = "issuer in (Acme storefront, Acme care desk, Acme Rewards)"
		}},
	{name: "failed", code: "failed", step: 2, hop: forward, pick: fromSomeTime(func(e *event) bool { return soldAtTill(e) && e.place == airport }), attribute: "location", value: "Airport",
		strike: func(r *run, w *way) bool { return r.fail(w, record.Failed, "no customer on the order") }},
	{name: "dead-lettered", code: "failed", step: 2, hop: forward, pick: everySecond(isKind(record.RefundToCard)),
		strike: func(r *run, w *way) bool {
			return r.fail(w, record.DeadLettered, "unexpected field refund_line_items")
		}},
	{name: "held", code: "held", step: 2, hop: forward, pick: fromSomeTime(soldAs(card100)), attribute: "item", value: "Gift Card 100",
		strike: func(_ *run, w *way) bool { return w.stop(record.Held, "waits for approval: amount over 99") }},
	{name: "not-countable", code: "not-countable", step: 2, hop: forward, pick: every(func(e *event) bool { return e.test || e.status != record.Final }),
		strike: func(r *run, w *way) bool {
			if w.deaf {
				return false
			}
			r.deliver(w)
			return true
		}},
	{name: "duplicate", code: "duplicate", step: 2, hop: forward, pick: scattered(soldCard),
		strike: func(r *run, w *way) bool { r.again(w); w.sends = 2; return true }},

	{name: "lost", code: "routing", step: 3, hop: receive, pick: scattered(soldCard),
		strike: func(_ *run, w *way) bool { return w.vanish() }},
	{name: "refused", code: "routing", step: 3, hop: receive, pick: fromSomeTime(takenBack), attribute: "kind", value: "sale_refund",
		strike: func(r *run, w *way) bool {
			if r.lacks(w) {
				return false // it has nothing to close
			}
			w.vanish()
			return w.stop(record.RejectedByERP, "Books answered 422: the invoice is closed")
		}},
	{name: "correction-repeated", code: "correction-repeated", step: 3, hop: receive, pick: scattered(soldCard),
		strike: func(r *run, w *way) bool {
			r.byHand(w, w.id, 2*3600+int64(r.month.chance(w.i, 2)%(20*3600)))
			return true
		}},
	{name: "booked-twice", code: "duplicate", step: 3, hop: receive, pick: scattered(soldCard),
		strike: func(_ *run, w *way) bool {
			w.postings = append(w.postings, w.postings[0])
			return true
		}},
	{name: "missing-reference", code: "mapping-reference", step: 3, hop: receive, pick: fromSomeTime(soldAtTill), attribute: "channel", value: "pos", checked: true,
		strike: func(_ *run, w *way) bool { w.postings[0].Card = ""; return true }},
	{name: "wrong-kind", code: "mapping-kind", step: 3, hop: receive, pick: fromSomeTime(soldAs(card100)), attribute: "item", value: "Gift Card 100",
		strike: func(_ *run, w *way) bool {
			p, d := &w.postings[0], w.last()
			p.Kind, p.Type, d.SentKind = record.Other, "Cash Sale", record.Other
			return true
		}},
	{name: "split-tender", code: "mapping-tender", step: 3, hop: receive, pick: func(m *month, r *rand.Rand) choice { return every(m.split)(m, r) },
		strike: func(r *run, w *way) bool {
			p, total := &w.postings[0], r.month.orders[w.e.order].amount
			p.Kind, p.Type, p.Ref, p.Card, p.Item, p.Amount = record.Other, "Card Payment", "", "", "", -total
			d := w.last()
			d.SentKind, d.SentAmount = record.Other, money.Some(-total)
			return true
		}},
	{name: "order-total", code: "mapping-amount", step: 3, hop: receive, pick: func(m *month, r *rand.Rand) choice { return fromSomeTime(m.split)(m, r) },
		strike: func(r *run, w *way) bool { return w.amount(-r.month.orders[w.e.order].amount) }},
	{name: "net-of-tax", code: "mapping-amount", step: 3, hop: receive, pick: func(m *month, r *rand.Rand) choice { return fromSomeTime(m.inEuro(soldCard))(m, r) }, attribute: "currency", value: "EUR",
		strike: func(_ *run, w *way) bool { return w.amount(money.Prorate(w.owed, 100, 119)) }},
	{name: "cents", code: "mapping-unit", step: 3, hop: receive, pick: every(from(app)), attribute: "issuer", value: "Return Helper",
		strike: func(_ *run, w *way) bool { return w.amount(w.owed * 100) }},
	{name: "wrong-currency", code: "mapping-currency", step: 3, hop: receive, pick: func(m *month, r *rand.Rand) choice {
		return fromSomeTime(m.inEuro((*event).lawful))(m, r)
	}, attribute: "currency", value: "EUR",
		strike: func(_ *run, w *way) bool {
			w.last().SentCurrency, w.postings[0].Currency = usd, usd
			return true
		}},
	{name: "unit", code: "mapping-unit", step: 3, hop: receive, pick: every(from(loyalty)), attribute: "unit", value: "points",
		strike: func(_ *run, w *way) bool { return w.amount(w.e.amount) }},
	{name: "orphan", code: "orphan", step: 3, hop: receive, pick: func(*month, *rand.Rand) choice { return choice{} },
		configure: func(s *setup, _ choice) { s.orphans = true }},

	{name: "wrong-account", code: "wrong-account", step: 4, hop: classify, pick: fromSomeTime(soldAs(card75)), attribute: "item", value: "Gift Card 75",
		strike: func(_ *run, w *way) bool { return w.book("4000", "R-ITEM-75") },
		configure: func(s *setup, c choice) {
			s.rules = append(s.rules, record.Rule{ID: "R-ITEM-75", Name: "Item Gift Card 75", Matches: "item = Gift Card 75", Kinds: record.Kinds(0).With(record.Load),
				Account: "4000", Active: record.Yes, Order: 5, ChangedAt: moment(c.since)})
		}},
	{name: "rule-inactive", code: "rule-inactive", step: 4, hop: classify, pick: fromSomeTime(soldCard), attribute: "kind", value: "load",
		strike: func(_ *run, w *way) bool { return w.book("9990", "") },
		configure: func(s *setup, c choice) {
			i := slices.IndexFunc(s.rules, func(r record.Rule) bool { return r.ID == ruleOf(record.Load) })
			s.rules[i].Active, s.rules[i].ChangedAt = record.No, moment(c.since)
		}},
	{name: "no-rule", code: "no-rule", step: 4, hop: classify, pick: every(isKind(record.Expiry)), attribute: "kind", value: "expiry",
		strike: func(_ *run, w *way) bool {
			w.book("", "")
			w.postings[0].Status, w.postings[0].Reason = record.InException, "no posting rule for Gift Certificate Expiry"
			return true
		},
		configure: func(s *setup, _ choice) {
			s.rules = slices.DeleteFunc(s.rules, func(r record.Rule) bool { return r.ID == ruleOf(record.Expiry) })
		}},

	{name: "absorbed", code: "absorbed-duplicate", hop: forward, pick: scattered(soldCard),
		strike: func(r *run, w *way) bool { r.again(w); return true }},
	{name: "repaired", code: "repaired-by-hand", hop: forward, pick: scattered(soldCard),
		strike: func(r *run, w *way) bool {
			r.fail(w, record.Failed, "no answer from Books in 30 s")
			w.byHand, w.handRef = true, w.id
			return true
		}},
	{name: "holds", code: "netted", hop: forward, pick: every(func(e *event) bool { return e.hold }),
		strike: func(r *run, w *way) bool {
			r.deliver(w)
			return w.stop(record.Filtered, "an authorisation, not a capture")
		}},
	{name: "rounding", code: "rounding", hop: receive, pick: scattered(isKind(record.Redemption)),
		strike: func(r *run, w *way) bool {
			return w.amount(w.owed + money.Amount(1-2*int64(r.month.chance(w.i, 3)%2)))
		}},
}

// unheard is what happens to an event that the platform sends and nobody takes.
func unheard(_ *run, w *way) bool {
	if !w.emitted {
		w.deaf = true
		return false
	}
	w.deliveries, w.sends = w.deliveries[:0], 0
	return true
}

// choose asks a twist for its events, with chance of its own, so that one twist
// does not change what another strikes.
func (t *twist) choose(m *month) choice {
	h := fnv.New64a()
	h.Write([]byte(t.name))
	return t.pick(m, rand.New(rand.NewPCG(m.seed, h.Sum64())))
}

func moment(unix int64) record.Time {
	if unix == 0 {
		return record.Time{}
	}
	return record.At(time.Unix(unix, 0))
}

// setup is what the systems say of themselves.
type setup struct {
	feeds      []casefile.Feed
	subscribed int64
	filter     string
	changed    int64
	rules      []record.Rule
	orphans    bool
}

// feed says how a kind and origin leave the platform, whatever was said before.
func (s *setup) feed(k record.Kind, origin string, via record.Via) {
	s.feeds = slices.DeleteFunc(s.feeds, func(f casefile.Feed) bool { return f.Kind == k && f.Origin == origin })
	s.feeds = append(s.feeds, casefile.Feed{Kind: k, Origin: origin, Via: via})
}
