package clienttest

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"berth/internal/testkit"
)

// tool runs a program of Redis's package against a server and gives what it
// printed.
func tool(t *testing.T, input, name, addr string, args ...string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		testkit.Missing(t, "no %s: %v", name, err)
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, append([]string{"-h", host, "-p", port}, args...)...)
	cmd.Stdin = strings.NewReader(input)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out.Bytes())
	}
	return out.String()
}

// colours are the escape sequences of a terminal.
var colours = regexp.MustCompile("\x1b\\[[0-9;]*m")

func TestRedisCLI(t *testing.T) {
	addr := server(t)
	cli := func(args ...string) string { return tool(t, "", "redis-cli", addr, args...) }
	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{"set", "k", "v"}, "OK\n"},
		{[]string{"get", "k"}, "v\n"},
		{[]string{"--no-raw", "get", "k"}, "\"v\"\n"},
		{[]string{"-n", "3", "get", "k"}, "\n"},
		{[]string{"-3", "--no-raw", "config", "get", "hz"}, "1# \"hz\" => \"10\"\n"},
		{[]string{"--json", "mget", "k", "none"}, "[\"v\",null]\n"},
		{[]string{"--csv", "mget", "k", "none"}, "\"v\",NULL\n"},
		{[]string{"-r", "3", "incr", "n"}, "1\n2\n3\n"},
		{[]string{"get"}, "ERR wrong number of arguments for 'get' command\n\n"},
		{[]string{"lpush", "l", "a", "b"}, "2\n"},
		{[]string{"dbsize"}, "3\n"},
		{[]string{"--scan", "--pattern", "l*"}, "l\n"},
	} {
		if got := cli(tc.args...); got != tc.want {
			t.Errorf("redis-cli %q: %q, want %q", tc.args, got, tc.want)
		}
	}
	if got := tool(t, "from stdin", "redis-cli", addr, "-x", "set", "x"); got != "OK\n" {
		t.Errorf("-x: %q", got)
	}
	if got := tool(t, "set a 1\nincr a\nmulti\nincr a\nexec\nnosuch\n", "redis-cli", addr); got !=
		"OK\n2\nOK\nQUEUED\n3\nERR unknown command 'nosuch', with args beginning with: \n\n" {
		t.Errorf("commands from stdin: %q", got)
	}
	for _, want := range []string{"GET", "summary: ", "since: 1.0.0", "group: string"} {
		if got := colours.ReplaceAllString(cli("help", "get"), ""); !strings.Contains(got, want) {
			t.Errorf("help: no %q in %q", want, got)
		}
	}
	for _, want := range []string{"redis_version:7.2", "# Keyspace"} {
		if got := cli("info"); !strings.Contains(got, want) {
			t.Errorf("INFO: no %q", want)
		}
	}
	if got := cli("--bigkeys"); !strings.Contains(got, "Biggest string found '\"x\"' has 10 bytes") && !strings.Contains(got, "Biggest string found \"x\" has 10 bytes") {
		t.Errorf("--bigkeys: %s", got)
	}
	if got := cli("config", "set", "maxmemory-policy", "allkeys-lfu"); got != "OK\n" {
		t.Error(got)
	}
	if got := cli("-r", "20", "set", "hot", "1"); got != strings.Repeat("OK\n", 20) {
		t.Error(got)
	}
	if got := cli("--hotkeys"); !strings.Contains(got, "hot key found with counter") && !strings.Contains(got, "Hot key") {
		t.Errorf("--hotkeys: %s", got)
	}
}

// TestMassInsertion is redis-cli --pipe with a raw protocol of many commands.
func TestMassInsertion(t *testing.T) {
	addr := server(t)
	const count = 20_000
	var in strings.Builder
	for i := range count {
		key := fmt.Sprint("mass:", i)
		fmt.Fprintf(&in, "*3\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$5\r\nvalue\r\n", len(key), key)
	}
	got := tool(t, in.String(), "redis-cli", addr, "--pipe")
	if !strings.Contains(got, fmt.Sprintf("errors: 0, replies: %d", count)) {
		t.Error(got)
	}
	if got := tool(t, "", "redis-cli", addr, "dbsize"); got != fmt.Sprintln(count) {
		t.Error("DBSIZE ", got)
	}
}

// TestBenchmarkTool runs redis-benchmark: it must find every command and no
// error.
func TestBenchmarkTool(t *testing.T) {
	addr := server(t)
	for _, args := range [][]string{
		{"-t", "ping,set,get,incr,lpush,rpush,lpop,rpop,lrange,mset,zadd,zpopmin"},
		{"-t", "ping,set,get", "-P", "16", "-c", "20", "-r", "1000", "-d", "100"},
		{"-t", "sadd,hset,spop"},
		{"-3", "-t", "set,get", "--threads", "2"},
	} {
		got := tool(t, "", "redis-benchmark", addr, append(args, "-n", "1000", "-q")...)
		if !strings.Contains(got, "requests per second") || strings.Contains(strings.ToLower(got), "err") ||
			strings.Contains(got, "WARN") {
			t.Errorf("redis-benchmark %q: %s", args, got)
		}
	}
}
