//go:build !linux && !darwin && !windows

package cli

// machineMemory is 0: what the machine has is not known.
func machineMemory() int64 { return 0 }

// peakMemory is 0: it is not known.
func peakMemory() int64 { return 0 }
