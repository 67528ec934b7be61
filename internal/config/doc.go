// Package config reads redis.conf and holds typed parameters.
//
// It has two halves that know nothing of the server. The first turns text into
// directives: a file, standard input and the command line are one text, cut
// into lines and each line into arguments (Text, Lines, Split). The second is a
// Table of parameters with types, ranges and aliases, in which several can be
// set at once or not at all (Table.Set), and from which a file can be written
// that gives the same values again (Table.Rewrite).
//
// Names, defaults, limits and error texts are those of Redis 7.2, because
// clients and scripts look at them. Nothing here is safe for use by several
// goroutines: a Table belongs to whoever made it, in a server to its loop.
package config
