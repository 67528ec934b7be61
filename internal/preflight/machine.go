package preflight

import (
	"debug/elf"
	"fmt"
	"runtime"
	"strings"
)

// machine says what a file was built for.
type machine struct {
	class   elf.Class
	data    elf.Data
	osabi   elf.OSABI
	kind    elf.Type
	machine elf.Machine
}

// hostMachine is what this server runs on.
func hostMachine() machine {
	m := machine{class: elf.ELFCLASS64, data: elf.ELFDATA2LSB, kind: elf.ET_DYN}
	switch runtime.GOARCH {
	case "amd64":
		m.machine = elf.EM_X86_64
	case "arm64":
		m.machine = elf.EM_AARCH64
	case "riscv64":
		m.machine = elf.EM_RISCV
	case "loong64":
		m.machine = elf.EM_LOONGARCH
	case "ppc64le":
		m.machine = elf.EM_PPC64
	}
	return m
}

// same says whether a file for o can be loaded on m.
func (m machine) same(o machine) bool {
	return m.class == o.class && m.data == o.data && m.machine == o.machine &&
		(o.osabi == elf.ELFOSABI_NONE || o.osabi == elf.ELFOSABI_LINUX)
}

// String names the machine as people do.
func (m machine) String() string {
	name := map[elf.Machine]string{
		elf.EM_X86_64: "x86-64", elf.EM_386: "x86", elf.EM_AARCH64: "arm64", elf.EM_ARM: "arm",
		elf.EM_RISCV: "risc-v", elf.EM_PPC64: "ppc64", elf.EM_PPC: "ppc", elf.EM_S390: "s390",
		elf.EM_MIPS: "mips", elf.EM_LOONGARCH: "loongarch", elf.EM_SPARCV9: "sparc64",
	}[m.machine]
	if name == "" {
		name = strings.ToLower(strings.TrimPrefix(m.machine.String(), "EM_"))
	}
	var more []string
	switch {
	case m.class == elf.ELFCLASS32:
		more = append(more, "32-bit")
	case m.class != elf.ELFCLASS64:
		more = append(more, fmt.Sprintf("unknown class %d", m.class))
	}
	switch {
	case m.data == elf.ELFDATA2MSB:
		more = append(more, "big-endian")
	case m.data != elf.ELFDATA2LSB:
		more = append(more, fmt.Sprintf("unknown byte order %d", m.data))
	}
	if m.osabi != elf.ELFOSABI_NONE && m.osabi != elf.ELFOSABI_LINUX {
		more = append(more, "for "+strings.TrimPrefix(m.osabi.String(), "ELFOSABI_"))
	}
	if len(more) > 0 {
		name += " (" + strings.Join(more, ", ") + ")"
	}
	return name
}

// shared refuses what is no shared object. A program that can be loaded
// anywhere is one by its type, and is told by a flag of its dynamic section.
func (m machine) shared() error {
	switch m.kind {
	case elf.ET_DYN:
		return nil
	case elf.ET_EXEC:
		return refuse(ErrNotShared, "It is a program, not a shared object.")
	case elf.ET_REL:
		return refuse(ErrNotShared, "It is an object file, not a shared object: link it with -shared.")
	case elf.ET_CORE:
		return refuse(ErrNotShared, "It is a core dump, not a shared object.")
	}
	return refuse(ErrNotShared, "It is not a shared object: its ELF type is %d.", m.kind)
}
