package server

import (
	"errors"
	"strings"

	"berth/internal/config"
)

// The classes of keyspace events, with the bits of REDISMODULE_NOTIFY_*.
const (
	NotifyKeyspace = 1 << iota
	NotifyKeyevent
	NotifyGeneric
	NotifyString
	NotifyList
	NotifySet
	NotifyHash
	NotifyZSet
	NotifyExpired
	NotifyEvicted
	NotifyStream
	NotifyKeyMiss
	NotifyLoaded
	NotifyModule
	NotifyNew
	// NotifyAll is what the letter A stands for: not misses and not new keys,
	// which are too many.
	NotifyAll = NotifyGeneric | NotifyString | NotifyList | NotifySet | NotifyHash | NotifyZSet |
		NotifyExpired | NotifyEvicted | NotifyStream | NotifyModule
)

// notifyLetters are the letters in the order in which they are shown.
var notifyLetters = []struct {
	letter byte
	flag   int
}{
	{'A', NotifyAll},
	{'g', NotifyGeneric}, {'$', NotifyString}, {'l', NotifyList}, {'s', NotifySet},
	{'h', NotifyHash}, {'z', NotifyZSet}, {'x', NotifyExpired}, {'e', NotifyEvicted},
	{'t', NotifyStream}, {'d', NotifyModule}, {'n', NotifyNew},
	{'K', NotifyKeyspace}, {'E', NotifyKeyevent}, {'m', NotifyKeyMiss},
}

// ParseNotifyFlags reads the letters of notify-keyspace-events.
func ParseNotifyFlags(letters string) (flags int, ok bool) {
	for _, ch := range []byte(letters) {
		flag := 0
		for _, l := range notifyLetters {
			if l.letter == ch {
				flag = l.flag
			}
		}
		if flag == 0 {
			return 0, false
		}
		flags |= flag
	}
	return flags, true
}

// NotifyText writes the letters of notify-keyspace-events.
func NotifyText(flags int) string {
	var b strings.Builder
	all := flags&NotifyAll == NotifyAll
	if all {
		b.WriteByte('A')
	}
	for _, l := range notifyLetters[1:] {
		// New keys are not among what A stands for, yet Redis leaves their
		// letter out beside it.
		if all && l.flag&(NotifyAll|NotifyNew) != 0 {
			continue
		}
		if flags&l.flag != 0 {
			b.WriteByte(l.letter)
		}
	}
	return b.String()
}

// notifyValue is notify-keyspace-events.
func notifyValue(p *int) *config.Special {
	return &config.Special{
		OnSet: func(args []string) (bool, error) {
			flags, ok := ParseNotifyFlags(args[0])
			if !ok {
				return false, errors.New("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.")
			}
			*p = flags
			return true, nil
		},
		OnGet: func() string { return NotifyText(*p) },
		OnLines: func() []config.RewriteLine {
			return []config.RewriteLine{{Text: config.Quote(NotifyText(*p)), Force: *p != 0}}
		},
	}
}
