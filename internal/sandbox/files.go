package sandbox

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"gcdiag/internal/casefile"
	"gcdiag/internal/money"
	"gcdiag/internal/record"
)

// column is one column of an export: its header, the field it holds ("" for
// one that the systems have and gcdiag does not know), and its text.
type column[T any] struct {
	header, field string
	text          func(*T) string
}

// file is one export.
type file[T any] struct {
	record  record.Type
	name    string
	columns []column[T]
	when    func(*T) record.Time
}

var (
	movementsFile = file[record.Movement]{record.Movements, "movements.csv", []column[record.Movement]{
		{"id", "id", func(m *record.Movement) string { return m.ID }},
		{"kind", "kind", func(m *record.Movement) string { return m.Kind.String() }},
		{"card", "card", func(m *record.Movement) string { return m.Card }},
		{"amount", "amount", func(m *record.Movement) string { return amount(m.Amount, m.Currency, m.Points) }},
		{"currency", "currency", func(m *record.Movement) string { return m.Currency.String() }},
		{"unit", "unit", func(m *record.Movement) string { return unit(m.Points) }},
		{"at", "at", func(m *record.Movement) string { return day(m.At) }},
		{"balance_after", "balance_after", func(m *record.Movement) string { return optional(m.BalanceAfter, m.Currency, m.Points) }},
		{"status", "status", func(m *record.Movement) string { return m.Status.String() }},
		{"test", "test", func(m *record.Movement) string { return yes(m.Test) }},
		{"origin", "origin", func(m *record.Movement) string { return m.Origin }},
		{"issuer", "issuer", func(m *record.Movement) string { return m.Issuer }},
		{"channel", "channel", func(m *record.Movement) string { return m.Channel }},
		{"location", "location", func(m *record.Movement) string { return m.Location }},
		{"item", "item", func(m *record.Movement) string { return m.Item }},
		{"price_paid", "price_paid", func(m *record.Movement) string { return optional(m.PricePaid, m.Currency, false) }},
		{"funding", "funding", func(m *record.Movement) string { return m.Funding.String() }},
		{"order", "order", func(m *record.Movement) string { return m.Order }},
		{"refund", "refund", func(m *record.Movement) string { return m.Refund }},
		{"reverses", "reverses", func(m *record.Movement) string { return m.Reverses }},
		{"card_created_at", "card_created_at", func(m *record.Movement) string { return clock(m.CardCreatedAt) }},
		{"Gift message", "", func(m *record.Movement) string { return attribute(m.Attrs, "Gift message") }},
	}, func(m *record.Movement) record.Time { return m.At }}

	ordersFile = file[record.Order]{record.Orders, "orders.csv", []column[record.Order]{
		{"id", "id", func(o *record.Order) string { return o.ID }},
		{"at", "at", func(o *record.Order) string { return clock(o.At) }},
		{"status", "status", func(o *record.Order) string { return o.Status }},
		{"currency", "currency", func(o *record.Order) string { return o.Currency.String() }},
		{"amount", "amount", func(o *record.Order) string { return optional(o.Amount, o.Currency, false) }},
		{"card_amount", "card_amount", func(o *record.Order) string { return optional(o.CardAmount, o.Currency, false) }},
		{"card_status", "card_status", func(o *record.Order) string { return o.CardStatus.String() }},
		{"test", "test", func(o *record.Order) string { return yes(o.Test) }},
		{"gateway", "gateway", func(o *record.Order) string { return o.Gateway }},
		{"refunded_at", "refunded_at", func(o *record.Order) string { return clock(o.RefundedAt) }},
		{"refunded_amount", "refunded_amount", func(o *record.Order) string { return optional(o.RefundedAmount, o.Currency, false) }},
		{"refund_to", "refund_to", func(o *record.Order) string { return o.RefundTo.String() }},
		{"created_via", "created_via", func(o *record.Order) string { return o.CreatedVia }},
	}, func(o *record.Order) record.Time { return o.At }}

	subscriptionsFile = file[record.Subscription]{record.Subscriptions, "subscriptions.csv", []column[record.Subscription]{
		{"id", "id", func(s *record.Subscription) string { return s.ID }},
		{"topic", "topic", func(s *record.Subscription) string { return s.Topic }},
		{"active", "active", func(s *record.Subscription) string { return yes(s.Active) }},
		{"created_at", "created_at", func(s *record.Subscription) string { return clock(s.CreatedAt) }},
		{"last_success_at", "last_success_at", func(s *record.Subscription) string { return clock(s.LastSuccessAt) }},
		{"failures", "failures", func(s *record.Subscription) string { return strconv.Itoa(s.Failures) }},
		{"address", "address", func(s *record.Subscription) string { return s.Address }},
		{"visible", "visible", func(s *record.Subscription) string { return s.Visible.String() }},
	}, func(s *record.Subscription) record.Time { return s.CreatedAt }}

	deliveriesFile = file[record.Delivery]{record.Deliveries, "deliveries.csv", []column[record.Delivery]{
		{"id", "id", func(d *record.Delivery) string { return d.ID }},
		{"event", "event", func(d *record.Delivery) string { return d.Event }},
		{"notification", "notification", func(d *record.Delivery) string { return d.Notification }},
		{"attempt", "attempt", func(d *record.Delivery) string { return strconv.Itoa(d.Attempt) }},
		{"kind", "kind", func(d *record.Delivery) string { return d.Kind.String() }},
		{"outcome", "outcome", func(d *record.Delivery) string { return d.Outcome.String() }},
		{"received_at", "received_at", func(d *record.Delivery) string { return clock(d.ReceivedAt) }},
		{"order", "order", func(d *record.Delivery) string { return d.Order }},
		{"card", "card", func(d *record.Delivery) string { return d.Card }},
		{"amount", "amount", func(d *record.Delivery) string { return optional(d.Amount, d.Currency, d.Points) }},
		{"currency", "currency", func(d *record.Delivery) string { return d.Currency.String() }},
		{"unit", "unit", func(d *record.Delivery) string { return unit(d.Points) }},
		{"refund", "refund", func(d *record.Delivery) string { return d.Refund }},
		{"why", "why", func(d *record.Delivery) string { return d.Why }},
		{"flow", "flow", func(d *record.Delivery) string { return d.Flow }},
		{"subscription", "subscription", func(d *record.Delivery) string { return d.Subscription }},
		{"batch", "batch", func(d *record.Delivery) string { return d.Batch }},
		{"sent_kind", "sent_kind", func(d *record.Delivery) string { return d.SentKind.String() }},
		{"sent_amount", "sent_amount", func(d *record.Delivery) string { return optional(d.SentAmount, d.SentCurrency, false) }},
		{"sent_currency", "sent_currency", func(d *record.Delivery) string { return d.SentCurrency.String() }},
		{"sent_at", "sent_at", func(d *record.Delivery) string { return clock(d.SentAt) }},
		{"erp_ref", "erp_ref", func(d *record.Delivery) string { return d.ERPRef }},
	}, func(d *record.Delivery) record.Time { return d.ReceivedAt }}

	flowsFile = file[record.Flow]{record.Flows, "flows.csv", []column[record.Flow]{
		{"id", "id", func(f *record.Flow) string { return f.ID }},
		{"name", "name", func(f *record.Flow) string { return f.Name }},
		{"enabled", "enabled", func(f *record.Flow) string { return yes(f.Enabled) }},
		{"trigger", "trigger", func(f *record.Flow) string { return f.Trigger.String() }},
		{"filter", "filter", func(f *record.Flow) string { return f.Filter }},
		{"changed_at", "changed_at", func(f *record.Flow) string { return clock(f.ChangedAt) }},
		{"last_run_at", "last_run_at", func(f *record.Flow) string { return clock(f.LastRunAt) }},
		{"log", "log", func(f *record.Flow) string { return f.Log.String() }},
		{"retention_days", "retention_days", func(f *record.Flow) string { return strconv.Itoa(f.RetentionDays) }},
	}, func(f *record.Flow) record.Time { return f.LastRunAt }}

	postingsFile = file[record.Posting]{record.Postings, "erp.csv", []column[record.Posting]{
		{"Internal ID", "id", func(p *record.Posting) string { return p.ID }},
		{"Date", "dated", func(p *record.Posting) string { return p.Dated.Earliest().In(zone).Format(time.DateOnly) }},
		{"Account", "account", func(p *record.Posting) string { return p.Account }},
		{"Debit", "debit", func(p *record.Posting) string { return debit(p) }},
		{"Credit", "credit", func(p *record.Posting) string { return credit(p) }},
		{"Currency", "currency", func(p *record.Posting) string { return p.Currency.String() }},
		{"GC Transaction", "kind", func(p *record.Posting) string { return erpKinds[p.Kind] }},
		{"Record Type", "type", func(p *record.Posting) string { return p.Type }},
		{"Document Number", "document", func(p *record.Posting) string { return p.Document }},
		{"External ID", "ref", func(p *record.Posting) string { return p.Ref }},
		{"Sales Order", "order", func(p *record.Posting) string { return p.Order }},
		{"Gift Certificate", "card", func(p *record.Posting) string { return p.Card }},
		{"Refund", "refund", func(p *record.Posting) string { return p.Refund }},
		{"Item", "item", func(p *record.Posting) string { return p.Item }},
		{"Memo", "memo", func(p *record.Posting) string { return p.Memo }},
		{"Matching Rule", "rule", func(p *record.Posting) string { return p.Rule }},
		{"Approval", "status", func(p *record.Posting) string { return erpStatus[p.Status] }},
		{"Hold Reason", "reason", func(p *record.Posting) string { return p.Reason }},
		{"Batch", "batch", func(p *record.Posting) string { return p.Batch }},
		{"Created By", "source", func(p *record.Posting) string { return erpMakers[p.From] }},
		{"Date Created", "posted_at", func(p *record.Posting) string { return clock(p.PostedAt) }},
	}, func(p *record.Posting) record.Time { return p.Dated }}

	rulesFile = file[record.Rule]{record.Rules, "rules.csv", []column[record.Rule]{
		{"id", "id", func(r *record.Rule) string { return r.ID }},
		{"name", "name", func(r *record.Rule) string { return r.Name }},
		{"matches", "matches", func(r *record.Rule) string { return r.Matches }},
		{"kinds", "kinds", func(r *record.Rule) string { return kinds(r.Kinds) }},
		{"account", "account", func(r *record.Rule) string { return r.Account }},
		{"active", "active", func(r *record.Rule) string { return yes(r.Active) }},
		{"order", "order", func(r *record.Rule) string { return strconv.Itoa(r.Order) }},
		{"changed_at", "changed_at", func(r *record.Rule) string { return clock(r.ChangedAt) }},
	}, func(r *record.Rule) record.Time { return r.ChangedAt }}

	exceptionsFile = file[record.Exception]{record.Exceptions, "exceptions.csv", []column[record.Exception]{
		{"id", "id", func(x *record.Exception) string { return x.ID }},
		{"kind", "kind", func(x *record.Exception) string { return x.Kind.String() }},
		{"ref", "ref", func(x *record.Exception) string { return x.Ref }},
		{"order", "order", func(x *record.Exception) string { return x.Order }},
		{"card", "card", func(x *record.Exception) string { return x.Card }},
		{"amount", "amount", func(x *record.Exception) string { return optional(x.Amount, x.Currency, false) }},
		{"currency", "currency", func(x *record.Exception) string { return x.Currency.String() }},
		{"opened_at", "opened_at", func(x *record.Exception) string { return clock(x.OpenedAt) }},
		{"reason", "reason", func(x *record.Exception) string { return x.Reason }},
	}, func(x *record.Exception) record.Time { return x.OpenedAt }}
)

// The ERP's own words.
var (
	erpKinds = [...]string{record.Load: "GiftCertSale", record.Redemption: "GiftCertRedemption", record.RefundToCard: "GiftCertCredit", record.SaleRefund: "GiftCertReturn",
		record.Adjustment: "GiftCertAdjustment", record.Expiry: "GiftCertExpiry",
		record.Deactivation: "GiftCertDeactivation", record.Other: "NoGiftCert"}
	erpStatus = [...]string{record.Posted: "Approved", record.InException: "Exception"}
	erpMakers = [...]string{record.FromIntegration: "Relay", record.ByHand: "Clerk"}
)

func amount(a money.Amount, c money.Currency, points bool) string {
	if points {
		return money.Decimal{Coef: int64(a), Scale: 2}.String()
	}
	return a.Text(c)
}

func optional(a money.Opt, c money.Currency, points bool) string {
	if !a.Set {
		return ""
	}
	return amount(a.Amount, c, points)
}

func debit(p *record.Posting) string {
	if p.Amount >= 0 {
		return ""
	}
	return (-p.Amount).Text(p.Currency)
}

func credit(p *record.Posting) string {
	if p.Amount < 0 {
		return ""
	}
	return p.Amount.Text(p.Currency)
}

// day is clock, or a bare date where no more is known.
func day(t record.Time) string {
	if t.Known() && !t.Exact() {
		return t.Earliest().In(zone).Format(time.DateOnly)
	}
	return clock(t)
}

func clock(t record.Time) string {
	if !t.Known() {
		return ""
	}
	return t.Earliest().In(zone).Format(time.RFC3339)
}

func unit(points bool) string {
	if points {
		return "points"
	}
	return "money"
}

func yes(b record.Bool) string { return [...]string{"", "no", "yes"}[b] }

func kinds(s record.Kinds) string {
	var out []string
	for _, k := range s.List() {
		out = append(out, k.String())
	}
	return strings.Join(out, ", ")
}

func attribute(attrs []record.Attr, name string) string {
	for _, a := range attrs {
		if a.Name == name {
			return a.Value
		}
	}
	return ""
}

// sink takes the rows of a month as they come.
type sink struct {
	movement     func(*record.Movement)
	order        func(*record.Order)
	subscription func(*record.Subscription)
	delivery     func(*record.Delivery)
	flow         func(*record.Flow)
	posting      func(*record.Posting)
	rule         func(*record.Rule)
	exception    func(*record.Exception)
}

// folder writes exports into a folder.
type folder struct {
	path   string
	closes []func() error
}

// open begins an export and returns what writes a row of it.
func open[T any](d *folder, f file[T]) (func(*T), error) {
	path := filepath.Join(d.path, f.name)
	out, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	buf := bufio.NewWriterSize(out, 1<<16)
	w := csv.NewWriter(buf)
	row := make([]string, len(f.columns))
	for i, c := range f.columns {
		row[i] = c.header
	}
	failed := w.Write(row)
	d.closes = append(d.closes, func() error {
		w.Flush()
		err := errors.Join(failed, w.Error(), buf.Flush(), out.Close())
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		return nil
	})
	return func(t *T) {
		for i, c := range f.columns {
			row[i] = c.text(t)
		}
		if err := w.Write(row); failed == nil {
			failed = err
		}
	}, nil
}

// ignore is the file of a system that is not there.
func ignore[T any](*T) {}

// files is a sink that writes every export of a scenario.
func (d *folder) files(s shape) (*sink, error) {
	out := sink{subscription: ignore[record.Subscription], delivery: ignore[record.Delivery], flow: ignore[record.Flow]}
	var errs [8]error
	out.movement, errs[0] = open(d, movementsFile)
	out.order, errs[1] = open(d, ordersFile)
	out.posting, errs[2] = open(d, postingsFile)
	out.rule, errs[3] = open(d, rulesFile)
	out.exception, errs[4] = open(d, exceptionsFile)
	if !s.alone {
		out.subscription, errs[5] = open(d, subscriptionsFile)
		out.delivery, errs[6] = open(d, deliveriesFile)
		out.flow, errs[7] = open(d, flowsFile)
	}
	return &out, errors.Join(errs[:]...)
}

func (d *folder) close() error {
	var errs []error
	for _, c := range d.closes {
		errs = append(errs, c())
	}
	return errors.Join(errs...)
}

// connectors is the connectors.yaml that goes with the exports.
func connectors(s Scenario, seed uint64, r *run) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Made up: scenario %s, seed %d. %s\nversion: 1\nwindow: {since: %s, until: %s}\nas_of: %s\ntimezone: %s\n", s.Name, seed, s.About,
		since.Format(time.DateOnly), until.Format(time.DateOnly), time.Unix(r.now, 0).UTC().Format(time.RFC3339), zone)
	fmt.Fprintf(&b, "ledger:\n  liability_accounts: [%q]\n  currency: %s\nconnectors:\n", liability, usd)
	for _, sys := range systems(s.shape) {
		fmt.Fprintf(&b, "  - role: %s\n    name: %s\n    probe: file\n", sys.role, sys.name)
		if sys.role == record.Platform && len(r.set.feeds) > 0 {
			b.WriteString("    feeds:\n")
			for _, f := range r.set.feeds {
				fmt.Fprintf(&b, "      - {kind: %s, ", f.Kind)
				if f.Origin != "" {
					fmt.Fprintf(&b, "origin: %s, ", f.Origin)
				}
				fmt.Fprintf(&b, "via: %s}\n", f.Via)
			}
		}
		b.WriteString("    files:\n")
		for _, i := range sys.inputs {
			if i.Record == record.Postings {
				postingsEntry(&b)
				continue
			}
			fmt.Fprintf(&b, "      %s: %s\n", i.Record, i.Name)
		}
		if sys.role == record.ERP {
			b.WriteString("    complete:\n      exceptions: true\n")
			if s.shape.endsEarly {
				fmt.Fprintf(&b, "      postings: {cap: %d, why: %q}\n", r.cap(), endsEarlyWhy)
			}
		}
	}
	return b.String()
}

const endsEarlyWhy = "the saved search stops after this many rows"

// postingsEntry maps the ERP's own headers and words.
func postingsEntry(b *strings.Builder) {
	fmt.Fprintf(b, "      postings:\n        path: %s\n        columns:\n", postingsFile.name)
	for _, c := range postingsFile.columns {
		if record.Fold(c.header) != record.Fold(c.field) {
			fmt.Fprintf(b, "          %s: %q\n", c.field, c.header)
		}
	}
	b.WriteString("        values:\n          kind:\n")
	for k, word := range erpKinds {
		if word != "" {
			fmt.Fprintf(b, "            %s: %s\n", word, record.Kind(k))
		}
	}
	b.WriteString("          status:\n")
	for s, word := range erpStatus {
		if word != "" {
			fmt.Fprintf(b, "            %s: %s\n", word, record.PostingStatus(s))
		}
	}
	b.WriteString("          source:\n")
	for m, word := range erpMakers {
		if word != "" {
			fmt.Fprintf(b, "            %s: %s\n", word, record.Feed(m))
		}
	}
}

// system is one connector of a scenario.
type system struct {
	role   record.Role
	name   string
	inputs []casefile.Input
}

func input[T any](f file[T]) casefile.Input {
	in := casefile.Input{Name: f.name, Record: f.record, Format: "csv"}
	for _, c := range f.columns {
		in.Columns = append(in.Columns, casefile.Column{Header: c.header, Field: c.field})
	}
	return in
}

func systems(s shape) []system {
	all := []system{
		{record.Platform, "Acme store", []casefile.Input{input(movementsFile), input(ordersFile)}},
		{record.Integration, "Relay", []casefile.Input{input(deliveriesFile), input(flowsFile), input(subscriptionsFile)}},
		{record.ERP, "Books", []casefile.Input{input(postingsFile), input(rulesFile), input(exceptionsFile)}},
	}
	if s.alone {
		return append(all[:1:1], all[2])
	}
	return all
}
