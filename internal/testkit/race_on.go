//go:build race

package testkit

// raceFlags have the server watched by the race detector when its test is.
var raceFlags = []string{"-race"}

// raceEnv has it end soon after its work: the detector has it sleep for a second
// otherwise, which adds up over hundreds of servers.
var raceEnv = []string{"GORACE=atexit_sleep_ms=50"}
