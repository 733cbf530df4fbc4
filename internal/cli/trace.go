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
		Short: "One event or card over all systems",
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
	r.memoryFlag(f)
	r.privacyFlags(f)
	r.permissionFlags(f)
	return c
}

// showTrace writes the events that an id stands for, and the rows that bear it
// and speak of no event.
func (p *program) showTrace(d *diagnosis.Diagnosis, o report.Options, format, id string) error {
	a := aliases{d: d, id: id, key: ident.Key(id)}
	if o.Redact {
		a.secret = o.Key
	}
	verdicts, loose := a.verdicts(), a.loose()
	if len(verdicts)+len(loose) == 0 {
		return wrong(meant(id, a.known(), "is it in the files that connectors.yaml names, and were they read whole? gcdiag check says so"),
			"no system knows %q", redact.Mask(id))
	}
	p.code = codeSound
	see := func(code int) {
		if p.code != codeFault && code != codeSound {
			p.code = code
		}
	}
	for _, v := range verdicts {
		switch {
		case v.Status == step.Fail, v.Status == step.Downstream, d.InFault(v.Event):
			see(codeFault)
		case v.Status == step.Inconclusive:
			see(codeInconclusive)
		}
	}
	for _, r := range loose {
		if r.finding != nil && r.finding.Class() == finding.Fault {
			see(codeFault)
		} else {
			see(codeInconclusive)
		}
	}
	traces := report.TraceOf(d, verdicts, o)
	if format == "json" {
		for _, r := range loose {
			p.note(r.text)
		}
		return p.printJSON(append([]report.Trace{}, traces...))
	}
	if len(traces) > 0 {
		if err := written(render.Trace(p.out, traces, p.screen())); err != nil {
			return err
		}
	}
	for i, r := range loose {
		if i > 0 || len(traces) > 0 {
			r.text = "\n" + r.text
		}
		if err := p.print(r.text + "\n"); err != nil {
			return err
		}
	}
	return nil
}

// aliases finds what an id can mean in a case.
type aliases struct {
	d       *diagnosis.Diagnosis
	id, key string
	secret  []byte // of the card tokens; nil where card ids are shown as they are
}

func (a *aliases) is(ids ...string) bool {
	return slices.ContainsFunc(ids, func(id string) bool { return id != "" && ident.Key(id) == a.key })
}

// verdicts lists the events that the id stands for, by time. The id of a
// movement means that movement alone, wherever else it may stand.
func (a *aliases) verdicts() []*step.Verdict {
	var own, others []*step.Verdict
	for _, v := range a.d.Verdicts {
		m := v.Event.Movement
		switch {
		case a.is(m.ID):
			own = append(own, v)
		case a.is(m.Order, m.Refund, m.Card), a.card(m.Card), a.rows(v.Event):
			others = append(others, v)
		}
	}
	if len(own) > 0 {
		return own
	}
	return others
}

const tokenStart = "card_"

// card reports whether the id is a card's token. Two cards whose tokens begin
// alike, which a report tells apart by longer ones, are both meant.
func (a *aliases) card(card string) bool {
	return card != "" && a.secret != nil && strings.HasPrefix(a.id, tokenStart) && strings.HasPrefix(a.id, a.token(card))
}

func (a *aliases) token(card string) string { return redact.NewTokens(a.secret).Card(ident.Key(card)) }

// rows reports whether a delivery or an ERP row of an event bears the id.
func (a *aliases) rows(e *trace.Event) bool {
	posting := func(r *trace.Posting) bool { return a.is(r.ID, r.Document, r.Ref) }
	return slices.ContainsFunc(e.Deliveries, func(r *trace.Delivery) bool { return a.is(r.ID, r.Notification, r.ERPRef) }) ||
		slices.ContainsFunc(e.Postings, func(l trace.Link) bool { return posting(l.Posting) }) ||
		e.Batch != nil && slices.ContainsFunc(e.Batch.Postings, posting) ||
		slices.ContainsFunc(e.Exceptions, func(r *record.Exception) bool { return a.is(r.ID, r.Ref) })
}

// looseRow is a row that speaks of no event.
type looseRow struct {
	finding *diagnosis.Finding // that names it, or nil
	text    string             // fit for a terminal
}

// loose lists the rows that bear the id and speak of no event.
func (a *aliases) loose() []looseRow {
	var out []looseRow
	add := func(what, id string, s record.Source, f *diagnosis.Finding) {
		r := looseRow{finding: f, text: fmt.Sprintf("%s %s (%s) speaks of no event of the platform", what, id, a.place(s))}
		if f != nil {
			title := f.Title
			if a.secret != nil {
				title = redact.Mask(title)
			}
			r.text += fmt.Sprintf(": %s %s, %s", f.ID, f.Code, title)
		}
		r.text = render.Escape(r.text)
		out = append(out, r)
	}
	for _, r := range a.d.Set.Unlinked {
		if a.is(r.ID, r.Document, r.Ref, r.Order, r.Refund, r.Card) {
			var f *diagnosis.Finding
			if i := slices.IndexFunc(a.d.Findings, func(f *diagnosis.Finding) bool { return slices.Contains(f.Postings, r) }); i >= 0 {
				f = a.d.Findings[i]
			}
			add("ERP row", r.ID, r.Source, f)
		}
	}
	for _, r := range a.d.Set.Strays {
		if a.is(r.ID, r.Notification, r.Event, r.ERPRef, r.Order, r.Refund, r.Card) {
			add("delivery", r.ID, r.Source, nil)
		}
	}
	for _, r := range a.d.Set.LooseQueue {
		if a.is(r.ID, r.Ref, r.Order, r.Card) {
			add("exception", r.ID, r.Source, nil)
		}
	}
	return out
}

func (a *aliases) place(s record.Source) string {
	system := a.d.Case.Systems[s.System]
	if int(s.Input) >= len(system.Inputs) {
		return system.Name
	}
	return file.Place(system.Inputs[s.Input].Name, s.Row)
}

// known lists the ids that may be shown: those of movements, orders, refunds and
// ERP rows, and of cards as far as they may be.
func (a *aliases) known() []string {
	var out []string
	for _, v := range a.d.Verdicts {
		m := v.Event.Movement
		out = append(out, m.ID, m.Order, m.Refund)
		switch {
		case a.secret == nil:
			out = append(out, m.Card)
		case strings.HasPrefix(a.id, tokenStart):
			out = append(out, a.token(m.Card))
		}
		for _, l := range v.Event.Postings {
			out = append(out, l.Posting.ID)
		}
	}
	for _, r := range a.d.Set.Unlinked {
		out = append(out, r.ID)
	}
	return out
}
