package moduletest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience is how long a test waits for something that must happen.
const patience = 20 * time.Second

// root is the top of the tree, seen from this package.
const root = "../.."

// built is where the binaries of one test run lie.
var built string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "berth-modules-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	built = dir
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// binary builds the server once, as the environment's CGO_ENABLED says.
var binary = sync.OnceValues(func() (string, error) {
	path := filepath.Join(built, "berth")
	return path, run(nil, "go", "build", "-o", path, "./cmd/berth")
})

// run runs a command at the top of the tree.
func run(env []string, name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = root, append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, out)
	}
	return nil
}

// artifact is a module that is built at most once, also by tests side by side.
type artifact struct {
	once sync.Once
	err  error
}

var (
	artifactsMu sync.Mutex
	artifacts   = map[string]*artifact{}
)

// libraries are what some modules are linked with, and how to find it missing.
var libraries = map[string]struct {
	header, pkg string
	flags       []string
}{
	"modules/hiredisproxy.c": {"/usr/include/hiredis/async.h", "libhiredis-dev", []string{"-l:libhiredis.a", "-Wl,--exclude-libs,ALL"}},
	"modules/sqlcache.c":     {"/usr/include/mariadb/mysql.h", "libmariadb-dev", []string{"-lmariadb"}},
}

// module builds the module whose source is at a path below the top: a C file,
// or the folder of a Go module. It gives the file's path. Without a compiler
// the test is skipped, unless the machine is to have one.
func module(t *testing.T, source string) string {
	t.Helper()
	if _, err := exec.LookPath("gcc"); err != nil {
		absent(t, "gcc")
	}
	library := libraries[source]
	if _, err := os.Stat(library.header); err != nil && library.header != "" {
		absent(t, library.pkg)
	}
	name := strings.TrimSuffix(filepath.Base(source), ".c")
	path := filepath.Join(built, name+".so")
	artifactsMu.Lock()
	a := artifacts[source]
	if a == nil {
		a = new(artifact)
		artifacts[source] = a
	}
	artifactsMu.Unlock()
	a.once.Do(func() {
		if strings.HasSuffix(source, ".c") {
			args := []string{"-O2", "-Wall", "-shared", "-fPIC", "-std=gnu11", "-Iinclude", "-pthread", "-o", path, source}
			a.err = run(nil, "gcc", append(args, library.flags...)...)
			return
		}
		a.err = run([]string{"CGO_ENABLED=1"}, "go", "build", "-buildmode=c-shared", "-o", path, "./"+source)
		if a.err == nil {
			a.err = os.Chmod(path, 0o755)
		}
	})
	if a.err != nil {
		t.Fatal(a.err)
	}
	return path
}

// absent skips a test that needs something the machine lacks. Where CI is true
// everything has to be there.
func absent(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is not installed", what)
	}
	t.Skipf("SKIPPED: %s is not installed", what)
}
