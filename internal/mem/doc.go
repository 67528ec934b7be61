// Package mem is a memory allocator outside the Go heap.
//
// The keyspace lives here: a million keys on the Go heap would be a million
// objects for the collector to mark, and every one would pay for a pointer map
// and a size class that was not made for it. Memory from this package is
// invisible to the collector. It costs no marking, and it never moves.
//
// A Heap takes chunks of 4 MiB from the operating system and cuts them in
// units of 64 KiB. A span is one or more units that hold slots of one size
// class. Span headers sit together in the first page of their chunk, so that a
// header is found from any slot's address by arithmetic alone, and the slots of
// a span need no header of their own. Blocks above MaxSmall get a mapping each.
//
// Free takes the size that Alloc was given. The callers know it anyway (it is
// in their own headers), and so no block pays eight bytes for remembering it.
//
// What may be stored: bytes, integers, and addresses of other off-heap blocks
// as uintptr. Never a Go pointer: the collector does not look here.
//
// A Heap has one owner at a time and no lock. The loop owns the heaps of the
// keyspace. Shared is the variant for module threads, and a Stock has some of its
// blocks at hand where even a lock is too much.
//
// With the build tag "invariants" (and under the race detector) every block is
// registered, and a double, foreign or wrongly sized free panics at once.
package mem
