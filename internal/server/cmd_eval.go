package server

import (
	"berth/internal/script"
)

func init() {
	handle(map[string]Handler{
		"eval":       func(c *Client, argv [][]byte) { c.eval(argv, false) },
		"eval_ro":    func(c *Client, argv [][]byte) { c.eval(argv, true) },
		"evalsha":    func(c *Client, argv [][]byte) { c.evalSHA(argv, false) },
		"evalsha_ro": func(c *Client, argv [][]byte) { c.evalSHA(argv, true) },
		"fcall":      func(c *Client, argv [][]byte) { c.callFunction(argv, false) },
		"fcall_ro":   func(c *Client, argv [][]byte) { c.callFunction(argv, true) },
	})
}

// errTextNoScript is the reply for a script that is not in the cache.
const errTextNoScript = "NOSCRIPT No matching script. Please use EVAL."

// showScript shows a call of a script to monitors, ahead of what the script calls.
func (c *Client) showScript(argv [][]byte) {
	if len(c.srv.monitors) != 0 {
		c.srv.feedMonitors(c, argv)
	}
}

// keyCount checks how many of the arguments of a script are keys, and replies what is
// wrong with that.
func (c *Client) keyCount(argv [][]byte, malformed string) (n int, ok bool) {
	count, ok := ParseInt(argv[2])
	switch {
	case !ok:
		c.WriteError(malformed)
	case count > int64(len(argv)-3):
		c.WriteError("ERR Number of keys can't be greater than number of args")
	case count < 0:
		c.WriteError("ERR Number of keys can't be negative")
	default:
		return int(count), true
	}
	return 0, false
}

// eval is EVAL script numkeys [key ...] [arg ...], and EVAL_RO.
func (c *Client) eval(argv [][]byte, ro bool) {
	c.showScript(argv)
	n, ok := c.keyCount(argv, ErrTextNotInteger)
	if !ok {
		return
	}
	sc, err := c.srv.compile(argv[1])
	if err != nil {
		c.WriteError(err.Error())
		return
	}
	c.runScript(sc, argv, n, ro)
}

// evalSHA is EVALSHA sha1 numkeys [key ...] [arg ...], and EVALSHA_RO.
func (c *Client) evalSHA(argv [][]byte, ro bool) {
	c.showScript(argv)
	name, ok := readName(argv[1])
	if !ok {
		c.WriteError(errTextNoScript)
		return
	}
	n, ok := c.keyCount(argv, ErrTextNotInteger)
	if !ok {
		return
	}
	sc := c.srv.scripts.cache[string(name[:])]
	if sc == nil {
		c.WriteError(errTextNoScript)
		return
	}
	c.runScript(sc, argv, n, ro)
}

// scriptReply is a client to whom a script replies.
type scriptReply struct{ *Client }

// RESP implements script.Reply.
func (r scriptReply) RESP() int { return r.Client.RESP }

// runScript runs a script with the first n of the arguments behind the third as keys.
func (c *Client) runScript(sc *script.Script, argv [][]byte, n int, ro bool) {
	s := c.srv
	if s.beginScript(c, sc.SHA, sc.Flags, sc.Compat, ro) {
		s.scripts.run.eval = true
		s.scripts.host.lua.Run(sc, argv[3:3+n], argv[3+n:], scriptReply{c})
		s.endScript()
	}
}

// callFunction is FCALL function numkeys [key ...] [arg ...], and FCALL_RO.
func (c *Client) callFunction(argv [][]byte, ro bool) {
	c.showScript(argv)
	fn := c.srv.scripts.libraries.function(argv[1])
	if fn == nil {
		c.WriteError("ERR Function not found")
		return
	}
	n, ok := c.keyCount(argv, "ERR Bad number of keys provided")
	if !ok {
		return
	}
	s := c.srv
	if s.beginScript(c, fn.Name, fn.Flags, false, ro) {
		s.scripts.host.lua.RunFunction(fn, argv[3:3+n], argv[3+n:], scriptReply{c})
		s.endScript()
	}
}
