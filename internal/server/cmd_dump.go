package server

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"berth/internal/persist/rdb"
	"berth/internal/persist/snapshot"
	"berth/internal/store"
)

func init() {
	handle(map[string]Handler{
		"dump":           cmdDump,
		"restore":        cmdRestore,
		"restore-asking": cmdRestore,
	})
}

// The bytes behind a dumped value: the version of the format and a checksum.
const (
	dumpVersion = 2
	dumpFooter  = dumpVersion + 8
)

// newWriter is a writer as the configuration has it.
func (s *Server) newWriter() *snapshot.Writer {
	return &snapshot.Writer{Version: int(s.Config.Int("rdb-version")), Compress: s.Config.Bool("rdbcompression")}
}

// dumpValue appends a value as DUMP has it.
func (s *Server) dumpValue(b []byte, e *store.Entry, db int) ([]byte, error) {
	w := s.newWriter()
	w.Reset(b)
	var x snapshot.Encoder
	if err := x.BeginValue(w, s.DBAt(db), e, db); err != nil {
		return nil, err
	}
	x.All(w)
	return snapshot.Footer(w.B, w.Version), nil
}

// cmdDump is DUMP key.
func cmdDump(c *Client, argv [][]byte) {
	e := c.LookupRead(argv[1])
	if e == nil {
		c.WriteNull()
		return
	}
	b, err := c.srv.dumpValue(nil, e, c.DB)
	if err != nil {
		c.WriteErrorf("ERR the value cannot be saved: %v", err)
		return
	}
	c.WriteBulk(b)
}

// errFooter is why a dumped value is not even looked at.
var errFooter = errors.New("server: a dumped value's version or checksum is wrong")

// checkDump checks what stands behind a dumped value and returns what stands
// before.
func checkDump(b []byte) ([]byte, error) {
	if len(b) < dumpFooter {
		return nil, errFooter
	}
	value, sum := b[:len(b)-dumpFooter], binary.LittleEndian.Uint64(b[len(b)-8:])
	if binary.LittleEndian.Uint16(b[len(value):]) > rdb.Version || rdb.Checksum(0, b[:len(b)-8]) != sum {
		return nil, errFooter
	}
	return value, nil
}

// decoder is a decoder for values that come from a client.
func (s *Server) decoder(db int) *snapshot.Decoder {
	deep := s.Config.String("sanitize-dump-payload") != "no"
	if deep {
		s.Stats.DumpSanitizations++
	}
	return &snapshot.Decoder{DB: s.DBAt(db), Number: db, Deep: deep, Module: s.loadModuleValue}
}

// restoreValue makes a loose entry of a dumped value.
func (s *Server) restoreValue(db int, key, value []byte) (*store.Entry, error) {
	r := rdb.NewReader(value)
	o, err := r.Byte()
	var e *store.Entry
	if err == nil {
		e, err = s.decoder(db).Value(r, rdb.Object(o), key)
	}
	if err != nil {
		return nil, fmt.Errorf("server: restoring: at offset %d: %w", r.Pos(), err)
	}
	return e, nil
}

// restoreOptions are the options of RESTORE.
type restoreOptions struct {
	replace, absolute bool
	idle, freq        int64 // below zero if not given
}

// parseRestore reads the options of RESTORE, replying an error itself.
func (c *Client) parseRestore(args [][]byte) (o restoreOptions, ok bool) {
	o.idle, o.freq = -1, -1
	for i := 0; i < len(args); i++ {
		more := i+1 < len(args)
		switch {
		case equalFold(args[i], "replace"):
			o.replace = true
		case equalFold(args[i], "absttl"):
			o.absolute = true
		case equalFold(args[i], "idletime") && more && o.freq == -1:
			i++
			if o.idle, ok = ParseInt(args[i]); !ok {
				c.WriteError(ErrTextNotInteger)
				return o, false
			}
			if o.idle < 0 {
				c.WriteError("ERR Invalid IDLETIME value, must be >= 0")
				return o, false
			}
		case equalFold(args[i], "freq") && more && o.idle == -1:
			i++
			if o.freq, ok = ParseInt(args[i]); !ok {
				c.WriteError(ErrTextNotInteger)
				return o, false
			}
			if o.freq < 0 || o.freq > 255 {
				c.WriteError("ERR Invalid FREQ value, must be >= 0 and <= 255")
				return o, false
			}
		default:
			c.WriteError(ErrTextSyntax)
			return o, false
		}
	}
	return o, true
}

// cmdRestore is RESTORE key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME
// seconds] [FREQ frequency].
func cmdRestore(c *Client, argv [][]byte) {
	s, key := c.srv, argv[1]
	o, ok := c.parseRestore(argv[4:])
	if !ok {
		return
	}
	if !o.replace && c.LookupWrite(key) != nil {
		c.WriteError("BUSYKEY Target key name already exists.")
		return
	}
	ttl, ok := ParseInt(argv[2])
	switch {
	case !ok:
		c.WriteError(ErrTextNotInteger)
		return
	case ttl < 0:
		c.WriteError("ERR Invalid TTL value, must be >= 0")
		return
	}
	value, err := checkDump(argv[3])
	if err != nil {
		c.WriteError("ERR DUMP payload version or checksum are wrong")
		return
	}
	// A module that loads a value may do anything, even replace the arguments'
	// memory.
	loose, err := s.restoreValue(c.DB, bytes.Clone(key), value)
	if err != nil {
		s.Log(LogWarning, "RESTORE of %q: %v", cut(key, maxShown), err)
		c.WriteError("ERR Bad data format")
		return
	}
	db := c.DBStore()
	deleted := false
	if old := s.liveForWrite(c.DB, key); old != nil {
		deleted = s.remove(c.DB, key, old, s.lazy.serverDel, LeaveDeleted)
	}
	if ttl != 0 && !o.absolute {
		ttl += s.Mstime()
	}
	if ttl != 0 && s.isPast(ttl) {
		db.Discard(loose)
		if deleted {
			c.insteadDel(key, s.lazy.serverDel)
			s.changed(NotifyGeneric, "del", key, c.DB)
		}
		c.WriteOK()
		return
	}
	e := db.Place(loose)
	if ttl != 0 {
		e = db.SetExpire(e, ttl)
		if !o.absolute {
			c.insteadOf(len(argv) + 1).Args(argv[:2]).Int(ttl).Args(argv[3:]).Word("ABSTTL")
		}
	}
	s.placed(c.DB, e, key, true)
	s.setUse(e, o.idle, o.freq)
	s.changed(NotifyGeneric, "restore", key, c.DB)
	c.WriteOK()
}

// setUse sets when a new entry was used last, in seconds ago, or how often it is
// used, whichever counts and is not below zero.
func (s *Server) setUse(e *store.Entry, idle, freq int64) {
	const most = 1<<24 - 1 // seconds that an entry can keep
	switch {
	case s.CountsUses() && freq >= 0:
		e.SetFreq(s.Mstime(), int(freq))
	case !s.CountsUses() && idle >= 0:
		e.SetIdle(s.Mstime(), min(idle, most)*1000)
	}
}
