package server

import (
	"math"
	"strings"
)

func init() {
	handle(map[string]Handler{
		"expire":      cmdExpire,
		"expireat":    cmdExpire,
		"expiretime":  cmdTTL,
		"persist":     cmdPersist,
		"pexpire":     cmdExpire,
		"pexpireat":   cmdExpire,
		"pexpiretime": cmdTTL,
		"pttl":        cmdTTL,
		"ttl":         cmdTTL,
	})
}

// cmdExpire is EXPIRE, PEXPIRE, EXPIREAT and PEXPIREAT key time [NX|XX|GT|LT].
func cmdExpire(c *Client, argv [][]byte) {
	var nx, xx, gt, lt bool
	for _, opt := range argv[3:] {
		switch {
		case equalFold(opt, "nx"):
			nx = true
		case equalFold(opt, "xx"):
			xx = true
		case equalFold(opt, "gt"):
			gt = true
		case equalFold(opt, "lt"):
			lt = true
		default:
			c.WriteError("ERR Unsupported option " + cut(opt, len(opt)))
			return
		}
	}
	if nx && (xx || gt || lt) {
		c.WriteError("ERR NX and XX, GT or LT options at the same time are not compatible")
		return
	}
	if gt && lt {
		c.WriteError("ERR GT and LT options at the same time are not compatible")
		return
	}
	n, ok := ParseInt(argv[2])
	if !ok {
		c.WriteError(ErrTextNotInteger)
		return
	}
	name := c.cmd.Name
	if name[0] != 'p' {
		if n > math.MaxInt64/1000 || n < math.MinInt64/1000 {
			c.WriteErrorf(ErrTextInvalidExp, name)
			return
		}
		n *= 1000
	}
	if !strings.HasSuffix(name, "at") {
		now := c.srv.Mstime()
		if n > math.MaxInt64-now {
			c.WriteErrorf(ErrTextInvalidExp, name)
			return
		}
		n += now
	}
	e := c.LookupWrite(argv[1])
	if e == nil {
		c.WriteInt(0)
		return
	}
	old := e.Expire()
	if nx && old != 0 || xx && old == 0 || gt && (old == 0 || n <= old) || lt && old != 0 && n >= old {
		c.WriteInt(0)
		return
	}
	if c.srv.isPast(n) {
		c.srv.remove(c.DB, argv[1], e, c.srv.lazy.expire, LeaveExpired)
		c.insteadDel(argv[1], c.srv.lazy.expire)
		c.srv.changed(NotifyGeneric, "del", argv[1], c.DB)
	} else {
		c.DBStore().SetExpire(e, n)
		if name != "pexpireat" {
			c.insteadOf(len(argv)).Word("PEXPIREAT").Arg(argv[1]).Int(n).Args(argv[3:])
		}
		c.srv.changed(NotifyGeneric, "expire", argv[1], c.DB)
	}
	c.WriteInt(1)
}

// isPast reports whether a time of expiry that a command sets is over already, so
// that the key goes at once. While data is loaded it stays as it was then.
func (s *Server) isPast(at int64) bool { return at <= s.Mstime() && !s.Loading() }

// cmdTTL is TTL, PTTL, EXPIRETIME and PEXPIRETIME key.
func cmdTTL(c *Client, argv [][]byte) {
	e := c.lookup(argv[1], lookupNoTouch)
	if e == nil {
		c.WriteInt(-2)
		return
	}
	t := e.Expire()
	if t == 0 {
		c.WriteInt(-1)
		return
	}
	name := c.cmd.Name
	absolute := strings.HasSuffix(name, "expiretime")
	if !absolute {
		t = max(0, t-c.srv.Mstime())
	}
	if name[0] != 'p' {
		t = t/1000 + (t%1000+500)/1000 // a sum could overflow
	}
	c.WriteInt(t)
}

// cmdPersist is PERSIST key.
func cmdPersist(c *Client, argv [][]byte) {
	e := c.LookupWrite(argv[1])
	if e == nil || !c.DBStore().Persist(e) {
		c.WriteInt(0)
		return
	}
	c.srv.changed(NotifyGeneric, "persist", argv[1], c.DB)
	c.WriteInt(1)
}
