package file

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"gcdiag/internal/record"
)

// endsAt is a context that ends when it is asked for the n-th time whether it has.
type endsAt struct {
	context.Context
	n, asked int
}

func (c *endsAt) Err() error {
	if c.asked++; c.asked >= c.n {
		return context.Canceled
	}
	return nil
}

// lateSink notes how many rows come after the end of its context, and how many at
// most while nobody asks for it.
type lateSink struct {
	collected
	ctx         *endsAt
	late        int
	asked, rows int
	most        int
}

func (s *lateSink) Movement(m *record.Movement) error {
	if s.ctx.asked >= s.ctx.n {
		s.late++
	}
	if s.rows++; s.asked != s.ctx.asked {
		s.asked, s.rows = s.ctx.asked, 1
	}
	s.most = max(s.most, s.rows)
	return s.collected.Movement(m)
}

// TestEndedContextStopsReading ends the context at many points of reading each
// format: while it is opened, surveyed, or read. Next to nothing may be done after
// that, and what was read must be what a whole reading begins with.
func TestEndedContextStopsReading(t *testing.T) {
	const n = 6000
	var csv, lines strings.Builder
	rows := [][]any{{"id", "card", "kind", "amount", "at"}}
	csv.WriteString("id,card,kind,amount,at\n")
	for i := range n {
		at := "3/4/2026"
		if i == n-1 {
			at = "10/24/2026"
		}
		fmt.Fprintf(&csv, "evt-%06d,card-%05d,load,5.00,%s\n", i, i/2, at)
		fmt.Fprintf(&lines, `{"id":"evt-%06d","card":"card-%05d","kind":"load","amount":"5.00","at":%q}`+"\n", i, i/2, at)
		rows = append(rows, []any{fmt.Sprintf("evt-%06d", i), fmt.Sprintf("card-%05d", i/2), "load", "5.00", at})
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	z.Write([]byte(csv.String()))
	z.Close()
	beside := write(t, "beside.csv", csv.String())
	for name, content := range map[string]string{
		"m.csv": csv.String(), "m.csv.gz": packed.String(), "m.ndjson": lines.String(),
		"m.json": "[" + strings.ReplaceAll(strings.TrimSpace(lines.String()), "\n", ",") + "]",
		"n.json": `{"movements":[` + strings.ReplaceAll(strings.TrimSpace(lines.String()), "\n", ",") + `],"x":[{"y":1}]}`,
		"m.xlsx": workbookOf(t, nil, "S", rows),
	} {
		spec := Spec{Record: record.Movements, Path: write(t, name, content), Name: name, Currency: usd}
		spec.Beside = []string{spec.Path, beside}
		whole := &lateSink{ctx: &endsAt{context.Background(), 1 << 30, 0}}
		if _, err := Read(whole.ctx, spec, whole, nil); err != nil || len(whole.movements) != n {
			t.Fatalf("%s: %v, %d rows\n%s", name, err, len(whole.movements), whole.reasons())
		}
		if whole.most > 256 {
			t.Errorf("%s: %d rows are read without asking the context", name, whole.most)
		}
		for at := 1; at < whole.ctx.asked; at += 1 + whole.ctx.asked/25 {
			got := &lateSink{ctx: &endsAt{context.Background(), at, 0}}
			res, err := Read(got.ctx, spec, got, nil)
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%s, ended at %d of %d: %v", name, at, whole.ctx.asked, err)
			}
			if got.late > 0 || len(got.rejects) > 0 || res.Rows != len(got.movements) {
				t.Errorf("%s, ended at %d of %d: %d rows after the end\n%s", name, at, whole.ctx.asked, got.late, got.reasons())
			}
			if !reflect.DeepEqual(got.movements, whole.movements[:len(got.movements)]) && len(got.movements) > 0 {
				t.Errorf("%s, ended at %d of %d: other rows than in a whole reading", name, at, whole.ctx.asked)
			}
			if asked := got.ctx.asked - at; asked > 20 {
				t.Errorf("%s, ended at %d of %d: went on asking %d times", name, at, whole.ctx.asked, asked)
			}
			if _, err := Guess(&endsAt{context.Background(), at, 0}, spec.Path, filepath.Base(name)); err != nil && !errors.Is(err, context.Canceled) {
				t.Errorf("%s, guessing ended at %d: %v", name, at, err)
			}
		}
	}
}
