package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"berth/internal/preflight"
)

// inspectRun runs berth inspect and gives what it printed and its exit status.
func inspectRun(args ...string) (string, int) {
	var out bytes.Buffer
	app := &cli.App{
		Writer: &out, ErrWriter: &out, Commands: []*cli.Command{inspectCommand()},
		ExitErrHandler: func(*cli.Context, error) {},
	}
	err := app.Run(append([]string{"berth", "inspect"}, args...))
	var code cli.ExitCoder
	switch {
	case errors.As(err, &code):
		return out.String() + err.Error(), code.ExitCode()
	case err != nil:
		return out.String() + err.Error(), -1
	}
	return out.String(), 0
}

func TestInspectCommand(t *testing.T) {
	if _, err := exec.LookPath("gcc"); err != nil {
		t.Skipf("no C compiler: %v", err)
	}
	dir := t.TempDir()
	src, good := filepath.Join(dir, "m.c"), filepath.Join(dir, "good.so")
	code := `const char *names[] = {"RedisModule_CreateCommand", "RedisModule_FromTheFuture"};
int RedisModule_OnLoad(void) { return names[0] == 0; }`
	if err := os.WriteFile(src, []byte(code), 0o644); err != nil {
		t.Fatal(err)
	}
	if msg, err := exec.Command("gcc", "-shared", "-fPIC", "-o", good, src).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, msg)
	}
	missing := filepath.Join(dir, "missing.so")
	for _, tc := range []struct {
		name string
		args []string
		code int
		says []string
	}{
		{"a module", []string{good}, 0, []string{good, "asks for      2 module functions", "FromTheFuture", "loads         yes"}},
		{"no file", []string{missing}, 1, []string{"no. There is no such file."}},
		{"one of two", []string{missing, good}, 1, []string{"There is no such file.", "loads         yes"}},
		{"no argument", nil, 2, []string{"which file?"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			out, code := inspectRun(tc.args...)
			if code != tc.code {
				t.Errorf("status %d, want %d", code, tc.code)
			}
			for _, s := range tc.says {
				if !strings.Contains(out, s) {
					t.Errorf("%q is not in\n%s", s, out)
				}
			}
		})
	}
	out, status := inspectRun("--json", good)
	var r preflight.Report
	if err := json.Unmarshal([]byte(out), &r); err != nil || status != 0 {
		t.Fatalf("%v (status %d)\n%s", err, status, out)
	}
	if r.Language != "C" || strings.Join(r.Lacking, " ") != "FromTheFuture" || len(r.EntryPoints) != 1 {
		t.Errorf("%+v", r)
	}
}
