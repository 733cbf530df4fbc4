package cli

import "github.com/spf13/cobra"

func (p *program) initialise() *cobra.Command { return p.later("init", "Write connectors.yaml for a folder of exports") }
