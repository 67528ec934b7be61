package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// function is one entry of api.json.
type function struct {
	Section    string `json:"section"`
	Name       string `json:"name"`
	Returns    string `json:"returns"`
	Parameters string `json:"parameters"`
	Since      string `json:"since"`
	Origin     string `json:"origin"`
	Threads    string `json:"threads"`
	// Libc names the C library's function that serves this one.
	Libc string `json:"libc,omitempty"`

	handler bool // abi has a Go function for it
	leaf    bool // abi has assembly for it that does not enter Go
	quick   bool // abi has a Go function for it that needs no scheduler
	threads bool // nor the host lock
}

// done says whether GetApi finds the function.
func (f *function) done() bool { return f.handler || f.Libc != "" }

var (
	errTable = errors.New("api.json is not as it should be")

	handlerDecl = regexp.MustCompile(`(?m)^func api(\w+)\(f \*frame\)`)
	quickDecl   = regexp.MustCompile(`(?m)^func quick([A-Z]\w*)\((?:a )?\*(?:quick|thread)Args\) bool`)
	threadsDecl = regexp.MustCompile(`(?m)^func quick([A-Z]\w*)\((?:a )?\*threadArgs\) bool`)
	leafDecl    = regexp.MustCompile(`(?m)^TEXT ·leaf(\w+)\(SB\)`)
)

// readTable reads api.json and finds out from abi's own sources which
// functions are there: nobody has to keep a second list.
func readTable(dir string) ([]*function, error) {
	raw, err := os.ReadFile(filepath.Join(dir, "api.json"))
	if err != nil {
		return nil, err
	}
	var table []*function
	if err := json.Unmarshal(raw, &table); err != nil {
		return nil, fmt.Errorf("%w: %w", errTable, err)
	}
	byName := map[string]*function{}
	for _, f := range table {
		if byName[f.Name] != nil {
			return nil, fmt.Errorf("%w: %s is there twice", errTable, f.Name)
		}
		if f.Threads != "any" && f.Threads != "lock" {
			return nil, fmt.Errorf("%w: %s: threads %q", errTable, f.Name, f.Threads)
		}
		byName[f.Name] = f
	}
	err = scan(dir, "api_*.go", handlerDecl, func(name string) error {
		f := byName[name]
		if f == nil || f.handler || f.Libc != "" {
			return fmt.Errorf("%w: handler api%s has no place in it", errTable, name)
		}
		f.handler = true
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = scan(dir, "leaf*_amd64.s", leafDecl, func(name string) error {
		f := byName[name]
		if f == nil || !f.handler {
			return fmt.Errorf("%w: leaf%s has no handler to fall back to", errTable, name)
		}
		f.leaf = true
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = scan(dir, "quick*_amd64.go", quickDecl, func(name string) error {
		f := byName[name]
		if f == nil || !f.handler {
			return fmt.Errorf("%w: quick%s has no handler to fall back to", errTable, name)
		}
		f.quick = true
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = scan(dir, "quick*_amd64.go", threadsDecl, func(name string) error {
		byName[name].threads = true
		return nil
	})
	return table, err
}

// scan calls found for each name that decl matches in the files of a pattern.
func scan(dir, pattern string, decl *regexp.Regexp, found func(string) error) error {
	files, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil {
		return err
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		src, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		for _, m := range decl.FindAllStringSubmatch(string(src), -1) {
			if err := found(m[1]); err != nil {
				return err
			}
		}
	}
	return nil
}
