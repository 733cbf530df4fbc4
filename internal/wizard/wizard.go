// Package wizard leads a person from nothing to a diagnosis: it asks, has the
// systems read, and shows the report page by page. It is one bubbletea model
// with dumb pages: a page holds what it shows, every key is one of keys.go,
// every colour one of styles.go, and whatever touches the world happens in a
// command that calls the Engine. It judges nothing: all it shows stands in a
// report.Document.
//
// The same questions can be asked line by line (Options.Plain), for screen
// readers and terminals that can't be drawn on.
package wizard

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
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"gcdiag/internal/report"
)

// Options are what a run of the wizard may use.
type Options struct {
	Engine Engine // may be nil where Document is set and nothing is to be saved
	In     io.Reader
	Out    io.Writer           // a terminal, unless Plain
	Getenv func(string) string // os.Getenv if nil
	Now    func() time.Time    // time.Now if nil

	Tool    string // as reports name it: "gcdiag 0.1.0"
	Plain   bool   // line by line
	ASCII   bool   // nothing beyond ASCII
	NoColor bool   // NO_COLOR is heeded without it
	Yes     bool   // with Connectors[0]: run at once

	// Connectors are the configurations that were found, the likeliest first.
	Connectors []string
	// Folder is a folder of exports to begin with; "" to ask.
	Folder string
	// Document opens the result pages on a saved report alone; Path is its file.
	Document *report.Document
	Path     string
}

// Outcome is how a run ended.
type Outcome struct {
	// Document is the last report that was shown, or nil.
	Document *report.Document
	// Saved are the files that were written.
	Saved []string
	// Leave is text that the person asked to have printed once the terminal is
	// free again; whoever called prints it to standard output.
	Leave string
}

// NeedsPlain reports whether a terminal can only be talked to line by line:
// TERM is dumb or unset, or ACCESSIBLE is set.
func NeedsPlain(getenv func(string) string) bool {
	return getenv("TERM") == "dumb" || getenv("TERM") == "" || getenv("ACCESSIBLE") != ""
}

// NeedsASCII reports whether the locale has no UTF-8.
func NeedsASCII(getenv func(string) string) bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := getenv(name); v != "" {
			v = strings.ToLower(v)
			return !strings.Contains(v, "utf-8") && !strings.Contains(v, "utf8")
		}
	}
	return true
}

// Run leads through the pages until the person leaves. The terminal is as it
// was when Run returns, also after a panic, which comes back as a *Crash. When
// ctx ends or the person leaves with ctrl+c, the error is context.Canceled or
// what ctx says; the outcome then holds what there was. Signals that end the
// program end it in good order. Out must be the terminal itself, an *os.File,
// for its size to be known.
func Run(ctx context.Context, o Options) (Outcome, error) {
	if o.Getenv == nil {
		o.Getenv = os.Getenv
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Plain {
		return runPlain(ctx, o)
	}
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGHUP) // bubbletea heeds the other signals
	defer stop()
	out := &screen{w: o.Out}
	m := newModel(ctx, o, out)
	p := tea.NewProgram(m, tea.WithAltScreen(), tea.WithInput(o.In), tea.WithOutput(out.writer()))
	// Quitting waits for the reader of the keys; a context of the program's own would not.
	defer context.AfterFunc(ctx, p.Quit)()
	_, err := run(p)
	m.cancel()
	result := m.outcome()
	switch {
	case ctx.Err() != nil:
		err = ctx.Err()
	case m.broke, errors.Is(err, tea.ErrInterrupted):
		err = context.Canceled
	case m.crash != nil:
		err = m.crash
	}
	return result, err
}

// run turns a panic that bubbletea let through into an error.
func run(p *tea.Program) (m tea.Model, err error) {
	defer func() {
		if r := recover(); r != nil {
			_ = p.ReleaseTerminal()
			err = &Crash{What: fmt.Sprint(r), Stack: debug.Stack()}
		}
	}()
	return p.Run()
}

// Crash is an error of the wizard itself. The terminal was restored before.
type Crash struct {
	What  string
	Stack []byte
}

func (c *Crash) Error() string { return "the wizard stopped: " + c.What }

// quote is a word as a POSIX shell takes it.
func quote(s string) string {
	if s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:/@%+=,") == "" && s[0] != '-' {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
