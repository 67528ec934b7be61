package aof

import (
	"os"
	"path/filepath"
	"testing"
)

func TestLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	write := func(l *Log, text string, size int64) {
		t.Helper()
		if n, err := l.Write([]byte(text)); n != len(text) || err != nil || l.Size() != size {
			t.Errorf("%d bytes, %v, now %d; want %d", n, err, l.Size(), size)
		}
	}
	l, err := CreateLog(path)
	if err != nil {
		t.Fatal(err)
	}
	write(l, "abc", 3)
	if err := l.Sync(); err != nil {
		t.Error(err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if n, err := l.Write([]byte("x")); n != 0 || err == nil || l.Size() != 3 {
		t.Errorf("a closed file took %d bytes: %v", n, err)
	}
	if l, err = OpenLog(path); err != nil {
		t.Fatal(err)
	}
	write(l, "def", 6)
	if err := os.Truncate(path, 4); err != nil {
		t.Fatal(err)
	}
	if err := l.Measure(); err != nil || l.Size() != 4 {
		t.Errorf("%d bytes, %v", l.Size(), err)
	}
	write(l, "g", 5)
	data, err := os.ReadFile(path)
	if string(data) != "abcdg" || err != nil {
		t.Errorf("%q %v", data, err)
	}
	_ = l.Close()
	if l, err = CreateLog(path); err != nil || l.Size() != 0 {
		t.Errorf("made again: %v", err)
	}
	_ = l.Close()
	if _, err := OpenLog(filepath.Dir(path)); err == nil {
		t.Error("a directory was opened")
	}
}

func TestAppendTime(t *testing.T) {
	if got := string(AppendTime([]byte("x"), 12)); got != "x#TS:12\r\n" {
		t.Errorf("%q", got)
	}
}
