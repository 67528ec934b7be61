package store

import "berth/internal/ds"

// Settings are the parameters that databases follow. All databases of a server
// share one Settings, whose fields its owner may change between commands.
type Settings struct {
	// ListMaxListpackSize bounds one pack of a list.
	ListMaxListpackSize ds.Limit
	// HashMaxListpackEntries is the number of fields up to which a hash may be a
	// listpack.
	HashMaxListpackEntries int
	// HashMaxListpackValue is the length of a field or value up to which a hash
	// may be a listpack, in bytes.
	HashMaxListpackValue int
	// SetMaxIntsetEntries is the number of members up to which a set of numbers
	// may be an intset.
	SetMaxIntsetEntries int
	// SetMaxListpackEntries is the number of members up to which a set may be a
	// listpack.
	SetMaxListpackEntries int
	// SetMaxListpackValue is the length of a member up to which a set may be a
	// listpack, in bytes.
	SetMaxListpackValue int
	// ZSetMaxListpackEntries is the number of members up to which a sorted set may
	// be a listpack.
	ZSetMaxListpackEntries int
	// ZSetMaxListpackValue is the length of a member up to which a sorted set may
	// be a listpack, in bytes.
	ZSetMaxListpackValue int
	// StreamNodeMaxBytes bounds a node of a stream, in bytes; 0 for no bound.
	StreamNodeMaxBytes int
	// StreamNodeMaxEntries bounds a node of a stream, in entries; 0 for no bound.
	StreamNodeMaxEntries int
	// LFU makes entries keep how often they are used instead of when.
	LFU bool
	// LFULogFactor is how many uses it takes to count one more, the more the
	// higher the count is.
	LFULogFactor int
	// LFUDecayTime is the time after which an unused key's count falls by one, in
	// minutes; 0 for never.
	LFUDecayTime int
}

// DefaultSettings are those of Redis 7.2.
func DefaultSettings() *Settings {
	return &Settings{
		ListMaxListpackSize:    -2,
		HashMaxListpackEntries: 128,
		HashMaxListpackValue:   64,
		SetMaxIntsetEntries:    512,
		SetMaxListpackEntries:  128,
		SetMaxListpackValue:    64,
		ZSetMaxListpackEntries: 128,
		ZSetMaxListpackValue:   64,
		StreamNodeMaxBytes:     4096,
		StreamNodeMaxEntries:   100,
		LFULogFactor:           10,
		LFUDecayTime:           1,
	}
}
