package preflight

import (
	"bytes"
	"testing"
)

// FuzzFile takes a file of any bytes: it may be refused, never crash the
// process or take long. The seeds are files as compilers make them, and pieces
// of them.
func FuzzFile(f *testing.F) {
	b := newBuilder(f)
	for _, path := range []string{
		b.so("a.so", "module.c", "-s"),
		b.so("b.so", "module.c", "-s", "-Wl,--hash-style=sysv"),
		b.so("c.so", "module.c", "-s", "-Wl,-z,noseparate-code,-rpath,$ORIGIN/$LIB/${PLATFORM}"),
	} {
		data := b.read(path)
		f.Add(data)
		f.Add(data[:len(data)/2])
		for i := 0; i < 64; i += 3 {
			d := bytes.Clone(data)
			d[i] ^= 0xff
			f.Add(d)
		}
		// The dynamic section, where the numbers are that matter.
		eachSegment(data, 2, func(p []byte) {
			off := int(p[8]) | int(p[9])<<8 | int(p[10])<<16
			for i := 0; i < 24*16 && off+i < len(data); i += 5 {
				d := bytes.Clone(data)
				d[off+i] ^= 0x81
				f.Add(d)
			}
		})
	}
	f.Add([]byte("\x7fELF"))
	sys := thisSystem()
	f.Fuzz(func(t *testing.T, data []byte) {
		x := &examined{sys: sys}
		defer x.close()
		err := x.check(bytes.NewReader(data), int64(len(data)), "/tmp/x.so")
		if x.image == nil {
			if err == nil {
				t.Fatal("neither an image nor an error")
			}
			return
		}
		x.image.called(asked(x.image.constants()))
		x.language(x.image.constants())
		goBuild(x.image.r)
	})
}

// FuzzCache reads any bytes as ld.so.cache.
func FuzzCache(f *testing.F) {
	f.Add([]byte(cacheMagic))
	f.Add(cacheOf("libx.so.1", "/lib/libx.so.1"))
	f.Fuzz(func(_ *testing.T, data []byte) { parseCache(data) })
}
