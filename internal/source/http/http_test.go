package http

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	stdlog "log"
	"log/slog"
	nethttp "net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"gcdiag/internal/probe"
	"gcdiag/internal/redact"
)

// pack makes a platform pack whose auth, limits and calls are given.
func pack(t *testing.T, auth, limits, calls string) *probe.Pack {
	t.Helper()
	if auth == "" {
		auth = "[{name: none, type: none}]"
	}
	if limits == "" {
		limits = "{}"
	}
	text := fmt.Sprintf(`pack: t
format: 1
title: T
role: platform
url_example: https://t.example.com
settings:
  - {name: account, description: d, example: x, optional: true}
auth: %s
limits: %s
free_text: [note]
doctor: {request: {path: /me}, who: .who}
attributes: [note]
records: {movements: {silence: proves}}
calls:
%s
`, auth, limits, calls)
	p, err := probe.Load("t.yaml", []byte(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return p
}

const row = `{id: .id, kind: "load", card: "c", amount: .amount, at: "2026-11-02T00:00:00Z"}`

// system is a server of a test and a spec to read it with.
func system(t *testing.T, p *probe.Pack, h nethttp.HandlerFunc) (Spec, *httptest.Server) {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return spec(t, p, s.URL), s
}

func spec(t *testing.T, p *probe.Pack, address string) Spec {
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	return Spec{Name: "Shop", Pack: p, URL: address, Folder: t.TempDir(), Since: at, Until: at.AddDate(0, 1, 0), AsOf: at.AddDate(0, 1, 0),
		Clock:  Clock{Now: time.Now, Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }},
		Secret: func(context.Context, string) (redact.Secret, bool, error) { return redact.Secret{}, false, nil }}
}

func secrets(m map[string]string) func(context.Context, string) (redact.Secret, bool, error) {
	return func(_ context.Context, name string) (redact.Secret, bool, error) {
		s, ok := m[name]
		return redact.NewSecret(s), ok, nil
	}
}

// pulled reads a system and returns the movements' ids and what failed.
func pulled(t *testing.T, s Spec) (ids []string, p Pulled) {
	t.Helper()
	r, err := Pull(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	p = r.Pulled[0]
	if p.Path == "" {
		return nil, p
	}
	text, err := os.ReadFile(p.Path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var row struct{ ID string }
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, row.ID)
	}
	return ids, p
}

func items(w nethttp.ResponseWriter, more string, ids ...string) {
	var list []string
	for _, id := range ids {
		list = append(list, fmt.Sprintf(`{"id":%q,"amount":"1.00","at":%q}`, id, "2026-11-"+id+"T00:00:00Z"))
	}
	fmt.Fprintf(w, `{"items":[%s]%s}`, strings.Join(list, ","), more)
}

func TestPaging(t *testing.T) {
	call := func(query, paging, rest string) string {
		return fmt.Sprintf("- {name: list, request: {path: /list, query: '%s'}, items: '.items[]', paging: %s, map: {movements: '%s'}%s}", query, paging, row, rest)
	}
	pages := [][]string{{"09", "08"}, {"07", "06"}, {"05"}}
	for _, c := range []struct {
		name, call string
		serve      func(w nethttp.ResponseWriter, r *nethttp.Request)
		want       []string
	}{
		{"cursor", call("{c: $page.cursor}", "{by: cursor, next: .next}", ""), func(w nethttp.ResponseWriter, r *nethttp.Request) {
			switch r.URL.Query().Get("c") {
			case "":
				items(w, `,"next":"b"`, pages[0]...)
			case "b":
				items(w, `,"next":"c"`, pages[1]...)
			case "c":
				items(w, ``, pages[2]...)
			}
		}, []string{"09", "08", "07", "06", "05"}},
		{"page until one is empty", call("{p: $page.number}", "{by: page, size: 2}", ""), func(w nethttp.ResponseWriter, r *nethttp.Request) {
			var n int
			fmt.Sscan(r.URL.Query().Get("p"), &n)
			if n > 3 {
				items(w, "")
				return
			}
			items(w, "", pages[n-1]...)
		}, []string{"09", "08", "07", "06", "05"}},
		{"offset with a total, pages smaller than asked for", call("{o: $page.offset}", "{by: offset, size: 100}", ", total: .n"), func(w nethttp.ResponseWriter, r *nethttp.Request) {
			items(w, `,"n":5`, map[string][]string{"0": pages[0], "2": pages[1], "4": pages[2]}[r.URL.Query().Get("o")]...)
		}, []string{"09", "08", "07", "06", "05"}},
		{"link", call("{}", "{by: link}", ""), func(w nethttp.ResponseWriter, r *nethttp.Request) {
			switch r.URL.Query().Get("n") {
			case "":
				w.Header().Set("Link", `<http://`+r.Host+`/list?n=1>; rel="first", </list?n=2>; rel="next"`)
				items(w, "", pages[0]...)
			case "2":
				items(w, "", pages[1]...)
			}
		}, []string{"09", "08", "07", "06"}},
		{"url", call("{}", `{by: url, next: '."@odata.nextLink"'}`, ""), func(w nethttp.ResponseWriter, r *nethttp.Request) {
			if r.URL.Query().Get("skip") == "" {
				items(w, `,"@odata.nextLink":"http://`+r.Host+`/list?skip=2"`, pages[0]...)
				return
			}
			items(w, "", pages[1]...)
		}, []string{"09", "08", "07", "06"}},
		{"last time minus one", call("{before: $page.cursor}", "{by: last, next: '.at | plus_ms(-1)'}", ""), func(w nethttp.ResponseWriter, r *nethttp.Request) {
			switch r.URL.Query().Get("before") {
			case "":
				items(w, "", pages[0]...)
			case "2026-11-07T23:59:59.999Z":
				items(w, "", pages[1]...)
			default:
				items(w, "")
			}
		}, []string{"09", "08", "07", "06"}},
		{"until older than needed", call("{p: $page.number}", "{by: page, size: 2}", `, until: '.id < "07"'`), func(w nethttp.ResponseWriter, r *nethttp.Request) {
			var n int
			fmt.Sscan(r.URL.Query().Get("p"), &n)
			items(w, "", pages[n-1]...)
		}, []string{"09", "08", "07"}},
		{"no content is the end", call("{p: $page.number}", "{by: page, size: 2}", ""), func(w nethttp.ResponseWriter, r *nethttp.Request) {
			if r.URL.Query().Get("p") != "1" {
				w.WriteHeader(204)
				return
			}
			items(w, "", pages[0]...)
		}, []string{"09", "08"}},
	} {
		s, _ := system(t, pack(t, "", "", c.call), c.serve)
		ids, p := pulled(t, s)
		if !slices.Equal(ids, c.want) || len(p.Failed) > 0 {
			t.Errorf("%s: %v %v, want %v", c.name, ids, p.Failed, c.want)
		}
	}
}

// TestGaps: whatever ends a list early is told.
func TestGaps(t *testing.T) {
	const byCursor = "- {name: list, request: {path: /list, query: '{c: $page.cursor, p: $page.number}'}, items: '.items[]', paging: {by: cursor, next: .next}, map: {movements: '" + row + "'}}"
	const byPage = "- {name: list, request: {path: /list, query: '{p: $page.number}'}, items: '.items[]', paging: {by: page, size: 2}, total: .n, map: {movements: '" + row + "'}}"
	for _, c := range []struct {
		name, limits, call, why string
		serve                   nethttp.HandlerFunc
		rows                    int
		change                  func(*Spec)
	}{
		{name: "a cursor twice", call: byCursor, why: "twice", rows: 4, serve: func(w nethttp.ResponseWriter, r *nethttp.Request) {
			items(w, `,"next":"same"`, "a"+r.URL.Query().Get("p"), "b")
		}},
		{name: "the page before again", call: byPage, why: "again", rows: 4, serve: func(w nethttp.ResponseWriter, _ *nethttp.Request) { items(w, "", "a", "b") }},
		{name: "fewer than the total", call: byPage, why: "speaks of 9", rows: 1, serve: func(w nethttp.ResponseWriter, r *nethttp.Request) {
			if r.URL.Query().Get("p") == "1" {
				items(w, `,"n":9`, "a")
			} else {
				items(w, `,"n":9`)
			}
		}},
		{name: "page cap", call: byCursor, why: "after 3 pages", rows: 3, change: func(s *Spec) { s.MaxPages = 3 }, serve: func(w nethttp.ResponseWriter, r *nethttp.Request) {
			items(w, `,"next":"`+r.URL.Query().Get("p")+`"`, "x"+r.URL.Query().Get("p"))
		}},
		{name: "byte cap", limits: "{bytes: 200}", call: byCursor, why: "MiB", rows: 3, serve: func(w nethttp.ResponseWriter, r *nethttp.Request) {
			items(w, `,"next":"`+r.URL.Query().Get("p")+`"`, "x"+r.URL.Query().Get("p"))
		}},
		{name: "another host's page", call: strings.Replace(byCursor, "by: cursor", "by: url", 1), why: "another host", rows: 1, serve: func(w nethttp.ResponseWriter, _ *nethttp.Request) {
			items(w, `,"next":"https://evil.example.com/list"`, "a")
		}},
		{name: "redirect to another host", call: byCursor, why: "redirects to another host", serve: func(w nethttp.ResponseWriter, r *nethttp.Request) {
			nethttp.Redirect(w, r, "http://localhost:1/list", nethttp.StatusFound)
		}},
		{name: "another shape", call: byCursor, why: "another shape", serve: func(w nethttp.ResponseWriter, _ *nethttp.Request) { fmt.Fprint(w, `{"rows":[]}`) }},
		{name: "a login page", call: byCursor, why: "no JSON", serve: func(w nethttp.ResponseWriter, _ *nethttp.Request) { fmt.Fprint(w, "<html>") }},
		{name: "busy for ever", call: byCursor, why: "429", serve: func(w nethttp.ResponseWriter, _ *nethttp.Request) { w.WriteHeader(429) }},
		{name: "a wait beyond patience", call: byCursor, why: "wait for", serve: func(w nethttp.ResponseWriter, _ *nethttp.Request) {
			w.Header().Set("Retry-After", "86400")
			w.WriteHeader(429)
		}},
	} {
		s, _ := system(t, pack(t, "", c.limits, c.call), c.serve)
		if c.change != nil {
			c.change(&s)
		}
		ids, p := pulled(t, s)
		if len(ids) != c.rows || !strings.Contains(strings.Join(p.Failed, "; "), c.why) {
			t.Errorf("%s: %d rows, %v", c.name, len(ids), p.Failed)
		}
	}
}

const one = "- {name: list, request: {path: /list}, items: '.items[]', map: {movements: '" + row + "'}}"

func TestOnlySafeRequests(t *testing.T) {
	var asked []string
	p := pack(t, "", "", one)
	s := spec(t, p, "http://shop.example.com")
	_, got := pulled(t, s)
	if !strings.Contains(strings.Join(got.Failed, ""), "without encryption") {
		t.Errorf("plain http: %v", got.Failed)
	}
	changing := pack(t, "", "", strings.Replace(one, "{path: /list}", "{path: /list, method: POST, changes: it marks messages}", 1))
	s, _ = system(t, changing, func(w nethttp.ResponseWriter, r *nethttp.Request) {
		asked = append(asked, r.Method)
		items(w, "", "a")
	})
	if _, got := pulled(t, s); len(asked) > 0 || !strings.Contains(strings.Join(got.Failed, ""), "marks messages") {
		t.Errorf("a changing read was sent without permission: %v %v", asked, got.Failed)
	}
	s.AllowChanging = true
	if ids, got := pulled(t, s); len(ids) != 1 || len(asked) != 1 {
		t.Errorf("permitted: %v %v", ids, got.Failed)
	}
}

// TestSecretsStayHidden: a system that echoes what it was sent, in answers,
// errors and headers, gets nothing of it out again.
func TestSecretsStayHidden(t *testing.T) {
	const token, code = "canary-secret-0123456789", "7783320001002003"
	var log bytes.Buffer
	for _, status := range []int{200, 401, 500} {
		s, _ := system(t, pack(t, "[{name: token, type: bearer, secrets: [{name: token, description: d}]}]", "",
			"- {name: list, request: {path: /list}, items: '.items[]', map: {movements: '{id: .id, kind: \"load\", card: \"c\", amount: \"1\", at: \"2026-11-02T00:00:00Z\", note: .note}'}}"),
			func(w nethttp.ResponseWriter, r *nethttp.Request) {
				if r.Header.Get("Authorization") != "Bearer "+token {
					t.Error("the token is not sent")
				}
				w.WriteHeader(status)
				fmt.Fprintf(w, `{"error":"%s and %s","items":[{"id":"%s","note":"card %s","code":"%s"}]}`, token, code, token, code, code)
			})
		s.Secret = secrets(map[string]string{"token": token})
		s.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		dir := t.TempDir()
		tape, err := OpenTape(dir, "Shop", false)
		if err != nil {
			t.Fatal(err)
		}
		s.Tape = tape
		r, err := Pull(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		checks, err := Doctor(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		if err := tape.Close(); err != nil {
			t.Fatal(err)
		}
		seen := fmt.Sprintf("%+v %+v", r, checks) + log.String()
		for _, d := range []string{dir, s.Folder} {
			files, _ := filepath.Glob(filepath.Join(d, "*"))
			for _, f := range files {
				b, _ := os.ReadFile(f)
				seen += string(b)
				if info, _ := os.Stat(f); info.Mode().Perm() != 0o600 {
					t.Errorf("%s may be read by others", filepath.Base(f))
				}
			}
		}
		if strings.Contains(seen, token) || strings.Contains(seen, code) {
			t.Errorf("status %d: a secret comes out:\n%s", status, seen)
		}
	}
}

func TestSecretsGoToNoOtherHost(t *testing.T) {
	var got []string
	other := httptest.NewServer(nethttp.HandlerFunc(func(w nethttp.ResponseWriter, r *nethttp.Request) {
		got = append(got, r.Header.Get("Authorization"))
		items(w, "", "a")
	}))
	defer other.Close()
	s, _ := system(t, pack(t, "[{name: token, type: bearer, secrets: [{name: token, description: d}]}]", "", one), func(w nethttp.ResponseWriter, r *nethttp.Request) {
		nethttp.Redirect(w, r, other.URL+"/list", nethttp.StatusTemporaryRedirect)
	})
	s.Secret = secrets(map[string]string{"token": "canary-secret-0123456789"})
	if _, p := pulled(t, s); len(got) > 0 || len(p.Failed) == 0 {
		t.Errorf("the other host was asked with %v; %v", got, p.Failed)
	}
}

func TestRetries(t *testing.T) {
	var slept []time.Duration
	tries := 0
	s, _ := system(t, pack(t, "", `{retry: '.busy == true', wait: '.wait'}`, one), func(w nethttp.ResponseWriter, _ *nethttp.Request) {
		tries++
		switch tries {
		case 1:
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(429)
		case 2:
			w.WriteHeader(503)
		case 3:
			fmt.Fprint(w, `{"busy":true,"wait":11}`)
		default:
			items(w, "", "a")
		}
	})
	s.Clock.Sleep = func(_ context.Context, d time.Duration) error {
		slept = append(slept, d.Round(time.Second))
		return nil
	}
	ids, p := pulled(t, s)
	if len(ids) != 1 || len(p.Failed) > 0 || !slices.Contains(slept, 7*time.Second) || !slices.Contains(slept, 11*time.Second) {
		t.Errorf("%v %v, slept %v", ids, p.Failed, slept)
	}
}

func TestPace(t *testing.T) {
	now := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	s, _ := system(t, pack(t, "", "{per_second: 2}", "- {name: list, request: {path: /list, query: '{p: $page.number}'}, items: '.items[]', paging: {by: page, size: 1}, map: {movements: '"+row+"'}}"),
		func(w nethttp.ResponseWriter, r *nethttp.Request) {
			if p := r.URL.Query().Get("p"); p != "5" {
				items(w, "", p)
				return
			}
			items(w, "")
		})
	start := now
	s.Clock = Clock{Now: func() time.Time { return now }, Sleep: func(_ context.Context, d time.Duration) error { now = now.Add(d); return nil }}
	ids, _ := pulled(t, s)
	if took := now.Sub(start); len(ids) != 4 || took != 2*time.Second {
		t.Errorf("%d rows, 5 requests at 2/s took %v", len(ids), took)
	}
}

func TestFanOut(t *testing.T) {
	calls := `- name: cards
  request: {path: /cards}
  items: .items[]
  lookup: {name: cards, key: .id, value: .amount}
  children:
    - name: events
      request: {path: '/cards/\($parent.id)'}
      items: .items[]
      map: {movements: '` + row + `'}
- name: later
  request: {path: /later}
  items: .items[]
  map: {movements: '{id: ("later " + $lookup.cards["c1"][0]), kind: "load", card: "c", amount: "1", at: "2026-11-02T00:00:00Z"}'}`
	var mu sync.Mutex
	now, most := 0, 0
	s, _ := system(t, pack(t, "", "{concurrency: 4}", calls), func(w nethttp.ResponseWriter, r *nethttp.Request) {
		mu.Lock()
		now++
		most = max(most, now)
		mu.Unlock()
		defer func() { mu.Lock(); now--; mu.Unlock() }()
		switch r.URL.Path {
		case "/cards":
			items(w, "", "c1", "c2", "c3", "c4", "c5", "c6")
		case "/later":
			items(w, "", "x")
		default:
			time.Sleep(time.Duration(20-3*(r.URL.Path[len(r.URL.Path)-1]-'0')) * time.Millisecond)
			items(w, "", r.URL.Path)
		}
	})
	ids, p := pulled(t, s)
	want := []string{"/cards/c1", "/cards/c2", "/cards/c3", "/cards/c4", "/cards/c5", "/cards/c6", "later 1.00"}
	if !slices.Equal(ids, want) || len(p.Failed) > 0 {
		t.Errorf("%v %v", ids, p.Failed)
	}
	if most < 2 || most > 4 {
		t.Errorf("%d requests at a time", most)
	}
}

func TestRowsThatAreNone(t *testing.T) {
	for _, c := range []struct{ name, jq string }{
		{"a computed amount", `. as $x | ($x.amount | tonumber * 1.5) as $y | {id, amount: $y}`},
		{"no object", `.id`},
		{"an error", `if .id then error("no") else . end`},
		{"an object within", `{id, card: {a: 1}}`},
	} {
		s, _ := system(t, pack(t, "", "", "- {name: list, request: {path: /list}, items: '.items[]', map: {movements: '"+c.jq+"'}}"), func(w nethttp.ResponseWriter, _ *nethttp.Request) { items(w, "", "e-1") })
		ids, p := pulled(t, s)
		if len(ids) > 0 || len(p.Rejects) != 1 || !slices.Contains(p.Rejects[0].Keys, "e-1") {
			t.Errorf("%s: %v %+v", c.name, ids, p.Rejects)
		}
	}
}

func TestCancelKeepsWhatWasRead(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s, _ := system(t, pack(t, "", "", "- {name: list, request: {path: /list, query: '{p: $page.number}'}, items: '.items[]', paging: {by: page, size: 1}, map: {movements: '"+row+"'}}"),
		func(w nethttp.ResponseWriter, r *nethttp.Request) {
			if r.URL.Query().Get("p") == "3" {
				cancel()
				<-r.Context().Done()
				return
			}
			items(w, "", r.URL.Query().Get("p"))
		})
	began := time.Now()
	r, err := Pull(ctx, s)
	if err != nil || r.Pulled[0].Rows != 2 || len(r.Pulled[0].Failed) == 0 || time.Since(began) > 5*time.Second {
		t.Errorf("%+v %v", r, err)
	}
}

func TestTLS(t *testing.T) {
	srv := httptest.NewUnstartedServer(nethttp.HandlerFunc(func(w nethttp.ResponseWriter, _ *nethttp.Request) { items(w, "", "a") }))
	srv.Config.ErrorLog = stdlog.New(io.Discard, "", 0)
	srv.StartTLS()
	defer srv.Close()
	s := spec(t, pack(t, "", "", one), srv.URL)
	if _, p := pulled(t, s); !strings.Contains(strings.Join(p.Failed, ""), "does not know") {
		t.Errorf("unknown authority: %v", p.Failed)
	}
	s.CAFile = filepath.Join(t.TempDir(), "ca.pem")
	os.WriteFile(s.CAFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw}), 0o600)
	if ids, p := pulled(t, s); len(ids) != 1 {
		t.Errorf("with ca_file: %v", p.Failed)
	}
	plain, _ := system(t, pack(t, "", "", one), func(w nethttp.ResponseWriter, _ *nethttp.Request) { items(w, "") })
	plain.URL = strings.Replace(plain.URL, "http:", "https:", 1)
	if _, p := pulled(t, plain); !strings.Contains(strings.Join(p.Failed, ""), "does not speak TLS") {
		t.Errorf("no TLS: %v", p.Failed)
	}
}

// TestOAuth1 computes the signature of RFC 5849 by itself and compares.
func TestOAuth1(t *testing.T) {
	enc := func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
	s, _ := system(t, pack(t, `[{name: tba, type: oauth1, realm: \($settings.account), secrets: [{name: consumer_key, description: d}, {name: consumer_secret, description: d}, {name: token_id, description: d}, {name: token_secret, description: d}]}]`, "",
		"- {name: list, request: {path: /list, method: POST, reads: a query, query: '{limit: 5, q: \"a b\"}', body: '{x: 1}'}, items: '.items[]', map: {movements: '"+row+"'}}"),
		func(w nethttp.ResponseWriter, r *nethttp.Request) {
			h := strings.TrimPrefix(r.Header.Get("Authorization"), "OAuth ")
			params := url.Values{}
			var signature, realm string
			for _, part := range strings.Split(h, ",") {
				k, v, _ := strings.Cut(strings.TrimSpace(part), "=")
				v, _ = url.PathUnescape(strings.Trim(v, `"`))
				switch k {
				case "oauth_signature":
					signature = v
				case "realm":
					realm = v
				default:
					params.Set(k, v)
				}
			}
			for k, v := range r.URL.Query() {
				params.Set(k, v[0])
			}
			var pairs []string
			for k := range params {
				pairs = append(pairs, enc(k)+"="+enc(params.Get(k)))
			}
			slices.Sort(pairs)
			base := "POST&" + enc("http://"+r.Host+r.URL.Path) + "&" + enc(strings.Join(pairs, "&"))
			mac := hmac.New(sha256.New, []byte(enc("cs secret")+"&"+enc("ts+secret")))
			mac.Write([]byte(base))
			if want := base64.StdEncoding.EncodeToString(mac.Sum(nil)); signature != want || realm != "123_SB1" || params.Get("oauth_signature_method") != "HMAC-SHA256" || params.Get("oauth_token") != "tid" {
				t.Errorf("signature %q, want %q; realm %q; %v", signature, want, realm, params)
			}
			items(w, "", "a")
		})
	s.Settings = map[string]string{"account": "123_SB1"}
	s.Secret = secrets(map[string]string{"consumer_key": "ck", "consumer_secret": "cs secret", "token_id": "tid", "token_secret": "ts+secret"})
	if ids, p := pulled(t, s); len(ids) != 1 {
		t.Error(p.Failed)
	}
}

func TestCertificate(t *testing.T) {
	r, err := rsa.GenerateKey(rand.Reader, 3072)
	if err != nil {
		t.Fatal(err)
	}
	e, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for alg, key := range map[string]any{"PS256": r, "ES256": e} {
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		tokens := 0
		var address string
		s, srv := system(t, pack(t, `[{name: m2m, type: certificate, token_url: /token, scope: rest_webservices, secrets: [{name: client_id, description: d, public: true}, {name: certificate_id, description: d}, {name: private_key, description: d}]}]`, "", one),
			func(w nethttp.ResponseWriter, q *nethttp.Request) {
				if q.URL.Path != "/token" {
					// The first token is said to have expired.
					if q.Header.Get("Authorization") != "Bearer token-number-2" {
						w.WriteHeader(401)
						return
					}
					items(w, "", "a")
					return
				}
				tokens++
				q.ParseForm()
				public := map[string]any{"PS256": &r.PublicKey, "ES256": &e.PublicKey}[alg]
				got, err := jwt.Parse(q.PostForm.Get("client_assertion"), func(x *jwt.Token) (any, error) {
					if x.Header["kid"] != "cert-1" {
						t.Errorf("kid %v", x.Header["kid"])
					}
					return public, nil
				}, jwt.WithValidMethods([]string{alg}), jwt.WithAudience(address+"/token"), jwt.WithIssuer("client-1"))
				if err != nil || q.PostForm.Get("grant_type") != "client_credentials" {
					t.Errorf("%s: %v", alg, err)
				} else if exp, _ := got.Claims.GetExpirationTime(); time.Until(exp.Time) > time.Hour {
					t.Errorf("it expires in %v", time.Until(exp.Time))
				}
				fmt.Fprintf(w, `{"access_token":"token-number-%d","expires_in":"3600","token_type":"bearer"}`, tokens)
			})
		address = srv.URL
		s.Settings = map[string]string{"client_id": "client-1"}
		s.Secret = secrets(map[string]string{"certificate_id": "cert-1", "private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))})
		if ids, p := pulled(t, s); len(ids) != 1 || tokens != 2 {
			t.Errorf("%s: %v %v, %d tokens", alg, ids, p.Failed, tokens)
		}
	}
}

func TestOAuth2(t *testing.T) {
	s, _ := system(t, pack(t, `[{name: app, type: oauth2, token_url: /token, scope: .default, secrets: [{name: client_id, description: d}, {name: client_secret, description: d}]}]`, "", one),
		func(w nethttp.ResponseWriter, r *nethttp.Request) {
			if r.URL.Path == "/token" {
				r.ParseForm()
				if r.PostForm.Get("client_secret") != "the-right-secret" || r.PostForm.Get("scope") != ".default" {
					w.WriteHeader(401)
					fmt.Fprint(w, `{"error":"invalid_client","error_description":"the-wrong-secret is wrong"}`)
					return
				}
				w.Header().Set("Content-Type", "application/json")
				fmt.Fprint(w, `{"access_token":"tok-123456789","expires_in":3600,"token_type":"Bearer"}`)
				return
			}
			if r.Header.Get("Authorization") != "Bearer tok-123456789" {
				t.Errorf("header %q", r.Header.Get("Authorization"))
			}
			items(w, "", "a")
		})
	s.Secret = secrets(map[string]string{"client_id": "id", "client_secret": "the-right-secret"})
	if ids, p := pulled(t, s); len(ids) != 1 {
		t.Error(p.Failed)
	}
	s.Secret = secrets(map[string]string{"client_id": "id", "client_secret": "the-wrong-secret"})
	_, p := pulled(t, s)
	if why := strings.Join(p.Failed, ""); !strings.Contains(why, "invalid_client") || strings.Contains(why, "the-wrong-secret") {
		t.Error(why)
	}
}

func TestSession(t *testing.T) {
	auth := `[{name: login, type: session, secrets: [{name: user, description: d, public: true}, {name: password, description: d}],
  login: {method: POST, path: /login, body: '{user: $auth.user, password: $auth.password}'}, refused: .error, session: '{id, token}',
  logout: {method: POST, path: /logout, body: '{}'}, header: Authorization, value: 'Session \("\($session.id):\($session.token)" | @base64)'}]`
	logins, logouts, requests := 0, 0, 0
	s, _ := system(t, pack(t, auth, "", one), func(w nethttp.ResponseWriter, r *nethttp.Request) {
		switch r.URL.Path {
		case "/login":
			var in map[string]string
			json.NewDecoder(r.Body).Decode(&in)
			if in["password"] != "canary-password" {
				fmt.Fprint(w, `{"error":"bad login"}`)
				return
			}
			logins++
			nethttp.SetCookie(w, &nethttp.Cookie{Name: "sid", Value: fmt.Sprint("cookie", logins), Path: "/"})
			fmt.Fprintf(w, `{"id":7,"token":"session-token-%d"}`, logins)
		case "/logout":
			logouts++
			if r.Header.Get("Authorization") == "" {
				t.Error("the logout does not say which session")
			}
			fmt.Fprint(w, "{}")
		default:
			requests++
			want := "Session " + base64.StdEncoding.EncodeToString([]byte("7:session-token-2"))
			if c, err := r.Cookie("sid"); err != nil || c.Value != "cookie2" || r.Header.Get("Authorization") != want {
				w.WriteHeader(401) // the first session has expired
				return
			}
			items(w, "", "a")
		}
	})
	s.Settings = map[string]string{"user": "me"}
	s.Secret = secrets(map[string]string{"password": "canary-password"})
	if ids, p := pulled(t, s); len(ids) != 1 || logins != 2 || logouts != 1 || requests != 2 {
		t.Errorf("%v %v; %d logins, %d logouts, %d requests", ids, p.Failed, logins, logouts, requests)
	}
	s.Secret = secrets(map[string]string{"password": "another"})
	if _, p := pulled(t, s); !strings.Contains(strings.Join(p.Failed, ""), "bad login") {
		t.Error(p.Failed)
	}
}

func TestDoctor(t *testing.T) {
	auth := "[{name: token, type: bearer, secrets: [{name: token, description: d}]}]"
	for _, c := range []struct {
		name  string
		serve nethttp.HandlerFunc
		check string
		state State
	}{
		{"sound", func(w nethttp.ResponseWriter, r *nethttp.Request) { items(w, `,"who":"me"`, "a") }, "movements", OK},
		{"credentials", func(w nethttp.ResponseWriter, _ *nethttp.Request) { w.WriteHeader(401) }, "credentials", Failed},
		{"a list refused", func(w nethttp.ResponseWriter, r *nethttp.Request) {
			if r.URL.Path == "/list" {
				w.WriteHeader(403)
				return
			}
			fmt.Fprint(w, "{}")
		}, "movements", Failed},
		{"another shape", func(w nethttp.ResponseWriter, r *nethttp.Request) { fmt.Fprint(w, `{"x":1}`) }, "movements", Failed},
		{"its clock", func(w nethttp.ResponseWriter, _ *nethttp.Request) {
			w.Header().Set("Date", time.Now().Add(-time.Hour).UTC().Format(nethttp.TimeFormat))
			items(w, "", "a")
		}, "clock", Warn},
	} {
		s, _ := system(t, pack(t, auth, "", one), c.serve)
		s.Secret = secrets(map[string]string{"token": "tok-0123456789"})
		checks, err := Doctor(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(checks, func(k Check) bool { return k.Name == c.check })
		if i < 0 || checks[i].State != c.state || c.state == Failed && checks[i].Advice == "" {
			t.Errorf("%s: %+v", c.name, checks)
		}
	}
	s := spec(t, pack(t, auth, "", one), "http://127.0.0.1:1")
	s.Secret = secrets(map[string]string{"token": "tok-0123456789"})
	if checks, err := Doctor(t.Context(), s); err != nil || checks[len(checks)-1].State != Failed || checks[len(checks)-1].Name != "reachable" {
		t.Errorf("unreachable: %+v %v", checks, err)
	}
}

// pages is a server of so many pages of 250 items, each after a delay, and a spec
// that reads it.
func pages(b *testing.B, n int, delay time.Duration, limits string) Spec {
	var list []string
	for i := range 250 {
		list = append(list, fmt.Sprintf(`{"id":"e-%d","amount":"12.50","unneeded":"text","at":"2026-11-02T00:00:00Z"}`, i))
	}
	body := strings.Join(list, ",")
	srv := httptest.NewServer(nethttp.HandlerFunc(func(w nethttp.ResponseWriter, r *nethttp.Request) {
		time.Sleep(delay)
		var p int
		fmt.Sscan(r.URL.Query().Get("p"), &p)
		next := ""
		if p < n {
			next = fmt.Sprint(p)
		}
		fmt.Fprintf(w, `{"items":[%s],"next":%q}`, body, next)
	}))
	b.Cleanup(srv.Close)
	text := `pack: t
format: 1
title: T
role: platform
url_example: https://t.example.com
auth: [{name: none, type: none}]
limits: ` + limits + `
doctor: {request: {path: /me}}
records: {movements: {}}
calls:
- {name: list, request: {path: /list, query: '{p: $page.number, c: $page.cursor}'}, items: '.items[]', paging: {by: cursor, next: .next}, map: {movements: '` + row + `'}}`
	p, err := probe.Load("t.yaml", []byte(text))
	if err != nil {
		b.Fatal(err)
	}
	return Spec{Name: "Shop", Pack: p, URL: srv.URL}
}

// BenchmarkPull compares a pull with the least that physics allows: the server's
// delay for each page, one after the other, or the rate that it permits.
func BenchmarkPull(b *testing.B) {
	for _, c := range []struct {
		name   string
		pages  int
		delay  time.Duration
		limits string
		least  time.Duration
	}{
		{"no delay, 100 pages", 100, 0, "{}", 0},
		{"50 ms, 1000 pages", 1000, 50 * time.Millisecond, "{}", 50 * time.Second},
		{"20 a second, 200 pages", 200, 0, "{per_second: 20}", 199 * time.Second / 20},
	} {
		b.Run(c.name, func(b *testing.B) {
			s := pages(b, c.pages, c.delay, c.limits)
			for b.Loop() {
				s.Folder = b.TempDir()
				r, err := Pull(b.Context(), s)
				if err != nil || r.Pulled[0].Rows != 250*c.pages {
					b.Fatal(err, r.Pulled)
				}
			}
			took := b.Elapsed() / time.Duration(b.N)
			b.ReportMetric(float64(took)/float64(c.pages)/1e6, "ms/page")
			if c.least > 0 {
				b.ReportMetric(float64(took)/float64(c.least), "×least")
			}
		})
	}
}
