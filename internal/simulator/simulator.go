// Package simulator serves a sandbox month as three systems on the loopback
// interface that speak as Shopify's Admin GraphQL API, integrator.io's REST API
// and NetSuite's SuiteTalk REST services do, for the demonstration and for tests:
// what reads real systems reads them without knowing the difference.
//
// The month must be one of sandbox.Options.Vendors. The servers answer what the
// shipped packs ask and refuse everything else; they check how a request proves
// who asks, and nothing can be changed on them. What the month's records say is
// told in the vendor's own terms: a filtered event is a log entry that is ignored
// at a step with a filter, a failed one an error of a step, one that is held a
// record of a run that has not finished, and what waits in the ERP a transaction
// that does not post.
package simulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"gcdiag/internal/casefile"
	"gcdiag/internal/money"
	"gcdiag/internal/record"
)

// Packs are the vendor packs that read the systems.
var Packs = []string{"shopify", "celigo", "netsuite"}

// untold are the scenarios that these vendors have no words for.
var untold = map[string]string{
	"unit":           "a Shopify gift card holds money, never points",
	"journals-keyed": "integrator.io's log and NetSuite's lines carry no key of a batch",
}

// Untold is why a scenario can't be told by these vendors, or "".
func Untold(scenario string) string { return untold[scenario] }

// Options change how the systems are served. The zero value serves them as they are.
type Options struct {
	// Wrap puts something between a system and those who ask it.
	Wrap func(title string, next http.Handler) http.Handler
}

// Systems are the running servers.
type Systems struct {
	servers []*server
	config  string
}

// server is one simulated system.
type server struct {
	title, url string
	http       *http.Server
	answered   atomic.Int64
}

// Start serves the systems of a case. They must be closed.
func Start(c *casefile.Case, o Options) (*Systems, error) {
	s := &Systems{}
	var connectors strings.Builder
	for i := range c.Systems {
		sys := &c.Systems[i]
		var title string
		var h http.Handler
		var describe func(url string) string
		switch sys.Role {
		case record.Platform:
			shop := newShopify(c)
			title, h, describe = "Shopify", shop, func(string) string { return shop.settings(sys.Feeds) }
		case record.Integration:
			celigo := newCeligo(c)
			title, h, describe = "integrator.io", celigo, func(string) string { return celigo.settings() }
		case record.ERP:
			netsuite, err := newNetSuite(c, sys)
			if err != nil {
				return nil, errors.Join(err, s.Close())
			}
			title, h, describe = "NetSuite", netsuite, func(url string) string { netsuite.url = url; return netsuite.settings() }
		}
		if o.Wrap != nil {
			h = o.Wrap(title, h)
		}
		srv, err := serve(title, h)
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
		s.servers = append(s.servers, srv)
		fmt.Fprintf(&connectors, "  - role: %s\n    name: %s\n    url: %s\n%s", sys.Role, sys.Name, srv.url, describe(srv.url))
	}
	day := func(t time.Time) string { return t.In(c.Zone).Format(time.DateOnly) }
	s.config = fmt.Sprintf("version: 1\nwindow: {since: %s, until: %s}\nas_of: %s\ntimezone: %s\nledger:\n  liability_accounts: [%q]\n  currency: %s\nconnectors:\n%s",
		day(c.Window.Since), day(c.Window.Until), c.AsOf.UTC().Format(time.RFC3339), c.Zone, c.Liability[0], c.Currency, connectors.String())
	return s, nil
}

// serve listens on a free port of the loopback interface.
func serve(title string, h http.Handler) (*server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("simulating %s: %w", title, err)
	}
	s := &server{title: title, url: "http://" + l.Addr().String()}
	s.http = &http.Server{ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(io.Discard, "", 0), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.answered.Add(1)
		h.ServeHTTP(w, r)
	})}
	go s.http.Serve(l) // ends with Close
	return s, nil
}

// Config is the text of a connectors.yaml for the systems. The secrets in it are
// made up and stand in it literally.
func (s *Systems) Config() string { return s.config }

// Answered says how many requests each system was sent, by its vendor's name and
// in the order of the systems.
func (s *Systems) Answered() []Count {
	var out []Count
	for _, srv := range s.servers {
		out = append(out, Count{srv.title, int(srv.answered.Load())})
	}
	return out
}

// Count is how many requests a system was sent.
type Count struct {
	Title    string
	Requests int
}

// Close ends the servers.
func (s *Systems) Close() error {
	var errs []error
	for _, srv := range s.servers {
		errs = append(errs, srv.http.Close())
	}
	return errors.Join(errs...)
}

// answer writes a JSON answer.
func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body) // a client that has gone needs no answer
}

// stamp is a time as these systems write it.
func stamp(t record.Time) string { return t.Earliest().UTC().Format("2006-01-02T15:04:05Z") }

// at is stamp, with milliseconds.
func at(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// rates are units of dollar for one unit of a currency, in ten-thousandths.
var rates = map[string]int64{"USD": 10000, "EUR": 10837, "JPY": 67}

// inDollars converts an amount.
func inDollars(a money.Amount, c money.Currency) money.Amount {
	for e := c.Exponent(); e < 2; e++ {
		a *= 10
	}
	return money.Prorate(a, money.Amount(rates[c.String()]), 10000)
}

// rate is the exchange rate as text.
func rate(c money.Currency) string {
	if r := rates[c.String()]; r != 10000 {
		return money.Decimal{Coef: r, Scale: 4}.String()
	}
	return "1"
}

// number is a numeric parameter, or n where there is none.
func number(text string, n int) int {
	if x, err := strconv.Atoi(text); err == nil {
		return x
	}
	return n
}
