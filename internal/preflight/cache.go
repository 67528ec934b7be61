package preflight

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
)

// cacheMagic begins the table of ld.so.cache that every glibc since 2.2 writes.
// Older formats may stand before it in the file.
const cacheMagic = "glibc-ld.so.cache1.1"

// readCache reads ld.so.cache. known is false when there is a cache that we do
// not understand; a system without one just has none.
func readCache(path string) (paths map[string][]string, known bool) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, true
	}
	if err != nil {
		return nil, false
	}
	return parseCache(b)
}

// parseCache gives the paths in a cache by library name, in the cache's order.
// Entries for other architectures are among them.
func parseCache(b []byte) (paths map[string][]string, known bool) {
	const header, entry = 48, 24
	i := bytes.Index(b, []byte(cacheMagic))
	if i < 0 {
		return nil, false
	}
	// Strings are counted from the table's own beginning.
	b = b[i:]
	if len(b) < header {
		return nil, false
	}
	le := binary.LittleEndian
	n := int(le.Uint32(b[20:]))
	if n > (len(b)-header)/entry {
		return nil, false
	}
	text := func(off uint32) string {
		if uint64(off) >= uint64(len(b)) {
			return ""
		}
		s := b[off:]
		if end := bytes.IndexByte(s, 0); end >= 0 {
			return string(s[:end])
		}
		return ""
	}
	paths = make(map[string][]string, n)
	for k := range n {
		e := b[header+k*entry:] // flags, key, value, osversion, hwcap
		name := text(le.Uint32(e[4:]))
		paths[name] = append(paths[name], text(le.Uint32(e[8:])))
	}
	return paths, true
}
