package finding

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"gcdiag/internal/spell"
)

// Entry is what the catalogue says of one code. Texts are plain sentences; an
// empty line separates paragraphs, other line breaks mean nothing.
type Entry struct {
	Code  Code
	Class Class
	Steps []int  // the steps a fault can stand at, ascending; nil for other classes
	Title string // a short noun phrase, different for every code
	Cause string // one sentence, for where the evidence tells nothing more particular
	Hint  string // what to do next

	Meaning  string // what it says about the handoff
	Basis    string // how gcdiag knows
	Confirm  string // how to confirm it by hand
	Repair   string // how to put it right
	Confused string // what it is often confused with
}

// All lists the entries in the order of the codes above: faults first, by step,
// then class by class.
func All() []Entry {
	return slices.Concat(faults, timing, benignShapes, outOfScope, anomalies, exceptions, gaps, risks)
}

// byCode is made when it is first asked for, so that starting costs nothing.
var byCode = sync.OnceValue(func() map[Code]Entry {
	m := map[Code]Entry{}
	for _, e := range All() {
		m[e.Code] = e
	}
	return m
})

// Lookup finds the entry of a code; false where there is no such code.
func Lookup(c Code) (Entry, bool) {
	e, ok := byCode()[c]
	return e, ok
}

// Near lists up to three codes that somebody who typed word may have meant,
// the likeliest first. Case, blanks and "_" for "-" don't matter.
func Near(word string) []Code {
	word = strings.ToLower(strings.NewReplacer("_", "-", " ", "-").Replace(strings.TrimSpace(word)))
	if word == "" {
		return nil
	}
	type near struct {
		code Code
		far  int
	}
	var found []near
	for _, e := range All() {
		c := string(e.Code)
		far := len(word)
		if far <= 64 { // no code is longer
			far = spell.Distance([]byte(word), []byte(c))
		}
		switch {
		case far <= max(1, (min(len(word), len(c))+1)/3):
		case len(word) >= 3 && strings.Contains(c, word), strings.Contains(word, c):
			far = 10
		default:
			continue
		}
		found = append(found, near{e.Code, far})
	}
	slices.SortStableFunc(found, func(a, b near) int { return cmp.Compare(a.far, b.far) })
	var codes []Code
	for _, n := range found[:min(3, len(found))] {
		codes = append(codes, n.code)
	}
	return codes
}
