// Package exchangetest has berth and the system's redis-server load each other's
// files and compares what they then hold: digests of all databases, and what no
// digest covers, such as times of expiry and consumer groups. It holds tests only.
//
// Small files go to servers that run already, by DEBUG RELOAD NOSAVE, which takes
// milliseconds; a few tests start servers beside a file, as operators do.
package exchangetest
