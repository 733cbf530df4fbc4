package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"gcdiag/internal/cli"
	"os"
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
			e.Setenv("LANG", "C.UTF-8")
			return os.MkdirAll(e.WorkDir+"/home", 0o700)
		},
	})
}
