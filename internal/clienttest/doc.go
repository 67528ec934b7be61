// Package clienttest drives berth with client software that others wrote, as a
// user would: the go-redis library, redis-cli and redis-benchmark. What they send
// unasked, such as handshakes, and what they rely on in replies is not in our own
// tests, because whoever writes a server and its tests may be wrong twice.
package clienttest
