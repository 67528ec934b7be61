package server

import (
	"errors"

	"berth/internal/config"
)

// protectionChoices are the words of the enable-… parameters.
var protectionChoices = []config.Choice{
	{Name: "no", Value: int(ProtectionNo)},
	{Name: "yes", Value: int(ProtectionYes)},
	{Name: "local", Value: int(ProtectionLocal)},
}

// network adds what concerns sockets, clients and who may do what.
func (l *paramList) network() {
	s := l.c.s
	st := &s.Settings

	l.add("bind", "", multiArg, bindValue(&st.Bind))
	l.apply(func() error {
		if s.Relisten() != nil {
			return errors.New("Failed to bind to specified addresses.")
		}
		return nil
	})
	l.add("port", "", 0, config.IntAt(&st.Port, 6379, 0, 65535, 0))
	l.apply(func() error {
		if s.Relisten() != nil {
			return errors.New("Unable to listen on this port. Check server logs.")
		}
		return nil
	})
	l.add("unixsocket", "", immutable, config.OptionalAt(&st.UnixSocket))
	l.add("unixsocketperm", "", immutable, config.IntAt(&st.UnixSocketPerm, 0, 0, 0o777, config.Octal|asUnsigned))
	l.add("tcp-backlog", "", immutable, config.IntAt(&st.Backlog, 511, 0, config.MaxInt, 0))
	l.add("tcp-keepalive", "", 0, config.IntAt(&st.KeepAlive, 300, 0, config.MaxInt, 0))
	l.add("timeout", "", 0, config.IntAt(&st.Timeout, 0, 0, config.MaxInt, 0))
	l.add("protected-mode", "", 0, config.BoolAt(&st.ProtectedMode, true))
	l.add("maxclients", "", 0, config.IntAt(&st.MaxClients, 10000, 1, config.MaxUint, asUnsigned))
	l.apply(s.applyMaxClients)
	l.add("proto-max-bulk-len", "", 0, config.IntAt(&st.ProtoMaxBulkLen, 512<<20, 1<<20, config.MaxLong, asMemory))
	l.apply(func() error { s.initLimits(); return nil })
	l.add("client-query-buffer-limit", "", 0, config.IntAt(&st.QueryBufferLimit, 1<<30, 1<<20, config.MaxLong, asUnsignedM))
	l.add("client-output-buffer-limit", "", multiArg, outputLimitsValue(&st.OutputLimits))
	l.keepOptional("bind-source-addr", "", 0)
	l.noEffect()
	l.keepInt("socket-mark-id", "", immutable, 0, 0, config.MaxUint, asUnsigned)
	l.noEffect()
	l.add("maxmemory-clients", "", 0, config.IntAt(&l.c.Values.MaxMemoryClients, 0, -100, config.MaxLong, asMemory|config.Percent))
	l.noEffect()

	l.add("requirepass", "", config.Sensitive, config.OptionalAt(&st.RequirePass))
	l.keepString("aclfile", "", immutable, "")
	l.noEffect()
	l.keepEnum("acl-pubsub-default", 0, "resetchannels", "allchannels", "resetchannels")
	l.noEffect()
	l.keepInt("acllog-max-len", "", 0, 128, 0, config.MaxLong, 0)
	l.add("enable-protected-configs", "", immutable, config.EnumAt(&st.EnableProtectedConfigs, ProtectionNo, protectionChoices))
	l.add("enable-debug-command", "", immutable, config.EnumAt(&st.EnableDebugCommand, ProtectionNo, protectionChoices))
	l.add("enable-module-command", "", immutable, config.EnumAt(&st.EnableModuleCommand, ProtectionNo, protectionChoices))

	l.keepInt("io-threads", "", immutable, 1, 1, 128, 0)
	l.keepBool("io-threads-do-reads", "", immutable, false)
}

// tls adds the parameters of a transport that is not there. A port for it
// cannot be had; the others are kept.
func (l *paramList) tls() {
	l.add("tls-port", "", 0, config.IntAt(&l.c.Values.TLSPort, 0, 0, 65535, 0))
	l.apply(func() error {
		if l.c.Values.TLSPort != 0 {
			l.c.s.Log(LogWarning, "berth has no TLS: tls-port must stay 0.")
			return errors.New("Unable to update TLS configuration. Check server logs.")
		}
		return nil
	})
	l.keepInt("tls-session-cache-size", "", 0, 20*1024, 0, config.MaxInt, 0)
	l.keepInt("tls-session-cache-timeout", "", 0, 300, 0, config.MaxInt, 0)
	for name, def := range map[string]bool{
		"tls-cluster": false, "tls-replication": false,
		"tls-prefer-server-ciphers": false, "tls-session-caching": true,
	} {
		l.keepBool(name, "", 0, def)
	}
	l.keepEnum("tls-auth-clients", 0, "yes", "no", "yes", "optional")
	for _, name := range []string{"tls-key-file-pass", "tls-client-key-file-pass"} {
		l.keepOptional(name, "", config.Sensitive)
	}
	for _, name := range []string{
		"tls-cert-file", "tls-key-file", "tls-client-cert-file", "tls-client-key-file", "tls-dh-params-file",
		"tls-ca-cert-file", "tls-ca-cert-dir", "tls-protocols", "tls-ciphers",
		"tls-ciphersuites",
	} {
		l.keepOptional(name, "", 0)
	}
}
