package scratch

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
)

func files(t *testing.T, folder string) (out []string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

// The file has no name, or one of which the system will remove it; files of
// processes that run no more are removed, and nothing else is.
func TestLeftovers(t *testing.T) {
	dead := exec.Command(os.Args[0], "-test.run=^$")
	if err := dead.Run(); err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	gone := fmt.Sprintf("%s%d-X", prefix, dead.Process.Pid)
	stay := []string{fmt.Sprintf("%s%d-X", prefix, os.Getpid()), fmt.Sprintf("%s%d-X", prefix, os.Getppid()), prefix + "x", prefix + "-1-x", prefix + "0-x", "gcdiag-demo-7", fmt.Sprintf("gcdiag-%d", dead.Process.Pid), "else"}
	for _, name := range append(stay, gone) {
		if err := os.WriteFile(filepath.Join(folder, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	directory := fmt.Sprintf("%s%d-folder", prefix, dead.Process.Pid)
	if err := os.Mkdir(filepath.Join(folder, directory), 0o700); err != nil {
		t.Fatal(err)
	}
	stay = append(stay, directory)
	f, err := Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" {
		info, err := f.Stat()
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Error(info.Mode(), err)
		}
		slices.Sort(stay)
		if left := files(t, folder); !slices.Equal(left, stay) {
			t.Errorf("there are %q, want %q", left, stay)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(stay)
	if left := files(t, folder); !slices.Equal(left, stay) {
		t.Errorf("in the end there are %q, want %q", left, stay)
	}
}

// What is written is not what stands there, and any part of it can be read back.
func TestCipher(t *testing.T) {
	text := bytes.Repeat([]byte("gift card 6036281234567890, "), 20)
	c := NewCipher()
	for _, at := range []int64{0, 1, 15, 16, 4099} {
		stored := bytes.Clone(text)
		c.Apply(stored, at)
		if bytes.Contains(stored, []byte("6036")) {
			t.Errorf("at %d, the text can be read", at)
		}
		for _, part := range [][2]int{{0, len(text)}, {1, 2}, {17, 40}, {100, len(text)}} {
			got := bytes.Clone(stored[part[0]:part[1]])
			if c.Apply(got, at+int64(part[0])); !bytes.Equal(got, text[part[0]:part[1]]) {
				t.Errorf("at %d, %v: %q", at, part, got)
			}
		}
		other := bytes.Clone(stored)
		if NewCipher().Apply(other, at); bytes.Contains(other, []byte("gift")) {
			t.Error("two ciphers have one key")
		}
	}
}
