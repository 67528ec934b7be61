package script

import (
	"strings"
	"testing"
)

// fuzzHost ends what runs long: a fuzzer finds loops at once.
func fuzzEngine() *Engine {
	e := New(&fakeHost{limit: 20}, "7.2.6")
	e.maxHeap = 100 << 20
	return e
}

// FuzzScript compiles and runs any text, twice: as a script and as a library.
func FuzzScript(f *testing.F) {
	for _, body := range []string{"return 1", "for i=1,10 do local x=i..'a' end", "return redis.call('get',KEYS[1])",
		"#!lua flags=no-writes\nreturn {1,2,{3}}", "local t=setmetatable({},{__index=function(t,k) return k end}) return t.x",
		"return cjson.encode({a={1,2}})", "return pcall(error,{err='X y'})", "return coroutine.wrap(function(...) return ... end)(1)",
		"return ('x'):rep(10):gsub('(x)','%1y')", "return {double=1.5,map={a=1}}", "goto x", "return [==[x]]]==]", "x = = 1",
		"local function f(...) return select('#',...) end return f(unpack({1,2,3}))", "return string.format('%5.2f %q',1,'x')"} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		e := fuzzEngine()
		evalOn(e, body, "k")
		if lib, err := e.Load([]byte("#!lua name=l\n" + body)); err == nil {
			out := &sink{}
			e.RunFunction(lib.Functions[0], nil, nil, out)
		}
		// Whatever it was, the engine is as before.
		if got := evalOn(e, "return redis.call('get','x')"); got != `"hello"` {
			t.Fatalf("after %q: %s", body, got)
		}
	})
}

// FuzzReply reads any bytes as a command's reply.
func FuzzReply(f *testing.F) {
	for _, reply := range []string{"+OK\r\n", "$3\r\nabc\r\n", "*2\r\n:1\r\n$-1\r\n", "%1\r\n+a\r\n:1\r\n", "~1\r\n#t\r\n", ",1.5\r\n", "(12\r\n",
		"=7\r\ntxt:abc\r\n", "_\r\n", "|1\r\n+a\r\n+b\r\n:1\r\n", "-ERR x\r\n", "!5\r\nERR x\r\n", "*1000000000\r\n", "*-1\r\n"} {
		f.Add([]byte(reply))
	}
	e := fuzzEngine()
	f.Fuzz(func(t *testing.T, reply []byte) {
		v := e.evals.fromReply(reply)
		e.evals.replied = 0
		e.evals.reply(&sink{}, v, 0)
	})
}

// fuzzLibrary runs a body with the input as its first argument.
func fuzzLibrary(f *testing.F, body string, seeds ...string) {
	for _, seed := range seeds {
		f.Add(seed)
	}
	e := fuzzEngine()
	script, err := e.Compile([]byte(body))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e.host.(*fakeHost).ticks = 0
		out := &sink{}
		e.Run(script, nil, [][]byte{[]byte(text)}, out)
		if strings.Contains(out.b.String(), "runtime error") {
			t.Fatalf("%q: %s", text, out.b.String())
		}
	})
}

func FuzzJSON(f *testing.F) {
	fuzzLibrary(f, "return cjson.encode(cjson.decode(ARGV[1]))", `{"a":[1,2.5,null,true,"x\u00e9\ud83d\ude00"]}`, "[[[", "1e999", `"\ud800"`, "nan", "-0x10")
}

func FuzzMessagePack(f *testing.F) {
	fuzzLibrary(f, "return cmsgpack.pack(cmsgpack.unpack(ARGV[1]))", "\x93\x01\xc0\xa1x", "\x81\xa1a\x01", "\xdd\xff\xff\xff\xff", "\xcb\x7f\xf8", "\xc1")
}

func FuzzStruct(f *testing.F) {
	fuzzLibrary(f, "local fmt,data=ARGV[1]:match('^(.-)|(.*)$') if not fmt then return struct.size(ARGV[1]) end return {struct.unpack(fmt,data)}",
		">I2hs|abcdefgh\x00", "!8bd|12345678901234567", "Bc0|\x03abc", "i32|12345678901234567890123456789012", "c2147483647", "!3")
}

func FuzzPattern(f *testing.F) {
	fuzzLibrary(f, "local p,t=ARGV[1]:match('^(.-)|(.*)$') if p then t:gsub(p,'%0') return {t:find(p)} end",
		"(%w+)=(%w+)|k=v", "%b()|(a(b))", "%f[%w]%w+|hello", "[]-a]|x", "((a*)*)*b|aaaaaaaaaaaaaaaaaaaaaa", "%1|x")
}

func FuzzFormat(f *testing.F) {
	fuzzLibrary(f, "return string.format(ARGV[1],1,2,3,4)", "%d %5.2f %x %s", "%", "%99.99f", "%-+ #0d", "%q%c")
}
