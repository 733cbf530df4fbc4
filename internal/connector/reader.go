package connector

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"gopkg.in/yaml.v3"

	"gcdiag/internal/record"
)

// reader walks the nodes of one file and collects its mistakes.
type reader struct {
	file    string
	options Options
	errs    []*Error
	spent   int
}

// spend reports whether there is patience left for one more element: a file can
// repeat itself through aliases without end.
func (r *reader) spend(n *yaml.Node) bool {
	if r.spent++; r.spent == patience {
		r.fail(n, "the file repeats itself too often through aliases")
	}
	return r.spent < patience
}

func (r *reader) fail(n *yaml.Node, format string, args ...any) *Error {
	e := &Error{File: r.file, Reason: fmt.Sprintf(format, args...)}
	if n != nil {
		e.Line, e.Column = n.Line, n.Column
	}
	r.errs = append(r.errs, e)
	return e
}

// wrap records an error with the hint and cause that it carries.
func (r *reader) wrap(n *yaml.Node, about string, err error) {
	e := r.fail(n, "%s: %v", about, err)
	e.Cause = err
	if h, ok := err.(interface{ Hint() string }); ok {
		e.Advice = h.Hint()
	}
}

var syntaxError = regexp.MustCompile(`^(?:yaml: )?(?:line (\d+): )?(.*)$`)

// document is the root of the one document in a file.
func (r *reader) document(data []byte) (root *yaml.Node) {
	defer func() {
		if recover() != nil { // the YAML library gave up on malformed text
			r.fail(nil, "this is not YAML")
			root = nil
		}
	}()
	if len(data) > maxSize {
		r.fail(nil, "the file is larger than 1 MiB and can't be a configuration")
		return nil
	}
	d := yaml.NewDecoder(bytes.NewReader(data))
	var doc, second yaml.Node
	err := d.Decode(&doc)
	if errors.Is(err, io.EOF) || err == nil && (len(doc.Content) == 0 || null(doc.Content[0])) {
		r.fail(nil, "the file is empty").Advice = `make one with "gcdiag init"`
		return nil
	}
	if err == nil {
		if err = d.Decode(&second); errors.Is(err, io.EOF) {
			return doc.Content[0]
		}
		if err == nil {
			r.fail(&second, "a second document begins here; the file must hold one")
			return nil
		}
	}
	m := syntaxError.FindStringSubmatch(strings.TrimSpace(err.Error()))
	line, _ := strconv.Atoi(m[1])
	e := r.fail(&yaml.Node{Line: line}, "this is not YAML: %s", m[2])
	if strings.Contains(m[2], "cannot start any token") {
		e.Advice = "indent with blanks, not tabs, and put text with special characters in quotes"
	}
	return nil
}

// follow is what an alias stands for, or the node itself.
func follow(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

func null(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

// blank reports whether a section is left out or holds nothing.
func blank(n *yaml.Node) bool {
	return n == nil || null(n) || n.Kind != yaml.ScalarNode && len(n.Content) == 0
}

// pairs yields the keys and values of a mapping, none for a null. Keys must be
// text and differ.
func (r *reader) pairs(n *yaml.Node, what string, each func(key string, k, v *yaml.Node)) {
	n = follow(n)
	if null(n) {
		return
	}
	if n.Kind != yaml.MappingNode {
		r.fail(n, "%s must be a mapping of keys to values", what)
		return
	}
	seen := map[string]*yaml.Node{}
	for i := 0; i+1 < len(n.Content) && r.spend(n); i += 2 {
		k, v := follow(n.Content[i]), follow(n.Content[i+1])
		if k.Kind != yaml.ScalarNode || null(k) {
			r.fail(k, "a key of %s must be plain text", what)
			continue
		}
		if first := seen[k.Value]; first != nil {
			r.fail(k, "%s has the key %q already, in line %d", what, k.Value, first.Line)
			continue
		}
		seen[k.Value] = k
		each(k.Value, k, v)
	}
}

// mapping is the values of a mapping by key; keys other than the allowed ones
// are mistakes.
func (r *reader) mapping(n *yaml.Node, what string, allowed ...string) map[string]*yaml.Node {
	f := map[string]*yaml.Node{}
	r.pairs(n, what, func(key string, k, v *yaml.Node) {
		if !slices.Contains(allowed, key) {
			r.fail(k, "unknown key %q in %s%s", key, what, meant(key, allowed)).Advice = fmt.Sprintf("%s can have %s", what, strings.Join(allowed, ", "))
			return
		}
		f[key] = v
	})
	return f
}

// text is a scalar as written; "" with a mistake recorded where it is something
// else or empty.
func (r *reader) text(n *yaml.Node, what string) (string, bool) {
	switch n = follow(n); {
	case n.Kind != yaml.ScalarNode:
		r.fail(n, "%s must be a single value", what)
	case null(n) || strings.TrimSpace(n.Value) == "":
		r.fail(n, "%s has no value", what)
	default:
		return n.Value, true
	}
	return "", false
}

// line is text that a terminal can show as it is.
func (r *reader) line(n *yaml.Node, what string) (string, bool) {
	s, ok := r.text(n, what)
	if ok && strings.ContainsFunc(s, unicode.IsControl) {
		r.fail(n, "%s must not hold control characters", what)
		return "", false
	}
	return s, ok
}

// list yields the elements of a list, none for a null; a single value stands
// for a list of one.
func (r *reader) list(n *yaml.Node, what string, each func(*yaml.Node)) {
	switch n = follow(n); {
	case null(n):
	case n.Kind == yaml.SequenceNode:
		for _, v := range n.Content {
			if r.spend(n) {
				each(follow(v))
			}
		}
	case n.Kind == yaml.ScalarNode:
		each(n)
	default:
		r.fail(n, "%s must be a list", what)
	}
}

// word is one of a few words, in any case and with any joints.
func (r *reader) word(n *yaml.Node, what string, words ...string) string {
	s, ok := r.text(n, what)
	if !ok {
		return ""
	}
	for _, w := range words {
		if record.Fold(w) == record.Fold(s) {
			return w
		}
	}
	r.fail(n, "%s %q is not one of %s%s", what, s, strings.Join(words, ", "), meant(s, words))
	return ""
}

func (r *reader) number(n *yaml.Node, what string, least int64) (int64, bool) {
	s, ok := r.text(n, what)
	if !ok {
		return 0, false
	}
	v, err := strconv.ParseInt(s, 10, 64)
	if err != nil || v < least {
		r.fail(n, "%s %q is not a whole number of at least %d", what, s, least)
		return 0, false
	}
	return v, true
}

func (r *reader) span(n *yaml.Node, what string) (time.Duration, bool) {
	s, ok := r.text(n, what)
	if !ok {
		return 0, false
	}
	d, err := ParseSpan(s)
	if err != nil {
		r.wrap(n, what, err)
		return 0, false
	}
	return d, true
}

func (r *reader) time(n *yaml.Node, what string, zone *time.Location) time.Time {
	s, ok := r.text(n, what)
	if !ok {
		return time.Time{}
	}
	t, err := ParseTime(s, zone)
	if err != nil {
		r.wrap(n, what, err)
	}
	return t
}

func (r *reader) zone(n *yaml.Node, what string) *time.Location {
	s, ok := r.text(n, what)
	if !ok {
		return nil
	}
	zone, err := time.LoadLocation(s)
	if err != nil || s == "Local" {
		r.fail(n, "%s %q is not a time zone of the IANA database", what, s).Advice = "write a name such as America/New_York, Europe/Berlin or UTC"
		return nil
	}
	return zone
}
