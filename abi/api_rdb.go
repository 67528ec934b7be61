package abi

import (
	"errors"
	"io/fs"
	"syscall"
)

// headRdbStream is the kind of a place from which or to which snapshots go.
const headRdbStream = headMagic | 0x70

func init() { headNames[headRdbStream] = "RDB stream" }

// rdbStream is RedisModuleRdbStream: a file.
type rdbStream struct{ path string }

func apiRdbStreamCreateFromFile(f *frame) {
	f.setPtr(newHandle(headRdbStream, &rdbStream{cstring(f.uptr(0))}, f.locked()))
}

func apiRdbStreamFree(f *frame) {
	if object[rdbStream](f, 0, headRdbStream) != nil {
		freeHandle(f.uptr(0), f.locked())
	}
}

// rdbStream returns argument 1, a stream, and nil when it is NULL or when flags,
// behind it, ask for anything.
func (f *frame) rdbStream() *rdbStream {
	if f.uptr(1) == 0 || f.i32(2) != 0 {
		f.setOK(false)
		f.errno = errnoInvalid
		return nil
	}
	return object[rdbStream](f, 1, headRdbStream)
}

// done answers whether something went well, and errno.
func (f *frame) done(err error) {
	f.setOK(err == nil)
	var errno syscall.Errno
	switch {
	case err == nil:
		f.errno = errnoZero
	case errors.As(err, &errno):
		f.errno = int32(errno)
	default:
		f.errno = int32(syscall.EIO)
	}
}

func apiRdbLoad(f *frame) {
	stream := f.rdbStream()
	if stream == nil {
		return
	}
	running := host.running
	err := host.srv.ReplaceData(stream.path)
	host.running = running
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		err = syscall.EIO
	}
	f.done(err)
}

func apiRdbSave(f *frame) {
	stream := f.rdbStream()
	if stream == nil {
		return
	}
	running := host.running
	err := host.srv.SaveFile(stream.path)
	host.running = running
	f.done(err)
}
