package diagnosis

import (
	"sort"

	"gcdiag/internal/money"
	"gcdiag/internal/record"
	"gcdiag/internal/step"
	"gcdiag/internal/trace"
)

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

// gatherCrowd makes the list of all events for those who count over time.
func (d *Diagnosis) gatherCrowd() {
	if d.crowd = d.Set.Standings; d.crowd != nil {
		return
	}
	d.crowd = make([]trace.Standing, len(d.Verdicts))
	for i, v := range d.Verdicts {
		m := v.Event.Movement
		d.crowd[i] = trace.Standing{At: m.At, Place: uint32(i), Kind: m.Kind, Countable: v.Event.Scope == trace.Countable}
	}
}

// since is the place in the crowd of the first event that is not before a time.
func (d *Diagnosis) since(t record.Time) int {
	return sort.Search(len(d.crowd), func(i int) bool { return d.crowd[i].At.Compare(t) >= 0 })
}

// byKind lists, for each kind, the places in the crowd of its events that count.
func (d *Diagnosis) byKind() [][]uint32 {
	if d.counted == nil {
		d.counted = make([][]uint32, record.Other+1)
		for i, m := range d.crowd {
			if m.Countable {
				d.counted[m.Kind] = append(d.counted[m.Kind], uint32(i))
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
