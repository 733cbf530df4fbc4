package wizard

import (
	"io"
	"strconv"
	"strings"

	"github.com/charmbracelet/lipgloss"
	"github.com/muesli/termenv"
)

// styles are how pieces of text stand out. They repeat what words and marks
// say: without them nothing is lost. The colours are the sixteen of the
// terminal's own palette, which its owner chose to be legible on its
// background; the terminal is never asked for it.
type styles struct {
	plain, bold, dim, title, chosen, key    lipgloss.Style
	good, bad, warn, info, alarm, fine, due lipgloss.Style
}

// newStyles makes the styles for a terminal. COLORFGBG tells a light one where
// it is set; no other colour than yellow suffers from not knowing.
func newStyles(w io.Writer, getenv func(string) string, noColor bool) styles {
	r := lipgloss.NewRenderer(w)
	r.SetColorProfile(termenv.ANSI)
	if noColor || getenv("NO_COLOR") != "" {
		r.SetColorProfile(termenv.Ascii)
	}
	r.SetHasDarkBackground(!light(getenv("COLORFGBG")))
	s := func() lipgloss.Style { return r.NewStyle() }
	c := func(light, dark string) lipgloss.AdaptiveColor {
		return lipgloss.AdaptiveColor{Light: light, Dark: dark}
	}
	return styles{
		plain: s(), bold: s().Bold(true), dim: s().Faint(true),
		title:  s().Bold(true).Foreground(c("4", "6")),
		chosen: s().Reverse(true),
		key:    s().Bold(true).Foreground(c("4", "6")),
		good:   s().Foreground(c("2", "2")),
		bad:    s().Foreground(c("1", "9")),
		warn:   s().Foreground(c("5", "3")),
		info:   s().Foreground(c("4", "6")),
		alarm:  s().Bold(true).Foreground(c("1", "9")),
		fine:   s().Bold(true).Foreground(c("2", "10")),
		due:    s().Bold(true).Foreground(c("5", "11")),
	}
}

// light reports whether COLORFGBG ("15;0", "0;default;15") names a light background.
func light(s string) bool {
	n, err := strconv.Atoi(s[strings.LastIndex(s, ";")+1:])
	return err == nil && (n == 7 || n > 8)
}

// paint renders one piece of a line, which holds no line break.
func paint(st lipgloss.Style, s string) string {
	if s == "" {
		return ""
	}
	return st.Render(s)
}

// marks are the signs of what became of an event or a step.
type mark int

const (
	passed mark = iota
	failed
	stuck
	unknown
	inFlight
	notReached
)

var marks = [...]struct{ sign, ascii, word string }{
	{"✓", "+", "passes"},
	{"✗", "x", "fails"},
	{"↩", "<", "follows from a failing event"},
	{"?", "?", "can't be told"},
	{"…", "~", "in flight"},
	{"·", "-", "not reached, or not checked"},
}

func markOf(status string) mark {
	switch status {
	case "pass", "sound":
		return passed
	case "fail", "fault":
		return failed
	case "downstream":
		return stuck
	case "in-flight":
		return inFlight
	case "not-checked", "not-reached", "excluded", "skip":
		return notReached
	}
	return unknown
}

// style is the style of a mark.
func (s styles) of(m mark) lipgloss.Style {
	return [...]lipgloss.Style{s.good, s.bad, s.warn, s.warn, s.info, s.dim}[m]
}

// plainStyles paint nothing, for text that leaves the terminal.
func plainStyles() styles {
	return newStyles(io.Discard, func(string) string { return "" }, true)
}
