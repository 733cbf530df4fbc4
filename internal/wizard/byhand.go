package wizard

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"gcdiag/internal/answers"
	"gcdiag/internal/connector"
	"gcdiag/internal/record"
	"gcdiag/internal/report"
)

// namesPage asks what the systems are called before they are asked about.
type namesPage struct{ form form }

func newNames(*model) *namesPage {
	platform := need("platform", "Where gift cards are sold and spent.", "Shopify")
	integration := Setting{Name: "integration", Description: "What carries events from the shop to the ERP. Leave it empty if there is none.", Example: "Celigo"}
	erp := need("erp", "Whose ledger has the liability account.", "NetSuite")
	account := Setting{Name: "accounts", Description: "The gift card liability account, if you know it.", Example: "2400"}
	return &namesPage{form{rows: []formRow{newRow(platform, "gift card platform"), newRow(integration, "integration layer"), newRow(erp, "ERP"), newRow(account, "liability account")}}}
}

func (*namesPage) title(*model) string         { return "By hand: which systems are they?" }
func (*namesPage) typing() bool                { return true }
func (p *namesPage) keys(*model) []key.Binding { return p.form.keys("ask me") }
func (p *namesPage) view(_ *model, u ui) []string {
	return append(p.form.view(u), append([]string{""}, u.para(3, u.st.dim, "What you answer is marked as told: it names the step to look at, but proves nothing and makes no figures.")...)...)
}

func (p *namesPage) update(m *model, msg tea.Msg) tea.Cmd {
	if !p.form.heeds(msg) {
		return nil
	}
	return m.push(newByHand(m, sheetNamed(p.form.value("platform"), p.form.value("integration"), p.form.value("erp"), p.form.value("accounts")), false))
}

func sheetNamed(platform, integration, erp, accounts string) *answers.Sheet {
	s := &answers.Sheet{Platform: platform, Integration: integration, ERP: erp, Given: map[answers.Cell]answers.Answer{}}
	for _, a := range strings.Split(accounts, ",") {
		if a = strings.TrimSpace(a); a != "" {
			s.Accounts = append(s.Accounts, a)
		}
	}
	return s
}

// sheetOf is an empty sheet that asks about some steps of configured systems.
func sheetOf(m *model, cfg *connector.Config, steps []int) *answers.Sheet {
	s := &answers.Sheet{Accounts: cfg.Liability, Steps: steps, Given: map[answers.Cell]answers.Answer{}, Look: map[int]string{}}
	packs := m.engine.Packs()
	for _, k := range cfg.Connectors {
		switch k.Role {
		case record.Platform:
			s.Platform = k.Name
		case record.Integration:
			s.Integration = k.Name
		case record.ERP:
			s.ERP = k.Name
		}
		if i := slices.IndexFunc(packs, func(p Pack) bool { return p.Name == k.Probe }); i >= 0 {
			maps.Copy(s.Look, packs[i].Look)
		}
	}
	return s
}

// sheetMsg is a sheet that was filled in for a run that waits for it.
type sheetMsg struct{ sheet *answers.Sheet }

// handPage asks the questions, one at a time.
type handPage struct {
	sheet *answers.Sheet
	i     int // of the question
	at    list
	note  *field
	then  func(*model) tea.Cmd // what comes after the last answer; nil: the report
	start time.Time
}

// newByHand asks the questions of a sheet; for a run, the sheet goes to it.
func newByHand(m *model, s *answers.Sheet, forRun bool) *handPage {
	p := &handPage{sheet: s, start: m.o.Now()}
	if forRun {
		p.then = func(m *model) tea.Cmd {
			m.pop()
			return func() tea.Msg { return sheetMsg{s} }
		}
	}
	p.open()
	return p
}

// newByHandThen asks the questions and goes on with something else.
func newByHandThen(m *model, s *answers.Sheet, then func(*model) tea.Cmd) *handPage {
	p := newByHand(m, s, false)
	p.then = then
	return p
}

func (p *handPage) question() answers.Question {
	qs := p.sheet.Questions()
	p.i = max(0, min(p.i, len(qs)-1))
	return qs[p.i]
}

// open sets the list to the question's answers and the one given before.
func (p *handPage) open() {
	q := p.question()
	given := p.sheet.Given[q.Cell].Choice
	p.at = list{n: len(q.Choices), at: max(0, slices.IndexFunc(q.Choices, func(c answers.Choice) bool { return c.Key == given }))}
}

func (p *handPage) title(*model) string {
	q := p.question()
	return fmt.Sprintf("Question %s, %s, step %d: %s", numbered(p.i, len(p.sheet.Questions())), kindName(q.Kind), q.Step, stages[q.Step-1])
}

func (p *handPage) typing() bool { return p.note != nil }

func (p *handPage) back(*model) (bool, tea.Cmd) {
	switch {
	case p.note != nil:
		p.note = nil
	case p.i > 0:
		p.i--
		p.open()
	default:
		return false, nil
	}
	return true, nil
}

func (p *handPage) keys(*model) []key.Binding {
	if p.note != nil {
		return []key.Binding{as(keys.enter, "keep the note"), as(keys.back, "no note")}
	}
	return []key.Binding{arrows("choose"), as(keys.enter, "answer"), as(keys.edit, "note, in their words"), as(keys.back, "question before")}
}

func (p *handPage) update(m *model, msg tea.Msg) tea.Cmd {
	q := p.question()
	if p.note != nil {
		if is(msg, keys.enter) {
			a := p.sheet.Given[q.Cell]
			a.Note = strings.TrimSpace(p.note.value())
			p.sheet.Given[q.Cell] = a
			p.note = nil
		} else {
			p.note.heeds(msg)
		}
		return nil
	}
	switch {
	case p.at.move(msg, 9):
	case is(msg, keys.edit):
		f := newField(p.sheet.Given[q.Cell].Note)
		p.note = &f
	case is(msg, keys.enter):
		a := p.sheet.Given[q.Cell]
		a.Choice = q.Choices[p.at.at].Key
		p.sheet.Given[q.Cell] = a
		if p.i+1 < len(p.sheet.Questions()) {
			p.i++
			p.open()
			return nil
		}
		if p.then != nil {
			return p.then(m)
		}
		d := sheetDocument(m.o, p.sheet, p.start)
		m.show(d, source{judged: onlyTold{d}})
	}
	return nil
}

// sheetDocument is the report of a sheet alone.
func sheetDocument(o Options, s *answers.Sheet, began time.Time) report.Document {
	stamp := func(t time.Time) string { return t.UTC().Format(time.RFC3339) }
	now := o.Now()
	w := report.Window{Since: stamp(now.Add(-connector.DefaultLast)), Until: stamp(now), AsOf: stamp(now), Timezone: "UTC"}
	return s.Document(report.Run{Tool: o.Tool, StartedAt: stamp(began), FinishedAt: stamp(now)}, w)
}

// onlyTold is a report that rests on answers alone: there is one way to show it.
type onlyTold struct{ d report.Document }

// Document is the report.
func (o onlyTold) Document(Shown) report.Document { return o.d }

func (p *handPage) view(_ *model, u ui) []string {
	q := p.question()
	out := u.para(1, u.st.bold, q.Ask)
	out = append(out, "")
	out = append(out, u.para(1, u.st.dim, "Where to look: "+q.Where)...)
	out = append(out, "")
	for i, c := range q.Choices {
		out = append(out, u.chosen(i == p.at.at, u.fit(c.Text, u.w-6)))
	}
	out = append(out, "")
	switch note := p.sheet.Given[q.Cell].Note; {
	case p.note != nil:
		out = append(out, " note  "+p.note.view(u, u.w-10, true))
	case note != "":
		out = append(out, u.paraMost(1, 2, u.st.plain, "Note: "+note)...)
	case q.Choices[p.at.at].Open:
		out = append(out, u.paraMost(1, 2, u.st.dim, "Then it is an open question for "+q.Whom+".")...)
	}
	return out
}
