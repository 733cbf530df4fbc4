// Package shelf keeps much of one kind, lists of plain values and pieces of bytes: in
// memory while there is room, and in an encrypted scratch file for the rest.
package shelf

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"

	"gcdiag/internal/scratch"
)

// Store is where what has no room in memory is kept. It may be used from several
// goroutines. A nil Store has room for everything.
type Store struct {
	left   atomic.Int64 // bytes for which there is room
	folder string
	failed atomic.Pointer[Error] // the first one

	open   func(folder string) (Backing, error)
	opened sync.Once
	file   Backing
	cipher scratch.Cipher
	end    atomic.Int64
}

// Backing is an *os.File, or what a test puts in its place.
type Backing interface {
	io.WriterAt
	io.ReaderAt
}

// New is a store that has room for so many bytes in memory. What can't be written or
// read later is told by Err.
func New(bytes int64) *Store {
	return NewOn(bytes, os.TempDir(), func(folder string) (Backing, error) { return scratch.Open(folder) })
}

// NewOn is New with a folder and a way to open a file there.
func NewOn(bytes int64, folder string, open func(folder string) (Backing, error)) *Store {
	s := &Store{folder: folder, open: open}
	s.left.Store(bytes)
	return s
}

// Err is why something could not be written or read back, an *Error, or nil. What
// was lost is read as zeros: nothing made of it must be used unless Err is nil.
func (s *Store) Err() error {
	if s == nil {
		return nil
	}
	if err := s.failed.Load(); err != nil {
		return err
	}
	return nil
}

// Error says why something could not be kept in a temporary file.
type Error struct {
	Folder string // where the file is
	Err    error
}

func (e *Error) Error() string {
	return fmt.Sprintf("what has no room in memory can't be kept in %s: %v", e.Folder, e.Err)
}

// Unwrap is the error of the system.
func (e *Error) Unwrap() error { return e.Err }

// Hint is what to do about it.
func (e *Error) Hint() string {
	return fmt.Sprintf("free space in %s, set %s to another folder, or raise --max-memory", e.Folder, scratch.Variable)
}

// errOther is the error of a file that does not hold what was written to it.
var errOther = errors.New("the temporary file was damaged")

func (s *Store) fail(err error) {
	var at *fs.PathError
	if errors.As(err, &at) {
		err = at.Err
	}
	s.failed.CompareAndSwap(nil, &Error{s.folder, err})
}

// Keeps reports whether so many bytes may stay in memory, and counts them.
func (s *Store) Keeps(n int) bool {
	if s == nil {
		return true
	}
	if s.left.Add(-int64(n)) >= 0 {
		return true
	}
	s.left.Add(int64(n))
	return false
}

// release gives back what Keeps counted.
func (s *Store) release(n int) {
	if s != nil {
		s.left.Add(int64(n))
	}
}

// Extent is where a piece of bytes is in the file. The zero Extent is one of none, or of
// a piece that was lost.
type Extent struct {
	at   int64
	size int32
	sum  uint32
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Size is the number of bytes.
func (x Extent) Size() int { return int(x.size) }

// Write puts a piece into the file, and changes it.
func (s *Store) Write(piece []byte) Extent {
	s.opened.Do(func() {
		f, err := s.open(s.folder)
		if err != nil {
			s.fail(err)
			return
		}
		s.file, s.cipher = f, scratch.NewCipher()
	})
	if s.Err() != nil {
		return Extent{}
	}
	x := Extent{s.end.Add(int64(len(piece))) - int64(len(piece)), int32(len(piece)), crc32.Checksum(piece, castagnoli)}
	s.cipher.Apply(piece, x.at)
	if _, err := s.file.WriteAt(piece, x.at); err != nil {
		s.fail(err)
		return Extent{}
	}
	return x
}

// Read fills a piece, which has the extent's size, with what was written, or with
// zeros where that can't be read back. It reports whether it could.
func (s *Store) Read(x Extent, piece []byte) bool {
	if s.read(x.at, piece, x.size != 0) {
		if crc32.Checksum(piece, castagnoli) == x.sum {
			return true
		}
		s.Damaged()
	}
	clear(piece)
	return false
}

// ReadPart fills a part with what was written from a place of an extent on. Nothing
// tells whether that has been damaged meanwhile: who finds that it was calls Damaged.
func (s *Store) ReadPart(x Extent, place int, part []byte) bool {
	return s.read(x.at+int64(place), part, x.size != 0)
}

func (s *Store) read(at int64, data []byte, written bool) bool {
	if !written {
		return false
	}
	if _, err := s.file.ReadAt(data, at); err != nil {
		s.fail(err)
		return false
	}
	s.cipher.Apply(data, at)
	return true
}

// Damaged makes Err say that the file does not hold what was written to it.
func (s *Store) Damaged() { s.fail(errOther) }
