package connector

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // calendars must be known on machines without a zone database
)

// ParseTime reads a date or an RFC 3339 time. A date is its midnight in zone;
// where a clock change skips or repeats midnight, the day's first moment. The
// result is in zone.
func ParseTime(text string, zone *time.Location) (time.Time, error) {
	if d, err := time.Parse(time.DateOnly, text); err == nil {
		return inYears(midnight(d.Year(), d.Month(), d.Day(), zone), text)
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return inYears(t.In(zone), text)
	}
	return time.Time{}, fmt.Errorf("%q is neither a date such as 2026-10-24 nor an RFC 3339 time such as 2026-10-24T06:00:00Z", text)
}

// inYears refuses times that records can't hold.
func inYears(t time.Time, text string) (time.Time, error) {
	if y := t.Year(); y < 1970 || y > 2200 {
		return time.Time{}, fmt.Errorf("%q is not between the years 1970 and 2200", text)
	}
	return t, nil
}

// midnight is the first moment of a day in a zone.
func midnight(year int, month time.Month, day int, zone *time.Location) time.Time {
	on := func(t time.Time) bool {
		y, m, d := t.Date()
		return y == year && m == month && d == day
	}
	// A change of the clock can skip midnight, and then begins the day itself,
	// or repeat it; t may be either of the two.
	t := time.Date(year, month, day, 0, 0, 0, 0, zone)
	first := t
	start, end := t.ZoneBounds()
	for _, change := range []time.Time{start, end} {
		if change.IsZero() {
			continue
		}
		_, was := change.Add(-time.Nanosecond).Zone()
		_, is := change.Zone()
		step := time.Duration(is-was) * time.Second
		for _, at := range []time.Time{change, t.Add(step), t.Add(-step)} {
			if on(at) && !on(at.Add(-time.Nanosecond)) && (at.Before(first) || !on(first)) {
				first = at
			}
		}
	}
	return first
}

// ParseSpan reads a length of time: a whole number and its unit, s, min, h, d (24
// hours) or w (7 days), as in 36h or 30d. "m" might be months and is none.
func ParseSpan(text string) (time.Duration, error) {
	unit := map[string]time.Duration{"s": time.Second, "min": time.Minute, "h": time.Hour, "d": 24 * time.Hour, "w": 7 * 24 * time.Hour}
	digits := strings.TrimRight(text, "hdwmins")
	n, err := strconv.ParseUint(digits, 10, 32)
	u, ok := unit[text[len(digits):]]
	if err != nil || !ok {
		return 0, fmt.Errorf("%q is not a whole number with a unit s, min, h, d or w, such as 24h or 30d", text)
	}
	if n > uint64(100*366*24*time.Hour/u) {
		return 0, fmt.Errorf("%q is longer than a hundred years", text)
	}
	return time.Duration(n) * u, nil
}
