package script

import (
	"bytes"
	"errors"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// Library is a loaded library of functions. It belongs to the engine that loaded it, and lives as long as anybody keeps it.
type Library struct {
	// Name is what the code's first line names it.
	Name string
	// Code is the whole source, as it was given: a copy.
	Code []byte
	// Functions are those it registered, in the order in which it did.
	Functions []*Function

	state *state
	size  int
}

// Function is one function of a library.
type Function struct {
	// Name is what FCALL calls it by.
	Name string
	// Description is its author's, when HasDescription.
	Description    string
	HasDescription bool
	// Flags are those it was registered with.
	Flags Flags
	// Library is what it is part of.
	Library *Library

	fn *lua.LFunction
}

// Errors of Load and LibraryName, which wrap them; their texts are replies, with code.
var (
	// ErrMetadata is wrapped when the first line is no good.
	ErrMetadata = errors.New("script: library metadata")
	// ErrRegister is wrapped when the library's body failed or registered nothing.
	ErrRegister = errors.New("script: library body")
)

func metadataError(text string) error { return &textError{"ERR " + text, ErrMetadata} }

const badName = "Library names can only contain letters, numbers, or underscores(_) and must be at least one character long"

// LibraryName reads the first line of a library: "#!lua name=mylib". Redis looks whether there is such a library already before it
// reads the rest, so this is a step of its own.
func LibraryName(code []byte) (string, error) {
	name, _, err := metadata(code)
	return name, err
}

func metadata(code []byte) (name string, size int, err error) {
	if !bytes.HasPrefix(code, []byte("#!")) {
		return "", 0, metadataError("Missing library metadata")
	}
	size = bytes.IndexByte(code, '\n')
	if size < 0 {
		return "", 0, metadataError("Invalid library metadata")
	}
	parts, ok := splitArgs(string(code[:size]))
	if !ok || len(parts) == 0 {
		return "", 0, metadataError("Invalid library metadata")
	}
	named := false
	for _, part := range parts[1:] {
		const key = "name="
		if len(part) < len(key) || !strings.EqualFold(part[:len(key)], key) {
			return "", 0, metadataError("Invalid metadata value given: " + part)
		}
		if named {
			return "", 0, metadataError("Invalid metadata value, name argument was given multiple times")
		}
		name, named = part[len(key):], true
	}
	if !named {
		return "", 0, metadataError("Library name was not given")
	}
	if !validName(name) {
		return "", 0, metadataError(badName)
	}
	if engine := parts[0][len("#!"):]; !strings.EqualFold(engine, "lua") {
		return "", 0, metadataError("Engine '" + engine + "' not found")
	}
	return name, size, nil
}

func validName(name string) bool {
	for i := 0; i < len(name); i++ {
		c := name[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_') {
			return false
		}
	}
	return name != ""
}

// loading is the library whose body runs.
type loading struct{ lib *Library }

// Load runs a library's body, which registers its functions. Host.Tick is asked as for a script; its error ends the loading
// ("FUNCTION LOAD timeout"). The error's text is a reply.
func (e *Engine) Load(code []byte) (*Library, error) {
	name, size, err := metadata(code)
	if err != nil {
		return nil, err
	}
	proto, err := compile(string(code[size:]), "user_function")
	if err != nil {
		return nil, &textError{"ERR Error compiling function: " + err.Error(), ErrCompile}
	}
	s := e.libs
	if s.running {
		panic("BUG: a library was loaded inside a function")
	}
	lib := &Library{Name: name, Code: bytes.Clone(code), state: s, size: protoSize(proto)}
	s.begin()
	s.loading = &loading{lib}
	s.envMeta.RawSetString("__index", s.loadAPI)
	defer func() {
		s.envMeta.RawSetString("__index", s.globals)
		s.loading = nil
		s.end()
	}()
	t, fail := s.call(s.instance(s.L, proto), nil)
	if fail != nil {
		return nil, &textError{"ERR Error registering functions: " + s.failureText(fail), ErrRegister}
	}
	s.release(t)
	if len(lib.Functions) == 0 {
		return nil, &textError{"ERR No functions registered", ErrRegister}
	}
	return lib, nil
}

// failureText is an error's text without the place.
func (s *state) failureText(fail *failure) string {
	t, ok := fail.value.(*lua.LTable)
	if !ok {
		return "ERR " + plainText(fail.value)
	}
	text, ok := toString(s.behind(t).RawGetString("err"))
	if !ok {
		text = "ERR unknown error"
	}
	return cString(text)
}

// RunFunction runs a function and writes exactly one reply, as Run does.
func (e *Engine) RunFunction(f *Function, keys, args [][]byte, out Reply) {
	s := f.Library.state
	s.run(f.fn, []lua.LValue{s.texts(keys), s.texts(args)}, f.Name, out)
}

// Size is about how much memory the library takes beside its code's text, in bytes.
func (l *Library) Size() int { return l.size }

func registerFunction(s *state, L *lua.LState) int {
	if s.loading == nil {
		s.raiseRedis(L, "redis.register_function can only be called on FUNCTION LOAD command")
	}
	f := &Function{Library: s.loading.lib}
	text := ""
	switch n := L.GetTop(); n {
	case 1:
		text = s.namedArgs(L, f)
	case 2:
		text = s.positionalArgs(L, f)
	default:
		text = "wrong number of arguments to redis.register_function"
	}
	if text == "" && !validName(f.Name) {
		text = badName
	}
	for _, other := range f.Library.Functions {
		if text == "" && other.Name == f.Name {
			text = "Function already exists in the library"
		}
	}
	if text != "" {
		s.raiseRedis(L, text)
	}
	f.Library.Functions = append(f.Library.Functions, f)
	return 0
}

func (s *state) positionalArgs(L *lua.LState, f *Function) string {
	name, ok := toString(L.Get(1))
	if !ok {
		return "first argument to redis.register_function must be a string"
	}
	f.Name = name
	if f.fn, ok = L.Get(2).(*lua.LFunction); !ok {
		return "second argument to redis.register_function must be a function"
	}
	return ""
}

func (s *state) namedArgs(L *lua.LState, f *Function) string {
	t, ok := L.Get(1).(*lua.LTable)
	if !ok {
		return "calling redis.register_function with a single argument is only applicable to Lua table (representing named arguments)."
	}
	t = s.behind(t)
	named := false
	for k, v := t.Next(lua.LNil); k != lua.LNil; k, v = t.Next(k) {
		key, ok := toString(k)
		if !ok {
			return "named argument key given to redis.register_function is not a string"
		}
		switch strings.ToLower(key) {
		case "function_name":
			if f.Name, named = toString(v); !named {
				return "function_name argument given to redis.register_function must be a string"
			}
		case "description":
			if f.Description, f.HasDescription = toString(v); !f.HasDescription {
				return "description argument given to redis.register_function must be a string"
			}
		case "callback":
			if f.fn, ok = v.(*lua.LFunction); !ok {
				return "callback argument given to redis.register_function must be a function"
			}
		case "flags":
			list, ok := v.(*lua.LTable)
			if !ok {
				return "flags argument to redis.register_function must be a table representing function flags"
			}
			if f.Flags, ok = s.readFlags(L, list); !ok {
				return "unknown flag given"
			}
		default:
			return "unknown argument given to redis.register_function"
		}
	}
	if !named {
		return "redis.register_function must get a function name argument"
	}
	if f.fn == nil {
		return "redis.register_function must get a callback argument"
	}
	return ""
}

func (s *state) readFlags(L *lua.LState, list *lua.LTable) (flags Flags, ok bool) {
	for i := 1; ; i++ {
		v := L.GetTable(list, lua.LNumber(i))
		if v == lua.LNil {
			return flags, true
		}
		name, ok := toString(v)
		flag := flagOf(strings.ToLower(name))
		if !ok || flag == 0 {
			return 0, false
		}
		flags |= flag
	}
}
