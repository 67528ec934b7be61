package config

import (
	"math"
	"strconv"
)

// IntFormat is how numbers of a parameter are written.
type IntFormat uint8

// The formats may be combined where Redis combines them: Memory|Percent.
const (
	// Memory accepts units such as kb.
	Memory IntFormat = 1 << iota
	// Percent accepts N%, which is stored as -N.
	Percent
	// Octal is for file modes.
	Octal
	// Unsigned takes the value and its limits as unsigned numbers.
	Unsigned
)

// Int is a parameter that is a whole number. Unsigned ones are kept in the
// same bits: the largest is -1.
type Int struct {
	// Default is the value that need not be written to a file.
	Default int64
	// Min and Max are the limits, both included. With Percent, -Min is the
	// largest percentage.
	Min, Max int64
	// Format is how it is written.
	Format IntFormat
	// Load and Store reach the value itself. Store may refuse.
	Load  func() int64
	Store func(int64) error
	// Check may refuse a value before it is compared and stored.
	Check func(int64) error
}

// Integer is what IntAt can point at.
type Integer interface {
	~int | ~int32 | ~int64 | ~uint32 | ~uint64
}

// IntAt is a parameter whose value is *p, which becomes def, with its limits.
func IntAt[T Integer](p *T, def, lo, hi int64, format IntFormat) *Int {
	*p = T(def)
	return &Int{
		Default: def, Min: lo, Max: hi, Format: format,
		Load:  func() int64 { return int64(*p) },
		Store: func(v int64) error { *p = T(v); return nil },
	}
}

// Set accepts what the format says within the limits.
func (v *Int) Set(args []string) (bool, error) {
	n, err := v.parse(args[0])
	if err != nil {
		return false, err
	}
	if err := v.inRange(n); err != nil {
		return false, err
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

// parse reads a number in any of the forms that the format allows.
func (v *Int) parse(s string) (int64, error) {
	if v.Format&Memory != 0 {
		if n, ok := ParseMemory(s); ok {
			return int64(n), nil
		}
	}
	if v.Format&Percent != 0 && len(s) > 1 && s[len(s)-1] == '%' {
		if n, ok := parseInt(s[:len(s)-1]); ok && n >= 0 {
			return -n, nil
		}
	}
	if v.Format&Octal != 0 {
		if n, err := strconv.ParseInt(s, 8, 64); err == nil {
			return n, nil
		}
	}
	if v.Format&^Unsigned == 0 {
		if n, ok := parseInt(s); ok {
			return n, nil
		}
	}
	switch {
	case v.Format&Memory != 0 && v.Format&Percent != 0:
		return 0, errText("argument must be a memory or percent value")
	case v.Format&Memory != 0:
		return 0, errText("argument must be a memory value")
	case v.Format&Octal != 0:
		return 0, errText("argument couldn't be parsed as an octal number")
	}
	return 0, errText("argument couldn't be parsed into an integer")
}

// inRange checks the limits.
func (v *Int) inRange(n int64) error {
	const text = "argument must be between %s and %s inclusive"
	switch {
	case v.Format&Unsigned != 0:
		if uint64(n) > uint64(v.Max) || uint64(n) < uint64(v.Min) {
			base := 10
			if v.Format&Octal != 0 {
				base = 8
			}
			return errText(text, strconv.FormatUint(uint64(v.Min), base), strconv.FormatUint(uint64(v.Max), base))
		}
	case v.Format&Percent != 0 && n < 0:
		if n < v.Min {
			return errText("percentage argument must be less or equal to %d", -v.Min)
		}
	case n > v.Max || n < v.Min:
		return errText(text, strconv.FormatInt(v.Min, 10), strconv.FormatInt(v.Max, 10))
	}
	return nil
}

// Get is the number, memory in bytes.
func (v *Int) Get() string {
	n := v.Load()
	switch {
	case v.Format&Percent != 0 && n < 0:
		return strconv.FormatInt(-n, 10) + "%"
	case v.Format&Memory != 0:
		return strconv.FormatUint(uint64(n), 10)
	case v.Format&Octal != 0:
		return strconv.FormatInt(n, 8)
	}
	return strconv.FormatInt(n, 10)
}

// Lines is one line, memory with a unit.
func (v *Int) Lines() []RewriteLine {
	n := v.Load()
	text := v.Get()
	if v.Format&Memory != 0 && (v.Format&Percent == 0 || n >= 0) {
		text = FormatMemory(uint64(n))
	}
	return []RewriteLine{{text, n != v.Default}}
}

// The limits of the C types that Redis keeps its numbers in.
const (
	MaxInt    = math.MaxInt32
	MinInt    = math.MinInt32
	MaxUint   = math.MaxUint32
	MaxLong   = math.MaxInt64
	MaxUint64 = -1
)
