// Package rdb reads and writes the elements that snapshots are made of, in the
// byte format of Redis's RDB files: lengths, strings, floating-point numbers, and
// the tagged elements that values of modules' types consist of. It knows nothing
// of files or keys.
//
// Writers append to a slice. A Reader reads a slice that may come from anywhere:
// whatever is in it, it returns values or an error that wraps ErrCorrupt or
// ErrShort, and takes memory in proportion to the input.
package rdb
