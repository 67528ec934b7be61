package server

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// eachCommand calls fn for every command and subcommand.
func (s *Server) eachCommand(fn func(*Command)) {
	for _, cmd := range s.commands.list {
		fn(cmd)
		for _, name := range slices.Sorted(maps.Keys(cmd.Subcommands)) {
			fn(cmd.Subcommands[name])
		}
	}
}

func (s *Server) infoCommandStats(w *InfoWriter) {
	s.eachCommand(func(cmd *Command) {
		st := &cmd.Stats
		if st.Calls == 0 && st.Failed == 0 && st.Rejected == 0 {
			return
		}
		per := 0.0
		if st.Calls != 0 {
			per = float64(st.Micros()) / float64(st.Calls)
		}
		w.line("cmdstat_"+safeInfo(cmd.FullName()), fmt.Sprintf("calls=%d,usec=%d,usec_per_call=%.2f,rejected_calls=%d,failed_calls=%d",
			st.Calls, st.Micros(), per, st.Rejected, st.Failed))
	})
}

func (s *Server) infoLatencyStats(w *InfoWriter) {
	if !s.Config.Values.LatencyTracking {
		return
	}
	s.eachCommand(func(cmd *Command) {
		h := cmd.Stats.Latency
		if h == nil || cmd.Stats.Calls == 0 {
			return
		}
		parts := make([]string, len(s.Config.Values.Percentiles))
		for i, p := range s.Config.Values.Percentiles {
			parts[i] = fmt.Sprintf("p%s=%.3f", percentileText(p), float64(h.Percentile(p))/1000)
		}
		w.line("latency_percentiles_usec_"+safeInfo(cmd.FullName()), strings.Join(parts, ","))
	})
}
