package money

import (
	"errors"
	"strings"
	"testing"
)

func TestParseReadsWhatPeopleExport(t *testing.T) {
	tests := []struct {
		text  string
		mark  Mark
		want  string
		proof Mark
	}{
		{"50", NoMark, "50", NoMark},
		{"50.00", NoMark, "50.00", Point},
		{"50.5", NoMark, "50.5", Point},
		{"50,5", NoMark, "50.5", Comma},
		{"0.125", NoMark, "0.125", Point},
		{"0,125", NoMark, "0.125", Comma},
		{".50", NoMark, "0.50", Point},
		{",50", NoMark, "0.50", Comma},
		{".500", NoMark, "0.500", Point},
		{"1234.567", NoMark, "1234.567", Point},
		{"1,234.50", NoMark, "1234.50", Point},
		{"1.234,50", NoMark, "1234.50", Comma},
		{"1,234,567", NoMark, "1234567", Point},
		{"1.234.567", NoMark, "1234567", Comma},
		{"12,34,567.5", NoMark, "1234567.5", Point},
		{"1 234,50", NoMark, "1234.50", Comma},
		{"1\u00a0234,50", NoMark, "1234.50", Comma},
		{"1\u202f234,50", NoMark, "1234.50", Comma},
		{"1'234.50", NoMark, "1234.50", Point},
		{"1’234.50", NoMark, "1234.50", Point},
		{"1 234", NoMark, "1234", NoMark},
		{"1 234,567", NoMark, "1234.567", Comma},
		{"1,234.567", NoMark, "1234.567", Point},
		{"1,234", Point, "1234", NoMark},
		{"1,234", Comma, "1.234", NoMark},
		{"1.234", Point, "1.234", NoMark},
		{"1.234", Comma, "1234", NoMark},
		{"-50", NoMark, "-50", NoMark},
		{"−50", NoMark, "-50", NoMark},
		{"+50", NoMark, "50", NoMark},
		{"50.00-", NoMark, "-50.00", Point},
		{"(50.00)", NoMark, "-50.00", Point},
		{"($1,234.50)", NoMark, "-1234.50", Point},
		{"$(50)", NoMark, "-50", NoMark},
		{"-$50", NoMark, "-50", NoMark},
		{"$-50", NoMark, "-50", NoMark},
		{"50 CR", NoMark, "50", NoMark},
		{"50 DR", NoMark, "-50", NoMark},
		{"50.00Dr.", NoMark, "-50.00", Point},
		{"  50.00\t", NoMark, "50.00", Point},
		{"50.000000000000000000", NoMark, "50.0000000000000000", Point},
		{"Rs.500", NoMark, "500", NoMark},
		{"Fr. 1'234.50", NoMark, "1234.50", Point},
		{"USD $50", NoMark, "50", NoMark},
	}
	for _, tt := range tests {
		got, err := Parse(tt.text, tt.mark)
		if err != nil {
			t.Errorf("Parse(%q): %v", tt.text, err)
			continue
		}
		if got.Decimal.String() != tt.want || got.Mark != tt.proof {
			t.Errorf("Parse(%q, %q) = %s proving %q, want %s proving %q", tt.text, tt.mark, got.Decimal, got.Mark, tt.want, tt.proof)
		}
		if again, err := Parse([]byte(tt.text), tt.mark); err != nil || again != got {
			t.Errorf("Parse of the bytes %q differs: %v, %v", tt.text, again, err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	tests := []struct {
		text string
		mark Mark
		want error
	}{
		{"1,234", NoMark, ErrUnsure},
		{"1.234", NoMark, ErrUnsure},
		{"-999.125 KWD", NoMark, ErrUnsure},
		{"$1,234", NoMark, ErrUnsure},
		{"50.5", Comma, ErrMark},
		{"50,00", Point, ErrMark},
		{"1.234,50", Point, ErrMark},
		{"", NoMark, ErrNotAmount},
		{"   ", NoMark, ErrNotAmount},
		{"-", NoMark, ErrNotAmount},
		{".", NoMark, ErrNotAmount},
		{"50.", NoMark, ErrNotAmount},
		{"50,-", NoMark, ErrNotAmount},
		{"abc", NoMark, ErrNotAmount},
		{"12 34", NoMark, ErrNotAmount},
		{"1,23,45", NoMark, ErrNotAmount},
		{"1.234.56", NoMark, ErrNotAmount},
		{"1,234'567.00", NoMark, ErrNotAmount},
		{"50 per card", NoMark, ErrNotAmount},
		{"5e3", NoMark, ErrNotAmount},
		{"50%", NoMark, ErrNotAmount},
		{"USD 50 EUR", NoMark, ErrNotAmount},
		{"€50 USD", NoMark, ErrNotAmount},
		{"(50", NoMark, ErrNotAmount},
		{"50)", NoMark, ErrNotAmount},
		{"٥٠", NoMark, ErrNotAmount},
		{"-50 DR", NoMark, ErrSigns},
		{"(50.00) CR", NoMark, ErrSigns},
		{"--50", NoMark, ErrSigns},
		{"(-50)", NoMark, ErrSigns},
		{"1234567890123456789012", NoMark, ErrTooLarge},
		{"0." + strings.Repeat("0", 30) + "1", NoMark, ErrTooLarge},
	}
	for _, tt := range tests {
		if got, err := Parse(tt.text, tt.mark); !errors.Is(err, tt.want) {
			t.Errorf("Parse(%q, %q) = %v, %v; want %v", tt.text, tt.mark, got, err, tt.want)
		}
	}
}

func TestParseNamesTheCurrency(t *testing.T) {
	tests := []struct {
		text, names  string
		fits, unfits string
	}{
		{"50.00 USD", "USD", "USD", "EUR"},
		{"usd50", "USD", "USD", "CAD"},
		{"€ 50", "EUR", "EUR", "USD"},
		{"$50", "", "CAD MXN USD", "EUR JPY"},
		{"US$50", "USD", "USD", "CAD"},
		{"¥500", "", "JPY CNY", "USD"},
		{"50 kr", "", "SEK NOK DKK", "EUR"},
		{"50,00 zł", "PLN", "PLN", "EUR"},
		{"50", "", "USD EUR JPY", ""},
	}
	for _, tt := range tests {
		w, err := Parse(tt.text, NoMark)
		if err != nil {
			t.Errorf("Parse(%q): %v", tt.text, err)
			continue
		}
		if w.Currency.String() != tt.names {
			t.Errorf("Parse(%q) names %q, want %q", tt.text, w.Currency, tt.names)
		}
		for _, c := range codes(tt.fits) {
			if !w.Fits(c) {
				t.Errorf("%q does not fit %s", tt.text, c)
			}
		}
		for _, c := range codes(tt.unfits) {
			if w.Fits(c) {
				t.Errorf("%q fits %s", tt.text, c)
			}
		}
		if !w.Fits(Currency{}) {
			t.Errorf("%q contradicts a currency that is not known", tt.text)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"1,234.50", "1.234,50", "1 234,50", "$50", "50.00 USD", "(50.00)", "50.00-", "−50", "50 CR", "1,234", "12,34,567", "\xff5", "Rs.5", "1,000A", strings.Repeat("\x89", 41)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		free, err := Parse(s, NoMark)
		point, perr := Parse(s, Point)
		comma, cerr := Parse(s, Comma)
		if err == nil {
			if free.Mark != Comma && (perr != nil || point != free) || free.Mark != Point && (cerr != nil || comma != free) {
				t.Fatalf("%q: the column's mark changes what the text alone says", s)
			}
			if back, err := Parse(free.Decimal.String(), Point); err != nil || value(back.Decimal) != value(free.Decimal) {
				t.Fatalf("%q: %s reads back as %v, %v", s, free.Decimal, back.Decimal, err)
			}
		}
		if errors.Is(err, ErrUnsure) && (perr != nil || cerr != nil || point.Decimal == comma.Decimal) {
			t.Fatalf("%q is unsure, but reads %v (%v) and %v (%v)", s, point.Decimal, perr, comma.Decimal, cerr)
		}
		if err != nil && !errors.Is(err, ErrUnsure) && (perr == nil || cerr == nil) {
			t.Fatalf("%q is refused alone (%v), not with a mark", s, err)
		}
	})
}

// value is a decimal without final zeros, in which equal ones are equal.
func value(d Decimal) Decimal {
	for d.Scale > 0 && d.Coef%10 == 0 {
		d.Coef /= 10
		d.Scale--
	}
	return d
}

func BenchmarkParse(b *testing.B) {
	text := []byte("-1234.50")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(text, NoMark); err != nil {
			b.Fatal(err)
		}
	}
}

func TestEveryCodeHasItsDecimals(t *testing.T) {
	var c Currency
	for c[0] = 'A' - 1; c[0] <= 'Z'+1; c[0]++ {
		for c[1] = 'A' - 1; c[1] <= 'Z'+1; c[1]++ {
			for c[2] = 'A' - 1; c[2] <= 'Z'+1; c[2]++ {
				want, known := exponents[c]
				if got, ok := c.exponent(); ok != known || got != int(want) {
					t.Errorf("%s has %d decimals (%v), want %d (%v)", c, got, ok, want, known)
				}
			}
		}
	}
}
