package exchangetest

import (
	"fmt"
	"testing"

	"berth/internal/testkit"
)

// elements runs a command with n bytes of elements behind its first words; every
// element is some words made by next.
func (m *maker) elements(n int, words []string, next func() []string) {
	const most = 1 << 20 // bytes in one command
	for n > 0 {
		args := append([]string{}, words...)
		for size := 0; size < min(n, most); {
			e := next()
			for _, w := range e {
				size += len(w)
			}
			args = append(args, e...)
		}
		m.add(args...)
		n -= most
	}
}

// large makes values of about n bytes in all, one of each type.
func (m *maker) large(n int) {
	each := n/5 + 1
	i := 0
	name := func() string { i++; return fmt.Sprintf("%08d %s", i, m.noise(160)) }
	m.add("SET", "string", m.noise(each))
	m.elements(each, []string{"RPUSH", "list"}, func() []string { return []string{m.noise(i % 1000), m.words(30)} })
	m.elements(each, []string{"SADD", "set"}, func() []string { return []string{name()} })
	m.elements(each, []string{"HSET", "hash"}, func() []string { return []string{name(), m.noise(200)} })
	m.elements(each, []string{"ZADD", "zset"}, func() []string { return []string{scores[i%len(scores)], name()} })
	for size := 0; size < each; size += 2000 {
		i++
		m.add("XADD", "stream", fmt.Sprint("1-", i), "field", m.noise(990), "other", m.noise(990))
	}
}

// Files of all sizes go both ways.
func TestSizes(t *testing.T) {
	t.Parallel()
	berth, redis := servers(t, "--proto-max-bulk-len", "100mb")
	sizes := []int{100, 10 << 10, 1 << 20, 50 << 20}
	if testkit.Raced() {
		sizes[3] = 5 << 20
	}
	for _, size := range sizes {
		m := newMaker()
		m.large(size)
		redis.must("FLUSHALL")
		redis.fill(m.cmds)
		want := redis.digest()
		file := redis.save()
		if len(file) < size {
			t.Errorf("the file has %d bytes, fewer than %d", len(file), size)
		}
		berth.load(file)
		if got := berth.digest(); got != want {
			t.Errorf("%d bytes: the digest was %s and is %s in berth", len(file), want, got)
		}
		file = berth.save()
		redis.load(file)
		if got := redis.digest(); got != want {
			t.Errorf("%d bytes: the digest was %s and is %s in redis-server", len(file), want, got)
		}
	}
}
