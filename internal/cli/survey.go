package cli

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"gcdiag/internal/casefile"
	"gcdiag/internal/connector"
	"gcdiag/internal/ident"
	"gcdiag/internal/money"
	"gcdiag/internal/record"
	"gcdiag/internal/redact"
	"gcdiag/internal/source/file"
	"gcdiag/internal/wording"
)

// survey finds out what the files of a folder hold and notes everything that it
// had to guess.
type survey struct {
	dir      string
	zone     *time.Location
	exports  []*export
	unused   []string // files and folders that are not used, with the reason
	currency map[money.Currency]int
	uncoded  int // amounts without a currency

	movements span
	owed      map[string][]money.Amount // by key of a movement's ids: what it owes
	accounts  map[string]*account
}

func newSurvey(dir string, zone *time.Location) *survey {
	return &survey{dir: dir, zone: zone, currency: map[money.Currency]int{}, owed: map[string][]money.Amount{}, accounts: map[string]*account{}}
}

// export is one file that can be used.
type export struct {
	name    string
	record  record.Type
	role    record.Role
	entry   connector.File
	columns []casefile.Column
	notes   []string // what was guessed about it
	open    int      // words that are left to decide
	result  file.Result
	reject  string // the first one, with its place
}

// span is a stretch of days.
type span struct{ from, to record.Time }

func (s *span) add(t record.Time) {
	if t.Known() && (!s.from.Known() || t.Compare(s.from) < 0) {
		s.from = t
	}
	if t.Known() && (!s.to.Known() || t.Compare(s.to) > 0) {
		s.to = t
	}
}

// account is one account of the ERP: how many rows stand on it, and how many of
// them look like gift card liability.
type account struct {
	name       string
	rows, like int
}

func (e *export) note(format string, a ...any) { e.notes = append(e.notes, fmt.Sprintf(format, a...)) }

// quoted shows a word of a file, without card codes.
func quoted(word string) string {
	if r := []rune(word); len(r) > 40 {
		word = string(r[:40]) + "…"
	}
	return fmt.Sprintf("%q", redact.Mask(word))
}

// look goes through the folder's files.
func (s *survey) look(ctx context.Context) error {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return misconfigured(fmt.Errorf("looking at the folder: %w", err))
	}
	for _, e := range entries {
		name := e.Name()
		switch {
		case strings.HasPrefix(name, "."), strings.HasPrefix(name, "~$"), strings.HasSuffix(name, ".yaml"), strings.HasSuffix(name, ".yml"):
		case e.IsDir():
			s.unused = append(s.unused, name+": a folder; init looks at one folder at a time")
		default:
			if err := s.file(ctx, name); err != nil {
				return err
			}
		}
	}
	s.settleRoles()
	return nil
}

// file guesses what one file holds. The error is that of the context.
func (s *survey) file(ctx context.Context, name string) error {
	skip := func(format string, a ...any) {
		s.unused = append(s.unused, name+": "+fmt.Sprintf(format, a...))
	}
	path := filepath.Join(s.dir, name)
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		skip("not a regular file")
		return nil
	}
	if ownFile(path) {
		skip("a report or case of gcdiag")
		return nil
	}
	g, err := file.Guess(ctx, path, name)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		skip("%s", strings.TrimPrefix(err.Error(), name+": "))
		return nil
	case g.Record == record.NoType:
		skip("nothing in it resembles a record")
		return nil
	case !g.Fits:
		var lacks []string
		for _, f := range g.Missing {
			text := f
			if c := g.Candidates[f]; len(c) > 0 {
				var heads []string
				for _, h := range c {
					heads = append(heads, quoted(h))
				}
				text += " (" + strings.Join(heads, " or ") + "?)"
			}
			lacks = append(lacks, text)
		}
		skip("it looks like %s, but has no column for %s; name them under columns", g.Record, strings.Join(lacks, ", "))
		return nil
	case len(g.Rivals) > 0:
		var could []string
		for _, t := range append([]record.Type{g.Record}, g.Rivals...) {
			could = append(could, t.String())
		}
		skip("it could be %s; add it under files as what it is", strings.Join(could, " or "))
		return nil
	}
	x := &export{name: name, record: g.Record, role: g.Role, entry: connector.File{Path: name}, columns: g.Input.Columns}
	for _, c := range g.Input.Columns {
		if c.Guessed {
			x.column(c.Field, c.Header)
		}
	}
	for _, column := range slices.Sorted(maps.Keys(g.Foreign)) {
		for _, word := range g.Foreign[column] {
			x.word(column, word)
		}
	}
	s.exports = append(s.exports, x)
	return nil
}

// ownFile reports whether a file is one that gcdiag has written.
func ownFile(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, 256)
	n, _ := f.Read(head)
	text := string(head[:n])
	return strings.Contains(text, `"gcdiag.report/`) || strings.Contains(text, `"gcdiag.case/`)
}

// column takes a header for a column of the contract, and for no other.
func (e *export) column(field, header string) {
	for other, h := range e.entry.Columns {
		if h == header {
			delete(e.entry.Columns, other)
			e.notes = slices.DeleteFunc(e.notes, func(n string) bool { return n == taken(header, other) })
		}
	}
	if e.entry.Columns == nil {
		e.entry.Columns = map[string]string{}
	}
	e.entry.Columns[field] = header
	e.notes = append(e.notes, taken(header, field))
}

func taken(header, field string) string {
	return fmt.Sprintf("column %s is taken for %s", quoted(header), field)
}

// word takes a word for one of the vocabulary, or says that it has to be mapped.
func (e *export) word(column, word string) {
	ours, question := meaning(e.record, column, word)
	switch {
	case ours != "":
		if e.entry.Values == nil {
			e.entry.Values = map[string]map[string]string{}
		}
		if e.entry.Values[column] == nil {
			e.entry.Values[column] = map[string]string{}
		}
		e.entry.Values[column][word] = ours
		e.note("%s %s is taken for %s", column, quoted(word), ours)
	default:
		if question == "" {
			question = "one of " + strings.Join(vocabulary(e.record, column), ", ")
		}
		e.note("TO DECIDE: %s %s is %s; its rows are rejected until values says which", column, quoted(word), question)
		e.open++
	}
}

func vocabulary(t record.Type, column string) []string {
	if v := record.Vocabulary(t, column); v != nil {
		return v
	}
	return []string{"yes", "no"}
}

// settleRoles gives files that several roles can have the one whose vendor their
// name tells, else that of the first role that has files.
func (s *survey) settleRoles() {
	has := func(r record.Role) bool {
		return slices.ContainsFunc(s.exports, func(e *export) bool { return e.role == r })
	}
	for _, e := range s.exports {
		if e.role != record.NoRole {
			continue
		}
		for _, r := range []record.Role{record.Platform, record.Integration} {
			if vendorOf(r, e.name) != "" {
				e.role = r
				break
			}
		}
		if e.role == record.NoRole {
			e.role = record.Platform
			if !has(record.Platform) && has(record.Integration) {
				e.role = record.Integration
			}
			e.note("taken for the %s's; move it if it is another system's", e.role)
		}
	}
}

// read reads the files that the guesses rest on: the card ledger first, because
// the ERP's rows are recognised by it.
func (s *survey) read(ctx context.Context) error {
	for _, t := range []record.Type{record.Movements, record.Deliveries, record.Postings} {
		for _, e := range s.exports {
			if e.record != t {
				continue
			}
			if err := s.readOne(ctx, e); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *survey) readOne(ctx context.Context, e *export) error {
	t := &tally{survey: s, export: e, texts: map[string]map[string]bool{}}
	if err := s.pass(ctx, e, t); err != nil {
		return err
	}
	if e.record != record.Postings {
		return nil
	}
	if t.kinds == 0 && s.findKind(e, t.texts) {
		t = &tally{survey: s, export: e}
		if err := s.pass(ctx, e, t); err != nil {
			return err
		}
	}
	if t.lowering > 0 && t.negative == 0 {
		e.entry.Sign = "by_kind"
		e.note("no amount has a minus, so the kind gives the sign")
	}
	for i := range t.rows {
		s.count(&t.rows[i], t.negative == 0)
	}
	return nil
}

// pass reads a file once. A file that can't be read to its end is a note, not
// an error: check will say the same.
func (s *survey) pass(ctx context.Context, e *export, t *tally) error {
	e.reject = ""
	var err error
	e.result, err = file.Read(ctx, file.Spec{Record: e.record, Path: filepath.Join(s.dir, e.name), Name: e.name,
		Columns: e.entry.Columns, Values: e.entry.Values, Zone: s.zone}, t, nil)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		e.note("it can't be read as it is: %v", err)
	}
	return nil
}

// findKind looks for the column in which an ERP says what kind of movement a row
// is: at least two of its words mean a kind, and most do.
func (s *survey) findKind(e *export, texts map[string]map[string]bool) bool {
	best, most := "", 1
	for _, header := range slices.Sorted(maps.Keys(texts)) {
		n := 0
		for word := range texts[header] {
			if kindOf(word) != record.NoKind {
				n++
			}
		}
		if n > most && 2*n > len(texts[header]) {
			best, most = header, n
		}
	}
	if best == "" {
		return false
	}
	e.column("kind", best)
	for _, word := range slices.Sorted(maps.Keys(texts[best])) {
		if _, ok := record.ParseKind(word); !ok {
			e.word("kind", word)
		}
	}
	return true
}

// count counts a posting for its account. It looks like gift card liability
// where it moves by what a movement of the same ids owes, or else as its kind
// does.
func (s *survey) count(r *record.Posting, unsigned bool) {
	if r.Account == "" || !r.Status.Counts() {
		return
	}
	a := s.accounts[r.Account]
	if a == nil {
		a = &account{name: r.Account}
		s.accounts[r.Account] = a
	}
	a.rows++
	known := false
	for _, id := range []string{r.Ref, r.ID, r.Document, r.Refund, r.Order, r.Card} {
		if id == "" {
			continue
		}
		amounts, ok := s.owed[ident.Key(id)]
		known = known || ok
		if slices.ContainsFunc(amounts, func(owed money.Amount) bool {
			return owed == r.Amount || unsigned && owed.Abs() == r.Amount.Abs()
		}) {
			a.like++
			return
		}
	}
	sign := r.Kind.Sign()
	if !known && sign != 0 && (unsigned || sign > 0 == (r.Amount > 0)) {
		a.like++
	}
}

// byLikeness lists the accounts, the likeliest gift card liability first.
func (s *survey) byLikeness() []*account {
	return slices.SortedFunc(maps.Values(s.accounts), func(a, b *account) int {
		return cmp.Or(b.like-a.like, b.rows-a.rows, strings.Compare(a.name, b.name))
	})
}

// liability is the account that is the gift card liability, with the reason, or
// "" with what there is to choose from.
func (s *survey) liability() (name, why string) {
	list := s.byLikeness()
	var named []*account
	total := 0
	for _, a := range list {
		total += a.like
		if namesLiability(a.name) {
			named = append(named, a)
		}
	}
	switch {
	case len(named) == 1:
		return named[0].name, "its name says so"
	case len(list) == 1:
		return list[0].name, "it is the only account in the export"
	case total > 0 && 2*list[0].like > total:
		return list[0].name, fmt.Sprintf("%s of the %s rows that move as gift card liability does stand on it", wording.Count(list[0].like), wording.Count(total))
	}
	var choice []string
	for i, a := range list {
		if i == 8 {
			choice = append(choice, fmt.Sprintf("and %d more", len(list)-i))
			break
		}
		choice = append(choice, fmt.Sprintf("%s (%s)", quoted(a.name), wording.Plural(a.rows, "row")))
	}
	return "", strings.Join(choice, ", ")
}

// mainCurrency is the currency that most amounts are in, and whether there are
// others; unknown where no record names one.
func (s *survey) mainCurrency() (c money.Currency, others bool) {
	most := 0
	for _, x := range slices.SortedFunc(maps.Keys(s.currency), func(a, b money.Currency) int { return strings.Compare(a.String(), b.String()) }) {
		if s.currency[x] > most {
			c, most = x, s.currency[x]
		}
	}
	return c, len(s.currency) > 1
}

// tally is the sink of one file's records.
type tally struct {
	*survey
	export *export

	rows               []record.Posting
	texts              map[string]map[string]bool // by header, the words of columns that may hold kinds; nil: not wanted
	kinds              int                        // rows that say their kind
	negative, lowering int                        // rows with a minus; rows whose kind lowers what is owed
}

// wordsMost is how many different words a column of kinds may hold.
const wordsMost = 24

func (t *tally) coin(c money.Currency) {
	if c.Known() {
		t.currency[c]++
	} else {
		t.uncoded++
	}
}

// Movement notes what the movement owes under its ids.
func (t *tally) Movement(r *record.Movement) error {
	t.movements.add(r.At)
	if !r.Points {
		t.coin(r.Currency)
	}
	for _, id := range []string{r.ID, r.Order, r.Refund, r.Card} {
		if id != "" {
			k := strings.Clone(ident.Key(id))
			t.owed[k] = append(t.owed[k], r.Amount)
		}
	}
	return nil
}

// Posting keeps the row until signs and kinds are known.
func (t *tally) Posting(r *record.Posting) error {
	t.coin(r.Currency)
	if r.Kind != record.NoKind {
		t.kinds++
	}
	if r.Amount < 0 {
		t.negative++
	}
	if r.Kind.Sign() < 0 {
		t.lowering++
	}
	if t.texts != nil {
		if i := slices.IndexFunc(t.export.columns, func(c casefile.Column) bool { return c.Field == "type" }); i >= 0 {
			t.text(t.export.columns[i].Header, r.Type)
		}
		for _, a := range r.Attrs {
			t.text(a.Name, a.Value)
		}
	}
	r.Attrs = nil
	t.rows = append(t.rows, record.Clone(r))
	return nil
}

func (t *tally) text(header, word string) {
	if word == "" {
		return
	}
	if t.texts[header] == nil {
		t.texts[strings.Clone(header)] = map[string]bool{}
	}
	if words := t.texts[header]; !words[word] && len(words) <= wordsMost {
		words[strings.Clone(word)] = true
	}
}

// Reject keeps the first one.
func (t *tally) Reject(r casefile.Reject) error {
	if t.export.reject == "" {
		t.export.reject = r.Place + ": " + r.Reason
	}
	return nil
}

// The other records tell init nothing.

func (t *tally) Card(*record.Card) error                 { return nil }
func (t *tally) Order(*record.Order) error               { return nil }
func (t *tally) Subscription(*record.Subscription) error { return nil }
func (t *tally) Delivery(*record.Delivery) error         { return nil }
func (t *tally) Flow(*record.Flow) error                 { return nil }
func (t *tally) Rule(*record.Rule) error                 { return nil }
func (t *tally) Exception(*record.Exception) error       { return nil }
