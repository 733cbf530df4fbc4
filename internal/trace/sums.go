package trace

import (
	"iter"
	"slices"
	"time"

	"gcdiag/internal/money"
	"gcdiag/internal/record"
)

// calendar follows the lines of a series through the events that they may stand for, one
// stretch of days at a time, and keeps what those without a row add up to. Ledgers in other
// zones have other midnights, and stretches of their own.
type calendar struct {
	events []*Event // in time order
	cuts   []func(*Movement) string
	zones  map[*time.Location]*stretch
}

// over is the stretch from one moment to another. Where it begins as the zone's last one
// did and ends no earlier, it costs only what is new.
func (c *calendar) over(from, to time.Time) *stretch {
	first, end := c.place(from), c.place(to)
	s := c.zones[to.Location()]
	if s == nil || s.first != first || s.end > end {
		s = &stretch{events: c.events, first: first, end: first, tallies: make([]tally, len(c.cuts))}
		for i, cut := range c.cuts {
			s.tallies[i] = tally{cut: cut, part: map[string]int{}, made: map[money.Amount]made{}}
		}
		if c.zones == nil {
			c.zones = map[*time.Location]*stretch{}
		}
		c.zones[to.Location()] = s
	}
	for ; s.end < end; s.end++ {
		if c.events[s.end].Batch == nil {
			s.add(s.end, +1)
		}
	}
	return s
}

// place is where the events begin that did not happen before a moment.
func (c *calendar) place(t time.Time) int {
	i, _ := slices.BinarySearchFunc(c.events, t, func(e *Event, t time.Time) int { return e.Movement.At.Earliest().Compare(t) })
	return i
}

// take counts events out that have got a row.
func (c *calendar) take(places []int) {
	for _, s := range c.zones {
		for _, at := range places {
			if s.first <= at && at < s.end {
				s.add(at, -1)
			}
		}
	}
}

// stretch is the events of a stretch of days.
type stretch struct {
	events     []*Event // of the calendar; the stretch is those from first to before end
	first, end int
	tallies    []tally        // by cut; the first is of the whole
	owed       []money.Amount // by those without a row, in ascending order; nil until asked for
}

// add counts an event in, or out where n is −1.
func (s *stretch) add(at, n int) {
	e := s.events[at]
	sent := reached(e)
	for i := range s.tallies {
		part := s.tallies[i].change(e.Movement)
		part.events += n
		part.all += e.Owed * money.Amount(n)
		if sent {
			part.delivered += n
			part.sent += e.Owed * money.Amount(n)
		}
		if n > 0 {
			part.places = append(part.places, at)
		}
	}
	s.owed = nil
}

// reached reports whether the integration's log says that an event was delivered.
func reached(e *Event) bool {
	return slices.ContainsFunc(e.Deliveries, func(d *Delivery) bool { return d.Outcome == record.Delivered })
}

// whole is the sum of all events without a row.
func (s *stretch) whole() *sum {
	if t := &s.tallies[0]; len(t.sums) > 0 {
		return &t.sums[0]
	}
	return &sum{}
}

// open lists the places of a part's events without a row.
func (s *stretch) open(part *sum) iter.Seq[int] {
	return func(yield func(int) bool) {
		for _, at := range part.places {
			if s.events[at].Batch == nil && !yield(at) {
				return
			}
		}
	}
}

// behind lists the places of the events with which a part makes an amount.
func (s *stretch) behind(part *sum, amount money.Amount) []int {
	var out []int
	for at := range s.open(part) {
		if part.all == amount || reached(s.events[at]) {
			out = append(out, at)
		}
	}
	return out
}

// group lists the places of the events that a line stands for: at least two that make its
// amount, the whole or else the only such part of a cut or the last one that the line
// names. Nil where there are none.
func (s *stretch) group(p *Posting) []int {
	for i := range s.tallies {
		t := &s.tallies[i]
		m := t.making(p.Amount)
		part := m.total
		if m.parts > 1 {
			part = s.lastNamed(t, p)
		}
		if m.parts > 0 && part >= 0 {
			return s.behind(&t.sums[part], p.Amount)
		}
	}
	return nil
}

// lastNamed is the part that makes a line's amount and that the line names; of several, the
// one whose first event without a row is the last. It is −1 where there is none.
func (s *stretch) lastNamed(t *tally, p *Posting) int {
	last, from := -1, -1
	for _, part := range t.namedBy(p) {
		if !t.sums[part].makes(p.Amount, 2) {
			continue
		}
		for at := range s.open(&t.sums[part]) {
			if at > from {
				last, from = part, at
			}
			break
		}
	}
	return last
}

// lacks reports whether an amount is owed by an event without a row, or by the only pair of
// them that adds up to it.
func (s *stretch) lacks(amount money.Amount) bool {
	all := s.whole()
	if all.events == 0 {
		return false
	}
	if s.owed == nil {
		for at := range s.open(all) {
			s.owed = append(s.owed, s.events[at].Owed)
		}
		slices.Sort(s.owed)
	}
	_, found := slices.BinarySearch(s.owed, amount)
	if !found && pairable(len(s.owed)) {
		_, found = onlyPair(s.owed, amount)
	}
	return found
}

// tally is the sums of a stretch by the parts of a cut, and which of them make an amount.
type tally struct {
	cut     func(*Movement) string
	part    map[string]int // by value
	last    int            // the part of the event before
	sums    []sum          // by part
	changed []int          // parts whose sum is not in made
	made    map[money.Amount]made
	folded  int              // the parts before this one are in named
	named   map[string][]int // by folded value; nil until a line is asked
	sizes   map[int]bool     // lengths of the folded values
}

// sum is what the events of a part that have no row add up to.
type sum struct {
	value             string
	places            []int        // of the part's events, with those that have got a row since
	all, sent         money.Amount // of all, and of those delivered
	events, delivered int
	changed           bool
}

// made counts the parts that make an amount with at least two events. Where it is one, the
// total of their numbers is its number.
type made struct{ parts, total int }

// makes reports whether an amount is the sum of all events, or else of those that the
// integration's log says were delivered, if these are at least so many (one or more).
func (s *sum) makes(amount money.Amount, least int) bool {
	if s.all == amount {
		return s.events >= least
	}
	return s.sent == amount && s.delivered >= least
}

// change is the sum of a movement's part, which is about to change.
func (t *tally) change(m *Movement) *sum {
	value := t.cut(m)
	if t.last >= len(t.sums) || t.sums[t.last].value != value {
		part, known := t.part[value]
		if !known {
			part = len(t.sums)
			t.part[value] = part
			t.sums = append(t.sums, sum{value: value})
		}
		t.last = part
	}
	s := &t.sums[t.last]
	if !s.changed {
		t.enter(t.last, -1)
		s.changed = true
		t.changed = append(t.changed, t.last)
	}
	return s
}

// enter counts a part in for the amounts that it makes, or out where n is −1.
func (t *tally) enter(part, n int) {
	count := func(amount money.Amount) {
		m := t.made[amount]
		m.parts += n
		m.total += n * part
		if m.parts == 0 {
			delete(t.made, amount)
		} else {
			t.made[amount] = m
		}
	}
	s := &t.sums[part]
	if s.events > 1 {
		count(s.all)
	}
	if s.delivered > 1 && s.sent != s.all {
		count(s.sent)
	}
}

// making counts the parts that make an amount with at least two events.
func (t *tally) making(amount money.Amount) made {
	for _, part := range t.changed {
		t.enter(part, +1)
		t.sums[part].changed = false
	}
	t.changed = t.changed[:0]
	return t.made[amount]
}

// namedBy lists the parts whose value a line's own text names.
func (t *tally) namedBy(p *Posting) []int {
	if t.named == nil {
		t.named, t.sizes = map[string][]int{}, map[int]bool{}
	}
	for ; t.folded < len(t.sums); t.folded++ {
		if v := record.Fold(t.sums[t.folded].value); v != "" {
			t.named[v] = append(t.named[v], t.folded)
			t.sizes[len(v)] = true
		}
	}
	text := record.Fold(p.Memo + "|" + p.Item + "|" + p.Entity + "|" + p.Ref + "|" + p.Document)
	for _, a := range p.Attrs {
		text += "|" + record.Fold(a.Value)
	}
	var out []int
	for size := range t.sizes {
		for i := 0; i+size <= len(text); i++ {
			out = append(out, t.named[text[i:i+size]]...)
		}
	}
	return out
}
