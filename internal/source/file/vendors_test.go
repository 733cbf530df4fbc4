package file

import (
	"testing"

	"gcdiag/internal/record"
)

// TestVendorsHeaders reads the header rows of usual exports: what is understood
// without a word of configuration, and what is left alone.
func TestVendorsHeaders(t *testing.T) {
	tests := []struct {
		export string
		record record.Type
		header []string
		want   map[string]string // field -> header
		lacks  []string          // required fields that must be asked for
	}{
		{"NetSuite, saved search", record.Postings,
			[]string{"Internal ID", "Date", "Type", "Document Number", "Account", "Memo", "Amount (Debit)", "Amount (Credit)", "External ID"},
			map[string]string{"id": "Internal ID", "dated": "Date", "type": "Type", "document": "Document Number", "account": "Account", "memo": "Memo",
				"debit": "Amount (Debit)", "credit": "Amount (Credit)", "ref": "External ID"}, nil},
		{"Business Central, G/L entries: the amount is debit − credit", record.Postings,
			[]string{"Entry No.", "Posting Date", "Document Type", "Document No.", "G/L Account No.", "Description", "Amount", "Debit Amount", "Credit Amount", "External Document No."},
			map[string]string{"id": "Entry No.", "dated": "Posting Date", "type": "Document Type", "document": "Document No.", "account": "G/L Account No.", "memo": "Description",
				"debit": "Debit Amount", "credit": "Credit Amount", "ref": "External Document No."}, nil},
		{"QuickBooks, general ledger", record.Postings,
			[]string{"", "Date", "Transaction Type", "Num", "Name", "Memo/Description", "Split", "Amount", "Balance"},
			map[string]string{"dated": "Date", "type": "Transaction Type", "document": "Num", "memo": "Memo/Description", "amount": "Amount"}, nil},
		{"Odoo, journal items", record.Postings,
			[]string{"Number", "Date", "Partner", "Reference", "Label", "Account", "Debit", "Credit", "Balance"},
			map[string]string{"document": "Number", "dated": "Date", "ref": "Reference", "memo": "Label", "account": "Account", "debit": "Debit", "credit": "Credit"}, nil},
		{"DATEV: the sign stands in a column of its own", record.Postings,
			[]string{"Umsatz (ohne Soll/Haben-Kz)", "Soll/Haben-Kennzeichen", "Konto", "Belegdatum", "Belegfeld 1", "Buchungstext"},
			nil, []string{"amount"}},
		{"Xero, journals: the net amount is debit − credit", record.Postings,
			[]string{"JournalDate", "AccountCode", "NetAmount", "Reference"}, nil, []string{"amount"}},
		{"Shopify, orders", record.Orders,
			[]string{"Name", "Email", "Financial Status", "Paid at", "Currency", "Total", "Created at", "Refunded Amount", "Payment Method", "Source"},
			map[string]string{"id": "Name", "at": "Created at", "status": "Financial Status", "currency": "Currency", "amount": "Total", "refunded_amount": "Refunded Amount",
				"gateway": "Payment Method", "created_via": "Source"}, nil},
		{"Shopify, gift cards", record.Cards,
			[]string{"Id", "Last Characters", "Customer Name", "Created At", "Expires On", "Initial Balance", "Current Balance", "Currency"},
			map[string]string{"id": "Id", "created_at": "Created At", "expires_at": "Expires On", "initial_value": "Initial Balance", "balance": "Current Balance", "currency": "Currency"}, nil},
		{"Shopify, GraphQL laid flat", record.Movements,
			[]string{"id", "kind", "card", "amount.amount", "amount.currencyCode", "processedAt"},
			map[string]string{"id": "id", "kind": "kind", "card": "card", "amount": "amount.amount", "currency": "amount.currencyCode", "at": "processedAt"}, nil},
		{"Square, activities: minor units are not guessed at", record.Movements,
			[]string{"id", "type", "gift_card_id", "amount_money.amount", "created_at"}, nil, []string{"amount"}},
		{"Celigo, run history", record.Deliveries,
			[]string{"Job ID", "Flow name", "Status", "Started at", "Ended at", "Error message", "Trace key"},
			map[string]string{"id": "Job ID", "flow": "Flow name", "outcome": "Status", "received_at": "Started at", "sent_at": "Ended at", "why": "Error message", "event": "Trace key"}, nil},
		{"Workato, jobs", record.Deliveries,
			[]string{"Job ID", "Recipe name", "Status", "Started at", "Completed at", "Error"},
			map[string]string{"id": "Job ID", "flow": "Recipe name", "outcome": "Status", "received_at": "Started at", "sent_at": "Completed at", "why": "Error"}, nil},
		{"WooCommerce, webhooks", record.Subscriptions,
			[]string{"id", "name", "status", "topic", "delivery_url", "date_created"},
			map[string]string{"id": "id", "topic": "topic", "address": "delivery_url", "created_at": "date_created"}, nil},
	}
	for _, tt := range tests {
		m := understand(&Spec{Record: tt.record}, tt.header)
		if m.err != nil {
			t.Errorf("%s: %v", tt.export, m.err)
			continue
		}
		if len(m.missing) != len(tt.lacks) {
			t.Errorf("%s: lacks %v, want %v", tt.export, m.missing, tt.lacks)
		}
		for i, f := range tt.lacks {
			if i < len(m.missing) && m.missing[i].String() != f {
				t.Errorf("%s: lacks %v, want %v", tt.export, m.missing, tt.lacks)
			}
		}
		if tt.want == nil {
			continue
		}
		for _, c := range m.columns {
			if c.Field != "" && tt.want[c.Field] != c.Header {
				t.Errorf("%s: %q is taken for %s", tt.export, c.Header, c.Field)
			}
			delete(tt.want, c.Field)
		}
		if len(tt.want) > 0 {
			t.Errorf("%s: not understood: %v; notes %q", tt.export, tt.want, m.notes)
		}
	}
}
