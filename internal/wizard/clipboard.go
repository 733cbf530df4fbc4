package wizard

import (
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	tea "github.com/charmbracelet/bubbletea"
)

// screen is the terminal that is written to, by the drawing loop and by the
// clipboard, one at a time.
type screen struct {
	mu                      sync.Mutex
	w                       io.Writer
	tmux, multiplexed, deaf bool
}

// Write writes to the terminal.
func (s *screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.w.Write(b)
}

// writer is the screen as bubbletea takes it: a file where it is one, because
// sizes are asked of a file only.
func (s *screen) writer() io.Writer {
	if f, ok := s.w.(*os.File); ok {
		return screenFile{s, f}
	}
	return s
}

type screenFile struct {
	*screen
	f *os.File
}

func (s screenFile) Write(b []byte) (int, error) { return s.screen.Write(b) }
func (s screenFile) Read(b []byte) (int, error)  { return s.f.Read(b) }
func (s screenFile) Close() error                { return nil }
func (s screenFile) Fd() uintptr                 { return s.f.Fd() }

// clipboardMost is how much text terminals take with OSC 52.
const clipboardMost = 74_000

// osc52 asks a terminal to put text into the clipboard. Inside tmux the request
// goes through to the terminal around it as well as to tmux; inside screen it
// is cut as screen wants it.
func osc52(text string, tmux, screen bool) string {
	seq := "\x1b]52;c;" + base64.StdEncoding.EncodeToString([]byte(text)) + "\a"
	switch {
	case tmux:
		return seq + "\x1bPtmux;" + strings.ReplaceAll(seq, "\x1b", "\x1b\x1b") + "\x1b\\"
	case screen:
		var b strings.Builder
		for len(seq) > 0 {
			n := min(76, len(seq))
			b.WriteString("\x1bP" + seq[:n] + "\x1b\\")
			seq = seq[n:]
		}
		return b.String()
	}
	return seq
}

// copyText puts text into the clipboard, or shows it where the terminal can't.
// A terminal never says whether it did, so the note names the other way, too.
func (m *model) copyText(what, text string) tea.Cmd {
	switch {
	case text == "":
		m.note = "There is no " + what + " to copy."
		return nil
	case m.screen.deaf, len(text) > clipboardMost:
		return m.push(&textPage{name: strings.ToUpper(what[:1]) + what[1:], text: text, why: "It can't go through this terminal's clipboard: mark it here, or press p to have it printed when you leave."})
	}
	s := m.screen
	return func() tea.Msg {
		if _, err := s.Write([]byte(osc52(text, s.tmux, s.multiplexed))); err != nil {
			return noteMsg(fmt.Sprintf("copying: %v", err))
		}
		return noteMsg("Asked the terminal to copy the " + what + ". If nothing arrives, s shows it to mark by hand.")
	}
}
