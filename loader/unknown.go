package loader

import (
	"fmt"
	"strings"

	"berth/internal/server"
)

// Data of modules that are not loaded are shown among the modules, by the names of
// their types. No module has such a name.
const unknownPrefix = "unknown:"

// findUnknown finds what is kept of a type.
func (l *Loader) findUnknown(name string) (server.UnknownData, bool) {
	for _, d := range l.srv.UnknownData() {
		if d.Type == strings.TrimPrefix(name, unknownPrefix) {
			return d, true
		}
	}
	return server.UnknownData{}, false
}

// writeUnknown writes what MODULE LIST and MODULE INFO reply for a type whose module
// is missed: like a module's entry, and what is kept.
func writeUnknown(c *server.Client, d server.UnknownData) {
	c.WriteMap(7)
	c.WriteBulkString("name")
	c.WriteBulkString(unknownPrefix + d.Type)
	c.WriteBulkString("ver")
	c.WriteInt(int64(d.Version))
	c.WriteBulkString("path")
	c.WriteBulkString("")
	c.WriteBulkString("args")
	c.WriteArray(0)
	c.WriteBulkString("keys")
	c.WriteInt(d.Keys)
	c.WriteBulkString("bytes")
	c.WriteInt(d.Bytes)
	c.WriteBulkString("aux_bytes")
	c.WriteInt(d.AuxBytes)
}

// unknownLine is a line of INFO modules for such a type.
func unknownLine(d server.UnknownData) string {
	return fmt.Sprintf("module_unknown_data:type=%s,encver=%d,keys=%d,bytes=%d,aux_bytes=%d", d.Type, d.Version, d.Keys, d.Bytes, d.AuxBytes)
}
