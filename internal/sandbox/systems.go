package sandbox

import (
	"time"

	"gcdiag/internal/money"
	"gcdiag/internal/record"
)

// way is one event on its way through the three systems.
type way struct {
	i        int
	e        *event
	currency money.Currency
	id, card string
	order    string
	refund   string
	owed     money.Amount

	emitted    bool // by the platform, to whom it may concern
	deaf       bool // nobody listens at that moment
	deliveries []record.Delivery
	sends      int // times the integration layer sends it on
	byHand     bool
	handRef    string
	postings   []record.Posting

	received, sent, posted int64
	broke                  *twist // what made it something other than one correct event
	oddity                 *twist
	uncovered              bool // the ERP's balance of the card does not cover it
}

// account of the gift card liability, and of everything else.
const (
	liability = "2400"
	income    = "4000"
	clearing  = "1090"
)

// mix is a number that seems random, of an event and a purpose.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// chance is a large number of an event for a purpose; it is the same in every scenario.
func (m *month) chance(i, purpose int) uint64 {
	return mix(mix(m.seed^uint64(purpose)<<56)^uint64(i)) >> 1
}

// some picks one in n events for a purpose.
func (m *month) some(i, purpose, n int) bool { return m.chance(i, purpose)%uint64(n) == 0 }

// Purposes of chance; twists have 1 to 9.
const (
	forLag = iota + 10
	forRetry
	forDelay
)

// clock sets when the hops happen: seconds to the integration layer, up to an
// hour in its queue, and one card's events never overtake each other.
func (r *run) clock(w *way) {
	h := r.month.chance(w.i, forLag)
	w.received = w.e.at + 1 + int64(h%90)
	w.sent = w.received + 20 + int64(h>>8%3600)
	if r.retried(w) {
		w.sent += 300
	}
	if r.late {
		w.sent += r.delay(w)
	}
	w.sent = max(w.sent, r.last[w.e.card]+1)
	w.posted = w.sent + 1 + int64(h>>24%12)
	r.last[w.e.card] = w.posted
}

// delay is the extra lag of an event where events come late: some hours now and
// then, and at the month's end past its edge or past the moment of looking.
func (r *run) delay(w *way) int64 {
	h := r.month.chance(w.i, forDelay)
	switch end := until.Unix(); {
	case w.i >= r.tail[1] && w.e.at > end-20*3600:
		return r.now - w.sent + 600 + int64(h%(3*3600))
	case w.i >= r.tail[0]:
		return max(0, end-w.sent+60+int64(h%(2*3600)))
	case h%9 == 0:
		return 2*3600 + int64(h>>8%(17*3600))
	}
	return 0
}

// retried reports whether the first attempt to send an event on does not succeed.
func (r *run) retried(w *way) bool { return r.month.some(w.i, forRetry, 40) }

// emit is the platform: it writes its ledger and tells of what happened.
func (r *run) emit(w *way) {
	e, m := w.e, r.month
	w.emitted = e.lawful()
	c := &m.cards[e.card]
	mv := record.Movement{ID: w.id, Card: w.card, Kind: e.kind, Status: e.status, Points: e.points, Funding: e.funding, Currency: w.currency, Amount: e.amount,
		At: moment(e.at), CardCreatedAt: moment(c.created), Origin: e.origin.String(), Order: w.order, Refund: w.refund, Issuer: e.issuer.String(),
		Channel: e.channel.String(), Location: e.place.String(), Item: e.item.String()}
	if e.test {
		mv.Test = record.Yes
	}
	if e.status == record.Final {
		mv.BalanceAfter = money.Some(e.balance)
	}
	if e.paid != 0 {
		mv.PricePaid = money.Some(e.paid)
	}
	if e.reverses >= 0 {
		mv.Reverses = m.id(int(e.reverses))
	}
	if e.message != blank {
		mv.Attrs = messages[e.message]
	}
	if m.vendor && e.kind == record.Expiry {
		mv.At = date(e.at)
	}
	mv.Source = r.source(record.Movements)
	r.sink.movement(&mv)
}

var messages = func() (out [len(words)][]record.Attr) {
	for w := birthday; w <= thanks; w++ {
		out[w] = []record.Attr{{Name: "Gift message", Value: w.String()}}
	}
	return out
}()

// forward is the integration layer: it takes what the platform emits and sends
// it on to the ERP.
func (r *run) forward(w *way) {
	if w.emitted {
		r.deliver(w)
	}
}

// deliver logs the ordinary way of an event: taken, and sent on once, at the
// second attempt where the ERP was busy.
func (r *run) deliver(w *way) {
	w.sends = 1
	d := record.Delivery{Event: w.id, Notification: numbered("n-", 70000001+w.i), Kind: w.e.kind, Points: w.e.points, Outcome: record.Delivered, ReceivedAt: moment(w.received),
		Order: w.order, Card: w.card, Refund: w.refund, Amount: money.Some(w.e.amount), Currency: w.currency, Flow: "F-1", Subscription: "S-1", Attempt: 1,
		SentKind: w.e.kind, SentAmount: money.Some(w.owed), SentCurrency: w.currency, SentAt: moment(w.sent)}
	if r.retried(w) {
		first := unsent(d)
		first.Outcome, first.Why = record.Failed, "Books answered 503"
		w.deliveries = append(w.deliveries, first)
		d.Attempt, d.ReceivedAt = 2, moment(w.received+300)
	}
	w.deliveries = append(w.deliveries, d)
}

// again logs a second notification of the same event, sent on as well.
func (r *run) again(w *way) {
	d := *w.last()
	d.Notification, d.Attempt = numbered("n-", 75000001+w.i), 1
	d.ReceivedAt, d.SentAt = moment(w.received+40), moment(w.sent+40)
	w.deliveries = append(w.deliveries, d)
}

// fail logs three attempts that did not succeed, the last with an outcome of its own.
func (r *run) fail(w *way, last record.Outcome, why string) bool {
	d := unsent(*w.last())
	d.Outcome, d.Why = record.Failed, why
	w.deliveries = w.deliveries[:0]
	for a := range 3 {
		d.Attempt, d.ReceivedAt = a+1, moment(w.received+int64(a*a)*900)
		if a == 2 {
			d.Outcome = last
		}
		w.deliveries = append(w.deliveries, d)
	}
	w.sends = 0
	return true
}

// stop ends the way of an event in the integration layer.
func (w *way) stop(o record.Outcome, why string) bool {
	d := *w.last()
	if o != record.RejectedByERP {
		d = unsent(d)
	}
	d.Attempt, d.ReceivedAt = 1, moment(w.received)
	d.Outcome, d.Why = o, why
	w.deliveries = append(w.deliveries[:0], d)
	w.sends = 0
	return true
}

func unsent(d record.Delivery) record.Delivery {
	d.SentKind, d.SentAmount, d.SentCurrency, d.SentAt = record.NoKind, money.Opt{}, money.Currency{}, record.Time{}
	return d
}

func (w *way) last() *record.Delivery { return &w.deliveries[len(w.deliveries)-1] }

// receive is the ERP's door: one document for each event that is sent.
func (r *run) receive(w *way) {
	for k := range w.sends {
		w.postings = append(w.postings, r.posting(w, w.posted+int64(k)*40))
	}
	if w.byHand {
		r.byHand(w, w.handRef, 0)
	}
}

func (r *run) posting(w *way, at int64) record.Posting {
	p := record.Posting{Kind: w.e.kind, Type: docTypes[w.e.kind], From: record.FromIntegration, Currency: w.currency, Amount: w.owed, Ref: w.id, Card: w.card,
		Refund: w.refund, Item: w.e.item.String(), PostedAt: moment(at), Dated: date(at)}
	if w.e.order >= 0 {
		p.Order = numbered("", firstOrder+int(w.e.order))
		if r.orderRefs {
			p.Ref = p.Order
		}
	}
	return p
}

// byHand is a clerk who books the event after some seconds.
func (r *run) byHand(w *way, ref string, after int64) {
	p := r.posting(w, w.posted+after)
	p.From, p.Type, p.Ref, p.Refund, p.Item, p.Memo = record.ByHand, "Journal", ref, "", "", "booked by hand from the card list"
	w.postings = append(w.postings, p)
}

// amount changes what is sent and booked.
func (w *way) amount(a money.Amount) bool {
	w.last().SentAmount = money.Some(a)
	for i := range w.postings {
		w.postings[i].Amount = a
	}
	return a != w.owed
}

// vanish leaves the event delivered and the ERP without it.
func (w *way) vanish() bool { w.postings = w.postings[:0]; return true }

// book puts what arrived on an account.
func (w *way) book(account, rule string) bool {
	for i := range w.postings {
		w.postings[i].Account, w.postings[i].Rule = account, rule
	}
	return true
}

var docTypes = [...]string{record.Load: "Invoice", record.Redemption: "Payment", record.RefundToCard: "Credit Memo", record.SaleRefund: "Cash Refund",
	record.Adjustment: "Journal", record.Expiry: "Journal", record.Reversal: "Journal", record.Deactivation: "Journal"}

func ruleOf(k record.Kind) string {
	switch k {
	case record.Load:
		return "R-SALE"
	case record.Redemption:
		return "R-REDEEM"
	case record.RefundToCard:
		return "R-CREDIT"
	case record.SaleRefund, record.Deactivation:
		return "R-RETURN"
	case record.Expiry:
		return "R-EXPIRE"
	case record.Adjustment:
		return "R-ADJUST"
	}
	return "" // none books it
}

// classify is the ERP's posting rules, and its look at the card's balance.
func (r *run) classify(w *way) {
	for i := range w.postings {
		p := &w.postings[i]
		p.Status, p.Account, p.Rule = record.Posted, liability, ruleOf(p.Kind)
		if p.Kind == record.Other {
			p.Account = income
			if p.Type == "Card Payment" {
				p.Account = clearing
			}
		}
	}
}

// cover holds what takes more from a card than the ERP has recorded for it. A
// plain ledger books it all the same.
func (r *run) cover(w *way) {
	if w.broke != nil || len(w.postings) == 0 || !r.lacks(w) {
		return
	}
	w.uncovered = true
	if r.plain {
		return
	}
	for i := range w.postings {
		w.postings[i].Status, w.postings[i].Reason = record.InException, "the gift certificate's balance does not cover it"
		if r.recorded[w.e.card] == 0 {
			w.postings[i].Reason = "no gift certificate to apply it to"
		}
	}
}

// lacks reports whether an event takes more from its card than the ERP has recorded for it.
func (r *run) lacks(w *way) bool { return w.owed < 0 && r.recorded[w.e.card]+w.owed < 0 }

// date is the ERP's day of a moment.
func date(unix int64) record.Time {
	t := time.Unix(unix, 0).In(zone)
	y, m, d := t.Date()
	start := time.Date(y, m, d, 0, 0, 0, 0, zone)
	return record.Within(start, start.AddDate(0, 0, 1))
}
