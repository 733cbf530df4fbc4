package cli

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"gcdiag/internal/connector"
	"gcdiag/internal/gather"
	"gcdiag/internal/record"
	"gcdiag/internal/render"
	"gcdiag/internal/source/file"
	"gcdiag/internal/source/http"
)

// examined is one system with what the doctor found.
type examined struct {
	System string       `json:"system"`
	Role   string       `json:"role"`
	Probe  string       `json:"probe"`
	Checks []http.Check `json:"checks"`
}

func (p *program) doctor() *cobra.Command {
	var r request
	c := &cobra.Command{
		Use:   "doctor [SYSTEM]...",
		Short: "Check access to the systems",
		Long: p.prose(`doctor checks whether the systems of connectors.yaml can be read: address, TLS, credentials, permissions, the API's version, the clock, how far back the records go, and the first page of each list. It says of each failure what it means and where to mend it. It changes nothing and shows no secret.

The exit code is 0 where everything can be read, and 3 where access is broken; whether the handoff is broken is what check tells, with exit code 1.`),
		Example: `  gcdiag doctor
  gcdiag doctor "Acme store" --connectors acme/connectors.yaml`,
		RunE: func(c *cobra.Command, args []string) error { return p.examine(c.Context(), r, args) },
	}
	f := c.Flags()
	r.sourceFlags(f)
	f.StringVarP(&r.format, "format", "f", "text", "write `FORMAT`: text or json")
	f.BoolVar(&r.literal, "allow-literal-secrets", false, "accept secrets that stand in the configuration itself")
	f.BoolVar(&r.commands, "allow-commands", false, "run the ${cmd:…} references of the configuration")
	r.live.probeFlag(f)
	return c
}

func (p *program) examine(ctx context.Context, r request, names []string) error {
	if err := writable(r.format, "text", "json"); err != nil {
		return err
	}
	cfg, systems, err := p.configuration(r)
	if err != nil {
		return err
	}
	times, err := r.times(cfg.Zone)
	if err != nil {
		return err
	}
	var known []string
	for _, k := range cfg.Connectors {
		known = append(known, k.Name)
	}
	for _, n := range names {
		if !slices.Contains(known, n) {
			return wrong(meant(n, known, "the systems are "+strings.Join(known, ", ")), "%s names no system %q", cfg.Name, n)
		}
	}
	var all []examined
	broken := false
	for _, k := range cfg.Connectors {
		if len(names) > 0 && !slices.Contains(names, k.Name) {
			continue
		}
		e := examined{System: k.Name, Role: k.Role.String(), Probe: k.Probe}
		if k.Probe == connector.FileProbe {
			e.Checks = p.files(ctx, cfg, k)
		} else {
			p.progress = progress{began: p.now()}
			var err error
			e.Checks, err = p.consult(ctx, cfg, systems, k, times, func(g http.Progress) {
				if p.errTerminal && !p.flags.plain {
					p.showProgress(fmt.Sprintf("asking %s: %s", k.Name, g.Call))
				}
			})
			p.clearProgress()
			if err != nil {
				return err
			}
		}
		broken = broken || e.broken()
		all = append(all, e)
		if r.format == "text" {
			if err := p.print(p.examinedText(e)); err != nil {
				return err
			}
		}
	}
	if r.format == "json" {
		if err := p.printJSON(map[string]any{"schema": "gcdiag.doctor/v1", "systems": all}); err != nil {
			return err
		}
	}
	switch {
	case ctx.Err() != nil:
		p.code = codeInterrupted
	case broken:
		p.code = codeInconclusive
	}
	return nil
}

func (e examined) broken() bool {
	return slices.ContainsFunc(e.Checks, func(c http.Check) bool { return c.State == http.Failed })
}

// consult lets the doctor look at one live system, for the window that the options
// choose; tell hears how far it is and may be nil.
func (p *program) consult(ctx context.Context, cfg *connector.Config, live gather.Live, k connector.Connector, o gather.Options, tell func(http.Progress)) ([]http.Check, error) {
	asOf := o.AsOf
	if asOf.IsZero() {
		asOf = p.now()
	}
	window, err := gather.WindowOf(cfg, o, asOf)
	if err != nil {
		return nil, misconfigured(err)
	}
	spec, err := live.HTTPSpec(cfg, k, window, asOf)
	if err != nil {
		return nil, misconfigured(err)
	}
	if spec.Folder, err = os.MkdirTemp("", "gcdiag-doctor-"); err != nil {
		return nil, err
	}
	defer os.RemoveAll(spec.Folder)
	spec.Progress = tell
	return http.Doctor(ctx, spec)
}

// files looks whether the exports of a connector can be read.
func (p *program) files(ctx context.Context, cfg *connector.Config, k connector.Connector) []http.Check {
	var out []http.Check
	for _, t := range record.Types(k.Role) {
		for _, f := range k.Files[t] {
			names, err := gather.Expand(cfg, f.Path)
			if err != nil {
				out = append(out, http.Check{Name: t.String(), State: http.Failed, Text: err.Error(), Advice: "check the path, which starts from the folder of " + cfg.Name})
				continue
			}
			for _, name := range names {
				c := http.Check{Name: t.String(), State: http.OK, Text: name + " can be read"}
				if _, err := file.Guess(ctx, cfg.Resolve(name), name); err != nil {
					c.State, c.Text = http.Failed, err.Error()
				}
				out = append(out, c)
			}
		}
	}
	return out
}

// examinedText is one system's checks for people.
func (p *program) examinedText(e examined) string {
	marks := map[http.State]string{http.OK: "✓", http.Warn: "!", http.Failed: "✗", http.Unknown: "?"}
	if p.ascii() {
		marks = map[http.State]string{http.OK: "ok", http.Warn: "! ", http.Failed: "NO", http.Unknown: "? "}
	}
	var b strings.Builder
	fmt.Fprintf(&b, " %s (%s, %s)\n", e.System, e.Role, e.Probe)
	longest := 0
	for _, c := range e.Checks {
		longest = max(longest, len(c.Name))
	}
	longest = min(longest, 24)
	for _, c := range e.Checks {
		head := fmt.Sprintf("  %s %-*s  ", marks[c.State], longest, c.Name)
		indent := strings.Repeat(" ", len([]rune(head)))
		lines := wrap(render.Escape(c.Text), p.textWidth()-len(indent), "")
		if c.Advice != "" {
			lines = append(lines, wrap("→ "+render.Escape(c.Advice), p.textWidth()-len(indent), "  ")...)
		}
		for i, l := range lines {
			if p.ascii() {
				l = strings.ReplaceAll(l, "→", "->")
			}
			if i == 0 {
				b.WriteString(head + l + "\n")
			} else {
				b.WriteString(indent + l + "\n")
			}
		}
	}
	b.WriteString("\n")
	return b.String()
}
