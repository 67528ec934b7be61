package server

import (
	"slices"
	"strings"
)

func init() {
	handle(map[string]Handler{
		"psubscribe":           subscribing(patternKind),
		"publish":              cmdPublish,
		"pubsub|channels":      cmdPubsubChannels,
		"pubsub|help":          helpHandler(pubsubHelp),
		"pubsub|numpat":        cmdPubsubNumpat,
		"pubsub|numsub":        cmdPubsubNumsub,
		"pubsub|shardchannels": cmdPubsubChannels,
		"pubsub|shardnumsub":   cmdPubsubNumsub,
		"punsubscribe":         unsubscribing(patternKind),
		"spublish":             cmdPublish,
		"ssubscribe":           subscribing(shardKind),
		"subscribe":            subscribing(channelKind),
		"sunsubscribe":         unsubscribing(shardKind),
		"unsubscribe":          unsubscribing(channelKind),
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
		if c.Flags&(FlagDenyBlocking|FlagFake) != 0 && (c.Flags&FlagMulti == 0 || k == shardKind) {
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
	c.forcePropagation(ToReplicas)
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
