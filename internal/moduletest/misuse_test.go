package moduletest

import (
	"regexp"
	"strings"
	"testing"
	"time"
)

// A module that uses the interface wrongly gets an error, the log gets one line
// that names it and the function, and the server goes on.
func TestMisuse(t *testing.T) {
	so := module(t, "testdata/modules/misuse.c")
	s := startBerth(t)
	c := s.dial()
	c.expect(t, "OK", "MODULE", "LOAD", so)
	for _, tc := range []struct {
		name     string
		reply    string // "1": the call failed; "0": MISUSE.LAST tells
		function string // empty where nothing is wrong
		reason   string
	}{
		{"freedString", "1", "StringPtrLen", "freed before"},
		{"freedTwice", "1", "FreeString", "freed before"},
		{"foreignString", "1", "ReplyWithString", "not a string of this server"},
		{"foreignHeap", "1", "StringToLongLong", "not a string of this server"},
		{"wildPointer", "1", "ReplyWithString", ""},
		{"unmapped", "1", "ReplyWithString", ""},
		{"nullString", "1", "ReplyWithString", "is NULL"},
		{"badBuffer", "1", "ReplyWithStringBuffer", "pointer"},
		{"endlessBuffer", "1", "ReplyWithStringBuffer", "len out of range"},
		{"endlessKey", "1", "DictGetC", "len out of range"},
		{"contextAsKey", "1", "ListPush", "is a context, not a key"},
		{"stringAsDict", "1", "DictSetC", "is a string, not a dictionary"},
		{"stringAsContext", "1", "ReplyWithLongLong", "is a string, not a context"},
		{"freedReply", "1", "CallReplyArrayElement", "freed before"},
		{"freedDict", "1", "DictSetC", "freed before"},
		{"closedKey", "1", "StringSet", "freed before"},
		{"noPostponed", "1", "ReplySetArrayLength", "postponed"},
		{"keepContext", "1", "", ""},
		{"unlockUntaken", "1", "ThreadSafeContextUnlock", "did not take"},
		{"lockTwice", "1", "ThreadSafeContextLock", "already"},
		{"unblockTwice", "0", "UnblockClient", "unblocked before"},
		{"wrongType", "1", "", ""},
		{"readOnly", "1", "", ""},
		{"timerReply", "0", "ReplyWithLongLong", "no client"},
		{"timerBlock", "0", "BlockClient", "no client"},
		{"threadCall", "0", "Call", "does not hold the host lock"},
		{"threadOpen", "0", "OpenKey", "does not hold the host lock"},
		{"threadLockTwice", "0", "ThreadSafeContextLock", "already"},
		{"threadUnlock", "0", "ThreadSafeContextUnlock", "did not take"},
		{"threadUnblock", "0", "UnblockClient", ""},
		{"threadWild", "0", "OpenKey", ""},
		{"threadStore", "0", "StringToLongLong", "pointer"},
		{"filterTwice", "1", "UnregisterCommandFilter", "freed before"},
		{"strayIterator", "1", "DictNextC", "freed before"},
		{"badFormat", "1", "CreateStringPrintf", "not a string"},
		{"freedUnder", "1", "DictNextC", "the dictionary of the iterator was freed"},
		{"badOperator", "1", "DictIteratorStartC", "operator"},
		{"callBadFormat", "1", "Call", ""},
		{"freedBlocked", "1", "UnblockClient", ""},
		{"closedWatched", "1", "", ""},
		{"threadFree", "0", "", ""},
		{"threadUnload", "0", "", "Error unloading module misuse: the module is running a command"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			from := len(s.output())
			c.expect(t, "(integer) "+tc.reply, "MISUSE", tc.name)
			if tc.reply == "0" {
				s.eventually("the call", func() bool { return c.do(t, "MISUSE.LAST") != "(integer) -1" })
				c.expect(t, "(integer) 1", "MISUSE.LAST")
			}
			lines := s.loggedSince(from)
			if tc.function == "" && tc.reason != "" {
				if len(lines) != 1 || !strings.Contains(lines[0], tc.reason) {
					t.Errorf("the log has %q", lines)
				}
			} else if tc.function == "" {
				if len(lines) != 0 {
					t.Errorf("the log has %q", lines)
				}
			} else if line := regexp.MustCompile(` # <misuse> RedisModule_` + tc.function + ` was used wrongly: .*` + tc.reason); len(lines) != 1 || !line.MatchString(lines[0]) {
				t.Errorf("the log has %q, want one line like %s", lines, line)
			}
			c.expect(t, "PONG", "PING")
		})
	}
	late := s.dial() // with the number of the descriptor of closedWatched
	late.expect(t, "PONG", "PING")
	// The place of the kept context may belong to another by now, so all that
	// is certain is that the server lives.
	if got := c.do(t, "MISUSE", "useContext"); !strings.HasPrefix(got, "(integer)") {
		t.Errorf("useContext: %s", got)
	}
	c.expect(t, "PONG", "PING")
	c.expect(t, "(integer) 0", "EXISTS", "by thread", "opened by thread", "closed")
	time.Sleep(10 * time.Millisecond) // the threads end a little after their call
	c.expect(t, "OK", "MODULE", "UNLOAD", "misuse")
	c.expect(t, "PONG", "PING")
	late.expect(t, "PONG", "PING")
}
