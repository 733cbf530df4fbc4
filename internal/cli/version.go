package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is the version of gcdiag, as semver.org has it.
const version = "0.1.0"

func (p *program) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Version, commit and Go version",
		Args:  arguments(0, 0, ""),
		RunE:  func(*cobra.Command, []string) error { return p.print(versionText()) },
	}
}

// versionText says what was built, from what, by what.
func versionText() string {
	commit := "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		changed := ""
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision":
				commit = s.Value
			case s.Key == "vcs.modified" && s.Value == "true":
				changed = ", changed since"
			}
		}
		commit += changed
	}
	return fmt.Sprintf("gcdiag %s\ncommit %s\n%s %s/%s\n", version, commit, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
