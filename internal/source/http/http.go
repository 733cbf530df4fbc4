// Package http reads live systems through their APIs, as vendor packs describe
// them, into files of rows that the file room turns into records.
//
// What it promises:
//
//   - Only requests that the pack marks as reads are sent, to the hosts of the
//     system and of its token server alone, over TLS unless the host is the
//     machine itself. A redirect to another host is an error.
//   - Whatever keeps a list from being read to its end (a refusal, a limit, a cap,
//     an answer of another shape, a cursor that comes twice) is told with the
//     records that it concerns. Nothing is ever taken for "no more rows" but the end
//     that the pack describes.
//   - Texts and numbers of answers that no expression of the pack names are dropped
//     at the door, texts that people wrote are masked there, and secrets are
//     replaced wherever they turn up. What is mapped, recorded, logged and told is
//     what is left.
//   - Memory does not grow with the answers.
package http

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"gcdiag/internal/casefile"
	"gcdiag/internal/connector"
	"gcdiag/internal/probe"
	"gcdiag/internal/record"
	"gcdiag/internal/redact"
	"gcdiag/internal/source/file"
)

// Spec says which system to read and how.
type Spec struct {
	Name     string // the connector's, as messages show it
	Pack     *probe.Pack
	URL      string // "": the pack's
	Settings map[string]string
	// Secret resolves a secret by name; false where the configuration names none.
	Secret func(ctx context.Context, name string) (redact.Secret, bool, error)

	Since, Until time.Time // what is asked for, the second exclusive
	Judged       time.Time // from when on it is judged; what is asked for begins earlier
	AsOf         time.Time
	Zone         *time.Location
	Accounts     []string
	Currency     string

	Folder   string // where the rows are kept; must exist
	Tape     *Tape  // nil: answers are neither recorded nor replayed
	Progress func(Progress)
	Log      *slog.Logger // nil: none

	CAFile        string // certificates to trust beside the system's
	AllowChanging bool   // reads that change something on the server
	MaxPages      int    // of one call; 0: the pack's
	Sample        bool   // one page of each list, of one parent each
	Clock         Clock  // the zero value is the machine's
}

// Progress is how far one system is read.
type Progress struct {
	Call    string // what is being read, in the pack's words
	Pages   int    // answers so far
	Rows    int    // rows so far, of all records
	Bytes   int64
	Waiting time.Duration // until the next request may be sent; 0: not waiting
	Why     string        // it waits
}

// Result is what reading a system gave.
type Result struct {
	Notes  []string // what is worth knowing beside the gaps
	Pulled []Pulled // one of each record type that the pack reads
	// Pages are the most pages that one list of a call had.
	Pages map[string]int
}

// Pulled is what was read of one record type.
type Pulled struct {
	Record record.Type
	Path   string // JSON lines with the contract's columns as keys; "" where nothing was read
	Rows   int
	Filled []string // the columns that a row fills
	// Failed says what kept the records from being read whole; empty: nothing.
	Failed []string
	// Partial says why the rows are not all there are, although all that can be read
	// were.
	Partial string
	// Covers is the time for which the rows are complete, where neither Failed nor
	// Partial says otherwise.
	Covers  record.Window
	Silence bool // no rows mean that nothing happened
	Rejects []casefile.Reject
	Begun   bool // at least one answer was read
}

// File says how the file of rows is to be read: nothing in it is guessed.
func (p Pulled) File(name string) file.Spec {
	columns := map[string]string{}
	for _, c := range connector.Columns(p.Record) {
		columns[c] = ""
		if slices.Contains(p.Filled, c) {
			columns[c] = c
		}
	}
	return file.Spec{Record: p.Record, Path: p.Path, Name: name, Columns: columns, Decimal: ".", Dates: "ymd"}
}

// Clock is the time that waits depend on; tests put another in its place.
type Clock struct {
	Now   func() time.Time
	Sleep func(context.Context, time.Duration) error
}

func realClock() Clock {
	return Clock{time.Now, func(ctx context.Context, d time.Duration) error {
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-t.C:
			return nil
		}
	}}
}
