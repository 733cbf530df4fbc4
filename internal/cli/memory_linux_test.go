package cli

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestMachineMemory(t *testing.T) {
	if n := machineMemory(); n < 64*mib {
		t.Errorf("this machine has %d bytes", n)
	}
	if peak := peakMemory(); peak < mib {
		t.Errorf("this process has had %d bytes", peak)
	}
	if n := memTotal([]byte("MemTotal:       24684276 kB\nMemFree: 1 kB\n")); n != 24684276<<10 {
		t.Error(n)
	}
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	two, one := write("two", "0::/user.slice/run.scope\n"), write("one", "12:cpu,cpuacct:/x\n5:memory:/docker/abc\n0::/\n")
	if got := groupsOf(two); !slices.Equal(got, []string{"/user.slice/run.scope", "/"}) {
		t.Errorf("%q", got)
	}
	if got := groupsOf(one); !slices.Equal(got, []string{"/memory/docker/abc", "/memory", "/", "/"}) {
		t.Errorf("%q", got)
	}
	write("v2/user.slice/memory.max", "1000\n")
	write("v2/user.slice/run.scope/memory.max", "max\n")
	write("v1/memory/docker/abc/memory.limit_in_bytes", "9223372036854771712\n")
	write("v1/memory/memory.limit_in_bytes", "3000\n")
	for _, x := range []struct {
		n            int64
		mount, group string
		want         int64
	}{{5000, "v2", two, 1000}, {500, "v2", two, 500}, {0, "v2", two, 1000}, {5000, "v1", one, 3000}, {5000, "none", two, 5000}, {0, "none", two, 0}} {
		if got := leastLimit(x.n, filepath.Join(dir, x.mount), groupsOf(x.group)); got != x.want {
			t.Errorf("%+v: %d", x, got)
		}
	}
}
