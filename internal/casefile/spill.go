package casefile

import (
	"cmp"

	"gcdiag/internal/shelf"
)

// Bound makes about so many bytes of packed records stay in memory, of all tables
// together, and as many of what a watcher notes and of what the builder notes of ids
// until Finish; those that come after them are written to temporary files and read
// back when they are asked for. It must be called before anything is added, and before
// Watch. What can't be written or read is told by Case.Err.
func (b *Builder) Bound(bytes int64) {
	b.boundBy(shelf.New(bytes), shelf.New(bytes), int(min(segmentSize, max(512, bytes/64))))
}

// boundBy keeps records in segments of so many bytes.
func (b *Builder) boundBy(records, notes *shelf.Store, size int) {
	c := b.c
	c.records, c.notes = records, notes
	c.Movements.limit(records, size)
	c.Deliveries.limit(records, size)
	c.Postings.limit(records, size)
}

// Notes is where what is noted of the records is kept; nil: in memory.
func (c *Case) Notes() *shelf.Store { return c.notes }

// Err is why records could not be kept in temporary files or read back, a
// *shelf.Error, or nil. Records that were lost are read as ones that say nothing:
// what was made of the case before Err was asked must not be used unless it is nil.
func (c *Case) Err() error { return cmp.Or(c.records.Err(), c.notes.Err()) }

func (t *Table[T]) limit(store *shelf.Store, size int) { t.pack.store, t.pack.size = store, size }

// seal ends filling, so that the table can be read from several goroutines.
func (t *Table[T]) seal() {
	if t.pack != nil {
		t.pack.seal()
	}
}
