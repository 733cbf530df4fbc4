package file

import "strings"

// keeper keeps texts: many share one allocation.
type keeper struct{ b strings.Builder }

const keepChunk = 16 << 10

// keep copies a text.
func (k *keeper) keep(text []byte) string {
	if len(text) > keepChunk/8 {
		return string(text)
	}
	if k.b.Cap()-k.b.Len() < len(text) {
		k.b = strings.Builder{}
		k.b.Grow(keepChunk)
	}
	at := k.b.Len()
	k.b.Write(text)
	return k.b.String()[at:]
}

// interner makes equal texts of a column one string, as long as the column has
// few different ones.
type interner struct {
	last   string
	known  map[string]string
	misses int
	off    bool
}

const (
	internMost   = 512
	internMisses = 4096
)

func (in *interner) get(text []byte, k *keeper) string {
	if string(text) == in.last {
		return in.last
	}
	if in.off {
		return k.keep(text)
	}
	if s, ok := in.known[string(text)]; ok {
		in.last = s
		return s
	}
	if len(in.known) == internMost {
		if in.misses++; in.misses == internMisses {
			in.off, in.known = true, nil
		}
		return k.keep(text)
	}
	if in.known == nil {
		in.known = map[string]string{}
	}
	s := string(text)
	in.known[s] = s
	in.last = s
	return s
}
