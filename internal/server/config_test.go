package server

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"berth/internal/config"
)

func TestConfigCommands(t *testing.T) {
	k := talk(t, "hz 7\nslave-priority 50\nsave 900 1\nsave 60 5\n")
	k.expect(
		"CONFIG GET hz", "[hz 7]",
		"CONFIG GET HZ timeout nosuch", "[HZ 7 timeout 0]",
		"config get *-priority", "[replica-priority 50 slave-priority 50]",
		"CONFIG GET save", "[save 900 1 60 5]",
		"CONFIG GET rdb-key-save*", "[]",
		"CONFIG GET rdb-key-save-delay", "[rdb-key-save-delay 0]",
		"CONFIG GET", "-ERR wrong number of arguments for 'config|get' command",
		"CONFIG SET hz", "-ERR wrong number of arguments for 'config|set' command",
		"CONFIG SET hz 1 timeout", "-ERR syntax error",
		"CONFIG SET nosuch 1", "-ERR Unknown option or number of arguments for CONFIG SET - 'nosuch'",
		"CONFIG SET daemonize yes", "-ERR CONFIG SET failed (possibly related to argument 'daemonize') - can't set immutable config",
		"CONFIG SET dir /", "-ERR CONFIG SET failed (possibly related to argument 'dir') - can't set protected config",
		"CONFIG SET hz 8 hz 9", "-ERR CONFIG SET failed (possibly related to argument 'hz') - duplicate parameter",
		"CONFIG SET hz 8 timeout x", "-ERR CONFIG SET failed (possibly related to argument 'timeout') - argument couldn't be parsed into an integer",
		"CONFIG GET hz", "[hz 7]",
		"CONFIG SET hz 8 timeout 9", "OK",
		"CONFIG GET hz timeout", "[hz 8 timeout 9]",
		"CONFIG SET hz 100000", "OK",
		"CONFIG GET hz", "[hz 500]",
		`CONFIG SET save ""`, "OK",
		"CONFIG GET save", "[save ]",
		`CONFIG SET save "1 2 3"`, "-ERR CONFIG SET failed (possibly related to argument 'save') - Invalid save parameters",
		`CONFIG SET save "100 20"`, "OK",
		"CONFIG GET save", "[save 100 20]",
		"CONFIG REWRITE", "-ERR The server is running without a config file",
		"CONFIG NOSUCH", "-ERR unknown subcommand 'NOSUCH'. Try CONFIG HELP.",
	)
	if k.s.Settings.Hz != 500 || k.s.Settings.Timeout != 9 {
		t.Errorf("the core does not see it: %+v", k.s.Settings)
	}
}

func TestConfigSpecials(t *testing.T) {
	k := talk(t, "")
	limits := "client-output-buffer-limit"
	k.expect(
		"CONFIG GET "+limits, "["+limits+" normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60]",
		"CONFIG SET "+limits+" 'REPLICA 1mb 2kb 3 pubsub 4 5 6'", "OK",
		"CONFIG GET "+limits, "["+limits+" normal 0 0 0 slave 1048576 2048 3 pubsub 4 5 6]",
		"CONFIG SET "+limits+" 'master 1 2 3'", "-ERR CONFIG SET failed (possibly related to argument '"+limits+"') - Invalid client class specified in buffer limit configuration.",
		"CONFIG SET "+limits+" 'normal 1 2'", "-ERR CONFIG SET failed (possibly related to argument '"+limits+"') - Wrong number of arguments in buffer limit configuration.",
		"CONFIG SET "+limits+" 'normal 1 2 -3'", "-ERR CONFIG SET failed (possibly related to argument '"+limits+"') - Error in hard, soft or soft_seconds setting in buffer limit configuration.",
		"CONFIG SET notify-keyspace-events KEA", "OK",
		"CONFIG GET notify-keyspace-events", "[notify-keyspace-events AKE]",
		"CONFIG SET notify-keyspace-events nmxK", "OK",
		"CONFIG GET notify-keyspace-events", "[notify-keyspace-events xnKm]",
		"CONFIG SET notify-keyspace-events q", "-ERR CONFIG SET failed (possibly related to argument 'notify-keyspace-events') - Invalid event class character. Use 'Ag$lshzxeKEtmdn'.",
		"CONFIG GET latency-tracking-info-percentiles", "[latency-tracking-info-percentiles 50 99 99.9]",
		`CONFIG SET latency-tracking-info-percentiles "1.50 100"`, "OK",
		"CONFIG GET latency-tracking-info-percentiles", "[latency-tracking-info-percentiles 1.5 100]",
		"CONFIG SET latency-tracking-info-percentiles 101", "-ERR CONFIG SET failed (possibly related to argument 'latency-tracking-info-percentiles') - latency-tracking-info-percentiles parameters should sit between [0.0,100.0]",
		"CONFIG SET oom-score-adj-values '1 2'", "-ERR CONFIG SET failed (possibly related to argument 'oom-score-adj-values') - wrong number of arguments",
		"CONFIG SET oom-score-adj-values '1 2 3'", "OK",
		"CONFIG GET oom-score-adj-values", "[oom-score-adj-values 1 2 3]",
		"CONFIG SET shutdown-on-sigterm 'nosave now'", "OK",
		"CONFIG GET shutdown-on-sigterm", "[shutdown-on-sigterm nosave now]",
		"CONFIG SET shutdown-on-sigterm 'nosave save'", "-ERR CONFIG SET failed (possibly related to argument 'shutdown-on-sigterm') - shutdown options SAVE and NOSAVE can't be used simultaneously",
		"CONFIG GET bind", "[bind * -::*]",
		"CONFIG SET maxmemory 10gb maxmemory-clients 5%", "OK",
		"CONFIG GET maxmemory maxmemory-clients", "[maxmemory 10737418240 maxmemory-clients 5%]",
		"CONFIG SET loglevel warning", "OK",
	)
	if k.s.LogEnabled(LogNotice) || !k.s.LogEnabled(LogWarning) {
		t.Error("loglevel does not take effect")
	}
	if got := k.s.Settings.OutputLimits[ClassPubSub]; got != (OutputLimit{4, 5, 6}) {
		t.Errorf("the core does not see the limits: %+v", got)
	}
}

// load reads a configuration and gives what went wrong.
func load(t *testing.T, conf string) (*Server, error) {
	t.Helper()
	s, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Loop.Close() })
	return s, s.Config.LoadText(conf)
}

func TestConfigFileErrors(t *testing.T) {
	for _, tc := range []struct{ conf, want string }{
		{"port 1\nnosuch 1\n", "line 2\n>>> 'nosuch 1'\nBad directive or wrong number of arguments"},
		{"loadmodule", "line 1\n>>> 'loadmodule'\nBad directive or wrong number of arguments"},
		{"port 1 2", "line 1\n>>> 'port 1 2'\nwrong number of arguments"},
		{"port abc", "argument couldn't be parsed into an integer"},
		{"port 65536", "argument must be between 0 and 65535 inclusive"},
		{"appendonly maybe", "argument must be 'yes' or 'no'"},
		{`logfile "x`, "Unbalanced quotes in configuration line"},
		{"rename-command nosuch x", "No such command in rename-command"},
		{"rename-command get set", "Target command name already exists"},
		{"sentinel monitor a", "sentinel directive while not in sentinel mode"},
		{"mod.value", "Module config specified without value"},
		{"logfile /nonexistent/dir/x.log", "Can't open the log file: No such file or directory"},
		{"cluster-enabled yes\nreplicaof localhost 1", "replicaof directive not allowed in cluster mode"},
		{"include /nonexistent.conf", "Fatal error, can't open config file '/nonexistent.conf': No such file or directory"},
		{"dir /nonexistent", "line 1\n>>> 'dir /nonexistent'\nNo such file or directory"},
	} {
		if _, err := load(t, tc.conf); err == nil || !strings.HasSuffix(err.Error(), tc.want) {
			t.Errorf("%q: %v, want %s", tc.conf, err, tc.want)
		}
	}
}

// What Redis accepts is accepted, also what means nothing any more.
func TestConfigFileAccepts(t *testing.T) {
	s, err := load(t, strings.Join([]string{
		"list-max-ziplist-entries 512", "lua-replicate-commands yes", "lua-time-limit 10",
		"hash-max-ziplist-entries 5", "user alice on nopass ~* +@all",
		`client-output-buffer-limit "normal 1 2 3"`, "bind 127.0.0.1 -::1", "save ''", "tls-port 0",
		"loadmodule /a.so", `loadmodule /b.so x "y z"`, "mod.one 1", `mod.two "a b" c`, "MOD.one 2",
	}, "\n"))
	if err != nil {
		t.Fatal(err)
	}
	c := s.Config
	if len(c.LoadModules) != 2 || c.LoadModules[1].Path != "/b.so" || !slices.Equal(c.LoadModules[1].Args, []string{"x", "y z"}) {
		t.Errorf("loadmodule: %+v", c.LoadModules)
	}
	if v, ok := c.TakePending("Mod.ONE"); !ok || v != "2" {
		t.Errorf("mod.one: %q, %v", v, ok)
	}
	if v, _ := c.TakePending("mod.two"); v != "a b c" || len(c.Pending) != 0 {
		t.Errorf("mod.two: %q, left %v", v, c.Pending)
	}
	if len(c.Values.SavePoints) != 0 || c.Int("hash-max-listpack-entries") != 5 || c.String("bind") != "127.0.0.1 -::1" {
		t.Errorf("values: %+v", c.Values)
	}
	if c.Bool("appendonly") || !c.Bool("protected-mode") || c.Bool("nosuch") || c.Int("nosuch") != 0 {
		t.Error("Bool and Int")
	}
}

func TestRenameCommand(t *testing.T) {
	k := talk(t, "rename-command ECHO shout\nrename-command TIME ''\n")
	k.expect(
		"SHOUT hi", "hi",
		"echo hi", "-ERR unknown command 'echo', with args beginning with: 'hi' ",
		"shout hi", "hi",
		"TIME", "-ERR unknown command 'TIME', with args beginning with: ",
	)
}

func TestConfigInert(t *testing.T) {
	s, err := load(t, "appendonly yes\nhz 20\ncluster-enabled yes\nsave 1 1\nsyslog-enabled no\n")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := s.Config.Inert(), []string{"cluster-enabled", "save"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestConfigRewrite(t *testing.T) {
	t.Chdir(t.TempDir())
	const file = "redis.conf"
	old := "# mine\nport 7000\nloadmodule /old.so\nslave-priority 5\n"
	if err := os.WriteFile(file, []byte(old), 0o600); err != nil {
		t.Fatal(err)
	}
	k := talk(t, old)
	k.s.Config.File, _ = filepath.Abs(file)
	k.s.Config.LoadedModules = func() []LoadModule { return []LoadModule{{"/new.so", []string{"a", "b c"}}} }
	k.expect(
		"CONFIG SET hz 33 requirepass 'p \"q' maxmemory 3mb save '5 6 7 8'", "OK",
		"CONFIG REWRITE", "OK",
	)
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	dir, _ := os.Getwd()
	for _, line := range []string{
		"# mine", "port 7000", `loadmodule /new.so a "b c"`, "replica-priority 5", "hz 33", `requirepass "p \"q"`,
		"maxmemory 3mb", "save 5 6", "save 7 8", "dir " + config.Quote(dir), "# Generated by CONFIG REWRITE",
		"latency-tracking-info-percentiles 50 99 99.9",
	} {
		if !slices.Contains(strings.Split(text, "\n"), line) {
			t.Errorf("no line %q in:\n%s", line, text)
		}
	}
	again := talk(t, text)
	for _, p := range again.s.Config.table.Params() {
		if got, want := p.Value.Get(), k.s.Config.String(p.Name); got != want {
			t.Errorf("%s is %q after reading back, was %q", p.Name, got, want)
		}
	}
}

func TestConfigModuleParams(t *testing.T) {
	k := talk(t, "")
	c := k.s.Config
	value, applied := int64(5), 0
	refuse := errors.New("no sevens")
	p := &config.Param{
		Name: "Mod.num", ShortName: "num", ApplyKey: "mod",
		Value: &config.Int{
			Default: 5, Min: 0, Max: 10, Load: func() int64 { return value },
			Store: func(n int64) error {
				if n == 7 {
					return refuse
				}
				value = n
				return nil
			},
		},
		Apply: func() error {
			applied++
			if value == 9 {
				return errors.New("no nines")
			}
			return nil
		},
	}
	if err := c.Register(p); err != nil {
		t.Fatal(err)
	}
	var changes []string
	c.OnChange(func(names []string) { changes = append(changes, strings.Join(names, " ")) })
	k.expect(
		"CONFIG GET mod.*", "[Mod.num 5]",
		"CONFIG SET mod.num 6 hz 20", "OK",
		"CONFIG SET hz 30 mod.num 7", "-ERR CONFIG SET failed (possibly related to argument 'Mod.num') - no sevens",
		"CONFIG SET hz 30 mod.num 9", "-ERR CONFIG SET failed (possibly related to argument 'num') - no nines",
		"CONFIG SET mod.num 11", "-ERR CONFIG SET failed (possibly related to argument 'Mod.num') - argument must be between 0 and 10 inclusive",
		"CONFIG GET mod.num hz", "[mod.num 6 hz 20]",
	)
	if applied != 3 { // once for 6, once for 9, once to take 9 back
		t.Errorf("applied %d times", applied)
	}
	if want := []string{"Mod.num hz"}; !slices.Equal(changes, want) {
		t.Errorf("changes %q, want %q", changes, want)
	}
	if err := c.SetModule("mod.num", "7"); !errors.Is(err, refuse) {
		t.Errorf("SetModule: %v", err)
	}
	c.Unregister("mod")
	k.expect("CONFIG GET mod.*", "[]")
}
