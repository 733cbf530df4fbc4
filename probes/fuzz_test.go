package probes

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gcdiag/internal/probe"
	"gcdiag/internal/redact"
	source "gcdiag/internal/source/http"
)

// FuzzAnswers: whatever a system answers to everything, reading ends, nothing
// panics, and where the answer is no JSON each record says that it was not read.
func FuzzAnswers(f *testing.F) {
	packs, err := probe.LoadFS(FS, nil)
	if err != nil {
		f.Fatal(err)
	}
	for i, p := range packs {
		files, err := filepath.Glob(filepath.Join("testdata", p.Name, "answers", "*.json"))
		if err != nil {
			f.Fatal(err)
		}
		for _, name := range files {
			text, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			var list []struct{ Body json.RawMessage }
			if json.Unmarshal(text, &list) != nil {
				continue
			}
			for _, e := range list[:min(len(list), 2)] {
				f.Add(i, []byte(e.Body))
			}
		}
	}
	f.Add(0, []byte(`[[[[{}]]]]`))
	f.Add(1, []byte(`{"data":null}`))
	f.Fuzz(func(t *testing.T, i int, body []byte) {
		p := packs[(i%len(packs)+len(packs))%len(packs)]
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write(body) }))
		defer s.Close()
		at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
		settings := map[string]string{}
		for _, x := range p.Settings {
			if x.Default == "" && !x.Optional {
				settings[x.Name] = x.Example
				if len(x.Choices) > 0 {
					settings[x.Name] = x.Choices[0]
				}
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		r, err := source.Pull(ctx, source.Spec{Name: "System", Pack: p, URL: s.URL, Settings: settings, Folder: t.TempDir(), Since: at, Until: at.AddDate(0, 1, 0), AsOf: at.AddDate(0, 1, 0),
			MaxPages: 3, Accounts: []string{"2400"}, Currency: "USD",
			Secret: func(context.Context, string) (redact.Secret, bool, error) {
				return redact.NewSecret("a secret of some length"), true, nil
			},
			Clock: source.Clock{Now: time.Now, Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }}})
		if err != nil {
			t.Fatal(err)
		}
		if ctx.Err() != nil {
			t.Fatalf("%s: it does not end", p.Name)
		}
		if json.Valid(body) {
			return
		}
		for _, got := range r.Pulled {
			if got.Rows > 0 || len(got.Failed) == 0 && got.Partial == "" {
				t.Errorf("%s: %s of an answer that is no JSON: %+v", p.Name, strings.ToLower(got.Record.String()), got)
			}
		}
	})
}
