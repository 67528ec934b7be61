package loader

import (
	"fmt"
	"strings"

	"berth/abi"
	"berth/internal/server"
)

// A figure is one number that INFO and MODULE INFO show of a module.
type figure struct {
	name  string
	value int64
}

// holdings are how much of the server's a module has in use.
func holdings(m *abi.Module) []figure {
	h := m.Holdings()
	figures := []figure{
		{"commands", int64(h.Commands)},
		{"filters", int64(h.Filters)},
		{"timers", int64(h.Timers)},
		{"time_events", int64(h.TimeEvents)},
		{"file_events", int64(h.Files)},
		{"sockets", int64(h.Sockets)},
		{"clients", int64(h.Clients)},
		{"attachments", int64(h.Attachments)},
		{"blocked_clients", int64(h.Blocked)},
		{"threads_in", int64(h.ThreadsIn)},
		{"threads_waiting", int64(h.ThreadsWaiting)},
	}
	if h.Memory >= 0 {
		figures = append(figures, figure{"memory", h.Memory})
	}
	return figures
}

// spent is what a module's callbacks took, in microseconds.
func spent(m *abi.Module) []figure {
	sum := m.Meter().Total()
	return []figure{
		{"calls", sum.Calls},
		{"usec", sum.Nanos / 1000},
		{"longest_usec", sum.Longest / 1000},
		{"slow", m.Meter().Slow},
	}
}

// line is figures as a line of INFO has them.
func line(field, module string, figures []figure) string {
	var s strings.Builder
	fmt.Fprintf(&s, "%s_%s:", field, module)
	for i, f := range figures {
		if i != 0 {
			s.WriteByte(',')
		}
		fmt.Fprintf(&s, "%s=%d", f.name, f.value)
	}
	return s.String()
}

// info writes the lines of INFO modules: Redis's own, then what each module holds
// of the server's, and what its callbacks took.
func (l *Loader) info(w *server.InfoWriter) {
	modules := l.host.Modules()
	for _, m := range modules {
		w.Line(m.InfoLine())
	}
	for _, d := range l.srv.UnknownData() {
		w.Line(unknownLine(d))
	}
	for _, m := range modules {
		w.Line(line("module_holds", m.Name(), holdings(m)))
		longest := &m.Meter().Longest
		w.Line(line("module_calls", m.Name(), spent(m)) +
			fmt.Sprintf(",longest_kind=%s,longest_command=%s", kindField(longest), longest.Command))
	}
}

// kindField is the kind of a slow callback as INFO shows it: without a space, and
// empty while there is none.
func kindField(s *server.Slow) string {
	if s.Nanos == 0 {
		return ""
	}
	return strings.ReplaceAll(s.Kind.String(), " ", "-")
}

// cmdInfo is MODULE INFO name. It is berth's own.
func (l *Loader) cmdInfo(c *server.Client, argv [][]byte) {
	m := l.host.Module(string(argv[2]))
	if m == nil {
		if d, ok := l.findUnknown(string(argv[2])); ok {
			writeUnknown(c, d)
			return
		}
		c.WriteErrorf("ERR %v", ErrNotLoaded)
		return
	}
	figures := append(holdings(m), spent(m)...)
	const others = identityFields + 5
	c.WriteMap(others + len(figures))
	writeIdentity(c, m)
	c.WriteBulkString("state")
	if m.Crashed() {
		c.WriteBulkString("crashed")
	} else {
		c.WriteBulkString("running")
	}
	for _, f := range figures {
		c.WriteBulkString(f.name)
		c.WriteInt(f.value)
	}
	longest := &m.Meter().Longest
	c.WriteBulkString("longest_kind")
	c.WriteBulkString(kindField(longest))
	c.WriteBulkString("longest_command")
	c.WriteBulkString(longest.Command)
	c.WriteBulkString("longest_unix")
	c.WriteInt(longest.Unix)
	c.WriteBulkString("callbacks")
	writeKinds(c, m.Meter())
}

// writeKinds replies the sum for each kind of callback that there was.
func writeKinds(c *server.Client, m *server.Meter) {
	n := 0
	for _, k := range m.Kinds {
		if k.Calls != 0 {
			n++
		}
	}
	c.WriteMap(n)
	for i, k := range m.Kinds {
		if k.Calls == 0 {
			continue
		}
		c.WriteBulkString(server.CallbackKind(i).String())
		c.WriteMap(3)
		c.WriteBulkString("calls")
		c.WriteInt(k.Calls)
		c.WriteBulkString("usec")
		c.WriteInt(k.Nanos / 1000)
		c.WriteBulkString("longest_usec")
		c.WriteInt(k.Longest / 1000)
	}
}
