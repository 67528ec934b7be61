package server

import "strings"

// Handler runs one command. argv[0] is the name as it was sent; argv and what
// it points to are valid only during the call.
type Handler func(c *Client, argv [][]byte)

// Command is one entry of the command table: a command, or a subcommand
// within its parent's entry.
type Command struct {
	// Name is the full name in lower case; a subcommand's is "parent|sub".
	Name string
	// Written is Name as a module wrote it, empty for the server's own commands.
	Written string
	// Arity is the exact number of arguments with the name counted, or its
	// negated minimum.
	Arity int
	// Flags tell when the command may run and how COMMAND shows it.
	Flags Flag
	// Handler runs it; nil for a container that only holds subcommands.
	Handler Handler
	// KeySpecs say where the keys are.
	KeySpecs []KeySpec
	// ACL is the set of access categories, see Category.
	ACL Category
	// Group, Summary, Since and Complexity are what COMMAND DOCS shows.
	Group, Summary, Since, Complexity string
	// ReplacedBy and DeprecatedSince are set for deprecated commands.
	ReplacedBy, DeprecatedSince string
	// DocFlags are the documentation flags, such as "deprecated" or "syscmd".
	DocFlags []string
	// Tips are hints for clients and proxies.
	Tips []string
	// History lists what changed since which version.
	History []HistoryEntry
	// Args describe the arguments for COMMAND DOCS.
	Args []Arg
	// FirstKey, LastKey and KeyStep are the old way to say where keys are;
	// LastKey below zero counts from the end.
	FirstKey, LastKey, KeyStep int
	// GetKeys finds the keys where neither KeySpecs nor the old range can; it
	// returns indexes into argv, and false when the arguments make no sense.
	GetKeys func(cmd *Command, argv [][]byte) ([]KeyRef, bool)
	// GetChannels finds the channels of a module's command that wants to be
	// asked.
	GetChannels func(argv [][]byte) []ChannelRef
	// Parent is the command this one is a subcommand of.
	Parent *Command
	// Subcommands by their short lower-case name.
	Subcommands map[string]*Command
	// Owner says who registered it: nil for built in, else an opaque label
	// that a module host knows.
	Owner any
	// Stats counts its calls.
	Stats CommandStats
	// Meter measures a module's command as one of its callbacks; nil for built in.
	Meter *Meter
	// quick is its quick form, for calls by modules.
	quick quickForm
	// removed is set when it left the table, for those who remember it.
	removed bool
}

// CommandStats are the figures of one command, reset by CONFIG RESETSTAT.
type CommandStats struct {
	// Calls is how often the handler ran.
	Calls int64
	// Nanos is the time spent in it.
	Nanos int64
	// Rejected is how often a check refused it before it ran.
	Rejected int64
	// Failed is how often it ran and replied an error.
	Failed int64
	// Latency is the distribution of its durations, nil until there is one.
	Latency *Histogram
}

// Micros is the time spent in the command, in microseconds.
func (s *CommandStats) Micros() int64 { return s.Nanos / 1000 }

// HistoryEntry is one line of a command's history.
type HistoryEntry struct{ Since, Change string }

// Flag is a set of command flags with Redis 7.2's meanings.
type Flag uint64

// The command flags. FlagNames gives the words that COMMAND INFO shows.
const (
	Write Flag = 1 << iota
	ReadOnly
	DenyOOM
	Module
	Admin
	PubSub
	NoScript
	Blocking
	Loading
	Stale
	SkipMonitor
	SkipSlowlog
	Asking
	Fast
	NoAuth
	MayReplicate
	NoMandatoryKeys
	ProtectedCmd
	ModuleGetKeys
	ModuleNoCluster
	NoAsyncLoading
	NoMulti
	MovableKeys
	AllowBusy
	ModuleGetChannels
	TouchesArbitraryKeys
)

// FlagNames lists the flags that COMMAND INFO shows, in its order.
var FlagNames = []struct {
	Flag Flag
	Name string
}{
	{Write, "write"},
	{ReadOnly, "readonly"},
	{DenyOOM, "denyoom"},
	{Module, "module"},
	{Admin, "admin"},
	{PubSub, "pubsub"},
	{NoScript, "noscript"},
	{Blocking, "blocking"},
	{Loading, "loading"},
	{Stale, "stale"},
	{SkipMonitor, "skip_monitor"},
	{SkipSlowlog, "skip_slowlog"},
	{Asking, "asking"},
	{Fast, "fast"},
	{NoAuth, "no_auth"},
	{MayReplicate, "may_replicate"},
	{NoMandatoryKeys, "no_mandatory_keys"},
	{ProtectedCmd, "protected"},
	{ModuleGetKeys, "module_getkeys"},
	{ModuleNoCluster, "module_no_cluster"},
	{NoAsyncLoading, "no_async_loading"},
	{NoMulti, "no_multi"},
	{MovableKeys, "movablekeys"},
	{AllowBusy, "allow_busy"},
	{ModuleGetChannels, "module_getchannels"},
	{TouchesArbitraryKeys, "touches_arbitrary_keys"},
}

// Category is a set of access categories.
type Category uint64

// The access categories, in the order in which they are shown.
const (
	CatKeyspace Category = 1 << iota
	CatRead
	CatWrite
	CatSet
	CatSortedSet
	CatList
	CatHash
	CatString
	CatBitmap
	CatHyperLogLog
	CatGeo
	CatStream
	CatPubSub
	CatAdmin
	CatFast
	CatSlow
	CatBlocking
	CatDangerous
	CatConnection
	CatTransaction
	CatScripting
)

// CategoryNames lists the categories by bit.
var CategoryNames = []string{
	"keyspace", "read", "write", "set", "sortedset", "list", "hash", "string",
	"bitmap", "hyperloglog", "geo", "stream", "pubsub", "admin", "fast", "slow",
	"blocking", "dangerous", "connection", "transaction", "scripting",
}

// CategoryNamed is the category with a name, in any case.
func CategoryNamed(name string) (c Category, ok bool) {
	for i, n := range CategoryNames {
		if strings.EqualFold(n, name) {
			return 1 << i, true
		}
	}
	return 0, false
}
