package server

import "errors"

// Sentinel errors of the package.
var (
	// ErrCommandExists is returned when a command's name is taken.
	ErrCommandExists = errors.New("server: command name already in use")
	// ErrAlreadyUnblocked is returned when a blocked client was already
	// unblocked or aborted.
	ErrAlreadyUnblocked = errors.New("server: client already unblocked")
	// ErrNoTimeout is returned for a client that waits for keys, and whose
	// module did not say what it replies when the time is over.
	ErrNoTimeout = errors.New("server: no reply for a client whose time is over")
	// ErrCannotBlock is returned when the client must not be blocked; an
	// error reply has been written to it.
	ErrCannotBlock = errors.New("server: client cannot be blocked")
	// ErrClosed is returned after Close.
	ErrClosed = errors.New("server: closed")
)

// Error replies that several families share, with Redis 7.2's words.
const (
	ErrTextSyntax      = "ERR syntax error"
	ErrTextWrongType   = "WRONGTYPE Operation against a key holding the wrong kind of value"
	ErrTextNotInteger  = "ERR value is not an integer or out of range"
	ErrTextNotFloat    = "ERR value is not a valid float"
	ErrTextNoKey       = "ERR no such key"
	ErrTextOutOfRange  = "ERR index out of range"
	ErrTextNoAuth      = "NOAUTH Authentication required."
	ErrTextExecAbort   = "EXECABORT Transaction discarded because of previous errors."
	ErrTextOOM         = "OOM command not allowed when used memory > 'maxmemory'."
	ErrTextLoading     = "LOADING Redis is loading the dataset in memory"
	ErrTextSameObject  = "ERR source and destination objects are the same"
	ErrTextDBRange     = "ERR DB index is out of range"
	ErrTextInvalidExp  = "ERR invalid expire time in '%s' command"
	ErrTextMaxClients  = "ERR max number of clients reached"
	ErrTextIncrOverrun = "ERR increment or decrement would overflow"
)
