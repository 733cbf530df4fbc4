package file

import "gcdiag/internal/record"

// field is one column that a record file may have.
type field uint8

const (
	noField field = iota
	fID
	fKind
	fCard
	fAmount
	fAt
	fCurrency
	fOrigin
	fOrder
	fRefund
	fStatus
	fTest
	fReverses
	fTransfer
	fUnit
	fBalanceAfter
	fPricePaid
	fIssuer
	fChannel
	fLocation
	fItem
	fFunding
	fEntity
	fCardCreatedAt
	fBalance
	fCreatedAt
	fInitialValue
	fExpiresAt
	fCardAmount
	fCardStatus
	fGateway
	fRefundedAt
	fRefundedAmount
	fRefundTo
	fRefundVia
	fCreatedVia
	fTopic
	fKinds
	fActive
	fRemovedAt
	fLastSuccessAt
	fFailures
	fAddress
	fVisible
	fEvent
	fNotification
	fOutcome
	fReceivedAt
	fWhy
	fFlow
	fSubscription
	fAttempt
	fBatch
	fSentKind
	fSentAmount
	fSentCurrency
	fSentAt
	fERPRef
	fName
	fEnabled
	fTrigger
	fFilter
	fChangedAt
	fLastRunAt
	fLog
	fRetentionDays
	fDated
	fAccount
	fType
	fDocument
	fRef
	fPostedAt
	fMemo
	fRule
	fReason
	fSource
	fDebit
	fCredit
	fMatches
	fOpenedAt
	fieldCount
)

// class says how the cells of a field are read.
type class uint8

const (
	text   class = iota // free text
	ident               // an identifier
	amount              // decimal text
	when                // a time or a date
	other               // words, booleans, numbers, currencies
)

var fields = [fieldCount]struct {
	name  string
	class class
}{
	fID: {"id", ident}, fKind: {"kind", other}, fCard: {"card", ident}, fAmount: {"amount", amount}, fAt: {"at", when},
	fCurrency: {"currency", other}, fOrigin: {"origin", text}, fOrder: {"order", ident}, fRefund: {"refund", ident},
	fStatus: {"status", other}, fTest: {"test", other}, fReverses: {"reverses", ident}, fTransfer: {"transfer", ident},
	fUnit: {"unit", other}, fBalanceAfter: {"balance_after", amount}, fPricePaid: {"price_paid", amount},
	fIssuer: {"issuer", text}, fChannel: {"channel", text}, fLocation: {"location", text}, fItem: {"item", text},
	fFunding: {"funding", other}, fEntity: {"entity", text}, fCardCreatedAt: {"card_created_at", when},
	fBalance: {"balance", amount}, fCreatedAt: {"created_at", when}, fInitialValue: {"initial_value", amount},
	fExpiresAt: {"expires_at", when}, fCardAmount: {"card_amount", amount}, fCardStatus: {"card_status", other},
	fGateway: {"gateway", text}, fRefundedAt: {"refunded_at", when}, fRefundedAmount: {"refunded_amount", amount},
	fRefundTo: {"refund_to", other}, fRefundVia: {"refund_via", text}, fCreatedVia: {"created_via", text},
	fTopic: {"topic", text}, fKinds: {"kinds", other}, fActive: {"active", other}, fRemovedAt: {"removed_at", when},
	fLastSuccessAt: {"last_success_at", when}, fFailures: {"failures", other}, fAddress: {"address", text},
	fVisible: {"visible", other}, fEvent: {"event", ident}, fNotification: {"notification", ident},
	fOutcome: {"outcome", other}, fReceivedAt: {"received_at", when}, fWhy: {"why", text}, fFlow: {"flow", text},
	fSubscription: {"subscription", text}, fAttempt: {"attempt", other}, fBatch: {"batch", ident},
	fSentKind: {"sent_kind", other}, fSentAmount: {"sent_amount", amount}, fSentCurrency: {"sent_currency", other},
	fSentAt: {"sent_at", when}, fERPRef: {"erp_ref", ident}, fName: {"name", text}, fEnabled: {"enabled", other},
	fTrigger: {"trigger", other}, fFilter: {"filter", text}, fChangedAt: {"changed_at", when},
	fLastRunAt: {"last_run_at", when}, fLog: {"log", other}, fRetentionDays: {"retention_days", other},
	fDated: {"dated", when}, fAccount: {"account", text}, fType: {"type", text}, fDocument: {"document", ident},
	fRef: {"ref", ident}, fPostedAt: {"posted_at", when}, fMemo: {"memo", text}, fRule: {"rule", text},
	fReason: {"reason", text}, fSource: {"source", other}, fDebit: {"debit", amount}, fCredit: {"credit", amount},
	fMatches: {"matches", text}, fOpenedAt: {"opened_at", when},
}

func (f field) String() string { return fields[f].name }

// schema is the columns of one record type.
type schema struct {
	fields []field // in the contract's order
	need   []field // a value in every row
	when   field   // the time by which a record is placed, noField for none
}

var schemas = map[record.Type]schema{
	record.Movements: {
		fields: []field{fID, fKind, fCard, fAmount, fAt, fCurrency, fOrigin, fOrder, fRefund, fStatus, fTest, fReverses, fTransfer,
			fUnit, fBalanceAfter, fPricePaid, fIssuer, fChannel, fLocation, fItem, fFunding, fEntity, fCardCreatedAt},
		need: []field{fID, fKind, fCard, fAmount, fAt}, when: fAt},
	record.Cards: {
		fields: []field{fID, fBalance, fCurrency, fStatus, fCreatedAt, fInitialValue, fExpiresAt},
		need:   []field{fID}, when: fCreatedAt},
	record.Orders: {
		fields: []field{fID, fAt, fStatus, fAmount, fCurrency, fCardAmount, fCardStatus, fTest, fGateway, fRefundedAt,
			fRefundedAmount, fRefundTo, fRefundVia, fCreatedVia},
		need: []field{fID, fAt}, when: fAt},
	record.Subscriptions: {
		fields: []field{fID, fTopic, fKinds, fActive, fCreatedAt, fRemovedAt, fLastSuccessAt, fFailures, fAddress, fVisible},
		need:   []field{fID, fTopic}, when: fCreatedAt},
	record.Deliveries: {
		fields: []field{fID, fEvent, fNotification, fKind, fUnit, fOutcome, fReceivedAt, fOrder, fCard, fAmount, fCurrency, fRefund,
			fWhy, fFlow, fSubscription, fAttempt, fBatch, fSentKind, fSentAmount, fSentCurrency, fSentAt, fERPRef},
		need: []field{fOutcome, fReceivedAt}, when: fReceivedAt},
	record.Flows: {
		fields: []field{fID, fName, fKinds, fEnabled, fTrigger, fFilter, fChangedAt, fLastRunAt, fLog, fRetentionDays},
		need:   []field{fID}, when: fLastRunAt},
	record.Postings: {
		fields: []field{fID, fAmount, fDated, fAccount, fKind, fType, fDocument, fRef, fOrder, fCard, fRefund, fCurrency, fPostedAt,
			fItem, fMemo, fRule, fStatus, fReason, fBatch, fSource, fEntity, fDebit, fCredit},
		need: []field{fAmount, fDated}, when: fDated},
	record.Rules: {
		fields: []field{fID, fName, fMatches, fKinds, fAccount, fActive, fOrder, fChangedAt},
		need:   []field{fID}, when: fChangedAt},
	record.Exceptions: {
		fields: []field{fID, fKind, fRef, fOrder, fCard, fAmount, fCurrency, fOpenedAt, fReason},
		need:   []field{fID}, when: fOpenedAt},
}

// lookup finds a field of the record type by name, in any spelling that
// record.Fold makes equal.
func (s schema) lookup(name string) (field, bool) {
	name = record.Fold(name)
	for _, f := range s.fields {
		if record.Fold(f.String()) == name {
			return f, true
		}
	}
	return noField, false
}

// names lists the fields' names in the contract's order.
func (s schema) names() []string {
	names := make([]string, len(s.fields))
	for i, f := range s.fields {
		names[i] = f.String()
	}
	return names
}

// classOf is the field's class in this record type: a rule's order is a number.
func classOf(t record.Type, f field) class {
	if t == record.Rules && f == fOrder {
		return other
	}
	return fields[f].class
}
