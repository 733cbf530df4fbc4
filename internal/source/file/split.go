package file

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math/bits"
)

// maxRow is how long one row may be, in bytes. A longer one is refused, so that
// a quote that is never closed costs one row and not the rest of the file.
const maxRow = 16 << 20

// splitter cuts delimited text into rows and fields as RFC 4180 writes them:
// fields may be quoted, quoted ones may hold delimiters, doubled quotes and line
// ends. Blanks around a quoted field don't count, a quote inside an unquoted
// field is an ordinary character.
type splitter struct {
	r     io.Reader
	delim byte
	max   int  // the longest row, in bytes
	bare  bool // quotes are ordinary characters
	// want is the number of fields in the header, 0 while it is not known. A row
	// that spans lines and has another number was opened by a stray quote.
	want int

	buf      []byte
	pos, end int
	eof      bool
	err      error
	line     uint32 // physical line at pos

	// where the next odd bytes are in buf, end where there are none
	quotes, nuls, wides int

	raw     []byte   // the bytes of the row
	ascii   bool     // raw holds ASCII only, and no NUL, for certain
	fields  [][]byte // valid until the next row
	unquote []byte   // holds fields whose doubled quotes were reduced
}

func newSplitter(r io.Reader, delim byte) *splitter {
	return &splitter{r: r, delim: delim, max: maxRow, buf: make([]byte, 256<<10), line: 1}
}

// next reads one row. at is the physical line on which it starts, bad says why
// the row cannot be read; after a bad one reading goes on with the next line.
// err is io.EOF at the end of the text, or the reader's error.
func (s *splitter) next() (at uint32, bad string, err error) {
	for {
		if s.pos == s.end && !s.fill() {
			return s.line, "", s.err
		}
		at = s.line
		data := s.buf[s.pos:s.end]
		n := bytes.IndexByte(data, '\n')
		whole := n >= 0
		if !whole {
			n = len(data)
		}
		if n > s.max {
			s.skip()
			return at, fmt.Sprintf("the line is longer than %d MiB", s.max>>20), nil
		}
		s.lookAhead()
		if s.bare || s.quotes >= s.pos+n {
			if !whole && !s.eof {
				s.fill()
				continue
			}
			s.plain(data[:n])
			s.note(n)
			s.pos = min(s.pos+n+1, s.end)
			s.line++
			return at, "", nil
		}
		used, lines, bad := s.quoted(data)
		switch {
		case bad != "":
		case used == 0 && len(data) <= s.max && !s.eof:
			s.fill()
			continue
		case used == 0 && s.eof:
			bad = "a quote opened here is never closed"
		case used == 0 || used > s.max:
			bad = fmt.Sprintf("a quote opened here is not closed within %d MiB", s.max>>20)
		case lines > 1 && s.want > 0 && !s.even():
			bad = fmt.Sprintf("a quote opened here runs over %d lines and leaves %d columns instead of %d", lines, len(s.fields), s.want)
		}
		if bad != "" {
			s.skip()
			return at, bad, nil
		}
		s.note(used)
		s.pos += used
		s.line += uint32(lines)
		return at, "", nil
	}
}

// lookAhead brings the places of odd bytes up to date. Each byte is looked at once.
func (s *splitter) lookAhead() {
	if s.quotes < s.pos {
		s.quotes = s.seek(s.pos, quoteAt)
	}
	if s.nuls < s.pos {
		s.nuls = s.seek(s.pos, nulAt)
	}
	if s.wides < s.pos {
		s.wides = s.seek(s.pos, wideAt)
	}
}

// seek is where find finds something in the bytes from some place on, or end.
func (s *splitter) seek(from int, find func([]byte) int) int {
	if i := find(s.buf[from:s.end]); i >= 0 {
		return from + i
	}
	return s.end
}

func quoteAt(b []byte) int { return bytes.IndexByte(b, '"') }
func nulAt(b []byte) int   { return bytes.IndexByte(b, 0) }

// wideAt is where the first byte is that is not ASCII, or -1.
func wideAt(b []byte) int {
	const high = 0x8080808080808080
	i := 0
	for ; i+32 <= len(b); i += 32 {
		x := binary.LittleEndian.Uint64(b[i:]) | binary.LittleEndian.Uint64(b[i+8:]) |
			binary.LittleEndian.Uint64(b[i+16:]) | binary.LittleEndian.Uint64(b[i+24:])
		if x&high != 0 {
			break
		}
	}
	for ; i < len(b); i++ {
		if b[i] >= 0x80 {
			return i
		}
	}
	return -1
}

// note says what is known of the bytes of the row, which is n bytes long.
func (s *splitter) note(n int) { s.ascii = s.nuls >= s.pos+n && s.wides >= s.pos+n }

// even reports whether the row has the header's number of fields, apart from
// empty ones at its end.
func (s *splitter) even() bool {
	if len(s.fields) < s.want {
		return false
	}
	for _, f := range s.fields[s.want:] {
		if len(bytes.TrimSpace(f)) > 0 {
			return false
		}
	}
	return true
}

// fill reads more text behind what is there and reports whether it got any.
func (s *splitter) fill() bool {
	if s.eof {
		return false
	}
	if s.pos > 0 {
		copy(s.buf, s.buf[s.pos:s.end])
		s.end -= s.pos
		s.quotes, s.nuls, s.wides = s.quotes-s.pos, s.nuls-s.pos, s.wides-s.pos
		s.pos = 0
	}
	before := s.end
	if s.end == len(s.buf) {
		s.buf = append(s.buf, make([]byte, len(s.buf))...)
	}
	got := false
	for idle := 0; s.end < len(s.buf) && !s.eof; {
		n, err := s.r.Read(s.buf[s.end:])
		s.end += n
		got = got || n > 0
		if idle++; n > 0 {
			idle = 0
		} else if err == nil && idle == 100 {
			err = io.ErrNoProgress
		}
		if err != nil {
			s.eof, s.err = true, err
		}
	}
	if s.quotes == before {
		s.quotes = s.seek(before, quoteAt)
	}
	if s.nuls == before {
		s.nuls = s.seek(before, nulAt)
	}
	if s.wides == before {
		s.wides = s.seek(before, wideAt)
	}
	return got
}

// skip goes to the next physical line, without holding what lies before it.
func (s *splitter) skip() {
	s.line++
	for {
		if nl := bytes.IndexByte(s.buf[s.pos:s.end], '\n'); nl >= 0 {
			s.pos += nl + 1
			return
		}
		s.pos = s.end
		if !s.fill() {
			return
		}
	}
}

// plain splits a line without quotes.
func (s *splitter) plain(line []byte) {
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	s.raw = line
	fields := s.fields[:0]
	const ones, low = 0x0101010101010101, 0x7f7f7f7f7f7f7f7f
	delims := ones * uint64(s.delim)
	start, i := 0, 0
	for ; i+8 <= len(line); i += 8 {
		x := binary.LittleEndian.Uint64(line[i:]) ^ delims
		for found := ^((x&low + low) | x | low); found != 0; found &= found - 1 { // the top bit of each byte that is a delimiter
			end := i + bits.TrailingZeros64(found)/8
			fields = append(fields, line[start:end])
			start = end + 1
		}
	}
	for ; i < len(line); i++ {
		if line[i] == s.delim {
			fields = append(fields, line[start:i])
			start = i + 1
		}
	}
	s.fields = append(fields, line[start:])
}

// quoted splits a row with quotes. used is the number of bytes it takes with
// its line end, 0 where data ends within the row.
func (s *splitter) quoted(data []byte) (used, lines int, bad string) {
	s.fields, s.unquote = s.fields[:0], s.unquote[:0]
	most := 4*s.want + 256
	i, lines := 0, 1
	for {
		if s.want > 0 && len(s.fields) > most {
			return 0, 0, fmt.Sprintf("more than %d columns", most)
		}
		start := i
		for i < len(data) && (data[i] == ' ' || data[i] == '\t') && data[i] != s.delim {
			i++
		}
		if i < len(data) && data[i] == '"' {
			var f []byte
			i++
			from, kept := i, -1
			for {
				q := bytes.IndexByte(data[i:], '"')
				if q < 0 {
					return 0, 0, ""
				}
				i += q + 1
				if i == len(data) && !s.eof {
					return 0, 0, ""
				}
				if i == len(data) || data[i] != '"' {
					break
				}
				if kept < 0 {
					kept = len(s.unquote)
				}
				s.unquote = append(s.unquote, data[from:i]...)
				i++
				from = i
			}
			if kept < 0 {
				f = data[from : i-1]
			} else {
				s.unquote = append(s.unquote, data[from:i-1]...)
				f = s.unquote[kept:]
			}
			lines += bytes.Count(data[start:i], []byte{'\n'})
			for i < len(data) && (data[i] == ' ' || data[i] == '\t') && data[i] != s.delim {
				i++
			}
			if i+1 < len(data) && data[i] == '\r' && data[i+1] == '\n' || i+1 == len(data) && data[i] == '\r' && s.eof {
				i++
			}
			s.fields = append(s.fields, f)
			if i < len(data) && data[i] != s.delim && data[i] != '\n' && !(data[i] == '\r' && i+1 == len(data)) {
				return 0, 0, "text follows a closing quote"
			}
		} else {
			end := i
			for end < len(data) && data[end] != s.delim && data[end] != '\n' {
				end++
			}
			f := data[start:end]
			if end == len(data) || data[end] == '\n' {
				f = bytes.TrimSuffix(f, []byte{'\r'})
			}
			s.fields = append(s.fields, f)
			i = end
		}
		switch {
		case i >= len(data):
			if !s.eof {
				return 0, 0, ""
			}
			s.raw = data
			return len(data), lines, ""
		case data[i] == s.delim:
			i++
		case data[i] == '\n':
			s.raw = data[:i]
			return i + 1, lines, ""
		default: // a carriage return at the end of what is there
			return 0, 0, ""
		}
	}
}
