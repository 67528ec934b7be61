package server

import "time"

// tipsAllShards are the tips of commands that a client of a cluster sends to
// every shard.
func tipsAllShards(response string) []string {
	return []string{"request_policy:all_shards", "response_policy:" + response}
}

// with sets the tips of a command and its categories beyond those that its
// flags imply.
func (cmd *Command) with(acl Category, tips ...string) *Command {
	cmd.ACL |= acl
	cmd.Tips = tips
	return cmd
}

// The flags that administrative commands share.
const (
	adminFlags  = Admin | NoScript | Loading | Stale
	anytimeFlag = Loading | Stale
)

func init() {
	allNodes := []string{"request_policy:all_nodes", "response_policy:all_succeeded"}
	conf := func(name string, arity int, since, complexity, summary string, h Handler) *Command {
		return define("server", name, arity, adminFlags, 0, since, complexity, summary, h)
	}
	configSubs := []*Command{
		conf("get", -3, "2.0.0", "O(N) when N is the number of configuration parameters provided",
			"Replies the values of configuration parameters.", cmdConfigGet),
		conf("set", -4, "2.0.0", "O(N) when N is the number of configuration parameters provided",
			"Changes configuration parameters, all or none.", cmdConfigSet).with(0, allNodes...),
		conf("resetstat", 2, "2.0.0", "O(1)", "Sets the server's statistics to zero.", cmdConfigResetStat).with(0, allNodes...),
		conf("rewrite", 2, "2.8.0", "O(1)", "Writes the present configuration to its file.", cmdConfigRewrite).with(0, allNodes...),
		define("server", "help", 2, anytimeFlag, 0, "5.0.0", "O(1)", "Explains the subcommands.", helpHandler(configHelp)),
	}
	flush := func(name, summary string, h Handler) *Command {
		return define("server", name, -1, Write, CatKeyspace|CatDangerous, "1.0.0",
			"O(N) where N is the number of removed keys", summary, h).with(0, tipsAllShards("all_succeeded")...)
	}
	registerFamily([]*Command{
		define("server", "info", -1, anytimeFlag, CatDangerous, "1.0.0", "O(1)",
			"Tells the state of the server and its statistics.", cmdInfo),
		container("server", "config", "2.0.0", "Holds the commands for the server's configuration.", configSubs...),
		define("server", "time", 1, anytimeFlag|Fast, 0, "2.6.0", "O(1)",
			"Tells the server's time.", cmdTime),
		define("server", "dbsize", 1, ReadOnly|Fast, CatKeyspace, "1.0.0", "O(1)",
			"Tells how many keys the selected database has.", cmdDBSize).with(0, tipsAllShards("agg_sum")...),
		flush("flushdb", "Removes all keys of the selected database.", cmdFlushDB),
		flush("flushall", "Removes all keys of all databases.", cmdFlushAll),
		define("server", "lastsave", 1, anytimeFlag|Fast, CatAdmin|CatDangerous, "1.0.0", "O(1)",
			"Tells when the data were last saved.", cmdLastSave),
		define("server", "shutdown", -1, adminFlags|NoMulti|AllowBusy|Sentinel, 0, "1.0.0",
			"O(N) when saving, where N is the total number of keys in all databases when saving data, otherwise O(1)",
			"Saves the data if asked to and ends the server.", cmdShutdown),
		define("server", "debug", -2, adminFlags|ProtectedCmd, 0, "1.0.0", "Depends on subcommand.",
			"Holds commands for those who test the server.", cmdDebug),
		commandCommand(),
	})
}

// commandCommand is COMMAND with its subcommands.
func commandCommand() *Command {
	const complexityAll = "O(N) where N is the total number of commands"
	const complexityNamed = "O(N) where N is the number of commands to look up"
	const complexityKeys = "O(N) where N is the number of arguments to the command"
	sub := func(name string, arity int, since, complexity, summary string, h Handler, tips ...string) *Command {
		return define("server", name, arity, anytimeFlag|Sentinel, CatConnection, since, complexity, summary, h).with(0, tips...)
	}
	const order = "nondeterministic_output_order"
	cmd := container("server", "command", "2.8.13", "Describes all commands.",
		sub("count", 2, "2.8.13", "O(1)", "Tells how many commands there are.", cmdCommandCount),
		sub("docs", -2, "7.0.0", complexityNamed, "Replies the documentation of commands.", cmdCommandDocs, order),
		sub("getkeys", -3, "2.8.13", complexityKeys, "Tells which arguments of a command are keys.", cmdCommandGetKeys),
		sub("getkeysandflags", -3, "7.0.0", complexityKeys,
			"Tells which arguments of a command are keys and what it does to them.", cmdCommandGetKeysAndFlags),
		sub("help", 2, "5.0.0", "O(1)", "Explains the subcommands.", helpHandler(commandHelp)),
		sub("info", -2, "2.8.13", complexityNamed, "Describes commands.", cmdCommandInfo, order),
		sub("list", -2, "7.0.0", complexityAll, "Lists the names of commands.", cmdCommandList, order),
	)
	cmd.Arity = -1
	cmd.Flags = anytimeFlag | Sentinel
	cmd.Complexity = complexityAll
	cmd.Handler = cmdCommand
	return cmd.with(CatConnection, order)
}

// cmdTime is TIME.
func cmdTime(c *Client, _ [][]byte) {
	const million = int64(time.Second / time.Microsecond)
	now := c.srv.Ustime()
	c.WriteArray(2)
	c.WriteBulkInt(now / million)
	c.WriteBulkInt(now % million)
}

// cmdDBSize is DBSIZE.
func cmdDBSize(c *Client, _ [][]byte) { c.WriteInt(int64(c.DBStore().Len())) }

// cmdLastSave is LASTSAVE.
func cmdLastSave(c *Client, _ [][]byte) { c.WriteInt(c.srv.info.lastSave) }

// cmdFlushDB is FLUSHDB [ASYNC|SYNC].
func cmdFlushDB(c *Client, argv [][]byte) { c.flushKeys(argv, c.DB) }

// cmdFlushAll is FLUSHALL [ASYNC|SYNC].
func cmdFlushAll(c *Client, argv [][]byte) { c.flushKeys(argv, -1) }

// flushKeys empties one database, or all when db is below zero. A database is
// dropped at once, keys and values together; with ASYNC its memory is given back
// off the loop.
func (c *Client) flushKeys(argv [][]byte, db int) {
	if len(argv) > 2 || len(argv) == 2 && !equalFold(argv[1], "async") && !equalFold(argv[1], "sync") {
		c.WriteError(ErrTextSyntax)
		return
	}
	aside := c.srv.lazy.userFlush
	if len(argv) == 2 {
		aside = equalFold(argv[1], "async")
	}
	c.srv.Dirty += int64(c.srv.FlushDB(db, aside))
	c.WriteOK()
}
