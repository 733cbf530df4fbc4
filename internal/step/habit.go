package step

import (
	"slices"

	"gcdiag/internal/record"
	"gcdiag/internal/trace"
)

// habit is what the rows of one ERP and kind usually carry.
type habit struct {
	rows             int
	ref, order, card int // rows that carry the field; the order where their event names one
	cardAgrees       int // rows whose card is the event's
	orderAgrees      int
	rules            int // rows that name a rule
}

// learn counts what rows carry, over all single rows from the feed.
func (j *Judge) learn() {
	j.habits = make([][record.Other + 1]habit, len(j.set.Case.Systems))
	j.liability = map[string]bool{}
	for _, e := range j.set.Events {
		for _, l := range e.Postings {
			p := l.Posting
			if _, known := j.liability[p.Account]; !known {
				j.liability[p.Account] = j.set.Liability(p.Account)
			}
			if p.From == record.ByHand || e.Batch != nil {
				continue
			}
			h := &j.habits[p.System][e.Movement.Kind]
			n := j.set.Weight(e)
			h.rows += n
			if p.Ref != "" {
				h.ref += n
			}
			if p.Order != "" && e.Movement.Order != "" {
				h.order += n
				if trace.SameID(p.Order, e.Movement.Order) {
					h.orderAgrees += n
				}
			}
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

// onLiability reports whether an account is one of the liability accounts.
func (j *Judge) onLiability(account string) bool {
	is, known := j.liability[account]
	if !known {
		is = j.set.Liability(account)
	}
	return is
}

// nameRules reports whether rows of the system that a row is from name the rule
// that they were booked by.
func (j *Judge) nameRules(p *trace.Posting) bool {
	return slices.ContainsFunc(j.habits[p.System][:], func(h habit) bool { return h.rules > 0 })
}

// lacksField names the identifying field that a row lacks (or carries for
// another event) although its siblings, the rows of the same kind in the same
// ERP, carry it: "card reference", "order reference"; "" where it lacks nothing.
func (j *Judge) lacksField(e *trace.Event, p *trace.Posting) string {
	h := &j.habits[p.System][e.Movement.Kind]
	if p.From == record.ByHand {
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
func strong(e *trace.Event, p *trace.Posting) bool {
	for _, l := range e.Postings {
		if l.Posting == p {
			return !l.Rung.Weak()
		}
	}
	return false
}
