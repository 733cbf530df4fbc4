package simulator

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"gcdiag/internal/casefile"
	"gcdiag/internal/record"
)

const (
	celigoToken    = "5f1csimulated0123456789abcdef"
	celigoFlow     = "66b1f0aa11c2d3e4f5061728"
	celigoOther    = "66b1f0aa11c2d3e4f5061700"
	celigoListener = "66b1f0bb11c2d3e4f50617e1"
	celigoImport   = "66b1f0bb11c2d3e4f5061729"
	celigoPage     = 25 // entries of a list's page
)

// celigo is the integration layer: one flow from a listener to an import, with
// its runs, their logs and the errors of its steps.
type celigo struct {
	flow    record.Flow
	made    record.Time // the listener
	listens bool        // it is told at once; else it fetches files
	logs    bool
	runs    []*celigoRun   // newest first
	errors  []*celigoError // newest first
}

// celigoRun is one run of the flow.
type celigoRun struct {
	id                     string
	began, ended           time.Time
	unfinished             bool
	entries                []object
	passed, failed, spared int // records at the import
}

// celigoError is an error of the import.
type celigoError struct {
	at       time.Time
	resolved bool
	body     object
}

// sayings are the conditions of the filters in the vendor's form.
var sayings = map[string]any{
	"not (kind = load and channel = pos)":                       []any{"not", []any{"and", equals("kind", "load"), equals("source_name", "pos")}},
	"issuer in (Acme storefront, Acme care desk, Acme Rewards)": []any{"or", equals("issuer", "Acme storefront"), equals("issuer", "Acme care desk"), equals("issuer", "Acme Rewards")},
}

func equals(field, value string) any {
	return []any{"equals", []any{"string", []any{"extract", field}}, value}
}

func newCeligo(c *casefile.Case) *celigo {
	s := &celigo{logs: true}
	for f := range c.Flows.All() {
		s.flow = *f
		s.listens, s.logs = f.Trigger == record.TriggerWebhook, f.Log == record.LogAll
	}
	for sub := range c.Subscriptions.All() {
		s.made = sub.CreatedAt
	}
	// What the ERP holds under no account at all it never took.
	refused := map[string]string{}
	for p := range c.Postings.All() {
		if p.Status == record.InException && p.Account == "" {
			refused[p.Ref] = p.Reason
		}
	}
	last := map[string]record.Outcome{}
	for d := range c.Deliveries.All() {
		last[d.Event] = d.Outcome
	}
	tries := map[string]int{}
	for d := range c.Deliveries.All() {
		tries[d.Event]++
	}
	runs := map[string]*celigoRun{}
	for d := range c.Deliveries.All() {
		tries[d.Event]--
		s.take(runs, c.Zone, *d, refused[d.Event], last[d.Event] == record.Delivered, tries[d.Event] == 0)
	}
	for _, r := range runs {
		s.runs = append(s.runs, r)
	}
	slices.SortFunc(s.runs, func(a, b *celigoRun) int { return cmp.Or(b.began.Compare(a.began), strings.Compare(a.id, b.id)) })
	slices.SortStableFunc(s.errors, func(a, b *celigoError) int { return b.at.Compare(a.at) })
	return s
}

// take enters one delivery into the run of its day.
func (s *celigo) take(runs map[string]*celigoRun, zone *time.Location, d record.Delivery, refused string, succeeds, final bool) {
	when := d.ReceivedAt.Earliest()
	waits := d.Outcome == record.Queued || d.Outcome == record.Received || d.Outcome == record.Held
	if refused != "" && d.Outcome == record.Delivered {
		d.Outcome, d.Why = record.RejectedByERP, refused
	}
	if !succeeds && !final {
		return // an attempt that is tried again keeps its one error, which the last attempt tells
	}
	day := fmt.Sprint(when.In(zone).Format("20060102"), waits)
	r := runs[day]
	if r == nil {
		r = &celigoRun{id: fmt.Sprintf("691c3b7a%016x", len(runs)+1), began: when, ended: when, unfinished: waits}
		runs[day] = r
	}
	if when.Before(r.began) {
		r.began = when
	}
	done := when.Add(2 * time.Second)
	if d.SentAt.Known() {
		done = d.SentAt.Earliest()
	}
	if done.After(r.ended) {
		r.ended = done
	}
	enter := func(step, status string) object {
		e := object{"_expOrImpId": step, "status": status, "traceKey": d.Event, "groupId": r.id + "-1", "recordId": strconv.Itoa(len(r.entries) + 1), "errorStage": nil,
			"startedAt": at(when), "completedAt": at(done)}
		r.entries = append(r.entries, e)
		return e
	}
	if d.Outcome == record.Filtered && s.flow.Filter == "" {
		enter(celigoListener, "ignored")
		return
	}
	enter(celigoListener, "success")
	switch d.Outcome {
	case record.Delivered:
		enter(celigoImport, "success")
		r.passed++
	case record.Filtered:
		enter(celigoImport, "ignored")
		r.spared++
	case record.Failed, record.DeadLettered, record.RejectedByERP:
		enter(celigoImport, "error")
		r.failed++
		e := &celigoError{at: done, resolved: succeeds && d.Outcome != record.RejectedByERP}
		e.body = object{"occurredAt": at(done), "message": d.Why, "traceKey": d.Event, "errorId": strconv.Itoa(9183004000 + len(s.errors)), "_flowJobId": r.id, "oIndex": "0",
			"retryDataKey": fmt.Sprintf("5f0c8d2be1a84c0f9b6d11a2%08x", len(s.errors)), "source": "mapping", "code": "mapping_error", "classification": "missing", "classifiedBy": "autopilot"}
		switch {
		case d.Outcome == record.RejectedByERP:
			e.body["source"], e.body["code"], e.body["classification"] = "application", "USER_ERROR", "none"
		case strings.Contains(d.Why, "answer"):
			e.body["source"], e.body["code"], e.body["classification"] = "connection", "ETIMEDOUT", "connection"
		}
		s.errors = append(s.errors, e)
	}
}

func (s *celigo) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	refuse := func(status int, code, message string) {
		answer(w, status, object{"errors": []any{object{"code": code, "message": message}}})
	}
	switch {
	case r.Header.Get("Authorization") != "Bearer "+celigoToken:
		refuse(http.StatusUnauthorized, "unauthorized", "Unauthorized")
		return
	case r.Method != http.MethodGet:
		refuse(http.StatusMethodNotAllowed, "method_not_allowed", "the simulation can only be read")
		return
	}
	q := r.URL.Query()
	path := strings.Split(strings.TrimPrefix(r.URL.Path, "/v1/"), "/")
	is := func(pattern ...string) bool {
		return slices.EqualFunc(path, pattern, func(have, want string) bool { return want == "*" || have == want })
	}
	switch {
	case is("tokenInfo"):
		answer(w, http.StatusOK, object{"_userId": "5f1c0000000000000000aaaa", "scope": "fullaccess"})
	case is("flows"):
		page(w, r, []any{s.otherFlow(), s.flowObject()}, 1, "")
	case is("exports", celigoListener):
		answer(w, http.StatusOK, s.export())
	case is("imports", celigoImport):
		answer(w, http.StatusOK, s.importObject())
	case is("jobs") && (q.Get("type") == "flow" && q.Get("_flowId") == celigoFlow || q.Get("type") == "import" && q.Get("_importId") == celigoImport):
		from, to := moment(q.Get("createdAt_gte")), moment(q.Get("createdAt_lte"))
		var list []any
		for _, run := range s.runs {
			job := run.job(q.Get("type"))
			if created := moment(job["createdAt"].(string)); !created.Before(from) && !created.After(to) && len(list) < celigoPage {
				list = append(list, job)
			}
		}
		if len(list) == 0 {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		answer(w, http.StatusOK, list)
	case is("flows", celigoFlow, "jobs", "*", "logs"):
		i := slices.IndexFunc(s.runs, func(run *celigoRun) bool { return run.id == path[3] })
		if i < 0 {
			refuse(http.StatusNotFound, "not_found", "there is no such run")
			return
		}
		var list []any
		for _, e := range s.runs[i].entries {
			list = append(list, e)
		}
		page(w, r, list, 1000, "logs")
	case is("flows", celigoFlow, "*", "errors") || is("flows", celigoFlow, "*", "resolved"):
		from, to := moment(q.Get("occurredAt_gte")), moment(q.Get("occurredAt_lte"))
		list := []any{}
		for _, e := range s.errors {
			if path[2] == celigoImport && e.resolved == (path[3] == "resolved") && !e.at.Before(from) && !e.at.After(to) {
				list = append(list, e.body)
			}
		}
		page(w, r, list, celigoPage, "errors")
	default:
		refuse(http.StatusNotFound, "not_found", "the simulation has no "+r.URL.Path)
	}
}

// page answers a part of a list: under a key with the address of the next one, or
// bare with a Link header.
func page(w http.ResponseWriter, r *http.Request, list []any, size int, key string) {
	q := r.URL.Query()
	from := min(number(q.Get("skip"), 0), len(list))
	to := min(from+size, len(list))
	q.Set("skip", strconv.Itoa(to))
	next := r.URL.Path + "?" + q.Encode()
	switch {
	case key == "":
		if to < len(list) {
			w.Header().Set("Link", fmt.Sprintf("<http://%s%s>; rel=\"next\"", r.Host, next))
		}
		answer(w, http.StatusOK, list[from:to])
	case to < len(list):
		answer(w, http.StatusOK, object{key: list[from:to], "nextPageURL": next})
	default:
		answer(w, http.StatusOK, object{key: list[from:to]})
	}
}

func moment(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}
	}
	return t
}

// job is a run, or the import's part of it.
func (run *celigoRun) job(kind string) object {
	status, ended := "completed", any(at(run.ended))
	if run.unfinished {
		status, ended = "running", nil
	}
	j := object{"_id": run.id, "type": kind, "status": status, "numError": run.failed, "numSuccess": run.passed, "numIgnore": run.spared, "numPagesGenerated": 1, "numPagesProcessed": 1,
		"createdAt": at(run.began), "startedAt": at(run.began), "endedAt": ended, "lastModified": at(run.ended), "_flowId": celigoFlow}
	if kind == "import" {
		j["_id"], j["_flowJobId"], j["_importId"] = "7"+run.id[1:], run.id, celigoImport
		j["createdAt"] = at(run.began.Add(500 * time.Millisecond))
	} else {
		j["_exportId"] = celigoListener
	}
	return j
}

func (s *celigo) otherFlow() object {
	return object{"_id": celigoOther, "name": "Item sync", "disabled": false, "createdAt": "2026-02-03T10:00:00.000Z", "lastModified": "2026-02-03T10:00:00.000Z",
		"pageGenerators": []any{object{"_exportId": "66b1f0bb11c2d3e4f50617e0"}}, "pageProcessors": []any{object{"type": "import", "_importId": "66b1f0bb11c2d3e4f5061720"}}}
}

func (s *celigo) flowObject() object {
	return object{"_id": celigoFlow, "name": s.flow.Name, "disabled": s.flow.Enabled == record.No, "createdAt": "2026-02-03T10:00:00.000Z", "lastModified": null(s.flow.ChangedAt),
		"lastExecutedAt": null(s.flow.LastRunAt), "pageGenerators": []any{object{"_exportId": celigoListener, "skipRetries": false}},
		"pageProcessors": []any{object{"type": "import", "_importId": celigoImport, "proceedOnFailure": false}}}
}

func (s *celigo) export() object {
	x := object{"_id": celigoListener, "name": "Gift card events", "createdAt": null(s.made), "lastModified": null(s.made), "adaptorType": "FTPExport", "traceKeyTemplate": "{{record.id}}"}
	if s.listens {
		x["type"], x["adaptorType"], x["webhook"] = "webhook", "WebhookExport", object{"provider": "custom", "verify": "hmac", "key": "******", "algorithm": "sha256"}
	}
	return x
}

func (s *celigo) importObject() object {
	x := object{"_id": celigoImport, "name": "Post gift card transactions", "createdAt": "2026-02-03T10:00:00.000Z", "lastModified": null(s.flow.ChangedAt),
		"adaptorType": "NetSuiteDistributedImport", "distributed": true}
	if rules := sayings[s.flow.Filter]; rules != nil {
		x["filter"] = object{"type": "expression", "version": "1", "rules": rules, "expression": object{"version": "1", "rules": rules}}
	}
	return x
}

// settings is the rest of the integration's entry in connectors.yaml.
func (s *celigo) settings() string {
	logs := "yes"
	if !s.logs {
		logs = "no"
	}
	return fmt.Sprintf("    probe: celigo\n    auth: {token: %s}\n    settings: {flows: %s, trace_key: event, execution_logs: %q, retention_days: \"90\"}\n", celigoToken, celigoFlow, logs)
}
