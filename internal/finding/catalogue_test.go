package finding

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// declared reads the codes from the source, so that a code can't be forgotten.
func declared(t *testing.T) []Code {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), "finding.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var codes []Code
	ast.Inspect(f, func(n ast.Node) bool {
		if s, ok := n.(*ast.ValueSpec); ok {
			if id, ok := s.Type.(*ast.Ident); ok && id.Name == "Code" {
				for _, v := range s.Values {
					c, err := strconv.Unquote(v.(*ast.BasicLit).Value)
					if err != nil {
						t.Fatal(err)
					}
					codes = append(codes, Code(c))
				}
			}
		}
		return true
	})
	return codes
}

func TestEveryCodeHasOneEntryAndEveryEntryACode(t *testing.T) {
	var entries []Code
	for _, e := range All() {
		entries = append(entries, e.Code)
	}
	if want := declared(t); len(want) < 60 || !slices.Equal(entries, want) {
		t.Errorf("entries and constants differ, or stand in another order:\nentries   %q\nconstants %q", entries, want)
	}
}

func TestEntriesAreComplete(t *testing.T) {
	classes := map[Class]bool{Fault: true, Timing: true, BenignShape: true, OutOfScope: true, PlatformAnomaly: true, BusinessException: true, EvidenceGap: true, Risk: true}
	titles := map[string]Code{}
	for _, e := range All() {
		if !classes[e.Class] {
			t.Errorf("%s: class %q", e.Code, e.Class)
		}
		if (e.Class == Fault) != (len(e.Steps) > 0) || !slices.IsSorted(e.Steps) || slices.ContainsFunc(e.Steps, func(s int) bool { return s < 1 || s > 4 }) {
			t.Errorf("%s: steps %v", e.Code, e.Steps)
		}
		if other, ok := titles[e.Title]; ok {
			t.Errorf("%s has the title of %s", e.Code, other)
		}
		titles[e.Title] = e.Code
		if e.Title == "" || utf8.RuneCountInString(e.Title) > 55 || strings.HasSuffix(e.Title, ".") {
			t.Errorf("%s: title %q is no short noun phrase", e.Code, e.Title)
		}
		for name, text := range map[string]string{"cause": e.Cause, "hint": e.Hint} {
			if strings.Contains(text, "\n") {
				t.Errorf("%s: %s has more than one line", e.Code, name)
			}
		}
		for name, text := range map[string]string{"cause": e.Cause, "hint": e.Hint, "meaning": e.Meaning, "basis": e.Basis, "confirm": e.Confirm, "repair": e.Repair, "confused": e.Confused} {
			if text == "" || text != strings.TrimSpace(text) || !strings.ContainsAny(text[len(text)-1:], ".?") {
				t.Errorf("%s: %s is not made of sentences: %q", e.Code, name, text)
			}
			for _, p := range strings.Split(text, "\n\n") {
				if n := len(strings.Fields(p)); n > 90 {
					t.Errorf("%s: %s has a paragraph of %d words", e.Code, name, n)
				}
			}
		}
	}
}

// Codes named in prose must exist, or "gcdiag explain" would send readers nowhere.
func TestConfusedNamesACode(t *testing.T) {
	for _, e := range All() {
		found := false
		for _, other := range All() {
			found = found || other.Code != e.Code && strings.Contains(e.Confused, string(other.Code))
		}
		if !found {
			t.Errorf("%s: what it is confused with names no other code", e.Code)
		}
		for i, s := range strings.Split(e.Confused, ". ") {
			word, _, isCode := strings.Cut(s, ":")
			if _, ok := Lookup(Code(word)); isCode && i == 0 && strings.Contains(word, "-") && !strings.Contains(word, " ") && !ok {
				t.Errorf("%s: no code %q", e.Code, word)
			}
		}
	}
}

func TestLookup(t *testing.T) {
	if e, ok := Lookup(Filtered); !ok || e.Class != Fault || e.Code != Filtered {
		t.Errorf("Lookup(filtered) = %+v, %v", e, ok)
	}
	if _, ok := Lookup("filter"); ok {
		t.Error("a word that is no code was found")
	}
}

func TestAllCannotBeSpoiled(t *testing.T) {
	All()[0].Title = "spoiled"
	if All()[0].Title == "spoiled" {
		t.Error("All hands out the catalogue itself")
	}
}

func TestNear(t *testing.T) {
	for word, want := range map[string]Code{
		"filterd":         Filtered,
		"FILTERED":        Filtered,
		"mapping_amount":  MappingAmount,
		"wrong account":   WrongAccount,
		"wrongaccount":    WrongAccount,
		"no-feeds":        NoFeed,
		"outgae":          Outage,
		"orfan":           Orphan,
		"rule":            NoRule,
		"correction":      CorrectionRepeated,
		"unlogged-events": Unlogged,
	} {
		if got := Near(word); len(got) == 0 || len(got) > 3 || !slices.Contains(got, want) {
			t.Errorf("Near(%q) = %q, lacks %q", word, got, want)
		}
	}
	for _, word := range []string{"", "  ", "zzzzzzzzzz", "\x00", strings.Repeat("a", 1<<16)} {
		if got := Near(word); len(got) != 0 {
			t.Errorf("Near(%.10q) = %q", word, got)
		}
	}
}
