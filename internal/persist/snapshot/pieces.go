package snapshot

// A string inside of a value may be so long that to copy it takes too long for one
// step. Then the step goes on as if it were written, and what it writes behind it is
// put aside; the next steps write the string in pieces, uncompressed, and then that.

// longString is a string that is yet to be written, and where.
type longString struct {
	at int
	b  []byte
}

// rest is a long string of which a part is yet to be written, and what follows it.
type rest struct {
	long   []byte
	behind Chunk
}

// postpone notes a string to be written in pieces behind what was written so far.
func (w *Writer) postpone(s []byte) {
	w.Len(uint64(len(s)))
	w.long = append(w.long, longString{len(w.B), s})
}

// cut takes what is behind the first long string, and the strings, out of the writer.
func (w *Writer) cut() (list []rest) {
	if len(w.long) == 0 {
		return nil
	}
	m := 0
	for m < len(w.marks) && w.marks[m].at < w.long[0].at {
		m++
	}
	kept := m
	for i, l := range w.long {
		end := len(w.B)
		if i+1 < len(w.long) {
			end = w.long[i+1].at
		}
		r := rest{long: l.b, behind: Chunk{B: append([]byte(nil), w.B[l.at:end]...)}}
		for ; m < len(w.marks) && w.marks[m].at < end; m++ {
			r.behind.marks = append(r.behind.marks, mark{w.marks[m].at - l.at, w.marks[m].n})
		}
		list = append(list, r)
	}
	w.B, w.marks, w.long = w.B[:w.long[0].at], w.marks[:kept], nil
	return list
}

// step writes a part of a long string, and what is behind it with the last. It reports
// whether there is no more.
func (r *rest) step(w *Writer, budget int) (done bool) {
	n := min(len(r.long), budget)
	w.Raw(r.long[:n])
	if r.long = r.long[n:]; len(r.long) > 0 {
		return false
	}
	for _, m := range r.behind.marks {
		w.marks = append(w.marks, mark{len(w.B) + m.at, m.n})
	}
	w.Raw(r.behind.B)
	return true
}
