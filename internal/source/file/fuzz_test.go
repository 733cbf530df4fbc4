package file

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"gcdiag/internal/record"
)

// fuzzRead reads bytes as a file of every record type (or the given one), holds the
// result to what the package promises of any file, and compares it with what comes
// out without the quick ways.
func fuzzRead(t *testing.T, path string, content []byte, spec Spec) (*collected, Result) {
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	spec.Path, spec.Name, spec.Currency = path, "f", usd
	got := &collected{}
	res, err := Read(context.Background(), spec, got, nil)
	spec.slow = true
	again := &collected{}
	res2, err2 := Read(context.Background(), spec, again, nil)
	if !reflect.DeepEqual(got, again) || !reflect.DeepEqual(res, res2) || (err == nil) != (err2 == nil) {
		t.Fatalf("the quick reading and the slow one differ: %+v %+v %v\n%+v %+v %v", got, res, err, again, res2, err2)
	}
	if res.Rows != got.rows() || res.Rejected != len(got.rejects) {
		t.Fatalf("%+v counts otherwise than the sink: %d, %d", res, got.rows(), len(got.rejects))
	}
	if err != nil && got.rows()+len(got.rejects) > 0 {
		t.Fatalf("a file that cannot be read gave rows: %v", err)
	}
	for _, r := range got.rejects {
		if r.Reason == "" || r.Row == 0 || r.Place != Place(res.Input.Name, r.Row) {
			t.Fatalf("reject %+v", r)
		}
		for _, c := range r.Reason {
			if c < ' ' || c == 0x7f {
				t.Fatalf("control character in %q", r.Reason)
			}
		}
	}
	for _, m := range got.movements {
		if m.ID == "" || m.Card == "" || m.Kind == record.NoKind || m.Kind == record.Other || !m.At.Known() ||
			m.Kind.Sign() < 0 && m.Amount > 0 || m.Contrary != (m.Kind.Sign() > 0 && m.Amount < 0) {
			t.Fatalf("movement %+v", m)
		}
	}
	return got, res
}

func FuzzCSVFile(f *testing.F) {
	f.Add([]byte("id,kind,card,amount,at\nm1,load,c1,\"1,234\",3/4/2026\nm2,load,c1,50.00,10/24/2026\n"), uint8(1))
	f.Add([]byte("Buchungsdatum;Soll;Haben\n24.10.2026;;1.234,50\nGesamt;;5\n"), uint8(7))
	f.Add([]byte("title\n\nid|topic|kinds\n1|x|load;expiry\n"), uint8(4))
	f.Add([]byte("\xff\xfei\x00d\x00\n\x001\x00"), uint8(2))
	f.Add([]byte("sep=;\nid;order\n1,2\n\"a;\"\"b\n"), uint8(8))
	f.Add([]byte("id,kind,card,amount,at\rm1,load,1.2E+18,$5,2026-10-01\r\x80"), uint8(1))
	f.Add([]byte("event,outcome,received_at,sent_amount,unit\nm1,delivered,2026-11-01 01:30,5,points\n"), uint8(5))
	f.Add([]byte("id,kind,card,amount,at,currency,test\nm1,load,c1,5,2026-10-24T13:05:07Z,USD,yes\nm2, load,c1,7.5,2026-11-01 01:30:00,usd,no\n"+
		"m3,load,\"c1\",5,2026-10-24T13:05:07-04:00,USD,yes\nm4,lo\xe4d,c1,5,2026-02-30T13:05:07Z,EUR,maybe\n"), uint8(0))
	path := filepath.Join(f.TempDir(), "f")
	ny := zone(f, "America/New_York")
	f.Fuzz(func(t *testing.T, content []byte, typ uint8) {
		spec := Spec{Record: record.Type(typ%9 + 1), Zone: ny}
		fuzzRead(t, path, content, spec)
	})
}

// FuzzRowOrder turns the rows of a file around: the same records must come out.
func FuzzRowOrder(f *testing.F) {
	f.Add("m1,load,c1,1.234,3/4/2026\nm2,load,c1,50.00,10/24/2026\nm3,shrug,c1,1,2026-10-01")
	f.Add("m1;load;0012;1,234;3/4/2026\nm2;load;12;50,00;24/10/2026\n\nTotal;;;5")
	path := filepath.Join(f.TempDir(), "f")
	f.Fuzz(func(t *testing.T, body string) {
		if strings.ContainsAny(body, "\"\r\x00") || !strings.Contains(body, ",") && !strings.Contains(body, ";") {
			t.Skip()
		}
		lines := strings.Split(body, "\n")
		if len(lines) > 50 {
			t.Skip()
		}
		said := func() []string {
			text := "id,kind,card,amount,at\n" + strings.Join(lines, "\n") + "\n"
			got, res := fuzzRead(t, path, []byte(text), Spec{Record: record.Movements, Delimiter: ','})
			var all []string
			for _, m := range got.movements {
				m.Source = record.Source{}
				all = append(all, fmt.Sprintf("%+v", m))
			}
			for _, r := range got.rejects {
				all = append(all, fmt.Sprint(r.Keys, r.At))
			}
			for _, d := range res.Damaged {
				slices.Sort(d.Values)
				all = append(all, fmt.Sprint(d))
			}
			slices.Sort(all)
			return all
		}
		first := said()
		slices.Reverse(lines)
		if second := said(); !slices.Equal(first, second) {
			t.Fatalf("%q: %q against %q", lines, first, second)
		}
	})
}

func FuzzJSONFile(f *testing.F) {
	f.Add([]byte("["+oneMovement+","+oneMovement+"]"), uint8(1))
	f.Add([]byte(oneMovement+"\n"+oneMovement+"\n{\"id\": 1"), uint8(1))
	f.Add([]byte(`{"a":{"b":[{"id":"x","topic":["y"],"kinds":["load"]}]},"c":[]}`), uint8(4))
	f.Add([]byte("[{\"id\":1.5e+18,\"order\":null,\"a\":{\"b\":[[]]}}]"), uint8(8))
	f.Add([]byte("{\"id\":\"\\ud800\"}\n\n[\x80]"), uint8(2))
	path := filepath.Join(f.TempDir(), "f")
	f.Fuzz(func(t *testing.T, content []byte, typ uint8) {
		fuzzRead(t, path, content, Spec{Record: record.Type(typ%9 + 1)})
	})
}

func FuzzWorkbook(f *testing.F) {
	book := workbookOf(f, nil, "S", [][]any{head, {"m1", "load", "c", 5, 46319.5}})
	var sheet, shared string
	rebuilt(f, book, func(name, content string) (string, bool) {
		switch name {
		case "xl/worksheets/sheet1.xml":
			sheet = content
		case "xl/sharedStrings.xml":
			shared = content
		}
		return content, true
	})
	f.Add(sheet, shared)
	f.Add(strings.Replace(sheet, `t="s"`, `t="inlineStr"`, 1), shared)
	f.Add(`<sheetData><row r="3"><c r="B3"><v>1</v></c></row><row/></sheetData>`, "<sst><si><r><t>x</t></r></si></sst>")
	path := filepath.Join(f.TempDir(), "f")
	f.Fuzz(func(t *testing.T, sheet, shared string) {
		changed := rebuilt(t, book, func(name, content string) (string, bool) {
			switch name {
			case "xl/worksheets/sheet1.xml":
				return sheet, true
			case "xl/sharedStrings.xml":
				return shared, true
			}
			return content, true
		})
		fuzzRead(t, path, []byte(changed), Spec{Record: record.Movements})
	})
}

// FuzzArchive breaks the bytes of a workbook.
func FuzzArchive(f *testing.F) {
	book := []byte(workbookOf(f, nil, "S", [][]any{head, {"m1", "load", "c", 5, 46319.5}}))
	f.Add(book, 40, byte(0xff))
	f.Add(book[:len(book)/2], 100, byte(1))
	path := filepath.Join(f.TempDir(), "f")
	f.Fuzz(func(t *testing.T, book []byte, at int, flip byte) {
		if at >= 0 && at < len(book) {
			book = slices.Clone(book)
			book[at] ^= flip
		}
		fuzzRead(t, path, book, Spec{Record: record.Movements})
	})
}

func FuzzGuess(f *testing.F) {
	f.Add([]byte("id,kind,card,amount,at\nm1,issue,c1,5,3/4/2026\n"))
	f.Add([]byte(`{"x":[{"id":1,"topic":"t","kinds":"a,b"}]}`))
	path := filepath.Join(f.TempDir(), "f")
	f.Fuzz(func(t *testing.T, content []byte) {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		g, err := Guess(context.Background(), path, "f")
		if err == nil && g.Fits && g.Record == record.NoType {
			t.Fatalf("%+v", g)
		}
	})
}
