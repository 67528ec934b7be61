//go:build unix

package preflight

import "syscall"

const nonBlock = syscall.O_NONBLOCK
