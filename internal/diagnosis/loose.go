package diagnosis

import (
	"fmt"
	"slices"
	"time"

	"gcdiag/internal/finding"
	"gcdiag/internal/ident"
	"gcdiag/internal/money"
	"gcdiag/internal/record"
	"gcdiag/internal/step"
	"gcdiag/internal/trace"
)

// ties makes findings of events that share fewer rows than there are events:
// some of them are certainly missing, and nothing tells which.
func (d *Diagnosis) ties() {
	for _, t := range d.Set.Ties {
		var events []*trace.Event
		for _, e := range t.Events {
			if e.Scope == trace.Countable {
				events = append(events, e)
			}
		}
		d.undecided(events, t.Postings, len(t.Postings))
		for _, p := range t.Postings {
			d.claim(p)
		}
	}
	for _, b := range d.Set.Batches {
		if len(b.Candidates) > 0 {
			var events []*trace.Event
			for _, e := range b.Candidates {
				if e.Scope == trace.Countable {
					events = append(events, e)
				}
			}
			f := d.undecided(events, nil, len(events)-1)
			if f != nil {
				f.Drift = nil
				f.Drift.Add(b.Candidates[0].Currency, b.Rest)
			}
		} else if b.Rest != 0 {
			d.shortBatch(b)
		}
	}
}

// twins makes candidates of equal events whose rows could be exchanged and are
// not all right: one of them is meant, and nothing tells which.
func (d *Diagnosis) twins() {
	done := map[*trace.Tie]bool{}
	for _, v := range d.Verdicts {
		t := v.Event.Twins
		if t == nil || done[t] || v.Status != step.Fail || v.Event.Scope != trace.Countable {
			continue
		}
		done[t] = true
		fails := 0
		for _, e := range t.Events {
			if x := d.verdict(e); x.Status == step.Fail && x.Code == v.Code && x.Step == v.Step {
				fails++
			}
		}
		if fails == len(t.Events) {
			continue
		}
		f := &Finding{Code: v.Code, Step: v.Step, Undetermined: v.Undetermined(), Cause: v.Cause, Evidence: "inferred", Candidates: t.Events,
			Note: fmt.Sprintf("%d of these %d", fails, len(t.Events))}
		for _, e := range t.Events {
			x := d.verdict(e)
			f.Drift.Add(e.Currency, excess(x))
			f.Drift.AddAll(x.Books.Foreign)
			x.Status, x.Step, x.Code, x.Between = step.Inconclusive, 0, "", false
			at := max(f.Step, step.Forward) - 1
			x.Hops[at].Status = step.Inconclusive
			x.Tell(at, "one of several equal events whose rows could be exchanged")
			d.owner[e.Place()] = f
		}
		d.Findings = append(d.Findings, f)
	}
}

// undecided is the finding about events of which only some are there.
func (d *Diagnosis) undecided(events []*trace.Event, rows []*trace.Posting, there int) *Finding {
	if len(events) == 0 {
		return nil
	}
	first := d.Judge.Missing(events[0])
	same := first.Status == step.Fail
	for _, e := range events[1:] {
		v := d.Judge.Missing(e)
		same = same && v.Status == first.Status && v.Code == first.Code && v.Step == first.Step
	}
	f := &Finding{Code: finding.AmbiguousMatch, Evidence: "inferred", Candidates: events, Postings: nil}
	if same && there < len(events) {
		f.Code, f.Step, f.Undetermined, f.Cause = first.Code, first.Step, first.Undetermined(), first.Cause
		f.Note = fmt.Sprintf("%d of these %d", len(events)-there, len(events))
	} else {
		d.hide(f)
	}
	for _, p := range rows {
		if p.Status.Counts() && d.onLiability(p) {
			f.Drift.Add(p.Currency, p.Amount)
		}
	}
	for _, e := range events {
		v := d.verdict(e)
		v.Status, v.Step, v.Code, v.Between = step.Inconclusive, 0, "", false
		v.Books.Booked, v.Books.Foreign = 0, nil
		for i := 1; i < 4; i++ {
			v.Hops[i].Status = step.Inconclusive
		}
		v.Hops[1].Status = step.Pass
		if first.Status == step.Fail && first.Step == step.Forward {
			v.Hops[1].Status = step.Inconclusive
		}
		v.Tell(2, "one of several events that might own the same row")
		f.Drift.Add(e.Currency, -e.Owed)
		d.owner[e.Place()] = f
	}
	d.Findings = append(d.Findings, f)
	return f
}

// shortBatch is a line for many events whose amount is not theirs.
func (d *Diagnosis) shortBatch(b *trace.Batch) {
	f := &Finding{Code: finding.MappingAmount, Step: step.Arrive, Evidence: "proven", Note: "the line's amount is not the sum of its events"}
	if b.Rest.Abs() <= d.Case.Policy.Tolerance*money.Amount(len(b.Events)) {
		f.Code, f.Step, f.Note = finding.Rounding, 0, ""
		for _, x := range d.Findings {
			if x.Code == finding.Rounding {
				x.Drift.Add(b.Postings[0].Currency, b.Rest)
				x.Postings = append(x.Postings, b.Postings...)
				return
			}
		}
	}
	counted := false
	for _, e := range b.Events {
		if e.Scope == trace.Countable {
			f.Candidates = append(f.Candidates, e)
			counted = true
		}
	}
	if !counted {
		return
	}
	f.Postings = b.Postings
	f.Drift.Add(b.Postings[0].Currency, b.Rest)
	d.Findings = append(d.Findings, f)
}

// loose explains the rows of the liability accounts that belong to no event.
func (d *Diagnosis) loose() {
	byCode := map[finding.Code]*Finding{}
	put := func(code finding.Code, p *trace.Posting) *Finding {
		f := byCode[code]
		if f == nil {
			f = d.add(code)
			byCode[code] = f
		}
		f.Postings = append(f.Postings, p)
		if p.Status.Counts() && d.onLiability(p) {
			f.Drift.Add(p.Currency, p.Amount)
		}
		return f
	}
	movements := d.Judge.Evidence.Movements()
	if d.rowsMissing && movements == nil {
		movements = &step.Gap{Code: finding.PartialRecords, Record: record.Movements, Why: "the chain of balances shows that rows are missing"}
	}
	earliest := record.Time{}
	if d.Set.Crowd.Len() > 0 {
		earliest = d.Set.Crowd.At(0).At
	}
	var rows []*trace.Posting
	for _, p := range d.Set.Unlinked {
		if p.Status.Counts() && d.onLiability(p) && d.Case.Window.Has(p.Dated) && !d.claimed[p] && p.Amount != 0 && d.cardRow(p) {
			rows = append(rows, p)
		}
	}
	rows = append(d.cancelled(rows), d.astray(rows)...)
	var strayOf func(p *trace.Posting) bool
	for _, p := range rows {
		switch {
		case !d.onLiability(p) && (opening(p) || movements != nil || p.From == record.ByHand || d.rejected(p) || d.damagedRow(p)):
			// what stands on another account needs no explanation
		case opening(p):
			put(finding.OpeningBalance, p)
		case d.rejected(p):
			d.hide(put(finding.UnreadableRows, p))
		case d.damagedRow(p):
			f := put(finding.DamagedIDs, p)
			f.System = d.systemName(int(p.System))
			d.hide(f)
		case movements != nil:
			f := put(finding.UnidentifiedPosting, p)
			f.Settle = movements.Settle
			d.hide(f)
		case p.From == record.ByHand:
			put(finding.ManualEntry, p)
		case d.beforeHistory(p, earliest):
			f := put(finding.UnidentifiedPosting, p)
			f.Settle = "the card ledger of the days before the window"
			if d.onLiability(p) {
				d.hide(f)
			}
		case p.From == record.FromIntegration || p.Ref != "" || p.Order != "" || p.Refund != "" || p.Card != "" || p.Kind != record.NoKind && p.Kind != record.Other:
			if strayOf == nil {
				strayOf = d.strayOf()
			}
			s := step.Arrive
			if strayOf(p) {
				s = step.Forward
			}
			k := finding.Orphan
			f := byCode[finding.Code(fmt.Sprint(k, s))]
			if f == nil {
				f = d.add(k)
				f.Step = s
				byCode[finding.Code(fmt.Sprint(k, s))] = f
			}
			f.Postings = append(f.Postings, p)
			if d.onLiability(p) {
				f.Drift.Add(p.Currency, p.Amount)
			}
		default:
			d.hide(put(finding.UnidentifiedPosting, p))
		}
	}
	for _, f := range d.Findings {
		slices.SortStableFunc(f.Postings, func(a, b *trace.Posting) int { return a.Dated.Compare(b.Dated) })
	}
}

// astray are the rows on other accounts that name an event of a card's kind which
// nobody knows: the feed made them as well. The counter-entry of a row that is
// looked at anyway, and rows that take each other back, are none.
func (d *Diagnosis) astray(looked []*trace.Posting) []*trace.Posting {
	if !d.Judge.Evidence.AccountsKnown {
		return nil
	}
	times := map[string]int{}
	for _, p := range looked {
		for _, id := range [...]string{p.Ref, p.Document} {
			times[ident.Key(id)] += 2
		}
	}
	var rows, out []*trace.Posting
	for _, p := range d.Set.Unlinked {
		if p.Status.Counts() && p.Account != "" && !d.onLiability(p) && d.Case.Window.Has(p.Dated) && !d.claimed[p] && p.Amount != 0 &&
			p.Ref != "" && p.Kind != record.NoKind && p.Kind != record.Other {
			rows = append(rows, p)
			times[ident.Key(p.Ref)]++
		}
	}
	for _, p := range rows {
		if times[ident.Key(p.Ref)] == 1 && (p.Document == "" || times[ident.Key(p.Document)] == 0) {
			out = append(out, p)
		}
	}
	return out
}

// cardRow reports whether a row is about cards at all where no account tells:
// lines of kind other are merchandise as likely as not.
func (d *Diagnosis) cardRow(p *trace.Posting) bool {
	return d.Judge.Evidence.AccountsKnown || p.Kind != record.Other && p.Kind != record.NoKind
}

// hide notes a gap that could hide a fault.
func (d *Diagnosis) hide(f *Finding) {
	if d.hidden == nil {
		d.hidden = map[*Finding]bool{}
	}
	d.hidden[f] = true
}

// cancelled drops pairs of rows that take each other back: opposite amounts
// under one document, reference or card.
func (d *Diagnosis) cancelled(rows []*trace.Posting) []*trace.Posting {
	type key struct {
		id string
		c  money.Currency
		a  money.Amount
	}
	open := map[key][]int{}
	gone := map[int]bool{}
	for i, p := range rows {
		for _, id := range []string{p.Ref, p.Document, p.Order, p.Card} {
			k := ident.Key(id)
			if k == "" || gone[i] {
				continue
			}
			if js := open[key{k, p.Currency, -p.Amount}]; len(js) > 0 && !gone[js[0]] {
				gone[i], gone[js[0]] = true, true
				open[key{k, p.Currency, -p.Amount}] = js[1:]
				break
			}
			open[key{k, p.Currency, p.Amount}] = append(open[key{k, p.Currency, p.Amount}], i)
		}
	}
	var out []*trace.Posting
	var f *Finding
	for i, p := range rows {
		if !gone[i] {
			out = append(out, p)
			continue
		}
		if f == nil {
			f = d.add(finding.Netted)
		}
		f.Postings = append(f.Postings, p)
		f.Drift.Add(p.Currency, p.Amount)
	}
	return out
}

func opening(p *trace.Posting) bool {
	return isOneOf(p.Type+" "+p.Memo+" "+p.Document, []string{"openingbalance", "openingentry", "balanceforward", "carriedforward", "cutover", "eroffnungsbilanz", "anfangsbestand"})
}

// rejected reports whether a row names a movement that could not be read.
func (d *Diagnosis) rejected(p *trace.Posting) bool {
	if d.unread == nil {
		d.unread = map[string]bool{}
		for _, r := range d.Case.Rejects {
			if r.Record != record.Movements {
				continue
			}
			if len(r.Keys) == 0 {
				d.unnamed = true
			}
			for _, k := range r.Keys {
				d.unread[ident.Key(k)] = true
			}
		}
	}
	return d.unnamed || slices.ContainsFunc([]string{p.Ref, p.Order, p.Refund, p.Card}, func(id string) bool { return id != "" && d.unread[ident.Key(id)] })
}

func (d *Diagnosis) damagedRow(p *trace.Posting) bool {
	if d.damaged == nil {
		d.damaged = map[string]bool{}
		for i := range d.Case.Systems {
			for _, r := range d.Case.Systems[i].Reads {
				for _, x := range r.Damaged {
					for _, v := range x.Values {
						d.damaged[v] = true
					}
				}
			}
		}
	}
	for _, id := range []string{p.Ref, p.Order, p.Refund, p.Card} {
		if id != "" && d.damaged[id] {
			return true
		}
	}
	return false
}

// beforeHistory reports whether a row may belong to an event before the first
// readable one: it is dated within the grace period and a day of the window's
// start, and the card ledger does not reach back before it.
func (d *Diagnosis) beforeHistory(p *trace.Posting, earliest record.Time) bool {
	edge := d.Case.Window.Since
	if earliest.Known() && earliest.Earliest().Before(edge) {
		return false
	}
	return p.Dated.Earliest().Before(edge.Add(d.Case.Policy.Grace + 24*time.Hour))
}

// strayOf tells of rows whether the integration's log holds a delivery of an unknown
// event that led to them.
func (d *Diagnosis) strayOf() func(p *trace.Posting) bool {
	named, made := map[string]bool{}, map[string]bool{} // by the delivery: the event, the row
	for _, s := range d.Set.Strays {
		for _, id := range [...]string{s.Event, s.ID, s.Notification, s.Refund} {
			named[ident.Key(id)] = true
		}
		made[ident.Key(s.ERPRef)] = true
	}
	delete(named, "")
	delete(made, "")
	return func(p *trace.Posting) bool {
		return named[ident.Key(p.Ref)] || named[ident.Key(p.Refund)] || made[ident.Key(p.ID)] || made[ident.Key(p.Document)]
	}
}

// notes makes findings of lawful oddities, of what is in flight, and of dates
// that fall on two sides of the window's edge.
func (d *Diagnosis) notes() {
	byCode := map[finding.Code]*Finding{}
	put := func(code finding.Code, v *step.Verdict) {
		f := byCode[code]
		if f == nil {
			f = d.add(code)
			byCode[code] = f
		}
		f.Roots = append(f.Roots, v)
		if owner := &d.owner[v.Event.Place()]; *owner == nil {
			*owner = f
		}
	}
	for _, v := range d.Verdicts {
		if v.Event.Scope == trace.OutsideWindow {
			if d.late(v) {
				put(finding.Late, v)
			}
			continue
		}
		switch v.Event.Scope {
		case trace.Promotional, trace.Loyalty, trace.OtherEntity:
			put(finding.ScopeExcluded, v)
		}
		if v.Event.Scope != trace.Countable {
			continue
		}
		switch v.Status {
		case step.InFlight:
			put(finding.InFlight, v)
		case step.Pass:
			for code := range v.Notes.All {
				put(code, v)
			}
			if d.late(v) {
				put(finding.Late, v)
			} else if d.shifted(v) {
				put(finding.ShiftedDate, v)
			}
		}
	}
}

// late reports whether an event and its row lie on two sides of the window's edge.
// A bare day that holds the event's own moment lies on the same side.
func (d *Diagnosis) late(v *step.Verdict) bool {
	p := v.Books.Row
	if p == nil || v.Books.Stance == step.Nowhere || !p.Dated.Known() || !p.Dated.Exact() && p.Dated.Apart(v.Event.Movement.At) == 0 {
		return false
	}
	return d.Case.Window.Has(v.Event.Movement.At) != d.Case.Window.Has(p.Dated)
}

// shifted reports whether a row bears another date than its event has in the
// ERP's calendar.
func (d *Diagnosis) shifted(v *step.Verdict) bool {
	p, at := v.Books.Row, v.Event.Movement.At
	if p == nil || v.Event.Batch != nil || !at.Exact() || !p.Dated.Known() || p.Dated.Exact() {
		return false
	}
	gap := p.Dated.Apart(at)
	return gap > 0 && gap < 24*time.Hour
}
