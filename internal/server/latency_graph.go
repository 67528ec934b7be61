package server

import (
	"fmt"
	"strings"
	"time"
)

const (
	// graphColumns is how many samples stand side by side.
	graphColumns = 80
	// graphRows is how high the highest is.
	graphRows = 4
)

// graphMarks are the three heights that a character can show.
const graphMarks = "_o#"

// graph draws the samples of an event, each above the time since it happened.
func (x *latencySeries) graph() string {
	f := x.facts()
	var b strings.Builder
	fmt.Fprintf(&b, "%s - high %d ms, low %d ms (all time high %d ms)\n", x.event, f.high, f.low, x.max)
	b.WriteString(strings.Repeat("-", graphColumns) + "\n")
	now := time.Now().Unix()
	for from := 0; from < len(x.samples); from += graphColumns {
		if from != 0 {
			b.WriteByte('\n')
		}
		drawSamples(&b, x.samples[from:min(from+graphColumns, len(x.samples))], f, now)
	}
	return b.String()
}

// drawSamples draws one band of the graph.
func drawSamples(b *strings.Builder, samples []latencySample, f latencyFacts, now int64) {
	const steps = int64(graphRows * len(graphMarks))
	line := make([]byte, len(samples))
	for row := range graphRows {
		for i, v := range samples {
			step := int(min((v.millis-f.low)*steps/max(1, f.high-f.low), steps-1))
			mark := step - (graphRows-row-1)*len(graphMarks)
			switch {
			case mark < 0:
				line[i] = ' '
			case mark < len(graphMarks):
				line[i] = graphMarks[mark]
			default:
				line[i] = '|'
			}
		}
		b.Write(append(line, '\n'))
	}
	labels := make([]string, len(samples))
	height := 0
	for i, v := range samples {
		labels[i] = ago(now - v.unix)
		height = max(height, len(labels[i]))
	}
	b.WriteString(strings.Repeat(" ", len(samples)) + "\n")
	for row := range height {
		for i, label := range labels {
			line[i] = ' '
			if row < len(label) {
				line[i] = label[row]
			}
		}
		b.Write(append(line, '\n'))
	}
}

// ago writes a time in seconds in its largest unit.
func ago(seconds int64) string {
	switch {
	case seconds < 60:
		return fmt.Sprintf("%ds", seconds)
	case seconds < 60*60:
		return fmt.Sprintf("%dm", seconds/60)
	case seconds < 24*60*60:
		return fmt.Sprintf("%dh", seconds/(60*60))
	}
	return fmt.Sprintf("%dd", seconds/(24*60*60))
}
