package wizard

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"gcdiag/internal/answers"
	"gcdiag/internal/casefile"
	"gcdiag/internal/connector"
	"gcdiag/internal/record"
	"gcdiag/internal/report"
	"gcdiag/internal/wording"
)

// board is where a run puts its progress, from whatever goroutine, and where
// the page looks at it. However often progress is told, the page draws at its
// own pace.
type board struct {
	mu    sync.Mutex
	lines []Progress
	index map[boardKey]int
	all   Overall
}

type boardKey struct{ system, record, input string }

func (b *board) put(p Progress) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p.All.Total > 0 {
		b.all = p.All
	}
	k := boardKey{p.System, p.Record, p.Input}
	i, ok := b.index[k]
	if !ok {
		if b.index == nil {
			b.index = map[boardKey]int{}
		}
		i = len(b.lines)
		b.index[k] = i
		b.lines = append(b.lines, p)
		// A file that comes after another one of its system has it behind it.
		for j := range b.lines[:i] {
			if l := &b.lines[j]; l.System == p.System && l.Total > 0 && l.Failed == "" {
				l.Done = true
			}
		}
		return
	}
	b.lines[i] = p
}

func (b *board) look() ([]Progress, Overall) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.lines), b.all
}

// runPage reads the systems and has the evidence judged.
type runPage struct {
	cfg     *connector.Config
	sheet   *answers.Sheet // what was told besides; nil: nothing
	command string         // the gcdiag command that does the same
	allowed GatherOptions

	n       int // counts runs, so that what a former one brings is not taken for this one's
	board   *board
	lines   []Progress
	all     Overall
	began   time.Time
	read    time.Time // when judging began
	now     time.Time
	cancel  context.CancelFunc
	phase   phase
	err     error
	c       *casefile.Case
	failed  []string // systems and records that could not be read, with why
	touched []int    // the steps that they matter to
	judged  Judged
	book    *book
	at      list
}

type phase int

const (
	reading phase = iota
	stopping
	choosing // a source failed: what now?
	judging
	reached // the verdicts are there, shown for a moment
	broken  // nothing could be read or judged
	asking  // whether commands may be run
)

type (
	runTick     struct{ n int }
	gatheredMsg struct {
		n   int
		c   *casefile.Case
		err error
	}
	judgedMsg struct {
		n      int
		judged Judged
		book   *book
		err    error
	}
	showMsg struct{ n int }
)

func newRun(_ *model, cfg *connector.Config, command string, sheet *answers.Sheet) *runPage {
	return &runPage{cfg: cfg, command: command, sheet: sheet}
}

func (p *runPage) init(m *model) tea.Cmd {
	for _, k := range p.cfg.Connectors {
		for _, ref := range k.Auth {
			if ref.Command() && !p.allowed.Commands {
				p.phase = asking
				return nil
			}
		}
	}
	return p.start(m)
}

func (p *runPage) start(m *model) tea.Cmd {
	p.n++
	p.board, p.lines, p.all, p.phase, p.err, p.failed, p.touched = &board{}, nil, Overall{}, reading, nil, nil, nil
	p.began = m.o.Now()
	p.now = p.began
	ctx, cancel := context.WithCancel(m.ctx)
	p.cancel = cancel
	n, cfg, b, engine, o := p.n, p.cfg, p.board, m.engine, p.allowed
	return tea.Batch(m.do(func(context.Context) tea.Msg {
		defer cancel()
		c, err := engine.Gather(ctx, cfg, o, b.put)
		return gatheredMsg{n, c, err}
	}), m.after(100*time.Millisecond, runTick{n}))
}

func (p *runPage) title(*model) string {
	switch p.phase {
	case stopping:
		return "Stopping, what was read is kept"
	case choosing:
		return "Not all could be read"
	case judging:
		return "Judging"
	case reached:
		return "Judged"
	case broken:
		return "Nothing could be read"
	case asking:
		return "Before reading"
	}
	return "Reading the systems"
}

func (p *runPage) keys(*model) []key.Binding {
	switch p.phase {
	case reading:
		return []key.Binding{as(keys.back, "stop and keep what was read")}
	case judging:
		return []key.Binding{as(keys.back, "stop")}
	case choosing:
		return []key.Binding{arrows("choose"), as(keys.enter, "do it"), keys.retry, keys.byHand}
	case broken:
		return []key.Binding{keys.retry, keys.back}
	case reached:
		return []key.Binding{as(keys.enter, "result")}
	case asking:
		return []key.Binding{as(keys.yes, "run them"), as(keys.no, "go back")}
	}
	return nil
}

// back stops the reading; while the rest is judged, and once the run is over, it leaves.
func (p *runPage) back(*model) (bool, tea.Cmd) {
	switch p.phase {
	case reading:
		p.phase = stopping
		p.cancel()
		return true, nil
	case stopping:
		return true, nil
	case judging:
		p.n++ // nobody waits for the verdict any more
		p.cancel()
	}
	return false, nil
}

func (p *runPage) update(m *model, msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case runTick:
		if msg.n != p.n || p.phase > judging {
			return nil
		}
		p.now = m.o.Now()
		p.lines, p.all = p.board.look()
		return m.after(100*time.Millisecond, msg)
	case gatheredMsg:
		if msg.n == p.n {
			return p.gathered(m, msg)
		}
		return nil
	case judgedMsg:
		if msg.n != p.n {
			return nil
		}
		if msg.err != nil {
			p.phase, p.err = broken, msg.err
			return nil
		}
		p.phase, p.judged, p.book = reached, msg.judged, msg.book
		return m.after(700*time.Millisecond, showMsg{p.n})
	case showMsg:
		if msg.n == p.n && p.phase == reached && m.page() == page(p) {
			p.finish(m)
		}
		return nil
	case sheetMsg:
		if p.phase == choosing {
			p.sheet = msg.sheet
			return p.judge(m)
		}
		return nil
	}
	switch p.phase {
	case choosing:
		switch {
		case p.at.move(msg, 3):
		case is(msg, keys.retry), is(msg, keys.enter) && p.at.at == 1:
			return p.start(m)
		case is(msg, keys.byHand), is(msg, keys.enter) && p.at.at == 2:
			return m.push(newByHand(m, sheetOf(m, p.cfg, p.touched), true))
		case is(msg, keys.enter):
			return p.judge(m)
		}
	case broken:
		if is(msg, keys.retry, keys.enter) {
			return p.start(m)
		}
	case reached:
		if is(msg, keys.enter) {
			p.finish(m)
		}
	case asking:
		switch {
		case is(msg, keys.yes):
			p.allowed.Commands = true
			return p.start(m)
		case is(msg, keys.no):
			m.pop()
		}
	}
	return nil
}

// gathered goes on with what was read.
func (p *runPage) gathered(m *model, msg gatheredMsg) tea.Cmd {
	p.lines, p.all = p.board.look()
	if msg.err != nil {
		p.phase, p.err = broken, msg.err
		return nil
	}
	p.c = msg.c
	if p.phase == stopping {
		return p.judge(m)
	}
	for i := range msg.c.Systems {
		s := &msg.c.Systems[i]
		for _, r := range s.Reads {
			if r.State == casefile.Unread || r.State == casefile.Truncated {
				p.failed = append(p.failed, fmt.Sprintf("%s, %s: %s", s.Name, r.Record, r.Why))
				for _, step := range stepsOf(s.Role) {
					if !slices.Contains(p.touched, step) {
						p.touched = append(p.touched, step)
					}
				}
			}
		}
	}
	slices.Sort(p.touched)
	if len(p.failed) > 0 && p.sheet == nil {
		p.phase = choosing
		p.at = list{n: 3}
		return nil
	}
	return p.judge(m)
}

// stepsOf are the steps that a role's records speak of.
func stepsOf(r record.Role) []int {
	switch r {
	case record.Platform:
		return []int{1}
	case record.Integration:
		return []int{2}
	}
	return []int{3, 4}
}

func (p *runPage) judge(m *model) tea.Cmd {
	p.phase, p.read = judging, m.o.Now()
	ctx, cancel := context.WithCancel(m.ctx)
	p.cancel = cancel
	n, c, engine, sheet := p.n, p.c, m.engine, p.sheet
	return m.do(func(context.Context) tea.Msg {
		defer cancel()
		j, err := engine.Judge(ctx, c)
		if err != nil {
			return judgedMsg{n: n, err: err}
		}
		if sheet != nil {
			j = answered{j, sheet}
		}
		return judgedMsg{n, j, newBook(j.Document(Shown{AllEvents: true})), nil}
	})
}

// answered is a diagnosis with what was told besides.
type answered struct {
	Judged
	sheet *answers.Sheet
}

func (a answered) Document(s Shown) report.Document { return a.sheet.Merge(a.Judged.Document(s)) }

func (p *runPage) finish(m *model) {
	m.open(p.book, source{command: p.command, judged: p.judged})
}

func (p *runPage) view(m *model, u ui) []string {
	if p.phase == asking {
		out := u.para(1, u.st.plain, "The configuration fetches secrets with commands. Nothing is run without a yes:")
		out = append(out, "")
		for _, k := range p.cfg.Connectors {
			for name, ref := range k.Auth {
				if ref.Command() {
					out = append(out, u.para(3, u.st.bold, k.Name+", "+name+": "+ref.String())...)
				}
			}
		}
		return append(out, "", " Run them? y or n")
	}
	if p.phase == broken {
		return u.problem(p.err)
	}
	var out []string
	for i, stage := range stages {
		out = append(out, p.stepLine(u, i+1, stage))
	}
	out = append(out, "")
	if p.phase == choosing {
		for _, f := range p.failed {
			out = append(out, u.paraMost(1, 3, u.st.bad, u.sign(failed)+" "+f)...)
		}
		out = append(out, "")
		for i, text := range []string{"Go on without: what is missing is a gap, the rest is judged", "Retry: read all again", "Answer by hand what these records would have told"} {
			out = append(out, u.chosen(i == p.at.at, u.fit(text, u.w-6)))
		}
		return out
	}
	lines := p.sourceLines(u)
	if p.phase == reading {
		lines = append(lines, p.waiting(u)...)
	}
	if room := u.h - len(out) - 2; len(lines) > room {
		lines = lines[len(lines)-max(1, room):]
	}
	out = append(out, lines...)
	return append(out, "", " "+paint(u.st.dim, u.fit(p.spent(u.w-2), u.w-2)))
}

// spent says how long the run has taken and will take, in w columns.
func (p *runPage) spent(w int) string {
	switch p.phase {
	case judging:
		text := "judging " + wording.Plural(p.c.Movements.Len(), "event")
		if d := p.now.Sub(p.read); d >= time.Second {
			text += ", " + wording.Elapsed(d)
		}
		return text
	case reached:
		return "done in " + wording.Elapsed(p.now.Sub(p.began))
	case stopping:
		return "stopping …"
	}
	text := wording.Elapsed(p.now.Sub(p.began)) + " so far"
	if p.all.Left >= time.Second {
		text += ", about " + wording.Elapsed(p.all.Left) + " left"
	}
	if p.all.Total > 0 {
		text = fmt.Sprintf("%d %%, %s", min(100, 100*p.all.Read/p.all.Total), text)
	}
	if p.all.Records > 0 {
		if all := wording.Plural(p.all.Records, "record") + ", " + text; len(all) <= w {
			text = all
		}
	}
	return text
}

// stepLine is one of the four steps: what its evidence is doing, then its verdict.
func (p *runPage) stepLine(u ui, n int, stage string) string {
	head := fmt.Sprintf("%d %-9s", n, stage)
	if p.phase == reached {
		i := slices.IndexFunc(p.book.d.Steps, func(s report.Step) bool { return s.Step == n })
		if i >= 0 {
			s := p.book.d.Steps[i]
			m := markOf(s.Status)
			return " " + u.status(m) + " " + paint(u.st.bold, head) + " " + u.fit(s.Answer, u.w-16)
		}
	}
	role := [...]record.Role{record.Platform, record.Integration, record.ERP, record.ERP}[n-1]
	records, busy, done, any, lost := 0, false, true, false, true
	for _, l := range p.lines {
		if l.Role != role {
			continue
		}
		any = true
		lost = lost && l.Failed != ""
		records += l.Records
		busy = busy || !l.Done && l.Failed == ""
		done = done && (l.Done || l.Failed != "")
	}
	text, sign := "waits for its evidence", paint(u.st.dim, "·")
	names := p.names(role)
	switch {
	case names == "":
		text = "nobody to ask: no such system"
	case p.phase == judging:
		text, sign = "being judged", paint(u.st.info, "…")
	case any && lost:
		text, sign = "its evidence could not be read", u.status(unknown)
	case any && (done || !busy), any && p.phase > judging:
		text = "evidence read, " + wording.Plural(records, "record")
	case any:
		text, sign = "reading "+names+", "+wording.Plural(records, "record"), paint(u.st.info, "…")
	}
	return " " + sign + " " + paint(u.st.bold, head) + " " + u.fit(text, u.w-16)
}

func (p *runPage) names(role record.Role) string {
	var names []string
	for _, k := range p.cfg.Connectors {
		if k.Role == role {
			names = append(names, k.Name)
		}
	}
	return strings.Join(names, ", ")
}

// sourceLines say what is being read from where, one line an input, and below
// it why it waits.
func (p *runPage) sourceLines(u ui) []string {
	var out []string
	system := min(18, max(10, u.w/5))
	kind := 14
	for i, l := range p.lines {
		name := l.System
		if i > 0 && p.lines[i-1].System == l.System {
			name = ""
		}
		var parts []string
		if l.Pages > 0 {
			parts = append(parts, wording.Plural(l.Pages, "page"))
		}
		parts = append(parts, wording.Plural(l.Records, "record"))
		state := paint(u.st.info, "…")
		switch {
		case l.Failed != "":
			state = u.status(failed)
		case l.Done || p.phase >= judging:
			state = u.status(passed)
		case l.Total > 0:
			n := int(min(100, 100*l.Read/l.Total))
			share := fmt.Sprintf("%d %%", n)
			if u.w >= 76 {
				share = gauge(n, 12) + " " + share
			}
			parts = append(parts, share)
		case l.Read > 0:
			parts = append(parts, wording.Count(int(l.Read/1024))+" KiB")
		}
		if l.Input != "" && l.Input != l.Record && u.w >= 76 {
			parts = append(parts, l.Input)
		}
		out = append(out, " "+state+" "+paint(u.st.bold, u.cell(name, system))+" "+u.cell(l.Record, kind)+" "+u.fit(strings.Join(parts, " · "), u.w-system-kind-6))
		switch {
		case l.Failed != "":
			out = append(out, u.paraMost(5, 2, u.st.bad, l.Failed)...)
		case l.WaitUntil.After(p.now) && p.phase == reading:
			text := "waits " + wording.Elapsed(l.WaitUntil.Sub(p.now).Round(time.Second))
			if l.Reason != "" {
				text += ": " + l.Reason
			}
			out = append(out, u.paraMost(5, 2, u.st.due, text)...)
		}
	}
	return out
}

// waiting are the systems of which nothing has been read yet.
func (p *runPage) waiting(u ui) []string {
	var out []string
	for _, k := range p.cfg.Connectors {
		if !slices.ContainsFunc(p.lines, func(l Progress) bool { return l.System == k.Name }) {
			out = append(out, " "+u.status(notReached)+" "+paint(u.st.dim, u.fit(k.Name, u.w-12)+", waits"))
		}
	}
	return out
}

// gauge is a bar of w characters, filled to n per cent.
func gauge(n, w int) string {
	full := w * n / 100
	return strings.Repeat("█", full) + strings.Repeat("░", w-full)
}
