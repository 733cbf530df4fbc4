// Package redact keeps what must not be seen out of sight: secrets print as
// dots, card codes in free text lose all but their last four characters, and
// card ids become keyed tokens.
package redact

import (
	"fmt"
	"io"
	"log/slog"
)

// dots stand wherever something is hidden.
const dots = "•••"

// Secret is a password, key or token. It prints as dots everywhere: with every
// verb of fmt, in JSON and YAML, in logs, and also where it lies in a field that
// a printer can't call methods on. The zero value is the empty secret. Two
// secrets are compared by Reveal, not by ==.
type Secret struct{ text *string }

// NewSecret hides a text.
func NewSecret(text string) Secret { return Secret{&text} }

// Reveal is the hidden text, for the one place that must send it.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// Empty reports whether there is nothing to hide.
func (s Secret) Empty() bool { return s.Reveal() == "" }

// String is dots, whatever the secret and its length.
func (s Secret) String() string { return dots }

// Format prints dots for every verb and flag.
func (s Secret) Format(f fmt.State, _ rune) { io.WriteString(f, dots) }

// MarshalText writes dots; JSON and YAML use it.
func (s Secret) MarshalText() ([]byte, error) { return []byte(dots), nil }

// LogValue logs dots.
func (s Secret) LogValue() slog.Value { return slog.StringValue(dots) }
