package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gcdiag/internal/casefile"
	"gcdiag/internal/connector"
	"gcdiag/internal/gather"
	"gcdiag/internal/money"
	"gcdiag/internal/record"
	"gcdiag/internal/render"
	"gcdiag/internal/source/file"
)

func (a *app) init() *cobra.Command {
	var (
		force, dry         bool
		account            []string
		currency, timezone string
	)
	c := &cobra.Command{
		Use:   "init [DIR]",
		Short: "Write a connectors.yaml from a folder of exports",
		Long: `Looks at the exports in a folder, finds out which record each holds and how its columns
are called, and writes a connectors.yaml beside them that "gcdiag check" accepts. Everything
that was guessed is listed; look it through before you trust the diagnosis.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir := "."
			if len(args) == 1 {
				dir = args[0]
			}
			path := filepath.Join(dir, "connectors.yaml")
			if _, err := os.Stat(path); err == nil && !force && !dry {
				return usage("use --force to replace it, or --dry-run to see what would be written", "%s exists", path)
			}
			in := initiator{a: a, dir: dir}
			cfg, err := in.look(cmd.Context())
			if err != nil {
				return err
			}
			if err := in.settle(cmd.Context(), cfg, account, currency, timezone); err != nil {
				return err
			}
			text, err := connector.Format(cfg)
			if err != nil {
				return exit{ExitInternal, err}
			}
			if dry {
				_, err = a.out.Write(text)
				return err
			}
			if err := os.WriteFile(path, text, 0o600); err != nil {
				return exit{ExitInternal, fmt.Errorf("writing the configuration: %w", err)}
			}
			for _, s := range in.said {
				fmt.Fprintf(a.errs, "gcdiag: %s\n", render.Escape(s))
			}
			fmt.Fprintf(a.errs, "gcdiag: wrote %s; look it through, then run \"gcdiag check --connectors %s\"\n", path, path)
			return nil
		},
	}
	f := c.Flags()
	f.BoolVar(&force, "force", false, "replace an existing connectors.yaml")
	f.BoolVar(&dry, "dry-run", false, "print it instead of writing it")
	f.StringSliceVar(&account, "liability-account", nil, "the ERP's gift card liability account (default: the one most gift card rows stand on)")
	f.StringVar(&currency, "currency", "", "of records that carry none")
	f.StringVar(&timezone, "timezone", "UTC", "the shop's and the ERP's calendar")
	return c
}

// initiator makes a configuration from a folder.
type initiator struct {
	a    *app
	dir  string
	said []string // what was guessed, for the person to check
}

func (in *initiator) tell(format string, args ...any) {
	in.said = append(in.said, fmt.Sprintf(format, args...))
}

// usual are words of usual exports and what they most likely mean. A word whose
// meaning depends on the vendor ("refund", "adjust") is not among them.
var usual = map[string]map[string]string{
	"kind": {
		"giftcertsale": "load", "issue": "load", "issued": "load", "activate": "load", "activation": "load", "sale": "load", "sold": "load", "purchase": "load",
		"topup": "load", "credit": "load", "gcload": "load", "giftcertredemption": "redemption", "redeem": "redemption", "redeemed": "redemption", "debit": "redemption",
		"use": "redemption", "used": "redemption", "spend": "redemption", "gcredeem": "redemption", "giftcertauthredemption": "redemption", "expire": "expiry", "expired": "expiry",
		"deactivate": "deactivation", "disabled": "deactivation", "gcrefund": "refund_to_card", "refundtocard": "refund_to_card",
	},
	"outcome": {
		"success": "delivered", "succeeded": "delivered", "ok": "delivered", "sent": "delivered", "forwarded": "delivered", "completed": "delivered", "processed": "delivered", "200": "delivered",
		"error": "failed", "failure": "failed", "skipped": "filtered", "ignored": "filtered", "pending": "queued", "dead": "dead_lettered", "rejected": "rejected_by_erp",
	},
	"status": {"complete": "final", "completed": "final", "success": "final", "settled": "final", "approved": "posted", "canceled": "cancelled", "voided": "cancelled", "void": "cancelled",
		"pendingapproval": "open", "unposted": "open", "draft": "open", "onhold": "held", "rejected": "refused", "error": "exception"},
	"source": {"user": "manual", "ui": "manual", "api": "integration", "webservices": "integration", "csv": "integration"},
}

// look finds out what the files hold.
func (in *initiator) look(ctx context.Context) (*connector.Config, error) {
	entries, err := os.ReadDir(in.dir)
	if err != nil {
		var p *fs.PathError
		if errors.As(err, &p) {
			err = p
		}
		return nil, usage("name a folder with exports", "reading the folder: %w", err)
	}
	cfg := &connector.Config{Name: filepath.Join(in.dir, "connectors.yaml"), Zone: time.UTC, Policy: connector.DefaultPolicy(), Window: connector.Window{Last: connector.DefaultLast}}
	systems := map[record.Role]*connector.Connector{}
	for _, e := range entries {
		name := e.Name()
		if e.IsDir() || strings.HasPrefix(name, ".") || !exportName(name) {
			continue
		}
		g, err := file.Guess(ctx, filepath.Join(in.dir, name), name)
		switch {
		case err != nil:
			in.tell("%s: left out: %v", name, err)
			continue
		case g.Record == record.NoType:
			in.tell("%s: left out: nothing in it resembles a record", name)
			continue
		case !g.Fits:
			in.tell("%s: left out: it looks like %s, but lacks %s", name, g.Record, strings.Join(g.Missing, ", "))
			continue
		}
		role := g.Role
		if role == record.NoRole { // subscriptions: the platform's, unless the name says otherwise
			role = record.Platform
		}
		s := systems[role]
		if s == nil {
			s = &connector.Connector{Role: role, Name: map[record.Role]string{record.Platform: "Shop", record.Integration: "Integration", record.ERP: "ERP"}[role], Probe: "file", Files: map[record.Type][]connector.File{}}
			systems[role] = s
		}
		f := connector.File{Path: name}
		for _, c := range g.Input.Columns {
			if c.Field != "" && c.Guessed {
				if f.Columns == nil {
					f.Columns = map[string]string{}
				}
				f.Columns[c.Field] = c.Header
				in.tell("%s: column %q is taken for %s", name, c.Header, c.Field)
			}
		}
		in.words(&f, g)
		s.Files[g.Record] = append(s.Files[g.Record], f)
		in.tell("%s: %s", name, g.Record)
		if len(g.Rivals) > 0 {
			in.tell("%s: it could as well be %v", name, g.Rivals)
		}
	}
	for _, role := range []record.Role{record.Platform, record.Integration, record.ERP} {
		if s := systems[role]; s != nil {
			cfg.Connectors = append(cfg.Connectors, *s)
		} else {
			in.tell("no file of the %s was found: the report will say what can't be told without it", role)
		}
	}
	if len(cfg.Connectors) == 0 {
		return nil, usage("export the card ledger, the integration's run history and the ERP's postings as CSV or XLSX into it", "no export was found in %s%s", in.dir, because(in.said))
	}
	return cfg, nil
}

func because(said []string) string {
	if len(said) == 0 {
		return ""
	}
	return " (" + strings.Join(said, "; ") + ")"
}

func exportName(name string) bool {
	name = strings.TrimSuffix(strings.ToLower(name), ".gz")
	return slices.Contains([]string{".csv", ".tsv", ".txt", ".json", ".ndjson", ".jsonl", ".xlsx"}, filepath.Ext(name))
}

// words maps what is outside a vocabulary, as far as it is usual. The rest is
// mapped to itself's place in the list of what to check: rows with such a word are rejects.
func (in *initiator) words(f *connector.File, g file.Guessed) {
	for _, column := range slices.Sorted(maps.Keys(g.Foreign)) {
		for _, word := range g.Foreign[column] {
			ours := usual[column][record.Fold(word)]
			if !slices.Contains(record.Vocabulary(g.Record, column), ours) {
				in.tell("%s: column %s: add a word for %q under values, or its rows are rejected", f.Path, column, word)
				continue
			}
			if f.Values == nil {
				f.Values = map[string]map[string]string{}
			}
			if f.Values[column] == nil {
				f.Values[column] = map[string]string{}
			}
			f.Values[column][word] = ours
			in.tell("%s: column %s: %q is taken for %s", f.Path, column, word, ours)
		}
	}
}

// settle fills in account, currency, zone and window by reading the files once.
func (in *initiator) settle(ctx context.Context, cfg *connector.Config, accounts []string, currency, timezone string) error {
	zone, err := time.LoadLocation(timezone)
	if err != nil {
		return usage("use a name such as America/New_York", "--timezone: unknown zone %q", timezone)
	}
	cfg.Zone = zone
	if currency != "" {
		c, ok := money.ParseCurrency(currency)
		if !ok {
			return usage("use an ISO 4217 code such as USD", "--currency: unknown currency %q", currency)
		}
		cfg.Currency = c
	}
	c, err := gather.Run(ctx, cfg, gather.Options{})
	if err != nil {
		return exit{ExitUsage, err}
	}
	if timezone == "UTC" {
		in.tell("timezone: UTC; change it if the shop or the ERP keeps another calendar")
	}
	cfg.Liability = accounts
	if len(accounts) == 0 {
		cfg.Liability = in.account(c)
	}
	if erp := slices.ContainsFunc(cfg.Connectors, func(k connector.Connector) bool { return k.Role == record.ERP }); erp && len(cfg.Liability) == 0 {
		cfg.Liability = []string{"unknown"}
		in.tell("liability account: none could be guessed; write it under ledger, or step 4 can't be judged")
	}
	var first, last record.Time
	for m := range c.Movements.All() {
		if !first.Known() || m.At.Compare(first) < 0 {
			first = m.At
		}
		if m.At.Compare(last) > 0 {
			last = m.At
		}
	}
	if first.Known() {
		from, to := first.Earliest().In(zone), last.Latest().In(zone)
		cfg.Window = connector.Window{Since: time.Date(from.Year(), from.Month(), from.Day(), 0, 0, 0, 0, zone), Until: time.Date(to.Year(), to.Month(), to.Day()+1, 0, 0, 0, 0, zone)}
		in.tell("window: %s to %s, all days of the card ledger", cfg.Window.Since.Format("2006-01-02"), cfg.Window.Until.AddDate(0, 0, -1).Format("2006-01-02"))
	}
	if len(c.Rejects) > 0 {
		r := c.Rejects[0]
		in.tell("%d rows can't be read yet, the first at %s: %s", len(c.Rejects), r.Place, r.Reason)
	}
	return nil
}

// account guesses the liability account: the one on which most rows of gift card kinds stand.
func (in *initiator) account(c *casefile.Case) []string {
	rows := map[string]int{}
	for p := range c.Postings.All() {
		if p.Account != "" && p.Kind != record.Other && p.Status.Counts() {
			rows[p.Account]++
		}
	}
	names := slices.SortedFunc(maps.Keys(rows), func(a, b string) int { return cmp.Or(rows[b]-rows[a], strings.Compare(a, b)) })
	if len(names) == 0 {
		return nil
	}
	in.tell("liability account: %s is taken, with %d rows of gift card kinds; the others are %v", names[0], rows[names[0]], names[1:])
	return names[:1]
}
