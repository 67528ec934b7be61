package abi

import "golang.org/x/sys/unix"

// errnoZero in a frame clears errno, which 0 would leave alone.
const errnoZero = -1

// The values of errno that the interface promises.
const (
	errnoBusy       = int32(unix.EBUSY)
	errnoInvalid    = int32(unix.EINVAL)
	errnoRange      = int32(unix.ERANGE)
	errnoNoCommand  = int32(unix.ENOENT)
	errnoBadType    = int32(unix.EBADF)
	errnoScript     = int32(unix.ESPIPE)
	errnoNoSpace    = int32(unix.ENOSPC)
	errnoAccess     = int32(unix.EACCES)
	errnoReadOnly   = int32(unix.EROFS)
	errnoNetDown    = int32(unix.ENETDOWN)
	errnoNotAllowed = int32(unix.EPERM)
)
