package cli

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"gcdiag/internal/gather"
	"gcdiag/internal/render"
	"gcdiag/internal/wording"
)

// patience is how long a run may take before it says how far it is.
const patience = time.Second

// progress is the one line that says how far reading is. It is rewritten in
// place with a carriage return and blanks, so that it sends no escape codes.
type progress struct {
	began, fileBegan time.Time
	length           int // characters of the line that stands there now
}

// watch returns what to tell a run's progress to: nil where nobody looks.
func (p *program) watch() func(gather.Progress) {
	p.progress = progress{began: p.now()}
	if !p.errTerminal || p.flags.plain || p.getenv("TERM") == "dumb" {
		return nil
	}
	return func(g gather.Progress) {
		if g.Read == 0 {
			p.progress.fileBegan = p.now()
		}
		p.showProgress(progressText(g, p.now().Sub(p.progress.fileBegan)))
	}
}

// progressText says how far a file is read after some time spent on it.
func progressText(g gather.Progress, spent time.Duration) string {
	if g.Pages > 0 {
		text := fmt.Sprintf("reading %s, %s: %s, %s", g.System, g.Input, wording.Plural(g.Pages, "page"), wording.Plural(g.Rows, "row"))
		if g.Waiting >= time.Second {
			text += fmt.Sprintf("; waiting %v: %s", g.Waiting.Round(time.Second), g.Why)
		}
		return text
	}
	text := fmt.Sprintf("reading %s", g.Input)
	if g.Total <= 0 || g.Read <= 0 {
		return text
	}
	text += fmt.Sprintf(": %s rows, %d %%", wording.Count(g.Rows), min(100, 100*g.Read/g.Total))
	if left := time.Duration(float64(spent) * float64(g.Total-g.Read) / float64(g.Read)); left >= time.Second {
		text += ", about " + left.Round(time.Second).String() + " left"
	}
	return text
}

// judging says that reading is over and the rest takes its time.
func (p *program) judging(events int) {
	p.log.Debug("judging", "events", events)
	if p.progress.length > 0 {
		p.showProgress(fmt.Sprintf("judging %s events", wording.Count(events)))
	}
}

// showProgress puts the line, once the run has taken longer than patience.
func (p *program) showProgress(text string) {
	if p.now().Sub(p.progress.began) < patience {
		return
	}
	text = render.Escape(text)
	if most := p.errWidth() - 1; utf8.RuneCountInString(text) > most {
		text = string([]rune(text)[:most])
	}
	n := utf8.RuneCountInString(text)
	_, _ = io.WriteString(p.err, "\r"+text+strings.Repeat(" ", max(0, p.progress.length-n)))
	p.progress.length = n
}

// clearProgress takes the line away before something else is written.
func (p *program) clearProgress() {
	if n := p.progress.length; n > 0 {
		p.progress.length = 0
		_, _ = io.WriteString(p.err, "\r"+strings.Repeat(" ", n)+"\r")
	}
}
