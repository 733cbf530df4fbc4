package diagnosis

import (
	"fmt"
	"slices"

	"gcdiag/internal/finding"
	"gcdiag/internal/step"
	"gcdiag/internal/trace"
	"gcdiag/internal/wording"
)

// FindingOf is the finding that an event is a root, a candidate or a consequence of, or nil.
func (d *Diagnosis) FindingOf(e *trace.Event) *Finding { return d.owner[e.Place()] }

// InFault reports whether an event stands in a fault.
func (d *Diagnosis) InFault(e *trace.Event) bool {
	f := d.FindingOf(e)
	return f != nil && f.Class() == finding.Fault
}

// VerdictOf is the verdict on an event.
func (d *Diagnosis) VerdictOf(e *trace.Event) *step.Verdict { return d.verdict(e) }

// NoteOf says in a few words why an event is not clean.
func (d *Diagnosis) NoteOf(v *step.Verdict) string {
	switch {
	case v.Status == step.Excluded:
		return "not counted: " + v.Event.Scope.String()
	case v.Status == step.Inconclusive && v.Gap != nil:
		return v.Gap.Why
	case v.Status == step.Downstream:
		return "follows from a root event on the same card"
	}
	for i, h := range v.Hops {
		if h.Status == step.Fail {
			return HopNote(v, i)
		}
	}
	return ""
}

// HopNote is what there is to say of an event at a step, step i+1.
func HopNote(v *step.Verdict, i int) string {
	h := &v.Hops[i]
	failed := func(h step.Hop) bool { return h.Status == step.Fail }
	switch {
	case v.Root == nil:
	case h.Status == step.Fail:
		return joined(v.Note(i), "follows from "+v.Root.Event.ID())
	case i == step.Classify-1 && !slices.ContainsFunc(v.Hops[:], failed):
		return joined(v.Note(i), "posted without cover: the card's value is not in the books")
	}
	return v.Note(i)
}

// Answer is the answer to a step's question, in a sentence. Step i+1.
func (d *Diagnosis) Answer(i int) string {
	s := d.Steps[i]
	if s.Status == "not-checked" {
		return [4]string{"No platform was given.", "There was nothing to check it with.", "No ERP was given.", "No posting names its account."}[i]
	}
	pass, fail, doubt := 0, 0, 0
	for _, c := range s.Cells {
		pass += c.Pass + c.Downstream
		fail += c.Fail
		doubt += c.Inconclusive
	}
	switch s.Status {
	case "pass":
		return fmt.Sprintf("Yes, all %s.", plural(pass, "event", "events"))
	case "fail":
		for _, f := range d.Findings {
			if f.Class() == finding.Fault && f.Step == i+1 {
				if fail == 0 {
					return "No: " + f.Title + "."
				}
				return fmt.Sprintf("No: %s of %s not. %s.", wording.Count(fail), wording.Count(pass+fail+doubt), f.Title)
			}
		}
		return fmt.Sprintf("No: %s of %s not.", wording.Count(fail), wording.Count(pass+fail+doubt))
	}
	if doubt == 0 {
		return "Can't tell."
	}
	return fmt.Sprintf("Can't tell for %s of %s.", wording.Count(doubt), wording.Count(pass+fail+doubt))
}
