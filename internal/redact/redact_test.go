package redact

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

func TestSecretNeverPrints(t *testing.T) {
	const text = "sk_live_hush"
	s := NewSecret(text)
	if s.Reveal() != text || s.Empty() || !(Secret{}).Empty() {
		t.Fatal("the holder of a secret must be able to use it")
	}
	type hidden struct{ inner Secret }
	values := []any{s, &s, hidden{s}, &hidden{s}, []Secret{s}, map[string]Secret{"token": s}, struct{ S Secret }{s}, []any{hidden{s}}}
	var out bytes.Buffer
	for _, v := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%T"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		fmt.Fprintln(&out, v)
		j, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(j)
		y, err := yaml.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(y)
		slog.New(slog.NewTextHandler(&out, nil)).Info("m", "v", v)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("m", "v", v)
	}
	fmt.Fprintln(&out, fmt.Errorf("using %v", s), s.String())
	for _, leak := range []string{text, fmt.Sprintf("%x", text), "hush"} {
		if strings.Contains(out.String(), leak) {
			t.Errorf("leaks %q in:\n%s", leak, out.String())
		}
	}
}

func TestMask(t *testing.T) {
	for _, c := range []struct{ story, text, want string }{
		{"empty", "", ""},
		{"plain words", "the integration dropped this event", "the integration dropped this event"},
		{"long word without a digit", "reconciliation notwithstanding", "reconciliation notwithstanding"},
		{"unbroken code", "spent on h4cd9f3axk2m77q1.", "spent on ••••77q1."},
		{"upper-case code in dashes", "card ABCD-EFGH-JKLM-NPQR declined", "card ••••NPQR declined"},
		{"lower-case code in dashes", "(h4cd-9f3a-xk2m-77q1)", "(••••77q1)"},
		{"groups of five", "AB1CD-22222-33333", "••••3333"},
		{"code in blanks", "number 6006 4912 3456 7890 123!", "number ••••0123!"},
		{"a neighbour that might be a group goes too", "code 6006 4912 3456 7890", "••••7890"},
		{"code in blanks between short words", "on h4cd 9f3a xk2m 77q1, then", "on ••••77q1, then"},
		{"letters only in two groups", "card: abcd 9f3a xk2m efgh", "card: ••••efgh"},
		{"words of four letters in dashes", "some-more-text-that", "some-more-text-that"},
		{"words of four letters in blanks", "some more text that will last", "some more text that will last"},
		{"last four only", "ends in 77q1", "ends in 77q1"},
		{"code in dashes after a word and a number", "SHOP-5577 gift card 0447-4b1c-8d2e", "SHOP-5577 gift card ••••8d2e"},
		{"mail", "no customer with mail ada.l@mail.example.com.", "no customer with mail ••••."},
		{"mails beside each other", "<ada@example.com>,b@c.de", "<••••>,••••"},
		{"no mail", "at @ 5 and a@b", "at @ 5 and a@b"},
		{"masked already", "card ••••77q1 and ••••9f3a", "card ••••77q1 and ••••9f3a"},
		{"masked before more groups", "••••7890 1234 5678", "••••7890 1234 5678"},
		{"time", "at 2026-10-24T13:05:00Z", "at 2026-10-24T13:05:00Z"},
		{"short order number", "order 1001 of 2026-10-24", "order 1001 of 2026-10-24"},
		{"telephone", "555-123-4567", "555-123-4567"},
		{"uuid", "id 550e8400-e29b-41d4-a716-446655440000 failed", "id 550e8400-e29b-41d4-a716-446655440000 failed"},
		{"amount", "1,234,567.89 USD", "1,234,567.89 USD"},
		{"two codes", "h4cd9f3axk2m77q1→ABCD-EF2H-JKLM-NPQR", "••••77q1→••••NPQR"},
		{"long key", strings.Repeat("a1", 40), "••••a1a1"},
	} {
		if got := Mask(c.text); got != c.want {
			t.Errorf("%s: Mask(%q) = %q, want %q", c.story, c.text, got, c.want)
		}
	}
}

func TestMaskStaysLinear(t *testing.T) {
	for _, part := range []string{"aaaa-", "aaaa ", "a1b2 ", "A1B2-", "0123456789ab", "••••"} {
		Mask(strings.Repeat(part, 200_000))
	}
}

func FuzzMask(f *testing.F) {
	for _, s := range []string{"", "h4cd9f3axk2m77q1", "6006 4912 3456 7890 123", "ABCD-EFGH-JKLM-NPQR", "••••77q1 1234 5678", "••••000000000000", "550e8400-e29b-41d4-a716-446655440000", "a1b2 c3d4 card used h4cd"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		masked := Mask(s)
		if utf8.ValidString(s) && !utf8.ValidString(masked) {
			t.Errorf("Mask(%q) = %q cuts a character", s, masked)
		}
		runs := split(masked)
		for i, r := range runs {
			inUUID := false
			for j := max(0, i-4); j <= i; j++ {
				inUUID = inUUID || uuid(masked, runs[j:]) > 0
			}
			if r.digit && r.len() >= shortest && !inUUID {
				t.Errorf("Mask(%q) = %q leaves a code", s, masked)
			}
		}
	})
}

func TestTokens(t *testing.T) {
	a, b, other := NewTokens([]byte("key")), NewTokens([]byte("key")), NewTokens([]byte("another"))
	if got := a.Card("c-1"); len(got) != len("card_")+8 || !strings.HasPrefix(got, "card_") || strings.Contains(got, "c-1") {
		t.Errorf("token %q", got)
	}
	if again := a.Card("c-1"); again != b.Card("c-1") || again != a.Card("c-1") {
		t.Error("one key gives one token")
	}
	if a.Card("c-1") == a.Card("c-2") || a.Card("c-1") == other.Card("c-1") {
		t.Error("another id or another key gives another token")
	}
	if a.Card("") != "" {
		t.Error("no id, no token")
	}
}

func TestTokensNeverShare(t *testing.T) {
	sum := strings.Repeat("0123456789abcdef", 4)
	owner := map[string]string{}
	seen := map[string]bool{}
	for i := range 8 {
		tok := unused(sum, owner)
		if seen[tok] {
			t.Fatalf("token %q given twice", tok)
		}
		seen[tok] = true
		owner[tok] = fmt.Sprint(i)
	}
	if !seen["card_01234567"] || !seen["card_0123456789abcdef"] {
		t.Errorf("tokens %v", seen)
	}
	many := NewTokens([]byte("key"))
	distinct := map[string]bool{}
	for i := range 200_000 {
		distinct[many.Card(fmt.Sprint(i))] = true
	}
	if len(distinct) != 200_000 {
		t.Errorf("%d tokens for 200000 ids", len(distinct))
	}
}
