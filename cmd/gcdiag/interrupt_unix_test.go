//go:build unix

package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestInterrupt sends gcdiag a signal while it reads: it keeps and judges what it
// has, saves the partial report and ends with 130. More than a thousand little
// files, each with a line in the log, make it wait for this test to read its log,
// so that the signal always comes while files are left.
func TestInterrupt(t *testing.T) {
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		t.Run(sig.String(), func(t *testing.T) {
			dir := t.TempDir()
			write := func(name, text string) {
				t.Helper()
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			write("connectors.yaml", `version: 1
window: {since: 2026-10-01, until: 2026-11-01}
ledger: {liability_accounts: ["2400"], currency: USD}
connectors:
  - {role: platform, name: Shop, probe: file, files: {movements: m-*.csv}}
  - {role: erp, name: Books, probe: file, files: {postings: erp.csv}}
`)
			write("erp.csv", "id,ref,kind,dated,account,amount\np-0,m-0,load,2026-10-05,2400,50.00\n")
			for i := range 1500 {
				write(fmt.Sprintf("m-%04d.csv", i), fmt.Sprintf("id,kind,card,amount,at\nm-%d,load,c-%d,50.00,2026-10-05T10:00:00Z\n", i, i))
			}
			cmd := exec.Command("gcdiag", "check", "--log-level", "debug", "--report", "partial.json")
			cmd.Dir = dir
			cmd.Env = append(os.Environ(), "XDG_CONFIG_HOME="+dir, "HOME="+dir)
			stderr, err := cmd.StderrPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			log := bufio.NewReaderSize(stderr, 16)
			for line := ""; !strings.Contains(line, "m-0050.csv"); {
				if line, err = log.ReadString('\n'); err != nil {
					t.Fatal(err)
				}
			}
			if err := cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, log); err != nil {
				t.Fatal(err)
			}
			var exit *exec.ExitError
			if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 130 {
				t.Fatalf("it ended with %v, want exit code 130", err)
			}
			b, err := os.ReadFile(filepath.Join(dir, "partial.json"))
			if err != nil {
				t.Fatal(err)
			}
			var doc struct {
				Run     struct{ Complete bool }
				Systems []struct{ Reads []struct{ Read int } }
			}
			if err := json.Unmarshal(b, &doc); err != nil {
				t.Fatal(err)
			}
			if n := doc.Systems[0].Reads[0].Read; doc.Run.Complete || n < 50 || n == 1500 {
				t.Errorf("complete %v with %d of 1500 movements", doc.Run.Complete, n)
			}
		})
	}
}
