package moduletest

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// step is one command of a session. A session is a text of these lines:
//
//	# a remark
//	> command      a command; words with spaces are put in double quotes
//	? command      the same, repeated until the reply is the expected one
//	anything else  the reply to the command above, as redis-cli shows it
//	~ pattern      the reply, as a regular expression for all of it
//
// $MODULE is the module's file, $DIR the server's folder, $PORT its port and
// $SOCKET its Unix socket; in a pattern they are not replaced.
type step struct {
	line  int
	args  []string
	retry bool
	want  []string
}

func parseSession(text string, vars *strings.Replacer) ([]step, error) {
	var steps []step
	for i, line := range strings.Split(text, "\n") {
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "> "), strings.HasPrefix(line, "? "):
			args, err := words(line[2:])
			if err != nil {
				return nil, fmt.Errorf("line %d: %w", i+1, err)
			}
			for j := range args {
				args[j] = vars.Replace(args[j])
			}
			steps = append(steps, step{line: i + 1, args: args, retry: line[0] == '?'})
		case len(steps) == 0:
			return nil, fmt.Errorf("line %d: a reply without a command", i+1)
		default:
			if !strings.HasPrefix(line, "~ ") {
				line = vars.Replace(line)
			}
			last := &steps[len(steps)-1]
			last.want = append(last.want, line)
		}
	}
	for _, s := range steps {
		if len(s.want) == 0 {
			return nil, fmt.Errorf("line %d: a command without a reply", s.line)
		}
	}
	return steps, nil
}

// words splits a command; between double quotes everything stands for itself.
func words(line string) ([]string, error) {
	var list []string
	for line = strings.TrimSpace(line); line != ""; line = strings.TrimSpace(line) {
		var word string
		if rest, ok := strings.CutPrefix(line, `"`); ok {
			if word, line, ok = strings.Cut(rest, `"`); !ok {
				return nil, fmt.Errorf("a quote is not closed")
			}
		} else {
			word, line, _ = strings.Cut(line, " ")
		}
		list = append(list, word)
	}
	return list, nil
}

func (s step) agrees(got string) bool {
	want := strings.Join(s.want, "\n")
	if pattern, ok := strings.CutPrefix(want, "~ "); ok {
		return regexp.MustCompile("^(?s:" + pattern + ")$").MatchString(got)
	}
	return got == want
}

func TestWords(t *testing.T) {
	for _, tc := range []struct {
		line string
		want []string
	}{
		{"", nil},
		{"PING", []string{"PING"}},
		{`SET  "a key" "" x`, []string{"SET", "a key", "", "x"}},
		{`SET "a`, nil},
	} {
		got, _ := words(tc.line)
		if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", tc.want) {
			t.Errorf("%q: %q, want %q", tc.line, got, tc.want)
		}
	}
}

// play runs a session on one connection.
func play(t *testing.T, s *server, so, script string) {
	t.Helper()
	text, err := os.ReadFile(script)
	if err != nil {
		t.Fatal(err)
	}
	steps, err := parseSession(string(text), strings.NewReplacer("$MODULE", so, "$DIR", s.dir,
		"$PORT", fmt.Sprint(s.port), "$SOCKET", s.socket))
	if err != nil {
		t.Fatalf("%s: %v", script, err)
	}
	c := s.dial()
	for _, step := range steps {
		got := c.do(t, step.args...)
		for end := time.Now().Add(patience); step.retry && !step.agrees(got) && time.Now().Before(end); {
			time.Sleep(10 * time.Millisecond)
			got = c.do(t, step.args...)
		}
		if !step.agrees(got) {
			t.Errorf("%s:%d: %q: got\n%s\nwant\n%s", filepath.Base(script), step.line, step.args, got, strings.Join(step.want, "\n"))
		}
	}
}

// Every module has a session, which passes here, and with redis-server too if
// the module asks for nothing that only this server has.
func TestSessions(t *testing.T) {
	for _, tc := range []struct {
		name, source string
		redis        bool
	}{
		{"helloworld", "modules/helloworld.c", true},
		{"helloblock", "modules/helloblock.c", true},
		{"hellotimer", "modules/hellotimer.c", true},
		{"hellodict", "modules/hellodict.c", true},
		{"hellofilter", "modules/hellofilter.c", true},
		{"hellonet", "modules/hellonet.c", false},
		{"echoserver", "modules/echoserver.c", false},
		{"hiredisproxy", "modules/hiredisproxy.c", false},
		{"sqlcache", "modules/sqlcache.c", false},
		{"gohello", "modules/gohello", false},
		{"goblock", "modules/goblock", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			so := module(t, tc.source)
			script := filepath.Join(root, "testdata", "sessions", "modules", tc.name+".txt")
			t.Run("berth", func(t *testing.T) { play(t, startBerth(t), so, script) })
			if tc.redis {
				t.Run("redis", func(t *testing.T) { play(t, startRedis(t), so, script) })
			}
		})
	}
}

// No module is without a session, and no session without a module.
func TestSessionsComplete(t *testing.T) {
	names := map[string]int{}
	for _, pattern := range []string{"modules/*.c", "modules/go*", "testdata/sessions/modules/*.txt"} {
		list, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(pattern)))
		if err != nil || len(list) == 0 {
			t.Fatalf("%s: %v, %v", pattern, list, err)
		}
		for _, path := range list {
			base := filepath.Base(path)
			names[strings.TrimSuffix(base, filepath.Ext(base))]++
		}
	}
	for name, n := range names {
		if n != 2 {
			t.Errorf("%s is a module without a session, or a session without a module", name)
		}
	}
}
