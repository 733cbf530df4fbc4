package wizard

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"gcdiag/internal/render"
	"gcdiag/internal/report"
	"gcdiag/internal/wording"
)

// calendar says how the times of a report are written: in its zone, without the
// year where all of the window lies in one.
type calendar struct {
	zone *time.Location
	year int
}

func calendarOf(w report.Window) calendar {
	var c calendar
	if z, err := time.LoadLocation(w.Timezone); err == nil && w.Timezone != "" && w.Timezone != "Local" {
		c.zone = z
	}
	since, _, ok1 := c.parse(w.Since)
	until, _, ok2 := c.parse(w.Until)
	if ok1 && ok2 && since.Year() == until.Add(-1).Year() {
		c.year = since.Year()
	}
	return c
}

// parse reads a document's time; date is true for a bare date.
func (c calendar) parse(s string) (at time.Time, date, ok bool) {
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		if c.zone != nil {
			t = time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, c.zone)
		}
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

// at is a time to the minute, or to the second; text that is no time stays as it is.
func (c calendar) at(s string, seconds bool) string {
	t, date, ok := c.parse(s)
	if !ok {
		return s
	}
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
	return t.Format(l)
}

// period is the window as people say it: whole days with the last one
// included, or moments.
func (c calendar) period(w report.Window) string {
	since, d1, ok1 := c.parse(w.Since)
	until, d2, ok2 := c.parse(w.Until)
	if !ok1 || !ok2 {
		return strings.Trim(w.Since+" – "+w.Until, "– ")
	}
	midnight := func(t time.Time) bool { return t.Hour() == 0 && t.Minute() == 0 && t.Second() == 0 }
	if (d1 || midnight(since)) && (d2 || midnight(until)) {
		last := until.AddDate(0, 0, -1)
		switch {
		case !since.Before(last):
			return last.Format("2 Jan 2006")
		case since.Format("Jan 2006") == last.Format("Jan 2006"):
			return since.Format("2") + " – " + last.Format("2 Jan 2006")
		case since.Year() == last.Year():
			return since.Format("2 Jan") + " – " + last.Format("2 Jan 2006")
		}
		return since.Format("2 Jan 2006") + " – " + last.Format("2 Jan 2006")
	}
	if since.Year() == until.Year() {
		return since.Format("2 Jan 15:04") + " – " + until.Format("2 Jan 2006 15:04")
	}
	return since.Format("2 Jan 2006 15:04") + " – " + until.Format("2 Jan 2006 15:04")
}

// amount is an amount for people: "$1,200.00" for US dollars, "EUR 1,200.00"
// for all else. Plus says whether a plus is written.
func amount(s, currency string, plus bool) string {
	return wording.Amount(s, currency, true, plus)
}

// sums is money per currency, by code, without zeros unless all are zero.
func sums(m map[string]string, plus bool) string {
	return wording.Sums(m, func(s, c string) string { return amount(s, c, plus) })
}

var stages = [4]string{"emit", "forward", "arrive", "classify"}

// stepName is "step 2, forward".
func stepName(n int) string {
	if n < 1 || n > 4 {
		return fmt.Sprintf("step %d", n)
	}
	return fmt.Sprintf("step %d, %s", n, stages[n-1])
}

func orList(steps []int) string {
	var words []string
	for _, s := range steps {
		words = append(words, strconv.Itoa(s))
	}
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

// verdict is the outcome as the result page says it.
func verdict(o report.Outcome) string {
	switch o.Status {
	case "sound":
		return "IS SOUND"
	case "inconclusive":
		return "INCONCLUSIVE"
	}
	if o.Status != "fault" {
		return "NO VERDICT"
	}
	var places []string
	for _, n := range o.Steps {
		places = append(places, stepName(n))
	}
	if len(o.Undetermined) > 0 {
		places = append(places, "step "+orList(o.Undetermined))
	}
	if len(places) == 0 {
		return "FAILS"
	}
	return strings.ToUpper("fails at " + strings.Join(places, ", and at "))
}

// where is a finding's place: "step 2, forward", "step 2 or 3", or "".
func where(f *report.Finding) string {
	switch {
	case f.Step != nil:
		return stepName(*f.Step)
	case len(f.Undetermined) > 0:
		return "step " + orList(f.Undetermined)
	}
	return ""
}

// place is where a finding stands, in a few letters: "2 forward", "2/3".
func place(f *report.Finding) string {
	switch {
	case f.Step != nil && *f.Step >= 1 && *f.Step <= 4:
		return fmt.Sprintf("%d %s", *f.Step, stages[*f.Step-1])
	case len(f.Undetermined) > 0:
		return strings.ReplaceAll(orList(f.Undetermined), " or ", "/")
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
		return "told: as somebody answered, not measured"
	case "inferred":
		return "inferred: a pattern suggests it, nothing proves it"
	}
	return word
}

// classText says what a class of findings asks of the reader.
func classText(class string) string {
	switch class {
	case "fault":
		return "fault"
	case "timing":
		return "timing, nothing lost"
	case "benign-shape":
		return "lawful, only odd"
	case "out-of-scope":
		return "out of scope"
	case "platform-anomaly":
		return "platform contradicts itself"
	case "business-exception":
		return "somebody's decision"
	case "evidence-gap":
		return "could not be told"
	case "risk":
		return "risk, nothing failed yet"
	}
	return class
}

// basis warns of a run that measured no customer's systems; "" for any other.
func basis(mode string) string {
	switch mode {
	case "demo":
		return "demonstration, simulated systems"
	case "answers":
		return "from answers, nothing was measured"
	}
	return ""
}

func kindName(kind string) string { return strings.ReplaceAll(kind, "_", " ") }

// kinds are the kinds of movements in their usual order.
var kinds = []string{"load", "redemption", "refund_to_card", "sale_refund", "adjustment", "expiry", "deactivation", "cash_out", "transfer_in", "transfer_out", "reversal"}

// said reports whether a text holds a phrase, the case of letters apart.
func said(text, phrase string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(strings.TrimSuffix(phrase, ".")))
}

// shared is the sentence on what a finding's records have in common, without
// what the cause says already.
func shared(f *report.Finding) string {
	var list []string
	for _, s := range f.Shared {
		if pair := s.Attribute + " = " + s.Value; !said(f.Cause, pair) {
			list = append(list, pair+": "+share(s))
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
		these = "all " + wording.Count(of)
		if n == 1 {
			these = "this one"
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

// since is when a finding's events happened, "" where the cause says it already.
func (c calendar) since(f *report.Finding) string {
	if ch := f.Change; ch != nil {
		if said(f.Cause, c.at(ch.Since, false)) {
			return ""
		}
		until, outside := "to the end of the data", "before that"
		if ch.Until != "" {
			until, outside = "until "+c.at(ch.Until, false), "before and after"
		}
		return fmt.Sprintf("%s %s: %s of %s failed, %s %s of %s", c.at(ch.Since, false), until,
			wording.Count(ch.FailedAfter), wording.Count(ch.OfAfter), outside, wording.Count(ch.FailedBefore), wording.Count(ch.OfBefore))
	}
	switch {
	case f.FirstAt == "" && f.LastAt == "":
		return ""
	case f.LastAt == "" || f.FirstAt == f.LastAt:
		return c.at(f.FirstAt, false)
	}
	return c.at(f.FirstAt, false) + " to " + c.at(f.LastAt, false)
}

// driftLine is one currency's drift with its parts, the currency written once:
// "EUR −44.45 = −44.45 F1, unexplained 0". Brief leaves out an unexplained zero.
func driftLine(d report.Drift, brief bool) string {
	if d.Drift == nil {
		why := d.Why
		if why == "" {
			why = "the evidence allows none"
		}
		return strings.TrimSpace(d.Currency + " no figure: " + why)
	}
	other := d.Currency
	if other != "USD" {
		other = ""
	}
	text := amount(*d.Drift, d.Currency, true) + " ="
	for _, p := range d.ByFinding {
		text += " " + amount(p.Amount, other, true) + " " + p.Finding
	}
	if d.Unexplained == nil {
		return text
	}
	switch v, _, ok := wording.Decimal(*d.Unexplained); {
	case !ok || v.Sign() != 0:
		return text + " " + amount(*d.Unexplained, other, true) + " unexplained"
	case len(d.ByFinding) == 0:
		return amount(*d.Drift, d.Currency, true) + ", ERP and platform agree"
	case brief:
		return text
	}
	return text + ", unexplained 0"
}

// summary is the report in a few lines, for a chat or a ticket.
func summary(d *report.Document) string {
	c := calendarOf(d.Window)
	var b strings.Builder
	line := func(s string) {
		if s != "" {
			b.WriteString(render.Escape(s) + "\n")
		}
	}
	line("Gift card handoff, " + c.period(d.Window) + ": " + verdict(d.Outcome))
	line(d.Outcome.Headline)
	if note := basis(d.Run.Mode); note != "" {
		line("(" + note + ")")
	}
	for i := range d.Findings {
		if f := &d.Findings[i]; f.Class == "fault" {
			text := f.ID + " " + f.Title + " [" + f.Code
			if w := where(f); w != "" {
				text += ", " + w
			}
			text += ", " + f.Evidence + "]"
			if !wording.Zero(f.Drift) {
				text += " " + sums(f.Drift, true)
			}
			line(text)
		}
	}
	for _, x := range d.Drift {
		line("Drift " + driftLine(x, false))
	}
	if d.Outcome.Next != "" {
		line("Next: " + d.Outcome.Next)
	}
	return b.String()
}

// replayList is the events to send again, a line each, in the order to send them.
func replayList(d *report.Document) string {
	var b strings.Builder
	for _, r := range d.Repair.Replay {
		for i, s := range []string{r.Event, r.Kind, r.Amount + " " + r.Currency, r.At, r.Finding} {
			if i > 0 {
				b.WriteByte('\t')
			}
			b.WriteString(render.Escape(s))
		}
		b.WriteByte('\n')
	}
	return b.String()
}
