package store

import (
	"strconv"
	"unsafe"

	"berth/internal/ds"
	"berth/internal/mem"
)

// embstrMax is the longest string whose encoding is called embstr when it is
// set, in bytes.
const embstrMax = 44

// SetString stores a copy of val under key, whatever was there, and returns the
// entry. A number is kept as one. The time of expiry stays if keep is set,
// otherwise it goes. val must not alias the database; that goes for all bytes
// that this package is given to store.
func (db *DB) SetString(key, val []byte, keep bool) *Entry {
	return db.PutString(db.Find(key), key, val, keep)
}

// PutString is SetString for a caller that knows e, the entry of key or nil.
func (db *DB) PutString(e *Entry, key, val []byte, keep bool) *Entry {
	if n, ok := ds.ParseInt(val); ok {
		return db.PutInt(e, key, n, keep)
	}
	return db.PutPlain(e, key, val, keep)
}

// PutPlain is PutString without looking for a number, as INCRBYFLOAT stores its
// result.
func (db *DB) PutPlain(e *Entry, key, val []byte, keep bool) *Entry {
	enc := Raw
	if len(val) <= embstrMax {
		enc = EmbStr
	}
	if len(val) <= maxEmbed {
		e = db.prepare(e, key, 0, len(val), keep)
		copy(e.embedded(), val)
	} else {
		e = db.prepare(e, key, ds.FlagWord, 0, keep)
		b := newBlock(db.heap, len(val), 0)
		copy(b.data(), val)
		e.setAddr(b.addr)
	}
	e.setType(String, enc)
	return e
}

// SetInt stores a number under key; see SetString.
func (db *DB) SetInt(key []byte, n int64, keep bool) *Entry {
	return db.PutInt(db.Find(key), key, n, keep)
}

// PutInt is SetInt for a caller that knows e, the entry of key or nil.
func (db *DB) PutInt(e *Entry, key []byte, n int64, keep bool) *Entry {
	e = db.prepare(e, key, ds.FlagWord, 0, keep)
	*e.word() = uint64(n)
	e.setType(String, Int)
	return e
}

// prepare returns an entry for key with the words for flags and room for vlen
// embedded bytes: e without its former value, or a new one if e is nil. The value
// is undefined. The time of expiry stays if keep is set.
func (db *DB) prepare(e *Entry, key []byte, flags uint8, vlen int, keep bool) *Entry {
	if e != nil && e.Type() == Module {
		db.TakeModule(e).Free()
		e = db.Find(key) // the module's code may have done anything
	}
	if e == nil {
		e = db.alloc(key, flags, vlen)
		db.insert(e)
		return e
	}
	db.Keep(e)
	if e.Type() != String {
		db.moves++
	}
	if e.hasWord() {
		valueOf(e).free(db.heap)
	}
	if e.flags&ds.FlagExpire != 0 {
		if keep {
			flags |= ds.FlagExpire
		} else {
			db.Persist(e)
		}
	}
	if e.flags&^keptFlags == flags && int(e.vlen) == vlen {
		return e
	}
	return db.reshape(e, flags, vlen)
}

// StringLen is the length of a string, in bytes.
func (e *Entry) StringLen() int {
	switch {
	case !e.hasWord():
		return int(e.vlen)
	case e.Encoding() == Int:
		return ds.DigitsOf(int64(*e.word()))
	}
	return blockAt(e.addr()).len()
}

// StringInt is the number that a string is kept as. ok is false for strings that
// are not kept so, though they may spell a number.
func (e *Entry) StringInt() (n int64, ok bool) {
	if e.Encoding() != Int {
		return 0, false
	}
	return int64(*e.word()), true
}

// Bytes is a string's contents. It aliases the entry, or tmp, which should have
// a capacity of 20, for a number.
func (e *Entry) Bytes(tmp []byte) []byte {
	if n, ok := e.StringInt(); ok {
		return strconv.AppendInt(tmp[:0], n, 10)
	}
	return e.Stored()
}

// Stored is a string's contents where they lie, nil for a number.
func (e *Entry) Stored() []byte {
	switch {
	case !e.hasWord():
		return e.embedded()
	case e.Encoding() == Int:
		return nil
	}
	return blockAt(e.addr()).data()
}

// ResizeString makes a string n bytes long and gives it the raw encoding. New
// bytes are zero. It returns the entry, which may have moved, and its bytes,
// which may be written until the next change of the entry.
func (db *DB) ResizeString(e *Entry, n int) (*Entry, []byte) {
	return db.resizeString(e, n, true)
}

// MutableString is ResizeString to the length that the string has.
func (db *DB) MutableString(e *Entry) (*Entry, []byte) {
	return db.resizeString(e, e.StringLen(), false)
}

// AppendString appends data and returns the entry, which may have moved.
func (db *DB) AppendString(e *Entry, data []byte) *Entry {
	old := e.StringLen()
	e, b := db.resizeString(e, old+len(data), false)
	copy(b[old:], data)
	return e
}

// OverwriteString puts data at an offset, with zeros in a gap before it, and
// returns the entry, which may have moved.
func (db *DB) OverwriteString(e *Entry, off int, data []byte) *Entry {
	old := e.StringLen()
	e, b := db.resizeString(e, max(old, off+len(data)), off > old)
	copy(b[off:], data)
	return e
}

func (db *DB) resizeString(e *Entry, n int, zero bool) (*Entry, []byte) {
	db.Keep(e)
	if e.hasWord() && e.Encoding() == Raw {
		b := blockAt(e.addr()).resize(db.heap, n, zero)
		e.setAddr(b.addr)
		return e, b.data()
	}
	var tmp [20]byte
	keep := e.flags & ds.FlagExpire
	if e.hasWord() {
		text := e.Bytes(tmp[:])
		e = db.reshape(e, keep, len(text))
		copy(e.embedded(), text)
	}
	e.setType(String, Raw)
	old := int(e.vlen)
	if n <= maxEmbed {
		if n != old {
			e = db.reshape(e, keep, n)
		}
		b := e.embedded()
		if zero && n > old {
			clear(b[old:])
		}
		return e, b
	}
	room := n + min(n, pregrow)
	if old == 0 {
		room = n // as SETRANGE and SETBIT make one at once; it may never grow
	}
	b := newBlock(db.heap, n, room)
	data := b.data()
	copy(data, e.embedded())
	if zero && n > old && b.bytes() <= mem.MaxSmall {
		clear(data[old:])
	}
	e = db.reshape(e, keep|ds.FlagWord, 0)
	e.setAddr(b.addr)
	return e, data
}

// Rename gives the entry another key, which must not be there, and returns
// where it is then. The time of expiry stays.
func (db *DB) Rename(e *Entry, key []byte) *Entry {
	db.Keep(e)
	n := db.twin(e, db, key)
	if e.hasWord() {
		*n.word() = *e.word()
	}
	db.abandon(e)
	return n
}

// Move takes the entry to another database, which must not have its key, and
// returns where it is there. The time of expiry goes along.
func (db *DB) Move(e *Entry, to *DB) *Entry {
	db.Keep(e)
	if e.Type() == Module {
		n := db.twin(e, to, e.Key())
		*n.word() = newModuleBlock(to.heap, db.TakeModule(e))
		to.modules++
		db.abandon(e)
		return n
	}
	n := db.Copy(e, to, e.Key())
	if e.hasWord() {
		valueOf(e).free(db.heap)
	}
	db.abandon(e)
	return n
}

// Copy puts a copy of the entry's value and time of expiry under a key of a
// database, this one or another, which must not have the key. Of modules' values
// only their modules can make copies.
func (db *DB) Copy(e *Entry, to *DB, key []byte) *Entry {
	n := db.twin(e, to, key)
	if e.hasWord() {
		n.setValue(valueOf(e).clone(to.heap))
	}
	return n
}

// twin makes an entry in another database, or under another key, that has all
// of e but its value's word.
func (db *DB) twin(e *Entry, to *DB, key []byte) *Entry {
	n := to.alloc(key, e.flags&(ds.FlagWord|ds.FlagExpire), int(e.vlen))
	n.meta = e.meta
	copy(n.embedded(), e.embedded())
	to.insert(n)
	if n.flags&ds.FlagExpire != 0 {
		*n.expireWord() = 0
		if at := e.Expire(); at != 0 {
			n = to.SetExpire(n, at)
		}
	}
	return n
}

// abandon takes an entry out and frees it, but not its value.
func (db *DB) abandon(e *Entry) {
	db.moves++
	hash := ds.Hash(e.Key())
	db.keys.Remove(db.heap, hash, unsafe.Pointer(e))
	if e.Expire() != 0 {
		db.expires.Remove(db.heap, hash, unsafe.Pointer(e))
	}
	db.heap.Free(unsafe.Pointer(e), e.size())
}
