package gather

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"gcdiag/internal/casefile"
	"gcdiag/internal/connector"
	"gcdiag/internal/probe"
	"gcdiag/internal/record"
	"gcdiag/internal/redact"
	"gcdiag/internal/source/http"
)

// Live is what reading live systems needs.
type Live struct {
	Packs   map[string]*probe.Pack
	Permit  connector.Options // what resolving secrets may do
	Log     *slog.Logger      // nil: none
	Tapes   string            // folder of recorded answers; "": none
	Offline bool              // the answers are the recorded ones, and no system is asked
}

// defaultSlack is how far around the window live systems are read, so that what
// crosses its edges is found.
const defaultSlack = 7 * 24 * time.Hour

// pulled is what one live system gave.
type pulled struct {
	result http.Result
	err    error
}

// WindowOf is the window that a run as of some moment judges.
func WindowOf(cfg *connector.Config, o Options, asOf time.Time) (record.Window, error) {
	c := &casefile.Case{Zone: cfg.Zone}
	if c.Zone == nil {
		c.Zone = time.UTC
	}
	o.AsOf = asOf
	err := setTimes(c, cfg, o)
	return c.Window, err
}

// Expand lists the files that a path of connectors.yaml means.
func Expand(cfg *connector.Config, path string) ([]string, error) { return expand(cfg.Resolve, path) }

// HTTPSpec is what the http room needs to know of a connector, whose pack must be
// among the packs.
func (o Live) HTTPSpec(cfg *connector.Config, k connector.Connector, w record.Window, asOf time.Time) (http.Spec, error) {
	slack := defaultSlack
	if s := k.Settings[connector.Slack]; s != "" {
		d, err := connector.ParseSpan(s)
		if err != nil {
			return http.Spec{}, &Error{Reason: fmt.Sprintf("%s: setting %s: %v", k.Name, connector.Slack, err)}
		}
		slack = d
	}
	until := w.Until.Add(slack)
	if until.After(asOf) {
		until = asOf.Add(time.Second)
	}
	s := http.Spec{
		Name: k.Name, Pack: o.Packs[k.Probe], URL: k.URL, Settings: k.Settings,
		Secret: func(ctx context.Context, name string) (redact.Secret, bool, error) {
			ref, ok := k.Auth[name]
			if !ok {
				return redact.Secret{}, false, nil
			}
			secret, err := ref.Resolve(ctx, o.Permit)
			return secret, true, err
		},
		Since: w.Since.Add(-slack), Until: until, Judged: w.Since, AsOf: asOf, Zone: cfg.ZoneOf(k),
		Accounts: cfg.Liability, Currency: cfg.Currency.String(), Log: o.Log,
		AllowChanging: k.Settings[connector.AllowChangingReads] == "yes",
	}
	if s.Zone == nil {
		s.Zone = time.UTC
	}
	if ca := k.Settings[connector.CAFile]; ca != "" {
		s.CAFile = cfg.Resolve(ca)
	}
	if n := k.Settings[connector.MaxPages]; n != "" {
		if _, err := fmt.Sscanf(n, "%d", &s.MaxPages); err != nil || s.MaxPages < 1 {
			return s, &Error{Reason: fmt.Sprintf("%s: setting %s is not a number of pages", k.Name, connector.MaxPages)}
		}
	}
	return s, nil
}

// pull reads all live systems side by side. The folder holds the rows until it is
// removed.
func pull(ctx context.Context, cfg *connector.Config, c *casefile.Case, o Options, folder string) (map[int]pulled, error) {
	out := map[int]pulled{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	defer wg.Wait()
	for i, k := range cfg.Connectors {
		if k.Probe == connector.FileProbe {
			continue
		}
		spec, err := o.Live.HTTPSpec(cfg, k, c.Window, c.AsOf)
		if err != nil {
			return nil, err
		}
		spec.Folder = folder
		spec.Progress = func(p http.Progress) {
			mu.Lock()
			defer mu.Unlock()
			o.Progress(Progress{System: k.Name, Input: p.Call, Read: p.Bytes, Rows: p.Rows, Pages: p.Pages, Waiting: p.Waiting, Why: p.Why})
		}
		if o.Live.Tapes != "" {
			tape, err := http.OpenTape(o.Live.Tapes, k.Name, o.Live.Offline)
			if err != nil {
				return nil, &Error{Reason: err.Error()}
			}
			defer func() { wg.Wait(); tape.Close() }()
			spec.Tape = tape
		}
		wg.Go(func() {
			r, err := http.Pull(ctx, spec)
			mu.Lock()
			defer mu.Unlock()
			out[i] = pulled{r, err}
		})
	}
	wg.Wait()
	return out, nil
}

// live fills a system with what was pulled from it.
func (g *gatherer) live(ctx context.Context, s *casefile.System, pack *probe.Pack, p pulled) error {
	if p.err != nil {
		return p.err
	}
	for _, topic := range slices.Sorted(maps.Keys(pack.Screens)) {
		s.Screens = append(s.Screens, casefile.Screen{Topic: topic, Text: pack.Screens[topic]})
	}
	s.Feeds = append(s.Feeds, feeds(s.Feeds, pack)...)
	for _, got := range p.result.Pulled {
		r := casefile.Read{Record: got.Record}
		in := casefile.Input{Name: g.k.Name + " " + got.Record.String(), Record: got.Record, Format: "api"}
		if len(s.Inputs) == 0 {
			in.Notes = p.result.Notes
		}
		rows := 0
		failed := got.Failed
		if got.Path != "" && got.Rows > 0 {
			spec := got.File(in.Name)
			spec.Zone, spec.Currency = g.cfg.ZoneOf(g.k), g.cfg.Currency
			spec.System, spec.Input = g.index, uint16(len(s.Inputs))
			res, err := g.read(ctx, spec, g.sink, func(int64, int64, int) {})
			rows = res.Rows
			r.Columns = res.Filled
			switch {
			case err != nil && ctx.Err() != nil:
				failed = append(failed, "reading was cancelled")
			case err != nil:
				failed = append(failed, err.Error())
			}
		}
		for i, rej := range got.Rejects {
			rej.Source = record.Source{System: g.index, Input: uint16(len(s.Inputs)), Row: uint32(got.Rows + i + 1)}
			if err := g.sink.Reject(rej); err != nil {
				return err
			}
		}
		s.Inputs = append(s.Inputs, in)
		switch {
		case len(failed) > 0 && rows > 0:
			r.State, r.Why = casefile.Truncated, strings.Join(failed, "; ")
		case len(failed) > 0 || !got.Begun:
			r.State, r.Why = casefile.Unread, strings.Join(failed, "; ")
			if r.Why == "" {
				r.Why = got.Partial
			}
		default:
			r.State = casefile.Empty // until the builder counts rows
		}
		switch {
		case got.Partial != "":
			r.Stated = casefile.Partial
			if r.Why == "" {
				r.Why = got.Partial
			}
		case len(failed) == 0 && (rows > 0 || got.Silence):
			r.Stated, r.Covers = casefile.Complete, got.Covers
		}
		if said := g.k.Complete[got.Record]; said != (connector.Statement{}) {
			r.Covers, r.Cap = said.Covers, said.Cap
			if said.Why != "" {
				r.Why = said.Why
			}
			switch {
			case said.Complete:
				r.Stated = casefile.Complete
			case said.Partial:
				r.Stated = casefile.Partial
			}
		}
		s.Reads = append(s.Reads, r)
	}
	return nil
}

// feeds are those of the pack's table whose kinds the configuration does not
// speak of.
func feeds(said []casefile.Feed, pack *probe.Pack) []casefile.Feed {
	spoken := map[record.Kind]bool{}
	for _, f := range said {
		spoken[f.Kind] = true
	}
	var out []casefile.Feed
	for _, f := range pack.Feeds {
		if !spoken[f.Kind] {
			out = append(out, casefile.Feed{Kind: f.Kind, Origin: f.Origin, Via: f.Via})
		}
	}
	return out
}

// scratch makes a folder for what live systems give, and says how to remove it.
func scratch() (string, func(), error) {
	dir, err := os.MkdirTemp("", "gcdiag-")
	if err != nil {
		return "", nil, fmt.Errorf("a folder for what is read: %w", err)
	}
	return dir, func() { os.RemoveAll(dir) }, nil
}
