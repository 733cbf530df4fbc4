package render

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"gcdiag/internal/finding"
	"gcdiag/internal/report"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func sample(t testing.TB, name string) report.Document {
	t.Helper()
	f, err := os.Open("../report/testdata/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d, err := report.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func output(t testing.TB, write func(io.Writer) error) string {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func text(t testing.TB, d report.Document, o Options) string {
	return output(t, func(w io.Writer) error { return Text(w, d, o) })
}

func markdown(t testing.TB, d report.Document) string {
	return output(t, func(w io.Writer) error { return Markdown(w, d) })
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (read it, then run with -update):\n%s", path, got)
	}
}

var names = []string{"till", "sound", "inconclusive", "undetermined", "currencies", "hostile"}

func TestGolden(t *testing.T) {
	for _, name := range names {
		d := sample(t, name)
		golden(t, name+".80.txt", text(t, d, Options{Width: 80}))
		golden(t, name+".60.txt", text(t, d, Options{Width: 60}))
		golden(t, name+".ascii.txt", text(t, d, Options{ASCII: true}))
		golden(t, name+".md", markdown(t, d))
		golden(t, name+".junit.xml", junit(t, d))
		golden(t, name+".trace.txt", output(t, func(w io.Writer) error { return Trace(w, d.Traces, Options{Width: 80, Verbose: true}) }))
	}
	till := sample(t, "till")
	for _, name := range []string{"till", "undetermined", "hostile"} {
		golden(t, name+".html", webpage(t, sample(t, name)))
	}
	golden(t, "till.120.verbose.txt", text(t, till, Options{Width: 120, Verbose: true}))
	golden(t, "till.color.txt", text(t, till, Options{Color: true}))
	golden(t, "till.trace.60.txt", output(t, func(w io.Writer) error { return Trace(w, till.Traces, Options{Width: 60, ASCII: true}) }))
	golden(t, "diff.txt", output(t, func(w io.Writer) error {
		return Diff(w, report.Diff(till, sample(t, "sound")), Options{})
	}))
	golden(t, "diff.grown.txt", output(t, func(w io.Writer) error { return Diff(w, report.Diff(till, grown(till)), Options{}) }))
	e, _ := finding.Lookup(finding.Filtered)
	golden(t, "explain.txt", output(t, func(w io.Writer) error { return Explain(w, Options{}, e) }))
	golden(t, "codes.txt", output(t, func(w io.Writer) error { return Codes(w, Options{}, finding.All()...) }))
}

// grown is the report of a week later: one finding repaired, the other with
// more events.
func grown(d report.Document) report.Document {
	g := d
	drift := "10.00"
	g.Findings = slices.Clone(d.Findings)[1:]
	g.Findings[0].Events = append(slices.Clone(g.Findings[0].Events[1:]), "m-5001", "m-5002")
	g.Findings[0].Count = 3
	g.Drift = slices.Clone(d.Drift)
	g.Drift[0].Drift = &drift
	return g
}

func TestAs(t *testing.T) {
	d := sample(t, "sound")
	for format, want := range map[string]string{
		"text":     text(t, d, Options{Width: 70}),
		"markdown": markdown(t, d),
		"json":     output(t, func(w io.Writer) error { return report.Encode(w, d) }),
		"html":     webpage(t, d),
		"junit":    junit(t, d),
	} {
		if got := output(t, func(w io.Writer) error { return As(w, format, d, Options{Width: 70}) }); got != want || got == "" {
			t.Errorf("%s: another output than its own writer's", format)
		}
	}
	for _, format := range Formats() {
		if err := As(io.Discard, format, d, Options{}); err != nil {
			t.Errorf("%s: %v", format, err)
		}
	}
	for _, format := range []string{"yaml", "", "TEXT"} {
		var fe *FormatError
		var b bytes.Buffer
		if err := As(&b, format, d, Options{}); !errors.As(err, &fe) || fe.Format != format || b.Len() > 0 {
			t.Errorf("%q: %v", format, err)
		}
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestWriteErrorsAreReturned(t *testing.T) {
	d := sample(t, "till")
	for name, err := range map[string]error{
		"text": Text(failing{}, d, Options{}), "markdown": Markdown(failing{}, d), "json": JSON(failing{}, d), "html": HTML(failing{}, d), "junit": JUnit(failing{}, d), "trace": Trace(failing{}, d.Traces, Options{}),
		"no trace": Trace(failing{}, nil, Options{}), "explain": Explain(failing{}, Options{}), "codes": Codes(failing{}, Options{}), "diff": Diff(failing{}, report.Difference{}, Options{}),
	} {
		if !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestEscape(t *testing.T) {
	for in, want := range map[string]string{
		"plain, Zoë 東京 ✓ −": "plain, Zoë 東京 ✓ −",
		"\x1b[31mred\a":     `\x1b[31mred\x07`,
		"a\nb\tc\rd":        `a\nb\tc\rd`,
		"c1 \u009b2J":       `c1 \u009b2J`,
		"\u202eevil\u2066":  `\u202eevil\u2066`,
		"zero\u200bwidth":   `zero\u200bwidth`,
		"\ufeffbom":         `\ufeffbom`,
		"soft\u00adhyphen":  `soft\u00adhyphen`,
		"tag\U000e0041":     `tag\U000e0041`,
		"line\u2028break":   `line\u2028break`,
		"filler\u3164":      `filler\u3164`,
		"broken\xff\xc3":    `broken\xff\xc3`,
		"replaced\ufffd":    "replaced\ufffd",
		"\x7f":              `\x7f`,
	} {
		if got := Escape(in); got != want {
			t.Errorf("Escape(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestAmounts(t *testing.T) {
	for _, c := range []struct {
		s, currency   string
		dollars, plus bool
		want          string
	}{
		{"1200.00", "USD", true, false, "$1,200.00"},
		{"-1234567.89", "USD", true, true, "−$1,234,567.89"},
		{"1200.00", "USD", false, true, "USD +1,200.00"},
		{"999", "JPY", true, true, "JPY +999"},
		{"-0.125", "KWD", true, false, "KWD −0.125"},
		{"0.00", "EUR", true, true, "EUR 0.00"},
		{"5.00", "XXX", true, true, "+5.00"},
		{"5.00", "", true, false, "5.00"},
		{"about 5", "EUR", true, true, "EUR about 5"},
		{"1e9", "EUR", true, true, "EUR 1e9"},
		{"", "EUR", true, true, "EUR"},
		{"-", "", true, true, "-"},
		{"1/3", "", true, true, "1/3"},
		{"1.", "", true, true, "1."},
	} {
		if got := strings.ReplaceAll(amount(c.s, c.currency, c.dollars, c.plus), nbsp, " "); got != c.want {
			t.Errorf("amount(%q, %q, %v, %v) = %q, want %q", c.s, c.currency, c.dollars, c.plus, got, c.want)
		}
	}
}

func TestTimesAndPeriods(t *testing.T) {
	c := calendarOf(report.Window{Since: "2026-10-01T00:00:00-04:00", Until: "2026-11-01T00:00:00-04:00", Timezone: "America/New_York"})
	for in, want := range map[string]string{
		"2026-10-03T02:10:59-04:00": "3 Oct 02:10",
		"2026-10-03T06:10:00Z":      "3 Oct 02:10",
		"2025-10-03T02:10:00-04:00": "3 Oct 2025 02:10",
		"2026-10-03":                "3 Oct",
		"":                          "",
		"soon":                      "soon",
	} {
		if got := strings.ReplaceAll(c.at(in), nbsp, " "); got != want {
			t.Errorf("at(%q) = %q, want %q", in, got, want)
		}
	}
	for _, w := range []struct{ since, until, want string }{
		{"2026-10-01T00:00:00-04:00", "2026-11-01T00:00:00-04:00", "1 – 31 Oct 2026"},
		{"2026-10-24T00:00:00-04:00", "2026-11-24T00:00:00-05:00", "24 Oct – 23 Nov 2026"},
		{"2026-12-24T00:00:00-05:00", "2027-01-02T00:00:00-05:00", "24 Dec 2026 – 1 Jan 2027"},
		{"2026-10-03T00:00:00-04:00", "2026-10-04T00:00:00-04:00", "3 Oct 2026"},
		{"2026-10-03T06:00:00-04:00", "2026-10-04T06:00:00-04:00", "3 Oct 06:00 – 4 Oct 2026 06:00"},
		{"2026-10-01", "2026-11-01", "1 – 31 Oct 2026"},
		{"", "", ""},
		{"then", "now", "then – now"},
	} {
		if got := strings.ReplaceAll(c.period(report.Window{Since: w.since, Until: w.until}), nbsp, " "); got != w.want {
			t.Errorf("period(%q, %q) = %q, want %q", w.since, w.until, got, w.want)
		}
	}
	if calendarOf(report.Window{Timezone: "Local"}).zone != nil || calendarOf(report.Window{Timezone: "../../etc/passwd"}).zone != nil {
		t.Error("a zone of this machine was taken")
	}
}

// Origins share a row unless their verdicts differ, and kinds stand in order.
func TestRows(t *testing.T) {
	cell := func(kind, origin string, pass, fail int) report.Cell {
		return report.Cell{Kind: kind, Origin: origin, Events: pass + fail, Pass: pass, Fail: fail, Amount: map[string]string{"USD": "1.10"}}
	}
	d := report.Document{Steps: []report.Step{{Step: 2, Cells: []report.Cell{
		cell("expiry", "", 1, 0), cell("load", "sold", 9, 0), cell("load", "manual", 2, 3), cell("load", "app", 4, 0), cell("load", "import", 0, 1), cell("redemption", "web", 5, 0), cell("redemption", "pos", 6, 0),
	}}}}
	var got []string
	for _, r := range rows(d) {
		got = append(got, fmt.Sprintf("%s %d %d %s", r.label(), r.steps[1].n[passed], r.steps[1].n[failed], r.failing["USD"]))
	}
	want := []string{"load, sold/app 13 0 ", "load, manual/import 2 4 2.20", "redemption 11 0 ", "expiry 1 0 "}
	if !slices.Equal(got, want) {
		t.Errorf("rows %q, want %q", got, want)
	}
}

func TestTextSaysTheVerdict(t *testing.T) {
	two := 2
	for name, c := range map[string]struct {
		o    report.Outcome
		want string
	}{
		"one step":         {report.Outcome{Status: "fault", Step: &two, Steps: []int{2}}, "FAILS AT STEP 2, FORWARD"},
		"two steps":        {report.Outcome{Status: "fault", Step: &two, Steps: []int{2, 4}}, "FAILS AT STEP 2, FORWARD, AND AT STEP 4, CLASSIFY"},
		"undetermined":     {report.Outcome{Status: "fault", Undetermined: []int{2, 3}}, "FAILS AT STEP 2 OR 3"},
		"both":             {report.Outcome{Status: "fault", Step: &two, Steps: []int{2}, Undetermined: []int{3, 4}}, "FAILS AT STEP 2, FORWARD, AND AT STEP 3 OR 4"},
		"a fault anywhere": {report.Outcome{Status: "fault"}, "FAILS"},
		"sound":            {report.Outcome{Status: "sound"}, "SOUND"},
		"inconclusive":     {report.Outcome{Status: "inconclusive"}, "INCONCLUSIVE"},
	} {
		lines := strings.Split(text(t, report.Document{Outcome: c.o}, Options{}), "\n")
		if !slices.Contains(lines, " "+c.want) {
			t.Errorf("%s: no line %q", name, c.want)
		}
	}
}

// What a reader must not miss is said in every format.
func TestWarnings(t *testing.T) {
	for name, run := range map[string]report.Run{"artial": {Mode: "files"}, "simulated": {Mode: "demo", Complete: true}, "operator": {Mode: "answers", Complete: true}} {
		d := report.Document{Run: run, Outcome: report.Outcome{Status: "sound"}}
		for format, got := range map[string]string{"text": strings.ToLower(text(t, d, Options{})), "markdown": markdown(t, d), "html": webpage(t, d), "junit": strings.ToLower(junit(t, d))} {
			if !strings.Contains(got, name) {
				t.Errorf("%s: %q is not said", format, name)
			}
		}
	}
}

func TestHintsAreSafeToCopy(t *testing.T) {
	d := sample(t, "hostile")
	if got := hints(d); strings.Contains(got, "rm") || !strings.Contains(got, "explain failed") {
		t.Errorf("hints: %q", got)
	}
	if got := hints(sample(t, "till")); !strings.Contains(got, "trace m-2041") {
		t.Errorf("hints: %q", got)
	}
}

func TestTraceWithoutAnything(t *testing.T) {
	if got := output(t, func(w io.Writer) error { return Trace(w, nil, Options{}) }); !strings.Contains(got, "No such") {
		t.Errorf("%q", got)
	}
}

// The gap between two hops is shown for what it is: late, early, or within a day.
func TestTraceGaps(t *testing.T) {
	for name, c := range map[string]struct{ a, b, want string }{
		"seconds":     {"2026-10-03T10:00:00Z", "2026-10-03T10:00:03Z", "+ 3 s"},
		"hours":       {"2026-10-03T10:00:00Z", "2026-10-03T12:05:00Z", "+ 2 h 5 min"},
		"days":        {"2026-10-03T10:00:00Z", "2026-10-06T14:00:00Z", "+ 3 d 4 h"},
		"backwards":   {"2026-10-03T10:00:00Z", "2026-10-03T09:55:00Z", "−5 min"},
		"same moment": {"2026-10-03T10:00:00Z", "2026-10-03T10:00:00Z", "same moment"},
		"bare date":   {"2026-10-03T10:00:00Z", "2026-10-03", "same day"},
		"next date":   {"2026-10-03T10:00:00Z", "2026-10-04", "+ 1 day"},
		"date before": {"2026-10-03T10:00:00Z", "2026-10-01", "−2 days"},
		"absurd":      {"0001-01-01T00:00:00Z", "9999-01-01T00:00:00Z", "d 23 h"},
		"absurd back": {"9999-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "d 23 h"},
	} {
		tr := report.Trace{Event: "m-1", At: c.a, Hops: []report.Hop{{Stage: "emit", Status: "pass", Record: "m-1", At: c.a}, {Stage: "forward", Status: "pass", Record: "d-1", At: c.b}}}
		got := output(t, func(w io.Writer) error { return Trace(w, []report.Trace{tr}, Options{}) })
		if !strings.Contains(got, c.want+"  │") {
			t.Errorf("%s: no %q in\n%s", name, c.want, got)
		}
	}
}

func TestExplainAndCodes(t *testing.T) {
	for _, e := range finding.All() {
		got := output(t, func(w io.Writer) error { return Explain(w, Options{Width: 60}, e) })
		flat := strings.Join(strings.Fields(got), " ")
		for _, part := range []string{string(e.Code), e.Title, e.Cause, e.Hint, e.Meaning, e.Basis, e.Confirm, e.Repair, e.Confused} {
			if !strings.Contains(flat, strings.Join(strings.Fields(part), " ")) {
				t.Errorf("%s: %.40q is not said", e.Code, part)
			}
		}
		checkLines(t, string(e.Code), got, Options{Width: 60})
	}
}

var sgr = regexp.MustCompile("\x1b\\[[0-9;]*m")

// checkLines demands what holds for every line on a terminal.
func checkLines(t testing.TB, name, got string, o Options) {
	t.Helper()
	plainText := got
	if o.Color {
		plainText = sgr.ReplaceAllString(got, "")
	}
	if !utf8.ValidString(plainText) {
		t.Errorf("%s %+v: broken UTF-8", name, o)
	}
	w := o.Width
	if w == 0 {
		w = 80
	}
	for i, line := range strings.Split(plainText, "\n") {
		if n := width(line); n > w {
			t.Errorf("%s %+v: line %d is %d columns wide: %q", name, o, i+1, n, line)
		}
		if strings.ContainsFunc(line, report.Unprintable) {
			t.Errorf("%s %+v: line %d has a raw control: %q", name, o, i+1, line)
		}
		if o.ASCII && strings.ContainsFunc(line, func(r rune) bool { return r > 126 }) {
			t.Errorf("%s %+v: line %d is not ASCII: %q", name, o, i+1, line)
		}
		if strings.TrimRight(line, " ") != line && !o.Color {
			t.Errorf("%s %+v: line %d ends in blanks: %q", name, o, i+1, line)
		}
	}
}

var markup = regexp.MustCompile(`<|\]\(|!\[|://|www\.|@\w`)

// checkMarkdown demands that nothing of a document became markup.
func checkMarkdown(t testing.TB, name, got string) {
	t.Helper()
	cellsOf := func(line string) int { return strings.Count(line, "|") }
	var head int
	for i, line := range strings.Split(got, "\n") {
		if strings.ContainsFunc(line, report.Unprintable) {
			t.Errorf("%s: line %d has a raw control: %q", name, i+1, line)
		}
		if !strings.HasPrefix(line, "| ") {
			if strings.Contains(line, "|") {
				t.Errorf("%s: line %d has a pipe outside of a table: %q", name, i+1, line)
			}
			head = 0
		} else if n := cellsOf(line); head == 0 {
			head = n
		} else if n != head {
			t.Errorf("%s: line %d has %d cells, its table %d: %q", name, i+1, n, head, line)
		}
		outside := outsideCode(line)
		if bad := markup.FindString(outside); bad != "" {
			t.Errorf("%s: line %d has a raw %q: %q", name, i+1, bad, line)
		}
		if strings.HasPrefix(line, "#") && !regexp.MustCompile(`^#{1,3} [^#]`).MatchString(line) {
			t.Errorf("%s: line %d is a strange heading: %q", name, i+1, line)
		}
	}
}

// outsideCode is a line without its code spans and without escaped marks.
func outsideCode(line string) string {
	var b strings.Builder
	for i := 0; i < len(line); {
		switch line[i] {
		case '\\':
			i += 2
		case '`':
			n := len(line[i:]) - len(strings.TrimLeft(line[i:], "`"))
			fence := line[i : i+n]
			j := i + n
			for {
				k := strings.Index(line[j:], fence)
				if k < 0 {
					i += n
					break
				}
				j += k
				run := len(line[j:]) - len(strings.TrimLeft(line[j:], "`"))
				if run == n {
					i = j + n
					break
				}
				j += run
			}
		default:
			b.WriteByte(line[i])
			i++
		}
	}
	return b.String()
}

func TestSamplesFitEverywhere(t *testing.T) {
	for _, name := range names {
		d := sample(t, name)
		checkEverywhere(t, name, d)
	}
}

func checkEverywhere(t testing.TB, name string, d report.Document) {
	t.Helper()
	for _, w := range []int{60, 72, 80, 100, 120} {
		for _, o := range []Options{{Width: w}, {Width: w, ASCII: true}, {Width: w, Verbose: true}, {Width: w, Color: true}} {
			got := text(t, d, o)
			checkLines(t, name, got, o)
			lines := output(t, func(out io.Writer) error { return Trace(out, d.Traces, o) })
			checkLines(t, name+" trace", lines, o)
			if o.Color {
				o.Color = false
				bare := func(s string) string {
					var lines []string
					for l := range strings.Lines(sgr.ReplaceAllString(s, "")) {
						lines = append(lines, strings.TrimRight(l, " \n"))
					}
					return strings.Join(lines, "\n") + "\n"
				}
				if bare(got) != text(t, d, o) {
					t.Errorf("%s: colour changes more than colour", name)
				}
			}
		}
	}
	checkMarkdown(t, name, markdown(t, d))
	checkPage(t, name, webpage(t, d))
	checkJUnit(t, name, d, junit(t, d))
	diff := report.Diff(d, report.Document{})
	checkLines(t, name+" diff", output(t, func(w io.Writer) error { return Diff(w, diff, Options{Width: 60}) }), Options{Width: 60})
}

// pool is what a random document's texts are made of.
var pool = []string{
	"", "", "load", "redemption", "fault", "sound", "pass", "fail", "not-reached", "evidence-gap", "timing", "proven", "emit", "forward", "arrive", "classify", "platform", "integration", "erp", "F1", "F2",
	"12.50", "-1234567.00", "0.00", "99999999999999999999999.999", "-5", "2026-10-03T10:00:00-04:00", "2026-10-04", "9999-12-31T23:59:59Z", "America/New_York", "USD", "EUR", "XXX", "3/4", "7/7", "0/0",
	"m-1", "a sentence of some words, with a comma; and more that goes on and on until it must be wrapped somewhere", strings.Repeat("x", 200), strings.Repeat("漢字", 60), "e\u0301\u0301\u0301 combining",
	"\x1b]0;t\x07", "\u202e\u2066", "\xff\xfe", "| a | b |", "`", "``` code", "<script>", "[x](http://y)", "![i](http://z)", "@team #12 www.e.example", "# h", "- l", "1. l", "&lt;&#124;", "\\", "\\|", "a\\|b`|`c", "*x* _y_ ~~z~~ $q$", "👨‍👩‍👧 🇩🇪 ☎️", "line\nbreak\r\n", "\t", nbsp + nbsp,
}

// random fills a document of any shape from the pool.
func random(seed uint64) report.Document {
	r := rand.New(rand.NewPCG(seed, 7))
	word := func() string {
		s := pool[r.IntN(len(pool))]
		if r.IntN(4) == 0 {
			s += " " + pool[r.IntN(len(pool))]
		}
		return s
	}
	var fill func(v reflect.Value)
	fill = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.String:
			v.SetString(word())
		case reflect.Bool:
			v.SetBool(r.IntN(2) == 0)
		case reflect.Int, reflect.Int64:
			v.SetInt([]int64{0, 1, 2, 3, 4, 73, 1131, 1 << 40, -1, -1 << 63}[r.IntN(10)])
		case reflect.Pointer:
			if r.IntN(3) > 0 {
				v.Set(reflect.New(v.Type().Elem()))
				fill(v.Elem())
			}
		case reflect.Slice:
			v.Set(reflect.MakeSlice(v.Type(), r.IntN(4), 4))
			for i := range v.Len() {
				fill(v.Index(i))
			}
		case reflect.Map:
			v.Set(reflect.MakeMap(v.Type()))
			for range r.IntN(3) {
				v.SetMapIndex(reflect.ValueOf(word()), reflect.ValueOf(word()))
			}
		case reflect.Struct:
			for i := range v.NumField() {
				fill(v.Field(i))
			}
		}
	}
	var d report.Document
	fill(reflect.ValueOf(&d).Elem())
	d.Outcome.Status = []string{"fault", "sound", "inconclusive", "odd"}[r.IntN(4)]
	for i := range d.Findings {
		d.Findings[i].Class = []string{"fault", "fault", "evidence-gap", "timing", "risk", "odd"}[r.IntN(6)]
		d.Findings[i].Code = []string{"filtered", "held", "late", "odd", pool[r.IntN(len(pool))]}[r.IntN(5)]
	}
	return d
}

// Whatever a report file holds, no format breaks.
func TestRandomDocuments(t *testing.T) {
	for seed := range uint64(60) {
		checkEverywhere(t, fmt.Sprintf("seed %d", seed), random(seed))
		if t.Failed() {
			return
		}
	}
}

func FuzzDocuments(f *testing.F) {
	f.Add(uint64(1), "x")
	f.Fuzz(func(t *testing.T, seed uint64, s string) {
		d := random(seed)
		d.Outcome.Headline, d.Outcome.Next = s, s
		if len(d.Findings) > 0 {
			d.Findings[0].Title, d.Findings[0].Cause = s, s
			d.Findings[0].Events = []string{s, s}
		}
		checkEverywhere(t, "fuzz", d)
	})
}
