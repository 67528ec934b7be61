package testkit

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// built remembers what was built, by what was asked for.
var built struct {
	sync.Mutex
	once map[string]func() error
}

// buildOnce runs make for a key the first time and gives the same result from
// then on.
func buildOnce(key string, make func() error) error {
	built.Lock()
	if built.once == nil {
		built.once = map[string]func() error{}
	}
	once, ok := built.once[key]
	if !ok {
		once = sync.OnceValue(make)
		built.once[key] = once
	}
	built.Unlock()
	return once()
}

// run runs a compiler in the repository's folder.
func run(root string, env []string, name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, out)
	}
	return nil
}

// Berth builds the berth command and returns its path.
func Berth(t testing.TB) string {
	t.Helper()
	root, out := Root(t), filepath.Join(workDir(t), "berth")
	err := buildOnce("berth", func() error {
		if err := noteSources(root, "cmd", "loader", "abi", "loop", "internal"); err != nil {
			return err
		}
		args := append([]string{"build", "-o", out}, raceFlags...)
		return run(root, nil, "go", append(args, "./cmd/berth")...)
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// output is where a module goes: each has a folder of its own, so that two
// builds of the same source do not meet, and keeps its name.
func output(t testing.TB, src string, flags []string) string {
	t.Helper()
	sum := sha256.Sum256([]byte(src + "\x00" + strings.Join(flags, "\x00")))
	dir := filepath.Join(workDir(t), hex.EncodeToString(sum[:6]))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	name := strings.TrimSuffix(filepath.Base(src), ".c")
	return filepath.Join(dir, name+".so")
}

// absolute resolves a path of the repository.
func absolute(t testing.TB, path string) string {
	t.Helper()
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(Root(t), path)
}

// compiler is the C compiler, by CC or gcc. Without one the test ends.
func compiler(t testing.TB) string {
	t.Helper()
	cc := os.Getenv("CC")
	if cc == "" {
		cc = "gcc"
	}
	if _, err := exec.LookPath(cc); err != nil {
		Missing(t, "no C compiler: %v", err)
	}
	return cc
}

// BuildC compiles one C file, by its path in the repository or an absolute one,
// to a module with the repository's headers, and returns the library's path.
// flags go to the compiler behind its own.
func BuildC(t testing.TB, src string, flags ...string) string {
	t.Helper()
	cc, root, out := compiler(t), Root(t), output(t, src, flags)
	err := buildOnce(out, func() error {
		folders := []string{"include"}
		if !filepath.IsAbs(src) {
			folders = append(folders, filepath.Dir(src)) // it may include headers from there
		}
		if err := noteSources(root, folders...); err != nil {
			return err
		}
		if _, err := os.Stat(absolute(t, src)); err != nil {
			return err
		}
		args := []string{"-std=gnu11", "-shared", "-fPIC", "-O2", "-g", "-Wall", "-Iinclude", "-pthread", "-o", out, absolute(t, src)}
		return run(root, nil, cc, append(args, flags...)...)
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// BuildGo compiles a Go package, by its folder in the repository, to a module
// and returns the library's path.
func BuildGo(t testing.TB, dir string, flags ...string) string {
	t.Helper()
	compiler(t)
	root, out := Root(t), output(t, dir, flags)
	err := buildOnce(out, func() error {
		if err := noteSources(root, dir, "include"); err != nil {
			return err
		}
		env := []string{"CGO_ENABLED=1", "CGO_CFLAGS=-O2 -g -I" + filepath.Join(root, "include")}
		args := append([]string{"build", "-buildmode=c-shared", "-o", out}, flags...)
		return run(root, env, "go", append(args, "./"+filepath.ToSlash(dir))...)
	})
	if err != nil {
		t.Fatal(err)
	}
	// The linker of some systems leaves the library without the execute bit,
	// and redis-server loads no module without it.
	if err := os.Chmod(out, 0o755); err != nil {
		t.Fatal(err)
	}
	return out
}

// BuildModule compiles a module by its path: a .c file, or the folder of a Go
// package. A .so is taken as it is.
func BuildModule(t testing.TB, path string) string {
	t.Helper()
	switch filepath.Ext(path) {
	case ".so":
		return absolute(t, path)
	case ".c":
		return BuildC(t, path)
	}
	return BuildGo(t, path)
}
