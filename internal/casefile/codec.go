package casefile

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"gcdiag/internal/money"
	"gcdiag/internal/record"
)

// Schema is the version of saved cases.
const Schema = "gcdiag.case/v1"

// A saved case is one JSON object. Fields are named after those of Case in snake
// case and left out where they are zero; amounts are whole numbers of minor
// units (hundredths of a point), times RFC 3339 in UTC, a stretch of time its
// start and end joined by "/". Text that is not UTF-8 is {"base64": …}.

// Save writes a case as one JSON document, the same bytes for the same case.
// Judging what Load makes of it is judging the case. The document holds the
// customers' identifiers as they are: keep it as you keep the exports.
func Save(w io.Writer, c *Case) error {
	e := &encoder{w: w}
	e.b = append(e.b, `{"schema":"`+Schema+`"`...)
	e.fields(casePlan, reflect.ValueOf(c).Elem(), false)
	e.b = append(e.b, "}\n"...)
	e.flush()
	if err := cmp.Or(e.err, c.Err()); err != nil {
		return fmt.Errorf("saving the case: %w", err)
	}
	return nil
}

// Load reads a case that Save wrote. Anything else, another version and text
// after the document are errors.
func Load(r io.Reader) (*Case, error) {
	c := new(Case)
	d := &decoder{Decoder: json.NewDecoder(r), texts: map[string]string{}}
	d.UseNumber()
	if err := d.document(c); err != nil {
		return nil, fmt.Errorf("loading the case: at byte %d: %w", d.InputOffset(), err)
	}
	return c, nil
}

func (d *decoder) document(c *Case) error {
	if err := d.delim('{'); err != nil {
		return err
	}
	for _, want := range []string{"schema", Schema} {
		if tok, err := d.Token(); err != nil || tok != json.Token(want) {
			return fmt.Errorf("this is not a saved case of version %s", Schema)
		}
	}
	if err := d.fields(casePlan, reflect.ValueOf(c).Elem()); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("there is more after the document")
	}
	if c.Zone == nil {
		c.Zone = time.UTC
	}
	c.localise()
	return c.check()
}

// localise shows times in the calendars in which they were written.
func (c *Case) localise() {
	in := func(zone *time.Location, times ...*time.Time) {
		for _, t := range times {
			if !t.IsZero() {
				*t = t.In(zone)
			}
		}
	}
	in(c.Zone, &c.AsOf, &c.Window.Since, &c.Window.Until)
	for _, s := range c.Systems {
		zone := c.Zone
		if s.Zone != nil {
			zone = s.Zone
		}
		for i := range s.Reads {
			in(zone, &s.Reads[i].Covers.Since, &s.Reads[i].Covers.Until)
		}
	}
}

// check refuses records of systems and inputs that the case does not have.
func (c *Case) check() error {
	known := func(s record.Source) bool {
		if int(s.System) >= len(c.Systems) {
			return false
		}
		n := len(c.Systems[s.System].Inputs)
		return n == 0 || int(s.Input) < n
	}
	for _, r := range c.Rejects {
		if !known(r.Source) {
			return fmt.Errorf("reject %s is of a system or input that the case does not have", r.Place)
		}
	}
	for _, t := range c.tables() {
		for r := range t.each {
			if s := r.FieldByName("Source").Interface().(record.Source); !known(s) {
				return fmt.Errorf("a record in row %d is of a system or input that the case does not have", s.Row)
			}
		}
	}
	return nil
}

// rows is a Table of whatever records.
type rows interface {
	element() reflect.Type
	each(yield func(reflect.Value) bool)
	add(fill func(reflect.Value) error) error
}

func (c *Case) tables() []rows {
	return []rows{&c.Movements, &c.Cards, &c.Orders, &c.Subscriptions, &c.Deliveries, &c.Flows, &c.Postings, &c.Rules, &c.Exceptions}
}

func (t *Table[T]) element() reflect.Type { return reflect.TypeFor[T]() }

func (t *Table[T]) each(yield func(reflect.Value) bool) {
	for r := range t.All() {
		if !yield(reflect.ValueOf(r).Elem()) {
			return
		}
	}
}

func (t *Table[T]) add(fill func(reflect.Value) error) error {
	var r T
	err := fill(reflect.ValueOf(&r).Elem())
	t.Add(r)
	return err
}

// plan is how the fields of a struct are written and read.
type plan []field

type field struct {
	name  string // as saved
	index []int
	form  form
}

// form is how values of one type are written and read.
type form struct {
	write func(*encoder, reflect.Value)
	read  func(*decoder, reflect.Value) error
}

var casePlan = planOf(reflect.TypeFor[Case]())

func planOf(t reflect.Type) plan {
	var p plan
	for _, f := range reflect.VisibleFields(t) {
		if !f.Anonymous && f.IsExported() {
			p = append(p, field{snake(f.Name), f.Index, formOf(f.Type)})
		}
	}
	return p
}

// snake is the saved name of a field: CardCreatedAt becomes card_created_at,
// ERPRef erp_ref.
func snake(name string) string {
	var b strings.Builder
	rs := []rune(name)
	for i, c := range rs {
		if unicode.IsUpper(c) && i > 0 && (unicode.IsLower(rs[i-1]) || i+1 < len(rs) && unicode.IsLower(rs[i+1])) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(c))
	}
	return b.String()
}

func formOf(t reflect.Type) form {
	switch t {
	case reflect.TypeFor[record.Time]():
		return text(
			func(v *record.Time) (string, error) {
				s := v.Earliest().UTC().Format(time.RFC3339Nano)
				if span := v.Span(); span != 0 {
					s += "/" + v.Earliest().Add(span).UTC().Format(time.RFC3339Nano)
				}
				return s, nil
			},
			func(s string) (record.Time, error) {
				start, end, stretch := strings.Cut(s, "/")
				from, err := time.Parse(time.RFC3339Nano, start)
				if err != nil || !stretch {
					return record.At(from), err
				}
				to, err := time.Parse(time.RFC3339Nano, end)
				return record.Within(from, to), err
			})
	case reflect.TypeFor[time.Time]():
		return text(
			func(v *time.Time) (string, error) { return v.UTC().Format(time.RFC3339Nano), nil },
			func(s string) (time.Time, error) { return time.Parse(time.RFC3339Nano, s) })
	case reflect.TypeFor[time.Duration]():
		return text(func(v *time.Duration) (string, error) { return v.String(), nil }, time.ParseDuration)
	case reflect.TypeFor[*time.Location]():
		return text(
			func(v **time.Location) (string, error) {
				name := (*v).String()
				if _, err := zone(name); err != nil {
					return "", err
				}
				return name, nil
			}, zone)
	case reflect.TypeFor[money.Currency]():
		return text(
			func(v *money.Currency) (string, error) { return v.String(), nil },
			func(s string) (money.Currency, error) {
				c, ok := money.ParseCurrency(s)
				if !ok {
					return c, fmt.Errorf("%q is not a currency", s)
				}
				return c, nil
			})
	case reflect.TypeFor[record.Bool]():
		return text(
			func(v *record.Bool) (string, error) {
				return map[record.Bool]string{record.Yes: "yes", record.No: "no"}[*v], nil
			},
			func(s string) (record.Bool, error) {
				b, ok := map[string]record.Bool{"yes": record.Yes, "no": record.No}[s]
				if !ok {
					return b, fmt.Errorf("%q is neither yes nor no", s)
				}
				return b, nil
			})
	case reflect.TypeFor[record.Kinds]():
		return text(
			func(v *record.Kinds) (string, error) {
				var words []string
				for _, k := range v.List() {
					words = append(words, k.String())
				}
				return strings.Join(words, " "), nil
			},
			func(s string) (record.Kinds, error) {
				var kinds record.Kinds
				for _, w := range strings.Fields(s) {
					k, ok := record.ParseKind(w)
					if !ok {
						return 0, fmt.Errorf("%q is not a kind", w)
					}
					kinds = kinds.With(k)
				}
				return kinds, nil
			})
	case reflect.TypeFor[money.Opt]():
		return form{
			func(e *encoder, v reflect.Value) {
				e.b = strconv.AppendInt(e.b, int64(v.Addr().Interface().(*money.Opt).Amount), 10)
			},
			func(d *decoder, v reflect.Value) error {
				n, err := d.number(64)
				v.Set(reflect.ValueOf(money.Some(money.Amount(n))))
				return err
			},
		}
	}
	if reflect.PointerTo(t).Implements(reflect.TypeFor[rows]()) {
		return tableForm(t)
	}
	if t.Kind() == reflect.Uint8 && t.Implements(reflect.TypeFor[fmt.Stringer]()) {
		return wordForm(t)
	}
	switch t.Kind() {
	case reflect.String:
		return form{
			func(e *encoder, v reflect.Value) { e.string(v.String()) },
			func(d *decoder, v reflect.Value) error {
				s, err := d.string()
				v.SetString(s)
				return err
			},
		}
	case reflect.Bool:
		return form{
			func(e *encoder, v reflect.Value) { e.b = strconv.AppendBool(e.b, v.Bool()) },
			func(d *decoder, v reflect.Value) error {
				tok, err := d.Token()
				b, ok := tok.(bool)
				if err == nil && !ok {
					err = errors.New("true or false is wanted")
				}
				v.SetBool(b)
				return err
			},
		}
	case reflect.Int, reflect.Int64:
		return form{
			func(e *encoder, v reflect.Value) { e.b = strconv.AppendInt(e.b, v.Int(), 10) },
			func(d *decoder, v reflect.Value) error {
				n, err := d.number(t.Bits())
				v.SetInt(n)
				return err
			},
		}
	case reflect.Uint16, reflect.Uint32:
		return form{
			func(e *encoder, v reflect.Value) { e.b = strconv.AppendUint(e.b, v.Uint(), 10) },
			func(d *decoder, v reflect.Value) error {
				n, err := d.number(64)
				if err == nil && (n < 0 || v.OverflowUint(uint64(n))) {
					err = fmt.Errorf("%d is out of range", n)
				}
				v.SetUint(uint64(n))
				return err
			},
		}
	case reflect.Slice:
		return sliceForm(t)
	case reflect.Struct:
		p := planOf(t)
		return form{
			func(e *encoder, v reflect.Value) {
				e.b = append(e.b, '{')
				e.fields(p, v, true)
				e.b = append(e.b, '}')
			},
			func(d *decoder, v reflect.Value) error {
				if err := d.delim('{'); err != nil {
					return err
				}
				return d.fields(p, v)
			},
		}
	}
	panic("casefile: no form for " + t.String())
}

// text is the form of a type that is saved as text.
func text[T any](write func(*T) (string, error), read func(string) (T, error)) form {
	return form{
		func(e *encoder, v reflect.Value) {
			s, err := write(v.Addr().Interface().(*T))
			if err != nil && e.err == nil {
				e.err = err
			}
			e.string(s)
		},
		func(d *decoder, v reflect.Value) error {
			s, err := d.string()
			if err != nil {
				return err
			}
			*v.Addr().Interface().(*T), err = read(s)
			return err
		},
	}
}

func zone(name string) (*time.Location, error) {
	if name == "Local" {
		return nil, errors.New("the zone of this machine has no name that another one knows")
	}
	return time.LoadLocation(name)
}

// wordForm is the form of a closed vocabulary.
func wordForm(t reflect.Type) form {
	var words [256]string
	values := map[string]uint64{}
	for i := range words {
		v := reflect.New(t).Elem()
		v.SetUint(uint64(i))
		words[i] = v.Interface().(fmt.Stringer).String()
		if words[i] != "" {
			values[words[i]] = uint64(i)
		}
	}
	return form{
		func(e *encoder, v reflect.Value) {
			w := words[v.Uint()]
			if w == "" && e.err == nil {
				e.err = fmt.Errorf("%s %d has no word", t, v.Uint())
			}
			e.string(w)
		},
		func(d *decoder, v reflect.Value) error {
			s, err := d.string()
			if err != nil {
				return err
			}
			n, ok := values[s]
			if !ok {
				return fmt.Errorf("%q is not a %s", s, t)
			}
			v.SetUint(n)
			return nil
		},
	}
}

func sliceForm(t reflect.Type) form {
	elem := formOf(t.Elem())
	return form{
		func(e *encoder, v reflect.Value) {
			e.b = append(e.b, '[')
			for i := range v.Len() {
				if i > 0 {
					e.b = append(e.b, ',')
				}
				elem.write(e, v.Index(i))
			}
			e.b = append(e.b, ']')
		},
		func(d *decoder, v reflect.Value) error {
			if err := d.delim('['); err != nil {
				return err
			}
			zero := reflect.Zero(t.Elem())
			for d.More() {
				v.Set(reflect.Append(v, zero))
				if err := elem.read(d, v.Index(v.Len()-1)); err != nil {
					return err
				}
			}
			return d.delim(']')
		},
	}
}

// tableForm writes one record a line.
func tableForm(t reflect.Type) form {
	table := func(v reflect.Value) rows { return v.Addr().Interface().(rows) }
	elem := formOf(reflect.New(t).Interface().(rows).element())
	return form{
		func(e *encoder, v reflect.Value) {
			e.b = append(e.b, '[')
			sep := "\n"
			for r := range table(v).each {
				e.b = append(e.b, sep...)
				elem.write(e, r)
				sep = ",\n"
				if len(e.b) > flushAt {
					e.flush()
				}
			}
			e.b = append(e.b, ']')
		},
		func(d *decoder, v reflect.Value) error {
			if err := d.delim('['); err != nil {
				return err
			}
			for d.More() {
				if err := table(v).add(func(r reflect.Value) error { return elem.read(d, r) }); err != nil {
					return err
				}
			}
			return d.delim(']')
		},
	}
}

const flushAt = 64 << 10

type encoder struct {
	w   io.Writer
	b   []byte
	err error
}

func (e *encoder) flush() {
	if e.err == nil {
		_, e.err = e.w.Write(e.b)
	}
	e.b = e.b[:0]
}

// fields writes the fields that hold something.
func (e *encoder) fields(p plan, v reflect.Value, first bool) {
	for i := range p {
		f := v.FieldByIndex(p[i].index)
		if f.IsZero() || f.Kind() == reflect.Slice && f.Len() == 0 {
			continue
		}
		if !first {
			e.b = append(e.b, ',')
		}
		first = false
		e.string(p[i].name)
		e.b = append(e.b, ':')
		p[i].form.write(e, f)
	}
}

func (e *encoder) string(s string) {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			e.unusual(s)
			return
		}
	}
	e.b = append(e.b, '"')
	e.b = append(e.b, s...)
	e.b = append(e.b, '"')
}

func (e *encoder) unusual(s string) {
	if !utf8.ValidString(s) {
		e.b = append(e.b, `{"base64":"`...)
		e.b = base64.StdEncoding.AppendEncode(e.b, []byte(s))
		e.b = append(e.b, `"}`...)
		return
	}
	var b bytes.Buffer
	j := json.NewEncoder(&b)
	j.SetEscapeHTML(false)
	if err := j.Encode(s); err != nil && e.err == nil {
		e.err = err
	}
	e.b = append(e.b, bytes.TrimRight(b.Bytes(), "\n")...)
}

type decoder struct {
	*json.Decoder
	texts map[string]string // short texts, one copy each
}

const (
	shortText = 32
	mostTexts = 1 << 16
)

func (d *decoder) delim(want json.Delim) error {
	tok, err := d.Token()
	if err == nil && tok != json.Token(want) {
		err = fmt.Errorf("%v is wanted", want)
	}
	return err
}

// fields reads what fields writes, up to the closing brace.
func (d *decoder) fields(p plan, v reflect.Value) error {
	next := 0
	for d.More() {
		tok, err := d.Token()
		if err != nil {
			return err
		}
		name, _ := tok.(string)
		// Fields come in order: the first look is nearly always right.
		i := next + slices.IndexFunc(p[next:], func(f field) bool { return f.name == name })
		if i < next {
			return fmt.Errorf("unknown or misplaced field %q", name)
		}
		next = i + 1
		if err := p[i].form.read(d, v.FieldByIndex(p[i].index)); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return d.delim('}')
}

func (d *decoder) string() (string, error) {
	tok, err := d.Token()
	if err != nil {
		return "", err
	}
	switch v := tok.(type) {
	case string:
		if len(v) > shortText {
			return v, nil
		}
		if s, ok := d.texts[v]; ok {
			return s, nil
		}
		if len(d.texts) < mostTexts {
			d.texts[v] = v
		}
		return v, nil
	case json.Delim:
		var b []byte
		if key, err := d.Token(); err != nil || key != json.Token("base64") {
			return "", errors.New("text is wanted")
		}
		if err := d.Decode(&b); err != nil {
			return "", err
		}
		return string(b), d.delim('}')
	}
	return "", errors.New("text is wanted")
}

func (d *decoder) number(bits int) (int64, error) {
	tok, err := d.Token()
	if err != nil {
		return 0, err
	}
	n, ok := tok.(json.Number)
	if !ok {
		return 0, errors.New("a number is wanted")
	}
	return strconv.ParseInt(n.String(), 10, bits)
}
