package diagnosis

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"gcdiag/internal/record"
	"gcdiag/internal/step"
	"gcdiag/internal/trace"
)

// Shared is an attribute value that failing events have in common, with its
// count among them and among the other events of the same kinds.
type Shared struct {
	Attribute, Value string
	These, OfThese   int
	Others, OfOthers int
}

// share says what the roots of a finding have in common that the others lack.
func (d *Diagnosis) share(f *Finding) {
	if len(f.Roots) < 2 {
		if len(f.Roots) == 1 {
			f.SharedNote = "a single event: nothing to compare"
		}
		return
	}
	root := d.mark(f.Roots)
	var kinds record.Kinds
	healthy := d.comparable() // without the roots
	for _, v := range f.Roots {
		kinds = kinds.With(v.Event.Movement.Kind)
		if comparable(v) {
			healthy[v.Event.Movement.Kind]--
		}
	}
	these := d.common(f.Roots, f.Step, len(f.Roots)/10) // only what nearly all have can be shared
	ofOthers, ofAll := 0, 0
	for k, n := range healthy {
		ofAll += n
		if kinds.Has(record.Kind(k)) {
			ofOthers += n
		}
	}
	alike := ofOthers >= 3 // with fewer of the same kinds, all events are the measure
	if !alike {
		ofOthers = ofAll
	}
	for _, k := range these {
		s := Shared{k.name, k.value, k.n, len(f.Roots), 0, ofOthers}
		if k.name == "kind" { // it is compared with all kinds
			kind, _ := record.ParseKind(k.value)
			s.Others, s.OfOthers = healthy[kind], ofAll
		} else {
			for i, v := range d.Verdicts {
				if !root[i] && comparable(v) && (!alike || kinds.Has(v.Event.Movement.Kind)) && k.of(d, v) == k.value {
					s.Others += d.Set.Weight(v.Event)
				}
			}
		}
		if s.OfOthers < 2 || s.Others*2 > s.OfOthers || !telling(s) {
			continue
		}
		f.Shared = append(f.Shared, s)
	}
	if b, ok := d.hourBand(f.Roots, root); ok {
		f.Shared = append(f.Shared, Shared{"hour of day", fmt.Sprintf("%02d:00–%02d:00", b.from, b.to), len(f.Roots), len(f.Roots), 0, ofOthers})
	}
	slices.SortFunc(f.Shared, func(a, b Shared) int {
		return cmp.Or(a.Others*max(b.OfOthers, 1)-b.Others*max(a.OfOthers, 1), b.These-a.These, attributeRank(a.Attribute)-attributeRank(b.Attribute),
			strings.Compare(a.Attribute, b.Attribute), strings.Compare(a.Value, b.Value))
	})
	if len(f.Shared) > 5 {
		f.Shared = f.Shared[:5]
	}
	if len(f.Shared) == 0 {
		f.SharedNote = fmt.Sprintf("no common attribute found among %s", plural(len(f.Roots), "event", "events"))
	}
}

// comparable reports whether an event can be a measure for failing ones.
func comparable(v *step.Verdict) bool {
	return v.Event.Scope == trace.Countable && v.Status != step.Downstream
}

// comparable counts, by kind, the events that can be a measure for failing ones.
func (d *Diagnosis) comparable() [record.Other + 1]int {
	if !d.measured {
		d.measured = true
		for _, v := range d.Verdicts {
			if comparable(v) {
				d.measure[v.Event.Movement.Kind] += d.Set.Weight(v.Event)
			}
		}
	}
	return d.measure
}

// telling reports whether an attribute sets the failing events apart: at most
// one in four of the others has it.
func telling(s Shared) bool {
	return s.Others*4 <= s.OfOthers && (s.These >= 3 || s.OfOthers >= 3)
}

var attributeOrder = []string{"origin", "issuer", "channel", "location", "item", "kind", "tender", "currency", "ERP item", "ERP type", "flow", "error", "order status", "gateway", "created via"}

func attributeRank(name string) int {
	if i := slices.Index(attributeOrder, name); i >= 0 {
		return i
	}
	return len(attributeOrder)
}

// attribute is something that an event could share with others.
type attribute struct {
	name string
	of   func(d *Diagnosis, v *step.Verdict) string
}

// ofEvent are the attributes of the movement and its order; ofRow are those of
// the rows that it became, which tell something from step 3 on.
var (
	ofEvent = []attribute{
		{"kind", func(_ *Diagnosis, v *step.Verdict) string { return v.Event.Movement.Kind.String() }},
		{"origin", func(_ *Diagnosis, v *step.Verdict) string { return v.Event.Movement.Origin }},
		{"issuer", func(_ *Diagnosis, v *step.Verdict) string { return v.Event.Movement.Issuer }},
		{"channel", func(_ *Diagnosis, v *step.Verdict) string { return v.Event.Movement.Channel }},
		{"location", func(_ *Diagnosis, v *step.Verdict) string { return v.Event.Movement.Location }},
		{"item", itemOf},
		{"tender", tenderOf},
		{"entity", func(_ *Diagnosis, v *step.Verdict) string { return v.Event.Movement.Entity }},
		{"currency", func(_ *Diagnosis, v *step.Verdict) string { return v.Event.Currency.String() }},
		{"funding", func(_ *Diagnosis, v *step.Verdict) string { return v.Event.Movement.Funding.String() }},
		{"unit", func(_ *Diagnosis, v *step.Verdict) string { return when(v.Event.Movement.Points, "points") }},
		{"amount", func(_ *Diagnosis, v *step.Verdict) string { return when(v.Event.Movement.Amount == 0, "0") }},
		{"order", func(_ *Diagnosis, v *step.Verdict) string { return when(v.Event.Movement.Order == "", "none") }},
		{"order status", orderText(func(o *record.Order) string { return o.Status })},
		{"gateway", orderText(func(o *record.Order) string { return o.Gateway })},
		{"created via", orderText(func(o *record.Order) string { return o.CreatedVia })},
		{"refund via", orderText(func(o *record.Order) string { return o.RefundVia })},
	}
	ofRow = []attribute{
		{"ERP item", rowText(func(p *trace.Posting) string { return p.Item })},
		{"ERP type", rowText(func(p *trace.Posting) string { return p.Type })},
		{"ERP entity", rowText(func(p *trace.Posting) string { return p.Entity })},
		{"flow", func(_ *Diagnosis, v *step.Verdict) string {
			if n := len(v.Event.Deliveries); n > 0 {
				return v.Event.Deliveries[n-1].Flow
			}
			return ""
		}},
	}
)

func when(is bool, then string) string {
	if is {
		return then
	}
	return ""
}

func orderText(of func(*record.Order) string) func(*Diagnosis, *step.Verdict) string {
	return func(_ *Diagnosis, v *step.Verdict) string {
		if v.Event.Order == nil {
			return ""
		}
		return of(v.Event.Order)
	}
}

func rowText(of func(*trace.Posting) string) func(*Diagnosis, *step.Verdict) string {
	return func(_ *Diagnosis, v *step.Verdict) string {
		if len(v.Event.Postings) == 0 {
			return ""
		}
		return of(v.Event.Postings[0].Posting)
	}
}

// itemOf is the item that was sold, or that the ERP says was sold.
func itemOf(_ *Diagnosis, v *step.Verdict) string {
	if v.Event.Movement.Item != "" || len(v.Event.Postings) == 0 {
		return v.Event.Movement.Item
	}
	return v.Event.Postings[0].Posting.Item
}

// tenderOf says whether a card paid an order alone.
func tenderOf(_ *Diagnosis, v *step.Verdict) string {
	o, m := v.Event.Order, v.Event.Movement
	if o == nil || !o.Amount.Set || m.Amount >= 0 {
		return ""
	}
	if o.CardAmount.Set && o.CardAmount.Amount >= o.Amount.Amount || !o.CardAmount.Set && m.Amount.Abs() >= o.Amount.Amount {
		return "card only, no other tender"
	}
	return "split with another tender"
}

// attributes lists the values that an event could share with others, those of
// unlisted columns included unless they may name a person.
func (d *Diagnosis) attributes(v *step.Verdict, at int) []trait {
	var out []trait
	list := func(as []attribute) {
		for i := range as {
			if x := as[i].of(d, v); x != "" && len(x) <= 80 {
				out = append(out, trait{as[i].name, x, false})
			}
		}
	}
	list(ofEvent)
	if at >= step.Arrive {
		list(ofRow)
	}
	for _, a := range v.Event.Movement.Attrs {
		if len(a.Value) <= 80 && !Personal(a.Name, a.Value) {
			out = append(out, trait{a.Name, a.Value, true})
		}
	}
	return out
}

// trait is an attribute with its value.
type trait struct {
	name, value string
	column      bool // it is an unlisted column's, which may have the name of an attribute
}

// commonTrait is a trait that n of some events have.
type commonTrait struct {
	trait
	of func(*Diagnosis, *step.Verdict) string
	n  int
}

// common lists the traits that all of some events have, but for so many of them.
func (d *Diagnosis) common(list []*step.Verdict, at, but int) []commonTrait {
	first := list[:min(but+1, len(list))] // one of them has whatever is common
	seen := map[trait]int{}
	for _, v := range first {
		for _, t := range d.attributes(v, at) {
			seen[t]++
		}
	}
	var out []commonTrait
	for t, n := range seen {
		out = append(out, commonTrait{t, t.reader(), n})
	}
	for i, v := range list[len(first):] {
		out = slices.DeleteFunc(out, func(c commonTrait) bool { return len(first)+i-c.n > but })
		for k := range out {
			if c := &out[k]; c.of(d, v) == c.value {
				c.n++
			}
		}
	}
	return slices.DeleteFunc(out, func(c commonTrait) bool { return len(list)-c.n > but })
}

// reader reads a trait's attribute, "" where an event has none.
func (t trait) reader() func(*Diagnosis, *step.Verdict) string {
	if !t.column {
		for _, as := range [][]attribute{ofEvent, ofRow} {
			for i := range as {
				if as[i].name == t.name {
					return as[i].of
				}
			}
		}
	}
	return func(_ *Diagnosis, v *step.Verdict) string {
		for _, a := range v.Event.Movement.Attrs {
			if a.Name == t.name {
				return a.Value
			}
		}
		return ""
	}
}

// Personal reports whether a column can hold what names a person.
func Personal(name, value string) bool {
	n := record.Fold(name)
	for _, w := range []string{"name", "mail", "phone", "address", "customer", "recipient", "sender", "message", "note", "memo", "comment", "street", "zip", "postcode", "birth", "code", "pin", "email", "user", "iban"} {
		if strings.Contains(n, w) {
			return true
		}
	}
	return strings.Contains(value, "@")
}
