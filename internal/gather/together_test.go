package gather

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"gcdiag/internal/casefile"
)

// TestReadingTogetherIsTheSame reads systems of three roles one after the other
// and at the same time, and compares the cases as they are saved.
func TestReadingTogetherIsTheSame(t *testing.T) {
	var shop, relay, erp strings.Builder
	shop.WriteString("id,kind,card,amount,at\n")
	relay.WriteString("event,outcome,received_at\n")
	erp.WriteString("id,ref,amount,dated\n")
	for i := range 5000 {
		fmt.Fprintf(&shop, "m-%d,load,c-%d,%d.00,2026-10-%02dT10:00:00Z\n", i%4900, i/3, i%90, 1+i%28)
		fmt.Fprintf(&relay, "m-%d,delivered,2026-10-%02dT10:00:05Z\n", i, 1+i%28)
		fmt.Fprintf(&erp, "p-%d,m-%d,oops%d,2026-10-%02d\n", i, i, i%3, 1+i%28)
	}
	cfg := folder(t, t.TempDir(), head+`connectors:
- {role: platform, name: Shop, probe: file, files: {movements: m.csv}}
- {role: integration, name: Relay, probe: file, files: {deliveries: d.csv}}
- {role: erp, name: Books, probe: file, files: {postings: "p*.csv"}}
- {role: erp, name: Other books, probe: file, files: {postings: p2.csv}}
`, map[string]string{"m.csv": shop.String(), "d.csv": relay.String(), "p1.csv": erp.String(), "p2.csv": "id,amount,dated\nx-1,5.00,2026-10-03\n"})
	saved := func(limit int64) string {
		defer func(was int64) { atOnce = was }(atOnce)
		atOnce = limit
		var b bytes.Buffer
		told := 0
		c := gathered(t, cfg, Options{Progress: func(Progress) { told++ }})
		if err := casefile.Save(&b, c); err != nil || told == 0 {
			t.Fatal(err, told)
		}
		return b.String()
	}
	alone, together := saved(1<<40), saved(0)
	if alone != together {
		t.Error("reading at the same time gives another case")
	}
}
