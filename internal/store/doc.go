// Package store is the keyspace without a server around it: databases of keys
// with typed values and times of expiry. It has no clock: callers pass the
// time. Everything belongs to one goroutine at a time.
package store
