package config

import "strings"

// Choice is one word of an enumeration.
type Choice struct {
	// Name is the word.
	Name string
	// Value is the number it stands for; several words may share one.
	Value int
}

// Enum is a parameter that is one of several words or, if Bits is set, any
// number of them.
type Enum struct {
	// Default is the value that need not be written to a file.
	Default int
	// Choices are the words in the order in which they are shown.
	Choices []Choice
	// Bits says that values are sets of bits. The parameter needs MultiArg.
	Bits bool
	// Load and Store reach the value itself. Store may refuse.
	Load  func() int
	Store func(int) error
	// Check may refuse a value before it is compared and stored.
	Check func(int) error
}

// EnumAt is a parameter whose value is *p, which becomes def.
func EnumAt[T ~int | ~int32 | ~uint8](p *T, def T, choices []Choice) *Enum {
	*p = def
	return &Enum{
		Default: int(def), Choices: choices,
		Load:  func() int { return int(*p) },
		Store: func(v int) error { *p = T(v); return nil },
	}
}

// maxEnumText is how much of the list of words an error shows.
const maxEnumText = 255

// Set accepts one of the words, in any case.
func (v *Enum) Set(args []string) (bool, error) {
	n, ok := v.parse(args)
	if !ok {
		names := make([]string, len(v.Choices))
		for i, c := range v.Choices {
			names[i] = c.Name
		}
		text := "argument(s) must be one of the following: " + strings.Join(names, ", ")
		return false, errText("%.*s", maxEnumText, text)
	}
	if v.Check != nil {
		if err := v.Check(n); err != nil {
			return false, err
		}
	}
	if v.Load() == n {
		return false, nil
	}
	return true, v.Store(n)
}

// parse finds the number of the words.
func (v *Enum) parse(args []string) (int, bool) {
	if len(args) == 0 || !v.Bits && len(args) != 1 {
		return 0, false
	}
	n := 0
	for _, arg := range args {
		found := false
		for _, c := range v.Choices {
			if strings.EqualFold(arg, c.Name) {
				n |= c.Value
				found = true
			}
		}
		if !found {
			return 0, false
		}
	}
	return n, true
}

// Get is the word or words.
func (v *Enum) Get() string { return v.name(v.Load()) }

// name finds the words for n. The first word that fits exactly is taken alone;
// otherwise bits are named in the order of the choices.
func (v *Enum) name(n int) string {
	var names []string
	rest := n
	for _, c := range v.Choices {
		if c.Value == n {
			return c.Name
		}
		if v.Bits && c.Value != 0 && c.Value == rest&c.Value {
			names = append(names, c.Name)
			rest &^= c.Value
		}
	}
	if len(names) == 0 || rest != 0 {
		return "unknown"
	}
	return strings.Join(names, " ")
}

// Lines is one line.
func (v *Enum) Lines() []RewriteLine {
	return []RewriteLine{{v.Get(), v.Load() != v.Default}}
}
