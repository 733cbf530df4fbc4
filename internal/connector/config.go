// Package connector reads connectors.yaml, which says where the three systems'
// records are and what their owner decided. It is strict: an unknown key, a word
// outside a vocabulary and a secret in the clear are errors with line and column,
// and all of them are reported at once.
package connector

import (
	"path/filepath"
	"regexp"
	"time"

	"gcdiag/internal/money"
	"gcdiag/internal/record"
)

// Version is the version of connectors.yaml that this program reads.
const Version = 1

// FileProbe is the probe that reads export files.
const FileProbe = "file"

// Config is one connectors.yaml, with defaults filled in.
type Config struct {
	// Name is the file's name as messages show it; relative paths start from its folder.
	Name       string
	Window     Window
	AsOf       time.Time // zero: what the records suggest
	Zone       *time.Location
	Liability  []string // the ERP's gift card liability accounts
	Currency   money.Currency
	Policy     Policy
	Connectors []Connector
}

// Window is the time to be judged, as configured. A zero Until is the moment of
// as_of; a zero Since is Last before the end.
type Window struct {
	Since, Until time.Time
	Last         time.Duration // set where Since is zero
}

// DefaultLast is how far a window reaches back that says nothing.
const DefaultLast = 30 * 24 * time.Hour

// Policy is what the client decided about what counts.
type Policy struct {
	Grace         time.Duration // younger and not yet arrived is in flight; default 24h
	PricePaid     bool          // a load owes the price paid, not the face value
	Promotional   bool          // promotional cards count as liability
	Loyalty       bool          // points accounts count; default true
	PointsPerUnit int64         // points per unit of the currency; default 100
	Tolerance     money.Amount  // minor units per event; default 1
}

// DefaultPolicy is the policy of a file that says nothing.
func DefaultPolicy() Policy {
	return Policy{Grace: 24 * time.Hour, Loyalty: true, PointsPerUnit: 100, Tolerance: 1}
}

// Connector is one system and how to read it.
type Connector struct {
	Role     record.Role
	Name     string // unique in the file
	Probe    string
	URL      string
	Zone     *time.Location // nil: the configuration's
	Auth     map[string]Reference
	Settings map[string]string
	Feeds    []Feed
	Files    map[record.Type][]File
	Complete map[record.Type]Statement
	Entities []string
}

// Feed says how a kind (NoKind: any) of an origin ("": any) leaves the platform.
type Feed struct {
	Kind   record.Kind
	Origin string
	Via    record.Via
}

// File is where records of one type are, and how their files are to be understood.
type File struct {
	// Path is a file or a glob, as written; see Config.Resolve.
	Path    string
	Columns map[string]string            // contract column → header; "" means that the file has none
	Values  map[string]map[string]string // contract column → their word → ours; "" means not known
	Sign    string                       // "" or by_kind

	Sheet     string
	Encoding  string // a name such as utf-16le or windows-1252; "" to find out
	Delimiter rune   // 0 to find out
	HeaderRow int    // 1-based; 0 to find out
	Decimal   string // "." or ",", or "" to find out
	Dates     string // ymd, dmy or mdy, or "" to find out
}

// Statement is what the owner says about the completeness of a record type.
// Complete and Partial exclude each other; neither means that nothing is said
// but the cap.
type Statement struct {
	Complete bool
	Partial  bool
	Covers   record.Window // Complete holds only within it, where set; Until excluded
	Cap      int           // the export ends after so many rows at most; 0: none known
	Why      string
}

// Options are what the person who runs the program permits, and the live systems
// that it knows.
type Options struct {
	AllowLiteralSecrets bool // secrets may stand in the file itself
	AllowCommands       bool // ${cmd:…} may be run
	Probes              []Probe
}

// Probe is what connectors.yaml may say of a live system of one vendor.
type Probe struct {
	Name     string
	Role     record.Role
	NeedsURL bool // the vendor's systems have addresses of their own
	Settings []Setting
	// Auth lists the ways to prove who asks, each by the names of its secrets; an
	// empty one needs none. Public ones may stand among the settings.
	Auth   [][]string
	Public []string
}

// Setting is something that a probe asks for.
type Setting struct {
	Name    string
	Needed  bool
	Pattern *regexp.Regexp // nil: any text
	Choices []string       // nil: any text
	Example string
}

// The settings that every live system has.
const (
	AllowChangingReads = "allow_changing_reads" // yes: reads that change something on the server are made
	CAFile             = "ca_file"              // certificates to trust beside the system's
	MaxPages           = "max_pages"            // of one list
	Slack              = "slack"                // how far around the window records are read; default 7d
)

// CommonSettings lists them.
func CommonSettings() []string { return []string{AllowChangingReads, CAFile, MaxPages, Slack} }

// Resolve is a path of the file as the operating system needs it: relative ones
// start from the file's folder.
func (c *Config) Resolve(path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(c.Name), path)
}

// ZoneOf is the calendar in which a connector's local times are read.
func (c *Config) ZoneOf(k Connector) *time.Location {
	if k.Zone != nil {
		return k.Zone
	}
	return c.Zone
}
