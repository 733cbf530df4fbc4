package file

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
)

// maxFastDepth is how deep a JSON value may be nested that is not left to encoding/json.
const maxFastDepth = 32

// valueIn is the length of the JSON value at the start of b, 0 where b ends before
// it does, −1 where it is none, or one that is left to encoding/json.
func valueIn(b []byte, depth int) int {
	if len(b) == 0 {
		return 0
	}
	switch c := b[0]; {
	case c == '"':
		return stringIn(b)
	case c == '{' || c == '[':
		return nestIn(b, depth)
	case c == '-' || digit(c):
		return numberIn(b)
	}
	for _, word := range []string{"true", "false", "null"} {
		if word[0] == b[0] {
			switch {
			case len(b) < len(word):
				return 0
			case string(b[:len(word)]) == word:
				return len(word)
			}
		}
	}
	return -1
}

// quoted says what a byte inside a string is: 0 for text.
var quoted = func() (c [256]bool) {
	for b := range c {
		c[b] = b < ' ' || b == '"' || b == '\\'
	}
	return c
}()

func stringIn(b []byte) int {
	for i := 1; ; i++ {
		for i < len(b) && !quoted[b[i]] {
			i++
		}
		switch {
		case i == len(b):
			return 0
		case b[i] == '"':
			return i + 1
		case b[i] != '\\':
			return -1
		}
		i++
		if i == len(b) {
			return 0
		}
		switch b[i] {
		case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		case 'u':
			for range 4 {
				i++
				if i == len(b) {
					return 0
				}
				if c := b[i]; !digit(c) && (c|0x20 < 'a' || c|0x20 > 'f') {
					return -1
				}
			}
		default:
			return -1
		}
	}
}

func numberIn(b []byte) int {
	i := 0
	digits := func() bool {
		from := i
		for i < len(b) && digit(b[i]) {
			i++
		}
		return i > from
	}
	if b[0] == '-' {
		i++
	}
	whole := i
	if !digits() && i < len(b) || i > whole+1 && b[whole] == '0' {
		return -1
	}
	if i < len(b) && b[i] == '.' {
		i++
		if !digits() && i < len(b) {
			return -1
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		if !digits() && i < len(b) {
			return -1
		}
	}
	if i == len(b) {
		return 0
	}
	return i
}

// nestIn is valueIn for an object or a list.
func nestIn(b []byte, depth int) int {
	if depth > maxFastDepth {
		return -1
	}
	object := b[0] == '{'
	i := 1
	skip := func() byte {
		for ; i < len(b); i++ {
			if c := b[i]; c != ' ' && c != '\n' && c != '\t' && c != '\r' {
				return c
			}
		}
		return 0
	}
	for first := true; ; first = false {
		c := skip()
		switch {
		case i == len(b):
			return 0
		case c == '}' && object, c == ']' && !object:
			return i + 1
		case first:
		case c != ',':
			return -1
		default:
			i++
			if c = skip(); i == len(b) {
				return 0
			}
		}
		if object {
			if c != '"' {
				return -1
			}
			n := stringIn(b[i:])
			if n <= 0 {
				return n
			}
			i += n
			if c = skip(); i == len(b) {
				return 0
			}
			if c != ':' {
				return -1
			}
			i++
			if skip(); i == len(b) {
				return 0
			}
		}
		n := valueIn(b[i:], depth+1)
		if n <= 0 {
			return n
		}
		i += n
	}
}

// shortList is how many values of a list are left to encoding/json, because there
// may not be many.
const shortList = 64

// listReader reads the values of a JSON list as encoding/json does, errors
// included, several times faster where there are many. At the first one that may be
// wrong it leaves the rest to encoding/json.
type listReader struct {
	src   *source
	depth int // objects around the list
	first int // values that are left to encoding/json
	n     int // values read
	slow  bool
	raw   json.RawMessage

	from      io.Reader // what stands behind buf; nil: encoding/json reads
	buf       []byte
	pos, stop int
}

// newListReader reads on behind the "[" of a list inside of so many objects. Until
// next has given an error, src is not to be touched.
func newListReader(src *source, depth int) *listReader {
	return &listReader{src: src, depth: depth, first: shortList}
}

// next reads a value, which stays valid until the next call. Its error is io.EOF
// behind the end of the list; src goes on from there.
func (l *listReader) next() ([]byte, error) {
	l.src.m.reset()
	for !l.slow && l.n >= l.first {
		if l.from == nil {
			l.from, l.buf = io.MultiReader(l.src.d.Buffered(), l.src.m), make([]byte, 64<<10)
		}
		from, n := l.value(l.buf[l.pos:l.stop])
		switch {
		case n > 0:
			raw := l.buf[l.pos+from : l.pos+from+n]
			l.pos += from + n
			l.n++
			return raw, nil
		case n == 0 && l.fill():
		case n == atEnd:
			l.pos += from
			if err := l.leave(true); err != nil {
				return nil, err
			}
			return nil, io.EOF
		default:
			if err := l.leave(false); err != nil {
				return nil, err
			}
		}
	}
	if l.src.d.More() {
		l.n++
		err := l.src.d.Decode(&l.raw)
		return l.raw, unexpected(err)
	}
	if _, err := l.src.d.Token(); err != nil {
		return nil, unexpected(err)
	}
	return nil, io.EOF
}

// atEnd stands for the length of a value where the list ends.
const atEnd = -2

// value finds the next value of the list in b and its length, as valueIn does, or
// atEnd, with from behind the list.
func (l *listReader) value(b []byte) (from, n int) {
	from = blanks(b)
	switch {
	case from == len(b):
		return 0, 0
	case b[from] == ']':
		return from + 1, atEnd
	case l.n == 0:
	case b[from] != ',':
		return 0, -1
	default:
		from++
		from += blanks(b[from:])
	}
	return from, valueIn(b[from:], 0)
}

// fill reads more behind what is there and reports whether it got any.
func (l *listReader) fill() bool {
	l.stop = copy(l.buf, l.buf[l.pos:l.stop])
	l.pos = 0
	if l.stop == len(l.buf) {
		if l.stop >= maxToken {
			return false
		}
		l.buf = append(l.buf, make([]byte, len(l.buf))...)
	}
	for range 100 {
		n, err := l.from.Read(l.buf[l.stop:])
		l.stop += n
		if n > 0 {
			return true
		}
		if err != nil {
			return false
		}
	}
	return false
}

// leave gives what was not read to a decoder that stands where the list is, or
// where it has ended.
func (l *listReader) leave(ended bool) error {
	l.slow = true
	before := strings.Repeat(`{"":`, l.depth) + "["
	tokens := 2*l.depth + 1
	if l.n > 0 {
		before += "[]"
		tokens += 2
	}
	if ended {
		before += "]"
		tokens++
	}
	rest := l.buf[l.pos:l.stop]
	l.src.m.left -= len(rest)
	l.src.d = json.NewDecoder(io.MultiReader(strings.NewReader(before), bytes.NewReader(rest), l.from))
	for range tokens {
		if _, err := l.src.d.Token(); err != nil {
			return unexpected(err)
		}
	}
	return nil
}
