package file

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"gcdiag/internal/casefile"
	"gcdiag/internal/money"
	"gcdiag/internal/record"
)

const movementsHeader = "id,kind,card,amount,at\n"

func TestMovementHoldsWhatTheRowSays(t *testing.T) {
	got, res := read(t, "platform.csv", `id,kind,card,amount,at,currency,origin,order,refund,status,test,reverses,transfer,unit,balance_after,price_paid,issuer,channel,location,item,funding,entity,card_created_at,Cashier,Note
m-1,load,c-1,50.00,2026-10-24T13:05:07Z,EUR,sold,1001,,pending,no,m-0,t-1,money,75.00,45.00,Loop,pos,Berlin,GC-50,promotional,Main,2026-10-01,Ann,
`, Spec{Record: record.Movements, System: 2, Input: 3})
	if len(got.movements) != 1 {
		t.Fatal(got.reasons())
	}
	want := record.Movement{
		Source: record.Source{System: 2, Input: 3, Row: 2}, ID: "m-1", Card: "c-1", Kind: record.Load, Status: record.Pending, Test: record.No,
		Funding: record.Promotional, Currency: money.MustCurrency("EUR"), Amount: 5000, At: record.At(moment(t, "2026-10-24T13:05:07Z")),
		BalanceAfter: money.Some(7500), PricePaid: money.Some(4500),
		CardCreatedAt: record.Within(moment(t, "2026-10-01T00:00:00Z"), moment(t, "2026-10-02T00:00:00Z")),
		Origin:        "sold", Order: "1001", Reverses: "m-0", Transfer: "t-1", Issuer: "Loop", Channel: "pos", Location: "Berlin", Item: "GC-50", Entity: "Main",
		Attrs: []record.Attr{{Name: "Cashier", Value: "Ann"}},
	}
	if !reflect.DeepEqual(got.movements[0], want) {
		t.Errorf("got  %+v\nwant %+v", got.movements[0], want)
	}
	if res.Input.Format != "csv" || res.Input.Name != "platform.csv" || res.From != want.At || res.To != want.At || res.Stopped != "" {
		t.Errorf("result %+v", res)
	}
	if slices.Contains(res.Filled, "refund") || !slices.Contains(res.Filled, "transfer") {
		t.Errorf("filled columns %v", res.Filled)
	}
}

func TestEveryRecordType(t *testing.T) {
	day := func(s string) record.Time {
		at := moment(t, s+"T00:00:00Z")
		return record.Within(at, at.AddDate(0, 0, 1))
	}
	src := record.Source{Row: 2}
	tests := []struct {
		record record.Type
		text   string
		got    func(*collected) any
		want   any
	}{
		{record.Cards, "id;balance;currency;status;created_at;initial_value;expires_at\n0012;12,50;EUR;active;2026-10-01;50,00;9999-12-31\n",
			func(c *collected) any { return c.cards },
			[]record.Card{{Source: src, ID: "0012", Balance: money.Some(1250), Currency: money.MustCurrency("EUR"), Status: "active",
				CreatedAt: day("2026-10-01"), InitialValue: money.Some(5000)}}},
		{record.Orders, "id,at,status,amount,card_amount,card_status,test,gateway,refunded_at,refunded_amount,refund_to,refund_via,created_via\n" +
			"#1001,2026-10-01,paid,100,30,Issued,0,gift_card,2026-10-02,10,card,app,web\n",
			func(c *collected) any { return c.orders },
			[]record.Order{{Source: src, ID: "#1001", At: day("2026-10-01"), Status: "paid", Currency: usd, Amount: money.Some(10000),
				CardAmount: money.Some(3000), CardStatus: record.CardIssued, Test: record.No, Gateway: "gift_card", RefundedAt: day("2026-10-02"),
				RefundedAmount: money.Some(1000), RefundTo: record.ToCard, RefundVia: "app", CreatedVia: "web"}}},
		{record.Subscriptions, "id,topic,kinds,active,created_at,removed_at,last_success_at,failures,address,visible\n" +
			"s1,gift_cards/create,\"load, refund_to_card\",yes,2026-10-01,,2026-10-02,3,https://x.test/h,own\n",
			func(c *collected) any { return c.subscriptions },
			[]record.Subscription{{Source: src, ID: "s1", Topic: "gift_cards/create", Kinds: record.Kinds(0).With(record.Load).With(record.RefundToCard),
				Active: record.Yes, CreatedAt: day("2026-10-01"), LastSuccessAt: day("2026-10-02"), Failures: 3, Address: "https://x.test/h", Visible: record.VisibleOwn}}},
		{record.Deliveries, "id,event,notification,kind,unit,outcome,received_at,order,card,amount,currency,refund,why,flow,subscription,attempt,batch,sent_kind,sent_amount,sent_currency,sent_at,erp_ref\n" +
			",m-1,n-1,other,,dead lettered,2026-10-01,1001,c-1,50,,,no customer,orders,s1,2,b1,load,5000,JPY,2026-10-02,JE-1\n",
			func(c *collected) any { return c.deliveries },
			[]record.Delivery{{Source: src, Event: "m-1", Notification: "n-1", Kind: record.Other, Outcome: record.DeadLettered, ReceivedAt: day("2026-10-01"),
				Order: "1001", Card: "c-1", Amount: money.Some(5000), Currency: usd, Why: "no customer", Flow: "orders", Subscription: "s1", Attempt: 2,
				Batch: "b1", SentKind: record.Load, SentAmount: money.Some(5000), SentCurrency: money.MustCurrency("JPY"), SentAt: day("2026-10-02"), ERPRef: "JE-1"}}},
		{record.Flows, "id,name,kinds,enabled,trigger,filter,changed_at,last_run_at,log,retention_days\nf1,Orders,load|redemption,true,poll,channel <> pos,2026-10-01,2026-10-02,failures,14\n",
			func(c *collected) any { return c.flows },
			[]record.Flow{{Source: src, ID: "f1", Name: "Orders", Kinds: record.Kinds(0).With(record.Load).With(record.Redemption), Enabled: record.Yes,
				Trigger: record.TriggerPoll, Filter: "channel <> pos", ChangedAt: day("2026-10-01"), LastRunAt: day("2026-10-02"), Log: record.LogFailures, RetentionDays: 14}}},
		{record.Postings, "id,amount,dated,account,kind,type,document,ref,order,card,refund,currency,posted_at,item,memo,rule,status,reason,batch,source,entity\n" +
			"p1,-50,2026-10-01,2400,redemption,Journal,JE-1,m-1,1001,c-1,r-1,USD,2026-10-02,GC,paid by card,R1,held,why,b1,integration,Main\n",
			func(c *collected) any { return c.postings },
			[]record.Posting{{Source: src, ID: "p1", Kind: record.Redemption, Status: record.HeldPosting, From: record.FromIntegration, Currency: usd, Amount: -5000,
				Dated: day("2026-10-01"), PostedAt: day("2026-10-02"), Account: "2400", Type: "Journal", Document: "JE-1", Ref: "m-1", Order: "1001", Card: "c-1",
				Refund: "r-1", Item: "GC", Memo: "paid by card", Rule: "R1", Reason: "why", Batch: "b1", Entity: "Main"}}},
		{record.Rules, "id,name,matches,kinds,account,active,order,changed_at\nr1,Gift cards,item = GC,load,2400,no,10,2026-10-01\n",
			func(c *collected) any { return c.rules },
			[]record.Rule{{Source: src, ID: "r1", Name: "Gift cards", Matches: "item = GC", Kinds: record.Kinds(0).With(record.Load), Account: "2400",
				Active: record.No, Order: 10, ChangedAt: day("2026-10-01")}}},
		{record.Exceptions, "id,kind,ref,order,card,amount,currency,opened_at,reason\nx1,redemption,m-1,1001,c-1,-20,,2026-10-01,no load\n",
			func(c *collected) any { return c.exceptions },
			[]record.Exception{{Source: src, ID: "x1", Kind: record.Redemption, Ref: "m-1", Order: "1001", Card: "c-1", Amount: money.Some(-2000), Currency: usd,
				OpenedAt: day("2026-10-01"), Reason: "no load"}}},
	}
	for _, tt := range tests {
		got, _ := read(t, tt.record.String()+".csv", tt.text, Spec{Record: tt.record})
		if !reflect.DeepEqual(tt.got(got), tt.want) {
			t.Errorf("%s:\ngot  %+v\nwant %+v\n%s", tt.record, tt.got(got), tt.want, got.reasons())
		}
	}
}

func TestWhatIsNotKnownStaysUnknown(t *testing.T) {
	got, _ := read(t, "s.csv", "id,topic\ns1,x\n", Spec{Record: record.Subscriptions})
	if s := got.subscriptions[0]; s.Failures != -1 || s.Kinds != 0 || s.Active != record.Unknown {
		t.Errorf("subscription %+v", s)
	}
	got, _ = read(t, "f.csv", "id,name\nf1,x\n", Spec{Record: record.Flows})
	if f := got.flows[0]; f.RetentionDays != -1 || f.Enabled != record.Unknown || f.Log != record.NoLogScope {
		t.Errorf("flow %+v", f)
	}
	got, _ = read(t, "r.csv", "id,name\nr1,x\n", Spec{Record: record.Rules})
	if r := got.rules[0]; r.Order != -1 {
		t.Errorf("rule %+v", r)
	}
	got, _ = read(t, "d.csv", "event,outcome,received_at\nm-1,received,2026-10-01\n", Spec{Record: record.Deliveries})
	if d := got.deliveries[0]; d.ID != "" || d.Amount.Set || d.Currency.Known() || d.SentCurrency.Known() {
		t.Errorf("delivery %+v", d)
	}
}

func TestSigns(t *testing.T) {
	tests := []struct {
		kind, amount string
		want         money.Amount
		contrary     bool
	}{
		{"load", "50", 5000, false},
		{"load", "+50", 5000, false},
		{"load", "-50", -5000, true},
		{"refund to card", "50", 5000, false},
		{"transfer_in", "(50)", -5000, true},
		{"redemption", "50", -5000, false},
		{"redemption", "+50", -5000, false},
		{"redemption", "-50", -5000, false},
		{"Sale-Refund", "50", -5000, false},
		{"expiry", "50.00-", -5000, false},
		{"cash_out", "50", -5000, false},
		{"transfer_out", "50", -5000, false},
		{"deactivation", "50", -5000, false},
		{"adjustment", "50", 5000, false},
		{"adjustment", "-50", -5000, false},
		{"reversal", "-50", -5000, false},
	}
	for _, tt := range tests {
		got, _ := read(t, "m.csv", movementsHeader+"m1,"+tt.kind+",c1,"+tt.amount+",2026-10-01\n", Spec{Record: record.Movements})
		if len(got.movements) != 1 || got.movements[0].Amount != tt.want || got.movements[0].Contrary != tt.contrary {
			t.Errorf("%s %s: %+v %s", tt.kind, tt.amount, got.movements, got.reasons())
		}
	}
}

func TestPostingAmounts(t *testing.T) {
	tests := []struct {
		story, text string
		spec        Spec
		want        []money.Amount
		byKind      []bool
		reject      string
	}{
		{story: "as written", text: "amount,dated,kind\n-50,2026-10-01,load\n", want: []money.Amount{-5000}, byKind: []bool{false}},
		{story: "debit and credit", text: "Debit,Credit,dated\n50,,2026-10-01\n,20,2026-10-01\n0.00,30,2026-10-01\n-5,,2026-10-01\n",
			want: []money.Amount{-5000, 2000, 3000, 500}, byKind: []bool{false, false, false, false}},
		{story: "neither debit nor credit", text: "Debit,Credit,dated\n,,2026-10-01\n", reject: "amount"},
		{story: "a debit alone is no amount", text: "Debit,Credit,dated,Amount\n50,,2026-10-01,50\n", want: []money.Amount{-5000}, byKind: []bool{false}},
		{story: "the columns map decides", text: "Debit,Credit,dated,Betrag\n50,,2026-10-01,50\n", spec: Spec{Columns: map[string]string{"amount": "Betrag"}},
			want: []money.Amount{5000}, byKind: []bool{false}},
		{story: "by kind", text: "amount,dated,kind\n50,2026-10-01,load\n50,2026-10-01,redemption\n-50,2026-10-01,redemption\n-50,2026-10-01,other\n50,2026-10-01,\n",
			spec: Spec{Sign: "by_kind"}, want: []money.Amount{5000, -5000, -5000, -5000, 5000}, byKind: []bool{true, true, true, false, false}},
		{story: "by kind, and yet a minus", text: "amount,dated,kind\n-50,2026-10-01,load\n", spec: Spec{Sign: "by_kind"}, reject: "minus"},
	}
	for _, tt := range tests {
		tt.spec.Record = record.Postings
		got, _ := read(t, "erp.csv", tt.text, tt.spec)
		var amounts []money.Amount
		var byKind []bool
		for _, p := range got.postings {
			amounts, byKind = append(amounts, p.Amount), append(byKind, p.ByKindSign)
		}
		if !slices.Equal(amounts, tt.want) || !slices.Equal(byKind, tt.byKind) || tt.reject != "" && !strings.Contains(got.reasons(), tt.reject) {
			t.Errorf("%s: %v %v\n%s", tt.story, amounts, byKind, got.reasons())
		}
	}
}

func TestCurrencies(t *testing.T) {
	tests := []struct {
		story, amount, currency string
		fallback                string
		want                    string // "50.00 USD" or what the reject speaks of
	}{
		{"the column's", "50", "EUR", "USD", "50.00 EUR"},
		{"none: the default", "50", "", "USD", "50.00 USD"},
		{"the amount's own", "50.00 GBP", "", "USD", "50.00 GBP"},
		{"a dollar sign fits dollars", "$50", "CAD", "USD", "50.00 CAD"},
		{"a dollar sign without a column", "$50", "", "USD", "50.00 USD"},
		{"a dollar sign against euros", "$50", "EUR", "USD", "contradicts"},
		{"a dollar sign against the default", "$50", "", "EUR", "contradicts"},
		{"a code against the column", "50 USD", "EUR", "USD", "contradicts"},
		{"yen have no decimals", "5000", "JPY", "USD", "5000 JPY"},
		{"yen with decimals", "50.50", "JPY", "USD", "decimals"},
		{"dinars have three", "1.2345 KWD", "", "USD", "decimals"},
		{"fractions of a cent", "50.005", "USD", "USD", "ambig"},
		{"four decimals", "50.0050", "USD", "USD", "decimals"},
		{"zeros don't matter", "50.0000", "USD", "USD", "50.00 USD"},
		{"unknown code", "50", "XQX", "USD", "currency"},
		{"a name is no code", "50", "Dollar", "USD", "currency"},
	}
	for _, tt := range tests {
		got, _ := read(t, "m.csv", "id,kind,card,amount,at,currency\nm1,load,c1,"+tt.amount+",2026-10-01,"+tt.currency+"\n",
			Spec{Record: record.Movements, Currency: money.MustCurrency(tt.fallback)})
		said := got.reasons()
		if len(got.movements) == 1 {
			said = got.movements[0].Amount.Text(got.movements[0].Currency) + " " + got.movements[0].Currency.String()
		}
		if tt.want == "ambig" {
			tt.want = "does not tell"
		}
		if !strings.Contains(said, tt.want) {
			t.Errorf("%s: got %q, want %q", tt.story, said, tt.want)
		}
	}
}

func TestPoints(t *testing.T) {
	got, _ := read(t, "m.csv", "id,kind,card,amount,at,currency,unit,balance_after,price_paid\n"+
		"m1,load,c1,1200.5,2026-10-01,PTS,points,1200.50,\nm2,load,c1,10,2026-10-01,,points,,5\nm3,load,c1,10.005,2026-10-01,,points,,\nm4,load,c1,10,2026-10-01,PTS,money,,\n",
		Spec{Record: record.Movements, Currency: money.MustCurrency("JPY")})
	if len(got.movements) != 2 || len(got.rejects) != 2 {
		t.Fatalf("%+v %s", got.movements, got.reasons())
	}
	m := got.movements
	if !m[0].Points || m[0].Amount != 120050 || m[0].BalanceAfter != money.Some(120050) || m[0].Currency.Known() {
		t.Errorf("points %+v", m[0])
	}
	if m[1].Amount != 1000 || m[1].PricePaid != money.Some(5) || m[1].Currency != money.MustCurrency("JPY") {
		t.Errorf("bought points %+v", m[1])
	}
}

// readColumn reads movements whose amounts or times are the given ones.
func readColumn(t *testing.T, amounts, times []string, spec Spec) (*collected, Result) {
	var b strings.Builder
	b.WriteString("id;kind;card;amount;at\n")
	for i := range max(len(amounts), len(times)) {
		a, at := "1", "2026-10-01"
		if amounts != nil {
			a = amounts[i]
		}
		if times != nil {
			at = times[i]
		}
		fmt.Fprintf(&b, "m%d;adjustment;c;%s;%s\n", i, a, at)
	}
	spec.Record = record.Movements
	return read(t, "m.csv", b.String(), spec)
}

// texts writes the records' amounts, or "-" for a row that was refused.
func texts(c *collected, n int, of func(record.Movement) string) []string {
	out := slices.Repeat([]string{"-"}, n)
	for _, m := range c.movements {
		out[m.Row-2] = of(m)
	}
	return out
}

func TestDecimalsByTheWholeColumn(t *testing.T) {
	tests := []struct {
		story   string
		amounts []string
		decimal string
		want    []string
		notes   string // part of the notes
	}{
		{"a point somewhere", []string{"1,234", "50.00"}, "", []string{"1234.00", "50.00"}, "row 3"},
		{"a comma somewhere", []string{"1.234", "50,00"}, "", []string{"1234.00", "50.00"}, "row 3"},
		{"thousands twice", []string{"1.234", "1.000.000"}, "", []string{"1234.00", "1000000.00"}, "row 3"},
		{"nothing tells", []string{"1,234", "50"}, "", []string{"-", "50.00"}, ""},
		{"it is said", []string{"1,234", "50"}, ".", []string{"1234.00", "50.00"}, ""},
		{"it is said: comma", []string{"1.234", "1,5"}, ",", []string{"1234.00", "1.50"}, ""},
		{"what is said is contradicted", []string{"1,234", "50,5"}, ".", []string{"1234.00", "-"}, ""},
		{"the column contradicts itself", []string{"50,00", "1,234", "50.00"}, "", []string{"50.00", "-", "50.00"}, "rows 2 and 4"},
		{"a currency with three decimals is no proof", []string{"1.234 KWD", "2 KWD"}, "", []string{"-", "2.000"}, ""},
		{"three decimals after a zero are proof", []string{"0.125 KWD", "1.250 KWD"}, "", []string{"0.125", "1.250"}, ""},
	}
	for _, tt := range tests {
		got, res := readColumn(t, tt.amounts, nil, Spec{Decimal: tt.decimal})
		said := texts(got, len(tt.amounts), func(m record.Movement) string { return m.Amount.Text(m.Currency) })
		if !slices.Equal(said, tt.want) {
			t.Errorf("%s: got %v, want %v\n%s", tt.story, said, tt.want, got.reasons())
		}
		if !strings.Contains(strings.Join(res.Input.Notes, "\n"), tt.notes) {
			t.Errorf("%s: notes %q", tt.story, res.Input.Notes)
		}
		for _, r := range got.rejects {
			if tt.decimal == "" && !strings.Contains(r.Reason, "set decimal") {
				t.Errorf("%s: no advice in %q", tt.story, r.Reason)
			}
		}
	}
}

func TestDatesByTheWholeColumn(t *testing.T) {
	tests := []struct {
		story string
		times []string
		dates string
		want  []string
		notes string
	}{
		{"days beyond 12 come first", []string{"3/4/2026", "24/10/2026"}, "", []string{"04-03", "10-24"}, "row 3"},
		{"days beyond 12 come second", []string{"3/4/2026", "10/24/2026 13:05"}, "", []string{"03-04", "10-24"}, "row 3"},
		{"nothing tells", []string{"3/4/2026", "5/5/2026"}, "", []string{"-", "05-05"}, ""},
		{"points tell for themselves", []string{"3.4.2026", "3/4/2026"}, "", []string{"04-03", "-"}, ""},
		{"it is said", []string{"3/4/2026", "3/4/26"}, "mdy", []string{"03-04", "03-04"}, ""},
		{"two digits of a year", []string{"24/10/26", "24/10/2026"}, "", []string{"-", "10-24"}, ""},
		{"the column contradicts itself", []string{"24/10/2026", "3/4/2026", "10/24/2026"}, "", []string{"10-24", "-", "10-24"}, "rows 2 and 4"},
	}
	for _, tt := range tests {
		got, res := readColumn(t, nil, tt.times, Spec{Dates: tt.dates})
		said := texts(got, len(tt.times), func(m record.Movement) string { return m.At.Earliest().UTC().Format("01-02") })
		if !slices.Equal(said, tt.want) {
			t.Errorf("%s: got %v, want %v\n%s", tt.story, said, tt.want, got.reasons())
		}
		if !strings.Contains(strings.Join(res.Input.Notes, "\n"), tt.notes) {
			t.Errorf("%s: notes %q", tt.story, res.Input.Notes)
		}
		for _, r := range got.rejects {
			if !strings.Contains(r.Reason, "dates") {
				t.Errorf("%s: no advice in %q", tt.story, r.Reason)
			}
		}
	}
}

func TestColumnsDecideAlone(t *testing.T) {
	got, _ := read(t, "m.csv", "id;kind;card;amount;at;balance_after\nm1;load;c;1,234;2026-10-01;50.00\n", Spec{Record: record.Movements})
	if len(got.movements) != 0 {
		t.Errorf("another column's decimals decided: %+v", got.movements)
	}
}

func TestRowOrderChangesNothing(t *testing.T) {
	lines := []string{
		`m1,load,c1,"1,234",3/4/2026,x`, `m2,load,c1,50.00,10/24/2026,x`, `m3,redemption,c1,"2,000",5/6/2026,y`, `m4,load,c1,12,11/11/2026,`,
		`m5,shrug,c1,12,11/11/2026,x`, `m6,load,,12,11/12/2026,x`, `m7,load,c2,"9,9",1/2/2026,z`, `m8,load,c2,7.5,13/13/2026,z`, `0008,load,c2,7.5,1/13/2026,z`,
	}
	rng := rand.New(rand.NewPCG(1, 2))
	var first []string
	for round := range 20 {
		got, res := read(t, "m.csv", "id,kind,card,amount,at,Till\n"+strings.Join(lines, "\n")+"\n", Spec{Record: record.Movements})
		var said []string
		for _, m := range got.movements {
			m.Source = record.Source{}
			said = append(said, fmt.Sprintf("%+v", m))
		}
		for _, r := range got.rejects {
			said = append(said, fmt.Sprintf("%v %v", r.Keys, r.At))
		}
		said = append(said, fmt.Sprint(res.Filled, res.From, res.To, res.Damaged))
		slices.Sort(said)
		if round == 0 {
			first = said
		} else if !slices.Equal(said, first) {
			t.Fatalf("in the order %q:\ngot  %q\nwant %q", lines, said, first)
		}
		rng.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
	}
}

func TestRejectsSayWhereAndWhy(t *testing.T) {
	const good = "m9,load,c9,1,2026-10-09\n"
	tests := []struct {
		story, row string
		reason     string
		keys       []string
		at         string
	}{
		{"no card", "m1,load,,50,2026-10-01\n", "card", []string{"m1"}, "2026-10-01"},
		{"no amount", "m1,load,c1,,2026-10-01\n", "amount", []string{"m1", "c1"}, "2026-10-01"},
		{"no time", "m1,load,c1,50,\n", "at", []string{"m1", "c1"}, ""},
		{"zero date", "m1,load,c1,50,0000-00-00\n", "at", []string{"m1", "c1"}, ""},
		{"amount that is none", "m1,load,c1,fifty,2026-10-01\n", `"fifty"`, []string{"m1", "c1"}, "2026-10-01"},
		{"time that is none", "m1,load,c1,50,soon\n", `"soon"`, []string{"m1", "c1"}, ""},
		{"foreign word", "m1,lode,c1,50,2026-10-01\n", `"load"`, []string{"m1", "c1"}, "2026-10-01"},
		{"refund is two words", "m1,refund,c1,50,2026-10-01\n", `"refund_to_card", "sale_refund"`, []string{"m1", "c1"}, "2026-10-01"},
		{"other is no movement", "m1,other,c1,50,2026-10-01\n", `"other"`, []string{"m1", "c1"}, "2026-10-01"},
		{"too many columns", "m1,load,c1,50,2026-10-01,x\n", "6 columns", nil, ""},
		{"a NUL byte", "m1,load,c\x001,50,2026-10-01\n", "NUL", nil, ""},
		{"text after a quote", "\"m1\"x,load,c1,50,2026-10-01\n", "quote", nil, ""},
		{"a spreadsheet's error", "m1,load,#REF!,50,2026-10-01\n", "#REF!", []string{"m1"}, "2026-10-01"},
		{"card codes are not shown", "m1,load,c1,h4cd9f3axk2m77q1,2026-10-01\n", "77q1", []string{"m1", "c1"}, "2026-10-01"},
		{"control characters are shown escaped", "m1,l\x1b[31moad,c1,50,2026-10-01\n", `\x1b`, []string{"m1", "c1"}, "2026-10-01"},
	}
	for _, tt := range tests {
		got, _ := read(t, "m.csv", movementsHeader+tt.row+good, Spec{Record: record.Movements})
		if len(got.rejects) != 1 || len(got.movements) != 1 {
			t.Errorf("%s: %d movements; %s", tt.story, len(got.movements), got.reasons())
			continue
		}
		r := got.rejects[0]
		at := ""
		if r.At.Known() {
			at = r.At.Earliest().UTC().Format(time.DateOnly)
		}
		if r.Place != "m.csv:2" || r.Row != 2 || r.Record != record.Movements || !strings.Contains(r.Reason, tt.reason) || !slices.Equal(r.Keys, tt.keys) || at != tt.at {
			t.Errorf("%s: %+v at %q", tt.story, r, at)
		}
		if strings.ContainsRune(r.Reason, 0x1b) || strings.Contains(r.Reason, "h4cd9f3a") {
			t.Errorf("%s: the reason shows %q", tt.story, r.Reason)
		}
	}
}

func TestRowsThatAreNone(t *testing.T) {
	got, res := read(t, "m.csv", "id,kind,card,amount,at\n\nm1,load,c1,1,2026-10-01\n,,,,\n  \nid,kind,card,amount,at\nm2,load,c1,2,2026-10-01,,\nm3,load,c1,2,2026-10-01\n"+
		"Total,,,5.00,\nGrand Total:,,,5.00\n", Spec{Record: record.Movements})
	if len(got.movements) != 3 || len(got.rejects) != 0 || got.movements[1].Row != 7 {
		t.Errorf("%+v\n%s", got.movements, got.reasons())
	}
	if notes := strings.Join(res.Input.Notes, "\n"); !strings.Contains(notes, "totals") || !strings.Contains(notes, "header") {
		t.Errorf("notes %q", notes)
	}
	got, _ = read(t, "c.csv", "id,balance\nc1,5\nGesamt,5\n", Spec{Record: record.Cards})
	if len(got.cards) != 1 || len(got.rejects) != 0 {
		t.Errorf("%+v\n%s", got.cards, got.reasons())
	}
	got, _ = read(t, "p.csv", "memo,amount,dated\nTotal wine card,5,2026-10-01\nTotal,5,soon\n", Spec{Record: record.Postings})
	if len(got.postings) != 1 || len(got.rejects) != 1 {
		t.Errorf("a row with everything in it was passed over: %+v\n%s", got.postings, got.reasons())
	}
}

func TestMissingColumnsAtTheEndAreEmpty(t *testing.T) {
	got, _ := read(t, "m.csv", "id,kind,card,amount,at,order,channel\nm1,load,c1,1,2026-10-01\n", Spec{Record: record.Movements})
	if len(got.movements) != 1 || got.movements[0].Order != "" {
		t.Error(got.reasons())
	}
}

func TestEncodings(t *testing.T) {
	const text = "id,kind,card,amount,at,origin\nm1,load,c1,50,2026-10-01,Müller €\n"
	utf16Bytes := func(mark bool, little bool) string {
		units := utf16.Encode([]rune(text))
		if mark {
			units = append([]uint16{0xfeff}, units...)
		}
		var b []byte
		for _, u := range units {
			if little {
				b = append(b, byte(u), byte(u>>8))
			} else {
				b = append(b, byte(u>>8), byte(u))
			}
		}
		return string(b)
	}
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	z.Write([]byte(text))
	z.Close()
	old := strings.NewReplacer("ü", "\xfc", "€", "\x80").Replace(text)
	tests := []struct {
		story, text string
		encoding    string
		note        string
	}{
		{"UTF-8", text, "", ""},
		{"UTF-8 with a mark", "\ufeff" + text, "", ""},
		{"UTF-8, said", text, "utf-8", ""},
		{"UTF-16 little endian with a mark", utf16Bytes(true, true), "", ""},
		{"UTF-16 big endian with a mark", utf16Bytes(true, false), "", ""},
		{"UTF-16 little endian", utf16Bytes(false, true), "", ""},
		{"UTF-16 big endian", utf16Bytes(false, false), "", ""},
		{"UTF-16 little endian, said", utf16Bytes(false, true), "utf-16le", ""},
		{"Windows-1252", old, "", "Windows-1252"},
		{"Windows-1252, said", old, "windows-1252", ""},
		{"carriage returns only", strings.ReplaceAll(text, "\n", "\r"), "", ""},
		{"both", strings.ReplaceAll(text, "\n", "\r\n"), "", ""},
		{"compressed", zipped.String(), "", ""},
	}
	for _, tt := range tests {
		got, res := read(t, "m.csv", tt.text, Spec{Record: record.Movements, Encoding: tt.encoding})
		if len(got.movements) != 1 || got.movements[0].Origin != "Müller €" || got.movements[0].Row != 2 {
			t.Errorf("%s: %+v %s", tt.story, got.movements, got.reasons())
		}
		if notes := strings.Join(res.Input.Notes, "\n"); !strings.Contains(notes, tt.note) || tt.note == "" && notes != "" {
			t.Errorf("%s: notes %q", tt.story, notes)
		}
	}
	got, _ := read(t, "m.csv", old, Spec{Record: record.Movements, Encoding: "utf-8"})
	if len(got.rejects) != 1 {
		t.Errorf("bytes that are not the encoding that was said: %+v", got.movements)
	}
}

func TestDelimitersAndHeaders(t *testing.T) {
	tests := []struct {
		story, text, format string
		spec                Spec
		row                 uint32
	}{
		{"comma", "id,kind,card,amount,at\nm1,load,c1,5,2026-10-01\n", "csv", Spec{}, 2},
		{"semicolon", "id;kind;card;amount;at\nm1;load;c1;5,00;2026-10-01\n", "csv", Spec{}, 2},
		{"tab", "id\tkind\tcard\tamount\tat\nm1\tload\tc1\t5\t2026-10-01\n", "tsv", Spec{}, 2},
		{"bar", "id|kind|card|amount|at\nm1|load|c1|5|2026-10-01\n", "csv", Spec{}, 2},
		{"said", "id~kind~card~amount~at\nm1~load~c1~5~2026-10-01\n", "csv", Spec{Delimiter: '~'}, 2},
		{"sep line", "sep=;\nid;kind;card;amount;at\nm1;load;c1;5;2026-10-01\n", "csv", Spec{}, 3},
		{"spellings", "ID, Kind ,CARD,A-mount,_at\nm1,load,c1,5,2026-10-01\n", "csv", Spec{}, 2},
		{"quoted headers", "\"id\",\"kind\",\"card\",\"amount\",\"at\"\nm1,load,c1,5,2026-10-01\n", "csv", Spec{}, 2},
		{"titles first", "Acme Store\n\"Gift card ledger, October\"\n\nid,kind,card,amount,at\nm1,load,c1,5,2026-10-01\n", "csv", Spec{}, 5},
		{"header row said", "id,kind,card,amount,at\nid,kind,card,amount,at\nm1,load,c1,5,2026-10-01\n", "csv", Spec{HeaderRow: 2}, 3},
		{"header row far down", strings.Repeat("title\n", 50) + "id,kind,card,amount,at\nm1,load,c1,5,2026-10-01\n", "csv", Spec{HeaderRow: 51}, 52},
		{"mapped", "A,B,C,D,E\nm1,load,c1,5,2026-10-01\n", "csv", Spec{Columns: map[string]string{"id": "A", "kind": "b", "card": "C", "amount": "D", "at": "E"}}, 2},
		{"mapped in spite of the name", "id,my id,kind,card,amount,at\nx,m1,load,c1,5,2026-10-01\n", "csv", Spec{Columns: map[string]string{"ID": "my id"}}, 2},
		{"guarded against spreadsheets", "id,kind,card,amount,at\n=\"m1\",load,'c1,5,2026-10-01\n", "csv", Spec{}, 2},
	}
	for _, tt := range tests {
		tt.spec.Record = record.Movements
		got, res := read(t, "data.txt", tt.text, tt.spec)
		if len(got.movements) != 1 || got.movements[0].ID != "m1" || got.movements[0].Amount != 500 || got.movements[0].Row != tt.row || res.Input.Format != tt.format {
			t.Errorf("%s: %+v %s %+v", tt.story, got.movements, res.Input.Format, got.reasons())
		}
	}
}

func TestGuessedColumns(t *testing.T) {
	got, res := read(t, "pos.csv", "Activity ID,Type,Gift Card ID,Balance Change,Created At,Till\nm1,load,c1,5,2026-10-01,3\n", Spec{Record: record.Movements})
	if len(got.movements) != 1 || got.movements[0].ID != "m1" || len(got.movements[0].Attrs) != 1 {
		t.Fatal(got.reasons())
	}
	want := []casefile.Column{{Header: "Activity ID", Field: "id", Guessed: true}, {Header: "Type", Field: "kind", Guessed: true}, {Header: "Gift Card ID", Field: "card", Guessed: true},
		{Header: "Balance Change", Field: "amount", Guessed: true}, {Header: "Created At", Field: "at", Guessed: true}, {Header: "Till"}}
	if !slices.Equal(res.Input.Columns, want) {
		t.Errorf("columns %+v", res.Input.Columns)
	}
	_, res = read(t, "pos.csv", "id,kind,card,amount,at,Order ID,Order Name\nm1,load,c1,5,2026-10-01,9,#1\n", Spec{Record: record.Movements})
	if slices.Contains(res.Filled, "order") || !strings.Contains(strings.Join(res.Input.Notes, "\n"), `"Order ID", "Order Name"`) {
		t.Errorf("two headers could be the order: filled %v, notes %q", res.Filled, res.Input.Notes)
	}
}

func TestAliasesAreClear(t *testing.T) {
	for typ, byField := range aliases {
		sch := schemas[typ]
		seen := map[string]field{}
		for f, headers := range byField {
			if !slices.Contains(sch.fields, f) {
				t.Errorf("%s have no %s", typ, f)
			}
			if v := record.Vocabulary(typ, f.String()); v != nil && !slices.Contains(sch.need, f) {
				t.Errorf("%s: a guess at the optional %s could refuse every row", typ, f)
			}
			for _, h := range headers {
				if g, ok := seen[record.Fold(h)]; ok {
					t.Errorf("%s: %q stands for %s and %s", typ, h, f, g)
				}
				seen[record.Fold(h)] = f
				if g, ok := sch.lookup(h); ok {
					t.Errorf("%s: %q stands for %s, but is the name of %s", typ, h, f, g)
				}
			}
		}
	}
}

func TestVocabulary(t *testing.T) {
	spec := Spec{Record: record.Movements, Values: map[string]map[string]string{
		"kind": {"Activate": "load", "REDEEM": "redemption"}, "status": {"n/a": ""}, "test": {"live": "no"}, "origin": {"web": "sold"}, "currency": {"US Dollar": "USD"}}}
	got, _ := read(t, "m.csv", "id,kind,card,amount,at,status,test,origin,currency\nm1,ACTIVATE,c1,5,2026-10-01,N/A,Live,Web,us dollar\nm2,redeem,c1,5,2026-10-01,final,TRUE,Shop,EUR\nm3,issue,c1,5,2026-10-01,,,,\n", spec)
	if len(got.movements) != 2 || len(got.rejects) != 1 {
		t.Fatal(got.reasons())
	}
	a, b := got.movements[0], got.movements[1]
	if a.Kind != record.Load || a.Status != record.Final || a.Test != record.No || a.Origin != "sold" || a.Currency != usd {
		t.Errorf("mapped words: %+v", a)
	}
	if b.Kind != record.Redemption || b.Test != record.Yes || b.Origin != "Shop" {
		t.Errorf("mapped words: %+v", b)
	}
	subs, _ := read(t, "s.csv", "id,topic,kinds\ns1,x,topup;redemption|expiry cash_out\ns2,x,noise\ns3,x,nothing\n", Spec{Record: record.Subscriptions,
		Values: map[string]map[string]string{"kinds": {"topup": "load", "nothing": ""}}})
	if len(subs.subscriptions) != 2 || subs.subscriptions[1].Kinds != 0 ||
		!slices.Equal(subs.subscriptions[0].Kinds.List(), []record.Kind{record.Load, record.Redemption, record.Expiry, record.CashOut}) {
		t.Errorf("%+v %s", subs.subscriptions, subs.reasons())
	}
}

func TestFilesThatCannotBeRead(t *testing.T) {
	movements := Spec{Record: record.Movements}
	tests := []struct {
		story, text string
		spec        Spec
		says        []string
	}{
		{"no card column", "id,kind,crad,amount,at\nm1,load,c1,5,2026-10-01\n", movements, []string{"card", `"crad"`, "row 1"}},
		{"two candidates", "id,kind,Gift Card ID,Card Number,amount,at\nm1,load,c1,c1,5,2026-10-01\n", movements, []string{"card", `"Gift Card ID"`, `"Card Number"`}},
		{"one column twice", "id,kind,card,amount,at,Amount\nm1,load,c1,5,2026-10-01,5\n", movements, []string{"columns 4", "and 6", "amount"}},
		{"map to nothing", "id,kind,card,amount,at\n", Spec{Record: record.Movements, Columns: map[string]string{"card": "GC"}}, []string{"card", `"GC"`}},
		{"map of nothing", "id,kind,card,amount,at\n", Spec{Record: record.Movements, Columns: map[string]string{"crad": "card"}}, []string{`"crad"`, `"card"`}},
		{"values of nothing", "id,kind,card,amount,at\n", Spec{Record: record.Movements, Values: map[string]map[string]string{"knd": {"a": "load"}}}, []string{`"knd"`, `"kind"`}},
		{"values to nothing", "id,kind,card,amount,at\n", Spec{Record: record.Movements, Values: map[string]map[string]string{"kind": {"a": "lode"}}}, []string{`"lode"`, `"load"`}},
		{"values against each other", "id,kind,card,amount,at\n", Spec{Record: record.Movements, Values: map[string]map[string]string{"kind": {"A": "load", "a": "expiry"}}}, []string{"both"}},
		{"header row without a header", "id,kind,card,amount,at\nm1,load,c1,5,2026-10-01\n", Spec{Record: record.Movements, HeaderRow: 2}, []string{"row 2"}},
		{"header row beyond the end", "id,kind,card,amount,at\n", Spec{Record: record.Movements, HeaderRow: 9}, []string{"row 9"}},
		{"unknown encoding", "id,kind,card,amount,at\n", Spec{Record: record.Movements, Encoding: "klingon"}, []string{"klingon"}},
		{"impossible delimiter", "id,kind,card,amount,at\n", Spec{Record: record.Movements, Delimiter: '"'}, []string{"delimiter"}},
		{"PDF", "%PDF-1.7 …", movements, []string{"PDF"}},
		{"PNG", "\x89PNG\r\n\x1a\n", movements, []string{"PNG"}},
		{"HTML", "\n<!DOCTYPE html><html><table>", movements, []string{"HTML"}},
		{"XML", "<?xml version=\"1.0\"?><Workbook/>", movements, []string{"XML"}},
		{"old Excel", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", movements, []string{".xls"}},
		{"damaged archive", "PK\x03\x04 and so on", movements, []string{"archive"}},
		{"binary", strings.Repeat("\x00\x01\x02\x7f", 100), movements, []string{"binary"}},
		{"no record type", "id\n", Spec{}, []string{"record type"}},
	}
	for _, tt := range tests {
		got, res, err := tryRead(t, "m.csv", tt.text, tt.spec)
		if err == nil {
			t.Errorf("%s: no error; %+v %+v", tt.story, got, res)
			continue
		}
		for _, s := range append(tt.says, "m.csv") {
			if !strings.Contains(err.Error(), s) {
				t.Errorf("%s: %q does not speak of %s", tt.story, err, s)
			}
		}
		if got.rows() > 0 {
			t.Errorf("%s: records came out", tt.story)
		}
	}
	var missing *NoColumn
	_, _, err := tryRead(t, "m.csv", "id,kind,crad,amount,at\n", movements)
	if !errors.As(err, &missing) || !slices.Equal(missing.Fields, []string{"card"}) || !slices.Equal(missing.Candidates["card"], []string{"crad"}) || len(missing.Headers) != 5 {
		t.Errorf("%#v", missing)
	}
	for _, path := range []string{t.TempDir(), filepath.Join(t.TempDir(), "none.csv"), os.DevNull} {
		if _, err := Read(context.Background(), Spec{Record: record.Movements, Path: path}, &collected{}, nil); err == nil {
			t.Errorf("%s can be read", path)
		}
	}
}

func TestFilesWithoutRows(t *testing.T) {
	for _, text := range []string{"", "\ufeff", " \n\r\n\t", "id,kind,card,amount,at\n", "id,kind,card,amount,at", "[]", "{}", `{"data": [], "next": null}`, "{\"data\":{\"movements\":[]}}\n"} {
		got, res, err := tryRead(t, "m.csv", text, Spec{Record: record.Movements})
		if err != nil || got.rows() != 0 || res.Rejected != 0 || res.Stopped != "" {
			t.Errorf("%q: %v, %+v", text, err, res)
		}
	}
}

func TestCancelling(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	path := write(t, "m.csv", movementsHeader+strings.Repeat("m1,load,c1,5,2026-10-01\n", 5000))
	got := &collected{}
	sink := stopper{collected: got, after: 1000, stop: func() error { cancel(); return nil }}
	res, err := Read(ctx, Spec{Record: record.Movements, Path: path}, &sink, nil)
	if !errors.Is(err, context.Canceled) || res.Rows < 1000 || res.Rows >= 5000 || res.Rows != len(got.movements) || res.Stopped == "" {
		t.Errorf("%v, %d records, %d kept, stopped %q", err, res.Rows, len(got.movements), res.Stopped)
	}
	full := errors.New("disk full")
	sink = stopper{collected: &collected{}, after: 10, stop: func() error { return full }}
	if res, err := Read(context.Background(), Spec{Record: record.Movements, Path: path}, &sink, nil); !errors.Is(err, full) || res.Stopped == "" {
		t.Errorf("the sink's error is lost: %v", err)
	}
}

// stopper calls stop when it has enough movements.
type stopper struct {
	*collected
	after int
	stop  func() error
}

func (s *stopper) Movement(m *record.Movement) error {
	s.collected.Movement(m)
	if s.after--; s.after == 0 {
		return s.stop()
	}
	return nil
}

func TestProgress(t *testing.T) {
	text := movementsHeader + strings.Repeat("m1,load,c1,5,2026-10-01\n", 20000)
	var calls, last int
	_, err := Read(context.Background(), Spec{Record: record.Movements, Path: write(t, "m.csv", text)}, &discard{}, func(read, total int64, rows int) {
		calls++
		if read > total || total != int64(len(text)) || rows < last {
			t.Errorf("%d of %d bytes, %d rows after %d", read, total, rows, last)
		}
		last = rows
	})
	if err != nil || last != 20000 || calls > 20 {
		t.Errorf("%v; %d calls, %d rows at last", err, calls, last)
	}
}

func TestAFileThatBreaksOff(t *testing.T) {
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	var text strings.Builder
	text.WriteString(movementsHeader)
	for i := range 20000 {
		fmt.Fprintf(&text, "m%d,load,c%d,5,2026-10-01\n", i, i*7919%1000)
	}
	z.Write([]byte(text.String()))
	z.Close()
	got, res := read(t, "m.csv.gz", zipped.String()[:zipped.Len()/2], Spec{Record: record.Movements})
	if len(got.movements) == 0 || len(got.movements) >= 20000 || res.Stopped == "" {
		t.Errorf("%d records, stopped %q", len(got.movements), res.Stopped)
	}
}

func TestAVeryLongLine(t *testing.T) {
	text := movementsHeader + "m1,load,c1,5,2026-10-01\nm2," + strings.Repeat("x", maxRow+10) + "\nm3,load,c1,5,2026-10-01\nm4,load,\"" + strings.Repeat("y\n", maxRow/2) + "\",5,2026-10-01\n"
	got := &collected{}
	stop := &stopper{collected: got, after: 100, stop: func() error { return nil }}
	res, err := Read(context.Background(), Spec{Record: record.Movements, Path: write(t, "m.csv", text)}, &firstRejects{stopper: stop, most: 10}, nil)
	if !errors.Is(err, errEnough) || res.Rows != 2 || got.movements[1].ID != "m3" {
		t.Errorf("%v: %d records, %s", err, res.Rows, got.reasons())
	}
	if len(got.rejects) < 2 || got.rejects[0].Row != 3 || got.rejects[1].Row != 5 {
		t.Errorf("rejects %s", got.reasons())
	}
}

var errEnough = errors.New("enough")

// firstRejects ends the reading after so many rejects.
type firstRejects struct {
	*stopper
	most int
}

func (f *firstRejects) Reject(r casefile.Reject) error {
	if f.most--; f.most == 0 {
		return errEnough
	}
	return f.collected.Reject(r)
}
