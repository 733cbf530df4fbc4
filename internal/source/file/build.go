package file

import (
	"gcdiag/internal/money"
	"gcdiag/internal/record"
)

// build makes a record of the row at hand and hands it on, unless r.why says
// why the row is none.
func (r *reader) build(sink Sink) error {
	switch r.spec.Record {
	case record.Movements:
		if m := r.movement(); r.good(m.At) {
			return sink.Movement(m)
		}
	case record.Cards:
		if c := r.card(); r.good(c.CreatedAt) {
			return sink.Card(c)
		}
	case record.Orders:
		if o := r.order(); r.good(o.At) {
			return sink.Order(o)
		}
	case record.Subscriptions:
		if s := r.subscription(); r.good(s.CreatedAt) {
			return sink.Subscription(s)
		}
	case record.Deliveries:
		if d := r.delivery(); r.good(d.ReceivedAt) {
			return sink.Delivery(d)
		}
	case record.Flows:
		if f := r.flow(); r.good(f.LastRunAt) {
			return sink.Flow(f)
		}
	case record.Postings:
		if p := r.posting(); r.good(p.Dated) {
			return sink.Posting(p)
		}
	case record.Rules:
		if u := r.rule(); r.good(u.ChangedAt) {
			return sink.Rule(u)
		}
	case record.Exceptions:
		if e := r.exception(); r.good(e.OpenedAt) {
			return sink.Exception(e)
		}
	}
	return nil
}

// good reports whether the row became a record, and notes the record's time.
func (r *reader) good(at record.Time) bool {
	if r.sch.when != noField && !at.Known() {
		for _, f := range r.sch.need {
			if f == r.sch.when {
				r.refuse("has no %s", f)
			}
		}
	}
	if r.why != "" || r.fatal != nil {
		return false
	}
	r.span(at)
	return true
}

func (r *reader) movement() record.Movement {
	m := record.Movement{
		Source: r.src, ID: r.id(fID), Card: r.id(fCard), Kind: vocabulary(r, fKind, record.ParseKind),
		Status: vocabulary(r, fStatus, record.ParseStatus), Test: r.yesNo(fTest), Points: r.points(),
		Funding: vocabulary(r, fFunding, record.ParseFunding), At: r.time(fAt), CardCreatedAt: r.time(fCardCreatedAt),
		Origin: r.text(fOrigin), Order: r.id(fOrder), Refund: r.id(fRefund), Reverses: r.id(fReverses), Transfer: r.id(fTransfer),
		Issuer: r.text(fIssuer), Channel: r.text(fChannel), Location: r.text(fLocation), Item: r.text(fItem), Entity: r.text(fEntity),
		Attrs: r.attributes(),
	}
	a, after, paid := r.amount(fAmount), r.amount(fBalanceAfter), r.amount(fPricePaid)
	if m.Points {
		m.Currency = r.pointsCurrency(paid)
	} else {
		m.Currency = r.currency(fCurrency, r.spec.Currency, a, after, paid)
	}
	m.BalanceAfter = r.optional(after, m.Currency, m.Points)
	m.PricePaid = r.optional(paid, m.Currency, false)
	m.Amount = r.minor(a, m.Currency, m.Points)
	switch sign := m.Kind.Sign(); {
	case sign < 0 && m.Amount > 0:
		m.Amount = -m.Amount
	case sign > 0 && m.Amount < 0:
		m.Contrary = true
	}
	return m
}

// pointsCurrency is the currency of a points row: that of its column, if this
// names one ("PTS" does not), or of the price paid for the points.
func (r *reader) pointsCurrency(paid written) money.Currency {
	if c, ok := money.ParseCurrency(string(r.cells[fCurrency])); ok {
		return c
	}
	if r.col[fCurrency] != nil {
		r.cells[fCurrency] = nil
	}
	return r.currency(fCurrency, r.spec.Currency, paid)
}

func (r *reader) card() record.Card {
	c := record.Card{
		Source: r.src, ID: r.id(fID), Status: r.text(fStatus), CreatedAt: r.time(fCreatedAt), ExpiresAt: r.time(fExpiresAt),
		Attrs: r.attributes(),
	}
	balance, initial := r.amount(fBalance), r.amount(fInitialValue)
	c.Currency = r.currency(fCurrency, r.spec.Currency, balance, initial)
	c.Balance = r.optional(balance, c.Currency, false)
	c.InitialValue = r.optional(initial, c.Currency, false)
	return c
}

func (r *reader) order() record.Order {
	o := record.Order{
		Source: r.src, ID: r.id(fID), At: r.time(fAt), Status: r.text(fStatus), CardStatus: vocabulary(r, fCardStatus, record.ParseCardStatus),
		Test: r.yesNo(fTest), Gateway: r.text(fGateway), RefundedAt: r.time(fRefundedAt), RefundTo: vocabulary(r, fRefundTo, record.ParseRefundTo),
		RefundVia: r.text(fRefundVia), CreatedVia: r.text(fCreatedVia), Attrs: r.attributes(),
	}
	a, card, refunded := r.amount(fAmount), r.amount(fCardAmount), r.amount(fRefundedAmount)
	o.Currency = r.currency(fCurrency, r.spec.Currency, a, card, refunded)
	o.Amount = r.optional(a, o.Currency, false)
	o.CardAmount = r.optional(card, o.Currency, false)
	o.RefundedAmount = r.optional(refunded, o.Currency, false)
	return o
}

func (r *reader) subscription() record.Subscription {
	return record.Subscription{
		Source: r.src, ID: r.id(fID), Topic: r.text(fTopic), Kinds: r.kinds(), Active: r.yesNo(fActive), CreatedAt: r.time(fCreatedAt),
		RemovedAt: r.time(fRemovedAt), LastSuccessAt: r.time(fLastSuccessAt), Failures: r.integer(fFailures, -1),
		Address: r.text(fAddress), Visible: vocabulary(r, fVisible, record.ParseVisible), Attrs: r.attributes(),
	}
}

func (r *reader) delivery() record.Delivery {
	d := record.Delivery{
		Source: r.src, ID: r.id(fID), Event: r.id(fEvent), Notification: r.id(fNotification), Kind: vocabulary(r, fKind, record.ParseKind),
		Points: r.points(), Outcome: vocabulary(r, fOutcome, record.ParseOutcome), ReceivedAt: r.time(fReceivedAt), Order: r.id(fOrder),
		Card: r.id(fCard), Refund: r.id(fRefund), Why: r.text(fWhy), Flow: r.text(fFlow), Subscription: r.text(fSubscription),
		Attempt: r.integer(fAttempt, 0), Batch: r.id(fBatch), SentKind: vocabulary(r, fSentKind, record.ParseKind),
		SentAt: r.time(fSentAt), ERPRef: r.id(fERPRef), Attrs: r.attributes(),
	}
	a, sent := r.amount(fAmount), r.amount(fSentAmount)
	if d.Points {
		d.Currency = r.pointsCurrency(written{})
	} else {
		d.Currency = r.currency(fCurrency, r.spec.Currency, a)
	}
	d.Amount = r.optional(a, d.Currency, d.Points)
	// The sent amount is in the event's currency unless something says otherwise;
	// the currency itself counts as sent only where it is written.
	d.SentCurrency = r.currency(fSentCurrency, money.Currency{}, sent)
	in := d.SentCurrency
	if !in.Known() {
		if in = d.Currency; !in.Known() && !d.Points {
			in = r.spec.Currency
		}
		if sent.set && !sent.Fits(in) {
			r.refuse("%s: %s contradicts the currency %s", fSentAmount, quote(string(r.cells[fSentAmount])), in)
		}
	}
	d.SentAmount = r.optional(sent, in, d.Points && !d.SentCurrency.Known())
	return d
}

func (r *reader) flow() record.Flow {
	return record.Flow{
		Source: r.src, ID: r.id(fID), Name: r.text(fName), Kinds: r.kinds(), Enabled: r.yesNo(fEnabled),
		Trigger: vocabulary(r, fTrigger, record.ParseTrigger), Filter: r.text(fFilter), ChangedAt: r.time(fChangedAt),
		LastRunAt: r.time(fLastRunAt), Log: vocabulary(r, fLog, record.ParseLogScope), RetentionDays: r.integer(fRetentionDays, -1),
		Attrs: r.attributes(),
	}
}

func (r *reader) posting() record.Posting {
	p := record.Posting{
		Source: r.src, ID: r.id(fID), Kind: vocabulary(r, fKind, record.ParseKind), Status: vocabulary(r, fStatus, record.ParsePostingStatus),
		From: vocabulary(r, fSource, record.ParseFeed), Dated: r.time(fDated), PostedAt: r.time(fPostedAt), Account: r.text(fAccount),
		Type: r.text(fType), Document: r.id(fDocument), Ref: r.id(fRef), Order: r.id(fOrder), Card: r.id(fCard), Refund: r.id(fRefund),
		Item: r.text(fItem), Memo: r.text(fMemo), Rule: r.text(fRule), Reason: r.text(fReason), Batch: r.id(fBatch), Entity: r.text(fEntity),
		Attrs: r.attributes(),
	}
	if r.col[fDebit] != nil {
		debit, credit := r.amount(fDebit), r.amount(fCredit)
		p.Currency = r.currency(fCurrency, r.spec.Currency, debit, credit)
		p.Amount = r.minor(credit, p.Currency, false) - r.minor(debit, p.Currency, false)
	} else {
		a := r.amount(fAmount)
		p.Currency = r.currency(fCurrency, r.spec.Currency, a)
		p.Amount = r.minor(a, p.Currency, false)
	}
	if sign := p.Kind.Sign(); r.spec.Sign != "" && sign != 0 {
		p.ByKindSign = true
		switch {
		case sign > 0 && p.Amount < 0:
			r.refuse("amount: has a minus, though sign: by_kind says that amounts are absolute and a %s raises what is owed", p.Kind)
		case sign < 0 && p.Amount > 0:
			p.Amount = -p.Amount
		}
	}
	return p
}

func (r *reader) rule() record.Rule {
	return record.Rule{
		Source: r.src, ID: r.id(fID), Name: r.text(fName), Matches: r.text(fMatches), Kinds: r.kinds(), Account: r.text(fAccount),
		Active: r.yesNo(fActive), Order: r.integer(fOrder, -1), ChangedAt: r.time(fChangedAt), Attrs: r.attributes(),
	}
}

func (r *reader) exception() record.Exception {
	e := record.Exception{
		Source: r.src, ID: r.id(fID), Kind: vocabulary(r, fKind, record.ParseKind), Ref: r.id(fRef), Order: r.id(fOrder), Card: r.id(fCard),
		OpenedAt: r.time(fOpenedAt), Reason: r.text(fReason), Attrs: r.attributes(),
	}
	a := r.amount(fAmount)
	e.Currency = r.currency(fCurrency, r.spec.Currency, a)
	e.Amount = r.optional(a, e.Currency, false)
	return e
}
