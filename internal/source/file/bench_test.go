package file

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"gcdiag/internal/casefile"
	"gcdiag/internal/record"
)

// discard is a sink that only counts.
type discard struct{ rows, rejects int }

func (d *discard) Movement(*record.Movement) error         { d.rows++; return nil }
func (d *discard) Card(*record.Card) error                 { d.rows++; return nil }
func (d *discard) Order(*record.Order) error               { d.rows++; return nil }
func (d *discard) Subscription(*record.Subscription) error { d.rows++; return nil }
func (d *discard) Delivery(*record.Delivery) error         { d.rows++; return nil }
func (d *discard) Flow(*record.Flow) error                 { d.rows++; return nil }
func (d *discard) Posting(*record.Posting) error           { d.rows++; return nil }
func (d *discard) Rule(*record.Rule) error                 { d.rows++; return nil }
func (d *discard) Exception(*record.Exception) error       { d.rows++; return nil }
func (d *discard) Reject(casefile.Reject) error            { d.rejects++; return nil }

const benchRows = 200_000

// benchmarkRows reads rows that line makes and reports rows per second.
func benchmarkRows(b *testing.B, name, header string, spec Spec, line func(w io.Writer, i int)) {
	var text bytes.Buffer
	text.WriteString(header)
	for i := range benchRows {
		line(&text, i)
	}
	spec.Path = write(b, name, text.String())
	b.SetBytes(int64(text.Len()))
	b.ReportAllocs()
	for b.Loop() {
		var d discard
		if _, err := Read(context.Background(), spec, &d, nil); err != nil || d.rows != benchRows {
			b.Fatal(err, d.rows, d.rejects)
		}
	}
	b.ReportMetric(float64(benchRows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkMovementsCSV(b *testing.B) {
	kinds := []string{"load", "redemption", "refund_to_card"}
	benchmarkRows(b, "movements.csv", "id,card,kind,amount,currency,at,order\n", Spec{Record: record.Movements}, func(w io.Writer, i int) {
		fmt.Fprintf(w, "evt-%010d,card-%08d,%s,%d.%02d,USD,2026-10-%02dT%02d:%02d:%02dZ,ord-%09d\n",
			i, i/4, kinds[i%3], i%500+1, i%100, i%28+1, i%24, i%60, i*7%60, i*31)
	})
}

func BenchmarkPostingsSemicolonLocal(b *testing.B) {
	benchmarkRows(b, "erp.csv", "Buchungsdatum;Sachkonto;Soll;Haben;Externe Belegnr;Text;Gutscheincode\n",
		Spec{Record: record.Postings, Zone: zone(b, "Europe/Berlin")}, func(w io.Writer, i int) {
			fmt.Fprintf(w, "%02d.10.2026;2400;;1.%03d,%02d;evt-%010d;\"Gutschein; verkauft\";GC-%08d\n", i%28+1, i%1000, i%100, i, i/4)
		})
}

func BenchmarkMovementsJSON(b *testing.B) {
	benchmarkRows(b, "movements.json", "", Spec{Record: record.Movements}, func(w io.Writer, i int) {
		fmt.Fprintf(w, "%c\n{\"id\":\"evt-%010d\",\"card\":\"card-%08d\",\"kind\":\"load\",\"amount\":%d.%02d,\"currency\":\"USD\",\"at\":\"2026-10-%02dT%02d:00:00Z\"}%s",
			[]rune{'[', ','}[min(i, 1)], i, i/4, i%500+1, i%100, i%28+1, i%24, strings.Repeat("]", (i+1)/benchRows))
	})
}

func BenchmarkMovementsXLSX(b *testing.B) {
	rows := [][]any{{"id", "card", "kind", "amount", "currency", "at", "order"}}
	for i := range benchRows / 10 {
		rows = append(rows, []any{fmt.Sprintf("evt-%010d", i), fmt.Sprintf("card-%08d", i/4), "load", float64(i%50000) / 100, "USD", 46319.5 + float64(i)/1e5, i * 31})
	}
	path := write(b, "movements.xlsx", workbookOf(b, nil, "S", rows))
	b.ReportAllocs()
	for b.Loop() {
		var d discard
		if _, err := Read(context.Background(), Spec{Record: record.Movements, Path: path}, &d, nil); err != nil || d.rows != benchRows/10 {
			b.Fatal(err, d.rows, d.rejects)
		}
	}
	b.ReportMetric(float64(benchRows/10)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
