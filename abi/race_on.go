//go:build race

package abi

// raceDetector tells that the program is built with it.
const raceDetector = true
