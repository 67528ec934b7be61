package aof

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestParseManifest(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"base and incr", "file a.1.base.rdb seq 1 type b\nfile a.1.incr.aof seq 1 type i\n", ""},
		{"history", "file a seq 2 type b\nfile b seq 1 type h\nfile c seq 3 type i\nfile d seq 9 type i\n", ""},
		{"remarks", "# one\nfile a seq 1 type b\n#", ""},
		{"only remarks", "# one\n", ""},
		{"words of a later version", "seq 1 type i file a color blue\n", ""},
		{"capitals", "FILE a Seq 1 tYPE i\n", ""},
		{"quotes", `file "a \x01\"b" seq 1 type i` + "\n", ""},
		{"blanks", " \tfile a seq 1 type i \r\n", ""},
		{"a number with a tail", "file a seq 1x type incr\n", ""},
		{"nothing", "", "Found an empty AOF manifest"},
		{"an empty line", "\n", badLine},
		{"no end", "file a seq 1 type i", "The AOF manifest file contains too long line"},
		{"a long line", "file " + strings.Repeat("a", maxLine) + " seq 1 type i\n", "The AOF manifest file contains too long line"},
		{"few words", "file a seq 1\n", badLine},
		{"an odd word", "file a seq 1 type i x\n", badLine},
		{"no name", "name a seq 1 type i\n", badLine},
		{"no number", "file a seq x type i\n", badLine},
		{"a number without a next one", "file a seq 9223372036854775807 type i\n", badLine},
		{"no kind", "file a seq 1 type ''\n", badLine},
		{"open quotes", "file \"a seq 1 type i\n", badLine},
		{"a path", "file ../a seq 1 type i\n", "File can't be a path, just a filename"},
		{"two bases", "file a seq 1 type b\nfile b seq 2 type b\n", "Found duplicate base file information"},
		{"going back", "file a seq 2 type i\nfile b seq 2 type i\n", "Found a non-monotonic sequence number"},
		{"below zero", "file a seq -1 type i\n", "Found a non-monotonic sequence number"},
		{"another kind", "file a seq 1 type x\n", "Unknown AOF file type"},
	} {
		m, err := ParseManifest([]byte(tc.text))
		if tc.want == "" {
			if err != nil {
				t.Errorf("%s: %v", tc.name, err)
				continue
			}
			again, err := ParseManifest(m.Append([]byte("# once more\n")))
			if err != nil || string(again.Append(nil)) != string(m.Append(nil)) {
				t.Errorf("%s: %q, then %v", tc.name, m.Append(nil), err)
			}
			continue
		}
		var bad *ManifestError
		if !errors.Is(err, ErrManifest) || !errors.As(err, &bad) || bad.Reason != tc.want {
			t.Errorf("%s: %v, want %q", tc.name, err, tc.want)
		}
	}
}

// What a rewrite does to a manifest, step by step.
func TestManifestRewrite(t *testing.T) {
	m := &Manifest{}
	check := func(want string) {
		t.Helper()
		if got := string(m.Append(nil)); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if !m.Empty() || m.Last() != "" {
		t.Error("a new manifest has files")
	}
	m.NewBase("a", true)
	m.NewIncr("a")
	check("file a.1.base.rdb seq 1 type b\nfile a.1.incr.aof seq 1 type i\n")
	before := m.Clone()
	m.NewIncr("a") // the rewrite begins
	check("file a.1.base.rdb seq 1 type b\nfile a.1.incr.aof seq 1 type i\nfile a.2.incr.aof seq 2 type i\n")
	m.NewBase("a", false) // and ends
	m.Retire(true)
	check("file a.2.base.aof seq 2 type b\nfile a.1.incr.aof seq 1 type h\nfile a.1.base.rdb seq 1 type h\nfile a.2.incr.aof seq 2 type i\n")
	if m.Last() != "a.2.incr.aof" || m.Empty() {
		t.Errorf("the last one is %q", m.Last())
	}
	m.Retire(false)
	if len(m.Incr) != 0 || len(m.History) != 3 {
		t.Errorf("%q", m.Append(nil))
	}
	m = before
	check("file a.1.base.rdb seq 1 type b\nfile a.1.incr.aof seq 1 type i\n")
}

func TestWriteManifest(t *testing.T) {
	dir := t.TempDir()
	m := &Manifest{}
	m.NewBase("with blank", true)
	if err := WriteManifest(dir, "a", m); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "a.manifest"))
	if want := `file "with blank.1.base.rdb" seq 1 type b` + "\n"; err != nil || string(data) != want {
		t.Errorf("%q %v, want %q", data, err, want)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "temp-*")); len(left) != 0 {
		t.Errorf("%v is left", left)
	}
	err = WriteManifest(filepath.Join(dir, "none"), "a", m)
	var step *StepError
	if want := "Can't open the AOF manifest file temp-a.manifest: No such file or directory"; !errors.As(err, &step) || err.Error() != want {
		t.Errorf("%v, want %q", err, want)
	}
}

func FuzzManifest(f *testing.F) {
	f.Add([]byte("file a.1.base.rdb seq 1 type b\nfile a.1.incr.aof seq 1 type i\n"))
	f.Add([]byte("# remark\nfile \"a b\" seq 1 type h\nfile b seq 2 type i x y\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := ParseManifest(data)
		if err != nil {
			if !errors.Is(err, ErrManifest) {
				t.Errorf("another error: %v", err)
			}
			return
		}
		m.NewIncr("a")
		m.NewBase("a", true)
		m.Retire(true)
		text := m.Append(nil)
		for line := range strings.Lines(string(text)) {
			if len(line) > maxLine {
				return // a name has become too long by its quotes
			}
		}
		again, err := ParseManifest(text)
		if err != nil || string(again.Append(nil)) != string(text) {
			t.Errorf("%q was written, and read as an error: %v", text, err)
		}
	})
}
