package loader

import "berth/internal/preflight"

// Preflight says whether the file at path could be loaded as a module, before
// the dynamic linker sees it. The error's text is one sentence for the log, and
// it wraps a sentinel of package preflight. Any thread.
func Preflight(path string) error { return preflight.Check(path) }
