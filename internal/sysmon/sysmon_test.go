//go:build linux && (amd64 || arm64)

package sysmon

import (
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestSlow looks at what the kernel says of the thread, where that may be read, and
// that signals go on as before.
func TestSlow(t *testing.T) {
	if os.Getenv("SYSMON_TEST") == "" {
		// The test's process has had all sorts of threads.
		cmd := exec.Command(os.Args[0], "-test.run=^TestSlow$", "-test.v")
		cmd.Env = append(os.Environ(), "SYSMON_TEST=1")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		t.Logf("%s", out)
		return
	}
	var before, after sigaction
	if err := action(nil, &before); err != nil {
		t.Fatal(err)
	}
	if err := Slow(123 * time.Microsecond); err != nil {
		t.Fatal(err)
	}
	if err := action(nil, &after); err != nil {
		t.Fatal(err)
	}
	if before != after {
		t.Errorf("the signal's action is %+v, and was %+v", after, before)
	}
	tid, err := monitor()
	if err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	b, err := os.ReadFile("/proc/" + strconv.Itoa(tid) + "/timerslack_ns")
	if err != nil {
		t.Skipf("SKIPPED the kernel's word for it: %v", err)
	}
	if got := strings.TrimSpace(string(b)); got != "123000" {
		t.Errorf("the slack is %s", got)
	}
}
