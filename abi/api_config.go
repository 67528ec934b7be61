package abi

import (
	"errors"
	"fmt"
	"strings"

	"berth/internal/config"
	"berth/internal/server"
)

// moduleConfig is one parameter that a module registered.
type moduleConfig struct {
	m     *Module
	name  string // without the module's
	cname []byte // the same for C
	get   uintptr
	set   uintptr
	apply uintptr
	data  uintptr
	reset func() error // sets the default
}

// configFlags are the flags that parameters may have, by the interface's bits.
var configFlags = []struct {
	bit  uint32
	flag config.Flag
}{
	{1 << 0, config.Immutable}, {1 << 1, config.Sensitive}, {1 << 4, config.Hidden},
	{1 << 5, config.Protected}, {1 << 6, config.DenyLoading},
}

const (
	configMemory = 1 << 7
	configBits   = 1 << 8
	configAll    = 1<<0 | 1<<1 | 1<<4 | 1<<5 | 1<<6 | configMemory | configBits
)

// configName checks a parameter's name and says what is wrong with it.
func configName(name string) string {
	if name == "" {
		return "Module config names cannot be an empty string."
	}
	for _, ch := range []byte(name) {
		if ch|0x20 < 'a' || ch|0x20 > 'z' {
			if (ch < '0' || ch > '9') && ch != '_' && ch != '-' {
				return fmt.Sprintf("Invalid character %c in Module Config name %s.", ch, name)
			}
		}
	}
	return ""
}

// newConfig checks name and flags of a parameter in arguments 1 and 3. kindBit
// is the flag that only this kind may have.
func (f *frame) newConfig(kindBit uint32) (*moduleConfig, config.Flag) {
	ctx := f.ctx(0)
	if ctx == nil {
		return nil, 0
	}
	name, flags := cstring(f.uptr(1)), uint32(f.int(3))
	problem := configName(name)
	switch {
	case !ctx.module.onLoad:
		problem = "Module configurations can only be registered while the module is loading."
	case flags&^configAll != 0:
		problem = "Invalid flag(s) for configuration"
	case flags&configMemory != 0 && kindBit != configMemory:
		problem = "Numeric flag provided for non-numeric configuration."
	case flags&configBits != 0 && kindBit != configBits:
		problem = "Enum flag provided for non-enum configuration."
	}
	if problem != "" {
		host.srv.Log(server.LogWarning, "%s", problem)
		f.setOK(false)
		return nil, 0
	}
	var out config.Flag
	for _, fl := range configFlags {
		if flags&fl.bit != 0 {
			out |= fl.flag
		}
	}
	return &moduleConfig{m: ctx.module, name: name, cname: append([]byte(name), 0)}, out
}

// callbacks reads the four last arguments, which begin at place i.
func (mc *moduleConfig) callbacks(f *frame, i int) {
	mc.get, mc.set, mc.apply, mc.data = f.uptr(i), f.uptr(i+1), f.uptr(i+2), f.uptr(i+3)
}

// register enters the parameter in the table.
func (mc *moduleConfig) register(f *frame, flags config.Flag, v config.Value, reset func() error) {
	mc.reset = reset
	p := &config.Param{Name: mc.m.name + "." + mc.name, Flags: flags, Value: v}
	if mc.apply != 0 {
		p.Apply = mc.applyNow
		p.ApplyKey = [2]uintptr{mc.apply, mc.data}
		p.ShortName = mc.name
	}
	if err := host.srv.Config.Register(p); err != nil {
		host.srv.Log(server.LogWarning, "Configuration by the name: %s already registered", mc.name)
		f.setOK(false)
		return
	}
	mc.m.configs = append(mc.m.configs, mc)
	f.setOK(true)
}

// refused turns what a callback answered into an error: the status and, if
// given, the text in a string that the host frees.
func refused(status uint64, text uintptr) error {
	var err error
	if int32(status) != statusOK {
		err = errors.New("")
	}
	if text != 0 && headOf(text) == headString {
		s := stringAt(text)
		if err != nil {
			err = errors.New(string(s.bytes()))
		}
		s.release(true)
	}
	return err
}

// store calls the set callback with a value in a register.
func (mc *moduleConfig) store(value uint64) error {
	text := new(uintptr)
	r := mc.m.call(server.ByConfig, mc.set, uint64(addrOf(&mc.cname[0])), value, uint64(mc.data), uint64(addrOf(text)), 0, 0)
	return refused(r, *text)
}

func (mc *moduleConfig) load() uint64 {
	return mc.m.call(server.ByConfig, mc.get, uint64(addrOf(&mc.cname[0])), uint64(mc.data), 0, 0, 0, 0)
}

// applyNow calls the apply callback.
func (mc *moduleConfig) applyNow() error {
	text := new(uintptr)
	var r uint64
	mc.m.withContext(func(ctx *Context) {
		r = mc.m.call(server.ByConfig, mc.apply, uint64(ctx.addr()), uint64(mc.data), uint64(addrOf(text)), 0, 0, 0)
	})
	return refused(r, *text)
}

func apiRegisterBoolConfig(f *frame) {
	mc, flags := f.newConfig(0)
	if mc == nil {
		return
	}
	mc.callbacks(f, 4)
	def := f.i32(2) != 0
	store := func(v bool) error {
		n := uint64(0)
		if v {
			n = 1
		}
		return mc.store(n)
	}
	v := &config.Bool{Default: def, Load: func() bool { return int32(mc.load()) != 0 }, Store: store}
	mc.register(f, flags, v, func() error { return store(def) })
}

func apiRegisterNumericConfig(f *frame) {
	mc, flags := f.newConfig(configMemory)
	if mc == nil {
		return
	}
	mc.callbacks(f, 6)
	def := f.i64(2)
	store := func(n int64) error { return mc.store(uint64(n)) }
	v := &config.Int{
		Default: def, Min: f.i64(4), Max: f.i64(5),
		Load: func() int64 { return int64(mc.load()) }, Store: store,
	}
	if f.int(3)&configMemory != 0 {
		v.Format = config.Memory
	}
	mc.register(f, flags, v, func() error { return store(def) })
}

func apiRegisterStringConfig(f *frame) {
	mc, flags := f.newConfig(0)
	if mc == nil {
		return
	}
	mc.callbacks(f, 4)
	def := cstring(f.uptr(2))
	store := func(text string) error {
		s := newString([]byte(text), true)
		defer s.release(true)
		return mc.store(uint64(s.addr()))
	}
	load := func() string {
		if p := uintptr(mc.load()); headOf(p) == headString {
			return string(stringAt(p).bytes())
		}
		return ""
	}
	mc.register(f, flags, &config.String{Default: def, Load: load, Store: store}, func() error { return store(def) })
}

func apiRegisterEnumConfig(f *frame) {
	mc, flags := f.newConfig(configBits)
	if mc == nil {
		return
	}
	mc.callbacks(f, 7)
	def := int(f.i32(2))
	n := int(f.i32(6))
	names, values := addresses(f.uptr(4), n), f.uptr(5)
	var choices []config.Choice
	for i, p := range names {
		choices = append(choices, config.Choice{Name: cstring(p), Value: int(*(*int32)(at(values + uintptr(i)*4)))})
	}
	store := func(v int) error { return mc.store(uint64(v)) }
	v := &config.Enum{
		Default: def, Choices: choices, Bits: f.int(3)&configBits != 0,
		Load: func() int { return int(int32(mc.load())) }, Store: store,
	}
	if v.Bits {
		flags |= config.MultiArg
	}
	mc.register(f, flags, v, func() error { return store(def) })
}

// apiLoadConfigs gives each of the module's parameters the value that the
// configuration or MODULE LOADEX has for it, or its default, then applies them.
func apiLoadConfigs(f *frame) {
	ctx := f.ctx(0)
	if ctx == nil {
		return
	}
	m := ctx.module
	if !m.onLoad {
		f.setOK(false)
		return
	}
	for _, mc := range m.configs {
		full := m.name + "." + mc.name
		if value, ok := host.srv.Config.TakePending(full); ok {
			if err := host.srv.Config.SetModule(full, value); err != nil {
				host.srv.Log(server.LogWarning, "Issue during loading of configuration %s : %v", full, err)
				f.setOK(false)
				return
			}
		} else if err := mc.reset(); err != nil {
			host.srv.Log(server.LogWarning, "Issue attempting to set default value of configuration %s : %v", mc.name, err)
			f.setOK(false)
			return
		}
	}
	m.loaded = true
	f.setOK(true)
}

// Unconfigured reports whether the module registered parameters and did not
// call LoadConfigs, which makes its loading fail.
func (m *Module) Unconfigured() bool { return len(m.configs) != 0 && !m.loaded }

// PresetConfig gives a value for a parameter of a module that is about to be
// loaded.
func (h *Host) PresetConfig(name, value string) {
	h.srv.Config.Pending[strings.ToLower(name)] = value
	h.presets = append(h.presets, strings.ToLower(name))
}

// Presets is how many preset values no module has claimed.
func (h *Host) Presets() int {
	n := 0
	for _, name := range h.presets {
		if _, ok := h.srv.Config.Pending[name]; ok {
			n++
		}
	}
	return n
}

// ForgetPresets drops the preset values that nobody claimed.
func (h *Host) ForgetPresets() {
	for _, name := range h.presets {
		delete(h.srv.Config.Pending, name)
	}
	h.presets = nil
}
