package file

import (
	"context"
	"reflect"
	"slices"
	"testing"

	"gcdiag/internal/record"
)

func TestGuess(t *testing.T) {
	tests := []struct {
		name, text string
		record     record.Type
		role       record.Role
		fits       bool
		foreign    map[string][]string
	}{
		{"platform.csv", "id,kind,card,amount,at,status\nm1,load,c,5,2026-10-01,ok\nm2,issue,c,5,2026-10-01,ok\nm3,Issue,c,5,2026-10-01,final\n", record.Movements, record.Platform, true,
			map[string][]string{"kind": {"issue"}, "status": {"ok"}}},
		{"gift_cards.csv", "Id,Initial Balance,Current Balance,Currency,Created At,Expires On\n", record.Cards, record.Platform, true, map[string][]string{}},
		{"orders_export.csv", "Name,Financial Status,Total,Created at,Payment Method\n#1,paid,5,2026-10-01,gift_card\n", record.Orders, record.Platform, true, map[string][]string{}},
		{"webhooks.json", `[{"id":1,"topic":"x","address":"https://x.test","active":"on"}]`, record.Subscriptions, record.NoRole, true, map[string][]string{"active": {"on"}}},
		{"runs.csv", "Run ID;Status;Started At;Error;Recipe\n1;succeeded;2026-10-01;;x\n", record.Deliveries, record.Integration, true,
			map[string][]string{"outcome": {"succeeded"}}},
		{"recipes.csv", "Recipe ID,Recipe Name,Active,Last Run\n1,x,yes,2026-10-01\n", record.Flows, record.Integration, true, map[string][]string{}},
		{"GL.csv", "Acme\nGeneral ledger\n\nDate,Transaction Type,Num,Memo/Description,Account,Debit,Credit\n10/24/2026,Journal,1,x,2400,,5\n", record.Postings, record.ERP, true, map[string][]string{}},
		{"rules.csv", "id,name,matches,account,kinds\n1,x,y,2400,load;topup\n", record.Rules, record.ERP, true, map[string][]string{"kinds": {"topup"}}},
		{"queue.csv", "Exception ID,Reference,Opened At,Reason,Unapplied Amount\n", record.Exceptions, record.ERP, true, map[string][]string{}},
		{"half.csv", "Account,Debit,Credit,Posting\n2400,,5,2026-10-01\n", record.Postings, record.ERP, false, map[string][]string{}},
	}
	for _, tt := range tests {
		g, err := Guess(context.Background(), write(t, tt.name, tt.text), tt.name)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if g.Record != tt.record || g.Role != tt.role || g.Fits != tt.fits || !reflect.DeepEqual(g.Foreign, tt.foreign) || len(g.Rivals) > 0 {
			t.Errorf("%s: %+v", tt.name, g)
		}
	}
	g, err := Guess(context.Background(), write(t, "half.csv", "Account,Debit,Credit,Posting\n2400,,5,2026-10-01\n"), "")
	if err != nil || !slices.Equal(g.Missing, []string{"dated"}) {
		t.Errorf("%+v %v", g, err)
	}
	if g, err := Guess(context.Background(), write(t, "x.csv", "colour,taste\nred,sweet\n"), ""); err != nil || g.Record != record.NoType {
		t.Errorf("%+v %v", g, err)
	}
	if g, err := Guess(context.Background(), write(t, "x.csv", ""), ""); err != nil || g.Record != record.NoType {
		t.Errorf("%+v %v", g, err)
	}
	if _, err := Guess(context.Background(), write(t, "x.csv", "%PDF-1"), ""); err == nil {
		t.Error("a PDF is guessed at")
	}
}
