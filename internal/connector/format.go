package connector

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"time"

	"gopkg.in/yaml.v3"

	"gcdiag/internal/record"
)

// Format is a configuration as the commented text of a connectors.yaml, from
// which Parse makes the same configuration again. It is an error where that is
// impossible: Parse would refuse it, or it holds a literal secret. The probes are
// those of the vendors' packs.
func Format(c *Config, probes ...Probe) ([]byte, error) {
	for _, k := range c.Connectors {
		for key, ref := range k.Auth {
			if ref.Literal() {
				return nil, fmt.Errorf("writing the configuration: auth %q of %q: %w", key, k.Name, ErrLiteralSecret)
			}
		}
	}
	text, err := encode(c)
	if err != nil {
		return nil, fmt.Errorf("writing the configuration: %w", err)
	}
	again, err := Parse(c.Name, text, Options{Probes: probes})
	if err != nil {
		return nil, fmt.Errorf("writing the configuration: %w", err)
	}
	if same, err := encode(again); err != nil || !bytes.Equal(same, text) {
		return nil, errors.New("writing the configuration: it would not load again as it is")
	}
	return text, nil
}

func encode(c *Config) ([]byte, error) {
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(tree(c)); err != nil {
		return nil, err
	}
	return b.Bytes(), e.Close()
}

func tree(c *Config) *yaml.Node {
	root := mapping()
	root.HeadComment = "Where gcdiag finds the records of the three systems, and what counts.\nSecrets never stand here: write ${env:NAME}, ${file:PATH}, ${keychain:NAME} or ${cmd:COMMAND}."
	root.put("version", number(Version), "")

	zone := c.Zone
	if zone == nil {
		zone = time.UTC
	}
	window := flow(mapping())
	if !c.Window.Since.IsZero() {
		window.put("since", moment(c.Window.Since, zone), "")
	}
	if !c.Window.Until.IsZero() {
		window.put("until", moment(c.Window.Until, zone), "")
	}
	if c.Window.Since.IsZero() {
		window.put("last", span(c.Window.Last), "")
	}
	root.put("window", window, "since and until are dates or RFC 3339 times, until is excluded; or {last: 30d}, up to as_of")
	if !c.AsOf.IsZero() {
		root.put("as_of", moment(c.AsOf, zone), "now, for lag and ageing; without it: the newest time in the files")
	}
	root.put("timezone", text(zone.String()), "the shop's and the ERP's calendar; a connector may have its own")

	ledger := mapping()
	if len(c.Liability) > 0 {
		ledger.put("liability_accounts", flow(texts(c.Liability)), "the gift card liability, as the ERP writes it")
	}
	if c.Currency.Known() {
		ledger.put("currency", text(c.Currency.String()), "of records that carry none")
	}
	if len(ledger.Content) > 0 {
		root.put("ledger", ledger, "")
	}

	p := c.Policy
	policy := mapping()
	policy.put("grace", span(p.Grace), "younger than this and not yet arrived is in flight, not missing")
	policy.put("basis", either(p.PricePaid, "price_paid", "face_value"), "what a load owes: face_value or price_paid")
	policy.put("promotional", either(p.Promotional, "include", "exclude"), "promotional cards as liability: include or exclude")
	policy.put("loyalty", either(p.Loyalty, "include", "exclude"), "points accounts: include or exclude")
	policy.put("points_per_unit", number(p.PointsPerUnit), "points per unit of the currency")
	policy.put("tolerance", number(int64(p.Tolerance)), "minor units per event")
	root.put("policy", policy, "")

	list := &node{Kind: yaml.SequenceNode}
	for _, k := range c.Connectors {
		list.Content = append(list.Content, connectorNode(k, c.ZoneOf(k)).yaml())
	}
	root.put("connectors", list, "")
	return root.yaml()
}

func connectorNode(k Connector, zone *time.Location) *node {
	m := mapping()
	m.put("role", text(k.Role.String()), "")
	m.put("name", text(k.Name), "")
	m.put("probe", text(k.Probe), "")
	if k.URL != "" {
		m.put("url", text(k.URL), "")
	}
	if k.Zone != nil {
		m.put("timezone", text(k.Zone.String()), "")
	}
	if len(k.Auth) > 0 {
		auth := mapping()
		for _, key := range slices.Sorted(maps.Keys(k.Auth)) {
			ref := k.Auth[key]
			auth.put(key, text("${"+ref.scheme+":"+ref.name+"}"), "")
		}
		m.put("auth", auth, "")
	}
	if len(k.Settings) > 0 {
		m.put("settings", wordMap(k.Settings), "")
	}
	if len(k.Feeds) > 0 {
		feeds := &node{Kind: yaml.SequenceNode}
		for _, f := range k.Feeds {
			feed := flow(mapping())
			if f.Kind != record.NoKind {
				feed.put("kind", text(f.Kind.String()), "")
			}
			if f.Origin != "" {
				feed.put("origin", text(f.Origin), "")
			}
			feed.put("via", text(f.Via.String()), "")
			feeds.Content = append(feeds.Content, feed.yaml())
		}
		m.put("feeds", feeds, "how each kind leaves the platform: webhook, api, batch, report, manual or none")
	}
	if len(k.Files) > 0 {
		files := mapping()
		for _, t := range slices.Sorted(maps.Keys(k.Files)) {
			files.put(t.String(), filesNode(k.Files[t]), "")
		}
		m.put("files", files, "paths start from this file's folder and may be globs")
	}
	if len(k.Complete) > 0 {
		complete := mapping()
		for _, t := range slices.Sorted(maps.Keys(k.Complete)) {
			complete.put(t.String(), statementNode(k.Complete[t], zone), "")
		}
		m.put("complete", complete, "what is known of the exports: true, false or {from:, to:, cap:, why:}")
	}
	if len(k.Entities) > 0 {
		m.put("entities", flow(texts(k.Entities)), "the companies whose books this ledger holds")
	}
	return m
}

func filesNode(files []File) *node {
	if len(files) == 1 {
		return fileNode(files[0])
	}
	list := &node{Kind: yaml.SequenceNode}
	for _, f := range files {
		list.Content = append(list.Content, fileNode(f).yaml())
	}
	return list
}

func fileNode(f File) *node {
	m := mapping()
	m.put("path", text(f.Path), "")
	if len(f.Columns) > 0 {
		m.put("columns", wordMap(f.Columns), "")
	}
	if len(f.Values) > 0 {
		values := mapping()
		for _, column := range slices.Sorted(maps.Keys(f.Values)) {
			values.put(column, wordMap(f.Values[column]), "")
		}
		m.put("values", values, "")
	}
	for _, option := range []struct{ key, value string }{
		{"sign", f.Sign}, {"sheet", f.Sheet}, {"encoding", f.Encoding}, {"decimal", f.Decimal}, {"dates", f.Dates},
	} {
		if option.value != "" {
			m.put(option.key, text(option.value), "")
		}
	}
	if f.Delimiter != 0 {
		m.put("delimiter", text(string(f.Delimiter)), "")
	}
	if f.HeaderRow != 0 {
		m.put("header_row", number(int64(f.HeaderRow)), "")
	}
	if len(m.Content) == 2 { // the path alone
		return text(f.Path)
	}
	return m
}

func statementNode(s Statement, zone *time.Location) *node {
	covers := s.Covers != record.Window{}
	switch {
	case s.Complete && !covers && s.Cap == 0 && s.Why == "":
		return &node{Kind: yaml.ScalarNode, Value: "true"}
	case s.Partial && s.Why == "":
		return &node{Kind: yaml.ScalarNode, Value: "false"}
	}
	m := flow(mapping())
	if !s.Covers.Since.IsZero() {
		m.put("from", moment(s.Covers.Since, zone), "")
	}
	if !s.Covers.Until.IsZero() {
		m.put("to", moment(s.Covers.Until, zone), "")
	}
	if s.Cap != 0 {
		m.put("cap", number(int64(s.Cap)), "")
	}
	if s.Why != "" {
		m.put("why", text(s.Why), "")
	}
	return m
}

// node is a YAML node under construction.
type node yaml.Node

func (n *node) yaml() *yaml.Node { return (*yaml.Node)(n) }

func mapping() *node { return &node{Kind: yaml.MappingNode} }

func flow(n *node) *node {
	n.Style = yaml.FlowStyle
	return n
}

// put adds a key; the comment stands beside a value on one line and above one
// that takes several.
func (n *node) put(key string, value *node, comment string) {
	k := text(key)
	if value.Kind == yaml.ScalarNode || value.Style == yaml.FlowStyle {
		value.LineComment = comment
	} else {
		k.HeadComment = comment
	}
	n.Content = append(n.Content, k.yaml(), value.yaml())
}

var plain = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_./-]*( [A-Za-z0-9_./-]+)*$`)

// text is a string that reads back as it is, whatever it holds.
func text(s string) *node {
	n := &node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s}
	if !plain.MatchString(s) {
		n.Style = yaml.DoubleQuotedStyle
	}
	return n
}

func texts(list []string) *node {
	n := &node{Kind: yaml.SequenceNode}
	for _, s := range list {
		n.Content = append(n.Content, text(s).yaml())
	}
	return n
}

func wordMap(m map[string]string) *node {
	n := mapping()
	for _, key := range slices.Sorted(maps.Keys(m)) {
		n.put(key, text(m[key]), "")
	}
	return n
}

func number(v int64) *node {
	return &node{Kind: yaml.ScalarNode, Value: strconv.FormatInt(v, 10)}
}

func either(yes bool, if_, else_ string) *node {
	if yes {
		return text(if_)
	}
	return text(else_)
}

// moment is a date where it is the zone's midnight, else an RFC 3339 time.
func moment(t time.Time, zone *time.Location) *node {
	t = t.In(zone)
	s := t.Format(time.RFC3339Nano)
	if midnight(t.Year(), t.Month(), t.Day(), zone).Equal(t) {
		s = t.Format(time.DateOnly)
	}
	return &node{Kind: yaml.ScalarNode, Value: s}
}

// span is a length of time in days where it is whole days of at least two.
func span(d time.Duration) *node {
	const day = 24 * time.Hour
	s := d.String()
	switch {
	case d%day == 0 && d >= 2*day:
		s = fmt.Sprintf("%dd", d/day)
	case d%time.Hour == 0:
		s = fmt.Sprintf("%dh", d/time.Hour)
	case d%time.Minute == 0:
		s = fmt.Sprintf("%dmin", d/time.Minute)
	}
	return &node{Kind: yaml.ScalarNode, Value: s}
}
