// Package finding is the catalogue of everything a verdict may say: one code
// per statement, with its class, title, advice and the text of "gcdiag explain".
package finding

// Code names a statement. Codes are stable kebab-case words that reports,
// scripts and "gcdiag explain" share. The code of a fault is its problem.
type Code string

// Class says what kind of statement a finding makes; see the constants.
type Class string

// The classes of findings. Only Fault makes an outcome a fault.
const (
	Fault             Class = "fault"              // the handoff broke at a step
	Timing            Class = "timing"             // late, early or dated otherwise; nothing lost
	BenignShape       Class = "benign-shape"       // lawful, though it does not look like one event, one row
	OutOfScope        Class = "out-of-scope"       // not part of this reconciliation
	PlatformAnomaly   Class = "platform-anomaly"   // the platform contradicts itself
	BusinessException Class = "business-exception" // somebody's decision, not the handoff's doing
	EvidenceGap       Class = "evidence-gap"       // what cannot be told, and what would settle it
	Risk              Class = "risk"               // a set-up that would fail but has failed no event
)

// Codes of class Fault. Each is also the value of "problem" in a report.
const (
	NoFeed             Code = "no-feed"
	Manual             Code = "manual"
	Batch              Code = "batch"
	NotReceived        Code = "not-received"
	Filtered           Code = "filtered"
	Failed             Code = "failed"
	Held               Code = "held"
	Duplicate          Code = "duplicate"
	Outage             Code = "outage"
	Routing            Code = "routing"
	MappingKind        Code = "mapping-kind"
	MappingAmount      Code = "mapping-amount"
	MappingCurrency    Code = "mapping-currency"
	MappingReference   Code = "mapping-reference"
	MappingTender      Code = "mapping-tender"
	MappingUnit        Code = "mapping-unit"
	NoRule             Code = "no-rule"
	WrongAccount       Code = "wrong-account"
	RuleInactive       Code = "rule-inactive"
	CorrectionRepeated Code = "correction-repeated"
	NotCountable       Code = "not-countable"
	Orphan             Code = "orphan"
	Stale              Code = "stale"
)

// Codes of class Timing.
const (
	InFlight    Code = "in-flight"    // not there yet, younger than the grace period
	Late        Code = "late"         // event and posting lie on two sides of the window's edge
	ShiftedDate Code = "shifted-date" // dated another day by a zone offset or a closing time
)

// Codes of class BenignShape.
const (
	Netted                  Code = "netted"                    // a hold and its revert, or rows that cancel out
	Batched                 Code = "batched"                   // one ERP line for many events
	Transfer                Code = "transfer"                  // both legs of a move between cards, netting to zero
	AbsorbedDuplicate       Code = "absorbed-duplicate"        // delivered more than once, booked once
	Rounding                Code = "rounding"                  // differences within the tolerance
	RepairedByHand          Code = "repaired-by-hand"          // the feed lost it, somebody booked it
	Unlogged                Code = "unlogged"                  // found in the ERP although the integration's log says otherwise
	MatchedWithoutReference Code = "matched-without-reference" // the reference is lost, one match was possible
)

// Codes of class OutOfScope.
const (
	OpeningBalance Code = "opening-balance" // value older than the readable history, or imported
	ScopeExcluded  Code = "scope-excluded"  // tests, promotional cards, points or other companies, by policy
)

// Codes of class PlatformAnomaly.
const (
	NegativeBalance        Code = "negative-balance"
	BrokenBalanceChain     Code = "broken-balance-chain"
	BalanceDiffers         Code = "balance-differs"
	OverRestored           Code = "over-restored"
	NotRestored            Code = "not-restored"
	RedemptionWithoutOrder Code = "redemption-without-order"
	SignContradiction      Code = "sign-contradiction"
	RepeatedLoad           Code = "repeated-load"
	PlatformCurrency       Code = "platform-currency"
	OrderViewDiffers       Code = "order-view-differs"
	PointsNotTakenBack     Code = "points-not-taken-back"
)

// Codes of class BusinessException.
const (
	ManualEntry         Code = "manual-entry"
	PendingIssue        Code = "pending-issue"
	RefundAfterSpending Code = "refund-after-spending"
)

// Codes of class EvidenceGap.
const (
	NoRecords            Code = "no-records"
	PartialRecords       Code = "partial-records"
	UnreadableRows       Code = "unreadable-rows"
	DamagedIDs           Code = "damaged-ids"
	AmbiguousMatch       Code = "ambiguous-match"
	FailuresOnlyLog      Code = "failures-only-log"
	BeyondRetention      Code = "beyond-retention"
	ForeignSubscriptions Code = "foreign-subscriptions"
	AccountUnknown       Code = "account-unknown"
	UnidentifiedPosting  Code = "unidentified-posting"
)

// Codes of class Risk.
const (
	SubscriptionMissing Code = "subscription-missing"
	SubscriptionOff     Code = "subscription-off"
	FlowOff             Code = "flow-off"
)
