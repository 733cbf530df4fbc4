package http

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	nethttp "net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"
)

// guard lets requests through to known hosts alone, encrypted unless they stay on
// this machine.
type guard struct {
	next  nethttp.RoundTripper
	hosts []string // host:port in lower case
}

func (g *guard) RoundTrip(r *nethttp.Request) (*nethttp.Response, error) {
	switch {
	case !slices.Contains(g.hosts, hostOf(r.URL)):
		return nil, faultf(Unsafe, "an answer points to a host that is neither the system nor its token server", "no request is sent to %s", r.URL.Host)
	case r.URL.Scheme != "https" && !(r.URL.Scheme == "http" && loopback(r.URL.Hostname())):
		return nil, faultf(Unsafe, "write https in the url", "no request is sent to %s without encryption", r.URL.Host)
	}
	return g.next.RoundTrip(r)
}

// hostOf is an address's host and port.
func hostOf(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}

// loopback reports whether a host is this machine.
func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// transport is a connection pool of its own for one system.
func transport(caFile string, concurrency int) (*nethttp.Transport, error) {
	t := &nethttp.Transport{
		Proxy: func(r *nethttp.Request) (*url.URL, error) {
			if loopback(r.URL.Hostname()) {
				return nil, nil
			}
			return nethttp.ProxyFromEnvironment(r)
		},
		DialContext:           (&net.Dialer{Timeout: 15 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:   15 * time.Second,
		ExpectContinueTimeout: time.Second,
		IdleConnTimeout:       time.Minute,
		MaxIdleConnsPerHost:   max(2, concurrency),
		MaxConnsPerHost:       max(2, concurrency+1),
		ForceAttemptHTTP2:     true,
		TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12},
	}
	if caFile == "" {
		return t, nil
	}
	pem, err := os.ReadFile(caFile)
	if err != nil {
		return nil, faultf(TLS, "", "ca_file: %v", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, faultf(TLS, "it must hold certificates in PEM form", "ca_file: %s holds no certificate", caFile)
	}
	t.TLSClientConfig.RootCAs = pool
	return t, nil
}

// stay refuses redirects to other hosts and more than a few to the same one.
func stay(r *nethttp.Request, via []*nethttp.Request) error {
	from := via[len(via)-1].URL
	switch {
	case hostOf(r.URL) != hostOf(from):
		return faultf(Unsafe, "put the address that it redirects to into the url, if you trust it", "%s redirects to another host, %s", from.Host, r.URL.Host)
	case len(via) >= 4:
		return faultf(Answer, "", "%s redirects in circles", from.Host)
	case r.Method != via[0].Method:
		return faultf(Answer, "check the url; the system's address may have changed", "%s redirects a request that can't be redirected", from.Host)
	}
	return nil
}
