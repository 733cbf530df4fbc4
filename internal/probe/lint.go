package probe

import (
	"maps"
	"reflect"
	"slices"

	"github.com/itchyny/gojq"

	"gcdiag/internal/record"
)

// MoneyColumns are the contract's columns that hold money.
func MoneyColumns(t record.Type) []string {
	switch t {
	case record.Movements:
		return []string{"amount", "balance_after", "price_paid"}
	case record.Cards:
		return []string{"balance", "initial_value"}
	case record.Orders:
		return []string{"amount", "card_amount", "refunded_amount"}
	case record.Deliveries:
		return []string{"amount", "sent_amount"}
	case record.Postings:
		return []string{"amount", "debit", "credit"}
	case record.Exceptions:
		return []string{"amount"}
	}
	return nil
}

// inexact are jq's functions that make a float of an exact number, and unsure
// those whose value depends on the machine.
var (
	inexact = []string{"tonumber", "floor", "ceil", "round", "sqrt", "fabs", "abs", "trunc", "add", "pow", "log", "exp", "nearbyint", "significand", "scalb", "ldexp"}
	unsure  = []string{"now", "env", "input", "inputs", "debug", "stderr", "input_filename", "input_line_number", "localtime", "mktime", "strflocaltime", "limit_env", "get_search_list", "$__loc__", "$ENV", "halt", "halt_error"}
)

// lint refuses what has no place in any expression, and remembers the keys that
// it mentions.
func (l *loader) lint(q *gojq.Query, line int) map[string]bool {
	names := map[string]bool{}
	walk(q, func(n any) bool {
		switch n := n.(type) {
		case *gojq.Func:
			if slices.Contains(unsure, n.Name) {
				l.fail(line, "an expression's value depends on its input and its variables alone; the time is in $window", "the jq expression uses %s", n.Name)
			}
		case *gojq.Index:
			l.mention(names, n.Name)
		case *gojq.String:
			l.mention(names, n.Str)
		case *gojq.ObjectKeyVal:
			if n.Val == nil {
				l.mention(names, n.Key)
			}
		case *gojq.PatternObject:
			l.mention(names, n.Key)
		}
		return true
	})
	return names
}

func (l *loader) mention(names map[string]bool, key string) {
	names[key] = true
	if key != "" && !l.inAuth {
		l.pack.mentioned[key] = true
	}
}

// lookups finds out for each lookup which record types rest on it.
func (l *loader) lookups() {
	p := l.pack
	var all []*Call
	var gather func([]*Call)
	gather = func(calls []*Call) {
		for _, c := range calls {
			all = append(all, c)
			gather(c.Children)
		}
	}
	gather(p.Calls)
	for _, c := range all {
		if c.Lookup == nil {
			continue
		}
		name, suffer := c.Lookup.Name, map[record.Type]bool{}
		if l.inPrelude[name] {
			for _, t := range p.Gives() {
				suffer[t] = true
			}
		}
		for _, user := range all {
			if user.names()[name] {
				for _, t := range user.Types() {
					suffer[t] = true
				}
			}
		}
		for t, r := range p.Records {
			if r.Partial != nil && r.Partial.names[name] || r.Retention != nil && r.Retention.names[name] {
				suffer[t] = true
			}
		}
		for _, t := range p.Gives() {
			if suffer[t] {
				c.Lookup.For = append(c.Lookup.For, t)
			}
		}
		if len(c.Lookup.For) == 0 {
			l.fail(c.Line, "", "nothing rests on the lookup %q", name)
		}
	}
}

// names are those that a call's own expressions mention.
func (c *Call) names() map[string]bool {
	out := map[string]bool{}
	add := func(list ...*Expr) {
		for _, e := range list {
			if e != nil {
				maps.Copy(out, e.names)
			}
		}
	}
	add(c.When, c.Refused, c.Items, c.Until, c.Total, c.Paging.Next, c.Paging.Start, c.Paging.More)
	for _, e := range c.Map {
		add(e)
	}
	if c.Lookup != nil {
		add(c.Lookup.Key, c.Lookup.Value)
	}
	if r := c.Request; r != nil {
		add(r.Query, r.Body, r.Vars)
		if r.Path != nil {
			add(&r.Path.Expr)
		}
	}
	return out
}

// lintMoney refuses arithmetic in what becomes an amount. What it can't see, such
// as a computed value behind a variable, is refused when the pack runs.
func (l *loader) lintMoney(e *Expr, t record.Type) {
	columns := MoneyColumns(t)
	bodies := map[string]*gojq.Query{}
	for _, f := range l.prelude {
		bodies[f.Name] = f.Body
	}
	walk(e.query, func(n any) bool {
		if f, ok := n.(*gojq.FuncDef); ok {
			bodies[f.Name] = f.Body
		}
		return true
	})
	walk(e.query, func(n any) bool {
		kv, ok := n.(*gojq.ObjectKeyVal)
		if !ok || kv.Val == nil {
			return true
		}
		key := kv.Key
		if key == "" && kv.KeyString != nil {
			key = kv.KeyString.Str
		}
		if !slices.Contains(columns, key) {
			return true
		}
		if what := arithmetic(kv.Val, bodies, map[string]bool{}); what != "" {
			l.fail(e.line, "amounts stay text: use debit and credit, or the exact functions negated, absolute, total, minor", "%s is computed with %s, which is not exact", key, what)
		}
		return true
	})
}

// arithmetic is the first inexact operation in an expression and in the functions
// that it calls, or "".
func arithmetic(q *gojq.Query, bodies map[string]*gojq.Query, seen map[string]bool) string {
	found := ""
	walk(q, func(n any) bool {
		if found != "" {
			return false
		}
		switch n := n.(type) {
		case *gojq.Query:
			switch n.Op {
			case gojq.OpAdd, gojq.OpSub, gojq.OpMul, gojq.OpDiv, gojq.OpMod:
				found = n.Op.String()
			}
		case *gojq.If:
			// Conditions decide; they don't make the amount.
			for _, part := range append([]*gojq.Query{n.Then, n.Else}, elifs(n)...) {
				if part != nil && found == "" {
					found = arithmetic(part, bodies, seen)
				}
			}
			return false
		case *gojq.Func:
			if slices.Contains(inexact, n.Name) {
				found = n.Name
			} else if body := bodies[n.Name]; body != nil && !seen[n.Name] {
				seen[n.Name] = true
				found = arithmetic(body, bodies, seen)
			}
			if n.Name == "select" || n.Name == "test" || n.Name == "index" {
				return false
			}
		case *gojq.Index:
			return false
		}
		return found == ""
	})
	return found
}

func elifs(n *gojq.If) []*gojq.Query {
	var out []*gojq.Query
	for _, e := range n.Elif {
		out = append(out, e.Then)
	}
	return out
}

// walk visits every node of an expression; f says whether to go below it.
func walk(n any, f func(any) bool) {
	v := reflect.ValueOf(n)
	if v.Kind() != reflect.Pointer || v.IsNil() {
		return
	}
	if !f(n) {
		return
	}
	v = v.Elem()
	for i := range v.NumField() {
		switch field := v.Field(i); field.Kind() {
		case reflect.Pointer:
			walk(field.Interface(), f)
		case reflect.Slice:
			for j := range field.Len() {
				if field.Index(j).Kind() == reflect.Pointer {
					walk(field.Index(j).Interface(), f)
				}
			}
		}
	}
}
