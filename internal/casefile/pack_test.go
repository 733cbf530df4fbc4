package casefile

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"gcdiag/internal/money"
	"gcdiag/internal/record"
)

// scribble puts something, or by chance nothing, into every field of a record.
func scribble(r *rand.Rand, v reflect.Value) {
	for i := range v.NumField() {
		f := v.Field(i)
		if r.IntN(3) == 0 {
			continue
		}
		switch x := f.Addr().Interface().(type) {
		case *record.Source:
			*x = record.Source{System: uint16(r.IntN(300)), Input: uint16(r.IntN(1 << 16)), Row: r.Uint32()}
		case *string:
			*x = []string{"a", "2350", "evt_000", strings.Repeat("long ", 60), "\x00ü", string(rune('a'+r.IntN(26))) + "x"}[r.IntN(6)]
		case *record.Kind:
			*x = record.Kind(r.IntN(int(record.Other) + 1))
		case *record.Status:
			*x = record.Status(r.IntN(3))
		case *record.Bool:
			*x = record.Bool(r.IntN(3))
		case *record.Funding:
			*x = record.Funding(r.IntN(4))
		case *record.Outcome:
			*x = record.Outcome(r.IntN(int(record.UnknownOutcome) + 1))
		case *record.PostingStatus:
			*x = record.PostingStatus(r.IntN(int(record.Refused) + 1))
		case *record.Feed:
			*x = record.Feed(r.IntN(3))
		case *bool:
			*x = true
		case *int:
			*x = r.IntN(1000) - 500
		case *money.Currency:
			*x = money.MustCurrency([]string{"USD", "JPY"}[r.IntN(2)])
		case *money.Amount:
			*x = money.Amount(r.Int64N(1<<60) - 1<<59)
		case *money.Opt:
			*x = money.Some(money.Amount(r.IntN(3) - 1))
		case *record.Time:
			at := time.Unix(r.Int64N(8e9)-1e9, r.Int64N(2)*r.Int64N(1e9))
			*x = record.At(at)
			if r.IntN(2) == 0 {
				*x = record.Within(at, at.Add(time.Duration(1+r.IntN(90000))*time.Second))
			}
		case *[]record.Attr:
			*x = []record.Attr{{Name: "tier", Value: "gold"}, {Name: "note", Value: ""}}
		default:
			panic("no value for " + f.Type().String())
		}
	}
}

func testPack[T any](t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var table, plain Table[T]
	table.usePack()
	const n = 5000
	for range n {
		var x T
		scribble(r, reflect.ValueOf(&x).Elem())
		table.put(&x)
		plain.Add(x)
		i := r.IntN(table.Len())
		var got T
		if table.Read(i, &got); !reflect.DeepEqual(got, *plain.at(i)) {
			t.Fatalf("record %d is %+v, was %+v", i, got, *plain.at(i))
		}
	}
	var other T
	table.set(7, other)
	*plain.at(7) = other
	i := 0
	var all []*T
	for x := range table.All() {
		all = append(all, x)
	}
	for x := range table.Pass() {
		if !reflect.DeepEqual(*x, *plain.at(i)) || !reflect.DeepEqual(*all[i], *plain.at(i)) {
			t.Fatalf("record %d is %+v and %+v, was %+v", i, *x, *all[i], *plain.at(i))
		}
		i++
	}
	if i != n || len(all) != n || table.pack == nil {
		t.Errorf("%d and %d records of %d", i, len(all), n)
	}
}

func TestPackedRecordsAreTheSame(t *testing.T) {
	t.Run("movements", testPack[record.Movement])
	t.Run("deliveries", testPack[record.Delivery])
	t.Run("postings", testPack[record.Posting])
}
