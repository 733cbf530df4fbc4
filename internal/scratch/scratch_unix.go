//go:build !windows

package scratch

import (
	"errors"
	"os"
	"syscall"
)

// Variable is the variable of the environment that names the folder.
const Variable = "TMPDIR"

func openGone(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	_ = os.Remove(path) // else it is swept one day
	return f, nil
}

// running reports whether there is a process, or may be one.
func running(pid int) bool { return !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }
