package probe

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/itchyny/gojq"

	"gcdiag/internal/connector"
	"gcdiag/internal/record"
)

// loader turns a document into a pack and collects its mistakes.
type loader struct {
	file    string
	pack    *Pack
	prelude []*gojq.FuncDef
	inAuth  bool
	errs    []error
	calls   map[string]bool
	// inPrelude are the names that the pack's own functions mention.
	inPrelude map[string]bool
}

func (l *loader) fail(line int, advice, format string, a ...any) {
	l.errs = append(l.errs, &Error{File: l.file, Line: line, Reason: fmt.Sprintf(format, a...), Advice: advice})
}

var plainName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// Defaults and bounds of a pack's limits.
const (
	defaultTimeout = time.Minute
	defaultPages   = 10_000
	defaultBytes   = 2 << 30
	defaultTime    = time.Hour
	defaultCap     = 100_000
	deepest        = 3 // calls below each other
)

func (l *loader) load(d *document) {
	p := l.pack
	p.Name, p.Title, p.About, p.Example = d.Pack.text, d.Title, strings.TrimSpace(d.About), d.Example
	switch {
	case p.Name == "":
		l.fail(0, "write pack: and a short name, the one that connectors.yaml uses", "the pack has no name")
	case !plainName.MatchString(p.Name) || p.Name == connector.FileProbe || p.Name == "sql":
		l.fail(d.Pack.line, "small letters, digits and _, beginning with a letter; not file or sql", "%q can't be the name of a pack", p.Name)
	case path.Base(filepath.ToSlash(l.file)) != p.Name+".yaml":
		l.fail(d.Pack.line, "", "the file of the pack %q must be named %s.yaml", p.Name, p.Name)
	}
	if d.Format != Version {
		l.fail(0, fmt.Sprintf("write format: %d", Version), "the pack's format is %d, and this gcdiag reads %d", d.Format, Version)
	}
	if p.Title == "" {
		l.fail(0, "write title: and the vendor's name as people write it", "the pack has no title")
	}
	role, ok := record.ParseRole(d.Role.text)
	if !ok || role == record.NoRole {
		l.fail(d.Role.line, "", "role %q is not one of platform, integration, erp", d.Role.text)
		return
	}
	p.Role = role
	l.compilePrelude(d.JQ)

	p.API = API{Name: d.API.Name, Version: l.text(d.API.Version), Known: d.API.Known, Docs: d.API.Docs}
	if p.URL = l.text(d.URL); p.URL == nil && p.Example == "" {
		l.fail(0, "write url_example: and an address, which people see when they are asked for theirs", "the pack tells neither url nor url_example")
	}
	l.settings(d.Settings)
	l.limits(d.Limits)
	for _, f := range d.Feeds {
		kind, ok := record.ParseKind(f.Kind.text)
		if f.Kind.text != "" && !ok {
			l.fail(f.Kind.line, "", "kind %q is not one of %s", f.Kind.text, strings.Join(record.Vocabulary(record.Movements, "kind"), ", "))
		}
		via, ok := record.ParseVia(f.Via.text)
		if !ok {
			l.fail(max(f.Via.line, f.Kind.line), "", "via %q is not one of webhook, api, batch, report, manual, none", f.Via.text)
		}
		p.Feeds = append(p.Feeds, Feed{kind, f.Origin, via, f.Why})
	}
	if len(p.Feeds) > 0 && role != record.Platform {
		l.fail(0, "", "feeds belong to a platform: they say how its events leave it")
	}
	d.Records.each(func(t record.Type, r *recordDoc) {
		rec := &Record{Retention: l.text(r.Retention), Partial: l.expr(r.Partial), About: strings.TrimSpace(r.About)}
		switch r.Silence.text {
		case "proves":
			rec.Silence = true
		case "nothing", "":
		default:
			l.fail(r.Silence.line, "proves: an answer without rows means that nothing happened; nothing: it means nothing", "silence %q is not one of proves, nothing", r.Silence.text)
		}
		if !slices.Contains(record.Types(role), t) {
			l.fail(0, "", "records: %s are none of %s's", t, role)
		}
		p.Records[t] = rec
	})
	for _, s := range d.Scopes {
		scope := Scope{Name: s.Name, Where: s.Where, When: l.expr(s.When), Optional: s.Optional}
		for _, w := range s.Records {
			t, ok := record.ParseType(w.text)
			if !ok || p.Records[t] == nil {
				l.fail(w.line, "", "scope %s: the pack reads no %q", s.Name, w.text)
				continue
			}
			scope.Records = append(scope.Records, t)
		}
		p.Scopes = append(p.Scopes, scope)
	}
	p.Screens, p.Notes, p.FreeText, p.Embedded, p.OnlyUnder, p.Attributes = d.Screens, d.Notes, d.FreeText, d.Embedded, d.OnlyUnder, d.Attributes
	for topic := range d.Screens {
		if !slices.Contains(screenTopics(), topic) {
			l.fail(0, "the topics are "+strings.Join(screenTopics(), ", "), "screens: unknown topic %q", topic)
		}
	}
	for _, k := range d.Keep {
		p.Keep = append(p.Keep, l.text(&k))
	}
	for _, key := range d.FreeText {
		p.mentioned[key] = true
	}
	l.inAuth = true
	l.auth(d.Auth)
	l.inAuth = false
	if d.Doctor != nil {
		p.Doctor = &Doctor{Request: l.request(d.Doctor.Request, "doctor", 0), Refused: l.expr(d.Doctor.Refused), Version: l.expr(d.Doctor.Version), Scopes: l.expr(d.Doctor.Scopes), Who: l.expr(d.Doctor.Who)}
		if d.Doctor.Request == nil {
			l.fail(0, "", "doctor has no request")
		}
	} else {
		l.fail(0, "write doctor: with a cheap request that shows whether the credentials work", "the pack has no doctor")
	}
	l.calls = map[string]bool{}
	p.Calls = l.callList(d.Calls, 1)
	if len(p.Calls) == 0 {
		l.fail(0, "", "the pack makes no calls")
	}
	l.lookups()
	for _, t := range p.Gives() {
		if !slices.ContainsFunc(p.Calls, func(c *Call) bool { return c.gives(t) }) {
			l.fail(0, "", "no call maps %s, which stand under records", t)
		}
	}
}

// screenTopics are what screens may speak of.
func screenTopics() []string {
	out := []string{"emit", "forward", "arrive", "classify"}
	for t := record.Movements; t <= record.Exceptions; t++ {
		out = append(out, t.String())
	}
	return out
}

func (l *loader) settings(list []settingDoc) {
	seen := map[string]bool{}
	for _, d := range list {
		s := Setting{Name: d.Name.text, Description: d.Description, Example: d.Example, Default: d.Default, Optional: d.Optional, Pattern: d.Pattern.text, Choices: d.Choices, Line: d.Name.line}
		switch {
		case !plainName.MatchString(s.Name):
			l.fail(s.Line, "small letters, digits and _", "%q can't be the name of a setting", s.Name)
		case seen[s.Name]:
			l.fail(s.Line, "", "the setting %q stands there twice", s.Name)
		case slices.Contains(connector.CommonSettings(), s.Name):
			l.fail(s.Line, "", "the setting %q is one that every connector has", s.Name)
		}
		seen[s.Name] = true
		if s.Description == "" || s.Example == "" && len(s.Choices) == 0 {
			l.fail(s.Line, "people see both when they are asked for it", "the setting %q has no description or no example", s.Name)
		}
		if s.Pattern != "" {
			re, err := regexp.Compile("^(?:" + s.Pattern + ")$")
			if err != nil {
				l.fail(d.Pattern.line, "", "the pattern of %q is not a regular expression: %v", s.Name, err)
			} else {
				for _, v := range []string{s.Example, s.Default} {
					if v != "" && !re.MatchString(v) {
						l.fail(d.Pattern.line, "", "the pattern of %q refuses the setting's own %q", s.Name, v)
					}
				}
			}
		}
		if len(s.Choices) > 0 && s.Default != "" && !slices.Contains(s.Choices, s.Default) {
			l.fail(s.Line, "", "the default of %q is none of its choices", s.Name)
		}
		l.pack.Settings = append(l.pack.Settings, s)
	}
}

func (l *loader) limits(d limitsDoc) {
	lim := Limits{Concurrency: d.Concurrency, PerSecond: d.PerSecond, Timeout: d.Timeout, Pages: d.Pages, Bytes: d.Bytes, Time: d.Time, Wait: l.expr(d.Wait), Retry: l.expr(d.Retry)}
	if lim.Concurrency < 0 || lim.PerSecond < 0 || lim.Timeout < 0 || lim.Pages < 0 || lim.Bytes < 0 || lim.Time < 0 {
		l.fail(0, "", "a limit is negative")
	}
	set(&lim.Concurrency, 1)
	set(&lim.Timeout, defaultTimeout)
	set(&lim.Pages, defaultPages)
	set(&lim.Bytes, defaultBytes)
	set(&lim.Time, defaultTime)
	l.pack.Limits = lim
}

func set[T comparable](v *T, fallback T) {
	if *v == *new(T) {
		*v = fallback
	}
}

// needs are the secrets, by type, that an auth must name.
var needs = map[AuthType][]string{
	AuthNone: nil, AuthHeader: nil, AuthSession: nil,
	AuthBearer:      {"token"},
	AuthBasic:       {"user", "password"},
	AuthOAuth2:      {"client_id", "client_secret"},
	AuthCertificate: {"client_id", "certificate_id", "private_key"},
	AuthOAuth1:      {"consumer_key", "consumer_secret", "token_id", "token_secret"},
}

func (l *loader) auth(list []authDoc) {
	if len(list) == 0 {
		l.fail(0, "write auth: with at least one entry; type: none where nothing is needed", "the pack does not say how to authenticate")
	}
	for _, d := range list {
		line := d.Name.line
		a := Auth{Name: d.Name.text, Title: d.Title, Type: AuthType(d.Type.text), Line: line, Basic: d.Basic,
			Header: l.text(d.Header), Value: l.text(d.Value), Realm: l.text(d.Realm), TokenURL: l.text(d.TokenURL), Scope: l.text(d.Scope), Audience: l.text(d.Audience),
			Session: l.expr(d.Session), Wrap: l.expr(d.Wrap), Refused: l.expr(d.Refused)}
		for k, v := range d.Form {
			if a.Form == nil {
				a.Form = map[string]*Text{}
			}
			a.Form[k] = l.text(&v)
		}
		secrets, known := needs[a.Type]
		if !known {
			l.fail(d.Type.line, "", "auth type %q is not one of %s", a.Type, strings.Join(authTypes(), ", "))
		}
		var names []string
		for _, s := range d.Secrets {
			if !plainName.MatchString(s.Name.text) {
				l.fail(s.Name.line, "", "%q can't be the name of a secret", s.Name.text)
			}
			if s.Description == "" {
				l.fail(s.Name.line, "say where people find it", "the secret %q has no description", s.Name.text)
			}
			names = append(names, s.Name.text)
			a.Secrets = append(a.Secrets, Secret{s.Name.text, s.Description, s.Example, s.Public})
		}
		for _, n := range secrets {
			if !slices.Contains(names, n) {
				l.fail(line, "", "auth %s: %s needs the secret %q", a.Name, a.Type, n)
			}
		}
		if !plainName.MatchString(a.Name) {
			l.fail(line, "small letters, digits and _", "%q can't be the name of an auth", a.Name)
		}
		switch a.Type {
		case AuthHeader:
			if a.Header == nil || a.Value == nil {
				l.fail(line, "", "auth %s needs header and value", a.Name)
			}
		case AuthOAuth2, AuthCertificate:
			if a.TokenURL == nil {
				l.fail(line, "", "auth %s needs token_url", a.Name)
			}
		case AuthSession:
			if d.Login == nil || a.Session == nil {
				l.fail(line, "", "auth %s needs login and session", a.Name)
			}
			if (a.Header == nil) != (a.Value == nil) {
				l.fail(line, "leave both out where the session is kept in cookies", "auth %s has only one of header and value", a.Name)
			}
			if d.Login != nil {
				a.Login = l.request(d.Login, "login", line)
			}
			if d.Logout != nil {
				a.Logout = l.request(d.Logout, "logout", line)
			}
		}
		l.pack.Auth = append(l.pack.Auth, a)
	}
}

func authTypes() []string {
	var out []string
	for t := range needs {
		out = append(out, string(t))
	}
	slices.Sort(out)
	return out
}

func (l *loader) callList(list []callDoc, depth int) []*Call {
	var out []*Call
	for _, d := range list {
		c := &Call{Name: d.Name.text, About: d.About, When: l.expr(d.When), Else: d.Else, Refused: l.expr(d.Refused), Items: l.expr(d.Items),
			Until: l.expr(d.Until), Total: l.expr(d.Total), Cap: d.Cap, Optional: d.Optional, Line: d.Name.line, Map: map[record.Type]*Expr{}}
		if c.Name == "" {
			l.fail(c.Line, "people see it while it is read", "a call has no name")
		} else if l.calls[c.Name] {
			l.fail(c.Line, "", "two calls are named %q", c.Name)
		}
		l.calls[c.Name] = true
		if depth > deepest {
			l.fail(c.Line, "", "calls are nested more than %d deep", deepest)
			continue
		}
		if d.Request == nil {
			l.fail(c.Line, "", "the call %q has no request", c.Name)
			continue
		}
		c.Request = l.request(d.Request, c.Name, c.Line)
		if c.Items == nil {
			l.fail(c.Line, "write items: and the jq expression that gives them one by one, such as .items[]", "the call %q does not say what its items are", c.Name)
		}
		set(&c.Cap, defaultCap)
		c.Paging = l.paging(d.Paging, c)
		d.Map.each(func(t record.Type, e *exprSource) {
			if l.pack.Records[t] == nil {
				l.fail(e.line, fmt.Sprintf("write %s under records, with what is known of retention and silence", t), "the call %q maps %s, which do not stand under records", c.Name, t)
			}
			x := l.expr(e)
			if x != nil {
				l.lintMoney(x, t)
			}
			c.Map[t] = x
		})
		if d.Lookup != nil {
			c.Lookup = &Lookup{Name: d.Lookup.Name.text, Key: l.expr(d.Lookup.Key), Value: l.expr(d.Lookup.Value)}
			if c.Lookup.Key == nil || c.Lookup.Value == nil || !plainName.MatchString(c.Lookup.Name) {
				l.fail(c.Line, "", "the lookup of %q needs name, key and value", c.Name)
			}
		}
		c.Children = l.callList(d.Children, depth+1)
		if len(c.Map) == 0 && c.Lookup == nil && len(c.Children) == 0 {
			l.fail(c.Line, "", "nothing becomes of what the call %q reads", c.Name)
		}
		out = append(out, c)
	}
	return out
}

func (l *loader) paging(d pagingDoc, c *Call) Paging {
	p := Paging{By: PagingBy(d.By.text), Size: d.Size, First: 1, Next: l.expr(d.Next), Start: l.expr(d.Start), More: l.expr(d.More)}
	if d.First != nil {
		p.First = *d.First
	}
	if p.By == "" {
		p.By = OnePage
	}
	line := max(d.By.line, c.Line)
	switch p.By {
	case ByCursor, ByURL, ByLast:
		if p.Next == nil {
			l.fail(line, "", "paging by %s needs next", p.By)
		}
	case ByPage, ByOffset:
		if p.Size <= 0 {
			l.fail(line, "", "paging by %s needs size", p.By)
		}
	case ByLink:
	case OnePage:
		if p.Next != nil || p.Size != 0 || p.More != nil {
			l.fail(line, "write by: cursor, page, offset, link, url or last", "paging does not say by what")
		}
	default:
		l.fail(line, "", "paging by %q is not one of none, cursor, page, offset, link, url, last", p.By)
	}
	if p.Start != nil && p.By != ByCursor && p.By != ByLast {
		l.fail(line, "", "start belongs to paging by cursor or last")
	}
	return p
}

var mutation = regexp.MustCompile(`(?m)^\s*(mutation|subscription)\b`)

func (l *loader) request(d *requestDoc, about string, line int) *Request {
	if d == nil {
		return nil
	}
	r := &Request{Method: strings.ToUpper(d.Method.text), Path: l.text(d.Path), Query: l.expr(d.Query), Body: l.expr(d.Body), Vars: l.expr(d.Vars),
		GraphQL: d.GraphQL.text, Reads: strings.TrimSpace(d.Reads), Changes: strings.TrimSpace(d.Changes), Line: max(line, d.Method.line)}
	if d.Path == nil {
		l.fail(r.Line, "", "the request of %q has no path", about)
	} else {
		r.Line = d.Path.line
	}
	for _, k := range slices.Sorted(maps.Keys(d.Headers)) {
		v := d.Headers[k]
		if r.Headers == nil {
			r.Headers = map[string]*Text{}
		}
		if strings.EqualFold(k, "authorization") || strings.EqualFold(k, "cookie") {
			l.fail(v.line, "", "the header %s belongs under auth", k)
		}
		r.Headers[k] = l.text(&v)
	}
	if r.GraphQL != "" {
		if mutation.MatchString(r.GraphQL) {
			l.fail(d.GraphQL.line, "", "the request of %q is no query: only reads are sent", about)
		}
		if r.Body != nil || r.Method != "" && r.Method != "POST" {
			l.fail(d.GraphQL.line, "", "a GraphQL request has no method and no body of its own")
		}
		r.Method = "POST"
		if r.Reads == "" {
			r.Reads = "GraphQL queries are sent by POST"
		}
	} else if r.Vars != nil {
		l.fail(r.Line, "", "variables belong to graphql")
	}
	if r.Method == "" {
		r.Method = "GET"
	}
	switch r.Method {
	case "GET":
		if r.Body != nil {
			l.fail(r.Line, "", "a GET has no body")
		}
	case "POST":
		if r.Reads == "" && r.Changes == "" && about != "login" && about != "logout" {
			l.fail(r.Line, "write reads: and why this POST only reads, or changes: and what it changes", "the request of %q is no GET and does not say that it only reads", about)
		}
	case "DELETE":
		if about != "logout" {
			l.fail(r.Line, "", "method DELETE is not one of GET, POST")
		}
	default:
		l.fail(r.Line, "", "method %q is not one of GET, POST", r.Method)
	}
	return r
}

// compilePrelude reads the pack's own jq functions.
func (l *loader) compilePrelude(src exprSource) {
	if strings.TrimSpace(src.text) == "" {
		return
	}
	q, err := gojq.Parse(src.text + "\n.")
	if err != nil {
		l.parseError(err, src.text, src.line)
		return
	}
	l.prelude, l.inPrelude = q.FuncDefs, map[string]bool{}
	for _, f := range q.FuncDefs {
		maps.Copy(l.inPrelude, l.lint(f.Body, src.line))
	}
}

// reached are the pack's own functions that an expression calls, by way of others,
// too, in their order: compiling all of them for each expression takes its time.
func (l *loader) reached(q *gojq.Query) []*gojq.FuncDef {
	wanted := map[string]bool{}
	collect := func(n any) {
		walk(n, func(n any) bool {
			if f, ok := n.(*gojq.Func); ok {
				wanted[signature(f.Name, len(f.Args))] = true
			}
			return true
		})
	}
	collect(q)
	var out []*gojq.FuncDef
	// A function sees those above it, so one way up finds all.
	for _, f := range slices.Backward(l.prelude) {
		if wanted[signature(f.Name, len(f.Args))] {
			collect(f.Body)
			out = append(out, f)
		}
	}
	slices.Reverse(out)
	return out
}

func signature(name string, args int) string { return fmt.Sprintf("%s/%d", name, args) }

func (l *loader) parseError(err error, src string, line int) {
	var pe *gojq.ParseError
	reason := "it is no jq"
	if errors.As(err, &pe) {
		line += strings.Count(src[:min(pe.Offset, len(src))], "\n")
		reason = "unexpected " + pe.Token
		if pe.Token == "" {
			reason = "it ends too early"
		}
	}
	l.fail(line, "", "the jq expression can't be read: %s", reason)
}

func (l *loader) expr(src *exprSource) *Expr {
	if src == nil {
		return nil
	}
	return l.compile(src.text, src.line)
}

func (l *loader) compile(text string, line int) *Expr {
	q, err := gojq.Parse(text)
	if err != nil {
		l.parseError(err, text, line)
		return nil
	}
	e := &Expr{source: text, line: line, auth: l.inAuth}
	e.names = l.lint(q, line)
	e.query = q
	whole := *q
	whole.FuncDefs = append(l.reached(q), q.FuncDefs...)
	names := variables
	if l.inAuth {
		names = append(slices.Clone(variables), authVariables...)
	}
	e.code, err = gojq.Compile(&whole, append(functions(), gojq.WithVariables(names))...)
	if err != nil {
		advice := ""
		if s := err.Error(); strings.Contains(s, "$auth") || strings.Contains(s, "$session") {
			advice = "secrets are known in the auth section only"
		} else if strings.Contains(s, "variable not defined") {
			advice = "the variables are " + strings.Join(variables, ", ")
		}
		l.fail(line, advice, "the jq expression can't be compiled: %v", err)
		return nil
	}
	return e
}

func (l *loader) text(src *textSource) *Text {
	if src == nil {
		return nil
	}
	e := l.compile(quoted(src.text), src.line)
	if e == nil {
		return nil
	}
	return &Text{Expr: *e, written: src.text}
}

// quoted is a text as a jq string: quotes outside its holes are escaped.
func quoted(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	depth, inside := 0, false
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case depth == 0 && c == '\\' && i+1 < len(s) && s[i+1] == '(':
			depth = 1
			b.WriteString(`\(`)
			i++
		case depth == 0 && (c == '"' || c == '\\'):
			b.WriteByte('\\')
			b.WriteByte(c)
		case depth == 0 && c == '\n':
			b.WriteString(`\n`)
		default:
			if depth > 0 {
				switch {
				case c == '"':
					inside = !inside
				case inside && c == '\\' && i+1 < len(s):
					b.WriteByte(c)
					i++
					c = s[i]
					if c == '(' {
						// A hole within a text within a hole: its own parentheses balance.
						inside = false
						depth++
						b.WriteByte(c)
						continue
					}
				case !inside && c == '(':
					depth++
				case !inside && c == ')':
					depth--
				}
			}
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}
