package server

import (
	"math"
	"runtime/debug"
	"strconv"
	"strings"

	"berth/internal/store"
)

// memoryHelp is what MEMORY HELP replies.
var memoryHelp = []string{
	"DOCTOR",
	"    Tell what is unusual about the use of memory.",
	"MALLOC-STATS",
	"    Tell what the allocator knows. berth's keeps no statistics of its own.",
	"PURGE",
	"    Give pages that hold nothing back to the system.",
	"STATS",
	"    Tell what memory is used for.",
	"USAGE <key> [SAMPLES <count>]",
	"    Tell how many bytes <key> and its value take. A module may look at only",
	"    <count> parts of its value, 5 unless told, and at all of them for 0.",
}

func init() {
	handle(map[string]Handler{
		"memory|doctor":       cmdMemoryDoctor,
		"memory|help":         helpHandler(memoryHelp),
		"memory|malloc-stats": cmdMemoryMallocStats,
		"memory|purge":        cmdMemoryPurge,
		"memory|stats":        cmdMemoryStats,
		"memory|usage":        cmdMemoryUsage,
	})
}

// defaultSamples is how many parts of a value MEMORY USAGE has a module look at.
const defaultSamples = 5

// cmdMemoryUsage is MEMORY USAGE key [SAMPLES count].
func cmdMemoryUsage(c *Client, argv [][]byte) {
	samples := int64(defaultSamples)
	for i := 3; i < len(argv); i += 2 {
		if !equalFold(argv[i], "samples") || i+1 == len(argv) {
			c.WriteError(ErrTextSyntax)
			return
		}
		n, ok := ParseInt(argv[i+1])
		if !ok {
			c.WriteError(ErrTextNotInteger)
			return
		}
		if n < 0 {
			c.WriteError(ErrTextSyntax)
			return
		}
		if samples = n; n == 0 {
			samples = math.MaxInt64
		}
	}
	e := c.DBStore().Find(argv[2])
	if e == nil {
		c.WriteNull()
		return
	}
	n := e.MemoryUsage()
	if e.Type() == store.Module {
		v := e.Module()
		n += v.Of().Usage(store.ModuleKey{DB: c.DB, Key: argv[2]}, v.Value, int(samples))
	}
	c.WriteInt(int64(n))
}

// cmdMemoryStats is MEMORY STATS.
func cmdMemoryStats(c *Client, _ [][]byte) {
	s := c.srv
	m := s.measureMemory()
	n := 27
	for _, d := range s.keyspace.dbs {
		if d.Len() != 0 {
			n++
		}
	}
	c.WriteMap(n)
	number := func(name string, v int64) {
		c.WriteBulkString(name)
		c.WriteInt(v)
	}
	fraction := func(name string, v float64) {
		c.WriteBulkString(name)
		c.WriteDouble(v)
	}
	number("peak.allocated", int64(m.peak))
	number("total.allocated", int64(m.used))
	number("startup.allocated", int64(s.memory.startup))
	number("replication.backlog", 0)
	number("clients.slaves", int64(m.replicas))
	number("clients.normal", int64(m.clients-m.replicas))
	number("cluster.links", 0)
	number("aof.buffer", int64(cap(s.aof.buf)))
	scripts, libraries := s.scriptMemory()
	number("lua.caches", scripts)
	number("functions.caches", libraries)
	keys := 0
	for i, d := range s.keyspace.dbs {
		if d.Len() == 0 {
			continue
		}
		keys += d.Len()
		main, expires := d.Overhead()
		c.WriteBulkString("db." + strconv.Itoa(i))
		c.WriteMap(3)
		number("overhead.hashtable.main", int64(main))
		number("overhead.hashtable.expires", int64(expires))
		number("overhead.hashtable.slot-to-keys", 0)
	}
	number("overhead.total", int64(m.overhead))
	number("keys.count", int64(keys))
	perKey := uint64(0)
	if keys != 0 {
		perKey = m.net / uint64(keys)
	}
	number("keys.bytes-per-key", int64(perKey))
	number("dataset.bytes", int64(m.dataset))
	fraction("dataset.percentage", ratio(m.dataset, m.net)*100)
	fraction("peak.percentage", ratio(m.used, m.peak)*100)
	number("allocator.allocated", int64(m.used))
	number("allocator.active", int64(m.rss))
	number("allocator.resident", int64(m.rss))
	fraction("allocator-fragmentation.ratio", ratio(m.rss, m.used))
	number("allocator-fragmentation.bytes", int64(m.rss)-int64(m.used))
	fraction("allocator-rss.ratio", 1)
	number("allocator-rss.bytes", 0)
	fraction("rss-overhead.ratio", 1)
	number("rss-overhead.bytes", 0)
	fraction("fragmentation", ratio(m.rss, m.used))
	number("fragmentation.bytes", int64(m.rss)-int64(m.used))
}

// The figures that MEMORY DOCTOR finds unusual.
const (
	doctorLeast  = 5 << 20 // a server that uses less has nothing to report
	doctorPeak   = 1.5     // the peak, as a multiple of what is used
	doctorRSS    = 1.4     // resident memory, as a multiple of what is used
	doctorClient = 200 << 10

	doctorScripts = 1000
)

// cmdMemoryDoctor is MEMORY DOCTOR.
func cmdMemoryDoctor(c *Client, _ [][]byte) {
	m := c.srv.measureMemory()
	var b strings.Builder
	switch clients := uint64(c.srv.clients.count); {
	case m.used < doctorLeast:
		b.WriteString("This server uses so little memory that there is nothing to tell.\n")
	default:
		if ratio(m.peak, m.used) > doctorPeak {
			b.WriteString(" * Peak: the server has used more than 150% of what it uses now. Pages that are free within the process may not have gone back to the system; MEMORY PURGE gives back those that can.\n")
		}
		if ratio(m.rss, m.used) > doctorRSS {
			b.WriteString(" * Resident memory: the process occupies more than 140% of what its data takes. That may be garbage of the runtime, or holes in what modules allocate: see activedefrag.\n")
		}
		if clients != 0 && m.clients/clients > doctorClient {
			b.WriteString(" * Clients: a connection takes more than 200 kB on average. Some may send large requests or read slowly: see CLIENT LIST.\n")
		}
		if len(c.srv.scripts.cache) > doctorScripts {
			b.WriteString(" * Scripts: more than 1000 are cached. Some client may write values into its scripts instead of giving them as KEYS and ARGV; SCRIPT FLUSH forgets them.\n")
		}
		if b.Len() == 0 {
			b.WriteString("There is nothing unusual about this server's memory.\n")
		}
	}
	c.WriteVerbatim("txt", []byte(b.String()))
}

// cmdMemoryPurge is MEMORY PURGE.
func cmdMemoryPurge(c *Client, _ [][]byte) {
	for _, d := range c.srv.keyspace.dbs {
		d.Purge()
	}
	// What the collector finds is given back as well, aside.
	if purging := &c.srv.keyspace.purging; purging.CompareAndSwap(false, true) {
		go func() {
			debug.FreeOSMemory()
			purging.Store(false)
		}()
	}
	c.WriteOK()
}

// cmdMemoryMallocStats is MEMORY MALLOC-STATS.
func cmdMemoryMallocStats(c *Client, _ [][]byte) {
	c.WriteBulkString("Stats not supported for the current allocator")
}
