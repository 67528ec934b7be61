package server

import (
	"fmt"

	"berth/internal/resp"
	"berth/loop"
)

// Server is one data server. Everything in it belongs to the loop unless a
// comment says otherwise.
type Server struct {
	// Loop is the reactor the server runs on.
	Loop *loop.Loop
	// HostLock lets module threads in, see HostLock.
	HostLock HostLock
	// Settings are the values the core reads directly.
	Settings Settings
	// Config is the table of configuration parameters.
	Config *Config
	// Stats are the counters that INFO shows.
	Stats Stats
	// Dirty counts changes of the data set.
	Dirty int64
	// Hooks are told of what happens.
	Hooks Hooks
	// RunID is 40 random hexadecimal digits, new at each start.
	RunID string
	// StartUnix is when the server started, in seconds.
	StartUnix int64

	commands  commandTable
	clients   clientTable
	net       netState
	clock     clockState
	pubsub    pubsubState
	watch     watchState
	blocked   blockedState
	waits     waitState
	filters   filterState
	exec      execState
	propagate propagateState
	loading   loadingState
	notify    notifyState
	latency   latencyState
	memory    memoryState
	evict     evictState
	tracking  trackingState
	slow      slowState
	meter     meterState
	monitors  []*Client

	// limits bound the requests of clients; authLimits those of clients that
	// must authenticate first.
	limits, authLimits resp.Limits

	// Parts that other files of the package own.
	keyspace keyspaceState
	lazy     lazyState
	defrag   defragState
	info     infoState
	log      logState
	life     lifeState
	persist  persistState
	fork     forkState
	save     saveState
	aof      aofState
	scripts  scriptState

	// allocator is what INFO adds to the name of the server's own.
	allocator string
	// onResetStats clear counters that others keep.
	onResetStats []func()
	// listModules writes the modules for HELLO.
	listModules func(c *Client)
}

// Options are what New needs beyond defaults.
type Options struct {
	// Loop to run on; nil to make one.
	Loop *loop.Loop
	// Settings to start with; nil for DefaultSettings.
	Settings *Settings
	// Configure runs when the commands and the configuration table are there
	// and the keyspace is not, so that it can still change all of Settings.
	Configure func(*Server) error
	// LoadModules loads the modules that the configuration names; Start calls
	// it. nil when the program has no module host.
	LoadModules func(*Server) error
}

// New makes a server with all built-in commands; it opens no socket. The loop
// thread.
func New(o Options) (*Server, error) {
	s := &Server{Loop: o.Loop, Settings: DefaultSettings()}
	s.log.init()
	s.life.loadModules = o.LoadModules
	if o.Settings != nil {
		s.Settings = *o.Settings
	}
	if s.Loop == nil {
		l, err := loop.New()
		if err != nil {
			return nil, fmt.Errorf("server: making the loop: %w", err)
		}
		s.Loop = l
	}
	s.initScripts()
	s.initCore()
	s.initLimits()
	for _, cmd := range builtins() {
		if err := s.AddCommand(cmd); err != nil {
			return nil, fmt.Errorf("server: adding %s: %w", cmd.Name, err)
		}
	}
	s.initConfig()
	if o.Configure != nil {
		if err := o.Configure(s); err != nil {
			return nil, err
		}
	}
	s.initKeyspace()
	_ = s.applySlowlog() // there is nothing to refuse
	_ = s.applySlowCallback()
	s.initInfo()
	return s, nil
}
