package server

import (
	"slices"
	"time"

	"berth/internal/persist/rdb"
	"berth/internal/persist/snapshot"
	"berth/internal/script"
)

// librarySet is a set of libraries of functions. A function belongs to one library, and
// its name to one function, in any case.
type librarySet struct {
	// list has the libraries in the order in which they came.
	list  []*script.Library
	names map[string]*script.Library
	// functions are found by their names in lower case.
	functions map[string]*script.Function
	// bytes is about what they take.
	bytes int64
}

func newLibrarySet() *librarySet {
	return &librarySet{names: make(map[string]*script.Library), functions: make(map[string]*script.Function)}
}

// function finds a function by its name in any case, nil for none.
func (set *librarySet) function(name []byte) *script.Function {
	var buf [maxName]byte
	return set.functions[string(lower(buf[:0], name))]
}

// link adds a library.
func (set *librarySet) link(lib *script.Library) {
	set.list = append(set.list, lib)
	set.names[lib.Name] = lib
	for _, fn := range lib.Functions {
		// Of two functions that differ by case only the first one can be called.
		if name := lowerWord(fn.Name); set.functions[name] == nil {
			set.functions[name] = fn
		}
	}
	set.bytes += libraryBytes(lib)
}

// unlink takes a library out.
func (set *librarySet) unlink(lib *script.Library) {
	set.list = slices.DeleteFunc(set.list, func(have *script.Library) bool { return have == lib })
	delete(set.names, lib.Name)
	for _, fn := range lib.Functions {
		delete(set.functions, lowerWord(fn.Name))
	}
	set.bytes -= libraryBytes(lib)
}

func libraryBytes(lib *script.Library) int64 {
	n := libraryCost + len(lib.Name) + len(lib.Code) + lib.Size()
	for _, fn := range lib.Functions {
		n += functionCost + len(fn.Name) + len(fn.Description)
	}
	return int64(n)
}

// clash is a function of the library whose name is taken already, "" for none.
func (set *librarySet) clash(lib *script.Library) string {
	for _, fn := range lib.Functions {
		if set.functions[lowerWord(fn.Name)] != nil {
			return fn.Name
		}
	}
	return ""
}

// clone is a copy of the set that changes on its own.
func (set *librarySet) clone() *librarySet {
	c := newLibrarySet()
	for _, lib := range set.list {
		c.link(lib)
	}
	return c
}

// join is the set with all libraries of another, in the place of those with their names
// if replace is set; or the text of an error.
func (set *librarySet) join(from *librarySet, replace bool) (joined *librarySet, text string) {
	joined = set.clone()
	for _, lib := range from.list {
		if old := joined.names[lib.Name]; old != nil {
			if !replace {
				return nil, "ERR Library " + lib.Name + " already exists"
			}
			joined.unlink(old)
		}
	}
	for _, lib := range from.list {
		if name := joined.clash(lib); name != "" {
			return nil, "ERR Function " + name + " already exists"
		}
		joined.link(lib)
	}
	return joined, ""
}

// libraryLoad is the body of a library that runs to register its functions.
type libraryLoad struct{ until int64 }

// How long the body of a library may run: one that a client sends, and one that a file
// has, which would keep the server from starting.
const (
	loadTime     = 500 * time.Millisecond
	loadTimeFile = 10 * time.Second
)

func (l *libraryLoad) tick() error {
	if nanotime() > l.until {
		return errLoadTimeout
	}
	return nil
}

// loadLibrary makes a library of its code and adds it to a set, in the place of the one
// with its name if replace is set. It may run as long as limit says. What it replies is
// the library's name, or the text of an error, and then nothing has changed.
func (s *Server) loadLibrary(set *librarySet, code []byte, replace bool, limit time.Duration) (name, text string) {
	name, err := script.LibraryName(code)
	if err != nil {
		return "", err.Error()
	}
	old := set.names[name]
	if old != nil && !replace {
		return "", "ERR Library '" + name + "' already exists"
	}
	if r := s.scripts.run; r != nil && !r.eval {
		return "", errTextNested
	}
	h := &s.scripts.host
	outer := h.loading
	h.loading = &libraryLoad{until: nanotime() + int64(limit)}
	lib, err := h.engine().Load(code)
	h.loading = outer
	if err != nil {
		return "", err.Error()
	}
	if old != nil {
		set.unlink(old)
	}
	if name := set.clash(lib); name != "" {
		if old != nil {
			set.link(old)
		}
		return "", "ERR Function " + name + " already exists"
	}
	set.link(lib)
	return name, ""
}

// flushLibraries forgets all libraries.
func (s *Server) flushLibraries() {
	st := &s.scripts
	if st.host.lua != nil && (st.run == nil || st.run.eval) {
		st.host.lua.ResetFunctions()
	}
	st.libraries = newLibrarySet()
}

// writeLibraries writes the libraries as a snapshot has them.
func (s *Server) writeLibraries(w *snapshot.Writer) {
	for _, lib := range s.scripts.libraries.list {
		w.Op(rdb.OpFunction2)
		w.String(lib.Code)
	}
}
