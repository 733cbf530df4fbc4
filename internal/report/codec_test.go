package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func encoded(t *testing.T, d Document) string {
	t.Helper()
	var b bytes.Buffer
	if err := Encode(&b, d); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestSamplesAreCanonical(t *testing.T) {
	for name, d := range samples(t) {
		got, path := encoded(t, d), filepath.Join("testdata", name+".json")
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s: what was read is not what is written (run with -update)", name)
		}
		if back, err := Decode(strings.NewReader(got)); err != nil || !reflect.DeepEqual(back, d) {
			t.Errorf("%s: reading what was written gives another document (%v)", name, err)
		}
	}
}

// The samples stand for real reports, so they keep the arithmetic of one.
func TestSamplesAddUp(t *testing.T) {
	num := func(s string) *big.Rat {
		r, ok := new(big.Rat).SetString(s)
		if !ok {
			t.Fatalf("%q is no amount", s)
		}
		return r
	}
	for name, d := range samples(t) {
		for _, s := range d.Steps {
			for _, c := range s.Cells {
				if c.Events != c.Pass+c.Fail+c.Inconclusive+c.NotReached+c.InFlight+c.Downstream {
					t.Errorf("%s: step %d: %s %s does not add up", name, s.Step, c.Kind, c.Origin)
				}
			}
		}
		for _, x := range d.Drift {
			if x.Drift == nil {
				continue
			}
			sum := num(*x.Unexplained)
			for _, part := range x.ByFinding {
				sum.Add(sum, num(part.Amount))
			}
			gap := new(big.Rat).Sub(num(x.ERP), num(x.Platform))
			if sum.Cmp(num(*x.Drift)) != 0 || gap.Cmp(num(*x.Drift)) != 0 {
				t.Errorf("%s: drift in %s does not close", name, x.Currency)
			}
		}
	}
}

func TestEncode(t *testing.T) {
	d := Document{Findings: []Finding{{Cause: "a < b & c", Title: "\x1b[1m\u009b\u202e\U000e0041\x7f"}}, Traces: []Trace{{}}}
	got := encoded(t, d)
	if !strings.Contains(got, "a < b & c") {
		t.Error("HTML is escaped")
	}
	if !strings.HasSuffix(got, "}\n") || strings.HasSuffix(got, "\n\n") {
		t.Error("the end is not one newline")
	}
	for _, r := range got {
		if r != '\n' && Unprintable(r) {
			t.Errorf("%q is written raw", r)
		}
	}
	back, err := Decode(strings.NewReader(strings.Replace(got, `"status": ""`, `"status": "sound"`, 1)))
	if err != nil || back.Findings[0].Title != d.Findings[0].Title {
		t.Errorf("escaping lost text: %q, %v", back.Findings[0].Title, err)
	}
	if d.Systems != nil || d.Traces[0].Hops != nil {
		t.Error("the caller's document was changed")
	}
}

// No list and no map may be null, whatever the document lacks.
func TestListsAreNeverNull(t *testing.T) {
	d := Document{
		Systems:  []System{{Reads: []Read{{}}}},
		Steps:    []Step{{Cells: []Cell{{}}}},
		Findings: []Finding{{Change: &Change{}, Remaining: &Remaining{}}},
		Drift:    []Drift{{}},
		Excluded: []Excluded{{}},
		Mapping:  []Mapping{{}},
		Traces:   []Trace{{Records: []Record{{}}}},
	}
	for _, doc := range []Document{{}, d} {
		var v any
		if err := json.Unmarshal([]byte(encoded(t, doc)), &v); err != nil {
			t.Fatal(err)
		}
		nullable := map[string]bool{"step": true, "stage": true, "problem": true, "evidence": true, "change": true, "remaining": true, "drift": true, "unexplained": true}
		var walk func(path string, v any)
		walk = func(path string, v any) {
			switch v := v.(type) {
			case map[string]any:
				for k, x := range v {
					if x == nil && !nullable[k] {
						t.Errorf("%s.%s is null", path, k)
					}
					walk(path+"."+k, x)
				}
			case []any:
				for _, x := range v {
					walk(path+"[]", x)
				}
			}
		}
		walk("", v)
	}
}

func TestEncodeIsDeterministic(t *testing.T) {
	d := samples(t)["currencies"]
	first := encoded(t, d)
	for range 20 {
		if encoded(t, d) != first {
			t.Fatal("equal documents gave different bytes")
		}
	}
}

func TestDecodeSaysWhatIsWrong(t *testing.T) {
	whole, err := os.ReadFile("testdata/sound.json")
	if err != nil {
		t.Fatal(err)
	}
	good := string(whole)
	for name, c := range map[string]struct {
		in   string
		want error
		says string
	}{
		"nothing":              {"", ErrNotReport, "empty"},
		"blanks":               {" \n\t", ErrNotReport, "empty"},
		"a table":              {"id,kind\n1,load\n", ErrNotReport, ""},
		"a list":               {"[]", ErrNotReport, ""},
		"a picture":            {"\x89PNG\r\n\x1a\n", ErrNotReport, ""},
		"UTF-16":               {"\xff\xfe{\x00", ErrNotReport, "UTF-16"},
		"other JSON":           {`{"name": "x"}`, ErrNotReport, "schema"},
		"schema is a number":   {`{"schema": 1}`, ErrNotReport, "schema"},
		"another schema":       {`{"schema": "cyclonedx"}`, ErrNotReport, "cyclonedx"},
		"a later version":      {strings.Replace(good, "report/v1", "report/v2", 1), ErrVersion, "v2"},
		"half a file":          {good[:len(good)/2], ErrTruncated, "line"},
		"last brace missing":   {strings.TrimRight(good, "}\n"), ErrTruncated, ""},
		"rubbish after it":     {good + "x", ErrDamaged, "line"},
		"two reports":          {good + good, ErrDamaged, "line"},
		"a comma lost":         {strings.Replace(good, `"mode": "files",`, `"mode": "files"`, 1), ErrDamaged, "line"},
		"text for a count":     {strings.Replace(good, `"count": 340`, `"count": "340"`, 1), ErrDamaged, "findings.count"},
		"a part is missing":    {strings.Replace(good, `"steps": [`, `"stepz": [`, 2), ErrDamaged, "steps"},
		"a part is null":       {`{"schema": "gcdiag.report/v1", "run": null}`, ErrDamaged, "run"},
		"no such status":       {strings.Replace(good, `"status": "sound"`, `"status": "green\u001b[2J"`, 1), ErrDamaged, "green"},
		"deeply nested":        {`{"schema":` + strings.Repeat("[", 1<<16), ErrDamaged, ""},
		"a schema that floods": {`{"schema": "` + strings.Repeat("a", 1<<20) + `"}`, ErrNotReport, ""},
	} {
		_, err := Decode(strings.NewReader(c.in))
		if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(err.Error()) > 300 || strings.ContainsFunc(err.Error(), Unprintable) {
			t.Errorf("%s: the error shows the input raw: %.400q", name, err)
		}
	}
}

func TestDecodeTakesWhatItShould(t *testing.T) {
	whole, err := os.ReadFile("testdata/sound.json")
	if err != nil {
		t.Fatal(err)
	}
	want := samples(t)["sound"]
	for name, in := range map[string]string{
		"a byte order mark":  "\ufeff" + string(whole),
		"blanks around":      "\n " + string(whole) + "\n\n",
		"an unknown member":  strings.Replace(string(whole), "{", `{"added_later": {"x": [1]},`, 1),
		"a later list, null": strings.Replace(string(whole), `"mapping": []`, `"mapping": null`, 1),
	} {
		if d, err := Decode(strings.NewReader(in)); err != nil || !reflect.DeepEqual(d, want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWriteFile(t *testing.T) {
	d := samples(t)["sound"]
	dir := t.TempDir()
	path := filepath.Join(dir, "report.json")
	if err := os.WriteFile(path, []byte("old"), 0o666); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "link.json")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{filepath.Join(dir, "new.json"), path, link} {
		if err := WriteFile(p, d); err != nil {
			t.Fatal(err)
		}
		fi, err := os.Stat(p)
		if err != nil || fi.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v, %v", p, fi.Mode(), err)
		}
		if b, _ := os.ReadFile(p); string(b) != encoded(t, d) {
			t.Errorf("%s: other content", p)
		}
	}
	if fi, err := os.Lstat(link); err != nil || fi.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v", err)
	}
	for name, p := range map[string]string{"a folder": dir, "no folder": filepath.Join(dir, "none", "r.json"), "a file as folder": filepath.Join(path, "r.json")} {
		if err := WriteFile(p, d); err == nil || !strings.Contains(err.Error(), p) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := WriteFile(os.DevNull, d); err != nil {
		t.Errorf("a device: %v", err)
	}
	if fi, err := os.Stat(os.DevNull); err != nil || fi.Mode().IsRegular() {
		t.Error("the device was replaced by a file")
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 3 {
		t.Errorf("something was left behind: %v", left)
	}
}

func FuzzDecode(f *testing.F) {
	for _, name := range []string{"sound", "hostile"} {
		b, err := os.ReadFile("testdata/" + name + ".json")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte(`{"schema":"gcdiag.report/v1","run":{},"window":{},"systems":[],"outcome":{"status":"sound"},"steps":[],"findings":[],"drift":[],"excluded":[],"traces":[]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := Decode(bytes.NewReader(b))
		if err != nil {
			for _, known := range []error{ErrNotReport, ErrVersion, ErrTruncated, ErrDamaged} {
				if errors.Is(err, known) {
					return
				}
			}
			t.Fatalf("an error of no kind: %v", err)
		}
		once := encoded(t, d)
		again, err := Decode(strings.NewReader(once))
		if err != nil || encoded(t, again) != once {
			t.Fatalf("written and read again it is another report: %v", err)
		}
	})
}
