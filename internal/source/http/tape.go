package http

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"

	"gcdiag/internal/probe"
)

// Tape keeps the answers of one system in a file, one JSON document a line, as
// they are after redaction, and gives them again. It is safe for concurrent use.
type Tape struct {
	path    string
	offline bool

	mu    sync.Mutex
	known map[string]int64 // place of an answer by its request's fingerprint
	read  *os.File
	write *os.File
	size  int64
}

// taped is one line of a tape.
type taped struct {
	Request string            `json:"request"` // for people: method, address, the beginning of the body
	Key     string            `json:"key"`
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers,omitempty"`
	Body    json.RawMessage   `json:"body,omitempty"`
	Bytes   int64             `json:"bytes"`
	Fault   *Fault            `json:"fault,omitempty"`
}

var unsafeName = regexp.MustCompile(`[^a-zA-Z0-9]+`)

// TapeName is the file name of a connector's tape in a folder.
func TapeName(connector string) string {
	sum := sha256.Sum256([]byte(connector))
	return strings.Trim(strings.ToLower(unsafeName.ReplaceAllString(connector, "-")), "-") + "-" + hex.EncodeToString(sum[:3]) + ".ndjson"
}

// OpenTape opens a connector's tape in a folder. Offline, it must exist and
// nothing is asked for that is not on it; else answers that it holds already are
// given again and new ones are added, so that an interrupted pull goes on.
func OpenTape(folder, connector string, offline bool) (*Tape, error) {
	t := &Tape{path: filepath.Join(folder, TapeName(connector)), offline: offline, known: map[string]int64{}}
	var err error
	if offline {
		t.read, err = os.Open(t.path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%s holds no answers of %s", folder, connector)
		}
	} else {
		t.write, err = os.OpenFile(t.path, os.O_WRONLY|os.O_CREATE, 0o600)
		if err == nil {
			t.read, err = os.Open(t.path)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("opening the recording: %w", err)
	}
	if err := t.index(); err != nil {
		t.Close()
		return nil, fmt.Errorf("%s: %w", t.path, err)
	}
	if t.write != nil {
		// A line that an interruption left unfinished is dropped.
		if err := t.write.Truncate(t.size); err != nil {
			t.Close()
			return nil, err
		}
		if _, err := t.write.Seek(t.size, io.SeekStart); err != nil {
			t.Close()
			return nil, err
		}
	}
	return t, nil
}

func (t *Tape) index() error {
	r := bufio.NewReaderSize(t.read, 1<<16)
	for {
		line, err := r.ReadBytes('\n')
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		var head struct {
			Key string `json:"key"`
		}
		if json.Unmarshal(line, &head) != nil || head.Key == "" {
			return errors.New("it is damaged")
		}
		t.known[head.Key] = t.size
		t.size += int64(len(line))
	}
}

// Close ends the use of the tape.
func (t *Tape) Close() error {
	var errs []error
	for _, f := range []*os.File{t.read, t.write} {
		if f != nil {
			errs = append(errs, f.Close())
		}
	}
	return errors.Join(errs...)
}

// fingerprint tells requests apart.
func fingerprint(method, address string, body []byte) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s %s\n", method, address)
	h.Write(body)
	return hex.EncodeToString(h.Sum(nil)[:16])
}

func (t *Tape) get(key string) (*answer, bool, error) {
	if t == nil {
		return nil, false, nil
	}
	t.mu.Lock()
	at, ok := t.known[key]
	t.mu.Unlock()
	if !ok {
		if t.offline {
			return nil, true, faultf(Answer, "record the run again", "the recording holds no answer to this request")
		}
		return nil, false, nil
	}
	line, err := bufio.NewReader(io.NewSectionReader(t.read, at, 1<<40)).ReadBytes('\n')
	if err != nil {
		return nil, true, faultf(Answer, "", "the recording can't be read: %v", err)
	}
	var x taped
	d := json.NewDecoder(strings.NewReader(string(line)))
	if err := d.Decode(&x); err != nil {
		return nil, true, faultf(Answer, "", "the recording is damaged")
	}
	if x.Fault != nil {
		if !t.offline {
			return nil, false, nil // asked again, the system may answer
		}
		return nil, true, x.Fault
	}
	a := &answer{status: x.Status, headers: x.Headers, bytes: x.Bytes}
	if len(x.Body) > 0 {
		if a.body, err = jsonOf(x.Body); err != nil {
			return nil, true, faultf(Answer, "", "the recording is damaged")
		}
	}
	return a, true, nil
}

// put records an answer, or the fault in its place. Of several recorded under one
// key the last counts.
func (t *Tape) put(key, request string, a *answer, f *Fault) error {
	if t == nil || t.offline {
		return nil
	}
	x := taped{Request: request, Key: key, Fault: f}
	if a != nil {
		x.Status, x.Headers, x.Bytes = a.status, a.headers, a.bytes
		b, err := probe.Marshal(a.body)
		if err != nil {
			return err
		}
		x.Body = b
	}
	line, err := json.Marshal(x)
	if err != nil {
		return err
	}
	line = append(line, '\n')
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, err := t.write.Write(line); err != nil {
		return fmt.Errorf("recording an answer: %w", err)
	}
	t.known[key] = t.size
	t.size += int64(len(line))
	return nil
}
