package server

func init() {
	handle(map[string]Handler{
		"script|load":   cmdScriptLoad,
		"script|exists": cmdScriptExists,
		"script|flush":  cmdScriptFlush,
		"script|kill":   func(c *Client, _ [][]byte) { c.killScript(true) },
		"script|debug":  cmdScriptDebug,
		"script|help":   helpHandler(scriptHelp),
	})
}

var scriptHelp = []string{
	"DEBUG (YES|SYNC|NO)",
	"    Set the debug mode for subsequent scripts executed.",
	"EXISTS <sha1> [<sha1> ...]",
	"    Return information about the existence of the scripts in the script cache.",
	"FLUSH [ASYNC|SYNC]",
	"    Flush the Lua scripts cache. Very dangerous on replicas.",
	"    When called without the optional mode argument, the behavior is determined by the",
	"    lazyfree-lazy-user-flush configuration directive. Valid modes are:",
	"    * ASYNC: Asynchronously flush the scripts cache.",
	"    * SYNC: Synchronously flush the scripts cache.",
	"KILL",
	"    Kill the currently executing Lua script.",
	"LOAD <script>",
	"    Load a script into the scripts cache without executing it.",
}

// cmdScriptLoad is SCRIPT LOAD script.
func cmdScriptLoad(c *Client, argv [][]byte) {
	sc, err := c.srv.compile(argv[2])
	if err != nil {
		c.WriteError(err.Error())
		return
	}
	c.WriteBulkString(sc.SHA)
}

// cmdScriptExists is SCRIPT EXISTS sha1 [sha1 ...].
func cmdScriptExists(c *Client, argv [][]byte) {
	c.WriteArray(len(argv) - 2)
	for _, arg := range argv[2:] {
		found := int64(0)
		if name, ok := readName(arg); ok && c.srv.scripts.cache[string(name[:])] != nil {
			found = 1
		}
		c.WriteInt(found)
	}
}

// flushWord checks the word of a FLUSH that says how: either way what is forgotten is
// the collector's.
func flushWord(argv [][]byte) bool {
	return len(argv) == 2 || len(argv) == 3 && (equalFold(argv[2], "sync") || equalFold(argv[2], "async"))
}

// cmdScriptFlush is SCRIPT FLUSH [ASYNC|SYNC].
func cmdScriptFlush(c *Client, argv [][]byte) {
	if !flushWord(argv) {
		c.WriteError("ERR SCRIPT FLUSH only support SYNC|ASYNC option")
		return
	}
	c.srv.flushScripts()
	c.WriteOK()
}

// cmdScriptDebug is SCRIPT DEBUG YES|SYNC|NO. There is no debugger.
func cmdScriptDebug(c *Client, argv [][]byte) {
	switch mode := argv[2]; {
	case equalFold(mode, "no"):
		c.WriteOK()
	case equalFold(mode, "yes"), equalFold(mode, "sync"):
		c.WriteError("ERR The script debugger is not supported by this server")
	default:
		c.WriteError("ERR Use SCRIPT DEBUG YES/SYNC/NO")
	}
}
