package cli

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

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
		if d := len(w) - len(x); -most <= d && d <= most {
			far = slips(w, x)
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

// slips counts the letters to add, drop, change or swap with their neighbour to
// make a of b. Words of more than 64 bytes count as wholly different.
func slips(a, b string) int {
	const most = 64
	if len(a) > most || len(b) > most {
		return most
	}
	var before, last, row [most + 1]int
	for j := range len(b) + 1 {
		last[j] = j
	}
	for i := range len(a) {
		row[0] = i + 1
		for j := range len(b) {
			d := last[j]
			if a[i] != b[j] {
				d++
			}
			d = min(d, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				d = min(d, before[j-1]+1)
			}
			row[j+1] = d
		}
		before, last = last, row
	}
	return last[len(b)]
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
