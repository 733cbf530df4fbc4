package cases

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
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

// rebuilt is a table with the rows that edit returns, in the order that order gives.
func rebuilt[T any](t casefile.Table[T], r *rand.Rand, edit func(*T)) casefile.Table[T] {
	rows := make([]T, 0, t.Len())
	for x := range t.All() {
		row := *x
		if edit != nil {
			edit(&row)
		}
		rows = append(rows, row)
	}
	if r != nil {
		r.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	}
	var out casefile.Table[T]
	for _, row := range rows {
		out.Add(row)
	}
	return out
}

// shuffled is a case with all its rows in another order.
func shuffled(c *casefile.Case, r *rand.Rand) *casefile.Case {
	s := *c
	s.Movements = rebuilt(c.Movements, r, nil)
	s.Cards = rebuilt(c.Cards, r, nil)
	s.Orders = rebuilt(c.Orders, r, nil)
	s.Subscriptions = rebuilt(c.Subscriptions, r, nil)
	s.Deliveries = rebuilt(c.Deliveries, r, nil)
	s.Flows = rebuilt(c.Flows, r, nil)
	s.Postings = rebuilt(c.Postings, r, nil)
	s.Rules = rebuilt(c.Rules, r, nil)
	s.Exceptions = rebuilt(c.Exceptions, r, nil)
	return &s
}

// every calls f for the case of each story and of each sandbox scenario.
func every(t *testing.T, f func(t *testing.T, c *casefile.Case)) {
	for i, dir := range folders(t) {
		if testing.Short() && i%4 != 0 {
			continue
		}
		t.Run(filepath.Base(dir), func(t *testing.T) { f(t, read(t, dir)) })
	}
	for i, s := range sandbox.Scenarios() {
		if testing.Short() && i%4 != 0 {
			continue
		}
		t.Run(s.Name, func(t *testing.T) {
			c, _ := sandbox.Case(s, uint64(100+i), sandbox.Options{})
			f(t, c)
		})
	}
}

func TestRowOrderDoesNotMatter(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	every(t, func(t *testing.T, c *casefile.Case) {
		want := encode(t, diagnosis.Of(c))
		for range 3 {
			if got := encode(t, diagnosis.Of(shuffled(c, r))); got != want {
				t.Fatalf("another order of rows gives another report:\n%s", firstDifference(want, got))
			}
		}
	})
}

func firstDifference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			from := max(0, i-6)
			return strings.Join(x[from:min(i+4, len(x))], "\n") + "\n-- against --\n" + strings.Join(y[from:min(i+4, len(y))], "\n")
		}
	}
	return "one is longer"
}

func TestSavedCaseIsJudgedAlike(t *testing.T) {
	every(t, func(t *testing.T, c *casefile.Case) {
		var b bytes.Buffer
		if err := casefile.Save(&b, c); err != nil {
			t.Fatal(err)
		}
		again, err := casefile.Load(&b)
		if err != nil {
			t.Fatal(err)
		}
		if want, got := encode(t, diagnosis.Of(c)), encode(t, diagnosis.Of(again)); want != got {
			t.Fatalf("the saved case is judged otherwise:\n%s", firstDifference(want, got))
		}
	})
}

func TestDriftCloses(t *testing.T) {
	every(t, func(t *testing.T, c *casefile.Case) {
		d := diagnosis.Of(c)
		for _, x := range d.Drift {
			sum := x.Unexplained
			for _, p := range x.Parts {
				sum += p.Amount
			}
			if sum != x.Total() {
				t.Errorf("%s: parts and rest are %d, drift is %d", x.Currency, sum, x.Total())
			}
		}
		for _, s := range d.Steps {
			n := 0
			for _, cell := range s.Cells {
				n += cell.Events()
			}
			if want := countable(d); n != want && len(s.Cells) > 0 {
				t.Errorf("cells hold %d events, the case %d", n, want)
			}
		}
	})
}

func countable(d *diagnosis.Diagnosis) int {
	n := 0
	for _, v := range d.Verdicts {
		if v.Event.Scope == trace.Countable || v.Status == step.Fail {
			n++
		}
	}
	return n
}

// verdicts is what is said of every event, without names.
func verdicts(d *diagnosis.Diagnosis, name func(string) string) map[string]string {
	out := map[string]string{}
	for _, v := range d.Verdicts {
		code := ""
		if f := d.FindingOf(v.Event); f != nil && f.Class() == finding.Fault {
			code = string(f.Code)
		}
		out[name(v.Event.ID())] = v.Status.String() + " " + code
	}
	return out
}

func same1(t *testing.T, what string, want, got map[string]string) {
	t.Helper()
	for id, w := range want {
		if got[id] != w {
			t.Errorf("%s: %s is %q, was %q", what, id, got[id], w)
			return
		}
	}
}

func plain(s string) string { return s }

func TestRenamedIdsAreJudgedAlike(t *testing.T) {
	rename := func(s *string) {
		if *s != "" {
			mark := strings.HasPrefix(*s, "#")
			*s = "zq" + strings.Map(func(r rune) rune {
				if r >= '0' && r <= '9' {
					return '0' + (r-'0'+3)%10
				}
				return r
			}, strings.TrimPrefix(*s, "#"))
			if mark {
				*s = "#" + *s
			}
		}
	}
	for i, s := range sandbox.Scenarios() {
		c, _ := sandbox.Case(s, uint64(200+i), sandbox.Options{})
		n := *c
		n.Movements = rebuilt(c.Movements, nil, func(m *record.Movement) {
			for _, p := range []*string{&m.ID, &m.Card, &m.Order, &m.Refund, &m.Reverses, &m.Transfer} {
				rename(p)
			}
		})
		n.Orders = rebuilt(c.Orders, nil, func(o *record.Order) { rename(&o.ID) })
		n.Deliveries = rebuilt(c.Deliveries, nil, func(d *record.Delivery) {
			for _, p := range []*string{&d.Event, &d.Card, &d.Order, &d.Refund, &d.Notification, &d.Batch, &d.ERPRef} {
				rename(p)
			}
		})
		n.Postings = rebuilt(c.Postings, nil, func(p *record.Posting) {
			for _, x := range []*string{&p.ID, &p.Ref, &p.Card, &p.Order, &p.Refund, &p.Document, &p.Batch} {
				rename(x)
			}
		})
		n.Exceptions = rebuilt(c.Exceptions, nil, func(x *record.Exception) {
			for _, p := range []*string{&x.Ref, &x.Card, &x.Order} {
				rename(p)
			}
		})
		want := verdicts(diagnosis.Of(c), func(id string) string { rename(&id); return id })
		same1(t, s.Name, want, verdicts(diagnosis.Of(&n), plain))
	}
}

func TestShiftedTimesAreJudgedAlike(t *testing.T) {
	const by = 364 * 24 * time.Hour // whole weeks and days, no clock change in UTC
	move := func(x *record.Time) {
		if x.Known() {
			if x.Exact() {
				*x = record.At(x.Earliest().Add(by))
			} else {
				*x = record.Within(x.Earliest().Add(by), x.Earliest().Add(by).Add(x.Span()))
			}
		}
	}
	for i, s := range sandbox.Scenarios() {
		c, _ := sandbox.Case(s, uint64(300+i), sandbox.Options{})
		c.Zone = time.UTC // the sandbox's own zone changes its clock within the month
		for j := range c.Systems {
			c.Systems[j].Zone = time.UTC
		}
		n := *c
		n.Window = record.Window{Since: c.Window.Since.Add(by), Until: c.Window.Until.Add(by)}
		n.AsOf = c.AsOf.Add(by)
		n.Movements = rebuilt(c.Movements, nil, func(m *record.Movement) { move(&m.At); move(&m.CardCreatedAt) })
		n.Orders = rebuilt(c.Orders, nil, func(o *record.Order) { move(&o.At); move(&o.RefundedAt) })
		n.Deliveries = rebuilt(c.Deliveries, nil, func(d *record.Delivery) { move(&d.ReceivedAt); move(&d.SentAt) })
		n.Postings = rebuilt(c.Postings, nil, func(p *record.Posting) { move(&p.Dated); move(&p.PostedAt) })
		n.Rules = rebuilt(c.Rules, nil, func(r *record.Rule) { move(&r.ChangedAt) })
		n.Exceptions = rebuilt(c.Exceptions, nil, func(x *record.Exception) { move(&x.OpenedAt) })
		n.Subscriptions = rebuilt(c.Subscriptions, nil, func(x *record.Subscription) {
			move(&x.CreatedAt)
			move(&x.RemovedAt)
			move(&x.LastSuccessAt)
		})
		n.Flows = rebuilt(c.Flows, nil, func(f *record.Flow) { move(&f.ChangedAt); move(&f.LastRunAt) })
		same1(t, s.Name, verdicts(diagnosis.Of(c), plain), verdicts(diagnosis.Of(&n), plain))
	}
}

// TestUnrelatedCardsChangeNothing adds a healthy card with a history of its own.
func TestUnrelatedCardsChangeNothing(t *testing.T) {
	for i, s := range sandbox.Scenarios() {
		c, _ := sandbox.Case(s, uint64(400+i), sandbox.Options{})
		if strings.HasPrefix(s.Name, "journals") || s.Name == "partial-erp" {
			continue // a day's line would no longer be the day's sum; a capped list would be longer
		}
		want := verdicts(diagnosis.Of(c), plain)
		n := shuffled(c, rand.New(rand.NewPCG(5, 6)))
		at := c.Window.Since.Add(100 * time.Hour)
		for j, a := range []money.Amount{7700, -1234, -321} {
			id := []string{"new-a", "new-b", "new-c"}[j]
			kind := record.Load
			if a < 0 {
				kind = record.Redemption
			}
			when := record.At(at.Add(time.Duration(j) * 30 * time.Hour))
			usd := money.MustCurrency("USD")
			shop := first(c.Movements).System
			n.Movements.Add(record.Movement{Source: record.Source{System: shop, Row: uint32(9000000 + j)}, ID: id, Card: "new-card", Kind: kind, Currency: usd, Amount: a, At: when, Order: "new-order-" + id,
				CardCreatedAt: record.At(at)})
			n.Orders.Add(record.Order{Source: record.Source{System: shop, Row: uint32(9000000 + j)}, ID: "new-order-" + id, At: when, Status: "paid", Amount: money.Some(a.Abs())})
			if d := first(c.Deliveries); d != nil {
				n.Deliveries.Add(record.Delivery{Source: record.Source{System: d.System, Row: uint32(9000000 + j)}, ID: "new-d-" + id, Event: id, Kind: kind, Outcome: record.Delivered, ReceivedAt: when})
			}
			p := first(c.Postings)
			n.Postings.Add(record.Posting{Source: record.Source{System: p.System, Row: uint32(9000000 + j)}, ID: "new-p-" + id, Kind: kind, Currency: usd, Amount: a, Dated: when, PostedAt: when, Account: c.Liability[0], Ref: id, Order: "new-order-" + id, Card: "new-card", Rule: p.Rule})
		}
		d := diagnosis.Of(n)
		same1(t, s.Name, want, verdicts(d, plain))
		for _, v := range d.Verdicts {
			if strings.HasPrefix(v.Event.ID(), "new-") && v.Status != step.Pass {
				t.Errorf("%s: the new card's %s is %s", s.Name, v.Event.ID(), v.Status)
			}
		}
	}
}

func first[T any](t casefile.Table[T]) *T {
	for x := range t.All() {
		return x
	}
	return nil
}

// TestOneSpoiltRowIsFound changes one field of one healthy posting and demands
// that this event, and no other, is blamed for just that.
func TestOneSpoiltRowIsFound(t *testing.T) {
	spoil := []struct {
		what string
		want []finding.Code
		do   func(*record.Posting)
	}{
		{"amount", []finding.Code{finding.MappingAmount}, func(p *record.Posting) { p.Amount += 137 }},
		{"factor 100", []finding.Code{finding.MappingUnit}, func(p *record.Posting) { p.Amount *= 100 }},
		{"sign", []finding.Code{finding.MappingAmount}, func(p *record.Posting) { p.Amount = -p.Amount }},
		{"kind", []finding.Code{finding.MappingKind}, func(p *record.Posting) {
			p.Kind = map[bool]record.Kind{true: record.Redemption, false: record.Load}[p.Kind == record.Load]
		}},
		{"currency", []finding.Code{finding.MappingCurrency}, func(p *record.Posting) {
			p.Currency = money.MustCurrency(map[bool]string{true: "CAD", false: "USD"}[p.Currency.String() == "USD"])
		}},
		{"account", []finding.Code{finding.WrongAccount}, func(p *record.Posting) { p.Account = "4000" }},
		{"card", []finding.Code{finding.MappingReference}, func(p *record.Posting) { p.Card = "" }},
	}
	healthy, _ := sandbox.Find("healthy")
	r := rand.New(rand.NewPCG(7, 7))
	for seed := uint64(1); seed <= 6; seed++ {
		c, _ := sandbox.Case(healthy, seed, sandbox.Options{})
		d := diagnosis.Of(c)
		var fit []*step.Verdict
		for _, v := range d.Verdicts {
			if v.Event.Scope == trace.Countable && v.Status == step.Pass && v.Books.Row != nil && v.Event.Batch == nil && v.Event.Net == nil && len(v.Event.Postings) == 1 && !v.Event.Movement.Points &&
				(v.Event.Movement.Kind == record.Load || v.Event.Movement.Kind == record.Redemption) {
				fit = append(fit, v)
			}
		}
		for _, s := range spoil {
			victim := fit[r.IntN(len(fit))]
			n := *c
			n.Postings = rebuilt(c.Postings, nil, func(p *record.Posting) {
				if p.Source == victim.Books.Row.Source {
					s.do(p)
				}
			})
			var roots []string
			for _, f := range diagnosis.Of(&n).Findings {
				if f.Class() != finding.Fault {
					continue
				}
				for _, v := range f.Roots {
					roots = append(roots, v.Event.ID())
				}
				if !slices.Contains(s.want, f.Code) {
					t.Errorf("seed %d, %s of %s (%s): called %s", seed, s.what, victim.Event.ID(), victim.Event.Movement.Kind, f.Code)
				}
			}
			if !slices.Equal(roots, []string{victim.Event.ID()}) {
				t.Errorf("seed %d, %s of %s: roots %v", seed, s.what, victim.Event.ID(), roots)
			}
		}
	}
}

// TestSplitFilesAreJudgedAlike cuts every plainly named CSV file of a story in two.
func TestSplitFilesAreJudgedAlike(t *testing.T) {
	short := regexp.MustCompile(`\b(movements|deliveries|postings|orders): *([a-z_-]+\.csv)\b`)
	cutFiles := 0
	for _, dir := range folders(t) {
		conf, err := os.ReadFile(filepath.Join(dir, "connectors.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		to := t.TempDir()
		if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
		text := short.ReplaceAllStringFunc(string(conf), func(m string) string {
			name := short.FindStringSubmatch(m)[2]
			data, err := os.ReadFile(filepath.Join(dir, name))
			lines := strings.SplitAfter(string(data), "\n")
			if err != nil || len(lines) < 7 || strings.Contains(string(data), `"`) || os.Remove(filepath.Join(to, name)) != nil {
				return m
			}
			half := len(lines) / 2
			for i, part := range [][]string{lines[:half], append([]string{lines[0]}, lines[half:]...)} {
				if err := os.WriteFile(filepath.Join(to, []string{"one-", "two-"}[i]+name), []byte(strings.Join(part, "")), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			cutFiles++
			return strings.Replace(m, name, "[one-"+name+", two-"+name+"]", 1)
		})
		if err := os.WriteFile(filepath.Join(to, "connectors.yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		want, got := diagnose(t, dir), diagnose(t, to)
		if len(read(t, dir).Rejects) > 0 {
			continue // the names of the files stand in the reasons
		}
		blind := func(d report.Document) string {
			d.Systems, d.Traces = nil, nil
			var b bytes.Buffer
			if err := report.Encode(&b, d); err != nil {
				t.Fatal(err)
			}
			return b.String()
		}
		if w, g := blind(want), blind(got); w != g {
			t.Errorf("%s: cut in two it is judged otherwise:\n%s", filepath.Base(dir), firstDifference(w, g))
		}
	}
	if cutFiles < 100 {
		t.Errorf("only %d files were cut", cutFiles)
	}
}
