package script

import (
	"strings"
	"testing"
	"time"
)

// TestTorture runs scripts that would take an engine down which does not watch out. What they reply must begin as given; that the
// process lives to compare it is the test.
func TestTorture(t *testing.T) {
	long := strings.Repeat
	cases := []struct{ name, body, want string }{
		{"parentheses", "return " + long("(", 5000) + "1" + long(")", 5000), "-ERR Error compiling script (new function): user_script:1: chunk has too many syntax levels"},
		{"open brackets", "return " + long("{", 100000), "-ERR Error compiling script (new function): user_script:1: function or expression too complex"},
		{"functions", long("return function() ", 5000) + long(" end", 5000), "-ERR Error compiling script (new function): user_script:1: chunk has too many syntax levels"},
		{"blocks", long("do ", 5000) + long("end ", 5000), "-ERR Error compiling script (new function): user_script:1: chunk has too many syntax levels"},
		{"unary", "return " + long("- ", 100000) + "1", "-ERR Error compiling script (new function): user_script:1: chunk has too many syntax levels"},
		{"not", "return " + long("not ", 100000) + "1", "-ERR Error compiling script (new function): user_script:1: chunk has too many syntax levels"},
		{"concat", "return 'a'" + long("..'a'", 100000), "-ERR Error compiling script (new function): user_script:1: function or expression too complex"},
		{"pow", "return 1" + long("^1", 100000), "-ERR Error compiling script (new function): user_script:1: function or expression too complex"},
		{"sum", "local a=1 return a" + long("+a", 100000), "-ERR Error compiling script (new function): user_script:1: function or expression too complex"},
		{"short sum", "local a=1 return a" + long("+a", 400), "401"},
		{"or", "return nil" + long(" or nil", 3000), "nil"},
		{"index", "local a={} return a" + long(".a", 100000), "-ERR Error compiling script (new function): user_script:1: function or expression too complex"},
		{"calls", "local a={} return a" + long("()", 100000), "-ERR Error compiling script (new function): user_script:1: function or expression too complex"},
		{"elseif", "local a=0 if a==1 then " + long("elseif a==2 then ", 100000) + "end", "-ERR Error compiling script (new function): user_script:1: control structure too long"},
		{"some elseifs", "local a=0 if a==1 then " + long("elseif a==2 then ", 2000) + "else return 'x' end", `"x"`},
		{"locals", long("local a ", 300), "-ERR Error compiling script (new function): user_script:1: main function has more than 200 local variables"},
		{"arguments", "return redis.sha1hex(" + long("1,", 300) + "1)", "-ERR Error compiling script (new function): user_script:1: function or expression too complex"},
		{"items", "return #{" + long("1,", 60000) + "}", "60000"},
		{"items in place", "return ({" + long("1,", 40000) + "7})[40001]", "7"},
		{"batches and a key", "local function g(a) return a end local t={" + long("7,", 100) + "x=g(9),y=g(8)} return {#t,t[1],t[51],t[100],t.x,t.y}", "*6 100 7 7 7 9 8"},
		{"items and a key", "local function g(a) return a end local t={" + long("7,", 49) + "x=g(9)} return {#t,t.x}", "*2 49 9"},
		{"recursion", "local function f() return 1+f() end return f()", "-ERR user_script:1: stack overflow"},
		{"recursion with registers", "local function f(a,b,c,d,e,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u,v) local x={} for i=1,2 do x[i]=i end return 1+f(a,b,c,d,e,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u,v) end return f()", "-ERR user_script:1: stack overflow"},
		{"index recursion", "local t t=setmetatable({},{__index=function(_,k) return t[k+1] end}) return t[1]", "-ERR user_script:1: stack overflow"},
		{"newindex recursion", "local t t=setmetatable({},{__newindex=function(_,k,v) t[k]=v end}) t[1]=1", "-ERR user_script:1: stack overflow"},
		{"call recursion", "local t t=setmetatable({},{__call=function(self) return 1+self() end}) return t()", "-ERR user_script:1: stack overflow"},
		{"eq recursion", "local m m={__eq=function(a,b) return a==b end} return setmetatable({},m)==setmetatable({},m)", "-ERR user_script:1: stack overflow"},
		{"lt recursion", "local m m={__lt=function(a,b) return a<b end} return setmetatable({},m)<setmetatable({},m)", "-ERR user_script:1: stack overflow"},
		{"add recursion", "local m m={__add=function(a,b) return a+b+1 end} return setmetatable({},m)+1", "-ERR user_script:1: stack overflow"},
		{"concat recursion", "local m m={__concat=function(a,b) return a..b..'x' end} return setmetatable({},m)..'x'", "-ERR C stack overflow"},
		{"tostring recursion", "local m m={__tostring=function(a) return tostring(a)..'x' end} return tostring(setmetatable({},m))", "-ERR C stack overflow"},
		{"call chain", "local t={} for i=1,200 do t=setmetatable({},{__call=t}) end return t()", "-ERR"},
		{"index chain", "local t={} for i=1,300 do t=setmetatable({},{__index=t}) end return t.x", "-ERR user_script:1: loop in gettable"},
		{"iterator recursion", "local function f() for x in f do end end f()", "-ERR user_script:1: stack overflow"},
		{"pcall recursion", "local function f() return pcall(f) end return f()", "1"},
		{"xpcall recursion", "local function f() return xpcall(f,f) end return f()", ""},
		{"sort recursion", "local function f(a,b) table.sort({1,2,3},f) return true end table.sort({1,2,3},f)", "-ERR C stack overflow"},
		{"gsub recursion", "local function f() return (string.gsub('x','x',f)) end return f()", "-ERR C stack overflow"},
		{"load recursion", "local function f() return load(f) end return f()", ""},
		{"loadstring recursion", "local f f=function() return 1+loadstring('return ...')(f)() end return f()", "-ERR user_script:1: stack overflow"},
		{"coroutine recursion", "local function f() return coroutine.wrap(f)() end return f()", "-ERR"},
		{"resume recursion", "local function f() return coroutine.resume(coroutine.create(f)) end return f()", "1"},
		{"coroutines in deep frames", "local function g(n,f) if n==0 then return f() end return (g(n-1,f)) end local function f() return coroutine.wrap(function() return g(15000,f) end)() end return f()", "-ERR"},
		{"many coroutines", "for i=1,20000 do coroutine.wrap(function() coroutine.yield() end)() end return 1", "1"},
		{"rep", "return string.rep('x',2^31-1)", "-ERR not enough memory"},
		{"rep of rep", "return #string.rep(string.rep('x',2^20),2^20)", "-ERR not enough memory"},
		{"doubling", "local s='x' while true do s=s..s end", "-ERR not enough memory"},
		{"gsub of long text", "return #string.gsub(string.rep('x',2^16),'x',string.rep('y',2^16))", "-ERR not enough memory"},
		{"concat of tables", "local t={} local s=string.rep('x',2^20) for i=1,1000 do t[i]=s end return #table.concat(t)", "-ERR not enough memory"},
		{"arguments of concat", "local s=string.rep('x',2^28) return #(s..s..s..s)", "-ERR not enough memory"},
		{"json of long text", "local s=string.rep('\\1',2^26) return #cjson.encode({s,s,s,s})", "-ERR"},
		{"pack of long text", "local s=string.rep('x',2^28) return #cmsgpack.pack(s,s,s)", "-ERR not enough memory"},
		{"format width", "return string.format('%999999d',1)", "-ERR user_script:1: invalid format (width or precision too long)"},
		{"sparse", "local t={} t[2^18-1]=1 t[2^30]=2 t[2^53]=3 return #t<2^31", "1"},
		{"sparse tables", "local t={} for i=1,100000 do t[i]={} t[i][2^18-1]=1 end", "-ERR not enough memory"},
		{"long array", "local t={} for i=1,1100000 do t[i]=i end return {#t,t[1100000],select('#',unpack(t,1099999,1100000))}", "*3 1100000 1100000 2"},
		{"unpack", "return unpack({},1,2^31-1)", "-ERR user_script:1: too many results to unpack"},
		{"unpack backwards", "return select('#',unpack({},2^31-1,-2^31))", "0"},
		{"insert far", "local t={1} table.insert(t,2^31-1,2) return t[2^31-1]", "2"},
		{"sort nonsense", "local t={} for i=1,1000 do t[i]=i end table.sort(t,function(a,b) return (a*7+b*13)%3==1 end)", ""},
		{"sort NaN", "local t={} for i=1,100 do t[i]=i%3==0 and 0/0 or i end table.sort(t) return 1", ""},
		{"cyclic reply", "local t={} t[1]=t return t", "*1 *1 *1"},
		{"deep reply", "local t={} for i=1,100000 do t={t} end return t", "*1 *1 *1"},
		{"cyclic map", "local t={} t.map=t return t", "%1"},
		{"exponents", "return {tostring(1e999),tostring(tonumber('1e999999999')),tostring(tonumber('-0x'..string.rep('f',1000))),tostring(2^1e300)}", `*4 "inf" "inf"`},
		{"captures", "return string.find(string.rep('x',40),string.rep('(x)',33))", "-ERR user_script:1: too many captures"},
		{"nested json", "return cjson.decode(string.rep('[',1000000))", "-ERR user_script:1: Found too many nested data structures (1001) at character 1001"},
		{"nested pack", "return cmsgpack.unpack(string.rep('\\145',1000000))", "-ERR user_script:1: stack overflow"},
		{"lying pack", "return cmsgpack.unpack('\\221\\255\\255\\255\\255\\1')", "-ERR user_script:1: Missing bytes in input."},
		{"json depth set", "local c=cjson.new() c.decode_max_depth(2^31-1) return c.decode(string.rep('[',1000000))", "-ERR user_script:1: Found too many nested data structures"},
		{"yield in metamethod", "return {coroutine.resume(coroutine.create(function() return setmetatable({},{__index=function() return coroutine.yield(1) end}).x end))}", `*2 nil "attempt to yield across metamethod/C-call boundary"`},
		{"yield in iterator", "return {coroutine.resume(coroutine.create(function() for i in function() return coroutine.yield(1) end do end end))}", `*2 nil "attempt to yield across metamethod/C-call boundary"`},
		{"error in error", "return pcall(error,setmetatable({},{__tostring=error,__index=error}))", ""},
		{"globals in setfenv", "setfenv(0,{}) setfenv(1,{}) return 1", "1"},
		{"nothing", "", "nil"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			start := time.Now()
			e := New(&fakeHost{}, "7.2.6")
			e.maxHeap = 100 << 20
			if got := evalOn(e, c.body); !strings.HasPrefix(got, c.want) {
				t.Errorf("got  %.300s\n\twant %s", got, c.want)
			}
			t.Log(time.Since(start))
		})
	}
}

// TestKill checks that no loop and no protection outlives the host's word.
func TestKill(t *testing.T) {
	for _, body := range []string{
		"while true do end", "repeat until false", "for i=1,1/0 do end", "while true do pcall(error) end",
		"local function f() return f() end f()", "while true do pcall(function() while true do end end) end",
		"while true do xpcall(function() while true do end end,function() while true do end end) end",
		"while true do coroutine.wrap(function() end)() end", "while true do coroutine.resume(coroutine.create(function() while true do end end)) end",
		"local c=coroutine.wrap(function() while true do coroutine.yield() end end) while true do c() end",
		"coroutine.wrap(function() pcall(function() while true do end end) end)() return 'out'",
		"while true do redis.pcall('get','x') end", "string.find(string.rep('a',1000),string.rep('a*',500)..'b')",
		"string.gsub(string.rep('x',1000),'x',function() while true do end end)", "table.sort({3,2,1},function() while true do end end)",
		"local t={} for i=1,200000 do t[i]=i%7 end while true do table.sort(t) end", "table.insert({},-2^31,1) return 'out'",
		"local t={1} for i=1,900 do t={t,t} end cjson.encode(t)", "load(function() return ' ' end)",
		"local t=setmetatable({},{__index=function() while true do end end}) return t.x", "while true do loadstring('return 1')() end",
		"return tostring(setmetatable({},{__tostring=function() while true do end end}))",
	} {
		h := &fakeHost{limit: 3}
		if got, want := eval(t, h, body), "-ERR "+errKilled.Error(); !strings.HasPrefix(got, want) {
			t.Errorf("%s\n\tgot %.200s after %d ticks", body, got, h.ticks)
		}
		if h.ticks > h.limit {
			t.Errorf("%s: the host was asked %d times", body, h.ticks)
		}
	}
}
