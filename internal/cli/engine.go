package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"gcdiag/internal/casefile"
	"gcdiag/internal/connector"
	"gcdiag/internal/diagnosis"
	"gcdiag/internal/gather"
	"gcdiag/internal/money"
	"gcdiag/internal/record"
	"gcdiag/internal/render"
	"gcdiag/internal/report"
	"gcdiag/internal/sandbox"
	"gcdiag/internal/source/file"
	"gcdiag/internal/source/http"
	"gcdiag/internal/trace"
	"gcdiag/internal/wizard"
)

// engine does for the wizard what the commands do.
type engine struct {
	p     *program
	r     request
	lib   *library
	live  func() (gather.Live, error) // all packs, compiled when first asked for
	key   []byte                      // of the card tokens
	bound *bound
	began time.Time
	demos map[string]bool // configurations that demos wrote
	demo  bool            // what is read now is one

	last atomic.Pointer[scouted] // what was read last, until it is judged
}

// scouted is a case and the scout that saw it being read.
type scouted struct {
	c     *casefile.Case
	scout *trace.Scout
}

func (p *program) engine(r request) (*engine, error) {
	lib, err := p.library(r.live)
	if err != nil {
		return nil, err
	}
	// Mistakes in the user's own packs are told at once.
	if _, err := lib.load(func(name string) bool { return lib.files[name] != "" }); err != nil {
		return nil, err
	}
	e := &engine{p: p, r: r, lib: lib, began: p.now(), demos: map[string]bool{}}
	e.live = sync.OnceValues(func() (gather.Live, error) { return lib.live(r, nil, p.log) })
	if e.bound, err = p.boundMemory(r); err != nil {
		return nil, err
	}
	if e.key, err = p.redactionKey(r.key); err != nil {
		return nil, err
	}
	return e, nil
}

func (e *engine) Packs() []wizard.Pack {
	live, _ := e.live() // the user's own have been loaded once, the shipped ones are sound
	var out []wizard.Pack
	for _, role := range []record.Role{record.Platform, record.Integration, record.ERP} {
		for _, k := range live.Packs {
			if k.Role != role {
				continue
			}
			w := wizard.Pack{Name: k.Name, Title: k.Title, Role: role.String(), About: strings.Join(strings.Fields(k.About), " "), Look: map[int]string{}}
			if k.URL == nil {
				w.URLExample = k.Example
			}
			for _, s := range k.Settings {
				w.Settings = append(w.Settings, wizard.Setting{Name: s.Name, Description: s.Description, Example: s.Example, Default: s.Default, Required: s.Default == "" && !s.Optional, Pattern: s.Pattern, Choices: s.Choices})
			}
			for _, a := range k.Auth {
				c := wizard.AuthChoice{Name: a.Name, Title: a.Title}
				for _, s := range a.Secrets {
					c.Fields = append(c.Fields, wizard.Setting{Name: s.Name, Description: s.Description, Example: s.Example, Secret: !s.Public, Required: true})
				}
				w.Auth = append(w.Auth, c)
			}
			for i, stage := range []string{"emit", "forward", "arrive", "classify"} {
				if text := k.Screens[stage]; text != "" {
					w.Look[i+1] = text
				}
			}
			out = append(out, w)
		}
	}
	slices.SortStableFunc(out, func(a, b wizard.Pack) int {
		if a.Role != b.Role {
			return 0
		}
		return strings.Compare(a.Title, b.Title)
	})
	return out
}

func (e *engine) Scenarios() []wizard.Scenario {
	var out []wizard.Scenario
	for _, s := range sandbox.Scenarios() {
		x := wizard.Scenario{Name: s.Name, About: s.About}
		if s.Name == firstScenario {
			out = slices.Insert(out, 0, x)
		} else {
			out = append(out, x)
		}
	}
	return out
}

func (e *engine) Load(path string) (*connector.Config, error) {
	live, err := e.lib.live(e.r, e.p.namedIn(path), e.p.log)
	if err != nil {
		return nil, err
	}
	return connector.Load(path, live.Permit)
}

func (e *engine) Demo(_ context.Context, scenario string) (*connector.Config, error) {
	s, ok := sandbox.Find(scenario)
	if !ok {
		return nil, wrong("", "there is no scenario %q", scenario)
	}
	dir, err := demoFolder("")
	if err != nil {
		return nil, err
	}
	if _, err := sandbox.Write(dir, s, 1, sandbox.Options{}); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "connectors.yaml")
	e.demos[path] = true
	return e.Load(path)
}

func (e *engine) Survey(ctx context.Context, folder string) (wizard.Survey, error) {
	s := newSurvey(folder, time.UTC)
	if err := s.look(ctx); err != nil {
		return wizard.Survey{}, err
	}
	out := wizard.Survey{Folder: folder}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return out, err
	}
	for _, f := range entries {
		i := slices.IndexFunc(s.exports, func(x *export) bool { return x.name == f.Name() })
		skipped := slices.IndexFunc(s.unused, func(u string) bool { return strings.HasPrefix(u, f.Name()+": ") })
		if i < 0 && skipped < 0 {
			continue
		}
		g, err := file.Guess(ctx, filepath.Join(folder, f.Name()), f.Name())
		if ctx.Err() != nil {
			return out, ctx.Err()
		}
		if err != nil || g.Record == record.NoType || f.IsDir() {
			if skipped >= 0 {
				out.Unused = append(out.Unused, s.unused[skipped])
			}
			continue
		}
		x := wizard.Export{Name: f.Name(), Record: g.Record, Role: g.Role, Use: i >= 0, Headers: g.Head, Rows: g.Rows, Fields: map[string]string{}, Guessed: map[string]bool{}, Missing: g.Missing,
			Entry: connector.File{Path: f.Name()}}
		if x.Role == record.NoRole {
			x.Role = record.Platform
		}
		if i >= 0 {
			x.Role, x.Notes = s.exports[i].role, s.exports[i].notes
		} else {
			x.Notes = []string{strings.TrimPrefix(s.unused[skipped], f.Name()+": ")}
		}
		for _, c := range g.Input.Columns {
			if c.Field != "" {
				x.Fields[c.Field] = c.Header
				if c.Guessed {
					x.Guessed[c.Field] = true
				}
			}
		}
		for _, column := range slices.Sorted(maps.Keys(g.Foreign)) {
			for _, word := range g.Foreign[column] {
				guess, _ := meaning(g.Record, column, word)
				x.Words = append(x.Words, wizard.Word{Column: column, Word: word, Choices: vocabulary(g.Record, column), Guess: guess})
			}
		}
		out.Files = append(out.Files, x)
	}
	return out, nil
}

func (e *engine) Settle(ctx context.Context, in wizard.Survey, b wizard.Basics) (*connector.Config, []string, error) {
	zone, err := time.LoadLocation(b.Timezone)
	if err != nil || b.Timezone == "Local" {
		return nil, nil, wrong("write a name such as America/New_York, Europe/Berlin or UTC", "%q is not a time zone of the IANA database", b.Timezone)
	}
	cfg := &connector.Config{Name: filepath.Join(in.Folder, "connectors.yaml"), Zone: zone, Policy: connector.DefaultPolicy(), Liability: b.Accounts}
	if b.Currency != "" {
		var ok bool
		if cfg.Currency, ok = money.ParseCurrency(b.Currency); !ok {
			return nil, nil, wrong("write a code such as USD", "%q is not an ISO 4217 code", b.Currency)
		}
	}
	s := newSurvey(in.Folder, zone)
	for _, f := range in.Files {
		if !f.Use {
			continue
		}
		x := &export{name: f.Name, record: f.Record, role: f.Role, entry: f.Entry}
		x.entry.Path = f.Name
		for column, header := range f.Fields {
			x.columns = append(x.columns, casefile.Column{Header: header, Field: column, Guessed: f.Guessed[column]})
		}
		for column, header := range f.Fields {
			if _, said := f.Entry.Columns[column]; !said && f.Guessed[column] {
				x.column(column, header)
			}
		}
		for _, w := range f.Words {
			if _, said := f.Entry.Values[w.Column][w.Word]; !said {
				x.word(w.Column, w.Word)
			}
		}
		s.exports = append(s.exports, x)
	}
	if len(s.exports) == 0 {
		return nil, nil, wrong("choose at least one file", "no file is used")
	}
	if err := s.read(ctx); err != nil {
		return nil, nil, err
	}
	cfg.Connectors = s.connectors()
	notes, err := s.settle(cfg, setup{timezone: b.Timezone})
	if err != nil {
		return nil, notes, err
	}
	return cfg, notes, nil
}

func (e *engine) Test(ctx context.Context, cfg *connector.Config, k connector.Connector) []wizard.Check {
	failed := func(err error) []wizard.Check {
		return []wizard.Check{{Name: "access", Status: "fail", Detail: err.Error(), Hint: hintOf(err)}}
	}
	live, err := e.live()
	if err != nil {
		return failed(err)
	}
	checks, err := e.p.consult(ctx, cfg, live, k, gather.Options{}, nil)
	if err != nil {
		return failed(err)
	}
	var out []wizard.Check
	for _, c := range checks {
		status := map[http.State]string{http.OK: "pass", http.Warn: "pass", http.Failed: "fail", http.Unknown: "skip"}[c.State]
		out = append(out, wizard.Check{Name: c.Name, Status: status, Detail: c.Text, Hint: c.Advice})
	}
	return out
}

func (e *engine) Keep(_ context.Context, name, secret string) error {
	return connector.Keep(name, secret)
}

func (e *engine) Format(cfg *connector.Config) ([]byte, error) {
	live, err := e.live()
	if err != nil {
		return nil, err
	}
	return connector.Format(cfg, live.Permit.Probes...)
}

func (e *engine) Write(cfg *connector.Config, replace bool) error {
	text, err := e.Format(cfg)
	if err != nil {
		return err
	}
	return replaceFile(writingConfiguration, cfg.Name, text, replace)
}

func (e *engine) Gather(ctx context.Context, cfg *connector.Config, o wizard.GatherOptions, told func(wizard.Progress)) (*casefile.Case, error) {
	roles := map[string]record.Role{}
	for _, k := range cfg.Connectors {
		roles[k.Name] = k.Role
	}
	live, err := e.live()
	if err != nil {
		return nil, err
	}
	live.Permit.AllowCommands = live.Permit.AllowCommands || o.Commands
	e.began, e.demo = e.p.now(), e.demos[cfg.Name]
	scout := trace.NewScout()
	c, err := gather.Run(ctx, cfg, gather.Options{Now: e.p.now, Live: live, Memory: e.bound.records(), Watch: scout, Progress: func(g gather.Progress) {
		w := wizard.Progress{System: g.System, Role: roles[g.System], Record: g.Record.String(), Input: g.Input, Pages: g.Pages, Records: g.Rows, Read: g.Read, Total: g.Total, Reason: g.Why,
			Done: g.Total > 0 && g.Read >= g.Total, All: wizard.Overall{Read: g.All.Read, Total: g.All.Total, Records: g.All.Rows, Left: g.All.Left}}
		if g.Waiting > 0 {
			w.WaitUntil = e.p.now().Add(g.Waiting)
		}
		if w.Record == "" {
			w.Record = g.Input
		}
		told(w)
	}})
	if err != nil {
		return nil, err
	}
	if e.demo {
		c.Mode = "demo"
	}
	e.last.Store(&scouted{c, scout})
	return c, nil
}

func (e *engine) Judge(ctx context.Context, c *casefile.Case) (wizard.Judged, error) {
	var scout *trace.Scout // of a case that is judged once more, it is used up
	if last := e.last.Swap(nil); last != nil && last.c == c {
		scout = last.scout
	}
	d, err := judge(c, lean(scout), end(ctx))
	if err != nil {
		return nil, err
	}
	if d == nil {
		return nil, ctx.Err()
	}
	return judged{e, d, report.Run{Tool: "gcdiag " + version, StartedAt: stamp(e.began), FinishedAt: stamp(e.p.now())}}, nil
}

// judged is a diagnosis that the wizard can have written down in several ways.
type judged struct {
	e   *engine
	d   *diagnosis.Diagnosis
	run report.Run
}

func (j judged) Document(s wizard.Shown) report.Document {
	return report.New(j.d, report.Options{Redact: !s.NoRedact, AllEvents: s.AllEvents, Key: j.e.key, Run: j.run})
}

func (e *engine) Formats() []string { return []string{"html", "junit"} }

func (e *engine) Save(path, format string, d report.Document, replace bool) error {
	var text bytes.Buffer
	if err := render.As(&text, format, d, render.Options{}); err != nil {
		return fmt.Errorf("saving the report: %w", err)
	}
	return replaceFile("saving the report", path, text.Bytes(), replace)
}

// leadWizard leads through the pages; from sets what it begins with.
func (p *program) leadWizard(ctx context.Context, r request, from func(*wizard.Options)) error {
	e, err := p.engine(r)
	if err != nil {
		return err
	}
	plain := p.flags.plain || !p.outTerminal || wizard.NeedsPlain(p.getenv)
	o := wizard.Options{Engine: e, In: p.in, Out: p.out, Getenv: p.getenv, Now: p.now, Tool: "gcdiag " + version,
		Plain: plain, ASCII: p.ascii(), NoColor: !p.colored()}
	from(&o)
	if o.Document == nil {
		go e.live() // so that the page that lists them opens at once
	}
	done, err := wizard.Run(ctx, o)
	if done.Leave != "" {
		if err := p.print(done.Leave); err != nil {
			return err
		}
	}
	var crash *wizard.Crash
	switch {
	case errors.As(err, &crash):
		p.log.Debug("panic", "stack", string(crash.Stack))
		return &bug{what: crash.What}
	case errors.Is(err, context.Canceled):
		p.code = codeInterrupted
		return nil
	case err != nil:
		return err
	}
	if done.Document != nil {
		p.code = verdictCode(done.Document.Outcome.Status)
	}
	return nil
}

// configurations are the connectors.yaml that a person probably means.
func (p *program) configurations(named string) []string {
	if named != "" {
		return []string{named}
	}
	if path := p.getenv("GCDIAG_CONNECTORS"); path != "" {
		return []string{path}
	}
	var out []string
	if _, err := os.Stat("connectors.yaml"); err == nil {
		out = append(out, "connectors.yaml")
	}
	below, _ := filepath.Glob(filepath.Join("*", "connectors.yaml"))
	return append(out, below...)
}
