package report

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

//go:embed schema.json
var jsonSchema []byte

// JSONSchema is the JSON Schema (draft 2020-12) of the document.
func JSONSchema() []byte { return slices.Clone(jsonSchema) }

// What Decode found instead of a report; its errors wrap one of these.
var (
	ErrNotReport = errors.New("not a gcdiag report")
	ErrVersion   = errors.New("a report of another version")
	ErrTruncated = errors.New("the report is cut off")
	ErrDamaged   = errors.New("the report is damaged")
)

// Encode writes the document as indented JSON with a newline at the end. Lists
// and maps are never null, equal documents give equal bytes, and characters
// that would act on a terminal are escaped. Schema is always this version's.
func Encode(w io.Writer, d Document) error {
	b, err := encode(d)
	if err != nil {
		return err
	}
	_, err = w.Write(b)
	return err
}

func encode(d Document) ([]byte, error) {
	d.Schema = Schema
	fill(reflect.ValueOf(&d).Elem())
	var buf bytes.Buffer
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(d); err != nil {
		return nil, fmt.Errorf("encoding the report: %w", err)
	}
	return escape(buf.Bytes()), nil
}

// fill replaces nil lists and maps by empty ones, in copies of what it changes.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i))
		}
	case reflect.Map:
		if v.IsNil() {
			v.Set(reflect.MakeMap(v.Type()))
		}
	case reflect.Pointer:
		if !v.IsNil() && v.Type().Elem().Kind() == reflect.Struct {
			c := reflect.New(v.Type().Elem())
			c.Elem().Set(v.Elem())
			fill(c.Elem())
			v.Set(c)
		}
	case reflect.Slice:
		if v.IsNil() {
			v.Set(reflect.MakeSlice(v.Type(), 0, 0))
		} else if v.Type().Elem().Kind() == reflect.Struct {
			c := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
			reflect.Copy(c, v)
			for i := range c.Len() {
				fill(c.Index(i))
			}
			v.Set(c)
		}
	}
}

// escape writes the invisible and acting characters that JSON allows in a
// string (DEL, C1 controls, bidi and zero-width marks) as \u escapes.
func escape(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		switch {
		case r == '\n' || !Unprintable(r):
			out = append(out, b[:n]...)
		case r > 0xffff:
			hi, lo := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, hi, lo)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		b = b[n:]
	}
	return out
}

// Unprintable reports whether a character must not reach a terminal or a page
// as it is: controls, bidi and zero-width marks, everything that shows nothing
// or acts on what stands around it.
func Unprintable(r rune) bool {
	return !unicode.IsGraphic(r) || unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) || r == '\u034f'
}

// parts are the members that every report has had since the first version.
var parts = []string{"run", "window", "systems", "outcome", "steps", "findings", "drift", "excluded", "traces"}

// Decode reads a report. Members that this version does not know are ignored.
// The error says whether the input is no report (ErrNotReport), one of another
// version (ErrVersion), cut off (ErrTruncated) or damaged (ErrDamaged), and
// where. Lists and maps of the document are never nil.
func Decode(r io.Reader) (Document, error) {
	b, err := io.ReadAll(r)
	if err != nil {
		return Document{}, fmt.Errorf("reading the report: %w", err)
	}
	if bytes.HasPrefix(b, []byte{0xff, 0xfe}) || bytes.HasPrefix(b, []byte{0xfe, 0xff}) {
		return Document{}, fmt.Errorf("%w: the text is UTF-16, not UTF-8 (redirecting output in Windows PowerShell does that; use --report)", ErrNotReport)
	}
	b = bytes.TrimSpace(bytes.TrimPrefix(b, []byte("\ufeff")))
	switch {
	case len(b) == 0:
		return Document{}, fmt.Errorf("%w: the input is empty", ErrNotReport)
	case b[0] != '{':
		return Document{}, fmt.Errorf("%w: it does not start as a JSON object", ErrNotReport)
	}
	var head map[string]json.RawMessage
	if err := json.Unmarshal(b, &head); err != nil {
		return Document{}, syntax(b, err)
	}
	var schema string
	if err := json.Unmarshal(head["schema"], &schema); err != nil {
		return Document{}, fmt.Errorf("%w: it has no text %q", ErrNotReport, "schema")
	}
	switch {
	case schema == Schema:
	case strings.HasPrefix(schema, "gcdiag.report/"):
		return Document{}, fmt.Errorf("%w: it is %.60q, this gcdiag reads %q", ErrVersion, schema, Schema)
	default:
		return Document{}, fmt.Errorf("%w: its schema is %.60q, not %q", ErrNotReport, schema, Schema)
	}
	for _, p := range parts {
		if v, ok := head[p]; !ok || string(v) == "null" {
			return Document{}, fmt.Errorf("%w: it has no %q", ErrDamaged, p)
		}
	}
	var d Document
	if err := json.Unmarshal(b, &d); err != nil {
		return Document{}, syntax(b, err)
	}
	if s := d.Outcome.Status; s != "fault" && s != "sound" && s != "inconclusive" {
		return Document{}, fmt.Errorf("%w: outcome.status is %.60q, not fault, sound or inconclusive", ErrDamaged, s)
	}
	fill(reflect.ValueOf(&d).Elem())
	return d, nil
}

// syntax says what json.Unmarshal found, with the line.
func syntax(b []byte, err error) error {
	line := func(off int64) int {
		return 1 + bytes.Count(b[:min(max(int(off), 0), len(b))], []byte("\n"))
	}
	var se *json.SyntaxError
	var te *json.UnmarshalTypeError
	switch {
	case errors.As(err, &se) && se.Offset >= int64(len(b)) && strings.Contains(se.Error(), "unexpected end"):
		return fmt.Errorf("%w: it ends in line %d, before the closing brace", ErrTruncated, line(se.Offset))
	case errors.As(err, &se):
		return fmt.Errorf("%w: line %d: %w", ErrDamaged, line(se.Offset), se)
	case errors.As(err, &te):
		return fmt.Errorf("%w: line %d: %s holds a %s", ErrDamaged, line(te.Offset), te.Field, te.Value)
	}
	return fmt.Errorf("%w: %w", ErrDamaged, err)
}

// WriteFile writes the document to path, readable by its owner only (mode
// 0600, also where the file was wider before). A reader sees the old file or
// the whole new one, never a part; after an error the old one still stands. A
// link is followed; a device or pipe is written to as it is.
func WriteFile(path string, d Document) error {
	b, err := encode(d)
	if err != nil {
		return err
	}
	if err := replace(path, b); err != nil {
		return fmt.Errorf("writing report %s: %w", path, err)
	}
	return nil
}

func replace(path string, b []byte) (err error) {
	switch fi, err := os.Stat(path); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	case fi.IsDir():
		return errors.New("it is a directory")
	case !fi.Mode().IsRegular():
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		_, err = f.Write(b)
		return errors.Join(err, f.Close())
	default:
		if path, err = filepath.EvalSymlinks(path); err != nil {
			return err
		}
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
