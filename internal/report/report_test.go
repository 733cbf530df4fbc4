package report

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the sample documents in canonical form")

// samples are the documents that stand for real reports in tests.
func samples(t *testing.T) map[string]Document {
	t.Helper()
	paths, err := filepath.Glob("testdata/*.json")
	if err != nil || len(paths) < 6 {
		t.Fatalf("samples: %v, %v", paths, err)
	}
	docs := map[string]Document{}
	for _, p := range paths {
		f, err := os.Open(p)
		if err != nil {
			t.Fatal(err)
		}
		d, err := Decode(f)
		f.Close()
		if err != nil {
			t.Fatalf("%s: %v", p, err)
		}
		docs[strings.TrimSuffix(filepath.Base(p), ".json")] = d
	}
	return docs
}
