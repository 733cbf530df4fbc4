package sandbox

import "slices"

// scenarios is the catalogue: each a sentence, the twists by name, and the shape.
var scenarios = []struct {
	name, about string
	twists      []string
	shape       shape
}{
	{name: "healthy", about: "Every event reaches the gift card liability account."},
	{name: "filtered", about: "Since a change of its filter the integration drops cards sold at the till.", twists: []string{"filtered"}},
	{name: "no-feed", about: "Cards issued by hand have no feed.", twists: []string{"no-feed"}},
	{name: "manual", about: "Cards issued by hand are to be booked by hand, and most were not.", twists: []string{"manual"}},
	{name: "batch", about: "Expired cards stand only in a monthly report that nobody booked.", twists: []string{"batch"}},
	{name: "outage", about: "For a while nothing at all is received, and today's subscription looks healthy.", twists: []string{"outage"}},
	{name: "outage-of-loads", about: "For a while no load is received, while everything else is.", twists: []string{"outage-of-loads"}},
	{name: "not-received", about: "Cards sold at the till never reach the integration since some day.", twists: []string{"not-received"}},
	{name: "app-issued", about: "Cards issued by the returns app are filtered by their issuer.", twists: []string{"app-issued"}},
	{name: "failed", about: "Cards sold at the airport fail in the integration, all with one error.", twists: []string{"failed"}},
	{name: "dead-lettered", about: "Every other refund to a card ends in the dead letter queue.", twists: []string{"dead-lettered"}},
	{name: "held", about: "Cards of 100 wait in the integration for an approval that never comes.", twists: []string{"held"}},
	{name: "not-countable", about: "Test, pending and cancelled cards are forwarded and booked.", twists: []string{"not-countable"}},
	{name: "duplicate", about: "Some loads are forwarded twice and booked twice.", twists: []string{"duplicate"}},
	{name: "lost", about: "Some loads are delivered and nowhere in the ERP.", twists: []string{"lost"}},
	{name: "unchecked", about: "Some loads are lost, and the ERP books redemptions of these cards without a look at the balance.", twists: []string{"lost"}, shape: shape{plain: true}},
	{name: "refused", about: "The ERP refuses to take cards back since some day.", twists: []string{"refused"}},
	{name: "correction-repeated", about: "Some loads are in the books twice, by hand and by feed.", twists: []string{"correction-repeated"}},
	{name: "booked-twice", about: "Some loads are sent once and booked twice.", twists: []string{"booked-twice"}},
	{name: "missing-reference", about: "Loads from the till lose their card since some day, and redemptions find nothing to apply to.", twists: []string{"missing-reference"}},
	{name: "wrong-kind", about: "Cards of 100 arrive as product sales since some day.", twists: []string{"wrong-kind"}},
	{name: "split-tender", about: "Orders paid partly by card arrive as one credit card payment.", twists: []string{"split-tender"}},
	{name: "order-total", about: "Redemptions arrive with the order's total instead of the card's part.", twists: []string{"order-total"}, shape: shape{plain: true}},
	{name: "net-of-tax", about: "Loads in euro arrive without their tax since some day.", twists: []string{"net-of-tax"}},
	{name: "cents", about: "Amounts of the returns app arrive in cents, and are booked as units.", twists: []string{"cents"}},
	{name: "wrong-currency", about: "Everything in euro arrives as dollars since some day.", twists: []string{"wrong-currency"}, shape: shape{plain: true}},
	{name: "unit", about: "Reward points arrive as money.", twists: []string{"unit"}},
	{name: "orphan", about: "The feed has written loads into the books that never happened.", twists: []string{"orphan"}},
	{name: "wrong-account", about: "The item Gift Card 75 posts to income since some day.", twists: []string{"wrong-account"}},
	{name: "rule-inactive", about: "The rule for sold cards is switched off since some day.", twists: []string{"rule-inactive"}},
	{name: "no-rule", about: "No rule books expired cards.", twists: []string{"no-rule"}},
	{name: "two-faults", about: "Cards sold at the till are filtered since some day, and no rule books expired cards.", twists: []string{"filtered", "no-rule"}},
	{name: "no-integration", about: "Some loads are missing in the ERP and nobody can read the integration.", twists: []string{"lost"}, shape: shape{alone: true}},
	{name: "partial-erp", about: "The export of the ERP stops after so many rows.", shape: shape{endsEarly: true}},
	{name: "late", about: "Healthy: events arrive hours late, some after the month's end, some not yet.", shape: shape{late: true}},
	{name: "journals", about: "Healthy: the ERP holds one journal line for a day, currency and kind, without references.", shape: shape{plain: true, daily: true}},
	{name: "journals-keyed", about: "Healthy: the journal lines of a day carry the key of its batch.", shape: shape{plain: true, daily: true, keyed: true}},
	{name: "twins", about: "Healthy: the ERP knows orders only, and equal amounts on one order or card are real twins.", shape: shape{orderRefs: true}},
	{name: "holds", about: "Healthy: authorisations and their releases are filtered, as they should be.", twists: []string{"holds"}},
	{name: "absorbed", about: "Healthy: some events are delivered twice and booked once.", twists: []string{"absorbed"}},
	{name: "repaired", about: "Healthy: some events failed and were booked by hand.", twists: []string{"repaired"}},
	{name: "rounding", about: "Healthy: some redemptions differ by one minor unit, up and down.", twists: []string{"rounding"}, shape: shape{plain: true}},
	{name: "failures-only", about: "Healthy: the integration's log keeps only failures.", shape: shape{failuresOnly: true}},
}

// Scenarios lists all scenarios, in a fixed order.
func Scenarios() []Scenario {
	out := make([]Scenario, 0, len(scenarios))
	for _, s := range scenarios {
		sc := Scenario{Name: s.name, About: s.about, shape: s.shape}
		for i := range twists {
			if slices.Contains(s.twists, twists[i].name) {
				sc.twists = append(sc.twists, &twists[i])
			}
		}
		out = append(out, sc)
	}
	return out
}

// Find finds a scenario by name.
func Find(name string) (Scenario, bool) {
	for _, s := range Scenarios() {
		if s.Name == name {
			return s, true
		}
	}
	return Scenario{}, false
}

// Combine is the scenario in which the faults of both happen. It is false where
// they could not be told apart (the same problem, two ways of leaving no trace)
// or where the two need different systems.
func Combine(a, b Scenario) (Scenario, bool) {
	rest := func(s shape) shape { s.plain = false; return s }
	if rest(a.shape) != (shape{}) || rest(b.shape) != (shape{}) || len(a.twists) == 0 || len(b.twists) == 0 {
		return Scenario{}, false
	}
	out := Scenario{Name: a.Name + "+" + b.Name, About: a.About + " " + b.About, shape: shape{plain: a.shape.plain || b.shape.plain}}
	for i := range twists {
		t := &twists[i]
		if slices.Contains(a.twists, t) || slices.Contains(b.twists, t) {
			out.twists = append(out.twists, t)
		}
	}
	if len(out.twists) != len(a.twists)+len(b.twists) {
		return Scenario{}, false
	}
	for i, t := range out.twists {
		if t.step == 0 || t.checked && out.shape.plain {
			return Scenario{}, false
		}
		for _, u := range out.twists[i+1:] {
			if t.code == u.code || t.unseen && u.unseen {
				return Scenario{}, false
			}
		}
	}
	return out, true
}
