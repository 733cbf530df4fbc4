package spell

import "testing"

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"abc", "abc", 0}, {"abc", "abd", 1}, {"abc", "ab", 1}, {"abc", "xabc", 1},
		{"abc", "acb", 1}, {"abcd", "badc", 2}, {"kitten", "sitting", 3}, {"filterd", "filtered", 1},
	} {
		if got := Distance([]byte(c.a), []byte(c.b)); got != c.want {
			t.Errorf("%q to %q: %d, want %d", c.a, c.b, got, c.want)
		}
		if got := Distance([]rune(c.b), []rune(c.a)); got != c.want {
			t.Errorf("%q to %q: %d, want %d", c.b, c.a, got, c.want)
		}
	}
	if bytes, runes := Distance([]byte("ä"), []byte("a")), Distance([]rune("ä"), []rune("a")); bytes != 2 || runes != 1 {
		t.Errorf("ä to a: %d bytes, %d runes", bytes, runes)
	}
}
