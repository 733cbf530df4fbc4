package wizard

import (
	"context"
	"time"

	"gcdiag/internal/casefile"
	"gcdiag/internal/connector"
	"gcdiag/internal/record"
	"gcdiag/internal/report"
)

// Engine is everything the wizard has done for it. The wizard itself reads no
// file, calls no host and judges nothing. Methods that take a context stop when
// it ends; all but Packs and Scenarios are called outside the drawing loop, and
// never two of them at once for one run. Errors are shown as they are, and what
// a method Hint() string of the error says is shown below.
type Engine interface {
	// Packs lists the vendors that can be read live.
	Packs() []Pack
	// Scenarios lists what the demo can play, the usual one first.
	Scenarios() []Scenario

	// Load reads a connectors.yaml.
	Load(path string) (*connector.Config, error)
	// Demo makes up a scenario's exports in a new folder and returns their configuration.
	Demo(ctx context.Context, scenario string) (*connector.Config, error)
	// Survey looks at the files of a folder and guesses what they hold.
	Survey(ctx context.Context, folder string) (Survey, error)
	// Settle makes the configuration of a survey whose guesses a person has looked
	// through: of the files with Use, with the columns and words of their entries
	// before the guesses. Basics that are empty are guessed; the notes say how. An error that
	// a person can cure by filling in the basics is no reason to give up.
	Settle(ctx context.Context, s Survey, b Basics) (*connector.Config, []string, error)
	// Test tries to reach one live system and says what came of it.
	Test(ctx context.Context, cfg *connector.Config, k connector.Connector) []Check
	// Keep stores a secret in the user's keychain, so that ${keychain:name} finds it.
	Keep(ctx context.Context, name, secret string) error
	// Format is a configuration as the text that Write saves. It touches nothing.
	Format(cfg *connector.Config) ([]byte, error)
	// Write saves a configuration in the file of its name. Without replace, a file
	// that exists is an error for which errors.Is(err, fs.ErrExist) holds.
	Write(cfg *connector.Config, replace bool) error

	// Gather reads the systems. When ctx ends it returns what was read until then,
	// without an error. Progress may be told from any goroutine, as often as it is.
	Gather(ctx context.Context, cfg *connector.Config, o GatherOptions, told func(Progress)) (*casefile.Case, error)
	// Judge diagnoses what was read. A demo is marked as one by the engine. The error
	// is one of this machine's disk, or the context's if that ends meanwhile; one that
	// has ended before makes no difference.
	Judge(ctx context.Context, c *casefile.Case) (Judged, error)
	// Save writes a document in a format: json, markdown or one of Formats. Without
	// replace, a file that exists is an error for which errors.Is(err, fs.ErrExist) holds.
	Save(path, format string, d report.Document, replace bool) error
	// Formats lists the formats beyond json and markdown that Save knows.
	Formats() []string
}

// GatherOptions are what the person permits.
type GatherOptions struct {
	Commands bool // ${cmd:…} references may be run
}

// Judged is a diagnosis that can be written down in several ways.
type Judged interface {
	Document(Shown) report.Document
}

// Shown says how much of a diagnosis a document shows.
type Shown struct {
	AllEvents bool // lists are whole
	NoRedact  bool // card ids and free text as they are; used for the preview only
}

// Scenario is one month of the demo.
type Scenario struct{ Name, About string }

// Pack is one vendor that can be read live.
type Pack struct {
	Name  string // as in connectors.yaml's probe
	Title string
	Role  string // platform, integration or erp
	About string
	// URLExample is what an address looks like; "" where the pack takes none.
	URLExample string
	Settings   []Setting
	// Auth are the ways to prove who asks; a configuration tells them apart by the
	// names of the secrets it gives.
	Auth []AuthChoice
	// Look says where a person finds the answer to a step's question by hand in this
	// system; steps may be missing.
	Look map[int]string
}

// Setting is one thing that a pack asks for.
type Setting struct {
	Name        string
	Description string
	Example     string
	Default     string
	Secret      bool
	Required    bool
	Pattern     string   // a regular expression that the whole value matches; "" for any
	Choices     []string // empty for any
}

// AuthChoice is one way to prove who is asking.
type AuthChoice struct {
	Name   string
	Title  string
	Fields []Setting
}

// Check is one thing that was tried on a live system.
type Check struct {
	Name   string // "reaches the host"
	Status string // pass, fail or skip
	Detail string // what was seen
	Hint   string // what to do; "" where it passed
}

// Progress is how far one record type of one system is read. Counts are totals
// so far.
type Progress struct {
	System  string
	Role    record.Role
	Record  string // movements, deliveries, …
	Input   string // the file or endpoint that is being read
	Pages   int
	Records int
	Read    int64 // bytes
	Total   int64 // bytes; 0 where not known
	// WaitUntil is when reading goes on, zero where it does not wait; Reason says
	// why it waits.
	WaitUntil time.Time
	Reason    string
	Done      bool
	Failed    string // why it ended early; "" where it did not
	All       Overall
}

// Overall is how far all files of a run are read, zero for a live system.
type Overall struct {
	Read, Total int64 // bytes
	Records     int
	Left        time.Duration // until all are read; 0 while that is not known
}

// Survey is what the files of a folder seem to hold.
type Survey struct {
	Folder string
	Files  []Export
	Unused []string // files that can't be used, with the reason
}

// Export is one file of a survey. A person may change Record, Role, Use and
// Entry; the engine heeds them in Settle.
type Export struct {
	Name   string
	Record record.Type
	Role   record.Role
	Use    bool
	// Headers are the file's columns, Rows the first rows below them.
	Headers []string
	Rows    [][]string
	// Fields is the guess: contract column → header. Guessed has those that were
	// taken by resemblance and not by name.
	Fields  map[string]string
	Guessed map[string]bool
	// Missing are required columns that no header stands for.
	Missing []string
	// Words are words outside the vocabulary.
	Words []Word
	// Entry is what the engine is sure of and what the person has said, as
	// connectors.yaml has it. A column in Columns goes before the guess in Fields, ""
	// says that the file has none; a word in Values goes before the guess in Words,
	// "" says that it is not known.
	Entry connector.File
	Notes []string
}

// Word is a word of a file that is outside a column's vocabulary.
type Word struct {
	Column, Word string
	Choices      []string
	Guess        string // one of Choices, or ""
}

// Basics are what no export says for certain.
type Basics struct {
	Accounts []string
	Currency string
	Timezone string
}
