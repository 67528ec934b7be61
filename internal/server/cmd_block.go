package server

import (
	"math"
	"math/big"
	"time"

	"berth/internal/ds"
	"berth/internal/longdouble"
)

func init() {
	handle(map[string]Handler{
		"blmove":     cmdLmove,
		"blmpop":     cmdLmpop,
		"blpop":      cmdBpop,
		"brpop":      cmdBpop,
		"brpoplpush": cmdLmove,
		"bzmpop":     cmdZmpop,
		"bzpopmax":   cmdBpop,
		"bzpopmin":   cmdBpop,
		"wait":       cmdWait,
	})
}

// waitSeconds reads a number of seconds to wait, 0 for ever, and returns
// nanoseconds. It replies the error itself.
func (c *Client) waitSeconds(arg []byte) (int64, bool) {
	var ms int64
	if n, ok := ds.ParseInt(arg); ok && n > math.MinInt64/1000 && n < math.MaxInt64/1000 {
		ms = n * 1000
	} else {
		f, ok := longdouble.Parse(arg)
		if !ok {
			c.WriteError("ERR timeout is not a float or out of range")
			return 0, false
		}
		var in bool
		if ms, in = millis(f); !in {
			c.WriteError("ERR timeout is out of range")
			return 0, false
		}
	}
	return c.waitLimit(ms)
}

// millis turns seconds into milliseconds, rounded up; false for too many.
func millis(f *big.Float) (ms int64, ok bool) {
	if f.IsInf() {
		return math.MinInt64, f.Signbit()
	}
	f.Mul(f, big.NewFloat(1000))
	if f.Cmp(new(big.Float).SetInt64(math.MaxInt64)) > 0 {
		return 0, false
	}
	ms, exact := f.Int64()
	if exact == big.Below {
		ms++
	}
	return ms, true
}

// waitMillis reads a number of milliseconds to wait like waitSeconds.
func (c *Client) waitMillis(arg []byte) (int64, bool) {
	ms, ok := ParseInt(arg)
	if !ok {
		c.WriteError("ERR timeout is not an integer or out of range")
		return 0, false
	}
	return c.waitLimit(ms)
}

// longestWait is how long a wait with an end can be, in milliseconds: some
// decades.
const longestWait = math.MaxInt64 / 8 / int64(time.Millisecond)

func (c *Client) waitLimit(ms int64) (nanos int64, ok bool) {
	switch {
	case ms < 0:
		c.WriteError("ERR timeout is negative")
	case ms > math.MaxInt64-c.srv.Mstime():
		c.WriteError("ERR timeout is out of range")
	default:
		return min(ms, longestWait) * int64(time.Millisecond), true
	}
	return 0, false
}

// waitForReplicas has the client wait for replicas, of which there are none: for
// as long as it wants to.
func (c *Client) waitForReplicas(limit int64, timeout func(*Client)) *keyWait {
	return c.wait(waiting{kind: waitTime, limit: limit, timeout: timeout})
}

// cmdWait is WAIT numreplicas timeout.
func cmdWait(c *Client, argv [][]byte) {
	n, ok := ParseInt(argv[1])
	if !ok {
		c.WriteError(ErrTextNotInteger)
		return
	}
	limit, ok := c.waitMillis(argv[2])
	if !ok {
		return
	}
	if n <= 0 || !c.mayWait() {
		noReplicas(c)
		return
	}
	c.waitForReplicas(limit, noReplicas)
}

// noReplicas replies how many replicas have acknowledged what the client wrote.
func noReplicas(c *Client) { c.WriteInt(0) }
