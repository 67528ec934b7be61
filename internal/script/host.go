package script

// Host is what scripts ask of the server. Its methods are called on the goroutine that runs the script, below Run, RunFunction or Load.
type Host interface {
	// Call runs one command for the script and returns its reply: one RESP value in protocol resp (2 or 3), an error reply among
	// them. The arguments are the engine's and only valid during the call; the reply is the host's and valid until the next call.
	Call(argv [][]byte, resp int) (reply []byte)
	// Log writes a line of redis.log, level being 0 (debug) to 3 (warning).
	Log(level int, text string)
	// SetRepl is redis.set_repl: bit 1 for the append-only file, bit 2 for replicas.
	SetRepl(to int)
	// Allowed is redis.acl_check_cmd; an error says that there is no such command.
	Allowed(argv [][]byte) (bool, error)
	// Tick is called every TickEvery instructions. An error ends the script whatever it protects itself with; its text is the
	// reply's, without code ("Script killed by user with SCRIPT KILL...").
	Tick() error
}

// Reply is where a script's result goes, in the protocol of the client that asked for it. Texts of errors begin with their code.
type Reply interface {
	RESP() int
	WriteInt(n int64)
	WriteBool(v bool)
	WriteBulk(b []byte)
	WriteBulkString(s string)
	WriteStatus(s string)
	WriteNull()
	WriteArray(n int)
	WriteMap(n int)
	WriteSet(n int)
	WriteDouble(f float64)
	WriteBigNumber(digits string)
	WriteVerbatim(format string, b []byte)
	WriteError(msg string)
	// WriteCountedError replies an error that the statistics already hold: a command failed with it inside the script.
	WriteCountedError(msg string)
}
