package diagnosis

import (
	"cmp"
	"slices"
	"strings"

	"gcdiag/internal/record"
	"gcdiag/internal/step"
	"gcdiag/internal/trace"
)

// Mapping is how events of one kind and origin usually arrive in one ERP: learnt
// from matched pairs, whether or not the ERP's rules are known.
type Mapping struct {
	System   int
	Kind     record.Kind
	Origin   string
	Type     string
	Account  string
	Sign     string   // of the posting: "+", "−", or "±" for a kind that carries its own
	Currency string   // "" where there are several
	Pairs    int      // pairs that follow the pattern
	Of       int      // pairs seen
	Against  []string // ids of events that break it
}

// learn finds the commonest way of each kind and origin.
func (d *Diagnosis) learn() {
	type key struct {
		system uint16
		kind   record.Kind
		origin string
	}
	type way struct{ account, typ, sign string }
	type pairs struct {
		all  []*step.Verdict
		n    int // the events that they stand for
		ways map[way]int
	}
	wayOf := func(v *step.Verdict) way {
		p := v.Books.Row
		sign := "−"
		switch {
		case v.Event.Movement.Kind.Sign() == 0 && (p.Amount > 0) == (v.Event.Owed > 0):
			sign = "±"
		case p.Amount > 0:
			sign = "+"
		}
		return way{p.Account, p.Type, sign}
	}
	known := map[key]*pairs{}
	for _, v := range d.Verdicts {
		row := v.Books.Row
		if row == nil || v.Event.Scope != trace.Countable || v.Event.Batch != nil || !row.Status.Counts() {
			continue
		}
		k := key{row.System, v.Event.Movement.Kind, v.Event.Movement.Origin}
		of := known[k]
		if of == nil {
			of = &pairs{ways: map[way]int{}}
			known[k] = of
		}
		n := d.Set.Weight(v.Event)
		of.all = append(of.all, v)
		of.n += n
		of.ways[wayOf(v)] += n
	}
	for k, of := range known {
		best, n := way{}, 0
		for w, c := range of.ways {
			if c > n || c == n && cmp.Or(strings.Compare(w.account, best.account), strings.Compare(w.typ, best.typ), strings.Compare(w.sign, best.sign)) < 0 {
				best, n = w, c
			}
		}
		m := Mapping{System: int(k.system), Kind: k.kind, Origin: k.origin, Type: best.typ, Account: best.account, Sign: best.sign, Pairs: n, Of: of.n}
		currency := of.all[0].Books.Row.Currency
		if !slices.ContainsFunc(of.all, func(v *step.Verdict) bool { return v.Books.Row.Currency != currency }) {
			m.Currency = currency.String()
		}
		if n < of.n && n*2 > of.n {
			for _, v := range of.all {
				if wayOf(v) != best {
					d.contested = d.contested || d.Set.Weight(v.Event) > 1
					m.Against = append(m.Against, v.Event.ID())
				}
			}
		}
		d.Mapping = append(d.Mapping, m)
	}
	slices.SortFunc(d.Mapping, func(a, b Mapping) int {
		return cmp.Or(a.System-b.System, int(a.Kind)-int(b.Kind), strings.Compare(a.Origin, b.Origin))
	})
}
