package script

import (
	"errors"

	lua "github.com/yuin/gopher-lua"
)

// Script is a compiled body of EVAL. It may be run any number of times, by the engine that compiled it.
type Script struct {
	// SHA is the hexadecimal SHA1 of the body, by which EVALSHA finds it.
	SHA string
	// Flags are those of the shebang.
	Flags Flags
	// Compat is true for a body without a shebang.
	Compat bool

	proto *lua.FunctionProto
	size  int
}

// ErrCompile is wrapped by errors of bodies that are no Lua.
var ErrCompile = errors.New("script: compile")

// SHA1 is the name of a script: 40 lower-case hexadecimal digits of its body's SHA1.
func SHA1(body []byte) string { return sha1Hex(body) }

// Compile reads a body of EVAL. The error's text is the reply's, with its code. Nothing of code is kept.
func (e *Engine) Compile(code []byte) (*Script, error) {
	flags, compat, size, err := ScriptFlags(code)
	if err != nil {
		return nil, err
	}
	proto, err := compile(string(code[size:]), "user_script")
	if err != nil {
		return nil, &textError{"ERR Error compiling script (new function): " + err.Error(), ErrCompile}
	}
	return &Script{SHA: sha1Hex(code), Flags: flags, Compat: compat, proto: proto, size: protoSize(proto)}, nil
}

// Run runs a script and writes exactly one reply, which may be an error. It must not be called while another script of the engine
// runs (see Running). Keys and arguments are copied.
func (e *Engine) Run(script *Script, keys, args [][]byte, out Reply) {
	s := e.evals
	s.globals.RawSetString("KEYS", s.texts(keys))
	s.globals.RawSetString("ARGV", s.texts(args))
	s.run(s.instance(s.L, script.proto), nil, script.SHA, out)
}

// texts makes an array of copies.
func (s *state) texts(list [][]byte) *lua.LTable {
	t := s.L.CreateTable(len(list), 0)
	for _, b := range list {
		t.Append(lua.LString(b))
	}
	return t
}

// run calls fn and replies its result. name is what errors call the script.
func (s *state) run(fn *lua.LFunction, args []lua.LValue, name string, out Reply) {
	if s.running {
		panic("BUG: a script was started inside a script")
	}
	s.begin()
	defer s.end()
	t, fail := s.call(fn, args)
	if fail != nil {
		s.replyFailure(out, fail, name)
		return
	}
	v := t.L.Get(1)
	s.reply(out, v, 0)
	s.release(t)
}

// manyTurns is from where on a run counts as long.
const manyTurns = 1000

func (s *state) begin() {
	s.running, s.nested, s.resp, s.replied = true, 0, 2, 0
	s.inCall, s.ours, s.current = false, false, nil
	s.budget.begin()
}

func (s *state) end() {
	s.running = false
	if s.budget.turns > manyTurns {
		s.free = nil // a long run may have left them large
	}
}

// replyFailure replies the error that ended a script, with where it happened.
func (s *state) replyFailure(out Reply, fail *failure, name string) {
	text, counted := s.failureText(fail), false
	if t, ok := fail.value.(*lua.LTable); ok {
		flag, _ := s.behind(t).RawGetString("ignore_error_stats_update").(lua.LBool)
		counted = bool(flag)
	}
	if fail.source != "" {
		text += " script: " + name + ", on " + fail.source + ":" + fail.line + "."
	}
	if counted {
		out.WriteCountedError(text)
		return
	}
	out.WriteError(text)
}

// protoSize is about how much memory compiled code takes.
func protoSize(p *lua.FunctionProto) int {
	const word, value = 8, 16
	n := 256 + len(p.Code)*(4+word) + len(p.Constants)*(2*value) + len(p.DbgLocals)*(2*value) + len(p.DbgCalls)*(2*value)
	for _, c := range p.Constants {
		if text, ok := c.(lua.LString); ok {
			n += len(text)
		}
	}
	for _, inner := range p.FunctionPrototypes {
		n += protoSize(inner)
	}
	return n
}

// Size is about how much memory the compiled script takes, in bytes.
func (s *Script) Size() int { return s.size }

// Memory is about how much memory the Lua states of EVAL and of functions take, in bytes: the interpreter allocates from the Go
// heap, which does not tell one user from another, so this counts what is known to stand.
func (e *Engine) Memory() (scripts, functions int64) { return e.evals.memory(), e.libs.memory() }
