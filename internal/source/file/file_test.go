package file

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gcdiag/internal/casefile"
	"gcdiag/internal/money"
	"gcdiag/internal/record"
)

// collected is a sink that keeps everything.
type collected struct {
	movements     []record.Movement
	cards         []record.Card
	orders        []record.Order
	subscriptions []record.Subscription
	deliveries    []record.Delivery
	flows         []record.Flow
	postings      []record.Posting
	rules         []record.Rule
	exceptions    []record.Exception
	rejects       []casefile.Reject
}

func (c *collected) Movement(m *record.Movement) error {
	c.movements = append(c.movements, record.Clone(m))
	return nil
}
func (c *collected) Card(m *record.Card) error {
	c.cards = append(c.cards, record.Clone(m))
	return nil
}
func (c *collected) Order(m *record.Order) error {
	c.orders = append(c.orders, record.Clone(m))
	return nil
}
func (c *collected) Subscription(m *record.Subscription) error {
	c.subscriptions = append(c.subscriptions, record.Clone(m))
	return nil
}
func (c *collected) Delivery(m *record.Delivery) error {
	c.deliveries = append(c.deliveries, record.Clone(m))
	return nil
}
func (c *collected) Flow(m *record.Flow) error {
	c.flows = append(c.flows, record.Clone(m))
	return nil
}
func (c *collected) Posting(m *record.Posting) error {
	c.postings = append(c.postings, record.Clone(m))
	return nil
}
func (c *collected) Rule(m *record.Rule) error {
	c.rules = append(c.rules, record.Clone(m))
	return nil
}
func (c *collected) Exception(m *record.Exception) error {
	c.exceptions = append(c.exceptions, record.Clone(m))
	return nil
}
func (c *collected) Reject(r casefile.Reject) error { c.rejects = append(c.rejects, r); return nil }

func (c *collected) rows() int {
	return len(c.movements) + len(c.cards) + len(c.orders) + len(c.subscriptions) + len(c.deliveries) + len(c.flows) +
		len(c.postings) + len(c.rules) + len(c.exceptions)
}

// write puts content into a file of the test.
func write(t testing.TB, name string, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

var usd = money.MustCurrency("USD")

// read reads content as a file called name; the spec's path is filled in.
func read(t testing.TB, name, content string, spec Spec) (*collected, Result) {
	t.Helper()
	got, res, err := tryRead(t, name, content, spec)
	if err != nil {
		t.Fatalf("reading %s: %v", name, err)
	}
	return got, res
}

func tryRead(t testing.TB, name, content string, spec Spec) (*collected, Result, error) {
	t.Helper()
	spec.Path, spec.Name = write(t, name, content), name
	if !spec.Currency.Known() {
		spec.Currency = usd
	}
	got := &collected{}
	res, err := Read(context.Background(), spec, got, nil)
	if res.Rows != got.rows() || res.Rejected != len(got.rejects) {
		t.Errorf("result counts %d records and %d rejects, the sink got %d and %d", res.Rows, res.Rejected, got.rows(), len(got.rejects))
	}
	return got, res, err
}

// reasons joins the rejects' places and reasons.
func (c *collected) reasons() string {
	var b strings.Builder
	for _, r := range c.rejects {
		b.WriteString(r.Place + ": " + r.Reason + "\n")
	}
	return b.String()
}

func moment(t testing.TB, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}
