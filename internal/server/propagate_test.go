package server

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"berth/internal/resp"
)

// listen gathers what is propagated, a line a command; its list belongs to the
// loop.
func (l *live) listen(to Target) *[]string {
	var list []string
	l.on(func(s *Server) {
		s.SetPropagation(to, func(db int, cmd []byte) {
			r, n, err := resp.ParseReply(cmd)
			if err != nil || n != len(cmd) {
				list = append(list, fmt.Sprintf("bad: %q", cmd))
				return
			}
			list = append(list, fmt.Sprintf("%d %s", db, inOneLine(&r)))
		})
	})
	return &list
}

// fresh replaces what depends on the time.
var fresh = regexp.MustCompile(`1[0-9]{12}`)

func TestPropagation(t *testing.T) {
	l := start(t, nil)
	w := l.dial()
	got := l.listen(ToAOF)
	check := func(commands string, want ...string) {
		t.Helper()
		for _, line := range strings.Split(commands, ";") {
			w.do(strings.TrimSpace(line))
		}
		var have []string
		l.on(func(*Server) { have = *got; *got = nil })
		for i := range have {
			have[i] = fresh.ReplaceAllString(have[i], "TIME")
		}
		if !slices.Equal(have, want) {
			t.Errorf("%s:\ngot  %q\nwant %q", commands, have, want)
		}
	}
	check("get a; set a 1; get a", "0 [set a 1]")
	check("set a 1 EX 100", "0 [SET a 1 PXAT TIME]")
	check("set a 1 GET NX; set a 2 gEt xx keepttl", "0 [set a 2 xx keepttl]")
	check("setex a 10 v; getset a w; getdel a; getdel a", "0 [SET a v PXAT TIME]", "0 [SET a w]", "0 [DEL a]")
	check("set a 1; getex a; getex a ex 100; getex a persist; getex a persist; getex a pxat 1",
		"0 [set a 1]", "0 [PEXPIREAT a TIME]", "0 [PERSIST a]", "0 [DEL a]")
	check("set a 1; expire a 100 nx; expire a -1", "0 [set a 1]", "0 [PEXPIREAT a TIME nx]", "0 [DEL a]")
	check("incrbyfloat f 1.5; hincrbyfloat h f 0.5", "0 [SET f 1.5 KEEPTTL]", "0 [HSET h f 0.5]")
	check("multi; set a 1; get a; set b 2; exec", "-1 [MULTI]", "0 [set a 1]", "0 [set b 2]", "-1 [EXEC]")
	check("multi; set a 1; get a; exec", "0 [set a 1]")
	check("multi; set a 1; select 3; set b 2; exec; select 0", "-1 [MULTI]", "0 [set a 1]", "3 [set b 2]", "-1 [EXEC]")
	check("sadd s a; spop s; sadd s a b; spop s 2; spop s", "0 [sadd s a]", "0 [SREM s a]", "0 [sadd s a b]", "0 [DEL s]")
	check("rpush l 1 2 3; lmpop 2 m l left count 2", "0 [rpush l 1 2 3]", "0 [LPOP l 2]")
	check("zadd z 1 a; zmpop 1 z max", "0 [zadd z 1 a]", "0 [ZPOPMAX z 1]")
	check("flushall; publish a b; set", "0 [flushall]")
	check("flushdb; select 1; flushdb async; select 0", "0 [flushdb]", "1 [flushdb async]")
	check("xadd x * a 1; del x", "0 [xadd x TIME-0 a 1]", "0 [del x]")
	check("xadd x 1-* a 1; xadd x maxlen ~ 1 2-1 a 1; xtrim x maxlen ~ 0; del x",
		"0 [xadd x 1-0 a 1]", "0 [xadd x maxlen = 2 2-1 a 1]", "0 [xtrim x maxlen = 0]", "0 [del x]")
	check("xadd x 1 a 1; xadd x 2 b 2; xgroup create x g 0; xreadgroup group g c count 1 streams x >; xreadgroup group g c streams x 0",
		"0 [xadd x 1 a 1]", "0 [xadd x 2 b 2]", "0 [xgroup create x g 0]",
		"0 [XCLAIM x g c 0 1-0 TIME TIME RETRYCOUNT 1 FORCE JUSTID LASTID 1-0]")
	check("xreadgroup group g d noack streams x >", "-1 [MULTI]", "0 [XGROUP CREATECONSUMER x g d]",
		"0 [XGROUP SETID x g 2-0 ENTRIESREAD 2]", "-1 [EXEC]")
	check("xclaim x g d 0 1; xautoclaim x g c 0 0", "0 [XCLAIM x g d 0 1 TIME TIME RETRYCOUNT 3 FORCE JUSTID LASTID 2-0]",
		"0 [XCLAIM x g c 0 1-0 TIME TIME RETRYCOUNT 4 FORCE JUSTID LASTID 2-0]")
	check("xclaim x g d 0 9 lastid 7-7; xclaim x g d 0 9 lastid 7-7", "0 [XGROUP SETID x g 7-7 ENTRIESREAD 2]")
	check("geoadd p nx 1 1 a", "0 [zadd p nx 3377822707026402 a]")
	check("set a 1 px 1", "0 [SET a 1 PXAT TIME]")
	time.Sleep(3 * time.Millisecond)
	check("get a", "0 [DEL a]")
	check("set a 1 px 1; ping", "0 [SET a 1 PXAT TIME]")
	time.Sleep(3 * time.Millisecond)
	check("append a 2", "-1 [MULTI]", "0 [DEL a]", "0 [append a 2]", "-1 [EXEC]")

	l.on(func(s *Server) { s.SetPropagation(ToAOF, nil) })
	check("set a 1")
	got = l.listen(ToReplicas)
	check("publish a b; set a 1", "0 [publish a b]", "0 [set a 1]")
}

// A large number of members that one command pops leaves in commands of a thousand
// and twenty-four.
func TestPropagationInBatches(t *testing.T) {
	l := start(t, nil)
	w := l.dial()
	w.do("sadd s" + members(3000))
	got := l.listen(ToAOF)
	for _, n := range []int{500, 2400} {
		w.do(fmt.Sprintf("spop s %d", n))
	}
	var sizes []int
	l.on(func(*Server) {
		for _, line := range *got {
			sizes = append(sizes, len(strings.Fields(line)))
		}
	})
	if want := []int{503, 2, 1027, 1027, 355, 2}; !slices.Equal(sizes, want) {
		t.Errorf("commands of %d words, want %d", sizes, want)
	}
}

func members(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, " m%d", i)
	}
	return b.String()
}
