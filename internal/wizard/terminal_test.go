//go:build unix

package wizard

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/term"

	"gcdiag/internal/casefile"
)

// terminal is a real one, read from the other side.
type terminal struct {
	t      *testing.T
	master *os.File
	slave  *os.File
	before *term.State
	mu     sync.Mutex
	seen   bytes.Buffer
	done   chan struct{}
	out    Outcome
	err    error
}

func run2(t *testing.T, ctx context.Context, o Options) *terminal {
	t.Helper()
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	if err := pty.Setsize(slave, &pty.Winsize{Rows: 24, Cols: 80}); err != nil {
		t.Fatal(err)
	}
	x := &terminal{t: t, master: master, slave: slave, done: make(chan struct{})}
	x.before, err = term.GetState(int(slave.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		b := make([]byte, 4096)
		for {
			n, err := master.Read(b)
			x.mu.Lock()
			x.seen.Write(b[:n])
			x.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	o.In, o.Out = slave, slave
	if o.Getenv == nil {
		o.Getenv = func(k string) string { return map[string]string{"TERM": "xterm"}[k] }
	}
	go func() {
		defer close(x.done)
		x.out, x.err = Run(ctx, o)
	}()
	t.Cleanup(func() { slave.Close(); master.Close() })
	return x
}

func (x *terminal) text() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.seen.String()
}

func (x *terminal) waitFor(word string) {
	x.t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if strings.Contains(x.text(), word) {
			return
		}
	}
	x.t.Fatalf("the terminal never showed %q:\n%q", word, x.text())
}

func (x *terminal) keys(s string) { io.WriteString(x.master, s) }

func (x *terminal) ends() {
	x.t.Helper()
	select {
	case <-x.done:
	case <-time.After(10 * time.Second):
		x.t.Fatalf("the wizard does not end:\n%q", x.text())
	}
	after, err := term.GetState(int(x.slave.Fd()))
	if err != nil {
		x.t.Fatal(err)
	}
	if *after != *x.before {
		x.t.Error("the terminal is left in another mode")
	}
	x.waitFor("\x1b[?1049l") // the other screen is left
	x.waitFor("\x1b[?25h")   // the cursor is back
}

func TestTerminalFromStartToASavedReport(t *testing.T) {
	f := newFake(t, "filtered")
	began := time.Now()
	x := run2(t, context.Background(), Options{Engine: f})
	x.waitFor("Where does the gift card handoff break?")
	if first := time.Since(began); first > 2*time.Second {
		t.Errorf("the first frame took %v", first)
	}
	x.keys("G\r")
	x.waitFor("choose what is broken")
	x.keys("\r")
	x.waitFor("FAILS AT STEP 2, FORWARD")
	x.keys("s")
	x.waitFor("Save and share")
	x.keys("\r")
	x.waitFor("Saved as")
	x.keys("q")
	x.ends()
	if x.err != nil || len(x.out.Saved) != 1 {
		t.Errorf("ended with %v, saved %q", x.err, x.out.Saved)
	}
	if strings.Contains(x.text(), "\x1b]11;?") || strings.Contains(x.text(), "\x1b[6n") || strings.Contains(x.text(), "\x1b[?1000h") {
		t.Error("the terminal was asked something, or the mouse is on")
	}
}

func TestTerminalResizes(t *testing.T) {
	d := document(t, "faults")
	x := run2(t, context.Background(), Options{Document: &d, Path: "x.json"})
	x.waitFor("FAILS AT STEP 2")
	if strings.Contains(x.text(), "of the same cards") {
		t.Fatal("the small screen shows it all")
	}
	_ = pty.Setsize(x.slave, &pty.Winsize{Rows: 10, Cols: 50})
	x.signalSize()
	x.waitFor("Make the window larger")
	_ = pty.Setsize(x.slave, &pty.Winsize{Rows: 50, Cols: 160})
	x.signalSize()
	x.waitFor("Hold and release")
	x.keys("q")
	x.ends()
}

func TestTerminalIsRestored(t *testing.T) {
	t.Run("after ctrl+c", func(t *testing.T) {
		x := run2(t, context.Background(), Options{Engine: newFake(t, "faults")})
		x.waitFor("Where does")
		x.keys("\x03")
		x.ends()
		if !errors.Is(x.err, context.Canceled) {
			t.Errorf("error %v", x.err)
		}
	})
	t.Run("when the context ends", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		x := run2(t, ctx, Options{Engine: newFake(t, "faults")})
		x.waitFor("Where does")
		cancel()
		x.ends()
		if !errors.Is(x.err, context.Canceled) {
			t.Errorf("error %v", x.err)
		}
	})
	t.Run("when the terminal hangs up", func(t *testing.T) {
		x := run2(t, context.Background(), Options{Engine: newFake(t, "faults")})
		x.waitFor("Where does")
		_ = syscall.Kill(os.Getpid(), syscall.SIGHUP)
		x.ends()
		if x.err == nil {
			t.Error("no error")
		}
	})
	t.Run("when a key breaks a page", func(t *testing.T) {
		f := newFake(t, "faults")
		f.doc.Findings = nil
		x := run2(t, context.Background(), Options{Engine: brittle{f}})
		x.waitFor("Where does")
		x.keys("G\r")
		x.ends()
		var crash *Crash
		if !errors.As(x.err, &crash) || len(crash.Stack) == 0 {
			t.Errorf("error %v", x.err)
		}
	})
	t.Run("when the engine breaks", func(t *testing.T) {
		f := newFake(t, "faults")
		f.gather = func(context.Context, func(Progress)) (*casefile.Case, error) { panic("the engine broke") }
		x := run2(t, context.Background(), Options{Engine: f, Connectors: []string{"c.yaml"}, Yes: true})
		x.ends()
		if x.err == nil {
			t.Error("no error")
		}
	})
}

// brittle breaks where its scenarios are asked for.
type brittle struct{ *fake }

func (brittle) Scenarios() []Scenario { panic("no scenarios") }

func TestTerminalTakesTheClipboardBetweenFrames(t *testing.T) {
	d := document(t, "faults")
	x := run2(t, context.Background(), Options{Document: &d, Path: "x.json"})
	x.waitFor("FAILS AT STEP 2")
	x.keys("c")
	x.waitFor("Asked the terminal to copy")
	if text := clip(t, x.text()); !strings.Contains(text, "FAILS AT STEP 2") {
		t.Errorf("clipboard %q", text)
	}
	x.keys("q")
	x.ends()
}

// signalSize tells the program that its terminal has another size, as a
// terminal does to the programs in its foreground.
func (x *terminal) signalSize() { _ = syscall.Kill(os.Getpid(), syscall.SIGWINCH) }
