package file

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/transform"
)

// Limits of JSON documents.
const (
	maxDepth = 64
	maxKeys  = 4096
)

var errLongElement = fmt.Errorf("an element is longer than %d MiB", maxRow>>20)

// meter refuses to read on when one element takes too many bytes.
type meter struct {
	r    io.Reader
	left int
}

func (m *meter) Read(b []byte) (int, error) {
	if m.left <= 0 {
		return 0, errLongElement
	}
	n, err := m.r.Read(b[:min(len(b), m.left)])
	m.left -= n
	return n, err
}

func (m *meter) reset() { m.left = maxRow }

// document is what a first reading of a JSON file finds.
type document struct {
	values int    // values at the top
	array  bool   // the first of them is a list
	top    keySet // keys of the objects at the top
	lists  []*objectList
	legacy bool   // not UTF-8
	nested keySet // lists of objects inside records
}

// objectList is a list inside the object at the top.
type objectList struct {
	path    []string
	keys    keySet
	objects int
	items   int
	times   int // how often a list stands at this path
}

// source is a JSON document that is being read.
type source struct {
	d *json.Decoder
	m *meter // below it
}

// source starts reading the file's JSON.
func (in *input) source(old bool) (*source, error) {
	r, err := in.reader()
	if err != nil {
		return nil, err
	}
	r = bufio.NewReaderSize(r, 64<<10)
	if old {
		r = transform.NewReader(r, charmap.Windows1252.NewDecoder())
	} else {
		r = transform.NewReader(r, encoding.UTF8Validator)
	}
	m := &meter{r: r}
	m.reset()
	return &source{json.NewDecoder(m), m}, nil
}

// survey reads the whole document once to learn where records stand and which
// keys they have. Where the text breaks off, what stands before it counts; the
// reading of the records tells about it.
func (in *input) survey() (*document, error) {
	doc, err := in.surveyAs(false)
	if errors.Is(err, encoding.ErrInvalidUTF8) {
		if !in.text.legacy {
			return nil, errors.New("is not text in the given encoding")
		}
		doc, err = in.surveyAs(true)
	}
	if err != nil && (doc == nil || !doc.hasRecords()) {
		return nil, fmt.Errorf("is not JSON: %w", unexpected(err))
	}
	return doc, nil
}

// hasRecords reports whether there is an object with something in it.
func (doc *document) hasRecords() bool {
	return len(doc.top.list) > 0 || slices.ContainsFunc(doc.lists, func(l *objectList) bool { return l.objects > 0 })
}

func (in *input) surveyAs(old bool) (*document, error) {
	src, err := in.source(old)
	if err != nil {
		return nil, err
	}
	doc := &document{legacy: old}
	for {
		src.m.reset()
		tok, err := src.d.Token()
		if err == io.EOF {
			return doc, nil
		}
		if err != nil {
			return doc, err
		}
		doc.values++
		switch tok {
		case json.Delim('['):
			doc.array = doc.array || doc.values == 1
			l := &objectList{}
			if doc.values == 1 {
				doc.lists = append(doc.lists, l)
			}
			err = doc.surveyList(src, l, 0)
		case json.Delim('{'):
			err = doc.surveyObject(src, nil)
		default:
			err = errors.New("a value outside of any list or object")
		}
		if err != nil {
			return doc, err
		}
	}
}

func (doc *document) surveyObject(src *source, path []string) error {
	if len(path) > maxDepth {
		return fmt.Errorf("nested deeper than %d", maxDepth)
	}
	for src.d.More() {
		src.m.reset()
		tok, err := src.d.Token()
		if err != nil {
			return err
		}
		at := append(slices.Clone(path), tok.(string))
		name := []byte(strings.Join(at, "."))
		if tok, err = src.d.Token(); err != nil {
			return err
		}
		switch tok {
		case json.Delim('{'):
			err = doc.surveyObject(src, at)
		case json.Delim('['):
			i := slices.IndexFunc(doc.lists, func(l *objectList) bool { return slices.Equal(l.path, at) })
			if i < 0 {
				i = len(doc.lists)
				doc.lists = append(doc.lists, &objectList{path: at})
				if i > maxKeys {
					return fmt.Errorf("more than %d lists", maxKeys)
				}
			}
			doc.lists[i].times++
			if err = doc.surveyList(src, doc.lists[i], len(at)); err == nil {
				if doc.lists[i].objects == 0 {
					err = doc.top.add(name)
				} else {
					err = doc.nested.add(name)
				}
			}
		default:
			err = doc.top.add(name)
		}
		if err != nil {
			return err
		}
	}
	_, err := src.d.Token()
	return err
}

// surveyList reads a list that was just opened inside of so many objects.
func (doc *document) surveyList(src *source, l *objectList, depth int) error {
	e := element{
		value:   func(key, _ []byte, _ bool) error { return l.keys.add(key) },
		skipped: func(key []byte) { doc.nested.add(key) },
	}
	for list := newListReader(src, depth); ; {
		raw, err := list.next()
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
		l.items++
		if raw[0] == '{' {
			l.objects++
			e.read(raw) // the reading of the records tells what is wrong
		}
	}
}

// documents lists the grids that a JSON file may hold: the lists of objects in
// it, then the objects at its top.
func (in *input) documents() ([]grid, error) {
	in.passes = 2
	defer func() { in.pass = 1 }()
	if in.lines() {
		g, err := in.jsonLines()
		return []grid{g}, err
	}
	doc, err := in.survey()
	if err != nil {
		return nil, err
	}
	var notes []string
	if doc.legacy {
		notes = append(notes, "the bytes are not UTF-8 and were read as Windows-1252")
	}
	if len(doc.nested.list) > 0 && doc.array {
		notes = append(notes, "lists of objects inside a record are not read: "+strings.Join(doc.nested.list, ", "))
	}
	var gs []grid
	if doc.array || doc.values == 1 {
		for _, l := range doc.lists {
			if l.objects == 0 && l.items > 0 && !doc.array {
				continue
			}
			if l.objects == 0 && l.items > 0 {
				return nil, errors.New("is a JSON list without objects")
			}
			if l.times > 1 {
				return nil, fmt.Errorf("the key %s stands twice", quote(strings.Join(l.path, ".")))
			}
			gs = append(gs, grid{format: "json", keyed: true, header: l.keys.list, list: strings.Join(l.path, "."), notes: notes,
				open: func(int) (rows, error) { return in.listRows(doc, l) }})
		}
	}
	if !doc.array {
		top := notes
		if len(doc.nested.list) > 0 {
			top = append(slices.Clip(notes), "lists of objects inside a record are not read: "+strings.Join(doc.nested.list, ", "))
		}
		gs = append(gs, grid{format: "json", keyed: true, header: doc.top.list, notes: top,
			open: func(int) (rows, error) { return in.objectRows(doc) }})
	}
	return gs, nil
}

// jsonRows reads records of a JSON document.
type jsonRows struct {
	n    uint32
	more func() ([]byte, error) // the next element, io.EOF where none follows
	flat *flatRow
}

func (j *jsonRows) next(r *row) error {
	raw, err := j.more()
	if err != nil {
		return err
	}
	j.n++
	*r = row{n: j.n}
	if raw[0] != '{' {
		r.bad = "is not an object"
		return nil
	}
	j.flat.begin()
	if err := j.flat.read(raw); err != nil {
		r.bad = err.Error()
		return nil
	}
	j.flat.finish(r)
	return nil
}

func (j *jsonRows) notes() []string { return nil }

// unexpected makes an end inside a value an error that is not io.EOF.
func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// listRows reads the objects of one list.
func (in *input) listRows(doc *document, l *objectList) (rows, error) {
	src, err := in.source(doc.legacy)
	if err != nil {
		return nil, err
	}
	if err := seek(src.d, src.m, l.path); err != nil {
		return nil, unexpected(err)
	}
	list := newListReader(src, len(l.path))
	return &jsonRows{flat: newFlatRow(&l.keys), more: func() ([]byte, error) {
		raw, err := list.next()
		if err != io.EOF {
			return raw, err
		}
		for { // read to the end, so that a broken one shows
			src.m.reset()
			if _, err := src.d.Token(); err != nil {
				return nil, err
			}
			if len(l.path) == 0 {
				return nil, errors.New("something follows the list")
			}
		}
	}}, nil
}

// seek goes to the first element of the list at path.
func seek(d *json.Decoder, m *meter, path []string) error {
	if _, err := d.Token(); err != nil {
		return err
	}
	depth := 0 // inside what does not lead to the list
	key, atKey := "", true
	for len(path) > 0 {
		m.reset()
		tok, err := d.Token()
		if err != nil {
			return err
		}
		switch tok {
		case json.Delim('{'), json.Delim('['):
			if depth == 0 && key == path[0] && (tok == json.Delim('[')) == (len(path) == 1) {
				path, atKey = path[1:], true
				continue
			}
			depth++
		case json.Delim('}'), json.Delim(']'):
			if depth--; depth < 0 {
				return fmt.Errorf("has no list %s any more", quote(key))
			}
			atKey = true
		default:
			if depth == 0 && atKey {
				key, atKey = tok.(string), false
			} else {
				atKey = true
			}
		}
	}
	return nil
}

// objectRows reads the objects at the top of the file.
func (in *input) objectRows(doc *document) (rows, error) {
	src, err := in.source(doc.legacy)
	if err != nil {
		return nil, err
	}
	var raw json.RawMessage
	return &jsonRows{flat: newFlatRow(&doc.top), more: func() ([]byte, error) {
		src.m.reset()
		err := src.d.Decode(&raw)
		return raw, err
	}}, nil
}

// lines reports whether the file holds one JSON object in each line.
func (in *input) lines() bool {
	head, err := in.head(in.text.encoding)
	if err != nil {
		return false
	}
	if in.text.cr {
		head = bytes.ReplaceAll(head, []byte{'\r'}, []byte{'\n'})
	}
	first, rest, ok := bytes.Cut(bytes.TrimLeft(head, "\xef\xbb\xbf \t\r\n"), []byte{'\n'})
	return ok && len(bytes.TrimSpace(rest)) > 0 && json.Valid(legacyValid(first))
}

func legacyValid(b []byte) []byte {
	if utf8.Valid(b) {
		return b
	}
	return legacy(b)
}

// jsonLines is the grid of a file with one object in each line.
func (in *input) jsonLines() (grid, error) {
	keys, nested := &keySet{}, &keySet{}
	g := grid{format: "ndjson", keyed: true}
	open := func() (*lineRows, error) {
		r, err := in.reader()
		if err != nil {
			return nil, err
		}
		s := newSplitter(r, '\n')
		s.bare = true
		return &lineRows{text: textRows{s: s, form: in.text}, flat: newFlatRow(keys)}, nil
	}
	g.open = func(int) (rows, error) { return open() }
	survey, err := open()
	if err != nil {
		return g, err
	}
	e := &element{
		value:   func(key, _ []byte, _ bool) error { return keys.add(key) },
		skipped: func(key []byte) { nested.add(key) },
	}
	var r row
	for {
		line, err := survey.line(&r)
		if err != nil { // the reading of the records tells what is wrong
			break
		}
		bad := r.bad
		if bad == "" {
			if err := readLine(line, e); err != nil {
				bad = err.Error()
			}
		}
		if g.bad == "" && bad != "" {
			g.bad = fmt.Sprintf("row %d: %s", r.n, bad)
		}
	}
	if len(keys.list) == 0 && g.bad != "" {
		return g, errors.New(g.bad)
	}
	g.header = keys.list
	if len(nested.list) > 0 {
		g.notes = append(g.notes, "lists of objects inside a record are not read: "+strings.Join(nested.list, ", "))
	}
	return g, nil
}

// lineRows reads the records of a file with one object in each line.
type lineRows struct {
	text textRows
	flat *flatRow
}

// line reads the next line that is not blank.
func (l *lineRows) line(r *row) ([]byte, error) {
	for {
		if err := l.text.next(r); err != nil {
			return nil, err
		}
		if r.bad != "" {
			return nil, nil
		}
		if line := bytes.TrimSpace(r.cells[0]); len(line) > 0 {
			return line, nil
		}
	}
}

func (l *lineRows) next(r *row) error {
	line, err := l.line(r)
	r.cells = nil
	if err != nil || r.bad != "" {
		return err
	}
	l.flat.begin()
	if err := readLine(line, &l.flat.element); err != nil {
		r.bad = err.Error()
		return nil
	}
	l.flat.finish(r)
	return nil
}

func (l *lineRows) notes() []string { return l.text.notes() }

// readLine reads a line that holds one object and nothing else.
func readLine(line []byte, e *element) error {
	if line[0] != '{' || valueIn(line, 0) != len(line) && !json.Valid(line) {
		return errors.New("is not a JSON object")
	}
	return e.read(line)
}
