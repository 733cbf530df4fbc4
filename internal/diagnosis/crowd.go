package diagnosis

import (
	"cmp"
	"slices"
	"sort"
	"strings"

	"gcdiag/internal/money"
	"gcdiag/internal/record"
	"gcdiag/internal/step"
	"gcdiag/internal/trace"
)

// member is one event as statistics see it: when it happened, of what kind it is
// and which verdict stands for it.
type member struct {
	at        record.Time
	who       uint32 // index of the verdict
	kind      record.Kind
	countable bool
}

// Alike is a clean event that a finding has as a root all the same.
type Alike struct {
	ID     string
	At     record.Time
	Amount money.Amount
	Like   *step.Verdict // the verdict on its exemplar
}

// IDs yields the ids of the roots, by time.
func (f *Finding) IDs(yield func(string) bool) {
	alike := f.Alike
	for _, v := range f.Roots {
		for len(alike) > 0 && alike[0].before(v.Event.Movement) {
			if !yield(alike[0].ID) {
				return
			}
			alike = alike[1:]
		}
		if !yield(v.Event.ID()) {
			return
		}
	}
	for _, a := range alike {
		if !yield(a.ID) {
			return
		}
	}
}

// before is the order of byEvent.
func (a *Alike) before(m *record.Movement) bool {
	if c := a.At.Compare(m.At); c != 0 {
		return c < 0
	}
	return a.ID < m.ID
}

// exemplary reports whether all exemplars were found to pass without a word, so
// that what is said of them holds for the clean events that they stand for.
func (d *Diagnosis) exemplary() bool {
	if d.contested {
		return false
	}
	for _, v := range d.Verdicts {
		if d.Set.Weight(v.Event) == 1 {
			continue
		}
		if v.Status != step.Pass || len(v.Notes) > 0 || d.owner[v.Event.Place()] != nil || v.Hops[0].Status != step.Pass || v.Hops[1].Status != step.Pass {
			return false
		}
	}
	return true
}

// overspent finds the clean cards that went below zero: the events with which
// they did. Of such a card nothing but its movements' amounts is known, from a
// load onwards.
func (d *Diagnosis) overspent() []Alike {
	type ledger struct {
		sum   money.Amount
		known bool // seen before
		whole bool
		below bool
	}
	if d.Set.Standings == nil {
		return nil
	}
	cards := make([]ledger, d.Set.Numbers)
	var out []Alike
	var m record.Movement
	for i := range d.Set.Standings {
		s := &d.Set.Standings[i]
		if !s.Clean {
			continue
		}
		c := &cards[s.Card]
		if !c.known {
			c.known = true
			c.whole = s.Amount > 0 && (s.Kind == record.Load || s.Kind == record.TransferIn)
		}
		c.sum += s.Amount
		if c.whole && !c.below && c.sum < 0 {
			c.below = true
			d.Case.Movements.Read(int(s.Row), &m)
			out = append(out, Alike{strings.Clone(m.ID), s.At, s.Amount, d.Verdicts[s.Place]})
		}
	}
	slices.SortFunc(out, func(a, b Alike) int {
		return cmp.Or(a.At.Compare(b.At), strings.Compare(a.ID, b.ID))
	})
	return out
}

// gatherCrowd makes the list of all events for those who count over time.
func (d *Diagnosis) gatherCrowd() {
	d.below = d.overspent()
	if s := d.Set.Standings; s != nil {
		d.crowd = make([]member, len(s))
		for i := range s {
			d.crowd[i] = member{s[i].At, uint32(s[i].Place), s[i].Kind, s[i].Clean || d.Verdicts[s[i].Place].Event.Scope == trace.Countable}
		}
		d.Set.Standings = nil // all that is wanted of it is in the crowd
		return
	}
	d.crowd = make([]member, len(d.Verdicts))
	for i, v := range d.Verdicts {
		m := v.Event.Movement
		d.crowd[i] = member{m.At, uint32(i), m.Kind, v.Event.Scope == trace.Countable}
	}
}

// since is the place in the crowd of the first event that is not before a time.
func (d *Diagnosis) since(t record.Time) int {
	return sort.Search(len(d.crowd), func(i int) bool { return d.crowd[i].at.Compare(t) >= 0 })
}

// byKind lists, for each kind, the places in the crowd of its events that count.
func (d *Diagnosis) byKind() [][]uint32 {
	if d.counted == nil {
		d.counted = make([][]uint32, record.Other+1)
		for i, m := range d.crowd {
			if m.countable {
				d.counted[m.kind] = append(d.counted[m.kind], uint32(i))
			}
		}
	}
	return d.counted
}

// verdict is the verdict on an event.
func (d *Diagnosis) verdict(e *trace.Event) *step.Verdict { return d.Verdicts[e.Place()] }

// marks is a set of verdicts.
type marks []bool

func (d *Diagnosis) mark(list []*step.Verdict) marks {
	m := make(marks, len(d.Verdicts))
	for _, v := range list {
		m[v.Event.Place()] = true
	}
	return m
}

func (m marks) has(v *step.Verdict) bool { return m[v.Event.Place()] }
