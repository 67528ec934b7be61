package abi

import (
	"bytes"
	"sync/atomic"

	"github.com/tidwall/btree"
)

// dict is RedisModuleDict: binary keys in lexicographic order.
type dict struct {
	tree btree.Map[string, uintptr]
	size int // bytes of keys
}

// dictMemory is what all dictionaries take, in bytes. Their trees are on the Go
// heap, whose growth is no measure: it has garbage, too.
var dictMemory atomic.Int64

// dictEntry is about what an entry costs beside its key's bytes.
const dictEntry = 48

// keyed notes that a key of n bytes came with an entry, or went: then both are
// below zero.
func (d *dict) keyed(n, entry int) {
	d.size += n
	dictMemory.Add(int64(n + entry))
}

// memory is about what the dictionary takes, in bytes.
func (d *dict) memory() int { return cellSize + d.size + d.tree.Len()*dictEntry }

// freeDict ends the life of a dictionary.
func freeDict(p uintptr, locked bool) {
	dictMemory.Add(-int64((*dict)(*objectSlot(p)).memory()))
	freeHandle(p, locked)
}

// dictIter is RedisModuleDictIter. It keeps the key it stands on rather than a
// place in the tree, so that it survives changes of the dictionary.
type dictIter struct {
	d     *dict
	key   string
	state iterState
	out   []byte // the key as the module sees it, until the next step
}

type iterState uint8

const (
	iterAt   iterState = iota // the next step returns key itself
	iterPast                  // key was returned already
	iterDone                  // there is nothing there
)

func apiCreateDict(f *frame) {
	ctx, ok := f.optCtx(0)
	if !ok {
		return
	}
	p := newHandle(headDict, &dict{}, f.locked())
	dictMemory.Add(cellSize)
	ctx.track(headDict, p)
	f.setPtr(p)
}

func apiFreeDict(f *frame) {
	ctx, ok := f.optCtx(0)
	if !ok || object[dict](f, 1, headDict) == nil {
		return
	}
	ctx.untrack(f.uptr(1))
	freeDict(f.uptr(1), f.locked())
}

func apiDictSize(f *frame) {
	if d := object[dict](f, 0, headDict); d != nil {
		f.setInt(int64(d.tree.Len()))
	}
}

func apiMallocSizeDict(f *frame) {
	if d := object[dict](f, 0, headDict); d != nil {
		f.setInt(int64(d.memory()))
	}
}

// bufferKey and stringKey read a key that begins at argument i.
func (f *frame) bufferKey(i int) (string, bool) {
	return string(cbytes(f.uptr(i), int(f.int(i+1)))), true
}

func (f *frame) stringKey(i int) (string, bool) {
	s := f.string(i)
	if s == nil {
		return "", false
	}
	return string(s.bytes()), true
}

func (f *frame) dictSet(key func(int) (string, bool), value int, replace bool) {
	d := object[dict](f, 0, headDict)
	if d == nil {
		return
	}
	k, ok := key(1)
	if !ok {
		return
	}
	if _, have := d.tree.Get(k); have && !replace {
		f.setOK(false)
		return
	}
	if _, had := d.tree.Set(k, f.uptr(value)); !had {
		d.keyed(len(k), dictEntry)
	}
	f.setOK(true)
}

func apiDictSetC(f *frame)     { f.dictSet(f.bufferKey, 3, false) }
func apiDictReplaceC(f *frame) { f.dictSet(f.bufferKey, 3, true) }
func apiDictSet(f *frame)      { f.dictSet(f.stringKey, 2, false) }
func apiDictReplace(f *frame)  { f.dictSet(f.stringKey, 2, true) }

func (f *frame) dictGet(key func(int) (string, bool), nokey int) {
	d := object[dict](f, 0, headDict)
	if d == nil {
		return
	}
	k, ok := key(1)
	if !ok {
		return
	}
	v, have := d.tree.Get(k)
	missing := int32(1)
	if have {
		missing = 0
	}
	put(f.uptr(nokey), missing)
	f.setPtr(v)
}

func apiDictGetC(f *frame) { f.dictGet(f.bufferKey, 3) }
func apiDictGet(f *frame)  { f.dictGet(f.stringKey, 2) }

func (f *frame) dictDel(key func(int) (string, bool), old int) {
	d := object[dict](f, 0, headDict)
	if d == nil {
		return
	}
	k, ok := key(1)
	if !ok {
		return
	}
	v, had := d.tree.Delete(k)
	if had {
		d.keyed(-len(k), -dictEntry)
		put(f.uptr(old), v)
	}
	f.setOK(had)
}

func apiDictDelC(f *frame) { f.dictDel(f.bufferKey, 3) }
func apiDictDel(f *frame)  { f.dictDel(f.stringKey, 2) }

// seek places the iterator by an operator and a key; false for an operator
// that does not exist.
func (it *dictIter) seek(op, key string) bool {
	found := false
	take := func(k string, _ uintptr) bool {
		it.key, found = k, true
		return false
	}
	skipEqual := func(k string, v uintptr) bool {
		if k == key {
			return true
		}
		return take(k, v)
	}
	t := &it.d.tree
	switch op {
	case "^":
		t.Scan(take)
	case "$":
		t.Reverse(take)
	case ">=":
		t.Ascend(key, take)
	case ">":
		t.Ascend(key, skipEqual)
	case "<=":
		t.Descend(key, take)
	case "<":
		t.Descend(key, skipEqual)
	case "==":
		if _, have := t.Get(key); have {
			it.key, found = key, true
		}
	default:
		return false
	}
	it.state = iterDone
	if found {
		it.state = iterAt
	}
	return true
}

// step moves the iterator and returns the key and value it stands on then.
func (it *dictIter) step(forward bool) (string, uintptr, bool) {
	if it.state == iterDone {
		return "", 0, false
	}
	skip := it.state == iterPast
	from := it.key
	found, value := false, uintptr(0)
	take := func(k string, v uintptr) bool {
		if skip && k == from {
			return true
		}
		it.key, value, found = k, v, true
		return false
	}
	if forward {
		it.d.tree.Ascend(from, take)
	} else {
		it.d.tree.Descend(from, take)
	}
	it.state = iterPast
	if !found {
		it.state = iterDone
	}
	return it.key, value, found
}

func (f *frame) dictStart(key func(int) (string, bool)) {
	d := object[dict](f, 0, headDict)
	if d == nil {
		return
	}
	k, ok := key(2)
	if !ok {
		return
	}
	it := &dictIter{d: d}
	if !it.seek(cstring(f.uptr(1)), k) {
		f.misuse("the operator of an iterator is one of ^ $ >= > <= < ==")
		return
	}
	f.setPtr(newHandle(headDictIter, it, f.locked()))
}

func apiDictIteratorStartC(f *frame) { f.dictStart(f.bufferKey) }
func apiDictIteratorStart(f *frame)  { f.dictStart(f.optStringKey) }

// optStringKey is stringKey where ^ and $ allow NULL.
func (f *frame) optStringKey(i int) (string, bool) {
	if f.int(i) == 0 {
		return "", true
	}
	return f.stringKey(i)
}

func apiDictIteratorStop(f *frame) {
	if object[dictIter](f, 0, headDictIter) != nil {
		freeHandle(f.uptr(0), f.locked())
	}
}

func (f *frame) dictReseek(key func(int) (string, bool)) {
	it := object[dictIter](f, 0, headDictIter)
	if it == nil {
		return
	}
	k, ok := key(2)
	if ok {
		ok = it.seek(cstring(f.uptr(1)), k) && it.state == iterAt
		f.setOK(ok)
	}
}

func apiDictIteratorReseekC(f *frame) { f.dictReseek(f.bufferKey) }
func apiDictIteratorReseek(f *frame)  { f.dictReseek(f.optStringKey) }

func (f *frame) dictStepC(forward bool) {
	it := object[dictIter](f, 0, headDictIter)
	if it == nil {
		return
	}
	k, v, ok := it.step(forward)
	if !ok {
		return
	}
	it.out = append(append(it.out[:0], k...), 0)
	put(f.uptr(1), uint64(len(k)))
	put(f.uptr(2), v)
	f.setPtr(addrOf(&it.out[0]))
}

func apiDictNextC(f *frame) { f.dictStepC(true) }
func apiDictPrevC(f *frame) { f.dictStepC(false) }

func (f *frame) dictStep(forward bool) {
	it := object[dictIter](f, 1, headDictIter)
	if it == nil {
		return
	}
	if k, v, ok := it.step(forward); ok {
		put(f.uptr(2), v)
		f.giveString([]byte(k))
	}
}

func apiDictNext(f *frame) { f.dictStep(true) }
func apiDictPrev(f *frame) { f.dictStep(false) }

func (f *frame) dictCompare(key func(int) (string, bool)) {
	it := object[dictIter](f, 0, headDictIter)
	if it == nil {
		return
	}
	k, ok := key(2)
	if !ok {
		return
	}
	c := bytes.Compare([]byte(it.key), []byte(k))
	holds := false
	switch op := cstring(f.uptr(1)); op {
	case "==":
		holds = c == 0
	case ">":
		holds = c > 0
	case ">=":
		holds = c >= 0
	case "<":
		holds = c < 0
	case "<=":
		holds = c <= 0
	}
	f.setOK(holds && it.state != iterDone)
}

func apiDictCompareC(f *frame) { f.dictCompare(f.bufferKey) }
func apiDictCompare(f *frame)  { f.dictCompare(f.stringKey) }
