package probe

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"bytes"

	"gopkg.in/yaml.v3"

	"gcdiag/internal/connector"
	"gcdiag/internal/record"
)

// Error is one mistake in a pack.
type Error struct {
	File   string
	Line   int // 1-based; 0 where not known
	Reason string
	Advice string
}

func (e *Error) Error() string {
	if e.Line > 0 {
		return fmt.Sprintf("%s: line %d: %s", e.File, e.Line, e.Reason)
	}
	return e.File + ": " + e.Reason
}

// Hint is what to do about the mistake, or "".
func (e *Error) Hint() string { return e.Advice }

// The leaves of a pack's YAML, with the lines they stand in.
type (
	word struct {
		text string
		line int
	}
	exprSource word
	textSource word
)

func scalar(n *yaml.Node, what string) (word, error) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n.Kind != yaml.ScalarNode {
		return word{}, &yaml.TypeError{Errors: []string{fmt.Sprintf("line %d: %s", n.Line, what)}}
	}
	line := n.Line
	if n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		line++
	}
	return word{n.Value, line}, nil
}

func (w *word) UnmarshalYAML(n *yaml.Node) (err error) {
	*w, err = scalar(n, "a single value is needed here")
	return err
}

func (e *exprSource) UnmarshalYAML(n *yaml.Node) error {
	w, err := scalar(n, "a jq expression is needed here; put it in quotes or below a |")
	*e = exprSource(w)
	return err
}

func (t *textSource) UnmarshalYAML(n *yaml.Node) error {
	w, err := scalar(n, "a text is needed here")
	*t = textSource(w)
	return err
}

// perType holds one thing for each record type that has it.
type perType[T any] struct {
	Movements     *T `yaml:"movements"`
	Cards         *T `yaml:"cards"`
	Orders        *T `yaml:"orders"`
	Subscriptions *T `yaml:"subscriptions"`
	Deliveries    *T `yaml:"deliveries"`
	Flows         *T `yaml:"flows"`
	Postings      *T `yaml:"postings"`
	Rules         *T `yaml:"rules"`
	Exceptions    *T `yaml:"exceptions"`
}

func (p *perType[T]) each(f func(record.Type, *T)) {
	for i, v := range []*T{p.Movements, p.Cards, p.Orders, p.Subscriptions, p.Deliveries, p.Flows, p.Postings, p.Rules, p.Exceptions} {
		if v != nil {
			f(record.Movements+record.Type(i), v)
		}
	}
}

type (
	document struct {
		Pack     word   `yaml:"pack"`
		Format   int    `yaml:"format"`
		Title    string `yaml:"title"`
		Role     word   `yaml:"role"`
		About    string `yaml:"about"`
		API      apiDoc `yaml:"api"`
		URL      *textSource
		Example  string            `yaml:"url_example"`
		Settings []settingDoc      `yaml:"settings"`
		Auth     []authDoc         `yaml:"auth"`
		Limits   limitsDoc         `yaml:"limits"`
		Feeds    []feedDoc         `yaml:"feeds"`
		Scopes   []scopeDoc        `yaml:"scopes"`
		Doctor   *doctorDoc        `yaml:"doctor"`
		Screens  map[string]string `yaml:"screens"`
		Notes    []string          `yaml:"notes"`

		FreeText   []string            `yaml:"free_text"`
		Embedded   []string            `yaml:"embedded"`
		OnlyUnder  map[string][]string `yaml:"only_under"`
		Keep       []textSource        `yaml:"keep"`
		Attributes []string            `yaml:"attributes"`

		JQ      exprSource         `yaml:"jq"`
		Records perType[recordDoc] `yaml:"records"`
		Calls   []callDoc          `yaml:"calls"`
	}
	apiDoc struct {
		Name    string      `yaml:"name"`
		Version *textSource `yaml:"version"`
		Known   []string    `yaml:"known"`
		Docs    []string    `yaml:"docs"`
	}
	settingDoc struct {
		Name        word     `yaml:"name"`
		Description string   `yaml:"description"`
		Example     string   `yaml:"example"`
		Default     string   `yaml:"default"`
		Optional    bool     `yaml:"optional"`
		Pattern     word     `yaml:"pattern"`
		Choices     []string `yaml:"choices"`
	}
	authDoc struct {
		Name     word                  `yaml:"name"`
		Title    string                `yaml:"title"`
		Type     word                  `yaml:"type"`
		Secrets  []secretDoc           `yaml:"secrets"`
		Header   *textSource           `yaml:"header"`
		Value    *textSource           `yaml:"value"`
		Realm    *textSource           `yaml:"realm"`
		TokenURL *textSource           `yaml:"token_url"`
		Scope    *textSource           `yaml:"scope"`
		Audience *textSource           `yaml:"audience"`
		Form     map[string]textSource `yaml:"form"`
		Basic    bool                  `yaml:"basic"`
		Login    *requestDoc           `yaml:"login"`
		Logout   *requestDoc           `yaml:"logout"`
		Session  *exprSource           `yaml:"session"`
		Wrap     *exprSource           `yaml:"wrap"`
		Refused  *exprSource           `yaml:"refused"`
	}
	secretDoc struct {
		Name        word   `yaml:"name"`
		Description string `yaml:"description"`
		Example     string `yaml:"example"`
		Public      bool   `yaml:"public"`
	}
	limitsDoc struct {
		Concurrency int           `yaml:"concurrency"`
		PerSecond   float64       `yaml:"per_second"`
		Timeout     time.Duration `yaml:"timeout"`
		Pages       int           `yaml:"pages"`
		Bytes       int64         `yaml:"bytes"`
		Time        time.Duration `yaml:"time"`
		Wait        *exprSource   `yaml:"wait"`
		Retry       *exprSource   `yaml:"retry"`
	}
	feedDoc struct {
		Kind   word   `yaml:"kind"`
		Origin string `yaml:"origin"`
		Via    word   `yaml:"via"`
		Why    string `yaml:"why"`
	}
	scopeDoc struct {
		Name     string      `yaml:"name"`
		Records  []word      `yaml:"records"`
		Where    string      `yaml:"where"`
		When     *exprSource `yaml:"when"`
		Optional string      `yaml:"optional"`
	}
	doctorDoc struct {
		Request *requestDoc `yaml:"request"`
		Refused *exprSource `yaml:"refused"`
		Version *exprSource `yaml:"version"`
		Scopes  *exprSource `yaml:"scopes"`
		Who     *exprSource `yaml:"who"`
	}
	recordDoc struct {
		Retention *textSource `yaml:"retention"`
		Silence   word        `yaml:"silence"`
		Partial   *exprSource `yaml:"partial"`
		About     string      `yaml:"about"`
	}
	callDoc struct {
		Name     word                `yaml:"name"`
		About    string              `yaml:"about"`
		When     *exprSource         `yaml:"when"`
		Else     string              `yaml:"else"`
		Request  *requestDoc         `yaml:"request"`
		Refused  *exprSource         `yaml:"refused"`
		Items    *exprSource         `yaml:"items"`
		Paging   pagingDoc           `yaml:"paging"`
		Until    *exprSource         `yaml:"until"`
		Total    *exprSource         `yaml:"total"`
		Map      perType[exprSource] `yaml:"map"`
		Lookup   *lookupDoc          `yaml:"lookup"`
		Children []callDoc           `yaml:"children"`
		Cap      int                 `yaml:"cap"`
		Optional string              `yaml:"optional"`
	}
	requestDoc struct {
		Method  word                  `yaml:"method"`
		Path    *textSource           `yaml:"path"`
		Query   *exprSource           `yaml:"query"`
		Headers map[string]textSource `yaml:"headers"`
		Body    *exprSource           `yaml:"body"`
		GraphQL word                  `yaml:"graphql"`
		Vars    *exprSource           `yaml:"variables"`
		Reads   string                `yaml:"reads"`
		Changes string                `yaml:"changes"`
	}
	pagingDoc struct {
		By    word        `yaml:"by"`
		Size  int         `yaml:"size"`
		First *int        `yaml:"first"`
		Next  *exprSource `yaml:"next"`
		Start *exprSource `yaml:"start"`
		More  *exprSource `yaml:"more"`
	}
	lookupDoc struct {
		Name  word        `yaml:"name"`
		Key   *exprSource `yaml:"key"`
		Value *exprSource `yaml:"value"`
	}
)

// Files finds the packs in a file system by their names, which are those of their
// files: NAME.yaml, in folders named testdata none. Two files of one name are an
// error.
func Files(fsys fs.FS) (map[string]string, error) {
	files := map[string]string{}
	var errs []error
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if d.Name() == "testdata" {
				return fs.SkipDir
			}
			return nil
		}
		if base, ok := strings.CutSuffix(path.Base(name), ".yaml"); ok {
			if files[base] != "" {
				errs = append(errs, &Error{File: name, Reason: fmt.Sprintf("the pack %q stands in %s, too", base, files[base]), Advice: "give it a name of its own"})
				return nil
			}
			files[base] = name
		}
		return nil
	})
	return files, errors.Join(append(errs, err)...)
}

// LoadFS loads packs of a file system: those that are wanted, or all where want is
// nil. Packs that have mistakes are left out; the error joins all mistakes.
func LoadFS(fsys fs.FS, want func(name string) bool) ([]*Pack, error) {
	files, err := Files(fsys)
	errs := []error{err}
	var packs []*Pack
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if want != nil && !want(name) {
			continue
		}
		text, err := fs.ReadFile(fsys, files[name])
		if err != nil {
			errs = append(errs, err)
			continue
		}
		p, err := Load(files[name], text)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		packs = append(packs, p)
	}
	return packs, errors.Join(errs...)
}

// Load reads and compiles one pack, whose file has its name. The error joins every
// mistake in it, each an *Error.
func Load(file string, text []byte) (*Pack, error) {
	var doc document
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(&doc); err != nil {
		return nil, errors.Join(rewritten(file, err)...)
	}
	if err := d.Decode(new(any)); err != io.EOF {
		return nil, &Error{File: file, Reason: "there is a second document in the file", Advice: "one file holds one pack"}
	}
	l := &loader{file: file, pack: &Pack{File: file, mentioned: map[string]bool{}, Records: map[record.Type]*Record{}}}
	l.load(&doc)
	if len(l.errs) > 0 {
		slices.SortStableFunc(l.errs, func(a, b error) int { return a.(*Error).Line - b.(*Error).Line })
		return nil, errors.Join(l.errs...)
	}
	return l.pack, nil
}

var (
	unknownField = regexp.MustCompile(`^line (\d+): field (.+) not found in type probe\.(\S+)$`)
	wrongType    = regexp.MustCompile("^line (\\d+): cannot unmarshal (?:!!\\w+ )?(?:`(.*)` )?into (.+)$")
	lineError    = regexp.MustCompile(`^(?:yaml: )?line (\d+): (.*)$`)
)

// rewritten is what the YAML library reports, in words for people.
func rewritten(file string, err error) []error {
	list := []string{strings.TrimPrefix(err.Error(), "yaml: ")}
	var te *yaml.TypeError
	if errors.As(err, &te) {
		list = te.Errors
	}
	var out []error
	for _, s := range list {
		e := &Error{File: file, Reason: s}
		if m := lineError.FindStringSubmatch(s); m != nil {
			fmt.Sscan(m[1], &e.Line)
			e.Reason = m[2]
		}
		if m := unknownField.FindStringSubmatch(s); m != nil {
			e.Reason = fmt.Sprintf("unknown key %q", m[2])
			if near := connector.Nearest(m[2], keysOf(m[3])); near != "" {
				e.Reason += fmt.Sprintf(" (did you mean %q?)", near)
			} else if keys := keysOf(m[3]); len(keys) > 0 {
				e.Advice = "the keys are " + strings.Join(keys, ", ")
			}
		} else if m := wrongType.FindStringSubmatch(s); m != nil {
			e.Reason = "this is not what belongs here"
			switch {
			case strings.Contains(m[3], "Duration"):
				e.Reason, e.Advice = fmt.Sprintf("%q is not a duration", m[2]), "write 30s, 5m or 1h"
			case strings.Contains(m[3], "int"), strings.Contains(m[3], "float"):
				e.Reason = fmt.Sprintf("%q is not a number", m[2])
			case strings.Contains(m[3], "bool"):
				e.Reason, e.Advice = fmt.Sprintf("%q is not a yes or no", m[2]), "write true or false"
			case strings.HasPrefix(m[3], "[]"):
				e.Advice = "a list belongs here"
			case strings.HasPrefix(m[3], "probe."), strings.HasPrefix(m[3], "map["):
				e.Advice = "a mapping of keys to values belongs here"
			}
		}
		out = append(out, e)
	}
	return out
}

// keysOf lists the YAML keys of one of the document's types.
func keysOf(name string) []string {
	for _, t := range []reflect.Type{reflect.TypeFor[document](), reflect.TypeFor[apiDoc](), reflect.TypeFor[settingDoc](), reflect.TypeFor[authDoc](), reflect.TypeFor[secretDoc](),
		reflect.TypeFor[limitsDoc](), reflect.TypeFor[feedDoc](), reflect.TypeFor[scopeDoc](), reflect.TypeFor[doctorDoc](), reflect.TypeFor[recordDoc](), reflect.TypeFor[callDoc](),
		reflect.TypeFor[requestDoc](), reflect.TypeFor[pagingDoc](), reflect.TypeFor[lookupDoc](), reflect.TypeFor[perType[exprSource]](), reflect.TypeFor[perType[recordDoc]]()} {
		if t.Name() != name && !strings.HasPrefix(name, "perType[") || strings.HasPrefix(name, "perType[") && !strings.HasPrefix(t.Name(), "perType[") {
			continue
		}
		var keys []string
		for i := range t.NumField() {
			key := t.Field(i).Tag.Get("yaml")
			if key == "" {
				key = strings.ToLower(t.Field(i).Name)
			}
			keys = append(keys, key)
		}
		return keys
	}
	return nil
}
