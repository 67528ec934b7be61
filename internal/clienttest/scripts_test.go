package clienttest

import (
	"context"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

// TestScripts is what applications do with scripts: the library asks for one by its
// SHA1, and sends it when the server does not have it.
func TestScripts(t *testing.T) {
	each(t, func(ctx context.Context, t *testing.T, r *redis.Client) {
		take := redis.NewScript(`
			local left = tonumber(redis.call("GET", KEYS[1]) or ARGV[1])
			if left <= 0 then return redis.error_reply("LIMIT reached") end
			redis.call("SET", KEYS[1], left - 1, "EX", 100)
			return left - 1`)
		same(t, "EXISTS", must(t, take.Exists(ctx, r)), []bool{false})
		for want := int64(2); want >= 0; want-- {
			n, err := take.Run(ctx, r, []string{"limit"}, 3).Int64()
			if err != nil {
				t.Fatal(err)
			}
			same(t, "Run", n, want)
		}
		same(t, "EXISTS", must(t, take.Exists(ctx, r)), []bool{true})
		if err := take.Run(ctx, r, []string{"limit"}, 3).Err(); err == nil || err.Error() != "LIMIT reached" {
			t.Error(err)
		}
		same(t, "SCRIPT FLUSH", must(t, r.ScriptFlush(ctx)), "OK")
		if err := take.EvalSha(ctx, r, []string{"limit"}).Err(); !redis.HasErrorPrefix(err, "NOSCRIPT") {
			t.Error(err)
		}
		same(t, "SCRIPT LOAD", must(t, take.Load(ctx, r)), take.Hash())
		if err := take.RunRO(ctx, r, []string{"fresh"}, 3).Err(); err == nil || !strings.Contains(err.Error(), "read-only scripts") {
			t.Error(err)
		}
		list, err := r.Eval(ctx, "return {1, 'two', false, {3.7}, redis.status_reply('fine')}", nil).Slice()
		if err != nil {
			t.Fatal(err)
		}
		same(t, "EVAL", list, []any{int64(1), "two", nil, []any{int64(3)}, "fine"})
		pipe := r.Pipeline()
		sum := redis.NewScript("return ARGV[1] + ARGV[2]")
		same(t, "SCRIPT LOAD", must(t, sum.Load(ctx, r)), sum.Hash())
		a, b := sum.EvalSha(ctx, pipe, nil, 1, 2), sum.EvalSha(ctx, pipe, nil, 3, 4)
		if _, err := pipe.Exec(ctx); err != nil {
			t.Fatal(err)
		}
		same(t, "EVALSHA", []any{a.Val(), b.Val()}, []any{int64(3), int64(7)})
	})
}

// TestFunctions loads a library and calls its functions.
func TestFunctions(t *testing.T) {
	each(t, func(ctx context.Context, t *testing.T, r *redis.Client) {
		const code = "#!lua name=lib\n" +
			"redis.register_function('put', function(keys, args) return redis.call('SET', keys[1], args[1]) end)\n" +
			"redis.register_function{function_name='look', description='reads', flags={'no-writes'},\n" +
			"  callback=function(keys) return redis.call('GET', keys[1]) end}"
		same(t, "FUNCTION LOAD", must(t, r.FunctionLoad(ctx, code)), "lib")
		same(t, "FUNCTION LOAD", must(t, r.FunctionLoadReplace(ctx, code)), "lib")
		same(t, "FCALL", must(t, r.FCall(ctx, "put", []string{"k"}, "v")), any("OK"))
		same(t, "FCALL_RO", must(t, r.FCallRO(ctx, "look", []string{"k"})), any("v"))
		libs := must(t, r.FunctionList(ctx, redis.FunctionListQuery{LibraryNamePattern: "l*", WithCode: true}))
		if len(libs) != 1 || libs[0].Code != code || len(libs[0].Functions) != 2 {
			t.Fatalf("FUNCTION LIST: %+v", libs)
		}
		for _, fn := range libs[0].Functions {
			if fn.Name == "look" {
				same(t, "description", fn.Description, "reads")
				same(t, "flags", fn.Flags, []string{"no-writes"})
			}
		}
		dump := must(t, r.FunctionDump(ctx))
		same(t, "FUNCTION DELETE", must(t, r.FunctionDelete(ctx, "lib")), "OK")
		same(t, "FUNCTION RESTORE", must(t, r.FunctionRestore(ctx, dump)), "OK")
		same(t, "FCALL", must(t, r.FCall(ctx, "look", []string{"k"})), any("v"))
		stats := must(t, r.FunctionStats(ctx))
		same(t, "FUNCTION STATS", len(stats.Engines), 1)
		same(t, "functions", stats.Engines[0].FunctionsCount, 2)
		same(t, "FUNCTION FLUSH", must(t, r.FunctionFlush(ctx)), "OK")
	})
}
