package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"gcdiag/internal/render"
	"gcdiag/internal/report"
)

// formats are the formats that can be written.
var formats = render.Formats()

// writable refuses a format, before anything is read, that can't be written in
// the end.
func writable(format string, among ...string) error {
	switch {
	case slices.Contains(among, format):
		return nil
	case slices.Contains(formats, format):
		return wrong("use "+strings.Join(among, " or "), "format %s is not for this command", format)
	}
	return wrong("use "+strings.Join(among, ", "), "there is no format %.40q", format)
}

// screen is what output on standard output may use.
func (p *program) screen() render.Options {
	return render.Options{Width: p.columns, Color: p.colored(), ASCII: p.ascii(), Verbose: p.flags.verbose}
}

// interactive reports whether somebody sits at a terminal and can be asked.
func (p *program) interactive() bool { return p.inTerminal && p.outTerminal }

// colored decides about colours: a flag before the environment before the terminal.
func (p *program) colored() bool {
	switch {
	case p.flags.color == "always":
		return true
	case p.flags.color == "never", p.flags.plain, p.getenv("NO_COLOR") != "":
		return false
	case p.getenv("CLICOLOR_FORCE") != "" && p.getenv("CLICOLOR_FORCE") != "0":
		return true
	case p.getenv("TERM") == "dumb":
		return false
	case p.windows && p.getenv("WT_SESSION") == "" && p.getenv("TERM") == "":
		return false // an old console shows the codes
	}
	return p.outTerminal
}

// ascii reports whether the output must do without anything beyond ASCII.
func (p *program) ascii() bool {
	switch {
	case p.flags.plain, p.getenv("TERM") == "dumb":
		return true
	case p.windows:
		return false
	}
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := strings.ToLower(p.getenv(name)); v != "" {
			return !strings.Contains(v, "utf-8") && !strings.Contains(v, "utf8")
		}
	}
	return true
}

// textWidth is how wide prose on standard output may be.
func (p *program) textWidth() int {
	if p.columns == 0 {
		return 80
	}
	return min(max(p.columns, 40), 100)
}

func (p *program) errWidth() int {
	if p.errColumns == 0 {
		return 80
	}
	return max(p.errColumns, 40)
}

// prose wraps paragraphs, which empty lines separate, to the text width.
func (p *program) prose(text string) string {
	var paras []string
	for _, para := range strings.Split(text, "\n\n") {
		paras = append(paras, strings.Join(wrap(para, p.textWidth(), ""), "\n"))
	}
	return strings.Join(paras, "\n\n")
}

// wrap breaks text at blanks into lines of at most width characters, where
// words allow it; lines after the first begin with indent.
func wrap(text string, width int, indent string) []string {
	var lines []string
	line := ""
	for i, word := range strings.Split(text, " ") {
		switch {
		case i == 0:
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width && strings.TrimSpace(line) != "":
			lines = append(lines, line)
			line = indent + word
		default:
			line += " " + word
		}
	}
	return append(lines, line)
}

// write puts a document on standard output.
func (p *program) write(format string, d report.Document) error {
	return written(render.As(p.out, format, d, p.screen()))
}

// print puts text of gcdiag's own on standard output.
func (p *program) print(text string) error {
	_, err := io.WriteString(p.out, text)
	return written(err)
}

// written says of an error that it came from standard output.
func written(err error) error {
	if err != nil {
		return fmt.Errorf("writing the output: %w", err)
	}
	return nil
}
