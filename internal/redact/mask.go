package redact

import "strings"

// A code is at least shortest characters long, and keeps the last kept of them
// behind a mark.
const (
	shortest = 12
	kept     = 4
	mark     = "••••"
	longest  = 16 // groups looked at together
)

// Mask is a text in which whatever may be a card code shows only its last four
// characters: "spent on h4cd9f3axk2m77q1" becomes "spent on ••••77q1". A code is
//
//   - an unbroken run of 12 or more ASCII letters and digits with a digit in it, or
//   - three or more groups of four to six of them joined by "-" (with a digit in
//     them, or without lower-case letters), or groups of four joined by single
//     blanks, every other one with a digit in it.
//
// UUIDs stay, and so does what is masked already. E-mail addresses are hidden
// whole. Masking is for free text: it also hides long order numbers and keys, and
// short words that touch a code.
func Mask(text string) string {
	text = maskMails(text)
	if len(text) < shortest {
		return text
	}
	var b strings.Builder
	done := 0 // text[:done] is written
	runs := split(text)
	for i := 0; i < len(runs); {
		if n := uuid(text, runs[i:]); n > 0 {
			i += n
			continue
		}
		if runs[i].len() <= kept && strings.HasSuffix(text[:runs[i].start], mark) {
			i++
			continue
		}
		n := max(joined(text, runs[i:], '-'), spaced(text, runs[i:]))
		if n == 0 && runs[i].digit && runs[i].len() >= shortest {
			n = 1
		}
		if n == 0 {
			i++
			continue
		}
		b.WriteString(text[done:runs[i].start])
		b.WriteString(mark)
		b.WriteString(tail(text[runs[i].start:runs[i+n-1].end]))
		done = runs[i+n-1].end
		i += n
	}
	if done == 0 {
		return text
	}
	b.WriteString(text[done:])
	return b.String()
}

// run is an unbroken stretch of ASCII letters and digits.
type run struct {
	start, end   int
	digit, lower bool
}

func (r run) len() int { return r.end - r.start }

func split(text string) []run {
	var runs []run
	open := false
	for i := 0; i < len(text); i++ {
		c := text[i]
		digit, lower := c >= '0' && c <= '9', c >= 'a' && c <= 'z'
		if !digit && !lower && !(c >= 'A' && c <= 'Z') {
			open = false
			continue
		}
		if !open {
			runs = append(runs, run{start: i})
			open = true
		}
		r := &runs[len(runs)-1]
		r.end = i + 1
		r.digit = r.digit || digit
		r.lower = r.lower || lower
	}
	return runs
}

// joined counts the runs at the front that form one grouped code, or is 0.
func joined(text string, runs []run, joint byte) int {
	size := runs[0].len()
	if size < 4 || size > 6 || joint == ' ' && size > 4 {
		return 0
	}
	n := 1
	for n < min(len(runs), longest) && runs[n].start == runs[n-1].end+1 && text[runs[n-1].end] == joint && runs[n].len() <= size {
		n++
		if runs[n-1].len() < size { // a shorter group can only be the last
			break
		}
	}
	if joint == '-' {
		if g := sum(runs[:n]); n < 3 || g.chars < shortest || g.digits == 0 && g.words > 0 {
			return 0
		}
		return n
	}
	// Words of four letters may stand before and after a code in blanks: what
	// counts are windows of three or four groups, as far as they overlap.
	code := 0
	for _, width := range []int{3, 4} {
		for end := width; end <= n && end-width <= code; end++ {
			g := sum(runs[end-width : end])
			if g.chars >= shortest && g.digits > 0 && g.words*2 <= width {
				code = max(code, end)
			}
		}
	}
	return code
}

// spaced counts the runs at the front that form a code in blanks. It ends before
// one that is joined by "-", of which it would show the rest.
func spaced(text string, runs []run) int {
	n := joined(text, runs, ' ')
	for k := 1; k < n; k++ {
		if joined(text, runs[k:], '-') > 0 {
			return joined(text, runs[:k], ' ')
		}
	}
	return n
}

// maskMails hides the e-mail addresses in a text.
func maskMails(text string) string {
	if !strings.Contains(text, "@") {
		return text
	}
	part := func(c byte, more string) bool {
		return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80 || strings.IndexByte(more, c) >= 0
	}
	var b strings.Builder
	done := 0
	for i := 0; i < len(text); i++ {
		if text[i] != '@' {
			continue
		}
		from, to := i, i+1
		for from > done && part(text[from-1], "._%+-'") {
			from--
		}
		for to < len(text) && part(text[to], ".-") {
			to++
		}
		host := strings.TrimRight(text[i+1:to], ".-")
		if from == i || !strings.Contains(host, ".") {
			continue
		}
		b.WriteString(text[done:from])
		b.WriteString(mark)
		done = i + 1 + len(host)
		i = done - 1
	}
	b.WriteString(text[done:])
	return b.String()
}

// tally sums up groups: their characters, those with a digit, and those that
// might be words (lower-case letters and no digit).
type tally struct{ chars, digits, words int }

func sum(runs []run) tally {
	var t tally
	for _, r := range runs {
		t.chars += r.len()
		if r.digit {
			t.digits++
		} else if r.lower {
			t.words++
		}
	}
	return t
}

// uuid counts the runs at the front that form a UUID: 5, or 0.
func uuid(text string, runs []run) int {
	sizes := [...]int{8, 4, 4, 4, 12}
	if len(runs) < len(sizes) {
		return 0
	}
	for i, size := range sizes {
		r := runs[i]
		if r.len() != size || i > 0 && (r.start != runs[i-1].end+1 || text[r.start-1] != '-') {
			return 0
		}
		for _, c := range text[r.start:r.end] {
			if !strings.ContainsRune("0123456789abcdefABCDEF", c) {
				return 0
			}
		}
	}
	if next := runs[len(sizes)-1].end; next < len(text) && text[next] == '-' {
		return 0
	}
	return len(sizes)
}

// tail is the last four letters and digits of a code, its joints left out.
func tail(code string) string {
	var out []byte
	for i := len(code) - 1; i >= 0 && len(out) < kept; i-- {
		if c := code[i]; c != '-' && c != ' ' {
			out = append([]byte{c}, out...)
		}
	}
	return string(out)
}
