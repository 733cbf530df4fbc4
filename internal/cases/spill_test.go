package cases

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"gcdiag/internal/casefile"
	"gcdiag/internal/connector"
	"gcdiag/internal/diagnosis"
	"gcdiag/internal/gather"
	"gcdiag/internal/sandbox"
	"gcdiag/internal/trace"
)

// TestSpilledIsTheSame demands that the report does not depend on how much of a
// case may stay in memory.
func TestSpilledIsTheSame(t *testing.T) {
	compare := func(what, dir string) {
		t.Helper()
		text, err := os.ReadFile(filepath.Join(dir, "connectors.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		cfg, err := connector.Parse(filepath.Join(dir, "connectors.yaml"), text, connector.Options{})
		if err != nil {
			t.Fatal(err)
		}
		said := func(memory int64) [2]string {
			var out [2]string
			scout := trace.NewScout()
			for i, judge := range []func(*casefile.Case) *diagnosis.Diagnosis{
				func(c *casefile.Case) *diagnosis.Diagnosis { return diagnosis.Lean(c, scout) }, diagnosis.Of,
			} {
				o := gather.Options{Memory: memory}
				if i == 0 {
					o.Watch = scout
				}
				c, err := gather.Run(t.Context(), cfg, o)
				if err != nil {
					t.Fatal(err)
				}
				out[i] = encode(t, judge(c))
				if err := c.Err(); err != nil {
					t.Fatal(err)
				}
			}
			return out
		}
		want := said(0)
		for _, memory := range []int64{1, 100_000} {
			if got := said(memory); got != want {
				t.Errorf("%s: with %d bytes of records in memory the report is another one:\n%s", what, memory, firstDifference(want[0]+want[1], got[0]+got[1]))
			}
		}
	}
	for i, s := range sandbox.Scenarios() {
		if testing.Short() && i%6 != 0 {
			continue
		}
		dir := t.TempDir()
		if _, err := sandbox.Write(dir, s, uint64(500+i), sandbox.Options{}); err != nil {
			t.Fatal(err)
		}
		compare(s.Name, dir)
	}
	// the files of the second one are large enough to be read at the same time
	for i, n := range []int{3000, 80_000} {
		if testing.Short() && n > 3000 {
			continue
		}
		dir := t.TempDir()
		if err := newTraffic(uint64(i), n, 3, i == 0).export(dir); err != nil {
			t.Fatal(err)
		}
		compare(fmt.Sprint("traffic of ", n), dir)
	}
}
