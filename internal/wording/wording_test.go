package wording

import (
	"reflect"
	"testing"
	"time"
)

func TestAdd(t *testing.T) {
	got := Add(map[string]string{"USD": "0.10", "JPY": "5", "XXX": "odd"}, map[string]string{"USD": "-0.30", "EUR": "1.00", "XXX": "1"})
	if want := map[string]string{"USD": "-0.20", "JPY": "5", "EUR": "1.00", "XXX": "1"}; !reflect.DeepEqual(got, want) {
		t.Errorf("add: %v", got)
	}
}

func TestCounts(t *testing.T) {
	for n, want := range map[int]string{0: "0", 7: "7", 999: "999", 1204: "1,204", -1204: "−1,204", 1234567: "1,234,567"} {
		if got := Count(n); got != want {
			t.Errorf("Count(%d) = %q, want %q", n, got, want)
		}
	}
	for n, want := range map[int]string{0: "0 rows", 1: "1 row", 1204: "1,204 rows"} {
		if got := Plural(n, "row"); got != want {
			t.Errorf("Plural(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestElapsed(t *testing.T) {
	for d, want := range map[time.Duration]string{0: "< 1 s", 59 * time.Second: "59 s", time.Minute: "1 min", 61 * time.Second: "1 min 1 s",
		130 * time.Minute: "2 h 10 min", 76 * time.Hour: "3 d 4 h", -5 * time.Minute: "−5 min"} {
		if got := Elapsed(d); got != want {
			t.Errorf("Elapsed(%v) = %q, want %q", d, got, want)
		}
	}
}
