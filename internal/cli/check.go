package cli

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"gcdiag/internal/casefile"
	"gcdiag/internal/connector"
	"gcdiag/internal/diagnosis"
	"gcdiag/internal/gather"
	"gcdiag/internal/render"
	"gcdiag/internal/report"
)

func (a *app) check() *cobra.Command {
	c := &cobra.Command{
		Use:   "check",
		Short: "Diagnose the systems of connectors.yaml",
		Long: `Reads what connectors.yaml names, judges every event at the four steps and prints
the diagnosis. A source that can't be read becomes a gap; the rest is judged.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.checkFormat(); err != nil {
				return err
			}
			started := time.Now()
			d, err := a.diagnose(cmd.Context())
			if err != nil {
				return err
			}
			doc := a.document(d, started)
			if err := a.deliver(doc); err != nil {
				return err
			}
			if cmd.Context().Err() != nil {
				return exit{ExitInterrupted, errors.New("interrupted; what was read until then was judged")}
			}
			return outcome(doc)
		},
	}
	a.timeFlags(c)
	a.outputFlags(c)
	a.redactionFlags(c)
	c.Flags().StringVar(&a.reportFile, "report", "", "save the JSON report to a file, mode 0600")
	return c
}

// checkFormat refuses a format before anything is read.
func (a *app) checkFormat() error {
	err := render.As(io.Discard, a.format, report.Document{}, render.Options{})
	var f *render.FormatError
	if errors.As(err, &f) {
		return usage("use --format text, json or markdown", "%w", err)
	}
	return nil
}

// diagnose reads and judges. When ctx ends, what was read is judged.
func (a *app) diagnose(ctx context.Context) (*diagnosis.Diagnosis, error) {
	c, err := a.gather(ctx)
	if err != nil {
		return nil, err
	}
	return diagnosis.Of(c), nil
}

func (a *app) gather(ctx context.Context) (*casefile.Case, error) {
	cfg, err := connector.Load(a.connectors, connector.Options{AllowLiteralSecrets: a.literalSecrets, AllowCommands: a.allowedCommands})
	if err != nil {
		return nil, exit{ExitUsage, err}
	}
	o := gather.Options{}
	for _, t := range []struct {
		flag, text string
		to         *time.Time
	}{{"since", a.since, &o.Since}, {"until", a.until, &o.Until}, {"as-of", a.asOf, &o.AsOf}} {
		if t.text == "" {
			continue
		}
		if *t.to, err = connector.ParseTime(t.text, cfg.Zone); err != nil {
			return nil, usage("write a date (2026-10-01) or RFC 3339", "--%s: %w", t.flag, err)
		}
	}
	if a.last != "" {
		if o.Last, err = connector.ParseSpan(a.last); err != nil {
			return nil, usage("write 30d, 2w or 48h", "--last: %w", err)
		}
	}
	p := a.progress()
	o.Progress = p.show
	c, err := gather.Run(ctx, cfg, o)
	p.clear()
	if err != nil {
		return nil, exit{ExitUsage, err}
	}
	for i := range c.Systems {
		s := &c.Systems[i]
		for _, r := range s.Reads {
			slog.Info("read", "system", s.Name, "record", r.Record.String(), "rows", r.Rows, "rejected", r.Rejected, "state", r.State.String())
		}
	}
	return c, nil
}

// document writes the diagnosis down.
func (a *app) document(d *diagnosis.Diagnosis, started time.Time) report.Document {
	return report.New(d, a.reportOptions(started))
}

func (a *app) reportOptions(started time.Time) report.Options {
	return report.Options{
		Run:    report.Run{Tool: "gcdiag " + version(), StartedAt: started.UTC().Format(time.RFC3339), FinishedAt: time.Now().UTC().Format(time.RFC3339)},
		Redact: !a.noRedact, Key: a.key(), AllEvents: a.allEvents,
	}
}

// deliver saves and prints the document.
func (a *app) deliver(doc report.Document) error {
	if a.reportFile != "" {
		if err := report.WriteFile(a.reportFile, doc); err != nil {
			return exit{ExitInternal, fmt.Errorf("saving the report: %w", err)}
		}
		fmt.Fprintf(a.errs, "gcdiag: report saved to %s\n", render.Escape(a.reportFile))
	}
	return a.print(doc)
}

func (a *app) print(doc report.Document) error {
	if err := render.As(a.out, a.format, doc, a.look()); err != nil {
		var f *render.FormatError
		if errors.As(err, &f) {
			return usage("use --format text, json or markdown", "%w", err)
		}
		return exit{ExitInternal, fmt.Errorf("printing: %w", err)}
	}
	return nil
}

// outcome is the exit of a verdict.
func outcome(doc report.Document) error {
	switch doc.Outcome.Status {
	case "fault":
		return exit{ExitFault, nil}
	case "inconclusive":
		return exit{ExitInconclusive, nil}
	}
	return nil
}

// look says what the output may use. The terminal is never asked.
func (a *app) look() render.Options {
	o := render.Options{Verbose: a.verbose, ASCII: a.ascii || !utf8Locale()}
	f, _ := a.out.(*os.File)
	tty := f != nil && term.IsTerminal(int(f.Fd()))
	if tty {
		o.Width, _, _ = term.GetSize(int(f.Fd()))
	}
	switch {
	case a.color == "always":
		o.Color = true
	case a.color == "never" || a.plain || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb":
	default:
		forced := os.Getenv("CLICOLOR_FORCE")
		o.Color = tty || forced != "" && forced != "0"
	}
	return o
}

// utf8Locale reports whether the terminal can be trusted to show more than ASCII.
func utf8Locale() bool {
	if runtime.GOOS == "windows" {
		return true
	}
	if os.Getenv("TERM") == "dumb" {
		return false
	}
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := strings.ToLower(os.Getenv(name)); v != "" {
			return strings.Contains(v, "utf-8") || strings.Contains(v, "utf8")
		}
	}
	return true
}

// key is the key of card tokens: the given file's, or one that is made once in
// the user's configuration folder. Where that is impossible, tokens of this run
// can't be compared with those of another.
func (a *app) key() []byte {
	path := a.redactionKey
	if path == "" {
		dir, err := os.UserConfigDir()
		if err == nil {
			path = filepath.Join(dir, "gcdiag", "redaction.key")
		}
	}
	keep := path != ""
	if keep {
		k, err := os.ReadFile(path)
		if err == nil && len(k) >= 16 {
			return k
		}
		keep = errors.Is(err, os.ErrNotExist) // a file that is there is never replaced
	}
	k := make([]byte, 32)
	rand.Read(k)
	text := []byte(hex.EncodeToString(k) + "\n")
	if keep {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err == nil {
			if err = os.WriteFile(path, text, 0o600); err == nil {
				return text
			}
		}
	}
	fmt.Fprintln(a.errs, "gcdiag: the redaction key can't be kept, so card tokens of this report can't be compared with another's")
	return text
}

// startLog sends the log where the flags say.
func (a *app) startLog() error {
	var level slog.Level
	if err := level.UnmarshalText([]byte(a.logLevel)); err != nil {
		return usage("use debug, info, warn or error", "--log-level: unknown level %q", a.logLevel)
	}
	if a.color != "auto" && a.color != "always" && a.color != "never" {
		return usage("use auto, always or never", "--color: unknown word %q", a.color)
	}
	w := a.errs
	if a.logFile != "" {
		f, err := os.OpenFile(a.logFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return usage("", "opening the log: %w", err)
		}
		w, a.closeLog = f, func() { f.Close() }
	}
	slog.SetDefault(slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level})))
	return nil
}

// progress is the line that shows how far reading is: only on a terminal, only
// after a second.
type progress struct {
	w     io.Writer
	on    bool
	shown bool
	begun time.Time
}

func (a *app) progress() *progress {
	f, _ := a.errs.(*os.File)
	return &progress{w: a.errs, on: f != nil && !a.plain && term.IsTerminal(int(f.Fd())), begun: time.Now()}
}

func (p *progress) show(g gather.Progress) {
	took := time.Since(p.begun)
	if !p.on || took < time.Second || g.Total == 0 {
		return
	}
	p.shown = true
	line := fmt.Sprintf("reading %s: %d rows, %d %%", render.Escape(g.Input), g.Rows, g.Read*100/g.Total)
	if len(line) > 76 {
		line = line[:76]
	}
	fmt.Fprintf(p.w, "\r%-78s", line)
}

func (p *progress) clear() {
	if p.shown {
		fmt.Fprintf(p.w, "\r%-78s\r", "")
	}
}
