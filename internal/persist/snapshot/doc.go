// Package snapshot turns values into the bytes of Redis's RDB format and back:
// what DUMP replies, what RESTORE takes, and what a file holds behind each key.
//
// A Writer collects bytes. An Encoder writes one value to it, in steps if it is
// large: between two steps the value must not change. Long strings can be left
// uncompressed, with a mark, for whoever takes the bytes to compress them on
// another goroutine; see Writer.Later and Finish.
//
// A Decoder reads a value, which may come from anywhere, and makes a loose entry of
// it. Its errors wrap those of package rdb, store or ds, or ErrEmpty.
//
// Values of modules' types are saved and loaded by their modules, through the
// interface ModuleType. A type that nobody knows is kept as bytes; see Unknown.
package snapshot
