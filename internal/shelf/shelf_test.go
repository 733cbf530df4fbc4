package shelf

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"testing"
)

// memory is a file that can be looked into and fail.
type memory struct {
	sync.Mutex
	data []byte
	fail bool
}

func (m *memory) WriteAt(p []byte, at int64) (int, error) {
	m.Lock()
	defer m.Unlock()
	if m.fail {
		return 0, &os.PathError{Op: "write", Path: "x", Err: errFull}
	}
	if need := int(at) + len(p); need > len(m.data) {
		m.data = append(m.data, make([]byte, need-len(m.data))...)
	}
	return copy(m.data[at:], p), nil
}

func (m *memory) ReadAt(p []byte, at int64) (int, error) {
	m.Lock()
	defer m.Unlock()
	return copy(p, m.data[at:]), nil
}

var errFull = errors.New("no space left on device")

type value struct {
	a int64
	b uint32
	c byte
}

func storeIn(m *memory, room int64) *Store {
	return NewOn(room, "folder", func(string) (Backing, error) { return m, nil })
}

// A list gives back what was put into it, from any place on, whatever room there is
// in memory, and several lists of one store don't mix.
func TestList(t *testing.T) {
	for _, room := range []int64{0, 1 << 12, 1 << 15, 1 << 30, -1} {
		for _, n := range []int{0, 1, firstPage - 1, firstPage, firstPage + 1, 1000, 5000} {
			r := rand.New(rand.NewPCG(uint64(room), uint64(n)))
			m := new(memory)
			var s *Store
			if room >= 0 {
				s = storeIn(m, room)
			}
			lists := [3]List[value]{In[value](s), In[value](s), In[value](s)}
			var want [3][]value
			for range n {
				k, v := r.IntN(3), value{r.Int64(), r.Uint32(), byte(r.Uint32())}
				lists[k].Add(v)
				want[k] = append(want[k], v)
			}
			for k := range lists {
				l := &lists[k]
				if l.Len() != len(want[k]) {
					t.Fatalf("room %d, %d values: Len is %d, want %d", room, n, l.Len(), len(want[k]))
				}
				for _, from := range []int{0, 1, firstPage, r.IntN(n + 1), len(want[k])} {
					from = min(from, len(want[k]))
					var got []value
					for i, v := range l.From(from) {
						if i != from+len(got) {
							t.Fatalf("room %d, %d values: place %d, want %d", room, n, i, from+len(got))
						}
						got = append(got, *v)
					}
					if !slices.Equal(got, want[k][from:]) {
						t.Fatalf("room %d, %d values: from %d other values", room, n, from)
					}
				}
				if len(want[k]) > 0 {
					if i := r.IntN(len(want[k])); l.Get(i) != want[k][i] {
						t.Fatalf("room %d, %d values: Get(%d) is another value", room, n, i)
					}
				}
			}
			if err := s.Err(); err != nil {
				t.Fatal(err)
			}
			if spilt := len(m.data) > 0; spilt != (n == 5000 && room >= 0 && room <= 1<<15) && n != 1000 {
				t.Errorf("room %d, %d values: written to the file: %v", room, n, spilt)
			}
			for k := range lists {
				lists[k].Free()
			}
			if s != nil && s.left.Load() != room {
				t.Errorf("room %d, %d values: %d is left when all is free", room, n, s.left.Load())
			}
		}
	}
}

// What is on file can't be read there.
func TestUnreadable(t *testing.T) {
	m := new(memory)
	l := In[[8]byte](storeIn(m, 0))
	for range 5000 {
		l.Add([8]byte([]byte("6036card")))
	}
	if len(m.data) == 0 || bytes.Contains(m.data, []byte("6036card")) {
		t.Error("of", len(m.data), "bytes some can be read")
	}
}

// What can't be written, or is not what was written, is told, and nothing panics.
func TestLost(t *testing.T) {
	for name, spoil := range map[string]func(m *memory, s *Store){
		"full":    func(m *memory, _ *Store) { m.fail = true },
		"no file": func(_ *memory, s *Store) { s.open = func(string) (Backing, error) { return nil, errFull } },
		"damaged": func(*memory, *Store) {},
	} {
		m := new(memory)
		s := storeIn(m, 0)
		spoil(m, s)
		l := In[value](s)
		for i := range 5000 {
			l.Add(value{a: int64(i)})
		}
		if name == "damaged" {
			m.data[77] ^= 1
		}
		n := 0
		for range l.All {
			n++
		}
		var lost *Error
		if err := s.Err(); n != 5000 || !errors.As(err, &lost) || lost.Folder != "folder" || name != "damaged" && !errors.Is(err, errFull) {
			t.Errorf("%s: %d values, %v", name, n, s.Err())
		}
	}
}

// Several lists may be filled at a time, and read.
func TestTogether(t *testing.T) {
	s := storeIn(new(memory), 1<<14)
	var all sync.WaitGroup
	for k := range int64(4) {
		all.Go(func() {
			l := In[int64](s)
			for i := range int64(20_000) {
				l.Add(i * k)
			}
			var readers sync.WaitGroup
			for range 2 {
				readers.Go(func() {
					for i, v := range l.All {
						if *v != int64(i)*k {
							t.Errorf("value %d of list %d is %d", i, k, *v)
							return
						}
					}
				})
			}
			readers.Wait()
			l.Free()
		})
	}
	all.Wait()
	if err := s.Err(); err != nil {
		t.Error(err)
	}
}
