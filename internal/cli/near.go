package cli

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"gcdiag/internal/spell"
)

// longest is how many bytes a word may have to be compared letter by letter.
const longest = 64

// near lists up to three words that somebody who wrote word may have meant, the
// likeliest first: a few slips away, or one within the other.
func near(word string, words []string) []string {
	type candidate struct {
		word string
		far  int
	}
	var found []candidate
	w := strings.ToLower(word)
	for _, s := range words {
		x := strings.ToLower(s)
		most := max(1, min(len(w), len(x))/4)
		far := most + 1
		if d := len(w) - len(x); -most <= d && d <= most && max(len(w), len(x)) <= longest {
			far = spell.Distance([]byte(w), []byte(x))
		}
		if far > most {
			if len(w) < 3 || len(x) < 3 || !strings.Contains(x, w) && !strings.Contains(w, x) {
				continue
			}
			far = 100
		}
		found = append(found, candidate{s, far})
	}
	slices.SortStableFunc(found, func(a, b candidate) int { return cmp.Compare(a.far, b.far) })
	var out []string
	for _, c := range found {
		if len(out) < 3 && !slices.Contains(out, c.word) {
			out = append(out, c.word)
		}
	}
	return out
}

// meant is a hint that names the words that may have been meant, or else the
// hint given.
func meant(word string, words []string, otherwise string) string {
	return didYouMean(near(word, words), otherwise)
}

// didYouMean is a hint that names some words, or else the hint given.
func didYouMean(words []string, otherwise string) string {
	if len(words) == 0 {
		return otherwise
	}
	var list []string
	for _, w := range words {
		if strings.ContainsFunc(w, func(r rune) bool { return r <= ' ' || r == '"' || r > '~' }) {
			w = strconv.Quote(w)
		}
		list = append(list, w)
	}
	return "did you mean " + strings.Join(list, " or ") + "?"
}
