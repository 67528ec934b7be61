package preflight

import (
	"debug/elf"
	"encoding/binary"
	"slices"
)

// called tells which of the functions that a module asks for its code also
// uses. A C module asks for all that its redismodule.h declares, in one function
// that hands each name and the address of a pointer to GetApi; what it calls,
// it calls through that pointer. So: find the code that refers to the name, take
// the pointer that is referred to beside it, and see whether any other code
// refers to the pointer. known is false when that cannot be told: on a
// processor with another way of addressing, or when the code is of another shape.
func (m *image) called(names map[string][]uint64) (list []string, known bool) {
	if elf.Machine(m.head.Machine) != elf.EM_X86_64 || len(names) == 0 {
		return nil, false
	}
	code := m.code()
	byText := map[uint64]string{}
	for name, places := range names {
		for _, at := range places {
			byText[at] = name
		}
	}
	// The pointer's address is GetApi's second argument. An optimizing compiler
	// puts it straight into that register, unless it keeps the address for a call
	// later in the same function: then no pointer is found and it counts as called.
	// Other code takes it through any register.
	pointers, asking := m.pointers(code, byText, true)
	if len(asking) < len(names)/2 {
		if pointers, asking = m.pointers(code, byText, false); len(asking) < len(names)/2 {
			return nil, false
		}
	}
	uses := map[string]int{}
	eachReference(code, spanOf(pointers), func(_ segment, _ int, target uint64) {
		if name, ok := pointers[target]; ok {
			uses[name]++
		}
	})
	for name := range names {
		// Where no pointer was found, nothing says that it is not called.
		if asking[name] == 0 || uses[name] > asking[name] {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return list, true
}

// maxPairs is far above what a module has: one reference for each name.
const maxPairs = 1 << 18

// pointers finds the pointer that goes with each name: by its address, or that
// of its slot in the GOT. asking counts the references to it that only ask.
// Where several names are near one reference, the nearest has it.
func (m *image) pointers(code []segment, byText map[uint64]string, direct bool) (byAddr map[uint64]string, asking map[string]int) {
	type pair struct {
		distance    int
		text, where uint64 // addresses of the two references
		pointer     uint64
		name        string
	}
	var pairs []pair
	eachReference(code, spanOf(byText), func(s segment, at int, target uint64) {
		name, ok := byText[target]
		if !ok || len(pairs) > maxPairs {
			return
		}
		m.beside(s, at, direct, func(p int, pointer uint64) {
			pairs = append(pairs, pair{max(p-at, at-p), s.addr + uint64(at), s.addr + uint64(p), pointer, name})
		})
	})
	slices.SortStableFunc(pairs, func(a, b pair) int { return a.distance - b.distance })
	byAddr, asking = map[uint64]string{}, map[string]int{}
	used := map[uint64]bool{}
	for _, p := range pairs {
		if used[p.text] || used[p.where] {
			continue
		}
		used[p.text], used[p.where] = true, true
		if _, ok := byAddr[p.pointer]; !ok {
			byAddr[p.pointer] = p.name
		}
		asking[p.name]++
	}
	return byAddr, asking
}

// segment is a piece of code and where it will be.
type segment struct {
	addr uint64
	data []byte
}

func (m *image) code() []segment {
	var list []segment
	left := uint64(m.size)
	for _, p := range m.progs {
		if elf.ProgType(p.Type) != elf.PT_LOAD || elf.ProgFlag(p.Flags)&elf.PF_X == 0 || p.Filesz > left {
			continue
		}
		if b, err := m.bytesAt(p.Off, p.Filesz); err == nil {
			left -= p.Filesz
			list = append(list, segment{p.Vaddr, b})
		}
	}
	return list
}

// span is a range of addresses that holds all that is looked for.
type span struct{ low, high uint64 }

func spanOf(m map[uint64]string) span {
	s := span{low: ^uint64(0)}
	for a := range m {
		s.low, s.high = min(s.low, a), max(s.high, a)
	}
	return s
}

// eachReference takes every four bytes of code for the distance that an
// instruction of the form mov or lea register, [rip+distance] ends with, and
// gives those that lead into the span.
func eachReference(code []segment, in span, found func(s segment, at int, target uint64)) {
	for _, s := range code {
		for at := 3; at+4 <= len(s.data); at++ {
			target := s.addr + uint64(at) + 4 + uint64(int64(int32(binary.LittleEndian.Uint32(s.data[at:]))))
			if target >= in.low && target <= in.high && addressing(s.data, at) {
				found(s, at, target)
			}
		}
	}
}

// addressing says whether an instruction with 64-bit operands and a
// rip-relative address ends at the distance at.
func addressing(b []byte, at int) bool {
	rex, mod := b[at-3], b[at-1]
	return rex&0xf8 == 0x48 && mod&0xc7 == 0x05 || // mov, lea, cmp, … with a REX prefix
		b[at-2] == 0xff && mod&0xc7 == 0x05 // call or jmp through memory
}

// intoRSI says whether the instruction is a mov or lea to RSI.
func intoRSI(b []byte, at int) bool {
	return b[at-3] == 0x48 && (b[at-2] == 0x8b || b[at-2] == 0x8d) && b[at-1] == 0x35
}

// beside gives the references to writable addresses next to a reference to a
// name; with direct, only those that go to the register of the second argument.
func (m *image) beside(s segment, at int, direct bool, found func(p int, pointer uint64)) {
	const reach = 40
	for p := max(3, at-reach); p <= at+reach && p+4 <= len(s.data); p++ {
		if p == at || !addressing(s.data, p) || direct && !intoRSI(s.data, p) {
			continue
		}
		target := s.addr + uint64(p) + 4 + uint64(int64(int32(binary.LittleEndian.Uint32(s.data[p:]))))
		if m.variable(target) {
			found(p, target)
		}
	}
}

// variable says whether an address is in a segment that is written to, now or
// by the dynamic linker.
func (m *image) variable(addr uint64) bool {
	for _, p := range m.progs {
		if elf.ProgType(p.Type) == elf.PT_LOAD && elf.ProgFlag(p.Flags)&elf.PF_W != 0 &&
			addr >= p.Vaddr && addr-p.Vaddr < p.Memsz {
			return true
		}
	}
	return false
}
