package lint

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
)

const maxLines = 600

func TestFileLength(t *testing.T) {
	for _, s := range sources(t, ".go", ".s", ".c", ".h") {
		if s.generated() {
			continue
		}
		if n := bytes.Count(s.data, []byte("\n")); n > maxLines {
			t.Errorf("%s has %d lines, more than %d", s.path, n, maxLines)
		}
	}
}

// Whoever looks at a folder sees by the names which files no one edits.
func TestGeneratedFilesBeginWithZ(t *testing.T) {
	// Files whose names others depend on.
	named := map[string]bool{"docs/API.md": true}
	for _, s := range sources(t, ".go", ".s", ".c", ".h", ".md") {
		if z, g := strings.HasPrefix(s.base(), "z"), s.generated(); z != g && !named[s.path] {
			if z {
				t.Errorf("%s begins with z, but has no line that says it is generated", s.path)
			} else {
				t.Errorf("%s is generated, but its name does not begin with z", s.path)
			}
		}
	}
}

// Work that is left is an issue, not a remark in the code.
func TestNoReminders(t *testing.T) {
	// Put together, so that this file passes its own rule.
	words := regexp.MustCompile(`\b(` + "TO" + `DO|` + "FIX" + `ME|` + "X" + `XX)\b`)
	for _, s := range sources(t, ".go", ".s", ".c", ".h", ".md") {
		n := 0
		for line := range bytes.Lines(s.data) {
			n++
			if w := words.Find(line); w != nil {
				t.Errorf("%s:%d: %s", s.path, n, w)
			}
		}
	}
}

// File names are nouns in small letters with underscores.
func TestFileNames(t *testing.T) {
	good := regexp.MustCompile(`^[a-z0-9_]+\.(go|s|c|h)$`)
	for _, s := range sources(t, ".go", ".s", ".c", ".h") {
		if !good.MatchString(s.base()) {
			t.Errorf("%s: not a name of small letters, digits and underscores", s.path)
		}
	}
}
