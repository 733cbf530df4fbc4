// Package diagnosis turns the verdicts on single events into findings: it
// separates root causes from what follows from them, groups the roots by cause,
// says what failing records share and since when, and accounts for the drift to
// the minor unit. It reads a case and nothing else.
package diagnosis

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"gcdiag/internal/casefile"
	"gcdiag/internal/finding"
	"gcdiag/internal/money"
	"gcdiag/internal/record"
	"gcdiag/internal/step"
	"gcdiag/internal/trace"
)

// Diagnosis is everything there is to say about a case.
type Diagnosis struct {
	Case     *casefile.Case
	Set      *trace.Set
	Judge    *step.Judge
	Verdicts []*step.Verdict // in event order
	Findings []*Finding      // ranked
	Steps    [4]Step
	Drift    []Drift
	Excluded []Excluded
	Mapping  []Mapping
	Outcome  Outcome

	done   <-chan struct{}   // closed: nobody waits for the diagnosis any more
	owner  []*Finding        // by event: the finding its difference belongs to, or nil
	hidden map[*Finding]bool // evidence gaps that could hide a fault
	cards  map[string]*record.Card
	parked map[accountKind]*parking

	contested bool // clean events do not arrive as most do
	measured  bool
	measure   [record.Other + 1]int // see comparable
	classes   [][]class             // see classesOf
	ledgers   [][]*trace.Event      // by card
	refusals  map[step.Cause]bool   // reasons that the ERP also gives for cards without a root

	damaged      map[string]bool // identifiers that a spreadsheet has altered
	unread       map[string]bool // keys of movements that could not be read
	unnamed      bool            // some of these have none
	exceptions   int             // of all faults
	looseByOrder map[string][]*trace.Posting
	claimed      map[*trace.Posting]bool // unlinked rows that a finding explains

	rowsCarryCards  bool // some row of the ERP names a card
	rowsMissing     bool // the chain of balances proves that movements are missing
	unreadMovements bool // rows of the card ledger were rejected
}

// accountKind and parking count, per kind and account other than a liability
// account, the rows that stand there and those of them that follow a root.
type accountKind struct {
	kind    record.Kind
	account string
}

type parking struct{ all, after, good int }

// portion is how many cards or events a long phase looks at before it asks whether
// it is still wanted.
const portion = 1024

// Outcome is the verdict on the handoff.
type Outcome struct {
	Status       string // fault, sound, inconclusive
	Step         int    // earliest step with a root cause, 0: none
	Steps        []int
	Undetermined []int
	First        *Finding // gives headline, problem and evidence
}

// Finding is one statement.
type Finding struct {
	ID           string
	Code         finding.Code
	Step         int
	Undetermined []int
	Evidence     string
	Cause        step.Cause
	Roots        []*step.Verdict // by time
	Alike        []Alike         // further roots, of clean cards; by time
	Candidates   []*trace.Event
	Orders       []*record.Order
	Postings     []*trace.Posting
	Downstream   []*step.Verdict
	Amount       money.Totals // owed by the roots
	Drift        money.Totals // root and downstream
	Gross        money.Amount // what repairing it alone would put right, in hundredths, all currencies
	First, Last  record.Time
	Shared       []Shared
	SharedNote   string
	Change       *Change
	Title, Why   string
	Hint, Settle string
	System       string // the connector it speaks of, where it is one
	Note         string // a detail that the title needs: the field, the account, the error text
}

// Class is the class of the finding's code.
func (f *Finding) Class() finding.Class {
	e, _ := finding.Lookup(f.Code)
	return e.Class
}

// Count is the number of events the finding is about, or else of its
// candidates, orders or postings.
func (f *Finding) Count() int {
	switch {
	case len(f.Roots)+len(f.Alike) > 0:
		return len(f.Roots) + len(f.Alike)
	case len(f.Candidates) > 0:
		return len(f.Candidates)
	case len(f.Orders) > 0:
		return len(f.Orders)
	}
	return len(f.Postings)
}

// Of diagnoses a case.
func Of(c *casefile.Case) *Diagnosis { return OfUntil(c, nil) }

// OfUntil is Of, or nil where done was closed before the end, which it then notices
// within a moment.
func OfUntil(c *casefile.Case, done <-chan struct{}) *Diagnosis { return judge(c, trace.Join, done) }

// Lean diagnoses a case like Of, but keeps no verdict of its own for an event that
// is clean as its whole card is, and costs a fraction of it where most are. Such an
// event is counted everywhere and listed nowhere: VerdictOf does not know it.
func Lean(c *casefile.Case, scout *trace.Scout) *Diagnosis { return LeanUntil(c, scout, nil) }

// LeanUntil is to Lean what OfUntil is to Of.
func LeanUntil(c *casefile.Case, scout *trace.Scout, done <-chan struct{}) *Diagnosis {
	join := func(c *casefile.Case) *trace.Set { return trace.JoinLean(c, scout) }
	d := judge(c, join, done)
	if d != nil && !d.exemplary() {
		return OfUntil(c, done)
	}
	return d
}

func judge(c *casefile.Case, join func(*casefile.Case) *trace.Set, done <-chan struct{}) *Diagnosis {
	set := link(c, join, done)
	if set == nil {
		return nil
	}
	d := &Diagnosis{Case: c, Set: set, Judge: step.New(set), done: done, owner: make([]*Finding, len(set.Events))}
	all := d.Judge.Events(d.ended)
	d.Verdicts = make([]*step.Verdict, len(all))
	for i := range all {
		d.Verdicts[i] = &all[i]
	}
	var anomalies []*Finding
	for _, phase := range []func(){
		func() { d.ledgers = set.Cards() },
		func() { anomalies = d.platformLedger() },
		d.missingReferences,
		d.amounts,
		d.outages,
		d.twins,
		d.group,
		d.downstream,
		d.ties,
		d.loose,
		d.notes,
		func() { d.Findings = append(d.Findings, anomalies...) },
		d.gaps,
		d.risks,
		d.account,
		d.tally,
		d.rank,
		d.learn,
		d.conclude,
		d.describe,
	} {
		if d.ended() {
			return nil
		}
		phase()
	}
	if d.ended() {
		return nil
	}
	return d
}

// ended reports whether the diagnosis is not wanted any more. A phase that takes
// long asks now and then and stops where it is: nothing of it will be used.
func (d *Diagnosis) ended() bool {
	select {
	case <-d.done:
		return true
	default:
		return false
	}
}

// link links the records of a case. Linking can't be stopped: once done is closed it
// is left to itself, and the result is nil.
func link(c *casefile.Case, join func(*casefile.Case) *trace.Set, done <-chan struct{}) *trace.Set {
	if done == nil {
		return join(c)
	}
	linked, crashed := make(chan *trace.Set, 1), make(chan any, 1)
	go func() {
		defer func() {
			if r := recover(); r != nil {
				crashed <- r
			}
		}()
		linked <- join(c)
	}()
	select {
	case set := <-linked:
		return set
	case r := <-crashed:
		panic(r)
	case <-done:
		return nil
	}
}

// groupKey is by what failing events become one finding.
type groupKey struct {
	code  finding.Code
	step  int
	cause step.Cause
}

// group makes one finding of all roots with one code, step and cause.
func (d *Diagnosis) group() {
	groups := map[groupKey]*Finding{}
	for _, v := range d.Verdicts {
		if v.Status != step.Fail || v.Event.Rivals != nil {
			continue
		}
		k := groupKey{v.Code, v.Step, v.Cause}
		f := groups[k]
		if f == nil {
			f = &Finding{Code: v.Code, Step: v.Step, Undetermined: v.Undetermined(), Evidence: v.Evidence(), Cause: v.Cause}
			groups[k] = f
			d.Findings = append(d.Findings, f)
		}
		f.Roots = append(f.Roots, v)
		d.owner[v.Event.Place()] = f
	}
}

// add makes a finding and keeps it.
func (d *Diagnosis) add(code finding.Code) *Finding {
	f := &Finding{Code: code, Evidence: "proven"}
	d.Findings = append(d.Findings, f)
	return f
}

// excess is what the liability accounts hold for an event, in its own currency,
// beyond what it owes.
func excess(v *step.Verdict) money.Amount {
	if v.Event.Scope == trace.Countable {
		return v.Books.Booked - v.Event.Owed
	}
	return v.Books.Booked
}

// counts reports whether an event has a part in the drift.
func counts(v *step.Verdict) bool {
	return v.Event.Scope == trace.Countable || v.Status == step.Fail
}

// hundredths brings amounts of different currencies to one rough scale, for
// ranking only: a yen weighs like a cent.
func hundredths(c money.Currency, a money.Amount) money.Amount {
	for e := c.Exponent(); e > 2; e-- {
		a /= 10
	}
	return a
}

// rank orders the findings: faults first, by the money that repairing each
// alone would put right, then by events, step and code.
func (d *Diagnosis) rank() {
	order := map[finding.Class]int{finding.Fault: 0, finding.PlatformAnomaly: 1, finding.EvidenceGap: 2, finding.Timing: 3,
		finding.BusinessException: 4, finding.Risk: 5, finding.OutOfScope: 6, finding.BenignShape: 7}
	slices.SortStableFunc(d.Findings, func(a, b *Finding) int {
		return cmp.Or(order[a.Class()]-order[b.Class()], cmp.Compare(b.Gross, a.Gross), b.Count()-a.Count(), a.Step-b.Step,
			strings.Compare(string(a.Code), string(b.Code)), strings.Compare(a.firstID(), b.firstID()), strings.Compare(a.System, b.System))
	})
	for i, f := range d.Findings {
		f.ID = "F" + strconv.Itoa(i+1)
	}
}

func (f *Finding) firstID() string {
	switch {
	case len(f.Roots)+len(f.Alike) > 0:
		for id := range f.IDs {
			return id
		}
	case len(f.Candidates) > 0:
		return f.Candidates[0].ID()
	case len(f.Orders) > 0:
		return f.Orders[0].ID
	case len(f.Postings) > 0:
		return f.Postings[0].ID
	}
	return ""
}

// conclude gives the outcome.
func (d *Diagnosis) conclude() {
	o := &d.Outcome
	steps := map[int]bool{}
	for _, f := range d.Findings {
		if f.Class() != finding.Fault {
			continue
		}
		d.exceptions += f.exceptions()
		if o.First == nil {
			o.First = f
		}
		if f.Step > 0 {
			steps[f.Step] = true
		}
		if len(f.Undetermined) > 0 {
			o.Undetermined = f.Undetermined
		}
	}
	for s := 1; s <= 4; s++ {
		if steps[s] {
			o.Steps = append(o.Steps, s)
			if o.Step == 0 {
				o.Step = s
			}
		}
	}
	switch {
	case o.First != nil:
		o.Status = "fault"
	case len(d.hidden) > 0 || d.unexplained():
		o.Status = "inconclusive"
		for _, f := range d.Findings {
			if d.hidden[f] {
				o.First = f
				break
			}
		}
	default:
		o.Status = "sound"
	}
}

func (d *Diagnosis) unexplained() bool {
	for _, x := range d.Drift {
		if x.Known && x.Unexplained != 0 {
			return true
		}
	}
	return false
}

func (d *Diagnosis) systemName(i int) string {
	if i < 0 || i >= len(d.Case.Systems) {
		return ""
	}
	return d.Case.Systems[i].Name
}

// system is the first connector of a role, or nil.
func (d *Diagnosis) system(r record.Role) *casefile.System {
	for i := range d.Case.Systems {
		if d.Case.Systems[i].Role == r {
			return &d.Case.Systems[i]
		}
	}
	return nil
}
