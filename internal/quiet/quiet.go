// Package quiet keeps a library from asking the terminal a question while the
// program starts: bubbletea asks for the background colour in an init, and on a
// terminal that does not answer every command would stall for seconds. The
// question is not asked where CI is set, so this package sets it where it is
// not, and Restore takes it away again.
//
// Go initialises, of all packages whose imports are ready, the one whose import
// path sorts first. This one imports only os, as bubbletea does too, and
// "gcdiag/internal/quiet" sorts before "github.com/charmbracelet/bubbletea": it
// is always first, wherever in the program it is imported. Main imports it, so
// that no other import can take it away.
package quiet

import "os"

var set bool

func init() {
	if _, there := os.LookupEnv("CI"); !there {
		set = os.Setenv("CI", "true") == nil
	}
}

// Restore gives the environment back as it was found. Main calls it before
// anything else; calling it again does nothing.
func Restore() {
	if set {
		set = os.Unsetenv("CI") != nil
	}
}
