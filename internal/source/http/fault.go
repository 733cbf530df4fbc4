package http

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"time"
)

// Cause is the kind of thing that kept a request from being answered.
type Cause string

// The causes.
const (
	Unreachable Cause = "unreachable"
	TLS         Cause = "tls"
	Credentials Cause = "credentials"
	Permission  Cause = "permission"
	NotFound    Cause = "not found"
	Throttled   Cause = "throttled"
	Server      Cause = "server"
	Answer      Cause = "answer" // of another shape than the pack knows, or refused by it
	Unsafe      Cause = "unsafe" // gcdiag itself refused
	Cancelled   Cause = "cancelled"
)

// Fault is why a request failed. Its text holds no secret.
type Fault struct {
	Cause  Cause
	Status int // of the answer; 0: none came
	Reason string
	Advice string

	passing bool          // the same request may be answered later
	after   time.Duration // but not before; 0: not said
}

func (f *Fault) Error() string { return f.Reason }

// Hint is what to do about the fault, or "".
func (f *Fault) Hint() string { return f.Advice }

func faultf(c Cause, advice, format string, a ...any) *Fault {
	return &Fault{Cause: c, Reason: fmt.Sprintf(format, a...), Advice: advice}
}

// again marks a fault that may pass.
func (f *Fault) again() *Fault {
	f.passing = true
	return f
}

// explain says why a request got no answer, in words for people.
func explain(ctx context.Context, host string, err error) *Fault {
	var own *Fault
	if errors.As(err, &own) {
		return own
	}
	f := cause(ctx, host, err)
	f.passing = ctx.Err() == nil && passing(err)
	return f
}

func cause(ctx context.Context, host string, err error) *Fault {
	var (
		dns       *net.DNSError
		authority x509.UnknownAuthorityError
		name      x509.HostnameError
		invalid   x509.CertificateInvalidError
		verify    *tls.CertificateVerificationError
		header    tls.RecordHeaderError
	)
	switch {
	case ctx.Err() != nil && errors.Is(ctx.Err(), context.Canceled):
		return faultf(Cancelled, "", "reading was cancelled")
	case errors.Is(err, context.DeadlineExceeded), isTimeout(err):
		return faultf(Unreachable, "check that the address is reachable from here; a firewall often drops what it does not permit", "%s did not answer in time", host)
	case errors.As(err, &authority):
		return faultf(TLS, "where a proxy or a private authority signs, name its certificates with the setting ca_file", "the certificate of %s is signed by an authority that this machine does not know", host)
	case errors.As(err, &name):
		return faultf(TLS, "use the host name that the certificate is for", "the certificate is not for %s", host)
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return faultf(TLS, "check this machine's clock, then ask the owner of the system", "the certificate of %s has expired or is not valid yet", host)
	case errors.As(err, &invalid), errors.As(err, &verify):
		return faultf(TLS, "", "the certificate of %s is not valid", host)
	case errors.As(err, &header):
		return faultf(TLS, "check the port in the url", "%s does not speak TLS on this port", host)
	case errors.As(err, &dns) && dns.IsNotFound:
		return faultf(Unreachable, "check the url for a slip", "there is no host %s", host)
	case errors.As(err, &dns):
		return faultf(Unreachable, "check the network's name servers", "the name of %s can't be resolved", host)
	case errors.Is(err, syscall.ECONNREFUSED):
		return faultf(Unreachable, "check host and port in the url, and that the system runs", "%s refuses the connection", host)
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.EPIPE):
		return faultf(Unreachable, "try again; if it stays so, something between here and there cuts the connection", "%s broke the connection off", host)
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return faultf(Unreachable, "check the network", "there is no way to %s", host)
	case strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return faultf(TLS, "check scheme and port in the url", "%s does not speak TLS on this port", host)
	}
	return faultf(Unreachable, "", "%s could not be asked", host)
}

func isTimeout(err error) bool {
	var ne net.Error
	return errors.As(err, &ne) && ne.Timeout()
}

// passing reports whether a request that got no answer may be sent once more: the
// connection broke, and all requests are reads.
func passing(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.EPIPE) || isTimeout(err)
}
