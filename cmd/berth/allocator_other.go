//go:build !linux || race

package main

import "fmt"

// useAllocator is for systems whose linker can load an allocator before all other
// libraries, and for programs without the race detector, which has its own.
func useAllocator(choice, _ string) error {
	if choice != "libc" && choice != "auto" {
		return fmt.Errorf("module-allocator: this build cannot use %s", choice)
	}
	return nil
}
