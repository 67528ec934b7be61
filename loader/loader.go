// Package loader brings module files into the server and takes them out: it
// checks a file before the dynamic linker sees it, runs OnLoad and OnUnload,
// keeps the list of loaded libraries, and serves the MODULE command.
package loader

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"berth/abi"
	"berth/internal/dl"
	"berth/internal/sched"
	"berth/internal/server"
)

// ErrNotLoaded is returned for the name of a module that is not loaded.
var ErrNotLoaded = errors.New("no such module with that name")

// ErrEntryPoint is returned when a library has no OnLoad.
var ErrEntryPoint = errors.New("the library does not export RedisModule_OnLoad or ValkeyModule_OnLoad")

// errNoLoadConfigs is the reason when parameters were registered and never set.
var errNoLoadConfigs = errors.New("Module Configurations were not set, likely a missing LoadConfigs call. Unloading the module.")

// Loader loads and unloads modules. It belongs to the loop.
type Loader struct {
	host *abi.Host
	srv  *server.Server
	libs map[*abi.Module]*dl.Library
}

// New makes the loader of a host and adds the MODULE command to its server.
func New(h *abi.Host) (*Loader, error) {
	l := &Loader{host: h, srv: h.Server(), libs: map[*abi.Module]*dl.Library{}}
	dl.Prepare()
	if err := l.srv.AddCommand(l.command()); err != nil {
		return nil, fmt.Errorf("loader: %w", err)
	}
	l.srv.OnListModules(func(c *server.Client) { l.cmdList(c, nil) })
	l.srv.SetModuleInfo(l.info)
	l.srv.OnResetStats(func() {
		for _, m := range h.Modules() {
			m.Meter().Reset()
		}
	})
	return l, nil
}

// entry finds a function of the library under its Redis or its Valkey name.
func entry(lib *dl.Library, name string) uintptr {
	for _, prefix := range []string{"RedisModule_", "ValkeyModule_"} {
		if a, err := lib.Symbol(prefix + name); err == nil {
			return a
		}
	}
	return 0
}

// Load loads the module file at path. The reason of a failure is logged, for
// MODULE LOAD replies none, and returned.
func (l *Loader) Load(path string, args []string) (*abi.Module, error) {
	m, err := l.load(path, args)
	if err != nil {
		l.srv.Log(server.LogWarning, "Module %s failed to load: %v", path, err)
		return nil, err
	}
	l.srv.Log(server.LogNotice, "Module '%s' loaded from %s", m.Name(), path)
	return m, nil
}

func (l *Loader) load(path string, args []string) (*abi.Module, error) {
	if err := Preflight(path); err != nil {
		return nil, err
	}
	// The threads that a module starts now are to leave the loop its processor: one
	// that a command wakes up would else interrupt it there and then, find the command's
	// own locks taken, and be back for each client what it could do for all at once.
	defer sched.Calm(0)()
	lib, err := dl.Open(path, dl.Module)
	if err != nil {
		return nil, err
	}
	onload := entry(lib, "OnLoad")
	if onload == 0 {
		_ = lib.Close()
		return nil, ErrEntryPoint
	}
	m, err := l.host.Start(path, args, onload, textOf(path))
	if err != nil {
		_ = lib.Close()
		return nil, err
	}
	l.libs[m] = lib
	if m.Unconfigured() {
		l.srv.Log(server.LogWarning, "%v", errNoLoadConfigs)
		if err := l.Unload(m.Name()); err != nil {
			l.srv.Log(server.LogWarning, "Error unloading module %s: %v", m.Name(), err)
		}
		return nil, errNoLoadConfigs
	}
	l.host.Wake(m)
	// OnLoad may have installed signal handlers as the library's start may.
	dl.Rechain()
	return m, nil
}

// Unload unloads the module of that name. The error's text is what MODULE
// UNLOAD replies.
func (l *Loader) Unload(name string) error {
	m := l.host.Module(name)
	if m == nil {
		return ErrNotLoaded
	}
	lib := l.libs[m]
	if err := l.host.Stop(m, entry(lib, "OnUnload")); err != nil {
		return err
	}
	delete(l.libs, m)
	if err := lib.Close(); err != nil {
		l.srv.Log(server.LogWarning, "Error when trying to close the %s module: %v", name, err)
	}
	l.srv.Log(server.LogNotice, "Module %s unloaded", name)
	return nil
}

// textOf lists where the code of the library at path is mapped.
func textOf(path string) []abi.Range {
	real, err := filepath.EvalSymlinks(path)
	if err == nil {
		real, err = filepath.Abs(real)
	}
	if err != nil {
		return nil
	}
	maps, err := os.Open("/proc/self/maps")
	if err != nil {
		return nil
	}
	defer maps.Close()
	var text []abi.Range
	for sc := bufio.NewScanner(maps); sc.Scan(); {
		// low-high perms offset dev inode path
		fields := strings.Fields(sc.Text())
		if len(fields) < 6 || !strings.Contains(fields[1], "x") || strings.Join(fields[5:], " ") != real {
			continue
		}
		low, high, ok := strings.Cut(fields[0], "-")
		from, err1 := strconv.ParseUint(low, 16, 64)
		to, err2 := strconv.ParseUint(high, 16, 64)
		if ok && err1 == nil && err2 == nil {
			text = append(text, abi.Range{Low: uintptr(from), High: uintptr(to)})
		}
	}
	return text
}
