package server

import (
	"runtime/metrics"
	"time"
)

// memoryState is what counts as memory in use: what the server needs at the
// start, a fixed sum, and from there on what the counters say. The Go heap
// itself is no counter: it goes up and down with the collector, and keys must
// not be evicted for garbage.
type memoryState struct {
	// counters are asked whenever the sum is wanted.
	counters []func() uint64
	// dear are counters that cost too much for that; sampled is their sum when
	// it was last asked for.
	dear    []func() uint64
	sampled uint64
	// sampledAt is when that was, in nanoseconds.
	sampledAt int64
	// startup is what was in use when the server had started.
	startup uint64
	// clients is what the clients take by their class, see countMemory.
	clients [ClassCount + 1]uint64
}

// goHeap names the runtime's counters that make up what the process uses at the
// start: objects that are alive or not yet swept, and stacks.
var goHeap = []metrics.Sample{
	{Name: "/memory/classes/heap/objects:bytes"},
	{Name: "/memory/classes/heap/stacks:bytes"},
}

// goMemory is the memory of the Go heap, in bytes.
func goMemory() (used uint64) {
	samples := [2]metrics.Sample{goHeap[0], goHeap[1]}
	metrics.Read(samples[:])
	for _, m := range samples {
		used += m.Value.Uint64()
	}
	return used
}

// AddMemory adds a counter of memory outside the Go heap to UsedMemory. It is
// asked often: before every command when maxmemory is set.
func (s *Server) AddMemory(used func() uint64) {
	s.memory.counters = append(s.memory.counters, used)
}

// AddSampledMemory is AddMemory for a counter that is too slow for that: it is
// asked some times a second, and while keys are evicted.
func (s *Server) AddSampledMemory(used func() uint64) {
	s.memory.dear = append(s.memory.dear, used)
}

// UsedMemory is the memory in use in bytes, the figure that maxmemory limits.
func (s *Server) UsedMemory() uint64 {
	scripts, libraries := s.scriptMemory()
	used := s.memory.startup + s.memory.sampled + s.clientMemory() + uint64(int64(s.tracking.bytes)+scripts+libraries)
	for _, fn := range s.memory.counters {
		used += fn()
	}
	return used
}

// sampleEvery is how old the slow counters may be when a command is about to run
// under a limit.
const sampleEvery = 10 * time.Millisecond

// refreshMemory asks the slow counters again unless they were asked just now.
func (s *Server) refreshMemory() {
	if len(s.memory.dear) != 0 && s.clock.now-s.memory.sampledAt > int64(sampleEvery) {
		s.sampleMemory()
	}
}

// sampleMemory asks the slow counters.
func (s *Server) sampleMemory() {
	s.memory.sampled, s.memory.sampledAt = 0, s.clock.now
	for _, fn := range s.memory.dear {
		s.memory.sampled += fn()
	}
}

// clientBase is about what a connection costs beside its buffers, in bytes.
const clientBase = 1024

// memoryUsage is about what the client's connection occupies, in bytes.
func (c *Client) memoryUsage() int {
	used := clientBase + cap(c.query) + cap(c.out) + c.outqLen + len(c.Name)
	if c.multi != nil {
		used += c.multi.bytes
	}
	names := len(c.watched) + c.plainSubscriptions() + c.shardSubscriptions()
	if c.tracking != nil {
		names += len(c.tracking.prefixes)
	}
	return used + names*nameCost
}

// nameCost is about what each name costs that a client watches, tracks or is
// subscribed to, in bytes.
const nameCost = 96

// countAgain is from what size on a buffer that comes or goes is worth counting
// at once.
const countAgain = outSize

// countMemory brings the clients' sum up to date for this one. It is called
// where buffers have become large or small, and for every client once a second.
func (c *Client) countMemory() {
	if c.Flags&FlagFake != 0 {
		return
	}
	m := &c.srv.memory
	m.clients[c.countedAs] -= uint64(c.counted)
	c.counted, c.countedAs = 0, 0
	if c.Flags&FlagFreed == 0 {
		c.counted, c.countedAs = c.memoryUsage(), c.class()
		m.clients[c.countedAs] += uint64(c.counted)
	}
}

// clientMemory is what the clients' connections take, in bytes.
func (s *Server) clientMemory() (used uint64) {
	for _, n := range s.memory.clients {
		used += n
	}
	return used
}
