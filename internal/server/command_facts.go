package server

import "strings"

// What clients and proxies are told beside the families' tables: hints in the
// words that the protocol's description fixes, and what is obsolete. Kept in
// one place because proxies rely on the whole, not on one family.

// commandTips gives the tips by the commands that have them, for commands whose
// table says nothing itself.
var commandTips = []struct{ tips, commands string }{
	{"nondeterministic_output", "client|info client|list dump hrandfield hscan lastsave migrate object|encoding object|freq " +
		"object|idletime object|refcount pttl spop srandmember sscan time ttl xadd xautoclaim xclaim xinfo|consumers " +
		"xpending xtrim zrandmember zscan"},
	{"nondeterministic_output request_policy:all_nodes response_policy:special",
		"latency|doctor latency|graph latency|histogram latency|history latency|latest"},
	{"nondeterministic_output request_policy:all_shards response_policy:special",
		"function|stats info memory|doctor memory|malloc-stats memory|stats"},
	{"nondeterministic_output request_policy:special response_policy:special", "scan"},
	{"nondeterministic_output_order", "function|list hgetall hkeys hvals module|list sdiff sinter smembers sunion"},
	{"request_policy:all_nodes nondeterministic_output", "slowlog|get"},
	{"request_policy:all_nodes response_policy:agg_sum", "latency|reset"},
	{"request_policy:all_nodes response_policy:agg_sum nondeterministic_output", "slowlog|len"},
	{"request_policy:all_nodes response_policy:all_succeeded",
		"acl|deluser acl|save acl|setuser client|setinfo client|setname script|flush script|load slowlog|reset"},
	{"request_policy:all_shards nondeterministic_output_order", "keys"},
	{"request_policy:all_shards response_policy:agg_logical_and", "script|exists"},
	{"request_policy:all_shards response_policy:agg_min", "wait waitaof"},
	{"request_policy:all_shards response_policy:all_succeeded",
		"function|delete function|flush function|load function|restore memory|purge ping"},
	{"request_policy:all_shards response_policy:one_succeeded", "function|kill script|kill"},
	{"request_policy:all_shards response_policy:special nondeterministic_output", "randomkey"},
	{"request_policy:multi_shard", "mget"},
	{"request_policy:multi_shard response_policy:agg_sum", "del exists touch unlink"},
	{"request_policy:multi_shard response_policy:all_succeeded", "mset"},
}

// deprecated lists the commands that newer ones replace.
var deprecated = []struct{ command, since, by string }{
	{"brpoplpush", "6.2.0", "`BLMOVE` with the `RIGHT` and `LEFT` arguments"},
	{"georadius", "6.2.0", "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` argument"},
	{"georadius_ro", "6.2.0", "`GEOSEARCH` with the `BYRADIUS` argument"},
	{"georadiusbymember", "6.2.0", "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` and `FROMMEMBER` arguments"},
	{"georadiusbymember_ro", "6.2.0", "`GEOSEARCH` with the `BYRADIUS` and `FROMMEMBER` arguments"},
	{"getset", "6.2.0", "`SET` with the `GET` argument"},
	{"hmset", "4.0.0", "`HSET` with several fields and values"},
	{"psetex", "2.6.12", "`SET` with the `PX` argument"},
	{"quit", "7.2.0", "closing the connection"},
	{"rpoplpush", "6.2.0", "`LMOVE` with the `RIGHT` and `LEFT` arguments"},
	{"setex", "2.6.12", "`SET` with the `EX` argument"},
	{"setnx", "2.6.12", "`SET` with the `NX` argument"},
	{"slaveof", "5.0.0", "`REPLICAOF`"},
	{"substr", "2.0.0", "`GETRANGE`"},
	{"zrangebylex", "6.2.0", "`ZRANGE` with the `BYLEX` argument"},
	{"zrangebyscore", "6.2.0", "`ZRANGE` with the `BYSCORE` argument"},
	{"zrevrange", "6.2.0", "`ZRANGE` with the `REV` argument"},
	{"zrevrangebylex", "6.2.0", "`ZRANGE` with the `REV` and `BYLEX` arguments"},
	{"zrevrangebyscore", "6.2.0", "`ZRANGE` with the `REV` and `BYSCORE` arguments"},
}

// systemCommands are not for applications.
var systemCommands = []string{"debug", "pfdebug", "pfselftest", "replconf", "restore-asking"}

// shardChannels are commands whose channels count as keys for the place of a
// shard, and for nothing else: the last such argument, from the first.
var shardChannels = map[string]int{"spublish": 0, "ssubscribe": -1, "sunsubscribe": -1}

// setKeys finds SET's key: with GET it is read, too.
func setKeys(_ *Command, argv [][]byte) ([]KeyRef, bool) {
	for _, arg := range argv[3:] {
		if equalFold(arg, "get") {
			return []KeyRef{{1, KeyRW | KeyAccess | KeyUpdate}}, true
		}
	}
	return []KeyRef{{1, KeyOW | KeyUpdate}}, true
}

// describeCommands completes the built-in commands with these facts.
func (s *Server) describeCommands() {
	for _, t := range commandTips {
		tips := strings.Fields(t.tips)
		for _, name := range strings.Fields(t.commands) {
			if cmd := s.LookupFull([]byte(name)); cmd != nil && cmd.Tips == nil {
				cmd.Tips = tips
			}
		}
	}
	for _, d := range deprecated {
		if cmd := s.LookupFull([]byte(d.command)); cmd != nil && cmd.DeprecatedSince == "" {
			cmd.DeprecatedSince, cmd.ReplacedBy = d.since, d.by
			cmd.DocFlags = []string{"deprecated"}
		}
	}
	if set := s.Lookup([]byte("set")); set != nil && set.GetKeys == nil {
		set.GetKeys = setKeys
	}
	for name, last := range shardChannels {
		if cmd := s.LookupFull([]byte(name)); cmd != nil && cmd.KeySpecs == nil {
			cmd.KeySpecs = []KeySpec{{Flags: KeyNotKey, Begin: BeginIndex, Index: 1, Find: FindRange, LastKey: last, Step: 1}}
		}
	}
	for _, name := range systemCommands {
		if cmd := s.LookupFull([]byte(name)); cmd != nil && cmd.DocFlags == nil {
			cmd.DocFlags = []string{"syscmd"}
		}
	}
}
