package file

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"gcdiag/internal/casefile"
	"gcdiag/internal/record"
)

func TestDamage(t *testing.T) {
	numbered := func(n int, format string) []string {
		var ids []string
		for i := range n {
			ids = append(ids, fmt.Sprintf(format, i))
		}
		return ids
	}
	tests := []struct {
		story string
		cards []string
		want  []casefile.Damage
	}{
		{"sound", []string{"c-1", "0012", "1e5", "E+18", "1234567890123456789", "gid://shopify/GiftCard/1"}, nil},
		{"scientific notation", []string{"1.23E+18", "c-1", "1.23E+18", "4,5E+15"},
			[]casefile.Damage{{Column: "card", Rows: 3, How: scientific, Values: []string{"1.23E+18", "4,5E+15"}}}},
		{"hexadecimal is no notation", []string{"12E+4", "1E+123", "1.2E5", "A.1E+18"}, nil},
		{"cut after 15 digits", []string{"1234567890123450000", "1234567890123460000", "1234567890123450000"},
			[]casefile.Damage{{Column: "card", Rows: 3, How: digitsCut, Values: []string{"1234567890123450000", "1234567890123460000"}}}},
		{"some long ones end in zeros", append(numbered(9, "123456789012345%d"), "1234567890123000"), nil},
		{"leading zeros lost", []string{"0012345", "1234567", "7654321", "2222222", "12345"},
			[]casefile.Damage{{Column: "card", Rows: 1, How: zerosLost, Values: []string{"12345"}}}},
		{"counting up", numbered(1200, "%d"), nil},
		{"counting up, padded", numbered(1200, "%06d"), nil},
		{"many lengths", []string{"0012345", "123", "4567", "12", "1"}, nil},
		{"short ones with zeros of their own", []string{"0012345", "1234567", "7654321", "2222222", "0012"}, nil},
	}
	for _, tt := range tests {
		var b strings.Builder
		b.WriteString(movementsHeader)
		for i, c := range tt.cards {
			fmt.Fprintf(&b, "m-%d,load,\"%s\",5,2026-10-01\n", i, c)
		}
		got, res := read(t, "m.csv", b.String(), Spec{Record: record.Movements})
		if len(got.movements) != len(tt.cards) {
			t.Errorf("%s: damaged rows are kept: %s", tt.story, got.reasons())
		}
		if !reflect.DeepEqual(res.Damaged, tt.want) {
			t.Errorf("%s: %+v, want %+v", tt.story, res.Damaged, tt.want)
		}
	}
}

func TestDamageInAWorkbook(t *testing.T) {
	book := workbookOf(t, nil, "S", [][]any{head, {"m1", "load", 1.2345678901234e18, 5, "2026-10-01"}})
	_, res := read(t, "m.xlsx", book, Spec{Record: record.Movements})
	if len(res.Damaged) != 1 {
		t.Errorf("%+v", res.Damaged)
	}
}

func TestARulesOrderIsNoIdentifier(t *testing.T) {
	_, res := read(t, "r.csv", "id,order\na,01\nb,02\nc,03\nd,04\ne,5\n", Spec{Record: record.Rules})
	if len(res.Damaged) != 0 {
		t.Errorf("%+v", res.Damaged)
	}
}
