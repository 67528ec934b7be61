package script

import (
	"strconv"
	"strings"
	"testing"
)

// describeValue is Lua code that writes what a reply became, keys sorted.
const describeValue = `
local function show(v)
  if type(v) ~= 'table' then return type(v) == 'string' and '"' .. v .. '"' or tostring(v) end
  local keys, out = {}, {}
  for k in pairs(v) do keys[#keys + 1] = k end
  table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
  for _, k in ipairs(keys) do out[#out + 1] = tostring(k) .. '=' .. show(v[k]) end
  return '{' .. table.concat(out, ',') .. '}'
end
return show(redis.pcall('raw', KEYS[1]))`

func TestConvert(t *testing.T) {
	for _, c := range [][2]string{
		{":5\r\n", "5"},
		{":-9007199254740993\r\n", "-9.007199254741e+15"},
		{"$3\r\nabc\r\n", `"abc"`},
		{"$0\r\n\r\n", `""`},
		{"$-1\r\n", "false"},
		{"*-1\r\n", "false"},
		{"+OK\r\n", `{ok="OK"}`},
		{"-ERR no\r\n", `{err="ERR no",ignore_error_stats_update=true}`},
		{"-WRONGTYPE no no\r\n", `{err="WRONGTYPE no no",ignore_error_stats_update=true}`},
		{"-lonely\r\n", `{err="ERR lonely",ignore_error_stats_update=true}`},
		{"*3\r\n:1\r\n$1\r\na\r\n*1\r\n+b\r\n", `{1=1,2="a",3={1={ok="b"}}}`},
		{"*3\r\n:1\r\n$-1\r\n:3\r\n", "{1=1,2=false,3=3}"},
		{"*3\r\n:1\r\n_\r\n:3\r\n", "{1=1,3=3}"},
		{"*0\r\n", "{}"},
		{"_\r\n", "nil"},
		{"#t\r\n", "true"},
		{"#f\r\n", "false"},
		{",1.5\r\n", "{double=1.5}"},
		{",inf\r\n", "{double=inf}"},
		{"(123456789012345678901\r\n", `{big_number="123456789012345678901"}`},
		{"=7\r\ntxt:abc\r\n", `{verbatim_string={format="txt",string="abc"}}`},
		{"%2\r\n+a\r\n:1\r\n$1\r\nb\r\n*0\r\n", `{map={b={},table=1}}`},
		{"%1\r\n$1\r\nb\r\n_\r\n", `{map={}}`},
		{"~2\r\n$1\r\nb\r\n:2\r\n", `{set={2=true,b=true}}`},
		{"|1\r\n$1\r\na\r\n$1\r\nb\r\n:7\r\n", "7"},
		{">1\r\n:1\r\n", "{1=1}"},
		{"!7\r\nERR abc\r\n", `{err="ERR abc",ignore_error_stats_update=true}`},
		// What no host writes ends the reading.
		{"$5\r\nab\r\n", "false"},
		{"*1000000000\r\n:1\r\n", "{1=1,2=false}"},
		{"?\r\n", "false"},
	} {
		got, err := strconv.Unquote(eval(t, &fakeHost{}, describeValue, c[0]))
		if err != nil {
			t.Fatal(c[0], err)
		}
		if i := strings.Index(got, "{map={b={},table: "); i >= 0 {
			got = "{map={b={},table=1}}" // the key is the status's table
		}
		if got != c[1] {
			t.Errorf("%q: got %s, want %s", c[0], got, c[1])
		}
	}
}

func TestReplyRESP(t *testing.T) {
	check(t, [][2]string{
		{"return redis.call('resp')", "2"},
		{"redis.setresp(3) return redis.call('resp')", "3"},
		{"redis.setresp(3) return {true,false}", "*2 #true #false"},
		{"return {true,false}", "*2 1 nil"},
		{"return {double=2.5}", ",2.5"},
		{"return {big_number='12'}", "(12"},
		{"return {verbatim_string={format='txt',string='s'}}", "=txt:s"},
		{"return {map={a=1}}", `%1 "a" 1`},
		{"return {set={a=true,b=true}}", `~2 "a" "b"`},
		{"return redis.call('raw','%1\\r\\n$1\\r\\na\\r\\n,1.5\\r\\n')", `%1 "a" ,1.5`},
		{"return redis.call('raw','~1\\r\\n$1\\r\\na\\r\\n')", `~1 "a"`},
	})
}

// TestCounted: an error that a command replied is in the statistics already, one that the script made is not.
func TestCounted(t *testing.T) {
	for body, want := range map[string]int{
		"return redis.call('fail')":                                       1,
		"return redis.pcall('fail')":                                      1,
		"error(redis.pcall('fail'))":                                      1,
		"local ok,e=pcall(redis.call,'fail') return redis.error_reply(e)": 0,
		"return redis.error_reply('x')":                                   0,
		"error('x')":                                                      0,
		"return redis.call()":                                             0,
		"return {err='x',ignore_error_stats_update=true}":                 1,
	} {
		e := New(&fakeHost{}, "7.2.6")
		script, err := e.Compile([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		out := &sink{}
		e.Run(script, nil, nil, out)
		if out.counted != want {
			t.Errorf("%s: counted %d, want %d", body, out.counted, want)
		}
	}
}

// TestHost checks what reaches the host beside commands.
func TestHost(t *testing.T) {
	h := &fakeHost{}
	eval(t, h, "redis.log(redis.LOG_WARNING,'a',1,1.5) redis.log('0','x',nil,'y') redis.set_repl(redis.REPL_AOF) redis.set_repl(redis.REPL_NONE)")
	if got := strings.Join(h.logs, "|"); got != "3 a 1 1.5|0 x y" {
		t.Errorf("logs: %s", got)
	}
	if len(h.repl) != 2 || h.repl[0] != 1 || h.repl[1] != 0 {
		t.Errorf("set_repl: %v", h.repl)
	}
	check(t, [][2]string{
		{"return {redis.acl_check_cmd('get','x'),redis.acl_check_cmd('set','x',1)}", "*2 1 nil"},
		{"redis.acl_check_cmd('nosuch')", "-ERR Invalid command passed to redis.acl_check_cmd()" + at1},
	})
}

// TestHostPanic: a panic of the host's is not an error of the script.
func TestHostPanic(t *testing.T) {
	for _, body := range []string{"redis.call('x')", "pcall(redis.call,'x')", "coroutine.wrap(function() redis.call('x') end)()"} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: the panic was lost", body)
				}
			}()
			evalOn(New(panicHost{&fakeHost{}}, "7.2.6"), body)
		}()
	}
}

type panicHost struct{ *fakeHost }

func (panicHost) Call([][]byte, int) []byte { panic("BUG: on purpose") }
