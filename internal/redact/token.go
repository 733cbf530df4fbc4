package redact

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
)

// Tokens replaces card ids by tokens that are the same for the same key and
// can't be guessed back without it. It is not safe for concurrent use.
type Tokens struct {
	key   []byte
	token map[string]string // by id
	owner map[string]string // by token
}

// NewTokens makes tokens under a key, of which 32 random bytes are enough.
func NewTokens(key []byte) *Tokens {
	return &Tokens{key: append([]byte(nil), key...), token: map[string]string{}, owner: map[string]string{}}
}

// Card is the token of a card id: "card_" and the first 8 hex digits of its
// HMAC-SHA256, or more of them where another id already has that token. The id
// is taken as it is: write it in one form. The token of "" is "".
func (t *Tokens) Card(id string) string {
	if id == "" {
		return ""
	}
	if tok, ok := t.token[id]; ok {
		return tok
	}
	mac := hmac.New(sha256.New, t.key)
	mac.Write([]byte(id))
	sum := hex.EncodeToString(mac.Sum(nil))
	tok := unused(sum, t.owner)
	t.token[id] = tok
	t.owner[tok] = id
	return tok
}

// unused is the shortest token of a sum, in steps of 8 digits, that nobody owns.
func unused(sum string, owner map[string]string) string {
	for n := 8; n < len(sum); n += 8 {
		if tok := "card_" + sum[:n]; owner[tok] == "" {
			return tok
		}
	}
	return "card_" + sum
}
