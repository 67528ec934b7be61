package server

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// schedWriter notes how the thread is scheduled that it is called on.
type schedWriter struct {
	tid  int
	attr unix.SchedAttr
	err  error
}

func (w *schedWriter) Write(b []byte) (int, error) {
	attr, err := unix.SchedGetAttr(0, 0)
	if err == nil {
		w.attr = *attr
	}
	w.tid, w.err = unix.Gettid(), err
	return len(b), nil
}

// The writer of a snapshot gives way to others, and what it does to its thread for
// that happens to no other: neither to those that the runtime starts meanwhile nor to
// who gets the thread next.
func TestSnapshotWriterYields(t *testing.T) {
	own, err := unix.SchedGetAttr(0, 0)
	if err != nil || own.Policy != unix.SCHED_NORMAL || own.Nice+writerNice > 19 {
		t.Skipf("the tests are scheduled unlike others themselves: %+v, %v", own, err)
	}
	l := start(t, nil)
	var w schedWriter
	done := make(chan error, 1)
	l.on(func(s *Server) {
		if _, err := s.StartSnapshot(SnapshotOptions{To: &w, Done: func(err error) { done <- err }}); err != nil {
			done <- err
		}
	})
	if err := <-done; err != nil || w.err != nil {
		t.Fatal(err, w.err)
	}
	if w.attr.Policy != unix.SCHED_BATCH || w.attr.Nice != own.Nice+writerNice {
		t.Errorf("the writer has the policy %d and is nice by %d", w.attr.Policy, w.attr.Nice)
	}
	// What a client waits for is written without that.
	l.on(func(s *Server) {
		if err := s.WriteSnapshot(SnapshotOptions{To: &w}); err != nil {
			t.Error(err)
		}
	})
	if w.attr.Policy != unix.SCHED_NORMAL || w.attr.Nice != own.Nice {
		t.Errorf("the writer that the loop waits for has the policy %d and is nice by %d", w.attr.Policy, w.attr.Nice)
	}
	var left string
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if left = niceThreads(t, int(own.Nice)); left == "" {
			return
		}
	}
	t.Errorf("threads are nicer than the process: %s", left)
}

// niceThreads lists the process's threads that are nicer than they should be, but for
// the first, which the runtime puts away instead of ending it.
func niceThreads(t *testing.T, than int) (list string) {
	dirs, err := filepath.Glob("/proc/self/task/*")
	if err != nil || len(dirs) == 0 {
		t.Fatal(dirs, err)
	}
	for _, d := range dirs {
		b, err := os.ReadFile(filepath.Join(d, "stat"))
		if err != nil || filepath.Base(d) == strconv.Itoa(os.Getpid()) {
			continue // it is over
		}
		// The name may have blanks; the nice value is the 17th field behind it.
		fields := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
		if nice, err := strconv.Atoi(fields[16]); err != nil || nice > than {
			list += fmt.Sprintf("%s: %s ", filepath.Base(d), fields[16])
		}
	}
	return list
}
