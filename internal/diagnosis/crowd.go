package diagnosis

import (
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
func (a *Alike) before(m *trace.Movement) bool {
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
		if v.Status != step.Pass || v.Notes != 0 || d.owner[v.Event.Place()] != nil || v.Hops[0].Status != step.Pass || v.Hops[1].Status != step.Pass {
			return false
		}
	}
	return true
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
