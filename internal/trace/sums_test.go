package trace

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"gcdiag/internal/casefile"
	"gcdiag/internal/money"
	"gcdiag/internal/record"
)

// TestSumsByHand links lines of sums as byBatchSums does, and once more by going over
// all events for each line: both find the same.
func TestSumsByHand(t *testing.T) {
	found := map[string]int{} // what the cases have, lest they prove nothing
	for seed := range uint64(1500) {
		quick, plain := sumsCase(seed), sumsCase(seed)
		quick.byBatchSums()
		byHand{plain, found}.byBatchSums()
		if got, want := linkedSums(quick), linkedSums(plain); got != want {
			t.Fatalf("seed %d: linked\n%s\nby hand\n%s", seed, got, want)
		}
	}
	for _, what := range []string{"day", "days since the last line", "day before", "month", "whole", "part", "delivered", "named", "several named", "rest", "single lacks", "pair lacks", "one of several lacks"} {
		if found[what] < 10 {
			t.Errorf("%d lines are of this sort: %s", found[what], what)
		}
	}
}

// TestSumsOfManyLines counts what is allocated for lines of sums: where there are four
// times as many lines and as many events, about four times as much.
func TestSumsOfManyLines(t *testing.T) {
	for _, days := range []int{1, 31} {
		few, many := allocated(manySums(1000, days).byBatchSums), allocated(manySums(4000, days).byBatchSums)
		if many > 6*few {
			t.Errorf("over %d days: %d bytes for 1000 lines, %d for 4000", days, few, many)
		}
	}
}

// allocated is how many bytes some work allocates.
func allocated(work func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	work()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// BenchmarkSums shows what a line of sums costs, whatever their number.
func BenchmarkSums(b *testing.B) {
	for _, days := range []int{1, 31} {
		for _, n := range []int{1000, 10000, 100000} {
			b.Run(fmt.Sprintf("days=%d/lines=%d", days, n), func(b *testing.B) {
				for range b.N {
					b.StopTimer()
					l := manySums(n, days)
					b.StartTimer()
					l.byBatchSums()
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/line")
			})
		}
	}
}

// manySums is a linker with as many events as lines. Of the lines, a quarter are sums:
// of what a till sold, by its name, or of an item of a day, but for one event. The others
// are the sum of no events, or of those of many items alike.
func manySums(n, days int) *linker {
	r := rand.New(rand.NewPCG(uint64(n), uint64(days)))
	start := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
	c := &casefile.Case{Zone: time.UTC, Currency: money.MustCurrency("USD"), Policy: casefile.DefaultPolicy(), Liability: []string{"2400"},
		Systems: []casefile.System{{Role: record.Platform}, {Role: record.Integration}, {Role: record.ERP}}}
	till := map[string]money.Amount{}
	for i := range n {
		m := record.Movement{ID: fmt.Sprint("m-", i), Kind: []record.Kind{record.Load, record.Adjustment}[i%2], Amount: money.Amount(100 * (1 + r.IntN(50))),
			Location: fmt.Sprint("till ", i%(n/20), "."), Item: fmt.Sprint("item ", i/4), Channel: []string{"pos", "web", "app"}[r.IntN(3)],
			At: record.At(start.Add(time.Duration(i%days*24*60+i*1440/n) * time.Minute))}
		if i%8 < 4 {
			m.Amount = 1000
		}
		till[m.Location] += m.Amount
		c.Movements.Add(m)
	}
	for i := range n {
		day := start.AddDate(0, 0, i%days)
		p := record.Posting{ID: fmt.Sprint("p-", i), Account: "2400", Currency: c.Currency, Dated: record.Within(day, day.AddDate(0, 0, 1)),
			Kind: []record.Kind{record.Load, record.NoKind}[r.IntN(2)], Amount: []money.Amount{2000, 4000, 7, 1000 * money.Amount(i)}[i%4]}
		if i%5 == 0 {
			p.Memo = fmt.Sprint("till ", i%(n/20), ".")
			p.Amount = till[p.Memo]
		}
		c.Postings.Add(p)
	}
	return unlinked(c)
}

// TestLongerStretch asks for a till that was not there yet when the stretch was shorter.
func TestLongerStretch(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 10, n, 0, 0, 0, 0, time.UTC) }
	c := calendar{cuts: cuts}
	for _, till := range []string{"Oslo", "Bergen", "Voss", "Moss"} {
		for range 2 {
			at := day(1 + len(c.events)/4).Add(time.Duration(len(c.events)) * time.Minute)
			c.events = append(c.events, &Event{Movement: &Movement{At: record.At(at), MovementTraits: &MovementTraits{Location: till}}, Owed: 100})
		}
	}
	line := &Posting{Amount: 200, Memo: "till of Moss", PostingTraits: new(PostingTraits)}
	if got := c.over(day(1), day(2)).group(line); got != nil {
		t.Errorf("on the first day: %v", got)
	}
	if got := c.over(day(1), day(3)).group(line); !slices.Equal(got, []int{6, 7}) {
		t.Errorf("on both: %v", got)
	}
}

// TestOtherMidnight takes an event from two stretches that overlap.
func TestOtherMidnight(t *testing.T) {
	start := time.Date(2026, 10, 2, 0, 0, 0, 0, time.UTC)
	tokyo := start.In(time.FixedZone("Tokyo", 9*60*60)).Add(-9 * time.Hour)
	c := calendar{cuts: cuts[:1], events: []*Event{
		{Movement: &Movement{At: record.At(start.Add(10 * time.Hour))}, Owed: 100},
		{Movement: &Movement{At: record.At(start.Add(20 * time.Hour))}, Owed: 300}}}
	for _, from := range []time.Time{start, tokyo} {
		if !c.over(from, from.AddDate(0, 0, 1)).lacks(100) {
			t.Errorf("%v does not have the event of 10:00", from)
		}
	}
	c.events[0].Batch = &Batch{}
	c.take([]int{0})
	for _, from := range []time.Time{start, tokyo} {
		if c.over(from, from.AddDate(0, 0, 1)).lacks(100) {
			t.Errorf("%v still has the event of 10:00", from)
		}
	}
	if !c.over(start, start.AddDate(0, 0, 1)).lacks(300) {
		t.Error("the event of 20:00 is gone, too")
	}
}

// sumsCase is a linker with a few days of events and lines that name none of them. There are
// few amounts, so that sums agree by chance, too.
func sumsCase(seed uint64) *linker {
	r := rand.New(rand.NewPCG(seed, 11))
	tokyo := time.FixedZone("Tokyo", 9*60*60)
	c := &casefile.Case{Zone: time.UTC, Currency: money.MustCurrency("USD"), Policy: casefile.DefaultPolicy(), Liability: []string{"2400", "2500"},
		Systems: []casefile.System{{Role: record.Platform}, {Role: record.Integration}, {Role: record.ERP, Name: "Books"}, {Role: record.ERP, Name: "Other books", Zone: tokyo}}}
	start := time.Date(2026, 10, 28, 0, 0, 0, 0, time.UTC)
	days := 1 + r.IntN(6)
	one := func(list ...string) string { return list[r.IntN(len(list))] }
	// what the events say at all differs from case to case
	say := [6]bool{}
	for i := range say {
		say[i] = r.IntN(2) == 0
	}
	word := func(i int, list ...string) string {
		if !say[i] {
			return ""
		}
		return one(list...)
	}
	kinds := []record.Kind{record.Load, record.Redemption, record.RefundToCard, record.NoKind}[:1+r.IntN(4)]
	amounts := []money.Amount{100, 200, 300, 500, 1, 0}[:1+r.IntN(6)*r.IntN(2)]
	for i := range r.IntN(50) {
		day := r.IntN(days)
		tills := []string{"Oslo", "Bergen", "oslo", "", "Hamar", "Moss", "Voss", "Bodø", "Alta"}
		m := c.Movements.Add(record.Movement{ID: fmt.Sprint("m-", i), Kind: kinds[r.IntN(len(kinds))], Amount: amounts[r.IntN(len(amounts))],
			Location: word(0, tills[:4+day]...), Channel: word(1, "pos", "web", "web shop"), Entity: word(2, "A", "AB", ""),
			Issuer: word(3, "x", "y-1", "Y 1"), Item: word(4, "gift 50", "gift 5", "gift"), Origin: word(5, "sold", "app", "")})
		if m.Kind == record.Redemption {
			m.Amount = -m.Amount
		}
		if r.IntN(30) > 0 {
			m.At = record.At(start.AddDate(0, 0, day).Add(time.Duration(r.IntN(24*60)) * time.Minute))
		}
		if r.IntN(5) == 0 {
			m.Currency = money.MustCurrency("EUR")
		}
		if r.IntN(3) > 0 {
			c.Deliveries.Add(record.Delivery{Event: m.ID, Outcome: []record.Outcome{record.Delivered, record.Delivered, record.Failed}[r.IntN(3)]})
		}
	}
	moves := keep(&c.Movements, movements())
	for i := range r.IntN(40) {
		p := record.Posting{ID: fmt.Sprint("p-", i), Kind: kinds[r.IntN(len(kinds))], Currency: c.Currency, Account: one("2400", "2400", "2400", "2500", ""),
			Amount: amounts[r.IntN(len(amounts))] * money.Amount(r.IntN(7)-3), Memo: one("", "", "Oslo web", "shop Bergen, pos, AB y1, gift 50", "Oslo, Bergen, pos, web, A, AB, x, y1, gift 5, sold by app")}
		p.System = uint16(2 + r.IntN(4)/3)
		day := start.AddDate(0, 0, r.IntN(days+1))
		switch r.IntN(12) {
		case 0: // not dated
		case 1, 2, 3, 4:
			p.Dated = record.At(day.Add(time.Duration(r.IntN(24*60)) * time.Minute))
		default:
			p.Dated = record.Within(day, day.AddDate(0, 0, 1))
		}
		if len(moves) > 0 && r.IntN(4) > 0 { // what some event and those like it add up to, or nearly
			m := moves[r.IntN(len(moves))]
			like, since, kindless, sent := cuts[r.IntN(len(cuts))], []int{0, 0, 0, 1, 2, 40}[r.IntN(6)], r.IntN(3) == 0, r.IntN(4) == 0
			at := m.At.Earliest()
			p.Kind, p.Amount = m.Kind, 0
			if kindless {
				p.Kind = []record.Kind{record.NoKind, record.Other}[r.IntN(2)]
			}
			if m.Currency.Known() {
				p.Currency = m.Currency
			}
			for _, x := range moves {
				y := x.At.Earliest()
				delivered := false
				for d := range c.Deliveries.All() {
					delivered = delivered || d.Event == x.ID && d.Outcome == record.Delivered
				}
				if x.Currency == m.Currency && (kindless || x.Kind == m.Kind) && like(x) == like(m) && y.YearDay() <= at.YearDay() && y.YearDay() >= at.YearDay()-since && (delivered || !sent) {
					p.Amount += x.Amount
				}
			}
			if r.IntN(5) == 0 {
				p.Amount -= m.Amount
			}
			day := time.Date(at.Year(), at.Month(), at.Day()+[]int{0, 0, 0, 1}[r.IntN(4)], 0, 0, 0, 0, time.UTC)
			if p.Dated = record.Within(day, day.AddDate(0, 0, 1)); r.IntN(2) == 0 {
				p.Dated = record.At(day.Add(time.Duration(r.IntN(24*60)) * time.Minute))
			}
			p.Memo += one("", ", "+like(m))
		}
		c.Postings.Add(p)
	}
	return unlinked(c)
}

// unlinked is a linker of a case whose rows belong to no event yet.
func unlinked(c *casefile.Case) *linker {
	s := &Set{Case: c, liability: map[string]bool{}}
	for _, a := range c.Liability {
		s.liability[a] = true
	}
	l := newLinker(s)
	s.events(s.inOrder())
	l.takeLog(keep(&c.Deliveries, deliveries()))
	l.takeRows(keep(&c.Postings, postings()))
	l.taken = make([]uint8, len(s.Events))
	l.foreignCards()
	l.deliveries()
	l.owner, l.rung = slices.Repeat([]int32{free}, len(l.rows)), make([]Rung, len(l.rows))
	return l
}

// linkedSums is all that linking lines of sums leaves behind.
func linkedSums(l *linker) string {
	var out strings.Builder
	ids := func(name string, events []*Event) {
		fmt.Fprint(&out, " ", name)
		for _, e := range events {
			fmt.Fprint(&out, " ", e.ID())
		}
	}
	for _, b := range l.s.Batches {
		for _, p := range b.Postings {
			fmt.Fprint(&out, p.ID, " ")
		}
		fmt.Fprint(&out, b.Rung, " ", b.Rest, " ", b.Copies)
		ids("of", b.Events)
		ids("missing", b.Missing)
		ids("candidates", b.Candidates)
		fmt.Fprintln(&out)
	}
	fmt.Fprintln(&out, l.owner)
	for _, e := range l.s.Events {
		fmt.Fprint(&out, slices.Index(l.s.Batches, e.Batch), " ")
	}
	return out.String()
}

// byHand links lines of sums by listing the events of its days for each line anew.
type byHand struct {
	*linker
	found map[string]int
}

func (l byHand) byBatchSums() {
	type series struct {
		kind    record.Kind
		c       money.Currency
		account string
	}
	lines := map[series][]int{}
	var order []series
	for row, p := range l.rows {
		sr := series{p.Kind, p.Currency, p.Account}
		if sr.kind == record.Other {
			sr.kind = record.NoKind
		}
		if lines[sr] == nil {
			order = append(order, sr)
		}
		lines[sr] = append(lines[sr], row)
	}
	slices.SortStableFunc(order, func(a, b series) int {
		if (a.kind == record.NoKind) != (b.kind == record.NoKind) {
			return int(b.kind) - int(a.kind)
		}
		return int(a.kind) - int(b.kind)
	})
	open := func(sr series, from, to time.Time) (out []*Event) {
		for _, e := range l.s.Events {
			at := e.Movement.At.Earliest()
			if e.Batch == nil && l.batchable(e) && e.Currency == sr.c && (sr.kind == record.NoKind || sr.kind == e.Movement.Kind) && !at.Before(from) && at.Before(to) {
				out = append(out, e)
			}
		}
		return out
	}
	several := 0
	link := func(row int, g []*Event, r Rung, what ...string) {
		b := l.makeBatch([]int{row}, g, r)
		for _, w := range what {
			l.found[w]++
		}
		if r == ByBatchSum {
			several++
		} else {
			switch len(b.Missing) {
			case 0:
				l.found["one of several lacks"]++
			case 1:
				l.found["single lacks"]++
			case 2:
				l.found["pair lacks"]++
			}
		}
	}
	whole := func(kindless bool, least int) {
		for _, sr := range order {
			if (sr.kind == record.NoKind) != kindless || least == 1 && several == 0 {
				continue
			}
			for _, row := range lines[sr] {
				day := l.day(l.rows[row])
				if g := l.summing(open(sr, day, day.AddDate(0, 0, 1)), l.rows[row].Amount); l.owner[row] == free && len(g) >= least {
					link(row, g, ByBatchSum)
				}
			}
		}
	}
	whole(false, 2)
	whole(false, 1)
	whole(true, 2)
	whole(false, 1)
	whole(true, 1)
	for _, sr := range order {
		for i, span := range spans {
			prev := time.Time{}
			for _, row := range lines[sr] {
				day := l.day(l.rows[row])
				if from, to := span(prev, day); l.owner[row] == free && from.Before(to) {
					if g, how := l.part(open(sr, from, to), l.rows[row]); g != nil {
						link(row, g, ByBatchSum, append(how, [...]string{"day", "days since the last line", "day before", "month"}[i])...)
					}
				}
				prev = day
			}
		}
	}
	if several < 2 {
		return
	}
	for _, sr := range order {
		for _, row := range lines[sr] {
			day := l.day(l.rows[row])
			events := open(sr, day, day.AddDate(0, 0, 1))
			if l.owner[row] != free || len(events) == 0 {
				continue
			}
			amount := -l.rows[row].Amount
			for _, e := range events {
				amount += e.Owed
			}
			if len(lacks(events, amount)) > 0 {
				link(row, events, ByBatchRemain, "rest")
			}
		}
	}
}

// part is the one part of a cut of some events that is a line's amount.
func (l byHand) part(events []*Event, p *Posting) (found []*Event, how []string) {
	for i, of := range cuts {
		var values []string
		parts := map[string][]*Event{}
		for _, e := range events {
			v := of(e.Movement)
			if parts[v] == nil {
				values = append(values, v)
			}
			parts[v] = append(parts[v], e)
		}
		hits, named := 0, 0
		for _, v := range values {
			g := l.summing(parts[v], p.Amount)
			if len(g) < 2 {
				continue
			}
			is := record.Fold(v) != "" && strings.Contains(record.Fold(p.Memo), record.Fold(v))
			if is {
				named++
			}
			if hits == 0 || is {
				found = g
			}
			if hits++; len(g) < len(parts[v]) {
				how = append(how, "delivered")
			}
		}
		switch {
		case hits > 1 && named > 1:
			return found, append(how, "several named")
		case hits > 1 && named == 1:
			return found, append(how, "named")
		case hits == 1 && i == 0:
			return found, append(how, "whole")
		case hits == 1:
			return found, append(how, "part")
		}
		how = nil
	}
	return nil, nil
}

// summing is the events if they add up to an amount, or else those delivered if they do.
func (byHand) summing(g []*Event, amount money.Amount) []*Event {
	total := func(g []*Event) (sum money.Amount) {
		for _, e := range g {
			sum += e.Owed
		}
		return sum
	}
	if len(g) > 0 && total(g) == amount {
		return g
	}
	var sent []*Event
	for _, e := range g {
		if slices.ContainsFunc(e.Deliveries, func(d *Delivery) bool { return d.Outcome == record.Delivered }) {
			sent = append(sent, e)
		}
	}
	if len(sent) > 0 && total(sent) == amount {
		return sent
	}
	return nil
}

// lacks lists the events each of which, or the only pair which, makes up an amount.
func lacks(events []*Event, amount money.Amount) (out []*Event) {
	for _, e := range events {
		if e.Owed == amount {
			out = append(out, e)
		}
	}
	if len(out) > 0 || len(events) < 3 || len(events) > 400 {
		return out
	}
	for i, x := range events {
		for _, y := range events[i+1:] {
			if x.Owed+y.Owed == amount {
				out = append(out, x, y)
			}
		}
	}
	if len(out) > 2 {
		return nil
	}
	return out
}

// TestLacking compares what explains the rest of a batch with a look at all pairs.
func TestLacking(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 11))
	singles, pairs, none := 0, 0, 0
	for range 20000 {
		b := &Batch{Rest: money.Amount(r.IntN(60) - 30)}
		n, most := r.IntN(12), 40
		if r.IntN(200) == 0 {
			n, most = 399+r.IntN(4), 1e12 // so that a pair of them may be the only one
		}
		for range n {
			b.Events = append(b.Events, &Event{Owed: money.Amount(r.IntN(most) - 10)})
		}
		if n > 1 && r.IntN(2) == 0 {
			b.Rest = -b.Events[0].Owed - b.Events[n/2].Owed
		}
		want := lacks(b.Events, -b.Rest)
		left := b.Rest
		b.lacking()
		got := append(b.Missing, b.Candidates...)
		if !slices.Equal(got, want) {
			t.Fatalf("of %d events that lack %d: %d, want %d", n, -left, len(got), len(want))
		}
		switch {
		case len(b.Missing) == 1:
			singles++
		case len(b.Missing) == 2:
			pairs++
		case len(b.Candidates) == 0:
			none++
		}
		if (b.Rest == 0) != (len(b.Missing) > 0 || left == 0) {
			t.Fatalf("%d of %d is left, and %d are missing", b.Rest, left, len(b.Missing))
		}
	}
	if singles < 1000 || pairs < 1000 || none < 1000 {
		t.Errorf("%d singles, %d pairs, %d without either", singles, pairs, none)
	}
}
