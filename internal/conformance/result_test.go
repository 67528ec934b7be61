package conformance

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for _, tc := range []struct {
		name, log string
		want      File
		missed    int
	}{
		{"timer", "[ready]: 12\nTesting unit/moduleapi/timer\n\x1b[32m[ok]\x1b[0m: a (3 ms)\n[ok]: b (12 ms)\n[1/1 done]: unit/moduleapi/timer (1 seconds)\n",
			File{Name: "timer", Passed: 2, Ended: true}, 4},
		{"zset", "[ok]: a (0 ms)\n[err]: b in tests/unit/moduleapi/zset.tcl\nExpected '1' to be equal to '2'\n[1/1 done]: x\n",
			File{Name: "zset", Passed: 1, Failed: []string{"b"}, Ended: true}, 2},
		{"hash", "[ok]: a (0 ms)\n[exception]: Executing test client: ERR unknown command 'x', with args: .\nERR unknown\n    while executing\n",
			File{Name: "hash", Passed: 1, Exception: "ERR unknown command 'x', with args: "}, 1},
		{"auth", "[err]: reading reply\nI/O error reading reply\n    while executing\n[exception]: Executing test client: key \"pid\" not known in dictionary.\n",
			File{Name: "auth", Exception: "I/O error reading reply"}, 7},
		{"fork", "[err]: Can't start the Redis server\nwhy\n[err]: Can't start the Redis server\n[1/1 done]: x\n",
			File{Name: "fork", Failed: []string{"Can't start the Redis server"}, Ended: true}, 2},
		{"scan", "[ok]: a (0 ms)\n", File{Name: "scan", Passed: 1}, 9},
		{"unheard", "[ok]: a (0 ms)\n", File{Name: "unheard", Passed: 1}, 0},
	} {
		got := Parse(tc.name, []byte(tc.log))
		if got.Passed != tc.want.Passed || strings.Join(got.Failed, ";") != strings.Join(tc.want.Failed, ";") ||
			got.Exception != tc.want.Exception || got.Ended != tc.want.Ended {
			t.Errorf("%s: got %+v, want %+v", tc.name, got, tc.want)
		}
		if got.Missed() != tc.missed {
			t.Errorf("%s: missed %d, want %d", tc.name, got.Missed(), tc.missed)
		}
	}
}

// The runner is called with a wrapper that starts the server with the suite's configuration file.
func TestRun(t *testing.T) {
	dir := t.TempDir()
	server := filepath.Join(dir, "it's a server")
	runner := filepath.Join(dir, "runner")
	for path, script := range map[string]string{
		server: "#!/bin/sh\necho \"$*\" > '" + filepath.Join(dir, "called") + "'\n",
		runner: "#!/bin/sh\n\"$1\" some.conf || exit 1\nmkdir -p \"$OUT\"\nprintf '[ok]: a (1 ms)\\n[err]: p|q\\n[1/1 done]: x\\n' > \"$OUT/$2.log\"\n",
	} {
		if err := os.WriteFile(path, []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	files, err := Run(Config{Suite: dir, Runner: runner, Server: server, Files: []string{"zset"}})
	if err != nil || len(files) != 1 || files[0].Passed != 1 {
		t.Fatalf("%+v, %v", files, err)
	}
	if b, _ := os.ReadFile(filepath.Join(dir, "called")); string(b) != "serve some.conf\n" {
		t.Errorf("the server was called with %q", b)
	}
	text := Markdown(files)
	for _, want := range []string{"1 of 4 tests pass", "| zset | 1 | 4 | 1 | 2 |", "- zset: p/q"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in:\n%s", want, text)
		}
	}
}
