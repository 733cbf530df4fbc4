package render

import (
	"io"

	"gcdiag/internal/report"
)

func Markdown(w io.Writer, d report.Document) error { return nil }
