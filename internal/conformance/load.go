package conformance

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"gopkg.in/yaml.v3"

	"gcdiag/internal/record"
)

func (b *bench) load(examples fs.FS) error {
	text, err := fs.ReadFile(examples, "setup.yaml")
	if err != nil {
		return fmt.Errorf("the pack %s has no examples: %w", b.pack.Name, err)
	}
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(&b.setup); err != nil {
		return fmt.Errorf("setup.yaml: %w", err)
	}
	if !strings.HasPrefix(b.setup.Source, "recorded from ") && !strings.HasPrefix(b.setup.Source, "written from ") {
		return errors.New(`setup.yaml: source must begin with "recorded from" or "written from"`)
	}
	if b.answers, err = read(examples, "answers"); err != nil {
		return err
	}
	if b.empty, err = read(examples, "empty"); err != nil {
		return err
	}
	if b.errors, err = read(examples, "errors"); err != nil {
		return err
	}
	switch {
	case len(b.answers) == 0:
		return errors.New("answers: there are no examples")
	case len(b.empty) == 0:
		return errors.New("empty: there are no examples of a system in which nothing happened")
	}
	for t := record.Movements; t <= record.Exceptions; t++ {
		text, err := fs.ReadFile(examples, path.Join("golden", t.String()+".ndjson"))
		if err == nil {
			b.golden[t] = text
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// read reads the examples in a folder; each file holds one or a list of them.
func read(examples fs.FS, folder string) ([]*example, error) {
	names, err := fs.Glob(examples, folder+"/*.json")
	if err != nil {
		return nil, err
	}
	var out []*example
	for _, name := range names {
		text, err := fs.ReadFile(examples, name)
		if err != nil {
			return nil, err
		}
		var list []*example
		if t := bytes.TrimSpace(text); len(t) > 0 && t[0] == '{' {
			text = append(append([]byte{'['}, t...), ']')
		}
		d := json.NewDecoder(bytes.NewReader(text))
		d.UseNumber()
		d.DisallowUnknownFields()
		if err := d.Decode(&list); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if _, err := d.Token(); err != io.EOF {
			return nil, fmt.Errorf("%s: there is more than one JSON value", name)
		}
		for i, e := range list {
			e.name = fmt.Sprintf("%s[%d]", name, i)
		}
		out = append(out, list...)
	}
	return out, nil
}
