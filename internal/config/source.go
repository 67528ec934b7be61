package config

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// maxInclude is how deep files may include each other.
const maxInclude = 32

// Source is where a configuration comes from. What comes later wins: the file,
// then standard input, then the options.
type Source struct {
	// Path of the file, "" for none.
	Path string
	// Stdin is read to its end when it is not nil.
	Stdin io.Reader
	// Options are lines made from the command line, see Options.
	Options string
}

// Text reads all parts of a source into one text. A *FileError is returned
// when the file cannot be read.
func (src Source) Text() (string, error) {
	var b strings.Builder
	if src.Path != "" {
		data, err := os.ReadFile(src.Path)
		if err != nil {
			return "", &FileError{src.Path, err}
		}
		b.Write(data)
	}
	if src.Stdin != nil {
		data, err := io.ReadAll(src.Stdin)
		if err != nil {
			return "", &FileError{"-", err}
		}
		b.Write(data)
	}
	if src.Options != "" {
		b.WriteByte('\n')
		b.WriteString(src.Options)
	}
	return b.String(), nil
}

// Each calls fn with the arguments of every directive in text, in order, the
// first of them in lower case; there is always one. Empty lines and comments
// are skipped. It stops at the first error and tells the line of it by a
// *LineError. A line "include PATTERN" is replaced by the files it names:
// relative to the working directory, in order of their names, none at all if a
// pattern with wildcards matches nothing.
func Each(text string, fn func(args []string) error) error {
	return each(text, fn, 0)
}

func each(text string, fn func(args []string) error, depth int) error {
	for i, line := range strings.Split(text, "\n") {
		line = strings.Trim(line, " \t\r\n")
		if line == "" || line[0] == '#' {
			continue
		}
		args, err := Split(line)
		if err == nil && len(args) > 0 {
			args[0] = strings.ToLower(args[0])
			if args[0] == "include" && len(args) == 2 {
				err = include(args[1], fn, depth+1)
			} else {
				err = fn(args)
			}
		}
		if err != nil {
			// An included file's own line is the one to show.
			var inner *LineError
			var file *FileError
			if errors.As(err, &inner) || errors.As(err, &file) {
				return err
			}
			return &LineError{Line: i + 1, Text: line, Err: err}
		}
	}
	return nil
}

// include reads the files that an include line names.
func include(pattern string, fn func(args []string) error, depth int) error {
	if depth > maxInclude {
		return ErrIncludeDepth
	}
	paths := []string{pattern}
	if strings.ContainsAny(pattern, "*?[") {
		var err error
		if paths, err = filepath.Glob(pattern); err != nil {
			return nil // a malformed pattern matches nothing, as in glob(3)
		}
	}
	for _, path := range paths {
		text, err := Source{Path: path}.Text()
		if err == nil {
			err = each(text, fn, depth)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// sysText is the operating system's words for err, as strerror would give
// them where they are known.
func sysText(err error) string {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return SysText(errno)
	}
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return err.Error()
}

// SysText words an operating system error the way C programs do: with a
// capital letter.
func SysText(err error) string {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		err = errno
	}
	s := err.Error()
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
