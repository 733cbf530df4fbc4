package render

import (
	"reflect"

	"gcdiag/internal/report"
)

// cleaned is a copy of the document in which every text went through Escape,
// for formats whose own escaping lets characters pass that act on a reader.
func cleaned(d report.Document) report.Document {
	return scrub(reflect.ValueOf(d)).Interface().(report.Document)
}

func scrub(v reflect.Value) reflect.Value {
	switch v.Kind() {
	case reflect.String:
		return reflect.ValueOf(Escape(v.String())).Convert(v.Type())
	case reflect.Struct:
		c := reflect.New(v.Type()).Elem()
		for i := range v.NumField() {
			c.Field(i).Set(scrub(v.Field(i)))
		}
		return c
	case reflect.Slice:
		c := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		for i := range v.Len() {
			c.Index(i).Set(scrub(v.Index(i)))
		}
		return c
	case reflect.Map:
		c := reflect.MakeMapWithSize(v.Type(), v.Len())
		for it := v.MapRange(); it.Next(); {
			c.SetMapIndex(scrub(it.Key()), scrub(it.Value()))
		}
		return c
	case reflect.Pointer:
		if v.IsNil() {
			return v
		}
		c := reflect.New(v.Type().Elem())
		c.Elem().Set(scrub(v.Elem()))
		return c
	}
	return v
}
