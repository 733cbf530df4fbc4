package casefile

import "math/bits"

// rowIndex finds rows by the hash of what names them. Several rows may have one.
//
// Nearly always the answer is that there is none. It is found in the tags alone:
// eight of them are compared at once, and at a byte each they stay in a
// processor's cache where a table of the rows would not.
type rowIndex struct {
	tags    []uint64  // eight places each, filled from the low byte up; 0: free
	entries []indexed // one in each place
	n       int
}

type indexed struct{ hash, row uint32 }

// where is the group of places at which the search for a hash begins, and its tag.
func (x *rowIndex) where(hash uint32) (group uint32, tag uint64) {
	return hash & uint32(len(x.tags)-1), uint64(hash>>25) | 0x80
}

// rows yields the rows that may have a hash.
func (x *rowIndex) rows(hash uint32) func(yield func(row int) bool) {
	return func(yield func(row int) bool) {
		if len(x.tags) == 0 {
			return
		}
		for group, tag := x.where(hash); ; group = (group + 1) & uint32(len(x.tags)-1) {
			tags := x.tags[group]
			for same := equalBytes(tags, tag); same != 0; same &= same - 1 {
				if e := x.entries[group*8+uint32(bits.TrailingZeros64(same)/8)]; e.hash == hash && !yield(int(e.row)) {
					return
				}
			}
			if tags>>56 == 0 {
				return
			}
		}
	}
}

// equalBytes has the top bit of each byte of x set that is b, and no other.
func equalBytes(x, b uint64) uint64 {
	const ones, low = 0x0101010101010101, 0x7f7f7f7f7f7f7f7f
	x ^= b * ones
	return ^(x&low + low | x | low)
}

func (x *rowIndex) add(hash uint32, row int) {
	if x.n++; x.n*8 > len(x.entries)*5 {
		tags, entries := x.tags, x.entries
		groups := max(256, 2*len(tags))
		x.tags, x.entries = make([]uint64, groups), make([]indexed, 8*groups)
		clear(x.tags) // written before it is read, which saves every page an interruption
		for i, e := range entries {
			if tags[i/8]>>(i%8*8)&0xff != 0 {
				x.put(e)
			}
		}
	}
	x.put(indexed{hash, uint32(row)})
}

// put gives an entry a place.
func (x *rowIndex) put(e indexed) {
	group, tag := x.where(e.hash)
	for x.tags[group]>>56 != 0 {
		group = (group + 1) & uint32(len(x.tags)-1)
	}
	place := uint32(bits.Len64(x.tags[group])+7) / 8
	x.tags[group] |= tag << (8 * place)
	x.entries[group*8+place] = e
}
