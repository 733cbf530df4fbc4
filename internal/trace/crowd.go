package trace

import (
	"sort"

	"gcdiag/internal/record"
	"gcdiag/internal/shelf"
)

// Standing is one event in the order of all events.
type Standing struct {
	At        record.Time
	Place     int // of the event in the set's events, or of its exemplar
	Kind      record.Kind
	Countable bool
}

// Crowd lists all events in event order: those that are linked, and the clean ones.
// Several goroutines may read it.
type Crowd struct {
	set       *Set
	marks     shelf.List[mark]
	sorts     []moveSort
	exemplars []exemplar
	counts    [][record.Other + 1]int32 // see Counted
}

// mark is an event of a crowd.
type mark struct {
	ns   int64
	who  uint32 // its place in the set's events, or the number of its exemplar
	sort uint32 // with isClean for a clean one
}

const isClean = 1 << 31

// crowd lists the events of a set that has no clean ones.
func (s *Set) crowd() *Crowd {
	c := &Crowd{set: s}
	known := map[moveSort]uint32{}
	for i, e := range s.Events {
		m := e.Movement
		sort := moveSort{kind: m.Kind, span: int32(m.At.Span().Seconds())}
		n, ok := known[sort]
		if !ok {
			n = uint32(len(c.sorts))
			known[sort], c.sorts = n, append(c.sorts, sort)
		}
		c.marks.Add(mark{nanoseconds(m.At), uint32(i), n})
	}
	return c
}

// Len is the number of events.
func (c *Crowd) Len() int { return c.marks.Len() }

// All yields all events with their places.
func (c *Crowd) All(yield func(int, Standing) bool) { c.From(0)(yield) }

// From is All from a place on.
func (c *Crowd) From(place int) func(yield func(int, Standing) bool) {
	return func(yield func(int, Standing) bool) {
		for i, m := range c.marks.From(place) {
			if !yield(i, c.standing(m)) {
				return
			}
		}
	}
}

func (c *Crowd) standing(m *mark) Standing {
	s := &c.sorts[m.sort&^isClean]
	x := Standing{At: at(m.ns, s.span), Kind: s.kind}
	if m.sort&isClean != 0 {
		x.Place, x.Countable = int(c.exemplars[m.who].place), true
	} else {
		x.Place, x.Countable = int(m.who), c.set.Events[m.who].Scope == Countable
	}
	return x
}

// At is the event at a place.
func (c *Crowd) At(place int) Standing {
	m := c.marks.Get(place)
	return c.standing(&m)
}

// Since is the place of the first event that is not before a time; Len, if there is none.
func (c *Crowd) Since(t record.Time) int {
	return sort.Search(c.Len(), func(i int) bool { return c.At(i).At.Compare(t) >= 0 })
}

// After is the place of the first event that is after a time; Len, if there is none.
func (c *Crowd) After(t record.Time) int {
	return sort.Search(c.Len(), func(i int) bool { return c.At(i).At.Compare(t) > 0 })
}

// block is of how many events the kinds are counted at once.
const block = 4096

// count counts kinds, so that Counted need not.
func (c *Crowd) count() {
	var n [record.Other + 1]int32
	for i, x := range c.All {
		if i%block == 0 {
			c.counts = append(c.counts, n)
		}
		if x.Countable {
			n[x.Kind]++
		}
	}
}

// Counted is how many events of some kinds count, of those before a place.
func (c *Crowd) Counted(kinds record.Kinds, before int) int {
	if before == 0 {
		return 0
	}
	from := (before - 1) / block
	n := 0
	for k, x := range c.counts[from] {
		if kinds.Has(record.Kind(k)) {
			n += int(x)
		}
	}
	for i, x := range c.From(from * block) {
		if i == before {
			break
		}
		if x.Countable && kinds.Has(x.Kind) {
			n++
		}
	}
	return n
}
