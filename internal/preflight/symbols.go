package preflight

import (
	"debug/elf"
	"encoding/binary"
)

// symbolCount finds out how many dynamic symbols there are: only the hash
// tables know.
func (m *image) symbolCount() (uint64, error) {
	if addr, ok := m.value(elf.DT_HASH); ok {
		head, err := table[uint32](m, addr, 2) // nbucket, nchain
		if err != nil {
			return 0, err
		}
		return min(uint64(head[1]), maxSymbols), nil
	}
	addr, ok := m.value(elf.DT_GNU_HASH)
	if !ok {
		return 0, nil
	}
	head, err := table[uint32](m, addr, 4) // buckets, first symbol, bloom words, shift
	if err != nil {
		return 0, err
	}
	first := uint64(head[1])
	at := addr + 16 + 8*uint64(head[2])
	buckets, err := table[uint32](m, at, uint64(head[0]))
	if err != nil {
		return 0, err
	}
	last := uint64(0)
	for _, b := range buckets {
		last = max(last, uint64(b))
	}
	if last < first {
		return min(first, maxSymbols), nil
	}
	// The chain of the last bucket ends with an odd word.
	off, rest, ok := m.offset(at + 4*uint64(head[0]) + 4*(last-first))
	if !ok {
		return 0, errDamaged
	}
	chain, err := m.bytesAt(off, min(rest, 4*maxSymbols)&^3)
	if err != nil {
		return 0, err
	}
	for i := 0; i < len(chain); i += 4 {
		if chain[i]&1 != 0 {
			return last + uint64(i/4) + 1, nil
		}
	}
	return 0, errDamaged
}

// symbols gives the dynamic symbols.
func (m *image) symbols() ([]elf.Sym64, error) {
	n, err := m.symbolCount()
	if err != nil || n == 0 {
		return nil, err
	}
	addr, ok := m.value(elf.DT_SYMTAB)
	if !ok {
		return nil, errDamaged
	}
	return table[elf.Sym64](m, addr, n)
}

// exported says whether dlsym would find the symbol.
func exported(s elf.Sym64) bool {
	if elf.SectionIndex(s.Shndx) == elf.SHN_UNDEF {
		return false
	}
	switch elf.ST_BIND(s.Info) {
	case elf.STB_GLOBAL, elf.STB_WEAK, elf.STB_LOOS:
	default:
		return false
	}
	v := elf.ST_VISIBILITY(s.Other)
	return v == elf.STV_DEFAULT || v == elf.STV_PROTECTED
}

// Names of the functions that a server calls in a module.
var (
	onLoadNames   = []string{"RedisModule_OnLoad", "ValkeyModule_OnLoad"}
	onUnloadNames = []string{"RedisModule_OnUnload", "ValkeyModule_OnUnload"}
)

// version is one symbol version that a file wants of a library.
type version struct {
	library, name string
	weak          bool
}

// wantedVersions lists the symbol versions that must be there at load.
func (m *image) wantedVersions() []version {
	addr, ok := m.value(elf.DT_VERNEED)
	count, _ := m.value(elf.DT_VERNEEDNUM)
	if !ok {
		return nil
	}
	var list []version
	for range min(count, maxVersion) {
		need, err := m.load(addr, 16) // version, cnt, file, aux, next
		if err != nil {
			return list
		}
		le := binary.LittleEndian
		library := m.str(uint64(le.Uint32(need[4:])))
		aux := addr + uint64(le.Uint32(need[8:]))
		for range le.Uint16(need[2:]) {
			a, err := m.load(aux, 16) // hash, flags, other, name, next
			if err != nil || len(list) >= maxVersion {
				return list
			}
			const verFlagWeak = 2
			list = append(list, version{
				library, m.str(uint64(le.Uint32(a[8:]))), le.Uint16(a[4:])&verFlagWeak != 0,
			})
			if le.Uint32(a[12:]) == 0 {
				break
			}
			aux += uint64(le.Uint32(a[12:]))
		}
		if le.Uint32(need[12:]) == 0 {
			break
		}
		addr += uint64(le.Uint32(need[12:]))
	}
	return list
}

// definedVersions lists the symbol versions that a library has. Nil is a
// library without versions, which the dynamic linker takes for any.
func (m *image) definedVersions() map[string]bool {
	addr, ok := m.value(elf.DT_VERDEF)
	count, _ := m.value(elf.DT_VERDEFNUM)
	if !ok {
		return nil
	}
	set := map[string]bool{}
	for range min(count, maxVersion) {
		def, err := m.load(addr, 20) // version, flags, ndx, cnt, hash, aux, next
		if err != nil {
			return nil
		}
		le := binary.LittleEndian
		aux, err := m.load(addr+uint64(le.Uint32(def[12:])), 8) // name, next
		if err != nil {
			return nil
		}
		set[m.str(uint64(le.Uint32(aux)))] = true
		next := le.Uint32(def[16:])
		if next == 0 {
			break
		}
		addr += uint64(next)
	}
	return set
}

// isGo says whether the file carries the build id note of Go's linker.
func (m *image) isGo() bool {
	for _, p := range m.progs {
		if elf.ProgType(p.Type) != elf.PT_NOTE || p.Filesz > 1<<16 {
			continue
		}
		b, err := m.bytesAt(p.Off, p.Filesz)
		if err != nil {
			continue
		}
		le := binary.LittleEndian
		for len(b) >= 12 {
			name, desc := le.Uint32(b), le.Uint32(b[4:])
			if name > 1<<16 || desc > 1<<16 {
				break
			}
			const goBuildID = 4
			if le.Uint32(b[8:]) == goBuildID && name == 4 && len(b) >= 16 && string(b[12:16]) == "Go\x00\x00" {
				return true
			}
			skip := 12 + (int(name)+3)&^3 + (int(desc)+3)&^3
			if skip > len(b) {
				break
			}
			b = b[skip:]
		}
	}
	return false
}
