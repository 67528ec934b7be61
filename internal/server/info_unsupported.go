//go:build !unix

package server

import "runtime"

func systemName() string { return runtime.GOOS + " unknown " + runtime.GOARCH }

func (s *Server) infoCPU(*InfoWriter) {}

func residentMemory() uint64 { return 0 }

func systemMemory() uint64 { return 0 }
