package trace

import (
	"gcdiag/internal/casefile"
	"gcdiag/internal/money"
	"gcdiag/internal/record"
)

// Linked records stay until the end, so that bytes count. What seldom differs between
// the records of one type, their traits, is kept once for all that have the same.

// Movement is a record.Movement as an event keeps it.
type Movement struct {
	record.Source
	ID, Card, Order, Refund string
	Amount                  money.Amount
	At                      record.Time
	BalanceAfter            money.Opt
	Attrs                   []record.Attr
	*MovementTraits
}

// MovementTraits are the traits of movements.
type MovementTraits struct {
	Kind     record.Kind
	Status   record.Status
	Test     record.Bool
	Points   bool
	Contrary bool
	Funding  record.Funding
	Currency money.Currency

	PricePaid     money.Opt
	CardCreatedAt record.Time

	Origin, Reverses, Transfer              string
	Issuer, Channel, Location, Item, Entity string
}

// Delivery is a record.Delivery as an event keeps it.
type Delivery struct {
	record.Source
	ID, Event, Notification string
	Order, Card, ERPRef     string
	ReceivedAt, SentAt      record.Time
	Amount, SentAmount      money.Opt
	Attrs                   []record.Attr
	*DeliveryTraits
}

// DeliveryTraits are the traits of deliveries.
type DeliveryTraits struct {
	Kind, SentKind         record.Kind
	Outcome                record.Outcome
	Points                 bool
	Currency, SentCurrency money.Currency
	Attempt                int

	Refund, Why, Flow, Subscription, Batch string
}

// Posting is a record.Posting as it is kept.
type Posting struct {
	record.Source
	ID, Document, Ref string
	Order, Card, Memo string
	Amount            money.Amount
	Dated, PostedAt   record.Time
	Attrs             []record.Attr
	*PostingTraits
}

// PostingTraits are the traits of postings.
type PostingTraits struct {
	Kind       record.Kind
	Status     record.PostingStatus
	From       record.Feed
	ByKindSign bool
	Currency   money.Currency

	Refund, Account, Type, Item string
	Rule, Reason, Batch, Entity string
}

// When is the best time of the row: when it was posted, else its date.
func (p *Posting) When() record.Time {
	if p.PostedAt.Known() {
		return p.PostedAt
	}
	return p.Dated
}

// traits lists different traits.
type traits[T comparable] map[T]*T

// of is where traits are kept that are equal to some.
func (known traits[T]) of(x T) *T {
	p := known[x]
	if p == nil {
		p = new(T)
		*p = x
		if len(known) < mostSorts { // else hardly a record is like others
			known[x] = p
		}
	}
	return p
}

// movements, deliveries and postings make of a record what is kept of it. What one
// such function makes has its traits in common.
func movements() func(*record.Movement) Movement {
	known := traits[MovementTraits]{}
	return func(m *record.Movement) Movement {
		return Movement{m.Source, m.ID, m.Card, m.Order, m.Refund, m.Amount, m.At, m.BalanceAfter, m.Attrs, known.of(MovementTraits{
			m.Kind, m.Status, m.Test, m.Points, m.Contrary, m.Funding, m.Currency, m.PricePaid, m.CardCreatedAt,
			m.Origin, m.Reverses, m.Transfer, m.Issuer, m.Channel, m.Location, m.Item, m.Entity})}
	}
}

func deliveries() func(*record.Delivery) Delivery {
	known := traits[DeliveryTraits]{}
	return func(d *record.Delivery) Delivery {
		return Delivery{d.Source, d.ID, d.Event, d.Notification, d.Order, d.Card, d.ERPRef, d.ReceivedAt, d.SentAt, d.Amount, d.SentAmount, d.Attrs, known.of(DeliveryTraits{
			d.Kind, d.SentKind, d.Outcome, d.Points, d.Currency, d.SentCurrency, d.Attempt, d.Refund, d.Why, d.Flow, d.Subscription, d.Batch})}
	}
}

func postings() func(*record.Posting) Posting {
	known := traits[PostingTraits]{}
	return func(p *record.Posting) Posting {
		return Posting{p.Source, p.ID, p.Document, p.Ref, p.Order, p.Card, p.Memo, p.Amount, p.Dated, p.PostedAt, p.Attrs, known.of(PostingTraits{
			p.Kind, p.Status, p.From, p.ByKindSign, p.Currency, p.Refund, p.Account, p.Type, p.Item, p.Rule, p.Reason, p.Batch, p.Entity})}
	}
}

// keep makes what is kept of all records of a table, in their order.
func keep[R, K any](table *casefile.Table[R], as func(*R) K) []*K {
	slab, out := written[K](table.Len()), make([]*K, 0, table.Len())
	for r := range table.All() {
		x := &slab[len(out)]
		*x = as(r)
		out = append(out, x)
	}
	return out
}
