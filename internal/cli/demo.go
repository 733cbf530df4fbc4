package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"gcdiag/internal/casefile"
	"gcdiag/internal/connector"
	"gcdiag/internal/diagnosis"
	"gcdiag/internal/finding"
	"gcdiag/internal/gather"
	"gcdiag/internal/money"
	"gcdiag/internal/report"
	"gcdiag/internal/sandbox"
	"gcdiag/internal/simulator"
	"gcdiag/internal/wording"
)

// firstScenario is what demo plays unless another one is named: a fault at one
// step whose consequences show at another.
const firstScenario = "filtered"

func (p *program) demo() *cobra.Command {
	r := request{mode: "demo"}
	var list, files bool
	var seed uint64
	var dir string
	c := &cobra.Command{
		Use:   "demo [SCENARIO]",
		Short: "Break a made-up shop and diagnose it",
		Long: p.prose(`demo makes up a month of three systems, breaks the handoff in a way that is known, runs the same check on them as "gcdiag check" would, and compares the diagnosis with what was done. The exit code is 0 where they agree.

The systems are servers on this machine that speak as Shopify, Celigo integrator.io and NetSuite do, and are read through the same vendor packs as the real ones; nothing leaves the machine. With --files the month is read from exports. They stay in a folder, which is named on standard error, so that you can try the other commands on them.`),
		Example: `  gcdiag demo
  gcdiag demo --list
  gcdiag demo wrong-account --seed 7
  gcdiag demo filtered --dir /tmp/acme`,
		Args: arguments(0, 1, "a SCENARIO"),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			var names []string
			for _, s := range sandbox.Scenarios() {
				names = append(names, s.Name+"\t"+s.About)
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(c *cobra.Command, args []string) error {
			if list {
				return p.listScenarios()
			}
			name := firstScenario
			if len(args) > 0 {
				name = args[0]
			}
			s, ok := sandbox.Find(name)
			if !ok {
				var names []string
				for _, s := range sandbox.Scenarios() {
					names = append(names, s.Name)
				}
				return wrong(meant(name, names, `"gcdiag demo --list" lists them`), "there is no scenario %q", name)
			}
			return p.play(c.Context(), r, s, seed, files || dir != "", dir)
		},
	}
	f := c.Flags()
	f.SortFlags = false
	f.BoolVarP(&list, "list", "l", false, "list the scenarios")
	f.Uint64Var(&seed, "seed", 1, "make up the month of seed `N`; equal seeds make equal months")
	f.BoolVar(&files, "files", false, "read the month from exports instead of simulated systems, and keep them")
	f.StringVar(&dir, "dir", "", "write the exports to `FOLDER`, which must be new or empty (default: a new temporary one); means --files")
	r.outputFlags(f)
	r.memoryFlag(f)
	r.privacyFlags(f)
	return c
}

func (p *program) listScenarios() error {
	longest := 0
	for _, s := range sandbox.Scenarios() {
		longest = max(longest, len(s.Name))
	}
	var b strings.Builder
	for _, s := range sandbox.Scenarios() {
		head := fmt.Sprintf("%-*s", longest, s.Name)
		for _, l := range wrap(s.About, p.textWidth()-longest-2, "") {
			b.WriteString(head + "  " + l + "\n")
			head = strings.Repeat(" ", longest)
		}
	}
	return p.print(b.String())
}

// play plays a scenario, checks it and compares.
func (p *program) play(ctx context.Context, r request, s sandbox.Scenario, seed uint64, files bool, dir string) error {
	if err := writable(r.format, formats...); err != nil {
		return err
	}
	if err := roomFor(r.report); err != nil {
		return err
	}
	if _, err := p.boundMemory(r); err != nil {
		return err
	}
	if why := simulator.Untold(s.Name); why != "" && !files {
		p.say("%s is read from files: %s", s.Name, why)
		files = true
	}
	var played played
	var err error
	if files {
		played, err = p.playFiles(ctx, &r, s, seed, dir)
	} else {
		played, err = p.playSystems(ctx, r, s, seed)
	}
	if err != nil {
		return err
	}
	d, o, truth := played.diagnosis, played.options, played.truth
	if err := p.deliver(ctx, r, report.New(d, o)); err != nil || p.code == codeInterrupted {
		return err
	}
	p.code = codeSound
	if err := p.tellTruth(r.format, s, truth); err != nil {
		return err
	}
	var errs []error
	for _, c := range differences(d, truth) {
		errs = append(errs, fmt.Errorf("the diagnosis differs from what was done: %s", c))
	}
	if len(errs) == 0 {
		p.say("the diagnosis agrees with what was done")
		for _, f := range d.Findings {
			if len(f.Roots) > 0 && files {
				p.say("go on with: gcdiag trace %s --connectors %s", f.Roots[0].Event.ID(), r.connectors)
				break
			}
		}
		if !files {
			p.say("go on with: gcdiag demo %s --files, which keeps exports for the other commands", s.Name)
		}
	}
	return errors.Join(errs...)
}

// played is what came of a scenario.
type played struct {
	diagnosis *diagnosis.Diagnosis
	options   report.Options
	truth     sandbox.Truth
}

// playFiles writes a scenario's exports and reads them.
func (p *program) playFiles(ctx context.Context, r *request, s sandbox.Scenario, seed uint64, dir string) (out played, err error) {
	if dir, err = demoFolder(dir); err != nil {
		return out, err
	}
	if out.truth, err = sandbox.Write(dir, s, seed, sandbox.Options{}); err != nil {
		return out, err
	}
	r.connectors = filepath.Join(dir, "connectors.yaml")
	p.say("the demo's exports are in %s", dir)
	out.diagnosis, out.options, err = p.diagnose(ctx, *r)
	return out, err
}

// playSystems serves a scenario's systems and reads them through their packs, as
// fast as they answer.
func (p *program) playSystems(ctx context.Context, r request, s sandbox.Scenario, seed uint64) (out played, err error) {
	out.options = report.Options{Redact: !r.noRedact, AllEvents: r.allEvents}
	if out.options.Redact {
		if out.options.Key, err = p.redactionKey(r.key); err != nil {
			return out, err
		}
	}
	lib, err := p.library(r.live)
	if err != nil {
		return out, err
	}
	packs, err := lib.load(func(name string) bool { return slices.Contains(simulator.Packs, name) })
	if err != nil {
		return out, err
	}
	permit := connector.Options{AllowLiteralSecrets: true}
	for _, k := range packs {
		k.Limits.PerSecond = 0
		permit.Probes = append(permit.Probes, k.Probe())
	}
	var made *casefile.Case
	made, out.truth = sandbox.Case(s, seed, sandbox.Options{Vendors: true})
	systems, err := simulator.Start(made, simulator.Options{})
	if err != nil {
		return out, err
	}
	defer systems.Close()
	cfg, err := connector.Parse("connectors.yaml", []byte(systems.Config()), permit)
	if err != nil {
		return out, err
	}
	started := p.now()
	c, err := p.gather(ctx, cfg, gather.Options{Memory: p.bound.records(), Live: gather.Live{Packs: packs, Permit: permit, Log: p.log}})
	if err != nil {
		return out, err
	}
	c.Mode = r.mode
	if out.diagnosis, err = p.judge(ctx, c, diagnosis.OfUntil); err != nil {
		return out, err
	}
	var answered []string
	for _, a := range systems.Answered() {
		answered = append(answered, fmt.Sprintf("%s (%s)", a.Title, wording.Plural(a.Requests, "request")))
	}
	p.say("simulated and read on this machine: %s", strings.Join(answered, ", "))
	out.options.Run = report.Run{Tool: "gcdiag " + version, StartedAt: stamp(started), FinishedAt: stamp(p.now())}
	return out, nil
}

// demoFolder is the folder for the exports: the one named, if it is empty or
// does not exist, or a new one.
func demoFolder(dir string) (string, error) {
	if dir == "" {
		dir, err := os.MkdirTemp("", "gcdiag-demo-")
		if err != nil {
			return "", fmt.Errorf("making a folder for the exports: %w", err)
		}
		return dir, nil
	}
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, os.ErrNotExist):
	case err != nil:
		return "", misconfigured(fmt.Errorf("--dir: %w", err))
	case len(entries) > 0:
		return "", wrong("name a folder that is empty or does not exist", "--dir: %s is not empty", dir)
	}
	return dir, nil
}

// tellTruth writes what was done to the month: below the diagnosis where that is
// text for people, else on standard error.
func (p *program) tellTruth(format string, s sandbox.Scenario, t sandbox.Truth) error {
	lines := []string{fmt.Sprintf("What was done to this month (scenario %s, seed %d)", s.Name, t.Seed), s.About}
	for _, f := range t.Faults {
		lines = append(lines, injected(f))
	}
	for _, o := range t.Oddities {
		lines = append(lines, fmt.Sprintf("Lawful, though it may look odd: %s, %s.", o.Code, wording.Plural(len(o.Events), "event")))
	}
	if format != "text" {
		for _, l := range lines {
			p.note(l)
		}
		return nil
	}
	var b strings.Builder
	for i, l := range lines {
		indent := "   "
		if i == 0 {
			indent = " "
			b.WriteString("\n")
		}
		for _, l := range wrap(l, p.textWidth()-len(indent), "") {
			b.WriteString(indent + l + "\n")
		}
	}
	return p.print(b.String())
}

// injected says of one fault where it was put and what followed.
func injected(f sandbox.Fault) string {
	var b strings.Builder
	switch {
	case f.Step > 0:
		fmt.Fprintf(&b, "Broken at step %d, %s", f.Step, f.Problem)
	default:
		fmt.Fprintf(&b, "Broken at one of the steps %s, which these systems can't tell apart", numbers(f.Undetermined))
	}
	switch {
	case len(f.Events) > 0:
		fmt.Fprintf(&b, ": %s", wording.Plural(len(f.Events), "root event"))
	case len(f.Postings) > 0:
		fmt.Fprintf(&b, ": %s", wording.Plural(len(f.Postings), "ERP row"))
	}
	if n := len(f.Downstream); n > 0 {
		fmt.Fprintf(&b, " and %s", wording.Plural(n, "consequence"))
	}
	if len(f.Drift) > 0 {
		var sums []string
		for _, c := range f.Drift.Currencies() {
			sums = append(sums, f.Drift[c].Text(c)+" "+c.String())
		}
		fmt.Fprintf(&b, ", drift %s", strings.Join(sums, ", "))
	}
	if f.Attribute != "" {
		fmt.Fprintf(&b, "; they share %s = %s", f.Attribute, f.Value)
	}
	if !f.Since.IsZero() {
		fmt.Fprintf(&b, "; since %s", f.Since.Format("2 Jan 15:04"))
		if !f.Until.IsZero() {
			fmt.Fprintf(&b, " until %s", f.Until.Format("2 Jan 15:04"))
		}
	}
	return b.String() + "."
}

func numbers(list []int) string {
	var out []string
	for _, n := range list {
		out = append(out, fmt.Sprint(n))
	}
	return strings.Join(out, " and ")
}

// place is where faults are compared: what problem, at which step.
type place struct {
	problem string
	step    int
}

func (p place) String() string {
	if p.step == 0 {
		return "the fault whose step can't be told"
	}
	return fmt.Sprintf("%s at step %d", p.problem, p.step)
}

// content is what stands at a place.
type content struct {
	roots, downstream []string
	drift             money.Totals
}

// differences lists what a diagnosis says otherwise than what was done: the
// outcome, and per fault the root events, the consequences and the drift.
func differences(d *diagnosis.Diagnosis, t sandbox.Truth) []string {
	var out []string
	if o := d.Outcome; o.Status != t.Status || !slices.Equal(o.Steps, t.Steps) || !slices.Equal(o.Undetermined, t.Undetermined) {
		out = append(out, fmt.Sprintf("it says %s at steps %v%v, and it is %s at steps %v%v", o.Status, o.Steps, o.Undetermined, t.Status, t.Steps, t.Undetermined))
	}
	found, done := map[place]content{}, map[place]content{}
	for _, f := range d.Findings {
		if f.Class() != finding.Fault {
			continue
		}
		at := place{string(f.Code), f.Step}
		if f.Step == 0 {
			at.problem = ""
		}
		c := found[at]
		for _, v := range f.Roots {
			c.roots = append(c.roots, v.Event.ID())
		}
		for _, r := range f.Postings {
			c.roots = append(c.roots, r.ID)
		}
		for _, v := range f.Downstream {
			c.downstream = append(c.downstream, v.Event.ID())
		}
		c.drift.AddAll(f.Drift)
		found[at] = c
	}
	for _, f := range t.Faults {
		at := place{f.Problem, f.Step}
		c := done[at]
		c.roots = append(c.roots, slices.Concat(f.Events, f.Postings)...)
		c.downstream = append(c.downstream, f.Downstream...)
		c.drift.AddAll(f.Drift)
		done[at] = c
	}
	all := maps.Clone(done)
	maps.Copy(all, found)
	places := slices.SortedFunc(maps.Keys(all), func(a, b place) int { return strings.Compare(a.String(), b.String()) })
	for _, at := range places {
		a, b := found[at], done[at]
		if !sameIDs(a.roots, b.roots) {
			out = append(out, fmt.Sprintf("%s: it names %d root events, and there are %d", at, len(a.roots), len(b.roots)))
		}
		if !sameIDs(a.downstream, b.downstream) {
			out = append(out, fmt.Sprintf("%s: it names %d consequences, and there are %d", at, len(a.downstream), len(b.downstream)))
		}
		rest := money.Totals{}
		rest.AddAll(a.drift)
		for c, x := range b.drift {
			rest.Add(c, -x)
		}
		if t.Drift != nil && !rest.Zero() {
			out = append(out, fmt.Sprintf("%s: it gives another drift", at))
		}
	}
	return out
}

func sameIDs(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}
