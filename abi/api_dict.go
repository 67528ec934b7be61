package abi

import (
	"berth/internal/ds"
	"berth/internal/mem"
)

// dict returns argument i, a live dictionary, or nil after reporting misuse.
func (f *frame) dict(i int) *dictCell {
	p := f.uptr(i)
	if headOf(p) == headDict {
		return dictAt(p)
	}
	f.misusePointer(p, headDict)
	return nil
}

// iterator returns argument i, a live iterator, and its dictionary; both are nil
// after reporting misuse.
func (f *frame) iterator(i int) (*iterCell, *dictCell) {
	p := f.uptr(i)
	if headOf(p) != headDictIter {
		f.misusePointer(p, headDictIter)
		return nil, nil
	}
	it := iterOf(p)
	d := it.of()
	if d == nil {
		f.misuse("the dictionary of the iterator was freed before")
		return nil, nil
	}
	return it, d
}

func apiCreateDict(f *frame) {
	ctx, ok := f.optCtx(0)
	if !ok {
		return
	}
	p := dictCells.alloc(f.locked())
	dictAt(p).begin()
	ctx.track(headDict, p)
	f.setPtr(p)
}

func apiFreeDict(f *frame) {
	ctx, ok := f.optCtx(0)
	if !ok || f.dict(1) == nil {
		return
	}
	ctx.untrack(f.uptr(1))
	freeDict(f.uptr(1), f.locked())
}

func apiDictSize(f *frame) {
	if d := f.dict(0); d != nil {
		f.setInt(int64(d.trie.Len()))
	}
}

func apiMallocSizeDict(f *frame) {
	if d := f.dict(0); d != nil {
		f.setInt(int64(d.memory()))
	}
}

// bufferKey and stringKey are a key that begins at argument i. Nothing may be
// half done where it is read for the first time.
func (f *frame) bufferKey(i int) ([]byte, bool) {
	return cbytes(f.uptr(i), int(f.int(i+1))), true
}

func (f *frame) stringKey(i int) ([]byte, bool) {
	s := f.string(i)
	if s == nil {
		return nil, false
	}
	return s.bytes(), true
}

func (f *frame) dictSet(key func(int) ([]byte, bool), value int, replace bool) {
	d := f.dict(0)
	if d == nil {
		return
	}
	k, ok := key(1)
	if !ok {
		return
	}
	var own mem.Stock
	s := f.stock(&own)
	defer endStock(s)
	what := d.trie.Set(s, k, f.uptr(value), replace)
	if what == ds.Short {
		d.trie.Supply(s, &sharedHeap, k, s == &heldStock)
		what = d.trie.Set(s, k, f.uptr(value), replace)
	}
	f.setOK(what == ds.Added)
}

func apiDictSetC(f *frame)     { f.dictSet(f.bufferKey, 3, false) }
func apiDictReplaceC(f *frame) { f.dictSet(f.bufferKey, 3, true) }
func apiDictSet(f *frame)      { f.dictSet(f.stringKey, 2, false) }
func apiDictReplace(f *frame)  { f.dictSet(f.stringKey, 2, true) }

func (f *frame) dictGet(key func(int) ([]byte, bool), nokey int) {
	d := f.dict(0)
	if d == nil {
		return
	}
	k, ok := key(1)
	if !ok {
		return
	}
	missing, v := int32(1), uintptr(0)
	if l := d.trie.Find(k); l != nil {
		missing, v = 0, l.Value
	}
	put(f.uptr(nokey), missing)
	f.setPtr(v)
}

func apiDictGetC(f *frame) { f.dictGet(f.bufferKey, 3) }
func apiDictGet(f *frame)  { f.dictGet(f.stringKey, 2) }

func (f *frame) dictDel(key func(int) ([]byte, bool), old int) {
	d := f.dict(0)
	if d == nil {
		return
	}
	k, ok := key(1)
	if !ok {
		return
	}
	if p := f.uptr(old); p != 0 {
		if l := d.trie.Find(k); l != nil {
			put(p, l.Value)
		}
	}
	var own mem.Stock
	s := f.stock(&own)
	defer endStock(s)
	f.setOK(d.trie.Delete(s, k))
}

func apiDictDelC(f *frame) { f.dictDel(f.bufferKey, 3) }
func apiDictDel(f *frame)  { f.dictDel(f.stringKey, 2) }

// seek has the iterator stand where the operator and key in arguments 1 and 2 lead
// to. ok is false after the call has failed.
func (f *frame) seek(it *iterCell, d *dictCell, key func(int) ([]byte, bool)) (ok bool) {
	k, ok := key(2)
	if !ok {
		return false
	}
	op, equal := operator(f.uptr(1))
	l, ok := d.seek(op, equal, k)
	if !ok {
		f.misuse("the operator of an iterator is one of ^ $ >= > <= < ==")
		return false
	}
	it.grow(l)
	it.stand(d, l, iterAt)
	return true
}

func (f *frame) dictStart(key func(int) ([]byte, bool)) {
	d := f.dict(0)
	if d == nil {
		return
	}
	locked := f.locked()
	it := iterOf(iterCells.alloc(locked))
	it.begin(f.uptr(0))
	made := false
	defer func() {
		if !made {
			it.free(locked) // a bad pointer, too, leads here
		}
	}()
	if made = f.seek(it, d, key); made {
		f.setPtr(it.addr())
	}
}

func apiDictIteratorStartC(f *frame) { f.dictStart(f.bufferKey) }
func apiDictIteratorStart(f *frame)  { f.dictStart(f.optStringKey) }

// optStringKey is stringKey where ^ and $ allow NULL.
func (f *frame) optStringKey(i int) ([]byte, bool) {
	if f.int(i) == 0 {
		return nil, true
	}
	return f.stringKey(i)
}

func apiDictIteratorStop(f *frame) {
	p := f.uptr(0)
	if headOf(p) != headDictIter {
		f.misusePointer(p, headDictIter)
		return
	}
	iterOf(p).free(f.locked())
}

// dictReseek answers 1 whether there is a key or not, as Redis does, which its
// documentation does not say.
func (f *frame) dictReseek(key func(int) ([]byte, bool)) {
	if it, d := f.iterator(0); it != nil {
		f.setBool(f.seek(it, d, key))
	}
}

func apiDictIteratorReseekC(f *frame) { f.dictReseek(f.bufferKey) }
func apiDictIteratorReseek(f *frame)  { f.dictReseek(f.optStringKey) }

// dictStep takes the step of the iterator in argument i and stores the key's size
// and the value at the addresses given. It returns nil at the end.
func (f *frame) dictStep(i int, size, value uintptr, forward bool) *iterCell {
	it, d := f.iterator(i)
	if it == nil {
		return nil
	}
	l := it.next(d, forward)
	if l == nil {
		it.state = iterDone
		return nil
	}
	put(size, uint64(len(l.Key())))
	put(value, l.Value)
	it.grow(l)
	it.stand(d, l, iterPast)
	return it
}

func (f *frame) dictStepC(forward bool) {
	if it := f.dictStep(0, f.uptr(1), f.uptr(2), forward); it != nil {
		f.setPtr(it.text)
	}
}

func apiDictNextC(f *frame) { f.dictStepC(true) }
func apiDictPrevC(f *frame) { f.dictStepC(false) }

func (f *frame) dictStepString(forward bool) {
	if it := f.dictStep(1, 0, f.uptr(2), forward); it != nil {
		f.giveString(it.key())
	}
}

func apiDictNext(f *frame) { f.dictStepString(true) }
func apiDictPrev(f *frame) { f.dictStepString(false) }

func (f *frame) dictCompare(key func(int) ([]byte, bool)) {
	it, _ := f.iterator(0)
	if it == nil {
		return
	}
	if k, ok := key(2); ok {
		op, equal := operator(f.uptr(1))
		f.setOK(it.compare(op, equal, k))
	}
}

func apiDictCompareC(f *frame) { f.dictCompare(f.bufferKey) }
func apiDictCompare(f *frame)  { f.dictCompare(f.stringKey) }
