package http

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	nethttp "net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"gcdiag/internal/connector"
	"gcdiag/internal/probe"
)

// State is how a check ended.
type State string

// The states. Warn means that access works and something needs care; Unknown that
// the system does not tell.
const (
	OK      State = "ok"
	Warn    State = "warn"
	Failed  State = "failed"
	Unknown State = "unknown"
)

// Check is one thing that the doctor looked at.
type Check struct {
	Name   string `json:"name"`
	State  State  `json:"state"`
	Text   string `json:"text"`
	Advice string `json:"advice,omitempty"` // what to do where it is not ok
}

// Doctor checks the access to one system: with one cheap request, then with the
// first page of each list that the pack reads. It is read-only, like everything
// here, and nothing in the checks is secret.
func Doctor(ctx context.Context, spec Spec) ([]Check, error) {
	var out []Check
	add := func(name string, state State, advice, format string, a ...any) {
		out = append(out, Check{name, state, fmt.Sprintf(format, a...), advice})
	}
	p, err := open(ctx, spec)
	if err != nil {
		var f *Fault
		if !errors.As(err, &f) {
			return nil, err
		}
		name := "credentials"
		if f.Cause != Credentials {
			name = "address"
		}
		add(name, Failed, f.Advice, "%s", p.door.scrub(f.Reason))
		return out, nil
	}
	defer p.close(ctx)
	add("address", OK, "", "%s", p.base.Redacted())
	if proxy := proxyOf(p.base); proxy != "" {
		add("proxy", Warn, "set NO_PROXY if requests should go there directly", "requests go through the proxy %s, as the environment says", proxy)
	}

	d := spec.Pack.Doctor
	v := p.vars
	a, err := p.ask(ctx, d.Request, &v, "")
	if err != nil {
		var f *Fault
		if !errors.As(err, &f) {
			return out, err
		}
		switch f.Cause {
		case Unreachable, Cancelled, Unsafe:
			add("reachable", Failed, f.Advice, "%s", f.Reason)
		case TLS:
			add("reachable", OK, "", "%s answers", p.base.Host)
			add("tls", Failed, f.Advice, "%s", f.Reason)
		case Credentials:
			add("reachable", OK, "", "%s answers", p.base.Host)
			add("credentials", Failed, f.Advice, "%s", f.Reason)
		default:
			add("reachable", OK, "", "%s answers", p.base.Host)
			add("access", Failed, f.Advice, "%s", f.Reason)
		}
		return out, nil
	}
	add("reachable", OK, "", "%s answers%s", p.base.Host, map[bool]string{true: " over TLS"}[p.base.Scheme == "https"])
	v.Answer = a.vars()
	words := func(e *probe.Expr) string {
		if e == nil {
			return ""
		}
		s, err := e.Words(ctx, a.body, &v)
		if err != nil {
			return ""
		}
		return p.door.scrub(short(s))
	}
	if d.Refused != nil {
		why, err := d.Refused.Words(ctx, a.body, &v)
		if err != nil {
			why = err.Error()
		}
		if why != "" {
			add("credentials", Failed, fmt.Sprintf("gcdiag probe show %s lists what is needed", spec.Pack.Name), "the system refuses: %s", p.door.scrub(short(why)))
			return out, nil
		}
	}
	who := words(d.Who)
	if who != "" {
		who = ", which takes gcdiag for " + who
	}
	add("credentials", OK, "", "accepted by %s%s", spec.Pack.Title, who)
	p.version(ctx, words(d.Version), add)
	p.scopes(ctx, a, &v, add)
	p.clock(add)
	p.lists(ctx, add)
	return out, nil
}

func proxyOf(u *url.URL) string {
	if loopback(u.Hostname()) {
		return ""
	}
	proxy, err := nethttp.ProxyFromEnvironment(&nethttp.Request{URL: u})
	if err != nil || proxy == nil {
		return ""
	}
	return proxy.Host
}

func (p *puller) version(ctx context.Context, answered string, add func(string, State, string, string, ...any)) {
	api := p.spec.Pack.API
	if api.Version == nil {
		if answered != "" {
			state, advice := OK, ""
			if len(api.Known) > 0 && !knownVersion(api.Known, answered) {
				state, advice = Warn, "the pack is known to work with "+strings.Join(api.Known, ", ")
			}
			add("version", state, advice, "%s answers", answered)
		}
		return
	}
	asked, err := api.Version.Make(ctx, &p.vars)
	if err != nil {
		return
	}
	switch {
	case answered != "" && answered != asked:
		add("version", Warn, "ask for a version that the system still serves", "version %s was asked for and %s answered", asked, answered)
	case len(api.Known) > 0 && !knownVersion(api.Known, asked):
		add("version", Warn, "the pack is known to work with "+strings.Join(api.Known, ", "), "version %s is asked for", asked)
	case answered == "":
		add("version", OK, "", "version %s is asked for; the system does not say which one answers", asked)
	default:
		add("version", OK, "", "version %s is asked for and answers", asked)
	}
}

// knownVersion reports whether a version is among the known ones, of which "6.0"
// means every 6.0.x.
func knownVersion(known []string, v string) bool {
	return slices.ContainsFunc(known, func(k string) bool { return v == k || strings.HasPrefix(v, k+".") })
}

func (p *puller) scopes(ctx context.Context, a *answer, v *probe.Vars, add func(string, State, string, string, ...any)) {
	pack := p.spec.Pack
	if len(pack.Scopes) == 0 {
		return
	}
	var granted []string
	told := false
	if pack.Doctor.Scopes != nil {
		all, err := pack.Doctor.Scopes.All(ctx, a.body, v)
		if err == nil {
			for _, x := range all {
				list, ok := x.([]any)
				told = told || ok
				for _, y := range list {
					granted = append(granted, plain(y))
				}
			}
		}
	}
	for _, s := range pack.Scopes {
		if s.When != nil {
			if needed, err := s.When.True(ctx, nil, v); err == nil && !needed {
				continue
			}
		}
		var records []string
		for _, t := range s.Records {
			records = append(records, t.String())
		}
		need := strings.Join(records, ", ")
		if need == "" {
			need = "the records"
		}
		switch {
		case !told:
			add("scope "+s.Name, Unknown, "", "needed for %s; the system does not tell what is granted", need)
		case slices.Contains(granted, s.Name):
			add("scope "+s.Name, OK, "", "granted, for %s", need)
		case s.Optional != "":
			add("scope "+s.Name, Warn, "grant it: "+s.Where, "not granted: %s", s.Optional)
		default:
			add("scope "+s.Name, Failed, "grant it: "+s.Where, "not granted, and %s can't be read without it", need)
		}
	}
}

func (p *puller) clock(add func(string, State, string, string, ...any)) {
	switch {
	case !p.skewSeen:
		add("clock", Unknown, "", "the system does not tell its time")
	case p.skew.Abs() > 2*time.Minute:
		add("clock", Warn, "set this machine's clock, or mind the difference in times", "the system's clock differs from this machine's by %v", p.skew.Abs().Round(time.Second))
	default:
		add("clock", OK, "", "the system's clock agrees with this machine's")
	}
}

// lists reads the first page of each list and says what came of it.
func (p *puller) lists(ctx context.Context, add func(string, State, string, string, ...any)) {
	p.spec.Sample = true
	for _, c := range p.spec.Pack.Calls {
		if err := p.top(ctx, c); err != nil {
			add("lists", Failed, "", "%v", err)
			return
		}
	}
	r, err := p.result(ctx)
	if err != nil {
		add("lists", Failed, "", "%v", err)
		return
	}
	for _, got := range r.Pulled {
		name := got.Record.String()
		switch {
		case len(got.Failed) > 0:
			add(name, Failed, "see the scopes above and gcdiag probe show "+p.spec.Pack.Name, "%s", strings.Join(got.Failed, "; "))
			continue
		case len(got.Rejects) > 0 && got.Rows == 0:
			add(name, Failed, "the answers have another shape than the pack knows; look for a newer pack", "%s: %s", got.Rejects[0].Place, got.Rejects[0].Reason)
			continue
		case got.Rows == 0 && !got.Silence:
			add(name, Unknown, "", "readable, and the first page holds none, which proves nothing")
		case got.Rows == 0:
			add(name, OK, "", "readable, and the first page holds none")
		default:
			add(name, OK, "", "%d on the first page, such as %s", got.Rows, sample(got))
		}
		if got.Partial != "" {
			add(name, Warn, "what is not read can't be judged", "incomplete: %s", got.Partial)
		}
		if !p.spec.Judged.IsZero() && got.Covers.Since.After(p.spec.Judged) {
			add(name, Warn, "choose a window within it, or ask for an export of what is older", "kept since %s, and the window begins at %s", minute(got.Covers.Since, p.spec.Zone), minute(p.spec.Judged, p.spec.Zone))
		}
	}
	for _, n := range r.Notes {
		add("note", Warn, "", "%s", n)
	}
}

func minute(t time.Time, zone *time.Location) string { return t.In(zone).Format("2006-01-02 15:04") }

// telling are the columns whose values a sample shows.
var telling = []string{"kind", "outcome", "type", "topic", "name", "amount", "debit", "credit", "currency", "account", "status", "active", "enabled", "at", "dated", "received_at", "opened_at"}

// sample is a mapped record in words that hold nothing of a customer.
func sample(p Pulled) string {
	f, err := os.Open(p.Path)
	if err != nil {
		return "?"
	}
	defer f.Close()
	line, _ := bufio.NewReader(f).ReadBytes('\n')
	var row map[string]any
	d := json.NewDecoder(strings.NewReader(string(line)))
	d.UseNumber()
	if d.Decode(&row) != nil {
		return "?"
	}
	var parts []string
	for _, k := range telling {
		s := plain(row[k])
		if yes, ok := row[k].(bool); ok {
			s = strconv.FormatBool(yes)
		}
		if s != "" {
			parts = append(parts, k+" "+short(s))
		}
	}
	var others []string
	for _, c := range connector.Columns(p.Record) {
		if row[c] != nil && !slices.Contains(telling, c) {
			others = append(others, c)
		}
	}
	s := strings.Join(parts, ", ")
	if len(others) > 0 {
		s += "; with " + strings.Join(others, ", ")
	}
	return s
}
