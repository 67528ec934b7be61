package crashtest

import (
	"errors"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// smallDisk is a directory with room for a megabyte. grow makes it eight.
func smallDisk(t *testing.T) (dir string, grow func()) {
	t.Helper()
	dir = t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("SKIPPED: a small disk cannot be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir, func() {
		t.Helper()
		if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT, "size=8m"); err != nil {
			t.Fatal(err)
		}
	}
}

const (
	// value is what is written under each key.
	valueSize = 1000
	// most is more keys than a small disk has room for.
	most = 2000
	// misconf is what writes are told while the disk is full.
	misconf = "MISCONF Errors writing to the AOF file: No space left on device"
)

// fill writes keys until that fails, and returns how many were acknowledged.
func fill(t *testing.T, c *conn, from int) (acked int, err error) {
	t.Helper()
	for n := from; n < most; n++ {
		if _, err := c.do("SET", "key"+strconv.Itoa(n), strings.Repeat(strconv.Itoa(n%10), valueSize)); err != nil {
			return n, err
		}
	}
	t.Fatal("the disk does not fill up")
	return 0, nil
}

// found checks that the first keys are there.
func found(t *testing.T, c *conn, acked int) {
	t.Helper()
	for n := range acked {
		r, err := c.do("GET", "key"+strconv.Itoa(n))
		if err != nil || string(r.Str) != strings.Repeat(strconv.Itoa(n%10), valueSize) {
			t.Fatalf("key %d of %d that were acknowledged: %.20q, %v", n, acked, r.Str, err)
		}
	}
}

// info is one line of INFO persistence.
func info(t *testing.T, c *conn, name string) string {
	t.Helper()
	r, err := c.do("INFO", "persistence")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(r.Str), name+":")
	val, _, _ := strings.Cut(rest, "\r\n")
	return val
}

func (p *program) mustDial() *conn {
	p.t.Helper()
	c, err := p.dial()
	if err != nil {
		p.t.Fatal(err)
	}
	return c
}

// With the disk full writes get errors and reads do not, until there is room again;
// what was acknowledged is there after a crash.
func TestFull(t *testing.T) {
	dir, grow := smallDisk(t)
	p := newProgram(t, dir, "--appendfsync", "everysec", "--auto-aof-rewrite-percentage", "0")
	p.Start()
	c := p.mustDial()
	acked, err := fill(t, c, 0)
	if !errors.Is(err, errReply) || !strings.Contains(err.Error(), misconf) {
		t.Fatalf("write %d ends with %v", acked, err)
	}
	for _, args := range [][]string{{"SET", "a", "1"}, {"DEL", "key0"}, {"PING"}, {"LPUSH", "a", "1"}} {
		if _, err := c.do(args...); err == nil || !strings.HasSuffix(err.Error(), misconf) {
			t.Errorf("%s: %v", args, err)
		}
	}
	if _, err := c.do("BGREWRITEAOF"); err == nil {
		t.Error("a rewrite begins without room for its files")
	}
	if got := info(t, c, "aof_last_write_status") + " " + info(t, c, "aof_last_bgrewrite_status"); got != "err err" {
		t.Errorf("the last write and rewrite went %s", got)
	}
	found(t, c, acked)
	grow()
	for deadline := time.Now().Add(20 * time.Second); info(t, c, "aof_last_write_status") != "ok"; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("no write is tried again:\n%s", p.Log())
		}
	}
	if _, err := c.do("SET", "key"+strconv.Itoa(acked), strings.Repeat(strconv.Itoa(acked%10), valueSize)); err != nil {
		t.Fatal(err)
	}
	p.Kill()
	p.Start()
	c = p.mustDial()
	found(t, c, acked+1)
	if strings.Contains(p.Log(), "short read") {
		t.Errorf("a part of a write stayed in the file:\n%s", p.Log())
	}
}

// Killed while the disk is full, the server finds a file that makes sense.
func TestFullKilled(t *testing.T) {
	dir, _ := smallDisk(t)
	p := newProgram(t, dir, "--appendfsync", "no", "--auto-aof-rewrite-percentage", "0")
	p.Start()
	acked, err := fill(t, p.mustDial(), 0)
	if !errors.Is(err, errReply) {
		t.Fatalf("write %d ends with %v", acked, err)
	}
	p.Kill()
	p.Start()
	// What the failed write was to take along was acknowledged before it failed: with
	// this way of syncing it may be lost, as in Redis.
	found(t, p.mustDial(), acked-1)
	if strings.Contains(p.Log(), "short read") {
		t.Errorf("a part of a write stayed in the file:\n%s", p.Log())
	}
}

// With appendfsync always the server ends rather than acknowledge what it could not
// write.
func TestFullAlways(t *testing.T) {
	dir, grow := smallDisk(t)
	p := newProgram(t, dir, "--appendfsync", "always", "--auto-aof-rewrite-percentage", "0")
	p.Start()
	acked, err := fill(t, p.mustDial(), 0)
	if errors.Is(err, errReply) || acked == 0 {
		t.Fatalf("write %d ends with %v", acked, err)
	}
	p.Kill()
	if want := "Can't recover from AOF write error when the AOF fsync policy is 'always'. Exiting..."; !strings.Contains(p.Log(), want) {
		t.Errorf("the log does not say why it ended:\n%s", p.Log())
	}
	grow()
	p.Start()
	c := p.mustDial()
	found(t, c, acked)
	if r, err := c.do("DBSIZE"); err != nil || int(r.Int) < acked || int(r.Int) > acked+1 {
		t.Errorf("there are %d keys of %d: %v", r.Int, acked, err)
	}
}
