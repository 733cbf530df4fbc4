package wizard

import (
	"context"
	"fmt"
	"strings"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"gcdiag/internal/connector"
)

// startPage is where a person says what there is to look at.
type startPage struct {
	at    list
	ways  []way
	found map[string]*connector.Config
	err   map[string]error
	yes   bool // run the first configuration without asking
}

// way is one way to begin.
type way struct {
	name, about string
	path        string // of a configuration
	open        func(*model) page
}

// loadedMsg is a configuration that was looked into.
type loadedMsg struct {
	path string
	cfg  *connector.Config
	err  error
}

func newStart(m *model) *startPage {
	p := &startPage{found: map[string]*connector.Config{}, err: map[string]error{}, yes: m.o.Yes}
	for _, path := range m.o.Connectors {
		p.ways = append(p.ways, way{name: "Run " + path, path: path})
	}
	p.ways = append(p.ways,
		way{name: "Export files", about: "a folder of CSV, JSON or XLSX from the three systems", open: func(m *model) page { return newFolder(m, "") }},
		way{name: "Live systems", about: "connect to them, read only, and test on the spot", open: func(m *model) page { return newSystems(m) }},
		way{name: "Answer by hand", about: "twelve questions, for a call with somebody who knows", open: func(m *model) page { return newNames(m) }},
		way{name: "Demo", about: "a made-up shop with a known fault", open: func(m *model) page { return newScenarios(m) }})
	p.at.clamp(len(p.ways))
	return p
}

func (p *startPage) init(m *model) tea.Cmd {
	var list []tea.Cmd
	for _, path := range m.o.Connectors {
		list = append(list, m.do(func(context.Context) tea.Msg {
			cfg, err := m.engine.Load(path)
			return loadedMsg{path, cfg, err}
		}))
	}
	return tea.Batch(list...)
}

func (*startPage) title(*model) string { return "Where does the gift card handoff break?" }

func (p *startPage) keys(*model) []key.Binding {
	return []key.Binding{arrows("choose"), as(keys.enter, "go")}
}

func (p *startPage) update(m *model, msg tea.Msg) tea.Cmd {
	if msg, ok := msg.(loadedMsg); ok {
		if msg.err != nil {
			p.err[msg.path] = msg.err
		} else {
			p.found[msg.path] = msg.cfg
		}
		if p.yes && msg.err == nil && m.page() == page(p) && msg.path == m.o.Connectors[0] {
			p.yes = false
			return m.push(newRun(m, msg.cfg, "gcdiag check --connectors "+quote(msg.path), nil))
		}
		return nil
	}
	switch {
	case p.at.move(msg, 10):
	case is(msg, keys.enter):
		w := p.ways[p.at.at]
		if w.path == "" {
			return m.push(w.open(m))
		}
		if cfg := p.found[w.path]; cfg != nil {
			return m.push(newRun(m, cfg, "gcdiag check --connectors "+quote(w.path), nil))
		}
		if p.err[w.path] != nil {
			m.note = "This configuration can't be used as it is; see above."
		}
	}
	return nil
}

func (p *startPage) view(m *model, u ui) []string {
	st := u.st
	out := u.para(1, st.plain, "A customer loads a gift card. The shop is right, the ERP is not, and neither shows an error. gcdiag compares every event over the systems and tells at which of four steps it gets lost.")
	flow := "shop ─1 emit─▶ integration ─2 forward─▶ ERP ─3 arrive─4 classify─▶ liability"
	if width(flow)+2 > u.w {
		flow = "shop ─1─▶ integration ─2─▶ ERP ─3─4─▶ liability"
	}
	out = append(out, "", " "+paint(st.info, flow), "")
	for i, w := range p.ways {
		text := u.cell(w.name, 18) + "  " + u.fit(w.about, u.w-26)
		if w.path != "" {
			about := "reading it …"
			switch {
			case p.err[w.path] != nil:
				about = "can't be used"
			case p.found[w.path] != nil:
				about = systemsText(p.found[w.path])
			}
			text = u.fit(w.name+"  "+about, u.w-6)
		}
		out = append(out, u.chosen(i == p.at.at, text))
		if w.path != "" && p.err[w.path] != nil && i == p.at.at {
			out = append(out, u.problem(p.err[w.path])...)
		}
		if i+1 < len(p.ways) && w.path != "" && p.ways[i+1].path == "" {
			out = append(out, "")
		}
	}
	return append(append(out, ""), u.para(1, st.dim, "It only reads, and calls nobody but the systems you name. Nothing is sent anywhere else.")...)
}

// systemsText names the systems of a configuration.
func systemsText(cfg *connector.Config) string {
	var names []string
	for _, k := range cfg.Connectors {
		names = append(names, k.Name)
	}
	return strings.Join(names, " → ")
}

// scenarioPage lists the months of the demo.
type scenarioPage struct {
	all   []Scenario
	shown []Scenario
	at    list
	find  filter
	busy  string
	err   error
	rows  int
}

type demoMsg struct {
	name string
	cfg  *connector.Config
	err  error
}

func newScenarios(m *model) *scenarioPage {
	p := &scenarioPage{all: m.engine.Scenarios(), rows: 10}
	p.choose()
	return p
}

func (p *scenarioPage) choose() {
	p.shown = nil
	for _, s := range p.all {
		if p.find.takes(s.Name + " " + s.About) {
			p.shown = append(p.shown, s)
		}
	}
	p.at.clamp(len(p.shown))
}

func (p *scenarioPage) title(*model) string { return "Demo: choose what is broken" }

func (p *scenarioPage) typing() bool { return p.find.on }

func (p *scenarioPage) back(*model) (bool, tea.Cmd) {
	if p.find.close() {
		p.choose()
		return true, nil
	}
	return false, nil
}

func (p *scenarioPage) keys(*model) []key.Binding {
	if p.find.on {
		return p.find.keys()
	}
	return []key.Binding{arrows("choose"), as(keys.enter, "play"), keys.filter, keys.back}
}

func (p *scenarioPage) update(m *model, msg tea.Msg) tea.Cmd {
	if msg, ok := msg.(demoMsg); ok {
		if msg.name != p.busy {
			return nil
		}
		p.busy, p.err = "", msg.err
		if msg.err == nil && m.page() == page(p) {
			return m.push(newRun(m, msg.cfg, "gcdiag demo "+quote(msg.name)+" --files", nil))
		}
		return nil
	}
	if p.find.heeds(msg) {
		p.choose()
		return nil
	}
	switch {
	case p.at.move(msg, p.rows):
	case is(msg, keys.filter):
		p.find.open()
	case is(msg, keys.enter) && len(p.shown) > 0 && p.busy == "":
		name := p.shown[p.at.at].Name
		p.busy = name
		return m.do(func(ctx context.Context) tea.Msg {
			cfg, err := m.engine.Demo(ctx, name)
			return demoMsg{name, cfg, err}
		})
	}
	return nil
}

func (p *scenarioPage) view(_ *model, u ui) []string {
	var out []string
	if l := p.find.line(u); l != "" {
		out = append(out, l)
	}
	if p.err != nil {
		out = append(out, u.problem(p.err)...)
	}
	name := 20
	p.rows = max(1, u.h-len(out)-3)
	from, to := p.at.window(p.rows)
	for i := from; i < to; i++ {
		s := p.shown[i]
		out = append(out, u.chosen(i == p.at.at, u.cell(s.Name, name)+"  "+u.fit(s.About, u.w-name-8)))
	}
	if len(p.shown) == 0 {
		return append(out, " "+paint(u.st.dim, "No scenario matches."))
	}
	foot := fmt.Sprintf("%d–%d of %d", from+1, to, len(p.shown))
	if p.busy != "" {
		foot = "making up the month …"
	}
	return append(append(out, ""), u.paraMost(1, 2, u.st.dim, foot+". "+p.shown[p.at.at].About)...)
}
