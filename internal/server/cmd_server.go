package server

import "time"

func init() {
	handle(map[string]Handler{
		"command":                 cmdCommand,
		"command|count":           cmdCommandCount,
		"command|docs":            cmdCommandDocs,
		"command|getkeys":         cmdCommandGetKeys,
		"command|getkeysandflags": cmdCommandGetKeysAndFlags,
		"command|help":            helpHandler(commandHelp),
		"command|info":            cmdCommandInfo,
		"command|list":            cmdCommandList,
		"config|get":              cmdConfigGet,
		"config|help":             helpHandler(configHelp),
		"config|resetstat":        cmdConfigResetStat,
		"config|rewrite":          cmdConfigRewrite,
		"config|set":              cmdConfigSet,
		"dbsize":                  cmdDBSize,
		"debug":                   cmdDebug,
		"flushall":                cmdFlushAll,
		"flushdb":                 cmdFlushDB,
		"info":                    cmdInfo,
		"lastsave":                cmdLastSave,
		"shutdown":                cmdShutdown,
		"time":                    cmdTime,
	})
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
func cmdLastSave(c *Client, _ [][]byte) { c.WriteInt(c.srv.save.last) }

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
	s := c.srv
	s.Dirty += int64(s.FlushDB(db, aside))
	if db < 0 && s.life.save != nil {
		// What is on disk, or on its way there, must not come back.
		s.abandonSave()
		if len(s.Config.Values.SavePoints) > 0 {
			dirty := s.Dirty
			_ = s.SaveNow() // the reason is in the log
			s.Dirty = dirty
		}
	}
	c.forcePropagation(ToAll) // a module may have data that no key has
	c.WriteOK()
}
