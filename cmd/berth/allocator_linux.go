//go:build !race

package main

import (
	"fmt"
	"os"
	"slices"
	"syscall"
)

// preloadVar names the libraries that the dynamic linker loads before all others
// (ld.so(8)), and allocatorVar tells a process that it has its allocator already.
const (
	preloadVar   = "LD_PRELOAD"
	allocatorVar = "BERTH_ALLOCATOR"
)

// jemallocs are where distributions put jemalloc.
var jemallocs = []string{
	"/usr/lib/x86_64-linux-gnu/libjemalloc.so.2", "/usr/lib/aarch64-linux-gnu/libjemalloc.so.2",
	"/usr/lib64/libjemalloc.so.2", "/usr/lib/libjemalloc.so.2", "/usr/local/lib/libjemalloc.so.2",
}

// allocator is what useAllocator started this process with. Processes that it starts in
// turn have what is usual.
var allocator = func() string {
	lib := os.Getenv(allocatorVar)
	if lib != "" {
		_ = os.Unsetenv(allocatorVar)
		_ = os.Unsetenv(preloadVar)
	}
	return lib
}()

// useAllocator begins the process anew with the allocator that the configuration names
// for modules: "libc", "auto" for jemalloc where it is installed, or the path of a
// library. A process cannot change its allocator later, nor can a library that is
// loaded with dlopen become everybody's. stdin is what was read from standard input.
func useAllocator(choice, stdin string) error {
	lib := ""
	switch choice {
	case "libc":
	case "auto":
		if i := slices.IndexFunc(jemallocs, exists); i >= 0 && os.Getenv(preloadVar) == "" {
			lib = jemallocs[i]
		}
	default:
		if lib = choice; !exists(lib) {
			return fmt.Errorf("module-allocator: there is no library %s", lib)
		}
	}
	if lib == "" || lib == allocator {
		return nil
	}
	return restart(stdin, allocatorVar+"="+lib, preloadVar+"="+lib)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// restart replaces the process by one that runs the same command with other variables.
func restart(stdin string, vars ...string) error {
	exe, err := os.Executable()
	if err != nil {
		return fmt.Errorf("module-allocator: %w", err)
	}
	if err := os.Chdir(startDir); err != nil {
		return fmt.Errorf("module-allocator: %w", err)
	}
	if stdin != "" {
		f, err := unlinkedFile(stdin)
		if err == nil {
			err = syscall.Dup3(int(f.Fd()), 0, 0)
		}
		if err != nil {
			return fmt.Errorf("module-allocator: %w", err)
		}
	}
	if isDaemon() {
		vars = append(vars, daemonEnv+"=1")
	}
	if err := syscall.Exec(exe, os.Args, append(os.Environ(), vars...)); err != nil {
		return fmt.Errorf("module-allocator: %w", err)
	}
	return nil
}
