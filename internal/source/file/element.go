package file

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

// keySet is names in the order in which they first stand.
type keySet struct {
	list  []string
	index map[string]int
	next  int // the name that probably comes next
}

// find is the number of a name, −1 for one that is not in the set.
func (k *keySet) find(name []byte) int {
	i := k.next
	if i >= len(k.list) || k.list[i] != string(name) {
		var ok bool
		if i, ok = k.index[string(name)]; !ok {
			return -1
		}
	}
	if k.next = i + 1; k.next == len(k.list) {
		k.next = 0
	}
	return i
}

// add puts a name into the set if it is not there.
func (k *keySet) add(name []byte) error {
	if k.find(name) >= 0 {
		return nil
	}
	if k.index == nil {
		k.index = map[string]int{}
	}
	if len(k.list) == maxKeys {
		return fmt.Errorf("more than %d different keys", maxKeys)
	}
	k.index[string(name)] = len(k.list)
	k.list = append(k.list, string(name))
	return nil
}

// element is one JSON object laid flat: the keys of objects inside it are joined
// by points ("amount.currency"), lists of plain values by commas. Lists of
// objects or lists are no columns; skipped names them.
type element struct {
	value   func(key, text []byte, number bool) error
	skipped func(key []byte)

	rest []byte // what is still to be read
	key  []byte // of the value at hand
}

// read lays out an object. json must be valid.
func (e *element) read(json []byte) error {
	e.rest = json
	return e.object(0, 0)
}

// start skips blanks and gives the byte at which a value, key or end begins.
func (e *element) start() byte {
	for len(e.rest) > 0 {
		switch c := e.rest[0]; c {
		case ' ', '\t', '\r', '\n', ',', ':':
			e.rest = e.rest[1:]
		default:
			return c
		}
	}
	return 0
}

// object lays out the object that comes next; the first bytes of the key are
// those of what it stands in.
func (e *element) object(prefix, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("nested deeper than %d", maxDepth)
	}
	e.rest = e.rest[1:]
	for {
		switch e.start() {
		case 0:
			return io.ErrUnexpectedEOF
		case '}':
			e.rest = e.rest[1:]
			return nil
		}
		e.key = append(e.key[:prefix], e.plain()...)
		var err error
		switch e.start() {
		case '{':
			e.key = append(e.key, '.')
			err = e.object(len(e.key), depth+1)
		case '[':
			err = e.list(depth + 1)
		case '"':
			err = e.value(e.key, e.plain(), false)
		default:
			text, number := e.literal()
			err = e.value(e.key, text, number)
		}
		if err != nil {
			return err
		}
	}
}

func (e *element) list(depth int) error {
	var joined []byte
	flat := true
	e.rest = e.rest[1:]
	for n := 0; ; n++ {
		switch c := e.start(); c {
		case 0:
			return io.ErrUnexpectedEOF
		case ']':
			e.rest = e.rest[1:]
			if flat {
				return e.value(e.key, joined, false)
			}
			e.skipped(e.key)
			return nil
		case '{', '[':
			flat = false
			if err := e.leave(c, depth); err != nil {
				return err
			}
		default:
			if n > 0 {
				joined = append(joined, ',')
			}
			if c == '"' {
				joined = append(joined, e.plain()...)
			} else {
				text, _ := e.literal()
				joined = append(joined, text...)
			}
		}
	}
}

// leave passes over an object or list that begins with c.
func (e *element) leave(c byte, depth int) error {
	inner := element{value: func([]byte, []byte, bool) error { return nil }, skipped: func([]byte) {}, rest: e.rest}
	var err error
	if c == '{' {
		err = inner.object(0, depth+1)
	} else {
		err = inner.list(depth + 1)
	}
	e.rest = inner.rest
	return err
}

// plain takes a string and undoes its escapes.
func (e *element) plain() []byte {
	if n := bytes.IndexByte(e.rest[1:], '"'); n >= 0 && bytes.IndexByte(e.rest[1:1+n], '\\') < 0 {
		text := e.rest[1 : 1+n]
		e.rest = e.rest[n+2:]
		return text
	}
	for i := 1; i < len(e.rest); i++ {
		switch e.rest[i] {
		case '\\':
			i++
		case '"':
			text := e.rest[:i+1]
			e.rest = e.rest[i+1:]
			var s string
			if json.Unmarshal(text, &s) != nil {
				return nil
			}
			return []byte(s)
		}
	}
	e.rest = nil
	return nil
}

// literal takes a number, true, false or null; the last one is empty.
func (e *element) literal() (text []byte, number bool) {
	n := 0
scan:
	for ; n < len(e.rest); n++ {
		switch e.rest[n] {
		case ',', ':', ']', '}', ' ', '\t', '\r', '\n':
			break scan
		}
	}
	text, e.rest = e.rest[:n], e.rest[n:]
	if string(text) == "null" {
		return nil, false
	}
	return text, n > 0 && (text[0] == '-' || digit(text[0]))
}

func digit(c byte) bool { return c-'0' <= 9 }

// flatRow collects the cells of one element.
type flatRow struct {
	element
	text   []byte
	span   []span
	cells  [][]byte
	number []bool
	twice  string
}

type span struct{ from, to int }

// newFlatRow makes a row with a column for each key.
func newFlatRow(keys *keySet) *flatRow {
	n := len(keys.list)
	f := &flatRow{span: make([]span, n), cells: make([][]byte, n), number: make([]bool, n)}
	f.element = element{
		value: func(key, text []byte, number bool) error {
			i := keys.find(key)
			if i < 0 {
				return fmt.Errorf("one key too many: %q", key)
			}
			if f.span[i].from >= 0 {
				f.twice = keys.list[i]
			}
			f.span[i] = span{len(f.text), len(f.text) + len(text)}
			f.text = append(f.text, text...)
			f.number[i] = number
			return nil
		},
		skipped: func([]byte) {},
	}
	return f
}

func (f *flatRow) begin() {
	f.text, f.twice = f.text[:0], ""
	for i := range f.span {
		f.span[i], f.number[i] = span{-1, -1}, false
	}
}

func (f *flatRow) finish(r *row) {
	if f.twice != "" {
		r.bad = fmt.Sprintf("the key %q stands twice in one record", f.twice)
		return
	}
	for i, s := range f.span {
		f.cells[i] = nil
		if s.from >= 0 {
			f.cells[i] = f.text[s.from:s.to]
		}
	}
	r.cells, r.number = f.cells, f.number
}
