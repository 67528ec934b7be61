package server

import "time"

// latencyHelp is what LATENCY HELP replies.
var latencyHelp = []string{
	"DOCTOR",
	"    Explain the latency spikes that were seen.",
	"GRAPH <event>",
	"    Draw the latency of the <event> class.",
	"HISTORY <event>",
	"    Show when the <event> class took how long.",
	"LATEST",
	"    Show the latest sample of each event class.",
	"RESET [<event> ...]",
	"    Drop the samples of <event> classes, or of all.",
	"HISTOGRAM [COMMAND ...]",
	"    Show how often commands took how long, of the named commands or all.",
}

func init() {
	handle(map[string]Handler{
		"latency|doctor":    cmdLatencyDoctor,
		"latency|graph":     cmdLatencyGraph,
		"latency|help":      helpHandler(latencyHelp),
		"latency|histogram": cmdLatencyHistogram,
		"latency|history":   cmdLatencyHistory,
		"latency|latest":    cmdLatencyLatest,
		"latency|reset":     cmdLatencyReset,
	})
}

// cmdLatencyDoctor is LATENCY DOCTOR.
func cmdLatencyDoctor(c *Client, _ [][]byte) {
	c.WriteVerbatim("txt", []byte(c.srv.latencyReport()))
}

// cmdLatencyGraph is LATENCY GRAPH event.
func cmdLatencyGraph(c *Client, argv [][]byte) {
	x := c.srv.latency.find(string(argv[2]))
	if x == nil {
		c.WriteError("ERR No samples available for event '" + cut(argv[2], len(argv[2])) + "'")
		return
	}
	c.WriteVerbatim("txt", []byte(x.graph()))
}

// cmdLatencyHistory is LATENCY HISTORY event.
func cmdLatencyHistory(c *Client, argv [][]byte) {
	x := c.srv.latency.find(string(argv[2]))
	if x == nil {
		c.WriteArray(0)
		return
	}
	c.WriteArray(len(x.samples))
	for _, v := range x.samples {
		c.WriteArray(2)
		c.WriteInt(v.unix)
		c.WriteInt(v.millis)
	}
}

// cmdLatencyLatest is LATENCY LATEST.
func cmdLatencyLatest(c *Client, _ [][]byte) {
	series := c.srv.latency.series
	c.WriteArray(len(series))
	for _, x := range series {
		last := x.samples[len(x.samples)-1]
		c.WriteArray(4)
		c.WriteBulkString(x.event)
		c.WriteInt(last.unix)
		c.WriteInt(last.millis)
		c.WriteInt(x.max)
	}
}

// cmdLatencyReset is LATENCY RESET [event ...].
func cmdLatencyReset(c *Client, argv [][]byte) {
	l := &c.srv.latency
	if len(argv) == 2 {
		c.WriteInt(int64(l.reset("")))
		return
	}
	n := 0
	for _, event := range argv[2:] {
		if len(event) != 0 {
			n += l.reset(string(event))
		}
	}
	c.WriteInt(int64(n))
}

// cmdLatencyHistogram is LATENCY HISTOGRAM [command ...].
func cmdLatencyHistogram(c *Client, argv [][]byte) {
	d := c.Defer()
	n := 0
	show := func(cmd *Command) {
		if cmd.Stats.Latency != nil {
			c.WriteBulkString(cmd.FullName())
			cmd.Stats.Latency.write(c)
			n++
		}
		for _, sub := range cmd.Subcommands {
			if sub.Stats.Latency != nil {
				c.WriteBulkString(sub.FullName())
				sub.Stats.Latency.write(c)
				n++
			}
		}
	}
	if len(argv) == 2 {
		for _, cmd := range c.srv.commands.list {
			show(cmd)
		}
	}
	for _, name := range argv[2:] {
		if cmd := c.srv.LookupFull(name); cmd != nil {
			show(cmd)
		}
	}
	c.SetMap(d, n)
}

const (
	// histFirst is the end of the first range of a histogram that is shown, in
	// nanoseconds. Each further one is twice as long.
	histFirst = 1024
	// histRanges is how many ranges there are.
	histRanges = 21
)

// write replies how many durations there are, and how many up to the end of each
// range, in microseconds.
func (h *Histogram) write(c *Client) {
	c.WriteMap(2)
	c.WriteBulkString("calls")
	c.WriteInt(int64(h.total))
	c.WriteBulkString("histogram_usec")
	d := c.Defer()
	n, b := 0, 0
	var sum, before uint64
	for i := range histRanges {
		end := int64(histFirst) << i
		stop := bucket(end)
		if i == histRanges-1 {
			stop = histBuckets // what took even longer
		}
		for ; b < stop; b++ {
			sum += uint64(h.counts[b])
		}
		if sum > before {
			// Redis shows the end of the last of the 128 parts that begin
			// with the range's end.
			c.WriteInt((end + end/128 - 1) / int64(time.Microsecond))
			c.WriteInt(int64(sum))
			n++
		}
		before = sum
	}
	c.SetMap(d, n)
}
