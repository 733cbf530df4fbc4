package trace

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"gcdiag/internal/casefile"
	"gcdiag/internal/money"
	"gcdiag/internal/record"
)

// TestMatchingByHand links rows by card and by amount as the linker does, and once more by
// comparing each row with each event: both find the same.
func TestMatchingByHand(t *testing.T) {
	found := map[string]int{} // what the cases have, lest they prove nothing
	for seed := range uint64(8000) {
		quick, plain := matchingCase(seed), matchingCase(seed)
		quick.byCards()
		quick.byAmounts()
		eachByEach{plain}.link()
		if got, want := matched(quick), matched(plain); got != want {
			t.Fatalf("seed %d: linked\n%s\nby hand\n%s", seed, got, want)
		}
		for row, o := range quick.owner {
			switch {
			case o == free:
				found["free"]++
			case o == tied:
				found["tied"]++
			default:
				found[quick.rung[row].String()]++
			}
		}
	}
	for _, what := range []string{"free", "tied", ByCard.String(), ByAmount.String(), ByTwins.String()} {
		if found[what] < 200 {
			t.Errorf("%d rows are of this sort: %s", found[what], what)
		}
	}
}

// TestMatchingOfManyRows counts what is allocated where nothing tells rows or events of a day
// apart: four times as many take about four times as much, whether they are tied or linked.
func TestMatchingOfManyRows(t *testing.T) {
	start := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
	for _, share := range []int{2, 1} { // events to a row
		cost := func(n int) uint64 {
			c := &casefile.Case{Zone: time.UTC, Policy: casefile.DefaultPolicy(), Systems: []casefile.System{{Role: record.Platform}, {Role: record.ERP}}}
			for i := range n {
				at := record.At(start.Add(time.Duration(i) * time.Second))
				c.Movements.Add(record.Movement{ID: fmt.Sprint("m-", i), Kind: record.Load, Amount: 5000, At: at})
				if i%share == 0 {
					p := record.Posting{ID: fmt.Sprint("p-", i), Kind: record.Load, Amount: 5000, Dated: at}
					p.System = 1
					c.Postings.Add(p)
				}
			}
			l := unlinked(c)
			spent := allocated(l.byAmounts)
			if tied := len(l.s.Ties) > 0; tied != (share > 1) {
				t.Errorf("%d events to a row: tied is %v", share, tied)
			}
			return spent
		}
		if few, many := cost(500), cost(2000); many > 6*few {
			t.Errorf("%d events to a row: %d bytes for 500 events, %d for 2000", share, few, many)
		}
	}
}

// matchingCase is a linker with events and rows of few amounts, cards and orders.
func matchingCase(seed uint64) *linker {
	r := rand.New(rand.NewPCG(seed, 12))
	c := &casefile.Case{Zone: time.UTC, Currency: money.MustCurrency("USD"), Policy: casefile.DefaultPolicy(), Liability: []string{"2400"},
		Systems: []casefile.System{{Role: record.Platform}, {Role: record.Integration}, {Role: record.ERP, Name: "Books"},
			{Role: record.ERP, Name: "Other books", Zone: time.FixedZone("Tokyo", 9*60*60)}}}
	start := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
	days := 1 + r.IntN(5)*r.IntN(15)
	// times are moments, days, or of any sort
	sort := r.IntN(3)
	when := func() record.Time {
		day := start.AddDate(0, 0, r.IntN(days))
		switch n := r.IntN(10); {
		case sort == 2 && n == 0:
			return record.Time{}
		case sort == 2 && n == 1:
			return record.Within(day, day.AddDate(0, 0, 3))
		case sort == 2 && n < 5 || sort == 1:
			return record.Within(day, day.AddDate(0, 0, 1))
		}
		return record.At(day.Add(time.Duration(r.IntN(24)) * time.Hour))
	}
	// what is said at all differs from case to case; in half of them it is nothing but a time
	bare := r.IntN(2)
	one := func(share int, list ...string) func() string {
		n := r.IntN(share+1) * bare
		return func() string {
			if r.IntN(share) >= n {
				return ""
			}
			return list[r.IntN(len(list))]
		}
	}
	card, order, refund := one(3, "gc-1001", "gc-1002", "gc-1003"), one(3, "o-1", "o-2"), one(6, "r-1", "r-2")
	amounts := []money.Amount{100, 200, 300}[:1+r.IntN(3)]
	kinds := []record.Kind{record.Load, record.Deactivation, record.Redemption}[:1+r.IntN(3)*bare]
	for i := range 1 + r.IntN(12) {
		m := record.Movement{ID: fmt.Sprint("m-", i), Kind: kinds[r.IntN(len(kinds))], Amount: amounts[r.IntN(len(amounts))], At: when(), Card: card(), Order: order(), Refund: refund(),
			Status: []record.Status{record.Final, record.Final, record.Final, record.Cancelled}[r.IntN(4)]}
		c.Movements.Add(m)
		for range r.IntN(3) {
			c.Deliveries.Add(record.Delivery{Event: m.ID, Outcome: []record.Outcome{record.Delivered, record.Failed}[r.IntN(2)]})
		}
	}
	card, order, refund = one(3, "gc-1001", "gc-1002", "gc-1003", "••••1001", "unknown"), one(4, "o-1", "o-9"), one(6, "r-1", "r-9")
	sort = r.IntN(3)
	ref, account := one(5, "m-99", "JE 7", "JE 8"), one(2, "2400", "2400", "9990")
	for i := range 1 + r.IntN(12) {
		p := record.Posting{ID: fmt.Sprint("p-", i), Kind: []record.Kind{record.Load, record.Load, record.Redemption, record.SaleRefund, record.NoKind, record.Other}[r.IntN(6)],
			Currency: c.Currency, Amount: amounts[r.IntN(len(amounts))], Dated: when(), Card: card(), Order: order(), Refund: refund(), Ref: ref(), Account: account(),
			Status: []record.PostingStatus{record.Posted, record.Posted, record.Open}[r.IntN(3)], From: []record.Feed{record.FromIntegration, record.FromIntegration, record.ByHand}[r.IntN(3)]}
		p.System = uint16(2 + r.IntN(4)/3)
		c.Postings.Add(p)
	}
	return unlinked(c)
}

// matched is all that linking rows one by one leaves behind.
func matched(l *linker) string {
	var out strings.Builder
	for row, p := range l.rows {
		fmt.Fprintln(&out, p.ID, l.owner[row], l.rung[row])
	}
	tie := func(name string, t *Tie) {
		if t == nil {
			return
		}
		fmt.Fprint(&out, " ", name)
		for _, e := range t.Events {
			fmt.Fprint(&out, " ", e.ID())
		}
		for _, p := range t.Postings {
			fmt.Fprint(&out, " ", p.ID)
		}
	}
	for _, e := range l.s.Events {
		fmt.Fprint(&out, e.ID(), " ", l.taken[e.place])
		tie("rivals", e.Rivals)
		tie("twins", e.Twins)
		fmt.Fprintln(&out)
	}
	for _, t := range l.s.Ties {
		tie("tie", t)
	}
	return out.String()
}

// eachByEach links rows by comparing each with every event.
type eachByEach struct{ *linker }

func (l eachByEach) link() {
	var rows, byHand []int
	for row, p := range l.rows {
		if p.Card != "" && l.s.byCard.has(l.find(p.Card)) {
			rows = append(rows, row)
		}
	}
	equal := func(p *Posting, e *Event) bool {
		return p.Amount == e.Owed && p.Currency == e.Currency && kindAgrees(p, e) && l.unreferenced(p, e) && !l.namesStranger(p)
	}
	l.match(rows, lateMost, ByCard, func(p *Posting, e *Event) bool { return l.find(p.Card) == e.card && equal(p, e) })
	for _, row := range rows {
		p := l.rows[row]
		if l.owner[row] != free || p.Kind == record.NoKind || p.Ref != "" || p.Order != "" {
			continue
		}
		if e := l.pick(l.s.byCard.all(l.find(p.Card)), func(e *Event) bool {
			return l.taken[e.place] == 0 && e.Rivals == nil && p.Kind == e.Movement.Kind && near(p.Dated, e, dateSlack)
		}); e != nil {
			l.linker.link(row, e, ByCard)
		}
	}
	rows = nil
	for row, p := range l.rows {
		switch {
		case p.Card != "" && l.s.byCard.has(l.find(p.Card)) && p.Ref != "" || !l.onLedger(p):
		case p.From == record.ByHand:
			byHand = append(byHand, row)
		default:
			rows = append(rows, row)
		}
	}
	l.match(rows, dateSlack, ByAmount, equal)
	l.match(byHand, lateMost, ByAmount, equal)
}

// match is the linker's match by pairs of a row and an event.
func (l eachByEach) match(rows []int, latest time.Duration, one Rung, could func(*Posting, *Event) bool) {
	for _, late := range slices.Compact([]time.Duration{0, dateSlack, latest}) {
		rowsOf, eventsOf := map[int32][]int{}, map[int][]int32{}
		for _, row := range rows {
			p := l.rows[row]
			for i, e := range l.s.Events {
				day := l.day(p)
				fits := near(p.Dated, e, late)
				if at := e.Movement.At.Earliest(); late == 0 {
					fits = !at.Before(day) && at.Before(day.AddDate(0, 0, 1))
				}
				if fits && l.owner[row] == free && l.taken[i] == 0 && e.Rivals == nil && e.Scope != Cancelled && could(p, e) {
					rowsOf[int32(i)], eventsOf[row] = append(rowsOf[int32(i)], row), append(eventsOf[row], int32(i))
				}
			}
		}
		seen := map[int]bool{}
		for _, row := range rows {
			if seen[row] || len(eventsOf[row]) == 0 {
				continue
			}
			seen[row] = true
			group, events := []int{row}, []int32(nil)
			for n := 0; n < len(group); n++ {
				for _, i := range eventsOf[group[n]] {
					if slices.Contains(events, i) {
						continue
					}
					events = append(events, i)
					for _, r := range rowsOf[i] {
						if !seen[r] {
							seen[r] = true
							group = append(group, r)
						}
					}
				}
			}
			slices.Sort(group)
			slices.Sort(events)
			switch {
			case len(group) == 1 && len(events) == 1:
				l.linker.link(group[0], l.s.Events[events[0]], one)
			case len(group) >= len(events) && l.all(events, rowsOf):
			case l.all(l.delivered(events), rowsOf):
			case late == latest:
				l.tie(group, events)
			}
		}
	}
}

// all gives each event the first row that no other has, if there is one for each.
func (l eachByEach) all(events []int32, rowsOf map[int32][]int) bool {
	var rows []int
	for _, i := range events {
		n := slices.IndexFunc(rowsOf[i], func(row int) bool { return !slices.Contains(rows, row) })
		if n < 0 {
			return false
		}
		rows = append(rows, rowsOf[i][n])
	}
	t := &Tie{}
	for n, i := range events {
		e := l.s.Events[i]
		l.linker.link(rows[n], e, ByTwins)
		if len(events) > 1 {
			e.Twins, t.Events, t.Postings = t, append(t.Events, e), append(t.Postings, l.stated[rows[n]])
		}
	}
	return len(events) > 0
}
