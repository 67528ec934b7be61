package exampletest

import (
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"berth/internal/testkit"
)

// crowd are clients that send requests at random and, now and then, leave
// without an answer, kill or unblock each other.
type crowd struct {
	t       *testing.T
	socket  string
	request func(*rand.Rand) []byte
	stop    chan struct{}
	clients sync.WaitGroup

	mu sync.Mutex
	// answers counts replies by their first byte; those who got none have 0.
	answers map[byte]int
}

func startCrowd(t *testing.T, s *testkit.Server, n int, request func(*rand.Rand) []byte) *crowd {
	c := &crowd{t: t, socket: s.Socket, request: request, stop: make(chan struct{}), answers: map[byte]int{}}
	for i := range n {
		c.clients.Go(func() { c.run(rand.New(rand.NewPCG(uint64(i), 7))) })
	}
	return c
}

// end stops the crowd and gives what it was answered.
func (c *crowd) end() map[byte]int {
	close(c.stop)
	c.clients.Wait()
	return c.answers
}

func (c *crowd) run(rng *rand.Rand) {
	for {
		conn, err := net.Dial("unix", c.socket)
		if err != nil {
			c.t.Error(err)
			return
		}
		for err == nil {
			select {
			case <-c.stop:
				conn.Close()
				return
			default:
				err = c.ask(conn, rng)
			}
		}
		conn.Close()
		c.count(0)
	}
}

// ask sends one request. It gives an error when the connection is to end.
func (c *crowd) ask(conn net.Conn, rng *rand.Rand) error {
	request := c.request(rng)
	switch rng.IntN(8) {
	case 0:
		request = testkit.Request("CLIENT", "KILL", "ID", fmt.Sprint(rng.IntN(200)))
	case 1:
		request = testkit.Request("CLIENT", "UNBLOCK", fmt.Sprint(rng.IntN(200)))
	}
	_ = conn.SetDeadline(time.Now().Add(patience)) // a socket takes any deadline
	if _, err := conn.Write(request); err != nil {
		return err
	}
	if rng.IntN(10) == 0 {
		return net.ErrClosed // it leaves without its answer
	}
	var in [64 << 10]byte
	if _, err := conn.Read(in[:]); err != nil {
		return err
	}
	c.count(in[0])
	return nil
}

func (c *crowd) count(kind byte) {
	c.mu.Lock()
	c.answers[kind]++
	c.mu.Unlock()
}
