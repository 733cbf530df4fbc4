package render

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"gcdiag/internal/report"
	"gcdiag/internal/wording"
)

// Text writes the report for a terminal: the verdict first, then what it rests
// on, what to do, every finding, and what could not be told.
func Text(w io.Writer, d report.Document, o Options) error {
	p := newPage(o)
	p.when = calendarOf(d.Window)
	if note := basis(d.Run.Mode); note != "" {
		p.para(1, warn, note)
		p.blank()
	}
	if !d.Run.Complete {
		p.para(1, warn, "PARTIAL: reading was cancelled or a source failed. What could be judged was judged all the same.")
		p.blank()
	}
	p.pipeline(d)
	p.matrix(d)
	p.summary(d)
	p.findings(d)
	p.repair(d)
	p.rest(d)
	return p.writeTo(w)
}

// node is one station of the handoff, with the step that is its duty.
type node struct {
	name   string
	status string
	step   string
}

func nodes(d report.Document) [4]node {
	var n [4]node
	for i, role := range []string{"platform", "integration", "erp"} {
		var names []string
		for _, s := range d.Systems {
			if s.Role == role {
				names = append(names, s.Name)
			}
		}
		n[i].name = strings.Join(names, ", ")
		if n[i].name == "" {
			n[i].name = []string{"no platform", "no integration", "no ERP"}[i]
		}
	}
	n[3].name = strings.Join(d.Ledger.LiabilityAccounts, ", ")
	if n[3].name == "" {
		n[3].name = "liability"
	}
	for i := range n {
		n[i].status = "not-checked"
		n[i].step = fmt.Sprintf("%d %s", i+1, stages[i])
	}
	for _, s := range d.Steps {
		if s.Step >= 1 && s.Step <= 4 {
			n[s.Step-1].status = s.Status
		}
	}
	return n
}

// pipeline writes the four stations with their marks, and the window.
func (p *page) pipeline(d report.Document) {
	list := nodes(d)
	var names [4]string
	arrow, longest := "", p.o.Width
	total := func() int {
		n := 1 + 3*(width(arrow)+2)
		for i := range list {
			names[i] = p.fit(list[i].name, longest)
			n += max(width(names[i])+2, len(list[i].step))
		}
		return n
	}
	for _, a := range []string{"──▶", "─▶", "▶"} {
		if arrow = p.clean(a); total() <= p.o.Width {
			break
		}
	}
	for total() > p.o.Width && longest > 4 {
		longest--
	}
	top, steps := " ", " "
	plainTop := 1
	for i, n := range list {
		m := markOf(n.status)
		w := max(width(names[i])+2, len(n.step))
		dash := strings.Repeat(p.clean("─"), w-width(names[i])-2)
		top += names[i] + " " + p.paint(marks[m].style, p.sign(m))
		steps += left(n.step, w)
		if i < 3 {
			top += p.paint(dim, " "+dash+arrow+" ")
			steps += strings.Repeat(" ", width(arrow)+2)
			plainTop += w + width(arrow) + 2
		} else {
			plainTop += width(names[i]) + 2
		}
	}
	period := p.clean(p.when.period(d.Window))
	if plainTop+3+width(period) <= p.o.Width {
		p.raw(top, strings.Repeat(" ", p.o.Width-plainTop-width(period)), period)
		p.raw(p.paint(dim, steps))
		return
	}
	p.raw(top)
	p.raw(p.paint(dim, steps))
	if period != "" {
		p.para(1, plain, period)
	}
}

// first is the finding that the headline speaks of, or nil where the verdict
// is no fault.
func first(d report.Document) *report.Finding {
	if d.Outcome.Status != "fault" {
		return nil
	}
	i := slices.IndexFunc(d.Findings, func(f report.Finding) bool { return f.Class == "fault" })
	if i < 0 {
		return nil
	}
	return &d.Findings[i]
}

// summary writes the verdict, why, how much and what next.
func (p *page) summary(d report.Document) {
	p.blank()
	st := map[string]style{"fault": alarm, "sound": fine, "inconclusive": warn}[d.Outcome.Status]
	v := strings.ToUpper(strings.TrimPrefix(verdict(d.Outcome), "is "))
	if d.Outcome.Status == "inconclusive" {
		v = "INCONCLUSIVE"
	}
	p.para(1, st, v)
	if d.Outcome.Headline != "" {
		p.para(1, bold, d.Outcome.Headline)
	}
	p.blank()
	if f := first(d); f != nil {
		p.why(1, *f)
		p.field(1, "Evidence", evidence(f.Evidence))
	} else if d.Outcome.Evidence != nil && d.Outcome.Status == "sound" {
		p.field(1, "Evidence", evidence(*d.Outcome.Evidence))
	}
	p.drift(d)
	p.field(1, "Next", d.Outcome.Next)
}

// why writes a finding's cause, what its records share, and since when.
func (p *page) why(indent int, f report.Finding) {
	p.field(indent, "Cause", f.Cause)
	p.field(indent, "Shared", shared(f))
	p.field(indent, "Since", p.when.since(f))
}

// drift writes what is wrong in the books, and the parts that add up to it.
func (p *page) drift(d report.Document) {
	if len(d.Drift) == 0 {
		return
	}
	for i, s := range drifts(d.Drift, true) {
		label := ""
		if i == 0 {
			label = "Drift"
		}
		p.field(1, label, strings.ToUpper(s[:1])+s[1:]+".")
	}
	var figures []report.Drift
	for _, x := range d.Drift {
		if x.Drift != nil {
			figures = append(figures, x)
		}
	}
	for len(figures) > 0 {
		for n := len(figures); ; n-- {
			lines := p.driftTable(d, figures[:n])
			if width(lines[0]) <= p.o.Width-1-labelWidth || n == 1 {
				figures = figures[n:]
				for i, l := range lines {
					l = p.fit(l, p.o.Width-1-labelWidth)
					st := plain
					if i == 2 {
						p.raw(strings.Repeat(" ", 1+labelWidth), p.paint(dim, strings.Repeat(p.clean("─"), width(l))))
						st = bold
					}
					p.raw(strings.Repeat(" ", 1+labelWidth), p.paint(st, l))
				}
				break
			}
		}
	}
}

// driftTable lays out drift as lines of equal width: what each side has, the
// drift, and the parts that add up to it; one column per currency.
func (p *page) driftTable(d report.Document, list []report.Drift) []string {
	lines := []string{"booked in the ERP", "owed by the platform", "drift"}
	var parts []string
	for _, f := range d.Findings {
		if slices.ContainsFunc(list, func(x report.Drift) bool { return part(x, f.ID) != "" }) {
			parts = append(parts, f.ID)
			lines = append(lines, "  "+f.ID+" "+f.Code)
		}
	}
	lines = append(lines, "  unexplained")
	label := 0
	for i := range lines {
		lines[i] = p.fit(lines[i], 28)
		label = max(label, width(lines[i]))
	}
	for i := range lines {
		lines[i] = left(lines[i], label)
	}
	for _, x := range list {
		money := func(s string, plus bool) string { return p.clean(amount(s, x.Currency, true, plus)) }
		column := []string{money(x.ERP, false), money(x.Platform, false), money(*x.Drift, true)}
		for _, id := range parts {
			text := ""
			if a := part(x, id); a != "" {
				text = money(a, true)
			}
			column = append(column, text)
		}
		rest := ""
		if x.Unexplained != nil {
			rest = money(*x.Unexplained, true)
		}
		column = append(column, rest)
		w := 0
		for _, text := range column {
			w = max(w, width(text))
		}
		for i, text := range column {
			lines[i] += "   " + right(text, w)
		}
	}
	return lines
}

// part is a finding's part of a drift, "" where it has none.
func part(d report.Drift, finding string) string {
	for _, a := range d.ByFinding {
		if a.Finding == finding {
			return a.Amount
		}
	}
	return ""
}

// section is a group of findings under one heading; no classes stands for those of no other group.
type section struct {
	title   string
	classes []string
	write   func(report.Document, report.Finding)
}

// findings writes every finding, grouped by what it asks of the reader.
func (p *page) findings(d report.Document) {
	groups := []section{
		{"Findings", []string{"fault"}, p.finding},
		{"Also found, and worth somebody's time", []string{"platform-anomaly", "business-exception", "risk"}, p.finding},
		{"What could not be told", []string{"evidence-gap"}, p.gap},
		{"Looked odd, and is not a fault", []string{"timing", "benign-shape", "out-of-scope"}, p.remark},
		{"Other statements", nil, p.finding},
	}
	if d.Outcome.Status == "inconclusive" {
		groups[0], groups[1], groups[2] = groups[2], groups[0], groups[1]
	}
	known := func(class string) bool {
		return slices.ContainsFunc(groups, func(g section) bool { return slices.Contains(g.classes, class) })
	}
	for _, g := range groups {
		headed := false
		for _, f := range d.Findings {
			if !slices.Contains(g.classes, f.Class) && (g.classes != nil || known(f.Class)) {
				continue
			}
			if !headed {
				p.heading(g.title)
				headed = true
			}
			g.write(d, f)
		}
	}
}

// idsShown is how many ids of a list are named.
func (p *page) idsShown() int {
	if p.o.Verbose {
		return 1 << 30
	}
	return 5
}

// findingIndent is where the text of a finding begins, beside its id.
const findingIndent = 5

// title writes a finding's id and title, its part of the drift at the right,
// and below what kind of statement it is.
func (p *page) title(f report.Finding) {
	id := p.fit(f.ID, 8)
	indent := max(findingIndent, 1+width(id)+1)
	room := p.o.Width - indent
	money, long := "", ""
	if f.Class == "fault" || !wording.Zero(f.Drift) {
		money = p.clean(sums(f.Drift, true, true))
	}
	if money != "" && room-width(money)-2 < 28 {
		money, long = "", money
	}
	titleRoom := room
	if money != "" {
		titleRoom -= width(money) + 2
	}
	for i, l := range p.wrap(f.Title, titleRoom) {
		if i > 0 {
			p.raw(strings.Repeat(" ", indent), p.paint(bold, l))
			continue
		}
		line := " " + p.paint(bold, left(id, indent-1)) + p.paint(bold, l)
		if money != "" {
			line += strings.Repeat(" ", room-width(l)-width(money)) + money
		}
		p.raw(line)
	}
	tags := []string{f.Code}
	if w := where(f); w != "" {
		tags = append(tags, w)
	}
	p.para(findingIndent, dim, strings.Join(append(tags, f.Evidence), " · "))
	p.field(findingIndent, "Drift", long)
}

func (p *page) finding(d report.Document, f report.Finding) {
	p.title(f)
	headline := first(d)
	told := headline != nil && headline.ID == f.ID
	if !told {
		p.why(findingIndent, f)
	}
	p.subjects(f)
	if n := f.Downstream.Count; n > 0 {
		text := plural(n, "movement") + " of the same cards"
		if a := sums(f.Downstream.Amount, true, true); a != "" {
			text += " (" + a + ")"
		}
		p.field(findingIndent, "Stuck", text+": "+ids(f.Downstream.Events, n, p.idsShown()))
	}
	p.field(findingIndent, "Repaired", remaining(f.Remaining, true))
	if !told || f.Hint != d.Outcome.Next {
		p.field(findingIndent, "Next", f.Hint)
	}
	if !strings.Contains(f.Hint, f.Settle) {
		p.field(findingIndent, "Settled by", f.Settle)
	}
}

// subjects writes the ids that a finding speaks of.
func (p *page) subjects(f report.Finding) {
	for i, s := range subjects(f) {
		text := wording.Count(s.n)
		if a := sums(f.Amount, true, true); i == 0 && a != "" {
			text += " (" + a + ")"
		}
		label := strings.ToUpper(s.noun[:1]) + s.noun[1:] + "s"
		p.field(findingIndent, label, text+": "+ids(s.ids, s.n, p.idsShown()))
	}
}

// gap writes what could not be told and the one thing that would settle it.
func (p *page) gap(_ report.Document, f report.Finding) {
	p.title(f)
	if !said(f.Title, f.Cause) {
		p.field(findingIndent, "Because", f.Cause)
	}
	p.subjects(f)
	settle := f.Settle
	if settle == "" {
		settle = f.Hint
	}
	p.field(findingIndent, "Settled by", settle)
}

// remark writes a finding that asks nothing of the reader.
func (p *page) remark(_ report.Document, f report.Finding) {
	p.title(f)
	if p.o.Verbose {
		p.field(findingIndent, "Cause", f.Cause)
	}
	p.subjects(f)
}

// repair writes what to send again, to book, to ask, and how to prove it.
func (p *page) repair(d report.Document) {
	r := d.Repair
	if len(r.Replay)+len(r.Corrections)+len(r.Questions) == 0 && r.Proof == "" {
		return
	}
	p.heading("To do")
	if n := len(r.Replay); n > 0 {
		var events []string
		for _, e := range r.Replay {
			events = append(events, e.Event)
		}
		text := replaySums(r.Replay, true) + ", in this order: " + ids(events, n, 3) + "."
		if n > 3 && !p.o.Verbose {
			text += " The whole list is in the JSON report, under repair.replay."
		}
		p.field(1, "Replay", text)
		if p.o.Verbose {
			for _, e := range r.Replay {
				p.para(1+labelWidth, plain, strings.Join([]string{e.Event, kindName(e.Kind), amount(e.Amount, e.Currency, true, true), p.when.at(e.At), e.Finding, e.Key}, " · "))
			}
		}
	}
	for i, c := range r.Corrections {
		label := ""
		if i == 0 {
			label = "Book"
		}
		p.field(1, label, fmt.Sprintf("%s on %s (%s): %s", amount(c.Amount, c.Currency, true, true), c.Account, c.Finding, c.Why))
	}
	if len(r.Corrections) > 0 {
		p.field(1, " ", "These are proposals for finance, credit +, debit −; gcdiag books nothing.")
	}
	for i, q := range r.Questions {
		label := ""
		if i == 0 {
			label = "Ask"
		}
		p.field(1, label, fmt.Sprintf("%s: %s (%s)", q.Whom, q.Ask, q.Finding))
	}
	p.field(1, "Proof", r.Proof)
}

// replaySums says how many movements of each kind to send again.
func replaySums(list []report.ReplayItem, dollars bool) string {
	n, total := map[string]int{}, map[string]map[string]string{}
	var order, parts []string
	for _, e := range list {
		if n[e.Kind]++; n[e.Kind] == 1 {
			order = append(order, e.Kind)
		}
		total[e.Kind] = wording.Add(total[e.Kind], map[string]string{e.Currency: e.Amount})
	}
	for _, k := range order {
		parts = append(parts, fmt.Sprintf("%s (%s)", kindCount(n[k], k), sums(total[k], dollars, true)))
	}
	return strings.Join(parts, ", then ")
}

// leftOut says what does not count, by reason.
func leftOut(list []report.Excluded, dollars bool) string {
	var parts []string
	for _, e := range list {
		if e.Count == 0 {
			continue
		}
		text := glue(wording.Count(e.Count) + " " + e.Reason)
		if a := sums(e.Amount, dollars, true); a != "" {
			text += " (" + a + ")"
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, ", ")
}

// rest writes what the verdict rests on: reads, guesses, rejects and what does
// not count.
func (p *page) rest(d report.Document) {
	p.heading("What this rests on")
	for _, s := range d.Systems {
		p.field(1, "Read", p.read(s))
		for _, r := range s.Reads {
			p.rejects(r)
		}
	}
	p.field(1, "Left out", leftOut(d.Excluded, true))
	if n := waiting(d); n > 0 {
		p.field(1, "In flight", plural(n, "event")+" younger than the grace period; not counted as missing")
	}
	p.field(1, "Policy", policy(d.Policy))
	p.field(1, "As of", p.asOf(d))
	p.field(1, "Hidden", hidden(d.Redaction))
	if more := hints(d); more != "" {
		p.blank()
		p.para(1, dim, more)
	}
}

// read is one system's records in a sentence.
func (p *page) read(s report.System) string {
	var list []string
	for _, r := range s.Reads {
		text := recordCount(r.Read, r.Record)
		if r.From != "" && r.To != "" && p.o.Verbose {
			text += fmt.Sprintf(" (%s to %s)", p.when.at(r.From), p.when.at(r.To))
		}
		if !r.Complete {
			text += ", not proven complete"
			if r.Why != "" {
				text += " (" + r.Why + ")"
			}
		} else if r.Why != "" && p.o.Verbose {
			text += " (" + r.Why + ")"
		}
		list = append(list, text)
	}
	if len(list) == 0 {
		list = []string{"nothing"}
	}
	return s.Name + ": " + strings.Join(list, "; ")
}

// rejects writes the rows that were not understood and the columns that were guessed.
func (p *page) rejects(r report.Read) {
	if r.Rejected > 0 {
		p.field(1, "Rejected", fmt.Sprintf("%s of %s, counted and never taken for zero", plural(r.Rejected, "row"), r.Record))
		shown := r.Rejects[:min(3, len(r.Rejects))]
		if p.o.Verbose {
			shown = r.Rejects
		}
		for _, x := range shown {
			p.field(1, " ", x.Place+": "+x.Reason)
		}
		if more := r.Rejected - len(shown); more > 0 {
			p.field(1, " ", "and "+wording.Count(more)+" more")
		}
	}
	var guessed []string
	for _, c := range r.Columns {
		if c.Guessed {
			guessed = append(guessed, fmt.Sprintf("%s %q as %s", c.Input, c.Header, c.Field))
		}
	}
	if len(guessed) > 0 {
		p.field(1, "Guessed", strings.Join(guessed, ", ")+". Check these columns first.")
	}
}

// waiting is how many events are in flight, unless a finding says so already.
func waiting(d report.Document) int {
	n := 0
	for _, s := range d.Steps {
		for _, c := range s.Cells {
			n += c.InFlight
		}
	}
	if slices.ContainsFunc(d.Findings, func(f report.Finding) bool { return f.Code == "in-flight" }) {
		return 0
	}
	return n
}

// hidden says what redaction hid, "" where it hid nothing.
func hidden(r report.Redacted) string {
	var list []string
	if r.Cards > 0 {
		list = append(list, plural(r.Cards, "card id")+" shown as tokens")
	}
	if r.Values > 0 {
		list = append(list, plural(r.Values, "value")+" withheld")
	}
	if !r.On {
		return "nothing: redaction was switched off"
	}
	return strings.Join(list, ", ")
}

// policy says what the client decided, "" where it is not known.
func policy(p report.Policy) string {
	if p == (report.Policy{}) {
		return ""
	}
	var list []string
	if p.Grace != "" {
		list = append(list, "grace "+p.Grace)
	}
	switch p.Basis {
	case "face_value":
		list = append(list, "loads owe their face value")
	case "price_paid":
		list = append(list, "loads owe the price paid")
	}
	switch p.Promotional {
	case "exclude":
		list = append(list, "promotional cards left out")
	case "include":
		list = append(list, "promotional cards counted")
	}
	switch p.Loyalty {
	case "exclude":
		list = append(list, "points left out")
	case "include":
		list = append(list, fmt.Sprintf("points counted at %d per unit", p.PointsPerUnit))
	}
	return strings.Join(append(list, fmt.Sprintf("tolerance %s per event", plural(int(p.Tolerance), "minor unit"))), ", ")
}

func (p *page) asOf(d report.Document) string {
	if d.Window.AsOf == "" {
		return ""
	}
	text := p.when.at(d.Window.AsOf)
	if d.Window.Timezone != "" {
		text += "; all times in " + d.Window.Timezone
	}
	return text
}

// hints name the commands that tell more. Words that a shell would not take as
// they are make no hint, because readers copy these.
func hints(d report.Document) string {
	copyable := func(s string) bool {
		return s != "" && s[0] != '-' && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:/") == ""
	}
	f := first(d)
	if f == nil || !copyable(f.Code) {
		return ""
	}
	text := "More: gcdiag explain " + f.Code
	if len(f.Events) > 0 && copyable(f.Events[0]) {
		text += "; gcdiag trace " + f.Events[0]
	}
	return text
}
