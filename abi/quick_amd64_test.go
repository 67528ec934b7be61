package abi

import (
	"fmt"
	"maps"
	"math"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// harmless are functions of the runtime that run without a scheduler: they move
// and compare bytes, or end the program.
var harmless = regexp.MustCompile(`^(runtime\.(mem(equal|move|hash|clrNoHeapPointers)\w*|cmpstring|(go)?panic\w*|morestack\w*|duff(zero|copy).*|nanotime1?)|internal/bytealg\.\w+|indexbytebody)(\.abi0)?$`)

// TestQuick looks at all that quick functions call in the compiled server: none
// of it may need the scheduler or the collector, nor be unknown.
func TestQuick(t *testing.T) {
	exe := filepath.Join(t.TempDir(), "berth")
	if out, err := exec.Command("go", "build", "-o", exe, "../cmd/berth").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	from := map[string]string{} // who calls a function
	next := `^berth/abi\.quick[A-Z]\w*$`
	for next != "" {
		var found []string
		for caller, calls := range disassembled(t, exe, next) {
			if _, known := from[caller]; !known {
				from[caller] = "assembly"
			}
			for _, callee := range calls {
				if _, known := from[callee]; known || harmless.MatchString(callee) {
					continue
				}
				from[callee] = caller
				if strings.HasPrefix(callee, "runtime.") || !strings.Contains(callee, ".") {
					t.Errorf("%s calls %s", chain(from, caller), callee)
					continue
				}
				found = append(found, regexp.QuoteMeta(callee))
			}
		}
		next = strings.Join(found, "|")
		if next != "" {
			next = "^(" + next + ")$"
		}
	}
	if len(from) < 20 {
		t.Errorf("only %d functions: %v", len(from), slices.Sorted(maps.Keys(from)))
	}
}

// chain is a function with those that lead to it.
func chain(from map[string]string, name string) string {
	if by := from[name]; by != "assembly" {
		return chain(from, by) + " > " + name
	}
	return name
}

var (
	textLine = regexp.MustCompile(`^TEXT (\S+)\(SB\)`)
	callLine = regexp.MustCompile(`\b(CALL|JMP) (\S+?)(\(SB\))?\s*$`)
)

// disassembled are the functions whose names match, and what each calls.
func disassembled(t *testing.T, exe, match string) map[string][]string {
	t.Helper()
	out, err := exec.Command("go", "tool", "objdump", "-s", match, exe).Output()
	if err != nil {
		t.Fatal(err)
	}
	functions := map[string][]string{}
	name := ""
	for line := range strings.Lines(string(out)) {
		if m := textLine.FindStringSubmatch(line); m != nil {
			name = m[1]
			functions[name] = nil
			continue
		}
		m := callLine.FindStringSubmatch(line)
		if m == nil || m[1] == "JMP" && m[3] == "" || m[2] == name {
			continue // jumps within a function have an address
		}
		functions[name] = append(functions[name], m[2])
	}
	if len(functions) == 0 {
		t.Fatal(fmt.Sprintf("nothing matches %s", match))
	}
	return functions
}

// Numbers become the strings that strconv writes.
func TestQuickNumbers(t *testing.T) {
	onLoop(t)
	newString([]byte("a cell to be used again"), true).release(true)
	for _, n := range []int64{0, 1, -1, 9, 10, -10, 99, 100, 1234567890, math.MaxInt64, math.MinInt64, math.MinInt64 + 1} {
		a := quickArgs{ints: [numInts]uint64{0, uint64(n)}}
		if !quickCreateStringFromLongLong(&a) {
			t.Fatalf("%d: not made", n)
		}
		s := stringAt(uintptr(a.ret))
		if got, want := string(s.bytes()), strconv.FormatInt(n, 10); got != want {
			t.Errorf("%s, want %s", got, want)
		}
		s.release(true)
	}
}
