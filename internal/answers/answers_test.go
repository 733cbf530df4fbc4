package answers

import (
	"bytes"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"gcdiag/internal/finding"
	"gcdiag/internal/report"
)

func full() *Sheet {
	return &Sheet{Platform: "Acme store", Integration: "Relay", ERP: "Books", Accounts: []string{"2400"}, Given: map[Cell]Answer{}}
}

func (s *Sheet) all(choice string) {
	for _, k := range Kinds {
		for step := 1; step <= 4; step++ {
			s.Given[Cell{step, k}] = Answer{Choice: choice}
		}
	}
}

func TestQuestionsNameTheSystems(t *testing.T) {
	s := full()
	qs := s.Questions()
	if len(qs) != 12 {
		t.Fatalf("%d questions, want four for each of three kinds", len(qs))
	}
	for _, q := range qs {
		if q.Ask == "" || q.Where == "" || q.Whom == "" || len(q.Choices) < 3 || !q.Choices[len(q.Choices)-1].Open {
			t.Errorf("question %+v lacks something", q)
		}
		if name := []string{"Acme store", "Relay", "Books", "Books"}[q.Step-1]; !strings.Contains(q.Ask, name) {
			t.Errorf("step %d does not name %s: %s", q.Step, name, q.Ask)
		}
	}
	s.Integration = ""
	if n := len(s.Questions()); n != 9 {
		t.Errorf("%d questions without an integration, want 9", n)
	}
	s = full()
	s.Steps = []int{2}
	if n := len(s.Questions()); n != 3 {
		t.Errorf("%d questions on step 2, want 3", n)
	}
	s.Look = map[int]string{2: "Dashboard > Flows"}
	if q := s.Questions()[0]; q.Where != "Dashboard > Flows" {
		t.Errorf("where to look: %q", q.Where)
	}
}

// What comes after a broken step is not asked: it was never reached.
func TestTheFirstBrokenStepEndsAKind(t *testing.T) {
	s := full()
	s.Given[Cell{2, "load"}] = Answer{Choice: "filtered"}
	n := 0
	for _, q := range s.Questions() {
		if q.Kind == "load" {
			n++
		}
	}
	if n != 2 {
		t.Errorf("%d questions about loads, want 2", n)
	}
}

func TestEveryChoiceMakesItsFault(t *testing.T) {
	for step, list := range choices {
		for _, c := range list {
			s := full()
			s.all("yes")
			s.Given[Cell{step + 1, "load"}] = Answer{Choice: c.Key, Note: "since the move"}
			d := s.Document(report.Run{}, report.Window{})
			if c.Code == "" {
				if d.Outcome.Status != "inconclusive" || len(d.Findings) != 0 {
					t.Errorf("%s: %+v", c.Key, d.Outcome)
				}
				continue
			}
			e, ok := finding.Lookup(c.Code)
			if !ok || e.Class != finding.Fault || !slices.Contains(e.Steps, step+1) {
				t.Errorf("%s is no fault of step %d", c.Code, step+1)
			}
			o := d.Outcome
			if o.Status != "fault" || o.Step == nil || *o.Step != step+1 || *o.Evidence != "told" || *o.Problem != string(c.Code) || *o.Stage != Stages[step] {
				t.Errorf("%s: outcome %+v", c.Key, o)
			}
			f := d.Findings[0]
			if f.Evidence != "told" || f.Count != 0 || !strings.Contains(strings.ToLower(f.Title), "load") || !strings.Contains(f.Cause, "since the move") || f.Hint == "" {
				t.Errorf("%s: finding %+v", c.Key, f)
			}
			if d.Steps[step].Status != "fail" || d.Run.Mode != "answers" || len(d.Drift) != 0 {
				t.Errorf("%s: step %+v", c.Key, d.Steps[step])
			}
		}
	}
}

// What comes out is a report like any other.
func TestTheReportIsValid(t *testing.T) {
	schema, err := jsonschema.UnmarshalJSON(bytes.NewReader(report.JSONSchema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", schema); err != nil {
		t.Fatal(err)
	}
	valid := c.MustCompile("schema.json")
	at := "2026-11-24T12:00:00Z"
	for _, choice := range []string{"yes", "unknown", "filtered", "none"} {
		s := full()
		s.all(choice)
		var b bytes.Buffer
		d := s.Document(report.Run{Tool: "gcdiag 0.1.0", StartedAt: at, FinishedAt: at}, report.Window{Since: at, Until: at, AsOf: at, Timezone: "UTC"})
		if err := report.Encode(&b, d); err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(&b)
		if err != nil {
			t.Fatal(err)
		}
		if err := valid.Validate(doc); err != nil {
			t.Errorf("%s: %v", choice, err)
		}
	}
}

func TestKindsThatFailAlikeAreOneFinding(t *testing.T) {
	s := full()
	s.all("yes")
	s.Given[Cell{4, "load"}] = Answer{Choice: "no-rule"}
	s.Given[Cell{4, "refund_to_card"}] = Answer{Choice: "no-rule"}
	d := s.Document(report.Run{}, report.Window{})
	if len(d.Findings) != 1 || !strings.Contains(d.Findings[0].Title, "loads and refunds to card") {
		t.Errorf("findings %+v", d.Findings)
	}
}

func TestOpenQuestionsSayWhomToAsk(t *testing.T) {
	s := full()
	s.all("yes")
	s.Given[Cell{2, "redemption"}] = Answer{Choice: "unknown"}
	d := s.Document(report.Run{}, report.Window{})
	if d.Outcome.Status != "inconclusive" || len(d.Repair.Questions) != 1 || !strings.Contains(d.Repair.Questions[0].Whom, "Relay") || !strings.Contains(d.Outcome.Next, "Relay") {
		t.Errorf("outcome %+v, questions %+v", d.Outcome, d.Repair.Questions)
	}
	if d.Steps[1].Status != "inconclusive" || d.Steps[0].Status != "pass" {
		t.Errorf("steps %+v", d.Steps)
	}
}

// What was told of step 2 settles what records leave open between 2 and 3, and
// the finding then rests on it.
func TestAnAnswerSettlesAnOpenStep(t *testing.T) {
	open := func() report.Document {
		p, ev := "not-received", "proven"
		return report.Document{
			Outcome: report.Outcome{Status: "fault", Undetermined: []int{2, 3}, Problem: &p, Evidence: &ev, Headline: "3 loads are not in Books; nothing tells more"},
			Steps:   []report.Step{{Step: 1, Status: "pass"}, {Step: 2, Status: "inconclusive"}, {Step: 3, Status: "inconclusive"}, {Step: 4, Status: "pass"}},
			Findings: []report.Finding{{ID: "F1", Class: "fault", Code: "not-received", Undetermined: []int{2, 3}, Evidence: "proven", Count: 3, Drift: map[string]string{"USD": "-9.00"},
				Title: "3 loads are not in Books; nothing tells more"}},
			Traces: []report.Trace{{Event: "m-1", Kind: "load", Verdict: "fail", Finding: "F1"}, {Event: "m-2", Kind: "redemption", Verdict: "downstream", Finding: "F1"}},
		}
	}
	for _, c := range []struct {
		choice, code string
		step         int
	}{{"filtered", "filtered", 2}, {"yes", "routing", 3}, {"unknown", "not-received", 0}} {
		s := full()
		s.Steps = []int{2}
		s.all("yes")
		s.Given[Cell{2, "load"}] = Answer{Choice: c.choice}
		d := open()
		got := s.Merge(d)
		f, o := got.Findings[0], got.Outcome
		if f.Code != c.code || f.Count != 3 || f.Drift["USD"] != "-9.00" || len(got.Findings) != 1 {
			t.Errorf("%s: findings %+v", c.choice, got.Findings)
		}
		if c.step == 0 {
			if o.Step != nil || f.Evidence != "proven" || !slices.Equal(o.Undetermined, []int{2, 3}) {
				t.Errorf("%s: outcome %+v", c.choice, o)
			}
			continue
		}
		if o.Step == nil || *o.Step != c.step || *o.Problem != c.code || *o.Evidence != "told" || o.Undetermined != nil || f.Evidence != "told" || *f.Step != c.step || o.Headline != f.Title {
			t.Errorf("%s: outcome %+v, finding %+v", c.choice, o, f)
		}
		if got.Traces[0].Step == nil || *got.Traces[0].Step != c.step || got.Traces[1].Step != nil {
			t.Errorf("%s: traces %+v", c.choice, got.Traces)
		}
		if d.Traces[0].Step != nil || d.Findings[0].Evidence != "proven" {
			t.Error("the document given was changed")
		}
	}
}

// Records that have judged a step are never overruled by an answer.
func TestMergeSpeaksOnlyWhereRecordsDont(t *testing.T) {
	three, p, ev := 3, "routing", "proven"
	d := report.Document{
		Outcome: report.Outcome{Status: "fault", Step: &three, Steps: []int{3}, Problem: &p, Evidence: &ev, Headline: "measured"},
		Steps: []report.Step{{Step: 1, Stage: "emit", Status: "pass", Answer: "Yes."}, {Step: 2, Stage: "forward", Status: "not-checked"},
			{Step: 3, Stage: "arrive", Status: "fail"}, {Step: 4, Stage: "classify", Status: "pass"}},
		Findings: []report.Finding{{ID: "F1", Class: "fault", Code: "routing", Step: &three, Evidence: "proven"}, {ID: "F2", Class: "timing", Code: "late"}},
	}
	before := d
	beforeSteps := slices.Clone(d.Steps)
	s := full()
	s.all("yes")
	s.Given[Cell{1, "load"}] = Answer{Choice: "none"}
	s.Given[Cell{2, "redemption"}] = Answer{Choice: "filtered"}
	got := s.Merge(d)
	if got.Steps[0].Status != "pass" || got.Steps[0].Answer != "Yes." {
		t.Errorf("an answer overruled records: %+v", got.Steps[0])
	}
	if got.Steps[1].Status != "fail" || !strings.HasPrefix(got.Steps[1].Answer, "Told") {
		t.Errorf("step 2 %+v", got.Steps[1])
	}
	if got.Outcome.Headline != "measured" || *got.Outcome.Step != 2 || !slices.Equal(got.Outcome.Steps, []int{2, 3}) {
		t.Errorf("outcome %+v", got.Outcome)
	}
	if len(got.Findings) != 3 || got.Findings[0].ID != "F1" || got.Findings[1].Evidence != "told" || got.Findings[1].ID != "F3" || got.Findings[2].ID != "F2" {
		t.Errorf("findings %+v", got.Findings)
	}
	if !reflect.DeepEqual(d, before) || !reflect.DeepEqual(d.Steps, beforeSteps) {
		t.Error("the document given was changed")
	}
}
