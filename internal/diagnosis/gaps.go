package diagnosis

import (
	"fmt"

	"gcdiag/internal/finding"
	"gcdiag/internal/ident"
	"gcdiag/internal/record"
	"gcdiag/internal/step"
	"gcdiag/internal/trace"
)

// gaps makes findings of what the evidence does not carry.
func (d *Diagnosis) gaps() {
	type key struct {
		code   finding.Code
		system string
		rec    record.Type
	}
	found := map[key]*Finding{}
	for _, f := range d.Findings {
		if f.Code == finding.DamagedIDs {
			found[key{f.Code, f.System, record.Postings}] = f
		}
	}
	put := func(g *step.Gap) *Finding {
		k := key{g.Code, g.System, g.Record}
		f := found[k]
		if f == nil {
			f = d.add(g.Code)
			f.System = g.System
			found[k] = f
		}
		if f.Note == "" {
			f.Note, f.Settle = g.Why, g.Settle
		}
		return f
	}
	for _, v := range d.Verdicts {
		switch {
		case v.Event.Scope != trace.Countable || v.Gap == nil:
		case v.Status == step.Inconclusive:
			f := put(v.Gap)
			f.Roots = append(f.Roots, v)
			if f.Code == finding.DamagedIDs && v.Gap.Record == record.Postings {
				d.owner[v.Event.Place()] = f // the amounts are intact: the figure stands
			}
			d.hide(f)
		case v.Between:
			put(v.Gap)
		}
	}
	ev := d.Judge.Evidence
	if g := ev.Movements(); g != nil {
		d.hide(put(g))
	}
	if d.listTooShort() {
		f := put(&step.Gap{Code: finding.PartialRecords, Record: record.Movements, System: d.nameOf(record.Platform),
			Why: "cards have been used, but not one use is in the list: it is not whole (a missing permission looks like this)", Settle: "the card transactions, read with a token that may read them"})
		d.hide(f)
		d.rowsMissing = true
	} else if d.rowsMissing {
		d.hide(put(&step.Gap{Code: finding.PartialRecords, Record: record.Movements, System: d.nameOf(record.Platform),
			Why: "running balances don't follow from the rows: rows are missing from the list", Settle: "the card ledger again, unfiltered and whole"}))
	}
	_, _, erp := ev.Roles()
	if g := ev.Ledger(); g != nil {
		d.hide(put(g))
	} else if erp && !ev.AccountsKnown {
		f := put(&step.Gap{Code: finding.AccountUnknown, System: d.nameOf(record.ERP), Record: record.Postings,
			Why: "no posting names its account, so step 4 can't be checked", Settle: "the postings with their account column"})
		d.hide(f)
	}
	d.rejects(func(g *step.Gap) *Finding { return put(g) })
	for i := range d.Case.Systems {
		s := &d.Case.Systems[i]
		for _, r := range s.Reads {
			if len(r.Damaged) > 0 {
				x := r.Damaged[0]
				put(&step.Gap{Code: finding.DamagedIDs, System: s.Name, Record: r.Record,
					Why:    fmt.Sprintf("column %q: %d identifiers altered by a spreadsheet (%s)", x.Column, x.Rows, x.How),
					Settle: "the same export as plain text, not opened in a spreadsheet"})
			}
		}
	}
	for s := range d.Case.Subscriptions.All() {
		if s.Visible == record.VisibleOwn {
			put(&step.Gap{Code: finding.ForeignSubscriptions, System: d.systemName(int(s.System)), Record: record.Subscriptions,
				Why: "the list shows only the reader's own subscriptions, not those of the integration", Settle: "the integration's own list of subscriptions"})
			break
		}
	}
}

// rejects reports rows that could not be read. Rows of the card ledger are
// events nobody judged: they could hide a fault.
func (d *Diagnosis) rejects(put func(*step.Gap) *Finding) {
	if len(d.Case.Rejects) == 0 {
		return
	}
	known := map[string]bool{}
	for _, e := range d.Set.Events {
		known[ident.Key(e.Movement.ID)] = true
	}
	for _, r := range d.Case.Rejects {
		f := put(&step.Gap{Code: finding.UnreadableRows, System: d.systemName(int(r.System)), Record: r.Record, Why: r.Place + ": " + r.Reason,
			Settle: "the export with the rejected rows corrected"})
		if r.Record == record.Movements && (!r.At.Known() || d.Case.Window.Has(r.At)) {
			repeats := len(r.Keys) > 0 && known[ident.Key(r.Keys[0])]
			if !repeats {
				d.hide(f)
				d.unreadMovements = true
			}
		}
	}
}

func (d *Diagnosis) nameOf(r record.Role) string {
	if s := d.system(r); s != nil {
		return s.Name
	}
	return ""
}

// risks are set-ups that would fail but have failed no event.
func (d *Diagnosis) risks() {
	failing := map[record.Kind]bool{}
	for _, v := range d.Verdicts {
		if v.Status == step.Fail && (v.Step == step.Forward || v.Between) {
			failing[v.Event.Movement.Kind] = true
		}
	}
	for s := range d.Case.Subscriptions.All() {
		if s.Active != record.No && !s.RemovedAt.Known() || s.Kinds == 0 {
			continue
		}
		at := false
		for _, k := range s.Kinds.List() {
			at = at || failing[k] || d.servedOtherwise(s, k)
		}
		if !at {
			f := d.add(finding.SubscriptionOff)
			f.Evidence, f.System, f.Note = "configured", d.systemName(int(s.System)), s.Topic
		}
	}
	d.unsubscribed(failing)
	for x := range d.Case.Flows.All() {
		if x.Enabled != record.No || x.Kinds == 0 {
			continue
		}
		bad := false
		for _, k := range x.Kinds.List() {
			bad = bad || failing[k]
		}
		if !bad {
			f := d.add(finding.FlowOff)
			f.Evidence, f.System, f.Note = "configured", d.systemName(int(x.System)), flowName(x)
		}
	}
}

// unsubscribed notes kinds that occur and pass although no subscription of a
// list that shows all of them covers the kind: something else carries them, and
// nobody would notice if it stopped.
func (d *Diagnosis) unsubscribed(failing map[record.Kind]bool) {
	var covered record.Kinds
	listed := 0
	for s := range d.Case.Subscriptions.All() {
		if s.Kinds == 0 || s.Visible == record.VisibleOwn {
			return
		}
		covered |= s.Kinds
		listed++
	}
	for x := range d.Case.Flows.All() {
		if x.Trigger == record.TriggerPoll || x.Trigger == record.TriggerBatch {
			return
		}
	}
	if listed == 0 {
		return
	}
	noted := map[record.Kind]bool{}
	for _, m := range d.Set.Crowd.All {
		k, e := m.Kind, d.Verdicts[m.Place].Event
		if noted[k] {
			continue
		}
		if e.Scope != trace.Countable || noted[k] || failing[k] || covered.Has(k) || d.Judge.Evidence.Feed(e.Movement) != record.NoVia {
			continue
		}
		noted[k] = true
		_, many := kindNoun(k)
		f := d.add(finding.SubscriptionMissing)
		f.Evidence, f.System, f.Note = "configured", d.systemName(int(e.Movement.System)), many
	}
}

// servedOtherwise reports whether another subscription, alive, covers the kind.
func (d *Diagnosis) servedOtherwise(s *record.Subscription, k record.Kind) bool {
	for r := range d.Case.Subscriptions.All() {
		if r != s && r.Active != record.No && !r.RemovedAt.Known() && r.Kinds.Covers(k) {
			return true
		}
	}
	return false
}

func flowName(f *record.Flow) string {
	if f.Name != "" {
		return f.Name
	}
	return f.ID
}

// partial reports why the drift can't be a figure in any currency, or "".
func (d *Diagnosis) partial() string {
	ev := d.Judge.Evidence
	platform, _, erp := ev.Roles()
	switch {
	case !platform:
		return "no platform system was given"
	case !erp:
		return "no ERP system was given"
	case !ev.AccountsKnown && d.Case.Postings.Len() > 0:
		return "no posting names its account, so what moved on the liability accounts is not known"
	}
	if g := ev.Movements(); g != nil {
		return g.System + ": " + g.Why
	}
	if g := ev.Ledger(); g != nil {
		return g.System + ": " + g.Why
	}
	switch {
	case d.unreadMovements:
		return "rows of the card ledger could not be read"
	case d.listTooShort():
		return "the card ledger is not whole"
	}
	return ""
}
