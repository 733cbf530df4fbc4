// Package probes holds the vendor packs that gcdiag ships, as data.
package probes

import "embed"

// FS holds the packs, by role. Their examples are not part of the program.
//
//go:embed */*.yaml
var FS embed.FS
