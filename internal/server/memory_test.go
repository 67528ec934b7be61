//go:build linux

package server

import (
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// maxIdleHeap is the most Go heap that an idle connection may cost, in bytes.
const maxIdleHeap = 1536

// heap is the live Go heap after a collection.
func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // what the first one finalised
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestIdleConnectionMemory opens many connections that have talked and fell
// silent. Their other ends are bare descriptors, which cost this process no
// heap.
func TestIdleConnectionMemory(t *testing.T) {
	count := 1000
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if limit.Cur > 25_000 && !testing.Short() {
		count = 10_000
	}
	l := start(t, nil)
	l.dial().expect("ping", "PONG")
	before := heap()
	fds := make([]int, count)
	buf := make([]byte, 64)
	defer func() {
		for _, fd := range fds {
			_ = unix.Close(fd) // nothing is lost
		}
	}()
	for i := range fds {
		fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		fds[i] = fd
		if err := unix.Connect(fd, &unix.SockaddrUnix{Name: l.path}); err != nil {
			t.Fatal(err)
		}
		// A request cut in two leaves its first half behind for a while.
		for _, part := range []string{"*1\r\n$4\r\nPI", "NG\r\n"} {
			if _, err := unix.Write(fd, []byte(part)); err != nil {
				t.Fatal(err)
			}
		}
		if n, err := unix.Read(fd, buf); err != nil || string(buf[:n]) != "+PONG\r\n" {
			t.Fatal(n, err)
		}
	}
	l.until("all are connected", func(s *Server) bool { return s.ClientCount() == count+1 })
	each := (int64(heap()) - int64(before)) / int64(count)
	t.Logf("%d bytes of heap for each of %d connections", each, count)
	if each > maxIdleHeap {
		t.Errorf("an idle connection costs %d bytes", each)
	}
	runtime.KeepAlive(fds)
}
