package wizard

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"gcdiag/internal/connector"
	"gcdiag/internal/record"

	"gcdiag/internal/wording"
)

// folderPage asks where the export files are.
type folderPage struct {
	form form
	role record.Role // the role whose files are wanted; NoRole: all
	busy bool
	err  error
}

type surveyMsg struct {
	page   *folderPage
	survey Survey
	err    error
}

func newFolder(_ *model, folder string) *folderPage {
	s := Setting{Name: "folder", Description: "Put exports of the card ledger, of the integration's run history and of the ERP's ledger into one folder, with the vendors' own headers. They stay where they are. Empty: this folder.",
		Example: "~/exports/acme", Default: folder}
	return &folderPage{form: form{rows: []formRow{newRow(s, "folder")}}}
}

func (p *folderPage) title(*model) string {
	if p.role != record.NoRole {
		return "Export files of the " + roleText(p.role)
	}
	return "Export files"
}

func (p *folderPage) typing() bool              { return !p.busy }
func (p *folderPage) keys(*model) []key.Binding { return p.form.keys("look") }

func (p *folderPage) update(m *model, msg tea.Msg) tea.Cmd {
	if msg, ok := msg.(surveyMsg); ok {
		if msg.page != p {
			return nil
		}
		p.busy, p.err = false, msg.err
		switch {
		case msg.err != nil:
		case len(msg.survey.Files) == 0:
			p.err = fmt.Errorf("no file in %s can be used; %s", msg.survey.Folder, strings.Join(msg.survey.Unused, "; "))
		default:
			return m.push(newSurvey(m, msg.survey, p.role))
		}
		return nil
	}
	if !p.busy && p.form.heeds(msg) {
		p.busy, p.err = true, nil
		folder := p.form.value("folder")
		if folder == "" {
			folder = "."
		}
		if rest, ok := strings.CutPrefix(folder, "~/"); ok {
			folder = m.o.Getenv("HOME") + "/" + rest
		}
		return m.do(func(ctx context.Context) tea.Msg {
			s, err := m.engine.Survey(ctx, folder)
			return surveyMsg{p, s, err}
		})
	}
	return nil
}

func (p *folderPage) view(_ *model, u ui) []string {
	out := p.form.view(u)
	if p.busy {
		out = append(out, "", " "+paint(u.st.dim, "looking at the files …"))
	}
	return append(append(out, ""), u.problem(p.err)...)
}

func roleText(r record.Role) string {
	if r == record.ERP {
		return "ERP"
	}
	return r.String()
}

// surveyPage shows what the files were taken for.
type surveyPage struct {
	s    Survey
	role record.Role
	at   list
}

func newSurvey(_ *model, s Survey, role record.Role) *surveyPage {
	if role != record.NoRole {
		for i := range s.Files {
			s.Files[i].Use = s.Files[i].Use && s.Files[i].Role == role
		}
	}
	return &surveyPage{s: s, role: role, at: list{n: len(s.Files) + 1, at: len(s.Files)}}
}

func (p *surveyPage) title(*model) string { return "What the files hold" }

func (p *surveyPage) keys(*model) []key.Binding {
	if p.at.at == len(p.s.Files) {
		return []key.Binding{as(keys.enter, "go on"), arrows("choose"), keys.back}
	}
	return []key.Binding{arrows("choose"), as(keys.enter, "columns"), as(keys.toggle, "use or not"), keys.back}
}

func (p *surveyPage) update(m *model, msg tea.Msg) tea.Cmd {
	switch {
	case p.at.move(msg, 8):
	case p.at.at == len(p.s.Files):
		if is(msg, keys.enter) {
			return p.goOn(m)
		}
	case is(msg, keys.toggle):
		p.s.Files[p.at.at].Use = !p.s.Files[p.at.at].Use
	case is(msg, keys.enter):
		return m.push(newColumns(m, &p.s.Files[p.at.at]))
	}
	return nil
}

// goOn leaves the guesses as they are.
func (p *surveyPage) goOn(m *model) tea.Cmd {
	used := slices.ContainsFunc(p.s.Files, func(e Export) bool { return e.Use })
	if !used {
		m.note = "No file is used: mark at least one with space."
		return nil
	}
	if p.role != record.NoRole {
		for i := len(m.pages) - 1; i >= 0; i-- {
			if s, ok := m.pages[i].(*systemsPage); ok {
				s.files(p.role, p.s)
				m.pages = m.pages[:i+1]
				return nil
			}
		}
	}
	return m.push(newBasics(m, &p.s, nil, nil))
}

func (e *Export) open() int {
	n := len(e.Missing)
	for _, w := range e.Words {
		if w.Guess == "" && e.Entry.Values[w.Column][w.Word] == "" {
			n++
		}
	}
	return n
}

func (p *surveyPage) view(_ *model, u ui) []string {
	name := min(30, max(13, u.w/3-6))
	out := []string{paint(u.st.dim, u.fit("       "+u.cell("file", name)+"  "+u.cell("holds", 14)+"of the       guesses", u.w-1))}
	rows := max(3, u.h-8)
	from, to := p.at.window(rows)
	for i := from; i < to; i++ {
		if i == len(p.s.Files) {
			out = append(out, u.chosen(i == p.at.at, "Go on with these"))
			continue
		}
		e := &p.s.Files[i]
		box := "[ ]"
		if e.Use {
			box = "[x]"
		}
		what := e.Record.String()
		if what == "" {
			what = "?"
		}
		note := ""
		if n := len(e.Guessed) + len(e.Words); n > 0 {
			note = wording.Count(n) + " guessed"
		}
		if n := e.open(); n > 0 && e.Use {
			if note = wording.Count(n) + " to decide"; width(note) > u.w-name-39 {
				note = wording.Count(n) + " open"
			}
		}
		out = append(out, u.chosen(i == p.at.at, box+" "+u.cell(e.Name, name)+"  "+u.cell(what, 14)+u.cell(roleText(e.Role), 12)+" "+u.fit(note, max(4, u.w-name-39))))
	}
	out = append(out, "")
	if p.at.at < len(p.s.Files) {
		for _, n := range p.s.Files[p.at.at].Notes {
			out = append(out, u.paraMost(3, 1, u.st.dim, n)...)
		}
	} else {
		for _, s := range p.s.Unused {
			out = append(out, u.paraMost(3, 1, u.st.dim, "not used: "+s)...)
		}
	}
	return out
}

// columnsPage shows one file's columns: what each was taken for, over its first
// values, to be corrected.
type columnsPage struct {
	e    *Export
	at   list
	pick *list // choosing a header, a type, a role or a word's meaning
}

func newColumns(_ *model, e *Export) *columnsPage {
	p := &columnsPage{e: e}
	p.at.clamp(p.lines())
	return p
}

// The lines are: what the file holds, whose it is, its columns, its words.
func (p *columnsPage) fields() []string { return connector.Columns(p.e.Record) }
func (p *columnsPage) lines() int       { return 2 + len(p.fields()) + len(p.e.Words) }

func (p *columnsPage) title(*model) string { return "Columns of " + p.e.Name }

func (p *columnsPage) keys(*model) []key.Binding {
	if p.pick != nil {
		return []key.Binding{arrows("choose"), as(keys.enter, "take it"), as(keys.back, "as it was")}
	}
	return []key.Binding{arrows("choose"), as(keys.enter, "change"), as(keys.back, "done")}
}

func (p *columnsPage) back(*model) (bool, tea.Cmd) {
	was := p.pick != nil
	p.pick = nil
	return was, nil
}

// header is what stands for a column: what the person said, else the guess.
func (e *Export) header(column string) string {
	if h, ok := e.Entry.Columns[column]; ok {
		return h
	}
	return e.Fields[column]
}

// options are what can be chosen for a line, with a word beside each.
func (p *columnsPage) options(line int) (list, about []string) {
	switch n := len(p.fields()); {
	case line == 0:
		for t := record.Movements; t <= record.Exceptions; t++ {
			list, about = append(list, t.String()), append(about, "")
		}
	case line == 1:
		for _, r := range []record.Role{record.Platform, record.Integration, record.ERP} {
			if slices.Contains(record.Types(r), p.e.Record) || p.e.Record == record.NoType {
				list, about = append(list, r.String()), append(about, "")
			}
		}
	case line < 2+n:
		list, about = []string{""}, []string{"the file has none"}
		for i, h := range p.e.Headers {
			list, about = append(list, h), append(about, p.samples(i))
		}
	default:
		list, about = []string{""}, []string{"not known"}
		for _, c := range p.e.Words[line-2-n].Choices {
			list, about = append(list, c), append(about, "")
		}
	}
	return list, about
}

// samples are the first values of a column.
func (p *columnsPage) samples(column int) string {
	var out []string
	for _, row := range p.e.Rows {
		if column < len(row) && row[column] != "" && !slices.Contains(out, row[column]) {
			out = append(out, row[column])
		}
		if len(out) == 4 {
			break
		}
	}
	return strings.Join(out, " | ")
}

func (p *columnsPage) update(_ *model, msg tea.Msg) tea.Cmd {
	if p.pick != nil {
		list, _ := p.options(p.at.at)
		switch {
		case p.pick.move(msg, 8):
		case is(msg, keys.enter) && len(list) > 0:
			p.take(list[p.pick.at])
			p.pick = nil
		}
		return nil
	}
	switch {
	case p.at.move(msg, 8):
	case is(msg, keys.enter):
		options, _ := p.options(p.at.at)
		l := list{n: len(options), at: max(0, slices.Index(options, p.value(p.at.at)))}
		p.pick = &l
	}
	return nil
}

// value is what a line says now.
func (p *columnsPage) value(line int) string {
	switch n := len(p.fields()); {
	case line == 0:
		return p.e.Record.String()
	case line == 1:
		return p.e.Role.String()
	case line < 2+n:
		return p.e.header(p.fields()[line-2])
	default:
		w := p.e.Words[line-2-n]
		if v, ok := p.e.Entry.Values[w.Column][w.Word]; ok {
			return v
		}
		return w.Guess
	}
}

// take changes the line that is chosen.
func (p *columnsPage) take(v string) {
	e := p.e
	switch n := len(p.fields()); {
	case p.at.at == 0:
		if t, ok := record.ParseType(v); ok && t != e.Record {
			e.Record, e.Fields, e.Guessed, e.Words, e.Missing = t, map[string]string{}, nil, nil, nil
			e.Entry.Columns, e.Entry.Values = nil, nil
			if !slices.Contains(record.Types(e.Role), t) {
				for _, r := range []record.Role{record.Platform, record.Integration, record.ERP} {
					if slices.Contains(record.Types(r), t) {
						e.Role = r
						break
					}
				}
			}
			e.Use = true
			p.at.clamp(p.lines())
		}
	case p.at.at == 1:
		if r, ok := record.ParseRole(v); ok {
			e.Role = r
		}
	case p.at.at < 2+n:
		column := p.fields()[p.at.at-2]
		if e.Entry.Columns == nil {
			e.Entry.Columns = map[string]string{}
		}
		for other, h := range e.Entry.Columns {
			if h == v && v != "" && other != column {
				delete(e.Entry.Columns, other)
			}
		}
		for other, h := range e.Fields {
			if h == v && v != "" && other != column {
				delete(e.Fields, other)
			}
		}
		e.Entry.Columns[column] = v
		e.Missing = slices.DeleteFunc(e.Missing, func(m string) bool { return m == column && v != "" })
	default:
		w := e.Words[p.at.at-2-n]
		if e.Entry.Values == nil {
			e.Entry.Values = map[string]map[string]string{}
		}
		if e.Entry.Values[w.Column] == nil {
			e.Entry.Values[w.Column] = map[string]string{}
		}
		e.Entry.Values[w.Column][w.Word] = v
	}
}

func (p *columnsPage) view(_ *model, u ui) []string {
	if p.pick != nil {
		return p.viewPick(u)
	}
	const label = 16
	head := min(26, max(14, u.w/4))
	out := []string{paint(u.st.dim, "   "+u.cell("gcdiag needs", label)+"  "+u.cell("the file's", head)+"  first values")}
	p.at.clamp(p.lines())
	from, to := p.at.window(max(3, u.h-3))
	fields := p.fields()
	for i := from; i < to; i++ {
		v := p.value(i)
		name, about := "", ""
		switch {
		case i == 0:
			name, about = "holds", "what one row is"
		case i == 1:
			name, about = "of the", "whose export it is"
		case i < 2+len(fields):
			name = fields[i-2]
			if slices.Contains(p.e.Missing, name) {
				about = "needed: no column stands for it"
			} else if c := slices.Index(p.e.Headers, v); v != "" && c >= 0 {
				about = p.samples(c)
				if p.e.Guessed[name] && p.e.Entry.Columns[name] == "" {
					v += " ?"
				}
			}
		default:
			w := p.e.Words[i-2-len(fields)]
			name, about = w.Column+":", "the word \""+w.Word+"\""
			if v == "" {
				about += ", to decide"
			}
		}
		if v == "" {
			v = "–"
		}
		out = append(out, u.chosen(i == p.at.at, u.cell(name, label)+"  "+u.cell(v, head)+"  "+u.fit(about, max(4, u.w-label-head-9))))
	}
	return append(append(out, ""), u.paraMost(1, 1, u.st.dim, fmt.Sprintf("%d–%d of %d. ? marks a guess; other columns are kept.", from+1, to, p.lines()))...)
}

func (p *columnsPage) viewPick(u ui) []string {
	list, about := p.options(p.at.at)
	what := "Which column of the file is " + p.label() + "?"
	switch {
	case p.at.at == 0:
		what = "What is one row of this file?"
	case p.at.at == 1:
		what = "Which system does it come from?"
	case p.at.at >= 2+len(p.fields()):
		w := p.e.Words[p.at.at-2-len(p.fields())]
		what = "What does \"" + w.Word + "\" mean in " + w.Column + "?"
	}
	out := append(u.para(1, u.st.bold, what), "")
	p.pick.n = len(list)
	from, to := p.pick.window(max(3, u.h-len(out)-1))
	for i := from; i < to; i++ {
		name := list[i]
		if name == "" {
			name = "–"
		}
		out = append(out, u.chosen(i == p.pick.at, u.cell(name, 26)+"  "+u.fit(about[i], max(4, u.w-35))))
	}
	return out
}

func (p *columnsPage) label() string {
	if n := p.at.at - 2; n >= 0 && n < len(p.fields()) {
		return p.fields()[n]
	}
	return ""
}
