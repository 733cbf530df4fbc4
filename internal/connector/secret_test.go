package connector

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zalando/go-keyring"
)

func TestResolve(t *testing.T) {
	keyring.MockInit()
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("token", "hush from a file\n")
	write("empty", "\n")
	write("huge", strings.Repeat("x", secretSize+1))
	t.Setenv("GCDIAG_TEST_TOKEN", "hush from the environment")
	t.Setenv("GCDIAG_TEST_EMPTY", "")
	if err := keyring.Set("gcdiag", "shop", "hush from the keychain"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ story, text, want string }{
		{"variable", "${env:GCDIAG_TEST_TOKEN}", "hush from the environment"},
		{"variable not set", "${env:GCDIAG_TEST_NONE}", ""},
		{"variable empty", "${env:GCDIAG_TEST_EMPTY}", ""},
		{"file beside the configuration", "${file:token}", "hush from a file"},
		{"file anywhere", "${file:" + filepath.Join(dir, "token") + "}", "hush from a file"},
		{"no file", "${file:none}", ""},
		{"folder", "${file:.}", ""},
		{"empty file", "${file:empty}", ""},
		{"huge file", "${file:huge}", ""},
		{"keychain", "${keychain:shop}", "hush from the keychain"},
		{"not in the keychain", "${keychain:none}", ""},
	} {
		ref, err := ParseReference(c.text, dir, Options{})
		if err != nil {
			t.Fatalf("%s: %v", c.story, err)
		}
		got, err := ref.Resolve(t.Context(), Options{})
		if got.Reveal() != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s: %q, %v", c.story, got.Reveal(), err)
		}
		if err != nil && !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: the error does not name the reference: %v", c.story, err)
		}
		if ref.Command() || ref.Literal() || ref.String() != c.text {
			t.Errorf("%s: %v", c.story, ref)
		}
	}
}

func TestKeychainWaitsForContext(t *testing.T) {
	keyring.MockInitWithError(context.DeadlineExceeded)
	defer keyring.MockInit()
	ref, _ := ParseReference("${keychain:shop}", "", Options{})
	if _, err := ref.Resolve(t.Context(), Options{}); err == nil {
		t.Error("a broken keychain gives nothing")
	}
}

func TestCommands(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Log("the commands of this table are those of a Unix system")
		return
	}
	permit := Options{AllowCommands: true}
	for _, c := range []struct{ story, command, want string }{
		{"words", `printf %s hush`, "hush"},
		{"line end", `echo hush`, "hush"},
		{"quotes", `printf %s "hush  now" `, "hush  now"},
		{"empty argument", `printf %s%s '' hush`, "hush"},
		{"shell", `printf hush | tr h H`, "HusH"},
		{"variable set in front", `X=1 printf hush`, "hush"},
		{"fails", `sh -c "echo hush-out; echo hush-err >&2; exit 3"`, ""},
		{"says nothing", `true`, ""},
		{"no such command", `gcdiag-no-such-command hush`, ""},
		{"open quote", `printf "hush`, ""},
		{"talks too much", `head -c 70000 /dev/zero`, ""},
	} {
		ref, err := ParseReference("${cmd:"+c.command+"}", t.TempDir(), Options{})
		if err != nil {
			t.Fatalf("%s: %v", c.story, err)
		}
		if !ref.Command() || strings.Contains(ref.String(), "hush") {
			t.Errorf("%s: prints as %v", c.story, ref)
		}
		if _, err := ref.Resolve(t.Context(), Options{}); !errors.Is(err, ErrNotPermitted) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: without permission: %v", c.story, err)
		}
		got, err := ref.Resolve(t.Context(), permit)
		if got.Reveal() != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s: %q, %v", c.story, got.Reveal(), err)
		}
		if err != nil && strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: the error tells a secret: %v", c.story, err)
		}
	}
}

func TestCommandsStop(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Log("the command of this test is one of a Unix system")
		return
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	ref, _ := ParseReference("${cmd:sleep 60}", "", Options{})
	begin := time.Now()
	if _, err := ref.Resolve(ctx, Options{AllowCommands: true}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
	if time.Since(begin) > 20*time.Second {
		t.Error("the command went on")
	}
}

func TestWords(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Log("the rules of this table are those of a Unix system")
		return
	}
	for command, want := range map[string][]string{
		`op read op://vault/item/field`: {"op", "read", "op://vault/item/field"},
		`a  "b c"	'd "e"' f"g"h`:        {"a", "b c", `d "e"`, "fgh"},
		`pass show x | head -1`:         {"/bin/sh", "-c", "pass show x | head -1"},
		`echo $HOME`:                    {"/bin/sh", "-c", "echo $HOME"},
	} {
		if got, err := words(command); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v", command, got, err)
		}
	}
}

func TestReferencesThatAreNone(t *testing.T) {
	for _, text := range []string{"", "hush", "${env:}", "${env: }", "${hush}", "${enw:X}", "${env:X} hush", "hush ${env:X}", "${env:${X}}", "${env:X", "$${env:X}"} {
		_, err := ParseReference(text, "", Options{})
		if err == nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("%q: %v", text, err)
		}
	}
	for _, text := range []string{"${env:}", "${enw:X}", "${env:X} hush", "${env:X"} {
		if _, err := ParseReference(text, "", Options{AllowLiteralSecrets: true}); err == nil {
			t.Errorf("%q is a broken reference, not a literal", text)
		}
	}
}
