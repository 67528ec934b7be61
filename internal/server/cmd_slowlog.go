package server

// slowlogHelp is what SLOWLOG HELP replies.
var slowlogHelp = []string{
	"GET [<count>]",
	"    Show the newest <count> entries, 10 by default, all for -1. An entry is",
	"    its number, the time, the duration in microseconds, the arguments, and the",
	"    client's address and name.",
	"LEN",
	"    Tell how many entries there are.",
	"RESET",
	"    Drop all entries.",
}

func init() {
	handle(map[string]Handler{
		"slowlog|get":   cmdSlowlogGet,
		"slowlog|help":  helpHandler(slowlogHelp),
		"slowlog|len":   cmdSlowlogLen,
		"slowlog|reset": cmdSlowlogReset,
	})
}

// slowDefault is how many entries SLOWLOG GET shows unless told.
const slowDefault = 10

// cmdSlowlogGet is SLOWLOG GET [count].
func cmdSlowlogGet(c *Client, argv [][]byte) {
	count := int64(slowDefault)
	if len(argv) > 3 {
		c.wrongSubcommand(argv)
		return
	}
	if len(argv) == 3 {
		n, ok := ParseInt(argv[2])
		if !ok || n < -1 {
			c.WriteError("ERR count should be greater than or equal to -1")
			return
		}
		count = n
	}
	entries := c.srv.slow.entries
	if count == -1 || count > int64(len(entries)) {
		count = int64(len(entries))
	}
	c.WriteArray(int(count))
	for i := range int(count) {
		e := &entries[len(entries)-1-i]
		c.WriteArray(6)
		c.WriteInt(e.id)
		c.WriteInt(e.unix)
		c.WriteInt(e.micros)
		c.WriteArray(len(e.args))
		for _, arg := range e.args {
			c.WriteBulkString(arg)
		}
		c.WriteBulkString(e.addr)
		c.WriteBulkString(e.name)
	}
}

// cmdSlowlogLen is SLOWLOG LEN.
func cmdSlowlogLen(c *Client, _ [][]byte) { c.WriteInt(int64(len(c.srv.slow.entries))) }

// cmdSlowlogReset is SLOWLOG RESET.
func cmdSlowlogReset(c *Client, _ [][]byte) {
	c.srv.slow.entries = nil
	c.WriteOK()
}
