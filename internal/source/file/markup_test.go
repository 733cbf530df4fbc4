package file

import (
	"encoding/xml"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// tokensOf tells an XML text's tokens as markup finds them, as text, and whether
// encoding/xml had to be asked.
func tokensOf(text string, pieces func(io.Reader) io.Reader) (tokens []string, err error, slow bool) {
	m, err := newMarkup(func() (io.ReadCloser, error) { return io.NopCloser(pieces(strings.NewReader(text))), nil })
	if err != nil {
		return nil, err, false
	}
	m.reset()
	for {
		t, err := m.next()
		if err != nil {
			return tokens, err, m.slow != nil
		}
		switch t {
		case opens:
			tokens = append(tokens, fmt.Sprintf("<%s %q %q", m.name, m.attr("r"), m.attr("t")))
		case closes:
			tokens = append(tokens, fmt.Sprintf("/%s", m.name))
		case chars:
			tokens = append(tokens, fmt.Sprintf("%q", m.text))
		default:
			tokens = append(tokens, "?")
		}
	}
}

// wanted are the tokens that encoding/xml finds.
func wanted(text string) (tokens []string, err error) {
	d := xml.NewDecoder(strings.NewReader(text))
	attr := func(e xml.StartElement, name string) string {
		for _, a := range e.Attr {
			if a.Name.Local == name {
				return a.Value
			}
		}
		return ""
	}
	for {
		t, err := d.Token()
		if err != nil {
			return tokens, err
		}
		switch t := t.(type) {
		case xml.StartElement:
			tokens = append(tokens, fmt.Sprintf("<%s %q %q", t.Name.Local, attr(t, "r"), attr(t, "t")))
		case xml.EndElement:
			tokens = append(tokens, "/"+t.Name.Local)
		case xml.CharData:
			tokens = append(tokens, fmt.Sprintf("%q", t))
		default:
			tokens = append(tokens, "?")
		}
	}
}

const sampleSheet = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\r\n" +
	`<x:worksheet xmlns:x="urn:x" xmlns:r='urn:r' ><sheetData><row r="1" spans="1:2"><c r="A1" t="s"><v>0</v></c><c r="B1"/><c t = "inlineStr"><is><t xml:space="preserve"> a &amp; b&#10;` +
	"c\r\nd\re ]] > ü € \U0001f600 &#x41;</t></is></c></row ></sheetData></x:worksheet>\n"

func FuzzMarkup(f *testing.F) {
	f.Add(sampleSheet)
	for _, s := range []string{"", " ", "<", "<a", "<a/", "<a>", "<a/>", "<a></b>", "</a>", "<a>]]></a>", "<a b=']]>' c=\">\"/>", "<a r=\"<\"/>", "<a>&nbsp;</a>", "<a>&#0;</a>", "<a>&#xD800;</a>", "<a>\x00</a>",
		"<a>\xff</a>", "<a>\ufffe</a>", "<a:b:c/>", "<:a/>", "<a:/>", "<a:1 r:r='1'/>", "<1/>", "<a><![CDATA[x<y]]></a>", "<!-- x --><a/>", "<?xml version='1.1'?><a/>", "<a><?xml version='1.0'?></a>",
		"<?xml version=\"1.0\" encoding=\"latin1\"?><a/>", "<a r/>", "<a r=1/>", "<a r='1'r='2'/>", "<a\nr\t=\r'x'\n/>", "<a></a >", "<ä/>", "<aä/>", "<a ä='1'/>", "\ufeff<a/>", "x<a/>y", "<a/><b/>", "<a t='&lt;\r\n&#13;&quot;&apos;&gt;'/>",
		"<!DOCTYPE x [<!ENTITY a 'b'>]><a>&a;</a>", "<a r=\"1", "<a r", "<a>&am", "<a>&amp", "<a>x", "<a>&#x110000;&#99999999999;</a>", "<a>&#;</a>", "<?xml?><a/>", "<? x?>"} {
		f.Add(s)
		f.Add(strings.Replace(sampleSheet, "c\r\n", s, 1))
	}
	f.Fuzz(func(t *testing.T, text string) {
		want, wantErr := wanted(text)
		for _, pieces := range []func(io.Reader) io.Reader{func(r io.Reader) io.Reader { return r }, iotest.OneByteReader, iotest.DataErrReader} {
			got, err, _ := tokensOf(text, pieces)
			if !slices.Equal(got, want) || err.Error() != wantErr.Error() {
				t.Fatalf("%q:\n%q %v\nwant\n%q %v", text, got, err, want, wantErr)
			}
		}
	})
}

func TestMarkupIsFastOnSheets(t *testing.T) {
	workbook := workbookOf(t, nil, "S", [][]any{head, {"m1", "load", "ü & <c>", 5, 46319.5}})
	parts := map[string]string{"sample": strings.Replace(sampleSheet, "</row >", "</row>", 1)}
	rebuilt(t, workbook, func(name, content string) (string, bool) {
		if strings.HasSuffix(name, ".xml") || strings.HasSuffix(name, ".rels") {
			parts[name] = content
		}
		return content, true
	})
	for name, text := range parts {
		if _, err, slow := tokensOf(text, func(r io.Reader) io.Reader { return r }); err != io.EOF || slow {
			t.Errorf("%s: %v, slow %v", name, err, slow)
		}
	}
}

// TestMarkupLimits holds markup to the limits that encoding/xml's reader had.
func TestMarkupLimits(t *testing.T) {
	for _, tt := range []struct {
		story, text string
		fails       bool
	}{
		{"a long text", "<a>" + strings.Repeat("x", 3<<20) + "</a>", false},
		{"a long value", "<a r='" + strings.Repeat("x", 3<<20) + "'/>", false},
		{"too long a text", "<a>" + strings.Repeat("x", maxRow+10000) + "</a>", true},
		{"too many elements", "<a>" + strings.Repeat("<b>123</b>", maxRow/10+1000) + "</a>", true},
		{"many elements", "<a>" + strings.Repeat("<b>123</b>", maxRow/10-1000) + "</a>", false},
	} {
		_, err, _ := tokensOf(tt.text, func(r io.Reader) io.Reader { return r })
		if (err == errLongElement) != tt.fails || !tt.fails && err != io.EOF {
			t.Errorf("%s: %v", tt.story, err)
		}
	}
}

// TestTextList adds texts of all lengths and asks for them in any order, in
// memory, in a file, and where no file can be made.
func TestTextList(t *testing.T) {
	defer func(was int) { textsInMemory = was }(textsInMemory)
	random := rand.New(rand.NewPCG(1, 2))
	var want []string
	for n := range 20_000 {
		length := random.IntN(30)
		if n%997 == 0 {
			length = random.IntN(3 * pageSize)
		}
		want = append(want, strings.Repeat(string(rune('a'+n%26)), length))
	}
	for _, tt := range []struct {
		most   int
		tmp    string
		inFile bool
	}{{1 << 30, "", false}, {100_000, "", true}, {0, filepath.Join(t.TempDir(), "none"), false}} {
		textsInMemory = tt.most
		dir := t.TempDir()
		if tt.tmp != "" {
			dir = tt.tmp
		}
		t.Setenv("TMPDIR", dir)
		t.Setenv("TMP", dir)
		var l textList
		for _, s := range want {
			l.add([]byte(s))
		}
		if l.len() != len(want) || (l.file != nil) != tt.inFile || tt.inFile && l.bytes > tt.most+4*pageSize {
			t.Fatalf("%d texts, %d bytes in memory, file %v", l.len(), l.bytes, l.file)
		}
		for k := range 3 * len(want) {
			i := k
			if k >= len(want) {
				i = random.IntN(len(want))
			}
			if got, err := l.append([]byte("x"), i); err != nil || string(got) != "x"+want[i] {
				t.Fatalf("text %d is %.40q, %v; want %.40q", i, got, err, want[i])
			}
		}
		l.close()
		if left, _ := os.ReadDir(dir); len(left) > 0 {
			t.Errorf("files are left: %v", left)
		}
	}
}
