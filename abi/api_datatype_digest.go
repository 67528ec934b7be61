package abi

import (
	"crypto/sha1"
	"strconv"

	"berth/internal/server"
	"berth/internal/store"
)

// digest is RedisModuleDigest: x is what finished sequences came to, each of
// which does not depend on the others' order, o the sequence that goes on.
type digest struct {
	o, x [sha1.Size]byte
	key  *stringCell
	db   int
}

// Digest implements store.ModuleType.
func (t *dataType) Digest(key store.ModuleKey, v uintptr) [sha1.Size]byte {
	if t.methods.digest == 0 {
		return [sha1.Size]byte{}
	}
	d := &digest{key: newString(key.Key, true), db: key.DB}
	p := newHandle(headDigest, d, true)
	t.m.call(server.ByDataType, t.methods.digest, uint64(p), uint64(v), 0, 0, 0, 0)
	freeHandle(p, true)
	d.key.release(true)
	return sha1.Sum(d.x[:])
}

// add mixes b into the sequence, so that the order counts.
func (d *digest) add(b []byte) {
	sum := sha1.Sum(b)
	for i := range d.o {
		d.o[i] ^= sum[i]
	}
	d.o = sha1.Sum(d.o[:])
}

// digest returns the digest in argument 0, or nil after reporting misuse.
func (f *frame) digest() *digest { return object[digest](f, 0, headDigest) }

func apiDigestAddStringBuffer(f *frame) {
	if d := f.digest(); d != nil {
		d.add(f.buffer(1))
	}
}

func apiDigestAddLongLong(f *frame) {
	if d := f.digest(); d != nil {
		d.add(strconv.AppendInt(nil, f.i64(1), 10))
	}
}

func apiDigestEndSequence(f *frame) {
	d := f.digest()
	if d == nil {
		return
	}
	sum := sha1.Sum(d.o[:])
	for i := range d.x {
		d.x[i] ^= sum[i]
	}
	clear(d.o[:])
}

func apiGetKeyNameFromDigest(f *frame) {
	if d := f.digest(); d != nil {
		f.setPtr(d.key.addr())
	}
}

func apiGetDbIdFromDigest(f *frame) {
	if d := f.digest(); d != nil {
		f.setInt(int64(d.db))
	}
}
