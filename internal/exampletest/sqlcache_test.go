package exampletest

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"berth/internal/testkit"
)

// Statements of the tests, as arguments of the module.
var (
	userStatement = []string{"query", "user", "60", "SELECT name, email, photo FROM users WHERE id = ?"}
	// A gated row is read, and then waits until the gate is open.
	gatedStatement = []string{"query", "gated", "60", "SELECT GET_LOCK('gate', 20) AS got, RELEASE_LOCK('gate') AS freed, name FROM users WHERE id = ?"}
)

// cached is a server with the module before a database.
type cached struct {
	*testkit.Server
	t *testing.T
	c *testkit.Conn
	// descriptors is how many were open before the module came.
	descriptors int
	// others are the further clients.
	others []*testkit.Conn
}

func startCache(t *testing.T, db *database, args ...string) *cached {
	t.Helper()
	s := &cached{Server: testkit.StartBerth(t, testkit.Options{}), t: t}
	s.c = s.Dial()
	s.c.Expect("PING", "PONG")
	s.descriptors = s.open()
	so := testkit.BuildC(t, "modules/sqlcache.c", "-Wextra", "-Werror", "-lmariadb")
	load := []string{"MODULE", "LOAD", so, "socket", db.socket, "user", "root", "database", "shop"}
	load = append(append(append(load, userStatement...), gatedStatement...), args...)
	if r := s.c.Do(load...); string(r.Str) != "OK" {
		t.Fatal(testkit.Show(&r), s.Log())
	}
	return s
}

// open counts the server's descriptors.
func (s *cached) open() int {
	s.t.Helper()
	list, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", s.PID))
	if err != nil {
		s.t.Skip("SKIPPED: no /proc: ", err)
	}
	return len(list)
}

func (s *cached) stat(name string) int {
	s.t.Helper()
	return stat(s.t, s.c, "SQLCACHE.STATS", name)
}

func (s *cached) expectStats(want map[string]int) {
	s.t.Helper()
	for name, n := range want {
		if got := s.stat(name); got != n {
			s.t.Errorf("%s is %d, want %d", name, got, n)
		}
	}
}

// waiting dials n clients, each of which asks for a key.
func (s *cached) waiting(n int, key func(i int) string) []*testkit.Conn {
	s.t.Helper()
	list := make([]*testkit.Conn, n)
	for i := range list {
		list[i] = s.Dial()
		list[i].Send("SQLCACHE.GET", key(i))
	}
	s.others = append(s.others, list...)
	return list
}

// unload expects that the module goes, and leaves no descriptor behind.
func (s *cached) unload() {
	s.t.Helper()
	s.c.Expect("MODULE UNLOAD sqlcache", "OK", "PING", "PONG")
	for _, c := range s.others {
		c.Close()
	}
	eventually(s.t, "no more descriptors than at first", func() bool { return s.open() <= s.descriptors })
}

const ada = "1) \"name\"\n2) \"Ada Lovelace\"\n3) \"email\"\n4) \"ada@example.org\""

// TestCache has one database for all its parts, which disturb it in turn.
func TestCache(t *testing.T) {
	t.Parallel()
	db := startDatabase(t)
	db.Start()
	for _, part := range []struct {
		name string
		test func(*testing.T, *database)
	}{
		{"rows", cacheRows}, {"quotes", cacheQuotes}, {"errors", cacheErrors}, {"merging", cacheMerging}, {"invalidation", cacheInvalidation},
		{"pool", cachePool}, {"leaving", cacheLeaving}, {"hanging", cacheHanging}, {"restarts", cacheRestarts},
		{"hammer", cacheHammer},
	} {
		t.Run(part.name, func(t *testing.T) { part.test(t, db) })
	}
}

// A row comes from the database once, then from the hash, in the same words.
func cacheRows(t *testing.T, db *database) {
	s := startCache(t, db)
	photo := "1) \"name\"\n2) \"\\xc3\\x89milie \\xe2\\x98\\x95\"\n3) \"email\"\n4) \"\"\n5) \"photo\"\n6) \"\\x00\\xff\\r\\n'\""
	for range 3 {
		s.c.Expect("SQLCACHE.GET user:42", ada, "SQLCACHE.GET user:43", photo)
	}
	s.c.Expect("HGETALL user:42", ada, "TYPE user:43", "hash", "SQLCACHE.INVALIDATE user:43 user:44", "(integer) 1")
	if ttl := s.c.Do("TTL", "user:42"); ttl.Int < 1 || ttl.Int > 60 {
		t.Errorf("it is kept for %d s", ttl.Int)
	}
	s.expectStats(map[string]int{"hits": 4, "misses": 2, "queries": 2, "connects": 1, "waiting": 0, "running": 0})
	// Nothing is cached of a row that is not there, or has nothing in it.
	s.c.Expect("SQLCACHE.GET user:none", "(empty array)", "SQLCACHE.GET user:44", "(empty array)", "DBSIZE", "(integer) 1")
	// Each database of the server has rows of its own, in either protocol.
	s.c.Expect("SELECT 3", "OK")
	s.c.Do("HELLO", "3")
	for range 2 {
		s.c.Expect("SQLCACHE.GET user:42", "1# \"name\" => \"Ada Lovelace\"\n2# \"email\" => \"ada@example.org\"")
	}
	s.c.Expect("DBSIZE", "(integer) 1", "SQLCACHE.GET user:none", "(empty hash)")
	// A row outlives neither its seconds nor the module.
	s.c.Expect("PEXPIRE user:42 1", "(integer) 1")
	eventually(t, "the row to expire", func() bool { return s.c.Line("EXISTS user:42") == "(integer) 0" })
	s.c.Expect("SQLCACHE.GET user:42", "1# \"name\" => \"Ada Lovelace\"\n2# \"email\" => \"ada@example.org\"")
	s.unload()
}

// What a client sends is a value, whatever it looks like, also where the
// database takes a backslash for itself.
func cacheQuotes(t *testing.T, db *database) {
	for _, mode := range []string{"STRICT_TRANS_TABLES", "NO_BACKSLASH_ESCAPES"} {
		db.run(t, "SET GLOBAL sql_mode='"+mode+"'")
		s := startCache(t, db)
		quoted := `1) "name"` + "\n" + `2) "a quote and a backslash"`
		s.c.Expect(`SQLCACHE.GET "user:it's\\"`, quoted, `SQLCACHE.GET "user:it's\\"`, quoted)
		for _, attack := range []string{
			`' OR '1'='1`, `\' OR 1=1 -- `, `42'; DROP TABLE users; -- `, `42' UNION SELECT 1,2,3 -- `, "42\x00", `42"`, "\xbf' OR 1=1 -- ", "", "?", "'", `\`,
		} {
			if r := s.c.Do("SQLCACHE.GET", "user:"+attack); r.Len != 0 || testkit.Show(&r) != "(empty array)" {
				t.Errorf("%s: %q: %s", mode, attack, testkit.Show(&r))
			}
		}
		long := strings.Repeat(`'\`, 50_000)
		if r := s.c.Do("SQLCACHE.GET", "user:"+long); testkit.Show(&r) != "(empty array)" {
			t.Errorf("%s: a long value: %.200s", mode, testkit.Show(&r))
		}
		s.c.Expect("SQLCACHE.GET user:42", ada)
		s.expectStats(map[string]int{"errors": 0, "connects": 1})
		s.unload()
	}
}

// Errors of the database are errors; they cost no connection.
func cacheErrors(t *testing.T, db *database) {
	s := startCache(t, db, "query", "nowhere", "1", "SELECT x FROM nowhere WHERE id = ?", "query", "wrong", "1", "SELEKT\n ?", "query", "nothing", "1", "DO ?")
	for range 2 {
		s.c.Expect("SQLCACHE.GET nowhere:1", "(error) ERR database: (1146) Table 'shop.nowhere' doesn't exist",
			"SQLCACHE.GET nothing:1", "(error) ERR database: the statement gives no rows",
			"SQLCACHE.GET user:42", ada,
			"SQLCACHE.GET user", "(error) ERR no statement has the name before the key's colon",
			"SQLCACHE.GET use:r", "(error) ERR no statement has the name before the key's colon")
		if got := s.c.Line("SQLCACHE.GET wrong:1"); !strings.HasPrefix(got, "(error) ERR database: (1064) You have an error in your SQL syntax") {
			t.Error(got)
		}
	}
	s.expectStats(map[string]int{"errors": 6, "connects": 1})
	s.unload()
	for _, tc := range []struct{ password, want string }{
		{"wrong", "(error) ERR database: (1045) Access denied for user 'app'@'localhost' (using password: YES)"},
		{"a secret", ada},
	} {
		s := startCache(t, db, "user", "app", "password", tc.password)
		s.c.Expect("SQLCACHE.GET user:42", tc.want)
		s.unload()
	}
}

// gated is what a gated row replies.
func gated(name string) string {
	return fmt.Sprintf("1) \"got\"\n2) \"1\"\n3) \"freed\"\n4) \"1\"\n5) \"name\"\n6) %q", name)
}

// read expects the same reply of all.
func (s *cached) read(list []*testkit.Conn, want string) {
	s.t.Helper()
	for i, w := range list {
		if r := w.Read(); testkit.Show(&r) != want {
			s.t.Errorf("client %d: got %s\nwant %s", i, testkit.Show(&r), want)
		}
	}
}

// await waits until so many clients wait.
func (s *cached) await(n int) {
	s.t.Helper()
	eventually(s.t, fmt.Sprint(n, " clients to wait"), func() bool { return s.stat("waiting") == n })
}

func sameKey(key string) func(int) string { return func(int) string { return key } }

// However many miss one key at once, the database is asked once.
func cacheMerging(t *testing.T, db *database) {
	s := startCache(t, db, "timeout", "15000")
	db.close(t)
	const n = 100
	list := s.waiting(n, sameKey("gated:42"))
	s.await(n)
	db.open(t)
	s.read(list, gated("Ada Lovelace"))
	s.expectStats(map[string]int{"queries": 1, "merged": n - 1, "waiting": 0, "running": 0})
	s.unload()
}

// Who asks after an invalidation gets no row from before it.
func cacheInvalidation(t *testing.T, db *database) {
	s := startCache(t, db, "timeout", "15000")
	db.close(t)
	before := s.waiting(3, sameKey("gated:n1"))
	db.atGate(t, 1)
	s.await(3)
	db.run(t, "UPDATE shop.users SET name = 'changed' WHERE id = 'n1'")
	s.c.Expect("SQLCACHE.INVALIDATE gated:n1", "(integer) 0")
	after := s.waiting(3, sameKey("gated:n1"))
	db.atGate(t, 2)
	s.await(6)
	db.open(t)
	s.read(before, gated("number 1"))
	s.read(after, gated("changed"))
	s.c.Expect("HGET gated:n1 name", `"changed"`)
	s.expectStats(map[string]int{"queries": 2, "merged": 4})
	// What somebody else has written meanwhile is left alone.
	db.close(t)
	list := s.waiting(1, sameKey("gated:n2"))
	s.await(1)
	s.c.Expect("HSET gated:n2 name other", "(integer) 1")
	db.open(t)
	s.read(list, gated("number 2"))
	s.c.Expect("HGETALL gated:n2", "1) \"name\"\n2) \"other\"")
	s.unload()
}

// Many keys share few connections.
func cachePool(t *testing.T, db *database) {
	s := startCache(t, db, "timeout", "15000", "connections", "3")
	db.close(t)
	list := s.waiting(9, func(i int) string { return fmt.Sprintf("gated:n%d", i+10) })
	s.await(9)
	db.atGate(t, 3)
	s.expectStats(map[string]int{"queries": 9, "running": 9, "connects": 3, "connected": 3})
	db.open(t)
	for i, w := range list {
		s.read([]*testkit.Conn{w}, gated(fmt.Sprint("number ", i+10)))
	}
	for i, w := range s.waiting(300, func(i int) string { return fmt.Sprintf("user:n%d", i+100) }) {
		s.read([]*testkit.Conn{w}, fmt.Sprintf("1) \"name\"\n2) \"number %d\"", i+100))
	}
	s.expectStats(map[string]int{"connects": 3, "errors": 0, "running": 0})
	s.unload()
}

// Clients that leave or are killed take nothing with them, and the module can go
// while a statement nobody waits for is under way.
func cacheLeaving(t *testing.T, db *database) {
	s := startCache(t, db, "timeout", "15000", "connections", "1")
	db.close(t)
	list := s.waiting(12, func(i int) string { return fmt.Sprintf("gated:n%d", 20+i%3) })
	s.await(len(list))
	db.atGate(t, 1)
	for _, w := range list[:6] {
		w.Close()
	}
	s.await(6)
	killed := 0
	for line := range strings.SplitSeq(string(s.c.Do("CLIENT", "LIST").Str), "\n") {
		if id, _, _ := strings.Cut(line, " "); strings.Contains(line, "cmd=sqlcache.get") && killed < 3 {
			s.c.Expect("CLIENT KILL ID "+strings.TrimPrefix(id, "id="), "(integer) 1")
			killed++
		}
	}
	s.await(3)
	// One that stays is unblocked by somebody else.
	stays := s.Dial()
	id := stays.Do("CLIENT", "ID")
	for _, how := range []struct{ word, want string }{
		{"", "(error) ERR database: no answer in time"}, {" ERROR", "(error) UNBLOCKED client unblocked via CLIENT UNBLOCK"},
	} {
		stays.Send("SQLCACHE.GET", "gated:n20")
		s.await(4)
		s.c.Expect(fmt.Sprint("CLIENT UNBLOCK ", id.Int, how.word), "(integer) 1")
		s.read([]*testkit.Conn{stays}, how.want)
	}
	stays.Close()
	for _, w := range list[6:] {
		w.Close()
	}
	s.await(0)
	// One statement is at the gate; the others, that nobody waits for, were not begun and never will be.
	s.expectStats(map[string]int{"queries": 3, "running": 1})
	s.unload()
	db.atGate(t, 0)
	db.open(t)
}

// latencies are those of a client that needs no database: the 99th percentile of
// its round trips, and the longest.
func (s *cached) latencies(n int) (p99, longest time.Duration) {
	c, list := s.Dial(), make([]time.Duration, n)
	defer c.Close()
	for i := range list {
		from := time.Now()
		c.Expect("HGETALL other", "(empty array)")
		list[i] = time.Since(from)
	}
	slices.Sort(list)
	return list[n*99/100], list[n-1]
}

// The database stops in the middle: those who wait for it get their timeout,
// nobody else waits, and service returns with the database.
func cacheHanging(t *testing.T, db *database) {
	const timeout = 1500 * time.Millisecond
	s := startCache(t, db, "timeout", "1500", "connections", "2")
	s.c.Expect("SQLCACHE.GET user:42", ada)
	before, _ := s.latencies(2000)
	db.Pause()
	defer db.Resume()
	list := s.waiting(30, func(i int) string { return fmt.Sprintf("user:n%d", 500+i%10) })
	eventually(t, "all to wait", func() bool { return s.stat("waiting") == len(list) || s.stat("timeouts") > 0 })
	during, longest := s.latencies(2000)
	t.Logf("p99 of HGETALL: %v, with the database stopped %v, the longest %v", before, during, longest)
	if during >= timeout/2 {
		t.Errorf("with the database stopped, the p99 of others is %v", during)
	}
	s.c.Expect("SQLCACHE.GET user:42", ada) // a hit needs no database
	for _, w := range list {
		if r := w.Read(); testkit.Show(&r) != "(error) ERR database: no answer in time" && testkit.Show(&r) != "(error) ERR database: no connection in time" {
			t.Errorf("got %s", testkit.Show(&r))
		}
		w.Expect("PING", "PONG")
	}
	s.await(0)
	db.Resume()
	eventually(t, "service to return", func() bool { return strings.Contains(s.c.Line("SQLCACHE.GET user:n500"), "number 500") })
	s.unload()
}

// The database dies with statements under way and comes back; connections that
// the database ends are replaced without anybody noticing.
func cacheRestarts(t *testing.T, db *database) {
	s := startCache(t, db, "timeout", "15000")
	s.c.Expect("SQLCACHE.GET user:42", ada, "FLUSHALL", "OK")
	// Idle connections are missed at once, and the next statement has a new one.
	kill := "SELECT CONCAT('KILL ', id) FROM information_schema.processlist WHERE db = 'shop'"
	db.run(t, db.run(t, kill))
	eventually(t, "the end of the connection", func() bool { return s.stat("connected") == 0 })
	s.c.Expect("SQLCACHE.GET user:42", ada)
	s.expectStats(map[string]int{"errors": 0, "connects": 2})
	// A statement whose connection is killed is sent again.
	db.close(t)
	list := s.waiting(1, sameKey("gated:42"))
	db.atGate(t, 1)
	db.run(t, db.run(t, kill+" AND state = 'User lock'"))
	eventually(t, "a new connection", func() bool { return s.stat("connects") == 3 })
	db.atGate(t, 1)
	db.open(t)
	s.read(list, gated("Ada Lovelace"))
	for round := range 2 {
		db.close(t)
		list := s.waiting(10, func(i int) string { return fmt.Sprintf("gated:n%d", 600+10*round+i) })
		s.await(len(list))
		db.crash()
		for _, w := range list {
			// By which words depends on where the end meets it.
			if r := w.Read(); !strings.HasPrefix(testkit.Show(&r), "(error) ERR database: (20") {
				t.Errorf("round %d: %s", round, testkit.Show(&r))
			}
		}
		if got := s.c.Line("SQLCACHE.GET user:43"); !strings.HasPrefix(got, "(error) ERR database: (20") {
			t.Errorf("round %d: %s", round, got)
		}
		db.Start()
		eventually(t, "service to return", func() bool { return s.c.Line("SQLCACHE.GET user:42") == ada })
		s.c.Expect("FLUSHALL", "OK")
	}
	s.unload()
}

// cacheHammer has clients that ask, invalidate, leave and are killed at random,
// before a database that stops, dies and ends connections. Afterwards all is as
// if nothing had been.
func cacheHammer(t *testing.T, db *database) {
	s := startCache(t, db, "timeout", "200", "connections", "3")
	all := startCrowd(t, s.Server, 12, func(rng *rand.Rand) []byte {
		key := fmt.Sprint("user:n", rng.IntN(40))
		if rng.IntN(8) == 0 {
			return testkit.Request("SQLCACHE.INVALIDATE", key, "user:n7")
		}
		return testkit.Request("SQLCACHE.GET", key)
	})
	for range 3 {
		time.Sleep(150 * time.Millisecond)
		db.Pause()
		time.Sleep(350 * time.Millisecond)
		db.Resume()
		time.Sleep(150 * time.Millisecond)
		for kill := range strings.SplitSeq(db.run(t, "SELECT CONCAT('KILL ', id) FROM information_schema.processlist WHERE db = 'shop'"), "\n") {
			db.run(t, "SET @a = 1; "+kill) // the line may be empty
		}
	}
	db.crash()
	time.Sleep(150 * time.Millisecond)
	db.Start()
	time.Sleep(150 * time.Millisecond)
	answers := all.end()
	t.Logf("%d rows, %d errors, %d ends", answers['*'], answers['-'], answers[0])
	if answers['*'] == 0 || answers['-'] == 0 || answers[0] == 0 {
		t.Error("something was not tried")
	}
	s.c = s.Dial() // the other may have been killed
	eventually(t, "nobody to wait", func() bool { return s.stat("waiting") == 0 && s.stat("running") == 0 })
	s.c.Expect("FLUSHALL", "OK")
	eventually(t, "service", func() bool { return s.c.Line("SQLCACHE.GET user:42") == ada })
	s.unload()
}
