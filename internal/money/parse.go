package money

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Mark is the character between units and decimals.
type Mark byte

// The decimal marks. NoMark means that it is not known.
const (
	NoMark Mark = 0
	Point  Mark = '.'
	Comma  Mark = ','
)

// Written is an amount as somebody wrote it, taken apart.
type Written struct {
	Decimal
	// Currency is the one currency that a code or sign in the text names.
	Currency Currency
	// Symbol is a sign in the text that several currencies share ("$", "¥", "kr").
	Symbol string
	// Mark is the decimal mark that the text proves: "1,234.50" and "1,234,567"
	// prove Point, "50,5" proves Comma, "50" proves nothing.
	Mark Mark
}

// Fits reports whether nothing in the text contradicts the currency c: the code
// is that of c, the sign is one that c uses, or the text names no currency.
func (w Written) Fits(c Currency) bool {
	switch {
	case !c.Known():
		return true
	case w.Currency.Known():
		return w.Currency == c
	case w.Symbol != "":
		return slices.Contains(sharers(w.Symbol), c)
	}
	return true
}

// Errors of Parse.
var (
	ErrNotAmount = errors.New("not an amount")
	ErrUnsure    = errors.New("thousands or decimals, the text does not tell")
	ErrMark      = errors.New("written with another decimal mark")
	ErrSigns     = errors.New("signs contradict each other")
)

// Parse reads an amount as people write it: "1,234.50", "1.234,50", "1 234,50",
// "1'234.50", "$50", "€ 50", "50.00 USD", and for a negative one "-50", "−50",
// "50.00-", "(50.00)", "50 DR" ("50 CR" is positive).
//
// A lone comma or point before exactly three digits ("1,234") is read by mark,
// and is ErrUnsure where that is NoMark. A text that proves another mark than the
// one given is ErrMark. Nothing is rounded; more than 18 digits are ErrTooLarge.
func Parse[T ~string | ~[]byte](text T, mark Mark) (Written, error) {
	if w, ok := plain(text); ok && (w.Mark == mark || mark == NoMark || w.Mark == NoMark) {
		return w, nil
	}
	var w Written
	p := amountText{text: string(text), w: &w}
	if err := p.read(mark); err != nil {
		return Written{}, fmt.Errorf("%w: %s", err, quote(string(text)))
	}
	return w, nil
}

// plain is the quick way for what most files hold: an optional minus, up to 15
// digits, and at most two decimals after a point.
func plain[T ~string | ~[]byte](text T) (Written, bool) {
	i, n := 0, len(text)
	if n > 0 && text[0] == '-' {
		i = 1
	}
	if n-i < 1 || n-i > 18 {
		return Written{}, false
	}
	var w Written
	start := i
	for ; i < n; i++ {
		c := text[i]
		if c-'0' > 9 {
			break
		}
		w.Coef = w.Coef*10 + int64(c-'0')
	}
	if i == start || i-start > 15 {
		return Written{}, false
	}
	if i < n {
		if text[i] != '.' || n-i < 2 || n-i > 3 {
			return Written{}, false
		}
		w.Mark = Point
		w.Scale = uint8(n - i - 1)
		for i++; i < n; i++ {
			c := text[i]
			if c-'0' > 9 {
				return Written{}, false
			}
			w.Coef = w.Coef*10 + int64(c-'0')
		}
	}
	if text[0] == '-' {
		w.Coef = -w.Coef
	}
	return w, true
}

// amountText is an amount being read from the left.
type amountText struct {
	text  string
	at    int      // what stands before is read
	w     *Written // what was read
	signs int      // how many signs were seen, parentheses included
	minus bool
	open  bool // a parenthesis still to be closed
}

func (p *amountText) read(mark Mark) error {
	for {
		p.blanks()
		if p.atNumber() {
			break
		}
		if err := p.adornment(true); err != nil {
			return err
		}
	}
	unsure := p.number(mark)
	if unsure != nil && !errors.Is(unsure, ErrUnsure) {
		return unsure
	}
	for {
		p.blanks()
		if p.at == len(p.text) {
			break
		}
		if err := p.adornment(false); err != nil {
			return err
		}
	}
	if p.open {
		return ErrNotAmount
	}
	if p.signs > 1 {
		return ErrSigns
	}
	if unsure != nil {
		return unsure
	}
	if p.minus {
		p.w.Coef = -p.w.Coef
	}
	return nil
}

func (p *amountText) rest() string { return p.text[p.at:] }

func (p *amountText) blanks() {
	rest := p.rest()
	p.at += len(rest) - len(strings.TrimLeftFunc(rest, unicode.IsSpace))
}

func (p *amountText) atNumber() bool {
	s := p.rest()
	if s != "" && (s[0] == '.' || s[0] == ',') {
		s = s[1:]
	}
	return s != "" && digit(s[0])
}

// adornment takes one sign, parenthesis, currency or CR/DR beside the number.
func (p *amountText) adornment(before bool) error {
	for _, m := range []string{"-", "−", "–"} {
		if p.take(m) {
			p.signs++
			p.minus = true
			return nil
		}
	}
	switch {
	case p.take("+"):
		p.signs++
		return nil
	case before && !p.open && p.take("("):
		p.signs++
		p.minus, p.open = true, true
		return nil
	case p.open && !before && p.take(")"):
		p.open = false
		return nil
	}
	for _, s := range symbols {
		if p.take(s.text) {
			return p.currency(s.text, s.uses)
		}
	}
	n, rest := 0, p.rest()
	for n < len(rest) {
		r, size := utf8.DecodeRuneInString(rest[n:])
		if !unicode.IsLetter(r) {
			break
		}
		n += size
	}
	word := strings.Clone(strings.ToLower(rest[:n])) // the result must not hold on to the text
	p.at += n
	if n > 0 {
		p.take(".")
	}
	switch word {
	case "cr":
		p.signs++
		return nil
	case "dr":
		p.signs++
		p.minus = true
		return nil
	}
	if c, ok := ParseCurrency(word); ok {
		return p.currency(word, []Currency{c})
	}
	if uses, ok := words[word]; ok {
		return p.currency(word, uses)
	}
	return ErrNotAmount
}

func (p *amountText) take(s string) bool {
	ok := strings.HasPrefix(p.rest(), s)
	if ok {
		p.at += len(s)
	}
	return ok
}

// currency notes that the text names a currency. A sign may stand beside a code
// that uses it ("USD $50"); two that differ are no amount.
func (p *amountText) currency(text string, uses []Currency) error {
	if len(uses) > 1 {
		if p.w.Symbol != "" || p.w.Currency.Known() && !slices.Contains(uses, p.w.Currency) {
			return ErrNotAmount
		}
		p.w.Symbol = text
		return nil
	}
	if !p.w.Fits(uses[0]) || p.w.Currency.Known() {
		return ErrNotAmount
	}
	p.w.Currency = uses[0]
	return nil
}

// separator is what stands between two groups of digits.
type separator struct {
	char  rune // '.', ',', '\'' or ' '
	after int  // digits that follow it
}

// number takes digits and what separates them.
func (p *amountText) number(mark Mark) error {
	var (
		seps   = make([]separator, 0, 8)
		digits = make([]byte, 0, 32)
		head   int // digits before the first separator
	)
	for p.at < len(p.text) {
		rest := p.rest()
		if c := rest[0]; digit(c) {
			digits = append(digits, c)
			if len(seps) == 0 {
				head++
			} else {
				seps[len(seps)-1].after++
			}
			p.at++
			continue
		}
		r, size := utf8.DecodeRuneInString(rest)
		switch {
		case r == '.' || r == ',':
		case r == '\'' || r == '’':
			r = '\''
		case unicode.IsSpace(r):
			r = ' '
		default:
			r = 0
		}
		if r == 0 || len(rest) == size || !digit(rest[size]) {
			break
		}
		seps = append(seps, separator{char: r})
		p.at += size
	}
	proof, decimals, err := judge(seps, head, digits)
	if errors.Is(err, ErrUnsure) && mark != NoMark {
		proof, err = NoMark, nil
		if Mark(seps[0].char) == mark {
			decimals = seps[0].after
		}
	}
	if err != nil {
		return err
	}
	if proof != NoMark && mark != NoMark && proof != mark {
		return ErrMark
	}
	p.w.Mark = proof
	p.w.Decimal, err = decimal(digits, decimals)
	return err
}

// judge decides from the separators alone how many of the digits are decimals
// and which mark that proves.
func judge(seps []separator, head int, digits []byte) (proof Mark, decimals int, err error) {
	if len(seps) == 0 {
		return NoMark, 0, nil
	}
	last := seps[len(seps)-1]
	groups := seps
	if last.char == '.' || last.char == ',' {
		same := 0
		for _, s := range seps {
			if s.char == last.char {
				same++
			}
		}
		switch {
		case same > 1: // "1.234.567": it can only separate thousands
			proof = other(last.char)
		case len(seps) == 1 && last.after == 3 && head >= 1 && head <= 3 && digits[0] != '0':
			return NoMark, 0, ErrUnsure
		default:
			proof = Mark(last.char)
			decimals = last.after
			groups = seps[:len(seps)-1]
		}
	}
	if !grouped(groups, head) {
		return NoMark, 0, ErrNotAmount
	}
	return proof, decimals, nil
}

func other(char rune) Mark {
	if char == '.' {
		return Comma
	}
	return Point
}

// grouped reports whether separators stand where thousands are separated, all
// being the same; with commas also lakhs and crores ("12,34,567").
func grouped(groups []separator, head int) bool {
	if len(groups) == 0 {
		return true
	}
	if head < 1 || head > 3 {
		return false
	}
	thousands, lakhs := true, groups[0].char == ',' && head <= 2
	for i, g := range groups {
		if g.char != groups[0].char {
			return false
		}
		thousands = thousands && g.after == 3
		want := 2
		if i == len(groups)-1 {
			want = 3
		}
		lakhs = lakhs && g.after == want
	}
	return thousands || lakhs
}

func decimal(digits []byte, decimals int) (Decimal, error) {
	for len(digits) > 18 && decimals > 0 && digits[len(digits)-1] == '0' {
		digits = digits[:len(digits)-1]
		decimals--
	}
	var coef int64
	for _, c := range digits {
		if coef > (math.MaxInt64-9)/10 {
			return Decimal{}, ErrTooLarge
		}
		coef = coef*10 + int64(c-'0')
	}
	if decimals > 18 {
		return Decimal{}, ErrTooLarge
	}
	return Decimal{coef, uint8(decimals)}, nil
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

// quote shows a text in a message: escaped, and cut where it is long.
func quote(s string) string {
	if cut := 40; len(s) > cut {
		for cut > 36 && !utf8.RuneStart(s[cut]) {
			cut--
		}
		return fmt.Sprintf("%q…", s[:cut])
	}
	return fmt.Sprintf("%q", s)
}
