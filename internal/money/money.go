// Package money holds exact amounts: integers in a currency's minor unit
// (ISO 4217 exponents), and decimals for text whose currency is not known yet.
// Nothing here is ever a float.
package money

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strconv"
	"strings"
)

// Currency is an ISO 4217 alphabetic code. The zero value means "not known".
type Currency [3]byte

// ParseCurrency reads an ISO 4217 code in any case, with blanks around it. It
// is false for anything that is not an active code (or one retired so recently
// that books still hold it).
func ParseCurrency(s string) (Currency, bool) {
	s = strings.TrimSpace(s)
	if len(s) != 3 {
		return Currency{}, false
	}
	var c Currency
	for i := range 3 {
		b := s[i]
		if b >= 'a' && b <= 'z' {
			b -= 'a' - 'A'
		}
		c[i] = b
	}
	if _, ok := c.exponent(); !ok {
		return Currency{}, false
	}
	return c, true
}

// MustCurrency is ParseCurrency for constants; it panics on an unknown code.
func MustCurrency(s string) Currency {
	c, ok := ParseCurrency(s)
	if !ok {
		panic("money: unknown currency " + s)
	}
	return c
}

// Known reports whether the currency is known.
func (c Currency) Known() bool { return c != Currency{} }

// String is the code, or "" for an unknown currency.
func (c Currency) String() string {
	if !c.Known() {
		return ""
	}
	return string(c[:])
}

// Exponent is the number of decimals of the currency's minor unit: 2 for USD,
// 0 for JPY, 3 for KWD, and 2 where the currency is not known.
func (c Currency) Exponent() int {
	if e, ok := c.exponent(); ok {
		return e
	}
	return 2
}

// exponent looks up the decimals of a code; ok is false for what is none.
func (c Currency) exponent() (decimals int, ok bool) {
	i, ok := c.letters()
	if !ok || byLetters[i] == 0 {
		return 0, false
	}
	return int(byLetters[i]) - 1, true
}

// letters numbers all codes that three capitals make.
func (c Currency) letters() (n int, ok bool) {
	a, b, d := c[0]-'A', c[1]-'A', c[2]-'A'
	if a >= 26 || b >= 26 || d >= 26 {
		return 0, false
	}
	return (int(a)*26+int(b))*26 + int(d), true
}

// byLetters is exponents as a table: one more than the decimals, 0 for no code.
var byLetters = func() (table [26 * 26 * 26]uint8) {
	for c, decimals := range exponents {
		i, _ := c.letters()
		table[i] = decimals + 1
	}
	return table
}()

// Amount is a signed number of minor units of some currency.
type Amount int64

// Abs is the amount without its sign.
func (a Amount) Abs() Amount {
	if a < 0 {
		return -a
	}
	return a
}

// Text is the amount as decimal text with the currency's decimals, without
// thousands separators and without the code: "-1234.50", "500", "0.125".
func (a Amount) Text(c Currency) string { return Decimal{int64(a), uint8(c.Exponent())}.String() }

// Opt is an amount that a record may leave out.
type Opt struct {
	Amount Amount
	Set    bool
}

// Some is a present amount.
func Some(a Amount) Opt { return Opt{a, true} }

// Decimal is Coef × 10^-Scale, exactly.
type Decimal struct {
	Coef  int64
	Scale uint8
}

// String is the decimal with exactly Scale digits after the point.
func (d Decimal) String() string {
	neg := d.Coef < 0
	u := uint64(d.Coef)
	if neg {
		u = -u
	}
	s := strconv.FormatUint(u, 10)
	if n := int(d.Scale); n > 0 {
		if len(s) <= n {
			s = strings.Repeat("0", n-len(s)+1) + s
		}
		s = s[:len(s)-n] + "." + s[len(s)-n:]
	}
	if neg {
		return "-" + s
	}
	return s
}

// Errors of Decimal.In.
var (
	ErrTooFine  = errors.New("more decimals than the currency has")
	ErrTooLarge = errors.New("amount too large")
)

// In is the decimal in minor units of c. It never rounds: an amount finer than
// the minor unit is ErrTooFine, one that does not fit is ErrTooLarge.
func (d Decimal) In(c Currency) (Amount, error) { return d.scaled(c.Exponent()) }

// Hundredths is the decimal in hundredths, the unit in which points are kept.
func (d Decimal) Hundredths() (Amount, error) { return d.scaled(2) }

func (d Decimal) scaled(exp int) (Amount, error) {
	v := d.Coef
	for n := int(d.Scale); n > exp; n-- {
		if v%10 != 0 {
			return 0, fmt.Errorf("%w: %s", ErrTooFine, d)
		}
		v /= 10
	}
	for n := int(d.Scale); n < exp; n++ {
		if v > math.MaxInt64/10 || v < math.MinInt64/10 {
			return 0, fmt.Errorf("%w: %s", ErrTooLarge, d)
		}
		v *= 10
	}
	return Amount(v), nil
}

// Prorate is a×num/den rounded half up (away from zero for a negative
// result), computed without overflow. den must not be zero.
func Prorate(a, num, den Amount) Amount {
	neg := (a < 0) != (num < 0) != (den < 0)
	hi, lo := bits.Mul64(uint64(a.Abs()), uint64(num.Abs()))
	d := uint64(den.Abs())
	if hi >= d {
		return 0
	}
	q, r := bits.Div64(hi, lo, d)
	if r >= d-r {
		q++
	}
	if neg {
		return -Amount(q)
	}
	return Amount(q)
}

// Totals is money per currency. The nil map is no money; entries may be zero.
type Totals map[Currency]Amount

// Add adds an amount of a currency, making the map where needed.
func (t *Totals) Add(c Currency, a Amount) {
	if *t == nil {
		*t = Totals{}
	}
	(*t)[c] += a
}

// AddAll adds another total.
func (t *Totals) AddAll(o Totals) {
	for c, a := range o {
		t.Add(c, a)
	}
}

// Currencies lists the currencies in order of their codes.
func (t Totals) Currencies() []Currency {
	cs := make([]Currency, 0, len(t))
	for c := range t {
		cs = append(cs, c)
	}
	slices.SortFunc(cs, func(a, b Currency) int { return strings.Compare(a.String(), b.String()) })
	return cs
}

// Zero reports whether no currency has an amount other than zero.
func (t Totals) Zero() bool {
	for _, a := range t {
		if a != 0 {
			return false
		}
	}
	return true
}
