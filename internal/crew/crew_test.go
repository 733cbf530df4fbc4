package crew

import (
	"runtime"
	"slices"
	"testing"
)

// Every part is done once, whatever the number of workers, and each worker has its own.
func TestEach(t *testing.T) {
	for _, cores := range []int{1, 2, 7} {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(cores))
		for _, parts := range []int{0, 1, 3, 256} {
			done := make([]int, parts)
			var all []int
			for _, w := range Each(parts, func(w *[]int, part int) {
				done[part]++
				*w = append(*w, part)
			}) {
				if !slices.IsSorted(w) {
					t.Errorf("%d parts on %d cores: a worker went back: %d", parts, cores, w)
				}
				all = append(all, w...)
			}
			slices.Sort(all)
			for part, n := range done {
				if n != 1 || all[part] != part {
					t.Fatalf("%d parts on %d cores: part %d was done %d times", parts, cores, part, n)
				}
			}
		}
	}
}

// A panic is the caller's to catch.
func TestPanic(t *testing.T) {
	defer func() {
		if r := recover(); r != "part 5" {
			t.Error("recovered", r)
		}
	}()
	Each(100, func(_ *struct{}, part int) {
		if part == 5 {
			panic("part 5")
		}
	})
	t.Error("Each returned")
}
