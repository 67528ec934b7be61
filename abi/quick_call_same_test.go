package abi

import (
	"strings"

	"berth/internal/server"
)

// quickCalls are commands that a driver calls: first those that have a quick form,
// spelled in different ways, then some that have none.
var quickCalls = []string{
	"get", "GET", "strlen", "exists", "Ttl", "PTTL", "hget", "HGETALL", "hgetall", "hlen", "hexists", "llen", "LLen", "scard", "sismember", "zcard",
	"set", "type", "nonesuch", "",
}

const quickCallForms = 16

// callModes and callArgs are what the formats of calls are made of.
var (
	callModes = []string{"", "", "!", "E", "0", "3", "EMSW", "D", "C"}
	callArgs  = []string{"s", "s", "s", "s", "c", "b", "ss", "ss", "sc", "sb", "bs", "bb", "sss", "l", "", "?"}
)

// callTexts are C strings that stay, as names and formats in a module do.
var callTexts map[string]uint64

func makeCallTexts() {
	if callTexts != nil {
		return
	}
	callTexts = map[string]uint64{}
	add := func(text string) { callTexts[text] = uint64(newString([]byte(text), true).ptr) }
	for _, name := range quickCalls {
		add(name)
	}
	for _, mode := range callModes {
		for _, args := range callArgs {
			add(mode + args)
		}
	}
}

// call has a command called, and notes all that a module can see of it.
func (d *quickDriver) call(ctx *Context, ctxArg, name uint64) uint64 {
	command := quickCalls[d.rnd.IntN(len(quickCalls))]
	format := callModes[d.rnd.IntN(len(callModes))] + callArgs[d.rnd.IntN(len(callArgs))]
	var args [3]uint64
	words := args[:0]
	for _, letter := range strings.TrimLeft(format, "!E03MSWDC") {
		switch letter {
		case 's':
			words = append(words, name)
		case 'c':
			p, _ := d.bytes()
			if p == 0x10 {
				p = 0
			}
			words = append(words, p)
		case 'b':
			p, n := d.bytes()
			if p == 0x10 || n > uint64(len(quickMemory.text)) { // a quick form may not read what it does not need
				p, n = 0, 0
			}
			words = append(words, p, n)
		case 'l':
			words = append(words, d.rnd.Uint64())
		}
		name = uint64(d.names[d.rnd.IntN(len(d.names))])
		if d.rnd.IntN(2) == 0 {
			name = uint64(stringOf(d, "member"))
		}
	}
	if len(words) > len(args) {
		words, format = words[:1], "s"
		words[0] = name
	}
	copy(args[:], words)
	calls := func() (n int64) {
		for _, name := range quickCalls {
			if cmd := testServer.Lookup([]byte(name)); cmd != nil {
				n += cmd.Stats.Calls*1000 + cmd.Stats.Failed
			}
		}
		return n
	}
	before, commands := calls(), testServer.Stats.Commands
	*(*int32)(at(loopErrno)) = 99
	slow := d.slow[fnCall]
	p := d.api(fnCall, ctxArg, callTexts[command], callTexts[format], args[0], args[1], args[2])
	errno := *(*int32)(at(loopErrno))
	if d.slow[fnCall] == slow {
		d.called[command]++
	}
	d.note("%s %q: errno %d, calls %d and %d", command, format, errno, calls()-before, testServer.Stats.Commands-commands)
	if p == 0 {
		return 0
	}
	c := replyAt(uintptr(p))
	wire := string(c.wire())
	if strings.EqualFold(command, "pttl") && len(wire) > len(":-1\r\n") {
		wire = "some time"
	}
	r := c.whole()
	d.note("%q, kind %d, %d long, of its context %v, tracked %d, quick %d, plain %d, RESP3 %v", wire, c.kind, c.len, r.context() == ctx, len(ctx.auto), c.quick, c.plain, r.resp3)
	switch d.rnd.IntN(4) {
	case 0:
		d.walk(p, 0)
	case 1:
		d.note("passed on: %d", d.api(fnReplyWithCallReply, ctxArg, p))
	}
	if ctx.flags&ctxAutoMemory == 0 || d.rnd.IntN(4) != 0 {
		d.api(fnFreeCallReply, p)
	}
	return 1
}

// stringOf is the driver's string of that text.
func stringOf(d *quickDriver, text string) uintptr {
	for _, p := range d.names {
		if string(stringAt(p).bytes()) == text {
			return p
		}
	}
	return 0
}

// toggle changes what the server would have to do besides at a call, for a while.
func (d *quickDriver) toggle() {
	switch d.rnd.IntN(6) {
	case 0:
		d.command("CONFIG", "SET", "latency-tracking", "no")
	case 1:
		d.command("CONFIG", "SET", "maxmemory-policy", "allkeys-lfu")
	case 2:
		if d.filter == nil {
			d.filter = &server.Filter{Func: func(c *server.FilterCall) { d.note("filtered: %q", c.Argv) }}
			testServer.AddFilter(d.filter)
		}
	default:
		d.calm()
		d.command("SADD", "none2", "member", "12", "x")
	}
}

// calm ends what toggle began.
func (d *quickDriver) calm() {
	if d.filter != nil {
		testServer.RemoveFilter(d.filter)
		d.filter = nil
	}
	d.command("CONFIG", "SET", "latency-tracking", "yes", "maxmemory-policy", "noeviction")
}
