package report

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

func fault(step int, code string, events ...string) Finding {
	return Finding{ID: "F1", Code: code, Class: "fault", Step: &step, Problem: &code, Evidence: "proven", Events: events, Count: len(events)}
}

func verdictWith(status string, step int, problem string, findings ...Finding) Document {
	d := Document{Outcome: Outcome{Status: status}, Findings: findings, Steps: []Step{{Step: 1, Stage: "emit", Status: "pass"}, {Step: 2, Stage: "forward", Status: "pass"}}}
	if step > 0 {
		d.Outcome.Step, d.Outcome.Steps, d.Outcome.Problem = &step, []int{step}, &problem
		d.Steps[step-1].Status = "fail"
	}
	return d
}

func TestDiff(t *testing.T) {
	filtered := verdictWith("fault", 2, "filtered", fault(2, "filtered", "m-1", "m-2"))
	undetermined := filtered
	undetermined.Outcome.Undetermined = []int{2, 3}
	told := verdictWith("fault", 2, "filtered", fault(2, "filtered", "m-1", "m-2"))
	told.Findings[0].Evidence = "told"
	cutShort := verdictWith("fault", 2, "filtered", fault(2, "filtered", "m-1", "m-3"))
	cutShort.Findings[0].Count = 400
	benign := verdictWith("sound", 0, "", Finding{ID: "F1", Code: "batched", Class: "benign-shape", Events: []string{"m-1"}, Count: 1})

	for name, c := range map[string]struct {
		a, b         Document
		same         bool
		outcome      []string
		steps        []string
		findings     int
		gained, lost []string
		cut          bool
	}{
		"the same report":        {a: filtered, b: filtered, same: true},
		"one more event":         {a: filtered, b: verdictWith("fault", 2, "filtered", fault(2, "filtered", "m-2", "m-1", "m-3")), same: true, findings: 1, gained: []string{"m-3"}},
		"other events":           {a: filtered, b: verdictWith("fault", 2, "filtered", fault(2, "filtered", "m-2", "m-9")), same: true, findings: 1, gained: []string{"m-9"}, lost: []string{"m-1"}},
		"cut lists don't tell":   {a: filtered, b: cutShort, same: true, findings: 1, cut: true},
		"weaker evidence":        {a: filtered, b: told, same: true, findings: 1},
		"repaired":               {a: filtered, b: verdictWith("sound", 0, ""), outcome: []string{"status", "step", "steps", "problem"}, steps: []string{"2 forward"}, findings: 1},
		"broken":                 {a: verdictWith("sound", 0, ""), b: filtered, outcome: []string{"status", "step", "steps", "problem"}, steps: []string{"2 forward"}, findings: 1},
		"another problem":        {a: filtered, b: verdictWith("fault", 2, "failed", fault(2, "failed", "m-1", "m-2")), outcome: []string{"problem"}, findings: 2},
		"another step":           {a: filtered, b: verdictWith("fault", 1, "no-feed", fault(1, "no-feed", "m-1")), outcome: []string{"step", "steps", "problem"}, steps: []string{"1 emit", "2 forward"}, findings: 2},
		"undetermined":           {a: filtered, b: undetermined, outcome: []string{"undetermined"}},
		"a second fault":         {a: filtered, b: verdictWith("fault", 2, "filtered", fault(2, "filtered", "m-1", "m-2"), fault(2, "held", "m-7")), findings: 1},
		"a remark is no verdict": {a: verdictWith("sound", 0, ""), b: benign, same: true, findings: 1},
	} {
		d := Diff(c.a, c.b)
		var outcome, steps []string
		for _, x := range d.Outcome {
			outcome = append(outcome, x.What)
		}
		for _, x := range d.Steps {
			steps = append(steps, x.What)
		}
		if d.Same != c.same || !slices.Equal(outcome, c.outcome) || !slices.Equal(steps, c.steps) || len(d.Findings) != c.findings {
			t.Errorf("%s: same %v, outcome %q, steps %q, %d findings", name, d.Same, outcome, steps, len(d.Findings))
			continue
		}
		if c.gained != nil || c.lost != nil || c.cut {
			f := d.Findings[0]
			if f.Cut != c.cut || !slices.Equal(f.Gained, c.gained) || !slices.Equal(f.Lost, c.lost) {
				t.Errorf("%s: gained %q, lost %q, cut %v", name, f.Gained, f.Lost, f.Cut)
			}
		}
	}
}

// Two findings with one code at one step are told apart by their events.
func TestDiffPairsByEvents(t *testing.T) {
	a := verdictWith("fault", 2, "filtered", fault(2, "filtered", "m-1", "m-2"), fault(2, "filtered", "m-7", "m-8", "m-9"))
	b := verdictWith("fault", 2, "filtered", fault(2, "filtered", "m-7", "m-8", "m-9"), fault(2, "filtered", "m-1", "m-2", "m-3"), fault(2, "filtered", "m-20"))
	d := Diff(a, b)
	if !d.Same || len(d.Findings) != 2 {
		t.Fatalf("%+v", d)
	}
	grown, added := d.Findings[0], d.Findings[1]
	if grown.Was == nil || !slices.Equal(grown.Gained, []string{"m-3"}) || len(grown.Lost) != 0 {
		t.Errorf("the grown one: %+v", grown)
	}
	if added.Was != nil || added.Is.Events[0] != "m-20" {
		t.Errorf("the added one: %+v", added)
	}
}

func TestDiffDriftAndNotes(t *testing.T) {
	s := func(v string) *string { return &v }
	a := Document{Drift: []Drift{{Currency: "EUR", Drift: s("0.00"), Unexplained: s("0.00")}, {Currency: "USD", Drift: s("-50.00"), Unexplained: s("0.00")}, {Currency: "JPY", Drift: nil}}, Window: Window{Since: "2026-10-01", Until: "2026-11-01"}}
	b := Document{Drift: []Drift{{Currency: "EUR", Drift: s("0.00"), Unexplained: s("0.00")}, {Currency: "USD", Drift: nil}, {Currency: "GBP", Drift: s("1.00"), Unexplained: s("1.00")}}, Window: Window{Since: "2026-10-01", Until: "2026-12-01"},
		Systems: []System{{Role: "erp", Name: "Books"}}}
	d := Diff(a, b)
	var got []string
	for _, x := range d.Drift {
		got = append(got, x.Currency)
	}
	if !slices.Equal(got, []string{"GBP", "USD"}) || d.Drift[1].Was == nil || d.Drift[1].Is != nil {
		t.Errorf("drift: %+v", d.Drift)
	}
	if !d.Same || len(d.Notes) != 2 || !strings.Contains(d.Notes[0], "2026-12-01") || !strings.Contains(d.Notes[1], "Books") {
		t.Errorf("notes: %q", d.Notes)
	}
}

func TestDiffAsJSONHasNoNullList(t *testing.T) {
	b, err := json.Marshal(Diff(verdictWith("sound", 0, ""), verdictWith("fault", 2, "held", Finding{Code: "held", Class: "fault"})))
	if err != nil || bytes.Contains(bytes.ReplaceAll(b, []byte(`"was":null`), nil), []byte(`"events":null`)) || bytes.Contains(b, []byte(`"gained":null`)) || bytes.Contains(b, []byte(`"drift":null`)) || bytes.Contains(b, []byte(`"notes":null`)) {
		t.Errorf("%s, %v", b, err)
	}
}

func TestDiffOfManyFindingsIsQuick(t *testing.T) {
	var list []Finding
	for range 20_000 {
		list = append(list, Finding{Code: "orphan", Class: "fault"})
	}
	if d := Diff(Document{Findings: list}, Document{Findings: list}); !d.Same || len(d.Findings) != 0 {
		t.Errorf("same %v, %d findings", d.Same, len(d.Findings))
	}
}
