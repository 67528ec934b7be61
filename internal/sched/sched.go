// Package sched says how threads share a processor that is short of time. All of it is
// a wish that the system may deny, and has no effect where every thread has a
// processor for itself.
package sched
