package connector

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/htmlindex"
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
var ErrNotSupported = errors.New("not supported yet: live systems; use probe: file")

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

// reader walks the nodes of one file and collects its mistakes.
type reader struct {
	file    string
	options Options
	errs    []*Error
	spent   int
}

// spend reports whether there is patience left for one more element: a file can
// repeat itself through aliases without end.
func (r *reader) spend(n *yaml.Node) bool {
	if r.spent++; r.spent == patience {
		r.fail(n, "the file repeats itself too often through aliases")
	}
	return r.spent < patience
}

func (r *reader) fail(n *yaml.Node, format string, args ...any) *Error {
	e := &Error{File: r.file, Reason: fmt.Sprintf(format, args...)}
	if n != nil {
		e.Line, e.Column = n.Line, n.Column
	}
	r.errs = append(r.errs, e)
	return e
}

// wrap records an error with the hint and cause that it carries.
func (r *reader) wrap(n *yaml.Node, about string, err error) {
	e := r.fail(n, "%s: %v", about, err)
	e.Cause = err
	if h, ok := err.(interface{ Hint() string }); ok {
		e.Advice = h.Hint()
	}
}

var syntaxError = regexp.MustCompile(`^(?:yaml: )?(?:line (\d+): )?(.*)$`)

// document is the root of the one document in a file.
func (r *reader) document(data []byte) (root *yaml.Node) {
	defer func() {
		if recover() != nil { // the YAML library gave up on malformed text
			r.fail(nil, "this is not YAML")
			root = nil
		}
	}()
	if len(data) > maxSize {
		r.fail(nil, "the file is larger than 1 MiB and can't be a configuration")
		return nil
	}
	d := yaml.NewDecoder(bytes.NewReader(data))
	var doc, second yaml.Node
	err := d.Decode(&doc)
	if errors.Is(err, io.EOF) || err == nil && (len(doc.Content) == 0 || null(doc.Content[0])) {
		r.fail(nil, "the file is empty").Advice = `make one with "gcdiag init"`
		return nil
	}
	if err == nil {
		if err = d.Decode(&second); errors.Is(err, io.EOF) {
			return doc.Content[0]
		}
		if err == nil {
			r.fail(&second, "a second document begins here; the file must hold one")
			return nil
		}
	}
	m := syntaxError.FindStringSubmatch(strings.TrimSpace(err.Error()))
	line, _ := strconv.Atoi(m[1])
	e := r.fail(&yaml.Node{Line: line}, "this is not YAML: %s", m[2])
	if strings.Contains(m[2], "cannot start any token") {
		e.Advice = "indent with blanks, not tabs, and put text with special characters in quotes"
	}
	return nil
}

func follow(n *yaml.Node) *yaml.Node {
	for range 8 {
		if n.Kind != yaml.AliasNode || n.Alias == nil {
			break
		}
		n = n.Alias
	}
	return n
}

func null(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

// blank reports whether a section is left out or holds nothing.
func blank(n *yaml.Node) bool {
	return n == nil || null(n) || n.Kind != yaml.ScalarNode && len(n.Content) == 0
}

// pairs yields the keys and values of a mapping, none for a null. Keys must be
// text and differ.
func (r *reader) pairs(n *yaml.Node, what string, each func(key string, k, v *yaml.Node)) bool {
	n = follow(n)
	if null(n) {
		return true
	}
	if n.Kind != yaml.MappingNode {
		r.fail(n, "%s must be a mapping of keys to values", what)
		return false
	}
	seen := map[string]*yaml.Node{}
	for i := 0; i+1 < len(n.Content) && r.spend(n); i += 2 {
		k, v := follow(n.Content[i]), follow(n.Content[i+1])
		if k.Kind != yaml.ScalarNode || null(k) {
			r.fail(k, "a key of %s must be plain text", what)
			continue
		}
		if first := seen[k.Value]; first != nil {
			r.fail(k, "%s has the key %q already, in line %d", what, k.Value, first.Line)
			continue
		}
		seen[k.Value] = k
		each(k.Value, k, v)
	}
	return true
}

// mapping is the values of a mapping by key; keys other than the allowed ones
// are mistakes.
func (r *reader) mapping(n *yaml.Node, what string, allowed ...string) map[string]*yaml.Node {
	f := map[string]*yaml.Node{}
	r.pairs(n, what, func(key string, k, v *yaml.Node) {
		if !slices.Contains(allowed, key) {
			r.fail(k, "unknown key %q in %s%s", key, what, meant(key, allowed)).Advice = fmt.Sprintf("%s can have %s", what, strings.Join(allowed, ", "))
			return
		}
		f[key] = v
	})
	return f
}

// text is a scalar as written; "" with a mistake recorded where it is something
// else or empty.
func (r *reader) text(n *yaml.Node, what string) (string, bool) {
	switch n = follow(n); {
	case n.Kind != yaml.ScalarNode:
		r.fail(n, "%s must be a single value", what)
	case null(n) || strings.TrimSpace(n.Value) == "":
		r.fail(n, "%s has no value", what)
	default:
		return n.Value, true
	}
	return "", false
}

// line is text that a terminal can show as it is.
func (r *reader) line(n *yaml.Node, what string) (string, bool) {
	s, ok := r.text(n, what)
	if ok && strings.ContainsFunc(s, unicode.IsControl) {
		r.fail(n, "%s must not hold control characters", what)
		return "", false
	}
	return s, ok
}

// list yields the elements of a list, none for a null; a single value stands
// for a list of one.
func (r *reader) list(n *yaml.Node, what string, each func(*yaml.Node)) {
	switch n = follow(n); {
	case null(n):
	case n.Kind == yaml.SequenceNode:
		for _, v := range n.Content {
			if r.spend(n) {
				each(follow(v))
			}
		}
	case n.Kind == yaml.ScalarNode:
		each(n)
	default:
		r.fail(n, "%s must be a list", what)
	}
}

// word is one of a few words, in any case and with any joints.
func (r *reader) word(n *yaml.Node, what string, words ...string) string {
	s, ok := r.text(n, what)
	if !ok {
		return ""
	}
	for _, w := range words {
		if record.Fold(w) == record.Fold(s) {
			return w
		}
	}
	r.fail(n, "%s %q is not one of %s%s", what, s, strings.Join(words, ", "), meant(s, words))
	return ""
}

func (r *reader) number(n *yaml.Node, what string, least int64) (int64, bool) {
	s, ok := r.text(n, what)
	if !ok {
		return 0, false
	}
	v, err := strconv.ParseInt(s, 10, 64)
	if err != nil || v < least {
		r.fail(n, "%s %q is not a whole number of at least %d", what, s, least)
		return 0, false
	}
	return v, true
}

func (r *reader) span(n *yaml.Node, what string) (time.Duration, bool) {
	s, ok := r.text(n, what)
	if !ok {
		return 0, false
	}
	d, err := ParseSpan(s)
	if err != nil {
		r.wrap(n, what, err)
		return 0, false
	}
	return d, true
}

func (r *reader) time(n *yaml.Node, what string, zone *time.Location) time.Time {
	s, ok := r.text(n, what)
	if !ok {
		return time.Time{}
	}
	t, err := ParseTime(s, zone)
	if err != nil {
		r.wrap(n, what, err)
	}
	return t
}

func (r *reader) zone(n *yaml.Node, what string) *time.Location {
	s, ok := r.text(n, what)
	if !ok {
		return nil
	}
	zone, err := time.LoadLocation(s)
	if err != nil || s == "Local" {
		r.fail(n, "%s %q is not a time zone of the IANA database", what, s).Advice = "write a name such as America/New_York, Europe/Berlin or UTC"
		return nil
	}
	return zone
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
			if s, ok := r.text(v, "auth "+key); ok {
				ref, err := ParseReference(s, filepath.Dir(r.file), r.options)
				if err != nil {
					r.wrap(v, "auth "+key, err)
					return
				}
				put(&k.Auth, key, ref)
			}
		})
	}
	if v, ok := f["settings"]; ok {
		r.pairs(v, "settings", func(key string, _, v *yaml.Node) {
			if s, ok := r.text(v, "setting "+key); ok {
				if strings.Contains(s, "${") {
					r.fail(v, "setting %s refers to a secret; secrets belong under auth", key)
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
	switch w := nearest(k.Probe, []string{FileProbe}); {
	case k.Probe != FileProbe && w != "":
		r.fail(v, "unknown probe %q%s", k.Probe, meant(k.Probe, []string{FileProbe}))
	case k.Probe != FileProbe:
		e := r.fail(v, "probe %q: %v", k.Probe, ErrNotSupported)
		e.Cause = ErrNotSupported
		e.Advice = fmt.Sprintf("export the records of %s and list the files under files", about)
	case blank(f["files"]) && blank(f["complete"]):
		r.fail(n, "%s has no files to read", about).Advice = "list its export files under files, by record type"
	}
	return k
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

// byType takes a mapping of record types apart, of those that the role has.
func (r *reader) byType(n *yaml.Node, what string, role record.Role, each func(record.Type, *yaml.Node)) {
	var known, own []string
	for _, role := range []record.Role{record.Platform, record.Integration, record.ERP} {
		for _, t := range record.Types(role) {
			known = append(known, t.String())
		}
	}
	for _, t := range record.Types(role) {
		own = append(own, t.String())
	}
	r.pairs(n, what, func(key string, k, v *yaml.Node) {
		t, ok := record.ParseType(key)
		switch {
		case !ok || t.String() != key:
			r.fail(k, "unknown record type %q in %s%s", key, what, meant(key, known))
		case role != record.NoRole && !slices.Contains(record.Types(role), t):
			r.fail(k, "%s are not records of the role %s; it has %s", t, role, strings.Join(own, ", "))
		default:
			each(t, v)
		}
	})
}

// files reads a path, an entry, or a list of them.
func (r *reader) files(t record.Type, n *yaml.Node) []File {
	if null(n) {
		r.fail(n, "%s has no value", t)
		return nil
	}
	if n.Kind == yaml.SequenceNode && blank(n) {
		r.fail(n, "%s lists no file", t)
	}
	var files []File
	if n.Kind == yaml.MappingNode {
		return r.entry(t, n)
	}
	r.list(n, t.String(), func(n *yaml.Node) {
		if n.Kind == yaml.MappingNode {
			files = append(files, r.entry(t, n)...)
		} else if p, ok := r.path(n); ok {
			files = append(files, File{Path: p})
		}
	})
	return files
}

func (r *reader) path(n *yaml.Node) (string, bool) {
	s, ok := r.line(n, "a path")
	if !ok {
		return "", false
	}
	if _, err := path.Match(filepath.ToSlash(s), ""); err != nil {
		r.fail(n, "path %q is not a pattern that can be understood: a bracket is not closed", s)
		return "", false
	}
	return s, true
}

// entry reads the long form: one File for every path in it.
func (r *reader) entry(t record.Type, n *yaml.Node) []File {
	f := r.mapping(n, t.String(), "path", "columns", "values", "sign", "sheet", "encoding", "delimiter", "header_row", "decimal", "dates")
	var file File
	allowed := Columns(t)
	if v, ok := f["columns"]; ok {
		r.pairs(v, "columns", func(key string, k, v *yaml.Node) {
			if !slices.Contains(allowed, key) {
				r.fail(k, "%s has no column %q%s", t, key, meant(key, allowed)).Advice = "on the left stands the column as gcdiag names it, on the right the file's header"
				return
			}
			if v.Kind == yaml.ScalarNode && (null(v) || strings.TrimSpace(v.Value) == "") {
				put(&file.Columns, key, "")
			} else if s, ok := r.text(v, "column "+key); ok {
				put(&file.Columns, key, s)
			}
		})
	}
	if v, ok := f["values"]; ok {
		r.pairs(v, "values", func(key string, k, v *yaml.Node) {
			if !slices.Contains(allowed, key) {
				r.fail(k, "%s has no column %q%s", t, key, meant(key, allowed))
				return
			}
			if m := r.values(t, key, v); len(m) > 0 {
				put(&file.Values, key, m)
			}
		})
	}
	if v, ok := f["sign"]; ok {
		if file.Sign = r.word(v, "sign", "by_kind"); t != record.Postings && file.Sign != "" {
			r.fail(v, "sign is for postings only; %s have a sign rule of their own", t)
		}
	}
	if v, ok := f["sheet"]; ok {
		file.Sheet, _ = r.line(v, "sheet")
	}
	if v, ok := f["encoding"]; ok {
		file.Encoding = r.encoding(v)
	}
	if v, ok := f["delimiter"]; ok {
		file.Delimiter = r.delimiter(v)
	}
	if v, ok := f["header_row"]; ok {
		row, _ := r.number(v, "header_row", 1)
		file.HeaderRow = int(min(row, 1<<30))
	}
	if v, ok := f["decimal"]; ok {
		file.Decimal = r.word(v, "decimal", ".", ",")
	}
	if v, ok := f["dates"]; ok {
		file.Dates = r.word(v, "dates", "ymd", "dmy", "mdy")
	}
	v, ok := f["path"]
	if !ok {
		r.fail(n, "%s has no path", t)
		return nil
	}
	var files []File
	if blank(v) {
		r.fail(v, "path has no value")
	}
	r.list(v, "path", func(n *yaml.Node) {
		if p, ok := r.path(n); ok {
			file.Path = p
			files = append(files, file)
		}
	})
	return files
}

// values reads the words of one column and what they mean here.
func (r *reader) values(t record.Type, column string, n *yaml.Node) map[string]string {
	words := record.Vocabulary(t, column)
	if words == nil {
		words = yesNo(column)
	}
	m := map[string]string{}
	seen := map[string]int{}
	r.pairs(n, "values of "+column, func(theirs string, k, v *yaml.Node) {
		folded := strings.ToLower(strings.TrimSpace(theirs))
		switch first := seen[folded]; {
		case folded == "":
			r.fail(k, "an empty cell means not known and can't be mapped")
			return
		case first > 0:
			r.fail(k, "values of %s maps %q already, in line %d", column, theirs, first)
			return
		}
		seen[folded] = k.Line
		switch {
		case v.Kind != yaml.ScalarNode:
			r.fail(v, "what %q means must be a single word", theirs)
		case null(v) || strings.TrimSpace(v.Value) == "":
			m[theirs] = ""
		case words == nil:
			m[theirs] = v.Value
		default:
			if w := r.word(v, column, words...); w != "" {
				m[theirs] = w
			}
		}
	})
	return m
}

func (r *reader) encoding(n *yaml.Node) string {
	s, ok := r.line(n, "encoding")
	if !ok {
		return ""
	}
	s = strings.ToLower(strings.TrimSpace(s))
	if _, err := htmlindex.Get(s); err != nil {
		usual := []string{"utf-8", "utf-16", "utf-16le", "utf-16be", "windows-1252", "iso-8859-1"}
		r.fail(n, "encoding %q is not known%s", s, meant(s, usual)).Advice = "usual ones are " + strings.Join(usual, ", ")
	}
	return s
}

func (r *reader) delimiter(n *yaml.Node) rune {
	if n.Kind == yaml.ScalarNode && n.Value == "\t" {
		return '\t'
	}
	s, ok := r.text(n, "delimiter")
	if !ok {
		return 0
	}
	switch record.Fold(s) {
	case "comma":
		return ','
	case "semicolon":
		return ';'
	case "tab", `\t`:
		return '\t'
	case "bar", "pipe":
		return '|'
	}
	if d, size := utf8.DecodeRuneInString(s); size == len(s) && strings.ContainsRune(",;|", d) {
		return d
	}
	r.fail(n, "delimiter %q is not one of comma, semicolon, tab, bar", s)
	return 0
}

func (r *reader) statement(t record.Type, n *yaml.Node, zone *time.Location) (Statement, bool) {
	if n.Kind == yaml.ScalarNode {
		switch record.Fold(n.Value) {
		case "true", "yes":
			return Statement{Complete: true}, true
		case "false", "no":
			return Statement{Partial: true}, true
		}
	}
	if n.Kind != yaml.MappingNode {
		r.fail(n, "complete %s must be true, false, or {from:, to:, cap:, why:}", t)
		return Statement{}, false
	}
	f := r.mapping(n, "complete "+t.String(), "from", "to", "cap", "why")
	var s Statement
	if v, ok := f["from"]; ok {
		s.Covers.Since = r.time(v, "from", zone)
		s.Complete = true
	}
	if v, ok := f["to"]; ok {
		s.Covers.Until = r.time(v, "to", zone)
		s.Complete = true
		if !s.Covers.Until.IsZero() && !s.Covers.Until.After(s.Covers.Since) {
			r.fail(v, "to must be later than from")
		}
	}
	if v, ok := f["cap"]; ok {
		n, _ := r.number(v, "cap", 1)
		s.Cap = int(n)
	}
	if v, ok := f["why"]; ok {
		s.Why, _ = r.line(v, "why")
	}
	if s.Partial = !s.Complete && f["cap"] == nil; s.Partial && s.Why == "" {
		r.fail(n, "complete %s says nothing", t)
	}
	return s, true
}
