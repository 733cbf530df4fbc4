package trace

import (
	"slices"
	"testing"
	"time"

	"gcdiag/internal/money"
	"gcdiag/internal/record"
)

func TestSameCard(t *testing.T) {
	for _, tt := range []struct {
		story string
		a, b  string
		want  bool
	}{
		{"one id", "gc-1", "GC-1", true},
		{"two ids", "gc-1", "gc-2", false},
		{"masked to its tail", "••••4411", "6006-4411", true},
		{"masked, another tail", "••••4411", "6006-4412", false},
		{"both masked alike", "****4411", "••••4411", true},
		{"the last four alone are no identity", "4411", "6006-4411", false},
	} {
		if got := SameCard(tt.a, tt.b); got != tt.want {
			t.Errorf("%s: %v", tt.story, got)
		}
	}
}

// TestPricePaid follows cards whose loads owe what was paid for them: first in,
// first out, in proportion, half up, and the last use takes the rest.
func TestPricePaid(t *testing.T) {
	move := func(kind record.Kind, face money.Amount, paid money.Opt, order string) *Event {
		return &Event{Movement: &Movement{Amount: face, Order: order, MovementTraits: &MovementTraits{Kind: kind, PricePaid: paid}}, Owed: face}
	}
	none := money.Opt{}
	for _, tt := range []struct {
		story string
		card  []*Event
		want  []money.Amount
	}{
		{"sold for 80, used in halves", []*Event{move(record.Load, 10000, money.Some(8000), "1"), move(record.Redemption, -5000, none, "2"), move(record.Redemption, -5000, none, "3")}, []money.Amount{8000, -4000, -4000}},
		{"thirds: the last takes the rest", []*Event{move(record.Load, 300, money.Some(100), "1"), move(record.Redemption, -100, none, "2"), move(record.Redemption, -100, none, "3"), move(record.Redemption, -100, none, "4")}, []money.Amount{100, -33, -33, -34}},
		{"half up", []*Event{move(record.Load, 200, money.Some(101), "1"), move(record.Redemption, -100, none, "2"), move(record.Redemption, -100, none, "3")}, []money.Amount{101, -51, -50}},
		{"two loads, first in first out", []*Event{move(record.Load, 100, money.Some(50), "1"), move(record.Load, 100, money.Some(100), "2"), move(record.Redemption, -150, none, "3")}, []money.Amount{50, 100, -100}},
		{"a refund gives back what was released", []*Event{move(record.Load, 10000, money.Some(8000), "1"), move(record.Redemption, -5000, none, "2"), move(record.RefundToCard, 2500, none, "2")}, []money.Amount{8000, -4000, 2000}},
		{"older value is used at its face", []*Event{move(record.Redemption, -700, none, "1")}, []money.Amount{-700}},
		{"a free card owes nothing", []*Event{move(record.Load, 1000, money.Some(0), "1"), move(record.Redemption, -1000, none, "2")}, []money.Amount{0, 0}},
	} {
		owePricePaid(tt.card)
		var got []money.Amount
		for _, e := range tt.card {
			got = append(got, e.Owed)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.story, got, tt.want)
		}
	}
}

func TestPointsWorth(t *testing.T) {
	usd, jpy := money.MustCurrency("USD"), money.MustCurrency("JPY")
	for _, tt := range []struct {
		points money.Amount // hundredths
		c      money.Currency
		per    int64
		want   money.Amount
	}{{50000, usd, 100, 500}, {33, usd, 3, 11}, {-50000, usd, 100, -500}, {10000, jpy, 1, 100}, {150, usd, 100, 2}} {
		if got := pointsWorth(tt.points, tt.c, tt.per); got != tt.want {
			t.Errorf("%d hundredths of a point at %d are %d %s, want %d", tt.points, tt.per, got, tt.c, tt.want)
		}
	}
}

func TestNear(t *testing.T) {
	at := time.Date(2026, 10, 3, 22, 0, 0, 0, time.UTC)
	day := func(d int) record.Time {
		start := time.Date(2026, 10, d, 0, 0, 0, 0, time.UTC)
		return record.Within(start, start.AddDate(0, 0, 1))
	}
	e := &Event{Movement: &Movement{At: record.At(at)}}
	for d, want := range map[int]bool{1: false, 2: true, 3: true, 4: true, 5: true, 6: false} {
		if got := near(day(d), e, dateSlack); got != want {
			t.Errorf("a row of day %d: %v", d, got)
		}
	}
}
