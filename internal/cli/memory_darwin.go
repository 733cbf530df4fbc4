package cli

import (
	"encoding/binary"
	"syscall"
)

// machineMemory is how many bytes of memory the machine has, 0 where that is not
// known.
func machineMemory() int64 {
	s, err := syscall.Sysctl("hw.memsize") // eight bytes, without the last one if that is zero
	if err != nil || len(s) > 8 {
		return 0
	}
	var b [8]byte
	copy(b[:], s)
	return int64(binary.LittleEndian.Uint64(b[:]))
}

// peakMemory is the most bytes of memory that this process has had, 0 where that
// is not known.
func peakMemory() int64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return u.Maxrss
}
