package render

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
	"sync"

	"gcdiag/internal/finding"
	"gcdiag/internal/report"
	"gcdiag/internal/wording"
)

// How much of a list a page carries; the JSON report carries the rest.
const (
	pageIDs    = 1000
	pageFirst  = 12 // ids that are named without a fold
	pageTraces = 200
)

//go:embed page.html
var pageHTML string

//go:embed page.css
var pageCSS string

var pageTemplate = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("page").Funcs(template.FuncMap{
		"count": wording.Count, "plural": plural, "kind": kindName, "evidence": evidence, "where": where, "shareOf": share, "cut": cut,
		"sums":   func(m map[string]string) string { return sums(m, true, true) },
		"amount": func(s, currency string) string { return amount(s, currency, true, true) },
		"zero":   wording.Zero, "subjects": subjects, "mark": statusMark, "policy": policy, "hidden": hidden, "verdictOf": verdictOf, "join": strings.Join, "role": role,
		"remaining": func(r *report.Remaining) string { return remaining(r, true) },
	}).Parse(pageHTML))
})

// HTML writes the report as one page that needs nothing else: no script, no
// outside request (its policy forbids both), light and dark as the reader's
// system is, fit for paper, a desktop and a phone. It says what the text and
// Markdown reports say, with charts. Text from the document stays text: it can't
// become an element, an attribute, a link or a style.
func HTML(w io.Writer, d report.Document) error {
	d = cleaned(d)
	s := &sheet{Document: d, when: calendarOf(d.Window)}
	var b strings.Builder
	if err := pageTemplate().Execute(&b, s); err != nil {
		return fmt.Errorf("laying out the page: %w", err)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// sheet is what the page's template reads.
type sheet struct {
	report.Document
	when calendar
}

// CSS is the page's only style, trusted because it is ours.
func (s *sheet) CSS() template.CSS { return template.CSS(pageCSS) }

// Allowed names the page's style for its content security policy.
func (s *sheet) Allowed() string {
	sum := sha256.Sum256([]byte(pageCSS))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// sign is how a status is shown: a mark, a word, and a class for its colour.
type sign struct{ Class, Sign, Word string }

var markClasses = [len(marks)]string{"pass", "fail", "stuck", "unknown", "flight", "none"}

func signOf(mark int, word string) sign { return sign{markClasses[mark], marks[mark].sign, word} }

// statusMark is the sign of a step's, hop's or trace's status.
func statusMark(status string) sign {
	return signOf(markOf(status), strings.ReplaceAll(status, "-", " "))
}

// cut is text of at most n characters, with an ellipsis where it was longer.
func cut(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}

func role(word string) string {
	if word == "erp" {
		return "ERP"
	}
	return word
}

// Verdict is the sign and the phrase of the outcome.
func (s *sheet) Verdict() sign {
	switch s.Outcome.Status {
	case "sound":
		return signOf(passed, verdict(s.Outcome))
	case "fault":
		return signOf(failed, verdict(s.Outcome))
	}
	return signOf(inconclusive, verdict(s.Outcome))
}

// Basis warns of a run that measured no customer's systems, Partial of one that was cut short.
func (s *sheet) Basis() string   { return basis(s.Run.Mode) }
func (s *sheet) Partial() string { return partial(s.Run) }

// At is a time to the minute, Moment to the second.
func (s *sheet) At(t string) string     { return s.when.at(t) }
func (s *sheet) Moment(t string) string { return s.when.moment(t) }

// Period is the window for people.
func (s *sheet) Period() string { return s.when.period(s.Window) }

// First is the finding of the headline, or nil.
func (s *sheet) First() *report.Finding { return first(s.Document) }

func (s *sheet) Since(f report.Finding) string  { return s.when.since(f) }
func (s *sheet) Shared(f report.Finding) string { return shared(f) }

// Drifts are the sentences on what is wrong in the books.
func (s *sheet) Drifts() []string {
	list := drifts(s.Document.Drift, true)
	for i, x := range list {
		list[i] = strings.ToUpper(x[:1]) + x[1:] + "."
	}
	return list
}

// station is one system, or the account, with the step that is its duty.
type station struct {
	Step       int
	Stage      string
	Name, Role string
	Sign       sign
}

// Stations are the four stations of the handoff.
func (s *sheet) Stations() []station {
	var out []station
	for i, n := range nodes(s.Document) {
		out = append(out, station{i + 1, stages[i], n.name, []string{"platform", "integration", "ERP", "liability account"}[i], statusMark(n.status)})
	}
	return out
}

// Ground names what a step's figures rest on: the evidence of the faults that
// are blamed on it, or the records that were counted.
func (s *sheet) Ground(step int) []string {
	var words []string
	for _, f := range s.Findings {
		here := f.Step != nil && *f.Step == step || slices.Contains(f.Undetermined, step)
		if f.Class == "fault" && here && !slices.Contains(words, f.Evidence) {
			words = append(words, f.Evidence)
		}
	}
	if len(words) == 0 && s.Run.Mode == "answers" {
		return []string{"told"}
	}
	return words
}

// tallied is a count of events with what became of them.
type tallied struct {
	sign
	N string
}

// gridCell is what became of one kind's events at one step.
type gridCell struct {
	Figures []tallied
	Money   string
}

// gridRow is one kind of one origin; Span is the number of rows of its kind,
// 0 in all but the first of them.
type gridRow struct {
	Kind, Origin string
	Span         int
	Cells        []gridCell
	Money        string
}

// Grid is kinds and origins by steps.
func (s *sheet) Grid() []gridRow {
	var out []gridRow
	first := 0
	for _, r := range perOrigin(s.Document) {
		g := gridRow{Kind: kindName(r.kind), Origin: r.origins[0], Money: sums(r.failing, true, true)}
		if g.Origin == "" {
			g.Origin = "not given"
		}
		for i, t := range r.steps {
			g.Cells = append(g.Cells, cellOf(t, r.money[i]))
		}
		if len(out) > 0 && out[first].Kind == g.Kind {
			out[first].Span++
		} else {
			first, g.Span = len(out), 1
		}
		out = append(out, g)
	}
	return out
}

// All is the grid's last row, the sum over kinds.
func (s *sheet) All() gridRow {
	var all row
	for _, r := range perOrigin(s.Document) {
		for i := range r.steps {
			for m, n := range r.steps[i].n {
				all.steps[i].n[m] += n
			}
			all.money[i] = wording.Add(all.money[i], r.money[i])
		}
		all.failing = wording.Add(all.failing, r.failing)
	}
	g := gridRow{Money: sums(all.failing, true, true)}
	for i, t := range all.steps {
		g.Cells = append(g.Cells, cellOf(t, all.money[i]))
	}
	return g
}

func cellOf(t tally, money map[string]string) gridCell {
	c := gridCell{Money: sums(money, true, true)}
	for m, n := range t.n {
		if n != 0 {
			c.Figures = append(c.Figures, tallied{signOf(m, marks[m].word), wording.Count(n)})
		}
	}
	return c
}

// Legend explains the grid's marks.
func (s *sheet) Legend() []sign {
	var out []sign
	for m := range marks {
		out = append(out, signOf(m, marks[m].word))
	}
	out[notReached].Word = "blamed at an earlier step, or not checked"
	return out
}

// chapter is the findings of some classes.
type chapter struct {
	ID, Title, Note string
	Findings        []withFinding
}

// Groups are the findings by what they ask of the reader, what keeps the
// verdict open first.
func (s *sheet) Groups() []chapter {
	all := []struct {
		chapter
		classes []string
	}{
		{chapter{ID: "faults", Title: "Faults"}, []string{"fault"}},
		{chapter{ID: "also", Title: "Also found, and worth somebody’s time"}, []string{"platform-anomaly", "business-exception", "risk"}},
		{chapter{ID: "gaps", Title: "What could not be told", Note: "A gap is never taken for zero. Each names the one thing that would settle it."}, []string{"evidence-gap"}},
		{chapter{ID: "odd", Title: "Looked odd, and is not a fault"}, []string{"timing", "benign-shape", "out-of-scope"}},
		{chapter{ID: "other", Title: "Other statements"}, nil},
	}
	if s.Outcome.Status == "inconclusive" {
		all[0], all[1], all[2] = all[2], all[0], all[1]
	}
	var out []chapter
	for _, g := range all {
		for i, f := range s.Findings {
			known := false
			for _, o := range all {
				known = known || slices.Contains(o.classes, f.Class)
			}
			if slices.Contains(g.classes, f.Class) || g.classes == nil && !known {
				g.Findings = append(g.Findings, withFinding{s, f, anchor(i)})
			}
		}
		if len(g.Findings) > 0 {
			out = append(out, g.chapter)
		}
	}
	return out
}

// Anchor is the name of a finding's place on the page, "" for an unknown one.
// Nothing of the document is in it.
func (s *sheet) Anchor(id string) string {
	i := slices.IndexFunc(s.Findings, func(f report.Finding) bool { return f.ID == id })
	if i < 0 {
		return ""
	}
	return anchor(i)
}

func anchor(i int) string { return fmt.Sprintf("finding-%d", i+1) }

// idList is a list of ids, the first of them, and what the list lacks.
type idList struct {
	Noun        string
	N           int
	First, List []string
	Folded      bool // List has more than First
	Missing     int
	Money       string
}

// Lists are the ids that a finding speaks of, and those that follow from it.
func (s *sheet) Lists(f report.Finding) []idList {
	var out []idList
	put := func(noun string, list []string, n int, money map[string]string) {
		l := idList{Noun: noun, N: n, List: list[:min(pageIDs, len(list))], Money: sums(money, true, true)}
		l.First = l.List[:min(pageFirst, len(l.List))]
		l.Folded = len(l.List) > len(l.First)
		l.Missing = max(n, len(list)) - len(l.List)
		out = append(out, l)
	}
	for i, x := range subjects(f) {
		noun := strings.ToUpper(x.noun[:1]) + x.noun[1:] + "s"
		if i == 0 {
			put(noun, x.ids, x.n, f.Amount)
		} else {
			put(noun, x.ids, x.n, nil)
		}
	}
	if f.Downstream.Count > 0 {
		put("Downstream, stuck behind them", f.Downstream.Events, f.Downstream.Count, f.Downstream.Amount)
	}
	return out
}

// Confirm says how somebody can see a fault without gcdiag.
func (s *sheet) Confirm(f report.Finding) string {
	if e, ok := finding.Lookup(finding.Code(f.Code)); ok && f.Class == "fault" {
		return strings.ReplaceAll(e.Confirm, "\n", " ")
	}
	return ""
}

// Code is the catalogue's title of a finding's code.
func (s *sheet) Code(f report.Finding) string {
	e, _ := finding.Lookup(finding.Code(f.Code))
	return e.Title
}

// Settle is what would settle a finding, unless its hint says so already.
func (s *sheet) Settle(f report.Finding) string {
	if strings.Contains(f.Hint, f.Settle) {
		return ""
	}
	return f.Settle
}

// ReplaySums says how many movements of each kind to send again.
func (s *sheet) ReplaySums() string { return replaySums(s.Repair.Replay, true) }

// Coverage is the stretch that a read covers.
func (s *sheet) Coverage(r report.Read) string {
	if r.From == "" || r.To == "" {
		return ""
	}
	return s.when.at(r.From) + " – " + s.when.at(r.To)
}

// Guessed are the columns of a read whose meaning was guessed.
func (s *sheet) Guessed(r report.Read) []report.Column {
	return slices.DeleteFunc(slices.Clone(r.Columns), func(c report.Column) bool { return !c.Guessed })
}

// HasRejects and HasGuesses report whether there is anything to list.
func (s *sheet) HasRejects() bool {
	return s.anyRead(func(r report.Read) bool { return r.Rejected > 0 || len(r.Rejects) > 0 })
}

func (s *sheet) HasGuesses() bool {
	return s.anyRead(func(r report.Read) bool { return len(s.Guessed(r)) > 0 })
}

func (s *sheet) anyRead(f func(report.Read) bool) bool {
	return slices.ContainsFunc(s.Systems, func(x report.System) bool { return slices.ContainsFunc(x.Reads, f) })
}

// LeftOut are the reasons for which events do not count, without empty ones.
func (s *sheet) LeftOut() []report.Excluded {
	return slices.DeleteFunc(slices.Clone(s.Excluded), func(e report.Excluded) bool { return e.Count == 0 })
}

// Hints name the commands that tell more.
func (s *sheet) Hints() string { return strings.TrimPrefix(hints(s.Document), "More: ") }

// traceGroup is the listed traces of one verdict.
type traceGroup struct {
	Sign   sign
	Open   bool
	Traces []report.Trace
}

// TraceGroups are the listed traces by verdict, in the document's order.
func (s *sheet) TraceGroups() []traceGroup {
	var out []traceGroup
	for _, t := range s.Traces[:min(pageTraces, len(s.Traces))] {
		i := slices.IndexFunc(out, func(g traceGroup) bool { return g.Traces[0].Verdict == t.Verdict })
		if i < 0 {
			i = len(out)
			out = append(out, traceGroup{Sign: statusMark(t.Verdict), Open: i == 0})
		}
		out[i].Traces = append(out[i].Traces, t)
	}
	return out
}

// TracesShown and TracesMore count the traces on the page and those that are not.
func (s *sheet) TracesShown() int { return min(pageTraces, len(s.Traces)) }
func (s *sheet) TracesMore() int {
	return max(s.TracesTotal, len(s.Traces)) - s.TracesShown()
}

// hop is one hop of a trace with the time since the one before.
type hop struct {
	report.Hop
	Sign sign
	Gap  string
}

// HopsOf are a trace's hops. Where an event that is sound itself hangs, it is
// stuck, not failing.
func (s *sheet) HopsOf(t report.Trace) []hop {
	var out []hop
	last := ""
	for _, h := range t.Hops {
		x := hop{Hop: h, Sign: statusMark(h.Status)}
		if t.Verdict == "downstream" && h.Status == "fail" {
			x.Sign = signOf(downstream, "stuck")
		}
		if h.Record == "" && x.Sign.Class != markClasses[notReached] && h.Status != "pass" {
			x.Record = "nothing found"
		}
		x.Gap = s.gap(last, h.At)
		if _, _, ok := s.when.parse(h.At); ok {
			last = h.At
		}
		out = append(out, x)
	}
	return out
}

// gap is what passed between two of the document's times, "" where one is unknown.
func (s *sheet) gap(a, b string) string {
	x, dx, okx := s.when.parse(a)
	y, dy, oky := s.when.parse(b)
	if !okx || !oky {
		return ""
	}
	return between(x, y, dx || dy)
}

// withFinding and withTrace carry a part of the document into a template of its own.
type withFinding struct {
	S      *sheet
	F      report.Finding
	Anchor string
}

type withTrace struct {
	S *sheet
	T report.Trace
}

func (s *sheet) WithTrace(t report.Trace) withTrace { return withTrace{s, t} }

// ref is a finding's name and its place on the page.
type ref struct{ Finding, Anchor string }

func (s *sheet) Ref(finding string) ref { return ref{finding, s.Anchor(finding)} }

// AnythingToDo reports whether there is something to send again, to book or to ask.
func (s *sheet) AnythingToDo() bool {
	return len(s.Repair.Replay)+len(s.Repair.Corrections)+len(s.Repair.Questions) > 0
}

// Replayed are the events to send again that the page lists.
func (s *sheet) Replayed() []report.ReplayItem {
	return s.Repair.Replay[:min(pageIDs, len(s.Repair.Replay))]
}

// Number is a place in a list as people count.
func (s *sheet) Number(i int) string { return wording.Count(i + 1) }

// Yes and NotProven say whether a read is complete.
func (s *sheet) Yes() sign       { return signOf(passed, "yes") }
func (s *sheet) NotProven() sign { return signOf(inconclusive, "not proven") }

// MoreRejects counts the rejected rows that the document does not name.
func (s *sheet) MoreRejects(r report.Read) int { return max(0, r.Rejected-len(r.Rejects)) }

// Few is the start of a list of ids.
func (s *sheet) Few(list []string) []string { return list[:min(5, len(list))] }

// meaning is a word of evidence and what it means.
type meaning struct{ Word, Meaning string }

// Evidences are the words of evidence.
func (s *sheet) Evidences() []meaning {
	var out []meaning
	for _, w := range []string{"proven", "configured", "told", "inferred"} {
		_, text, _ := strings.Cut(evidence(w), ": ")
		out = append(out, meaning{w, text})
	}
	return out
}
