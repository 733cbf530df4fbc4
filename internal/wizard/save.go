package wizard

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"gcdiag/internal/redact"
	"gcdiag/internal/report"
	"gcdiag/internal/wording"
)

// savePage saves and shares the report.
type savePage struct {
	at      list
	entries []entry
	all     bool // the saved report keeps every event
	edit    *field
	ask     bool // whether to replace the file of the chosen entry
	done    map[int]string
	err     error
}

// entry is one way to share.
type entry struct {
	what, about string
	format      string // of a file; "" for what is no file
	path        string
	do          func(*model) tea.Cmd
}

// savedMsg says what came of saving.
type savedMsg struct {
	entry int
	path  string
	err   error
}

func newSave(m *model) *savePage {
	p := &savePage{done: map[int]string{}}
	d := &m.book.d
	base := fileName(d)
	if m.engine != nil {
		p.entries = append(p.entries, entry{what: "JSON report", about: "opens with gcdiag report show", format: "json", path: base + ".json"},
			entry{what: "Markdown", about: "for a ticket", format: "markdown", path: base + ".md"})
		for _, f := range m.engine.Formats() {
			p.entries = append(p.entries, entry{what: formatNames[f][0], about: formatNames[f][1], format: f, path: base + "." + extension(f)})
		}
	}
	p.entries = append(p.entries,
		entry{what: "Copy the summary", about: "a few lines, for a chat", do: func(m *model) tea.Cmd { return m.copyText("summary", summary(&m.book.d)) }},
		entry{what: "Copy the replay list", about: wording.Plural(len(d.Repair.Replay), "event") + " to send again, in order", do: func(m *model) tea.Cmd {
			return m.copyText("replay list", replayList(&m.book.d))
		}})
	if m.source.command != "" {
		p.entries = append(p.entries, entry{what: "Copy the command", about: m.source.command, do: func(m *model) tea.Cmd {
			return m.copyText("command", m.source.command+"\n")
		}})
	}
	p.entries = append(p.entries,
		entry{what: "Show the summary", about: "to mark by hand, or have printed on leaving", do: func(m *model) tea.Cmd {
			return m.push(&textPage{name: "Summary", text: summary(&m.book.d), why: "Mark it with the mouse, or press p to have it printed when you leave."})
		}},
		entry{what: "What is hidden", about: hiddenText(d), do: func(m *model) tea.Cmd { return m.push(newHidden(m)) }})
	if m.source.judged != nil {
		p.entries = append(p.entries, entry{what: "Every event", about: "", do: func(*model) tea.Cmd { p.all = !p.all; return nil }})
	}
	p.at.clamp(len(p.entries))
	return p
}

// formatNames are the formats beyond the usual two, by what people call them.
var formatNames = map[string][2]string{"html": {"HTML", "one page for a browser"}, "junit": {"JUnit", "for a build server"}}

// fileName is the usual name of a report: what, when, whose.
func fileName(d *report.Document) string {
	name := "gcdiag"
	when := d.Run.FinishedAt
	if when == "" {
		when = d.Window.AsOf
	}
	if len(when) >= 10 {
		name += "-" + when[:10]
	}
	for _, s := range d.Systems {
		if s.Role != "platform" {
			continue
		}
		if word := slug(s.Name); word != "" {
			name += "-" + word[:min(24, len(word))]
		}
		break
	}
	return name
}

func extension(format string) string {
	if format == "junit" {
		return "xml"
	}
	return format
}

func hiddenText(d *report.Document) string {
	if !d.Redaction.On {
		return "nothing: redaction is off"
	}
	return wording.Plural(d.Redaction.Cards, "card") + " shown as tokens, " + wording.Plural(d.Redaction.Values, "value") + " withheld"
}

func (*savePage) title(*model) string { return "Save and share" }

func (p *savePage) typing() bool { return p.edit != nil }

func (p *savePage) back(*model) (bool, tea.Cmd) {
	stays := p.edit != nil || p.ask
	p.edit, p.ask = nil, false
	return stays, nil
}

func (p *savePage) keys(*model) []key.Binding {
	switch {
	case p.edit != nil:
		return []key.Binding{as(keys.enter, "save there"), as(keys.back, "leave the name as it was")}
	case p.ask:
		return []key.Binding{as(keys.yes, "replace it"), as(keys.no, "keep it")}
	}
	return []key.Binding{arrows("choose"), as(keys.enter, "do it"), as(keys.edit, "other name"), keys.replay, keys.command, keys.hid, keys.back}
}

func (p *savePage) update(m *model, msg tea.Msg) tea.Cmd {
	if msg, ok := msg.(savedMsg); ok {
		switch {
		case exists(msg.err):
			p.ask, p.err = true, nil
			p.at.at = msg.entry
		case msg.err != nil:
			p.err = msg.err
		default:
			p.err = nil
			p.done[msg.entry] = msg.path
			m.note = "Saved as " + msg.path + "."
		}
		return nil
	}
	if _, ok := msg.(tea.KeyMsg); !ok {
		return nil
	}
	e := &p.entries[p.at.at]
	switch {
	case p.edit != nil && is(msg, keys.enter):
		if v := strings.TrimSpace(p.edit.value()); v != "" {
			e.path = v
		}
		p.edit = nil
		return p.save(m, false)
	case p.edit != nil:
		p.edit.heeds(msg)
	case p.ask && is(msg, keys.yes):
		p.ask = false
		return p.save(m, true)
	case p.ask:
		p.ask = false
	case p.at.move(msg, 10):
		p.err = nil
	case is(msg, keys.edit) && e.format != "":
		f := newField(e.path)
		p.edit = &f
	case is(msg, keys.enter, keys.toggle) && e.format != "":
		return p.save(m, false)
	case is(msg, keys.enter, keys.toggle):
		return e.do(m)
	case is(msg, keys.save):
		p.at.at = 0
		if e := p.entries[0]; e.format != "" {
			return p.save(m, false)
		}
	case is(msg, keys.copy):
		return m.copyText("summary", summary(&m.book.d))
	case is(msg, keys.replay):
		return m.copyText("replay list", replayList(&m.book.d))
	case is(msg, keys.command):
		return m.copyText("command", m.source.command)
	case is(msg, keys.hid):
		return m.push(newHidden(m))
	}
	return nil
}

// save writes the chosen file.
func (p *savePage) save(m *model, replace bool) tea.Cmd {
	i, e := p.at.at, p.entries[p.at.at]
	judged, all, d, engine := m.source.judged, p.all, m.book.d, m.engine
	return m.do(func(context.Context) tea.Msg {
		if judged != nil {
			d = judged.Document(Shown{AllEvents: all})
		}
		return savedMsg{i, e.path, engine.Save(e.path, e.format, d, replace)}
	})
}

func (p *savePage) view(m *model, u ui) []string {
	var out []string
	rows := max(3, u.h-6)
	from, to := p.at.window(rows)
	for i := from; i < to; i++ {
		e := p.entries[i]
		about := e.about
		sign := " "
		if e.format != "" {
			about = e.path
			if e.about != "" {
				about += "  (" + e.about + ")"
			}
		}
		if path, ok := p.done[i]; ok {
			sign, about = u.sign(passed), "saved as "+path
		}
		if e.what == "Every event" {
			about = "no: lists are cut at 100, as the report format has it"
			if p.all {
				about = "yes: saved reports list all events"
			}
		}
		text := sign + " " + u.cell(e.what, 22) + " " + u.fit(about, u.w-32)
		switch {
		case i == p.at.at && p.edit != nil:
			out = append(out, " "+paint(u.st.key, "▸")+"   "+u.cell(e.what, 22)+" "+p.edit.view(u, max(10, u.w-32), true))
		default:
			out = append(out, u.chosen(i == p.at.at, text))
		}
		if i+1 < len(p.entries) && i+1 < to && (p.entries[i].format == "") != (p.entries[i+1].format == "") {
			out = append(out, "")
		}
	}
	out = append(out, "")
	switch {
	case p.ask:
		out = append(out, u.para(1, u.st.due, p.entries[p.at.at].path+" exists. Replace it? y or n")...)
	case p.err != nil:
		out = append(out, u.problem(p.err)...)
	case p.entries[p.at.at].format != "":
		out = append(out, u.para(1, u.st.dim, "Files are readable by you alone. Card ids are tokens in them, and free text is withheld.")...)
	}
	return out
}

// textPage shows text to be marked by hand.
type textPage struct {
	name, text, why string
	top             scroll
	rows            int
}

func (p *textPage) title(*model) string { return p.name }

func (p *textPage) keys(m *model) []key.Binding {
	if len(p.text) > clipboardMost || m.screen.deaf {
		return []key.Binding{arrows("scroll"), keys.print, keys.back}
	}
	return []key.Binding{arrows("scroll"), keys.print, keys.copy, keys.back}
}

func (p *textPage) update(m *model, msg tea.Msg) tea.Cmd {
	switch {
	case is(msg, keys.print):
		m.prints = p.text
		m.note = "It will be printed when you leave."
	case is(msg, keys.copy) && len(p.text) <= clipboardMost && !m.screen.deaf:
		return m.copyText(strings.ToLower(p.name), p.text)
	default:
		p.top.move(msg, max(1, p.rows))
	}
	return nil
}

func (p *textPage) view(_ *model, u ui) []string {
	out := u.para(1, u.st.dim, p.why)
	out = append(out, "")
	p.rows = u.h - len(out)
	var lines []string
	for l := range strings.Lines(p.text) {
		for _, l := range u.wrap(untabbed(l), u.w-2) {
			lines = append(lines, " "+l)
		}
	}
	return append(out, p.top.view(u, lines, p.rows)...)
}

// untabbed is a line of text with blanks for tabs and for its end.
func untabbed(l string) string {
	return strings.ReplaceAll(strings.TrimSuffix(l, "\n"), "\t", "  ")
}

// hiddenPage previews what redaction hides from whoever gets the report.
type hiddenPage struct {
	lines   []hidden
	waiting bool
	at      list
	rows    int
}

// hidden is one value and how the report shows it.
type hidden struct{ where, shown, real string }

type hiddenMsg []hidden

func newHidden(*model) *hiddenPage { return &hiddenPage{rows: 10} }

func (p *hiddenPage) init(m *model) tea.Cmd {
	if m.source.judged == nil {
		p.lines = withheld(&m.book.d, nil)
		return nil
	}
	p.waiting = true
	judged := m.source.judged
	return m.do(func(context.Context) tea.Msg {
		redacted, open := judged.Document(Shown{}), judged.Document(Shown{NoRedact: true})
		return hiddenMsg(withheld(&redacted, &open))
	})
}

// withheld lists what a redacted report does not show, with the real values
// where open has them. Card codes stay masked also there.
func withheld(d, open *report.Document) []hidden {
	var out []hidden
	seen := map[hidden]bool{}
	add := func(h hidden) {
		if !seen[h] {
			seen[h] = true
			out = append(out, h)
		}
	}
	for i := range d.Traces {
		t := &d.Traces[i]
		var real *report.Trace
		if open != nil && i < len(open.Traces) && open.Traces[i].Event == t.Event {
			real = &open.Traces[i]
		}
		if t.Card != "" {
			h := hidden{where: "card", shown: t.Card}
			if real != nil {
				h.real = lastFour(real.Card)
			}
			add(h)
		}
		for j := range t.Records {
			for k, f := range t.Records[j].Fields {
				if f.Value != "(withheld)" {
					continue
				}
				h := hidden{where: t.Records[j].Record + " " + f.Name, shown: f.Value}
				if real != nil && j < len(real.Records) && k < len(real.Records[j].Fields) && real.Records[j].Fields[k].Name == f.Name {
					h.real = redact.Mask(real.Records[j].Fields[k].Value)
				}
				add(h)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b hidden) int { return strings.Compare(a.where, b.where) })
	return out
}

// lastFour is a card id as its owner recognises it.
func lastFour(id string) string {
	r := []rune(id)
	if len(r) <= 6 {
		return strings.Repeat("•", len(r))
	}
	return "…" + string(r[len(r)-4:])
}

func (p *hiddenPage) title(m *model) string { return "What redaction hides: " + hiddenText(&m.book.d) }

func (*hiddenPage) keys(*model) []key.Binding { return []key.Binding{arrows("scroll"), keys.back} }

func (p *hiddenPage) update(_ *model, msg tea.Msg) tea.Cmd {
	if got, ok := msg.(hiddenMsg); ok {
		p.lines, p.waiting = got, false
	}
	p.at.clamp(len(p.lines))
	p.at.move(msg, p.rows)
	return nil
}

func (p *hiddenPage) view(m *model, u ui) []string {
	switch {
	case p.waiting:
		return []string{" " + paint(u.st.dim, "working it out …")}
	case !m.book.d.Redaction.On:
		return u.para(1, u.st.due, "Redaction is off: this report shows card ids and free text as they are.")
	case len(p.lines) == 0:
		return u.para(1, u.st.plain, "The events that the report lists hold nothing that is hidden.")
	}
	where := max(12, min(32, u.w/3))
	col := max(12, (u.w-8-where)/2)
	out := []string{paint(u.st.dim, "   "+u.cell("where", where)+"  "+u.cell("the report shows", col)+"  in your records")}
	p.rows = max(1, u.h-4)
	p.at.clamp(len(p.lines))
	from, to := p.at.window(p.rows)
	for i := from; i < to; i++ {
		l := p.lines[i]
		real := l.real
		if m.source.judged == nil {
			real = "not in this file"
		}
		out = append(out, u.chosen(i == p.at.at, u.cell(l.where, where)+"  "+u.cell(l.shown, col)+"  "+u.fit(real, col-2)))
	}
	return append(out, "", " "+paint(u.st.dim, fmt.Sprintf("%d–%d of %d; card codes stay masked here, too.", from+1, to, len(p.lines))))
}

// exists reports whether saving failed only because the file is there.
func exists(err error) bool { return errors.Is(err, fs.ErrExist) }
