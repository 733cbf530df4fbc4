package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf16"

	"gcdiag/internal/report"
)

// printJSON puts a value on standard output as indented JSON. Characters that
// would act on a terminal are escaped.
func (p *program) printJSON(v any) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("encoding the output: %w", err)
	}
	var out []byte
	for _, r := range b.String() {
		switch {
		case r == '\n' || !report.Unprintable(r):
			out = fmt.Appendf(out, "%c", r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
	}
	return p.print(string(out))
}
