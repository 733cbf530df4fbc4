package cli

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"gcdiag/internal/gather"
	"gcdiag/internal/render"
	"gcdiag/internal/wording"
)

// patience is how long a run may take before it says how far it is.
const patience = time.Second

// progress is the one line that says how far a run is. It is rewritten in place
// with a carriage return and blanks, so that it sends no escape codes.
type progress struct {
	began  time.Time
	shown  bool   // somebody looks
	length int    // characters of the line that stands there now
	stop   func() // ends what rewrites the line while judging; nil: nothing does
}

// watch returns what to tell a run's progress to: nil where nobody looks.
func (p *program) watch() func(gather.Progress) {
	p.progress = progress{began: p.now()}
	if !p.errTerminal || p.flags.plain || p.getenv("TERM") == "dumb" {
		return nil
	}
	p.progress.shown = true
	return func(g gather.Progress) { p.showProgress(progressText(g)...) }
}

// progressText says how far reading is, the whole of it first, then shorter for
// narrow terminals.
func progressText(g gather.Progress) []string {
	if g.Pages > 0 {
		text := fmt.Sprintf("reading %s, %s: %s, %s", g.System, g.Input, wording.Plural(g.Pages, "page"), wording.Plural(g.Rows, "row"))
		if g.Waiting >= time.Second {
			text += fmt.Sprintf("; waiting %v: %s", g.Waiting.Round(time.Second), g.Why)
		}
		return []string{text}
	}
	what := g.Input
	if g.All.Files > 1 {
		what = wording.Plural(g.All.Files, "file")
	}
	var parts []string
	if g.All.Rows > 0 {
		parts = append(parts, wording.Plural(g.All.Rows, "row"))
	}
	if g.All.Total > 0 && g.All.Read > 0 {
		parts = append(parts, fmt.Sprintf("%d %%", min(100, 100*g.All.Read/g.All.Total)))
	}
	if len(parts) == 0 {
		return []string{"reading " + what}
	}
	soFar := strings.Join(parts, ", ")
	left := ""
	if g.All.Left >= time.Second {
		left = ", about " + wording.Elapsed(g.All.Left) + " left"
	}
	return []string{"reading " + what + ": " + soFar + left, "reading: " + soFar + left, "reading: " + soFar}
}

// judging says that reading is over, and how long the rest has taken, until
// clearProgress.
func (p *program) judging(events int) {
	if !p.progress.shown {
		return
	}
	began := p.now()
	show := func() { p.showProgress(judgingText(events, p.now().Sub(began))) }
	show()
	done := make(chan struct{})
	var over sync.WaitGroup
	over.Go(func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(time.Second / 4):
				show()
			}
		}
	})
	p.progress.stop = func() { close(done); over.Wait() }
}

func judgingText(events int, spent time.Duration) string {
	text := "judging " + wording.Plural(events, "event")
	if spent >= time.Second {
		text += ", " + wording.Elapsed(spent)
	}
	return text
}

// showProgress puts the first text that fits as the line, or as much of the last
// as fits, once the run has taken longer than patience.
func (p *program) showProgress(texts ...string) {
	if p.now().Sub(p.progress.began) < patience {
		return
	}
	most := p.errWidth() - 1
	var text string
	var n int
	for _, t := range texts {
		text = render.Escape(t)
		if n = utf8.RuneCountInString(text); n <= most {
			break
		}
	}
	if n > most {
		text, n = string([]rune(text)[:most]), most
	}
	_, _ = io.WriteString(p.err, "\r"+text+strings.Repeat(" ", max(0, p.progress.length-n)))
	p.progress.length = n
}

// clearProgress takes the line away before something else is written.
func (p *program) clearProgress() {
	if p.progress.stop != nil {
		p.progress.stop()
		p.progress.stop = nil
	}
	if n := p.progress.length; n > 0 {
		p.progress.length = 0
		_, _ = io.WriteString(p.err, "\r"+strings.Repeat(" ", n)+"\r")
	}
}
