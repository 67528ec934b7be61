package server

import (
	"bytes"
	"math"
	"strconv"

	"berth/internal/ds"
	"berth/internal/store"
)

func init() {
	handle(map[string]Handler{
		"xack":                  cmdXack,
		"xadd":                  cmdXadd,
		"xautoclaim":            cmdXautoclaim,
		"xclaim":                cmdXclaim,
		"xdel":                  cmdXdel,
		"xgroup|create":         cmdXgroupCreate,
		"xgroup|createconsumer": cmdXgroupCreateconsumer,
		"xgroup|delconsumer":    cmdXgroupDelconsumer,
		"xgroup|destroy":        cmdXgroupDestroy,
		"xgroup|help":           helpHandler(xgroupHelp),
		"xgroup|setid":          cmdXgroupSetid,
		"xinfo|consumers":       cmdXinfoConsumers,
		"xinfo|groups":          cmdXinfoGroups,
		"xinfo|help":            helpHandler(xinfoHelp),
		"xinfo|stream":          cmdXinfoStream,
		"xlen":                  cmdXlen,
		"xpending":              cmdXpending,
		"xrange":                cmdXrange,
		"xread":                 cmdXread,
		"xreadgroup":            cmdXread,
		"xrevrange":             cmdXrange,
		"xsetid":                cmdXsetid,
		"xtrim":                 cmdXtrim,
	})
}

// streamOf is the stream of an entry of the client's database.
func (c *Client) streamOf(e *store.Entry) store.StreamValue { return c.DBStore().Stream(e) }

// AddStream adds an empty stream under a key that is not there.
func (s *Server) AddStream(db int, key []byte) *store.Entry {
	e := s.DBAt(db).AddStream(key)
	s.placed(db, e, key, true)
	return e
}

// AppendStreamID appends an ID as it is written.
func AppendStreamID(b []byte, id store.StreamID) []byte {
	b = strconv.AppendUint(b, id.MS, 10)
	return strconv.AppendUint(append(b, '-'), id.Seq, 10)
}

// writeStreamID replies an ID.
func (c *Client) writeStreamID(id store.StreamID) {
	var tmp [44]byte
	c.WriteBulk(AppendStreamID(tmp[:0], id))
}

const errTextStreamID = "ERR Invalid stream ID specified as stream command argument"

// maxStreamID is the longest text that can be an ID, in bytes.
const maxStreamID = 127

// idForm says what forms of an ID are allowed.
type idForm uint8

const (
	idLoose idForm = iota // - and + are the first and the last ID
	idExact               // they are not
	idAuto                // the number may be *, and the answer says so
)

// ParseStreamID reads an ID; seq is the number that it has if none is given.
// auto says that the number was *.
func ParseStreamID(b []byte, seq uint64, form idForm) (id store.StreamID, auto, ok bool) {
	if len(b) > maxStreamID {
		return id, false, false
	}
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	if string(b) == "-" || string(b) == "+" {
		if b[0] == '+' {
			id = store.MaxStreamID
		}
		return id, false, form == idLoose
	}
	ms, num, given := bytes.Cut(b, []byte("-"))
	if id.MS, ok = parseUll(ms); !ok {
		return id, false, false
	}
	id.Seq = seq
	if given {
		if form == idAuto && string(num) == "*" {
			id.Seq = 0
			return id, true, true
		}
		id.Seq, ok = parseUll(num)
	}
	return id, false, ok
}

// ParseAnyStreamID reads an ID, or - and + for the ends, as XRANGE does. Without a
// sequence number it is the first of its time.
func ParseAnyStreamID(b []byte) (store.StreamID, bool) {
	id, _, ok := ParseStreamID(b, 0, idLoose)
	return id, ok
}

// parseUll reads a number as strtoull does, except that it is refused below zero
// in its usual spelling.
func parseUll(b []byte) (uint64, bool) {
	if n, ok := ds.ParseInt(b); ok {
		return uint64(n), n >= 0
	}
	b = bytes.TrimLeft(b, " \t\n\v\f\r")
	neg := len(b) > 0 && b[0] == '-'
	if len(b) > 0 && (neg || b[0] == '+') {
		b = b[1:]
	}
	for _, ch := range b {
		if ch < '0' || ch > '9' {
			return 0, false
		}
	}
	n, err := strconv.ParseUint(string(b), 10, 64)
	if neg {
		n = -n
	}
	return n, err == nil
}

// streamID is ParseStreamID for an exact ID, replying the error.
func (c *Client) streamID(arg []byte) (store.StreamID, bool) {
	id, _, ok := ParseStreamID(arg, 0, idExact)
	if !ok {
		c.WriteError(errTextStreamID)
	}
	return id, ok
}

// streamEnd reads an end of a range, which the character ( takes out of it,
// replying the error.
func (c *Client) streamEnd(arg []byte, last bool) (id store.StreamID, ok bool) {
	form, ex, seq := idLoose, false, uint64(0)
	if len(arg) > 1 && arg[0] == '(' {
		form, ex, arg = idExact, true, arg[1:]
	}
	if last {
		seq = math.MaxUint64
	}
	if id, _, ok = ParseStreamID(arg, seq, form); !ok {
		c.WriteError(errTextStreamID)
		return id, false
	}
	switch {
	case ex && last:
		if id, ok = id.Prev(); !ok {
			c.WriteError("ERR invalid end ID for the interval")
		}
	case ex:
		if id, ok = id.Next(); !ok {
			c.WriteError("ERR invalid start ID for the interval")
		}
	}
	return id, ok
}

// cmdXadd is XADD key [NOMKSTREAM] [MAXLEN|MINID [=|~] threshold [LIMIT count]]
// *|id field value [field value ...].
func cmdXadd(c *Client, argv [][]byte) {
	var a trimArgs
	at, ok := a.parse(c, argv, true)
	if !ok {
		return
	}
	items := argv[min(at+1, len(argv)):]
	if len(items) < 2 || len(items)%2 != 0 {
		c.WriteError(wrongArity(c.cmd))
		return
	}
	if a.given && !a.auto && a.id == (store.StreamID{}) {
		c.WriteError("ERR The ID specified in XADD must be greater than 0-0")
		return
	}
	e, ok := c.writeTyped(argv[1], store.Stream)
	if !ok {
		return
	}
	if e == nil {
		if a.noCreate {
			c.WriteNull()
			return
		}
		e = c.srv.AddStream(c.DB, argv[1])
	}
	v := c.streamOf(e)
	if v.Last() == store.MaxStreamID {
		c.WriteError("ERR The stream has exhausted the last possible ID, unable to add more items")
		return
	}
	id, ok := NextStreamID(v, a.id, a.given, a.auto, c.srv.Mstime())
	if !ok {
		c.WriteError("ERR The ID specified in XADD is equal or smaller than the target stream top item")
		return
	}
	if tooLarge(items) {
		c.WriteError("ERR Elements are too large to be stored")
		return
	}
	v.Append(id, items)
	c.writeStreamID(id)
	gone := int64(0)
	if a.by != 0 {
		gone = v.Trim(a.trim)
	}
	switch {
	case !a.given || a.auto:
		a.instead(c, argv, v, at, id)
	case a.by != 0 && a.trim.Approx:
		a.instead(c, argv, v, 0, id)
	}
	c.srv.changed(NotifyStream, "xadd", argv[1], c.DB)
	if gone > 0 {
		c.srv.Notify(NotifyStream, "xtrim", argv[1], c.DB)
	}
	c.srv.SignalKey(c.DB, argv[1], true)
}

func tooLarge(items [][]byte) bool {
	size := 0
	for _, item := range items {
		size += len(item)
	}
	return size > store.MaxStreamItem
}

// NextStreamID is the ID for a new entry: the given one, whose number is chosen if
// auto is set, or one made of the time in milliseconds. ok is false if it would
// not be above the last one.
func NextStreamID(v store.StreamValue, id store.StreamID, given, auto bool, now int64) (store.StreamID, bool) {
	last := v.Last()
	switch {
	case !given && uint64(now) > last.MS:
		id = store.StreamID{MS: uint64(now)}
	case !given:
		return last.Next()
	case auto && id.MS == last.MS:
		if last.Seq == math.MaxUint64 {
			return id, false
		}
		id.Seq = last.Seq + 1
	}
	return id, id.Compare(last) > 0
}

// cmdXlen is XLEN key.
func cmdXlen(c *Client, argv [][]byte) {
	e, ok := c.readTyped(argv[1], store.Stream)
	switch {
	case !ok:
	case e == nil:
		c.WriteInt(0)
	default:
		c.WriteInt(int64(c.streamOf(e).Len()))
	}
}

// cmdXrange is XRANGE key start end [COUNT count] and XREVRANGE key end start
// [COUNT count].
func cmdXrange(c *Client, argv [][]byte) {
	rev := c.cmd.Name == "xrevrange"
	low, high := argv[2], argv[3]
	if rev {
		low, high = high, low
	}
	start, ok := c.streamEnd(low, false)
	if !ok {
		return
	}
	end, ok := c.streamEnd(high, true)
	if !ok {
		return
	}
	count := int64(-1)
	for i := 4; i < len(argv); i += 2 {
		if !equalFold(argv[i], "count") || i+1 == len(argv) {
			c.WriteError(ErrTextSyntax)
			return
		}
		if count, ok = ParseInt(argv[i+1]); !ok {
			c.WriteError(ErrTextNotInteger)
			return
		}
		count = max(count, 0)
	}
	e, ok := c.readTyped(argv[1], store.Stream)
	switch {
	case !ok:
	case e == nil:
		c.WriteArray(0)
	case count == 0:
		c.WriteNullArray()
	default:
		c.writeEntries(c.streamOf(e), start, end, max(count, 0), rev)
	}
}

// writeEntries replies the entries from start to end, count of them at most, all
// if that is 0.
func (c *Client) writeEntries(v store.StreamValue, start, end store.StreamID, count int64, rev bool) {
	d, n := c.Defer(), int64(0)
	it := v.Iter(start, end, rev)
	for it.Next() {
		c.writeEntry(&it)
		if n++; n == count {
			break
		}
	}
	c.SetArray(d, int(n))
}

// writeEntry replies the entry that an iterator is at.
func (c *Client) writeEntry(it *store.StreamIter) {
	c.WriteArray(2)
	c.writeStreamID(it.ID)
	c.WriteArray(2 * it.Fields)
	for field, val, ok := it.Field(); ok; field, val, ok = it.Field() {
		c.writeElem(field)
		c.writeElem(val)
	}
}

// writeOne replies one entry and reports whether it is there; if not nothing is
// replied.
func (c *Client) writeOne(v store.StreamValue, id store.StreamID) bool {
	it := v.Iter(id, id, false)
	if !it.Next() {
		return false
	}
	c.writeEntry(&it)
	return true
}

// streamIDs reads exact IDs, replying the error.
func (c *Client) streamIDs(args [][]byte) ([]store.StreamID, bool) {
	var few [8]store.StreamID
	ids := few[:0]
	for _, arg := range args {
		id, ok := c.streamID(arg)
		if !ok {
			return nil, false
		}
		ids = append(ids, id)
	}
	return ids, true
}

// cmdXdel is XDEL key id [id ...].
func cmdXdel(c *Client, argv [][]byte) {
	e, ok := c.writeTyped(argv[1], store.Stream)
	if !ok {
		return
	}
	if e == nil {
		c.WriteInt(0)
		return
	}
	ids, ok := c.streamIDs(argv[2:])
	if !ok {
		return
	}
	v, n := c.streamOf(e), 0
	for _, id := range ids {
		if v.Delete(id) {
			n++
		}
	}
	if n > 0 {
		c.srv.changed(NotifyStream, "xdel", argv[1], c.DB)
		c.srv.Dirty += int64(n - 1)
	}
	c.WriteInt(int64(n))
}

// cmdXsetid is XSETID key last-id [ENTRIESADDED n] [MAXDELETEDID id].
func cmdXsetid(c *Client, argv [][]byte) {
	id, ok := c.streamID(argv[2])
	if !ok {
		return
	}
	added, deleted := int64(-1), store.StreamID{}
	for i := 3; i < len(argv); i += 2 {
		switch {
		case equalFold(argv[i], "entriesadded") && i+1 < len(argv):
			if added, ok = ParseInt(argv[i+1]); !ok {
				c.WriteError(ErrTextNotInteger)
				return
			}
			if added < 0 {
				c.WriteError("ERR entries_added must be positive")
				return
			}
		case equalFold(argv[i], "maxdeletedid") && i+1 < len(argv):
			if deleted, ok = c.streamID(argv[i+1]); !ok {
				return
			}
			if id.Compare(deleted) < 0 {
				c.WriteError("ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id")
				return
			}
		default:
			c.WriteError(ErrTextSyntax)
			return
		}
	}
	e := c.LookupWrite(argv[1])
	if e == nil {
		c.WriteError(ErrTextNoKey)
		return
	}
	if e.Type() != store.Stream {
		c.WrongType()
		return
	}
	v := c.streamOf(e)
	if id.Compare(v.MaxDeleted()) < 0 {
		c.WriteError("ERR The ID specified in XSETID is smaller than current max_deleted_entry_id")
		return
	}
	if top, ok := v.Edge(false); ok {
		if id.Compare(top) < 0 {
			c.WriteError("ERR The ID specified in XSETID is smaller than the target stream top item")
			return
		}
		if added != -1 && int64(v.Len()) > added {
			c.WriteError("ERR The entries_added specified in XSETID is smaller than the target stream length")
			return
		}
	}
	v.SetLast(id)
	if added != -1 {
		v.SetAdded(added)
	}
	if deleted != (store.StreamID{}) {
		v.SetMaxDeleted(deleted)
	}
	c.WriteOK()
	c.srv.changed(NotifyStream, "xsetid", argv[1], c.DB)
}
