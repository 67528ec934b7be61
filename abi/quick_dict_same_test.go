package abi

import (
	"strings"
	"unsafe"
)

// quickOperators are what iterators are told, and what some would not take.
var quickOperators = []string{"^", "$", ">", ">=", "<", "<=", "==", "=", "?", "", ">x"}

// dictKey is a key for a dictionary, as buffer and as string.
func (d *quickDriver) dictKey() (p, n, s uint64) {
	p, n = d.bytes()
	if d.rnd.IntN(3) == 0 {
		text := strings.Repeat(string(rune('a'+d.rnd.IntN(4))), d.rnd.IntN(80))
		copy(quickMemory.text[:], text)
		n = uint64(len(text))
	}
	return p, n, uint64(d.names[d.rnd.IntN(len(d.names))])
}

// operator is the address of an operator, in the driver's memory.
func (d *quickDriver) operator() uint64 {
	copy(quickMemory.text[5990:], quickOperators[d.rnd.IntN(len(quickOperators))]+"\x00")
	p := uint64(uintptr(unsafe.Pointer(&quickMemory.text[5990])))
	if d.rnd.IntN(60) == 0 {
		return d.pick(0, 0x10)
	}
	return p
}

// stepDict makes one call about dictionaries. Freed ones and their iterators are
// used now and then, too.
func (d *quickDriver) stepDict() {
	ctx := uint64(d.ctxs[d.rnd.IntN(len(d.ctxs))].addr())
	handle := func(list []uintptr) uint64 {
		if len(list) == 0 || d.rnd.IntN(60) == 0 {
			return d.pick(0, 0x10, uint64(d.names[0]))
		}
		return uint64(list[d.rnd.IntN(len(list))])
	}
	dict, it := handle(d.dicts), handle(d.iters)
	key, n, name := d.dictKey()
	out, before := d.number(), quickMemory.out
	value := d.pick(0, 1, 2, 3, 1<<64-1)
	quickMemory.out[0], quickMemory.out[1] = 77, 78
	size := uint64(uintptr(unsafe.Pointer(&quickMemory.out[1])))
	what, r := 0, uint64(0)
	switch d.rnd.IntN(26) {
	case 0:
		what = fnCreateDict
		if r = d.api(what, d.pick(0, ctx, ctx)); r != 0 {
			d.dicts = append(d.dicts, uintptr(r))
			r = 1
		}
	case 1:
		what = fnFreeDict
		r = d.api(what, d.pick(0, ctx), dict) & 0
		if d.rnd.IntN(3) != 0 {
			d.dicts = without(d.dicts, uintptr(dict))
		}
	case 2:
		what = fnDictSize
		r = d.api(what, dict)
	case 3, 4, 5:
		what = fnDictSetC
		r = d.api(what, dict, key, n, value)
	case 6, 7:
		what = fnDictReplaceC
		r = d.api(what, dict, key, n, value)
	case 8:
		what = int(d.pick(fnDictSet, fnDictReplace))
		r = d.api(what, dict, name, value)
	case 9, 10:
		what = fnDictDelC
		r = d.api(what, dict, key, n, out)
	case 11:
		what = fnDictDel
		r = d.api(what, dict, name, out)
	case 12:
		what = fnDictGetC
		r = d.api(what, dict, key, n, out)
	case 13, 14:
		what = fnDictIteratorStartC
		if r = d.api(what, dict, d.operator(), key, n); r != 0 {
			d.iters = append(d.iters, uintptr(r))
			r = 1
		}
	case 15:
		what = fnDictIteratorStart
		if r = d.api(what, dict, d.operator(), d.pick(0, name)); r != 0 {
			d.iters = append(d.iters, uintptr(r))
			r = 1
		}
	case 16:
		what = fnDictIteratorStop
		r = d.api(what, it) & 0
		if d.rnd.IntN(8) != 0 {
			d.iters = without(d.iters, uintptr(it))
		}
	case 17:
		what = fnDictIteratorReseekC
		r = d.api(what, it, d.operator(), key, n)
	case 18:
		what = fnDictIteratorReseek
		r = d.api(what, it, d.operator(), d.pick(0, name))
	case 19, 20, 21:
		what = int(d.pick(fnDictNextC, fnDictPrevC))
		if r = d.api(what, it, d.pick(0, size, size, size), out); r != 0 {
			d.note("%q", cview(uintptr(r)))
			r = 1
		}
	case 22, 23:
		what = int(d.pick(fnDictNext, fnDictPrev))
		if r = d.api(what, d.pick(0, ctx), it, out); r != 0 {
			d.note("%q", stringAt(uintptr(r)).bytes())
			d.api(fnFreeString, ctx, r)
			r = 1
		}
	case 24:
		what = fnDictCompareC
		r = d.api(what, it, d.operator(), key, n)
	case 25:
		what = fnDictCompare
		r = d.api(what, it, d.operator(), name)
	}
	d.note("%s: %d, %d, %d", apiNames[what], int64(r), quickMemory.out[0], quickMemory.out[1])
	quickMemory.out = before
}

// without is the list without p.
func without(list []uintptr, p uintptr) []uintptr {
	for i, q := range list {
		if q == p {
			return append(list[:i], list[i+1:]...)
		}
	}
	return list
}

// endDicts frees what is left.
func (d *quickDriver) endDicts() {
	for _, p := range d.iters {
		if headOf(p) == headDictIter {
			d.api(fnDictIteratorStop, uint64(p))
		}
	}
	for _, p := range d.dicts {
		if headOf(p) == headDict {
			d.note("a dictionary of %d keys", d.api(fnDictSize, uint64(p)))
			d.api(fnFreeDict, 0, uint64(p))
		}
	}
}
