package sessiontest

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"berth/internal/resp"
	"berth/internal/testkit"
)

var rewrite = flag.Bool("rewrite", false, "write the replies of redis-server into the scripts")

func TestMain(m *testing.M) { testkit.Main(m) }

// Every script gives the same replies here and by redis-server.
func TestSessions(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(testkit.Root(t), "testdata", "sessions", "*.txt"))
	if err != nil || len(paths) == 0 {
		t.Fatal("no scripts: ", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			t.Parallel()
			s, err := Load(path)
			if err != nil {
				t.Fatal(err)
			}
			if !*rewrite {
				t.Run("berth", func(t *testing.T) { playTo(t, s, false) })
			}
			if !s.Only72 {
				t.Run("redis-server", func(t *testing.T) { playTo(t, s, true) })
			}
		})
	}
}

// playTo plays to a server of its own.
func playTo(t *testing.T, s *Script, oracle bool) {
	t.Parallel()
	o := testkit.Options{TCP: s.TCP, Args: s.Server}
	if !oracle {
		Play(t, s, testkit.StartBerth(t, o), false, false)
		return
	}
	replies := Play(t, s, testkit.StartRedis(t, o), true, *rewrite)
	if *rewrite && len(replies) > 0 {
		if err := os.WriteFile(s.Path, []byte(s.Rewrite(replies)), 0o644); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d replies rewritten", s.Path, len(replies))
	}
}

func TestParse(t *testing.T) {
	s, err := Parse("# remark\n!server --hz 10\n> SET k \"a b\"\nOK\n\na> GET k\n\"x\"\n# 7.2: \"y\"\n# 7.2: z\na<\n~ .*\n? PING\nPONG\n!resp 3 a\n> X $PORT\n")
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Server) != 2 || !s.TCP || len(s.Steps) != 6 {
		t.Fatalf("%+v", s)
	}
	st := s.Steps[0]
	if st.Line != 3 || st.Act != Run || st.Conn != "" || strings.Join(st.Args, "|") != "SET|k|a b" || strings.Join(st.Want, "|") != "OK" {
		t.Errorf("%+v", st)
	}
	st = s.Steps[1]
	if st.Conn != "a" || strings.Join(st.Want, "|") != `"x"` || strings.Join(st.Want72, "|") != `"y"|z` {
		t.Errorf("%+v", st)
	}
	if s.Steps[2].Act != Read || s.Steps[3].Act != Poll || s.Steps[4].Act != Do {
		t.Errorf("%+v", s.Steps)
	}
	got := s.Rewrite(map[int][]string{0: {"1) a", "2) b"}, 1: {"(nil)"}, 5: {"new"}})
	want := "# remark\n!server --hz 10\n> SET k \"a b\"\n1) a\n2) b\n\na> GET k\n(nil)\n# 7.2: \"y\"\n# 7.2: z\na<\n~ .*\n? PING\nPONG\n!resp 3 a\n> X $PORT\nnew\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for _, text := range []string{"OK\n", "> \n", ">\n", "# 7.2: x\n", "!nosuch\n", "!resp\n", "> PING\nPONG\n!server x\n", "> X\n~ (\n", "> \"\n", "< X\n",
		"> X\n# 7.2: a\nb\n", "!sleep\n", "!only 7.0\n"} {
		if _, err := Parse(text); !errors.Is(err, ErrScript) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestMatches(t *testing.T) {
	const list = "*3\r\n$1\r\nb\r\n$1\r\na\r\n*2\r\n:2\r\n:1\r\n"
	for _, tc := range []struct {
		want, raw string
		ok        bool
	}{
		{"OK", "+OK\r\n", true},
		{"OK", "+KO\r\n", false},
		{"", "+OK\r\n", false},
		{`= $1\r\n"\r\n`, "$1\r\n\"\r\n", true},
		{`= $1\r\na\r\n`, "$1\r\nb\r\n", false},
		{"~ \\d+", "+12\r\n", true},
		{"~ \\d+", "+12a\r\n", false},
		{"~ .*a.*", list, true},
		{"1) \"b\"\n~ 2\\) .*\n3) 1) (integer) 2\n   2) (integer) 1", list, true},
		{"1) \"b\"\n~ 2\\) .*", list, false},
		{"1) \"b\"\n...", list, true},
		{"1) \"a\"\n...", list, false},
		{"(any order)\n- \"a\"\n- \"b\"\n- - (integer) 1\n  - (integer) 2", list, true},
		{"(any order)\n- \"b\"\n- \"a\"\n- - (integer) 1\n  - (integer) 2", list, false},
	} {
		r, _, err := resp.ParseReply([]byte(tc.raw))
		if err != nil {
			t.Fatal(err)
		}
		var want []string
		if tc.want != "" {
			want = strings.Split(tc.want, "\n")
		}
		if got, ok := matches(want, &r); ok != tc.ok {
			t.Errorf("%q, %q: %v, %q", tc.want, tc.raw, ok, got)
		}
	}
}
