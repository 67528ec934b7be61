package server

import (
	"errors"
	"strings"

	"berth/internal/config"
	"berth/internal/persist/rdb"
)

// policyNames are the words of maxmemory-policy.
var policyNames = []config.Choice{
	{Name: "volatile-lru", Value: 0}, {Name: "volatile-lfu", Value: 1},
	{Name: "volatile-random", Value: 2}, {Name: "volatile-ttl", Value: 3},
	{Name: "allkeys-lru", Value: 4}, {Name: "allkeys-lfu", Value: 5},
	{Name: "allkeys-random", Value: 6}, {Name: "noeviction", Value: policyNoEviction},
}

// policyNoEviction is the number of the policy to refuse writes.
const policyNoEviction = 7

// memory adds what bounds memory and how it is given back.
func (l *paramList) memory() {
	v := &l.c.Values
	l.add("maxmemory", "", 0, config.IntAt(&v.MaxMemory, 0, 0, config.MaxUint64, asUnsignedM))
	l.apply(l.c.s.warnMaxMemory)
	l.add("maxmemory-policy", "", 0, config.EnumAt(&v.MaxMemoryPolicy, policyNoEviction, policyNames))
	l.apply(l.c.s.applyStoreSettings)
	l.add("maxmemory-samples", "", 0, config.IntAt(&v.MaxMemorySamples, 5, 1, config.MaxInt, 0))
	l.add("maxmemory-eviction-tenacity", "", 0, config.IntAt(&v.EvictionTenacity, 10, 0, 100, 0))
	l.keepInt("lfu-log-factor", "", 0, 10, 0, config.MaxInt, 0)
	l.apply(l.c.s.applyStoreSettings)
	l.keepInt("lfu-decay-time", "", 0, 1, 0, config.MaxInt, 0)
	l.apply(l.c.s.applyStoreSettings)
	l.add("tracking-table-max-keys", "", 0, config.IntAt(&v.TrackingMaxKeys, 1000000, 0, config.MaxLong, asUnsigned))
	l.apply(func() error {
		l.c.s.tracking.over = l.c.s.overTracked()
		return nil
	})
	l.add("lazyfree-lazy-eviction", "", 0, config.BoolAt(&v.LazyEviction, false))
	lazy := &l.c.s.lazy
	for _, p := range []struct {
		what string
		at   *bool
	}{{"expire", &lazy.expire}, {"server-del", &lazy.serverDel}, {"user-del", &lazy.userDel}, {"user-flush", &lazy.userFlush}} {
		l.add("lazyfree-lazy-"+p.what, "", 0, config.BoolAt(p.at, false))
	}
	l.keepBool("jemalloc-bg-thread", "", 0, true)
	l.add("activedefrag", "", 0, config.BoolAt(&v.ActiveDefrag, false))
	l.apply(l.c.s.startDefragCron)
	l.keepInt("active-defrag-cycle-min", "", 0, 1, 1, 99, 0)
	l.keepInt("active-defrag-cycle-max", "", 0, 25, 1, 99, 0)
	l.keepInt("active-defrag-threshold-lower", "", 0, 10, 0, 1000, 0)
	l.keepInt("active-defrag-threshold-upper", "", 0, 100, 0, 1000, 0)
	l.keepInt("active-defrag-max-scan-fields", "", 0, 1000, 1, config.MaxLong, 0)
	l.keepInt("active-defrag-ignore-bytes", "", 0, 100<<20, 1, config.MaxLong, asUnsignedM)
}

// encodings adds the sizes up to which values are kept in compact forms.
func (l *paramList) encodings() {
	keep := func(name, alias string, def, lo, hi int64, format config.IntFormat) {
		l.keepInt(name, alias, 0, def, lo, hi, format)
		l.apply(l.c.s.applyStoreSettings)
	}
	keep("hash-max-listpack-entries", "hash-max-ziplist-entries", 512, 0, config.MaxLong, asUnsigned)
	keep("hash-max-listpack-value", "hash-max-ziplist-value", 64, 0, config.MaxLong, asUnsignedM)
	keep("list-max-listpack-size", "list-max-ziplist-size", -2, config.MinInt, config.MaxInt, 0)
	l.keepInt("list-compress-depth", "", 0, 0, 0, config.MaxInt, 0)
	keep("set-max-intset-entries", "", 512, 0, config.MaxLong, asUnsigned)
	keep("set-max-listpack-entries", "", 128, 0, config.MaxLong, asUnsigned)
	keep("set-max-listpack-value", "", 64, 0, config.MaxLong, asUnsigned)
	keep("zset-max-listpack-entries", "zset-max-ziplist-entries", 128, 0, config.MaxLong, asUnsigned)
	keep("zset-max-listpack-value", "zset-max-ziplist-value", 64, 0, config.MaxLong, asUnsignedM)
	keep("stream-node-max-bytes", "", 4096, 0, config.MaxLong, asUnsignedM)
	keep("stream-node-max-entries", "", 100, 0, config.MaxLong, 0)
	l.keepInt("hll-sparse-max-bytes", "", 0, 3000, 0, config.MaxLong, asUnsignedM)
}

// persistence adds what concerns snapshots and the append-only file.
func (l *paramList) persistence() {
	c := l.c
	c.Values.SavePoints = defaultSavePoints()
	l.add("save", "", multiArg, c.saveValue())
	l.apply(c.s.applyDiskErrors)
	l.keepString("dbfilename", "", config.Protected, "dump.rdb").Check = func(name string) error {
		if strings.ContainsAny(name, `/\`) {
			return errors.New("dbfilename can't be a path, just a filename")
		}
		return nil
	}
	l.keepBool("rdbcompression", "", 0, true)
	l.keepBool("rdbchecksum", "", immutable, true)
	l.keepBool("rdb-del-sync-files", "", 0, false)
	l.keepBool("rdb-save-incremental-fsync", "", 0, true)
	l.keepInt("rdb-key-save-delay", "", hidden, 0, config.MinInt, config.MaxInt, 0)
	l.keepInt("key-load-delay", "", hidden, 0, config.MinInt, config.MaxInt, 0)
	l.keepInt("loading-process-events-interval-bytes", "", hidden, 2<<20, 1024, config.MaxInt, 0)
	l.keepBool("stop-writes-on-bgsave-error", "", 0, true)
	l.apply(c.s.applyDiskErrors)
	l.keepEnum("sanitize-dump-payload", 0, "no", "no", "yes", "clients")
	// These are berth's own.
	l.keepInt("rdb-version", "", 0, rdb.Version, oldestVersion, rdb.Version, 0)
	l.keepEnum("module-unknown-data", 0, "keep", "keep", "refuse")
	l.keepString("module-allocator", "", immutable, "auto")

	l.add("appendonly", "", config.DenyLoading, config.BoolAt(&c.Values.AppendOnly, false))
	l.apply(c.s.applyAppendOnly)
	l.keepString("appendfilename", "", immutable, "appendonly.aof").Check = baseName("appendfilename", "filename")
	l.keepString("appenddirname", "", immutable, "appendonlydir").Check = baseName("appenddirname", "dirname")
	l.add("appendfsync", "", 0, config.EnumAt(&c.Values.AppendFsync, fsyncEverySec, []config.Choice{
		{Name: "everysec", Value: int(fsyncEverySec)}, {Name: "always", Value: int(fsyncAlways)}, {Name: "no", Value: int(fsyncNo)},
	}))
	l.keepBool("no-appendfsync-on-rewrite", "", 0, false)
	l.keepInt("auto-aof-rewrite-percentage", "", 0, 100, 0, config.MaxInt, 0)
	l.keepInt("auto-aof-rewrite-min-size", "", 0, 64<<20, 0, config.MaxLong, asMemory)
	l.keepBool("aof-rewrite-incremental-fsync", "", 0, true)
	l.keepBool("aof-load-truncated", "", 0, true)
	l.keepBool("aof-use-rdb-preamble", "", 0, true)
	l.add("aof-timestamp-enabled", "", 0, config.BoolAt(&c.Values.AppendTimes, false))
	l.keepBool("aof-disable-auto-gc", "", hidden, false)
	l.apply(c.s.applyHistory)
}

// oldestVersion is the oldest version of snapshots that can be written: that of
// Redis 5 and 6.
const oldestVersion = 9

// baseName accepts names of files that are not paths.
func baseName(param, kind string) func(string) error {
	return func(name string) error {
		if name == "" {
			return errors.New(param + " can't be empty")
		}
		if strings.ContainsAny(name, `/\`) {
			return errors.New(param + " can't be a path, just a " + kind)
		}
		return nil
	}
}
