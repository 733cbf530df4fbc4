package diagnosis

import (
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

// gatherCrowd makes the list of all events for those who count over time.
func (d *Diagnosis) gatherCrowd() {
	d.crowd = make([]member, len(d.Verdicts))
	for i, v := range d.Verdicts {
		m := v.Event.Movement
		d.crowd[i] = member{m.At, uint32(i), m.Kind, v.Event.Scope == trace.Countable}
	}
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
