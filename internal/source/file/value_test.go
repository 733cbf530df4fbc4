package file

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

var valueSeeds = []string{`{"a":1}`, `[]`, `{}`, `[1,-0.5e+3,0,-0,1E5]`, `01`, `-`, `1.`, `1e`, `.5`, `+1`, `tru`, `truex`, `null `, `"\u00e9\n\/\x"`, `"\u12g4"`, "\"a\tb\"", "\"\xff\"", `"`, `"\`, `"\u1`,
	`{"a" : [ 1 , {"b":null} ] }`, `{"a":1,}`, `{,}`, `[,]`, `[1,]`, `[1 2]`, `{"a" 1}`, `{a:1}`, `{"a":1"b":2}`, strings.Repeat("[", 40) + strings.Repeat("]", 40), strings.Repeat("[", 20) + strings.Repeat("]", 20), "[1]]", "[1}", "\v1", "1 2", ""}

// FuzzValue holds valueIn to encoding/json: it never calls a value sound that is not,
// and calls one sound that is not nested deep.
func FuzzValue(f *testing.F) {
	for _, s := range valueSeeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		b = bytes.TrimSpace(b)
		n := valueIn(b, 0)
		number := len(b) > 0 && (b[0] == '-' || digit(b[0])) // may always go on
		switch {
		case n > 0 && !json.Valid(b[:n]):
			t.Fatalf("%q is no value", b[:n])
		case n > 0 && n < len(b) && json.Valid(b), n <= 0 && json.Valid(b) && !number && bytes.Count(b, []byte{'['})+bytes.Count(b, []byte{'{'}) < maxFastDepth:
			t.Fatalf("%q is a value, %d", b, n)
		case n == -1 && bytes.Count(b, []byte{'['})+bytes.Count(b, []byte{'{'}) < maxFastDepth:
			for _, more := range []string{"", "0", `"`, `a"`, "}", "]", `":0}`, "ue", "ll", "se"} {
				if json.Valid(append(slices.Clone(b), more...)) {
					t.Fatalf("%q can go on with %q", b, more)
				}
			}
		}
	})
}

// FuzzListReader reads a list inside of some objects, and what follows it, with
// encoding/json alone and with listReader.
func FuzzListReader(f *testing.F) {
	for _, s := range valueSeeds {
		f.Add("[1, "+s+", 2]", uint8(0))
		f.Add("[{}"+s+`], "z": [`+s+`]}`, uint8(1))
		f.Add("["+s, uint8(2))
	}
	f.Fuzz(func(t *testing.T, text string, depth uint8) {
		depth %= 3
		text = strings.Repeat(`{"a":`, int(depth)) + "[" + text
		open := func(pieces func(io.Reader) io.Reader) *source {
			m := &meter{r: pieces(strings.NewReader(text))}
			m.reset()
			src := &source{json.NewDecoder(m), m}
			for range 2*depth + 1 {
				if _, err := src.d.Token(); err != nil {
					t.Skip()
				}
			}
			return src
		}
		after := func(src *source) (said []string) {
			for {
				tok, err := src.d.Token()
				if said = append(said, fmt.Sprint(tok, err)); err != nil {
					return said
				}
			}
		}
		plain := func(r io.Reader) io.Reader { return r }
		var want []string
		src := open(plain)
		for src.d.More() {
			var raw json.RawMessage
			err := src.d.Decode(&raw)
			if want = append(want, fmt.Sprintf("%s %v", raw, unexpected(err))); err != nil {
				break
			}
		}
		if len(want) == 0 || strings.HasSuffix(want[len(want)-1], " <nil>") {
			_, err := src.d.Token()
			if err != nil {
				want = append(want, fmt.Sprintf(" %v", unexpected(err)))
			} else {
				want = append(append(want, " EOF"), after(src)...)
			}
		}
		for first, pieces := range []func(io.Reader) io.Reader{plain, iotest.OneByteReader, iotest.DataErrReader} {
			var got []string
			src := open(pieces)
			l := newListReader(src, int(depth))
			for l.first = first; ; {
				raw, err := l.next()
				if err != nil {
					raw = nil
				}
				got = append(got, fmt.Sprintf("%s %v", raw, err))
				if err == io.EOF {
					got = append(got, after(src)...)
				}
				if err != nil {
					break
				}
			}
			if !slices.Equal(got, want) {
				t.Fatalf("%q:\n%q\nwant\n%q", text, got, want)
			}
		}
	})
}

func TestListReaderIsFast(t *testing.T) {
	src := &source{m: &meter{r: strings.NewReader("[\n" + strings.Repeat(oneMovement+",\n", 5000) + oneMovement + "\n]\n")}}
	src.m.reset()
	src.d = json.NewDecoder(src.m)
	if _, err := src.d.Token(); err != nil {
		t.Fatal(err)
	}
	l := newListReader(src, 0)
	for n := 0; ; n++ {
		raw, err := l.next()
		if err == io.EOF && n == 5001 {
			break
		}
		if err != nil || string(raw) != oneMovement || l.slow || n >= shortList && l.from == nil {
			t.Fatalf("element %d: %s, %v, slow %v", n, raw, err, l.slow)
		}
	}
}
