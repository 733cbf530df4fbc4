// Package internal holds the floor plan's test: which room may know which.
package internal

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// rank is the floor plan: a room may import rooms of lower rank only.
var rank = map[string]int{
	"internal/quiet": 0, "internal/money": 0, "internal/ident": 0, "internal/redact": 0, "internal/spell": 0, "internal/wording": 0, "internal/scratch": 0, "internal/crew": 0,
	"internal/record": 1, "internal/finding": 1, "internal/shelf": 1,
	"internal/casefile": 2, "internal/connector": 2,
	"internal/probe": 3, "internal/source/file": 3, "internal/trace": 3,
	"internal/source/http": 4, "internal/step": 4,
	"internal/gather": 5, "internal/conformance": 5, "internal/diagnosis": 5, "internal/sandbox": 5,
	"internal/report": 6, "internal/simulator": 6, "probes": 6,
	"internal/render": 7, "internal/answers": 7,
	"internal/wizard": 8,
	"internal/cli":    9,
	"cmd/gcdiag":      10,
}

// judging rooms decide and never touch the world; reading rooms touch it and
// never decide. They meet in record and casefile.
var (
	judging = []string{"internal/trace", "internal/step", "internal/diagnosis"}
	reading = []string{"gcdiag/internal/connector", "gcdiag/internal/probe", "gcdiag/internal/source/file", "gcdiag/internal/source/http", "gcdiag/internal/gather"}
	world   = []string{"os", "net", "net/http", "database/sql", "context", "io/fs", "path/filepath", "os/exec"}
)

// owner is the one room that may use a library.
var owner = map[string][]string{
	"github.com/xuri/excelize/v2":              {"internal/source/file"},
	"gopkg.in/yaml.v3":                         {"internal/connector", "internal/probe", "internal/conformance"},
	"github.com/itchyny/gojq":                  {"internal/probe"},
	"github.com/go-resty/resty/v2":             {"internal/source/http"},
	"golang.org/x/oauth2":                      {"internal/source/http"},
	"github.com/golang-jwt/jwt/v5":             {"internal/source/http"},
	"github.com/dghubble/oauth1":               {"internal/source/http"},
	"github.com/zalando/go-keyring":            {"internal/connector"},
	"github.com/spf13/cobra":                   {"internal/cli"},
	"github.com/charmbracelet/bubbletea":       {"internal/wizard"},
	"github.com/charmbracelet/bubbles":         {"internal/wizard"},
	"github.com/charmbracelet/lipgloss":        {"internal/wizard", "internal/render"},
	"github.com/charmbracelet/x/ansi":          {"internal/wizard"},
	"github.com/muesli/termenv":                {"internal/wizard"},
	"github.com/santhosh-tekuri/jsonschema/v6": {},
}

// guests are the only rooms that may import a room, beside tests.
var guests = map[string][]string{"internal/simulator": {"internal/cli"}}

// topLevel is all that may stand at the top of the repository.
var topLevel = []string{"cmd", "internal", "probes", "connectors.yaml.example", "go.mod", "go.sum", "README.md", "ARCHITECTURE.md", "CHANGELOG.md", "LICENSE"}

type imports struct {
	room, file string
	paths      []string
}

func program(t *testing.T) []imports {
	t.Helper()
	var out []imports
	for _, top := range []string{"internal", "cmd"} {
		err := filepath.WalkDir(filepath.Join("..", top), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() && d.Name() == "testdata" {
				if d != nil && d.IsDir() && d.Name() == "testdata" {
					return filepath.SkipDir
				}
				return err
			}
			if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return nil
			}
			f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
			if err != nil {
				return err
			}
			room := filepath.ToSlash(filepath.Dir(strings.TrimPrefix(path, ".."+string(filepath.Separator))))
			i := imports{room: room, file: path}
			for _, s := range f.Imports {
				p, _ := strconv.Unquote(s.Path.Value)
				i.paths = append(i.paths, p)
			}
			out = append(out, i)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(out) < 20 {
		t.Fatalf("only %d files found", len(out))
	}
	return out
}

func TestImportsGoDown(t *testing.T) {
	for _, i := range program(t) {
		from, known := rank[i.room]
		if !known {
			t.Errorf("%s: room %s is not on the floor plan", i.file, i.room)
			continue
		}
		for _, p := range i.paths {
			room, ours := strings.CutPrefix(p, "gcdiag/")
			if to, known := rank[room]; ours && (!known || to >= from) {
				t.Errorf("%s (rank %d) imports %s", i.file, from, room)
			}
			if may, kept := guests[room]; ours && kept && !slices.Contains(may, i.room) {
				t.Errorf("%s imports %s, which is for %v alone", i.file, room, may)
			}
		}
	}
}

func TestTheWall(t *testing.T) {
	for _, i := range program(t) {
		if !slices.Contains(judging, i.room) {
			continue
		}
		for _, p := range i.paths {
			if slices.Contains(world, p) || slices.Contains(reading, p) || p == "gcdiag/internal/sandbox" {
				t.Errorf("%s judges and imports %s", i.file, p)
			}
		}
	}
}

func TestOneLibraryOneRoom(t *testing.T) {
	for _, i := range program(t) {
		for _, p := range i.paths {
			for lib, rooms := range owner {
				if (p == lib || strings.HasPrefix(p, lib+"/")) && !slices.Contains(rooms, i.room) {
					t.Errorf("%s imports %s, which belongs to %v", i.file, lib, rooms)
				}
			}
		}
	}
}

func TestTopLevel(t *testing.T) {
	entries, err := os.ReadDir("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") && !slices.Contains(topLevel, e.Name()) {
			t.Errorf("%s stands at the top of the repository", e.Name())
		}
	}
}
