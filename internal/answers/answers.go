// Package answers is the diagnosis by hand: the four questions asked of a person
// for each kind of transaction, and what the answers amount to. What somebody
// said is evidence of its own sort, "told": it is never mixed with counts, never
// makes a figure, and never overrules records. The package judges answers and
// nothing else.
package answers

import (
	"fmt"
	"slices"
	"strings"

	"gcdiag/internal/finding"
	"gcdiag/internal/report"
)

// Kinds are the kinds of transactions that are asked about, in the report's words.
var Kinds = []string{"load", "redemption", "refund_to_card"}

// Stages are the four steps by name.
var Stages = [4]string{"emit", "forward", "arrive", "classify"}

// Sheet is what was asked and answered. The zero value is an empty sheet.
type Sheet struct {
	Platform, Integration, ERP string // the systems' names; "" where there is none, or it is not known
	Accounts                   []string
	Steps                      []int  // the steps to ask about; empty: all
	Who                        string // who answered; may be empty
	Given                      map[Cell]Answer
	// Look says where a step's answer is found in the systems named; steps that
	// are missing are told in general.
	Look map[int]string
}

// Cell is one question: a step, asked of one kind.
type Cell struct {
	Step int
	Kind string
}

// Answer is what was said.
type Answer struct {
	Choice string // the key of one of the question's choices
	Note   string // in the person's own words; may be empty
}

// Question is one question as a consultant asks it on a call.
type Question struct {
	Cell
	Ask     string
	Where   string // where to look for the answer
	Whom    string // who can answer it, where the person can't
	Choices []Choice
}

// Choice is one answer to choose.
type Choice struct {
	Key  string
	Text string
	Code finding.Code // the fault it tells of; "" for none
	Open bool         // nothing is known
}

// unknown is the choice that every question has last.
var unknown = Choice{Key: "unknown", Text: "I don't know", Open: true}

var choices = [4][]Choice{
	{
		{Key: "yes", Text: "Yes, at once, by webhook or API"},
		{Key: "batch", Text: "Only in a batch file or report, later", Code: finding.Batch},
		{Key: "manual", Text: "No, somebody enters it by hand", Code: finding.Manual},
		{Key: "none", Text: "No, nothing leaves the platform", Code: finding.NoFeed},
		unknown,
	}, {
		{Key: "yes", Text: "Yes, each one, once"},
		{Key: "not-received", Text: "No, it is not subscribed to it, or does not receive it", Code: finding.NotReceived},
		{Key: "filtered", Text: "No, a filter or condition drops some or all", Code: finding.Filtered},
		{Key: "failed", Text: "No, it ends in errors", Code: finding.Failed},
		{Key: "held", Text: "No, it waits in a queue or for an approval", Code: finding.Held},
		{Key: "duplicate", Text: "Yes, but some more than once, and the ERP books them twice", Code: finding.Duplicate},
		unknown,
	}, {
		{Key: "yes", Text: "Yes, with the right type, amount and references"},
		{Key: "routing", Text: "No, it is nowhere in the ERP, or refused", Code: finding.Routing},
		{Key: "mapping-kind", Text: "Yes, but as another type of transaction", Code: finding.MappingKind},
		{Key: "mapping-amount", Text: "Yes, but with a wrong amount", Code: finding.MappingAmount},
		{Key: "mapping-reference", Text: "Yes, but the card or order reference is missing", Code: finding.MappingReference},
		unknown,
	}, {
		{Key: "yes", Text: "Yes"},
		{Key: "no-rule", Text: "No, no rule or item knows this kind", Code: finding.NoRule},
		{Key: "rule-inactive", Text: "No, the rule is there but switched off", Code: finding.RuleInactive},
		{Key: "wrong-account", Text: "No, it goes to another account", Code: finding.WrongAccount},
		unknown,
	},
}

var happened = map[string]string{"load": "a gift card is sold or loaded", "redemption": "a gift card is spent", "refund_to_card": "an order is refunded to a gift card"}
var noun = map[string]string{"load": "loads", "redemption": "redemptions", "refund_to_card": "refunds to card"}

// Questions lists the questions to ask, in order: kind by kind, step by step.
// A kind that was told to fail at a step is not asked about further: what comes
// after the first broken step was never reached.
func (s *Sheet) Questions() []Question {
	var out []Question
	for _, kind := range Kinds {
		for step := 1; step <= 4; step++ {
			if len(s.Steps) > 0 && !slices.Contains(s.Steps, step) || step == 2 && s.Integration == "" {
				continue
			}
			q := s.question(step, kind)
			out = append(out, q)
			if c, ok := q.Choice(s.Given[q.Cell].Choice); ok && c.Code != "" && c.Code != finding.Duplicate {
				break
			}
		}
	}
	return out
}

// Choice finds a choice by its key.
func (q Question) Choice(key string) (Choice, bool) {
	i := slices.IndexFunc(q.Choices, func(c Choice) bool { return c.Key == key })
	if i < 0 {
		return Choice{}, false
	}
	return q.Choices[i], true
}

func (s *Sheet) name(role int) string {
	name := [3]string{s.Platform, s.Integration, s.ERP}[role]
	if name == "" {
		name = [3]string{"the gift card platform", "the integration", "the ERP"}[role]
	}
	return name
}

func (s *Sheet) account() string {
	if len(s.Accounts) == 0 {
		return "the gift card liability account"
	}
	return "the gift card liability account (" + strings.Join(s.Accounts, ", ") + ")"
}

func (s *Sheet) question(step int, kind string) Question {
	q := Question{Cell: Cell{step, kind}, Choices: choices[step-1]}
	what := happened[kind]
	switch step {
	case 1:
		q.Ask = fmt.Sprintf("When %s, does %s tell anybody: does it send an event, by webhook or API?", what, s.name(0))
		q.Where = fmt.Sprintf("In %s, look at the webhooks or notifications and the apps connected: is there one for gift cards, or only for orders?", s.name(0))
		q.Whom = "whoever administers " + s.name(0)
	case 2:
		q.Ask = fmt.Sprintf("When %s, does %s receive the event and send it on to %s?", what, s.name(1), s.name(2))
		q.Where = fmt.Sprintf("In %s, open the flow's run history and search one real example by its order number. Look at the filters, too.", s.name(1))
		q.Whom = "whoever runs " + s.name(1)
	case 3:
		q.Ask = fmt.Sprintf("When %s, is it in %s afterwards, with the right type, amount and references?", what, s.name(2))
		q.Where = fmt.Sprintf("In %s, search one real example by order or card, in all transaction types and in the queue of exceptions.", s.name(2))
		q.Whom = "whoever administers " + s.name(2)
	default:
		q.Ask = fmt.Sprintf("When %s, does %s put it on %s?", what, s.name(2), s.account())
		q.Where = fmt.Sprintf("In %s, open that example's ledger impact and the rule or item that chose the account.", s.name(2))
		q.Whom = "the accountant who closes the month in " + s.name(2)
	}
	if look := s.Look[step]; look != "" {
		q.Where = look
	}
	return q
}

// Open lists the questions that were not answered, or with "I don't know".
func (s *Sheet) Open() []Question {
	var out []Question
	for _, q := range s.Questions() {
		if c, ok := q.Choice(s.Given[q.Cell].Choice); !ok || c.Open {
			out = append(out, q)
		}
	}
	return out
}

// Document is the report of a sheet alone: mode answers, no counts, no figures.
func (s *Sheet) Document(run report.Run, w report.Window) report.Document {
	run.Mode, run.Complete = "answers", true
	d := report.Document{Schema: report.Schema, Run: run, Window: w, Ledger: report.Ledger{LiabilityAccounts: s.Accounts}, Redaction: report.Redacted{On: true}}
	for i, role := range []string{"platform", "integration", "erp"} {
		if name := [3]string{s.Platform, s.Integration, s.ERP}[i]; name != "" {
			d.Systems = append(d.Systems, report.System{Role: role, Name: name, Probe: "answers"})
		}
	}
	for i, stage := range Stages {
		d.Steps = append(d.Steps, report.Step{Step: i + 1, Stage: stage, Status: "not-checked", Question: questions[i]})
	}
	return s.Merge(d)
}

var questions = [4]string{
	"Does the platform emit the event?",
	"Does the integration layer receive it and forward it to the ERP, once?",
	"Does it arrive in the ERP with the right kind, amount and references?",
	"Do the ERP's rules put it on the gift card liability account?",
}

// Merge adds what was told to a report. A step that records have judged, passing
// or failing, stays as it is: answers speak only where records can't. A finding
// whose records leave step 2 or 3 open is settled by what was told of step 2, and
// rests on it: its evidence becomes told. The outcome becomes a fault where an
// answer tells of one. Counts and figures stay as they were. The document given
// is not changed.
func (s *Sheet) Merge(d report.Document) report.Document {
	d.Steps = slices.Clone(d.Steps)
	d.Findings = slices.Clone(d.Findings)
	d.Traces = slices.Clone(d.Traces)
	d.Repair.Questions = slices.Clone(d.Repair.Questions)
	speaks := map[int]bool{}
	for _, st := range d.Steps {
		speaks[st.Step] = st.Status == "not-checked" || st.Status == "inconclusive"
	}
	told := s.settle(&d, s.findings(speaks))
	for i := range told {
		told[i].ID = fmt.Sprintf("F%d", len(d.Findings)+1+i)
	}
	s.answerSteps(d.Steps, speaks)

	measured := slices.ContainsFunc(d.Findings, func(f report.Finding) bool { return f.Class == string(finding.Fault) })
	at := len(d.Findings)
	for i, f := range d.Findings {
		if f.Class != string(finding.Fault) {
			at = i
			break
		}
	}
	d.Findings = slices.Insert(d.Findings, at, told...)
	s.conclude(&d, told, measured)
	for _, q := range s.Open() {
		if speaks[q.Step] {
			d.Repair.Questions = append(d.Repair.Questions, report.Question{Whom: q.Whom, Ask: q.Ask})
		}
	}
	return d
}

// settle gives findings whose step the records leave open the one that the
// answers tell, and returns the told findings that are not settled into one.
func (s *Sheet) settle(d *report.Document, told []report.Finding) []report.Finding {
	kinds := map[string]map[string]bool{} // by finding: the kinds of its events
	for i := range d.Traces {
		t := &d.Traces[i]
		if t.Verdict == "downstream" {
			continue
		}
		if kinds[t.Finding] == nil {
			kinds[t.Finding] = map[string]bool{}
		}
		kinds[t.Finding][t.Kind] = true
	}
	for i := range d.Findings {
		f := &d.Findings[i]
		if f.Class != string(finding.Fault) || !slices.Equal(f.Undetermined, []int{2, 3}) || len(kinds[f.ID]) == 0 {
			continue
		}
		c, ok := s.toldOf(2, kinds[f.ID])
		if !ok {
			continue
		}
		step, code, because := 2, c.Code, fmt.Sprintf("it was told of %s: \"%s\"", s.name(1), c.Text)
		if c.Code == "" {
			step, code = 3, finding.Routing
		}
		first := i == slices.IndexFunc(d.Findings, func(f report.Finding) bool { return f.Class == string(finding.Fault) })
		p, stage, evidence := string(code), Stages[step-1], "told"
		head, _, _ := strings.Cut(f.Title, ";")
		f.Step, f.Undetermined, f.Code, f.Problem, f.Evidence, f.Title = &step, nil, p, &p, evidence, head+"; "+because
		if e, ok := finding.Lookup(code); ok {
			f.Cause, f.Hint = e.Cause+" The records show that they are missing; where they got lost was told.", e.Hint
		}
		told = slices.DeleteFunc(told, func(t report.Finding) bool { return t.Code == p && *t.Step == step })
		o := &d.Outcome
		o.Undetermined = nil
		for _, g := range d.Findings {
			if g.Class == string(finding.Fault) && len(g.Undetermined) > 0 {
				o.Undetermined = g.Undetermined
			}
		}
		if !slices.Contains(o.Steps, step) {
			o.Steps = append(slices.Clone(o.Steps), step)
		}
		if first {
			o.Problem, o.Evidence, o.Stage, o.Headline, o.Next = f.Problem, &evidence, &stage, f.Title, f.Hint
		}
		for j := range d.Traces {
			if d.Traces[j].Finding == f.ID && d.Traces[j].Verdict == "fail" {
				d.Traces[j].Step = &step
			}
		}
	}
	return told
}

// toldOf is the one answer that was given to a step for all of some kinds.
func (s *Sheet) toldOf(step int, kinds map[string]bool) (Choice, bool) {
	var one Choice
	for kind := range kinds {
		q := s.question(step, kind)
		c, ok := q.Choice(s.Given[q.Cell].Choice)
		if !ok || c.Open || one.Key != "" && one.Key != c.Key {
			return Choice{}, false
		}
		one = c
	}
	return one, one.Key != ""
}

// findings makes one finding of all kinds that were told to fail in one way.
func (s *Sheet) findings(speaks map[int]bool) []report.Finding {
	var out []report.Finding
	for step := 1; step <= 4; step++ {
		if !speaks[step] {
			continue
		}
		for _, c := range choices[step-1] {
			if c.Code == "" {
				continue
			}
			var names, notes []string
			for _, q := range s.Questions() {
				if a := s.Given[q.Cell]; q.Step == step && a.Choice == c.Key {
					names = append(names, noun[q.Kind])
					if a.Note != "" {
						notes = append(notes, a.Note)
					}
				}
			}
			if len(names) == 0 {
				continue
			}
			e, _ := finding.Lookup(c.Code)
			n, p := step, string(c.Code)
			f := report.Finding{Code: p, Class: string(finding.Fault), Step: &n, Problem: &p, Title: s.title(c.Code, and(names)), Cause: e.Cause, Hint: s.hint(c.Code, names[0]), Evidence: "told",
				Systems: []string{s.name(min(step-1, 2))}, Settle: "an export of " + s.name(min(step-1, 2)) + " with " + and(names) + " in it"}
			if len(notes) > 0 {
				f.Cause = "It was said: \"" + strings.Join(notes, "\"; \"") + "\". " + f.Cause
			} else {
				f.Cause = "So it was answered, and nothing was measured. " + f.Cause
			}
			out = append(out, f)
		}
	}
	return out
}

func (s *Sheet) title(c finding.Code, kinds string) string {
	p, i, e := s.name(0), s.name(1), s.name(2)
	text := map[finding.Code]string{
		finding.NoFeed: p + " sends no event for " + kinds, finding.Manual: "Somebody enters " + kinds + " by hand", finding.Batch: p + " hands over " + kinds + " in a batch only",
		finding.NotReceived: i + " does not receive " + kinds, finding.Filtered: i + " filters out " + kinds, finding.Failed: i + " fails on " + kinds,
		finding.Held: i + " holds " + kinds + " back", finding.Duplicate: i + " forwards " + kinds + " more than once",
		finding.Routing: e + " does not receive the " + kinds + " that were sent to it", finding.MappingKind: kinds + " arrive in " + e + " as another type",
		finding.MappingAmount: kinds + " arrive in " + e + " with a wrong amount", finding.MappingReference: kinds + " arrive in " + e + " without their references",
		finding.NoRule: e + " has no rule for " + kinds, finding.RuleInactive: e + "'s rule for " + kinds + " is switched off", finding.WrongAccount: e + " puts " + kinds + " on another account",
	}[c]
	if text == "" {
		text = kinds + ": " + string(c)
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// hint is what to do about something that was only told: prove it first.
func (s *Sheet) hint(c finding.Code, kind string) string {
	names := []string{s.name(0), s.name(2)}
	if s.Integration != "" {
		names = []string{s.name(0), s.name(1), s.name(2)}
	}
	return fmt.Sprintf("Prove it on one real example: follow it by its order number (%s) through %s. \"gcdiag explain %s\" says how to confirm and repair it.", kind, and(names), c)
}

func and(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

// answerSteps writes down what was told of each step.
func (s *Sheet) answerSteps(steps []report.Step, speaks map[int]bool) {
	asked := s.Questions()
	for i := range steps {
		st := &steps[i]
		if !speaks[st.Step] {
			continue
		}
		var parts []string
		fails, open, n := 0, 0, 0
		for _, kind := range Kinds {
			j := slices.IndexFunc(asked, func(q Question) bool { return q.Step == st.Step && q.Kind == kind })
			if j < 0 {
				continue
			}
			n++
			c, ok := asked[j].Choice(s.Given[asked[j].Cell].Choice)
			text := strings.ToLower(c.Text[:min(1, len(c.Text))]) + c.Text[min(1, len(c.Text)):]
			switch {
			case !ok || c.Open:
				open++
				text = "not known"
			case c.Code != "":
				fails++
			}
			parts = append(parts, noun[kind]+": "+text)
		}
		switch {
		case n == 0:
			continue
		case fails > 0:
			st.Status = "fail"
		case open > 0:
			st.Status = "inconclusive"
		default:
			st.Status = "pass"
		}
		st.Answer = "Told, not measured: " + strings.Join(parts, "; ") + "."
	}
}

// conclude settles the outcome with what was told.
func (s *Sheet) conclude(d *report.Document, told []report.Finding, measured bool) {
	o := &d.Outcome
	o.Steps = slices.Clone(o.Steps)
	for _, f := range told {
		if !slices.Contains(o.Steps, *f.Step) {
			o.Steps = append(o.Steps, *f.Step)
		}
	}
	slices.Sort(o.Steps)
	if len(o.Steps) > 0 {
		first := o.Steps[0]
		stage := Stages[first-1]
		o.Step, o.Stage = &first, &stage
	}
	evidence := "told"
	switch {
	case len(told) > 0 && !measured:
		f := told[0]
		o.Status, o.Problem, o.Evidence, o.Headline, o.Next = string(finding.Fault), f.Problem, &evidence, f.Title, f.Hint
	case len(told) > 0:
	case o.Status == "":
		o.Status, o.Evidence = "inconclusive", &evidence
		open := s.Open()
		switch {
		case len(open) > 0:
			o.Headline = fmt.Sprintf("%d of the questions are open; no answer tells of a break", len(open))
			o.Next = "Ask " + open[0].Whom + ": " + open[0].Ask
		default:
			o.Headline = "No answer tells of a break, and answers alone prove none absent"
			o.Next = "Compare one export of each system: gcdiag init FOLDER, then gcdiag check."
		}
	}
}
