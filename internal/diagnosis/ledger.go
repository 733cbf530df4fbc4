package diagnosis

import (
	"slices"
	"strings"
	"time"

	"gcdiag/internal/casefile"
	"gcdiag/internal/finding"
	"gcdiag/internal/ident"
	"gcdiag/internal/money"
	"gcdiag/internal/record"
	"gcdiag/internal/step"
	"gcdiag/internal/trace"
)

func cardKey(e *trace.Event) string { return ident.Key(e.Movement.Card) }

// platformLedger checks the platform against itself, before anybody else is
// blamed: signs, running balances, restores against redemptions, orders against
// the card ledger. An event that the platform should not have made, and that the
// books rightly lack, is not a fault of the handoff.
func (d *Diagnosis) platformLedger() []*Finding {
	d.cards = map[string]*record.Card{}
	for c := range d.Case.Cards.All() {
		d.cards[ident.Key(c.ID)] = c
	}
	for p := range d.Case.Postings.Pass() {
		if p.Card != "" {
			d.rowsCarryCards = true
			break
		}
	}
	a := &auditor{d: d, byCode: map[finding.Code]*Finding{}}
	a.signs()
	a.withoutOrder()
	a.restores()
	a.balances()
	a.currencies()
	a.pointsKept()
	a.repeatedLoads()
	a.orders()
	var out []*Finding
	for _, code := range a.order {
		f := a.byCode[code]
		slices.SortFunc(f.Roots, byEvent)
		f.Roots = slices.Compact(f.Roots)
		out = append(out, f)
	}
	return out
}

// card is what the platform's list of cards says of an event's card, or nil.
func (d *Diagnosis) card(e *trace.Event) *record.Card {
	if len(d.cards) == 0 {
		return nil
	}
	return d.cards[cardKey(e)]
}

// auditor collects anomalies, one finding per code.
type auditor struct {
	d      *Diagnosis
	byCode map[finding.Code]*Finding
	order  []finding.Code
}

func (a *auditor) finding(code finding.Code) *Finding {
	f := a.byCode[code]
	if f == nil {
		f = &Finding{Code: code, Evidence: "proven"}
		a.byCode[code] = f
		a.order = append(a.order, code)
	}
	return f
}

// note reports an event. Where it excuses the event, a row that the books lack
// (or hold right) is no fault of the handoff: the event passes, and its difference
// belongs to the anomaly.
func (a *auditor) note(code finding.Code, e *trace.Event, excuse bool) {
	f, v := a.finding(code), a.d.verdict(e)
	f.Roots = append(f.Roots, v)
	if excuse && v.Status != step.Pass && v.Status != step.Excluded {
		v.Status, v.Step, v.Code, v.Between = step.Pass, 0, "", false
		for i := range v.Hops {
			if v.Hops[i].Status != step.Pass {
				v.Hops[i].Status = step.Pass
				v.Tell(i, joined(v.Note(i), "not judged: the platform's own ledger is wrong here"))
			}
		}
		a.d.owner[e.Place()] = f
	}
}

// signs finds minus movements of a kind that raises what is owed, and charges
// where a refund was meant. Where the books hold the natural sign, they are right.
func (a *auditor) signs() {
	for _, e := range a.d.Set.Events {
		m := e.Movement
		if e.Scope != trace.Countable {
			continue
		}
		charged := m.Kind == record.Redemption && m.Refund != "" && m.Amount < 0
		if !m.Contrary && !charged {
			continue
		}
		v := a.d.verdict(e)
		booked := v.Books.Booked
		right := booked == -e.Owed
		a.note(finding.SignContradiction, e, right)
	}
}

// orderView reports whether the shop's orders are known to be whole.
func (d *Diagnosis) orderView() bool {
	known := false
	for i := range d.Case.Systems {
		s := &d.Case.Systems[i]
		if s.Role != record.Platform {
			continue
		}
		r := s.Read(record.Orders)
		if r.State != casefile.HasRows || r.Stated == casefile.Partial {
			return false
		}
		known = true
	}
	return known
}

var deadOrder = []string{"failed", "error", "abandoned", "invalid", "rejected", "declined"}

func isOneOf(status string, words []string) bool {
	s := record.Fold(status)
	return s != "" && slices.ContainsFunc(words, func(w string) bool { return strings.Contains(s, w) })
}

func cancelled(o *record.Order) bool {
	return isOneOf(o.Status, []string{"cancel", "void", "expired"})
}

// withoutOrder finds redemptions that no valid order explains.
func (a *auditor) withoutOrder() {
	if !a.d.orderView() {
		return
	}
	named, all := 0, 0
	for _, e := range a.d.Set.Events {
		if e.Movement.Kind == record.Redemption {
			all++
			if e.Movement.Order != "" {
				named++
			}
		}
	}
	for _, e := range a.d.Set.Events {
		m := e.Movement
		if m.Kind != record.Redemption || e.Scope != trace.Countable || e.Net != nil {
			continue
		}
		switch {
		case m.Order == "" && named*2 > all,
			m.Order != "" && e.Order == nil && a.d.ordersReach(m.At),
			e.Order != nil && (isOneOf(e.Order.Status, deadOrder) || e.Order.CardStatus == record.CardDeclined):
			a.note(finding.RedemptionWithoutOrder, e, a.d.verdict(e).Books.Stance == step.Nowhere)
		}
	}
}

// ordersReach reports whether the order view goes back to a time.
func (d *Diagnosis) ordersReach(t record.Time) bool {
	for i := range d.Case.Systems {
		if s := &d.Case.Systems[i]; s.Role == record.Platform {
			r := s.Read(record.Orders)
			if r.From.Known() && t.Latest().Before(r.From.Earliest().Add(-24*time.Hour)) {
				return false
			}
		}
	}
	return true
}

// restores compares what came back to cards with what was taken off them, per
// order over all instruments.
func (a *auditor) restores() {
	type sums struct {
		c         money.Currency
		used      money.Amount
		given     money.Amount
		restoring []*trace.Event
		using     []*trace.Event
	}
	orders := map[string]*sums{}
	var keys []string
	for _, e := range a.d.Set.Events {
		m := e.Movement
		if m.Order == "" || m.Status != record.Final || e.Scope != trace.Countable && e.Scope != trace.OutsideWindow {
			continue
		}
		if a.d.Set.OfOrder(e) < 2 && e.Order == nil {
			continue // nothing to compare it with
		}
		k := ident.Key(m.Order)
		s := orders[k]
		if s == nil {
			s = &sums{c: e.Currency}
			orders[k] = s
			keys = append(keys, k)
		}
		switch {
		case m.Kind == record.Redemption && m.Amount < 0:
			s.used -= m.Amount
			s.using = append(s.using, e)
		case m.Kind == record.RefundToCard && m.Amount > 0, m.Kind == record.Reversal && m.Amount > 0:
			s.given += m.Amount
			s.restoring = append(s.restoring, e)
		}
	}
	for _, k := range keys {
		s := orders[k]
		if s.used > 0 && s.given > s.used {
			excess := s.given - s.used
			held := money.Amount(0)
			for _, e := range s.restoring {
				held += a.d.verdict(e).Books.Booked
			}
			for i := len(s.restoring) - 1; i >= 0; i-- {
				e := s.restoring[i]
				v := a.d.verdict(e)
				lacking := v.Books.Stance == step.Nowhere && e.Owed <= excess
				capped := v.Status == step.Fail && held == s.used && v.Books.Booked == e.Owed-excess
				if lacking {
					excess -= e.Owed
				}
				a.note(finding.OverRestored, e, lacking || capped)
			}
		}
		o := a.d.Set.Orders[k]
		if o == nil || s.used == 0 || s.given >= s.used || !a.d.settled(o) {
			continue
		}
		want := money.Amount(0)
		switch {
		case cancelled(o) && o.RefundTo != record.ToOther:
			want = s.used
		case o.RefundTo == record.ToCard && o.RefundedAmount.Set:
			want = min(o.RefundedAmount.Amount, s.used)
		case o.RefundTo == record.ToCard:
			want = s.used
		}
		if want > s.given && !a.d.unmadeRefund(o) {
			f := a.finding(finding.NotRestored)
			f.Orders = append(f.Orders, o)
			f.Drift.Add(s.c, 0)
		}
	}
}

// settled reports whether an order's last change is old enough for its
// consequences to have come.
func (d *Diagnosis) settled(o *record.Order) bool {
	t := o.RefundedAt
	if !t.Known() {
		t = o.At
	}
	return !t.Known() || d.Case.AsOf.Sub(t.Latest()) >= d.Case.Policy.Grace
}

// unmadeRefund reports whether the lack of a refund movement is a missing feed
// rather than a slip: the platform has not made one for any order, or the books
// hold the refund.
func (d *Diagnosis) unmadeRefund(o *record.Order) bool {
	if len(d.looseOf(o)) > 0 {
		return true
	}
	return !d.makes(record.RefundToCard, record.Reversal)
}

// makes reports whether the platform has made any movement of the kinds.
func (d *Diagnosis) makes(kinds ...record.Kind) bool {
	for _, e := range d.Set.Events {
		if slices.Contains(kinds, e.Movement.Kind) {
			return true
		}
	}
	return false
}

// looseOf lists the unlinked rows of the ERP that name an order.
func (d *Diagnosis) looseOf(o *record.Order) []*trace.Posting {
	if d.looseByOrder == nil {
		d.looseByOrder = map[string][]*trace.Posting{}
		for _, p := range d.Set.Unlinked {
			if !d.onLiability(p) || !p.Status.Counts() {
				continue
			}
			for _, id := range []string{p.Order, p.Ref} {
				if k := ident.Key(id); k != "" && d.Set.Orders[k] != nil {
					d.looseByOrder[k] = append(d.looseByOrder[k], p)
					break
				}
			}
		}
	}
	return d.looseByOrder[ident.Key(o.ID)]
}

func (d *Diagnosis) onLiability(p *trace.Posting) bool {
	return !d.Judge.Evidence.AccountsKnown || d.Set.Liability(p.Account)
}

// balances follows every card's running balance.
func (a *auditor) balances() {
	d := a.d
	for _, o := range d.Set.Overdrafts {
		if v := d.Verdicts[o.Place]; o.Clean {
			f := a.finding(overdraft(v.Event))
			f.Alike = append(f.Alike, Alike{o.ID, o.At, o.Amount, v})
		} else {
			a.note(overdraft(v.Event), v.Event, false)
		}
	}
	d.Set.Overdrafts = nil // there are many of them, and now the findings have them
	for _, card := range d.ledgers {
		if card[0].Apart != nil {
			continue // its overdraft is among those above, and it has no balances
		}
		sum, last := money.Amount(0), money.Opt{}
		negative := false
		var broken *trace.Event
		exact := true
		for i, e := range card {
			m := e.Movement
			if i > 0 && m.At.Compare(card[i-1].Movement.At) == 0 || !m.At.Exact() {
				exact = false // the order of rows within a moment is not known
			}
			if m.Status != record.Final {
				if m.BalanceAfter.Set {
					last = m.BalanceAfter
				}
				continue
			}
			sum += m.Amount
			if e.Scope == trace.Countable && !negative && (m.BalanceAfter.Set && m.BalanceAfter.Amount < 0 || !m.BalanceAfter.Set && sum < 0 && d.whole(card) && !d.oldCard(card)) {
				negative = true
				a.note(overdraft(e), e, false)
			}
			if m.BalanceAfter.Set {
				if last.Set && last.Amount+m.Amount != m.BalanceAfter.Amount && broken == nil {
					broken = e
				}
				last = m.BalanceAfter
			} else {
				last = money.Opt{}
			}
		}
		if broken != nil && exact {
			a.note(finding.BrokenBalanceChain, broken, false)
			d.rowsMissing = true
		}
		c := d.card(card[0])
		if c == nil || !c.Balance.Set {
			continue
		}
		points := card[0].Movement.Points
		end := card[len(card)-1]
		switch {
		case end.Movement.BalanceAfter.Set && exact && end.Movement.BalanceAfter.Amount != c.Balance.Amount,
			!end.Movement.BalanceAfter.Set && !points && sum != c.Balance.Amount && d.whole(card):
			if d.listTooShort() {
				continue
			}
			a.note(finding.BalanceDiffers, end, false)
		}
	}
}

// overdraft is what it is that a card goes below zero with an event.
func overdraft(e *trace.Event) finding.Code {
	if e.Movement.Kind == record.SaleRefund {
		return finding.RefundAfterSpending
	}
	return finding.NegativeBalance
}

// listTooShort reports whether the cards' own figures prove that the list of
// movements lacks a whole kind: cards have been used, and no use is listed.
func (d *Diagnosis) listTooShort() bool {
	for _, e := range d.Set.Events {
		if e.Movement.Amount < 0 {
			return false
		}
	}
	for _, c := range d.cards {
		if c.Balance.Set && c.InitialValue.Set && c.Balance.Amount < c.InitialValue.Amount {
			return true
		}
	}
	return false
}

// oldCard reports whether a card is known to be older than its first readable row.
func (d *Diagnosis) oldCard(card []*trace.Event) bool {
	created := d.createdAt(card)
	return created.Known() && created.Latest().Before(card[0].Movement.At.Earliest().Add(-48*time.Hour))
}

// currencies finds movements in another currency than their own card.
func (a *auditor) currencies() {
	for _, card := range a.d.ledgers {
		own := money.Currency{}
		if c := a.d.card(card[0]); c != nil && c.Currency.Known() {
			own = c.Currency
		}
		if !own.Known() && len(card) > 1 {
			own = card[0].Currency
		}
		if !own.Known() {
			continue
		}
		for _, e := range card {
			if e.Currency != own && e.Movement.Currency.Known() && e.Scope == trace.Countable {
				a.note(finding.PlatformCurrency, e, false)
			}
		}
	}
}

// pointsKept finds points earned by an order that was refunded or cancelled
// without taking them back.
func (a *auditor) pointsKept() {
	back := map[string]bool{}
	for _, e := range a.d.Set.Events {
		if m := e.Movement; m.Points && m.Amount < 0 && m.Order != "" && m.Kind != record.Redemption {
			back[ident.Key(m.Order)] = true
		}
	}
	for _, e := range a.d.Set.Events {
		m := e.Movement
		if !m.Points || m.Kind != record.Load || e.Order == nil || back[ident.Key(m.Order)] {
			continue
		}
		if cancelled(e.Order) || e.Order.RefundedAt.Known() || e.Order.RefundedAmount.Set && e.Order.RefundedAmount.Amount > 0 {
			if a.d.settled(e.Order) {
				a.note(finding.PointsNotTakenBack, e, false)
			}
		}
	}
}

// repeatedLoads finds a card that one order loaded twice with one amount.
func (a *auditor) repeatedLoads() {
	type key struct {
		card, order string
		amount      money.Amount
	}
	seen := map[key]bool{}
	for _, e := range a.d.Set.Events {
		m := e.Movement
		if m.Kind != record.Load || m.Order == "" || e.Scope != trace.Countable || e.Net != nil || a.d.Set.OfOrder(e) < 2 {
			continue
		}
		k := key{cardKey(e), ident.Key(m.Order), m.Amount}
		if seen[k] {
			a.note(finding.RepeatedLoad, e, a.d.verdict(e).Books.Stance == step.Nowhere)
		}
		seen[k] = true
	}
}

// orders compares the order view with the card ledger, for what the platform
// should have made a movement of and did not.
func (a *auditor) orders() {
	d := a.d
	if d.Case.Orders.Len() == 0 || d.Judge.Evidence.Movements() != nil {
		return
	}
	kinds := map[string]record.Kinds{}
	for _, e := range d.Set.Events {
		if k := ident.Key(e.Movement.Order); k != "" {
			kinds[k] = kinds[k].With(e.Movement.Kind)
		}
	}
	var unmade, pending, differs []*record.Order
	for o := range d.Case.Orders.All() {
		if o.Test == record.Yes || !o.At.Known() || !d.settled(o) {
			continue
		}
		when := o.At
		has := kinds[ident.Key(o.ID)]
		if o.RefundedAt.Known() {
			when = o.RefundedAt
		}
		loose := d.looseOf(o)
		used, sold := has.Has(record.Redemption), has.Has(record.Load)
		switch {
		case !d.Case.Window.Has(when):
		case o.CardStatus == record.CardPending && !sold:
			pending = append(pending, o)
		case o.CardStatus == record.CardIssued && !sold && d.makes(record.Load):
			unmade = append(unmade, o)
		case refunded(o) && o.RefundTo == record.ToCard && !has.Has(record.RefundToCard) && !has.Has(record.Reversal):
			if d.unmadeRefund(o) {
				unmade = append(unmade, o)
			}
		case refunded(o) && o.RefundTo != record.ToCard && sold && !used && !has.Has(record.SaleRefund) && !has.Has(record.Reversal) && !has.Has(record.Deactivation) && onlyCard(d, o):
			if len(loose) > 0 || !d.makes(record.SaleRefund) {
				unmade = append(unmade, o)
			}
		case o.CardAmount.Set && o.CardAmount.Amount > 0 && !used && !cancelled(o) && !isOneOf(o.Status, deadOrder) && d.makes(record.Redemption):
			if len(loose) > 0 {
				unmade = append(unmade, o)
			} else {
				differs = append(differs, o)
			}
		}
	}
	if len(unmade) > 0 {
		f := a.finding(finding.NoFeed)
		f.Step = step.Emit
		f.Orders = unmade
		for _, o := range unmade {
			for _, p := range d.looseOf(o) {
				f.Drift.Add(p.Currency, p.Amount)
				d.claim(p)
			}
		}
	}
	if len(pending) > 0 {
		a.finding(finding.PendingIssue).Orders = pending
	}
	if len(differs) > 0 {
		a.finding(finding.OrderViewDiffers).Orders = differs
	}
}

func refunded(o *record.Order) bool {
	return o.RefundedAt.Known() || o.RefundedAmount.Set && o.RefundedAmount.Amount > 0
}

// onlyCard reports whether an order did nothing but sell cards and was refunded whole.
func onlyCard(d *Diagnosis, o *record.Order) bool {
	if !o.Amount.Set || !o.RefundedAmount.Set || o.RefundedAmount.Amount != o.Amount.Amount {
		return false
	}
	sum := money.Amount(0)
	for _, e := range d.Set.Events {
		if e.Movement.Kind == record.Load && trace.SameID(e.Movement.Order, o.ID) {
			sum += e.Movement.Amount
		}
	}
	return sum == o.Amount.Amount
}

// claim marks an unlinked row as explained.
func (d *Diagnosis) claim(p *trace.Posting) {
	if d.claimed == nil {
		d.claimed = map[*trace.Posting]bool{}
	}
	d.claimed[p] = true
}
