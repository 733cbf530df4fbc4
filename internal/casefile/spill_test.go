package casefile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"gcdiag/internal/record"
	"gcdiag/internal/shelf"
)

// disk is a file in memory that fails when it is full, or from the n-th read on.
type disk struct {
	mu    sync.Mutex
	data  []byte
	room  int
	reads int // that succeed
}

var errBroken = errors.New("the disk is broken")

func (d *disk) WriteAt(b []byte, at int64) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if int(at)+len(b) > d.room {
		return 0, syscall.ENOSPC
	}
	d.data = append(d.data, make([]byte, max(0, int(at)+len(b)-len(d.data)))...)
	return copy(d.data[at:], b), nil
}

func (d *disk) ReadAt(b []byte, at int64) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.reads--; d.reads < 0 {
		return 0, errBroken
	}
	if at >= int64(len(d.data)) {
		return 0, io.EOF
	}
	return copy(b, d.data[at:]), nil
}

// onDisk bounds a case by so many bytes, with small segments on disks that fail.
func onDisk(b *Builder, bytes int64, open func() (shelf.Backing, error)) {
	b.boundBy(shelf.NewOn(bytes, "folder", func(string) (shelf.Backing, error) { return open() }), shelf.New(bytes), 512)
}

// isAway reports whether some segment of a table is not in memory.
func isAway[T any](t *Table[T]) bool {
	return slices.ContainsFunc(t.pack.full, func(s segment) bool { return s.away.Size() > 0 })
}

// added fills the three packed tables at the same time, with repetitions, and
// returns the first error.
func added(b *Builder, n int) error {
	errs := make([]error, 3)
	var tables sync.WaitGroup
	for k, add := range []func(r *rand.Rand, at time.Time, id string) error{
		func(r *rand.Rand, at time.Time, id string) error {
			return b.Movement(&record.Movement{ID: "m-" + id, Card: "c-" + id, Kind: record.Load, Status: record.Status(r.IntN(3)), At: record.At(at), Channel: "pos"})
		},
		func(r *rand.Rand, at time.Time, id string) error {
			return b.Delivery(&record.Delivery{Source: record.Source{Row: 7}, Event: "m-" + id, ReceivedAt: record.At(at), Attrs: []record.Attr{{Name: "try", Value: id}}})
		},
		func(r *rand.Rand, at time.Time, id string) error {
			return b.Posting(&record.Posting{ID: "p-" + id, Ref: "m-" + id, Dated: record.At(at), Memo: fmt.Sprint("memo ", r.IntN(50))})
		},
	} {
		tables.Go(func() {
			r := rand.New(rand.NewPCG(5, uint64(k)))
			for range n {
				at := time.Unix(1_790_000_000+int64(r.IntN(1e6)), 0)
				if err := add(r, at, fmt.Sprint(r.IntN(n))); err != nil {
					errs[k] = err
					return
				}
			}
		})
	}
	tables.Wait()
	return errors.Join(errs...)
}

func emptyCase() *Case {
	return &Case{Zone: time.UTC, Systems: []System{{Name: "Shop"}}}
}

func TestSpilledRecordsAreTheSame(t *testing.T) {
	const n = 4000
	saved := func(bytes int64) string {
		c := emptyCase()
		b := NewBuilder(c)
		if bytes > 0 {
			b.Bound(bytes)
		}
		if err := added(b, n); err != nil {
			t.Fatal(err)
		}
		b.Finish()
		if away := isAway(&c.Movements) && isAway(&c.Deliveries) && isAway(&c.Postings); away != (bytes > 0) {
			t.Errorf("bound by %d bytes, in files: %v", bytes, away)
		}
		var text strings.Builder
		if err := Save(&text, c); err != nil {
			t.Fatal(err)
		}
		// rows one by one, from several goroutines, are those of a pass
		var readers sync.WaitGroup
		for k := range 3 {
			readers.Go(func() {
				r := rand.New(rand.NewPCG(1, uint64(k)))
				for range 40 {
					var want, got record.Posting
					at := r.IntN(c.Postings.Len())
					row := 0
					for i, x := range c.Postings.Rows() {
						if row, want = i, *x; at == 0 {
							break
						}
						at--
					}
					c.Postings.Read(row, &got)
					if !reflect.DeepEqual(want, got) {
						t.Errorf("row %d is %+v, was %+v", row, got, want)
						return
					}
				}
			})
		}
		readers.Wait()
		if err := c.Err(); err != nil {
			t.Error(err)
		}
		return text.String()
	}
	want := saved(0)
	for _, size := range []int64{1, 20_000, 100_000} {
		if got := saved(size); got != want {
			t.Errorf("a case that is bound by %d bytes is another one", size)
		}
	}
}

// A disk that fails, wherever, ends in an error that says what to do, never in a
// panic or a case that is taken for whole.
func TestDisksThatFail(t *testing.T) {
	try := func(name string, open func() (shelf.Backing, error), want error) {
		c := emptyCase()
		b := NewBuilder(c)
		onDisk(b, 1, open)
		err := added(b, 300)
		b.Finish()
		n := 0
		for range c.Movements.All() {
			n++
		}
		for range c.Deliveries.Batches(16) {
		}
		var p record.Posting
		for i := range c.Postings.End() {
			c.Postings.Read(i, &p)
		}
		if n != c.Movements.Len() {
			t.Errorf("%s: %d of %d records", name, n, c.Movements.Len())
		}
		var spill *shelf.Error
		if lost := c.Err(); !errors.As(lost, &spill) || !errors.Is(lost, want) || !strings.Contains(spill.Hint(), "--max-memory") || err != nil && !errors.As(err, &spill) {
			t.Errorf("%s: %v, and while adding %v", name, lost, err)
		}
		if err := Save(io.Discard, c); !errors.As(err, &spill) {
			t.Errorf("%s: saved: %v", name, err)
		}
	}
	try("no file", func() (shelf.Backing, error) { return nil, errBroken }, errBroken)
	for room := 0; room < 4000; room += 300 {
		try(fmt.Sprint("room for ", room), func() (shelf.Backing, error) { return &disk{room: room, reads: 1 << 30}, nil }, syscall.ENOSPC)
	}
	for reads := 0; reads < 200; reads += 7 {
		try(fmt.Sprint("reads ", reads), func() (shelf.Backing, error) { return &disk{room: 1 << 30, reads: reads}, nil }, errBroken)
	}
}

// What was written by others is no record.
func TestDamagedFile(t *testing.T) {
	c := emptyCase()
	b := NewBuilder(c)
	var disks []*disk
	var mu sync.Mutex
	onDisk(b, 1, func() (shelf.Backing, error) {
		mu.Lock()
		defer mu.Unlock()
		disks = append(disks, &disk{room: 1 << 30, reads: 1 << 30})
		return disks[len(disks)-1], nil
	})
	if err := added(b, 300); err != nil {
		t.Fatal(err)
	}
	b.Finish()
	for _, d := range disks {
		if bytes.Contains(d.data, []byte("c-1")) || bytes.Contains(d.data, []byte("memo")) {
			t.Error("records are readable in the file")
		}
		for i := range d.data {
			d.data[i] ^= 0xff
		}
	}
	var m record.Movement
	for i := range c.Movements.End() {
		c.Movements.Read(i, &m)
	}
	for range c.Movements.Pass() {
	}
	var damaged *shelf.Error
	if err := c.Err(); !errors.As(err, &damaged) || errors.Is(err, errBroken) {
		t.Error(err)
	}
}
