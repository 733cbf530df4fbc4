package casefile

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"

	"pgregory.net/rapid"

	"gcdiag/internal/money"
	"gcdiag/internal/record"
	"gcdiag/internal/shelf"
)

var noon = time.Date(2026, 10, 24, 12, 0, 0, 0, time.UTC)

func hour(n int) record.Time { return record.At(noon.Add(time.Duration(n) * time.Hour)) }

// shop is a case of a platform with two exports, an integration and an ERP.
func shop() *Case {
	return &Case{Systems: []System{
		{Role: record.Platform, Name: "Shop", Inputs: []Input{{Name: "movements.csv"}, {Name: "old.xlsx:May"}}},
		{Role: record.Integration, Name: "Bridge", Inputs: []Input{{Name: "log.csv"}}},
		{Role: record.ERP, Name: "Books"},
	}}
}

func TestRepeatedMovements(t *testing.T) {
	at := func(row uint32) record.Source { return record.Source{Row: row} }
	load := func(row uint32, change func(*record.Movement)) record.Movement {
		m := record.Movement{Source: at(row), ID: "m-1", Card: "c-1", Kind: record.Load, Amount: 5000, At: hour(0), Order: "#7"}
		if change != nil {
			change(&m)
		}
		return m
	}
	state := func(s record.Status, hours int) func(*record.Movement) {
		return func(m *record.Movement) { m.Status, m.At = s, hour(hours) }
	}
	for _, c := range []struct {
		story    string
		rows     []record.Movement
		kept     []uint32 // rows
		rejected []string // place and reason
		repeated int
		replaced int
	}{
		{"one row", []record.Movement{load(1, nil)}, []uint32{1}, nil, 0, 0},
		{"two events", []record.Movement{load(1, nil), load(2, func(m *record.Movement) { m.ID = "m-2" })}, []uint32{1, 2}, nil, 0, 0},
		{"the same row three times", []record.Movement{load(1, nil), load(2, nil), load(3, nil)}, []uint32{1}, nil, 2, 0},
		{"another form of the id", []record.Movement{load(1, func(m *record.Movement) { m.ID = "gid://shop/Movement/m-1" }), load(2, nil)}, []uint32{1}, nil, 1, 0},
		{"attributes in another order", []record.Movement{
			load(1, func(m *record.Movement) { m.Attrs = []record.Attr{{Name: "a", Value: "1"}, {Name: "b", Value: "2"}} }),
			load(2, func(m *record.Movement) { m.Attrs = []record.Attr{{Name: "b", Value: "2"}, {Name: "a", Value: "1"}} })}, []uint32{1}, nil, 1, 0},
		{"the same id in another system", []record.Movement{load(1, nil), load(2, func(m *record.Movement) { m.System = 1 })}, []uint32{1, 2}, nil, 0, 0},
		{"pending, then final", []record.Movement{load(1, state(record.Pending, 0)), load(2, state(record.Final, 1))}, []uint32{2}, nil, 0, 1},
		{"final written above pending", []record.Movement{load(1, state(record.Final, 1)), load(2, state(record.Pending, 0))}, []uint32{1}, nil, 0, 1},
		{"pending and final at one time", []record.Movement{load(1, state(record.Final, 0)), load(2, state(record.Pending, 0))}, []uint32{1}, nil, 0, 1},
		{"final and cancelled at one time", []record.Movement{load(1, state(record.Cancelled, 0)), load(2, state(record.Final, 0))}, []uint32{1}, nil, 0, 1},
		{"pending again after final", []record.Movement{load(1, state(record.Final, 0)), load(2, state(record.Pending, 3))}, []uint32{2}, nil, 0, 1},
		{"three states twice", []record.Movement{
			load(1, state(record.Pending, 0)), load(2, state(record.Final, 1)), load(3, state(record.Cancelled, 2)),
			load(4, state(record.Pending, 0)), load(5, state(record.Final, 1)), load(6, state(record.Cancelled, 2))}, []uint32{3}, nil, 3, 2},
		{"another amount", []record.Movement{load(3, nil), load(12, func(m *record.Movement) { m.Amount = 6000 })}, []uint32{12},
			[]string{"movements.csv:3 repeats movements.csv:12 with another amount"}, 0, 0},
		{"another amount later on", []record.Movement{load(3, nil), load(12, func(m *record.Movement) { m.Amount, m.At = 6000, hour(1) })}, []uint32{12},
			[]string{"movements.csv:3 repeats movements.csv:12 with another amount, at"}, 0, 0},
		{"another attribute in another file", []record.Movement{
			load(3, func(m *record.Movement) { m.Attrs = []record.Attr{{Name: "Till", Value: "9"}} }),
			load(4, func(m *record.Movement) { m.Input = 1 })}, []uint32{3},
			[]string{"old.xlsx:May:4 repeats movements.csv:3 with another Till"}, 0, 0},
		{"a repeated state beside a later one", []record.Movement{
			load(1, state(record.Pending, 0)), load(2, state(record.Pending, 1)), load(3, state(record.Final, 2))}, []uint32{3},
			[]string{"movements.csv:1 repeats movements.csv:2 with another at"}, 0, 1},
	} {
		for range 6 {
			b := NewBuilder(shop())
			for _, m := range c.rows {
				b.Movement(&m)
			}
			got := b.Finish()
			var kept []uint32
			for m := range got.Movements.All() {
				kept = append(kept, m.Row)
			}
			slices.Sort(kept)
			var rejected []string
			for _, r := range got.Rejects {
				rejected = append(rejected, r.Place+" "+r.Reason)
				if !slices.Contains(r.Keys, "m-1") || !slices.Contains(r.Keys, "#7") || !slices.Contains(r.Keys, "c-1") || !r.At.Known() || r.Record != record.Movements {
					t.Errorf("%s: reject %+v lacks what it could speak of", c.story, r)
				}
			}
			read := got.Systems[0].Read(record.Movements)
			// Of equal rows any may stand for all.
			if len(kept) != len(c.kept) || c.repeated == 0 && !slices.Equal(kept, c.kept) {
				t.Errorf("%s: kept rows %v, want %v", c.story, kept, c.kept)
			}
			if !slices.Equal(rejected, c.rejected) || read.Rejected != len(c.rejected) {
				t.Errorf("%s: rejected %q, want %q", c.story, rejected, c.rejected)
			}
			if read.Repeated != c.repeated || read.Replaced != c.replaced {
				t.Errorf("%s: %d repeated and %d replaced, want %d and %d", c.story, read.Repeated, read.Replaced, c.repeated, c.replaced)
			}
			rand.Shuffle(len(c.rows), func(i, j int) { c.rows[i], c.rows[j] = c.rows[j], c.rows[i] })
		}
	}
}

func TestOtherRepetitions(t *testing.T) {
	b := NewBuilder(shop())
	src := func(system uint16, row uint32) record.Source { return record.Source{System: system, Row: row} }
	b.Posting(&record.Posting{Source: src(2, 1), Amount: 100, Dated: hour(0)})
	b.Posting(&record.Posting{Source: src(2, 2), Amount: 100, Dated: hour(0)})
	b.Posting(&record.Posting{Source: src(2, 3), ID: "JE-1", Ref: "m-1", Amount: 100, Dated: hour(1)})
	b.Posting(&record.Posting{Source: src(2, 4), ID: "#JE-1", Ref: "m-2", Amount: 100, Dated: hour(2), Batch: "b"})
	b.Posting(&record.Posting{Source: src(2, 5), ID: "JE-1", Ref: "m-1", Amount: 100, Dated: hour(1)})
	b.Delivery(&record.Delivery{Source: src(1, 7), Event: "m-1", Outcome: record.Delivered, ReceivedAt: hour(0)})
	b.Delivery(&record.Delivery{Source: src(1, 8), Event: "m-1", Outcome: record.Delivered, ReceivedAt: hour(0)})
	b.Order(&record.Order{Source: src(0, 1), ID: "1", At: hour(0), Status: "open"})
	b.Order(&record.Order{Source: src(0, 2), ID: "1", At: hour(0), Status: "paid"})
	b.Card(&record.Card{Source: src(0, 1), ID: "c"})
	b.Subscription(&record.Subscription{Source: src(0, 1), ID: "s"})
	b.Flow(&record.Flow{Source: src(1, 1), ID: "f"})
	b.Rule(&record.Rule{Source: src(2, 1), ID: "r"})
	b.Exception(&record.Exception{Source: src(2, 1), ID: "e"})
	b.Reject(Reject{Source: src(1, 2), Record: record.Deliveries, Place: "log.csv:2"})
	b.Reject(Reject{Source: src(0, 9), Record: record.Orders, Place: "movements.csv:9"})
	c := b.Finish()

	if n := c.Postings.Len(); n != 3 {
		t.Errorf("%d postings, want both that have no id and one JE-1", n)
	}
	var ids []string
	for d := range c.Deliveries.All() {
		ids = append(ids, d.ID)
	}
	if !slices.Equal(ids, []string{"log.csv:7", "log.csv:8"}) {
		t.Errorf("deliveries %q", ids)
	}
	for _, n := range []int{c.Cards.Len(), c.Orders.Len(), c.Subscriptions.Len(), c.Flows.Len(), c.Rules.Len(), c.Exceptions.Len()} {
		if n != 1 {
			t.Errorf("%d records, want 1", n)
		}
	}
	var places []string
	for _, r := range c.Rejects {
		places = append(places, r.Place)
	}
	if len(places) != 4 || places[2] != "log.csv:2" || places[3] != "Books:4" || !strings.HasPrefix(places[0], "movements.csv:") {
		t.Errorf("rejects at %q, want them by system and row", places)
	}
	if r := c.Rejects[3]; !slices.Equal(r.Keys, []string{"#JE-1", "m-2", "b"}) || !strings.Contains(r.Reason, "Books:3") {
		t.Errorf("reject %+v", r)
	}
	read := c.Systems[2].Read(record.Postings)
	if read.State != HasRows || read.Rows != 3 || read.Repeated != 1 || read.Rejected != 1 || read.From != hour(0) || read.To != hour(1) {
		t.Errorf("read %+v", read)
	}
}

func TestReadsOfNothing(t *testing.T) {
	c := shop()
	c.Systems[0].Reads = []Read{{Record: record.Movements, State: Empty}, {Record: record.Orders, State: Empty}, {Record: record.Cards, State: Truncated, Why: "cancelled"}}
	b := NewBuilder(c)
	b.Reject(Reject{Record: record.Movements})
	b.Card(&record.Card{ID: "c"})
	b.Finish()
	if r := c.Systems[0].Read(record.Movements); r.State != Unread || r.Why == "" {
		t.Errorf("a file whose every row is rejected proves nothing: %+v", r)
	}
	if r := c.Systems[0].Read(record.Orders); r.State != Empty {
		t.Errorf("a file without rows: %+v", r)
	}
	if r := c.Systems[0].Read(record.Cards); r.State != Truncated || r.Rows != 1 {
		t.Errorf("a file read in part: %+v", r)
	}
	if r := c.Systems[0].Read(record.Subscriptions); r.State != Absent {
		t.Errorf("no file: %+v", r)
	}
}

// However rows come in, the case says the same.
func TestOrderOfRowsDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := rapid.Custom(func(t *rapid.T) record.Movement {
			return record.Movement{
				Source: record.Source{System: uint16(rapid.IntRange(0, 1).Draw(t, "system"))},
				ID:     rapid.SampledFrom([]string{"m-1", "M-1", "#m-1", "m-2", "m-3"}).Draw(t, "id"),
				Status: record.Status(rapid.IntRange(0, 2).Draw(t, "status")),
				Amount: money.Amount(rapid.IntRange(1, 2).Draw(t, "amount")),
				At:     hour(rapid.IntRange(0, 2).Draw(t, "at")),
				Order:  rapid.SampledFrom([]string{"", "7"}).Draw(t, "order"),
			}
		})
		rows := rapid.SliceOfN(draw, 0, 12).Draw(t, "rows")
		for i := range rows {
			rows[i].Row = uint32(i + 1)
		}
		mask := rapid.SampledFrom([]uint64{0, 1, ^uint64(0)}).Draw(t, "mask")
		said := func(rows []record.Movement) string {
			b := NewBuilder(shop())
			b.mask = mask
			for _, m := range rows {
				b.Movement(&m)
				b.Posting(&record.Posting{Source: record.Source{System: 2, Row: m.Row}, ID: m.ID, Amount: m.Amount, Dated: m.At, Order: m.Order})
			}
			c := b.Finish()
			var out []string
			for m := range c.Movements.All() {
				m.Source.Row, m.Source.Input = 0, 0
				out = append(out, fmt.Sprintf("%+v", *m))
			}
			for p := range c.Postings.All() {
				p.Source.Row, p.Source.Input = 0, 0
				out = append(out, fmt.Sprintf("%+v", *p))
			}
			for _, r := range c.Rejects {
				_, with, _ := strings.Cut(r.Reason, " with ")
				out = append(out, fmt.Sprint(r.System, r.Record, with, strings.ToLower(strings.TrimPrefix(r.Keys[0], "#")), r.Keys[1:], r.At))
			}
			for _, s := range c.Systems {
				out = append(out, fmt.Sprintf("%+v", s.Reads))
			}
			if total := c.Movements.Len() + len(slices.Collect(rejectsOf(c, record.Movements))) + c.Systems[0].Read(record.Movements).Repeated + c.Systems[1].Read(record.Movements).Repeated +
				c.Systems[0].Read(record.Movements).Replaced + c.Systems[1].Read(record.Movements).Replaced; total != len(rows) {
				t.Fatalf("%d rows became %d", len(rows), total)
			}
			slices.Sort(out)
			return strings.Join(out, "\n")
		}
		first := said(rows)
		shuffled := rapid.Permutation(rows).Draw(t, "shuffled")
		for i := range shuffled {
			shuffled[i].Input = uint16(i % 2) // split over two files
		}
		if second := said(shuffled); second != first {
			t.Fatalf("in one order\n%s\nin another\n%s", first, second)
		}
	})
}

// TestNothingOfARowIsKept gives the builder rows whose memory is used for the next
// one, and compares with rows of their own.
func TestNothingOfARowIsKept(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	own, lent := NewBuilder(shop()), NewBuilder(shop())
	buffer := make([]byte, 0, 1000)
	view := func(s string) string {
		if s == "" {
			return ""
		}
		buffer = append(buffer, s...)
		return unsafe.String(&buffer[len(buffer)-len(s)], len(s))
	}
	var m record.Movement
	var d record.Delivery
	var p record.Posting
	attrs := make([]record.Attr, 1)
	for i := range 3000 {
		id := []string{"", "#", "gid://shop/X/"}[r.IntN(3)] + fmt.Sprint("id-", r.IntN(1500))
		text, note, amount, at := fmt.Sprint("t", r.IntN(3)), fmt.Sprint("n", r.IntN(2)), money.Amount(100+r.IntN(2)), hour(r.IntN(2))
		fill := func(text func(string) string, id, words, note string) {
			src := func(system uint16) record.Source { return record.Source{System: system, Row: uint32(i)} }
			attrs[0] = record.Attr{Name: "note", Value: text(note)}
			m = record.Movement{Source: src(0), ID: text(id), Card: text(words + "c"), Amount: amount, At: at, Origin: text(words), Status: record.Status(i % 3), Attrs: attrs}
			d = record.Delivery{Source: src(1), ID: text(id), Event: text(words + "e"), ReceivedAt: at, Why: text(words), Attrs: attrs}
			p = record.Posting{Source: src(2), ID: text(id), Ref: text(words + "r"), Amount: amount, Dated: at, Memo: text(words), Attrs: attrs}
		}
		fill(strings.Clone, id, text, note)
		attrs = slices.Clone(attrs)
		own.Movement(&m)
		own.Delivery(&d)
		own.Posting(&p)
		attrs = make([]record.Attr, 1)
		fill(view, id, text, note)
		lent.Movement(&m)
		lent.Delivery(&d)
		lent.Posting(&p)
		clear(buffer)
		clear(attrs)
		buffer = buffer[:0]
	}
	said := func(b *Builder) string {
		c := b.Finish()
		var out strings.Builder
		for x := range c.Movements.All() {
			fmt.Fprintf(&out, "%+v\n", *x)
		}
		for x := range c.Deliveries.All() {
			fmt.Fprintf(&out, "%+v\n", *x)
		}
		for x := range c.Postings.All() {
			fmt.Fprintf(&out, "%+v\n", *x)
		}
		fmt.Fprintf(&out, "%+v\n%+v\n", c.Rejects, c.Systems)
		return out.String()
	}
	if a, b := said(own), said(lent); a != b {
		t.Error("a case keeps memory of its rows")
	}
}

// stated is what becomes of rows by the builder's promise, in words: the records, the
// rejects and what the reads count.
func stated[T any](rows []T, p *part[T]) (out []string) {
	type alike struct { // rows with one id that say the same
		row
		content string
		status  record.Status
		n       int
	}
	groups, reads := map[string][]*alike{}, map[uint16]*Read{} // by system and id, and by system
	for i := range rows {
		is, content := p.of(&rows[i]), string(p.content(&rows[i]))
		key := fmt.Sprint(is.System, strings.TrimLeft(*is.id, "#"))
		if *is.id == "" {
			key = fmt.Sprint("row ", i)
		}
		k := slices.IndexFunc(groups[key], func(a *alike) bool { return a.content == content })
		if k < 0 {
			k = len(groups[key])
			groups[key] = append(groups[key], &alike{row: is, content: content})
			if p.status != nil {
				groups[key][k].status = p.status(&rows[i])
			}
		}
		a := groups[key][k]
		if a.n++; *is.id < *a.id {
			a.id = is.id
		}
		reads[is.System] = &Read{}
	}
	for _, g := range groups {
		slices.SortFunc(g, func(x, y *alike) int {
			return cmp.Or(x.at.Compare(y.at), cmp.Compare(rank(x.status), rank(y.status)), strings.Compare(x.content, y.content))
		})
		if p.status != nil { // the last one stays
			slices.Reverse(g)
		}
		read := reads[g[0].System]
		known := map[record.Status]bool{}
		for i, a := range g {
			read.Repeated += a.n - 1
			switch {
			case i == 0:
				out = append(out, fmt.Sprintf("%d %q %s", a.System, *a.id, a.content))
				if read.Rows++; read.Rows == 1 || a.at.Compare(read.From) < 0 {
					read.From = a.at
				}
				if a.at.Compare(read.To) > 0 {
					read.To = a.at
				}
			case p.status != nil && !known[a.status]:
				read.Replaced++
			default:
				read.Rejected++
				out = append(out, fmt.Sprint("reject ", a.System, strings.TrimLeft(*a.id, "#"), a.at))
			}
			known[a.status] = true
		}
	}
	for system, r := range reads {
		out = append(out, fmt.Sprint(system, r.Rows, r.Repeated, r.Replaced, r.Rejected, r.From, r.To))
	}
	return out
}

// told is the same of a case. It demands that all ways to read a table agree, and that
// its rows are those that were shown, but for what is altered or dropped.
func told[T any](t *testing.T, p *part[T], shown []string) (out []string) {
	t.Helper()
	table, systems := p.rows, map[uint16]bool{}
	rows, all, n := make([]int, table.End()), []string{}, 0
	for x := range table.All() {
		all = append(all, string(p.content(x)))
	}
	for batch := range table.Batches(5) {
		n += len(batch)
	}
	for row, x := range table.Rows() {
		var r T
		table.Read(row, &r)
		is, content := p.of(&r), string(p.content(&r))
		if *p.of(x).id != "" && content != string(p.content(x)) || content != all[len(out)] {
			t.Fatalf("row %d is %s alone", row, content)
		}
		if shown != nil && shown[row] != *is.id && *p.of(x).id != "" && !slices.Contains(table.Altered(), row) {
			t.Fatalf("row %d is %s, was shown as %q", row, content, shown[row])
		}
		rows[row]++
		systems[is.System] = true
		out = append(out, fmt.Sprintf("%d %q %s", is.System, *p.of(x).id, p.content(x)))
	}
	if len(out) != table.Len() || len(all) != table.Len() || n != table.Len() || shown != nil && len(shown) != table.End() {
		t.Fatalf("%d rows, %d in all, %d in batches, Len %d of %d", len(out), len(all), n, table.Len(), table.End())
	}
	stale := table.Stale()
	for row := range rows {
		if table.dropped.Has(row) {
			rows[row]++
		}
		if stale.Has(row) != (table.dropped.Has(row) || slices.Contains(table.Altered(), row)) {
			t.Fatalf("whether row %d is stale", row)
		}
	}
	if slices.ContainsFunc(rows, func(n int) bool { return n != 1 }) {
		t.Fatalf("rows are not either there or dropped: %d", rows)
	}
	for r := range rejectsOf(p.b.c, p.record) {
		out = append(out, fmt.Sprint("reject ", r.System, strings.TrimLeft(r.Keys[0], "#"), r.At))
	}
	for system := range systems {
		r := p.b.c.Systems[system].Read(p.record)
		out = append(out, fmt.Sprint(system, r.Rows, r.Repeated, r.Replaced, r.Rejected, r.From, r.To))
	}
	return out
}

// seen is a watcher that remembers the ids that it is shown.
type seen struct{ movements, deliveries, postings []string }

func (s *seen) Keep(*shelf.Store) {}
func (s *seen) Movement(row int, m *record.Movement) {
	s.movements = slices.Insert(s.movements, row, m.ID)
}
func (s *seen) Delivery(row int, d *record.Delivery) {
	s.deliveries = slices.Insert(s.deliveries, row, d.ID)
}
func (s *seen) Posting(row int, p *record.Posting) {
	s.postings = slices.Insert(s.postings, row, p.ID)
}

// oneList is a mask that has all ids noted in one list: of more than about 500, not
// all stay in memory.
const oneList = 1<<56 - 1

// Whatever is repeated, contradicted or replaced, however many ids have one hash,
// however little memory there is and on however many cores: the case has what the
// systems state, once.
func TestRepetitionsAreFound(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	away := 0
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 6))
		runtime.GOMAXPROCS(1 + r.IntN(4))
		c, w := shop(), new(seen)
		b := NewBuilder(c)
		n := r.IntN(300)
		if b.mask = []uint64{math.MaxUint64, oneList, 0xff << 56, 3 << 24, 1<<56 | 7<<24}[r.IntN(5)]; b.mask == oneList {
			n += 1200
		}
		if bytes := []int64{0, 1, 30_000}[r.IntN(3)]; bytes > 0 {
			onDisk(b, bytes, func() (shelf.Backing, error) { return &disk{room: 1 << 30, reads: 1 << 30}, nil })
			c.notes = shelf.NewOn(bytes, "", func(string) (shelf.Backing, error) {
				away++
				return &disk{room: 1 << 30, reads: 1 << 30}, nil
			})
		}
		b.Watch(w)
		var moves []record.Movement
		var sent []record.Delivery
		var booked []record.Posting
		var orders []record.Order
		ids, sorts := 1+r.IntN(n+1), 1+r.IntN(3)
		for i := range n {
			id := []string{"", "#"}[r.IntN(2)] + fmt.Sprint("id-", r.IntN(ids))
			if r.IntN(20) == 0 {
				id = ""
			}
			src := record.Source{System: uint16(r.IntN(3)), Input: uint16(r.IntN(2)), Row: uint32(i)}
			at, what := hour(r.IntN(sorts)), fmt.Sprint("x", r.IntN(sorts))
			attrs := []record.Attr{{Name: "a", Value: what}, {Name: "b", Value: "2"}}
			if r.IntN(2) == 0 {
				slices.Reverse(attrs)
			}
			moves = append(moves, record.Movement{Source: src, ID: id, At: at, Order: what, Status: record.Status(r.IntN(sorts)), Attrs: attrs})
			sent = append(sent, record.Delivery{Source: src, ID: id, ReceivedAt: at, Event: what, Attrs: attrs})
			booked = append(booked, record.Posting{Source: src, ID: id, Dated: at, Amount: money.Amount(r.IntN(sorts)), Ref: what, Attrs: attrs})
			orders = append(orders, record.Order{Source: src, ID: id, At: at, Status: what, Attrs: attrs})
			for _, err := range []error{b.Movement(&moves[i]), b.Delivery(&sent[i]), b.Posting(&booked[i]), b.Order(&orders[i])} {
				if err != nil {
					t.Fatal(err)
				}
			}
		}
		if b.Finish(); c.Err() != nil {
			t.Fatal(c.Err())
		}
		for _, x := range []struct {
			what      string
			got, want []string
		}{
			{"movements", told(t, &b.movements, w.movements), stated(moves, &b.movements)},
			{"deliveries", told(t, &b.deliveries, w.deliveries), stated(sent, &b.deliveries)},
			{"postings", told(t, &b.postings, w.postings), stated(booked, &b.postings)},
			{"orders", told(t, &b.orders, nil), stated(orders, &b.orders)},
		} {
			slices.Sort(x.got)
			slices.Sort(x.want)
			if !slices.Equal(x.got, x.want) {
				t.Fatalf("seed %d: the %s are\n%s\nwant\n%s", seed, x.what, strings.Join(x.got, "\n"), strings.Join(x.want, "\n"))
			}
		}
	}
	if away == 0 {
		t.Error("no notes were in a file")
	}
}

// Notes that are lost end in an error, whatever becomes of the rows.
func TestLostNotes(t *testing.T) {
	for _, d := range []*disk{{}, {room: 5000}, {room: 1 << 30}, {room: 1 << 30, reads: 1}} {
		c := emptyCase()
		b := NewBuilder(c)
		b.mask = oneList
		c.notes = shelf.NewOn(1, "folder", func(string) (shelf.Backing, error) { return d, nil })
		var lost *shelf.Error
		err := added(b, 3000)
		b.Finish()
		if told(t, &b.postings, nil); !errors.As(c.Err(), &lost) || err != nil && !errors.As(err, &lost) {
			t.Errorf("%v, and while adding %v", c.Err(), err)
		}
		if full := d.room < 1<<30; full != (err != nil) {
			t.Errorf("with a room of %d, while adding: %v", d.room, err)
		}
	}
}

func rejectsOf(c *Case, t record.Type) func(func(Reject) bool) {
	return func(yield func(Reject) bool) {
		for _, r := range c.Rejects {
			if r.Record == t && !yield(r) {
				return
			}
		}
	}
}

func TestTable(t *testing.T) {
	var table Table[int]
	for i := range 3*chunk + 7 {
		if p := table.Add(i); *p != i || table.at(i) != p {
			t.Fatalf("record %d is at %v", i, table.at(i))
		}
	}
	n := 0
	for v := range table.All() {
		if *v != n {
			t.Fatalf("record %d is %d", n, *v)
		}
		n++
	}
	if n != table.Len() || n != 3*chunk+7 {
		t.Errorf("%d records, Len %d", n, table.Len())
	}
}

func BenchmarkBuilder(b *testing.B) {
	ids := make([]string, 1<<20)
	for i := range ids {
		ids[i] = fmt.Sprintf("m-%d", i)
	}
	b.ReportAllocs()
	for b.Loop() {
		build := NewBuilder(shop())
		for i, id := range ids {
			build.Movement(&record.Movement{Source: record.Source{Row: uint32(i)}, ID: id, Amount: 100, At: hour(0)})
		}
		build.Finish()
	}
}
