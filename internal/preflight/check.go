package preflight

import (
	"debug/elf"
	"io"
	"path/filepath"
	"slices"
	"strings"
)

// examined is what the checks learned of a file.
type examined struct {
	sys       *system
	image     *image // nil when it is not ELF
	machine   machine
	symbols   []elf.Sym64
	entries   []string // the functions of onLoadNames and onUnloadNames that it exports
	libraries []Library
	files     []io.Closer // what the images read from
}

func (x *examined) close() {
	for _, f := range x.files {
		f.Close()
	}
	x.files = nil
}

// Library is a library that a module needs, directly or by way of another.
type Library struct {
	// Name is what the module file calls it.
	Name string `json:"name"`
	// Path is where it was found; empty when it was not, or when the dynamic
	// linker itself stands for it.
	Path string `json:"path,omitempty"`
	// By names the library that needs it; empty when the module does.
	By string `json:"by,omitempty"`
	// Missing says that the dynamic linker will not find it.
	Missing bool `json:"missing,omitempty"`
}

// check makes every check on an open file, in the order in which a reader
// would want to know: what the file is, for whom, and then what it lacks.
func (x *examined) check(r io.ReaderAt, size int64, path string) error {
	m, what, err := readHeader(r, size)
	if m == nil {
		return err
	}
	x.image, x.machine = m, what
	if err != nil {
		return err
	}
	if !x.sys.machine.same(what) {
		return refuse(ErrArchitecture, "It is built for %v, and this server runs on %v.", what, x.sys.machine)
	}
	if err := what.shared(); err != nil {
		return err
	}
	if err := m.readSegments(); err != nil {
		return err
	}
	if err := m.readDynamic(); err != nil {
		return err
	}
	if m.flags1&elf.DF_1_PIE != 0 {
		return refuse(ErrNotShared, "It is a program, not a shared object.")
	}
	if x.symbols, err = m.symbols(); err != nil {
		return err
	}
	x.entries = m.entries(x.symbols)
	if err := x.sys.checkLibc(m); err != nil {
		return err
	}
	found, err := x.walk(path)
	if len(onLoad(x.entries)) == 0 && !found {
		return refuse(ErrNoEntry, "It exports neither RedisModule_OnLoad nor ValkeyModule_OnLoad.")
	}
	return err
}

// onLoad picks the entry points out of what entries found.
func onLoad(entries []string) []string {
	return slices.DeleteFunc(slices.Clone(entries), func(s string) bool { return !slices.Contains(onLoadNames, s) })
}

// entries lists the module functions among the exported symbols.
func (m *image) entries(symbols []elf.Sym64) []string {
	var list []string
	for _, s := range symbols {
		if !exported(s) {
			continue
		}
		name := m.str(uint64(s.Name))
		if slices.Contains(onLoadNames, name) || slices.Contains(onUnloadNames, name) {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// checkLibc refuses a file made for a C library that is not the host's: two in
// one process do not work.
func (sys *system) checkLibc(m *image) error {
	forMusl := slices.ContainsFunc(m.needed, func(s string) bool {
		return strings.HasPrefix(s, "libc.musl-") || strings.HasPrefix(s, "ld-musl-")
	})
	switch {
	case sys.musl && m.isGo():
		return refuse(ErrLibc, "It is a Go library, and musl, the C library of this system, cannot load those: its thread-local storage has no room for them.")
	case !sys.musl && forMusl:
		return refuse(ErrLibc, "It is built for the C library musl, and this system runs on glibc.")
	}
	return nil
}

// maxLibraries bounds the walk through what libraries need.
const maxLibraries = 512

// walk looks for every library that the file needs, and for the symbol
// versions it wants of them. found says that one of them exports an entry
// point, which dlsym would give for the module's own.
func (x *examined) walk(path string) (found bool, err error) {
	if abs, e := filepath.Abs(path); e == nil {
		path = abs
	}
	type object struct {
		*image
		path   string
		name   string // "" for the module itself
		loader *needer
	}
	queue := []object{{image: x.image, path: path, loader: newNeeder(x.image, path, nil)}}
	seen := map[string]*image{}
	note := func(e error) {
		if err == nil {
			err = e
		}
	}
	for len(queue) > 0 {
		o := queue[0]
		queue = queue[1:]
		for _, name := range o.needed {
			if _, ok := seen[name]; ok || name == "" || len(seen) >= maxLibraries {
				continue
			}
			seen[name] = nil
			lib := Library{Name: name, By: o.name}
			at := x.find(name, o.loader)
			switch at.state {
			case missing:
				lib.Missing = true
				if o.name == "" {
					note(refuse(ErrNeeds, "It needs the library %s, which is not on this system.", name))
				} else {
					note(refuse(ErrNeeds, "It needs %s, which needs the library %s, which is not on this system.", o.name, name))
				}
			case present, loaded:
				lib.Path = at.path
				seen[name] = at.image
			}
			x.libraries = append(x.libraries, lib)
			if at.image == nil {
				continue
			}
			if symbols, e := at.image.symbols(); e == nil && len(onLoad(at.image.entries(symbols))) > 0 {
				found = true
			}
			// What a loaded library needs is loaded.
			if at.state == present {
				queue = append(queue, object{at.image, at.path, name, newNeeder(at.image, at.path, o.loader)})
			}
		}
		note(missingVersion(o.image, o.name, seen))
	}
	return found, err
}

// missingVersion finds a symbol version that a library should have and does
// not: a file built on a newer system than this.
func missingVersion(m *image, name string, libs map[string]*image) error {
	defined := map[string]map[string]bool{}
	for _, v := range m.wantedVersions() {
		lib := libs[v.library]
		if lib == nil || v.weak {
			continue
		}
		set, ok := defined[v.library]
		if !ok {
			set = lib.definedVersions()
			defined[v.library] = set
		}
		if set == nil || set[v.name] {
			continue
		}
		if name == "" {
			return refuse(ErrVersion, "It needs %s of version %s, and the one on this system is older.", v.library, v.name)
		}
		return refuse(ErrVersion, "It needs %s, which needs %s of version %s, and the one on this system is older.", name, v.library, v.name)
	}
	return nil
}
