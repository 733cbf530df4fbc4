package connector

import (
	"strings"

	"gcdiag/internal/record"
)

// Columns lists the columns that a record type can have, which are the names
// that an entry's columns and values may map.
func Columns(t record.Type) []string { return strings.Fields(columns[t]) }

var columns = map[record.Type]string{
	record.Movements: `id kind card amount at currency origin order refund status test reverses transfer unit
		balance_after price_paid issuer channel location item funding entity card_created_at`,
	record.Cards: `id balance currency status created_at initial_value expires_at`,
	record.Orders: `id at status amount card_amount card_status test gateway refunded_at refunded_amount refund_to
		refund_via created_via currency`,
	record.Subscriptions: `id topic kinds active created_at removed_at last_success_at failures address visible`,
	record.Deliveries: `id event notification kind unit outcome received_at order card amount currency refund why flow
		subscription attempt batch sent_kind sent_amount sent_currency sent_at erp_ref`,
	record.Flows: `id name kinds enabled trigger filter changed_at last_run_at log retention_days`,
	record.Postings: `id amount debit credit dated account kind type document ref order card refund currency posted_at
		item memo rule status reason batch source entity`,
	record.Rules:      `id name matches kinds account active order changed_at`,
	record.Exceptions: `id kind ref order card amount currency opened_at reason`,
}

// yesNo lists the words of a column that says yes or no, or is nil.
func yesNo(column string) []string {
	switch column {
	case "test", "active", "enabled":
		return []string{"true", "false", "yes", "no", "1", "0"}
	}
	return nil
}
