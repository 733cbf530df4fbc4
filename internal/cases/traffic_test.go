package cases

import (
	"fmt"
	"math/rand/v2"
	"time"

	"gcdiag/internal/casefile"
	"gcdiag/internal/money"
	"gcdiag/internal/record"
)

// traffic is a year of three systems in which nearly everything is clean: what
// the three export files of the benchmark look like, made in memory. The same
// numbers give the same case.
type traffic struct {
	r     *rand.Rand
	c     *casefile.Case
	truth map[string]int // events by what was done to them

	movements  []record.Movement
	deliveries []record.Delivery
	postings   []record.Posting
	exceptions []record.Exception

	near []int // movements among which spoil chooses
}

var trafficStart = time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)

// faults are what can happen to an event, with its rate in thousandths.
var faults = []struct {
	name string
	rate int
}{{"not-received", 4}, {"unlogged", 2}, {"filtered", 6}, {"failed", 3}, {"routing", 3}, {"mapping-kind", 3}, {"mapping-amount", 3}, {"duplicate", 2}, {"no-rule", 3}}

// newTraffic makes n events, each fault as often as its rate times scale says.
func newTraffic(seed uint64, n, scale int, byTime bool) *traffic {
	t := &traffic{r: rand.New(rand.NewPCG(seed, 17)), truth: map[string]int{}}
	usd, jpy := money.MustCurrency("USD"), money.MustCurrency("JPY")
	t.c = &casefile.Case{Mode: "files", Window: record.Window{Since: trafficStart.AddDate(-1, 0, 0), Until: trafficStart.AddDate(1, 0, 0)}, AsOf: trafficStart.AddDate(1, 0, 0),
		Zone: time.UTC, Liability: []string{"2350"}, Currency: usd, Policy: casefile.DefaultPolicy(), Complete: true,
		Systems: []casefile.System{
			{Role: record.Platform, Name: "Shop", Zone: time.UTC}, {Role: record.Integration, Name: "Relay", Zone: time.UTC}, {Role: record.ERP, Name: "Books", Zone: time.UTC},
		}}
	channels, origins := []string{"web", "pos", ""}, []string{"sold", "manual", ""}
	for len(t.movements) < n {
		card := fmt.Sprintf("gc_%08x", t.r.Uint32())
		at := trafficStart.Add(time.Duration(t.r.IntN(60*86400)) * time.Second)
		currency, channel, origin := usd, channels[t.r.IntN(3)], origins[t.r.IntN(3)]
		if t.r.IntN(10) == 0 {
			currency = jpy
		}
		old := t.r.IntN(12) == 0 // its first load was before all this
		for k := range 1 + t.r.IntN(6) {
			kind, amount := record.Load, money.Amount(500*(1+t.r.IntN(40)))
			if t.r.IntN(8) > 0 && (k > 0 || old) {
				kind, amount = record.Redemption, -money.Amount(100+t.r.IntN(6000))
				switch t.r.IntN(8) {
				case 0, 1:
					kind, amount = record.RefundToCard, -amount
				case 2:
					kind = record.SaleRefund
				}
			}
			at = at.Add(time.Duration(60+t.r.IntN(2*86400)) * time.Second)
			t.event(record.Movement{ID: fmt.Sprintf("evt_%016x", t.r.Uint64()), Card: card, Kind: kind, Currency: currency, Amount: amount, At: record.At(at),
				Order: fmt.Sprintf("ord_%d", t.r.IntN(1<<30)), Channel: channel, Origin: origin}, scale)
		}
	}
	for i := range n * scale / 1000 {
		t.truth["orphan"]++
		account := "2350"
		if i%5 == 4 {
			account = "9990"
		}
		t.book(record.Movement{ID: fmt.Sprintf("evt_%016x", t.r.Uint64()), Card: t.movements[t.r.IntN(len(t.movements))].Card, Kind: record.Load, Currency: usd,
			Amount: money.Amount(100 + t.r.IntN(9000)), At: record.At(trafficStart.Add(time.Duration(t.r.IntN(60*86400)) * time.Second))}, account, 0)
	}
	if !byTime {
		t.r.Shuffle(len(t.movements), func(i, j int) { t.movements[i], t.movements[j] = t.movements[j], t.movements[i] })
		t.r.Shuffle(len(t.deliveries), func(i, j int) { t.deliveries[i], t.deliveries[j] = t.deliveries[j], t.deliveries[i] })
		t.r.Shuffle(len(t.postings), func(i, j int) { t.postings[i], t.postings[j] = t.postings[j], t.postings[i] })
	}
	return t
}

// event makes a movement, and draws what becomes of it.
func (t *traffic) event(m record.Movement, scale int) {
	what, draw := "clean", t.r.IntN(1000)
	for _, f := range faults {
		if draw < f.rate*scale {
			what = f.name
			break
		}
		draw -= f.rate * scale
	}
	t.become(m, what)
}

// become makes a movement and has a fault, or "clean", become of it.
func (t *traffic) become(m record.Movement, what string) {
	t.movements = append(t.movements, m)
	t.truth[what]++
	account, booked := "2350", m
	switch what {
	case "not-received", "unlogged":
	case "filtered":
		t.send(m, record.Filtered, "")
	case "failed":
		t.send(m, record.Failed, "HTTP 503 from ERP")
	default:
		if t.r.IntN(50) == 0 {
			t.send(m, record.Failed, "HTTP 503 from ERP")
		}
		t.send(m, record.Delivered, "")
	}
	switch what {
	case "not-received", "filtered", "failed", "routing":
		return
	case "mapping-kind":
		booked.Kind, account = record.Other, "4000"
	case "mapping-amount":
		booked.Amount += 37
	case "no-rule":
		account = "9990"
	case "duplicate":
		t.book(booked, account, 600)
	}
	t.book(booked, account, 0)
}

func (t *traffic) send(m record.Movement, o record.Outcome, why string) {
	d := record.Delivery{Event: m.ID, Outcome: o, ReceivedAt: record.At(m.At.Earliest().Add(3 * time.Second)), Why: why, SentKind: m.Kind}
	if o == record.Delivered {
		d.ReceivedAt = record.At(m.At.Earliest().Add(63 * time.Second))
		d.ERPRef = "JE" + m.ID[4:]
	}
	d.System = 1
	t.deliveries = append(t.deliveries, d)
}

func (t *traffic) book(m record.Movement, account string, after int) {
	p := record.Posting{ID: "JE" + m.ID[4:], Kind: m.Kind, Currency: m.Currency, Amount: m.Amount, Dated: record.At(m.At.Earliest().Add(time.Duration(90+after) * time.Second)),
		Account: account, Ref: m.ID, Card: m.Card}
	if after > 0 {
		p.ID = "D" + p.ID
	}
	if account == "2350" {
		p.Rule = "GC-LIAB-01"
	}
	p.System = 2
	t.postings = append(t.postings, p)
}

// file puts the rows into the case.
func (t *traffic) file() *casefile.Case {
	b := casefile.NewBuilder(t.c)
	for i := range t.c.Systems {
		kind := []record.Type{record.Movements, record.Deliveries, record.Postings}[i]
		t.c.Systems[i].Reads = []casefile.Read{{Record: kind, State: casefile.Empty}}
		t.c.Systems[i].Inputs = []casefile.Input{{Name: kind.String() + ".csv", Record: kind}, {Name: "exceptions.csv", Record: record.Exceptions}}
	}
	for i, m := range t.movements {
		m.Row = uint32(i + 2)
		b.Movement(&m)
	}
	for i, d := range t.deliveries {
		d.Row = uint32(i + 2)
		b.Delivery(&d)
	}
	for i, p := range t.postings {
		p.Row = uint32(i + 2)
		b.Posting(&p)
	}
	for i, x := range t.exceptions {
		x.System, x.Input, x.Row, x.ID = 2, 1, uint32(i+2), fmt.Sprint(x.ID, "-", i)
		b.Exception(&x)
	}
	return b.Finish()
}

// spoil does one thing to one row that real exports do, lawful or not, and says
// what: the n-th of a list that begins anew at its end.
func (t *traffic) spoil(n int) string {
	r := t.r
	if t.near == nil { // what is spoilt lies close together, so that one thing meets another
		t.near = r.Perm(len(t.movements))[:8]
	}
	m, o := &t.movements[t.near[r.IntN(8)]], &t.movements[t.near[r.IntN(8)]]
	d, p, q := &t.deliveries[r.IntN(len(t.deliveries))], &t.postings[r.IntN(len(t.postings))], &t.postings[r.IntN(len(t.postings))]
	for i := range t.deliveries {
		if t.deliveries[i].Event == m.ID && r.IntN(4) > 0 {
			d = &t.deliveries[i]
		}
	}
	for i := range t.postings {
		switch x := &t.postings[i]; {
		case x.Ref == m.ID && r.IntN(4) > 0:
			p = x
		case x.Ref == o.ID && r.IntN(4) > 0:
			q = x
		}
	}
	day := record.Within(trafficStart.AddDate(0, 0, 9), trafficStart.AddDate(0, 0, 10))
	acts := []struct {
		what string
		do   func()
	}{
		{"ref of another's order", func() { p.Ref = o.Order }}, {"ref of another's card", func() { p.Ref = o.Card }}, {"ref of another event", func() { p.Ref = o.ID }},
		{"no ref", func() { p.Ref = "" }}, {"no ref, no card", func() { p.Ref, p.Card = "", "" }}, {"ref with a prefix", func() { p.Ref = "NS-" + p.Ref }},
		{"ref upper case", func() { p.Ref = "EVT" + p.Ref[min(3, len(p.Ref)):] }}, {"no card", func() { p.Card = "" }}, {"another card", func() { p.Card = o.Card }},
		{"masked card", func() { p.Card = "••••" + p.Card[max(0, len(p.Card)-4):] }}, {"order on the row", func() { p.Order = o.Order }}, {"ref is a delivery", func() { d.Notification = "n-1"; p.Ref = "n-1" }},
		{"documents shared", func() { p.Document, q.Document = "doc-1", "doc-1" }}, {"document alone", func() { p.Document = "doc-" + p.ID }}, {"batch", func() { p.Batch = "b-1"; d.Batch = "b-1" }},
		{"by hand", func() { p.From = record.ByHand }}, {"from the feed", func() { p.From = record.FromIntegration }}, {"open", func() { p.Status = record.Open }}, {"exception", func() { p.Status = record.InException; p.Reason = "no rule" }},
		{"no kind", func() { p.Kind = record.NoKind }}, {"a type", func() { p.Type = "CustomGC" }}, {"an item", func() { p.Item = "GC-50" }}, {"the account's name", func() { p.Account = "2350 Gift cards" }},
		{"bare date", func() { p.Dated = day }}, {"refund on the row", func() { p.Refund = o.ID }}, {"other currency", func() { p.Currency = money.MustCurrency("EUR") }},
		{"posted before the window", func() { p.Dated = record.At(trafficStart.AddDate(-2, 0, 0)) }}, {"id is another's reference", func() { p.ID = "JE" + o.ID[4:] }}, {"off by a cent", func() { p.Amount++ }},
		{"outside the window", func() { m.At = record.At(trafficStart.AddDate(-2, 0, 0)) }}, {"a test", func() { m.Test = record.Yes }}, {"pending", func() { m.Status = record.Pending }},
		{"promotional", func() { m.Funding = record.Promotional }}, {"paid", func() { m.Funding = record.Paid }}, {"balance after", func() { m.BalanceAfter = money.Some(m.Amount) }},
		{"reversal", func() {
			*o = record.Movement{Source: o.Source, ID: o.ID, Card: m.Card, Kind: record.Reversal, Currency: m.Currency, Amount: -m.Amount, At: m.At, Reverses: m.ID}
		}},
		{"transfer", func() { m.Transfer, o.Transfer = "t-1", "t-1" }}, {"order shared", func() { m.Order = o.Order }}, {"order is the id", func() { m.Order = m.ID }}, {"order is another's id", func() { m.Order = o.ID }},
		{"card is another's order", func() { m.Card = o.Order }}, {"same id in capitals", func() { m.ID = "EVT" + o.ID[3:] }}, {"refund id", func() { m.Refund = "re-" + m.ID }}, {"bare day", func() { m.At = day }},
		{"contrary", func() { m.Contrary, m.Amount = true, -m.Amount }}, {"points", func() { m.Points = true }}, {"entity", func() { m.Entity = "EU" }}, {"no order", func() { m.Order = "" }},
		{"an attribute", func() { m.Attrs = []record.Attr{{Name: "tier", Value: "gold"}} }}, {"created long ago", func() { m.CardCreatedAt = record.At(trafficStart.AddDate(-3, 0, 0)) }},
		{"delivery of nothing", func() { d.Event = "evt_nothing" }}, {"delivery by order", func() { d.Event, d.Order = "", m.Order }}, {"delivery of another", func() { d.Event = o.ID }},
		{"delivery with kind", func() { d.Kind = m.Kind }}, {"delivery with another card", func() { d.Card = o.Card }}, {"held", func() { d.Outcome = record.Held }}, {"erp ref of another", func() { d.ERPRef = p.ID }},
		{"a flow", func() { d.Flow = "flow-1" }}, {"reject", func() {
			t.c.Rejects = append(t.c.Rejects, casefile.Reject{Source: record.Source{System: 2, Row: 9}, Record: record.Postings, Place: "postings.csv:9", Reason: "bad", Keys: []string{o.Order}})
		}},
		{"a line of one document without a reference", func() { p.Document, q.Document, q.Ref, q.Order, p.Order = "doc-2", "doc-2", "", "", m.Order }},
		{"order is another's id, and the row is off", func() { o.Order, p.Amount, p.Ref = m.ID, p.Amount+1, m.ID }},
		{"exception by order", func() {
			t.exceptions = append(t.exceptions, record.Exception{ID: "x-1", Order: m.Order, Reason: "no rule"})
		}},
		{"exception by event", func() { t.exceptions = append(t.exceptions, record.Exception{ID: "x-2", Ref: m.ID}) }},
		{"exception by card", func() {
			t.exceptions = append(t.exceptions, record.Exception{ID: "x-3", Card: m.Card, Kind: m.Kind, Amount: money.Some(m.Amount), OpenedAt: m.At})
		}},
		{"a second row by order", func() {
			t.postings = append(t.postings, record.Posting{Source: record.Source{System: 2}, ID: "again-" + m.ID, Kind: m.Kind, Currency: m.Currency, Amount: m.Amount, Dated: m.At, Account: "2350", Order: m.Order})
		}},
		{"a row by card and amount", func() {
			t.postings = append(t.postings, record.Posting{Source: record.Source{System: 2}, ID: "card-" + m.ID, Kind: m.Kind, Currency: m.Currency, Amount: m.Amount, Dated: m.At, Account: "2350", Card: m.Card})
		}},
		{"a row without anything", func() {
			t.postings = append(t.postings, record.Posting{Source: record.Source{System: 2}, ID: "bare-" + m.ID, Currency: m.Currency, Amount: m.Amount, Dated: m.At, Account: "2350"})
		}},
		{"all of a channel lost", func() {
			for i := range t.deliveries {
				if x := &t.deliveries[i]; len(x.Event) > 4 && x.Event[4] == 'a' {
					x.Outcome = record.Filtered
				}
			}
		}},
		{"nameless reject", func() {
			t.c.Rejects = append(t.c.Rejects, casefile.Reject{Source: record.Source{System: 2, Row: 8}, Record: record.Postings, Place: "postings.csv:8", Reason: "bad"})
		}},
	}
	a := acts[n%len(acts)]
	a.do()
	return a.what
}
