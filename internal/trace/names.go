package trace

import (
	"cmp"
	"hash/maphash"
	"slices"

	"gcdiag/internal/ident"
	"gcdiag/internal/record"
)

// names numbers the keys of identifiers: equal keys have one number, and the key
// "" has the number 0, as has one that was never added.
//
// Keys are compared by 96 bits of two hashes with seeds of their own: that two of
// 40 million different keys are taken for one has a chance of less than one in
// 10^13, and a look at a key costs one line of the cache instead of three.
type names struct {
	one, two maphash.Seed
	slots    []nameSlot
	count    uint32 // of the numbers given, 0 included
}

type nameSlot struct {
	one    uint64
	two    uint32
	number uint32 // 0: free
}

func newNames(room int) *names {
	size := 1024
	for size*2 < room*3 {
		size *= 2
	}
	return &names{one: maphash.MakeSeed(), two: maphash.MakeSeed(), slots: written[nameSlot](size), count: 1}
}

// written is a slice of zeros that are written already. Memory that is read before it
// is written costs the system two interruptions for each page, and the second one
// stops all cores.
func written[T any](n int) []T {
	s := make([]T, n)
	clear(s)
	return s
}

// slot is where a key stands or would stand.
func (n *names) slot(one uint64, two uint32) *nameSlot {
	mask := uint64(len(n.slots) - 1)
	for at := one & mask; ; at = (at + 1) & mask {
		s := &n.slots[at]
		if s.number == 0 || s.one == one && s.two == two {
			return s
		}
	}
}

func (n *names) find(key string) uint32 {
	if key == "" {
		return 0
	}
	return n.slot(maphash.String(n.one, key), uint32(maphash.String(n.two, key))).number
}

func (n *names) add(key string) uint32 {
	if key == "" {
		return 0
	}
	one, two := maphash.String(n.one, key), uint32(maphash.String(n.two, key))
	s := n.slot(one, two)
	if s.number != 0 {
		return s.number
	}
	number := n.count
	*s = nameSlot{one, two, number}
	n.count++
	if int(n.count)*4 > len(n.slots)*3 {
		n.grow()
	}
	return number
}

func (n *names) grow() {
	old := n.slots
	n.slots = written[nameSlot](2 * len(old))
	for _, s := range old {
		if s.number != 0 {
			*n.slot(s.one, s.two) = s
		}
	}
}

// index lists the events that carry a key, by the key's number and in event order.
type index struct {
	first  []int32 // where a number's events begin in events; one more than there are numbers
	events []int32
}

// newIndex numbers the keys of events and makes their index; it also tells each
// event's number. Keys that are numbered later are in no list of it, and take no room.
func newIndex(names *names, events []*Event, key func(*Movement) string) (x index, numbers []uint32) {
	numbers = make([]uint32, len(events))
	for i, e := range events {
		numbers[i] = names.add(ident.Key(key(e.Movement)))
	}
	x = index{first: make([]int32, names.count+1), events: make([]int32, len(events))}
	for _, k := range numbers {
		x.first[k]++
	}
	at := int32(0)
	for k, count := range x.first {
		x.first[k] = at
		at += count
	}
	for i, k := range numbers {
		x.events[x.first[k]] = int32(i)
		x.first[k]++
	}
	// every first has moved to where the next number's events begin
	copy(x.first[1:], x.first)
	x.first[0] = 0
	return x, numbers
}

// all lists the events of a number, none of the number 0. It must not be written to.
func (x *index) all(number uint32) []int32 {
	if number == 0 || int(number) >= x.len() {
		return nil
	}
	return x.events[x.first[number]:x.first[number+1]]
}

// len is one more than the highest number that the index knows.
func (x *index) len() int { return len(x.first) - 1 }

func (x *index) has(number uint32) bool { return len(x.all(number)) > 0 }

// sortByTime sorts rows by a time, unknown ones first, and then as ties says.
func sortByTime[T any](rows []*T, at func(*T) record.Time, ties func(a, b *T) int) {
	type timed struct {
		ns  int64
		row *T
	}
	list := make([]timed, len(rows))
	for i, r := range rows {
		list[i] = timed{nanoseconds(at(r)), r}
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
