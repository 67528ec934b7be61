package abi

import (
	"net"
	"strconv"

	"golang.org/x/sys/unix"

	"berth/internal/server"
)

// clientInfo is RedisModuleClientInfo, version 1. Its second field holds bits.
type clientInfo struct {
	version uint64
	flags   uint64
	id      uint64
	addr    [46]byte
	port    uint16
	db      uint16
}

// clientFlags are the bits of a client's information, with what they mean here.
var clientFlags = []struct {
	bit  uint64
	flag server.ClientFlag
}{
	{1 << 1, server.FlagPubSub}, {1 << 2, server.FlagBlocked}, {1 << 3, server.FlagTracking},
	{1 << 4, server.FlagUnixSocket}, {1 << 5, server.FlagMulti},
}

func apiGetClientInfoById(f *frame) {
	p := f.uptr(0)
	c := host.srv.ClientByID(f.int(1))
	if c == nil {
		f.setOK(false)
		return
	}
	f.setOK(true)
	if p == 0 {
		return // the module only asks whether there is such a client
	}
	ci := (*clientInfo)(at(p))
	if ci.version != 1 {
		f.setOK(false)
		return
	}
	ci.fill(c)
}

// fill writes what there is to know of a client.
func (ci *clientInfo) fill(c *server.Client) {
	*ci = clientInfo{version: 1, id: c.ID, db: uint16(c.DB)}
	for _, b := range clientFlags {
		if c.Flags&b.flag != 0 {
			ci.flags |= b.bit
		}
	}
	if c.Flags&server.FlagUnixSocket != 0 {
		copy(ci.addr[:], "/unixsocket") // as Redis calls them all
		return
	}
	if addr, port, err := net.SplitHostPort(c.Addr()); err == nil {
		copy(ci.addr[:len(ci.addr)-1], addr)
		n, _ := strconv.ParseUint(port, 10, 16) // 0 for a unix socket
		ci.port = uint16(n)
	}
}

// clientByID finds the client whose id is in argument i; if there is none, the
// call fails with ENOENT.
func (f *frame) clientByID(i int) *server.Client {
	c := host.srv.ClientByID(f.int(i))
	if c == nil {
		f.fail(int32(unix.ENOENT))
	}
	return c
}

func apiGetClientNameById(f *frame) {
	if c := f.clientByID(1); c != nil && c.Name != "" {
		f.giveString([]byte(c.Name))
	}
}

func apiSetClientNameById(f *frame) {
	name := f.string(1)
	if name == nil {
		return
	}
	c := f.clientByID(0)
	if c == nil {
		return
	}
	if !server.ValidName(name.bytes()) {
		f.fail(errnoInvalid)
		return
	}
	c.Name = string(name.bytes())
	f.setOK(true)
}

func apiGetClientUserNameById(f *frame) {
	if c := f.clientByID(1); c != nil {
		f.giveString([]byte(c.User))
	}
}

// apiGetClientCertificate answers NULL: no connection is encrypted, so no client
// has shown a certificate.
func apiGetClientCertificate(f *frame) { f.setPtr(0) }

func apiRedactClientCommandArgument(f *frame) {
	ctx, ok := f.optCtx(0)
	if !ok {
		return
	}
	pos := int(f.i32(1))
	if ctx == nil || ctx.client == nil || pos <= 0 || pos >= ctx.client.ArgCount() {
		f.setOK(false)
		return
	}
	ctx.client.Redact(pos)
	f.setOK(true)
}
