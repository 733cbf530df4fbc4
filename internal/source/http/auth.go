package http

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	nethttp "net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/dghubble/oauth1"
	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"gcdiag/internal/probe"
)

// signer proves who asks: it signs each request on its way out.
type signer interface {
	sign(*nethttp.Request) error
	// renew forgets what has expired and reports whether asking again may help.
	renew() bool
	// leave ends what was begun on the server.
	leave(context.Context)
}

// signing is a transport that signs.
type signing struct {
	signer
	next nethttp.RoundTripper
}

func (s signing) RoundTrip(r *nethttp.Request) (*nethttp.Response, error) {
	r = r.Clone(r.Context())
	if err := s.sign(r); err != nil {
		return nil, err
	}
	return s.next.RoundTrip(r)
}

// fixed signs with what does not change.
type fixed func(*nethttp.Request)

func (f fixed) sign(r *nethttp.Request) error { f(r); return nil }
func (fixed) renew() bool                     { return false }
func (fixed) leave(context.Context)           {}

// authenticate chooses the way to prove who asks, fetches its secrets and makes a
// transport that does.
func (p *puller) authenticate(ctx context.Context, base nethttp.RoundTripper) (nethttp.RoundTripper, signer, error) {
	a, secrets, err := p.choose(ctx)
	if err != nil {
		return nil, nil, err
	}
	p.vars.Auth, p.auth = secrets, a
	v := p.vars
	text := func(t *probe.Text) string {
		if t == nil || err != nil {
			return ""
		}
		var s string
		if s, err = t.Make(ctx, &v); err != nil {
			err = faultf(Answer, "", "authentication: %v", err)
		}
		return s
	}
	tokenURL := func() string {
		u, e := p.resolve(text(a.TokenURL))
		if e != nil {
			err = e
			return ""
		}
		return u.String()
	}
	get := func(name string) string { s, _ := secrets[name].(string); return s }
	direct := &nethttp.Client{Transport: base, CheckRedirect: stay, Timeout: p.spec.Pack.Limits.Timeout}
	var s signer
	switch a.Type {
	case probe.AuthNone:
		s = fixed(func(*nethttp.Request) {})
	case probe.AuthHeader:
		name, value := text(a.Header), text(a.Value)
		p.door.hide(value)
		s = fixed(func(r *nethttp.Request) { r.Header.Set(name, value) })
	case probe.AuthBearer:
		token := get("token")
		s = fixed(func(r *nethttp.Request) { r.Header.Set("Authorization", "Bearer "+token) })
	case probe.AuthBasic:
		user, password := get("user"), get("password")
		s = fixed(func(r *nethttp.Request) { r.SetBasicAuth(user, password) })
	case probe.AuthOAuth1:
		cfg := &oauth1.Config{ConsumerKey: get("consumer_key"), ConsumerSecret: get("consumer_secret"), Realm: text(a.Realm), Signer: &oauth1.HMAC256Signer{ConsumerSecret: get("consumer_secret")}}
		c := cfg.Client(context.WithValue(ctx, oauth1.HTTPClient, direct), oauth1.NewToken(get("token_id"), get("token_secret")))
		return c.Transport, fixed(func(*nethttp.Request) {}), err
	case probe.AuthOAuth2:
		cfg := clientcredentials.Config{ClientID: get("client_id"), ClientSecret: get("client_secret"), TokenURL: tokenURL(), AuthStyle: oauth2.AuthStyleInParams, EndpointParams: url.Values{}}
		if a.Basic {
			cfg.AuthStyle = oauth2.AuthStyleInHeader
		}
		if scope := text(a.Scope); scope != "" {
			cfg.Scopes = strings.Fields(scope)
		}
		for k, t := range a.Form {
			cfg.EndpointParams.Set(k, text(t))
		}
		s = &bearer{p: p, make: func() (*oauth2.Token, error) {
			t, err := cfg.Token(context.WithValue(ctx, oauth2.HTTPClient, direct))
			return t, tokenFault(ctx, cfg.TokenURL, err)
		}}
	case probe.AuthCertificate:
		c := &certificate{p: p, id: get("client_id"), kid: get("certificate_id"), key: get("private_key"), url: tokenURL(), scope: text(a.Scope), audience: text(a.Audience), client: direct, form: map[string]string{}}
		for k, t := range a.Form {
			c.form[k] = text(t)
		}
		s = &bearer{p: p, make: func() (*oauth2.Token, error) { return c.token(ctx) }}
	case probe.AuthSession:
		jar, _ := cookiejar.New(nil)
		direct.Jar = jar
		s = &session{p: p, auth: a, client: direct, jar: jar, ctx: ctx}
	default:
		return nil, nil, faultf(Unsafe, "", "authentication by %s is not supported", a.Type)
	}
	return signing{s, base}, s, err
}

// choose picks the first way whose secrets are all given.
func (p *puller) choose(ctx context.Context) (*probe.Auth, map[string]any, error) {
	for i := range p.spec.Pack.Auth {
		a := &p.spec.Pack.Auth[i]
		secrets := map[string]any{}
		for _, want := range a.Secrets {
			if s, ok := p.spec.Settings[want.Name]; ok && want.Public {
				secrets[want.Name] = s
				continue
			}
			secret, ok, err := p.spec.Secret(ctx, want.Name)
			if err != nil {
				return nil, nil, &Fault{Cause: Credentials, Reason: err.Error(), Advice: hintOf(err)}
			}
			if !ok {
				secrets = nil
				break
			}
			if !want.Public {
				p.door.hide(secret.Reveal())
			}
			secrets[want.Name] = secret.Reveal()
		}
		if secrets != nil {
			return a, secrets, nil
		}
	}
	return nil, nil, faultf(Credentials, fmt.Sprintf("gcdiag probe show %s lists what is needed", p.spec.Pack.Name), "no complete set of secrets is configured")
}

func hintOf(err error) string {
	for err != nil {
		if h, ok := err.(interface{ Hint() string }); ok && h.Hint() != "" {
			return h.Hint()
		}
		err = errors.Unwrap(err)
	}
	return ""
}

// bearer signs with a token that is fetched when it is first needed and when it
// has expired.
type bearer struct {
	p    *puller
	make func() (*oauth2.Token, error)

	mu      sync.Mutex
	token   *oauth2.Token
	refused error // why no token is asked for any more
}

func (b *bearer) sign(r *nethttp.Request) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.token.Valid() {
		if b.refused != nil {
			return b.refused
		}
		t, err := b.make()
		if final(err) {
			b.refused = err
		}
		if err != nil {
			return err
		}
		b.p.door.hide(t.AccessToken)
		b.token = t
	}
	r.Header.Set("Authorization", "Bearer "+b.token.AccessToken)
	return nil
}

func (b *bearer) renew() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	had := b.token != nil
	b.token = nil
	return had
}

func (b *bearer) leave(context.Context) {}

// tokenFault says why a token server gave no token.
func tokenFault(ctx context.Context, address string, err error) error {
	if err == nil {
		return nil
	}
	host := address
	if u, e := url.Parse(address); e == nil {
		host = u.Host
	}
	var refused *oauth2.RetrieveError
	if errors.As(err, &refused) {
		return refusedToken(host, refused.Response.StatusCode, refused.Body).passes(refused.Response.Header, time.Now())
	}
	f := explain(ctx, host, err)
	// What is left is an answer that is no token, cut off as a rule.
	var network *url.Error
	f.passing = f.passing || ctx.Err() == nil && !errors.As(err, &network)
	return f
}

func refusedToken(host string, status int, body []byte) *Fault {
	reason := fmt.Sprintf("%s gives no token (%d)", host, status)
	if s := excerpt(body); s != "" {
		reason += ": " + s
	}
	f := &Fault{Cause: Credentials, Status: status, Reason: reason, Advice: "check the client's id and secret or certificate, and that it has not expired or been revoked"}
	switch {
	case status == nethttp.StatusTooManyRequests:
		f.Cause, f.Advice = Throttled, "try again later"
	case status >= 500:
		f.Cause, f.Advice = Server, "try again later"
	}
	return f
}

// certificate asks for a token with a signed assertion, RFC 7523.
type certificate struct {
	p            *puller
	id, kid, key string
	url, scope   string
	audience     string
	form         map[string]string
	client       *nethttp.Client
}

func (c *certificate) token(ctx context.Context) (*oauth2.Token, error) {
	assertion, err := c.assertion(c.p.spec.Clock.Now())
	if err != nil {
		return nil, err
	}
	form := url.Values{"grant_type": {"client_credentials"}, "client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "client_assertion": {assertion}}
	for k, v := range c.form {
		form.Set(k, v)
	}
	r, err := nethttp.NewRequestWithContext(ctx, "POST", c.url, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, faultf(Unsafe, "", "the token address is none")
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/json")
	res, err := c.client.Do(r)
	if err != nil {
		return nil, explain(ctx, r.URL.Host, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return nil, explain(ctx, r.URL.Host, err)
	}
	var answer struct {
		AccessToken string      `json:"access_token"`
		ExpiresIn   json.Number `json:"expires_in"`
	}
	if res.StatusCode != 200 {
		return nil, refusedToken(r.URL.Host, res.StatusCode, body).passes(res.Header, time.Now())
	}
	if err := json.Unmarshal(body, &answer); err != nil || answer.AccessToken == "" {
		f := faultf(Answer, "check token_url and the url", "%s answers a request for a token by something that is none", r.URL.Host)
		f.passing = err != nil
		return nil, f
	}
	t := &oauth2.Token{AccessToken: answer.AccessToken}
	if n, err := answer.ExpiresIn.Int64(); err == nil && n > 0 {
		t.Expiry = time.Now().Add(time.Duration(n) * time.Second)
	}
	return t, nil
}

// assertion is the signed claim of who asks: PS256 for an RSA key, ES256, ES384
// or ES512 for an elliptic one by its curve.
func (c *certificate) assertion(now time.Time) (string, error) {
	audience := c.audience
	if audience == "" {
		audience = c.url
	}
	claims := jwt.MapClaims{"iss": c.id, "sub": c.id, "aud": audience, "iat": now.Unix(), "exp": now.Add(30 * time.Minute).Unix()}
	if c.scope != "" {
		claims["scope"] = strings.Fields(c.scope)
	}
	var method jwt.SigningMethod
	var key any
	if k, err := jwt.ParseRSAPrivateKeyFromPEM([]byte(c.key)); err == nil {
		method, key = jwt.SigningMethodPS256, (*rsa.PrivateKey)(k)
	} else if k, err := jwt.ParseECPrivateKeyFromPEM([]byte(c.key)); err == nil {
		key = (*ecdsa.PrivateKey)(k)
		switch k.Curve.Params().BitSize {
		case 256:
			method = jwt.SigningMethodES256
		case 384:
			method = jwt.SigningMethodES384
		case 521:
			method = jwt.SigningMethodES512
		}
	}
	if method == nil {
		return "", faultf(Credentials, "give the whole PEM text, beginning with -----BEGIN PRIVATE KEY-----; a key with a passphrase can't be used", "private_key is no RSA or EC key in PEM form")
	}
	t := jwt.NewWithClaims(method, claims)
	t.Header["kid"] = c.kid
	signed, err := t.SignedString(key)
	if err != nil {
		return "", faultf(Credentials, "", "private_key can't sign with %s", method.Alg())
	}
	return signed, nil
}

// session logs in when it is first needed and keeps what the login gave.
type session struct {
	p      *puller
	auth   *probe.Auth
	client *nethttp.Client
	jar    nethttp.CookieJar
	ctx    context.Context

	mu      sync.Mutex
	in      bool
	refused error // why no login is tried any more: systems lock users out after some
	got     any   // $session
	header  string
	value   string
}

func (s *session) sign(r *nethttp.Request) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.ensure(r.Context()); err != nil {
		return err
	}
	if s.header != "" {
		r.Header.Set(s.header, s.value)
	}
	for _, c := range s.jar.Cookies(r.URL) {
		r.AddCookie(c)
	}
	return nil
}

// enter logs in where that has not been done, and is what the login gave.
func (s *session) enter(ctx context.Context) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.ensure(ctx); err != nil {
		return nil, err
	}
	return s.got, nil
}

// ensure logs in where that has not been done. After a refusal it is never tried
// again.
func (s *session) ensure(ctx context.Context) error {
	if s.in {
		return nil
	}
	if s.refused != nil {
		return s.refused
	}
	err := s.login(ctx)
	if final(err) {
		s.refused = err
	}
	return err
}

// final reports whether an error is a refusal of the credentials.
func final(err error) bool {
	var f *Fault
	return errors.As(err, &f) && f.Cause == Credentials && !f.passing
}

// wrapped is a request's body with what proves who asks.
func (p *puller) wrapped(ctx context.Context, body []byte) ([]byte, error) {
	if p.auth == nil || p.auth.Wrap == nil || len(body) == 0 {
		return body, nil
	}
	x, err := jsonOf(body)
	if err != nil {
		return body, nil // no JSON: nothing to wrap
	}
	v := p.vars
	if s, ok := p.signer.(*session); ok {
		if v.Session, err = s.enter(ctx); err != nil {
			return nil, err
		}
	}
	if x, err = p.auth.Wrap.One(ctx, x, &v); err != nil {
		return nil, faultf(Answer, "", "authentication: %v", err)
	}
	return probe.Marshal(x)
}

func (s *session) login(ctx context.Context) error {
	status, body, header, err := s.send(ctx, s.auth.Login)
	if err != nil {
		return err
	}
	answer, err := jsonOf(body)
	if err != nil || status/100 != 2 {
		f := faultf(Credentials, "check user and password", "the login is refused (%d)", status)
		if e := excerpt(body); e != "" {
			f.Reason += ": " + e
		}
		if f.Status = status; status == 429 {
			f.Cause, f.Advice = Throttled, "wait some minutes: the system blocks logins after several failed ones"
		} else if status >= 500 {
			f.Cause, f.Advice = Server, "try again later"
		} else if err != nil && status/100 == 2 {
			f.Cause, f.Reason, f.Advice = Answer, "the login is answered by something that is no JSON", "check the url; a proxy or a login page may stand in between"
			f.passing = errors.Is(err, io.ErrUnexpectedEOF)
			return f
		}
		return f.passes(header, s.p.spec.Clock.Now())
	}
	if answer == nil {
		return faultf(Answer, "", "the login is answered by nothing").again()
	}
	v := s.p.vars
	if s.auth.Refused != nil {
		why, err := s.auth.Refused.Words(ctx, answer, &v)
		if err != nil || why != "" {
			return faultf(Credentials, "check user and password", "the login is refused: %s", why)
		}
	}
	got, err := s.auth.Session.One(ctx, answer, &v)
	if err != nil || got == nil {
		return faultf(Credentials, "check user and password", "the login gave no session")
	}
	s.p.door.hideAll(got)
	v.Session = got
	s.got = got
	if s.auth.Header != nil {
		if s.header, err = s.auth.Header.Make(ctx, &v); err == nil {
			s.value, err = s.auth.Value.Make(ctx, &v)
		}
		if err != nil {
			return faultf(Answer, "", "authentication: %v", err)
		}
		s.p.door.hide(s.value)
	}
	for _, c := range s.jar.Cookies(s.p.base) {
		s.p.door.hide(c.Value)
	}
	s.in = true
	return nil
}

// hideAll remembers every text of a login's answer as a secret.
func (d *door) hideAll(v any) {
	switch v := v.(type) {
	case string:
		if len(v) >= 12 {
			d.hide(v)
		}
	case []any:
		for _, x := range v {
			d.hideAll(x)
		}
	case map[string]any:
		for _, x := range v {
			d.hideAll(x)
		}
	}
}

func (s *session) send(ctx context.Context, r *probe.Request) (status int, body []byte, header nethttp.Header, err error) {
	v := s.p.vars
	v.Session = s.got
	target, sent, headers, err := s.p.prepare(ctx, r, &v)
	if err != nil {
		return 0, nil, nil, err
	}
	req, err := nethttp.NewRequestWithContext(ctx, r.Method, target.String(), bytes.NewReader(sent))
	if err != nil {
		return 0, nil, nil, faultf(Unsafe, "", "the login's address is none")
	}
	for k, x := range headers {
		req.Header.Set(k, x)
	}
	if s.in && s.header != "" {
		req.Header.Set(s.header, s.value)
	}
	res, err := s.client.Do(req)
	if err != nil {
		return 0, nil, nil, explain(ctx, req.URL.Host, err)
	}
	defer res.Body.Close()
	body, err = io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return 0, nil, nil, explain(ctx, req.URL.Host, err)
	}
	return res.StatusCode, body, res.Header, nil
}

func jsonOf(body []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	err := d.Decode(&v)
	if errors.Is(err, io.EOF) {
		return nil, nil
	}
	return v, err
}

func (s *session) renew() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	had := s.in
	s.in = false
	return had
}

func (s *session) leave(ctx context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.in || s.auth.Logout == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if _, _, _, err := s.send(ctx, s.auth.Logout); err != nil {
		s.p.log.Info("the session could not be ended", "system", s.p.spec.Name, "why", err)
	}
	s.in = false
}
