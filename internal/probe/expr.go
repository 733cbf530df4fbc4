package probe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/itchyny/gojq"

	"gcdiag/internal/money"
)

// Vars are the values of an expression's variables.
type Vars struct {
	Settings, Window, Ledger, Page, Parent, Lookup, Answer, Failed, Auth, Session any
}

var variables = []string{"$settings", "$window", "$ledger", "$page", "$parent", "$lookup", "$answer", "$failed"}

// authVariables stand in the auth section alone.
var authVariables = []string{"$auth", "$session"}

// exprTime is how long an expression may take: more than any needs, so that one
// that never ends is an error.
const exprTime = 20 * time.Second

// Expr is a compiled jq expression.
type Expr struct {
	source string
	line   int
	query  *gojq.Query
	code   *gojq.Code
	auth   bool
	names  map[string]bool // keys and texts that it mentions
}

// Text is a jq string without its quotes.
type Text struct {
	Expr
	written string
}

// String is the text as written.
func (t *Text) String() string { return t.written }

// Source is the expression as written.
func (e *Expr) Source() string { return e.source }

// All is every value that the expression makes of an input.
func (e *Expr) All(ctx context.Context, input any, v *Vars) ([]any, error) {
	ctx, cancel := context.WithTimeout(ctx, exprTime)
	defer cancel()
	values := []any{v.Settings, v.Window, v.Ledger, v.Page, v.Parent, v.Lookup, v.Answer, v.Failed}
	if e.auth {
		values = append(values, v.Auth, v.Session)
	}
	var out []any
	for i := e.code.RunWithContext(ctx, input, values...); ; {
		x, ok := i.Next()
		if !ok {
			return out, nil
		}
		if err, failed := x.(error); failed {
			var halt *gojq.HaltError
			if errors.As(err, &halt) && halt.Value() == nil {
				return out, nil
			}
			return out, fmt.Errorf("the pack's expression in line %d: %w", e.line, plainer(err))
		}
		out = append(out, x)
	}
}

// One is the first value that the expression makes, or nil.
func (e *Expr) One(ctx context.Context, input any, v *Vars) (any, error) {
	all, err := e.All(ctx, input, v)
	if len(all) == 0 {
		return nil, err
	}
	return all[0], err
}

// True is whether the expression's first value is neither false nor null.
func (e *Expr) True(ctx context.Context, input any, v *Vars) (bool, error) {
	x, err := e.One(ctx, input, v)
	return x != nil && x != false, err
}

// Words is the expression's values as one text: texts as they are, the elements
// of lists one by one, null as nothing.
func (e *Expr) Words(ctx context.Context, input any, v *Vars) (string, error) {
	all, err := e.All(ctx, input, v)
	var parts []string
	var add func(any)
	add = func(x any) {
		switch x := x.(type) {
		case nil, bool:
			if x == true {
				parts = append(parts, "true")
			}
		case string:
			if x = strings.TrimSpace(x); x != "" {
				parts = append(parts, x)
			}
		case []any:
			for _, y := range x {
				add(y)
			}
		default:
			b, _ := gojq.Marshal(x)
			parts = append(parts, string(b))
		}
	}
	for _, x := range all {
		add(x)
	}
	return strings.Join(parts, "; "), err
}

// Make is the text with its holes filled.
func (t *Text) Make(ctx context.Context, v *Vars) (string, error) {
	x, err := t.One(ctx, nil, v)
	if err != nil {
		return "", err
	}
	s, _ := x.(string)
	return s, nil
}

// Marshal is a value of an expression as JSON, numbers as they were written and
// keys in order.
func Marshal(x any) ([]byte, error) { return gojq.Marshal(x) }

// plainer takes the customer's values out of jq's errors, which quote them.
func plainer(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("it took longer than %v", exprTime)
	}
	if errors.Is(err, context.Canceled) {
		return err
	}
	text := err.Error()
	if i := strings.IndexAny(text, "{[\"("); i > 0 {
		text = strings.TrimSpace(text[:i]) + " …"
	}
	return errors.New(text)
}

// functions are what expressions may use beside jq's own. All are exact.
//
//	minor($c)     minor units of a currency as decimal text: 5000 | minor("EUR") is "50.00"
//	negated       a decimal with its sign turned
//	absolute      a decimal without its sign
//	total         the sum of a list of decimals, null ones left out
//	rounded($n)   a decimal cut to n decimals where only zeros are cut; else an error
//	unix_time     RFC 3339 of seconds since 1970
//	unix_ms       RFC 3339 of milliseconds since 1970
//	plus_ms($n)   an RFC 3339 time, n milliseconds later
//	cents($c)     decimal text as minor units of a currency
func functions() []gojq.CompilerOption {
	fn := func(name string, arity int, f func(x any, args []any) (any, error)) gojq.CompilerOption {
		return gojq.WithFunction(name, arity, arity, func(x any, args []any) any {
			v, err := f(x, args)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			return v
		})
	}
	return []gojq.CompilerOption{
		fn("minor", 1, func(x any, args []any) (any, error) {
			c, err := currency(args[0])
			if err != nil {
				return nil, err
			}
			d, err := decimal(x)
			if err != nil {
				return nil, err
			}
			if d.scale != 0 {
				return nil, errors.New("minor units have no decimals")
			}
			d.scale = c.Exponent()
			return d.String(), nil
		}),
		fn("cents", 1, func(x any, args []any) (any, error) {
			c, err := currency(args[0])
			if err != nil {
				return nil, err
			}
			d, err := decimal(x)
			if err != nil {
				return nil, err
			}
			if d, err = d.to(c.Exponent()); err != nil {
				return nil, err
			}
			d.scale = 0
			return d.String(), nil
		}),
		fn("negated", 0, func(x any, _ []any) (any, error) {
			d, err := decimal(x)
			if err != nil {
				return nil, err
			}
			d.coef.Neg(d.coef)
			return d.String(), nil
		}),
		fn("absolute", 0, func(x any, _ []any) (any, error) {
			d, err := decimal(x)
			if err != nil {
				return nil, err
			}
			d.coef.Abs(d.coef)
			return d.String(), nil
		}),
		fn("total", 0, func(x any, _ []any) (any, error) {
			list, ok := x.([]any)
			if !ok {
				return nil, errors.New("not a list")
			}
			sum := exact{coef: new(big.Int)}
			for _, y := range list {
				if y == nil {
					continue
				}
				d, err := decimal(y)
				if err != nil {
					return nil, err
				}
				sum = sum.plus(d)
			}
			return sum.String(), nil
		}),
		fn("rounded", 1, func(x any, args []any) (any, error) {
			n, ok := args[0].(int)
			if !ok || n < 0 || n > 9 {
				return nil, errors.New("not a number of decimals")
			}
			d, err := decimal(x)
			if err != nil {
				return nil, err
			}
			if d, err = d.to(n); err != nil {
				return nil, err
			}
			return d.String(), nil
		}),
		fn("unix_time", 0, func(x any, _ []any) (any, error) { return moment(x, time.Second) }),
		fn("unix_ms", 0, func(x any, _ []any) (any, error) { return moment(x, time.Millisecond) }),
		fn("plus_ms", 1, func(x any, args []any) (any, error) {
			text, _ := x.(string)
			t, err := time.Parse(time.RFC3339Nano, text)
			if err != nil {
				return nil, errors.New("not an RFC 3339 time")
			}
			n, ok := args[0].(int)
			if !ok {
				return nil, errors.New("not a number of milliseconds")
			}
			return t.Add(time.Duration(n) * time.Millisecond).Format(time.RFC3339Nano), nil
		}),
	}
}

func currency(x any) (money.Currency, error) {
	s, _ := x.(string)
	c, ok := money.ParseCurrency(s)
	if !ok {
		return c, errors.New("not an ISO 4217 currency")
	}
	return c, nil
}

func moment(x any, unit time.Duration) (any, error) {
	d, err := decimal(x)
	if err != nil {
		return nil, err
	}
	// Billionths of the unit hold every fraction that clocks write.
	if d, err = d.to(9); err != nil {
		return nil, err
	}
	per := big.NewInt(int64(unit))
	n := new(big.Int).Mul(d.coef, per)
	n.Quo(n, big.NewInt(1e9))
	if !n.IsInt64() {
		return nil, errors.New("too far away")
	}
	return time.Unix(0, n.Int64()).UTC().Format(time.RFC3339Nano), nil
}

// exact is coef × 10^-scale.
type exact struct {
	coef  *big.Int
	scale int
}

// decimal reads a JSON number or a decimal text, exactly. A number that jq has
// computed may have been rounded on the way and is refused, unless it is whole.
func decimal(x any) (exact, error) {
	switch x := x.(type) {
	case json.Number:
		return parseExact(string(x))
	case string:
		return parseExact(strings.TrimSpace(x))
	case int:
		return exact{coef: big.NewInt(int64(x))}, nil
	case *big.Int:
		return exact{coef: new(big.Int).Set(x)}, nil
	case nil:
		return exact{}, errors.New("null is no amount")
	}
	return exact{}, errors.New("a computed number is not exact")
}

// Difference is a minus b as decimal text, exactly; nil and "" are nothing.
func Difference(a, b any) (string, error) {
	sum := exact{coef: new(big.Int)}
	for i, x := range []any{a, b} {
		if x == nil || x == "" {
			continue
		}
		d, err := decimal(x)
		if err != nil {
			return "", err
		}
		if i == 1 {
			d.coef.Neg(d.coef)
		}
		sum = sum.plus(d)
	}
	return sum.String(), nil
}

func parseExact(s string) (exact, error) {
	mantissa, exponent := s, 0
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		mantissa = s[:i]
		if _, err := fmt.Sscanf(s[i+1:], "%d", &exponent); err != nil || exponent < -30 || exponent > 30 {
			return exact{}, errors.New("not a decimal")
		}
	}
	whole, part, _ := strings.Cut(mantissa, ".")
	text := whole + part
	n, ok := new(big.Int).SetString(text, 10)
	if !ok || len(text) > 60 || strings.ContainsAny(text, "_") || text == "" {
		return exact{}, errors.New("not a decimal")
	}
	d := exact{n, len(part) - exponent}
	if d.scale < 0 {
		d.coef.Mul(d.coef, power(-d.scale))
		d.scale = 0
	}
	return d, nil
}

func power(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

// to is the decimal with n decimals; cutting anything but zeros is an error.
func (d exact) to(n int) (exact, error) {
	if n >= d.scale {
		return exact{new(big.Int).Mul(d.coef, power(n-d.scale)), n}, nil
	}
	q, r := new(big.Int).QuoRem(d.coef, power(d.scale-n), new(big.Int))
	if r.Sign() != 0 {
		return exact{}, fmt.Errorf("it has more than %d decimals", n)
	}
	return exact{q, n}, nil
}

func (d exact) plus(o exact) exact {
	n := max(d.scale, o.scale)
	a, _ := d.to(n)
	b, _ := o.to(n)
	return exact{new(big.Int).Add(a.coef, b.coef), n}
}

func (d exact) String() string {
	s := new(big.Int).Abs(d.coef).String()
	if d.scale > 0 {
		if len(s) <= d.scale {
			s = strings.Repeat("0", d.scale-len(s)+1) + s
		}
		s = s[:len(s)-d.scale] + "." + s[len(s)-d.scale:]
	}
	if d.coef.Sign() < 0 {
		s = "-" + s
	}
	return s
}
