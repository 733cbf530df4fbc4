package file

import (
	"gcdiag/internal/money"
	"gcdiag/internal/record"
)

// made holds the record at hand, so that none is allocated.
type made struct {
	movement     record.Movement
	card         record.Card
	order        record.Order
	subscription record.Subscription
	delivery     record.Delivery
	flow         record.Flow
	posting      record.Posting
	rule         record.Rule
	exception    record.Exception
}

// build makes a record of the row at hand and hands it on, unless r.why says
// why the row is none.
func (r *reader) build(sink Sink) error {
	switch r.spec.Record {
	case record.Movements:
		if r.movement(&r.made.movement); r.good(r.made.movement.At) {
			return sink.Movement(&r.made.movement)
		}
	case record.Cards:
		if r.made.card = r.card(); r.good(r.made.card.CreatedAt) {
			return sink.Card(&r.made.card)
		}
	case record.Orders:
		if r.made.order = r.order(); r.good(r.made.order.At) {
			return sink.Order(&r.made.order)
		}
	case record.Subscriptions:
		if r.made.subscription = r.subscription(); r.good(r.made.subscription.CreatedAt) {
			return sink.Subscription(&r.made.subscription)
		}
	case record.Deliveries:
		if r.delivery(&r.made.delivery); r.good(r.made.delivery.ReceivedAt) {
			return sink.Delivery(&r.made.delivery)
		}
	case record.Flows:
		if r.made.flow = r.flow(); r.good(r.made.flow.LastRunAt) {
			return sink.Flow(&r.made.flow)
		}
	case record.Postings:
		if r.posting(&r.made.posting); r.good(r.made.posting.Dated) {
			return sink.Posting(&r.made.posting)
		}
	case record.Rules:
		if r.made.rule = r.rule(); r.good(r.made.rule.ChangedAt) {
			return sink.Rule(&r.made.rule)
		}
	case record.Exceptions:
		if r.made.exception = r.exception(); r.good(r.made.exception.OpenedAt) {
			return sink.Exception(&r.made.exception)
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

func (r *reader) movement(m *record.Movement) {
	*m = record.Movement{}
	m.Source = r.src
	m.ID, m.Card = r.id(fID), r.id(fCard)
	m.Kind = vocabulary(r, fKind, record.ParseKind)
	m.Status = vocabulary(r, fStatus, record.ParseStatus)
	m.Test, m.Points = r.yesNo(fTest), r.points()
	m.Funding = vocabulary(r, fFunding, record.ParseFunding)
	m.At, m.CardCreatedAt = r.time(fAt), r.time(fCardCreatedAt)
	m.Origin = r.text(fOrigin)
	m.Order, m.Refund, m.Reverses, m.Transfer = r.id(fOrder), r.id(fRefund), r.id(fReverses), r.id(fTransfer)
	m.Issuer, m.Channel, m.Location, m.Item, m.Entity = r.text(fIssuer), r.text(fChannel), r.text(fLocation), r.text(fItem), r.text(fEntity)
	m.Attrs = r.attributes()
	a, after, paid := r.amount(fAmount), r.amount(fBalanceAfter), r.amount(fPricePaid)
	if m.Points {
		m.Currency = r.pointsCurrency(&paid)
	} else {
		m.Currency = r.currency(fCurrency, r.spec.Currency, &a, &after, &paid)
	}
	m.BalanceAfter = r.optional(&after, m.Currency, m.Points)
	m.PricePaid = r.optional(&paid, m.Currency, false)
	m.Amount = r.minor(&a, m.Currency, m.Points)
	switch sign := m.Kind.Sign(); {
	case sign < 0 && m.Amount > 0:
		m.Amount = -m.Amount
	case sign > 0 && m.Amount < 0:
		m.Contrary = true
	}
}

// pointsCurrency is the currency of a points row: that of its column, if this
// names one ("PTS" does not), or of the price paid for the points.
func (r *reader) pointsCurrency(paid *written) money.Currency {
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
	c.Currency = r.currency(fCurrency, r.spec.Currency, &balance, &initial)
	c.Balance = r.optional(&balance, c.Currency, false)
	c.InitialValue = r.optional(&initial, c.Currency, false)
	return c
}

func (r *reader) order() record.Order {
	o := record.Order{
		Source: r.src, ID: r.id(fID), At: r.time(fAt), Status: r.text(fStatus), CardStatus: vocabulary(r, fCardStatus, record.ParseCardStatus),
		Test: r.yesNo(fTest), Gateway: r.text(fGateway), RefundedAt: r.time(fRefundedAt), RefundTo: vocabulary(r, fRefundTo, record.ParseRefundTo),
		RefundVia: r.text(fRefundVia), CreatedVia: r.text(fCreatedVia), Attrs: r.attributes(),
	}
	a, card, refunded := r.amount(fAmount), r.amount(fCardAmount), r.amount(fRefundedAmount)
	o.Currency = r.currency(fCurrency, r.spec.Currency, &a, &card, &refunded)
	o.Amount = r.optional(&a, o.Currency, false)
	o.CardAmount = r.optional(&card, o.Currency, false)
	o.RefundedAmount = r.optional(&refunded, o.Currency, false)
	return o
}

func (r *reader) subscription() record.Subscription {
	return record.Subscription{
		Source: r.src, ID: r.id(fID), Topic: r.text(fTopic), Kinds: r.kinds(), Active: r.yesNo(fActive), CreatedAt: r.time(fCreatedAt),
		RemovedAt: r.time(fRemovedAt), LastSuccessAt: r.time(fLastSuccessAt), Failures: r.integer(fFailures, -1),
		Address: r.text(fAddress), Visible: vocabulary(r, fVisible, record.ParseVisible), Attrs: r.attributes(),
	}
}

func (r *reader) delivery(d *record.Delivery) {
	*d = record.Delivery{}
	d.Source = r.src
	d.ID, d.Event, d.Notification = r.id(fID), r.id(fEvent), r.id(fNotification)
	d.Kind, d.Points = vocabulary(r, fKind, record.ParseKind), r.points()
	d.Outcome = vocabulary(r, fOutcome, record.ParseOutcome)
	d.ReceivedAt = r.time(fReceivedAt)
	d.Order, d.Card, d.Refund = r.id(fOrder), r.id(fCard), r.id(fRefund)
	d.Why, d.Flow, d.Subscription = r.text(fWhy), r.text(fFlow), r.text(fSubscription)
	d.Attempt, d.Batch = r.integer(fAttempt, 0), r.id(fBatch)
	d.SentKind, d.SentAt = vocabulary(r, fSentKind, record.ParseKind), r.time(fSentAt)
	d.ERPRef, d.Attrs = r.id(fERPRef), r.attributes()
	a, sent := r.amount(fAmount), r.amount(fSentAmount)
	if d.Points {
		d.Currency = r.pointsCurrency(&written{})
	} else {
		d.Currency = r.currency(fCurrency, r.spec.Currency, &a)
	}
	d.Amount = r.optional(&a, d.Currency, d.Points)
	// The sent amount is in the event's currency unless something says otherwise;
	// the currency itself counts as sent only where it is written.
	d.SentCurrency = r.currency(fSentCurrency, money.Currency{}, &sent)
	in := d.SentCurrency
	if !in.Known() {
		if in = d.Currency; !in.Known() && !d.Points {
			in = r.spec.Currency
		}
		if sent.set && !sent.Fits(in) {
			r.refuse("%s: %s contradicts the currency %s", fSentAmount, quote(string(r.cells[fSentAmount])), in)
		}
	}
	d.SentAmount = r.optional(&sent, in, d.Points && !d.SentCurrency.Known())
}

func (r *reader) flow() record.Flow {
	return record.Flow{
		Source: r.src, ID: r.id(fID), Name: r.text(fName), Kinds: r.kinds(), Enabled: r.yesNo(fEnabled),
		Trigger: vocabulary(r, fTrigger, record.ParseTrigger), Filter: r.text(fFilter), ChangedAt: r.time(fChangedAt),
		LastRunAt: r.time(fLastRunAt), Log: vocabulary(r, fLog, record.ParseLogScope), RetentionDays: r.integer(fRetentionDays, -1),
		Attrs: r.attributes(),
	}
}

func (r *reader) posting(p *record.Posting) {
	*p = record.Posting{}
	p.Source = r.src
	p.ID, p.Kind = r.id(fID), vocabulary(r, fKind, record.ParseKind)
	p.Status = vocabulary(r, fStatus, record.ParsePostingStatus)
	p.From = vocabulary(r, fSource, record.ParseFeed)
	p.Dated, p.PostedAt = r.time(fDated), r.time(fPostedAt)
	p.Account, p.Type = r.text(fAccount), r.text(fType)
	p.Document, p.Ref, p.Order, p.Card, p.Refund = r.id(fDocument), r.id(fRef), r.id(fOrder), r.id(fCard), r.id(fRefund)
	p.Item, p.Memo, p.Rule, p.Reason = r.text(fItem), r.text(fMemo), r.text(fRule), r.text(fReason)
	p.Batch, p.Entity, p.Attrs = r.id(fBatch), r.text(fEntity), r.attributes()
	if r.col[fDebit] != nil {
		debit, credit := r.amount(fDebit), r.amount(fCredit)
		p.Currency = r.currency(fCurrency, r.spec.Currency, &debit, &credit)
		p.Amount = r.minor(&credit, p.Currency, false) - r.minor(&debit, p.Currency, false)
	} else {
		a := r.amount(fAmount)
		p.Currency = r.currency(fCurrency, r.spec.Currency, &a)
		p.Amount = r.minor(&a, p.Currency, false)
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
	e.Currency = r.currency(fCurrency, r.spec.Currency, &a)
	e.Amount = r.optional(&a, e.Currency, false)
	return e
}
