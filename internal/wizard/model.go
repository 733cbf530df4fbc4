package wizard

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"

	"gcdiag/internal/report"
)

// page is one screen. It holds what it shows, changes only in update, and does
// nothing itself: what touches the world is a command.
type page interface {
	// title stands above the page; "" for a page with a head of its own.
	title(m *model) string
	// view is at most u.h lines; longer ones are cut at the edge.
	view(m *model, u ui) []string
	// update heeds a message. Keys that the model has use for come to it only
	// while it is typing.
	update(m *model, msg tea.Msg) tea.Cmd
	// keys are shown in the footer, the most useful first.
	keys(m *model) []key.Binding
}

// typist is a page with a field that may have the keyboard.
type typist interface{ typing() bool }

// keeper is a page that has something to do before esc leaves it; it reports
// whether it did.
type keeper interface {
	back(m *model) (stays bool, cmd tea.Cmd)
}

// model is the one model of the wizard.
type model struct {
	ctx    context.Context
	cancel context.CancelFunc
	o      Options
	engine Engine
	screen *screen
	st     styles
	w, h   int

	pages []page // the way here; the last one is shown
	help  bool
	note  string // one line above the footer, until the next key
	leave bool   // the person was asked whether to leave without saving

	book   *book  // the report that is shown
	source source // where it comes from
	kept   bool   // the report that is shown was saved
	saved  []string
	prints string
	crash  *Crash
	broke  bool // the person left with ctrl+c

	// after brings a message back after a while; tests put another clock here.
	after func(time.Duration, tea.Msg) tea.Cmd
}

// source is where a report comes from.
type source struct {
	command string // the gcdiag command that makes it again; "" where there is none
	judged  Judged // nil for a saved report
	path    string // of a saved report
}

// smallest is the smallest screen that pages are laid out for.
const smallestWidth, smallestHeight = 60, 20

func newModel(ctx context.Context, o Options, s *screen) *model {
	ctx, cancel := context.WithCancel(ctx)
	m := &model{ctx: ctx, cancel: cancel, o: o, engine: o.Engine, screen: s, st: newStyles(s.w, o.Getenv, o.NoColor), after: after}
	s.tmux = o.Getenv("TMUX") != ""
	s.multiplexed = strings.HasPrefix(o.Getenv("TERM"), "screen") && !s.tmux
	s.deaf = o.Getenv("TERM") == "linux"
	switch {
	case o.Document != nil:
		m.show(*o.Document, source{command: "gcdiag report show " + quote(o.Path), path: o.Path})
	case o.Folder != "":
		m.pages = []page{newStart(m), newFolder(m, o.Folder)}
	default:
		m.pages = []page{newStart(m)}
	}
	return m
}

// show makes the result page of a document the page that is shown. What led
// here stays reachable with esc only as far as the start.
func (m *model) show(d report.Document, s source) { m.open(newBook(d), s) }

// open is show for a report that was looked through already.
func (m *model) open(b *book, s source) {
	m.book = b
	m.source, m.kept = s, false
	result := &resultPage{}
	if len(m.pages) > 0 {
		if _, ok := m.pages[0].(*startPage); ok {
			m.pages = []page{m.pages[0], result}
			return
		}
	}
	m.pages = []page{result}
}

func (m *model) outcome() Outcome {
	o := Outcome{Saved: m.saved, Leave: m.prints}
	if m.book != nil {
		o.Document = &m.book.d
	}
	return o
}

func (m *model) page() page { return m.pages[len(m.pages)-1] }

// push opens a page above the one that is shown.
func (m *model) push(p page) tea.Cmd {
	m.pages = append(m.pages, p)
	if i, ok := p.(interface{ init(*model) tea.Cmd }); ok {
		return i.init(m)
	}
	return nil
}

// pop goes back; from the first page it stays.
func (m *model) pop() {
	if len(m.pages) > 1 {
		m.pages = m.pages[:len(m.pages)-1]
	}
}

// replace opens a page in the place of the one that is shown.
func (m *model) replace(p page) tea.Cmd {
	m.pages = m.pages[:len(m.pages)-1]
	return m.push(p)
}

// do runs something that touches the world and brings back what came of it. A
// panic in it comes back as a *Crash, which ends the program in good order.
func (m *model) do(f func(context.Context) tea.Msg) tea.Cmd {
	ctx := m.ctx
	return func() (msg tea.Msg) {
		defer func() {
			if r := recover(); r != nil {
				msg = &Crash{What: fmt.Sprint(r), Stack: debug.Stack()}
			}
		}()
		return f(ctx)
	}
}

// Init begins with the first page.
func (m *model) Init() tea.Cmd {
	if i, ok := m.page().(interface{ init(*model) tea.Cmd }); ok {
		return i.init(m)
	}
	return nil
}

// Update heeds one message. A panic in it ends the program in good order.
func (m *model) Update(msg tea.Msg) (next tea.Model, cmd tea.Cmd) {
	defer func() {
		if r := recover(); r != nil {
			m.crash = &Crash{What: fmt.Sprint(r), Stack: debug.Stack()}
			next, cmd = m, tea.Quit
		}
	}()
	switch msg := msg.(type) {
	case *Crash:
		m.crash = msg
		return m, tea.Quit
	case tea.WindowSizeMsg:
		m.w, m.h = msg.Width, msg.Height
		return m, nil
	case tea.ResumeMsg:
		return m, tea.ClearScreen
	case savedMsg:
		if msg.err == nil {
			m.saved, m.kept = append(m.saved, msg.path), true
		}
	case noteMsg:
		m.note = string(msg)
		return m, nil
	case tea.KeyMsg:
		return m, m.press(msg)
	}
	// What came of a command goes to the page that waits for it, which may lie
	// below the one that is shown.
	var cmds []tea.Cmd
	for _, p := range append([]page{}, m.pages...) {
		cmds = append(cmds, p.update(m, msg))
	}
	return m, tea.Batch(cmds...)
}

// press heeds a key.
func (m *model) press(msg tea.KeyMsg) tea.Cmd {
	m.note = ""
	t, ok := m.page().(typist)
	typing := ok && t.typing()
	leaving := m.leave
	m.leave = false
	switch {
	case is(msg, keys.interrupt):
		m.broke = true
		m.cancel()
		return tea.Quit
	case is(msg, keys.suspend):
		return tea.Suspend
	case m.help:
		m.help = false
		return nil
	case typing && !is(msg, keys.back):
		return m.page().update(m, msg)
	case is(msg, keys.help):
		m.help = true
		return nil
	case is(msg, keys.quit):
		if r, ok := m.page().(*runPage); ok && r.phase <= judging && !leaving {
			m.leave = true
			m.note = "The run is not finished. q again leaves and loses what was read, esc stops and keeps it."
			return nil
		}
		if m.book != nil && !m.kept && m.source.path == "" && !leaving {
			m.leave = true
			m.note = "The report is not saved. q again leaves without it, s saves it."
			return nil
		}
		m.cancel()
		return tea.Quit
	case is(msg, keys.back):
		if k, ok := m.page().(keeper); ok {
			if stays, cmd := k.back(m); stays {
				return cmd
			}
		}
		m.pop()
		return nil
	}
	return m.page().update(m, msg)
}

// View draws the screen: title, page, note and footer. A panic becomes a plain
// line, and the next key ends the program.
func (m *model) View() (out string) {
	defer func() {
		if r := recover(); r != nil {
			m.crash = &Crash{What: fmt.Sprint(r), Stack: debug.Stack()}
			out = "The wizard has a fault and can't draw this page. Press ctrl+c."
		}
	}()
	if m.w <= 0 || m.h <= 0 {
		return ""
	}
	lines := m.lines()
	for len(lines) < m.h {
		lines = append(lines, "")
	}
	lines = lines[:m.h]
	for i, l := range lines {
		if m.o.ASCII {
			l = kin.Replace(l)
		}
		if width(l) > m.w {
			l = ansi.Truncate(l, m.w, "")
		}
		lines[i] = l
	}
	return strings.Join(lines, "\n")
}

func (m *model) lines() []string {
	u := ui{w: m.w, h: m.h, st: m.st, ascii: m.o.ASCII}
	if m.w < smallestWidth || m.h < smallestHeight {
		return m.tooSmall(u)
	}
	if m.help {
		return m.helpLines(u)
	}
	p := m.page()
	var head []string
	if t := p.title(m); t != "" {
		brand := paint(m.st.dim, "gcdiag")
		head = []string{u.ends(" "+paint(m.st.title, u.fit(t, m.w-12)), brand), ""}
	}
	foot := []string{m.footer(u, p.keys(m))}
	if m.note != "" {
		foot = append(u.paraMost(1, 2, m.st.due, m.note), foot...)
	}
	u.h = m.h - len(head) - len(foot)
	body := u.body(p.view(m, u))
	for len(body) < u.h {
		body = append(body, "")
	}
	return append(append(head, body...), foot...)
}

// tooSmall is the plain word for a screen that is too small for a page.
func (m *model) tooSmall(u ui) []string {
	var out []string
	add := func(s string) {
		out = append(out, u.wrap(s, max(4, m.w))...)
	}
	add(fmt.Sprintf("Make the window larger: %d×%d at least, it has %d×%d.", smallestWidth, smallestHeight, m.w, m.h))
	if m.book != nil {
		out = append(out, "")
		add(verdict(m.book.d.Outcome))
		add(m.book.d.Outcome.Headline)
	}
	return out
}

// footer is the keys of the page, as many as the line holds.
func (m *model) footer(u ui, list []key.Binding) string {
	global := []key.Binding{keys.help, keys.quit}
	if t, ok := m.page().(typist); ok && t.typing() {
		global = []key.Binding{shownAs(keys.interrupt, "ctrl+c", "leave")}
	}
	item := func(b key.Binding) (string, int) {
		h := b.Help()
		return paint(m.st.key, h.Key) + " " + paint(m.st.dim, h.Desc), width(h.Key) + 1 + width(h.Desc)
	}
	room := u.w - 2
	if n := len(list); n > 1 && list[n-1].Help().Key == keys.back.Help().Key {
		global = append([]key.Binding{list[n-1]}, global...)
		list = list[:n-1]
	}
	var last []string
	for _, b := range global {
		text, w := item(b)
		last = append(last, text)
		room -= w + 3
	}
	var parts []string
	for _, b := range list {
		text, w := item(b)
		if w+3 > room {
			break
		}
		room -= w + 3
		parts = append(parts, text)
	}
	return " " + strings.Join(append(parts, last...), paint(m.st.dim, " · "))
}

// explain is an error as a person reads it, with what to do where it says.
func explain(err error) (what, hint string) {
	if err == nil {
		return "", ""
	}
	var h interface{ Hint() string }
	if errors.As(err, &h) {
		hint = h.Hint()
	}
	return err.Error(), hint
}

// problem is an error as lines of a page.
func (u ui) problem(err error) []string {
	if err == nil {
		return nil
	}
	what, hint := explain(err)
	out := u.para(3, u.st.bad, u.sign(failed)+" "+what)
	if hint != "" {
		out = append(out, u.para(5, u.st.plain, hint)...)
	}
	return out
}

// noteMsg is a line to show until the next key.
type noteMsg string

func after(d time.Duration, msg tea.Msg) tea.Cmd {
	return tea.Tick(d, func(time.Time) tea.Msg { return msg })
}
