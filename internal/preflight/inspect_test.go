package preflight

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func knows(names ...string) func(string) bool {
	return func(name string) bool { return slices.Contains(names, name) }
}

func TestInspect(t *testing.T) {
	b := newBuilder(t)
	known := knows("Alloc", "CreateCommand")
	noexec := b.so("noexec.so", "module.c")
	if err := os.Chmod(noexec, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, path string
		known      func(string) bool
		language   string
		entries    string
		asks       string
		lacks      string
		loads      bool
	}{
		{"C", b.so("c.so", "module.c"), known, "C", "RedisModule_OnLoad RedisModule_OnUnload", "Alloc CreateCommand FromTheFuture", "FromTheFuture", true},
		{"C in one segment", b.so("c1.so", "module.c", "-Wl,-z,noseparate-code"), known, "C", "RedisModule_OnLoad RedisModule_OnUnload", "Alloc CreateCommand FromTheFuture", "FromTheFuture", true},
		{"stripped", b.so("cs.so", "module.c", "-s"), known, "C", "RedisModule_OnLoad RedisModule_OnUnload", "Alloc CreateCommand FromTheFuture", "FromTheFuture", true},
		{"nothing known of the server", b.so("c0.so", "module.c"), nil, "C", "RedisModule_OnLoad RedisModule_OnUnload", "Alloc CreateCommand FromTheFuture", "", true},
		{"Valkey", b.so("v.so", "module.c", "-DENTRY=ValkeyModule_OnLoad"), known, "C", "RedisModule_OnUnload ValkeyModule_OnLoad", "Alloc CreateCommand FromTheFuture", "FromTheFuture", true},
		{"C++", b.so("cc.so", "module.cc"), known, "C++", "RedisModule_OnLoad", "", "", true},
		{"Go", b.goLibrary(), known, "Go", "RedisModule_OnLoad", "", "", true},
		{"no entry point", b.so("lib.so", "lib.c"), known, "C", "", "", "", false},
		{"no permission", noexec, known, "C", "RedisModule_OnLoad RedisModule_OnUnload", "Alloc CreateCommand FromTheFuture", "FromTheFuture", false},
		{"no file", b.path("nothing"), known, "", "", "", "", false},
		{"not ELF", b.write("text", []byte("hello")), known, "", "", "", "", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := Inspect(tc.path, tc.known)
			for _, c := range []struct{ what, got, want string }{
				{"language", r.Language, tc.language},
				{"entry points", strings.Join(r.EntryPoints, " "), tc.entries},
				{"functions", strings.Join(r.Functions, " "), tc.asks},
				{"lacking", strings.Join(r.Lacking, " "), tc.lacks},
			} {
				if c.got != c.want {
					t.Errorf("%s: got %q, want %q", c.what, c.got, c.want)
				}
			}
			if (r.Err() == nil) != tc.loads || (r.Problem == "") != tc.loads {
				t.Errorf("problem: %q (%v)", r.Problem, r.Err())
			}
			if tc.language == "Go" && (r.GoVersion != runtime.Version() || !strings.HasSuffix(r.GoPackage, "preflight/testdata/gomod")) {
				t.Errorf("go: %q %q", r.GoVersion, r.GoPackage)
			}
			data, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(data), "null") {
				t.Errorf("a list is null: %s", data)
			}
		})
	}
}

func TestCalled(t *testing.T) {
	b := newBuilder(t)
	if runtime.GOARCH != "amd64" {
		t.Skip("calls are told on amd64 only")
	}
	const want = "CreateCommand Free ReplyWithNull StreamAdd"
	for _, args := range []string{"-O0", "-O1", "-O2", "-O3", "-O2 -s", "-O2 -fno-common", "-O2 -Wl,-z,noseparate-code", "-O2 -fvisibility=hidden -DRedisModule_OnLoad=__attribute__((visibility(\"default\")))RedisModule_OnLoad"} {
		r := Inspect(b.so("called.so", "calls.c", strings.Fields(args)...), nil)
		if r.Err() != nil || len(r.Functions) != 9 {
			t.Fatalf("%s: %v, %v", args, r.Err(), r.Functions)
		}
		if got := strings.Join(r.Called, " "); got != want {
			t.Errorf("%s: got %q, want %q", args, got, want)
		}
	}
	// Not in that way: the module's own function, or an array of names.
	b.write("array.c", []byte(`const char *names[] = {"RedisModule_Alloc", "RedisModule_Free"}; int RedisModule_OnLoad(void) { return names[0] == names[1]; }`))
	b.run("gcc", "-shared", "-fPIC", "-o", "DIR/array.so", "DIR/array.c")
	if r := Inspect(b.path("array.so"), nil); r.Called != nil || len(r.Functions) != 2 {
		t.Errorf("array: %v of %v", r.Called, r.Functions)
	}
}

func TestWriteText(t *testing.T) {
	many := make([]string, 12)
	for i := range many {
		many[i] = "Function" + string(rune('A'+i))
	}
	for _, tc := range []struct {
		file   string
		report Report
	}{
		{"full.txt", Report{
			Path: "/opt/hello.so", Language: "C", Architecture: "x86-64",
			EntryPoints: []string{"RedisModule_OnLoad"},
			Libraries: []Library{
				{Name: "libm.so.6", Path: "/lib/libm.so.6"},
				{Name: "libgone.so", Missing: true},
				{Name: "ld-linux.so.2", By: "libm.so.6", Path: "/lib/ld-linux.so.2"},
			},
			Functions: append([]string{"Alloc"}, many...), Lacking: many,
			Problem: "It needs the library libgone.so, which is not on this system.",
		}},
		{"go.txt", Report{
			Path: "hello.so", Language: "Go", GoVersion: "go1.26.0", GoPackage: "example.org/hello", Architecture: "arm64",
			EntryPoints: []string{"ValkeyModule_OnLoad"}, Functions: []string{"Alloc"},
		}},
		{"called.txt", Report{
			Path: "hello.so", Language: "C", Architecture: "x86-64", EntryPoints: []string{"RedisModule_OnLoad"},
			Functions: append([]string{"Alloc"}, many...), Lacking: many, Called: []string{"Alloc", "FunctionC", "FunctionK"},
		}},
		{"spared.txt", Report{
			Path: "hello.so", Language: "C", Architecture: "x86-64", EntryPoints: []string{"RedisModule_OnLoad"},
			Functions: append([]string{"Alloc"}, many...), Lacking: many, Called: []string{"Alloc"},
		}},
		{"nothing.txt", Report{Path: "nothing.so", Problem: "There is no such file."}},
	} {
		t.Run(tc.file, func(t *testing.T) {
			var b strings.Builder
			if err := tc.report.WriteText(&b); err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", tc.file)
			if os.Getenv("REWRITE") != "" {
				if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if b.String() != string(want) {
				t.Errorf("got\n%s\nwant\n%s", b.String(), want)
			}
		})
	}
}
