//go:build linux && !race

package main

import (
	"slices"
	"strings"
	"testing"
)

// The server has the allocator that the configuration asks for, is the process that was
// started, and does not hand it down.
func TestAllocator(t *testing.T) {
	installed := slices.ContainsFunc(jemallocs, exists)
	for _, tc := range []struct {
		choice   string
		jemalloc bool
	}{
		{"libc", false}, {"auto", installed},
	} {
		p := launch(t, t.TempDir(), "hz 17\n", "-", "--port", "0", "--unixsocket", "s", "--module-allocator", tc.choice)
		p.waitFor("Ready to accept")
		memory := askAt(t, "unix", p.cmd.Dir+"/s", "INFO", "memory")
		if got := strings.Contains(memory, "+jemalloc\r\n"); got != tc.jemalloc {
			t.Errorf("%s: jemalloc is %v in\n%s", tc.choice, got, memory)
		}
		if got := askAt(t, "unix", p.cmd.Dir+"/s", "CONFIG", "GET", "hz"); !strings.Contains(got, "17") {
			t.Errorf("%s: standard input was lost: %q", tc.choice, got)
		}
	}
	if !installed {
		t.Log("SKIPPED: jemalloc is not installed")
	}
}
