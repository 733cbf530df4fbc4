package http

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Manifest says of a recorded run what its answers don't: when it was made and
// for which time.
type Manifest struct {
	Schema string    `json:"schema"` // gcdiag.recording/v1
	AsOf   time.Time `json:"as_of"`
	Since  time.Time `json:"since"`
	Until  time.Time `json:"until"`
	Zone   string    `json:"timezone"`
}

// RecordingSchema is the version of recordings that this program reads.
const RecordingSchema = "gcdiag.recording/v1"

const manifestName = "run.json"

// LoadManifest reads the manifest of a recording. It is nil where the folder
// holds none.
func LoadManifest(folder string) (*Manifest, error) {
	b, err := os.ReadFile(filepath.Join(folder, manifestName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("opening the recording: %w", err)
	}
	var m Manifest
	if err := json.Unmarshal(b, &m); err != nil {
		return nil, fmt.Errorf("%s in %s is damaged", manifestName, folder)
	}
	if m.Schema != RecordingSchema {
		return nil, fmt.Errorf("%s holds a recording of the version %q, and this gcdiag reads %s", folder, m.Schema, RecordingSchema)
	}
	return &m, nil
}

// Save writes the manifest into a folder, which it makes where it is missing.
func (m Manifest) Save(folder string) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fmt.Errorf("opening the recording: %w", err)
	}
	m.Schema = RecordingSchema
	b, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, manifestName), append(b, '\n'), 0o600); err != nil {
		return fmt.Errorf("opening the recording: %w", err)
	}
	return nil
}
