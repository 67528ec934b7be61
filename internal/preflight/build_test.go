package preflight

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// builder compiles files into a directory of the test.
type builder struct {
	t   testing.TB
	dir string
}

func newBuilder(t testing.TB) *builder {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("module files are examined in full on Linux only")
	}
	if _, err := exec.LookPath("gcc"); err != nil {
		t.Skipf("no C compiler: %v", err)
	}
	return &builder{t, t.TempDir()}
}

func (b *builder) path(name string) string { return filepath.Join(b.dir, name) }

// run runs a compiler. DIR in an argument is the directory.
func (b *builder) run(tool string, args ...string) {
	b.t.Helper()
	for i := range args {
		args[i] = strings.ReplaceAll(args[i], "DIR", b.dir)
	}
	if _, err := exec.LookPath(tool); err != nil {
		b.t.Skipf("no compiler: %v", err)
	}
	cmd := exec.Command(tool, args...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=1")
	if msg, err := cmd.CombinedOutput(); err != nil {
		b.t.Fatalf("%s %v: %v\n%s", tool, args, err, msg)
	}
}

// so builds testdata/src as the shared library name.
func (b *builder) so(name, src string, args ...string) string {
	b.t.Helper()
	tool := "gcc"
	if strings.HasSuffix(src, ".cc") {
		tool = "g++"
	}
	b.run(tool, append([]string{"-shared", "-fPIC", "-O1", "-o", "DIR/" + name, "testdata/" + src}, args...)...)
	return b.path(name)
}

// write makes an executable file.
func (b *builder) write(name string, data []byte) string {
	b.t.Helper()
	if err := os.WriteFile(b.path(name), data, 0o755); err != nil {
		b.t.Fatal(err)
	}
	return b.path(name)
}

func (b *builder) read(path string) []byte {
	b.t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		b.t.Fatal(err)
	}
	return data
}

// goLibrary builds testdata/gomod.
func (b *builder) goLibrary() string {
	b.t.Helper()
	b.run("go", "build", "-buildmode=c-shared", "-o", "DIR/gomod.so", "./testdata/gomod")
	if err := os.Chmod(b.path("gomod.so"), 0o755); err != nil {
		b.t.Fatal(err)
	}
	return b.path("gomod.so")
}
