// Package testkit starts servers for tests: berth, built from this repository,
// and the system's redis-server, which tells what is right. It compiles
// modules, speaks to servers, and shows replies as redis-cli does.
//
// A test binary that uses it calls Main:
//
//	func TestMain(m *testing.M) { testkit.Main(m) }
//
// What a test starts is stopped when the test ends; what is built is built once
// for the binary and removed when it exits. Functions may be called from any
// goroutine; a Conn belongs to one at a time.
package testkit
