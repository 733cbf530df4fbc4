// Command gcdiag finds out where the handoff of gift card events from a shop to
// its ERP breaks. See README.md, or run "gcdiag help".
package main

import (
	"os"

	"gcdiag/internal/cli"
)

func main() { os.Exit(cli.Main()) }
