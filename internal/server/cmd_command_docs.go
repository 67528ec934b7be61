package server

// argTypeNames are what COMMAND DOCS calls the kinds of arguments.
var argTypeNames = []string{
	"string", "integer", "double", "key", "pattern", "unix-time", "pure-token", "oneof", "block",
}

// argFlagNames are what COMMAND DOCS calls the flags of arguments, by bit.
var argFlagNames = []string{"optional", "multiple", "multiple_token"}

// cmdCommandDocs is COMMAND DOCS [name ...].
func cmdCommandDocs(c *Client, argv [][]byte) {
	list := c.srv.commands.list
	if len(argv) > 2 {
		list = nil
		for _, name := range argv[2:] {
			if cmd := c.srv.LookupFull(name); cmd != nil {
				list = append(list, cmd)
			}
		}
	}
	c.WriteMap(len(list))
	for _, cmd := range list {
		c.WriteBulkString(cmd.FullName())
		c.writeCommandDocs(cmd)
	}
}

// docField is one entry of a map whose length is not known beforehand.
type docField struct {
	name  string
	write func()
}

// docMap gathers the entries of such a map.
type docMap struct {
	c      *Client
	fields []docField
}

func (m *docMap) add(name string, write func()) { m.fields = append(m.fields, docField{name, write}) }

// text adds a string unless it is empty.
func (m *docMap) text(name, value string) {
	if value != "" {
		m.add(name, func() { m.c.WriteBulkString(value) })
	}
}

// write replies the map.
func (m *docMap) write() {
	m.c.WriteMap(len(m.fields))
	for _, f := range m.fields {
		m.c.WriteBulkString(f.name)
		f.write()
	}
}

// writeCommandDocs replies the documentation of one command.
func (c *Client) writeCommandDocs(cmd *Command) {
	group := cmd.Group
	if cmd.Flags&Module != 0 {
		group = "module"
	}
	if group == "" {
		group = "generic"
	}
	m := docMap{c: c}
	m.text("summary", cmd.Summary)
	m.text("since", cmd.Since)
	m.text("group", group)
	m.text("complexity", cmd.Complexity)
	if cmd.Flags&Module != 0 {
		m.add("module", func() { c.WriteBulkString(cmd.moduleName()) })
	}
	if len(cmd.DocFlags) > 0 {
		m.add("doc_flags", func() { c.writeStatusSet(cmd.DocFlags) })
	}
	m.text("deprecated_since", cmd.DeprecatedSince)
	m.text("replaced_by", cmd.ReplacedBy)
	if len(cmd.History) > 0 {
		m.add("history", func() { c.writeHistory(cmd.History) })
	}
	if len(cmd.Args) > 0 {
		m.add("arguments", func() { c.writeArgs(cmd.Args) })
	}
	if len(cmd.Subcommands) > 0 {
		m.add("subcommands", func() {
			c.WriteMap(len(cmd.Subcommands))
			for _, sub := range cmd.subcommandsSorted() {
				c.WriteBulkString(sub.Name)
				c.writeCommandDocs(sub)
			}
		})
	}
	m.write()
}

// writeHistory replies what changed since when.
func (c *Client) writeHistory(history []HistoryEntry) {
	c.WriteSet(len(history))
	for _, h := range history {
		c.WriteArray(2)
		c.WriteBulkString(h.Since)
		c.WriteBulkString(h.Change)
	}
}

// writeArgs replies a list of arguments.
func (c *Client) writeArgs(args []Arg) {
	c.WriteArray(len(args))
	for i := range args {
		a := &args[i]
		nested := a.Type == ArgOneOf || a.Type == ArgBlock
		m := docMap{c: c}
		m.text("name", a.Name)
		m.text("type", argTypeNames[a.Type])
		if !nested {
			shown := a.DisplayText
			if shown == "" {
				shown = a.Name
			}
			m.text("display_text", shown)
		}
		if a.KeySpec >= 0 && (a.Type == ArgKey || a.KeySpec > 0) {
			m.add("key_spec_index", func() { c.WriteInt(int64(a.KeySpec)) })
		}
		m.text("token", a.Token)
		m.text("summary", a.Summary)
		m.text("since", a.Since)
		m.text("deprecated_since", a.DeprecatedSince)
		if a.Flags != 0 {
			m.add("flags", func() { c.writeFlagNames(uint64(a.Flags), argFlagNames) })
		}
		if nested {
			m.add("arguments", func() { c.writeArgs(a.Args) })
		}
		m.write()
	}
}
