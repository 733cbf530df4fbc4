package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"gcdiag/internal/diagnosis"
	"gcdiag/internal/finding"
	"gcdiag/internal/ident"
	"gcdiag/internal/record"
	"gcdiag/internal/redact"
	"gcdiag/internal/render"
	"gcdiag/internal/report"
	"gcdiag/internal/source/file"
	"gcdiag/internal/step"
	"gcdiag/internal/trace"
)

func (p *program) trace() *cobra.Command {
	var r request
	c := &cobra.Command{
		Use:   "trace ID",
		Short: "Show one transaction or card over all systems",
		Long: p.prose(`trace shows what became of one event: when each system saw it, by what it was recognised there, and where it was lost.

ID is that of a movement, order, refund or card, a card token of a report of yours (card_…), or the id of a delivery or ERP row. Where it stands for several events, all are shown in order.

The exit code is that of the events shown: 1 where one is a fault or follows from one, 3 where one can't be told, else 0; and 2 where no system knows the id.`),
		Example: `  gcdiag trace gct-1042
  gcdiag trace card_7f3a21bc --verbose
  gcdiag trace '#2107' --format json`,
		Args: arguments(1, 1, "an ID"),
		RunE: func(c *cobra.Command, args []string) error {
			if err := writable(r.format, "text", "json"); err != nil {
				return err
			}
			d, o, err := p.diagnose(c.Context(), r)
			if err != nil {
				return err
			}
			if err := p.showTrace(d, o, r.format, args[0]); err != nil {
				return err
			}
			if c.Context().Err() != nil {
				p.say("interrupted: only what was read until then is shown")
				p.code = codeInterrupted
			}
			return nil
		},
	}
	f := c.Flags()
	r.sourceFlags(f)
	f.StringVarP(&r.format, "format", "f", "text", "write `FORMAT`: text or json")
	r.privacyFlags(f)
	r.permissionFlags(f)
	return c
}

// showTrace writes the events that an id stands for.
func (p *program) showTrace(d *diagnosis.Diagnosis, o report.Options, format, id string) error {
	a := aliases{d: d, key: ident.Key(id)}
	if o.Redact {
		a.tokens = redact.NewTokens(o.Key)
	}
	verdicts := a.verdicts(id)
	loose := a.unlinked()
	if len(verdicts)+len(loose) == 0 {
		return wrong(meant(id, a.known(id), "look at the whole with gcdiag check; is it in the files that connectors.yaml names?"),
			"no system knows %q", redact.Mask(id))
	}
	p.code = codeSound
	worse := func(code int) {
		if p.code != codeFault && code != codeSound {
			p.code = code
		}
	}
	for _, v := range verdicts {
		switch {
		case v.Status == step.Fail, v.Status == step.Downstream, d.InFault(v.Event):
			worse(codeFault)
		case v.Status == step.Inconclusive:
			worse(codeInconclusive)
		}
	}
	for _, l := range loose {
		worse(codeInconclusive)
		if l.finding != nil && l.finding.Class() == finding.Fault {
			worse(codeFault)
			p.code = codeFault
		}
	}
	traces := report.TraceOf(d, verdicts, o)
	if format == "json" {
		if traces == nil {
			traces = []report.Trace{}
		}
		if err := p.printJSON(traces); err != nil {
			return err
		}
	} else if len(traces) > 0 {
		if err := written(render.Trace(p.out, traces, p.screen())); err != nil {
			return err
		}
	}
	for i, l := range loose {
		if i == shown {
			p.say("and %d more such rows", len(loose)-i)
			break
		}
		p.note(l.text)
	}
	return nil
}

// aliases finds what an id can mean in a case.
type aliases struct {
	d      *diagnosis.Diagnosis
	key    string         // of the id
	tokens *redact.Tokens // nil where card ids are shown as they are
}

func (a *aliases) is(ids ...string) bool {
	return slices.ContainsFunc(ids, func(id string) bool { return id != "" && ident.Key(id) == a.key })
}

// verdicts lists the events that an id stands for, by time. The id of a
// movement means that movement and no other that it may stand in as well.
func (a *aliases) verdicts(id string) []*step.Verdict {
	var own, others []*step.Verdict
	for _, v := range a.d.Verdicts {
		m := v.Event.Movement
		switch {
		case a.is(m.ID):
			own = append(own, v)
		case a.is(m.Order, m.Refund, m.Card), a.card(m.Card, id), a.rows(v.Event):
			others = append(others, v)
		}
	}
	if len(own) > 0 {
		return own
	}
	return others
}

// card reports whether an id is a card's token.
func (a *aliases) card(card, id string) bool {
	return card != "" && a.tokens != nil && strings.HasPrefix(id, "card_") && a.tokens.Card(ident.Key(card)) == id
}

// rows reports whether a delivery or an ERP row of an event bears the id.
func (a *aliases) rows(e *trace.Event) bool {
	for _, x := range e.Deliveries {
		if a.is(x.ID, x.Notification, x.ERPRef) {
			return true
		}
	}
	for _, l := range e.Postings {
		if a.is(l.Posting.ID, l.Posting.Document, l.Posting.Ref) {
			return true
		}
	}
	if e.Batch != nil {
		for _, x := range e.Batch.Postings {
			if a.is(x.ID, x.Document, x.Ref) {
				return true
			}
		}
	}
	return slices.ContainsFunc(e.Exceptions, func(x *record.Exception) bool { return a.is(x.ID, x.Ref) })
}

// looseRow is an ERP row or a delivery that speaks of no event.
type looseRow struct {
	finding *diagnosis.Finding // that names it, or nil
	text    string
}

// unlinked lists the rows that bear the id and speak of no event.
func (a *aliases) unlinked() []looseRow {
	var out []looseRow
	for _, x := range a.d.Set.Unlinked {
		if !a.is(x.ID, x.Document, x.Ref, x.Order, x.Refund, x.Card) {
			continue
		}
		l := looseRow{text: fmt.Sprintf("ERP row %s (%s) speaks of no event of the platform", x.ID, a.place(x.Source))}
		i := slices.IndexFunc(a.d.Findings, func(f *diagnosis.Finding) bool { return slices.Contains(f.Postings, x) })
		if i >= 0 {
			l.finding = a.d.Findings[i]
			l.text += fmt.Sprintf(": %s %s, %s", l.finding.ID, l.finding.Code, l.finding.Title)
		}
		out = append(out, l)
	}
	for _, x := range a.d.Set.Strays {
		if a.is(x.ID, x.Notification, x.Event, x.ERPRef, x.Order, x.Refund, x.Card) {
			out = append(out, looseRow{text: fmt.Sprintf("delivery %s (%s) speaks of no event of the platform", x.ID, a.place(x.Source))})
		}
	}
	return out
}

func (a *aliases) place(s record.Source) string {
	inputs := a.d.Case.Systems[s.System].Inputs
	if int(s.Input) >= len(inputs) {
		return a.d.Case.Systems[s.System].Name
	}
	return file.Place(inputs[s.Input].Name, s.Row)
}

// known lists ids that may be shown: those of movements, orders and refunds,
// and of ERP rows, and, where redaction is off, of cards. For a word that looks
// like a token it lists the tokens.
func (a *aliases) known(id string) []string {
	var out []string
	seen := map[string]bool{}
	add := func(ids ...string) {
		for _, id := range ids {
			if id != "" && !seen[id] {
				seen[id] = true
				out = append(out, id)
			}
		}
	}
	for _, v := range a.d.Verdicts {
		m := v.Event.Movement
		add(m.ID, m.Order, m.Refund)
		switch {
		case a.tokens == nil:
			add(m.Card)
		case strings.HasPrefix(id, "card_"):
			add(a.tokens.Card(ident.Key(m.Card)))
		}
		for _, l := range v.Event.Postings {
			add(l.Posting.ID)
		}
	}
	for _, x := range a.d.Set.Unlinked {
		add(x.ID)
	}
	return out
}
