package script

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"berth/internal/testkit"
)

var (
	programs = flag.Int("programs", 200, "how many random programs to run here and in redis-server")
	seed     = flag.Uint64("seed", 1, "where the random programs begin")
)

// TestPrograms runs random programs on a Redis and here; their results must agree, errors included.
func TestPrograms(t *testing.T) {
	if *oracle == "" {
		s := testkit.StartRedis(t, testkit.Options{TCP: true})
		*oracle = fmt.Sprintf("127.0.0.1:%d", s.Port)
		defer func() { *oracle = "" }()
	}
	h := &fakeHost{limit: 100}
	e := New(h, "7.2.6")
	// The sign of NaN and addresses are the machine's own.
	own := regexp.MustCompile(`-nan|0x[0-9a-f]+`)
	named := regexp.MustCompile(`(local|upvalue|global|field|method) '[^']*' \((a \w+ value)\)`)
	plain := func(text string) string { return named.ReplaceAllString(own.ReplaceAllString(text, "nan"), "$2") }
	bad := 0
	for i := range *programs {
		g := &generator{r: rand.New(rand.NewPCG(*seed, uint64(i)))}
		body := g.program()
		h.ticks = 0
		got := shaName.ReplaceAllString(evalOn(e, body, "k"), "SHA")
		if strings.Contains(got, errKilled.Error()) {
			continue // it does not end, there as little as here
		}
		want := askRedis(t, body)
		if plain(got) != plain(want) {
			t.Errorf("program %d:\n%s\n\tgot  %s\n\twant %s", i, body, got, want)
			if bad++; bad > 10 {
				t.Fatal("enough")
			}
		}
	}
}

// generator writes programs. Most are right; wrong types are frequent enough that errors are compared too.
type generator struct {
	r     *rand.Rand
	deep  int
	names []string
	loops int
	fresh int
}

const showValue = `local function show(v,d)
 if type(v)=='string' then return '<'..v..'>' end
 if type(v)=='function' or type(v)=='thread' or type(v)=='userdata' then return type(v) end
 if type(v)~='table' then return tostring(v) end
 if d>3 then return '...' end
 local ks,out={},{}
 for k in pairs(v) do if type(k)=='string' or type(k)=='number' then ks[#ks+1]=k end end
 table.sort(ks,function(a,b) if type(a)==type(b) then return a<b end return type(a)=='number' end)
 for _,k in ipairs(ks) do out[#out+1]=tostring(k)..'='..show(v[k],d+1) end
 return '{'..table.concat(out,',')..'}'
end
`

func (g *generator) pick(list ...string) string { return list[g.r.IntN(len(list))] }

func (g *generator) program() string {
	g.names = []string{"a", "b", "c", "d", "f"}
	var b strings.Builder
	b.WriteString(showValue)
	b.WriteString("local a,b,c,d,f=1,'x',{1,2,3,x=5},nil,function(p,...) return p,... end\n")
	for range 1 + g.r.IntN(4) {
		b.WriteString(g.statement())
	}
	b.WriteString("return show({a,b,c,d,f},0)..show(d,0)")
	return b.String()
}

func (g *generator) name() string { return g.names[g.r.IntN(len(g.names))] }

func (g *generator) block(n int) string {
	keep := len(g.names)
	g.deep++
	var b strings.Builder
	for range 1 + g.r.IntN(n) {
		b.WriteString(g.statement())
	}
	g.deep--
	g.names = g.names[:keep]
	return b.String()
}

func (g *generator) statement() string {
	if g.deep > 2 {
		return g.name() + "=" + g.expr() + "\n"
	}
	switch g.r.IntN(20) {
	case 0, 1, 2:
		return g.name() + "=" + g.expr() + "\n"
	case 3:
		return g.name() + "," + g.name() + "=" + g.expr() + "," + g.expr() + "\n"
	case 4:
		return "c[" + g.expr() + "]=" + g.expr() + "\n"
	case 5:
		return "if type(c)=='table' then c." + g.pick("x", "y", "z") + "=" + g.expr() + " end\n"
	case 6, 7:
		s := "if " + g.expr() + " then\n" + g.block(3)
		if g.r.IntN(2) == 0 {
			s += "elseif " + g.expr() + " then\n" + g.block(2)
		}
		if g.r.IntN(2) == 0 {
			s += "else\n" + g.block(3)
		}
		return s + "end\n"
	case 8, 9:
		g.fresh++
		v := fmt.Sprint("i", g.fresh)
		head := fmt.Sprintf("for %s=%d,%d,%d do\n", v, g.r.IntN(4), g.r.IntN(6), 1+g.r.IntN(2))
		return head + g.loop(v) + "end\n"
	case 10:
		g.fresh++
		v := fmt.Sprint("n", g.fresh)
		return fmt.Sprintf("do local %s=0 while %s<%d do %s=%s+1\n%send end\n", v, v, 1+g.r.IntN(4), v, v, g.loop(v))
	case 11:
		g.fresh++
		v := fmt.Sprint("r", g.fresh)
		return fmt.Sprintf("do local %s=0 repeat local q%s=%s %s=%s+1\n%suntil q%s>=%d end\n", v, v, v, v, v, g.block(2), v, g.r.IntN(3))
	case 12:
		g.fresh++
		v := fmt.Sprint("l", g.fresh)
		s := "local " + v + "=" + g.expr() + "\n"
		g.names = append(g.names, v)
		return s
	case 13:
		g.fresh++
		v := fmt.Sprint("g", g.fresh)
		s := "local function " + v + "(p,q)\n" + g.function() + "end\n"
		g.names = append(g.names, v)
		return s
	case 14:
		g.fresh++
		x, y := fmt.Sprint("x", g.fresh), fmt.Sprint("y", g.fresh)
		s := "local " + x + "," + y + "=" + g.pick("f("+g.expr()+","+g.expr()+")", g.expr(), "(f(1,2))", "pcall(f,"+g.expr()+")") + "\n"
		g.names = append(g.names, x, y)
		return s
	case 15:
		return g.name() + "=select(2,pcall(function()\n" + g.function() + "end))\n"
	case 16:
		g.fresh++
		return fmt.Sprintf("for k%d,v%d in ipairs(%s) do\n%send\n", g.fresh, g.fresh, g.pick("{1,2,3}", "c", "{a,b}"), g.loop(fmt.Sprint("v", g.fresh)))
	case 17:
		return "do\n" + g.block(3) + "end\n"
	case 18:
		return g.name() + "=coroutine.wrap(function(p) local q=coroutine.yield(p)\n" + g.function() + "end)\n"
	}
	return g.pick("a", "b", "d") + "=" + g.expr() + "\n"
}

func (g *generator) loop(v string) string {
	g.names = append(g.names, v)
	g.loops++
	s := g.block(3)
	g.loops--
	g.names = g.names[:len(g.names)-1]
	if g.r.IntN(4) == 0 {
		s += "if " + g.expr() + " then break end\n"
	}
	return s
}

func (g *generator) function() string {
	keep := len(g.names)
	g.names = append(g.names, "p", "q")
	loops := g.loops
	g.loops = 0
	s := g.block(3)
	if g.r.IntN(3) > 0 {
		s += "return " + g.expr()
		if g.r.IntN(3) == 0 {
			s += "," + g.expr()
		}
		s += "\n"
	}
	g.loops = loops
	g.names = g.names[:keep]
	return s
}

func (g *generator) expr() string {
	g.deep++
	defer func() { g.deep-- }()
	if g.deep > 3 || g.r.IntN(3) == 0 {
		switch g.r.IntN(8) {
		case 0:
			return fmt.Sprint(g.r.IntN(20) - 5)
		case 1:
			return g.pick("1.5", "0.1", "1e15", "2^53", "-3", "0", "100")
		case 2:
			return g.pick("'x'", "'10'", "''", "'abc'", "[[q]]")
		case 3:
			return g.pick("nil", "true", "false")
		}
		return g.name()
	}
	switch g.r.IntN(22) {
	case 0, 1, 2:
		return g.expr() + g.pick("+", "-", "*", "/", "%") + g.expr()
	case 3:
		return "(" + g.expr() + ")" + g.pick("==", "~=", "<", "<=", ">", ">=") + "(" + g.expr() + ")"
	case 4, 5:
		return g.expr() + g.pick(" and ", " or ") + g.expr()
	case 6:
		return "not " + g.expr()
	case 7, 8:
		return g.expr() + " .. " + g.expr()
	case 9:
		return "#" + g.pick("b", "c", "'abc'", g.name())
	case 10:
		return "-" + g.expr()
	case 11:
		return "(" + g.expr() + ")"
	case 12:
		return g.name() + "[" + g.expr() + "]"
	case 13:
		return g.name() + "." + g.pick("x", "y", "z")
	case 14:
		return g.table()
	case 15:
		return g.name() + "(" + g.expr() + ")"
	case 16:
		return "f(" + g.expr() + "," + g.expr() + ")"
	case 17:
		return "(function(p,q)\n" + g.function() + "end)"
	case 18:
		return "(function(p,...) local q=select('#',...)\n" + g.function() + "end)(" + g.expr() + "," + g.expr() + ")"
	case 19:
		return g.pick("tostring(", "type(", "tonumber(", "select('#',", "string.len(", "string.upper(", "math.floor(", "math.abs(") + g.expr() + ")"
	case 20:
		return "select(2,pcall(f," + g.expr() + "))"
	}
	return "string.format('%s %d','" + g.pick("a", "b") + "'," + g.expr() + ")"
}

func (g *generator) table() string {
	var fields []string
	for range g.r.IntN(4) {
		switch g.r.IntN(4) {
		case 0:
			fields = append(fields, g.pick("x", "y", "z")+"="+g.expr())
		case 1:
			fields = append(fields, "["+g.pick("'x'", "10", "20", "'k'")+"]="+g.expr())
		default:
			fields = append(fields, g.expr())
		}
	}
	return "{" + strings.Join(fields, g.pick(",", ";")) + "}"
}
