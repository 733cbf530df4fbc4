package diagnosis

import (
	"cmp"
	"slices"
	"strings"

	"gcdiag/internal/finding"
	"gcdiag/internal/money"
	"gcdiag/internal/record"
	"gcdiag/internal/step"
	"gcdiag/internal/trace"
)

// Drift is the gap between ERP and platform in one currency with its parts:
// the findings' parts and Unexplained add up to ERP − Platform, exactly.
type Drift struct {
	Currency      money.Currency
	Platform, ERP money.Amount
	Known         bool   // false: the evidence forbids a figure
	Why           string // then
	Parts         []Part
	Unexplained   money.Amount
}

// Total is ERP − Platform.
func (x Drift) Total() money.Amount { return x.ERP - x.Platform }

// Part is one finding's share.
type Part struct {
	Finding *Finding
	Amount  money.Amount
}

// Step is the tally of one of the four questions.
type Step struct {
	Status string // pass, fail, inconclusive, not-checked
	Cells  []Cell
}

// Cell counts the events of one kind and origin at one step.
type Cell struct {
	Kind                                                       record.Kind
	Origin                                                     string
	Pass, Fail, Inconclusive, NotReached, InFlight, Downstream int
	Amount                                                     money.Totals
}

// Events is the sum of the counts.
func (c Cell) Events() int {
	return c.Pass + c.Fail + c.Inconclusive + c.NotReached + c.InFlight + c.Downstream
}

// Excluded counts movements that are not part of the reconciliation.
type Excluded struct {
	Reason trace.Scope
	Count  int
	Amount money.Totals
}

// account adds up the money: per finding and per currency.
func (d *Diagnosis) account() {
	platform, erp := money.Totals{}, money.Totals{}
	doubt := map[money.Currency]bool{}
	var excluded [trace.OutsideWindow + 1]Excluded
	for i, v := range d.Verdicts {
		e := v.Event
		if e.Scope == trace.Countable {
			platform.Add(e.Currency, e.Owed)
			if v.Status == step.Inconclusive && d.owner[i] == nil && (v.Books.Stance == step.Nowhere || v.Books.Stance == step.Unposted) {
				doubt[e.Currency] = true
			}
		} else {
			x := &excluded[e.Scope]
			x.Count++
			x.Amount.Add(e.Currency, e.Owed)
		}
		if counts(v) {
			if v.Books.Booked != 0 {
				erp.Add(e.Currency, v.Books.Booked)
			}
			erp.AddAll(v.Books.Foreign)
		}
	}
	platform.AddAll(d.Set.Clean)
	erp.AddAll(d.Set.Clean)
	extra := func(p *trace.Posting) {
		if p.Status.Counts() && d.onLiability(p) {
			erp.Add(p.Currency, p.Amount)
		}
	}
	for _, p := range d.Set.Unlinked {
		if d.Case.Window.Has(p.Dated) || d.claimed[p] {
			if d.Judge.Evidence.AccountsKnown || d.cardRow(p) {
				extra(p)
			}
		}
	}
	for _, t := range d.Set.Ties {
		for _, e := range t.Events {
			if e.Scope == trace.Countable {
				for _, p := range t.Postings {
					extra(p)
				}
				break
			}
		}
	}
	for _, b := range d.Set.Batches {
		if b.Rest == 0 || !slices.ContainsFunc(b.Events, func(e *trace.Event) bool { return e.Scope == trace.Countable }) {
			continue
		}
		if len(b.Candidates) > 0 { // their events count as not booked
			sum := b.Rest
			for _, e := range b.Candidates {
				if e.Scope == trace.Countable {
					sum += e.Owed
				}
			}
			erp.Add(b.Postings[0].Currency, sum)
			continue
		}
		erp.Add(b.Postings[0].Currency, b.Rest)
	}
	for _, f := range d.Findings {
		for _, v := range f.Roots {
			f.Amount.Add(v.Event.Currency, v.Event.Owed)
			if d.owner[v.Event.Place()] == f && counts(v) {
				f.part(v)
			}
			f.see(v.Event.Movement.At)
		}
		for _, a := range f.Alike {
			f.Amount.Add(a.Like.Event.Currency, a.Amount)
			f.see(a.At)
		}
		for _, v := range f.Downstream {
			f.part(v)
		}
		for _, e := range f.Candidates {
			f.Amount.Add(e.Currency, e.Owed)
			f.see(e.Movement.At)
		}
		for _, p := range f.Postings {
			f.see(p.Dated)
		}
		for _, o := range f.Orders {
			t := o.RefundedAt
			if !t.Known() {
				t = o.At
			}
			f.see(t)
		}
		if len(f.Roots) == 0 {
			for c, a := range f.Drift {
				f.Gross += hundredths(c, a.Abs())
			}
		}
		slices.SortFunc(f.Orders, func(a, b *record.Order) int {
			return cmp.Or(a.At.Compare(b.At), strings.Compare(a.ID, b.ID))
		})
	}
	why := d.partial()
	all := money.Totals{}
	for _, t := range []money.Totals{platform, erp} {
		for c := range t {
			all.Add(c, 0)
		}
	}
	for _, c := range all.Currencies() {
		x := Drift{Currency: c, Platform: platform[c], ERP: erp[c], Known: true}
		if why != "" {
			x.Known, x.Why = false, why
		} else if doubt[c] {
			x.Known, x.Why = false, "some events can't be judged for lack of evidence"
		}
		x.Unexplained = x.Total()
		for _, f := range d.Findings {
			if a := f.Drift[c]; a != 0 {
				x.Parts = append(x.Parts, Part{f, a})
				x.Unexplained -= a
			}
		}
		d.Drift = append(d.Drift, x)
	}
	for s, x := range excluded {
		if x.Count > 0 {
			x.Reason = trace.Scope(s)
			d.Excluded = append(d.Excluded, x)
		}
	}
}

// part adds an event's difference to a finding's.
func (f *Finding) part(v *step.Verdict) {
	add := func(c money.Currency, a money.Amount) {
		f.Drift.Add(c, a)
		f.Gross += hundredths(c, a.Abs())
	}
	add(v.Event.Currency, excess(v))
	for c, a := range v.Books.Foreign {
		add(c, a)
	}
}

func (f *Finding) see(t record.Time) {
	if !t.Known() {
		return
	}
	if !f.First.Known() || t.Compare(f.First) < 0 {
		f.First = t
	}
	if !f.Last.Known() || t.Compare(f.Last) > 0 {
		f.Last = t
	}
}

// tally counts the events per step, kind and origin.
func (d *Diagnosis) tally() {
	type key struct {
		kind   record.Kind
		origin string
	}
	platform, integration, erp := d.Judge.Evidence.Roles()
	checked := [4]bool{platform, platform && (integration || erp), platform && erp, platform && erp && d.Judge.Evidence.AccountsKnown}
	cells := map[key]*[4]Cell{}
	var order []key
	var fails, doubts [4]int
	events := 0
	for _, v := range d.Verdicts {
		e := v.Event
		if e.Scope != trace.Countable && v.Status != step.Fail {
			continue
		}
		k := key{e.Movement.Kind, e.Movement.Origin}
		cs := cells[k]
		if cs == nil {
			cs = new([4]Cell)
			cells[k] = cs
			order = append(order, k)
		}
		events++
		n := d.Set.Weight(e)
		for i := range cs {
			c := &cs[i]
			switch s := v.Hops[i].Status; {
			case v.Status == step.Downstream && (s == step.Fail || i == 3):
				c.Downstream++
			case s == step.Pass:
				c.Pass += n
			case s == step.Fail:
				c.Fail++
				fails[i]++
				c.Amount.Add(e.Currency, e.Owed)
			case s == step.NotReached:
				c.NotReached++
			case s == step.InFlight:
				c.InFlight++
			default:
				c.Inconclusive += n
				doubts[i]++
			}
		}
	}
	slices.SortFunc(order, func(a, b key) int {
		return cmp.Or(int(a.kind)-int(b.kind), strings.Compare(a.origin, b.origin))
	})
	for i := range d.Steps {
		for _, f := range d.Findings {
			if f.Class() == finding.Fault && f.Step == i+1 && len(f.Roots) == 0 {
				fails[i]++
			}
		}
		st := &d.Steps[i]
		if !checked[i] {
			st.Status = "not-checked"
			continue
		}
		for _, k := range order {
			c := cells[k][i]
			c.Kind, c.Origin = k.kind, k.origin
			st.Cells = append(st.Cells, c)
		}
		switch {
		case fails[i] > 0:
			st.Status = "fail"
		case doubts[i] > 0 || events == 0:
			st.Status = "inconclusive"
		default:
			st.Status = "pass"
		}
	}
	if g := d.Judge.Evidence.Movements(); g != nil && d.Steps[0].Status == "pass" || d.listTooShort() {
		d.Steps[0].Status = "inconclusive"
	}
}
