package server

import "berth/internal/ds"

// ParseInt reads a whole string as a signed 64-bit number in the one form that
// writing it back gives: no space, no plus sign, no leading zero, no "-0".
func ParseInt(b []byte) (int64, bool) { return ds.ParseInt(b) }
