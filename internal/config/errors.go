package config

import (
	"errors"
	"fmt"
)

// Sentinel errors. Where a text is shown to users it is Redis's.
var (
	// ErrQuotes is returned for a line whose quotes do not match.
	ErrQuotes = errors.New("Unbalanced quotes in configuration line")
	// ErrDirective is returned by Table.Load for a name it does not have.
	ErrDirective = errors.New("Bad directive or wrong number of arguments")
	// ErrArgs is returned for a directive with too few or too many arguments.
	ErrArgs = errors.New("wrong number of arguments")
	// ErrIncludeDepth is returned when files include each other without end.
	ErrIncludeDepth = errors.New("include nested too deeply")
	// ErrExists is returned by Table.Add for a name that is taken.
	ErrExists = errors.New("config: parameter exists")
	// ErrNotFound is returned for a name that no parameter has.
	ErrNotFound = errors.New("Config name not found")
	// ErrNoText is returned by a setter or an apply function that refuses
	// without saying why.
	ErrNoText = errors.New("config: refused without a reason")
)

// errText makes an error of a text that the user sees as it is.
func errText(format string, args ...any) error { return fmt.Errorf(format, args...) }

// LineError says which line of a configuration text is wrong.
type LineError struct {
	// Line counts from 1.
	Line int
	// Text is the line without surrounding white space.
	Text string
	// Err is what is wrong with it.
	Err error
}

// Error shows the place and the reason in the form that Redis prints.
func (e *LineError) Error() string {
	return fmt.Sprintf("Reading the configuration file, at line %d\n>>> '%s'\n%s", e.Line, e.Text, e.Err)
}

// Unwrap gives the reason.
func (e *LineError) Unwrap() error { return e.Err }

// FileError says that a configuration file cannot be read.
type FileError struct {
	// Path is the file.
	Path string
	// Err is the operating system's reason.
	Err error
}

// Error shows it in the form that Redis logs.
func (e *FileError) Error() string {
	return fmt.Sprintf("Fatal error, can't open config file '%s': %s", e.Path, sysText(e.Err))
}

// Unwrap gives the reason.
func (e *FileError) Unwrap() error { return e.Err }
