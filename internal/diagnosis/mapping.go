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
		system int
		kind   record.Kind
		origin string
	}
	type way struct{ account, typ, sign string }
	counts := map[key]map[way]int{}
	of := map[key][]*step.Verdict{}
	pairs := map[key]int{}
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
	for _, v := range d.Verdicts {
		if v.Event.Scope != trace.Countable || v.Books.Row == nil || v.Event.Batch != nil || !v.Books.Row.Status.Counts() {
			continue
		}
		k := key{int(v.Books.Row.System), v.Event.Movement.Kind, v.Event.Movement.Origin}
		if counts[k] == nil {
			counts[k] = map[way]int{}
		}
		counts[k][wayOf(v)] += d.Set.Weight(v.Event)
		pairs[k] += d.Set.Weight(v.Event)
		of[k] = append(of[k], v)
	}
	for k, ways := range counts {
		best, n := way{}, 0
		for w, c := range ways {
			if c > n || c == n && cmp.Or(strings.Compare(w.account, best.account), strings.Compare(w.typ, best.typ), strings.Compare(w.sign, best.sign)) < 0 {
				best, n = w, c
			}
		}
		m := Mapping{System: k.system, Kind: k.kind, Origin: k.origin, Type: best.typ, Account: best.account, Sign: best.sign, Pairs: n, Of: pairs[k]}
		for i, v := range of[k] {
			if c := v.Books.Row.Currency.String(); i == 0 {
				m.Currency = c
			} else if c != m.Currency {
				m.Currency = ""
				break
			}
		}
		if n*2 > m.Of {
			for _, v := range of[k] {
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
