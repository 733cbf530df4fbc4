package http

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	nethttp "net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-resty/resty/v2"

	"gcdiag/internal/connector"
	"gcdiag/internal/probe"
	"gcdiag/internal/record"
)

// puller is one pull of one system.
type puller struct {
	spec   Spec
	log    *slog.Logger
	base   *url.URL
	vars   probe.Vars // those that hold for the whole pull
	door   door
	client *resty.Client
	signer signer
	auth   *probe.Auth
	slots  chan struct{}

	mu       sync.Mutex
	progress Progress
	next     time.Time // before which no request is sent
	bytes    int64
	skew     time.Duration // of the system's clock
	skewSeen bool

	lookup map[string]any
	spools map[record.Type]*spool
	gaps   map[record.Type][]string
	lacks  map[record.Type][]string
	notes  []string
	pages  map[string]int
	fell   []any // the names of calls that fell short
}

// Pull reads a system. When ctx ends, what was read until then is kept and the
// result says what is missing. The error is one of this machine's disk; whatever
// the system does is told in the result.
func Pull(ctx context.Context, spec Spec) (Result, error) {
	p, err := open(ctx, spec)
	if err != nil {
		var f *Fault
		if !errors.As(err, &f) {
			return Result{}, err
		}
		return p.nothing(f), nil
	}
	defer p.close(ctx)
	limit := spec.Pack.Limits.Time
	timed, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for _, c := range spec.Pack.Calls {
		if err := p.top(timed, c); err != nil {
			return Result{}, err
		}
	}
	if timed.Err() != nil && ctx.Err() == nil {
		p.gap(spec.Pack.Gives(), fmt.Sprintf("reading stopped after %v", limit))
	}
	return p.result(ctx)
}

// open makes a puller. Where the error is a *Fault, the puller can still say that
// nothing was read.
func open(ctx context.Context, spec Spec) (*puller, error) {
	if spec.Clock.Now == nil {
		spec.Clock = realClock()
	}
	if spec.Progress == nil {
		spec.Progress = func(Progress) {}
	}
	if spec.Log == nil {
		spec.Log = slog.New(slog.DiscardHandler)
	}
	if spec.Zone == nil {
		spec.Zone = time.UTC
	}
	p := &puller{spec: spec, log: spec.Log, lookup: map[string]any{}, spools: map[record.Type]*spool{}, gaps: map[record.Type][]string{}, lacks: map[record.Type][]string{}, pages: map[string]int{},
		slots: make(chan struct{}, max(1, spec.Pack.Limits.Concurrency))}
	p.door.pack, p.door.keep = spec.Pack, map[string]bool{}
	p.vars = probe.Vars{Settings: settings(spec), Window: window(spec), Ledger: map[string]any{"accounts": list(spec.Accounts), "currency": spec.Currency}, Lookup: p.lookup}
	for _, k := range spec.Pack.Keep {
		name, err := k.Make(ctx, &p.vars)
		if err != nil {
			return p, faultf(Answer, "", "%v", err)
		}
		p.door.keep[name] = true
	}
	address := spec.URL
	if address == "" && spec.Pack.URL != nil {
		var err error
		if address, err = spec.Pack.URL.Make(ctx, &p.vars); err != nil {
			return p, faultf(Answer, "", "the pack's url: %v", err)
		}
	}
	var err error
	if p.base, err = url.Parse(address); err != nil || p.base.Host == "" {
		return p, faultf(Unsafe, "write url: and the address of the system", "the system has no address")
	}
	p.base.RawQuery, p.base.Fragment = "", ""
	if spec.Tape != nil && spec.Tape.offline {
		return p, nil
	}
	base, err := transport(spec.CAFile, spec.Pack.Limits.Concurrency)
	if err != nil {
		return p, err
	}
	g := &guard{next: base, hosts: []string{hostOf(p.base)}}
	for _, a := range spec.Pack.Auth {
		if a.TokenURL == nil {
			continue
		}
		if s, err := a.TokenURL.Make(ctx, &p.vars); err == nil {
			if u, err := p.resolve(s); err == nil {
				g.hosts = append(g.hosts, hostOf(u))
			}
		}
	}
	signed, s, err := p.authenticate(ctx, g)
	if err != nil {
		return p, err
	}
	p.signer = s
	p.client = resty.NewWithClient(&nethttp.Client{Transport: signed, CheckRedirect: stay}).SetLogger(quiet{}).SetDisableWarn(true)
	p.client.SetHeader("User-Agent", "gcdiag (read only)")
	return p, nil
}

// quiet keeps the HTTP library from writing to the terminal.
type quiet struct{}

func (quiet) Errorf(string, ...any) {}
func (quiet) Warnf(string, ...any)  {}
func (quiet) Debugf(string, ...any) {}

func (p *puller) close(ctx context.Context) {
	if p.signer != nil {
		p.signer.leave(ctx)
	}
	if p.client != nil {
		p.client.GetClient().CloseIdleConnections()
	}
	for _, s := range p.spools {
		s.close()
	}
}

// settings is $settings: what is configured, over the pack's defaults.
func settings(spec Spec) map[string]any {
	out := map[string]any{}
	for _, s := range spec.Pack.Settings {
		out[s.Name] = s.Default
	}
	for k, v := range spec.Settings {
		if !slices.Contains(connector.CommonSettings(), k) {
			out[k] = v
		}
	}
	return out
}

func window(spec Spec) map[string]any {
	since, until := spec.Since.UTC(), spec.Until.UTC()
	return map[string]any{
		"since": stamp(since), "until": stamp(until), "as_of": stamp(spec.AsOf.UTC()),
		"since_date": spec.Since.In(spec.Zone).Format(time.DateOnly),
		"until_date": spec.Until.Add(-time.Nanosecond).In(spec.Zone).Format(time.DateOnly),
		"since_unix": int(since.Unix()), "until_unix": int(until.Unix()),
		"zone": spec.Zone.String(),
	}
}

// stamp is a time in whole milliseconds, as most systems understand it.
func stamp(t time.Time) string { return t.Format("2006-01-02T15:04:05.000Z07:00") }

func list(texts []string) []any {
	out := []any{}
	for _, s := range texts {
		out = append(out, s)
	}
	return out
}

// top makes one of the pack's calls.
func (p *puller) top(ctx context.Context, c *probe.Call) error {
	v := p.vars
	v.Failed = p.fallen()
	if c.When != nil {
		yes, err := c.When.True(ctx, nil, &v)
		if err != nil {
			p.fail(c, err)
			return nil
		}
		if !yes {
			if c.Else != "" {
				for _, t := range c.Types() {
					p.lacks[t] = append(p.lacks[t], c.Else)
				}
			}
			return nil
		}
	}
	p.tell(func(g *Progress) { g.Call = c.Name })
	return p.call(ctx, c, nil, &v, p)
}

// sink takes what calls give, in order.
type sink interface {
	row(t record.Type, place string, v any, item any) error
	keep(name, key string, v any)
	gap(types []record.Type, why string)
}

// concerned are the record types that suffer when a call fails: its own, and those
// that rest on what it keeps.
func (p *puller) concerned(c *probe.Call) []record.Type {
	out := c.Types()
	var add func(*probe.Call)
	add = func(c *probe.Call) {
		if c.Lookup != nil {
			for _, t := range c.Lookup.For {
				if !slices.Contains(out, t) {
					out = append(out, t)
				}
			}
		}
		for _, child := range c.Children {
			add(child)
		}
	}
	add(c)
	return out
}

func (p *puller) fail(c *probe.Call, err error) { p.gap(p.concerned(c), p.told(c, err)) }

// fallen is $failed.
func (p *puller) fallen() []any {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := slices.Clone(p.fell)
	slices.SortFunc(out, func(a, b any) int { return strings.Compare(a.(string), b.(string)) })
	return append([]any{}, slices.Compact(out)...)
}

// told is why a call failed, with its name, which it remembers.
func (p *puller) told(c *probe.Call, err error) string {
	p.mu.Lock()
	p.fell = append(p.fell, c.Name)
	p.mu.Unlock()
	return p.door.scrub(c.Name + ": " + err.Error())
}

// call reads one list to its end. Only the disk's errors are returned.
func (p *puller) call(ctx context.Context, c *probe.Call, parent any, v *probe.Vars, to sink) error {
	w := *v
	w.Parent = parent
	stop := func(err error) error {
		var f *Fault
		if c.Optional != "" && errors.As(err, &f) && (f.Cause == Permission || f.Cause == NotFound || f.Cause == Credentials && f.Status == nethttp.StatusUnauthorized) {
			p.note(c.Name + ": not read, " + c.Optional)
			return nil
		}
		to.gap(p.concerned(c), p.told(c, err))
		return nil
	}
	page := pageState{number: c.Paging.First, size: c.Paging.Size}
	if c.Paging.Start != nil {
		x, err := c.Paging.Start.One(ctx, parent, &w)
		if err != nil {
			return stop(err)
		}
		page.cursor = plain(x)
	}
	seen := map[string]bool{page.cursor: true}
	var next, before string
	total := -1
	pages := p.spec.Pack.Limits.Pages
	if p.spec.MaxPages > 0 {
		pages = p.spec.MaxPages
	}
	for n := 0; ; n++ {
		if n == pages {
			return stop(fmt.Errorf("reading stopped after %d pages", pages))
		}
		if why := p.limit(); why != "" {
			return stop(errors.New(why))
		}
		w.Page = page.vars()
		w.Answer = nil
		a, err := p.ask(ctx, c.Request, &w, next)
		if err != nil {
			var f *Fault
			if !errors.As(err, &f) {
				return err
			}
			if n > 0 {
				err = fmt.Errorf("page %d: %w", n+1, err)
			}
			return stop(err)
		}
		w.Answer = a.vars()
		if c.Refused != nil {
			why, err := c.Refused.Words(ctx, a.body, &w)
			if err != nil {
				return stop(err)
			}
			if why != "" {
				return stop(fmt.Errorf("the system refuses it: %s", short(why)))
			}
		}
		p.began(c, n+1)
		var items []any
		if a.status != nethttp.StatusNoContent {
			if items, err = c.Items.All(ctx, a.body, &w); err != nil {
				return stop(fmt.Errorf("an answer has another shape than the pack knows: %w", err))
			}
		}
		if c.Total != nil && total < 0 {
			x, err := c.Total.One(ctx, a.body, &w)
			if err != nil {
				return stop(err)
			}
			if n, ok := whole(x); ok {
				total = n
			}
		}
		read := len(items)
		ended := false
		if c.Until != nil {
			for i, item := range items {
				old, err := c.Until.True(ctx, item, &w)
				if err != nil {
					return stop(err)
				}
				if old {
					items, ended = items[:i], true
					break
				}
			}
		}
		if err := p.items(ctx, c, items, n, page.items, &w, to); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return stop(explain(ctx, p.base.Host, err))
		}
		page.items += read
		if ended || p.spec.Sample {
			return nil
		}
		more, err := p.more(ctx, c, a, items, read, &page, &next, seen, total, &w)
		if err != nil {
			return stop(err)
		}
		if !more {
			if total > page.items && c.Until == nil {
				return stop(fmt.Errorf("the system speaks of %d and gave %d", total, page.items))
			}
			return nil
		}
		if c.Paging.By == probe.ByPage || c.Paging.By == probe.ByOffset {
			b, err := probe.Marshal(items)
			if err != nil {
				return stop(err)
			}
			sum := sha256.Sum256(b)
			if now := string(sum[:]); read > 0 && now == before {
				return stop(fmt.Errorf("page %d is the one before again", n+1))
			} else {
				before = now
			}
		}
	}
}

// pageState is where a list stands.
type pageState struct {
	number, size, items int
	cursor              string
}

func (s pageState) vars() any {
	v := map[string]any{"number": s.number, "size": s.size, "offset": s.items, "items": s.items, "cursor": nil}
	if s.cursor != "" {
		v["cursor"] = s.cursor
	}
	return v
}

// more moves on to the next page, or says that there is none.
func (p *puller) more(ctx context.Context, c *probe.Call, a *answer, items []any, read int, page *pageState, next *string, seen map[string]bool, total int, w *probe.Vars) (bool, error) {
	g := c.Paging
	if a.status == nethttp.StatusNoContent || g.By == probe.OnePage {
		return false, nil
	}
	said := false
	if g.More != nil {
		yes, err := g.More.True(ctx, a.body, w)
		if err != nil || !yes {
			return false, err
		}
		said = true
	}
	advance := func(x any) (bool, error) {
		s := plain(x)
		switch {
		case s == "" && said:
			return false, errors.New("the system says that there is more and does not say where")
		case s == "":
			return false, nil
		case seen[s]:
			return false, errors.New("the system sends in circles: a cursor comes twice")
		}
		seen[s] = true
		page.cursor = s
		page.number++
		return true, nil
	}
	switch g.By {
	case probe.ByCursor:
		x, err := g.Next.One(ctx, a.body, w)
		if err != nil {
			return false, err
		}
		return advance(x)
	case probe.ByURL:
		x, err := g.Next.One(ctx, a.body, w)
		if err != nil {
			return false, err
		}
		on, err := advance(x)
		*next = page.cursor
		return on, err
	case probe.ByLink:
		on, err := advance(nextLink(a.headers["link"]))
		*next = page.cursor
		return on, err
	case probe.ByLast:
		if read == 0 {
			return false, nil
		}
		x, err := g.Next.One(ctx, items[len(items)-1], w)
		if err != nil {
			return false, err
		}
		return advance(x)
	}
	page.number++
	if read == 0 && said {
		return false, errors.New("the system says that there is more and gives nothing")
	}
	if read == 0 || total >= 0 && page.items >= total && !said {
		return false, nil
	}
	return true, nil
}

// nextLink is the address of the next page in a Link header, RFC 8288.
func nextLink(header string) any {
	for header != "" {
		_, rest, ok := strings.Cut(header, "<")
		if !ok {
			return nil
		}
		target, rest, ok := strings.Cut(rest, ">")
		if !ok {
			return nil
		}
		params, after, _ := cutLink(rest)
		for _, part := range strings.Split(params, ";") {
			k, v, _ := strings.Cut(strings.TrimSpace(part), "=")
			if strings.EqualFold(k, "rel") && slices.Contains(strings.Fields(strings.ToLower(strings.Trim(v, `"`))), "next") {
				return target
			}
		}
		header = after
	}
	return nil
}

// cutLink ends one link's parameters at the comma before the next "<".
func cutLink(s string) (params, rest string, found bool) {
	if i := strings.Index(s, ",<"); i >= 0 {
		return s[:i], s[i+1:], true
	}
	if i := strings.Index(s, ", <"); i >= 0 {
		return s[:i], s[i+1:], true
	}
	return s, "", false
}

// items maps the items of a page and makes the calls below them.
func (p *puller) items(ctx context.Context, c *probe.Call, items []any, page, before int, v *probe.Vars, to sink) error {
	type job struct {
		call   *probe.Call
		parent any
		out    held
		err    error
	}
	var jobs []*job
	place := func(i int) string { return fmt.Sprintf("%s %s: item %d", p.spec.Name, c.Name, before+i+1) }
	for i, item := range items {
		for _, t := range slices.Sorted(maps.Keys(c.Map)) {
			rows, err := c.Map[t].All(ctx, item, v)
			for _, row := range rows {
				if err := to.row(t, place(i), row, item); err != nil {
					return err
				}
			}
			if err != nil {
				if ctx.Err() != nil {
					return nil
				}
				if err := to.row(t, place(i), err, item); err != nil {
					return err
				}
			}
		}
		if l := c.Lookup; l != nil {
			keys, err := l.Key.All(ctx, item, v)
			var value any
			if err == nil {
				value, err = l.Value.One(ctx, item, v)
			}
			if err != nil {
				to.gap(p.concerned(c), p.told(c, err))
				keys = nil
			}
			for _, key := range keys {
				if k := plain(key); k != "" {
					to.keep(l.Name, k, value)
				}
			}
		}
		for _, child := range c.Children {
			if child.When != nil {
				w := *v
				w.Parent = item
				yes, err := child.When.True(ctx, item, &w)
				if err != nil {
					to.gap(p.concerned(child), p.told(child, err))
					continue
				}
				if !yes {
					continue
				}
			}
			if before+i >= child.Cap {
				to.gap(p.concerned(child), p.told(child, fmt.Errorf("asked for the first %d alone", child.Cap)))
				continue
			}
			jobs = append(jobs, &job{call: child, parent: item})
		}
	}
	if len(jobs) == 0 {
		return nil
	}
	if p.spec.Sample {
		jobs = jobs[:min(1, len(jobs))]
	}
	var wg sync.WaitGroup
	feed := make(chan *job)
	for range min(len(jobs), cap(p.slots)) {
		wg.Go(func() {
			for j := range feed {
				j.err = p.call(ctx, j.call, j.parent, v, &j.out)
			}
		})
	}
	for _, j := range jobs {
		feed <- j
	}
	close(feed)
	wg.Wait()
	for _, j := range jobs {
		if j.err != nil {
			return j.err
		}
		if err := j.out.pass(to); err != nil {
			return err
		}
	}
	return nil
}

// held is what a call beside others gave, until its turn comes.
type held struct{ list []func(sink) error }

func (h *held) row(t record.Type, place string, v, item any) error {
	h.list = append(h.list, func(to sink) error { return to.row(t, place, v, item) })
	return nil
}

func (h *held) keep(name, key string, v any) {
	h.list = append(h.list, func(to sink) error { to.keep(name, key, v); return nil })
}

func (h *held) gap(types []record.Type, why string) {
	h.list = append(h.list, func(to sink) error { to.gap(types, why); return nil })
}

func (h *held) pass(to sink) error {
	for _, f := range h.list {
		if err := f(to); err != nil {
			return err
		}
	}
	return nil
}

func (p *puller) keep(name, key string, v any) {
	table, _ := p.lookup[name].(map[string]any)
	if table == nil {
		table = map[string]any{}
		p.lookup[name] = table
	}
	have, _ := table[key].([]any)
	table[key] = append(have, v)
}

func (p *puller) gap(types []record.Type, why string) {
	for _, t := range types {
		if !slices.Contains(p.gaps[t], why) {
			p.gaps[t] = append(p.gaps[t], why)
		}
	}
}

func (p *puller) note(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !slices.Contains(p.notes, text) {
		p.notes = append(p.notes, text)
	}
}

// began remembers that a call's records were answered, and on how many pages.
func (p *puller) began(c *probe.Call, pages int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pages[c.Name] = max(p.pages[c.Name], pages)
	for _, t := range c.Types() {
		p.spool(t).begun = true
	}
}

func plain(x any) string {
	switch x := x.(type) {
	case nil, bool:
		return ""
	case string:
		return x
	}
	b, err := probe.Marshal(x)
	if err != nil {
		return ""
	}
	return string(b)
}

func whole(x any) (int, bool) {
	switch x := x.(type) {
	case int:
		return x, true
	case json.Number:
		n, err := x.Int64()
		return int(n), err == nil
	case string:
		n, err := json.Number(x).Int64()
		return int(n), err == nil
	}
	return 0, false
}

func short(s string) string {
	if r := []rune(s); len(r) > 300 {
		return string(r[:300]) + "…"
	}
	return s
}

// nothing is the result of a pull that could not begin.
func (p *puller) nothing(f *Fault) Result {
	var r Result
	for _, t := range p.spec.Pack.Gives() {
		r.Pulled = append(r.Pulled, Pulled{Record: t, Failed: []string{p.door.scrub(f.Reason)}})
	}
	return r
}

// result closes the spools and says what was read.
func (p *puller) result(ctx context.Context) (Result, error) {
	r := Result{Notes: p.notes, Pages: p.pages}
	if p.skewSeen && (p.skew > 2*time.Minute || p.skew < -2*time.Minute) {
		r.Notes = append(r.Notes, fmt.Sprintf("the system's clock differs from this machine's by %v", p.skew.Round(time.Second).Abs()))
	}
	slices.Sort(r.Notes)
	v := p.vars
	v.Failed = p.fallen()
	for _, t := range p.spec.Pack.Gives() {
		rec := p.spec.Pack.Records[t]
		out := Pulled{Record: t, Failed: p.gaps[t], Silence: rec.Silence}
		if s := p.spools[t]; s != nil {
			if err := s.close(); err != nil {
				return r, err
			}
			out.Begun, out.Rejects, out.Rows, out.Path = s.begun, s.rejects, s.rows, s.path
			for _, c := range connector.Columns(t) {
				if s.filled[c] {
					out.Filled = append(out.Filled, c)
				}
			}
		}
		partial := slices.Clone(p.lacks[t])
		out.Covers = record.Window{Since: p.spec.Since, Until: p.spec.Until}
		if rec.Retention != nil {
			text, err := rec.Retention.Make(context.WithoutCancel(ctx), &v)
			if err == nil && text != "" {
				var keeps time.Duration
				if keeps, err = connector.ParseSpan(text); err == nil {
					if from := p.spec.AsOf.Add(-keeps); from.After(out.Covers.Since) {
						out.Covers.Since = from
					}
				}
			}
			if err != nil {
				partial = append(partial, "it is not known how long the system keeps them")
			}
		}
		if rec.Partial != nil && !p.spec.Sample { // one page can't tell
			why, err := rec.Partial.Words(context.WithoutCancel(ctx), nil, &v)
			if err != nil {
				why = "it is not known whether they are all there are"
			}
			if why != "" {
				partial = append(partial, why)
			}
		}
		out.Partial = strings.Join(partial, "; ")
		r.Pulled = append(r.Pulled, out)
	}
	return r, nil
}

// --- counting, pacing and waiting ---

func (p *puller) tell(change func(*Progress)) {
	p.mu.Lock()
	change(&p.progress)
	g := p.progress
	p.mu.Unlock()
	p.spec.Progress(g)
}

func (p *puller) count(a *answer) {
	p.mu.Lock()
	p.bytes += a.bytes
	p.mu.Unlock()
	p.tell(func(g *Progress) { g.Pages++; g.Bytes += a.bytes; g.Waiting, g.Why = 0, "" })
}

// limit is why no further request may be sent, or "".
func (p *puller) limit() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bytes > p.spec.Pack.Limits.Bytes {
		return fmt.Sprintf("reading stopped after %d MiB of answers", p.spec.Pack.Limits.Bytes>>20)
	}
	return ""
}

// pace waits for this request's turn.
func (p *puller) pace(ctx context.Context) error {
	p.mu.Lock()
	now := p.spec.Clock.Now()
	at := now
	if p.next.After(at) {
		at = p.next
	}
	if per := p.spec.Pack.Limits.PerSecond; per > 0 {
		p.next = at.Add(time.Duration(float64(time.Second) / per))
	}
	p.mu.Unlock()
	d := at.Sub(now)
	if d <= 0 {
		return ctx.Err()
	}
	if d >= time.Second {
		p.tell(func(g *Progress) { g.Waiting, g.Why = d, "the system limits its requests" })
	}
	return p.spec.Clock.Sleep(ctx, d)
}

// after holds all requests back for a while.
func (p *puller) after(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if at := p.spec.Clock.Now().Add(d); at.After(p.next) {
		p.next = at
	}
}

// wait holds all requests back and waits.
func (p *puller) wait(ctx context.Context, d time.Duration, why string) error {
	p.after(d)
	p.tell(func(g *Progress) { g.Waiting, g.Why = d, p.door.scrub(why) })
	return p.spec.Clock.Sleep(ctx, d)
}

// lastDate compares the system's clock with this machine's.
func (p *puller) lastDate(header string) {
	t, err := nethttp.ParseTime(header)
	if err != nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.skew, p.skewSeen = t.Sub(p.spec.Clock.Now()), true
}

// path is where the rows of a record type go.
func (p *puller) path(t record.Type) string {
	return filepath.Join(p.spec.Folder, strings.TrimSuffix(TapeName(p.spec.Name), ".ndjson")+"."+t.String()+".ndjson")
}

func create(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
}
