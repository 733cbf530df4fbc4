// Package crew does the parts of one work on all cores.
package crew

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// Each does every part of a work, from 0 to one less than parts, several at a time. A
// worker has a W of its own, zero at first, and does one part after the other; do may
// only write to that and to what belongs to its part. Each returns what the workers
// have; one that got no part has its zero W. If do panics, Each does so with one of
// the values, when all workers have stopped.
func Each[W any](parts int, do func(w *W, part int)) []W {
	workers := make([]W, min(runtime.GOMAXPROCS(0), parts))
	var next atomic.Int64
	var crash atomic.Pointer[any]
	var all sync.WaitGroup
	for i := range workers {
		all.Go(func() {
			defer func() {
				if r := recover(); r != nil {
					crash.Store(&r)
				}
			}()
			for part := next.Add(1) - 1; part < int64(parts); part = next.Add(1) - 1 {
				do(&workers[i], int(part))
			}
		})
	}
	all.Wait()
	if r := crash.Load(); r != nil {
		panic(*r)
	}
	return workers
}
