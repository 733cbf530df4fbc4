package render

import (
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"gcdiag/internal/report"
	"gcdiag/internal/wording"
)

// JUnit writes the report as a JUnit XML file for CI: one suite per run, one
// case per step and kind (class "gcdiag.forward", name "load (sold)"), and a
// case "outcome" of class "gcdiag", so that the suite is as green as the verdict.
//
// A case with failing events is a failure. One that the evidence can't decide
// is an error, because CI systems show that as a run that could not be
// completed and let it break a build, as exit code 3 does. A step that was not
// checked, and a kind of which nothing got that far, are skipped. A fault that
// speaks of no event (rows of the ERP, orders) has a case of its own at its step.
// The properties hold window, outcome and drift; system-out holds the text report.
//
// The file is valid against the schemas of Ant and of Jenkins' xUnit plugin.
// Times are UTC without a zone, as Ant's demands.
func JUnit(w io.Writer, d report.Document) error {
	d = cleaned(d)
	s := suite{Name: "gcdiag", Package: "gcdiag", Hostname: "localhost", Time: "0", d: d, when: calendarOf(d.Window)}
	s.clock()
	s.properties()
	s.steps()
	s.orphans()
	s.outcome()
	var text strings.Builder
	if err := Text(&text, d, Options{Width: 100}); err != nil {
		return err
	}
	s.Out = text.String()
	b, err := xml.MarshalIndent(suites{Suites: []suite{s}}, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding JUnit XML: %w", err)
	}
	// No attribute holds a line break, and a reader takes one in text as it is.
	_, err = io.WriteString(w, xml.Header+strings.NewReplacer(nbsp, " ", "&#xA;", "\n").Replace(string(b))+"\n")
	return err
}

type suites struct {
	XMLName xml.Name `xml:"testsuites"`
	Suites  []suite  `xml:"testsuite"`
}

type suite struct {
	Name       string     `xml:"name,attr"`
	Package    string     `xml:"package,attr"`
	ID         int        `xml:"id,attr"`
	Hostname   string     `xml:"hostname,attr"`
	Timestamp  string     `xml:"timestamp,attr"`
	Time       string     `xml:"time,attr"`
	Tests      int        `xml:"tests,attr"`
	Failures   int        `xml:"failures,attr"`
	Errors     int        `xml:"errors,attr"`
	Skipped    int        `xml:"skipped,attr"`
	Properties []property `xml:"properties>property"`
	Cases      []testcase `xml:"testcase"`
	Out        string     `xml:"system-out"`
	Err        string     `xml:"system-err"`

	d    report.Document
	when calendar
}

type property struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

type testcase struct {
	Class   string `xml:"classname,attr"`
	Name    string `xml:"name,attr"`
	Time    string `xml:"time,attr"`
	Failure *blame `xml:"failure"`
	Error   *blame `xml:"error"`
	Skipped *skip  `xml:"skipped"`
}

type blame struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",chardata"`
}

type skip struct {
	Message string `xml:"message,attr"`
}

// clock sets when the run began and how long it took.
func (s *suite) clock() {
	start, err1 := time.Parse(time.RFC3339, s.d.Run.StartedAt)
	end, err2 := time.Parse(time.RFC3339, s.d.Run.FinishedAt)
	if err1 == nil && err2 == nil && end.After(start) {
		s.Time = fmt.Sprintf("%.3f", end.Sub(start).Seconds())
	}
	if err1 != nil {
		start, _ = time.Parse(time.RFC3339, s.d.Window.AsOf)
	}
	s.Timestamp = start.UTC().Format("2006-01-02T15:04:05")
}

func (s *suite) properties() {
	d := s.d
	add := func(name, value string) {
		if value != "" {
			s.Properties = append(s.Properties, property{name, value})
		}
	}
	deref := func(p *string) string {
		if p == nil {
			return ""
		}
		return *p
	}
	add("tool", d.Run.Tool)
	add("mode", d.Run.Mode)
	add("complete", fmt.Sprint(d.Run.Complete))
	add("window.since", d.Window.Since)
	add("window.until", d.Window.Until)
	add("window.as_of", d.Window.AsOf)
	add("window.timezone", d.Window.Timezone)
	add("outcome.status", d.Outcome.Status)
	add("outcome.steps", strings.Join(digits(d.Outcome.Steps), ","))
	add("outcome.undetermined", strings.Join(digits(d.Outcome.Undetermined), ","))
	add("outcome.problem", deref(d.Outcome.Problem))
	add("outcome.evidence", deref(d.Outcome.Evidence))
	add("outcome.headline", d.Outcome.Headline)
	add("outcome.next", d.Outcome.Next)
	for _, x := range d.Drift {
		figure := "no figure"
		if x.Drift != nil {
			figure = *x.Drift
		}
		add("drift."+x.Currency, figure)
	}
}

func (s *suite) add(c testcase) {
	c.Time = "0"
	s.Tests++
	switch {
	case c.Failure != nil:
		s.Failures++
	case c.Error != nil:
		s.Errors++
	case c.Skipped != nil:
		s.Skipped++
	}
	s.Cases = append(s.Cases, c)
}

// steps writes a case for each step and kind.
func (s *suite) steps() {
	list := perOrigin(s.d)
	for _, x := range s.d.Steps {
		if x.Step < 1 || x.Step > 4 {
			continue
		}
		for _, r := range list {
			origin := r.origins[0]
			if origin == "" {
				origin = "origin not given"
			}
			c := testcase{Class: "gcdiag." + stages[x.Step-1], Name: kindName(r.kind) + " (" + origin + ")"}
			t := r.steps[x.Step-1]
			switch {
			case x.Status == "not-checked":
				c.Skipped = &skip{strings.TrimSuffix("not checked: "+x.Answer, ": ")}
			case t.n[failed] > 0:
				c.Failure = s.blame(x, r, t)
			case t.n[inconclusive] > 0:
				c.Error = s.blame(x, r, t)
			case t.n[passed] > 0:
			default:
				c.Skipped = &skip{"no event to judge here: " + counts(t)}
			}
			s.add(c)
		}
	}
}

// blame says why the events of one kind fail, or can't be told, at a step.
func (s *suite) blame(x report.Step, r row, t tally) *blame {
	var here, tied []report.Finding
	for _, f := range s.d.Findings {
		fault := f.Class == "fault" && (f.Step != nil && *f.Step == x.Step || slices.Contains(f.Undetermined, x.Step))
		gap := t.n[failed] == 0 && f.Class == "evidence-gap"
		if len(f.Events) == 0 && !gap || !fault && !gap {
			continue
		}
		here = append(here, f)
		if slices.ContainsFunc(s.d.Traces, func(tr report.Trace) bool {
			return tr.Finding == f.ID && tr.Kind == r.kind && tr.Origin == r.origins[0] && tr.Verdict != "downstream"
		}) {
			tied = append(tied, f)
		}
	}
	if len(tied) > 0 {
		here = tied
	}
	b := &blame{Type: "inconclusive", Message: counts(t)}
	if t.n[failed] > 0 {
		b.Type = "fault"
	}
	details := []string{"Events: " + b.Message}
	if money := sums(r.money[x.Step-1], false, true); money != "" {
		details[0] += " (failing: " + money + ")"
	}
	var titles []string
	for _, f := range here {
		titles = append(titles, f.Title)
		details = append(details, s.details(f))
	}
	if len(here) > 0 {
		b.Message = strings.Join(titles, "; ")
		if t.n[failed] > 0 {
			b.Type = here[0].Code
		}
	}
	b.Text = strings.Join(details, "\n\n")
	return b
}

// counts are a tally's counts in words, without Markdown's marks.
func counts(t tally) string { return strings.ReplaceAll(words(t), "**", "") }

// details are a finding as lines of text.
func (s *suite) details(f report.Finding) string {
	lines := []string{f.ID + " " + f.Title}
	add := func(label, text string) {
		if text != "" {
			lines = append(lines, label+": "+text)
		}
	}
	add("Code", f.Code)
	add("Where", strings.TrimSuffix(strings.Join(f.Systems, ", ")+" ("+where(f)+")", " ()"))
	add("Cause", f.Cause)
	add("Shared", shared(f))
	add("Since", s.when.since(f))
	add("Evidence", evidence(f.Evidence))
	for _, x := range subjects(f) {
		add(strings.ToUpper(x.noun[:1])+x.noun[1:]+"s", wording.Count(x.n)+": "+ids(x.ids, x.n, ticketIDs))
	}
	if f.Downstream.Count > 0 {
		add("Stuck behind them", wording.Count(f.Downstream.Count)+": "+ids(f.Downstream.Events, f.Downstream.Count, ticketIDs))
	}
	add("Drift", sums(f.Drift, false, true))
	add("Next", f.Hint)
	add("Settled by", f.Settle)
	return strings.Join(lines, "\n")
}

// orphans writes a case for each fault that speaks of no event.
func (s *suite) orphans() {
	for _, f := range s.d.Findings {
		if f.Class != "fault" || len(f.Events) > 0 {
			continue
		}
		class := "gcdiag"
		if f.Step != nil && *f.Step >= 1 && *f.Step <= 4 {
			class += "." + stages[*f.Step-1]
		}
		s.add(testcase{Class: class, Name: f.ID + " " + f.Code, Failure: &blame{f.Title, f.Code, s.details(f)}})
	}
}

// outcome writes the case that is as the verdict is.
func (s *suite) outcome() {
	o := s.d.Outcome
	c := testcase{Class: "gcdiag", Name: "outcome"}
	b := &blame{Message: o.Headline, Type: o.Status}
	if b.Message == "" {
		b.Message = "The handoff " + verdict(o)
	}
	details := []string{"The handoff " + verdict(o) + "."}
	for _, x := range drifts(s.d.Drift, false) {
		details = append(details, "Drift: "+x)
	}
	if o.Next != "" {
		details = append(details, "Next: "+o.Next)
	}
	b.Text = strings.Join(details, "\n")
	switch o.Status {
	case "sound":
	case "fault":
		c.Failure = b
	default:
		c.Error = b
	}
	s.add(c)
}
