package server

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"berth/internal/persist/rdb"
	"berth/internal/persist/snapshot"
)

func TestKeepFunctions(t *testing.T) {
	s, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	lib := func(name, code string) string { return "#!lua name=" + name + "\n" + code }
	dumped := func(libs ...string) string {
		w := snapshot.Writer{Version: 11}
		for _, l := range libs {
			w.Op(rdb.OpFunction2)
			w.String([]byte(l))
		}
		return string(snapshot.Footer(w.B, w.Version))
	}
	check := func(ok bool, args []string, want ...string) {
		t.Helper()
		var argv [][]byte
		for _, a := range args {
			argv = append(argv, []byte(a))
		}
		if got := s.keepFunctions(argv); got != ok {
			t.Errorf("%.60q: %v", args, got)
		}
		var have []string
		for _, l := range s.persist.functions {
			have = append(have, string(l.code))
		}
		if strings.Join(have, "|") != strings.Join(want, "|") {
			t.Errorf("%.60q: there are %q, want %q", args, have, want)
		}
	}
	a, a2, b := lib("a", "one"), lib("a", "two"), lib("b", "three")
	check(true, []string{"LOAD", a}, a)
	check(true, []string{"load", "replace", a2}, a2)
	check(true, []string{"load", b}, a2, b)
	check(true, []string{"delete", "a"}, b)
	check(true, []string{"delete", "none"}, b)
	check(true, []string{"restore", dumped(a, b)}, b, a)
	check(true, []string{"restore", dumped(a2), "REPLACE"}, b, a2)
	check(true, []string{"restore", dumped(a), "FLUSH"}, a)
	check(false, []string{"restore", "garbage"}, a)
	check(false, []string{"list"}, a)
	check(false, []string{"delete"}, a)
	check(false, nil, a)
	check(true, []string{"flush", "async"})
}

// A file of nothing but libraries, or of modules' data, is refused before it takes for
// ever.
func TestKeepTooMany(t *testing.T) {
	s, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	s.log.level.Store(int32(LogWarning + 1))
	for what, one := range map[string]func(w *snapshot.Writer, i int){
		"libraries": func(w *snapshot.Writer, i int) {
			w.Op(rdb.OpFunction2)
			w.String(fmt.Appendf(nil, "#!lua name=%d\n", i))
		},
		"data": func(w *snapshot.Writer, i int) { w.ModuleAux(uint64(i), true, nil) },
	} {
		w := snapshot.Writer{Version: 11}
		w.Raw([]byte("REDIS0011"))
		for i := range max(maxLibraries, maxUnknownAux) + 1 {
			one(&w, i)
		}
		w.Op(rdb.OpEOF)
		if _, _, err := s.LoadSnapshot(bytes.NewReader(w.B), LoadOptions{}); !errors.Is(err, rdb.ErrCorrupt) && !errors.Is(err, snapshot.ErrNoType) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
