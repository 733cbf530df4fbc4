package trace

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	"gcdiag/internal/casefile"
	"gcdiag/internal/money"
	"gcdiag/internal/record"
	"gcdiag/internal/shelf"
)

// shortLived is a file of which reads fail from some on.
type shortLived struct {
	sync.Mutex
	data  []byte
	reads int // that succeed
}

var errWorn = errors.New("the disk is worn out")

func (f *shortLived) WriteAt(b []byte, at int64) (int, error) {
	f.Lock()
	defer f.Unlock()
	f.data = append(f.data, make([]byte, max(0, int(at)+len(b)-len(f.data)))...)
	return copy(f.data[at:], b), nil
}

func (f *shortLived) ReadAt(b []byte, at int64) (int, error) {
	f.Lock()
	defer f.Unlock()
	if f.reads--; f.reads < 0 {
		return 0, errWorn
	}
	if at > int64(len(f.data)) {
		return 0, io.EOF
	}
	return copy(b, f.data[at:]), nil
}

// Notes that can't be read back are told by their store. If they make linking panic,
// that is the caller's to catch, whichever core it happens on.
func TestLostNotes(t *testing.T) {
	usd := money.MustCurrency("USD")
	start := time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)
	c := &casefile.Case{Zone: time.UTC, AsOf: start.AddDate(1, 0, 0), Liability: []string{"2400"}, Currency: usd, Policy: casefile.DefaultPolicy(),
		Systems: []casefile.System{{Role: record.Platform, Name: "Shop", Zone: time.UTC}, {Role: record.ERP, Name: "Books", Zone: time.UTC}}}
	b := casefile.NewBuilder(c)
	for i := range 40_000 {
		id, card, at := fmt.Sprint("m-", i), fmt.Sprint("c-", i/3), record.At(start.Add(time.Duration(i)*time.Minute))
		m := record.Movement{ID: id, Card: card, Kind: record.Load, Currency: usd, Amount: 500, At: at, Order: fmt.Sprint("o-", i)}
		if err := b.Movement(&m); err != nil {
			t.Fatal(err)
		}
		if i%50 == 0 {
			continue
		}
		p := record.Posting{Source: record.Source{System: 1}, ID: fmt.Sprint("p-", i), Kind: record.Load, Currency: usd, Amount: 500, Dated: at, Account: "2400", Ref: id, Card: card}
		if err := b.Posting(&p); err != nil {
			t.Fatal(err)
		}
	}
	b.Finish()
	linked := func(f *shortLived) (told error, panicked bool) {
		store := shelf.NewOn(0, "folder", func(string) (shelf.Backing, error) { return f, nil })
		scout := NewScout()
		scout.Keep(store)
		for row, m := range c.Movements.Rows() {
			scout.Movement(row, m)
		}
		for row, p := range c.Postings.Rows() {
			scout.Posting(row, p)
		}
		defer func() {
			panicked = recover() != nil
			told = store.Err()
		}()
		JoinLean(c, scout)
		return
	}
	const many = 1 << 30
	works := &shortLived{reads: many}
	if told, panicked := linked(works); told != nil || panicked {
		t.Fatal("with a disk that works:", told, panicked)
	}
	all := many - works.reads
	panics := 0
	for reads := 0; reads < all; reads += all/20 + 1 {
		f := &shortLived{reads: reads}
		told, panicked := linked(f)
		// How often pages are read again depends on which core comes first.
		if lost := f.reads < 0; lost != errors.Is(told, errWorn) {
			t.Errorf("after %d of about %d reads, a read failed: %v, told: %v", reads, all, lost, told)
		}
		if panicked {
			panics++
		}
	}
	if panics == 0 {
		t.Errorf("of %d reads none was missed so that linking panicked: nothing was tried", all)
	}
}
