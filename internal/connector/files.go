package connector

import (
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/htmlindex"
	"gopkg.in/yaml.v3"

	"gcdiag/internal/record"
)

// byType takes a mapping of record types apart, of those that the role has.
func (r *reader) byType(n *yaml.Node, what string, role record.Role, each func(record.Type, *yaml.Node)) {
	var known, own []string
	for _, role := range []record.Role{record.Platform, record.Integration, record.ERP} {
		for _, t := range record.Types(role) {
			known = append(known, t.String())
		}
	}
	for _, t := range record.Types(role) {
		own = append(own, t.String())
	}
	r.pairs(n, what, func(key string, k, v *yaml.Node) {
		t, ok := record.ParseType(key)
		switch {
		case !ok || t.String() != key:
			r.fail(k, "unknown record type %q in %s%s", key, what, meant(key, known))
		case role != record.NoRole && !slices.Contains(record.Types(role), t):
			r.fail(k, "%s are not records of the role %s; it has %s", t, role, strings.Join(own, ", "))
		default:
			each(t, v)
		}
	})
}

// files reads a path, an entry, or a list of them.
func (r *reader) files(t record.Type, n *yaml.Node) []File {
	if null(n) {
		r.fail(n, "%s has no value", t)
		return nil
	}
	if n.Kind == yaml.SequenceNode && blank(n) {
		r.fail(n, "%s lists no file", t)
	}
	var files []File
	if n.Kind == yaml.MappingNode {
		return r.entry(t, n)
	}
	r.list(n, t.String(), func(n *yaml.Node) {
		if n.Kind == yaml.MappingNode {
			files = append(files, r.entry(t, n)...)
		} else if p, ok := r.path(n); ok {
			files = append(files, File{Path: p})
		}
	})
	return files
}

func (r *reader) path(n *yaml.Node) (string, bool) {
	s, ok := r.line(n, "a path")
	if !ok {
		return "", false
	}
	if _, err := path.Match(filepath.ToSlash(s), ""); err != nil {
		r.fail(n, "path %q is not a pattern that can be understood: a bracket is not closed", s)
		return "", false
	}
	return s, true
}

// entry reads the long form: one File for every path in it.
func (r *reader) entry(t record.Type, n *yaml.Node) []File {
	f := r.mapping(n, t.String(), "path", "columns", "values", "sign", "sheet", "encoding", "delimiter", "header_row", "decimal", "dates")
	var file File
	allowed := Columns(t)
	if v, ok := f["columns"]; ok {
		r.pairs(v, "columns", func(key string, k, v *yaml.Node) {
			if !slices.Contains(allowed, key) {
				r.fail(k, "%s has no column %q%s", t, key, meant(key, allowed)).Advice = "on the left stands the column as gcdiag names it, on the right the file's header"
				return
			}
			if v.Kind == yaml.ScalarNode && (null(v) || strings.TrimSpace(v.Value) == "") {
				put(&file.Columns, key, "")
			} else if s, ok := r.text(v, "column "+key); ok {
				put(&file.Columns, key, s)
			}
		})
	}
	if v, ok := f["values"]; ok {
		r.pairs(v, "values", func(key string, k, v *yaml.Node) {
			if !slices.Contains(allowed, key) {
				r.fail(k, "%s has no column %q%s", t, key, meant(key, allowed))
				return
			}
			if m := r.values(t, key, v); len(m) > 0 {
				put(&file.Values, key, m)
			}
		})
	}
	if v, ok := f["sign"]; ok {
		if file.Sign = r.word(v, "sign", "by_kind"); t != record.Postings && file.Sign != "" {
			r.fail(v, "sign is for postings only; %s have a sign rule of their own", t)
		}
	}
	if v, ok := f["sheet"]; ok {
		file.Sheet, _ = r.line(v, "sheet")
	}
	if v, ok := f["encoding"]; ok {
		file.Encoding = r.encoding(v)
	}
	if v, ok := f["delimiter"]; ok {
		file.Delimiter = r.delimiter(v)
	}
	if v, ok := f["header_row"]; ok {
		row, _ := r.number(v, "header_row", 1)
		file.HeaderRow = int(min(row, 1<<30))
	}
	if v, ok := f["decimal"]; ok {
		file.Decimal = r.word(v, "decimal", ".", ",")
	}
	if v, ok := f["dates"]; ok {
		file.Dates = r.word(v, "dates", "ymd", "dmy", "mdy")
	}
	v, ok := f["path"]
	if !ok {
		r.fail(n, "%s has no path", t)
		return nil
	}
	var files []File
	if blank(v) {
		r.fail(v, "path has no value")
	}
	r.list(v, "path", func(n *yaml.Node) {
		if p, ok := r.path(n); ok {
			file.Path = p
			files = append(files, file)
		}
	})
	return files
}

// values reads the words of one column and what they mean here.
func (r *reader) values(t record.Type, column string, n *yaml.Node) map[string]string {
	words := record.Vocabulary(t, column)
	if words == nil {
		words = yesNo(column)
	}
	m := map[string]string{}
	seen := map[string]int{}
	r.pairs(n, "values of "+column, func(theirs string, k, v *yaml.Node) {
		folded := strings.ToLower(strings.TrimSpace(theirs))
		switch first := seen[folded]; {
		case folded == "":
			r.fail(k, "an empty cell means not known and can't be mapped")
			return
		case first > 0:
			r.fail(k, "values of %s maps %q already, in line %d", column, theirs, first)
			return
		}
		seen[folded] = k.Line
		switch {
		case v.Kind != yaml.ScalarNode:
			r.fail(v, "what %q means must be a single word", theirs)
		case null(v) || strings.TrimSpace(v.Value) == "":
			m[theirs] = ""
		case words == nil:
			m[theirs] = v.Value
		default:
			if w := r.word(v, column, words...); w != "" {
				m[theirs] = w
			}
		}
	})
	return m
}

func (r *reader) encoding(n *yaml.Node) string {
	s, ok := r.line(n, "encoding")
	if !ok {
		return ""
	}
	s = strings.ToLower(strings.TrimSpace(s))
	if _, err := htmlindex.Get(s); err != nil {
		usual := []string{"utf-8", "utf-16", "utf-16le", "utf-16be", "windows-1252", "iso-8859-1"}
		r.fail(n, "encoding %q is not known%s", s, meant(s, usual)).Advice = "usual ones are " + strings.Join(usual, ", ")
	}
	return s
}

func (r *reader) delimiter(n *yaml.Node) rune {
	if n.Kind == yaml.ScalarNode && n.Value == "\t" {
		return '\t'
	}
	s, ok := r.text(n, "delimiter")
	if !ok {
		return 0
	}
	switch record.Fold(s) {
	case "comma":
		return ','
	case "semicolon":
		return ';'
	case "tab", `\t`:
		return '\t'
	case "bar", "pipe":
		return '|'
	}
	if d, size := utf8.DecodeRuneInString(s); size == len(s) && strings.ContainsRune(",;|", d) {
		return d
	}
	r.fail(n, "delimiter %q is not one of comma, semicolon, tab, bar", s)
	return 0
}

func (r *reader) statement(t record.Type, n *yaml.Node, zone *time.Location) (Statement, bool) {
	if n.Kind == yaml.ScalarNode {
		switch record.Fold(n.Value) {
		case "true", "yes":
			return Statement{Complete: true}, true
		case "false", "no":
			return Statement{Partial: true}, true
		}
	}
	if n.Kind != yaml.MappingNode {
		r.fail(n, "complete %s must be true, false, or {from:, to:, cap:, why:}", t)
		return Statement{}, false
	}
	f := r.mapping(n, "complete "+t.String(), "from", "to", "cap", "why")
	var s Statement
	if v, ok := f["from"]; ok {
		s.Covers.Since = r.time(v, "from", zone)
		s.Complete = true
	}
	if v, ok := f["to"]; ok {
		s.Covers.Until = r.time(v, "to", zone)
		s.Complete = true
		if !s.Covers.Until.IsZero() && !s.Covers.Until.After(s.Covers.Since) {
			r.fail(v, "to must be later than from")
		}
	}
	if v, ok := f["cap"]; ok {
		n, _ := r.number(v, "cap", 1)
		s.Cap = int(n)
	}
	if v, ok := f["why"]; ok {
		s.Why, _ = r.line(v, "why")
	}
	if s.Partial = !s.Complete && f["cap"] == nil; s.Partial && s.Why == "" {
		r.fail(n, "complete %s says nothing", t)
	}
	return s, true
}
