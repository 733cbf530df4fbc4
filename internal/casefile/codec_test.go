package casefile

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gcdiag/internal/money"
	"gcdiag/internal/record"
)

func TestAnyCaseLoadsAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := new(Case)
		fill(t, reflect.ValueOf(c).Elem(), "case")
		c.Systems = c.Systems[:min(len(c.Systems), 2)]
		if len(c.Systems) == 0 {
			c.Systems = []System{{Name: "Shop"}}
		}
		for i := range c.Systems {
			c.Systems[i].Inputs = nil // whatever input a record names will do
		}
		for _, table := range c.tables() {
			for range rapid.IntRange(0, 3).Draw(t, "records") {
				table.add(func(r reflect.Value) error {
					fill(t, r, "record")
					s := r.FieldByName("Source").Addr().Interface().(*record.Source)
					s.System %= uint16(len(c.Systems))
					return nil
				})
			}
		}
		for i := range c.Rejects {
			c.Rejects[i].System %= uint16(len(c.Systems))
		}
		c.localise()
		saved := save(t, c)
		again, err := Load(bytes.NewReader(saved))
		if err != nil {
			t.Fatalf("%v\n%s", err, saved)
		}
		if !reflect.DeepEqual(again, c) {
			t.Fatalf("loaded %+v\nsaved  %+v\nas %s", again, c, saved)
		}
		if twice := save(t, again); !bytes.Equal(twice, saved) {
			t.Fatalf("saved once as\n%s\ntwice as\n%s", saved, twice)
		}
		if !json.Valid(saved) {
			t.Fatalf("not JSON: %s", saved)
		}
	})
}

func save(t interface{ Fatal(...any) }, c *Case) []byte {
	var b bytes.Buffer
	if err := Save(&b, c); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// fill draws a value for everything that a value can hold.
func fill(t *rapid.T, v reflect.Value, label string) {
	amounts := rapid.Int64()
	times := func() time.Time {
		return time.Unix(0, rapid.Int64Range(0, math.MaxInt64/2).Draw(t, label)).UTC()
	}
	switch p := v.Addr().Interface().(type) {
	case *record.Time:
		switch rapid.IntRange(0, 2).Draw(t, label) {
		case 1:
			*p = record.At(times())
		case 2:
			at := times()
			*p = record.Within(at, at.Add(time.Duration(rapid.Int32().Draw(t, label))*time.Second))
		}
		return
	case *time.Time:
		*p = times()
		return
	case **time.Location:
		zone, err := time.LoadLocation(rapid.SampledFrom([]string{"UTC", "Europe/Paris", "Asia/Kathmandu"}).Draw(t, label))
		if err != nil {
			t.Fatal(err)
		}
		*p = zone
		return
	case *time.Duration:
		*p = time.Duration(rapid.Int64().Draw(t, label))
		return
	case *money.Currency:
		*p = rapid.SampledFrom([]money.Currency{{}, money.MustCurrency("USD"), money.MustCurrency("KWD")}).Draw(t, label)
		return
	case *money.Opt:
		if rapid.Bool().Draw(t, label) {
			*p = money.Some(money.Amount(amounts.Draw(t, label)))
		}
		return
	case *record.Kinds:
		for _, k := range rapid.SliceOf(rapid.IntRange(1, int(record.Other))).Draw(t, label) {
			*p = p.With(record.Kind(k))
		}
		return
	case *record.Bool:
		*p = rapid.SampledFrom([]record.Bool{record.Unknown, record.No, record.Yes}).Draw(t, label)
		return
	case rows:
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(rapid.OneOf(rapid.StringN(0, 6, -1), rapid.SampledFrom([]string{"", "\xff\x00", `"\`, "<&>", "\u2028", strings.Repeat("x", 99), "\x1b[0m", "�"})).Draw(t, label))
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, label))
	case reflect.Int, reflect.Int64:
		v.SetInt(amounts.Draw(t, label))
	case reflect.Uint16:
		v.SetUint(uint64(rapid.Uint16().Draw(t, label)))
	case reflect.Uint32:
		v.SetUint(uint64(rapid.Uint32().Draw(t, label)))
	case reflect.Uint8:
		var known []uint64
		for i := range 256 {
			w := reflect.New(v.Type()).Elem()
			w.SetUint(uint64(i))
			if i == 0 || w.MethodByName("String").Call(nil)[0].String() != "" {
				known = append(known, uint64(i))
			}
		}
		v.SetUint(rapid.SampledFrom(known).Draw(t, label))
	case reflect.Slice:
		for range rapid.IntRange(0, 2).Draw(t, label) {
			v.Set(reflect.Append(v, reflect.Zero(v.Type().Elem())))
			fill(t, v.Index(v.Len()-1), label)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() {
				fill(t, v.Field(i), f.Name)
			}
		}
	default:
		t.Fatalf("nothing is drawn for %s", v.Type())
	}
}

func TestSavedCaseReads(t *testing.T) {
	c := shop()
	c.Mode, c.Zone, c.Complete = "files", time.UTC, true
	c.Policy = DefaultPolicy()
	b := NewBuilder(c)
	b.Movement(&record.Movement{Source: record.Source{Row: 2}, ID: "m-1", Kind: record.RefundToCard, Amount: -5000, Currency: money.MustCurrency("USD"),
		At: record.Within(noon, noon.Add(24*time.Hour)), Test: record.No, BalanceAfter: money.Some(0), Attrs: []record.Attr{{Name: "Till", Value: "9"}}})
	b.Finish()
	saved := string(save(t, c))
	for _, part := range []string{
		`{"schema":"gcdiag.case/v1","mode":"files"`, `"grace":"24h0m0s"`, `"role":"platform"`, `"state":"has rows"`,
		`{"row":2,"id":"m-1","kind":"refund_to_card","test":"no","currency":"USD","amount":-5000,"at":"2026-10-24T12:00:00Z/2026-10-25T12:00:00Z","balance_after":0,"attrs":[{"name":"Till","value":"9"}]}`,
	} {
		if !strings.Contains(saved, part) {
			t.Errorf("%s is not in\n%s", part, saved)
		}
	}
}

func TestLoadRefuses(t *testing.T) {
	c := shop()
	c.Zone = time.UTC
	b := NewBuilder(c)
	b.Movement(&record.Movement{ID: "m-1", At: hour(0)})
	b.Finish()
	good := string(save(t, c))
	if _, err := Load(strings.NewReader(good)); err != nil {
		t.Fatal(err)
	}
	for story, text := range map[string]string{
		"nothing":            "",
		"something else":     `{"schema":"gcdiag.report/v1"}`,
		"another version":    strings.Replace(good, "v1", "v2", 1),
		"no version":         `{}`,
		"a list":             "[]",
		"cut off":            good[:len(good)-5],
		"more after it":      good + "{}",
		"unknown field":      strings.Replace(good, `"id":"m-1"`, `"idd":"m-1"`, 1),
		"unknown word":       strings.Replace(good, `"role":"erp"`, `"role":"crm"`, 1),
		"number as text":     strings.Replace(good, `"id":"m-1"`, `"id":1`, 1),
		"text as number":     strings.Replace(good, `"id":"m-1"`, `"row":"1","id":"m-1"`, 1),
		"number too large":   strings.Replace(good, `"id":"m-1"`, `"row":4294967296,"id":"m-1"`, 1),
		"fraction":           strings.Replace(good, `"id":"m-1"`, `"row":1.5,"id":"m-1"`, 1),
		"system that is not": strings.Replace(good, `"id":"m-1"`, `"system":9,"id":"m-1"`, 1),
		"input that is not":  strings.Replace(good, `"id":"m-1"`, `"input":9,"id":"m-1"`, 1),
		"time":               strings.Replace(good, "2026-10-24T", "yesterday", 1),
		"zone":               strings.Replace(good, `"zone":"UTC"`, `"zone":"Mars"`, 1),
	} {
		if text == good {
			t.Errorf("%s: the story changes nothing", story)
		}
		if _, err := Load(strings.NewReader(text)); err == nil {
			t.Errorf("%s: loaded", story)
		}
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestSaveRefuses(t *testing.T) {
	if err := Save(broken{}, shop()); err == nil {
		t.Error("an error of the disk is lost")
	}
	for story, change := range map[string]func(*Case){
		"zone without a name": func(c *Case) { c.Zone = time.FixedZone("X", 60) },
		"local zone":          func(c *Case) { c.Zone = time.Local },
		"word that is none":   func(c *Case) { c.Systems[0].Role = 99 },
	} {
		c := shop()
		change(c)
		if err := Save(&bytes.Buffer{}, c); err == nil {
			t.Errorf("%s: saved", story)
		}
	}
}

func FuzzLoad(f *testing.F) {
	c := shop()
	c.Zone = time.UTC
	b := NewBuilder(c)
	b.Movement(&record.Movement{ID: "m-1", At: hour(0), Attrs: []record.Attr{{Name: "a", Value: "\xff"}}, BalanceAfter: money.Some(1)})
	b.Subscription(&record.Subscription{ID: "s", Kinds: record.Kinds(0).With(record.Load).With(record.Other), Failures: -1})
	b.Reject(Reject{Place: "x", Keys: []string{"a"}})
	b.Finish()
	f.Add(save(f, c))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Load(bytes.NewReader(data))
		if err != nil {
			return
		}
		saved := save(t, c)
		again, err := Load(bytes.NewReader(saved))
		if err != nil {
			t.Fatalf("%v in\n%s", err, saved)
		}
		if twice := save(t, again); !bytes.Equal(twice, saved) {
			t.Errorf("saved once as\n%s\ntwice as\n%s", saved, twice)
		}
	})
}

func BenchmarkSaveLoad(b *testing.B) {
	c := shop()
	c.Zone = time.UTC
	for i := range 100_000 {
		c.Movements.Add(record.Movement{Source: record.Source{Row: uint32(i)}, ID: "m-1000", Card: "c-77", Kind: record.Load, Currency: money.MustCurrency("USD"), Amount: 5000, At: hour(i), Order: "1001"})
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Load(bytes.NewReader(save(b, c))); err != nil {
			b.Fatal(err)
		}
	}
}
