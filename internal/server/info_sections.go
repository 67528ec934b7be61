package server

import (
	"maps"
	"os"
	"runtime"
	"slices"
	"strconv"
)

// infoSection is one section of INFO.
type infoSection struct {
	// names are what it is asked for by.
	names []string
	title string
	fill  func(*Server, *InfoWriter)
}

// infoSections are the server's sections in their order. The fields are those
// of Redis 7.2, also where berth has nothing to count: monitoring looks for
// them.
var infoSections = []infoSection{
	{[]string{"server"}, "Server", (*Server).infoServer},
	{[]string{"clients"}, "Clients", (*Server).infoClients},
	{[]string{"memory"}, "Memory", (*Server).infoMemory},
	{[]string{"persistence"}, "Persistence", (*Server).infoPersistence},
	{[]string{"stats"}, "Stats", (*Server).infoStats},
	{[]string{"replication"}, "Replication", (*Server).infoReplication},
	{[]string{"cpu"}, "CPU", (*Server).infoCPU},
	{[]string{"module_list", "modules"}, "Modules", (*Server).infoModules},
	{[]string{"commandstats"}, "Commandstats", (*Server).infoCommandStats},
	{[]string{"errorstats"}, "Errorstats", (*Server).infoErrorStats},
	{[]string{"latencystats"}, "Latencystats", (*Server).infoLatencyStats},
	{[]string{"cluster"}, "Cluster", (*Server).infoCluster},
	{[]string{"keyspace"}, "Keyspace", (*Server).infoKeyspace},
}

// secondsPerDay is for uptime_in_days.
const secondsPerDay = 24 * 3600

func (s *Server) infoServer(w *InfoWriter) {
	up := s.Unixtime() - s.StartUnix
	w.line("redis_version", RedisVersion)
	w.line("redis_git_sha1", "00000000")
	w.line("redis_git_dirty", "0")
	w.line("redis_build_id", "0")
	w.line("redis_mode", "standalone")
	w.line("os", systemName())
	w.int("arch_bits", strconv.IntSize)
	w.line("monotonic_clock", "POSIX clock_gettime")
	w.line("multiplexing_api", multiplexer())
	w.line("atomicvar_api", "go-builtin")
	w.line("gcc_version", "0.0.0")
	w.int("process_id", int64(os.Getpid()))
	w.line("process_supervised", "no")
	w.line("run_id", s.RunID)
	w.int("tcp_port", int64(s.Port()))
	w.int("server_time_usec", s.Ustime())
	w.int("uptime_in_seconds", up)
	w.int("uptime_in_days", up/secondsPerDay)
	w.int("hz", int64(s.Settings.Hz))
	w.int("configured_hz", int64(s.Settings.Hz))
	w.int("lru_clock", s.Unixtime()&(1<<24-1))
	exe, _ := os.Executable() // empty when unknown
	w.line("executable", exe)
	w.line("config_file", s.Config.File)
	w.line("io_threads_active", "0")
	s.infoListeners(w)
	w.line("berth_version", Version)
	w.line("go_version", runtime.Version())
}

// infoListeners writes a line per kind of socket, with all its addresses.
func (s *Server) infoListeners(w *InfoWriter) {
	n, tcp := 0, ""
	for _, l := range s.net.listeners {
		if !l.unix {
			tcp += ",bind=" + l.name
		}
	}
	if tcp != "" {
		w.line("listener0", "name=tcp"+tcp+",port="+strconv.Itoa(s.Port()))
		n++
	}
	for _, l := range s.net.listeners {
		if l.unix {
			w.line("listener"+strconv.Itoa(n), "name=unix,bind="+l.name)
			n++
		}
	}
}

// multiplexer is the kernel's call to wait for descriptors.
func multiplexer() string {
	switch runtime.GOOS {
	case "linux":
		return "epoll"
	case "darwin", "freebsd", "netbsd", "openbsd", "dragonfly":
		return "kqueue"
	}
	return "poll"
}

func (s *Server) infoClients(w *InfoWriter) {
	var maxIn, maxOut int
	s.EachClient(func(c *Client) bool {
		maxIn = max(maxIn, c.qbPeak)
		maxOut = max(maxOut, c.outPeak)
		return true
	})
	w.int("connected_clients", int64(s.ClientCount()))
	w.line("cluster_connections", "0")
	w.int("maxclients", int64(s.Settings.MaxClients))
	w.int("client_recent_max_input_buffer", int64(maxIn))
	w.int("client_recent_max_output_buffer", int64(maxOut))
	w.int("blocked_clients", int64(s.Stats.Blocked))
	w.int("tracking_clients", int64(s.tracking.clients))
	w.int("clients_in_timeout_table", int64(s.waits.timed))
	w.int("total_blocking_keys", int64(s.waits.keys))
	w.int("total_blocking_keys_on_nokey", int64(s.waits.gone))
}

func (s *Server) infoStats(w *InfoWriter) {
	st, r := &s.Stats, &s.info.rates
	zero := func(names ...string) {
		for _, name := range names {
			w.line(name, "0")
		}
	}
	w.int("total_connections_received", st.Connections)
	w.int("total_commands_processed", st.Commands)
	w.int("instantaneous_ops_per_sec", int64(r.perSecond(rateCommands)))
	w.int("total_net_input_bytes", st.NetIn)
	w.int("total_net_output_bytes", st.NetOut)
	zero("total_net_repl_input_bytes", "total_net_repl_output_bytes")
	w.fixed("instantaneous_input_kbps", r.perSecond(rateIn)/1024)
	w.fixed("instantaneous_output_kbps", r.perSecond(rateOut)/1024)
	w.fixed("instantaneous_input_repl_kbps", 0)
	w.fixed("instantaneous_output_repl_kbps", 0)
	w.int("rejected_connections", st.Rejected)
	zero("sync_full", "sync_partial_ok", "sync_partial_err")
	w.int("expired_keys", st.Expired)
	w.fixed("expired_stale_perc", st.ExpiredStale*100)
	w.int("expired_time_cap_reached_count", st.ExpiredTimeCap)
	w.int("expire_cycle_cpu_milliseconds", st.ExpireCycleMs)
	w.int("evicted_keys", st.Evicted)
	w.int("evicted_clients", st.EvictedClients)
	exceeding := int64(0)
	if s.evict.since != 0 {
		exceeding = nanotime() - s.evict.since
	}
	w.int("total_eviction_exceeded_time", (st.EvictionExceeded+exceeding)/1e6)
	w.int("current_eviction_exceeded_time", exceeding/1e6)
	w.int("keyspace_hits", st.Hits)
	w.int("keyspace_misses", st.Misses)
	w.int("pubsub_channels", int64(len(s.pubsub.channels)))
	w.int("pubsub_patterns", int64(len(s.pubsub.patterns)))
	w.int("pubsubshard_channels", int64(len(s.pubsub.shards)))
	w.int("latest_fork_usec", s.fork.took.Microseconds())
	w.int("total_forks", s.fork.count)
	zero("migrate_cached_sockets", "slave_expires_tracked_keys")
	w.int("active_defrag_hits", st.DefragHits)
	w.int("active_defrag_misses", st.DefragMisses)
	w.int("active_defrag_key_hits", st.DefragKeyHits)
	w.int("active_defrag_key_misses", st.DefragKeyMisses)
	defragTotal, defragCurrent := s.defragTime()
	w.int("total_active_defrag_time", defragTotal)
	w.int("current_active_defrag_time", defragCurrent)
	w.int("tracking_total_keys", int64(len(s.tracking.keys)))
	w.int("tracking_total_items", int64(s.tracking.items))
	w.int("tracking_total_prefixes", int64(len(s.tracking.prefixes)))
	w.int("unexpected_error_replies", st.UnexpectedErrors)
	w.int("total_error_replies", st.ErrorReplies)
	w.int("dump_payload_sanitizations", st.DumpSanitizations)
	w.int("total_reads_processed", st.ReadCalls)
	w.int("total_writes_processed", st.WriteCalls)
	zero("io_threaded_reads_processed", "io_threaded_writes_processed", "reply_buffer_shrinks", "reply_buffer_expands")
	w.int("eventloop_cycles", r.cycles)
	w.int("eventloop_duration_sum", r.busy/1000)
	w.int("eventloop_duration_cmd_sum", s.commandMicros())
	w.int("instantaneous_eventloop_cycles_per_sec", int64(r.perSecond(rateCycles)))
	w.int("instantaneous_eventloop_duration_usec", int64(r.meanCycle()))
	w.int("acl_access_denied_auth", st.ACLAuthFailures)
	zero("acl_access_denied_cmd", "acl_access_denied_key", "acl_access_denied_channel")
}

// commandMicros is the time spent in all commands, in microseconds.
func (s *Server) commandMicros() (sum int64) {
	s.eachCommand(func(cmd *Command) { sum += cmd.Stats.Nanos })
	return sum / 1000
}

// infoDebug is shown only when asked for by name.
func (s *Server) infoDebug(w *InfoWriter) {
	r := &s.info.rates
	w.int("eventloop_duration_aof_sum", s.aof.nanos/1000)
	w.int("eventloop_duration_cron_sum", r.cron/1000)
	w.int("eventloop_duration_max", r.longest/1000)
	w.int("eventloop_cmd_per_cycle_max", r.most)
}

func (s *Server) infoReplication(w *InfoWriter) {
	w.line("role", "master")
	w.line("connected_slaves", "0")
	w.line("master_failover_state", "no-failover")
	w.line("master_replid", s.RunID)
	w.line("master_replid2", "0000000000000000000000000000000000000000")
	w.line("master_repl_offset", "0")
	w.line("second_repl_offset", "-1")
	w.line("repl_backlog_active", "0")
	w.int("repl_backlog_size", s.Config.Int("repl-backlog-size"))
	w.line("repl_backlog_first_byte_offset", "0")
	w.line("repl_backlog_histlen", "0")
}

func (s *Server) infoModules(w *InfoWriter) {
	if s.info.modules != nil {
		s.info.modules(w)
	}
}

func (s *Server) infoErrorStats(w *InfoWriter) {
	for _, code := range slices.Sorted(maps.Keys(s.Stats.Errors)) {
		w.line("errorstat_"+safeInfo(code), "count="+strconv.FormatInt(s.Stats.Errors[code], 10))
	}
}

func (s *Server) infoCluster(w *InfoWriter) { w.line("cluster_enabled", "0") }

func (s *Server) infoKeyspace(w *InfoWriter) {
	for i := range s.DBCount() {
		db := s.DBAt(i)
		if db.Len() == 0 {
			continue
		}
		w.line("db"+strconv.Itoa(i), "keys="+strconv.Itoa(db.Len())+",expires="+strconv.Itoa(db.Expiring())+
			",avg_ttl="+strconv.FormatInt(db.AverageTTL(), 10))
	}
}
