package wizard

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/term"

	"gcdiag/internal/answers"
	"gcdiag/internal/casefile"
	"gcdiag/internal/connector"
	"gcdiag/internal/render"
	"gcdiag/internal/report"
	"gcdiag/internal/wording"
)

// plain asks the wizard's questions line by line: nothing moves, nothing is
// drawn over, and every answer is a line.
type plain struct {
	ctx    context.Context
	o      Options
	in     *bufio.Reader
	u      ui
	engine Engine
	m      *model // holds what the pages' own code needs; it is never drawn
	out    Outcome
}

// errLeave says that the person left, or that there is no more input.
var errLeave = errors.New("left")

func runPlain(ctx context.Context, o Options) (Outcome, error) {
	p := &plain{ctx: ctx, o: o, in: bufio.NewReader(o.In), u: ui{w: 79, h: 1 << 20, st: plainStyles(), ascii: o.ASCII}, engine: o.Engine}
	p.m = &model{ctx: ctx, o: o, engine: o.Engine, screen: &screen{w: io.Discard}, st: p.u.st}
	err := p.begin()
	if errors.Is(err, errLeave) {
		err = nil
	}
	return p.out, err
}

// say writes lines of text, wrapped and harmless.
func (p *plain) say(format string, a ...any) {
	for _, l := range p.u.wrap(fmt.Sprintf(format, a...), 78) {
		p.line(l)
	}
}

func (p *plain) line(s string) {
	if p.o.ASCII {
		s = kin.Replace(s)
	}
	fmt.Fprintln(p.o.Out, s)
}

// read is the next line of input. When ctx ends, it does not wait for it.
func (p *plain) read() (string, error) {
	type got struct {
		line string
		err  error
	}
	c := make(chan got, 1)
	go func() {
		line, err := p.in.ReadString('\n')
		c <- got{line, err}
	}()
	select {
	case <-p.ctx.Done():
		return "", p.ctx.Err()
	case g := <-c:
		if g.err != nil && g.line == "" {
			return "", errLeave
		}
		return strings.TrimSpace(g.line), nil
	}
}

// ask is one question with a line for an answer; an empty line takes the default.
func (p *plain) ask(question, usual string) (string, error) {
	text := p.u.clean(question)
	if usual != "" {
		text += " [" + p.u.clean(usual) + "]"
	}
	fmt.Fprint(p.o.Out, text+": ")
	answer, err := p.read()
	if err == nil && answer == "" {
		answer = usual
	}
	return answer, err
}

func (p *plain) yes(question string) (bool, error) {
	for {
		a, err := p.ask(question+" (y or n)", "")
		switch {
		case err != nil:
			return false, err
		case strings.HasPrefix(strings.ToLower(a), "y"):
			return true, nil
		case strings.HasPrefix(strings.ToLower(a), "n"):
			return false, nil
		}
		p.say("Please answer y or n.")
	}
}

// choose is a numbered list to choose from; q leaves. A word instead of a number
// chooses the only entry that holds it, or lists those that do.
func (p *plain) choose(question string, list []string) (int, error) {
	shown := make([]int, len(list))
	for i := range shown {
		shown[i] = i
	}
	for {
		p.say("%s", question)
		for _, i := range shown {
			for k, l := range p.u.wrap(list[i], 72) {
				if k == 0 {
					p.line(fmt.Sprintf("%4d  %s", i+1, l))
				} else {
					p.line("      " + l)
				}
			}
		}
		a, err := p.ask("Number, part of a name, or q to leave", "")
		if err != nil {
			return 0, err
		}
		if a == "q" {
			return 0, errLeave
		}
		if n, err := strconv.Atoi(a); err == nil && n >= 1 && n <= len(list) {
			return n - 1, nil
		}
		f := filter{text: a}
		var hits []int
		for i, s := range list {
			if a != "" && f.takes(s) {
				hits = append(hits, i)
			}
		}
		switch len(hits) {
		case 0:
			p.say("There is no such answer.")
		case 1:
			return hits[0], nil
		default:
			shown = hits
		}
	}
}

// fill asks the rows of a form; again is called after each, because an answer
// may call for other rows.
func (p *plain) fill(f *form, again func()) error {
	asked := map[string]bool{}
	for {
		i := slices.IndexFunc(f.rows, func(r formRow) bool { return !asked[r.Name] })
		if i < 0 {
			return nil
		}
		f.at = i
		r := &f.rows[i]
		asked[r.Name] = true
		if r.Description != "" {
			p.say("%s", r.Description)
		}
		for {
			var a string
			var err error
			switch {
			case r.Secret:
				a, err = p.secret(r.label)
			case len(r.Choices) > 0:
				var n int
				if n, err = p.choose(r.label, r.Choices); err == nil {
					a = r.Choices[n]
				}
			default:
				label := r.label
				if r.Example != "" && r.value() == "" {
					label += " (for example " + r.Example + ")"
				}
				a, err = p.ask(strings.TrimSpace(label), r.value())
			}
			if err != nil {
				return err
			}
			hidden := r.text.hidden
			r.text = newField(a)
			r.text.hidden = hidden
			if w := r.wrong(); w != "" {
				p.say("That can't be: %s.", w)
				continue
			}
			break
		}
		if again != nil {
			again()
		}
	}
}

// secret reads a line without showing it, where the input is a terminal.
func (p *plain) secret(label string) (string, error) {
	f, ok := p.o.In.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return p.ask(strings.TrimSpace(label), "")
	}
	fmt.Fprint(p.o.Out, strings.TrimSpace(label)+" (not shown): ")
	b, err := term.ReadPassword(int(f.Fd()))
	fmt.Fprintln(p.o.Out)
	if err != nil {
		return "", fmt.Errorf("reading the secret: %w", err)
	}
	return string(b), nil
}

// complain says an error and what to do about it.
func (p *plain) complain(err error) {
	what, hint := explain(err)
	p.say("Error: %s", what)
	if hint != "" {
		p.say("%s", hint)
	}
}

func (p *plain) begin() error {
	if p.o.Document != nil {
		p.m.show(*p.o.Document, source{command: "gcdiag report show " + quote(p.o.Path), path: p.o.Path})
		return p.result()
	}
	if p.o.Yes && len(p.o.Connectors) > 0 {
		cfg, err := p.engine.Load(p.o.Connectors[0])
		if err != nil {
			return err
		}
		return p.run(cfg, "gcdiag check --connectors "+quote(cfg.Name), nil)
	}
	if p.o.Folder != "" {
		return p.folder(p.o.Folder)
	}
	p.say("gcdiag finds out at which of four steps the handoff of gift card events from shop to ERP breaks. It only reads.")
	ways := newStart(p.m).ways
	var list []string
	for _, w := range ways {
		list = append(list, strings.TrimSuffix(w.name+": "+w.about, ": "))
	}
	for {
		n, err := p.choose("What is there to look at?", list)
		if err != nil {
			return err
		}
		if w := ways[n]; w.path != "" {
			cfg, err := p.engine.Load(w.path)
			if err != nil {
				p.complain(err)
				continue
			}
			return p.run(cfg, "gcdiag check --connectors "+quote(w.path), nil)
		}
		switch ways[n].name {
		case "Export files":
			err = p.folder("")
		case "Live systems":
			err = p.systems()
		case "Answer by hand":
			err = p.byHand()
		default:
			err = p.demo()
		}
		if err == nil || errors.Is(err, errLeave) || p.ctx.Err() != nil {
			return err
		}
		p.complain(err)
	}
}

func (p *plain) demo() error {
	all := p.engine.Scenarios()
	var list []string
	for _, s := range all {
		list = append(list, s.Name+": "+s.About)
	}
	n, err := p.choose("Which month?", list)
	if err != nil {
		return err
	}
	cfg, err := p.engine.Demo(p.ctx, all[n].Name)
	if err != nil {
		return err
	}
	return p.run(cfg, "gcdiag demo "+quote(all[n].Name)+" --files", nil)
}

// survey has a folder looked at and lets the guesses be corrected.
func (p *plain) survey(folder string) (*Survey, error) {
	var err error
	if folder == "" {
		if folder, err = p.ask("Folder of the export files", "."); err != nil {
			return nil, err
		}
	}
	if rest, ok := strings.CutPrefix(folder, "~/"); ok {
		folder = p.o.Getenv("HOME") + "/" + rest
	}
	s, err := p.engine.Survey(p.ctx, folder)
	if err != nil {
		return nil, err
	}
	if len(s.Files) == 0 {
		return nil, fmt.Errorf("no file in %s can be used; %s", s.Folder, strings.Join(s.Unused, "; "))
	}
	for {
		list := []string{"Go on with these"}
		for i := range s.Files {
			e := &s.Files[i]
			text := fmt.Sprintf("%s: %s of the %s", e.Name, e.Record, roleText(e.Role))
			if !e.Use {
				text += ", not used"
			} else if n := e.open(); n > 0 {
				text += ", " + wording.Count(n) + " to decide"
			}
			list = append(list, text)
		}
		for _, x := range s.Unused {
			p.say("Not used: %s", x)
		}
		n, err := p.choose("What the files hold; a number corrects one:", list)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			return &s, nil
		}
		if err := p.columns(&s.Files[n-1]); err != nil {
			return nil, err
		}
	}
}

// columns lets one file's guesses be corrected.
func (p *plain) columns(e *Export) error {
	c := newColumns(nil, e)
	for {
		use := "Leave this file out"
		if !e.Use {
			use = "Use this file"
		}
		list := []string{"Done", use}
		for i := range c.lines() {
			name, v := "", c.value(i)
			switch n := len(c.fields()); {
			case i == 0:
				name = "holds"
			case i == 1:
				name = "of the"
			case i < 2+n:
				name = c.fields()[i-2]
			default:
				w := e.Words[i-2-n]
				name = w.Column + " \"" + w.Word + "\" means"
			}
			if v == "" {
				v = "nothing"
			}
			list = append(list, name+": "+v)
		}
		n, err := p.choose(e.Name, list)
		switch {
		case err != nil:
			return err
		case n == 0:
			return nil
		case n == 1:
			e.Use = !e.Use
			continue
		}
		c.at.at = n - 2
		options, about := c.options(c.at.at)
		var shown []string
		for i, o := range options {
			if o == "" {
				o = "nothing"
			}
			shown = append(shown, strings.TrimSuffix(o+": "+about[i], ": "))
		}
		k, err := p.choose(list[n], shown)
		if err != nil {
			return err
		}
		c.take(options[k])
	}
}

func (p *plain) folder(folder string) error {
	s, err := p.survey(folder)
	if err != nil {
		return err
	}
	return p.settle(s, nil, nil)
}

// settle asks the basics, shows and saves the configuration and runs it.
func (p *plain) settle(s *Survey, live *connector.Config, sheet *answers.Sheet) error {
	for {
		b := newBasics(p.m, s, live, sheet)
		if err := p.fill(&b.form, nil); err != nil {
			return err
		}
		cfg, notes, err := b.settle(p.ctx, p.engine)
		if err != nil {
			p.complain(err)
			continue
		}
		for _, n := range notes {
			p.say("Guessed: %s", n)
		}
		text, err := p.engine.Format(cfg)
		if err != nil {
			return err
		}
		for l := range strings.Lines(string(text)) {
			p.line(p.u.clean(strings.TrimSuffix(l, "\n")))
		}
		return p.keep(cfg, sheet)
	}
}

func (p *plain) keep(cfg *connector.Config, sheet *answers.Sheet) error {
	save, err := p.yes("Save this as " + cfg.Name + "?")
	if err != nil {
		return err
	}
	command := ""
	if save {
		err := p.engine.Write(cfg, false)
		if exists(err) {
			replace, err := p.yes(cfg.Name + " exists. Replace it?")
			if err != nil {
				return err
			}
			if save = replace; save {
				if err := p.engine.Write(cfg, true); err != nil {
					return err
				}
			}
		} else if err != nil {
			return err
		}
		if save {
			p.out.Saved = append(p.out.Saved, cfg.Name)
			command = "gcdiag check --connectors " + quote(cfg.Name)
		}
	}
	return p.run(cfg, command, sheet)
}

func (p *plain) systems() error {
	s := newSystems(p.m)
	for i, role := range roles {
		k := newPacks(p.m, s, i)
		var list []string
		for _, n := range k.shown {
			if n >= 0 {
				list = append(list, k.packs[n].Title+": "+k.packs[n].About)
			} else {
				list = append(list, otherWays[n][0]+": "+otherWays[n][1])
			}
		}
		n, err := p.choose(k.title(p.m), list)
		if err != nil {
			return err
		}
		switch n := k.shown[n]; n {
		case -1:
			survey, err := p.survey("")
			if err != nil {
				return err
			}
			s.files(role, *survey)
		case -2:
			s.set(i, part{how: "hand"})
		case -3:
			s.set(i, part{how: "none"})
		default:
			if err := p.connect(s, i, k.packs[n]); err != nil {
				return err
			}
		}
	}
	plan, err := s.plan()
	if err != nil {
		return err
	}
	if plan.cfg == nil && plan.survey == nil {
		return p.byHand()
	}
	if plan.sheet != nil {
		if err := p.questions(plan.sheet); err != nil {
			return err
		}
	}
	return p.settle(plan.survey, plan.cfg, plan.sheet)
}

// connect sets up one live system and tests it until that is enough.
func (p *plain) connect(s *systemsPage, i int, pack Pack) error {
	for {
		f := newSettings(p.m, s, i, pack)
		if err := p.fill(&f.form, f.rebuild); err != nil {
			return err
		}
		k, secrets, err := f.connector()
		for _, name := range slices.Sorted(maps.Keys(secrets)) {
			if err == nil {
				err = p.engine.Keep(p.ctx, name, secrets[name])
			}
		}
		if err != nil {
			p.complain(err)
			continue
		}
		test := true
		for _, ref := range k.Auth {
			if ref.Command() {
				if test, err = p.yes("The secret comes from a command. Run it to test the connection?"); err != nil {
					return err
				}
			}
		}
		x := part{how: "live", connector: k, pack: &pack}
		failing := false
		if test {
			cfg := &connector.Config{Name: "connectors.yaml", Policy: connector.DefaultPolicy(), Connectors: []connector.Connector{k}}
			x.checks, x.tested = p.engine.Test(p.ctx, cfg, k), true
			for _, c := range x.checks {
				p.say("%s: %s. %s", c.Status, c.Name, c.Detail)
				if c.Status == "fail" {
					failing = true
					p.say("%s", c.Hint)
				}
			}
		}
		s.set(i, x)
		if !failing {
			return nil
		}
		again, err := p.yes("Change the settings?")
		if err != nil || !again {
			return err
		}
	}
}

func (p *plain) byHand() error {
	n := newNames(p.m)
	if err := p.fill(&n.form, nil); err != nil {
		return err
	}
	sheet := sheetNamed(n.form.value("platform"), n.form.value("integration"), n.form.value("erp"), n.form.value("accounts"))
	began := p.o.Now()
	if err := p.questions(sheet); err != nil {
		return err
	}
	d := sheetDocument(p.o, sheet, began)
	p.m.show(d, source{judged: onlyTold{d}})
	return p.result()
}

func (p *plain) questions(s *answers.Sheet) error {
	for i := 0; i < len(s.Questions()); i++ {
		q := s.Questions()[i]
		p.say("")
		p.say("Question %s. %s", numbered(i, len(s.Questions())), q.Ask)
		var list []string
		for _, c := range q.Choices {
			list = append(list, c.Text)
		}
		n, err := p.choose("Where to look: "+q.Where, list)
		if err != nil {
			return err
		}
		note, err := p.ask("A note in their words, or nothing", "")
		if err != nil {
			return err
		}
		s.Given[q.Cell] = answers.Answer{Choice: q.Choices[n].Key, Note: note}
	}
	return nil
}

// run reads and judges, and tells how far it is, a line an input.
func (p *plain) run(cfg *connector.Config, command string, sheet *answers.Sheet) error {
	var allowed GatherOptions
	for _, k := range cfg.Connectors {
		for _, ref := range k.Auth {
			if ref.Command() && !allowed.Commands {
				ok, err := p.yes("The configuration fetches secrets with commands (" + ref.String() + "). Run them?")
				if err != nil {
					return err
				}
				if !ok {
					return errLeave
				}
				allowed.Commands = true
			}
		}
	}
	c, err := p.gather(cfg, allowed)
	if err != nil {
		return err
	}
	touched := map[int]bool{}
	for i := range c.Systems {
		for _, r := range c.Systems[i].Reads {
			if r.State == casefile.Unread || r.State == casefile.Truncated {
				p.say("Not read: %s, %s: %s", c.Systems[i].Name, r.Record, r.Why)
				for _, step := range stepsOf(c.Systems[i].Role) {
					touched[step] = true
				}
			}
		}
	}
	if len(touched) > 0 && sheet == nil && p.ctx.Err() == nil {
		n, err := p.choose("What now?", []string{"Go on without", "Retry", "Answer by hand what these records would have told"})
		switch {
		case err != nil:
			return err
		case n == 1:
			return p.run(cfg, command, nil)
		case n == 2:
			sheet = sheetOf(p.m, cfg, slices.Sorted(maps.Keys(touched)))
			if err := p.questions(sheet); err != nil {
				return err
			}
		}
	}
	p.say("Judging %s.", wording.Plural(c.Movements.Len(), "event"))
	j, err := p.engine.Judge(p.ctx, c)
	if err != nil {
		return err
	}
	if sheet != nil {
		j = answered{j, sheet}
	}
	p.m.show(j.Document(Shown{AllEvents: true}), source{command: command, judged: j})
	return p.result()
}

func (p *plain) gather(cfg *connector.Config, o GatherOptions) (*casefile.Case, error) {
	b := &board{}
	told := map[string]bool{}
	tell := func() {
		lines, _ := b.look()
		for _, l := range lines {
			once := func(key, text string) {
				if !told[key] {
					told[key] = true
					p.say("%s", text)
				}
			}
			name := l.System + ", " + l.Record
			once(name+l.Input, "Reading "+name+" "+l.Input)
			if l.Failed != "" {
				once(name+l.Input+"failed", "Failed: "+name+": "+l.Failed)
			}
			if l.WaitUntil.After(p.o.Now()) {
				once(name+l.WaitUntil.String(), "Waiting "+wording.Elapsed(l.WaitUntil.Sub(p.o.Now()))+": "+l.Reason)
			}
		}
	}
	type result struct {
		c   *casefile.Case
		err error
	}
	done := make(chan result, 1)
	go func() {
		c, err := p.engine.Gather(p.ctx, cfg, o, b.put)
		done <- result{c, err}
	}()
	ticker := time.NewTicker(200 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case r := <-done:
			tell()
			return r.c, r.err
		case <-ticker.C:
			tell()
		}
	}
}

// result shows the report and shares it.
func (p *plain) result() error {
	d := &p.m.book.d
	p.out.Document = d
	if err := render.Text(p.o.Out, *d, render.Options{ASCII: p.o.ASCII}); err != nil {
		return err
	}
	if err := p.ctx.Err(); err != nil {
		return err
	}
	s := newSave(p.m)
	for {
		list := []string{"Follow one event", "Read the verdict again", "Show the summary", "Show the replay list"}
		if p.m.source.command != "" {
			list = append(list, "Show the command that does the same")
		}
		files := 0
		for _, e := range s.entries {
			if e.format != "" {
				files++
				list = append(list, "Save as "+e.what)
			}
		}
		n, err := p.choose("What next?", list)
		if err != nil {
			return err
		}
		switch {
		case n == 0:
			err = p.follow()
		case n == 1:
			err = render.Text(p.o.Out, *d, render.Options{ASCII: p.o.ASCII})
		case n == 2:
			p.text(summary(d))
		case n == 3:
			p.text(replayList(d))
		case n < len(list)-files:
			p.line(p.u.clean(p.m.source.command))
		default:
			err = p.save(s.entries[n-(len(list)-files)])
		}
		if err != nil {
			if errors.Is(err, errLeave) || p.ctx.Err() != nil {
				return err
			}
			p.complain(err)
		}
	}
}

func (p *plain) text(s string) {
	for l := range strings.Lines(s) {
		p.line(p.u.clean(untabbed(l)))
	}
}

func (p *plain) follow() error {
	id, err := p.ask("Id of the event", "")
	if err != nil || id == "" {
		return err
	}
	t := p.m.book.traceOf(id)
	if t == nil {
		return fmt.Errorf("this report does not hold the event %q", id)
	}
	return render.Trace(p.o.Out, []report.Trace{*t}, render.Options{ASCII: p.o.ASCII, Verbose: true})
}

func (p *plain) save(e entry) error {
	path, err := p.ask("File", e.path)
	if err != nil {
		return err
	}
	d := p.m.book.d
	if j := p.m.source.judged; j != nil {
		d = j.Document(Shown{})
	}
	err = p.engine.Save(path, e.format, d, false)
	if exists(err) {
		replace, err := p.yes(path + " exists. Replace it?")
		if err != nil || !replace {
			return err
		}
		if err := p.engine.Save(path, e.format, d, true); err != nil {
			return err
		}
	} else if err != nil {
		return err
	}
	p.out.Saved = append(p.out.Saved, path)
	p.say("Saved as %s.", path)
	return nil
}
