package server

import "slices"

// subscriptions are what one client is subscribed to, in order.
type subscriptions struct {
	channels, patterns, shards map[string]struct{}
}

// pubsubState says who listens to what. Patterns are kept in order too, since
// each message is matched against all.
type pubsubState struct {
	channels, shards, patterns map[string][]*Client
}

// subKind is one of the three kinds of subscription.
type subKind struct {
	subscribed, unsubscribed, message string
	// byClient and byName give the two tables of the kind.
	byClient func(*subscriptions) *map[string]struct{}
	byName   func(*pubsubState) *map[string][]*Client
	// count is the number that replies to the kind show.
	count func(*Client) int
}

var (
	channelKind = &subKind{"subscribe", "unsubscribe", "message",
		func(s *subscriptions) *map[string]struct{} { return &s.channels },
		func(p *pubsubState) *map[string][]*Client { return &p.channels },
		(*Client).plainSubscriptions}
	patternKind = &subKind{"psubscribe", "punsubscribe", "pmessage",
		func(s *subscriptions) *map[string]struct{} { return &s.patterns },
		func(p *pubsubState) *map[string][]*Client { return &p.patterns },
		(*Client).plainSubscriptions}
	shardKind = &subKind{"ssubscribe", "sunsubscribe", "smessage",
		func(s *subscriptions) *map[string]struct{} { return &s.shards },
		func(p *pubsubState) *map[string][]*Client { return &p.shards },
		(*Client).shardSubscriptions}
)

// plainSubscriptions counts channels and patterns.
func (c *Client) plainSubscriptions() int {
	if c.subs == nil {
		return 0
	}
	return len(c.subs.channels) + len(c.subs.patterns)
}

// shardSubscriptions counts shard channels.
func (c *Client) shardSubscriptions() int {
	if c.subs == nil {
		return 0
	}
	return len(c.subs.shards)
}

// Subscriptions counts the client's channels, patterns and shard channels.
func (c *Client) Subscriptions() (channels, patterns, shards int) {
	if c.subs == nil {
		return 0, 0, 0
	}
	return len(c.subs.channels), len(c.subs.patterns), len(c.subs.shards)
}

// subscribe adds one subscription and confirms it.
func (c *Client) subscribe(k *subKind, name []byte) {
	if c.subs == nil {
		c.subs = &subscriptions{}
	}
	mine := k.byClient(c.subs)
	if _, have := (*mine)[string(name)]; !have {
		if *mine == nil {
			*mine = make(map[string]struct{})
		}
		key := string(name)
		(*mine)[key] = struct{}{}
		all := k.byName(&c.srv.pubsub)
		if *all == nil {
			*all = make(map[string][]*Client)
		}
		(*all)[key] = append((*all)[key], c)
	}
	c.confirm(k, k.subscribed, name, false)
}

// unsubscribe ends one subscription; tell says whether to confirm it.
func (c *Client) unsubscribe(k *subKind, name []byte, tell bool) {
	if c.subs != nil {
		mine := *k.byClient(c.subs)
		if _, have := mine[string(name)]; have {
			delete(mine, string(name))
			all := *k.byName(&c.srv.pubsub)
			list := all[string(name)]
			if i := slices.Index(list, c); i >= 0 {
				list = slices.Delete(list, i, i+1)
			}
			if len(list) == 0 {
				delete(all, string(name))
			} else {
				all[string(name)] = list
			}
		}
	}
	if tell {
		c.confirm(k, k.unsubscribed, name, false)
	}
}

// unsubscribeKind ends all subscriptions of a kind. One who had none is told
// so too.
func (c *Client) unsubscribeKind(k *subKind, tell bool) {
	count := 0
	if c.subs != nil {
		names := make([]string, 0, len(*k.byClient(c.subs)))
		for name := range *k.byClient(c.subs) {
			names = append(names, name)
		}
		for _, name := range names {
			c.unsubscribe(k, []byte(name), tell)
			count++
		}
	}
	if tell && count == 0 {
		c.confirm(k, k.unsubscribed, nil, true)
	}
}

// unsubscribeAll ends all subscriptions without a word.
func (c *Client) unsubscribeAll() {
	if c.subs == nil {
		return
	}
	c.unsubscribeKind(channelKind, false)
	c.unsubscribeKind(patternKind, false)
	c.unsubscribeKind(shardKind, false)
	c.subs = nil
	c.Flags &^= FlagPubSub
}

// confirm tells the client of a subscription that began or ended.
func (c *Client) confirm(k *subKind, what string, name []byte, none bool) {
	defer c.pushing()()
	c.WritePush(3)
	c.WriteBulkString(what)
	if none {
		c.WriteNull()
	} else {
		c.WriteBulk(name)
	}
	c.WriteInt(int64(k.count(c)))
}

// pushing lets what is written pass although replies are off, until the
// function it returns is called.
func (c *Client) pushing() func() {
	if c.Flags&FlagPushing != 0 {
		return func() {}
	}
	c.Flags |= FlagPushing
	return func() { c.Flags &^= FlagPushing }
}

// Publish sends a message to the subscribers of a channel and reports how many
// there were. Shard channels know no patterns.
func (s *Server) Publish(channel, msg []byte, shard bool) int {
	k := channelKind
	if shard {
		k = shardKind
	}
	n := 0
	for _, c := range (*k.byName(&s.pubsub))[string(channel)] {
		c.deliver(k.message, nil, channel, msg)
		n++
	}
	if shard {
		return n
	}
	for pattern, list := range s.pubsub.patterns {
		if !Match([]byte(pattern), channel, false) {
			continue
		}
		for _, c := range list {
			c.deliver(patternKind.message, []byte(pattern), channel, msg)
			n++
		}
	}
	return n
}

// deliver writes one message to one subscriber.
func (c *Client) deliver(kind string, pattern, channel, msg []byte) {
	if c == c.srv.exec.current && c.Flags&FlagExecuting != 0 {
		c.deliverLater(kind, pattern, channel, msg)
		return
	}
	pushing := c.Flags & FlagPushing
	c.Flags |= FlagPushing
	if pattern == nil {
		c.WritePush(3)
		c.WriteBulkString(kind)
	} else {
		c.WritePush(4)
		c.WriteBulkString(kind)
		c.WriteBulk(pattern)
	}
	c.WriteBulk(channel)
	c.WriteBulk(msg)
	if pushing == 0 {
		c.Flags &^= FlagPushing
	}
	c.checkLimit()
}

// deliverLater keeps a message for the client whose command publishes it until
// that command, or its whole transaction, has replied.
func (c *Client) deliverLater(kind string, pattern, channel, msg []byte) {
	push := c.srv.NewFakeClient(FakeOptions{RESP: c.RESP})
	push.deliver(kind, pattern, channel, msg)
	c.srv.AfterUnit(func() {
		defer c.pushing()()
		c.WriteRaw(push.Output())
		c.checkLimit()
	})
}
