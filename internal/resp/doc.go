// Package resp is the wire protocol alone: an incremental parser for requests,
// append-style writers for replies, and a reader for replies that were captured
// in memory. It does no I/O and keeps no global state; every function may run
// on any thread, a Parser or a Reply belongs to one owner at a time.
//
// The parser says "incomplete" instead of waiting, so that a reactor can feed
// it whatever the kernel had ready. The writers take the buffer first and
// return it extended, as append does, so that a reply costs no allocation once
// the buffer is large enough.
package resp
