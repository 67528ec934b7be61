// Package conformance runs Redis 7.2's own module tests against berth and writes down which pass. The suite and the script
// that runs a file of it against any server are the caller's; neither is part of this repository.
package conformance

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// File is the outcome of one file of the suite.
type File struct {
	// Name is the file's, without its folder and extension.
	Name string
	// Passed counts the tests that did.
	Passed int
	// Failed are those that did not, each once: a server that does not start fails under one name for every test.
	Failed []string
	// Exception is the text that ended the file early, or empty.
	Exception string
	// Ended tells that the file came to its end.
	Ended bool
}

// Total is how many tests of the file can pass.
func (f *File) Total() int { return max(Expected[f.Name], f.Passed) }

// Missed is how many of them neither passed nor failed: the file ended before.
func (f *File) Missed() int { return max(f.Total()-f.Passed-len(f.Failed), 0) }

var (
	colours = regexp.MustCompile("\x1b\\[[0-9;]*m")
	timing  = regexp.MustCompile(` \(\d+ ms\)$`)
	place   = regexp.MustCompile(` in tests/\S+\.tcl\b`)
	scratch = regexp.MustCompile(`(/[^\s/]+)*/tests/`)
)

// Parse reads what the suite printed for a file.
func Parse(name string, log []byte) File {
	f := File{Name: name}
	exception, failed := false, false
	detail := "" // the line below the last failure
	for line := range bytes.Lines(colours.ReplaceAll(log, nil)) {
		l := strings.TrimSpace(string(line))
		kind, rest, ok := strings.Cut(l, "]")
		if failed && l != "" {
			detail, failed = clean(l), false
		}
		if exception && l != "" {
			// The first line after the head says what happened; what follows is a stack.
			f.Exception, exception = clean(l), false
		}
		if !ok || kind == "" || kind[0] != '[' {
			continue
		}
		rest = strings.TrimSpace(strings.TrimPrefix(rest, ":"))
		switch kind[1:] {
		case "ok":
			f.Passed++
		case "err":
			failed = true
			if name := clean(rest); !slices.Contains(f.Failed, name) {
				f.Failed = append(f.Failed, name)
			}
		case "exception":
			f.Exception = clean(strings.TrimPrefix(rest, "Executing test client: "))
			exception = f.Exception == ""
		case "1/1 done":
			f.Ended = true
		}
	}
	// An error outside any test makes the suite fail over its own bookkeeping; the error itself is what it told before.
	if n := len(f.Failed); n > 0 && strings.HasPrefix(f.Exception, `key "pid" not known`) {
		f.Exception, f.Failed = detail, f.Failed[:n-1]
	}
	return f
}

// clean takes out what differs from one run to the next: times and the paths of scratch folders.
func clean(s string) string {
	s = timing.ReplaceAllString(s, "")
	s = place.ReplaceAllString(s, "")
	s = scratch.ReplaceAllString(s, "tests/")
	if len(s) > 200 {
		s = strings.ToValidUTF8(s[:200], "") + "…"
	}
	return strings.TrimSuffix(s, ".")
}

// ReadLogs parses the logs that the runner left in a folder, one FILE.log for each file of the suite.
func ReadLogs(dir string) ([]File, error) {
	logs, err := filepath.Glob(filepath.Join(dir, "*.log"))
	if err != nil {
		return nil, err
	}
	var files []File
	for _, path := range logs {
		b, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		files = append(files, Parse(strings.TrimSuffix(filepath.Base(path), ".log"), b))
	}
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	return files, nil
}

// Markdown is the list for docs/CONFORMANCE.md.
func Markdown(files []File) string {
	var b strings.Builder
	passed, total := 0, 0
	for i := range files {
		passed += files[i].Passed
		total += files[i].Total()
	}
	fmt.Fprintf(&b, "%d of %d tests pass.\n\n", passed, total)
	fmt.Fprintf(&b, "| file | pass | of | fail | not reached | |\n|---|---|---|---|---|---|\n")
	for i := range files {
		f := &files[i]
		note := ""
		switch {
		case f.Exception != "":
			note = "ended by: " + f.Exception
		case !f.Ended:
			note = "did not end in time"
		}
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %d | %s |\n", f.Name, f.Passed, f.Total(), len(f.Failed), f.Missed(), cell(note))
	}
	head := false
	for i := range files {
		for _, name := range files[i].Failed {
			if !head {
				fmt.Fprintf(&b, "\nFailing tests:\n\n")
				head = true
			}
			fmt.Fprintf(&b, "- %s: %s\n", files[i].Name, cell(name))
		}
	}
	return b.String()
}

func cell(s string) string { return strings.NewReplacer("|", "/", "\n", " ", "<", "&lt;").Replace(s) }
