// Package casefile is the seam between reading and judging: a Case holds all
// records that the systems stated, and what is known of their completeness. The
// left side fills it, the right side judges it, and neither knows the other.
package casefile

import (
	"iter"
	"maps"
	"math/bits"
	"slices"
	"time"

	"gcdiag/internal/money"
	"gcdiag/internal/record"
	"gcdiag/internal/shelf"
)

// Case is everything one diagnosis rests on.
type Case struct {
	Mode      string // live, files, answers or demo
	Window    record.Window
	AsOf      time.Time // "now" for lag and ageing
	Zone      *time.Location
	Liability []string // the gift card liability accounts, as the ERP writes them
	Currency  money.Currency
	Policy    Policy
	Systems   []System
	Rejects   []Reject
	Complete  bool // false: reading was cancelled or a source failed

	Movements     Table[record.Movement]
	Cards         Table[record.Card]
	Orders        Table[record.Order]
	Subscriptions Table[record.Subscription]
	Deliveries    Table[record.Delivery]
	Flows         Table[record.Flow]
	Postings      Table[record.Posting]
	Rules         Table[record.Rule]
	Exceptions    Table[record.Exception]

	records, notes *shelf.Store // where they are kept; nil: in memory
}

// Policy is what the client decided; see contract of connectors.yaml for the defaults.
type Policy struct {
	Grace         time.Duration
	PricePaid     bool // a load owes the price paid, not the face value
	Promotional   bool // promotional cards count as liability
	Loyalty       bool // points accounts count
	PointsPerUnit int64
	Tolerance     money.Amount // minor units per event
}

// DefaultPolicy is the policy of a connectors.yaml that says nothing.
func DefaultPolicy() Policy {
	return Policy{Grace: 24 * time.Hour, Loyalty: true, PointsPerUnit: 100, Tolerance: 1}
}

// System is one connector and what is known of its records.
type System struct {
	Role     record.Role
	Name     string
	Probe    string
	Zone     *time.Location
	Entities []string // ERP: the companies whose books this ledger holds; empty: all
	Feeds    []Feed   // platform: how each kind leaves it
	Reads    []Read
	Inputs   []Input
	// Screens says where to look in the system's own screens, by stage (emit,
	// forward, arrive, classify) or record type.
	Screens []Screen
}

// Screen is a place in a system's own screens.
type Screen struct{ Topic, Text string }

// Read finds what is known of one record type of the system; State is Absent
// where the system has none.
func (s *System) Read(t record.Type) Read {
	for _, r := range s.Reads {
		if r.Record == t {
			return r
		}
	}
	return Read{Record: t}
}

// Input is one file or endpoint a system was read from. Row numbers of records refer to it.
type Input struct {
	Name   string // as shown: a path relative to connectors.yaml, or an endpoint's name
	Record record.Type
	Format string // csv, tsv, json, ndjson, xlsx, …
	Notes  []string
	// Columns is how the input's header was understood, in the input's order.
	Columns []Column
}

// Column is one column of an input and what it was taken for.
type Column struct {
	Header  string
	Field   string // the contract's column; "" where it is kept as an attribute
	Guessed bool   // taken by resemblance, neither by name nor by the columns map
}

// Feed says how a kind (NoKind: any) of an origin ("": any) leaves the platform.
type Feed struct {
	Kind   record.Kind
	Origin string
	Via    record.Via
}

// State is how far a record type could be read.
type State uint8

// The states of a read.
const (
	Absent    State = iota // the system has no such input
	Unread                 // the input could not be read; Why says why
	Empty                  // read, and without rows
	HasRows                // read, with rows
	Truncated              // reading stopped before the end; Why says why
)

// String is the state in a word, as saved cases have it.
func (s State) String() string { return word(s, "absent", "unread", "empty", "has rows", "truncated") }

// Whole is what is stated about the completeness of a record type.
type Whole uint8

// The statements. Unstated is judged by the contract's rule: rows are complete
// over the window, no rows prove nothing.
const (
	Unstated Whole = iota
	Complete
	Partial
)

// String is the statement in a word, as saved cases have it.
func (w Whole) String() string { return word(w, "unstated", "complete", "partial") }

func word[T ~uint8](v T, words ...string) string {
	if int(v) < len(words) {
		return words[v]
	}
	return ""
}

// Read is what is known of one record type of one system.
type Read struct {
	Record   record.Type
	State    State
	Rows     int // records kept
	Rejected int
	Repeated int         // rows that repeat another one exactly
	Replaced int         // movement rows whose status a later row replaced
	From, To record.Time // earliest and latest time found in the records
	Stated   Whole
	Covers   record.Window // Stated = Complete only within this, where set
	Cap      int           // the export ends after so many rows at most; 0: none known
	Why      string
	Columns  []string // contract columns that at least one row fills
	Damaged  []Damage
}

// Damage is one column whose identifiers a spreadsheet has altered.
type Damage struct {
	Column string
	Rows   int
	How    string // "scientific notation", "leading zeros lost", "cut after 15 digits"
	// Values are the damaged identifiers as read; records still carry them.
	Values []string
}

// Reject is one row that did not become a record.
type Reject struct {
	record.Source
	Record record.Type
	Place  string // "erp.csv:17", "erp.xlsx:Sheet1:17"
	Reason string
	// Keys are the identifiers that could still be read from the row (ids,
	// references, orders, cards, batches), as written. A row from which none
	// could be read might speak of any event.
	Keys []string
	At   record.Time // where it could be read
}

// Table is a list of records that can be read again and again, in the order in
// which they were added. A record's index counts all that were added before it, and
// stays when some of these are dropped.
type Table[T any] struct {
	chunks  [][]T
	pack    *pack[T] // where the records are, if the table is packed
	n       int      // records added
	dropped RowSet   // some of them, since another one says or replaces what they say
	gone    int      // how many

	altered []int // of a table that is not packed, see Altered
}

const chunk = 4096

// usePack makes an empty table keep its records packed, if it can.
func (t *Table[T]) usePack() {
	if t.n == 0 {
		t.pack = newPack[T]()
	}
}

// Add appends a record and returns where it is kept; of a packed table, a copy.
func (t *Table[T]) Add(r T) *T {
	if t.pack != nil {
		_ = t.put(&r) // the case says it
		return &r
	}
	last := len(t.chunks) - 1
	if last < 0 || len(t.chunks[last]) == cap(t.chunks[last]) {
		size := chunk
		if last < 0 {
			size = 64
		}
		t.chunks = append(t.chunks, make([]T, 0, size))
		last++
	}
	t.chunks[last] = append(t.chunks[last], r)
	t.n++
	return &t.chunks[last][len(t.chunks[last])-1]
}

// complete puts what do says into every record.
func (t *Table[T]) complete(do func(*T)) {
	if t.pack != nil {
		t.pack.fill = do
		return
	}
	for r := range t.All() {
		do(r)
	}
}

// put appends a record. The error is that of the table's bound.
func (t *Table[T]) put(r *T) error {
	if t.pack == nil {
		t.Add(*r)
		return nil
	}
	t.n++
	return t.pack.put(r)
}

// set replaces the record with an index.
func (t *Table[T]) set(i int, r T) {
	if t.pack == nil {
		*t.at(i) = r
		t.altered = append(t.altered, i)
		return
	}
	if t.pack.changed == nil {
		t.pack.changed = map[int]T{}
	}
	t.pack.changed[i] = r
}

// drop takes records out of the table.
func (t *Table[T]) drop(rows RowSet) {
	t.dropped = t.dropped.with(rows)
	t.gone = t.dropped.len()
}

// at is the record with an index.
func (t *Table[T]) at(i int) *T {
	if first := cap(t.chunks[0]); i < first {
		return &t.chunks[0][i]
	} else {
		i -= first
	}
	return &t.chunks[1+i/chunk][i%chunk]
}

// Read fills r with the record with an index.
func (t *Table[T]) Read(i int, r *T) {
	if t.pack == nil {
		*r = *t.at(i)
		return
	}
	t.pack.at(i, r)
}

// Len is the number of records.
func (t *Table[T]) Len() int { return t.n - t.gone }

// End is above the index of every record, also of those that were dropped. It is Len
// where none was.
func (t *Table[T]) End() int { return t.n }

// All yields every record. The pointers stay valid and must not be written through.
func (t *Table[T]) All() iter.Seq[*T] {
	if t.pack == nil {
		return t.Pass()
	}
	return func(yield func(*T) bool) {
		var kept []T
		for r := range t.Pass() {
			if len(kept) == 0 {
				kept = make([]T, min(t.n, 64))
			}
			kept[0] = *r
			if t.pack.fill != nil {
				t.pack.fill(&kept[0])
			}
			if !yield(&kept[0]) {
				return
			}
			kept = kept[1:]
		}
	}
}

// Pass yields every record, but without the id that a delivery has by its place
// only. A pointer is valid until the next record only, and must not be written
// through; texts stay valid.
func (t *Table[T]) Pass() iter.Seq[*T] {
	return func(yield func(*T) bool) {
		for rows := range t.Batches(1) {
			for i := range rows {
				if !yield(&rows[i]) {
					return
				}
			}
		}
	}
}

// Rows yields every record as Pass does, with its index.
func (t *Table[T]) Rows() iter.Seq2[int, *T] {
	return func(yield func(int, *T) bool) {
		i := 0
		for r := range t.Pass() {
			for t.dropped.Has(i) {
				i++
			}
			if !yield(i, r) {
				return
			}
			i++
		}
	}
}

// Altered lists the indexes of the records that took the place of others after
// these had been added, in no order.
func (t *Table[T]) Altered() []int {
	if t.pack == nil {
		return t.altered
	}
	return slices.Collect(maps.Keys(t.pack.changed))
}

// Stale is the rows of which a watcher was shown something that is not in the table any
// more: the altered ones, and those that were dropped, since another one says what they
// say or stands in their place.
func (t *Table[T]) Stale() RowSet {
	altered := t.Altered()
	if len(altered) == 0 {
		return t.dropped
	}
	rows := newRowSet(t.n).with(t.dropped)
	for _, row := range altered {
		rows.add(row)
	}
	return rows
}

// Batches yields every record as Pass does, several at a time: size, as a rule.
func (t *Table[T]) Batches(size int) iter.Seq[[]T] {
	return func(yield func([]T) bool) {
		if t.pack != nil {
			t.pack.batches(size, t.dropped, yield)
			return
		}
		first := 0 // of the chunk
		for _, c := range t.chunks {
			for from, to := 0, 0; from < len(c); from = to + 1 {
				for to = from; to < len(c) && !t.dropped.Has(first+to); to++ {
				}
				if to > from && !yield(c[from:to]) {
					return
				}
			}
			first += len(c)
		}
	}
}

// RowSet is a set of rows, a bit for each; nil for none.
type RowSet []uint64

// newRowSet is a set that has room for rows below a number.
func newRowSet(end int) RowSet { return make(RowSet, (end+63)/64) }

// Has reports whether a row is in the set.
func (s RowSet) Has(row int) bool { return row>>6 < len(s) && s[row>>6]>>(row&63)&1 != 0 }

func (s RowSet) add(row int) { s[row>>6] |= 1 << (row & 63) }

func (s RowSet) len() (n int) {
	for _, word := range s {
		n += bits.OnesCount64(word)
	}
	return n
}

// with is the rows of both sets, which may become one. Both have the same room, or none.
func (s RowSet) with(more RowSet) RowSet {
	if s == nil {
		return more
	}
	for k, word := range more {
		s[k] |= word
	}
	return s
}
