package exchangetest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"berth/internal/testkit"
)

// searchModule is where Debian's package redis-redisearch puts its module.
const searchModule = "/usr/lib/redis/modules/redisearch.so"

// searchServers starts both servers with the search module.
func searchServers(t *testing.T) (berth, redis server) {
	t.Helper()
	if _, err := os.Stat(searchModule); err != nil {
		testkit.Missing(t, "no redis-redisearch: %v", err)
	}
	// A hash in a table has its fields in no order: documents are to be packed. What is
	// deleted counts in scores until it is collected at some random moment.
	return servers(t, "--loadmodule", searchModule, "NOGC", "--hash-max-listpack-value", "1000")
}

// vocabulary is what documents are made of; a word is the rarer the later it comes.
var vocabulary = strings.Fields(`harbour ship anchor rope sail captain storm island tide lantern
	compass voyage cargo deck mast crew signal current pilot wharf chart beacon ballast rudder keel
	running runner ran sailing sailor sails stormy harbours lighthouse buoy`)

// document is the fields of document number i.
func document(rng *rand.Rand, i int) []string {
	words := func(n int) string {
		var b strings.Builder
		for range n {
			at := min(rng.IntN(len(vocabulary)), rng.IntN(len(vocabulary)))
			b.WriteString(vocabulary[at])
			b.WriteByte(' ')
		}
		return strings.TrimSpace(b.String())
	}
	return []string{"title", words(3), "body", words(20), "price", strconv.Itoa(rng.IntN(1000)), "weight", fmt.Sprintf("%.2f", rng.Float64()*10),
		"place", fmt.Sprintf("%.4f,%.4f", rng.Float64()*20-10, rng.Float64()*20+40), "tags", fmt.Sprintf("t%d,group %d", i%7, i%3)}
}

// documents make an index of n documents, change some, and fill a dictionary.
func documents(n int) [][]string {
	cmds := [][]string{
		{"FT.CREATE", "sea", "STOPWORDS", "2", "the", "of", "SCHEMA", "title", "TEXT", "WEIGHT", "5", "SORTABLE", "body", "TEXT", "price", "NUMERIC", "SORTABLE", "weight", "NUMERIC",
			"place", "GEO", "tags", "TAG", "SEPARATOR", ","},
	}
	rng := rand.New(rand.NewPCG(9, 10))
	for i := range n {
		cmds = append(cmds, append([]string{"FT.ADD", "sea", fmt.Sprint("doc:", i), fmt.Sprintf("%.3f", rng.Float64()), "FIELDS"}, document(rng, i)...))
		if i%10 == 0 {
			cmds = append(cmds, []string{"FT.SUGADD", "words", fmt.Sprintf("%s %d", vocabulary[i%len(vocabulary)], i), strconv.Itoa(i % 13)})
		}
	}
	for i := range n / 20 {
		id := fmt.Sprint("doc:", i*7)
		switch i % 3 {
		case 0:
			cmds = append(cmds, []string{"FT.DEL", "sea", id, "DD"})
		case 1:
			cmds = append(cmds, append([]string{"FT.ADD", "sea", id, "0.5", "REPLACE", "FIELDS"}, document(rng, i)...))
		default:
			cmds = append(cmds, []string{"FT.ADD", "sea", id, "0.7", "REPLACE", "PARTIAL", "FIELDS", "price", strconv.Itoa(i)})
		}
	}
	return append(cmds, []string{"FT.SYNADD", "sea", "vessel", "ship"}, []string{"FT.ALTER", "sea", "SCHEMA", "ADD", "extra", "TEXT"},
		[]string{"FT.ADD", "sea", "late", "1", "LANGUAGE", "german", "FIELDS", "extra", "Schiffe im Hafen", "price", "-5"})
}

// questions are what is asked of the index.
var questions = []string{
	"FT.SEARCH sea harbour", "FT.SEARCH sea ship LIMIT 5 20 NOCONTENT WITHSCORES", "FT.SEARCH sea 'harbour ship' RETURN 2 title price", "FT.SEARCH sea '\"anchor rope\"'",
	"FT.SEARCH sea 'harbour|beacon -ship ~rope' NOCONTENT LIMIT 0 50", "FT.SEARCH sea 'har*' NOCONTENT LIMIT 0 30", "FT.SEARCH sea '%harbor%' NOCONTENT", "FT.SEARCH sea 'running' NOCONTENT",
	"FT.SEARCH sea '@title:(sail anchor)' NOCONTENT VERBATIM", "FT.SEARCH sea '@price:[100 (120]' NOCONTENT LIMIT 0 100", "FT.SEARCH sea '@price:[-inf 3]'", "FT.SEARCH sea '@weight:[9.99 +inf]' NOCONTENT",
	"FT.SEARCH sea '@place:[2.5 50 80 km]' NOCONTENT LIMIT 0 40", "FT.SEARCH sea '@tags:{t3}' NOCONTENT LIMIT 0 20", "FT.SEARCH sea '@tags:{t3|group 1} @price:[0 100]' NOCONTENT LIMIT 10 20",
	"FT.SEARCH sea 'storm' SORTBY price DESC LIMIT 0 15 NOCONTENT", "FT.SEARCH sea 'storm' SORTBY title ASC RETURN 1 title LIMIT 0 7", "FT.SEARCH sea 'harbour ship' SLOP 2 INORDER NOCONTENT LIMIT 0 30",
	"FT.SEARCH sea 'harbour' HIGHLIGHT FIELDS 1 body TAGS <b> </b> LIMIT 0 2", "FT.SEARCH sea 'ship' SUMMARIZE FIELDS 1 body FRAGS 2 LEN 4 LIMIT 0 2", "FT.SEARCH sea 'ship' SCORER DOCSCORE NOCONTENT WITHSCORES LIMIT 0 5",
	"FT.SEARCH sea 'ship' SCORER BM25 NOCONTENT LIMIT 0 5 WITHSCORES", "FT.SEARCH sea 'ship' INKEYS 3 doc:1 doc:2 doc:3 NOCONTENT", "FT.SEARCH sea 'hafen' LANGUAGE german", "FT.SEARCH sea 'vessel' NOCONTENT LIMIT 0 3",
	"FT.SEARCH sea '*' LIMIT 0 1", "FT.SEARCH sea 'nothing here'", "FT.SEARCH sea '@price:['", "FT.SEARCH nosuch x", "FT.SEARCH",
	"FT.AGGREGATE sea * GROUPBY 1 @tags REDUCE COUNT 0 AS n REDUCE AVG 1 @price AS mean SORTBY 2 @tags ASC", "FT.AGGREGATE sea harbour LOAD 1 @price APPLY 'floor(@price/100)' AS bin GROUPBY 1 @bin REDUCE COUNT 0 AS n SORTBY 2 @bin ASC",
	"FT.AGGREGATE sea ship GROUPBY 1 @tags REDUCE MAX 1 @price AS top REDUCE MIN 1 @price AS low REDUCE QUANTILE 2 @price 0.5 AS mid SORTBY 2 @tags ASC", "FT.AGGREGATE sea 'storm' SORTBY 2 @price DESC LIMIT 0 5",
	"FT.EXPLAIN sea '(harbour|ship) @price:[1 2] -rope*'", "FT.GET sea doc:1", "FT.MGET sea doc:2 doc:0 nosuch", "FT.TAGVALS sea tags", "FT.SUGGET words har FUZZY MAX 5", "FT.SUGGET words ship WITHSCORES", "FT.SUGLEN words",
	"FT.SYNDUMP sea", "HGETALL doc:1", "EXISTS doc:7 doc:0", "DBSIZE", "TYPE words",
}

// ask compares the answers of two servers, and says how many there were that are no
// error.
func ask(t *testing.T, when string, want, got server) {
	t.Helper()
	answered := 0
	for _, q := range questions {
		w, g := want.Line(q), got.Line(q)
		if !sameText(w, g) {
			t.Errorf("%s: %s\n%s: %.1500s\n%s: %.1500s", when, q, got.Server.Name, g, want.Server.Name, w)
		}
		if !strings.HasPrefix(w, "(error)") {
			answered++
		}
	}
	if answered != len(questions)-3 {
		t.Errorf("%s: only %d of %d questions are answered", when, answered, len(questions))
	}
}

// quoted is a number in a reply.
var quoted = regexp.MustCompile(`"-?[0-9.]+(e[-+]?[0-9]+)?"`)

// sameText compares replies as text. Of numbers only the value counts: 7.2 writes as
// few digits as tell it, 7.0 seventeen.
func sameText(a, b string) bool {
	short := func(s string) string {
		return quoted.ReplaceAllStringFunc(s, func(n string) string {
			x, err := strconv.ParseFloat(strings.Trim(n, `"`), 64)
			if err != nil {
				return n
			}
			return strconv.FormatFloat(x, 'g', -1, 64)
		})
	}
	return a == b || short(a) == short(b)
}

// Debian's search module answers in berth as it does in redis-server: after documents
// were added, after DEBUG RELOAD, after a restart, and with a file of the other's.
func TestSearch(t *testing.T) {
	t.Parallel()
	berth, redis := searchServers(t)
	n := 3000
	if testkit.Raced() {
		n = 500
	}
	cmds := documents(n)
	want, got := redis.many(cmds), berth.many(cmds)
	for i := range cmds {
		if !bytes.Equal(want[i].Raw, got[i].Raw) {
			t.Errorf("%q: %q, not %q", cmds[i], got[i].Raw, want[i].Raw)
		}
	}
	ask(t, "filled", redis, berth)
	if want, got := redis.digest(), berth.digest(); want != got {
		t.Errorf("the digest is %s, not %s", got, want)
	}
	berth.must("DEBUG", "RELOAD")
	ask(t, "reloaded", redis, berth)

	berth.must("SAVE")
	s := testkit.StartBerth(t, testkit.Options{Args: []string{"--dir", berth.Dir, "--rdb-version", fileVersion, "--loadmodule", searchModule, "NOGC", "--hash-max-listpack-value", "1000"}})
	s.Dir = berth.Dir
	again := server{s, s.Dial(), t}
	ask(t, "started again", redis, again)

	theirs := redis.save()
	redis.load(again.save())
	ask(t, "berth's file", again, redis)
	berth.load(theirs)
	ask(t, "redis-server's file", redis, berth)
	for _, c := range []server{redis, berth} {
		c.must("FT.ADD", "sea", "new", "1", "FIELDS", "title", "harbour of ships", "price", "7")
		c.must("FT.DEL", "sea", "doc:2")
	}
	ask(t, "changed again", redis, berth)
}
