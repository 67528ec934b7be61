package exchangetest

import (
	"net"
	"strconv"
	"strings"
	"testing"

	"berth/internal/testkit"
)

// pairTCP starts both servers with a port each.
func pairTCP(t *testing.T, args ...string) (berth, redis server) {
	t.Helper()
	r := testkit.StartRedis(t, testkit.Options{TCP: true, Args: args})
	b := testkit.StartBerth(t, testkit.Options{TCP: true, Args: append([]string{"--rdb-version", fileVersion}, args...)})
	return server{b, b.Dial(), t}, server{r, r.Dial(), t}
}

// migrate runs MIGRATE to a server and gives the reply's text.
func (s server) migrate(to server, key, db string, options ...string) string {
	s.t.Helper()
	args := append([]string{"MIGRATE", "127.0.0.1", strconv.Itoa(to.Port), key, db, "5000"}, options...)
	r := s.Do(args...)
	return string(r.Str)
}

// farAway is when keys of few expire, in milliseconds.
const farAway = 33177117420001

// sameExpiry checks that a key expires about then, for what goes over the wire is how
// long it has left, and has it expire exactly then.
func (s server) sameExpiry(db, key string) {
	s.t.Helper()
	s.must("SELECT", db)
	if at := s.must("PEXPIRETIME", key).Int; at < farAway || at > farAway+60000 {
		s.t.Errorf("%s: %q expires at %d", s.Server.Name, key, at)
	}
	s.must("PEXPIREAT", key, strconv.Itoa(farAway))
}

// All values go from one server to the other and are gone where they were.
func TestMigrate(t *testing.T) {
	t.Parallel()
	berth, redis := pairTCP(t, tight...)
	for _, pair := range [][2]server{{berth, redis}, {redis, berth}} {
		from, to := pair[0], pair[1]
		from.must("FLUSHALL")
		to.must("FLUSHALL")
		from.fill(few())
		from.load(from.save()) // a value's encoding is that of its bytes
		from.must("SET", "soon", "v", "PXAT", strconv.Itoa(farAway))
		want := from.state()
		keys := from.keys()
		for _, k := range keys[:5] {
			if got := from.migrate(to, k, "0"); got != "OK" {
				t.Errorf("%s: MIGRATE of %q: %s", from.Server.Name, k, got)
			}
		}
		if got := from.migrate(to, "", "0", append([]string{"COPY", "KEYS"}, keys[5:]...)...); got != "OK" {
			t.Errorf("%s: MIGRATE COPY: %s", from.Server.Name, got)
		}
		if got := from.migrate(to, "", "0", append([]string{"KEYS"}, keys[5:]...)...); !strings.HasPrefix(got, "ERR Target instance replied with error: BUSYKEY") {
			t.Errorf("%s: MIGRATE of what is there: %s", from.Server.Name, got)
		}
		if n := from.must("DBSIZE"); n.Int != int64(len(keys)-5) {
			t.Errorf("%s has %d keys", from.Server.Name, n.Int)
		}
		if got := from.migrate(to, "", "0", append([]string{"REPLACE", "KEYS", "nosuch"}, keys[5:]...)...); got != "OK" {
			t.Errorf("%s: MIGRATE REPLACE: %s", from.Server.Name, got)
		}
		if n := from.must("DBSIZE"); n.Int != 0 {
			t.Errorf("%s has still %d keys", from.Server.Name, n.Int)
		}
		from.must("SELECT", "3")
		if got := from.migrate(to, "expires", "3"); got != "OK" {
			t.Errorf("%s: MIGRATE to database 3: %s", from.Server.Name, got)
		}
		from.must("SELECT", "0")
		to.sameExpiry("3", "expires")
		to.sameExpiry("0", "soon")
		sameState(t, "from "+from.Server.Name, want, to.state())
	}
}

// What goes wrong is told in the same words by both servers, and deletes nothing.
func TestMigrateErrors(t *testing.T) {
	t.Parallel()
	berth, redis := pairTCP(t)
	berth.must("CONFIG", "SET", "slowlog-log-slower-than", "0")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	l.Close()
	mute, err := net.Listen("tcp", "127.0.0.1:0") // accepts by the kernel, and never answers
	if err != nil {
		t.Fatal(err)
	}
	defer mute.Close()
	silent := strconv.Itoa(mute.Addr().(*net.TCPAddr).Port)
	redis.must("CONFIG", "SET", "requirepass", "secret")
	redis.must("AUTH", "secret")
	target := strconv.Itoa(redis.Port)
	// redis-server cannot be asked to send to itself, so another one is.
	third := testkit.StartRedis(t, testkit.Options{})
	oracle := server{third, third.Dial(), t}
	for _, line := range []string{
		"MIGRATE", "MIGRATE h 1 k 0", "MIGRATE h 1 k 0 100 WHAT", "MIGRATE h 1 k 0 100 AUTH", "MIGRATE h 1 k 0 100 AUTH2 x", "MIGRATE h 1 k 0 100 KEYS a b",
		"MIGRATE h 1 k x 100", "MIGRATE h 1 k 0 x", "MIGRATE h 1 k x x", "MIGRATE h 1 nosuch 0 100", "MIGRATE h 1 '' 0 100 KEYS", "MIGRATE h 1 '' 0 100 KEYS nosuch nosuch",
		"MIGRATE h 1 '' 0 100", "MIGRATE 127.0.0.1 " + closed + " k 0 100", "MIGRATE 127.0.0.1 x k 0 100", "MIGRATE 127.0.0.1 " + silent + " k 0 50",
		"MIGRATE 127.0.0.1 " + target + " k 0 2000", "MIGRATE 127.0.0.1 " + target + " k 99 2000 AUTH secret", "MIGRATE 127.0.0.1 " + target + " k 0 2000 AUTH wrong",
		"MIGRATE 127.0.0.1 " + target + " k 0 2000 AUTH2 default wrong", "MIGRATE 127.0.0.1 " + target + " k 0 2000 AUTH2 nobody secret",
	} {
		for _, s := range []server{berth, oracle} {
			s.must("SET", "k", "v")
		}
		if want, got := oracle.Line(line), berth.Line(line); want != got {
			t.Errorf("%s\nberth        %s\nredis-server %s", line, got, want)
		}
		if n := berth.must("EXISTS", "k"); n.Int != 1 {
			t.Errorf("%s: the key is gone", line)
		}
	}
	for _, auth := range [][]string{{"AUTH", "secret"}, {"AUTH2", "default", "secret"}} {
		berth.must("SET", "k", "v")
		if got := berth.migrate(redis, "k", "0", append([]string{"REPLACE"}, auth...)...); got != "OK" {
			t.Errorf("%q: %s", auth, got)
		}
		if n := berth.must("EXISTS", "k"); n.Int != 0 {
			t.Errorf("%q: the key is still there", auth)
		}
	}
	if r := berth.must("SLOWLOG", "GET"); strings.Contains(testkit.Show(&r), "secret") {
		t.Errorf("the slow log tells a password:\n%s", testkit.Show(&r))
	}
}
