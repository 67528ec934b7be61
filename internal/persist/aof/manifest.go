package aof

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"berth/internal/config"
)

// Kind says what a file is for. It is the letter in the manifest.
type Kind byte

// The kinds.
const (
	Base    Kind = 'b' // what was there at some moment
	History Kind = 'h' // replaced, to be removed
	Incr    Kind = 'i' // commands that came since
)

// The ends of names.
const (
	ManifestSuffix = ".manifest"
	TempPrefix     = "temp-"
	incrSuffix     = ".incr"
)

// File is one file of the directory.
type File struct {
	Name string
	Seq  int64
	Kind Kind
}

// Manifest lists the files.
type Manifest struct {
	// Base is the base file, nil when there is none.
	Base *File
	// History and Incr are the other files in their order.
	History, Incr []File
	// BaseSeq and IncrSeq are the numbers given out last.
	BaseSeq, IncrSeq int64
}

// ErrManifest is why a manifest cannot be read; see ManifestError.
var ErrManifest = errors.New("aof: bad manifest")

// ManifestError says what is wrong with a manifest, in Redis's words.
type ManifestError struct {
	// Line is the number of the line and Text what it says; 0 when no line is
	// to blame.
	Line int
	Text string
	// Reason is what is wrong.
	Reason string
}

// Error tells line and reason.
func (e *ManifestError) Error() string {
	if e.Line == 0 {
		return "aof: manifest: " + e.Reason
	}
	return fmt.Sprintf("aof: manifest, line %d: %s", e.Line, e.Reason)
}

// Unwrap gives ErrManifest.
func (e *ManifestError) Unwrap() error { return ErrManifest }

const (
	// maxLine is how long a line may be, with its end.
	maxLine = 1024
	// maxSeq is the highest number that is believed, so that there is a next one.
	maxSeq = 1 << 62
)

const badLine = "Invalid AOF manifest file format"

// ParseManifest reads a manifest. The error is a *ManifestError.
func ParseManifest(data []byte) (*Manifest, error) {
	if len(data) == 0 {
		return nil, &ManifestError{Reason: "Found an empty AOF manifest"}
	}
	m := &Manifest{}
	for line := 1; len(data) > 0; line++ {
		text, rest, ended := bytes.Cut(data, []byte("\n"))
		data = rest
		if len(text) > 0 && text[0] == '#' {
			continue
		}
		if !ended || len(text) >= maxLine {
			return nil, &ManifestError{Line: line, Reason: "The AOF manifest file contains too long line"}
		}
		s := strings.Trim(string(text), " \t\r\n")
		f, reason := parseFile(s)
		if reason == "" {
			reason = m.add(f)
		}
		if reason != "" {
			return nil, &ManifestError{Line: line, Text: s, Reason: reason}
		}
	}
	return m, nil
}

// parseFile reads a line: words in pairs, of which some may be of a later version.
func parseFile(s string) (f File, reason string) {
	words, err := config.Split(s)
	if err != nil || len(words) < 6 || len(words)%2 != 0 {
		return f, badLine
	}
	for i := 0; i < len(words); i += 2 {
		val := words[i+1]
		switch strings.ToLower(words[i]) {
		case "file":
			if strings.ContainsAny(val, `/\`) {
				return f, "File can't be a path, just a filename"
			}
			f.Name = val
		case "seq":
			f.Seq = leadingInt(val)
		case "type":
			f.Kind = 0
			if val != "" {
				f.Kind = Kind(val[0])
			}
		}
	}
	if f.Name == "" || f.Seq == 0 || f.Seq > maxSeq || f.Kind == 0 {
		return f, badLine
	}
	return f, ""
}

// leadingInt is the number that a text begins with, as in C; 0 for none.
func leadingInt(s string) int64 {
	s = strings.TrimLeft(s, " \t\n\v\f\r")
	end := 0
	for end < len(s) && (s[end] >= '0' && s[end] <= '9' || end == 0 && (s[0] == '-' || s[0] == '+')) {
		end++
	}
	n, _ := strconv.ParseInt(s[:end], 10, 64) // the nearest one when it is too large
	return n
}

// add takes in the next file.
func (m *Manifest) add(f File) (reason string) {
	switch f.Kind {
	case Base:
		if m.Base != nil {
			return "Found duplicate base file information"
		}
		m.Base, m.BaseSeq = &f, f.Seq
	case History:
		m.History = append(m.History, f)
	case Incr:
		if f.Seq <= m.IncrSeq {
			return "Found a non-monotonic sequence number"
		}
		m.Incr, m.IncrSeq = append(m.Incr, f), f.Seq
	default:
		return "Unknown AOF file type"
	}
	return ""
}

// Append appends the manifest's text.
func (m *Manifest) Append(b []byte) []byte {
	if m.Base != nil {
		b = m.Base.append(b)
	}
	for _, f := range m.History {
		b = f.append(b)
	}
	for _, f := range m.Incr {
		b = f.append(b)
	}
	return b
}

func (f *File) append(b []byte) []byte {
	name := f.Name
	if needsQuotes(name) {
		name = config.Quote(name)
	}
	return fmt.Appendf(b, "file %s seq %d type %c\n", name, f.Seq, f.Kind)
}

// needsQuotes reports whether a name would be read as something else, or look like
// nothing, if it stood there as it is.
func needsQuotes(name string) bool {
	return name == "" || strings.ContainsFunc(name, func(r rune) bool {
		return r <= ' ' || r > '~' || r == '\\' || r == '"' || r == '\''
	})
}

// Clone copies the manifest, so that a change takes effect as a whole or not at all.
func (m *Manifest) Clone() *Manifest {
	c := *m
	if m.Base != nil {
		base := *m.Base
		c.Base = &base
	}
	c.History, c.Incr = slices.Clone(m.History), slices.Clone(m.Incr)
	return &c
}

// Empty reports whether there is nothing to load.
func (m *Manifest) Empty() bool { return m.Base == nil && len(m.Incr) == 0 }

// NewBase adds a base file in place of the present one, which becomes history, and
// returns its name. It holds a snapshot if rdb is set.
func (m *Manifest) NewBase(prefix string, rdb bool) string {
	if m.Base != nil {
		old := *m.Base
		old.Kind = History
		m.History = slices.Insert(m.History, 0, old)
	}
	m.BaseSeq++
	m.Base = &File{Name: baseName(prefix, m.BaseSeq, rdb), Seq: m.BaseSeq, Kind: Base}
	return m.Base.Name
}

func baseName(prefix string, seq int64, rdb bool) string {
	end := ".aof"
	if rdb {
		end = ".rdb"
	}
	return fmt.Sprintf("%s.%d.base%s", prefix, seq, end)
}

func incrName(prefix string, seq int64) string {
	return fmt.Sprintf("%s.%d%s.aof", prefix, seq, incrSuffix)
}

// Skip has the names of the next files not be those of files that are there: of a
// start that was interrupted before there was a manifest, or of one that was lost.
func (m *Manifest) Skip(prefix string, there func(name string) bool) {
	for there(baseName(prefix, m.BaseSeq+1, true)) || there(baseName(prefix, m.BaseSeq+1, false)) {
		m.BaseSeq++
	}
	for there(incrName(prefix, m.IncrSeq+1)) {
		m.IncrSeq++
	}
}

// NewIncr adds a file to append to and returns its name.
func (m *Manifest) NewIncr(prefix string) string {
	m.IncrSeq++
	name := incrName(prefix, m.IncrSeq)
	m.Incr = append(m.Incr, File{Name: name, Seq: m.IncrSeq, Kind: Incr})
	return name
}

// Last is the name of the file to append to, "" when there is none.
func (m *Manifest) Last() string {
	if len(m.Incr) == 0 {
		return ""
	}
	return m.Incr[len(m.Incr)-1].Name
}

// Retire makes history of the files that a new base file replaces: all but the last
// one, or all, if that is not being appended to.
func (m *Manifest) Retire(keepLast bool) {
	n := len(m.Incr)
	if keepLast && n > 0 {
		n--
	}
	for _, f := range slices.Backward(m.Incr[:n]) {
		f.Kind = History
		m.History = slices.Insert(m.History, 0, f)
	}
	m.Incr = slices.Clone(m.Incr[n:])
}

// TempIncr is the name of a file to append to that is not in the manifest yet.
func TempIncr(prefix string) string { return TempPrefix + prefix + incrSuffix }
