package preflight

import (
	"encoding/binary"
	"os"
	"os/exec"
	"reflect"
	"runtime"
	"strings"
	"testing"
)

// cacheOf builds an ld.so.cache of names and paths.
func cacheOf(pairs ...string) []byte {
	le := binary.LittleEndian
	n := len(pairs) / 2
	head := append([]byte(cacheMagic), make([]byte, 28)...)
	le.PutUint32(head[20:], uint32(n))
	var entries, text []byte
	base := uint32(48 + 24*n)
	put := func(s string) uint32 {
		at := base + uint32(len(text))
		text = append(append(text, s...), 0)
		return at
	}
	for i := 0; i < len(pairs); i += 2 {
		e := make([]byte, 24)
		le.PutUint32(e[4:], put(pairs[i]))
		le.PutUint32(e[8:], put(pairs[i+1]))
		entries = append(entries, e...)
	}
	return append(append(head, entries...), text...)
}

func TestParseCache(t *testing.T) {
	whole := cacheOf("liba.so", "/x/liba.so", "libb.so", "/y/libb.so", "liba.so", "/z/liba.so")
	want := map[string][]string{"liba.so": {"/x/liba.so", "/z/liba.so"}, "libb.so": {"/y/libb.so"}}
	for _, tc := range []struct {
		name  string
		data  []byte
		known bool
	}{
		{"new format", whole, true},
		{"after the old format", append([]byte("ld.so-1.7.0\x00\x00\x00\x00\x00"), whole...), true},
		{"old format only", []byte("ld.so-1.7.0\x00\x00\x00\x00\x00"), false},
		{"nothing", nil, false},
		{"cut in the header", whole[:30], false},
		{"cut in the entries", whole[:60], false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, known := parseCache(tc.data)
			if known != tc.known || known && !reflect.DeepEqual(got, want) {
				t.Errorf("got %v %v", got, known)
			}
		})
	}
}

// The host's own cache says what ldconfig says it does.
func TestHostCache(t *testing.T) {
	out, err := exec.Command("/sbin/ldconfig", "-p").Output()
	if err != nil {
		t.Skipf("no ldconfig: %v", err)
	}
	paths, known := readCache("/etc/ld.so.cache")
	if !known {
		t.Fatal("the cache is not understood")
	}
	seen := 0
	for line := range strings.Lines(string(out)) {
		name, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		_, path, ok := strings.Cut(rest, "=> ")
		if !ok {
			continue
		}
		seen++
		found := false
		for _, p := range paths[name] {
			found = found || p == path
		}
		if !found {
			t.Errorf("%s => %s is not among %v", name, path, paths[name])
		}
	}
	if seen == 0 {
		t.Skip("an empty cache")
	}
}

func TestExpand(t *testing.T) {
	platform := map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[runtime.GOARCH]
	for _, tc := range []struct {
		dir   string
		want  string
		known bool
	}{
		{"/a/b", "/a/b", true},
		{"", ".", true},
		{"$ORIGIN/../lib", "/o/../lib", true},
		{"${ORIGIN}", "/o", true},
		{"/x/$PLATFORM", "/x/" + platform, true},
		{"/x/$LIB/y", "/x/lib64/y /x/lib/y /x/lib/" + platform + "-linux-gnu/y", true},
		{"/x/$HOME", "/x/$HOME", false},
	} {
		got, known := expand(tc.dir, "/o")
		if strings.Join(got, " ") != tc.want || known != tc.known {
			t.Errorf("%q: got %q %v", tc.dir, got, known)
		}
	}
}

func TestSystem(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("Linux only")
	}
	sys := thisSystem()
	if sys.unsure {
		t.Error("the libraries of this host cannot be told")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if interp := interpreter(self); interp == "" {
		t.Skip("a static test binary")
	}
	for _, name := range []string{"libc.so.6", "libm.so.6"} {
		x := &examined{sys: sys}
		at := x.find(name, &needer{})
		x.close()
		if !sys.musl && (at.state == missing || at.image == nil) {
			t.Errorf("%s: %v at %q", name, at.state, at.path)
		}
	}
}

func TestMuslBuiltin(t *testing.T) {
	for name, want := range map[string]bool{
		"libc.so": true, "libm.so.6": true, "libpthread.so.0": true, "libc.musl-x86_64.so.1": true,
		"libc.so.6": false, "libstdc++.so.6": false, "libmine.so": false,
	} {
		if got := muslBuiltin(name); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
