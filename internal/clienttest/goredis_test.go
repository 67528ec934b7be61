package clienttest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"berth/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// server starts berth with a port.
func server(t *testing.T, args ...string) string {
	t.Helper()
	s := testkit.StartBerth(t, testkit.Options{TCP: true, Args: args})
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.Port))
}

// patience is how long anything may take.
const patience = 20 * time.Second

// each runs a test with both protocols, each on a server of its own.
func each(t *testing.T, fn func(ctx context.Context, t *testing.T, r *redis.Client)) {
	t.Helper()
	for _, proto := range []int{2, 3} {
		t.Run(fmt.Sprintf("RESP%d", proto), func(t *testing.T) {
			t.Parallel()
			r := redis.NewClient(&redis.Options{Addr: server(t), Protocol: proto, ClientName: "tester"})
			t.Cleanup(func() { _ = r.Close() }) // the server is about to end as well
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			if err := r.Ping(ctx).Err(); err != nil {
				t.Fatal(err)
			}
			fn(ctx, t, r)
		})
	}
}

// must gives a command's value.
func must[T any](t *testing.T, cmd interface{ Result() (T, error) }) T {
	t.Helper()
	v, err := cmd.Result()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// same compares by how the values print.
func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if g, w := fmt.Sprint(got), fmt.Sprint(want); g != w {
		t.Errorf("%s: got %s, want %s", what, g, w)
	}
}

func TestHandshake(t *testing.T) {
	each(t, func(ctx context.Context, t *testing.T, r *redis.Client) {
		same(t, "name", must(t, r.ClientGetName(ctx)), "tester")
		info := must(t, r.ClientInfo(ctx))
		same(t, "library", info.LibName != "" && info.LibVer != "", true)
		same(t, "name", info.Name, "tester")
		same(t, "database", info.DB, 0)
		if list := must(t, r.ClientList(ctx)); len(list) == 0 {
			t.Error("no clients")
		}
		if got := must(t, r.Info(ctx, "server")); got == "" {
			t.Error("no INFO")
		}
		if cmds := must(t, r.Command(ctx)); cmds["get"] == nil || !cmds["get"].ReadOnly || cmds["set"].FirstKeyPos != 1 {
			t.Errorf("%d commands: %+v", len(cmds), cmds["get"])
		}
		same(t, "CONFIG GET", must(t, r.ConfigGet(ctx, "maxmemory")), map[string]string{"maxmemory": "0"})
	})
}

func TestAuth(t *testing.T) {
	addr := server(t, "--requirepass", "secret")
	ctx := t.Context()
	for _, proto := range []int{2, 3} {
		for _, tc := range []struct {
			user, password string
			ok             bool
		}{{"", "secret", true}, {"default", "secret", true}, {"", "wrong", false}, {"nobody", "secret", false}, {"", "", false}} {
			r := redis.NewClient(&redis.Options{Addr: addr, Protocol: proto, Username: tc.user, Password: tc.password, DB: 3})
			err := r.Set(ctx, "k", "v", 0).Err()
			if tc.ok != (err == nil) {
				t.Errorf("RESP%d as %q with %q: %v", proto, tc.user, tc.password, err)
			}
			_ = r.Close() // nothing is left on it
		}
	}
}

func TestValues(t *testing.T) {
	each(t, func(ctx context.Context, t *testing.T, r *redis.Client) {
		same(t, "SET", must(t, r.Set(ctx, "k", "v", time.Minute)), "OK")
		same(t, "GET", must(t, r.Get(ctx, "k")), "v")
		if ttl := must(t, r.TTL(ctx, "k")); ttl <= 0 || ttl > time.Minute {
			t.Error("TTL ", ttl)
		}
		same(t, "no TTL", must(t, r.TTL(ctx, "none")), -2*time.Nanosecond)
		if _, err := r.Get(ctx, "none").Result(); !errors.Is(err, redis.Nil) {
			t.Error("GET of nothing: ", err)
		}
		same(t, "SETNX", must(t, r.SetNX(ctx, "k", "other", 0)), false)
		same(t, "INCRBY", must(t, r.IncrBy(ctx, "n", 5)), 5)
		same(t, "INCRBYFLOAT", must(t, r.IncrByFloat(ctx, "f", 1.25)), 1.25)
		same(t, "MSET", must(t, r.MSet(ctx, "a", 1, "b", 2)), "OK")
		same(t, "MGET", must(t, r.MGet(ctx, "a", "none", "b")), []any{"1", nil, "2"})
		same(t, "GETDEL", must(t, r.GetDel(ctx, "a")), "1")
		same(t, "EXISTS", must(t, r.Exists(ctx, "a", "b")), 1)
		same(t, "TYPE", must(t, r.Type(ctx, "b")), "string")
		same(t, "RPUSH", must(t, r.RPush(ctx, "l", "x", "y", "z")), 3)
		same(t, "LRANGE", must(t, r.LRange(ctx, "l", 0, -1)), []string{"x", "y", "z"})
		same(t, "LPOS", must(t, r.LPos(ctx, "l", "z", redis.LPosArgs{})), 2)
		same(t, "LMOVE", must(t, r.LMove(ctx, "l", "l2", "left", "right")), "x")
		err := r.Incr(ctx, "l").Err()
		if err == nil || err.Error() != "WRONGTYPE Operation against a key holding the wrong kind of value" {
			t.Error("INCR of a list: ", err)
		}
		for i := range 1000 {
			must(t, r.Set(ctx, fmt.Sprintf("scan:%d", i), i, 0))
		}
		seen := map[string]bool{}
		for it := r.Scan(ctx, 0, "scan:*", 100).Iterator(); it.Next(ctx); {
			seen[it.Val()] = true
		}
		same(t, "SCAN", len(seen), 1000)
		same(t, "DBSIZE", must(t, r.DBSize(ctx)) > 1000, true)
		same(t, "FLUSHALL", must(t, r.FlushAll(ctx)), "OK")
		same(t, "binary", must(t, r.Set(ctx, "\x00\r\n", "\xff\x00$-1\r\n", 0)), "OK")
		same(t, "binary", must(t, r.Get(ctx, "\x00\r\n")), "\xff\x00$-1\r\n")
		logs := must(t, r.SlowLogGet(ctx, 10))
		same(t, "SLOWLOG", len(logs) <= 10, true)
	})
}

func TestPipelines(t *testing.T) {
	each(t, func(ctx context.Context, t *testing.T, r *redis.Client) {
		const count = 5000
		pipe := r.Pipeline()
		for i := range count {
			pipe.Set(ctx, fmt.Sprint("p", i), i, 0)
			pipe.Get(ctx, fmt.Sprint("p", i))
		}
		cmds, err := pipe.Exec(ctx)
		if err != nil || len(cmds) != 2*count {
			t.Fatal(len(cmds), err)
		}
		for i := range count {
			same(t, "pipelined GET", cmds[2*i+1].(*redis.StringCmd).Val(), i)
		}
		// An error in the middle spoils nothing behind it.
		pipe.Set(ctx, "s", "x", 0)
		bad, good := pipe.Incr(ctx, "s"), pipe.Get(ctx, "s")
		if _, err := pipe.Exec(ctx); err == nil {
			t.Error("no error")
		}
		same(t, "error", bad.Err(), "ERR value is not an integer or out of range")
		same(t, "behind it", good.Val(), "x")
	})
}

func TestTransactions(t *testing.T) {
	each(t, func(ctx context.Context, t *testing.T, r *redis.Client) {
		cmds, err := r.TxPipelined(ctx, func(p redis.Pipeliner) error {
			p.Set(ctx, "a", 1, 0)
			p.Incr(ctx, "a")
			p.LPush(ctx, "a", "x")
			p.Get(ctx, "a")
			return nil
		})
		if err == nil || len(cmds) != 4 {
			t.Fatal(len(cmds), err)
		}
		same(t, "the last", cmds[3].(*redis.StringCmd).Val(), "2")

		// Many add one with optimistic locking: none is lost.
		const workers, rounds = 8, 20
		var wg sync.WaitGroup
		for range workers {
			wg.Go(func() {
				for range rounds {
					if err := addOne(ctx, r, "counter"); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
		same(t, "counter", must(t, r.Get(ctx, "counter")), workers*rounds)
	})
}

// addOne adds one by WATCH, GET, MULTI, SET and EXEC, until nobody else was
// faster.
func addOne(ctx context.Context, r *redis.Client, key string) error {
	for {
		err := r.Watch(ctx, func(tx *redis.Tx) error {
			n, err := tx.Get(ctx, key).Int()
			if err != nil && !errors.Is(err, redis.Nil) {
				return err
			}
			_, err = tx.TxPipelined(ctx, func(p redis.Pipeliner) error {
				p.Set(ctx, key, n+1, 0)
				return nil
			})
			return err
		}, key)
		if !errors.Is(err, redis.TxFailedErr) {
			return err
		}
	}
}

func TestPubSub(t *testing.T) {
	each(t, func(ctx context.Context, t *testing.T, r *redis.Client) {
		sub := r.Subscribe(ctx, "news", "other")
		defer sub.Close()
		pat := r.PSubscribe(ctx, "n*")
		defer pat.Close()
		shard := r.SSubscribe(ctx, "shard")
		defer shard.Close()
		for _, s := range []*redis.PubSub{sub, pat, shard} {
			if _, err := s.Receive(ctx); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := sub.Receive(ctx); err != nil { // the second channel
			t.Fatal(err)
		}
		same(t, "PUBLISH", must(t, r.Publish(ctx, "news", "hello")), 2)
		same(t, "SPUBLISH", must(t, r.SPublish(ctx, "shard", "hi")), 1)
		same(t, "NUMSUB", must(t, r.PubSubNumSub(ctx, "news", "none")), map[string]int64{"news": 1, "none": 0})
		same(t, "NUMPAT", must(t, r.PubSubNumPat(ctx)), 1)
		same(t, "SHARDCHANNELS", must(t, r.PubSubShardChannels(ctx, "*")), []string{"shard"})
		for _, want := range []struct {
			from *redis.PubSub
			text string
		}{{sub, "Message<news: hello>"}, {pat, "Message<news: hello>"}, {shard, "Message<shard: hi>"}} {
			m, err := want.from.ReceiveMessage(ctx)
			if err != nil {
				t.Fatal(err)
			}
			same(t, "message", m, want.text)
		}
		if err := sub.Ping(ctx, "still there"); err != nil {
			t.Error(err)
		}
		pong, err := sub.Receive(ctx)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "pong", pong, "Pong<still there>")
		if err := sub.Unsubscribe(ctx); err != nil {
			t.Error(err)
		}
	})
}

func TestManyConnections(t *testing.T) {
	each(t, func(ctx context.Context, t *testing.T, r *redis.Client) {
		const workers, rounds = 20, 200
		var wg sync.WaitGroup
		for w := range workers {
			wg.Go(func() {
				for i := range rounds {
					if err := r.Incr(ctx, "shared").Err(); err != nil {
						t.Error(err)
						return
					}
					key := fmt.Sprintf("own:%d", w)
					if err := r.Append(ctx, key, "x").Err(); err != nil {
						t.Error(err)
						return
					}
					if n := r.StrLen(ctx, key).Val(); n != int64(i+1) {
						t.Errorf("length %d after %d", n, i+1)
						return
					}
				}
			})
		}
		wg.Wait()
		same(t, "shared", must(t, r.Get(ctx, "shared")), workers*rounds)
	})
}
