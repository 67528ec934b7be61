package testkit

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// errNoRoot is the reason when no folder above the test's has a go.mod.
var errNoRoot = errors.New("testkit: not inside the repository")

// work is the folder for what is built, empty until Main made it.
var work string

// Main runs the tests of a binary and exits. It makes the folder that the
// builders write to, and removes it.
func Main(m *testing.M) {
	dir, err := os.MkdirTemp("", "berth-kit-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	work = dir
	code := m.Run()
	if err := os.RemoveAll(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// workDir is the folder for what is built.
func workDir(t testing.TB) string {
	t.Helper()
	if work == "" {
		t.Fatal("testkit: the test binary has no TestMain that calls testkit.Main")
	}
	return work
}

// findRoot looks for the repository above the current folder.
var findRoot = sync.OnceValues(func() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errNoRoot
		}
		dir = up
	}
})

// Root is the repository's folder.
func Root(t testing.TB) string {
	t.Helper()
	root, err := findRoot()
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// Missing ends a test that needs a program the machine lacks: by skipping it,
// but by failing where CI is set, for there nothing may be left out.
func Missing(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf("missing: "+format, args...)
	}
	t.Skipf("SKIPPED: "+format, args...)
}

// Raced reports whether the race detector watches: then all takes ten times as
// long, and tests of sizes are for the other runs.
func Raced() bool { return len(raceFlags) > 0 }

// noteSources looks at each source file of the folders. The go command reuses
// the result of a test only while the files that it looked at are the same, and
// it does not see what a compiler reads for us.
func noteSources(root string, folders ...string) error {
	for _, folder := range folders {
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || strings.HasSuffix(path, "_test.go") {
				return err
			}
			switch filepath.Ext(path) {
			case ".go", ".s", ".c", ".h", ".json":
				_, err = os.Stat(path)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
