package simulator

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/scanner"
)

// object is a GraphQL object: its fields by name. A field that is a resolver
// depends on the arguments.
type object map[string]any

type resolver func(args map[string]any) (any, error)

// selection is one field that a query asks for, or a fragment on a type.
type selection struct {
	name, on string
	args     map[string]any
	fields   []selection
}

// refusal is an error in the vendor's own words.
type refusal string

func (r refusal) Error() string { return string(r) }

func refusedf(format string, a ...any) error { return refusal(fmt.Sprintf(format, a...)) }

// parse reads a query with its variables put in.
func parse(query string, variables map[string]any) (fields []selection, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = refusedf("Parse error on %v", r)
		}
	}()
	p := &parser{variables: variables}
	p.s.Init(strings.NewReader(query))
	p.s.Error = func(*scanner.Scanner, string) {}
	p.s.Mode = scanner.ScanIdents | scanner.ScanInts | scanner.ScanStrings
	p.next()
	if p.is("query") {
		p.next()
		if p.is("(") { // the variables' types
			for !p.is(")") {
				p.next()
			}
			p.next()
		}
	}
	return p.selections(), nil
}

// parser is a recursive descent parser of the part of GraphQL that reads need. It
// panics where a query is none.
type parser struct {
	s         scanner.Scanner
	token     string
	kind      rune
	variables map[string]any
}

func (p *parser) next() {
	p.kind = p.s.Scan()
	p.token = p.s.TokenText()
	if p.kind == scanner.EOF {
		p.token = "the end"
	}
}

func (p *parser) is(token string) bool { return p.token == token }

func (p *parser) take(token string) {
	if !p.is(token) {
		panic(strconv.Quote(p.token))
	}
	p.next()
}

func (p *parser) word() string {
	if p.kind != scanner.Ident {
		panic(strconv.Quote(p.token))
	}
	w := p.token
	p.next()
	return w
}

func (p *parser) selections() []selection {
	var out []selection
	p.take("{")
	for !p.is("}") {
		var s selection
		if p.is(".") {
			for range 3 {
				p.take(".")
			}
			p.take("on")
			s.on = p.word()
			s.fields = p.selections()
			out = append(out, s)
			continue
		}
		s.name = p.word()
		if p.is("(") {
			s.args = map[string]any{}
			p.next()
			for !p.is(")") {
				name := p.word()
				p.take(":")
				s.args[name] = p.value()
				if p.is(",") {
					p.next()
				}
			}
			p.next()
		}
		if p.is("{") {
			s.fields = p.selections()
		}
		out = append(out, s)
	}
	p.next()
	return out
}

func (p *parser) value() any {
	switch {
	case p.is("$"):
		p.next()
		return p.variables[p.word()]
	case p.kind == scanner.Int:
		n := json.Number(p.token)
		p.next()
		return n
	case p.kind == scanner.String:
		s, err := strconv.Unquote(p.token)
		if err != nil {
			panic(p.token)
		}
		p.next()
		return s
	}
	switch w := p.word(); w {
	case "null":
		return nil
	case "true", "false":
		return w == "true"
	default:
		return w
	}
}

// project returns of a value what is asked for.
func project(v any, fields []selection) (any, error) {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			var err error
			if out[i], err = project(x, fields); err != nil {
				return nil, err
			}
		}
		return out, nil
	case object:
		if v == nil {
			return nil, nil
		}
		out := map[string]any{}
		if err := v.project(fields, out); err != nil {
			return nil, err
		}
		return out, nil
	}
	if len(fields) > 0 && v != nil {
		return nil, refusedf("Selections can't be made on scalars")
	}
	return v, nil
}

func (o object) project(fields []selection, out map[string]any) error {
	for _, f := range fields {
		if f.on != "" {
			if o["__typename"] == f.on {
				if err := o.project(f.fields, out); err != nil {
					return err
				}
			}
			continue
		}
		x, known := o[f.name]
		if !known {
			return refusedf("Field '%s' doesn't exist", f.name)
		}
		if r, ok := x.(resolver); ok {
			var err error
			if x, err = r(f.args); err != nil {
				return err
			}
		} else if len(f.args) > 0 {
			return refusedf("Field '%s' takes no arguments", f.name)
		}
		var err error
		if out[f.name], err = project(x, f.fields); err != nil {
			return err
		}
	}
	return nil
}

// connection pages through a list by first and after.
func connection(args map[string]any, nodes []any) (any, error) {
	first := number(fmt.Sprint(args["first"]), -1)
	if first < 1 || first > 250 {
		return nil, fmt.Errorf("you must provide a first value between 1 and 250")
	}
	from := 0
	if after, ok := args["after"].(string); ok {
		b, err := base64.StdEncoding.DecodeString(after)
		var at struct {
			Last int `json:"last"`
		}
		if err != nil || json.Unmarshal(b, &at) != nil || at.Last < 1 || at.Last > len(nodes) {
			return nil, refusedf("Invalid cursor for current pagination sort.")
		}
		from = at.Last
	}
	to := min(from+first, len(nodes))
	info := object{"hasNextPage": to < len(nodes), "endCursor": nil}
	if to > from {
		info["endCursor"] = base64.StdEncoding.EncodeToString(fmt.Appendf(nil, `{"last":%d}`, to))
	}
	return object{"pageInfo": info, "nodes": nodes[from:to]}, nil
}

// newestFirst turns a list around where a query asks for it.
func newestFirst(args map[string]any, nodes []any) []any {
	if args["reverse"] == true {
		nodes = slices.Clone(nodes)
		slices.Reverse(nodes)
	}
	return nodes
}
