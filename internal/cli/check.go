package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"gcdiag/internal/casefile"
	"gcdiag/internal/connector"
	"gcdiag/internal/diagnosis"
	"gcdiag/internal/gather"
	"gcdiag/internal/report"
	"gcdiag/internal/trace"
)

// request is what a diagnosis was asked for with.
type request struct {
	connectors               string
	since, until, last, asOf string
	literal, commands        bool

	noRedact, allEvents bool
	key                 string

	maxMemory string

	live live
	lean bool // the report is all that is wanted

	format, report string
	mode           string // "": what was read says it
}

// sourceFlags are the flags of commands that read the systems.
func (r *request) sourceFlags(f *pflag.FlagSet) {
	f.SortFlags = false
	f.StringVarP(&r.connectors, "connectors", "c", "", "`FILE` that says where the records are (default $GCDIAG_CONNECTORS, then connectors.yaml)")
	f.StringVar(&r.since, "since", "", "judge what happened from `TIME`: a date or an RFC 3339 time")
	f.StringVar(&r.until, "until", "", "judge what happened before `TIME`")
	f.StringVar(&r.last, "last", "", "judge the last `SPAN`, such as 30d, 8w or 36h")
	f.StringVar(&r.asOf, "as-of", "", "take `TIME` for now, for what may still be on its way")
}

// privacyFlags are the flags that say what may be shown.
func (r *request) privacyFlags(f *pflag.FlagSet) {
	f.BoolVar(&r.noRedact, "no-redact", false, "show card ids and free text as they are")
	f.StringVar(&r.key, "redaction-key", "", "`FILE` with the key of the card tokens (default: your own, made when first needed)")
}

// permissionFlags are the flags that permit what a configuration may do.
func (r *request) permissionFlags(f *pflag.FlagSet) {
	f.BoolVar(&r.literal, "allow-literal-secrets", false, "accept secrets that stand in the configuration itself")
	f.BoolVar(&r.commands, "allow-commands", false, "run the ${cmd:…} references of the configuration")
	r.live.flags(f)
}

// outputFlags are the flags that say where a report goes.
func (r *request) outputFlags(f *pflag.FlagSet) {
	f.StringVarP(&r.format, "format", "f", "text", "write `FORMAT`: text, json, markdown, html or junit")
	f.StringVarP(&r.report, "report", "o", "", "save the report as JSON in `FILE`, readable by you alone")
	f.BoolVar(&r.allEvents, "all-events", false, "don't cut the report's lists at 100")
}

func (p *program) check() *cobra.Command {
	var r request
	c := &cobra.Command{
		Use:   "check",
		Short: "Read the systems and diagnose",
		Long: p.prose(`check reads what connectors.yaml names, asks the four questions of every event, and writes the diagnosis to standard output.

A file that can't be read is a gap: the rest is judged all the same. A configuration that can't be understood is an error. The exit code is 0 where the handoff is sound, 1 where a fault was diagnosed, 3 where the evidence does not suffice, and 2 where nothing was read.`),
		Example: `  gcdiag check
  gcdiag check --connectors acme/connectors.yaml --last 90d
  gcdiag check --format markdown --report acme.json`,
		Args: arguments(0, 0, ""),
		RunE: func(c *cobra.Command, _ []string) error {
			r.lean = true
			d, o, err := p.diagnose(c.Context(), r)
			if err != nil {
				return err
			}
			return p.deliver(c.Context(), r, report.New(d, o))
		},
	}
	f := c.Flags()
	r.sourceFlags(f)
	r.outputFlags(f)
	r.memoryFlag(f)
	r.privacyFlags(f)
	r.permissionFlags(f)
	return c
}

// diagnose reads the systems and judges. What can be refused is refused before
// anything is read.
func (p *program) diagnose(ctx context.Context, r request) (*diagnosis.Diagnosis, report.Options, error) {
	o := report.Options{Redact: !r.noRedact, AllEvents: r.allEvents}
	fail := func(err error) (*diagnosis.Diagnosis, report.Options, error) { return nil, o, err }
	if err := writable(r.format, formats...); err != nil {
		return fail(err)
	}
	if err := roomFor(r.report); err != nil {
		return fail(err)
	}
	cfg, systems, err := p.configuration(r)
	if err != nil {
		return fail(err)
	}
	times, err := r.times(cfg.Zone)
	if err != nil {
		return fail(err)
	}
	if o.Redact {
		if o.Key, err = p.redactionKey(r.key); err != nil {
			return fail(err)
		}
	}
	bound, err := p.boundMemory(r)
	if err != nil {
		return fail(err)
	}
	times.Memory = bound.records()
	finish, err := p.tapes(r, cfg, &systems)
	if err != nil {
		return fail(err)
	}
	times.Live = systems
	var scout *trace.Scout
	if r.lean {
		scout = trace.NewScout()
		times.Watch = scout
	}
	started := p.now()
	c, err := p.gather(ctx, cfg, times)
	if err != nil {
		return fail(misconfigured(err))
	}
	finish(ctx.Err() == nil)
	if r.mode != "" {
		c.Mode = r.mode
	}
	of := judging(diagnosis.OfUntil)
	if r.lean {
		of = lean(scout)
	}
	d, err := p.judge(ctx, c, of)
	if err != nil {
		return fail(err)
	}
	finished := p.now()
	p.log.Info("judged", "events", c.Movements.Len(), "status", d.Outcome.Status, "findings", len(d.Findings), "took", finished.Sub(started))
	o.Run = report.Run{Tool: "gcdiag " + version, StartedAt: stamp(started), FinishedAt: stamp(finished)}
	return d, o, nil
}

// judge is judge for a command: it shows how long that takes, and an interrupt is an
// error.
func (p *program) judge(ctx context.Context, c *casefile.Case, of judging) (*diagnosis.Diagnosis, error) {
	done := end(ctx)
	p.log.Debug("judging", "events", c.Movements.Len())
	p.judging(c.Movements.Len())
	d, err := judge(c, of, done)
	p.clearProgress()
	if d == nil && err == nil {
		err = errors.New("judging was interrupted, and nothing of it was written")
	}
	return d, err
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// gather reads the systems and shows how far it is.
func (p *program) gather(ctx context.Context, cfg *connector.Config, o gather.Options) (*casefile.Case, error) {
	show := p.watch()
	o.Now = p.now
	o.Progress = func(g gather.Progress) {
		if g.Read == 0 && g.Pages == 0 {
			p.log.Debug("reading", "system", g.System, "record", g.Record.String(), "file", g.Input)
		}
		if show != nil {
			show(g)
		}
	}
	c, err := gather.Run(ctx, cfg, o)
	if err != nil {
		p.clearProgress()
		return nil, err
	}
	for i := range c.Systems {
		s := &c.Systems[i]
		for _, in := range s.Inputs {
			for _, note := range in.Notes {
				p.log.Info("note", "system", s.Name, "file", in.Name, "note", note)
			}
		}
		for _, r := range s.Reads {
			p.log.Info("read", "system", s.Name, "record", r.Record.String(), "state", r.State.String(), "rows", r.Rows, "rejected", r.Rejected, "why", r.Why)
		}
	}
	return c, nil
}

// times reads the flags about time, in the configuration's calendar.
func (r *request) times(zone *time.Location) (gather.Options, error) {
	var o gather.Options
	if r.last != "" && r.since != "" {
		return o, wrong("give one of them", "--last and --since exclude each other")
	}
	for _, f := range []struct {
		name, text string
		into       *time.Time
	}{{"--since", r.since, &o.Since}, {"--until", r.until, &o.Until}, {"--as-of", r.asOf, &o.AsOf}} {
		if f.text == "" {
			continue
		}
		t, err := connector.ParseTime(f.text, zone)
		if err != nil {
			return o, wrong("", "%s: %w", f.name, err)
		}
		*f.into = t
	}
	if r.last != "" {
		d, err := connector.ParseSpan(r.last)
		if err != nil {
			return o, wrong("", "--last: %w", err)
		}
		if d == 0 {
			return o, wrong("", "--last must be longer than nothing")
		}
		o.Last = d
	}
	return o, nil
}

// roomFor refuses a report file that could not be written in the end.
func roomFor(path string) error {
	if path == "" {
		return nil
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return wrong("name a file in it", "--report: %s is a directory", path)
	}
	folder := filepath.Dir(path)
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		return wrong("make it first", "--report: there is no folder %s", folder)
	}
	return nil
}

// deliver saves and writes a report and settles the exit code.
func (p *program) deliver(ctx context.Context, r request, d report.Document) error {
	p.code = verdictCode(d.Outcome.Status)
	var saved error
	if r.report != "" {
		if saved = report.WriteFile(r.report, d); saved == nil {
			p.say("report saved to %s", r.report)
		}
	}
	if err := p.write(r.format, d); err != nil {
		return err
	}
	if saved != nil {
		return saved
	}
	if ctx.Err() != nil {
		p.say("interrupted: what was read until then was judged")
		p.code = codeInterrupted
	}
	return nil
}

// verdictCode is the exit code of an outcome.
func verdictCode(status string) int {
	switch status {
	case "sound":
		return codeSound
	case "fault":
		return codeFault
	case "inconclusive":
		return codeInconclusive
	}
	panic(fmt.Sprintf("an outcome can't be %q", status))
}
