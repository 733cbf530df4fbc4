package render

import (
	"encoding/xml"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gcdiag/internal/report"
)

func junit(t testing.TB, d report.Document) string {
	return output(t, func(w io.Writer) error { return JUnit(w, d) })
}

func readSuite(t testing.TB, text string) suite {
	t.Helper()
	var s suites
	if err := xml.Unmarshal([]byte(text), &s); err != nil {
		t.Fatal(err)
	}
	if len(s.Suites) != 1 {
		t.Fatalf("%d suites", len(s.Suites))
	}
	return s.Suites[0]
}

// checkJUnit demands what holds for every file: it is XML 1.0, its counts are
// right, it has what the schemas demand, and it is as green as the verdict.
func checkJUnit(t testing.TB, name string, d report.Document, text string) {
	t.Helper()
	if strings.ContainsFunc(strings.ReplaceAll(text, "\n", ""), report.Unprintable) {
		t.Errorf("%s: a raw control", name)
	}
	s := readSuite(t, text)
	var failures, errors, skipped int
	names := map[string]bool{}
	for _, c := range s.Cases {
		outcomes := 0
		for _, b := range []*blame{c.Failure, c.Error} {
			if b == nil {
				continue
			}
			outcomes++
			if b.Text == "" {
				t.Errorf("%s: %s %s fails without a word", name, c.Class, c.Name)
			}
		}
		if c.Failure != nil {
			failures++
		}
		if c.Error != nil {
			errors++
		}
		if c.Skipped != nil {
			outcomes++
			skipped++
		}
		if outcomes > 1 || c.Class == "" || c.Name == "" || c.Time == "" {
			t.Errorf("%s: case %+v", name, c)
		}
		names[c.Class+" "+c.Name] = true
	}
	if s.Tests != len(s.Cases) || s.Failures != failures || s.Errors != errors || s.Skipped != skipped {
		t.Errorf("%s: counts %d %d %d %d", name, s.Tests, s.Failures, s.Errors, s.Skipped)
	}
	if !regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$`).MatchString(s.Timestamp) || !regexp.MustCompile(`^\d+(\.\d+)?$`).MatchString(s.Time) {
		t.Errorf("%s: timestamp %q, time %q", name, s.Timestamp, s.Time)
	}
	if !names["gcdiag outcome"] {
		t.Errorf("%s: no case for the outcome", name)
	}
	if red := s.Failures+s.Errors > 0; d.Outcome.Status != "sound" && !red || d.Outcome.Status == "fault" && s.Failures == 0 || d.Outcome.Status == "inconclusive" && s.Errors == 0 {
		t.Errorf("%s: %s, and %d failures, %d errors", name, d.Outcome.Status, s.Failures, s.Errors)
	}
}

func TestJUnitCases(t *testing.T) {
	two := 2
	cell := func(kind, origin string, c report.Cell) report.Cell {
		c.Kind, c.Origin, c.Amount = kind, origin, map[string]string{"USD": "75.00"}
		return c
	}
	d := report.Document{
		Run:     report.Run{StartedAt: "2026-11-01T08:00:00+02:00", FinishedAt: "2026-11-01T08:00:01.5+02:00", Complete: true},
		Window:  report.Window{Since: "2026-10-01T00:00:00Z", Until: "2026-11-01T00:00:00Z"},
		Outcome: report.Outcome{Status: "fault", Step: &two, Steps: []int{2}, Headline: "Loads are lost", Next: "Repair it."},
		Steps: []report.Step{
			{Step: 2, Status: "fail", Cells: []report.Cell{cell("load", "sold", report.Cell{Pass: 3, Fail: 2}), cell("load", "manual", report.Cell{Pass: 1}), cell("refund_to_card", "", report.Cell{Inconclusive: 4, Pass: 1}), cell("expiry", "", report.Cell{InFlight: 1})}},
			{Step: 4, Status: "not-checked", Answer: "no account column"},
		},
		Findings: []report.Finding{
			{ID: "F1", Code: "filtered", Class: "fault", Step: &two, Title: "2 loads are filtered", Cause: "A filter.", Hint: "Remove it.", Evidence: "proven", Events: []string{"m-1", "m-2"}, Count: 2},
			{ID: "F2", Code: "failed", Class: "fault", Step: &two, Title: "Another kind fails", Events: []string{"m-3"}, Count: 1},
			{ID: "F3", Code: "orphan", Class: "fault", Step: &two, Title: "Rows without an event", Postings: []string{"p-1"}, Count: 1},
			{ID: "F4", Code: "partial-records", Class: "evidence-gap", Title: "A log is cut", Settle: "the rest of it"},
		},
		Traces: []report.Trace{{Event: "m-1", Kind: "load", Origin: "sold", Verdict: "fail", Finding: "F1"}, {Event: "m-3", Kind: "reversal", Verdict: "fail", Finding: "F2"}},
	}
	s := readSuite(t, junit(t, d))
	if s.Timestamp != "2026-11-01T06:00:00" || s.Time != "1.500" || s.Hostname == "" || s.Package == "" || !strings.Contains(s.Out, "Loads are lost") {
		t.Errorf("suite %+v", s)
	}
	if !slices.Contains(s.Properties, property{"outcome.status", "fault"}) || !slices.Contains(s.Properties, property{"window.since", "2026-10-01T00:00:00Z"}) {
		t.Errorf("properties %v", s.Properties)
	}
	got := map[string]testcase{}
	for _, c := range s.Cases {
		got[c.Class+" "+c.Name] = c
	}
	if len(got) != 4+4+1+1 {
		t.Errorf("%d cases", len(got))
	}
	if c := got["gcdiag.forward load (sold)"]; c.Failure == nil || c.Failure.Message != "2 loads are filtered" || c.Failure.Type != "filtered" ||
		!strings.Contains(c.Failure.Text, "m-1, m-2") || !strings.Contains(c.Failure.Text, "USD +75.00") || !strings.Contains(c.Failure.Text, "Next: Remove it.") {
		t.Errorf("a failure: %+v", c.Failure)
	}
	if c := got["gcdiag.forward load (manual)"]; c.Failure != nil || c.Error != nil || c.Skipped != nil {
		t.Errorf("a passing case: %+v", c)
	}
	if c := got["gcdiag.forward refund to card (origin not given)"]; c.Error == nil || c.Error.Type != "inconclusive" || !strings.Contains(c.Error.Text, "the rest of it") {
		t.Errorf("an undecided case: %+v", c.Error)
	}
	if c := got["gcdiag.forward expiry (origin not given)"]; c.Skipped == nil || !strings.Contains(c.Skipped.Message, "in flight") {
		t.Errorf("a case without events: %+v", c)
	}
	if c := got["gcdiag.classify load (sold)"]; c.Skipped == nil || c.Skipped.Message != "not checked: no account column" {
		t.Errorf("a case not checked: %+v", c)
	}
	if c := got["gcdiag.forward F3 orphan"]; c.Failure == nil || c.Failure.Message != "Rows without an event" {
		t.Errorf("a fault without events: %+v", c)
	}
	if c := got["gcdiag outcome"]; c.Failure == nil || c.Failure.Message != "Loads are lost" {
		t.Errorf("the outcome: %+v", c)
	}
}

// XML 1.0 forbids most controls even as references; they are shown escaped.
func TestJUnitControls(t *testing.T) {
	for r := rune(0); r < 0x20; r++ {
		d := sample(t, "till")
		d.Outcome.Headline += string(r) + "<&]]>\ufffe\uffff\xff\u0085\u2028"
		d.Findings[0].Title += string(r) + `"'<b>`
		text := junit(t, d)
		checkJUnit(t, "controls", d, text)
		if !strings.Contains(text, `\ufffe\uffff\xff\u0085\u2028`) {
			t.Errorf("%q: the text is not shown", r)
		}
	}
}

// A sound report is green.
func TestJUnitSound(t *testing.T) {
	if s := readSuite(t, junit(t, sample(t, "sound"))); s.Failures+s.Errors != 0 || s.Tests < 5 {
		t.Errorf("%d tests, %d failures, %d errors", s.Tests, s.Failures, s.Errors)
	}
}
