package server

// Settings are the values that the core reads on its hot paths. The
// configuration table writes them; whoever changes one that names a listening
// socket or a limit of the process calls the matching Apply method of Server.
type Settings struct {
	// Bind lists the addresses to listen on; "*" is every IPv4 address, "-"
	// in front means that it may be unavailable, "::*" is every IPv6 address.
	Bind []string
	// Port to listen on; 0 for none.
	Port int
	// ListenAnyPort listens on a free port when Port is 0, for embedders and
	// tests.
	ListenAnyPort bool
	// UnixSocket is the path of a unix socket to listen on, "" for none.
	UnixSocket string
	// UnixSocketPerm is its mode, 0 to leave it to the umask.
	UnixSocketPerm uint32
	// Backlog is the length of the kernel's queue of connections.
	Backlog int
	// ProtectedMode refuses strangers while no password is set.
	ProtectedMode bool
	// RequirePass is the default user's password, "" for none.
	RequirePass string
	// MaxClients is the most connections served at once.
	MaxClients int
	// Timeout closes connections idle for so many seconds; 0 never.
	Timeout int
	// KeepAlive is the TCP keepalive period in seconds, 0 for none.
	KeepAlive int
	// ProtoMaxBulkLen is the longest argument, in bytes.
	ProtoMaxBulkLen int64
	// QueryBufferLimit is the most unparsed input of one client, in bytes.
	QueryBufferLimit int64
	// OutputLimits are the limits of pending output per class.
	OutputLimits [ClassCount]OutputLimit
	// Databases is how many databases there are.
	Databases int
	// Hz is how often a second the periodic work runs.
	Hz int
	// EnableModuleCommand, EnableDebugCommand and EnableProtectedConfigs are
	// "no", "yes" or "local".
	EnableModuleCommand, EnableDebugCommand, EnableProtectedConfigs Protection
}

// Protection says from where a protected command may be called.
type Protection uint8

// The protections.
const (
	ProtectionNo Protection = iota
	ProtectionYes
	ProtectionLocal
)

// OutputLimit bounds the output that waits for a client.
type OutputLimit struct {
	// Hard closes the client at once, in bytes; 0 for no limit.
	Hard int64
	// Soft closes it after SoftSeconds above it, in bytes; 0 for no limit.
	Soft int64
	// SoftSeconds is how long Soft may be exceeded.
	SoftSeconds int64
}

// The classes of clients that have output limits of their own.
const (
	ClassNormal = iota
	ClassReplica
	ClassPubSub
	ClassCount
	ClassMaster = ClassCount
)

// ClassNames are the names of the classes; "slave" is read as "replica".
var ClassNames = [ClassCount + 1]string{"normal", "replica", "pubsub", "master"}

// DefaultSettings are Redis 7.2's defaults.
func DefaultSettings() Settings {
	return Settings{
		Bind:             []string{"*", "-::*"},
		Port:             6379,
		Backlog:          511,
		ProtectedMode:    true,
		MaxClients:       10000,
		KeepAlive:        300,
		ProtoMaxBulkLen:  512 << 20,
		QueryBufferLimit: 1 << 30,
		OutputLimits: [ClassCount]OutputLimit{
			ClassReplica: {Hard: 256 << 20, Soft: 64 << 20, SoftSeconds: 60},
			ClassPubSub:  {Hard: 32 << 20, Soft: 8 << 20, SoftSeconds: 60},
		},
		Databases: 16,
		Hz:        10,
	}
}
