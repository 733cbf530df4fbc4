package wizard

import (
	"fmt"
	"strings"

	"github.com/charmbracelet/lipgloss"
	"github.com/charmbracelet/x/ansi"

	"gcdiag/internal/render"
)

// ui is the area a page may draw in and how.
type ui struct {
	w, h  int
	st    styles
	ascii bool
}

// width is how many columns a terminal gives a text.
func width(s string) int { return ansi.StringWidth(s) }

// kin are characters of the wizard's own with their kin in ASCII, one for one,
// so that nothing moves.
var kin = strings.NewReplacer("─", "-", "│", "|", "▶", ">", "▸", ">", "✓", "+", "✗", "x", "↩", "<", "·", "-", "…", "~", "−", "-", "–", "-", "—", "-",
	"≠", "!", "↑", "^", "↓", "v", "←", "<", "→", ">", "█", "#", "▲", "^", "●", "*", "○", "o", "┼", "+", "├", "+", "└", "`", "┬", "+", "┴", "+", "╵", "'", "▏", "|",
	"▁", ".", "▂", ":", "▃", "-", "▄", "=", "▅", "+", "▆", "*", "▇", "%", "✎", "*", "•", "*", "×", "x", "’", "'", "“", `"`, "”", `"`, "░", ".", "▒", ":", "≤", "<", "≥", ">")

// clean makes text of any origin harmless: one line, nothing in it acts.
func (u ui) clean(s string) string {
	s = render.Escape(s)
	if !u.ascii {
		return s
	}
	s = kin.Replace(s)
	plain := true
	for i := 0; i < len(s); i++ {
		plain = plain && s[i] < 0x80
	}
	if plain {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case r < 0x80:
			b.WriteRune(r)
		case r == '\u00a0' || r == '\u202f':
			b.WriteByte(' ')
		case r <= 0xffff:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	return b.String()
}

// fit cleans text and cuts it to w columns.
func (u ui) fit(s string, w int) string {
	if w <= 0 {
		return ""
	}
	s = u.clean(s)
	if width(s) <= w {
		return s
	}
	end := "…"
	if u.ascii {
		end = "~"
	}
	return ansi.Truncate(s, w, end)
}

// left and right set text in a column of w.
func left(s string, w int) string  { return s + strings.Repeat(" ", max(0, w-width(s))) }
func right(s string, w int) string { return strings.Repeat(" ", max(0, w-width(s))) + s }

// cell is text cut and set to the left in a column of exactly w.
func (u ui) cell(s string, w int) string { return left(u.fit(s, w), w) }

// cellRight is the same, set to the right.
func (u ui) cellRight(s string, w int) string { return right(u.fit(s, w), w) }

// wrap cleans text and breaks it at blanks into lines of at most w columns.
// There is at least one line.
func (u ui) wrap(s string, w int) []string {
	w = max(w, 4)
	var lines []string
	line := ""
	for _, word := range strings.Fields(u.clean(s)) {
		if line != "" && width(line)+1+width(word) <= w {
			line += " " + word
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		for width(word) > w {
			head := ansi.Truncate(word, w, "")
			if head == "" {
				break
			}
			lines, word = append(lines, head), word[len(head):]
		}
		line = word
	}
	return append(lines, line)
}

// para is text wrapped, each line indented and painted.
func (u ui) para(indent int, st lipgloss.Style, s string) []string {
	var out []string
	for _, l := range u.wrap(s, u.w-indent-1) {
		out = append(out, strings.Repeat(" ", indent)+paint(st, l))
	}
	return out
}

// paraMost is para cut to a number of lines, the last one then ending in an ellipsis.
func (u ui) paraMost(indent, most int, st lipgloss.Style, s string) []string {
	lines := u.wrap(s, u.w-indent-1)
	if len(lines) > most {
		lines = append(lines[:most-1:most-1], u.fit(lines[most-1]+" …", u.w-indent-1))
		if last := lines[most-1]; !strings.HasSuffix(last, "…") && !u.ascii {
			lines[most-1] = u.fit(last, u.w-indent-3) + " …"
		}
	}
	for i, l := range lines {
		lines[i] = strings.Repeat(" ", indent) + paint(st, l)
	}
	return lines
}

// labelled is a label with text beside it, wrapped; nothing where the text is empty.
func (u ui) labelled(indent, label int, name, text string, most int) []string {
	if text == "" {
		return nil
	}
	v := u
	v.w = u.w - indent - label
	var out []string
	for i, l := range v.paraMost(0, max(1, most), u.st.plain, text) {
		head := strings.Repeat(" ", label)
		if i == 0 {
			head = paint(u.st.dim, u.cell(name, label-1)) + " "
		}
		out = append(out, strings.Repeat(" ", indent)+head+l)
	}
	return out
}

// sign is a mark as this terminal can show it.
func (u ui) sign(m mark) string {
	if u.ascii {
		return marks[m].ascii
	}
	return marks[m].sign
}

// status is a mark, painted.
func (u ui) status(m mark) string { return paint(u.st.of(m), u.sign(m)) }

// rule is a line across the page.
func (u ui) rule() string { return " " + paint(u.st.dim, strings.Repeat("─", max(0, u.w-2))) }

// ends sets one text to the left and one to the right of a line; the right one
// is left out where there is no room.
func (u ui) ends(l, r string) string {
	gap := u.w - width(l) - width(r) - 1
	if gap < 2 {
		return l
	}
	return l + strings.Repeat(" ", gap) + r
}

// chosen is a line of a list: marked and painted where it is the chosen one.
// The text is clean and unpainted there.
func (u ui) chosen(is bool, text string) string {
	if !is {
		return "   " + text
	}
	return " " + paint(u.st.key, "▸") + " " + paint(u.st.chosen, left(ansi.Strip(text), max(0, u.w-4)))
}

// body cuts lines to the area.
func (u ui) body(lines []string) []string {
	if len(lines) > u.h {
		lines = lines[:u.h]
	}
	return lines
}

// list is where a person stands in a list of n, and the first line that is
// shown. Only what is shown is ever laid out.
type list struct{ n, at, top int }

// clamp keeps the place inside a list of n.
func (l *list) clamp(n int) {
	l.n = n
	l.at = max(0, min(l.at, n-1))
}

// window is what to show of the list in some rows.
func (l *list) window(rows int) (from, to int) {
	rows = max(rows, 1)
	switch {
	case l.at < l.top:
		l.top = l.at
	case l.at >= l.top+rows:
		l.top = l.at - rows + 1
	}
	l.top = max(0, min(l.top, l.n-rows))
	return l.top, min(l.n, l.top+rows)
}

// move changes the place; it reports whether the key was one of its own.
func (l *list) move(msg any, rows int) bool {
	switch {
	case is(msg, keys.up):
		l.at--
	case is(msg, keys.down):
		l.at++
	case is(msg, keys.pageUp):
		l.at -= max(1, rows-1)
	case is(msg, keys.pageDown):
		l.at += max(1, rows-1)
	case is(msg, keys.top):
		l.at = 0
	case is(msg, keys.bottom):
		l.at = l.n - 1
	default:
		return false
	}
	l.clamp(l.n)
	return true
}

// scroll is a text that is longer than its area.
type scroll struct{ top int }

func (s *scroll) move(msg any, rows int) bool {
	switch {
	case is(msg, keys.up):
		s.top--
	case is(msg, keys.down):
		s.top++
	case is(msg, keys.pageUp):
		s.top -= max(1, rows-1)
	case is(msg, keys.pageDown):
		s.top += max(1, rows-1)
	case is(msg, keys.top):
		s.top = 0
	case is(msg, keys.bottom):
		s.top = 1 << 30
	default:
		return false
	}
	s.top = max(0, s.top)
	return true
}

// view is the part of the lines that is shown, with a word on what is not.
func (s *scroll) view(u ui, lines []string, rows int) []string {
	rows = max(rows, 1)
	if len(lines) <= rows {
		s.top = 0
		return lines
	}
	s.top = max(0, min(s.top, len(lines)-rows+1))
	n := rows - 1
	out := append([]string{}, lines[s.top:min(len(lines), s.top+n)]...)
	return append(out, " "+paint(u.st.dim, fmt.Sprintf("lines %d–%d of %d, ↑↓ scroll", s.top+1, min(len(lines), s.top+n), len(lines))))
}
