// Package bench measures berth beside another server of the same protocol, in one run, on one machine. It is the tool
// behind `make bench` and no part of the product.
//
// # What is measured
//
// The judge is the server's CPU time per command: the process's clock (user and system, all threads, nanoseconds) over a
// round, divided by the commands answered in it. Unlike throughput it does not depend on which of server and generator is the
// bottleneck. Throughput is printed too.
//
// # How noise is kept out
//
// Both servers run all the time and are loaded in turn, A B A B …; each pair of rounds gives one ratio, and the median of the
// ratios counts, so that a slow second of the machine hits both or is voted out. With two processors or more the servers
// get one and the generator another. The generator has the requests laid out beforehand, compares replies as bytes, and
// polls without sleeping, so that no server pays for waking it up.
//
// Before a command is timed both servers must answer it with the same bytes, and each reply during a round is compared with them.
package bench
