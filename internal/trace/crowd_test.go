package trace

import (
	"math/rand/v2"
	"slices"
	"sort"
	"testing"
	"time"

	"gcdiag/internal/record"
)

// A crowd answers as a plain list of its events does.
func TestCrowd(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	start := time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)
	for _, n := range []int{0, 1, 100, block, block + 1, 3 * block} {
		s := new(Set)
		for i := range n {
			m := &Movement{At: record.At(start.Add(time.Duration(r.IntN(n)) * time.Second)), MovementTraits: &MovementTraits{Kind: record.Kind(r.IntN(int(record.Other) + 1))}}
			if i%50 == 0 {
				m.At = record.Within(start, start.AddDate(0, 0, 1))
			}
			s.Events = append(s.Events, &Event{Movement: m, Scope: Scope(r.IntN(2))})
		}
		slices.SortFunc(s.Events, func(a, b *Event) int { return a.Movement.At.Compare(b.Movement.At) })
		c := s.crowd()
		c.count()
		if c.Len() != n {
			t.Fatalf("%d events: Len is %d", n, c.Len())
		}
		for _, from := range []int{0, n / 3, n} {
			i := from
			for place, x := range c.From(from) {
				e := s.Events[i]
				if place != i || x != (Standing{At: e.Movement.At, Place: i, Kind: e.Movement.Kind, Countable: e.Scope == Countable}) {
					t.Fatalf("%d events: at %d (%d) stands %v", n, i, place, x)
				}
				i++
			}
			if i != n {
				t.Fatalf("%d events: from %d there are %d", n, from, i-from)
			}
		}
		kinds := record.Kinds(0).With(record.Load).With(record.SaleRefund)
		for range 20 {
			at := record.At(start.Add(time.Duration(r.IntN(n+1)) * time.Second))
			since := sort.Search(n, func(i int) bool { return s.Events[i].Movement.At.Compare(at) >= 0 })
			after := sort.Search(n, func(i int) bool { return s.Events[i].Movement.At.Compare(at) > 0 })
			if c.Since(at) != since || c.After(at) != after {
				t.Fatalf("%d events: since %d and after %d, want %d and %d", n, c.Since(at), c.After(at), since, after)
			}
			for _, before := range []int{since, after, n} {
				want := 0
				for _, e := range s.Events[:before] {
					if e.Scope == Countable && kinds.Has(e.Movement.Kind) {
						want++
					}
				}
				if got := c.Counted(kinds, before); got != want {
					t.Fatalf("%d events: %d count before %d, want %d", n, got, before, want)
				}
			}
		}
	}
}
