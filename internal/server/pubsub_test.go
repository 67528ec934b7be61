package server

import "testing"

func TestPubsub(t *testing.T) {
	l := start(t, nil)
	sub, pub := l.dial(), l.dial()
	sub.send("subscribe a b")
	for _, want := range []string{"[subscribe a 1]", "[subscribe b 2]"} {
		if got := sub.next(); got != want {
			t.Error(got)
		}
	}
	sub.expect(
		"get x", "-ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context",
		"ping", "[pong ]",
		"ping x", "[pong x]",
		"psubscribe a*", "[psubscribe a* 3]",
		"subscribe a", "[subscribe a 3]",
		"ssubscribe s", "[ssubscribe s 1]",
	)
	pub.expect(
		"publish a hello", "2",
		"publish b x", "1",
		"publish zz x", "0",
		"spublish s m", "1",
		"publish s m", "0",
		"spublish a m", "0",
		"pubsub channels a*", "[a]",
		"pubsub numsub a b zz", "[a 1 b 1 zz 0]",
		"pubsub numsub", "[]",
		"pubsub numpat", "1",
		"pubsub shardchannels", "[s]",
		"pubsub shardnumsub s x", "[s 1 x 0]",
		"pubsub foo", "-ERR unknown subcommand 'foo'. Try PUBSUB HELP.",
	)
	for _, want := range []string{"[message a hello]", "[pmessage a* a hello]", "[message b x]", "[smessage s m]"} {
		if got := sub.next(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	sub.expect(
		"unsubscribe zz", "[unsubscribe zz 3]",
		"unsubscribe a", "[unsubscribe a 2]",
		"unsubscribe", "[unsubscribe b 1]",
		"unsubscribe", "[unsubscribe nil 1]",
		"sunsubscribe", "[sunsubscribe s 0]",
		"get x", "-ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context",
		"punsubscribe", "[punsubscribe a* 0]",
		"get x", "nil",
	)
}

func TestPubsubResp3(t *testing.T) {
	w := start(t, nil).dial()
	w.do("hello 3")
	w.expect("subscribe a", "[subscribe a 1]", "get x", "nil", "ping", "PONG")
	// Its own message comes behind the reply, and behind a whole transaction.
	w.expect("publish a hello", "1")
	if got := w.next(); got != "[message a hello]" {
		t.Error(got)
	}
	w.expect("multi", "OK", "publish a x", "QUEUED", "ping", "QUEUED", "exec", "[1 PONG]")
	if got := w.next(); got != "[message a x]" {
		t.Error(got)
	}
	w.write(request("get x"))
	if string(w.next()) != "nil" {
		t.Error("a null in RESP3")
	}
	w.expect("reset", "RESET", "publish a x", "0")
}

func TestPubsubReplyOff(t *testing.T) {
	l := start(t, nil)
	sub, pub := l.dial(), l.dial()
	sub.send("client reply off", "subscribe a")
	if got := sub.next(); got != "[subscribe a 1]" {
		t.Error("pushes pass:", got)
	}
	pub.expect("publish a x", "1")
	if got := sub.next(); got != "[message a x]" {
		t.Error(got)
	}
}

func TestMatch(t *testing.T) {
	for _, tc := range []struct {
		pattern, text string
		fold, want    bool
	}{
		{"*", "abc", false, true}, {"a*", "abc", false, true}, {"*c", "abc", false, true}, {"a*c", "abc", false, true},
		{"a*d", "abc", false, false}, {"a?c", "abc", false, true}, {"a?", "abc", false, false}, {"abc", "abc", false, true},
		{"ABC", "abc", false, false}, {"ABC", "abc", true, true}, {"[a-c]b[^x]", "abc", false, true}, {"[^a]bc", "abc", false, false},
		{"[c-a]bc", "abc", false, true}, {"[A-C]bc", "abc", true, true}, {"\\*", "*", false, true}, {"\\*", "a", false, false},
		{"[\\]]", "]", false, true}, {"[abc", "b", false, true}, {"a**b", "aXb", false, true}, {"", "", false, true}, {"", "a", false, false},
		{"a*", "a", false, true}, {"a?*", "a", false, false}, {"*a*b*c*", "xxaxxbxxcxx", false, true},
		{"*a*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false, false},
	} {
		if got := Match([]byte(tc.pattern), []byte(tc.text), tc.fold); got != tc.want {
			t.Errorf("%q against %q: %v", tc.pattern, tc.text, got)
		}
	}
}
