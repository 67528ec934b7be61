package ds

import "hash/maphash"

// seed is drawn at the start of the process: whoever chooses keys cannot aim at
// one bucket.
var seed = maphash.MakeSeed()

// Hash is the hash of a key, for all tables of the process.
func Hash(key []byte) uint64 { return maphash.Bytes(seed, key) }
