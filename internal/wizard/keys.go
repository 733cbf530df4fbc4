package wizard

import (
	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"
)

// keys is every key of the wizard, with what the footer and the overlay say.
var keys = struct {
	up, down, pageUp, pageDown, top, bottom, left, right         key.Binding
	enter, back, help, quit, interrupt, suspend, tab, toggle     key.Binding
	filter, sort, findings, trace, chart, whatif, save, copy     key.Binding
	yes, no, retry, byHand, records, command, replay, hid, print key.Binding
	edit                                                         key.Binding
}{
	up:        bind("↑", "up", "up", "k"),
	down:      bind("↓", "down", "down", "j"),
	pageUp:    bind("pgup", "page up", "pgup", "b", "ctrl+b"),
	pageDown:  bind("pgdn", "page down", "pgdown", "ctrl+f"),
	top:       bind("g", "first", "g", "home"),
	bottom:    bind("G", "last", "G", "end"),
	left:      bind("←", "left", "left", "h"),
	right:     bind("→", "right", "right", "l"),
	enter:     bind("enter", "open", "enter"),
	back:      bind("esc", "back", "esc"),
	help:      bind("?", "help", "?"),
	quit:      bind("q", "quit", "q"),
	interrupt: bind("ctrl+c", "leave at once", "ctrl+c"),
	suspend:   bind("ctrl+z", "suspend", "ctrl+z"),
	tab:       bind("tab", "next part", "tab"),
	toggle:    bind("space", "mark", " ", "x"),
	filter:    bind("/", "filter", "/"),
	sort:      bind("o", "order", "o"),
	findings:  bind("f", "all findings", "f"),
	trace:     bind("t", "trace", "t"),
	chart:     bind("v", "over time", "v"),
	whatif:    bind("w", "what if", "w"),
	save:      bind("s", "save", "s"),
	copy:      bind("c", "copy", "c"),
	yes:       bind("y", "yes", "y"),
	no:        bind("n", "no", "n"),
	retry:     bind("r", "retry", "r"),
	byHand:    bind("a", "answer by hand", "a"),
	records:   bind("r", "raw records", "r"),
	command:   bind("m", "command", "m"),
	replay:    bind("p", "replay list", "p"),
	hid:       bind("d", "what is hidden", "d"),
	print:     bind("p", "print when I leave", "p"),
	edit:      bind("e", "edit", "e"),
}

func bind(shown, does string, names ...string) key.Binding {
	return key.NewBinding(key.WithKeys(names...), key.WithHelp(shown, does))
}

// is reports whether a message is a press of one of the bindings.
func is(msg tea.Msg, list ...key.Binding) bool {
	k, ok := msg.(tea.KeyMsg)
	return ok && key.Matches(k, list...)
}

// as is a binding that says something else on this page.
func as(b key.Binding, does string) key.Binding {
	return key.NewBinding(key.WithKeys(b.Keys()...), key.WithHelp(b.Help().Key, does))
}

// shownAs is a binding with other words for its key and for what it does.
func shownAs(b key.Binding, shown, does string) key.Binding {
	return key.NewBinding(key.WithKeys(b.Keys()...), key.WithHelp(shown, does))
}

// arrows is the pair of keys that move through a list.
func arrows(what string) key.Binding { return shownAs(keys.down, "↑↓", what) }
