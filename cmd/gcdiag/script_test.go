package main

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"gcdiag/internal/cli"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"gcdiag": func() { os.Exit(cli.Main()) }})
}

// TestScripts runs the stories under testdata/script, each as a user would.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", e.WorkDir+"/home")
			e.Setenv("XDG_CONFIG_HOME", e.WorkDir+"/home/.config")
			e.Setenv("TMPDIR", e.WorkDir+"/tmp")
			e.Setenv("LANG", "C.UTF-8")
			return errors.Join(os.MkdirAll(e.WorkDir+"/home", 0o700), os.MkdirAll(e.WorkDir+"/tmp", 0o700))
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"code": code, "mode": mode, "fill": fill, "unquote-bytes": unquoteBytes, "serve": serve, "subst": subst},
	})
}

// serve answers on a port of this machine with the files of a folder and puts the
// address into an environment variable: serve SHOP folder. The file of /v1/events
// is v1_events.json, and v1_events.cursor=p2.json where the query says so; a
// file that begins with !401 answers with that status.
func serve(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: serve VARIABLE FOLDER")
	}
	folder := ts.MkAbs(args[1])
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.ReplaceAll(strings.Trim(r.URL.Path, "/"), "/", "_")
		for _, k := range []string{"cursor", "page", "offset"} {
			if v := r.URL.Query().Get(k); v != "" && v != "0" && v != "1" {
				name += "." + k + "=" + v
			}
		}
		b, err := os.ReadFile(filepath.Join(folder, name+".json"))
		status := http.StatusOK
		switch {
		case err != nil:
			status = http.StatusNotFound
		case bytes.HasPrefix(b, []byte("!")):
			status, _ = strconv.Atoi(string(b[1:4]))
			b = b[4:]
		}
		w.WriteHeader(status)
		w.Write(b)
	}))
	ts.Defer(s.Close)
	ts.Setenv(args[0], s.URL)
}

// subst copies a file with the addresses of servers filled in: subst FROM TO.
func subst(ts *testscript.TestScript, _ bool, args []string) {
	text := ts.ReadFile(args[0])
	for _, name := range []string{"SHOP", "RELAY", "BOOKS"} {
		text = strings.ReplaceAll(text, "${"+name+"}", ts.Getenv(name))
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text), 0o600))
}

// code runs gcdiag and demands an exit code: code 3 check --plain.
func code(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: code N [argument…]")
	}
	err := ts.Exec("gcdiag", args[1:]...)
	got := 0
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		got = exit.ExitCode()
	case err != nil:
		ts.Fatalf("gcdiag: %v", err)
	}
	if fmt.Sprint(got) != args[0] {
		ts.Fatalf("exit code %d, want %s\n%s", got, args[0], ts.ReadFile("stderr"))
	}
}

// mode demands a file's permissions: mode 600 report.json.
func mode(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: [!] mode PERMISSIONS FILE")
	}
	info, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	if is := fmt.Sprintf("%o", info.Mode().Perm()) == args[0]; is == neg {
		ts.Fatalf("%s has the permissions %o", args[1], info.Mode().Perm())
	}
}

// fill appends one line of so many bytes to a file: fill 1000 big.csv.
func fill(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	f, err := os.OpenFile(ts.MkAbs(args[1]), os.O_APPEND|os.O_WRONLY, 0)
	ts.Check(err)
	_, err = f.Write(append(bytes.Repeat([]byte("x"), n), '\n'))
	ts.Check(errors.Join(err, f.Close()))
}

// unquote-bytes replaces \x.. and the like in files by the bytes they stand for.
func unquoteBytes(ts *testscript.TestScript, _ bool, files []string) {
	for _, f := range files {
		var out strings.Builder
		for _, line := range strings.SplitAfter(ts.ReadFile(f), "\n") {
			text, end := strings.CutSuffix(line, "\n")
			s, err := strconv.Unquote(`"` + strings.ReplaceAll(text, `"`, `\"`) + `"`)
			ts.Check(err)
			out.WriteString(s)
			if end {
				out.WriteString("\n")
			}
		}
		ts.Check(os.WriteFile(ts.MkAbs(f), []byte(out.String()), 0o600))
	}
}
