package cli

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gcdiag/internal/finding"
	"gcdiag/internal/ident"
	"gcdiag/internal/redact"
	"gcdiag/internal/render"
	"gcdiag/internal/report"
	"gcdiag/internal/step"
)

func (a *app) trace() *cobra.Command {
	c := &cobra.Command{
		Use:   "trace ID",
		Short: "Show one event, order or card over all systems",
		Long: `Shows the way of one transaction through shop, integration and ERP, with the gaps.
ID is a movement's id, an order, a refund, a card (or its token in a report), a
delivery or an ERP row. The exit code is that of the events shown.`,
		Args: one("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			started := time.Now()
			if a.format != "text" && a.format != "json" {
				return usage("use --format text or json", "trace can't be written as %s", a.format)
			}
			d, err := a.diagnose(cmd.Context())
			if err != nil {
				return err
			}
			o := a.reportOptions(started)
			found, near := look(d.Verdicts, args[0], o.Key)
			if len(found) == 0 {
				hint := "ids are those of the records: movement, order, refund, card, delivery or ERP row"
				if len(near) > 0 {
					hint = "did you mean " + strings.Join(near, ", ") + "?"
				}
				return usage(hint, "no event has to do with %q", args[0])
			}
			traces := report.TraceOf(d, found, o)
			if a.format == "json" {
				err = render.JSON(a.out, report.Document{Schema: report.Schema, Run: o.Run, Traces: traces, TracesTotal: len(traces)})
			} else {
				err = render.Trace(a.out, traces, a.look())
			}
			if err != nil {
				return exit{ExitInternal, err}
			}
			code := ExitSound
			for _, v := range found {
				switch v.Status {
				case step.Fail, step.Downstream:
					code = ExitFault
				case step.Inconclusive:
					if code == ExitSound {
						code = ExitInconclusive
					}
				}
			}
			if code != ExitSound {
				return exit{code, nil}
			}
			return nil
		},
	}
	a.timeFlags(c)
	a.outputFlags(c)
	a.redactionFlags(c)
	return c
}

// one demands exactly one argument and names it.
func one(name string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != 1 {
			return usage(fmt.Sprintf("see %q", cmd.CommandPath()+" --help"), "%s takes exactly one %s", cmd.CommandPath(), name)
		}
		return nil
	}
}

// look finds the events that an id has to do with, in time order, or else ids
// that resemble it.
func look(all []*step.Verdict, id string, key []byte) (found []*step.Verdict, near []string) {
	want := ident.Key(id)
	tokens := redact.NewTokens(key)
	for _, v := range all {
		m := v.Event.Movement
		is := slices.ContainsFunc([]string{m.ID, m.Order, m.Refund, m.Card, m.Transfer}, func(x string) bool { return x != "" && ident.Key(x) == want })
		if !is && strings.HasPrefix(id, "card_") {
			is = tokens.Card(ident.Key(m.Card)) == id
		}
		for _, d := range v.Event.Deliveries {
			is = is || ident.Key(d.ID) == want && d.ID != "" || d.Notification != "" && ident.Key(d.Notification) == want
		}
		for _, l := range v.Event.Postings {
			is = is || ident.Key(l.Posting.ID) == want || l.Posting.Document != "" && ident.Key(l.Posting.Document) == want
		}
		if is {
			found = append(found, v)
		} else if len(near) < 3 && len(want) > 2 && strings.Contains(ident.Key(m.ID), want) {
			near = append(near, m.ID)
		}
	}
	return found, near
}

func (a *app) explain() *cobra.Command {
	return &cobra.Command{
		Use:   "explain [CODE]",
		Short: "What a finding's code means, how to confirm and repair it",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return render.Codes(a.out, a.look(), finding.All()...)
			}
			e, ok := finding.Lookup(finding.Code(strings.ToLower(strings.TrimSpace(args[0]))))
			if !ok {
				hint := `"gcdiag explain" lists all codes`
				if near := finding.Near(args[0]); len(near) > 0 {
					words := make([]string, len(near))
					for i, c := range near {
						words[i] = string(c)
					}
					hint = "did you mean " + strings.Join(words, ", ") + "? " + hint
				}
				return usage(hint, "unknown code %q", args[0])
			}
			return render.Explain(a.out, a.look(), e)
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			var words []string
			for _, e := range finding.All() {
				words = append(words, string(e.Code))
			}
			return words, cobra.ShellCompDirectiveNoFileComp
		},
	}
}

func (a *app) reports() *cobra.Command {
	c := &cobra.Command{Use: "report", Short: "Show, convert and compare saved reports",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return usage(`see "gcdiag report --help"`, "report takes show, convert, diff or schema")
		}}
	show := &cobra.Command{Use: "show FILE", Short: "Print a saved report", Args: one("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.reprint(args[0]) }}
	a.outputFlags(show)
	convert := &cobra.Command{Use: "convert FILE --format FORMAT", Short: "Write a saved report in another format", Args: one("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.reprint(args[0]) }}
	a.outputFlags(convert)
	diff := &cobra.Command{Use: "diff OLD NEW", Short: "Compare two saved reports: exit 0 where the verdicts are the same, 1 where not",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usage(`see "gcdiag report diff --help"`, "report diff takes two files")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			old, err := readReport(args[0])
			if err != nil {
				return err
			}
			now, err := readReport(args[1])
			if err != nil {
				return err
			}
			x := report.Diff(old, now)
			if err := render.Diff(a.out, x, a.look()); err != nil {
				return exit{ExitInternal, err}
			}
			if !x.Same {
				return exit{ExitFault, nil}
			}
			return nil
		}}
	schema := &cobra.Command{Use: "schema", Short: "Print the JSON Schema of reports", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := a.out.Write(report.JSONSchema())
			return err
		}}
	c.AddCommand(show, convert, diff, schema)
	return c
}

func (a *app) reprint(path string) error {
	if err := a.checkFormat(); err != nil {
		return err
	}
	doc, err := readReport(path)
	if err != nil {
		return err
	}
	return a.print(doc)
}

func readReport(path string) (report.Document, error) {
	f, err := os.Open(path)
	if err != nil {
		return report.Document{}, usage("name a file that check --report saved", "reading the report: %w", err)
	}
	defer f.Close()
	doc, err := report.Decode(f)
	if err != nil {
		hint := "name a file that check --report saved"
		if errors.Is(err, report.ErrVersion) {
			hint = "it was made by another version of gcdiag"
		}
		return doc, usage(hint, "%s: %w", path, err)
	}
	return doc, nil
}

// number is the version of this source.
const number = "0.1.0"

func version() string { return number }

func (a *app) version() *cobra.Command {
	return &cobra.Command{Use: "version", Short: "Print the version", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			commit := ""
			if b, ok := debug.ReadBuildInfo(); ok {
				for _, s := range b.Settings {
					if s.Key == "vcs.revision" && len(s.Value) >= 12 {
						commit = " (" + s.Value[:12] + ")"
					}
				}
			}
			_, err := fmt.Fprintf(a.out, "gcdiag %s%s %s %s/%s\n", version(), commit, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		}}
}
