// Command gcdiag finds at which of four steps the handoff of gift card events
// from a storefront to an ERP breaks.
package main

import (
	"os"

	"gcdiag/internal/cli"
	"gcdiag/internal/quiet"
)

func main() {
	quiet.Restore()
	os.Exit(cli.Main())
}
