package server

import "berth/internal/store"

// trimArgs are the options of XADD and XTRIM.
type trimArgs struct {
	trim     store.Trim
	by       byte // 'l' for MAXLEN, 'i' for MINID, 0 for neither
	noCreate bool
	// at is which argument the threshold is.
	at int
	// For XADD: the ID, whether one is given, and whether its number is to be
	// chosen.
	id    store.StreamID
	given bool
	auto  bool
}

// parse reads the options and, for XADD, the ID, whose place it returns. ok is
// false when an error was replied.
func (a *trimArgs) parse(c *Client, argv [][]byte, xadd bool) (at int, ok bool) {
	limited := false
	i := 2
options:
	for ; i < len(argv); i++ {
		word, more := argv[i], len(argv)-1-i
		switch {
		case xadd && string(word) == "*":
			break options
		case more > 0 && (equalFold(word, "maxlen") || equalFold(word, "minid")):
			n, ok := a.threshold(c, argv[i:])
			if !ok {
				return 0, false
			}
			i += n
			a.at = i
		case more > 0 && equalFold(word, "limit"):
			n, ok := ParseInt(argv[i+1])
			switch {
			case !ok:
				c.WriteError(ErrTextNotInteger)
				return 0, false
			case n < 0:
				c.WriteError("ERR The LIMIT argument must be >= 0.")
				return 0, false
			}
			a.trim.Limit, limited = n, true
			i++
		case xadd && equalFold(word, "nomkstream"):
			a.noCreate = true
		case xadd:
			if a.id, a.auto, ok = ParseStreamID(word, 0, idAuto); !ok {
				c.WriteError(errTextStreamID)
				return 0, false
			}
			a.given = true
			break options
		default:
			c.WriteError(ErrTextSyntax)
			return 0, false
		}
	}
	return i, a.check(c, xadd, limited)
}

// threshold reads MAXLEN or MINID with what belongs to it, and returns how many
// arguments follow the word.
func (a *trimArgs) threshold(c *Client, args [][]byte) (n int, ok bool) {
	if a.by != 0 {
		c.WriteError("ERR syntax error, MAXLEN and MINID options at the same time are not compatible")
		return 0, false
	}
	n = 1
	if len(args) > 2 && (string(args[1]) == "~" || string(args[1]) == "=") {
		a.trim.Approx = args[1][0] == '~'
		n = 2
	}
	if equalFold(args[0], "minid") {
		a.by, a.trim.ByID = 'i', true
		a.trim.MinID, ok = c.streamID(args[n])
		return n, ok
	}
	a.by = 'l'
	if a.trim.MaxLen, ok = ParseInt(args[n]); !ok {
		c.WriteError(ErrTextNotInteger)
		return 0, false
	}
	if a.trim.MaxLen < 0 {
		c.WriteError("ERR The MAXLEN argument must be >= 0.")
		return 0, false
	}
	return n, true
}

// maxTrim is how many entries are trimmed at most if that is not said.
const maxTrim = 1_000_000

func (a *trimArgs) check(c *Client, xadd, limited bool) bool {
	switch {
	case a.trim.Limit != 0 && a.by == 0:
		c.WriteError("ERR syntax error, LIMIT cannot be used without specifying a trimming strategy")
		return false
	case !xadd && a.by == 0:
		c.WriteError("ERR syntax error, XTRIM must be called with a trimming strategy")
		return false
	case c.mustObey():
		// The threshold was chosen so that what comes out is the same.
		a.trim.Limit = 0
	case limited && !a.trim.Approx:
		c.WriteError("ERR syntax error, LIMIT cannot be used without the special ~ option")
		return false
	case !limited && a.trim.Approx:
		// A hundred nodes.
		n := int64(c.srv.keyspace.settings.StreamNodeMaxEntries) * 100
		if n <= 0 {
			n = 10_000
		}
		a.trim.Limit = min(n, maxTrim)
	}
	return true
}

// cmdXtrim is XTRIM key MAXLEN|MINID [=|~] threshold [LIMIT count].
func cmdXtrim(c *Client, argv [][]byte) {
	var a trimArgs
	if _, ok := a.parse(c, argv, false); !ok {
		return
	}
	e, ok := c.writeTyped(argv[1], store.Stream)
	if !ok {
		return
	}
	n := int64(0)
	if e != nil {
		n = c.streamOf(e).Trim(a.trim)
	}
	if n > 0 {
		if a.trim.Approx {
			a.instead(c, argv, c.streamOf(e), 0, store.StreamID{})
		}
		c.srv.changed(NotifyStream, "xtrim", argv[1], c.DB)
		c.srv.Dirty += n - 1
	}
	c.WriteInt(n)
}

// instead has the running command propagated with what came out in place of what
// was left to the server: how much was trimmed, and the ID of a new entry, which
// is argument idAt if that is not 0.
func (a *trimArgs) instead(c *Client, argv [][]byte, v store.StreamValue, idAt int, id store.StreamID) {
	w := c.insteadOf(len(argv))
	if w == nil {
		return
	}
	var tmp [44]byte
	for i, arg := range argv {
		switch {
		case i == idAt && idAt != 0:
			w.Arg(AppendStreamID(tmp[:0], id))
		case !a.trim.Approx || i < a.at-1 || i > a.at:
			w.Arg(arg)
		case i == a.at-1:
			w.Word("=")
		case a.trim.ByID:
			first, ok := v.Edge(true)
			if !ok {
				first = store.MaxStreamID
			}
			w.Arg(AppendStreamID(tmp[:0], first))
		default:
			w.Int(int64(v.Len()))
		}
	}
}
