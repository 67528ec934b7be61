package server

import (
	"embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// The commands' facts, as COMMAND INFO and COMMAND DOCS tell them, are kept in
// commands/*.txt, a file for each group. An entry is a name (of a subcommand, with
// its parent's: config|get) and, indented below it, a fact on each line:
//
//	arity -3                    the number of arguments, or the least
//	flags write denyoom         the words of COMMAND INFO
//	acl string                  categories beyond those that the flags imply
//	key RW access; index 1; range 0 1 0
//	                            a key spec: flags; index POS, keyword WORD FROM or
//	                            unknown; range LAST STEP LIMIT, keynum AT FIRST STEP
//	                            or unknown
//	note text                   a remark on the key spec before it
//	tip word                    a hint for proxies
//	since 1.0.0
//	complexity text
//	summary text
//	history 6.2.0 text          what changed
//	deprecated 2.6.12 text      since when, and what to use instead
//	doc syscmd                  a flag of the documentation
//	arg NAME TYPE attribute ... an argument; its parts follow, indented further.
//	                            The attributes are shown=, key=, token=, since=,
//	                            until=, optional, multiple and multiple_token
//
// A command is served if some file of this package has a handler for it.
//
//go:embed commands/*.txt
var commandFiles embed.FS

// handlers are those of the built-in commands by full name.
var handlers = map[string]Handler{}

// keyFinders find the keys of commands that key specs do not describe.
var keyFinders = map[string]func(*Command, [][]byte) ([]KeyRef, bool){}

// handle adds the handlers of a family of commands.
func handle(family map[string]Handler) {
	for name, h := range family {
		handlers[name] = h
	}
}

// commandFacts are the facts of all commands in the order of the files.
var commandFacts = sync.OnceValue(func() []*Command {
	var all []*Command
	files, err := commandFiles.ReadDir("commands")
	if err != nil {
		panic("BUG: " + err.Error())
	}
	for _, f := range files {
		text, err := commandFiles.ReadFile("commands/" + f.Name())
		if err != nil {
			panic("BUG: " + err.Error())
		}
		cmds, err := parseCommands(string(text), strings.TrimSuffix(f.Name(), ".txt"))
		if err != nil {
			panic("BUG: " + f.Name() + ": " + err.Error())
		}
		all = append(all, cmds...)
	}
	return all
})

// builtins makes the commands that have handlers. Several servers in one process
// do not share them.
func builtins() []*Command { return Builtins(handlers) }

// Builtins makes the commands of which family has the handlers, by full name, with
// the facts that are kept of them. It is for a host that implements commands which
// the server cannot, such as MODULE.
func Builtins(family map[string]Handler) []*Command {
	var list []*Command
	parents := map[string]*Command{}
	for _, facts := range commandFacts() {
		cmd := *facts
		cmd.Handler = family[cmd.Name]
		cmd.GetKeys = keyFinders[cmd.Name]
		cmd.quick = quickForms[cmd.Name]
		if parent, _, sub := strings.Cut(cmd.Name, "|"); sub {
			if cmd.Handler != nil {
				cmd.Parent = parents[parent]
				if cmd.Parent.Subcommands == nil { // as a call of a command without any looks at once
					cmd.Parent.Subcommands = map[string]*Command{}
				}
				cmd.Parent.Subcommands[cmd.ShortName()] = &cmd
			}
			continue
		}
		parents[cmd.Name] = &cmd
		list = append(list, &cmd)
	}
	return slices.DeleteFunc(list, func(cmd *Command) bool { return cmd.Handler == nil && len(cmd.Subcommands) == 0 })
}

// parseCommands reads a file of facts.
func parseCommands(text, group string) (cmds []*Command, err error) {
	// nested[d] is where arguments that are indented by d+1 go.
	var nested []*[]Arg
	for i, line := range strings.Split(text, "\n") {
		rest := strings.TrimLeft(line, "\t")
		depth := len(line) - len(rest)
		word, rest, _ := strings.Cut(rest, " ")
		switch {
		case word == "":
			continue
		case depth == 0:
			cmds = append(cmds, &Command{Name: word, Group: group})
			nested = []*[]Arg{&cmds[len(cmds)-1].Args}
			continue
		case len(cmds) == 0 || word != "arg" && depth > 1 || depth > len(nested):
			return nil, fmt.Errorf("line %d belongs to nothing", i+1)
		}
		if word == "arg" {
			var arg Arg
			if arg, err = parseArg(rest); err == nil {
				list := nested[depth-1]
				*list = append(*list, arg)
				nested = append(nested[:depth], &(*list)[len(*list)-1].Args)
			}
		} else {
			err = cmds[len(cmds)-1].setFact(word, rest)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	return cmds, nil
}

// setFact takes over one line of an entry.
func (cmd *Command) setFact(word, rest string) (err error) {
	switch word {
	case "arity":
		cmd.Arity, err = strconv.Atoi(rest)
	case "flags":
		for _, name := range strings.Fields(rest) {
			i := slices.IndexFunc(FlagNames, func(f struct {
				Flag Flag
				Name string
			}) bool {
				return f.Name == name
			})
			if i < 0 {
				return fmt.Errorf("no flag is called %q", name)
			}
			cmd.Flags |= FlagNames[i].Flag
		}
	case "acl":
		var bits uint64
		bits, err = nameBits(rest, CategoryNames)
		cmd.ACL |= Category(bits)
	case "key":
		var spec KeySpec
		spec, err = parseKeySpec(rest)
		cmd.KeySpecs = append(cmd.KeySpecs, spec)
	case "note":
		cmd.KeySpecs[len(cmd.KeySpecs)-1].Notes = rest
	case "tip":
		cmd.Tips = append(cmd.Tips, rest)
	case "since":
		cmd.Since = rest
	case "complexity":
		cmd.Complexity = rest
	case "summary":
		cmd.Summary = rest
	case "history":
		since, change, _ := strings.Cut(rest, " ")
		cmd.History = append(cmd.History, HistoryEntry{since, change})
	case "deprecated":
		cmd.DeprecatedSince, cmd.ReplacedBy, _ = strings.Cut(rest, " ")
		cmd.DocFlags = append(cmd.DocFlags, "deprecated")
	case "doc":
		cmd.DocFlags = append(cmd.DocFlags, rest)
	default:
		return fmt.Errorf("no fact is called %q", word)
	}
	return err
}

// nameBits is the set of the named bits.
func nameBits(text string, names []string) (bits uint64, err error) {
	for _, word := range strings.Fields(text) {
		i := slices.Index(names, word)
		if i < 0 {
			return 0, fmt.Errorf("nothing is called %q", word)
		}
		bits |= 1 << i
	}
	return bits, nil
}

// parseKeySpec reads the three parts of a key spec.
func parseKeySpec(text string) (spec KeySpec, err error) {
	parts := strings.Split(text, ";")
	if len(parts) != 3 {
		return spec, fmt.Errorf("%q does not have three parts", text)
	}
	flags, err := nameBits(parts[0], KeyFlagNames)
	if err != nil {
		return spec, err
	}
	spec.Flags = KeyFlag(flags)
	scan := func(part, format string, args ...any) bool {
		_, failed := fmt.Sscanf(strings.TrimSpace(part), format, args...)
		return failed == nil
	}
	switch begin := parts[1]; {
	case scan(begin, "index %d", &spec.Index):
		spec.Begin = BeginIndex
	case scan(begin, "keyword %s %d", &spec.Keyword, &spec.StartFrom):
		spec.Begin = BeginKeyword
	case strings.TrimSpace(begin) != "unknown":
		return spec, fmt.Errorf("%q is no way to begin", begin)
	}
	switch find := parts[2]; {
	case scan(find, "range %d %d %d", &spec.LastKey, &spec.Step, &spec.Limit):
		spec.Find = FindRange
	case scan(find, "keynum %d %d %d", &spec.KeyNumIdx, &spec.FirstKey, &spec.Step):
		spec.Find = FindKeyNum
	case strings.TrimSpace(find) != "unknown":
		return spec, fmt.Errorf("%q is no way to find keys", find)
	}
	return spec, nil
}

// parseArg reads an argument without its parts.
func parseArg(text string) (arg Arg, err error) {
	words := strings.Fields(text)
	if len(words) < 2 {
		return arg, fmt.Errorf("%q has no type", text)
	}
	i := slices.Index(argTypeNames, words[1])
	if i < 0 {
		return arg, fmt.Errorf("no type is called %q", words[1])
	}
	arg = Arg{Name: words[0], Type: ArgType(i), KeySpec: -1}
	for _, word := range words[2:] {
		name, value, _ := strings.Cut(word, "=")
		switch name {
		case "shown":
			arg.DisplayText = value
		case "key":
			arg.KeySpec, err = strconv.Atoi(value)
		case "token":
			if arg.Token = value; strings.HasPrefix(value, `"`) {
				arg.Token, err = strconv.Unquote(value)
			}
		case "since":
			arg.Since = value
		case "until":
			arg.DeprecatedSince = value
		default:
			var bit uint64
			bit, err = nameBits(name, argFlagNames)
			arg.Flags |= ArgFlag(bit)
		}
		if err != nil {
			return arg, err
		}
	}
	return arg, nil
}
