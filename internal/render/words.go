package render

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"gcdiag/internal/report"
	"gcdiag/internal/wording"
)

// calendar says how times are written: in which zone, and which year goes without saying.
type calendar struct {
	zone *time.Location // nil: in the zone they are written in
	year int            // 0: the year is always written
}

func calendarOf(w report.Window) calendar {
	var c calendar
	if z, err := time.LoadLocation(w.Timezone); err == nil && w.Timezone != "" && w.Timezone != "Local" {
		c.zone = z
	}
	since, _, ok1 := c.parse(w.Since)
	until, _, ok2 := c.parse(w.Until)
	if last := until.Add(-1); ok1 && ok2 && since.Year() == last.Year() {
		c.year = since.Year()
	}
	return c
}

// parse reads a document's time; date is true for a bare date.
func (c calendar) parse(s string) (at time.Time, date, ok bool) {
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		return t, true, true
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return t, false, false
	}
	if c.zone != nil {
		t = t.In(c.zone)
	}
	return t, false, true
}

func (c calendar) layout(t time.Time, date, seconds bool) string {
	l := "2 Jan"
	if t.Year() != c.year {
		l += " 2006"
	}
	switch {
	case date:
	case seconds:
		l += " 15:04:05"
	default:
		l += " 15:04"
	}
	return glue(t.Format(l))
}

// at is a time for people, to the minute; text that is no time stays as it is.
func (c calendar) at(s string) string {
	t, date, ok := c.parse(s)
	if !ok {
		return s
	}
	return c.layout(t, date, false)
}

// moment is a time for people, to the second; text that is no time stays as it is.
func (c calendar) moment(s string) string {
	t, date, ok := c.parse(s)
	if !ok {
		return s
	}
	return c.layout(t, date, true)
}

// period is the window as people say it: whole days with the last one
// included, or moments.
func (c calendar) period(w report.Window) string {
	since, d1, ok1 := c.parse(w.Since)
	until, d2, ok2 := c.parse(w.Until)
	if !ok1 || !ok2 {
		return strings.Trim(w.Since+" – "+w.Until, "– ")
	}
	if (d1 || midnight(since)) && (d2 || midnight(until)) {
		last := until.AddDate(0, 0, -1)
		switch {
		case since.Format(time.DateOnly) == last.Format(time.DateOnly):
			return glue(last.Format("2 Jan 2006"))
		case since.Format("Jan 2006") == last.Format("Jan 2006"):
			return glue(since.Format("2") + " – " + last.Format("2 Jan 2006"))
		case since.Year() == last.Year():
			return glue(since.Format("2 Jan") + " – " + last.Format("2 Jan 2006"))
		}
		return glue(since.Format("2 Jan 2006") + " – " + last.Format("2 Jan 2006"))
	}
	if since.Year() == until.Year() {
		return glue(since.Format("2 Jan 15:04") + " – " + until.Format("2 Jan 2006 15:04"))
	}
	return glue(since.Format("2 Jan 2006 15:04") + " – " + until.Format("2 Jan 2006 15:04"))
}

func midnight(t time.Time) bool { return t.Hour() == 0 && t.Minute() == 0 && t.Second() == 0 }

// elapsed is a time between two events: "3 s", "2 h 10 min", "3 d 4 h".
func elapsed(d time.Duration) string { return glue(wording.Elapsed(d)) }

// between is what passed from one time to another: "+ 3 s", "−5 min", "same
// moment"; in whole days where one of them is a bare date.
func between(a, b time.Time, days bool) string {
	d := b.Sub(a)
	switch {
	case days:
		day := func(t time.Time) time.Time { return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC) }
		switch n := int(day(b).Sub(day(a)) / (24 * time.Hour)); {
		case n == 0:
			return "same day"
		case n < 0:
			return "−" + plural(-n, "day")
		default:
			return "+ " + plural(n, "day")
		}
	case d > 0:
		return "+ " + elapsed(d)
	case d < 0:
		return elapsed(d)
	}
	return "same moment"
}

func glue(s string) string { return strings.ReplaceAll(s, " ", nbsp) }

// plural is a count with its noun, which takes an "s".
func plural(n int, noun string) string { return glue(wording.Plural(n, noun)) }

// amount is wording.Amount on one line; text that is no amount stays as it is.
func amount(s, currency string, dollars, plus bool) string {
	text := wording.Amount(s, currency, dollars, plus)
	if _, _, ok := wording.Decimal(s); !ok {
		return text
	}
	return glue(text)
}

// sums is money per currency, by code, without zeros unless all are zero.
func sums(m map[string]string, dollars, plus bool) string {
	return wording.Sums(m, func(s, c string) string { return amount(s, c, dollars, plus) })
}

var stages = [4]string{"emit", "forward", "arrive", "classify"}

// stepName is "step 2, forward".
func stepName(n int) string {
	if n < 1 || n > len(stages) {
		return fmt.Sprintf("step %d", n)
	}
	return glue(fmt.Sprintf("step %d,", n)) + " " + stages[n-1]
}

// listed joins words: "a", "a and b", "a, b and c".
func listed(words []string, last string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " " + last + " " + words[len(words)-1]
}

func digits(steps []int) []string {
	var list []string
	for _, s := range steps {
		list = append(list, strconv.Itoa(s))
	}
	return list
}

// verdict is the outcome as a short phrase: "fails at step 2, forward".
func verdict(o report.Outcome) string {
	switch o.Status {
	case "sound":
		return "is sound"
	case "inconclusive":
		return "can't be judged yet"
	case "fault":
	default:
		return o.Status
	}
	open := ""
	if len(o.Undetermined) > 0 {
		open = "step " + listed(digits(o.Undetermined), "or")
	}
	switch {
	case o.Step != nil && len(o.Steps) > 1:
		var names []string
		for _, n := range o.Steps {
			names = append(names, stepName(n))
		}
		if open != "" {
			names = append(names, open)
		}
		return "fails at " + strings.Join(names, ", and at ")
	case o.Step != nil && open != "":
		return "fails at " + stepName(*o.Step) + ", and at " + open
	case o.Step != nil:
		return "fails at " + stepName(*o.Step)
	case open != "":
		return "fails at " + open
	}
	return "fails"
}

// where is a finding's place: "step 2, forward", "step 2 or 3", or "".
func where(f report.Finding) string {
	switch {
	case f.Step != nil:
		return stepName(*f.Step)
	case len(f.Undetermined) > 0:
		return "step " + listed(digits(f.Undetermined), "or")
	}
	return ""
}

// evidence says what a word of evidence means.
func evidence(word string) string {
	switch word {
	case "proven":
		return "proven: the records themselves show it"
	case "configured":
		return "configured: the set-up says so, no record shows it"
	case "told":
		return "told: as the operator answered, not measured"
	case "inferred":
		return "inferred: a pattern suggests it, nothing proves it"
	}
	return word
}

// basis warns of a run that measured no customer's systems; "" for any other.
func basis(mode string) string {
	switch mode {
	case "demo":
		return "Demonstration: these three systems are simulated."
	case "answers":
		return "From an operator's answers: nothing here was measured."
	}
	return ""
}

func kindName(kind string) string { return strings.ReplaceAll(kind, "_", " ") }

// recordCount is a count of records of a type: "1 delivery", "7 flows".
func recordCount(n int, record string) string {
	if n == 1 {
		record = strings.TrimSuffix(record, "s")
		if r, ok := strings.CutSuffix(record, "ie"); ok {
			record = r + "y"
		}
	}
	return glue(wording.Count(n) + " " + record)
}

// kindCount is a count of movements of a kind: "1 load", "73 refunds to card".
func kindCount(n int, kind string) string {
	name := kindName(kind)
	if n != 1 {
		switch kind {
		case "refund_to_card":
			name = "refunds to card"
		case "transfer_in", "transfer_out":
			name = strings.Replace(name, "transfer", "transfers", 1)
		case "expiry":
			name = "expiries"
		default:
			name += "s"
		}
	}
	return glue(wording.Count(n) + " " + name)
}

// kinds are the kinds of movements in their usual order.
var kinds = []string{"load", "redemption", "refund_to_card", "sale_refund", "adjustment", "expiry", "deactivation", "cash_out", "transfer_in", "transfer_out", "reversal"}

// said reports whether a text holds a phrase, the case of letters apart.
func said(text, phrase string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(strings.TrimSuffix(phrase, ".")))
}

// shared is the sentence on what a finding's records have in common, without
// what the cause says already.
func shared(f report.Finding) string {
	var list []string
	for _, s := range f.Shared {
		pair, counts := s.Attribute+" = "+s.Value, share(s)
		_, others, _ := strings.Cut(counts, ", ")
		if !(said(f.Cause, pair) && others != "" && said(f.Cause, others)) {
			list = append(list, pair+": "+counts)
		}
	}
	text := strings.Join(list, "; ")
	if f.SharedNote != "" && !said(f.Cause, f.SharedNote) {
		if text != "" {
			text += ". "
		}
		text += f.SharedNote
	}
	return text
}

// share is "all 73 of these, 2 of the other 1,131".
func share(s report.Shared) string {
	n, of, ok := fraction(s.OfThese)
	m, others, ok2 := fraction(s.OfOthers)
	if !ok || !ok2 {
		return s.OfThese + " of these, " + s.OfOthers + " of the others"
	}
	these := fmt.Sprintf("%s of these %s", wording.Count(n), wording.Count(of))
	if n == of {
		these = "all " + wording.Count(of) + " of these"
		if n == 1 {
			these = "the one of these"
		}
	}
	switch {
	case others == 0:
		return these + "; there are no others"
	case m == 0:
		return these + ", none of the other " + wording.Count(others)
	}
	return these + fmt.Sprintf(", %s of the other %s", wording.Count(m), wording.Count(others))
}

func fraction(s string) (n, of int, ok bool) {
	a, b, ok := strings.Cut(s, "/")
	n, err1 := strconv.Atoi(a)
	of, err2 := strconv.Atoi(b)
	return n, of, ok && err1 == nil && err2 == nil
}

// since is the sentence on when a finding's events happened, "" where the
// cause says it already.
func (c calendar) since(f report.Finding) string {
	if ch := f.Change; ch != nil {
		if said(f.Cause, strings.ReplaceAll(c.at(ch.Since), nbsp, " ")) && said(f.Cause, fmt.Sprintf("%s of %s", wording.Count(ch.FailedAfter), wording.Count(ch.OfAfter))) {
			return ""
		}
		until, outside := "to the end of the data", "before that"
		if ch.Until != "" {
			until, outside = "until "+c.at(ch.Until), "before and after"
		}
		return fmt.Sprintf("%s %s: %s of %s failed, %s %s of %s", c.at(ch.Since), until,
			wording.Count(ch.FailedAfter), wording.Count(ch.OfAfter), outside, wording.Count(ch.FailedBefore), wording.Count(ch.OfBefore))
	}
	switch {
	case f.FirstAt == "" && f.LastAt == "":
		return ""
	case f.LastAt == "" || f.FirstAt == f.LastAt:
		return c.at(f.FirstAt)
	case f.FirstAt == "":
		return "up to " + c.at(f.LastAt)
	}
	return c.at(f.FirstAt) + " to " + c.at(f.LastAt)
}

// drifts are the sentences on what is wrong in the books, one per currency.
func drifts(list []report.Drift, dollars bool) []string {
	var out []string
	for _, d := range list {
		currency := d.Currency
		if currency == wording.NoCurrency {
			currency = "unknown currency:"
		}
		if d.Drift == nil {
			why := d.Why
			if why == "" {
				why = "the evidence allows no figure"
			}
			out = append(out, strings.TrimSpace(currency+" no figure: "+why))
			continue
		}
		v, _, ok := wording.Decimal(*d.Drift)
		size := amount(strings.TrimPrefix(*d.Drift, "-"), d.Currency, dollars, false)
		switch {
		case !ok:
			out = append(out, size)
		case v.Sign() < 0:
			out = append(out, "the ERP's gift card liability is "+size+" too low")
		case v.Sign() > 0:
			out = append(out, "the ERP's gift card liability is "+size+" too high")
		default:
			out = append(out, strings.TrimSpace(currency+" closes: ERP and platform agree to the minor unit"))
		}
	}
	return out
}

// remaining is the sentence on what one repair leaves.
func remaining(r *report.Remaining, dollars bool) string {
	if r == nil {
		return ""
	}
	drift, open := "no drift", "no open exception"
	if !wording.Zero(r.Drift) {
		drift = "a drift of " + sums(r.Drift, dollars, true)
	}
	if r.Exceptions > 0 {
		open = plural(r.Exceptions, "open exception")
	}
	return "this alone leaves " + drift + " and " + open
}

// ids names the first of a list and says how many more there are, of total.
func ids(list []string, total, first int) string {
	shown := list[:min(first, len(list))]
	text := strings.Join(shown, ", ")
	if more := max(total, len(list)) - len(shown); more > 0 {
		if text == "" {
			return plural(more, "id") + " not listed"
		}
		text += " and " + wording.Count(more) + " more"
	}
	return text
}

// subject is a list of ids that a finding speaks of, with what they are.
type subject struct {
	noun string
	ids  []string
	n    int // how many, before the list was cut
}

// subjects are a finding's lists; its count belongs to the first of them.
func subjects(f report.Finding) []subject {
	var out []subject
	for _, s := range []subject{{noun: "event", ids: f.Events}, {noun: "candidate", ids: f.Candidates}, {noun: "order", ids: f.Orders}, {noun: "posting", ids: f.Postings}} {
		if s.n = len(s.ids); s.n > 0 {
			out = append(out, s)
		}
	}
	if len(out) == 0 && f.Count > 0 {
		out = []subject{{noun: "event"}}
	}
	if len(out) > 0 {
		out[0].n = max(out[0].n, f.Count)
	}
	return out
}
