package abi

import (
	"crypto/rand"

	"berth/internal/server"
)

func apiGetRandomBytes(f *frame) {
	_, _ = rand.Read(cbytes(f.uptr(0), int(f.int(1)))) // it never fails: the runtime aborts first
}

func apiGetRandomHexChars(f *frame) {
	const digits = "0123456789abcdef"
	b := cbytes(f.uptr(0), int(f.int(1)))
	_, _ = rand.Read(b)
	for i := range b {
		b[i] = digits[b[i]&15]
	}
}

func apiGetServerVersion(f *frame) { f.setInt(server.VersionNumber) }

func apiGetCurrentCommandName(f *frame) {
	ctx := f.ctx(0)
	if ctx == nil || ctx.client == nil || ctx.client.Command() == nil {
		return
	}
	f.setPtr(commandName(ctx.client.Command()))
}

// commandNames keeps the C strings of command names, one each, for ever.
var commandNames = map[string][]byte{}

func commandName(cmd *server.Command) uintptr {
	b, ok := commandNames[cmd.FullName()]
	if !ok {
		b = append([]byte(cmd.FullName()), 0)
		commandNames[cmd.FullName()] = b
	}
	return addrOf(&b[0])
}

func apiGetClientId(f *frame) {
	if ctx := f.ctx(0); ctx != nil {
		f.setInt(int64(ctx.cell.id))
	}
}

func apiGetSelectedDb(f *frame) {
	if ctx := f.ctx(0); ctx != nil {
		f.setInt(int64(ctx.cell.db))
	}
}

func apiPublishMessage(f *frame)      { f.publish(false) }
func apiPublishMessageShard(f *frame) { f.publish(true) }

func (f *frame) publish(shard bool) {
	if f.ctx(0) == nil {
		return
	}
	channel, msg := f.string(1), f.string(2)
	if channel == nil || msg == nil {
		return
	}
	f.setInt(int64(host.srv.Publish(channel.bytes(), msg.bytes(), shard)))
}
