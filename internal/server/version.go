package server

// RedisVersion is the version that INFO, HELLO and modules are told. Clients
// and modules choose what they use by it, so it is that of the Redis whose
// commands, replies and module interface berth follows.
const RedisVersion = "7.2.6"

// VersionNumber is RedisVersion in the form of RedisModule_GetServerVersion:
// one byte each for major, minor and patch.
const VersionNumber = 0x00070206

// Version is berth's own version.
const Version = "0.1.0"
