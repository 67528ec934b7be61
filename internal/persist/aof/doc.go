// Package aof is the append-only file without a server around it: the manifest that
// names its parts, reading commands out of a part, and writing to one.
//
// An append-only file is a directory. A base file has what the data set was at some
// moment, as commands or as a snapshot; the commands that came since are in one or
// more files behind it, of which the last one is appended to. The manifest lists
// them in order:
//
//	file appendonly.aof.2.base.rdb seq 2 type b
//	file appendonly.aof.1.incr.aof seq 1 type h
//	file appendonly.aof.2.incr.aof seq 2 type i
//
// Files of type h have been replaced by the base file and are about to be removed.
//
// Names, formats and what is accepted are Redis 7's, so that the two read each
// other's directories.
package aof
