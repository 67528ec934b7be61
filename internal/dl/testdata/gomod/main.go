// A Go library for the tests of package dl: a second Go runtime in the process.
package main

// typedef void (*hostfn)(void);
// static void call(hostfn f) { f(); }
import "C"

import (
	"os"
	"os/signal"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

var live sync.Map

// Churn allocates n objects on each of eight goroutines, collects, and gives
// the number of objects made.
//
//export Churn
func Churn(n C.long) C.long {
	var made atomic.Int64
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			var keep [][]byte
			for i := range int(n) {
				keep = append(keep, make([]byte, 64+i%512))
				made.Add(1)
			}
			live.Store(g, keep)
		})
	}
	wg.Wait()
	runtime.GC()
	return C.long(made.Load())
}

var spin uint64

// Spin leaves a goroutine in a loop without calls, for ever, and then collects:
// this returns only if the library's own preemption signals arrive.
//
//export Spin
func Spin() {
	go func() {
		for {
			spin++
		}
	}()
	time.Sleep(10 * time.Millisecond)
	runtime.GC()
}

// Fault dereferences nil and recovers: 1 if the panic came.
//
//export Fault
func Fault() (got C.int) {
	defer func() {
		if recover() != nil {
			got = 1
		}
	}()
	var p *int
	*p = 1
	return 0
}

// CallBack calls a C function pointer from Go.
//
//export CallBack
func CallBack(f C.hostfn) { C.call(f) }

var heard atomic.Int64

// Listen asks for a signal through os/signal.
//
//export Listen
func Listen(sig C.int) {
	c := make(chan os.Signal, 16)
	signal.Notify(c, syscall.Signal(sig))
	go func() {
		for range c {
			heard.Add(1)
		}
	}()
}

// Heard tells how many signals have come.
//
//export Heard
func Heard() C.long { return C.long(heard.Load()) }

func main() {}
