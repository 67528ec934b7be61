package config

import (
	"errors"
	"fmt"
	"slices"
)

// SetOptions are the circumstances of a Table.Set.
type SetOptions struct {
	// AllowProtected lets parameters with the flag Protected be set.
	AllowProtected bool
	// Loading says that data are being loaded.
	Loading bool
	// Warn is told what goes wrong while old values are restored.
	Warn func(format string, args ...any)
}

// SetError says why nothing was set, in the words of CONFIG SET.
type SetError struct {
	// Arg is the parameter that is to blame.
	Arg string
	// Unknown says that there is no such parameter.
	Unknown bool
	// Loading says that Arg cannot be set while data are loaded.
	Loading bool
	// Err is the reason, nil when none was given.
	Err error
}

// Error is the reply's text without its code.
func (e *SetError) Error() string {
	switch {
	case e.Unknown:
		return "Unknown option or number of arguments for CONFIG SET - '" + e.Arg + "'"
	case e.Err == nil || errors.Is(e.Err, ErrNoText):
		return "CONFIG SET failed (possibly related to argument '" + e.Arg + "')"
	}
	return "CONFIG SET failed (possibly related to argument '" + e.Arg + "') - " + e.Err.Error()
}

// Unwrap gives the reason.
func (e *SetError) Unwrap() error { return e.Err }

// transaction is one Set on its way.
type transaction struct {
	opts   SetOptions
	params []*Param
	// names are what the parameters were called: names or aliases.
	names []string
	old   []string
	apply []*Param
}

// Set sets several parameters: all values are stored, then all are applied. If
// anything fails, all old values are stored again and applied, and a *SetError
// is returned. It gives the names of the parameters in the order of pairs.
func (t *Table) Set(pairs []Pair, opts SetOptions) ([]string, error) {
	tx := transaction{opts: opts}
	if err := tx.resolve(t, pairs); err != nil {
		return nil, err
	}
	for _, p := range tx.params {
		tx.old = append(tx.old, p.Value.Get())
	}
	for i, p := range tx.params {
		changed, err := p.store(pairs[i].Value)
		if err != nil {
			tx.restore(i + 1)
			return nil, &SetError{Arg: tx.names[i], Err: err}
		}
		if changed {
			tx.needApply(p)
		}
	}
	if err := tx.applyAll(); err != nil {
		return nil, err
	}
	return tx.names, nil
}

// resolve finds the parameters and checks that they may be set.
func (tx *transaction) resolve(t *Table, pairs []Pair) error {
	for _, pair := range pairs {
		p := t.Lookup(pair.Name)
		if p == nil {
			return &SetError{Arg: pair.Name, Unknown: true}
		}
		if p.Flags&Immutable != 0 {
			return &SetError{Arg: pair.Name, Err: errText("can't set immutable config")}
		}
		if p.Flags&Protected != 0 && !tx.opts.AllowProtected {
			return &SetError{Arg: pair.Name, Err: errText("can't set protected config")}
		}
		if p.Flags&DenyLoading != 0 && tx.opts.Loading {
			return &SetError{Arg: pair.Name, Loading: true}
		}
		// An alias counts as another parameter, as in Redis: the later value holds.
		for i, have := range tx.params {
			if have == p && tx.names[i] == p.nameFor(pair.Name) {
				return &SetError{Arg: pair.Name, Err: errText("duplicate parameter")}
			}
		}
		tx.params = append(tx.params, p)
		tx.names = append(tx.names, p.nameFor(pair.Name))
	}
	return nil
}

// needApply remembers that p must be applied, unless an equal one is.
func (tx *transaction) needApply(p *Param) {
	if p.Apply == nil {
		return
	}
	for _, have := range tx.apply {
		if have.ApplyKey != nil && have.ApplyKey == p.ApplyKey {
			return
		}
	}
	tx.apply = append(tx.apply, p)
}

// applyAll applies what was stored, the server's own parameters first.
func (tx *transaction) applyAll() error {
	for _, modules := range []bool{false, true} {
		for _, p := range tx.apply {
			if p.Flags&Module != 0 != modules {
				continue
			}
			err := p.Apply()
			if err == nil {
				continue
			}
			if modules {
				tx.warn("Failed applying new module configuration. Restoring previous settings.")
			} else {
				tx.warn("Failed applying new configuration. Possibly related to new %s setting. Restoring previous settings.", p.Name)
			}
			tx.restore(len(tx.params))
			tx.reapply(modules)
			arg := tx.names[slices.Index(tx.params, p)]
			if p.ShortName != "" {
				arg = p.ShortName
			}
			return &SetError{Arg: arg, Err: err}
		}
	}
	return nil
}

// restore stores the old values of the first n parameters.
func (tx *transaction) restore(n int) {
	for i, p := range tx.params[:n] {
		if _, err := p.store(tx.old[i]); err != nil {
			tx.warn("Failed restoring failed CONFIG SET command. Error setting %s to '%s': %s", p.Name, tx.old[i], err)
		}
	}
}

// reapply applies the restored values; modules says whether the modules' had
// been reached.
func (tx *transaction) reapply(modules bool) {
	for _, p := range tx.apply {
		if p.Flags&Module != 0 && !modules {
			continue
		}
		if err := p.Apply(); err != nil {
			tx.warn("Failed applying restored failed CONFIG SET command: %s", err)
		}
	}
}

func (tx *transaction) warn(format string, args ...any) {
	if tx.opts.Warn != nil {
		tx.opts.Warn("%s", fmt.Sprintf(format, args...))
	}
}
