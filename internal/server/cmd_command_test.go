package server

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// namedOwner is a module's label in tests.
type namedOwner string

func (n namedOwner) ModuleName() string { return string(n) }

func TestCommandInfo(t *testing.T) {
	k := talk(t, "")
	k.expect(
		"COMMAND COUNT", fmt.Sprint(len(k.s.Commands())),
		"COMMAND COUNT x", "-ERR wrong number of arguments for 'command|count' command",
		"COMMAND INFO nosuch get|x", "[nil nil]",
		"COMMAND INFO TIME", "[[time 1 [loading stale fast] 0 0 0 [@fast] [nondeterministic_output] [] []]]",
		"COMMAND INFO config|set", "[[config|set -4 [admin noscript loading stale] 0 0 0 [@admin @slow @dangerous] "+
			"[request_policy:all_nodes response_policy:all_succeeded] [] []]]",
		"COMMAND INFO mset", "[[mset -3 [write denyoom] 1 -1 2 [@write @string @slow] "+
			"[request_policy:multi_shard response_policy:all_succeeded] "+
			"[[flags [OW update] begin_search [type index spec [index 1]] find_keys [type range spec [lastkey -1 keystep 2 limit 0]]]] []]]",
	)
	k.c.RESP = 3
	k.expect("COMMAND INFO strlen", "[[strlen 2 {readonly fast} 1 1 1 {@read @string @fast} {} "+
		"{{flags:{RO} begin_search:{type:index spec:{index:1}} find_keys:{type:range spec:{lastkey:0 keystep:1 limit:0}}}} {}]]")
	sub := k.do("COMMAND INFO config")
	for _, name := range []string{"config|get", "config|help", "config|resetstat", "config|rewrite", "config|set"} {
		if !strings.Contains(sub, "["+name+" ") {
			t.Errorf("no %s in %s", name, sub)
		}
	}
}

func TestCommandList(t *testing.T) {
	k := talk(t, "")
	if err := k.s.AddCommand(&Command{Name: "mod.x", Arity: 1, Flags: Module, Owner: namedOwner("mod"), Handler: cmdTime}); err != nil {
		t.Fatal(err)
	}
	k.expect(
		"COMMAND LIST FILTERBY MODULE mod", "[mod.x]",
		"COMMAND LIST FILTERBY MODULE none", "[]",
		"COMMAND LIST filterby pattern CONFIG|R*", "[config|resetstat config|rewrite]",
		"COMMAND LIST FILTERBY ACLCAT nosuch", "[]",
		"COMMAND LIST FILTERBY x y", "-ERR syntax error",
		"COMMAND LIST FILTERBY pattern", "-ERR syntax error",
		"COMMAND LIST x", "-ERR syntax error",
	)
	all := strings.Fields(strings.Trim(k.do("COMMAND LIST"), "[]"))
	for _, name := range []string{"get", "mod.x", "config", "config|get", "command|docs"} {
		if !slices.Contains(all, name) {
			t.Errorf("no %s among all commands", name)
		}
	}
	dangerous := strings.Fields(strings.Trim(k.do("COMMAND LIST FILTERBY ACLCAT dangerous"), "[]"))
	if !slices.Contains(dangerous, "flushall") || slices.Contains(dangerous, "get") {
		t.Errorf("dangerous: %v", dangerous)
	}
	if got := k.do("COMMAND DOCS mod.x nosuch"); got != "[mod.x [group module module mod]]" {
		t.Errorf("docs: %s", got)
	}
	k.c.RESP = 3
	if got := k.do("COMMAND DOCS getset"); !strings.Contains(got, "group:string") || !strings.Contains(got, "doc_flags:{deprecated}") ||
		!strings.Contains(got, "deprecated_since:6.2.0") {
		t.Errorf("docs: %s", got)
	}
}

func TestCommandGetKeys(t *testing.T) {
	k := talk(t, "")
	keyword := KeySpec{Flags: KeyRW, Begin: BeginKeyword, Keyword: "STREAMS", StartFrom: 1, Find: FindRange, LastKey: -1, Step: 1, Limit: 2}
	backwards := keyword
	backwards.StartFrom = -1
	count := KeySpec{Flags: KeyRO, Begin: BeginIndex, Index: 2, Find: FindKeyNum, KeyNumIdx: 0, FirstKey: 1, Step: 1}
	for _, cmd := range []*Command{
		{Name: "t.streams", Arity: -2, KeySpecs: []KeySpec{keyword}},
		{Name: "t.back", Arity: -2, KeySpecs: []KeySpec{backwards}},
		{Name: "t.count", Arity: -3, KeySpecs: []KeySpec{count}},
		{Name: "t.may", Arity: -3, KeySpecs: []KeySpec{count}, Flags: NoMandatoryKeys},
		{Name: "t.old", Arity: -1, FirstKey: 2, LastKey: -2, KeyStep: 2},
		{Name: "t.unknown", Arity: -1, KeySpecs: []KeySpec{{}}},
		{Name: "t.not", Arity: -1, KeySpecs: []KeySpec{{Flags: KeyNotKey, Begin: BeginIndex, Index: 1, Find: FindRange, Step: 1}}},
		{Name: "t.own", Arity: -2, KeySpecs: []KeySpec{{}}, GetKeys: func(_ *Command, argv [][]byte) ([]KeyRef, bool) {
			return []KeyRef{{Pos: len(argv) - 1, Flags: KeyOW}}, true
		}},
	} {
		cmd.Handler = cmdTime
		if err := k.s.AddCommand(cmd); err != nil {
			t.Fatal(err)
		}
	}
	const invalid = "-ERR Invalid arguments specified for command"
	const none = "-ERR The command has no key arguments"
	k.expect(
		"COMMAND GETKEYS", "-ERR wrong number of arguments for 'command|getkeys' command",
		"COMMAND GETKEYS nosuch", "-ERR Invalid command specified",
		"COMMAND GETKEYS config nosuch", "-ERR Invalid command specified",
		"COMMAND GETKEYS PING", none,
		"COMMAND GETKEYS t.not a", none,
		"COMMAND GETKEYS get", "-ERR Invalid number of arguments specified for command",
		"COMMAND GETKEYS get a b", "-ERR Invalid number of arguments specified for command",
		"COMMAND GETKEYS GET a", "[a]",
		"COMMAND GETKEYS mset a 1 b 2", "[a b]",
		"COMMAND GETKEYS object encoding a", "[a]",
		"COMMAND GETKEYSANDFLAGS set a 1", "[[a [OW update]]]",
		"COMMAND GETKEYSANDFLAGS set a 1 EX 5 Get", "[[a [RW access update]]]",
		"COMMAND GETKEYSANDFLAGS mset a 1", "[[a [OW update]]]",
		"COMMAND GETKEYS t.streams x STREAMS a b 1 2", "[a b]",
		"COMMAND GETKEYS t.streams x y", invalid,
		"COMMAND GETKEYS t.back streams x streams a 1", "[a]",
		"COMMAND GETKEYS t.count x 2 a b c", "[a b]",
		"COMMAND GETKEYS t.count x 3 a b", invalid,
		"COMMAND GETKEYS t.count x 0 a b", invalid,
		"COMMAND GETKEYS t.count x -1 a b", invalid,
		"COMMAND GETKEYS t.count x 9223372036854775807 a", invalid,
		"COMMAND GETKEYS t.may x 0", "[]",
		"COMMAND GETKEYS t.old x a y b z", "[a b]",
		"COMMAND GETKEYS t.old", invalid,
		"COMMAND GETKEYS t.unknown a", invalid,
		"COMMAND GETKEYSANDFLAGS t.own a b", "[[b [OW]]]",
	)
}

func TestKeyRange(t *testing.T) {
	index := func(pos, last, step int, flags KeyFlag) KeySpec {
		return KeySpec{Flags: flags, Begin: BeginIndex, Index: pos, Find: FindRange, LastKey: last, Step: step}
	}
	for _, tc := range []struct {
		name              string
		specs             []KeySpec
		first, last, step int
		movable           bool
	}{
		{"none", nil, 0, 0, 0, false},
		{"one", []KeySpec{index(1, 0, 1, 0)}, 1, 1, 1, false},
		{"all", []KeySpec{index(1, -1, 2, 0)}, 1, -1, 2, false},
		{"incomplete", []KeySpec{index(1, 0, 1, KeyIncomplete)}, 1, 1, 1, true},
		{"two in a row", []KeySpec{index(1, 0, 1, 0), index(2, 0, 1, 0)}, 1, 2, 1, false},
		{"destination and all", []KeySpec{index(1, 0, 1, 0), index(2, -1, 1, 0)}, 1, -1, 1, false},
		{"with a gap", []KeySpec{index(1, 0, 1, 0), index(3, 0, 1, 0)}, 1, 1, 1, true},
		{"counted", []KeySpec{{Begin: BeginIndex, Index: 2, Find: FindKeyNum}}, 0, 0, 0, true},
		{"keyword behind", []KeySpec{index(1, 0, 1, 0), {Begin: BeginKeyword}}, 1, 1, 1, true},
	} {
		cmd := &Command{KeySpecs: tc.specs}
		first, last, step, movable := cmd.keyRange()
		if first != tc.first || last != tc.last || step != tc.step || movable != tc.movable {
			t.Errorf("%s: %d %d %d %v", tc.name, first, last, step, movable)
		}
	}
}
