package sandbox

import (
	"cmp"
	"slices"
	"time"

	"gcdiag/internal/money"
	"gcdiag/internal/record"
)

// Truth is what a diagnosis of the written month has to find. It is known from
// what was done to the month, never from judging it. Events stand in the order
// of time.
type Truth struct {
	Scenario     string
	Seed         uint64
	Status       string // fault, sound, inconclusive
	Step         int    // the earliest that holds a fault; 0: none, or none that can be told
	Steps        []int
	Undetermined []int
	Faults       []Fault // by step
	// Oddities are lawful, grouped by what they are: in-flight, late, rounding,
	// netted, absorbed-duplicate, repaired-by-hand.
	Oddities []Oddity
	// Causes lists, for an event that is downstream, every root event on its card
	// that it follows. It is counted with the fault of the first.
	Causes map[string][]string
	// Platform, ERP and Drift are sums in minor units: what the countable movements
	// owe, what the liability account holds for them, and ERP − platform. They are
	// nil where the exports forbid a figure.
	Platform, ERP, Drift money.Totals
	Excluded             map[string]int // by reason
	Inconclusive         []string       // events whose row the ERP's export may hold beyond its end
	Movements            int            // all that were written
	Countable            int
}

// Fault is one fault of a month.
type Fault struct {
	Name         string // of the scenario that has this fault alone
	Problem      string // "" where the evidence can't name it
	Step         int    // 0 where Undetermined names several
	Undetermined []int
	Events       []string // root events
	Downstream   []string
	Postings     []string // ERP rows without an event
	// Drift is that of root events, of downstream ones, and of postings together.
	Drift money.Totals
	// Attribute and Value are what the root events share; "" where they share nothing.
	Attribute, Value string
	// Since and Until are when the cause came and went; zero where it always was, or still is.
	Since, Until time.Time
}

// Oddity is what is lawful though it does not look like it.
type Oddity struct {
	Code   string
	Events []string
	Drift  money.Totals
}

// witness sees the month happen and keeps the truth about it.
type witness struct {
	Truth
	run      *run
	of       map[*twist]*Fault
	rootOf   map[int32]*twist // by event, for those on cards that are short
	oddities map[string]*Oddity
}

func newTruth(r *run) *witness {
	return &witness{run: r, of: map[*twist]*Fault{}, rootOf: map[int32]*twist{}, oddities: map[string]*Oddity{},
		Truth: Truth{Causes: map[string][]string{}, Excluded: map[string]int{}}}
}

func (l *witness) fault(t *twist) *Fault {
	f := l.of[t]
	if f == nil {
		c := l.run.choices[slices.Index(l.run.twists, t)]
		f = &Fault{Name: t.name, Problem: t.code, Step: t.step, Attribute: t.attribute, Value: t.value}
		if c.since != 0 {
			f.Since = time.Unix(c.since, 0).In(zone)
		}
		if c.until != 0 {
			f.Until = time.Unix(c.until, 0).In(zone)
		}
		if f.Attribute == "kind" && f.Value == record.SaleRefund.String() && l.run.month.vendor {
			f.Value = record.Deactivation.String()
		}
		if l.run.alone {
			f.Problem, f.Step, f.Undetermined = "", 0, []int{2, 3}
		}
		l.of[t] = f
	}
	return f
}

func (l *witness) odd(code string, w *way, drift money.Totals) {
	o := l.oddities[code]
	if o == nil {
		o = &Oddity{Code: code}
		l.oddities[code] = o
	}
	o.Events = append(o.Events, w.id)
	o.Drift.AddAll(drift)
}

// event takes one event as the systems now hold it.
func (l *witness) event(w *way) {
	l.Movements++
	e := w.e
	if reason := excluded(e); reason != "" {
		l.Excluded[reason]++
		if w.broke != nil && e.inside() {
			f := l.fault(w.broke)
			f.Events = append(f.Events, w.id)
			books := l.books(w)
			f.Drift.AddAll(books)
			l.ERP.AddAll(books)
		}
		return
	}
	l.Countable++
	books := l.books(w)
	l.ERP.AddAll(books)
	l.Platform.Add(w.currency, w.owed)
	drift := money.Totals{w.currency: -w.owed}
	drift.AddAll(books)
	switch {
	case w.broke != nil:
		f := l.fault(w.broke)
		f.Events = append(f.Events, w.id)
		f.Drift.AddAll(drift)
		l.rootOf[int32(w.i)] = w.broke
	case w.uncovered && l.follows(w):
		roots := l.run.short[e.card]
		for _, i := range roots {
			l.Causes[w.id] = append(l.Causes[w.id], l.run.month.id(int(i)))
		}
		f := l.fault(l.rootOf[roots[0]])
		f.Downstream = append(f.Downstream, w.id)
		f.Drift.AddAll(drift)
	case e.hold:
		l.odd("netted", w, drift)
	case w.oddity != nil:
		l.odd(w.oddity.code, w, drift)
	case len(w.postings) == 0 && !l.run.daily:
		l.odd("in-flight", w, drift)
	}
	if len(w.postings) > 0 && w.broke == nil && w.postings[0].Status.Counts() && w.postings[0].Dated.Earliest().Compare(until) >= 0 {
		l.odd("late", w, nil)
	}
}

// follows reports whether what its card lacks is due to a root event, as far as
// the exports can tell: a row that was booked all the same is held against a
// card whose whole history they hold.
func (l *witness) follows(w *way) bool {
	if len(l.run.short[w.e.card]) == 0 {
		return false
	}
	return !l.run.plain || l.run.month.cards[w.e.card].opening == 0
}

// books is what the liability account holds for an event.
func (l *witness) books(w *way) money.Totals {
	var t money.Totals
	for k := range w.postings {
		if p := &w.postings[k]; p.Account == liability && p.Status.Counts() {
			t.Add(p.Currency, p.Amount)
		}
	}
	if l.run.daily && w.sends > 0 {
		t.Add(w.currency, w.owed)
	}
	return t
}

func excluded(e *event) string {
	switch {
	case !e.inside():
		return "outside-window"
	case e.test:
		return "test"
	case e.status == record.Pending:
		return "pending"
	case e.status == record.Cancelled:
		return "cancelled"
	case e.funding == record.Promotional:
		return "promotional"
	}
	return ""
}

// orphan takes an ERP row that stands for no event.
func (l *witness) orphan(p *record.Posting) {
	for _, t := range l.run.twists {
		if t.code == "orphan" {
			f := l.fault(t)
			f.Postings = append(f.Postings, p.ID)
			f.Drift.Add(p.Currency, p.Amount)
			l.ERP.Add(p.Currency, p.Amount)
		}
	}
}

// unseen takes an event whose ERP row did not fit into the export.
func (l *witness) unseen(w *way) {
	if w.e.counts() {
		l.Inconclusive = append(l.Inconclusive, w.id)
	}
}

func (l *witness) finish() {
	for _, t := range l.run.twists {
		if f := l.of[t]; f != nil {
			l.Faults = append(l.Faults, *f)
			if f.Step > 0 && !slices.Contains(l.Steps, f.Step) {
				l.Steps = append(l.Steps, f.Step)
			}
			if f.Undetermined != nil {
				l.Undetermined = f.Undetermined
			}
		}
	}
	slices.SortStableFunc(l.Faults, func(a, b Fault) int { return a.Step - b.Step })
	slices.Sort(l.Steps)
	for _, o := range l.oddities {
		l.Oddities = append(l.Oddities, *o)
	}
	slices.SortFunc(l.Oddities, func(a, b Oddity) int { return cmp.Compare(a.Code, b.Code) })
	slices.SortFunc(l.Inconclusive, func(a, b string) int { return cmp.Or(len(a)-len(b), cmp.Compare(a, b)) })
	switch {
	case len(l.Faults) > 0:
		l.Status = "fault"
	case len(l.Inconclusive) > 0:
		l.Status = "inconclusive"
	default:
		l.Status = "sound"
	}
	if len(l.Steps) > 0 {
		l.Step = l.Steps[0]
	}
	if l.run.endsEarly {
		l.Platform, l.ERP, l.Drift = nil, nil, nil
		return
	}
	l.Drift.AddAll(l.ERP)
	for c, a := range l.Platform {
		l.Drift.Add(c, -a)
	}
}

// told is the finished truth.
func (l *witness) told(s Scenario, seed uint64) Truth {
	l.Scenario, l.Seed = s.Name, seed
	return l.Truth
}
