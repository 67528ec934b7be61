package abi

// lru answers whether the server counts when keys are used, not how often.
func lru() bool { return !host.srv.CountsUses() }

func apiGetLRU(f *frame) {
	k := f.key(0)
	if k == nil {
		return
	}
	put(f.uptr(1), int64(-1))
	e := k.entry()
	f.setOK(e != nil)
	if e != nil && lru() {
		put(f.uptr(1), e.Idle(host.srv.Mstime()))
	}
}

func apiSetLRU(f *frame) {
	k := f.key(0)
	if k == nil {
		return
	}
	e, idle := k.entry(), f.i64(1)
	if e == nil || idle < 0 || !lru() {
		f.setOK(false)
		return
	}
	e.SetIdle(host.srv.Mstime(), idle)
	f.setOK(true)
}

func apiGetLFU(f *frame) {
	k := f.key(0)
	if k == nil {
		return
	}
	put(f.uptr(1), int64(-1))
	e := k.entry()
	f.setOK(e != nil)
	if e != nil && !lru() {
		put(f.uptr(1), int64(k.data().Freq(e, host.srv.Mstime())))
	}
}

func apiSetLFU(f *frame) {
	k := f.key(0)
	if k == nil {
		return
	}
	e, freq := k.entry(), f.i64(1)
	if e == nil || freq < 0 || freq > 255 || lru() {
		f.setOK(false)
		return
	}
	e.SetFreq(host.srv.Mstime(), int(freq))
	f.setOK(true)
}
