package file

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
)

// splitAll splits text and writes each row as "line[field|field]" or "line!" for a bad one.
func splitAll(s *splitter) string {
	var out []string
	for {
		at, bad, err := s.next()
		if err == io.EOF {
			return strings.Join(out, " ")
		}
		if err != nil {
			return strings.Join(append(out, err.Error()), " ")
		}
		if bad != "" {
			out = append(out, fmt.Sprintf("%d!", at))
			continue
		}
		out = append(out, fmt.Sprintf("%d[%s]", at, bytes.Join(s.fields, []byte("|"))))
	}
}

func TestSplit(t *testing.T) {
	tests := []struct {
		story, text string
		want        int // fields in the header
		rows        string
	}{
		{"plain", "a,b\nc,d\n", 2, "1[a|b] 2[c|d]"},
		{"no line end at the end", "a,b\nc,d", 2, "1[a|b] 2[c|d]"},
		{"carriage returns", "a,b\r\n\"c\",d\r\n", 2, "1[a|b] 2[c|d]"},
		{"blank lines keep their numbers", "a\n\n\nb\n", 1, "1[a] 2[] 3[] 4[b]"},
		{"quoted delimiter", `a,"b,c",d`, 3, "1[a|b,c|d]"},
		{"doubled quotes", `"say ""hi""",""`, 2, `1[say "hi"|]`},
		{"quoted line end", "a,\"b\nc\",d\ne,f,g\n", 3, "1[a|b\nc|d] 3[e|f|g]"},
		{"blanks around quotes", `a, "b" ,c`, 3, "1[a|b|c]"},
		{"a quote inside a field is text", "5\" pipe,b\nc,d", 2, `1[5" pipe|b] 2[c|d]`},
		{"empty fields", ",\n,,", 2, "1[|] 2[||]"},
		{"text after a closing quote", "a,\"b\"c\nd,e", 2, "1! 2[d|e]"},
		{"a quote that never ends costs one line", "a,\"b\nc,d\ne,f\n", 2, "1! 2[c|d] 3[e|f]"},
		{"a stray quote that a later one closes", "1,\"a\n2,b\n3,c\n4,\"d\"\n", 2, "1! 2[2|b] 3[3|c] 4[4|d]"},
		{"two stray quotes", "1,\"a,x\n2,b,x\n3,c\",x\n4,d,x\n", 3, "1[1|a,x\n2,b,x\n3,c|x] 4[4|d|x]"},
		{"a stray quote that swallows columns", "1,\"a,x\n2,b\"\n3,c,x\n", 3, "1! 2[2|b\"] 3[3|c|x]"},
		{"a quote at the very end", "a,\"", 2, "1!"},
		{"nothing", "", 2, ""},
		{"a last line behind a blank one", "\n10", 1, "1[] 2[10]"},
	}
	for _, tt := range tests {
		readers := map[string]io.Reader{"whole": strings.NewReader(tt.text), "bytes": iotest.OneByteReader(strings.NewReader(tt.text)),
			"with the end": iotest.DataErrReader(strings.NewReader(tt.text))}
		for how, r := range readers {
			s := newSplitter(r, ',')
			s.want = tt.want
			s.buf = make([]byte, 4)
			if got := splitAll(s); got != tt.rows {
				t.Errorf("%s, read %s:\n got %q\nwant %q", tt.story, how, got, tt.rows)
			}
		}
	}
}

func TestSplitKeepsMemoryBounded(t *testing.T) {
	long := strings.Repeat("x", 5000)
	tests := []struct{ story, text, rows string }{
		{"a long line", "a,b\n" + long + ",c\nd,e\n", "1[a|b] 2! 3[d|e]"},
		{"a long line at the end", "a,b\n" + long, "1[a|b] 2!"},
		{"a quote over many lines", "a,b\n1,\"" + strings.Repeat("y,z\n", 1000) + "2,\"ok\"\n", "1[a|b] 2! 3[y|z]"},
		{"a long line in a quote", "\"" + long + "\n" + long + "\",a\nb,c\n", "1! 2! 3[b|c]"},
	}
	for _, tt := range tests {
		s := newSplitter(strings.NewReader(tt.text), ',')
		s.want, s.max, s.buf = 2, 1000, make([]byte, 64)
		if got := splitAll(s); !strings.HasPrefix(got, tt.rows) {
			t.Errorf("%s: got %.200q, want %q", tt.story, got, tt.rows)
		}
		if len(s.buf) > 4*s.max {
			t.Errorf("%s: the buffer grew to %d bytes", tt.story, len(s.buf))
		}
	}
}

func TestSplitTellsABrokenSource(t *testing.T) {
	s := newSplitter(io.MultiReader(strings.NewReader("a,b\nc,d\n"), iotest.ErrReader(io.ErrUnexpectedEOF)), ',')
	if got, want := splitAll(s), "1[a|b] 2[c|d] "+io.ErrUnexpectedEOF.Error(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// FuzzSplit writes rows with encoding/csv and splits them again.
func FuzzSplit(f *testing.F) {
	f.Add("a\x00b\x01c\x00d\ne", uint8(3))
	f.Add("say \"hi\"\x00,\x01\r\n\x00;", uint8(1))
	f.Add("\x00\x01\" \x00 \"", uint8(7))
	f.Fuzz(func(t *testing.T, text string, size uint8) {
		var rows [][]string
		for r := range strings.SplitSeq(text, "\x01") {
			rows = append(rows, strings.Split(r, "\x00"))
		}
		var b bytes.Buffer
		w := csv.NewWriter(&b)
		if err := w.WriteAll(rows); err != nil {
			t.Skip()
		}
		s := newSplitter(&b, ',')
		s.buf = make([]byte, int(size)+1)
		for i, row := range rows {
			_, bad, err := s.next()
			if bad != "" || err != nil {
				t.Fatalf("row %d of %q: %s, %v", i, rows, bad, err)
			}
			got := string(bytes.Join(s.fields, []byte{0}))
			if want := strings.Join(row, "\x00"); got != want {
				t.Fatalf("row %d of %q: got %q, want %q", i, rows, got, want)
			}
		}
		if _, _, err := s.next(); err != io.EOF {
			t.Fatalf("after the last row: %v", err)
		}
	})
}

// FuzzSplitAny splits anything: every line belongs to one row, in order, and how
// the bytes arrive makes no difference.
func FuzzSplitAny(f *testing.F) {
	f.Add("a,\"b\nc,\"d\"\n", uint8(2))
	f.Add("x\",\",\nx\",\",\n", uint8(2))
	f.Add("a,\"b\"\r", uint8(2))
	f.Add("\n10", uint8(2))
	f.Add("longer than eight,bytes,,,each\n\"a\",ü\x00\n,\n", uint8(0))
	f.Fuzz(func(t *testing.T, text string, want uint8) {
		whole := newSplitter(strings.NewReader(text), ',')
		whole.want, whole.max = int(want), 200
		bits := newSplitter(iotest.OneByteReader(strings.NewReader(text)), ',')
		bits.want, bits.max, bits.buf = int(want), 200, make([]byte, 3)
		var last uint32
		for {
			at, bad, err := whole.next()
			at2, bad2, err2 := bits.next()
			if at != at2 || (bad == "") != (bad2 == "") || err != err2 {
				t.Fatalf("%q: %d %q %v against %d %q %v", text, at, bad, err, at2, bad2, err2)
			}
			if err != nil {
				break
			}
			if bad == "" && !bytes.Equal(bytes.Join(whole.fields, []byte{0}), bytes.Join(bits.fields, []byte{0})) {
				t.Fatalf("%q: row at %d differs", text, at)
			}
			if odd := func(c rune) bool { return c == 0 || c >= 0x80 }; bad == "" && whole.ascii == bytes.ContainsFunc(whole.raw, odd) {
				t.Fatalf("%q: row at %d: ascii is %v", text, at, whole.ascii)
			}
			if bad == "" && bytes.IndexByte(whole.raw, '"') < 0 && !reflect.DeepEqual(whole.fields, bytes.Split(bytes.TrimSuffix(whole.raw, []byte{'\r'}), []byte{','})) {
				t.Fatalf("%q: row at %d is %q", text, at, whole.fields)
			}
			if at <= last {
				t.Fatalf("%q: row at %d follows one at %d", text, at, last)
			}
			last = at
		}
		lines := uint32(strings.Count(text, "\n"))
		if !strings.HasSuffix(text, "\n") && text != "" {
			lines++
		}
		if whole.line != lines+1 {
			t.Fatalf("%q has %d lines, %d were counted", text, lines, whole.line-1)
		}
	})
}
