// Package wording writes counts, amounts and lengths of time as people read them:
// 1,204, −$12.50, 2 h 10 min. Amounts are the decimal text of reports and stay
// exact.
package wording

import (
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"
)

// NoCurrency is ISO 4217's code where no currency is known.
const NoCurrency = "XXX"

// group puts commas between thousands of a run of digits.
func group(digits string) string {
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// Count is a number with commas between thousands.
func Count(n int) string {
	if s, ok := strings.CutPrefix(strconv.Itoa(n), "-"); ok {
		return "−" + group(s)
	}
	return group(strconv.Itoa(n))
}

// Plural is a count with its noun, which takes an "s".
func Plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return Count(n) + " " + noun + "s"
}

// Elapsed is a length of time: "3 s", "2 h 10 min", "3 d 4 h".
func Elapsed(d time.Duration) string {
	if d < 0 {
		return "−" + Elapsed(d.Abs())
	}
	parts := func(n int64, unit string, m int64, small string) string {
		if m == 0 {
			return Count(int(n)) + " " + unit
		}
		return fmt.Sprintf("%s %s %d %s", Count(int(n)), unit, m, small)
	}
	switch s := int64(d / time.Second); {
	case s < 1:
		return "< 1 s"
	case s < 60:
		return parts(s, "s", 0, "")
	case s < 3600:
		return parts(s/60, "min", s%60, "s")
	case s < 86400:
		return parts(s/3600, "h", s%3600/60, "min")
	default:
		return parts(s/86400, "d", s%86400/3600, "h")
	}
}

// Decimal is the exact value of an amount and its number of decimals; false for a
// text that is no amount of a report.
func Decimal(s string) (value *big.Rat, decimals int, ok bool) {
	digits := strings.TrimPrefix(s, "-")
	if digits == "" || strings.Trim(digits, "0123456789.") != "" || strings.Count(digits, ".") > 1 || digits[0] == '.' || digits[len(digits)-1] == '.' {
		return nil, 0, false
	}
	value, ok = new(big.Rat).SetString(s)
	_, frac, _ := strings.Cut(s, ".")
	return value, len(frac), ok
}

// Amount is an amount for people: "$1,200.00" for US dollars, "EUR 1,200.00"
// for all else. With dollars false, US dollars are written with their code too.
// Plus says whether a plus is written. Text that is no amount stays as it is.
func Amount(s, currency string, dollars, plus bool) string {
	v, _, ok := Decimal(s)
	if !ok {
		return strings.TrimSpace(currency + " " + s)
	}
	sign := ""
	switch {
	case v.Sign() < 0:
		sign = "−"
	case v.Sign() > 0 && plus:
		sign = "+"
	}
	whole, frac, _ := strings.Cut(strings.TrimPrefix(s, "-"), ".")
	number := group(whole)
	if frac != "" {
		number += "." + frac
	}
	switch {
	case currency == "USD" && dollars:
		return sign + "$" + number
	case currency == "", currency == NoCurrency:
		return sign + number
	}
	return currency + " " + sign + number
}

// Sums is money per currency, by code, without zeros unless all are zero; write
// writes one amount of a currency.
func Sums(m map[string]string, write func(s, currency string) string) string {
	var some, zeros []string
	for _, c := range slices.Sorted(maps.Keys(m)) {
		text := write(m[c], c)
		if v, _, ok := Decimal(m[c]); ok && v.Sign() == 0 {
			zeros = append(zeros, text)
		} else {
			some = append(some, text)
		}
	}
	if len(some) == 0 {
		some = zeros
	}
	return strings.Join(some, ", ")
}

// Zero reports whether no currency has an amount other than zero.
func Zero(m map[string]string) bool {
	for _, s := range m {
		if v, _, ok := Decimal(s); !ok || v.Sign() != 0 {
			return false
		}
	}
	return true
}

// Plus is the exact sum of two amounts; false where one is none.
func Plus(a, b string) (string, bool) {
	x, dx, okx := Decimal(a)
	y, dy, oky := Decimal(b)
	if !okx || !oky {
		return "", false
	}
	return new(big.Rat).Add(x, y).FloatString(max(dx, dy)), true
}

// Add is the exact sum of amounts per currency. An amount that can't be read
// is kept where it is the only one of its currency.
func Add(a, b map[string]string) map[string]string {
	out := maps.Clone(a)
	if out == nil {
		out = map[string]string{}
	}
	for c, s := range b {
		if sum, ok := Plus(out[c], s); ok {
			out[c] = sum
		} else if _, _, readable := Decimal(out[c]); !readable {
			out[c] = s
		}
	}
	return out
}
