package file

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

func TestTimes(t *testing.T) {
	const (
		free = iota // nothing known of the column
		day         // the column shows day before month
		month
		setDay // dates: dmy
		setMonth
		setYear
	)
	tests := []struct {
		text string
		how  int
		zone string // default UTC
		want string // a moment, or two with ".." between: from, until (excluded)
	}{
		{"2026-10-24T13:05:07Z", free, "", "2026-10-24T13:05:07Z"},
		{"2026-10-24t13:05:07z", free, "", "2026-10-24T13:05:07Z"},
		{"2026-10-24T13:05:07.25-04:00", free, "", "2026-10-24T17:05:07.25Z"},
		{"2026-10-24T13:05:07.123456789123+05:30", free, "", "2026-10-24T07:35:07.123456789Z"},
		{"2026-10-24 13:05:07 -0400", free, "", "2026-10-24T17:05:07Z"},
		{"2026-10-24 13:05:07 UTC", free, "America/New_York", "2026-10-24T13:05:07Z"},
		{"2026-10-24T13:05", free, "America/New_York", "2026-10-24T17:05:00Z"},
		{"2026-10-24 13:05:07", free, "America/New_York", "2026-10-24T17:05:07Z"},
		{"2026-10-24", free, "", "2026-10-24T00:00:00Z..2026-10-25T00:00:00Z"},
		{"2026-10-24", free, "America/New_York", "2026-10-24T04:00:00Z..2026-10-25T04:00:00Z"},
		{"2026-11-01", free, "America/New_York", "2026-11-01T04:00:00Z..2026-11-02T05:00:00Z"},
		{"2026/10/24", free, "", "2026-10-24T00:00:00Z..2026-10-25T00:00:00Z"},
		{"2026/10/24 9:05", free, "", "2026-10-24T09:05:00Z"},
		{"20261024", free, "", "2026-10-24T00:00:00Z..2026-10-25T00:00:00Z"},
		{"20261024130507", free, "", "2026-10-24T13:05:07Z"},
		{"10/24/2026", free, "", "2026-10-24T00:00:00Z..2026-10-25T00:00:00Z"},
		{"10/24/2026 1:05 PM", free, "", "2026-10-24T13:05:00Z"},
		{"10/24/2026 12:05 am", free, "", "2026-10-24T00:05:00Z"},
		{"10/24/2026 12:05:09PM", free, "", "2026-10-24T12:05:09Z"},
		{"24/10/2026 13:05", free, "", "2026-10-24T13:05:00Z"},
		{"24-10-2026", free, "", "2026-10-24T00:00:00Z..2026-10-25T00:00:00Z"},
		{"24.10.2026", free, "", "2026-10-24T00:00:00Z..2026-10-25T00:00:00Z"},
		{"4.3.2026", free, "", "2026-03-04T00:00:00Z..2026-03-05T00:00:00Z"},
		{"4.3.2026 13:05", month, "Europe/Berlin", "2026-03-04T12:05:00Z"},
		{"5/5/2026", free, "", "2026-05-05T00:00:00Z..2026-05-06T00:00:00Z"},
		{"3/4/2026", day, "", "2026-04-03T00:00:00Z..2026-04-04T00:00:00Z"},
		{"3/4/2026", month, "", "2026-03-04T00:00:00Z..2026-03-05T00:00:00Z"},
		{"3.4.2026", setMonth, "", "2026-03-04T00:00:00Z..2026-03-05T00:00:00Z"},
		{"3/4/26", setDay, "", "2026-04-03T00:00:00Z..2026-04-04T00:00:00Z"},
		{"26-10-24", setYear, "", "2026-10-24T00:00:00Z..2026-10-25T00:00:00Z"},
		{"24-Oct-2026", free, "", "2026-10-24T00:00:00Z..2026-10-25T00:00:00Z"},
		{"24 October 2026 13:05", free, "", "2026-10-24T13:05:00Z"},
		{"Oct 24, 2026 1:05 PM", free, "", "2026-10-24T13:05:00Z"},
		{"Oct. 24th, 2026, 1:05 p.m.", free, "", "2026-10-24T13:05:00Z"},
		{"October 24, 2026 at 1:05 PM", free, "", "2026-10-24T13:05:00Z"},
		{"Sat, 24 Oct 2026 13:05:07 +0200", free, "", "2026-10-24T11:05:07Z"},
		{"Sat Oct 24 13:05:07 2026", free, "", "2026-10-24T13:05:07Z"},
		{"Sat Oct 24 2026 13:05:07 GMT-0400 (Eastern Daylight Time)", free, "", "2026-10-24T17:05:07Z"},
		{"1792847107", free, "", "2026-10-24T13:05:07Z"},
		{"1792847107250", free, "", "2026-10-24T13:05:07.25Z"},
		// clocks set back at 2:00 on 1 Nov: 1:30 was twice
		{"2026-11-01 01:30:00", free, "America/New_York", "2026-11-01T05:30:00Z..2026-11-01T06:30:01Z"},
		{"2026-11-01 00:59:59", free, "America/New_York", "2026-11-01T04:59:59Z"},
		{"2026-11-01 02:00:00", free, "America/New_York", "2026-11-01T07:00:00Z"},
		{"2026-03-08 03:00:00", free, "America/New_York", "2026-03-08T07:00:00Z"},
		{"2026-04-05 01:45:00", free, "Australia/Lord_Howe", "2026-04-04T14:45:00Z..2026-04-04T15:15:01Z"},
		// midnight was skipped in Santiago on 6 Sep
		{"2026-09-06", free, "America/Santiago", "2026-09-06T04:00:00Z..2026-09-07T03:00:00Z"},
		{"0000-00-00 00:00:00", free, "", ""},
		{"9999-12-31", free, "", ""},
		{"0001-01-01T00:00:00", free, "", ""},
	}
	for _, tt := range tests {
		order := [...]dateOrder{anyOrder, dmy, mdy, dmy, mdy, ymd}[tt.how]
		name := tt.zone
		if name == "" {
			name = "UTC"
		}
		c := calendar{zone: zone(t, name)}
		s, err := parseTime([]byte(tt.text), order, tt.how >= setDay)
		if err != nil {
			t.Errorf("%q: %v", tt.text, err)
			continue
		}
		at, err := c.place(s)
		if err != nil {
			t.Errorf("%q in %s: %v", tt.text, name, err)
			continue
		}
		got := ""
		if at.Known() {
			got = at.Earliest().UTC().Format(time.RFC3339Nano)
			if !at.Exact() {
				got += ".." + at.Earliest().Add(at.Span()).UTC().Format(time.RFC3339Nano)
			}
		}
		if got != tt.want {
			t.Errorf("%q in %s is %s, want %s", tt.text, name, got, tt.want)
		}
	}
}

func TestTimesRefused(t *testing.T) {
	tests := []struct {
		text  string
		order dateOrder
		set   bool
		want  error
	}{
		{"3/4/2026", anyOrder, false, errUnsure},
		{"3-4-2026 10:00", anyOrder, false, errUnsure},
		{"3/4/26", anyOrder, false, errShortYear},
		{"24-Oct-26", anyOrder, false, errShortYear},
		{"24.10.26", dmy, false, errShortYear},
		{"10/24/2026", dmy, true, errOrder},
		{"10/24/2026", ymd, true, errOrder},
		{"13/13/2026", anyOrder, false, errNoSuchDay},
		{"0/4/2026", anyOrder, false, errNoSuchDay},
		{"2026-02-29", anyOrder, false, errNoSuchDay},
		{"2026-13-01", anyOrder, false, errNoSuchDay},
		{"31.4.2026", anyOrder, false, errNoSuchDay},
		{"1026-10-24", anyOrder, false, errYear},
		{"3026-10-24", anyOrder, false, errYear},
		{"0000000010", anyOrder, false, errYear},
		{"1-2-0000", anyOrder, false, errYear},
		{"2026-10-24 13:05 EST", anyOrder, false, errZoneName},
		{"2026-10-24 25:00", anyOrder, false, errNotTime},
		{"2026-10-24 13:60", anyOrder, false, errNotTime},
		{"2026-10-24 13:05 PM", anyOrder, false, errNotTime},
		{"2026-10-24 13", anyOrder, false, errNotTime},
		{"2026-10-24x", anyOrder, false, errNotTime},
		{"2026-10-24T13:05:07+99:00", anyOrder, false, errNotTime},
		{"13:05", anyOrder, false, errNotTime},
		{"yesterday", anyOrder, false, errNotTime},
		{"Oct 2026", anyOrder, false, errNotTime},
		{"45954.5", anyOrder, false, errNotTime},
		{"", anyOrder, false, errNotTime},
		{":", anyOrder, false, errNotTime},
	}
	for _, tt := range tests {
		if s, err := parseTime([]byte(tt.text), tt.order, tt.set); !errors.Is(err, tt.want) {
			t.Errorf("%q: %+v, %v; want %v", tt.text, s, err, tt.want)
		}
	}
	c := calendar{zone: zone(t, "America/New_York")}
	s, err := parseTime([]byte("2026-03-08 02:30"), anyOrder, false)
	if err != nil {
		t.Fatal(err)
	}
	if at, err := c.place(s); err == nil {
		t.Errorf("2:30 was skipped that night, but is read as %v", at.Earliest())
	}
}

func TestSerialDates(t *testing.T) {
	tests := []struct {
		epoch serialEpoch
		text  string
		want  string
		day   bool
	}{
		{epoch1900, "46319", "2026-10-24T00:00:00Z", true},
		{epoch1904, "44857", "2026-10-24T00:00:00Z", true},
		{epoch1900, "46319.5", "2026-10-24T12:00:00Z", false},
		{epoch1900, "46319.54521990741", "2026-10-24T13:05:07Z", false},
		{epoch1900, "46319.999999999", "2026-10-25T00:00:00Z", false},
	}
	for _, tt := range tests {
		s, err := tt.epoch.stamp([]byte(tt.text))
		if err != nil {
			t.Errorf("%s: %v", tt.text, err)
			continue
		}
		c := calendar{zone: time.UTC}
		at, err := c.place(s)
		if err != nil || !at.Earliest().Equal(moment(t, tt.want)) || at.Exact() == tt.day {
			t.Errorf("%s is %v (%v, exact %v), want %s", tt.text, at.Earliest().UTC(), err, at.Exact(), tt.want)
		}
	}
	for _, text := range []string{"0.5", "-1", "1e300", "NaN", "5000000", "x"} {
		if s, err := epoch1900.stamp([]byte(text)); err == nil {
			t.Errorf("%s is read as %+v", text, s)
		}
	}
}

// TestLocalTimesAgainstTheLibrary asks the time package for every half hour
// around the clock changes of a year.
func TestLocalTimesAgainstTheLibrary(t *testing.T) {
	for _, name := range []string{"America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "America/Santiago", "Asia/Kolkata", "Africa/Casablanca", "Pacific/Apia"} {
		z := zone(t, name)
		c := calendar{zone: z}
		for at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC); at.Year() < 2027; at = at.Add(30 * time.Minute) {
			local := at.In(z)
			_, off := local.Zone()
			first, second, n := c.locate(at.Unix() + int64(off))
			if n == 0 || first > second || at.Unix() != first && at.Unix() != second {
				t.Fatalf("%s: %v is found at %d and %d (%d)", name, local, first, second, n)
			}
		}
	}
}

func FuzzTime(f *testing.F) {
	for _, s := range []string{"2026-10-24T13:05:07.25-04:00", "10/24/2026 1:05 PM", "24.10.2026", "Sat, 24 Oct 2026 13:05:07 +0200", "1792847107", "20261024130507",
		"Oct. 24th, 2026, 1:05 p.m.", "3/4/26", "1-2-0000", "2026-11-01 01:30:00", "Sat Oct 24 2026 13:05:07 GMT-0400 (EDT)",
		"2026-10-24T13:05:07Z", "2026-03-08 02:30:00", "1970-01-01 00:00:00", "2024-02-29T23:59:59+14:00", "2023-02-29T23:59:60-00:00"} {
		f.Add(s)
	}
	ny := zone(f, "America/New_York")
	f.Fuzz(func(t *testing.T, text string) {
		free, err := parseTime([]byte(text), anyOrder, false)
		day, derr := parseTime([]byte(text), dmy, false)
		month, merr := parseTime([]byte(text), mdy, false)
		if err == nil && (derr != nil || merr != nil || day != free || month != free) {
			t.Fatalf("%q: the column's order changes what the text alone says", text)
		}
		if errors.Is(err, errUnsure) && (derr != nil || merr != nil || day.day != month.month || day.month != month.day || day.day == day.month) {
			t.Fatalf("%q is unsure, but reads %+v (%v) and %+v (%v)", text, day, derr, month, merr)
		}
		c := calendar{zone: ny}
		if quick, ok := c.quick([]byte(text)); ok {
			if at, perr := c.place(free); err != nil || perr != nil || at != quick {
				t.Fatalf("%q is quickly %v, and %v (%v, %v) otherwise", text, quick, at, err, perr)
			}
		}
		for _, s := range []stamp{free, day, month} {
			c := calendar{zone: ny}
			if at, perr := c.place(s); err == nil && perr == nil && !s.never && (!at.Known() || at.Latest().Before(at.Earliest())) {
				t.Fatalf("%q ends before it begins: %v", text, at)
			}
		}
	})
}

// TestQuickTimesAreTheSlowOnes holds calendar.quick to parseTime and place for
// texts that it should know, and for others like them.
func TestQuickTimesAreTheSlowOnes(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	zones := []calendar{{zone: time.UTC}, {zone: zone(t, "Europe/Berlin")}, {zone: zone(t, "America/New_York")}, {zone: zone(t, "Australia/Lord_Howe")}}
	pick := func(s ...string) string { return s[r.IntN(len(s))] }
	known := 0
	for range 200_000 {
		c := &zones[r.IntN(len(zones))]
		text := fmt.Sprintf("%04d-%02d-%02d%s%02d:%02d:%02d%s", mostly(r, 2026, 1960+r.IntN(260)), mostly(r, 1+r.IntN(12), r.IntN(14)), mostly(r, 1+r.IntN(28), r.IntN(33)),
			pick("T", "T", " ", "t"), mostly(r, r.IntN(24), 24), mostly(r, r.IntN(60), 60), mostly(r, r.IntN(60), 60),
			pick("Z", "", "", "z", fmt.Sprintf("%s%02d:%02d", pick("+", "-"), r.IntN(16), r.IntN(61)), ".5", " PM"))
		if r.IntN(50) == 0 {
			b := []byte(text)
			b[r.IntN(len(b))] = " -:/T9x"[r.IntN(7)]
			text = string(b)
		}
		quick, ok := c.quick([]byte(text))
		if !ok {
			continue
		}
		known++
		s, err := parseTime([]byte(text), anyOrder, false)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if at, err := c.place(s); err != nil || at != quick {
			t.Fatalf("%q in %s is quickly %v, and %v (%v) otherwise", text, c.zone, quick, at, err)
		}
	}
	if known < 50_000 {
		t.Errorf("only %d texts were read quickly", known)
	}
}

// mostly is usual nineteen times of twenty.
func mostly(r *rand.Rand, usual, odd int) int {
	if r.IntN(20) == 0 {
		return odd
	}
	return usual
}
