package abi

import (
	"slices"

	"berth/internal/server"
)

// channelFinder makes the function that asks a command itself which of its
// arguments are channels, as keyFinder does for keys.
func (m *Module) channelFinder(fn uintptr) func([][]byte) []server.ChannelRef {
	return func(argv [][]byte) []server.ChannelRef {
		ctx := newContext(m, nil, true)
		ctx.flags |= ctxChannelsPosition
		ctx.setArgs(argv)
		m.call(server.ByKeys, fn, uint64(ctx.addr()), ctx.argAddr(), uint64(len(argv)), 0, 0, 0)
		refs := slices.Clone(ctx.channels)
		ctx.release(true)
		return refs
	}
}

func apiIsChannelsPositionRequest(f *frame) {
	if ctx := f.ctx(0); ctx != nil {
		f.setBool(ctx.flags&ctxChannelsPosition != 0)
	}
}

// channelFlags are all that a channel's flags may be.
const channelFlags = server.ChannelPattern | server.ChannelPublish | server.ChannelSubscribe | server.ChannelUnsubscribe

func apiChannelAtPosWithFlags(f *frame) {
	ctx := f.ctx(0)
	if ctx == nil || ctx.flags&ctxChannelsPosition == 0 {
		return
	}
	if pos := int(f.i32(1)); pos > 0 && pos < len(ctx.argv) {
		ctx.channels = append(ctx.channels, server.ChannelRef{Pos: pos, Flags: server.ChannelFlag(f.i32(2)) & channelFlags})
	}
}
