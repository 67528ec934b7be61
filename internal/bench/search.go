//go:build linux

package bench

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// SearchModule is where Debian's package redis-redisearch puts its module.
const SearchModule = "/usr/lib/redis/modules/redisearch.so"

// SearchLimit is the least speed that a module of somebody else's may have, relative to the reference.
const SearchLimit = 0.9

// SearchRow compares how fast the servers run one thing with the search module.
type SearchRow struct {
	Row
	// Documents is how many are in the index, at the end.
	Documents int
}

// Speed is B's commands per second relative to A's.
func (r *SearchRow) Speed() float64 { return Median(Ratios(r.RateA, r.RateB)) }

// searchWords are the words of the documents, of which the first are the most frequent.
const searchWords = 5000

// sentence is n words, joined by blanks.
func sentence(rng *rand.Rand, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(' ')
		}
		at := rng.Float64()
		fmt.Fprintf(&b, "word%d", int(at*at*at*searchWords))
	}
	return b.String()
}

// addDocument is the request that adds document number i.
func addDocument(b []byte, rng *rand.Rand, i int) []byte {
	return AppendRequest(b, "FT.ADD", "bench", fmt.Sprintf("doc:%d", i), strconv.FormatFloat(rng.Float64(), 'f', 3, 64), "FIELDS",
		"title", sentence(rng, 4), "body", sentence(rng, 25), "price", strconv.Itoa(rng.IntN(100000)), "tags", fmt.Sprintf("t%d,g%d", i%50, i%7))
}

// SearchArgs have documents kept as packed hashes: in a table the fields would be in any order.
var SearchArgs = []string{"--hash-max-listpack-value", "1000"}

// searchCases are the questions that are timed.
func searchCases() []Case {
	var cases []Case
	add := func(name string, args ...string) {
		req := Request(args...)
		cases = append(cases, Case{Name: name, Request: func(int) []byte { return req }})
	}
	add("one rare word, documents", "FT.SEARCH", "bench", "word4000")
	add("one frequent word, two fields", "FT.SEARCH", "bench", "word1", "RETURN", "2", "title", "price")
	add("two words", "FT.SEARCH", "bench", "word20 word300", "NOCONTENT")
	add("a phrase", "FT.SEARCH", "bench", `"word1 word2"`, "NOCONTENT")
	add("a prefix", "FT.SEARCH", "bench", "word123*", "NOCONTENT")
	add("numbers, sorted", "FT.SEARCH", "bench", "@price:[1000 2000]", "NOCONTENT", "SORTBY", "price")
	add("a tag and a word", "FT.SEARCH", "bench", "@tags:{t7} word3", "NOCONTENT")
	add("groups", "FT.AGGREGATE", "bench", "word100", "LOAD", "1", "@price", "GROUPBY", "1", "@price", "REDUCE", "COUNT", "0", "AS", "n", "SORTBY", "2", "@price", "ASC", "LIMIT", "0", "10")
	return cases
}

// searchClients is how many ask at once. With many more the module, which answers on twenty threads, gives a part of the
// answer to those for whom it has no more time.
const searchClients = 8

// searchBatch is how many documents are added at once.
const searchBatch = 500

// Search has both servers, which have loaded the search module, index documents and answer questions, in turn.
func Search(p *Plan, a, b *Server, documents int) ([]SearchRow, error) {
	for _, s := range []*Server{a, b} {
		if !s.Module {
			return []SearchRow{{Row: Row{Case: "all", Skipped: explain(nil, Case{Module: true}, s)}}}, nil
		}
	}
	release, err := p.quiet()
	if err != nil {
		return nil, err
	}
	defer release()
	added, err := p.addDocuments(a, b, documents)
	if err != nil {
		return nil, err
	}
	asking := *p
	asking.Clients = min(p.Clients, searchClients)
	rows := []SearchRow{{Row: added, Documents: documents}}
	for _, c := range searchCases() {
		row := Row{Case: c.Name, Depth: 1}
		w, err := c.Workload(asking.Clients, a, b)
		if err == nil {
			err = asking.pairs(&row, w, a, b)
		}
		if err != nil {
			row.Skipped = err.Error()
		}
		rows = append(rows, SearchRow{Row: row, Documents: documents})
	}
	return rows, nil
}

// addDocuments adds the same documents to both, batch by batch.
func (p *Plan) addDocuments(a, b *Server, documents int) (Row, error) {
	row := Row{Case: "adding", Depth: searchBatch}
	servers := [2]*Server{a, b}
	var conns [2]*Conn
	for i, s := range servers {
		conn, err := Dial(s.Port)
		if err != nil {
			return row, err
		}
		defer conn.Close()
		conns[i] = conn
		err = conn.must("FT.CREATE", "bench", "SCHEMA", "title", "TEXT", "WEIGHT", "5", "body", "TEXT", "price", "NUMERIC", "SORTABLE", "tags", "TAG")
		if err != nil {
			return row, fmt.Errorf("%s: %w", s.Name, err)
		}
	}
	rng := rand.New(rand.NewPCG(5, 6))
	var requests []byte
	for from := 0; from < documents; from += searchBatch {
		n := min(searchBatch, documents-from)
		requests = requests[:0]
		for i := range n {
			requests = addDocument(requests, rng, from+i)
		}
		runtime.GC()
		var r [2]Round
		round := from / searchBatch
		for _, which := range [2]int{round & 1, round&1 ^ 1} {
			var err error
			if r[which], err = addBatch(servers[which], conns[which], requests, n); err != nil {
				return row, err
			}
		}
		row.CPUA, row.CPUB = append(row.CPUA, r[0].PerCommand()), append(row.CPUB, r[1].PerCommand())
		row.RateA, row.RateB = append(row.RateA, r[0].Rate()), append(row.RateB, r[1].Rate())
	}
	p.say("adding %d documents: %.0f and %.0f a second", documents, Median(row.RateA), Median(row.RateB))
	return row, nil
}

func addBatch(s *Server, conn *Conn, requests []byte, n int) (Round, error) {
	before, err := s.CPU()
	if err != nil {
		return Round{}, err
	}
	start := time.Now()
	if err := conn.Pour(requests, n, []byte("+OK\r\n")); err != nil {
		return Round{}, fmt.Errorf("%s: adding documents: %w", s.Name, err)
	}
	wall := time.Since(start)
	after, err := s.CPU()
	return Round{Commands: n, Wall: wall, CPU: after - before}, err
}

func (r *Report) search(b *strings.Builder) {
	if len(r.Search) == 0 {
		return
	}
	fmt.Fprintf(b, "\n### Debian's redis-redisearch: adding %d documents, and searching them\n\n", r.Search[0].Documents)
	fmt.Fprintf(b, "| what | A a second | B a second | speed | uncertainty | limit | | A µs CPU | B µs CPU |\n|---|---|---|---|---|---|---|---|---|\n")
	for i := range r.Search {
		row := &r.Search[i]
		if row.Skipped != "" {
			fmt.Fprintf(b, "| %s | not measured: %s | | | | %.2f | | | |\n", row.Case, cell(row.Skipped), SearchLimit)
			continue
		}
		verdict, sure := "ok", Uncertainty(Ratios(row.RateA, row.RateB))
		switch {
		case row.Speed()+sure < SearchLimit:
			verdict = "slow"
		case row.Speed() < SearchLimit:
			verdict = "level"
		}
		fmt.Fprintf(b, "| %s | %.0f | %.0f | **%.2f** | ±%.2f | %.2f | %s | %.1f | %.1f |\n", row.Case, Median(row.RateA), Median(row.RateB), row.Speed(), sure,
			SearchLimit, verdict, Median(row.CPUA)/1000, Median(row.CPUB)/1000)
	}
}
