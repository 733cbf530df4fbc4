package connector

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
	"unicode"

	"github.com/zalando/go-keyring"

	"gcdiag/internal/redact"
)

// Reference says where a secret is kept. It is resolved only when the secret is
// needed. The zero value refers to nothing.
type Reference struct {
	scheme string // env, file, keychain, cmd; "" for a literal
	name   string // what follows the scheme
	base   string // folder that a relative file starts from
	secret redact.Secret
}

// schemes are the ways to refer to a secret.
var schemes = []string{"env", "file", "keychain", "cmd"}

// keychainService is the service under which ${keychain:NAME} looks up NAME.
const keychainService = "gcdiag"

// Limits of resolving: what a command or a file may answer, and how long a
// command may take. People may have to unlock their password manager first.
const (
	secretSize  = 64 << 10
	commandTime = 2 * time.Minute
)

// Errors of references; errors.Is finds them.
var (
	ErrLiteralSecret = errors.New("a secret must not stand in the file")
	ErrNotPermitted  = errors.New("commands are not permitted")
)

// ParseReference reads ${env:NAME}, ${file:PATH}, ${keychain:NAME} or
// ${cmd:COMMAND}. Anything else is a literal secret: an error unless the options
// allow it. Relative paths start from the folder base. No error repeats the text.
func ParseReference(text, base string, o Options) (Reference, error) {
	inner, opened := strings.CutPrefix(text, "${")
	inner, closed := strings.CutSuffix(inner, "}")
	switch {
	case text == "":
		return Reference{}, errors.New("the secret is empty")
	case opened && closed && !strings.Contains(inner, "${"):
		scheme, name, _ := strings.Cut(inner, ":")
		known := false
		for _, s := range schemes {
			known = known || s == scheme
		}
		if !known {
			return Reference{}, hinted{errors.New("a reference starts with ${env:, ${file:, ${keychain: or ${cmd:" + meant(scheme, schemes)), "write ${env:NAME} for an environment variable"}
		}
		if name = strings.TrimSpace(name); name == "" {
			return Reference{}, fmt.Errorf("the reference ${%s:} names nothing", scheme)
		}
		if strings.ContainsFunc(name, unicode.IsControl) {
			return Reference{}, errors.New("the reference holds control characters")
		}
		return Reference{scheme: scheme, name: name, base: base}, nil
	case strings.Contains(text, "${"):
		return Reference{}, errors.New("a reference to a secret must be the whole value, ${…} and nothing beside it")
	case !o.AllowLiteralSecrets:
		return Reference{}, hinted{ErrLiteralSecret, "keep it elsewhere and refer to it: ${env:NAME}, ${file:PATH}, ${keychain:NAME} or ${cmd:COMMAND}; or permit it with --allow-literal-secrets"}
	}
	return Reference{secret: redact.NewSecret(text)}, nil
}

// Literal reports whether the secret itself stood in the file.
func (r Reference) Literal() bool { return r.scheme == "" }

// Command reports whether resolving runs a command.
func (r Reference) Command() bool { return r.scheme == "cmd" }

// String is the reference as written, with dots in place of a literal secret
// and of a command's arguments.
func (r Reference) String() string {
	switch r.scheme {
	case "":
		return r.secret.String()
	case "cmd":
		return "${cmd:" + program(r.name) + " …}"
	}
	return "${" + r.scheme + ":" + r.name + "}"
}

// Format prints what String says, for every verb.
func (r Reference) Format(f fmt.State, _ rune) { io.WriteString(f, r.String()) }

// Resolve fetches the secret, without the line end after it. It runs a command
// only where the options allow it, for two minutes at most, and stops waiting
// when ctx ends. No error repeats what a command, file or variable held.
func (r Reference) Resolve(ctx context.Context, o Options) (redact.Secret, error) {
	var text string
	var err error
	switch r.scheme {
	case "":
		return r.secret, nil
	case "env":
		text, err = fromEnv(r.name)
	case "file":
		text, err = fromFile(r.path())
	case "keychain":
		text, err = fromKeychain(ctx, r.name)
	case "cmd":
		if !o.AllowCommands {
			return redact.Secret{}, hinted{fmt.Errorf("%s: %w", r, ErrNotPermitted), "permit them with --allow-commands, if you trust this connectors.yaml"}
		}
		text, err = fromCommand(ctx, r.name)
	}
	if err != nil {
		return redact.Secret{}, fmt.Errorf("%s: %w", r, err)
	}
	text = strings.TrimRight(text, "\r\n")
	if text == "" {
		return redact.Secret{}, fmt.Errorf("%s: it is empty", r)
	}
	return redact.NewSecret(text), nil
}

func (r Reference) path() string {
	if filepath.IsAbs(r.name) {
		return r.name
	}
	return filepath.Join(r.base, r.name)
}

func fromEnv(name string) (string, error) {
	v, ok := os.LookupEnv(name)
	if !ok {
		return "", errors.New("the environment variable is not set")
	}
	return v, nil
}

func fromFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, secretSize+1))
	if err != nil {
		return "", err
	}
	if len(b) > secretSize {
		return "", errors.New("the file is too large for a secret")
	}
	return string(b), nil
}

func fromKeychain(ctx context.Context, name string) (string, error) {
	type answer struct {
		text string
		err  error
	}
	got := make(chan answer, 1)
	go func() {
		text, err := keyring.Get(keychainService, name)
		got <- answer{text, err}
	}()
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case a := <-got:
		if errors.Is(a.err, keyring.ErrNotFound) {
			return "", hinted{errors.New("the keychain has no such entry"), fmt.Sprintf("store it under the service %q and the account %q", keychainService, name)}
		}
		if a.err != nil {
			return "", fmt.Errorf("the keychain can't be read: %w", a.err)
		}
		return a.text, nil
	}
}

// Keep stores a secret in the user's keychain, where ${keychain:NAME} finds it.
func Keep(name, secret string) error {
	if err := keyring.Set(keychainService, name, secret); err != nil {
		return hinted{fmt.Errorf("the keychain can't be used: %w", err), "keep the secret in the environment, a file or a password manager's command"}
	}
	return nil
}

func fromCommand(ctx context.Context, command string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, commandTime)
	defer cancel()
	args, err := words(command)
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.WaitDelay = 2 * time.Second
	out := &limited{left: secretSize}
	cmd.Stdout = out
	err = cmd.Run()
	switch {
	case ctx.Err() != nil:
		return "", fmt.Errorf("the command was stopped: %w", ctx.Err())
	case out.left < 0:
		return "", errors.New("the command's answer is too long for a secret")
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, os.ErrNotExist):
		return "", errors.New("there is no such command")
	case err != nil:
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return "", fmt.Errorf("the command failed: %s", exit.ProcessState)
		}
		return "", errors.New("the command could not be run")
	}
	return out.kept.String(), nil
}

// limited keeps what a command writes, up to a size, and swallows the rest.
type limited struct {
	kept bytes.Buffer
	left int
}

func (l *limited) Write(p []byte) (int, error) {
	if l.left -= len(p); l.left >= 0 {
		l.kept.Write(p)
	}
	return len(p), nil
}

// words splits a command at blanks, quotes respected. A command that asks for
// more than that (a pipe, a variable, a pattern) is left to the shell.
func words(command string) ([]string, error) {
	if runtime.GOOS == "windows" {
		if strings.ContainsAny(command, "|&<>^%") {
			return []string{"cmd", "/c", command}, nil
		}
	} else if first, _, _ := strings.Cut(command, " "); strings.Contains(first, "=") || strings.ContainsAny(command, "|&;<>()$`\\*?[]{}~#\n") {
		return []string{"/bin/sh", "-c", command}, nil
	}
	var args []string
	var word strings.Builder
	quote, open := rune(0), false
	for _, c := range command {
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(c)
		case c == '"' || c == '\'':
			quote, open = c, true
		case c == ' ' || c == '\t':
			if open {
				args = append(args, word.String())
				word.Reset()
				open = false
			}
		default:
			word.WriteRune(c)
			open = true
		}
	}
	if quote != 0 {
		return nil, errors.New("a quote in the command is not closed")
	}
	if open {
		args = append(args, word.String())
	}
	if len(args) == 0 || args[0] == "" {
		return nil, errors.New("there is no command")
	}
	return args, nil
}

// program is the command without its arguments, which may hold secrets.
func program(command string) string {
	name, _, _ := strings.Cut(command, " ")
	if strings.Contains(name, "=") { // a variable set for the command
		return "…"
	}
	return name
}
