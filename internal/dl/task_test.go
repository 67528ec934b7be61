//go:build linux && (amd64 || arm64)

package dl

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ebitengine/purego"
)

// What must not disturb the test process, or may hang it, runs in a child: the
// test binary again, told by BERTH_DL_TASK what to do. A task prints "ok" last.
var tasks = map[string]func(args []string){
	"runtimes": taskRuntimes,
	"heard":    taskHeard,
	"faults":   taskFaults,
	"unload":   taskUnload,
	"pipe":     taskPipe,
	"lost":     taskLost,
	"hammer":   taskHammer,
}

func runTask(task string) {
	words := strings.Split(task, " ")
	tasks[words[0]](words[1:])
	fmt.Println("ok")
}

// child runs a task, and gives its output and whether it came to its end.
func child(t *testing.T, limit time.Duration, task ...string) (string, bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	// An emulator for a foreign test binary, as go test -exec has one.
	argv := append(strings.Fields(os.Getenv("BERTH_TEST_EXEC")), os.Args[0])
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), "BERTH_DL_TASK="+strings.Join(task, " "), "GOTRACEBACK=all")
	cmd.Cancel = func() error { return cmd.Process.Kill() }
	out, err := cmd.CombinedOutput()
	if err != nil {
		out = append(out, "child: "+err.Error()...)
	}
	return string(out), err == nil && strings.HasSuffix(string(out), "ok\n")
}

func check(err error) {
	if err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
}

func expect(what string, got, want any) {
	if got != want {
		fmt.Printf("failed: %s: got %v, want %v\n", what, got, want)
		os.Exit(1)
	}
}

func load(path string) *Library {
	l, err := Open(path, Module)
	check(err)
	return l
}

func invoke(l *Library, name string, args ...uintptr) uintptr {
	a, err := l.Symbol(name)
	check(err)
	r, _, _ := purego.SyscallN(a, args...)
	return r
}

var spinning [8]struct {
	n uint64
	_ [56]byte
}

// taskRuntimes is the story of doc.go: a host with goroutines that make no calls
// and several Go libraries, everyone collecting.
func taskRuntimes(args []string) {
	chaining = args[0] == "chained"
	rounds, err := strconv.Atoi(args[1])
	check(err)
	for i := range spinning {
		if i%4 == 0 {
			go func() {
				for {
					spinning[i].n++
				}
			}()
			continue
		}
		go func() {
			var keep []byte
			for {
				keep = make([]byte, 1+len(keep)%4096)
				spinning[i].n++
				runtime.Gosched()
			}
		}()
	}
	time.Sleep(5 * time.Millisecond)
	runtime.GC()
	var libs []*Library
	for i, path := range args[2:] {
		libs = append(libs, load(path))
		if i == 1 {
			// With two cores and two loops in the host, one in a module is plenty.
			invoke(libs[i], "Spin")
		}
		runtime.GC()
	}
	// Collections at the same time in the host and in every library.
	done := make(chan struct{})
	for _, l := range libs {
		go func() {
			for range rounds {
				expect("objects", invoke(l, "Churn", 200), uintptr(1600))
			}
			done <- struct{}{}
		}()
	}
	for n := 0; n < len(libs); {
		runtime.GC()
		select {
		case <-done:
			n++
		default:
		}
	}
	for _, l := range libs {
		expect("fault in a library", invoke(l, "Fault"), uintptr(1))
	}
	expect("fault in the host", hostFault(), true)
}

func TestGoRuntimes(t *testing.T) {
	a, b := buildGo(t, "runtime-a.so"), buildGo(t, "runtime-b.so")
	out, ok := child(t, 90*time.Second, "runtimes", "chained", "5", a, b)
	if !ok {
		t.Fatalf("the process hung or failed:\n%s", tail(out))
	}
}

// Without the chain the same process must hang: if it does not, the test above
// shows nothing.
func TestGoRuntimesUnchained(t *testing.T) {
	a := buildGo(t, "runtime-c.so")
	if out, ok := child(t, 4*time.Second, "runtimes", "unchained", "5", a); ok {
		t.Errorf("the process came to its end without chained handlers:\n%s", tail(out))
	}
}

func tail(s string) string {
	if len(s) > 4000 {
		return "…" + s[len(s)-4000:]
	}
	return s
}

func hostFault() (caught bool) {
	defer func() { caught = recover() != nil }()
	var p *int
	*p = 1
	return false
}

// taskHeard: the host and a library both listen to a signal.
func taskHeard(args []string) {
	c := make(chan os.Signal, 16)
	signal.Notify(c, syscall.SIGUSR1)
	kill := func() { check(syscall.Kill(os.Getpid(), syscall.SIGUSR1)) }
	hostHears := func() {
		select {
		case <-c:
		case <-time.After(5 * time.Second):
			check(fmt.Errorf("the host did not hear the signal"))
		}
	}
	libs := make([]*Library, 0, 4)
	for _, path := range args {
		libs = append(libs, load(path))
	}
	// The C libraries: one forwards, one does not. Neither may take the signal
	// away, and forwarding must not make the host hear it twice.
	invoke(libs[0], "take", uintptr(syscall.SIGUSR1), 0)
	Rechain()
	invoke(libs[1], "take", uintptr(syscall.SIGUSR1), 1)
	Rechain()
	// The Go library, by os/signal.
	invoke(libs[2], "Listen", uintptr(syscall.SIGUSR1))
	Rechain()
	for n := range 20 {
		kill()
		hostHears()
		// The host hears first, while the handler goes on to the others.
		for i, get := range []string{"get", "get", "Heard"} {
			for end := time.Now().Add(5 * time.Second); invoke(libs[i], get) <= uintptr(n); {
				if time.Now().After(end) {
					check(fmt.Errorf("library %d did not hear signal %d", i, n))
				}
				time.Sleep(time.Millisecond)
			}
		}
	}
	expect("more in the host's queue", len(c), 0)
	expect("first C library", invoke(libs[0], "get"), uintptr(20))
	expect("second C library", invoke(libs[1], "get"), uintptr(20))
	expect("Go library", invoke(libs[2], "Heard"), uintptr(20))
	Rechain()
	expect("handlers", len(handlersOf(int(syscall.SIGUSR1))), 4)
}

func TestEveryoneHears(t *testing.T) {
	out, ok := child(t, 60*time.Second, "heard",
		buildC(t, "heard-a.so", "handler.c"), buildC(t, "heard-b.so", "handler.c"), buildGo(t, "heard-c.so"))
	if !ok {
		t.Fatal(tail(out))
	}
}

// taskFaults: a C library with a SIGSEGV handler that never forwards, among
// Go libraries that do.
func taskFaults(args []string) {
	c, g1, g2 := args[0], args[1], args[2]
	l1 := load(g1)
	lc := load(c)
	expect("arming", invoke(lc, "fault"), uintptr(0))
	Rechain()
	l2 := load(g2)
	for range 100 {
		expect("a C library's fault", invoke(lc, "fault"), uintptr(1))
		expect("the host's fault", hostFault(), true)
		expect("a Go library's fault, the newest", invoke(l2, "Fault"), uintptr(1))
		expect("host by way of a library", invokeBack(l2), true)
	}
	// The older library's comes after the C handler, which does not know it and
	// does not forward. Nothing can be done for it: it is not tried.
	_ = l1
}

var backCaught bool

var backFn = purego.NewCallback(func() uintptr {
	backCaught = hostFault()
	return 0
})

// invokeBack faults in the host, called by C, called by a library's Go.
func invokeBack(l *Library) bool {
	backCaught = false
	invoke(l, "CallBack", backFn)
	return backCaught
}

func TestFaults(t *testing.T) {
	out, ok := child(t, 60*time.Second, "faults",
		buildC(t, "faults-c.so", "handler.c"), buildGo(t, "faults-a.so"), buildGo(t, "faults-b.so"))
	if !ok {
		t.Fatal(tail(out))
	}
}

// taskUnload: a library leaves its handlers behind.
func taskUnload(args []string) {
	l := load(args[0])
	for _, sig := range []syscall.Signal{syscall.SIGUSR1, syscall.SIGURG, syscall.SIGTSTP} {
		invoke(l, "take", uintptr(sig), 0)
	}
	Rechain()
	expect("handlers while loaded", len(handlersOf(int(syscall.SIGUSR1))), 2)
	check(l.Close())
	expect("handlers after", len(handlersOf(int(syscall.SIGUSR1))), 1)
	expect("SIGURG's handlers after", len(handlersOf(int(syscall.SIGURG))), 1)
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGUSR1)
	check(syscall.Kill(os.Getpid(), syscall.SIGUSR1))
	<-c
	// Not watched, taken by the library: back to the default.
	old := new(sigact)
	check(rtSigaction(int(syscall.SIGTSTP), nil, old))
	expect("SIGTSTP's handler", old.handler, uintptr(0))
}

func TestUnload(t *testing.T) {
	out, ok := child(t, 20*time.Second, "unload", buildC(t, "unload.so", "handler.c"))
	if !ok {
		t.Fatal(tail(out))
	}
}

// taskPipe: a broken pipe in C, also on a thread that no Go runtime knows.
func taskPipe(args []string) {
	lc := load(args[0])
	write := func() {
		minusOne := ^uintptr(0)
		expect("write", uintptr(int32(invoke(lc, "broken_pipe"))), minusOne)
		a, err := lc.Symbol("broken_pipe")
		check(err)
		create, err := lookup("pthread_create")
		check(err)
		join, err := lookup("pthread_join")
		check(err)
		thread := new(uintptr)
		pin := runtime.Pinner{}
		pin.Pin(thread)
		defer pin.Unpin()
		r, _, _ := purego.SyscallN(create, uintptrOf(thread), 0, a, 0)
		expect("pthread_create", r, uintptr(0))
		purego.SyscallN(join, *thread, 0)
	}
	write()
	load(args[1])
	write()
}

func TestBrokenPipe(t *testing.T) {
	out, ok := child(t, 20*time.Second, "pipe", buildC(t, "pipe.so", "handler.c"), buildGo(t, "pipe-go.so"))
	if !ok {
		t.Fatal(tail(out))
	}
}

// taskLost: preemption signals that come while a library is being loaded are
// lost, and the runtime sends no second one to the same thread.
func taskLost(args []string) {
	go func() {
		for {
			spinning[0].n++
		}
	}()
	time.Sleep(5 * time.Millisecond)
	collected := make(chan struct{})
	go func() {
		time.Sleep(30 * time.Millisecond) // into the constructor
		runtime.GC()
		close(collected)
	}()
	l := load(args[0])
	<-collected
	if invoke(l, "get") == 0 {
		check(fmt.Errorf("the library got no signal: nothing was lost"))
	}
	for range 10 {
		runtime.GC()
	}
}

func TestLostSignals(t *testing.T) {
	out, ok := child(t, 20*time.Second, "lost", buildC(t, "lost.so", "handler.c", "-DEARLY"))
	if !ok {
		t.Fatal(tail(out))
	}
}

// taskHammer loads and unloads a library that leaves its handlers behind,
// while signals come from everywhere.
func taskHammer(args []string) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGUSR1)
	stop := make(chan struct{})
	for range 2 {
		go func() {
			for {
				select {
				case <-stop:
					return
				case <-c:
				default:
					check(syscall.Kill(os.Getpid(), syscall.SIGUSR1))
					runtime.GC()
				}
			}
		}()
	}
	for end := time.Now().Add(time.Second); time.Now().Before(end); {
		l := load(args[0])
		invoke(l, "take", uintptr(syscall.SIGUSR1), 0)
		invoke(l, "take", uintptr(syscall.SIGURG), 0)
		Rechain()
		time.Sleep(time.Millisecond)
		check(l.Close())
	}
	close(stop)
}

func TestUnloadHammer(t *testing.T) {
	out, ok := child(t, 30*time.Second, "hammer", buildC(t, "hammer.so", "handler.c"))
	if !ok {
		t.Fatal(tail(out))
	}
}
