// Package gather runs the sources that a configuration names and fills a case
// with what they state. A source that fails leaves a gap in the case, never
// nothing: the run goes on, and the gap says why.
package gather

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"gcdiag/internal/casefile"
	"gcdiag/internal/connector"
	"gcdiag/internal/record"
	"gcdiag/internal/source/file"
	"gcdiag/internal/source/http"
)

// Options change how a run goes. The zero value runs as configured.
type Options struct {
	Now      func() time.Time // the clock, for records that have no time at all; default time.Now
	Progress func(Progress)   // is told when a file begins, and then how far it is; never twice at a time

	// Watch is shown the records as they are read; nil: nobody watches.
	Watch casefile.Watcher

	Live Live // for connectors whose probe is a vendor's pack

	// What the command line says about the time; zero values leave it as configured.
	// Since and Last exclude each other.
	Since, Until, AsOf time.Time
	Last               time.Duration

	// Memory is how many bytes of records may stay in memory, of those of which
	// there are many; the others go to temporary files. 0: all stay.
	Memory int64
}

// Progress is how far one file or live system is read.
type Progress struct {
	System      string
	Record      record.Type   // of a file
	Input       string        // the file's name as shown, or what is being read of a live system
	Read, Total int64         // bytes; zero at the beginning; Total is zero for a live system
	Rows        int           // records so far
	Pages       int           // answers of a live system so far
	Waiting     time.Duration // until the next request may be sent; 0: not waiting
	Why         string        // it waits
	All         Overall
}

// Overall is how far all files of a run are read. It is zero for a live system.
type Overall struct {
	Files       int
	Read, Total int64 // bytes
	Rows        int   // records so far
	// Left is how long reading the rest will take at the pace of the last seconds, 0
	// while that is not known.
	Left time.Duration
}

// Error is a mistake in how a run was asked for, as opposed to a source that
// failed.
type Error struct {
	Reason string
	Advice string // what to do about it, or ""
	Cause  error  // nil, or what errors.Is looks for
}

func (e *Error) Error() string { return e.Reason }

// Hint is what to do about the error, or "".
func (e *Error) Hint() string { return e.Advice }

// Unwrap is the error's cause.
func (e *Error) Unwrap() error { return e.Cause }

// Run reads everything that a configuration names. When ctx ends, it keeps what
// was read until then: the case is not Complete, and no error says so. As of is
// the configured moment, else the newest time in the records, else now. The
// error is an *Error, or one of this machine's disk.
func Run(ctx context.Context, cfg *connector.Config, o Options) (*casefile.Case, error) {
	return run(ctx, cfg, o, file.Read)
}

// reading is file.Read, or what a test puts in its place.
type reading func(context.Context, file.Spec, file.Sink, file.Progress) (file.Result, error)

func run(ctx context.Context, cfg *connector.Config, o Options, read reading) (*casefile.Case, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	if o.Last != 0 && !o.Since.IsZero() {
		return nil, &Error{Reason: "since and last exclude each other"}
	}
	c := &casefile.Case{
		Mode:      "files",
		Zone:      cfg.Zone,
		Liability: cfg.Liability,
		Currency:  cfg.Currency,
		Policy:    casefile.Policy(cfg.Policy),
		Complete:  true,
	}
	if c.Zone == nil {
		c.Zone = time.UTC
	}
	var live map[int]pulled
	if slices.ContainsFunc(cfg.Connectors, func(k connector.Connector) bool { return k.Probe != connector.FileProbe }) {
		c.Mode = "live"
		for _, k := range cfg.Connectors {
			if k.Probe != connector.FileProbe && o.Live.Packs[k.Probe] == nil {
				return nil, &Error{Reason: fmt.Sprintf("%s: unknown probe %q", k.Name, k.Probe), Advice: "gcdiag probe list names the vendors"}
			}
		}
		if err := liveTimes(c, cfg, &o); err != nil {
			return nil, err
		}
		folder, remove, err := scratch()
		if err != nil {
			return nil, err
		}
		defer remove()
		if live, err = pull(ctx, cfg, c, o, folder); err != nil {
			return nil, err
		}
	}
	b := casefile.NewBuilder(c)
	if o.Memory > 0 {
		b.Bound(o.Memory)
	}
	if o.Watch != nil {
		b.Watch(o.Watch)
	}
	c.Systems = make([]casefile.System, len(cfg.Connectors))
	files := newTally(cfg, o)
	if live == nil && apart(cfg) && files.all.Total >= atOnce {
		readTogether(ctx, cfg, c, o, files, read, b)
	} else {
		for i, k := range cfg.Connectors {
			g := &gatherer{cfg: cfg, k: k, index: uint16(i), options: o, files: files, read: read, sink: b}
			if k.Probe == connector.FileProbe {
				c.Systems[i] = g.system(ctx)
				continue
			}
			s := g.describe()
			if err := g.live(ctx, &s, o.Live.Packs[k.Probe], live[i]); err != nil {
				return nil, err
			}
			c.Systems[i] = s
		}
	}
	b.Finish()
	for _, s := range c.Systems {
		for _, r := range s.Reads {
			c.Complete = c.Complete && r.State != casefile.Unread && r.State != casefile.Truncated
		}
	}
	err := setTimes(c, cfg, o)
	if lost := c.Err(); lost != nil {
		return nil, lost
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

// atOnce is how many bytes of files make it worth while to read several at the
// same time. Below, they are read one after the other, in the configuration's order.
var atOnce int64 = 8 << 20

// apart reports whether no record type comes from systems of two roles, so that
// the roles can be read at the same time without a table's order depending on it.
func apart(cfg *connector.Config) bool {
	roles := map[record.Type]record.Role{}
	for _, k := range cfg.Connectors {
		for t, files := range k.Files {
			if role, taken := roles[t]; taken && role != k.Role && len(files) > 0 {
				return false
			}
			roles[t] = k.Role
		}
	}
	return true
}

// readTogether reads the files of all systems, those of each role one after the
// other and the roles at the same time.
func readTogether(ctx context.Context, cfg *connector.Config, c *casefile.Case, o Options, files *tally, read reading, sink file.Sink) {
	var roles sync.WaitGroup
	for _, role := range []record.Role{record.Platform, record.Integration, record.ERP} {
		roles.Go(func() {
			for i, k := range cfg.Connectors {
				if k.Role == role {
					g := &gatherer{cfg: cfg, k: k, index: uint16(i), options: o, files: files, read: read, sink: sink}
					c.Systems[i] = g.system(ctx)
				}
			}
		})
	}
	roles.Wait()
}

// gatherer reads the files of one connector.
type gatherer struct {
	cfg     *connector.Config
	k       connector.Connector
	index   uint16
	options Options
	files   *tally
	read    reading
	sink    file.Sink
}

// describe is what the configuration says of the system.
func (g *gatherer) describe() casefile.System {
	s := casefile.System{Role: g.k.Role, Name: g.k.Name, Probe: g.k.Probe, Zone: g.cfg.ZoneOf(g.k), Entities: g.k.Entities}
	if s.Zone == nil {
		s.Zone = time.UTC
	}
	for _, f := range g.k.Feeds {
		s.Feeds = append(s.Feeds, casefile.Feed(f))
	}
	return s
}

func (g *gatherer) system(ctx context.Context) casefile.System {
	s := g.describe()
	for _, t := range record.Types(g.k.Role) {
		files, statement := g.k.Files[t], g.k.Complete[t]
		if len(files) == 0 && statement == (connector.Statement{}) {
			continue
		}
		r := casefile.Read{Record: t, Covers: statement.Covers, Cap: statement.Cap, Why: statement.Why}
		switch {
		case statement.Complete:
			r.Stated = casefile.Complete
		case statement.Partial:
			r.Stated = casefile.Partial
		}
		if len(files) > 0 {
			g.export(ctx, &s, &r, files)
		}
		s.Reads = append(s.Reads, r)
	}
	return s
}

// export reads the files of one record type into the sink, their inputs into the
// system and what else is known of them into r.
func (g *gatherer) export(ctx context.Context, s *casefile.System, r *casefile.Read, files []connector.File) {
	var failed []string
	rows := 0
	seen := map[string]bool{}
	filled := map[string]bool{}
	named := make([][]string, len(files))
	var export []string
	for i, f := range files {
		names, err := expand(g.cfg.Resolve, f.Path)
		if err != nil {
			failed = append(failed, err.Error())
		}
		named[i] = names
		for _, name := range names {
			export = append(export, g.cfg.Resolve(name))
		}
	}
	for i, f := range files {
		surveys := new(file.Surveys)
		for _, name := range named[i] {
			path := g.cfg.Resolve(name)
			if seen[path] {
				continue
			}
			seen[path] = true
			if len(s.Inputs) > math.MaxUint16 {
				failed = append(failed, fmt.Sprintf("%s: more files than a system can have", name))
				break
			}
			res, err := g.file(ctx, f, r.Record, name, path, export, surveys, uint16(len(s.Inputs)))
			s.Inputs = append(s.Inputs, res.Input)
			rows += res.Rows
			for _, column := range res.Filled {
				filled[column] = true
			}
			for _, d := range res.Damaged {
				damage(&r.Damaged, d)
			}
			switch {
			case err != nil && ctx.Err() != nil:
				failed = append(failed, name+": reading was cancelled")
			case err != nil:
				failed = append(failed, err.Error())
			case res.Stopped != "":
				failed = append(failed, fmt.Sprintf("%s: %s", name, res.Stopped))
			}
		}
	}
	for _, column := range connector.Columns(r.Record) {
		if filled[column] {
			r.Columns = append(r.Columns, column)
		}
	}
	switch {
	case len(failed) == 0:
		r.State = casefile.Empty // until the builder counts rows
		return
	case rows > 0:
		r.State = casefile.Truncated
	default:
		r.State = casefile.Unread
	}
	r.Why = strings.Join(failed, "; ")
}

// file reads one of the files of an export.
func (g *gatherer) file(ctx context.Context, f connector.File, t record.Type, name, path string, export []string, surveys *file.Surveys, input uint16) (file.Result, error) {
	spec := file.Spec{
		Record: t, Path: path, Name: name,
		Columns: f.Columns, Values: f.Values, Sign: f.Sign,
		Sheet: f.Sheet, Encoding: f.Encoding, Delimiter: f.Delimiter, HeaderRow: f.HeaderRow, Decimal: f.Decimal, Dates: f.Dates,
		Zone: g.cfg.ZoneOf(g.k), Currency: g.cfg.Currency,
		System: g.index, Input: input, Beside: export, Surveys: surveys,
	}
	unread := file.Result{Input: casefile.Input{Name: name, Record: t}}
	if err := ctx.Err(); err != nil {
		return unread, err
	}
	tell, done := g.files.begin(Progress{System: g.k.Name, Record: t, Input: name})
	res, err := g.read(ctx, spec, g.sink, tell)
	done(path, err == nil && res.Stopped == "")
	return res, err
}

// damage adds what one file's column shows to what others of the same record
// type have shown.
func damage(all *[]casefile.Damage, d casefile.Damage) {
	for i := range *all {
		if have := &(*all)[i]; have.Column == d.Column && have.How == d.How {
			have.Rows += d.Rows
			have.Values = append(have.Values, d.Values...)
			return
		}
	}
	d.Values = slices.Clone(d.Values)
	*all = append(*all, d)
}

// liveTimes settles as of and the window before live systems are asked: now is the
// clock's, or that of the recording.
func liveTimes(c *casefile.Case, cfg *connector.Config, o *Options) error {
	if o.Live.Tapes != "" {
		m, err := http.LoadManifest(o.Live.Tapes)
		switch {
		case err != nil:
			return &Error{Reason: err.Error()}
		case m == nil && o.Live.Offline:
			return &Error{Reason: o.Live.Tapes + " holds no recording", Advice: "make one with --record"}
		case m != nil:
			o.AsOf = first(o.AsOf, m.AsOf)
		}
	}
	if o.AsOf = first(o.AsOf, cfg.AsOf); o.AsOf.IsZero() {
		o.AsOf = o.Now().Truncate(time.Second)
	}
	if err := setTimes(c, cfg, *o); err != nil {
		return err
	}
	if o.Live.Tapes == "" || o.Live.Offline {
		return nil
	}
	return http.Manifest{AsOf: c.AsOf.UTC(), Since: c.Window.Since.UTC(), Until: c.Window.Until.UTC(), Zone: c.Zone.String()}.Save(o.Live.Tapes)
}

// setTimes settles as of and the window. A window up to as of includes it.
func setTimes(c *casefile.Case, cfg *connector.Config, o Options) error {
	c.AsOf = first(o.AsOf, cfg.AsOf)
	said := "as of"
	if c.AsOf.IsZero() {
		c.AsOf = newest(c)
		said = "the newest time in the files"
	}
	if c.AsOf.IsZero() {
		c.AsOf = o.Now()
		said = "now"
	}
	c.AsOf = c.AsOf.In(c.Zone)

	end := first(o.Until, cfg.Window.Until)
	if end.IsZero() {
		end = c.AsOf
		c.Window.Until = end.Add(time.Nanosecond)
	} else {
		c.Window.Until = end.In(c.Zone)
		said = "until"
	}
	since, last := cfg.Window.Since, cfg.Window.Last
	switch {
	case !o.Since.IsZero():
		since = o.Since
	case o.Last != 0:
		since, last = time.Time{}, o.Last
	}
	if since.IsZero() {
		if last == 0 {
			last = connector.DefaultLast
		}
		since = end.Add(-last)
	}
	c.Window.Since = since.In(c.Zone)
	if !c.Window.Since.Before(c.Window.Until) {
		return &Error{
			Reason: fmt.Sprintf("the window is empty: it begins at %s and ends at %s, %s", c.Window.Since.Format(time.RFC3339), end.In(c.Zone).Format(time.RFC3339), said),
			Advice: "choose since, until and as_of so that since comes first",
		}
	}
	return nil
}

func first(times ...time.Time) time.Time {
	for _, t := range times {
		if !t.IsZero() {
			return t
		}
	}
	return time.Time{}
}

// newest is the latest moment at which anything is known to have happened; what
// happened on some day counts from its start. Zero where no record has a time.
func newest(c *casefile.Case) time.Time {
	var at record.Time
	see := func(times ...record.Time) {
		for _, t := range times {
			if t.Compare(at) > 0 {
				at = t
			}
		}
	}
	for r := range c.Movements.Pass() {
		see(r.At)
	}
	for r := range c.Orders.All() {
		see(r.At, r.RefundedAt)
	}
	for r := range c.Subscriptions.All() {
		see(r.LastSuccessAt)
	}
	for r := range c.Deliveries.Pass() {
		see(r.ReceivedAt, r.SentAt)
	}
	for r := range c.Flows.All() {
		see(r.LastRunAt)
	}
	for r := range c.Postings.Pass() {
		if r.PostedAt.Known() {
			see(r.PostedAt)
		} else {
			see(r.Dated)
		}
	}
	for r := range c.Exceptions.All() {
		see(r.OpenedAt)
	}
	if !at.Known() {
		return time.Time{}
	}
	return at.Earliest()
}
