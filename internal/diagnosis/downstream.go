package diagnosis

import (
	"slices"
	"time"

	"gcdiag/internal/finding"
	"gcdiag/internal/money"
	"gcdiag/internal/record"
	"gcdiag/internal/step"
	"gcdiag/internal/trace"
)

// absent reports whether the value of a root event is missing from the
// liability accounts, or stands there without the card it belongs to.
func (d *Diagnosis) absent(v *step.Verdict) bool {
	e := v.Event
	if v.Status != step.Fail || e.Scope != trace.Countable || e.Owed <= 0 {
		return false
	}
	if v.Code == finding.MappingReference {
		return v.Cause.Value != "event reference"
	}
	return v.Books.Booked < e.Owed-d.Case.Policy.Tolerance
}

// usable is what the books hold for an event on its card.
func (d *Diagnosis) usable(v *step.Verdict) money.Amount {
	if v.Code == finding.MappingReference && v.Status == step.Fail && v.Event.Owed > 0 {
		return 0
	}
	return v.Books.Booked
}

// downstream moves what follows from a root on the same card from where it
// stands under that root's finding.
func (d *Diagnosis) downstream() {
	d.refusals = map[step.Cause]bool{}
	unrooted := d.mark(nil) // events that are no roots after all
	for _, v := range d.Verdicts {
		if v.Status == step.Fail && v.Code == finding.Routing && v.Cause.What == "reason" && !d.rootBefore(v) {
			d.refusals[v.Cause] = true
		}
	}
	for n, card := range d.ledgers {
		if n%portion == 0 && d.ended() {
			return
		}
		var root, pending, doubt *step.Verdict
		whole, covered, platform := false, money.Amount(0), money.Amount(0)
		for _, e := range card {
			v := d.verdict(e)
			if e.Apart != nil { // clean events came before it
				covered += e.Apart.Sum - platform
				platform = e.Apart.Sum
			}
			if e.Scope == trace.Countable && root != nil && v != root && d.follows(v) && !alike(v, root) {
				d.sink(v, root, unrooted)
			} else if e.Scope == trace.Countable && root == nil && v.Status == step.Fail && d.follows(v) {
				switch {
				case pending != nil: // the value is under way, and so is what needs it
					v.Status, v.Code = step.InFlight, finding.InFlight
					d.unroot(v, unrooted)
				case doubt != nil:
					v.Status, v.Gap, v.Code = step.Inconclusive, doubt.Gap, ""
					d.unroot(v, unrooted)
				}
			}
			before := covered
			covered += d.usable(v)
			if e.Scope == trace.Countable || e.Scope == trace.OutsideWindow && e.Movement.Status == record.Final {
				platform += e.Owed
			}
			if whole && root != nil && v.Status == step.Pass && e.Scope == trace.Countable && e.Owed < 0 && e.Net == nil &&
				before+e.Owed < 0 && platform >= 0 {
				d.sink(v, root, unrooted)
			}
			switch {
			case d.absent(v) && root == nil:
				root = v
				whole = d.whole(card) && d.booksReach(card)
			case v.Status == step.InFlight && e.Owed > 0:
				pending = v
			case v.Status == step.Inconclusive && e.Owed > 0 && v.Gap != nil:
				doubt = v
			}
		}
	}
	for _, f := range d.Findings {
		f.Roots = slices.DeleteFunc(f.Roots, func(v *step.Verdict) bool { return unrooted.has(v) })
		slices.SortFunc(f.Downstream, byEvent)
	}
	d.Findings = slices.DeleteFunc(d.Findings, func(f *Finding) bool { return len(f.Roots) == 0 && len(f.Candidates) == 0 })
}

func byEvent(a, b *step.Verdict) int {
	if c := a.Event.Movement.At.Compare(b.Event.Movement.At); c != 0 {
		return c
	}
	if a.Event.ID() < b.Event.ID() {
		return -1
	}
	return 1
}

// follows reports whether a failing event is sound in itself and only held up
// in the ERP: its document waits or was refused, or it fell to an account for
// what no rule took, and nothing of its own explains that.
func (d *Diagnosis) follows(v *step.Verdict) bool {
	if v.Status != step.Fail || v.Code == finding.Routing && d.refusals[v.Cause] {
		return false
	}
	switch v.Books.Stance {
	case step.Unposted:
		return v.Code != finding.MappingKind && !d.Judge.OwnFault(v)
	case step.Nowhere:
		return v.Step >= step.Arrive && v.Sent != nil && v.Sent.Outcome == record.RejectedByERP && !d.Judge.OwnFault(v)
	case step.Elsewhere:
		return v.Step == step.Classify && (v.Code == finding.NoRule && v.Books.Row.Rule == "" && !d.Judge.OwnFault(v) || d.onlyAfterRoots(v))
	}
	return false
}

// alike reports whether an event fails for the very reason that the root itself
// gives: then it is a root of its own.
func alike(v, root *step.Verdict) bool {
	return v.Code == root.Code && v.Step == root.Step && v.Cause == root.Cause && v.Cause.What == "reason"
}

// onlyAfterRoots reports whether an account holds rows of this kind only where
// a root came before them on the card, while others of the kind are classified.
func (d *Diagnosis) onlyAfterRoots(v *step.Verdict) bool {
	if d.parked == nil {
		d.parked = map[accountKind]*parking{}
		for _, x := range d.Verdicts {
			if x.Event.Scope != trace.Countable {
				continue
			}
			k := accountKind{kind: x.Event.Movement.Kind}
			if x.Status == step.Pass {
				d.park(k).good++
			}
			if x.Books.Stance == step.Elsewhere && x.Books.Row != nil {
				k.account = x.Books.Row.Account
				p := d.park(k)
				p.all++
				if d.rootBefore(x) {
					p.after++
				}
			}
		}
	}
	p := d.park(accountKind{v.Event.Movement.Kind, v.Books.Row.Account})
	return v.Code == finding.WrongAccount && v.Event.Owed < 0 && p.all == p.after && d.park(accountKind{kind: v.Event.Movement.Kind}).good > 0
}

func (d *Diagnosis) park(k accountKind) *parking {
	p := d.parked[k]
	if p == nil {
		p = &parking{}
		d.parked[k] = p
	}
	return p
}

func (d *Diagnosis) rootBefore(v *step.Verdict) bool {
	for _, e := range d.Set.OfCard(v.Event) {
		if e == v.Event {
			return false
		}
		if d.absent(d.verdict(e)) {
			return true
		}
	}
	return false
}

// sink puts a verdict under the root it follows from.
func (d *Diagnosis) sink(v, root *step.Verdict, unrooted marks) {
	f := d.owner[root.Event.Place()]
	if f == nil {
		return
	}
	d.unroot(v, unrooted)
	v.Status, v.Step, v.Code, v.Root = step.Downstream, 0, "", root
	d.owner[v.Event.Place()] = f
	f.Downstream = append(f.Downstream, v)
}

// unroot takes an event out of the finding that has it as a root.
func (d *Diagnosis) unroot(v *step.Verdict, unrooted marks) {
	if i := v.Event.Place(); d.owner[i] != nil {
		unrooted[i] = true
		d.owner[i] = nil
	}
}

func joined(a, b string) string {
	if a == "" {
		return b
	}
	return a + "; " + b
}

// whole reports whether a card's history is readable from its beginning: it
// begins with value put on the card, and nothing says that it began before.
func (d *Diagnosis) whole(card []*trace.Event) bool {
	first := card[0]
	if first.Apart != nil {
		return first.Apart.Whole
	}
	m := first.Movement
	if m.Amount <= 0 {
		return false
	}
	if m.BalanceAfter.Set {
		return m.BalanceAfter.Amount == m.Amount
	}
	if created := d.createdAt(card); created.Known() {
		return !created.Latest().Before(m.At.Earliest().Add(-48 * time.Hour))
	}
	return m.Kind == record.Load || m.Kind == record.TransferIn
}

// booksReach reports whether the books show what a card had before the window,
// if it had anything: an export that begins with the window does not.
func (d *Diagnosis) booksReach(card []*trace.Event) bool {
	for _, e := range card {
		if e.Scope == trace.OutsideWindow && e.Movement.At.Earliest().Before(d.Case.Window.Since) && e.Owed > 0 && d.verdict(e).Books.Stance == step.Nowhere {
			return false
		}
	}
	return true
}

// createdAt is when a card was made, if any record says so.
func (d *Diagnosis) createdAt(card []*trace.Event) record.Time {
	for _, e := range card {
		if e.Movement.CardCreatedAt.Known() {
			return e.Movement.CardCreatedAt
		}
	}
	if c := d.card(card[0]); c != nil {
		return c.CreatedAt
	}
	return record.Time{}
}

// missingReferences blames loads whose row lacks the card, where siblings lack
// it too but an exception on the card follows.
func (d *Diagnosis) missingReferences() {
	for _, card := range d.ledgers {
		var stuck *step.Verdict
		for i := len(card) - 1; i >= 0; i-- {
			v := d.verdict(card[i])
			if v.Event.Scope != trace.Countable {
				continue
			}
			if stuck != nil && v.Event.Owed > 0 && v.Status == step.Pass && v.Books.Row != nil && v.Event.Batch == nil &&
				(v.Books.Rung.Weak() || v.Books.Row.Card == "" && d.rowsCarryCards) && !d.absentBefore(card, i) {
				v.Status, v.Step, v.Code = step.Fail, step.Arrive, finding.MappingReference
				v.Cause = step.Cause{What: "field", Value: "card reference"}
				v.Hops[2].Status, v.Hops[3].Status = step.Fail, step.NotReached
				v.Tell(2, "without card reference, and an exception follows")
			}
			if v.Status == step.Fail && v.Books.Stance == step.Unposted && v.Event.Owed < 0 {
				stuck = v
			}
		}
	}
}

func (d *Diagnosis) absentBefore(card []*trace.Event, upTo int) bool {
	for _, e := range card[:upTo] {
		if d.absent(d.verdict(e)) {
			return true
		}
	}
	return false
}
