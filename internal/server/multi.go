package server

// multiState is a transaction that is being queued.
type multiState struct {
	queue []queuedCommand
	// flags and missing gather the flags that any, or not all, queued
	// commands have.
	flags, missing Flag
	// bytes is what the queued arguments take.
	bytes int
}

// queuedCommand is one command of a transaction with its own copy of the
// arguments.
type queuedCommand struct {
	cmd  *Command
	argv [][]byte
}

// watchedKey is one key that a client watches.
type watchedKey struct {
	db  int
	key string
	// expired is set when the key was over its time already when the watch
	// began: its removal is then no change.
	expired bool
}

// dbKey names a key in a database.
type dbKey struct {
	db  int
	key string
}

// watchState says who watches which key.
type watchState struct {
	keys map[dbKey][]*Client
}

// copyArgs copies arguments out of the read buffer into one allocation.
func copyArgs(argv [][]byte) [][]byte {
	total := 0
	for _, a := range argv {
		total += len(a)
	}
	data := make([]byte, 0, total)
	out := make([][]byte, len(argv))
	for i, a := range argv {
		at := len(data)
		data = append(data, a...)
		out[i] = data[at:len(data):len(data)]
	}
	return out
}

// queueCommand adds a command to the transaction. Once it is known to fail
// there is no point in keeping more.
func (c *Client) queueCommand(cmd *Command, argv [][]byte) {
	if c.Flags&(FlagDirtyCAS|FlagDirtyExec) != 0 {
		return
	}
	m := c.multi
	m.queue = append(m.queue, queuedCommand{cmd, copyArgs(argv)})
	flags := c.srv.flagsOf(cmd, argv)
	m.flags |= flags
	m.missing |= ^flags
	for _, a := range argv {
		m.bytes += len(a)
	}
	if m.bytes > c.counted {
		c.countMemory()
	}
}

// runsInMulti reports whether the command is executed at once, not queued,
// inside a transaction.
func (cmd *Command) runsInMulti() bool {
	switch cmd.Name {
	case "exec", "discard", "multi", "watch", "quit", "reset":
		return true
	}
	return false
}

// MultiCount is how many commands the client has queued, -1 outside a
// transaction.
func (c *Client) MultiCount() int {
	if c.multi == nil {
		return -1
	}
	return len(c.multi.queue)
}

// discard ends the transaction without running it.
func (c *Client) discard() {
	c.multi = nil
	if c.counted > countAgain {
		c.countMemory()
	}
	c.Flags &^= FlagMulti | FlagDirtyCAS | FlagDirtyExec
	c.unwatchAll()
}

// abortExec is the reply to an EXEC that was refused before it ran; reason is
// an error text with its code.
func (c *Client) abortExec(reason string) {
	c.discard()
	if len(c.srv.monitors) != 0 { // they saw MULTI and none of the rest
		c.srv.feedMonitors(c, c.argv)
	}
	c.WriteError("EXECABORT Transaction discarded because of: " + stripCode(reason))
}

// stripCode takes the ERR off an error text; other codes stay.
func stripCode(text string) string {
	const code = "ERR "
	if len(text) > len(code) && text[:len(code)] == code {
		return text[len(code):]
	}
	return text
}

// cmdMulti is MULTI.
func cmdMulti(c *Client, _ [][]byte) {
	if c.Flags&FlagMulti != 0 {
		c.WriteError("ERR MULTI calls can not be nested")
		return
	}
	c.Flags |= FlagMulti
	c.multi = &multiState{}
	c.WriteOK()
}

// cmdDiscard is DISCARD.
func cmdDiscard(c *Client, _ [][]byte) {
	if c.Flags&FlagMulti == 0 {
		c.WriteError("ERR DISCARD without MULTI")
		return
	}
	c.discard()
	c.WriteOK()
}

// cmdExec is EXEC.
func cmdExec(c *Client, _ [][]byte) {
	if c.Flags&FlagMulti == 0 {
		c.WriteError("ERR EXEC without MULTI")
		return
	}
	if c.watchedExpired() {
		c.Flags |= FlagDirtyCAS
	}
	if c.Flags&FlagDirtyExec != 0 {
		c.discard()
		c.WriteError(ErrTextExecAbort)
		return
	}
	if c.Flags&FlagDirtyCAS != 0 {
		c.discard()
		c.WriteNullArray()
		return
	}
	c.runQueue()
}

// runQueue runs the queued commands; nothing else can run in between.
func (c *Client) runQueue() {
	s := c.srv
	m := c.multi
	deny := c.Flags & FlagDenyBlocking
	c.unwatchAll()
	s.exec.inExec = true
	cmd, argv := c.cmd, c.argv
	c.Flags |= FlagDenyBlocking
	c.WriteArray(len(m.queue))
	for _, q := range m.queue {
		c.cmd, c.argv = q.cmd, q.argv
		s.call(c, q.cmd, q.argv)
		if c.Flags&flagRedacted != 0 {
			c.forgetRedacted()
		}
	}
	c.cmd, c.argv = cmd, argv
	if deny == 0 {
		c.Flags &^= FlagDenyBlocking
	}
	c.discard()
	s.exec.inExec = false
}

// cmdWatch is WATCH key [key ...].
func cmdWatch(c *Client, argv [][]byte) {
	if c.Flags&FlagMulti != 0 {
		c.WriteError("ERR WATCH inside MULTI is not allowed")
		return
	}
	if c.Flags&FlagDirtyCAS == 0 { // else EXEC will fail anyway
		for _, key := range argv[1:] {
			c.watchKey(key)
		}
	}
	c.WriteOK()
}

// cmdUnwatch is UNWATCH.
func cmdUnwatch(c *Client, _ [][]byte) {
	c.unwatchAll()
	c.Flags &^= FlagDirtyCAS
	c.WriteOK()
}

// watchKey adds one key to those the client watches.
func (c *Client) watchKey(key []byte) {
	for i := range c.watched {
		if c.watched[i].db == c.DB && c.watched[i].key == string(key) {
			return
		}
	}
	s := c.srv
	name := string(key)
	c.watched = append(c.watched, watchedKey{c.DB, name, s.keyExpired(c.DB, key)})
	if s.watch.keys == nil {
		s.watch.keys = make(map[dbKey][]*Client)
	}
	at := dbKey{c.DB, name}
	s.watch.keys[at] = append(s.watch.keys[at], c)
}

// unwatchAll forgets all keys that the client watches.
func (c *Client) unwatchAll() {
	for _, w := range c.watched {
		c.srv.watch.remove(dbKey{w.db, w.key}, c)
	}
	c.watched = nil
}

// remove takes one client off one key.
func (w *watchState) remove(at dbKey, c *Client) {
	list := w.keys[at]
	for i, have := range list {
		if have == c {
			list[i] = list[len(list)-1]
			list = list[:len(list)-1]
			break
		}
	}
	if len(list) == 0 {
		delete(w.keys, at)
	} else {
		w.keys[at] = list
	}
}

// watchedExpired reports whether a watched key that lived when the watch began
// is over its time, though nothing removed it yet.
func (c *Client) watchedExpired() bool {
	for i := range c.watched {
		w := &c.watched[i]
		if !w.expired && c.srv.keyExpired(w.db, []byte(w.key)) {
			return true
		}
	}
	return false
}

// Touch tells those who watch or track the key that it changed. Every command that
// changes a key calls it.
func (s *Server) Touch(db int, key []byte) {
	if len(s.watch.keys) != 0 {
		s.touchWatched(db, key)
	}
	if len(s.tracking.keys)|len(s.tracking.prefixes) != 0 {
		s.touchTracked(key, s.exec.client)
	}
}

// Unobserved tells that Touch and TellWaiting have nobody to tell of anything.
func (s *Server) Unobserved() bool {
	return len(s.watch.keys)|len(s.tracking.keys)|len(s.tracking.prefixes)|len(s.notify.waiting) == 0
}

// touchBySelf is Touch for a change that no client asked for.
func (s *Server) touchBySelf(db int, key []byte) {
	client := s.exec.client
	s.exec.client = nil
	s.Touch(db, key)
	s.exec.client = client
}

// touchWatched spoils the transactions of all who watch the key.
func (s *Server) touchWatched(db int, key []byte) {
	list := s.watch.keys[dbKey{db, string(key)}]
	for i := len(list) - 1; i >= 0; i-- {
		c := list[i]
		if w := c.findWatched(db, key); w != nil && w.expired {
			if !s.keyExists(db, key) {
				// An expired key goes: as it was gone when the watch
				// began, nothing changed. From here on it counts.
				w.expired = false
				continue
			}
		}
		c.Flags |= FlagDirtyCAS
		c.unwatchAll()
	}
}

// findWatched finds the client's record of a watched key.
func (c *Client) findWatched(db int, key []byte) *watchedKey {
	for i := range c.watched {
		if c.watched[i].db == db && c.watched[i].key == string(key) {
			return &c.watched[i]
		}
	}
	return nil
}

// TouchFlushed tells those who watch keys of the database, or of all when db is
// below zero, that it is about to be emptied.
func (s *Server) TouchFlushed(db int) {
	s.flushTracked()
	s.touchAll(func(at dbKey) bool { return db < 0 || at.db == db }, func(dbKey) int { return -1 })
}

// TouchSwapped tells those who watch keys of two databases that these are about
// to be swapped.
func (s *Server) TouchSwapped(a, b int) {
	s.touchAll(func(at dbKey) bool { return at.db == a || at.db == b },
		func(at dbKey) int { return a + b - at.db })
}

// touchAll spoils the transactions that watch a key which in picks and which
// changes when its database is emptied, or replaced by the database that other
// gives.
func (s *Server) touchAll(in func(dbKey) bool, other func(dbKey) int) {
	if len(s.watch.keys) == 0 {
		return
	}
	var hit []*Client
	for at, list := range s.watch.keys {
		if !in(at) {
			continue
		}
		key := []byte(at.key)
		heir := other(at)
		here, there := s.keyExists(at.db, key), heir >= 0 && s.keyExists(heir, key)
		if !here && !there {
			continue
		}
		stale := there && s.keyExpired(heir, key)
		for _, c := range list {
			w := c.findWatched(at.db, key)
			switch {
			case w.expired && !there:
				w.expired = false // it was gone already, and goes
			case w.expired && stale:
				// Gone before and after.
			case !w.expired && !here && stale:
				w.expired = true // nothing before, nothing to see after
			default:
				hit = append(hit, c)
			}
		}
	}
	for _, c := range hit {
		c.Flags |= FlagDirtyCAS
		c.unwatchAll()
	}
}
