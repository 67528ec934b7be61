package script

import (
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// Engine runs the scripts of one server. EVAL's scripts and the functions of libraries live in Lua states of their own, as in Redis:
// neither sees the other's globals. An Engine belongs to one goroutine at a time.
type Engine struct {
	host    Host
	version string
	maxHeap uint64
	evals   *state
	libs    *state
}

// New makes an engine for host. version ("7.2.6") is what redis.REDIS_VERSION tells.
func New(host Host, version string) *Engine {
	e := &Engine{host: host, version: version, maxHeap: maxHeap}
	e.ResetScripts()
	e.ResetFunctions()
	return e
}

// ResetScripts forgets all that EVAL's scripts left behind (SCRIPT FLUSH). Scripts that were compiled before still run. It must not
// be called while a script runs.
func (e *Engine) ResetScripts() { e.evals = newState(e, false) }

// ResetFunctions does the same for functions (FUNCTION FLUSH). Functions that were loaded before still run, in the old state.
func (e *Engine) ResetFunctions() { e.libs = newState(e, true) }

// Running tells whether a script or function is on the stack: another is refused then.
func (e *Engine) Running() bool { return e.evals.running || e.libs.running }

// versionNumber is the version as 0x00MMmmpp.
func (e *Engine) versionNumber() int {
	n := 0
	for _, part := range strings.SplitN(e.version, ".", 3) {
		v, _ := strconv.Atoi(part)
		n = n<<8 | v&0xff
	}
	return n
}

// Depths of the interpreter. Frames are Lua calls, as in Lua's LUAI_MAXCALLS; slots are registers of all frames of one thread.
const (
	maxFrames  = 20000
	firstSlots = 256
	slotsStep  = 1 << 14
	maxSlots   = 1 << 20
)

// state is one Lua world: globals, libraries and the threads that run in it.
type state struct {
	e       *Engine
	library bool
	L       *lua.LState // the root of the threads; it runs nothing itself

	globals *lua.LTable // what scripts may read
	env     *lua.LTable // the shield before them: the environment of all code
	envMeta *lua.LTable
	loadAPI *lua.LTable // what stands for globals while a library loads
	shields map[*lua.LTable]*lua.LTable
	fronts  map[*lua.LTable]*lua.LTable

	free    []*thread
	budget  budget
	running bool
	ours    bool // the error that is being raised has its final text
	loading *loading
	null    *lua.LUserData // cjson.null
	resp    int
	replied int // values of the result that were written
	random  rand48
	argv    [][]byte
	argBuf  []byte
	inCall  bool

	current             *lua.LState // the coroutine that runs
	coroutines          int
	coCreate, coResume  lua.LGFunction
	iterNext, iterArray *lua.LFunction
	operators           [2]*lua.LFunction // in the order of the hidden locals
	nested              int
}

func newState(e *Engine, library bool) *state {
	s := &state{e: e, library: library, resp: 2, random: newRand48(),
		shields: map[*lua.LTable]*lua.LTable{}, fronts: map[*lua.LTable]*lua.LTable{}}
	s.L = lua.NewState(lua.Options{
		SkipOpenLibs: true, MinimizeStackMemory: true, CallStackSize: maxFrames,
		RegistrySize: firstSlots, RegistryGrowStep: slotsStep, RegistryMaxSize: maxSlots,
	})
	s.budget.s = s
	s.open()
	return s
}
