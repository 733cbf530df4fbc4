// Package sandbox plays a shop's month through three simulated systems and
// breaks it on purpose: the platform's card ledger, the integration layer's log
// and the ERP's books, as the exports a customer would send, together with the
// truth about them. It serves the demonstration and the tests; nothing that
// judges may know it.
//
// One seed is one month: the platform's ledger and orders are the same in every
// scenario, so that a faulty month can be laid beside the sound one (a scenario
// that looks at the systems earlier sees only its beginning). Each event passes
// four hops in turn, and the first hop at which something breaks it takes the
// blame; what is broken already is left alone by later hops. The ERP knows per
// card what it has recorded and holds what that does not cover, so that the
// consequences of a fault are consequences here, too.
package sandbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"gcdiag/internal/casefile"
	"gcdiag/internal/record"
)

// Options say how large the month is.
type Options struct {
	// Movements is about how many the platform's export holds, the days around the
	// month included; 0 means 400. A scenario needs some 300 to show its pattern.
	Movements int
	// Yen adds cards in a currency without decimals.
	Yen bool
	// Vendors makes a month of what Shopify, integrator.io and NetSuite can tell,
	// with ids of their kind. Every card is loaded once and the load has its id, a
	// card that is taken back is deactivated, an expiry has a day and no time, and a
	// hold belongs to an order that is cancelled. All tills stand at the airport, as
	// nothing tells one from another. There are no points, no cards that were given
	// away and no loads that are pending or cancelled. How what fires no webhook
	// leaves the shop all the same stands among the feeds.
	Vendors bool
}

func (o Options) month(seed uint64) *month {
	if o.Movements <= 0 {
		o.Movements = 400
	}
	return newMonth(seed, o)
}

// Scenario is one way in which a month can go.
type Scenario struct {
	Name   string // kebab-case
	About  string // one sentence
	shape  shape
	twists []*twist
}

// shape is what is the same for all events of a scenario.
type shape struct {
	plain        bool // the ERP does not look at what it has recorded for the card
	daily        bool // the ERP gets one journal line for a day, currency and kind
	keyed        bool // which carries the key of the day's batch
	late         bool // lags of hours; looked at three hours after the month's end
	alone        bool // no integration layer
	endsEarly    bool // the ERP's export stops after so many rows
	orderRefs    bool // the ERP keeps the order as its only reference
	failuresOnly bool // the integration layer's log keeps only failures
}

// Write plays a scenario and writes the exports with their connectors.yaml into
// a folder, which it makes if need be; files of the same names are replaced.
// Equal arguments give equal bytes.
func Write(dir string, s Scenario, seed uint64, o Options) (Truth, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return Truth{}, fmt.Errorf("making the sandbox folder: %w", err)
	}
	d := folder{path: dir}
	out, err := d.files(s.shape)
	if err != nil {
		return Truth{}, errors.Join(fmt.Errorf("opening the sandbox files: %w", err), d.close())
	}
	r := newRun(s, o.month(seed), out)
	r.happen()
	if err := d.close(); err != nil {
		return Truth{}, fmt.Errorf("writing the sandbox files: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "connectors.yaml"), []byte(connectors(s, seed, r)), 0o600); err != nil {
		return Truth{}, fmt.Errorf("writing the sandbox files: %w", err)
	}
	return r.truth.told(s, seed), nil
}

// Case plays a scenario and returns what reading the files of Write would give,
// with Mode "demo", without files.
func Case(s Scenario, seed uint64, o Options) (*casefile.Case, Truth) {
	c := &casefile.Case{Mode: "demo", Window: record.Window{Since: since, Until: until}, Zone: zone, Liability: []string{liability}, Currency: usd,
		Policy: casefile.DefaultPolicy(), Complete: true}
	var tallies []func() casefile.Read
	out := &sink{
		movement:     keep(&c.Movements, movementsFile, &tallies),
		order:        keep(&c.Orders, ordersFile, &tallies),
		subscription: ignore[record.Subscription],
		delivery:     ignore[record.Delivery],
		flow:         ignore[record.Flow],
		posting:      keep(&c.Postings, postingsFile, &tallies),
		rule:         keep(&c.Rules, rulesFile, &tallies),
		exception:    keep(&c.Exceptions, exceptionsFile, &tallies),
	}
	if !s.shape.alone {
		out.subscription = keep(&c.Subscriptions, subscriptionsFile, &tallies)
		out.delivery = keep(&c.Deliveries, deliveriesFile, &tallies)
		out.flow = keep(&c.Flows, flowsFile, &tallies)
	}
	r := newRun(s, o.month(seed), out)
	r.happen()
	c.AsOf = time.Unix(r.now, 0).In(zone)
	reads := map[record.Type]casefile.Read{}
	for _, t := range tallies {
		rd := t()
		switch {
		case rd.Record == record.Exceptions:
			rd.Stated = casefile.Complete
		case rd.Record == record.Postings && s.shape.endsEarly:
			rd.Cap, rd.Why = r.cap(), endsEarlyWhy
		}
		reads[rd.Record] = rd
	}
	for _, sys := range systems(s.shape) {
		cs := casefile.System{Role: sys.role, Name: sys.name, Probe: "file", Zone: zone, Inputs: sys.inputs}
		if sys.role == record.Platform {
			cs.Feeds = r.set.feeds
		}
		for _, in := range sys.inputs {
			cs.Reads = append(cs.Reads, reads[in.Record])
		}
		c.Systems = append(c.Systems, cs)
	}
	return c, r.truth.told(s, seed)
}

// keep adds records to a table and tallies what a reader would know of them.
func keep[T any](into *casefile.Table[T], f file[T], tallies *[]func() casefile.Read) func(*T) {
	rd := casefile.Read{Record: f.record, State: casefile.Empty}
	open := make([]int, 0, len(f.columns)) // columns that no row has filled yet
	filled := make([]bool, len(f.columns))
	for i, c := range f.columns {
		if c.field != "" {
			open = append(open, i)
		}
	}
	*tallies = append(*tallies, func() casefile.Read {
		for i, c := range f.columns {
			if filled[i] {
				rd.Columns = append(rd.Columns, c.field)
			}
		}
		return rd
	})
	return func(t *T) {
		r := into.Add(*t)
		rd.State = casefile.HasRows
		rd.Rows++
		if at := f.when(r); at.Known() {
			if !rd.From.Known() || at.Compare(rd.From) < 0 {
				rd.From = at
			}
			if !rd.To.Known() || at.Compare(rd.To) > 0 {
				rd.To = at
			}
		}
		rest := open[:0]
		for _, i := range open {
			if f.columns[i].text(r) != "" {
				filled[i] = true
			} else {
				rest = append(rest, i)
			}
		}
		open = rest
	}
}
