package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"

	"gcdiag/internal/casefile"
	"gcdiag/internal/diagnosis"
	"gcdiag/internal/record"
	"gcdiag/internal/shelf"
)

func TestSizes(t *testing.T) {
	for text, want := range map[string]int64{
		"256MiB": 256 << 20, "1GiB": 1 << 30, "512MB": 512e6, "1.5GiB": 3 << 29, "67108864": 64 << 20, "0": 0, "2 gib": 2 << 30, "100B": 100, "0.0000001kB": 0, "7TiB": 7 << 40,
		"8388607TiB": 8388607 << 40,
	} {
		if got, ok := parseSize(text); !ok || got != want {
			t.Errorf("%q: %d, %v, want %d", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "MiB", "1.5.5GiB", "-1GiB", "1e9", "1/2GiB", "256M", "64 mebibytes", "1,5GiB", ".5GiB", "8388608TiB", strings.Repeat("9", 40), "NaN"} {
		if n, ok := parseSize(text); ok {
			t.Errorf("%q is %d", text, n)
		}
	}
}

func TestMaxMemory(t *testing.T) {
	dir := folder(t, month)
	connectors := filepath.Join(dir, "connectors.yaml")
	for _, args := range [][]string{{"check", "-c", connectors}, {"trace", "m-1", "-c", connectors}, {"demo"}, {"demo", "--files"}, {"--plain"}} {
		for text, want := range map[string]string{"much": `--max-memory "much" is no size`, "63MiB": "--max-memory 63MiB is too little"} {
			p, _, err := machine(nil)
			if code := p.run(t.Context(), append(args, "--max-memory", text)); code != codeUsage || !strings.Contains(err.String(), want) || !strings.Contains(err.String(), "hint: ") {
				t.Errorf("%q: exit %d, %s", args, code, err)
			}
		}
	}
	before := debug.SetMemoryLimit(-1)
	defer debug.SetMemoryLimit(before)
	debug.SetMemoryLimit(70 << 20) // the user's GOMEMLIMIT
	said := func(size string) string {
		p, out, err := machine(nil)
		if code := p.run(context.Background(), []string{"check", "-c", connectors, "--format", "json", "--max-memory", size}); code != codeFault {
			t.Errorf("%s: exit %d, %s", size, code, err)
		}
		if limit := debug.SetMemoryLimit(-1); limit != 70<<20 {
			t.Errorf("the limit is %d afterwards", limit)
		}
		return out.String()
	}
	if said("64MiB") != said("1GiB") {
		t.Error("the report depends on the memory")
	}
	p, _, _ := machine(nil)
	for size, want := range map[string]int64{"64MiB": 60 << 20, "1GiB": 70 << 20} {
		if _, err := p.boundMemory(request{maxMemory: size}); err != nil {
			t.Fatal(err)
		}
		if limit := debug.SetMemoryLimit(-1); limit != want {
			t.Errorf("with %s the limit is %d, want %d", size, limit, want)
		}
		p.unboundMemory(codeSound)
	}
}

// What can't be kept is an error, whatever the judging made of the rest.
func TestLostRecords(t *testing.T) {
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "missing"))
	t.Setenv("TMP", filepath.Join(t.TempDir(), "missing"))
	c := &casefile.Case{}
	b := casefile.NewBuilder(c)
	b.Bound(1)
	for i := range 100 {
		_ = b.Movement(&record.Movement{ID: fmt.Sprint("m-", i)})
	}
	for _, of := range []judging{
		func(*casefile.Case, <-chan struct{}) *diagnosis.Diagnosis { panic("a record that says nothing") },
		func(*casefile.Case, <-chan struct{}) *diagnosis.Diagnosis { return new(diagnosis.Diagnosis) },
	} {
		d, err := judge(c, of, nil)
		var lost *shelf.Error
		if d != nil || !errors.As(err, &lost) || codeOf(err) != codeUsage || !strings.Contains(hintOf(err), "--max-memory") {
			t.Error(d, err)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("another panic was swallowed")
		}
	}()
	_, _ = judge(&casefile.Case{}, func(*casefile.Case, <-chan struct{}) *diagnosis.Diagnosis { panic("a mistake") }, nil)
}
