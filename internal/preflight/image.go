package preflight

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// image is an ELF file as the dynamic linker sees it: by its program headers
// and its dynamic section alone, for section headers may be stripped. Only
// 64-bit little-endian files get this far, which are all that berth runs on.
// Every number in the file is taken for hostile.
type image struct {
	r    io.ReaderAt
	size int64

	head     elf.Header64
	progs    []elf.Prog64
	dynamic  []elf.Dyn64
	strings  []byte
	soname   string
	needed   []string
	rpath    []string
	runpath  []string
	flags1   elf.DynFlag1
	noDefLib bool
}

// Bounds on what a sane file holds; they keep a hostile one from costing memory.
const (
	maxDynamic = 1 << 16
	maxSymbols = 1 << 23
	maxVersion = 1 << 14
)

var (
	errTruncated = refuse(ErrTruncated, "It is truncated: it ends before what its headers announce.")
	errDamaged   = refuse(ErrDamaged, "It is damaged: its tables point outside of it.")
)

// readHeader reads what is the same in every ELF file, and says for what
// machine the file is.
func readHeader(r io.ReaderAt, size int64) (*image, machine, error) {
	m := &image{r: r, size: size}
	var raw [64]byte
	n := min(size, int64(len(raw)))
	if _, err := r.ReadAt(raw[:n], 0); err != nil {
		return nil, machine{}, refuse(ErrUnreadable, "The server cannot read it: %v.", bare(err))
	}
	if !bytes.HasPrefix(raw[:n], []byte(elf.ELFMAG)) {
		if strings.HasPrefix(elf.ELFMAG, string(raw[:n])) {
			return nil, machine{}, errTruncated
		}
		return nil, machine{}, refuse(ErrNotELF, "It is not an ELF shared object: %s.", guess(raw[:n]))
	}
	if n < 20 {
		return nil, machine{}, errTruncated
	}
	what := machine{
		class: elf.Class(raw[elf.EI_CLASS]), data: elf.Data(raw[elf.EI_DATA]), osabi: elf.OSABI(raw[elf.EI_OSABI]),
	}
	order := binary.ByteOrder(binary.LittleEndian)
	if what.data == elf.ELFDATA2MSB {
		order = binary.BigEndian
	}
	what.kind = elf.Type(order.Uint16(raw[16:]))
	what.machine = elf.Machine(order.Uint16(raw[18:]))
	if what.class != elf.ELFCLASS64 || what.data != elf.ELFDATA2LSB {
		return m, what, nil
	}
	if n < 64 {
		return m, what, errTruncated
	}
	if _, err := binary.Decode(raw[:], binary.LittleEndian, &m.head); err != nil {
		return m, what, errDamaged
	}
	return m, what, nil
}

// guess says what a file is that is not ELF.
func guess(b []byte) string {
	for _, g := range []struct{ magic, name string }{
		{"!<arch>\n", "it is a static library"},
		{"#!", "it is a script"},
		{"MZ", "it is a Windows file"},
		{"\xcf\xfa\xed\xfe", "it is a macOS file"},
		{"\xca\xfe\xba\xbe", "it is a macOS file"},
		{"\x00asm", "it is a WebAssembly file"},
		{"\x1f\x8b", "it is compressed"},
		{"PK\x03\x04", "it is a zip archive"},
		{"BC\xc0\xde", "it is LLVM bitcode"},
	} {
		if bytes.HasPrefix(b, []byte(g.magic)) {
			return g.name
		}
	}
	if isText(b) {
		return "it is a text file"
	}
	return "its format is unknown"
}

// isText says whether the beginning of a file looks like text. The last rune
// may be cut.
func isText(b []byte) bool {
	for cut := 0; cut < utf8.UTFMax && cut < len(b); cut++ {
		if text := b[:len(b)-cut]; utf8.Valid(text) {
			return !bytes.ContainsFunc(text, func(r rune) bool { return r < ' ' && !strings.ContainsRune("\n\t\r", r) })
		}
	}
	return false
}

// within says whether n bytes at off are inside the file.
func (m *image) within(off, n uint64) bool {
	return n <= uint64(m.size) && off <= uint64(m.size)-n
}

// bytesAt reads n bytes at a file offset.
func (m *image) bytesAt(off, n uint64) ([]byte, error) {
	if !m.within(off, n) {
		return nil, errDamaged
	}
	b := make([]byte, n)
	if _, err := m.r.ReadAt(b, int64(off)); err != nil {
		return nil, refuse(ErrUnreadable, "The server cannot read it: %v.", bare(err))
	}
	return b, nil
}

// offset gives where an address of the loaded file is in the file, and how
// many bytes of its segment follow.
func (m *image) offset(addr uint64) (off, rest uint64, ok bool) {
	for _, p := range m.progs {
		if elf.ProgType(p.Type) == elf.PT_LOAD && addr >= p.Vaddr && addr-p.Vaddr < p.Filesz {
			d := addr - p.Vaddr
			return p.Off + d, p.Filesz - d, true
		}
	}
	return 0, 0, false
}

// load reads n bytes at an address.
func (m *image) load(addr, n uint64) ([]byte, error) {
	off, rest, ok := m.offset(addr)
	if !ok || n > rest {
		return nil, errDamaged
	}
	return m.bytesAt(off, n)
}

// table reads size-byte records at an address: n of them.
func table[T any](m *image, addr, n uint64) ([]T, error) {
	var one T
	size := uint64(binary.Size(one))
	if n > uint64(m.size)/size {
		return nil, errDamaged
	}
	b, err := m.load(addr, n*size)
	if err != nil {
		return nil, err
	}
	list := make([]T, n)
	if _, err := binary.Decode(b, binary.LittleEndian, list); err != nil {
		return nil, errDamaged
	}
	return list, nil
}

// readSegments reads the program headers.
func (m *image) readSegments() error {
	h := &m.head
	const size = 56
	if h.Phnum == 0 {
		return refuse(ErrNotShared, "It is not a shared object: it has no segments to load.")
	}
	if h.Phentsize != size {
		return errDamaged
	}
	if !m.within(h.Phoff, uint64(h.Phnum)*size) {
		return errTruncated
	}
	b, err := m.bytesAt(h.Phoff, uint64(h.Phnum)*size)
	if err != nil {
		return err
	}
	m.progs = make([]elf.Prog64, h.Phnum)
	if _, err := binary.Decode(b, binary.LittleEndian, m.progs); err != nil {
		return errDamaged
	}
	for _, p := range m.progs {
		if elf.ProgType(p.Type) == elf.PT_LOAD && !m.within(p.Off, p.Filesz) {
			return errTruncated
		}
	}
	// Section headers come last in a file: a cut copy shows here first.
	if h.Shoff != 0 && h.Shnum != 0 && !m.within(h.Shoff, uint64(h.Shnum)*uint64(h.Shentsize)) {
		return errTruncated
	}
	return nil
}

// readDynamic reads the dynamic section and what it names.
func (m *image) readDynamic() error {
	i := slices.IndexFunc(m.progs, func(p elf.Prog64) bool { return elf.ProgType(p.Type) == elf.PT_DYNAMIC })
	if i < 0 {
		return refuse(ErrNotShared, "It is not a shared object: it has no dynamic section.")
	}
	const size = 16
	p := m.progs[i]
	b, err := m.bytesAt(p.Off, p.Filesz/size*size)
	if err != nil {
		return err
	}
	n := min(len(b)/size, maxDynamic)
	m.dynamic = make([]elf.Dyn64, n)
	if _, err := binary.Decode(b[:n*size], binary.LittleEndian, m.dynamic); err != nil {
		return errDamaged
	}
	if end := slices.IndexFunc(m.dynamic, func(d elf.Dyn64) bool { return elf.DynTag(d.Tag) == elf.DT_NULL }); end >= 0 {
		m.dynamic = m.dynamic[:end]
	}
	addr, ok := m.value(elf.DT_STRTAB)
	length, ok2 := m.value(elf.DT_STRSZ)
	if !ok || !ok2 {
		return errDamaged
	}
	if m.strings, err = m.load(addr, length); err != nil {
		return err
	}
	for _, d := range m.dynamic {
		switch elf.DynTag(d.Tag) {
		case elf.DT_NEEDED:
			m.needed = append(m.needed, m.str(d.Val))
		case elf.DT_SONAME:
			m.soname = m.str(d.Val)
		case elf.DT_RPATH:
			m.rpath = strings.Split(m.str(d.Val), ":")
		case elf.DT_RUNPATH:
			m.runpath = strings.Split(m.str(d.Val), ":")
		case elf.DT_FLAGS_1:
			m.flags1 = elf.DynFlag1(d.Val)
		}
	}
	m.noDefLib = m.flags1&elf.DF_1_NODEFLIB != 0
	return nil
}

// value gives the value of a dynamic entry.
func (m *image) value(tag elf.DynTag) (uint64, bool) {
	for _, d := range m.dynamic {
		if elf.DynTag(d.Tag) == tag {
			return d.Val, true
		}
	}
	return 0, false
}

// str gives the string at an offset of the dynamic string table, or "".
func (m *image) str(off uint64) string {
	if off >= uint64(len(m.strings)) {
		return ""
	}
	b := m.strings[off:]
	if i := bytes.IndexByte(b, 0); i >= 0 {
		return string(b[:i])
	}
	return ""
}
