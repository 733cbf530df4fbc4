package cli

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// keySize is the size of a key that gcdiag makes; leastKey is what a key of
// somebody's own must have at least. Both in bytes.
const (
	keySize  = 32
	leastKey = 16
)

// redactionKey is the key of the card tokens: the bytes of the file named, else
// those of the user's own key, which is made when it is first needed. Where the
// user's own can't be kept, a key for this run alone serves, and that is said.
func (p *program) redactionKey(path string) ([]byte, error) {
	if path != "" {
		key, err := os.ReadFile(path)
		switch {
		case err != nil:
			return nil, misconfigured(fmt.Errorf("reading the redaction key: %w", err))
		case len(key) < leastKey:
			return nil, wrong("32 random bytes are enough", "the redaction key in %s is too short: %d bytes of at least %d", path, len(key), leastKey)
		}
		return key, nil
	}
	key, err := ownKey()
	if err != nil {
		p.say("the redaction key can't be kept (%v), so the card tokens of this report can't be compared with those of another", err)
		key = randomKey()
	}
	return key, nil
}

// ownKey reads the user's redaction key, or makes it.
func ownKey() ([]byte, error) {
	folder, err := os.UserConfigDir()
	if err != nil {
		return nil, err
	}
	folder = filepath.Join(folder, "gcdiag")
	path := filepath.Join(folder, "redaction.key")
	key, err := os.ReadFile(path)
	switch {
	case err == nil && len(key) >= keySize:
		return key, nil
	case err == nil:
		return nil, fmt.Errorf("%s is damaged: remove it", path)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	// A file of its own first, so that a second gcdiag never sees half a key.
	f, err := os.CreateTemp(folder, ".redaction.key.*")
	if err != nil {
		return nil, err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(randomKey())
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return os.ReadFile(path)
}

func randomKey() []byte {
	key := make([]byte, keySize)
	_, _ = rand.Read(key) // never fails: it ends the program instead
	return key
}
