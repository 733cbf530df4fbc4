package wizard

import (
	"fmt"
	"testing"
	"time"

	"gcdiag/internal/report"
)

// large is a report of a million movements of which a hundred thousand fail, all
// listed, in one finding.
func large(t testing.TB) report.Document {
	d := document(t, "filtered")
	const n = 100_000
	two := 2
	d.Steps[1].Cells = []report.Cell{{Kind: "load", Origin: "sold", Events: 1_000_000, Pass: 900_000, Fail: n, Amount: map[string]string{"USD": "2500000.00"}}}
	from := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
	tr := d.Traces[0]
	d.Traces, d.Findings[0].Events = make([]report.Trace, n), make([]string, n)
	for i := range n {
		x := tr
		x.Event, x.Step, x.Verdict = fmt.Sprintf("t-%08d", i), &two, "fail"
		x.At = from.Add(time.Duration(i) * 25 * time.Second).Format(time.RFC3339)
		x.Amount = fmt.Sprintf("%d.%02d", 1+i%500, i%100)
		x.Order = fmt.Sprintf("#%d", i/2)
		d.Traces[i], d.Findings[0].Events[i] = x, x.Event
	}
	d.Findings[0].Count, d.TracesTotal = n, n
	for i := range 2000 {
		f := d.Findings[0]
		f.ID, f.Events = fmt.Sprintf("F%d", 10+i), f.Events[:50]
		d.Findings = append(d.Findings, f)
	}
	return d
}

// BenchmarkKeyToFrame is the time from a key to the frame it makes, on a report
// of 100,000 failing events; it should stay below 50 ms.
func BenchmarkKeyToFrame(b *testing.B) {
	d := large(b)
	for _, c := range []struct {
		name string
		open []string
		keys []string
	}{
		{"result", nil, []string{"down", "up"}},
		{"open finding", nil, []string{"enter", "esc"}},
		{"events", []string{"enter"}, []string{"pgdown", "pgdown", "pgup", "down"}},
		{"events last", []string{"enter"}, []string{"G", "g"}},
		{"events filter", []string{"enter", "/", "7"}, []string{"7", "backspace"}},
		{"events order", []string{"enter", "o", "o"}, []string{"o"}},
		{"findings", []string{"f"}, []string{"down", "pgdown", "up"}},
		{"findings filter", []string{"f", "/"}, []string{"r", "backspace"}},
		{"trace", []string{"enter", "enter"}, []string{"right"}},
		{"chart", []string{"v"}, []string{"right", "left"}},
		{"whatif", []string{"w"}, []string{" ", "down"}},
	} {
		b.Run(c.name, func(b *testing.B) {
			r := newRig(b, nil, Options{Document: &d})
			r.size(160, 50)
			r.press(c.open...)
			r.view()
			b.ResetTimer()
			worst := time.Duration(0)
			i := 0
			for b.Loop() {
				began := time.Now()
				r.press(c.keys[i%len(c.keys)])
				r.view()
				worst = max(worst, time.Since(began))
				i++
			}
			b.ReportMetric(float64(worst.Microseconds())/1000, "worst-ms")
		})
	}
}

// BenchmarkRunningFrame is one frame of a run that is told its progress a
// million times a second.
func BenchmarkRunningFrame(b *testing.B) {
	f := newFake(b, "faults")
	r := newRig(b, f, Options{})
	p := newRun(r.m, f.config("connectors.yaml"), "", nil)
	r.m.pages = append(r.m.pages, p)
	_ = p.start(r.m)
	for b.Loop() {
		for i := range 1000 {
			x := someProgress[i%len(someProgress)]
			x.Records = i
			p.board.put(x)
		}
		r.clock()
		r.view()
	}
}
