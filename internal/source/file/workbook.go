package file

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"
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
	shared []string
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
	err = w.elements(main, func(d *xml.Decoder, e xml.StartElement) error {
		switch e.Name.Local {
		case "workbookPr":
			if v := attr(e, "date1904"); v == "1" || v == "true" {
				w.epoch = epoch1904
			}
		case "sheet":
			if r, ok := rels[attr(e, "id")]; ok && r.kind == "worksheet" && w.parts[r.target] != nil {
				w.sheets = append(w.sheets, sheet{attr(e, "name"), w.parts[r.target]})
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
	err := w.elements(part, func(d *xml.Decoder, e xml.StartElement) error {
		if e.Name.Local != "Relationship" {
			return nil
		}
		to := attr(e, "Target")
		if !strings.HasPrefix(to, "/") {
			to = dir + to
		}
		rels[attr(e, "Id")] = relation{path.Base(attr(e, "Type")), strings.ToLower(strings.TrimPrefix(path.Clean("/"+to), "/"))}
		return nil
	})
	return rels, err
}

// sharedStrings reads the texts to which cells refer by number.
func (w *workbook) sharedStrings(part string) error {
	total := 0
	return w.elements(part, func(d *xml.Decoder, e xml.StartElement) error {
		if e.Name.Local != "si" {
			return nil
		}
		s, err := richText(d)
		if total += len(s) + 16; total > maxSharedText {
			return errors.New("the workbook's texts are too large")
		}
		w.shared = append(w.shared, s)
		return err
	})
}

// elements calls f for every element that starts in a part; f may read its content.
func (w *workbook) elements(part string, f func(*xml.Decoder, xml.StartElement) error) error {
	r, err := w.parts[part].Open()
	if err != nil {
		return fmt.Errorf("reading %s: %w", part, err)
	}
	defer r.Close()
	m := &meter{r: r}
	d := xml.NewDecoder(m)
	for {
		m.reset()
		tok, err := d.Token()
		if err == io.EOF {
			return nil
		}
		if e, ok := tok.(xml.StartElement); ok && err == nil {
			err = f(d, e)
		}
		if err != nil {
			return fmt.Errorf("reading %s: %w", part, err)
		}
	}
}

func attr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// richText joins the runs of a text whose start was read, without what is only
// there to show how it is pronounced.
func richText(d *xml.Decoder) (string, error) {
	var b strings.Builder
	depth, spoken, in := 1, 0, false
	for depth > 0 {
		tok, err := d.Token()
		if err != nil {
			return "", unexpected(err)
		}
		switch t := tok.(type) {
		case xml.StartElement:
			depth++
			if t.Name.Local == "rPh" {
				spoken++
			}
			in = t.Name.Local == "t" && spoken == 0
		case xml.EndElement:
			depth--
			if t.Name.Local == "rPh" {
				spoken--
			}
			in = false
		case xml.CharData:
			if in {
				b.Write(t)
			}
		}
	}
	return unescape(b.String()), nil
}

// unescape undoes Excel's way of writing control characters, "_x000D_".
func unescape(s string) string {
	if !strings.Contains(s, "_x") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if len(s)-i >= 7 && s[i] == '_' && s[i+1] == 'x' && s[i+6] == '_' {
			if v, err := strconv.ParseUint(s[i+2:i+6], 16, 16); err == nil {
				b.WriteRune(rune(v))
				i += 6
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
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
	r, err := s.part.Open()
	if err != nil {
		return nil, err
	}
	m := &meter{r: r}
	m.reset()
	return &sheetRows{w: w, part: r, m: m, d: xml.NewDecoder(m)}, nil
}

// sheetRows reads the rows of a sheet.
type sheetRows struct {
	w      *workbook
	part   io.Closer
	m      *meter
	d      *xml.Decoder
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
		tok, err := s.d.Token()
		if err != nil {
			s.part.Close()
			if err == io.EOF && !s.done {
				return io.ErrUnexpectedEOF
			}
			return err
		}
		switch t := tok.(type) {
		case xml.EndElement:
			if t.Name.Local == "sheetData" {
				s.done = true
			}
		case xml.StartElement:
			if t.Name.Local == "sheetData" {
				s.done = false
			}
			if t.Name.Local != "row" {
				continue
			}
			n := uint64(s.n) + 1
			if v := attr(t, "r"); v != "" {
				if n, err = strconv.ParseUint(v, 10, 32); err != nil || n == 0 {
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

// row reads the cells of a row whose start was read.
func (s *sheetRows) row() (bad string, err error) {
	s.text, s.span, s.number = s.text[:0], s.span[:0], s.number[:0]
	at := 0
	for {
		tok, err := s.d.Token()
		if err != nil {
			return "", err
		}
		switch t := tok.(type) {
		case xml.EndElement:
			if t.Name.Local == "row" {
				s.cells = s.cells[:0]
				for _, p := range s.span {
					s.cells = append(s.cells, s.text[p.from:p.to])
				}
				return bad, nil
			}
		case xml.StartElement:
			if t.Name.Local != "c" {
				continue
			}
			if ref := attr(t, "r"); ref != "" {
				if at = columnOf(ref); at < 0 {
					return "", fmt.Errorf("cell reference %q", ref)
				}
			}
			if at >= maxSheetColumns {
				return "", fmt.Errorf("more than %d columns", maxSheetColumns)
			}
			number, why, err := s.cell(at, attr(t, "t"))
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

// cell reads the content of a cell whose start was read into column at.
func (s *sheetRows) cell(at int, kind string) (number bool, bad string, err error) {
	for len(s.span) <= at {
		s.span = append(s.span, span{})
		s.number = append(s.number, false)
	}
	from := len(s.text)
	depth, in := 1, false
	for depth > 0 {
		tok, err := s.d.Token()
		if err != nil {
			return false, "", err
		}
		switch t := tok.(type) {
		case xml.StartElement:
			if t.Name.Local == "is" {
				text, err := richText(s.d)
				if err != nil {
					return false, "", err
				}
				s.text = append(s.text, text...)
				continue
			}
			depth++
			in = t.Name.Local == "v"
		case xml.EndElement:
			depth--
			in = false
		case xml.CharData:
			if in {
				s.text = append(s.text, t...)
			}
		}
	}
	value := s.text[from:]
	switch kind {
	case "s":
		i, err := strconv.Atoi(string(bytes.TrimSpace(value)))
		s.text = s.text[:from]
		if err != nil || i < 0 || i >= len(s.w.shared) {
			bad = "a cell refers to a text that the workbook does not hold"
			break
		}
		s.text = append(s.text, s.w.shared[i]...)
	case "str":
		if text := unescape(string(value)); len(text) != len(value) {
			s.text = append(s.text[:from], text...)
		}
	case "b":
		word := "false"
		if string(value) == "1" || string(value) == "true" {
			word = "true"
		}
		s.text = append(s.text[:from], word...)
	case "", "n":
		number = len(value) > 0
	}
	s.span[at] = span{from, len(s.text)}
	return number, bad, nil
}

// columnOf is the column of a reference such as "B12", counted from 0, or −1.
func columnOf(ref string) int {
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
