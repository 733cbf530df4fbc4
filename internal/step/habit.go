package step

import (
	"gcdiag/internal/record"
	"gcdiag/internal/trace"
)

// habit is what the rows of one ERP, kind and maker usually carry.
type habit struct {
	rows             int
	ref, order, card int // rows that carry the field, among those whose event could give it
	ofRef, ofOrder   int
	ofCard           int
	rules            int // rows that name a rule
	cardAgrees       int // rows whose card is the event's
	orderAgrees      int
}

type habitKey struct {
	system uint16
	kind   record.Kind
}

// learn counts what rows carry, over all single rows from the feed.
func (j *Judge) learn() {
	j.habits = map[habitKey]*habit{}
	for _, e := range j.set.Events {
		for _, l := range e.Postings {
			p := l.Posting
			if p.From == record.ByHand || e.Batch != nil {
				continue
			}
			k := habitKey{p.System, e.Movement.Kind}
			h := j.habits[k]
			if h == nil {
				h = &habit{}
				j.habits[k] = h
			}
			n := j.set.Weight(e)
			h.rows += n
			h.ofRef += n
			if p.Ref != "" {
				h.ref += n
			}
			if e.Movement.Order != "" {
				h.ofOrder += n
				if p.Order != "" {
					h.order += n
				}
				if p.Order != "" && trace.SameID(p.Order, e.Movement.Order) {
					h.orderAgrees += n
				}
			}
			h.ofCard += n
			if p.Card != "" {
				h.card += n
				if trace.SameCard(p.Card, e.Movement.Card) {
					h.cardAgrees += n
				}
			}
			if p.Rule != "" {
				h.rules += n
			}
		}
	}
}

func (j *Judge) habit(p *record.Posting) habit {
	sum := habit{}
	for k, h := range j.habits {
		if k.system == p.System {
			sum.rules += h.rules
			sum.rows += h.rows
		}
	}
	return sum
}

// lacksField names the identifying field that a row lacks (or carries for
// another event) although its siblings, the rows of the same kind in the same
// ERP, carry it: "card reference", "order reference"; "" where it lacks nothing.
func (j *Judge) lacksField(e *trace.Event, p *record.Posting) string {
	h := j.habits[habitKey{p.System, e.Movement.Kind}]
	if h == nil || p.From == record.ByHand {
		return ""
	}
	others := h.rows - 1
	most := func(n int) bool { return others > 0 && n*2 >= others }
	if p.Card == "" && most(h.card) && e.Movement.Card != "" {
		return "card reference"
	}
	if p.Ref == "" && p.Order == "" && !strong(e, p) {
		if most(h.ref) || most(h.order) {
			return "event reference"
		}
	}
	if p.Card != "" && !trace.SameCard(p.Card, e.Movement.Card) && most(h.cardAgrees) {
		return "right card reference"
	}
	if p.Order != "" && e.Movement.Order != "" && !trace.SameID(p.Order, e.Movement.Order) && most(h.orderAgrees) {
		return "right order reference"
	}
	return ""
}

// strong reports whether a row was linked by an identifier after all, such as
// one that another line of its document carries.
func strong(e *trace.Event, p *record.Posting) bool {
	for _, l := range e.Postings {
		if l.Posting == p {
			return !l.Rung.Weak()
		}
	}
	return false
}
