package file

import (
	"slices"
	"strings"
	"testing"

	"gcdiag/internal/record"
)

const oneMovement = `{"id": 17, "kind": "load", "card": "c1", "amount": 50.00, "at": "2026-10-01T00:00:00Z"}`

func TestJSONShapes(t *testing.T) {
	tests := []struct {
		story, text, format string
		row                 uint32
	}{
		{"list", "[" + oneMovement + "]", "json", 1},
		{"list over lines, with a mark", "\ufeff[\n " + oneMovement + "\n]\n", "json", 1},
		{"object with one list", `{"next": null, "movements": [` + oneMovement + `], "total": 1}`, "json", 1},
		{"list deep in an object", `{"data": {"shop": {"x": {"movements": [1]}, "movements": [` + oneMovement + `]}}}`, "json", 1},
		{"other lists hold no objects", `{"errors": [], "codes": [1, 2], "movements": [` + oneMovement + `]}`, "json", 1},
		{"other lists hold something else", `{"links": [{"href": "x"}], "movements": [` + oneMovement + `]}`, "json", 1},
		{"one object", oneMovement, "json", 1},
		{"one line", oneMovement + "\n", "json", 1},
		{"objects one after the other", strings.ReplaceAll(oneMovement, ",", ",\n") + "\n" + `{"id": 18}`, "json", 1},
		{"lines", "{\"id\": 16}\n\n" + oneMovement + "\n", "ndjson", 3},
	}
	for _, tt := range tests {
		got, res := read(t, "m.txt", tt.text, Spec{Record: record.Movements})
		if len(got.movements) != 1 || got.movements[0].ID != "17" || got.movements[0].Amount != 5000 || got.movements[0].Row != tt.row || res.Input.Format != tt.format || res.Stopped != "" {
			t.Errorf("%s: %+v %s %q\n%s", tt.story, got.movements, res.Input.Format, res.Stopped, got.reasons())
		}
	}
}

func TestJSONValues(t *testing.T) {
	got, res := read(t, "m.json", `[
 {"id": 12345678901234567890, "kind": "load", "card": {"id": "c\u0031"}, "amount": {"value": "1,234.50", "currency": "EUR"}, "at": 1792847107, "test": true, "order": null,
  "tags": ["a", 2, false], "lines": [{"sku": "x"}], "note": "a, \"b\""},
 {"id": "m2", "kind": "load", "card": {"id": "c1"}, "amount": {"value": 5e1}, "at": "1792847107250", "test": false},
 {"id": "m3", "kind": "load", "card": {"id": "c1"}, "amount": {"value": 19.990000000000002}, "at": "2026-10-01"},
 {"id": "m4", "kind": "load", "card": {"id": "c1"}, "amount": {"value": 1.234}, "at": "2026-10-01"}
]`, Spec{Record: record.Movements, Columns: map[string]string{"card": "card.id", "amount": "amount.value", "currency": "amount.currency"}})
	if len(got.movements) != 3 || len(got.rejects) != 1 || got.rejects[0].Row != 4 {
		t.Fatalf("%+v\n%s", got.movements, got.reasons())
	}
	m := got.movements[0]
	if m.ID != "12345678901234567890" || m.Card != "c1" || m.Amount != 123450 || m.Currency.String() != "EUR" || m.Test != record.Yes || m.Order != "" ||
		!m.At.Earliest().Equal(moment(t, "2026-10-24T13:05:07Z")) {
		t.Errorf("%+v", m)
	}
	if want := []record.Attr{{Name: "tags", Value: "a,2,false"}, {Name: "note", Value: `a, "b"`}}; !slices.Equal(m.Attrs, want) {
		t.Errorf("attributes %+v", m.Attrs)
	}
	if got.movements[1].Amount != 5000 || got.movements[2].Amount != 1999 {
		t.Errorf("numbers %v %v", got.movements[1].Amount, got.movements[2].Amount)
	}
	notes := strings.Join(res.Input.Notes, "\n")
	if !strings.Contains(notes, "lines") || !strings.Contains(notes, "Unix") {
		t.Errorf("notes %q", notes)
	}
	subs, _ := read(t, "s.json", `{"webhooks":[{"id":1,"topic":"t","kinds":["load","expiry"]}]}`, Spec{Record: record.Subscriptions})
	if !slices.Equal(subs.subscriptions[0].Kinds.List(), []record.Kind{record.Load, record.Expiry}) {
		t.Errorf("%+v", subs.subscriptions)
	}
}

func TestJSONThatIsWrong(t *testing.T) {
	const header = `{"id":"m1","kind":"load","card":"c1","amount":5,"at":"2026-10-01"}`
	tests := []struct {
		story, text   string
		rows, rejects int
		stops         bool
	}{
		{"breaks off", "[" + header + "," + header[:20], 1, 0, true},
		{"breaks off after an element", "[" + header + ",", 1, 0, true},
		{"the end is missing", "[" + header, 1, 0, true},
		{"something follows", "[" + header + "] []", 1, 0, true},
		{"a broken element", "[" + header + ", {\"id\": nope}, " + header + "]", 1, 0, true},
		{"the rest of the object is broken", `{"movements":[` + header + `], "x": nope}`, 1, 0, true},
		{"elements that are no objects", "[\"x\", " + header + ", [2], 1, null]", 1, 4, false},
		{"a key twice", `[{"id":"m1","id":"m2"},` + header + `]`, 1, 1, false},
		{"a broken line", header + "\n{\"id\": nope}\n" + header + "\n[]\n\"x\"\n" + header + header, 2, 4, false},
		{"missing values", header + "\n{\"id\":\"m2\",\"kind\":null}\n", 1, 1, false},
		{"nested too deep", "[" + header + "," + strings.Repeat(`{"a":`, 100) + "1" + strings.Repeat("}", 100) + "," + header + "]", 2, 1, false},
	}
	for _, tt := range tests {
		got, res := read(t, "m.json", tt.text, Spec{Record: record.Movements})
		if len(got.movements) != tt.rows || len(got.rejects) != tt.rejects || res.Stopped != "" != tt.stops {
			t.Errorf("%s: %d rows, stopped %q\n%s", tt.story, len(got.movements), res.Stopped, got.reasons())
		}
	}
	for _, text := range []string{`[{"a`, `{"error": "unauthorized"}`, `["id","kind"]`, `{"a":[` + header + `],"b":[` + header + `]}`, `{"a":[` + header + `],"a":[` + header + `]}`,
		`{"data":[{"id":"m1"}]}`} {
		if _, res, err := tryRead(t, "m.json", text, Spec{Record: record.Movements}); err == nil {
			t.Errorf("%s: no error, %+v", text, res)
		}
	}
	old := strings.Replace(header, "c1", "M\xfcller", 1)
	for _, text := range []string{"[" + old + "]", old + "\n" + old + "\n"} {
		got, res := read(t, "m.json", text, Spec{Record: record.Movements})
		if len(got.movements) == 0 || got.movements[0].Card != "Müller" || !strings.Contains(strings.Join(res.Input.Notes, ""), "1252") {
			t.Errorf("%q: %+v %q", text, got.movements, res.Input.Notes)
		}
		if _, res, err := tryRead(t, "m.json", text, Spec{Record: record.Movements, Encoding: "utf-8"}); err == nil && res.Rejected == 0 {
			t.Errorf("%q is taken for UTF-8", text)
		}
	}
}

func TestJSONKeysThatComeLate(t *testing.T) {
	got, _ := read(t, "m.json", `[`+oneMovement+`,{"id":"m2","kind":"load","card":"c1","amount":5,"at":"2026-10-01","order":"1001","Till":"3"}]`, Spec{Record: record.Movements})
	if len(got.movements) != 2 || got.movements[1].Order != "1001" || len(got.movements[1].Attrs) != 1 || got.movements[0].Attrs != nil {
		t.Errorf("%+v", got.movements)
	}
}
