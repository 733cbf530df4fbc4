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
	root := make(map[*step.Verdict]bool, len(f.Roots))
	kinds := map[record.Kind]bool{}
	for _, v := range f.Roots {
		root[v] = true
		kinds[v.Event.Movement.Kind] = true
	}
	type key struct{ name, value string }
	these, others := map[key]int{}, map[key]int{}
	ofOthers, ofAll := 0, 0
	for _, v := range f.Roots {
		for _, a := range d.attributes(v, f) {
			these[key{a.Name, a.Value}]++
		}
	}
	for k, n := range these { // only what nearly all have can be shared
		if n*10 < len(f.Roots)*9 {
			delete(these, k)
		}
	}
	comparable := 0
	for _, v := range d.Verdicts {
		if !root[v] && v.Event.Scope == trace.Countable && v.Status != step.Downstream && kinds[v.Event.Movement.Kind] {
			comparable++
		}
	}
	other := map[string]int{} // of all kinds, for the kind itself
	for _, v := range d.Verdicts {
		if root[v] || v.Event.Scope != trace.Countable || v.Status == step.Downstream {
			continue
		}
		ofAll++
		if k := (key{"kind", v.Event.Movement.Kind.String()}); these[k] > 0 {
			other[k.value]++
		}
		if comparable >= 3 && !kinds[v.Event.Movement.Kind] {
			continue // with fewer of the same kinds, all events are the measure
		}
		ofOthers++
		for _, a := range d.attributes(v, f) {
			if k := (key{a.Name, a.Value}); these[k] > 0 {
				others[k]++
			}
		}
	}
	for k, n := range these {
		s := Shared{k.name, k.value, n, len(f.Roots), others[k], ofOthers}
		if k.name == "kind" {
			s.Others, s.OfOthers = other[k.value], ofAll
		}
		if s.OfOthers < 2 || s.Others*2 > s.OfOthers || !telling(s) {
			continue
		}
		f.Shared = append(f.Shared, s)
	}
	if b, ok := d.hourBand(f.Roots); ok {
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
		f.SharedNote = fmt.Sprintf("no common attribute found among %d events", len(f.Roots))
	}
}

// telling reports whether an attribute sets the failing events apart from the
// others by more than chance: with few events it must be exclusive.
func telling(s Shared) bool {
	if s.These < 3 {
		return s.Others == 0 && s.OfOthers >= 3
	}
	return s.Others*4 <= s.OfOthers
}

var attributeOrder = []string{"origin", "issuer", "channel", "location", "item", "kind", "tender", "currency", "ERP item", "ERP type", "flow", "error", "order status", "gateway", "created via"}

func attributeRank(name string) int {
	if i := slices.Index(attributeOrder, name); i >= 0 {
		return i
	}
	return len(attributeOrder)
}

// attributes lists what an event could share with others.
func (d *Diagnosis) attributes(v *step.Verdict, f *Finding) []record.Attr {
	e := v.Event
	m := e.Movement
	out := make([]record.Attr, 0, 16)
	add := func(name, value string) {
		if value != "" && len(value) <= 80 {
			out = append(out, record.Attr{Name: name, Value: value})
		}
	}
	add("kind", m.Kind.String())
	add("origin", m.Origin)
	add("issuer", m.Issuer)
	add("channel", m.Channel)
	add("location", m.Location)
	add("item", m.Item)
	add("entity", m.Entity)
	add("currency", e.Currency.String())
	if m.Funding != record.NoFunding {
		add("funding", m.Funding.String())
	}
	if m.Points {
		add("unit", "points")
	}
	if m.Amount == 0 {
		add("amount", "0")
	}
	if o := e.Order; o != nil {
		add("order status", o.Status)
		add("gateway", o.Gateway)
		add("created via", o.CreatedVia)
		add("refund via", o.RefundVia)
		if o.Amount.Set && m.Amount < 0 {
			switch card := m.Amount.Abs(); {
			case o.CardAmount.Set && o.CardAmount.Amount >= o.Amount.Amount, !o.CardAmount.Set && card >= o.Amount.Amount:
				add("tender", "card only, no other tender")
			default:
				add("tender", "split with another tender")
			}
		}
	} else if m.Order == "" {
		add("order", "none")
	}
	if f.Step >= step.Arrive {
		if len(e.Postings) > 0 {
			p := e.Postings[0].Posting
			if m.Item == "" {
				add("item", p.Item)
			} else {
				add("ERP item", p.Item)
			}
			add("ERP type", p.Type)
			add("ERP entity", p.Entity)
		}
		if n := len(e.Deliveries); n > 0 {
			add("flow", e.Deliveries[n-1].Flow)
		}
	}
	for _, a := range m.Attrs {
		if !Personal(a.Name, a.Value) {
			add(a.Name, a.Value)
		}
	}
	return out
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
