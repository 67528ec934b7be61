// A Go library with an entry point, for the tests of preflight.
package main

import "C"

import "unsafe"

//export RedisModule_OnLoad
func RedisModule_OnLoad(ctx unsafe.Pointer, argv *unsafe.Pointer, argc C.int) C.int { return 0 }

func main() {}
