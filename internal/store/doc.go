// Package store is the keyspace without a server around it: databases of keys
// with typed values and times of expiry. It has no clock: callers pass the time,
// in milliseconds since 1970. A DB belongs to one goroutine at a time, the loop.
//
// Keys and values lie outside the Go heap, in a mem.Heap that each DB has for
// itself. So they cost the collector nothing, and flushing a database unmaps its
// heap, on another goroutine if it is large.
//
// An *Entry points to such memory. It may MOVE when its value or its time of
// expiry changes: functions that may move it return where it is then. No entry
// and no slice that aliases one is kept across a command, a callback of a
// module, or a change of the entry.
//
// A command goes like this:
//
//	e := db.Find(key)               // nil: no such key; e.Over(now): expired
//	if e.Type() != store.String {…} // WRONGTYPE
//	e = db.Append(e, data)          // e may have moved
//	reply(e.StringLen())
//
// Values of the types other than strings are handles made on the spot, such as
// db.List(e): they are used within the command, and say so when the value became
// empty, for no type but the string may be: the command deletes the key.
//
// Encodings, their names and the sizes at which values convert are Redis 7.2's.
package store
