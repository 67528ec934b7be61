// Package rdb reads and writes the elements that snapshots are made of, in the
// byte format of Redis's RDB files: lengths, strings, floating-point numbers, the
// tagged elements that values of modules' types consist of, and the packed
// encodings of old versions. It names what a file consists of, but knows nothing
// of databases.
//
// Writers append to a slice. A Reader reads a slice or a stream that may come from
// anywhere: whatever is in it, it returns values or an error that wraps ErrCorrupt
// or ErrShort, and takes memory in proportion to the input.
package rdb
