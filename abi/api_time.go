package abi

import "time"

func apiMilliseconds(f *frame) { f.setInt(time.Now().UnixMilli()) }

func apiMicroseconds(f *frame) { f.setInt(time.Now().UnixMicro()) }

// monotonicStart is where MonotonicMicroseconds begins to count.
var monotonicStart = time.Now()

func apiMonotonicMicroseconds(f *frame) { f.setInt(time.Since(monotonicStart).Microseconds()) }

// apiCachedMicroseconds answers the time at which the running command began:
// it stands still while a module works.
func apiCachedMicroseconds(f *frame) { f.setInt(host.srv.Ustime()) }
