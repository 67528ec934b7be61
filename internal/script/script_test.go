package script

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"berth/internal/resp"
)

// fakeHost answers commands of its own.
type fakeHost struct {
	logs  []string
	repl  []int
	argv  []string
	ticks int
	limit int // ticks after which a script is killed, 0 for none
}

var errKilled = errors.New("Script killed by user with SCRIPT KILL...")

func (h *fakeHost) Log(level int, text string) { h.logs = append(h.logs, fmt.Sprint(level, " ", text)) }
func (h *fakeHost) SetRepl(to int)             { h.repl = append(h.repl, to) }
func (h *fakeHost) Tick() error {
	h.ticks++
	if h.limit > 0 && h.ticks >= h.limit {
		return errKilled
	}
	return nil
}

func (h *fakeHost) Allowed(argv [][]byte) (bool, error) {
	switch strings.ToLower(string(argv[0])) {
	case "get":
		return true, nil
	case "set":
		return false, nil
	}
	return false, errors.New("no such command")
}

var getReply = []byte("$5\r\nhello\r\n")

func (h *fakeHost) Call(argv [][]byte, proto int) []byte {
	switch string(argv[0]) {
	case "get":
		return getReply
	case "raw":
		return argv[1]
	case "echo":
		return resp.AppendBulk(nil, argv[1])
	case "args":
		b := resp.AppendArray(nil, len(argv)-1)
		for _, arg := range argv[1:] {
			b = resp.AppendBulk(b, arg)
		}
		return b
	case "resp":
		return []byte(fmt.Sprintf(":%d\r\n", proto))
	case "fail":
		return []byte("-WRONG it failed\r\n")
	}
	return []byte("-ERR Unknown Redis command called from script\r\n")
}

// sink gathers a reply as text a person can read.
type sink struct {
	resp    int
	b       strings.Builder
	counted int
}

func (r *sink) RESP() int                        { return r.resp }
func (r *sink) put(f string, args ...any)        { fmt.Fprintf(&r.b, f+" ", args...) }
func (r *sink) WriteInt(n int64)                 { r.put("%d", n) }
func (r *sink) WriteBool(v bool)                 { r.put("#%v", v) }
func (r *sink) WriteBulk(b []byte)               { r.put("%q", b) }
func (r *sink) WriteBulkString(s string)         { r.put("%q", s) }
func (r *sink) WriteStatus(s string)             { r.put("+%s", s) }
func (r *sink) WriteNull()                       { r.put("nil") }
func (r *sink) WriteArray(n int)                 { r.put("*%d", n) }
func (r *sink) WriteMap(n int)                   { r.put("%%%d", n) }
func (r *sink) WriteSet(n int)                   { r.put("~%d", n) }
func (r *sink) WriteDouble(f float64)            { r.put(",%v", f) }
func (r *sink) WriteBigNumber(s string)          { r.put("(%s", s) }
func (r *sink) WriteVerbatim(f string, b []byte) { r.put("=%s:%s", f, b) }
func (r *sink) WriteError(msg string)            { r.put("-%s", msg) }
func (r *sink) WriteCountedError(msg string)     { r.counted++; r.put("-%s", msg) }

// eval runs a body on a fresh engine and returns its reply; the body's SHA reads SHA.
func eval(t testing.TB, h *fakeHost, body string, keys ...string) string {
	t.Helper()
	return evalOn(New(h, "7.2.6"), body, keys...)
}

func evalOn(e *Engine, body string, keys ...string) string {
	out := &sink{resp: 3}
	script, err := e.Compile([]byte(body))
	if err != nil {
		return "-" + err.Error()
	}
	var list [][]byte
	for _, key := range keys {
		list = append(list, []byte(key))
	}
	e.Run(script, list, [][]byte{[]byte("one"), []byte("two")}, out)
	return strings.ReplaceAll(strings.TrimSuffix(out.b.String(), " "), script.SHA, "SHA")
}

// check runs bodies and compares their replies.
func check(t *testing.T, cases [][2]string) {
	t.Helper()
	for _, c := range cases {
		if got := eval(t, &fakeHost{}, c[0], "k"); got != c[1] {
			t.Errorf("%s\n\tgot  %s\n\twant %s", c[0], got, c[1])
		}
	}
}

const at1 = " script: SHA, on @user_script:1."

func TestRun(t *testing.T) {
	check(t, [][2]string{
		{"return 1", "1"},
		{"return", "nil"},
		{"return {KEYS[1],ARGV[2],#KEYS}", `*3 "k" "two" 1`},
		{"return redis.call('get',KEYS[1])", `"hello"`},
		{"x=1", "-ERR user_script:1: Attempt to modify a readonly table" + at1},
		{"return x", "-ERR user_script:1: Script attempted to access nonexistent global variable 'x'" + at1},
		{"return redis.call('fail')", "-WRONG it failed" + at1},
		{"return redis.pcall('fail')", "-WRONG it failed"},
		{"return {pcall(redis.call,'fail')}", `*2 nil "WRONG it failed"`},
		{"error('foo')", "-ERR user_script:1: foo" + at1},
		{"\nerror('foo')", "-ERR user_script:2: foo script: SHA, on @user_script:2."},
		{"error('foo',0)", "-ERR foo" + at1},
		{"error()", "-ERR nil" + at1},
		{"error({err='My Err'})", "-My Err" + at1},
		{"local function f() return f()+1 end return f()", "-ERR user_script:1: stack overflow" + at1},
		{"return coroutine.wrap(function(a) local b=coroutine.yield(a+1) return b*2 end)(4)", "5"},
		{"local c=coroutine.wrap(function(a) local b=coroutine.yield(a+1) return b*2 end) return {c(1),c(5)}", "*2 2 10"},
		{"return coroutine.wrap(function() error('a') end)()", "-ERR user_script:1: user_script:1: a" + at1},
		{"string.foo=1", "-ERR user_script:1: Attempt to modify a readonly table" + at1},
		{"rawset(_G,'a',1)", "-ERR Attempt to modify a readonly table" + at1},
		{"local x=1 local function f() x=x+1 end pcall(error) f() return x", "2"},
		{"return {1,2,{3,'x'},false}", `*4 1 2 *2 3 "x" nil`},
		{"return redis.sha1hex()", "-ERR wrong number of arguments" + at1},
		{"return tostring(1e15)..','..tostring(1/3)", `"1e+15,0.33333333333333"`},
		{"return 3.99", "3"},
		{"return {1,2,nil,4}", "*2 1 2"},
		{"redis.call()", "-ERR Please specify at least one argument for this redis lib call" + at1},
		{"redis.call('set',{})", "-ERR Lua redis lib command arguments must be strings or integers" + at1},
		{"return redis.pcall('set',{})", "-ERR Lua redis lib command arguments must be strings or integers"},
		{"return redis.error_reply('foo')", "-ERR foo"},
		{"return redis.error_reply('FOO bar')", "-FOO bar"},
		{"return redis.status_reply('ok')", "+ok"},
	})
}

func TestShebang(t *testing.T) {
	for _, c := range []struct {
		body   string
		flags  Flags
		compat bool
		err    string
	}{
		{"return 1", 0, true, ""},
		{"#!lua\nreturn 1", 0, false, ""},
		{"#!lua flags=no-writes,allow-oom\nreturn 1", NoWrites | AllowOOM, false, ""},
		{"#!lua flags=allow-stale flags=no-cluster,allow-cross-slot-keys\nreturn 1", AllowStale | NoCluster | AllowCrossSlotKeys, false, ""},
		{"#!lua flags=\nreturn 1", 0, false, ""},
		{"#!lua", 0, false, "ERR Invalid script shebang"},
		{"#!lua \"x\nreturn 1", 0, false, "ERR Invalid engine in script shebang"},
		{"#!not-lua\nreturn 1", 0, false, "ERR Unexpected engine in script shebang: #!not-lua"},
		{"#!lua flags=fast\nreturn 1", 0, false, "ERR Unexpected flag in script shebang: fast"},
		{"#!lua badger=data\nreturn 1", 0, false, "ERR Unknown lua shebang option: badger=data"},
	} {
		script, err := New(&fakeHost{}, "7.2.6").Compile([]byte(c.body))
		if c.err != "" {
			if err == nil || err.Error() != c.err {
				t.Errorf("%q: %v, want %s", c.body, err, c.err)
			}
			continue
		}
		if err != nil || script.Flags != c.flags || script.Compat != c.compat {
			t.Errorf("%q: %+v, %v", c.body, script, err)
		}
	}
}

func TestLibrary(t *testing.T) {
	e := New(&fakeHost{}, "7.2.6")
	lib, err := e.Load([]byte("#!lua name=mylib\nlocal n=0\nredis.register_function('f',function(k,a) n=n+1 return {n,k[1],a[1],redis.call('get','x')} end)" +
		"\nredis.register_function{function_name='g',callback=function() return redis.nosuch() end,description='d',flags={'no-writes'}}"))
	if err != nil {
		t.Fatal(err)
	}
	if len(lib.Functions) != 2 || lib.Name != "mylib" || lib.Functions[1].Flags != NoWrites || lib.Functions[1].Description != "d" || lib.Functions[0].HasDescription {
		t.Fatalf("%+v", lib)
	}
	for i := 1; i <= 2; i++ {
		out := &sink{}
		e.RunFunction(lib.Functions[0], [][]byte{[]byte("k")}, [][]byte{[]byte("a")}, out)
		if want := fmt.Sprintf("*4 %d \"k\" \"a\" \"hello\" ", i); out.b.String() != want {
			t.Errorf("got %s, want %s", out.b.String(), want)
		}
	}
	for body, want := range map[string]string{
		"return 1":                   "ERR Missing library metadata",
		"#!lua name=a":               "ERR Invalid library metadata",
		"#!lua\nreturn 1":            "ERR Library name was not given",
		"#!lua name=a b=c\n":         "ERR Invalid metadata value given: b=c",
		"#!lua name=a name=b\n":      "ERR Invalid metadata value, name argument was given multiple times",
		"#!lua name=a-b\n":           "ERR " + badName,
		"#!js name=a\n":              "ERR Engine 'js' not found",
		"#!lua name=a\n":             "ERR No functions registered",
		"#!lua name=a\nreturn math":  "ERR Error registering functions: ERR user_function:2: Script attempted to access nonexistent global variable 'math'",
		"#!lua name=a\nredis.call()": "ERR Error registering functions: ERR user_function:2: Script attempted to access nonexistent global variable 'call'",
		"#!lua name=a\nx = = 1":      "ERR Error compiling function: user_function:2: unexpected symbol near '='",
		"#!lua name=a\nx = 1":        "ERR Error registering functions: ERR user_function:2: Attempt to modify a readonly table",
		"#!lua name=a\nredis.x = 1":  "ERR Error registering functions: ERR user_function:2: Attempt to modify a readonly table",
	} {
		if _, err := e.Load([]byte(body)); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", body, err, want)
		}
	}
}

func TestRegister(t *testing.T) {
	for args, want := range map[string]string{
		"()":                     "wrong number of arguments to redis.register_function",
		"(1,2,3)":                "wrong number of arguments to redis.register_function",
		"(1)":                    "calling redis.register_function with a single argument is only applicable to Lua table (representing named arguments).",
		"({},1)":                 "first argument to redis.register_function must be a string",
		"('f',1)":                "second argument to redis.register_function must be a function",
		"('a-b',function() end)": badName,
		"{}":                     "redis.register_function must get a function name argument",
		"{function_name='f'}":    "redis.register_function must get a callback argument",
		"{function_name={}}":     "function_name argument given to redis.register_function must be a string",
		"{callback=1}":           "callback argument given to redis.register_function must be a function",
		"{description={}}":       "description argument given to redis.register_function must be a string",
		"{flags=1}":              "flags argument to redis.register_function must be a table representing function flags",
		"{flags={'x'}}":          "unknown flag given",
		"{flags={1}}":            "unknown flag given",
		"{x=1}":                  "unknown argument given to redis.register_function",
		"{[{}]=1}":               "named argument key given to redis.register_function is not a string",
		"('g',function() end)":   "",
		"(1,function() end)":     "",
		"('f',function() end) redis.register_function('f',function() end)":                               "Function already exists in the library",
		"{FUNCTION_NAME='f',Callback=function() end,flags={'NO-WRITES','allow-oom'},Description='text'}": "",
	} {
		_, err := New(&fakeHost{}, "7.2.6").Load([]byte("#!lua name=l\nredis.register_function" + args))
		got := ""
		if err != nil {
			got = strings.TrimPrefix(err.Error(), "ERR Error registering functions: ERR ")
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", args, got, want)
		}
	}
}

// TestRegisterLater: a function may not register others, and its errors name it.
func TestRegisterLater(t *testing.T) {
	e := New(&fakeHost{}, "7.2.6")
	lib, err := e.Load([]byte("#!lua name=l\nlocal redis=redis\nredis.register_function('f',function() redis.register_function('g',function() end) end)"))
	if err != nil {
		t.Fatal(err)
	}
	out := &sink{}
	e.RunFunction(lib.Functions[0], nil, nil, out)
	if got, want := out.b.String(), "-ERR redis.register_function can only be called on FUNCTION LOAD command script: f, on @user_function:3. "; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestLoadTimeout: the host's word ends a library's body.
func TestLoadTimeout(t *testing.T) {
	_, err := New(&fakeHost{limit: 2}, "7.2.6").Load([]byte("#!lua name=l\nwhile true do end"))
	if want := "ERR Error registering functions: ERR " + errKilled.Error(); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func benchmark(b *testing.B, body string) {
	e := New(&fakeHost{}, "7.2.6")
	script, err := e.Compile([]byte(body))
	if err != nil {
		b.Fatal(err)
	}
	keys := [][]byte{[]byte("key")}
	var out nothing
	b.ReportAllocs()
	for b.Loop() {
		e.Run(script, keys, nil, &out)
	}
}

func BenchmarkGet(b *testing.B)   { benchmark(b, "return redis.call('get', KEYS[1])") }
func BenchmarkEmpty(b *testing.B) { benchmark(b, "return 'x'") }
func BenchmarkLoop(b *testing.B)  { benchmark(b, "local x=0 for i=1,10000 do x=x+i%7 end return 'x'") }
func BenchmarkConcat(b *testing.B) {
	benchmark(b, "for i=1,1000 do local s='user:'..i..':name' end return 'x'")
}
func BenchmarkPcall(b *testing.B) { benchmark(b, "for i=1,1000 do pcall(type,1) end return 'x'") }

// BenchmarkPlainLoop is BenchmarkLoop without a context that counts: the difference is what counting costs.
func BenchmarkPlainLoop(b *testing.B) {
	s := New(&fakeHost{}, "7.2.6").evals
	proto, err := compile("local x=0 for i=1,10000 do x=x+i%7 end return 'x'", "x")
	if err != nil {
		b.Fatal(err)
	}
	L, _ := s.L.NewThread()
	fn := s.instance(L, proto)
	for b.Loop() {
		L.Push(fn)
		L.Call(0, 0)
	}
}

// nothing is a reply that goes nowhere.
type nothing struct{ sink }

func (r *nothing) WriteBulkString(string) {}
