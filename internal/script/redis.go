package script

import (
	"crypto/sha1"
	"encoding/hex"
	"math"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

var redisFunctions = map[string]func(*state, *lua.LState) int{
	"call":          func(s *state, L *lua.LState) int { return s.command(L, true) },
	"pcall":         func(s *state, L *lua.LState) int { return s.command(L, false) },
	"log":           redisLog,
	"setresp":       redisSetResp,
	"sha1hex":       redisSha1Hex,
	"error_reply":   redisErrorReply,
	"status_reply":  redisStatusReply,
	"set_repl":      redisSetRepl,
	"acl_check_cmd": redisACLCheckCmd,
}

// evalFunctions are those that only EVAL's scripts have. There is no debugger, so what speaks to it does nothing.
var evalFunctions = map[string]func(*state, *lua.LState) int{
	"replicate_commands": func(_ *state, L *lua.LState) int { L.Push(lua.LTrue); return 1 },
	"breakpoint":         func(_ *state, L *lua.LState) int { L.Push(lua.LFalse); return 1 },
	"debug":              func(*state, *lua.LState) int { return 0 },
}

// Propagation targets of redis.set_repl.
const (
	replAOF     = 1
	replReplica = 2
)

// openRedis makes the table "redis", and what stands in its place while a library loads.
func (s *state) openRedis() {
	t := s.L.CreateTable(0, 32)
	s.functions(t, redisFunctions)
	s.redisConstants(t)
	for name, v := range map[string]int{"REPL_NONE": 0, "REPL_AOF": replAOF, "REPL_SLAVE": replReplica,
		"REPL_REPLICA": replReplica, "REPL_ALL": replAOF | replReplica} {
		t.RawSetString(name, lua.LNumber(v))
	}
	s.globals.RawSetString("redis", t)
	if !s.library {
		s.functions(t, evalFunctions)
		s.globals.RawSetString("__redis__err__handler", s.function(errorHandler))
		return
	}
	api := s.L.CreateTable(0, 8)
	api.RawSetString("register_function", s.function(registerFunction))
	api.RawSetString("log", s.function(redisLog))
	s.redisConstants(api)
	s.loadAPI = s.L.CreateTable(0, 1)
	for _, table := range []*lua.LTable{api, s.loadAPI} {
		missing := s.L.CreateTable(0, 1)
		missing.RawSetString("__index", s.function(missingGlobal))
		s.shield(missing)
		table.Metatable = missing
	}
	s.loadAPI.RawSetString("redis", s.shield(api))
}

func (s *state) redisConstants(t *lua.LTable) {
	t.RawSetString("REDIS_VERSION", lua.LString(s.e.version))
	t.RawSetString("REDIS_VERSION_NUM", lua.LNumber(s.e.versionNumber()))
	for i, name := range []string{"LOG_DEBUG", "LOG_VERBOSE", "LOG_NOTICE", "LOG_WARNING"} {
		t.RawSetString(name, lua.LNumber(i))
	}
}

// errorHandler is what Redis has among the globals for its own use; a script that calls it gets what it would there.
func errorHandler(s *state, L *lua.LState) int {
	t, ok := L.Get(1).(*lua.LTable)
	if !ok {
		t = s.errorTable("ERR " + plainText(L.Get(1)))
	}
	if source, line := s.blame(L); source != "" {
		t.RawSetString("source", lua.LString(source))
		n, _ := strconv.Atoi(line)
		t.RawSetString("line", lua.LNumber(n))
	}
	L.Push(t)
	return 1
}

// raiseRedis raises a Redis error with the general code.
func (s *state) raiseRedis(L *lua.LState, text string) { s.raise(L, s.errorTable("ERR "+text)) }

// command is redis.call and redis.pcall, which differ in what they do with errors.
func (s *state) command(L *lua.LState, raise bool) int {
	argv, text := s.arguments(L)
	if text != "" {
		if raise {
			s.raiseRedis(L, text)
		}
		L.Push(s.errorTable("ERR " + text))
		return 1
	}
	if s.inCall {
		s.raiseRedis(L, "a command called from a script cannot call back into it")
	}
	L.SetTop(0)
	// A panic of the host's leaves the mark set, and is passed on: see failed.
	s.inCall = true
	reply := s.e.host.Call(argv, s.resp)
	s.inCall = false
	value := s.fromReply(reply)
	if raise && len(reply) > 0 && reply[0] == '-' {
		s.raise(L, value)
	}
	L.Push(value)
	return 1
}

// arguments makes a command's arguments of a library function's. They are valid until the next call of arguments; numbers are
// written so that they read back the same. text says what is wrong with them.
func (s *state) arguments(L *lua.LState) (argv [][]byte, text string) {
	n := L.GetTop()
	if n == 0 {
		return nil, "Please specify at least one argument for this redis lib call"
	}
	argv, buf := s.argv[:0], s.argBuf[:0]
	for i := 1; i <= n; i++ {
		from := len(buf)
		switch v := L.Get(i).(type) {
		case lua.LString:
			buf = append(buf, v...)
		case lua.LNumber:
			buf = appendArgument(buf, float64(v))
		default:
			return nil, "Lua redis lib command arguments must be strings or integers"
		}
		argv = append(argv, buf[from:len(buf):len(buf)])
	}
	// Growing moved the buffer: only now do all slices lie in the one that is kept.
	at := 0
	for i, arg := range argv {
		argv[i] = buf[at : at+len(arg) : at+len(arg)]
		at += len(arg)
	}
	s.argv, s.argBuf = argv, buf
	if cap(buf) > maxKeptBuf {
		s.argBuf = nil
	}
	return argv, ""
}

// maxKeptBuf is how large an argument buffer is kept for the next command.
const maxKeptBuf = 1 << 20

// appendArgument writes a number as a command's argument: whole when it is, else the shortest text that is the number.
func appendArgument(b []byte, f float64) []byte {
	if n := int64(f); float64(n) == f && f >= -(1<<62) && f <= 1<<62 {
		return strconv.AppendInt(b, n, 10)
	}
	if b, ok := appendSpecial(b, f); ok {
		return b
	}
	return appendShortest(b, f)
}

// appendShortest writes f like Redis's fpconv: digits without exponent where that is short, else "1.5e+30".
func appendShortest(b []byte, f float64) []byte {
	digits := strconv.AppendFloat(nil, math.Abs(f), 'e', -1, 64)
	at := strings.LastIndexByte(string(digits), 'e')
	exp, _ := strconv.Atoi(string(digits[at+1:]))
	n := at
	if n > 1 {
		n-- // the point
	}
	if f < 0 {
		b = append(b, '-')
	}
	// k is the exponent of the last digit.
	k := exp - n + 1
	size := max(exp, -exp)
	if k >= 0 && size < n+7 || k < 0 && (k > -7 || size < 4) {
		return strconv.AppendFloat(b, math.Abs(f), 'f', -1, 64)
	}
	b = append(b, digits[:at]...)
	b = append(b, 'e', digits[at+1])
	return strconv.AppendInt(b, int64(size), 10)
}

func redisLog(s *state, L *lua.LState) int {
	n := L.GetTop()
	if n < 2 {
		s.raiseRedis(L, "redis.log() requires two arguments or more.")
	}
	level, ok := toNumber(L.Get(1))
	if !ok {
		s.raiseRedis(L, "First argument must be a number (log level).")
	}
	at := toInt(level)
	if at < 0 || at > 3 {
		s.raiseRedis(L, "Invalid debug level.")
	}
	var b strings.Builder
	for i := 2; i <= n; i++ {
		if text, ok := toString(L.Get(i)); ok {
			if i > 2 {
				b.WriteByte(' ')
			}
			s.allocate(L, b.Len()+len(text))
			b.WriteString(text)
		}
	}
	s.e.host.Log(at, b.String())
	return 0
}

func redisSetResp(s *state, L *lua.LState) int {
	if L.GetTop() != 1 {
		s.raiseRedis(L, "redis.setresp() requires one argument.")
	}
	f, _ := toNumber(L.Get(1))
	if v := toInt(f); v == 2 || v == 3 {
		s.resp = v
		return 0
	}
	s.raiseRedis(L, "RESP version must be 2 or 3.")
	return 0
}

func redisSetRepl(s *state, L *lua.LState) int {
	if L.GetTop() != 1 {
		s.raiseRedis(L, "redis.set_repl() requires one argument.")
	}
	f, _ := toNumber(L.Get(1))
	to := toInt(f)
	if to&^(replAOF|replReplica) != 0 {
		s.raiseRedis(L, "Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.")
	}
	s.e.host.SetRepl(to)
	return 0
}

func redisSha1Hex(s *state, L *lua.LState) int {
	if L.GetTop() != 1 {
		s.raiseRedis(L, "wrong number of arguments")
	}
	text, _ := toString(L.Get(1))
	L.Push(lua.LString(sha1Hex([]byte(text))))
	return 1
}

func sha1Hex(b []byte) string {
	sum := sha1.Sum(b)
	return hex.EncodeToString(sum[:])
}

func redisStatusReply(s *state, L *lua.LState) int {
	text, ok := L.Get(1).(lua.LString)
	if L.GetTop() != 1 || !ok {
		L.Push(s.errorTable("ERR wrong number or type of arguments"))
		return 1
	}
	t := L.CreateTable(0, 1)
	t.RawSetString("ok", text)
	L.Push(t)
	return 1
}

func redisErrorReply(s *state, L *lua.LState) int {
	text, ok := L.Get(1).(lua.LString)
	if L.GetTop() != 1 || !ok {
		L.Push(s.errorTable("ERR wrong number or type of arguments"))
		return 1
	}
	L.Push(s.errorTable(errorText(strings.TrimPrefix(cString(string(text)), "-"))))
	return 1
}

// errorText gives an error without a code the general one. A code is whatever stands before the first space.
func errorText(text string) string {
	code, msg, ok := strings.Cut(text, " ")
	if !ok {
		code, msg = "ERR", text
	}
	return code + " " + strings.Trim(msg, "\r\n")
}

// cString ends a text where C does.
func cString(text string) string {
	if i := strings.IndexByte(text, 0); i >= 0 {
		return text[:i]
	}
	return text
}

func redisACLCheckCmd(s *state, L *lua.LState) int {
	argv, text := s.arguments(L)
	if text != "" {
		s.raiseRedis(L, text)
	}
	ok, err := s.e.host.Allowed(argv)
	if err != nil {
		s.raiseRedis(L, "Invalid command passed to redis.acl_check_cmd()")
	}
	L.Push(lua.LBool(ok))
	return 1
}
