package server

import "math"

// HasKeys reports whether the command can have keys at all.
func (cmd *Command) HasKeys() bool {
	if cmd.GetKeys != nil || cmd.Flags&ModuleGetKeys != 0 || cmd.FirstKey != 0 {
		return true
	}
	for i := range cmd.KeySpecs {
		if cmd.KeySpecs[i].Flags&KeyNotKey == 0 {
			return true
		}
	}
	return false
}

// FindKeys finds the keys among argv, which begins with the command's name.
// Key specs are asked first, then the command's own function, then the old
// range. ok is false when argv makes no sense to any of them.
func (cmd *Command) FindKeys(argv [][]byte) (keys []KeyRef, ok bool) {
	hasSpec, variable := false, false
	for i := range cmd.KeySpecs {
		flags := cmd.KeySpecs[i].Flags
		hasSpec = hasSpec || flags&KeyNotKey == 0
		variable = variable || flags&KeyVariableFlags != 0
	}
	if hasSpec && !variable {
		if keys, ok = cmd.keysBySpecs(argv); ok {
			return keys, true
		}
	}
	if cmd.GetKeys != nil {
		return cmd.GetKeys(cmd, argv)
	}
	if hasSpec && variable {
		return cmd.keysBySpecs(argv) // the flags are the most that may be done
	}
	if len(cmd.KeySpecs) == 0 && cmd.FirstKey != 0 {
		last := cmd.LastKey
		if last < 0 {
			last += len(argv)
		}
		return appendRange(nil, cmd.FirstKey, last, cmd.KeyStep, len(argv), 0), true
	}
	return nil, false
}

// keysBySpecs finds the keys that the key specs describe.
func (cmd *Command) keysBySpecs(argv [][]byte) (keys []KeyRef, ok bool) {
	for i := range cmd.KeySpecs {
		spec := &cmd.KeySpecs[i]
		if spec.Flags&KeyNotKey != 0 {
			continue
		}
		first, found := spec.begin(argv)
		if !found {
			return nil, false
		}
		if first == 0 {
			continue // the keyword is not there: no keys of this kind
		}
		first, last, found := spec.find(argv, first)
		if !found || first >= len(argv) || last >= len(argv) || last < first {
			return nil, false
		}
		keys = appendRange(keys, first, last, spec.Step, len(argv), spec.Flags)
		if spec.Flags&KeyIncomplete != 0 {
			return nil, false
		}
	}
	return keys, true
}

// appendRange adds the keys from first to last.
func appendRange(keys []KeyRef, first, last, step, argc int, flags KeyFlag) []KeyRef {
	for pos := first; pos <= last && pos < argc; pos += max(step, 1) {
		keys = append(keys, KeyRef{Pos: pos, Flags: flags})
	}
	return keys
}

// begin is the argument at which the keys begin, 0 when a keyword is missing.
// ok is false for a spec that cannot tell.
func (spec *KeySpec) begin(argv [][]byte) (first int, ok bool) {
	switch spec.Begin {
	case BeginIndex:
		return spec.Index, true
	case BeginKeyword:
		pos, end, step := spec.StartFrom, len(argv)-1, 1
		if pos <= 0 {
			pos, end = len(argv)+pos, 1
		}
		if pos > end {
			step = -1
		}
		for ; pos != end && pos >= 1 && pos < len(argv); pos += step {
			if equalFold(argv[pos], lowerWord(spec.Keyword)) {
				return pos + 1, true
			}
		}
		return 0, true
	}
	return 0, false
}

// lowerWord is a keyword in lower case.
func lowerWord(word string) string { return string(lower(nil, []byte(word))) }

// find gives the first and the last key behind a beginning.
func (spec *KeySpec) find(argv [][]byte, begin int) (first, last int, ok bool) {
	switch spec.Find {
	case FindRange:
		last = begin + spec.LastKey
		if spec.LastKey < 0 {
			last = len(argv) + spec.LastKey
			if spec.Limit != 0 {
				last = begin + (len(argv)-begin)/spec.Limit + spec.LastKey
			}
		}
		return begin, last, true
	case FindKeyNum:
		at := begin + spec.KeyNumIdx
		if at >= len(argv) {
			return 0, 0, false
		}
		n, ok := ParseInt(argv[at])
		if !ok || n < 0 || n > int64(len(argv)) {
			return 0, 0, false
		}
		first = begin + spec.FirstKey
		return first, first + int(n) - 1, true
	}
	return 0, 0, false
}

// keyRange is how clients older than key specs are told where the keys are:
// first, last (below zero from the end) and step, or zeros. movable says that
// this is not the whole truth.
func (cmd *Command) keyRange() (first, last, step int, movable bool) {
	movable = cmd.Flags&(MovableKeys|ModuleGetKeys) != 0
	specs := cmd.KeySpecs
	if len(specs) == 0 {
		return cmd.FirstKey, cmd.LastKey, cmd.KeyStep, movable
	}
	if s := &specs[0]; len(specs) == 1 && s.Begin == BeginIndex && s.Find == FindRange {
		return s.Index, s.absoluteLast(), s.Step, movable || s.Flags&KeyIncomplete != 0
	}
	first = math.MaxInt
	prev := 0
	for i := range specs {
		s := &specs[i]
		if s.Begin != BeginIndex || s.Find != FindRange || s.Step != 1 || prev != 0 && prev != s.Index-1 {
			movable = true
			continue
		}
		movable = movable || s.Flags&KeyIncomplete != 0
		first = min(first, s.Index)
		if abs := s.absoluteLast(); uint32(abs) > uint32(last) {
			last = abs // one from the end is behind all from the beginning
		}
		prev = last
	}
	if first == math.MaxInt {
		return 0, 0, 0, true
	}
	return first, last, 1, movable
}

// absoluteLast is the last key of a range by its place in argv, or from the
// end.
func (spec *KeySpec) absoluteLast() int {
	if spec.LastKey < 0 {
		return spec.LastKey
	}
	return spec.Index + spec.LastKey
}
