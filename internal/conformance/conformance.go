// Package conformance proves vendor packs with data: it serves a pack's example
// answers from a server on this machine, reads them through the pack as a real
// run would, and compares the rows with the golden ones. Then it breaks every
// answer in every way that systems break, and demands that what can be overcome
// is overcome and everything else is told. It needs no vendor and no Go of the
// pack's author.
//
// The examples of a pack stand in a folder of its own:
//
//	setup.yaml       settings, secrets, window and ledger of the run, where the
//	                 answers come from, and texts that must never come out
//	answers/*.json   lists of answers, in any order; each says which request it
//	                 answers
//	empty/*.json     the same for a system in which nothing happened; an answer
//	                 missing here is taken from answers
//	errors/*.json    refusals with status 200, as the vendor writes them
//	golden/*.ndjson  the rows, one file for each record type
package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net"
	nethttp "net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"gcdiag/internal/casefile"
	"gcdiag/internal/money"
	"gcdiag/internal/probe"
	"gcdiag/internal/record"
	"gcdiag/internal/redact"
	"gcdiag/internal/source/file"
	"gcdiag/internal/source/http"
)

// setup is setup.yaml.
type setup struct {
	// Source says where the answers come from: "recorded from …" or "written from …".
	Source   string            `yaml:"source"`
	Settings map[string]string `yaml:"settings"`
	Auth     map[string]string `yaml:"auth"`
	Since    string            `yaml:"since"` // RFC 3339
	Until    string            `yaml:"until"`
	AsOf     string            `yaml:"as_of"`
	Timezone string            `yaml:"timezone"`
	Accounts []string          `yaml:"accounts"`
	Currency string            `yaml:"currency"`
	// Secret are texts of the answers that must not be seen in any row or record.
	Secret []string `yaml:"secret"`
	// OnePage are calls whose lists never have a second page here, and why.
	OnePage map[string]string `yaml:"one_page"`
	// Waived are faults that this vendor's answers can't be told from health, and why.
	Waived map[string]string `yaml:"waived"`
	// Changing permits reads that change something on the server.
	Changing bool `yaml:"changing"`
}

// example is one answer and the request that it answers. A request matches where
// the method and the path are the same and everything that query and body name is
// in it.
type example struct {
	Request struct {
		Method  string            `json:"method"`
		Path    string            `json:"path"`
		Query   map[string]string `json:"query"`
		Body    any               `json:"body"`
		Headers map[string]string `json:"headers"` // that the request must carry
	} `json:"request"`
	Status  int               `json:"status"` // default 200
	Headers map[string]string `json:"headers"`
	Body    json.RawMessage   `json:"body"`
	// Recovers marks an error after which the same request is answered.
	Recovers bool `json:"recovers"`

	name string
	used bool
}

// Golden is what a pack makes of its examples: JSON lines by record type.
type Golden map[record.Type][]byte

// bench is a pack with its examples.
type bench struct {
	pack    *probe.Pack
	setup   setup
	answers []*example
	empty   []*example
	errors  []*example
	golden  Golden
	folder  string

	want   Golden // of a run without faults
	waived map[string]bool
}

// newBench loads a pack's examples and makes a folder for its runs, which the
// caller removes.
func newBench(pack *probe.Pack, examples fs.FS) (*bench, error) {
	b := &bench{pack: pack, golden: Golden{}, waived: map[string]bool{}}
	if err := b.load(examples); err != nil {
		return nil, err
	}
	var err error
	b.folder, err = os.MkdirTemp("", "gcdiag-probe-")
	return b, err
}

// Run proves a pack with the examples in a file system. It returns the rows that
// the pack makes of them and every way in which it falls short, joined. With
// sample set only the first, the middle and the last answer are broken, not each.
func Run(ctx context.Context, pack *probe.Pack, examples fs.FS, sample bool) (Golden, error) {
	b, err := newBench(pack, examples)
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(b.folder)
	var faults []error
	fail := func(format string, a ...any) { faults = append(faults, fmt.Errorf(format, a...)) }

	clean, err := b.run(ctx, script{})
	if err != nil {
		return nil, err
	}
	b.want = clean.rows
	b.judgeClean(clean, fail)
	if len(faults) > 0 {
		return b.want, errors.Join(faults...)
	}
	for _, t := range pack.Gives() {
		if !bytes.Equal(b.want[t], b.golden[t]) {
			fail("%s: the rows are not the golden ones: %s", t, difference(b.golden[t], b.want[t]))
		}
	}
	b.judgeEmpty(ctx, fail)
	b.judgeTape(ctx, clean.served, fail)
	for i := range clean.served {
		if n := len(clean.served); sample && i > 0 && i != n/2 && i != n-1 {
			continue
		}
		for _, k := range b.breaks() {
			b.judgeBroken(ctx, i, clean.order[i], k, fail)
			if ctx.Err() != nil {
				return b.want, ctx.Err()
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(b.setup.Waived)) {
		if !b.waived[name] && !sample {
			fail("setup.yaml: waived: %q is told all the same, or is no fault", name)
		}
	}
	return b.want, errors.Join(faults...)
}

// outcome is one run of the pack against the examples.
type outcome struct {
	rows    Golden
	result  http.Result
	order   []string // what was asked, in order
	served  []int
	strange []string // requests that no example answers
	refused []string // rows that are no records
	waited  time.Duration
}

// script says what the server does beside answering.
type script struct {
	at       int // the request that is broken, from 0
	breaks   func(w nethttp.ResponseWriter, r *nethttp.Request, e *example, body []byte)
	always   bool // broken each time it is asked, not once
	empty    bool
	tape     *http.Tape
	cancelAt int // requests after which the run is interrupted; 0: none
}

func (b *bench) run(ctx context.Context, s script) (*outcome, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	out := &outcome{rows: Golden{}}
	var mu sync.Mutex
	for _, e := range b.answers {
		e.used = false
	}
	broken := ""
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	base := "http://" + listener.Addr().String()
	server := &nethttp.Server{Handler: nethttp.HandlerFunc(func(w nethttp.ResponseWriter, r *nethttp.Request) {
		mu.Lock()
		defer mu.Unlock()
		e, what := b.find(r, s.empty)
		n := len(out.order)
		out.order = append(out.order, what)
		if e == nil {
			out.strange = append(out.strange, what)
			nethttp.Error(w, `{"message":"no example answers this"}`, 404)
			return
		}
		e.used = true
		out.served = append(out.served, n)
		body := bytes.ReplaceAll(e.Body, []byte("{server}"), []byte(base))
		for k, v := range e.Headers {
			w.Header().Set(k, strings.ReplaceAll(v, "{server}", base))
		}
		if s.cancelAt > 0 && n+1 >= s.cancelAt {
			cancel()
		}
		if s.breaks != nil && (n == s.at || s.always && what == broken) {
			broken = what
			s.breaks(w, r, e, body)
			return
		}
		write(w, e.Status, body)
	})}
	go server.Serve(listener)
	defer server.Close()

	spec, err := b.spec(base)
	if err != nil {
		return nil, err
	}
	spec.Tape = s.tape
	spec.Clock = http.Clock{Now: time.Now, Sleep: func(ctx context.Context, d time.Duration) error {
		mu.Lock()
		out.waited += d
		mu.Unlock()
		return ctx.Err()
	}}
	if spec.Folder, err = os.MkdirTemp(b.folder, "run-"); err != nil {
		return nil, err
	}
	defer os.RemoveAll(spec.Folder)
	if out.result, err = http.Pull(ctx, spec); err != nil {
		return nil, err
	}
	for _, p := range out.result.Pulled {
		if p.Path == "" {
			continue
		}
		text, err := os.ReadFile(p.Path)
		if err != nil {
			return nil, err
		}
		out.rows[p.Record] = text
		if s.breaks == nil {
			if err := b.records(ctx, p, out); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// records reads rows as a diagnosis does, and remembers which are no records.
func (b *bench) records(ctx context.Context, p http.Pulled, out *outcome) error {
	spec := p.File(p.Record.String())
	spec.Currency, _ = money.ParseCurrency(b.setup.Currency)
	var err error
	if spec.Zone, err = time.LoadLocation(b.setup.Timezone); err != nil {
		return err
	}
	c := &casefile.Case{Systems: []casefile.System{{Role: b.pack.Role, Inputs: []casefile.Input{{Name: spec.Name, Record: p.Record}}}}}
	builder := casefile.NewBuilder(c)
	if _, err := file.Read(ctx, spec, builder, nil); err != nil && ctx.Err() == nil {
		out.refused = append(out.refused, err.Error())
	}
	builder.Finish()
	for _, r := range c.Rejects {
		out.refused = append(out.refused, r.Place+": "+r.Reason)
	}
	return nil
}

func write(w nethttp.ResponseWriter, status int, body []byte) {
	if status == 0 {
		status = 200
	}
	if len(body) > 0 && w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json")
	}
	w.WriteHeader(status)
	if status != 204 {
		w.Write(body)
	}
}

func (b *bench) spec(base string) (http.Spec, error) {
	parse := func(s string) (time.Time, error) { return time.Parse(time.RFC3339, s) }
	since, err1 := parse(b.setup.Since)
	until, err2 := parse(b.setup.Until)
	asOf, err3 := parse(b.setup.AsOf)
	zone, err4 := time.LoadLocation(b.setup.Timezone)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return http.Spec{}, fmt.Errorf("setup.yaml: %w", err)
	}
	s := http.Spec{Name: b.pack.Title, Pack: b.pack, URL: base + b.path(), Settings: map[string]string{}, Since: since, Until: until, AsOf: asOf, Zone: zone,
		Accounts: b.setup.Accounts, Currency: b.setup.Currency, AllowChanging: b.setup.Changing}
	for k, v := range b.setup.Settings {
		s.Settings[k] = strings.ReplaceAll(v, "{server}", base)
	}
	s.Secret = func(_ context.Context, name string) (redact.Secret, bool, error) {
		v, ok := b.setup.Auth[name]
		return redact.NewSecret(v), ok, nil
	}
	return s, nil
}

// path is the path of the pack's own address, below which its requests are made.
func (b *bench) path() string {
	if b.pack.URL == nil {
		return ""
	}
	v := probe.Vars{Settings: map[string]any{}}
	all := map[string]any{}
	for _, s := range b.pack.Settings {
		all[s.Name] = s.Default
	}
	for k, x := range b.setup.Settings {
		all[k] = x
	}
	v.Settings = all
	s, err := b.pack.URL.Make(context.Background(), &v)
	if err != nil {
		return ""
	}
	u, err := url.Parse(s)
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(u.EscapedPath(), "/")
}

// find is the example that answers a request, unused ones first, and the request
// in words.
func (b *bench) find(r *nethttp.Request, empty bool) (*example, string) {
	var body any
	var text bytes.Buffer
	text.ReadFrom(r.Body)
	d := json.NewDecoder(bytes.NewReader(text.Bytes()))
	d.UseNumber()
	if d.Decode(&body) != nil {
		body = text.String()
	}
	what := r.Method + " " + r.URL.RequestURI()
	if text.Len() > 0 {
		what += " " + strings.Join(strings.Fields(text.String()), " ")
	}
	var reserve *example
	for _, list := range [][]*example{b.empty, b.answers} {
		if !empty && len(b.empty) > 0 && &list[0] == &b.empty[0] {
			continue
		}
		for _, e := range list {
			if !e.answers(r, body) {
				continue
			}
			if !e.used {
				return e, what
			}
			if reserve == nil {
				reserve = e
			}
		}
		if reserve != nil {
			return reserve, what
		}
	}
	return nil, what
}

func (e *example) answers(r *nethttp.Request, body any) bool {
	method := e.Request.Method
	if method == "" {
		method = "GET"
	}
	if method != r.Method || e.Request.Path != r.URL.Path {
		return false
	}
	for k, v := range e.Request.Headers {
		if r.Header.Get(k) != v {
			return false
		}
	}
	q := r.URL.Query()
	for k, v := range e.Request.Query {
		if strings.Join(q[k], ",") != v {
			return false
		}
	}
	return within(e.Request.Body, body)
}

// within reports whether everything that want names is in have.
func within(want, have any) bool {
	switch w := want.(type) {
	case nil:
		return true
	case map[string]any:
		h, ok := have.(map[string]any)
		if !ok {
			return false
		}
		for k, v := range w {
			x, there := h[k]
			if v == nil {
				if there && x != nil {
					return false
				}
				continue
			}
			if !there || !within(v, x) {
				return false
			}
		}
		return true
	case []any:
		h, ok := have.([]any)
		if !ok || len(h) != len(w) {
			return false
		}
		for i := range w {
			if w[i] == nil && h[i] != nil || !within(w[i], h[i]) {
				return false
			}
		}
		return true
	}
	return reflect.DeepEqual(want, have)
}

// told reports whether a record's result says that something is missing.
func told(p http.Pulled) bool { return len(p.Failed) > 0 || p.Partial != "" || len(p.Rejects) > 0 }

func gapsOf(r http.Result) string {
	var all []string
	for _, p := range r.Pulled {
		for _, g := range p.Failed {
			all = append(all, p.Record.String()+": "+g)
		}
		for _, j := range p.Rejects {
			all = append(all, j.Place+": "+j.Reason)
		}
	}
	return strings.Join(all, "; ")
}

// difference is where two texts first differ, for people.
func difference(want, got []byte) string {
	w, g := strings.Split(string(want), "\n"), strings.Split(string(got), "\n")
	for i := range max(len(w), len(g)) {
		a, b := "(nothing)", "(nothing)"
		if i < len(w) {
			a = w[i]
		}
		if i < len(g) {
			b = g[i]
		}
		if a != b {
			return fmt.Sprintf("line %d is\n\t%s\nand should be\n\t%s", i+1, b, a)
		}
	}
	return "they are equal"
}

// Save writes golden rows into a folder and removes those of records that the
// pack no longer makes.
func (g Golden) Save(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	old, _ := filepath.Glob(filepath.Join(folder, "*.ndjson"))
	for _, f := range old {
		if err := os.Remove(f); err != nil {
			return err
		}
	}
	for _, t := range slices.Sorted(maps.Keys(g)) {
		if err := os.WriteFile(filepath.Join(folder, t.String()+".ndjson"), g[t], 0o644); err != nil {
			return err
		}
	}
	return nil
}

// Rows is what a pack makes of its examples, for new golden files.
func Rows(ctx context.Context, pack *probe.Pack, examples fs.FS) (Golden, error) {
	b, err := newBench(pack, examples)
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(b.folder)
	o, err := b.run(ctx, script{})
	if err != nil {
		return nil, err
	}
	for _, s := range o.strange {
		return nil, fmt.Errorf("no example answers %s", s)
	}
	if g := gapsOf(o.result); g != "" {
		return nil, errors.New(g)
	}
	return o.rows, nil
}
