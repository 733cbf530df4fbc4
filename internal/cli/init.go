package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gcdiag/internal/connector"
	"gcdiag/internal/money"
	"gcdiag/internal/record"
	"gcdiag/internal/render"
	"gcdiag/internal/wording"
)

// setup is what init was asked for with.
type setup struct {
	force, dry         bool
	accounts           []string
	currency, timezone string

	live live
	liveSetup
}

func (p *program) initialise() *cobra.Command {
	var o setup
	c := &cobra.Command{
		Use:   "init [FOLDER]",
		Short: "Write connectors.yaml",
		Long: p.prose(`init looks at the exports in a folder (default: the current one), finds out which file holds which records, and writes the connectors.yaml that check needs beside them.

Everything that it had to guess is listed on standard error and at the top of the file: look it through before you trust a diagnosis. What can be read in two ways is left for you to decide.

For live systems name them with --system, or answer the questions that init asks in a terminal where the folder holds no exports. The file refers to secrets (the environment, a file, the keychain or a command) and never holds one; each system is tested at once.`),
		Example: `  gcdiag init exports
  gcdiag init exports --timezone America/New_York --liability-account 2400
  gcdiag init --dry-run
  gcdiag init --system platform=square --system erp=netsuite --set erp.account=1234567`,
		Args: arguments(0, 1, "a FOLDER"),
		RunE: func(c *cobra.Command, args []string) error {
			dir := "."
			if len(args) > 0 {
				dir = args[0]
			}
			return p.setUp(c.Context(), dir, o)
		},
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringArrayVar(&o.accounts, "liability-account", nil, "the gift card liability `ACCOUNT` as the ERP writes it; may be repeated (default: a guess)")
	f.StringVar(&o.currency, "currency", "", "the currency `CODE` of records that carry none (default: the one most records have)")
	f.StringVar(&o.timezone, "timezone", "UTC", "the `ZONE` of the shop's and the ERP's calendar")
	f.BoolVar(&o.dry, "dry-run", false, "print the file instead of writing it")
	f.BoolVar(&o.force, "force", false, "replace a connectors.yaml that is there")
	f.StringArrayVar(&o.systems, "system", nil, "read a live system: `ROLE=PACK`, such as platform=shopify; may be repeated")
	f.StringArrayVar(&o.names, "name", nil, "what messages call it: `ROLE=NAME` (default: the vendor's name)")
	f.StringArrayVar(&o.urls, "url", nil, "its address: `ROLE=URL`")
	f.StringArrayVar(&o.set, "set", nil, "a setting of its pack: `ROLE.SETTING=VALUE`")
	f.StringArrayVar(&o.secrets, "secret", nil, "where a secret is kept: `ROLE.SECRET=REFERENCE` (default ${env:PACK_SECRET})")
	f.BoolVar(&o.noTest, "no-test", false, "don't test the access to live systems")
	o.live.probeFlag(f)
	return c
}

// setUp writes the connectors.yaml of a folder.
func (p *program) setUp(ctx context.Context, dir string, o setup) error {
	path := filepath.Join(dir, "connectors.yaml")
	if _, err := os.Lstat(path); err == nil && !o.force && !o.dry {
		return wrong("replace it with --force, or see with --dry-run what would be written", "%s exists", path)
	}
	if len(o.systems) > 0 {
		return p.setUpLive(ctx, path, o)
	}
	zone, err := time.LoadLocation(o.timezone)
	if err != nil || o.timezone == "" || o.timezone == "Local" {
		return wrong("write a name such as America/New_York, Europe/Berlin or UTC", "--timezone %q is not a time zone of the IANA database", o.timezone)
	}
	cfg := &connector.Config{Name: path, Zone: zone, Policy: connector.DefaultPolicy(), Liability: o.accounts}
	if cfg.Currency, err = currencyFlag(o.currency); err != nil {
		return err
	}
	s := newSurvey(dir, zone)
	if err := s.look(ctx); err != nil {
		return err
	}
	if len(s.exports) == 0 && !p.asker().silent {
		p.say("there are no exports in %s: which live systems are there?", dir)
		return p.setUpLive(ctx, path, o)
	}
	if len(s.exports) == 0 {
		p.tell(s.list(nil))
		return wrong("put exports of the card ledger, of the integration's log and of the ERP's ledger into it, as CSV, JSON or XLSX", "no file in %s can be used", dir)
	}
	if err := s.read(ctx); err != nil {
		return err
	}
	cfg.Connectors = s.connectors()
	notes, err := s.settle(cfg, o)
	if err != nil {
		p.tell(s.list(notes))
		return err
	}
	text, err := connector.Format(cfg)
	if err != nil {
		return err
	}
	list := s.list(notes)
	text = append([]byte(preamble(list)), text...)
	if o.dry {
		p.tell(list)
		return p.print(string(text))
	}
	if err := replaceFile(writingConfiguration, path, text, o.force); err != nil {
		return misconfigured(err)
	}
	p.say("wrote %s. It rests on these guesses:", path)
	p.tell(list)
	if n := s.open(); n > 0 {
		p.say("%s left for you to decide, marked TO DECIDE", wording.Plural(n, "word"))
	}
	p.say("look it through, then run: gcdiag check --connectors %s", path)
	return nil
}

// currencyFlag reads the flag; "" is no currency.
func currencyFlag(text string) (money.Currency, error) {
	c, ok := money.ParseCurrency(text)
	if text != "" && !ok {
		return c, wrong("write a code such as USD", "--currency %q is not an ISO 4217 code", text)
	}
	return c, nil
}

// writingConfiguration is what replaceFile says of a configuration that failed.
const writingConfiguration = "writing the configuration"

// replaceFile writes a file for its owner alone; force permits that it exists.
// Doing says in errors what it was written for.
func replaceFile(doing, path string, text []byte, force bool) error {
	mode := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if force {
		mode = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	f, err := os.OpenFile(path, mode, 0o600)
	if err == nil {
		_, err = f.Write(text)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}

// connectors makes one connector for each system: for each role, the files whose
// names tell the same vendor, with those that tell none.
func (s *survey) connectors() []connector.Connector {
	var out []connector.Connector
	for _, role := range []record.Role{record.Platform, record.Integration, record.ERP} {
		var names []string
		for _, e := range s.exports {
			if v := vendorOf(role, e.name); e.role == role && v != "" && !slices.Contains(names, v) {
				names = append(names, v)
			}
		}
		if len(names) == 0 {
			names = []string{plainNames[role]}
		}
		for i, name := range names {
			k := connector.Connector{Role: role, Name: name, Probe: connector.FileProbe, Files: map[record.Type][]connector.File{}}
			for _, e := range s.exports {
				v := vendorOf(role, e.name)
				if e.role == role && (v == name || v == "" && i == 0) {
					k.Files[e.record] = append(k.Files[e.record], e.entry)
				}
			}
			if len(k.Files) > 0 {
				out = append(out, k)
			}
		}
	}
	return out
}

// settle fills in account, currency, calendar and window, and notes how.
func (s *survey) settle(cfg *connector.Config, o setup) (notes []string, err error) {
	note := func(format string, a ...any) { notes = append(notes, fmt.Sprintf(format, a...)) }
	has := func(r record.Role) bool {
		return slices.ContainsFunc(cfg.Connectors, func(k connector.Connector) bool { return k.Role == r })
	}
	if has(record.ERP) && len(cfg.Liability) == 0 {
		name, why := s.liability()
		if name == "" {
			hint := "name it with --liability-account"
			if why == "" {
				return notes, wrong(hint, "no export of the ERP tells which account is the gift card liability: none that was recognised names an account")
			}
			return notes, wrong(hint+": "+why, "the ERP's export does not tell which account is the gift card liability")
		}
		cfg.Liability = []string{name}
		note("liability account %s: %s", quoted(name), why)
		for _, a := range s.byLikeness() {
			if a.name != name && a.like > 0 {
				note("account %s: %s move as gift card liability does, too; add it under ledger if it is part of it", quoted(a.name), wording.Plural(a.like, "row"))
			}
		}
	}
	if !cfg.Currency.Known() {
		c, others := s.mainCurrency()
		cfg.Currency = c
		switch {
		case !c.Known():
			note("currency: no record names one; write it under ledger if there is only one")
		case s.uncoded > 0:
			note("currency %s for the %s that name none, because most others have it", c, wording.Plural(s.uncoded, "record"))
		case others:
			note("currency %s for records that name none; all that were read name theirs", c)
		}
	}
	if o.timezone == "UTC" {
		note("timezone UTC: put the shop's and the ERP's calendar in its place if it is another one; days end there")
	}
	cfg.Window = connector.Window{Last: connector.DefaultLast}
	if from, to := s.movements.from, s.movements.to; from.Known() {
		first, last := from.Earliest().In(s.zone), to.Latest().In(s.zone)
		cfg.Window = connector.Window{Since: time.Date(first.Year(), first.Month(), first.Day(), 0, 0, 0, 0, s.zone),
			Until: time.Date(last.Year(), last.Month(), last.Day()+1, 0, 0, 0, 0, s.zone)}
		note("window: all days of the card ledger, %s to %s; the other exports must cover them", first.Format(time.DateOnly), last.Format(time.DateOnly))
		for _, e := range s.exports {
			r := e.result
			if e.record == record.Movements || !r.From.Known() {
				continue
			}
			if late := r.From.Earliest().Sub(cfg.Window.Since); late > 2*24*time.Hour {
				note("%s begins on %s, later than the card ledger: if the export begins there, choose a later since", e.name, r.From.Earliest().In(s.zone).Format(time.DateOnly))
			}
			if early := cfg.Window.Until.Sub(r.To.Latest()); early > 2*24*time.Hour {
				note("%s ends on %s, earlier than the card ledger: if the export ends there, choose an earlier until", e.name, r.To.Latest().In(s.zone).Format(time.DateOnly))
			}
		}
	}
	for _, r := range []record.Role{record.Platform, record.Integration, record.ERP} {
		if !has(r) {
			note("no file of the %s was found: the report will say what can't be told without one", roleText(r))
		}
	}
	return notes, nil
}

func roleText(r record.Role) string {
	if r == record.ERP {
		return "ERP"
	}
	return r.String()
}

// list is everything that was guessed, a line each; lines about a file stand
// indented below its name.
func (s *survey) list(notes []string) []string {
	var out []string
	for _, e := range s.exports {
		out = append(out, fmt.Sprintf("%s: %s of the %s", e.name, e.record, roleText(e.role)))
		for _, n := range e.notes {
			out = append(out, "  "+n)
		}
		switch {
		case e.reject != "" && e.open > 0:
			out = append(out, fmt.Sprintf("  %s rejected until then", wording.Plural(e.result.Rejected, "row")))
		case e.reject != "":
			out = append(out, fmt.Sprintf("  %s rejected as it stands, the first %s", wording.Plural(e.result.Rejected, "row"), e.reject))
		}
	}
	out = append(out, notes...)
	for _, u := range s.unused {
		out = append(out, "not used: "+u)
	}
	for i, line := range out {
		out[i] = render.Escape(line)
	}
	return out
}

// open counts the words that are left to decide.
func (s *survey) open() int {
	n := 0
	for _, e := range s.exports {
		n += e.open
	}
	return n
}

// tell puts the list on standard error.
func (p *program) tell(list []string) {
	for _, line := range list {
		p.note("  " + line)
	}
}

// preamble is the list as comments.
func preamble(list []string) string {
	var b strings.Builder
	b.WriteString("# Written by gcdiag init, which guessed the following. Look it through before you trust a diagnosis.\n#\n")
	for _, line := range list {
		indent := line[:len(line)-len(strings.TrimLeft(line, " "))]
		for _, l := range wrap(line, 96, indent+"  ") {
			b.WriteString("#   " + l + "\n")
		}
	}
	b.WriteString("\n")
	return b.String()
}
