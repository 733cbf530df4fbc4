package sandbox

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"
	_ "time/tzdata" // the shop's calendar, wherever the program runs

	"gcdiag/internal/money"
	"gcdiag/internal/record"
)

// The month that every scenario tells of: October 2026 in the shop's calendar,
// four days before it and most of the first day after it.
var (
	zone       = shopZone()
	dayOne     = time.Date(2026, 9, 27, 0, 0, 0, 0, zone)
	since      = time.Date(2026, 10, 1, 0, 0, 0, 0, zone)
	until      = time.Date(2026, 11, 1, 0, 0, 0, 0, zone)
	lastMoment = until.Add(20 * time.Hour)
	asOf       = time.Date(2026, 11, 3, 12, 0, 0, 0, zone)
)

const (
	firstOrder = 1001
	leadDays   = 4 // of the export before the month
	days       = 36
	windowDays = 31
)

func shopZone() *time.Location {
	z, err := time.LoadLocation("America/New_York")
	if err != nil {
		panic("sandbox: " + err.Error()) // can't be: the zone database is linked in
	}
	return z
}

var (
	usd = money.MustCurrency("USD")
	eur = money.MustCurrency("EUR")
	jpy = money.MustCurrency("JPY")
)

// word is an index into words: what few values an event's texts can take.
type word uint8

const (
	blank word = iota
	online
	pos
	sold
	manual
	app
	promotion
	loyalty
	storefront
	careDesk
	returnsApp
	loyaltyApp
	harbour
	market
	airport
	berlin
	kyoto
	card10
	card25
	card50
	card75
	card100
	points
	birthday
	spendIt
	thanks
)

var words = [...]string{"", "online", "pos", "sold", "manual", "app", "promotion", "loyalty", "Acme storefront", "Acme care desk", "Return Helper", "Acme Rewards",
	"Harbour Street", "Market Square", "Airport", "Berlin Mitte", "Kyoto",
	"Gift Card 10", "Gift Card 25", "Gift Card 50", "Gift Card 75", "Gift Card 100", "Reward points",
	"Happy birthday, Jo!", `For you: "spend it all at once"`, "Danke für alles, deine Großen"}

func (w word) String() string { return words[w] }

// event is one movement of the platform.
type event struct {
	at                                            int64        // unix seconds
	amount                                        money.Amount // minor units, or hundredths of a point
	balance                                       money.Amount // of the card, after it
	paid                                          money.Amount // 0: not stated
	card                                          int32
	order                                         int32 // −1: none
	reverses                                      int32 // −1: none
	refund                                        int32 // 0: none
	seq                                           int32
	kind                                          record.Kind
	status                                        record.Status
	test                                          bool
	points                                        bool
	hold                                          bool // an authorisation or its release: nothing for the books
	funding                                       record.Funding
	origin, issuer, channel, place, item, message word
}

// inside reports whether the event lies in the month.
func (e *event) inside() bool { return e.at >= since.Unix() && e.at < until.Unix() }

// lawful reports whether the books are to hear of the event.
func (e *event) lawful() bool {
	return e.status == record.Final && !e.test && !e.hold && e.funding != record.Promotional
}

// counts reports whether the event is part of what the platform owes for the month.
func (e *event) counts() bool {
	return e.inside() && e.status == record.Final && !e.test && e.funding != record.Promotional
}

// owed is the event's amount in minor units of its card's currency.
func (e *event) owed() money.Amount {
	if e.points {
		return e.amount / 100
	}
	return e.amount
}

// card is one gift card, or one points account.
type card struct {
	currency money.Currency
	created  int64
	opening  money.Amount // its balance where the export starts, which holds nothing earlier of it
}

// order is one order of the shop, for what is bought with a card or is one.
type order struct {
	at, refundedAt int64
	amount         money.Amount
	card           money.Amount // paid by cards
	refunded       money.Amount
	refundTo       record.RefundTo
	sells          bool // a card
	status         record.Status
	test           bool
	points         bool
	channel        word
	currency       money.Currency
}

// month is what happened at the shop, by time. It depends on the seed and the
// options alone, never on what breaks afterwards.
type month struct {
	seed   uint64
	cards  []card
	vendor bool // Options.Vendors
	orders []order
	events []event
}

// The ids' numbers lie so far apart that no two sorts of them meet.

func (m *month) id(i int) string {
	if !m.vendor {
		return numbered("t-", 50000001+i)
	}
	switch e := &m.events[i]; e.kind {
	case record.Load:
		return m.cardID(e.card)
	case record.Deactivation:
		return m.cardID(e.card) + "-deactivated"
	case record.Expiry:
		return m.cardID(e.card) + "-expired"
	case record.Adjustment:
		return numbered("", 88170000001+i)
	}
	return numbered("", 7128676000001+i)
}

func (m *month) cardID(c int32) string {
	if m.vendor {
		return numbered("", 539685300001+int(c))
	}
	return numbered("card-", 20000001+int(c))
}

func (m *month) orderID(o int32) string { return numbered("#", firstOrder+int(o)) }

func (m *month) refundID(r int32) string {
	if m.vendor {
		return numbered("", 918273600000+int(r))
	}
	return numbered("rf-", 60000000+int(r))
}

func numbered(prefix string, n int) string {
	b := make([]byte, 0, 24)
	return string(strconv.AppendInt(append(b, prefix...), int64(n), 10))
}

// plan is the life of one card.
type plan uint8

const (
	unused plan = iota
	usedOnce
	usedTwice
	reloaded
	drained
	usedUp
	refunded
	returned
	twinSale
	twinSpend
	adjusted
	held
	handIssued
	appIssued
	old
	oldExpired
	rewards
	tested
	pending
	cancelled
	promoted
)

// share is how many lives of each plan the shop sees among a deck of them.
var share = [...]int{unused: 8, usedOnce: 8, usedTwice: 6, reloaded: 3, drained: 8, usedUp: 3, refunded: 7, returned: 6, twinSale: 2, twinSpend: 2,
	adjusted: 1, held: 2, handIssued: 7, appIssued: 6, old: 4, oldExpired: 6, rewards: 4, tested: 2, pending: 2, cancelled: 2, promoted: 1}

// untold are the plans that Options.Vendors leaves out.
var untold = []plan{reloaded, rewards, pending, cancelled, promoted}

// deck spreads the plans evenly, so that any stretch of it has its fair part of each.
var deck = func() []plan {
	type place struct {
		p  plan
		at int // in millionths of the deck
	}
	var ps []place
	for p, n := range share {
		for k := range n {
			ps = append(ps, place{plan(p), (2*k + 1) * 1_000_000 / (2 * n)})
		}
	}
	slices.SortStableFunc(ps, func(a, b place) int { return a.at - b.at })
	out := make([]plan, len(ps))
	for i, p := range ps {
		out[i] = p.p
	}
	return out
}()

// newMonth tells the month of a seed.
func newMonth(seed uint64, o Options) *month {
	g := generator{month: &month{seed: seed, vendor: o.Vendors}, pcg: rand.NewPCG(0, 0), yen: o.Yen}
	deck := deck
	if o.Vendors {
		deck = slices.DeleteFunc(slices.Clone(deck), func(p plan) bool { return slices.Contains(untold, p) })
	}
	g.r = rand.New(g.pcg)
	for d := range g.midnight {
		g.midnight[d] = dayOne.AddDate(0, 0, d).Unix()
	}
	for i := 0; len(g.events) < o.Movements; i++ {
		g.pcg.Seed(seed, uint64(i))
		g.live(deck[i%len(deck)])
	}
	g.arrange()
	return g.month
}

type generator struct {
	*month
	pcg      *rand.PCG
	r        *rand.Rand
	midnight [days]int64
	yen      bool
}

// arrange puts the events in the order of time and numbers orders and refunds by it.
func (g *generator) arrange() {
	slices.SortFunc(g.events, func(a, b event) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.seq, b.seq)) })
	place := make([]int32, len(g.events))
	for i := range g.events {
		place[g.events[i].seq] = int32(i)
	}
	number := make([]int32, len(g.orders))
	orders := make([]order, 0, len(g.orders))
	refunds := int32(0)
	for i := range g.events {
		e := &g.events[i]
		if e.reverses >= 0 {
			e.reverses = place[e.reverses]
		}
		if o := e.order; o >= 0 {
			if number[o] == 0 {
				orders = append(orders, g.orders[o])
				number[o] = int32(len(orders))
			}
			e.order = number[o] - 1
		}
		if e.kind == record.RefundToCard || e.kind == record.SaleRefund {
			refunds++
			e.refund = refunds
		}
	}
	g.orders = orders
}

// hours of the day, as often as people shop in them.
var (
	onlineHours = []int{7, 8, 9, 10, 11, 12, 12, 13, 14, 15, 16, 17, 18, 18, 19, 19, 20, 20, 20, 21, 21, 22, 23}
	tillHours   = []int{10, 11, 12, 12, 13, 14, 15, 16, 16, 17, 17, 18, 19}
)

func (g *generator) moment(day int, channel word) int64 {
	hours := onlineHours
	if channel == pos {
		hours = tillHours
	}
	return g.midnight[day] + int64(hours[g.r.IntN(len(hours))])*3600 + int64(g.r.IntN(3600))
}

// between is a number from a to b, both included.
func (g *generator) between(a, b int) int { return a + g.r.IntN(b-a+1) }

func (g *generator) chance(percent int) bool { return g.r.IntN(100) < percent }

// life is one card as it is lived: a clock and a balance.
type life struct {
	*generator
	card    int32
	day     int
	t       int64
	balance money.Amount
	over    bool // the export ends before the next event
	channel word
	place   word
	scratch event
}

// begin makes a card on a day.
func (g *generator) begin(day int, c money.Currency) *life {
	l := &life{generator: g, card: int32(len(g.cards)), day: day}
	g.cards = append(g.cards, card{currency: c})
	l.walkIn()
	l.t = g.moment(day, l.channel)
	g.cards[l.card].created = l.t
	return l
}

func (g *generator) currency() money.Currency {
	n := g.r.IntN(100)
	switch {
	case g.yen && n >= 90:
		return jpy
	case n < 26:
		return eur
	}
	return usd
}

// walkIn chooses where the card's holder deals with the shop next.
func (l *life) walkIn() {
	l.channel, l.place = online, blank
	shop := min(l.r.IntN(4), 2)
	if !l.chance(42) {
		return
	}
	l.channel = pos
	switch c := l.currency(); {
	case l.vendor:
		l.place = airport
	case c == eur:
		l.place = berlin
	case c == jpy:
		l.place = kyoto
	default:
		l.place = harbour + word(shop)
	}
}

func (l *life) currency() money.Currency { return l.cards[l.card].currency }

// wait lets some days pass, or hours where both are zero.
func (l *life) wait(from, to int) {
	if l.over {
		return
	}
	before := l.t
	l.walkIn()
	if d := l.between(from, to); d > 0 {
		l.day += d
		if l.day >= days {
			l.over = true
			return
		}
		l.t = l.moment(l.day, l.channel)
	} else {
		l.t += int64(l.between(300, 3*3600))
	}
	l.t = max(l.t, before+60)
	l.over = l.t >= lastMoment.Unix()
}

// pause lets some minutes pass at the same place.
func (l *life) pause() { l.t += int64(l.between(100, 560)) }

// add makes an event now.
func (l *life) add(kind record.Kind, amount money.Amount) *event {
	if l.over {
		l.scratch = event{}
		return &l.scratch
	}
	l.balance += amount
	l.events = append(l.events, event{at: l.t, amount: amount, balance: l.balance, card: l.card, order: -1, reverses: -1, seq: int32(len(l.events)),
		kind: kind, channel: l.channel, place: l.place})
	return &l.events[len(l.events)-1]
}

func (l *life) newOrder(amount, byCard money.Amount) int32 {
	if l.over {
		return -1
	}
	l.orders = append(l.orders, order{at: l.t, amount: amount, card: byCard, channel: l.channel, currency: l.currency()})
	return int32(len(l.orders) - 1)
}

var (
	faces = []money.Amount{1000, 2500, 5000, 7500, 10000}
	odds  = []int{10, 35, 60, 80, 100}
)

// face is the index of a card's face value.
func (l *life) face() int {
	n, i := l.r.IntN(100), 0
	for n >= odds[i] {
		i++
	}
	return i
}

// sell loads a card with a face value in an order of its own, or in a given one.
func (l *life) sell(face int, in int32) int32 {
	amount := faces[face]
	o := in
	if o < 0 {
		o = l.newOrder(amount, 0)
	}
	paid, message := amount, blank
	if l.chance(8) {
		paid = amount * 9 / 10
	}
	if l.channel == online && l.chance(30) {
		message = birthday + word(l.r.IntN(3))
	}
	e := l.add(record.Load, amount)
	e.order, e.origin, e.issuer, e.item, e.funding, e.paid, e.message = o, sold, storefront, card10+word(face), record.Paid, paid, message
	if o >= 0 {
		ord := &l.orders[o]
		ord.sells = true
		if in >= 0 {
			ord.amount += amount
		}
		if paid != amount {
			ord.amount -= amount - paid
		}
	}
	return o
}

// spend redeems an amount in an order of a total.
func (l *life) spend(amount, total money.Amount) int32 {
	o := l.newOrder(total, amount)
	l.add(record.Redemption, -amount).order = o
	return o
}

// some is a part of the balance that leaves a rest.
func (l *life) some() money.Amount {
	return l.balance/8 + money.Amount(l.r.IntN(int(l.balance)/2)) + 1
}

// payBack gives an amount of an order back.
func (l *life) payBack(kind record.Kind, o int32, amount money.Amount, to record.RefundTo) {
	if l.over || o < 0 {
		return
	}
	e := l.add(kind, amount)
	e.order = o
	ord := &l.orders[o]
	ord.refundedAt, ord.refundTo = l.t, to
	ord.refunded = min(ord.refunded+amount.Abs(), ord.amount)
}

// anyDay is a day of the export; monthDay is one of the month, early enough for
// something to follow.
func (g *generator) anyDay() int   { return g.r.IntN(days) }
func (g *generator) monthDay() int { return leadDays + g.r.IntN(windowDays*17/20) }

// live tells the life of one card.
func (g *generator) live(p plan) {
	switch p {
	case unused:
		l := g.begin(g.anyDay(), g.currency())
		l.sell(l.face(), -1)
	case usedOnce:
		l := g.begin(g.anyDay(), g.currency())
		l.sell(l.face(), -1)
		l.wait(0, 9)
		x := l.some()
		l.spend(x, x)
	case usedTwice:
		l := g.begin(g.anyDay(), g.currency())
		l.sell(l.face(), -1)
		for range 2 {
			l.wait(0, 7)
			x := l.some()
			l.spend(x, x)
		}
	case reloaded:
		l := g.begin(g.anyDay(), g.currency())
		face := l.face()
		l.sell(face, -1)
		l.wait(1, 4)
		x := l.some()
		l.spend(x, x)
		l.wait(1, 4)
		l.sell((face+1)%len(faces), -1)
		l.wait(1, 4)
		x = l.some()
		l.spend(x, x)
	case drained:
		l := g.begin(g.monthDay(), g.currency())
		l.sell(l.face(), -1)
		l.wait(0, 6)
		l.spend(l.balance, l.balance+money.Amount(l.between(3, 150)*100+l.r.IntN(100)))
	case usedUp:
		l := g.begin(g.anyDay(), g.currency())
		l.sell(l.face(), -1)
		l.wait(1, 9)
		l.spend(l.balance, l.balance)
	case refunded:
		l := g.begin(g.monthDay(), g.currency())
		l.sell(l.face(), -1)
		l.wait(0, 3)
		x := l.some()
		x += x % 2
		o := l.spend(x, x)
		l.wait(1, 4)
		if l.chance(40) {
			l.payBack(record.RefundToCard, o, x/2, record.ToCard)
			l.pause()
			l.payBack(record.RefundToCard, o, x/2, record.ToCard)
		} else {
			l.payBack(record.RefundToCard, o, x, record.ToCard)
		}
		l.wait(1, 6)
		if l.chance(60) {
			x = l.balance - money.Amount(l.r.IntN(300))
			l.spend(x, x)
		}
	case returned:
		l := g.begin(g.monthDay(), g.currency())
		o := l.sell(l.face(), -1)
		l.wait(0, 5)
		kind := record.SaleRefund
		if l.vendor {
			kind = record.Deactivation
		}
		l.payBack(kind, o, -l.balance, record.ToOther)
	case twinSale:
		l := g.begin(g.anyDay(), g.currency())
		face := l.face()
		o := l.sell(face, -1)
		twin := *l
		twin.card = int32(len(g.cards))
		twin.balance = 0
		g.cards = append(g.cards, g.cards[l.card])
		twin.sell(face, o)
		for _, l := range []*life{l, &twin} {
			l.wait(1, 8)
			if l.chance(50) {
				x := l.some()
				l.spend(x, x)
			}
		}
	case twinSpend:
		l := g.begin(g.anyDay(), g.currency())
		l.sell(l.face(), -1)
		l.wait(0, 5)
		x := l.balance / 4
		l.spend(x, x)
		l.pause()
		l.spend(x, x)
	case adjusted:
		l := g.begin(g.monthDay(), g.currency())
		l.sell(l.face(), -1)
		l.wait(1, 5)
		x := money.Amount(500)
		if l.chance(50) {
			x = -300
		}
		e := l.add(record.Adjustment, x)
		e.origin, e.issuer, e.channel, e.place = manual, careDesk, blank, blank
	case held:
		l := g.begin(g.monthDay(), g.currency())
		l.sell(l.face(), -1)
		l.wait(1, 4)
		if l.over {
			return
		}
		l.channel, l.place = online, blank
		l.t = min(l.t, g.midnight[l.day]+22*3600)
		x := l.some()
		o := int32(-1)
		if l.vendor {
			o = l.newOrder(x, 0)
			l.orders[o].status = record.Cancelled
		}
		e := l.add(record.Redemption, -x)
		e.hold, e.order = true, o
		of := e.seq
		l.pause()
		e = l.add(record.Reversal, x)
		e.hold, e.order, e.reverses = true, o, of
		l.pause()
		l.spend(x, x)
	case handIssued:
		l := g.begin(g.monthDay(), g.currency())
		l.channel, l.place = blank, blank
		e := l.add(record.Load, money.Amount(l.between(2, 12)*500))
		e.origin, e.issuer, e.funding = manual, careDesk, record.Goodwill
		l.wait(1, 6)
		if l.chance(70) {
			x := l.some()
			l.spend(x, x)
		}
	case appIssued:
		l := g.begin(g.monthDay(), g.currency())
		l.channel, l.place = online, blank
		e := l.add(record.Load, money.Amount(l.between(900, 9000)))
		e.origin, e.issuer, e.funding = app, returnsApp, record.Paid
		l.wait(1, 6)
		if l.chance(70) {
			x := l.some()
			l.spend(x, x)
		}
	case old:
		l := g.age(g.begin(g.anyDay(), g.currency()))
		for range l.between(1, 2) {
			x := l.some()
			l.spend(x, x)
			l.wait(1, 8)
		}
	case oldExpired:
		l := g.age(g.begin(g.monthDay(), g.currency()))
		l.t = g.midnight[l.day] + 2*3600 + int64(l.r.IntN(600))
		if l.vendor {
			l.t = g.midnight[l.day]
		}
		l.channel, l.place = blank, blank
		l.add(record.Expiry, -l.balance)
	case rewards:
		l := g.begin(g.monthDay(), usd)
		for range 2 {
			l.channel, l.place = online, blank
			e := l.add(record.Load, money.Amount(l.between(200, 2500)*100))
			e.points, e.origin, e.issuer, e.item = true, loyalty, loyaltyApp, points
			l.wait(1, 5)
		}
		x := l.some() / 100 * 100
		if o := l.newOrder(x/100, 0); o >= 0 {
			l.orders[o].points = true
			e := l.add(record.Redemption, -x)
			e.points, e.order = true, o
		}
	case tested, pending, cancelled:
		l := g.begin(g.monthDay(), g.currency())
		l.channel, l.place = online, blank
		o := l.sell(1, -1)
		e := &l.events[len(l.events)-1]
		e.paid, e.message = 0, blank
		l.orders[o].amount = e.amount
		switch p {
		case tested:
			e.test, l.orders[o].test = true, true
		case pending:
			e.status, l.orders[o].status = record.Pending, record.Pending
		case cancelled:
			e.status, l.orders[o].status = record.Cancelled, record.Cancelled
		}
	case promoted:
		l := g.begin(g.monthDay(), g.currency())
		l.channel, l.place = online, blank
		e := l.add(record.Load, 1000)
		e.origin, e.issuer, e.funding = promotion, storefront, record.Promotional
		l.wait(1, 5)
		if l.over || l.t >= until.Unix() {
			return
		}
		x := l.some()
		l.spend(x, x)
		l.events[len(l.events)-1].funding = record.Promotional
	}
}

// age makes a card one that was sold long before the export starts.
func (g *generator) age(l *life) *life {
	c := &g.cards[l.card]
	c.opening = faces[1+g.r.IntN(4)] - money.Amount(g.r.IntN(900))
	c.created = l.t - int64(g.between(200, 700))*24*3600
	l.balance = c.opening
	return l
}
