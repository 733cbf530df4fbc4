// Package render lays out a report for people and programs: text for a
// terminal, Markdown for a ticket, HTML for a browser or paper, JSON for
// scripts, JUnit XML for CI. It judges nothing and adds nothing, so that every
// format tells the same verdict.
//
// Nothing from a document reaches the output raw: characters that would act on
// a terminal or a page are shown escaped.
package render

import (
	"fmt"
	"io"
	"strings"

	"gcdiag/internal/report"
)

// Options say what the output may use. The terminal is never asked.
type Options struct {
	Width   int  // columns; 0 means 80; kept between 60 and 120
	Color   bool // SGR colours; they repeat what words and marks say
	ASCII   bool // nothing beyond ASCII, for terminals without UTF-8
	Verbose bool // every id, read and record instead of the first ones
}

// FormatError says that a format can't be written.
type FormatError struct {
	Format string
}

func (e *FormatError) Error() string {
	return fmt.Sprintf("format %.40q is not one of %s", e.Format, strings.Join(Formats(), ", "))
}

// Formats are the words that As takes.
func Formats() []string { return []string{"text", "json", "markdown", "html", "junit"} }

// As writes the document in one of the Formats. The error is a *FormatError for
// any other word. Only text heeds the options.
func As(w io.Writer, format string, d report.Document, o Options) error {
	switch format {
	case "text":
		return Text(w, d, o)
	case "json":
		return JSON(w, d)
	case "markdown":
		return Markdown(w, d)
	case "html":
		return HTML(w, d)
	case "junit":
		return JUnit(w, d)
	}
	return &FormatError{Format: format}
}

// JSON writes the document as report.Encode does.
func JSON(w io.Writer, d report.Document) error { return report.Encode(w, d) }
