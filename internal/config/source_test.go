package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// collect runs Each and joins what it gives.
func collect(t *testing.T, text string) (string, error) {
	t.Helper()
	var lines []string
	err := Each(text, func(args []string) error {
		lines = append(lines, strings.Join(args, "|"))
		return nil
	})
	return strings.Join(lines, "\n"), err
}

// write makes a file in the working directory of the test.
func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestEach(t *testing.T) {
	got, err := collect(t, "# a comment\n\n  PORT 7000\r\nSave 900 1\n\t# another\nbind \"a b\"")
	if want := "port|7000\nsave|900|1\nbind|a b"; got != want || err != nil {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
}

func TestEachErrors(t *testing.T) {
	bad := errors.New("bad")
	err := Each("a 1\n\n b 2 \n", func(args []string) error {
		if args[0] == "b" {
			return bad
		}
		return nil
	})
	var line *LineError
	if !errors.As(err, &line) || line.Line != 3 || line.Text != "b 2" || !errors.Is(err, bad) {
		t.Fatalf("got %#v", err)
	}
	if want := "Reading the configuration file, at line 3\n>>> 'b 2'\nbad"; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
	if err := Each(`x "`, func([]string) error { return nil }); !errors.Is(err, ErrQuotes) {
		t.Errorf("unbalanced quotes: %v", err)
	}
}

func TestInclude(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "one.conf", "a 1\ninclude conf.d/*.conf\nc 3\n")
	write(t, "conf.d/20.conf", "b 22\n")
	write(t, "conf.d/10.conf", "b 11") // no newline at the end
	got, err := collect(t, "include one.conf\ninclude none/*.conf\nd 4")
	if want := "a|1\nb|11\nb|22\nc|3\nd|4"; got != want || err != nil {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}

	_, err = collect(t, "include missing.conf")
	var file *FileError
	if !errors.As(err, &file) || file.Path != "missing.conf" {
		t.Fatalf("a missing file: %v", err)
	}
	if want := "Fatal error, can't open config file 'missing.conf': No such file or directory"; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}

	write(t, "self.conf", "include self.conf\n")
	if _, err := collect(t, "include self.conf"); !errors.Is(err, ErrIncludeDepth) {
		t.Errorf("a file that includes itself: %v", err)
	}

	write(t, "bad.conf", "ok 1\nbroken \"\n")
	_, err = collect(t, "# first\ninclude bad.conf")
	var line *LineError
	if !errors.As(err, &line) || line.Line != 2 || line.Text != `broken "` {
		t.Errorf("an error in an included file tells its own line: %v", err)
	}
}

func TestSourceText(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "redis.conf", "port 1\n")
	src := Source{Path: "redis.conf", Stdin: strings.NewReader("port 2"), Options: `port "3"`}
	got, err := src.Text()
	if want := "port 1\nport 2\nport \"3\""; got != want || err != nil {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
	if _, err := (Source{Path: "none"}).Text(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
}

func TestOptions(t *testing.T) {
	for _, tc := range []struct {
		args  string
		want  string
		stdin bool
	}{
		{"--port 6380", `port "6380" `, false},
		{"--port 6380 --hz 5", "port \"6380\" \nhz \"5\" ", false},
		{"--loadmodule ./m.so a --b c --m.x 1", "loadmodule \"./m.so\" \"a\" \nb \"c\" \nm.x \"1\" ", false},
		{"--requirepass --secret", `requirepass "--secret" `, false},
		{"--save --port 1", "save \"\"\nport \"1\" ", false},
		{"--port 1 --save", "port \"1\" \nsave \"\"", false},
		{"--save 900,1", `save "900,1" `, false},
		{"-", "", true},
		{"--port 1 -", `port "1" `, true},
		{"--masterauth - --port 1", "masterauth \"-\" \nport \"1\" ", false},
		{"--port,6380 --hz 5", "port 6380 \nhz \"5\" ", false},
	} {
		args := strings.Split(tc.args, " ")
		for i := range args {
			args[i] = strings.ReplaceAll(args[i], ",", " ") // an argument with a space
		}
		got, stdin := Options(args, true)
		if want := strings.ReplaceAll(tc.want, ",", " "); got != want || stdin != tc.stdin {
			t.Errorf("Options(%q) = %q, %v; want %q, %v", args, got, stdin, want, tc.stdin)
		}
	}
	if got, stdin := Options([]string{"-", "x"}, false); stdin || got != `"-" "x" ` {
		t.Errorf("a dash behind the file's name is no place for standard input: %q, %v", got, stdin)
	}
}
