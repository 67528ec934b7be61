package preflight

import (
	"encoding/binary"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestCheck(t *testing.T) {
	b := newBuilder(t)
	good := b.so("good.so", "module.c")
	image := b.read(good)
	patched := func(name string, edit func(d []byte)) string {
		d := append([]byte(nil), image...)
		edit(d)
		return b.write(name, d)
	}
	b.run("gcc", "-c", "-fPIC", "-o", "DIR/module.o", "testdata/module.c")
	b.run("ar", "rc", "DIR/module.a", "DIR/module.o")
	for _, f := range []string{"module.o", "module.a"} {
		if err := os.Chmod(b.path(f), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	b.write("main.c", []byte("int RedisModule_OnLoad(void){return 0;} int main(void){return 0;}"))
	b.run("gcc", "-pie", "-fPIE", "-rdynamic", "-o", "DIR/pie", "DIR/main.c")
	b.run("gcc", "-no-pie", "-o", "DIR/program", "DIR/main.c")
	plain := b.so("plain.so", "module.c")
	if err := os.Chmod(plain, 0o644); err != nil {
		t.Fatal(err)
	}
	fifo := b.path("fifo")
	if err := syscall.Mkfifo(fifo, 0o755); err != nil {
		t.Fatal(err)
	}
	// A library that is there at the link and gone at the load, once for the
	// module and once for what it needs.
	b.so("libgone.so", "lib.c", "-Wl,-soname,libgone.so.7")
	needy := b.so("needy.so", "needs.c", "-LDIR", "-lgone")
	b.so("libmiddle.so", "needs.c", "-LDIR", "-lgone", "-DRedisModule_OnLoad=middle", "-Wl,-soname,libmiddle.so")
	second := b.so("second.so", "module.c", "-Wl,--no-as-needed", "-LDIR", "-lmiddle", "-Wl,-rpath,$ORIGIN", "-Wl,-rpath-link,DIR")

	for _, tc := range []struct {
		name, path string
		want       error
		say        string
	}{
		{"a module", good, nil, ""},
		{"Valkey's name", b.so("valkey.so", "module.c", "-DENTRY=ValkeyModule_OnLoad"), nil, ""},
		{"the System V hash table", b.so("sysv.so", "module.c", "-Wl,--hash-style=sysv"), nil, ""},
		{"without section headers", patched("sstrip.so", func(d []byte) {
			clear(d[0x28:0x30]) // e_shoff
			clear(d[0x3c:0x40]) // e_shnum, e_shstrndx
		}), nil, ""},
		{"no file", b.path("nothing.so"), ErrNotFound, "no such file"},
		{"a file for a folder", filepath.Join(good, "x.so"), ErrNotFound, "no such file"},
		{"directory", b.dir, ErrNotRegular, "directory"},
		{"pipe", fifo, ErrNotRegular, "not a regular file"},
		{"no permission to execute", plain, ErrNotExecutable, "execute permissions"},
		{"empty", b.write("empty.so", nil), ErrEmpty, "empty"},
		{"three bytes", b.write("three.so", image[:3]), ErrTruncated, "truncated"},
		{"half a header", b.write("header.so", image[:40]), ErrTruncated, "truncated"},
		{"cut in the segments", b.write("half.so", image[:len(image)/2]), ErrTruncated, "truncated"},
		{"the last byte gone", b.write("last.so", image[:len(image)-1]), ErrTruncated, "truncated"},
		{"text", b.write("text.so", []byte("-- a text\nof two lines, long enough to be no header at all\n")), ErrNotELF, "text file"},
		{"script", b.write("script.so", []byte("#!/bin/sh\nexit 0\n")), ErrNotELF, "script"},
		{"static library", b.path("module.a"), ErrNotELF, "static library"},
		{"noise", b.write("noise.so", []byte(strings.Repeat("\x90\xfe", 64))), ErrNotELF, "unknown"},
		{"object file", b.path("module.o"), ErrNotShared, "object file"},
		{"program", b.path("program"), ErrNotShared, "a program"},
		{"program that can be anywhere", b.path("pie"), ErrNotShared, "a program"},
		{"32 bits", patched("32.so", func(d []byte) { d[4] = 1; binary.LittleEndian.PutUint16(d[18:], 3) }), ErrArchitecture, "x86 (32-bit)"},
		{"big-endian", patched("be.so", func(d []byte) { d[5] = 2; binary.BigEndian.PutUint16(d[18:], 22) }), ErrArchitecture, "s390 (big-endian)"},
		{"another processor", patched("arch.so", func(d []byte) { binary.LittleEndian.PutUint16(d[18:], 243) }), ErrArchitecture, "risc-v, and this server runs on " + hostMachine().String()},
		{"FreeBSD's", patched("bsd.so", func(d []byte) { d[7] = 9 }), ErrArchitecture, "FREEBSD"},
		{"no dynamic section", patched("static.so", func(d []byte) { eachSegment(d, 2, func(p []byte) { p[0] = 0 }) }), ErrNotShared, "no dynamic section"},
		{"dynamic section elsewhere", patched("dyn.so", func(d []byte) { eachSegment(d, 2, func(p []byte) { p[14] = 0xff }) }), ErrDamaged, "damaged"},
		{"no entry point", b.so("noentry.so", "lib.c"), ErrNoEntry, "neither RedisModule_OnLoad nor ValkeyModule_OnLoad"},
		{"hidden entry point", b.so("hidden.so", "module.c", "-fvisibility=hidden"), ErrNoEntry, "neither"},
		{"a library that is not there", needy, ErrNeeds, "libgone.so"},
		{"a library of a library", second, ErrNeeds, "libmiddle.so, which needs the library libgone.so"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if tc.name == "a library that is not there" || tc.name == "a library of a library" {
				os.Remove(b.path("libgone.so"))
			}
			err := Check(tc.path)
			if !errors.Is(err, tc.want) {
				t.Fatalf("got %v, want %v", err, tc.want)
			}
			if err == nil {
				return
			}
			var r *Refusal
			if !errors.As(err, &r) || r.Path != tc.path {
				t.Fatalf("no refusal for %s: %#v", tc.path, err)
			}
			if !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(tc.say)) {
				t.Errorf("%q does not say %q", err, tc.say)
			}
			if s := err.Error(); strings.Count(s, ". ") != 0 || !strings.HasSuffix(s, ".") {
				t.Errorf("%q is not one sentence", s)
			}
		})
	}
}

// eachSegment edits the program headers of a type.
func eachSegment(d []byte, kind uint32, edit func(p []byte)) {
	off := binary.LittleEndian.Uint64(d[0x20:])
	for range binary.LittleEndian.Uint16(d[0x38:]) {
		if p := d[off : off+56]; binary.LittleEndian.Uint32(p) == kind {
			edit(p)
		}
		off += 56
	}
}

func TestUnreadable(t *testing.T) {
	b := newBuilder(t)
	path := b.so("secret.so", "module.c")
	if err := os.Chmod(path, 0o111); err != nil {
		t.Fatal(err)
	}
	if f, err := os.Open(path); err == nil {
		f.Close()
		t.Skip("this user may read everything")
	}
	if err := Check(path); !errors.Is(err, ErrUnreadable) {
		t.Errorf("got %v", err)
	}
}

// What Check lets pass, and only that, can be loaded: the dynamic linker is asked.
func TestCheckAgreesWithTheLinker(t *testing.T) {
	b := newBuilder(t)
	b.write("try.c", []byte(`
#include <dlfcn.h>
#include <stdio.h>
int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        void *h = dlopen(argv[i], RTLD_NOW);
        puts(h && dlsym(h, "RedisModule_OnLoad") ? "yes" : "no");
    }
}`))
	b.run("gcc", "-o", "DIR/try", "DIR/try.c", "-ldl")
	if err := os.Mkdir(b.path("lib"), 0o755); err != nil {
		t.Fatal(err)
	}
	b.so("lib/libfar.so", "lib.c", "-Wl,-soname,libfar.so")
	if err := os.Mkdir(b.path("entry"), 0o755); err != nil {
		t.Fatal(err)
	}
	b.so("entry/libentry.so", "module.c", "-Wl,-soname,libentry.so")
	far := []string{"-Wl,--no-as-needed", "-LDIR/lib", "-lfar"}
	b.write("map1", []byte("V1 { helper; }; "))
	b.write("map2", []byte("V1 { helper; }; V2 { other; } V1;"))
	b.write("two.c", []byte("int helper(void){return 1;} int other(void){return 2;}"))
	b.write("wants.c", []byte("int other(void); int RedisModule_OnLoad(void){return other();}"))
	b.run("gcc", "-shared", "-fPIC", "-o", "DIR/lib/libver.so", "DIR/two.c", "-Wl,-soname,libver.so", "-Wl,--version-script=DIR/map2")
	b.run("gcc", "-shared", "-fPIC", "-o", "DIR/newer.so", "DIR/wants.c", "-LDIR/lib", "-lver", "-Wl,-rpath,$ORIGIN/lib")
	b.run("gcc", "-shared", "-fPIC", "-o", "DIR/lib/libver.so", "DIR/two.c", "-Wl,-soname,libver.so", "-Wl,--version-script=DIR/map1")
	with := func(args ...string) []string { return append(append([]string{}, far...), args...) }
	files := []string{
		b.so("plain.so", "module.c"),
		b.so("origin.so", "module.c", with("-Wl,-rpath,$ORIGIN/lib")...),
		b.so("braces.so", "module.c", with("-Wl,-rpath,${ORIGIN}/lib")...),
		b.so("rpath.so", "module.c", with("-Wl,--disable-new-dtags,-rpath,$ORIGIN/lib")...),
		b.so("absolute.so", "module.c", with("-Wl,-rpath,DIR/nowhere:DIR/lib")...),
		b.so("lost.so", "module.c", with()...),
		b.so("wrong.so", "module.c", with("-Wl,-rpath,$ORIGIN/nowhere")...),
		b.so("math.so", "module.c", "-Wl,--no-as-needed", "-lm", "-lpthread", "-lrt"),
		b.so("by-entry.so", "lib.c", "-Wl,--no-as-needed", "-LDIR/entry", "-lentry", "-Wl,-rpath,$ORIGIN/entry"),
		b.so("no-entry.so", "lib.c"),
		b.path("newer.so"),
		b.so("cxx.so", "module.cc"),
	}
	seen := map[string]int{}
	for _, path := range files {
		// A process for each: what is loaded stays, and counts as found.
		out, err := exec.Command(b.path("try"), path).Output()
		if err != nil {
			t.Fatal(err)
		}
		answer := strings.TrimSpace(string(out))
		if err := Check(path); (err == nil) != (answer == "yes") {
			t.Errorf("%s: Check says %v, the linker %q", filepath.Base(path), err, answer)
		}
		seen[answer]++
	}
	if seen["yes"] < 5 || seen["no"] < 3 {
		t.Errorf("the linker's answers are one-sided: %v", seen)
	}
	if err := Check(b.path("newer.so")); !errors.Is(err, ErrVersion) || !strings.Contains(err.Error(), "libver.so of version V2") {
		t.Errorf("newer.so: %v", err)
	}
}

func TestOtherLibc(t *testing.T) {
	b := newBuilder(t)
	musl := *thisSystem()
	musl.musl = true
	glibc := *thisSystem()
	glibc.musl = false
	golib := b.goLibrary()
	b.so("libfake.so", "lib.c", "-Wl,-soname,libc.musl-x86_64.so.1")
	formusl := b.so("formusl.so", "module.c", "-Wl,--no-as-needed", "-LDIR", "-lfake")
	for _, tc := range []struct {
		name, path string
		sys        *system
		want       error
		say        string
	}{
		{"Go on glibc", golib, &glibc, nil, ""},
		{"Go on musl", golib, &musl, ErrLibc, "Go library, and musl"},
		{"C for musl on glibc", formusl, &glibc, ErrLibc, "built for the C library musl"},
		{"C for musl on musl", formusl, &musl, nil, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			x, err := examine(tc.path, tc.sys)
			defer x.close()
			if tc.name == "C for musl on musl" && errors.Is(err, ErrNeeds) && strings.Contains(err.Error(), "libc.so.6") {
				err = nil // this file is linked to both
			}
			if !errors.Is(err, tc.want) {
				t.Fatalf("got %v", err)
			}
			if err != nil && !strings.Contains(err.Error(), tc.say) {
				t.Errorf("%q does not say %q", err, tc.say)
			}
		})
	}
}
