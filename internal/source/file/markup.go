package file

import (
	"bytes"
	"encoding/xml"
	"io"
	"strconv"
	"unicode/utf8"
)

// token is the kind of what markup finds next.
type token uint8

const (
	aside  token = iota // a declaration, a comment, an instruction
	opens               // the start of an element
	closes              // its end, also of an empty one
	chars               // text
)

// Results of a scan that found no token.
const (
	partial token = 0xfe // the token goes on behind what is there
	unknown token = 0xff // encoding/xml has to say what this is
)

// maxToken is how long a token may be that is not left to encoding/xml, in bytes.
const maxToken = 1 << 20

// markup gives the tokens of an XML part exactly as encoding/xml does, errors and
// their places included, many times faster where the part keeps to what
// spreadsheets write: tags, attributes and text. At the first token that may be
// anything else it leaves the part to encoding/xml, which reads up to there again.
type markup struct {
	open func() (io.ReadCloser, error)
	part io.ReadCloser

	// The token at hand, valid until the next one.
	name  []byte // of an element, without prefix
	text  []byte // of chars
	attrs []attribute

	buf       []byte
	pos, stop int
	eof       bool
	broken    bool   // the part cannot be read on
	closing   bool   // the end of an empty element comes next
	scratch   []byte // texts and values whose entities were replaced
	above     []byte // the names of the open elements, with prefixes
	levels    []int  // where each of them begins
	count     int    // tokens given
	mark      int    // tokens given before the last reset
	used      int    // bytes since then

	slow  *xml.Decoder // not nil: it reads
	meter *meter
	begun xml.StartElement
}

type attribute struct{ name, value []byte }

// newMarkup reads the part that open opens.
func newMarkup(open func() (io.ReadCloser, error)) (*markup, error) {
	part, err := open()
	if err != nil {
		return nil, err
	}
	return &markup{open: open, part: part, buf: make([]byte, 64<<10)}, nil
}

func (m *markup) close() { m.part.Close() }

// reset says that a new element begins, for the limit on its length.
func (m *markup) reset() {
	m.used, m.mark = 0, m.count
	if m.slow != nil {
		m.meter.reset()
	}
}

// attr is the value of an attribute of the element that has begun, nil for none.
func (m *markup) attr(name string) []byte {
	if m.slow != nil {
		for _, a := range m.begun.Attr {
			if a.Name.Local == name {
				return []byte(a.Value)
			}
		}
		return nil
	}
	for _, a := range m.attrs {
		if string(a.name) == name {
			return a.value
		}
	}
	return nil
}

// next reads a token. Its error is io.EOF at the end of a sound part.
func (m *markup) next() (token, error) {
	if m.slow != nil {
		return m.slowly()
	}
	if m.closing {
		m.closing = false
		m.count++
		return closes, nil
	}
	for {
		used, t := m.scan(m.buf[m.pos:m.stop])
		switch {
		case t == partial && m.fill():
			continue
		case t == partial && m.pos == m.stop && m.eof && len(m.levels) == 0:
			return aside, io.EOF
		case t == partial, t == unknown, m.used+used > maxRow:
			return m.leave()
		}
		m.pos += used
		m.used += used
		m.count++
		switch t {
		case opens:
			m.levels = append(m.levels, len(m.above))
			m.above = append(m.above, m.name...)
			if m.closing {
				m.lower()
			}
			m.name = local(m.name)
		case closes:
			m.lower()
			m.name = local(m.name)
		}
		return t, nil
	}
}

// lower leaves the innermost open element.
func (m *markup) lower() {
	last := len(m.levels) - 1
	m.above, m.levels = m.above[:m.levels[last]], m.levels[:last]
}

// local is a name without its prefix.
func local(name []byte) []byte {
	for i, c := range name {
		if c == ':' {
			return name[i+1:]
		}
	}
	return name
}

// fill reads more behind what is there and reports whether it got any.
func (m *markup) fill() bool {
	if m.eof || m.broken {
		return false
	}
	m.stop = copy(m.buf, m.buf[m.pos:m.stop])
	m.pos = 0
	if m.stop == len(m.buf) {
		if m.stop >= maxToken {
			return false
		}
		m.buf = append(m.buf, make([]byte, len(m.buf))...)
	}
	for range 100 {
		n, err := m.part.Read(m.buf[m.stop:])
		m.stop += n
		m.eof, m.broken = err == io.EOF, err != nil && err != io.EOF
		if n > 0 || m.eof { // at the end, a text is whole
			return true
		}
		if m.broken {
			return false
		}
	}
	m.broken = true
	return false
}

// Classes of bytes in texts and values.
const (
	special = 1 << iota // has a meaning or is not allowed
	naming              // may stand in a name
)

var classes = func() (c [256]uint8) {
	for b := range c {
		switch {
		case b < ' ' && b != '\t' && b != '\n', b == '<', b == '>', b == '&', b == '"', b == '\'', b >= 0x80:
			c[b] = special
		case 'a' <= b && b <= 'z', 'A' <= b && b <= 'Z', '0' <= b && b <= '9', b == '_', b == ':', b == '.', b == '-':
			c[b] = naming
		}
	}
	return c
}()

// scan finds the token at the start of data and how many bytes it takes.
func (m *markup) scan(data []byte) (int, token) {
	m.scratch = m.scratch[:0]
	if len(data) == 0 {
		return 0, partial
	}
	if data[0] != '<' {
		n, text, t := m.run(data, '<')
		if t == partial && m.eof {
			n, text, t = m.run(append(data[:len(data):len(data)], '<'), '<')
		}
		m.text = text
		return n, t
	}
	if len(data) == 1 {
		return 0, partial
	}
	switch c := data[1]; {
	case c == '/':
		return m.closed(data)
	case c == '?':
		return m.declared(data)
	case c == '_', c|0x20 >= 'a' && c|0x20 <= 'z':
		return m.begins(data)
	}
	return 0, unknown
}

// closed scans the end of an element.
func (m *markup) closed(data []byte) (int, token) {
	if len(m.levels) == 0 {
		return 0, unknown
	}
	name := m.above[m.levels[len(m.levels)-1]:]
	n := len(name) + 3
	switch {
	case len(data) < n:
		return 0, partial
	case data[n-1] != '>' || !bytes.Equal(data[2:n-1], name):
		return 0, unknown
	}
	m.name = data[2 : n-1]
	return n, closes
}

// declared scans the declaration with which a part begins.
func (m *markup) declared(data []byte) (int, token) {
	n := bytes.Index(data, []byte("?>"))
	switch {
	case m.count > 0:
		return 0, unknown
	case n < 0:
		return 0, partial
	}
	switch string(bytes.ReplaceAll(data[:n], []byte{'\''}, []byte{'"'})) {
	case `<?xml version="1.0"`, `<?xml version="1.0" encoding="UTF-8"`, `<?xml version="1.0" encoding="utf-8"`,
		`<?xml version="1.0" encoding="UTF-8" standalone="yes"`, `<?xml version="1.0" encoding="UTF-8" standalone="no"`,
		`<?xml version="1.0" encoding="utf-8" standalone="yes"`, `<?xml version="1.0" standalone="yes"`:
		return n + 2, aside
	}
	return 0, unknown
}

// begins scans the start of an element; its name keeps the prefix.
func (m *markup) begins(data []byte) (int, token) {
	n, t := nameOf(data[1:])
	if t != opens {
		return 0, t
	}
	i := 1 + n
	name := data[1:i]
	m.attrs = m.attrs[:0]
	for {
		i += blanks(data[i:])
		if i+1 >= len(data) && (i == len(data) || data[i] != '>') {
			return 0, partial
		}
		switch {
		case data[i] == '>':
			m.name = name
			return i + 1, opens
		case data[i] == '/':
			if data[i+1] != '>' {
				return 0, unknown
			}
			m.name, m.closing = name, true
			return i + 2, opens
		}
		if n, t = nameOf(data[i:]); t != opens {
			return 0, t
		}
		a := attribute{name: local(data[i : i+n])}
		i += n
		i += blanks(data[i:])
		if i == len(data) {
			return 0, partial
		}
		if data[i] != '=' {
			return 0, unknown
		}
		i++
		i += blanks(data[i:])
		if i == len(data) {
			return 0, partial
		}
		quote := data[i]
		if quote != '"' && quote != '\'' {
			return 0, unknown
		}
		i++
		if n, a.value, t = m.run(data[i:], quote); t != chars {
			return 0, t
		}
		i += n + 1
		m.attrs = append(m.attrs, a)
	}
}

// nameOf is the length of the name at the start of data, which must be ASCII and
// have one prefix at most.
func nameOf(data []byte) (int, token) {
	n, colon := 0, -1
	for ; n < len(data) && classes[data[n]] == naming; n++ {
		if data[n] == ':' {
			if colon >= 0 || n == 0 {
				return 0, unknown
			}
			colon = n
		}
	}
	switch {
	case n == len(data):
		return 0, partial
	case n == 0, colon == n-1, data[n] >= 0x80, data[0] != '_' && (data[0]|0x20 < 'a' || data[0]|0x20 > 'z'):
		return 0, unknown
	}
	return n, opens
}

func blanks(data []byte) int {
	n := 0
	for n < len(data) && (data[n] == ' ' || data[n] == '\t' || data[n] == '\n' || data[n] == '\r') {
		n++
	}
	return n
}

// run scans text up to a mark, which is a quote or "<", and replaces what stands
// for something else. n is the number of bytes before the mark.
func (m *markup) run(data []byte, mark byte) (n int, text []byte, t token) {
	wide, coded := false, false
	for {
		for n < len(data) && classes[data[n]]&special == 0 {
			n++
		}
		if n == len(data) {
			return 0, nil, partial
		}
		c := data[n]
		switch {
		case c == mark:
			text = data[:n]
			if wide && !sound(text) {
				return 0, nil, unknown
			}
			if coded {
				text = m.decode(text)
				if text == nil {
					return 0, nil, unknown
				}
			}
			return n, text, chars
		case c == '&' || c == '\r':
			coded = true
		case c == '"' || c == '\'':
		case c == '>':
			if n >= 2 && mark == '<' && data[n-1] == ']' && data[n-2] == ']' {
				return 0, nil, unknown
			}
		case c >= 0x80:
			wide = true
		default:
			return 0, nil, unknown
		}
		n++
	}
}

// sound reports whether text is UTF-8 of characters that XML allows.
func sound(text []byte) bool {
	return utf8.Valid(text) && !bytes.Contains(text, []byte("\ufffe")) && !bytes.Contains(text, []byte("\uffff"))
}

// decode replaces entities and carriage returns, nil where it does not know one.
func (m *markup) decode(text []byte) []byte {
	from := len(m.scratch)
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '\r':
			m.scratch = append(m.scratch, '\n')
			if i+1 < len(text) && text[i+1] == '\n' {
				i++
			}
		case '&':
			n := bytes.IndexByte(text[i:min(len(text), i+12)], ';')
			if n < 0 {
				return nil
			}
			r := entity(text[i+1 : i+n])
			if r == 0 {
				return nil
			}
			m.scratch = utf8.AppendRune(m.scratch, r)
			i += n
		default:
			m.scratch = append(m.scratch, c)
		}
	}
	return m.scratch[from:]
}

// entity is the character that a reference stands for, 0 for one that it does not know.
func entity(name []byte) rune {
	switch string(name) {
	case "amp":
		return '&'
	case "lt":
		return '<'
	case "gt":
		return '>'
	case "quot":
		return '"'
	case "apos":
		return '\''
	}
	base := 10
	digits, ok := bytes.CutPrefix(name, []byte("#"))
	if !ok {
		return 0
	}
	if hex, ok := bytes.CutPrefix(digits, []byte("x")); ok {
		base, digits = 16, hex
	}
	n, err := strconv.ParseUint(string(digits), base, 32)
	switch r := rune(n); {
	case err != nil, n > utf8.MaxRune, n < ' ' && n != '\t' && n != '\n' && n != '\r', !utf8.ValidRune(r), r == 0xfffe, r == 0xffff:
		return 0
	default:
		return r
	}
}

// leave has encoding/xml read the part again, and go on after the tokens given.
func (m *markup) leave() (token, error) {
	m.part.Close()
	part, err := m.open()
	if err != nil {
		return aside, err
	}
	m.part = part
	m.buf = nil
	m.meter = &meter{r: part}
	m.meter.reset()
	m.slow = xml.NewDecoder(m.meter)
	for n := range m.count {
		if n <= m.mark {
			m.meter.reset()
		}
		if _, err := m.slow.Token(); err != nil {
			return aside, err
		}
	}
	if m.mark == m.count {
		m.meter.reset()
	}
	return m.slowly()
}

// slowly reads a token with encoding/xml.
func (m *markup) slowly() (token, error) {
	t, err := m.slow.Token()
	if err != nil {
		return aside, err
	}
	switch t := t.(type) {
	case xml.StartElement:
		m.begun, m.name = t, []byte(t.Name.Local)
		return opens, nil
	case xml.EndElement:
		m.name = []byte(t.Name.Local)
		return closes, nil
	case xml.CharData:
		m.text = t
		return chars, nil
	}
	return aside, nil
}
