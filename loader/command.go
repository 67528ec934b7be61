package loader

import (
	"errors"
	"fmt"
	"strings"

	"berth/abi"
	"berth/internal/server"
)

// errorLoading is all that a client is told of a failed load: the log has the
// reason, which may name files the client should not learn of.
const errorLoading = "ERR Error loading the extension. Please check the server logs."

// command makes the MODULE command with its subcommands.
func (l *Loader) command() *server.Command {
	return server.Builtins(map[string]server.Handler{
		"module|load":   l.cmdLoad,
		"module|loadex": l.cmdLoadEx,
		"module|unload": l.cmdUnload,
		"module|info":   l.cmdInfo,
		"module|list":   l.cmdList,
		"module|help":   l.cmdHelp,
	})[0]
}

func words(argv [][]byte) []string {
	out := make([]string, len(argv))
	for i, a := range argv {
		out[i] = string(a)
	}
	return out
}

// cmdLoad is MODULE LOAD path [arg ...].
func (l *Loader) cmdLoad(c *server.Client, argv [][]byte) {
	if _, err := l.Load(string(argv[2]), words(argv[3:])); err != nil {
		c.WriteError(errorLoading)
		return
	}
	c.WriteOK()
}

// cmdLoadEx is MODULE LOADEX path [CONFIG name value ...] [ARGS arg ...].
func (l *Loader) cmdLoadEx(c *server.Client, argv [][]byte) {
	values, args, err := parseLoadEx(argv[3:])
	if err != nil {
		l.srv.Log(server.LogNotice, "%v", err)
		c.WriteError(errorLoading)
		return
	}
	if err := l.LoadEx(string(argv[2]), args, values); err != nil {
		c.WriteError(errorLoading)
		return
	}
	c.WriteOK()
}

// setting is one CONFIG name and value of LOADEX.
type setting struct{ name, value string }

var errNoPair = errors.New("CONFIG specified without name value pair")

func parseLoadEx(argv [][]byte) (values []setting, args []string, err error) {
	for i := 0; i < len(argv); i++ {
		switch strings.ToLower(string(argv[i])) {
		case "config":
			if i+2 >= len(argv) {
				return nil, nil, errNoPair
			}
			values = append(values, setting{string(argv[i+1]), string(argv[i+2])})
			i += 2
		case "args":
			return values, words(argv[i+1:]), nil
		default:
			return nil, nil, fmt.Errorf("Syntax Error from arguments to loadex around %s.", argv[i])
		}
	}
	return values, nil, nil
}

// errUnset is the reason when OnLoad took not all configurations it was given.
var errUnset = errors.New("Loadex configurations were not applied, likely due to invalid arguments. Unloading the module.")

// LoadEx is Load with values for the module's configurations.
func (l *Loader) LoadEx(path string, args []string, values []setting) error {
	for _, v := range values {
		l.host.PresetConfig(v.name, v.value)
	}
	defer l.host.ForgetPresets()
	m, err := l.Load(path, args)
	if err != nil {
		return err
	}
	if l.host.Presets() != 0 {
		l.srv.Log(server.LogWarning, "%v", errUnset)
		if err := l.Unload(m.Name()); err != nil {
			l.srv.Log(server.LogWarning, "Error unloading module %s: %v", m.Name(), err)
		}
		return errUnset
	}
	return nil
}

// cmdUnload is MODULE UNLOAD name.
func (l *Loader) cmdUnload(c *server.Client, argv [][]byte) {
	if err := l.Unload(string(argv[2])); err != nil {
		c.WriteErrorf("ERR Error unloading module: %v", err)
		l.srv.Log(server.LogWarning, "Error unloading module %s: %v", argv[2], err)
		return
	}
	c.WriteOK()
}

// identityFields is how many fields writeIdentity writes.
const identityFields = 4

// writeIdentity replies what MODULE LIST tells of a module.
func writeIdentity(c *server.Client, m *abi.Module) {
	c.WriteBulkString("name")
	c.WriteBulkString(m.Name())
	c.WriteBulkString("ver")
	c.WriteInt(int64(m.Version()))
	c.WriteBulkString("path")
	c.WriteBulkString(m.Path())
	c.WriteBulkString("args")
	c.WriteArray(len(m.Args()))
	for _, a := range m.Args() {
		c.WriteBulkString(a)
	}
}

// cmdList is MODULE LIST.
func (l *Loader) cmdList(c *server.Client, _ [][]byte) {
	modules, unknown := l.host.Modules(), l.srv.UnknownData()
	c.WriteArray(len(modules) + len(unknown))
	for _, m := range modules {
		c.WriteMap(identityFields)
		writeIdentity(c, m)
	}
	for _, d := range unknown {
		writeUnknown(c, d)
	}
}

// helpLines are what MODULE HELP replies.
var helpLines = []string{
	"MODULE <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
	"INFO <name>",
	"    Return what a module holds of the server's, and what its callbacks took.",
	"LIST",
	"    Return a list of loaded modules.",
	"LOAD <path> [<arg> ...]",
	"    Load a module library from <path>, passing to it any optional arguments.",
	"LOADEX <path> [[CONFIG NAME VALUE] [CONFIG NAME VALUE]] [ARGS ...]",
	"    Load a module library from <path>, while passing it module configurations and optional arguments.",
	"UNLOAD <name>",
	"    Unload a module.",
	"HELP",
	"    Print this help.",
}

// cmdHelp is MODULE HELP.
func (l *Loader) cmdHelp(c *server.Client, _ [][]byte) {
	c.WriteArray(len(helpLines))
	for _, line := range helpLines {
		c.WriteStatus(line)
	}
}
