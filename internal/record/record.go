// Package record is what the three systems state: movements, orders and cards
// of the platform; subscriptions, deliveries and flows of the integration layer;
// postings, rules and exceptions of the ERP. Records are compact and typed;
// identifiers are text as written (see package ident for comparing them), amounts
// are minor units, times carry a zone. A record never holds a judgement.
package record

import (
	"reflect"
	"slices"
	"strings"

	"gcdiag/internal/money"
)

// Source says where a record was read: index of the system in the case, index
// of the input in that system's list of inputs, and the 1-based row (line of a
// text file, row of a sheet, element of a JSON array).
type Source struct {
	System uint16
	Input  uint16
	Row    uint32
}

// Attr is a column that the contract does not list, kept as the system wrote it.
type Attr struct{ Name, Value string }

// Movement is one row of a platform's card or store credit ledger.
type Movement struct {
	Source
	ID       string
	Card     string
	Kind     Kind
	Status   Status
	Test     Bool
	Points   bool // Amount, BalanceAfter are hundredths of a point, not money
	Contrary bool // a minus was written on a kind that raises what is owed; Amount keeps it
	Funding  Funding
	Currency money.Currency
	Amount   money.Amount // effect on what is owed to card holders: + raises, − lowers
	At       Time

	BalanceAfter  money.Opt
	PricePaid     money.Opt
	CardCreatedAt Time

	Origin, Order, Refund     string
	Reverses, Transfer        string
	Issuer, Channel, Location string
	Item, Entity              string
	Attrs                     []Attr
}

// Card is a platform's balance of one card; it serves as a checksum only.
type Card struct {
	Source
	ID           string
	Balance      money.Opt
	Currency     money.Currency
	Status       string
	CreatedAt    Time
	InitialValue money.Opt
	ExpiresAt    Time
	Attrs        []Attr
}

// Order is what the shop's order view says.
type Order struct {
	Source
	ID             string
	At             Time
	Status         string
	Currency       money.Currency
	Amount         money.Opt
	CardAmount     money.Opt // paid by cards
	CardStatus     CardStatus
	Test           Bool
	Gateway        string
	RefundedAt     Time
	RefundedAmount money.Opt
	RefundTo       RefundTo
	RefundVia      string
	CreatedVia     string
	Attrs          []Attr
}

// Subscription says who is told about what.
type Subscription struct {
	Source
	ID            string
	Topic         string
	Kinds         Kinds // zero: not known
	Active        Bool
	CreatedAt     Time
	RemovedAt     Time
	LastSuccessAt Time
	Failures      int // −1: not known
	Address       string
	Visible       Visible
	Attrs         []Attr
}

// Delivery says what became of one event in the integration layer.
type Delivery struct {
	Source
	Kind         Kind // may be Other
	Outcome      Outcome
	Points       bool
	SentKind     Kind
	Currency     money.Currency
	SentCurrency money.Currency
	Attempt      int    // 0: not known
	ID           string // "": file and row stand for it
	Event        string // the platform's movement id
	Notification string // shared by redeliveries of one notification
	ReceivedAt   Time
	Order, Card  string
	Refund       string
	Amount       money.Opt // as sent by the platform
	Why          string
	Flow         string
	Subscription string
	Batch        string
	SentAmount   money.Opt
	SentAt       Time
	ERPRef       string
	Attrs        []Attr
}

// Flow is one flow of the integration layer.
type Flow struct {
	Source
	ID, Name      string
	Kinds         Kinds
	Enabled       Bool
	Trigger       Trigger
	Filter        string
	ChangedAt     Time
	LastRunAt     Time
	Log           LogScope
	RetentionDays int // −1: not known
	Attrs         []Attr
}

// Posting is one ledger line of the ERP, or one document line that ought to
// reach the ledger. Amount is credit − debit on the posting's account.
type Posting struct {
	Source
	ID          string
	Kind        Kind // zero: the ERP does not say; Other: it says something else
	Status      PostingStatus
	From        Feed
	ByKindSign  bool // the file's amounts were absolute; the kind gave the sign
	Currency    money.Currency
	Amount      money.Amount
	Dated       Time
	PostedAt    Time
	Account     string
	Type        string
	Document    string
	Ref         string
	Order, Card string
	Refund      string
	Item, Memo  string
	Rule        string
	Reason      string
	Batch       string
	Entity      string
	Attrs       []Attr
}

// When is the best time of the row: when it was posted, else its date.
func (p *Posting) When() Time {
	if p.PostedAt.Known() {
		return p.PostedAt
	}
	return p.Dated
}

// Rule is one matching or posting rule of the ERP.
type Rule struct {
	Source
	ID, Name  string
	Matches   string
	Kinds     Kinds
	Account   string
	Active    Bool
	Order     int // −1: not known
	ChangedAt Time
	Attrs     []Attr
}

// Exception is one entry of the ERP's matching queue.
type Exception struct {
	Source
	ID       string
	Kind     Kind
	Ref      string
	Order    string
	Card     string
	Amount   money.Opt
	Currency money.Currency
	OpenedAt Time
	Reason   string
	Attrs    []Attr
}

// Clone is a copy of a record that shares no memory with it. R is one of the
// record types of this package.
func Clone[R any](r *R) R {
	c := *r
	var texts []*string
	fields := reflect.ValueOf(&c).Elem()
	for i := range fields.NumField() {
		switch f := fields.Field(i).Addr().Interface().(type) {
		case *string:
			texts = append(texts, f)
		case *[]Attr:
			*f = slices.Clone(*f)
			for j := range *f {
				texts = append(texts, &(*f)[j].Name, &(*f)[j].Value)
			}
		}
	}
	size := 0
	for _, t := range texts {
		size += len(*t)
	}
	var all strings.Builder
	all.Grow(size)
	for _, t := range texts {
		at := all.Len()
		all.WriteString(*t)
		*t = all.String()[at:]
	}
	return c
}
