package file

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// input is an open file that can be read from its start again and again.
type input struct {
	ctx  context.Context
	file *os.File
	size int64
	read int64 // bytes read since the last start
	gz   bool
	text textForm
	book *workbook // nil: it is none
	over bool      // the context has ended, and what was read since is not the file's

	passes, pass int64  // how often the file is read in all, and was before
	opening      func() // nil, or told of what is read before the rows
}

// done is how much of the file is read, where reading it more than once counts as
// reading it once.
func (in *input) done() int64 {
	return (in.pass*in.size + min(in.read, in.size)) / in.passes
}

// close gives back the file, and what a workbook has put elsewhere.
func (in *input) close() {
	in.file.Close()
	if in.book != nil {
		in.book.shared.close()
	}
}

// textForm is how the bytes of a text file become UTF-8 text with line feeds.
type textForm struct {
	encoding encoding.Encoding // nil: UTF-8
	legacy   bool              // what is not UTF-8 may be read as Windows-1252
	cr       bool              // lines end with a lone carriage return
	empty    bool              // nothing but blanks
	json     bool
	sep      byte // the delimiter that a first line "sep=;" names
	slow     bool // as Spec.slow
}

// ReadAt reads as io.ReaderAt and counts. It reads nothing more once the context ends.
func (in *input) ReadAt(b []byte, at int64) (int, error) {
	if err := in.ctx.Err(); err != nil {
		in.over = true
		return 0, err
	}
	n, err := in.file.ReadAt(b, at)
	in.read += int64(n)
	if in.opening != nil {
		in.opening()
	}
	return n, err
}

// openInput opens a file and finds out what it holds from its first bytes.
// workbook is true for a zip archive, which is left to openWorkbook.
func openInput(ctx context.Context, path, enc string) (in *input, workbook bool, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, false, errors.Unwrap(err)
	}
	defer func() {
		if err != nil {
			f.Close()
		}
	}()
	st, err := f.Stat()
	if err != nil {
		return nil, false, errors.Unwrap(err)
	}
	switch {
	case st.IsDir():
		return nil, false, errors.New("is a directory")
	case !st.Mode().IsRegular():
		return nil, false, errors.New("is not a regular file")
	}
	in = &input{ctx: ctx, passes: 1, file: f, size: st.Size()}
	head, err := in.head(nil)
	if err == nil && bytes.HasPrefix(head, []byte{0x1f, 0x8b}) {
		in.gz = true
		head, err = in.head(nil)
	}
	if err != nil {
		return nil, false, err
	}
	if bytes.HasPrefix(head, []byte("PK\x03\x04")) {
		if in.gz {
			return nil, false, errors.New("is a compressed archive; unpack it first")
		}
		return in, true, nil
	}
	if err := foreign(head); err != nil {
		return nil, false, err
	}
	if err := in.recognise(head, enc); err != nil {
		return nil, false, err
	}
	return in, false, nil
}

// bytes reads the file from its start, unpacked.
func (in *input) bytes() (io.Reader, error) {
	in.read = 0
	r := io.Reader(io.NewSectionReader(in, 0, in.size))
	if in.gz {
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, err
		}
		return z, nil
	}
	return r, nil
}

// head is the first part of the file, decoded where enc is given. A file that
// breaks off after some text still has a head.
func (in *input) head(enc encoding.Encoding) ([]byte, error) {
	r, err := in.bytes()
	if err != nil {
		return nil, err
	}
	if enc != nil {
		r = transform.NewReader(r, enc.NewDecoder())
	}
	head := make([]byte, 64<<10)
	n, err := io.ReadFull(r, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, err
	}
	return head[:n], nil
}

// reader reads the file from its start as UTF-8 text without a byte order mark.
func (in *input) reader() (io.Reader, error) {
	r, err := in.bytes()
	if err != nil {
		return nil, err
	}
	if e := in.text.encoding; e != nil {
		r = transform.NewReader(r, unicode.BOMOverride(e.NewDecoder()))
	} else {
		r = &withoutBOM{r: r}
	}
	if in.text.cr {
		r = lineFeeds{r}
	}
	return r, nil
}

// withoutBOM drops the byte order mark of UTF-8.
type withoutBOM struct {
	r     io.Reader
	begun bool
}

func (w *withoutBOM) Read(b []byte) (int, error) {
	if w.begun {
		return w.r.Read(b)
	}
	w.begun = true
	var first [3]byte
	n, err := io.ReadFull(w.r, first[:])
	switch {
	case n == 3 && first == [3]byte{0xef, 0xbb, 0xbf}:
		return w.r.Read(b)
	case err == io.ErrUnexpectedEOF || err == io.EOF:
		w.r = bytes.NewReader(first[:n])
	case err != nil:
		return 0, err
	default:
		w.r = io.MultiReader(bytes.NewReader(first[:n]), w.r)
	}
	return w.r.Read(b)
}

// lineFeeds makes a line feed of every carriage return.
type lineFeeds struct{ r io.Reader }

func (l lineFeeds) Read(b []byte) (int, error) {
	n, err := l.r.Read(b)
	for i, c := range b[:n] {
		if c == '\r' {
			b[i] = '\n'
		}
	}
	return n, err
}

// foreign names files that are certainly not records.
func foreign(head []byte) error {
	for _, k := range []struct{ start, what string }{
		{"%PDF", "is a PDF document"},
		{"\x89PNG", "is a PNG picture"},
		{"GIF8", "is a GIF picture"},
		{"\xff\xd8\xff", "is a JPEG picture"},
		{"\xd0\xcf\x11\xe0", "is an Excel file of the old kind (.xls); save it as .xlsx or CSV"},
		{"PAR1", "is a Parquet file"},
		{"SQLite format 3\x00", "is an SQLite database"},
		{"Rar!", "is a RAR archive"},
		{"7z\xbc\xaf\x27\x1c", "is a 7z archive"},
		{"{\\rtf", "is an RTF document"},
	} {
		if bytes.HasPrefix(head, []byte(k.start)) {
			return errors.New(k.what)
		}
	}
	start := strings.ToLower(strings.TrimLeft(string(head[:min(len(head), 512)]), "\ufeff \t\r\n"))
	switch {
	case strings.HasPrefix(start, "<!doctype html"), strings.HasPrefix(start, "<html"), strings.HasPrefix(start, "<table"):
		return errors.New("is a web page (HTML), not an export; a login page or an error page may have been saved in its place")
	case strings.HasPrefix(start, "<?xml"), strings.HasPrefix(start, "<"):
		return errors.New("is XML; export it as CSV, JSON or XLSX")
	}
	return nil
}

// recognise finds the encoding and the outer form of a text file.
func (in *input) recognise(head []byte, enc string) error {
	t := &in.text
	switch {
	case enc != "":
		e, err := htmlindex.Get(strings.TrimSpace(enc))
		if err != nil {
			return fmt.Errorf("encoding %q is not known", enc)
		}
		if e != unicode.UTF8 {
			t.encoding = e
		}
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}):
		t.encoding = unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	case bytes.HasPrefix(head, []byte{0xfe, 0xff}):
		t.encoding = unicode.UTF16(unicode.BigEndian, unicode.UseBOM)
	case wide(head, 1):
		t.encoding = unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	case wide(head, 0):
		t.encoding = unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	default:
		t.legacy = true
	}
	if t.encoding != nil {
		var err error
		if head, err = in.head(t.encoding); err != nil {
			return err
		}
	}
	if isBinary(head) {
		return errors.New("is a binary file, not CSV, JSON or XLSX")
	}
	t.cr = bytes.IndexByte(head, '\n') < 0 && bytes.IndexByte(head, '\r') >= 0
	trimmed := bytes.TrimLeft(head, "\xef\xbb\xbf \t\r\n")
	t.empty = len(trimmed) == 0 && len(head) < 64<<10
	if len(trimmed) > 0 {
		rest := bytes.TrimLeft(trimmed[1:], " \t\r\n")
		switch trimmed[0] {
		case '[':
			t.json = len(rest) > 0 && bytes.IndexByte([]byte(`{[]"`), rest[0]) >= 0
		case '{':
			t.json = len(rest) > 0 && (rest[0] == '"' || rest[0] == '}')
		}
	}
	if first, _, _ := bytes.Cut(trimmed, []byte{'\n'}); len(first) >= 5 && strings.EqualFold(string(first[:4]), "sep=") {
		if len(bytes.TrimRight(first[5:], "\r\"")) == 0 {
			t.sep = first[4]
		}
	}
	return nil
}

// wide reports whether text is UTF-16 without a mark: every second byte,
// counted from at, is mostly zero and the others are not.
func wide(head []byte, at int) bool {
	head = head[:min(len(head), 1024)]
	zero := [2]int{}
	for i, c := range head {
		if c == 0 {
			zero[i%2]++
		}
	}
	half := len(head) / 2
	return half >= 4 && zero[at]*10 > half*7 && zero[1-at] == 0
}

// isBinary reports whether a text holds so many control characters that it is none.
func isBinary(head []byte) bool {
	odd := 0
	for _, c := range head {
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' && c != '\f' {
			odd++
		}
	}
	return odd*20 > len(head)
}

// legacy makes UTF-8 of Windows-1252.
func legacy(b []byte) []byte {
	out, err := charmap.Windows1252.NewDecoder().Bytes(b)
	if err != nil {
		return bytes.ToValidUTF8(b, []byte("\ufffd"))
	}
	return out
}
