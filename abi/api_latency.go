package abi

// apiLatencyAddSample keeps a sample that is no shorter than the threshold,
// which lets all pass while the server's own events are not watched.
func apiLatencyAddSample(f *frame) {
	if millis := f.i64(1); millis >= host.srv.LatencyThreshold() && f.int(0) != 0 {
		host.srv.AddLatency(cstring(f.uptr(0)), millis)
	}
}
