package trace

import (
	"cmp"
	"hash/maphash"
	"math"
	"slices"

	"gcdiag/internal/record"
)

// names numbers the keys of identifiers: equal keys have one number, and the key
// "" has the number 0, as has one that was never added.
type names struct {
	seed  maphash.Seed
	slots []uint64 // upper half of the hash and the number; 0: free
	keys  []string // by number
}

func newNames(room int) *names {
	size := 1024
	for size < room*2 {
		size *= 2
	}
	return &names{seed: maphash.MakeSeed(), slots: make([]uint64, size), keys: make([]string, 1, room+1)}
}

// slot is where a key stands or would stand, and its number or 0.
func (n *names) slot(key string) (at, upper uint64, number uint32) {
	h := maphash.String(n.seed, key)
	upper = h &^ math.MaxUint32
	mask := uint64(len(n.slots) - 1)
	for at = h & mask; ; at = (at + 1) & mask {
		s := n.slots[at]
		if s == 0 {
			return at, upper, 0
		}
		if s&^math.MaxUint32 == upper && n.keys[uint32(s)] == key {
			return at, upper, uint32(s)
		}
	}
}

func (n *names) find(key string) uint32 {
	if key == "" {
		return 0
	}
	_, _, number := n.slot(key)
	return number
}

func (n *names) add(key string) uint32 {
	if key == "" {
		return 0
	}
	at, upper, number := n.slot(key)
	if number != 0 {
		return number
	}
	number = uint32(len(n.keys))
	n.keys = append(n.keys, key)
	n.slots[at] = upper | uint64(number)
	if len(n.keys)*2 > len(n.slots) {
		n.grow()
	}
	return number
}

func (n *names) grow() {
	n.slots = make([]uint64, 2*len(n.slots))
	for i, key := range n.keys[1:] {
		at, upper, _ := n.slot(key)
		n.slots[at] = upper | uint64(i+1)
	}
}

// index lists the events that carry a key, by the key's number and in event order.
type index struct {
	first  []int32 // where a number's events begin in events; one more than there are numbers
	events []int32
}

func newIndex(events []*Event, numbers int, of func(*Event) uint32) index {
	x := index{first: make([]int32, numbers+1)}
	n := 0
	for _, e := range events {
		if k := of(e); k != 0 {
			x.first[k]++
			n++
		}
	}
	at := int32(0)
	for k, count := range x.first {
		x.first[k] = at
		at += count
	}
	x.events = make([]int32, n)
	for i, e := range events {
		if k := of(e); k != 0 {
			x.events[x.first[k]] = int32(i)
			x.first[k]++
		}
	}
	// every first has moved to where the next number's events begin
	copy(x.first[1:], x.first)
	x.first[0] = 0
	return x
}

// all lists the events of a number. It must not be written to.
func (x *index) all(number uint32) []int32 {
	if number == 0 {
		return nil
	}
	return x.events[x.first[number]:x.first[number+1]]
}

func (x *index) has(number uint32) bool { return len(x.all(number)) > 0 }

// sortByTime sorts rows by a time, unknown ones first, and then as ties says.
func sortByTime[T any](rows []*T, at func(*T) record.Time, ties func(a, b *T) int) {
	type timed struct {
		ns  int64
		row *T
	}
	list := make([]timed, len(rows))
	for i, r := range rows {
		list[i] = timed{math.MinInt64, r}
		if t := at(r); t.Known() {
			list[i].ns = t.Earliest().UnixNano()
		}
	}
	slices.SortFunc(list, func(a, b timed) int {
		if a.ns != b.ns {
			return cmp.Compare(a.ns, b.ns)
		}
		if c := at(a.row).Compare(at(b.row)); c != 0 {
			return c
		}
		return ties(a.row, b.row)
	})
	for i := range list {
		rows[i] = list[i].row
	}
}
