// Package step asks the four questions of one event: was it emitted, was it
// forwarded, did it arrive, was it classified. It judges one trace at a time, by
// rows and by what may be concluded from silence, and never looks at a clock, a
// network or a disk. The first hop at which one event stops being exactly one
// correct event takes the blame.
package step

import (
	"slices"
	"time"

	"gcdiag/internal/crew"
	"gcdiag/internal/finding"
	"gcdiag/internal/money"
	"gcdiag/internal/record"
	"gcdiag/internal/trace"
)

// The steps.
const (
	Emit     = 1
	Forward  = 2
	Arrive   = 3
	Classify = 4
)

// Stages are the steps' names, in order; Stages[0] is step 1.
var Stages = [4]string{"emit", "forward", "arrive", "classify"}

// Questions are what the steps ask, in order.
var Questions = [4]string{
	"Does the platform emit the event?",
	"Does the integration layer receive it and forward it to the ERP, once?",
	"Does it arrive in the ERP with the right kind, amount and references?",
	"Do the ERP's rules put it on the gift card liability account?",
}

// Status is the state of one event at one step, or as a whole.
type Status uint8

// The statuses.
const (
	Pass Status = iota
	Fail
	Inconclusive
	NotReached
	InFlight
	Downstream
	Excluded
)

var statusText = [...]string{"pass", "fail", "inconclusive", "not-reached", "in-flight", "downstream", "excluded"}

// String is the report's word.
func (s Status) String() string { return statusText[s] }

// Hop is one event at one step. Which record stands there is what Shown says, and
// what there is to tell of it is what Note says.
type Hop struct {
	Status Status
	System int16 // index of the system in the case, −1 where none speaks
}

// Verdict is what the steps say of one event. There is one of each event that is
// linked, so that bytes count.
type Verdict struct {
	Event  *trace.Event
	Status Status
	// Between says that the event certainly failed at step 2 or 3, and that the
	// evidence can't separate them.
	Between bool
	Notes   Notes
	Step    int // the step that takes the blame, or at which the event is in flight; 0: none
	Code    finding.Code
	Cause   Cause
	Hops    [4]Hop
	Books   Books
	Sent    *trace.Delivery // the row of the integration's log that counts: a success if there is one, else the latest; or nil
	Gap     *Gap            // why it is inconclusive
	Root    *Verdict        // the event on the same card that this one follows from, or nil
	told    *told
}

// told is a note on an event at a step that its records alone don't make.
type told struct {
	hop    uint8
	note   string
	before *told
}

// Note is what there is to tell of an event at Hops[i]: what was told of it last, or
// else what the record that speaks there says of itself.
func (v *Verdict) Note(i int) string {
	for t := v.told; t != nil; t = t.before {
		if int(t.hop) == i {
			return t.note
		}
	}
	switch {
	case v.Hops[i].System < 0:
	case i == 1 && v.Sent.Why != "":
		return v.Sent.Outcome.String() + ": " + v.Sent.Why
	case i == 1:
		return v.Sent.Outcome.String()
	case i == 3 && v.Books.Row.Account != "":
		return "account " + v.Books.Row.Account
	}
	return ""
}

// Tell makes a text the note on an event at Hops[i].
func (v *Verdict) Tell(i int, note string) { v.told = &told{uint8(i), note, v.told} }

// also adds to the note on an event at Hops[i].
func (v *Verdict) also(i int, more string) {
	if note := v.Note(i); note != "" {
		more = note + ", " + more
	}
	v.Tell(i, more)
}

// Notes is a set of lawful oddities worth a line.
type Notes uint8

var notes = [...]finding.Code{finding.RepairedByHand, finding.Unlogged, finding.AbsorbedDuplicate, finding.Batched, finding.Rounding,
	finding.MatchedWithoutReference, finding.Netted, finding.Transfer}

func (n *Notes) add(c finding.Code) { *n |= 1 << slices.Index(notes[:], c) }

// All yields the oddities.
func (n Notes) All(yield func(finding.Code) bool) {
	for i, c := range notes {
		if n&(1<<i) != 0 && !yield(c) {
			return
		}
	}
}

// Undetermined are the steps that the evidence can't separate; nil: it can.
func (v *Verdict) Undetermined() []int {
	if v.Between {
		return []int{Forward, Arrive}
	}
	return nil
}

// Evidence is what the blame rests on. What the platform does not emit is known
// from how it is set up; the rest is proven by rows and by their absence.
func (v *Verdict) Evidence() string {
	if v.Step == Emit {
		return "configured"
	}
	return "proven"
}

// Shown is the record that stands for an event at one step.
type Shown struct {
	Record string // its own id
	At     record.Time
	Rung   trace.Rung // by what it was found
}

// Shown is the record that speaks at Hops[i], nothing where none does.
func (v *Verdict) Shown(i int) Shown {
	switch row := v.Books.Row; {
	case v.Hops[i].System < 0:
		return Shown{}
	case i == 0:
		return Shown{Record: v.Event.Movement.ID, At: v.Event.Movement.At}
	case i == 1:
		return Shown{v.Sent.ID, v.Sent.ReceivedAt, rungOf(v.Sent, v.Event)}
	case i == 2:
		return Shown{row.ID, row.When(), v.Books.Rung}
	default:
		return Shown{Record: row.ID, At: row.When()}
	}
}

// Judge holds what judging one event needs to know of all others. Once made it
// does not change, so that events can be judged at the same time.
type Judge struct {
	Evidence  *Evidence
	set       *trace.Set
	rules     []*record.Rule
	habits    [][record.Other + 1]habit // by system and kind
	liability map[string]bool           // by account, of the rows of events
}

// New prepares the judge of a set of traces.
func New(set *trace.Set) *Judge {
	j := &Judge{set: set, Evidence: newEvidence(set)}
	for r := range set.Case.Rules.All() {
		j.rules = append(j.rules, r)
	}
	slices.SortFunc(j.rules, func(a, b *record.Rule) int {
		if a.Order != b.Order {
			return a.Order - b.Order
		}
		if a.ID < b.ID {
			return -1
		}
		return 1
	})
	j.learn()
	return j
}

// Event judges one event.
func (j *Judge) Event(e *trace.Event) Verdict {
	var v Verdict
	j.event(&v, e)
	return v
}

// Events judges all events of the set, in their order, on as many cores as there
// are. It stops early once ended, which must be safe for many callers, says so; what
// it returns then is of no use.
func (j *Judge) Events(ended func() bool) []Verdict {
	const portion = 256
	events := j.set.Events
	out := make([]Verdict, len(events))
	clear(out) // written before it is read, which saves every page an interruption
	crew.Each((len(events)+portion-1)/portion, func(_ *struct{}, part int) {
		if ended() {
			return
		}
		from := part * portion
		for i := from; i < min(from+portion, len(events)); i++ {
			j.event(&out[i], events[i])
		}
	})
	return out
}

// event writes the verdict on an event into v, which must be zero.
func (j *Judge) event(v *Verdict, e *trace.Event) {
	v.Event = e
	b, f := j.read(e), j.forwarded(e)
	v.Books, v.Sent = b.Books, f.last
	v.Hops = [4]Hop{{System: int16(e.Movement.System)}, f.hop, {System: -1}, {System: -1}}
	if row := b.Row; row != nil {
		v.Hops[2].System = int16(row.System)
		v.Hops[3].System = int16(row.System)
	}
	switch {
	case e.Scope != trace.Countable:
		j.excluded(v)
	case b.Stance == Nowhere:
		j.missing(v, f)
	case b.Stance == Unposted && b.Row != nil && b.Row.Status == record.Open && f.last != nil && f.last.Outcome == record.RejectedByERP:
		// The ERP refused it; what it holds is the draft that was left behind.
		j.missing(v, f)
		v.also(2, "a draft was left in the ERP")
	case b.Stance == Right:
		j.right(v, b, f)
	default:
		j.wrong(v, b, f)
	}
}

// excluded judges a movement that doesn't count: the only fault it can carry is
// that the ERP holds it all the same.
func (j *Judge) excluded(v *Verdict) {
	v.Status = Excluded
	e := v.Event
	if v.Books.Row == nil {
		v.Hops[2].Status, v.Hops[3].Status = NotReached, NotReached
		if len(e.Deliveries) == 0 {
			v.Hops[1].Status = NotReached
		}
	}
	if e.Scope != trace.Test && e.Scope != trace.Pending && e.Scope != trace.Cancelled {
		return
	}
	held := false
	for _, l := range e.Postings {
		held = held || l.Posting.Status.Counts() || l.Posting.Status == record.Open
	}
	if !held || (e.Net != nil || len(e.Postings) > 1) && v.Books.Booked == 0 && v.Books.Foreign.Zero() && j.netBooked(e) == 0 {
		return
	}
	if e.Net != nil && j.netBooked(e) == 0 {
		return
	}
	v.Status, v.Step, v.Code = Fail, Forward, finding.NotCountable
	v.Cause = Cause{"status", e.Scope.String()}
	v.Hops[1].Status = Fail
	v.Tell(1, e.Scope.String()+" movement forwarded all the same")
	v.Hops[2].Status, v.Hops[3].Status = NotReached, NotReached
}

// netBooked is what the liability accounts hold for a net group together.
func (j *Judge) netBooked(e *trace.Event) money.Amount {
	if e.Net == nil {
		return 0
	}
	sum := money.Amount(0)
	for _, x := range e.Net.Events {
		sum += j.read(x).Booked
	}
	return sum
}

// Missing judges an event as if the books held nothing of it: for one of
// several events that share fewer rows than there are events.
func (j *Judge) Missing(e *trace.Event) Verdict {
	f := j.forwarded(e)
	v := Verdict{Event: e, Sent: f.last}
	v.Hops = [4]Hop{{System: int16(e.Movement.System)}, f.hop, {System: -1}, {System: -1}}
	j.missing(&v, f)
	return v
}

// forward is what the integration's log says of one event.
type forward struct {
	hop    Hop
	sent   int
	last   *trace.Delivery // the state that counts: a success if there is one, else the latest
	latest record.Time     // the last thing known to have happened
}

func (j *Judge) forwarded(e *trace.Event) forward {
	f := forward{hop: Hop{System: -1}}
	for _, d := range e.Deliveries {
		if d.Outcome == record.Delivered || d.Outcome == record.UnknownOutcome && d.SentAt.Known() {
			f.sent++
		}
		f.latest = later(later(f.latest, d.ReceivedAt), d.SentAt)
		if f.last == nil || better(d, f.last) {
			f.last = d
		}
	}
	if d := f.last; d != nil {
		f.hop.System = int16(d.System)
	}
	f.latest = later(f.latest, e.Movement.At)
	return f
}

func later(a, b record.Time) record.Time {
	if b.Compare(a) > 0 {
		return b
	}
	return a
}

// better reports whether a later delivery row decides: a success always does,
// and nothing after it takes it back.
func better(d, last *trace.Delivery) bool {
	if (d.Outcome == record.Delivered) != (last.Outcome == record.Delivered) {
		return d.Outcome == record.Delivered
	}
	if (d.Outcome == record.RejectedByERP) != (last.Outcome == record.RejectedByERP) {
		return d.Outcome == record.RejectedByERP
	}
	return true
}

func rungOf(d *trace.Delivery, e *trace.Event) trace.Rung {
	switch {
	case trace.SameID(d.Event, e.Movement.ID):
		return trace.ByEvent
	case d.Refund != "" && trace.SameID(d.Refund, e.Movement.Refund):
		return trace.ByRefund
	case d.Order != "" && d.Card != "":
		return trace.ByOrderCard
	case d.Order != "" || trace.SameID(d.Event, e.Movement.Order):
		return trace.ByOrder
	}
	return trace.ByCard
}

// young reports whether what last happened to an event is younger than the
// grace period, so that its next hop may still come.
func (j *Judge) young(t record.Time) bool {
	return j.set.Case.AsOf.Sub(t.Latest()) < j.set.Case.Policy.Grace
}

// right judges an event that the books hold as they should.
func (j *Judge) right(v *Verdict, b reading, f forward) {
	e := v.Event
	v.Status = Pass
	if f.last == nil || f.last.Outcome != record.Delivered {
		gap := j.Evidence.Log(e)
		switch {
		case b.ByHand && (f.last != nil || gap == nil):
			v.Notes.add(finding.RepairedByHand)
			v.also(1, "booked by hand instead")
		case f.last != nil || gap == nil:
			v.Notes.add(finding.Unlogged)
			v.also(1, "but found in the ERP")
		default:
			v.Tell(1, "shown by the row in the ERP")
		}
	}
	if f.last != nil && f.last.Outcome == record.Delivered && b.ByHand {
		v.Notes.add(finding.RepairedByHand)
	}
	if f.sent > 1 {
		v.Notes.add(finding.AbsorbedDuplicate)
	}
	switch {
	case e.Batch != nil:
		v.Notes.add(finding.Batched)
	case b.Cause.What == "rounding":
		v.Notes.add(finding.Rounding)
	}
	if e.Batch == nil && v.Books.Row != nil {
		if field := j.lacksField(e, v.Books.Row); field != "" {
			v.fail(Arrive, finding.MappingReference, Cause{"field", field})
			v.Tell(2, "without "+field)
			return
		}
		if v.Books.Rung.Weak() {
			v.Notes.add(finding.MatchedWithoutReference)
		}
	}
	if !j.Evidence.AccountsKnown {
		v.Hops[3] = Hop{Status: Inconclusive, System: -1}
		v.Tell(3, "no posting names its account")
	}
}

// fail blames a step.
func (v *Verdict) fail(step int, code finding.Code, c Cause) {
	v.Status, v.Step, v.Code, v.Cause = Fail, step, code, c
	v.Hops[step-1].Status = Fail
	for i := step; i < 4; i++ {
		v.Hops[i].Status = NotReached
	}
}

// open leaves an event in flight before a step.
func (v *Verdict) open(step int) {
	v.Status, v.Step, v.Code = InFlight, step, finding.InFlight
	v.Hops[step-1].Status = InFlight
	for i := step; i < 4; i++ {
		v.Hops[i].Status = NotReached
	}
}

// doubt leaves an event without a verdict from a step on.
func (v *Verdict) doubt(step int, g *Gap) {
	v.Status, v.Step, v.Gap = Inconclusive, 0, g
	for i := step - 1; i < 4; i++ {
		v.Hops[i] = Hop{Status: Inconclusive, System: -1}
	}
	v.Tell(step-1, g.Why)
}

// between blames steps 2 and 3 together: the event certainly failed, and nothing
// tells where.
func (v *Verdict) between(code finding.Code, c Cause) {
	v.Status, v.Step, v.Between, v.Code, v.Cause = Fail, 0, true, code, c
	v.Hops[1].Status, v.Hops[2].Status, v.Hops[3].Status = Inconclusive, Inconclusive, NotReached
}

// missing judges an event of which the books hold nothing.
func (j *Judge) missing(v *Verdict, f forward) {
	e := v.Event
	if j.cancelsOut(e) {
		v.Status = Pass
		note := finding.Netted
		if e.Net.Transfer {
			note = finding.Transfer
		}
		v.Notes.add(note)
		return
	}
	books := j.Evidence.Books(e)
	if f.last == nil {
		switch j.Evidence.Feed(e.Movement) {
		case record.ViaNone:
			j.unfed(v, f, books, finding.NoFeed)
			return
		case record.ViaManual:
			j.unfed(v, f, books, finding.Manual)
			return
		case record.ViaBatch, record.ViaReport:
			j.unfed(v, f, books, finding.Batch)
			return
		}
		gap := j.Evidence.Log(e)
		switch {
		case gap == nil && j.young(f.latest):
			v.open(Forward)
		case gap == nil:
			v.fail(Forward, finding.NotReceived, Cause{})
			v.Tell(1, "no delivery")
		case books == nil && j.young(f.latest):
			v.open(Forward)
		case books == nil:
			v.between(finding.NotReceived, Cause{})
			v.Gap = gap
		default:
			v.doubt(Forward, worse(gap, books))
		}
		return
	}
	switch d := f.last; d.Outcome {
	case record.Filtered:
		v.fail(Forward, finding.Filtered, j.reasonOf(d))
	case record.Failed, record.DeadLettered:
		if j.young(f.latest) {
			v.open(Forward)
			return
		}
		v.fail(Forward, finding.Failed, j.reasonOf(d))
	case record.Received, record.Queued, record.Held:
		if j.young(f.latest) {
			v.open(Forward)
			return
		}
		v.fail(Forward, finding.Held, j.reasonOf(d))
	case record.RejectedByERP:
		if j.young(f.latest) {
			v.open(Arrive)
			return
		}
		lacking, rule := j.ruleFor(e, nil)
		switch {
		case lacking == finding.NoRule || lacking == finding.RuleInactive:
			v.fail(Classify, lacking, rule)
		case saysInactive(d.Why):
			v.fail(Classify, finding.RuleInactive, j.reasonOf(d))
		case lacksRule(d.Why):
			v.fail(Classify, finding.NoRule, j.reasonOf(d))
		case lacksReference(d.Why):
			v.fail(Arrive, finding.MappingReference, j.reasonOf(d))
		default:
			v.fail(Arrive, finding.Routing, j.reasonOf(d))
		}
		v.Tell(v.Step-1, v.Note(1))
		v.Hops[1].Status = Pass
	case record.Delivered:
		switch {
		case j.young(f.latest):
			v.open(Arrive)
		case books != nil:
			j.sentWrong(v, f)
			if v.Status != Fail {
				v.doubt(Arrive, books)
			}
		default:
			v.fail(Arrive, finding.Routing, Cause{"flow", d.Flow})
			v.Tell(2, "delivered, not found in the ERP")
		}
	default: // unknown
		switch {
		case j.young(f.latest):
			v.open(Forward)
		case books != nil:
			v.doubt(Forward, books)
		default:
			v.between(finding.NotReceived, Cause{"outcome", "unknown"})
		}
	}
}

// unfed judges an event whose kind has no event stream.
func (j *Judge) unfed(v *Verdict, f forward, books *Gap, code finding.Code) {
	_, _, erp := j.Evidence.Roles()
	switch {
	case code != finding.NoFeed && j.young(f.latest):
		v.open(Emit)
	case books != nil && erp:
		v.doubt(Forward, books)
		return
	case code == finding.NoFeed && j.young(f.latest):
		v.open(Emit)
	default:
		v.fail(Emit, code, Cause{"feed", v.Event.Movement.Origin})
	}
}

func worse(a, b *Gap) *Gap {
	if b != nil && !b.Single {
		return b
	}
	return a
}

// reasonOf is by what failures of one outcome are told apart: the error text,
// else the flow.
func (j *Judge) reasonOf(d *trace.Delivery) Cause {
	if d.Why != "" {
		return Cause{"reason", Pattern(d.Why)}
	}
	if d.Flow != "" {
		return Cause{"flow", d.Flow}
	}
	return Cause{}
}

// sentWrong blames the integration's own values where the books can't be read.
func (j *Judge) sentWrong(v *Verdict, f forward) {
	e, d := v.Event, f.last
	switch {
	case d.SentKind != record.NoKind && d.SentKind != e.Movement.Kind && e.Movement.Kind != record.Reversal:
		v.fail(Arrive, finding.MappingKind, Cause{"kind", d.SentKind.String()})
	case d.SentCurrency.Known() && d.SentCurrency != e.Currency:
		v.fail(Arrive, finding.MappingCurrency, Cause{"currency", d.SentCurrency.String()})
	case d.SentAmount.Set && (d.SentAmount.Amount.Abs()-e.Owed.Abs()).Abs() > j.tolerance(e):
		v.fail(Arrive, finding.MappingAmount, Cause{})
	default:
		return
	}
	v.Tell(2, "wrong in what the integration sent")
}

// wrong judges an event that the books hold, but not as they should.
func (j *Judge) wrong(v *Verdict, b reading, f forward) {
	e := v.Event
	if !b.Kind && j.cancelsOut(e) && !e.Net.Transfer {
		v.Status = Pass
		v.Notes.add(finding.Netted)
		return
	}
	switch b.Stance {
	case Elsewhere:
		if d := f.last; d != nil && d.SentKind != record.NoKind && d.SentKind != e.Movement.Kind && e.Movement.Kind != record.Reversal && b.Row.Kind == record.NoKind {
			v.fail(Arrive, finding.MappingKind, Cause{"kind", d.SentKind.String()})
			v.Tell(2, "already wrong in what the integration sent")
			return
		}
		if b.Row.Currency != e.Currency || (b.Row.Amount-e.Owed).Abs() > j.tolerance(e) && b.Row.Kind != record.NoKind && !j.sameSide(b.Row, e) {
			v.fail(Arrive, finding.MappingAmount, Cause{})
			return
		}
		v.fail(Classify, b.Code, b.Cause)
	case Unposted:
		j.unposted(v, b, f)
	default:
		j.wrongRow(v, b, f)
	}
}

// sameSide reports whether a row on another account agrees with the event in
// size, whatever its sign: accounts of another type carry the other sign.
func (j *Judge) sameSide(p *trace.Posting, e *trace.Event) bool {
	return (p.Amount.Abs() - e.Owed.Abs()).Abs() <= j.tolerance(e)
}

// cancelsOut reports whether the books are right about an event's net group
// together: nothing booked of what adds up to nothing, or the captured part of a
// hold booked on one of its rows.
func (j *Judge) cancelsOut(e *trace.Event) bool {
	if e.Net == nil {
		return false
	}
	owed, booked := money.Amount(0), money.Amount(0)
	for _, x := range e.Net.Events {
		if x.Scope == trace.Countable || x.Scope == trace.OutsideWindow {
			owed += x.Owed
		}
		b := j.read(x)
		if b.Stance == Unposted || b.Stance == Elsewhere {
			return false
		}
		booked += b.Booked
	}
	return (owed - booked).Abs() <= j.tolerance(e)
}

func (j *Judge) unposted(v *Verdict, b reading, f forward) {
	latest := f.latest
	if b.Row != nil {
		if t := b.Row.When(); t.Compare(latest) > 0 {
			latest = t
		}
	}
	status := record.InException
	if b.Row != nil {
		status = b.Row.Status
	}
	reason := ""
	if b.Row != nil {
		reason = b.Row.Reason
	}
	if reason == "" && len(v.Event.Exceptions) > 0 {
		reason = v.Event.Exceptions[0].Reason
	}
	note := status.String()
	if reason != "" {
		note += ": " + reason
	}
	if status == record.Open && j.young(latest) {
		v.open(Classify)
		v.Tell(3, "open, not yet posted")
		return
	}
	at := Classify
	if b.Code == finding.Routing || b.Code == finding.MappingReference {
		at = Arrive
	}
	v.fail(at, b.Code, b.Cause)
	v.Tell(at-1, note)
}

// wrongRow is about rows on the ledger that are not the event: copies, another
// kind, another amount.
func (j *Judge) wrongRow(v *Verdict, b reading, f forward) {
	switch b.Code {
	case "": // one of a batch's candidates
		v.Status = Inconclusive
		v.Hops[2].Status, v.Hops[3].Status = Inconclusive, Inconclusive
		v.Tell(2, "the line for the day lacks one of several events like this")
	case finding.CorrectionRepeated:
		v.fail(Arrive, b.Code, b.Cause)
		v.Tell(2, "booked by hand and by the feed")
	case finding.Duplicate:
		_, integration, _ := j.Evidence.Roles()
		switch {
		case f.sent > 1:
			v.fail(Forward, b.Code, Cause{"copies", ""})
			v.Tell(1, "sent on more than once")
		case f.sent == 1 && (!integration || j.Evidence.Log(v.Event) == nil):
			v.fail(Arrive, b.Code, Cause{"copies", ""})
			v.Tell(2, "sent once, booked more than once")
		case integration && f.sent == 0 && f.last == nil && j.Evidence.Log(v.Event) == nil:
			v.fail(Arrive, b.Code, Cause{"copies", ""})
			v.Tell(2, "booked more than once")
		default:
			v.between(b.Code, Cause{"copies", ""})
		}
	default:
		v.fail(Arrive, b.Code, b.Cause)
		if b.Code == finding.MappingAmount && j.stale(v.Event, b) {
			v.Code = finding.Stale
		}
		d := f.last
		if d == nil {
			return
		}
		switch {
		case b.Code == finding.MappingKind && b.Row != nil && d.SentKind == b.Row.Kind && d.SentKind != record.NoKind,
			b.Code == finding.MappingAmount && d.SentAmount.Set && (d.SentAmount.Amount.Abs()-b.Booked.Abs()).Abs() <= j.tolerance(v.Event),
			b.Code == finding.MappingCurrency && d.SentCurrency.Known() && d.SentCurrency != v.Event.Currency:
			v.Tell(2, "already wrong in what the integration sent")
		}
	}
}

// stale reports whether an older payload was applied over a newer one: of two
// sends with different amounts the right one came first, and the books hold the other.
func (j *Judge) stale(e *trace.Event, b reading) bool {
	var right, other bool
	booked := b.Booked.Abs()
	for _, d := range e.Deliveries {
		a := d.SentAmount
		if !a.Set {
			a = d.Amount
		}
		if !a.Set || d.Outcome != record.Delivered {
			continue
		}
		switch {
		case (a.Amount.Abs() - e.Owed.Abs()).Abs() <= j.tolerance(e):
			right = true
			other = false
		case a.Amount.Abs() == booked && right:
			other = true
		}
	}
	return right && other
}

// Age is how long ago a time was, at the case's "now".
func (j *Judge) Age(t record.Time) time.Duration { return j.set.Case.AsOf.Sub(t.Latest()) }

// OwnFault reports whether an event that waits in the ERP, or fell to another
// account there, would do so whatever became of others: its row lacks a field,
// its kind has no working rule, or the ERP's reason says as much.
func (j *Judge) OwnFault(v *Verdict) bool {
	p := v.Books.Row
	reason := ""
	switch {
	case p != nil:
		if p.Status != record.Open && j.lacksField(v.Event, p) != "" {
			return true
		}
		reason = p.Reason
	case len(v.Event.Deliveries) > 0:
		reason = v.Event.Deliveries[len(v.Event.Deliveries)-1].Why
	}
	if reason == "" && len(v.Event.Exceptions) > 0 {
		reason = v.Event.Exceptions[0].Reason
	}
	code, _ := j.ruleFor(v.Event, p)
	return code != "" || saysInactive(reason) || lacksRule(reason)
}
