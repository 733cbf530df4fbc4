package report

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"gcdiag/internal/finding"
	"gcdiag/internal/record"
)

func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(JSONSchema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func validate(t *testing.T, s *jsonschema.Schema, doc string) error {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(doc))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(v)
}

func TestSamplesAreValid(t *testing.T) {
	s := compiled(t)
	for name, d := range samples(t) {
		// Hostile data is free in texts only; the hostile sample breaks patterns on purpose.
		if err := validate(t, s, encoded(t, d)); (err != nil) != (name == "hostile") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSchemaRefuses(t *testing.T) {
	s := compiled(t)
	good := encoded(t, samples(t)["till"])
	if err := validate(t, s, strings.Replace(good, `"run": {`, `"added_later": 1, "run": {"added": [],`, 1)); err != nil {
		t.Errorf("an added member: %v", err)
	}
	for name, change := range map[string][2]string{
		"another version":    {"gcdiag.report/v1", "gcdiag.report/v2"},
		"a float amount":     {`"platform": "21990.00"`, `"platform": 21990.00`},
		"amount with commas": {`"platform": "21990.00"`, `"platform": "21,990.00"`},
		"an unknown status":  {`"status": "fault"`, `"status": "red"`},
		"an unknown problem": {`"problem": "filtered"`, `"problem": "lost"`},
		"an unknown class":   {`"class": "fault"`, `"class": "error"`},
		"evidence":           {`"evidence": "proven"`, `"evidence": "sure"`},
		"step five":          {`"step": 2`, `"step": 5`},
		"a null list":        {`"candidates": []`, `"candidates": null`},
		"a missing member":   {`"headline"`, `"headlime"`},
		"a local time":       {`"2026-11-24T06:00:00-05:00"`, `"2026-11-24 06:00"`},
		"an unknown kind":    {`"kind": "load"`, `"kind": "topup"`},
		"an unknown mode":    {`"mode": "files"`, `"mode": "file"`},
		"a hop's status":     {`"status": "not-reached"`, `"status": "not_reached"`},
		"an unknown reason":  {`"reason": "test"`, `"reason": "tests"`},
	} {
		bad := strings.Replace(good, change[0], change[1], 1)
		if bad == good {
			t.Errorf("%s: nothing to change", name)
		} else if validate(t, s, bad) == nil {
			t.Errorf("%s: passes", name)
		}
	}
}

type object = map[string]any

func schemaDoc(t *testing.T) object {
	t.Helper()
	var doc object
	if err := json.Unmarshal(JSONSchema(), &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

// Every json field of the Go types is described in the schema, every property
// of the schema is a field, and what is always written is required.
func TestSchemaDescribesTheType(t *testing.T) {
	doc := schemaDoc(t)
	defs := doc["$defs"].(object)
	var walk func(typ reflect.Type, def object)
	member := func(where string, typ reflect.Type, prop object) {
		if s, _ := prop["description"].(string); !strings.HasSuffix(s, ".") || len(s) < 8 {
			t.Errorf("%s is not described", where)
		}
		target := prop
		if typ.Kind() == reflect.Pointer {
			either, _ := prop["anyOf"].([]any)
			if len(either) != 2 || !reflect.DeepEqual(either[1], object{"type": "null"}) {
				t.Errorf("%s may be null in Go and not in the schema", where)
				return
			}
			target, typ = either[0].(object), typ.Elem()
		}
		resolve := func(o object) object {
			if ref, ok := o["$ref"].(string); ok {
				return defs[strings.TrimPrefix(ref, "#/$defs/")].(object)
			}
			return o
		}
		target = resolve(target)
		kind, _ := target["type"].(string)
		switch typ.Kind() {
		case reflect.Struct:
			walk(typ, target)
		case reflect.Slice:
			items, _ := target["items"].(object)
			if kind != "array" || items == nil {
				t.Errorf("%s is a list in Go, %q in the schema", where, kind)
				return
			}
			if items = resolve(items); typ.Elem().Kind() == reflect.Struct {
				walk(typ.Elem(), items)
			}
		case reflect.Map:
			if kind != "object" {
				t.Errorf("%s is a map in Go, %q in the schema", where, kind)
			}
		case reflect.Bool:
			if kind != "boolean" && target["const"] != true {
				t.Errorf("%s is a bool in Go, %q in the schema", where, kind)
			}
		case reflect.Int, reflect.Int64:
			if kind != "integer" {
				t.Errorf("%s is a number in Go, %q in the schema", where, kind)
			}
		case reflect.String:
			if kind != "string" && target["enum"] == nil && target["const"] == nil {
				t.Errorf("%s is text in Go, %q in the schema", where, kind)
			}
		}
	}
	walk = func(typ reflect.Type, def object) {
		props, _ := def["properties"].(object)
		var always, required []string
		fields := map[string]bool{}
		for i := range typ.NumField() {
			f := typ.Field(i)
			name, opt, _ := strings.Cut(f.Tag.Get("json"), ",")
			fields[name] = true
			if opt == "" {
				always = append(always, name)
			}
			prop, ok := props[name].(object)
			if !ok {
				t.Errorf("%s.%s is not in the schema", typ.Name(), name)
				continue
			}
			member(typ.Name()+"."+name, f.Type, prop)
		}
		for name := range props {
			if !fields[name] {
				t.Errorf("%s.%s is in the schema and not in Go", typ.Name(), name)
			}
		}
		list, _ := def["required"].([]any)
		for _, r := range list {
			required = append(required, r.(string))
		}
		sort.Strings(always)
		sort.Strings(required)
		if !slices.Equal(always, required) {
			t.Errorf("%s: always written %q, required %q", typ.Name(), always, required)
		}
		if def["additionalProperties"] != nil {
			t.Errorf("%s refuses members that are added later", typ.Name())
		}
	}
	walk(reflect.TypeFor[Document](), doc)
	for name := range defs {
		if !bytes.Contains(JSONSchema(), []byte(`"#/$defs/`+name+`"`)) {
			t.Errorf("$defs.%s is never used", name)
		}
	}
}

// The vocabularies of the schema are those of the program.
func TestSchemaVocabularies(t *testing.T) {
	defs := schemaDoc(t)["$defs"].(object)
	enum := func(path ...string) []string {
		var at any = defs
		for _, p := range path {
			at = at.(object)[p]
		}
		var words []string
		for _, w := range at.([]any) {
			words = append(words, w.(string))
		}
		return words
	}
	var problems, classes, codes, kinds, types []string
	for _, e := range finding.All() {
		codes = append(codes, string(e.Code))
		if e.Class == finding.Fault {
			problems = append(problems, string(e.Code))
		}
		if !slices.Contains(classes, string(e.Class)) {
			classes = append(classes, string(e.Class))
		}
	}
	for k := record.Load; k < record.Other; k++ {
		kinds = append(kinds, k.String())
	}
	for ty := record.Movements; ty <= record.Exceptions; ty++ {
		types = append(types, ty.String())
	}
	for name, c := range map[string]struct{ schema, program []string }{
		"problems": {enum("problem", "enum"), problems},
		"classes":  {enum("Finding", "properties", "class", "enum"), classes},
		"kinds":    {enum("kind", "enum"), kinds},
		"records":  {enum("record", "enum"), types},
		"roles":    {enum("role", "enum"), []string{record.Platform.String(), record.Integration.String(), record.ERP.String()}},
	} {
		if !slices.Equal(c.schema, c.program) {
			t.Errorf("%s: schema %q, program %q", name, c.schema, c.program)
		}
	}
	pattern := defs["Finding"].(object)["properties"].(object)["code"].(object)["pattern"].(string)
	s := patternSchema(t, pattern)
	for _, c := range codes {
		if err := validate(t, s, `"`+c+`"`); err != nil {
			t.Errorf("code %s breaks the schema's pattern", c)
		}
	}
}

func patternSchema(t *testing.T, pattern string) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	if err := c.AddResource("pattern.json", object{"pattern": pattern}); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("pattern.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}
