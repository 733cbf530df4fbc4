package casefile

import (
	"bytes"
	"hash/maphash"

	"gcdiag/internal/crew"
	"gcdiag/internal/ident"
	"gcdiag/internal/shelf"
)

// Nearly always no row has the id of another one. So while rows come in, no more than
// a hash of the id is noted of each, and those with one hash are compared in the end.

// note notes the id of the row that is added next.
func (p *part[T]) note(is row) {
	if p.noted == nil {
		p.noted = make([]shelf.List[uint64], 256)
		for k := range p.noted {
			p.noted[k] = shelf.In[uint64](p.b.c.notes)
		}
	}
	hash := (maphash.String(p.b.seed, ident.Plain(*is.id)) + uint64(is.System)*0x9e3779b97f4a7c15) & p.b.mask
	p.noted[hash>>56].Add(hash>>24<<32 | uint64(uint32(p.rows.End())))
}

// finder finds the rows of some lists that have the id of an earlier one.
type finder[T any] struct {
	noted        []uint64 // one list
	slots        []uint32 // its entries, numbered from one, by their hash; 0: free
	first, later T

	dropped  RowSet            // all rows found
	repeated []int             // those that say what the first row with the id says, by system
	ids      map[uint32]string // by first row: the least form of its id, if another row has it
	others   []uint64          // those that say something else, and above each the first row
}

// again finds all rows that have the id of an earlier one, several lists at a time.
// What is found does not depend on how many.
func (p *part[T]) again() []finder[T] {
	workers := crew.Each(len(p.noted), func(w *finder[T], k int) {
		w.noted = w.noted[:0]
		for _, x := range p.noted[k].All {
			w.noted = append(w.noted, *x)
		}
		p.noted[k].Free()
		p.find(w)
	})
	p.noted = nil
	return workers
}

// find finds those of one list. Of the rows with one id, the first gets a slot.
func (p *part[T]) find(w *finder[T]) {
	size := 16
	for size < 2*len(w.noted) {
		size *= 2
	}
	if size > cap(w.slots) {
		w.slots = make([]uint32, size)
	}
	w.slots = w.slots[:size]
	clear(w.slots)
	mask := uint32(size - 1)
rows:
	for i, x := range w.noted {
		at := uint32(x>>32) & mask
		for ; w.slots[at] != 0; at = (at + 1) & mask {
			if first := w.noted[w.slots[at]-1]; first>>32 == x>>32 && p.same(w, uint32(first), uint32(x)) {
				continue rows
			}
		}
		w.slots[at] = uint32(i + 1)
	}
}

// same reports whether a row has the id of an earlier one, and notes what follows.
func (p *part[T]) same(w *finder[T], first, later uint32) bool {
	p.rows.Read(int(first), &w.first)
	p.rows.Read(int(later), &w.later)
	a, b := p.of(&w.first), p.of(&w.later)
	if a.System != b.System || ident.Plain(*a.id) != ident.Plain(*b.id) {
		return false
	}
	if w.dropped == nil {
		w.dropped = newRowSet(p.rows.End())
	}
	w.dropped.add(int(later))
	if !bytes.Equal(p.content(&w.first), p.content(&w.later)) {
		w.others = append(w.others, uint64(first)<<32|uint64(later))
		return true
	}
	for int(b.System) >= len(w.repeated) {
		w.repeated = append(w.repeated, 0)
	}
	w.repeated[b.System]++
	least, known := w.ids[first]
	if !known {
		least = *a.id
	}
	if *b.id < least {
		if w.ids == nil {
			w.ids = map[uint32]string{}
		}
		w.ids[first] = *b.id
	}
	return true
}
