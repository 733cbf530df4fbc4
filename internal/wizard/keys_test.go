package wizard

import (
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"gcdiag/internal/casefile"
	"gcdiag/internal/connector"
	"gcdiag/internal/record"
	"gcdiag/internal/report"

	"context"
)

// state is all that a person can see change.
func (r *rig) state() string {
	text := r.view() + r.term.String()
	if r.quit {
		text += "quit"
	}
	return text
}

// What the footer and the overlay promise, the page does: every key that is
// shown changes something, on every page.
func TestEveryShownKeyDoesSomething(t *testing.T) {
	for _, s := range scenes {
		if s.name == "help" {
			continue
		}
		probe := s.open(t)
		for _, b := range probe.m.page().keys(probe.m) {
			name := b.Keys()[0]
			r := s.open(t)
			r.m.note = ""
			before := r.state()
			r.press(name)
			if r.state() != before || r.f.gone > probe.f.gone || r.f.tested > probe.f.tested {
				continue
			}
			if name == "enter" && strings.Contains(before, "✗ ") && r.m.page().(interface{ typing() bool }).typing() {
				continue // what is wrong is said already
			}
			// At an end of a list or of a row the other direction moves.
			changed := false
			for _, other := range []string{"up", "down", "G", "g", "left", "right", "pgup"} {
				r := s.open(t)
				before := r.press(other).state()
				changed = changed || slices.Contains([]string{"up", "down", "left", "right", "pgdown", "g", "home", "pgup"}, name) && r.press(name).state() != before
			}
			fits := b.Help().Desc == "scroll" || b.Help().Desc == "more" || b.Help().Desc == "findings" || b.Help().Desc == "choose"
			if !changed && !fits {
				t.Errorf("%s: %s (%s) does nothing:\n%s", s.name, b.Help().Key, b.Help().Desc, before)
			}
		}
	}
}

func TestKeysThatWorkEverywhere(t *testing.T) {
	for _, s := range scenes {
		r := s.open(t)
		typing := false
		if p, ok := r.m.page().(typist); ok {
			typing = p.typing()
		}
		if s.name == "help" {
			if r.press("x"); r.m.help {
				t.Error("a key does not close the overlay")
			}
			continue
		}
		r.m.note = ""
		before := r.state()
		if r.press("?"); r.m.help == typing {
			t.Errorf("%s: ? gives help = %v while typing = %v", s.name, r.m.help, typing)
		}
		if !typing {
			if r.press("esc"); r.state() != before {
				t.Errorf("%s: closing the overlay changed the page", s.name)
			}
		}
		if r.press("ctrl+c"); !r.quit || r.m.ctx.Err() == nil {
			t.Errorf("%s: ctrl+c does not leave", s.name)
		}
	}
	r := saved(t, "faults")
	if _, cmd := r.m.Update(keyOf("ctrl+z")); cmd == nil {
		t.Error("ctrl+z does not suspend")
	} else if _, ok := cmd().(tea.SuspendMsg); !ok {
		t.Error("ctrl+z does something else")
	}
	if _, cmd := r.m.Update(tea.ResumeMsg{}); cmd == nil {
		t.Error("the screen is not drawn anew after coming back")
	}
}

func TestEscGoesBackPageByPage(t *testing.T) {
	r := onReport(t, "faults")
	result := r.view()
	for _, way := range [][]string{{"f"}, {"enter"}, {"t"}, {"v"}, {"w"}, {"s"}, {"s", "d"}, {"f", "enter", "enter"}} {
		r.press(way...)
		if r.view() == result {
			t.Errorf("%q opens nothing", way)
		}
		for range way {
			r.press("esc")
		}
		if r.view() != result {
			t.Errorf("after %q esc does not come back to the result:\n%s", way, r.view())
		}
	}
	if r.press("esc"); !strings.Contains(r.view(), "Where does") {
		t.Errorf("esc does not come back to the start:\n%s", r.view())
	}
	if r.press("esc"); !strings.Contains(r.view(), "Where does") || r.quit {
		t.Error("esc leaves from the start")
	}
}

func TestLeavingAsksOnceForAnUnsavedReport(t *testing.T) {
	r := onReport(t, "faults")
	if r.press("q"); r.quit {
		t.Fatal("q leaves an unsaved report at once")
	}
	r.has("not saved")
	if r.press("down", "q"); r.quit {
		t.Error("another key does not withdraw the leaving")
	}
	if r.press("q"); !r.quit {
		t.Error("q twice does not leave")
	}
	r = onReport(t, "faults").press("s", "enter", "q")
	if !r.quit {
		t.Error("q asks although the report is saved")
	}
	if r = saved(t, "faults").press("q"); !r.quit {
		t.Error("q asks although the report is a file")
	}
	if r = newRig(t, newFake(t, "faults"), Options{}).press("q"); !r.quit {
		t.Error("q does not leave the start")
	}
}

func TestResultGoesThroughTheFindings(t *testing.T) {
	r := saved(t, "faults")
	r.has("F1/5", "FAILS AT STEP 2, FORWARD, AND AT STEP 4, CLASSIFY", "13 expiries")
	r.press("j").has("F2/5", "Relay filters out 10 loads", "channel = pos")
	r.press("G").has("F5/5")
	r.press("down").has("F5/5")
	r.press("g").has("F1/5")
	r.press("k").has("F1/5")
}

func TestFindingsFilterAndOrder(t *testing.T) {
	r := saved(t, "faults").press("f")
	order := func() string {
		var ids []string
		for l := range strings.Lines(r.view()) {
			if f := strings.Fields(strings.TrimLeft(l, " ▸")); len(f) > 2 && len(f[0]) == 2 && f[0][0] == 'F' && strings.ContainsAny(l, "✗✓…?") {
				ids = append(ids, f[0])
			}
		}
		return strings.Join(ids, " ")
	}
	if got := order(); got != "F1 F2 F3 F4 F5" {
		t.Errorf("as ranked: %s", got)
	}
	if r.press("o"); order() != "F2 F1 F3 F4 F5" {
		t.Errorf("by step: %s", order())
	}
	if r.press("o"); order() != "F1 F2 F5 F3 F4" {
		t.Errorf("by number of events: %s", order())
	}
	r.press("/").typed("filter").press("enter")
	r.has("F2", "1 of 5")
	r.hasNot("no rule that puts")
	r.press("enter").has("F2 filtered")
	r.press("esc").has("1 of 5")
	r.press("esc").has("no rule that puts")
	r.press("/").typed("zzz").has("No finding matches")
	r.press("backspace", "backspace", "backspace").has("F1")
	r.typed("a b").press("ctrl+u").has("F1")
}

func TestEventsFilterOrderAndFollow(t *testing.T) {
	r := saved(t, "faults").press("down", "enter")
	r.has("10 events", "7 more follow", "as listed")
	first := func() string {
		for l := range strings.Lines(r.view()) {
			if strings.Contains(l, "▸") {
				return strings.Fields(l)[2]
			}
		}
		return ""
	}
	if first() != "t-50000284" {
		t.Errorf("first event %q", first())
	}
	r.press("o", "o").has("by amount")
	r.press("g")
	if first() != "t-50000335" {
		t.Errorf("largest event %q:\n%s", first(), r.view())
	}
	r.press("/").typed("redemption").press("enter", "g").has("redemption")
	r.hasNot("▸ ✗")
	r.press("enter").has("follows from another event", "PLATFORM", "INTEGRATION", "ERP")
	r.press("right").has("2 of 6")
	r.press("left").has("1 of 6")
	r.press("left").has("no further event")
	r.press("tab").has("Acme store, movements")
	r.press("esc", "esc", "tab").has("scroll")
	r.press("right").has("F3 ")
	r.press("left", "left").has("F1 no-rule")
}

func TestEventsThatTheReportDoesNotHold(t *testing.T) {
	d := document(t, "faults")
	d.Traces = nil
	r := newRig(t, newFake(t, "faults"), Options{Document: &d})
	r.press("t").has("holds no event of F1")
	r.press("enter").has("not in this report")
	r.press("enter").has("gcdiag trace t-50000034")
	r.press("v").has("does not list its failing events")
}

func TestRecordsMarkWhatDiffers(t *testing.T) {
	d := document(t, "faults")
	tr := &d.Traces[0]
	for i := range tr.Records {
		for j := range tr.Records[i].Fields {
			f := &tr.Records[i].Fields[j]
			if tr.Records[i].Record == "postings" && f.Name == "amount" {
				f.Value = "17.36"
			}
		}
	}
	r := newRig(t, newFake(t, "faults"), Options{Document: &d})
	r.size(160, 60)
	r.press("t").has("≠ 17.36")
	if n := strings.Count(r.view(), "≠"); n != 1 {
		t.Errorf("%d values are marked, want the amount alone:\n%s", n, r.view())
	}
	for _, c := range []struct {
		name, value, record string
		movement            map[string]string
		want                bool
	}{
		{"amount", "50.00 USD", "deliveries", map[string]string{"amount": "-50.00"}, false},
		{"amount", "50.00", "postings", map[string]string{"amount": "-50.00"}, true},
		{"sent_amount", "5000.00 USD", "deliveries", map[string]string{"amount": "50.00"}, true},
		{"sent_kind", "redemption", "deliveries", map[string]string{"kind": "load"}, true},
		{"order", "#1001", "postings", map[string]string{"order": "1001"}, false},
		{"order", "", "postings", map[string]string{"order": "1001"}, true},
		{"status", "posted", "postings", map[string]string{"status": "final"}, false},
	} {
		if got := c.value != "" && differs(c.name, c.value, c.movement, c.record); got != (c.want && c.value != "") {
			t.Errorf("%s %q beside %v: differs = %v", c.name, c.value, c.movement, got)
		}
	}
}

func TestChartReadsOut(t *testing.T) {
	r := saved(t, "faults").press("v")
	r.has("1 at step 4, classify (F1)", "F2 filtered: since 23 Oct 10:43", "1 Oct")
	r.press("left").has("no failure")
	r.press("tab").has("1 at step 4")
	r.press("G").has("31 Oct")
	r.press("g").has("1 Oct 00:00 – 12:00")
	r.press("right", "right")
	counts, most := r.m.book.spans.count(r.m.book.spans.scaleOf(50))
	total := 0
	for s := range counts {
		for _, n := range counts[s] {
			total += n
		}
	}
	if total != 23 || most < 1 {
		t.Errorf("%d failures in the chart, want all 23", total)
	}
	r = saved(t, "undetermined").press("v").has2("? not told")
	r.has("at a step that can't be told (F1)")
	d := document(t, "faults")
	d.Traces = d.Traces[:5]
	r = newRig(t, newFake(t, "faults"), Options{Document: &d}).press("v")
	r.has("Drawn from the 5 events this report lists, of 23 that fail")
}

func TestWhatIfSubtractsExactly(t *testing.T) {
	r := saved(t, "faults").press("w")
	r.has("EUR +260.69", "2 faults would remain: 23 events failing, 7 following")
	r.press(" ").has("[x] F1", "EUR −305.14", "EUR −44.45", "−$264.22", "1 fault would remain: 10 events")
	r.press("a").has("[x] F2", "EUR 0.00", "No fault would remain")
	r.press("a").has("[ ] F1", "[ ] F2")
	r.press("down", " ").has("[x] F2", "EUR +305.14")
	r.press("enter").has("F2 filtered")
	saved(t, "sound").press("w").has("Nothing in this report needs a repair")
}

func TestSaving(t *testing.T) {
	r := onReport(t, "faults").press("s", "enter")
	const name = "gcdiag-2026-11-24-acme-store"
	r.has("saved as " + name + ".json")
	if r.f.format[name+".json"] != "json" || r.f.saved[name+".json"].Outcome.Status != "fault" {
		t.Errorf("saved %v", r.f.format)
	}
	r.press("down", "enter").has("saved as " + name + ".md")
	r.press("e", "ctrl+u").typed("ticket.md").press("enter").has("saved as ticket.md")
	r.press("down", "enter", "down", "enter")
	if r.f.format[name+".html"] != "html" || r.f.format[name+".xml"] != "junit" {
		t.Errorf("saved %v", r.f.format)
	}
	if o := r.m.outcome(); !slices.Equal(o.Saved, []string{name + ".json", name + ".md", "ticket.md", name + ".html", name + ".xml"}) || o.Document == nil {
		t.Errorf("outcome %v", o.Saved)
	}
	r = onReport(t, "faults")
	r.f.existing[name+".json"] = true
	r.press("s", "enter").has("exists. Replace it?")
	if len(r.f.saved) != 0 {
		t.Error("replaced without a yes")
	}
	r.press("n").hasNot("Replace it?")
	if r.press("enter", "y"); len(r.f.saved) != 1 {
		t.Error("not replaced after a yes")
	}
	r = onReport(t, "faults").press("s", "e", "ctrl+u").typed("/nowhere/x.json").press("enter")
	r.has("there is no folder /nowhere")
	r = onReport(t, "faults").press("s", "e", "ctrl+u", "esc").has2("gcdiag-2026")
	r.press("s")
	if len(r.f.saved) != 1 {
		t.Error("s on the page does not save")
	}
}

func (r *rig) has2(w string) *rig { r.t.Helper(); r.has(w); return r }

func clip(t *testing.T, raw string) string {
	t.Helper()
	_, rest, ok := strings.Cut(raw, "\x1b]52;c;")
	text, _, ok2 := strings.Cut(rest, "\a")
	b, err := base64.StdEncoding.DecodeString(text)
	if !ok || !ok2 || err != nil {
		t.Fatalf("no clipboard in %q: %v", raw, err)
	}
	return string(b)
}

func TestCopying(t *testing.T) {
	r := onReport(t, "faults").press("c")
	text := clip(t, r.term.String())
	for _, w := range []string{"FAILS AT STEP 2, FORWARD", "F2 Relay filters out 10 loads", "Drift EUR +260.69 = +305.14 F1 −44.45 F2, unexplained 0", "Next: "} {
		if !strings.Contains(text, w) {
			t.Errorf("the summary lacks %q:\n%s", w, text)
		}
	}
	r.has("Asked the terminal to copy")
	r.term.Reset()
	if r.press("s", "p"); !strings.HasPrefix(clip(t, r.term.String()), "t-50000284\tload\t25.00 USD\t") {
		t.Errorf("replay list %q", clip(t, r.term.String()))
	}
	r.term.Reset()
	if r.press("m"); clip(t, r.term.String()) != "gcdiag check --connectors connectors.yaml" {
		t.Errorf("command %q", clip(t, r.term.String()))
	}
	r.term.Reset()
	r.press("c")
	if clip(t, r.term.String()) != text {
		t.Error("c copies something else on this page")
	}
	if got := osc52("hi", true, false); got != "\x1b]52;c;aGk=\a\x1bPtmux;\x1b\x1b]52;c;aGk=\a\x1b\\" {
		t.Errorf("in tmux %q", got)
	}
	long := osc52(strings.Repeat("x", 300), false, true)
	for _, part := range strings.Split(strings.TrimSuffix(long, "\x1b\\"), "\x1b\\") {
		if !strings.HasPrefix(part, "\x1bP") || len(part) > 78 {
			t.Errorf("screen gets %q", part)
		}
	}
	// What can't go through the clipboard is shown, and printed on leaving.
	r = onReport(t, "faults")
	r.m.screen.deaf = true
	r.press("c").has("mark it here", "Gift card handoff")
	r.press("p").has("printed when you leave")
	if !strings.HasPrefix(r.m.outcome().Leave, "Gift card handoff") {
		t.Errorf("to print: %q", r.m.outcome().Leave)
	}
	for _, l := range []string{summary(&hostile(t).m.book.d), replayList(&hostile(t).m.book.d)} {
		if strings.ContainsAny(l, "\x1b\a\u202e\u200b") {
			t.Errorf("copied text acts: %q", l)
		}
	}
	if n := len(onReport(t, "filtered").press("t", "c").term.String()); n < 200 {
		t.Errorf("the event was not copied: %d bytes", n)
	}
}

func TestPreviewOfWhatIsHidden(t *testing.T) {
	r := onReport(t, "filtered")
	redacted, open := document(t, "filtered"), document(t, "filtered")
	redacted.Traces[0].Records[0].Fields = append(redacted.Traces[0].Records[0].Fields, report.Field{Name: "memo", Value: "(withheld)"})
	open.Traces[0].Records[0].Fields = append(open.Traces[0].Records[0].Fields, report.Field{Name: "memo", Value: "spent on h4cd9f3axk2m77q1"})
	open.Traces[0].Card = "6036281234567890"
	r.f.doc, r.f.open = redacted, &open
	r.press("s", "d").has("…7890", "card_cf9a923d")
	r.hasNot("6036281234567890")
	r.press("G").has("movements memo", "(withheld)", "spent on ••••77q1")
	r.hasNot("h4cd9f3axk2m77q1")
	saved(t, "filtered").press("s", "d").has2("not in this file")
}

func TestRunGoesFromReadingToTheResult(t *testing.T) {
	f := newFake(t, "faults")
	r := newRig(t, f, Options{Connectors: []string{"connectors.yaml"}})
	r.has("Run connectors.yaml", "Acme store → Relay → Books")
	if f.gone != 0 {
		t.Fatal("it runs without a confirmation")
	}
	r.press("enter").has("Judged", "2 forward", "No: 10 of 362 not")
	r.clock()
	r.has("FAILS AT STEP 2")
	if f.gone != 1 || f.judged != 1 {
		t.Errorf("read %d times, judged %d times", f.gone, f.judged)
	}
	r = newRig(t, newFake(t, "faults"), Options{Connectors: []string{"connectors.yaml"}, Yes: true})
	if r.f.gone != 1 {
		t.Error("--yes does not run at once")
	}
}

func TestRunShowsWhatItReads(t *testing.T) {
	r := reading2(t, newFake(t, "faults"), someProgress...)
	r.has("12 pages · 2,950 records", "waits 42 s: rate limit: 429", "45 %", "403 Forbidden", "1 emit      reading Acme store, 3,950 records", "its evidence could not be read")
	p := r.m.page().(*runPage)
	before := p.n
	r.press("esc").has("Stopping")
	if p.phase != stopping {
		t.Error("esc does not stop")
	}
	r.press("q").has("The run is not finished")
	if r.quit {
		t.Error("q loses what was read")
	}
	// What a former run brings is not taken for this one's.
	r.send(gatheredMsg{n: before - 1, c: &casefile.Case{}})
	if p.phase != stopping {
		t.Error("an old answer was taken")
	}
	r.send(gatheredMsg{n: before, c: &casefile.Case{}})
	r.has("Judged")
}

// TestEscEndsJudging leaves the page while a case is judged: the judge is told, and
// what it brings afterwards is not shown.
func TestEscEndsJudging(t *testing.T) {
	f := newFake(t, "faults")
	ended := make(chan error, 1)
	f.verdict = func(ctx context.Context) error {
		<-ctx.Done()
		ended <- ctx.Err()
		return ctx.Err()
	}
	r := newRig(t, f, Options{Connectors: []string{"connectors.yaml"}})
	p := newRun(r.m, f.config("connectors.yaml"), "", nil)
	r.m.pages = append(r.m.pages, p)
	p.c = &casefile.Case{}
	cmd := p.judge(r.m)
	brought := make(chan tea.Msg, 1)
	go func() { brought <- cmd() }()
	if r.has("Judging"); p.phase != judging {
		t.Fatal("it does not judge")
	}
	r.press("esc").hasNot("Judging")
	if err := <-ended; err == nil {
		t.Error("the judge was not told")
	}
	r.send(<-brought)
	if r.m.page() == page(p) || p.phase != judging {
		t.Error("what was judged too late is shown")
	}
}

func TestCancelReachesTheSource(t *testing.T) {
	f := newFake(t, "faults")
	began, ended := make(chan struct{}), make(chan struct{})
	f.gather = func(ctx context.Context, told func(Progress)) (*casefile.Case, error) {
		close(began)
		<-ctx.Done()
		close(ended)
		return &casefile.Case{}, nil
	}
	r := newRig(t, f, Options{Connectors: []string{"connectors.yaml"}})
	p := newRun(r.m, f.config("connectors.yaml"), "", nil)
	r.m.pages = append(r.m.pages, p)
	cmd := p.start(r.m)
	back := make(chan tea.Msg, 1)
	go func() { back <- cmd() }()
	<-began
	r.press("esc")
	select {
	case <-ended:
	case <-time.After(5 * time.Second):
		t.Fatal("the source was not told to stop")
	}
	r.send(<-back)
	r.has("Judged")
}

func TestAFailedSourceOffersAWay(t *testing.T) {
	open := func() *rig {
		f := newFake(t, "undetermined")
		f.gather = func(context.Context, func(Progress)) (*casefile.Case, error) { return failedCase(), nil }
		return newRig(t, f, Options{Connectors: []string{"connectors.yaml"}}).press("enter")
	}
	r := open()
	r.has("Not all could be read", "Relay, deliveries: 401 Unauthorized", "Go on without", "Retry", "Answer by hand")
	r.press("enter").has("Judged")
	if r = open().press("r"); r.f.gone != 2 {
		t.Error("r does not retry")
	}
	if r = open().press("down", "enter"); r.f.gone != 2 {
		t.Error("the line does not retry")
	}
	r = open().press("a")
	r.has("Question 1 of 3", "step 2: forward", "does Relay receive the event")
	r.press("down", "down", "enter", "enter", "enter").has("Judged")
	r.clock()
	r.has("told", "FAILS AT STEP 2, FORWARD.", "it was told of Relay")
	if f := r.m.book.d.Findings[0]; f.Evidence != "told" || f.Code != "filtered" || f.Count != 10 {
		t.Errorf("the answer does not settle what the records left open: %+v", f)
	}
}

func TestByHandFromNothingToADiagnosis(t *testing.T) {
	r := asked(t)
	r.has("Question 1 of 12", "does Shop tell anybody", "Where to look: In Shop")
	r.press("enter").has("Question 2 of 12", "does Relay receive")
	r.press("esc").has("Question 1 of 12")
	r.press("enter", "down", "down", "e").typed("since May").press("enter").has("Note: since May")
	r.press("enter").has("Question 3 of 10", "redemption")
	for range 8 {
		r.press("enter")
	}
	r.has("FAILS AT STEP 2, FORWARD", "Relay filters out loads", "told", "nothing was measured", "since May")
	if d := r.m.outcome().Document; d.Run.Mode != "answers" || d.Run.Tool != "gcdiag test" {
		t.Errorf("run %+v", d.Run)
	}
	r.press("s", "enter").has("saved as gcdiag-2026-11-24-shop.json")
}

func TestFolderFromExportsToARun(t *testing.T) {
	r := surveyed(t)
	r.has("ledger.csv", "movements", "1 to decide", "not used: notes.txt")
	r.press("g", "enter").has("Columns of ledger.csv", "Art ?", "Ausgabe | Einlösung")
	// currency stands in column Shop, say; then the word that was open.
	r.press("down", "down", "down", "down", "down", "down", "down", "enter").has("Which column of the file is currency?")
	r.press("G", "enter").has("till | web")
	r.press("G", "enter").has(`What does "Storno" mean in kind?`)
	r.press("G", "enter", "esc")
	r.hasNot("▸ [x] ledger.csv                  movements     platform     1 to decide")
	r.press("down", " ").has("[ ] log.csv")
	r.press("G", "enter").has("liability account")
	r.typed("2400, 2410").press("enter").typed("dollars").press("enter").has("three letters of ISO 4217")
	r.press("ctrl+u").typed("USD").press("enter", "ctrl+u").typed("Mars/Base").press("enter").has("a name such as America/New_York")
	r.press("ctrl+u").typed("Europe/Berlin").press("enter").has("/exports/connectors.yaml", "its name says so", "version: 1")
	if b := r.f.basics; !slices.Equal(b.Accounts, []string{"2400", "2410"}) || b.Currency != "USD" || b.Timezone != "Europe/Berlin" {
		t.Errorf("basics %+v", b)
	}
	e := r.f.survey.Files[0]
	if e.Entry.Columns["currency"] != "Shop" || e.Entry.Values["kind"]["Storno"] != "reversal" || r.f.survey.Files[1].Use {
		t.Errorf("corrections are lost: %+v", e.Entry)
	}
	r.press("G")
	r.press("enter").has("Judged")
	if !slices.Equal(r.f.wrote, []string{"/exports/connectors.yaml"}) || r.m.page().(*runPage).command != "gcdiag check --connectors /exports/connectors.yaml" {
		t.Errorf("wrote %q", r.f.wrote)
	}
	f := newFake(t, "faults")
	f.existing["/exports/connectors.yaml"] = true
	r = newRig(t, f, Options{Folder: "/exports"}).press("enter", "enter", "enter", "enter", "enter")
	r.press("enter").has("exists. Replace it?")
	r.press("n").hasNot("Replace it?")
	r.press("enter", "y").has("Judged")
	f = newFake(t, "faults")
	f.settle = hinted{errors.New("the export does not tell the account"), "name it"}
	newRig(t, f, Options{Folder: "/exports"}).press("enter", "enter", "enter", "enter", "enter").has2("does not tell the account").has2("name it")
	f = newFake(t, "faults")
	r = newRig(t, f, Options{Folder: "/exports"}).press("enter", "enter", "enter", "enter", "enter", "e", "ctrl+u").typed("/elsewhere/c.yaml").press("enter")
	r.press("G").has("/elsewhere/c.yaml", "../exports/log.csv")
	r.press("n").has("Judged")
	if len(f.wrote) != 0 {
		t.Error("n saves")
	}
}

func TestChangingWhatAFileHolds(t *testing.T) {
	r := surveyed(t).press("g", "enter", "enter").has2("What is one row of this file?")
	r.press("G", "enter").has("exceptions", "erp")
	p := r.m.page().(*columnsPage)
	if p.e.Record != record.Exceptions || p.e.Role != record.ERP || len(p.e.Words) != 0 {
		t.Errorf("export %+v", p.e)
	}
	r.press("down", "enter").has("Which system does it come from?")
	r.press("enter", "esc").has("What the files hold")
}

func TestSystemsFromAPackToARun(t *testing.T) {
	r := connected(t)
	r.has("Testing Shopify", "401 Unauthorized", "Make a new token")
	if r.f.kept["shopify-token"] != "s3cret" {
		t.Errorf("kept %v", r.f.kept)
	}
	r.press("r")
	if r.f.tested != 2 {
		t.Error("r does not test again")
	}
	r.press("esc").has("••••••")
	r.hasNot("s3cret")
	r.press("enter", "enter").has("a test failed", "integration")
	r.press("enter", "/").typed("relay 17").press("enter").has("Relay 17")
	r.press("esc", "G", "up", "enter").has("answered by hand")
	r.press("enter", "enter").has("NetSuite", "sign in with")
	r.press("enter").typed("https://1.example").press("enter", "right").has("OAuth 2.0", "client_id")
	r.press("enter").typed("me").press("enter", "right").has("variable")
	r.press("enter").has("NETSUITE_KEY")
	r.press("enter").has("Testing NetSuite")
	r.press("enter", "enter").has("Question 1 of 3", "step 2")
	r.press("enter", "enter", "enter").has("liability account", "look back")
	r.typed("2400").press("enter", "enter", "enter", "enter")
	c, ok := r.m.page().(*configPage)
	if !ok {
		t.Fatalf("no configuration:\n%s", r.view())
	}
	if len(c.cfg.Connectors) != 2 || c.cfg.Window.Last != 30*24*time.Hour || c.sheet == nil {
		t.Errorf("configuration %+v", c.cfg)
	}
	erp := c.cfg.Connectors[1]
	if erp.Auth["key"].String() != "${env:NETSUITE_KEY}" || erp.Settings["client_id"] != "me" || erp.URL != "https://1.example" {
		t.Errorf("ERP %+v", erp)
	}
	if k := c.cfg.Connectors[0]; k.Auth["token"].String() != "${keychain:shopify-token}" || k.Settings["api_version"] != "2026-10" {
		t.Errorf("platform %+v", k)
	}
}

func TestSystemsByHandAndNone(t *testing.T) {
	r := newRig(t, newFake(t, "faults"), Options{}).press("down", "enter", "G", "enter")
	r.has("Say first how the platform is read")
	for range 3 {
		r.press("enter", "G", "enter")
	}
	r.has("there is none")
	r.press("enter").has("By hand: which systems")
	r = newRig(t, newFake(t, "faults"), Options{}).press("down", "enter", "enter", "down", "enter", "ctrl+u").typed("/exports").press("enter").has2("ledger.csv")
	r.press("G", "enter").has("1 export file of /exports")
}

func TestCommandsNeedAYes(t *testing.T) {
	f := newFake(t, "faults")
	r := newRig(t, f, Options{})
	cfg := f.config("connectors.yaml")
	ref, err := connector.ParseReference("${cmd:op read op://vault/shop}", ".", connector.Options{})
	if err != nil {
		t.Fatal(err)
	}
	cfg.Connectors[0].Auth = map[string]connector.Reference{"token": ref}
	r.do(r.m.push(newRun(r.m, cfg, "", nil)))
	r.has("Nothing is run without a yes", "${cmd:op")
	if f.gone != 0 {
		t.Fatal("read without a yes")
	}
	r.press("y")
	if f.gone != 1 || !f.cmds {
		t.Error("a yes does not permit the commands")
	}
	r = newRig(t, newFake(t, "faults"), Options{})
	r.do(r.m.push(newRun(r.m, cfg, "", nil)))
	r.press("n").has("Where does")
	if r.f.gone != 0 {
		t.Error("a no reads all the same")
	}
}

func TestDemo(t *testing.T) {
	r := newRig(t, newFake(t, "faults"), Options{}).press("G", "enter", "/").typed("till").press("enter", "enter")
	r.has("Judged")
	r.clock()
	if r.m.source.command != "gcdiag demo filtered --files" {
		t.Errorf("command %q", r.m.source.command)
	}
}

func TestFieldTyping(t *testing.T) {
	f := newField("one two")
	for _, k := range []string{"ctrl+w", "x", "left", "y", "home", "z", "delete", "right", "end", "backspace", "ctrl+a", "right", "ctrl+k"} {
		f.heeds(keyOf(k))
	}
	if f.value() != "z" {
		t.Errorf("typed %q", f.value())
	}
	f.heeds(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("a\x1b[2Jb"), Paste: true})
	if strings.ContainsRune(f.value(), 0x1b) {
		t.Errorf("pasted control characters: %q", f.value())
	}
	if f.heeds(keyOf("tab")) {
		t.Error("tab is typed")
	}
}

func TestSmallScreensKeepTheHeadline(t *testing.T) {
	r := saved(t, "faults")
	r.size(40, 10)
	r.has("Make the window larger: 60×20", "FAILS AT STEP 2")
}
