//go:build linux && (amd64 || arm64)

package dl

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
)

// buildDir holds what the tests compile; TestMain removes it.
var buildDir string

func TestMain(m *testing.M) {
	if task := os.Getenv("BERTH_DL_TASK"); task != "" {
		runTask(task)
		os.Exit(0)
	}
	dir, err := os.MkdirTemp("", "berth-dl")
	if err != nil {
		panic(err)
	}
	buildDir = dir
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// buildC compiles testdata/src to a shared library called name.
func buildC(t *testing.T, name, src string, args ...string) string {
	t.Helper()
	cc := os.Getenv("CC")
	if cc == "" {
		cc = "gcc"
	}
	if _, err := exec.LookPath(cc); err != nil {
		t.Skipf("no C compiler: %v", err)
	}
	out := filepath.Join(buildDir, name)
	args = append([]string{"-shared", "-fPIC", "-O1", "-o", out, filepath.Join("testdata", src)}, args...)
	if msg, err := exec.Command(cc, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v\n%s", cc, args, err, msg)
	}
	return out
}

var goBuild struct {
	sync.Once
	err error
	msg []byte
}

// buildGo gives a copy of the Go library under a name of its own. Each copy
// that is loaded brings a runtime of its own.
func buildGo(t *testing.T, name string) string {
	t.Helper()
	if _, err := exec.LookPath("gcc"); err != nil {
		t.Skipf("no C compiler: %v", err)
	}
	first := filepath.Join(buildDir, "gomod.so")
	goBuild.Do(func() {
		cmd := exec.Command("go", "build", "-buildmode=c-shared", "-o", first, "./testdata/gomod")
		cmd.Env = append(os.Environ(), "CGO_ENABLED=1", "GOARCH="+runtime.GOARCH)
		goBuild.msg, goBuild.err = cmd.CombinedOutput()
	})
	if goBuild.err != nil {
		t.Fatalf("go build: %v\n%s", goBuild.err, goBuild.msg)
	}
	data, err := os.ReadFile(first)
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(buildDir, name)
	if err := os.WriteFile(out, data, 0o755); err != nil {
		t.Fatal(err)
	}
	return out
}
