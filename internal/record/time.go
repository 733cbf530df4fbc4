package record

import "time"

// Time is when something happened: a moment, or a stretch (a bare date, a local
// time that a clock change makes ambiguous) within which it happened. The zero
// value means not known.
type Time struct {
	ns   int64 // start, unix nanoseconds
	span int32 // seconds; 0 for a moment
	set  bool
}

// At is the moment t.
func At(t time.Time) Time { return Time{t.UnixNano(), 0, true} }

// Within is the stretch from start (included) to end (excluded).
func Within(start, end time.Time) Time {
	return Time{start.UnixNano(), int32(end.Sub(start) / time.Second), true}
}

// Spanning is the stretch of so many seconds that starts at unix nanoseconds, or
// the moment where span is 0.
func Spanning(start int64, span int32) Time { return Time{start, span, true} }

// Known reports whether a time was given.
func (t Time) Known() bool { return t.set }

// Exact reports whether the time is a moment.
func (t Time) Exact() bool { return t.set && t.span == 0 }

// Earliest is the first moment at which it can have happened.
func (t Time) Earliest() time.Time { return time.Unix(0, t.ns) }

// Latest is the last moment at which it can have happened: the moment itself,
// or the last instant of the stretch.
func (t Time) Latest() time.Time {
	if t.span == 0 {
		return time.Unix(0, t.ns)
	}
	return time.Unix(0, t.ns+int64(t.span)*int64(time.Second)-1)
}

// Span is the length of the stretch, zero for a moment.
func (t Time) Span() time.Duration { return time.Duration(t.span) * time.Second }

// Compare orders times by their earliest moment, unknown ones first, the
// shorter stretch first among equals.
func (t Time) Compare(o Time) int {
	switch {
	case t.set != o.set:
		if !t.set {
			return -1
		}
		return +1
	case t.ns != o.ns:
		if t.ns < o.ns {
			return -1
		}
		return +1
	case t.span != o.span:
		return int(t.span) - int(o.span)
	}
	return 0
}

// Apart is the least time that can lie between two known times, 0 where they overlap.
func (t Time) Apart(o Time) time.Duration {
	if t.ns > o.ns {
		t, o = o, t
	}
	if gap := o.Earliest().Sub(t.Latest()); gap > 0 {
		return gap
	}
	return 0
}

// Window is a stretch of time, Until excluded. Zero times leave a side open.
type Window struct{ Since, Until time.Time }

// Has reports whether the window holds a time. A stretch counts by its start.
func (w Window) Has(t Time) bool {
	at := t.Earliest()
	return !at.Before(w.Since) && (w.Until.IsZero() || at.Before(w.Until))
}
