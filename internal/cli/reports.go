package cli

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"gcdiag/internal/render"
	"gcdiag/internal/report"
	"gcdiag/internal/wizard"
)

// stdin is the file name that means standard input.
const stdin = "-"

func (p *program) report() *cobra.Command {
	c := &cobra.Command{
		Use:   "report",
		Short: "Show, convert and compare saved reports",
		Long:  p.prose(`report works with reports that "gcdiag check --report FILE" has saved. It needs nothing but the file; "-" is standard input.`),
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return wrong(`"gcdiag report --help" lists them`, "gcdiag report needs a command")
			}
			return wrong(meant(args[0], commandNames(c), `"gcdiag report --help" lists the commands`), "gcdiag report has no command %q", args[0])
		},
		RunE: func(*cobra.Command, []string) error { return nil },
	}
	c.AddCommand(p.reportShow(), p.reportConvert(), p.reportDiff(), p.reportSchema())
	return c
}

func (p *program) reportShow() *cobra.Command {
	format := "text"
	c := &cobra.Command{
		Use:   "show FILE",
		Short: "Look at a report",
		Long:  p.prose(`show opens a report in the wizard's pages, in a terminal. With --format, --plain or --no-input, or without a terminal, it writes it as check did.`),
		Args:  arguments(1, 1, "a FILE"),
		RunE: func(c *cobra.Command, args []string) error {
			if c.Flags().Changed("format") || args[0] == stdin || p.flags.plain || p.flags.noInput || !p.interactive() || wizard.NeedsPlain(p.getenv) {
				return p.rewrite(args[0], format)
			}
			d, err := p.load(args[0])
			if err != nil {
				return err
			}
			err = p.leadWizard(c.Context(), request{}, func(o *wizard.Options) { o.Document, o.Path = &d, args[0] })
			if p.code != codeInterrupted {
				p.code = codeSound
			}
			return err
		},
	}
	c.Flags().StringVarP(&format, "format", "f", format, "write `FORMAT`: text, json, markdown, html or junit")
	return c
}

func (p *program) reportConvert() *cobra.Command {
	var format string
	c := &cobra.Command{
		Use:     "convert FILE --format FORMAT",
		Short:   "Write a report in another format",
		Example: `  gcdiag report convert acme.json --format markdown > acme.md`,
		Args:    arguments(1, 1, "a FILE"),
		RunE: func(_ *cobra.Command, args []string) error {
			if format == "" {
				return wrong("use text, json, markdown, html or junit", "gcdiag report convert needs a --format")
			}
			return p.rewrite(args[0], format)
		},
	}
	c.Flags().StringVarP(&format, "format", "f", "", "write `FORMAT`: text, json, markdown, html or junit")
	return c
}

func (p *program) reportDiff() *cobra.Command {
	format := "text"
	c := &cobra.Command{
		Use:     "diff OLD NEW",
		Short:   "What changed from one report to another",
		Long:    p.prose(`diff tells what changed from one report to another: outcome, steps, findings, drift. The exit code is 0 where both give the same verdict and 1 where not; counts and amounts may differ in the same verdict.`),
		Example: `  gcdiag report diff before.json after.json`,
		Args:    arguments(2, 2, "two files: OLD NEW"),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := writable(format, "text", "json"); err != nil {
				return err
			}
			before, err := p.load(args[0])
			if err != nil {
				return err
			}
			after, err := p.load(args[1])
			if err != nil {
				return err
			}
			d := report.Diff(before, after)
			if !d.Same {
				p.code = codeFault
			}
			if format == "json" {
				return p.printJSON(d)
			}
			return written(render.Diff(p.out, d, p.screen()))
		},
	}
	c.Flags().StringVarP(&format, "format", "f", format, "write `FORMAT`: text or json")
	return c
}

func (p *program) reportSchema() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "The JSON Schema of reports",
		Args:  arguments(0, 0, ""),
		RunE:  func(*cobra.Command, []string) error { return p.print(string(report.JSONSchema())) },
	}
}

// rewrite writes a saved report in a format.
func (p *program) rewrite(path, format string) error {
	if err := writable(format, formats...); err != nil {
		return err
	}
	d, err := p.load(path)
	if err != nil {
		return err
	}
	return p.write(format, d)
}

// load reads a saved report.
func (p *program) load(path string) (report.Document, error) {
	if path == stdin {
		d, err := report.Decode(p.in)
		if err != nil {
			return d, misconfigured(fmt.Errorf("standard input: %w", err))
		}
		return d, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return report.Document{}, misconfigured(fmt.Errorf("reading the report: %w", err))
	}
	defer f.Close()
	d, err := report.Decode(f)
	if err != nil {
		return d, misconfigured(fmt.Errorf("%s: %w", path, err))
	}
	return d, nil
}
