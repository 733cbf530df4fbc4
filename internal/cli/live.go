package cli

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/pflag"

	"gcdiag/internal/connector"
	"gcdiag/internal/gather"
	"gcdiag/internal/probe"
	"gcdiag/internal/source/http"
	"gcdiag/probes"
)

// live is what a run on live systems was asked for with.
type live struct {
	probes          string // folder with packs of the user's
	record, offline string
	resume          bool
}

func (l *live) flags(f *pflag.FlagSet) {
	l.probeFlag(f)
	f.StringVar(&l.record, "record", "", "keep the redacted answers of live systems in `FOLDER`")
	f.StringVar(&l.offline, "offline", "", "judge the answers that --record kept in `FOLDER`; asks no system")
	f.BoolVar(&l.resume, "resume", false, "go on with a run on live systems that was interrupted")
}

func (l *live) probeFlag(f *pflag.FlagSet) {
	f.StringVar(&l.probes, "probes", "", "`FOLDER` with vendor packs of your own (default: gcdiag/probes in your configuration folder)")
}

// library is where vendor packs are: those of the program, and the user's own,
// which replace shipped ones of the same name.
type library struct {
	own     string            // folder of the user's; "": none
	files   map[string]string // the user's by name
	shipped map[string]string
}

func (p *program) library(l live) (*library, error) {
	shipped, err := probe.Files(probes.FS)
	if err != nil {
		return nil, err
	}
	out := &library{shipped: shipped, own: l.probes}
	if out.own == "" {
		dir, err := os.UserConfigDir()
		if err != nil {
			return out, nil
		}
		out.own = filepath.Join(dir, "gcdiag", "probes")
		if _, err := os.Stat(out.own); err != nil {
			out.own = ""
			return out, nil
		}
	}
	if info, err := os.Stat(out.own); err != nil || !info.IsDir() {
		return nil, wrong("", "--probes: there is no folder %s", out.own)
	}
	if out.files, err = probe.Files(os.DirFS(out.own)); err != nil {
		return nil, misconfigured(fmt.Errorf("your own vendor packs in %s: %w", out.own, err))
	}
	return out, nil
}

// names lists all packs.
func (l *library) names() []string {
	all := map[string]string{}
	maps.Copy(all, l.shipped)
	maps.Copy(all, l.files)
	return slices.Sorted(maps.Keys(all))
}

// load loads the packs that are wanted, or all where want is nil.
func (l *library) load(want func(string) bool) (map[string]*probe.Pack, error) {
	wanted := func(name string) bool { return want == nil || want(name) }
	shipped, err := probe.LoadFS(probes.FS, func(name string) bool { return wanted(name) && l.files[name] == "" })
	if err != nil {
		return nil, err
	}
	out := map[string]*probe.Pack{}
	for _, k := range shipped {
		k.File = ""
		out[k.Name] = k
	}
	if l.own == "" {
		return out, nil
	}
	own, err := probe.LoadFS(os.DirFS(l.own), wanted)
	for _, k := range own {
		k.File = filepath.Join(l.own, filepath.FromSlash(k.File))
		out[k.Name] = k
	}
	if err != nil {
		return nil, misconfigured(fmt.Errorf("your own vendor packs in %s have mistakes:\n%w", l.own, err))
	}
	return out, nil
}

// live are the packs that are wanted and what they and the flags permit.
func (l *library) live(r request, want func(string) bool, log *slog.Logger) (gather.Live, error) {
	packs, err := l.load(want)
	if err != nil {
		return gather.Live{}, err
	}
	o := connector.Options{AllowLiteralSecrets: r.literal, AllowCommands: r.commands}
	for _, name := range l.names() {
		k := connector.Probe{Name: name}
		if packs[name] != nil {
			k = packs[name].Probe()
		}
		o.Probes = append(o.Probes, k)
	}
	return gather.Live{Packs: packs, Permit: o, Log: log}, nil
}

// namedIn wants the packs whose names a configuration holds at all: packs take
// their time to compile.
func (p *program) namedIn(path string) func(string) bool {
	text, err := os.ReadFile(path)
	if err != nil {
		text = nil // whoever reads the configuration says why
	}
	return func(name string) bool { return bytes.Contains(text, []byte(name)) }
}

// packs are all vendor packs by name.
func (p *program) packs(l live) (map[string]*probe.Pack, error) {
	lib, err := p.library(l)
	if err != nil {
		return nil, err
	}
	return lib.load(nil)
}

// configuration reads connectors.yaml and the packs that it names.
func (p *program) configuration(r request) (*connector.Config, gather.Live, error) {
	lib, err := p.library(r.live)
	if err != nil {
		return nil, gather.Live{}, err
	}
	path := r.connectors
	if path == "" {
		path = p.getenv("GCDIAG_CONNECTORS")
	}
	if path == "" {
		path = "connectors.yaml"
	}
	systems, err := lib.live(r, p.namedIn(path), p.log)
	if err != nil {
		return nil, gather.Live{}, err
	}
	cfg, err := connector.Load(path, systems.Permit)
	if err != nil {
		return nil, gather.Live{}, misconfigured(err)
	}
	return cfg, systems, nil
}

func anyLive(cfg *connector.Config) bool {
	return slices.ContainsFunc(cfg.Connectors, func(k connector.Connector) bool { return k.Probe != connector.FileProbe })
}

// tapes settles where the answers of live systems are kept. finish is called with
// whether the run came to its end.
func (p *program) tapes(r request, cfg *connector.Config, l *gather.Live) (finish func(whole bool), err error) {
	nothing := func(bool) {}
	switch {
	case r.live.record != "" && r.live.offline != "":
		return nil, wrong("give one of them", "--record and --offline exclude each other")
	case r.live.resume && r.live.offline != "":
		return nil, wrong("", "--resume and --offline exclude each other")
	case !anyLive(cfg):
		if r.live.record != "" || r.live.offline != "" || r.live.resume {
			return nil, wrong("", "--record, --offline and --resume are for live systems, and %s names none", cfg.Name)
		}
		return nothing, nil
	case r.live.offline != "":
		l.Tapes, l.Offline = r.live.offline, true
		return nothing, nil
	case r.live.record != "":
		m, err := http.LoadManifest(r.live.record)
		if err != nil {
			return nil, misconfigured(err)
		}
		if m != nil && !r.live.resume {
			return nil, wrong("go on with it by --resume, or name another folder", "%s holds a recording", r.live.record)
		}
		l.Tapes = r.live.record
		return func(whole bool) {
			if whole {
				p.say("the answers are kept in %s; judge them again with --offline %s", r.live.record, r.live.record)
			}
		}, nil
	}
	folder, err := checkpoint(cfg.Name)
	if err != nil {
		if r.live.resume {
			return nil, wrong("", "nothing to resume: %v", err)
		}
		p.log.Info("an interrupted run can't be resumed", "why", err)
		return nothing, nil
	}
	m, err := http.LoadManifest(folder)
	if r.live.resume && (err != nil || m == nil) {
		return nil, wrong("run it without --resume", "there is no interrupted run of %s to resume", cfg.Name)
	}
	if !r.live.resume {
		if err := os.RemoveAll(folder); err != nil {
			p.log.Info("an interrupted run can't be resumed", "why", err)
			return nothing, nil
		}
	}
	l.Tapes = folder
	return func(whole bool) {
		if whole {
			_ = os.RemoveAll(folder) // what stays is overwritten by the next run
			return
		}
		p.say("what was read is kept; go on with --resume")
	}, nil
}

// checkpoint is the folder in which a run on the systems of a configuration keeps
// what was answered until it has come to its end.
func checkpoint(config string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	path, err := filepath.Abs(config)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(path))
	folder := filepath.Join(cache, "gcdiag", "pulls", hex.EncodeToString(sum[:8]))
	if err := os.MkdirAll(filepath.Dir(folder), 0o700); err != nil {
		return "", errors.New("the cache folder can't be used")
	}
	return folder, nil
}
