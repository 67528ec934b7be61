package abi

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync/atomic"
	"testing"
	"unsafe"

	"github.com/ebitengine/purego"

	"berth/internal/server"
	"berth/loop"
)

// lib is the C library of the tests, testdata/abi/boundary.c.
var lib uintptr

// TestMain builds the library and makes the one host of this process. Tests
// run as the loop would: on one thread, with the host lock held.
func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "abi")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(dir)
		so := filepath.Join(dir, "boundary.so")
		cc := os.Getenv("CC") // a cross compiler, when the tests run under qemu
		if cc == "" {
			cc = "gcc"
		}
		out, err := exec.Command(cc, "-O2", "-shared", "-fPIC", "-o", so, "../testdata/abi/boundary.c").CombinedOutput()
		if err != nil {
			panic("gcc is needed for these tests: " + err.Error() + "\n" + string(out))
		}
		if lib, err = purego.Dlopen(so, purego.RTLD_NOW); err != nil {
			panic(err)
		}
		return m.Run()
	}())
}

var testServer *server.Server

// onLoop makes the test's goroutine the loop for its time.
func onLoop(t testing.TB) *Module {
	t.Helper()
	runtime.LockOSThread()
	if testServer == nil {
		l, err := loop.New()
		if err != nil {
			t.Fatal(err)
		}
		testServer = newTestServer(t, l)
		if _, err := New(testServer); err != nil {
			t.Fatal(err)
		}
	}
	host.BindThread()
	testServer.HostLock.Lock(server.LoopHolder)
	t.Cleanup(func() {
		testServer.HostLock.Unlock()
		runtime.UnlockOSThread()
	})
	return newModule(host, "test.so", nil)
}

func symbol(t testing.TB, name string) uintptr {
	t.Helper()
	p, err := purego.Dlsym(lib, name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// run calls a C function of the library with a context that replies to c.
func run(t testing.TB, m *Module, c *server.Client, name string, arg uint64) int64 {
	t.Helper()
	ctx := newContext(m, c, true)
	defer ctx.release(true)
	if r := int32(m.call(server.ByCommand, symbol(t, "setup"), uint64(ctx.addr()), 0, 0, 0, 0, 0)); r != 0 {
		t.Fatalf("%d functions are not there", r)
	}
	return int64(m.call(server.ByCommand, symbol(t, name), uint64(ctx.addr()), arg, 0, 0, 0, 0))
}

func TestReplies(t *testing.T) {
	m := onLoop(t)
	c := newTestClient(testServer)
	if r := run(t, m, c, "replies", 0); r != 0 {
		t.Fatalf("replies returned %d", r)
	}
	want := ":0\r\n:7\r\n:9\r\n:10\r\n:-1\r\n:-10\r\n:99\r\n:100\r\n:12345678901234\r\n" +
		":9223372036854775807\r\n:-9223372036854775808\r\n" +
		"*3\r\n$-1\r\n$3\r\n1.5\r\n$4\r\n3.25\r\n-ERR 1 two 3.00 4 5 6 7 8 9.5 10.5\r\n"
	if got := outputOf(c); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestStrings(t *testing.T) {
	m := onLoop(t)
	before := stringCells.live()
	if r := int32(run(t, m, newTestClient(testServer), "strings", 0)); r != 0 {
		t.Errorf("check %d of strings failed", r)
	}
	if after := stringCells.live(); after != before {
		t.Errorf("%d strings leaked", after-before)
	}
}

func TestMisuse(t *testing.T) {
	m := onLoop(t)
	logged := captureLog(t, func() { run(t, m, newTestClient(testServer), "misuse", 0) })
	for _, want := range []string{
		"RedisModule_FreeString was used wrongly: the string at",
		"was freed before",
		"is a context, not a string",
		"is not a string of this server",
		"RedisModule_ReplyWithLongLong was used wrongly",
		"RedisModule_CreateString was used wrongly: a pointer among its arguments is bad",
	} {
		if !strings.Contains(logged, want) {
			t.Errorf("the log lacks %q:\n%s", want, logged)
		}
	}
}

func TestThread(t *testing.T) {
	m := onLoop(t)
	var r int64
	logged := captureLog(t, func() { r = run(t, m, newTestClient(testServer), "thread", 0) })
	if int32(r) != 0 {
		t.Errorf("%d checks on a module's own thread failed", int32(r))
	}
	if !strings.Contains(logged, "RedisModule_EventLoopAdd was used wrongly: this thread does not hold the host lock") {
		t.Errorf("a call without the lock was not refused:\n%s", logged)
	}
}

// TestFrameLayout proves the sizes that the assembly relies on.
func TestFrameLayout(t *testing.T) {
	if n := unsafe.Sizeof(frame{}); n%16 != 0 {
		t.Errorf("a frame is %d bytes, not a multiple of sixteen", n)
	}
	if n := unsafe.Sizeof(stringCell{}); n != cellSize {
		t.Errorf("a string cell is %d bytes", n)
	}
	if n := unsafe.Sizeof(ctxCell{}); n != 2*cellSize {
		t.Errorf("a context cell is %d bytes", n)
	}
	if n := unsafe.Sizeof(replyCell{}); n != cellSize {
		t.Errorf("a call reply cell is %d bytes", n)
	}
	if unsafe.Offsetof(frame{}.floats) != unsafe.Sizeof(frame{}.ints) {
		t.Error("va_arg needs the floating registers right behind the integer ones")
	}
}

// TestThreadsEnd has many threads call and end: the runtime makes no thread of its
// own for each that it meets.
func TestThreadsEnd(t *testing.T) {
	m := onLoop(t)
	run(t, m, newTestClient(testServer), "manyThreads", 20)
	before := pprof.Lookup("threadcreate").Count()
	const threads = 500
	if r := run(t, m, newTestClient(testServer), "manyThreads", threads); r != 0 {
		t.Fatal("no more threads")
	}
	if after := pprof.Lookup("threadcreate").Count(); after > before+threads/10 {
		t.Errorf("the runtime knew %d threads and then %d", before, after)
	}
	if n := atomic.LoadInt32(&boundThreads); n != 0 {
		t.Errorf("%d threads are left of those that ended", n)
	}
}

// TestMakeRoom has the runtime get more Ps for threads of modules, up to a limit, and
// keep them.
func TestMakeRoom(t *testing.T) {
	if os.Getenv("GOMAXPROCS") != "" {
		t.Skip("SKIPPED: GOMAXPROCS is set")
	}
	onLoop(t)
	old := runtime.GOMAXPROCS(0)
	room.threads.Store(0)
	room.cpus = 0
	defer func() {
		atomic.StoreInt32(&boundThreads, 0)
		room.threads.Store(0)
		runtime.GOMAXPROCS(old)
	}()
	for _, tc := range []struct {
		threads int32
		want    int
	}{{1, old}, {int32(old), old + 1}, {int32(old) + 1, old + 2}, {2, old + 2}, {1000, old + mostRoom}} {
		atomic.StoreInt32(&boundThreads, tc.threads)
		makeRoom()
		if got := runtime.GOMAXPROCS(0); tc.threads > 1 && got != tc.want {
			t.Errorf("%d threads on %d processors: %d Ps, want %d", tc.threads, old, got, tc.want)
		}
	}
}

// benchmark times n calls that C makes in a loop.
func benchmark(b *testing.B, name string) {
	m := onLoop(b)
	ctx := newContext(m, newTestClient(testServer), true)
	defer ctx.release(true)
	m.call(server.ByCommand, symbol(b, "setup"), uint64(ctx.addr()), 0, 0, 0, 0, 0)
	fn := symbol(b, name)
	b.ResetTimer()
	m.call(server.ByCommand, fn, uint64(ctx.addr()), uint64(b.N), 0, 0, 0, 0)
}

func BenchmarkLeafField(b *testing.B)    { benchmark(b, "timeLeaf") }
func BenchmarkEnterGo(b *testing.B)      { benchmark(b, "timeEnter") }
func BenchmarkMilliseconds(b *testing.B) { benchmark(b, "timeMilliseconds") }
func BenchmarkThread(b *testing.B)       { benchmark(b, "timeThread") }
func BenchmarkStringMakeAndFree(b *testing.B) {
	benchmark(b, "timeStrings")
}

func BenchmarkLeafReply(b *testing.B) {
	m := onLoop(b)
	ctx := newContext(m, newTestClient(testServer), true)
	defer ctx.release(true)
	m.call(server.ByCommand, symbol(b, "setup"), uint64(ctx.addr()), 0, 0, 0, 0, 0)
	fn := symbol(b, "timeReply")
	b.ResetTimer()
	for n := b.N; n > 0; n -= 512 {
		m.call(server.ByCommand, fn, uint64(ctx.addr()), uint64(min(n, 512)), 0, 0, 0, 0)
		ctx.cell.wpos = ctx.cell.wbase
	}
}

func BenchmarkLeafString(b *testing.B) {
	m := onLoop(b)
	ctx := newContext(m, nil, true)
	defer ctx.release(true)
	m.call(server.ByCommand, symbol(b, "setup"), uint64(ctx.addr()), 0, 0, 0, 0, 0)
	s := newString([]byte("hello"), true)
	defer s.release(true)
	fn := symbol(b, "timeLeafString")
	b.ResetTimer()
	m.call(server.ByCommand, fn, uint64(s.addr()), uint64(b.N), 0, 0, 0, 0)
}

func BenchmarkCallModule(b *testing.B) {
	m := onLoop(b)
	fn := symbol(b, "nothing")
	for range b.N {
		m.call(server.ByCommand, fn, 0, 0, 0, 0, 0, 0)
	}
}
