//go:build !unix

package main

import "errors"

func isDaemon() bool { return false }

func daemonize(string) error { return errors.New("daemonize is not possible on this system") }
