package server

import (
	"bytes"
	"slices"

	"berth/internal/persist/rdb"
)

// Libraries of functions are Lua code, which nothing here runs. What files have of them
// is kept, and saved again.

// keepFunctions does to the kept libraries what FUNCTION with these arguments does,
// and reports whether it is one of those that change them.
func (s *Server) keepFunctions(args [][]byte) bool {
	fns := &s.persist.functions
	switch n := len(args); {
	case n >= 2 && equalFold(args[0], "load"):
		s.keepFunction(args[n-1])
	case n == 2 && equalFold(args[0], "delete"):
		name := args[1]
		*fns = slices.DeleteFunc(*fns, func(lib []byte) bool { return bytes.Equal(libraryName(lib), name) })
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
			s.keepFunction(lib)
		}
	default:
		return false
	}
	return true
}

// keepFunction keeps a library, in the place of one with its name.
func (s *Server) keepFunction(lib []byte) {
	fns := &s.persist.functions
	name := libraryName(lib)
	i := slices.IndexFunc(*fns, func(have []byte) bool { return bytes.Equal(libraryName(have), name) })
	if i >= 0 {
		(*fns)[i] = bytes.Clone(lib)
		return
	}
	*fns = append(*fns, bytes.Clone(lib))
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
