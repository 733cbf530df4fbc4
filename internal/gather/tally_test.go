package gather

import (
	"context"
	"strings"
	"testing"
	"time"

	"gcdiag/internal/casefile"
	"gcdiag/internal/source/file"
)

// TestProgressOfAllFiles reads three files, one of which cannot be read to its
// end, and follows the sums and the remaining time.
func TestProgressOfAllFiles(t *testing.T) {
	cfg := folder(t, t.TempDir(), head+`connectors:
- {role: platform, name: Shop, probe: file, files: {movements: ["m*.csv", m1.csv]}}
- {role: erp, name: Books, probe: file, files: {postings: p.csv}}
`, map[string]string{"m1.csv": strings.Repeat("x", 1000), "m2.csv": strings.Repeat("x", 500), "p.csv": strings.Repeat("x", 500)})
	now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	var told []Progress
	read := func(_ context.Context, s file.Spec, _ file.Sink, tell file.Progress) (file.Result, error) {
		res := file.Result{Input: casefile.Input{Name: s.Name}, Rows: 10}
		now = now.Add(time.Second)
		tell(250, 1000, 5)
		if s.Name == "m2.csv" {
			res.Stopped = "after row 5"
			return res, nil
		}
		now = now.Add(time.Second)
		tell(400, 1000, 10)
		return res, nil
	}
	if _, err := run(t.Context(), cfg, Options{Now: func() time.Time { return now }, Progress: func(p Progress) { told = append(told, p) }}, read); err != nil {
		t.Fatal(err)
	}
	want := []struct {
		input string
		read  int64
		all   Overall
	}{
		{"m1.csv", 0, Overall{Files: 3, Total: 2000}},
		{"m1.csv", 250, Overall{3, 250, 2000, 5, 7 * time.Second}},
		{"m1.csv", 400, Overall{3, 400, 2000, 10, 0}},
		{"m1.csv", 1000, Overall{3, 1000, 2000, 10, 0}},
		{"m2.csv", 0, Overall{3, 1000, 2000, 10, 0}},
		{"m2.csv", 250, Overall{3, 1250, 2000, 15, 0}},
		{"p.csv", 0, Overall{3, 1500, 2000, 15, 0}},
		{"p.csv", 250, Overall{3, 1750, 2000, 20, 0}},
		{"p.csv", 400, Overall{3, 1900, 2000, 25, 0}},
		{"p.csv", 500, Overall{3, 2000, 2000, 25, 0}},
	}
	if len(told) != len(want) {
		t.Fatalf("%+v", told)
	}
	before := 7 * time.Second
	for i, w := range want {
		got := told[i]
		left := got.All.Left
		if w.all.Left == 0 {
			got.All.Left = 0
		}
		if got.Input != w.input || got.Read != w.read || got.All != w.all {
			t.Errorf("%d: got %+v, want %+v", i, got, w)
		}
		if i > 1 && (left < 0 || left > 10*time.Second || got.All.Read == got.All.Total && left != 0) {
			t.Errorf("%d: %v left after %v", i, left, before)
		}
		before = left
	}
}
