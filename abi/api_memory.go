package abi

func apiAutoMemory(f *frame) {
	if ctx := f.ctx(0); ctx != nil {
		ctx.flags |= ctxAutoMemory
		ctx.cell.auto = 1
	}
}

func apiPoolAlloc(f *frame) {
	ctx := f.ctx(0)
	if ctx == nil {
		return
	}
	n := int(f.int(1))
	if n <= 0 {
		return
	}
	p := mallocC(n)
	if p != 0 {
		ctx.pool = append(ctx.pool, p)
	}
	f.setPtr(p)
}

func apiMallocSize(f *frame) {
	if p := f.uptr(0); p != 0 {
		n, ok := callFree(libcUsable, uint64(p))
		if !ok {
			f.misuse("the pointer is none that Alloc returned")
			return
		}
		f.ret = n
	}
}

func apiMallocUsableSize(f *frame) { apiMallocSize(f) }
