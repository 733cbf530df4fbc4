package wizard

import (
	"strings"
	"unicode/utf8"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"
)

// filter narrows a list to what holds all of its words.
type filter struct {
	on   bool // has the keyboard
	text string
}

func (f *filter) open() { f.on = true }

// close drops the filter; it reports whether there was one.
func (f *filter) close() bool {
	had := f.on || f.text != ""
	f.on, f.text = false, ""
	return had
}

// heeds takes a key while the filter has the keyboard; it reports whether the
// list may have changed.
func (f *filter) heeds(msg tea.Msg) bool {
	k, ok := msg.(tea.KeyMsg)
	if !ok || !f.on {
		return false
	}
	switch k.Type {
	case tea.KeyEnter, tea.KeyUp, tea.KeyDown, tea.KeyTab:
		f.on = false
	case tea.KeyBackspace:
		_, n := utf8.DecodeLastRuneInString(f.text)
		f.text = f.text[:len(f.text)-n]
	case tea.KeyCtrlU:
		f.text = ""
	case tea.KeySpace:
		f.text += " "
	case tea.KeyRunes:
		if len(f.text) < 200 {
			f.text += string(k.Runes)
		}
	}
	return true
}

// takes reports whether a text holds all words of the filter.
func (f *filter) takes(text string) bool {
	if f.text == "" {
		return true
	}
	return f.takesLower(strings.ToLower(text))
}

func (f *filter) takesLower(text string) bool {
	for _, w := range strings.Fields(strings.ToLower(f.text)) {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}

// line shows the filter; "" where there is none.
func (f *filter) line(u ui) string {
	switch {
	case f.on:
		return " " + paint(u.st.key, "/") + " " + u.fit(f.text, u.w-6) + paint(u.st.key, "▏")
	case f.text != "":
		return " " + paint(u.st.key, "/") + " " + u.fit(f.text, u.w-24) + paint(u.st.dim, "  esc drops it")
	}
	return ""
}

func (f *filter) keys() []key.Binding {
	return []key.Binding{shownAs(keys.enter, "enter", "keep"), as(keys.back, "drop the filter"), shownAs(bind("", "", "ctrl+u"), "ctrl+u", "clear")}
}
