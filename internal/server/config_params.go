package server

import (
	"berth/internal/config"
)

// The flags and formats that the tables of parameters use most.
const (
	immutable   = config.Immutable
	hidden      = config.Hidden
	multiArg    = config.MultiArg
	asMemory    = config.Memory
	asUnsigned  = config.Unsigned
	asUnsignedM = config.Memory | config.Unsigned
)

// paramList gathers parameters. Those added by a method whose name begins with
// keep hold their value themselves: other parts read it by Config.Int, Bool
// or String, or not at all.
type paramList struct {
	c    *Config
	list []*config.Param
}

// params are all parameters of Redis 7.2.
func (c *Config) params() []*config.Param {
	l := &paramList{c: c}
	l.network()
	l.process()
	l.memory()
	l.encodings()
	l.persistence()
	l.replication()
	l.cluster()
	l.tls()
	return l.list
}

// add adds a parameter. name may be "name alias".
func (l *paramList) add(name, alias string, flags config.Flag, v config.Value) *config.Param {
	p := &config.Param{Name: name, Alias: alias, Flags: flags, Value: v}
	l.list = append(l.list, p)
	return p
}

// apply makes fn the way in which the parameter added last takes effect.
func (l *paramList) apply(fn func() error) {
	p := l.list[len(l.list)-1]
	p.Apply = fn
	p.ApplyKey = p.Name
}

// noEffect marks the parameter added last as one that changes nothing yet,
// although a user would expect it to. The log says so at the start when it is
// set.
func (l *paramList) noEffect() { l.c.inert[l.list[len(l.list)-1].Name] = "" }

func (l *paramList) keepBool(name, alias string, flags config.Flag, def bool) {
	l.add(name, alias, flags, config.BoolAt(new(bool), def))
}

func (l *paramList) keepInt(name, alias string, flags config.Flag, def, lo, hi int64, format config.IntFormat) {
	l.add(name, alias, flags, config.IntAt(new(int64), def, lo, hi, format))
}

func (l *paramList) keepString(name, alias string, flags config.Flag, def string) *config.String {
	v := config.StringAt(new(string), def)
	l.add(name, alias, flags, v)
	return v
}

// keepOptional adds a string that is none when it is empty.
func (l *paramList) keepOptional(name, alias string, flags config.Flag) *config.String {
	v := config.OptionalAt(new(string))
	l.add(name, alias, flags, v)
	return v
}

// keepEnum adds an enumeration whose words stand for their positions.
func (l *paramList) keepEnum(name string, flags config.Flag, def string, words ...string) {
	n, choices := 0, make([]config.Choice, len(words))
	for i, word := range words {
		choices[i] = config.Choice{Name: word, Value: i}
		if word == def {
			n = i
		}
	}
	l.add(name, "", flags, config.EnumAt(new(int), n, choices))
}
