// Package ds holds the data structures of the keyspace, alone: they know
// nothing of commands, clients or databases. None is safe for use by several
// goroutines at once.
package ds
