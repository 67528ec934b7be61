package abi

import (
	"strings"

	"golang.org/x/sys/unix"

	"berth/internal/server"
)

// The structures that SetCommandInfo reads, as C lays them out. Entries of
// their arrays may be larger in a module built against a newer header: the
// version says how large.
type (
	commandInfo struct {
		version    uintptr
		summary    uintptr
		complexity uintptr
		since      uintptr
		history    uintptr
		tips       uintptr
		arity      int32
		_          int32
		keySpecs   uintptr
		args       uintptr
	}
	commandInfoVersion struct {
		version     int32
		_           int32
		sizeHistory uint64
		sizeKeySpec uint64
		sizeArg     uint64
	}
	commandHistory struct{ since, changes uintptr }
	commandKeySpec struct {
		notes   uintptr
		flags   uint64
		begin   int32
		_       int32
		keyword uintptr // or, in its first half, the index
		from    int32
		_       int32
		find    int32
		range_  [3]int32
	}
	commandArg struct {
		name            uintptr
		kind            int32
		keySpec         int32
		token           uintptr
		summary         uintptr
		since           uintptr
		flags           int32
		_               int32
		deprecatedSince uintptr
		subargs         uintptr
		displayText     uintptr
	}
)

// The kinds of key specs, by the interface's numbers.
const (
	beginInvalid = iota
	beginUnknown
	beginIndex
	beginKeyword
)

const (
	findOmitted = iota
	findUnknown
	findRange
	findKeyNum
)

// The kinds of arguments, by the interface's numbers.
const (
	argToken = 6
	argOneof = 7
	argBlock = 8
)

func apiSetCommandInfo(f *frame) {
	c := object[command](f, 0, headCommand)
	if c == nil {
		return
	}
	info := (*commandInfo)(at(f.uptr(1)))
	ver := (*commandInfoVersion)(at(info.version))
	cmd := c.cmd
	if cmd.Summary != "" || cmd.Complexity != "" || cmd.Since != "" || cmd.History != nil || cmd.Tips != nil || cmd.Args != nil {
		f.setOK(false)
		f.errno = int32(unix.EEXIST)
		return
	}
	specs, ok1 := readKeySpecs(info.keySpecs, ver)
	args, ok2 := readArgs(info.args, ver, len(specs))
	history, ok3 := readHistory(info.history, ver)
	if !ok1 || !ok2 || !ok3 || ver.version != 1 {
		f.setOK(false)
		f.errno = errnoInvalid
		return
	}
	cmd.Summary, cmd.Complexity, cmd.Since = cstring(info.summary), cstring(info.complexity), cstring(info.since)
	cmd.History, cmd.Args = history, args
	if tips := cstring(info.tips); tips != "" {
		cmd.Tips = strings.Split(tips, " ")
	}
	if info.arity != 0 {
		cmd.Arity = int(info.arity)
	}
	if specs != nil {
		cmd.KeySpecs = specs
		cmd.FirstKey, cmd.LastKey, cmd.KeyStep = 0, 0, 0
		if s := specs[0]; s.Begin == server.BeginIndex && s.Find == server.FindRange {
			cmd.FirstKey, cmd.LastKey, cmd.KeyStep = s.Index, s.LastKey, s.Step
			if s.LastKey >= 0 {
				cmd.LastKey += s.Index
			}
		}
	}
	f.setOK(true)
}

// each calls fn with the addresses of an array's entries until it returns
// false, which the entry that ends the array must bring about.
func each(p uintptr, size uint64, fn func(p uintptr) bool) {
	for ; p != 0 && fn(p); p += uintptr(size) {
	}
}

func readHistory(p uintptr, ver *commandInfoVersion) (out []server.HistoryEntry, ok bool) {
	ok = true
	each(p, ver.sizeHistory, func(p uintptr) bool {
		h := (*commandHistory)(at(p))
		if h.since == 0 {
			return false
		}
		ok = ok && h.changes != 0
		out = append(out, server.HistoryEntry{Since: cstring(h.since), Change: cstring(h.changes)})
		return true
	})
	return out, ok
}

func readKeySpecs(p uintptr, ver *commandInfoVersion) (out []server.KeySpec, ok bool) {
	ok = true
	each(p, ver.sizeKeySpec, func(p uintptr) bool {
		k := (*commandKeySpec)(at(p))
		if k.begin == beginInvalid {
			return false
		}
		s := server.KeySpec{Notes: cstring(k.notes), Flags: server.KeyFlag(k.flags)}
		switch k.begin {
		case beginUnknown:
		case beginIndex:
			s.Begin, s.Index = server.BeginIndex, int(int32(k.keyword))
		case beginKeyword:
			s.Begin, s.Keyword, s.StartFrom = server.BeginKeyword, cstring(k.keyword), int(k.from)
		default:
			ok = false
		}
		switch k.find {
		case findUnknown:
		case findOmitted:
			s.Find, s.Step = server.FindRange, 1
		case findRange:
			s.Find, s.LastKey, s.Step, s.Limit = server.FindRange, int(k.range_[0]), int(k.range_[1]), int(k.range_[2])
		case findKeyNum:
			s.Find, s.KeyNumIdx, s.FirstKey, s.Step = server.FindKeyNum, int(k.range_[0]), int(k.range_[1]), int(k.range_[2])
		default:
			ok = false
		}
		// What is done to a key must be said, and only one of four ways.
		if n := k.flags & 0xF; n == 0 || n&(n-1) != 0 || k.flags>>11 != 0 {
			ok = false
		}
		out = append(out, s)
		return ok
	})
	return out, ok
}

func readArgs(p uintptr, ver *commandInfoVersion, specs int) (out []server.Arg, ok bool) {
	ok = true
	each(p, ver.sizeArg, func(p uintptr) bool {
		a := (*commandArg)(at(p))
		if a.name == 0 {
			return false
		}
		subs, subsOK := readArgs(a.subargs, ver, specs)
		container := a.kind == argOneof || a.kind == argBlock
		if a.kind < 0 || a.kind > argBlock || !subsOK || container != (a.subargs != 0) ||
			a.kind == argToken && a.token == 0 || a.flags>>3 != 0 {
			ok = false
		}
		out = append(out, server.Arg{
			Name: cstring(a.name), Type: server.ArgType(a.kind), KeySpec: int(a.keySpec), Token: cstring(a.token),
			Summary: cstring(a.summary), Since: cstring(a.since), DeprecatedSince: cstring(a.deprecatedSince),
			DisplayText: cstring(a.displayText), Flags: server.ArgFlag(a.flags), Args: subs,
		})
		return ok
	})
	return out, ok
}
