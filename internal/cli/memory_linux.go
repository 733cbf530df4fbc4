package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// machineMemory is how many bytes of memory this process may ever get: those of
// the machine, or of the control groups that it is in. 0 where that is not known.
func machineMemory() int64 {
	text, _ := os.ReadFile("/proc/meminfo")
	return leastLimit(memTotal(text), "/sys/fs/cgroup", groupsOf("/proc/self/cgroup"))
}

// memTotal is the memory that /proc/meminfo tells.
func memTotal(text []byte) int64 {
	for line := range bytes.Lines(text) {
		if f := strings.Fields(string(line)); len(f) == 3 && f[0] == "MemTotal:" && f[2] == "kB" {
			n, _ := strconv.ParseInt(f[1], 10, 64)
			return n << 10
		}
	}
	return 0
}

// groupsOf lists the folders of the control groups that may limit memory, below
// where they are mounted.
func groupsOf(path string) []string {
	text, _ := os.ReadFile(path)
	var out []string
	for line := range strings.Lines(string(text)) {
		f := strings.SplitN(strings.TrimSpace(line), ":", 3)
		switch {
		case len(f) < 3:
		case f[1] == "": // version 2
			out = append(out, f[2])
		case strings.Contains(","+f[1]+",", ",memory,"): // version 1
			out = append(out, "/memory"+f[2], "/memory")
		}
	}
	return append(out, "/") // in a container, its own
}

// leastLimit is the least of n, where it is known, and what the groups and those
// above them allow.
func leastLimit(n int64, mount string, groups []string) int64 {
	for _, g := range groups {
		for g = filepath.Clean("/" + g); ; g = filepath.Dir(g) {
			for _, name := range []string{"memory.max", "memory.limit_in_bytes"} {
				text, err := os.ReadFile(filepath.Join(mount, g, name))
				if err != nil {
					continue
				}
				limit, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64) // "max" is none
				if err == nil && limit > 0 && (n == 0 || limit < n) {
					n = limit
				}
			}
			if g == "/" {
				break
			}
		}
	}
	if n >= 1<<62 { // how version 1 says that there is no limit
		return 0
	}
	return n
}

// peakMemory is the most bytes of memory that this process has had, 0 where that
// is not known.
func peakMemory() int64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return int64(u.Maxrss) << 10
}
