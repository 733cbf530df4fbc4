package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	nethttp "net/http"
	"os"
	"slices"
	"strings"

	"gcdiag/internal/connector"
	"gcdiag/internal/probe"
	"gcdiag/internal/record"
	"gcdiag/internal/source/http"
)

// judgeClean judges a run without faults.
func (b *bench) judgeClean(o *outcome, fail func(string, ...any)) {
	for _, s := range o.strange {
		fail("no example answers %s", s)
	}
	if g := gapsOf(o.result); g != "" {
		fail("without any fault it falls short: %s", g)
	}
	for _, r := range o.refused {
		fail("a diagnosis would reject the row %s", r)
	}
	for _, e := range b.answers {
		if !e.used {
			fail("%s is never asked for", e.name)
		}
	}
	pages := map[string]int{}
	for _, c := range o.order {
		pages[c]++
	}
	b.paged(o, fail)
	for _, p := range o.result.Pulled {
		if p.Rows == 0 {
			fail("%s: the examples hold none", p.Record)
		}
		columns := append(connector.Columns(p.Record), b.pack.Attributes...)
		for _, line := range bytes.Split(bytes.TrimSpace(o.rows[p.Record]), []byte("\n")) {
			var row map[string]any
			if json.Unmarshal(line, &row) != nil {
				continue
			}
			for k := range row {
				if !slices.Contains(columns, k) {
					fail("%s: %q is no column of the contract and not among the pack's attributes", p.Record, k)
				}
			}
		}
	}
	b.secret("a run without faults", o, "", fail)
}

// paged demands that every list that has pages is read beyond its first one.
func (b *bench) paged(o *outcome, fail func(string, ...any)) {
	var walk func([]*probe.Call)
	walk = func(calls []*probe.Call) {
		for _, c := range calls {
			if c.Paging.By != probe.OnePage && o.result.Pages[c.Name] < 2 && b.setup.OnePage[c.Name] == "" {
				fail("%s: the examples show no second page", c.Name)
			}
			if o.result.Pages[c.Name] >= 2 && b.setup.OnePage[c.Name] != "" {
				fail("setup.yaml: one_page: %s has a second page", c.Name)
			}
			walk(c.Children)
		}
	}
	walk(b.pack.Calls)
}

// secret demands that nothing secret is in what came out.
func (b *bench) secret(when string, o *outcome, tape string, fail func(string, ...any)) {
	texts := []string{fmt.Sprintf("%+v", o.result), tape}
	for _, rows := range o.rows {
		texts = append(texts, string(rows))
	}
	hidden := slices.Clone(b.setup.Secret)
	for _, a := range b.pack.Auth {
		for _, s := range a.Secrets {
			if v := b.setup.Auth[s.Name]; !s.Public && len(v) >= 8 {
				hidden = append(hidden, v)
			}
		}
	}
	for _, s := range hidden {
		for _, t := range texts {
			if strings.Contains(t, s) {
				fail("%s: a secret comes out: %s…", when, s[:4])
				return
			}
		}
	}
}

// judgeEmpty judges a system in which nothing happened.
func (b *bench) judgeEmpty(ctx context.Context, fail func(string, ...any)) {
	o, err := b.run(ctx, script{empty: true})
	if err != nil {
		fail("empty: %v", err)
		return
	}
	for _, s := range o.strange {
		fail("empty: no example answers %s", s)
	}
	if g := gapsOf(o.result); g != "" {
		fail("empty: it falls short: %s", g)
	}
	if len(o.rows[record.Movements]) > 0 || len(o.rows[record.Deliveries]) > 0 || len(o.rows[record.Postings]) > 0 {
		fail("empty: rows come out of nothing")
	}
}

// judgeTape judges recording, replay, and going on after an interruption.
func (b *bench) judgeTape(ctx context.Context, served []int, fail func(string, ...any)) {
	dir, err := os.MkdirTemp(b.folder, "tape-")
	if err != nil {
		fail("%v", err)
		return
	}
	run := func(what string, s script, offline bool) *outcome {
		tape, err := http.OpenTape(dir, b.pack.Title, offline)
		if err != nil {
			fail("%s: %v", what, err)
			return nil
		}
		defer tape.Close()
		s.tape = tape
		o, err := b.run(ctx, s)
		if err != nil {
			fail("%s: %v", what, err)
			return nil
		}
		return o
	}
	half := max(1, len(served)/2)
	if o := run("interrupted", script{cancelAt: half}, false); o != nil && b.changed(o) && !slices.ContainsFunc(o.result.Pulled, told) {
		fail("interrupted: it does not say that something is missing")
	}
	if o := run("resumed", script{}, false); o != nil {
		if b.changed(o) || gapsOf(o.result) != "" {
			fail("resumed after an interruption, the rows are others: %s", gapsOf(o.result))
		}
		if len(o.order) >= len(served) && len(served) > 2 && half > 1 {
			fail("resumed after an interruption, everything is asked again")
		}
	}
	if o := run("offline", script{}, true); o != nil {
		if b.changed(o) || gapsOf(o.result) != "" {
			fail("offline, the rows are others: %s", gapsOf(o.result))
		}
		if len(o.order) > 0 {
			fail("offline, the system is asked: %s", o.order[0])
		}
		text, err := os.ReadFile(dir + "/" + http.TapeName(b.pack.Title))
		if err != nil {
			fail("%v", err)
		}
		b.secret("the recording", o, string(text), fail)
	}
}

func (b *bench) changed(o *outcome) bool {
	for _, t := range b.pack.Gives() {
		if !bytes.Equal(o.rows[t], b.want[t]) {
			return true
		}
	}
	return false
}

// a fault is one way in which an answer breaks.
type broken struct {
	name     string
	recovers bool // the same rows must come out
	always   bool
	breaks   func(w nethttp.ResponseWriter, r *nethttp.Request, e *example, body []byte)
}

func (b *bench) breaks() []broken {
	status := func(code int, headers ...string) func(nethttp.ResponseWriter, *nethttp.Request, *example, []byte) {
		return func(w nethttp.ResponseWriter, _ *nethttp.Request, _ *example, _ []byte) {
			for i := 0; i+1 < len(headers); i += 2 {
				w.Header().Set(headers[i], headers[i+1])
			}
			write(w, code, []byte(`{"message":"broken on purpose"}`))
		}
	}
	text := func(body string, kind string) func(nethttp.ResponseWriter, *nethttp.Request, *example, []byte) {
		return func(w nethttp.ResponseWriter, _ *nethttp.Request, _ *example, _ []byte) {
			w.Header().Set("Content-Type", kind)
			write(w, 200, []byte(body))
		}
	}
	hangUp := func(w nethttp.ResponseWriter, _ *nethttp.Request, _ *example, _ []byte) {
		if h, ok := w.(nethttp.Hijacker); ok {
			if c, _, err := h.Hijack(); err == nil {
				c.Close()
			}
		}
	}
	cut := func(w nethttp.ResponseWriter, r *nethttp.Request, e *example, body []byte) {
		if len(body) == 0 {
			hangUp(w, r, e, body)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Write(body[:len(body)/2])
	}
	list := []broken{
		{name: "429 once", recovers: true, breaks: status(429, "Retry-After", "1")},
		{name: "503 once", recovers: true, breaks: status(503)},
		{name: "504 once", recovers: true, breaks: status(504)},
		{name: "connection broken once", recovers: true, breaks: hangUp},
		{name: "cut off once", recovers: true, breaks: cut},
		{name: "401", always: true, breaks: status(401)},
		{name: "403", always: true, breaks: status(403)},
		{name: "404", always: true, breaks: status(404)},
		{name: "429", always: true, breaks: status(429, "Retry-After", "2")},
		{name: "500", always: true, breaks: status(500)},
		{name: "503", always: true, breaks: status(503)},
		{name: "connection broken", always: true, breaks: hangUp},
		{name: "cut off", always: true, breaks: cut},
		{name: "a login page", always: true, breaks: text("<!DOCTYPE html><html><body>Sign in</body></html>", "text/html")},
		{name: "nothing", always: true, breaks: text("", "application/json")},
		{name: "an empty object", always: true, breaks: text("{}", "application/json")},
		{name: "null", always: true, breaks: text("null", "application/json")},
		{name: "an error in JSON", always: true, breaks: text(`{"error":{"code":"internal","message":"broken on purpose"}}`, "application/json")},
		{name: "other names for everything", always: true, breaks: func(w nethttp.ResponseWriter, _ *nethttp.Request, e *example, body []byte) {
			write(w, e.Status, renamed(body))
		}},
	}
	for _, e := range b.errors {
		list = append(list, broken{name: e.name, always: !e.Recovers, recovers: e.Recovers, breaks: func(w nethttp.ResponseWriter, _ *nethttp.Request, _ *example, _ []byte) {
			for k, v := range e.Headers {
				w.Header().Set(k, v)
			}
			write(w, e.Status, e.Body)
		}})
	}
	return list
}

// renamed is an answer whose keys all have other names.
func renamed(body []byte) []byte {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return body
	}
	var rename func(any) any
	rename = func(v any) any {
		switch v := v.(type) {
		case map[string]any:
			out := map[string]any{}
			for k, x := range v {
				out["renamed_"+k] = rename(x)
			}
			return out
		case []any:
			for i := range v {
				v[i] = rename(v[i])
			}
		}
		return v
	}
	out, _ := json.Marshal(rename(v))
	return out
}

// judgeBroken breaks one request in one way. What comes out must be the same, or
// say of each record whose rows are others that something is missing.
func (b *bench) judgeBroken(ctx context.Context, at int, what string, k broken, fail func(string, ...any)) {
	o, err := b.run(ctx, script{at: at, breaks: k.breaks, always: k.always})
	if err != nil {
		fail("%s at request %d: %v", k.name, at+1, err)
		return
	}
	where := fmt.Sprintf("%s at request %d (%s)", k.name, at+1, shortened(what))
	b.secret(where, o, "", fail)
	if k.recovers {
		if b.changed(o) || gapsOf(o.result) != "" {
			fail("%s is not overcome: %s", where, gapsOf(o.result))
		}
		return
	}
	for _, p := range o.result.Pulled {
		if !told(p) && !bytes.Equal(o.rows[p.Record], b.want[p.Record]) {
			if b.setup.Waived[k.name] != "" {
				b.waived[k.name] = true
				continue
			}
			fail("%s: the %s are others, and nothing says so", where, p.Record)
		}
	}
}

func shortened(s string) string {
	if r := []rune(s); len(r) > 160 {
		return string(r[:160]) + "…"
	}
	return s
}
