package cases

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"gcdiag/internal/casefile"
	"gcdiag/internal/diagnosis"
	"gcdiag/internal/sandbox"
)

// TestCoresDoNotMatter judges every sandbox scenario, and a month with some
// thousands of events, on one core and on four. With -race it also shows that
// events are judged without stepping on each other.
func TestCoresDoNotMatter(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	cases := map[string]*casefile.Case{"traffic": newTraffic(5, 3000, 4, true).file()}
	for _, s := range sandbox.Scenarios() {
		cases[s.Name], _ = sandbox.Case(s, 1, sandbox.Options{})
	}
	for name, c := range cases {
		var want string
		for _, cores := range []int{1, 4} {
			runtime.GOMAXPROCS(cores)
			got := encode(t, diagnosis.Of(c)) + encode(t, diagnosis.Lean(c, nil))
			if want == "" {
				want = got
			} else if got != want {
				t.Errorf("%s: %d cores give another report:\n%s", name, cores, firstDifference(want, got))
			}
		}
	}
}

// TestEndedJudging closes the channel at ever later moments: the diagnosis is
// nil or whole, never a part.
func TestEndedJudging(t *testing.T) {
	size := 3000
	if testing.Short() {
		size = 700
	}
	c := newTraffic(6, size, 6, true).file()
	lean := func(c *casefile.Case, done <-chan struct{}) *diagnosis.Diagnosis {
		return diagnosis.LeanUntil(c, nil, done)
	}
	for name, judge := range map[string]func(*casefile.Case, <-chan struct{}) *diagnosis.Diagnosis{"of": diagnosis.OfUntil, "lean": lean} {
		want := encode(t, judge(c, nil))
		closed := make(chan struct{})
		close(closed)
		if judge(c, closed) != nil {
			t.Errorf("%s: a diagnosis that nobody waits for was made", name)
		}
		ended := 0
		for after := time.Millisecond; ; after += after / 4 {
			done := make(chan struct{})
			timer := time.AfterFunc(after, func() { close(done) })
			d := judge(c, done)
			if d == nil {
				ended++
				continue
			}
			if got := encode(t, d); got != want {
				t.Fatalf("%s, ended after %v: another report:\n%s", name, after, firstDifference(want, got))
			}
			if timer.Stop() {
				break
			}
		}
		if ended == 0 {
			t.Error(fmt.Sprint(name, ": no diagnosis was ended"))
		}
	}
}
