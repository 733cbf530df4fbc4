package wizard

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"gcdiag/internal/casefile"
	"gcdiag/internal/report"
)

// talk runs the wizard line by line with some answers.
func talk(t *testing.T, f *fake, o Options, lines ...string) (string, Outcome) {
	t.Helper()
	var out bytes.Buffer
	o.Engine, o.In, o.Out, o.Plain, o.Tool = f, strings.NewReader(strings.Join(lines, "\n")+"\n"), &out, true, "gcdiag test"
	o.Getenv, o.Now = func(string) string { return "" }, func() time.Time { return noon }
	got, err := Run(context.Background(), o)
	if err != nil {
		t.Fatalf("%v after\n%s", err, out.String())
	}
	return out.String(), got
}

func holds(t *testing.T, out string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(out, w) {
			t.Errorf("the talk lacks %q:\n%s", w, out)
		}
	}
}

func TestPlainDemoToASavedReport(t *testing.T) {
	f := newFake(t, "filtered")
	out, got := talk(t, f, Options{}, "demo", "till", "follow", "t-50000284", "summary", "replay", "command", "JSON", "", "q")
	holds(t, out, "What is there to look at?", "Which month?", "FAILS AT STEP 2, FORWARD", "PLATFORM", "Gift card handoff, 1 – 31 Oct", "t-50000284  load  25.00 USD", "gcdiag demo filtered --files", "Saved as gcdiag-2026-11-24-acme-store.json")
	if len(got.Saved) != 1 || len(f.saved) != 1 || got.Document == nil {
		t.Errorf("outcome %+v", got.Saved)
	}
}

func TestPlainFolder(t *testing.T) {
	f := newFake(t, "faults")
	f.existing["/exports/connectors.yaml"] = true
	out, got := talk(t, f, Options{}, "1", "/exports", "2", "amount: Amount", "Shop", "Storno", "reversal", "Leave this file out", "Use this file", "1", "1", "2400", "usd", "", "y", "y", "q")
	holds(t, out, "Not used: notes.txt", "1 to decide", "its name says so", "version: 1", "exists. Replace it?", "FAILS AT STEP 2")
	e := f.survey.Files[0]
	if e.Entry.Columns["amount"] != "Shop" || e.Entry.Values["kind"]["Storno"] != "reversal" || f.basics.Currency != "USD" || len(f.wrote) != 1 || got.Saved[0] != "/exports/connectors.yaml" {
		t.Errorf("entry %+v, basics %+v, wrote %q", e.Entry, f.basics, f.wrote)
	}
}

func TestPlainByHand(t *testing.T) {
	lines := []string{"hand", "Shop", "Relay", "Books", "2400", "1", "", "3", "since May"}
	for range 8 {
		lines = append(lines, "1", "")
	}
	out, got := talk(t, newFake(t, "faults"), Options{}, append(lines, "q")...)
	holds(t, out, "Question 1 of 12", "Question 10 of 10", "nothing here was measured", "Relay filters out loads", "told")
	if got.Document.Outcome.Status != "fault" || *got.Document.Outcome.Evidence != "told" || !strings.Contains(got.Document.Findings[0].Cause, "since May") {
		t.Errorf("outcome %+v", got.Document.Outcome)
	}
}

func TestPlainSystems(t *testing.T) {
	f := newFake(t, "faults")
	f.checks = []Check{{Name: "reaches the host", Status: "pass"}}
	lines := []string{"live", "Shopify:", "", "not a url", "https://x.example", "soon", "2026-07", "keychain", "s3cret", // the platform
		"I answer", "there is none", "1", "", "1", "", "1", "", "", "", "UTC", "30d", "n", "q"}
	out, _ := talk(t, f, Options{}, lines...)
	holds(t, out, "That can't be: it should look like https://acme.myshopify.com", "That can't be: it should look like 2026-10", "pass: reaches the host", "step")
	if f.kept["shopify-token"] != "s3cret" || f.gone != 1 || len(f.wrote) != 0 {
		t.Errorf("kept %v, read %d times", f.kept, f.gone)
	}
	if strings.Contains(out, "${keychain:shopify-token}") == false {
		t.Errorf("the configuration does not refer to the keychain:\n%s", out)
	}
}

func TestPlainFailedSource(t *testing.T) {
	f := newFake(t, "undetermined")
	f.gather = func(context.Context, func(Progress)) (*casefile.Case, error) { return failedCase(), nil }
	out, got := talk(t, f, Options{Connectors: []string{"c.yaml"}, Yes: true}, "hand", "filter", "", "1", "", "1", "", "q")
	holds(t, out, "Not read: Relay, deliveries: 401", "What now?", "Question 1 of 3")
	if got.Document.Findings[0].Evidence != "told" {
		t.Errorf("finding %+v", got.Document.Findings[0])
	}
	if out, _ = talk(t, f, Options{Connectors: []string{"c.yaml"}, Yes: true}, "retry", "1", "q"); f.gone != 3 {
		t.Errorf("read %d times:\n%s", f.gone, out)
	}
}

// However the input ends, the talk ends, without an error.
func TestPlainEndsWithItsInput(t *testing.T) {
	d := document(t, "faults")
	for _, lines := range [][]string{{"q"}, {}, {"zzz"}, {"demo"}, {"folder"}, {"1", "/none", "q"}, {"hand", "Shop"}, {"1", "/exports", "2", "3"}} {
		talk(t, newFake(t, "faults"), Options{}, lines...)
	}
	out, _ := talk(t, newFake(t, "faults"), Options{Document: &d, Path: "x.json"}, "again", "command", "q")
	if strings.Count(out, "What this rests on") < 2 {
		t.Error("the verdict is not shown again")
	}
	holds(t, out, "gcdiag report show x.json")
	f := newFake(t, "faults")
	f.loadErr = hinted{errors.New("line 12: unknown probe"), "did you mean it?"}
	out, _ = talk(t, f, Options{Connectors: []string{"c.yaml"}}, "1", "q")
	holds(t, out, "Error: line 12", "did you mean it?")
}

func TestPlainSaysNothingThatActs(t *testing.T) {
	d := hostile(t).m.book.d
	for _, asciiOnly := range []bool{false, true} {
		out, _ := talk(t, newFake(t, "faults"), Options{Document: &d, Path: "x\x1b.json", ASCII: asciiOnly}, "summary", "replay", "command", "q")
		for _, c := range out {
			if c != '\n' && (report.Unprintable(c) || asciiOnly && c > 126) {
				t.Fatalf("the talk holds %q:\n%q", c, out)
			}
		}
	}
}

func TestPlainStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	never, w := io.Pipe()
	defer w.Close()
	_, err := Run(ctx, Options{Engine: newFake(t, "faults"), In: never, Out: &bytes.Buffer{}, Plain: true, Getenv: func(string) string { return "" }})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestWhenToBePlain(t *testing.T) {
	env := func(kv ...string) func(string) string {
		return func(k string) string {
			for i := 0; i < len(kv); i += 2 {
				if kv[i] == k {
					return kv[i+1]
				}
			}
			return ""
		}
	}
	for _, c := range []struct {
		env          func(string) string
		plain, ascii bool
	}{
		{env("TERM", "xterm-256color", "LANG", "en_US.UTF-8"), false, false},
		{env("TERM", "dumb", "LANG", "C.utf8"), true, false},
		{env("LANG", "C"), true, true},
		{env("TERM", "xterm", "ACCESSIBLE", "1"), true, true},
		{env("TERM", "xterm", "LC_ALL", "C", "LANG", "en_US.UTF-8"), false, true},
	} {
		if p, a := NeedsPlain(c.env), NeedsASCII(c.env); p != c.plain || a != c.ascii {
			t.Errorf("plain %v, ASCII %v", p, a)
		}
	}
	for s, want := range map[string]bool{"15;0": false, "0;15": true, "0;default;15": true, "": false, "12;8": false, "0;7": true, "x": false} {
		if light(s) != want {
			t.Errorf("COLORFGBG=%s: light = %v", s, !want)
		}
	}
	for s, want := range map[string]string{"a/b.yaml": "a/b.yaml", "it's": `'it'\''s'`, "-x": "'-x'", "": "''", "a b": "'a b'"} {
		if quote(s) != want {
			t.Errorf("quote(%q) = %s", s, quote(s))
		}
	}
}
