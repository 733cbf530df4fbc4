package record

import (
	"reflect"
	"testing"
	"unsafe"

	"gcdiag/internal/money"
)

func TestCloneSharesNothing(t *testing.T) {
	buffer := []byte("evt_1card_7")
	view := func(from, to int) string { return unsafe.String(&buffer[from], to-from) }
	m := Movement{Source: Source{1, 2, 3}, ID: view(0, 5), Card: view(5, 11), Kind: Load, Amount: 5, At: Spanning(7, 8), BalanceAfter: money.Some(9),
		Attrs: []Attr{{view(0, 3), view(5, 9)}, {"", "x"}}}
	want := Movement{Source: Source{1, 2, 3}, ID: "evt_1", Card: "card_7", Kind: Load, Amount: 5, At: Spanning(7, 8), BalanceAfter: money.Some(9),
		Attrs: []Attr{{"evt", "card"}, {"", "x"}}}
	c := Clone(&m)
	clear(buffer)
	clear(m.Attrs)
	if !reflect.DeepEqual(c, want) {
		t.Errorf("the copy is %+v, want %+v", c, want)
	}
	var none Posting
	if got := Clone(&none); !reflect.DeepEqual(got, none) {
		t.Errorf("the copy of nothing is %+v", got)
	}
}
