package server

import (
	"bytes"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// threadUsage is the processor time of the calling thread, the loop's.
func threadUsage() (u unix.Rusage, ok bool) {
	return u, unix.Getrusage(unix.RUSAGE_THREAD, &u) == nil
}

// residentMemory is the process's resident memory in bytes, 0 if unknown.
func residentMemory() uint64 {
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	fields := bytes.Fields(data)
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.ParseUint(string(fields[1]), 10, 64) // 0 if malformed
	return pages * uint64(os.Getpagesize())
}

// systemMemory is the machine's memory in bytes.
func systemMemory() uint64 {
	var info unix.Sysinfo_t
	if unix.Sysinfo(&info) != nil {
		return 0
	}
	return uint64(info.Totalram) * uint64(info.Unit)
}
