package connector

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"gcdiag/internal/money"
	"gcdiag/internal/record"
)

// What a connectors.yaml may weigh and how many elements it may have; more than
// that is something else.
const (
	maxSize  = 1 << 20
	patience = 1 << 16
)

// ErrNotSupported is the cause of an error about a probe that is known but can't
// be used yet.
var ErrNotSupported = errors.New("not supported: databases are not read")

// Load reads a connectors.yaml. See Parse.
func Load(path string, o Options) (*Config, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, hinted{fmt.Errorf("reading the configuration: %w", err), `name the file with --connectors, or make one with "gcdiag init"`}
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	return Parse(path, data, o)
}

// Parse reads the text of a connectors.yaml; name is its path, for messages and
// for relative paths in it. The error joins an *Error for every mistake found,
// in the order of the file.
func Parse(name string, data []byte, o Options) (*Config, error) {
	r := &reader{file: name, options: o}
	root := r.document(data)
	var c *Config
	if root != nil {
		c = r.config(root)
	}
	if len(r.errs) > 0 {
		slices.SortStableFunc(r.errs, func(a, b *Error) int {
			return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
		})
		errs := make([]error, len(r.errs))
		for i, e := range r.errs {
			errs[i] = e
		}
		return nil, errors.Join(errs...)
	}
	return c, nil
}

func (r *reader) config(root *yaml.Node) *Config {
	f := r.mapping(root, "connectors.yaml", "version", "window", "as_of", "timezone", "ledger", "policy", "connectors")
	c := &Config{Name: r.file, Zone: time.UTC, Policy: DefaultPolicy(), Window: Window{Last: DefaultLast}}
	if follow(root).Kind != yaml.MappingNode {
		return c
	}
	if n, ok := f["version"]; !ok {
		r.fail(root, "version is missing").Advice = fmt.Sprintf("begin the file with version: %d", Version)
	} else if s, ok := r.text(n, "version"); ok && s != strconv.Itoa(Version) {
		r.fail(n, "version %q is not known; this program reads version %d", s, Version)
	}
	if n, ok := f["timezone"]; ok {
		if zone := r.zone(n, "timezone"); zone != nil {
			c.Zone = zone
		}
	}
	if n, ok := f["window"]; ok {
		c.Window = r.window(n, c.Zone)
	}
	if n, ok := f["as_of"]; ok {
		c.AsOf = r.time(n, "as_of", c.Zone)
	}
	if n, ok := f["policy"]; ok {
		c.Policy = r.policy(n)
	}
	ledger := root
	if n, ok := f["ledger"]; ok {
		ledger = n
		r.ledger(n, c)
	}
	names := map[string]*yaml.Node{}
	switch n := f["connectors"]; {
	case blank(n):
		if n == nil {
			n = root
		}
		r.fail(n, "there is no connector").Advice = "list at least one system under connectors"
	case n.Kind != yaml.SequenceNode:
		r.fail(n, "connectors must be a list")
	default:
		r.list(n, "connectors", func(n *yaml.Node) {
			c.Connectors = append(c.Connectors, r.connector(n, c.Zone, names))
		})
	}
	for _, k := range c.Connectors {
		if k.Role == record.ERP && len(c.Liability) == 0 {
			r.fail(ledger, "ledger has no liability_accounts, though %q is an ERP", k.Name).Advice = `name the gift card liability account, as in ledger: {liability_accounts: ["2400"]}`
			break
		}
	}
	return c
}

func (r *reader) window(n *yaml.Node, zone *time.Location) Window {
	f := r.mapping(n, "window", "since", "until", "last")
	var w Window
	if v, ok := f["since"]; ok {
		w.Since = r.time(v, "since", zone)
	}
	if v, ok := f["until"]; ok {
		w.Until = r.time(v, "until", zone)
		if !w.Until.IsZero() && !w.Until.After(w.Since) {
			r.fail(v, "until must be later than since")
		}
	}
	if v, ok := f["last"]; ok {
		if f["since"] != nil {
			r.fail(v, "last and since exclude each other")
		}
		var good bool
		if w.Last, good = r.span(v, "last"); good && w.Last == 0 {
			r.fail(v, "last must be longer than nothing")
		}
	}
	if w.Since.IsZero() && w.Last == 0 {
		w.Last = DefaultLast
	}
	return w
}

func (r *reader) ledger(n *yaml.Node, c *Config) {
	f := r.mapping(n, "ledger", "liability_accounts", "currency")
	if v, ok := f["liability_accounts"]; ok {
		r.list(v, "liability_accounts", func(n *yaml.Node) {
			if s, ok := r.line(n, "a liability account"); ok {
				c.Liability = append(c.Liability, s)
			}
		})
	}
	if v, ok := f["currency"]; ok {
		if s, ok := r.text(v, "currency"); ok {
			if c.Currency, ok = money.ParseCurrency(s); !ok {
				r.fail(v, "currency %q is not an ISO 4217 code such as USD", s)
			}
		}
	}
}

func (r *reader) policy(n *yaml.Node) Policy {
	f := r.mapping(n, "policy", "grace", "basis", "promotional", "loyalty", "points_per_unit", "tolerance")
	p := DefaultPolicy()
	if v, ok := f["grace"]; ok {
		p.Grace, _ = r.span(v, "grace")
	}
	if v, ok := f["basis"]; ok {
		p.PricePaid = r.word(v, "basis", "face_value", "price_paid") == "price_paid"
	}
	if v, ok := f["promotional"]; ok {
		p.Promotional = r.word(v, "promotional", "exclude", "include") == "include"
	}
	if v, ok := f["loyalty"]; ok {
		p.Loyalty = r.word(v, "loyalty", "include", "exclude") == "include"
	}
	if v, ok := f["points_per_unit"]; ok {
		p.PointsPerUnit, _ = r.number(v, "points_per_unit", 1)
	}
	if v, ok := f["tolerance"]; ok {
		tolerance, _ := r.number(v, "tolerance", 0)
		p.Tolerance = money.Amount(tolerance)
	}
	return p
}

func (r *reader) connector(n *yaml.Node, zone *time.Location, names map[string]*yaml.Node) Connector {
	f := r.mapping(n, "a connector", "role", "name", "probe", "url", "timezone", "auth", "settings", "feeds", "files", "complete", "entities")
	var k Connector
	if follow(n).Kind != yaml.MappingNode {
		if null(n) {
			r.fail(n, "a connector must be a mapping of keys to values")
		}
		return k
	}
	if v, ok := f["role"]; !ok {
		r.fail(n, "a connector has no role").Advice = "write role: platform, integration or erp"
	} else if w := r.word(v, "role", record.Platform.String(), record.Integration.String(), record.ERP.String()); w != "" {
		k.Role, _ = record.ParseRole(w)
	}
	if v, ok := f["name"]; !ok {
		r.fail(n, "a connector has no name").Advice = "give it a name of its own; every message uses it"
	} else if s, ok := r.line(v, "name"); ok {
		k.Name = strings.TrimSpace(s)
		key := strings.ToLower(k.Name)
		if first := names[key]; first != nil {
			r.fail(v, "the name %q is taken by the connector in line %d", k.Name, first.Line)
		} else {
			names[key] = v
		}
	}
	about := "the connector"
	if k.Name != "" {
		about = fmt.Sprintf("%q", k.Name)
	}
	if v, ok := f["timezone"]; ok {
		if k.Zone = r.zone(v, "timezone"); k.Zone != nil {
			zone = k.Zone
		}
	}
	if v, ok := f["url"]; ok {
		k.URL = r.url(v)
	}
	if v, ok := f["auth"]; ok {
		r.pairs(v, "auth", func(key string, _, v *yaml.Node) {
			what := fmt.Sprintf("auth %q", key)
			if s, ok := r.text(v, what); ok {
				ref, err := ParseReference(s, filepath.Dir(r.file), r.options)
				if err != nil {
					r.wrap(v, what, err)
					return
				}
				put(&k.Auth, key, ref)
			}
		})
	}
	if v, ok := f["settings"]; ok {
		r.pairs(v, "settings", func(key string, _, v *yaml.Node) {
			if s, ok := r.text(v, fmt.Sprintf("setting %q", key)); ok {
				if strings.Contains(s, "${") {
					r.fail(v, "setting %q refers to a secret; secrets belong under auth", key)
					return
				}
				put(&k.Settings, key, s)
			}
		})
	}
	if v, ok := f["feeds"]; ok && !null(v) {
		if k.Role != record.Platform && k.Role != record.NoRole {
			r.fail(v, "feeds belong to a platform: they say how its events leave it")
		} else {
			k.Feeds = r.feeds(v)
		}
	}
	if v, ok := f["entities"]; ok && !null(v) {
		if k.Role != record.ERP && k.Role != record.NoRole {
			r.fail(v, "entities belong to an erp: they are the companies whose books it holds")
		} else {
			r.list(v, "entities", func(n *yaml.Node) {
				if s, ok := r.line(n, "an entity"); ok {
					k.Entities = append(k.Entities, s)
				}
			})
		}
	}
	if v, ok := f["files"]; ok {
		r.byType(v, "files", k.Role, func(t record.Type, v *yaml.Node) {
			if files := r.files(t, v); len(files) > 0 {
				put(&k.Files, t, files)
			}
		})
	}
	if v, ok := f["complete"]; ok {
		r.byType(v, "complete", k.Role, func(t record.Type, v *yaml.Node) {
			if s, ok := r.statement(t, v, zone); ok {
				put(&k.Complete, t, s)
			}
		})
	}
	v, ok := f["probe"]
	if !ok {
		r.fail(n, "%s has no probe", about).Advice = "write probe: file and list its export files under files"
		return k
	}
	if k.Probe, ok = r.line(v, "probe"); !ok {
		return k
	}
	if k.Probe == FileProbe {
		if blank(f["files"]) && blank(f["complete"]) {
			r.fail(n, "%s has no files to read", about).Advice = "list its export files under files, by record type"
		}
		return k
	}
	r.live(n, v, f, &k, about)
	return k
}

// live checks a connector of a live system against what its probe asks for.
func (r *reader) live(n, v *yaml.Node, f map[string]*yaml.Node, k *Connector, about string) {
	names := []string{FileProbe}
	var probe *Probe
	for i := range r.options.Probes {
		p := &r.options.Probes[i]
		names = append(names, p.Name)
		if p.Name == k.Probe {
			probe = p
		}
	}
	switch {
	case k.Probe == "sql":
		e := r.fail(v, "probe \"sql\": %v", ErrNotSupported)
		e.Cause = ErrNotSupported
		e.Advice = fmt.Sprintf("export the records of %s and list the files under files", about)
		return
	case probe == nil:
		r.fail(v, "unknown probe %q%s", k.Probe, meant(k.Probe, names)).Advice = "gcdiag probe list names the vendors; for another one list its export files with probe: file, or write a pack"
		return
	case k.Role != record.NoRole && probe.Role != k.Role:
		r.fail(v, "%s reads a system of the role %s, and %s has the role %s", k.Probe, probe.Role, about, k.Role)
		return
	}
	if k.URL == "" && probe.NeedsURL {
		r.fail(n, "%s has no url", about).Advice = "write url: and the address of the system"
	}
	if !blank(f["files"]) {
		r.fail(f["files"], "%s lists files, and %s reads a live system", about, k.Probe).Advice = "use probe: file for exports; one system can be two connectors of one role"
	}
	settings := CommonSettings()
	for _, s := range probe.Settings {
		settings = append(settings, s.Name)
	}
	lines := map[string]*yaml.Node{}
	if v := f["settings"]; v != nil && follow(v).Kind == yaml.MappingNode {
		m := follow(v)
		for i := 0; i+1 < len(m.Content); i += 2 {
			lines[m.Content[i].Value] = m.Content[i+1]
		}
	}
	settings = append(settings, probe.Public...)
	for _, name := range slices.Sorted(maps.Keys(k.Settings)) {
		if !slices.Contains(settings, name) {
			r.fail(lines[name], "%s has no setting %q%s", k.Probe, name, meant(name, settings)).Advice = fmt.Sprintf("gcdiag probe show %s lists its settings", k.Probe)
		}
	}
	for _, s := range probe.Settings {
		value, given := k.Settings[s.Name]
		switch {
		case !given && s.Needed:
			r.fail(n, "%s lacks the setting %q", about, s.Name).Advice = fmt.Sprintf("write it under settings, such as %s: %s", s.Name, s.Example)
		case !given:
		case len(s.Choices) > 0 && !slices.Contains(s.Choices, value):
			r.fail(lines[s.Name], "setting %s: %q is not one of %s", s.Name, value, strings.Join(s.Choices, ", "))
		case s.Pattern != nil && !s.Pattern.MatchString(value):
			r.fail(lines[s.Name], "setting %s: %q does not look like %s", s.Name, value, s.Example)
		}
	}
	var secrets []string
	complete := false
	for _, way := range probe.Auth {
		all := true
		for _, name := range way {
			_, secret := k.Auth[name]
			_, setting := k.Settings[name]
			all = all && (secret || setting && slices.Contains(probe.Public, name))
			if !slices.Contains(secrets, name) {
				secrets = append(secrets, name)
			}
		}
		complete = complete || all
	}
	for _, name := range slices.Sorted(maps.Keys(k.Auth)) {
		if !slices.Contains(secrets, name) {
			r.fail(f["auth"], "%s has no secret %q%s", k.Probe, name, meant(name, secrets))
		}
	}
	if !complete {
		var ways []string
		for _, way := range probe.Auth {
			ways = append(ways, strings.Join(way, ", "))
		}
		r.fail(n, "%s lacks secrets under auth", about).Advice = "it needs " + strings.Join(ways, "; or ") + ", each as ${env:NAME}, ${file:PATH}, ${keychain:NAME} or ${cmd:COMMAND}"
	}
}

func put[K comparable, V any](m *map[K]V, key K, v V) {
	if *m == nil {
		*m = map[K]V{}
	}
	(*m)[key] = v
}

func (r *reader) url(n *yaml.Node) string {
	s, ok := r.line(n, "url")
	if !ok {
		return ""
	}
	u, err := url.Parse(s)
	switch {
	case strings.Contains(s, "${"):
		r.fail(n, "url refers to a secret; secrets belong under auth")
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		r.fail(n, "url is not an address such as https://shop.example.com")
	case u.User != nil:
		r.fail(n, "url holds a user name or password; they belong under auth")
	}
	return s
}

func (r *reader) feeds(n *yaml.Node) []Feed {
	var feeds []Feed
	type key struct {
		kind   record.Kind
		origin string
	}
	seen := map[key]int{}
	r.list(n, "feeds", func(n *yaml.Node) {
		if n.Kind != yaml.MappingNode {
			r.fail(n, "a feed must be a mapping such as {kind: load, origin: manual, via: none}")
			return
		}
		before := len(r.errs)
		f := r.mapping(n, "a feed", "kind", "origin", "via")
		var feed Feed
		if v, ok := f["kind"]; ok {
			feed.Kind, _ = record.ParseKind(r.word(v, "kind", record.Vocabulary(record.Movements, "kind")...))
		}
		if v, ok := f["origin"]; ok {
			feed.Origin, _ = r.line(v, "origin")
		}
		if v, ok := f["via"]; !ok {
			r.fail(n, "a feed has no via").Advice = "write via: webhook, api, batch, report, manual or none"
		} else {
			feed.Via, _ = record.ParseVia(r.word(v, "via", "webhook", "api", "batch", "report", "manual", "none"))
		}
		if len(r.errs) > before {
			return
		}
		id := key{feed.Kind, record.Fold(feed.Origin)}
		if first := seen[id]; first > 0 {
			r.fail(n, "the feed in line %d speaks of the same kind and origin", first)
			return
		}
		seen[id] = n.Line
		feeds = append(feeds, feed)
	})
	return feeds
}
