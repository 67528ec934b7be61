package abi

import (
	"strconv"

	"berth/internal/server"
)

// callState is what one Call works with. States are kept for the next call, so
// that calling a command allocates nothing; nested calls have one each. They
// belong to the holder of the host lock.
type callState struct {
	client *server.Client
	// argv and ends are the arguments and where each ends in data, which has
	// copies of them all: neither a callback within the call nor the command
	// may see memory of the module's that can go.
	argv [][]byte
	ends []int
	data []byte
	// flags are what the format asked for besides.
	flags callFlags
	// options are those of the client.
	options server.FakeOptions
}

var callStates []*callState

// keptData is the size of arguments up to which their memory is kept, in bytes.
const keptData = 64 << 10

// beginCall takes a state. endCall gives it back.
func beginCall() *callState {
	if n := len(callStates); n > 0 {
		st := callStates[n-1]
		callStates = callStates[:n-1]
		st.ends, st.data = st.ends[:0], st.data[:0]
		return st
	}
	return new(callState)
}

func endCall(st *callState) {
	if cap(st.data) > keptData {
		st.data = nil
	}
	clear(st.argv)
	st.flags = callFlags{}
	callStates = append(callStates, st)
}

// add appends a copy of an argument.
func (st *callState) add(b []byte) {
	st.data = append(st.data, b...)
	st.ends = append(st.ends, len(st.data))
}

func (st *callState) addInt(n int64) {
	st.data = strconv.AppendInt(st.data, n, 10)
	st.ends = append(st.ends, len(st.data))
}

// args are all the arguments added, until the state is given back.
func (st *callState) args() [][]byte {
	argv, from := st.argv[:0], 0
	for _, end := range st.ends {
		argv = append(argv, st.data[from:end:end])
		from = end
	}
	st.argv = argv
	return argv
}

// fake is a client to run the command on, with the state's options.
func (st *callState) fake() *server.Client {
	if st.client == nil || !st.client.Reuse(&st.options) {
		st.client = host.srv.NewFakeClient(st.options)
	}
	return st.client
}

// calledByName remembers the commands with a quick form that modules called, by the
// address of the name: it mostly is a constant. The lock holder's.
var calledByName [64]*server.Command

// byName is where a command of a name at p is remembered.
func byName(p uintptr) **server.Command {
	const mix = 0x9e3779b97f4a7c15
	return &calledByName[uint64(p)*mix>>58]
}

// remember notes which command a name stood for.
func remember(name uintptr, cmd *server.Command) {
	if at := byName(name); *at != cmd {
		*at = cmd
	}
}
