package http

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"gcdiag/internal/probe"
	"gcdiag/internal/redact"
)

// deepest is how deep an answer may be nested.
const deepest = 200

// door lets in of an answer what the pack has use for, and nothing that must not
// be seen.
type door struct {
	pack    *probe.Pack
	keep    map[string]bool
	secrets atomic.Pointer[[]string] // replaced as a whole, never changed
	hiding  sync.Mutex
}

// shortest is the length from which a secret is replaced in texts: a shorter one
// is a word that texts hold anyway.
const shortest = 8

// hide remembers a secret, so that it is replaced wherever it turns up.
func (d *door) hide(secret string) {
	d.hiding.Lock()
	defer d.hiding.Unlock()
	have := d.hidden()
	if len(secret) < shortest || slices.Contains(have, secret) {
		return
	}
	more := append(slices.Clone(have), secret)
	// The longest first, so that none uncovers a part of another.
	slices.SortFunc(more, func(a, b string) int { return len(b) - len(a) })
	d.secrets.Store(&more)
}

func (d *door) hidden() []string {
	if list := d.secrets.Load(); list != nil {
		return *list
	}
	return nil
}

// dots stand where a secret stood.
const dots = "••••"

// scrub replaces the secrets in a text.
func (d *door) scrub(text string) string {
	for _, s := range d.hidden() {
		text = strings.ReplaceAll(text, s, dots)
	}
	return text
}

// decode reads an answer. Numbers stay as they are written.
func (d *door) decode(body []byte) (any, error) {
	for _, s := range d.hidden() {
		body = bytes.ReplaceAll(body, []byte(s), []byte(dots))
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, nil
		}
		return nil, err
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, errors.New("more than one JSON value")
	}
	return d.prune(v, "", 0), nil
}

// prune drops the texts and numbers under keys that nothing of the pack names and
// masks those that people wrote. Objects and lists keep their shape.
func (d *door) prune(v any, key string, depth int) any {
	if depth > deepest {
		return nil
	}
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			switch x.(type) {
			case map[string]any, []any:
				v[k] = d.prune(x, k, depth+1)
			case nil, bool:
			default:
				if d.named(k) && d.placed(k, key) {
					v[k] = d.prune(x, k, depth+1)
				} else {
					delete(v, k)
				}
			}
		}
		return v
	case []any:
		for i, x := range v {
			switch x.(type) {
			case map[string]any, []any, nil, bool:
				v[i] = d.prune(x, key, depth+1)
			default:
				if key == "" || d.named(key) {
					v[i] = d.prune(x, key, depth+1)
				} else {
					v[i] = nil
				}
			}
		}
		return v
	case string:
		if slices.Contains(d.pack.Embedded, key) {
			if inner, err := d.decode([]byte(v)); err == nil && inner != nil {
				b, err := json.Marshal(inner)
				if err == nil {
					return string(b)
				}
			}
			return redact.Mask(v)
		}
		if slices.Contains(d.pack.FreeText, key) {
			return redact.Mask(v)
		}
		return v
	}
	return v
}

// placed reports whether a key is wanted below the one above it; the key above a
// list's objects is the list's.
func (d *door) placed(key, above string) bool {
	parents, limited := d.pack.OnlyUnder[key]
	return !limited || slices.Contains(parents, above)
}

func (d *door) named(key string) bool { return d.pack.Mentions(key) || d.keep[key] }

// excerpt is the beginning of an answer that is refused, masked: what its usual
// keys for messages say, or else nothing.
func excerpt(body []byte) string {
	var v any
	if json.Unmarshal(body, &v) != nil {
		return ""
	}
	var texts []string
	var look func(any, int)
	look = func(v any, depth int) {
		if depth > 4 || len(texts) > 3 {
			return
		}
		switch v := v.(type) {
		case map[string]any:
			for _, k := range []string{"error", "code", "errorCode", "o:errorCode", "title", "message", "detail", "reason", "error_description", "description"} {
				if s, ok := v[k].(string); ok && s != "" && !slices.Contains(texts, s) {
					texts = append(texts, s)
				}
			}
			for _, k := range []string{"error", "errors", "o:errorDetails", "data"} {
				look(v[k], depth+1)
			}
		case []any:
			for _, x := range v {
				if s, ok := x.(string); ok && len(v) <= 3 && s != "" {
					texts = append(texts, s)
					continue
				}
				look(x, depth+1)
			}
		}
	}
	look(v, 0)
	s := redact.Mask(strings.Join(texts, ": "))
	if r := []rune(s); len(r) > 200 {
		s = string(r[:200]) + "…"
	}
	return s
}
