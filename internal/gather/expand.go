package gather

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// expand lists the files that a path of connectors.yaml means, sorted, in the
// form in which the path is written. A path without a pattern, and one that names
// an existing file as it stands, means itself. A pattern means files, not
// folders; names that begin with "." or "~$" (what spreadsheets leave beside an
// open file) match only where the pattern says so. No match is an error.
func expand(resolve func(string) string, pattern string) ([]string, error) {
	if !strings.ContainsAny(pattern, `*?[`) {
		return []string{pattern}, nil
	}
	if _, err := os.Stat(resolve(pattern)); err == nil {
		return []string{pattern}, nil
	}
	volume := filepath.VolumeName(pattern)
	names := []string{volume}
	for i, part := range strings.Split(filepath.ToSlash(pattern[len(volume):]), "/") {
		var next []string
		for _, above := range names {
			if i > 0 {
				above += "/"
			}
			if !strings.ContainsAny(part, `*?[`) {
				next = append(next, above+part)
				continue
			}
			matches, err := matching(resolve, above, part)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", pattern, err)
			}
			next = append(next, matches...)
		}
		names = next
	}
	names = slices.DeleteFunc(names, func(name string) bool {
		info, err := os.Stat(resolve(name))
		return err != nil || info.IsDir()
	})
	slices.Sort(names)
	if len(names) == 0 {
		return nil, fmt.Errorf("%s: no file matches", pattern)
	}
	return names, nil
}

// matching lists the entries of a folder that match one part of a pattern. above
// is what stands before the part, with its slash.
func matching(resolve func(string) string, above, part string) ([]string, error) {
	folder := resolve(above)
	if above == "" {
		folder = resolve(".")
	}
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		return nil, nil
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		var at *fs.PathError
		if errors.As(err, &at) {
			err = at.Err
		}
		return nil, err
	}
	var names []string
	for _, e := range entries {
		name := e.Name()
		hidden := false
		for _, mark := range []string{".", "~$"} {
			hidden = hidden || strings.HasPrefix(name, mark) && !strings.HasPrefix(part, mark)
		}
		ok, err := path.Match(part, name)
		if err != nil {
			return nil, err
		}
		if ok && !hidden {
			names = append(names, above+name)
		}
	}
	return names, nil
}
