package file

import (
	"bytes"
	"encoding/binary"
	"strings"

	"gcdiag/internal/money"
	"gcdiag/internal/record"
)

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

// known is what a text of a column was read as.
type known struct {
	cell     string
	to       []byte // the cell as the values map has it
	read     bool   // one of the following is known
	value    uint16 // of a word
	currency money.Currency
	time     record.Time
}

// few remembers what the few texts of a column were read as. A text whose place
// another one has is not remembered.
type few [256]known

func (k *few) place(cell []byte) *known {
	n := len(cell)
	x := uint64(n)
	switch {
	case n >= 8:
		x += binary.LittleEndian.Uint64(cell) + 3*binary.LittleEndian.Uint64(cell[n-8:])
	case n >= 4:
		x += uint64(binary.LittleEndian.Uint32(cell)) | uint64(binary.LittleEndian.Uint32(cell[n-4:]))<<32
	default:
		x += uint64(cell[0]) | uint64(cell[n/2])<<8 | uint64(cell[n-1])<<16
	}
	return &k[x*0x9e3779b97f4a7c15>>56]
}

// get is what is known of a text, or nil.
func (k *few) get(cell []byte) *known {
	if p := k.place(cell); p.cell == string(cell) {
		return p
	}
	return nil
}

// put remembers a text that is not known yet, and is nil where it cannot be.
func (k *few) put(cell, to []byte) *known {
	p := k.place(cell)
	if p.cell != "" {
		return nil
	}
	*p = known{cell: string(cell), to: bytes.Clone(to)}
	return p
}
