package wizard

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"gcdiag/internal/answers"
	"gcdiag/internal/connector"
	"gcdiag/internal/money"
	"gcdiag/internal/record"
)

// basicsPage asks what no export and no interface says for certain: the
// liability account, the currency, the calendar, the time to judge.
type basicsPage struct {
	form   form
	survey *Survey           // of export files; nil for live systems alone
	cfg    *connector.Config // of live systems; nil for files alone
	sheet  *answers.Sheet
	busy   bool
	err    error
}

type settledMsg struct {
	page  *basicsPage
	cfg   *connector.Config
	notes []string
	err   error
}

func newBasics(_ *model, s *Survey, cfg *connector.Config, sheet *answers.Sheet) *basicsPage {
	p := &basicsPage{survey: s, cfg: cfg, sheet: sheet}
	guess := "; empty: what the files suggest"
	if s == nil {
		guess = ""
	}
	account := newRow(Setting{Name: "accounts", Description: "The gift card liability account as the ERP writes it; several with commas between" + guess + ".", Example: "2400", Required: s == nil && hasERP(cfg)}, "liability account")
	currency := newRow(Setting{Name: "currency", Description: "The currency of records that carry none" + guess + ".", Example: "USD"}, "currency")
	currency.check = func(v string) string {
		if _, ok := money.ParseCurrency(v); !ok {
			return "three letters of ISO 4217, such as USD"
		}
		return ""
	}
	zone := newRow(Setting{Name: "timezone", Description: "The calendar of the shop and the ERP: days end there.", Example: "America/New_York", Default: "UTC", Required: true}, "time zone")
	zone.check = func(v string) string {
		if _, err := time.LoadLocation(v); err != nil || v == "Local" {
			return "a name such as America/New_York, Europe/Berlin or UTC"
		}
		return ""
	}
	p.form.rows = []formRow{account, currency, zone}
	if s == nil {
		last := newRow(Setting{Name: "last", Description: "How far back to look. Interfaces keep some histories for a few weeks only.", Example: "30d", Default: "30d", Required: true}, "look back")
		last.check = func(v string) string {
			if d, err := connector.ParseSpan(v); err != nil || d == 0 {
				return "a span such as 30d, 8w or 36h"
			}
			return ""
		}
		p.form.rows = append(p.form.rows, last)
	}
	return p
}

func hasERP(cfg *connector.Config) bool {
	if cfg == nil {
		return false
	}
	for _, k := range cfg.Connectors {
		if k.Role == record.ERP {
			return true
		}
	}
	return false
}

func (*basicsPage) title(*model) string         { return "What no system says for certain" }
func (p *basicsPage) typing() bool              { return !p.busy }
func (p *basicsPage) keys(*model) []key.Binding { return p.form.keys("go on") }

func (p *basicsPage) update(m *model, msg tea.Msg) tea.Cmd {
	if msg, ok := msg.(settledMsg); ok {
		if msg.page != p {
			return nil
		}
		p.busy, p.err = false, msg.err
		if msg.err == nil {
			return m.push(newConfig(m, msg.cfg, msg.notes, p.sheet))
		}
		return nil
	}
	if p.busy || !p.form.heeds(msg) {
		return nil
	}
	p.busy, p.err = true, nil
	was, engine := *p, m.engine
	return m.do(func(ctx context.Context) tea.Msg {
		cfg, notes, err := was.settle(ctx, engine)
		return settledMsg{p, cfg, notes, err}
	})
}

// settle makes the configuration of what was filled in.
func (p *basicsPage) settle(ctx context.Context, engine Engine) (*connector.Config, []string, error) {
	b := Basics{Currency: strings.ToUpper(p.form.value("currency")), Timezone: p.form.value("timezone")}
	for _, a := range strings.Split(p.form.value("accounts"), ",") {
		if a = strings.TrimSpace(a); a != "" {
			b.Accounts = append(b.Accounts, a)
		}
	}
	if p.survey == nil {
		cfg, err := complete(p.cfg, b, p.form.value("last"))
		return cfg, nil, err
	}
	cfg, notes, err := engine.Settle(ctx, *p.survey, b)
	if err == nil && p.cfg != nil {
		cfg = joined(p.cfg, cfg)
	}
	return cfg, notes, err
}

// complete fills the basics into the configuration of live systems.
func complete(live *connector.Config, b Basics, last string) (*connector.Config, error) {
	cfg := *live
	zone, err := time.LoadLocation(b.Timezone)
	if err != nil {
		return nil, fmt.Errorf("time zone: %w", err)
	}
	span, err := connector.ParseSpan(last)
	if err != nil {
		return nil, fmt.Errorf("look back: %w", err)
	}
	cfg.Zone, cfg.Liability, cfg.Window = zone, b.Accounts, connector.Window{Last: span}
	if b.Currency != "" {
		cfg.Currency, _ = money.ParseCurrency(b.Currency)
	}
	return &cfg, nil
}

// joined is the configuration of live systems with the files of another one,
// whose paths are made whole.
func joined(live, files *connector.Config) *connector.Config {
	cfg := *files
	cfg.Name = live.Name
	for i, k := range cfg.Connectors {
		moved := map[record.Type][]connector.File{}
		for t, list := range k.Files {
			for _, f := range list {
				f.Path = files.Resolve(f.Path)
				if whole, err := filepath.Abs(f.Path); err == nil {
					f.Path = whole
				}
				moved[t] = append(moved[t], f)
			}
		}
		cfg.Connectors[i].Files = moved
	}
	cfg.Connectors = append(append([]connector.Connector{}, live.Connectors...), cfg.Connectors...)
	return &cfg
}

func (p *basicsPage) view(_ *model, u ui) []string {
	out := p.form.view(u)
	if p.busy {
		out = append(out, "", " "+paint(u.st.dim, "working it out …"))
	}
	return append(append(out, ""), u.problem(p.err)...)
}

// configPage shows the connectors.yaml that came of it, saves it and runs it.
type configPage struct {
	cfg   *connector.Config
	notes []string
	sheet *answers.Sheet
	text  []string
	err   error
	top   scroll
	rows  int
	edit  *field
	ask   bool
	busy  bool
}

type wroteMsg struct {
	page *configPage
	err  error
}

func newConfig(m *model, cfg *connector.Config, notes []string, sheet *answers.Sheet) *configPage {
	p := &configPage{cfg: cfg, notes: notes, sheet: sheet, rows: 10}
	text, err := m.engine.Format(cfg)
	p.err = err
	p.text = strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	return p
}

func (p *configPage) title(*model) string { return p.cfg.Name }
func (p *configPage) typing() bool        { return p.edit != nil }

func (p *configPage) back(*model) (bool, tea.Cmd) {
	stays := p.edit != nil || p.ask
	p.edit, p.ask = nil, false
	return stays, nil
}

func (p *configPage) keys(*model) []key.Binding {
	switch {
	case p.edit != nil:
		return []key.Binding{as(keys.enter, "take the name"), as(keys.back, "as it was")}
	case p.ask:
		return []key.Binding{as(keys.yes, "replace it"), as(keys.no, "keep it")}
	}
	return []key.Binding{as(keys.enter, "save and run"), as(keys.no, "run without saving"), as(keys.edit, "other name"), arrows("scroll"), keys.back}
}

func (p *configPage) update(m *model, msg tea.Msg) tea.Cmd {
	if msg, ok := msg.(wroteMsg); ok {
		if msg.page != p {
			return nil
		}
		p.busy, p.err = false, nil
		switch {
		case exists(msg.err):
			p.ask = true
		case msg.err != nil:
			p.err = msg.err
		default:
			m.saved = append(m.saved[:len(m.saved):len(m.saved)], p.cfg.Name)
			return p.run(m, "gcdiag check --connectors "+quote(p.cfg.Name))
		}
		return nil
	}
	switch {
	case p.busy:
	case p.edit != nil && is(msg, keys.enter):
		if v := strings.TrimSpace(p.edit.value()); v != "" && v != p.cfg.Name {
			cfg := *p.cfg
			cfg.Name = v
			for i := range cfg.Connectors {
				for t, list := range cfg.Connectors[i].Files {
					for j := range list {
						list[j].Path = moved(p.cfg, v, list[j].Path)
					}
					cfg.Connectors[i].Files[t] = list
				}
			}
			*p = *newConfig(m, &cfg, p.notes, p.sheet)
		}
		p.edit = nil
	case p.edit != nil:
		p.edit.heeds(msg)
	case p.ask && is(msg, keys.yes):
		p.ask = false
		return p.write(m, true)
	case p.ask:
		if _, ok := msg.(tea.KeyMsg); ok {
			p.ask = false
		}
	case p.top.move(msg, p.rows):
	case is(msg, keys.edit):
		f := newField(p.cfg.Name)
		p.edit = &f
	case is(msg, keys.enter) && p.text != nil:
		return p.write(m, false)
	case is(msg, keys.no):
		return p.run(m, "")
	}
	return nil
}

// moved is a path of one configuration as one with another name has to write it.
func moved(old *connector.Config, name, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	to, err := filepath.Rel(filepath.Dir(name), old.Resolve(path))
	if err != nil {
		return old.Resolve(path)
	}
	return to
}

func (p *configPage) write(m *model, replace bool) tea.Cmd {
	p.busy = true
	cfg, engine := p.cfg, m.engine
	return m.do(func(context.Context) tea.Msg { return wroteMsg{p, engine.Write(cfg, replace)} })
}

func (p *configPage) run(m *model, command string) tea.Cmd {
	return m.push(newRun(m, p.cfg, command, p.sheet))
}

func (p *configPage) view(_ *model, u ui) []string {
	var out []string
	switch {
	case p.edit != nil:
		out = append(out, " save as  "+p.edit.view(u, u.w-14, true), "")
	case p.ask:
		out = append(out, u.para(1, u.st.due, p.cfg.Name+" exists. Replace it? y or n")...)
		out = append(out, "")
	case p.err != nil:
		out = append(append(out, u.problem(p.err)...), "")
	}
	var lines []string
	for _, n := range p.notes {
		lines = append(lines, u.para(1, u.st.warn, "? "+n)...)
	}
	if len(p.notes) > 0 {
		lines = append(lines, "")
	}
	for _, l := range p.text {
		st := u.st.plain
		if strings.HasPrefix(strings.TrimSpace(l), "#") {
			st = u.st.dim
		}
		lines = append(lines, " "+paint(st, u.fit(l, u.w-2)))
	}
	p.rows = u.h - len(out)
	return append(out, p.top.view(u, lines, p.rows)...)
}
