package server

// The access categories that commands of one kind share.
const (
	catStringRead  = CatRead | CatString
	catStringWrite = CatWrite | CatString
	catListRead    = CatRead | CatList
	catListWrite   = CatWrite | CatList
	catHashRead    = CatRead | CatHash
	catHashWrite   = CatWrite | CatHash
	catSetRead     = CatRead | CatSet
	catSetWrite    = CatWrite | CatSet
	catZSetRead    = CatRead | CatSortedSet
	catZSetWrite   = CatWrite | CatSortedSet
	catStreamRead  = CatRead | CatStream
	catStreamWrite = CatWrite | CatStream
	catKeyRead     = CatKeyspace | CatRead
	catKeyWrite    = CatKeyspace | CatWrite
)

// The flags of keys for the usual kinds of commands.
const (
	keyReads   = KeyRO | KeyAccess
	keyReadsNo = KeyRO
	keyUpdates = KeyRW | KeyUpdate
	keySets    = KeyOW | KeyUpdate
	keyInserts = KeyRW | KeyInsert
	keyPops    = KeyRW | KeyAccess | KeyDelete
	keyTakes   = KeyRW | KeyAccess | KeyUpdate
	keyRemoves = KeyRM | KeyDelete
)

// define makes a command of a family's table.
func define(group, name string, arity int, flags Flag, acl Category, since, complexity, summary string, h Handler) *Command {
	if flags&Fast != 0 {
		acl |= CatFast
	} else {
		acl |= CatSlow
	}
	return &Command{
		Name: name, Arity: arity, Flags: flags, Handler: h, ACL: acl, Group: group, Since: since,
		Complexity: complexity, Summary: summary,
	}
}

// keys says where a command's keys are: from the first to the last argument,
// which counts from the end below zero, and what is done to them.
func (cmd *Command) keys(first, last, step int, flags KeyFlag) *Command {
	cmd.FirstKey, cmd.LastKey, cmd.KeyStep = first, last, step
	relative := last
	if last >= 0 {
		relative = last - first
	}
	cmd.KeySpecs = append(cmd.KeySpecs, KeySpec{
		Flags: flags, Begin: BeginIndex, Index: first, Find: FindRange, LastKey: relative, Step: step,
	})
	return cmd
}

// keyWord says that keys follow a word, which is looked for from argument start on:
// up to last, counted from the first key or, below zero, from the end; and only in
// a part of the arguments up to there, the limit-th, if limit is not zero.
func (cmd *Command) keyWord(word string, start, last, limit int, flags KeyFlag) *Command {
	cmd.KeySpecs = append(cmd.KeySpecs, KeySpec{
		Flags: flags, Begin: BeginKeyword, Keyword: word, StartFrom: start, Find: FindRange, LastKey: last, Step: 1, Limit: limit,
	})
	return cmd
}

// note adds a remark on the keys for the reader of COMMAND INFO.
func (cmd *Command) note(text string) *Command {
	cmd.KeySpecs[len(cmd.KeySpecs)-1].Notes = text
	return cmd
}

// container makes a command that only holds subcommands.
func container(group, name, since, summary string, subs ...*Command) *Command {
	cmd := define(group, name, -2, 0, 0, since, "Depends on subcommand.", summary, nil)
	cmd.Subcommands = make(map[string]*Command, len(subs))
	for _, sub := range subs {
		cmd.Subcommands[sub.Name] = sub
		sub.Name = name + "|" + sub.Name
		sub.Parent = cmd
	}
	return cmd
}
