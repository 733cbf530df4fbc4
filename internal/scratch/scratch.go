// Package scratch makes temporary files for what has no room in memory. They are
// readable by the user alone, encrypted with a key that is in this process's memory
// only, and gone when the process ends, however it ends: a file's name is removed
// once it is open, or the system does so when it is closed.
package scratch

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

const prefix = "gcdiag-scratch-"

// Open makes a file in a folder that is gone when the process is, and removes those
// that former processes left behind. What is written to it is as readable as it is
// written: see Cipher.
func Open(folder string) (*os.File, error) {
	sweep(folder)
	return openGone(filepath.Join(folder, fmt.Sprintf("%s%d-%s", prefix, os.Getpid(), rand.Text())))
}

// sweep removes the files that processes left behind which run no more: of a
// crash of the machine, say. Removing the file of a process that runs would do no
// harm, where the system allows it at all: its name is not needed any more.
func sweep(folder string) {
	entries, _ := os.ReadDir(folder) // what can't be seen can't be removed
	for _, e := range entries {
		rest, ours := strings.CutPrefix(e.Name(), prefix)
		number, _, _ := strings.Cut(rest, "-")
		pid, err := strconv.Atoi(number)
		if ours && err == nil && pid > 0 && e.Type().IsRegular() && !running(pid) {
			_ = os.Remove(filepath.Join(folder, e.Name())) // it may be another user's
		}
	}
}

// Cipher encrypts what goes into one file. The zero value does not; NewCipher makes
// one. It may be used from several goroutines.
type Cipher struct{ block cipher.Block }

// NewCipher is a cipher with a key of its own.
func NewCipher() Cipher {
	key := make([]byte, 16)
	_, _ = rand.Read(key) // never fails: it ends the program instead
	block, _ := aes.NewCipher(key)
	return Cipher{block}
}

// Apply encrypts in place what is going to stand at a place of the file, or decrypts
// what stood there. No place may be written twice.
func (c Cipher) Apply(data []byte, at int64) {
	var count, skipped [aes.BlockSize]byte
	binary.BigEndian.PutUint64(count[8:], uint64(at/aes.BlockSize))
	s := cipher.NewCTR(c.block, count[:])
	skip := skipped[:at%aes.BlockSize]
	s.XORKeyStream(skip, skip)
	s.XORKeyStream(data, data)
}
