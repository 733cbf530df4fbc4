package diagnosis

import (
	"fmt"
	"slices"
	"strings"

	"gcdiag/internal/finding"
	"gcdiag/internal/record"
	"gcdiag/internal/step"
	"gcdiag/internal/trace"
	"gcdiag/internal/wording"
)

// describe writes the sentences of every finding: what happened, why as far as
// the evidence carries, what to do.
func (d *Diagnosis) describe() {
	for _, f := range d.Findings {
		if d.ended() {
			return
		}
		if f.Class() == finding.Fault {
			d.share(f)
			f.Change = d.changePoint(f)
		}
		e, _ := finding.Lookup(f.Code)
		f.Title = d.title(f, e)
		f.Why = d.why(f, e)
		f.Hint = d.hint(f, e)
	}
}

// what counts the events of a finding by kind: "12 loads and 3 redemptions".
func (f *Finding) what() string {
	events := make([]*trace.Event, 0, len(f.Roots)+len(f.Alike))
	for _, v := range f.Roots {
		events = append(events, v.Event)
	}
	for _, a := range f.Alike {
		events = append(events, a.Like.Event) // of the same kind
	}
	if len(events) == 0 {
		events = f.Candidates
	}
	switch {
	case len(events) > 0:
		return countKinds(events)
	case len(f.Orders) > 0:
		return plural(len(f.Orders), "order", "orders")
	}
	return plural(len(f.Postings), "ERP row", "ERP rows")
}

func countKinds(events []*trace.Event) string {
	n := map[record.Kind]int{}
	for _, e := range events {
		n[e.Movement.Kind]++
	}
	var parts []string
	for k := record.NoKind; k <= record.Other; k++ {
		if n[k] > 0 {
			one, many := kindNoun(k)
			parts = append(parts, plural(n[k], one, many))
		}
	}
	if len(parts) > 1 {
		return strings.Join(parts[:len(parts)-1], ", ") + " and " + parts[len(parts)-1]
	}
	return strings.Join(parts, "")
}

func kindNoun(k record.Kind) (one, many string) {
	switch k {
	case record.Expiry:
		return "expiry", "expiries"
	case record.RefundToCard:
		return "refund to card", "refunds to card"
	case record.SaleRefund:
		return "refund of a card sale", "refunds of card sales"
	case record.CashOut:
		return "cash-out", "cash-outs"
	case record.TransferIn:
		return "transfer in", "transfers in"
	case record.TransferOut:
		return "transfer out", "transfers out"
	}
	s := strings.ReplaceAll(k.String(), "_", " ")
	return s, s + "s"
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return wording.Count(n) + " " + many
}

func (d *Diagnosis) named(r record.Role, without string) string {
	if n := d.nameOf(r); n != "" {
		return n
	}
	return without
}

// relay names the integration systems that the roots of a finding went through,
// or else all there are.
func (d *Diagnosis) relay(f *Finding) string {
	seen := map[int16]bool{}
	for _, v := range f.Roots {
		if s := v.Hops[1].System; s >= 0 {
			seen[s] = true
		}
	}
	var names []string
	for i := range d.Case.Systems {
		if s := d.Case.Systems[i]; s.Role == record.Integration && (len(seen) == 0 || seen[int16(i)]) {
			names = append(names, s.Name)
		}
	}
	if len(names) == 0 {
		return "the integration"
	}
	return strings.Join(names, " and ")
}

func (d *Diagnosis) stamp(t record.Time) string {
	if !t.Known() {
		return ""
	}
	l := d.local(t)
	if !t.Exact() {
		return l.Format("2 Jan")
	}
	return l.Format("2 Jan 15:04")
}

// title says in one line what happened.
func (d *Diagnosis) title(f *Finding, e finding.Entry) string {
	what := f.what()
	shop, relay, books := d.named(record.Platform, "the platform"), d.relay(f), d.named(record.ERP, "the ERP")
	is := "are"
	if f.Count() == 1 {
		is = "is"
	}
	were, arrive, come, they, their, belong := "were", "arrive", "come", "they were", "their", "belong"
	if is == "is" {
		were, arrive, come, they, their, belong = "was", "arrives", "comes", "it was", "its", "belongs"
	}
	common := ""
	if len(f.Shared) > 0 && f.Shared[0].Attribute != "kind" {
		common = fmt.Sprintf(" (%s = %s)", f.Shared[0].Attribute, f.Shared[0].Value)
	}
	if len(f.Undetermined) > 0 {
		if f.Code == finding.Duplicate {
			return fmt.Sprintf("%s %s booked more than once in %s; nothing tells whether %s sent twice", what, is, books, they)
		}
		return fmt.Sprintf("%s%s %s not in %s; nothing tells whether %s forwarded", what, common, is, books, they)
	}
	if f.Note != "" && len(f.Candidates) > 0 && f.Class() == finding.Fault {
		if f.Code == finding.MappingAmount {
			return fmt.Sprintf("A line in %s differs from the sum of its %s", books, what)
		}
		return fmt.Sprintf("Out of %s, %s %s lost: %s", what, strings.SplitN(f.Note, " ", 2)[0], were, lower(e.Title))
	}
	reason := ""
	if f.Cause.Value != "" && f.Cause.What == "reason" {
		reason = ": " + f.Cause.Value
	}
	switch f.Code {
	case finding.NoFeed:
		if len(f.Orders) > 0 {
			return fmt.Sprintf("%s made no card movement for %s that should have one", shop, what)
		}
		return fmt.Sprintf("%s emits no event for %s%s", shop, what, common)
	case finding.Manual:
		return fmt.Sprintf("%s%s should have been entered by hand and %s not in %s", what, common, is, books)
	case finding.Batch:
		return fmt.Sprintf("%s%s %s by batch or report only and did not reach %s", what, common, come, books)
	case finding.NotReceived:
		return fmt.Sprintf("%s never received %s%s", relay, what, common)
	case finding.Filtered:
		if common != "" {
			return fmt.Sprintf("%s filters out %s%s", relay, what, common)
		}
		return fmt.Sprintf("%s filters out %s%s", relay, what, reason)
	case finding.Failed:
		return fmt.Sprintf("%s failed in %s%s", what, relay, reason)
	case finding.Held:
		if f.Step == step.Classify {
			return fmt.Sprintf("%s %s waiting in %s, not posted%s", what, is, books, reason)
		}
		return fmt.Sprintf("%s %s held in %s and never sent on%s", what, is, relay, reason)
	case finding.Duplicate:
		if f.Step == step.Forward {
			return fmt.Sprintf("%s %s sent on more than once by %s and booked more than once", what, were, relay)
		}
		return fmt.Sprintf("%s %s sent once and booked more than once in %s", what, were, books)
	case finding.Outage:
		if f.Change != nil && !f.Change.Until.Known() {
			return fmt.Sprintf("Nothing of %s came through %s since %s", what, relay, d.stamp(f.First))
		}
		stretch := d.stamp(f.First)
		if f.Last.Compare(f.First) != 0 {
			stretch += " to " + d.stamp(f.Last)
		}
		return fmt.Sprintf("%s got nothing through from %s: %s lost", relay, stretch, what)
	case finding.Routing:
		if f.Cause.What == "ledger" {
			return fmt.Sprintf("%s stand in the books of another company, %s", what, f.Cause.Value)
		}
		if reason != "" {
			return fmt.Sprintf("%s %s refused by %s%s", what, were, books, reason)
		}
		return fmt.Sprintf("%s%s %s sent on and %s not in %s", what, common, were, is, books)
	case finding.MappingKind:
		return fmt.Sprintf("%s %s in %s as %q", what, arrive, books, f.Cause.Value)
	case finding.MappingAmount, finding.MappingUnit:
		if strings.HasPrefix(f.Cause.Value, "and ") {
			return fmt.Sprintf("%s %s in %s with a wrong amount, %s", what, arrive, books, f.Cause.Value)
		}
		if f.Cause.Value != "" {
			return fmt.Sprintf("%s %s with a wrong amount: %s", what, arrive, f.Cause.Value)
		}
		return fmt.Sprintf("%s %s in %s with a wrong amount", what, arrive, books)
	case finding.MappingCurrency:
		if len(f.Cause.Value) > 3 {
			return fmt.Sprintf("%s %s in the wrong currency: %s", what, arrive, f.Cause.Value)
		}
		return fmt.Sprintf("%s %s in %s instead of %s own currency", what, arrive, f.Cause.Value, their)
	case finding.MappingTender:
		return fmt.Sprintf("%s %s in %s as another tender", what, arrive, books)
	case finding.MappingReference:
		if f.Cause.What == "field" {
			return fmt.Sprintf("%s %s in %s without %s %s", what, arrive, books, their, f.Cause.Value)
		}
		return fmt.Sprintf("%s %s in %s without a reference%s", what, arrive, books, reason)
	case finding.NoRule:
		return fmt.Sprintf("%s has no rule that puts %s on the liability account", books, what)
	case finding.WrongAccount:
		acc := f.Cause.Value
		if f.Cause.What == "rule" {
			acc = "another account by rule " + acc
		}
		return fmt.Sprintf("%s posts %s%s to %s", books, what, common, acc)
	case finding.RuleInactive:
		return fmt.Sprintf("The rule of %s for %s is switched off: %s", books, what, f.Cause.Value)
	case finding.CorrectionRepeated:
		return fmt.Sprintf("%s %s in %s twice: by hand and by the feed", what, is, books)
	case finding.NotCountable:
		return fmt.Sprintf("%s that must not count (%s) %s in %s", what, f.Cause.Value, is, books)
	case finding.Orphan:
		return fmt.Sprintf("%s in %s %s to no event of %s", what, books, belong, shop)
	case finding.Stale:
		return fmt.Sprintf("%s %s overwritten by an older state in %s", what, were, books)
	case finding.InFlight:
		return fmt.Sprintf("%s %s younger than the grace period and on %s way", what, is, their)
	case finding.OpeningBalance:
		return fmt.Sprintf("%s %s an opening balance", what, is)
	}
	switch {
	case f.Class() == finding.EvidenceGap && f.Note != "":
		return joinColon(f.System, f.Note)
	case f.Class() == finding.Risk:
		return joinColon(f.System, lower(e.Title)+": "+f.Note)
	case f.Count() > 0:
		return fmt.Sprintf("%s: %s", e.Title, what)
	}
	return e.Title
}

func joinColon(a, b string) string {
	if a == "" {
		return upper(b)
	}
	return a + ": " + b
}

func lower(s string) string {
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}

func upper(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// why is the cause as far as the evidence carries.
func (d *Diagnosis) why(f *Finding, e finding.Entry) string {
	var s []string
	if len(f.Shared) > 0 {
		x := f.Shared[0]
		all := "All " + wording.Count(x.OfThese)
		if x.These < x.OfThese {
			all = fmt.Sprintf("%s of %s", wording.Count(x.These), wording.Count(x.OfThese))
		}
		have := "have"
		if x.OfThese == 2 && x.These == 2 {
			all = "Both"
		}
		others := "none of the other " + wording.Count(x.OfOthers) + " does"
		if x.Others > 0 {
			others = fmt.Sprintf("%s of the other %s %s", wording.Count(x.Others), wording.Count(x.OfOthers), map[bool]string{true: "does", false: "do"}[x.Others == 1])
		}
		s = append(s, fmt.Sprintf("%s %s %s = %s; %s.", all, have, x.Attribute, x.Value, others))
	} else if f.SharedNote != "" && len(f.Roots) > 1 && f.Code != finding.Outage {
		s = append(s, upper(f.SharedNote)+".")
	}
	if c := f.Change; c != nil {
		span := "since " + d.stamp(c.Since)
		if c.Until.Known() {
			span = "from " + d.stamp(c.Since) + " to " + d.stamp(c.Until)
		}
		s = append(s, fmt.Sprintf("It fails %s: %s of %s then, %s of %s before.", span, wording.Count(c.FailedAfter), wording.Count(c.OfAfter), wording.Count(c.FailedBefore), wording.Count(c.OfBefore)))
	}
	if f.Code == finding.Outage {
		if x := d.brokenSubscription(f); x != "" {
			s = append(s, x)
		}
	}
	switch f.Cause.What {
	case "reason":
		if f.Step > 0 {
			s = append(s, fmt.Sprintf("The systems say: %q.", f.Cause.Value))
		}
	case "flow":
		if f.Cause.Value != "" {
			s = append(s, fmt.Sprintf("All of them went through flow %q.", f.Cause.Value))
		}
	case "amount":
		if strings.HasPrefix(f.Cause.Value, "it ") || strings.HasPrefix(f.Cause.Value, "the ") {
			s = append(s, "What was booked: "+f.Cause.Value+".")
		}
	}
	switch {
	case f.Class() == finding.EvidenceGap && f.Note != "":
		s = append(s, f.Note+".")
	case len(f.Undetermined) > 0:
		s = append(s, "The books are whole and lack it, and no log tells whether it was forwarded: it was lost at step 2 or 3.")
	default:
		s = append(s, e.Cause)
	}
	return strings.Join(s, " ")
}

// brokenSubscription says what became of the subscription that served the kinds
// of an outage, where its list tells.
func (d *Diagnosis) brokenSubscription(f *Finding) string {
	var broken *record.Subscription
	for x := range d.Case.Subscriptions.All() {
		serves := false
		for _, v := range f.Roots {
			serves = serves || x.Kinds.Has(v.Event.Movement.Kind)
		}
		if serves && (x.RemovedAt.Known() || x.Active == record.No) && (broken == nil || x.ID < broken.ID) {
			broken = x
		}
	}
	switch x := broken; {
	case x == nil:
		return ""
	case x.RemovedAt.Known():
		return fmt.Sprintf("Subscription %s (%s) was removed on %s.", x.ID, x.Topic, d.stamp(x.RemovedAt))
	case x.LastSuccessAt.Known():
		return fmt.Sprintf("Subscription %s (%s) is inactive; its last success was %s.", x.ID, x.Topic, d.stamp(x.LastSuccessAt))
	default:
		return fmt.Sprintf("Subscription %s (%s) is inactive.", x.ID, x.Topic)
	}
}

// hint is what to do next.
func (d *Diagnosis) hint(f *Finding, e finding.Entry) string {
	switch f.Code {
	case finding.Filtered, finding.NotReceived:
		if len(f.Undetermined) > 0 {
			return "Get the integration's delivery log for these events: it tells whether they were forwarded. Until then look on both sides."
		}
		if name, filter := d.filterOf(f); filter != "" {
			return fmt.Sprintf("Look at the filter of flow %q: %s. %s", name, filter, e.Hint)
		}
	}
	if drafts := drafts(f); len(drafts) > 0 {
		return fmt.Sprintf("The ERP kept %s of what it refused (%s): post it there, or remove it before anything is sent again, or the event will be booked twice. %s",
			plural(len(drafts), "draft", "drafts"), some(drafts, 5), e.Hint)
	}
	return e.Hint
}

// filterOf is the filter of the flow that serves a finding's kinds, where one is set.
func (d *Diagnosis) filterOf(f *Finding) (name, filter string) {
	for x := range d.Case.Flows.All() {
		if x.Filter == "" {
			continue
		}
		for _, v := range f.Roots {
			if x.Kinds.Covers(v.Event.Movement.Kind) {
				return flowName(x), x.Filter
			}
		}
	}
	return "", ""
}

// Headline is the outcome in a sentence.
func (d *Diagnosis) Headline() string {
	switch {
	case d.Outcome.First != nil && d.Outcome.Status == "fault":
		return d.Outcome.First.Title
	case d.Outcome.Status == "inconclusive" && d.Outcome.First != nil:
		return "Can't tell: " + d.Outcome.First.Title
	case d.Outcome.Status == "inconclusive":
		return "Can't tell: a part of the drift has no explanation"
	}
	n, flying := 0, 0
	for _, v := range d.Verdicts {
		if v.Event.Scope == trace.Countable {
			n += d.Set.Weight(v.Event)
			if v.Status == step.InFlight {
				flying++
			}
		}
	}
	if flying > 0 {
		return fmt.Sprintf("The handoff is sound: %s of %s events arrived where they belong, %s still on the way", wording.Count(n-flying), wording.Count(n), wording.Count(flying))
	}
	return fmt.Sprintf("The handoff is sound: all %s events arrive where they belong", wording.Count(n))
}

// some is the first of a list, and how many more there are.
func some(list []string, most int) string {
	if len(list) <= most {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:most], ", "), len(list)-most)
}

// drafts are the documents that an ERP kept of events that it had refused.
func drafts(f *Finding) []string {
	if f.Code != finding.Routing {
		return nil
	}
	var out []string
	for _, v := range f.Roots {
		p := v.Books.Row
		if p == nil || p.Status != record.Open || v.Books.Stance != step.Unposted {
			continue
		}
		name := p.Document
		if name == "" {
			name = p.ID
		}
		if name != "" && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}
