package server

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// infoState is what INFO needs that is counted nowhere else.
type infoState struct {
	providers []*InfoProvider
	modules   func(w *InfoWriter)
	rates     rates
}

// InfoProvider is a module that adds sections of its own to INFO.
type InfoProvider struct {
	// Module is the module's name, the prefix of its sections and fields.
	Module string
	// Owner is the label of who registered it.
	Owner any
	// Fill writes the sections; crash is set when the output is for a crash
	// report.
	Fill func(w *InfoWriter, crash bool)
}

// initInfo sets up what INFO shows.
func (s *Server) initInfo() {
	var id [20]byte
	_, _ = rand.Read(id[:]) // never fails since Go 1.24
	s.RunID = hex.EncodeToString(id[:])
	s.StartUnix = s.Unixtime()
	s.save.last, s.save.seconds = s.StartUnix, -1
	s.aof.rewrite.took = -1
	s.memory.startup = goMemory()
	s.info.rates.began = nanotime()
	s.BeforeSleep(s.endCycle)
	s.Loop.AfterSleep(s.beginCycle)
}

// AddInfo registers a module's sections.
func (s *Server) AddInfo(p *InfoProvider) { s.info.providers = append(s.info.providers, p) }

// RemoveInfo takes out the sections that owner registered.
func (s *Server) RemoveInfo(owner any) {
	s.info.providers = slices.DeleteFunc(s.info.providers, func(p *InfoProvider) bool { return p.Owner == owner })
}

// SetModuleInfo tells who writes the section "modules".
func (s *Server) SetModuleInfo(fn func(w *InfoWriter)) { s.info.modules = fn }

// InfoWriter gathers the text of INFO.
type InfoWriter struct {
	b        []byte
	wanted   map[string]bool
	all      bool
	sections int
	// For a module's provider: its name, whether all its sections were asked
	// for, whether a section is open, and a dictionary in it.
	module       string
	everySection bool
	open, dict   bool
}

// defaultSections are shown by INFO without arguments.
var defaultSections = []string{
	"server", "clients", "memory", "persistence", "stats", "replication",
	"cpu", "module_list", "errorstats", "cluster", "keyspace",
}

// Info writes the sections that INFO with these arguments would show.
func (s *Server) Info(args []string) []byte {
	w := &InfoWriter{wanted: make(map[string]bool)}
	everything := false
	if len(args) == 0 {
		args = []string{"default"}
	}
	for _, arg := range args {
		switch arg = strings.ToLower(arg); arg {
		case "default":
			for _, name := range defaultSections {
				w.wanted[name] = true
			}
		case "all":
			w.all = true
		case "everything":
			w.all, everything = true, true
		default:
			w.wanted[arg] = true
		}
	}
	known := map[string]bool{"modules": true}
	for _, sec := range infoSections {
		for _, name := range sec.names {
			known[name] = true
		}
		if w.wants(sec.names...) {
			w.title(sec.title)
			sec.fill(s, w)
		}
	}
	// Names that are no sections of the server may be modules'.
	everything = everything || w.wanted["modules"]
	others := slices.ContainsFunc(slices.Collect(maps.Keys(w.wanted)), func(name string) bool { return !known[name] })
	if everything || others {
		for _, p := range s.info.providers {
			w.module, w.everySection, w.open = p.Module, everything, false
			p.Fill(w, false)
			w.EndDict()
		}
	}
	if w.wanted["runtime"] {
		w.title("Runtime")
		s.infoRuntime(w)
	}
	if w.wanted["debug"] {
		w.title("Debug")
		s.infoDebug(w)
	}
	return w.b
}

func (w *InfoWriter) wants(names ...string) bool {
	if w.all {
		return true
	}
	for _, name := range names {
		if w.wanted[name] {
			return true
		}
	}
	return false
}

// title begins a section.
func (w *InfoWriter) title(name string) {
	if w.sections > 0 {
		w.b = append(w.b, "\r\n"...)
	}
	w.sections++
	w.b = append(append(append(w.b, "# "...), name...), "\r\n"...)
}

// line writes one field of the server's own.
func (w *InfoWriter) line(name, value string) {
	w.b = append(append(append(append(w.b, name...), ':'), value...), "\r\n"...)
}

func (w *InfoWriter) int(name string, n int64) { w.line(name, strconv.FormatInt(n, 10)) }

func (w *InfoWriter) uint(name string, n uint64) { w.line(name, strconv.FormatUint(n, 10)) }

func (w *InfoWriter) fixed(name string, f float64) { w.line(name, strconv.FormatFloat(f, 'f', 2, 64)) }

func b2i(v bool) int64 {
	if v {
		return 1
	}
	return 0
}

// Line writes a line of the section "modules" as it is.
func (w *InfoWriter) Line(text string) { w.b = append(append(w.b, text...), "\r\n"...) }

// Section begins a section of the module, named after it and, unless it is
// empty, name. It reports whether the section was asked for; if not, what is
// written until the next section is dropped.
func (w *InfoWriter) Section(name string) bool {
	w.EndDict()
	full := w.module
	if name != "" {
		full += "_" + name
	}
	w.open = w.everySection || w.wanted[strings.ToLower(full)] || w.wanted[strings.ToLower(w.module)]
	if w.open {
		w.title(full)
	}
	return w.open
}

// BeginDict begins a field that holds several: name:field=value,field=value.
func (w *InfoWriter) BeginDict(name string) bool {
	if !w.open {
		return false
	}
	w.EndDict()
	w.b = append(w.b, safeInfo(w.module)+"_"+safeInfo(name)+":"...)
	w.dict = true
	return true
}

// EndDict ends what BeginDict began and reports whether there was anything to
// end.
func (w *InfoWriter) EndDict() bool {
	if !w.dict {
		return false
	}
	w.b = append(bytes.TrimSuffix(w.b, []byte{','}), "\r\n"...)
	w.dict = false
	return true
}

// Field writes one field, with the module's name in front outside of a
// dictionary. It reports whether a section is open.
func (w *InfoWriter) Field(name, value string) bool {
	switch {
	case !w.open:
		return false
	case w.dict:
		w.b = fmt.Appendf(w.b, "%s=%s,", name, value)
	default:
		w.b = fmt.Appendf(w.b, "%s_%s:%s\r\n", w.module, name, value)
	}
	return true
}

// safeInfo replaces what would break a line of INFO.
func safeInfo(name string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case '#', ':', '\n', '\r':
			return '_'
		}
		return r
	}, name)
}

// cmdInfo is INFO [section ...].
func cmdInfo(c *Client, argv [][]byte) {
	args := make([]string, len(argv)-1)
	for i, arg := range argv[1:] {
		args[i] = string(arg)
	}
	c.WriteVerbatim("txt", c.srv.Info(args))
}
