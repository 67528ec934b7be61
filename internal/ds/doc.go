// Package ds holds the data structures of the keyspace, alone: they know
// nothing of commands, clients or databases.
//
// All of them live outside the Go heap, in blocks of a mem.Heap that the caller
// passes to whatever may allocate or free. A structure belongs to the heap it
// was made with, and to one goroutine at a time.
//
//   - Pack is a listpack: elements back to back in one block.
//   - List is a sequence of packs, Redis's quicklist.
//   - Table is a hash table of 64-byte buckets.
//   - Trie is a radix tree of words by keys, in order.
package ds
