package gather

import (
	"math"
	"os"
	"sync"
	"time"

	"gcdiag/internal/connector"
)

// tally adds up how far the files of a run are read, and how fast.
type tally struct {
	now  func() time.Time
	tell func(Progress)

	mu      sync.Mutex
	all     Overall
	pace    float64 // bytes a second; 0: not known yet
	paceAt  time.Time
	paceHas int64 // what was read then
}

// How the pace is taken: over a stretch of time at least, those of the last
// seconds counting most.
const (
	paceEvery  = time.Second / 2
	paceMemory = 5 * time.Second
)

// newTally counts the files of a configuration and their bytes, as far as they are there.
func newTally(cfg *connector.Config, o Options) *tally {
	t := &tally{now: o.Now, tell: o.Progress, paceAt: o.Now()}
	for _, k := range cfg.Connectors {
		for _, files := range k.Files {
			seen := map[string]bool{}
			for _, f := range files {
				names, _ := expand(cfg.Resolve, f.Path) // reading tells what is wrong
				for _, name := range names {
					path := cfg.Resolve(name)
					if info, err := os.Stat(path); err == nil && !seen[path] {
						seen[path] = true
						t.all.Files++
						t.all.Total += info.Size()
					}
				}
			}
		}
	}
	return t
}

// begin tells that a file begins. tell is how far it is, done that it is read as
// far as it can be, and whether that is to its end.
func (t *tally) begin(p Progress) (tell func(read, total int64, rows int), done func(path string, whole bool)) {
	tell = func(read, total int64, rows int) {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.all.Read += read - p.Read
		t.all.Rows += rows - p.Rows
		p.Read, p.Total, p.Rows = read, total, rows
		t.estimate()
		p.All = t.all
		t.tell(p)
	}
	tell(0, 0, 0)
	return tell, func(path string, whole bool) {
		info, err := os.Stat(path)
		if err != nil {
			return
		}
		if size := info.Size(); whole && size > 0 && p.Read < size {
			tell(size, size, p.Rows)
		} else {
			t.mu.Lock()
			defer t.mu.Unlock()
			t.all.Read += size - p.Read
		}
	}
}

// estimate settles how long the rest takes.
func (t *tally) estimate() {
	now := t.now()
	if spent := now.Sub(t.paceAt); spent >= paceEvery {
		pace := float64(t.all.Read-t.paceHas) / spent.Seconds()
		if t.pace > 0 {
			pace += (t.pace - pace) * math.Exp(-spent.Seconds()/paceMemory.Seconds())
		}
		t.pace, t.paceAt, t.paceHas = max(0, pace), now, t.all.Read
	}
	t.all.Left = 0
	if left := float64(t.all.Total-t.all.Read) / t.pace; left > 0 && left < math.MaxInt64/1e9 {
		t.all.Left = time.Duration(left * float64(time.Second))
	}
}
