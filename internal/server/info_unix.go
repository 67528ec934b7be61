//go:build unix

package server

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// systemName is the kernel's name, release and machine.
func systemName() string {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return ""
	}
	return unix.ByteSliceToString(u.Sysname[:]) + " " + unix.ByteSliceToString(u.Release[:]) + " " +
		unix.ByteSliceToString(u.Machine[:])
}

// cpuTime writes one processor time as seconds with six digits.
func cpuTime(t unix.Timeval) string { return fmt.Sprintf("%d.%06d", t.Sec, t.Usec) }

func (s *Server) infoCPU(w *InfoWriter) {
	var self, children unix.Rusage
	// These two cannot fail with valid arguments.
	_ = unix.Getrusage(unix.RUSAGE_SELF, &self)
	_ = unix.Getrusage(unix.RUSAGE_CHILDREN, &children)
	w.line("used_cpu_sys", cpuTime(self.Stime))
	w.line("used_cpu_user", cpuTime(self.Utime))
	w.line("used_cpu_sys_children", cpuTime(children.Stime))
	w.line("used_cpu_user_children", cpuTime(children.Utime))
	if thread, ok := threadUsage(); ok {
		w.line("used_cpu_sys_main_thread", cpuTime(thread.Stime))
		w.line("used_cpu_user_main_thread", cpuTime(thread.Utime))
	}
}
