package diagnosis

import (
	"fmt"

	"gcdiag/internal/finding"
	"gcdiag/internal/ident"
	"gcdiag/internal/money"
	"gcdiag/internal/record"
	"gcdiag/internal/step"
)

// amounts looks for the reason of wrong amounts: every hypothesis is tested on
// every pair, and a pair gets the most specific one that explains it exactly.
// Reasons that are another problem than a wrong amount (a unit, a currency, a
// tender) change the code.
func (d *Diagnosis) amounts() {
	var wrong []*step.Verdict
	vanished := false // card tenders that became another tender
	for _, v := range d.Verdicts {
		if v.Status != step.Fail {
			continue
		}
		switch v.Code {
		case finding.MappingAmount:
			wrong = append(wrong, v)
		case finding.MappingTender:
			vanished = true
		}
	}
	if len(wrong) == 0 {
		return
	}
	running := d.runningSums(wrong)
	ratio := constantRatio(wrong)
	for _, v := range wrong {
		e, m := v.Event, v.Event.Movement
		owed, booked := e.Owed, v.Books.Booked
		if v.Books.Stance == step.Elsewhere && v.Books.Row != nil {
			booked = v.Books.Row.Amount
		}
		is := func(a money.Amount) bool { return a != 0 && a != owed && booked.Abs() == a.Abs() }
		set := func(o money.Opt) bool { return o.Set && is(o.Amount) }
		code, reason := finding.MappingAmount, ""
		switch {
		case scaled(booked, owed) != "":
			code, reason = finding.MappingUnit, scaled(booked, owed)
		case d.foreignAmount(v, booked) != "":
			code, reason = finding.MappingCurrency, d.foreignAmount(v, booked)
		case booked == -owed:
			reason = "the sign is reversed"
		case e.Order != nil && e.Order.Amount.Set && is(e.Order.Amount.Amount) && m.Kind == record.Redemption:
			reason = "it is the order's total instead of the part paid by card"
			if vanished {
				code = finding.MappingTender
			}
		case running[v]:
			reason = "it is the running sum of the order's refunds instead of the single one"
			if m.Kind != record.RefundToCard && m.Kind != record.SaleRefund {
				reason = "it is the running sum instead of the single amount"
			}
		case set(m.PricePaid):
			reason = "it is the price paid instead of the face value"
		case d.Case.Policy.PricePaid && booked == m.Amount:
			reason = "it is the face value instead of the price paid"
		case set(m.BalanceAfter):
			reason = "it is the balance after the movement instead of the movement"
		case e.Order != nil && e.Order.CardAmount.Set && is(e.Order.CardAmount.Amount):
			reason = "it is the order's whole card payment instead of this card's part"
		case e.Order != nil && e.Order.RefundedAmount.Set && is(e.Order.RefundedAmount.Amount):
			reason = "it is the order's whole refund instead of the part given back to the card"
		case e.Order != nil && e.Order.Amount.Set && is(e.Order.Amount.Amount):
			reason = "it is the order's total"
		case d.attrAmount(v, booked) != "":
			reason = d.attrAmount(v, booked)
		case booked == 2*owed:
			reason = "it is exactly twice the amount"
		case ratio != "":
			reason = ratio
		case booked == 0:
			reason = "it is zero"
		}
		if reason == "" && v.Books.Stance == step.Elsewhere && v.Books.Row != nil {
			reason = "and it stands on account " + v.Books.Row.Account
		}
		v.Code = code
		v.Cause = step.Cause{What: "amount", Value: reason}
		if reason != "" && v.Note(2) == "" {
			v.Tell(2, reason)
		}
	}
}

// scaled names the power of ten between two amounts, if there is one that a
// confusion of units makes: 100 or 1000.
func scaled(booked, owed money.Amount) string {
	for _, f := range []money.Amount{100, 1000} {
		switch {
		case owed != 0 && booked == owed*f:
			return fmt.Sprintf("it is exactly %d times the amount: minor units read as whole ones", f)
		case booked != 0 && owed == booked*f:
			return fmt.Sprintf("it is exactly 1/%d of the amount: whole units read as minor ones", f)
		}
	}
	return ""
}

// foreignAmount reports whether the booked number is one that a delivery names
// in another currency, or that the movement's own further columns do.
func (d *Diagnosis) foreignAmount(v *step.Verdict, booked money.Amount) string {
	e := v.Event
	for _, x := range e.Deliveries {
		if x.Amount.Set && x.Currency.Known() && x.Currency != e.Currency && sameDigits(x.Amount.Amount, x.Currency, booked, e.Currency) {
			return fmt.Sprintf("it is the customer's amount in %s, booked as %s", x.Currency, e.Currency)
		}
		if x.SentAmount.Set && x.SentCurrency.Known() && x.SentCurrency != e.Currency && sameDigits(x.SentAmount.Amount, x.SentCurrency, booked, e.Currency) {
			return fmt.Sprintf("it is an amount in %s, booked as %s", x.SentCurrency, e.Currency)
		}
	}
	return ""
}

// sameDigits reports whether two amounts are the same number, each in the
// decimals of its own currency.
func sameDigits(a money.Amount, ac money.Currency, b money.Amount, bc money.Currency) bool {
	x, err := money.Decimal{Coef: int64(a.Abs()), Scale: uint8(ac.Exponent())}.In(bc)
	return err == nil && x == b.Abs()
}

// attrAmount names the further column of the movement or of its deliveries that
// holds the booked number.
func (d *Diagnosis) attrAmount(v *step.Verdict, booked money.Amount) string {
	e := v.Event
	try := func(attrs []record.Attr) string {
		for _, a := range attrs {
			w, err := money.Parse(a.Value, '.')
			if err != nil {
				continue
			}
			if x, err := w.Decimal.In(e.Currency); err == nil && x != 0 && x.Abs() == booked.Abs() && x.Abs() != e.Owed.Abs() {
				return fmt.Sprintf("it is the field %q", a.Name)
			}
		}
		return ""
	}
	if s := try(e.Movement.Attrs); s != "" {
		return s
	}
	for _, x := range e.Deliveries {
		if x.Amount.Set && x.Amount.Amount.Abs() == booked.Abs() && x.Amount.Amount.Abs() != e.Owed.Abs() {
			return "it is another amount of the payload"
		}
		if s := try(x.Attrs); s != "" {
			return s
		}
	}
	return ""
}

// runningSums reports which booked amounts are the sum of this and all earlier
// movements of the same kind and order (or card).
func (d *Diagnosis) runningSums(wrong []*step.Verdict) map[*step.Verdict]bool {
	out := map[*step.Verdict]bool{}
	for _, v := range wrong {
		e := v.Event
		sum, n := money.Amount(0), 0
		for _, x := range d.Set.OfCard(e) {
			same := x.Movement.Kind == e.Movement.Kind && x.Currency == e.Currency
			if e.Movement.Order != "" {
				same = same && ident.Key(x.Movement.Order) == ident.Key(e.Movement.Order)
			}
			if same {
				sum += x.Owed
				n++
			}
			if x == e {
				break
			}
		}
		out[v] = n > 1 && sum == v.Books.Booked && sum != e.Owed
	}
	return out
}

// constantRatio describes the one ratio of booked to owed that all pairs have
// within a minor unit, if at least two pairs with different amounts do.
func constantRatio(wrong []*step.Verdict) string {
	var owed0, booked0 money.Amount
	for _, v := range wrong { // the largest pair fixes the ratio best
		if v.Event.Owed.Abs() > owed0.Abs() {
			owed0, booked0 = v.Event.Owed, v.Books.Booked
		}
	}
	if owed0 == 0 || booked0 == 0 || booked0 == owed0 {
		return ""
	}
	different := false
	for _, v := range wrong {
		o, b := v.Event.Owed, v.Books.Booked
		if (money.Prorate(o, booked0, owed0) - b).Abs() > 1 {
			return ""
		}
		different = different || o.Abs() != owed0.Abs()
	}
	if !different {
		return ""
	}
	permille := money.Prorate(booked0, 10000, owed0)
	s := fmt.Sprintf("it is always %d.%02d %% of the amount", permille/100, permille.Abs()%100)
	if booked0.Abs() < owed0.Abs() && booked0 > 0 == (owed0 > 0) {
		tax := money.Prorate(owed0-booked0, 10000, booked0)
		s += fmt.Sprintf(", as after taking out %d.%02d %% tax", tax/100, tax%100)
	}
	return s
}
