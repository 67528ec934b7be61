package ticks

import (
	"bytes"
	"os"
)

// reliable reports whether the counter may be used: where the kernel uses it as
// its clock, it has found that it runs evenly, and alike on all processors.
func reliable() bool {
	b, err := os.ReadFile("/sys/devices/system/clocksource/clocksource0/current_clocksource")
	return err == nil && bytes.Equal(bytes.TrimSpace(b), []byte("tsc"))
}
