package casefile

import (
	"errors"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"sync/atomic"

	"gcdiag/internal/scratch"
	"gcdiag/internal/shelf"
)

// What does not stay in memory is in one scratch file per packed table.

// Bound makes about so many bytes of packed records stay in memory, of all tables
// together, and as many of what a watcher notes and of what the builder notes of ids
// until Finish; those that come after them are written to temporary files and read
// back when they are asked for. It must be called before anything is added, and before
// Watch. What can't be written or read is told by Case.Err.
func (b *Builder) Bound(bytes int64) {
	b.c.notes = shelf.New(bytes)
	limit := &bound{folder: os.TempDir(), open: func(folder string) (backing, error) { return scratch.Open(folder) }}
	limit.left.Store(bytes)
	size := int(min(segmentSize, max(512, bytes/64)))
	b.c.Movements.limit(limit, size)
	b.c.Deliveries.limit(limit, size)
	b.c.Postings.limit(limit, size)
}

// Notes is where what is noted of the records is kept; nil: in memory.
func (c *Case) Notes() *shelf.Store { return c.notes }

// Err is why records could not be kept in temporary files or read back, a
// *shelf.Error, or nil. Records that were lost are read as ones that say nothing:
// what was made of the case before Err was asked must not be used unless it is nil.
func (c *Case) Err() error {
	for _, b := range []*bound{c.Movements.bound(), c.Deliveries.bound(), c.Postings.bound()} {
		if err := b.err(); err != nil {
			return err
		}
	}
	return c.notes.Err()
}

// errOther is the error of a file that does not hold what was written to it.
var errOther = errors.New("the temporary file was damaged")

// bound is how much of the packed tables of a case stays in memory. Without one,
// nil, everything does. Tables may be filled at the same time.
type bound struct {
	left   atomic.Int64 // bytes for which there is room
	folder string
	open   func(folder string) (backing, error)
	failed atomic.Pointer[shelf.Error] // the first error
}

// backing is an *os.File, or what a test puts in its place.
type backing interface {
	io.WriterAt
	io.ReaderAt
}

// keeps reports whether so many bytes may stay in memory, and counts them.
func (b *bound) keeps(n int) bool {
	if b == nil {
		return true
	}
	if b.left.Add(-int64(n)) >= 0 {
		return true
	}
	b.left.Add(int64(n))
	return false
}

func (b *bound) fail(err error) {
	var at *fs.PathError
	if errors.As(err, &at) {
		err = at.Err
	}
	b.failed.CompareAndSwap(nil, &shelf.Error{Folder: b.folder, Err: err})
}

func (b *bound) err() error {
	if b == nil {
		return nil
	}
	if err := b.failed.Load(); err != nil {
		return err
	}
	return nil
}

func (t *Table[T]) bound() *bound {
	if t.pack == nil {
		return nil
	}
	return t.pack.bound
}

func (t *Table[T]) limit(b *bound, size int) { t.pack.bound, t.pack.size = b, size }

// seal ends filling, so that the table can be read from several goroutines.
func (t *Table[T]) seal() {
	if t.pack != nil {
		t.pack.seal()
	}
}

// overflow is the file of one table. It may be read from several goroutines.
type overflow struct {
	file   backing // nil until something is written
	cipher scratch.Cipher
	end    int64
}

// extent is a part of the file, which has a checksum. Of size 0 it was lost.
type extent struct {
	at   int64
	size int
	sum  uint32
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// write appends bytes, which it changes.
func (o *overflow) write(b *bound, data []byte) extent {
	if b.err() != nil {
		return extent{}
	}
	if o.file == nil {
		f, err := b.open(b.folder)
		if err != nil {
			b.fail(err)
			return extent{}
		}
		o.file, o.cipher = f, scratch.NewCipher()
	}
	x := extent{o.end, len(data), crc32.Checksum(data, castagnoli)}
	o.cipher.Apply(data, x.at)
	if _, err := o.file.WriteAt(data, x.at); err != nil {
		b.fail(err)
		return extent{}
	}
	o.end += int64(len(data))
	return x
}

// whole reads an extent back, "" where that can't be done.
func (o *overflow) whole(b *bound, x extent) string {
	data := o.read(b, x, 0, x.size)
	if crc32.Checksum(data, castagnoli) != x.sum {
		b.fail(errOther)
		return ""
	}
	return string(data)
}

// part reads what stands between two places of an extent, "" where that can't be
// done.
func (o *overflow) part(b *bound, x extent, from, to int) string {
	return string(o.read(b, x, from, to))
}

func (o *overflow) read(b *bound, x extent, from, to int) []byte {
	if x.size == 0 {
		return nil
	}
	data := make([]byte, to-from)
	at := x.at + int64(from)
	if _, err := o.file.ReadAt(data, at); err != nil {
		b.fail(err)
		return nil
	}
	o.cipher.Apply(data, at)
	return data
}
