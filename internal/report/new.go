package report

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"gcdiag/internal/casefile"
	"gcdiag/internal/diagnosis"
	"gcdiag/internal/finding"
	"gcdiag/internal/ident"
	"gcdiag/internal/money"
	"gcdiag/internal/record"
	"gcdiag/internal/redact"
	"gcdiag/internal/step"
	"gcdiag/internal/trace"
)

// Options say how a diagnosis becomes a document.
type Options struct {
	Run       Run
	Redact    bool
	Key       []byte // of the card tokens
	AllEvents bool   // don't cut lists at 100
}

// listed is how many ids and traces a list holds unless all are asked for.
const listed = 100

// New writes a diagnosis down.
func New(d *diagnosis.Diagnosis, o Options) Document {
	b := &builder{d: d, o: o, tokens: redact.NewTokens(o.Key)}
	b.doc = Document{Schema: Schema, Run: o.Run}
	b.doc.Run.Mode = d.Case.Mode
	b.doc.Run.Complete = d.Case.Complete
	b.doc.Window = Window{b.stamp(d.Case.Window.Since), b.stamp(d.Case.Window.Until), b.stamp(d.Case.AsOf), d.Case.Zone.String()}
	p := d.Case.Policy
	b.doc.Policy = Policy{Grace: span(p.Grace), Basis: either(p.PricePaid, "price_paid", "face_value"), Promotional: either(p.Promotional, "include", "exclude"),
		Loyalty: either(p.Loyalty, "include", "exclude"), PointsPerUnit: p.PointsPerUnit, Tolerance: int64(p.Tolerance)}
	b.doc.Ledger = Ledger{d.Case.Liability}
	b.countAttributes()
	b.systems()
	b.outcome()
	b.steps()
	for _, f := range d.Findings {
		b.doc.Findings = append(b.doc.Findings, b.finding(f))
	}
	b.drift()
	b.mapping()
	b.repair()
	b.traces()
	b.doc.Redaction.On = o.Redact
	b.doc.Redaction.Cards = len(b.cards)
	b.doc.Redaction.Values = b.withheld
	return b.doc
}

type builder struct {
	d        *diagnosis.Diagnosis
	o        Options
	doc      Document
	tokens   *redact.Tokens
	cards    map[string]bool
	withheld int
	attrs    map[record.Attr]int
}

// span writes a duration as connectors.yaml does: "24h".
func span(d time.Duration) string {
	if d%time.Hour == 0 {
		return strconv.Itoa(int(d/time.Hour)) + "h"
	}
	return d.String()
}

func either(yes bool, this, that string) string {
	if yes {
		return this
	}
	return that
}

func (b *builder) stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(b.d.Case.Zone).Format(time.RFC3339)
}

// at is a record's time: a moment, or the bare date of a stretch of a day.
func (b *builder) at(t record.Time) string {
	switch {
	case !t.Known():
		return ""
	case t.Span() >= 23*time.Hour:
		return t.Earliest().In(b.d.Case.Zone).Format("2006-01-02")
	}
	return b.stamp(t.Earliest())
}

func totals(t money.Totals) map[string]string {
	m := map[string]string{}
	for c, a := range t {
		if a != 0 {
			m[code(c)] = a.Text(c)
		}
	}
	return m
}

// code is a currency's code, or XXX (ISO 4217: no currency) where none is known.
func code(c money.Currency) string {
	if !c.Known() {
		return "XXX"
	}
	return c.String()
}

func (b *builder) systems() {
	for i := range b.d.Case.Systems {
		s := &b.d.Case.Systems[i]
		x := System{Role: s.Role.String(), Name: s.Name, Probe: s.Probe}
		for _, t := range record.Types(s.Role) {
			r := s.Read(t)
			if r.State == casefile.Absent && r.Stated == casefile.Unstated {
				continue
			}
			y := Read{Record: t.String(), Read: r.Rows, Rejected: r.Rejected, From: b.at(r.From), To: b.at(r.To), Why: r.Why,
				Complete: r.State == casefile.HasRows && r.Stated != casefile.Partial && r.Rejected == 0 || r.Stated == casefile.Complete}
			for _, rej := range b.d.Case.Rejects {
				if int(rej.System) == i && rej.Record == t && len(y.Rejects) < 20 {
					y.Rejects = append(y.Rejects, Reject{rej.Place, b.text(rej.Reason)})
				}
			}
			for _, in := range s.Inputs {
				if in.Record != t {
					continue
				}
				for _, c := range in.Columns {
					y.Columns = append(y.Columns, Column{in.Name, c.Header, c.Field, c.Guessed})
				}
			}
			x.Reads = append(x.Reads, y)
		}
		b.doc.Systems = append(b.doc.Systems, x)
	}
}

func (b *builder) outcome() {
	o := b.d.Outcome
	out := Outcome{Status: o.Status, Steps: o.Steps, Undetermined: o.Undetermined, Headline: b.d.Headline()}
	if o.Step > 0 {
		out.Step = &o.Step
		s := step.Stages[o.Step-1]
		out.Stage = &s
	}
	if f := o.First; f != nil {
		if f.Class() == finding.Fault {
			p := string(f.Code)
			out.Problem = &p
			out.Next = f.Hint + b.where(f)
		} else {
			out.Next = f.Hint
			if f.Settle != "" {
				out.Next = "Fetch " + f.Settle + "."
			}
		}
		e := f.Evidence
		out.Evidence = &e
	}
	b.doc.Outcome = out
}

func (b *builder) steps() {
	for i, s := range b.d.Steps {
		x := Step{Step: i + 1, Stage: step.Stages[i], Status: s.Status, Question: step.Questions[i], Answer: b.d.Answer(i)}
		for _, c := range s.Cells {
			x.Cells = append(x.Cells, Cell{c.Kind.String(), c.Origin, c.Events(), c.Pass, c.Fail, c.Inconclusive, c.NotReached, c.InFlight, c.Downstream, totals(c.Amount)})
		}
		b.doc.Steps = append(b.doc.Steps, x)
	}
}

// ids cuts a list of identifiers.
func (b *builder) ids(list []string) []string {
	if !b.o.AllEvents && len(list) > listed {
		return list[:listed]
	}
	return list
}

func (b *builder) finding(f *diagnosis.Finding) Finding {
	x := Finding{ID: f.ID, Code: string(f.Code), Class: string(f.Class()), Undetermined: f.Undetermined, Title: b.text(f.Title), Cause: b.text(f.Why), Hint: b.text(f.Hint) + b.where(f),
		Evidence: f.Evidence, Count: f.Count(), Amount: totals(f.Amount), Drift: totals(f.Drift), FirstAt: b.at(f.First), LastAt: b.at(f.Last),
		SharedNote: f.SharedNote, Settle: f.Settle}
	if f.Step > 0 {
		s := f.Step
		x.Step = &s
	}
	if f.Class() == finding.Fault {
		p := string(f.Code)
		x.Problem = &p
		r := b.d.Without(f)
		x.Remaining = &Remaining{totals(r.Drift), r.Exceptions}
	}
	systems := make([]bool, len(b.d.Case.Systems)) // that speak of the events
	for id := range f.IDs {
		if !b.o.AllEvents && len(x.Events) == listed {
			break
		}
		x.Events = append(x.Events, id)
	}
	speak := func(v *step.Verdict) {
		for i := range v.Hops {
			if h := &v.Hops[i]; h.System >= 0 && (h.Status == step.Fail || f.Step == 0) {
				systems[h.System] = true
			}
		}
	}
	for _, v := range f.Roots {
		speak(v)
	}
	for _, a := range f.Alike {
		speak(a.Like)
	}
	for i := range b.d.Case.Systems {
		if s := b.d.Case.Systems[i]; systems[i] || s.Name == f.System || f.Step > 0 && int(s.Role) == roleOf(f.Step) {
			x.Systems = append(x.Systems, s.Name)
		}
	}
	for _, e := range f.Candidates {
		x.Candidates = append(x.Candidates, e.ID())
	}
	for _, r := range f.Orders {
		x.Orders = append(x.Orders, r.ID)
	}
	for _, p := range f.Postings {
		x.Postings = append(x.Postings, p.ID)
	}
	x.Candidates, x.Orders, x.Postings = b.ids(x.Candidates), b.ids(x.Orders), b.ids(x.Postings)
	for _, s := range f.Shared {
		x.Shared = append(x.Shared, Shared{s.Attribute, b.text(s.Value), share(s.These, s.OfThese), share(s.Others, s.OfOthers)})
	}
	if c := f.Change; c != nil {
		x.Change = &Change{b.at(c.Since), b.at(c.Until), c.FailedBefore, c.OfBefore, c.FailedAfter, c.OfAfter}
	}
	var down money.Totals
	for _, v := range f.Downstream {
		x.Downstream.Events = append(x.Downstream.Events, v.Event.ID())
		down.Add(v.Event.Currency, v.Event.Owed)
	}
	x.Downstream.Count = len(f.Downstream)
	x.Downstream.Events = b.ids(x.Downstream.Events)
	x.Downstream.Amount = totals(down)
	return x
}

// transfer is what pairs the halves of a transfer. Where a platform has no id for
// that, it is made of the cards' ids, and shown as a token.
func (b *builder) transfer(m *trace.Movement) string {
	if m.Card != "" && strings.Contains(m.Transfer, m.Card) {
		return b.card(m.Transfer)
	}
	return m.Transfer
}

// where says in which of the vendors' screens to look, as a continuation of a
// hint: those of the systems at which the finding's step takes place.
func (b *builder) where(f *diagnosis.Finding) string {
	if f.Step == 0 {
		return ""
	}
	text := ""
	for i := range b.d.Case.Systems {
		s := &b.d.Case.Systems[i]
		if int(s.Role) != roleOf(f.Step) || f.System != "" && s.Name != f.System {
			continue
		}
		for _, screen := range s.Screens {
			if screen.Topic == step.Stages[f.Step-1] {
				text += fmt.Sprintf(" In %s: %s.", s.Name, strings.TrimSuffix(screen.Text, "."))
			}
		}
	}
	return text
}

func roleOf(s int) int {
	switch s {
	case step.Emit:
		return int(record.Platform)
	case step.Forward:
		return int(record.Integration)
	}
	return int(record.ERP)
}

func share(n, of int) string { return strconv.Itoa(n) + "/" + strconv.Itoa(of) }

func (b *builder) drift() {
	for _, x := range b.d.Drift {
		y := Drift{Currency: code(x.Currency), Platform: x.Platform.Text(x.Currency), ERP: x.ERP.Text(x.Currency), Why: b.text(x.Why)}
		for _, p := range x.Parts {
			y.ByFinding = append(y.ByFinding, FindingAmount{p.Finding.ID, p.Amount.Text(x.Currency)})
		}
		if x.Known {
			t, u := x.Total().Text(x.Currency), x.Unexplained.Text(x.Currency)
			y.Drift, y.Unexplained = &t, &u
		}
		b.doc.Drift = append(b.doc.Drift, y)
	}
	for _, x := range b.d.Excluded {
		b.doc.Excluded = append(b.doc.Excluded, Excluded{x.Reason.String(), x.Count, totals(x.Amount)})
	}
}

func (b *builder) mapping() {
	for _, m := range b.d.Mapping {
		b.doc.Mapping = append(b.doc.Mapping, Mapping{b.d.Case.Systems[m.System].Name, m.Kind.String(), m.Origin, m.Type, m.Account, m.Sign, m.Currency, m.Pairs, m.Of, b.ids(m.Against)})
	}
}

func (b *builder) repair() {
	r := b.d.Packet()
	if !b.o.AllEvents && len(r.Replay) > 10*listed {
		r.Replay = r.Replay[:10*listed]
	}
	for _, i := range r.Replay {
		e := i.Verdict.Event
		b.doc.Repair.Replay = append(b.doc.Repair.Replay, ReplayItem{e.ID(), e.Movement.Kind.String(), e.Owed.Text(e.Currency), code(e.Currency), b.at(e.Movement.At), i.Finding.ID, e.ID()})
	}
	for _, c := range r.Corrections {
		b.doc.Repair.Corrections = append(b.doc.Repair.Corrections, Correction{c.Finding.ID, c.Account, c.Amount.Text(c.Currency), code(c.Currency), b.text(c.Why), true})
	}
	for _, q := range r.Questions {
		b.doc.Repair.Questions = append(b.doc.Repair.Questions, Question{q.Finding.ID, q.Whom, b.sparing(q.Ask, q.Finding)})
	}
	b.doc.Repair.Proof = r.Proof
}

// traces lists the events that are not clean, faults first, each in time order.
func (b *builder) traces() {
	of := map[step.Status][]*step.Verdict{}
	for _, v := range b.d.Verdicts {
		switch {
		case v.Status == step.Pass && !b.d.InFault(v.Event), v.Status == step.Excluded && v.Event.Scope == trace.OutsideWindow:
		default:
			b.doc.TracesTotal++
			if list := of[v.Status]; b.o.AllEvents || len(list) < listed {
				of[v.Status] = append(list, v)
			}
		}
	}
	for _, status := range []step.Status{step.Fail, step.Downstream, step.Inconclusive, step.InFlight, step.Excluded, step.Pass} {
		for _, v := range of[status] {
			if b.o.AllEvents || len(b.doc.Traces) < listed {
				b.doc.Traces = append(b.doc.Traces, b.trace(v))
			}
		}
	}
}

// TraceOf writes down single events, clean or not, for "gcdiag trace".
func TraceOf(d *diagnosis.Diagnosis, verdicts []*step.Verdict, o Options) []Trace {
	b := &builder{d: d, o: o, tokens: redact.NewTokens(o.Key)}
	b.countAttributes()
	var out []Trace
	for _, v := range verdicts {
		out = append(out, b.trace(v))
	}
	return out
}

func (b *builder) trace(v *step.Verdict) Trace {
	e, m := v.Event, v.Event.Movement
	t := Trace{Event: e.ID(), Kind: m.Kind.String(), Origin: m.Origin, Card: b.card(m.Card), Order: m.Order, At: b.at(m.At), Amount: e.Owed.Text(e.Currency),
		Currency: code(e.Currency), Verdict: v.Status.String(), Note: b.text(b.d.NoteOf(v))}
	if v.Step > 0 {
		s := v.Step
		t.Step = &s
	}
	if f := b.d.FindingOf(e); f != nil {
		t.Finding = f.ID
	}
	for i, h := range v.Hops {
		x := Hop{Stage: step.Stages[i], Status: h.Status.String(), Note: b.text(diagnosis.HopNote(v, i))}
		if h.Status != step.NotReached && h.System >= 0 {
			r := v.Shown(i)
			x.System, x.Record, x.At, x.MatchedBy = b.d.Case.Systems[h.System].Name, r.Record, b.at(r.At), r.Rung.String()
		}
		t.Hops = append(t.Hops, x)
	}
	t.Records = b.records(v)
	return t
}

// card is a card id as the report may show it.
func (b *builder) card(id string) string {
	if id == "" || !b.o.Redact {
		return id
	}
	k := ident.Key(id)
	if b.cards == nil {
		b.cards = map[string]bool{}
	}
	b.cards[k] = true
	return b.tokens.Card(k)
}

// text is free text as the report may show it: without card codes.
func (b *builder) text(s string) string {
	if !b.o.Redact {
		return s
	}
	return redact.Mask(s)
}

// sparing is text about a finding in which the id of its first event stays as it is:
// it is what IT needs.
func (b *builder) sparing(s string, f *diagnosis.Finding) string {
	if len(f.Roots) == 0 || f.Roots[0].Event.ID() == "" {
		return b.text(s)
	}
	const place = "\ue000"
	id := f.Roots[0].Event.ID()
	return strings.ReplaceAll(b.text(strings.ReplaceAll(s, id, place)), place, id)
}

// countAttributes counts the values of unlisted columns: only what several
// records share is shown.
func (b *builder) countAttributes() {
	b.attrs = map[record.Attr]int{}
	if !b.o.Redact {
		return
	}
	for _, v := range b.d.Verdicts {
		if v.Status == step.Pass {
			continue
		}
		for _, a := range v.Event.Movement.Attrs {
			b.attrs[a]++
		}
		for _, d := range v.Event.Deliveries {
			for _, a := range d.Attrs {
				b.attrs[a]++
			}
		}
		for _, l := range v.Event.Postings {
			for _, a := range l.Posting.Attrs {
				b.attrs[a]++
			}
		}
	}
}

// records are the rows a trace rests on.
func (b *builder) records(v *step.Verdict) []Record {
	e := v.Event
	var out []Record
	m := e.Movement
	f := fields{b: b}
	f.add("id", m.ID).add("kind", m.Kind.String()).add("card", b.card(m.Card)).add("amount", b.amountOf(m)).add("currency", code(e.Currency)).add("at", b.at(m.At)).
		add("status", m.Status.String()).add("origin", m.Origin).add("order", m.Order).add("refund", m.Refund).add("reverses", m.Reverses).add("transfer", b.transfer(m)).
		add("issuer", m.Issuer).add("channel", m.Channel).add("location", m.Location).add("item", m.Item).add("funding", m.Funding.String()).add("entity", m.Entity)
	f.opt("balance_after", m.BalanceAfter, e.Currency).opt("price_paid", m.PricePaid, e.Currency).attributes(m.Attrs)
	out = append(out, b.record(m.Source, record.Movements, f))
	for _, d := range e.Deliveries {
		f := fields{b: b}
		f.add("id", d.ID).add("event", d.Event).add("notification", d.Notification).add("kind", d.Kind.String()).add("outcome", d.Outcome.String()).add("received_at", b.at(d.ReceivedAt)).
			add("order", d.Order).add("card", b.card(d.Card)).opt("amount", d.Amount, d.Currency).add("refund", d.Refund).add("why", b.text(d.Why)).add("flow", d.Flow).
			add("subscription", d.Subscription).add("batch", d.Batch).add("sent_kind", d.SentKind.String()).opt("sent_amount", d.SentAmount, d.SentCurrency).add("sent_at", b.at(d.SentAt)).add("erp_ref", d.ERPRef).attributes(d.Attrs)
		if d.Attempt > 0 {
			f.add("attempt", strconv.Itoa(d.Attempt))
		}
		out = append(out, b.record(d.Source, record.Deliveries, f))
	}
	rows := make([]*trace.Posting, 0, len(e.Postings))
	for _, l := range e.Postings {
		rows = append(rows, l.Posting)
	}
	if e.Batch != nil {
		rows = append(rows, e.Batch.Postings...)
	}
	for _, p := range rows {
		f := fields{b: b}
		f.add("id", p.ID).add("kind", p.Kind.String()).add("type", p.Type).add("amount", p.Amount.Text(p.Currency)).add("currency", code(p.Currency)).add("dated", b.at(p.Dated)).
			add("posted_at", b.at(p.PostedAt)).add("account", p.Account).add("status", p.Status.String()).add("reason", b.text(p.Reason)).add("document", p.Document).add("ref", p.Ref).
			add("order", p.Order).add("card", b.card(p.Card)).add("refund", p.Refund).add("item", p.Item).add("rule", p.Rule).add("batch", p.Batch).add("source", p.From.String()).add("entity", p.Entity)
		if p.Memo != "" {
			f.withhold("memo", p.Memo)
		}
		f.attributes(p.Attrs)
		out = append(out, b.record(p.Source, record.Postings, f))
	}
	for _, x := range e.Exceptions {
		f := fields{b: b}
		f.add("id", x.ID).add("kind", x.Kind.String()).add("ref", x.Ref).add("order", x.Order).add("card", b.card(x.Card)).opt("amount", x.Amount, x.Currency).add("opened_at", b.at(x.OpenedAt)).add("reason", b.text(x.Reason)).attributes(x.Attrs)
		out = append(out, b.record(x.Source, record.Exceptions, f))
	}
	return out
}

func (b *builder) amountOf(m *trace.Movement) string {
	if m.Points {
		return money.Decimal{Coef: int64(m.Amount), Scale: 2}.String() + " points"
	}
	return m.Amount.Text(m.Currency)
}

func (b *builder) record(s record.Source, t record.Type, f fields) Record {
	sys := &b.d.Case.Systems[s.System]
	place := strconv.Itoa(int(s.Row))
	if int(s.Input) < len(sys.Inputs) {
		place = sys.Inputs[s.Input].Name + ":" + place
	}
	return Record{System: sys.Name, Record: t.String(), Place: place, Fields: f.list}
}

// fields collects the filled columns of a record.
type fields struct {
	b    *builder
	list []Field
}

func (f *fields) add(name, value string) *fields {
	if value != "" {
		f.list = append(f.list, Field{name, value})
	}
	return f
}

func (f *fields) opt(name string, o money.Opt, c money.Currency) *fields {
	if o.Set {
		f.list = append(f.list, Field{name, strings.TrimSpace(o.Amount.Text(c) + " " + c.String())})
	}
	return f
}

// withhold shows a value only where redaction is off.
func (f *fields) withhold(name, value string) {
	if f.b.o.Redact {
		f.b.withheld++
		value = "(withheld)"
	}
	f.add(name, value)
}

func (f *fields) attributes(attrs []record.Attr) *fields {
	for _, a := range attrs {
		if f.b.o.Redact && (f.b.attrs[a] < 2 || diagnosis.Personal(a.Name, a.Value)) {
			f.withhold(a.Name, a.Value)
			continue
		}
		f.add(a.Name, f.b.text(a.Value))
	}
	return f
}
