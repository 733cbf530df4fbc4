package http

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	nethttp "net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"gcdiag/internal/probe"
)

// answer is what the system said, after redaction.
type answer struct {
	status  int
	headers map[string]string
	body    any
	bytes   int64
}

// Bounds of a single exchange.
const (
	largest  = 64 << 20 // bytes of one answer
	attempts = 6
	patience = 5 * time.Minute // the longest wait that an answer may ask for
)

// kept are the headers of answers that are kept whatever the pack names.
var kept = []string{"retry-after", "link", "date"}

// prepare fills a request in. The error is a *Fault.
func (p *puller) prepare(ctx context.Context, r *probe.Request, v *probe.Vars) (*url.URL, []byte, map[string]string, error) {
	bad := func(what string, err error) error {
		return faultf(Answer, "", "%s: %v", what, p.door.scrub(err.Error()))
	}
	path, err := r.Path.Make(ctx, v)
	if err != nil {
		return nil, nil, nil, bad("the request's path", err)
	}
	target, err := p.resolve(path)
	if err != nil {
		return nil, nil, nil, err
	}
	if r.Query != nil {
		x, err := r.Query.One(ctx, nil, v)
		if err != nil {
			return nil, nil, nil, bad("the request's query", err)
		}
		q, err := queryOf(x)
		if err != nil {
			return nil, nil, nil, bad("the request's query", err)
		}
		if target.RawQuery != "" && len(q) > 0 {
			target.RawQuery += "&"
		}
		target.RawQuery += q.Encode()
	}
	headers := map[string]string{"Accept": "application/json"}
	for k, t := range r.Headers {
		s, err := t.Make(ctx, v)
		if err != nil {
			return nil, nil, nil, bad("the request's header "+k, err)
		}
		headers[k] = s
	}
	var body []byte
	if r.GraphQL != "" || r.Body != nil {
		var x any
		if r.GraphQL != "" {
			vars := any(map[string]any{})
			if r.Vars != nil {
				if vars, err = r.Vars.One(ctx, nil, v); err != nil {
					return nil, nil, nil, bad("the query's variables", err)
				}
			}
			x = map[string]any{"query": r.GraphQL, "variables": vars}
		} else if x, err = r.Body.One(ctx, nil, v); err != nil {
			return nil, nil, nil, bad("the request's body", err)
		}
		if form, ok := x.(string); ok {
			body = []byte(form) // a form or another text; the pack gives its Content-Type
		} else if body, err = probe.Marshal(x); err != nil {
			return nil, nil, nil, bad("the request's body", err)
		}
		if _, given := headers["Content-Type"]; !given {
			headers["Content-Type"] = "application/json"
		}
	}
	return target, body, headers, nil
}

// resolve is an address of the system: a path below its url, or an address that
// an answer gave.
func (p *puller) resolve(path string) (*url.URL, error) {
	u, err := url.Parse(path)
	if err != nil {
		return nil, faultf(Answer, "", "an address can't be read")
	}
	if u.IsAbs() {
		return u, nil
	}
	if strings.HasPrefix(path, "//") {
		return nil, faultf(Unsafe, "", "an address leads to another host")
	}
	out := *p.base
	if strings.HasPrefix(path, "/") {
		joined, err := url.Parse(strings.TrimSuffix(p.base.Scheme+"://"+p.base.Host+strings.TrimSuffix(p.base.EscapedPath(), "/"), "/") + path)
		if err != nil {
			return nil, faultf(Answer, "", "an address can't be read")
		}
		return joined, nil
	}
	out.Path = strings.TrimSuffix(out.Path, "/") + "/"
	return out.ResolveReference(u), nil
}

// queryOf makes parameters of an object: null ones are left out, lists repeat.
func queryOf(x any) (url.Values, error) {
	q := url.Values{}
	object, ok := x.(map[string]any)
	if !ok {
		return nil, errors.New("it must be an object")
	}
	var add func(k string, v any) error
	add = func(k string, v any) error {
		switch v := v.(type) {
		case nil:
		case string:
			q.Add(k, v)
		case bool:
			q.Add(k, strconv.FormatBool(v))
		case []any:
			for _, x := range v {
				if err := add(k, x); err != nil {
					return err
				}
			}
		case map[string]any:
			return fmt.Errorf("%s is an object", k)
		default:
			b, err := probe.Marshal(v)
			if err != nil {
				return err
			}
			q.Add(k, string(b))
		}
		return nil
	}
	for k, v := range object {
		if err := add(k, v); err != nil {
			return nil, err
		}
	}
	return q, nil
}

// ask sends a request of the pack, or takes its answer from the tape.
func (p *puller) ask(ctx context.Context, r *probe.Request, v *probe.Vars, next string) (*answer, error) {
	if r.Changes != "" && !p.spec.AllowChanging {
		return nil, faultf(Permission, "", "it was not asked, because it changes something (%s); the setting allow_changing_reads: \"yes\" permits it", r.Changes)
	}
	target, body, headers, err := p.prepare(ctx, r, v)
	if err != nil {
		return nil, err
	}
	if next != "" {
		if target, err = p.resolveNext(target, next); err != nil {
			return nil, err
		}
	}
	address := target.RequestURI()
	key := fingerprint(r.Method, address, body)
	if a, known, err := p.spec.Tape.get(key); known || err != nil {
		if err == nil {
			p.count(a)
		}
		return a, err
	}
	a, err := p.send(ctx, r, target, body, headers, v)
	var f *Fault
	if err != nil && !errors.As(err, &f) {
		return nil, err
	}
	if f != nil {
		f.Reason, f.Advice = p.door.scrub(f.Reason), p.door.scrub(f.Advice)
	}
	if f == nil || f.Cause != Cancelled {
		if err := p.spec.Tape.put(key, p.door.scrub(describe(r.Method, address, body)), a, f); err != nil {
			return nil, err
		}
	}
	if f != nil {
		return nil, f
	}
	p.count(a)
	return a, nil
}

// resolveNext is the address that an answer gave for the next page, which must be
// one of the same host.
func (p *puller) resolveNext(now *url.URL, next string) (*url.URL, error) {
	u, err := url.Parse(next)
	if err != nil {
		return nil, faultf(Answer, "", "the address of the next page can't be read")
	}
	u = now.ResolveReference(u)
	if hostOf(u) != hostOf(p.base) {
		return nil, faultf(Unsafe, "", "the next page is said to be on another host, %s", u.Host)
	}
	return u, nil
}

// describe is a request for people.
func describe(method, address string, body []byte) string {
	s := method + " " + address
	if len(body) > 0 {
		b := strings.Join(strings.Fields(string(body)), " ")
		if len(b) > 300 {
			b = b[:300] + "…"
		}
		s += " " + b
	}
	return s
}

// send sends a request until it is answered, within reason.
func (p *puller) send(ctx context.Context, r *probe.Request, target *url.URL, body []byte, headers map[string]string, v *probe.Vars) (*answer, error) {
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-ctx.Done():
		return nil, explain(ctx, target.Host, ctx.Err())
	}
	renewed := false
	var last *Fault
	for try := range attempts {
		if try > 0 {
			p.log.Info("asking again", "system", p.spec.Name, "why", last.Reason)
		}
		if err := p.pace(ctx); err != nil {
			return nil, explain(ctx, target.Host, err)
		}
		a, f := p.once(ctx, r, target, body, headers)
		if f == nil && p.spec.Pack.Limits.Retry != nil {
			w := *v
			w.Answer = a.vars()
			come, err := p.spec.Pack.Limits.Retry.True(ctx, a.body, &w)
			if err != nil {
				return nil, faultf(Answer, "", "%v", err)
			}
			if come {
				f = faultf(Throttled, "", "the system is too busy and asked to come again later").again()
			}
		}
		if f == nil {
			if err := p.settle(ctx, a, v); err != nil {
				return nil, err
			}
			return a, nil
		}
		if f.Status == nethttp.StatusUnauthorized && !renewed && p.signer != nil && p.signer.renew() {
			renewed = true
			last = f
			continue
		}
		if !f.passing || try == attempts-1 {
			if f.passing {
				f.Reason += fmt.Sprintf(", %d times", attempts)
			}
			return nil, f
		}
		wait := p.backoff(try)
		if f.after > 0 {
			wait = min(f.after, patience)
		}
		if a != nil {
			asked, err := p.asked(ctx, a, v)
			if err != nil {
				return nil, err
			}
			if asked > patience {
				f.Reason += fmt.Sprintf("; it asks to wait for %v", asked.Round(time.Second))
				return nil, f
			}
			if asked > 0 {
				wait = asked
			}
		}
		if err := p.wait(ctx, wait, f.Reason); err != nil {
			return nil, explain(ctx, target.Host, err)
		}
		last = f
	}
	return nil, last
}

// once sends a request a single time. Where it is not answered well, the fault says
// whether it may pass, and the answer, if any came, how long to wait.
func (p *puller) once(ctx context.Context, r *probe.Request, target *url.URL, body []byte, headers map[string]string) (*answer, *Fault) {
	one, cancel := context.WithTimeout(ctx, p.spec.Pack.Limits.Timeout)
	defer cancel()
	sent, err := p.wrapped(one, body)
	if err != nil {
		return nil, explain(ctx, target.Host, err)
	}
	req := p.client.R().SetContext(one).SetDoNotParseResponse(true).SetHeaders(headers)
	if len(sent) > 0 {
		req.SetBody(sent)
	}
	res, err := req.Execute(r.Method, target.String())
	if err != nil {
		return nil, explain(ctx, target.Host, err)
	}
	stream := res.RawBody()
	defer stream.Close()
	raw, err := io.ReadAll(io.LimitReader(stream, largest+1))
	if err != nil {
		f := explain(ctx, target.Host, err)
		f.passing = f.Cause == Unreachable && ctx.Err() == nil
		return nil, f
	}
	p.lastDate(res.Header().Get("Date"))
	a := &answer{status: res.StatusCode(), headers: p.headers(res.Header()), bytes: int64(len(raw))}
	if len(raw) > largest {
		return a, faultf(Answer, "ask for smaller pages", "an answer is larger than %d MiB", largest>>20)
	}
	switch {
	case a.status == nethttp.StatusNoContent:
		return a, nil
	case a.status/100 == 2 && len(strings.TrimSpace(string(raw[:min(len(raw), 64)]))) == 0:
		return a, faultf(Answer, "", "the answer is empty").again()
	case a.status/100 == 2:
		var err error
		if a.body, err = p.door.decode(raw); err == nil {
			return a, nil
		}
		switch {
		case looksLikePage(raw):
			return a, faultf(Answer, "a login page or a proxy answered; check url and credentials", "the answer is no JSON")
		case errors.Is(err, io.ErrUnexpectedEOF):
			return a, faultf(Answer, "", "the answer was cut off").again()
		}
		return a, faultf(Answer, "", "the answer is no JSON")
	}
	f := p.refusal(a.status, raw).passes(res.Header(), p.spec.Clock.Now())
	if f.passing {
		// The body may say how long to wait.
		if v, err := p.door.decode(raw); err == nil {
			a.body = v
		}
	}
	return a, f
}

func looksLikePage(raw []byte) bool {
	s := strings.ToLower(strings.TrimSpace(string(raw[:min(len(raw), 200)])))
	return strings.HasPrefix(s, "<")
}

// refusal is the fault of an answer whose status is not one of success.
func (p *puller) refusal(status int, raw []byte) *Fault {
	f := &Fault{Status: status}
	switch {
	case status == nethttp.StatusUnauthorized:
		f.Cause, f.Reason, f.Advice = Credentials, "the system does not accept the credentials (401)", "check the secrets, and that they have not expired or been revoked"
	case status == nethttp.StatusForbidden:
		f.Cause, f.Reason, f.Advice = Permission, "the system does not permit this (403)", "grant the permission that gcdiag probe show "+p.spec.Pack.Name+" lists"
	case status == nethttp.StatusNotFound:
		f.Cause, f.Reason, f.Advice = NotFound, "the system knows no such address (404)", "check the url and the settings"
	case status == nethttp.StatusTooManyRequests:
		f.Cause, f.Reason = Throttled, "the system limits its requests (429)"
	case status >= 500:
		f.Cause, f.Reason, f.Advice = Server, fmt.Sprintf("the system failed to answer (%d)", status), "try again later"
	case status/100 == 3:
		f.Cause, f.Reason, f.Advice = Answer, fmt.Sprintf("the system redirects without saying where to (%d)", status), "check the url"
	default:
		f.Cause, f.Reason, f.Advice = Answer, fmt.Sprintf("the system refuses the request (%d)", status), "check the settings"
	}
	if s := excerpt(raw); s != "" {
		f.Reason += ": " + s
	}
	return f
}

// headers are those of an answer that are kept.
func (p *puller) headers(h nethttp.Header) map[string]string {
	out := map[string]string{}
	for k, v := range h {
		k = strings.ToLower(k)
		if len(v) == 0 {
			continue
		}
		named := p.spec.Pack.Mentions(k)
		for _, name := range kept {
			named = named || name == k
		}
		if named {
			out[k] = p.door.scrub(v[0])
		}
	}
	return out
}

// vars is $answer.
func (a *answer) vars() any {
	headers := map[string]any{}
	for k, v := range a.headers {
		headers[k] = v
	}
	return map[string]any{"status": a.status, "headers": headers}
}

// asked is how long an answer asks to wait.
func (p *puller) asked(ctx context.Context, a *answer, v *probe.Vars) (time.Duration, error) {
	if d := retryAfter(a.headers["retry-after"], p.spec.Clock.Now()); d > 0 {
		return d, nil
	}
	return p.price(ctx, a, v)
}

// price is how long to wait after an answer, as the pack computes it; 0: not.
func (p *puller) price(ctx context.Context, a *answer, v *probe.Vars) (time.Duration, error) {
	if p.spec.Pack.Limits.Wait == nil {
		return 0, nil
	}
	w := *v
	w.Answer = a.vars()
	x, err := p.spec.Pack.Limits.Wait.One(ctx, a.body, &w)
	if err != nil {
		return 0, faultf(Answer, "", "%v", err)
	}
	return seconds(x), nil
}

// retryAfter reads the header, seconds or a date, RFC 9110; 0: it says nothing.
func retryAfter(header string, now time.Time) time.Duration {
	if n, err := strconv.ParseFloat(header, 64); err == nil && n >= 0 {
		return time.Duration(min(n, 1e6) * float64(time.Second))
	}
	if t, err := nethttp.ParseTime(header); err == nil {
		return max(0, t.Sub(now))
	}
	return 0
}

// passes says of a fault with a status that it may pass, and when.
func (f *Fault) passes(h nethttp.Header, now time.Time) *Fault {
	switch f.Status {
	case nethttp.StatusTooManyRequests, nethttp.StatusBadGateway, nethttp.StatusServiceUnavailable, nethttp.StatusGatewayTimeout:
		f.passing, f.after = true, retryAfter(h.Get("Retry-After"), now)
	}
	return f
}

func seconds(x any) time.Duration {
	b, err := probe.Marshal(x)
	if err != nil {
		return 0
	}
	n, err := strconv.ParseFloat(strings.Trim(string(b), `"`), 64)
	if err != nil || n <= 0 {
		return 0
	}
	return time.Duration(min(n, 1e6) * float64(time.Second))
}

// settle waits after an answer for as long as it asks before the next request.
func (p *puller) settle(ctx context.Context, a *answer, v *probe.Vars) error {
	d, err := p.price(ctx, a, v)
	if d > 0 {
		p.after(min(d, patience))
	}
	return err
}

// backoff is how long to wait before another try where the system does not say.
func (p *puller) backoff(try int) time.Duration {
	d := time.Second << try
	return d/2 + rand.N(d/2)
}
