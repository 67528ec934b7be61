package exchangetest

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"berth/internal/config"
)

// propagated are commands of all families: those that are propagated as they are, those
// in whose place others are, and those that change nothing.
const propagated = `
set s 1
set s 2 EX 100
set s 3 px 100000 nx
set s 3 nx get
set s 4 get
set s 5 keepttl
set s 6 EXAT 33177117420 GET
SETEX s 100 v
psetex s 100000 v
setnx s v
setnx s2 v
getset s w
getdel s2
getdel s2
getex s
getex s ex 100
getex s exat 33177117420
getex s persist
getex s persist
getex s pxat 1
mset a 1 b 2
msetnx a 1 c 2
msetnx c 1 d 2
append s x
setrange s 3 y
setrange none 0 ''
incr n
incrby n 5
decr n
decrby n 2
incrbyfloat n 1.5
setbit bits 7 1
bitfield bits set u8 0 255 get u4 0
bitfield bits get u8 0
bitop not bits2 bits
bitop and none none2
expire a 100
expire a 200 gt
expire a 100 gt
pexpire a 100000
expireat a 33177117420
pexpireat a 33177117420000
persist a
persist a
expire a -1
expire none 100
rename b b2
renamenx b2 b3
renamenx b3 c
copy b3 b4
copy none b5
move b4 3
del none
del c d none
unlink b3
touch s
rpush l a b c d e f g h
lpushx none a
rpushx l i
lpop l
lpop l 2
rpop l 0
lmpop 2 none l left count 2
lmove l l2 left right
rpoplpush l l2
blmove l l2 left right 0.01
brpoplpush none l2 0.01
blpop none l2 0.01
blmpop 0.01 2 none l2 right
linsert l2 before none x
lset l2 0 z
lrem l2 1 none
ltrim l2 0 0
ltrim l2 1 0
lpop none
sadd set a b c d e f g h 1 2 3
sadd set a
srem set none
srem set a
smove set set2 b
smove set set2 none
spop set2
sinterstore set3 set set
sunionstore set4 none
sdiffstore set3 none none
sunionstore set5 set
spop set5 100
hset h a 1 b 2
hset h a 1
hmset h c 3
hsetnx h a 5
hincrby h a 2
hincrbyfloat h a 0.5
hdel h none
hdel h b
zadd z 1 a 2 b 3 c 4 d
zadd z nx 1 a
zadd z xx ch 5 a
zadd z gt incr 1 a
zadd z lt incr 1 a
zincrby z 2 b
zrem z none
zpopmin z
zpopmax z 1
zmpop 1 z min
bzpopmin z none 0.01
bzmpop 0.01 1 z max
zadd z 1 a 2 b 3 c 4 d
zrangestore z2 z 0 -1
zunionstore z3 2 z z2
zinterstore z4 1 none
zremrangebyrank z 0 0
zremrangebyscore z 100 200
geoadd geo 13.361389 38.115556 palermo 15.087269 37.502669 catania
geosearchstore geo2 geo fromlonlat 15 37 byradius 200 km
georadius geo 15 37 200 km store geo3
georadius geo 15 37 1 m store geo3
pfadd hll a b c
pfadd hll a
pfmerge hll2 hll
pfcount hll hll2
sort set store sorted
sort none store sorted
xadd x 1-1 a 1
xadd x 1-* b 2
xadd x nomkstream 2-1 c 3
xadd none nomkstream 2-1 c 3
xadd x maxlen ~ 2 3-1 d 4
xadd x maxlen 2 4-1 e 5
xtrim x maxlen ~ 1
xtrim x minid ~ 0
xtrim x maxlen 10
xsetid x 5-1
xdel x 9-9
xgroup create x g 0
xgroup create x g 0
xgroup create fresh g $ mkstream
xgroup createconsumer x g c
xgroup createconsumer x g c
xreadgroup group g c count 1 streams x >
xreadgroup group g d noack count 1 streams x >
xreadgroup group g e streams x >
xreadgroup group g c streams x 0
xclaim x g f 0 3-1
xclaim x g f 0 3-1 justid
xclaim x g f 0 9-9 lastid 7-7
xautoclaim x g c 0 0
xack x g 3-1
xack x g 3-1
xgroup setid x g 0
xgroup delconsumer x g c
xgroup delconsumer x g none
xgroup destroy x g
xgroup destroy x g
multi
set in 1
get in
set in 2
exec
multi
set in 3
exec
multi
get in
exec
multi
select 5
set there 1
select 0
set here 1
exec
watch in
multi
exec
publish ch hello
select 3
set three 1
swapdb 3 4
select 0
dump s
object encoding s
restore r 0 garbage
flushdb
set a 1
flushdb async
set gone 1 px 1
.
get gone
set gone 1 px 1
set b 1
.
append gone x
set gone 1 px 1
.
multi
get gone
set b 2
exec
rpush many 1 2 3
del many gone
flushall
`

// before is where 7.0 selects the database of a transaction.
var before = regexp.MustCompile(`(SELECT \d+)\nMULTI`)

// The append-only file has the same commands as redis-server's for the same requests.
func TestPropagated(t *testing.T) {
	t.Parallel()
	berth, redis := servers(t, "--appendonly", "yes", "--appendfsync", "no", "--auto-aof-rewrite-percentage", "0")
	compareTold(t, berth, redis, propagated)
}

// compareTold has both servers serve requests, a line each, and compares what comes into
// their append-only files. A dot waits for keys to expire.
func compareTold(t *testing.T, berth, redis server, text string) {
	t.Helper()
	var told [2][]string
	requests := strings.Split(strings.TrimSpace(text), "\n")
	for i, s := range []server{berth, redis} {
		s.must("DEBUG", "SET-ACTIVE-EXPIRE", "0")
		from := 0
		for _, line := range requests {
			if line == "." {
				time.Sleep(5 * time.Millisecond)
			} else {
				args, err := config.Split(line)
				if err != nil {
					t.Fatal(err)
				}
				s.Do(args...)
			}
			lines := s.appended()
			told[i] = append(told[i], strings.Join(lines[from:], "\n"))
			from = len(lines)
		}
	}
	for i, line := range requests {
		// Redis 7.2 selects the database in the transaction, 7.0 in front of it.
		redis := before.ReplaceAllString(told[1][i], "MULTI\n$1")
		if told[0][i] != redis {
			t.Errorf("%s is told as\n%s\nby redis-server as\n%s", line, told[0][i], redis)
		}
	}
}
