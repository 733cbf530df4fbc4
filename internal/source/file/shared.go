package file

import (
	varint "encoding/binary"
	"os"

	"gcdiag/internal/scratch"
)

const (
	pageBits = 14
	pageSize = 1 << pageBits
	stride   = 8  // one text of so many has its place written down
	window   = 64 // pages of the file that are held in memory, a power of two
)

// textsInMemory is how many bytes of texts are held in memory; what goes beyond
// is kept in a scratch file, or in memory where none can be made.
var textsInMemory = 16 << 20

// textList is a list of texts that takes little more memory than their bytes, and
// none for those beyond textsInMemory. The zero value is an empty list.
type textList struct {
	n       int
	places  []uint32 // of every text whose number divides by stride: page, then byte in it
	pages   [][]byte // texts with their lengths; nil: it stands in the file
	bytes   int      // in memory
	file    *os.File
	cipher  scratch.Cipher
	spilled int64
	noFile  bool            // none can be made or written
	where   map[int]stretch // of pages in the file
	held    [window]struct {
		page int
		text []byte
	}
}

type stretch struct {
	at   int64
	size int
}

func (t *textList) len() int { return t.n }

// add puts a text at the end of the list.
func (t *textList) add(text []byte) {
	need := varint.MaxVarintLen32 + len(text)
	last := len(t.pages) - 1
	if last < 0 || cap(t.pages[last])-len(t.pages[last]) < need {
		if last >= 0 && t.bytes > textsInMemory && !t.noFile {
			t.noFile = t.spill(last) != nil
		}
		t.pages = append(t.pages, make([]byte, 0, max(pageSize, need)))
		last++
		t.bytes += cap(t.pages[last])
	}
	page := t.pages[last]
	if t.n%stride == 0 {
		t.places = append(t.places, uint32(last)<<pageBits|uint32(len(page)))
	}
	page = varint.AppendUvarint(page, uint64(len(text)))
	t.pages[last] = append(page, text...)
	t.n++
}

// spill moves a full page into the file. On an error it stays in memory.
func (t *textList) spill(page int) error {
	if t.file == nil {
		f, err := scratch.Open(os.TempDir())
		if err != nil {
			return err
		}
		t.file, t.cipher, t.where = f, scratch.NewCipher(), map[int]stretch{}
	}
	b := t.pages[page]
	t.cipher.Apply(b, t.spilled)
	if _, err := t.file.WriteAt(b, t.spilled); err != nil {
		t.cipher.Apply(b, t.spilled) // it stays in memory as it was
		return err
	}
	t.where[page] = stretch{t.spilled, len(b)}
	t.spilled += int64(len(b))
	t.bytes -= cap(b)
	t.pages[page] = nil
	return nil
}

// append appends the i-th text, which the list must hold. An error is one of the file.
func (t *textList) append(to []byte, i int) ([]byte, error) {
	place := t.places[i/stride]
	number, at := int(place>>pageBits), int(place&(pageSize-1))
	page, err := t.page(number)
	for skip := i % stride; err == nil; skip-- {
		if at == len(page) { // the next text stands on the next page
			number, at = number+1, 0
			if page, err = t.page(number); err != nil {
				break
			}
		}
		n, used := varint.Uvarint(page[at:])
		at += used
		if skip == 0 {
			return append(to, page[at:at+int(n)]...), nil
		}
		at += int(n)
	}
	return to, err
}

// page is the texts of one page.
func (t *textList) page(number int) ([]byte, error) {
	if b := t.pages[number]; b != nil {
		return b, nil
	}
	held := &t.held[number%window]
	if held.page == number && held.text != nil {
		return held.text, nil
	}
	s := t.where[number]
	if cap(held.text) < s.size {
		held.text = make([]byte, s.size)
	}
	held.page, held.text = number, held.text[:s.size]
	if _, err := t.file.ReadAt(held.text, s.at); err != nil {
		held.text = nil
		return nil, err
	}
	t.cipher.Apply(held.text, s.at)
	return held.text, nil
}

// close gives the file back.
func (t *textList) close() {
	if t.file != nil {
		t.file.Close()
	}
}
