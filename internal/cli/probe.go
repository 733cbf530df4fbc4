package cli

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"gcdiag/internal/conformance"
	"gcdiag/internal/probe"
	"gcdiag/internal/record"
	"gcdiag/internal/render"
	"gcdiag/internal/wording"
)

// skeleton is the pack that probe new writes: it works as it stands, against its
// own examples.
//
//go:embed skeleton
var skeleton embed.FS

func (p *program) probe() *cobra.Command {
	c := &cobra.Command{
		Use:   "probe",
		Short: "Vendor packs for live systems",
		Long:  p.prose("A pack is what gcdiag knows of one vendor's API, as data: one YAML file, for which you need the vendor's documentation and jq. The packs of your own stand in gcdiag/probes in your configuration folder, or in the folder that --probes names."),
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return wrong(meant(args[0], commandNames(c), `"gcdiag probe --help" lists the commands`), "there is no command %q", "probe "+args[0])
		},
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(p.probeList(), p.probeShow(), p.probeLint(), p.probeTest(), p.probeNew())
	return c
}

func (p *program) probeList() *cobra.Command {
	var l live
	var format string
	c := &cobra.Command{
		Use:   "list",
		Short: "List the packs",
		Args:  arguments(0, 0, ""),
		RunE: func(*cobra.Command, []string) error {
			if err := writable(format, "text", "json"); err != nil {
				return err
			}
			packs, err := p.packs(l)
			if err != nil {
				return err
			}
			type entry struct {
				Name    string   `json:"name"`
				Title   string   `json:"title"`
				Role    string   `json:"role"`
				Records []string `json:"records"`
				File    string   `json:"file,omitempty"`
			}
			var list []entry
			for _, role := range []record.Role{record.Platform, record.Integration, record.ERP} {
				for _, name := range slices.Sorted(maps.Keys(packs)) {
					k := packs[name]
					if k.Role != role {
						continue
					}
					e := entry{Name: name, Title: k.Title, Role: role.String(), File: k.File}
					for _, t := range k.Gives() {
						e.Records = append(e.Records, t.String())
					}
					list = append(list, e)
				}
			}
			if format == "json" {
				return p.printJSON(list)
			}
			var b strings.Builder
			for _, e := range list {
				line := fmt.Sprintf("%-18s %-12s %-34s", e.Name, e.Role, e.Title)
				b.WriteString(strings.TrimRight(line, " ") + "\n")
				text := strings.Join(e.Records, ", ")
				if e.File != "" {
					text += "; your own, " + e.File
				}
				for _, w := range wrap(text, p.textWidth()-19, "") {
					b.WriteString(strings.Repeat(" ", 19) + w + "\n")
				}
			}
			return p.print(printable(b.String()))
		},
	}
	c.Flags().StringVarP(&format, "format", "f", "text", "write `FORMAT`: text or json")
	l.probeFlag(c.Flags())
	return c
}

func (p *program) probeShow() *cobra.Command {
	var l live
	c := &cobra.Command{
		Use:   "show PACK",
		Short: "Show what a pack asks for and reads",
		Args:  arguments(1, 1, "a PACK"),
		RunE: func(_ *cobra.Command, args []string) error {
			packs, err := p.packs(l)
			if err != nil {
				return err
			}
			k := packs[args[0]]
			if k == nil {
				return wrong(meant(args[0], slices.Collect(maps.Keys(packs)), `"gcdiag probe list" lists them`), "there is no pack %q", args[0])
			}
			return p.print(p.shownPack(k))
		},
	}
	l.probeFlag(c.Flags())
	return c
}

// shownPack is a pack for people, with the entry of connectors.yaml that it needs.
func (p *program) shownPack(k *probe.Pack) string {
	var b strings.Builder
	para := func(indent, text string) {
		for _, line := range wrap(strings.Join(strings.Fields(text), " "), p.textWidth()-len(indent), "") {
			b.WriteString(strings.TrimRight(indent+line, " ") + "\n")
		}
	}
	item := func(head, text string) {
		lines := wrap(strings.Join(strings.Fields(text), " "), p.textWidth()-4, "")
		b.WriteString("  " + head + "\n")
		for _, line := range lines {
			if line != "" {
				b.WriteString("    " + line + "\n")
			}
		}
	}
	fmt.Fprintf(&b, "%s (%s, probe: %s)\n", k.Title, k.Role, k.Name)
	para("", k.About)
	if k.API.Name != "" {
		text := k.API.Name
		if len(k.API.Known) > 0 {
			text += ", known to work with " + strings.Join(k.API.Known, ", ")
		}
		para("", text+".")
	}
	b.WriteString("\nIn connectors.yaml:\n")
	for _, line := range strings.Split(strings.TrimRight(entry(k), "\n"), "\n") {
		b.WriteString("  " + line + "\n")
	}
	if len(k.Settings) > 0 {
		b.WriteString("\nSettings:\n")
		for _, s := range k.Settings {
			text := s.Description
			if len(s.Choices) > 0 {
				text += " (" + strings.Join(s.Choices, " | ") + ")"
			} else if s.Example != "" {
				text += ", such as " + s.Example
			}
			switch {
			case s.Default != "":
				text += "; default " + s.Default
			case s.Optional:
				text += "; may be left out"
			}
			item(s.Name, text)
		}
	}
	b.WriteString("\nSecrets:\n")
	for i, a := range k.Auth {
		head := a.Title
		if head == "" {
			head = a.Name
		}
		if i > 0 {
			head = "or " + head
		}
		b.WriteString("  " + head + "\n")
		for _, s := range a.Secrets {
			para("    ", s.Name+": "+s.Description)
		}
	}
	if len(k.Scopes) > 0 {
		b.WriteString("\nPermissions:\n")
		for _, s := range k.Scopes {
			var records []string
			for _, t := range s.Records {
				records = append(records, t.String())
			}
			item(s.Name, "for "+strings.Join(records, ", ")+"; "+s.Where)
		}
	}
	b.WriteString("\nReads:\n")
	for _, t := range k.Gives() {
		r := k.Records[t]
		text := r.About
		if r.Retention != nil {
			text += " Kept for " + r.Retention.String() + "."
		}
		if r.Silence {
			text += " No rows mean that nothing happened."
		} else {
			text += " No rows prove nothing."
		}
		item(t.String(), text)
	}
	if len(k.Feeds) > 0 {
		b.WriteString("\nHow events leave it:\n")
		for _, f := range k.Feeds {
			head := "any kind"
			if f.Kind != record.NoKind {
				head = f.Kind.String()
			}
			if f.Origin != "" {
				head += ", " + f.Origin
			}
			para("  ", head+": "+f.Via.String()+map[bool]string{true: " (" + f.Why + ")"}[f.Why != ""])
		}
	}
	for _, list := range []struct {
		head  string
		items []string
	}{{"Mind:", k.Notes}, {"Documentation:", k.API.Docs}} {
		if len(list.items) > 0 {
			b.WriteString("\n" + list.head + "\n")
			for _, n := range list.items {
				para("  ", n)
			}
		}
	}
	return printable(b.String())
}

// entry is the entry of connectors.yaml that a pack needs.
func entry(k *probe.Pack) string {
	var b strings.Builder
	fmt.Fprintf(&b, "- role: %s\n  name: %s\n  probe: %s\n", k.Role, k.Title, k.Name)
	if k.URL == nil {
		fmt.Fprintf(&b, "  url: %s\n", k.Example)
	}
	if len(k.Auth) > 0 && len(k.Auth[0].Secrets) > 0 {
		b.WriteString("  auth:\n")
		for _, s := range k.Auth[0].Secrets {
			fmt.Fprintf(&b, "    %s: \"${env:%s_%s}\"\n", s.Name, strings.ToUpper(k.Name), strings.ToUpper(s.Name))
		}
	}
	first := true
	for _, s := range k.Settings {
		if s.Default != "" || s.Optional {
			continue
		}
		if first {
			b.WriteString("  settings:\n")
			first = false
		}
		fmt.Fprintf(&b, "    %s: %q\n", s.Name, s.Example)
	}
	return b.String()
}

// printable escapes what would act on a terminal, line by line.
func printable(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = render.Escape(lines[i])
	}
	return strings.Join(lines, "\n")
}

func (p *program) probeLint() *cobra.Command {
	return &cobra.Command{
		Use:   "lint FILE...",
		Short: "Check packs of your own",
		Args:  arguments(1, -1, "a FILE"),
		RunE: func(_ *cobra.Command, args []string) error {
			var errs []error
			for _, name := range args {
				text, err := os.ReadFile(name)
				if err == nil {
					_, err = probe.Load(name, text)
				}
				if err != nil {
					errs = append(errs, err)
					continue
				}
				if err := p.print(name + " has no mistakes\n"); err != nil {
					return err
				}
			}
			return misconfigured(errors.Join(errs...))
		},
	}
}

func (p *program) probeTest() *cobra.Command {
	var update bool
	c := &cobra.Command{
		Use:   "test FILE...",
		Short: "Prove packs of your own with their examples",
		Long:  p.prose("test serves the example answers beside a pack (testdata/NAME) from this machine, reads them through the pack, compares the rows with the golden ones, and breaks every answer in every way that systems break. The exit code is 0 where the pack withstands, else 1."),
		Args:  arguments(1, -1, "a FILE"),
		RunE: func(c *cobra.Command, args []string) error {
			for _, name := range args {
				if err := p.proven(c.Context(), name, update); err != nil {
					return err
				}
			}
			return nil
		},
	}
	c.Flags().BoolVar(&update, "update", false, "write the golden rows anew; read them before you trust them")
	return c
}

func (p *program) proven(ctx context.Context, name string, update bool) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return misconfigured(err)
	}
	pack, err := probe.Load(name, text)
	if err != nil {
		return misconfigured(err)
	}
	folder, err := examplesOf(name, pack.Name)
	if err != nil {
		return err
	}
	if update {
		rows, err := conformance.Rows(ctx, pack, os.DirFS(folder))
		if err != nil {
			return misconfigured(fmt.Errorf("%s: %w", name, err))
		}
		if err := rows.Save(filepath.Join(folder, "golden")); err != nil {
			return err
		}
		p.say("wrote %s", filepath.Join(folder, "golden"))
	}
	rows, err := conformance.Run(ctx, pack, os.DirFS(folder), false)
	if err != nil {
		p.code = codeFault
		p.complain(fmt.Errorf("%s does not withstand:\n%w", name, err))
		return nil
	}
	var made []string
	for _, t := range pack.Gives() {
		made = append(made, wording.Plural(strings.Count(string(rows[t]), "\n"), "row")+" of "+t.String())
	}
	return p.print(fmt.Sprintf("%s withstands: %s\n", name, strings.Join(made, ", ")))
}

// examplesOf is the folder with a pack's examples: testdata/NAME beside the pack
// or one folder above it.
func examplesOf(file, name string) (string, error) {
	dir := filepath.Dir(file)
	for _, folder := range []string{filepath.Join(dir, "testdata", name), filepath.Join(dir, "..", "testdata", name)} {
		if info, err := os.Stat(folder); err == nil && info.IsDir() {
			return folder, nil
		}
	}
	return "", wrong(`"gcdiag probe new" writes a pack with examples to begin with`, "there are no examples in %s", filepath.Join(dir, "testdata", name))
}

var packName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

func (p *program) probeNew() *cobra.Command {
	var role, folder string
	c := &cobra.Command{
		Use:   "new NAME",
		Short: "Write a pack to begin with",
		Long:  p.prose("new writes a pack that works, against an invented vendor, with its examples: NAME.yaml and testdata/NAME. Change it step by step to your vendor, with lint and test after each."),
		Example: `  gcdiag probe new acme --role platform
  gcdiag probe test acme.yaml`,
		Args: arguments(1, 1, "a NAME"),
		RunE: func(_ *cobra.Command, args []string) error {
			if !packName.MatchString(args[0]) {
				return wrong("small letters, digits and _, beginning with a letter", "%q can't be the name of a pack", args[0])
			}
			return p.begin(args[0], role, folder)
		},
	}
	c.Flags().StringVar(&role, "role", "platform", "the `ROLE` of the vendor's systems: platform, integration or erp")
	c.Flags().StringVar(&folder, "dir", ".", "write into `FOLDER`")
	return c
}

func (p *program) begin(name, role, folder string) error {
	if _, ok := record.ParseRole(role); !ok || role == "" {
		return wrong("", "--role %q is not one of platform, integration, erp", role)
	}
	root := "skeleton/" + role
	write := func(from, to string) error {
		text, err := skeleton.ReadFile(from)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return misconfigured(err)
		}
		f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if err != nil {
			return misconfigured(err)
		}
		_, err = f.WriteString(strings.ReplaceAll(string(text), "NAME", name))
		return errors.Join(err, f.Close())
	}
	target := filepath.Join(folder, name+".yaml")
	if err := write(root+"/pack.yaml", target); err != nil {
		return err
	}
	err := fs.WalkDir(skeleton, root+"/testdata", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		return write(path, filepath.Join(folder, "testdata", name, filepath.FromSlash(strings.TrimPrefix(path, root+"/testdata/"))))
	})
	if err != nil {
		return err
	}
	p.say("wrote %s and its examples; try: gcdiag probe test %s", target, target)
	return nil
}
