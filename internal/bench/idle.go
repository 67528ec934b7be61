//go:build linux

package bench

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// IdleResult is what a crowd of idle connections costs one server.
type IdleResult struct {
	// Server is its name.
	Server string
	// Conns is how many there were, Blocked how many of them waited in a blocking command.
	Conns, Blocked int
	// PerConn is the resident memory each took, in bytes.
	PerConn float64
	// Alone and Beside are the throughput of the busy clients without and with the idle ones, one value per round.
	Alone, Beside []float64
	// CPUAlone and CPUBeside are the server's nanoseconds of CPU per command in the same rounds.
	CPUAlone, CPUBeside []float64
	// Skipped is why nothing was measured.
	Skipped string
}

const (
	idleRounds = 5
	// idleLength is longer than a round of the other rows: there are fewer.
	idleLength = 400 * time.Millisecond
)

// IdleDepth is the pipeline of the busy clients beside the idle ones.
const IdleDepth = 1

// Idle measures a freshly started server: its resident memory before and after p.Idle connections were opened and used
// once, and its throughput with and without them, in turn. So many of them as blocked says wait in BLPOP.
func Idle(p *Plan, s *Server, blocked int) (IdleResult, error) {
	r := IdleResult{Server: s.Name, Conns: p.Idle, Blocked: blocked}
	release, err := p.quiet()
	if err != nil {
		return r, err
	}
	defer release()
	w, err := Case{Request: func(int) []byte { return Request("PING") }}.Workload(100, s)
	if err != nil {
		return r, err
	}
	busy, err := NewLoad(s, p.Clients)
	if err != nil {
		return r, err
	}
	defer busy.Close()
	busy.Spin = p.Spin
	if _, err := busy.Run(w, IdleDepth, idleLength); err != nil {
		return r, err
	}
	for i := range idleRounds {
		alone, err := busy.Run(w, IdleDepth, idleLength)
		if err != nil {
			return r, err
		}
		time.Sleep(time.Second)
		before, err := s.RSS()
		if err != nil {
			return r, err
		}
		crowd, err := openIdle(s, p.Idle)
		if err == nil {
			err = block(crowd[:blocked])
		}
		if err != nil {
			closeAll(crowd)
			r.Skipped = err.Error()
			return r, nil
		}
		if i == 0 {
			// Servers give the first buffers of a client back some time after it fell silent.
			time.Sleep(4 * time.Second)
			after, err := s.RSS()
			if err != nil {
				return r, err
			}
			r.PerConn = float64(after-before) / float64(p.Idle)
			p.say("%s: %.0f bytes per idle connection, %d of %d blocked", s.Name, r.PerConn, blocked, p.Idle)
		}
		beside, err := busy.Run(w, IdleDepth, idleLength)
		closeAll(crowd)
		if err != nil {
			return r, err
		}
		// Let the server notice that they have gone before it is timed alone again.
		time.Sleep(300 * time.Millisecond)
		r.Alone, r.Beside = append(r.Alone, alone.Rate()), append(r.Beside, beside.Rate())
		r.CPUAlone, r.CPUBeside = append(r.CPUAlone, alone.PerCommand()), append(r.CPUBeside, beside.PerCommand())
	}
	return r, nil
}

// openIdle opens n connections and has each answered once, so that the server has seen a request on every one.
func openIdle(s *Server, n int) ([]int, error) {
	ping, pong := Request("PING"), "+PONG\r\n"
	buf := make([]byte, 64)
	var fds []int
	for len(fds) < n {
		from := len(fds)
		for range min(100, n-from) {
			fd, err := connect(s.Port)
			if err != nil {
				closeAll(fds)
				return nil, fmt.Errorf("idle connection %d of %d: %w", len(fds)+1, n, err)
			}
			fds = append(fds, fd)
			if _, err := unix.Write(fd, ping); err != nil {
				closeAll(fds)
				return nil, err
			}
		}
		for i, fd := range fds[from:] {
			got, err := unix.Read(fd, buf)
			if err != nil || string(buf[:max(got, 0)]) != pong {
				closeAll(fds)
				return nil, fmt.Errorf("idle connection %d of %d: reply %q, %v", from+i+1, n, buf[:max(got, 0)], err)
			}
		}
	}
	return fds, nil
}

// block has connections wait for keys that never come, a hundred each for one. Nobody tells when the server has taken the
// commands, but the generator has nothing else to do for seconds then.
func block(fds []int) error {
	for i, fd := range fds {
		if _, err := unix.Write(fd, Request("BLPOP", fmt.Sprintf("bench:never:%d", i/100), "0")); err != nil {
			return err
		}
	}
	return nil
}

func closeAll(fds []int) {
	for _, fd := range fds {
		unix.Close(fd)
	}
}
