package config

import "strings"

// Value is the typed content of a parameter.
type Value interface {
	// Set reads args and stores what they say. changed is false when it was
	// the value already. After an error the value is what it was.
	Set(args []string) (changed bool, err error)
	// Get is the value as CONFIG GET shows it.
	Get() string
	// Lines are what Table.Rewrite writes behind the name.
	Lines() []RewriteLine
}

// RewriteLine is one line of a value in a configuration file.
type RewriteLine struct {
	// Text is what follows the parameter's name.
	Text string
	// Force writes the line even if the old file had none: the value is not
	// the default.
	Force bool
}

// Bool is a parameter that is yes or no.
type Bool struct {
	// Default is the value that need not be written to a file.
	Default bool
	// Load and Store reach the value itself. Store may refuse.
	Load  func() bool
	Store func(bool) error
	// Check may refuse a value before it is compared and stored.
	Check func(bool) error
}

// BoolAt is a parameter whose value is *p, which becomes def.
func BoolAt(p *bool, def bool) *Bool {
	*p = def
	return &Bool{
		Default: def,
		Load:    func() bool { return *p },
		Store:   func(v bool) error { *p = v; return nil },
	}
}

// Set accepts yes and no.
func (v *Bool) Set(args []string) (bool, error) {
	var b bool
	switch strings.ToLower(args[0]) {
	case "yes":
		b = true
	case "no":
	default:
		return false, errText("argument must be 'yes' or 'no'")
	}
	if v.Check != nil {
		if err := v.Check(b); err != nil {
			return false, err
		}
	}
	if v.Load() == b {
		return false, nil
	}
	return true, v.Store(b)
}

// Get is yes or no.
func (v *Bool) Get() string { return yesNo(v.Load()) }

// Lines is one line.
func (v *Bool) Lines() []RewriteLine {
	b := v.Load()
	return []RewriteLine{{yesNo(b), b != v.Default}}
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// String is a parameter that holds any bytes.
type String struct {
	// Default is the value that need not be written to a file.
	Default string
	// EmptyIsNone leaves an empty value out of the file altogether.
	EmptyIsNone bool
	// Load and Store reach the value itself. Store may refuse.
	Load  func() string
	Store func(string) error
	// Check may refuse a value before it is compared and stored.
	Check func(string) error
}

// StringAt is a parameter whose value is *p, which becomes def.
func StringAt(p *string, def string) *String {
	*p = def
	return &String{
		Default: def,
		Load:    func() string { return *p },
		Store:   func(v string) error { *p = v; return nil },
	}
}

// OptionalAt is a parameter whose value is *p, at first "", which stands for
// none.
func OptionalAt(p *string) *String {
	v := StringAt(p, "")
	v.EmptyIsNone = true
	return v
}

// Set accepts anything.
func (v *String) Set(args []string) (bool, error) {
	if v.Check != nil {
		if err := v.Check(args[0]); err != nil {
			return false, err
		}
	}
	if v.Load() == args[0] {
		return false, nil
	}
	return true, v.Store(args[0])
}

// Get is the string.
func (v *String) Get() string { return v.Load() }

// Lines is one quoted line, or none.
func (v *String) Lines() []RewriteLine {
	s := v.Load()
	if s == "" && v.EmptyIsNone {
		return nil
	}
	return []RewriteLine{{Quote(s), s != v.Default}}
}

// Special is a parameter that fits no other type.
type Special struct {
	// OnSet, OnGet and OnLines do what the methods of Value say.
	OnSet   func(args []string) (bool, error)
	OnGet   func() string
	OnLines func() []RewriteLine
}

// Set calls OnSet.
func (v *Special) Set(args []string) (bool, error) { return v.OnSet(args) }

// Get calls OnGet.
func (v *Special) Get() string { return v.OnGet() }

// Lines calls OnLines.
func (v *Special) Lines() []RewriteLine { return v.OnLines() }
