package abi

import "berth/internal/ds"

// manual says that argument i is NULL, or a context without automatic memory.
func (a *quickArgs) manual(i int) bool {
	p := a.uptr(i)
	return p == 0 || headOf(p) == headCtx && (*ctxCell)(at(p)).auto == 0
}

func (a *quickArgs) dict(i int) *dictCell {
	if p := a.uptr(i); headOf(p) == headDict {
		return dictAt(p)
	}
	return nil
}

// iterator is argument i, and its dictionary, if both are alive.
func (a *quickArgs) iterator(i int) (*iterCell, *dictCell) {
	if p := a.uptr(i); headOf(p) == headDictIter {
		it := iterOf(p)
		return it, it.of()
	}
	return nil, nil
}

func quickCreateDict(a *quickArgs) bool {
	if !a.manual(0) {
		return false
	}
	p := dictCells.takeLocal()
	if p == 0 {
		return false
	}
	dictAt(p).begin()
	a.ret = uint64(p)
	return true
}

// quickFreeDict leaves a dictionary with keys to be freed where that may take its
// time.
func quickFreeDict(a *quickArgs) bool {
	d := a.dict(1)
	if d == nil || d.trie.Len() != 0 || !a.manual(0) {
		return false
	}
	dictCells.giveLocal(a.uptr(1))
	return true
}

func quickDictSize(a *quickArgs) bool {
	d := a.dict(0)
	if d == nil {
		return false
	}
	a.ret = uint64(d.trie.Len())
	return true
}

func (a *quickArgs) dictSet(key []byte, value uintptr, replace bool) bool {
	d := a.dict(0)
	if d == nil {
		return false
	}
	what := d.trie.Set(&heldStock, key, value, replace)
	a.setOK(what == ds.Added)
	return what != ds.Short
}

func quickDictSetC(a *quickArgs) bool {
	b, ok := a.bytes(1)
	return ok && a.dictSet(b, a.uptr(3), false)
}

func quickDictReplaceC(a *quickArgs) bool {
	b, ok := a.bytes(1)
	return ok && a.dictSet(b, a.uptr(3), true)
}

func quickDictSet(a *quickArgs) bool {
	s := a.string(1)
	return s != nil && a.dictSet(s.bytes(), a.uptr(2), false)
}

func quickDictReplace(a *quickArgs) bool {
	s := a.string(1)
	return s != nil && a.dictSet(s.bytes(), a.uptr(2), true)
}

// found answers what DictGet found, nil for nothing.
func (a *quickArgs) found(l *ds.TrieLeaf, nokey uintptr) bool {
	missing := int32(1)
	a.ret = 0
	if l != nil {
		missing, a.ret = 0, uint64(l.Value)
	}
	put(nokey, missing)
	return true
}

func quickDictGetC(a *quickArgs) bool {
	d, n := a.dict(0), a.ints[2]
	if d == nil || n > ds.MaxTrieKey {
		return false
	}
	return a.found(d.trie.Find(cbytes(a.uptr(1), int(n))), a.uptr(3))
}

func quickDictGet(a *quickArgs) bool {
	d, s := a.dict(0), a.string(1)
	return d != nil && s != nil && a.found(d.trie.Find(s.bytes()), a.uptr(2))
}

func (a *quickArgs) dictDel(key []byte, old uintptr) bool {
	d := a.dict(0)
	if d == nil || heldStock.Over() {
		return false
	}
	if old != 0 {
		if l := d.trie.Find(key); l != nil {
			put(old, l.Value)
		}
	}
	a.setOK(d.trie.Delete(&heldStock, key))
	return true
}

func quickDictDelC(a *quickArgs) bool {
	b, ok := a.bytes(1)
	return ok && a.dictDel(b, a.uptr(3))
}

func quickDictDel(a *quickArgs) bool {
	s := a.string(1)
	return s != nil && a.dictDel(s.bytes(), a.uptr(2))
}

// seek is where the operator in argument 1 leads with a key; ok is false for what is
// to be reported.
func (a *quickArgs) seek(d *dictCell, key []byte) (l *ds.TrieLeaf, ok bool) {
	if a.uptr(1) == 0 {
		return nil, false
	}
	op, equal := operator(a.uptr(1))
	return d.seek(op, equal, key)
}

// optString are the bytes of argument i, a string or NULL.
func (a *quickArgs) optString(i int) (b []byte, ok bool) {
	if a.uptr(i) == 0 {
		return nil, true
	}
	s := a.string(i)
	if s == nil {
		return nil, false
	}
	return s.bytes(), true
}

func (a *quickArgs) dictStart(key []byte) bool {
	d := a.dict(0)
	if d == nil {
		return false
	}
	l, ok := a.seek(d, key)
	if !ok || l != nil && len(l.Key()) >= inlineKey {
		return false
	}
	p := iterCells.takeLocal()
	if p == 0 {
		return false
	}
	it := iterOf(p)
	it.begin(a.uptr(0))
	it.stand(d, l, iterAt)
	a.ret = uint64(p)
	return true
}

func quickDictIteratorStartC(a *quickArgs) bool {
	b, ok := a.bytes(2)
	return ok && a.dictStart(b)
}

func quickDictIteratorStart(a *quickArgs) bool {
	b, ok := a.optString(2)
	return ok && a.dictStart(b)
}

func quickDictIteratorStop(a *quickArgs) bool {
	p := a.uptr(0)
	if headOf(p) != headDictIter || iterOf(p).room > inlineKey {
		return false
	}
	iterCells.giveLocal(p)
	return true
}

func (a *quickArgs) dictReseek(key []byte) bool {
	it, d := a.iterator(0)
	if d == nil {
		return false
	}
	l, ok := a.seek(d, key)
	if !ok || !it.fits(l) {
		return false
	}
	it.stand(d, l, iterAt)
	a.ret = 1
	return true
}

func quickDictIteratorReseekC(a *quickArgs) bool {
	b, ok := a.bytes(2)
	return ok && a.dictReseek(b)
}

func quickDictIteratorReseek(a *quickArgs) bool {
	b, ok := a.optString(2)
	return ok && a.dictReseek(b)
}

func (a *quickArgs) dictStepC(forward bool) bool {
	it, d := a.iterator(0)
	if d == nil {
		return false
	}
	l := it.next(d, forward)
	if l == nil {
		it.state = iterDone
		a.ret = 0
		return true
	}
	k := l.Key()
	if len(k) >= it.room {
		return false
	}
	put(a.uptr(1), uint64(len(k)))
	put(a.uptr(2), l.Value)
	it.stand(d, l, iterPast)
	a.ret = uint64(it.text)
	return true
}

func quickDictNextC(a *quickArgs) bool { return a.dictStepC(true) }
func quickDictPrevC(a *quickArgs) bool { return a.dictStepC(false) }

func (a *quickArgs) dictStep(forward bool) bool {
	it, d := a.iterator(1)
	if d == nil || !a.manual(0) {
		return false
	}
	l := it.next(d, forward)
	if l == nil {
		it.state = iterDone
		a.ret = 0
		return true
	}
	if !it.fits(l) {
		return false
	}
	put(a.uptr(2), l.Value)
	p := quickString(l.Key())
	if p == 0 {
		return false
	}
	it.stand(d, l, iterPast)
	a.ret = uint64(p)
	return true
}

func quickDictNext(a *quickArgs) bool { return a.dictStep(true) }
func quickDictPrev(a *quickArgs) bool { return a.dictStep(false) }

func (a *quickArgs) dictCompare(key []byte) bool {
	it, d := a.iterator(0)
	if d == nil || a.uptr(1) == 0 {
		return false
	}
	op, equal := operator(a.uptr(1))
	a.setOK(it.compare(op, equal, key))
	return true
}

func quickDictCompareC(a *quickArgs) bool {
	b, ok := a.bytes(2)
	return ok && a.dictCompare(b)
}

func quickDictCompare(a *quickArgs) bool {
	s := a.string(2)
	return s != nil && a.dictCompare(s.bytes())
}
