package wizard

import (
	"fmt"
	"strings"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"gcdiag/internal/report"
	"gcdiag/internal/wording"
)

// whatifPage lets findings be marked as repaired and shows what would remain.
// It adds and subtracts the report's own figures and judges nothing.
type whatifPage struct {
	at       list
	findings []int // faults, and what else has a part in the drift
	repaired map[int]bool
}

func newWhatif(m *model) *whatifPage {
	p := &whatifPage{repaired: map[int]bool{}}
	for i := range m.book.d.Findings {
		if f := &m.book.d.Findings[i]; f.Class == "fault" || !wording.Zero(f.Drift) {
			p.findings = append(p.findings, i)
		}
	}
	p.at.clamp(len(p.findings))
	return p
}

func (*whatifPage) title(*model) string { return "What if: mark what is repaired" }

func (p *whatifPage) keys(*model) []key.Binding {
	return []key.Binding{arrows("choose"), as(keys.toggle, "repaired or not"), as(keys.enter, "evidence"), as(keys.byHand, "all"), keys.save, keys.back}
}

func (p *whatifPage) update(m *model, msg tea.Msg) tea.Cmd {
	switch {
	case p.at.move(msg, 10):
	case is(msg, keys.toggle) && len(p.findings) > 0:
		i := p.findings[p.at.at]
		p.repaired[i] = !p.repaired[i]
	case is(msg, keys.byHand): // the key a
		all := true
		for _, i := range p.findings {
			all = all && p.repaired[i]
		}
		for _, i := range p.findings {
			p.repaired[i] = !all
		}
	case is(msg, keys.enter) && len(p.findings) > 0:
		return m.push(newFinding(m, p.findings[p.at.at]))
	case is(msg, keys.whatif):
	default:
		return openFromResult(m, msg)
	}
	return nil
}

func (p *whatifPage) view(m *model, u ui) []string {
	d := &m.book.d
	if len(p.findings) == 0 {
		return u.para(1, u.st.plain, "Nothing in this report needs a repair: no finding is a fault or has a part in the drift.")
	}
	var out []string
	rows := max(3, min(len(p.findings), u.h-8-len(d.Drift)))
	from, to := p.at.window(rows)
	for k := from; k < to; k++ {
		i := p.findings[k]
		box := "[ ] "
		if p.repaired[i] {
			box = "[x] "
		}
		v := u
		v.w -= 4
		line := findingLine(v, &d.Findings[i], false)
		if k == p.at.at {
			out = append(out, " "+paint(u.st.key, "▸")+" "+paint(u.st.bold, box)+strings.TrimPrefix(line, "   "))
		} else {
			out = append(out, "   "+box+strings.TrimPrefix(line, "   "))
		}
	}
	if to-from < len(p.findings) {
		out = append(out, "   "+paint(u.st.dim, fmt.Sprintf("%d–%d of %d", from+1, to, len(p.findings))))
	}
	out = append(out, u.rule())
	out = append(out, p.remains(u, d)...)
	return out
}

// remains is a table: drift now, what the repairs put right, what remains.
func (p *whatifPage) remains(u ui, d *report.Document) []string {
	ids := map[string]bool{}
	events, stuckHere, faults := 0, 0, 0
	for _, i := range p.findings {
		f := &d.Findings[i]
		ids[f.ID] = p.repaired[i]
		if !p.repaired[i] && f.Class == "fault" {
			faults++
			events += f.Count
			stuckHere += f.Downstream.Count
		}
	}
	type line struct{ name, now, put, rest string }
	lines := []line{{"", "drift now", "put right", "remains"}}
	for _, x := range d.Drift {
		if x.Drift == nil {
			lines = append(lines, line{x.Currency, "no figure", "", "no figure"})
			continue
		}
		put, rest := "0", *x.Drift
		for _, part := range x.ByFinding {
			if !ids[part.Finding] {
				continue
			}
			put, _ = wording.Plus(put, negated(part.Amount))
		}
		rest, _ = wording.Plus(rest, put)
		lines = append(lines, line{x.Currency, amount(*x.Drift, x.Currency, true), amount(put, x.Currency, true), amount(rest, x.Currency, true)})
	}
	var w [3]int
	for _, l := range lines {
		for i, s := range []string{l.now, l.put, l.rest} {
			w[i] = max(w[i], width(u.clean(s)))
		}
	}
	var out []string
	for i, l := range lines {
		text := " " + u.cell(l.name, 6) + u.cellRight(l.now, w[0]) + "   " + u.cellRight(l.put, w[1]) + "   " + u.cellRight(l.rest, w[2])
		if i == 0 {
			text = paint(u.st.dim, text)
		}
		out = append(out, text)
	}
	out = append(out, "")
	switch {
	case faults == 0:
		out = append(out, u.para(1, u.st.fine, u.sign(passed)+" No fault would remain.")...)
	default:
		text := fmt.Sprintf("%s would remain: %s failing, %s following from them.", wording.Plural(faults, "fault"), wording.Plural(events, "event"), wording.Count(stuckHere))
		out = append(out, u.para(1, u.st.bold, text)...)
	}
	return append(out, u.para(1, u.st.dim, "Only the report's own figures are added up. The check after the repair proves it.")...)
}

func negated(s string) string {
	if t, ok := strings.CutPrefix(s, "-"); ok {
		return t
	}
	return "-" + s
}
