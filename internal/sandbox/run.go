package sandbox

import (
	"cmp"
	"slices"
	"time"

	"gcdiag/internal/money"
	"gcdiag/internal/record"
)

// run is one month on its way through the three systems.
type run struct {
	shape
	month   *month
	sink    *sink
	set     setup
	twists  []*twist
	choices []choice
	now     int64  // as of when the systems are looked at
	tail    [2]int // where the last events of the month start that come late, and not at all
	truth   *witness

	rows     [record.Exceptions + 1]uint32
	places   [record.Exceptions + 1][2]uint16
	last     []int64           // per card: when the ERP got its last event
	recorded []money.Amount    // per card: what the ERP owes for it
	short    map[int32][]int32 // per card: root events whose value the ERP lacks for it
	clerk    int               // events that were for a clerk to book
	heard    int64             // the integration layer's last delivery
	batches  map[batchKey]money.Amount
	cut      []record.Posting // of an export that ends early, with their events
	cutFor   []*way
}

// batchKey names one line of a daily journal.
type batchKey struct {
	day      string
	currency money.Currency
	kind     record.Kind
}

func newRun(s Scenario, m *month, out *sink) *run {
	r := &run{shape: s.shape, month: m, sink: out, twists: s.twists, now: asOf.Unix(),
		last: make([]int64, len(m.cards)), recorded: make([]money.Amount, len(m.cards)), short: map[int32][]int32{}, batches: map[batchKey]money.Amount{}}
	if r.late {
		r.now = until.Add(3 * time.Hour).Unix()
		all := m.candidates((*event).lawful)
		for k, last := range [2]int{12, 6} {
			r.tail[k] = len(m.events)
			if len(all) > 0 {
				r.tail[k] = all[max(0, len(all)-last)]
			}
		}
	}
	r.set.subscribed = dayOne.AddDate(0, -7, 0).Unix()
	r.set.filter, r.set.changed = "", dayOne.AddDate(0, -3, 0).Unix()
	r.set.rules = ordinaryRules()
	if m.vendor {
		r.vendors()
	}
	for _, t := range s.twists {
		c := t.choose(m)
		r.choices = append(r.choices, c)
		if t.configure != nil {
			t.configure(&r.set, c)
		}
	}
	for i, sys := range systems(s.shape) {
		for k, in := range sys.inputs {
			r.places[in.Record] = [2]uint16{uint16(i), uint16(k)}
		}
	}
	for c := range m.cards {
		r.recorded[c] = m.cards[c].opening
	}
	r.truth = newTruth(r)
	return r
}

// source numbers the rows of a record type: the first stands below the header.
func (r *run) source(t record.Type) record.Source {
	r.rows[t]++
	return record.Source{System: r.places[t][0], Input: r.places[t][1], Row: r.rows[t] + 1}
}

// happen lets the month happen.
func (r *run) happen() {
	for i := range r.month.events {
		e := &r.month.events[i]
		if e.at > r.now {
			break
		}
		r.pass(i, e)
	}
	r.close()
	r.lists()
	r.truth.finish()
}

// pass sends one event through the systems.
func (r *run) pass(i int, e *event) {
	m := r.month
	w := &way{i: i, e: e, currency: m.cards[e.card].currency, id: m.id(i), card: m.cardID(e.card), owed: e.owed()}
	if e.order >= 0 {
		w.order = m.orderID(e.order)
	}
	if e.refund > 0 {
		w.refund = m.refundID(e.refund)
	}
	r.clock(w)
	r.emit(w)
	r.strike(emit, w)
	r.forward(w)
	r.strike(forward, w)
	r.receive(w)
	r.strike(receive, w)
	r.classify(w)
	r.strike(classify, w)
	r.cover(w)
	r.write(w)
}

// strike lets the twists of a hop do their work: the first that breaks an event is the last.
func (r *run) strike(h hop, w *way) {
	for k, t := range r.twists {
		if t.hop != h || w.broke != nil || w.oddity != nil || !r.choices[k].strikes(w.i) || !t.strike(r, w) {
			continue
		}
		if t.step > 0 {
			w.broke = t
		} else {
			w.oddity = t
		}
	}
}

func (c *choice) strikes(i int) bool { return len(c.has) > 0 && c.has[i] }

// write puts what the systems hold of an event into their exports, as far as
// it has happened, and the truth about it into the truth.
func (r *run) write(w *way) {
	if r.daily && len(w.postings) > 0 {
		r.enterJournal(w)
	}
	arrived := w.postings[:0]
	for _, p := range w.postings {
		if p.PostedAt.Earliest().Unix() <= r.now {
			arrived = append(arrived, p)
		}
	}
	w.postings = arrived
	for k := range w.postings {
		r.name(&w.postings[k], r.count(record.Postings)+k, document(w.e.kind))
	}
	r.log(w)
	for k := range w.postings {
		r.post(w, &w.postings[k])
	}
	r.truth.event(w)
	gain := money.Amount(0)
	for k := range w.postings {
		p := &w.postings[k]
		if p.Account == liability && p.Status.Counts() && p.Card != "" && p.Currency == w.currency {
			gain += p.Amount
		}
	}
	if r.daily && w.sends > 0 {
		gain = w.owed
	}
	r.recorded[w.e.card] += gain
	if w.broke != nil && w.e.counts() && gain < w.owed && w.owed > 0 {
		r.short[w.e.card] = append(r.short[w.e.card], int32(w.i))
	}
}

// name numbers an ERP row. NetSuite's rows are lines of transactions, and what
// integrations keep of these is the internal id.
func (r *run) name(p *record.Posting, n int, document string) {
	p.ID = numbered("JE", 80000000+n)
	p.Document = numbered(document, 40000000+n)
	if r.month.vendor {
		p.Document = numbered("", 80000000+n)
		p.ID = p.Document + ":1"
	}
}

// vendors sets up what the vendors' systems have otherwise: the integration asks
// for what fires no webhook, and the rule for cards taken back is one for
// deactivations.
func (r *run) vendors() {
	r.set.feed(record.Load, "manual", record.ViaAPI)
	r.set.feed(record.Load, "app", record.ViaAPI)
	for _, k := range []record.Kind{record.Adjustment, record.Expiry, record.Deactivation} {
		r.set.feed(k, "", record.ViaAPI)
	}
	for i := range r.set.rules {
		if rule := &r.set.rules[i]; rule.ID == ruleOf(record.Deactivation) {
			rule.Kinds, rule.Matches = record.Kinds(0).With(record.Deactivation), "kind = "+record.Deactivation.String()
		}
	}
}

// count is the number of the next row of a record type, from 1.
func (r *run) count(t record.Type) int { return int(r.rows[t]) + len(r.cut) + 1 }

// log writes the integration layer's log.
func (r *run) log(w *way) {
	if r.alone {
		return
	}
	next := 0
	for k := range w.deliveries {
		d := &w.deliveries[k]
		if d.ReceivedAt.Earliest().Unix() > r.now {
			continue
		}
		r.heard = max(r.heard, d.ReceivedAt.Earliest().Unix())
		if d.Outcome == record.Delivered {
			if r.failuresOnly {
				continue
			}
			if !r.daily && d.SentAt.Earliest().Unix() > r.now {
				*d = unsent(*d)
				d.Outcome = record.Queued
			} else if next < len(w.postings) && w.postings[next].From == record.FromIntegration && !r.orderRefs && !r.daily {
				d.ERPRef = w.postings[next].ID
				if next+1 < w.sends {
					next++
				}
			}
		}
		d.Source = r.source(record.Deliveries)
		d.ID = numbered("d-", 30000000+int(r.rows[record.Deliveries]))
		r.sink.delivery(d)
	}
}

// post writes one row of the ERP, and what waits in its queue.
func (r *run) post(w *way, p *record.Posting) {
	if r.endsEarly {
		r.cut, r.cutFor = append(r.cut, *p), append(r.cutFor, w)
		return
	}
	r.put(p)
}

func (r *run) put(p *record.Posting) {
	p.Source = r.source(record.Postings)
	r.sink.posting(p)
	if p.Status != record.InException {
		return
	}
	x := record.Exception{Source: r.source(record.Exceptions), Kind: p.Kind, Ref: p.Ref, Order: p.Order, Card: p.Card, Amount: money.Some(p.Amount),
		Currency: p.Currency, OpenedAt: p.PostedAt, Reason: p.Reason}
	x.ID = numbered("X-", 100+int(r.rows[record.Exceptions]))
	r.sink.exception(&x)
}

func document(k record.Kind) string {
	switch k {
	case record.Load:
		return "INV"
	case record.Redemption:
		return "PAY"
	}
	return "DOC"
}

// enterJournal adds an event to the journal of its day instead of a row of its own.
func (r *run) enterJournal(w *way) {
	t := time.Unix(w.e.at, 0).In(zone)
	day := t.Format(time.DateOnly)
	r.batches[batchKey{day, w.currency, w.e.kind}] += w.owed
	w.postings = w.postings[:0]
	d := w.last()
	d.SentAt = record.At(closing(t))
	if r.keyed {
		d.Batch = "close-" + day
	}
}

// closing is when the journal of a moment's day is written.
func closing(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d+1, 3, 30, 0, 0, zone)
}

// close writes what the ERP holds beside the rows of single events.
func (r *run) close() {
	keys := make([]batchKey, 0, len(r.batches))
	for k := range r.batches {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b batchKey) int {
		return cmp.Or(cmp.Compare(a.day, b.day), cmp.Compare(a.currency.String(), b.currency.String()), cmp.Compare(a.kind, b.kind))
	})
	for _, k := range keys {
		t, err := time.ParseInLocation(time.DateOnly, k.day, zone)
		if err != nil {
			panic("sandbox: " + err.Error()) // can't be: the day was written by enterJournal
		}
		p := record.Posting{Kind: k.kind, Type: "Daily Journal", Status: record.Posted,
			From: record.FromIntegration, Currency: k.currency, Amount: r.batches[k], Account: liability, Rule: ruleOf(k.kind),
			Dated: record.Within(t, t.AddDate(0, 0, 1)), PostedAt: record.At(closing(t))}
		r.name(&p, r.count(record.Postings), "")
		p.Document = "CLOSE-" + k.day
		if r.keyed {
			p.Batch = "close-" + k.day
		}
		p.Source = r.source(record.Postings)
		r.sink.posting(&p)
	}
	if r.set.orphans {
		r.orphans()
	}
	if r.endsEarly {
		r.endEarly()
	}
}

// orphans writes ERP rows from the feed that no event of the platform stands behind.
func (r *run) orphans() {
	for k := range few(len(r.month.candidates(soldCard))) {
		h := r.month.chance(k, 4)
		at := since.AddDate(0, 0, int(h%windowDays)).Unix() + 9*3600 + int64(h>>8%(10*3600))
		p := record.Posting{Kind: record.Load, Type: "Invoice", Status: record.Posted,
			From: record.FromIntegration, Currency: usd, Amount: faces[h>>24%5], Account: liability, Rule: ruleOf(record.Load), Ref: numbered("t-", 99000001+k),
			Card: numbered("card-", 99000001+k), Item: (card10 + word(h>>24%5)).String(), Dated: date(at), PostedAt: moment(at)}
		r.name(&p, r.count(record.Postings), "INV")
		if r.month.vendor {
			p.Card = r.month.cardID(int32(1_000_000 + k))
			p.Ref = p.Card
		} else {
			p.Document = numbered("INV", 95000000+k)
		}
		p.Source = r.source(record.Postings)
		r.sink.posting(&p)
		r.truth.orphan(&p)
	}
}

// cap is how many rows the ERP's export holds where it ends early.
func (r *run) cap() int {
	n := 0
	for i := range r.month.events {
		if r.month.events[i].lawful() {
			n++
		}
	}
	return max(1, n*6/10/50) * 50
}

// endEarly writes the oldest rows of the ERP and keeps the rest back.
func (r *run) endEarly() {
	order := make([]int, len(r.cut))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return r.cut[a].PostedAt.Compare(r.cut[b].PostedAt) })
	most := r.cap()
	for n, k := range order {
		if n < most {
			r.put(&r.cut[k])
		} else {
			r.truth.unseen(r.cutFor[k])
		}
	}
}

// lists writes what the systems say of themselves, and the orders.
func (r *run) lists() {
	for i := range r.month.orders {
		r.order(i, &r.month.orders[i])
	}
	if !r.alone {
		r.sink.subscription(&record.Subscription{Source: r.source(record.Subscriptions), ID: "S-1", Topic: "gift_card_transactions/create", Active: record.Yes,
			CreatedAt: moment(r.set.subscribed), LastSuccessAt: moment(r.heard), Address: "https://relay.example/hooks/gift-cards", Visible: record.VisibleAll})
		f := record.Flow{Source: r.source(record.Flows), ID: "F-1", Name: "Gift card events to Books", Enabled: record.Yes, Trigger: record.TriggerWebhook,
			Filter: r.set.filter, ChangedAt: moment(r.set.changed), LastRunAt: moment(r.heard), Log: record.LogAll, RetentionDays: 90}
		if r.daily {
			f.Trigger = record.TriggerBatch
		}
		if r.failuresOnly {
			f.Log = record.LogFailures
		}
		r.sink.flow(&f)
	}
	slices.SortStableFunc(r.set.rules, func(a, b record.Rule) int { return a.Order - b.Order })
	for k := range r.set.rules {
		r.set.rules[k].Source = r.source(record.Rules)
		r.sink.rule(&r.set.rules[k])
	}
}

func (r *run) order(i int, o *order) {
	if o.at > r.now {
		return
	}
	out := record.Order{Source: r.source(record.Orders), ID: r.month.orderID(int32(i)), At: moment(o.at), Status: "paid", Currency: o.currency,
		Amount: money.Some(o.amount), CardStatus: record.CardNone, Gateway: "card terminal", CreatedVia: o.channel.String()}
	if o.channel == online {
		out.Gateway = "acme payments"
	}
	if !o.points {
		out.CardAmount = money.Some(o.card)
	}
	if o.card == o.amount {
		out.Gateway = "gift_card"
	}
	if o.sells {
		out.CardStatus = record.CardIssued
	}
	if o.test {
		out.Test = record.Yes
		out.Gateway = "bogus"
	}
	switch o.status {
	case record.Pending:
		out.Status, out.CardStatus = "pending", record.CardPending
	case record.Cancelled:
		out.Status = "cancelled"
		if o.sells {
			out.CardStatus = record.CardDeclined
		}
	}
	if o.refunded > 0 && o.refundedAt <= r.now {
		out.Status, out.RefundedAt, out.RefundedAmount, out.RefundTo = "refunded", moment(o.refundedAt), money.Some(o.refunded), o.refundTo
		if o.refunded < o.amount {
			out.Status = "partially_refunded"
		}
	}
	r.sink.order(&out)
}

func ordinaryRules() []record.Rule {
	var rules []record.Rule
	for k, name := range [...]string{record.Load: "Gift card sold or issued", record.Redemption: "Gift card redeemed", record.RefundToCard: "Refund to a gift card",
		record.SaleRefund: "Gift card taken back", record.Adjustment: "Gift card adjusted", record.Expiry: "Gift card expired"} {
		if name == "" {
			continue
		}
		kind := record.Kind(k)
		rules = append(rules, record.Rule{ID: ruleOf(kind), Name: name, Matches: "kind = " + kind.String(), Kinds: record.Kinds(0).With(kind), Account: liability,
			Active: record.Yes, Order: 10 * (len(rules) + 1), ChangedAt: record.At(dayOne.AddDate(-1, 0, 0))})
	}
	return rules
}
