package abi

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"berth/internal/dl"
	"berth/internal/server"
	"berth/internal/store"
)

// quickOnes are the functions that have a quick form.
var quickOnes = []int{
	fnOpenKey, fnStringDMA, fnZsetScore, fnStringToLongLong, fnDictGet, fnDictGetC,
	fnReplyWithString, fnReplyWithStringBuffer, fnReplyWithCString, fnReplyWithSimpleString,
	fnReplyWithCallReply, fnGetContextFlags, fnHashGet, fnCreateStringFromLongLong,
	fnCreateDict, fnFreeDict, fnDictSize, fnDictSet, fnDictSetC, fnDictReplace, fnDictReplaceC, fnDictDel, fnDictDelC,
	fnDictIteratorStart, fnDictIteratorStartC, fnDictIteratorStop, fnDictIteratorReseek, fnDictIteratorReseekC,
	fnDictNext, fnDictNextC, fnDictPrev, fnDictPrevC, fnDictCompare, fnDictCompareC,
	fnCallReplyArrayElement, fnCallReplySetElement, fnCallReplyMapElement, fnCreateStringFromCallReply, fnFreeCallReply,
	fnCreateString, fnCreateStringFromString, fnFreeString, fnRetainString, fnCloseKey,
	fnHashSet, fnListPush, fnListPop, fnCall,
}

// TestQuickIsTheSame has the same calls made with quick functions and without: what
// they answer, reply, log, count and leave behind must not tell which it was.
func TestQuickIsTheSame(t *testing.T) {
	m := onLoop(t)
	if quickThread == 0 || leaves[fnOpenKey] == nil {
		t.Skip("there are no quick functions in this build")
	}
	dl.Prepare() // a fault in a quick function goes to its handler
	debug.SetPanicOnFault(true)
	loop := quickThread
	t.Cleanup(func() { quickThread = loop })
	slow := map[int]int{}
	for _, i := range quickOnes {
		handler := handlers[i]
		handlers[i] = func(f *frame) { slow[i]++; handler(f) }
		t.Cleanup(func() { handlers[i] = handler })
	}
	made, quick, called := map[int]int{}, map[int]int{}, map[string]int{}
	for seed := range uint64(60) {
		var got [2][]string
		for way, thread := range []uintptr{0, loop} {
			quickThread = thread
			clear(slow)
			clear(made)
			d := &quickDriver{t: t, m: m, rnd: rand.New(rand.NewPCG(seed, 1)), made: made, slow: slow, called: called}
			logged := captureLog(t, func() { d.run(600) })
			for line := range strings.Lines(logged) {
				if _, text, ok := strings.Cut(line, " # "); ok {
					d.note("log: %s", text)
				}
			}
			got[way] = d.trace
			for _, i := range quickOnes {
				quick[i] += made[i] - slow[i]
			}
		}
		for i, want := range got[0] {
			if i >= len(got[1]) || got[1][i] != want {
				t.Fatalf("seed %d: behind\n%s\nit is\n%s\nand quickly\n%s", seed, strings.Join(got[0][max(0, i-8):i], "\n"),
					want, strings.Join(got[1][i:min(len(got[1]), i+1)], ""))
			}
		}
	}
	for _, i := range quickOnes {
		t.Logf("%s: %d calls were quick", apiNames[i], quick[i])
		if quick[i] == 0 {
			t.Errorf("no call of %s was quick", apiNames[i])
		}
	}
	for _, name := range quickCalls[:quickCallForms] {
		t.Logf("%s: %d calls were quick", name, called[name])
		if called[name] == 0 {
			t.Errorf("no call of %s was quick", name)
		}
	}
}

var (
	hexNumber = regexp.MustCompile(`0x[0-9a-f]+`)
	longRun   = regexp.MustCompile(`k{20,}|v{20,}|w{20,}|y{20,}|z{20,}`)
)

// quickMemory is what functions write to and read from.
var quickMemory struct {
	out  [4]uint64
	text [6000]byte
}

// quickDriver makes calls at random and writes down what comes of them.
type quickDriver struct {
	t       *testing.T
	m       *Module
	rnd     *rand.Rand
	made    map[int]int
	slow    map[int]int
	called  map[string]int // how often a command was called quickly
	trace   []string
	ctxs    []*Context
	names   []uintptr
	keys    []uintptr
	strings []ownedString
	dict    uintptr
	dicts   []uintptr
	iters   []uintptr
	nested  bool
	clients []*server.Client
	filter  *server.Filter
}

// ownedString is one that was made in a context.
type ownedString struct {
	p   uint64
	ctx *Context
}

func (d *quickDriver) note(format string, args ...any) {
	text := hexNumber.ReplaceAllString(fmt.Sprintf(format, args...), "an address")
	text = longRun.ReplaceAllStringFunc(text, func(s string) string { return fmt.Sprintf("%c*%d", s[0], len(s)) })
	d.trace = append(d.trace, text)
}

// api calls a function as a module does, from its place on the C stack.
func (d *quickDriver) api(i int, args ...uint64) uint64 {
	var a [6]uint64
	copy(a[:], args)
	d.made[i]++
	return d.m.call(server.ByCommand, apiAddr[i], a[0], a[1], a[2], a[3], a[4], a[5])
}

func (d *quickDriver) command(args ...string) {
	c := testServer.NewFakeClient(server.FakeOptions{})
	argv := make([][]byte, len(args))
	for i, a := range args {
		argv[i] = []byte(a)
	}
	err := testServer.Execute(c, argv, &server.ExecuteOptions{})
	d.note("%q: %q %v", args, c.Output(), err)
}

func (d *quickDriver) pick(list ...uint64) uint64 { return list[d.rnd.IntN(len(list))] }

// number is an address of the driver's memory, or none.
func (d *quickDriver) number() uint64 {
	p := uint64(uintptr(unsafe.Pointer(&quickMemory.out)))
	return d.pick(p, p, p, p, p, 0, 0x10)
}

func (d *quickDriver) bytes() (p, n uint64) {
	text := quickTexts[d.rnd.IntN(len(quickTexts))]
	copy(quickMemory.text[:], text+"\x00")
	p, n = uint64(uintptr(unsafe.Pointer(&quickMemory.text))), uint64(len(text))
	if d.rnd.IntN(20) == 0 {
		n = d.pick(0, 1<<64-1, 1<<63, 5000)
	}
	if d.rnd.IntN(40) == 0 {
		p = d.pick(0, 0x10)
	}
	return p, n
}

var quickTexts = []string{
	"", "0", "-17", "9223372036854775808", "x", "a line\r\n", "\n", "member", "nobody",
	strings.Repeat("y", 31), strings.Repeat("z", 127), strings.Repeat("z", 128), strings.Repeat("w", 4080), strings.Repeat("v", 4096),
}

var quickKeys = []string{"s", "int", "long", "raw", "empty", "z", "zs", "l", "ql", "h", "ht", "none", "none2", "timed", "past", strings.Repeat("k", 300)}

// run prepares data and makes n calls.
func (d *quickDriver) run(n int) {
	clear(quickMemory.text[:])
	makeCallTexts()
	testServer.FlushDB(-1, false)
	for _, line := range []string{
		"SET s hello", "SET int 12345", "SETRANGE long 70 x", "APPEND raw abc", "SET empty ", "ZADD z 1 member 2 x 3.5 0",
		"CONFIG SET zset-max-listpack-entries 0", "ZADD zs 1 member 2 x -inf 0", "CONFIG SET zset-max-listpack-entries 128",
		"RPUSH l a b", "CONFIG SET list-max-listpack-size 5", "RPUSH ql a 1 -70000 b c d e f g h i j", "HSET h member value x 12 0 " + strings.Repeat("y", 31), "HSET ht member value", "HSET ht x " + strings.Repeat("z", 128), "SET timed x EX 1000", "SET " + strings.Repeat("k", 300) + " v",
	} {
		d.command(strings.Split(line, " ")...)
	}
	listener := &server.KeyspaceListener{Mask: server.NotifyKeyMiss | server.NotifyExpired | server.NotifyGeneric, Func: func(_ int, event string, key []byte, db int) {
		d.note("event %s %s %d", event, key, db)
	}}
	listening := false
	for i := range 3 {
		c := newTestClient(testServer)
		if i == 2 {
			c.RESP = 3
		}
		d.clients = append(d.clients, c)
		d.ctxs = append(d.ctxs, newContext(d.m, c, true))
	}
	d.ctxs[1].cell.db = 1
	for _, name := range append(quickKeys, quickTexts...) {
		d.names = append(d.names, newString([]byte(name), true).addr())
	}
	gone := newString([]byte("gone"), true)
	gone.release(true)
	stale := gone.addr()
	d.dict = uintptr(d.api(fnCreateDict, 0))
	for i := range 300 {
		d.api(fnDictSet, uint64(d.dict), uint64(d.names[i%len(d.names)]), uint64(i))
	}
	hits, misses := testServer.Stats.Hits, testServer.Stats.Misses
	for i := range n {
		switch d.rnd.IntN(62) {
		case 60, 61:
			d.toggle()
		case 0:
			if listening = !listening; listening {
				testServer.AddKeyspaceListener(listener)
			} else {
				testServer.RemoveKeyspaceListener(listener)
			}
		case 1:
			d.command("DEL", quickKeys[d.rnd.IntN(len(quickKeys))])
		case 2:
			key := quickKeys[d.rnd.IntN(len(quickKeys))]
			d.command("PEXPIRE", key, "1000000")
		case 3:
			key := quickKeys[d.rnd.IntN(len(quickKeys))]
			if e := testServer.DBAt(0).Find([]byte(key)); e != nil {
				testServer.DBAt(0).SetExpire(e, 1) // it is over
			}
		case 4:
			key := quickKeys[d.rnd.IntN(len(quickKeys))]
			d.command("SET", key, quickTexts[d.rnd.IntN(len(quickTexts))])
		case 5:
			d.command("SWAPDB", "0", "1")
		case 6:
			d.command("ZADD", "zs", "4", fmt.Sprint(i))
		case 7:
			testServer.OnLeave(func(_ int, key []byte, _ server.LeaveReason) {
				if d.nested {
					return
				}
				d.nested = true
				d.note("leaves: %s", key)
				for range 5 {
					d.step(stale)
				}
				d.nested = false
			})
			d.command("DEL", quickKeys[d.rnd.IntN(len(quickKeys))])
			testServer.OnLeave(nil)
		case 8:
			if len(d.ctxs[0].auto) == 0 { // modules cannot turn it off
				d.ctxs[0].flags ^= ctxAutoMemory
				d.ctxs[0].cell.auto ^= 1
			}
		case 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20:
			d.stepDict()
		default:
			d.step(stale)
		}
		if h, miss := testServer.Stats.Hits, testServer.Stats.Misses; h != hits || miss != misses {
			d.note("%d hits, %d misses", h-hits, miss-misses)
			hits, misses = h, miss
		}
	}
	if listening {
		testServer.RemoveKeyspaceListener(listener)
	}
	d.calm()
	for _, p := range d.keys {
		d.api(fnCloseKey, uint64(p))
	}
	for _, s := range d.strings {
		if !slices.Contains(s.ctx.auto, autoItem{headString, uintptr(s.p)}) {
			for range stringAt(uintptr(s.p)).refs {
				stringAt(uintptr(s.p)).release(true)
			}
		}
	}
	for i, ctx := range d.ctxs {
		ctx.release(true)
		for n, line := range strings.SplitAfter(string(d.clients[i].Output()), "\r\n") {
			d.note("client %d, line %d: %q", i, n, line)
		}
	}
	d.api(fnFreeDict, 0, uint64(d.dict))
	d.endDicts()
	for db := range 2 {
		testServer.DBAt(db).Each(func(e *store.Entry) bool {
			d.note("%d %s: %v %v, idle %v", db, e.Key(), e.Type(), e.Encoding(), e.Idle(testServer.Mstime()) > 100_000)
			return true
		})
	}
	for _, p := range d.names {
		stringAt(p).release(true)
	}
}

// step makes one call.
func (d *quickDriver) step(stale uintptr) {
	ctx := d.ctxs[d.rnd.IntN(len(d.ctxs))]
	ctxArg := uint64(ctx.addr())
	name := uint64(d.names[d.rnd.IntN(len(d.names))])
	if d.rnd.IntN(2) == 0 {
		name = uint64(d.names[d.rnd.IntN(len(quickKeys))])
	}
	if d.rnd.IntN(60) == 0 {
		ctxArg = d.pick(0, 0x10, name, ctxArg+64)
	}
	if d.rnd.IntN(60) == 0 {
		name = d.pick(0, 0x10, uint64(stale), name+32, ctxArg)
	}
	key := uint64(0)
	if len(d.keys) != 0 {
		key = uint64(d.keys[d.rnd.IntN(len(d.keys))])
	}
	number, want := d.number(), quickMemory.out[0]
	quickMemory.out[0] = 77
	what, r := 0, uint64(0)
	switch d.rnd.IntN(40) {
	case 0, 1, 2, 3:
		mode := d.pick(0, modeRead, modeRead, modeRead, modeRead, modeWrite, modeRead|modeWrite, modeRead|modeNoTouch, modeRead|modeNoEffects,
			modeWrite|modeNoExpire, modeRead|modeNoStats, modeRead|modeNoNotify, 1<<30)
		if d.rnd.IntN(3) == 0 { // those of which there are quick changes
			name, mode = uint64(d.names[slices.Index(quickKeys, []string{"ht", "l", "ql"}[d.rnd.IntN(3)])]), modeRead|modeWrite
		}
		what = fnOpenKey
		if r = d.api(what, ctxArg, name, mode); r != 0 {
			d.keys = append(d.keys, uintptr(r))
			d.keyFacts(uintptr(r))
			r = 1
		}
	case 4, 5:
		if key == 0 {
			return
		}
		what, r = fnCloseKey, d.api(fnCloseKey, key)&0
		i := d.rnd.IntN(8) // not always is it forgotten
		for n, p := range d.keys {
			if uint64(p) == key && i != 0 {
				d.keys = append(d.keys[:n], d.keys[n+1:]...)
				break
			}
		}
	case 6, 7:
		what = fnStringDMA
		size := number
		if r = d.api(what, key, size, d.pick(modeRead, modeWrite)); r != 0 {
			n := quickMemory.out[0]
			if size < 100 || n > 6000 {
				n = 1
			}
			d.note("%q", unsafe.Slice((*byte)(at(uintptr(r))), n))
			r = 1
		}
	case 8, 9:
		what = fnZsetScore
		r = d.api(what, key, name, number)
	case 10:
		what = fnStringToLongLong
		r = d.api(what, name, number)
	case 11:
		what = fnDictGet
		r = d.api(what, d.pick(uint64(d.dict), uint64(d.dict), uint64(d.dict), name), name, number)
	case 12:
		what = fnDictGetC
		p, n := d.bytes()
		r = d.api(what, uint64(d.dict), p, n, number)
	case 13:
		what = fnReplyWithString
		r = d.api(what, ctxArg, name)
	case 14:
		what = fnReplyWithStringBuffer
		p, n := d.bytes()
		r = d.api(what, ctxArg, p, n)
	case 16, 17:
		what = fnHashGet
		field, flags := name, d.pick(0, 0, 0, 0, hashCFields, hashExists, 1<<20)
		if flags == hashCFields {
			field, _ = d.bytes()
		}
		r = d.api(what, key, flags, field, number, 0)
		if out := quickMemory.out[0]; number > 100 && out != 77 && out > 1 {
			d.note("%q", stringAt(uintptr(out)).bytes())
			d.api(fnFreeString, ownerOf(key), out)
			quickMemory.out[0] = 1
		}
	case 26, 27:
		what, key = fnHashSet, d.written(key, "ht")
		if d.rnd.IntN(2) == 0 {
			name = uint64(d.names[slices.Index(append(quickKeys, quickTexts...), "member")])
		}
		field, flags, value := name, d.pick(0, 0, hashCountAll, hashXX, hashNX, hashCFields, 1<<20), uint64(d.names[d.rnd.IntN(len(d.names))])
		if flags == hashCFields {
			field, _ = d.bytes()
		}
		r = d.api(what, key, flags, field, d.pick(value, value, value, value, value, hashDelete, 0), 0)
		d.command("HMGET", "ht", "member", "x", "0", quickTexts[d.rnd.IntN(len(quickTexts))])
	case 28, 29, 30, 31, 32, 33:
		key = d.written(key, "l", "ql")
		if what = int(d.pick(fnListPush, fnListPop)); what == fnListPush {
			r = d.api(what, key, d.pick(0, 1), name)
		} else if r = d.api(what, key, d.pick(0, 1)); r != 0 {
			owner := ownerOf(key)
			d.note("%q", stringAt(uintptr(r)).bytes())
			d.api(fnFreeString, owner, r)
			r = 1
		}
		d.command("LRANGE", "ql", "0", "-1")
		d.command("LRANGE", "l", "0", "-1")
		d.command("OBJECT", "ENCODING", "ql")
	case 18:
		what = fnCreateStringFromLongLong
		if r = d.api(what, ctxArg, d.pick(0, 9, 10, 1<<63, 1<<63-1, 1<<64-1, 1<<64-100, 123456789)); r != 0 {
			d.note("%q", stringAt(uintptr(r)).bytes())
			d.api(fnFreeString, ctxArg, r)
			r = 1
		}
	case 34, 35, 36, 37, 38, 39:
		what = fnCall
		r = d.call(ctx, ctxArg, name)
	case 19:
		what = fnGetContextFlags
		r = d.api(what, ctxArg)
	case 20:
		what = fnReplyWithCallReply
		p := d.reply(ctx)
		if d.rnd.IntN(3) != 0 {
			d.walk(p, 0)
		}
		r = d.api(what, ctxArg, d.pick(p, p, p, p, name, 0))
		if ctx.flags&ctxAutoMemory == 0 || d.rnd.IntN(4) != 0 {
			d.api(fnFreeCallReply, p)
		}
	case 21, 22:
		what = int(d.pick(fnCreateString, fnCreateStringFromString))
		if what == fnCreateString {
			p, n := d.bytes()
			if p == 0x10 {
				p = 0 // elsewhere it is a fault in assembly, which is the module's
			}
			r = d.api(what, ctxArg, p, n)
		} else {
			r = d.api(what, ctxArg, name)
		}
		if r != 0 {
			if ctxArg == 0 {
				ctx = d.ctxs[2] // which never tracks anything
			}
			d.note("%q, tracked %d", stringAt(uintptr(r)).bytes(), len(ctx.auto))
			d.strings = append(d.strings, ownedString{r, ctx})
			r = 1
		}
	case 23, 24, 25:
		if len(d.strings) == 0 {
			return
		}
		i := d.rnd.IntN(len(d.strings))
		s := d.strings[i]
		refs := stringAt(uintptr(s.p)).refs
		if what = int(d.pick(fnFreeString, fnFreeString, fnRetainString)); what == fnFreeString && refs == 1 {
			d.strings = slices.Delete(d.strings, i, i+1)
		}
		if s.ctx == d.ctxs[2] {
			ctxArg = 0
		} else {
			ctxArg = uint64(s.ctx.addr())
		}
		d.note("%d references to %q, tracked %d", refs, stringAt(uintptr(s.p)).bytes(), len(s.ctx.auto))
		r = d.api(what, ctxArg, s.p) & 0
	case 15:
		what = int(d.pick(fnReplyWithCString, fnReplyWithSimpleString))
		p, _ := d.bytes()
		r = d.api(what, ctxArg, p)
	}
	want, quickMemory.out[0] = quickMemory.out[0], want
	d.note("%s: %d, %d", apiNames[what], int64(r), int64(want))
}

// written is a key with one of the names that is open for writing, or the other if there is none.
func (d *quickDriver) written(other uint64, names ...string) uint64 {
	for _, p := range d.keys {
		if headOf(p) != headKey || d.rnd.IntN(3) == 0 {
			continue
		}
		if k := (*key)(*objectSlot(p)); k.mode&modeWrite != 0 && slices.Contains(names, string(k.name)) {
			return uint64(p)
		}
	}
	return other
}

// reply is that of a command of the server's, as Call gives it.
func (d *quickDriver) reply(ctx *Context) uint64 {
	c := testServer.NewFakeClient(server.FakeOptions{RESP: int(d.pick(2, 3))})
	line := []string{"get", "hgetall", "lrange", "zrange", "debug", "xinfo", "incr"}[d.rnd.IntN(7)]
	line += " " + quickKeys[d.rnd.IntN(len(quickKeys))]
	switch line[0] {
	case 'l', 'z':
		line += " 0 -1"
	case 'd':
		line = "debug protocol " + []string{"attrib", "map", "set", "verbatim", "double", "bignum", "true", "null", "array"}[d.rnd.IntN(9)]
	case 'x':
		line = "command info get lpush nonesuch"
	}
	var argv [][]byte
	for word := range strings.SplitSeq(line, " ") {
		argv = append(argv, []byte(word))
	}
	if err := testServer.Execute(c, argv, &server.ExecuteOptions{}); err != nil {
		c.WriteError(err.Error())
	}
	r := newReply(ctx)
	sound := c.RepliedOnce()
	r.buf, r.errors = c.TakeOutput(), c.TakeErrors()
	r.parse(sound)
	ctx.track(headReply, r.cell.addr())
	return uint64(r.cell.addr())
}

// walk looks at what is in a reply.
func (d *quickDriver) walk(p uint64, depth int) {
	kind := int32(d.api(fnCallReplyType, p))
	n := d.api(fnCallReplyLength, p)
	d.note("%d: a reply of kind %d, %d long", depth, kind, n)
	text := d.api(fnCreateStringFromCallReply, p)
	if text != 0 {
		d.note("%q", stringAt(uintptr(text)).bytes())
		if ctx := replyAt(uintptr(p)).whole().context(); ctx.flags&ctxAutoMemory == 0 || d.rnd.IntN(2) == 0 {
			d.api(fnFreeString, uint64(ctx.addr()), text)
		}
	}
	element := map[int32]int{replyArray: fnCallReplyArrayElement, replySet: fnCallReplySetElement}[kind]
	for i := range n {
		switch {
		case element != 0:
			if e := d.api(element, p, i); depth < 3 {
				d.walk(e, depth+1)
			}
		case kind == replyMap:
			outs := uint64(uintptr(unsafe.Pointer(&quickMemory.out[1])))
			if d.api(fnCallReplyMapElement, p, i, d.pick(0, outs, outs), outs+8) != statusOK {
				d.note("no pair %d", i)
				return
			}
			d.walk(quickMemory.out[2], depth+1)
		}
	}
	if element != 0 {
		d.note("behind the end: %d", d.api(element, p, n))
	}
	if attr := d.api(fnCallReplyAttribute, p); attr != 0 {
		d.note("attributes: %d", d.api(fnCallReplyLength, attr))
	}
}

// keyFacts are what a key says of itself.
func (d *quickDriver) keyFacts(p uintptr) {
	k := (*key)(*objectSlot(p))
	kind := d.api(fnKeyType, uint64(p))
	d.note("key %s of %d, mode %x, seen %v, life %v, kind %d, quick %d, %d long", k.name, k.db, k.mode, k.seen, k.ctx() != nil, kind,
		k.cell.quick, d.api(fnValueLength, uint64(p)))
}

// ownerOf is the context in which a key was opened.
func ownerOf(p uint64) uint64 { return uint64((*key)(*objectSlot(uintptr(p))).owner.cell) }
