// Package cli is the command line: commands, flags, exit codes. It wires the
// rooms together and is the only one that prints errors or ends the program.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"gcdiag/internal/render"
)

// Exit codes, the same in every format.
const (
	ExitSound        = 0
	ExitFault        = 1
	ExitUsage        = 2 // usage or configuration
	ExitInconclusive = 3
	ExitInternal     = 4
	ExitInterrupted  = 130
)

// exit ends a command with a code, and with an error to print or none.
type exit struct {
	code int
	err  error
}

func (e exit) Error() string {
	if e.err != nil {
		return e.err.Error()
	}
	return fmt.Sprintf("exit %d", e.code)
}

func (e exit) Unwrap() error { return e.err }

// advice is an error with what to do about it.
type advice struct {
	error
	hint string
}

// Hint is what to do about the error.
func (a advice) Hint() string  { return a.hint }
func (a advice) Unwrap() error { return a.error }

func usage(hint, format string, args ...any) error {
	return exit{ExitUsage, advice{fmt.Errorf(format, args...), hint}}
}

// notSupported says plainly that a part does not exist yet.
func notSupported(what, instead string) error {
	return exit{ExitUsage, advice{fmt.Errorf("%s: not supported yet", what), instead}}
}

// Main runs the command line and returns the exit code.
func Main() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second interrupt ends the process at once
	return Run(ctx, os.Args[1:], os.Stdout, os.Stderr)
}

// Run runs one command. Data goes to out, everything else to errs.
func Run(ctx context.Context, args []string, out, errs io.Writer) (code int) {
	a := &app{out: out, errs: errs}
	defer func() {
		if r := recover(); r != nil {
			fmt.Fprintf(errs, "gcdiag: error: internal error: %s\n", render.Escape(fmt.Sprint(r)))
			fmt.Fprintln(errs, "gcdiag: hint: this is a bug; please report it with the command and, if you may, the files. --log-level debug shows where it happened.")
			if a.logLevel == "debug" {
				errs.Write(debug.Stack())
			}
			code = ExitInternal
		}
	}()
	root := a.root()
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(errs)
	err := root.ExecuteContext(ctx)
	if a.closeLog != nil {
		a.closeLog()
	}
	if err == nil {
		return ExitSound
	}
	code = ExitUsage // cobra's own errors are about usage
	var e exit
	if errors.As(err, &e) {
		code = e.code
		err = e.err
	}
	if err != nil {
		complain(errs, err)
	}
	return code
}

// complain prints an error and its hints, one line each, several for a joined one.
func complain(w io.Writer, err error) {
	var list []error
	var split func(error)
	split = func(err error) {
		if j, ok := err.(interface{ Unwrap() []error }); ok {
			for _, e := range j.Unwrap() {
				split(e)
			}
			return
		}
		list = append(list, err)
	}
	split(err)
	said := map[string]bool{}
	for _, e := range list {
		fmt.Fprintf(w, "gcdiag: error: %s\n", render.Escape(oneLine(e.Error())))
		var h interface{ Hint() string }
		if errors.As(e, &h) && h.Hint() != "" && !said[h.Hint()] {
			said[h.Hint()] = true
			fmt.Fprintf(w, "gcdiag: hint: %s\n", render.Escape(oneLine(h.Hint())))
		}
	}
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// app is one run of the program.
type app struct {
	out, errs io.Writer

	connectors      string
	since, until    string
	last, asOf      string
	format          string
	reportFile      string
	redactionKey    string
	noRedact        bool
	allEvents       bool
	plain           bool
	noInput         bool
	verbose         bool
	ascii           bool
	color           string
	logLevel        string
	logFile         string
	literalSecrets  bool
	allowedCommands bool
	closeLog        func()
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "gcdiag",
		Short: "Finds the step at which gift card events get lost between shop and ERP",
		Long: `gcdiag compares what a shop, an integration layer and an ERP say about every single
gift card event and finds the step at which the handoff breaks:
1 emit, 2 forward, 3 arrive, 4 classify.

Exit codes: 0 sound, 1 a fault was diagnosed, 2 usage or configuration,
3 inconclusive, 4 internal error, 130 interrupted.`,
		Example: `  gcdiag demo                    see it work on a made-up month
  gcdiag init exports/           write connectors.yaml from a folder of exports
  gcdiag check                   the diagnosis
  gcdiag check --report r.json   the same, saved for the ticket
  gcdiag trace m-17              one event over all systems`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return notSupported("the wizard", `try "gcdiag demo", or "gcdiag init" in a folder of exports and then "gcdiag check"; "gcdiag help" lists all commands`)
		},
	}
	root.CompletionOptions.HiddenDefaultCmd = false
	p := root.PersistentFlags()
	p.StringVar(&a.logLevel, "log-level", "warn", "what the log holds: debug, info, warn, error")
	p.StringVar(&a.logFile, "log-file", "", "append the log to a file instead of stderr")
	p.BoolVar(&a.plain, "plain", false, "no colours, no progress line, nothing rewritten")
	p.BoolVar(&a.noInput, "no-input", false, "never ask")
	p.StringVar(&a.color, "color", "auto", "auto, always or never")
	p.BoolVar(&a.ascii, "ascii", false, "nothing beyond ASCII")
	root.PersistentPreRunE = func(*cobra.Command, []string) error { return a.startLog() }
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usage(fmt.Sprintf("see %q", cmd.CommandPath()+" --help"), "%w", err)
	})
	root.AddCommand(a.check(), a.trace(), a.demo(), a.explain(), a.init(), a.reports(), a.version())
	for _, later := range []struct{ use, what string }{{"doctor", "doctor"}, {"probe", "probe packs"}} {
		root.AddCommand(&cobra.Command{
			Use: later.use, Short: "not supported yet", DisableFlagParsing: true,
			RunE: func(*cobra.Command, []string) error {
				return notSupported(later.what, "live systems come later; export files work today: see \"gcdiag init --help\"")
			},
		})
	}
	return root
}

// timeFlags are those that say when.
func (a *app) timeFlags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&a.connectors, "connectors", envOr("GCDIAG_CONNECTORS", "connectors.yaml"), "the configuration")
	f.StringVar(&a.since, "since", "", "start of the window: a date or RFC 3339")
	f.StringVar(&a.until, "until", "", "end of the window, exclusive")
	f.StringVar(&a.last, "last", "", "window of so long up to as-of: 30d, 2w, 48h")
	f.StringVar(&a.asOf, "as-of", "", `"now", for what may still be on its way`)
	f.BoolVar(&a.literalSecrets, "allow-literal-secrets", false, "accept secrets that stand in the configuration")
	f.BoolVar(&a.allowedCommands, "allow-commands", false, "run ${cmd:…} references")
}

// outputFlags are those that say how the result is shown.
func (a *app) outputFlags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&a.format, "format", "text", "text, json, markdown, html or junit")
	f.BoolVar(&a.verbose, "verbose", false, "every id and record instead of the first ones")
}

func (a *app) redactionFlags(c *cobra.Command) {
	f := c.Flags()
	f.BoolVar(&a.noRedact, "no-redact", false, "show card ids and further columns as they are")
	f.StringVar(&a.redactionKey, "redaction-key", "", "file with the key of card tokens (default: one made in your configuration folder)")
	f.BoolVar(&a.allEvents, "all-events", false, "don't cut lists at 100")
}

func envOr(name, otherwise string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return otherwise
}
