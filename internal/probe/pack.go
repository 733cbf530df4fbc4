// Package probe holds vendor packs: what gcdiag knows of one vendor's API, as
// data. A pack is one YAML file, readable and writable by somebody who knows the
// vendor and jq but no Go. Loading is strict and compiles every expression, so
// that a mistake is an error with its line, never a surprise in the field.
//
// jq is the only expression language. A text such as a path or a header is a jq
// string without its quotes: what stands in \(…) is jq. Every expression may use
// these variables, all others its input alone:
//
//	$settings  what connectors.yaml says, by name of the setting, all text
//	$window    since, until, as_of (RFC 3339, UTC), since_date, until_date (in the
//	           connector's calendar, the second inclusive), since_unix, until_unix
//	           (seconds), zone
//	$ledger    accounts (list), currency ("" where not known)
//	$page      number (from first), size, offset, cursor (null on the first page),
//	           items (so far)
//	$parent    the item that a child call belongs to
//	$lookup    what calls with keep have kept: $lookup.NAME[KEY] is a list
//	$failed    names of the calls, read before, that fell short: what their absence
//	           would make of a row must not become one
//	$answer    status, headers (names in lower case, the first value each)
//	$auth      secrets by name, and $session, what the login answered: in the
//	           auth section only
//
// Beside jq's own functions there are exact ones for money and time; see
// functions. Arithmetic on money is refused while loading and while running.
package probe

import (
	"regexp"
	"slices"
	"time"

	"gcdiag/internal/connector"
	"gcdiag/internal/record"
)

// Version is the version of the pack format that this program reads.
const Version = 1

// Pack is one vendor's API.
type Pack struct {
	File  string // as messages show it
	Name  string // what connectors.yaml calls it
	Title string // what people call it
	Role  record.Role
	About string

	API      API
	URL      *Text // where the system is, unless connectors.yaml says; nil: it must
	Example  string
	Settings []Setting
	Auth     []Auth // ways to prove who asks; the first whose secrets are given is used
	Limits   Limits
	Feeds    []Feed
	Scopes   []Scope
	Doctor   *Doctor
	Screens  map[string]string // where to look in the vendor's own screens, by stage or record type
	Notes    []string          // what is not verified, and what stands in for it

	// FreeText are keys of answers whose text people wrote: what may be a card
	// code in it is masked before anything sees it.
	FreeText []string
	// OnlyUnder names, for keys that mean several things, the keys directly above
	// them under which they are needed; elsewhere they are dropped.
	OnlyUnder map[string][]string
	// Embedded are keys whose text is itself JSON.
	Embedded []string
	// Keep are names of keys that are not mentioned in any expression and whose
	// values are needed all the same, such as a field that a setting names.
	Keep []*Text
	// Attributes are the columns beside the contract's that rows may have.
	Attributes []string

	Records map[record.Type]*Record
	Calls   []*Call

	mentioned map[string]bool
}

// API is the interface that the pack speaks.
type API struct {
	Name    string
	Version *Text    // the version asked for; nil: the API has none
	Known   []string // versions for which the pack is known to work; empty: any
	Docs    []string
}

// Setting is something that the pack asks for.
type Setting struct {
	Name        string
	Description string
	Example     string
	Default     string
	Optional    bool // may be left out although it has no default
	Pattern     string
	Choices     []string
	Line        int
}

// Auth is one way to prove who asks.
type Auth struct {
	Name    string // "token", "certificate", …
	Title   string
	Type    AuthType
	Secrets []Secret

	Header *Text // header, session: its name
	Value  *Text // header, session: its value
	Realm  *Text // oauth1

	TokenURL *Text // oauth2
	Scope    *Text
	Audience *Text            // certificate: default the token URL
	Form     map[string]*Text // oauth2: more fields of the token request
	Basic    bool             // oauth2: id and secret in a header instead of the body

	Login, Logout *Request // session
	Session       *Expr    // session: what $session is, of the login's answer
	Wrap          *Expr    // makes the body that is sent of the one that a call made
	Refused       *Expr    // session: why the login was refused, of an answer with status 200
	Line          int
}

// AuthType is a kind of authentication.
type AuthType string

// The kinds of authentication.
const (
	AuthNone        AuthType = "none"
	AuthHeader      AuthType = "header"
	AuthBearer      AuthType = "bearer"      // secret: token
	AuthBasic       AuthType = "basic"       // secrets: user, password
	AuthOAuth2      AuthType = "oauth2"      // client credentials; secrets: client_id, client_secret
	AuthCertificate AuthType = "certificate" // client credentials with a signed JWT; secrets: client_id, certificate_id, private_key
	AuthOAuth1      AuthType = "oauth1"      // HMAC-SHA256; secrets: consumer_key, consumer_secret, token_id, token_secret
	AuthSession     AuthType = "session"     // secrets: what the login needs
)

// Secret is one secret that a way to authenticate needs.
type Secret struct {
	Name        string
	Description string
	Example     string
	// Public ones (a user's name, a client's id) may stand among the settings.
	Public bool
}

// Limits are the manners that a vendor asks for, and caps.
type Limits struct {
	Concurrency int           // requests at a time; default 1
	PerSecond   float64       // requests; 0: no limit
	Timeout     time.Duration // of one request; default 60s
	Pages       int           // of one call; default 10,000
	Bytes       int64         // of all answers; default 2 GiB
	Time        time.Duration // of the whole pull; default 1h
	Wait        *Expr         // seconds to wait before the next request, of an answer; null: none
	Retry       *Expr         // true where an answer with status 200 asks to come again
}

// Feed says how a kind (NoKind: any) of an origin ("": any) leaves the platform.
type Feed struct {
	Kind   record.Kind
	Origin string
	Via    record.Via
	Why    string
}

// Scope is a permission and the records that need it.
type Scope struct {
	Name    string
	Records []record.Type
	Where   string // where it is granted
	When    *Expr  // of null: whether it is needed; nil: always
	// Optional says what is missing without it, where the pack works all the same.
	Optional string
}

// Doctor is the request that shows whether access works.
type Doctor struct {
	Request *Request
	Refused *Expr // why the answer is a refusal; null: it is none
	Version *Expr // the API version that answered
	Scopes  *Expr // the list of granted scopes; null: not told
	Who     *Expr // who the server takes us for
}

// Record is what the vendor can tell of one record type.
type Record struct {
	// Retention is how far back the vendor keeps it, such as "30d"; nil or "": for ever.
	Retention *Text
	// Silence says what an answer without rows proves: true, that nothing happened.
	Silence bool
	// Partial says why the rows are not all there are; null or "": they are.
	// It is evaluated at the end, with the $lookup of the whole run.
	Partial *Expr
	About   string
}

// Call is one list that is read to its end, and what becomes of its items.
type Call struct {
	Name    string
	About   string
	When    *Expr  // of null, or of the parent's item: whether to make it; nil: yes
	Else    string // what is missing where it is not made
	Request *Request
	Refused *Expr // why an answer must not be used; null: it may
	Items   *Expr // the items of an answer, one by one
	Paging  Paging
	// Until ends a list that comes newest first: true for an item older than needed.
	Until    *Expr
	Total    *Expr // how many items the server says there are
	Map      map[record.Type]*Expr
	Lookup   *Lookup
	Children []*Call
	Cap      int // of parents whose children are asked for; default 100,000
	// Optional says that a refusal (401, 403, 404) leaves no gap, and why.
	Optional string
	Line     int
}

// Request is one request. All are reads.
type Request struct {
	Method  string
	Path    *Text
	Query   *Expr            // an object; null values are left out
	Headers map[string]*Text // beside authentication's
	Body    *Expr            // JSON
	GraphQL string           // the query; makes it a POST
	Vars    *Expr            // the query's variables
	// Reads is why a request that is no GET only reads.
	Reads string
	// Changes says what a read changes on the server; it is made only where the
	// connector permits it.
	Changes string
	Line    int
}

// PagingBy is how one page leads to the next.
type PagingBy string

// The ways of paging.
const (
	OnePage  PagingBy = "none"
	ByCursor PagingBy = "cursor" // Next makes the next cursor of an answer
	ByPage   PagingBy = "page"   // pages are numbered
	ByOffset PagingBy = "offset"
	ByLink   PagingBy = "link" // the header Link, RFC 8288
	ByURL    PagingBy = "url"  // Next makes the address of the next page
	ByLast   PagingBy = "last" // Next makes the next cursor of the last item
)

// Paging is how a list goes on.
type Paging struct {
	By    PagingBy
	Size  int
	First int   // number of the first page; default 1
	Next  *Expr // cursor, url: of an answer; last: of its last item
	Start *Expr // cursor: the first one, of the parent's item
	More  *Expr // false on the last page; nil: an empty or short page, or no cursor, is the last
}

// Lookup keeps values of a call's items for later calls, under each of their keys.
type Lookup struct {
	Name  string
	Key   *Expr
	Value *Expr
	// For are the record types that suffer where it is not complete: those whose
	// calls, or whose partial, name it.
	For []record.Type
}

// Gives lists the record types that the pack reads, in their usual order.
func (p *Pack) Gives() []record.Type {
	var out []record.Type
	for _, t := range record.Types(p.Role) {
		if p.Records[t] != nil {
			out = append(out, t)
		}
	}
	return out
}

// gives reports whether a call or one below it makes rows of a type.
func (c *Call) gives(t record.Type) bool {
	if c.Map[t] != nil {
		return true
	}
	for _, child := range c.Children {
		if child.gives(t) {
			return true
		}
	}
	return false
}

// Types lists the record types that a call and those below it make rows of.
func (c *Call) Types() []record.Type {
	var out []record.Type
	for t := record.Movements; t <= record.Exceptions; t++ {
		if c.gives(t) {
			out = append(out, t)
		}
	}
	return out
}

// Mentions reports whether an expression of the pack names a key of answers.
// Texts and numbers under other keys are never kept.
func (p *Pack) Mentions(key string) bool { return p.mentioned[key] }

// GraphQL lists the pack's GraphQL queries by the name of their call.
func (p *Pack) GraphQL() map[string]string {
	out := map[string]string{}
	var walk func([]*Call)
	walk = func(calls []*Call) {
		for _, c := range calls {
			if c.Request.GraphQL != "" {
				out[c.Name] = c.Request.GraphQL
			}
			walk(c.Children)
		}
	}
	walk(p.Calls)
	if p.Doctor != nil && p.Doctor.Request.GraphQL != "" {
		out["doctor"] = p.Doctor.Request.GraphQL
	}
	return out
}

// Probe is what connectors.yaml may say of the pack's systems.
func (p *Pack) Probe() connector.Probe {
	k := connector.Probe{Name: p.Name, Role: p.Role, NeedsURL: p.URL == nil}
	for _, s := range p.Settings {
		c := connector.Setting{Name: s.Name, Needed: s.Default == "" && !s.Optional, Choices: s.Choices, Example: s.Example}
		if s.Pattern != "" {
			c.Pattern = regexp.MustCompile("^(?:" + s.Pattern + ")$")
		}
		k.Settings = append(k.Settings, c)
	}
	for _, a := range p.Auth {
		way := []string{}
		for _, s := range a.Secrets {
			way = append(way, s.Name)
			if s.Public && !slices.Contains(k.Public, s.Name) {
				k.Public = append(k.Public, s.Name)
			}
		}
		k.Auth = append(k.Auth, way)
	}
	return k
}
