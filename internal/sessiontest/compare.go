package sessiontest

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"berth/internal/resp"
	"berth/internal/testkit"
)

// The replies that are none.
const (
	later   = "(later)"
	nothing = "(nothing)"
	closed  = "(closed)"
)

// anyOrder is the first line of a reply whose elements come in any order.
const anyOrder = "(any order)"

// matches compares a reply with the expected lines, and gives the reply in the
// notation of those lines, to be shown or written.
func matches(want []string, r *resp.Reply) (got []string, ok bool) {
	if len(want) == 0 {
		return testkit.Lines(r), false
	}
	if strings.HasPrefix(want[0], "= ") {
		got = []string{"= " + escape(r.Raw)}
		return got, slices.Equal(got, want)
	}
	if want[0] == anyOrder {
		got = append([]string{anyOrder}, sorted(r)...)
		return got, slices.Equal(got, want)
	}
	got = testkit.Lines(r)
	if pattern, is := strings.CutPrefix(want[0], "~ "); is && len(want) == 1 {
		return got, full("(?s)"+pattern, strings.Join(got, "\n"))
	}
	for i, line := range want {
		switch {
		case line == "..." && i == len(want)-1:
			return got, true
		case i >= len(got):
			return got, false
		case strings.HasPrefix(line, "~ "):
			if !full(line[len("~ "):], got[i]) {
				return got, false
			}
		case line != got[i]:
			return got, false
		}
	}
	return got, len(got) == len(want)
}

// full matches all of text; Parse has seen that the pattern is one.
func full(pattern, text string) bool {
	re, err := regexp.Compile("^(?:" + pattern + ")$")
	return err == nil && re.MatchString(text)
}

// escape shows the bytes of a reply in one line.
func escape(b []byte) string {
	q := strconv.QuoteToASCII(string(b))
	return strings.ReplaceAll(q[1:len(q)-1], `\"`, `"`)
}

// sorted shows a reply with the elements of all aggregates sorted.
func sorted(r *resp.Reply) []string {
	var items []string
	add := func(lines []string) { items = append(items, strings.Join(lines, "\n")) }
	switch r.Kind {
	case resp.KindArray, resp.KindSet, resp.KindPush:
		for i := range r.Len {
			add(sorted(r.Elem(i)))
		}
	case resp.KindMap:
		for i := range r.Len {
			key, value := r.Pair(i)
			add([]string{fmt.Sprintf("%s => %s", testkit.Show(key), strings.Join(sorted(value), "\n"))})
		}
	default:
		return testkit.Lines(r)
	}
	slices.Sort(items)
	out := []string{}
	for _, item := range items {
		for j, line := range strings.Split(item, "\n") {
			if j == 0 {
				out = append(out, "- "+line)
			} else {
				out = append(out, "  "+line)
			}
		}
	}
	return out
}
