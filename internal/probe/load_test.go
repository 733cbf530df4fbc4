package probe

import (
	"os"
	"path/filepath"
	"testing"
)

func TestShippedPacksLoad(t *testing.T) {
	packs, err := LoadFS(os.DirFS(filepath.Join("..", "..", "probes")))
	if err != nil {
		t.Fatal(err)
	}
	if len(packs) == 0 {
		t.Fatal("no packs")
	}
}
