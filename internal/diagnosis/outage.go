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
// history shows it. Losses that an attribute or an hour of the day explains are
// no outage, however many of them stand in a row.
func (d *Diagnosis) outages() {
	type group struct {
		code  finding.Code
		cause step.Cause
	}
	groups := map[group][]*step.Verdict{}
	var order []group
	for _, v := range d.Verdicts {
		if !isLoss(v) {
			continue
		}
		g := group{v.Code, v.Cause}
		if groups[g] == nil {
			order = append(order, g)
		}
		groups[g] = append(groups[g], v)
	}
	for _, g := range order {
		if d.ended() {
			return
		}
		lost := groups[g]
		least := 4
		if g.code == finding.NotReceived {
			least = 3
		}
		if len(lost) < least {
			continue
		}
		in := d.mark(lost)
		if d.separated(lost, in) {
			continue
		}
		if _, daily := d.hourBand(lost, in); daily {
			continue
		}
		for scope := range scopes {
			for _, run := range d.runs(in, scope, least, scope >= 2) {
				for _, v := range run {
					v.Code = finding.Outage
					v.Cause = step.Cause{What: "outage", Value: g.cause.Value}
				}
			}
		}
	}
	d.configuredOutages()
	d.classes = nil
}

// isLoss reports whether an event did not come through the integration, as it would
// in an outage.
func isLoss(v *step.Verdict) bool {
	if v.Status != step.Fail || v.Step != step.Forward {
		return false
	}
	switch v.Code {
	case finding.NotReceived, finding.Failed, finding.Held, finding.Filtered:
		return true
	}
	return false
}

// scopeKey is what the events of one class have in common.
type scopeKey struct {
	kind            record.Kind
	origin, channel string
}

// scopes are the classes of events that may be interrupted together: all, those
// of a kind (one subscription), and, only if they were well again afterwards,
// those of a kind and origin or of a channel.
var scopes = []func(*trace.Movement) scopeKey{
	func(*trace.Movement) scopeKey { return scopeKey{} },
	func(m *trace.Movement) scopeKey { return scopeKey{kind: m.Kind} },
	func(m *trace.Movement) scopeKey { return scopeKey{kind: m.Kind, origin: m.Origin} },
	func(m *trace.Movement) scopeKey { return scopeKey{channel: m.Channel} },
}

// separated reports whether some attribute other than the kind explains a group
// of losses: all have it, and from the first loss to the last hardly any event
// of these kinds with it came through, while others without it did.
func (d *Diagnosis) separated(lost []*step.Verdict, in marks) bool {
	var kinds record.Kinds
	for _, v := range lost {
		kinds = kinds.With(v.Event.Movement.Kind)
	}
	common := slices.DeleteFunc(d.common(lost, step.Forward, 0), func(c commonTrait) bool { return c.name == "kind" })
	if len(common) == 0 {
		return false
	}
	first, last := lost[0].Event.Movement.At, lost[len(lost)-1].Event.Movement.At
	with, all := make([]int, len(common)), 0
	events := make([]int, len(d.Verdicts)) // of the stretch, by the verdict that stands for them
	for _, m := range d.Set.Crowd.From(d.Set.Crowd.Since(first)) {
		if m.At.Compare(last) > 0 {
			break
		}
		events[m.Place]++
	}
	for who, n := range events {
		v := d.Verdicts[who]
		if n == 0 || in[who] || !kinds.Has(v.Event.Movement.Kind) || !d.streamed(v) || v.Status == step.Fail && v.Step == step.Forward {
			continue
		}
		all += n
		for i, c := range common {
			if c.of(d, v) == c.value {
				with[i] += n
			}
		}
	}
	return slices.ContainsFunc(with, func(n int) bool { return n*10 <= len(lost) && all-n >= 2 })
}

// streamed reports whether an event is one that the integration should have got
// by itself, and about which it is known whether it did.
func (d *Diagnosis) streamed(v *step.Verdict) bool {
	if v.Event.Scope != trace.Countable || v.Status == step.Inconclusive || v.Status == step.InFlight || v.Step == step.Emit || v.Between {
		return false
	}
	switch d.Judge.Evidence.Feed(v.Event.Movement) {
	case record.ViaNone, record.ViaManual, record.ViaBatch, record.ViaReport:
		return false
	}
	if v.Event.Net != nil && v.Books.Stance == step.Nowhere && len(v.Event.Deliveries) == 0 {
		return false
	}
	return true
}

// class is what a scope holds together: the events that the integration should
// have got.
type class struct {
	size   int
	losses []loss // in event order
}

// loss is an event of a class that did not come through, and its place there.
type loss struct {
	*step.Verdict
	place int
}

// classesOf lists the classes of a scope. They are made once, in one pass over all
// events, and serve every group of losses.
func (d *Diagnosis) classesOf(scope int) []class {
	if d.classes != nil {
		return d.classes[scope]
	}
	d.classes = make([][]class, len(scopes))
	of := make([][]int32, len(scopes)) // by scope and verdict: its class, -1: none
	lost := make(marks, len(d.Verdicts))
	streamed := make(marks, len(d.Verdicts))
	for who, v := range d.Verdicts {
		lost[who], streamed[who] = isLoss(v), d.streamed(v)
	}
	for i, key := range scopes {
		known := map[scopeKey]int32{} // as written, and with the origin folded
		of[i] = make([]int32, len(d.Verdicts))
		for who, v := range d.Verdicts {
			of[i][who] = -1
			if !streamed[who] {
				continue
			}
			k := key(v.Event.Movement)
			n, ok := known[k]
			if !ok {
				folded := k
				folded.origin = record.Fold(k.origin)
				if n, ok = known[folded]; !ok {
					n = int32(len(d.classes[i]))
					d.classes[i] = append(d.classes[i], class{})
					known[folded] = n
				}
				known[k] = n
			}
			of[i][who] = n
		}
	}
	for _, m := range d.Set.Crowd.All {
		for i := range scopes {
			n := of[i][m.Place]
			if n < 0 {
				continue
			}
			c := &d.classes[i][n]
			if lost[m.Place] {
				c.losses = append(c.losses, loss{d.Verdicts[m.Place], c.size})
			}
			c.size++
		}
	}
	return d.classes[scope]
}

// runs lists the stretches of losses of a group within each class of a scope; with
// both, only those that have healthy events of the class on both sides. Another
// group's losses count as healthy, unless they are an interruption: those are passed
// over.
func (d *Diagnosis) runs(group marks, scope, least int, both bool) [][]*step.Verdict {
	var out [][]*step.Verdict
	for _, c := range d.classesOf(scope) {
		n, losses := c.size, 0
		for _, l := range c.losses {
			switch {
			case group.has(l.Verdict):
				losses++
			case l.Code == finding.Outage:
				n--
			}
		}
		if losses < least {
			continue
		}
		var run []*step.Verdict
		seen, over := 0, 0 // events up to the end of the run; passed over until now
		end := func() {
			if k := len(run); k >= least && unlikely(k, losses, n) && (!both || seen-k >= 2 && n-seen >= 2) {
				out = append(out, run)
				run = nil
			}
			run = run[:0]
		}
		for _, l := range c.losses {
			switch {
			case group.has(l.Verdict):
				if l.place-over > seen {
					end()
				}
				run = append(run, l.Verdict)
				seen = l.place - over + 1
			case l.Code == finding.Outage:
				over++
			}
		}
		end()
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

// band is a stretch of local hours, to excluded, that may cross midnight.
type band struct{ from, to int }

// hourBand finds the band of at most twelve hours that holds all failing events,
// on at least three days, and none of the others of the same kinds.
func (d *Diagnosis) hourBand(lost []*step.Verdict, in marks) (band, bool) {
	if len(lost) < 4 {
		return band{}, false
	}
	var bad, good [24]int
	type day struct{ year, day int }
	days := map[day]bool{}
	var kinds record.Kinds
	for _, v := range lost {
		if !v.Event.Movement.At.Exact() {
			return band{}, false
		}
		t := d.local(v.Event.Movement.At)
		bad[t.Hour()]++
		if len(days) < 3 {
			days[day{t.Year(), t.YearDay()}] = true
		}
		kinds = kinds.With(v.Event.Movement.Kind)
	}
	empty := 0 // the longest stretch of hours without a loss, around the clock
	for h, n := 0, 0; h < 48; h++ {
		if n++; bad[h%24] > 0 {
			n = 0
		}
		empty = max(empty, n)
	}
	if len(days) < 3 || empty < 12 {
		return band{}, false
	}
	others := 0
	for _, m := range d.Set.Crowd.All {
		if m.Countable && kinds.Has(m.Kind) && !in[m.Place] && d.Verdicts[m.Place].Step != step.Emit && m.At.Exact() {
			good[d.local(m.At).Hour()]++
			others++
		}
	}
	if others < 4 {
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
		for i, m := range d.Set.Crowd.All {
			if i%(64*portion) == 0 && d.ended() {
				return
			}
			v, at := d.Verdicts[m.Place], m.At
			if !m.Countable || !s.Kinds.Has(m.Kind) || v.Step == step.Emit {
				continue
			}
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
	var kinds record.Kinds
	for _, v := range f.Roots {
		kinds = kinds.With(v.Event.Movement.Kind)
	}
	first, last := f.Roots[0].Event.Movement.At, f.Roots[len(f.Roots)-1].Event.Movement.At
	c := &Change{Since: first}
	crowd := d.Set.Crowd
	until := crowd.Counted(kinds, crowd.After(last))
	c.OfBefore = crowd.Counted(kinds, crowd.Since(first))
	c.OfAfter = until - c.OfBefore
	after := crowd.Counted(kinds, crowd.Len()) - until
	for _, v := range f.Roots {
		if v.Event.Scope == trace.Countable {
			c.FailedAfter++
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
