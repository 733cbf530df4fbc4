package cli

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"gcdiag/internal/wizard"
)

// common are the flags of every command.
type common struct {
	plain, noInput, verbose bool
	color                   string
	logLevel, logFile       string
}

// The groups of commands in the help.
const (
	groupDiagnose   = "diagnose"
	groupSetUp      = "set up"
	groupUnderstand = "understand"
)

// usageText lays out flags within the width; the rest is cobra's own.
const usageText = `Usage:{{if .Runnable}}
  {{.UseLine}}{{end}}{{if .HasAvailableSubCommands}}
  {{.CommandPath}} COMMAND{{end}}{{if .HasExample}}

Examples:
{{.Example}}{{end}}{{if .HasAvailableSubCommands}}{{$all := .Commands}}{{range $group := .Groups}}

{{.Title}}{{range $all}}{{if (and (eq .GroupID $group.ID) .IsAvailableCommand)}}
  {{rpad .Name .NamePadding }} {{.Short}}{{end}}{{end}}{{end}}{{if not .AllChildCommandsHaveGroup}}

Other:{{range $all}}{{if (and (eq .GroupID "") (or .IsAvailableCommand (eq .Name "help")))}}
  {{rpad .Name .NamePadding }} {{.Short}}{{end}}{{end}}{{end}}{{end}}{{if .HasAvailableLocalFlags}}

Flags:
{{.LocalFlags.FlagUsagesWrapped WIDTH | trimTrailingWhitespaces}}{{end}}{{if .HasAvailableInheritedFlags}}

Flags of every command:
{{.InheritedFlags.FlagUsagesWrapped WIDTH | trimTrailingWhitespaces}}{{end}}{{if .HasAvailableSubCommands}}

More about a command: {{.CommandPath}} COMMAND --help{{end}}
`

// root is the command tree.
func (p *program) root() *cobra.Command {
	var r request
	var yes bool
	root := &cobra.Command{
		Use:   "gcdiag",
		Short: "Find where the handoff of gift card events to the ERP breaks",
		Long: p.prose(`gcdiag finds at which of four steps the handoff of gift card events from a storefront to an ERP breaks: 1 emit, 2 forward, 3 arrive, 4 classify.

It reads the three systems, or their exports, compares them transaction by transaction, and says what breaks, since when, for how much money and what to do. It changes nothing anywhere.

Without a command, in a terminal, it leads you through all of that.

Exit codes: 0 sound, 1 a fault was diagnosed, 2 usage or configuration, 3 inconclusive, 4 internal error, 130 interrupted.`),
		Version:       version,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return wrong(meant(args[0], commandNames(c), `"gcdiag --help" lists the commands`), "there is no command %q", args[0])
		},
		PersistentPreRunE: func(*cobra.Command, []string) error { return p.prepare() },
		RunE: func(c *cobra.Command, _ []string) error {
			if p.flags.noInput || !p.interactive() && !p.flags.plain {
				c.SetOut(p.err)
				if err := c.Help(); err != nil {
					return err
				}
				return wrong(`"gcdiag check" diagnoses without questions; "gcdiag --plain" asks them line by line`, "the wizard needs a terminal")
			}
			return p.leadWizard(c.Context(), r, func(o *wizard.Options) {
				o.Connectors, o.Yes = p.configurations(r.connectors), yes
			})
		},
	}
	own := root.Flags()
	own.SortFlags = false
	own.StringVarP(&r.connectors, "connectors", "c", "", "`FILE` that says where the records are (default: what is found here)")
	own.BoolVarP(&yes, "yes", "y", false, "run that configuration without a question")
	own.BoolVar(&r.literal, "allow-literal-secrets", false, "accept secrets that stand in the configuration itself")
	own.BoolVar(&r.commands, "allow-commands", false, "run the ${cmd:…} references of the configuration")
	r.memoryFlag(own)
	r.live.probeFlag(own)
	root.SetVersionTemplate(versionText())
	root.SetUsageTemplate(strings.ReplaceAll(usageText, "WIDTH", fmt.Sprint(p.textWidth())))
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		help := fmt.Sprintf("%q lists the flags", c.CommandPath()+" --help")
		var unknown *pflag.NotExistError
		if errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() == "" {
			help = meant("--"+unknown.GetSpecifiedName(), flagNames(c), help)
		}
		return &mistake{err, help}
	})
	f := root.PersistentFlags()
	f.SortFlags = false
	f.BoolVarP(&p.flags.verbose, "verbose", "v", false, "every id, read and record instead of the first ones")
	f.BoolVar(&p.flags.plain, "plain", false, "no colour, no progress line, nothing beyond ASCII")
	f.StringVar(&p.flags.color, "color", "auto", "colour `WHEN`: auto, always or never")
	f.BoolVar(&p.flags.noInput, "no-input", false, "never ask anything")
	f.StringVar(&p.flags.logLevel, "log-level", "", "log `LEVEL`: debug, info, warn or error (default warn, with a log file info)")
	f.StringVar(&p.flags.logFile, "log-file", "", "append the log to `FILE` instead of standard error")

	root.AddGroup(&cobra.Group{ID: groupDiagnose, Title: "Diagnose:"}, &cobra.Group{ID: groupSetUp, Title: "Set up:"}, &cobra.Group{ID: groupUnderstand, Title: "Understand:"})
	for _, add := range []struct {
		group string
		list  []*cobra.Command
	}{
		{groupDiagnose, []*cobra.Command{p.check(), p.trace(), p.demo()}},
		{groupSetUp, []*cobra.Command{p.initialise(), p.doctor(), p.probe()}},
		{groupUnderstand, []*cobra.Command{p.explain(), p.report()}},
		{"", []*cobra.Command{p.versionCommand()}},
	} {
		for _, c := range add.list {
			c.GroupID = add.group
			root.AddCommand(c)
		}
	}
	root.InitDefaultCompletionCmd("completion") // cobra's own, with a shorter line in the help
	for _, c := range root.Commands() {
		if c.Name() == "completion" {
			c.Short = "Completion script for a shell"
		}
	}
	return root
}

// prepare checks the common flags and opens the log.
func (p *program) prepare() error {
	switch p.flags.color {
	case "auto", "always", "never":
	default:
		return wrong("", "--color %q is not one of auto, always, never", p.flags.color)
	}
	name := p.flags.logLevel
	if name == "" {
		name = "warn"
		if p.flags.logFile != "" {
			name = "info"
		}
	}
	var level slog.Level
	switch name {
	case "debug", "info", "warn", "error":
		if err := level.UnmarshalText([]byte(name)); err != nil {
			return err
		}
	default:
		return wrong("", "--log-level %q is not one of debug, info, warn, error", name)
	}
	to := p.err
	if p.flags.logFile != "" {
		f, err := os.OpenFile(p.flags.logFile, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
		if err != nil {
			return misconfigured(fmt.Errorf("opening the log: %w", err))
		}
		p.logFile = f
		to = f
	}
	p.log = slog.New(slog.NewTextHandler(to, &slog.HandlerOptions{Level: level}))
	return nil
}

// arguments checks how many arguments a command gets.
func arguments(least, most int, names string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return wrong(fmt.Sprintf("write %s %s", c.CommandPath(), names), "%s needs %s", c.CommandPath(), names)
		case most >= 0 && len(args) > most:
			return wrong(fmt.Sprintf("%q shows how it is used", c.CommandPath()+" --help"), "%s has no use for %q", c.CommandPath(), args[most])
		}
		return nil
	}
}

func commandNames(c *cobra.Command) []string {
	var names []string
	for _, sub := range c.Commands() {
		names = append(names, sub.Name())
	}
	return names
}

func flagNames(c *cobra.Command) []string {
	var names []string
	c.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, "--"+f.Name) })
	return names
}
