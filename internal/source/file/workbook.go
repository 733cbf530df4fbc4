package file

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Limits of workbooks: those of Excel, and one on the text that all cells share.
const (
	maxSheetRows    = 1 << 20
	maxSheetColumns = 1 << 14
	maxSharedText   = 1 << 30
)

// workbook is an open XLSX file. Cells are read as stored, not as formatted:
// a date is a serial number, an amount has all its digits.
type workbook struct {
	parts  map[string]*zip.File
	sheets []sheet
	shared textList
	epoch  serialEpoch
}

type sheet struct {
	name string
	part *zip.File
}

// openWorkbook reads what the sheets share. A zip archive that is no workbook is
// an error that says what it seems to be.
func (in *input) openWorkbook() (*workbook, error) {
	z, err := zip.NewReader(in, in.size)
	if err != nil {
		return nil, fmt.Errorf("is a damaged archive: %w", err)
	}
	w := &workbook{parts: map[string]*zip.File{}, epoch: epoch1900}
	in.book = w
	for _, f := range z.File {
		w.parts[strings.ToLower(strings.TrimPrefix(path.Clean("/"+f.Name), "/"))] = f
	}
	main := "xl/workbook.xml"
	rels, err := w.relations("_rels/.rels", "")
	if err != nil {
		return nil, err
	}
	for _, r := range rels {
		if r.kind == "officeDocument" {
			main = r.target
		}
	}
	switch {
	case w.parts[main] != nil && strings.HasSuffix(main, ".xml") && strings.Contains(main, "workbook"):
	case w.parts["xl/workbook.bin"] != nil:
		return nil, errors.New("is a binary Excel workbook (.xlsb); save it as .xlsx")
	case w.parts["content.xml"] != nil:
		return nil, errors.New("is an OpenDocument file; save it as .xlsx or CSV")
	case w.parts["word/document.xml"] != nil:
		return nil, errors.New("is a Word document")
	default:
		return nil, errors.New("is a zip archive; unpack it first")
	}
	return w, w.contents(main)
}

// contents reads the workbook part and what it refers to.
func (w *workbook) contents(main string) error {
	dir, base := path.Split(main)
	rels, err := w.relations(dir+"_rels/"+base+".rels", dir)
	if err != nil {
		return err
	}
	err = w.elements(main, func(m *markup) error {
		switch string(m.name) {
		case "workbookPr":
			if v := string(m.attr("date1904")); v == "1" || v == "true" {
				w.epoch = epoch1904
			}
		case "sheet":
			if r, ok := rels[string(m.attr("id"))]; ok && r.kind == "worksheet" && w.parts[r.target] != nil {
				w.sheets = append(w.sheets, sheet{string(m.attr("name")), w.parts[r.target]})
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if len(w.sheets) == 0 {
		return errors.New("is a workbook without sheets")
	}
	for _, r := range rels {
		if r.kind == "sharedStrings" && w.parts[r.target] != nil {
			return w.sharedStrings(r.target)
		}
	}
	return nil
}

// relation is one reference of a part to another.
type relation struct{ kind, target string }

// relations reads a list of references by their ids; a missing part has none.
func (w *workbook) relations(part, dir string) (map[string]relation, error) {
	rels := map[string]relation{}
	if w.parts[part] == nil {
		return rels, nil
	}
	err := w.elements(part, func(m *markup) error {
		if string(m.name) != "Relationship" {
			return nil
		}
		to := string(m.attr("Target"))
		if !strings.HasPrefix(to, "/") {
			to = dir + to
		}
		rels[string(m.attr("Id"))] = relation{path.Base(string(m.attr("Type"))), strings.ToLower(strings.TrimPrefix(path.Clean("/"+to), "/"))}
		return nil
	})
	return rels, err
}

// sharedStrings reads the texts to which cells refer by number.
func (w *workbook) sharedStrings(part string) error {
	total := 0
	var text []byte
	return w.elements(part, func(m *markup) (err error) {
		if string(m.name) != "si" {
			return nil
		}
		text, err = richText(m, text[:0])
		if total += len(text) + 16; total > maxSharedText {
			return errors.New("the workbook's texts are too large")
		}
		w.shared.add(text)
		return err
	})
}

// elements calls f for every element that opens in a part; f may read its content.
func (w *workbook) elements(part string, f func(*markup) error) error {
	m, err := newMarkup(w.parts[part].Open)
	if err != nil {
		return fmt.Errorf("reading %s: %w", part, err)
	}
	defer m.close()
	for {
		m.reset()
		t, err := m.next()
		if err == io.EOF {
			return nil
		}
		if t == opens && err == nil {
			err = f(m)
		}
		if err != nil {
			return fmt.Errorf("reading %s: %w", part, err)
		}
	}
}

// richText appends the runs of a text that was just opened, without what is only
// there to show how it is pronounced.
func richText(m *markup, to []byte) ([]byte, error) {
	from := len(to)
	depth, spoken, in := 1, 0, false
	for depth > 0 {
		t, err := m.next()
		if err != nil {
			return to, unexpected(err)
		}
		switch t {
		case opens:
			depth++
			if string(m.name) == "rPh" {
				spoken++
			}
			in = string(m.name) == "t" && spoken == 0
		case closes:
			depth--
			if string(m.name) == "rPh" {
				spoken--
			}
			in = false
		case chars:
			if in {
				to = append(to, m.text...)
			}
		}
	}
	return unescape(to, from), nil
}

// unescape undoes Excel's way of writing control characters, "_x000D_", from some
// byte on.
func unescape(b []byte, from int) []byte {
	s := b[from:]
	if !bytes.Contains(s, []byte("_x")) {
		return b
	}
	b = b[:from] // never longer than what it replaces
	for i := 0; i < len(s); i++ {
		if len(s)-i >= 7 && s[i] == '_' && s[i+1] == 'x' && s[i+6] == '_' {
			if v, err := strconv.ParseUint(string(s[i+2:i+6]), 16, 16); err == nil {
				b = utf8.AppendRune(b, rune(v))
				i += 6
				continue
			}
		}
		b = append(b, s[i])
	}
	return b
}

// grids lists the workbook's sheets, or the one that is asked for.
func (w *workbook) grids(name string, header int) ([]grid, error) {
	var gs []grid
	var names []string
	for _, s := range w.sheets {
		names = append(names, s.name)
		if name != "" && !strings.EqualFold(strings.TrimSpace(s.name), strings.TrimSpace(name)) {
			continue
		}
		g := grid{format: "xlsx", sheet: s.name, epoch: w.epoch, open: func(int) (rows, error) { return w.open(s) }}
		if err := g.peek(header); err != nil {
			return nil, fmt.Errorf("sheet %q: %w", s.name, err)
		}
		gs = append(gs, g)
	}
	if len(gs) == 0 {
		return nil, fmt.Errorf("has no sheet %q; it has %s", name, strings.Join(names, ", "))
	}
	return gs, nil
}

func (w *workbook) open(s sheet) (rows, error) {
	m, err := newMarkup(s.part.Open)
	if err != nil {
		return nil, err
	}
	m.reset()
	return &sheetRows{w: w, m: m}, nil
}

// sheetRows reads the rows of a sheet.
type sheetRows struct {
	w      *workbook
	m      *markup
	n      uint32
	done   bool
	text   []byte
	span   []span
	cells  [][]byte
	number []bool
}

func (s *sheetRows) next(r *row) error {
	for {
		s.m.reset()
		t, err := s.m.next()
		if err != nil {
			s.m.close()
			if err == io.EOF && !s.done {
				return io.ErrUnexpectedEOF
			}
			return err
		}
		switch t {
		case closes:
			if string(s.m.name) == "sheetData" {
				s.done = true
			}
		case opens:
			if string(s.m.name) == "sheetData" {
				s.done = false
			}
			if string(s.m.name) != "row" {
				continue
			}
			n := uint64(s.n) + 1
			if v := s.m.attr("r"); len(v) > 0 {
				if n, err = strconv.ParseUint(string(v), 10, 32); err != nil || n == 0 {
					return fmt.Errorf("row number %q", v)
				}
			}
			if n > maxSheetRows {
				return fmt.Errorf("more than %d rows", maxSheetRows)
			}
			s.n = uint32(n)
			*r = row{n: s.n}
			if r.bad, err = s.row(); err != nil {
				return unexpected(err)
			}
			if r.bad == "" {
				r.cells, r.number = s.cells, s.number
			}
			return nil
		}
	}
}

// row reads the cells of a row that was just opened.
func (s *sheetRows) row() (bad string, err error) {
	s.text, s.span, s.number = s.text[:0], s.span[:0], s.number[:0]
	at := 0
	for {
		t, err := s.m.next()
		if err != nil {
			return "", err
		}
		switch t {
		case closes:
			if string(s.m.name) == "row" {
				s.cells = s.cells[:0]
				for _, p := range s.span {
					s.cells = append(s.cells, s.text[p.from:p.to])
				}
				return bad, nil
			}
		case opens:
			if string(s.m.name) != "c" {
				continue
			}
			if ref := s.m.attr("r"); len(ref) > 0 {
				if at = columnOf(ref); at < 0 {
					return "", fmt.Errorf("cell reference %q", ref)
				}
			}
			if at >= maxSheetColumns {
				return "", fmt.Errorf("more than %d columns", maxSheetColumns)
			}
			number, why, err := s.cell(at, kindOf(s.m.attr("t")))
			if err != nil {
				return "", err
			}
			if why != "" && bad == "" {
				bad = why
			}
			s.number[at] = number
			at++
		}
	}
}

// cellKind is what a cell's type says about its content.
type cellKind uint8

const (
	textCell cellKind = iota
	numberCell
	sharedCell
	formulaCell // the text that a formula gives
	boolCell
)

func kindOf(t []byte) cellKind {
	switch string(t) {
	case "", "n":
		return numberCell
	case "s":
		return sharedCell
	case "str":
		return formulaCell
	case "b":
		return boolCell
	}
	return textCell
}

// cell reads the content of a cell that was just opened into column at.
func (s *sheetRows) cell(at int, kind cellKind) (number bool, bad string, err error) {
	for len(s.span) <= at {
		s.span = append(s.span, span{})
		s.number = append(s.number, false)
	}
	from := len(s.text)
	depth, in := 1, false
	for depth > 0 {
		t, err := s.m.next()
		if err != nil {
			return false, "", err
		}
		switch t {
		case opens:
			if string(s.m.name) == "is" {
				if s.text, err = richText(s.m, s.text); err != nil {
					return false, "", err
				}
				continue
			}
			depth++
			in = string(s.m.name) == "v"
		case closes:
			depth--
			in = false
		case chars:
			if in {
				s.text = append(s.text, s.m.text...)
			}
		}
	}
	value := s.text[from:]
	switch kind {
	case sharedCell:
		i, err := strconv.Atoi(string(bytes.TrimSpace(value)))
		s.text = s.text[:from]
		if err != nil || i < 0 || i >= s.w.shared.len() {
			bad = "a cell refers to a text that the workbook does not hold"
			break
		}
		if s.text, err = s.w.shared.append(s.text, i); err != nil {
			return false, "", err
		}
	case formulaCell:
		s.text = unescape(s.text, from)
	case boolCell:
		word := "false"
		if string(value) == "1" || string(value) == "true" {
			word = "true"
		}
		s.text = append(s.text[:from], word...)
	case numberCell:
		number = len(value) > 0
	}
	s.span[at] = span{from, len(s.text)}
	return number, bad, nil
}

// columnOf is the column of a reference such as "B12", counted from 0, or −1.
func columnOf(ref []byte) int {
	n := 0
	for i := 0; i < len(ref); i++ {
		c := ref[i] &^ 0x20
		if c < 'A' || c > 'Z' {
			if i == 0 {
				return -1
			}
			break
		}
		if n = n*26 + int(c-'A') + 1; n > maxSheetColumns {
			return -1
		}
	}
	return n - 1
}

func (s *sheetRows) notes() []string { return nil }
