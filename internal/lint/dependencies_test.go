package lint

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Every dependency is answered for in docs/RATIONALE.md: what is used directly has a heading of its own, what comes along with
// it is named.
func TestDependenciesAnswered(t *testing.T) {
	dir := root(t)
	mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "docs", "RATIONALE.md"))
	if err != nil {
		t.Fatal(err)
	}
	var headings strings.Builder
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			headings.WriteString(line)
			if strings.HasPrefix(line, "## ") && !strings.HasSuffix(strings.TrimSpace(line), "?") {
				t.Errorf("docs/RATIONALE.md: heading %q is not a question", strings.TrimSpace(line))
			}
		}
	}
	inBlock, seen := false, 0
	for line := range strings.Lines(string(mod)) {
		line = strings.TrimSpace(line)
		switch {
		case line == "require (":
			inBlock = true
			continue
		case line == ")":
			inBlock = false
			continue
		case strings.HasPrefix(line, "require "):
			line = strings.TrimPrefix(line, "require ")
		case strings.HasPrefix(line, "replace"):
			t.Errorf("go.mod: %s", line)
			continue
		case !inBlock:
			continue
		}
		path, _, _ := strings.Cut(line, " ")
		if path == "" || strings.HasPrefix(path, "//") {
			continue
		}
		seen++
		if strings.HasSuffix(line, "// indirect") {
			if !strings.Contains(string(text), path) {
				t.Errorf("docs/RATIONALE.md does not name %s", path)
			}
		} else if !strings.Contains(headings.String(), path) {
			t.Errorf("docs/RATIONALE.md has no heading with %s", path)
		}
	}
	if seen == 0 {
		t.Fatal("no dependency found in go.mod")
	}
}
