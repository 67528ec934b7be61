package snapshot

import (
	"berth/internal/ds"
	"berth/internal/persist/rdb"
)

// Writer collects what is written.
type Writer struct {
	// B is what was written so far.
	B []byte
	// Version is the version of the format, rdb.Version or less.
	Version int
	// Compress has long strings compressed.
	Compress bool
	// Later has that done by Finish.
	Later bool
	// Commands has values written as commands that make them again.
	Commands bool

	marks []mark
	// pieces has very long strings put off, to be written in pieces; long are those.
	pieces bool
	long   []longString
}

// mark is a string that Finish compresses, without a length before it.
type mark struct{ at, n int }

// Reset empties the writer and gives it a buffer to go on with.
func (w *Writer) Reset(b []byte) { w.B, w.marks = b[:0], w.marks[:0] }

// Op writes an operation, or any byte.
func (w *Writer) Op(op uint8) { w.B = append(w.B, op) }

// Len writes a length.
func (w *Writer) Len(n uint64) { w.B = rdb.AppendLen(w.B, n) }

// String writes a string.
func (w *Writer) String(s []byte) {
	if w.pieces && len(s) >= bigString {
		w.postpone(s)
		return
	}
	if w.Later && w.Compress && rdb.Compressible(len(s)) {
		w.marks = append(w.marks, mark{len(w.B), len(s)})
		w.B = append(w.B, s...)
		return
	}
	w.B = rdb.AppendString(w.B, s, w.Compress)
}

// Raw writes bytes as they are.
func (w *Writer) Raw(b []byte) { w.B = append(w.B, b...) }

// Elem writes an element as a string.
func (w *Writer) Elem(e ds.Elem) {
	if n, ok := e.Int(); ok {
		w.B = rdb.AppendInt(w.B, n)
		return
	}
	w.String(e.Bytes(nil))
}

// ModuleUint writes a number of a module's value. Signed ones are given as their two's
// complement.
func (w *Writer) ModuleUint(n uint64) { w.B = rdb.AppendModuleUint(w.B, n) }

// ModuleString writes a string of a module's value.
func (w *Writer) ModuleString(s []byte) {
	w.Len(uint64(rdb.ModuleString))
	w.String(s)
}

// ModuleDouble writes a number of a module's value.
func (w *Writer) ModuleDouble(x float64) { w.B = rdb.AppendModuleDouble(w.B, x) }

// ModuleFloat writes a number of a module's value.
func (w *Writer) ModuleFloat(x float32) { w.B = rdb.AppendModuleFloat(w.B, x) }

// Aux writes a name and a text that describe the file.
func (w *Writer) Aux(name, text string) {
	w.Op(rdb.OpAux)
	w.String([]byte(name))
	w.String([]byte(text))
}

// Take is what was written, with its marks, and empties the writer.
func (w *Writer) Take() Chunk {
	c := Chunk{w.B, w.marks}
	w.B, w.marks = nil, nil
	return c
}

// Reuse has the writer go on with the memory of a chunk that nobody needs any more.
func (w *Writer) Reuse(c Chunk) { w.B, w.marks = c.B[:0], c.marks[:0] }

// Chunk is a part of what was written, with strings that are yet to be compressed.
type Chunk struct {
	B     []byte
	marks []mark
}

// Finish appends the chunk to out, its strings compressed. Any goroutine.
func (c *Chunk) Finish(out []byte) []byte {
	from := 0
	for _, m := range c.marks {
		out = append(out, c.B[from:m.at]...)
		from = m.at + m.n
		out = rdb.AppendCompressed(out, c.B[m.at:from])
	}
	return append(out, c.B[from:]...)
}

// Finished reports whether Finish would change nothing.
func (c *Chunk) Finished() bool { return len(c.marks) == 0 }
