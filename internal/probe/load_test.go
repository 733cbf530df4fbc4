package probe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

const sound = `pack: acme
format: 1
title: Acme
role: platform
url_example: https://acme.example.com
settings:
  - {name: shop, description: The shop, example: acme, pattern: "[a-z]+"}
auth:
  - {name: token, type: bearer, secrets: [{name: token, description: d}]}
limits: {per_second: 2, timeout: 30s}
feeds:
  - {kind: load, origin: manual, via: none}
scopes:
  - {name: read, records: [movements], where: there}
doctor: {request: {path: /me}}
screens: {emit: there}
attributes: [theme]
jq: |
  def kind: {a: "load"}[.type];
  def twice: .n * 2;
records:
  movements: {silence: proves, retention: 30d}
calls:
  - name: events
    request:
      path: /shops/\($settings.shop)/events
      query: '{cursor: $page.cursor}'
    items: .events[]
    paging: {by: cursor, size: 50, next: .next}
    map:
      movements: |
        {id, kind: kind, amount: (.amount | negated)}
`

func TestSound(t *testing.T) {
	p, err := Load("acme.yaml", []byte(sound))
	if err != nil {
		t.Fatal(err)
	}
	if !p.Mentions("events") || !p.Mentions("amount") || !p.Mentions("type") || p.Mentions("code") {
		t.Error("what the expressions name is not known")
	}
	path, err := p.Calls[0].Request.Path.Make(t.Context(), &Vars{Settings: map[string]any{"shop": "acme"}})
	if err != nil || path != "/shops/acme/events" {
		t.Errorf("path %q %v", path, err)
	}
}

// TestMistakes changes one thing of a sound pack; the line is where § stands in
// what is put there.
func TestMistakes(t *testing.T) {
	for _, c := range []struct{ name, old, now, mention string }{
		{"unknown key", "title: Acme", "§titel: Acme", `unknown key "titel" (did you mean "title"?)`},
		{"unknown key deep within", "items: .events[]", "§item: .events[]", `unknown key "item" (did you mean "items"?)`},
		{"unknown record", "  movements: |", "  §movement: |", `unknown key "movement" (did you mean "movements"?)`},
		{"unknown kind", "kind: load, origin", "§kind: topup, origin", `kind "topup" is not one of load, redemption`},
		{"unknown via", "via: none}", "§via: pigeon}", `via "pigeon" is not one of webhook`},
		{"unknown role", "role: platform", "§role: shop", `role "shop" is not one of platform`},
		{"no jq", "items: .events[]", "§items: .events[", "can't be read"},
		{"no jq, some lines down", "{id, kind: kind,", "{id,\n         §kind: : kind,", "can't be read"},
		{"unknown function", "items: .events[]", "§items: .events[] | nosuch", "nosuch"},
		{"unknown variable", "{cursor: $page.cursor}", "§{cursor: $pages.cursor}", "the variables are $settings"},
		{"a secret outside auth", "{cursor: $page.cursor}", "§{cursor: $auth.token}", "in the auth section only"},
		{"the clock", "items: .events[]", "§items: .events[] | select(.at < now)", "uses now"},
		{"the environment", "items: .events[]", "§items: .events[] | env.HOME", "uses env"},
		{"arithmetic on money", "(.amount | negated)", "§(.amount * -1)", "amount is computed with *"},
		{"arithmetic behind a function", "(.amount | negated)", "§twice", "amount is computed with *"},
		{"a number of money", "(.amount | negated)", "§(.amount | tonumber)", "amount is computed with tonumber"},
		{"a write", "path: /shops", "method: PUT\n      §path: /shops", `method "PUT" is not one of GET, POST`},
		{"a POST without a reason", "path: /shops", "method: POST\n      §path: /shops", "does not say that it only reads"},
		{"a mutation", "path: /shops/\\($settings.shop)/events\n      query: '{cursor: $page.cursor}'", "path: /g\n      §graphql: 'mutation { x }'", "only reads are sent"},
		{"a header of authentication", "query: '{cursor", "headers: {§Authorization: x}\n      query: '{cursor", "belongs under auth"},
		{"paging without next", "paging: {by: cursor, size: 50, next: .next}", "paging: {§by: cursor, size: 50}", "needs next"},
		{"unknown paging", "by: cursor", "§by: luck", `paging by "luck"`},
		{"a setting's own example", `pattern: "[a-z]+"`, `§pattern: "[0-9]+"`, `refuses the setting's own "acme"`},
		{"a secret without words", "{name: token, description: d}", "{§name: token}", "no description"},
		{"a kind of auth that lacks its secret", "secrets: [{name: token, description: d}]", "secrets: [{name: tok, description: d}]", `needs the secret "token"`},
		{"scope of a record that is not read", "records: [movements]", "records: [§cards]", `reads no "cards"`},
		{"silence", "silence: proves", "silence: §golden", `silence "golden"`},
		{"no number", "per_second: 2", "§per_second: two", `"two" is not a number`},
		{"no duration", "timeout: 30s", "§timeout: soon", `"soon" is not a duration`},
		{"record that nothing maps", "records:\n", "records:\n  cards: {}\n", "no call maps cards"},
		{"unknown screen", "screens: {emit: there}", "screens: {emits: there}", "unknown topic"},
		{"format of the future", "format: 1", "format: 2", "reads 1"},
		{"another file's name", "pack: acme", "§pack: acmee", "must be named acmee.yaml"},
		{"no doctor", "doctor: {request: {path: /me}}\n", "", "no doctor"},
		{"two documents", "pack: acme\n", "pack: acme\n---\n", "second document"},
		{"recursion of YAML", "title: Acme", "title: *x", "x"},
	} {
		if !strings.Contains(sound, c.old) {
			t.Fatalf("%s: %q is not in the pack", c.name, c.old)
		}
		text := strings.Replace(sound, c.old, c.now, 1)
		line := 0
		if i := strings.Index(text, "§"); i >= 0 {
			line = 1 + strings.Count(text[:i], "\n")
			text = strings.Replace(text, "§", "", 1)
		}
		_, err := Load("acme.yaml", []byte(text))
		if err == nil {
			t.Errorf("%s: no mistake", c.name)
			continue
		}
		var list []error
		if j, ok := err.(interface{ Unwrap() []error }); ok {
			list = j.Unwrap()
		} else {
			list = []error{err}
		}
		found := false
		for _, e := range list {
			var m *Error
			if !errors.As(e, &m) {
				t.Errorf("%s: %v is no *Error", c.name, e)
				continue
			}
			// jq inside a block: the expression's first line is near enough.
			near := line == 0 || m.Line == line || m.Line > 0 && m.Line < line && line-m.Line <= 2
			found = found || near && strings.Contains(m.Error()+" "+m.Hint(), c.mention)
		}
		if !found {
			t.Errorf("%s: %v; want line %d and %q", c.name, err, line, c.mention)
		}
	}
}

func TestShippedPacksLoad(t *testing.T) {
	packs, err := LoadFS(os.DirFS(filepath.Join("..", "..", "probes")), nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(packs) == 0 {
		t.Fatal("no packs")
	}
}

// run evaluates an expression on a JSON text.
func run(t *testing.T, expr, input string) (string, error) {
	t.Helper()
	l := &loader{file: "t", pack: &Pack{mentioned: map[string]bool{}}}
	e := l.compile(expr, 1)
	if len(l.errs) > 0 {
		t.Fatal(l.errs)
	}
	var v any
	d := json.NewDecoder(strings.NewReader(input))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	x, err := e.One(context.Background(), v, &Vars{})
	if err != nil {
		return "", err
	}
	b, err := Marshal(x)
	return string(b), err
}

func TestFunctions(t *testing.T) {
	for _, c := range []struct{ expr, input, want string }{
		{`minor("EUR")`, `5000`, `"50.00"`},
		{`minor("JPY")`, `5000`, `"5000"`},
		{`minor("KWD")`, `"-5"`, `"-0.005"`},
		{`cents("EUR")`, `"12.5"`, `"1250"`},
		{`negated`, `12345678901234567.10`, `"-12345678901234567.10"`},
		{`negated`, `"-9.99"`, `"9.99"`},
		{`absolute`, `-9.990`, `"9.990"`},
		{`total`, `["0.1", 0.2, null, "-0.05"]`, `"0.25"`},
		{`rounded(2)`, `"20.0000"`, `"20.00"`},
		{`.a`, `{"a": 12345678901234567.10}`, `12345678901234567.10`},
		{`unix_time`, `1794993260`, `"2026-11-18T09:14:20Z"`},
		{`unix_ms`, `"1794993260101"`, `"2026-11-18T09:14:20.101Z"`},
		{`plus_ms(-1)`, `"2026-11-18T00:00:00Z"`, `"2026-11-17T23:59:59.999Z"`},
		{`negated`, `1e2`, `"-100"`},
	} {
		if got, err := run(t, c.expr, c.input); err != nil || got != c.want {
			t.Errorf("%s | %s = %s %v, want %s", c.input, c.expr, got, err, c.want)
		}
	}
	for _, c := range []struct{ expr, input string }{
		{`minor("EUR")`, `50.5`}, {`minor("XXQ")`, `1`}, {`cents("EUR")`, `"1.005"`}, {`negated`, `null`}, {`negated`, `"1,50"`}, {`total`, `"1"`},
		{`rounded(2)`, `"1.005"`}, {`unix_time`, `"soon"`}, {`plus_ms(1)`, `"yesterday"`}, {`(. + 0.5) | negated`, `1`},
	} {
		if got, err := run(t, c.expr, c.input); err == nil {
			t.Errorf("%s | %s = %s, want an error", c.input, c.expr, got)
		}
	}
}

// TestExact: what goes through the money functions and back is the same.
func TestExact(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		n := rapid.Int64().Draw(r, "n")
		scale := rapid.IntRange(0, 9).Draw(r, "scale")
		d := exact{big.NewInt(n), scale}
		back, err := parseExact(d.String())
		if err != nil || back.coef.Cmp(d.coef) != 0 || back.scale != scale {
			r.Fatalf("%v: %v %v", d, back, err)
		}
		zero := d.plus(exact{new(big.Int).Neg(d.coef), scale})
		if zero.coef.Sign() != 0 {
			r.Fatalf("%v and its negative are %v", d, zero)
		}
	})
}

func TestTexts(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{`plain`, `plain`},
		{`with "quotes" and \backslash`, `with "quotes" and \backslash`},
		{`/a/\($settings.x)/b`, `/a/1/b`},
		{`/a/\($settings.x + "(" + ")")/b`, `/a/1()/b`},
		{`\("\($settings.x):\($settings.x)" | @base64)`, `MTox`},
		{`\($settings.x)\($settings.x)`, `11`},
		{``, ``},
	} {
		l := &loader{file: "t", pack: &Pack{mentioned: map[string]bool{}}}
		x := l.text(&textSource{text: c.text, line: 1})
		if len(l.errs) > 0 {
			t.Errorf("%s: %v", c.text, l.errs)
			continue
		}
		got, err := x.Make(t.Context(), &Vars{Settings: map[string]any{"x": "1"}})
		if err != nil || got != c.want {
			t.Errorf("%s is %q %v, want %q", c.text, got, err, c.want)
		}
	}
}

// FuzzLoad: whatever stands in a pack, loading ends, and what loads can be shown.
func FuzzLoad(f *testing.F) {
	f.Add(sound)
	f.Add(strings.ReplaceAll(sound, "by: cursor", "by: page"))
	f.Add("pack: [")
	f.Add("a: &a [*a]")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := Load("f.yaml", []byte(text))
		if err == nil {
			_ = fmt.Sprint(p.Gives(), p.Probe())
		}
	})
}

// BenchmarkLoad loads every shipped pack, as each command does that needs one.
func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, err := LoadFS(os.DirFS(filepath.Join("..", "..", "probes")), nil); err != nil {
			b.Fatal(err)
		}
	}
}
