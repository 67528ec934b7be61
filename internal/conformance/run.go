package conformance

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Marks are the lines between which the list stands in docs/CONFORMANCE.md.
const (
	BeginMark = "<!-- conformance: begin (written by make conformance) -->"
	EndMark   = "<!-- conformance: end -->"
)

// Config says what to run.
type Config struct {
	// Suite is a built Redis 7.2 source tree, Runner the program that runs files of its module tests.
	Suite, Runner string
	// Server is the berth program.
	Server string
	// Files are the names of the files to run; "all" is all.
	Files []string
	// Stdout gets the runner's output.
	Stdout io.Writer
}

// Run runs the files and returns what became of each.
func Run(c Config) ([]File, error) {
	dir, err := os.MkdirTemp("", "berth-conformance")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	server, err := filepath.Abs(c.Server)
	if err != nil {
		return nil, err
	}
	// The suite calls a program with a configuration file as its argument.
	wrapper := filepath.Join(dir, "server")
	script := fmt.Sprintf("#!/bin/sh\nexec %s serve \"$@\"\n", quote(server))
	if err := os.WriteFile(wrapper, []byte(script), 0o755); err != nil {
		return nil, err
	}
	out := filepath.Join(dir, "logs")
	cmd := exec.Command(c.Runner, append([]string{wrapper}, c.Files...)...)
	cmd.Env = append(os.Environ(), "SUITE="+c.Suite, "OUT="+out, "DURABLE=1", "FASTFAIL=1")
	cmd.Stdout, cmd.Stderr = c.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w", c.Runner, err)
	}
	return ReadLogs(out)
}

// quote makes a word for the shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
