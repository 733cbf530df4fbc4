package step

import "testing"

func TestPatternMakesOneTextOfOneError(t *testing.T) {
	for a, b := range map[string]string{
		"HTTP 503 from ERP for m-17":                 "HTTP 503 from ERP for m-1804",
		"order 1001 has no customer":                 "order 1002 has no customer",
		"timeout after 3012 ms at 2026-10-01T10:00Z": "timeout after 77 ms at 2026-11-05T09:12Z",
	} {
		if Pattern(a) != Pattern(b) {
			t.Errorf("%q and %q: %q, %q", a, b, Pattern(a), Pattern(b))
		}
	}
	if Pattern("HTTP 503 from ERP") == Pattern("HTTP 401 from ERP") {
		t.Error("another status code is another error")
	}
}

func TestReasons(t *testing.T) {
	for _, tt := range []struct {
		reason                    string
		rule, inactive, reference bool
	}{
		{"no matching rule for this type", true, false, false},
		{"liability account missing on the profile", true, false, false},
		{"rule R-7 is disabled", false, true, false},
		{"order not found", false, false, false},
		{"customer record locked", false, false, false},
		{"period closed", false, false, false},
		{"card reference is missing", false, false, true},
		{"", false, false, false},
	} {
		if got := lacksRule(tt.reason); got != tt.rule {
			t.Errorf("%q lacks a rule: %v", tt.reason, got)
		}
		if got := saysInactive(tt.reason); got != tt.inactive {
			t.Errorf("%q names an inactive rule: %v", tt.reason, got)
		}
		if got := lacksReference(tt.reason); got != tt.reference {
			t.Errorf("%q lacks a reference: %v", tt.reason, got)
		}
	}
}
