//go:build !linux

// Command bench measures berth beside redis-server; see berth/internal/bench. It needs Linux.
package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "bench: the clocks and processor bindings it uses exist on Linux only")
	os.Exit(1)
}
