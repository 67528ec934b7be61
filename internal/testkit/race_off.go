//go:build !race

package testkit

// raceFlags have the server watched by the race detector when its test is.
var raceFlags []string

// raceEnv has it end soon after its work.
var raceEnv []string
