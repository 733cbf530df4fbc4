package cases

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"gcdiag/internal/casefile"
	"gcdiag/internal/diagnosis"
	"gcdiag/internal/finding"
	"gcdiag/internal/money"
	"gcdiag/internal/record"
	"gcdiag/internal/report"
	"gcdiag/internal/sandbox"
	"gcdiag/internal/step"
	"gcdiag/internal/trace"
)

// alike demands that the lean diagnosis of a case gives the bytes of the full
// one, and says how many events the lean one has linked.
func alike(t *testing.T, what string, c *casefile.Case) (linked int) {
	t.Helper()
	return alikeScouted(t, what, c, nil)
}

// alikeScouted is alike for a case whose records a scout has seen while they came in.
func alikeScouted(t *testing.T, what string, c *casefile.Case, scout *trace.Scout) (linked int) {
	t.Helper()
	lean := diagnosis.Lean(c, scout)
	for _, all := range []bool{true, false} {
		o := report.Options{AllEvents: all, Redact: true, Key: []byte("test")}
		var want, got strings.Builder
		if err := report.Encode(&want, report.New(diagnosis.Of(c), o)); err != nil {
			t.Fatal(err)
		}
		if err := report.Encode(&got, report.New(lean, o)); err != nil {
			t.Fatal(err)
		}
		if want.String() != got.String() {
			t.Fatalf("%s: the lean diagnosis gives another report:\n%s", what, firstDifference(want.String(), got.String()))
		}
	}
	return len(lean.Set.Events)
}

// withoutOrders is a case whose platform has neither an order view nor a list of cards.
func withoutOrders(c *casefile.Case) *casefile.Case {
	n := *c
	n.Orders, n.Cards = casefile.Table[record.Order]{}, casefile.Table[record.Card]{}
	n.Systems = slices.Clone(c.Systems)
	for i := range n.Systems {
		n.Systems[i].Reads = slices.DeleteFunc(slices.Clone(n.Systems[i].Reads), func(r casefile.Read) bool {
			return r.Record == record.Orders || r.Record == record.Cards
		})
	}
	return &n
}

// TestLeanIsTheSame compares both ways of diagnosing on every story and
// scenario, also without the tables that rule the lean way out.
func TestLeanIsTheSame(t *testing.T) {
	every(t, func(t *testing.T, c *casefile.Case) {
		alike(t, "as it is", c)
		n := withoutOrders(c)
		alike(t, "without orders and cards", n)
		log, systems := n.Deliveries, n.Systems
		n.Deliveries = casefile.Table[record.Delivery]{}
		n.Systems = slices.Clone(systems)
		for i := range n.Systems { // their places must stay
			if n.Systems[i].Role == record.Integration {
				n.Systems[i].Role = record.NoRole
			}
		}
		alike(t, "without integration", n)
		n.Deliveries, n.Systems = log, systems
		n.Postings = rebuilt(c.Postings, nil, func(p *record.Posting) { p.Document, p.Batch = "", "" })
		n.Movements = rebuilt(c.Movements, nil, func(m *record.Movement) { m.BalanceAfter.Set, m.CardCreatedAt = false, record.Time{} })
		alike(t, "with less said", n)
	})
}

// TestLeanOnRandomTraffic spoils random rows of random traffic.
func TestLeanOnRandomTraffic(t *testing.T) {
	rounds := 200
	if testing.Short() {
		rounds = 60
	}
	few := 0
	for seed := range uint64(rounds) {
		x := newTraffic(seed, 300, int(seed%4), seed%2 == 0)
		var did []string
		for k := range seed % 7 * 2 { // one thing again and again, and others
			n := int(seed)
			if k%2 == 1 {
				n = x.r.IntN(1000)
			}
			did = append(did, x.spoil(n))
		}
		c := x.file()
		if linked := alike(t, fmt.Sprintf("seed %d, %s", seed, strings.Join(did, ", ")), c); linked*2 < c.Movements.Len() {
			few++
		}
	}
	if few*4 < rounds {
		t.Errorf("only %d of %d months had less than half of their events linked", few, rounds)
	}
}

// TestLeanOnEveryCard has all that can happen on a card happen: every row of four
// loads and redemptions with every fate that leaves an event's rows its own.
func TestLeanOnEveryCard(t *testing.T) {
	fates := []string{"clean", "not-received", "unlogged", "no-rule"}
	const each = 8 // kinds and fates of one event
	step := 1
	if testing.Short() {
		step = 7
	}
	var x *traffic
	linked, all := 0, 0
	for n := 0; n < each*each*each*each; n += step {
		if x == nil {
			x = newTraffic(uint64(n), 100, 0, true)
		}
		at := trafficStart
		for k, code := 0, n; k < 4; k, code = k+1, code/each {
			at = at.Add(7 * time.Hour)
			m := record.Movement{ID: fmt.Sprintf("evt_%05d-%d", n, k), Card: fmt.Sprintf("gc_every_%d", n), Kind: record.Load, Currency: money.MustCurrency("USD"), Amount: 5000, At: record.At(at)}
			if code%2 == 1 {
				m.Kind, m.Amount = record.Redemption, -2000
			}
			x.become(m, fates[code/2%len(fates)])
		}
		if len(x.movements) > 1000 || n+step >= each*each*each*each {
			c := x.file()
			linked += alike(t, fmt.Sprint("the cards up to ", n), c)
			all += c.Movements.Len()
			x = nil
		}
	}
	if linked*10 > all*9 {
		t.Errorf("%d of %d events were linked: too many for a test of those that are not", linked, all)
	}
}

// restated is a case whose records came in once more, as overlapping exports state
// them: some twice, some movements pending first and some rows with another content.
func restated(c *casefile.Case, r *rand.Rand) (*casefile.Case, *trace.Scout) {
	n := *c
	n.Systems = slices.Clone(c.Systems)
	for i := range n.Systems {
		n.Systems[i].Reads = slices.Clone(n.Systems[i].Reads)
	}
	n.Movements, n.Deliveries, n.Postings = casefile.Table[record.Movement]{}, casefile.Table[record.Delivery]{}, casefile.Table[record.Posting]{}
	b, scout := casefile.NewBuilder(&n), trace.NewScout()
	b.Watch(scout)
	for x := range c.Movements.All() {
		m := *x
		switch r.IntN(20) {
		case 0:
			b.Movement(&m)
		case 1:
			m.Status, m.Amount = record.Pending, m.Amount/2
			b.Movement(&m)
			m = *x
		case 2:
			m.Card, m.Order = "another", "other-1"
			b.Movement(&m)
			m = *x
		}
		b.Movement(&m)
	}
	for x := range c.Deliveries.All() {
		d := *x
		switch r.IntN(20) {
		case 0:
			d.Why, d.Event = "first", "another"
			b.Delivery(&d)
			d = *x
		case 1:
			d.ID = "try " + d.Event
			b.Delivery(&d)
		case 2:
			d.ID = "try " + d.Event
			b.Delivery(&d)
			d.Event = "another"
		}
		b.Delivery(&d)
	}
	for x := range c.Postings.All() {
		p := *x
		switch r.IntN(20) {
		case 0:
			p.Amount, p.Ref = p.Amount+1, "another"
			b.Posting(&p)
			p = *x
		case 1:
			b.Posting(&p)
		}
		b.Posting(&p)
	}
	return b.Finish(), scout
}

// TestLeanWhileReading has a scout watch what comes in, with repetitions, changes of
// status and contradictions.
func TestLeanWhileReading(t *testing.T) {
	linked, all := 0, 0
	for seed := range uint64(40) {
		x := newTraffic(seed, 300, int(seed%3), false)
		c, scout := restated(x.file(), rand.New(rand.NewPCG(seed, 1)))
		linked += alikeScouted(t, fmt.Sprintf("seed %d", seed), c, scout)
		all += c.Movements.Len()
	}
	if linked*10 > all*9 {
		t.Errorf("%d of %d events are linked", linked, all)
	}
}

// TestLeanOnScenarios follows the sandbox's faults in exports without orders, at
// several sizes.
func TestLeanOnScenarios(t *testing.T) {
	for i, s := range sandbox.Scenarios() {
		if testing.Short() && i%4 != 0 {
			continue
		}
		for _, size := range []int{150, 1500} {
			c, _ := sandbox.Case(s, uint64(900+i), sandbox.Options{Movements: size, Yen: i%2 == 0})
			alike(t, fmt.Sprintf("%s of %d", s.Name, size), withoutOrders(c))
		}
	}
}

// TestCountsAreTheTruth compares the counts of the lean report with what was done
// to the traffic.
func TestCountsAreTheTruth(t *testing.T) {
	for _, seed := range []uint64{1, 7, 42} {
		for _, byTime := range []bool{false, true} {
			for _, scale := range []int{0, 1, 20} {
				x := newTraffic(seed, 4000, scale, byTime)
				d := diagnosis.Lean(x.file(), nil)
				got := map[string]int{}
				roots := 0
				for _, f := range d.Findings {
					switch f.Code {
					case "negative-balance", "over-restored", "refund-after-spending":
						continue
					}
					code := string(f.Code)
					switch f.Code {
					case finding.MappingTender:
						code = "mapping-kind"
					case finding.Outage: // several of one fault in a row, told by what the log says
						code = "not-received"
						if n := len(f.Roots[0].Event.Deliveries); n > 0 {
							code = f.Roots[0].Event.Deliveries[n-1].Outcome.String()
						}
					}
					got[code] += f.Count()
					if f.Code != "unlogged" && f.Code != "orphan" {
						roots += f.Count()
					}
					for _, v := range f.Downstream {
						switch { // it has a fault of its own, or none
						case v.Books.Stance == step.Elsewhere:
							got["no-rule"]++
							roots++
						case len(v.Event.Deliveries) == 0:
							got["unlogged"]++
						}
					}
				}
				want := map[string]int{}
				for what, n := range x.truth {
					if what != "clean" {
						want[what] = n
					}
				}
				if fmt.Sprint(got) != fmt.Sprint(want) {
					t.Errorf("seed %d, by time %v, scale %d: found %v, want %v", seed, byTime, scale, got, want)
				}
				if all := roots + x.truth["clean"] + x.truth["unlogged"]; all != len(x.movements) {
					t.Errorf("seed %d, by time %v, scale %d: %d events in all, want %d", seed, byTime, scale, all, len(x.movements))
				}
			}
		}
	}
}
