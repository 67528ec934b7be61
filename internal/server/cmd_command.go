package server

import (
	"maps"
	"slices"
	"strings"
)

// ModuleOwner is what the Owner of a module's command should be able to tell.
type ModuleOwner interface {
	// ModuleName is the name that the module registered.
	ModuleName() string
}

// moduleName is the module that a command belongs to, "" for none.
func (cmd *Command) moduleName() string {
	if o, ok := cmd.Owner.(ModuleOwner); ok {
		return o.ModuleName()
	}
	return ""
}

// subcommandsSorted lists the subcommands by name.
func (cmd *Command) subcommandsSorted() []*Command {
	names := slices.Sorted(maps.Keys(cmd.Subcommands))
	subs := make([]*Command, len(names))
	for i, name := range names {
		subs[i] = cmd.Subcommands[name]
	}
	return subs
}

// cmdCommand is COMMAND, the same as COMMAND INFO without arguments.
func cmdCommand(c *Client, _ [][]byte) {
	list := c.srv.commands.list
	c.WriteArray(len(list))
	for _, cmd := range list {
		c.writeCommandInfo(cmd)
	}
}

// cmdCommandCount is COMMAND COUNT.
func cmdCommandCount(c *Client, _ [][]byte) { c.WriteInt(int64(len(c.srv.commands.list))) }

// cmdCommandInfo is COMMAND INFO [name ...].
func cmdCommandInfo(c *Client, argv [][]byte) {
	if len(argv) == 2 {
		cmdCommand(c, argv)
		return
	}
	c.WriteArray(len(argv) - 2)
	for _, name := range argv[2:] {
		if cmd := c.srv.LookupFull(name); cmd != nil {
			c.writeCommandInfo(cmd)
		} else {
			c.WriteNull()
		}
	}
}

// cmdCommandList is COMMAND LIST [FILTERBY MODULE name|ACLCAT cat|PATTERN pattern].
func cmdCommandList(c *Client, argv [][]byte) {
	keep := func(*Command) bool { return true }
	if len(argv) > 2 {
		if len(argv) != 5 || !equalFold(argv[2], "filterby") {
			c.WriteError(ErrTextSyntax)
			return
		}
		arg := argv[4]
		switch strings.ToLower(string(argv[3])) {
		case "module":
			name := string(arg)
			keep = func(cmd *Command) bool { return name != "" && cmd.moduleName() == name }
		case "aclcat":
			cat, _ := CategoryNamed(string(arg)) // none has no commands
			keep = func(cmd *Command) bool { return cmd.ACL&cat != 0 }
		case "pattern":
			keep = func(cmd *Command) bool { return Match(arg, []byte(cmd.FullName()), true) }
		default:
			c.WriteError(ErrTextSyntax)
			return
		}
	}
	var names []string
	c.srv.eachCommand(func(cmd *Command) {
		if keep(cmd) {
			names = append(names, cmd.FullName())
		}
	})
	c.WriteArray(len(names))
	for _, name := range names {
		c.WriteBulkString(name)
	}
}

// cmdCommandGetKeys is COMMAND GETKEYS name [arg ...].
func cmdCommandGetKeys(c *Client, argv [][]byte) { commandKeys(c, argv[2:], false) }

// cmdCommandGetKeysAndFlags is COMMAND GETKEYSANDFLAGS name [arg ...].
func cmdCommandGetKeysAndFlags(c *Client, argv [][]byte) { commandKeys(c, argv[2:], true) }

func commandKeys(c *Client, argv [][]byte, withFlags bool) {
	cmd := c.srv.LookupArgv(argv)
	switch {
	case cmd == nil:
		c.WriteError("ERR Invalid command specified")
		return
	case !cmd.HasKeys():
		c.WriteError("ERR The command has no key arguments")
		return
	case cmd.Arity > 0 && cmd.Arity != len(argv) || len(argv) < -cmd.Arity:
		c.WriteError("ERR Invalid number of arguments specified for command")
		return
	}
	keys, _ := cmd.FindKeys(argv)
	if len(keys) == 0 && cmd.Flags&NoMandatoryKeys == 0 {
		c.WriteError("ERR Invalid arguments specified for command")
		return
	}
	c.WriteArray(len(keys))
	for _, key := range keys {
		if withFlags {
			c.WriteArray(2)
		}
		c.WriteBulk(argv[key.Pos])
		if withFlags {
			c.writeFlagNames(uint64(key.Flags), KeyFlagNames)
		}
	}
}

// writeFlagNames replies the set of names whose bits are set.
func (c *Client) writeFlagNames(flags uint64, names []string) {
	var set []string
	for i, name := range names {
		if flags&(1<<i) != 0 {
			set = append(set, name)
		}
	}
	c.writeStatusSet(set)
}

// writeStatusSet replies a set of simple strings.
func (c *Client) writeStatusSet(names []string) {
	c.WriteSet(len(names))
	for _, name := range names {
		c.WriteStatus(name)
	}
}

// commandHelp is COMMAND HELP.
var commandHelp = []string{
	"(no subcommand)",
	"    Describe all commands.",
	"COUNT",
	"    Tell how many commands there are.",
	"LIST",
	"    List the names of all commands.",
	"INFO [<command-name> ...]",
	"    Describe the named commands, or all: arity, flags, keys.",
	"DOCS [<command-name> ...]",
	"    Reply the documentation of the named commands, or of all.",
	"GETKEYS <full-command>",
	"    Tell which arguments of a command are keys.",
	"GETKEYSANDFLAGS <full-command>",
	"    Tell which arguments of a command are keys and what is done to them.",
}
