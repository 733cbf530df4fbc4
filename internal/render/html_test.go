package render

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"math"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"gcdiag/internal/report"
	"gcdiag/internal/wording"
)

func webpage(t testing.TB, d report.Document) string {
	return output(t, func(w io.Writer) error { return HTML(w, d) })
}

// elements and attributes are all that a page may be made of.
var (
	elements = strings.Fields(`html head meta title style body a header h1 h2 h3 p span strong b code small nav ul ol li main section article dl div dt dd
		table caption thead tbody tfoot tr th td details summary figure figcaption footer svg text tspan line rect circle`)
	attributes = strings.Fields(`lang charset http-equiv content name href class id aria-hidden aria-label aria-labelledby role tabindex scope rowspan colspan open
		width height x y x1 x2 y1 y2 dx dy cx cy r text-anchor viewBox`)
	classes = strings.Fields(`skip dim headline notice pipeline role next mark evidence scroll n none steps grid kind origin figure vh legend drift side part rest total bar zero
		id tags ids whole code hops trace records group print words chart lane name base span tick story band way broken sign text pass fail stuck unknown flight`)
)

func walk(n *html.Node, visit func(*html.Node)) {
	visit(n)
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		walk(c, visit)
	}
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func parsed(t testing.TB, page string) *html.Node {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// textOf is a node's text, without styles, blanks made single.
func textOf(n *html.Node) string {
	var b strings.Builder
	walk(n, func(n *html.Node) {
		if n.Type == html.TextNode && n.Parent.Data != "style" {
			b.WriteString(n.Data)
		}
	})
	return strings.Join(strings.Fields(strings.ReplaceAll(b.String(), nbsp, " ")), " ")
}

// checkPage demands what holds for every page, whatever the document says:
// nothing of it became an element, an attribute, a link or a style, and the page
// is sound HTML that needs nothing else.
func checkPage(t testing.TB, name, page string) {
	t.Helper()
	root := parsed(t, page)
	ids, anchors, seen := map[string]int{}, []string{}, map[string]int{}
	policy, style := "", ""
	walk(root, func(n *html.Node) {
		switch n.Type {
		case html.TextNode:
			if n.Parent.Data == "style" {
				style = n.Data
			} else if strings.ContainsFunc(strings.ReplaceAll(n.Data, "\n", ""), report.Unprintable) {
				t.Errorf("%s: raw control in %.80q", name, n.Data)
			}
			return
		case html.CommentNode:
			t.Errorf("%s: a comment: %.80q", name, n.Data)
			return
		case html.ElementNode:
		default:
			return
		}
		seen[n.Data]++
		if !slices.Contains(elements, n.Data) {
			t.Errorf("%s: element %q", name, n.Data)
		}
		for _, a := range n.Attr {
			if !slices.Contains(attributes, a.Key) || a.Namespace != "" {
				t.Errorf("%s: attribute %s:%s of %s", name, a.Namespace, a.Key, n.Data)
			}
			if strings.ContainsFunc(a.Val, report.Unprintable) {
				t.Errorf("%s: raw control in attribute %s=%q", name, a.Key, a.Val)
			}
		}
		for _, c := range strings.Fields(attr(n, "class")) {
			if !slices.Contains(classes, c) {
				t.Errorf("%s: class %q", name, c)
			}
		}
		if id := attr(n, "id"); id != "" {
			if ids[id]++; ids[id] > 1 {
				t.Errorf("%s: id %q twice", name, id)
			}
		}
		switch n.Data {
		case "meta":
			if attr(n, "http-equiv") == "Content-Security-Policy" {
				policy = attr(n, "content")
			} else if attr(n, "http-equiv") != "" {
				t.Errorf("%s: http-equiv %q", name, attr(n, "http-equiv"))
			}
		case "a":
			target, ok := strings.CutPrefix(attr(n, "href"), "#")
			if !ok {
				t.Errorf("%s: a link to %q", name, attr(n, "href"))
			}
			anchors = append(anchors, target)
		case "html":
			if attr(n, "lang") != "en" {
				t.Errorf("%s: language %q", name, attr(n, "lang"))
			}
		case "table":
			if n.FirstChild.NextSibling == nil || (n.FirstChild.Data != "caption" && n.FirstChild.NextSibling.Data != "caption") {
				t.Errorf("%s: a table without a caption", name)
			}
		case "th":
			if attr(n, "scope") == "" {
				t.Errorf("%s: a table header without a scope", name)
			}
		case "svg":
			if attr(n, "role") != "img" && attr(n, "aria-hidden") != "true" {
				t.Errorf("%s: a drawing that is neither an image nor hidden", name)
			}
		case "details":
			c := n.FirstChild
			for c != nil && c.Type == html.TextNode {
				c = c.NextSibling
			}
			if c == nil || c.Data != "summary" {
				t.Errorf("%s: details without a summary", name)
			}
		}
	})
	for _, a := range anchors {
		if ids[a] == 0 {
			t.Errorf("%s: a link to #%s, which is not there", name, a)
		}
	}
	for _, one := range []string{"h1", "main", "style", "head", "header", "nav", "footer"} {
		if seen[one] != 1 {
			t.Errorf("%s: %d times <%s>", name, seen[one], one)
		}
	}
	sum := sha256.Sum256([]byte(style))
	if want := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'"; policy != want {
		t.Errorf("%s: policy %q, want %q", name, policy, want)
	}
	if strings.Contains(page, "ZgotmplZ") {
		t.Errorf("%s: the template refused a value", name)
	}
}

// Hostile text in every field of a document stays text.
func TestPageInjection(t *testing.T) {
	for _, attack := range []string{
		`<script>alert(1)</script>`, `</style><script>alert(1)</script>`, `</title><script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `' onmouseover='alert(1)`, "` onload=alert(1) x=`",
		`javascript:alert(1)`, `</svg></text><a href="javascript:alert(1)">x</a>`, `<!-- -->`, `-->`, `]]>`, `{{.CSS}}`, `&#60;script&#62;`, "\x00<scr\x00ipt>", "\u202e<b>\u2066", "\u2028\u2029\x1b[31m", "\xff\xfe<i>",
		`#finding-1" onclick="x`, `<base href="http://evil.example/">`, `<meta http-equiv="refresh" content="0;url=http://evil.example">`, `</script>`, `\" style="position:fixed`, strings.Repeat("A<b>", 5_000),
	} {
		d := sample(t, "till")
		d = poisoned(d, attack)
		page := webpage(t, d)
		checkPage(t, fmt.Sprintf("%.40q", attack), page)
		if want := Escape(attack); len(want) < 1000 && !strings.Contains(textOf(parsed(t, page)), strings.Join(strings.Fields(want), " ")) {
			t.Errorf("%.40q is not shown", attack)
		}
	}
}

// poisoned is a document with an attack at the end of each text that is not
// read as a number, a time or a known word.
func poisoned(d report.Document, attack string) report.Document {
	p := func(list ...*string) {
		for _, s := range list {
			*s += attack
		}
	}
	d = cleaned(d)
	p(&d.Outcome.Headline, &d.Outcome.Next, &d.Run.Tool, &d.Run.Mode, &d.Window.Timezone, &d.Schema, &d.Repair.Proof)
	d.Ledger.LiabilityAccounts = append(d.Ledger.LiabilityAccounts, attack)
	for i := range d.Systems {
		s := &d.Systems[i]
		p(&s.Role, &s.Name, &s.Probe)
		for j := range s.Reads {
			r := &s.Reads[j]
			p(&r.Record, &r.Why, &r.From)
			r.Rejects = append(r.Rejects, report.Reject{Place: attack, Reason: attack})
			r.Columns = append(r.Columns, report.Column{Input: attack, Header: attack, Field: attack, Guessed: true})
		}
	}
	for i := range d.Steps {
		p(&d.Steps[i].Question, &d.Steps[i].Answer, &d.Steps[i].Stage)
		for j := range d.Steps[i].Cells {
			p(&d.Steps[i].Cells[j].Kind, &d.Steps[i].Cells[j].Origin)
			d.Steps[i].Cells[j].Amount[attack] = attack
		}
	}
	for i := range d.Findings {
		f := &d.Findings[i]
		p(&f.ID, &f.Code, &f.Title, &f.Cause, &f.Hint, &f.Evidence, &f.SharedNote, &f.Settle)
		if i > 1 {
			p(&f.Class)
		}
		f.Systems, f.Events, f.Orders = append(f.Systems, attack), append(f.Events, attack), append(f.Orders, attack)
		f.Shared = append(f.Shared, report.Shared{Attribute: attack, Value: attack, OfThese: attack, OfOthers: attack})
		f.Downstream.Events = append(f.Downstream.Events, attack)
		f.Drift[attack] = attack
	}
	for i := range d.Drift {
		p(&d.Drift[i].Currency, &d.Drift[i].Why)
		d.Drift[i].ByFinding = append(d.Drift[i].ByFinding, report.FindingAmount{Finding: attack, Amount: attack})
	}
	d.Excluded = append(d.Excluded, report.Excluded{Reason: attack, Count: 1, Amount: map[string]string{attack: attack}})
	d.Mapping = append(d.Mapping, report.Mapping{System: attack, Kind: attack, Origin: attack, Type: attack, Account: attack, Sign: attack, Currency: attack, Against: []string{attack}})
	d.Repair.Replay = append(d.Repair.Replay, report.ReplayItem{Event: attack, Kind: attack, Amount: attack, Currency: attack, At: attack, Finding: attack, Key: attack})
	d.Repair.Corrections = append(d.Repair.Corrections, report.Correction{Finding: attack, Account: attack, Amount: attack, Currency: attack, Why: attack})
	d.Repair.Questions = append(d.Repair.Questions, report.Question{Finding: attack, Whom: attack, Ask: attack})
	for i := range d.Traces {
		x := &d.Traces[i]
		p(&x.Event, &x.Kind, &x.Origin, &x.Card, &x.Order, &x.Amount, &x.Currency, &x.Note)
		x.Finding += attack
		for j := range x.Hops {
			p(&x.Hops[j].System, &x.Hops[j].Record, &x.Hops[j].MatchedBy, &x.Hops[j].Note)
		}
		x.Records = append(x.Records, report.Record{System: attack, Record: attack, Place: attack, Fields: []report.Field{{Name: attack, Value: attack}}})
	}
	d.Traces = append(d.Traces, report.Trace{Event: attack, Verdict: attack, At: attack, Hops: []report.Hop{{Stage: attack, Status: attack, At: attack}}})
	return d
}

// The page says what the document says.
func TestPageSaysEverything(t *testing.T) {
	for _, name := range names {
		d := cleaned(sample(t, name))
		got := textOf(parsed(t, webpage(t, d)))
		says := func(texts ...string) {
			t.Helper()
			for _, s := range texts {
				if s = strings.Join(strings.Fields(strings.ReplaceAll(s, nbsp, " ")), " "); !strings.Contains(got, s) {
					t.Errorf("%s: %q is not said", name, s)
				}
			}
		}
		c := calendarOf(d.Window)
		says(d.Outcome.Headline, d.Outcome.Next, verdict(d.Outcome), c.period(d.Window), d.Window.Timezone, policy(d.Policy), hidden(d.Redaction), d.Repair.Proof, d.Run.Tool)
		for _, s := range d.Systems {
			says(s.Name)
			for _, r := range s.Reads {
				says(r.Record, r.Why, wording.Count(r.Read), wording.Count(r.Rejected))
				for _, x := range r.Rejects {
					says(x.Place, x.Reason)
				}
				for _, x := range r.Columns {
					if x.Guessed {
						says(x.Input, x.Header, x.Field)
					}
				}
			}
		}
		for _, s := range d.Steps {
			says(s.Question, s.Answer)
			for _, x := range s.Cells {
				says(kindName(x.Kind), x.Origin)
				if x.Fail > 0 {
					says(wording.Count(x.Fail)+" ✗", sums(x.Amount, true, true))
				}
			}
		}
		for _, f := range d.Findings {
			says(f.ID, f.Code, f.Title, f.Cause, f.Hint, f.SharedNote, f.Settle, f.Evidence, c.since(f), remaining(f.Remaining, true), sums(f.Amount, true, true), sums(f.Downstream.Amount, true, true))
			says(f.Events...)
			says(f.Candidates...)
			says(f.Orders...)
			says(f.Postings...)
			says(f.Downstream.Events...)
			for _, x := range f.Shared {
				says(x.Attribute, x.Value, share(x))
			}
		}
		for _, x := range d.Drift {
			says(amount(x.Platform, x.Currency, true, false), amount(x.ERP, x.Currency, true, false), x.Why)
			for _, p := range x.ByFinding {
				says(amount(p.Amount, x.Currency, true, true))
			}
		}
		for _, x := range d.Excluded {
			if x.Count > 0 {
				says(x.Reason, sums(x.Amount, true, true))
			}
		}
		for _, x := range d.Repair.Replay {
			says(x.Event, x.Key, c.at(x.At), amount(x.Amount, x.Currency, true, true))
		}
		for _, x := range d.Repair.Corrections {
			says(x.Account, x.Why, amount(x.Amount, x.Currency, true, true))
		}
		for _, x := range d.Repair.Questions {
			says(x.Whom, x.Ask)
		}
		for _, x := range d.Traces {
			says(x.Event, x.Card, x.Order, x.Note, verdictOf(x))
			for _, h := range x.Hops {
				says(h.Record, h.Note, h.MatchedBy, h.System, c.moment(h.At))
			}
			for _, r := range x.Records {
				says(r.Place)
				for _, f := range r.Fields {
					says(f.Name, f.Value)
				}
			}
		}
	}
}

// Equal documents give equal bytes, and writing leaves the document alone.
func TestPageIsDeterministic(t *testing.T) {
	d := sample(t, "currencies")
	before := output(t, func(w io.Writer) error { return JSON(w, d) })
	one, other := webpage(t, d), webpage(t, sample(t, "currencies"))
	if one != other || junit(t, d) != junit(t, sample(t, "currencies")) {
		t.Error("the same document gave other bytes")
	}
	if before != output(t, func(w io.Writer) error { return JSON(w, d) }) {
		t.Error("the document was changed")
	}
}

func fault(id string, step int) report.Finding {
	return report.Finding{ID: id, Code: "filtered", Class: "fault", Step: &step, Evidence: "proven"}
}

func failingTrace(event, card, at, finding string, step int) report.Trace {
	return report.Trace{Event: event, Card: card, At: at, Finding: finding, Verdict: "fail", Step: &step, Kind: "load", Amount: "5.00", Currency: "USD",
		Hops: []report.Hop{{Stage: "emit", Status: "pass", Record: event, At: at}, {Stage: "forward", Status: "fail"}, {Stage: "arrive", Status: "not-reached"}, {Stage: "classify", Status: "not-reached"}}}
}

func TestFailuresOverTime(t *testing.T) {
	w := report.Window{Since: "2026-10-01T00:00:00-04:00", Until: "2026-11-10T00:00:00-05:00", Timezone: "America/New_York"}
	d := report.Document{Window: w, Findings: []report.Finding{fault("F1", 2), fault("F2", 4)}, TracesTotal: 9,
		Steps: []report.Step{{Step: 2, Cells: []report.Cell{{Fail: 7}}}, {Step: 4, Cells: []report.Cell{{Fail: 1}}}},
		Traces: []report.Trace{
			failingTrace("a", "c", "2026-10-01T00:00:00-04:00", "F1", 2),
			failingTrace("b", "c", "2026-11-01T23:59:00-05:00", "F1", 2), // a day of 25 hours
			failingTrace("b2", "c", "2026-11-01T01:30:00-04:00", "F1", 2),
			failingTrace("d", "c", "2026-11-10T00:00:00-05:00", "F1", 2), // outside
			failingTrace("e", "c", "", "F1", 2),
			failingTrace("f", "c", "2026-11-09T23:59:59-05:00", "F2", 4),
			{Verdict: "downstream", At: "2026-10-02T00:00:00-04:00"}, {Verdict: "excluded", At: "2026-10-02T00:00:00-04:00"},
		}}
	d.Findings[1].FirstAt, d.Findings[1].LastAt = "2026-11-09T23:59:59-05:00", "2026-11-09T23:59:59-05:00"
	s := &sheet{Document: d, when: calendarOf(w)}
	c := s.Failures()
	if c == nil || len(c.Lanes) != 5 {
		t.Fatalf("lanes: %+v", c)
	}
	var got []string
	for _, l := range c.Lanes {
		text := l.Name + ": " + l.Figure + ";"
		for _, b := range l.Bars {
			text += " " + b.Detail
		}
		got = append(got, text)
	}
	want := []string{"1 emit: none failing;", "2 forward: 7 failing, 3 of them drawn; 1 Oct: 1 1 Nov: 2", "3 arrive: none failing;", "4 classify: 1 failing; 9 Nov: 1", "downstream: 1 stuck behind a failing event; 2 Oct: 1"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if !strings.Contains(c.Caption, "8 of 9") {
		t.Errorf("the cut is not said: %q", c.Caption)
	}
	if len(c.Table) != 4 || len(c.Lanes[3].Spans) != 1 || c.Lanes[3].Spans[0].Anchor != "finding-2" {
		t.Errorf("table %v, spans %v", c.Table, c.Lanes[3].Spans)
	}
	s.TracesTotal = len(s.Traces)
	if strings.Contains(s.Failures().Caption, "all-events") {
		t.Error("a whole list is called cut")
	}
	for _, w := range []report.Window{{}, {Since: "x", Until: "y"}, {Since: w.Until, Until: w.Since}, {Since: "0001-01-01", Until: "9999-01-01"}, w} {
		s := &sheet{Document: report.Document{Window: w}, when: calendarOf(w)}
		if s.Failures() != nil {
			t.Errorf("a chart of nothing over %v", w)
		}
	}
}

// A fault without events still shows when it happened.
func TestFailuresWithoutEvents(t *testing.T) {
	w := report.Window{Since: "2026-10-01", Until: "2026-11-01"}
	f := fault("F1", 3)
	f.FirstAt, f.LastAt = "2026-10-05", "2026-10-09"
	s := &sheet{Document: report.Document{Window: w, Findings: []report.Finding{f}}, when: calendarOf(w)}
	c := s.Failures()
	if c == nil || len(c.Lanes[2].Spans) != 1 || c.Lanes[2].Figure != "no event fails, see the finding" {
		t.Fatalf("%+v", c)
	}
}

func TestBuckets(t *testing.T) {
	ny, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	at := func(m time.Month, day, hour int) time.Time { return time.Date(2026, m, day, hour, 0, 0, 0, ny) }
	for _, c := range []struct {
		since, until time.Time
		unit         string
		n            int
	}{
		{at(11, 1, 0), at(11, 2, 0), "hour", 25},
		{at(10, 1, 0), at(11, 1, 0), "day", 31},
		{at(10, 1, 6), at(10, 11, 6), "day", 11},
		{at(1, 1, 0), at(12, 31, 0), "week", 52},
		{at(1, 1, 0), at(1, 1, 0).AddDate(3, 0, 0), "month", 36},
	} {
		b, ok := bucketsOf(c.since, c.until)
		if !ok || b.unit != c.unit || len(b.starts) != c.n {
			t.Errorf("%v to %v: %d × %s, want %d × %s", c.since, c.until, len(b.starts), b.unit, c.n, c.unit)
		}
		for i, start := range b.starts {
			if b.of(start) != i || i > 0 && b.of(start.Add(-1)) != i-1 {
				t.Errorf("%v is not at the edge of bucket %d", start, i)
			}
		}
		if b.of(c.until) != -1 || b.of(b.starts[0].Add(-1)) != -1 {
			t.Errorf("times outside of %v are inside a bucket", c)
		}
	}
}

// The parts of a drift stand end to end from zero, and the last one ends where
// the drift does.
func TestDriftCloses(t *testing.T) {
	for name, values := range map[string][]string{
		"down and up":   {"-1210.00", "10.00", "0.00", "-1200.00"},
		"net to zero":   {"5.00", "-5.00", "0.00", "0.00"},
		"unexplained":   {"0.10", "0.20", "-0.05", "0.25"},
		"nothing":       {"0.00", "0.00"},
		"beyond floats": {"99999999999999999999.99", "-99999999999999999999.98", "0.00", "0.01"},
	} {
		d := report.Drift{Currency: "USD", Platform: "0.00", ERP: "0.00", Drift: &values[len(values)-1], Unexplained: &values[len(values)-2]}
		for i, v := range values[:len(values)-2] {
			d.ByFinding = append(d.ByFinding, report.FindingAmount{Finding: fmt.Sprint("F", i+1), Amount: v})
		}
		w := (&sheet{Document: report.Document{Drift: []report.Drift{d}}}).Waterfalls()[0]
		if len(w.Parts) != len(values) {
			t.Fatalf("%s: %d parts", name, len(w.Parts))
		}
		number := func(s string) float64 {
			f, err := strconv.ParseFloat(strings.TrimSuffix(s, "%"), 64)
			if err != nil {
				t.Fatalf("%s: %q", name, s)
			}
			return f
		}
		pos := number(w.Parts[0].Zero)
		for i, p := range w.Parts {
			v, _ := new(big.Rat).SetString(values[i])
			x, width := number(p.X), number(p.W)
			from, to := x, x+width
			if v.Sign() < 0 {
				from, to = to, from
			}
			if i == len(w.Parts)-1 {
				if math.Abs(to-pos) > 0.05 {
					t.Errorf("%s: the parts end at %v, the drift at %v", name, pos, to)
				}
				pos = number(p.Zero)
			}
			if math.Abs(from-pos) > 0.05 {
				t.Errorf("%s: part %d begins at %v, want %v", name, i, from, pos)
			}
			pos = to
		}
	}
}

// The story of a fault is told by the card that shows most of it.
func TestStory(t *testing.T) {
	late := failingTrace("z", "c2", "2026-10-04T00:00:00Z", "F1", 2)
	down := report.Trace{Event: "r", Card: "c2", At: "2026-10-06T00:00:00Z", Finding: "F1", Verdict: "downstream", Hops: []report.Hop{{Stage: "emit", Status: "pass"}, {Stage: "classify", Status: "fail"}}}
	d := report.Document{Findings: []report.Finding{fault("F1", 2), fault("F2", 3)}, Traces: []report.Trace{failingTrace("a", "c1", "2026-10-03T00:00:00Z", "F1", 2), down, late}, TracesTotal: 8}
	s := &sheet{Document: d}
	st := s.Story(d.Findings[0])
	if st == nil || st.Card != "c2" || len(st.Columns) != 2 || st.Columns[0].ID != "z" || st.Columns[1].Later != "+ 2"+nbsp+"d" {
		t.Fatalf("story %+v", st)
	}
	if p := st.Columns[0].Points; len(p) != 4 || !p[2].Broken || p[1].Broken || p[1].From != p[0].Y {
		t.Errorf("points %+v", p)
	}
	if p := st.Columns[1].Points; p[1].Sign.Class != "stuck" {
		t.Errorf("what follows from a fault is shown as %q", p[1].Sign.Class)
	}
	if !strings.Contains(st.Caption, "3 of 8") {
		t.Errorf("the cut is not said: %q", st.Caption)
	}
	if s.Story(d.Findings[1]) != nil {
		t.Error("a story without an event")
	}
	for _, tr := range s.Traces {
		for i := range tr.Hops {
			tr.Hops[i].Stage = "elsewhere"
		}
	}
	if st := s.Story(d.Findings[0]); st == nil || len(st.Columns[0].Points) != 0 {
		t.Error("an unknown stage is drawn")
	}
}

// A page does not grow without bound, and says what it left out.
func TestPageIsCut(t *testing.T) {
	d := sample(t, "till")
	tr := d.Traces[0]
	for i := range pageTraces + 50 {
		tr.Event = fmt.Sprint("t-", i)
		d.Traces = append(d.Traces, tr)
	}
	for i := range 2 * pageIDs {
		d.Findings[0].Events = append(d.Findings[0].Events, fmt.Sprint("e-", i))
		d.Repair.Replay = append(d.Repair.Replay, report.ReplayItem{Event: fmt.Sprint("e-", i)})
	}
	d.TracesTotal = 500
	got := textOf(parsed(t, webpage(t, d)))
	for _, want := range []string{"200 events, each with its way", "300 more are not listed here", "more are not (use --all-events)", "The rest is in the JSON report, under repair.replay."} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not said", want)
		}
	}
	if strings.Contains(got, "e-1999") {
		t.Error("the lists are not cut")
	}
}

// Text and marks can be read on what they stand on, in both schemes.
func TestContrast(t *testing.T) {
	blocks := regexp.MustCompile(`(?s):root \{(.*?)\}`).FindAllStringSubmatch(pageCSS, -1)
	if len(blocks) != 2 {
		t.Fatalf("%d colour schemes", len(blocks))
	}
	for i, b := range blocks {
		colour := map[string]float64{}
		for _, m := range regexp.MustCompile(`--([a-z-]+): #([0-9a-f]{6});`).FindAllStringSubmatch(b[1], -1) {
			v, _ := strconv.ParseUint(m[2], 16, 32)
			lin := func(c uint64) float64 {
				x := float64(c&0xff) / 255
				if x <= 0.04045 {
					return x / 12.92
				}
				return math.Pow((x+0.055)/1.055, 2.4)
			}
			colour[m[1]] = 0.2126*lin(v>>16) + 0.7152*lin(v>>8) + 0.0722*lin(v)
		}
		for _, pair := range strings.Fields(`text/ground text/raised dim/ground dim/raised link/ground pass/ground fail/ground stuck/ground unknown/ground flight/ground none/ground
			pass/raised fail/raised stuck/raised unknown/raised none/raised text/unknown-soft text/next-soft dim/next-soft ground/fail`) {
			a, on, _ := strings.Cut(pair, "/")
			x, y := colour[a], colour[on]
			if r := (max(x, y) + 0.05) / (min(x, y) + 0.05); r < 4.5 {
				t.Errorf("scheme %d: %s has a contrast of %.2f", i+1, pair, r)
			}
		}
	}
}
