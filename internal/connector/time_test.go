package connector

import (
	"testing"
	"time"
)

func TestParseTime(t *testing.T) {
	for _, c := range []struct{ story, text, zone, want string }{
		{"date", "2026-10-01", "America/New_York", "2026-10-01T00:00:00-04:00"},
		{"time in another zone", "2026-10-01T06:00:00+02:00", "America/New_York", "2026-10-01T00:00:00-04:00"},
		{"fraction", "2026-10-01T06:00:00.25Z", "UTC", "2026-10-01T06:00:00.25Z"},
		{"day of a change later on", "2026-11-01", "America/New_York", "2026-11-01T00:00:00-04:00"},
		{"day after the change", "2026-11-02", "America/New_York", "2026-11-02T00:00:00-05:00"},
		{"midnight skipped", "2018-11-04", "America/Sao_Paulo", "2018-11-04T01:00:00-02:00"},
		{"midnight twice", "2026-11-01", "America/Havana", "2026-11-01T00:00:00-04:00"},
		{"change at midnight to the day before", "2018-02-18", "America/Sao_Paulo", "2018-02-18T00:00:00-03:00"},
		{"half an hour", "2026-04-05", "Australia/Lord_Howe", "2026-04-05T00:00:00+11:00"},
		{"east of the date line", "2026-10-01", "Pacific/Kiritimati", "2026-10-01T00:00:00+14:00"},
	} {
		got, err := ParseTime(c.text, zone(t, c.zone))
		if err != nil || got.Format(time.RFC3339Nano) != c.want {
			t.Errorf("%s: %v, %v, want %s", c.story, got, err, c.want)
		}
	}
	for _, text := range []string{"", "2026", "2026-13-01", "2026-02-30", "24.10.2026", "2026-10-01 00:00", "2026-10-01T00:00:00", "now", "9999-01-01", "0001-01-01"} {
		if got, err := ParseTime(text, time.UTC); err == nil {
			t.Errorf("%q read as %v", text, got)
		}
	}
}

func TestMidnightIsTheFirstMoment(t *testing.T) {
	for _, name := range []string{"America/New_York", "America/Sao_Paulo", "America/Havana", "Asia/Beirut", "Africa/Cairo", "Atlantic/Azores", "America/Santiago", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Tehran"} {
		z := zone(t, name)
		for d := time.Date(2005, 1, 1, 12, 0, 0, 0, time.UTC); d.Year() < 2027; d = d.AddDate(0, 0, 1) {
			m := midnight(d.Year(), d.Month(), d.Day(), z)
			if name == "Pacific/Apia" && d.Format(time.DateOnly) == "2011-12-30" {
				continue // the day that Samoa left out
			}
			day := d.Format(time.DateOnly)
			if m.Format(time.DateOnly) != day || m.Add(-time.Nanosecond).Format(time.DateOnly) == day || m.Add(-time.Hour).Format(time.DateOnly) == day {
				t.Errorf("%s: %s begins at %v", name, day, m)
			}
		}
	}
}

func TestParseSpan(t *testing.T) {
	for text, want := range map[string]time.Duration{"24h": 24 * time.Hour, "2d": 48 * time.Hour, "1w": 168 * time.Hour, "0h": 0, "90s": 90 * time.Second, "45min": 45 * time.Minute, "36500d": 36500 * 24 * time.Hour} {
		if got, err := ParseSpan(text); err != nil || got != want {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "h", "30", "30m", "1.5d", "-1d", "+1d", "1 d", "1d12h", "1hh", "1dh", "4294967295w", "99999999999999999999h", "d30"} {
		if got, err := ParseSpan(text); err == nil {
			t.Errorf("%q read as %v", text, got)
		}
	}
}
