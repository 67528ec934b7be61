// Package exampletest tests the example modules that talk to others: the server
// inside a module, the proxy to another Redis server and the cache before a
// database. It starts redis-server and mariadbd in folders of their own, and
// stops, kills and restarts them while clients wait. It holds tests only.
package exampletest
