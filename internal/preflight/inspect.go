package preflight

import (
	"bytes"
	"debug/buildinfo"
	"debug/elf"
	"errors"
	"io"
	"slices"
	"strings"
)

// Report is what a module file is and what it asks of the server.
type Report struct {
	// Path is the file's path as it was given.
	Path string `json:"path"`
	// Language is "C", "C++", "Go" or "Rust"; empty when the file could not be read so far.
	Language string `json:"language,omitempty"`
	// GoVersion is the Go release that built it, as in "go1.26.0".
	GoVersion string `json:"go_version,omitempty"`
	// GoPackage is the import path of a Go library's main package.
	GoPackage string `json:"go_package,omitempty"`
	// Architecture is the processor it is built for.
	Architecture string `json:"architecture,omitempty"`
	// EntryPoints are the functions for the server to call that it exports.
	EntryPoints []string `json:"entry_points"`
	// Libraries are what it needs, its own needs first, then what those need.
	Libraries []Library `json:"libraries"`
	// Functions are the module functions it asks the server for, by their names
	// without prefix, sorted. A C module asks for every function that its
	// redismodule.h declares, called or not.
	Functions []string `json:"functions"`
	// Called are those of Functions that its code uses, as far as that can be
	// told from the code; absent when it cannot.
	Called []string `json:"called,omitempty"`
	// Lacking are those of Functions that berth does not have. The module's
	// pointers to them stay NULL; that alone does not keep it from loading.
	Lacking []string `json:"lacking"`
	// Problem is why it would not load, as one sentence; empty if it would.
	Problem string `json:"problem,omitempty"`

	err error
}

// Err gives why the file would not load: a *Refusal, or nil if it would.
func (r *Report) Err() error { return r.err }

// Inspect examines the file at path without running any of it. known says
// whether the server has a module function, by its name without prefix. There
// is always a report; Err and Problem tell whether the file would load. Any thread.
func Inspect(path string, known func(name string) bool) *Report {
	return inspect(path, known, thisSystem())
}

func inspect(path string, known func(name string) bool, sys *system) *Report {
	x, err := examine(path, sys)
	defer x.close()
	r := &Report{
		Path: path, EntryPoints: []string{}, Libraries: []Library{}, Functions: []string{}, Lacking: []string{}, err: err,
	}
	if err != nil {
		r.Problem = err.Error()
	}
	if x.image == nil {
		return r
	}
	r.Architecture = x.machine.String()
	if len(x.image.dynamic) == 0 {
		return r
	}
	r.EntryPoints = append(r.EntryPoints, x.entries...)
	r.Libraries = append(r.Libraries, x.libraries...)
	constants := x.image.constants()
	r.Language = x.language(constants)
	if r.Language == "Go" {
		r.GoVersion, r.GoPackage = goBuild(x.image.r)
	}
	names := asked(constants)
	for name := range names {
		r.Functions = append(r.Functions, name)
	}
	slices.Sort(r.Functions)
	if list, ok := x.image.called(names); ok {
		r.Called = append([]string{}, list...)
	}
	for _, name := range r.Functions {
		if known != nil && !known(name) {
			r.Lacking = append(r.Lacking, name)
		}
	}
	return r
}

// language guesses what a module is written in, by what only that language's
// compiler leaves in a file.
func (x *examined) language(constants []segment) string {
	if x.image.isGo() {
		return "Go"
	}
	for _, b := range constants {
		// Where Rust's standard library says it panicked.
		if bytes.Contains(b.data, []byte("/rustc/")) {
			return "Rust"
		}
	}
	for _, lib := range x.image.needed {
		if strings.HasPrefix(lib, "libstdc++.") || strings.HasPrefix(lib, "libc++.") {
			return "C++"
		}
	}
	for _, s := range x.symbols {
		name := x.image.str(uint64(s.Name))
		if strings.HasPrefix(name, "_Z") || strings.HasPrefix(name, "__gxx_personality") {
			return "C++"
		}
	}
	return "C"
}

// constants gives the bytes of the file that are read-only once loaded, without
// the symbol names, cut at the segments.
func (m *image) constants() []segment {
	addr, _ := m.value(elf.DT_STRTAB)
	names, _, _ := m.offset(addr)
	var list []segment
	// Segments of a sane file do not overlap.
	left := uint64(m.size)
	for _, p := range m.progs {
		if elf.ProgType(p.Type) != elf.PT_LOAD || elf.ProgFlag(p.Flags)&elf.PF_W != 0 || p.Filesz > left {
			continue
		}
		b, err := m.bytesAt(p.Off, p.Filesz)
		if err != nil {
			continue
		}
		left -= p.Filesz
		if names >= p.Off && names-p.Off < p.Filesz {
			at := names - p.Off
			end := min(at+uint64(len(m.strings)), uint64(len(b)))
			list = append(list, segment{p.Vaddr, b[:at]}, segment{p.Vaddr + end, b[end:]})
			continue
		}
		list = append(list, segment{p.Vaddr, b})
	}
	return list
}

// asked finds the names that the module hands to GetApi, whole C strings that
// are a function's name, and the addresses where they are.
func asked(constants []segment) map[string][]uint64 {
	names := map[string][]uint64{}
	for _, s := range constants {
		for _, prefix := range []string{"RedisModule_", "ValkeyModule_"} {
			for at := 0; ; {
				i := bytes.Index(s.data[at:], []byte(prefix))
				if i < 0 {
					break
				}
				start := at + i
				at = start + len(prefix)
				end := at
				for end < len(s.data) && identifier(s.data[end]) {
					end++
				}
				if end == at || end == len(s.data) || s.data[end] != 0 || (start > 0 && textByte(s.data[start-1])) {
					continue
				}
				switch name := string(s.data[at:end]); name {
				case "OnLoad", "OnUnload", "Init":
				default:
					names[name] = append(names[name], s.addr+uint64(start))
				}
				at = end
			}
		}
	}
	return names
}

// textByte says whether c before a string makes it the end of a longer one. The
// first string of all may come after code.
func textByte(c byte) bool { return c >= ' ' && c < 0x7f || c == '\n' || c == '\t' }

func identifier(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}

var errPanic = errors.New("unreadable build information")

// goBuild gives the Go release that built the file, and its main package.
func goBuild(r io.ReaderAt) (release, pkg string) {
	info, err := readBuildInfo(r)
	if err != nil {
		return "", ""
	}
	return info.GoVersion, info.Path
}

// readBuildInfo keeps a hostile file from bringing the process down by way of
// the standard library's reader.
func readBuildInfo(r io.ReaderAt) (info *buildinfo.BuildInfo, err error) {
	defer func() {
		if recover() != nil {
			info, err = nil, errPanic
		}
	}()
	return buildinfo.Read(r)
}
