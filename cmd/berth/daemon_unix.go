//go:build unix

package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// daemonEnv tells a process that it is the daemon already.
const daemonEnv = "BERTH_DAEMON"

// startDir is where the process began, before a dir directive moved it.
var startDir, _ = os.Getwd() // empty means the directory is gone

// daemon is whether this process was started by daemonize. Processes that it
// starts in turn are not.
var daemon = os.Getenv(daemonEnv) != "" && os.Unsetenv(daemonEnv) == nil

// isDaemon reports whether this process was started by daemonize.
func isDaemon() bool { return daemon }

// daemonize starts the same command once more in a session of its own, with
// nothing to read and nowhere to write, and ends this process. A Go process
// cannot fork: its other threads would be missing in the child. When the
// configuration came in by standard input, the child reads it there again.
func daemonize(stdin string) error {
	exe, err := os.Executable()
	if err != nil {
		return fmt.Errorf("daemonize: %w", err)
	}
	cmd := exec.Command(exe, os.Args[1:]...)
	if filepath.IsAbs(exe) {
		cmd.Args[0] = os.Args[0]
	}
	cmd.Dir = startDir
	cmd.Env = append(os.Environ(), daemonEnv+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if stdin != "" {
		f, err := unlinkedFile(stdin)
		if err != nil {
			return fmt.Errorf("daemonize: %w", err)
		}
		cmd.Stdin = f
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("daemonize: %w", err)
	}
	os.Exit(0)
	return nil
}

// unlinkedFile makes a file that only its descriptor leads to.
func unlinkedFile(text string) (*os.File, error) {
	f, err := os.CreateTemp("", "berth-config-")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		return nil, err
	}
	if _, err := f.WriteString(text); err != nil {
		return nil, err
	}
	_, err = f.Seek(0, io.SeekStart)
	return f, err
}
