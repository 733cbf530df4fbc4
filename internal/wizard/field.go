package wizard

import (
	"strings"
	"unicode"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/charmbracelet/x/ansi"
)

// field is one line that is typed.
type field struct {
	text   []rune
	cursor int
	hidden bool // dots stand for what is typed
}

func newField(text string) field { r := []rune(text); return field{text: r, cursor: len(r)} }

func (f *field) value() string { return string(f.text) }

// heeds takes a key; it reports whether it was one for typing.
func (f *field) heeds(msg tea.Msg) bool {
	k, ok := msg.(tea.KeyMsg)
	if !ok {
		return false
	}
	switch k.Type {
	case tea.KeyRunes, tea.KeySpace:
		for _, r := range k.Runes {
			if unicode.IsControl(r) || len(f.text) >= 4096 {
				continue
			}
			f.text = append(f.text[:f.cursor], append([]rune{r}, f.text[f.cursor:]...)...)
			f.cursor++
		}
	case tea.KeyBackspace:
		if f.cursor > 0 {
			f.cursor--
			f.text = append(f.text[:f.cursor], f.text[f.cursor+1:]...)
		}
	case tea.KeyDelete, tea.KeyCtrlD:
		if f.cursor < len(f.text) {
			f.text = append(f.text[:f.cursor], f.text[f.cursor+1:]...)
		}
	case tea.KeyLeft:
		f.cursor = max(0, f.cursor-1)
	case tea.KeyRight:
		f.cursor = min(len(f.text), f.cursor+1)
	case tea.KeyHome, tea.KeyCtrlA:
		f.cursor = 0
	case tea.KeyEnd, tea.KeyCtrlE:
		f.cursor = len(f.text)
	case tea.KeyCtrlU:
		f.text, f.cursor = f.text[f.cursor:], 0
	case tea.KeyCtrlK:
		f.text = f.text[:f.cursor]
	case tea.KeyCtrlW:
		at := f.cursor
		for at > 0 && f.text[at-1] == ' ' {
			at--
		}
		for at > 0 && f.text[at-1] != ' ' {
			at--
		}
		f.text = append(f.text[:at], f.text[f.cursor:]...)
		f.cursor = at
	default:
		return false
	}
	return true
}

// view is the field in w columns, with a bar where the next character goes.
func (f *field) view(u ui, w int, focused bool) string {
	before, after := string(f.text[:f.cursor]), string(f.text[f.cursor:])
	if f.hidden {
		before, after = strings.Repeat("•", f.cursor), strings.Repeat("•", len(f.text)-f.cursor)
	}
	if !focused {
		return u.fit(before+after, w)
	}
	before, after = u.clean(before), u.clean(after)
	if width(before) > w-2 {
		before = ansi.TruncateLeft(before, width(before)-(w-2), "")
	}
	after = ansi.Truncate(after, max(0, w-1-width(before)), "")
	return before + paint(u.st.key, "▏") + after
}
