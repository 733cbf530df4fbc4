//go:build unix

package quiet_test

import (
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	_ "github.com/charmbracelet/bubbletea" // asks the terminal in an init
	"github.com/creack/pty"

	"gcdiag/internal/quiet"
)

// A program with bubbletea in it starts at once on a terminal that answers
// nothing, asks it nothing, and finds its environment as it was.
func TestStartDoesNotStall(t *testing.T) {
	if os.Getenv("QUIET_TEST") != "" {
		before := os.Getenv("CI")
		quiet.Restore()
		quiet.Restore()
		after, there := os.LookupEnv("CI")
		_, _ = os.Stdout.WriteString("before=" + before + " after=" + after + " there=" + map[bool]string{true: "yes", false: "no"}[there] + ".")
		os.Exit(0)
	}
	for _, c := range []struct{ ci, want string }{{"", "before=true after= there=no."}, {"CI=mine", "before=mine after=mine there=yes."}} {
		self := exec.Command(os.Args[0], "-test.run=TestStartDoesNotStall")
		for _, kv := range os.Environ() {
			if !strings.HasPrefix(kv, "CI=") && !strings.HasPrefix(kv, "TERM=") {
				self.Env = append(self.Env, kv)
			}
		}
		self.Env = append(self.Env, "QUIET_TEST=1", "TERM=xterm-256color")
		if c.ci != "" {
			self.Env = append(self.Env, c.ci)
		}
		began := time.Now()
		master, err := pty.Start(self)
		if err != nil {
			t.Fatal(err)
		}
		out, _ := io.ReadAll(master)
		_ = self.Wait()
		master.Close()
		if took := time.Since(began); took > 4*time.Second {
			t.Errorf("it took %v to start", took)
		}
		if strings.Contains(string(out), "\x1b") {
			t.Errorf("the terminal was asked: %q", out)
		}
		if !strings.Contains(string(out), c.want) {
			t.Errorf("environment %q, want %q", out, c.want)
		}
	}
}
