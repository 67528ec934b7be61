package main

import (
	"bytes"
	"fmt"
	"go/format"
	"strings"
)

// writeGo formats Go source; a failure is a bug of the generator.
func writeGo(b *bytes.Buffer, src string) {
	out, err := format.Source([]byte(src))
	if err != nil {
		panic("BUG: the generated Go does not parse: " + err.Error())
	}
	b.Write(out)
}

// failure is the result of a call that was refused: the error status for a
// function that returns a status, else zero.
func failure(f *function) string {
	if f.Returns == "int" {
		return "statusErr"
	}
	return "0"
}

func writeTable(b *bytes.Buffer, table []*function) {
	var s strings.Builder
	p := func(format string, a ...any) { fmt.Fprintf(&s, format+"\n", a...) }
	p("// %s\n\npackage abi\n", banner)
	p("// The functions of the interface, by their place in api.json.\nconst (")
	for i, f := range table {
		p("fn%s = %d", f.Name, i)
	}
	p("\nnumAPI = %d\n)\n", len(table))
	p("// apiNames are the names without a prefix.\nvar apiNames = [numAPI]string{")
	for _, f := range table {
		p("%q,", f.Name)
	}
	p("}\n\n// apiThreads tell which threads may call.\nvar apiThreads = [numAPI]threadRule{")
	for _, f := range table {
		if f.Threads == "any" {
			p("fn%s: ruleAny,", f.Name)
		}
	}
	p("}\n\n// apiFailure is what a refused call returns.\nvar apiFailure = [numAPI]uint64{")
	for _, f := range table {
		if failure(f) != "0" {
			p("fn%s: %s,", f.Name, failure(f))
		}
	}
	p("}\n\n// apiLibc are the functions that the C library serves.\nvar apiLibc = map[int]string{")
	for _, f := range table {
		if f.Libc != "" {
			p("fn%s: %q,", f.Name, f.Libc)
		}
	}
	p("}\n\n// handlers run the calls; it is filled here since handlers call back into it.")
	p("var handlers [numAPI]func(*frame)\n\nfunc init() {\nhandlers = [numAPI]func(*frame){")
	for _, f := range table {
		if f.handler {
			p("fn%s: api%s,", f.Name, f.Name)
		}
	}
	p("}\n}")
	writeGo(b, s.String())
}

func writeLeaves(b *bytes.Buffer, table []*function) {
	var s strings.Builder
	p := func(format string, a ...any) { fmt.Fprintf(&s, format+"\n", a...) }
	p("// %s\n\npackage abi\n", banner)
	p("func init() {\nleaves = map[int]func() uintptr{")
	for _, f := range table {
		if f.leaf || f.quick {
			p("fn%s: addr%s,", f.Name, f.Name)
		}
	}
	p("}\nfor i, f := range map[int]func(*quickArgs) bool{")
	for _, f := range table {
		if f.quick {
			p("fn%s: quick%s,", f.Name, f.Name)
		}
	}
	p("} {\nquickEntries[i] = entryOf(f)\n}\n}\n")
	for _, f := range table {
		if f.leaf || f.quick {
			p("func addr%s() uintptr", f.Name)
		}
	}
	writeGo(b, s.String())
}

func writeLeafAddresses(b *bytes.Buffer, table []*function) {
	fmt.Fprintf(b, "// %s\n\n#include \"textflag.h\"\n", banner)
	for i, f := range table {
		entry := "leaf"
		if f.quick {
			by := "quick"
			if f.threads {
				by = "threadQuick"
			}
			fmt.Fprintf(b, "\nTEXT ·try%s(SB), NOSPLIT|NOFRAME, $0\n\tMOVL $%d, AX\n\tJMP ·%s(SB)\n", f.Name, i, by)
			if !f.leaf {
				entry = "try"
			}
		}
		if f.leaf || f.quick {
			fmt.Fprintf(b, "\n// func addr%s() uintptr\nTEXT ·addr%s(SB), NOSPLIT, $0-8\n\tLEAQ ·%s%s(SB), AX\n\tMOVQ AX, ret+0(FP)\n\tRET\n", f.Name, f.Name, entry, f.Name)
		}
	}
}

func writeStubsAMD64(b *bytes.Buffer, table []*function) {
	fmt.Fprintf(b, "// %s\n\n#include \"textflag.h\"\n\n", banner)
	b.WriteString("// Stub i lies 16*i bytes from here. AX is free: it carries no argument.\nTEXT ·stubs(SB), NOSPLIT|NOFRAME, $0\n")
	for i, f := range table {
		fmt.Fprintf(b, "\tMOVL $%d, AX // %s\n\tJMP ·tail(SB)\n\tPCALIGN $16\n", i, f.Name)
	}
}

func writeStubsARM64(b *bytes.Buffer, table []*function) {
	fmt.Fprintf(b, "// %s\n\n#include \"textflag.h\"\n\n", banner)
	b.WriteString("// Stub i lies 16*i bytes from here. R16 is free: it belongs to the linker.\nTEXT ·stubs(SB), NOSPLIT|NOFRAME, $0\n")
	for i, f := range table {
		fmt.Fprintf(b, "\tMOVD $%d, R16 // %s\n\tB ·tail(SB)\n\tPCALIGN $16\n", i, f.Name)
	}
}

// declare writes a C declaration of a variable that points to the function.
func declare(prefix string, f *function) string {
	return fmt.Sprintf("%s(*%s%s)(%s)", spaced(f.Returns), prefix, f.Name, f.Parameters)
}

func spaced(ret string) string {
	if strings.HasSuffix(ret, "*") {
		return ret
	}
	return ret + " "
}

func writeHeader(b *bytes.Buffer, table []*function) {
	fmt.Fprintf(b, "/* %s */\n\n", banner)
	section := ""
	for _, f := range table {
		if f.Section != section {
			section = f.Section
			fmt.Fprintf(b, "\n/* %s */\n", section)
		}
		fmt.Fprintf(b, "REDISMODULE_API %s REDISMODULE_ATTR;\n", declare("RedisModule_", f))
	}
	b.WriteString("\n/* Ask the server for every function; one that it lacks stays NULL. */\n#define REDISMODULE_GET_ALL_API() do { \\\n")
	for _, f := range table {
		if f.Name != "GetApi" {
			fmt.Fprintf(b, "    REDISMODULE_GET_API(%s); \\\n", f.Name)
		}
	}
	b.WriteString("} while (0)\n")
}

func writeDocs(b *bytes.Buffer, table []*function) {
	done := 0
	for _, f := range table {
		if f.done() {
			done++
		}
	}
	fmt.Fprintf(b, "<!-- %s -->\n\n# The module interface\n\n", banner)
	fmt.Fprintf(b, "%d of %d functions are there. One that is absent is NULL in the module, as in a server that is too old.\n", done, len(table))
	b.WriteString("Each is found under `RedisModule_` and `ValkeyModule_`. *Lock* means that the calling thread must be the server's own or hold the lock of `ThreadSafeContextLock`.\n")
	section := ""
	for _, f := range table {
		if f.Section != section {
			section = f.Section
			fmt.Fprintf(b, "\n## %s\n\n| function | since | threads | here |\n|---|---|---|---|\n", section)
		}
		state := "absent"
		switch {
		case f.leaf || f.quick:
			state = "yes, without entering Go"
		case f.done():
			state = "yes"
		}
		sig := fmt.Sprintf("%s%s(%s)", spaced(f.Returns), f.Name, f.Parameters)
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", strings.ReplaceAll(sig, "|", "\\|"), f.Since, f.Threads, state)
	}
}
