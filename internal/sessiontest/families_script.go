package sessiontest

import (
	"crypto/sha1"
	"fmt"
	"slices"
	"strings"
)

// The scripts that random commands run in, and the functions: what they are given is the
// command.
var (
	wrappers = []string{
		"return redis.pcall(unpack(ARGV))",
		"local r = redis.pcall(unpack(ARGV)) return r",
		"#!lua\nreturn redis.pcall(unpack(ARGV))",
		"#!lua flags=no-writes\nreturn redis.pcall(unpack(ARGV))",
	}
	libraries = []string{
		"#!lua name=run\nredis.register_function('run', function(keys, args) return redis.pcall(unpack(args)) end)",
		"#!lua name=look\nredis.register_function{function_name='look', callback=function(keys, args) return redis.pcall(unpack(args)) end, flags={'no-writes'}}",
		"#!lua name=other\nredis.register_function('run', function() return 1 end)",
		"#!lua name=run\nredis.register_function('look', function() return 1 end)",
	}
)

// inScript gives the command that a script of genScript's runs, nil for none.
func inScript(args []string) []string {
	switch strings.ToUpper(args[0]) {
	case "EVAL", "EVAL_RO", "EVALSHA", "EVALSHA_RO", "FCALL", "FCALL_RO":
		if len(args) > 3 && args[2] == "0" {
			return args[3:]
		}
	}
	return nil
}

// waiting are commands that wait, which 7.0 does not let scripts call.
var waiting = []string{"BLPOP", "BRPOP", "BLMOVE", "BRPOPLPUSH", "BLMPOP", "BZPOPMIN", "BZPOPMAX", "BZMPOP"}

func genScript(g *Gen) []string {
	gens := []func(*Gen) []string{genString, genNumber, genList, genHash, genSet, genZSet, genStream, genKey, genBitmap, genSort, genTransaction}
	inner := g.mangle(gens[g.IntN(len(gens))](g))
	for slices.Contains(waiting, strings.ToUpper(inner[0])) {
		inner = genString(g)
	}
	ro := g.pick("", "", "_RO")
	switch code := g.pick(wrappers...); g.IntN(10) {
	case 0, 1, 2, 3:
		return join("EVAL"+ro, code, "0", inner)
	case 4, 5:
		return join("EVALSHA"+ro, sha1Of(code), "0", inner)
	case 6, 7:
		return join("FCALL"+ro, g.pick("run", "RUN", "look"), "0", inner)
	case 8:
		lib := g.pick(libraries...)
		switch g.IntN(5) {
		case 0, 1, 2:
			return join("FUNCTION", "LOAD", g.maybe(50, "REPLACE"), lib)
		case 3:
			return join("FUNCTION", "DELETE", g.pick("run", "look"))
		}
		return join("FUNCTION", g.pick("FLUSH", "STATS", "KILL"))
	default:
		switch g.IntN(4) {
		case 0, 1:
			return join("SCRIPT", "LOAD", code)
		case 2:
			return join("SCRIPT", "EXISTS", sha1Of(code))
		}
		return join("SCRIPT", g.pick("FLUSH", "KILL"))
	}
}

func sha1Of(code string) string { return fmt.Sprintf("%x", sha1.Sum([]byte(code))) }
