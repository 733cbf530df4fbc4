package cli

import (
	"errors"

	"github.com/spf13/cobra"

	"gcdiag/internal/finding"
	"gcdiag/internal/render"
)

func (p *program) explain() *cobra.Command {
	return &cobra.Command{
		Use:   "explain [CODE…]",
		Short: "What a code of a finding means",
		Long:  p.prose(`explain tells what a code of a finding means, how gcdiag knows, how to confirm it by hand, how to put it right and what it is often confused with. Without a code it lists all of them.`),
		Example: `  gcdiag explain
  gcdiag explain filtered`,
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			var codes []string
			for _, e := range finding.All() {
				codes = append(codes, string(e.Code)+"\t"+e.Title)
			}
			return codes, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return written(render.Codes(p.out, p.screen(), finding.All()...))
			}
			var entries []finding.Entry
			var errs []error
			for _, arg := range args {
				if e, ok := finding.Lookup(finding.Code(arg)); ok {
					entries = append(entries, e)
					continue
				}
				var words []string
				for _, c := range finding.Near(arg) {
					words = append(words, string(c))
				}
				errs = append(errs, wrong(didYouMean(words, `"gcdiag explain" lists all codes`), "there is no code %q", arg))
			}
			if len(errs) > 0 {
				return errors.Join(errs...)
			}
			return written(render.Explain(p.out, p.screen(), entries...))
		},
	}
}
