// Package sessiontest plays scripts that read like a redis-cli session, to berth
// and to redis-server, and compares the two under random commands. The scripts
// are testdata/sessions/*.txt; the system's redis-server (Debian's, 7.0.15) is
// the oracle that they are written from:
//
//	go test ./internal/sessiontest              # both servers must give the replies
//	go test ./internal/sessiontest -rewrite     # write what the oracle replies
//
// # The script
//
//	# a remark
//	> SET key "a b"         a command, with the quoting of redis-cli
//	OK                      its reply as redis-cli shows it, up to an empty line,
//	                        a remark or the next command
//	? EXISTS key            the same, repeated until the reply is the expected one
//	a> GET key              a command of the further connection a
//	a<                      the next reply of a, without a command: push messages, and
//	                        what a blocked command replies in the end
//	<                       the same for the main connection
//
// The reply is what testkit.Show writes, or one of these:
//
//	= $3\r\na b\r\n         the exact bytes
//	~ pattern               alone: the whole reply as a regular expression
//	1) "x"                  among other lines: this line as one, from its beginning
//	~ 2\) \(integer\) \d+   to its end
//	...                     last line: any further lines
//	(any order)             the elements of all aggregates, sorted, each behind a dash
//	(later)                 no reply yet: the command blocks
//	(nothing)               no reply comes
//	(closed)                the server closes the connection
//
// berth is as Redis 7.2, the oracle is 7.0.15. Where that makes a difference,
// the lines are the oracle's, and lines like
//
//	# 7.2: (error) ERR something
//
// behind them are berth's. Without any line before them the oracle may reply
// what it wants.
//
// In commands, $SOCKET, $PORT and $DIR are the server's, and the argument $ID:a is
// the client id of connection a.
//
// # Directives
//
//	!server --requirepass x     start the servers with these; before any command
//	!only 7.2                   the script is not for the oracle; before any command
//	!loadmodule PATH ARG ...    load a module: a .c file or a Go package of the repository, or a .so
//	!resp 3 [a]                 speak RESP3 on a connection, or RESP2 again
//	!send [a] "bytes"           send bytes as they are
//	!close [a]                  close a connection; the next command opens a new one
//	!sleep 10ms                 wait
package sessiontest
