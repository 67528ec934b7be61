package server

import (
	"strconv"
	"strings"
	"time"

	"berth/internal/config"
)

// cmdDebug is DEBUG subcommand [arg ...]. The subcommands are no entries of the
// command table, as in Redis.
func cmdDebug(c *Client, argv [][]byte) {
	s := c.srv
	sub, args := strings.ToLower(string(argv[1])), argv[2:]
	one := len(args) == 1
	switch {
	case sub == "help" && len(args) == 0:
		c.writeHelp(argv[0], debugHelp)
	case sub == "sleep" && one:
		// Not a number means no sleep, as strtod has it.
		seconds, _ := strconv.ParseFloat(string(args[0]), 64)
		time.Sleep(time.Duration(seconds * float64(time.Second)))
		c.WriteOK()
	case sub == "reload":
		c.debugReload(args)
	case sub == "loadaof":
		c.debugLoadAOF()
	case sub == "aof-flush-sleep" && one:
		micros, _ := strconv.ParseInt(string(args[0]), 10, 32) // as atoi has it
		s.aof.slept = micros * int64(time.Microsecond)
		c.WriteOK()
	case sub == "set-active-expire" && one:
		s.keyspace.passive = !truthy(args[0])
		c.WriteOK()
	case sub == "set-disable-deny-scripts" && one:
		s.scripts.allowAll = truthy(args[0])
		c.WriteOK()
	case sub == "pause-cron" && one:
		s.net.cronPaused = truthy(args[0])
		c.WriteOK()
	case sub == "digest" && len(args) == 0:
		c.debugDigest()
	case sub == "digest-value":
		c.debugDigestValue(args)
	case sub == "object" && one:
		c.debugObject(args[0])
	case sub == "protocol" && one:
		c.debugProtocol(strings.ToLower(string(args[0])))
	case sub == "populate" && len(args) >= 1 && len(args) <= 3:
		c.debugPopulate(args)
	case sub == "error" && one:
		c.WriteError(string(args[0]))
	case sub == "log" && one:
		s.Log(LogWarning, "DEBUG LOG: %s", args[0])
		c.WriteOK()
	case sub == "quicklist-packed-threshold" && one:
		// Tests set it to make large elements rare; berth has no such limit.
		n, ok := config.ParseMemory(string(args[0]))
		if !ok || n > 1<<32 {
			c.WriteError("ERR argument must be a memory value bigger than 1 and smaller than 4gb")
			return
		}
		c.WriteOK()
	case sub == "config-rewrite-force-all" && len(args) == 0:
		if err := s.Config.rewrite(true); err != nil {
			c.WriteError("ERR CONFIG-REWRITE-FORCE-ALL failed: " + config.SysText(err))
			return
		}
		c.WriteOK()
	default:
		c.WriteErrorf("ERR unknown subcommand or wrong number of arguments for '%s'. Try DEBUG HELP.", cut(argv[1], maxShown))
	}
}

// truthy reads a number as atoi does and compares it to zero.
func truthy(b []byte) bool {
	n := 0
	for n < len(b) && (b[n] >= '0' && b[n] <= '9' || n == 0 && b[n] == '-') {
		n++
	}
	v, _ := strconv.Atoi(string(b[:n])) // 0 if malformed
	return v != 0
}

// debugProtocol replies a sample of one kind of reply.
func (c *Client) debugProtocol(kind string) {
	switch kind {
	case "string":
		c.WriteBulkString("Hello World")
	case "integer":
		c.WriteInt(12345)
	case "double":
		c.WriteDouble(3.141)
	case "bignum":
		c.WriteBigNumber("1234567999999999999999999999999999999")
	case "null":
		c.WriteNull()
	case "array":
		c.WriteArray(3)
		c.writeCount()
	case "set":
		c.WriteSet(3)
		c.writeCount()
	case "map":
		c.WriteMap(3)
		for i := range int64(3) {
			c.WriteInt(i)
			c.WriteBool(i == 1)
		}
	case "attrib":
		if c.RESP >= 3 {
			c.WriteAttribute(1)
			c.WriteBulkString("key-popularity")
			c.WriteArray(2)
			c.WriteBulkString("key:123")
			c.WriteInt(90)
		}
		c.WriteBulkString("Some real reply following the attribute")
	case "push":
		if c.RESP < 3 {
			c.WriteError("ERR RESP2 is not supported by this command")
			return
		}
		pushing := c.Flags & FlagPushing
		c.Flags |= FlagPushing
		c.WritePush(2)
		c.WriteBulkString("server-cpu-usage")
		c.WriteInt(42)
		c.Flags = c.Flags&^FlagPushing | pushing
		// A push is no reply; clients that drop it still wait for one.
		c.WriteBulkString("Some real reply following the push reply")
	case "true":
		c.WriteBool(true)
	case "false":
		c.WriteBool(false)
	case "verbatim":
		c.WriteVerbatim("txt", []byte("This is a verbatim\nstring"))
	default:
		c.WriteError("ERR Wrong protocol type name. Please use one of the following: " +
			"string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false")
	}
}

// debugPopulate makes keys "prefix:0" and on with values of a given length.
func (c *Client) debugPopulate(args [][]byte) {
	count, ok := ParseInt(args[0])
	size := int64(0)
	if len(args) == 3 && ok {
		size, ok = ParseInt(args[2])
	}
	if !ok || count < 0 || size < 0 {
		c.WriteError("ERR value is out of range, must be positive")
		return
	}
	prefix := "key"
	if len(args) > 1 {
		prefix = string(args[1])
	}
	for i := range count {
		n := strconv.FormatInt(i, 10)
		key := []byte(prefix + ":" + n)
		if c.LookupWrite(key) != nil {
			continue
		}
		value := []byte("value:" + n)
		if size > 0 {
			sized := make([]byte, size)
			copy(sized, value)
			value = sized
		}
		c.srv.SetString(c.DB, key, value)
	}
	c.WriteOK()
}

// writeCount replies 0, 1 and 2.
func (c *Client) writeCount() {
	for i := range int64(3) {
		c.WriteInt(i)
	}
}

// debugHelp is DEBUG HELP.
var debugHelp = []string{
	"CONFIG-REWRITE-FORCE-ALL",
	"    Rewrite the configuration file with every parameter, defaults too.",
	"DIGEST",
	"    Reply a checksum of all keys and values, zeros when there are none.",
	"DIGEST-VALUE <key> [<key> ...]",
	"    Reply a checksum of each value, zeros for a key that is not there.",
	"ERROR <string>",
	"    Reply <string> as an error.",
	"LOG <message>",
	"    Write <message> to the log.",
	"OBJECT <key>",
	"    Tell how the value of <key> is kept and how long it would be in a file.",
	"PAUSE-CRON <0|1>",
	"    Stop or go on to look after clients and expired keys from time to time.",
	"POPULATE <count> [<prefix>] [<size>]",
	"    Make <count> keys named <prefix>:<number>, by default key:<number>.",
	"PROTOCOL <type>",
	"    Reply a sample of one kind of reply: string, integer, double, bignum,",
	"    null, array, set, map, attrib, push, verbatim, true, false.",
	"QUICKLIST-PACKED-THRESHOLD <size>",
	"    Accepted for tests; lists of berth have no such threshold.",
	"RELOAD [MERGE] [NOFLUSH] [NOSAVE]",
	"    Save the data, remove them and load them again. With NOSAVE they are not",
	"    saved before, with NOFLUSH not removed, and with MERGE keys may be there.",
	"SET-ACTIVE-EXPIRE <0|1>",
	"    Stop or go on to remove expired keys that nobody asks for.",
	"SLEEP <seconds>",
	"    Stop the whole server for so long. Fractions are allowed.",
}
