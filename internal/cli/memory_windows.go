package cli

import (
	"syscall"
	"unsafe"
)

var (
	kernel             = syscall.NewLazyDLL("kernel32.dll")
	globalMemoryStatus = kernel.NewProc("GlobalMemoryStatusEx")
	processMemory      = kernel.NewProc("K32GetProcessMemoryInfo")
)

// machineMemory is how many bytes of memory the machine has, 0 where that is not
// known.
func machineMemory() int64 {
	var status struct { // MEMORYSTATUSEX
		length, load uint32
		physical     uint64
		_            [6]uint64
	}
	status.length = uint32(unsafe.Sizeof(status))
	if ok, _, _ := globalMemoryStatus.Call(uintptr(unsafe.Pointer(&status))); ok == 0 {
		return 0
	}
	return int64(status.physical)
}

// peakMemory is the most bytes of memory that this process has had, 0 where that
// is not known.
func peakMemory() int64 {
	var counters struct { // PROCESS_MEMORY_COUNTERS
		size, faults uint32
		peak         uintptr
		_            [7]uintptr
	}
	counters.size = uint32(unsafe.Sizeof(counters))
	self, err := syscall.GetCurrentProcess()
	if err != nil {
		return 0
	}
	if ok, _, _ := processMemory.Call(uintptr(self), uintptr(unsafe.Pointer(&counters)), uintptr(counters.size)); ok == 0 {
		return 0
	}
	return int64(counters.peak)
}
