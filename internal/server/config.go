package server

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"berth/internal/config"
)

// Config is the table of configuration parameters, with what the configuration
// file holds besides. It belongs to the loop.
type Config struct {
	// File is the absolute path of the configuration file, "" for none.
	File string
	// Values are the parameters that this package reads, apart from Settings.
	Values Values
	// LoadModules are the loadmodule lines in their order.
	LoadModules []LoadModule
	// Users are the user lines, each cut into arguments.
	Users [][]string
	// Pending are the lines "module.name value" that no module has claimed.
	Pending map[string]string
	// LoadedModules gives the loadmodule lines for the modules that are loaded
	// now; nil when nobody loads any.
	LoadedModules func() []LoadModule

	s        *Server
	table    *config.Table
	inert    map[string]string
	onChange []func(names []string)
	savesSet bool
}

// LoadModule is one loadmodule line.
type LoadModule struct {
	// Path is the module's file.
	Path string
	// Args are what its OnLoad function gets.
	Args []string
}

// Values are parameters that are not on the core's hot paths.
type Values struct {
	// Daemonize runs the server in the background.
	Daemonize bool
	// PidFile is written at the start and removed at the end, "" for none.
	PidFile string
	// SavePoints say when a snapshot is due.
	SavePoints []SavePoint
	// ShutdownOnSigint and ShutdownOnSigterm are the options of the shutdown
	// that a signal asks for.
	ShutdownOnSigint, ShutdownOnSigterm ShutdownFlags
	// MaxMemory is the limit of memory in bytes, 0 for none.
	MaxMemory uint64
	// ActiveDefrag has modules move what they keep, see defragState.
	ActiveDefrag bool
	// MaxMemoryPolicy is one of the names that CONFIG SET accepts, by number.
	MaxMemoryPolicy int
	// MaxMemorySamples is how many keys are looked at for each one evicted.
	MaxMemorySamples int
	// EvictionTenacity says how much time eviction may take, from 0 to 100.
	EvictionTenacity int
	// LazyEviction frees the values of evicted keys step by step.
	LazyEviction bool
	// MaxMemoryClients bounds the memory of the clients' connections, in bytes
	// or, below zero, in percent of MaxMemory; 0 for no limit.
	MaxMemoryClients int64
	// TrackingMaxKeys bounds how many keys are remembered for client side caching,
	// 0 for no limit.
	TrackingMaxKeys uint64
	// SlowlogThreshold is from how many microseconds on a command is slow, below
	// zero for never.
	SlowlogThreshold int64
	// SlowCallback is from how many milliseconds on a module's callback is
	// logged, 0 for never.
	SlowCallback int64
	// SlowlogMaxLen is how many slow commands are kept.
	SlowlogMaxLen uint64
	// NotifyFlags are the classes of keyspace events that are published, with
	// the bits of REDISMODULE_NOTIFY_*.
	NotifyFlags int
	// Percentiles are what INFO latencystats shows.
	Percentiles []float64
	// LatencyTracking keeps a histogram of each command's duration.
	LatencyTracking bool
	// MasterHost and MasterPort are what replicaof names.
	MasterHost string
	MasterPort int
	// OOMScores are the three values of oom-score-adj-values.
	OOMScores [3]int
	// TLSPort is kept to refuse the start: there is no TLS.
	TLSPort int
	// ClusterEnabled and AppendOnly are what the parameters say.
	ClusterEnabled, AppendOnly bool
	// AppendFsync is one of the words that CONFIG SET accepts, by number.
	AppendFsync fsyncPolicy
	// AppendTimes has the time noted in the append-only file.
	AppendTimes bool
	// ExpireEffort is active-expire-effort, from 1 to 10.
	ExpireEffort int
}

// SavePoint asks for a snapshot after that many seconds with that many
// changes.
type SavePoint struct {
	Seconds int64
	Changes int
}

// initConfig makes the table with all parameters at their defaults.
func (s *Server) initConfig() {
	c := &Config{
		s:       s,
		table:   config.NewTable(),
		Pending: make(map[string]string),
		inert:   make(map[string]string),
	}
	s.Config = c
	// The parameters' constructors write their defaults: keep what the caller
	// of New asked for.
	settings := s.Settings
	for _, p := range c.params() {
		if err := c.table.Add(p); err != nil {
			panic("BUG: " + err.Error())
		}
	}
	s.Settings = settings
	for _, p := range c.table.Params() {
		if _, ok := c.inert[p.Name]; ok {
			c.inert[p.Name] = p.Value.Get()
		}
	}
}

// ErrLogFile is returned by LoadText when the log file cannot be opened.
var ErrLogFile = errors.New("Can't open the log file")

// LoadText takes in a configuration text before the server starts. A
// *config.LineError tells which line is wrong.
func (c *Config) LoadText(text string) error {
	c.savesSet = false
	if err := config.Each(text, c.directive); err != nil {
		return err
	}
	if path := c.s.log.file; path != "" {
		f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
		if err != nil {
			return fmt.Errorf("%w: %s", ErrLogFile, config.SysText(err))
		}
		_ = f.Close() // it was only a trial
	}
	if c.Values.ClusterEnabled && c.Values.MasterHost != "" {
		return errors.New("replicaof directive not allowed in cluster mode")
	}
	c.s.initLimits()
	return nil
}

// obsolete directives take one argument, which means nothing any more.
var obsolete = []string{"list-max-ziplist-entries", "list-max-ziplist-value", "lua-replicate-commands"}

// directive takes in one line of the configuration.
func (c *Config) directive(args []string) error {
	err := c.table.Load(args)
	if !errors.Is(err, config.ErrDirective) {
		return err
	}
	name, n := args[0], len(args)
	switch {
	case slices.Contains(obsolete, name) && n == 2:
		return nil
	case name == "rename-command" && n == 3:
		return c.s.renameCommand(args[1], args[2])
	case name == "user" && n >= 2:
		c.Users = append(c.Users, args[1:])
		return nil
	case name == "loadmodule" && n >= 2:
		c.LoadModules = append(c.LoadModules, LoadModule{Path: args[1], Args: args[2:]})
		return nil
	case strings.Contains(name, "."):
		if n < 2 {
			return errors.New("Module config specified without value")
		}
		c.Pending[name] = strings.Join(args[1:], " ")
		return nil
	case name == "sentinel" && n > 1:
		return errors.New("sentinel directive while not in sentinel mode")
	}
	return err
}

// renameCommand gives a command another name, or none. Error texts and COMMAND
// go on to call it by its own.
func (s *Server) renameCommand(from, to string) error {
	from, to = strings.ToLower(from), strings.ToLower(to)
	cmd := s.commands.byName[from]
	if cmd == nil {
		return errors.New("No such command in rename-command")
	}
	if to == "" {
		s.RemoveCommand(from)
		return nil
	}
	if _, taken := s.commands.byName[to]; taken && to != from {
		return errors.New("Target command name already exists")
	}
	delete(s.commands.byName, from)
	if cmd.Subcommands == nil {
		// The lookup remembers a client's last command by its own name, which
		// must no longer find it; containers are exempt from that.
		cmd.Subcommands = map[string]*Command{}
	}
	s.commands.byName[to] = cmd
	return nil
}

// Register adds a module's parameter. config.ErrExists is returned when the
// name is taken.
func (c *Config) Register(p *config.Param) error {
	p.Flags |= config.Module
	return c.table.Add(p)
}

// Unregister takes out all parameters of a module.
func (c *Config) Unregister(module string) {
	prefix := strings.ToLower(module) + "."
	for _, p := range c.table.Params() {
		if p.Flags&config.Module != 0 && strings.HasPrefix(strings.ToLower(p.Name), prefix) {
			c.table.Remove(p.Name)
		}
	}
}

// TakePending gives the value that the configuration has for a module's
// parameter and forgets it.
func (c *Config) TakePending(name string) (value string, ok bool) {
	key := strings.ToLower(name)
	value, ok = c.Pending[key]
	delete(c.Pending, key)
	return value, ok
}

// SetModule sets a module's parameter from the configuration or from MODULE
// LOADEX, without applying it.
func (c *Config) SetModule(name, value string) error { return c.table.SetModule(name, value) }

// OnChange adds a function that is called with the names of the parameters
// after a CONFIG SET.
func (c *Config) OnChange(fn func(names []string)) { c.onChange = append(c.onChange, fn) }

// Set sets several parameters as CONFIG SET does, all or none. A
// *config.SetError tells why not.
func (c *Config) Set(pairs []config.Pair, o config.SetOptions) error {
	if o.Warn == nil {
		o.Warn = func(format string, args ...any) { c.s.Log(LogWarning, format, args...) }
	}
	names, err := c.table.Set(pairs, o)
	if err != nil {
		return err
	}
	for _, fn := range c.onChange {
		fn(names)
	}
	return nil
}

// Param finds a parameter by name or alias, nil when there is none.
func (c *Config) Param(name string) *config.Param { return c.table.Lookup(name) }

// String is the value of a parameter as CONFIG GET shows it, "" when there is
// no such parameter.
func (c *Config) String(name string) string {
	if p := c.table.Lookup(name); p != nil {
		return p.Value.Get()
	}
	return ""
}

// Int is the value of a number, memory in bytes; 0 when there is none.
func (c *Config) Int(name string) int64 {
	if p := c.table.Lookup(name); p != nil {
		if v, ok := p.Value.(*config.Int); ok {
			return v.Load()
		}
		n, _ := strconv.ParseInt(p.Value.Get(), 10, 64)
		return n
	}
	return 0
}

// Bool is the value of a yes or no parameter.
func (c *Config) Bool(name string) bool { return c.String(name) == "yes" }

// Inert lists the parameters that differ from their defaults although nothing
// in this version reads them.
func (c *Config) Inert() []string {
	var names []string
	for _, p := range c.table.Params() {
		if def, ok := c.inert[p.Name]; ok && p.Value.Get() != def {
			names = append(names, p.Name)
		}
	}
	if c.savesSet && len(c.Values.SavePoints) > 0 && c.s.life.save == nil {
		names = append(names, "save")
	}
	return names
}
