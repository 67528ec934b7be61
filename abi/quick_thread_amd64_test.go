package abi

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"unsafe"

	"berth/internal/server"
)

// quickForThreads are the functions that threads without the host lock may have quickly.
var quickForThreads = []int{
	fnThreadSafeContextLock, fnThreadSafeContextTryLock, fnThreadSafeContextUnlock, fnUnblockClient,
	fnBlockedClientMeasureTimeStart, fnBlockedClientMeasureTimeEnd, fnGetThreadSafeContext, fnFreeThreadSafeContext,
	fnAutoMemory, fnReplyWithArray, fnReplySetArrayLength,
}

// TestQuickThreads has a thread make the same calls with quick functions and without:
// what they answer, log, count and leave to the loop must not tell which it was.
func TestQuickThreads(t *testing.T) {
	m := onLoop(t)
	if quickThread == 0 || leaves[fnUnblockClient] == nil || !server.RawLock {
		t.Skip("there are no quick functions in this build")
	}
	loop := quickThread
	t.Cleanup(func() { quickThread = loop })
	var slow [numAPI]int
	for _, i := range quickForThreads {
		handler := handlers[i]
		handlers[i] = func(f *frame) {
			if i != fnReplyWithArray || f.i64(1) < 0 { // the leaf's have no other form
				slow[i]++
			}
			handler(f)
		}
		t.Cleanup(func() { handlers[i] = handler })
	}
	quick := map[int]int{}
	for seed := range uint64(10) {
		var got [2][]string
		for way, thread := range []uintptr{0, loop} {
			quickThread = thread
			slow = [numAPI]int{}
			contexts := ctxCells.live()
			d := &threadDriver{m: m, rnd: rand.New(rand.NewPCG(seed, 2)), made: map[int]int{}}
			logged := captureLog(t, func() { d.run(t, 400) })
			if n := ctxCells.live(); n != contexts {
				t.Errorf("%d contexts were left", n-contexts)
			}
			for line := range strings.Lines(logged) {
				if _, text, ok := strings.Cut(line, " # "); ok {
					d.note("log: %s", hexNumber.ReplaceAllString(text, "an address"))
				}
			}
			got[way] = d.trace
			for _, i := range quickForThreads {
				n := d.made[i]
				if quick[i] += n - slow[i]; way == 0 && n != slow[i] {
					t.Fatalf("%s ran quickly although that is off", apiNames[i])
				}
			}
		}
		if !slices.Equal(got[0], got[1]) {
			for i, want := range got[0] {
				if i >= len(got[1]) || got[1][i] != want {
					t.Fatalf("seed %d: behind\n%s\nit is\n%s\nand quickly\n%s", seed, strings.Join(got[0][max(0, i-8):i], "\n"),
						want, strings.Join(got[1][i:min(len(got[1]), i+1)], ""))
				}
			}
			t.Fatalf("seed %d: more was done quickly", seed)
		}
	}
	for _, i := range quickForThreads {
		t.Logf("%s: %d calls were quick", apiNames[i], quick[i])
		if quick[i] == 0 {
			t.Errorf("no call of %s was quick", apiNames[i])
		}
	}
}

// threadDriver makes calls at random as a module's thread does, and writes down what
// comes of them.
type threadDriver struct {
	m     *Module
	rnd   *rand.Rand
	made  map[int]int
	trace []string
	// waits are the handles of all, clients what is behind those that are not over.
	waits   []uintptr
	clients []*blockedClient
	ctx     *Context
	threads []uintptr // contexts of waits
}

// longReply is a text of which a few fill a context's memory.
var longReply = []byte(strings.Repeat("r", 1500) + "\x00")

func (d *threadDriver) note(format string, args ...any) {
	d.trace = append(d.trace, fmt.Sprintf(format, args...))
}

// api calls a function from the C stack of the calling thread.
func (d *threadDriver) api(i int, a0, a1 uint64) uint64 {
	if i != fnReplyWithArray || int64(a1) < 0 {
		d.made[i]++
	}
	r, ok := callFree(apiAddr[i], a0, a1)
	switch i {
	case fnThreadSafeContextLock, fnThreadSafeContextUnlock, fnFreeThreadSafeContext, fnAutoMemory, fnReplySetArrayLength: // they return nothing
	case fnGetThreadSafeContext:
		d.note("a context: %v", r != 0)
	default:
		d.note("%s: %d", apiNames[i], int32(r))
	}
	if !ok {
		d.note("a fault")
	}
	return r
}

// run makes n calls, with the loop's turn after every 20.
func (d *threadDriver) run(t *testing.T, n int) {
	s := testServer
	d.ctx = newContext(d.m, nil, true)
	d.ctx.flags |= ctxThreadSafe
	for n > 0 {
		for range d.rnd.IntN(8) {
			d.block()
		}
		s.HostLock.Unlock()
		var wg sync.WaitGroup
		wg.Go(func() {
			runtime.LockOSThread()
			for range 20 {
				d.step()
			}
			if s.HostLock.Holder() != 0 {
				d.api(fnThreadSafeContextUnlock, uint64(d.ctx.addr()), 0)
			}
			runtime.UnlockOSThread()
		})
		wg.Wait()
		s.HostLock.Lock(server.LoopHolder)
		if _, err := s.Loop.RunEvents(); err != nil {
			t.Fatal(err)
		}
		n -= 20
		d.ended()
		d.note("%d waits, %d calls, holder %d", s.BlockedCount(d.m), d.m.meter.Kinds[server.ByThread].Calls, quickHolder)
	}
	for _, p := range d.waits {
		if headOf(p) == headBlocked {
			d.api(fnUnblockClient, uint64(p), 0)
		}
	}
	for _, p := range d.threads {
		d.api(fnFreeThreadSafeContext, uint64(p), 0)
	}
	if _, err := s.Loop.RunEvents(); err != nil {
		t.Fatal(err)
	}
	d.ended()
	reapContexts()
	d.note("%d waits at the end, %d threads wait, thread %v", s.BlockedCount(d.m), d.m.waiting.Load(), host.thread.module != 0)
	d.ctx.release(true)
	d.m.meter.Reset()
}

// block makes a wait. It has no client, since none can wait here, but all else.
func (d *threadDriver) block() {
	c := newTestClient(testServer)
	ctx := newContext(d.m, c, true)
	defer ctx.release(true)
	p, _ := call(apiAddr[fnBlockClient], uint64(ctx.addr()), 0, 0, 0, 0, 0)
	bc := (*blockedClient)(*objectSlot(uintptr(p)))
	d.clients = append(d.clients, bc)
	d.waits = append(d.waits, uintptr(p))
}

// hasContext tells of a wait that has one: replies in two are in no certain order.
func (d *threadDriver) hasContext(wait uintptr) bool {
	return slices.ContainsFunc(d.threads, func(p uintptr) bool {
		ctx := (*Context)(*objectSlot(p))
		return ctx.blocked != nil && ctx.blocked.p == wait
	})
}

// ended notes which waits are over.
func (d *threadDriver) ended() {
	d.clients = slices.DeleteFunc(d.clients, func(bc *blockedClient) bool {
		over := bc.p == 0
		if over {
			d.note("a wait has ended with %d and replied %q", bc.b.Data, bc.b.ReplyClient().Output())
		}
		return over
	})
}

func (d *threadDriver) step() {
	ctx := uint64(d.ctx.addr())
	if d.rnd.IntN(30) == 0 {
		ctx = []uint64{0, 0x10, 1 << 40}[d.rnd.IntN(3)]
	}
	wait := ctx
	if len(d.waits) != 0 && d.rnd.IntN(30) != 0 {
		wait = uint64(d.waits[d.rnd.IntN(len(d.waits))])
	}
	own := -1
	if len(d.threads) != 0 {
		own = d.rnd.IntN(len(d.threads))
	}
	switch d.rnd.IntN(22) {
	case 10, 11:
		if headOf(uintptr(wait)) != headBlocked || d.hasContext(uintptr(wait)) {
			break
		}
		p := uintptr(d.api(fnGetThreadSafeContext, wait, 0))
		ctx := (*Context)(*objectSlot(p))
		d.note("of database %d, client %d, resp3 %d, flags %x", ctx.cell.db, ctx.cell.id, ctx.cell.resp3, ctx.flags&ctxThreadSafe)
		d.threads = append(d.threads, p)
	case 12, 13:
		if own >= 0 {
			d.api(fnReplyWithLongLong, uint64(d.threads[own]), d.rnd.Uint64N(100))
		}
	case 16, 17, 18, 19, 20, 21:
		if own < 0 {
			break
		}
		p := uint64(d.threads[own])
		switch d.rnd.IntN(8) {
		case 0, 1:
			d.api(fnReplyWithArray, p, []uint64{1<<64 - 1, 1<<64 - 1, 1<<64 - 1, 1<<64 - 1, 3, 1<<64 - 2}[d.rnd.IntN(6)])
		case 2, 3, 4:
			d.api(fnReplySetArrayLength, p, []uint64{0, 1, 9, 10, 12345, 1 << 41, 1<<64 - 1}[d.rnd.IntN(7)])
		case 5:
			d.api(fnReplyWithCString, p, uint64(uintptr(unsafe.Pointer(&longReply[d.rnd.IntN(len(longReply))]))))
		case 6:
			d.api(fnReplyWithLongLong, p, 7)
		default:
			if d.rnd.IntN(4) == 0 {
				d.api(fnAutoMemory, p, 0)
			}
		}
	case 14, 15:
		if own < 0 {
			break
		}
		p := uint64(d.threads[own])
		d.threads = slices.Delete(d.threads, own, own+1)
		for range 1 + d.rnd.IntN(10)/9 { // twice now and then
			d.api(fnFreeThreadSafeContext, p, 0)
		}
	case 0, 1:
		if testServer.HostLock.Holder() == 0 || d.rnd.IntN(5) == 0 {
			d.api(fnThreadSafeContextLock, ctx, 0)
		}
	case 2:
		d.api(fnThreadSafeContextTryLock, ctx, 0)
	case 3, 4:
		d.api(fnThreadSafeContextUnlock, ctx, 0)
	case 5:
		d.api(fnBlockedClientMeasureTimeStart, wait, 0)
	case 6:
		d.api(fnBlockedClientMeasureTimeEnd, wait, 0)
	default:
		d.api(fnUnblockClient, wait, d.rnd.Uint64N(5))
	}
	d.note("held %v", testServer.HostLock.Holder() != 0)
}
