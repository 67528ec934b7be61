package abi

import (
	"os"
	"path/filepath"
	"testing"

	"berth/internal/server"
	"berth/loop"
)

// newTestServer makes a server that listens nowhere. New takes the host lock,
// as the loop would hold it.
func newTestServer(t testing.TB, l *loop.Loop) *server.Server {
	t.Helper()
	s, err := server.New(server.Options{Loop: l})
	if err != nil {
		t.Fatal(err)
	}
	s.HostLock.Unlock()
	return s
}

func newTestClient(s *server.Server) *server.Client {
	return s.NewFakeClient(server.FakeOptions{})
}

func outputOf(c *server.Client) string { return string(c.Output()) }

// captureLog returns what the server logs while fn runs.
func captureLog(t *testing.T, fn func()) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "log")
	if err := testServer.Config.LoadText("logfile " + path + "\n"); err != nil {
		t.Fatal(err)
	}
	fn()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := testServer.Config.LoadText("logfile \"\"\n"); err != nil {
		t.Fatal(err)
	}
	return string(text)
}
