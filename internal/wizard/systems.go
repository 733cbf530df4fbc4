package wizard

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"gcdiag/internal/answers"
	"gcdiag/internal/connector"
	"gcdiag/internal/record"

	"gcdiag/internal/wording"
)

// systemsPage says, role by role, how each system is read.
type systemsPage struct {
	parts [3]part
	at    list
}

// part is how one role is read.
type part struct {
	how       string // "", live, files, hand, none
	connector connector.Connector
	pack      *Pack
	survey    *Survey
	checks    []Check
	tested    bool
}

var roles = [3]record.Role{record.Platform, record.Integration, record.ERP}

var roleAbout = [3]string{"where gift cards are sold and spent", "what carries events from shop to ERP", "whose ledger has the liability account"}

func newSystems(*model) *systemsPage { return &systemsPage{at: list{n: 4}} }

func (*systemsPage) title(*model) string { return "The three systems" }

func (p *systemsPage) keys(*model) []key.Binding {
	if p.at.at == 3 {
		return []key.Binding{as(keys.enter, "go on"), arrows("choose"), keys.back}
	}
	return []key.Binding{arrows("choose"), as(keys.enter, "set up"), keys.back}
}

func (p *systemsPage) update(m *model, msg tea.Msg) tea.Cmd {
	switch {
	case p.at.move(msg, 4):
	case is(msg, keys.enter) && p.at.at < 3:
		return m.push(newPacks(m, p, p.at.at))
	case is(msg, keys.enter):
		return p.goOn(m)
	}
	return nil
}

func (p *systemsPage) set(i int, x part) {
	p.parts[i] = x
	p.at.clamp(4)
	for p.at.at < 3 && p.parts[p.at.at].how != "" {
		p.at.at++
	}
}

// files notes that a role is read from export files.
func (p *systemsPage) files(role record.Role, s Survey) {
	p.set(slices.Index(roles[:], role), part{how: "files", survey: &s})
}

// plan is what the three parts amount to.
type plan struct {
	cfg    *connector.Config // of the live systems; nil: none
	survey *Survey           // of the export files; nil: none
	sheet  *answers.Sheet    // of what is answered by hand; nil: nothing
}

func (p *systemsPage) plan() (plan, error) {
	var out plan
	cfg := &connector.Config{Name: "connectors.yaml", Policy: connector.DefaultPolicy(), Window: connector.Window{Last: connector.DefaultLast}}
	sheet := &answers.Sheet{Given: map[answers.Cell]answers.Answer{}, Look: map[int]string{}}
	for i, x := range p.parts {
		name := ""
		switch x.how {
		case "live":
			cfg.Connectors = append(cfg.Connectors, x.connector)
			out.cfg = cfg
			name = x.connector.Name
			maps.Copy(sheet.Look, x.pack.Look)
		case "files":
			if out.survey == nil {
				out.survey = &Survey{Folder: x.survey.Folder}
			}
			if out.survey.Folder != x.survey.Folder {
				return out, fmt.Errorf("the export files must lie in one folder: %s and %s are two", out.survey.Folder, x.survey.Folder)
			}
			for _, f := range x.survey.Files {
				if f.Role == roles[i] {
					out.survey.Files = append(out.survey.Files, f)
				}
			}
		case "hand":
			sheet.Steps = append(sheet.Steps, stepsOf(roles[i])...)
			out.sheet = sheet
		}
		switch i {
		case 0:
			sheet.Platform = name
		case 1:
			if sheet.Integration = name; name == "" && x.how != "none" {
				sheet.Integration = "the integration"
			}
		case 2:
			sheet.ERP = name
		}
	}
	return out, nil
}

func (p *systemsPage) goOn(m *model) tea.Cmd {
	for i, x := range p.parts {
		if x.how == "" {
			p.at.at = i
			m.note = "Say first how the " + roleText(roles[i]) + " is read; there may be none."
			return nil
		}
	}
	plan, err := p.plan()
	switch {
	case err != nil:
		m.note = err.Error()
		return nil
	case plan.cfg == nil && plan.survey == nil:
		return m.push(newNames(m))
	case plan.sheet != nil:
		return m.push(newByHandThen(m, plan.sheet, func(m *model) tea.Cmd { return m.replace(newBasics(m, plan.survey, plan.cfg, plan.sheet)) }))
	}
	return m.push(newBasics(m, plan.survey, plan.cfg, nil))
}

func (p *systemsPage) view(_ *model, u ui) []string {
	var out []string
	for i, x := range p.parts {
		state, text := u.status(notReached), "to set up: "+roleAbout[i]
		switch x.how {
		case "live":
			state, text = u.status(passed), x.connector.Name+" ("+x.pack.Title+")"
			if !x.tested {
				state, text = u.status(unknown), text+", not tested"
			} else if slices.ContainsFunc(x.checks, func(c Check) bool { return c.Status == "fail" }) {
				state, text = u.status(failed), text+", a test failed"
			}
		case "files":
			n := 0
			for _, f := range x.survey.Files {
				if f.Use {
					n++
				}
			}
			state, text = u.status(passed), wording.Plural(n, "export file")+" of "+x.survey.Folder
		case "hand":
			state, text = u.status(passed), "answered by hand"
		case "none":
			state, text = u.status(passed), "there is none"
		}
		out = append(out, u.chosen(i == p.at.at, u.cell(roleText(roles[i]), 14)+state+"  "+u.fit(text, u.w-24)))
	}
	out = append(out, "", u.chosen(p.at.at == 3, "Go on"), "")
	return append(out, u.para(1, u.st.dim, "Read only: gcdiag asks these systems and changes nothing in them. Secrets stay in your keychain, environment or password manager; connectors.yaml holds references to them.")...)
}

// packPage lists the vendors of a role and the other ways.
type packPage struct {
	systems *systemsPage
	part    int
	packs   []Pack
	shown   []int // indices of packs; −1 files, −2 by hand, −3 none
	at      list
	find    filter
	rows    int
}

var otherWays = map[int][2]string{
	-1: {"not listed: files", "read its exports from a folder"},
	-2: {"not listed: I answer", "asked by hand, marked as told"},
	-3: {"there is none", "the report says what can't be told then"},
}

func newPacks(m *model, s *systemsPage, i int) *packPage {
	p := &packPage{systems: s, part: i, rows: 10}
	for _, k := range m.engine.Packs() {
		if k.Role == roles[i].String() {
			p.packs = append(p.packs, k)
		}
	}
	p.choose()
	return p
}

func (p *packPage) choose() {
	p.shown = nil
	for i, k := range p.packs {
		if p.find.takes(k.Name + " " + k.Title + " " + k.About) {
			p.shown = append(p.shown, i)
		}
	}
	p.shown = append(p.shown, -1, -2, -3)
	p.at.clamp(len(p.shown))
}

func (p *packPage) title(*model) string {
	return "Which is the " + roleText(roles[p.part]) + ", " + roleAbout[p.part] + "?"
}
func (p *packPage) typing() bool { return p.find.on }
func (p *packPage) back(*model) (bool, tea.Cmd) {
	if p.find.close() {
		p.choose()
		return true, nil
	}
	return false, nil
}
func (p *packPage) keys(*model) []key.Binding {
	if p.find.on {
		return p.find.keys()
	}
	return []key.Binding{arrows("choose"), as(keys.enter, "take it"), keys.filter, keys.back}
}

func (p *packPage) update(m *model, msg tea.Msg) tea.Cmd {
	if p.find.heeds(msg) {
		p.choose()
		return nil
	}
	switch {
	case p.at.move(msg, p.rows):
	case is(msg, keys.filter):
		p.find.open()
	case is(msg, keys.enter):
		switch i := p.shown[p.at.at]; i {
		case -1:
			f := newFolder(m, "")
			f.role = roles[p.part]
			return m.replace(f)
		case -2:
			p.systems.set(p.part, part{how: "hand"})
			m.pop()
		case -3:
			p.systems.set(p.part, part{how: "none"})
			m.pop()
		default:
			return m.replace(newSettings(m, p.systems, p.part, p.packs[i]))
		}
	}
	return nil
}

func (p *packPage) view(_ *model, u ui) []string {
	var out []string
	if l := p.find.line(u); l != "" {
		out = append(out, l)
	}
	p.rows = max(3, u.h-len(out)-2)
	from, to := p.at.window(p.rows)
	for i := from; i < to; i++ {
		n := p.shown[i]
		name, about := "", ""
		if n >= 0 {
			name, about = p.packs[n].Title, p.packs[n].About
		} else {
			name, about = otherWays[n][0], otherWays[n][1]
		}
		out = append(out, u.chosen(i == p.at.at, u.cell(name, 24)+"  "+u.fit(about, u.w-32)))
	}
	return append(out, "", " "+paint(u.st.dim, fmt.Sprintf("%d–%d of %d", from+1, to, len(p.shown))))
}

// settingsPage fills in what a pack asks for, then tests the connection.
type settingsPage struct {
	systems *systemsPage
	part    int
	pack    Pack
	form    form
	busy    bool
	err     error
}

type keptMsg struct {
	page *settingsPage
	k    connector.Connector
	err  error
}

// keeps are the places for a secret, the first one the usual.
var keeps = []string{"keychain", "environment variable", "file", "command"}

func newSettings(_ *model, s *systemsPage, i int, pack Pack) *settingsPage {
	p := &settingsPage{systems: s, part: i, pack: pack}
	p.rebuild()
	return p
}

// rebuild makes the rows that the choices made so far call for, and keeps what
// was typed.
func (p *settingsPage) rebuild() {
	old := p.form
	add := func(r formRow) {
		if was := old.row(r.Name); was != nil && was.Secret == r.Secret {
			r.text = was.text
			r.text.hidden = r.Secret
		}
		p.form.rows = append(p.form.rows, r)
	}
	p.form.rows, p.form.tried = nil, old.tried
	name := need("=name", "What to call it in the report.", p.pack.Title)
	name.Default = p.pack.Title
	add(newRow(name, "name"))
	if p.pack.URLExample != "" {
		s := need("=url", "Its address.", p.pack.URLExample)
		s.Pattern = `https?://\S+`
		add(newRow(s, "address"))
	}
	for _, s := range p.pack.Settings {
		if s.Secret {
			continue
		}
		add(newRow(s, s.Name))
	}
	var fields []Setting
	if n := len(p.pack.Auth); n > 0 {
		chosen := p.pack.Auth[0]
		if n > 1 {
			s := Setting{Name: "=auth", Description: "How gcdiag proves who is asking.", Required: true}
			for _, a := range p.pack.Auth {
				s.Choices = append(s.Choices, a.Title)
			}
			add(newRow(s, "sign in with"))
			for _, a := range p.pack.Auth {
				if a.Title == p.form.value("=auth") {
					chosen = a
				}
			}
		}
		fields = chosen.Fields
	}
	for _, s := range p.pack.Settings {
		if s.Secret {
			fields = append(fields, s)
		}
	}
	for _, s := range fields {
		if !s.Secret {
			plain := s
			plain.Name = "=plain:" + s.Name
			add(newRow(plain, s.Name))
			continue
		}
		add(newRow(Setting{Name: "=keep:" + s.Name, Description: s.Description + " It is never written into connectors.yaml. Where is it kept?", Choices: keeps, Required: true}, s.Name+" is in"))
		where := need("=secret:"+s.Name, "", "")
		label := ""
		switch p.form.value("=keep:" + s.Name) {
		case "keychain":
			where.Description, where.Secret = "Type or paste it; it is shown as dots and goes into this computer's keychain.", true
			label = s.Name
		case "environment variable":
			where.Description, where.Example, where.Pattern = "The variable that holds it.", strings.ToUpper(strings.NewReplacer("-", "_", " ", "_").Replace(p.pack.Name+"_"+s.Name)), `[A-Za-z_][A-Za-z0-9_]*`
			where.Default, label = where.Example, "variable"
		case "file":
			where.Description, where.Example, label = "The file that holds nothing else.", "~/.secrets/"+p.pack.Name, "file"
		case "command":
			where.Description, where.Example, label = "A command that prints it; it is run only after a yes.", "op read op://vault/"+p.pack.Name+"/"+s.Name, "command"
		}
		where.Name += ":" + label
		where.Required = s.Required || len(p.pack.Auth) > 0
		add(newRow(where, "  "+label))
	}
	p.form.at = min(old.at, len(p.form.rows)-1)
}

func (p *settingsPage) title(*model) string       { return p.pack.Title + ", " + roleText(roles[p.part]) }
func (p *settingsPage) typing() bool              { return !p.busy }
func (p *settingsPage) keys(*model) []key.Binding { return p.form.keys("test it") }

func (p *settingsPage) update(m *model, msg tea.Msg) tea.Cmd {
	if msg, ok := msg.(keptMsg); ok {
		if msg.page != p {
			return nil
		}
		p.busy, p.err = false, msg.err
		if msg.err == nil {
			pack := p.pack
			x := part{how: "live", connector: msg.k, pack: &pack}
			p.systems.set(p.part, x)
			return m.push(newTest(m, p.systems, p.part))
		}
		return nil
	}
	if p.busy {
		return nil
	}
	done := p.form.heeds(msg)
	p.rebuild()
	if !done {
		return nil
	}
	k, secrets, err := p.connector()
	if err != nil {
		p.err = err
		return nil
	}
	for i, x := range p.systems.parts {
		if i != p.part && x.how == "live" && x.connector.Name == k.Name {
			p.err = fmt.Errorf("the %s is called %s already: names are unique", roleText(roles[i]), k.Name)
			p.form.at = 0
			return nil
		}
	}
	p.busy, p.err = true, nil
	engine := m.engine
	return m.do(func(ctx context.Context) tea.Msg {
		for _, name := range slices.Sorted(maps.Keys(secrets)) {
			if err := engine.Keep(ctx, name, secrets[name]); err != nil {
				return keptMsg{p, k, err}
			}
		}
		return keptMsg{p, k, nil}
	})
}

// connector is what was filled in, with the secrets to keep, by their names in
// the keychain.
func (p *settingsPage) connector() (connector.Connector, map[string]string, error) {
	k := connector.Connector{Role: roles[p.part], Probe: p.pack.Name, Name: p.form.value("=name"), URL: strings.TrimRight(p.form.value("=url"), "/"),
		Auth: map[string]connector.Reference{}, Settings: map[string]string{}}
	secrets := map[string]string{}
	for i := range p.form.rows {
		r := &p.form.rows[i]
		v := r.value()
		if v == "" {
			continue
		}
		kind, rest, _ := strings.Cut(r.Name, ":")
		name, _, _ := strings.Cut(rest, ":")
		switch kind {
		case "=plain":
			k.Settings[rest] = v
		case "=secret":
			text := ""
			switch p.form.value("=keep:" + name) {
			case "keychain":
				id := slug(k.Name) + "-" + name
				secrets[id] = v
				text = "${keychain:" + id + "}"
			case "environment variable":
				text = "${env:" + v + "}"
			case "file":
				text = "${file:" + v + "}"
			case "command":
				text = "${cmd:" + v + "}"
			}
			ref, err := connector.ParseReference(text, ".", connector.Options{AllowCommands: true})
			if err != nil {
				return k, nil, fmt.Errorf("%s: %w", name, err)
			}
			k.Auth[name] = ref
		case "=name", "=url", "=keep", "=auth":
		default:
			k.Settings[r.Name] = v
		}
	}
	return k, secrets, nil
}

// slug is a name in small letters and digits, with "-" for all else.
func slug(name string) string {
	word := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return r - 'A' + 'a'
		}
		return '-'
	}, name)
	return strings.Trim(word, "-")
}

func (p *settingsPage) view(_ *model, u ui) []string {
	out := append(u.paraMost(1, 2, u.st.dim, p.pack.About), "")
	v := u
	v.h -= len(out)
	out = append(out, p.form.view(v)...)
	if p.busy {
		out = append(out, "", " "+paint(u.st.dim, "storing the secrets …"))
	}
	return append(append(out, ""), u.problem(p.err)...)
}

// testPage tries one system and shows what came of it.
type testPage struct {
	systems *systemsPage
	part    int
	n       int
	busy    bool
	checks  []Check
	ask     bool
	top     scroll
	rows    int
}

type testedMsg struct {
	page   *testPage
	n      int
	checks []Check
}

func newTest(_ *model, s *systemsPage, i int) *testPage {
	return &testPage{systems: s, part: i, rows: 10}
}

func (p *testPage) init(m *model) tea.Cmd {
	for _, ref := range p.systems.parts[p.part].connector.Auth {
		if ref.Command() && !p.ask {
			p.ask = true
			return nil
		}
	}
	return p.test(m)
}

func (p *testPage) test(m *model) tea.Cmd {
	p.n++
	p.busy, p.checks, p.ask = true, nil, false
	n, engine, k := p.n, m.engine, p.systems.parts[p.part].connector
	cfg := &connector.Config{Name: "connectors.yaml", Policy: connector.DefaultPolicy(), Connectors: []connector.Connector{k}}
	return m.do(func(ctx context.Context) tea.Msg { return testedMsg{p, n, engine.Test(ctx, cfg, k)} })
}

func (p *testPage) title(*model) string { return "Testing " + p.systems.parts[p.part].connector.Name }

func (p *testPage) keys(*model) []key.Binding {
	switch {
	case p.ask:
		return []key.Binding{as(keys.yes, "run it"), as(keys.no, "don't test")}
	case p.busy:
		return []key.Binding{keys.back}
	}
	return []key.Binding{as(keys.enter, "go on"), keys.retry, as(keys.back, "change the settings")}
}

func (p *testPage) update(m *model, msg tea.Msg) tea.Cmd {
	if msg, ok := msg.(testedMsg); ok {
		if msg.page == p && msg.n == p.n {
			p.busy, p.checks = false, msg.checks
			p.systems.parts[p.part].checks, p.systems.parts[p.part].tested = msg.checks, true
		}
		return nil
	}
	switch {
	case p.ask && is(msg, keys.yes):
		return p.test(m)
	case p.ask && is(msg, keys.no), !p.busy && !p.ask && is(msg, keys.enter):
		for i, x := range m.pages {
			if x == page(p.systems) {
				m.pages = m.pages[:i+1]
			}
		}
	case !p.busy && is(msg, keys.retry):
		return p.test(m)
	default:
		p.top.move(msg, p.rows)
	}
	return nil
}

func (p *testPage) view(_ *model, u ui) []string {
	switch {
	case p.ask:
		return u.para(1, u.st.due, "The secret comes from a command. Run it to test the connection? y or n")
	case p.busy:
		return []string{" " + paint(u.st.dim, "asking …")}
	case len(p.checks) == 0:
		return []string{" " + paint(u.st.dim, "There is nothing to test here.")}
	}
	var lines []string
	for _, c := range p.checks {
		m := markOf(c.Status)
		lines = append(lines, " "+u.status(m)+" "+paint(u.st.bold, u.fit(c.Name, u.w-6)))
		if c.Detail != "" {
			lines = append(lines, u.paraMost(5, 4, u.st.plain, c.Detail)...)
		}
		if c.Hint != "" && m != passed {
			lines = append(lines, u.paraMost(5, 4, u.st.due, c.Hint)...)
		}
	}
	p.rows = u.h
	return p.top.view(u, lines, u.h)
}
