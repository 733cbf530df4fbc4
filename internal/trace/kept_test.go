package trace

import (
	"reflect"
	"testing"

	"gcdiag/internal/record"
)

// TestKeptAsStated keeps records of which each states one field only, and two that
// state all: what is kept holds each under its name, and nothing else. These two
// have their traits in common.
func TestKeptAsStated(t *testing.T) {
	keptAsStated(t, movements())
	keptAsStated(t, deliveries())
	keptAsStated(t, postings())
}

func keptAsStated[R, K any](t *testing.T, as func(*R) K) {
	t.Helper()
	var stated []R
	var kept []K
	keep := func(r R) {
		stated, kept = append(stated, r), append(kept, as(&r))
	}
	var all R
	fields := reflect.VisibleFields(reflect.TypeFor[R]())
	for i, f := range fields {
		if f.Anonymous {
			continue
		}
		var one R
		put(t, reflect.ValueOf(&one).Elem().FieldByIndex(f.Index), i+1)
		put(t, reflect.ValueOf(&all).Elem().FieldByIndex(f.Index), i+1)
		keep(one)
	}
	keep(all)
	keep(all)
	for i := range stated {
		for _, f := range fields {
			got, want := reflect.ValueOf(kept[i]).FieldByName(f.Name).Interface(), reflect.ValueOf(stated[i]).FieldByIndex(f.Index).Interface()
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%T.%s is %v, was stated as %v", kept[i], f.Name, got, want)
			}
		}
	}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[K]()) {
		if n := len(kept); f.Anonymous && f.Type.Kind() == reflect.Pointer &&
			reflect.ValueOf(kept[n-1]).FieldByIndex(f.Index).Pointer() != reflect.ValueOf(kept[n-2]).FieldByIndex(f.Index).Pointer() {
			t.Errorf("equal %s are kept twice", f.Name)
		}
	}
}

// put states something into a field that is not in others of its type.
func put(t *testing.T, v reflect.Value, n int) {
	switch x := v.Addr().Interface().(type) {
	case *record.Time:
		*x = record.Spanning(int64(n), 1)
		return
	case *[]record.Attr:
		*x = []record.Attr{{Name: "till", Value: "7"}}
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(string(rune('a' + n)))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(n))
	case reflect.Uint8, reflect.Uint16, reflect.Uint32:
		v.SetUint(uint64(n))
	case reflect.Array:
		put(t, v.Index(0), n)
	case reflect.Struct:
		for i := range v.NumField() {
			put(t, v.Field(i), n)
		}
	default:
		t.Fatalf("nothing can be put into %s", v.Type())
	}
}
