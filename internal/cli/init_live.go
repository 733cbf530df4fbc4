package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/term"

	"gcdiag/internal/connector"
	"gcdiag/internal/gather"
	"gcdiag/internal/probe"
	"gcdiag/internal/record"
	"gcdiag/internal/render"
)

// liveSetup is what init was asked for with about live systems.
type liveSetup struct {
	systems []string // ROLE=PACK
	names   []string // ROLE=NAME
	urls    []string // ROLE=URL
	set     []string // ROLE.SETTING=VALUE
	secrets []string // ROLE.SECRET=REFERENCE
	noTest  bool
}

// asker asks on the terminal, one line at a time. Without one it answers nothing.
type asker struct {
	p      *program
	in     *bufio.Reader
	silent bool
}

func (p *program) asker() *asker {
	a := &asker{p: p, in: bufio.NewReader(p.in)}
	f, ok := p.in.(*os.File)
	a.silent = p.flags.noInput || !ok || !term.IsTerminal(int(f.Fd()))
	return a
}

// ask asks for one line; an empty one is the fallback.
func (a *asker) ask(question, about, fallback string) (string, error) {
	if a.silent {
		return fallback, nil
	}
	if about != "" {
		for _, l := range wrap(about, a.p.errWidth()-4, "") {
			a.p.note("  " + l)
		}
	}
	prompt := question
	if fallback != "" {
		prompt += " [" + fallback + "]"
	}
	_, _ = io.WriteString(a.p.err, render.Escape(prompt)+": ")
	line, err := a.in.ReadString('\n')
	if err != nil && (line == "" || !errors.Is(err, io.EOF)) {
		return "", wrong("", "no answer to %q", question)
	}
	if line = strings.TrimSpace(line); line == "" {
		return fallback, nil
	}
	return line, nil
}

// setUpLive writes the connectors.yaml of live systems and tests each of them.
func (p *program) setUpLive(ctx context.Context, path string, o setup) error {
	lib, err := p.library(o.live)
	if err != nil {
		return err
	}
	live, err := lib.live(request{}, nil, p.log)
	if err != nil {
		return err
	}
	packs := live.Packs
	q := p.asker()
	zone, err := time.LoadLocation(o.timezone)
	if err != nil || o.timezone == "" || o.timezone == "Local" {
		return wrong("write a name such as America/New_York, Europe/Berlin or UTC", "--timezone %q is not a time zone of the IANA database", o.timezone)
	}
	cfg := &connector.Config{Name: path, Zone: zone, Policy: connector.DefaultPolicy(), Liability: o.accounts, Window: connector.Window{Last: connector.DefaultLast}}
	if cfg.Currency, err = currencyFlag(o.currency); err != nil {
		return err
	}
	for _, role := range []record.Role{record.Platform, record.Integration, record.ERP} {
		names, err := p.chosen(q, role, packs, o.systems)
		if err != nil {
			return err
		}
		for _, name := range names {
			k, err := p.liveConnector(q, role, packs[name], o.liveSetup)
			if err != nil {
				return err
			}
			for i := 2; slices.ContainsFunc(cfg.Connectors, func(c connector.Connector) bool { return c.Name == k.Name }); i++ {
				k.Name = fmt.Sprintf("%s %d", packs[name].Title, i)
			}
			cfg.Connectors = append(cfg.Connectors, k)
		}
	}
	if len(cfg.Connectors) == 0 {
		return wrong(`name them, such as --system platform=shopify; "gcdiag probe list" lists the packs`, "no system was named")
	}
	if slices.ContainsFunc(cfg.Connectors, func(k connector.Connector) bool { return k.Role == record.ERP }) && len(cfg.Liability) == 0 {
		line, err := q.ask("Liability accounts", "The gift card liability accounts as the ERP writes them, separated by commas.", "")
		if err != nil {
			return err
		}
		for _, s := range strings.Split(line, ",") {
			if s = strings.TrimSpace(s); s != "" {
				cfg.Liability = append(cfg.Liability, s)
			}
		}
		if len(cfg.Liability) == 0 {
			return wrong("name it with --liability-account", "the gift card liability account is not known")
		}
	}
	text, err := connector.Format(cfg, live.Permit.Probes...)
	if err != nil {
		return misconfigured(err)
	}
	if o.dry {
		return p.print(string(text))
	}
	if err := replaceFile(writingConfiguration, path, text, o.force); err != nil {
		return misconfigured(err)
	}
	p.say("wrote %s; it refers to the secrets and holds none", path)
	if !o.noTest {
		if err := p.tested(ctx, cfg, live); err != nil {
			return err
		}
	}
	p.say("go on with: gcdiag check --connectors %s", path)
	return nil
}

// chosen are the packs for a role: those of the flags, else those asked for.
func (p *program) chosen(q *asker, role record.Role, packs map[string]*probe.Pack, systems []string) ([]string, error) {
	var known, out []string
	for _, name := range slices.Sorted(maps.Keys(packs)) {
		if packs[name].Role == role {
			known = append(known, name)
		}
	}
	for _, s := range systems {
		r, name, ok := strings.Cut(s, "=")
		if _, valid := record.ParseRole(r); !ok || !valid || r == "" {
			return nil, wrong("write ROLE=PACK, such as platform=shopify", "--system %q names no role", s)
		}
		if r != role.String() {
			continue
		}
		if !slices.Contains(known, name) {
			return nil, wrong(meant(name, known, "the packs are "+strings.Join(known, ", ")), "--system: there is no %s pack %q", role, name)
		}
		out = append(out, name)
	}
	if len(systems) > 0 || q.silent {
		return out, nil
	}
	for {
		name, err := q.ask("Pack of the "+roleText(role), "One of "+strings.Join(known, ", ")+"; nothing if there is none.", "")
		if err != nil || name == "" {
			return nil, err
		}
		if slices.Contains(known, name) {
			return []string{name}, nil
		}
		p.note(meant(name, known, "that is none of them"))
	}
}

// liveConnector fills in one connector from flags and answers.
func (p *program) liveConnector(q *asker, role record.Role, pack *probe.Pack, o liveSetup) (connector.Connector, error) {
	k := connector.Connector{Role: role, Name: pack.Title, Probe: pack.Name}
	of := func(list []string, key string) (string, bool) {
		for _, s := range list {
			if name, value, ok := strings.Cut(s, "="); ok && name == key {
				return value, true
			}
		}
		return "", false
	}
	var err error
	if name, ok := of(o.names, role.String()); ok {
		k.Name = name
	} else if k.Name, err = q.ask("Name of the "+roleText(role), "As messages shall call it.", pack.Title); err != nil {
		return k, err
	}
	if u, ok := of(o.urls, role.String()); ok {
		k.URL = u
	} else if pack.URL == nil {
		if k.URL, err = q.ask("Address of "+k.Name, "Such as "+pack.Example, ""); err != nil {
			return k, err
		}
		if k.URL == "" {
			return k, wrong(fmt.Sprintf("--url %s=%s", role, pack.Example), "the address of %s is not known", k.Name)
		}
	}
	for _, s := range pack.Settings {
		value, ok := of(o.set, role.String()+"."+s.Name)
		if !ok {
			about := s.Description
			if len(s.Choices) > 0 {
				about += " (" + strings.Join(s.Choices, ", ") + ")"
			} else {
				about += ", such as " + s.Example
			}
			if value, err = q.ask("Setting "+s.Name, about, s.Default); err != nil {
				return k, err
			}
			if value == "" && s.Default == "" && !s.Optional {
				return k, wrong(fmt.Sprintf("--set %s.%s=%s", role, s.Name, s.Example), "the setting %s of %s is not known", s.Name, k.Name)
			}
		}
		if value != "" && value != s.Default {
			put(&k.Settings, s.Name, value)
		}
	}
	way := pack.Auth[0]
	for _, a := range pack.Auth {
		given := len(a.Secrets) > 0
		for _, s := range a.Secrets {
			_, ok := of(o.secrets, role.String()+"."+s.Name)
			_, set := of(o.set, role.String()+"."+s.Name)
			given = given && (ok || set)
		}
		if given {
			way = a
			break
		}
	}
	if !q.silent && len(pack.Auth) > 1 {
		var names []string
		for _, a := range pack.Auth {
			names = append(names, a.Name)
		}
		name, err := q.ask("Way to log in to "+k.Name, "One of "+strings.Join(names, ", "), way.Name)
		if err != nil {
			return k, err
		}
		i := slices.Index(names, name)
		if i < 0 {
			return k, wrong("the ways are "+strings.Join(names, ", "), "%s has no way %q to log in", pack.Title, name)
		}
		way = pack.Auth[i]
	}
	for _, s := range way.Secrets {
		if v, ok := of(o.set, role.String()+"."+s.Name); ok && s.Public {
			put(&k.Settings, s.Name, v)
			continue
		}
		text, ok := of(o.secrets, role.String()+"."+s.Name)
		if !ok {
			text = fmt.Sprintf("${env:%s_%s}", strings.ToUpper(pack.Name), strings.ToUpper(s.Name))
			if text, err = q.ask("Where "+s.Name+" is kept", s.Description+". Write ${env:NAME}, ${file:PATH}, ${keychain:NAME} or ${cmd:COMMAND}; never the secret itself.", text); err != nil {
				return k, err
			}
		}
		ref, err := connector.ParseReference(text, filepath.Dir("."), connector.Options{})
		if err != nil {
			return k, misconfigured(fmt.Errorf("%s of %s: %w", s.Name, k.Name, err))
		}
		put(&k.Auth, s.Name, ref)
	}
	return k, nil
}

func put[V any](m *map[string]V, key string, v V) {
	if *m == nil {
		*m = map[string]V{}
	}
	(*m)[key] = v
}

// tested lets the doctor look at each live system of a configuration.
func (p *program) tested(ctx context.Context, cfg *connector.Config, live gather.Live) error {
	for _, k := range cfg.Connectors {
		e := examined{System: k.Name, Role: k.Role.String(), Probe: k.Probe}
		var err error
		if e.Checks, err = p.consult(ctx, cfg, live, k, gather.Options{}, nil); err != nil {
			return err
		}
		if err := p.print(p.examinedText(e)); err != nil {
			return err
		}
		if e.broken() {
			p.code = codeInconclusive
		}
	}
	return nil
}
