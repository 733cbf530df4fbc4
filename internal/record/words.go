package record

import "strings"

// Role is the part a system plays.
type Role uint8

// The roles.
const (
	NoRole Role = iota
	Platform
	Integration
	ERP
)

var roleWords = words{"", "platform", "integration", "erp"}

// String is the word of connectors.yaml.
func (r Role) String() string { return roleWords.of(uint8(r)) }

// ParseRole reads the word of connectors.yaml.
func ParseRole(s string) (Role, bool) { v, ok := roleWords.find(s); return Role(v), ok }

// Type is the type of a record, named as in connectors.yaml's files.
type Type uint8

// The record types.
const (
	NoType Type = iota
	Movements
	Cards
	Orders
	Subscriptions
	Deliveries
	Flows
	Postings
	Rules
	Exceptions
)

var typeWords = words{"", "movements", "cards", "orders", "subscriptions", "deliveries", "flows", "postings", "rules", "exceptions"}

// String is the word of connectors.yaml.
func (t Type) String() string { return typeWords.of(uint8(t)) }

// ParseType reads the word of connectors.yaml.
func ParseType(s string) (Type, bool) { v, ok := typeWords.find(s); return Type(v), ok }

// Types lists the record types a role can state, in a fixed order.
func Types(r Role) []Type {
	switch r {
	case Platform:
		return []Type{Movements, Cards, Orders, Subscriptions}
	case Integration:
		return []Type{Deliveries, Flows, Subscriptions}
	case ERP:
		return []Type{Postings, Rules, Exceptions}
	}
	return nil
}

// Kind is what a movement does to a card.
type Kind uint8

// The kinds. Other is for deliveries and postings only: the system says
// something that is none of the kinds.
const (
	NoKind Kind = iota
	Load
	Redemption
	RefundToCard
	SaleRefund
	Adjustment
	Expiry
	Deactivation
	CashOut
	TransferIn
	TransferOut
	Reversal
	Other
)

var kindWords = words{"", "load", "redemption", "refund_to_card", "sale_refund", "adjustment", "expiry", "deactivation", "cash_out", "transfer_in", "transfer_out", "reversal", "other"}

// String is the kind's word, "" for NoKind.
func (k Kind) String() string { return kindWords.of(uint8(k)) }

// ParseKind reads a kind's word; case, blanks, "_" and "-" don't matter.
func ParseKind(s string) (Kind, bool) { v, ok := kindWords.find(s); return Kind(v), ok }

// Sign is the effect a kind always has on what is owed to card holders, or 0
// for a kind whose amount carries its own sign.
func (k Kind) Sign() int {
	switch k {
	case Load, RefundToCard, TransferIn:
		return +1
	case Redemption, SaleRefund, Expiry, CashOut, TransferOut, Deactivation:
		return -1
	}
	return 0
}

// Kinds is a set of kinds. Zero means "not known", not "none".
type Kinds uint16

// With is the set with k in it.
func (s Kinds) With(k Kind) Kinds { return s | 1<<k }

// Has reports whether k is in the set.
func (s Kinds) Has(k Kind) bool { return s&(1<<k) != 0 }

// Covers reports whether the set speaks of k: it holds k, or is not known.
func (s Kinds) Covers(k Kind) bool { return s == 0 || s.Has(k) }

// List is the set in order.
func (s Kinds) List() []Kind {
	var ks []Kind
	for k := NoKind + 1; k <= Other; k++ {
		if s.Has(k) {
			ks = append(ks, k)
		}
	}
	return ks
}

// Bool is a yes, a no, or nothing known.
type Bool uint8

// The values of Bool.
const (
	Unknown Bool = iota
	No
	Yes
)

// Status is a movement's state. The zero value is Final, the contract's default.
type Status uint8

// The movement states.
const (
	Final Status = iota
	Pending
	Cancelled
)

var statusWords = words{"final", "pending", "cancelled"}

func (s Status) String() string { return statusWords.of(uint8(s)) }

// ParseStatus reads a movement's state.
func ParseStatus(s string) (Status, bool) { v, ok := statusWords.find(s); return Status(v), ok }

// Funding says who paid for a card. The zero value means not known.
type Funding uint8

// The fundings.
const (
	NoFunding Funding = iota
	Paid
	Promotional
	Goodwill
)

var fundingWords = words{"", "paid", "promotional", "goodwill"}

func (f Funding) String() string { return fundingWords.of(uint8(f)) }

// ParseFunding reads a funding.
func ParseFunding(s string) (Funding, bool) { v, ok := fundingWords.find(s); return Funding(v), ok }

// CardStatus is the state of card payment or issue that an order shows.
type CardStatus uint8

// The card states of an order.
const (
	NoCardStatus CardStatus = iota
	CardNone
	CardPending
	CardIssued
	CardDeclined
)

var cardStatusWords = words{"", "none", "pending", "issued", "declined"}

func (s CardStatus) String() string { return cardStatusWords.of(uint8(s)) }

// ParseCardStatus reads an order's card state.
func ParseCardStatus(s string) (CardStatus, bool) {
	v, ok := cardStatusWords.find(s)
	return CardStatus(v), ok
}

// RefundTo is the instrument an order was refunded to.
type RefundTo uint8

// The instruments.
const (
	NoRefundTo RefundTo = iota
	ToCard
	ToOther
)

var refundToWords = words{"", "card", "other"}

func (r RefundTo) String() string { return refundToWords.of(uint8(r)) }

// ParseRefundTo reads an order's refund instrument.
func ParseRefundTo(s string) (RefundTo, bool) { v, ok := refundToWords.find(s); return RefundTo(v), ok }

// Visible says whose subscriptions a list shows.
type Visible uint8

// The visibilities. The zero value means not known and is read as VisibleAll.
const (
	NoVisible Visible = iota
	VisibleOwn
	VisibleAll
)

var visibleWords = words{"", "own", "all"}

func (v Visible) String() string { return visibleWords.of(uint8(v)) }

// ParseVisible reads a subscription's visibility.
func ParseVisible(s string) (Visible, bool) { v, ok := visibleWords.find(s); return Visible(v), ok }

// Outcome is what became of an event in the integration layer.
type Outcome uint8

// The outcomes. Delivered means sent on to the ERP and accepted.
const (
	NoOutcome Outcome = iota
	Received
	Filtered
	Queued
	Held
	Failed
	DeadLettered
	Delivered
	RejectedByERP
	UnknownOutcome
)

var outcomeWords = words{"", "received", "filtered", "queued", "held", "failed", "dead_lettered", "delivered", "rejected_by_erp", "unknown"}

func (o Outcome) String() string { return outcomeWords.of(uint8(o)) }

// ParseOutcome reads a delivery's outcome.
func ParseOutcome(s string) (Outcome, bool) { v, ok := outcomeWords.find(s); return Outcome(v), ok }

// Trigger is what starts a flow.
type Trigger uint8

// The triggers.
const (
	NoTrigger Trigger = iota
	TriggerWebhook
	TriggerPoll
	TriggerBatch
)

var triggerWords = words{"", "webhook", "poll", "batch"}

func (t Trigger) String() string { return triggerWords.of(uint8(t)) }

// ParseTrigger reads a flow's trigger.
func ParseTrigger(s string) (Trigger, bool) { v, ok := triggerWords.find(s); return Trigger(v), ok }

// LogScope is what a flow's log keeps.
type LogScope uint8

// The log scopes. The zero value means not known and is read as LogAll.
const (
	NoLogScope LogScope = iota
	LogAll
	LogFailures
)

var logWords = words{"", "all", "failures"}

func (l LogScope) String() string { return logWords.of(uint8(l)) }

// ParseLogScope reads a flow's log scope.
func ParseLogScope(s string) (LogScope, bool) { v, ok := logWords.find(s); return LogScope(v), ok }

// PostingStatus is the state of an ERP row. The zero value counts as posted.
type PostingStatus uint8

// The posting states.
const (
	NoPostingStatus PostingStatus = iota
	Posted
	Open
	HeldPosting
	InException
	Refused
)

var postingStatusWords = words{"", "posted", "open", "held", "exception", "refused"}

func (s PostingStatus) String() string { return postingStatusWords.of(uint8(s)) }

// Counts reports whether a row in this state moves the ledger.
func (s PostingStatus) Counts() bool { return s == NoPostingStatus || s == Posted }

// ParsePostingStatus reads a posting's state.
func ParsePostingStatus(s string) (PostingStatus, bool) {
	v, ok := postingStatusWords.find(s)
	return PostingStatus(v), ok
}

// Feed says who made an ERP row.
type Feed uint8

// The makers. UnknownFeed is what a file without the column says, too.
const (
	UnknownFeed Feed = iota
	FromIntegration
	ByHand
)

var feedWords = words{"unknown", "integration", "manual"}

func (f Feed) String() string { return feedWords.of(uint8(f)) }

// ParseFeed reads a posting's source.
func ParseFeed(s string) (Feed, bool) { v, ok := feedWords.find(s); return Feed(v), ok }

// Via says how a kind of movement leaves the platform.
type Via uint8

// The ways out. ViaNone means the platform produces no event at all.
const (
	NoVia Via = iota
	ViaWebhook
	ViaAPI
	ViaBatch
	ViaReport
	ViaManual
	ViaNone
)

var viaWords = words{"", "webhook", "api", "batch", "report", "manual", "none"}

func (v Via) String() string { return viaWords.of(uint8(v)) }

// ParseVia reads a feed's via.
func ParseVia(s string) (Via, bool) { v, ok := viaWords.find(s); return Via(v), ok }

// words is a closed vocabulary; the index is the value.
type words []string

func (w words) of(v uint8) string {
	if int(v) < len(w) {
		return w[v]
	}
	return ""
}

func (w words) find(s string) (uint8, bool) {
	s = Fold(s)
	if s == "" {
		return 0, false
	}
	for i, x := range w {
		if x != "" && Fold(x) == s {
			return uint8(i), true
		}
	}
	return 0, false
}

// Fold is the form in which header names and vocabulary words are compared:
// lower case, without blanks, "_" and "-".
func Fold(s string) string {
	return strings.ToLower(folder.Replace(s))
}

var folder = strings.NewReplacer(" ", "", "_", "", "-", "", "\u00a0", "", "\t", "")

// Vocabulary lists the words that a column of a record file may hold, or nil
// for a column without a closed vocabulary.
func Vocabulary(t Type, column string) []string {
	var w words
	switch {
	case column == "kind" || column == "kinds" || column == "sent_kind":
		w = kindWords
		if t == Movements {
			w = w[:Other]
		}
	case t == Movements && column == "status":
		w = statusWords
	case t == Movements && column == "funding":
		w = fundingWords
	case column == "unit":
		return []string{"money", "points"}
	case t == Orders && column == "card_status":
		w = cardStatusWords
	case t == Orders && column == "refund_to":
		w = refundToWords
	case t == Subscriptions && column == "visible":
		w = visibleWords
	case t == Deliveries && column == "outcome":
		w = outcomeWords
	case t == Flows && column == "trigger":
		w = triggerWords
	case t == Flows && column == "log":
		w = logWords
	case t == Postings && column == "status":
		w = postingStatusWords
	case t == Postings && column == "source":
		w = feedWords
	}
	var out []string
	for _, x := range w {
		if x != "" {
			out = append(out, x)
		}
	}
	return out
}
