package step

import (
	"fmt"
	"strings"

	"gcdiag/internal/casefile"
	"gcdiag/internal/finding"
	"gcdiag/internal/ident"
	"gcdiag/internal/money"
	"gcdiag/internal/record"
	"gcdiag/internal/trace"
)

// Stance is what the ERP holds of one event.
type Stance uint8

// The stances.
const (
	Nowhere   Stance = iota // no row speaks of it
	Right                   // exactly the event, on the liability accounts
	Wrong                   // rows that are wrong: see Code
	Unposted                // a document that has not reached the ledger: open, held, in exception, refused
	Elsewhere               // right kind, on another account
)

// Books is what the ERP's rows say of one event, before anybody asks whose fault it is.
type Books struct {
	Stance  Stance
	Rung    trace.Rung   // by what Row was found
	Booked  money.Amount // on the liability accounts, in minor units of the event's currency
	Foreign money.Totals // there in other currencies
	Row     *trace.Posting
}

// Totals is all that the liability accounts hold for an event in a currency.
func (b *Books) Totals(own money.Currency) money.Totals {
	var t money.Totals
	t.AddAll(b.Foreign)
	t.Add(own, b.Booked)
	return t
}

// reading is what the rows say with what only the judge wants to know.
type reading struct {
	Books
	Code   finding.Code // what is wrong, where something is
	Cause  Cause
	ByHand bool // what is right was booked by hand
	Kind   bool // the row's kind is wrong although amount and account are right
	Copies int  // how many times it is booked
}

// book adds what a row on a liability account holds.
func (b *Books) book(e *trace.Event, c money.Currency, a money.Amount) {
	if c == e.Currency {
		b.Booked += a
	} else {
		b.Foreign.Add(c, a)
	}
}

// Cause is the detail by which failures of one code are told apart.
type Cause struct {
	What  string // reason, account, rule, item, field, flow, …
	Value string
}

// read sums up what an event's rows say.
func (j *Judge) read(e *trace.Event) reading {
	b := reading{}
	if e.Batch != nil {
		return j.readBatch(e)
	}
	var room [2]trace.Link // of nearly all events one row is posted
	posted := room[:0]
	var elsewhere, waiting []trace.Link
	var hand, feed money.Amount
	nHand, nFeed := 0, 0
	for _, l := range e.Postings {
		p := l.Posting
		switch {
		case !p.Status.Counts():
			waiting = append(waiting, l)
		case !j.Evidence.AccountsKnown || j.onLiability(p.Account):
			posted = append(posted, l)
			b.book(e, p.Currency, p.Amount)
			if p.From == record.ByHand {
				hand += p.Amount
				nHand++
			} else {
				feed += p.Amount
				nFeed++
			}
		case p.From != record.ByHand: // by hand and on another account it is neither arrival nor repair
			elsewhere = append(elsewhere, l)
		}
	}
	if len(posted) > 0 {
		b.Row, b.Rung = posted[0].Posting, posted[0].Rung
		b.Copies = 1
		j.readPosted(e, &b, posted, elsewhere, nHand, nFeed, hand, feed)
		if b.Stance == Nowhere && len(waiting) > 0 {
			j.readWaiting(e, &b, waiting)
		}
		return b
	}
	if len(elsewhere) > 0 {
		if l, ok := j.best(e, elsewhere); ok {
			b.Row, b.Rung = l.Posting, l.Rung
			j.readElsewhere(e, &b, l.Posting)
			if b.Stance == Elsewhere {
				for _, x := range elsewhere {
					if p := x.Posting; p.Account == l.Posting.Account && p.Amount == e.Owed && p.Currency == e.Currency && p.Kind == l.Posting.Kind {
						b.Copies++
					}
				}
				if b.Copies > 1 {
					b.Stance, b.Code = Wrong, finding.Duplicate
				}
			}
			if b.Stance != Nowhere {
				return b
			}
		}
	}
	if len(waiting) > 0 {
		j.readWaiting(e, &b, waiting)
		return b
	}
	if len(e.Exceptions) > 0 {
		b.Stance, b.Code = Unposted, finding.NoRule
		b.Cause = j.waitingCause(e, nil, e.Exceptions[0].Reason)
		b.Code = j.waitingCode(e, nil, e.Exceptions[0].Reason)
	}
	return b
}

// readBatch is what a line for many events says of one of them.
func (j *Judge) readBatch(e *trace.Event) reading {
	t := e.Batch
	b := reading{Books: Books{Stance: Right, Row: t.Postings[0], Rung: t.Rung}}
	for _, m := range t.Missing {
		if m == e {
			return reading{}
		}
	}
	for _, m := range t.Candidates {
		if m == e {
			b.Stance = Wrong
			b.Code = "" // one of several is meant; the diagnosis lists them
			b.Booked = e.Owed
			return b
		}
	}
	p := b.Row
	switch {
	case !p.Status.Counts():
		j.readWaiting(e, &b, []trace.Link{{Posting: p, Rung: t.Rung}})
		return b
	case j.Evidence.AccountsKnown && !j.onLiability(p.Account):
		j.readElsewhere(e, &b, p)
		return b
	}
	b.Copies = max(t.Copies, 1)
	b.Booked = e.Owed * money.Amount(b.Copies)
	b.ByHand = p.From == record.ByHand
	if b.Copies > 1 {
		b.Stance, b.Code = Wrong, finding.Duplicate
	}
	return b
}

func (j *Judge) readPosted(e *trace.Event, b *reading, posted, elsewhere []trace.Link, nHand, nFeed int, hand, feed money.Amount) {
	p := posted[0].Posting
	owed, sum, foreign := e.Owed, b.Booked, !b.Foreign.Zero()
	kindOK := true
	for _, l := range posted {
		if !kindFits(e, l.Posting) && l.Posting.Amount != 0 {
			kindOK = false
			p = l.Posting
			b.Row, b.Rung = p, l.Rung
		}
	}
	near := (sum - owed).Abs() <= j.tolerance(e)
	for _, l := range posted {
		if sys := &j.set.Case.Systems[l.Posting.System]; near && !holds(sys, e.Movement.Entity) {
			b.Stance, b.Code, b.Row = Wrong, finding.Routing, l.Posting
			b.Cause = Cause{"ledger", sys.Name}
			return
		}
	}
	switch {
	case near && !foreign && kindOK:
		b.Stance = Right
		b.ByHand = nFeed == 0 || nHand > 0 && (hand-owed).Abs() <= j.tolerance(e)
		if sum != owed {
			b.Cause = Cause{"rounding", (sum - owed).Text(e.Currency)}
		}
		return
	case near && !foreign:
		b.Stance, b.Code, b.Kind = Wrong, finding.MappingKind, true
		b.Cause = Cause{"kind", kindWord(p)}
		return
	case sum == 0 && !foreign && owed != 0 && len(posted) > 1 && kindOK:
		b.Stance = Nowhere // booked and taken back
		b.Booked, b.Foreign = 0, nil
		return
	}
	b.Stance = Wrong
	copies, fed := 0, 0
	for _, l := range posted {
		if l.Posting.Currency == e.Currency && (l.Posting.Amount-owed).Abs() <= j.tolerance(e) && kindFits(e, l.Posting) {
			copies++
			if l.Posting.From != record.ByHand {
				fed++
			}
		}
	}
	switch {
	case copies >= 2 && (sum-owed*money.Amount(copies)).Abs() <= j.tolerance(e)*money.Amount(copies):
		b.Copies = copies
		b.Code = finding.Duplicate
		if nHand > 0 && fed == 1 {
			b.Code = finding.CorrectionRepeated
		}
	case foreign && sum == 0:
		b.Code = finding.MappingCurrency
		c := posted[0].Posting.Currency
		b.Cause = Cause{"currency", c.String()}
	case !kindOK:
		b.Code = finding.MappingKind
		b.Cause = Cause{"kind", kindWord(p)}
	case e.Movement.Points && j.asPoints(e, sum):
		b.Code = finding.MappingUnit
	default:
		b.Code = finding.MappingAmount
		if copies >= 1 && len(posted) > copies && nHand > 0 {
			b.Code = finding.CorrectionRepeated
		}
	}
}

// asPoints reports whether an amount is the number of points read as money.
func (j *Judge) asPoints(e *trace.Event, sum money.Amount) bool {
	points := money.Decimal{Coef: int64(e.Movement.Amount), Scale: 2}
	a, err := points.In(e.Currency)
	return err == nil && a.Abs() == sum.Abs()
}

// best is the row on another account that most plainly stands for the event:
// right kind, else right amount, else any of the same sign. Counter-entries of
// other lines (the opposite sign, no kind) don't stand for it.
func (j *Judge) best(e *trace.Event, links []trace.Link) (trace.Link, bool) {
	score := func(p *trace.Posting) int {
		s := 0
		if p.Kind == e.Movement.Kind {
			s += 8
		}
		if p.Amount == e.Owed && p.Currency == e.Currency {
			s += 4
		}
		if (p.Amount > 0) == (e.Owed > 0) {
			s += 2
		}
		if p.Kind != record.NoKind {
			s++
		}
		return s
	}
	best, top := trace.Link{}, 0
	for _, l := range links {
		if s := score(l.Posting); s > top {
			best, top = l, s
		}
	}
	return best, top >= 1
}

func (j *Judge) readElsewhere(e *trace.Event, b *reading, p *trace.Posting) {
	m := e.Movement
	switch {
	case !kindFits(e, p):
		b.Stance, b.Code = Wrong, finding.MappingKind
		b.Cause = Cause{"kind", kindWord(p)}
		// paid in or out, but not by card
		if p.Kind == record.Other && (p.Amount > 0) == (e.Owed > 0) && (m.Kind == record.Redemption || m.Kind == record.RefundToCard && tenderWords(p)) {
			b.Code = finding.MappingTender
			b.Cause = Cause{"tender", kindWord(p)}
		}
	case p.Currency != e.Currency:
		b.Stance, b.Code = Wrong, finding.MappingCurrency
		b.Cause = Cause{"currency", p.Currency.String()}
	case p.Kind == record.NoKind && (p.Amount > 0) != (e.Owed > 0):
		b.Stance = Nowhere // a counter-entry, not the event
	default:
		b.Stance = Elsewhere
		b.Code, b.Cause = j.accountCode(e, p)
	}
}

// tenderWords reports whether a row's own words speak of a means of payment.
func tenderWords(p *trace.Posting) bool {
	return anyOf(strings.ToLower(p.Type+" "+p.Memo), "cash", "bank", "credit card", "debit card", "payment", "refund", "tender", "paypal", "stripe", "cheque", "check", "voucher clearing")
}

// readWaiting is about documents that have not reached the ledger.
func (j *Judge) readWaiting(e *trace.Event, b *reading, waiting []trace.Link) {
	l := waiting[len(waiting)-1]
	for _, w := range waiting { // the state that is furthest on
		if rank(w.Posting.Status) > rank(l.Posting.Status) {
			l = w
		}
	}
	p := l.Posting
	b.Stance, b.Row, b.Rung = Unposted, p, l.Rung
	if !kindFits(e, p) && p.Status != record.Refused {
		b.Stance, b.Code = Wrong, finding.MappingKind
		b.Cause = Cause{"kind", kindWord(p)}
		return
	}
	reason := p.Reason
	if reason == "" && len(e.Exceptions) > 0 {
		reason = e.Exceptions[0].Reason
	}
	b.Code = j.waitingCode(e, p, reason)
	b.Cause = j.waitingCause(e, p, reason)
}

func rank(s record.PostingStatus) int {
	switch s {
	case record.Open:
		return 3
	case record.HeldPosting, record.InException:
		return 2
	}
	return 1
}

// waitingCode is what keeps a document from the ledger: missing metadata, a
// missing or inactive rule, or (refused for another reason) its routing.
func (j *Judge) waitingCode(e *trace.Event, p *trace.Posting, reason string) finding.Code {
	ruleless := lacksRule(reason)
	if p != nil && p.Status == record.Refused {
		lacking, _ := j.ruleFor(e, p)
		switch {
		case lacking == finding.NoRule || lacking == finding.RuleInactive:
			return lacking
		case saysInactive(reason):
			return finding.RuleInactive
		case ruleless:
			return finding.NoRule
		}
		return finding.Routing
	}
	if p != nil && p.Status != record.Open && j.lacksField(e, p) != "" || lacksReference(reason) && (p == nil || p.Status != record.Open) {
		return finding.MappingReference
	}
	code, _ := j.ruleFor(e, p)
	switch {
	case saysInactive(reason):
		return finding.RuleInactive
	case code == finding.RuleInactive:
		return code
	case ruleless:
		return finding.NoRule
	case code != "":
		return code
	case p != nil && (p.Status == record.Open || p.Status == record.HeldPosting):
		return finding.Held
	case len(j.rules) > 0 || reason != "": // a rule is there, or the reason is another
		return finding.Held
	}
	return finding.NoRule
}

func (j *Judge) waitingCause(e *trace.Event, p *trace.Posting, reason string) Cause {
	if p != nil {
		if f := j.lacksField(e, p); f != "" {
			return Cause{"field", f}
		}
	}
	if _, c := j.ruleFor(e, p); c != (Cause{}) {
		return c
	}
	if reason != "" {
		return Cause{"reason", Pattern(reason)}
	}
	if p != nil {
		return Cause{"status", p.Status.String()}
	}
	return Cause{}
}

// accountCode is why a row of the right kind stands on another account.
func (j *Judge) accountCode(e *trace.Event, p *trace.Posting) (finding.Code, Cause) {
	if code, c := j.ruleFor(e, p); code != "" {
		if code != finding.WrongAccount && p.Rule != "" && !j.ruleNamed(p) {
			code = finding.WrongAccount
		}
		if code == finding.WrongAccount {
			return code, Cause{"account", p.Account}
		}
		return code, c
	}
	if p.Rule == "" && j.nameRules(p) || p.Account == "" {
		return finding.NoRule, Cause{"account", p.Account}
	}
	return finding.WrongAccount, Cause{"account", p.Account}
}

func (j *Judge) ruleNamed(p *trace.Posting) bool {
	for _, r := range j.rules {
		if r.System == p.System && named(r, p.Rule) {
			return true
		}
	}
	return false
}

func named(r *record.Rule, name string) bool {
	return name != "" && (ident.Key(r.ID) == ident.Key(name) || record.Fold(r.Name) == record.Fold(name))
}

// ruleFor is what the ERP's own rules say about the kind of an event: no rule at
// all, an inactive one, or one that points to another account. "" where they
// should have worked or where no rule is known.
func (j *Judge) ruleFor(e *trace.Event, p *trace.Posting) (finding.Code, Cause) {
	if len(j.rules) == 0 {
		return "", Cause{}
	}
	var off, astray, good *record.Rule
	covering := 0
	for _, r := range j.rules {
		if p != nil && r.System != p.System {
			continue
		}
		is := r.Kinds.Has(e.Movement.Kind) || p != nil && named(r, p.Rule) || r.Kinds == 0 && mentions(r, e, p)
		if !is {
			continue
		}
		covering++
		inactive := r.Active == record.No
		if inactive && r.ChangedAt.Known() && p != nil && p.When().Known() && r.ChangedAt.Earliest().After(p.When().Latest()) {
			inactive = false // it was switched off later
		}
		switch {
		case inactive:
			off = r
		case r.Account != "" && !j.set.Liability(r.Account):
			astray = r
		default:
			good = r
		}
	}
	switch {
	case p != nil && p.Rule != "" && astray != nil && named(astray, p.Rule):
		return finding.WrongAccount, Cause{"rule", ruleName(astray)}
	case good == nil && off != nil:
		return finding.RuleInactive, Cause{"rule", ruleName(off)}
	case good == nil && astray != nil:
		return finding.WrongAccount, Cause{"rule", ruleName(astray)}
	case covering == 0 && j.rulesWhole(p):
		return finding.NoRule, Cause{}
	}
	return "", Cause{}
}

// rulesWhole reports whether a rule that is not listed does not exist: no list of
// the ERP's rules (of the row's, where there is one) is known to be partial.
func (j *Judge) rulesWhole(p *trace.Posting) bool {
	for i := range j.set.Case.Systems {
		s := &j.set.Case.Systems[i]
		if s.Role != record.ERP || p != nil && int(p.System) != i {
			continue
		}
		if r := s.Read(record.Rules); r.Stated == casefile.Partial || r.State == casefile.Truncated || r.State == casefile.Unread {
			return false
		}
	}
	return true
}

// mentions reports whether a rule without kinds speaks of the event in its text.
func mentions(r *record.Rule, e *trace.Event, p *trace.Posting) bool {
	text := record.Fold(r.Matches + "|" + r.Name)
	if strings.Contains(text, record.Fold(e.Movement.Kind.String())) {
		return true
	}
	if p == nil {
		return false
	}
	for _, w := range []string{p.Type, p.Item} {
		if w != "" && strings.Contains(text, record.Fold(w)) {
			return true
		}
	}
	return false
}

func ruleName(r *record.Rule) string {
	if r.Name != "" && r.Name != r.ID {
		return fmt.Sprintf("%s (%s)", r.ID, r.Name)
	}
	return r.ID
}

// tolerance is how far a row may be from an event, in minor units.
func (j *Judge) tolerance(e *trace.Event) money.Amount { return j.set.Case.Policy.Tolerance }

// kindFits reports whether a row's kind is one that an event may arrive as: its
// own or none. A reversal also arrives as what undoes it.
func kindFits(e *trace.Event, p *trace.Posting) bool {
	m := e.Movement
	switch {
	case p.Kind == record.NoKind || p.Kind == m.Kind:
		return true
	case m.Kind == record.Deactivation && p.Kind == record.SaleRefund:
		return true // a sold card that was taken back; platforms without the word switch it off
	case m.Kind != record.Reversal || p.Kind == record.Other:
		return false
	case p.Kind == record.RefundToCard && e.Owed > 0, p.Kind == record.SaleRefund && e.Owed < 0:
		return true
	}
	return e.Net != nil && p.Kind == e.Net.Events[0].Movement.Kind // what is reversed, with the other sign
}

func kindWord(p *trace.Posting) string {
	if p.Kind == record.Other && p.Type != "" {
		return p.Type
	}
	return p.Kind.String()
}

// Pattern is a reason with its numbers and identifiers replaced, so that one
// error text is one text whatever record it names.
func Pattern(reason string) string {
	var b strings.Builder
	for _, w := range strings.Fields(reason) {
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		if i := strings.IndexAny(w, "0123456789"); i >= 0 && !status(w) {
			w = "…"
		}
		b.WriteString(w)
	}
	s := b.String()
	for strings.Contains(s, "… …") {
		s = strings.ReplaceAll(s, "… …", "…")
	}
	return s
}

// status reports whether a word is a code that tells errors apart: three digits.
func status(w string) bool {
	w = strings.Trim(w, ":,.;()[]\"'")
	if len(w) != 3 {
		return false
	}
	for i := range 3 {
		if w[i] < '0' || w[i] > '9' {
			return false
		}
	}
	return w[0] >= '1' && w[0] <= '5'
}

// lacksRule reports whether a reason says that the ERP has no rule or account for the row.
func lacksRule(reason string) bool {
	r := strings.ToLower(reason)
	thing := anyOf(r, "rule", "account", "mapping for", "gl code", "posting group", "konto", "item setup")
	lack := anyOf(r, "missing", "not set", "not configured", "no ", "not found", "without", "undefined", "lacks", "none", "unmapped", "unmatched", "not mapped", "could not determine", "required", "does not exist", "unknown", "inactive", "empty")
	return thing && lack && !anyOf(r, "customer account", "account locked")
}

// saysInactive reports whether a reason says that a rule is switched off.
func saysInactive(reason string) bool {
	r := strings.ToLower(reason)
	return strings.Contains(r, "rule") && anyOf(r, "inactive", "disabled", "deactivated", "switched off", "turned off", "not active")
}

// lacksReference reports whether a reason says that the row does not say which
// card or order it is about.
func lacksReference(reason string) bool {
	r := strings.ToLower(reason)
	thing := anyOf(r, "reference", "card number", "card code", "card id", "certificate code", "certificate number", "external id", "order number", "order id", "code")
	return thing && anyOf(r, "missing", "empty", "blank", "without", "lacks", "no ", "not given", "required")
}

func anyOf(s string, words ...string) bool {
	for _, w := range words {
		if strings.Contains(s, w) {
			return true
		}
	}
	return false
}
