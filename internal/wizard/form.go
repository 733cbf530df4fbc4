package wizard

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"
)

// form is a few things to fill in, below each other; the one that has the
// keyboard is explained below and checked as it is typed.
type form struct {
	rows  []formRow
	at    int
	tried bool // enter was pressed on a row that is not right yet
}

// formRow is one thing to fill in.
type formRow struct {
	Setting
	label string
	text  field
	// check says what is wrong with a value beyond what the setting says; may be nil.
	check func(string) string
}

func newRow(s Setting, label string) formRow {
	r := formRow{Setting: s, label: label, text: newField(s.Default)}
	r.text.hidden = s.Secret
	if len(s.Choices) > 0 && s.Default == "" {
		r.text = newField(s.Choices[0])
	}
	return r
}

func (f *form) row(name string) *formRow {
	i := slices.IndexFunc(f.rows, func(r formRow) bool { return r.Name == name })
	if i < 0 {
		return nil
	}
	return &f.rows[i]
}

// value is what was filled in under a name, without blanks around it.
func (f *form) value(name string) string {
	if r := f.row(name); r != nil {
		return r.value()
	}
	return ""
}

func (r *formRow) value() string {
	if r.Secret {
		return r.text.value()
	}
	return strings.TrimSpace(r.text.value())
}

// wrong is what is wrong with a row, "" for nothing.
func (r *formRow) wrong() string {
	v := r.value()
	switch {
	case v == "" && r.Required:
		return "this is needed"
	case v == "":
		return ""
	case len(r.Choices) > 0 && !slices.Contains(r.Choices, v):
		return "one of " + strings.Join(r.Choices, ", ")
	}
	if r.Pattern != "" {
		if re, err := regexp.Compile(`^(?:` + r.Pattern + `)$`); err == nil && !re.MatchString(v) {
			if r.Example != "" {
				return "it should look like " + r.Example
			}
			return "it does not look right"
		}
	}
	if r.check != nil {
		return r.check(v)
	}
	return ""
}

// heeds takes a key; done is true where the form was filled in and left.
func (f *form) heeds(msg tea.Msg) (done bool) {
	if len(f.rows) == 0 {
		return is(msg, keys.enter)
	}
	r := &f.rows[f.at]
	k, ok := msg.(tea.KeyMsg)
	if !ok {
		return false
	}
	f.tried = false
	switch {
	case k.Type == tea.KeyUp || k.Type == tea.KeyShiftTab:
		f.at = max(0, f.at-1)
	case k.Type == tea.KeyDown || k.Type == tea.KeyTab:
		f.at = min(len(f.rows)-1, f.at+1)
	case len(r.Choices) > 0 && (k.Type == tea.KeyLeft || k.Type == tea.KeyRight || k.Type == tea.KeySpace):
		i := max(0, slices.Index(r.Choices, r.value()))
		d := 1
		if k.Type == tea.KeyLeft {
			d = len(r.Choices) - 1
		}
		r.text = newField(r.Choices[(i+d)%len(r.Choices)])
	case k.Type == tea.KeyEnter:
		if r.wrong() != "" {
			f.tried = true
			return false
		}
		if f.at < len(f.rows)-1 {
			f.at++
			return false
		}
		for i := range f.rows {
			if f.rows[i].wrong() != "" {
				f.at, f.tried = i, true
				return false
			}
		}
		return true
	case len(r.Choices) > 0:
	default:
		r.text.heeds(msg)
	}
	return false
}

func (f *form) view(u ui) []string {
	if len(f.rows) == 0 {
		return nil
	}
	label := 0
	for _, r := range f.rows {
		label = max(label, width(u.clean(r.label)))
	}
	label = min(label, 26)
	room := max(4, u.h-7)
	from := max(0, min(f.at-room/2, len(f.rows)-room))
	to := min(len(f.rows), from+room)
	var out []string
	for i := from; i < to; i++ {
		r := &f.rows[i]
		here := i == f.at
		name := u.cell(r.label, label)
		if here {
			name = paint(u.st.bold, name)
		}
		value := r.text.view(u, u.w-label-10, here && len(r.Choices) == 0)
		if len(r.Choices) > 0 {
			value = r.value()
			if here {
				value = paint(u.st.key, "◂ ") + value + paint(u.st.key, " ▸")
			}
		} else if len(r.text.text) == 0 && !here {
			value = paint(u.st.dim, "–")
			if r.Required {
				value = paint(u.st.due, "needed")
			}
		}
		sign := "   "
		if here {
			sign = " " + paint(u.st.key, "▸") + " "
		} else if len(r.text.text) > 0 && r.wrong() != "" {
			sign = " " + u.status(failed) + " "
		}
		out = append(out, sign+name+"  "+value)
	}
	r := &f.rows[f.at]
	out = append(out, "")
	out = append(out, u.paraMost(3, 3, u.st.plain, r.Description)...)
	if r.Example != "" {
		out = append(out, u.paraMost(3, 1, u.st.dim, "for example "+r.Example)...)
	}
	if w := r.wrong(); w != "" && (len(r.text.text) > 0 || f.tried) {
		out = append(out, u.para(3, u.st.bad, u.sign(failed)+" "+w)...)
	}
	return out
}

func (f *form) keys(last string) []key.Binding {
	list := []key.Binding{as(keys.enter, "next")}
	if len(f.rows) > 1 {
		list = append(list, shownAs(keys.down, "↑↓", "field"))
	}
	if len(f.rows) > 0 {
		if f.at == len(f.rows)-1 {
			list[0] = as(keys.enter, last)
		}
		if len(f.rows[f.at].Choices) > 0 {
			list = append(list, shownAs(keys.left, "←→", "choose"))
		}
	}
	return append(list, keys.back)
}

// need is the setting of a required thing.
func need(name, description, example string) Setting {
	return Setting{Name: name, Description: description, Example: example, Required: true}
}

// numbered is "2 of 3".
func numbered(i, n int) string { return fmt.Sprintf("%d of %d", i+1, n) }
