package render

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"gcdiag/internal/connector"
	"gcdiag/internal/diagnosis"
	"gcdiag/internal/gather"
	"gcdiag/internal/report"
	"gcdiag/internal/sandbox"
)

func TestZZReal(t *testing.T) {
	dirs, _ := filepath.Glob("../cases/testdata/*/connectors.yaml")
	tmp := t.TempDir()
	for _, s := range sandbox.Scenarios() {
		dir := filepath.Join(tmp, "sandbox-"+s.Name)
		if _, err := sandbox.Write(dir, s, 1, sandbox.Options{}); err != nil {
			t.Error(err)
			continue
		}
		dirs = append(dirs, filepath.Join(dir, "connectors.yaml"))
	}
	for _, p := range dirs {
		cfg, err := connector.Load(p, connector.Options{})
		if err != nil {
			t.Error(err)
			continue
		}
		c, err := gather.Run(context.Background(), cfg, gather.Options{})
		if err != nil {
			t.Error(err)
			continue
		}
		d := report.New(diagnosis.Of(c), report.Options{Redact: true, Key: []byte("k")})
		var b bytes.Buffer
		report.Encode(&b, d)
		os.WriteFile("/tmp/real/"+filepath.Base(filepath.Dir(p))+".json", b.Bytes(), 0o600)
	}
}
