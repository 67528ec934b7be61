//go:build linux

package bench

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// ErrNotSaved is returned when a BGSAVE fails, or does not end.
var ErrNotSaved = errors.New("BGSAVE failed")

// SaveResult is what a BGSAVE took, and what clients saw meanwhile.
type SaveResult struct {
	// Server and Command say what was measured, beside Keys keys.
	Server, Command string
	Keys            int
	// Rate is the load in commands per second.
	Rate float64
	// Took is how long the BGSAVE lasted, and File how large its file is, in bytes.
	Took time.Duration
	File int64
	// Extra is the most memory that the server took beyond what it took before, in bytes. What a child copied counts, as the
	// server tells it.
	Extra int64
	// Before are the times of commands without a BGSAVE, During those beside it.
	Before, During Times
}

// saveRequests is how many different keys the load beside a BGSAVE is about.
const saveRequests = 500000

// Save has a server write a file while it is loaded with a command at a fixed rate, on random keys of all that Fill wrote.
// The generator sleeps between its looks, so that what the server does beside its loop, or its child, finds a processor.
func Save(p *Plan, s *Server, command string, keys int, rate float64) (SaveResult, error) {
	r := SaveResult{Server: s.Name, Command: command, Keys: keys, Rate: rate}
	l, w, done, err := p.quietLoad(s, command)
	if err != nil {
		return r, err
	}
	defer done()
	l.Nap = 20 * time.Microsecond
	w.Requests = w.Requests[:0]
	rng := rand.New(rand.NewPCG(3, 4))
	c := p.caseOf(command)
	for range min(keys, saveRequests) {
		w.Requests = append(w.Requests, c.Request(rng.IntN(keys))...)
	}
	stop := time.Now().Add(2 * time.Second)
	times, err := l.steady(w, rate, func(now time.Time) bool { return now.Before(stop) })
	if err != nil {
		return r, err
	}
	r.Before = timesOf(times)
	watch := &saveWatch{s: s}
	if err := watch.begin(); err != nil {
		return r, err
	}
	times, err = l.steady(w, rate, func(time.Time) bool { return !watch.over.Load() })
	if e := watch.end(); err == nil {
		err = e
	}
	if err != nil {
		return r, err
	}
	r.During, r.Took, r.Extra, r.File = timesOf(times), watch.took, watch.extra, watch.file
	p.say("%s: BGSAVE of %d keys beside %s at %.0f/s: %v, %d MiB more, p99.9 %v (without %v), longest %v", s.Name, keys, command, rate,
		r.Took.Round(time.Millisecond), r.Extra>>20, r.During.P999, r.Before.P999, r.During.Max)
	return r, nil
}

// saveWatch follows a BGSAVE from beside the load.
type saveWatch struct {
	s     *Server
	conn  *Conn
	over  atomic.Bool
	done  chan struct{}
	began time.Time
	// What it found, good once done is closed.
	took  time.Duration
	extra int64
	file  int64
	err   error
}

// begin starts the BGSAVE, and a goroutine that looks at it.
func (w *saveWatch) begin() error {
	var err error
	if w.conn, err = Dial(w.s.Port); err != nil {
		return err
	}
	before, err := w.s.RSS()
	if err != nil {
		return err
	}
	w.began = time.Now()
	if err := w.conn.must("BGSAVE"); err != nil {
		return err
	}
	w.done = make(chan struct{})
	go func() {
		defer close(w.done)
		w.err = w.follow(before)
		w.over.Store(true)
	}()
	return nil
}

// end waits for the goroutine.
func (w *saveWatch) end() error {
	<-w.done
	w.conn.Close()
	return w.err
}

// saveDeadline is how long a BGSAVE may take.
const saveDeadline = 5 * time.Minute

func (w *saveWatch) follow(before int64) error {
	forked := false
	for {
		now, err := w.s.RSS()
		if err != nil {
			return err
		}
		w.extra = max(w.extra, now-before)
		forked = forked || w.s.child()
		info, err := w.conn.Do("INFO", "persistence")
		if err != nil {
			return err
		}
		if strings.Contains(info.Text, "rdb_bgsave_in_progress:0") {
			w.took = time.Since(w.began)
			if !strings.Contains(info.Text, "rdb_last_bgsave_status:ok") {
				return ErrNotSaved
			}
			if forked {
				copied, err := strconv.ParseInt(infoField(info.Text, "rdb_last_cow_size"), 10, 64)
				if err != nil {
					return err
				}
				w.extra += copied
			}
			break
		}
		if time.Since(w.began) > saveDeadline {
			return fmt.Errorf("%w: not done after %v", ErrNotSaved, saveDeadline)
		}
		time.Sleep(10 * time.Millisecond)
	}
	info, err := os.Stat(filepath.Join(w.s.dir, "dump.rdb"))
	if err == nil {
		w.file = info.Size()
	}
	return err
}

// child reports whether the server has a child process.
func (s *Server) child() bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", s.PID(), s.PID()))
	return err == nil && len(b) > 0
}
