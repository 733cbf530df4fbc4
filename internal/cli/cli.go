// Package cli is the command line: it reads flags, runs the other rooms in
// order and chooses the exit code. Data goes to standard output, everything
// else to standard error. Main is the only place that prints errors, and
// nothing that comes from a customer's file is printed unescaped.
package cli

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"

	"golang.org/x/term"
)

// The exit codes. They are the same in every format.
const (
	codeSound        = 0
	codeFault        = 1
	codeUsage        = 2
	codeInconclusive = 3
	codeInternal     = 4
	codeInterrupted  = 130
)

// Main runs gcdiag with the arguments of the process and returns its exit code:
// 0 sound, 1 a fault was diagnosed, 2 usage or configuration, 3 inconclusive,
// 4 internal error, 130 interrupted. The first interrupt ends reading and keeps
// what was read, or ends judging; the second one ends the process.
func Main() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	p := &program{in: os.Stdin, out: os.Stdout, err: os.Stderr, now: time.Now, getenv: os.Getenv, windows: runtime.GOOS == "windows"}
	p.inTerminal = term.IsTerminal(int(os.Stdin.Fd()))
	if fd := int(os.Stdout.Fd()); term.IsTerminal(fd) {
		p.outTerminal = true
		p.columns, _, _ = term.GetSize(fd)
	}
	if fd := int(os.Stderr.Fd()); term.IsTerminal(fd) {
		p.errTerminal = true
		p.errColumns, _, _ = term.GetSize(fd)
	}
	return p.run(ctx, os.Args[1:])
}

// program is one run of gcdiag and what it may use of the world.
type program struct {
	in       io.Reader
	out, err io.Writer
	now      func() time.Time
	getenv   func(string) string
	windows  bool

	inTerminal, outTerminal, errTerminal bool
	columns, errColumns                  int // of the terminals; 0: not known

	flags    common
	progress progress
	log      *slog.Logger
	logFile  *os.File
	bound    *bound // of the memory; nil: not set
	code     int    // of the verdict, where no error stands in its way
}

// run executes one command line and returns the exit code.
func (p *program) run(ctx context.Context, args []string) (code int) {
	p.log = slog.New(slog.DiscardHandler)
	defer func() {
		if p.logFile != nil {
			p.logFile.Close()
		}
	}()
	defer func() { p.unboundMemory(code) }()
	defer func() {
		if r := recover(); r != nil {
			p.complain(&bug{what: fmt.Sprint(r)})
			p.log.Debug("panic", "stack", string(debug.Stack()))
			code = codeInternal
		}
	}()
	root := p.root()
	root.SetArgs(args)
	root.SetIn(p.in)
	root.SetOut(p.out)
	root.SetErr(p.err)
	if err := root.ExecuteContext(ctx); err != nil {
		p.complain(err)
		if ctx.Err() != nil {
			return codeInterrupted
		}
		return codeOf(err)
	}
	return p.code
}

// say writes one line for people to standard error.
func (p *program) say(format string, a ...any) {
	p.note("gcdiag: " + fmt.Sprintf(format, a...))
}
