package store

import (
	"unsafe"

	"berth/internal/ds"
	"berth/internal/mem"
)

// Entry is a key with its value, off the Go heap. It begins with this header;
// behind it come a word for the value (a number or the address of a structure),
// unless the value is embedded; a word for the time of expiry, if it has one; a
// word for the key's length, if that is 255 or more; the key; and the value, if
// it is embedded.
type Entry struct {
	meta  uint32 // type in 4 bits, encoding in 4, access time or count in 24
	flags uint8  // ds.Flag…, for the words
	klen  uint8  // length of the key, 255 for more
	vlen  uint16 // length of the embedded value
}

// maxEmbed is the longest string that is embedded in its entry, in bytes. Redis
// embeds 44; the encoding's name follows that, the place does not.
const maxEmbed = 1024

func (e *Entry) at(off int) unsafe.Pointer { return unsafe.Add(unsafe.Pointer(e), off) }

// Type is the type of the value.
func (e *Entry) Type() Type { return Type(e.meta & 0xf) }

// Encoding is how the value is kept.
func (e *Entry) Encoding() Encoding { return Encoding(e.meta >> 4 & 0xf) }

func (e *Entry) setType(t Type, enc Encoding) {
	e.meta = e.meta&^0xff | uint32(t) | uint32(enc)<<4
}

func (e *Entry) setEncoding(enc Encoding) { e.setType(e.Type(), enc) }

// Key is the key. It aliases the entry: a caller that deletes or changes the
// entry copies it first.
func (e *Entry) Key() []byte {
	return mem.Bytes(e.at(ds.EntryKeyOffset(e.flags)), e.keyLen())
}

func (e *Entry) keyLen() int {
	if e.klen == ds.LongKey {
		return int(*(*uint64)(e.at(ds.EntryKeyOffset(e.flags) - 8)))
	}
	return int(e.klen)
}

// entrySize is the size of an entry in bytes.
func entrySize(flags uint8, klen, vlen int) int {
	return ds.EntryKeyOffset(flags) + klen + vlen
}

func (e *Entry) size() int { return entrySize(e.flags, e.keyLen(), int(e.vlen)) }

// hasWord reports whether the value is a word, not embedded.
func (e *Entry) hasWord() bool { return e.flags&ds.FlagWord != 0 }

// word is the value's word.
func (e *Entry) word() *uint64 { return (*uint64)(e.at(8)) }

func (e *Entry) addr() uintptr { return uintptr(*e.word()) }

func (e *Entry) setAddr(a uintptr) { *e.word() = uint64(a) }

// embedded is the embedded value.
func (e *Entry) embedded() []byte {
	return mem.Bytes(e.at(ds.EntryKeyOffset(e.flags)+e.keyLen()), int(e.vlen))
}

// expireWord is the word of the time of expiry, which must be there.
func (e *Entry) expireWord() *int64 {
	if e.hasWord() {
		return (*int64)(e.at(16))
	}
	return (*int64)(e.at(8))
}

// Expire is when the entry's time is over, in milliseconds since 1970; 0 for
// never.
func (e *Entry) Expire() int64 {
	if e.flags&ds.FlagExpire == 0 {
		return 0
	}
	return *e.expireWord()
}

// Over reports whether the entry's time is over at now, which it is from the
// next millisecond on.
func (e *Entry) Over(now int64) bool {
	if e.flags&ds.FlagExpire == 0 {
		return false
	}
	at := *e.expireWord()
	return at != 0 && now > at
}

// alloc makes an entry that is in no table yet, of type String and with an
// undefined value. flags are those for the value and the time of expiry.
func (db *DB) alloc(key []byte, flags uint8, vlen int) *Entry {
	klen := uint8(min(len(key), ds.LongKey))
	if klen == ds.LongKey {
		flags |= ds.FlagLong
	}
	e := (*Entry)(db.heap.Alloc(entrySize(flags, len(key), vlen)))
	*e = Entry{flags: flags | db.snap.epoch, klen: klen, vlen: uint16(vlen)}
	off := ds.EntryKeyOffset(flags)
	if klen == ds.LongKey {
		*(*uint64)(e.at(off - 8)) = uint64(len(key))
	}
	copy(mem.Bytes(e.at(off), len(key)), key)
	return e
}

// reshape gives an entry of the tables the words for flags and room for vlen
// embedded bytes. The key, the header and the time of expiry stay; the value is
// undefined, except that embedded bytes are kept, as many as fit. It returns
// where the entry is then.
func (db *DB) reshape(e *Entry, flags uint8, vlen int) *Entry {
	flags |= e.flags & keptFlags
	klen := e.keyLen()
	from, to := ds.EntryKeyOffset(e.flags), ds.EntryKeyOffset(flags)
	size := to + klen + vlen
	expire := e.Expire()
	keep := klen + min(int(e.vlen), vlen)
	if old := e.size(); mem.SameBlock(old, size) {
		if from != to {
			b := mem.Bytes(unsafe.Pointer(e), max(old, size))
			copy(b[to:to+keep], b[from:from+keep])
		}
		e.refit(flags, klen, vlen, expire)
		return e
	}
	n := (*Entry)(db.heap.Alloc(size))
	*n = *e
	copy(mem.Bytes(n.at(to), keep), mem.Bytes(e.at(from), keep))
	n.refit(flags, klen, vlen, expire)
	db.replace(e, n)
	return n
}

// refit writes the parts of an entry whose key is in place.
func (e *Entry) refit(flags uint8, klen, vlen int, expire int64) {
	e.flags, e.vlen = flags, uint16(vlen)
	if flags&ds.FlagLong != 0 {
		*(*uint64)(e.at(ds.EntryKeyOffset(flags) - 8)) = uint64(klen)
	}
	if flags&ds.FlagExpire != 0 {
		*e.expireWord() = expire
	}
}

// replace puts n into the tables for e, and frees e.
func (db *DB) replace(e, n *Entry) {
	db.moves++
	key := n.Key()
	hash := ds.Hash(key)
	db.keys.Replace(hash, unsafe.Pointer(e), unsafe.Pointer(n))
	if e.Expire() != 0 {
		db.expires.Replace(hash, unsafe.Pointer(e), unsafe.Pointer(n))
	}
	db.heap.Free(unsafe.Pointer(e), e.size())
}
