package server

import (
	"encoding/binary"
	"fmt"
	"io"
	"runtime"
	"sync"
	"sync/atomic"

	"berth/internal/persist/rdb"
	"berth/internal/persist/snapshot"
	"berth/internal/sched"
)

// writerNice is how much nicer than the loop the writer of a snapshot is.
const writerNice = 10

// snapshotWriter is the goroutine of a snapshot, and what it shares with the loop.
type snapshotWriter struct {
	to     io.Writer
	finish func() error
	sum    bool
	// inline has everything done by who hands it over, without a goroutine.
	inline bool
	// What was written so far: its checksum, and room for a chunk.
	total uint64
	buf   []byte
	// bare says that nothing stands behind what is handed over.
	bare bool

	mu     sync.Mutex
	change sync.Cond
	queue  []snapshot.Chunk
	// bytes are those handed over and not yet written. It changes under the lock, which
	// the loop need not take to read it.
	bytes atomic.Int64
	// spare are chunks that were written, whose memory is good for others.
	spare  []snapshot.Chunk
	closed bool
	tail   []byte
	err    error
	ended  bool
}

// start starts the goroutine. done is called at its end, on it. With yield set it gives
// way to the loop, which must not wait for it then.
func (w *snapshotWriter) start(yield bool, done func()) {
	w.change.L = &w.mu
	if w.inline {
		return
	}
	go func() {
		if yield {
			// How a thread is scheduled stays with it. The goroutine keeps its thread for
			// itself, and ends without unlocking it, so that the thread ends too.
			runtime.LockOSThread()
			sched.Calm(writerNice)
		}
		w.run()
		done()
	}()
}

// maxSpare is the size of a chunk up to which its memory is kept.
const maxSpare = 4 * chunkBytes

// put hands over what was written, and gives the writer memory to go on with: that
// of chunks before, so that a snapshot makes little work for the collector.
func (w *snapshotWriter) put(from *snapshot.Writer) {
	if len(from.B) == 0 {
		return
	}
	c := from.Take()
	w.mu.Lock()
	switch {
	case !w.inline:
		w.queue = append(w.queue, c)
		w.bytes.Add(int64(len(c.B)))
		n := len(w.spare)
		switch {
		case n > 0:
			c, w.spare = w.spare[n-1], w.spare[:n-1]
		case len(c.B) >= chunkBytes:
			c = snapshot.Chunk{B: make([]byte, 0, chunkBytes+chunkBytes/8)}
		default:
			c = snapshot.Chunk{}
		}
	case w.err == nil:
		w.err = w.writeChunk(&c)
	}
	w.mu.Unlock()
	w.change.Broadcast()
	from.Reuse(c)
}

// close says that there is no more: but for the tail, and the checksum, or because
// of an error.
func (w *snapshotWriter) close(tail []byte, err error) {
	w.mu.Lock()
	w.closed, w.tail = true, tail
	if w.err == nil {
		w.err = err
	}
	w.mu.Unlock()
	w.change.Broadcast()
}

// behind is how many bytes are yet to be written.
func (w *snapshotWriter) behind() int64 { return w.bytes.Load() }

// failed is why the goroutine ended early, if it did.
func (w *snapshotWriter) failed() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// waitBelow waits until no more than n bytes are yet to be written.
func (w *snapshotWriter) waitBelow(n int64) {
	w.mu.Lock()
	for w.bytes.Load() > n && w.err == nil {
		w.change.Wait()
	}
	w.mu.Unlock()
}

// wait waits for the end.
func (w *snapshotWriter) wait() error {
	if w.inline {
		w.run()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for !w.ended {
		w.change.Wait()
	}
	return w.err
}

// next is the next chunk, or false at the end. What it gave before was written.
func (w *snapshotWriter) next(written snapshot.Chunk) (snapshot.Chunk, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.bytes.Add(-int64(len(written.B)))
	if n := cap(written.B); n > 0 && n <= maxSpare {
		w.spare = append(w.spare, written)
	}
	w.change.Broadcast()
	for len(w.queue) == 0 && !w.closed && w.err == nil {
		w.change.Wait()
	}
	if len(w.queue) == 0 || w.err != nil {
		return snapshot.Chunk{}, false
	}
	c := w.queue[0]
	w.queue[0] = snapshot.Chunk{}
	w.queue = w.queue[1:]
	return c, true
}

// run writes until the end.
func (w *snapshotWriter) run() {
	err := w.writeAll()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		w.err = err
	}
	w.ended, w.queue, w.spare = true, nil, nil
	w.bytes.Store(0)
	w.change.Broadcast()
}

// write writes bytes and sums them up.
func (w *snapshotWriter) write(b []byte) error {
	if w.sum {
		w.total = rdb.Checksum(w.total, b)
	}
	if _, err := w.to.Write(b); err != nil {
		return fmt.Errorf("server: writing a snapshot: %w", err)
	}
	return nil
}

// writeChunk compresses what is to be compressed in a chunk, and writes it.
func (w *snapshotWriter) writeChunk(c *snapshot.Chunk) error {
	if c.Finished() {
		return w.write(c.B)
	}
	w.buf = c.Finish(w.buf[:0])
	return w.write(w.buf)
}

func (w *snapshotWriter) writeAll() error {
	var c snapshot.Chunk
	for {
		var ok bool
		if c, ok = w.next(c); !ok {
			break
		}
		if err := w.writeChunk(&c); err != nil {
			return err
		}
	}
	if err := w.failed(); err != nil {
		return err
	}
	if !w.bare {
		if err := w.write(w.tail); err != nil {
			return err
		}
		if err := w.write(binary.LittleEndian.AppendUint64(nil, w.total)); err != nil {
			return err
		}
	}
	if w.finish != nil {
		return w.finish()
	}
	return nil
}
