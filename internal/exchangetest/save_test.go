package exchangetest

import (
	"os"
	"path/filepath"
	"testing"

	"berth/internal/testkit"
)

// A save point that is reached has the data saved, and so has the end: both servers
// say the same, and each starts with what the other left.
func TestSavePoints(t *testing.T) {
	t.Parallel()
	starts := []func(testing.TB, testkit.Options) *testkit.Server{testkit.StartBerth, testkit.StartRedis}
	for i, start := range starts {
		dir := t.TempDir()
		args := []string{"--dir", dir, "--save", "1 2"}
		if i == 0 {
			args = append(args, "--rdb-version", fileVersion)
		}
		s := start(t, testkit.Options{Args: args})
		c := server{s, s.Dial(), t}
		c.must("SET", "a", "1")
		c.must("SET", "b", "2")
		s.WaitLog("2 changes in 1 seconds. Saving...")
		s.WaitLog("Background saving terminated with success")
		if _, err := os.Stat(filepath.Join(dir, "dump.rdb")); err != nil {
			t.Error(err)
		}
		c.must("SET", "late", "3")
		s.Stop()
		s = starts[1-i](t, testkit.Options{Args: []string{"--dir", dir}})
		c = server{s, s.Dial(), t}
		if n := c.must("DBSIZE"); n.Int != 3 {
			t.Errorf("%s starts with %d keys", s.Name, n.Int)
		}
		if got := string(c.must("GET", "late").Str); got != "3" {
			t.Errorf("%s: what was set before the end is %q", s.Name, got)
		}
	}
}
