package abi

import (
	"slices"
	"strings"

	"berth/internal/server"
)

// command is RedisModuleCommand: a command a module registered.
type command struct {
	m   *Module
	cmd *server.Command
	fn  uintptr
}

// commandFlags are the words that CreateCommand understands.
var commandFlags = map[string]server.Flag{
	"write":             server.Write,
	"readonly":          server.ReadOnly,
	"admin":             server.Admin,
	"deny-oom":          server.DenyOOM,
	"deny-script":       server.NoScript,
	"allow-loading":     server.Loading,
	"pubsub":            server.PubSub,
	"random":            0, // accepted for old modules
	"blocking":          server.Blocking,
	"allow-stale":       server.Stale,
	"no-monitor":        server.SkipMonitor,
	"no-slowlog":        server.SkipSlowlog,
	"fast":              server.Fast,
	"no-auth":           server.NoAuth,
	"may-replicate":     server.MayReplicate,
	"getkeys-api":       server.ModuleGetKeys,
	"getchannels-api":   server.ModuleGetChannels,
	"no-cluster":        server.ModuleNoCluster,
	"no-mandatory-keys": server.NoMandatoryKeys,
	"allow-busy":        server.AllowBusy,
}

// parseFlags reads the flags' words, which one space separates.
func parseFlags(words string) (flags server.Flag, ok bool) {
	if words == "" {
		return 0, true
	}
	for word := range strings.SplitSeq(words, " ") {
		fl, known := commandFlags[strings.ToLower(word)]
		if !known {
			return 0, false
		}
		flags |= fl
	}
	return flags, true
}

// newCommand reads what CreateCommand and CreateSubcommand have in common:
// name, function, flags and key range in arguments 1 to 6.
func (f *frame) newCommand(m *Module) (*server.Command, uintptr) {
	written := cstring(f.uptr(1))
	name := strings.ToLower(written)
	flags, ok := parseFlags(cstring(f.uptr(3)))
	if !ok || name == "" || strings.ContainsAny(name, " \r\n|@=,") {
		return nil, 0
	}
	first, last, step := int(f.i32(4)), int(f.i32(5)), int(f.i32(6))
	cmd := &server.Command{
		Name: name, Written: written, Arity: -1, Flags: flags | server.Module, Owner: m, Meter: &m.meter, Group: "module",
		FirstKey: first, LastKey: last, KeyStep: step,
	}
	if first != 0 {
		relative := last
		if last >= 0 {
			relative = last - first
		}
		cmd.KeySpecs = []server.KeySpec{{
			Flags: server.KeyRW | server.KeyAccess | server.KeyUpdate,
			Begin: server.BeginIndex, Index: first,
			Find: server.FindRange, LastKey: relative, Step: step,
		}}
		if flags&server.ModuleGetKeys != 0 {
			cmd.KeySpecs[0].Flags |= server.KeyVariableFlags
		}
	}
	fn := f.uptr(2)
	if fn != 0 {
		cmd.Handler = m.handler(fn)
		if flags&server.ModuleGetKeys != 0 {
			cmd.GetKeys = m.keyFinder(fn)
		}
		if flags&server.ModuleGetChannels != 0 {
			cmd.GetChannels = m.channelFinder(fn)
		}
	}
	return cmd, fn
}

func apiCreateCommand(f *frame) {
	ctx := f.ctx(0)
	if ctx == nil {
		return
	}
	m := ctx.module
	cmd, fn := f.newCommand(m)
	if !m.onLoad || m.name == "" || cmd == nil {
		f.setOK(false)
		return
	}
	if fn == 0 {
		cmd.Arity = -2
	}
	if host.srv.AddCommand(cmd) != nil {
		f.setOK(false)
		return
	}
	m.commands = append(m.commands, cmd)
	f.setOK(true)
}

// apiSetCommandACLCategories sets a command's access categories, which a module may
// do while it is loaded. Categories are separated by one space.
func apiSetCommandACLCategories(f *frame) {
	f.setOK(false)
	if f.int(0) == 0 {
		return
	}
	c := object[command](f, 0, headCommand)
	if c == nil || !c.m.onLoad {
		return
	}
	var all server.Category
	if names := cstring(f.uptr(1)); names != "" {
		for name := range strings.SplitSeq(names, " ") {
			bit, ok := server.CategoryNamed(name)
			if !ok {
				host.srv.Log(server.LogWarning, "Unrecognized categories flag %s on module load", name)
				return
			}
			all |= bit
		}
	}
	c.cmd.ACL = all
	f.setOK(true)
}

func apiCreateSubcommand(f *frame) {
	parent := object[command](f, 0, headCommand)
	if parent == nil {
		return
	}
	m := parent.m
	sub, _ := f.newCommand(m)
	if !m.onLoad || sub == nil || parent.cmd.Parent != nil || parent.cmd.Handler != nil {
		f.setOK(false)
		return
	}
	sub.Arity = -2
	sub.Name = parent.cmd.Name + "|" + sub.Name
	sub.Written = parent.cmd.FullName() + "|" + sub.Written
	f.setOK(host.srv.AddSubcommand(parent.cmd, sub) == nil)
}

func apiGetCommand(f *frame) {
	ctx := f.ctx(0)
	if ctx == nil {
		return
	}
	cmd := host.srv.LookupFull([]byte(cstring(f.uptr(1))))
	if cmd == nil || cmd.Owner != any(ctx.module) {
		return
	}
	f.setPtr(ctx.module.commandHandle(cmd))
}

// commandHandle is the handle of one of the module's commands, always the
// same one for a command.
func (m *Module) commandHandle(cmd *server.Command) uintptr {
	if p, ok := m.handles[cmd]; ok {
		return p
	}
	p := newHandle(headCommand, &command{m: m, cmd: cmd}, true)
	m.handles[cmd] = p
	return p
}

// removeCommands takes all of the module's commands out of the table.
func (m *Module) removeCommands() {
	for _, cmd := range slices.Backward(m.commands) {
		host.srv.RemoveCommand(cmd.Name)
	}
	m.commands = nil
	for _, p := range m.handles {
		freeHandle(p, true)
	}
	clear(m.handles)
}

// keyFinder makes the function that asks a command itself where its keys are:
// the module's function runs with a context in which it only names positions.
func (m *Module) keyFinder(fn uintptr) func(*server.Command, [][]byte) ([]server.KeyRef, bool) {
	return func(_ *server.Command, argv [][]byte) ([]server.KeyRef, bool) {
		ctx := newContext(m, nil, true)
		ctx.flags |= ctxKeysPosition
		ctx.setArgs(argv)
		m.call(server.ByKeys, fn, uint64(ctx.addr()), ctx.argAddr(), uint64(len(argv)), 0, 0, 0)
		keys := slices.Clone(ctx.positions)
		ctx.release(true)
		return keys, true
	}
}

func apiIsKeysPositionRequest(f *frame) {
	if ctx := f.ctx(0); ctx != nil {
		f.setBool(ctx.flags&ctxKeysPosition != 0)
	}
}

// keyAt notes that the argument at the position in argument 1 is a key.
func (f *frame) keyAt(flags server.KeyFlag) {
	ctx := f.ctx(0)
	if ctx == nil || ctx.flags&ctxKeysPosition == 0 {
		return
	}
	if pos := int(f.i32(1)); pos > 0 && pos < len(ctx.argv) {
		ctx.positions = append(ctx.positions, server.KeyRef{Pos: pos, Flags: flags})
	}
}

// apiKeyAtPos names a key of which anything may be expected.
func apiKeyAtPos(f *frame) { f.keyAt(server.KeyRW | server.KeyAccess | server.KeyUpdate) }

func apiKeyAtPosWithFlags(f *frame) { f.keyAt(server.KeyFlag(f.i32(2))) }
