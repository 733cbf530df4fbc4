package wizard

import (
	"strings"

	"github.com/charmbracelet/bubbles/key"
)

// helpLines is the overlay of "?": the keys of the page, those that work
// everywhere, and what the marks mean.
func (m *model) helpLines(u ui) []string {
	st := m.st
	out := []string{u.ends(" "+paint(st.title, "Keys"), paint(st.dim, "any key closes")), ""}
	column := func(list []key.Binding) []string {
		var lines []string
		for _, b := range list {
			lines = append(lines, "   "+paint(st.key, left(b.Help().Key, 10))+" "+b.Help().Desc)
		}
		return lines
	}
	page := column(m.page().keys(m))
	always := column([]key.Binding{shownAs(keys.up, "↑↓ j k", "move"), shownAs(keys.pageDown, "pgup pgdn", "a page up, down"), shownAs(keys.top, "g G", "first, last"),
		keys.back, keys.help, keys.quit, keys.interrupt, keys.suspend})
	half := u.w / 2
	for i := range max(len(page), len(always)) {
		l, r := "", ""
		if i < len(page) {
			l = page[i]
		}
		if i < len(always) {
			r = always[i]
		}
		out = append(out, l+strings.Repeat(" ", max(1, half-width(l)))+r)
	}
	out = append(out, "", " "+paint(st.title, "Marks"), "")
	for i, k := range marks {
		out = append(out, "   "+u.status(mark(i))+"  "+k.word)
	}
	out = append(out, "")
	return append(out, u.para(1, st.dim, "Evidence is proven (records), configured (set-up), told (an answer) or inferred (a pattern). gcdiag only reads.")...)
}
