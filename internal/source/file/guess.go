package file

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"gcdiag/internal/casefile"
	"gcdiag/internal/record"
)

// Guessed is what a file seems to hold.
type Guessed struct {
	Record record.Type // NoType where nothing in the file resembles a record
	// Role is the part of the system that the file comes from, NoRole where the
	// record type does not tell.
	Role record.Role
	// Fits is true where every required column is found; Missing lists the ones that are not.
	Fits    bool
	Missing []string
	// Score compares guesses: two for a column found by name, one for a guessed
	// one, four where the file's name says the same, less three for a missing one.
	Score int
	// Rivals are the record types that score as high.
	Rivals []record.Type
	Input  casefile.Input
	// Candidates has the headers that might be meant by a column that was not found.
	Candidates map[string][]string
	// Head is the header, Rows the first rows below it, as text; rows of keyed files
	// have their cells in the header's order.
	Head []string
	Rows [][]string
	// Foreign has, by column, the words in it that are outside the vocabulary, in
	// the order in which they first stand, 50 at most.
	Foreign map[string][]string
}

const foreignMost = 50

// Guess finds out what a file holds, given nothing but the file. The error says
// why it cannot be read at all.
func Guess(ctx context.Context, path, name string) (Guessed, error) {
	if name == "" {
		name = path
	}
	in, grids, err := open(ctx, &Spec{Path: path}, nil)
	if err != nil {
		return Guessed{}, fmt.Errorf("%s: %w", name, err)
	}
	defer in.close()
	best := Guessed{Input: casefile.Input{Name: name}}
	var winner fit
	for t := record.Movements; t <= record.Exceptions; t++ {
		spec := &Spec{Record: t}
		f, ok := bestFit(spec, grids)
		if !ok {
			continue
		}
		score := f.how.exact + f.how.known - 3*len(f.how.missing)
		if nameSays(t, name) {
			score += 4
		}
		fits := f.how.ok()
		switch {
		case f.how.exact+f.how.known == 0:
		case winner.grid == nil, fits && !best.Fits, fits == best.Fits && score > best.Score:
			winner = f
			best = Guessed{Record: t, Fits: fits, Score: score, Input: best.Input}
		case fits == best.Fits && score == best.Score:
			best.Rivals = append(best.Rivals, t)
		}
	}
	if winner.grid == nil {
		return best, nil
	}
	best.Role = roleOf(best.Record)
	best.Input.Record, best.Input.Format = best.Record, winner.grid.format
	if winner.grid.sheet != "" {
		best.Input.Name += ":" + winner.grid.sheet
	}
	best.Input.Columns, best.Input.Notes = winner.how.columns, append(slices.Clone(winner.grid.notes), winner.how.notes...)
	missing := winner.how.noColumn(best.Record, winner.head.n)
	best.Missing, best.Candidates = missing.Fields, missing.Candidates
	for f, c := range winner.how.candidates {
		best.Candidates[f.String()] = c
	}
	best.Head = winner.head.cells
	if best.Rows, err = winner.rows(shownRows); err != nil {
		return best, fmt.Errorf("%s: %w", name, err)
	}
	best.Foreign, err = foreignWords(ctx, &Spec{Record: best.Record}, in, winner)
	return best, err
}

// shownRows is how many rows of a file are shown to people.
const shownRows = 8

// rows are the first rows below a header, as text.
func (f fit) rows(most int) ([][]string, error) {
	rs, err := f.grid.open(len(f.head.cells))
	if err != nil {
		return nil, err
	}
	var out [][]string
	var r row
	for len(out) < most {
		if err := rs.next(&r); err == io.EOF {
			break
		} else if err != nil {
			return out, nil // reading the file says why
		}
		if r.bad != "" || !f.grid.keyed && r.n <= f.head.n {
			continue
		}
		cells := make([]string, len(r.cells))
		for i, c := range r.cells {
			cells[i] = headerText(c)
		}
		out = append(out, cells)
	}
	return out, nil
}

// bestFit finds the header that suits a record type best.
func bestFit(spec *Spec, grids []grid) (fit, bool) {
	var best fit
	for i := range grids {
		for _, h := range grids[i].heads(spec) {
			m := understand(spec, h.cells)
			if m.err == nil && (best.grid == nil || m.better(best.how)) {
				best = fit{&grids[i], h, m}
			}
		}
	}
	return best, best.grid != nil
}

func (m *mapping) better(than *mapping) bool {
	if len(m.missing) != len(than.missing) {
		return len(m.missing) < len(than.missing)
	}
	return m.known+m.exact > than.known+than.exact
}

// nameWords are parts of file names that tell the record type.
var nameWords = map[record.Type][]string{
	record.Movements:     {"movement", "giftcardtransaction", "cardtransaction", "giftcardactivit", "storecredittransaction", "giftcardledger"},
	record.Cards:         {"cards", "balances", "giftcertificates"},
	record.Orders:        {"orders"},
	record.Subscriptions: {"subscription", "webhooks", "hooks"},
	record.Deliveries:    {"deliver", "runs", "runhistory", "executions", "jobs", "eventlog", "webhooklog", "integration"},
	record.Flows:         {"flows", "recipes", "workflows", "scenarios", "zaps"},
	record.Postings:      {"posting", "journal", "generalledger", "glentries", "gldetail", "erp", "buchung", "accounttransactions"},
	record.Rules:         {"rules", "mappings"},
	record.Exceptions:    {"exception", "unmatched", "matchingqueue"},
}

func nameSays(t record.Type, name string) bool {
	name = record.Fold(filepath.Base(name))
	return slices.ContainsFunc(nameWords[t], func(w string) bool { return strings.Contains(name, w) })
}

// roleOf is the one role that states a record type, NoRole where several do.
func roleOf(t record.Type) record.Role {
	found := record.NoRole
	for _, role := range []record.Role{record.Platform, record.Integration, record.ERP} {
		if slices.Contains(record.Types(role), t) {
			if found != record.NoRole {
				return record.NoRole
			}
			found = role
		}
	}
	return found
}

// foreignWords collects the words that would be refused.
func foreignWords(ctx context.Context, spec *Spec, in *input, f fit) (map[string][]string, error) {
	r := newReader(ctx, spec, in, f.grid, f.head, f.how, &Result{})
	words := map[string][]string{}
	err := r.scan(func(row *row) {
		r.row = *row
		r.fill()
		for _, f := range r.bound {
			c := r.cells[f]
			name := f.String()
			if c == nil || len(words[name]) >= foreignMost {
				continue
			}
			vocabulary := record.Vocabulary(spec.Record, name)
			parts := []string{string(c)}
			switch {
			case f == fTest || f == fActive || f == fEnabled:
				vocabulary = yesNoWords
			case vocabulary == nil:
				continue
			case f == fKinds:
				parts = listParts(string(c))
			}
			for _, w := range parts {
				known := func(v string) bool { return record.Fold(v) == record.Fold(w) }
				if !slices.ContainsFunc(vocabulary, known) && !slices.ContainsFunc(words[name], known) && len(words[name]) < foreignMost {
					words[name] = append(words[name], w)
				}
			}
		}
	})
	return words, err
}
