package server

import (
	"math"

	"berth/internal/resp"
)

// ClientFlag is a set of states of a client.
type ClientFlag uint64

// The states. Those that CLIENT LIST shows have their letter in the comment.
const (
	FlagReplica           ClientFlag = 1 << iota // S: a replica
	FlagMaster                                   // M: the link to the master
	FlagMonitor                                  // O: sees all commands
	FlagMulti                                    // x: queueing a transaction
	FlagBlocked                                  // b: waits in a blocking command
	FlagDirtyCAS                                 // d: a watched key changed
	FlagDirtyExec                                // queueing failed, EXEC will refuse
	FlagCloseAfterReply                          // c: close when all output is sent
	FlagCloseASAP                                // A: close before the next iteration
	FlagCloseAfterCommand                        // close after the running command and its output
	FlagUnblocked                                // u: input waits to be processed
	FlagUnixSocket                               // U: came in by the unix socket
	FlagPubSub                                   // P: subscribed to something
	FlagReadOnly                                 // r: reads from a cluster replica
	FlagNoEvict                                  // e: not to be closed to save memory
	FlagNoTouch                                  // T: does not count as access to keys
	FlagReplyOff                                 // CLIENT REPLY OFF
	FlagReplySkip                                // this command's reply is not sent
	FlagReplySkipNext                            // the next command's reply is not sent
	FlagPushing                                  // pushes pass although replies are off
	FlagModule                                   // fake client made for a module
	FlagScript                                   // fake client that runs a script
	FlagFake                                     // no connection behind it
	FlagDenyBlocking                             // commands must not block
	FlagExecuting                                // a handler is running for it
	FlagReprocessing                             // a command runs again after a wait
	FlagProtected                                // must not be freed now
	FlagAuthenticated                            // may run commands
	FlagAdopted                                  // made from a descriptor, see AdoptFD
	FlagTracking                                 // t: client side caching
	FlagTrackingBroken                           // R: its redirection target is gone
	FlagTrackingBcast                            // B: client side caching by prefix
	FlagTrackingOptIn                            // only keys read after CLIENT CACHING YES
	FlagTrackingOptOut                           // all keys but those read after CLIENT CACHING NO
	FlagTrackingCaching                          // CLIENT CACHING was sent
	FlagTrackingNoLoop                           // hears nothing of its own changes
	FlagAsking                                   // cluster: ASKING was sent
	FlagFreed                                    // already freed
	FlagModulePreventAOF                         // a module's call must not reach the log
	FlagModulePreventRepl                        // a module's call must not reach replicas
	FlagAllowOOM                                 // runs although memory is short
	flagOutput                                   // output buffer held and scheduled to be sent
	flagWriteEvent                               // waits for the socket to be writable
	flagReadEvent                                // waits for the socket to be readable
	flagCloseQueued                              // in the list of clients to close
	flagProtocolError                            // closed for a protocol error
	flagPostponed                                // waits for CLIENT PAUSE to end
	flagRedacted                                 // arguments of the running command must not be shown
	flagLeaving                                  // modules were told that it goes
	flagUncounted                                // runs a command of a file: no figure tells of it
	flagUnblockQueued                            // in the list of clients to resume
)

// Client is one connection, or a fake client that has none. It belongs to the
// loop.
type Client struct {
	// ID is unique for the life of the server.
	ID uint64
	// Flags are its states.
	Flags ClientFlag
	// fed is how long what was propagated had become, in bytes, when the client wrote
	// last.
	fed int64
	// DB is the number of the selected database.
	DB int
	// RESP is the protocol it speaks, 2 or 3.
	RESP int
	// Name was given by CLIENT SETNAME.
	Name string
	// LibName and LibVer were given by CLIENT SETINFO.
	LibName, LibVer string
	// User is the name it is authenticated as.
	User string
	// Owner is the label of who made the client, nil for an ordinary one.
	Owner any
	// OwnerName is what CLIENT LIST shows as module=.
	OwnerName string
	// Data is for the owner of a fake client.
	Data any

	srv    *Server
	fd     int
	parser resp.Parser
	query  []byte

	out      []byte
	outq     [][]byte
	outqLen  int
	sent     int
	deferred int

	cmd     *Command
	lastCmd *Command
	argv    [][]byte
	// later is a command that waits for CLIENT PAUSE to end.
	later [][]byte
	// duration is the time spent in the running command so far.
	duration int64

	// propagation is how the running command is propagated.
	propagation propagation

	multi   *multiState
	subs    *subscriptions
	blocked *Blocked
	// waits is what a command of the server's waits for, nil for nothing.
	waits *keyWait
	// whenDone is told when the command of a client without a connection has
	// its reply after a wait.
	whenDone func(*Client)
	watched  []watchedKey
	// tracking is nil while client side caching is off.
	tracking *tracking
	// redacted are the arguments of the running command that must not be shown.
	redacted []int
	errors   []string
	onFree   []func(*Client)

	created     int64
	interaction int64
	softSince   int64
	outPeak     int
	// counted is how much memory countMemory has counted for the client, and
	// countedAs its class then.
	counted, countedAs int
	qbPeak             int

	addr, laddr string
	prev, next  *Client
}

// Server is the server the client belongs to.
func (c *Client) Server() *Server { return c.srv }

// FD is the descriptor of its connection, -1 for a fake client.
func (c *Client) FD() int { return c.fd }

// Command is the command that is being executed for it, or the last one.
func (c *Client) Command() *Command { return c.cmd }

// Blocked is what the client waits in, nil when it does not.
func (c *Client) Blocked() *Blocked { return c.blocked }

// FakeOptions say what a fake client is like.
type FakeOptions struct {
	// DB is its selected database.
	DB int
	// RESP is the protocol its replies are written in; 0 means 2.
	RESP int
	// Flags are added to FlagFake.
	Flags ClientFlag
	// User is whose rights it has.
	User string
	// Owner is an opaque label.
	Owner any
}

// AdoptOptions say what a client made from a descriptor is like.
type AdoptOptions struct {
	// Name is its initial connection name.
	Name string
	// Owner is an opaque label, by which FreeOwned finds it.
	Owner any
	// OwnerName is what CLIENT LIST shows as module=.
	OwnerName string
	// OnFree runs once when the client is freed.
	OnFree func(*Client)
}

// AOFClientID is the ID of the client that runs what is read from an append-only
// file.
const AOFClientID = math.MaxUint64

// mustObey reports whether the client's commands have run once already, elsewhere
// or before: they are never refused.
func (c *Client) mustObey() bool {
	return c.Flags&FlagMaster != 0 || c.srv.exec.replaying && c.ID == AOFClientID
}
