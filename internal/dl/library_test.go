//go:build linux && (amd64 || arm64)

package dl

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unsafe"

	"github.com/ebitengine/purego"
)

func uintptrOf(p *uintptr) uintptr { return uintptr(unsafe.Pointer(p)) }

func TestOpenSymbolClose(t *testing.T) {
	l, err := Open(buildC(t, "one.so", "clash.c", "-DANSWER=1"), Module)
	if err != nil {
		t.Fatal(err)
	}
	a, err := l.Symbol("answer")
	if err != nil {
		t.Fatal(err)
	}
	if r, _, _ := purego.SyscallN(a); r != 1 {
		t.Errorf("answer() = %d", r)
	}
	_, err = l.Symbol("question")
	var e *Error
	if !errors.Is(err, ErrSymbol) || !errors.As(err, &e) || !strings.Contains(e.Text, "question") {
		t.Errorf("missing symbol: %v", err)
	}
	if _, err = l.Symbol("a\x00b"); !errors.Is(err, ErrSymbol) {
		t.Errorf("name with a nul: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); !errors.Is(err, ErrClosed) {
		t.Errorf("second Close: %v", err)
	}
	if _, err := l.Symbol("answer"); !errors.Is(err, ErrClosed) {
		t.Errorf("Symbol after Close: %v", err)
	}
	if base(a) != 0 {
		t.Error("the library is still mapped")
	}
}

func TestOpenRefused(t *testing.T) {
	text := filepath.Join(t.TempDir(), "text.so")
	if err := os.WriteFile(text, []byte("hello, this is no library"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ name, path, want string }{
		{"no file", "/nonexistent/module.so", "No such file"},
		{"no library", text, "text.so"},
		{"undefined symbol", buildC(t, "undefined.so", "undefined.c"), "nowhere_to_be_found"},
		{"nul in the path", "/lib\x00/x.so", "nul byte"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := Open(tc.path, Module)
			var e *Error
			if !errors.Is(err, ErrOpen) || !errors.As(err, &e) {
				t.Fatalf("got %v", err)
			}
			if !strings.Contains(e.Text, tc.want) {
				t.Errorf("text %q lacks %q", e.Text, tc.want)
			}
		})
	}
}

// A library that clashes with another sees its own symbols.
func TestClashingSymbols(t *testing.T) {
	for _, tc := range []struct {
		def   string
		flags Flag
		want  uintptr
	}{
		{"-DANSWER=10", Global, 10},
		{"-DANSWER=11", Module, 11},
		{"-DANSWER=12", Module | Lazy, 12},
	} {
		l, err := Open(buildC(t, "clash"+tc.def+".so", "clash.c", tc.def), tc.flags)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		a, err := l.Symbol("answer")
		if err != nil {
			t.Fatal(err)
		}
		if r, _, _ := purego.SyscallN(a); r != tc.want {
			t.Errorf("%s: answer() = %d", tc.def, r)
		}
	}
}

func TestLibmIsThere(t *testing.T) {
	l, err := Open(buildC(t, "nolibm.so", "nolibm.c", "-fno-builtin", "-nodefaultlibs"), Module)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var grow func(float64) float64
	a, err := l.Symbol("grow")
	if err != nil {
		t.Fatal(err)
	}
	purego.RegisterFunc(&grow, a)
	if got := grow(0); got != 1 {
		t.Errorf("grow(0) = %v", got)
	}
}

func TestPresent(t *testing.T) {
	path := buildC(t, "present.so", "clash.c", "-DANSWER=20")
	if _, err := Open(path, Present); !errors.Is(err, ErrOpen) {
		t.Errorf("before it is loaded: %v", err)
	}
	l, err := Open(path, Module)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	again, err := Open(path, Present)
	if err != nil {
		t.Fatal(err)
	}
	again.Close()
}

// lookup gives the address of a symbol in the global scope: libc, and what was
// loaded with Global.
func lookup(name string) (uintptr, error) { return symbol(purego.RTLD_DEFAULT, name) }

func TestLookup(t *testing.T) {
	for _, name := range []string{"malloc", "exp", "dlopen"} {
		if _, err := lookup(name); err != nil {
			Prepare()
			if _, err = lookup(name); err != nil {
				t.Error(err)
			}
		}
	}
	if _, err := lookup("nowhere_to_be_found"); !errors.Is(err, ErrSymbol) {
		t.Errorf("got %v", err)
	}
}

func BenchmarkRechain(b *testing.B) {
	for b.Loop() {
		Rechain()
	}
}
