package file

import (
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

// keySet is names in the order in which they first stand.
type keySet struct {
	list  []string
	index map[string]int
}

func (k *keySet) add(name string) (int, error) {
	if i, ok := k.index[name]; ok {
		return i, nil
	}
	if k.index == nil {
		k.index = map[string]int{}
	}
	if len(k.list) == maxKeys {
		return 0, fmt.Errorf("more than %d different keys", maxKeys)
	}
	k.index[name] = len(k.list)
	k.list = append(k.list, name)
	return len(k.list) - 1, nil
}

// element is one JSON object laid flat: the keys of objects inside it are joined
// by points ("amount.currency"), lists of plain values by commas. Lists of
// objects or lists are no columns; skipped names them.
type element struct {
	value   func(key string, text []byte, number bool) error
	skipped func(key string)

	rest []byte // what is still to be read
}

// read lays out an object. json must be valid.
func (e *element) read(json []byte) error {
	e.rest = json
	return e.object("", 0)
}

// start skips blanks and gives the byte at which a value, key or end begins.
func (e *element) start() byte {
	for len(e.rest) > 0 {
		switch c := e.rest[0]; c {
		case ' ', '\t', '\r', '\n', ',', ':':
			e.rest = e.rest[1:]
		default:
			return c
		}
	}
	return 0
}

func (e *element) object(prefix string, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("nested deeper than %d", maxDepth)
	}
	e.rest = e.rest[1:]
	for {
		switch e.start() {
		case 0:
			return io.ErrUnexpectedEOF
		case '}':
			e.rest = e.rest[1:]
			return nil
		}
		key := prefix + string(e.plain())
		var err error
		switch e.start() {
		case '{':
			err = e.object(key+".", depth+1)
		case '[':
			err = e.list(key, depth+1)
		case '"':
			err = e.value(key, e.plain(), false)
		default:
			text, number := e.literal()
			err = e.value(key, text, number)
		}
		if err != nil {
			return err
		}
	}
}

func (e *element) list(key string, depth int) error {
	var joined []byte
	flat := true
	e.rest = e.rest[1:]
	for n := 0; ; n++ {
		switch c := e.start(); c {
		case 0:
			return io.ErrUnexpectedEOF
		case ']':
			e.rest = e.rest[1:]
			if flat {
				return e.value(key, joined, false)
			}
			e.skipped(key)
			return nil
		case '{', '[':
			flat = false
			if err := e.leave(c, depth); err != nil {
				return err
			}
		default:
			if n > 0 {
				joined = append(joined, ',')
			}
			if c == '"' {
				joined = append(joined, e.plain()...)
			} else {
				text, _ := e.literal()
				joined = append(joined, text...)
			}
		}
	}
}

// leave passes over an object or list that begins with c.
func (e *element) leave(c byte, depth int) error {
	inner := element{value: func(string, []byte, bool) error { return nil }, skipped: func(string) {}, rest: e.rest}
	var err error
	if c == '{' {
		err = inner.object("", depth+1)
	} else {
		err = inner.list("", depth+1)
	}
	e.rest = inner.rest
	return err
}

// plain takes a string and undoes its escapes.
func (e *element) plain() []byte {
	escaped := false
	for i := 1; i < len(e.rest); i++ {
		switch e.rest[i] {
		case '\\':
			escaped = true
			i++
		case '"':
			text := e.rest[:i+1]
			e.rest = e.rest[i+1:]
			if !escaped {
				return text[1:i]
			}
			var s string
			if json.Unmarshal(text, &s) != nil {
				return nil
			}
			return []byte(s)
		}
	}
	e.rest = nil
	return nil
}

// literal takes a number, true, false or null; the last one is empty.
func (e *element) literal() (text []byte, number bool) {
	n := 0
	for n < len(e.rest) && bytes.IndexByte([]byte(",:]} \t\r\n"), e.rest[n]) < 0 {
		n++
	}
	text, e.rest = e.rest[:n], e.rest[n:]
	if string(text) == "null" {
		return nil, false
	}
	return text, n > 0 && (text[0] == '-' || digit(text[0]))
}

func digit(c byte) bool { return c-'0' <= 9 }

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

// decoder starts reading the file's JSON.
func (in *input) decoder(old bool) (*json.Decoder, *meter, error) {
	r, err := in.reader()
	if err != nil {
		return nil, nil, err
	}
	if old {
		r = transform.NewReader(r, charmap.Windows1252.NewDecoder())
	} else {
		r = transform.NewReader(r, encoding.UTF8Validator)
	}
	m := &meter{r: r}
	m.reset()
	d := json.NewDecoder(m)
	return d, m, nil
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
	d, m, err := in.decoder(old)
	if err != nil {
		return nil, err
	}
	doc := &document{legacy: old}
	for {
		m.reset()
		tok, err := d.Token()
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
			err = doc.surveyList(d, m, l)
		case json.Delim('{'):
			err = doc.surveyObject(d, m, nil)
		default:
			err = errors.New("a value outside of any list or object")
		}
		if err != nil {
			return doc, err
		}
	}
}

func (doc *document) surveyObject(d *json.Decoder, m *meter, path []string) error {
	if len(path) > maxDepth {
		return fmt.Errorf("nested deeper than %d", maxDepth)
	}
	for d.More() {
		m.reset()
		tok, err := d.Token()
		if err != nil {
			return err
		}
		at := append(slices.Clone(path), tok.(string))
		name := strings.Join(at, ".")
		if tok, err = d.Token(); err != nil {
			return err
		}
		switch tok {
		case json.Delim('{'):
			err = doc.surveyObject(d, m, at)
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
			if err = doc.surveyList(d, m, doc.lists[i]); err == nil {
				if doc.lists[i].objects == 0 {
					_, err = doc.top.add(name)
				} else {
					_, err = doc.nested.add(name)
				}
			}
		default:
			_, err = doc.top.add(name)
		}
		if err != nil {
			return err
		}
	}
	_, err := d.Token()
	return err
}

func (doc *document) surveyList(d *json.Decoder, m *meter, l *objectList) error {
	e := element{
		value: func(key string, _ []byte, _ bool) error {
			_, err := l.keys.add(key)
			return err
		},
		skipped: func(key string) { doc.nested.add(key) },
	}
	var raw json.RawMessage
	for d.More() {
		m.reset()
		if err := d.Decode(&raw); err != nil {
			return unexpected(err)
		}
		l.items++
		if raw[0] == '{' {
			l.objects++
			e.read(raw) // the reading of the records tells what is wrong
		}
	}
	_, err := d.Token()
	return err
}

// documents lists the grids that a JSON file may hold: the lists of objects in
// it, then the objects at its top.
func (in *input) documents() ([]grid, error) {
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
	d    *json.Decoder
	m    *meter
	list bool // the elements are those of a list
	n    uint32
	more func() error // io.EOF where no further element follows
	raw  json.RawMessage
	flat *flatRow
}

// flatRow collects the cells of one element.
type flatRow struct {
	element
	text   []byte
	span   []span
	cells  [][]byte
	number []bool
	twice  string
}

type span struct{ from, to int }

// newFlatRow makes a row with a column for each key.
func newFlatRow(keys *keySet) *flatRow {
	n := len(keys.list)
	f := &flatRow{span: make([]span, n), cells: make([][]byte, n), number: make([]bool, n)}
	f.element = element{
		value: func(key string, text []byte, number bool) error {
			i, ok := keys.index[key]
			if !ok {
				return fmt.Errorf("one key too many: %q", key)
			}
			if f.span[i].from >= 0 {
				f.twice = key
			}
			f.span[i] = span{len(f.text), len(f.text) + len(text)}
			f.text = append(f.text, text...)
			f.number[i] = number
			return nil
		},
		skipped: func(string) {},
	}
	return f
}

func (f *flatRow) begin() {
	f.text, f.twice = f.text[:0], ""
	for i := range f.span {
		f.span[i], f.number[i] = span{-1, -1}, false
	}
}

func (f *flatRow) finish(r *row) {
	if f.twice != "" {
		r.bad = fmt.Sprintf("the key %q stands twice in one record", f.twice)
		return
	}
	for i, s := range f.span {
		f.cells[i] = nil
		if s.from >= 0 {
			f.cells[i] = f.text[s.from:s.to]
		}
	}
	r.cells, r.number = f.cells, f.number
}

func (j *jsonRows) next(r *row) error {
	j.m.reset()
	if err := j.more(); err != nil {
		return err
	}
	if err := j.d.Decode(&j.raw); err != nil {
		if j.list {
			err = unexpected(err)
		}
		return err
	}
	j.n++
	*r = row{n: j.n}
	if j.raw[0] != '{' {
		r.bad = "is not an object"
		return nil
	}
	j.flat.begin()
	if err := j.flat.read(j.raw); err != nil {
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
	d, m, err := in.decoder(doc.legacy)
	if err != nil {
		return nil, err
	}
	if err := seek(d, m, l.path); err != nil {
		return nil, unexpected(err)
	}
	j := &jsonRows{d: d, m: m, list: true, flat: newFlatRow(&l.keys)}
	j.more = func() error {
		if d.More() {
			return nil
		}
		if _, err := d.Token(); err != nil {
			return unexpected(err)
		}
		for { // read to the end, so that a broken one shows
			m.reset()
			if _, err := d.Token(); err != nil {
				return err
			}
			if len(l.path) == 0 {
				return errors.New("something follows the list")
			}
		}
	}
	return j, nil
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
	d, m, err := in.decoder(doc.legacy)
	if err != nil {
		return nil, err
	}
	return &jsonRows{d: d, m: m, flat: newFlatRow(&doc.top), more: func() error { return nil }}, nil
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
		value: func(key string, _ []byte, _ bool) error {
			_, err := keys.add(key)
			return err
		},
		skipped: func(key string) { nested.add(key) },
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
	if !json.Valid(line) || line[0] != '{' {
		return errors.New("is not a JSON object")
	}
	return e.read(line)
}
