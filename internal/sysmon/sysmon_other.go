//go:build !linux || !(amd64 || arm64)

package sysmon

import "time"

// Slow does nothing where nothing is known to do.
func Slow(time.Duration) error { return nil }
