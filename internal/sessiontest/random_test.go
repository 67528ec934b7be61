package sessiontest

import (
	"bytes"
	"flag"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"berth/internal/resp"
	"berth/internal/testkit"
)

var (
	seed   = flag.Uint64("seed", 20240517, "what the random commands begin with")
	count  = flag.Int("commands", 100000, "how many random commands to run")
	rounds = flag.Int("rounds", 4, "how many snapshots to take under random commands")
)

// batch is how many commands go out before their replies are read.
const batch = 100

// slack is by how much times may differ, in milliseconds: the servers get a
// command at two moments.
const slack = 20_000

// pair is the two servers.
type pair struct {
	berth, redis *testkit.Conn
	// queued are the commands of a transaction that is open on both.
	queued [][]string
}

// reset empties both servers and ends what their connections were in.
func (p *pair) reset() {
	for _, c := range []*testkit.Conn{p.berth, p.redis} {
		c.Do("RESET")
		c.Do("FLUSHALL")
	}
	p.queued = nil
}

// run sends the commands to both and gives the index of the first whose replies
// disagree, or -1.
func (p *pair) run(cmds [][]string) (at int, berth, redis resp.Reply) {
	for from := 0; from < len(cmds); from += batch {
		part := cmds[from:min(from+batch, len(cmds))]
		var req []byte
		for _, args := range part {
			req = append(req, testkit.Request(args...)...)
		}
		p.redis.Write(req)
		p.berth.Write(req)
		at = -1
		for i, args := range part {
			b, r := p.berth.Read(), p.redis.Read()
			if at < 0 && !p.agree(args, &b, &r) {
				at, berth, redis = from+i, b, r // and read on
			}
		}
		if at >= 0 {
			return at, berth, redis
		}
	}
	return -1, berth, redis
}

// agree compares the replies to a command, those within a transaction included.
func (p *pair) agree(args []string, berth, redis *resp.Reply) bool {
	if string(berth.Str) == "QUEUED" && string(redis.Str) == "QUEUED" {
		p.queued = append(p.queued, args)
		return true
	}
	queued := p.queued
	switch strings.ToUpper(args[0]) {
	case "EXEC", "DISCARD":
		p.queued = nil
	}
	if bytes.Equal(berth.Raw, redis.Raw) {
		return true
	}
	if strings.ToUpper(args[0]) != "EXEC" {
		return agree(args, berth, redis)
	}
	if berth.Kind != resp.KindArray || redis.Kind != resp.KindArray || berth.Len != redis.Len || berth.Len != len(queued) {
		return false
	}
	for i, args := range queued {
		if !agree(args, berth.Elem(i), redis.Elem(i)) {
			return false
		}
	}
	return true
}

// agree compares the replies to one command, as far as they are defined.
func agree(args []string, berth, redis *resp.Reply) bool {
	if bytes.Equal(berth.Raw, redis.Raw) {
		return true
	}
	if inner := inScript(args); inner != nil {
		return withScore(inner) || agree(inner, berth, redis)
	}
	if berth.Kind == resp.KindError && slices.Contains(newWords, string(berth.Str)) {
		return true // what the older server says in other words, or lets pass
	}
	if staleRange(args, redis) {
		return true
	}
	if berth.Kind != redis.Kind {
		return false
	}
	switch strings.ToUpper(args[0]) {
	case "TTL", "PTTL", "EXPIRETIME", "PEXPIRETIME":
		return near(berth, redis, slack)
	case "DBSIZE":
		// Which keys are gone already of those over their time is chance.
		return near(berth, redis, 3)
	case "SORT", "SORT_RO":
		// Sorted by what is the same for all, the elements of a set have any order.
		for i, arg := range args[:len(args)-1] {
			if strings.EqualFold(arg, "BY") && !strings.Contains(args[i+1], "*") {
				return berth.Len == redis.Len
			}
		}
		// Redis's comparison ends at a NUL; what is equal up to there has any order.
		return bytes.Contains(redis.Raw, []byte{0}) && slices.Equal(sorted(berth), sorted(redis))
	case "KEYS", "HGETALL", "HKEYS", "HVALS", "SMEMBERS", "SINTER", "SUNION", "SDIFF":
		return slices.Equal(sorted(berth), sorted(redis))
	case "SCAN":
		return len(args) > 1 && (args[1] != "0" || sameScan(berth, redis))
	case "HSCAN", "SSCAN", "ZSCAN":
		return len(args) > 2 && (args[2] != "0" || sameScan(berth, redis))
	case "HRANDFIELD", "SRANDMEMBER", "ZRANDMEMBER", "SPOP":
		// Which they are is chance, how many is not.
		return berth.Len == redis.Len
	case "RANDOMKEY":
		return true
	case "XINFO":
		return slices.Equal(withoutConsumers(berth), withoutConsumers(redis))
	case "XGROUP":
		// Whether a consumer is new: 7.2 makes it when it first asks, 7.0 when it first
		// gets something.
		return len(args) > 1 && args[1] == "CREATECONSUMER" && berth.Kind == resp.KindInt
	case "OBJECT":
		return sameEncoding(berth, redis)
	}
	return false
}

// newWords are errors that Redis 7.2 has and 7.0 has not.
var newWords = []string{
	"ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807",
	"ERR Unbalanced 'xread' list of streams: for each stream key an ID or '$' must be specified.",
	"ERR Unbalanced 'xreadgroup' list of streams: for each stream key an ID or '>' must be specified.",
}

// withoutConsumers is a reply of XINFO without the numbers of consumers.
func withoutConsumers(r *resp.Reply) []string {
	lines := testkit.Lines(r)
	for i := range lines {
		if strings.HasSuffix(lines[i], `"consumers"`) && i+1 < len(lines) {
			lines[i+1] = ""
		} else if at := strings.Index(lines[i], `"consumers" => `); at >= 0 {
			lines[i] = lines[i][:at]
		}
	}
	return lines
}

// staleRange says that Redis refuses to sort. It looks at errno without having
// cleared it, and finds what an earlier command's number beyond all range left.
func staleRange(args []string, redis *resp.Reply) bool {
	return len(args[0]) >= 4 && strings.EqualFold(args[0][:4], "SORT") && redis.Kind == resp.KindError &&
		strings.Contains(string(redis.Str), "scores can't be converted")
}

// near says that both are numbers above zero, or counts, that differ little.
func near(berth, redis *resp.Reply, by float64) bool {
	return berth.Kind == resp.KindInt && redis.Kind == resp.KindInt && berth.Int >= 0 && redis.Int >= 0 &&
		math.Abs(float64(berth.Int-redis.Int)) <= by
}

// sameEncoding says that the encodings are the same but for what 7.2 has and 7.0
// has not: lists and sets in listpacks.
func sameEncoding(berth, redis *resp.Reply) bool {
	return string(berth.Str) == "listpack" && (string(redis.Str) == "quicklist" || string(redis.Str) == "hashtable")
}

// sameScan says that both are parts of an iteration: the same keys if both are
// the whole, any if not.
func sameScan(berth, redis *resp.Reply) bool {
	if berth.Len != 2 || redis.Len != 2 || berth.Elem(1).Kind != resp.KindArray || redis.Elem(1).Kind != resp.KindArray {
		return false
	}
	whole := string(berth.Elem(0).Str) == "0" && string(redis.Elem(0).Str) == "0"
	return !whole || slices.Equal(sorted(berth), sorted(redis))
}

// The same random commands get the same replies from both servers.
func TestRandomCommands(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"2", "3"} {
		t.Run("resp"+version, func(t *testing.T) {
			t.Parallel()
			redis := testkit.StartRedis(t, testkit.Options{})
			berth := testkit.StartBerth(t, testkit.Options{})
			p := &pair{berth: berth.Dial(), redis: redis.Dial()}
			g := NewGen(*seed)
			cmds := make([][]string, *count/2)
			for i := range cmds {
				cmds[i] = g.Command()
			}
			// RESET, by which reset begins, goes back to RESP2.
			hello := [][]string{{"HELLO", version}}
			p.redis.Do("HELLO", version)
			p.berth.Do("HELLO", version)
			at, b, r := p.run(cmds)
			if at < 0 {
				p.compareKeys(t)
				return
			}
			t.Errorf("seed %d, command %d: %q\nberth:        %s\nredis-server: %s", *seed, at, cmds[at], show(&b), show(&r))
			short := p.reduce(hello, cmds[:at+1])
			var script strings.Builder
			for _, args := range short {
				fmt.Fprintf(&script, "\t%s\n", quoted(args))
			}
			t.Errorf("these disagree as well:\n%s", script.String())
		})
	}
}

// compareKeys compares the values of all keys that both servers have, in every
// database: what no reply has told yet. Times of expiry may have come for one
// server and not for the other.
func (p *pair) compareKeys(t *testing.T) {
	t.Helper()
	p.berth.Do("RESET")
	p.redis.Do("RESET")
	compared := 0
	for db := range 16 {
		n := fmt.Sprint(db)
		p.berth.Do("SELECT", n)
		p.redis.Do("SELECT", n)
		keys := p.berth.Do("KEYS", "*")
		for i := range keys.Len {
			key := string(keys.Elem(i).Str)
			b, r := p.berth.Do("DEBUG", "DIGEST-VALUE", key), p.redis.Do("DEBUG", "DIGEST-VALUE", key)
			if bytes.Equal(b.Raw, r.Raw) {
				compared++
				continue
			}
			if bt, rt := p.berth.Do("PTTL", key), p.redis.Do("PTTL", key); bt.Int != -1 || rt.Int != -1 {
				continue
			}
			t.Errorf("database %d: the values of %q differ: %s and %s", db, key, show(&b), show(&r))
		}
	}
	if compared == 0 {
		t.Error("no key was left to compare")
	}
}

// reduce leaves commands out as long as the replies to the last one disagree
// still, and some time is left.
func (p *pair) reduce(hello, cmds [][]string) [][]string {
	last := len(cmds) - 1
	fails := func(some [][]string) bool {
		p.reset()
		for _, c := range []*testkit.Conn{p.berth, p.redis} {
			c.Do(hello[0]...)
		}
		at, _, _ := p.run(some)
		return at == len(some)-1
	}
	deadline := time.Now().Add(10 * time.Second)
	kept := cmds[:last]
	tail := cmds[last:]
	for size := (len(kept) + 1) / 2; size > 0; size /= 2 {
		for from := 0; from < len(kept) && time.Now().Before(deadline); {
			some := slices.Concat(kept[:from], kept[min(from+size, len(kept)):])
			if fails(slices.Concat(some, tail)) {
				kept = some
			} else {
				from += size
			}
		}
	}
	return slices.Concat(kept, tail)
}

// show is a reply, cut to what fits a screen.
func show(r *resp.Reply) string {
	text := testkit.Show(r)
	if len(text) > 1000 {
		text = text[:1000] + "..."
	}
	return text
}

// quoted writes a command as a script has it.
func quoted(args []string) string {
	out := make([]string, len(args))
	for i, arg := range args {
		if len(arg) > 200 {
			arg = arg[:200] + "..."
		}
		if out[i] = arg; arg == "" || strings.ContainsFunc(arg, func(ch rune) bool { return ch <= ' ' || ch > '~' || ch == '"' || ch == '\\' || ch == '\'' }) {
			out[i] = testkit.Quote([]byte(arg))
		}
	}
	return strings.Join(out, " ")
}
