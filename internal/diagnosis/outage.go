package diagnosis

import (
	"math"
	"slices"
	"time"

	"gcdiag/internal/finding"
	"gcdiag/internal/record"
	"gcdiag/internal/step"
	"gcdiag/internal/trace"
)

// Change is the stretch within which a failure rate differs from the rest.
type Change struct {
	Since, Until                                 record.Time // Until unknown: to the end of the data
	FailedBefore, OfBefore, FailedAfter, OfAfter int
}

// outages finds stretches in which nothing of a kind (or nothing at all) came
// through, and makes the losses in them one outage. A stretch counts if it is
// too long to be chance given the losses elsewhere, or if a subscription's own
// history shows it.
func (d *Diagnosis) outages() {
	for _, code := range []finding.Code{finding.NotReceived, finding.Failed, finding.Held, finding.Filtered} {
		var lost []*step.Verdict
		for _, v := range d.Verdicts {
			if v.Status == step.Fail && v.Step == step.Forward && v.Code == code {
				lost = append(lost, v)
			}
		}
		least := 3
		if code != finding.NotReceived {
			least = 4
		}
		if len(lost) < least && !d.subscriptionsBroke() || len(lost) == 0 {
			continue
		}
		if d.daily(code, lost) {
			continue
		}
		for _, scope := range scopes {
			for _, run := range d.runs(code, scope, least) {
				for _, v := range run {
					v.Code = finding.Outage
					c := ""
					if code != finding.NotReceived {
						c = v.Cause.Value
					}
					v.Cause = step.Cause{What: "outage", Value: c}
				}
			}
		}
		if code == finding.NotReceived {
			d.configuredOutages()
		}
	}
}

// scopes are the classes of events that one subscription, flow or route serves.
var scopes = []func(*trace.Event) string{
	func(*trace.Event) string { return "" },
	func(e *trace.Event) string { return e.Movement.Kind.String() },
	func(e *trace.Event) string { return e.Movement.Kind.String() + "/" + record.Fold(e.Movement.Origin) },
	func(e *trace.Event) string { return e.Movement.Channel },
}

// runs lists the stretches of losses of a code within each class of a scope.
func (d *Diagnosis) runs(code finding.Code, scope func(*trace.Event) string, least int) [][]*step.Verdict {
	classes := map[string][]*step.Verdict{}
	var order []string
	for _, v := range d.Verdicts {
		if v.Event.Scope != trace.Countable || v.Event.Net != nil && v.Status == step.Pass && v.Books.Stance == step.Nowhere {
			continue
		}
		switch {
		case v.Status == step.Inconclusive || v.Status == step.InFlight || v.Step == step.Emit || len(v.Undetermined) > 0:
			continue
		}
		k := scope(v.Event)
		if classes[k] == nil {
			order = append(order, k)
		}
		classes[k] = append(classes[k], v)
	}
	var out [][]*step.Verdict
	for _, k := range order {
		seq := classes[k]
		is := func(v *step.Verdict) bool { return v.Status == step.Fail && v.Step == step.Forward && v.Code == code }
		losses, outages := 0, 0
		for _, v := range seq {
			if is(v) {
				losses++
			}
			if v.Status == step.Fail && v.Code == finding.Outage {
				outages++
			}
		}
		n := len(seq) - outages
		for i := 0; i < len(seq); {
			if !is(seq[i]) {
				i++
				continue
			}
			j := i
			for j < len(seq) && is(seq[j]) {
				j++
			}
			if unlikely(j-i, losses, n) && j-i >= least {
				out = append(out, seq[i:j])
			}
			i = j
		}
	}
	return out
}

// unlikely reports whether a run of k losses among n events is too long to be
// chance, given the losses outside the run.
func unlikely(k, losses, n int) bool {
	if n-k < 4 {
		return false // never healthy: not an interruption
	}
	p := float64(losses-k+1) / float64(n-k+2)
	return float64(n)*math.Pow(p, float64(k)) < 0.01
}

// daily reports whether losses recur on several days in one band of hours, or
// in many short bursts: patterns of a polling window or a page size, no interruption.
func (d *Diagnosis) daily(code finding.Code, lost []*step.Verdict) bool {
	if _, ok := d.hourBand(lost); ok {
		return true
	}
	return false
}

// band is a stretch of local hours, to excluded, that may cross midnight.
type band struct{ from, to int }

// hourBand finds the band of at most twelve hours that holds all failing events,
// on at least three days, and none of the others of the same kinds.
func (d *Diagnosis) hourBand(lost []*step.Verdict) (band, bool) {
	if len(lost) < 4 {
		return band{}, false
	}
	var bad, good [24]int
	days := map[string]bool{}
	set := map[*step.Verdict]bool{}
	kinds := map[record.Kind]bool{}
	for _, v := range lost {
		if !v.Event.Movement.At.Exact() {
			return band{}, false
		}
		t := d.local(v.Event.Movement.At)
		bad[t.Hour()]++
		days[t.Format("2006-01-02")] = true
		set[v] = true
		kinds[v.Event.Movement.Kind] = true
	}
	others := 0
	for _, v := range d.Verdicts {
		if v.Event.Scope == trace.Countable && !set[v] && kinds[v.Event.Movement.Kind] && v.Step != step.Emit && v.Event.Movement.At.Exact() {
			good[d.local(v.Event.Movement.At).Hour()]++
			others++
		}
	}
	if len(days) < 3 || others < 4 {
		return band{}, false
	}
	best, found := band{}, false
	for from := range 24 {
		if bad[from] == 0 {
			continue
		}
		in, clean, last := 0, true, 0
		for h := range 12 {
			x := (from + h) % 24
			if bad[x] > 0 {
				if good[x] > 0 {
					clean = false
				}
				last = h
			}
			in += bad[x]
		}
		if in != len(lost) || !clean {
			continue
		}
		for h := range last + 1 {
			if good[(from+h)%24] > 0 {
				clean = false
			}
		}
		if clean {
			best, found = band{from, (from + last + 1) % 24}, true
		}
	}
	return best, found
}

func (d *Diagnosis) local(t record.Time) time.Time { return t.Earliest().In(d.Case.Zone) }

// subscriptionsBroke reports whether any subscription's history shows that it
// was removed, switched off or made anew.
func (d *Diagnosis) subscriptionsBroke() bool {
	for s := range d.Case.Subscriptions.All() {
		if s.RemovedAt.Known() || s.Active == record.No {
			return true
		}
	}
	return false
}

// configuredOutages makes losses an outage that lie between the end and the
// renewal of the subscription that served them, where it had worked before.
func (d *Diagnosis) configuredOutages() {
	for s := range d.Case.Subscriptions.All() {
		if s.Kinds == 0 {
			continue
		}
		from := s.RemovedAt
		if !from.Known() && s.Active == record.No {
			from = s.LastSuccessAt
		}
		if !from.Known() {
			continue
		}
		until := record.Time{}
		for r := range d.Case.Subscriptions.All() {
			if r != s && r.Active != record.No && r.Kinds == s.Kinds && r.CreatedAt.Known() && r.CreatedAt.Compare(from) > 0 && (!until.Known() || r.CreatedAt.Compare(until) < 0) {
				until = r.CreatedAt
			}
		}
		worked, leaked := 0, 0
		var in []*step.Verdict
		for _, v := range d.Verdicts {
			if v.Event.Scope != trace.Countable || !s.Kinds.Has(v.Event.Movement.Kind) || v.Step == step.Emit {
				continue
			}
			at := v.Event.Movement.At
			inside := at.Earliest().After(from.Latest()) && (!until.Known() || at.Latest().Before(until.Earliest()))
			lost := v.Status == step.Fail && (v.Code == finding.NotReceived || v.Code == finding.Outage)
			switch {
			case !inside && len(v.Event.Deliveries) > 0 && !at.Earliest().After(from.Latest()):
				worked++
			case inside && lost:
				in = append(in, v)
			case inside && len(v.Event.Deliveries) > 0:
				leaked++
			}
		}
		if worked == 0 || leaked > 0 {
			continue
		}
		for _, v := range in {
			v.Code = finding.Outage
			v.Cause = step.Cause{What: "outage"}
		}
	}
}

// changePoint is since when (and until when) the roots of a finding fail, with
// counts, where that can be told from the kinds they belong to. Nil where a
// difference could be chance.
func (d *Diagnosis) changePoint(f *Finding) *Change {
	if len(f.Roots) < 3 {
		return nil
	}
	kinds := map[record.Kind]bool{}
	root := map[*step.Verdict]bool{}
	for _, v := range f.Roots {
		kinds[v.Event.Movement.Kind] = true
		root[v] = true
	}
	first, last := f.Roots[0].Event.Movement.At, f.Roots[len(f.Roots)-1].Event.Movement.At
	c := &Change{Since: first}
	after := 0
	for _, v := range d.Verdicts {
		e := v.Event
		if e.Scope != trace.Countable || !kinds[e.Movement.Kind] {
			continue
		}
		at := e.Movement.At
		switch {
		case at.Compare(first) < 0:
			c.OfBefore++
		case at.Compare(last) > 0:
			after++
		default:
			c.OfAfter++
			if root[v] {
				c.FailedAfter++
			}
		}
	}
	if after >= 3 {
		c.Until = last
	}
	// the chance that a constant rate leaves the time before without a failure
	rate := float64(c.FailedAfter) / float64(c.OfAfter+c.OfBefore)
	if c.OfBefore < 3 || math.Pow(1-rate, float64(c.OfBefore)) > 0.02 {
		return nil
	}
	return c
}

func keysOf(m map[string]int) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
