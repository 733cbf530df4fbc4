package cli

import (
	"slices"
	"strings"

	"gcdiag/internal/record"
)

// meanings are words that usual exports write in columns with a vocabulary, by
// record type and column, in the form of record.Fold. Kinds are in kindMeanings.
var meanings = map[record.Type]map[string]map[string]string{
	record.Movements: {
		"status": {"complete": "final", "completed": "final", "success": "final", "successful": "final", "settled": "final", "captured": "final", "done": "final",
			"authorized": "pending", "authorised": "pending", "inprogress": "pending", "processing": "pending",
			"canceled": "cancelled", "void": "cancelled", "voided": "cancelled", "failed": "cancelled", "declined": "cancelled"},
	},
	record.Deliveries: {
		"outcome": {"success": "delivered", "succeeded": "delivered", "successful": "delivered", "ok": "delivered", "sent": "delivered", "complete": "delivered",
			"completed": "delivered", "done": "delivered", "forwarded": "delivered",
			"error": "failed", "errored": "failed", "failure": "failed",
			"ignored": "filtered", "skipped": "filtered", "excluded": "filtered",
			"pending": "queued", "waiting": "queued", "scheduled": "queued", "onhold": "held", "paused": "held",
			"running": "received", "inprogress": "received", "processing": "received",
			"deadletter": "dead_lettered", "dlq": "dead_lettered", "parked": "dead_lettered"},
	},
	record.Postings: {
		"status": {"approved": "posted", "approvedforposting": "posted", "cleared": "posted", "closed": "posted",
			"draft": "open", "unposted": "open", "pending": "open", "pendingapproval": "open", "unapproved": "open",
			"hold": "held", "onhold": "held", "unmatched": "exception", "error": "exception", "rejected": "refused"},
		"source": {"api": "integration", "webservice": "integration", "webservices": "integration", "rest": "integration", "restlet": "integration",
			"user": "manual", "ui": "manual", "userinterface": "manual", "byhand": "manual"},
	},
}

// yesNo are words for yes and no.
var yesNo = map[string]string{"y": "yes", "t": "yes", "on": "yes", "enabled": "yes", "active": "yes", "n": "no", "f": "no", "off": "no", "disabled": "no", "inactive": "no"}

// kindMeanings are words for kinds that mean one thing only, in the form of
// kindStem.
var kindMeanings = map[string]record.Kind{
	"issue": record.Load, "issued": record.Load, "issuance": record.Load, "activate": record.Load, "activated": record.Load, "activation": record.Load,
	"load": record.Load, "loaded": record.Load, "topup": record.Load, "reload": record.Load, "reloaded": record.Load, "recharge": record.Load,
	"sale": record.Load, "sold": record.Load, "purchase": record.Load, "purchased": record.Load,
	"redeem": record.Redemption, "redeemed": record.Redemption, "redemption": record.Redemption, "spend": record.Redemption, "spent": record.Redemption,
	"use": record.Redemption, "used": record.Redemption, "usage": record.Redemption,
	"refundtocard": record.RefundToCard, "restore": record.RefundToCard, "restored": record.RefundToCard,
	"salerefund": record.SaleRefund, "refundofsale": record.SaleRefund,
	"adjust": record.Adjustment, "adjusted": record.Adjustment, "adjustment": record.Adjustment, "correction": record.Adjustment,
	"expire": record.Expiry, "expired": record.Expiry, "expiration": record.Expiry, "expiry": record.Expiry, "breakage": record.Expiry,
	"deactivate": record.Deactivation, "deactivated": record.Deactivation, "deactivation": record.Deactivation, "disable": record.Deactivation,
	"cashout": record.CashOut, "cashedout": record.CashOut, "payout": record.CashOut,
	"transferin": record.TransferIn, "transferout": record.TransferOut,
	"reverse": record.Reversal, "reversed": record.Reversal, "reversal": record.Reversal, "revert": record.Reversal, "reverted": record.Reversal,
}

// kindQuestions are words for kinds that mean different things in different
// systems, with what they can mean.
var kindQuestions = func() map[string]string {
	m := map[string]string{
		"adjustincrement": "adjustment, if its amounts carry their sign",
		"adjustdecrement": "adjustment, if its amounts carry their sign",
	}
	for question, words := range map[string][]string{
		"refund_to_card where value goes back on a card, sale_refund where a sold card is taken back": {"refund", "refunded", "return", "returned"},
		"load, refund_to_card or adjustment, whichever raises the balance":                            {"credit", "credited"},
		"redemption, cash_out or adjustment, whichever lowers the balance":                            {"debit", "debited"},
		"reversal, sale_refund or deactivation":                                                       {"void", "voided", "cancel", "canceled", "cancelled"},
	} {
		for _, w := range words {
			m[w] = question
		}
	}
	return m
}()

// kindStem is a word for a kind without what says that it is about gift cards.
func kindStem(word string) string {
	s := strings.ReplaceAll(record.Fold(word), ".", "")
	for _, prefix := range []string{"giftcertificate", "giftcert", "giftcards", "giftcard", "gc", "storecredit", "voucher", "card"} {
		if rest, ok := strings.CutPrefix(s, prefix); ok && rest != "" {
			s = rest
			break
		}
	}
	for _, suffix := range []string{"transaction", "event"} {
		if rest, ok := strings.CutSuffix(s, suffix); ok && rest != "" {
			s = rest
		}
	}
	return s
}

// kindOf is the kind that a word means, NoKind where that is not certain.
func kindOf(word string) record.Kind {
	if k, ok := record.ParseKind(word); ok {
		return k
	}
	return kindMeanings[kindStem(word)]
}

// meaning is what a word outside the vocabulary of a column means there, or ""
// and what it can mean, as far as that is known.
func meaning(t record.Type, column, word string) (ours, question string) {
	switch column {
	case "kind", "kinds", "sent_kind":
		if k := kindOf(word); k != record.NoKind {
			return k.String(), ""
		}
		return "", kindQuestions[kindStem(word)]
	case "test", "active", "enabled":
		return yesNo[record.Fold(word)], ""
	}
	return meanings[t][column][record.Fold(word)], ""
}

// vendors are the systems that file names tell.
var vendors = map[record.Role]map[string]string{
	record.Platform: {"shopify": "Shopify", "bigcommerce": "BigCommerce", "woocommerce": "WooCommerce", "magento": "Magento", "square": "Square", "lightspeed": "Lightspeed"},
	record.Integration: {"celigo": "Celigo", "boomi": "Boomi", "workato": "Workato", "zapier": "Zapier", "mulesoft": "MuleSoft", "n8n": "n8n", "pipe17": "Pipe17",
		"patchworks": "Patchworks", "alumio": "Alumio"},
	record.ERP: {"netsuite": "NetSuite", "dynamics": "Dynamics", "businesscentral": "Business Central", "xero": "Xero", "quickbooks": "QuickBooks", "sage": "Sage",
		"odoo": "Odoo", "acumatica": "Acumatica", "sap": "SAP", "datev": "DATEV"},
}

// plainNames are the names of systems whose vendor is not known.
var plainNames = map[record.Role]string{record.Platform: "Platform", record.Integration: "Integration", record.ERP: "ERP"}

// vendorOf is the system of a role that a file name tells, or "".
func vendorOf(role record.Role, name string) string {
	parts := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	for i := range parts {
		if v := vendors[role][parts[i]]; v != "" {
			return v
		}
		if i+1 < len(parts) {
			if v := vendors[role][parts[i]+parts[i+1]]; v != "" {
				return v
			}
		}
	}
	return ""
}

// namesLiability reports whether an account's name says that it is the gift card
// liability.
func namesLiability(account string) bool {
	a := record.Fold(account)
	has := func(words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(a, w) })
	}
	return has("gift", "voucher", "storecredit", "gutschein") && !has("sales", "income", "revenue", "breakage", "expense", "discount", "erlös", "clearing")
}
