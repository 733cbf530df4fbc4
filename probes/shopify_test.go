package probes

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	nethttp "net/http"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"gcdiag/internal/probe"
	"gcdiag/internal/record"
	"gcdiag/internal/redact"
	"gcdiag/internal/source/http"
)

func shopify(t *testing.T) *probe.Pack {
	t.Helper()
	for _, p := range packs(t) {
		if p.Name == "shopify" {
			return p
		}
	}
	t.Fatal("there is no pack shopify")
	return nil
}

// --- what the run says of itself ---

// shopifyExample is an example answer, as far as these tests need it.
type shopifyExample struct {
	Request struct {
		Path string `json:"path"`
		Body struct {
			Variables map[string]any `json:"variables"`
		} `json:"body"`
	} `json:"request"`
	Body struct {
		Data   map[string]any `json:"data"`
		Errors any            `json:"errors"`
	} `json:"body"`
	file string
}

func shopifyExamples(t *testing.T, pattern ...string) []*shopifyExample {
	t.Helper()
	var out []*shopifyExample
	for _, p := range pattern {
		files, err := filepath.Glob(filepath.Join("testdata", p, "*.json"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no examples in %s: %v", p, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var list []*shopifyExample
			d := json.NewDecoder(bytes.NewReader(text))
			d.UseNumber()
			if err := d.Decode(&list); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			for i, e := range list {
				e.file = fmt.Sprintf("%s[%d]", file, i)
			}
			out = append(out, list...)
		}
	}
	return out
}

// answers reports whether an example answers a query with some variables.
func (e *shopifyExample) answers(path string, variables map[string]any) bool {
	if e.Request.Path != path {
		return false
	}
	for k, v := range e.Request.Body.Variables {
		if fmt.Sprint(variables[k]) != fmt.Sprint(v) {
			return false
		}
	}
	return true
}

// pullShopify reads the examples, changed, and returns what is said of the
// movements.
func pullShopify(t *testing.T, pack *probe.Pack, examples []*shopifyExample, settings, secrets map[string]string, change func(query string, data map[string]any)) http.Pulled {
	t.Helper()
	server := httptest.NewServer(nethttp.HandlerFunc(func(w nethttp.ResponseWriter, r *nethttp.Request) {
		if r.URL.Path == "/admin/oauth/access_token" {
			if r.FormValue("grant_type") != "client_credentials" || r.FormValue("client_id") != secrets["client_id"] || r.FormValue("client_secret") != secrets["client_secret"] {
				t.Errorf("it logs in with %v", r.Form)
			}
			fmt.Fprint(w, `{"access_token": "shpat_0123456789", "scope": "read_gift_cards,read_orders", "expires_in": 86399}`)
			return
		}
		if got := r.Header.Get("X-Shopify-Access-Token"); got != "shpat_0123456789" {
			t.Errorf("it asks with the token %q", got)
		}
		var asked struct {
			Query     string         `json:"query"`
			Variables map[string]any `json:"variables"`
		}
		d := json.NewDecoder(r.Body)
		d.UseNumber()
		if err := d.Decode(&asked); err != nil {
			t.Error(err)
		}
		for _, e := range examples {
			if !e.answers(r.URL.Path, asked.Variables) {
				continue
			}
			text, _ := json.Marshal(e.Body.Data)
			var data map[string]any
			json.Unmarshal(text, &data)
			change(asked.Query, data)
			json.NewEncoder(w).Encode(map[string]any{"data": data})
			return
		}
		t.Errorf("no example answers %v", asked.Variables)
	}))
	defer server.Close()
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	day := func(s string) time.Time { d, _ := time.Parse(time.RFC3339, s); return d }
	r, err := http.Pull(t.Context(), http.Spec{Name: "shop", Pack: pack, URL: server.URL, Settings: settings, Folder: t.TempDir(), Zone: zone, Currency: "USD",
		Since: day("2026-10-25T00:00:00Z"), Until: day("2026-11-24T00:00:00Z"), AsOf: day("2026-11-24T00:00:00Z"),
		Secret: func(_ context.Context, name string) (redact.Secret, bool, error) {
			v, ok := secrets[name]
			return redact.NewSecret(v), ok, nil
		},
		Clock: http.Clock{Now: time.Now, Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }}})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range r.Pulled {
		if len(p.Failed) > 0 || len(p.Rejects) > 0 {
			t.Errorf("%s fall short: %v %v", p.Record, p.Failed, p.Rejects)
		}
		if p.Record == record.Movements {
			return p
		}
	}
	t.Fatal("no movements")
	return http.Pulled{}
}

// each calls f with every object below v that has a key.
func each(v any, key string, f func(map[string]any)) {
	switch v := v.(type) {
	case map[string]any:
		if _, there := v[key]; there {
			f(v)
		}
		for _, k := range slices.Sorted(maps.Keys(v)) {
			each(v[k], key, f)
		}
	case []any:
		for _, x := range v {
			each(x, key, f)
		}
	}
}

// TestShopifyTellsWhatIsMissing changes the examples as Shopify might, and wants
// the movements to be called incomplete, and why.
func TestShopifyTellsWhatIsMissing(t *testing.T) {
	pack := shopify(t)
	current := map[string]string{"api_version": "2026-10", "store_credit": "companies"}
	older := map[string]string{"api_version": "2026-04", "cards": "recent", "order_reference": "id"}
	noScope := func(_ string, data map[string]any) {
		each(data, "handle", func(o map[string]any) {
			if o["handle"] == "read_all_orders" {
				o["handle"] = "read_products"
			}
		})
	}
	cards := func(f func(card map[string]any)) func(string, map[string]any) {
		return func(_ string, data map[string]any) { each(data, "initialValue", f) }
	}
	hidden := cards(func(card map[string]any) {
		page := card["transactions"].(map[string]any)
		page["nodes"] = slices.DeleteFunc(page["nodes"].([]any), func(x any) bool {
			return x.(map[string]any)["__typename"] == "GiftCardCashOutTransaction"
		})
	})
	for name, c := range map[string]struct {
		folder   string
		settings map[string]string
		change   func(query string, data map[string]any)
		want     string // "": nothing is missing
	}{
		"nothing":               {"shopify/answers", current, func(string, map[string]any) {}, ""},
		"nothing, recent cards": {"shopify@older/answers", older, func(string, map[string]any) {}, ""},
		"a cash-out is hidden":  {"shopify/answers", current, hidden, "the transactions of 1 cards do not add up"},
		"old orders are hidden": {"shopify/answers", current, noScope, "2 transactions of cards belong to no order that is shown"},
		"orders can't be found": {"shopify/answers", current, func(_ string, data map[string]any) { none(data, "orders") }, "debits of cards could be tied to an order"},
		"receipts name no card": {"shopify/answers", current, func(_ string, data map[string]any) {
			each(data, "receiptJson", func(o map[string]any) { o["receiptJson"] = "{}" })
		}, "do not name it"},
		"a change leaves no trace": {"shopify@older/answers", older, cards(func(card map[string]any) { card["updatedAt"] = card["createdAt"] }), "newer than their time of change"},
		"no card shows what changes": {"shopify@older/answers", older, cards(func(card map[string]any) {
			if !strings.HasPrefix(card["updatedAt"].(string), "2023") { // which ends the list
				card["updatedAt"] = "2026-11-23T23:00:00Z"
			}
		}), "nothing shows that a transaction changes"},
	} {
		t.Run(name, func(t *testing.T) {
			p := pullShopify(t, pack, shopifyExamples(t, c.folder), c.settings, map[string]string{"token": "shpat_0123456789"}, c.change)
			if c.want == "" && p.Partial != "" || !strings.Contains(p.Partial, c.want) {
				t.Errorf("it says %q and should say %q", p.Partial, c.want)
			}
		})
	}
}

// TestShopifyLogsIn reads with an app's client id and secret.
func TestShopifyLogsIn(t *testing.T) {
	p := pullShopify(t, shopify(t), shopifyExamples(t, "shopify/answers"), map[string]string{"store_credit": "companies"},
		map[string]string{"client_id": "0a1b2c3d4e5f", "client_secret": "shpss_+&=%"}, func(string, map[string]any) {})
	if p.Rows == 0 || p.Partial != "" {
		t.Errorf("%d movements were read; %s", p.Rows, p.Partial)
	}
}

// none empties a list of an answer.
func none(data map[string]any, key string) {
	if list, ok := data[key].(map[string]any); ok {
		list["nodes"], list["pageInfo"] = []any{}, map[string]any{"hasNextPage": false, "endCursor": nil}
	}
}

// --- the vendor's published schemas ---

// shopifySchema is one version of the Admin API.
type shopifySchema struct {
	version string
	schema  *ast.Schema
	scopes  map[string][]string // "Type" or "Type.field" → any of these is needed
}

// shopifySchemas loads the schemas in the folder that GCDIAG_SHOPIFY_SCHEMAS
// names; probes/shopify_schemas.sh fetches them. Without them the test is
// skipped, but not where everything must be checked.
func shopifySchemas(t *testing.T) []*shopifySchema {
	t.Helper()
	folder := os.Getenv("GCDIAG_SHOPIFY_SCHEMAS")
	if folder == "" {
		why := "GCDIAG_SHOPIFY_SCHEMAS names no folder with Shopify's schemas; probes/shopify_schemas.sh fetches them"
		if os.Getenv("CI") != "" || os.Getenv("GCDIAG_REQUIRE_SCHEMAS") != "" {
			t.Fatal(why)
		}
		t.Skip(why)
	}
	files, err := filepath.Glob(filepath.Join(folder, "admin_*.json.gz"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s holds no schemas: %v", folder, err)
	}
	var out []*shopifySchema
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		var doc struct {
			Data struct {
				Schema introspection `json:"__schema"`
			} `json:"data"`
			Scopes struct {
				Items []struct {
					Type   string   `json:"type"`
					On     string   `json:"typeName"`
					Field  string   `json:"fieldName"`
					Scopes []string `json:"offlineScopes"`
				} `json:"items"`
			} `json:"offline_scopes"`
		}
		if err := json.NewDecoder(z).Decode(&doc); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		f.Close()
		s := &shopifySchema{version: strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), "admin_"), ".json.gz"), scopes: map[string][]string{}}
		s.schema, err = gqlparser.LoadSchema(&ast.Source{Name: file, Input: doc.Data.Schema.sdl()})
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, i := range doc.Scopes.Items {
			key := i.On
			if i.Type == "field" {
				key += "." + i.Field
			}
			if len(i.Scopes) > 0 {
				s.scopes[key] = i.Scopes
			}
		}
		if len(s.scopes) == 0 {
			t.Fatalf("%s: it tells no scopes", file)
		}
		out = append(out, s)
	}
	return out
}

type introspection struct {
	Query    struct{ Name string } `json:"queryType"`
	Mutation struct{ Name string } `json:"mutationType"`
	Types    []struct {
		Kind, Name                string
		Fields                    []introspected
		InputFields               []introspected `json:"inputFields"`
		Interfaces, PossibleTypes []typeRef
		EnumValues                []struct{ Name string } `json:"enumValues"`
	}
}

type introspected struct {
	Name    string
	Type    typeRef
	Args    []introspected
	Default *string `json:"defaultValue"`
}

type typeRef struct {
	Kind, Name string
	Of         *typeRef `json:"ofType"`
}

func (r typeRef) String() string {
	switch r.Kind {
	case "NON_NULL":
		return r.Of.String() + "!"
	case "LIST":
		return "[" + r.Of.String() + "]"
	}
	return r.Name
}

// sdl writes an introspected schema in the schema language.
func (s introspection) sdl() string {
	var b strings.Builder
	fmt.Fprintf(&b, "schema { query: %s mutation: %s }\n", s.Query.Name, s.Mutation.Name)
	names := func(list []typeRef, between string) string {
		var out []string
		for _, r := range list {
			out = append(out, r.Name)
		}
		return strings.Join(out, between)
	}
	var field func(introspected) string
	field = func(f introspected) string {
		text := f.Name
		if len(f.Args) > 0 {
			var args []string
			for _, a := range f.Args {
				args = append(args, field(a))
			}
			text += "(" + strings.Join(args, ", ") + ")"
		}
		text += ": " + f.Type.String()
		if f.Default != nil {
			text += " = " + *f.Default
		}
		return text
	}
	fields := func(list []introspected) string {
		var out strings.Builder
		for _, f := range list {
			out.WriteString("  " + field(f) + "\n")
		}
		return out.String()
	}
	for _, t := range s.Types {
		if strings.HasPrefix(t.Name, "__") || slices.Contains([]string{"String", "Int", "Float", "Boolean", "ID"}, t.Name) {
			continue
		}
		implements := ""
		if len(t.Interfaces) > 0 {
			implements = " implements " + names(t.Interfaces, " & ")
		}
		switch t.Kind {
		case "SCALAR":
			fmt.Fprintf(&b, "scalar %s\n", t.Name)
		case "OBJECT":
			fmt.Fprintf(&b, "type %s%s {\n%s}\n", t.Name, implements, fields(t.Fields))
		case "INTERFACE":
			fmt.Fprintf(&b, "interface %s%s {\n%s}\n", t.Name, implements, fields(t.Fields))
		case "INPUT_OBJECT":
			fmt.Fprintf(&b, "input %s {\n%s}\n", t.Name, fields(t.InputFields))
		case "UNION":
			fmt.Fprintf(&b, "union %s = %s\n", t.Name, names(t.PossibleTypes, " | "))
		case "ENUM":
			fmt.Fprintf(&b, "enum %s {", t.Name)
			for _, v := range t.EnumValues {
				b.WriteString(" " + v.Name)
			}
			b.WriteString(" }\n")
		}
	}
	return b.String()
}

// askedIn are the pack's queries that are made where a version is asked for, by
// the name of their call.
func askedIn(t *testing.T, p *probe.Pack, version string) map[string]string {
	t.Helper()
	all, out := p.GraphQL(), map[string]string{}
	v := probe.Vars{Settings: map[string]any{"api_version": version, "store_credit": "companies", "cards": "recent", "order_reference": "name"}}
	var add func([]*probe.Call)
	add = func(calls []*probe.Call) {
		for _, c := range calls {
			out[c.Name] = all[c.Name]
			add(c.Children)
		}
	}
	for _, c := range p.Calls {
		if c.When != nil {
			yes, err := c.When.True(t.Context(), nil, &v)
			if err != nil {
				t.Fatalf("%s: %v", c.Name, err)
			}
			if !yes {
				continue
			}
		}
		add([]*probe.Call{c})
	}
	out["doctor"] = all["doctor"]
	return out
}

// TestShopifySchemas holds the pack's queries, scopes and examples against the
// vendor's published schema of every version.
func TestShopifySchemas(t *testing.T) {
	pack := shopify(t)
	made, needed, versions := map[string]bool{}, map[string]bool{}, []string{}
	queries := map[string]map[string]*ast.QueryDocument{}
	schemas := map[string]*shopifySchema{}
	for _, s := range shopifySchemas(t) {
		if s.version != "unstable" {
			versions = append(versions, s.version)
		}
		schemas[s.version], queries[s.version] = s, map[string]*ast.QueryDocument{}
		for name, text := range askedIn(t, pack, s.version) {
			doc, errs := gqlparser.LoadQueryWithRules(s.schema, text, rules.NewDefaultRules())
			if errs != nil {
				t.Errorf("%s, version %s: %v", name, s.version, errs)
				continue
			}
			made[name] = true
			queries[s.version][name] = doc
			for what, any := range s.needs(doc.Operations[0].SelectionSet) {
				i := slices.IndexFunc(any, func(x string) bool {
					return slices.ContainsFunc(pack.Scopes, func(have probe.Scope) bool { return have.Name == x })
				})
				if i < 0 {
					t.Errorf("%s, version %s: %s needs one of %v, and the pack names none", name, s.version, what, any)
					continue
				}
				needed[any[i]] = true
			}
		}
	}
	for name := range pack.GraphQL() {
		if !made[name] {
			t.Errorf("%s is made in no version", name)
		}
	}
	slices.Sort(versions)
	if !slices.Equal(versions, pack.API.Known) {
		t.Errorf("the pack knows the versions %v, and the schemas are of %v", pack.API.Known, versions)
	}
	for _, s := range pack.Scopes {
		// The schema does not say that older orders need more.
		if !needed[s.Name] && s.Name != "read_all_orders" {
			t.Errorf("no query needs the scope %s", s.Name)
		}
	}

	var answered []string
	for _, e := range shopifyExamples(t, "shopify/answers", "shopify/empty", "shopify@older/answers", "shopify@older/empty") {
		version := strings.Split(e.Request.Path, "/")[3]
		s := schemas[version]
		if s == nil {
			t.Errorf("%s: there is no schema of %s", e.file, version)
			continue
		}
		// The query is not told: it is the one whose answer it can be.
		best := ""
		for _, name := range slices.Sorted(maps.Keys(queries[version])) {
			wrong := s.wrong(queries[version][name].Operations[0].SelectionSet, s.schema.Query, any(e.Body.Data), "data")
			if wrong == "" {
				answered, best = append(answered, name), ""
				break
			}
			// The farther it fits, the likelier it is the one that is meant.
			if len(strings.SplitN(wrong, ":", 2)[0]) > len(strings.SplitN(best, ":", 2)[0]) {
				best = wrong
			}
		}
		if best != "" {
			t.Errorf("%s: it can be the answer of no query: %s", e.file, best)
		}
	}
	for name := range pack.GraphQL() {
		// The doctor's answer is not among the examples; others share their query.
		if name != "doctor" && !slices.ContainsFunc(answered, func(a string) bool {
			return pack.GraphQL()[a] == pack.GraphQL()[name] || sameShape(pack.GraphQL()[a], pack.GraphQL()[name])
		}) {
			t.Errorf("no example answers %s", name)
		}
	}
}

// sameShape reports whether two queries differ in the number of items alone.
func sameShape(a, b string) bool {
	number := regexp.MustCompile(`first: \d+`)
	norm := func(s string) string {
		return strings.Join(strings.Fields(number.ReplaceAllString(s, "first")), " ")
	}
	return norm(a) == norm(b)
}

// needs are the scopes that a selection needs, by what needs them: any of a list.
func (s *shopifySchema) needs(set ast.SelectionSet) map[string][]string {
	out := map[string][]string{}
	var walk func(ast.SelectionSet)
	of := func(key string) {
		if list := s.scopes[key]; list != nil {
			out[key] = list
		}
	}
	walk = func(set ast.SelectionSet) {
		for _, x := range set {
			switch x := x.(type) {
			case *ast.Field:
				of(x.ObjectDefinition.Name + "." + x.Name)
				of(x.Definition.Type.Name())
				walk(x.SelectionSet)
			case *ast.InlineFragment:
				of(x.TypeCondition)
				walk(x.SelectionSet)
			}
		}
	}
	walk(set)
	return out
}

// wrong is the first way in which a value can't be the answer to a selection, or
// "". It begins with the place.
func (s *shopifySchema) wrong(set ast.SelectionSet, def *ast.Definition, value any, at string) string {
	object, ok := value.(map[string]any)
	if !ok {
		return at + ": no object"
	}
	if possible := s.schema.GetPossibleTypes(def); def.Kind != ast.Object {
		i := slices.IndexFunc(possible, func(d *ast.Definition) bool { return d.Name == object["__typename"] || len(possible) == 1 })
		if i < 0 {
			return fmt.Sprintf("%s: %v is no %s", at, object["__typename"], def.Name)
		}
		def = possible[i]
	}
	fields := map[string]*ast.Field{}
	var collect func(ast.SelectionSet)
	collect = func(set ast.SelectionSet) {
		for _, x := range set {
			switch x := x.(type) {
			case *ast.Field:
				fields[x.Alias] = x
			case *ast.InlineFragment:
				if x.TypeCondition == def.Name || slices.ContainsFunc(s.schema.GetImplements(def), func(d *ast.Definition) bool { return d.Name == x.TypeCondition }) {
					collect(x.SelectionSet)
				}
			}
		}
	}
	collect(set)
	for _, k := range slices.Sorted(maps.Keys(object)) {
		if fields[k] == nil {
			return fmt.Sprintf("%s.%s: nobody asked for it", at, k)
		}
	}
	for _, k := range slices.Sorted(maps.Keys(fields)) {
		v, there := object[k]
		if !there {
			return fmt.Sprintf("%s.%s: it is missing", at, k)
		}
		if w := s.wrongValue(fields[k], fields[k].Definition.Type, def, v, at+"."+k); w != "" {
			return w
		}
	}
	return ""
}

func (s *shopifySchema) wrongValue(f *ast.Field, t *ast.Type, on *ast.Definition, v any, at string) string {
	if v == nil {
		if t.NonNull {
			return at + ": it is never null"
		}
		return ""
	}
	if t.Elem != nil {
		list, ok := v.([]any)
		if !ok {
			return at + ": no list"
		}
		for i, x := range list {
			if w := s.wrongValue(f, t.Elem, on, x, fmt.Sprintf("%s[%d]", at, i)); w != "" {
				return w
			}
		}
		return ""
	}
	def := s.schema.Types[t.NamedType]
	text, isText := v.(string)
	good := false
	switch {
	case def.IsCompositeType():
		return s.wrong(f.SelectionSet, def, v, at)
	case def.Kind == ast.Enum:
		good = isText && def.EnumValues.ForName(text) != nil
	case def.Name == "Boolean":
		_, good = v.(bool)
	case def.Name == "Int":
		n, ok := v.(json.Number)
		_, err := n.Int64()
		good = ok && err == nil
	case def.Name == "ID":
		good = isText && regexp.MustCompile(`^gid://shopify/`+on.Name+`/\d+$`).MatchString(text)
	case def.Name == "DateTime":
		_, err := time.Parse(time.RFC3339, text)
		good = isText && err == nil && strings.HasSuffix(text, "Z")
	case def.Name == "Date":
		_, err := time.Parse(time.DateOnly, text)
		good = isText && err == nil
	case def.Name == "Decimal":
		good = isText && regexp.MustCompile(`^-?\d+\.\d+$`).MatchString(text)
	case def.Name == "JSON":
		good = isText && json.Valid([]byte(text))
	default:
		good = isText
	}
	if !good {
		return fmt.Sprintf("%s: %v is no %s", at, v, def.Name)
	}
	return ""
}
