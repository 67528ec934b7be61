package server

// ChannelFlag says what a command does to a channel.
type ChannelFlag uint8

// The flags, with the bits of the module interface.
const (
	ChannelPattern ChannelFlag = 1 << iota
	ChannelPublish
	ChannelSubscribe
	ChannelUnsubscribe
)

// ChannelRef is one argument of a command that is a channel or a pattern.
type ChannelRef struct {
	Pos   int
	Flags ChannelFlag
}

// channelCommands are the server's own commands on channels. All arguments are
// channels, except that only the first one is where something is published.
var channelCommands = map[string]ChannelFlag{
	"subscribe": ChannelSubscribe, "ssubscribe": ChannelSubscribe,
	"unsubscribe": ChannelUnsubscribe, "sunsubscribe": ChannelUnsubscribe,
	"psubscribe": ChannelPattern | ChannelSubscribe, "punsubscribe": ChannelPattern | ChannelUnsubscribe,
	"publish": ChannelPublish, "spublish": ChannelPublish,
}

// FindChannels finds the channels among argv, which begins with the command's
// name. A module's command that said so is asked itself.
func (cmd *Command) FindChannels(argv [][]byte) []ChannelRef {
	if cmd.GetChannels != nil {
		return cmd.GetChannels(argv)
	}
	flags := channelCommands[cmd.Name]
	if flags == 0 || cmd.Flags&Module != 0 {
		return nil
	}
	last := len(argv)
	if flags&ChannelPublish != 0 {
		last = min(last, 2)
	}
	var refs []ChannelRef
	for i := 1; i < last; i++ {
		refs = append(refs, ChannelRef{i, flags})
	}
	return refs
}
