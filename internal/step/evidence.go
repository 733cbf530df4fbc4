package step

import (
	"fmt"
	"time"

	"gcdiag/internal/casefile"
	"gcdiag/internal/finding"
	"gcdiag/internal/ident"
	"gcdiag/internal/money"
	"gcdiag/internal/record"
	"gcdiag/internal/trace"
)

// Gap is why silence proves nothing, and what would settle it.
type Gap struct {
	Code   finding.Code
	System string // the connector's name, "" where the role has none
	Record record.Type
	Why    string
	Settle string
	// Damaged identifiers and rejects are gaps for single events, the rest for
	// all events of a stretch.
	Single bool
}

// Evidence answers what may be concluded from silence: whether an event that a
// system does not show is one that the system does not have.
type Evidence struct {
	set      *trace.Set
	platform []*source
	log      []*source
	books    []*source

	// AccountsKnown reports whether any posting names its account; without,
	// step 4 can't be checked.
	AccountsKnown bool
	rejects       map[record.Type]*rejects
	known         map[string]bool // identifiers of events, once asked for
	failuresLog   map[int]bool    // systems whose log shows failures only
}

// source is one record type of one system.
type source struct {
	index int
	sys   *casefile.System
	read  casefile.Read
	// cut is the moment beyond which a capped list ends, with its sense.
	cut      time.Time
	cutAfter bool // silence after cut proves nothing; else before it
	capped   bool
	flows    []*record.Flow
	damaged  []damagedRow

	rows        int // where they were counted; see findCaps
	first, last record.Time
}

// see counts a row.
func (s *source) see(t record.Time) {
	s.rows++
	if !t.Known() {
		return
	}
	if !s.first.Known() || t.Compare(s.first) < 0 {
		s.first = t
	}
	if t.Compare(s.last) > 0 {
		s.last = t
	}
}

type damagedRow struct {
	kind   record.Kind
	amount money.Opt
}

// rejects are the unreadable rows of one record type: those that name an event,
// by any of its identifiers, and the times of those that name none.
type rejects struct {
	keys     map[string]bool
	nameless []record.Time
}

func newEvidence(set *trace.Set) *Evidence {
	v := &Evidence{set: set, rejects: map[record.Type]*rejects{}, failuresLog: map[int]bool{}}
	c := set.Case
	for i := range c.Systems {
		sys := &c.Systems[i]
		switch sys.Role {
		case record.Platform:
			v.platform = append(v.platform, &source{index: i, sys: sys, read: sys.Read(record.Movements)})
		case record.Integration:
			v.log = append(v.log, &source{index: i, sys: sys, read: sys.Read(record.Deliveries)})
		case record.ERP:
			v.books = append(v.books, &source{index: i, sys: sys, read: sys.Read(record.Postings)})
		}
	}
	for f := range c.Flows.All() {
		for _, s := range v.log {
			if s.index == int(f.System) {
				s.flows = append(s.flows, f)
			}
		}
	}
	for _, r := range c.Rejects {
		x := v.rejects[r.Record]
		if x == nil {
			x = &rejects{keys: map[string]bool{}}
			v.rejects[r.Record] = x
		}
		names := false
		for _, k := range r.Keys {
			if k = ident.Key(k); v.names(k) {
				x.keys[k] = true
				names = true
			}
		}
		if !names {
			x.nameless = append(x.nameless, r.At)
		}
	}
	for p := range c.Postings.Pass() {
		if p.Account != "" {
			v.AccountsKnown = true
			break
		}
	}
	v.findCaps()
	v.findFailureLogs()
	v.findDamage()
	return v
}

// names reports whether an identifier is one of an event's.
func (v *Evidence) names(key string) bool {
	if v.known == nil {
		v.known = map[string]bool{}
		for _, e := range v.set.Events {
			m := e.Movement
			for _, id := range []string{m.ID, m.Order, m.Refund, m.Card} {
				v.known[ident.Key(id)] = true
			}
		}
	}
	return key != "" && v.known[key]
}

// rejectFits reports whether an unreadable row that names no event can be one's
// by its time: from a day before it to so much after it as a row may be late.
func (v *Evidence) rejectFits(row record.Time, e *trace.Event) bool {
	if !row.Known() {
		return true
	}
	at := e.Movement.At
	return !row.Latest().Before(at.Earliest().Add(-24*time.Hour)) && !row.Earliest().After(at.Latest().Add(v.set.Case.Policy.Grace+24*time.Hour))
}

// findCaps looks for lists that end too early: a stated cap that was reached, or
// a suspiciously round count with everything unmatched beyond its edge.
func (v *Evidence) findCaps() {
	c := v.set.Case
	if mayBeCut(v.log, c.Deliveries.Len()) {
		for d := range c.Deliveries.Pass() {
			if s := at(v.log, d.System); s != nil {
				s.see(d.ReceivedAt)
			}
		}
	}
	if mayBeCut(v.books, c.Postings.Len()) {
		for p := range c.Postings.Pass() {
			if s := at(v.books, p.System); s != nil {
				s.see(p.When())
			}
		}
	}
	switch cut := mayBeCut(v.platform, c.Movements.Len()); {
	case cut && len(v.platform) > 1:
		for m := range c.Movements.Pass() {
			if s := at(v.platform, m.System); s != nil {
				s.see(m.At)
			}
		}
	case cut:
		for t := range v.moments {
			v.platform[0].see(t)
		}
	}
	for _, list := range [][]*source{v.platform, v.log, v.books} {
		for _, s := range list {
			n := s.rows
			stated := s.read.Cap > 0 && n >= s.read.Cap
			if s.read.Stated == casefile.Complete && !stated || !stated && !round(n) || !s.first.Known() {
				continue
			}
			after, before, inside := 0, 0, 0
			if s.sys.Role != record.Platform {
				for _, e := range v.set.Events {
					missing := len(e.Postings) == 0 && e.Batch == nil
					if s.sys.Role == record.Integration {
						missing = len(e.Deliveries) == 0
					}
					if e.Scope != trace.Countable || !missing {
						continue
					}
					switch at := e.Movement.At; {
					case at.Latest().Add(c.Policy.Grace).After(s.last.Latest()):
						after++
					case at.Latest().Before(s.first.Earliest()):
						before++
					default:
						inside++
					}
				}
			} else {
				for _, p := range v.set.Unlinked {
					switch t := p.When(); {
					case t.Earliest().After(s.last.Latest()):
						after++
					case t.Latest().Before(s.first.Earliest()):
						before++
					default:
						inside++
					}
				}
			}
			switch {
			case !stated && (inside > 0 || after+before < 2 || after > 0 && before > 0):
			case before > after:
				s.capped, s.cut, s.cutAfter = true, s.first.Earliest(), false
			case stated || after > 0:
				s.capped, s.cutAfter = true, true
				if s.cut = s.last.Latest(); s.sys.Role != record.Platform {
					s.cut = s.cut.Add(-c.Policy.Grace) // a row may come so much after its event
				}
			}
		}
	}
}

// moments yields when each movement happened.
func (v *Evidence) moments(yield func(record.Time) bool) {
	for _, x := range v.set.Crowd.All {
		if !yield(x.At) {
			return
		}
	}
}

// mayBeCut reports whether a list of so many rows, that of one system or of
// several, can be one that ends too early.
func mayBeCut(list []*source, rows int) bool {
	if len(list) != 1 {
		return len(list) > 1
	}
	limit := list[0].read.Cap
	return limit > 0 && rows >= limit || round(rows)
}

// round reports whether a row count is one at which exports and pages end.
func round(n int) bool {
	for _, c := range []int{50, 100, 200, 250, 500, 1000, 2000, 2500, 5000, 10000, 20000, 25000, 50000, 65535, 65536, 100000, 1000000, 1048575} {
		if n == c {
			return true
		}
	}
	return false
}

// findFailureLogs looks for logs that keep only failures: said by a flow, or
// shown by a log without one success while the books are full of events it never mentions.
func (v *Evidence) findFailureLogs() {
	good, bad := map[int]int{}, map[int]int{}
	for d := range v.set.Case.Deliveries.Pass() {
		if len(good) == len(v.log) {
			break // no log is without a success
		}
		if at(v.log, d.System) == nil {
			continue
		}
		switch d.Outcome {
		case record.Failed, record.DeadLettered, record.RejectedByERP:
			bad[int(d.System)]++
		default:
			good[int(d.System)]++
		}
	}
	booked := 0
	for _, e := range v.set.Events {
		if e.Scope == trace.Countable && len(e.Deliveries) == 0 && len(e.Postings) > 0 {
			booked++
		}
	}
	for _, s := range v.log {
		said := len(s.flows) > 0
		for _, f := range s.flows {
			said = said && f.Log == record.LogFailures
		}
		shown := s.read.Stated != casefile.Complete && good[s.index] == 0 && bad[s.index] > 0 && booked > bad[s.index]
		v.failuresLog[s.index] = said || shown
	}
}

// findDamage collects rows whose identifiers a spreadsheet has destroyed.
func (v *Evidence) findDamage() {
	values := map[int]map[string]bool{}
	for i := range v.set.Case.Systems {
		for _, r := range v.set.Case.Systems[i].Reads {
			for _, d := range r.Damaged {
				for _, x := range d.Values {
					if values[i] == nil {
						values[i] = map[string]bool{}
					}
					values[i][x] = true
				}
			}
		}
	}
	if len(values) == 0 {
		return
	}
	for _, p := range v.set.Unlinked {
		if bad := values[int(p.System)]; bad[p.Ref] || bad[p.Order] || bad[p.Card] || bad[p.Refund] {
			if s := at(v.books, p.System); s != nil {
				s.damaged = append(s.damaged, damagedRow{p.Kind, money.Some(p.Amount)})
			}
		}
	}
	for _, d := range v.set.Strays {
		if bad := values[int(d.System)]; bad[d.Event] || bad[d.Order] || bad[d.Card] || bad[d.Refund] {
			if s := at(v.log, d.System); s != nil {
				s.damaged = append(s.damaged, damagedRow{d.Kind, d.Amount})
			}
		}
	}
}

func at(list []*source, system uint16) *source {
	for _, s := range list {
		if s.index == int(system) {
			return s
		}
	}
	return nil
}

// Roles reports which roles have a connector.
func (v *Evidence) Roles() (platform, integration, erp bool) {
	return len(v.platform) > 0, len(v.log) > 0, len(v.books) > 0
}

// Log is nil where the absence of a delivery proves that the integration did
// not get the event, else the gap that forbids the conclusion.
func (v *Evidence) Log(e *trace.Event) *Gap {
	if len(v.log) == 0 {
		return &Gap{Code: finding.NoRecords, Record: record.Deliveries, Why: "no integration system was given",
			Settle: "the delivery log of whatever carries events from the shop to the ERP"}
	}
	for _, s := range v.log {
		if g := v.silence(s, record.Deliveries, e); g != nil {
			return g
		}
		if v.failuresLog[s.index] {
			return &Gap{Code: finding.FailuresOnlyLog, System: s.sys.Name, Record: record.Deliveries, Why: "its log keeps only failures, so an event that it does not mention may have passed",
				Settle: "a log or run history that keeps successes, too"}
		}
		for _, f := range s.flows {
			if f.Kinds.Covers(e.Movement.Kind) && f.Log == record.LogFailures && f.Kinds.Has(e.Movement.Kind) {
				return &Gap{Code: finding.FailuresOnlyLog, System: s.sys.Name, Record: record.Deliveries,
					Why: fmt.Sprintf("flow %q keeps only failures in its log", nameOf(f)), Settle: "a log or run history that keeps successes, too"}
			}
			if f.Kinds.Covers(e.Movement.Kind) && f.RetentionDays > 0 {
				if edge := v.set.Case.AsOf.AddDate(0, 0, -f.RetentionDays); e.Movement.At.Earliest().Before(edge) {
					return &Gap{Code: finding.BeyondRetention, System: s.sys.Name, Record: record.Deliveries,
						Why:    fmt.Sprintf("its log reaches back %d days only, to %s", f.RetentionDays, edge.Format("2 Jan 2006")),
						Settle: "an archived log of the days before that"}
				}
			}
		}
	}
	return nil
}

func nameOf(f *record.Flow) string {
	if f.Name != "" {
		return f.Name
	}
	return f.ID
}

// Books is nil where the absence of a posting proves that the ERP does not
// have the event, else the gap that forbids the conclusion.
func (v *Evidence) Books(e *trace.Event) *Gap {
	if len(v.books) == 0 {
		return &Gap{Code: finding.NoRecords, Record: record.Postings, Why: "no ERP system was given", Settle: "the ERP's postings on the gift card accounts"}
	}
	for _, s := range v.books {
		if !holds(s.sys, e.Movement.Entity) {
			continue
		}
		if g := v.silence(s, record.Postings, e); g != nil {
			return g
		}
	}
	return nil
}

func holds(sys *casefile.System, entity string) bool {
	if entity == "" || len(sys.Entities) == 0 {
		return true
	}
	for _, x := range sys.Entities {
		if record.Fold(x) == record.Fold(entity) {
			return true
		}
	}
	return false
}

// silence is why the absence of a row in a source proves nothing about an event.
func (v *Evidence) silence(s *source, t record.Type, e *trace.Event) *Gap {
	m := e.Movement
	if g := s.whole(t, m.At); g != nil {
		return g
	}
	if x := v.rejects[t]; x != nil {
		hit := false
		for _, at := range x.nameless {
			hit = hit || v.rejectFits(at, e)
		}
		for _, k := range []string{m.ID, m.Order, m.Refund, m.Card} {
			hit = hit || k != "" && x.keys[ident.Key(k)]
		}
		if hit {
			return &Gap{Code: finding.UnreadableRows, System: s.sys.Name, Record: t, Single: true,
				Why: "a row that could not be read may be this event's", Settle: "the rejected rows, corrected (see the list of rejects)"}
		}
	}
	for _, d := range s.damaged {
		if (d.kind == record.NoKind || d.kind == record.Other || d.kind == m.Kind) && (!d.amount.Set || d.amount.Amount.Abs() == e.Owed.Abs()) {
			return &Gap{Code: finding.DamagedIDs, System: s.sys.Name, Record: t, Single: true,
				Why: "a row whose identifier a spreadsheet has damaged may be this event's", Settle: "the same export as plain text, not opened in a spreadsheet"}
		}
	}
	return nil
}

// whole is why a source does not show everything of a moment, or nil.
func (s *source) whole(t record.Type, at record.Time) *Gap {
	g := &Gap{Code: finding.PartialRecords, System: s.sys.Name, Record: t, Why: s.read.Why, Settle: fmt.Sprintf("all %s of %s for the window", t, s.sys.Name)}
	switch s.read.State {
	case casefile.Absent, casefile.Empty:
		if s.read.Stated == casefile.Complete && (covers(s.read.Covers, at)) {
			return nil
		}
		g.Code = finding.NoRecords
		if g.Why == "" {
			g.Why = fmt.Sprintf("no %s were given", t)
			if s.read.State == casefile.Empty {
				g.Why = fmt.Sprintf("its %s hold no row, which proves nothing unless they are stated to be complete", t)
			}
		}
		return g
	case casefile.Unread:
		g.Code = finding.NoRecords
		return g
	case casefile.Truncated:
		return g
	}
	if s.read.Stated == casefile.Partial {
		if g.Why == "" {
			g.Why = fmt.Sprintf("its %s are stated to be incomplete", t)
		}
		return g
	}
	if !covers(s.read.Covers, at) {
		if g.Why == "" {
			g.Why = fmt.Sprintf("its %s do not cover this time", t)
		}
		return g
	}
	if s.capped && (s.cutAfter && at.Latest().After(s.cut) || !s.cutAfter && at.Earliest().Before(s.cut)) {
		if g.Why == "" {
			g.Why = fmt.Sprintf("its %s stop at %d rows, and nothing beyond that edge matches", t, s.read.Rows)
		}
		return g
	}
	return nil
}

func covers(w record.Window, t record.Time) bool {
	return (w.Since.IsZero() || !t.Earliest().Before(w.Since)) && (w.Until.IsZero() || t.Earliest().Before(w.Until))
}

// Movements is why the platform's ledger can't be taken as whole over the
// window, or nil.
func (v *Evidence) Movements() *Gap {
	if len(v.platform) == 0 {
		return &Gap{Code: finding.NoRecords, Record: record.Movements, Why: "no platform system was given", Settle: "the card ledger of the shop"}
	}
	return v.window(v.platform, record.Movements)
}

// Ledger is why the ERP's postings can't be taken as whole over the window, or nil.
func (v *Evidence) Ledger() *Gap {
	if len(v.books) == 0 {
		return &Gap{Code: finding.NoRecords, Record: record.Postings, Why: "no ERP system was given", Settle: "the ERP's postings on the gift card accounts"}
	}
	return v.window(v.books, record.Postings)
}

func (v *Evidence) window(list []*source, t record.Type) *Gap {
	w := v.set.Case.Window
	for _, s := range list {
		for _, at := range []time.Time{w.Since, w.Until.Add(-1)} {
			if g := s.whole(t, record.At(at)); g != nil {
				return g
			}
		}
	}
	return nil
}

// Feed is how a movement's kind and origin leave the platform. The most specific
// entry wins: kind and origin, then origin, then kind, then neither. NoVia means
// that nothing is stated, which counts as having a feed.
func (v *Evidence) Feed(m *trace.Movement) record.Via {
	best, via := -1, record.NoVia
	for _, s := range v.platform {
		if s.index != int(m.System) || len(s.sys.Feeds) == 0 {
			continue
		}
		for _, f := range s.sys.Feeds {
			score := 0
			if f.Kind != record.NoKind {
				if f.Kind != m.Kind {
					continue
				}
				score++
			}
			if f.Origin != "" {
				if record.Fold(f.Origin) != record.Fold(m.Origin) {
					continue
				}
				score += 2
			}
			if score > best {
				best, via = score, f.Via
			}
		}
	}
	return via
}
