package connector

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gcdiag/internal/money"
	"gcdiag/internal/record"
)

func TestFormatLoadsAgain(t *testing.T) {
	for story, text := range map[string]string{"least": least, "whole": whole} {
		c := parse(t, text)
		out, err := Format(c)
		if err != nil {
			t.Fatalf("%s: %v", story, err)
		}
		if again := parse(t, string(out)); !reflect.DeepEqual(again, c) {
			t.Errorf("%s: loads again as %+v\nwas %+v\nfrom\n%s", story, again, c, out)
		}
		if !strings.Contains(string(out), "# ") {
			t.Errorf("%s: no comments in\n%s", story, out)
		}
	}
}

func TestFormatRefuses(t *testing.T) {
	for story, change := range map[string]func(*Config){
		"no connectors":   func(c *Config) { c.Connectors = nil },
		"odd grace":       func(c *Config) { c.Policy.Grace = time.Millisecond },
		"broken UTF-8":    func(c *Config) { c.Connectors[0].Name = "\xff" },
		"unknown zone":    func(c *Config) { c.Zone = time.FixedZone("X", 60) },
		"two of one name": func(c *Config) { c.Connectors = append(c.Connectors, c.Connectors[0]) },
		"empty statement": func(c *Config) { c.Connectors[0].Complete = map[record.Type]Statement{record.Cards: {}} },
	} {
		c := parse(t, least)
		change(c)
		if out, err := Format(c); err == nil {
			t.Errorf("%s: written as\n%s", story, out)
		}
	}
}

func TestAnyConfigLoadsAgain(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		c := anyConfig(rt)
		out, err := Format(c)
		if err != nil {
			rt.Fatalf("%v", err)
		}
		again, err := Parse(c.Name, out, Options{})
		if err != nil || !reflect.DeepEqual(again, c) {
			rt.Fatalf("loads again as %+v, %v\nwas %+v\nfrom\n%s", again, err, c, out)
		}
	})
}

// anyConfig draws a configuration that Parse could have made.
func anyConfig(t *rapid.T) *Config {
	word := rapid.OneOf(rapid.StringMatching(`[A-Za-z0-9][ -~]{0,12}[!-~]`), rapid.SampledFrom([]string{"null", "true", "~", "0099", "1e3", "- a", "# b", "a: b", "é€ü", "yes", "2026-10-01", "'", `"`, `\`, "a #b", "{}", "[]", "&a", "*a", "!t", "%", "@", "`", "…", "\u2028x"}))
	header := rapid.OneOf(word, rapid.SampledFrom([]string{"a\nb", "tab\there", " x ", "\x01", "trailing\n"}))
	some := func(label string) bool { return rapid.Bool().Draw(t, label) }
	zones := rapid.SampledFrom([]string{"UTC", "America/New_York", "Asia/Kathmandu"})
	zone := func() *time.Location {
		z, err := time.LoadLocation(zones.Draw(t, "zone"))
		if err != nil {
			t.Fatal(err)
		}
		return z
	}
	at := func(z *time.Location) time.Time {
		day := rapid.IntRange(0, 20000).Draw(t, "day")
		m := midnight(1990, 1, 1+day, z)
		if some("clock") {
			m = m.Add(time.Duration(rapid.Int64Range(0, int64(24*time.Hour)).Draw(t, "ns")))
		}
		return m.In(z)
	}
	span := func() time.Duration {
		return time.Duration(rapid.IntRange(1, 5000).Draw(t, "hours")) * time.Hour
	}
	c := &Config{Name: "dir/connectors.yaml", Zone: zone(), Window: Window{Last: span()}, Policy: DefaultPolicy(), Liability: rapid.SliceOfN(word, 1, 2).Draw(t, "accounts")}
	if some("window") {
		since := at(c.Zone)
		c.Window = Window{Since: since, Until: since.Add(span()).In(c.Zone)}
	}
	if some("as of") {
		c.AsOf = at(c.Zone)
	}
	if some("currency") {
		c.Currency = money.MustCurrency("JPY")
	}
	if some("policy") {
		c.Policy = Policy{span(), some("paid"), some("promotional"), some("loyalty"), rapid.Int64Range(1, 1<<40).Draw(t, "points"), money.Amount(rapid.Int64Range(0, 99).Draw(t, "tolerance"))}
	}
	names := rapid.SliceOfNDistinct(word, 1, 4, strings.ToLower).Draw(t, "names")
	for _, name := range names {
		k := Connector{Role: rapid.SampledFrom([]record.Role{record.Platform, record.Integration, record.ERP}).Draw(t, "role"), Name: strings.TrimSpace(name), Probe: "file"}
		z := c.Zone
		if some("own zone") {
			k.Zone = zone()
			z = k.Zone
		}
		if some("url") {
			k.URL = "https://shop.example.com/a?b=c"
		}
		if some("auth") {
			k.Auth = map[string]Reference{word.Draw(t, "key"): {scheme: rapid.SampledFrom(schemes).Draw(t, "scheme"), name: strings.TrimSpace(rapid.StringMatching(`[a-z"' :#]{0,8}x`).Draw(t, "secret")), base: "dir"}}
		}
		if some("settings") {
			k.Settings = map[string]string{word.Draw(t, "key"): strings.ReplaceAll(word.Draw(t, "setting"), "${", "")}
			for key, v := range k.Settings {
				if strings.TrimSpace(v) == "" {
					delete(k.Settings, key)
					k.Settings[key] = "x"
				}
			}
		}
		if k.Role == record.Platform && some("feeds") {
			k.Feeds = []Feed{{record.Load, word.Draw(t, "origin"), record.ViaManual}, {record.NoKind, "", record.ViaNone}}
		}
		if k.Role == record.ERP && some("entities") {
			k.Entities = rapid.SliceOfN(word, 1, 3).Draw(t, "entities")
		}
		types := record.Types(k.Role)
		file := func(of record.Type) File {
			f := File{Path: rapid.StringMatching(`[a-z .#*?]{0,8}x`).Draw(t, "path")}
			if some("columns") {
				f.Columns = map[string]string{"id": header.Draw(t, "header")}
				if strings.TrimSpace(f.Columns["id"]) == "" {
					f.Columns["id"] = ""
				}
			}
			if some("values") {
				f.Values = map[string]map[string]string{"id": {word.Draw(t, "theirs"): strings.TrimSpace(word.Draw(t, "ours"))}}
			}
			if some("kinds") && of == record.Postings {
				f.Values = map[string]map[string]string{"kind": {word.Draw(t, "theirs"): "load"}, "status": {word.Draw(t, "theirs"): ""}}
				f.Sign = "by_kind"
			}
			if some("options") {
				f.Sheet, f.Encoding, f.Delimiter, f.HeaderRow, f.Decimal, f.Dates = word.Draw(t, "sheet"), rapid.SampledFrom([]string{"utf-8", "utf-16le", "shift_jis"}).Draw(t, "encoding"), rapid.SampledFrom([]rune(",;\t|")).Draw(t, "delimiter"), rapid.IntRange(1, 99).Draw(t, "header row"), ",", "dmy"
			}
			return f
		}
		k.Files = map[record.Type][]File{}
		for _, rt := range rapid.SliceOfNDistinct(rapid.SampledFrom(types), 1, len(types), rapid.ID).Draw(t, "types") {
			for range rapid.IntRange(1, 3).Draw(t, "files") {
				k.Files[rt] = append(k.Files[rt], file(rt))
			}
		}
		if some("complete") {
			since := at(z)
			k.Complete = map[record.Type]Statement{types[0]: rapid.SampledFrom([]Statement{
				{Complete: true}, {Partial: true}, {Partial: true, Why: "a part"}, {Cap: 1000, Why: "capped"},
				{Complete: true, Covers: record.Window{Since: since}},
				{Complete: true, Covers: record.Window{Since: since, Until: since.Add(time.Hour).In(z)}, Cap: 7, Why: "x: y"},
			}).Draw(t, "statement")}
		}
		c.Connectors = append(c.Connectors, k)
	}
	return c
}
