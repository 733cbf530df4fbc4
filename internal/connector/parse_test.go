package connector

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"gcdiag/internal/money"
	"gcdiag/internal/record"
)

const whole = `
version: 1
window: {since: 2026-10-01, until: 2026-11-01}
as_of: 2026-11-01T06:00:00Z
timezone: America/New_York
ledger:
  liability_accounts: ["2400", 0099]
  currency: USD
policy:
  grace: 2d
  basis: price_paid
  promotional: include
  loyalty: exclude
  points_per_unit: 50
  tolerance: 0
connectors:
  - role: platform
    name: Acme store
    probe: file
    url: https://acme.example.com
    timezone: Europe/Berlin
    auth: {token: "${env:SHOP_TOKEN}", other: "${cmd:op read op://x/y}"}
    settings: {page: 250}
    feeds:
      - {kind: load, origin: manual, via: none}
      - {kind: refund to card, via: webhook}
    files:
      movements: [a.csv, "b-*.csv"]
      cards: {path: [c.csv, d.csv], sheet: Cards}
      orders:
        - {path: e.csv, dates: dmy}
        - f.csv
  - role: erp
    name: Books
    probe: file
    files:
      postings: {path: erp.csv, columns: {ref: "External ID", amount: Credit, card: ""}, values: {kind: {GiftCertSale: load, Junk: ""}, status: {P: posted}},
        sign: by_kind, encoding: UTF-16LE, delimiter: tab, header_row: 3, decimal: ",", dates: mdy}
      rules: rules.csv
    complete:
      postings: {from: 2026-10-01, to: 2026-11-02, cap: 1000, why: capped by the export}
      rules: true
      exceptions: false
    entities: [Main]
`

func TestParse(t *testing.T) {
	ny, berlin := zone(t, "America/New_York"), zone(t, "Europe/Berlin")
	c := parse(t, whole)
	want := &Config{
		Name:      "dir/connectors.yaml",
		Window:    Window{Since: time.Date(2026, 10, 1, 0, 0, 0, 0, ny), Until: time.Date(2026, 11, 1, 0, 0, 0, 0, ny)},
		AsOf:      time.Date(2026, 11, 1, 6, 0, 0, 0, time.UTC).In(ny),
		Zone:      ny,
		Liability: []string{"2400", "0099"},
		Currency:  money.MustCurrency("USD"),
		Policy:    Policy{Grace: 48 * time.Hour, PricePaid: true, Promotional: true, PointsPerUnit: 50},
		Connectors: []Connector{{
			Role: record.Platform, Name: "Acme store", Probe: "file", URL: "https://acme.example.com", Zone: berlin,
			Auth:     map[string]Reference{"token": {scheme: "env", name: "SHOP_TOKEN", base: "dir"}, "other": {scheme: "cmd", name: "op read op://x/y", base: "dir"}},
			Settings: map[string]string{"page": "250"},
			Feeds:    []Feed{{record.Load, "manual", record.ViaNone}, {record.RefundToCard, "", record.ViaWebhook}},
			Files: map[record.Type][]File{
				record.Movements: {{Path: "a.csv"}, {Path: "b-*.csv"}},
				record.Cards:     {{Path: "c.csv", Sheet: "Cards"}, {Path: "d.csv", Sheet: "Cards"}},
				record.Orders:    {{Path: "e.csv", Dates: "dmy"}, {Path: "f.csv"}},
			},
		}, {
			Role: record.ERP, Name: "Books", Probe: "file",
			Files: map[record.Type][]File{
				record.Postings: {{
					Path: "erp.csv", Columns: map[string]string{"ref": "External ID", "amount": "Credit", "card": ""},
					Values: map[string]map[string]string{"kind": {"GiftCertSale": "load", "Junk": ""}, "status": {"P": "posted"}},
					Sign:   "by_kind", Encoding: "utf-16le", Delimiter: '\t', HeaderRow: 3, Decimal: ",", Dates: "mdy",
				}},
				record.Rules: {{Path: "rules.csv"}},
			},
			Complete: map[record.Type]Statement{
				record.Postings: {Complete: true, Cap: 1000, Why: "capped by the export",
					Covers: record.Window{Since: time.Date(2026, 10, 1, 0, 0, 0, 0, ny), Until: time.Date(2026, 11, 2, 0, 0, 0, 0, ny)}},
				record.Rules:      {Complete: true},
				record.Exceptions: {Partial: true},
			},
			Entities: []string{"Main"},
		}},
	}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got  %+v\nwant %+v", c, want)
	}
	if got := c.Resolve("erp.csv"); got != filepath.Join("dir", "erp.csv") {
		t.Errorf("relative path resolves to %q", got)
	}
	if c.ZoneOf(c.Connectors[0]) != c.Connectors[0].Zone || c.ZoneOf(c.Connectors[1]) != c.Zone {
		t.Error("a connector's calendar is its own, else the configuration's")
	}
}

const least = "version: 1\nconnectors:\n- {role: platform, name: A, probe: file, files: {movements: m.csv}}\n"

func TestDefaults(t *testing.T) {
	c := parse(t, least)
	if c.Zone != time.UTC || !c.AsOf.IsZero() || c.Policy != DefaultPolicy() || c.Window != (Window{Last: 30 * 24 * time.Hour}) {
		t.Errorf("defaults %+v", c)
	}
	if p := DefaultPolicy(); p.Grace != 24*time.Hour || p.PricePaid || p.Promotional || !p.Loyalty || p.PointsPerUnit != 100 || p.Tolerance != 1 {
		t.Errorf("policy %+v", p)
	}
}

func TestSectionsLeftEmpty(t *testing.T) {
	c := parse(t, "version: 1\nwindow:\npolicy:\nledger:\nconnectors:\n- role: integration\n  name: I\n  probe: file\n  auth:\n  settings:\n  feeds:\n  files:\n  complete: {deliveries: true}\n")
	if c.Policy != DefaultPolicy() || c.Window.Last != DefaultLast || !c.Connectors[0].Complete[record.Deliveries].Complete {
		t.Errorf("%+v", c)
	}
}

func TestAliases(t *testing.T) {
	c := parse(t, "version: 1\nconnectors:\n- {role: platform, name: A, probe: file, files: {movements: &m {path: a.csv, dates: dmy}, orders: *m}}\n")
	if got := c.Connectors[0].Files[record.Orders]; len(got) != 1 || got[0].Dates != "dmy" {
		t.Errorf("%+v", got)
	}
}

// In every story § stands where a mistake must be reported, ¶ at the start of a
// line of which no column is known; beside it is what each mistake must mention.
func TestMistakes(t *testing.T) {
	conn := func(s string) string {
		return "version: 1\nconnectors:\n- {role: platform, name: A, probe: file, " + s + "}\n"
	}
	movements := func(s string) string { return conn("files: {movements: {path: m.csv, " + s + "}}") }
	erp := func(s string) string {
		return "version: 1\nledger: {liability_accounts: [1]}\nconnectors:\n- {role: erp, name: E, probe: file, " + s + "}\n"
	}
	for _, c := range []struct {
		story, text string
		mention     []string
	}{
		{"broken YAML", "¶version: 1\nwindow: {last: 30d\n", []string{"YAML"}},
		{"tab", "version: 1\n¶\tpolicy: {}\n", []string{"YAML"}},
		{"a list", "§- a\n", []string{"mapping"}},
		{"a number", "§7", []string{"mapping"}},
		{"two documents", least + "§---\nversion: 1\n", []string{"second document"}},
		{"unknown key", "§polcy: {}\n" + least, []string{`"policy"`}},
		{"unknown key without a neighbour", "§zebra: {}\n" + least, []string{"zebra"}},
		{"repeated key", least + "§version: 1\n", []string{"line 1"}},
		{"merge key", "§<<: {version: 1}\n" + least, []string{"<<"}},
		{"list as key", "? §[a]\n: 1\n" + least, []string{"key"}},
		{"no version", "§" + strings.TrimPrefix(least, "version: 1\n"), []string{"version"}},
		{"another version", strings.Replace(least, "1", "§2", 1), []string{`"2"`}},
		{"no connectors", "§version: 1\n", []string{"no connector"}},
		{"empty connectors", "version: 1\nconnectors: §[]\n", []string{"no connector"}},
		{"text as connectors", "version: 1\nconnectors: §a\n", []string{"list"}},
		{"null connector", "version: 1\nconnectors: [§~]\n", []string{"mapping"}},
		{"zone", "timezone: §Mars\n" + least, []string{"Mars"}},
		{"local zone", "timezone: §Local\n" + least, []string{"Local"}},
		{"since without a day", "window: {since: §2026-10}\n" + least, []string{"2026-10"}},
		{"local since", "window: {since: §2026-10-01T00:00}\n" + least, []string{"RFC 3339"}},
		{"since long ago", "window: {since: §0026-10-01}\n" + least, []string{"1970"}},
		{"until before since", "window: {since: 2026-10-01, until: §2026-10-01}\n" + least, []string{"until"}},
		{"last and since", "window: {since: 2026-10-01, last: §3d}\n" + least, []string{"since"}},
		{"minutes or months", "window: {last: §30m}\n" + least, []string{"30m"}},
		{"no unit", "window: {last: §30}\n" + least, []string{"unit"}},
		{"no time at all", "window: {last: §0d}\n" + least, []string{"last"}},
		{"endless", "window: {last: §99999999w}\n" + least, []string{"hundred years"}},
		{"as_of", "as_of: §yesterday\n" + least, []string{"yesterday"}},
		{"currency", "ledger: {currency: §DOLLAR}\n" + least, []string{"DOLLAR"}},
		{"policy words", "policy: {basis: §face, promotional: §included, loyalty: §1, grace: §-1h, points_per_unit: §0, tolerance: §1%}\n" + least,
			[]string{"face_value", `"include"`, "exclude", "-1h", "points_per_unit", "tolerance"}},
		{"ERP without liability account", "§version: 1\nconnectors:\n- {role: erp, name: E, probe: file, files: {postings: p.csv}}\n", []string{"liability_accounts"}},
		{"ERP with an empty list of accounts", "version: 1\nledger: §{liability_accounts: []}\nconnectors:\n- {role: erp, name: E, probe: file, files: {postings: p.csv}}\n", []string{"liability_accounts"}},
		{"role", "version: 1\nconnectors:\n- {role: §platfrom, name: A, probe: file, files: {movements: m.csv}}\n", []string{`"platform"`}},
		{"nothing given", "version: 1\nconnectors:\n- §{}\n", []string{"role", "name", "probe"}},
		{"same name", least + "- {role: integration, name: §a, probe: file, files: {deliveries: d.csv}}\n", []string{"line 3"}},
		{"control characters in a name", "version: 1\nconnectors:\n- {role: platform, name: §\"A\\e[31m\", probe: file, files: {movements: m.csv}}\n", []string{"control"}},
		{"probe misspelt", "version: 1\nconnectors:\n- {role: platform, name: A, probe: §fiel, files: {movements: m.csv}}\n", []string{`"file"`}},
		{"live probe", "version: 1\nconnectors:\n- {role: platform, name: A, probe: §shopify}\n", []string{"unknown probe"}},
		{"database", "version: 1\nconnectors:\n- {role: platform, name: A, probe: §sql}\n", []string{"not supported"}},
		{"file probe without files", "version: 1\nconnectors:\n- §{role: platform, name: A, probe: file}\n", []string{"files"}},
		{"unknown record type", conn("files: {§movments: m.csv}"), []string{`"movements"`}},
		{"record of another role", conn("files: {§postings: m.csv}"), []string{"movements, cards, orders, subscriptions"}},
		{"no path", conn("files: {movements: §{dates: ymd}}"), []string{"path"}},
		{"null path", conn("files: {movements: §~}"), []string{"movements"}},
		{"empty list of paths", conn("files: {movements: §[]}"), []string{"no file"}},
		{"open bracket", conn(`files: {movements: §"m[.csv"}`), []string{"bracket"}},
		{"unknown option", movements("§collumns: {}"), []string{`"columns"`}},
		{"unknown column", movements("columns: {§ammount: Sum}, values: {§knd: {a: load}}"), []string{`"amount"`, `"kind"`}},
		{"word outside the vocabulary", movements("values: {kind: {Sale: §loads, X: §other}, test: {T: §perhaps}}"), []string{`"load"`, "other", "perhaps"}},
		{"one word twice", movements("values: {kind: {Sale: load, §SALE: redemption}}"), []string{"line 3"}},
		{"empty cell", movements(`values: {kind: {§"": load}}`), []string{"empty"}},
		{"sign of movements", movements("sign: §by_kind"), []string{"postings"}},
		{"reading options", erp(`files: {postings: {path: p, sign: §x, encoding: §utf_9, delimiter: §":", header_row: §0, decimal: §";", dates: §dym}}`),
			[]string{"by_kind", `"utf-8"`, "semicolon", "header_row", "decimal", "dmy"}},
		{"complete", erp(`files: {postings: p}, complete: {postings: §maybe, rules: {from: 2026-10-02, to: §2026-10-01}, exceptions: §{}}`),
			[]string{"true, false", "later", "nothing"}},
		{"feeds", conn("files: {movements: m}, feeds: [{kind: §lod, via: §hook}, §{kind: load}, {kind: load, via: webhook}, §{kind: load, via: api}, §7]"),
			[]string{`"load"`, "webhook", "via", "same kind", "mapping"}},
		{"feeds of an ERP", erp("files: {postings: p}, feeds: §[{kind: load, via: api}]"), []string{"platform"}},
		{"entities of a platform", conn("files: {movements: m}, entities: §[Main]"), []string{"erp"}},
		{"url", conn(`files: {movements: m}, url: §"ftp://x"`), []string{"address"}},
		{"secret in a setting", conn(`files: {movements: m}, settings: {token: §"${env:X}"}`), []string{"auth"}},
		{"list as setting", conn(`files: {movements: m}, settings: {x: §[1]}`), []string{"single value"}},
		{"several at once", "§windw: 1\npolicy: {grace: §soon}\n" + conn("files: {§moves: m.csv}"), []string{"window", "soon", "moves"}},
	} {
		text, places := marks(c.text)
		_, err := Parse("connectors.yaml", []byte(text), Options{})
		if err == nil {
			t.Errorf("%s: no error", c.story)
			continue
		}
		got := mistakes(t, err)
		if len(got) != len(c.mention) {
			t.Errorf("%s: %d mistakes, want %d:\n%v", c.story, len(got), len(c.mention), err)
			continue
		}
		for i, e := range got {
			place := places[min(i, len(places)-1)]
			if s := e.Error(); !strings.HasPrefix(s, place) || !strings.Contains(s, c.mention[i]) {
				t.Errorf("%s: got %q, want it to begin with %q and mention %q", c.story, s, place, c.mention[i])
			}
		}
	}
}

// marks takes the marks out of a story and says where they stood.
func marks(story string) (text string, places []string) {
	line, column := 1, 0
	var b strings.Builder
	for _, c := range story {
		column++
		switch c {
		case '§':
			places = append(places, fmt.Sprintf("connectors.yaml: line %d: column %d: ", line, column))
			column--
			continue
		case '¶':
			places = append(places, fmt.Sprintf("connectors.yaml: line %d: ", line))
			column--
			continue
		case '\n':
			line, column = line+1, 0
		}
		b.WriteRune(c)
	}
	return b.String(), places
}

func TestAliasesWithoutEnd(t *testing.T) {
	paths := "x: &p [" + strings.Repeat("a,", 20_000) + "]\n"
	text := paths + "version: 1\nconnectors:\n- {role: platform, name: A, probe: file, files: {movements: [" + strings.Repeat("{path: *p},", 20_000) + "]}}\n"
	if _, err := Parse("connectors.yaml", []byte(text), Options{}); err == nil || !strings.Contains(err.Error(), "aliases") {
		t.Errorf("%.200v", err)
	}
}

func TestNothingInTheFile(t *testing.T) {
	for _, text := range []string{"", "# nothing\n", "---\n", "~"} {
		if _, err := Parse("connectors.yaml", []byte(text), Options{}); err == nil {
			t.Errorf("%q is no configuration", text)
		}
	}
}

func TestMistakesAreTyped(t *testing.T) {
	_, err := Parse("connectors.yaml", []byte("version: 1\nconnectors:\n- {role: platform, name: A, probe: sql, auth: {token: hush}}\n"), Options{})
	var e *Error
	if !errors.As(err, &e) || !errors.Is(err, ErrNotSupported) || !errors.Is(err, ErrLiteralSecret) {
		t.Fatalf("error %v", err)
	}
	for _, e := range mistakes(t, err) {
		if e.Hint() == "" {
			t.Errorf("no hint for %v", e)
		}
	}
}

func TestLiteralSecrets(t *testing.T) {
	text := strings.Replace(least, "probe: file", "probe: file, auth: {token: sk_hush, pass: \"x${env:A}hush\", c: \"${cmdd:hush}\", d: \"\"}", 1)
	_, err := Parse("connectors.yaml", []byte(text), Options{})
	if err == nil || strings.Contains(err.Error(), "hush") {
		t.Fatalf("error %v", err)
	}
	if got := mistakes(t, err); len(got) != 4 {
		t.Errorf("%d mistakes: %v", len(got), err)
	}
	_, err = Parse("connectors.yaml", []byte(strings.Replace(least, "probe: file", "probe: file, url: \"https://me:hush@x.example\"", 1)), Options{})
	if err == nil || strings.Contains(err.Error(), "hush") {
		t.Fatalf("error %v", err)
	}
	c, err := Parse("connectors.yaml", []byte(strings.Replace(least, "probe: file", "probe: file, auth: {token: sk_hush}", 1)), Options{AllowLiteralSecrets: true})
	if err != nil {
		t.Fatal(err)
	}
	ref := c.Connectors[0].Auth["token"]
	if s, err := ref.Resolve(t.Context(), Options{}); err != nil || s.Reveal() != "sk_hush" {
		t.Errorf("resolved %v, %v", s, err)
	}
	if s := fmt.Sprintf("%v %+v %#v %s %q %d", c, c, c, ref, ref, ref); strings.Contains(s, "hush") {
		t.Errorf("printing a configuration shows a secret: %s", s)
	}
	if _, err := Format(c); !errors.Is(err, ErrLiteralSecret) {
		t.Errorf("a literal secret must not be written: %v", err)
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "connectors.yaml")
	if err := os.WriteFile(name, []byte(least), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(name, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Resolve("m.csv"); got != filepath.Join(dir, "m.csv") {
		t.Errorf("resolves to %q", got)
	}
	if _, err := Load(filepath.Join(dir, "none.yaml"), Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
	if _, err := Load(dir, Options{}); err == nil {
		t.Error("a folder is no configuration")
	}
	if err := os.WriteFile(name, []byte(strings.Repeat("# export\n", 1<<18)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(name, Options{}); err == nil || !strings.Contains(err.Error(), "1 MiB") {
		t.Errorf("huge file: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(whole))
	f.Add([]byte(least))
	f.Add([]byte("version: 1\nconnectors:\n- {role: platform, name: 0, probe: file, files}"))
	f.Add([]byte("a: &a [*a, *a]\nversion: *a\nconnectors: *a"))
	f.Add([]byte("version: 1\nconnectors: &c\n- &d {role: erp, files: {postings: *c, rules: {path: *d}}}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Parse("connectors.yaml", data, Options{})
		if err != nil {
			for _, e := range mistakes(t, err) {
				if strings.ContainsAny(e.Error(), "\x1b\x00\x07") {
					t.Errorf("control characters in %q", e.Error())
				}
			}
			return
		}
		text, err := Format(c)
		if err != nil {
			t.Fatalf("what loads must write: %v", err)
		}
		again, err := Parse("connectors.yaml", text, Options{})
		if err != nil || !reflect.DeepEqual(again, c) {
			t.Errorf("loads again as %+v, %v\nfrom %s\nwas %+v", again, err, text, c)
		}
	})
}

func parse(t *testing.T, text string) *Config {
	t.Helper()
	c, err := Parse("dir/connectors.yaml", []byte(text), Options{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func mistakes(t *testing.T, err error) []*Error {
	t.Helper()
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		t.Fatalf("not a joined error: %v", err)
	}
	var list []*Error
	for _, e := range joined.Unwrap() {
		var one *Error
		if !errors.As(e, &one) {
			t.Fatalf("not an *Error: %v", e)
		}
		list = append(list, one)
	}
	return list
}
