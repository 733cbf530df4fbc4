package render

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"

	"gcdiag/internal/finding"
	"gcdiag/internal/report"
	"gcdiag/internal/wording"
)

// How much of a list a ticket carries; the JSON report carries the rest.
const (
	ticketIDs    = 20
	ticketTraces = 50
)

// Markdown writes the report for a ticket, to be understood by somebody who has
// nothing else: verdict, place, time, money, findings, how to confirm them and
// whom to ask. It is GitHub's dialect. Text from the document can't become
// markup, a link, a mention or HTML.
func Markdown(w io.Writer, d report.Document) error {
	m := &ticket{d: d, when: calendarOf(d.Window)}
	m.line("# Gift card handoff ", md(verdict(d.Outcome)))
	m.blank()
	for _, note := range []string{basis(d.Run.Mode), partial(d.Run)} {
		if note != "" {
			m.line("> ", md(note))
			m.blank()
		}
	}
	if h := md(d.Outcome.Headline); h != "" {
		m.line("**", h, "**")
		m.blank()
	}
	m.facts()
	m.steps()
	m.findings()
	m.drift()
	m.gaps()
	m.confirm()
	m.repair()
	m.ask()
	m.remarks()
	m.appendix()
	_, err := io.WriteString(w, strings.ReplaceAll(m.buf.String(), nbsp, " "))
	return err
}

// ticket collects the lines of a Markdown report.
type ticket struct {
	d    report.Document
	when calendar
	buf  bytes.Buffer
}

func (m *ticket) line(pieces ...string) {
	for _, s := range pieces {
		m.buf.WriteString(s)
	}
	m.buf.WriteByte('\n')
}

func (m *ticket) blank() { m.line() }

func (m *ticket) heading(level int, text string) {
	m.blank()
	m.line(strings.Repeat("#", level), " ", text)
	m.blank()
}

// fact writes a labelled list item; nothing where the text, which is Markdown
// already, is empty.
func (m *ticket) fact(label, text string) {
	if text != "" {
		m.line("- **", label, ":** ", text)
	}
}

// row writes a table row of cells that are Markdown already.
func (m *ticket) row(cells ...string) { m.line("| ", strings.Join(cells, " | "), " |") }

// table writes a head; columns whose name starts with ">" are set to the right.
func (m *ticket) table(head ...string) {
	rule := make([]string, len(head))
	for i, h := range head {
		rule[i] = "---"
		if name, ok := strings.CutPrefix(h, ">"); ok {
			head[i], rule[i] = name, "---:"
		}
	}
	m.row(head...)
	m.row(rule...)
}

// md is text from the document as Markdown text: one line, nothing in it acts.
// Words that a reader's software would turn into a link or a mention become code.
func md(s string) string {
	words := strings.Fields(Escape(s))
	for i, w := range words {
		if tempting(w) {
			words[i] = codeSpan(w)
			continue
		}
		words[i] = escapeMarks(w)
		if i == 0 {
			words[i] = escapeStart(words[i])
		}
	}
	return strings.Join(words, " ")
}

// tempting reports whether a word would become a link, a mention or an issue.
func tempting(w string) bool {
	low := strings.ToLower(w)
	if strings.Contains(low, "://") || strings.Contains(low, "www.") || strings.Contains(low, "mailto:") || strings.Contains(low, "javascript:") {
		return true
	}
	for i, r := range w {
		if rest := w[i+1:]; r == '@' && rest != "" || r == '#' && rest != "" && rest[0] >= '0' && rest[0] <= '9' {
			return true
		}
	}
	return false
}

// escapeMarks escapes what is markup anywhere in a line.
func escapeMarks(w string) string {
	var b strings.Builder
	runes := []rune(w)
	letter := func(i int) bool {
		return i >= 0 && i < len(runes) && (unicode.IsLetter(runes[i]) || unicode.IsDigit(runes[i]))
	}
	for i, r := range runes {
		switch {
		case r == '|':
			b.WriteString(pipe)
			continue
		case r == '&' && (letter(i+1) || i+1 < len(runes) && runes[i+1] == '#'):
			b.WriteString("&amp;")
			continue
		case strings.ContainsRune("\\`*[<~$", r), r == '_' && !(letter(i-1) && letter(i+1)):
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// pipe is "|" in a form that never ends a table's cell.
const pipe = "&#124;"

// escapeStart keeps a first word from starting a heading, quote, list or rule.
func escapeStart(w string) string {
	number := strings.TrimLeft(w, "0123456789")
	switch {
	case strings.HasPrefix(w, ">"), w != "" && strings.Trim(w, w[:1]) == "" && strings.Contains("#+-=", w[:1]):
		return `\` + w
	case number != w && (number == "." || number == ")"):
		return strings.TrimSuffix(w, number) + `\` + number
	}
	return w
}

// codeSpan is a value as a code span; pipes stand outside of it, because a
// table would end its cell there.
func codeSpan(s string) string {
	parts := strings.Split(strings.ReplaceAll(Escape(s), nbsp, " "), "|")
	for i, part := range parts {
		parts[i] = span(strings.TrimSpace(part))
	}
	return strings.Join(parts, pipe)
}

func span(s string) string {
	if s == "" {
		return ""
	}
	fence := "`"
	for strings.Contains(s, fence) {
		fence += "`"
	}
	if s[0] == '`' || s[len(s)-1] == '`' {
		s = " " + s + " "
	}
	return fence + s + fence
}

func codeSpans(list []string, total, first int) string {
	var shown []string
	for _, id := range list[:min(first, len(list))] {
		shown = append(shown, codeSpan(id))
	}
	return ids(shown, total, first)
}

func money(m map[string]string) string { return md(sums(m, false, true)) }

func partial(r report.Run) string {
	if r.Complete {
		return ""
	}
	return "Partial: reading was cancelled or a source failed. What could be judged was judged all the same."
}

// facts are what, where, since when, how much, on what ground, and what next.
func (m *ticket) facts() {
	d := m.d
	if f := first(d); f != nil {
		place := where(*f)
		if len(f.Systems) > 0 {
			place = strings.Join(f.Systems, ", ") + " (" + place + ")"
		}
		m.fact("Where", md(place))
		what := codeSpan(f.Code)
		if e, ok := finding.Lookup(finding.Code(f.Code)); ok {
			what = md(e.Title) + " (" + what + ")"
		}
		m.fact("What", what)
		m.fact("Since", md(m.when.since(*f)))
		m.fact("How much", md(m.howMuch(*f)))
		m.fact("Evidence", md(evidence(f.Evidence)))
	} else {
		for _, s := range drifts(d.Drift, false) {
			m.fact("Drift", md(s))
		}
		if d.Outcome.Evidence != nil && d.Outcome.Status == "sound" {
			m.fact("Evidence", md(evidence(*d.Outcome.Evidence)))
		}
	}
	m.fact("Window", md(m.window()))
	m.fact("Systems", m.systems())
	m.fact("Next", md(d.Outcome.Next))
}

func (m *ticket) howMuch(f report.Finding) string {
	var parts []string
	for i, s := range subjects(f) {
		text := plural(s.n, s.noun)
		if a := sums(f.Amount, false, true); i == 0 && a != "" {
			text += " (" + a + ")"
		}
		parts = append(parts, text)
	}
	if f.Downstream.Count > 0 {
		text := plural(f.Downstream.Count, "movement") + " stuck behind them"
		if a := sums(f.Downstream.Amount, false, true); a != "" {
			text += " (" + a + ")"
		}
		parts = append(parts, text)
	}
	return strings.Join(append(parts, drifts(m.d.Drift, false)...), "; ")
}

func (m *ticket) window() string {
	text := m.when.period(m.d.Window)
	if z := m.d.Window.Timezone; z != "" {
		text += ", all times in " + z
	}
	if a := m.d.Window.AsOf; a != "" {
		text += "; as of " + m.when.at(a)
	}
	return text
}

func (m *ticket) systems() string {
	var names []string
	for i, n := range nodes(m.d) {
		name := md(n.name)
		if i == 3 {
			name = "account " + name
		}
		names = append(names, name)
	}
	return strings.Join(names, " → ")
}

// steps writes the four answers, and kinds by steps.
func (m *ticket) steps() {
	m.heading(2, "The four steps")
	m.table("Step", "Question", "Result", "Answer")
	for _, s := range m.d.Steps {
		result := md(s.Status)
		if s.Status != "pass" {
			result = "**" + result + "**"
		}
		m.row(md(fmt.Sprintf("%d %s", s.Step, s.Stage)), md(s.Question), result, md(s.Answer))
	}
	list := rows(m.d)
	if len(list) == 0 {
		return
	}
	m.blank()
	m.table("Kind", ">1 emit", ">2 forward", ">3 arrive", ">4 classify", ">Amount failing")
	for _, r := range list {
		cells := []string{md(r.label())}
		for _, t := range r.steps {
			cells = append(cells, words(t))
		}
		m.row(append(cells, money(r.failing))...)
	}
}

// words are a tally's counts in words.
func words(t tally) string {
	var list []string
	for i, word := range [...]string{"pass", "fail", "stuck", "can't be told", "in flight"} {
		if t.n[i] == 0 {
			continue
		}
		text := wording.Count(t.n[i]) + " " + word
		if i == failed {
			text = "**" + text + "**"
		}
		list = append(list, text)
	}
	if len(list) == 0 {
		return "not reached"
	}
	return strings.Join(list, ", ")
}

// of writes the findings of some classes under a heading.
func (m *ticket) of(title string, classes []string, write func(report.Finding)) {
	headed := false
	for _, f := range m.d.Findings {
		if slices.Contains(classes, f.Class) {
			if !headed {
				m.heading(2, title)
				headed = true
			}
			write(f)
		}
	}
}

func (m *ticket) findings() {
	n := 0
	write := func(f report.Finding) {
		if n++; n > 1 {
			m.blank()
		}
		m.finding(f)
	}
	m.of("Findings", []string{"fault"}, write)
	n = 0
	m.of("Also found", []string{"platform-anomaly", "business-exception", "risk"}, write)
}

func (m *ticket) finding(f report.Finding) {
	m.line("### ", md(f.ID), ": ", md(f.Title))
	m.blank()
	tags := []string{codeSpan(f.Code), md(f.Class)}
	if w := where(f); w != "" {
		tags[1] += " at " + md(w)
	}
	m.line(strings.Join(tags, " · "))
	m.blank()
	headline := first(m.d)
	told := headline != nil && headline.ID == f.ID
	m.fact("Cause", md(f.Cause))
	m.fact("What they share", md(shared(f)))
	if !told || f.Hint != m.d.Outcome.Next {
		m.fact("What to do", md(f.Hint))
	}
	if !told {
		m.fact("Evidence", md(evidence(f.Evidence)))
		m.fact("Since", md(m.when.since(f)))
	}
	m.subjects(f)
	if n := f.Downstream.Count; n > 0 {
		label := fmt.Sprintf("Stuck behind them (%s, %s)", wording.Count(n), money(f.Downstream.Amount))
		m.fact(label, codeSpans(f.Downstream.Events, n, ticketIDs))
	}
	drift := ""
	if f.Class == "fault" || !wording.Zero(f.Drift) {
		drift = money(f.Drift)
	}
	if r := remaining(f.Remaining, false); r != "" {
		drift = strings.TrimPrefix(drift+". Repaired, "+md(r), ". ")
	}
	m.fact("Part of the drift", drift)
	if !strings.Contains(f.Hint, f.Settle) {
		m.fact("Settled by", md(f.Settle))
	}
}

func (m *ticket) subjects(f report.Finding) {
	for i, s := range subjects(f) {
		label := strings.ToUpper(s.noun[:1]) + s.noun[1:] + "s (" + wording.Count(s.n)
		if a := money(f.Amount); i == 0 && a != "" {
			label += ", " + a
		}
		m.fact(label+")", codeSpans(s.ids, s.n, ticketIDs))
	}
}

// drift writes what each side has and the parts that add up, one column per currency.
func (m *ticket) drift() {
	if len(m.d.Drift) == 0 {
		return
	}
	m.heading(2, "Drift")
	m.line("What the ERP's gift card liability moved by, less what the platform's movements owe. The parts add up to the drift exactly.")
	m.blank()
	head := []string{""}
	for _, x := range m.d.Drift {
		head = append(head, ">"+md(x.Currency))
	}
	m.table(head...)
	line := func(label string, value func(report.Drift) string) {
		cells := []string{label}
		for _, x := range m.d.Drift {
			cells = append(cells, md(value(x)))
		}
		m.row(cells...)
	}
	optional := func(s *string) string {
		if s == nil {
			return "no figure"
		}
		return amount(*s, "", false, true)
	}
	line("Booked in the ERP", func(x report.Drift) string { return amount(x.ERP, "", false, false) })
	line("Owed by the platform", func(x report.Drift) string { return amount(x.Platform, "", false, false) })
	line("**Drift**", func(x report.Drift) string { return optional(x.Drift) })
	for _, f := range m.d.Findings {
		if slices.ContainsFunc(m.d.Drift, func(x report.Drift) bool { return part(x, f.ID) != "" }) {
			line(md(f.ID)+" "+codeSpan(f.Code), func(x report.Drift) string { return amount(part(x, f.ID), "", false, true) })
		}
	}
	line("Unexplained", func(x report.Drift) string { return optional(x.Unexplained) })
	for _, x := range m.d.Drift {
		if x.Drift == nil && x.Why != "" {
			m.blank()
			m.line(md(x.Currency), ": no figure, because ", md(x.Why), ".")
		}
	}
}

// gaps writes what could not be told and the one thing that would settle it.
func (m *ticket) gaps() {
	m.of("What could not be told", []string{"evidence-gap"}, func(f report.Finding) {
		m.line("- **", md(f.ID), ": ", md(f.Title), "** (", codeSpan(f.Code), ")")
		settle := f.Settle
		if settle == "" {
			settle = f.Hint
		}
		cause := f.Cause
		if said(f.Title, cause) {
			cause = ""
		}
		for _, s := range []string{md(cause), m.told(f), "Settled by: " + md(settle)} {
			if s != "" {
				m.line("  - ", s)
			}
		}
	})
}

// told is a finding's ids in one sentence.
func (m *ticket) told(f report.Finding) string {
	var parts []string
	for i, s := range subjects(f) {
		text := plural(s.n, s.noun)
		if a := money(f.Amount); i == 0 && a != "" {
			text += " (" + a + ")"
		}
		parts = append(parts, text+": "+codeSpans(s.ids, s.n, 5))
	}
	return strings.Join(parts, "; ")
}

// confirm writes how somebody can see each fault without gcdiag.
func (m *ticket) confirm() {
	var told []string
	m.of("How to confirm it by hand", []string{"fault"}, func(f report.Finding) {
		e, ok := finding.Lookup(finding.Code(f.Code))
		if !ok || slices.Contains(told, f.Code) {
			return
		}
		told = append(told, f.Code)
		m.line("- **", md(f.ID), "** ", md(strings.ReplaceAll(e.Confirm, "\n", " ")))
	})
	if p := md(m.d.Repair.Proof); p != "" {
		if len(told) == 0 {
			m.heading(2, "How to confirm it by hand")
		}
		m.line("- **After the repair** ", p)
	}
}

// repair writes what to send again and what finance may book.
func (m *ticket) repair() {
	r := m.d.Repair
	if len(r.Replay)+len(r.Corrections) == 0 {
		return
	}
	m.heading(2, "Repair")
	if n := len(r.Replay); n > 0 {
		m.line("Replay in this order, once the cause is repaired: ", md(replaySums(r.Replay, false)), ".")
		m.blank()
		m.table("Event", "Kind", ">Amount", "At", "Finding", "Recognised by")
		for _, e := range r.Replay[:min(ticketIDs, n)] {
			m.row(codeSpan(e.Event), md(kindName(e.Kind)), md(amount(e.Amount, e.Currency, false, true)), md(m.when.at(e.At)), md(e.Finding), codeSpan(e.Key))
		}
		if n > ticketIDs {
			m.blank()
			m.line("and ", wording.Count(n-ticketIDs), " more, in the JSON report under `repair.replay`.")
		}
	}
	if len(r.Corrections) > 0 {
		if len(r.Replay) > 0 {
			m.blank()
		}
		m.line("Proposals for finance (credit +, debit −); gcdiag books nothing:")
		m.blank()
		m.table("Account", ">Amount", "Finding", "Why")
		for _, c := range r.Corrections {
			m.row(codeSpan(c.Account), md(amount(c.Amount, c.Currency, false, true)), md(c.Finding), md(c.Why))
		}
	}
}

func (m *ticket) ask() {
	if len(m.d.Repair.Questions) == 0 {
		return
	}
	m.heading(2, "Whom to ask")
	for _, q := range m.d.Repair.Questions {
		m.line("- **", md(q.Whom), ":** ", md(q.Ask), " (", md(q.Finding), ")")
	}
}

func (m *ticket) remarks() {
	m.of("Looked odd, and is not a fault", []string{"timing", "benign-shape", "out-of-scope"}, func(f report.Finding) {
		m.line("- **", md(f.ID), ": ", md(f.Title), "** (", codeSpan(f.Code), ") ", md(f.Cause), " ", m.told(f))
	})
}

// appendix writes what the verdict rests on and the traces.
func (m *ticket) appendix() {
	d := m.d
	m.heading(2, "Appendix: what this rests on")
	m.table("System", "Records", ">Read", ">Rejected", "Complete", "Note")
	for _, s := range d.Systems {
		for _, r := range s.Reads {
			complete := "yes"
			if !r.Complete {
				complete = "not proven"
			}
			m.row(md(s.Name), md(r.Record), wording.Count(r.Read), wording.Count(r.Rejected), complete, md(r.Why))
		}
	}
	m.blank()
	for _, s := range d.Systems {
		for _, r := range s.Reads {
			for _, x := range r.Rejects {
				m.fact("Rejected", codeSpan(x.Place)+": "+md(x.Reason))
			}
			if more := r.Rejected - len(r.Rejects); more > 0 {
				m.fact("Rejected", "and "+wording.Count(more)+" more rows of "+md(r.Record))
			}
			for _, c := range r.Columns {
				if c.Guessed {
					m.fact("Guessed", md(c.Input)+" column "+codeSpan(c.Header)+" taken for "+codeSpan(c.Field))
				}
			}
		}
	}
	m.fact("Left out", md(leftOut(d.Excluded, false)))
	m.fact("Policy", md(policy(d.Policy)))
	m.fact("Hidden", md(hidden(d.Redaction)))
	made := d.Run.Tool
	if d.Run.Mode != "" {
		made += ", mode " + d.Run.Mode
	}
	if at := m.when.at(d.Run.FinishedAt); at != "" {
		made += ", " + at
	}
	m.fact("Made by", md(made))
	m.traces()
}

func (m *ticket) traces() {
	list := m.d.Traces
	if len(list) == 0 {
		return
	}
	m.heading(2, "Appendix: events that are not clean")
	m.table("Event", "Kind", ">Amount", "At", "Card", "Order", "Verdict", "Emit", "Forward", "Arrive", "Classify")
	for _, t := range list[:min(ticketTraces, len(list))] {
		kind := md(kindName(t.Kind))
		if t.Origin != "" {
			kind += " (" + md(t.Origin) + ")"
		}
		cells := []string{codeSpan(t.Event), kind, md(amount(t.Amount, t.Currency, false, true)), md(m.when.at(t.At)), codeSpan(t.Card), codeSpan(t.Order), md(verdictOf(t))}
		for _, stage := range stages {
			i := slices.IndexFunc(t.Hops, func(h report.Hop) bool { return h.Stage == stage })
			if i < 0 {
				cells = append(cells, "")
				continue
			}
			h := t.Hops[i]
			text := md(h.Status)
			if h.Status == "fail" {
				text = "**fail**"
			}
			if h.Record != "" {
				text += " " + codeSpan(h.Record)
			}
			if h.MatchedBy != "" {
				text += " by " + md(h.MatchedBy)
			}
			if h.Note != "" {
				text += ": " + md(h.Note)
			}
			cells = append(cells, text)
		}
		m.row(cells...)
	}
	if more := max(m.d.TracesTotal, len(list)) - min(ticketTraces, len(list)); more > 0 {
		m.blank()
		m.line("and ", wording.Count(more), " more.")
	}
}
