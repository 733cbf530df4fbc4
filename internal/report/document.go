// Package report is the versioned document that a diagnosis becomes: the JSON
// contract that tickets and scripts rest on. Every renderer reads a Document and
// nothing else, so that a saved report shows what the live run showed.
package report

// Schema is the version of the document.
const Schema = "gcdiag.report/v1"

// Document is one report. Money is decimal text with the currency's decimals,
// times are RFC 3339 in the report's time zone, lists are never null, and
// everything is sorted, so that equal evidence gives equal bytes (run apart).
type Document struct {
	Schema   string     `json:"schema"`
	Run      Run        `json:"run"`
	Window   Window     `json:"window"`
	Ledger   Ledger     `json:"ledger"`
	Policy   Policy     `json:"policy"`
	Systems  []System   `json:"systems"`
	Outcome  Outcome    `json:"outcome"`
	Steps    []Step     `json:"steps"`
	Findings []Finding  `json:"findings"`
	Drift    []Drift    `json:"drift"`
	Excluded []Excluded `json:"excluded"`
	Mapping  []Mapping  `json:"mapping"`
	Repair   Repair     `json:"repair"`
	Traces   []Trace    `json:"traces"`
	// TracesTotal counts the traces before the list was cut.
	TracesTotal int      `json:"traces_total"`
	Redaction   Redacted `json:"redaction"`
}

// Run is when and how the report was made; the only part that holds the clock.
type Run struct {
	Tool       string `json:"tool"`
	StartedAt  string `json:"started_at"`
	FinishedAt string `json:"finished_at"`
	Mode       string `json:"mode"` // live, files, answers, demo
	Complete   bool   `json:"complete"`
}

// Window is the time that was judged. Until is exclusive.
type Window struct {
	Since    string `json:"since"`
	Until    string `json:"until"`
	AsOf     string `json:"as_of"`
	Timezone string `json:"timezone"`
}

// Ledger says what counts as gift card liability in the ERP: without it a
// reader of the report can't tell which account step 4 looked for.
type Ledger struct {
	LiabilityAccounts []string `json:"liability_accounts"`
}

// Policy is what the client decided about what counts, in the words of
// connectors.yaml: the same records under another policy give another drift.
// Empty words and zero numbers are not known.
type Policy struct {
	Grace         string `json:"grace"`           // a duration, as 24h
	Basis         string `json:"basis"`           // face_value, price_paid
	Promotional   string `json:"promotional"`     // exclude, include
	Loyalty       string `json:"loyalty"`         // include, exclude
	PointsPerUnit int64  `json:"points_per_unit"` // points per unit of the currency
	Tolerance     int64  `json:"tolerance"`       // minor units per event
}

// System is one connector and what was read from it.
type System struct {
	Role  string `json:"role"`
	Name  string `json:"name"`
	Probe string `json:"probe"`
	Reads []Read `json:"reads"`
}

// Read is what is known of one record type.
type Read struct {
	Record   string `json:"record"`
	Read     int    `json:"read"`
	Rejected int    `json:"rejected"`
	From     string `json:"from"`
	To       string `json:"to"`
	Complete bool   `json:"complete"`
	Why      string `json:"why"`
	// Rejects names the first rejected rows, with place and reason.
	Rejects []Reject `json:"rejects"`
	// Columns says how each input's header was understood.
	Columns []Column `json:"columns"`
}

// Reject is one row that did not become a record.
type Reject struct {
	Place  string `json:"place"`
	Reason string `json:"reason"`
}

// Column is one column of an input and what it was taken for.
type Column struct {
	Input   string `json:"input"`
	Header  string `json:"header"`
	Field   string `json:"field"` // "" where the column is kept as an attribute
	Guessed bool   `json:"guessed"`
}

// Outcome is the verdict.
type Outcome struct {
	Status       string  `json:"status"` // fault, sound, inconclusive
	Step         *int    `json:"step"`   // earliest step with a root cause, or null
	Steps        []int   `json:"steps"`
	Undetermined []int   `json:"undetermined,omitempty"` // steps that the evidence can't separate
	Stage        *string `json:"stage"`
	Problem      *string `json:"problem"`
	Evidence     *string `json:"evidence"`
	Headline     string  `json:"headline"`
	// Next is the first thing to do, in a sentence.
	Next string `json:"next"`
}

// Step is one of the four questions and its answer.
type Step struct {
	Step     int    `json:"step"`
	Stage    string `json:"stage"`  // emit, forward, arrive, classify
	Status   string `json:"status"` // pass, fail, inconclusive, not-checked
	Question string `json:"question"`
	Answer   string `json:"answer"`
	Cells    []Cell `json:"cells"`
}

// Cell tallies the events of one kind and origin at one step. Events is the sum
// of the six counts; Amount is that of the failing events.
type Cell struct {
	Kind         string            `json:"kind"`
	Origin       string            `json:"origin"`
	Events       int               `json:"events"`
	Pass         int               `json:"pass"`
	Fail         int               `json:"fail"`
	Inconclusive int               `json:"inconclusive"`
	NotReached   int               `json:"not_reached"`
	InFlight     int               `json:"in_flight"`
	Downstream   int               `json:"downstream"`
	Amount       map[string]string `json:"amount"`
}

// Finding is one statement of the diagnosis.
type Finding struct {
	ID           string            `json:"id"` // F1, F2, … in rank order
	Code         string            `json:"code"`
	Class        string            `json:"class"`
	Step         *int              `json:"step"`
	Undetermined []int             `json:"undetermined,omitempty"`
	Problem      *string           `json:"problem"`
	Title        string            `json:"title"` // what happened, in one line, with names and numbers
	Cause        string            `json:"cause"` // why, as far as the evidence carries
	Hint         string            `json:"hint"`  // what to do next
	Evidence     string            `json:"evidence"`
	Systems      []string          `json:"systems"` // the connectors it speaks of
	Events       []string          `json:"events"`
	Candidates   []string          `json:"candidates"`
	Orders       []string          `json:"orders"`
	Postings     []string          `json:"postings"`
	Count        int               `json:"count"`
	Amount       map[string]string `json:"amount"` // owed by the root events
	Drift        map[string]string `json:"drift"`  // root and downstream
	FirstAt      string            `json:"first_at"`
	LastAt       string            `json:"last_at"`
	Shared       []Shared          `json:"shared"`
	SharedNote   string            `json:"shared_note"` // says so where nothing is shared
	Change       *Change           `json:"change"`      // since when, or null
	Downstream   Downstream        `json:"downstream"`
	// Remaining is what would be left if this finding alone were repaired.
	Remaining *Remaining `json:"remaining"`
	// Settle names the one thing to fetch or ask that would settle an open point.
	Settle string `json:"settle"`
}

// Shared is an attribute that failing records have in common, with its count
// among them ("73/73") and among the others of the same kinds ("2/1131").
type Shared struct {
	Attribute string `json:"attribute"`
	Value     string `json:"value"`
	OfThese   string `json:"of_these"`
	OfOthers  string `json:"of_others"`
}

// Change is the moment since when (and until when) a rate of failure differs.
type Change struct {
	Since        string `json:"since"`
	Until        string `json:"until"` // "" where it lasts to the end of the data
	FailedBefore int    `json:"failed_before"`
	OfBefore     int    `json:"of_before"`
	FailedAfter  int    `json:"failed_after"`
	OfAfter      int    `json:"of_after"`
}

// Downstream is what follows from a finding's root events.
type Downstream struct {
	Events []string          `json:"events"`
	Count  int               `json:"count"`
	Amount map[string]string `json:"amount"`
}

// Remaining is drift and open exceptions after one repair.
type Remaining struct {
	Drift      map[string]string `json:"drift"`
	Exceptions int               `json:"exceptions"`
}

// Drift is the gap between ERP and platform in one currency, with its parts.
// by_finding and unexplained add up to drift; where the evidence forbids a
// figure, drift and unexplained are null and why says so.
type Drift struct {
	Currency    string          `json:"currency"`
	Platform    string          `json:"platform"`
	ERP         string          `json:"erp"`
	Drift       *string         `json:"drift"`
	ByFinding   []FindingAmount `json:"by_finding"`
	Unexplained *string         `json:"unexplained"`
	Why         string          `json:"why"`
}

// FindingAmount is one finding's part of the drift.
type FindingAmount struct {
	Finding string `json:"finding"`
	Amount  string `json:"amount"`
}

// Excluded counts what is not part of the reconciliation, by reason.
type Excluded struct {
	Reason string            `json:"reason"` // test, pending, cancelled, promotional, loyalty, entity, outside-window
	Count  int               `json:"count"`
	Amount map[string]string `json:"amount"`
}

// Mapping is how one kind of one origin usually arrives in this ERP, learnt from matched pairs.
type Mapping struct {
	System   string   `json:"system"`
	Kind     string   `json:"kind"`
	Origin   string   `json:"origin"`
	Type     string   `json:"type"`
	Account  string   `json:"account"`
	Sign     string   `json:"sign"`     // "+" or "−", as posted; "±" for a kind that carries its own
	Currency string   `json:"currency"` // "" where there are several
	Pairs    int      `json:"pairs"`    // pairs that follow the pattern
	Of       int      `json:"of"`       // pairs seen
	Against  []string `json:"against"`  // events that break it
}

// Repair is what to do: proposals, never executed.
type Repair struct {
	Replay      []ReplayItem `json:"replay"` // loads before redemptions
	Corrections []Correction `json:"corrections"`
	Questions   []Question   `json:"questions"`
	Proof       string       `json:"proof"` // the check that proves the repair
}

// ReplayItem is one event to send again.
type ReplayItem struct {
	Event    string `json:"event"`
	Kind     string `json:"kind"`
	Amount   string `json:"amount"`
	Currency string `json:"currency"`
	At       string `json:"at"`
	Finding  string `json:"finding"`
	// Key is what the receiver can recognise a repeat by.
	Key string `json:"key"`
}

// Correction is one proposed journal amount for finance.
type Correction struct {
	Finding  string `json:"finding"`
	Account  string `json:"account"`
	Amount   string `json:"amount"` // credit − debit
	Currency string `json:"currency"`
	Why      string `json:"why"`
	Proposal bool   `json:"proposal"` // always true
}

// Question is what to ask next, and whom.
type Question struct {
	Finding string `json:"finding"`
	Whom    string `json:"whom"`
	Ask     string `json:"ask"`
}

// Trace is one event that is not clean, with its way through the systems.
type Trace struct {
	Event    string   `json:"event"`
	Kind     string   `json:"kind"`
	Origin   string   `json:"origin"`
	Card     string   `json:"card"` // a token unless redaction is off
	Order    string   `json:"order"`
	At       string   `json:"at"`
	Amount   string   `json:"amount"`
	Currency string   `json:"currency"`
	Verdict  string   `json:"verdict"` // pass, fail, downstream, in-flight, inconclusive, excluded
	Step     *int     `json:"step"`
	Finding  string   `json:"finding"`
	Note     string   `json:"note"`
	Hops     []Hop    `json:"hops"`
	Records  []Record `json:"records"`
}

// Hop is one stage of a trace.
type Hop struct {
	Stage     string `json:"stage"`
	Status    string `json:"status"` // pass, fail, inconclusive, not-reached, in-flight
	System    string `json:"system,omitempty"`
	Record    string `json:"record,omitempty"`
	At        string `json:"at,omitempty"`
	MatchedBy string `json:"matched_by,omitempty"`
	Note      string `json:"note,omitempty"`
}

// Record is one record a trace rests on, redacted, with its place.
type Record struct {
	System string  `json:"system"`
	Record string  `json:"record"` // movements, deliveries, postings, …
	Place  string  `json:"place"`  // "erp.csv:17"
	Fields []Field `json:"fields"`
}

// Field is one column and its value.
type Field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Redacted counts what redaction hid.
type Redacted struct {
	On     bool `json:"on"`
	Cards  int  `json:"cards"`  // card ids shown as tokens
	Values int  `json:"values"` // values withheld
}
