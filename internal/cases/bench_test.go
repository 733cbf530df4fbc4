package cases

import (
	"context"
	"encoding/csv"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"gcdiag/internal/casefile"
	"gcdiag/internal/connector"
	"gcdiag/internal/diagnosis"
	"gcdiag/internal/gather"
	"gcdiag/internal/record"
	"gcdiag/internal/report"
	"gcdiag/internal/step"
	"gcdiag/internal/trace"
)

// export writes traffic as the three files that systems export, with a
// configuration for them.
func (t *traffic) export(dir string) error {
	stamp := func(t record.Time) string { return t.Earliest().UTC().Format(time.RFC3339) }
	movements := [][]string{{"id", "card", "kind", "amount", "currency", "at", "order", "origin", "channel"}}
	for _, m := range t.movements {
		movements = append(movements, []string{m.ID, m.Card, m.Kind.String(), m.Amount.Text(m.Currency), m.Currency.String(), stamp(m.At), m.Order, m.Origin, m.Channel})
	}
	deliveries := [][]string{{"event", "outcome", "received_at", "sent_kind", "erp_ref", "why"}}
	for _, d := range t.deliveries {
		deliveries = append(deliveries, []string{d.Event, d.Outcome.String(), stamp(d.ReceivedAt), d.SentKind.String(), d.ERPRef, d.Why})
	}
	postings := [][]string{{"id", "ref", "kind", "amount", "currency", "dated", "account", "rule", "card"}}
	for _, p := range t.postings {
		postings = append(postings, []string{p.ID, p.Ref, p.Kind.String(), p.Amount.Text(p.Currency), p.Currency.String(), stamp(p.Dated), p.Account, p.Rule, p.Card})
	}
	for name, rows := range map[string][][]string{"movements.csv": movements, "deliveries.csv": deliveries, "postings.csv": postings} {
		f, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		if err := csv.NewWriter(f).WriteAll(rows); err != nil {
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(dir, "connectors.yaml"), []byte(`version: 1
window: {since: 2026-01-01, until: 2027-01-01}
as_of: 2027-01-01
ledger: {liability_accounts: ["2350"], currency: USD}
connectors:
  - {role: platform, name: Shop, probe: file, files: {movements: movements.csv}}
  - {role: integration, name: Relay, probe: file, files: {deliveries: deliveries.csv}}
  - {role: erp, name: Books, probe: file, files: {postings: postings.csv}}
`), 0o600)
}

// TestExportTraffic writes the files for the bench script: go test -run
// TestExportTraffic -export DIR -events 1000000.
func TestExportTraffic(t *testing.T) {
	if *exportTo == "" {
		t.Skip("no -export")
	}
	if err := newTraffic(7, *exported, 1, false).export(*exportTo); err != nil {
		t.Fatal(err)
	}
}

const benchEvents = 50_000

func benchCase(b *testing.B) *casefile.Case {
	b.ReportAllocs()
	return newTraffic(7, benchEvents, 1, false).file()
}

func perEvent(b *testing.B) {
	b.ReportMetric(b.Elapsed().Seconds()*1e9/float64(b.N)/benchEvents, "ns/event")
}

func BenchmarkParse(b *testing.B) {
	dir := b.TempDir()
	if err := newTraffic(7, benchEvents, 1, false).export(dir); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		gathered(b, dir)
	}
	perEvent(b)
}

func gathered(t testing.TB, dir string) (*casefile.Case, *trace.Scout) {
	cfg, err := connector.Load(filepath.Join(dir, "connectors.yaml"), connector.Options{})
	if err != nil {
		t.Fatal(err)
	}
	scout := trace.NewScout()
	c, err := gather.Run(context.Background(), cfg, gather.Options{Watch: scout})
	if err != nil {
		t.Fatal(err)
	}
	return c, scout
}

func BenchmarkLink(b *testing.B) {
	c := benchCase(b)
	for b.Loop() {
		trace.JoinLean(c, nil)
	}
	perEvent(b)
}

func BenchmarkLinkInFull(b *testing.B) {
	c := benchCase(b)
	for b.Loop() {
		trace.Join(c)
	}
	perEvent(b)
}

func BenchmarkJudge(b *testing.B) {
	set := trace.JoinLean(benchCase(b), nil)
	for b.Loop() {
		j := step.New(set)
		for _, e := range set.Events {
			j.Event(e)
		}
	}
	perEvent(b)
}

func BenchmarkDiagnose(b *testing.B) {
	c := benchCase(b)
	for b.Loop() {
		diagnosis.Lean(c, nil)
	}
	perEvent(b)
}

func BenchmarkReport(b *testing.B) {
	d := diagnosis.Lean(benchCase(b), nil)
	for b.Loop() {
		if err := report.Encode(io.Discard, report.New(d, report.Options{Redact: true, Key: []byte("test")})); err != nil {
			b.Fatal(err)
		}
	}
	perEvent(b)
}

// TestCostPerEvent guards what one more clean event costs, from file to report:
// allocations, and memory that stays in use. Both are counted, not timed.
func TestCostPerEvent(t *testing.T) {
	const few, many = 5_000, 25_000
	cost := func(n int) (allocs, live float64, events int) {
		dir := t.TempDir()
		x := newTraffic(3, n, 0, false)
		if err := x.export(dir); err != nil {
			t.Fatal(err)
		}
		events = len(x.movements)
		x = nil
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		d := diagnosis.Lean(gathered(t, dir))
		if err := report.Encode(io.Discard, report.New(d, report.Options{Redact: true, Key: []byte("test")})); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		allocs = float64(after.Mallocs - before.Mallocs)
		runtime.GC()
		runtime.ReadMemStats(&after)
		live = float64(after.HeapAlloc) - float64(before.HeapAlloc)
		if len(d.Set.Events)*4 > events {
			t.Errorf("%d of %d clean events are linked", len(d.Set.Events), events)
		}
		runtime.KeepAlive(d)
		return allocs, live, events
	}
	a1, l1, n1 := cost(few)
	a2, l2, n2 := cost(many)
	allocs, live := (a2-a1)/float64(n2-n1), (l2-l1)/float64(n2-n1)
	t.Logf("one more clean event: %.2f allocations, %.0f bytes in use", allocs, live)
	if allocs > 0.6 {
		t.Errorf("one more clean event costs %.2f allocations, 0.6 at most are meant", allocs)
	}
	if live > 300 {
		t.Errorf("one more clean event keeps %.0f bytes in use, 300 at most are meant", live)
	}
}
