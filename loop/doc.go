// Package loop is a reactor: one goroutine that waits for descriptors, timers
// and functions posted from elsewhere, and calls back for each.
//
// One iteration runs the before-sleep hooks, polls (with a zero timeout when
// there is work already), runs the after-sleep hooks, then posted functions,
// then file events, then the timers that are due: the order of Redis's ae.c,
// with posted functions in place of its wake-up pipe.
//
// Everything but Post, Stop and Wake belongs to the goroutine that runs the
// loop.
package loop
