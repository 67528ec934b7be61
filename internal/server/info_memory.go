package server

import (
	"fmt"
	"runtime"
)

// humanBytes writes an amount of memory as Redis does for people.
func humanBytes(n uint64) string {
	f := float64(n)
	if n < 1<<10 {
		return fmt.Sprintf("%dB", n)
	}
	units := "KMGTP"
	for i := 0; ; i++ {
		f /= 1 << 10
		if f < 1<<10 || i == len(units)-1 {
			return fmt.Sprintf("%.2f%c", f, units[i])
		}
	}
}

// memoryFigures say what memory is used for, in bytes.
type memoryFigures struct {
	used, rss, peak   uint64
	clients, replicas uint64 // replicas are a part of clients
	// overhead is what is used beside the data set, net what the server has come
	// to use since its start.
	overhead, dataset, net uint64
}

// measureMemory finds what memory is used for.
func (s *Server) measureMemory() (m memoryFigures) {
	s.sampleMemory()
	m.used, m.rss = s.UsedMemory(), residentMemory()
	m.peak = max(uint64(s.Stats.PeakMemory), m.used)
	s.Stats.PeakMemory = int64(m.peak)
	m.clients, m.replicas = s.clientMemory(), s.memory.clients[ClassReplica]
	scripts, libraries := s.scriptMemory()
	m.overhead = s.memory.startup + m.clients + uint64(int64(s.tracking.bytes)+scripts+libraries)
	for _, d := range s.keyspace.dbs {
		keys, expires := d.Overhead()
		m.overhead += uint64(keys + expires)
	}
	m.overhead = min(m.overhead, m.used)
	m.dataset = m.used - m.overhead
	m.net = m.used - min(s.memory.startup, m.used)
	return m
}

func (s *Server) infoMemory(w *InfoWriter) {
	m := s.measureMemory()
	used, rss, peak := m.used, m.rss, m.peak
	overhead, dataset, net := m.overhead, m.dataset, m.net
	total, limit := systemMemory(), s.Config.Values.MaxMemory
	both := func(name string, n uint64) {
		w.uint(name, n)
		w.line(name+"_human", humanBytes(n))
	}
	zero := func(names ...string) {
		for _, name := range names {
			w.line(name, "0")
		}
	}
	both("used_memory", used)
	both("used_memory_rss", rss)
	both("used_memory_peak", peak)
	w.line("used_memory_peak_perc", fmt.Sprintf("%.2f%%", ratio(used, peak)*100))
	w.uint("used_memory_overhead", overhead)
	w.uint("used_memory_startup", s.memory.startup)
	w.uint("used_memory_dataset", dataset)
	w.line("used_memory_dataset_perc", fmt.Sprintf("%.2f%%", ratio(dataset, net)*100))
	w.uint("allocator_allocated", used)
	w.uint("allocator_active", rss)
	w.uint("allocator_resident", rss)
	both("total_system_memory", total)
	s.infoScripts(w)
	both("maxmemory", limit)
	w.line("maxmemory_policy", s.Config.String("maxmemory-policy"))
	w.fixed("allocator_frag_ratio", ratio(rss, used))
	w.int("allocator_frag_bytes", int64(rss)-int64(used))
	w.fixed("allocator_rss_ratio", 1)
	w.int("allocator_rss_bytes", 0)
	w.fixed("rss_overhead_ratio", 1)
	w.int("rss_overhead_bytes", 0)
	w.fixed("mem_fragmentation_ratio", ratio(rss, used))
	w.int("mem_fragmentation_bytes", int64(rss)-int64(used))
	zero("mem_not_counted_for_evict", "mem_replication_backlog", "mem_total_replication_buffers")
	w.uint("mem_clients_slaves", m.replicas)
	w.uint("mem_clients_normal", m.clients-m.replicas)
	zero("mem_cluster_links")
	w.int("mem_aof_buffer", int64(cap(s.aof.buf)))
	w.line("mem_allocator", "berth-"+runtime.Version()+s.allocator)
	w.int("active_defrag_running", int64(s.defrag.running))
	w.int("lazyfree_pending_objects", s.lazyPending())
	w.int("lazyfreed_objects", s.lazy.freed.Load())
}

// ratio is a/b, 0 when b is.
func ratio(a, b uint64) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}
