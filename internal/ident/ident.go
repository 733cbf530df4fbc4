// Package ident compares identifiers as systems write them: the same order is
// "gid://shopify/Order/1001" in one export, the base64 of that in another and
// "#1001" in a third. Identifiers are text; what is shown is always the original.
package ident

import (
	"encoding/base64"
	"strings"
)

// Key is the form of an identifier in which equal things are equal, whatever
// the system that wrote it: Plain, in lower case. Prefixes, zeros and suffixes
// stay, because dropping them can make two things one; see Parts. The key of "" is "".
func Key(id string) string {
	switch word, lower := plain(id); {
	case word && lower:
		return id
	case word && !strings.HasPrefix(id, encoded):
		return strings.ToLower(id)
	}
	return strings.ToLower(Plain(id))
}

// IsKey reports whether an identifier is certainly its own key. Nearly all are that
// have no capitals; for others Key tells.
func IsKey(id string) bool {
	_, lower := plain(id)
	return lower
}

// AppendKey appends Key(id) to b. It seldom allocates anything else.
func AppendKey(b []byte, id string) []byte {
	if word, lower := plain(id); !word || strings.HasPrefix(id, encoded) {
		return append(b, Key(id)...)
	} else if lower {
		return append(b, id...)
	}
	for i := 0; i < len(id); i++ {
		c := id[i]
		if marks[c] == capital {
			c |= 0x20
		}
		b = append(b, c)
	}
	return b
}

// Plain is the form in which one system's own identifiers are compared: blanks
// trimmed, a GraphQL global id (plain or base64) reduced to its last part, a
// leading "#" dropped. Case stays: a system may tell its ids apart by it.
func Plain(id string) string {
	if n := len(id); n > 0 && bare(id[0]) && bare(id[n-1]) && id[0]|0x20 != 'g' && id[0] != encoded[0] {
		return id // no blanks, no "#", neither "gid:" nor its base64
	}
	id = strings.TrimSpace(id)
	if g, ok := gid(id); ok {
		return g
	}
	if dec, ok := unbase64(id); ok {
		if g, ok := gid(dec); ok {
			return g
		}
	}
	if s := strings.TrimLeft(id, "#"); s != "" {
		return strings.TrimSpace(s)
	}
	return id
}

// bare reports whether a character is one that Plain never drops.
func bare(c byte) bool { return c > ' ' && c < 0x7f && c != '#' }

// plain reports whether an identifier is made of letters, digits and joining marks
// alone, and whether it has no capitals: then it is its own key.
func plain(id string) (word, lower bool) {
	seen := uint8(0)
	for i := 0; i < len(id); i++ {
		seen |= marks[id[i]]
	}
	return seen&otherMark == 0, seen == 0
}

const (
	capital   = 1
	otherMark = 2
)

// marks tells what kind of character a byte is: 0 for small letters, digits and
// joining marks.
var marks = func() (m [256]uint8) {
	for c := range m {
		switch c := byte(c); {
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.':
		case c >= 'A' && c <= 'Z':
			m[c] = capital
		default:
			m[c] = otherMark
		}
	}
	return m
}()

// gid takes the last path part of a GraphQL global id, without a query.
func gid(id string) (string, bool) {
	const scheme = "gid://"
	if len(id) < len(scheme) || !strings.EqualFold(id[:len(scheme)], scheme) {
		return "", false
	}
	id, _, _ = strings.Cut(id[len(scheme):], "?")
	if i := strings.LastIndexByte(id, '/'); i >= 0 && i+1 < len(id) {
		return id[i+1:], true
	}
	return "", false
}

// encoded is how the base64 of "gid://" begins.
const encoded = "Z2lkOi8v"

// unbase64 decodes text that starts as the base64 of "gid://" does.
func unbase64(id string) (string, bool) {
	if !strings.HasPrefix(id, encoded) {
		return "", false
	}
	b, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(id, "="))
	if err != nil {
		if b, err = base64.RawURLEncoding.DecodeString(strings.TrimRight(id, "=")); err != nil {
			return "", false
		}
	}
	return string(b), true
}

// Parts lists weaker forms of a key, longest first, for a lookup that must then
// be confirmed by amount and kind: what is left after dropping leading or
// trailing pieces at ":", "/", "|", "#", "_", "-", "." or a blank, and a leading
// run of letters before digits ("so1001" gives "1001"). The key itself is not listed.
func Parts(key string) []string {
	var out []string
	add := func(s string) {
		if s == "" || s == key {
			return
		}
		for _, o := range out {
			if o == s {
				return
			}
		}
		out = append(out, s)
	}
	for i := 0; i < len(key); i++ {
		if joint(key[i]) {
			add(strings.TrimLeft(key[i+1:], joints))
		}
	}
	for i := len(key) - 1; i > 0; i-- {
		if joint(key[i]) {
			add(strings.TrimRight(key[:i], joints))
		}
	}
	i := 0
	for i < len(key) && key[i] >= 'a' && key[i] <= 'z' {
		i++
	}
	if i > 0 && i < len(key) && digits(key[i:]) {
		add(key[i:])
	}
	// stable: longer first, then by text
	for a := 1; a < len(out); a++ {
		for b := a; b > 0 && (len(out[b]) > len(out[b-1]) || len(out[b]) == len(out[b-1]) && out[b] < out[b-1]); b-- {
			out[b], out[b-1] = out[b-1], out[b]
		}
	}
	return out
}

const joints = ":/|#_-. "

func joint(c byte) bool { return strings.IndexByte(joints, c) >= 0 }

func digits(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// LastFour is the last four characters of a key, the form in which masked card
// codes survive ("••••9f3a"), or "" for a shorter key. It is a hint, never an identity.
func LastFour(key string) string {
	if len(key) < 4 {
		return ""
	}
	return key[len(key)-4:]
}
