package cli

import (
	"context"
	"math/big"
	"runtime/debug"
	"runtime/metrics"
	"strings"
	"sync"
	"time"

	"github.com/spf13/pflag"

	"gcdiag/internal/casefile"
	"gcdiag/internal/diagnosis"
	"gcdiag/internal/trace"
	"gcdiag/internal/wording"
)

const (
	mib           = 1 << 20
	leastMemory   = 64 * mib
	unknownMemory = 2048 * mib // the bound where it can't be known what the machine has
)

// memoryFlag is the flag of commands that hold a case in memory.
func (r *request) memoryFlag(f *pflag.FlagSet) {
	f.StringVar(&r.maxMemory, "max-memory", "", "use about `SIZE` of memory, such as 512MiB or 1.5GiB (default: a quarter of the machine's); records beyond it are kept in temporary files, encrypted, in $TMPDIR")
}

// bound is how much memory a run may use.
type bound struct {
	bytes  int64
	asked  string // what the user wrote, or ""
	before int64  // the soft limit of the runtime until then
	ease   func() // ends the watch over the limit
}

// tight is the collector's percentage where more is in use than the bound allows:
// the peak is then a fifth above what is needed. A limit that can't be kept would
// have it run without a pause and free nothing.
const tight = 20

// watch lifts a soft limit once three quarters of it are in use for good, and has the
// collector run more often instead.
func (b *bound) watch(soft int64) {
	done := make(chan struct{})
	var over sync.WaitGroup
	over.Go(func() {
		live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		tick := time.NewTicker(time.Second / 20)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
			}
			if metrics.Read(live); live[0].Value.Uint64() < uint64(soft/4*3) {
				continue
			}
			debug.SetMemoryLimit(b.before)
			percent := debug.SetGCPercent(tight)
			defer debug.SetGCPercent(percent)
			<-done
			return
		}
	})
	b.ease = func() { close(done); over.Wait() }
}

// records is the part of a bound that is for records, and as much is for what is
// noted of them. The rest is for judging, and for what the collector has not collected
// yet.
func (b *bound) records() int64 { return b.bytes / 16 }

// boundMemory sets the bound of the run, once. unboundMemory ends it.
func (p *program) boundMemory(r request) (*bound, error) {
	if p.bound != nil {
		return p.bound, nil
	}
	b := &bound{bytes: unknownMemory}
	soft := b.bytes // where the collector begins to work harder
	if r.maxMemory != "" {
		const hint = "write for example 512MiB, 1.5GiB, 800MB or a number of bytes"
		n, ok := parseSize(r.maxMemory)
		switch {
		case !ok:
			return nil, wrong(hint, "--max-memory %q is no size", r.maxMemory)
		case n < leastMemory:
			return nil, wrong("give it more, or leave it out", "--max-memory %s is too little: gcdiag needs at least 64MiB", r.maxMemory)
		}
		b.bytes, b.asked = n, r.maxMemory
		soft = n - n/16 // the program itself takes a little, too
	} else if n := machineMemory(); n > 0 {
		// Records in files cost little, but a collector that is pressed costs much,
		// and nobody has asked for it.
		b.bytes, soft = max(leastMemory, n/4), max(leastMemory, n/2)
	}
	b.before = debug.SetMemoryLimit(-1)
	debug.SetMemoryLimit(min(b.before, soft))
	b.watch(soft)
	p.bound = b
	return b, nil
}

// unboundMemory ends the bound of a run with an exit code, and says so where it
// could not be kept.
func (p *program) unboundMemory(code int) {
	b := p.bound
	if b == nil {
		return
	}
	p.bound = nil
	b.ease()
	debug.SetMemoryLimit(b.before)
	judged := code == codeSound || code == codeFault || code == codeInconclusive
	if peak := peakMemory(); judged && b.asked != "" && peak > b.bytes {
		p.say("--max-memory %s could not be kept: the peak was %d MiB, since what is wrong stays in memory; the report is whole", b.asked, peak/mib)
	}
}

// end is closed when ctx ends, nil where it has ended already: what was read before
// an interrupt is judged to the end.
func end(ctx context.Context) <-chan struct{} {
	if ctx.Err() != nil {
		return nil
	}
	return ctx.Done()
}

// judge judges a case; it returns nil where done is closed meanwhile. An error means
// that records could not be read back.
func judge(c *casefile.Case, of judging, done <-chan struct{}) (d *diagnosis.Diagnosis, err error) {
	defer func() {
		if lost := c.Err(); lost != nil { // then what became of the rest does not matter
			_ = recover()
			d, err = nil, lost
		}
	}()
	return of(c, done), nil
}

// judging is a way of diagnosing a case until done is closed.
type judging func(c *casefile.Case, done <-chan struct{}) *diagnosis.Diagnosis

// lean is the way for those who want a report and nothing else.
func lean(scout *trace.Scout) judging {
	return func(c *casefile.Case, done <-chan struct{}) *diagnosis.Diagnosis {
		return diagnosis.LeanUntil(c, scout, done)
	}
}

// parseSize reads a size in bytes: a number with a unit of 1000s (kB, MB, GB, TB)
// or 1024s (KiB, MiB, GiB, TiB), or without one. What is no whole number of bytes
// is rounded down.
func parseSize(s string) (int64, bool) {
	number, unit := strings.TrimSpace(s), int64(1)
	lower := strings.ToLower(number)
	for _, u := range []struct {
		name string
		is   int64
	}{{"kib", 1 << 10}, {"mib", 1 << 20}, {"gib", 1 << 30}, {"tib", 1 << 40}, {"kb", 1e3}, {"mb", 1e6}, {"gb", 1e9}, {"tb", 1e12}, {"b", 1}} {
		if strings.HasSuffix(lower, u.name) {
			number, unit = strings.TrimSpace(number[:len(number)-len(u.name)]), u.is
			break
		}
	}
	x, _, ok := wording.Decimal(number)
	if !ok || len(number) > 30 {
		return 0, false
	}
	x.Mul(x, new(big.Rat).SetInt64(unit))
	n := new(big.Int).Quo(x.Num(), x.Denom())
	if n.Sign() < 0 || !n.IsInt64() {
		return 0, false
	}
	return n.Int64(), true
}
