package ident

import (
	"slices"
	"strings"
	"testing"
)

func TestKeysOfOneThingAreEqual(t *testing.T) {
	for _, tt := range []struct {
		story string
		ids   []string
		key   string
	}{
		{"an order in four spellings", []string{"1001", "#1001", " 1001 ", "gid://shopify/Order/1001", "Z2lkOi8vc2hvcGlmeS9PcmRlci8xMDAx", "gid://shopify/Order/1001?key=x"}, "1001"},
		{"case does not matter", []string{"GC-A7", "gc-a7"}, "gc-a7"},
		{"base64 with padding", []string{"Z2lkOi8vc2hvcGlmeS9HaWZ0Q2FyZC85OQ==", "99"}, "99"},
		{"no identifier", []string{"", "  "}, ""},
	} {
		for _, id := range tt.ids {
			if got := Key(id); got != tt.key {
				t.Errorf("%s: Key(%q) = %q, want %q", tt.story, id, got, tt.key)
			}
		}
	}
}

func TestKeysOfDifferentThingsDiffer(t *testing.T) {
	for _, pair := range [][2]string{{"00123", "123"}, {"m-17", "d-17"}, {"SO1001", "1001"}, {"1001-1", "1001"}, {"gid://shopify/Order/1", "gid://shopify/Order/2"}, {"9007199254740993", "9007199254740992"}} {
		if Key(pair[0]) == Key(pair[1]) {
			t.Errorf("%q and %q have one key", pair[0], pair[1])
		}
	}
}

func TestParts(t *testing.T) {
	for key, want := range map[string][]string{
		"shop-m-17": {"shop-m", "m-17", "shop", "17"},
		"so1001":    {"1001"},
		"1001":      nil,
		"":          nil,
	} {
		if got := Parts(key); !slices.Equal(got, want) {
			t.Errorf("Parts(%q) = %q, want %q", key, got, want)
		}
	}
}

func FuzzKey(f *testing.F) {
	for _, s := range []string{"#1001", "gid://shopify/Order/1", "Z2lkOi8vc2hvcGlmeS9PcmRlci8xMDAx", "••••4411", "\x00", "##", "gid://"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, id string) {
		k := Key(id)
		if Key(" "+id+" ") != k {
			t.Errorf("blanks around %q change its key", id)
		}
		if Plain(" "+id) != Plain(id) {
			t.Errorf("%q is plainly %q, and %q after a blank", id, Plain(id), Plain(" "+id))
		}
		for _, p := range Parts(k) {
			if p == k || p == "" || !strings.Contains(k, p) {
				t.Errorf("%q is no part of %q", p, k)
			}
		}
	})
}

// TestAppendKey demands that both ways of making a key agree.
func TestAppendKey(t *testing.T) {
	for _, id := range []string{"", " ", "a", "A-1", "JE100", "#1001", "##", " x ", "gid://shopify/Order/1001", "Z2lkOi8vc2hvcGlmeS9PcmRlci8xMDAx", "Z2lkOi8v", "ÄB", "é", "a b", "••••9F3A", "K_9.z"} {
		if got := string(AppendKey([]byte("x"), id)); got != "x"+Key(id) {
			t.Errorf("%q: %q, want %q", id, got, "x"+Key(id))
		}
	}
}
