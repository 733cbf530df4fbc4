package gather

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gcdiag/internal/casefile"
	"gcdiag/internal/connector"
	"gcdiag/internal/money"
	"gcdiag/internal/record"
	"gcdiag/internal/source/file"
)

const head = "version: 1\ntimezone: America/New_York\nledger: {liability_accounts: [\"2400\"], currency: USD}\n"

// folder makes files in a folder of their own and reads the configuration there.
func folder(t interface {
	Helper()
	Fatal(...any)
}, dir, yaml string, files map[string]string) *connector.Config {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg, err := connector.Parse(filepath.Join(dir, "connectors.yaml"), []byte(yaml), connector.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func gathered(t *testing.T, cfg *connector.Config, o Options) *casefile.Case {
	t.Helper()
	c, err := Run(t.Context(), cfg, o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const movements = "id,kind,card,amount,at,origin,till\n" +
	"m-1,load,c-1,50.00,2026-10-20T10:00:00Z,sold,1\n" +
	"m-2,redemption,c-1,20.00,2026-10-21 10:00,,2\n" +
	"m-3,load,c-2,oops,2026-10-21T11:00:00Z,sold,2\n"

const postings = "id,amount,dated,account,ref\n" +
	"p-1,50.00,2026-10-20,2400,m-1\n" +
	"p-2,-20.00,2026-10-23,2400,m-2\n"

func TestRun(t *testing.T) {
	cfg := folder(t, t.TempDir(), head+`
policy: {grace: 2d, basis: price_paid}
connectors:
- {role: platform, name: Shop, probe: file, files: {movements: exports/m.csv}, feeds: [{kind: load, origin: manual, via: none}], complete: {orders: {from: 2026-10-01, cap: 7, why: told}}}
- {role: erp, name: Books, probe: file, timezone: Asia/Tokyo, files: {postings: p.csv}, complete: {postings: true, rules: false}, entities: [Main]}
`, map[string]string{"exports/m.csv": movements, "p.csv": postings})
	c := gathered(t, cfg, Options{})
	if c.Mode != "files" || !c.Complete || c.Zone.String() != "America/New_York" || !slices.Equal(c.Liability, []string{"2400"}) || c.Currency != money.MustCurrency("USD") {
		t.Errorf("case %+v", c)
	}
	if want := (casefile.Policy{Grace: 48 * time.Hour, PricePaid: true, Loyalty: true, PointsPerUnit: 100, Tolerance: 1}); c.Policy != want {
		t.Errorf("policy %+v", c.Policy)
	}
	shop, books := c.Systems[0], c.Systems[1]
	if shop.Role != record.Platform || shop.Name != "Shop" || shop.Probe != "file" || shop.Zone != c.Zone || shop.Feeds[0] != (casefile.Feed{Kind: record.Load, Origin: "manual", Via: record.ViaNone}) {
		t.Errorf("shop %+v", shop)
	}
	if books.Role != record.ERP || books.Zone.String() != "Asia/Tokyo" || !slices.Equal(books.Entities, []string{"Main"}) {
		t.Errorf("books %+v", books)
	}
	m := shop.Read(record.Movements)
	if m.State != casefile.HasRows || m.Rows != 2 || m.Rejected != 1 || m.Stated != casefile.Unstated ||
		!slices.Equal(m.Columns, []string{"id", "kind", "card", "amount", "at", "origin"}) ||
		!m.From.Earliest().Equal(time.Date(2026, 10, 20, 10, 0, 0, 0, time.UTC)) || !m.To.Earliest().Equal(time.Date(2026, 10, 21, 14, 0, 0, 0, time.UTC)) {
		t.Errorf("movements %+v", m)
	}
	if o := shop.Read(record.Orders); o.State != casefile.Absent || o.Stated != casefile.Complete || o.Cap != 7 || o.Why != "told" || o.Covers.Since.IsZero() || !o.Covers.Until.IsZero() {
		t.Errorf("orders %+v", o)
	}
	if p := books.Read(record.Postings); p.State != casefile.HasRows || p.Stated != casefile.Complete || p.Rows != 2 {
		t.Errorf("postings %+v", p)
	}
	if r := books.Read(record.Rules); r.State != casefile.Absent || r.Stated != casefile.Partial {
		t.Errorf("rules %+v", r)
	}
	if len(shop.Inputs) != 1 || shop.Inputs[0].Name != "exports/m.csv" || shop.Inputs[0].Record != record.Movements || len(c.Rejects) != 1 || c.Rejects[0].Place != "exports/m.csv:4" {
		t.Errorf("inputs %+v, rejects %+v", shop.Inputs, c.Rejects)
	}
	for p := range c.Postings.All() {
		if p.System != 1 || p.Currency != money.MustCurrency("USD") {
			t.Errorf("posting %+v", p)
		}
		if p.ID == "p-1" && !p.Dated.Earliest().Equal(time.Date(2026, 10, 19, 15, 0, 0, 0, time.UTC)) {
			t.Errorf("a date of the books begins at %v", p.Dated.Earliest().UTC())
		}
	}
}

func TestFailForward(t *testing.T) {
	for _, c := range []struct {
		story, files string
		state        casefile.State
		rows         int
		why          []string
		inputs       int
	}{
		{"whole", "a.csv", casefile.HasRows, 2, nil, 1},
		{"one file named twice", `[a.csv, "a*.csv", ./a.csv]`, casefile.HasRows, 2, nil, 1},
		{"missing", "none.csv", casefile.Unread, 0, []string{"none.csv"}, 1},
		{"folder", "sub", casefile.Unread, 0, []string{"sub", "directory"}, 1},
		{"another type", "p.csv", casefile.Unread, 0, []string{"PDF"}, 1},
		{"a required column is missing", "b.csv", casefile.Unread, 0, []string{"b.csv", "amount"}, 1},
		{"empty", "e.csv", casefile.Empty, 0, nil, 1},
		{"header only", "h.csv", casefile.Empty, 0, nil, 1},
		{"every row rejected", "r.csv", casefile.Unread, 0, []string{"1 rows"}, 1},
		{"no match", "'z*.csv'", casefile.Unread, 0, []string{"z*.csv", "no file"}, 0},
		{"one of two missing", "[a.csv, none.csv]", casefile.Truncated, 2, []string{"none.csv"}, 2},
		{"two of three missing", "[none.csv, a.csv, 'z*']", casefile.Truncated, 2, []string{"none.csv", "z*"}, 2},
		{"an empty one beside", "[a.csv, e.csv]", casefile.HasRows, 2, nil, 2},
		{"one missing, one empty", "[none.csv, e.csv]", casefile.Unread, 0, []string{"none.csv"}, 2},
		{"glob", "'[ae].csv'", casefile.HasRows, 2, nil, 2},
	} {
		t.Run(c.story, func(t *testing.T) {
			cfg := folder(t, t.TempDir(), head+"connectors:\n- {role: platform, name: Shop, probe: file, files: {movements: "+c.files+"}}\n- {role: erp, name: Books, probe: file, files: {postings: p2.csv}}\n",
				map[string]string{"a.csv": movements, "b.csv": "id,kind,card,at\n1,load,c,2026-10-20\n", "e.csv": "", "h.csv": "id,kind,card,amount,at\n",
					"r.csv": "id,kind,card,amount,at\n1,load,c,x,2026-10-20\n", "p.csv": "%PDF-1.7\n", "p2.csv": postings, "sub/x.csv": "x"})
			got := gathered(t, cfg, Options{})
			r := got.Systems[0].Read(record.Movements)
			if r.State != c.state || r.Rows != c.rows || len(got.Systems[0].Inputs) != c.inputs {
				t.Errorf("read %+v with %d inputs, want %v, %d rows, %d inputs", r, len(got.Systems[0].Inputs), c.state, c.rows, c.inputs)
			}
			if (r.Why != "") != (len(c.why) > 0) {
				t.Errorf("why %q", r.Why)
			}
			for _, part := range c.why {
				if !strings.Contains(r.Why, part) {
					t.Errorf("why %q does not mention %q", r.Why, part)
				}
			}
			if gap := c.state == casefile.Unread || c.state == casefile.Truncated; got.Complete == gap {
				t.Errorf("complete is %v", got.Complete)
			}
			if got.Systems[1].Read(record.Postings).Rows != 2 {
				t.Error("the other system was not read")
			}
			for m := range got.Movements.All() {
				if in := got.Systems[0].Inputs[m.Input]; in.Name != "a.csv" {
					t.Errorf("movement %s is said to come from %s", m.ID, in.Name)
				}
			}
		})
	}
}

func TestCancelling(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cfg := folder(t, t.TempDir(), head+"connectors:\n- {role: platform, name: Shop, probe: file, files: {movements: a.csv, orders: o.csv}}\n- {role: erp, name: Books, probe: file, files: {postings: p.csv}}\n", nil)
	read := func(ctx context.Context, s file.Spec, sink file.Sink, _ file.Progress) (file.Result, error) {
		sink.Movement(&record.Movement{ID: "m-1", At: record.At(time.Unix(1_790_000_000, 0))})
		cancel()
		return file.Result{Input: casefile.Input{Name: s.Name}, Rows: 1, Stopped: "after row 2"}, ctx.Err()
	}
	c, err := run(ctx, cfg, Options{}, read)
	if err != nil {
		t.Fatal(err)
	}
	if c.Complete || c.Movements.Len() != 1 {
		t.Errorf("complete %v with %d movements", c.Complete, c.Movements.Len())
	}
	for _, r := range []casefile.Read{c.Systems[0].Read(record.Movements), c.Systems[0].Read(record.Orders), c.Systems[1].Read(record.Postings)} {
		want := casefile.Unread
		if r.Record == record.Movements {
			want = casefile.Truncated
		}
		if r.State != want || !strings.Contains(r.Why, "cancelled") {
			t.Errorf("read %+v", r)
		}
	}
}

func TestAFileThatBreaksOff(t *testing.T) {
	cfg := folder(t, t.TempDir(), head+"connectors:\n- {role: platform, name: Shop, probe: file, files: {movements: [a.csv, b.csv]}}\n", nil)
	read := func(_ context.Context, s file.Spec, sink file.Sink, _ file.Progress) (file.Result, error) {
		sink.Movement(&record.Movement{Source: record.Source{System: s.System, Input: s.Input, Row: 2}, ID: s.Name, At: record.At(time.Unix(1_790_000_000, 0))})
		d := casefile.Damage{Column: "id", Rows: 2, How: "leading zeros lost", Values: []string{s.Name}}
		return file.Result{Input: casefile.Input{Name: s.Name}, Rows: 1, Stopped: "after row 2: unexpected EOF", Damaged: []casefile.Damage{d}, Filled: []string{"at", "id"}}, nil
	}
	c, err := run(t.Context(), cfg, Options{}, read)
	if err != nil {
		t.Fatal(err)
	}
	r := c.Systems[0].Read(record.Movements)
	if r.State != casefile.Truncated || !strings.Contains(r.Why, "a.csv: after row 2") || !strings.Contains(r.Why, "b.csv") || c.Complete {
		t.Errorf("read %+v", r)
	}
	if len(r.Damaged) != 1 || r.Damaged[0].Rows != 4 || !slices.Equal(r.Damaged[0].Values, []string{"a.csv", "b.csv"}) {
		t.Errorf("damage %+v", r.Damaged)
	}
	if !slices.Equal(r.Columns, []string{"id", "at"}) {
		t.Errorf("columns %q", r.Columns)
	}
}

func TestTimes(t *testing.T) {
	type times struct{ since, until, asOf string }
	const movement = "id,kind,card,amount,at\nm-1,load,c,50.00,2026-10-20T12:00:00Z\n"
	for _, c := range []struct {
		story, window string
		files         map[string]string // record type: text
		options       Options
		want          times
	}{
		{"nothing said", "", map[string]string{"movements": movement}, Options{}, times{"2026-09-20T08:00:00-04:00", "2026-10-20T08:00:00.000000001-04:00", "2026-10-20T08:00:00-04:00"}},
		{"dates", "window: {since: 2026-10-01, until: 2026-11-02}", map[string]string{"movements": movement}, Options{}, times{"2026-10-01T00:00:00-04:00", "2026-11-02T00:00:00-05:00", "2026-10-20T08:00:00-04:00"}},
		{"as of", "as_of: 2026-10-25T00:00:00Z\nwindow: {last: 2d}", map[string]string{"movements": movement}, Options{}, times{"2026-10-22T20:00:00-04:00", "2026-10-24T20:00:00.000000001-04:00", "2026-10-24T20:00:00-04:00"}},
		{"days of 24 hours over a clock change", "as_of: 2026-11-02T05:00:00Z\nwindow: {last: 2d}", map[string]string{"movements": movement}, Options{}, times{"2026-10-31T01:00:00-04:00", "2026-11-02T00:00:00.000000001-05:00", "2026-11-02T00:00:00-05:00"}},
		{"since alone", "window: {since: 2026-10-10}", map[string]string{"movements": movement}, Options{}, times{"2026-10-10T00:00:00-04:00", "2026-10-20T08:00:00.000000001-04:00", "2026-10-20T08:00:00-04:00"}},
		{"until alone", "window: {until: 2026-10-11}", map[string]string{"movements": movement}, Options{}, times{"2026-09-11T00:00:00-04:00", "2026-10-11T00:00:00-04:00", "2026-10-20T08:00:00-04:00"}},
		{"other --since", "window: {since: 2026-10-01, until: 2026-11-02}", map[string]string{"movements": movement}, Options{Since: time.Date(2026, 10, 5, 4, 0, 0, 0, time.UTC)}, times{"2026-10-05T00:00:00-04:00", "2026-11-02T00:00:00-05:00", "2026-10-20T08:00:00-04:00"}},
		{"--last instead of since", "window: {since: 2026-10-01, until: 2026-11-01}", map[string]string{"movements": movement}, Options{Last: 48 * time.Hour}, times{"2026-10-30T00:00:00-04:00", "2026-11-01T00:00:00-04:00", "2026-10-20T08:00:00-04:00"}},
		{"--until", "", map[string]string{"movements": movement}, Options{Until: time.Date(2026, 10, 11, 4, 0, 0, 0, time.UTC)}, times{"2026-09-11T00:00:00-04:00", "2026-10-11T00:00:00-04:00", "2026-10-20T08:00:00-04:00"}},
		{"--as-of", "as_of: 2026-10-25\nwindow: {last: 1d}", map[string]string{"movements": movement}, Options{AsOf: time.Date(2026, 10, 26, 4, 0, 0, 0, time.UTC)}, times{"2026-10-25T00:00:00-04:00", "2026-10-26T00:00:00.000000001-04:00", "2026-10-26T00:00:00-04:00"}},
		{"the clock where nothing has a time", "window: {last: 1h}", map[string]string{"cards": "id\nc\n"}, Options{Now: func() time.Time { return time.Date(2026, 12, 1, 5, 0, 0, 0, time.UTC) }}, times{"2026-11-30T23:00:00-05:00", "2026-12-01T00:00:00.000000001-05:00", "2026-12-01T00:00:00-05:00"}},
		{"refunded_at", "window: {last: 1h}", map[string]string{"orders": "id,at,refunded_at\n1,2026-10-01T00:00:00Z,2026-10-03T04:00:00Z\n"}, Options{}, times{"2026-10-02T23:00:00-04:00", "2026-10-03T00:00:00.000000001-04:00", "2026-10-03T00:00:00-04:00"}},
		{"last_success_at", "window: {last: 1h}", map[string]string{"subscriptions": "id,topic,created_at,last_success_at\n1,x,2026-10-09T00:00:00Z,2026-10-03T04:00:00Z\n"}, Options{}, times{"2026-10-02T23:00:00-04:00", "2026-10-03T00:00:00.000000001-04:00", "2026-10-03T00:00:00-04:00"}},
		{"sent_at", "window: {last: 1h}", map[string]string{"deliveries": "event,outcome,received_at,sent_at\nm,delivered,2026-10-02T00:00:00Z,2026-10-03T04:00:00Z\n"}, Options{}, times{"2026-10-02T23:00:00-04:00", "2026-10-03T00:00:00.000000001-04:00", "2026-10-03T00:00:00-04:00"}},
		{"last_run_at", "window: {last: 1h}", map[string]string{"flows": "id,name,changed_at,last_run_at\nf,F,2026-10-09T00:00:00Z,2026-10-03T04:00:00Z\n"}, Options{}, times{"2026-10-02T23:00:00-04:00", "2026-10-03T00:00:00.000000001-04:00", "2026-10-03T00:00:00-04:00"}},
		{"opened_at", "window: {last: 1h}", map[string]string{"exceptions": "id,opened_at\n1,2026-10-03T04:00:00Z\n"}, Options{}, times{"2026-10-02T23:00:00-04:00", "2026-10-03T00:00:00.000000001-04:00", "2026-10-03T00:00:00-04:00"}},
		{"posted_at, not the date it is booked for", "window: {last: 1h}", map[string]string{"postings": "id,amount,dated,posted_at\n1,1.00,2026-10-31,2026-10-03T04:00:00Z\n"}, Options{}, times{"2026-10-02T23:00:00-04:00", "2026-10-03T00:00:00.000000001-04:00", "2026-10-03T00:00:00-04:00"}},
		{"a date counts from its start", "window: {last: 1h}", map[string]string{"postings": "id,amount,dated\n1,1.00,2026-10-03\n"}, Options{}, times{"2026-10-02T23:00:00-04:00", "2026-10-03T00:00:00.000000001-04:00", "2026-10-03T00:00:00-04:00"}},
	} {
		roles := map[string]string{"movements": "platform", "cards": "platform", "orders": "platform", "subscriptions": "platform", "deliveries": "integration", "flows": "integration", "postings": "erp", "exceptions": "erp"}
		yaml := head + c.window + "\nconnectors:\n"
		files := map[string]string{}
		for record, text := range c.files {
			files[record+".csv"] = text
			yaml += fmt.Sprintf("- {role: %s, name: %s, probe: file, files: {%s: %s.csv}}\n", roles[record], record, record, record)
		}
		got := gathered(t, folder(t, t.TempDir(), yaml, files), c.options)
		if !got.Complete || len(got.Rejects) > 0 {
			t.Errorf("%s: reads %+v, rejects %+v", c.story, got.Systems[0].Reads, got.Rejects)
		}
		f := func(t time.Time) string { return t.Format(time.RFC3339Nano) }
		if have := (times{f(got.Window.Since), f(got.Window.Until), f(got.AsOf)}); have != c.want {
			t.Errorf("%s: %+v, want %+v", c.story, have, c.want)
		}
	}
}

func TestNewestRecordIsInTheWindow(t *testing.T) {
	cfg := folder(t, t.TempDir(), head+"connectors:\n- {role: platform, name: Shop, probe: file, files: {movements: m.csv}}\n", map[string]string{"m.csv": movements})
	c := gathered(t, cfg, Options{})
	for m := range c.Movements.All() {
		if !c.Window.Has(m.At) {
			t.Errorf("%s at %v is outside %v", m.ID, m.At.Earliest(), c.Window)
		}
	}
}

func TestMistakes(t *testing.T) {
	yaml := head + "window: {since: 2026-12-01}\nconnectors:\n- {role: platform, name: Shop, probe: file, files: {movements: m.csv}}\n"
	cfg := folder(t, t.TempDir(), yaml, map[string]string{"m.csv": movements})
	live := *cfg
	live.Connectors = []connector.Connector{{Role: record.Platform, Name: "Shop", Probe: "shopify"}}
	for _, c := range []struct {
		story string
		cfg   *connector.Config
		o     Options
	}{
		{"the window begins after the newest record", cfg, Options{}},
		{"until before since", cfg, Options{Until: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)}},
		{"since and last", cfg, Options{Since: time.Unix(1, 0), Last: time.Hour}},
		{"live system", &live, Options{}},
	} {
		got, err := Run(t.Context(), c.cfg, c.o)
		var e *Error
		if got != nil || !errors.As(err, &e) {
			t.Errorf("%s: %v, %v", c.story, got, err)
		}
	}
}

func TestProgress(t *testing.T) {
	cfg := folder(t, t.TempDir(), head+"connectors:\n- {role: platform, name: Shop, probe: file, files: {movements: m.csv}}\n", map[string]string{"m.csv": movements})
	var told []Progress
	gathered(t, cfg, Options{Progress: func(p Progress) { told = append(told, p) }})
	last := told[len(told)-1]
	if told[0] != (Progress{System: "Shop", Record: record.Movements, Input: "m.csv", All: Overall{Files: 1, Total: int64(len(movements))}}) || last.Read != last.Total || last.Total != int64(len(movements)) || last.Rows != 2 {
		t.Errorf("told %+v", told)
	}
}

func TestExpand(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"b.csv", "a.csv", "a.txt", ".hidden.csv", "~$a.csv", "x[1].csv", "x1.csv", "y1/m.csv", "y2/m.csv", "y2/n.csv", "sub.csv/in.csv", "y3"} {
		folder(t, dir, head+"connectors:\n- {role: platform, name: A, probe: file, files: {movements: m}}\n", map[string]string{name: "x"})
	}
	cfg := &connector.Config{Name: filepath.Join(dir, "connectors.yaml")}
	for pattern, want := range map[string][]string{
		"a.csv":                {"a.csv"},
		"none.csv":             {"none.csv"},
		"*.csv":                {"a.csv", "b.csv", "x1.csv", "x[1].csv"},
		"?.*":                  {"a.csv", "a.txt", "b.csv"},
		"[^a].csv":             {"b.csv"},
		"x[1].csv":             {"x[1].csv"},
		".h*":                  {".hidden.csv"},
		"~$*":                  {"~$a.csv"},
		"y*/m.csv":             {"y1/m.csv", "y2/m.csv"},
		"y*/*":                 {"y1/m.csv", "y2/m.csv", "y2/n.csv"},
		"./y2/*.csv":           {"./y2/m.csv", "./y2/n.csv"},
		"y1/../*.txt":          {"y1/../a.txt"},
		"z*/m.csv":             nil,
		"none/*.csv":           nil,
		dir + "/*.txt":         {dir + "/a.txt"},
		dir + "/y[12]/m.c[s]v": {dir + "/y1/m.csv", dir + "/y2/m.csv"},
		"../*/connectors.yam*": nil,
		"y3/*":                 nil,
	} {
		got, err := expand(cfg.Resolve, pattern)
		if !slices.Equal(got, want) || (err != nil) != (want == nil) {
			t.Errorf("%s: %q, %v, want %q", pattern, got, err, want)
		}
	}
}

// An export in one file and the same rows in several, in any order, say the same.
func TestSplitExports(t *testing.T) {
	dir := t.TempDir()
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		row := rapid.Custom(func(t *rapid.T) string {
			return fmt.Sprintf("%s,%s,c-%d,%d.00,2026-10-%02dT10:00:00Z,%s,%s",
				rapid.SampledFrom([]string{"m-1", "M-1", "m-2", "m-3", "m-4", ""}).Draw(t, "id"),
				rapid.SampledFrom([]string{"load", "redemption", "odd"}).Draw(t, "kind"),
				rapid.IntRange(1, 2).Draw(t, "card"), rapid.IntRange(1, 2).Draw(t, "amount"), rapid.IntRange(1, 3).Draw(t, "day"),
				rapid.SampledFrom([]string{"", "pending", "final", "cancelled"}).Draw(t, "status"),
				rapid.SampledFrom([]string{"", "till 1"}).Draw(t, "till"))
		})
		const header = "id,kind,card,amount,at,status,till\n"
		rows := rapid.SliceOfN(row, 1, 10).Draw(t, "rows")
		parts := rapid.IntRange(1, 3).Draw(t, "parts")
		n++
		files := map[string]string{fmt.Sprintf("%d-all.csv", n): header + strings.Join(rows, "\n") + "\n"}
		for i, r := range rapid.Permutation(rows).Draw(t, "order") {
			name := fmt.Sprintf("%d-part-%d.csv", n, i%parts)
			if files[name] == "" {
				files[name] = header
			}
			files[name] += r + "\n"
		}
		said := func(pattern string) string {
			cfg := folder(t, dir, head+"as_of: 2026-11-01\nconnectors:\n- {role: platform, name: Shop, probe: file, files: {movements: \""+pattern+"\"}}\n", files)
			c, err := Run(context.Background(), cfg, Options{})
			if err != nil {
				t.Fatal(err)
			}
			c.Systems[0].Inputs = nil
			var records []record.Movement
			for m := range c.Movements.All() {
				m.Source = record.Source{}
				records = append(records, *m)
			}
			slices.SortFunc(records, func(a, b record.Movement) int { return strings.Compare(a.ID, b.ID) })
			c.Movements = casefile.Table[record.Movement]{}
			for _, m := range records {
				c.Movements.Add(m)
			}
			for i := range c.Rejects {
				r := &c.Rejects[i]
				r.Source, r.Place = record.Source{}, ""
				if before, with, ok := strings.Cut(r.Reason, " with "); ok {
					r.Reason = strings.Fields(before)[0] + with
				}
				r.Keys[0] = strings.ToLower(r.Keys[0])
			}
			slices.SortFunc(c.Rejects, func(a, b casefile.Reject) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
			var b bytes.Buffer
			if err := casefile.Save(&b, c); err != nil {
				t.Fatal(err)
			}
			return b.String()
		}
		if one, many := said(fmt.Sprintf("%d-all.csv", n)), said(fmt.Sprintf("%d-part-*.csv", n)); one != many {
			t.Fatalf("in one file\n%s\nin %d\n%s", one, parts, many)
		}
	})
}

// What connectors.yaml may map, the reader of files must know.
func TestColumnsAreKnown(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.csv")
	if err := os.WriteFile(path, []byte("a,b\n1,2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, role := range []record.Role{record.Platform, record.Integration, record.ERP} {
		for _, rt := range record.Types(role) {
			if len(connector.Columns(rt)) == 0 {
				t.Errorf("%s have no columns", rt)
			}
			plain, err := file.Read(t.Context(), file.Spec{Record: rt, Path: path}, casefile.NewBuilder(&casefile.Case{}), nil)
			var none *file.NoColumn
			if !errors.As(err, &none) {
				t.Fatalf("%s: %+v, %v", rt, plain, err)
			}
			for _, column := range connector.Columns(rt) {
				_, err := file.Read(t.Context(), file.Spec{Record: rt, Path: path, Columns: map[string]string{column: "a"}}, casefile.NewBuilder(&casefile.Case{}), nil)
				if err != nil && !errors.As(err, &none) {
					t.Errorf("%s: %s: %v", rt, column, err)
				}
			}
			for _, column := range none.Fields {
				if !slices.Contains(connector.Columns(rt), column) {
					t.Errorf("%s: the required column %s can't be mapped", rt, column)
				}
			}
		}
	}
}

func BenchmarkRun(b *testing.B) {
	var m strings.Builder
	m.WriteString("id,kind,card,amount,currency,at,order\n")
	const rows = 200_000
	for i := range rows {
		fmt.Fprintf(&m, "mv-%08d,load,card-%06d,%d.00,USD,2026-10-%02dT10:%02d:00Z,order-%07d\n", i, i%50_000, i%90+10, i%28+1, i%60, i)
	}
	cfg := folder(b, b.TempDir(), head+"connectors:\n- {role: platform, name: Shop, probe: file, files: {movements: m.csv}}\n", map[string]string{"m.csv": m.String()})
	b.SetBytes(int64(m.Len()))
	b.ReportAllocs()
	for b.Loop() {
		c, err := Run(context.Background(), cfg, Options{})
		if err != nil || c.Movements.Len() != rows {
			b.Fatal(err)
		}
	}
}
