package script

import (
	"bytes"
	"errors"
	"strings"
)

// Flags are what a script or function declares about itself.
type Flags uint

// The flags, by Redis's names in FlagNames.
const (
	NoWrites Flags = 1 << iota
	AllowOOM
	AllowStale
	NoCluster
	AllowCrossSlotKeys
)

// FlagNames are the names of the flags, in the order of their bits.
var FlagNames = [...]string{"no-writes", "allow-oom", "allow-stale", "no-cluster", "allow-cross-slot-keys"}

// Names are the names of the flags that are set.
func (f Flags) Names() []string {
	var names []string
	for i, name := range FlagNames {
		if f&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return names
}

// flagOf is the flag of that name, 0 for none.
func flagOf(name string) Flags {
	for i, known := range FlagNames {
		if name == known {
			return 1 << i
		}
	}
	return 0
}

// ErrShebang is wrapped by every error of a script's first line.
var ErrShebang = errors.New("script: shebang")

// textError is an error that a client is to read as it stands; kind is what it wraps.
type textError struct {
	text string
	kind error
}

func (e *textError) Error() string { return e.text }
func (e *textError) Unwrap() error { return e.kind }

func shebangError(text string) error { return &textError{"ERR " + text, ErrShebang} }

// ScriptFlags reads the first line of an EVAL's body. compat is true when there is no shebang: such a script is checked by what its
// commands do, as before there were flags. size is the length of the shebang without its line feed, which is kept so that the lines
// of the script count as its author's do. It allocates only for a script with a shebang.
func ScriptFlags(body []byte) (flags Flags, compat bool, size int, err error) {
	if !bytes.HasPrefix(body, []byte("#!")) {
		return 0, true, 0, nil
	}
	size = bytes.IndexByte(body, '\n')
	if size < 0 {
		return 0, false, 0, shebangError("Invalid script shebang")
	}
	parts, ok := splitArgs(string(body[:size]))
	if !ok || len(parts) == 0 {
		return 0, false, 0, shebangError("Invalid engine in script shebang")
	}
	if parts[0] != "#!lua" {
		return 0, false, 0, shebangError("Unexpected engine in script shebang: " + parts[0])
	}
	for _, part := range parts[1:] {
		list, ok := strings.CutPrefix(part, "flags=")
		if !ok {
			return 0, false, 0, shebangError("Unknown lua shebang option: " + part)
		}
		if list == "" {
			continue
		}
		for _, name := range strings.Split(list, ",") {
			flag := flagOf(name)
			if flag == 0 {
				return 0, false, 0, shebangError("Unexpected flag in script shebang: " + name)
			}
			flags |= flag
		}
	}
	return flags, false, size, nil
}

// splitArgs splits a line into words as Redis's configuration does: with "quoted \n" and 'quoted' words. It reports false when a
// quote does not end or does not end the word.
func splitArgs(line string) ([]string, bool) {
	var words []string
	for i := 0; ; {
		for i < len(line) && isSpace(line[i]) {
			i++
		}
		if i == len(line) || line[i] == 0 {
			return words, true
		}
		word, n, ok := firstArg(line[i:])
		if !ok {
			return nil, false
		}
		words = append(words, word)
		i += n
	}
}

func firstArg(s string) (word string, n int, ok bool) {
	var b []byte
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == 0 || isSpace(c):
			return string(b), i, true
		case c == '"' || c == '\'':
			part, size, ok := quoted(s[i:])
			if !ok {
				return "", 0, false
			}
			b = append(b, part...)
			if i += size; i < len(s) && !isSpace(s[i]) {
				return "", 0, false
			}
			return string(b), i, true
		default:
			b = append(b, c)
		}
	}
	return string(b), len(s), true
}

// quoted reads the quoted text that s begins with, and says how long it is with its quotes.
func quoted(s string) (text []byte, size int, ok bool) {
	quote := s[0]
	for i := 1; i < len(s); i++ {
		c := s[i]
		if c == quote {
			return text, i + 1, true
		}
		if c != '\\' || i+1 == len(s) {
			text = append(text, c)
			continue
		}
		next := s[i+1]
		switch {
		case quote == '\'' && next != '\'':
			text = append(text, c)
			continue
		case quote == '"' && next == 'x' && i+3 < len(s) && hexDigit(s[i+2]) >= 0 && hexDigit(s[i+3]) >= 0:
			text = append(text, byte(hexDigit(s[i+2])<<4|hexDigit(s[i+3])))
			i += 3
			continue
		case quote == '"':
			if at := strings.IndexByte("nrtba", next); at >= 0 {
				next = "\n\r\t\b\a"[at]
			}
		}
		text = append(text, next)
		i++
	}
	return nil, 0, false
}

func hexDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
