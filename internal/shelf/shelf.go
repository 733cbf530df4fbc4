// Package shelf keeps long lists of plain values: in memory while there is room, and
// in an encrypted scratch file for the rest.
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

// Store is where lists keep what has no room in memory. It may be used from several
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

// keeps reports whether so many bytes may stay in memory, and counts them.
func (s *Store) keeps(n int) bool {
	if s == nil {
		return true
	}
	if s.left.Add(-int64(n)) >= 0 {
		return true
	}
	s.left.Add(int64(n))
	return false
}

// release gives back what keeps counted.
func (s *Store) release(n int) {
	if s != nil {
		s.left.Add(int64(n))
	}
}

// extent is a part of the file. Without a size it was lost.
type extent struct {
	at   int64
	size int32
	sum  uint32
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// write puts bytes into the file, and changes them.
func (s *Store) write(data []byte) extent {
	s.opened.Do(func() {
		f, err := s.open(s.folder)
		if err != nil {
			s.fail(err)
			return
		}
		s.file, s.cipher = f, scratch.NewCipher()
	})
	if s.Err() != nil {
		return extent{}
	}
	x := extent{s.end.Add(int64(len(data))) - int64(len(data)), int32(len(data)), crc32.Checksum(data, castagnoli)}
	s.cipher.Apply(data, x.at)
	if _, err := s.file.WriteAt(data, x.at); err != nil {
		s.fail(err)
		return extent{}
	}
	return x
}

// read reads an extent back into data, which has its size; zeros where that can't be done.
func (s *Store) read(x extent, data []byte) {
	if x.size == 0 {
		clear(data)
		return
	}
	_, err := s.file.ReadAt(data, x.at)
	if err == nil {
		if s.cipher.Apply(data, x.at); crc32.Checksum(data, castagnoli) == x.sum {
			return
		}
		err = errOther
	}
	s.fail(err)
	clear(data)
}
