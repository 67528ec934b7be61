package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Flag says what is special about a parameter.
type Flag uint16

// The flags.
const (
	// Immutable cannot be set at run time.
	Immutable Flag = 1 << iota
	// Protected can be set at run time only if enable-protected-configs says
	// so.
	Protected
	// Sensitive values must not be shown in logs.
	Sensitive
	// DenyLoading cannot be set while data are loaded.
	DenyLoading
	// Hidden is shown only when asked for by its full name.
	Hidden
	// MultiArg takes several arguments. At run time they are one string, cut
	// at spaces.
	MultiArg
	// Volatile is applied even when the value did not change, for it names
	// something, such as a file, whose content may have.
	Volatile
	// Module belongs to a module: it is applied after all others.
	Module
)

// Param is one parameter.
type Param struct {
	// Name is what it is called.
	Name string
	// Alias is an older name that works as well, "" for none.
	Alias string
	// Flags tell what is special about it.
	Flags Flag
	// Value is its typed content.
	Value Value
	// Apply makes a new value take effect after all parameters of one CONFIG
	// SET were stored. nil when storing is all there is to do.
	Apply func() error
	// ApplyKey is what tells Apply functions apart: of those with equal keys
	// only the first is called in one CONFIG SET. nil is equal to none.
	ApplyKey any
	// ShortName is what an error of Apply calls the parameter; "" for Name.
	ShortName string
}

// Table holds parameters by name. Case does not matter in names.
type Table struct {
	// byName has the lower-case names and aliases as keys.
	byName map[string]*Param
}

// NewTable makes an empty table.
func NewTable() *Table { return &Table{byName: make(map[string]*Param)} }

// keys are the parameter's names as the table knows them.
func (p *Param) keys() []string {
	if p.Alias == "" {
		return []string{strings.ToLower(p.Name)}
	}
	return []string{strings.ToLower(p.Name), strings.ToLower(p.Alias)}
}

// nameFor is the name or the alias, whichever asked is in another case.
func (p *Param) nameFor(asked string) string {
	if strings.EqualFold(asked, p.Alias) {
		return p.Alias
	}
	return p.Name
}

// Add puts a parameter into the table, under its alias too. ErrExists is
// returned when a name is taken.
func (t *Table) Add(p *Param) error {
	for _, key := range p.keys() {
		if _, taken := t.byName[key]; taken {
			return fmt.Errorf("%w: %s", ErrExists, key)
		}
	}
	for _, key := range p.keys() {
		t.byName[key] = p
	}
	return nil
}

// Remove takes a parameter out and reports whether it was there.
func (t *Table) Remove(name string) bool {
	p := t.Lookup(name)
	if p == nil {
		return false
	}
	for _, key := range p.keys() {
		delete(t.byName, key)
	}
	return true
}

// Lookup finds a parameter by name or alias, nil when there is none.
func (t *Table) Lookup(name string) *Param {
	if p, ok := t.byName[name]; ok {
		return p
	}
	return t.byName[strings.ToLower(name)]
}

// Pair is a name with its value.
type Pair struct{ Name, Value string }

// Get gives what CONFIG GET replies: the values of all parameters that one of
// the patterns names or matches, each once under each of its names that is
// asked for. A name without wildcards is shown as it was written. match says
// whether a pattern, which has wildcards, matches a name.
func (t *Table) Get(patterns []string, match func(pattern, name string) bool) []Pair {
	var found []Pair
	seen := make(map[string]bool)
	add := func(shown, key string, p *Param) {
		if !seen[key] {
			seen[key] = true
			found = append(found, Pair{shown, p.Value.Get()})
		}
	}
	var keys []string
	for _, pattern := range patterns {
		if !strings.ContainsAny(pattern, "[*?") {
			if p := t.Lookup(pattern); p != nil {
				add(pattern, strings.ToLower(pattern), p)
			}
			continue
		}
		if keys == nil {
			keys = slices.Sorted(maps.Keys(t.byName))
		}
		for _, key := range keys {
			p := t.byName[key]
			name := p.nameFor(key)
			if p.Flags&Hidden == 0 && match(pattern, name) {
				add(name, key, p)
			}
		}
	}
	return found
}

// Params lists the parameters in alphabetical order of their names.
func (t *Table) Params() []*Param {
	var list []*Param
	for _, key := range slices.Sorted(maps.Keys(t.byName)) {
		if p := t.byName[key]; key == strings.ToLower(p.Name) {
			list = append(list, p)
		}
	}
	return list
}

// Load sets one parameter from a directive in a file: args begins with its
// name. ErrDirective is returned when there is no such parameter. Nothing is
// applied.
func (t *Table) Load(args []string) error {
	p := t.Lookup(args[0])
	if p == nil {
		return ErrDirective
	}
	values := args[1:]
	if p.Flags&MultiArg == 0 && len(values) != 1 {
		return ErrArgs
	}
	if p.Flags&MultiArg != 0 && len(values) == 1 && values[0] != "" {
		// One argument may hold them all: --save "900 1".
		split, err := Split(values[0])
		if err != nil {
			return err
		}
		values = split
	}
	_, err := p.Value.Set(values)
	return err
}

// store sets a parameter from one string.
func (p *Param) store(value string) (bool, error) {
	args := []string{value}
	if p.Flags&MultiArg != 0 {
		args = nil
		if value != "" {
			args = strings.Split(value, " ")
		}
	}
	changed, err := p.Value.Set(args)
	return changed || p.Flags&Volatile != 0, err
}

// SetModule sets a parameter that belongs to a module, and applies nothing.
// ErrNotFound is returned when it is missing or not a module's.
func (t *Table) SetModule(name, value string) error {
	p := t.Lookup(name)
	if p == nil || p.Flags&Module == 0 {
		return ErrNotFound
	}
	_, err := p.store(value)
	return err
}
