package probes

import (
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gcdiag/internal/conformance"
	"gcdiag/internal/probe"
)

var update = flag.Bool("update", false, "rewrite the golden rows")

func packs(t *testing.T) []*probe.Pack {
	t.Helper()
	list, err := probe.LoadFS(FS, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(list) == 0 {
		t.Fatal("there are no packs")
	}
	return list
}

// TestPacks proves every pack with its examples; a pack without any fails. With
// -short only some of the answers are broken.
func TestPacks(t *testing.T) {
	for _, p := range packs(t) {
		folders, err := filepath.Glob(filepath.Join("testdata", p.Name+"@*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, folder := range append([]string{filepath.Join("testdata", p.Name)}, folders...) {
			t.Run(filepath.Base(folder), func(t *testing.T) {
				t.Parallel()
				if *update {
					golden, err := conformance.Rows(t.Context(), p, os.DirFS(folder))
					if err != nil {
						t.Fatal(err)
					}
					if err := golden.Save(filepath.Join(folder, "golden")); err != nil {
						t.Fatal(err)
					}
				}
				if _, err := conformance.Run(t.Context(), p, os.DirFS(folder), testing.Short()); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// TestExamplesHavePacks finds examples whose pack is gone.
func TestExamplesHavePacks(t *testing.T) {
	var names []string
	for _, p := range packs(t) {
		names = append(names, p.Name)
	}
	folders, err := fs.ReadDir(os.DirFS("testdata"), ".")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range folders {
		if name, _, _ := strings.Cut(f.Name(), "@"); !slices.Contains(names, name) {
			t.Errorf("testdata/%s belongs to no pack", f.Name())
		}
	}
}
