package wizard

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/lipgloss"
	"github.com/charmbracelet/x/ansi"
	"github.com/muesli/termenv"

	"gcdiag/internal/casefile"
	"gcdiag/internal/connector"
	"gcdiag/internal/money"
	"gcdiag/internal/record"
	"gcdiag/internal/report"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestMain(m *testing.M) {
	lipgloss.SetColorProfile(termenv.Ascii)
	os.Exit(m.Run())
}

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// document is a saved report of testdata.
func document(t testing.TB, name string) report.Document {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d, err := report.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// fake is an engine that touches nothing.
type fake struct {
	doc      report.Document
	open     *report.Document
	gather   func(context.Context, func(Progress)) (*casefile.Case, error)
	verdict  func(context.Context) error // nil: at once
	loadErr  error
	settle   error
	checks   []Check
	existing map[string]bool

	mu     sync.Mutex
	saved  map[string]report.Document
	format map[string]string
	kept   map[string]string
	wrote  []string
	basics Basics
	survey Survey
	tested int
	judged int
	gone   int
	cmds   bool
}

func (f *fake) Packs() []Pack {
	out := []Pack{
		{Name: "shopify", Title: "Shopify", Role: "platform", About: "Gift cards and store credit by the Admin API.", URLExample: "https://acme.myshopify.com",
			Settings: []Setting{{Name: "api_version", Description: "The version of the Admin API.", Example: "2026-10", Default: "2026-10", Pattern: `\d{4}-\d{2}`, Required: true}},
			Auth:     []AuthChoice{{Name: "token", Title: "Admin API token", Fields: []Setting{{Name: "token", Description: "A token with read_gift_cards.", Secret: true, Required: true}}}},
			Look:     map[int]string{1: "Settings > Notifications > Webhooks."}},
		{Name: "netsuite", Title: "NetSuite", Role: "erp", About: "Ledger lines by SuiteQL.", URLExample: "https://1234567.suitetalk.api.netsuite.com",
			Auth: []AuthChoice{{Name: "tba", Title: "token based", Fields: []Setting{{Name: "consumer_key", Description: "Of the integration record.", Required: true}, {Name: "token_secret", Description: "Of the access token.", Secret: true, Required: true}}},
				{Name: "oauth", Title: "OAuth 2.0", Fields: []Setting{{Name: "client_id", Description: "Of the integration record.", Required: true}, {Name: "key", Description: "The private key.", Secret: true, Required: true}}}}},
	}
	for i := range 40 {
		out = append(out, Pack{Name: fmt.Sprintf("relay%d", i), Title: fmt.Sprintf("Relay %d", i), Role: "integration", About: "Flows and their runs."})
	}
	return out
}

func (f *fake) Scenarios() []Scenario {
	out := []Scenario{{"filtered", "Since a change of its filter the integration drops cards sold at the till."}}
	for i := range 40 {
		out = append(out, Scenario{fmt.Sprintf("month-%d", i), "Every event reaches the gift card liability account, and this sentence is long enough to be cut."})
	}
	return out
}

func (f *fake) Load(path string) (*connector.Config, error) {
	if f.loadErr != nil {
		return nil, f.loadErr
	}
	return f.config(path), nil
}

func (f *fake) config(path string) *connector.Config {
	file := func(name string) []connector.File { return []connector.File{{Path: name}} }
	return &connector.Config{Name: path, Zone: time.UTC, Liability: []string{"2400"}, Policy: connector.DefaultPolicy(), Window: connector.Window{Last: connector.DefaultLast}, Connectors: []connector.Connector{
		{Role: record.Platform, Name: "Acme store", Probe: "file", Files: map[record.Type][]connector.File{record.Movements: file("movements.csv")}},
		{Role: record.Integration, Name: "Relay", Probe: "file", Files: map[record.Type][]connector.File{record.Deliveries: file("deliveries.csv")}},
		{Role: record.ERP, Name: "Books", Probe: "file", Files: map[record.Type][]connector.File{record.Postings: file("erp.csv")}}}}
}

func (f *fake) Demo(_ context.Context, name string) (*connector.Config, error) {
	return f.config("/tmp/demo-" + name + "/connectors.yaml"), nil
}

func (f *fake) Survey(_ context.Context, folder string) (Survey, error) {
	if folder == "/none" {
		return Survey{}, errors.New("looking at the folder: open /none: no such file or directory")
	}
	return Survey{Folder: folder, Unused: []string{"notes.txt: nothing in it resembles a record"}, Files: []Export{
		{Name: "ledger.csv", Record: record.Movements, Role: record.Platform, Use: true, Headers: []string{"Id", "Art", "Card", "Amount", "When", "Shop"},
			Rows:   [][]string{{"m-1", "Ausgabe", "c-1", "50.00", "2026-10-01", "till"}, {"m-2", "Einlösung", "c-1", "-20.00", "2026-10-02", "web"}},
			Fields: map[string]string{"id": "Id", "card": "Card", "amount": "Amount", "at": "When", "kind": "Art"}, Guessed: map[string]bool{"at": true, "kind": true},
			Words: []Word{{Column: "kind", Word: "Ausgabe", Choices: []string{"load", "redemption"}, Guess: "load"}, {Column: "kind", Word: "Storno", Choices: []string{"load", "reversal"}}}, Entry: connector.File{Path: "ledger.csv"},
			Notes: []string{`column "When" is taken for at`}},
		{Name: "log.csv", Record: record.Deliveries, Role: record.Integration, Use: true, Headers: []string{"event", "outcome"}, Fields: map[string]string{"event": "event", "outcome": "outcome"}, Missing: []string{"received_at"}, Entry: connector.File{Path: "log.csv"}},
		{Name: "erp.csv", Record: record.Postings, Role: record.ERP, Use: true, Headers: []string{"Date", "Credit"}, Fields: map[string]string{"dated": "Date", "amount": "Credit"}, Entry: connector.File{Path: "erp.csv"}}}}, nil
}

func (f *fake) Settle(_ context.Context, s Survey, b Basics) (*connector.Config, []string, error) {
	f.mu.Lock()
	f.survey, f.basics = s, b
	f.mu.Unlock()
	if f.settle != nil {
		return nil, nil, f.settle
	}
	cfg := f.config(filepath.Join(s.Folder, "connectors.yaml"))
	cfg.Currency, _ = money.ParseCurrency(b.Currency)
	for i := range cfg.Connectors {
		k := &cfg.Connectors[i]
		k.Files = map[record.Type][]connector.File{}
		for _, e := range s.Files {
			if e.Use && e.Role == k.Role {
				k.Files[e.Record] = append(k.Files[e.Record], e.Entry)
			}
		}
	}
	cfg.Connectors = slices.DeleteFunc(cfg.Connectors, func(k connector.Connector) bool { return len(k.Files) == 0 })
	return cfg, []string{"liability account \"2400\": its name says so"}, nil
}

func (f *fake) Test(context.Context, *connector.Config, connector.Connector) []Check {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tested++
	if f.checks != nil {
		return f.checks
	}
	return []Check{{Name: "reaches the host", Status: "pass", Detail: "84 ms"}, {Name: "the token is accepted", Status: "fail", Detail: "401 Unauthorized", Hint: "Make a new token."}}
}

func (f *fake) Keep(_ context.Context, name, secret string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.kept[name] = secret
	return nil
}

func (f *fake) Format(cfg *connector.Config) ([]byte, error) {
	var probes []connector.Probe
	for _, p := range f.Packs() {
		role, _ := record.ParseRole(p.Role)
		x := connector.Probe{Name: p.Name, Role: role, NeedsURL: p.URLExample != ""}
		for _, s := range p.Settings {
			x.Settings = append(x.Settings, connector.Setting{Name: s.Name})
		}
		for _, a := range p.Auth {
			var names []string
			for _, s := range a.Fields {
				names = append(names, s.Name)
				if !s.Secret {
					x.Settings = append(x.Settings, connector.Setting{Name: s.Name})
				}
			}
			x.Auth = append(x.Auth, names)
		}
		probes = append(probes, x)
	}
	return connector.Format(cfg, probes...)
}

func (f *fake) Write(cfg *connector.Config, replace bool) error {
	if f.existing[cfg.Name] && !replace {
		return &fs.PathError{Op: "open", Path: cfg.Name, Err: fs.ErrExist}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.wrote = append(f.wrote, cfg.Name)
	return nil
}

func (f *fake) Gather(ctx context.Context, cfg *connector.Config, o GatherOptions, told func(Progress)) (*casefile.Case, error) {
	f.mu.Lock()
	f.gone++
	f.cmds = o.Commands
	f.mu.Unlock()
	if f.gather != nil {
		return f.gather(ctx, told)
	}
	return &casefile.Case{Complete: true}, nil
}

func (f *fake) Judge(ctx context.Context, _ *casefile.Case) (Judged, error) {
	if f.verdict != nil {
		if err := f.verdict(ctx); err != nil {
			return nil, err
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.judged++
	return fakeJudged{f}, nil
}

type fakeJudged struct{ f *fake }

func (j fakeJudged) Document(s Shown) report.Document {
	if s.NoRedact && j.f.open != nil {
		return *j.f.open
	}
	return j.f.doc
}

func (f *fake) Formats() []string { return []string{"html", "junit"} }

func (f *fake) Save(path, format string, d report.Document, replace bool) error {
	if f.existing[path] && !replace {
		return &fs.PathError{Op: "open", Path: path, Err: fs.ErrExist}
	}
	if path == "/nowhere/x.json" {
		return errors.New("writing the report: there is no folder /nowhere")
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.saved[path], f.format[path] = d, format
	return nil
}

func newFake(t testing.TB, doc string) *fake {
	return &fake{doc: document(t, doc), saved: map[string]report.Document{}, format: map[string]string{}, kept: map[string]string{}, existing: map[string]bool{}}
}

// rig is a wizard without a terminal: commands run at once, clocks when told.
type rig struct {
	t     testing.TB
	m     *model
	f     *fake
	term  *strings.Builder
	later []tea.Msg // what a clock would bring
	quit  bool
}

func newRig(t testing.TB, f *fake, o Options) *rig {
	r := &rig{t: t, f: f, term: &strings.Builder{}}
	if f != nil {
		o.Engine = f
	}
	if o.Getenv == nil {
		o.Getenv = func(string) string { return "" }
	}
	o.Now = func() time.Time { return noon }
	o.NoColor, o.Tool = true, "gcdiag test"
	r.m = newModel(context.Background(), o, &screen{w: r.term})
	r.m.after = func(_ time.Duration, msg tea.Msg) tea.Cmd {
		r.later = append(r.later, msg)
		return nil
	}
	r.size(80, 24)
	r.do(r.m.Init())
	return r
}

func (r *rig) size(w, h int) { r.send(tea.WindowSizeMsg{Width: w, Height: h}) }

func (r *rig) send(msg tea.Msg) {
	_, cmd := r.m.Update(msg)
	r.do(cmd)
}

func (r *rig) do(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	switch msg := cmd().(type) {
	case nil:
	case tea.BatchMsg:
		for _, c := range msg {
			r.do(c)
		}
	case tea.QuitMsg:
		r.quit = true
	default:
		r.send(msg)
	}
}

// clock brings what the clocks were set for.
func (r *rig) clock() {
	list := r.later
	r.later = nil
	for _, msg := range list {
		r.send(msg)
	}
}

var named = map[string]tea.KeyType{"enter": tea.KeyEnter, "esc": tea.KeyEscape, "up": tea.KeyUp, "down": tea.KeyDown, "left": tea.KeyLeft, "right": tea.KeyRight, "tab": tea.KeyTab,
	"shift+tab": tea.KeyShiftTab, "pgup": tea.KeyPgUp, "pgdown": tea.KeyPgDown, "home": tea.KeyHome, "end": tea.KeyEnd, "ctrl+c": tea.KeyCtrlC, "ctrl+z": tea.KeyCtrlZ, "ctrl+u": tea.KeyCtrlU,
	"ctrl+f": tea.KeyCtrlF, "ctrl+b": tea.KeyCtrlB, "ctrl+w": tea.KeyCtrlW, "ctrl+a": tea.KeyCtrlA, "ctrl+k": tea.KeyCtrlK, "ctrl+e": tea.KeyCtrlE, "backspace": tea.KeyBackspace, "delete": tea.KeyDelete}

func keyOf(name string) tea.KeyMsg {
	if k, ok := named[name]; ok {
		return tea.KeyMsg{Type: k}
	}
	if name == " " {
		return tea.KeyMsg{Type: tea.KeySpace, Runes: []rune{' '}}
	}
	return tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(name)}
}

func (r *rig) press(names ...string) *rig {
	for _, n := range names {
		r.send(keyOf(n))
	}
	return r
}

func (r *rig) typed(text string) *rig {
	for _, c := range text {
		r.press(string(c))
	}
	return r
}

func (r *rig) view() string { return r.m.View() }

func (r *rig) has(words ...string) {
	r.t.Helper()
	v := r.view()
	for _, w := range words {
		if !strings.Contains(v, w) {
			r.t.Errorf("the screen lacks %q:\n%s", w, v)
		}
	}
}

func (r *rig) hasNot(words ...string) {
	r.t.Helper()
	v := r.view()
	for _, w := range words {
		if strings.Contains(v, w) {
			r.t.Errorf("the screen has %q:\n%s", w, v)
		}
	}
}

func saved(t testing.TB, name string) *rig {
	d := document(t, name)
	return newRig(t, newFake(t, name), Options{Document: &d, Path: name + ".json"})
}

// onReport is a wizard that has judged and shows the result.
func onReport(t testing.TB, name string) *rig {
	r := newRig(t, newFake(t, name), Options{Connectors: []string{"connectors.yaml"}, Yes: true})
	r.clock()
	r.clock()
	return r
}

func reading2(t testing.TB, f *fake, progress ...Progress) *rig {
	f.gather = func(_ context.Context, told func(Progress)) (*casefile.Case, error) {
		for _, p := range progress {
			told(p)
		}
		return nil, nil
	}
	r := newRig(t, f, Options{Connectors: []string{"connectors.yaml"}})
	p := newRun(r.m, f.config("connectors.yaml"), "gcdiag check", nil)
	r.m.pages = append(r.m.pages, p)
	_ = p.start(r.m) // the command that reads is not run: it goes on for ever
	for _, x := range progress {
		p.board.put(x)
	}
	r.clock()
	return r
}

var someProgress = []Progress{
	{System: "Acme store", Role: record.Platform, Record: "movements", Input: "giftCardTransactions", Pages: 12, Records: 2950, Done: true},
	{System: "Acme store", Role: record.Platform, Record: "orders", Input: "orders", Pages: 4, Records: 1000, WaitUntil: noon.Add(42 * time.Second), Reason: "rate limit: 429, asked to wait 42 s"},
	{System: "Relay", Role: record.Integration, Record: "deliveries", Input: "deliveries.csv", Records: 12000, Read: 4_500_000, Total: 10_000_000,
		All: Overall{Read: 6_500_000, Total: 20_000_000, Records: 14000, Left: 135 * time.Second}},
	{System: "Books", Role: record.ERP, Record: "postings", Input: "suiteql", Failed: "403 Forbidden: the role lacks the permission SuiteAnalytics Workbook"},
}

func failedCase() *casefile.Case {
	return &casefile.Case{Systems: []casefile.System{{Role: record.Platform, Name: "Acme store", Reads: []casefile.Read{{Record: record.Movements, State: casefile.HasRows}}},
		{Role: record.Integration, Name: "Relay", Reads: []casefile.Read{{Record: record.Deliveries, State: casefile.Unread, Why: "401 Unauthorized: the token was revoked"}}}}}
}

// scenes are the screens of every page in its states.
var scenes = []struct {
	name string
	open func(t testing.TB) *rig
}{
	{"start", func(t testing.TB) *rig { return newRig(t, newFake(t, "faults"), Options{}) }},
	{"start-found", func(t testing.TB) *rig {
		return newRig(t, newFake(t, "faults"), Options{Connectors: []string{"connectors.yaml", "acme/connectors.yaml"}})
	}},
	{"start-broken", func(t testing.TB) *rig {
		f := newFake(t, "faults")
		f.loadErr = hinted{errors.New(`connectors.yaml: line 12: unknown probe "netsuit"`), `did you mean "netsuite"?`}
		return newRig(t, f, Options{Connectors: []string{"connectors.yaml"}})
	}},
	{"demo", func(t testing.TB) *rig {
		return newRig(t, newFake(t, "faults"), Options{}).press("down", "down", "down", "enter")
	}},
	{"demo-filter", func(t testing.TB) *rig {
		return newRig(t, newFake(t, "faults"), Options{}).press("G", "enter", "/").typed("till")
	}},
	{"folder", func(t testing.TB) *rig { return newRig(t, newFake(t, "faults"), Options{}).press("enter") }},
	{"folder-none", func(t testing.TB) *rig {
		return newRig(t, newFake(t, "faults"), Options{}).press("enter", "ctrl+u").typed("/none").press("enter")
	}},
	{"survey", surveyed},
	{"columns", func(t testing.TB) *rig { return surveyed(t).press("g", "enter") }},
	{"columns-words", func(t testing.TB) *rig { return surveyed(t).press("g", "enter", "G") }},
	{"columns-pick", func(t testing.TB) *rig { return surveyed(t).press("g", "enter", "down", "down", "down", "enter") }},
	{"basics", func(t testing.TB) *rig { return surveyed(t).press("enter") }},
	{"config", func(t testing.TB) *rig { return surveyed(t).press("enter", "enter", "enter", "enter") }},
	{"systems", func(t testing.TB) *rig { return newRig(t, newFake(t, "faults"), Options{}).press("down", "enter") }},
	{"packs", func(t testing.TB) *rig {
		return newRig(t, newFake(t, "faults"), Options{}).press("down", "enter", "down", "enter")
	}},
	{"settings", func(t testing.TB) *rig {
		return newRig(t, newFake(t, "faults"), Options{}).press("down", "enter", "enter", "enter", "enter").typed("https://x.example").press("enter", "ctrl+u").typed("soon")
	}},
	{"test", connected},
	{"names", func(t testing.TB) *rig {
		return newRig(t, newFake(t, "faults"), Options{}).press("down", "down", "enter")
	}},
	{"question", asked},
	{"question-note", func(t testing.TB) *rig { return asked(t).press("enter", "down", "down", "e").typed("since May") }},
	{"told", func(t testing.TB) *rig {
		r := asked(t).press("enter", "down", "down", "enter")
		for range 8 {
			r.press("enter")
		}
		return r
	}},
	{"run", func(t testing.TB) *rig { return reading2(t, newFake(t, "faults"), someProgress[:3]...) }},
	{"run-failing", func(t testing.TB) *rig { return reading2(t, newFake(t, "faults"), someProgress...) }},
	{"run-choose", func(t testing.TB) *rig {
		f := newFake(t, "faults")
		f.gather = func(context.Context, func(Progress)) (*casefile.Case, error) { return failedCase(), nil }
		return newRig(t, f, Options{Connectors: []string{"connectors.yaml"}}).press("enter")
	}},
	{"run-broken", func(t testing.TB) *rig {
		f := newFake(t, "faults")
		f.gather = func(context.Context, func(Progress)) (*casefile.Case, error) {
			return nil, hinted{errors.New("the window is empty"), "choose since and until so that since comes first"}
		}
		return newRig(t, f, Options{Connectors: []string{"connectors.yaml"}}).press("enter")
	}},
	{"run-judged", func(t testing.TB) *rig {
		return newRig(t, newFake(t, "faults"), Options{Connectors: []string{"connectors.yaml"}}).press("enter")
	}},
	{"result", func(t testing.TB) *rig { return saved(t, "filtered") }},
	{"result-two", func(t testing.TB) *rig { return saved(t, "faults") }},
	{"result-second", func(t testing.TB) *rig { return saved(t, "faults").press("down") }},
	{"result-sound", func(t testing.TB) *rig { return saved(t, "sound") }},
	{"result-inconclusive", func(t testing.TB) *rig { return saved(t, "inconclusive") }},
	{"result-undetermined", func(t testing.TB) *rig { return saved(t, "undetermined") }},
	{"result-hostile", func(t testing.TB) *rig { return hostile(t) }},
	{"result-empty", func(t testing.TB) *rig {
		d := report.Document{}
		return newRig(t, newFake(t, "faults"), Options{Document: &d})
	}},
	{"findings", func(t testing.TB) *rig { return saved(t, "faults").press("f") }},
	{"findings-filter", func(t testing.TB) *rig { return saved(t, "faults").press("f", "/").typed("policy") }},
	{"finding", func(t testing.TB) *rig { return saved(t, "faults").press("enter") }},
	{"finding-second", func(t testing.TB) *rig { return saved(t, "faults").press("down", "enter", "o") }},
	{"finding-hostile", func(t testing.TB) *rig { return hostile(t).press("enter") }},
	{"trace", func(t testing.TB) *rig { return saved(t, "filtered").press("t") }},
	{"trace-stuck", func(t testing.TB) *rig { return saved(t, "filtered").press("enter", "G", "enter") }},
	{"trace-records", func(t testing.TB) *rig { return saved(t, "faults").press("t", "tab") }},
	{"trace-hostile", func(t testing.TB) *rig { return hostile(t).press("t", "tab") }},
	{"chart", func(t testing.TB) *rig { return saved(t, "faults").press("v") }},
	{"chart-none", func(t testing.TB) *rig { return saved(t, "sound").press("v") }},
	{"whatif", func(t testing.TB) *rig { return saved(t, "faults").press("w", " ") }},
	{"save", func(t testing.TB) *rig { return onReport(t, "faults").press("s") }},
	{"save-done", func(t testing.TB) *rig { return onReport(t, "faults").press("s", "enter") }},
	{"save-edit", func(t testing.TB) *rig { return onReport(t, "faults").press("s", "e") }},
	{"hidden", func(t testing.TB) *rig {
		r := onReport(t, "filtered")
		open := document(t, "filtered")
		for i := range open.Traces {
			open.Traces[i].Card = fmt.Sprintf("card-2000%04d", i)
		}
		r.f.open = &open
		return r.press("s", "d")
	}},
	{"text", func(t testing.TB) *rig {
		r := onReport(t, "filtered")
		r.m.screen.deaf = true
		return r.press("c")
	}},
	{"help", func(t testing.TB) *rig { return saved(t, "filtered").press("?") }},
}

type hinted struct {
	error
	hint string
}

func (h hinted) Hint() string { return h.hint }

func surveyed(t testing.TB) *rig {
	return newRig(t, newFake(t, "faults"), Options{}).press("enter", "ctrl+u").typed("/exports").press("enter")
}

func connected(t testing.TB) *rig {
	return newRig(t, newFake(t, "faults"), Options{}).press("down", "enter", "enter", "enter", "enter").typed("https://x.example").press("enter", "enter", "enter").typed("s3cret").press("enter")
}

func asked(t testing.TB) *rig {
	return newRig(t, newFake(t, "faults"), Options{}).press("down", "down", "enter").typed("Shop").press("enter").typed("Relay").press("enter").typed("Books").press("enter", "enter")
}

// hostile is a report in which every text tries to act on the terminal.
func hostile(t testing.TB) *rig {
	d := document(t, "faults")
	spoil(reflect.ValueOf(&d).Elem(), "")
	return newRig(t, newFake(t, "faults"), Options{Document: &d, Path: "x\x1b]0;owned\a.json"})
}

const venom = "\x1b[2J\x1b]52;c;aGk=\a\u202e礼品卡\u200b\r\n\tΩ"

// spoil adds venom to every text that comes from a customer's systems.
func spoil(v reflect.Value, name string) {
	switch v.Kind() {
	case reflect.String:
		switch name {
		case "Status", "Stage", "Role", "Verdict", "Class", "At", "FirstAt", "LastAt", "Since", "Until", "AsOf", "Timezone", "Kind", "Drift", "Unexplained", "Evidence", "Mode":
		default:
			v.SetString(v.String() + venom)
		}
	case reflect.Pointer:
		if !v.IsNil() {
			c := reflect.New(v.Elem().Type())
			c.Elem().Set(v.Elem())
			spoil(c.Elem(), name)
			v.Set(c)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			spoil(v.Field(i), v.Type().Field(i).Name)
		}
	case reflect.Slice:
		for i := range v.Len() {
			spoil(v.Index(i), name)
		}
	case reflect.Map:
	}
}

func TestGolden(t *testing.T) {
	for _, s := range scenes {
		for _, size := range [][2]int{{80, 24}, {60, 20}, {160, 50}} {
			name := fmt.Sprintf("%s.%dx%d", s.name, size[0], size[1])
			t.Run(name, func(t *testing.T) {
				r := s.open(t)
				r.size(size[0], size[1])
				var b strings.Builder
				for l := range strings.Lines(r.view()) {
					b.WriteString(strings.TrimRight(l, " \n") + "\n")
				}
				path := filepath.Join("testdata", "screens", name+".txt")
				if *update {
					if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
						t.Fatal(err)
					}
					if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
						t.Fatal(err)
					}
					return
				}
				want, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				if string(want) != b.String() {
					t.Errorf("the screen changed; look at it and run with -update. It is\n%s\nand was\n%s", b.String(), want)
				}
			})
		}
	}
}

// No page ever writes outside its area, whatever the size, and nothing but
// printable characters leaves it.
func TestEveryPageStaysInsideEverySize(t *testing.T) {
	for _, s := range scenes {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			for _, asciiOnly := range []bool{false, true} {
				r := s.open(t)
				r.m.o.ASCII = asciiOnly
				for _, size := range [][2]int{{1, 1}, {40, 10}, {59, 20}, {60, 19}, {60, 20}, {61, 21}, {66, 24}, {73, 20}, {80, 24}, {90, 22}, {100, 30}, {120, 40}, {132, 43}, {160, 50}, {200, 20}, {200, 60}, {60, 60}} {
					r.size(size[0], size[1])
					lines := strings.Split(r.view(), "\n")
					if len(lines) != size[1] {
						t.Fatalf("%d lines at %dx%d", len(lines), size[0], size[1])
					}
					for i, l := range lines {
						if w := ansi.StringWidth(l); w > size[0] {
							t.Fatalf("line %d at %dx%d is %d wide: %q", i, size[0], size[1], w, l)
						}
						for _, c := range l {
							if report.Unprintable(c) || asciiOnly && c > 126 {
								t.Fatalf("line %d at %dx%d holds %q: %q", i, size[0], size[1], c, l)
							}
						}
					}
				}
				if r.m.crash != nil {
					t.Fatalf("crashed: %s\n%s", r.m.crash.What, r.m.crash.Stack)
				}
			}
		})
	}
}
