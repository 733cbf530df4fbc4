package file

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"gcdiag/internal/record"
)

// TestSurveysTellTheSame reads an export of many files, most of which can be
// read in two ways, with what is known of the others and without.
func TestSurveysTellTheSame(t *testing.T) {
	dir := t.TempDir()
	var paths []string
	for i := range 12 {
		at := "3/4/2026"
		if i == 7 {
			at = "10/24/2026"
		}
		path := filepath.Join(dir, fmt.Sprintf("day-%02d.csv", i))
		if err := os.WriteFile(path, fmt.Appendf(nil, "id,card,kind,amount,at\nm-%d,c-%d,load,50.00,%s\n", i, i, at), 0o600); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	all := new(Surveys)
	for _, path := range paths {
		spec := Spec{Record: record.Movements, Path: path, Currency: usd, Beside: paths}
		var alone, known collected
		want, err := Read(context.Background(), spec, &alone, nil)
		if err != nil {
			t.Fatal(err)
		}
		spec.Surveys = all
		got, err := Read(context.Background(), spec, &known, nil)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(want, got) || !reflect.DeepEqual(alone, known) {
			t.Errorf("%s: with surveys %v %v, without %v %v", path, got, known, want, alone)
		}
		if len(known.movements) != 1 {
			t.Errorf("%s: %s", path, known.reasons())
		}
	}
	if len(all.of) != len(paths) {
		t.Errorf("%d surveys of %d files", len(all.of), len(paths))
	}
}
