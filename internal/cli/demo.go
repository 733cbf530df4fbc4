package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gcdiag/internal/diagnosis"
	"gcdiag/internal/render"
	"gcdiag/internal/report"
	"gcdiag/internal/sandbox"
)

// firstDemo is the scenario that "gcdiag demo" plays: one fault that a filter
// makes, with what follows from it.
const firstDemo = "filtered"

func (a *app) demo() *cobra.Command {
	var (
		list bool
		seed uint64
		dir  string
	)
	c := &cobra.Command{
		Use:   "demo [SCENARIO]",
		Short: "Play a made-up month with a known fault and diagnose it",
		Long: `Writes the exports of a made-up month into a folder, runs the same check on them as
on yours, and says at the end what was done to the month and whether the diagnosis
found it. Exits 0 when it did.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if list {
				for _, s := range sandbox.Scenarios() {
					fmt.Fprintf(a.out, "%-20s  %s\n", s.Name, s.About)
				}
				return nil
			}
			if err := a.checkFormat(); err != nil {
				return err
			}
			name := firstDemo
			if len(args) == 1 {
				name = args[0]
			}
			s, ok := sandbox.Find(name)
			if !ok {
				return usage(`"gcdiag demo --list" names them all`, "there is no scenario %q", name)
			}
			return a.play(cmd, s, seed, dir)
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			var words []string
			for _, s := range sandbox.Scenarios() {
				words = append(words, s.Name+"\t"+s.About)
			}
			return words, cobra.ShellCompDirectiveNoFileComp
		},
	}
	a.outputFlags(c)
	a.redactionFlags(c)
	f := c.Flags()
	f.BoolVar(&list, "list", false, "name the scenarios")
	f.Uint64Var(&seed, "seed", 1, "another month of the same kind")
	f.StringVar(&dir, "dir", "", "folder for the exports (default: a new temporary one, which is kept)")
	f.StringVar(&a.reportFile, "report", "", "save the JSON report to a file, mode 0600")
	return c
}

func (a *app) play(cmd *cobra.Command, s sandbox.Scenario, seed uint64, dir string) error {
	started := time.Now()
	var err error
	if dir == "" {
		if dir, err = os.MkdirTemp("", "gcdiag-demo-"); err != nil {
			return exit{ExitInternal, err}
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "connectors.yaml")); err == nil {
		return usage("name another folder with --dir, or leave it out", "%s already holds a connectors.yaml, which a demo must not replace", dir)
	}
	truth, err := sandbox.Write(dir, s, seed, sandbox.Options{})
	if err != nil {
		return exit{ExitInternal, err}
	}
	fmt.Fprintf(a.errs, "gcdiag: the exports and their connectors.yaml are in %s\n", dir)
	a.connectors = filepath.Join(dir, "connectors.yaml")
	c, err := a.gather(cmd.Context())
	if err != nil {
		return err
	}
	c.Mode = "demo"
	d := diagnosis.Of(c)
	o := a.reportOptions(started)
	o.AllEvents = true
	whole := report.New(d, o)
	doc := whole
	if !a.allEvents {
		o.AllEvents = false
		doc = report.New(d, o)
	}
	if err := a.deliver(doc); err != nil {
		return err
	}
	wrong := disagreements(whole, truth)
	fmt.Fprintf(a.errs, "gcdiag: what was done to this month: %s %s\n", s.About, told(truth))
	if len(wrong) > 0 {
		return exit{ExitInternal, fmt.Errorf("the diagnosis does not agree with that: %s", strings.Join(wrong, "; "))}
	}
	fmt.Fprintf(a.errs, "gcdiag: the diagnosis agrees. Try \"gcdiag trace --connectors %s %s\".\n", a.connectors, example(whole))
	return nil
}

// told counts what the truth holds.
func told(t sandbox.Truth) string {
	roots, down := 0, 0
	for _, f := range t.Faults {
		roots += len(f.Events) + len(f.Postings)
		down += len(f.Downstream)
	}
	if roots == 0 {
		return "No fault."
	}
	return fmt.Sprintf("%d root events, %d that follow from them.", roots, down)
}

// example is an event worth a look.
func example(doc report.Document) string {
	for _, f := range doc.Findings {
		if len(f.Events) > 0 {
			return render.Escape(f.Events[0])
		}
	}
	return "ID"
}

// disagreements lists where a report differs from the truth of a month: outcome,
// steps, root events and what follows from them.
func disagreements(doc report.Document, t sandbox.Truth) []string {
	var wrong []string
	if doc.Outcome.Status != t.Status || !slices.Equal(doc.Outcome.Steps, t.Steps) && len(doc.Outcome.Steps)+len(t.Steps) > 0 {
		wrong = append(wrong, fmt.Sprintf("outcome %s at steps %v instead of %s at %v", doc.Outcome.Status, doc.Outcome.Steps, t.Status, t.Steps))
	}
	said, done := map[string]bool{}, map[string]bool{}
	for _, f := range doc.Findings {
		if f.Class != "fault" {
			continue
		}
		step := 0
		if f.Step != nil {
			step = *f.Step
		}
		for _, id := range slices.Concat(f.Events, f.Postings) {
			said[fmt.Sprint(id, " at step ", step)] = true
		}
		for _, id := range f.Downstream.Events {
			said[id+" downstream"] = true
		}
	}
	for _, f := range t.Faults {
		for _, id := range slices.Concat(f.Events, f.Postings) {
			done[fmt.Sprint(id, " at step ", f.Step)] = true
		}
		for _, id := range f.Downstream {
			done[id+" downstream"] = true
		}
	}
	missed, extra := 0, 0
	for k := range done {
		if !said[k] {
			missed++
		}
	}
	for k := range said {
		if !done[k] {
			extra++
		}
	}
	if missed+extra > 0 {
		wrong = append(wrong, fmt.Sprintf("%d events missed, %d too many", missed, extra))
	}
	return wrong
}
