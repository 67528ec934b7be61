package server

import (
	"bytes"
	"slices"

	"berth/internal/persist/rdb"
)

// Libraries of functions are Lua code, which nothing here runs. What files have of them
// is kept, and saved again.

// library is one of them.
type library struct{ name, code []byte }

// maxLibraries is how many are kept: a file that has more is not Redis's.
const maxLibraries = 4096

// keepFunctions does to the kept libraries what FUNCTION with these arguments does,
// and reports whether it is one of those that change them.
func (s *Server) keepFunctions(args [][]byte) bool {
	fns := &s.persist.functions
	switch n := len(args); {
	case n >= 2 && equalFold(args[0], "load"):
		return s.keepFunction(args[n-1])
	case n == 2 && equalFold(args[0], "delete"):
		name := args[1]
		*fns = slices.DeleteFunc(*fns, func(lib library) bool { return bytes.Equal(lib.name, name) })
	case n >= 1 && equalFold(args[0], "flush"):
		*fns = nil
	case n >= 2 && equalFold(args[0], "restore"):
		value, err := checkDump(args[1])
		if err != nil {
			return false
		}
		if n == 3 && equalFold(args[2], "flush") {
			*fns = nil
		}
		for r := rdb.NewReader(value); !r.Done(); {
			op, err := r.Byte()
			if err != nil || op != rdb.OpFunction2 {
				return false
			}
			lib, err := r.String()
			if err != nil {
				return false
			}
			if !s.keepFunction(lib) {
				return false
			}
		}
	default:
		return false
	}
	return true
}

// keepFunction keeps a library, in the place of one with its name. It reports whether
// there is room for it.
func (s *Server) keepFunction(code []byte) bool {
	fns := &s.persist.functions
	code = bytes.Clone(code)
	lib := library{libraryName(code), code}
	if i := slices.IndexFunc(*fns, func(have library) bool { return bytes.Equal(have.name, lib.name) }); i >= 0 {
		(*fns)[i] = lib
		return true
	}
	if len(*fns) == maxLibraries {
		return false
	}
	*fns = append(*fns, lib)
	return true
}

// libraryName is the name that the first line of a library gives it, such as
// "#!lua name=mylib", or the line.
func libraryName(lib []byte) []byte {
	line, _, _ := bytes.Cut(lib, []byte("\n"))
	for word := range bytes.FieldsSeq(line) {
		if name, ok := bytes.CutPrefix(word, []byte("name=")); ok {
			return name
		}
	}
	return line
}
