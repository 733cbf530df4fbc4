package render

import (
	"fmt"
	"math/big"
	"slices"
	"sort"
	"strings"
	"time"

	"gcdiag/internal/report"
	"gcdiag/internal/wording"
)

// Charts are laid out here and drawn by the page's template. Places along the
// time axis and the lengths of bars are percentages, so that a chart fills any
// width while its text keeps its size.

// percent is a part of a whole as SVG wants it.
func percent(part, whole float64) string {
	if whole <= 0 {
		return "0%"
	}
	return fmt.Sprintf("%.2f%%", min(max(100*part/whole, 0), 100))
}

// failures is the chart of failing events over time, one lane per step.
type failures struct {
	Height  int
	Lanes   []lane
	Ticks   []tick
	Axis    int // where the axis' labels stand
	Unit    string
	Caption string
	Table   []failureRow
	Heads   []string
}

// lane is one step's bars.
type lane struct {
	Sign         sign
	Name, Figure string
	Text, Base   int // where its title and its base line stand
	Bars         []bar
	Spans        []stretch
}

type bar struct {
	X, W   string
	Y, H   int
	Detail string
}

// stretch is the stretch over which a finding's events fell.
type stretch struct {
	X1, X2, Finding, Anchor, Detail string
	Y                               int
}

type tick struct{ X, Anchor, Text string }

type failureRow struct {
	When   string
	Counts []string
}

// buckets are the stretches that a window is parted in, by their starts.
type buckets struct {
	starts []time.Time
	end    time.Time
	unit   string
	layout string
}

// bucketsOf parts a window by hours, days, weeks or months, whichever gives a
// legible number of bars.
func bucketsOf(since, until time.Time) (buckets, bool) {
	b := buckets{end: until}
	day := time.Date(since.Year(), since.Month(), since.Day(), 0, 0, 0, 0, since.Location())
	var next func(time.Time) time.Time
	at := day
	switch d := until.Sub(since); {
	case d <= 0 || d > 50*365*24*time.Hour:
		return b, false
	case d <= 3*24*time.Hour:
		b.unit, b.layout, at = "hour", "2 Jan 15:04", since.Truncate(time.Hour)
		next = func(t time.Time) time.Time { return t.Add(time.Hour) }
	case d <= 95*24*time.Hour:
		b.unit, b.layout = "day", "2 Jan"
		next = func(t time.Time) time.Time { return t.AddDate(0, 0, 1) }
	case d <= 2*366*24*time.Hour:
		b.unit, b.layout = "week", "2 Jan 2006"
		next = func(t time.Time) time.Time { return t.AddDate(0, 0, 7) }
	default:
		b.unit, b.layout = "month", "Jan 2006"
		at = time.Date(since.Year(), since.Month(), 1, 0, 0, 0, 0, since.Location())
		next = func(t time.Time) time.Time { return t.AddDate(0, 1, 0) }
	}
	for ; at.Before(until); at = next(at) {
		b.starts = append(b.starts, at)
	}
	return b, true
}

// of is the bucket of a time, or -1.
func (b buckets) of(t time.Time) int {
	if !t.Before(b.end) {
		return -1
	}
	return sort.Search(len(b.starts), func(i int) bool { return b.starts[i].After(t) }) - 1
}

// place is a time along the axis.
func (b buckets) place(t time.Time) string {
	from := b.starts[0]
	return percent(float64(t.Sub(from)), float64(b.end.Sub(from)))
}

const (
	laneTitle = 24 // above a lane's bars
	barHeight = 30
	laneGap   = 12 // below its base line
)

// Failures is the chart of failing events over time, drawn from the document's
// traces; nil where there is nothing to draw.
func (s *sheet) Failures() *failures {
	since, _, ok1 := s.when.parse(s.Window.Since)
	until, _, ok2 := s.when.parse(s.Window.Until)
	if !ok1 || !ok2 {
		return nil
	}
	b, ok := bucketsOf(since, until)
	if !ok {
		return nil
	}
	// A lane for each step, one for faults of which the step is open, one for what follows.
	const open, after = 4, 5
	var counts [6][]int
	for i := range counts {
		counts[i] = make([]int, len(b.starts))
	}
	var drawn, total [6]int
	for _, t := range s.Traces {
		l := -1
		switch {
		case t.Verdict == "fail" && t.Step != nil && *t.Step >= 1 && *t.Step <= 4:
			l = *t.Step - 1
		case t.Verdict == "fail":
			l = open
		case t.Verdict == "downstream":
			l = after
		}
		at, _, ok := s.when.parse(t.At)
		if l < 0 || !ok {
			continue
		}
		if i := b.of(at); i >= 0 {
			counts[l][i]++
			drawn[l]++
		}
	}
	for _, x := range s.Steps {
		for _, c := range x.Cells {
			if x.Step >= 1 && x.Step <= 4 {
				total[x.Step-1] += c.Fail
			}
		}
	}
	names := [6]string{open: "step not told", after: "downstream"}
	for _, f := range s.Findings {
		total[after] += f.Downstream.Count
		if f.Class == "fault" && f.Step == nil {
			total[open] += f.Count
			if len(f.Undetermined) > 0 {
				names[open] = where(f)
			}
		}
	}
	highest := 0
	for l := range counts {
		highest = max(highest, slices.Max(counts[l]))
	}
	c := &failures{Unit: b.unit}
	var shown []int
	for l := range counts {
		spans := s.spans(b, l)
		if l >= open && drawn[l] == 0 && total[l] == 0 && len(spans) == 0 {
			continue
		}
		x := lane{Name: names[l], Text: c.Axis + 16, Spans: spans}
		x.Base = c.Axis + laneTitle
		if drawn[l] > 0 || len(spans) > 0 {
			x.Base += barHeight
		}
		c.Axis = x.Base + laneGap
		if l < open {
			x.Name = fmt.Sprintf("%d %s", l+1, stages[l])
		}
		x.Sign, x.Figure = laneFigure(l == after, drawn[l], total[l], len(spans) > 0)
		for i, n := range counts[l] {
			if n == 0 {
				continue
			}
			end := b.end
			if i+1 < len(b.starts) {
				end = b.starts[i+1]
			}
			h := max(2, barHeight*n/highest)
			x.Bars = append(x.Bars, bar{b.place(b.starts[i]), percent(0.86*float64(end.Sub(b.starts[i])), float64(b.end.Sub(b.starts[0]))), x.Base - h, h,
				fmt.Sprintf("%s: %s", b.starts[i].Format(b.layout), wording.Count(n))})
		}
		for i := range x.Spans {
			x.Spans[i].Y = x.Base + 5
		}
		c.Lanes = append(c.Lanes, x)
		if drawn[l] > 0 {
			shown = append(shown, l)
			c.Heads = append(c.Heads, x.Name)
		}
	}
	c.Axis += 10
	c.Height = c.Axis + 8
	c.Ticks = ticks(b)
	for i, at := range b.starts {
		row := failureRow{When: at.Format(b.layout)}
		some := false
		for _, l := range shown {
			row.Counts = append(row.Counts, wording.Count(counts[l][i]))
			some = some || counts[l][i] > 0
		}
		if some {
			c.Table = append(c.Table, row)
		}
	}
	c.Caption = s.failuresCaption(highest, b.unit)
	if highest == 0 && !slices.ContainsFunc(c.Lanes, func(l lane) bool { return len(l.Spans) > 0 }) {
		return nil
	}
	return c
}

// laneFigure says how many events a lane stands for, and how many are drawn.
func laneFigure(after bool, drawn, total int, spans bool) (sign, string) {
	total = max(total, drawn)
	mark, text := failed, wording.Count(total)+" failing"
	switch {
	case after:
		mark, text = downstream, wording.Count(total)+" stuck behind a failing event"
	case total == 0 && spans:
		text = "no event fails, see the finding"
	case total == 0:
		mark, text = notReached, "none failing"
	}
	if drawn < total {
		text += ", " + wording.Count(drawn) + " of them drawn"
	}
	return signOf(mark, ""), text
}

func (s *sheet) failuresCaption(highest int, unit string) string {
	text := "Failing events by the time of the transaction, per " + unit
	if highest > 0 {
		text += "; the highest bar stands for " + wording.Count(highest)
	}
	text += ". A line under the bars spans a finding’s events."
	if s.TracesTotal > len(s.Traces) {
		text += fmt.Sprintf(" The report lists %s of %s events that are not clean, the earliest failing ones first, and only these are drawn; a report made with --all-events has all.",
			wording.Count(len(s.Traces)), wording.Count(s.TracesTotal))
	}
	return text
}

// spans are the stretches of the findings of a lane.
func (s *sheet) spans(b buckets, l int) []stretch {
	var out []stretch
	for _, f := range s.Findings {
		if f.Class != "fault" || l > 4 || f.Step != nil && *f.Step-1 != l || f.Step == nil && l != 4 {
			continue
		}
		from, to := f.FirstAt, f.LastAt
		if f.Change != nil {
			from = f.Change.Since
			if to = f.Change.Until; to == "" {
				to = s.Window.Until
			}
		}
		x, _, okx := s.when.parse(from)
		y, _, oky := s.when.parse(to)
		if !okx || !oky || y.Before(b.starts[0]) || !x.Before(b.end) {
			continue
		}
		out = append(out, stretch{X1: b.place(x), X2: b.place(y), Finding: f.ID, Anchor: s.Anchor(f.ID), Detail: f.ID + ": " + s.when.since(f)})
	}
	return out
}

func ticks(b buckets) []tick {
	n := min(len(b.starts), 5)
	if b.unit == "hour" || b.unit == "week" {
		n = min(len(b.starts), 3)
	}
	var out []tick
	for i := range n {
		k := 0
		if n > 1 {
			k = i * (len(b.starts) - 1) / (n - 1)
		}
		anchor := "middle"
		switch i {
		case 0:
			anchor = "start"
		case n - 1:
			anchor = "end"
		}
		t := tick{b.place(b.starts[k]), anchor, b.starts[k].Format(b.layout)}
		if i == n-1 && i > 0 {
			t.X = "100%"
		}
		out = append(out, t)
	}
	return out
}

// waterfall is one currency's drift as parts that close.
type waterfall struct {
	Currency      string
	Platform, ERP string
	Parts         []driftPart
	Why           string // why there is no figure
}

// driftPart is one part of the drift, or their sum.
type driftPart struct {
	Finding, Anchor, Label, Amount, Evidence string
	Class                                    string // part, rest, total
	X, W, Zero                               string
}

// Waterfalls are the drifts, one per currency.
func (s *sheet) Waterfalls() []waterfall {
	var out []waterfall
	for _, x := range s.Document.Drift {
		w := waterfall{Currency: x.Currency, Platform: amount(x.Platform, x.Currency, true, false), ERP: amount(x.ERP, x.Currency, true, false), Why: x.Why}
		if x.Currency == wording.NoCurrency {
			w.Currency = "Unknown currency"
		}
		if x.Drift == nil {
			if w.Why == "" {
				w.Why = "the evidence allows no figure"
			}
			out = append(out, w)
			continue
		}
		w.Why = ""
		var values []string
		for _, p := range x.ByFinding {
			y := driftPart{Finding: p.Finding, Anchor: s.Anchor(p.Finding), Class: "part"}
			if i := slices.IndexFunc(s.Findings, func(f report.Finding) bool { return f.ID == p.Finding }); i >= 0 {
				y.Label, y.Evidence = s.Findings[i].Code, s.Findings[i].Evidence
			}
			w.Parts, values = append(w.Parts, y), append(values, p.Amount)
		}
		if x.Unexplained != nil {
			w.Parts, values = append(w.Parts, driftPart{Label: "Unexplained", Class: "rest"}), append(values, *x.Unexplained)
		}
		w.Parts, values = append(w.Parts, driftPart{Label: "Drift", Class: "total"}), append(values, *x.Drift)
		bars(w.Parts, values)
		for i := range w.Parts {
			w.Parts[i].Amount = amount(values[i], x.Currency, true, true)
		}
		out = append(out, w)
	}
	return out
}

// bars lays the parts end to end from zero; the last one is their sum.
func bars(parts []driftPart, values []string) {
	starts, ends := make([]*big.Rat, len(parts)), make([]*big.Rat, len(parts))
	low, high, sum := new(big.Rat), new(big.Rat), new(big.Rat)
	for i, s := range values {
		v, _, ok := wording.Decimal(s)
		if !ok {
			v = new(big.Rat)
		}
		starts[i] = sum
		if parts[i].Class == "total" {
			starts[i] = new(big.Rat)
		}
		ends[i] = new(big.Rat).Add(starts[i], v)
		sum = ends[i]
		for _, e := range []*big.Rat{starts[i], ends[i]} {
			if e.Cmp(low) < 0 {
				low = e
			}
			if e.Cmp(high) > 0 {
				high = e
			}
		}
	}
	whole := new(big.Rat).Sub(high, low)
	share := func(r *big.Rat) float64 {
		if whole.Sign() == 0 {
			return 0
		}
		f, _ := new(big.Rat).Quo(r, whole).Float64()
		return f
	}
	for i := range parts {
		a, b := starts[i], ends[i]
		if a.Cmp(b) > 0 {
			a, b = b, a
		}
		parts[i].X = percent(share(new(big.Rat).Sub(a, low)), 1)
		parts[i].W = percent(share(new(big.Rat).Sub(b, a)), 1)
		parts[i].Zero = percent(share(new(big.Rat).Neg(low)), 1)
	}
}

// story is the timeline of one card over three lanes.
type story struct {
	Card          string
	Width, Height int
	Bands         []band
	Columns       []column
	Caption       string
}

// band is one lane: its name, its system, and where it lies.
type band struct {
	Name, System string
	Y, H         int
}

// column is one event of the card, from the platform down to the ERP.
type column struct {
	Left, Dot, Text      int
	When, What, ID, Full string
	Later                string // since the event before
	Points               []point
}

// point is one hop.
type point struct {
	Y          int
	Sign       sign
	Text, Note string
	Gap        string // since the hop before
	GapY       int
	From       int  // where the line from the hop before begins; 0: there is none
	Broken     bool // the line leads to where nothing arrived
	Detail     string
}

const (
	storyLabel  = 116
	storyColumn = 220
	storyHead   = 66
	storyStep   = 64
	storyMost   = 6
)

// Story is the timeline of the card that shows a fault best: the one with a root
// event and the most that follows from it. Nil where no event of the fault is listed.
func (s *sheet) Story(f report.Finding) *story {
	if f.Class != "fault" {
		return nil
	}
	cards := map[string][]report.Trace{}
	for _, t := range s.Traces {
		cards[t.Card] = append(cards[t.Card], t)
	}
	var best []report.Trace
	for _, t := range s.Traces {
		if t.Finding != f.ID || t.Verdict != "fail" {
			continue
		}
		list := cards[t.Card]
		if t.Card == "" {
			list = []report.Trace{t}
		}
		if len(list) > len(best) {
			best = list
		}
	}
	if best == nil {
		return nil
	}
	best = slices.Clone(best)
	slices.SortStableFunc(best, func(a, b report.Trace) int {
		x, _, okx := s.when.parse(a.At)
		y, _, oky := s.when.parse(b.At)
		if !okx || !oky {
			return 0
		}
		return x.Compare(y)
	})
	return s.story(best)
}

func (s *sheet) story(list []report.Trace) *story {
	st := &story{Card: list[0].Card}
	more := len(list) - storyMost
	list = list[:min(storyMost, len(list))]
	st.Width = storyLabel + storyColumn*len(list)
	y := storyHead
	tops := map[string]int{}
	for _, l := range lanes {
		b := band{Name: l.name, Y: y, H: storyStep * len(l.stages)}
		for i, stage := range l.stages {
			tops[stage] = y + i*storyStep
		}
		for _, t := range list {
			for _, h := range t.Hops {
				if b.System == "" && slices.Contains(l.stages, h.Stage) {
					b.System = cut(h.System, 13)
				}
			}
		}
		y += b.H
		st.Bands = append(st.Bands, b)
	}
	st.Height = y
	for i, t := range list {
		x := storyLabel + i*storyColumn
		c := column{Left: x, Dot: x + 10, Text: x + 30, When: cut(s.when.at(t.At), 24), What: cut(kindName(t.Kind)+" "+amount(t.Amount, t.Currency, true, true), 26), ID: cut(t.Event, 24), Full: verdictOf(t)}
		if i > 0 {
			c.Later = s.gap(list[i-1].At, t.At)
		}
		last := 0
		for _, h := range s.HopsOf(t) {
			top, ok := tops[h.Stage]
			if !ok {
				continue
			}
			p := point{Y: top + 24, Sign: h.Sign, Gap: h.Gap, GapY: top - 4, From: last, Broken: h.Status == "not-reached"}
			p.Text = cut(h.Stage+" "+h.Record, 26)
			if h.Status == "not-reached" {
				p.Text = "not reached"
			}
			p.Note = cut(h.Note, 30)
			p.Detail = strings.Trim(h.Stage+": "+h.Status+", "+h.Record+" "+s.when.moment(h.At)+" "+h.Note, " ,")
			last = p.Y
			c.Points = append(c.Points, p)
		}
		st.Columns = append(st.Columns, c)
	}
	st.Caption = "Events of this card that the report lists, oldest first; clean ones are not part of a report."
	if st.Card == "" {
		st.Caption = "The event’s way; no card is known for it."
	}
	if more > 0 {
		st.Caption += " " + wording.Count(more) + " more are listed below."
	}
	if s.TracesTotal > len(s.Traces) {
		st.Caption += fmt.Sprintf(" The report was cut at %s of %s events, so later ones of this card may be missing.", wording.Count(len(s.Traces)), wording.Count(s.TracesTotal))
	}
	return st
}
