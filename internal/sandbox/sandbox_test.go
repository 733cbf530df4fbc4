package sandbox

import (
	"bytes"
	"encoding/csv"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"gcdiag/internal/casefile"
	"gcdiag/internal/money"
	"gcdiag/internal/record"
)

// row is one line of an export, by header.
type row map[string]string

func read(t *testing.T, dir, name string) []row {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	all, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	var rows []row
	for _, cells := range all[1:] {
		r := row{}
		for i, c := range cells {
			r[all[0][i]] = c
		}
		rows = append(rows, r)
	}
	return rows
}

// minor reads decimal text as minor units of a currency.
func minor(t *testing.T, text, currency string) money.Amount {
	t.Helper()
	if text == "" {
		return 0
	}
	whole, part, _ := strings.Cut(text, ".")
	if len(part) != money.MustCurrency(currency).Exponent() {
		t.Fatalf("%q is no %s", text, currency)
	}
	n, err := strconv.ParseInt(whole+part, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return money.Amount(n)
}

// exports is what the written exports say, told anew from the rows alone.
type exports struct {
	movements, postings []row
	byID                map[string]row
	booked              map[string]money.Totals // by movement, on the liability account
	platform, erp       money.Totals
}

func (x *exports) owed(t *testing.T, m row) money.Amount {
	if m["unit"] == "points" {
		n := minor(t, m["amount"], "USD") // hundredths of a point
		if n%100 != 0 {
			t.Fatalf("%s: part of a cent", m["id"])
		}
		return n / 100
	}
	return minor(t, m["amount"], m["currency"])
}

func inMonth(t *testing.T, at string) bool {
	when, err := time.Parse(time.RFC3339, at)
	if err != nil {
		t.Fatal(err)
	}
	return !when.Before(since) && when.Before(until)
}

func countable(t *testing.T, m row) bool {
	return m["status"] == "final" && m["test"] == "" && m["funding"] != "promotional" && inMonth(t, m["at"])
}

func reread(t *testing.T, dir string) *exports {
	x := &exports{movements: read(t, dir, "movements.csv"), postings: read(t, dir, "erp.csv"), byID: map[string]row{}, booked: map[string]money.Totals{}}
	type likeness struct{ card, kind, amount, currency string }
	like := map[likeness][]row{}
	orderCard := map[[3]string][]row{}
	for _, m := range x.movements {
		if x.byID[m["id"]] != nil {
			t.Errorf("two movements %s", m["id"])
		}
		x.byID[m["id"]] = m
		if countable(t, m) {
			x.platform.Add(money.MustCurrency(m["currency"]), x.owed(t, m))
		}
		k := likeness{m["card"], m["kind"], strconv.Itoa(int(x.owed(t, m))), m["currency"]}
		like[k] = append(like[k], m)
		o := [3]string{strings.TrimPrefix(m["order"], "#"), m["card"], m["kind"]}
		orderCard[o] = append(orderCard[o], m)
	}
	kinds := map[string]string{}
	for k, w := range erpKinds {
		kinds[w] = record.Kind(k).String()
	}
	ids := map[string]bool{}
	for _, p := range x.postings {
		if ids[p["Internal ID"]] || p["Internal ID"] == "" {
			t.Errorf("two postings %q", p["Internal ID"])
		}
		ids[p["Internal ID"]] = true
		amount := minor(t, p["Credit"], p["Currency"]) - minor(t, p["Debit"], p["Currency"])
		var of row
		k := likeness{p["Gift Certificate"], kinds[p["GC Transaction"]], strconv.Itoa(int(amount)), p["Currency"]}
		switch {
		case x.byID[p["External ID"]] != nil:
			of = x.byID[p["External ID"]]
		case p["Refund"] != "":
			of = row{"refund": p["Refund"]}
			for _, m := range x.movements {
				if m["refund"] == p["Refund"] {
					of = m
				}
			}
		case len(orderCard[[3]string{p["Sales Order"], p["Gift Certificate"], kinds[p["GC Transaction"]]}]) == 1:
			of = orderCard[[3]string{p["Sales Order"], p["Gift Certificate"], kinds[p["GC Transaction"]]}][0]
		case len(like[k]) == 1:
			of = like[k][0]
		}
		if p["Approval"] != "Approved" || p["Account"] != liability {
			continue
		}
		c := money.MustCurrency(p["Currency"])
		if of != nil {
			b := x.booked[of["id"]]
			b.Add(c, amount)
			x.booked[of["id"]] = b
			if inMonth(t, of["at"]) && of["funding"] != "promotional" {
				x.erp.Add(c, amount)
			}
			continue
		}
		if p["Date"] >= "2026-10-01" && p["Date"] < "2026-11-01" {
			x.erp.Add(c, amount)
		}
	}
	return x
}

func equal(a, b money.Totals) bool {
	for c := range a {
		if a[c] != b[c] {
			return false
		}
	}
	for c := range b {
		if a[c] != b[c] {
			return false
		}
	}
	return true
}

// parts is the drift of all that the truth names.
func parts(tr Truth) money.Totals {
	var t money.Totals
	for _, f := range tr.Faults {
		t.AddAll(f.Drift)
	}
	for _, o := range tr.Oddities {
		t.AddAll(o.Drift)
	}
	return t
}

func TestScenarios(t *testing.T) {
	for _, s := range Scenarios() {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			for seed := uint64(1); seed <= 6; seed++ {
				dir := t.TempDir()
				o := Options{Yen: seed%2 == 0}
				tr, err := Write(dir, s, seed, o)
				if err != nil {
					t.Fatal(err)
				}
				x := reread(t, dir)
				checkTruth(t, s, seed, tr, x)
				checkBalances(t, x)
				checkDownstream(t, s, tr, x)
				checkConnectors(t, dir, s)
				c, again := Case(s, seed, o)
				checkCase(t, dir, s, c)
				if !slices.EqualFunc(tr.Faults, again.Faults, func(a, b Fault) bool {
					return slices.Equal(a.Events, b.Events) && slices.Equal(a.Downstream, b.Downstream)
				}) {
					t.Errorf("seed %d: files and case differ in their truth", seed)
				}
			}
		})
	}
}

func checkTruth(t *testing.T, s Scenario, seed uint64, tr Truth, x *exports) {
	t.Helper()
	want := "sound"
	if slices.ContainsFunc(s.twists, func(w *twist) bool { return w.step > 0 }) {
		want = "fault"
	} else if s.shape.endsEarly {
		want = "inconclusive"
	}
	if tr.Status != want || tr.Movements != len(x.movements) {
		t.Errorf("seed %d: status %q of %d movements, want %q of %d", seed, tr.Status, tr.Movements, want, len(x.movements))
	}
	if s.shape.endsEarly {
		if tr.Drift != nil || len(tr.Inconclusive) == 0 || len(x.postings)%50 != 0 {
			t.Errorf("seed %d: an export that ends early allows no figure: %v, %d rows", seed, tr.Drift, len(x.postings))
		}
		return
	}
	if !equal(tr.Platform, x.platform) || !equal(tr.ERP, x.erp) {
		t.Errorf("seed %d: sums %v and %v, the rows say %v and %v", seed, tr.Platform, tr.ERP, x.platform, x.erp)
	}
	if !equal(parts(tr), tr.Drift) {
		t.Errorf("seed %d: parts %v, drift %v", seed, parts(tr), tr.Drift)
	}
	n, seen := 0, map[string]bool{}
	for _, m := range x.movements {
		if countable(t, m) {
			n++
		}
	}
	excluded := 0
	for _, k := range tr.Excluded {
		excluded += k
	}
	if tr.Countable != n || tr.Countable+excluded != tr.Movements {
		t.Errorf("seed %d: %d countable and %d excluded of %d; the rows say %d", seed, tr.Countable, excluded, tr.Movements, n)
	}
	for _, f := range tr.Faults {
		if len(f.Events)+len(f.Postings) < 8 {
			t.Errorf("seed %d: %s has %d roots only", seed, f.Name, len(f.Events))
		}
		var drift money.Totals
		for _, id := range slices.Concat(f.Events, f.Downstream) {
			m := x.byID[id]
			if seen[id] || m == nil {
				t.Fatalf("seed %d: %s stands twice or nowhere", seed, id)
			}
			seen[id] = true
			if countable(t, m) {
				drift.Add(money.MustCurrency(m["currency"]), -x.owed(t, m))
			} else if f.Problem != "not-countable" {
				t.Errorf("seed %d: %s does not count", seed, id)
			}
			drift.AddAll(x.booked[id])
		}
		if len(f.Postings) == 0 && !equal(drift, f.Drift) {
			t.Errorf("seed %d: %s: drift %v, the rows say %v", seed, f.Name, f.Drift, drift)
		}
		if f.Attribute != "" {
			for _, id := range f.Events {
				if x.byID[id][f.Attribute] != f.Value {
					t.Errorf("seed %d: %s does not share %s = %s", seed, id, f.Attribute, f.Value)
				}
			}
		}
	}
}

// checkBalances runs over the platform's own ledger.
func checkBalances(t *testing.T, x *exports) {
	t.Helper()
	balance := map[string]money.Amount{}
	spent := map[string]money.Amount{}
	last := map[string]string{}
	for _, m := range x.movements {
		if m["status"] != "final" {
			continue
		}
		amount, after := minor(t, m["amount"], unitCurrency(m)), minor(t, m["balance_after"], unitCurrency(m))
		before, known := balance[m["card"]]
		if m["card_created_at"] < "2026-09-27" && !known {
			before = after - amount
		}
		if before+amount != after || after < 0 {
			t.Errorf("%s: %d %+d gives %d", m["id"], before, amount, after)
		}
		balance[m["card"]] = after
		if last[m["card"]] >= m["at"] && m["at"] < "2026-11-01" {
			t.Errorf("%s: not after the card's last movement", m["id"])
		}
		last[m["card"]] = m["at"]
		if m["kind"] == "redemption" {
			spent[m["order"]] -= amount
		}
		if m["kind"] == "refund_to_card" {
			if spent[m["order"]] -= amount; spent[m["order"]] < 0 {
				t.Errorf("%s: gives back more than was spent", m["id"])
			}
		}
	}
}

func unitCurrency(m row) string {
	if m["unit"] == "points" {
		return "USD" // two decimals, too
	}
	return m["currency"]
}

// checkDownstream follows every card through the books anew: what was held or
// booked without cover, and is no root, has to follow from a root on its card.
func checkDownstream(t *testing.T, s Scenario, tr Truth, x *exports) {
	t.Helper()
	if s.shape.daily || s.shape.endsEarly || s.shape.orderRefs {
		return
	}
	root, follows := map[string]bool{}, map[string]bool{}
	for _, f := range tr.Faults {
		for _, id := range f.Events {
			root[id] = true
		}
		for _, id := range f.Downstream {
			follows[id] = true
		}
	}
	state := map[string]string{}
	lostCard := map[string]bool{}
	for _, p := range x.postings {
		state[p["External ID"]] = p["Approval"]
		if p["Gift Certificate"] == "" {
			lostCard[p["External ID"]] = true
		}
	}
	recorded, short, old := map[string]money.Amount{}, map[string]bool{}, map[string]bool{}
	for _, m := range x.movements {
		card, id := m["card"], m["id"]
		if m["card_created_at"] < "2026-09-27" {
			if _, known := recorded[card]; !known {
				old[card] = true
				recorded[card] = minor(t, m["balance_after"], unitCurrency(m)) - minor(t, m["amount"], unitCurrency(m))
			}
		}
		owed := x.owed(t, m)
		gain := x.booked[id][money.MustCurrency(m["currency"])]
		if lostCard[id] {
			gain = 0
		}
		uncovered := owed < 0 && recorded[card]+owed < 0 && state[id] != "" && !root[id] && short[card]
		if !s.shape.plain {
			uncovered = state[id] == "Exception" && !root[id]
			if uncovered && countable(t, m) && recorded[card]+owed >= 0 {
				t.Errorf("%s is held though the ERP has %d", id, recorded[card])
			}
		} else if old[card] {
			uncovered = false
		}
		if want := uncovered && countable(t, m); follows[id] != want {
			t.Errorf("%s: downstream %v, the books say %v", id, follows[id], want)
		}
		recorded[card] += gain
		if root[id] && owed > gain && owed > 0 {
			short[card] = true
		}
		if follows[id] {
			for _, c := range tr.Causes[id] {
				if x.byID[c]["card"] != card || !root[c] || x.byID[c]["at"] > m["at"] {
					t.Errorf("%s can't follow from %s", id, c)
				}
			}
			if len(tr.Causes[id]) == 0 {
				t.Errorf("%s follows from nothing", id)
			}
		}
	}
}

func checkConnectors(t *testing.T, dir string, s Scenario) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "connectors.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Version    int
		Connectors []struct {
			Role  string
			Files map[string]any
		}
	}
	if err := yaml.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	roles := 0
	for _, c := range doc.Connectors {
		roles++
		for kind, f := range c.Files {
			name, short := f.(string)
			if !short {
				name = f.(map[string]any)["path"].(string)
			}
			if _, ok := record.ParseType(kind); !ok {
				t.Errorf("%q is no record", kind)
			}
			if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
				t.Error(err)
			}
		}
	}
	if want := 3; doc.Version != 1 || roles != want && !s.shape.alone {
		t.Errorf("version %d with %d connectors", doc.Version, roles)
	}
}

// checkCase compares the case with the files, row by row.
func checkCase(t *testing.T, dir string, s Scenario, c *casefile.Case) {
	t.Helper()
	same(t, dir, c, &c.Movements, movementsFile, func(m *record.Movement) record.Source { return m.Source })
	same(t, dir, c, &c.Orders, ordersFile, func(o *record.Order) record.Source { return o.Source })
	same(t, dir, c, &c.Postings, postingsFile, func(p *record.Posting) record.Source { return p.Source })
	same(t, dir, c, &c.Rules, rulesFile, func(r *record.Rule) record.Source { return r.Source })
	same(t, dir, c, &c.Exceptions, exceptionsFile, func(x *record.Exception) record.Source { return x.Source })
	if s.shape.alone {
		if c.Deliveries.Len() > 0 {
			t.Error("deliveries without an integration layer")
		}
		return
	}
	same(t, dir, c, &c.Deliveries, deliveriesFile, func(d *record.Delivery) record.Source { return d.Source })
	same(t, dir, c, &c.Flows, flowsFile, func(f *record.Flow) record.Source { return f.Source })
	same(t, dir, c, &c.Subscriptions, subscriptionsFile, func(s *record.Subscription) record.Source { return s.Source })
}

func same[T any](t *testing.T, dir string, c *casefile.Case, table *casefile.Table[T], f file[T], source func(*T) record.Source) {
	t.Helper()
	rows := read(t, dir, f.name)
	if len(rows) != table.Len() {
		t.Fatalf("%s: %d rows, the case has %d", f.name, len(rows), table.Len())
	}
	i := 0
	filled := map[string]bool{}
	for r := range table.All() {
		for _, col := range f.columns {
			if got := col.text(r); got != rows[i][col.header] {
				t.Fatalf("%s row %d: %s is %q, the case has %q", f.name, i, col.header, rows[i][col.header], got)
			} else if got != "" && col.field != "" {
				filled[col.field] = true
			}
		}
		src := source(r)
		sys := c.Systems[src.System]
		if sys.Inputs[src.Input].Name != f.name || int(src.Row) != i+2 {
			t.Fatalf("%s row %d: its source is %s:%d", f.name, i, sys.Inputs[src.Input].Name, src.Row)
		}
		i++
	}
	for k := range c.Systems {
		if !slices.Contains(record.Types(c.Systems[k].Role), f.record) {
			continue
		}
		rd := c.Systems[k].Read(f.record)
		if rd.Rows == 0 && rd.State != casefile.Empty && rd.State != casefile.Absent {
			t.Errorf("%s: read %v without rows", f.name, rd.State)
		}
		if rd.Rows > 0 && (rd.Rows != i || rd.State != casefile.HasRows || len(rd.Columns) != len(filled) || !rd.From.Known() || rd.From.Compare(rd.To) > 0) {
			t.Errorf("%s: the read says %+v", f.name, rd)
		}
	}
}

// TestOneSeedIsOneMonth lays every scenario beside the healthy one.
func TestOneSeedIsOneMonth(t *testing.T) {
	healthy, _ := Find("healthy")
	base := t.TempDir()
	if _, err := Write(base, healthy, 11, Options{}); err != nil {
		t.Fatal(err)
	}
	whole := map[string][]byte{}
	for _, name := range []string{"movements.csv", "orders.csv"} {
		b, err := os.ReadFile(filepath.Join(base, name))
		if err != nil {
			t.Fatal(err)
		}
		whole[name] = b
	}
	for _, s := range Scenarios() {
		dir := t.TempDir()
		if _, err := Write(dir, s, 11, Options{}); err != nil {
			t.Fatal(err)
		}
		for name, want := range whole {
			got, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			if s.shape.late && name == "movements.csv" && bytes.HasPrefix(want, got) || bytes.Equal(got, want) || s.shape.late && name == "orders.csv" {
				continue
			}
			t.Errorf("%s: %s is not that of the healthy month", s.Name, name)
		}
	}
}

func TestEqualSeedsGiveEqualBytes(t *testing.T) {
	s, _ := Find("two-faults")
	a, b := t.TempDir(), t.TempDir()
	for _, dir := range []string{a, b} {
		if _, err := Write(dir, s, 5, Options{Movements: 700, Yen: true}); err != nil {
			t.Fatal(err)
		}
	}
	entries, err := os.ReadDir(a)
	if err != nil || len(entries) != 9 {
		t.Fatal(err, len(entries))
	}
	for _, e := range entries {
		x, err1 := os.ReadFile(filepath.Join(a, e.Name()))
		y, err2 := os.ReadFile(filepath.Join(b, e.Name()))
		if err1 != nil || err2 != nil || !bytes.Equal(x, y) {
			t.Errorf("%s differs: %v %v", e.Name(), err1, err2)
		}
	}
	_, one := Case(s, 5, Options{})
	_, other := Case(s, 6, Options{})
	if maps.Equal(one.Drift, other.Drift) {
		t.Error("another seed tells the same month")
	}
}

// TestPairs combines every two scenarios: each fault keeps its events, but for
// those that another broke before.
func TestPairs(t *testing.T) {
	all := Scenarios()
	seed, pairs := uint64(100), 0
	for i, a := range all {
		for _, b := range all[i+1:] {
			both, ok := Combine(a, b)
			if !ok {
				continue
			}
			pairs++
			seed++
			_, tr := Case(both, seed, Options{})
			if !equal(parts(tr), tr.Drift) {
				t.Errorf("%s: parts %v, drift %v", both.Name, parts(tr), tr.Drift)
			}
			owner := map[string]string{}
			for _, f := range tr.Faults {
				for _, id := range slices.Concat(f.Events, f.Downstream) {
					if owner[id] != "" {
						t.Errorf("%s: %s belongs to %s and %s", both.Name, id, owner[id], f.Name)
					}
					owner[id] = f.Name
				}
			}
			for _, one := range []Scenario{a, b} {
				_, single := Case(one, seed, Options{})
				for _, f := range single.Faults {
					for _, id := range f.Events {
						if owner[id] == "" && f.Problem != "not-countable" {
							t.Errorf("%s: %s was broken by %s alone and is whole now", both.Name, id, f.Name)
						}
					}
					k := slices.IndexFunc(tr.Faults, func(g Fault) bool { return g.Name == f.Name })
					if k < 0 {
						continue
					}
					for _, id := range tr.Faults[k].Events {
						if !slices.Contains(f.Events, id) {
							t.Errorf("%s: %s is new to %s", both.Name, id, f.Name)
						}
					}
					if !slices.Equal(f.Postings, tr.Faults[k].Postings) && len(f.Postings) != len(tr.Faults[k].Postings) {
						t.Errorf("%s: %s has other postings", both.Name, f.Name)
					}
				}
			}
		}
	}
	if pairs < 150 {
		t.Errorf("%d pairs only", pairs)
	}
}

func TestCombineRefuses(t *testing.T) {
	for name, pair := range map[string][2]string{
		"what leaves the same trace":         {"outage", "not-received"},
		"the same problem":                   {"filtered", "app-issued"},
		"a ledger that checks and one plain": {"missing-reference", "order-total"},
		"a healthy month":                    {"filtered", "healthy"},
		"another set of systems":             {"no-integration", "filtered"},
		"a fault with itself":                {"lost", "lost"},
	} {
		a, okA := Find(pair[0])
		b, okB := Find(pair[1])
		if !okA || !okB {
			t.Fatalf("%s: no such scenario", name)
		}
		if _, ok := Combine(a, b); ok {
			t.Errorf("%s: combined", name)
		}
	}
}

func TestCatalogue(t *testing.T) {
	seen := map[string]bool{}
	used := map[string]bool{}
	for i, s := range Scenarios() {
		if seen[s.Name] || s.About == "" || strings.ToLower(s.Name) != s.Name || strings.ContainsAny(s.Name, " _") {
			t.Errorf("%q: %q", s.Name, s.About)
		}
		seen[s.Name] = true
		if len(s.twists) != len(scenarios[i].twists) {
			t.Errorf("%s: an unknown twist", s.Name)
		}
		for _, w := range s.twists {
			used[w.name] = true
		}
	}
	for _, w := range twists {
		if !used[w.name] {
			t.Errorf("nothing shows %s", w.name)
		}
	}
	if _, ok := Find("no such"); ok {
		t.Error("found what is not there")
	}
}

// TestSizes plays months of other sizes, down to none to speak of.
func TestSizes(t *testing.T) {
	for _, n := range []int{1, 5, 40, 3000} {
		for _, s := range Scenarios() {
			_, tr := Case(s, 3, Options{Movements: n, Yen: true})
			if tr.Drift != nil && !equal(parts(tr), tr.Drift) {
				t.Errorf("%s of %d: parts %v, drift %v", s.Name, n, parts(tr), tr.Drift)
			}
		}
	}
}

func TestWriteSaysWhatFailed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "taken")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Write(path, Scenarios()[0], 1, Options{}); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v", err)
	}
}

func BenchmarkCase(b *testing.B) {
	s, _ := Find("filtered")
	for b.Loop() {
		Case(s, 1, Options{Movements: 100_000})
	}
}

// TestVendors demands of a vendors' month what its option promises.
func TestVendors(t *testing.T) {
	for seed := uint64(1); seed <= 4; seed++ {
		s, _ := Find("healthy")
		c, tr := Case(s, seed, Options{Vendors: true, Yen: seed%2 == 0})
		if tr.Movements < 400 || tr.Excluded["test"] == 0 || tr.Excluded["pending"]+tr.Excluded["cancelled"]+tr.Excluded["promotional"] > 0 {
			t.Errorf("seed %d: %d movements, excluded %v", seed, tr.Movements, tr.Excluded)
		}
		seen, loaded, kinds := map[string]bool{}, map[string]bool{}, record.Kinds(0)
		for m := range c.Movements.All() {
			kinds = kinds.With(m.Kind)
			if seen[m.ID] || m.Points || m.Status != record.Final {
				t.Errorf("seed %d: movement %+v", seed, m)
			}
			seen[m.ID] = true
			if m.Kind == record.Load {
				if m.ID != m.Card || loaded[m.Card] {
					t.Errorf("seed %d: load %s of card %s", seed, m.ID, m.Card)
				}
				loaded[m.Card] = true
			}
			if m.At.Exact() == (m.Kind == record.Expiry) {
				t.Errorf("seed %d: %s %s at %v", seed, m.Kind, m.ID, m.At)
			}
		}
		for _, k := range []record.Kind{record.Load, record.Redemption, record.RefundToCard, record.Adjustment, record.Expiry, record.Deactivation, record.Reversal} {
			if !kinds.Has(k) {
				t.Errorf("seed %d: no %s", seed, k)
			}
		}
		if kinds.Has(record.SaleRefund) {
			t.Errorf("seed %d: Shopify has no sale_refund", seed)
		}
	}
}
