package abi

import (
	"bytes"
	"math"
	"strconv"
	"strings"

	"berth/internal/resp"
	"berth/internal/server"
)

// infoCall is RedisModuleInfoCtx: the INFO that a module is adding to.
type infoCall struct {
	w *server.InfoWriter
}

func apiRegisterInfoFunc(f *frame) {
	ctx := f.ctx(0)
	if ctx == nil {
		return
	}
	m := ctx.module
	first := m.infoFunc == 0
	m.infoFunc = f.uptr(1)
	if first {
		host.srv.AddInfo(&server.InfoProvider{Module: m.name, Owner: m, Fill: m.fillInfo})
	}
	f.setOK(true)
}

// fillInfo has the module add its sections.
func (m *Module) fillInfo(w *server.InfoWriter, crash bool) {
	ic := &infoCall{w: w}
	p := newHandle(headInfo, ic, true)
	forCrash := uint64(0)
	if crash {
		forCrash = 1
	}
	m.call(server.ByInfo, m.infoFunc, uint64(p), forCrash, 0, 0, 0, 0)
	freeHandle(p, true)
}

// info runs add on the INFO in argument 0 and answers whether it was wanted.
func (f *frame) info(add func(w *server.InfoWriter) bool) {
	if ic := object[infoCall](f, 0, headInfo); ic != nil {
		f.setOK(add(ic.w))
	}
}

func apiInfoAddSection(f *frame) {
	f.info(func(w *server.InfoWriter) bool { return w.Section(cstring(f.uptr(1))) })
}

func apiInfoBeginDictField(f *frame) {
	f.info(func(w *server.InfoWriter) bool { return w.BeginDict(cstring(f.uptr(1))) })
}

func apiInfoEndDictField(f *frame) {
	f.info(func(w *server.InfoWriter) bool { return w.EndDict() })
}

func (f *frame) infoField(value string) {
	f.info(func(w *server.InfoWriter) bool { return w.Field(cstring(f.uptr(1)), value) })
}

func apiInfoAddFieldString(f *frame) {
	if s := f.string(2); s != nil {
		f.infoField(string(s.bytes()))
	}
}

func apiInfoAddFieldCString(f *frame)   { f.infoField(cstring(f.uptr(2))) }
func apiInfoAddFieldLongLong(f *frame)  { f.infoField(strconv.FormatInt(f.i64(2), 10)) }
func apiInfoAddFieldULongLong(f *frame) { f.infoField(strconv.FormatUint(f.int(2), 10)) }

// apiInfoAddFieldDouble writes the number as C's %.17g does.
func apiInfoAddFieldDouble(f *frame) { f.infoField(formatG17(f.float(0))) }

// formatG17 is C's %.17g: Go pads no zeros either but writes the exponent with
// at least two digits as C does.
func formatG17(d float64) string {
	switch {
	case math.IsInf(d, 1):
		return "inf"
	case math.IsInf(d, -1):
		return "-inf"
	case math.IsNaN(d):
		return "nan"
	}
	return strconv.FormatFloat(d, 'g', 17, 64)
}

// serverInfo is RedisModuleServerInfoData: the fields of an INFO.
type serverInfo struct {
	fields map[string][]byte // values end in a NUL that is not counted
}

func apiGetServerInfo(f *frame) {
	ctx, ok := f.optCtx(0)
	if !ok {
		return
	}
	var args []string
	if s := cstring(f.uptr(1)); s != "" {
		args = []string{s}
	}
	si := &serverInfo{fields: map[string][]byte{}}
	for line := range bytes.Lines(host.srv.Info(args)) {
		line = bytes.TrimRight(line, "\r\n")
		if name, value, found := bytes.Cut(line, []byte(":")); found && line[0] != '#' {
			si.fields[string(name)] = append(append([]byte{}, value...), 0)
		}
	}
	p := newHandle(headServerInfo, si, true)
	ctx.track(headServerInfo, p)
	f.setPtr(p)
}

func apiFreeServerInfo(f *frame) {
	ctx, ok := f.optCtx(0)
	if ok && object[serverInfo](f, 1, headServerInfo) != nil {
		ctx.untrack(f.uptr(1))
		freeHandle(f.uptr(1), true)
	}
}

// field finds the value of a field; the first argument is at place i.
func (f *frame) field(i int) (value []byte, ok bool) {
	si := object[serverInfo](f, i, headServerInfo)
	if si == nil {
		return nil, false
	}
	value, ok = si.fields[cstring(f.uptr(i+1))]
	return value, ok
}

func apiServerInfoGetField(f *frame) {
	if v, ok := f.field(1); ok {
		f.giveString(v[:len(v)-1])
	}
}

func apiServerInfoGetFieldC(f *frame) {
	f.setPtr(0)
	if v, ok := f.field(0); ok {
		f.setPtr(addrOf(&v[0]))
	}
}

// number answers a field as a number; the error goes to argument 2.
func (f *frame) number(parse func(s string) bool) {
	status := int32(statusErr)
	if v, ok := f.field(0); ok && parse(string(v[:len(v)-1])) {
		status = statusOK
	}
	put(f.uptr(2), status)
}

func apiServerInfoGetFieldSigned(f *frame) {
	f.setInt(0)
	f.number(func(s string) bool {
		n, ok := server.ParseInt([]byte(s))
		if ok {
			f.setInt(n)
		}
		return ok
	})
}

func apiServerInfoGetFieldUnsigned(f *frame) {
	f.setInt(0)
	f.number(func(s string) bool {
		n, ok := parseUint([]byte(s))
		if ok {
			f.ret = n
		}
		return ok
	})
}

func apiServerInfoGetFieldDouble(f *frame) {
	f.number(func(s string) bool {
		d, ok := parseDouble([]byte(strings.TrimSuffix(s, "%")))
		if ok {
			f.setFloat(d)
		}
		return ok
	})
}

// formatDouble is how Redis writes a double.
func formatDouble(d float64) []byte { return resp.FormatDouble(nil, d) }
