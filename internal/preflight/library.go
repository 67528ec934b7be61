package preflight

import (
	"bufio"
	"debug/elf"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// system is what there is to know of the host for finding libraries: the
// dynamic linker's places, asked in the dynamic linker's order.
type system struct {
	machine machine
	musl    bool
	// unsure says that the linker may look where we do not know to look: then
	// nothing is called missing.
	unsure bool
	// loaded are the files mapped into the process, by their base name.
	loaded map[string]string
	// env is LD_LIBRARY_PATH, as it was when the process began.
	env []string
	// cache is ld.so.cache: paths by name.
	cache map[string][]string
	// defaults are the directories that come last.
	defaults []string
}

// environmentPath is read at the start, as the dynamic linker does: what the
// process sets later has no effect on it.
var environmentPath = os.Getenv("LD_LIBRARY_PATH")

var systemFacts = sync.OnceValue(func() *system {
	sys := &system{machine: hostMachine()}
	interp := interpreter("/proc/self/exe")
	sys.musl = strings.Contains(filepath.Base(interp), "ld-musl")
	if environmentPath != "" {
		sys.env = strings.FieldsFunc(environmentPath, func(r rune) bool { return r == ':' || r == ';' })
	}
	if sys.musl {
		sys.defaults = muslPath(interp)
		return sys
	}
	var known bool
	sys.cache, known = readCache("/etc/ld.so.cache")
	sys.unsure = !known
	triplet := map[string]string{"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}[runtime.GOARCH]
	for _, dir := range []string{"/lib/" + triplet, "/usr/lib/" + triplet, "/lib64", "/usr/lib64", "/lib", "/usr/lib"} {
		sys.defaults = append(sys.defaults, dir)
	}
	// Where libc itself lives, for systems that keep it in a place of their own.
	for _, file := range []string{interp, "/lib/" + triplet + "/libc.so.6"} {
		if real, err := filepath.EvalSymlinks(file); err == nil {
			sys.defaults = append(sys.defaults, filepath.Dir(real))
		}
	}
	return sys
})

// thisSystem gives the facts of the host, with what is loaded just now.
func thisSystem() *system {
	sys := *systemFacts()
	sys.loaded = loadedFiles()
	if runtime.GOOS != "linux" {
		sys.unsure = true
	}
	return &sys
}

// interpreter gives the dynamic linker that a program names.
func interpreter(program string) string {
	f, err := elf.Open(program)
	if err != nil {
		return ""
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			b, err := io.ReadAll(io.LimitReader(p.Open(), 4096))
			if err == nil {
				return strings.TrimRight(string(b), "\x00")
			}
		}
	}
	return ""
}

// loadedFiles lists the libraries in this process.
func loadedFiles() map[string]string {
	set := map[string]string{}
	f, err := os.Open("/proc/self/maps")
	if err != nil {
		return set
	}
	defer f.Close()
	for sc := bufio.NewScanner(f); sc.Scan(); {
		if _, path, ok := strings.Cut(sc.Text(), " /"); ok && strings.Contains(path, ".so") {
			set[filepath.Base(path)] = "/" + path
		}
	}
	return set
}

// muslPath gives the directories where musl looks by default.
func muslPath(interp string) []string {
	arch := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(interp), "ld-musl-"), ".so.1")
	b, err := os.ReadFile("/etc/ld-musl-" + arch + ".path")
	if err != nil {
		return []string{"/lib", "/usr/local/lib", "/usr/lib"}
	}
	return strings.FieldsFunc(string(b), func(r rune) bool { return r == ':' || r == '\n' })
}

// needer is a file that needs libraries, and who needed it: their paths take
// part in the search.
type needer struct {
	origin  string
	rpath   []string
	runpath []string
	noDef   bool
	by      *needer
}

func newNeeder(m *image, path string, by *needer) *needer {
	origin := filepath.Dir(path)
	if real, err := filepath.EvalSymlinks(path); err == nil {
		origin = filepath.Dir(real)
	}
	return &needer{origin, m.rpath, m.runpath, m.noDefLib, by}
}

// state says what came of a search.
type state int

const (
	missing state = iota // surely not there
	present              // there is a file
	loaded               // it is in the process already
	unknown              // cannot tell
)

// place is where a library is.
type place struct {
	state state
	path  string
	image *image // nil if it could not be read
}

// find looks for a library as the dynamic linker would.
func (x *examined) find(name string, by *needer) place {
	sys := x.sys
	if sys.musl && muslBuiltin(name) {
		return place{state: loaded}
	}
	if path, ok := sys.loaded[name]; ok {
		m, _ := x.open(path)
		return place{loaded, path, m}
	}
	if strings.Contains(name, "/") {
		paths, sure := expand(name, by.origin)
		return x.first(paths, sure)
	}
	var paths []string
	sure := true
	add := func(dirs []string, origin string) {
		for _, dir := range dirs {
			more, known := expand(dir, origin)
			sure = sure && known
			for _, d := range more {
				paths = append(paths, in(d, name)...)
			}
		}
	}
	// DT_RPATH, the file's own and those of the files that brought it in,
	// holds only where DT_RUNPATH does not replace it. musl takes both alike.
	if by.runpath == nil || sys.musl {
		for n := by; n != nil; n = n.by {
			if n.runpath == nil || sys.musl {
				add(n.rpath, n.origin)
			}
			if sys.musl {
				add(n.runpath, n.origin)
			}
		}
	}
	add(sys.env, "")
	add(by.runpath, by.origin)
	if !by.noDef {
		paths = append(paths, sys.cache[name]...)
		add(sys.defaults, "")
	}
	return x.first(paths, sure)
}

// first gives the first of the paths that is a library for this machine. The
// linker passes over those for others.
func (x *examined) first(paths []string, sure bool) place {
	for _, path := range paths {
		if m, ok := x.open(path); ok {
			return place{present, path, m}
		}
	}
	if x.sys.unsure || !sure {
		return place{state: unknown}
	}
	return place{state: missing}
}

// open reads the file at path as a library. ok says that the linker would take
// it; the image may be nil all the same when we cannot make sense of it.
func (x *examined) open(path string) (m *image, ok bool) {
	f, err := os.OpenFile(path, os.O_RDONLY|nonBlock, 0)
	if err != nil {
		return nil, false
	}
	x.files = append(x.files, f)
	st, err := f.Stat()
	if err != nil || !st.Mode().IsRegular() {
		return nil, false
	}
	m, what, err := readHeader(f, st.Size())
	if err != nil || !x.sys.machine.same(what) {
		return nil, false
	}
	if m.readSegments() != nil || m.readDynamic() != nil {
		return nil, true
	}
	return m, true
}

// in gives the paths of a library in a directory: the hardware-specific
// folders first, as glibc has them.
func in(dir, name string) []string {
	hw, _ := filepath.Glob(filepath.Join(dir, "glibc-hwcaps", "*", name))
	return append(slices.Clone(hw), filepath.Join(dir, name))
}

// expand replaces $ORIGIN, $LIB and $PLATFORM. known is false when it met
// something else.
func expand(dir, origin string) (paths []string, known bool) {
	if dir == "" {
		dir = "."
	}
	if !strings.Contains(dir, "$") {
		return []string{dir}, true
	}
	replace := func(word, value string) {
		dir = strings.ReplaceAll(dir, "${"+word+"}", value)
		dir = strings.ReplaceAll(dir, "$"+word, value)
	}
	replace("ORIGIN", origin)
	platform := map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[runtime.GOARCH]
	replace("PLATFORM", platform)
	if !strings.Contains(dir, "$LIB") && !strings.Contains(dir, "${LIB}") {
		return []string{dir}, !strings.Contains(dir, "$")
	}
	whole := dir
	for _, lib := range []string{"lib64", "lib", "lib/" + platform + "-linux-gnu"} {
		dir = whole
		replace("LIB", lib)
		paths = append(paths, dir)
	}
	return paths, !strings.Contains(dir, "$")
}

// muslBuiltin says whether musl's linker stands for the library itself.
func muslBuiltin(name string) bool {
	if strings.HasPrefix(name, "libc.musl-") || strings.HasPrefix(name, "ld-musl-") {
		return true
	}
	stem, _, ok := strings.Cut(name, ".so")
	return ok && slices.Contains([]string{
		"libc", "libpthread", "librt", "libm", "libdl", "libutil", "libxnet",
	}, stem) && name != "libc.so.6"
}
