package file

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"gcdiag/internal/record"
)

// workbookOf writes sheets, given as name and rows in turn, and returns the file's bytes.
func workbookOf(t testing.TB, edit func(*excelize.File), sheets ...any) string {
	t.Helper()
	f := excelize.NewFile()
	for i := 0; i < len(sheets); i += 2 {
		name := sheets[i].(string)
		if i == 0 {
			if err := f.SetSheetName("Sheet1", name); err != nil {
				t.Fatal(err)
			}
		} else if _, err := f.NewSheet(name); err != nil {
			t.Fatal(err)
		}
		for n, row := range sheets[i+1].([][]any) {
			cell, _ := excelize.CoordinatesToCellName(1, n+1)
			if err := f.SetSheetRow(name, cell, &row); err != nil {
				t.Fatal(err)
			}
		}
	}
	if edit != nil {
		edit(f)
	}
	path := filepath.Join(t.TempDir(), "x.xlsx")
	if err := f.SaveAs(path); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

var head = []any{"id", "kind", "card", "amount", "at", "test", "Note"}

func TestWorkbook(t *testing.T) {
	book := workbookOf(t, nil, "Notes", [][]any{{"nothing here"}}, "Ledger", [][]any{
		{"Gift card ledger"}, {},
		head,
		{"m1", "load", "0012", 1234.5, time.Date(2026, 10, 24, 13, 5, 7, 0, time.UTC), true, "a\nb"},
		{"m2", "load", 12, 0.1 + 0.2, time.Date(2026, 10, 24, 0, 0, 0, 0, time.UTC), false},
		{},
		{"m3", "redemption", "c", "1.234,50", "2026-10-24 13:05", 1},
		{"m4", "load", "c", "many", "24.10.2026"},
		{"m5", "load", "c", 50.005, "24.10.2026"},
		{"Total", "", "", 99},
	})
	got, res := read(t, "m.xlsx", book, Spec{Record: record.Movements, Zone: zone(t, "Europe/Berlin")})
	if len(got.movements) != 3 || len(got.rejects) != 2 || res.Input.Name != "m.xlsx:Ledger" || res.Input.Format != "xlsx" || res.Stopped != "" {
		t.Fatalf("%+v\n%s%+v", got.movements, got.reasons(), res)
	}
	m := got.movements
	if m[0].Card != "0012" || m[0].Amount != 123450 || !m[0].At.Earliest().Equal(moment(t, "2026-10-24T11:05:07Z")) || !m[0].At.Exact() || m[0].Test != record.Yes ||
		m[0].Row != 4 || m[0].Attrs[0].Value != "a\nb" {
		t.Errorf("%+v", m[0])
	}
	if m[1].Card != "12" || m[1].Amount != 30 || m[1].At.Exact() || !m[1].At.Earliest().Equal(moment(t, "2026-10-23T22:00:00Z")) || m[1].Test != record.No {
		t.Errorf("%+v", m[1])
	}
	if m[2].Amount != -123450 || m[2].Row != 7 || !m[2].At.Earliest().Equal(moment(t, "2026-10-24T11:05:00Z")) {
		t.Errorf("%+v", m[2])
	}
	if got.rejects[0].Place != "m.xlsx:Ledger:8" {
		t.Errorf("place %s", got.rejects[0].Place)
	}
}

func TestWorkbookWith1904Dates(t *testing.T) {
	yes := true
	book := workbookOf(t, func(f *excelize.File) {
		if err := f.SetWorkbookProps(&excelize.WorkbookPropsOptions{Date1904: &yes}); err != nil {
			t.Fatal(err)
		}
	}, "S", [][]any{head, {"m1", "load", "c", 5, 44857.5}})
	got, _ := read(t, "m.xlsx", book, Spec{Record: record.Movements})
	if len(got.movements) != 1 || !got.movements[0].At.Earliest().Equal(moment(t, "2026-10-24T12:00:00Z")) {
		t.Errorf("%+v %s", got.movements, got.reasons())
	}
}

func TestSheets(t *testing.T) {
	row := func(id string) []any { return []any{id, "load", "c", 5, "2026-10-01"} }
	book := workbookOf(t, nil, "October", [][]any{head, row("m1")}, "Nov ", [][]any{head, row("m2")}, "Empty", [][]any{})
	got, res := read(t, "m.xlsx", book, Spec{Record: record.Movements})
	if got.movements[0].ID != "m1" || !strings.Contains(strings.Join(res.Input.Notes, ""), `"Nov "`) {
		t.Errorf("%+v %q", got.movements, res.Input.Notes)
	}
	got, _ = read(t, "m.xlsx", book, Spec{Record: record.Movements, Sheet: "nov"})
	if got.movements[0].ID != "m2" {
		t.Errorf("%+v", got.movements)
	}
	got, res = read(t, "m.xlsx", book, Spec{Record: record.Movements, Sheet: "Empty"})
	if got.rows() != 0 || res.Stopped != "" {
		t.Errorf("%+v", got)
	}
	if _, _, err := tryRead(t, "m.xlsx", book, Spec{Record: record.Movements, Sheet: "Dec"}); err == nil || !strings.Contains(err.Error(), "October") {
		t.Errorf("a sheet that is not there: %v", err)
	}
}

// rebuilt copies an archive, changing parts on the way.
func rebuilt(t testing.TB, book string, change func(name, content string) (string, bool)) string {
	t.Helper()
	z, err := zip.NewReader(strings.NewReader(book), int64(len(book)))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		content, keep := change(f.Name, string(b))
		if !keep {
			continue
		}
		p, err := w.Create(f.Name)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(p, content)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestWorkbooksThatAreWrong(t *testing.T) {
	book := workbookOf(t, nil, "S", [][]any{head, {"m1", "load", "c", 5, "2026-10-01"}, {"m2", "load", "c", 5, "2026-10-01"}})
	part := func(name, from, to string) string {
		return rebuilt(t, book, func(n, c string) (string, bool) {
			if n == name {
				if !strings.Contains(c, from) {
					t.Fatalf("%s holds no %s: %s", name, from, c)
				}
				c = strings.Replace(c, from, to, 1)
			}
			return c, true
		})
	}
	without := func(name string) string {
		return rebuilt(t, book, func(n, c string) (string, bool) { return c, n != name })
	}
	const sheet = "xl/worksheets/sheet1.xml"
	tests := []struct {
		story, book   string
		rows, rejects int
		stops, fails  bool
	}{
		{"sound", book, 2, 0, false, false},
		{"the sheet breaks off", part(sheet, `<row r="3"`, `<row r="3"><c r="A3`), 1, 0, true, false},
		{"the sheet's end is missing", part(sheet, `</sheetData>`, ``), 2, 0, true, false},
		{"a cell refers to no text", part(sheet, `<c r="A3" t="s"><v>`, `<c r="A3" t="s"><v>99`), 1, 1, false, false},
		{"a cell is in no column", part(sheet, `r="A3"`, `r="?3"`), 1, 0, true, false},
		{"a cell is far out", part(sheet, `r="A3"`, `r="ZZZZZZZZ3"`), 1, 0, true, false},
		{"a row is far down", part(sheet, `<row r="3"`, `<row r="9999999"`), 1, 0, true, false},
		{"no shared texts", without("xl/sharedStrings.xml"), 0, 0, false, true},
		{"no sheet", without(sheet), 0, 0, false, true},
		{"no workbook", without("xl/workbook.xml"), 0, 0, false, true},
		{"cut in the middle", book[:len(book)/2], 0, 0, false, true},
	}
	for _, tt := range tests {
		got, res, err := tryRead(t, "m.xlsx", tt.book, Spec{Record: record.Movements})
		if err != nil != tt.fails || len(got.movements) != tt.rows || len(got.rejects) != tt.rejects || res.Stopped != "" != tt.stops {
			t.Errorf("%s: %v; %d rows, stopped %q\n%s", tt.story, err, len(got.movements), res.Stopped, got.reasons())
		}
	}
	for name, says := range map[string]string{"content.xml": "OpenDocument", "word/document.xml": "Word", "a.csv": "zip", "xl/workbook.bin": "xlsb"} {
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		if p, err := w.Create(name); err != nil {
			t.Fatal(err)
		} else {
			io.WriteString(p, "x")
		}
		w.Close()
		if _, _, err := tryRead(t, "m.xlsx", b.String(), Spec{Record: record.Movements}); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("an archive with %s: %v", name, err)
		}
	}
}

func TestInlineTextsAndForeignNames(t *testing.T) {
	const sheet = `<?xml version="1.0"?><x:worksheet xmlns:x="urn:x"><x:sheetData>
<x:row><x:c t="inlineStr"><x:is><x:t>id</x:t></x:is></x:c><x:c t="inlineStr"><x:is><x:r><x:t>bal</x:t></x:r><x:r><x:t>ance</x:t></x:r><x:rPh><x:t>no</x:t></x:rPh></x:is></x:c></x:row>
<x:row><x:c t="str"><x:f>A1</x:f><x:v>c_x0031_</x:v></x:c><x:c><x:v>1.25E1</x:v></x:c></x:row></x:sheetData></x:worksheet>`
	book := workbookOf(t, nil, "S", [][]any{{"x"}})
	book = rebuilt(t, book, func(name, content string) (string, bool) {
		if name == "xl/worksheets/sheet1.xml" {
			return sheet, true
		}
		return content, true
	})
	got, _ := read(t, "c.xlsx", book, Spec{Record: record.Cards})
	if len(got.cards) != 1 || got.cards[0].ID != "c1" || got.cards[0].Balance.Amount != 1250 || got.cards[0].Row != 2 {
		t.Errorf("%+v %s", got.cards, got.reasons())
	}
}

func TestPlainNumbers(t *testing.T) {
	for in, want := range map[string]string{
		"50": "50", "-50.5": "-50.5", "50.099999999999994": "50.1", "19.990000000000002": "19.99", "0.30000000000000004": "0.3", "1E2": "100", "1.5E-2": "0.015",
		"-1.25e+1": "-12.5", "99999999999999.999": "100000000000000", "9.9999999999999999": "10", "12345678901234567": "12345678901234567",
		"12345678901234567.5": "12345678901234568", "1.2E400": "1.2E400", "x": "x", "": "", "1.2.3": "1.2.3", "0E5": "0", "5e-1": "0.5",
	} {
		if got := string(plainNumber([]byte(in))); got != want {
			t.Errorf("%s becomes %s, want %s", in, got, want)
		}
	}
}
