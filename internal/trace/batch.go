package trace

import (
	"slices"
	"strings"
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
	var on []int
	for _, row := range rows {
		if p := l.rows[row]; p.Account == "" || l.s.Liability(p.Account) {
			on = append(on, row)
		}
	}
	if len(on) == 0 {
		return rows
	}
	for _, row := range rows {
		if !slices.Contains(on, row) {
			l.owner[row] = batched
		}
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
	if len(b.Events) > 400 {
		return
	}
	var pair []*Event
	n := 0
	for i, x := range b.Events {
		for _, y := range b.Events[i+1:] {
			if x.Owed+y.Owed == -b.Rest {
				pair = []*Event{x, y}
				n++
			}
		}
	}
	if n == 1 && len(b.Events) > 2 {
		b.Missing, b.Rest = pair, 0
	}
}

// byBatchSums links lines without any identifier of an event to all events of a
// day (or of the days since the last such line), of one kind or netted, of the
// whole shop or of one location, channel, issuer or item: if and only if the sum
// agrees exactly, or lacks exactly some events where the same series of lines agrees elsewhere.
func (l *linker) byBatchSums() {
	type series struct {
		kind    record.Kind
		c       money.Currency
		account string
		label   string
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
		sr := series{p.Kind, p.Currency, p.Account, ""}
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
	open := map[money.Currency][]*Event{}
	for i, e := range l.s.Events {
		if l.taken[i] == 0 && e.Batch == nil && l.batchable(e) {
			open[e.Currency] = append(open[e.Currency], e)
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
				several += l.wholeDays(lines[sr], sr.kind, open[sr.c], least)
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
			several += l.sumSeries(lines[sr], sr.kind, open[sr.c], span)
		}
	}
	if several >= 2 {
		for _, sr := range order {
			l.restSeries(lines[sr], sr.kind, open[sr.c])
		}
	}
}

// cuts are the ways in which a shop's day may be divided over its lines.
var cuts = []func(*record.Movement) string{
	func(*record.Movement) string { return "" },
	func(m *record.Movement) string { return m.Location },
	func(m *record.Movement) string { return m.Channel },
	func(m *record.Movement) string { return m.Entity },
	func(m *record.Movement) string { return m.Issuer },
	func(m *record.Movement) string { return m.Item },
	func(m *record.Movement) string { return m.Origin },
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
func (l *linker) wholeDays(rows []int, kind record.Kind, pool []*Event, least int) int {
	exact := 0
	for _, row := range rows {
		if l.owner[row] != free {
			continue
		}
		day := l.day(l.rows[row])
		if g := summing(l.between(pool, kind, day, day.AddDate(0, 0, 1)), l.rows[row].Amount); len(g) >= least {
			l.makeBatch([]int{row}, g, ByBatchSum)
			exact++
		}
	}
	return exact
}

// sumSeries links the lines of a series that are the sum of a part of a stretch
// of days and returns how many there were.
func (l *linker) sumSeries(rows []int, kind record.Kind, pool []*Event, span func(prev, day time.Time) (from, to time.Time)) int {
	exact := 0
	var prev time.Time
	for _, row := range rows {
		day := l.day(l.rows[row])
		if l.owner[row] == free && l.sumLine(row, kind, pool, span, prev, day) {
			exact++
		}
		if !day.Equal(prev) {
			prev = day
		}
	}
	return exact
}

// sumLine looks for the one group of events of a stretch whose sum is the line's amount.
func (l *linker) sumLine(row int, kind record.Kind, pool []*Event, span func(prev, day time.Time) (from, to time.Time), prev, day time.Time) bool {
	p := l.rows[row]
	from, to := span(prev, day)
	if !from.Before(to) {
		return false
	}
	events := l.between(pool, kind, from, to)
	if len(events) < 2 {
		return false
	}
	for _, cut := range cuts {
		var found []*Event
		hits := 0
		for _, g := range groupBy(events, cut) {
			if g = summing(g, p.Amount); len(g) > 1 {
				if hits == 0 || l.names(p, g, cut) {
					found = g
				}
				hits++
			}
		}
		if hits == 1 || hits > 1 && l.names(p, found, cut) {
			l.makeBatch([]int{row}, found, ByBatchSum)
			return true
		}
	}
	return false
}

// summing is the group if its sum is the amount, or else those of it that the
// integration's log says were delivered if theirs is; nil where neither is.
func summing(g []*Event, amount money.Amount) []*Event {
	all, sent := money.Amount(0), money.Amount(0)
	var delivered []*Event
	for _, e := range g {
		all += e.Owed
		if slices.ContainsFunc(e.Deliveries, func(d *record.Delivery) bool { return d.Outcome == record.Delivered }) {
			sent += e.Owed
			delivered = append(delivered, e)
		}
	}
	switch {
	case all == amount && len(g) > 0:
		return g
	case sent == amount && len(delivered) > 0:
		return delivered
	}
	return nil
}

// names reports whether a line's own text names the group's value.
func (l *linker) names(p *record.Posting, g []*Event, cut func(*record.Movement) string) bool {
	v := record.Fold(cut(g[0].Movement))
	if v == "" {
		return false
	}
	text := record.Fold(p.Memo + "|" + p.Item + "|" + p.Entity + "|" + p.Ref + "|" + p.Document)
	for _, a := range p.Attrs {
		text += "|" + record.Fold(a.Value)
	}
	return strings.Contains(text, v)
}

// restSeries links the lines of an established daily series whose sum lacks
// something: what the day has and the line has not is missing.
func (l *linker) restSeries(rows []int, kind record.Kind, pool []*Event) {
	for _, row := range rows {
		if l.owner[row] != free {
			continue
		}
		day := l.day(l.rows[row])
		events := l.between(pool, kind, day, day.AddDate(0, 0, 1))
		if len(events) == 0 {
			continue
		}
		probe := &Batch{Events: events, Rest: l.rows[row].Amount}
		for _, e := range events {
			probe.Rest -= e.Owed
		}
		if probe.lacking(); len(probe.Missing) > 0 || len(probe.Candidates) > 0 {
			l.makeBatch([]int{row}, events, ByBatchRemain)
		}
	}
}

// between lists the events of a pool that fall into a stretch of days, are of the kind
// (or of any) and have no row yet.
func (l *linker) between(pool []*Event, kind record.Kind, from, to time.Time) []*Event {
	i, _ := slices.BinarySearchFunc(pool, from, func(e *Event, t time.Time) int { return e.Movement.At.Earliest().Compare(t) })
	var out []*Event
	for ; i < len(pool); i++ {
		e := pool[i]
		if !e.Movement.At.Earliest().Before(to) {
			break
		}
		if e.Batch == nil && l.taken[e.place] == 0 && (kind == record.NoKind || kind == e.Movement.Kind) {
			out = append(out, e)
		}
	}
	return out
}

// day is the midnight that begins a line's date in the ERP's calendar.
func (l *linker) day(p *record.Posting) time.Time {
	z := l.s.system(p.System).Zone
	if z == nil {
		z = l.s.Case.Zone
	}
	t := p.Dated.Earliest().In(z)
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, z)
}

func groupBy(events []*Event, cut func(*record.Movement) string) [][]*Event {
	at := map[string]int{}
	var out [][]*Event
	for _, e := range events {
		k := cut(e.Movement)
		i, ok := at[k]
		if !ok {
			i = len(out)
			at[k] = i
			out = append(out, nil)
		}
		out[i] = append(out[i], e)
	}
	return out
}
