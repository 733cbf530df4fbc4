package scratch

import (
	"errors"
	"os"
	"syscall"
)

// Variable is the variable of the environment that names the folder.
const Variable = "TMP"

const deleteOnClose = 0x04000000 // FILE_FLAG_DELETE_ON_CLOSE

func openGone(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL|deleteOnClose, 0o600)
}

// running reports whether there is a process, or may be one.
func running(pid int) bool {
	p, err := os.FindProcess(pid)
	if err == nil {
		_ = p.Release()
	}
	const invalidParameter = syscall.Errno(87) // there is none
	return !errors.Is(err, invalidParameter)
}
