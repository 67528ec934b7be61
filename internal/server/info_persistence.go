package server

import (
	"strconv"
	"time"
)

// flag writes a field that is 0 or 1.
func (w *InfoWriter) flag(name string, on bool) {
	n := int64(0)
	if on {
		n = 1
	}
	w.int(name, n)
}

func okOrErr(failed bool) string {
	if failed {
		return "err"
	}
	return "ok"
}

func (s *Server) infoPersistence(w *InfoWriter) {
	sn := s.persist.running
	w.flag("loading", s.loading.on)
	w.line("async_loading", "0")
	s.infoSnapshot(w, sn)
	w.int("rdb_changes_since_last_save", s.Dirty)
	w.flag("rdb_bgsave_in_progress", s.save.background != nil)
	w.int("rdb_last_save_time", s.save.last)
	w.line("rdb_last_bgsave_status", okOrErr(s.save.failed))
	w.int("rdb_last_bgsave_time_sec", s.save.seconds)
	current := int64(-1)
	if s.save.background != nil {
		current = (nanotime() - s.save.background.began) / int64(time.Second)
	}
	w.int("rdb_current_bgsave_time_sec", current)
	w.int("rdb_saves", s.save.saves)
	w.int("rdb_last_cow_size", s.persist.last.extra)
	w.int("rdb_last_load_keys_expired", s.loading.expired)
	w.int("rdb_last_load_keys_loaded", s.loading.keys)
	s.infoAppendOnly(w)
	s.infoFork(w)
	if s.Config.Values.AppendOnly {
		s.infoAppendOnlySize(w)
	}
	if s.loading.on {
		s.infoLoading(w)
	}
	w.int("snapshot_last_longest_slice_usec", s.persist.last.longest.Microseconds())
	w.int("snapshot_last_longest_slice_cpu_usec", s.persist.last.busiest.Microseconds())
}

// infoSnapshot tells of the snapshot that is being written. What Redis calls the
// memory of copy-on-write is what the snapshot has taken to keep old values, or to
// wait for the disk.
func (s *Server) infoSnapshot(w *InfoWriter, sn *Snapshot) {
	peak, size, keys, total, done := int64(0), int64(0), int64(0), int64(0), 0.0
	if sn != nil {
		peak, size = sn.extra, sn.taken()
		keys, total = int64(sn.keys), int64(sn.total)
		if total > 0 {
			done = float64(keys) / float64(total) * 100
		}
	}
	if s.fork.pid != 0 && sn == nil {
		done = s.fork.progress * 100
	}
	w.int("current_cow_peak", peak)
	w.int("current_cow_size", size)
	w.line("current_cow_size_age", "0")
	w.fixed("current_fork_perc", done)
	w.int("current_save_keys_processed", keys)
	w.int("current_save_keys_total", total)
}

// infoAppendOnly tells of the append-only file.
func (s *Server) infoAppendOnly(w *InfoWriter) {
	a := &s.aof
	r := &a.rewrite
	current := int64(-1)
	if r.running != nil {
		current = s.Unixtime() - r.running.began
	}
	w.flag("aof_enabled", a.mode != aofOff)
	w.flag("aof_rewrite_in_progress", r.running != nil)
	w.flag("aof_rewrite_scheduled", r.scheduled)
	w.int("aof_last_rewrite_time_sec", r.took)
	w.int("aof_current_rewrite_time_sec", current)
	w.line("aof_last_bgrewrite_status", okOrErr(r.failed))
	w.int("aof_rewrites", r.count)
	w.int("aof_rewrites_consecutive_failures", r.failures)
	w.line("aof_last_write_status", okOrErr(a.failed != "" || a.sync.failed != ""))
	w.int("aof_last_cow_size", r.extra)
}

// infoAppendOnlySize tells how long the append-only file is.
func (s *Server) infoAppendOnlySize(w *InfoWriter) {
	a := &s.aof
	w.int("aof_current_size", a.size)
	w.int("aof_base_size", a.baseSize)
	w.flag("aof_pending_rewrite", a.rewrite.scheduled)
	w.int("aof_buffer_length", int64(len(a.buf)))
	w.int("aof_pending_bio_fsync", int64(a.sync.pending))
	w.int("aof_delayed_fsync", a.sync.delayed)
}

// infoLoading tells how far loading has come.
func (s *Server) infoLoading(w *InfoWriter) {
	l := &s.loading
	percent, eta := 0.0, int64(1)
	elapsed := time.Now().Unix() - l.began
	if l.total > 0 {
		percent = float64(l.loaded) / float64(l.total) * 100
		if l.loaded > 0 && elapsed > 0 {
			eta = elapsed * (l.total - l.loaded) / l.loaded
		}
	}
	w.int("loading_start_time", l.began)
	w.int("loading_total_bytes", l.total)
	w.int("loading_rdb_used_mem", l.usedMem)
	w.int("loading_loaded_bytes", l.loaded)
	w.line("loading_loaded_perc", strconv.FormatFloat(percent, 'f', 2, 64))
	w.int("loading_eta_seconds", eta)
}
