package http

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"os"
	"slices"
	"strings"

	"gcdiag/internal/casefile"
	"gcdiag/internal/probe"
	"gcdiag/internal/record"
)

// spool is the file of rows of one record type.
type spool struct {
	path    string
	file    *os.File
	w       *bufio.Writer
	rows    int
	filled  map[string]bool
	rejects []casefile.Reject
	begun   bool
}

func (p *puller) spool(t record.Type) *spool {
	s := p.spools[t]
	if s == nil {
		s = &spool{filled: map[string]bool{}}
		p.spools[t] = s
	}
	return s
}

func (s *spool) close() error {
	if s.file == nil {
		return nil
	}
	err := errors.Join(s.w.Flush(), s.file.Close())
	s.file = nil
	return err
}

// row writes what an expression made of an item: a row, or the error in its
// place. What is no row becomes a reject.
func (p *puller) row(t record.Type, place string, v, item any) error {
	p.mu.Lock()
	s := p.spool(t)
	p.mu.Unlock()
	reject := func(why string) error {
		s.rejects = append(s.rejects, casefile.Reject{Record: t, Place: place, Reason: p.door.scrub(why), Keys: keysOf(item)})
		return nil
	}
	if err, failed := v.(error); failed {
		return reject(err.Error())
	}
	object, ok := v.(map[string]any)
	if !ok {
		return reject("the pack makes no row of it")
	}
	money := probe.MoneyColumns(t)
	if t == record.Postings && object["amount"] == nil && (object["debit"] != nil || object["credit"] != nil) {
		// The rows of a file either have amounts or have debits and credits.
		amount, err := probe.Difference(object["credit"], object["debit"])
		if err != nil {
			return reject("debit and credit: " + err.Error())
		}
		object["amount"] = amount
	}
	if t == record.Postings {
		delete(object, "debit")
		delete(object, "credit")
	}
	for k, x := range object {
		switch x := x.(type) {
		case nil, string, bool, json.Number, int:
		case *big.Int:
		case float64:
			if slices.Contains(money, k) {
				return reject(fmt.Sprintf("the pack computes %s, which is not exact", k))
			}
			return reject(fmt.Sprintf("the pack computes %s with fractions", k))
		case []any:
			var words []string
			for _, y := range x {
				if y != nil {
					words = append(words, plain(y))
				}
			}
			object[k] = strings.Join(words, ",")
		default:
			return reject(fmt.Sprintf("%s is no single value", k))
		}
		if x := object[k]; x != nil && x != "" {
			s.filled[k] = true
		} else {
			delete(object, k)
		}
	}
	if s.file == nil {
		var err error
		s.path = p.path(t)
		if s.file, err = create(s.path); err != nil {
			return fmt.Errorf("keeping what was read: %w", err)
		}
		s.w = bufio.NewWriterSize(s.file, 1<<16)
	}
	line, err := probe.Marshal(object)
	if err != nil {
		return reject("the row is no JSON")
	}
	s.rows++
	if _, err := s.w.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("keeping what was read: %w", err)
	}
	p.mu.Lock()
	p.progress.Rows++
	p.mu.Unlock()
	return nil
}

// keysOf are the identifiers in an item of which no row could be made.
func keysOf(item any) []string {
	var keys []string
	var look func(any, int)
	look = func(v any, depth int) {
		switch v := v.(type) {
		case string, json.Number:
			if s := plain(v); s != "" && len(s) <= 200 && !slices.Contains(keys, s) && len(keys) < 40 {
				keys = append(keys, s)
				if i := strings.LastIndexByte(s, '/'); i >= 0 && i+1 < len(s) {
					keys = append(keys, s[i+1:])
				}
			}
		case map[string]any:
			if depth < 4 {
				for _, x := range v {
					look(x, depth+1)
				}
			}
		case []any:
			if depth < 4 {
				for _, x := range v {
					look(x, depth+1)
				}
			}
		}
	}
	look(item, 0)
	slices.Sort(keys)
	return keys
}
