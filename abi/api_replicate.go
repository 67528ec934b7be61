package abi

// There is neither a log of writes nor a replica, so what a module replicates
// goes nowhere: it is checked, and counts as a change of the data, as in a Redis
// without either.

func apiReplicateVerbatim(f *frame) {
	if f.ctx(0) == nil {
		return
	}
	host.srv.Dirty++
	f.setOK(true)
}

func apiReplicate(f *frame) {
	if f.ctx(0) == nil {
		return
	}
	if host.srv.LookupFull(cview(f.uptr(1))) == nil {
		f.setOK(false)
		return
	}
	st := beginCall()
	defer endCall(st)
	if _, ok := f.callArgs(st, cview(f.uptr(2))); !ok {
		f.setOK(false)
		return
	}
	host.srv.Dirty++
	f.setOK(true)
}
