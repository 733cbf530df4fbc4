package trace

import (
	"slices"
	"time"

	"gcdiag/internal/money"
	"gcdiag/internal/record"
)

// byBatchKey links lines that carry the key of a batch which the deliveries
// carry, too. The key alone proves what the line stands for, whether the sums agree or not.
func (l *linker) byBatchKey() {
	if len(l.byBatch) == 0 {
		return
	}
	rows := map[string][]int{}
	var keys []string
	for row, p := range l.rows {
		if l.owner[row] != free {
			continue
		}
		for _, k := range []string{l.key(p.Batch), l.key(p.Ref), l.key(p.Document)} {
			if l.byBatch[k] != nil && k != "" {
				if rows[k] == nil {
					keys = append(keys, k)
				}
				rows[k] = append(rows[k], row)
				break
			}
		}
	}
	for _, k := range keys {
		rows[k] = l.liabilityLines(rows[k])
		// each kind that the lines name has its own sum; lines without a kind take what is left
		named := map[record.Kind]bool{}
		for _, row := range rows[k] {
			if kd := l.rows[row].Kind; kd != record.NoKind && kd != record.Other {
				named[kd] = true
			}
		}
		type part struct {
			kind record.Kind
			c    money.Currency
		}
		parts := map[part][]int{}
		var order []part
		for _, row := range rows[k] {
			p := l.rows[row]
			pt := part{p.Kind, p.Currency}
			if !named[p.Kind] {
				pt.kind = record.NoKind
			}
			if parts[pt] == nil {
				order = append(order, pt)
			}
			parts[pt] = append(parts[pt], row)
		}
		for _, pt := range order {
			var events []*Event
			for _, e := range l.byBatch[k] {
				m := e.Movement
				if l.taken[e.place] != 0 || e.Batch != nil || e.Currency != pt.c || !l.batchable(e) {
					continue
				}
				if pt.kind != record.NoKind && m.Kind != pt.kind || pt.kind == record.NoKind && named[m.Kind] {
					continue
				}
				events = append(events, e)
			}
			if len(events) > 0 {
				l.makeBatch(parts[pt], events, ByBatch)
			}
		}
	}
}

// liabilityLines are the lines of a batch that stand for its events: those on
// the liability accounts. The other lines of the same journal are their other
// side. Where no line is on a liability account, all are returned.
func (l *linker) liabilityLines(rows []int) []int {
	var on, off []int
	for _, row := range rows {
		if p := l.rows[row]; p.Account == "" || l.s.Liability(p.Account) {
			on = append(on, row)
		} else {
			off = append(off, row)
		}
	}
	if len(on) == 0 {
		return rows
	}
	for _, row := range off {
		l.owner[row] = batched
	}
	return on
}

// batchable reports whether an event can be part of a line that counts.
func (l *linker) batchable(e *Event) bool {
	return e.Scope == Countable || e.Scope == OutsideWindow && e.Movement.Status == record.Final && e.Movement.Test != record.Yes
}

// makeBatch ties lines to events and finds out what the lines lack.
func (l *linker) makeBatch(rows []int, events []*Event, r Rung) *Batch {
	b := &Batch{Rung: r, Events: events}
	sum := money.Amount(0)
	for _, row := range rows {
		p := l.rows[row]
		b.Postings = append(b.Postings, l.stated[row])
		sum += p.Amount
		l.owner[row] = batched
	}
	for _, e := range events {
		sum -= e.Owed
		e.Batch = b
	}
	b.Rest = sum
	owed := money.Amount(0)
	for _, e := range events {
		owed += e.Owed
	}
	switch {
	case sum.Abs() <= l.s.Case.Policy.Tolerance*money.Amount(len(events)):
	case owed != 0 && sum > 0 == (owed > 0) && sum%owed == 0 && len(rows) > 1:
		b.Copies, b.Rest = int(sum/owed)+1, 0
	default:
		b.lacking()
	}
	l.s.Batches = append(l.s.Batches, b)
	return b
}

// lacking finds the events whose absence explains the rest of a batch exactly:
// a single one if it is the only one of that amount, or the only pair.
func (b *Batch) lacking() {
	var single []*Event
	for _, e := range b.Events {
		if e.Owed == -b.Rest {
			single = append(single, e)
		}
	}
	switch {
	case len(single) == 1:
		b.Missing, b.Rest = single, 0
		return
	case len(single) > 1:
		b.Candidates = single
		return
	}
	if !pairable(len(b.Events)) {
		return
	}
	owed := make([]money.Amount, len(b.Events))
	for i, e := range b.Events {
		owed[i] = e.Owed
	}
	slices.Sort(owed)
	if x, ok := onlyPair(owed, -b.Rest); ok {
		for _, e := range b.Events {
			if e.Owed == x || e.Owed == -b.Rest-x {
				b.Missing = append(b.Missing, e)
			}
		}
		b.Rest = 0
	}
}

// pairable reports whether the absence of two events may explain a batch of so many.
func pairable(events int) bool { return events > 2 && events <= 400 }

// onlyPair is the lesser of the two amounts that add up to a sum, if there is just one
// such pair in a list in ascending order.
func onlyPair(owed []money.Amount, sum money.Amount) (x money.Amount, ok bool) {
	for i, j := 0, len(owed)-1; i < j; {
		switch two := owed[i] + owed[j]; {
		case two < sum:
			i++
		case two > sum:
			j--
		case ok || j-i > 1 && (owed[i+1] == owed[i] || owed[j-1] == owed[j]):
			return 0, false
		default:
			x, ok = owed[i], true
			i++
		}
	}
	return x, ok
}

// byBatchSums links lines without any identifier of an event to all events of a
// day (or of the days since the last such line), of one kind or netted, of the
// whole shop or of one location, channel, issuer or item: if and only if the sum
// agrees exactly, or lacks exactly some events where the same series of lines agrees elsewhere.
func (l *linker) byBatchSums() {
	type sort struct {
		kind record.Kind // NoKind: any
		c    money.Currency
	}
	type series struct {
		sort
		account string
	}
	lines := map[series][]int{}
	var order []series
	for row, p := range l.rows {
		if l.owner[row] != free || p.Card != "" && l.s.byCard.has(l.find(p.Card)) || !p.Status.Counts() || p.Account != "" && !l.s.Liability(p.Account) {
			continue
		}
		if k := l.key(p.Ref); k != "" && l.shapedLikeEvent(k) || l.byHop[k] != nil {
			continue
		}
		if k := l.key(p.Order); k != "" && !l.s.byOrder.has(l.s.names.find(k)) {
			continue
		}
		sr := series{sort{p.Kind, p.Currency}, p.Account}
		if sr.kind == record.Other {
			sr.kind = record.NoKind
		}
		if lines[sr] == nil {
			order = append(order, sr)
		}
		lines[sr] = append(lines[sr], row)
	}
	if len(order) == 0 {
		return
	}
	open := map[sort][]*Event{}
	for _, sr := range order {
		open[sr.sort] = []*Event{} // asked for
	}
	for i, e := range l.s.Events {
		if l.taken[i] != 0 || e.Batch != nil || !l.batchable(e) {
			continue
		}
		of := []sort{{record.NoKind, e.Currency}, {e.Movement.Kind, e.Currency}}
		for _, x := range slices.Compact(of) {
			if open[x] != nil {
				open[x] = append(open[x], e)
			}
		}
	}
	// lines that name a kind are the more specific ones
	slices.SortStableFunc(order, func(a, b series) int {
		if (a.kind == 0) != (b.kind == 0) {
			if a.kind != 0 {
				return -1
			}
			return 1
		}
		return int(a.kind) - int(b.kind)
	})
	// Whole days come first, then parts of days and longer stretches, so that a
	// line never takes the events of another. A day of a single event counts where
	// other lines are known to stand for several.
	// A line without a kind comes after all that name one: it would take their
	// events where these happen to cancel out.
	several := 0
	days := func(kindless bool, least int) {
		for _, sr := range order {
			if (sr.kind == record.NoKind) == kindless && (least > 1 || several > 0) {
				several += l.wholeDays(lines[sr], open[sr.sort], least)
			}
		}
	}
	days(false, 2)
	days(false, 1)
	days(true, 2)
	days(false, 1)
	days(true, 1)
	for _, sr := range order {
		for _, span := range spans {
			several += l.sumSeries(lines[sr], open[sr.sort], span)
		}
	}
	if several >= 2 {
		for _, sr := range order {
			l.restSeries(lines[sr], open[sr.sort])
		}
	}
}

// cuts are the ways in which a shop's day may be divided over its lines.
var cuts = []func(*Movement) string{
	func(*Movement) string { return "" },
	func(m *Movement) string { return m.Location },
	func(m *Movement) string { return m.Channel },
	func(m *Movement) string { return m.Entity },
	func(m *Movement) string { return m.Issuer },
	func(m *Movement) string { return m.Item },
	func(m *Movement) string { return m.Origin },
}

// spans are the days whose events a line may stand for.
var spans = []func(prev, day time.Time) (from, to time.Time){
	func(_, day time.Time) (time.Time, time.Time) { return day, day.AddDate(0, 0, 1) },
	func(prev, day time.Time) (time.Time, time.Time) {
		if prev.IsZero() || day.Sub(prev) > 40*24*time.Hour {
			return day, day
		}
		return prev.AddDate(0, 0, 1), day.AddDate(0, 0, 1)
	},
	func(_, day time.Time) (time.Time, time.Time) { return day.AddDate(0, 0, -1), day },
	func(_, day time.Time) (time.Time, time.Time) {
		return time.Date(day.Year(), day.Month(), 1, 0, 0, 0, 0, day.Location()), day.AddDate(0, 0, 1)
	},
}

// wholeDays links the lines of a series that are the sum of all events of their
// day, if these are at least so many, and returns how many lines there were.
func (l *linker) wholeDays(rows []int, events []*Event, least int) int {
	exact := 0
	days := calendar{events: events, cuts: cuts[:1]}
	for _, row := range rows {
		if l.owner[row] != free {
			continue
		}
		day := l.day(l.rows[row])
		s := days.over(day, day.AddDate(0, 0, 1))
		if all, amount := s.whole(), l.rows[row].Amount; all.makes(amount, least) {
			l.linkSum(row, &days, s.behind(all, amount), ByBatchSum)
			exact++
		}
	}
	return exact
}

// sumSeries links the lines of a series that are the sum of a part of a stretch
// of days and returns how many there were.
func (l *linker) sumSeries(rows []int, events []*Event, span func(prev, day time.Time) (from, to time.Time)) int {
	exact := 0
	days := calendar{events: events, cuts: cuts}
	var prev time.Time
	for _, row := range rows {
		day := l.day(l.rows[row])
		if from, to := span(prev, day); l.owner[row] == free && from.Before(to) {
			if group := days.over(from, to).group(l.rows[row]); group != nil {
				l.linkSum(row, &days, group, ByBatchSum)
				exact++
			}
		}
		if !day.Equal(prev) {
			prev = day
		}
	}
	return exact
}

// restSeries links the lines of an established daily series whose sum lacks
// something: what the day has and the line has not is missing.
func (l *linker) restSeries(rows []int, events []*Event) {
	days := calendar{events: events, cuts: cuts[:1]}
	for _, row := range rows {
		if l.owner[row] != free {
			continue
		}
		day := l.day(l.rows[row])
		s := days.over(day, day.AddDate(0, 0, 1))
		if all := s.whole(); s.lacks(all.all - l.rows[row].Amount) {
			l.linkSum(row, &days, s.behind(all, all.all), ByBatchRemain)
		}
	}
}

// linkSum ties a line to events of a calendar.
func (l *linker) linkSum(row int, days *calendar, places []int, r Rung) {
	events := make([]*Event, len(places))
	for i, at := range places {
		events[i] = days.events[at]
	}
	l.makeBatch([]int{row}, events, r)
	days.take(places)
}

// day is the midnight that begins a line's date in the ERP's calendar.
func (l *linker) day(p *Posting) time.Time {
	z := l.s.system(p.System).Zone
	if z == nil {
		z = l.s.Case.Zone
	}
	t := p.Dated.Earliest().In(z)
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, z)
}
