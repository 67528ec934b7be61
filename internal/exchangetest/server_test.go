package exchangetest

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"berth/internal/resp"
	"berth/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// databases is how many databases both servers have.
const databases = 16

// patience is how long a server may take to load a file.
const patience = 60 * time.Second

// fileVersion is the version of the format that redis-server 7.0 reads and writes.
const fileVersion = "10"

// server is a running server with a connection.
type server struct {
	*testkit.Server
	*testkit.Conn
	t testing.TB
}

// servers starts berth, which writes what redis-server 7.0 reads, and redis-server.
func servers(t testing.TB, args ...string) (berth, redis server) {
	t.Helper()
	r := testkit.StartRedis(t, testkit.Options{Args: args})
	b := testkit.StartBerth(t, testkit.Options{Args: append([]string{"--rdb-version", fileVersion}, args...)})
	return server{b, b.Dial(), t}, server{r, r.Dial(), t}
}

// must runs a command that has to succeed.
func (s server) must(args ...string) resp.Reply {
	s.t.Helper()
	r := s.Do(args...)
	if r.Kind == resp.KindError {
		s.t.Fatalf("%s: %.200q: %s", s.Server.Name, args, r.Str)
	}
	return r
}

// many runs commands in one pipeline and gives their replies.
func (s server) many(cmds [][]string) []resp.Reply {
	s.t.Helper()
	var req []byte
	for _, args := range cmds {
		req = append(req, testkit.Request(args...)...)
	}
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		s.Write(req)
	}()
	replies := make([]resp.Reply, len(cmds))
	for i := range replies {
		replies[i] = s.Read()
	}
	<-sent
	return replies
}

// fill runs commands that have to succeed.
func (s server) fill(cmds [][]string) {
	s.t.Helper()
	for i, r := range s.many(cmds) {
		if r.Kind == resp.KindError {
			s.t.Fatalf("%s: %.200q: %s", s.Server.Name, cmds[i], r.Str)
		}
	}
}

// save is the file that SAVE writes.
func (s server) save() []byte {
	s.t.Helper()
	s.must("SAVE")
	b, err := os.ReadFile(filepath.Join(s.Dir, "dump.rdb"))
	if err != nil {
		s.t.Fatal(err)
	}
	return b
}

// load has the server forget all and load a file.
func (s server) load(file []byte) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.Dir, "dump.rdb"), file, 0o644); err != nil {
		s.t.Fatal(err)
	}
	s.Conn.Send("DEBUG", "RELOAD", "NOSAVE")
	if r, err := s.Next(patience); err != nil || r.Kind == resp.KindError {
		s.t.Fatalf("%s does not load the file: %s %v\n%s", s.Server.Name, r.Str, err, s.Log())
	}
}

// digest is the digest of all databases.
func (s server) digest() string {
	s.t.Helper()
	r := s.must("DEBUG", "DIGEST")
	return string(r.Str)
}

// value is what is known of a key: what two servers that loaded the same file agree
// on.
type value struct{ encoding, rest string }

// state is what is known of all keys.
func (s server) state() map[string]value {
	s.t.Helper()
	state := map[string]value{}
	for db := range databases {
		s.must("SELECT", strconv.Itoa(db))
		all := s.must("KEYS", "*")
		var cmds [][]string
		for i := range all.Len {
			k := string(all.Elem(i).Str)
			cmds = append(cmds, []string{"TYPE", k}, []string{"OBJECT", "ENCODING", k}, []string{"PEXPIRETIME", k},
				[]string{"DEBUG", "DIGEST-VALUE", k}, []string{"XINFO", "STREAM", k, "FULL", "COUNT", "0"})
		}
		replies := s.many(cmds)
		for i := range all.Len {
			r := replies[5*i : 5*i+5]
			v := value{encoding(&r[0], &r[1]), fmt.Sprintf("%s, expires %d, %s", r[0].Str, r[2].Int, testkit.Show(&r[3]))}
			if string(r[0].Str) == "stream" {
				v.rest += " " + strings.Join(stream(nil, &r[4]), " ")
			}
			state[fmt.Sprintf("%d %q", db, all.Elem(i).Str)] = v
		}
	}
	s.must("SELECT", "0")
	return state
}

// encoding is OBJECT ENCODING as 7.0 has it, which knows neither lists nor sets in
// listpacks.
func encoding(kind, enc *resp.Reply) string {
	switch name := string(enc.Str); {
	case name == "listpack" && string(kind.Str) == "list":
		return "quicklist"
	case name == "listpack" && string(kind.Str) == "set":
		return "hashtable"
	default:
		return name
	}
}

// unknown are fields of XINFO STREAM that 7.0 does not know or counts differently.
var unknown = []string{"radix-tree-keys", "radix-tree-nodes", "active-time"}

// stream is what XINFO STREAM FULL tells that 7.0 does, too.
func stream(out []string, r *resp.Reply) []string {
	if r.Kind != resp.KindArray {
		return append(out, testkit.Show(r))
	}
	out = append(out, "[")
	for i := 0; i < r.Len; i++ {
		if slices.Contains(unknown, string(r.Elem(i).Str)) {
			i++
			continue
		}
		out = stream(out, r.Elem(i))
	}
	return append(out, "]")
}

// sameState compares what two servers know.
func sameState(t *testing.T, what string, want, got map[string]value) {
	t.Helper()
	keys := maps.Clone(want)
	maps.Copy(keys, got)
	bad := 0
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		if want[k] == got[k] {
			continue
		}
		if bad++; bad > 10 {
			t.Errorf("%s: and more", what)
			return
		}
		t.Errorf("%s: key %.100s was\n%s %.1000s\nand is\n%s %.1000s", what, k, want[k].encoding, want[k].rest, got[k].encoding, got[k].rest)
	}
}

// carry has a file of one server's go to that itself, to the other and, as that
// saves it, back; all must hold the same.
func carry(t *testing.T, from, to server) {
	t.Helper()
	want, digest := from.state(), from.digest()
	for i, pair := range [][2]server{{from, from}, {from, to}, {to, from}} {
		pair[1].load(pair[0].save())
		what := "from " + pair[0].Server.Name + " to " + pair[1].Server.Name
		got := pair[1].state()
		if i == 0 {
			// A file does not tell how a value came to its encoding.
			for k, v := range want {
				want[k] = value{got[k].encoding, v.rest}
			}
		}
		sameState(t, what, want, got)
		if d := pair[1].digest(); d != digest {
			t.Errorf("%s: the digest was %s and is %s", what, digest, d)
		}
	}
}
