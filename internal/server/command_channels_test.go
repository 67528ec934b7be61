package server

import (
	"fmt"
	"strings"
	"testing"
)

func TestFindChannels(t *testing.T) {
	s, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ line, want string }{
		{"SUBSCRIBE a b", "[{1 4} {2 4}]"},
		{"PSUBSCRIBE a*", "[{1 5}]"},
		{"punsubscribe", "[]"},
		{"UNSUBSCRIBE a", "[{1 8}]"},
		{"PUBLISH a message", "[{1 2}]"},
		{"SPUBLISH a message", "[{1 2}]"},
		{"SSUBSCRIBE a", "[{1 4}]"},
		{"GET a", "[]"},
	} {
		var argv [][]byte
		for _, w := range strings.Fields(tc.line) {
			argv = append(argv, []byte(w))
		}
		if got := fmt.Sprint(s.LookupArgv(argv).FindChannels(argv)); got != tc.want {
			t.Errorf("%s: %s, want %s", tc.line, got, tc.want)
		}
	}
	cmd := &Command{Name: "publish", Flags: Module}
	if got := cmd.FindChannels([][]byte{[]byte("publish"), []byte("a")}); got != nil {
		t.Errorf("a module's command of that name has the channels %v", got)
	}
}
