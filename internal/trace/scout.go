package trace

import (
	"cmp"
	"encoding/binary"
	"hash/maphash"
	"math"
	"strings"
	"unicode/utf8"

	"gcdiag/internal/casefile"
	"gcdiag/internal/ident"
	"gcdiag/internal/money"
	"gcdiag/internal/record"
	"gcdiag/internal/shelf"
)

// Scout sees every record while it is read (it is a casefile.Watcher) and notes in
// a few bytes what is needed to tell the clean events from the rest, so that most
// records are never looked at again. Records of different types may be shown to it
// at the same time. It serves one case.
//
// Identifiers are noted as 64 bits of a hash with a seed of its own. Among 40
// million different ones two have the same with a chance of one in 20 000, and
// then, as a rule, some more events are linked in full: only a row that is wrong,
// and whose wrong identifier is the other one of just that pair, would be missed.
type Scout struct {
	hasher // of what is not hashed while reading
	store  *shelf.Store

	moves struct {
		hasher
		notes   [shares]shelf.List[moveNote]
		sorts   sorts[moveSort]
		masked  bool
		touched []uint64        // what the rows that can't be clean name beside their keys
		shapes  map[string]bool // of all ids, see shapedLikeEvent
	}
	sent struct {
		hasher
		notes  [shares]shelf.List[sentNote]
		sorts  sorts[sentSort]
		like   sorts[struct{}]
		masked bool
		named  bool // some have an id, or a notification's
	}
	booked struct {
		hasher
		notes  [shares]shelf.List[bookNote]
		sorts  sorts[bookSort]
		like   sorts[struct{}]
		masked bool
		cards  bool // some name a card
	}
}

// NewScout is a scout that has seen nothing yet.
func NewScout() *Scout {
	s := &Scout{hasher: hasher{seed: maphash.MakeSeed()}}
	s.moves.hasher, s.sent.hasher, s.booked.hasher = s.hasher, s.hasher, s.hasher
	s.moves.shapes = map[string]bool{}
	return s
}

// Keep has the scout keep its notes, and what is made of them, in a store. It must be
// called before the scout is shown anything.
func (s *Scout) Keep(store *shelf.Store) {
	s.store = store
	for k := range shares {
		s.moves.notes[k], s.sent.notes[k], s.booked.notes[k] = shelf.In[moveNote](store), shelf.In[sentNote](store), shelf.In[bookNote](store)
	}
}

// moveNote is what is noted of a movement: the hashes of its keys, 0 for none, and
// what differs from event to event. All else is in its sort.
type moveNote struct {
	id, card, order, refund uint64
	ns                      int64 // math.MinInt64: no time
	amount                  money.Amount
	sort, row               uint32
}

// rowNote is what is noted of a delivery or a posting: the hash of the event that it
// names, and the sum of the hashes of what it names beside, see own.
type rowNote struct {
	event, keys uint64
	sort, row   uint32
}

// sentNote is what is noted of a delivery; erp is the hash of the row that it is said to be.
type sentNote struct {
	rowNote
	erp uint64
}

// bookNote is what is noted of a posting.
type bookNote struct {
	rowNote
	document uint64
	ns       int64
	amount   money.Amount
}

// Rows are of one sort where nothing that a verdict, a habit, a mapping or a shared
// attribute goes by tells them apart, but for their keys, times and amounts.
type moveSort struct {
	kind     record.Kind
	currency money.Currency
	span     int32
	rank     int8 // in a moment, see rankInMoment
	lawful   bool // nothing about such a movement needs a second look
}

type sentSort struct {
	kind      record.Kind
	delivered bool
	lawful    bool
	beside    bool  // it names more than an event and its keys: a batch, a notification
	keys      uint8 // which it names
	like      uint32
}

type bookSort struct {
	kind     record.Kind
	currency money.Currency
	span     int32
	account  string
	lawful   bool
	beside   bool // it names more than an event and its keys: a batch, a document
	keys     uint8
	like     uint32
}

// The keys that a row may name beside its event.
const (
	hasCard = 1 << iota
	hasOrder
	hasRefund
)

// own is the sum of an event's keys that a row with just these must have.
func (m *moveNote) own(keys uint8) uint64 {
	sum := uint64(0)
	if keys&hasCard != 0 {
		sum += mix(m.card, 1)
	}
	if keys&hasOrder != 0 {
		sum += mix(m.order, 2)
	}
	if keys&hasRefund != 0 {
		sum += mix(m.refund, 3)
	}
	return sum
}

func mix(hash, part uint64) uint64 {
	hash ^= part * 0x9e3779b97f4a7c15
	hash ^= hash >> 32
	hash *= 0xd6e8feb86659fd93
	return hash ^ hash>>29
}

// at is the time of the note of a movement or posting of a span.
func at(ns int64, span int32) record.Time {
	if ns == math.MinInt64 {
		return record.Time{}
	}
	return record.Spanning(ns, span)
}

// shares is into how many parts keys are divided by their hash. What is done for
// one share needs little memory that is looked up at random, and several are done
// at the same time.
const shares = 256

func share(hash uint64) int { return int(hash >> 56) }

// sorts numbers what is alike, from one.
type sorts[T any] struct {
	known map[string]uint32
	list  []T // list[0] is of no sort
	text  []byte
}

// begin starts the text that tells a sort from others.
func (s *sorts[T]) begin(b ...byte) { s.text = append(s.text[:0], b...) }

func (s *sorts[T]) add(texts ...string) {
	for _, t := range texts {
		s.text = binary.AppendUvarint(s.text, uint64(len(t)))
		s.text = append(s.text, t...)
	}
}

func (s *sorts[T]) attrs(list []record.Attr) {
	for _, a := range list {
		s.add(a.Name, a.Value)
	}
}

// mostSorts is how many sorts of rows are told apart. Where there are more, hardly a
// row is like others, and those of further sorts are not clean.
const mostSorts = 1 << 16

// number is the number of the sort whose text was made; it is fresh if it has just
// been given. Of a new sort beyond so many it is 0.
func (s *sorts[T]) number(most int) (n uint32, fresh bool) {
	if n, known := s.known[string(s.text)]; known {
		return n, false
	}
	if s.known == nil {
		s.known, s.list = map[string]uint32{}, make([]T, 1)
	}
	if len(s.list) > most {
		return 0, false
	}
	n = uint32(len(s.list))
	s.known[string(s.text)] = n
	s.list = append(s.list, s.list[0])
	return n, true
}

// hasher makes the hashes of identifiers.
type hasher struct {
	seed maphash.Seed
	key  []byte // the key that was hashed last, if it is not the identifier itself
}

// hash is the hash of an identifier's key, 0 for none.
func (h *hasher) hash(id string) uint64 {
	if ident.IsKey(id) {
		h.key = h.key[:0]
		if id == "" {
			return 0
		}
		return h.hashKey(id)
	}
	h.key = ident.AppendKey(h.key[:0], id)
	if len(h.key) == 0 {
		return 0
	}
	return max(1, maphash.Bytes(h.seed, h.key))
}

// hashKey is the hash of an identifier whose key that is.
func (h *hasher) hashKey(key string) uint64 { return max(1, maphash.String(h.seed, key)) }

// card is hash for a card, and says whether its code is masked.
func (h *hasher) card(id string) (hash uint64, masked bool) {
	hash = h.hash(id)
	for _, c := range h.key {
		if c == '*' || c >= utf8.RuneSelf {
			_, masked = maskTail(string(h.key))
			break
		}
	}
	return hash, masked
}

func flag(is bool, bit byte) byte {
	if is {
		return bit
	}
	return 0
}

// Movement notes a movement.
func (s *Scout) Movement(row int, m *record.Movement) {
	n := s.movement(row, m)
	s.moves.notes[share(n.id)].Add(n)
}

func (s *Scout) movement(row int, m *record.Movement) moveNote {
	q := &s.moves
	id := q.hash(m.ID)
	key := m.ID
	if len(q.key) > 0 {
		key = string(q.key)
	}
	if x := shape(key); !q.shapes[x] {
		q.shapes[strings.Clone(x)] = true
	}
	card, masked := q.card(m.Card)
	q.masked = q.masked || masked
	lawful := id != 0 && card != 0 && m.At.Known() && m.Status == record.Final && m.Test != record.Yes && !m.Points && !m.Contrary &&
		m.Funding != record.Promotional && m.Kind != record.NoKind && m.Kind != record.Reversal && m.Kind != record.Other &&
		(m.Kind != record.Redemption || m.Refund == "") && m.Entity == "" && m.Transfer == "" && m.Reverses == "" &&
		!m.BalanceAfter.Set && !m.CardCreatedAt.Known()
	if !lawful {
		for _, id := range [...]string{m.Reverses, m.Transfer} {
			if h := q.hash(id); h != 0 {
				q.touched = append(q.touched, h)
			}
		}
	}
	span := int32(m.At.Span().Seconds())
	q.sorts.begin(byte(m.Kind), byte(m.Funding), byte(m.Test), byte(cmp.Compare(m.Amount, 0)), m.Currency[0], m.Currency[1], m.Currency[2],
		byte(m.System), byte(m.System>>8), flag(lawful, 1)|flag(m.Order == "", 2)|flag(m.Refund == "", 4), byte(span), byte(span>>8), byte(span>>16), byte(span>>24))
	q.sorts.add(m.Origin, m.Issuer, m.Channel, m.Location, m.Item)
	q.sorts.attrs(m.Attrs)
	n, fresh := q.sorts.number(mostSorts)
	if n == 0 {
		lawful = false
		q.sorts.begin(byte(m.Kind), byte(rankInMoment(m.Amount)), m.Currency[0], m.Currency[1], m.Currency[2], byte(span), byte(span>>8), byte(span>>16), byte(span>>24))
		n, fresh = q.sorts.number(math.MaxInt)
	}
	if fresh {
		q.sorts.list[n] = moveSort{m.Kind, m.Currency, span, int8(rankInMoment(m.Amount)), lawful}
	}
	return moveNote{id, card, q.hash(m.Order), q.hash(m.Refund), nanoseconds(m.At), m.Amount, n, uint32(row)}
}

func nanoseconds(t record.Time) int64 {
	if !t.Known() {
		return math.MinInt64
	}
	return t.Earliest().UnixNano()
}

// keys is what a row names beside its event, and its sum.
func (h *hasher) keys(card uint64, order, refund string) (has uint8, sum uint64) {
	m := moveNote{card: card, order: h.hash(order), refund: h.hash(refund)}
	has = flag(card != 0, hasCard) | flag(m.order != 0, hasOrder) | flag(m.refund != 0, hasRefund)
	return has, m.own(has)
}

// Delivery notes a delivery.
func (s *Scout) Delivery(row int, d *record.Delivery) {
	n := s.delivery(row, d)
	s.sent.notes[share(n.event)].Add(n)
}

func (s *Scout) delivery(row int, d *record.Delivery) sentNote {
	q := &s.sent
	q.named = q.named || d.ID != "" || d.Notification != ""
	event := q.hash(d.Event)
	card, masked := q.card(d.Card)
	q.masked = q.masked || masked
	has, sum := q.keys(card, d.Order, d.Refund)
	lawful := d.Outcome != record.UnknownOutcome && !d.Points && d.Batch == ""
	delivered := d.Outcome == record.Delivered
	q.like.begin(byte(d.System), byte(d.System>>8), has&hasCard)
	q.like.add(d.Flow)
	beside := d.Batch != "" || d.Notification != ""
	q.sorts.begin(byte(d.Kind), has, flag(lawful, 1)|flag(delivered, 2)|flag(beside, 4))
	q.sorts.text = append(q.sorts.text, q.like.text...)
	n, fresh := q.sorts.number(mostSorts)
	if fresh {
		like, _ := q.like.number(math.MaxInt)
		q.sorts.list[n] = sentSort{d.Kind, delivered, lawful, beside, has, like}
	}
	return sentNote{rowNote{event, sum, n, uint32(row)}, q.hash(d.ERPRef)}
}

// Posting notes a posting.
func (s *Scout) Posting(row int, p *record.Posting) {
	n := s.posting(row, p)
	s.booked.notes[share(n.event)].Add(n)
}

func (s *Scout) posting(row int, p *record.Posting) bookNote {
	q := &s.booked
	ref := q.hash(p.Ref)
	card, masked := q.card(p.Card)
	q.masked = q.masked || masked
	q.cards = q.cards || p.Card != ""
	has, sum := q.keys(card, p.Order, p.Refund)
	document := uint64(0)
	if p.Document != "" {
		document = max(1, mix(maphash.String(s.seed, p.Document), uint64(p.System)+1))
	}
	lawful := p.Status.Counts() && p.From != record.ByHand && p.Batch == "" && p.Dated.Known()
	span := int32(p.Dated.Span().Seconds())
	q.like.begin(byte(p.System), byte(p.System>>8), byte(p.Kind), byte(p.From), flag(p.Order != "", 1)|flag(p.Card != "", 2)|flag(p.Rule != "", 4))
	q.like.add(p.Account, p.Type, p.Item, p.Entity)
	beside := p.Batch != "" || p.Document != ""
	q.sorts.begin(has, flag(lawful, 1)|flag(beside, 2), p.Currency[0], p.Currency[1], p.Currency[2], byte(span), byte(span>>8), byte(span>>16), byte(span>>24))
	q.sorts.text = append(q.sorts.text, q.like.text...)
	n, fresh := q.sorts.number(mostSorts)
	if fresh {
		like, _ := q.like.number(math.MaxInt)
		q.sorts.list[n] = bookSort{p.Kind, p.Currency, span, strings.Clone(p.Account), lawful, beside, has, like}
	}
	return bookNote{rowNote{ref, sum, n, uint32(row)}, document, nanoseconds(p.Dated), p.Amount}
}

// scouted is a scout that has seen all of a case.
func scouted(c *casefile.Case) *Scout {
	s := NewScout()
	s.Keep(c.Notes())
	for row, m := range c.Movements.Rows() {
		s.Movement(row, m)
	}
	for row, d := range c.Deliveries.Rows() {
		s.Delivery(row, d)
	}
	for row, p := range c.Postings.Rows() {
		s.Posting(row, p)
	}
	return s
}
