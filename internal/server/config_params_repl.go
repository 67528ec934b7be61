package server

import (
	"errors"

	"berth/internal/config"
)

// replication adds what concerns masters and replicas.
func (l *paramList) replication() {
	v := &l.c.Values
	l.add("replicaof", "slaveof", immutable|multiArg, replicaOfValue(v))
	l.noEffect()
	l.keepOptional("masteruser", "", config.Sensitive)
	l.keepOptional("masterauth", "", config.Sensitive)
	l.keepBool("replica-serve-stale-data", "slave-serve-stale-data", 0, true)
	l.keepBool("replica-read-only", "slave-read-only", 0, true)
	l.keepBool("replica-lazy-flush", "slave-lazy-flush", 0, false)
	l.keepBool("replica-ignore-maxmemory", "slave-ignore-maxmemory", 0, true)
	l.keepBool("replica-announced", "", 0, true)
	l.keepBool("replica-ignore-disk-write-errors", "", 0, false)
	l.keepOptional("replica-announce-ip", "slave-announce-ip", 0)
	l.keepInt("replica-announce-port", "slave-announce-port", 0, 0, 0, 65535, 0)
	l.keepInt("replica-priority", "slave-priority", 0, 100, 0, config.MaxInt, 0)
	l.keepInt("min-replicas-to-write", "min-slaves-to-write", 0, 0, 0, config.MaxInt, 0)
	l.apply(l.c.s.applyDiskErrors)
	l.keepInt("min-replicas-max-lag", "min-slaves-max-lag", 0, 10, 0, config.MaxInt, 0)
	l.apply(l.c.s.applyDiskErrors)
	l.keepBool("repl-disable-tcp-nodelay", "", 0, false)
	l.keepBool("repl-diskless-sync", "", 0, true)
	l.keepInt("repl-diskless-sync-delay", "", 0, 5, 0, config.MaxInt, 0)
	l.keepInt("repl-diskless-sync-max-replicas", "", 0, 0, 0, config.MaxInt, 0)
	l.keepEnum("repl-diskless-load", config.DenyLoading, "disabled", "disabled", "on-empty-db", "swapdb")
	l.keepInt("repl-timeout", "", 0, 60, 1, config.MaxInt, 0)
	l.keepInt("repl-ping-replica-period", "repl-ping-slave-period", 0, 10, 1, config.MaxInt, 0)
	backlog := new(int64)
	l.add("repl-backlog-size", "", 0, config.IntAt(backlog, 1<<20, 1, config.MaxLong, asMemory))
	l.apply(func() error {
		*backlog = max(*backlog, minBacklog)
		return nil
	})
	l.keepInt("repl-backlog-ttl", "", 0, 3600, 0, config.MaxLong, 0)
	l.keepEnum("propagation-error-behavior", 0, "ignore", "ignore", "panic", "panic-on-replicas")
}

// minBacklog is the smallest replication backlog, in bytes.
const minBacklog = 16 << 10

// maxHostname is one more than the longest name of a host.
const maxHostname = 256

// cluster adds what concerns the cluster.
func (l *paramList) cluster() {
	l.add("cluster-enabled", "", immutable, config.BoolAt(&l.c.Values.ClusterEnabled, false))
	l.noEffect()
	l.keepString("cluster-config-file", "", immutable, "nodes.conf")
	l.keepInt("cluster-port", "", immutable, 0, 0, 65535, 0)
	l.keepInt("cluster-node-timeout", "", 0, 15000, 0, config.MaxLong, 0)
	l.keepInt("cluster-ping-interval", "", hidden, 0, 0, config.MaxLong, 0)
	l.keepInt("cluster-migration-barrier", "", 0, 1, 0, config.MaxInt, 0)
	l.keepInt("cluster-replica-validity-factor", "cluster-slave-validity-factor", 0, 10, 0, config.MaxInt, 0)
	l.keepBool("cluster-replica-no-failover", "cluster-slave-no-failover", 0, false)
	l.keepBool("cluster-require-full-coverage", "", 0, true)
	l.keepBool("cluster-allow-reads-when-down", "", 0, false)
	l.keepBool("cluster-allow-pubsubshard-when-down", "", 0, true)
	l.keepBool("cluster-allow-replica-migration", "", 0, true)
	l.keepInt("cluster-link-sendbuf-limit", "", 0, 0, 0, config.MaxUint64, asUnsignedM)
	l.keepOptional("cluster-announce-ip", "", 0)
	l.keepInt("cluster-announce-port", "", 0, 0, 0, 65535, 0)
	l.keepInt("cluster-announce-bus-port", "", 0, 0, 0, 65535, 0)
	l.keepInt("cluster-announce-tls-port", "", 0, 0, 0, 65535, 0)
	l.keepOptional("cluster-announce-hostname", "", 0).Check = checkHostname
	l.keepOptional("cluster-announce-human-nodename", "", 0).Check = checkNodename
	l.keepEnum("cluster-preferred-endpoint-type", 0, "ip", "ip", "hostname", "unknown-endpoint")
}

// checkHostname accepts names that every client can write down.
func checkHostname(name string) error {
	if len(name) >= maxHostname {
		return errors.New("Hostnames must be less than 256 characters")
	}
	for _, ch := range []byte(name) {
		if !isAlnum(ch) && ch != '-' && ch != '.' {
			return errors.New("Hostnames may only contain alphanumeric characters, hyphens or dots")
		}
	}
	return nil
}

// checkNodename accepts names that fit into the list of nodes, whose fields
// are told apart by punctuation.
func checkNodename(name string) error {
	for _, ch := range []byte(name) {
		switch ch {
		case '!', '#', '$', '%', '&', '(', ')', '*', '+', ':', ';', '<', '>', '?', '@', '[', ']', '^', '{', '|', '}', '~':
			return errors.New("Announced human node name contained invalid character")
		}
	}
	return nil
}

func isAlnum(ch byte) bool {
	return 'a' <= ch && ch <= 'z' || 'A' <= ch && ch <= 'Z' || '0' <= ch && ch <= '9'
}
