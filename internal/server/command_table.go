package server

import (
	"encoding/binary"
	"fmt"
	"maps"
	"unsafe"
)

// commandTable finds commands by name.
type commandTable struct {
	byName map[string]*Command
	list   []*Command
}

// FullName is the name with which error texts and statistics call it.
func (cmd *Command) FullName() string {
	if cmd.Written != "" {
		return cmd.Written
	}
	return cmd.Name
}

// ShortName is the name without the parent's.
func (cmd *Command) ShortName() string {
	if cmd.Parent == nil {
		return cmd.Name
	}
	return cmd.Name[len(cmd.Parent.Name)+1:]
}

// Is reports whether all of f are set.
func (cmd *Command) Is(f Flag) bool { return cmd.Flags&f == f }

// AddCommand registers cmd and its subcommands. A subcommand is registered by
// putting it into its parent's Subcommands, or by AddSubcommand.
func (s *Server) AddCommand(cmd *Command) error {
	if _, taken := s.commands.byName[cmd.Name]; taken {
		return fmt.Errorf("%w: %s", ErrCommandExists, cmd.Name)
	}
	cmd.finish()
	for _, sub := range cmd.Subcommands {
		sub.Parent = cmd
		sub.finish()
	}
	s.commands.byName[cmd.Name] = cmd
	s.commands.list = append(s.commands.list, cmd)
	return nil
}

// AddSubcommand registers sub, whose Name is the full one, under parent.
func (s *Server) AddSubcommand(parent, sub *Command) error {
	short := sub.Name[len(parent.Name)+1:]
	if _, taken := parent.Subcommands[short]; taken {
		return fmt.Errorf("%w: %s", ErrCommandExists, sub.Name)
	}
	sub.Parent = parent
	sub.finish()
	subs := maps.Clone(parent.Subcommands)
	if subs == nil {
		subs = make(map[string]*Command)
	}
	subs[short] = sub
	parent.Subcommands = subs
	return nil
}

// RemoveCommand takes a command with all its subcommands out of the table and
// reports whether it was there. Clients forget it as their last command.
func (s *Server) RemoveCommand(name string) bool {
	cmd, ok := s.commands.byName[name]
	if !ok {
		return false
	}
	delete(s.commands.byName, name)
	cmd.removed = true
	for i, have := range s.commands.list {
		if have == cmd {
			s.commands.list = append(s.commands.list[:i:i], s.commands.list[i+1:]...)
			break
		}
	}
	for c := s.clients.first; c != nil; c = c.next {
		c.forget(cmd)
	}
	return true
}

// forget drops references to a command that is going away.
func (c *Client) forget(cmd *Command) {
	if c.lastCmd == cmd || c.lastCmd != nil && c.lastCmd.Parent == cmd {
		c.lastCmd = nil
	}
	if c.cmd == cmd || c.cmd != nil && c.cmd.Parent == cmd {
		c.cmd = nil
	}
	if c.multi == nil {
		return
	}
	for _, q := range c.multi.queue {
		if q.cmd == cmd || q.cmd.Parent == cmd {
			// The transaction cannot run as it was promised.
			c.Flags |= FlagDirtyExec
		}
	}
}

// Commands lists the top-level commands in order of registration. The slice
// belongs to the table.
func (s *Server) Commands() []*Command { return s.commands.list }

// finish derives what the tables leave out: the fast or slow category, the
// categories that flags imply, and the old key range from the first key spec.
// A module's command has the categories that the module gives it and no others.
func (cmd *Command) finish() {
	if cmd.Flags&Module != 0 {
		return
	}
	if cmd.Flags&Write != 0 {
		cmd.ACL |= CatWrite
	}
	if cmd.Flags&ReadOnly != 0 && cmd.ACL&CatScripting == 0 {
		cmd.ACL |= CatRead
	}
	if cmd.Flags&Admin != 0 {
		cmd.ACL |= CatAdmin | CatDangerous
	}
	if cmd.Flags&PubSub != 0 {
		cmd.ACL |= CatPubSub
	}
	if cmd.Flags&Blocking != 0 {
		cmd.ACL |= CatBlocking
	}
	if cmd.Flags&Fast != 0 {
		cmd.ACL |= CatFast
	} else {
		cmd.ACL |= CatSlow
	}
}

// maxName is the longest command name that the lookup lowers without
// allocating.
const maxName = 64

// Lookup finds a top-level command by a name in any case.
func (s *Server) Lookup(name []byte) *Command {
	var buf [maxName]byte
	return s.commands.byName[string(lower(buf[:0], name))]
}

// LookupFull finds a command by its full name in any case, "a" or "a|b".
func (s *Server) LookupFull(name []byte) *Command {
	if cmd := s.Lookup(name); cmd != nil {
		return cmd
	}
	for i, ch := range name {
		if ch == '|' {
			if cmd := s.Lookup(name[:i]); cmd != nil {
				return cmd.sub(name[i+1:])
			}
			return nil
		}
	}
	return nil
}

// LookupArgv finds the command that argv calls, down to the subcommand. A
// container called with an unknown subcommand gives nil, one called alone
// gives itself.
func (s *Server) LookupArgv(argv [][]byte) *Command {
	cmd := s.Lookup(argv[0])
	if cmd == nil || len(argv) == 1 || len(cmd.Subcommands) == 0 {
		return cmd
	}
	return cmd.sub(argv[1])
}

// sub finds a subcommand by its short name in any case.
func (cmd *Command) sub(name []byte) *Command {
	var buf [maxName]byte
	return cmd.Subcommands[string(lower(buf[:0], name))]
}

// lower appends b in lower case, ASCII only.
func lower(dst, b []byte) []byte {
	for _, ch := range b {
		if 'A' <= ch && ch <= 'Z' {
			ch += 'a' - 'A'
		}
		dst = append(dst, ch)
	}
	return dst
}

// equalFold reports whether b is word, which is lower case, in any case.
func equalFold(b []byte, word string) bool {
	n := len(b)
	if n != len(word) {
		return false
	}
	w := unsafe.Slice(unsafe.StringData(word), n)
	switch {
	case n >= 8: // the last eight bytes may overlap those before
		for i := 0; i < n-8; i += 8 {
			if lower8(binary.LittleEndian.Uint64(b[i:])) != binary.LittleEndian.Uint64(w[i:]) {
				return false
			}
		}
		return lower8(binary.LittleEndian.Uint64(b[n-8:])) == binary.LittleEndian.Uint64(w[n-8:])
	case n >= 4:
		return lower8(uint64(binary.LittleEndian.Uint32(b))<<32|uint64(binary.LittleEndian.Uint32(b[n-4:]))) == uint64(binary.LittleEndian.Uint32(w))<<32|uint64(binary.LittleEndian.Uint32(w[n-4:]))
	}
	for i, ch := range b {
		if 'A' <= ch && ch <= 'Z' {
			ch += 'a' - 'A'
		}
		if ch != w[i] {
			return false
		}
	}
	return true
}

// lower8 is eight characters at once, those from A to Z in lower case.
func lower8(x uint64) uint64 {
	const each = 0x0101010101010101
	low := x & (0x7f * each)
	fromA, beyondZ := low+(0x80-'A')*each, low+(0x7f-'Z')*each // the top bits say so
	upper := (fromA ^ beyondZ) & ^x & (0x80 * each)
	return x | upper>>2
}
