package server

import (
	"math"

	"berth/internal/store"
)

// setFlags are the options of SET and GETEX that were given.
type setFlags uint16

const (
	setNX setFlags = 1 << iota
	setXX
	setGet
	setKeepTTL
	setPersist
	setEX
	setPX
	setEXAT
	setPXAT

	// setTimes are the four ways to give a time, setLives all that is about the
	// time to live: one excludes the others.
	setTimes = setEX | setPX | setEXAT | setPXAT
	setLives = setTimes | setKeepTTL | setPersist
)

// setWords are the options: which may not have come before, whether an argument
// follows, and which of the two commands has them.
var setWords = []struct {
	word        string
	flag        setFlags
	without     setFlags
	arg         bool
	set, getter bool
}{
	{"nx", setNX, setXX, false, true, false},
	{"xx", setXX, setNX, false, true, false},
	{"get", setGet, 0, false, true, false},
	{"keepttl", setKeepTTL, setLives &^ setKeepTTL, false, true, false},
	{"persist", setPersist, setLives &^ setPersist, false, false, true},
	{"ex", setEX, setLives &^ setEX, true, true, true},
	{"px", setPX, setLives &^ setPX, true, true, true},
	{"exat", setEXAT, setLives &^ setEXAT, true, true, true},
	{"pxat", setPXAT, setLives &^ setPXAT, true, true, true},
}

// parseSetOptions reads options, replying the error itself. when is the argument
// of the last option that gives a time.
func (c *Client) parseSetOptions(args [][]byte, getter bool) (flags setFlags, when []byte, ok bool) {
next:
	for i := 0; i < len(args); i++ {
		for _, w := range setWords {
			if (getter && !w.getter || !getter && !w.set) || flags&w.without != 0 || w.arg && i+1 == len(args) || !equalFold(args[i], w.word) {
				continue
			}
			flags |= w.flag
			if w.arg {
				i++
				when = args[i]
			}
			continue next
		}
		c.WriteError(ErrTextSyntax)
		return 0, nil, false
	}
	return flags, when, true
}

// parseExpire reads a time of expiry for the option that gave it, in
// milliseconds since 1970. It replies the error itself.
func (c *Client) parseExpire(arg []byte, flags setFlags) (int64, bool) {
	n, ok := ParseInt(arg)
	if !ok {
		c.WriteError(ErrTextNotInteger)
		return 0, false
	}
	unit := int64(1)
	if flags&(setEX|setEXAT) != 0 {
		unit = 1000
	}
	base := int64(0)
	if flags&(setEX|setPX) != 0 {
		base = c.srv.Mstime()
	}
	if n <= 0 || n > math.MaxInt64/unit || n*unit > math.MaxInt64-base {
		c.WriteErrorf(ErrTextInvalidExp, c.cmd.Name)
		return 0, false
	}
	return n*unit + base, true
}

// cmdSet is SET key value [NX|XX] [GET] [EX s|PX ms|EXAT s|PXAT ms|KEEPTTL].
func cmdSet(c *Client, argv [][]byte) {
	if len(argv) == 3 {
		c.store(argv[1], argv[2], 0, false)
		c.WriteOK()
		return
	}
	flags, when, ok := c.parseSetOptions(argv[3:], false)
	if !ok {
		return
	}
	var at int64
	if when != nil {
		if at, ok = c.parseExpire(when, flags); !ok {
			return
		}
	}
	if flags&setGet != 0 && !c.get(argv[1]) {
		return
	}
	if flags&(setNX|setXX) != 0 && (c.LookupWrite(argv[1]) != nil) == (flags&setNX != 0) {
		if flags&setGet == 0 {
			c.WriteNull()
		}
		return
	}
	c.store(argv[1], argv[2], at, flags&setKeepTTL != 0)
	switch {
	case at != 0 && flags&setPXAT == 0:
		c.insteadSet(argv[1], argv[2], at)
	case at == 0 && flags&setGet != 0:
		c.insteadWithoutGet(argv)
	}
	if flags&setGet == 0 {
		c.WriteOK()
	}
}

// insteadSet has a SET with a time of expiry propagated in place of the running
// command.
func (c *Client) insteadSet(key, value []byte, at int64) {
	if w := c.insteadOf(5); w != nil {
		w.Word("SET").Arg(key).Arg(value).Word("PXAT").Int(at)
	}
}

// insteadWithoutGet has a SET propagated without the option GET, which nobody
// there needs.
func (c *Client) insteadWithoutGet(argv [][]byte) {
	n := 3
	for _, arg := range argv[3:] {
		if !equalFold(arg, "get") {
			n++
		}
	}
	w := c.insteadOf(n).Args(argv[:3])
	for _, arg := range argv[3:] {
		if !equalFold(arg, "get") {
			w.Arg(arg)
		}
	}
}

// store sets a string and does what follows from it. at is when the key ends, 0
// for never; keep leaves the time as it is.
func (c *Client) store(key, value []byte, at int64, keep bool) {
	s, db := c.srv, c.DBStore()
	e := s.overwriting(c.DB, key, s.liveForWrite(c.DB, key))
	fresh := e == nil
	e = db.PutString(e, key, value, keep || at != 0)
	if at != 0 {
		e = db.SetExpire(e, at)
	}
	s.placed(c.DB, e, key, fresh)
	s.changed(NotifyString, "set", key, c.DB)
	if at != 0 {
		s.Notify(NotifyGeneric, "expire", key, c.DB)
	}
}

// cmdSetnx is SETNX key value.
func cmdSetnx(c *Client, argv [][]byte) {
	if c.LookupWrite(argv[1]) != nil {
		c.WriteInt(0)
		return
	}
	c.store(argv[1], argv[2], 0, false)
	c.WriteInt(1)
}

// cmdSetex is SETEX and PSETEX key time value.
func cmdSetex(c *Client, argv [][]byte) {
	unit := setEX
	if c.cmd.Name == "psetex" {
		unit = setPX
	}
	at, ok := c.parseExpire(argv[2], unit)
	if !ok {
		return
	}
	c.store(argv[1], argv[3], at, false)
	c.insteadSet(argv[1], argv[3], at)
	c.WriteOK()
}

// cmdGetset is GETSET key value.
func cmdGetset(c *Client, argv [][]byte) {
	if c.get(argv[1]) {
		c.store(argv[1], argv[2], 0, false)
		c.insteadOf(3).Word("SET").Args(argv[1:])
	}
}

// cmdGetdel is GETDEL key.
func cmdGetdel(c *Client, argv [][]byte) {
	if !c.get(argv[1]) {
		return
	}
	if e := c.DBStore().Find(argv[1]); e != nil && c.srv.remove(c.DB, argv[1], e, false, LeaveDeleted) {
		c.insteadDel(argv[1], false)
		c.srv.changed(NotifyGeneric, "del", argv[1], c.DB)
	}
}

// cmdGetex is GETEX key [EX s|PX ms|EXAT s|PXAT ms|PERSIST].
func cmdGetex(c *Client, argv [][]byte) {
	flags, when, ok := c.parseSetOptions(argv[2:], true)
	if !ok {
		return
	}
	e, ok := c.readTyped(argv[1], store.String)
	if !ok {
		return
	}
	if e == nil {
		c.WriteNull()
		return
	}
	var at int64
	if when != nil {
		if at, ok = c.parseExpire(when, flags); !ok {
			return
		}
	}
	c.writeString(e)
	s, db := c.srv, c.DBStore()
	switch {
	case flags&(setEXAT|setPXAT) != 0 && s.isPast(at):
		s.remove(c.DB, argv[1], e, s.lazy.expire, LeaveExpired)
		c.insteadDel(argv[1], s.lazy.expire)
		s.changed(NotifyGeneric, "del", argv[1], c.DB)
	case at != 0:
		db.SetExpire(e, at)
		c.insteadOf(3).Word("PEXPIREAT").Arg(argv[1]).Int(at)
		s.changed(NotifyGeneric, "expire", argv[1], c.DB)
	case flags&setPersist != 0 && db.Persist(e):
		c.insteadOf(2).Word("PERSIST").Arg(argv[1])
		s.changed(NotifyGeneric, "persist", argv[1], c.DB)
	}
}

// cmdMset is MSET and MSETNX key value [key value ...].
func cmdMset(c *Client, argv [][]byte) {
	nx := c.cmd.Name == "msetnx"
	if len(argv)%2 == 0 {
		c.WriteError(wrongArity(c.cmd))
		return
	}
	if nx {
		for i := 1; i < len(argv); i += 2 {
			if c.LookupWrite(argv[i]) != nil {
				c.WriteInt(0)
				return
			}
		}
	}
	for i := 1; i < len(argv); i += 2 {
		c.store(argv[i], argv[i+1], 0, false)
	}
	if nx {
		c.WriteInt(1)
	} else {
		c.WriteOK()
	}
}

// setKeys finds SET's key: with GET it is read, too.
func setKeys(_ *Command, argv [][]byte) ([]KeyRef, bool) {
	for _, arg := range argv[3:] {
		if equalFold(arg, "get") {
			return []KeyRef{{1, KeyRW | KeyAccess | KeyUpdate}}, true
		}
	}
	return []KeyRef{{1, KeyOW | KeyUpdate}}, true
}
