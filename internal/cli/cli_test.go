package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"gcdiag/internal/gather"
	"gcdiag/internal/money"
	"gcdiag/internal/record"
	"gcdiag/internal/report"
)

// machine is a program with streams, clock and environment of its own.
func machine(env map[string]string) (p *program, out, err *bytes.Buffer) {
	out, err = &bytes.Buffer{}, &bytes.Buffer{}
	at := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	return &program{in: strings.NewReader(""), out: out, err: err, now: func() time.Time { return at }, getenv: func(k string) string { return env[k] }}, out, err
}

// folder writes files into a new folder and returns its path.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(dir, "config"))
	t.Setenv("HOME", dir)
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

var month = map[string]string{
	"connectors.yaml": `version: 1
window: {since: 2026-10-01, until: 2026-11-01}
as_of: 2026-11-03T00:00:00Z
ledger: {liability_accounts: ["2400"], currency: USD}
connectors:
  - {role: platform, name: Shop, probe: file, files: {movements: movements.csv}}
  - {role: integration, name: Relay, probe: file, files: {deliveries: deliveries.csv}}
  - {role: erp, name: Books, probe: file, files: {postings: erp.csv}}
`,
	"movements.csv":  "id,kind,card,amount,at\nm-1,load,c-1,50.00,2026-10-02T10:00:00Z\nm-2,load,c-2,25.00,2026-10-03T10:00:00Z\n",
	"deliveries.csv": "event,outcome,received_at\nm-1,delivered,2026-10-02T10:01:00Z\nm-2,filtered,2026-10-03T10:01:00Z\n",
	"erp.csv":        "id,ref,kind,dated,account,amount\np-1,m-1,load,2026-10-02,2400,50.00\n",
}

// hook is a writer that sees every write.
type hook func(string)

func (h hook) Write(b []byte) (int, error) { h(string(b)); return len(b), nil }

// A run that is cancelled before the ERP's file keeps and judges the rest.
func TestCancelledRunKeepsWhatItRead(t *testing.T) {
	dir := folder(t, month)
	ctx, cancel := context.WithCancel(context.Background())
	p, out, _ := machine(nil)
	p.err = hook(func(s string) {
		if strings.Contains(s, "msg=reading") && strings.Contains(s, "erp.csv") {
			cancel()
		}
	})
	saved := filepath.Join(dir, "partial.json")
	code := p.run(ctx, []string{"check", "-c", filepath.Join(dir, "connectors.yaml"), "--log-level", "debug", "--report", saved, "--format", "json"})
	if code != codeInterrupted {
		t.Fatalf("code %d", code)
	}
	d, err := report.Decode(bytes.NewReader(out.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if d.Run.Complete || d.Systems[0].Reads[0].Read != 2 || d.Systems[2].Reads[0].Read != 0 {
		t.Errorf("complete %v, reads %+v", d.Run.Complete, d.Systems)
	}
	if b, err := os.ReadFile(saved); err != nil || !bytes.Equal(b, out.Bytes()) {
		t.Errorf("the saved report is not the one written: %v", err)
	}
}

// A run that is interrupted while it judges writes nothing and says so.
func TestInterruptedJudging(t *testing.T) {
	for _, command := range []string{"check", "demo"} {
		dir := folder(t, month)
		ctx, cancel := context.WithCancel(context.Background())
		p, out, _ := machine(nil)
		var said strings.Builder
		p.err = hook(func(s string) {
			said.WriteString(s)
			if strings.Contains(s, "msg=judging") {
				cancel()
			}
		})
		saved := filepath.Join(dir, "r.json")
		args := []string{"check", "-c", filepath.Join(dir, "connectors.yaml")}
		if command == "demo" {
			args = []string{"demo"}
		}
		code := p.run(ctx, append(args, "--log-level", "debug", "--report", saved))
		if code != codeInterrupted || out.Len() > 0 || !strings.Contains(said.String(), "gcdiag: error: judging was interrupted") {
			t.Errorf("%s: code %d, written %q, said %s", command, code, out, said.String())
		}
		if _, err := os.Stat(saved); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: a report was saved: %v", command, err)
		}
	}
}

// A panic is a message, a hint and code 4; the stack only where it is asked for.
func TestPanic(t *testing.T) {
	for _, level := range []string{"warn", "debug"} {
		p, _, err := machine(nil)
		p.now = func() time.Time { panic("card 4F7Q2M8XK4P9LD12 \x1b[31m is wrong") }
		dir := folder(t, month)
		code := p.run(context.Background(), []string{"check", "-c", filepath.Join(dir, "connectors.yaml"), "--log-level", level})
		text := err.String()
		if code != codeInternal || !strings.Contains(text, "gcdiag: error: internal error: ") || !strings.Contains(text, "gcdiag: hint: ") {
			t.Errorf("code %d: %s", code, text)
		}
		if strings.Contains(text, "\x1b") || strings.Contains(text, "4F7Q2M8XK4P9LD12") {
			t.Errorf("raw: %q", text)
		}
		if got := strings.Contains(text, "goroutine"); got != (level == "debug") {
			t.Errorf("stack shown at %s: %v", level, got)
		}
	}
}

// Where the report can't be saved in the end, the diagnosis is written all the same.
func TestUnsavedReportIsStillWritten(t *testing.T) {
	dir := folder(t, month)
	p, out, err := machine(nil)
	p.now = func() time.Time { // the folder goes away while gcdiag works
		os.RemoveAll(filepath.Join(dir, "gone"))
		return time.Now()
	}
	if e := os.Mkdir(filepath.Join(dir, "gone"), 0o700); e != nil {
		t.Fatal(e)
	}
	code := p.run(context.Background(), []string{"check", "-c", filepath.Join(dir, "connectors.yaml"), "--report", filepath.Join(dir, "gone", "r.json")})
	if code != codeInternal || !strings.Contains(out.String(), "FAILS AT STEP 2") || !strings.Contains(err.String(), "r.json") {
		t.Errorf("code %d, %q", code, err.String())
	}
}

// Output that can't be written is an error, never a verdict.
func TestBrokenOutput(t *testing.T) {
	dir := folder(t, month)
	for _, args := range [][]string{{"check", "-c", filepath.Join(dir, "connectors.yaml")}, {"explain"}, {"version"}, {"report", "schema"}, {"demo", "--list"}} {
		p, _, _ := machine(nil)
		p.out = broken{}
		if code := p.run(context.Background(), args); code != codeInternal {
			t.Errorf("%v: code %d", args, code)
		}
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestComplain(t *testing.T) {
	hinted := func(text, hint string) error { return wrong(hint, "%s", text) }
	for _, c := range []struct {
		story string
		err   error
		lines []string
	}{
		{"one", errors.New("it broke"), []string{"gcdiag: error: it broke"}},
		{"with a hint", hinted("no such file", "name it"), []string{"gcdiag: error: no such file", "gcdiag: hint: name it"}},
		{"with the hint of its cause", fmt.Errorf("reading: %w", hinted("no such file", "name it")), []string{"gcdiag: error: reading: no such file", "gcdiag: hint: name it"}},
		{"several", misconfigured(errors.Join(hinted("a", "h"), errors.Join(hinted("b", "h"), errors.New("c")))), []string{"gcdiag: error: a", "gcdiag: hint: h", "gcdiag: error: b", "gcdiag: error: c"}},
		{"one with two causes stays one", fmt.Errorf("line 3: %w: %w", errors.New("damaged"), errors.New("bad brace")), []string{"gcdiag: error: line 3: damaged: bad brace"}},
		{"escaped", errors.New("bad \x1b[2J\nfile"), []string{`gcdiag: error: bad \u001b[2J\nfile`}},
	} {
		t.Run(c.story, func(t *testing.T) {
			p, _, err := machine(nil)
			p.complain(c.err)
			got := strings.Split(strings.TrimSuffix(err.String(), "\n"), "\n")
			if strings.ReplaceAll(strings.Join(got, "|"), `\x1b`, `\u001b`) != strings.Join(c.lines, "|") {
				t.Errorf("got  %q\nwant %q", got, c.lines)
			}
		})
	}
	p, _, err := machine(nil)
	var many []error
	for i := range 500 {
		many = append(many, fmt.Errorf("mistake %d", i))
	}
	p.complain(errors.Join(many...))
	if n := strings.Count(err.String(), "\n"); n != shown+1 {
		t.Errorf("%d lines for 500 mistakes", n)
	}
}

func TestCodeOf(t *testing.T) {
	for _, c := range []struct {
		err  error
		code int
	}{
		{errors.New("disk full"), codeInternal},
		{wrong("", "no"), codeUsage},
		{fmt.Errorf("and so: %w", wrong("", "no")), codeUsage},
		{errors.Join(wrong("", "no"), wrong("", "neither")), codeUsage},
	} {
		if got := codeOf(c.err); got != c.code {
			t.Errorf("%v: %d", c.err, got)
		}
	}
}

func TestColored(t *testing.T) {
	for _, c := range []struct {
		story    string
		flag     string
		env      map[string]string
		plain    bool
		terminal bool
		windows  bool
		want     bool
	}{
		{"a terminal", "auto", nil, false, true, false, true},
		{"a pipe", "auto", nil, false, false, false, false},
		{"a forced pipe", "auto", map[string]string{"CLICOLOR_FORCE": "1"}, false, false, false, true},
		{"not forced", "auto", map[string]string{"CLICOLOR_FORCE": "0"}, false, false, false, false},
		{"NO_COLOR wins over force", "auto", map[string]string{"NO_COLOR": "1", "CLICOLOR_FORCE": "1"}, false, true, false, false},
		{"the flag wins over NO_COLOR", "always", map[string]string{"NO_COLOR": "1"}, false, false, false, true},
		{"never", "never", map[string]string{"CLICOLOR_FORCE": "1"}, false, true, false, false},
		{"a dumb terminal", "auto", map[string]string{"TERM": "dumb"}, false, true, false, false},
		{"plain", "auto", nil, true, true, false, false},
		{"an old Windows console", "auto", nil, false, true, true, false},
		{"Windows Terminal", "auto", map[string]string{"WT_SESSION": "x"}, false, true, true, true},
	} {
		t.Run(c.story, func(t *testing.T) {
			p, _, _ := machine(c.env)
			p.flags.color, p.flags.plain, p.outTerminal, p.windows = c.flag, c.plain, c.terminal, c.windows
			if got := p.colored(); got != c.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestASCII(t *testing.T) {
	for _, c := range []struct {
		story   string
		env     map[string]string
		windows bool
		want    bool
	}{
		{"UTF-8", map[string]string{"LANG": "de_DE.UTF-8"}, false, false},
		{"another spelling", map[string]string{"LC_CTYPE": "en_US.utf8"}, false, false},
		{"Latin 1", map[string]string{"LANG": "de_DE.ISO-8859-1"}, false, true},
		{"LC_ALL wins", map[string]string{"LC_ALL": "C", "LANG": "de_DE.UTF-8"}, false, true},
		{"an empty one counts for nothing", map[string]string{"LC_ALL": "", "LANG": "de_DE.UTF-8"}, false, false},
		{"no locale is the C locale", nil, false, true},
		{"Windows", nil, true, false},
		{"a dumb terminal", map[string]string{"TERM": "dumb", "LANG": "de_DE.UTF-8"}, false, true},
	} {
		t.Run(c.story, func(t *testing.T) {
			p, _, _ := machine(c.env)
			p.windows = c.windows
			if got := p.ascii(); got != c.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestNear(t *testing.T) {
	words := []string{"filtered", "failed", "no-feed", "m-1001", "m-1002", "gift-100123"}
	for _, c := range []struct{ word, want string }{
		{"filterd", "filtered"}, {"FILTERED", "filtered"}, {"fialed", "failed"}, {"m-1003", "m-1001 m-1002"}, {"100123", "gift-100123"},
		{"zebra", ""}, {"", ""}, {"x", ""}, {strings.Repeat("y", 500), ""},
	} {
		if got := strings.Join(near(c.word, words), " "); got != c.want {
			t.Errorf("%q: %q, want %q", c.word, got, c.want)
		}
	}
}

// FuzzWrap demands that wrapping changes nothing but blanks, and keeps to the
// width where words allow it.
func FuzzWrap(f *testing.F) {
	f.Add("a few words to wrap", 8, "  ")
	f.Add("  indented\tand  spaced ", 5, "")
	f.Fuzz(func(t *testing.T, text string, width int, indent string) {
		indent = strings.Repeat(" ", min(len(indent), 8))
		width = max(1, min(width, 200))
		lines := wrap(text, width, indent)
		if len(lines) == 0 {
			t.Fatal("no line")
		}
		pack := func(s string) string { return strings.ReplaceAll(s, " ", "") }
		if pack(strings.Join(lines, "")) != pack(text) {
			t.Errorf("%q became %q", text, lines)
		}
	})
}

func TestProgress(t *testing.T) {
	now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	p, _, err := machine(map[string]string{"TERM": "xterm"})
	p.now = func() time.Time { return now }
	p.errTerminal, p.errColumns = true, 60
	show := p.watch()
	show(gather.Progress{Input: "erp.csv"})
	if err.Len() > 0 {
		t.Fatalf("it spoke at once: %q", err)
	}
	now = now.Add(2 * time.Second)
	all := gather.Overall{Files: 1, Read: 25, Total: 100, Rows: 12345, Left: 6 * time.Second}
	show(gather.Progress{Input: "erp.csv", Read: 25, Total: 100, Rows: 12345, All: all})
	if want := "\rreading erp.csv: 12,345 rows, 25 %, about 6 s left"; err.String() != want {
		t.Errorf("got %q", err)
	}
	for _, tt := range []struct {
		g    gather.Progress
		want string
	}{
		{gather.Progress{Input: "evil\x1b[2J" + strings.Repeat("x", 80), Read: 99, Total: 100, All: all}, "reading: 12,345 rows, 25 %, about 6 s left"},
		{gather.Progress{Input: "evil\x1b[2J" + strings.Repeat("x", 80)}, `reading evil\x1b[2J` + strings.Repeat("x", 40)},
		{gather.Progress{Input: "b.csv", All: gather.Overall{Files: 3, Total: 9}}, "reading 3 files"},
		{gather.Progress{Input: "b.csv", All: gather.Overall{Files: 3, Read: 1, Total: 9}}, "reading 3 files: 11 %"},
		{gather.Progress{Input: "b.csv", All: gather.Overall{Files: 12, Read: 8, Total: 9, Rows: 123456789, Left: 3*time.Hour + 25*time.Minute}}, "reading: 123,456,789 rows, 88 %, about 3 h 25 min left"},
		{gather.Progress{Input: "b.csv", All: gather.Overall{Files: 3, Read: 9, Total: 9, Rows: 1}}, "reading 3 files: 1 row, 100 %"},
	} {
		p.progress.length = 0
		err.Reset()
		show(tt.g)
		if s := err.String(); s != "\r"+tt.want || utf8.RuneCountInString(s) > 60 {
			t.Errorf("got %q, want %q", s, tt.want)
		}
	}
	for spent, want := range map[time.Duration]string{0: "judging 1,234,567 events", 75 * time.Second: "judging 1,234,567 events, 1 min 15 s"} {
		if s := judgingText(1234567, spent); s != want {
			t.Errorf("got %q, want %q", s, want)
		}
	}
	p.judging(5)
	p.clearProgress()
	show(gather.Progress{Input: strings.Repeat("x", 80)})
	err.Reset()
	p.say("done")
	if s := err.String(); s != "\r"+strings.Repeat(" ", 59)+"\rgcdiag: done\n" {
		t.Errorf("got %q", s)
	}
	for _, quiet := range []func(*program){
		func(p *program) { p.errTerminal = false }, func(p *program) { p.flags.plain = true }, func(p *program) { p.getenv = func(string) string { return "dumb" } },
	} {
		p, _, _ := machine(nil)
		p.errTerminal = true
		quiet(p)
		if p.watch() != nil {
			t.Error("somebody is told although nobody looks")
		}
	}
}

func TestRedactionKey(t *testing.T) {
	dir := folder(t, nil)
	p, _, err := machine(nil)
	first, e := p.redactionKey("")
	if e != nil || len(first) != keySize {
		t.Fatal(len(first), e)
	}
	second, e := p.redactionKey("")
	if e != nil || !bytes.Equal(first, second) || err.Len() > 0 {
		t.Errorf("another key: %v, %s", e, err)
	}
	left, _ := filepath.Glob(filepath.Join(dir, "config", "gcdiag", "*"))
	hidden, _ := filepath.Glob(filepath.Join(dir, "config", "gcdiag", ".*"))
	if len(left)+len(hidden) != 1 {
		t.Errorf("files left: %v %v", left, hidden)
	}
	if e := os.WriteFile(left[0], []byte("half"), 0o600); e != nil {
		t.Fatal(e)
	}
	if k, e := p.redactionKey(""); e != nil || len(k) != keySize || !strings.Contains(err.String(), "damaged") {
		t.Errorf("a damaged key: %v, %q", e, err)
	}
	if b, _ := os.ReadFile(left[0]); string(b) != "half" {
		t.Error("the damaged key was replaced")
	}
	if strings.Contains(err.String(), string(first)) {
		t.Error("the key was printed")
	}
}

func TestMeaning(t *testing.T) {
	for _, c := range []struct {
		t            record.Type
		column, word string
		want         string // "?" for a question, "" for nothing known
	}{
		{record.Movements, "kind", "issue", "load"},
		{record.Movements, "kind", "GIFT_CARD_REDEEMED", "redemption"},
		{record.Movements, "kind", "ACTIVATE", "load"},
		{record.Movements, "kind", "refund", "?"},
		{record.Movements, "kind", "GiftCardCreditTransaction", "?"},
		{record.Movements, "kind", "debit", "?"},
		{record.Movements, "kind", "frobnicate", ""},
		{record.Postings, "kind", "GiftCertSale", "load"},
		{record.Postings, "kind", "Invoice", ""},
		{record.Deliveries, "outcome", "Success", "delivered"},
		{record.Deliveries, "outcome", "Ignored", "filtered"},
		{record.Movements, "status", "Voided", "cancelled"},
		{record.Postings, "status", "Pending Approval", "open"},
		{record.Orders, "status", "Pending", ""},
		{record.Flows, "enabled", "on", "yes"},
	} {
		ours, question := meaning(c.t, c.column, c.word)
		if question != "" {
			ours = "?"
		}
		if ours != c.want {
			t.Errorf("%s %s %q: %q, want %q", c.t, c.column, c.word, ours, c.want)
		}
	}
	for _, words := range meanings {
		for column, list := range words {
			for theirs, ours := range list {
				found := false
				for typ := record.Movements; typ <= record.Exceptions; typ++ {
					for _, w := range record.Vocabulary(typ, column) {
						found = found || w == ours
					}
				}
				if !found || record.Fold(theirs) != theirs {
					t.Errorf("%s: %q is mapped to %q", column, theirs, ours)
				}
			}
		}
	}
}

func TestLiability(t *testing.T) {
	for _, c := range []struct {
		story    string
		accounts []account
		want     string
	}{
		{"the only one", []account{{"1000", 3, 0}}, "1000"},
		{"most of the rows that look like it", []account{{"2400", 9, 9}, {"4000", 30, 2}}, "2400"},
		{"by name, though most loads go elsewhere", []account{{"2400 Gift Card Liability", 2, 2}, {"4000 Sales", 30, 20}}, "2400 Gift Card Liability"},
		{"gift card sales are no liability", []account{{"4100 Gift Card Sales", 9, 1}, {"2400", 9, 8}}, "2400"},
		{"a draw", []account{{"2400", 9, 5}, {"2500", 9, 5}}, ""},
		{"two by name", []account{{"2400 Gift Cards USD", 9, 5}, {"2401 Gift Cards EUR", 9, 5}}, ""},
		{"nothing looks like it", []account{{"1000", 9, 0}, {"2000", 9, 0}}, ""},
		{"no accounts", nil, ""},
	} {
		t.Run(c.story, func(t *testing.T) {
			s := survey{accounts: map[string]*account{}, currency: map[money.Currency]int{}}
			for i := range c.accounts {
				s.accounts[c.accounts[i].name] = &c.accounts[i]
			}
			if got, why := s.liability(); got != c.want || (why == "") != (c.accounts == nil) {
				t.Errorf("got %q, %s", got, why)
			}
		})
	}
}

func TestVendorOf(t *testing.T) {
	for _, c := range []struct {
		role       record.Role
		name, want string
	}{
		{record.Platform, "shopify_gift_card_transactions.csv", "Shopify"},
		{record.ERP, "NetSuite GL 2026.xlsx", "NetSuite"},
		{record.ERP, "business-central.csv", "Business Central"},
		{record.ERP, "shopify.csv", ""},
		{record.ERP, "sapphire.csv", ""},
		{record.Integration, "export.csv", ""},
	} {
		if got := vendorOf(c.role, c.name); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// What stands in a terminal never comes from a file as it is, in JSON neither.
func TestPrintJSON(t *testing.T) {
	p, out, _ := machine(nil)
	if err := p.printJSON([]report.Trace{{Event: "a\u009b\u202eb\U000e0001\x1b<&>"}}); err != nil {
		t.Fatal(err)
	}
	for _, r := range out.String() {
		if r != '\n' && report.Unprintable(r) {
			t.Errorf("raw %U in %q", r, out)
		}
	}
	var back []report.Trace
	if err := json.Unmarshal(out.Bytes(), &back); err != nil || back[0].Event != "a\u009b\u202eb\U000e0001\x1b<&>" {
		t.Errorf("%v %+v", err, back)
	}
}

// Help is laid out for narrow terminals, too.
func TestHelpWidth(t *testing.T) {
	for _, args := range [][]string{{"--help"}, {"check", "--help"}, {"trace", "--help"}, {"init", "--help"}, {"report", "diff", "--help"}, {"demo", "--help"}} {
		p, out, _ := machine(nil)
		p.columns = 60
		if code := p.run(context.Background(), args); code != codeSound {
			t.Fatal(args, code)
		}
		for line := range strings.Lines(out.String()) {
			if line = strings.TrimSuffix(line, "\n"); len([]rune(line)) > 60 && !strings.HasPrefix(line, "  gcdiag") {
				t.Errorf("%v: %d columns: %s", args, len(line), line)
			}
		}
	}
}
