package server

// hiddenFlags are not shown by COMMAND INFO: they concern the server alone.
const hiddenFlags = MayReplicate | ProtectedCmd | ModuleGetKeys |
	ModuleNoCluster | ModuleGetChannels | TouchesArbitraryKeys

// writeCommandInfo replies what COMMAND INFO tells of one command.
func (c *Client) writeCommandInfo(cmd *Command) {
	first, last, step, movable := cmd.keyRange()
	flags := cmd.Flags &^ hiddenFlags
	if movable {
		flags |= MovableKeys
	}
	c.WriteArray(10)
	c.WriteBulkString(cmd.FullName())
	c.WriteInt(int64(cmd.Arity))
	var names []string
	for _, f := range FlagNames {
		if flags&f.Flag != 0 {
			names = append(names, f.Name)
		}
	}
	c.writeStatusSet(names)
	c.WriteInt(int64(first))
	c.WriteInt(int64(last))
	c.WriteInt(int64(step))
	names = nil
	for i, name := range CategoryNames {
		if cmd.ACL&(1<<i) != 0 {
			names = append(names, "@"+name)
		}
	}
	c.writeStatusSet(names)
	c.WriteSet(len(cmd.Tips))
	for _, tip := range cmd.Tips {
		c.WriteBulkString(tip)
	}
	c.WriteSet(len(cmd.KeySpecs))
	for i := range cmd.KeySpecs {
		c.writeKeySpec(&cmd.KeySpecs[i])
	}
	if len(cmd.Subcommands) == 0 {
		c.WriteSet(0)
		return
	}
	c.WriteArray(len(cmd.Subcommands))
	for _, sub := range cmd.subcommandsSorted() {
		c.writeCommandInfo(sub)
	}
}

// writeKeySpec replies one key spec.
func (c *Client) writeKeySpec(spec *KeySpec) {
	n := 3
	if spec.Notes != "" {
		n++
	}
	c.WriteMap(n)
	if spec.Notes != "" {
		c.WriteBulkString("notes")
		c.WriteBulkString(spec.Notes)
	}
	c.WriteBulkString("flags")
	c.writeFlagNames(uint64(spec.Flags), KeyFlagNames)

	c.WriteBulkString("begin_search")
	switch spec.Begin {
	case BeginIndex:
		c.writeSpecPart("index", specField{"index", spec.Index})
	case BeginKeyword:
		c.writeSpecPart("keyword", specField{"keyword", spec.Keyword}, specField{"startfrom", spec.StartFrom})
	default:
		c.writeSpecPart("unknown")
	}
	c.WriteBulkString("find_keys")
	switch spec.Find {
	case FindRange:
		c.writeSpecPart("range", specField{"lastkey", spec.LastKey}, specField{"keystep", spec.Step},
			specField{"limit", spec.Limit})
	case FindKeyNum:
		c.writeSpecPart("keynum", specField{"keynumidx", spec.KeyNumIdx}, specField{"firstkey", spec.FirstKey},
			specField{"keystep", spec.Step})
	default:
		c.writeSpecPart("unknown")
	}
}

// specField is a name with an int or a string.
type specField struct {
	name  string
	value any
}

// writeSpecPart replies one half of a key spec: its type and its fields.
func (c *Client) writeSpecPart(kind string, fields ...specField) {
	c.WriteMap(2)
	c.WriteBulkString("type")
	c.WriteBulkString(kind)
	c.WriteBulkString("spec")
	c.WriteMap(len(fields))
	for _, f := range fields {
		c.WriteBulkString(f.name)
		switch v := f.value.(type) {
		case int:
			c.WriteInt(int64(v))
		case string:
			c.WriteBulkString(v)
		}
	}
}
