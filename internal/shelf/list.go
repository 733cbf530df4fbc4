package shelf

import "unsafe"

// A list's first page holds few values, since many lists stay short, and all others
// as many as fill so many bytes.
const (
	firstPage = 16
	pageBytes = 4096
)

// List is a list of values without pointers, which grows without moving. The zero List
// is one in memory; In makes one that a store may keep elsewhere. Several goroutines
// may read it at a time, but not while it is added to.
type List[T any] struct {
	store *Store
	pages []page[T]
	n     int // values
	room  int // values that have a page
}

// page holds values, unless they are on file only.
type page[T any] struct {
	rows []T
	at   Extent
}

// In is an empty list that keeps in a store what has no room in memory.
func In[T any](s *Store) List[T] { return List[T]{store: s} }

// Len is the number of values.
func (l *List[T]) Len() int { return l.n }

// size is how many values a page holds that is not the first.
func (l *List[T]) size() int {
	var v T
	return max(firstPage, pageBytes/int(unsafe.Sizeof(v)))
}

// Add appends a value.
func (l *List[T]) Add(v T) {
	if l.n == l.room {
		l.turn()
	}
	rows := l.pages[len(l.pages)-1].rows
	rows[len(rows)-(l.room-l.n)] = v
	l.n++
}

// turn adds a page. Where memory has no room for one more, the last one is written
// to the file for it.
func (l *List[T]) turn() {
	last := len(l.pages) - 1
	if last < 0 {
		l.pages = append(l.pages, page[T]{rows: make([]T, firstPage)})
		l.room = firstPage
		return
	}
	size := l.size()
	rows := l.pages[last].rows
	if last == 0 || l.store.Keeps(len(raw(rows))) {
		rows = make([]T, size)
	} else {
		l.pages[last] = page[T]{at: l.store.Write(raw(rows))}
		clear(rows)
	}
	l.pages = append(l.pages, page[T]{rows: rows})
	l.room += size
}

// raw is a page as it lies in memory.
func raw[T any](rows []T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(rows))), len(rows)*int(unsafe.Sizeof(rows[0])))
}

// Get is the value at a place.
func (l *List[T]) Get(place int) (v T) {
	for _, x := range l.From(place) {
		v = *x
		break
	}
	return v
}

// All yields the values with their places. Each is valid until the next.
func (l *List[T]) All(yield func(int, *T) bool) { l.From(0)(yield) }

// From is All from a place on.
func (l *List[T]) From(place int) func(yield func(int, *T) bool) {
	return func(yield func(int, *T) bool) {
		var spare []T
		size := l.size()
		at, first := 0, 0 // a page, and the place of its first value
		if place >= firstPage {
			at = 1 + (place-firstPage)/size
			first = firstPage + (at-1)*size
		}
		for i := place; i < l.n; at++ {
			p := &l.pages[at]
			rows := p.rows
			if rows == nil {
				if spare == nil {
					spare = make([]T, size)
				}
				rows = spare
				l.store.Read(p.at, raw(rows))
			}
			for end := min(l.n, first+len(rows)); i < end; i++ {
				if !yield(i, &rows[i-first]) {
					return
				}
			}
			first += len(rows)
		}
	}
}

// Free empties the list and gives back its memory.
func (l *List[T]) Free() {
	if l.store != nil && len(l.pages) > 1 {
		for _, p := range l.pages[1 : len(l.pages)-1] {
			if p.rows != nil {
				l.store.release(len(raw(p.rows)))
			}
		}
	}
	l.pages, l.n, l.room = nil, 0, 0
}
