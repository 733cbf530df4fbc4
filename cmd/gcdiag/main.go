// Command gcdiag finds at which of four steps the handoff of gift card events
// from a storefront to an ERP breaks.
package main

import (
	"os"

	"gcdiag/internal/cli"
)

func main() { os.Exit(cli.Main()) }
