package lint

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// source is one file of the repository.
type source struct {
	path string // relative to the root, with slashes
	data []byte
}

// generated tells whether the file says that a program wrote it.
func (s source) generated() bool {
	head := s.data[:min(len(s.data), 600)]
	for line := range bytes.Lines(head) {
		line = bytes.TrimSpace(line)
		text := bytes.TrimSpace(bytes.TrimPrefix(bytes.TrimPrefix(bytes.TrimSuffix(line, []byte("*/")), []byte("//")), []byte("/*")))
		text = bytes.TrimSpace(bytes.TrimPrefix(bytes.TrimPrefix(text, []byte("*")), []byte("<!--")))
		if bytes.HasPrefix(text, []byte("Code generated ")) && bytes.Contains(text, []byte("DO NOT EDIT.")) {
			return true
		}
	}
	return false
}

func (s source) base() string { return s.path[strings.LastIndexByte(s.path, '/')+1:] }

func (s source) ext() string { return filepath.Ext(s.path) }

// root is the module's root directory.
func root(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Fatal("no go.mod above the test's directory")
		}
		dir = up
	}
}

// sources are all files of the repository with one of the extensions. What is built, and what version control keeps, is left out.
func sources(t *testing.T, exts ...string) []source {
	t.Helper()
	dir := root(t)
	var all []source
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(dir, path)
		rel = filepath.ToSlash(rel)
		if d.IsDir() {
			if rel == "bin" || strings.HasPrefix(d.Name(), ".git") {
				return filepath.SkipDir
			}
			return nil
		}
		for _, e := range exts {
			if filepath.Ext(rel) != e {
				continue
			}
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			all = append(all, source{rel, data})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Fatalf("no %v files below %s", exts, dir)
	}
	return all
}

// parsed calls fn with the syntax of each Go file that tests true in keep.
func parsed(t *testing.T, keep func(source) bool, fn func(*token.FileSet, source, *ast.File)) {
	t.Helper()
	n := 0
	for _, s := range sources(t, ".go") {
		if !keep(s) {
			continue
		}
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, s.path, s.data, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Error(err)
			continue
		}
		n++
		fn(fset, s, f)
	}
	if n == 0 {
		t.Fatal("the rule applies to no file: it looks in the wrong place")
	}
}

// product are the files that are neither tests nor generated nor test data.
func product(s source) bool {
	return !strings.HasSuffix(s.path, "_test.go") && !s.generated() && !strings.Contains("/"+s.path, "/testdata/")
}
