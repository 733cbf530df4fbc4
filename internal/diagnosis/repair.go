package diagnosis

import (
	"fmt"
	"slices"
	"strings"

	"gcdiag/internal/finding"
	"gcdiag/internal/money"
	"gcdiag/internal/record"
	"gcdiag/internal/step"
)

// Repair is what to do about the findings: proposals, never executed.
type Repair struct {
	Replay      []ReplayItem // value put on cards before value taken off
	Corrections []Correction
	Questions   []Question
	Proof       string
}

// ReplayItem is one event to send again.
type ReplayItem struct {
	Verdict *step.Verdict
	Finding *Finding
}

// Correction is one journal amount, credit − debit, that would put an account right.
type Correction struct {
	Finding  *Finding
	Account  string
	Currency money.Currency
	Amount   money.Amount
	Why      string
}

// Question is what to ask next, and whom.
type Question struct {
	Finding *Finding
	Whom    string
	Ask     string
}

// Remaining is what would be left if one finding alone were repaired.
type Remaining struct {
	Drift      money.Totals
	Exceptions int // events that fail, wait or follow
}

// Without counts what remains of drift and exceptions if f alone were repaired.
func (d *Diagnosis) Without(f *Finding) Remaining {
	r := Remaining{}
	for _, x := range d.Drift {
		if x.Known {
			r.Drift.Add(x.Currency, x.Total()-f.Drift[x.Currency])
		}
	}
	r.Exceptions = d.exceptions
	if f.Class() == finding.Fault {
		r.Exceptions -= f.exceptions()
	}
	return r
}

// exceptions counts the events that fail, wait or follow by a fault.
func (f *Finding) exceptions() int { return f.Count() + len(f.Downstream) }

// Packet is what to do about the faults.
func (d *Diagnosis) Packet() Repair {
	var r Repair
	for _, f := range d.Findings {
		if f.Class() != finding.Fault {
			if f.Settle != "" && d.hidden[f] {
				r.Questions = append(r.Questions, Question{f, d.keeper(f), "Please provide " + f.Settle + "."})
			}
			continue
		}
		if replayable(f) {
			for _, v := range f.Roots {
				r.Replay = append(r.Replay, ReplayItem{v, f})
			}
			for _, v := range f.Downstream {
				if v.Books.Stance == step.Nowhere { // the others wait in the ERP: sending them again would double them
					r.Replay = append(r.Replay, ReplayItem{v, f})
				}
			}
		}
		d.correct(f, &r)
		if q := d.question(f); q.Ask != "" {
			r.Questions = append(r.Questions, q)
		}
	}
	slices.SortStableFunc(r.Replay, func(a, b ReplayItem) int {
		x, y := a.Verdict.Event, b.Verdict.Event
		if up := x.Owed > 0; up != (y.Owed > 0) {
			if up {
				return -1
			}
			return 1
		}
		if c := x.Movement.At.Compare(y.Movement.At); c != 0 {
			return c
		}
		return strings.Compare(x.ID(), y.ID())
	})
	if d.Outcome.Status == "fault" {
		r.Proof = "Run the same check again over the same window, with a later --as-of, and compare with \"gcdiag report diff\": the repaired finding is gone, the drift has shrunk by its part, and no new finding has come."
	}
	return r
}

// replayable reports whether sending the events again would put things right:
// they are not in the ERP yet, so that a repeat can't double them.
func replayable(f *Finding) bool {
	switch f.Code {
	case finding.NotReceived, finding.Outage, finding.Filtered, finding.Failed, finding.Held, finding.Routing:
		return f.Step != step.Classify
	}
	return false
}

// correct proposes journal amounts: what the liability lacks or holds too much,
// and where it stands instead.
func (d *Diagnosis) correct(f *Finding, r *Repair) {
	if replayable(f) || len(d.Case.Liability) == 0 {
		return
	}
	account := d.Case.Liability[0]
	for _, c := range f.Drift.Currencies() {
		if a := f.Drift[c]; a != 0 {
			r.Corrections = append(r.Corrections, Correction{f, account, c, -a, f.Title})
		}
	}
	astray := map[string]money.Totals{}
	for _, v := range f.Roots {
		if v.Books.Stance == step.Elsewhere && v.Books.Row != nil {
			t := astray[v.Books.Row.Account]
			t.Add(v.Books.Row.Currency, v.Books.Row.Amount)
			astray[v.Books.Row.Account] = t
		}
	}
	accounts := make([]string, 0, len(astray))
	for a := range astray {
		accounts = append(accounts, a)
	}
	slices.Sort(accounts)
	for _, a := range accounts {
		for _, c := range astray[a].Currencies() {
			if x := astray[a][c]; x != 0 {
				r.Corrections = append(r.Corrections, Correction{f, a, c, -x, "counter-entry: these rows stand here"})
			}
		}
	}
}

func (d *Diagnosis) keeper(f *Finding) string {
	if f.System != "" {
		return "whoever runs " + f.System
	}
	return "whoever owns the missing system"
}

// question is the one thing to ask about a fault, and whom.
func (d *Diagnosis) question(f *Finding) Question {
	relay, books, shop := d.named(record.Integration, "the integration"), d.named(record.ERP, "the ERP"), d.named(record.Platform, "the platform")
	at := func(step int) string {
		return map[int]string{1: "the owner of " + shop, 2: "the owner of " + relay, 3: "the owner of " + relay + " and of " + books, 4: "the accountant who keeps the rules of " + books}[step]
	}
	since := ""
	if f.First.Known() {
		since = " at or before " + d.stamp(f.First)
	}
	q := Question{Finding: f, Whom: at(f.Step)}
	switch f.Code {
	case finding.NoFeed, finding.Manual, finding.Batch:
		q.Ask = fmt.Sprintf("How should %s get into %s, who does it, and why did it not happen for these?", f.what(), books)
	case finding.Outage, finding.NotReceived:
		q.Ask = fmt.Sprintf("What changed in the subscription, the trigger or the credentials%s?", since)
	case finding.Filtered:
		q.Ask = "Which filter drops these, who set it, and is it meant?"
	case finding.Failed, finding.Held:
		q.Ask = "Who sees these errors, and can the events be sent again now?"
	case finding.NoRule, finding.WrongAccount, finding.RuleInactive:
		q.Ask = fmt.Sprintf("Which rule or item should put these on the liability account, and what changed%s?", since)
	default:
		if len(f.Undetermined) > 0 {
			q.Whom = "whoever runs what carries events to " + books
			q.Ask = "Does its log show these events, and what became of them?"
		} else {
			q.Ask = fmt.Sprintf("Can you show what was sent and what was booked for %s?", f.firstID())
		}
	}
	if len(f.Undetermined) > 0 {
		q.Whom = "whoever runs what carries events to " + books
		q.Ask = "Does its log show these events, and what became of them?"
	}
	return q
}
