package clienttest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// profile is what an application keeps in a hash.
type profile struct {
	Name   string `redis:"name"`
	Visits int    `redis:"visits"`
	Admin  bool   `redis:"admin"`
}

func TestHashes(t *testing.T) {
	each(t, func(ctx context.Context, t *testing.T, r *redis.Client) {
		same(t, "HSET", must(t, r.HSet(ctx, "u", profile{"ann", 3, true})), 3)
		same(t, "HINCRBY", must(t, r.HIncrBy(ctx, "u", "visits", 2)), 5)
		var got profile
		if err := r.HGetAll(ctx, "u").Scan(&got); err != nil {
			t.Fatal(err)
		}
		same(t, "HGETALL", got, profile{"ann", 5, true})
		same(t, "HMGET", must(t, r.HMGet(ctx, "u", "name", "none")), []any{"ann", nil})
		same(t, "HEXISTS", must(t, r.HExists(ctx, "u", "admin")), true)
		same(t, "HDEL", must(t, r.HDel(ctx, "u", "admin", "none")), 1)
		fields := must(t, r.HKeys(ctx, "u"))
		slices.Sort(fields)
		same(t, "HKEYS", fields, []string{"name", "visits"})
		same(t, "HRANDFIELD", len(must(t, r.HRandFieldWithValues(ctx, "u", 2))), 2)
		for i := range 2000 {
			r.HSet(ctx, "big", fmt.Sprint("f", i), i)
		}
		seen := map[string]string{}
		for it := r.HScan(ctx, "big", 0, "*", 100).Iterator(); it.Next(ctx); {
			field := it.Val()
			if !it.Next(ctx) {
				t.Fatal("a field without a value")
			}
			seen[field] = it.Val()
		}
		same(t, "HSCAN", len(seen), 2000)
		same(t, "HSCAN", seen["f1999"], "1999")
	})
}

func TestSets(t *testing.T) {
	each(t, func(ctx context.Context, t *testing.T, r *redis.Client) {
		same(t, "SADD", must(t, r.SAdd(ctx, "a", 1, 2, 3)), 3)
		same(t, "SADD", must(t, r.SAdd(ctx, "b", "3", "x")), 2)
		same(t, "SISMEMBER", must(t, r.SIsMember(ctx, "a", 2)), true)
		same(t, "SMISMEMBER", must(t, r.SMIsMember(ctx, "a", 2, 9)), []bool{true, false})
		same(t, "SINTER", must(t, r.SInter(ctx, "a", "b")), []string{"3"})
		same(t, "SUNIONSTORE", must(t, r.SUnionStore(ctx, "c", "a", "b")), 4)
		same(t, "SMEMBERS", must(t, r.SMembersMap(ctx, "b")), map[string]struct{}{"3": {}, "x": {}})
		same(t, "SINTERCARD", must(t, r.SInterCard(ctx, 10, "a", "c")), 3)
		same(t, "SPOP", len(must(t, r.SPopN(ctx, "c", 10))), 4)
		same(t, "EXISTS", must(t, r.Exists(ctx, "c")), 0)
	})
}

// TestRateLimiter is a pattern that many applications have: a counter with a
// time of expiry, in one transaction.
func TestRateLimiter(t *testing.T) {
	each(t, func(ctx context.Context, t *testing.T, r *redis.Client) {
		const limit = 5
		allow := func(who string) bool {
			var n *redis.IntCmd
			_, err := r.TxPipelined(ctx, func(p redis.Pipeliner) error {
				n = p.Incr(ctx, "rate:"+who)
				p.ExpireNX(ctx, "rate:"+who, 300*time.Millisecond)
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			return n.Val() <= limit
		}
		allowed := 0
		for range 2 * limit {
			if allow("me") {
				allowed++
			}
		}
		same(t, "allowed", allowed, limit)
		same(t, "another", allow("you"), true)
		// go-redis rounds the time up to a second.
		for deadline := time.Now().Add(patience); r.Exists(ctx, "rate:me").Val() == 1; time.Sleep(20 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("the counter stays")
			}
		}
		same(t, "later", allow("me"), true)
	})
}
