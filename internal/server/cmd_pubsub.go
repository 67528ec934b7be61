package server

import (
	"slices"
	"strings"
)

func init() {
	const flags = PubSub | NoScript | Loading | Stale
	sub := func(name string, arity int, since, summary string, h Handler) *Command {
		return define("pubsub", name, arity, flags, CatPubSub, since, "O(N) where N is the number of channels.", summary, h)
	}
	registerFamily([]*Command{
		sub("subscribe", -2, "2.0.0", "Listens for messages published to channels.", subscribing(channelKind)),
		sub("psubscribe", -2, "2.0.0", "Listens for messages published to channels that match one or more patterns.", subscribing(patternKind)),
		sub("ssubscribe", -2, "7.0.0", "Listens for messages published to shard channels.", subscribing(shardKind)),
		sub("unsubscribe", -1, "2.0.0", "Stops listening to messages posted to channels.", unsubscribing(channelKind)),
		sub("punsubscribe", -1, "2.0.0", "Stops listening to messages published to channels that match one or more patterns.", unsubscribing(patternKind)),
		sub("sunsubscribe", -1, "7.0.0", "Stops listening to messages posted to shard channels.", unsubscribing(shardKind)),
		define("pubsub", "publish", 3, PubSub|Loading|Stale|Fast|MayReplicate, CatPubSub, "2.0.0",
			"O(N+M) where N is the number of clients subscribed and M the number of patterns.", "Posts a message to a channel.", cmdPublish),
		define("pubsub", "spublish", 3, PubSub|Loading|Stale|Fast|MayReplicate, CatPubSub, "7.0.0",
			"O(N) where N is the number of clients subscribed.", "Post a message to a shard channel", cmdPublish),
		container("pubsub", "pubsub", "2.8.0", "A container for Pub/Sub commands.",
			define("pubsub", "channels", -2, PubSub|Loading|Stale, CatPubSub, "2.8.0", "O(N)", "Returns the active channels.", cmdPubsubChannels),
			define("pubsub", "shardchannels", -2, PubSub|Loading|Stale, CatPubSub, "7.0.0", "O(N)", "Returns the active shard channels.", cmdPubsubChannels),
			define("pubsub", "numsub", -2, PubSub|Loading|Stale, CatPubSub, "2.8.0", "O(N)", "Returns a count of subscribers to channels.", cmdPubsubNumsub),
			define("pubsub", "shardnumsub", -2, PubSub|Loading|Stale, CatPubSub, "7.0.0", "O(N)", "Returns the count of subscribers of shard channels.", cmdPubsubNumsub),
			define("pubsub", "numpat", 2, PubSub|Loading|Stale, CatPubSub, "2.8.0", "O(1)", "Returns a count of unique pattern subscriptions.", cmdPubsubNumpat),
			define("pubsub", "help", 2, Loading|Stale, 0, "6.2.0", "O(1)", "Returns helpful text about the different subcommands.", helpHandler(pubsubHelp)),
		),
	})
}

// pubsubHelp is what PUBSUB HELP lists.
var pubsubHelp = []string{
	"CHANNELS [<pattern>]",
	"    Show the channels that somebody listens to and that match <pattern> (default: '*').",
	"NUMPAT",
	"    Show how many patterns somebody is subscribed to.",
	"NUMSUB [<channel> ...]",
	"    Show how many are subscribed to each channel, patterns not counted.",
	"SHARDCHANNELS [<pattern>]",
	"    Show the shard channels that somebody listens to and that match <pattern> (default: '*').",
	"SHARDNUMSUB [<shardchannel> ...]",
	"    Show how many are subscribed to each shard channel.",
}

// subscribing makes the handler of SUBSCRIBE and its kin.
func subscribing(k *subKind) Handler {
	return func(c *Client, argv [][]byte) {
		if c.Flags&FlagDenyBlocking != 0 && (c.Flags&FlagMulti == 0 || k == shardKind) {
			c.WriteError("ERR " + strings.ToUpper(k.subscribed) + " isn't allowed for a DENY BLOCKING client")
			return
		}
		for _, name := range argv[1:] {
			c.subscribe(k, name)
		}
		c.noteSubscriptions()
	}
}

// unsubscribing makes the handler of UNSUBSCRIBE and its kin.
func unsubscribing(k *subKind) Handler {
	return func(c *Client, argv [][]byte) {
		if len(argv) == 1 {
			c.unsubscribeKind(k, true)
		}
		for _, name := range argv[1:] {
			c.unsubscribe(k, name, true)
		}
		c.noteSubscriptions()
	}
}

// noteSubscriptions sets or clears the subscribed state.
func (c *Client) noteSubscriptions() {
	if c.plainSubscriptions()+c.shardSubscriptions() > 0 {
		c.Flags |= FlagPubSub
	} else {
		c.Flags &^= FlagPubSub
	}
}

// cmdPublish is PUBLISH and SPUBLISH channel message.
func cmdPublish(c *Client, argv [][]byte) {
	c.WriteInt(int64(c.srv.Publish(argv[1], argv[2], c.cmd.Name == "spublish")))
}

// pubsubNames is the table that a subcommand of PUBSUB is about.
func (c *Client) pubsubNames(shardCommand string) map[string][]*Client {
	if c.cmd.Name == shardCommand {
		return c.srv.pubsub.shards
	}
	return c.srv.pubsub.channels
}

// cmdPubsubChannels is PUBSUB CHANNELS and SHARDCHANNELS [pattern].
func cmdPubsubChannels(c *Client, argv [][]byte) {
	if len(argv) > 3 {
		c.WriteError("ERR unknown subcommand or wrong number of arguments for '" + cut(argv[1], maxShown) + "'. Try PUBSUB HELP.")
		return
	}
	var names []string
	for name := range c.pubsubNames("pubsub|shardchannels") {
		if len(argv) == 2 || Match(argv[2], []byte(name), false) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	c.WriteArray(len(names))
	for _, name := range names {
		c.WriteBulkString(name)
	}
}

// cmdPubsubNumsub is PUBSUB NUMSUB and SHARDNUMSUB [channel ...].
func cmdPubsubNumsub(c *Client, argv [][]byte) {
	names := c.pubsubNames("pubsub|shardnumsub")
	c.WriteArray(2 * (len(argv) - 2))
	for _, name := range argv[2:] {
		c.WriteBulk(name)
		c.WriteInt(int64(len(names[string(name)])))
	}
}

// cmdPubsubNumpat is PUBSUB NUMPAT.
func cmdPubsubNumpat(c *Client, _ [][]byte) { c.WriteInt(int64(len(c.srv.pubsub.patterns))) }
